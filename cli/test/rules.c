/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/test/rules.h"

#include <errno.h>
#include <string.h>

#include "vm/support/alloc.h"

/* Each rule of the bundle is one of the pack: names are unique. */
static int find_pack_rules(struct sk_test_rules *rules)
{
	const struct sk_bundle *bundle = &rules->bundle;

	rules->pack_rules =
		sk_arena_alloc_zeroed(&rules->arena, bundle->rules_count + 1, sizeof(*rules->pack_rules));
	rules->tested = sk_arena_alloc_zeroed(&rules->arena, bundle->rules_count + 1, sizeof(*rules->tested));
	if (!rules->pack_rules || !rules->tested)
		return -ENOMEM;
	for (uint32_t i = 0, k = 0; i < bundle->rules_count; i++) {
		const char *name = sk_bundle_text(bundle, bundle->rules[i].name, NULL);

		/* Both are in the same order, so the search seldom takes a second step. */
		for (uint32_t step = 0; step < rules->pack.rule_count;
		     step++, k = (k + 1) % rules->pack.rule_count) {
			if (strcmp(rules->pack.rules[k].name, name) == 0)
				break;
		}
		rules->pack_rules[i] = k;
	}
	return 0;
}

static int compile(struct sk_test_rules *rules, struct sk_buffer *messages)
{
	const struct sk_selection everything = {.enable = true, .pattern = "*"};
	struct sk_compile_options options = {
		.selections = &everything, .selection_count = 1, .priority = 7, .ret_pack = &rules->pack};
	struct sk_error error = {0};
	int result = sk_compile_files((const char *const *)rules->paths, rules->path_count, &options,
				      &rules->diagnostics, &rules->compiled, NULL);

	if (result == -ENOMEM || rules->compiled.failed)
		return -ENOMEM;
	if (result < 0) {
		sk_diagnostics_print(&rules->diagnostics, false, messages);
		return result;
	}
	result = sk_bundle_from_memory(rules->compiled.bytes, rules->compiled.length, &rules->bundle, &error);
	if (result < 0) {
		sk_buffer_printf(messages, "%s\n", error.message);
		return result;
	}
	return find_pack_rules(rules);
}

int sk_test_rules_get(struct sk_test_rules **list, const char *const *paths, uint32_t count,
		      struct sk_buffer *messages, struct sk_test_rules **ret_rules)
{
	struct sk_test_rules *rules;
	int result;

	for (rules = *list; rules; rules = rules->next) {
		bool same = rules->path_count == count;

		for (uint32_t i = 0; same && i < count; i++)
			same = strcmp(rules->paths[i], paths[i]) == 0;
		if (same) {
			*ret_rules = rules;
			return rules->failed ? -EINVAL : 0;
		}
	}
	rules = sk_alloc_zeroed(1, sizeof(*rules));
	if (!rules)
		return -ENOMEM;
	rules->paths = paths;
	rules->path_count = count;
	rules->next = *list;
	*list = rules;
	sk_arena_init(&rules->arena, 0);
	sk_sources_init(&rules->sources, &rules->arena);
	sk_diagnostics_init(&rules->diagnostics, &rules->sources, &rules->arena);
	result = compile(rules, messages);
	rules->failed = result < 0;
	*ret_rules = rules;
	return result;
}

void sk_test_rules_release(struct sk_test_rules *list)
{
	while (list) {
		struct sk_test_rules *next = list->next;

		sk_bundle_close(&list->bundle);
		sk_buffer_release(&list->compiled);
		sk_arena_release(&list->arena);
		sk_free(list);
		list = next;
	}
}

uint32_t sk_test_rules_find(const struct sk_test_rules *rules, const char *name)
{
	for (uint32_t i = 0; i < rules->bundle.rules_count; i++) {
		if (strcmp(sk_bundle_text(&rules->bundle, rules->bundle.rules[i].name, NULL), name) == 0)
			return i;
	}
	return SK_NONE;
}

struct names {
	const struct sk_bundle *bundle;
	uint32_t next;
};

static const char *next_name(void *state)
{
	struct names *names = state;

	return names->next < names->bundle->rules_count
		       ? sk_bundle_text(names->bundle, names->bundle->rules[names->next++].name, NULL)
		       : NULL;
}

const char *sk_test_rules_suggest(const struct sk_test_rules *rules, const char *name, struct sk_arena *arena)
{
	struct names names = {&rules->bundle, 0};
	const char *close = sk_suggest(name, strlen(name), next_name, &names);

	return close ? sk_arena_printf(arena, "did you mean '%s'?", close) : NULL;
}
