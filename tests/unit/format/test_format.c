/* SPDX-License-Identifier: Apache-2.0 */
/* The layout of packs, piece by piece. */
#include "compiler/keys.h"
#include "tests/unit/format/formatting.h"

/* One text laid out, and again. */
static void check_text(const char *before, const char *after)
{
	int result;
	struct sk_buffer text = format_text(before, strlen(before), &result);

	CHECK_EQUAL(result, 0);
	CHECK_TEXT(text.bytes ? text.bytes : "", after);
	sk_buffer_release(&text);
	check_layout("text", before, strlen(before), NULL);
}

static void check_refused(const char *before, const char *message)
{
	int result;
	struct sk_buffer text = format_text(before, strlen(before), &result);

	CHECK_EQUAL(result, -EINVAL);
	if (!text.bytes || !strstr(text.bytes, message))
		CHECK_TEXT(text.bytes, message);
	sk_buffer_release(&text);
}

TEST(what_fits_into_a_line_stands_on_one)
{
	check_text("-   rule:   x\n    condition: >\n        evt.type  =  open\n        and m\n",
		   "- rule: x\n  condition: evt.type = open and m\n");
}

TEST(a_long_condition_is_broken_at_its_weakest_connective)
{
	check_text("- macro: m\n"
		   "  condition: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa and bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb or "
		   "cccccccccccccccccccccccccccccccccccc\n",
		   "- macro: m\n  condition: >\n"
		   "    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa and bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n"
		   "    or cccccccccccccccccccccccccccccccccccc\n");
}

TEST(an_and_within_or_stands_further_right)
{
	check_text("- macro: m\n"
		   "  condition: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa and "
		   "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb or ccc and ddd\n",
		   "- macro: m\n  condition: >\n"
		   "    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
		   "       and bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n"
		   "    or ccc and ddd\n");
}

TEST(groups_are_broken_behind_their_bracket_and_lists_are_filled)
{
	check_text(
		"- macro: m\n"
		"  condition: started and not(proc.name in(aaaaaaaaaaaaaaaaa,bbbbbbbbbbbbbbbbb,ccccccccccccccccc,"
		"ddddddddddddddd,eeeeeeeeeeeeeeee) or fd.num>=5)\n",
		"- macro: m\n  condition: >\n"
		"    started\n"
		"    and not (proc.name in (aaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbb, ccccccccccccccccc, "
		"ddddddddddddddd,\n"
		"                           eeeeeeeeeeeeeeee)\n"
		"             or fd.num >= 5)\n");
}

TEST(words_that_touch_stay_together_where_a_blank_could_make_a_list_name)
{
	check_text(
		"- macro: m\n  condition: fd.num exists and a.b inmylist and proc.name!=cat and a.b existsand c\n",
		"- macro: m\n  condition: fd.num exists and a.b inmylist and proc.name != cat and a.b existsand "
		"c\n");
}

TEST(what_is_appended_to_a_condition_is_laid_out_too)
{
	check_text("- macro: m\n  condition:   or   ( a   and b )\n  override: {condition: append}\n",
		   "- macro: m\n  condition: or (a and b)\n  override: {condition: append}\n");
}

TEST(a_condition_that_is_none_keeps_its_lines)
{
	check_text("- macro: m\n  condition: >\n        a  and\n          and b\n",
		   "- macro: m\n  condition: >\n    a  and\n      and b\n");
	check_text("- macro: m\n  condition: \"a =  and\"\n", "- macro: m\n  condition: \"a =  and\"\n");
	check_text("- macro: m\n  condition: # none\n", "- macro: m\n  condition:  # none\n");
}

TEST(keys_get_their_order_and_take_their_comments_along)
{
	check_text("- tags: [a]\n"
		   "  # why\n"
		   "  priority: INFO # how\n"
		   "  unknown: 1\n"
		   "  output: o\n"
		   "  rule: r\n"
		   "  condition: c\n"
		   "  desc: d\n"
		   "  # end\n",
		   "- rule: r\n"
		   "  desc: d\n"
		   "  condition: c\n"
		   "  output: o\n"
		   "  # why\n"
		   "  priority: INFO  # how\n"
		   "  tags: [a]\n"
		   "  unknown: 1\n"
		   "  # end\n");
}

TEST(comments_above_a_key_that_becomes_the_first_stand_above_the_item)
{
	check_text("- desc: d\n  # its name\n  rule: r\n", "# its name\n- rule: r\n  desc: d\n");
}

