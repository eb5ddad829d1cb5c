/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/rules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "vm/support/alloc.h"

void sk_rules_init(struct sk_rules *rules)
{
	*rules = (struct sk_rules){.priority = 7};
	sk_arena_init(&rules->arena, 0);
	sk_sources_init(&rules->sources, &rules->arena);
	sk_diagnostics_init(&rules->diagnostics, &rules->sources, &rules->arena);
}

void sk_rules_release(struct sk_rules *rules)
{
	sk_bundle_close(&rules->bundle);
	sk_buffer_release(&rules->compiled);
	sk_arena_release(&rules->arena);
	sk_free(rules->selections);
	sk_free(rules->packs);
}

static bool add_selection(struct sk_rules *rules, struct sk_selection selection)
{
	if (rules->selection_count == rules->selection_capacity) {
		size_t capacity = rules->selection_capacity ? rules->selection_capacity * 2 : 8;
		struct sk_selection *grown = sk_realloc_array(rules->selections, capacity, sizeof(*grown));

		if (!grown)
			return false;
		rules->selections = grown;
		rules->selection_capacity = capacity;
	}
	rules->selections[rules->selection_count++] = selection;
	return true;
}

bool sk_rules_add_pack(struct sk_rules *rules, const char *path)
{
	if (rules->pack_count == rules->pack_capacity) {
		size_t capacity = rules->pack_capacity ? rules->pack_capacity * 2 : 8;
		const char **grown = sk_realloc_array(rules->packs, capacity, sizeof(*grown));

		if (!grown)
			return false;
		rules->packs = grown;
		rules->pack_capacity = capacity;
	}
	rules->packs[rules->pack_count++] = path;
	return true;
}

static void set_priority(struct sk_rules *rules, struct sk_command_line *line)
{
	for (uint8_t i = 0; i < 8; i++) {
		if (strcasecmp(line->value, sk_priority_names[i]) == 0 ||
		    (i == 6 && strcasecmp(line->value, "info") == 0)) {
			rules->priority = i;
			return;
		}
	}
	sk_command_usage(line, "'%s' is no priority", line->value);
	line->failed = true;
}

bool sk_rules_take_option(struct sk_rules *rules, struct sk_command_line *line, int id)
{
	bool fits = true;

	switch (id) {
	case SK_OPTION_ENABLE:
	case SK_OPTION_DISABLE:
	case SK_OPTION_ENABLE_TAG:
	case SK_OPTION_DISABLE_TAG:
		fits = add_selection(rules,
				     (struct sk_selection){
					     .enable = id == SK_OPTION_ENABLE || id == SK_OPTION_ENABLE_TAG,
					     .by_tag = id == SK_OPTION_ENABLE_TAG || id == SK_OPTION_DISABLE_TAG,
					     .pattern = line->value,
				     });
		break;
	case SK_OPTION_PRIORITY:
		set_priority(rules, line);
		break;
	case 'r':
		fits = sk_rules_add_pack(rules, line->value);
		break;
	case 'b':
		rules->bundle_path = line->value;
		break;
	default:
		return false;
	}
	if (!fits) {
		sk_fail(SK_EXIT_MEMORY, "out of memory");
		line->failed = true;
	}
	return true;
}

int sk_rules_compile(struct sk_rules *rules)
{
	struct sk_compile_options options = {
		.selections = rules->selections,
		.selection_count = rules->selection_count,
		.priority = rules->priority,
	};
	int error = sk_compile_files(rules->packs, rules->pack_count, &options, &rules->diagnostics,
				     &rules->compiled, &rules->summary);

	sk_print_diagnostics(&rules->diagnostics);
	if (error == -ENOMEM || rules->diagnostics.out_of_memory || rules->compiled.failed)
		return sk_fail(SK_EXIT_MEMORY, "out of memory");
	if (error == 0)
		return SK_EXIT_OK;
	if (rules->diagnostics.errors == 0)
		return sk_fail(SK_EXIT_FINDINGS, "%s", strerror(-error));
	fprintf(stderr, "saker: %u error%s, %u warning%s\n", rules->diagnostics.errors,
		rules->diagnostics.errors == 1 ? "" : "s", rules->diagnostics.warnings,
		rules->diagnostics.warnings == 1 ? "" : "s");
	return SK_EXIT_FINDINGS;
}

int sk_rules_load(struct sk_rules *rules, struct sk_command_line *line)
{
	struct sk_error error = {0};
	int status;

	if (rules->bundle_path && rules->pack_count)
		return sk_command_usage(line, "give a bundle (-b) or packs (-r), not both");
	if (rules->bundle_path) {
		if (rules->selection_count)
			return sk_command_usage(line, "the rules of a bundle were selected when it was compiled");
		if (sk_bundle_open(rules->bundle_path, &rules->bundle, &error) < 0)
			return sk_fail(SK_EXIT_INPUT, "%s: %s", rules->bundle_path, error.message);
		return SK_EXIT_OK;
	}
	if (!rules->pack_count)
		return sk_command_usage(line, "no rules: give a bundle (-b) or packs (-r)");
	status = sk_rules_compile(rules);
	if (status != SK_EXIT_OK)
		return status;
	if (sk_bundle_from_memory(rules->compiled.bytes, rules->compiled.length, &rules->bundle, &error) < 0)
		return sk_fail(SK_EXIT_INPUT, "the bundle just compiled: %s", error.message);
	return SK_EXIT_OK;
}
