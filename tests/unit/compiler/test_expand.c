/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists in conditions.  What they expand to is held against a second, slow
 * implementation that does what the specification says, list by list, with
 * random texts and names.
 */
#include <stdlib.h>

#include "tests/unit/compiler/pack_fixture.h"

/* --- the slow way ------------------------------------------------------ */

enum { MOST = 16 * 1024 };

static bool is_in(const char *set, char byte)
{
	return byte && strchr(set, byte);
}

static void quote(char *out, const char *item)
{
	bool quotes = strchr(item, ' ') && *item != '"' && *item != '\'';

	if (quotes)
		strcat(out, "\"");
	strcat(out, item);
	if (quotes)
		strcat(out, "\"");
}

/* Section 1.7, one list: `text` is changed in place. */
static void replace_list(char *text, const char *name, const char *written)
{
	static const char delimiters[] = " \t\n\r(),=", blanks[] = " \t\n\r";
	static char rest[MOST];
	const char *found = strstr(text, name);

	while (found) {
		size_t begin = (size_t)(found - text), end = begin + strlen(name), length = strlen(text);

		if ((begin == 0 || is_in(delimiters, text[begin - 1])) &&
		    (end >= length || is_in(delimiters, text[end]))) {
			while (begin > 0 && is_in(blanks, text[begin - 1]))
				begin--;
			while (end < length && is_in(blanks, text[end]))
				end++;
			if (!*written) {
				if (begin > 0 && text[begin - 1] == ',')
					begin--;
				else if (text[end] == ',')
					end++;
			}
			strcpy(rest, text + end);
			snprintf(text + begin, MOST - begin, "%s%s %s", begin ? " " : "", written, rest);
			begin += strlen(written) + 1;
		}
		found = begin + 1 <= strlen(text) ? strstr(text + begin + 1, name) : NULL;
	}
}

static void expand_slowly(const struct sk_pack *pack, char *text)
{
	static char written[MOST];

	for (uint32_t i = 0; i < pack->list_count; i++) {
		const struct sk_pack_list *list = &pack->lists[i];
		bool first = true;

		*written = '\0';
		for (uint32_t k = 0; k < list->item_count; k++) {
			const struct sk_pack_list *inner = NULL;

			for (uint32_t n = 0; n < pack->list_count; n++) {
				if (strcmp(pack->lists[n].name, list->items[k].bytes) == 0 &&
				    pack->lists[n].index < list->visibility)
					inner = &pack->lists[n];
			}
			for (uint32_t n = 0; n < (inner ? inner->item_count : 1); n++) {
				if (!first)
					strcat(written, ", ");
				quote(written, inner ? inner->items[n].bytes : list->items[k].bytes);
				first = false;
			}
		}
		replace_list(text, list->name, written);
		if (strlen(text) > MOST / 4)
			return;
	}
}

/* --- both on random input ---------------------------------------------- */

static uint32_t random_state = 1;

static uint32_t random_below(uint32_t limit)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % limit;
}

static const char *random_text(char *out, uint32_t most, const char *alphabet)
{
	uint32_t length = 1 + random_below(most);

	for (uint32_t i = 0; i < length; i++)
		out[i] = alphabet[random_below((uint32_t)strlen(alphabet))];
	out[length] = '\0';
	return out;
}

/* A YAML string for any text. */
static void append_quoted(char *yaml, const char *text)
{
	char *at = yaml + strlen(yaml);

	*at++ = '"';
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			*at++ = '\\';
		*at++ = *text == '\t' ? '\\' : *text;
		if (*text == '\t')
			*at++ = 't';
	}
	*at++ = '"';
	*at = '\0';
}

static bool expand_both(struct pack_fixture *fixture, const char *condition)
{
	struct sk_expansion expansion = {.pack = &fixture->pack};
	struct sk_text text = {.bytes = condition, .length = (uint32_t)strlen(condition), .first = 1}, expanded;
	static char slow[MOST];
	bool same, placed = true;

	strcpy(slow, condition);
	expand_slowly(&fixture->pack, slow);
	CHECK_EQUAL(sk_lists_expand(&expansion, &text, &expanded), 0);
	same = strlen(slow) > MOST / 4 || strcmp(expanded.bytes, slow) == 0;
	for (uint32_t i = 0; i < expanded.length; i++) {
		if (!sk_text_position(&expanded, i))
			placed = false;
	}
	if (!same)
		printf("# [%s] is [%s], expected [%s]\n", condition, expanded.bytes, slow);
	sk_expansion_release(&expansion);
	return same && placed;
}