TEST(every_key_has_its_place)
{
	struct sk_buffer pack = {0}, text;
	int result;

	/* Each key alone behind an unknown one: it must come first. */
	for (const struct sk_key_info *key = sk_keys; key->name; key++) {
		const char *before, *after;

		if (key->owner == SK_KEY_OF_FILE || key->owner == SK_KEY_OF_EXCEPTION ||
		    key->owner == SK_KEY_OF_PLUGIN)
			continue;
		sk_buffer_clear(&pack);
		sk_buffer_printf(&pack, "- zzz: 1\n  %s: a\n  %s: b\n",
				 key->owner == SK_KEY_OF_MACRO  ? "macro"
				 : key->owner == SK_KEY_OF_LIST ? "list"
								: "rule",
				 key->name);
		text = format_text(pack.bytes, pack.length, &result);
		CHECK_EQUAL(result, 0);
		before = strstr(text.bytes, key->name);
		after = strstr(text.bytes, "zzz");
		CHECK(before && after && before < after);
		sk_buffer_release(&text);
	}
	sk_buffer_release(&pack);
}

TEST(comments_stay_everywhere)
{
	check_text("#1\n"
		   "\n"
		   "- list: l #2\n"
		   "  items: #3\n"
		   "  #4\n"
		   "  - a #5\n"
		   "\n"
		   "  #6\n"
		   "  - b\n"
		   "  #7\n"
		   " #8\n"
		   "- list: k\n"
		   "  items: [ #9\n"
		   "    a, #10\n"
		   "    #11\n"
		   "    b #12\n"
		   "    , c #13\n"
		   "    #14\n"
		   "  ] #15\n"
		   "- macro: m\n"
		   "  condition: > #16\n"
		   "    a and\n"
		   "    b\n"
		   "  #17\n"
		   "- #18\n"
		   "  macro: n\n"
		   "  condition:\n"
		   "    #19\n"
		   "    a #20\n"
		   "#21",
		   "#1\n"
		   "\n"
		   "- list: l  #2\n"
		   "  items:  #3\n"
		   "    #4\n"
		   "    - a  #5\n"
		   "\n"
		   "    #6\n"
		   "    - b\n"
		   "    #7\n"
		   "\n"
		   "#8\n"
		   "- list: k\n"
		   "  items: [\n"
		   "    #9\n"
		   "    a,  #10\n"
		   "    #11\n"
		   "    b,  #12\n"
		   "    c  #13\n"
		   "    #14\n"
		   "    ]  #15\n"
		   "\n"
		   "- macro: m\n"
		   "  condition: a and b  #16\n"
		   "  #17\n"
		   "\n"
		   "#18\n"
		   "- macro: n\n"
		   "  #19\n"
		   "  condition: a  #20\n"
		   "\n"
		   "#21\n");
}

TEST(a_hash_within_text_is_no_comment)
{
	check_text("- rule: 'a #b'\n  desc: >\n    c #d\n    #e\n  output: f#g\n",
		   "- rule: \"a #b\"\n  desc: >\n    c #d #e\n  output: f#g\n");
}

TEST(lists_that_do_not_fit_are_filled_and_others_stand_on_a_line)
{
	check_text("- list: l\n  items: [a,\n    b]\n- list: m\n  items: [aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, "
		   "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, ccccccccccccccccccccccccccc, ddddd]\n",
		   "- list: l\n  items: [a, b]\n\n- list: m\n  items: [\n    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, "
		   "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb,\n    ccccccccccccccccccccccccccc, ddddd]\n");
}

TEST(prose_is_wrapped_and_its_value_kept)
{
	check_text("- rule: r\n  desc: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb  "
		   "cccccccccccccccccccccc ddddddddddddddddd\n  output: >\n    short\n",
		   "- rule: r\n  desc: >-\n    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb  "
		   "cccccccccccccccccccccc\n    ddddddddddddddddd\n  output: >\n    short\n");
	check_text("- rule: r\n  desc: |\n       one\n         two\n\n       three\n",
		   "- rule: r\n  desc: |\n    one\n      two\n\n    three\n");
	check_text("- rule: r\n  desc: |+\n    one\n\n\n\n- rule: s\n",
		   "- rule: r\n  desc: |+\n    one\n\n\n\n- rule: s\n");
	check_text("- rule: r\n  desc: |2\n       one\n     two", "- rule: r\n  desc: |-2\n       one\n     two\n");
}

