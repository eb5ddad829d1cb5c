/* SPDX-License-Identifier: Apache-2.0 */
#include "compiler/yaml.h"

#include <stdlib.h>

#include "tests/test.h"

struct document {
	struct sk_arena arena;
	struct sk_sources sources;
	struct sk_diagnostics diagnostics;
	const struct sk_source_file *file;
	struct sk_yaml_stream stream;
	int result;
};

static void parse_bytes(struct document *document, const char *bytes, size_t size)
{
	memset(document, 0, sizeof(*document));
	sk_sources_init(&document->sources, &document->arena);
	sk_diagnostics_init(&document->diagnostics, &document->sources, &document->arena);
	/* So that positions and offsets differ. */
	sk_sources_add(&document->sources, "before", "some text", 9);
	document->file = sk_sources_add(&document->sources, "file.yaml", bytes, size);
	document->result =
		sk_yaml_parse(document->file, &document->arena, &document->diagnostics, &document->stream);
}

static void parse(struct document *document, const char *text)
{
	parse_bytes(document, text, strlen(text));
}

static void release(struct document *document)
{
	sk_arena_release(&document->arena);
}

/* The value of key `a` of the first document. */
static struct sk_yaml_node *value(struct document *document)
{
	struct sk_yaml_node *node = document->stream.count ? sk_yaml_get(document->stream.documents[0], "a") : NULL;

	CHECK(node != NULL);
	return node;
}

static size_t offset_of(const struct document *document, const struct sk_text *text, uint32_t byte)
{
	return sk_text_position(text, byte) - document->file->first;
}

/* Every byte that is no white space and no escape is found where it stands. */
static bool is_aligned(const struct document *document, const struct sk_text *text)
{
	size_t last = 0;

	for (uint32_t i = 0; i < text->length; i++) {
		size_t at = offset_of(document, text, i);

		if (at >= document->file->size || at < last)
			return false;
		if (!strchr(" \t\n", text->bytes[i]) && document->file->bytes[at] != text->bytes[i])
			return false;
		last = at;
	}
	return true;
}

static const char *message(const struct document *document)
{
	return document->diagnostics.count ? document->diagnostics.items[0].message : "";
}

static const char *hint(const struct document *document)
{
	return document->diagnostics.count && document->diagnostics.items[0].hint
		       ? document->diagnostics.items[0].hint
		       : "";
}

static struct sk_place error_place(const struct document *document)
{
	struct sk_span nowhere = {0};

	return sk_sources_place(&document->sources, document->diagnostics.count
							    ? document->diagnostics.items[0].span.begin
							    : nowhere.begin);
}

TEST(a_plain_scalar_stands_in_the_file_as_it_is)
{
	struct document document;
	struct sk_yaml_node *node;

	parse(&document, "a: some text # comment\n");
	node = value(&document);
	CHECK_TEXT(node->text.bytes, "some text");
	CHECK(node->text.positions == NULL);
	CHECK_EQUAL(offset_of(&document, &node->text, 0), 3);
	CHECK_EQUAL(node->span.end - node->span.begin, 9);
	release(&document);
}

TEST(folded_and_literal_lines_keep_their_places)
{
	static const char *const texts[] = {
		"a: >\n  first line\n  second one\n",
		"a: >-\n    first line\n\n    second one\n\n\nb: c\n",
		"a: |\n  first\n    indented more\n  last\n",
		"a: |+\n  first\n\n\n",
		"a: | # comment: first\n  first\n",
		"a: >2\n   first\n  second\n",
		"a: first line\n  second one\n\n  third\nb: c\n",
		"a: \"first line\n   second one\"\n",
		"a: 'first line\n\n   second one'\n",
		"a: |\r\n  first\r\n  second\r\n",
		"? a\n: >\n  first\n  second\n",
		"a: !tag &anchor >\n  first\n  second\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct document document;
		struct sk_yaml_node *node;

		parse(&document, texts[i]);
		node = value(&document);
		CHECK(node && is_aligned(&document, &node->text));
		CHECK(node && node->text.bytes[0] == document.file->bytes[offset_of(&document, &node->text, 0)]);
		release(&document);
	}
}