TEST(lists_expand_as_the_specification_says)
{
	static const char word[] = "ab", odd[] = "ab ,=(\t", text_bytes[] = "aabb  (),=\"\t", item[] = "aab \"',";
	unsigned different = 0;

	for (int round = 0; round < 3000 && different < 10; round++) {
		struct pack_fixture fixture;
		char yaml[4096] = "", name[64], condition[64];
		uint32_t lists = 1 + random_below(6);

		pack_begin(&fixture);
		for (uint32_t i = 0; i < lists; i++) {
			uint32_t items = random_below(4);

			strcat(yaml, "- list: ");
			append_quoted(yaml, random_text(name, 3, round % 3 ? word : odd));
			strcat(yaml, "\n  items: [");
			for (uint32_t k = 0; k < items; k++) {
				append_quoted(yaml, random_text(name, 4, round % 2 ? word : item));
				strcat(yaml, ", ");
			}
			strcat(yaml, "]\n");
		}
		pack_load(&fixture, yaml);
		CHECK_EQUAL(fixture.diagnostics.errors, 0);
		for (int i = 0; i < 8; i++) {
			if (!expand_both(&fixture, random_text(condition, 24, text_bytes))) {
				printf("# with %s", yaml);
				different++;
				break;
			}
		}
		pack_end(&fixture);
	}
	CHECK_EQUAL(different, 0);
}

/* --- single behaviours ------------------------------------------------- */

static const char *expanded(struct pack_fixture *fixture, const char *rule)
{
	const struct sk_pack_rule *found = pack_rule(fixture, rule);

	return found && found->expanded ? found->expanded->bytes : "";
}

TEST(a_list_name_between_delimiters_becomes_its_items)
{
	struct pack_fixture fixture;

	pack_begin(&fixture);
	CHECK_EQUAL(pack_load(&fixture,
			      "- list: shells\n  items: [sh, 'my shell']\n"
			      "- rule: r\n  condition: proc.name in (shells, zsh) or fd.name = xshells\n" REST),
		    0);
	CHECK_TEXT(expanded(&fixture, "r"), "proc.name in ( sh, \"my shell\" , zsh) or fd.name = xshells");
	CHECK_TEXT(pack_condition(&fixture, "r"), "(proc.name in (sh, \"my shell\", zsh) or fd.name = xshells)");
	pack_end(&fixture);
}

TEST(an_empty_list_takes_one_comma_with_it)
{
	struct pack_fixture fixture;

	pack_begin(&fixture);
	CHECK_EQUAL(pack_load(&fixture,
			      "- list: e\n  items: []\n"
			      "- rule: r\n  condition: a.b in (x, e) and a.b in (e, x) and a.b in (e)\n" REST),
		    0);
	CHECK_TEXT(pack_condition(&fixture, "r"), "(a.b in (x) and a.b in (x) and a.b in ())");
	pack_end(&fixture);
}

TEST(items_that_name_an_earlier_list_are_its_raw_items)
{
	struct pack_fixture fixture;

	pack_begin(&fixture);
	CHECK_EQUAL(pack_load(&fixture,
			      "- list: c\n  items: [x]\n- list: b\n  items: [c, y]\n- list: a\n  items: [b]\n"
			      "- rule: r\n  condition: f.g in (a)\n" REST),
		    0);
	/* One level only: the raw `c` stays, and list c was applied before list a. */
	CHECK_TEXT(pack_condition(&fixture, "r"), "f.g in (c, y)");
	pack_end(&fixture);
	pack_begin(&fixture);
	CHECK_EQUAL(pack_load(&fixture,
			      "- list: a\n  items: [b]\n- list: b\n  items: [c, y]\n- list: c\n  items: [x]\n"
			      "- rule: r\n  condition: f.g in (a)\n" REST),
		    0);
	/* The other way round the later lists are applied to the result. */
	CHECK_TEXT(pack_condition(&fixture, "r"), "f.g in (x, y)");
	pack_end(&fixture);
}

