/* SPDX-License-Identifier: Apache-2.0 */
/* Where the cursor stands in a text that is being typed, and what a broken file still has. */
#include "cli/lsp/context.h"

#include "cli/lsp/index.h"
#include "tests/test.h"

/* "STANDING path/path: before" of a text that '|' marks the cursor in. */
static const char *context(const char *marked)
{
	static const char *const names[] = {[SK_LSP_NOWHERE] = "nowhere",
					    [SK_LSP_NEW_ITEM] = "item",
					    [SK_LSP_IN_KEY] = "key",
					    [SK_LSP_IN_VALUE] = "value"};
	static char text[512];
	const char *bar = strchr(marked, '|');
	struct sk_lsp_text document = {0};
	struct sk_lsp_context found;
	struct sk_arena arena = {0};

	CHECK(sk_lsp_text_set(&document, marked, strlen(marked)));
	CHECK(sk_lsp_text_replace(&document, (size_t)(bar - marked), (size_t)(bar - marked) + 1, "", 0));
	CHECK_EQUAL(sk_lsp_context_find(&document, (size_t)(bar - marked), &arena, &found), 0);
	snprintf(text, sizeof(text), "%s%s ", names[found.standing], found.dash ? " dash" : "");
	for (uint32_t i = 0; i < found.depth; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? "/" : "", found.path[i]);
	snprintf(text + strlen(text), sizeof(text) - strlen(text), ": %.*s", (int)found.length,
		 found.before ? found.before : "");
	sk_arena_release(&arena);
	sk_lsp_text_release(&document);
	return text;
}

TEST(a_scalar_is_found_in_any_style)
{
	CHECK_TEXT(context("- macro: m\n  condition: proc.na|me = x\n"), "value condition: proc.na");
	CHECK_TEXT(context("- macro: m\n  condition: |\n"), "value condition: ");
	CHECK_TEXT(context("- macro: m\n  condition: a and |\n"), "value condition: a and ");
	CHECK_TEXT(context("- macro: m\n  condition: >\n    a\n    and |b\n  x: y\n"), "value condition: a and ");
	CHECK_TEXT(context("- macro: m\n  condition: >-\n    a\n    |\n"), "value condition: a ");
	CHECK_TEXT(context("- macro: m\n  condition: \"a and |"), "value condition: a and ");
	CHECK_TEXT(context("- macro: m\n  condition: 'it''s |'\n"), "value condition: it's ");
	CHECK_TEXT(context("- macro: m\n  condition: \"tab\\t|\"\n"), "value condition: tab\t");
	CHECK_TEXT(context("- macro: m\n  condition: a\n    and b\n    and |\n"), "value condition: a and b and ");
}

TEST(keys_and_items_are_found_before_they_are_whole)
{
	CHECK_TEXT(context("- rule: r\n  des|"), "key : des");
	CHECK_TEXT(context("- rule: r\n  |\n"), "key : ");
	CHECK_TEXT(context("- rule: r\n  condition: >\n    a\n  out|\n  desc: x\n"), "key : out");
	CHECK_TEXT(context("- rule: r\n  override:\n    cond|\n"), "value override: cond");
	CHECK_TEXT(context("- rule: r\n  override:\n    desc: append\n    cond|\n"), "key override: cond");
	CHECK_TEXT(context("- rule: r\n  exceptions:\n    - name: x\n      fie|\n"), "key exceptions/: fie");
	CHECK_TEXT(context("- ru|\n"), "item dash : ru");
	CHECK_TEXT(context("- rule: r\n  desc: x\n|"), "item : ");
	CHECK_TEXT(context("- rule: r\n  desc: x\nma|"), "item : ma");
	CHECK_TEXT(context("|"), "item : ");
}