TEST(a_word_of_a_later_line_has_that_line)
{
	struct document document;
	struct sk_yaml_node *node;
	struct sk_place place;

	parse(&document, "a: >\n  one and\n  two and\n  three\n");
	node = value(&document);
	CHECK_TEXT(node->text.bytes, "one and two and three\n");
	place = sk_sources_place(&document.sources, sk_text_position(&node->text, 16));
	CHECK_EQUAL(place.line, 4);
	CHECK_EQUAL(place.column, 3);
	CHECK_EQUAL(sk_sources_place(&document.sources, sk_text_position(&node->text, 8)).line, 3);
	release(&document);
}

TEST(escapes_stand_for_the_bytes_that_they_make)
{
	struct document document;
	struct sk_yaml_node *node;

	parse(&document, "a: \"x\\ty\\u20acz\\x41 \\\n    end\"\n");
	node = value(&document);
	CHECK_TEXT(node->text.bytes, "x\ty\xe2\x82\xac"
				     "zA end");
	CHECK_EQUAL(offset_of(&document, &node->text, 0), 4);
	CHECK_EQUAL(offset_of(&document, &node->text, 1), 5);
	CHECK_EQUAL(offset_of(&document, &node->text, 2), 7);
	/* The three bytes of the euro sign. */
	CHECK_EQUAL(offset_of(&document, &node->text, 3), 8);
	CHECK_EQUAL(offset_of(&document, &node->text, 5), 8);
	CHECK_EQUAL(offset_of(&document, &node->text, 6), 14);
	CHECK_EQUAL(document.file->bytes[offset_of(&document, &node->text, node->text.length - 1)], 'd');
	release(&document);
	parse(&document, "a: 'it''s here'\n");
	node = value(&document);
	CHECK_TEXT(node->text.bytes, "it's here");
	CHECK_EQUAL(offset_of(&document, &node->text, 3), 8);
	CHECK(is_aligned(&document, &node->text));
	release(&document);
}

TEST(characters_of_several_bytes_do_not_shift_places)
{
	struct document document;
	struct sk_yaml_node *node;

	parse(&document, "\xef\xbb\xbf# \xe2\x82\xac\xc3\xa4\nx: \xc3\xa4\xc3\xb6\na: word\n");
	node = value(&document);
	CHECK_TEXT(node->text.bytes, "word");
	CHECK_EQUAL(memcmp(document.file->bytes + offset_of(&document, &node->text, 0), "word", 4), 0);
	release(&document);
}

TEST(tags_are_dropped)
{
	struct document document;

	parse(&document, "a: != after evt.type\n");
	CHECK_TEXT(value(&document)->text.bytes, "after evt.type");
	CHECK(is_aligned(&document, &value(&document)->text));
	release(&document);
	/* libyaml itself refuses a handle that nothing declares. */
	parse(&document, "b: !x!y &z 1\na: &n !a!b text\nc: !q!r [1]\n");
	CHECK_EQUAL(document.result, 0);
	CHECK_TEXT(value(&document)->text.bytes, "text");
	CHECK(is_aligned(&document, &value(&document)->text));
	release(&document);
}

