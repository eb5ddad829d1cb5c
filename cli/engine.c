/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/engine.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void sk_engine_init(struct sk_engine *engine, bool batch)
{
	*engine = (struct sk_engine){.alert = {.suggested = true, .evidence = true}};
	sk_rules_init(&engine->rules);
	sk_outputs_init(&engine->outputs, batch);
	sk_outputs_add_fd(&engine->outputs, "standard output", STDOUT_FILENO);
}

void sk_engine_release(struct sk_engine *engine)
{
	sk_outputs_release(&engine->outputs);
	sk_sensor_destroy(engine->sensor);
	sk_rules_release(&engine->rules);
}

static void add_output(struct sk_engine *engine, struct sk_command_line *line)
{
	struct sk_error error = {0};

	if (sk_outputs_add_file(&engine->outputs, line->value, &error) < 0) {
		sk_fail(SK_EXIT_OUTPUT, "%s", error.message);
		line->failed = true;
	}
}

static void set_matching(struct sk_engine *engine, struct sk_command_line *line)
{
	engine->match_all = strcmp(line->value, "all") == 0;
	if (!engine->match_all && strcmp(line->value, "first") != 0) {
		sk_command_usage(line, "--rule-matching is `first` or `all`, not '%s'", line->value);
		line->failed = true;
	}
}

static void set_engine(struct sk_engine *engine, struct sk_command_line *line)
{
	static const char *const names[] = {
		[SK_VM_ENGINE_ROWS] = "rows", [SK_VM_ENGINE_LINEAR] = "linear", [SK_VM_ENGINE_ATOMS] = "atoms",
		[SK_VM_ENGINE_AND] = "and",   [SK_VM_ENGINE_SCOPES] = "scopes",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(line->value, names[i]) == 0) {
			engine->kind = (enum sk_vm_engine)i;
			return;
		}
	}
	sk_command_usage(line, "--engine is `rows`, `linear`, `atoms`, `and` or `scopes`, not '%s'", line->value);
	line->failed = true;
}

bool sk_engine_take_option(struct sk_engine *engine, struct sk_command_line *line, int id)
{
	switch (id) {
	case 'j':
		engine->alert.json = true;
		return true;
	case 'o':
		add_output(engine, line);
		return true;
	case SK_OPTION_RULE_MATCHING:
		set_matching(engine, line);
		return true;
	case SK_OPTION_NO_SUGGESTED:
		engine->alert.suggested = false;
		return true;
	case SK_OPTION_NO_EVIDENCE:
		engine->alert.evidence = false;
		return true;
	case SK_OPTION_ENGINE:
		set_engine(engine, line);
		return true;
	case SK_OPTION_ISO_8601:
		engine->alert.iso_8601 = true;
		return true;
	default:
		return sk_rules_take_option(&engine->rules, line, id);
	}
}

int sk_engine_start(struct sk_engine *engine, struct sk_command_line *line, const struct sk_state_options *state)
{
	struct sk_sensor_options options = {
		.bundle = &engine->rules.bundle,
		.alert = engine->alert,
		.state = *state,
		.engine = engine->kind,
		.match_all = engine->match_all,
		.priority = engine->rules.priority,
		.outputs = &engine->outputs,
	};
	struct sk_error error = {0};
	int status = sk_rules_load(&engine->rules, line), result;

	if (status != SK_EXIT_OK)
		return status;
	result = sk_sensor_create(&options, &engine->sensor, &error);
	if (result == -ENOMEM)
		return sk_fail(SK_EXIT_MEMORY, "out of memory");
	if (result < 0)
		return sk_fail(SK_EXIT_INPUT, "%s", error.message);
	return SK_EXIT_OK;
}