TEST(an_item_stands_where_its_list_wrote_it)
{
	struct pack_fixture fixture;
	const struct sk_pack_rule *rule;
	uint32_t at;

	pack_begin(&fixture);
	CHECK_EQUAL(pack_load(&fixture, "- list: shells\n  items:\n    - sh\n    - my shell\n"), 0);
	CHECK_EQUAL(pack_load(&fixture, "- rule: r\n  condition: proc.name in (shells)\n" REST), 0);
	rule = pack_rule(&fixture, "r");
	at = (uint32_t)(strstr(rule->expanded->bytes, "my") - rule->expanded->bytes);
	CHECK_TEXT(pack_place(&fixture, sk_text_span(rule->expanded, at, at + 2)), "4:7");
	/* With its quotes it is still one run. */
	CHECK_EQUAL(sk_text_span(rule->expanded, at - 1, at + 9).end -
			    sk_text_span(rule->expanded, at - 1, at + 9).begin,
		    8);
	CHECK_TEXT(pack_place(&fixture, sk_text_span(rule->expanded, 0, 4)), "2:14");
	pack_end(&fixture);
}

TEST(a_list_that_changes_later_changes_its_users)
{
	struct pack_fixture fixture;

	pack_begin(&fixture);
	CHECK_EQUAL(pack_load(&fixture, "- list: l\n  items: [a]\n- macro: m\n  condition: x.y in (l)\n"
					"- rule: r\n  condition: m\n" REST),
		    0);
	CHECK_TEXT(pack_condition(&fixture, "r"), "x.y in (a)");
	CHECK_EQUAL(pack_load(&fixture, "- list: l\n  items: [b]\n  override:\n    items: append\n"), 0);
	CHECK_TEXT(pack_condition(&fixture, "r"), "x.y in (a, b)");
	CHECK(pack_rule(&fixture, "r")->changed);
	pack_end(&fixture);
}

TEST(only_what_changed_is_parsed_again)
{
	struct pack_fixture fixture;
	struct sk_node *tree;

	pack_begin(&fixture);
	CHECK_EQUAL(pack_load(&fixture,
			      "- list: l\n  items: [a]\n"
			      "- rule: r\n  condition: x.y in (l)\n" REST "- rule: s\n  condition: x.y = 1\n" REST),
		    0);
	tree = pack_rule(&fixture, "s")->tree;
	for (uint32_t i = 0; i < fixture.pack.rule_count; i++)
		fixture.pack.rules[i].changed = false;
	CHECK_EQUAL(pack_load(&fixture, "- list: l\n  items: [b]\n"), 0);
	CHECK(pack_rule(&fixture, "s")->tree == tree);
	CHECK(!pack_rule(&fixture, "s")->changed);
	CHECK(pack_rule(&fixture, "r")->changed);
	pack_end(&fixture);
}

TEST(lists_that_multiply_are_refused)
{
	struct pack_fixture fixture;
	char yaml[8192] = "";

	for (int i = 0; i < 30; i++)
		snprintf(yaml + strlen(yaml), sizeof(yaml) - strlen(yaml),
			 "- list: l%d\n  items: [l%d, l%d, l%d, l%d]\n", i, i + 1, i + 1, i + 1, i + 1);
	strcat(yaml, "- rule: r\n  condition: x.y in (l0)\n" REST);
	pack_begin(&fixture);
	CHECK_EQUAL(pack_load(&fixture, yaml), -22);
	CHECK(pack_said(&fixture, "LOAD_ERR_COMPILE_CONDITION", "too large"));
	pack_end(&fixture);
}

TEST_MAIN(RUN(lists_expand_as_the_specification_says) RUN(a_list_name_between_delimiters_becomes_its_items)
		  RUN(an_empty_list_takes_one_comma_with_it) RUN(items_that_name_an_earlier_list_are_its_raw_items)
			  RUN(an_item_stands_where_its_list_wrote_it)
				  RUN(a_list_that_changes_later_changes_its_users)
					  RUN(only_what_changed_is_parsed_again)
						  RUN(lists_that_multiply_are_refused))