TEST(lists_are_found_before_they_are_closed)
{
	CHECK_TEXT(context("- list: l\n  items: [a, b|"), "value items/: b");
	CHECK_TEXT(context("- list: l\n  items: [a, |]\n"), "value items/: ");
	CHECK_TEXT(context("- list: l\n  items:\n    - a\n    - b|\n"), "value items/: b");
	CHECK_TEXT(context("- rule: r\n  tags: [x, \"y|"), "value tags/: y");
	CHECK_TEXT(context("- rule: r\n  override:\n    desc: append\n    cond|\n"), "key override: cond");
	CHECK_TEXT(context("- rule: r\n  exceptions:\n    - name: x\n      fields: [proc.name, fd|"),
		   "value exceptions//fields/: fd");
	CHECK_TEXT(context("- rule: r\n  exceptions:\n    - name: x\n      values: [[a, b|"),
		   "value exceptions//values//: b");
}

TEST(what_stands_before_the_item_does_not_matter)
{
	CHECK_TEXT(context("- [ this is\n: not yaml\n- macro: m\n  condition: fd.|"), "value condition: fd.");
	CHECK_TEXT(context("\xee\x80\x80\n- macro: \xee\x80\x80\n  condition: fd.|"), "value condition: fd.");
	CHECK_TEXT(context("- macro: m\n  condition: [ {|"), "nowhere : ");
	CHECK_TEXT(context("# comm|ent\n"), "nowhere : ");
}

TEST(a_file_that_is_no_yaml_has_the_items_that_can_be_read)
{
	static const char text[] =
		"- macro: a\n  condition: x\n- list: b\n  items: [1, \n- rule: c\n  append: true\n"
		"  condition: and a\n- macro: d\n  condition: y\n  override: {condition: append}\n";
	struct sk_lsp_index *index = sk_lsp_index_create(text, strlen(text));

	CHECK(index && !index->whole);
	CHECK_EQUAL(index->count, 3);
	CHECK_TEXT(index->items[0].name, "a");
	CHECK(index->items[0].definition);
	CHECK_TEXT(index->items[1].name, "c");
	CHECK(!index->items[1].definition);
	CHECK_EQUAL(index->items[1].begin, strstr(text, "rule: c") - text);
	CHECK_TEXT(index->items[2].name, "d");
	CHECK(!index->items[2].definition);
	sk_lsp_index_destroy(index);
}

TEST(bytes_of_folded_and_quoted_texts_are_found)
{
	static const char text[] = "- macro: a\n  condition: >\n    first\n    and second\n- macro: b\n"
				   "  condition: \"x\\ty\"\n";
	struct sk_lsp_index *index = sk_lsp_index_create(text, strlen(text));
	struct sk_lsp_scalar scalar;
	uint32_t offset;

	CHECK(index && index->whole);
	CHECK(sk_lsp_index_find(index, (size_t)(strstr(text, "second") - text), &scalar, &offset));
	CHECK_EQUAL(scalar.role, SK_LSP_ROLE_CONDITION);
	CHECK_EQUAL(offset, strlen("first and "));
	CHECK_EQUAL(sk_lsp_scalar_byte(&scalar, offset), strstr(text, "second") - text);
	CHECK(sk_lsp_index_find(index, (size_t)(strstr(text, "y\"") - text), &scalar, &offset));
	CHECK_EQUAL(offset, 2);
	CHECK(sk_lsp_index_find(index, (size_t)(strstr(text, "macro: b") - text), &scalar, &offset));
	CHECK_EQUAL(scalar.role, SK_LSP_ROLE_KEY);
	CHECK(!sk_lsp_index_find(index, (size_t)(strstr(text, "  condition: >") - text), &scalar, &offset));
	sk_lsp_index_destroy(index);
}

TEST_MAIN(RUN(a_scalar_is_found_in_any_style) RUN(keys_and_items_are_found_before_they_are_whole)
		  RUN(lists_are_found_before_they_are_closed) RUN(what_stands_before_the_item_does_not_matter)
			  RUN(a_file_that_is_no_yaml_has_the_items_that_can_be_read)
				  RUN(bytes_of_folded_and_quoted_texts_are_found))