TEST(quotes_go_where_the_meaning_is_certain)
{
	check_text(
		"- list: 'l'\n  items: ['a', \"b-c\", 'd e', 'f\"g', '\\h', 'yes', 'null', '1', '', \"'i'\", '-j', "
		"/k]\n",
		"- list: l\n  items: [a, b-c, \"d e\", 'f\"g', '\\h', \"yes\", \"null\", \"1\", \"\", \"'i'\", "
		"\"-j\", "
		"/k]\n");
	check_text("- macro: m\n  condition: \"a.b = ': '\"\n", "- macro: m\n  condition: >\n    a.b = ': '\n");
	check_text("- rule: r\n  output: \"say: no\"\n  desc: \"say no\"\n",
		   "- rule: r\n  desc: say no\n  output: \"say: no\"\n");
}

TEST(the_file_and_its_items_are_blocks)
{
	check_text("[{\"rule\": \"a\", \"tags\": [\"x\"], \"enabled\": true}, {list: l, items: []}]\n",
		   "- rule: a\n  tags: [x]\n  enabled: true\n\n- list: l\n  items: []\n");
}

TEST(documents_and_directives_stay)
{
	check_text("%YAML 1.1\n--- #a\n- list: l\n  items: [a]\n#b\n...\n#c\n---\n- list: m\n  items: [b]\n",
		   "%YAML 1.1\n---  #a\n- list: l\n  items: [a]\n\n#b\n...\n\n#c\n---\n- list: m\n  items: [b]\n");
	check_text("#only\n", "#only\n");
	check_text("", "");
	check_text("---\n#x\n", "---\n#x\n");
}

TEST(anchors_and_tags_stay_and_keep_the_order_of_keys)
{
	check_text(
		"- tags: &t [a]\n  rule: r\n  condition: &c\n    x   and y\n- rule: s\n  tags: *t\n  desc: !!str "
		"d\n",
		"- tags: &t [a]\n  rule: r\n  condition: &c x   and y\n\n- rule: s\n  tags: *t\n  desc: !!str d\n");
}

TEST(line_ends_of_other_systems_become_ours)
{
	check_text("\xef\xbb\xbf- rule: r\r\n  # c\r\n  desc: |\r\n    a\r\n    b\r\n",
		   "- rule: r\n  # c\n  desc: |\n    a\n    b\n");
}

TEST(what_is_no_pack_is_refused)
{
	check_refused("rule: r\n", "this is no rules file");
	check_refused("- rule: [\n", "did not find expected node content");
	check_refused("- ? [a]\n  : b\n", "a key that is not laid out");
	check_refused("- rule: !a!b c\n", "a tag whose handle is not declared");
	check_refused("just text\n", "this is no rules file");
}

TEST(our_packs_and_those_of_the_tests_keep_their_meaning)
{
	unsigned refused = 0, compiled = 0;

	CHECK(check_folder("rules", &refused, &compiled) >= 1);
	CHECK_EQUAL(refused, 0);
	CHECK(check_folder("tests/lang", &refused, &compiled) >= 30);
	CHECK(check_folder("tests/golden", &refused, &compiled) >= 1);
	printf("# %u refused, %u with a bundle\n", refused, compiled);
	CHECK(compiled >= 10);
}

TEST_MAIN(
	RUN(what_fits_into_a_line_stands_on_one) RUN(a_long_condition_is_broken_at_its_weakest_connective) RUN(
		an_and_within_or_stands_further_right) RUN(groups_are_broken_behind_their_bracket_and_lists_are_filled)
		RUN(words_that_touch_stay_together_where_a_blank_could_make_a_list_name) RUN(
			what_is_appended_to_a_condition_is_laid_out_too) RUN(a_condition_that_is_none_keeps_its_lines)
			RUN(keys_get_their_order_and_take_their_comments_along) RUN(
				comments_above_a_key_that_becomes_the_first_stand_above_the_item)
				RUN(every_key_has_its_place) RUN(comments_stay_everywhere) RUN(
					a_hash_within_text_is_no_comment)
					RUN(lists_that_do_not_fit_are_filled_and_others_stand_on_a_line) RUN(
						prose_is_wrapped_and_its_value_kept)
						RUN(quotes_go_where_the_meaning_is_certain) RUN(
							the_file_and_its_items_are_blocks)
							RUN(documents_and_directives_stay) RUN(
								anchors_and_tags_stay_and_keep_the_order_of_keys)
								RUN(line_ends_of_other_systems_become_ours) RUN(
									what_is_no_pack_is_refused)
									RUN(our_packs_and_those_of_the_tests_keep_their_meaning))
