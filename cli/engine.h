/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `replay` and `run` share: their options, and the sensor made of them.
 */
#ifndef SK_CLI_ENGINE_H
#define SK_CLI_ENGINE_H

#include "cli/command.h"
#include "cli/rules.h"
#include "runtime/sensor.h"

enum {
	SK_OPTION_NO_SUGGESTED = 2000,
	SK_OPTION_RULE_MATCHING,
	SK_OPTION_ISO_8601,
	SK_OPTION_ENGINE,
	SK_OPTION_NO_EVIDENCE,
};

#define SK_MATCHING_OPTION                                                                                         \
	{                                                                                                          \
		SK_OPTION_RULE_MATCHING, "rule-matching", "first|all",                                             \
			"of the rules that match an event, report the first one (default) or all of them"          \
	}

#define SK_HOW_OPTION                                                                                              \
	{                                                                                                          \
		SK_OPTION_ENGINE, "engine", "rows|linear|...",                                                     \
			"how to evaluate: with everything remembered (default), or rule after rule; for "          \
			"measuring also atoms, and, scopes, which leave parts of rows out; all give the same "     \
			"alerts"                                                                                   \
	}

#define SK_ENGINE_OPTIONS                                                                                          \
	{'b', "bundle", "FILE.skb", "the bundle to evaluate"},                                                     \
		{'r', "rules", "PACK", "a pack to compile in place instead (may be given several times)"},         \
		SK_SELECTION_OPTIONS, {'j', "json", NULL, "alerts as JSON objects, one a line"},                   \
		{'o', "output", "FILE", "append alerts to FILE too (may be given several times)"},                 \
		SK_MATCHING_OPTION,                                                                                \
		{SK_OPTION_NO_SUGGESTED, "no-suggested-output", NULL,                                              \
		 "do not append the suggested container fields to every output"},                                  \
		{SK_OPTION_NO_EVIDENCE, "no-evidence", NULL,                                                       \
		 "do not tell what an alert rests on (saker.evidence), but where its output names it"},            \
		{SK_OPTION_ISO_8601, "iso-8601", NULL, "times in UTC with the date instead of local time of day"}, \
		SK_HOW_OPTION

struct sk_engine {
	struct sk_rules rules;
	struct sk_alert_options alert;
	bool match_all;
	enum sk_vm_engine kind;
	struct sk_outputs outputs;
	struct sk_sensor *sensor;
};

void sk_engine_init(struct sk_engine *engine, bool batch);
void sk_engine_release(struct sk_engine *engine);

/* Takes one of SK_ENGINE_OPTIONS; false if it is another option. */
bool sk_engine_take_option(struct sk_engine *engine, struct sk_command_line *line, int id);

/* Loads the rules and makes the sensor.  An enum sk_exit. */
int sk_engine_start(struct sk_engine *engine, struct sk_command_line *line, const struct sk_state_options *state);

#endif