TEST(null_is_plain_and_has_no_tag)
{
	static const struct {
		const char *text;
		bool null;
	} cases[] = {{"a:\n", true},        {"a: ~\n", true},       {"a: null\n", true},
		     {"a: NULL\n", true},   {"a: 'null'\n", false}, {"a: \"\"\n", false},
		     {"a: !!str\n", false}, {"a: nULL\n", false},   {"a: nullx\n", false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct document document;

		parse(&document, cases[i].text);
		CHECK_EQUAL(value(&document)->null, cases[i].null);
		release(&document);
	}
}

TEST(the_first_of_two_equal_keys_counts)
{
	struct document document;

	parse(&document, "a: one\na: two\n");
	CHECK_TEXT(value(&document)->text.bytes, "one");
	release(&document);
}

TEST(aliases_share_what_they_stand_for)
{
	struct document document;
	const struct sk_yaml_node *root;

	parse(&document, "a: &x [1, 2]\nb: *x\nc: [*x, *x]\n");
	CHECK_EQUAL(document.result, 0);
	root = document.stream.documents[0];
	CHECK(sk_yaml_get(root, "b") == sk_yaml_get(root, "a"));
	CHECK_EQUAL(sk_yaml_get(root, "c")->expanded, 7);
	release(&document);
}

TEST(aliases_that_multiply_are_refused)
{
	char text[4096] = "a0: &a0 [x]\n";
	struct document document;

	for (int i = 1; i < 30; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "a%d: &a%d [*a%d, *a%d, *a%d]\n", i, i,
			 i - 1, i - 1, i - 1);
	parse(&document, text);
	CHECK_EQUAL(document.result, -22);
	CHECK(strstr(message(&document), "too many nodes"));
	release(&document);
}

TEST(an_alias_inside_its_anchor_is_refused)
{
	struct document document;

	parse(&document, "a: &x [1, *x]\n");
	CHECK_EQUAL(document.result, -22);
	CHECK_EQUAL(error_place(&document).column, 11);
	release(&document);
	parse(&document, "a: *nothing\n");
	CHECK_EQUAL(document.result, -22);
	CHECK(strstr(hint(&document), "quoted"));
	release(&document);
}

TEST(anchors_end_with_their_document)
{
	struct document document;

	parse(&document, "a: &x 1\n---\nb: *x\n");
	CHECK_EQUAL(document.result, -22);
	CHECK_EQUAL(error_place(&document).line, 3);
	release(&document);
}

TEST(all_documents_of_a_stream_are_read)
{
	struct document document;

	parse(&document, "---\n- a\n---\n---\n- b\n...\n");
	CHECK_EQUAL(document.result, 0);
	CHECK_EQUAL(document.stream.count, 3);
	CHECK(document.stream.documents[1]->null);
	release(&document);
	parse(&document, "");
	CHECK_EQUAL(document.result, 0);
	CHECK_EQUAL(document.stream.count, 0);
	release(&document);
}

TEST(nesting_has_a_limit)
{
	char text[SK_YAML_DEPTH_LIMIT + 8];
	struct document document;

	memset(text, '[', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	parse(&document, text);
	CHECK_EQUAL(document.result, -22);
	CHECK(strstr(message(&document), "nested too deep"));
	release(&document);
}

TEST(a_file_has_a_limit)
{
	size_t size = SK_YAML_SIZE_LIMIT + 1;
	char *text = malloc(size);
	struct document document;

	memset(text, '\n', size);
	parse_bytes(&document, text, size);
	CHECK_EQUAL(document.result, -22);
	CHECK(strstr(message(&document), "16 MiB"));
	release(&document);
	free(text);
}

TEST(syntax_errors_have_a_place_and_say_what_helps)
{
	static const struct {
		const char *text;
		uint32_t line, column;
		const char *hint;
	} cases[] = {
		{"- a: b: c\n", 1, 7, "must be quoted"},
		{"a: b\n\tc: d\n", 2, 1, "blanks"},
		{"a: @x\n", 1, 4, "quoted"},
		{"a: \"never closed\nb: c\n", 1, 4, "never closed"},
		{"a: [b, c\nd: e\n", 2, 2, "must be quoted"},
		{"a: \"\\q\"\n", 1, 5, "backslash"},
		{"a: b\x01\n", 1, 5, "escape"},
		{"\xc3\xa4: b: c\n", 1, 6, "quoted"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct document document;

		parse(&document, cases[i].text);
		CHECK_EQUAL(document.result, -22);
		CHECK_EQUAL(document.diagnostics.errors, 1);
		CHECK_EQUAL(document.diagnostics.items[0].id, SK_DIAGNOSTIC_YAML_PARSE);
		CHECK_EQUAL(error_place(&document).line, cases[i].line);
		CHECK_EQUAL(error_place(&document).column, cases[i].column);
		if (!strstr(hint(&document), cases[i].hint))
			printf("# case %zu: %s, hint: %s\n", i, message(&document), hint(&document));
		CHECK(strstr(hint(&document), cases[i].hint));
		release(&document);
	}
}

TEST_MAIN(RUN(a_plain_scalar_stands_in_the_file_as_it_is) RUN(folded_and_literal_lines_keep_their_places)
		  RUN(a_word_of_a_later_line_has_that_line) RUN(escapes_stand_for_the_bytes_that_they_make) RUN(
			  characters_of_several_bytes_do_not_shift_places) RUN(tags_are_dropped)
			  RUN(null_is_plain_and_has_no_tag) RUN(the_first_of_two_equal_keys_counts) RUN(
				  aliases_share_what_they_stand_for) RUN(aliases_that_multiply_are_refused)
				  RUN(an_alias_inside_its_anchor_is_refused) RUN(anchors_end_with_their_document)
					  RUN(all_documents_of_a_stream_are_read) RUN(nesting_has_a_limit)
						  RUN(a_file_has_a_limit)
							  RUN(syntax_errors_have_a_place_and_say_what_helps))
