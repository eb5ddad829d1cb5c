/* SPDX-License-Identifier: Apache-2.0 */
/* The net under the formatter: what it must let pass, and what not. */
#include "compiler/format/verify.h"
#include "tests/test.h"

/* What sk_format_verify() says of `after` as a layout of `before`. */
static int verify(const char *before, const char *after)
{
	struct sk_arena arena = {0};
	struct sk_diagnostics diagnostics;
	struct sk_yaml_stream values = {0};
	struct sk_format_file file;
	struct sk_sources sources, others;
	const struct sk_source_file *source, *laid_out;
	int result;

	sk_sources_init(&sources, &arena);
	sk_sources_init(&others, &arena);
	sk_diagnostics_init(&diagnostics, &sources, &arena);
	source = sk_sources_add(&sources, "before", before, strlen(before));
	laid_out = sk_sources_add(&others, "after", after, strlen(after));
	CHECK_EQUAL(sk_yaml_parse(source, &arena, &diagnostics, &values), 0);
	CHECK_EQUAL(sk_format_read(source, &arena, &diagnostics, &file), 0);
	result = sk_format_verify(&file, &values, laid_out, &arena);
	sk_arena_release(&arena);
	return result;
}

#define RULE "- rule: r\n  condition: a and b.c = 'x  y' #1\n  tags: [t, u]\n"

TEST(other_white_space_and_another_order_of_keys_pass)
{
	CHECK_EQUAL(verify(RULE, RULE), 1);
	CHECK_EQUAL(verify(RULE, "#1\n- tags:\n    - t\n    - u\n  rule: \"r\"\n  condition: >\n    a\n      and "
				 "b.c='x  y'\n"),
		    1);
}

TEST(another_value_does_not_pass)
{
	CHECK_EQUAL(verify(RULE, "#1\n- rule: s\n  condition: a and b.c = 'x  y'\n  tags: [t, u]\n"), 0);
	CHECK_EQUAL(verify(RULE, "#1\n- rule: r\n  condition: a and b.c = 'x  y'\n  tags: [u, t]\n"), 0);
	CHECK_EQUAL(verify(RULE, "#1\n- rule: r\n  condition: a and b.c = 'x  y'\n"), 0);
	CHECK_EQUAL(verify(RULE, "#1\n- rule: r\n  condition: a and b.c = 'x  y'\n  tags: [t, u]\n- \n"), 0);
	CHECK_EQUAL(verify("- list: l\n  items: [~]\n", "- list: l\n  items: [\"~\"]\n"), 0);
	CHECK_EQUAL(verify("- rule: r\n  desc: a b\n", "- rule: r\n  desc: a  b\n"), 0);
	CHECK_EQUAL(verify("- rule: r\n  desc: a\n  desc: b\n", "- rule: r\n  desc: b\n  desc: a\n"), 0);
	CHECK_EQUAL(verify("- a: x\n---\n- b: y\n", "- a: x\n- b: y\n"), 0);
}

TEST(other_words_of_a_condition_do_not_pass)
{
	CHECK_EQUAL(verify(RULE, "#1\n- rule: r\n  condition: a or b.c = 'x  y'\n  tags: [t, u]\n"), 0);
	CHECK_EQUAL(verify(RULE, "#1\n- rule: r\n  condition: a and b.c = 'x y'\n  tags: [t, u]\n"), 0);
	CHECK_EQUAL(verify(RULE, "#1\n- rule: r\n  condition: (a and b.c = 'x  y')\n  tags: [t, u]\n"), 0);
	/* Neither is a modifier: no list follows. */
	CHECK_EQUAL(verify("- rule: r\n  condition: a.b =oneof\n", "- rule: r\n  condition: a.b = oneof\n"), 1);
	CHECK_EQUAL(
		verify("- rule: r\n  condition: a.b =oneof or c\n", "- rule: r\n  condition: a.b = oneof or c\n"),
		1);
	/* No condition: nothing may change. */
	CHECK_EQUAL(verify("- rule: r\n  condition: a  and\n", "- rule: r\n  condition: a and\n"), 0);
	/* Not the condition of an item. */
	CHECK_EQUAL(verify("- list: l\n  condition: a  and b\n", "- list: l\n  condition: a and b\n"), 0);
	CHECK_EQUAL(verify("- rule: r\n  x: {condition: a  and b}\n", "- rule: r\n  x: {condition: a and b}\n"), 0);
}

TEST(a_lost_or_changed_comment_does_not_pass)
{
	CHECK_EQUAL(verify(RULE, "- rule: r\n  condition: a and b.c = 'x  y'\n  tags: [t, u]\n"), 0);
	CHECK_EQUAL(verify(RULE, "#2\n- rule: r\n  condition: a and b.c = 'x  y'\n  tags: [t, u]\n"), 0);
	CHECK_EQUAL(verify(RULE, "#1\n#1\n- rule: r\n  condition: a and b.c = 'x  y'\n  tags: [t, u]\n"), 0);
}

TEST(what_is_no_yaml_does_not_pass)
{
	CHECK_EQUAL(verify(RULE, "#1\n- rule: [\n"), 0);
	CHECK_EQUAL(verify(RULE, ""), 0);
}

TEST_MAIN(RUN(other_white_space_and_another_order_of_keys_pass) RUN(another_value_does_not_pass)
		  RUN(other_words_of_a_condition_do_not_pass) RUN(a_lost_or_changed_comment_does_not_pass)
			  RUN(what_is_no_yaml_does_not_pass))
