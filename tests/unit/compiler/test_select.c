/* SPDX-License-Identifier: Apache-2.0 */
#include "compiler/select.h"

#include "tests/test.h"

static struct sk_arena arena;
static struct sk_node tree;

/* Rules a, b, c, d: b is disabled, c is Critical, the others Notice. */
static void make_rules(struct sk_pack *pack, struct sk_pack_rule *rules)
{
	static const char *const names[] = {"a rule", "b rule", "c other", "d rule"};
	static const char *tags_of_a[] = {"network", "process"}, *tags_of_b[] = {"process"};

	memset(rules, 0, 4 * sizeof(*rules));
	for (int i = 0; i < 4; i++)
		rules[i] = (struct sk_pack_rule){
			.name = names[i], .tree = &tree, .enabled = i != 1, .priority = i == 2 ? 2 : 5};
	rules[0].tags = tags_of_a;
	rules[0].tag_count = 2;
	rules[1].tags = tags_of_b;
	rules[1].tag_count = 1;
	*pack = (struct sk_pack){.rules = rules, .rule_count = 4};
}

/* The first letters of the selected rules, in order. */
static const char *select_rules(const struct sk_pack *pack, const struct sk_selection *selections, size_t count,
				uint8_t priority)
{
	static char letters[8];
	struct sk_compile_options options = {
		.selections = selections, .selection_count = count, .priority = priority};
	struct sk_pack_rule **rules;
	uint32_t selected = 0;

	memset(letters, 0, sizeof(letters));
	CHECK_EQUAL(sk_select_rules(pack, &options, &arena, &rules, &selected), 0);
	for (uint32_t i = 0; i < selected && i < 7; i++)
		letters[i] = rules[i]->name[0];
	return letters;
}

#define SELECT(...)                                                                                                \
	select_rules(&pack, (const struct sk_selection[]){__VA_ARGS__},                                            \
		     sizeof((const struct sk_selection[]){__VA_ARGS__}) / sizeof(struct sk_selection), 7)

TEST(the_order_is_that_of_definition)
{
	struct sk_pack_rule rules[4];
	struct sk_pack pack;

	make_rules(&pack, rules);
	CHECK_TEXT(select_rules(&pack, NULL, 0, 7), "acd");
	sk_arena_release(&arena);
}

TEST(a_rule_that_is_enabled_again_goes_to_the_end)
{
	struct sk_pack_rule rules[4];
	struct sk_pack pack;

	make_rules(&pack, rules);
	CHECK_TEXT(SELECT({.enable = false, .pattern = "a rule"}, {.enable = true, .pattern = "a rule"}), "cda");
	CHECK_TEXT(SELECT({.enable = true, .pattern = "b rule"}), "acdb");
	/* Those that are enabled already keep their place. */
	CHECK_TEXT(SELECT({.enable = true, .pattern = "*"}), "acdb");
	CHECK_TEXT(SELECT({.enable = false, .pattern = "*"}, {.enable = true, .pattern = "*rule"}), "abd");
	sk_arena_release(&arena);
}

TEST(later_selections_win)
{
	struct sk_pack_rule rules[4];
	struct sk_pack pack;

	make_rules(&pack, rules);
	CHECK_TEXT(
		SELECT({.enable = true, .pattern = "*"}, {.enable = false, .by_tag = true, .pattern = "process"}),
		"cd");
	CHECK_TEXT(
		SELECT({.enable = false, .by_tag = true, .pattern = "process"}, {.enable = true, .pattern = "*"}),
		"cdab");
	/* A tag is a whole word, and no pattern. */
	CHECK_TEXT(SELECT({.enable = false, .by_tag = true, .pattern = "proc*"}), "acd");
	sk_arena_release(&arena);
}

TEST(less_severe_rules_are_never_enabled)
{
	struct sk_pack_rule rules[4];
	struct sk_pack pack;
	struct sk_selection all = {.enable = true, .pattern = "*"};

	make_rules(&pack, rules);
	CHECK_TEXT(select_rules(&pack, &all, 1, 4), "c");
	CHECK_TEXT(select_rules(&pack, &all, 1, 5), "acdb");
	sk_arena_release(&arena);
}

TEST(rules_without_a_tree_or_source_are_never_enabled)
{
	struct sk_pack_rule rules[4];
	struct sk_pack pack;

	make_rules(&pack, rules);
	rules[0].tree = NULL;
	rules[3].unknown_source = true;
	CHECK_TEXT(SELECT({.enable = true, .pattern = "*"}), "cb");
	sk_arena_release(&arena);
}

TEST(literals_match_at_their_first_occurrence)
{
	static const struct {
		const char *pattern, *name;
		bool matches;
	} cases[] = {
		{"abc", "abc", true},
		{"abc", "abcd", false},
		{"*", "", true},
		{"", "", true},
		{"", "a", false},
		{"a*", "abc", true},
		{"a*", "bac", false},
		{"*c", "abc", true},
		{"*abc", "abcabc", false},
		{"*abc*", "abcabc", true},
		{"a*b*c", "axxbxxc", true},
		{"a*b*c", "axxcxxb", false},
		{"a**c", "abc", true},
		{"a*a", "a", false},
		{"*a*a*", "aa", true},
		{"a*", "a", true},
		{"**", "anything", true},
		{"a?c", "abc", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (sk_selection_matches(cases[i].pattern, cases[i].name) != cases[i].matches)
			printf("# %s %s\n", cases[i].pattern, cases[i].name);
		CHECK_EQUAL(sk_selection_matches(cases[i].pattern, cases[i].name), cases[i].matches);
	}
}

TEST_MAIN(RUN(the_order_is_that_of_definition) RUN(a_rule_that_is_enabled_again_goes_to_the_end)
		  RUN(later_selections_win) RUN(less_severe_rules_are_never_enabled)
			  RUN(rules_without_a_tree_or_source_are_never_enabled)
				  RUN(literals_match_at_their_first_occurrence))
