/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a command's rules come from: packs compiled in place, or a bundle;
 * and which of them are selected.
 */
#ifndef SK_CLI_RULES_H
#define SK_CLI_RULES_H

#include "cli/command.h"
#include "compiler/compile.h"
#include "vm/bundle.h"

enum {
	SK_OPTION_ENABLE = 1000,
	SK_OPTION_DISABLE,
	SK_OPTION_ENABLE_TAG,
	SK_OPTION_DISABLE_TAG,
	SK_OPTION_PRIORITY,
};

#define SK_SELECTION_OPTIONS                                                                                       \
	{SK_OPTION_ENABLE, "enable", "PATTERN",                                                                    \
	 "enable the rules whose name matches PATTERN, where * stands for any text; this and the next three are "  \
	 "applied in the order given, later ones win"},                                                            \
		{SK_OPTION_DISABLE, "disable", "PATTERN", "disable the rules whose name matches PATTERN"},         \
		{SK_OPTION_ENABLE_TAG, "enable-tag", "TAG", "enable the rules with this tag"},                     \
		{SK_OPTION_DISABLE_TAG, "disable-tag", "TAG", "disable the rules with this tag"},                  \
	{                                                                                                          \
		SK_OPTION_PRIORITY, "priority", "LEVEL",                                                           \
			"only rules at least this severe: emergency, alert, critical, error, warning, notice, "    \
			"informational or debug (default)"                                                         \
	}

struct sk_rules {
	struct sk_selection *selections;
	size_t selection_count, selection_capacity;
	const char **packs;
	size_t pack_count, pack_capacity;
	const char *bundle_path;
	uint8_t priority;

	/* After sk_rules_load(). */
	struct sk_arena arena;
	struct sk_sources sources;
	struct sk_diagnostics diagnostics;
	struct sk_compile_summary summary;
	struct sk_buffer compiled;
	struct sk_bundle bundle;
};

void sk_rules_init(struct sk_rules *rules);
void sk_rules_release(struct sk_rules *rules);

/*
 * Takes an option of SK_SELECTION_OPTIONS, 'r' (a pack) or 'b' (a bundle);
 * false if it is another one.  A bad argument sets line->failed.
 */
bool sk_rules_take_option(struct sk_rules *rules, struct sk_command_line *line, int id);

bool sk_rules_add_pack(struct sk_rules *rules, const char *path);

/*
 * Compiles the packs into `compiled`, and prints what there is to say about
 * them on stderr.  An enum sk_exit.
 */
int sk_rules_compile(struct sk_rules *rules);

/* Opens the bundle, or compiles the packs and opens the result. */
int sk_rules_load(struct sk_rules *rules, struct sk_command_line *line);

#endif
