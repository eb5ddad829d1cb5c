/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rule selection.
 *
 * Every rule has a turn: the moment at which it was enabled last, 0 while it
 * is disabled.  Rules that are enabled by their definition get turns in order
 * of first definition; a selection that enables a disabled rule gives it the
 * next turn, so that it goes to the end; sorting by turn is the order of
 * evaluation.  Enabling an enabled rule changes nothing.
 */
#include "compiler/select.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool sk_selection_matches(const char *pattern, const char *name)
{
	size_t prefix = strcspn(pattern, "*");

	if (!pattern[prefix])
		return strcmp(pattern, name) == 0;
	if (strncmp(pattern, name, prefix) != 0)
		return false;
	pattern += prefix;
	name += prefix;
	/* Each literal takes its first occurrence, without going back: the reference's way. */
	while (*pattern == '*') {
		size_t length;
		const char *found = NULL;

		pattern += strspn(pattern, "*");
		if (!*pattern)
			return true;
		length = strcspn(pattern, "*");
		found = memmem(name, strlen(name), pattern, length);
		if (!found)
			return false;
		name = found + length;
		pattern += length;
	}
	return !*name;
}

struct turn {
	uint64_t turn;
	uint32_t rule;
};

static int compare_turns(const void *left, const void *right)
{
	const struct turn *a = left, *b = right;

	return (a->turn > b->turn) - (a->turn < b->turn);
}

int sk_select_rules(const struct sk_pack *pack, const struct sk_compile_options *options, struct sk_arena *arena,
		    struct sk_pack_rule ***ret_rules, uint32_t *ret_count)
{
	uint8_t priority = options ? options->priority : 7;
	uint64_t next_turn = 1;
	uint32_t candidates = 0, enabled = 0;
	struct turn *turns = sk_arena_alloc_zeroed(arena, (size_t)pack->rule_count + 1, sizeof(*turns));
	struct sk_pack_rule **rules =
		sk_arena_alloc_zeroed(arena, (size_t)pack->rule_count + 1, sizeof(struct sk_pack_rule *));

	if (!turns || !rules)
		return -ENOMEM;
	for (uint32_t i = 0; i < pack->rule_count; i++) {
		const struct sk_pack_rule *rule = &pack->rules[i];

		if (!rule->tree || rule->unknown_source || rule->priority > priority)
			continue;
		turns[candidates++] = (struct turn){.rule = i, .turn = rule->enabled ? next_turn++ : 0};
	}
	for (size_t s = 0; options && s < options->selection_count; s++) {
		const struct sk_selection *selection = &options->selections[s];

		for (uint32_t i = 0; i < candidates; i++) {
			const struct sk_pack_rule *rule = &pack->rules[turns[i].rule];

			if (selection->by_tag ? !sk_pack_rule_has_tag(rule, selection->pattern)
					      : !sk_selection_matches(selection->pattern, rule->name))
				continue;
			if (!selection->enable)
				turns[i].turn = 0;
			else if (!turns[i].turn)
				turns[i].turn = next_turn++;
		}
	}
	qsort(turns, candidates, sizeof(*turns), compare_turns);
	for (uint32_t i = 0; i < candidates; i++) {
		if (turns[i].turn)
			rules[enabled++] = &pack->rules[turns[i].rule];
	}
	*ret_rules = rules;
	*ret_count = enabled;
	return 0;
}
