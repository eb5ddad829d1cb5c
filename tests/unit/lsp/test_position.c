/* SPDX-License-Identifier: Apache-2.0 */
/* Lines and units of an encoding, and paths of URIs. */
#include "cli/lsp/position.h"

#include "cli/lsp/uri.h"
#include "tests/test.h"
#include "vm/support/alloc.h"

static struct sk_lsp_text text_of(const char *bytes)
{
	struct sk_lsp_text text = {0};

	CHECK(sk_lsp_text_set(&text, bytes, strlen(bytes)));
	return text;
}

static void holds(const struct sk_lsp_text *text, enum sk_lsp_encoding encoding, size_t offset, uint32_t line,
		  uint32_t character)
{
	struct sk_lsp_position position = sk_lsp_text_position(text, offset, encoding);

	CHECK_EQUAL(position.line, line);
	CHECK_EQUAL(position.character, character);
	CHECK_EQUAL(sk_lsp_text_offset(text, position, encoding), offset);
}

TEST(characters_beyond_the_first_plane_are_two_units_of_utf16)
{
	struct sk_lsp_text text = text_of("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z\nb\n");

	holds(&text, SK_LSP_UTF16, 0, 0, 0);
	holds(&text, SK_LSP_UTF16, 1, 0, 1);
	holds(&text, SK_LSP_UTF16, 3, 0, 2);
	holds(&text, SK_LSP_UTF16, 6, 0, 3);
	holds(&text, SK_LSP_UTF16, 10, 0, 5);
	holds(&text, SK_LSP_UTF16, 11, 0, 6);
	holds(&text, SK_LSP_UTF16, 12, 1, 0);
	holds(&text, SK_LSP_UTF16, 14, 2, 0);
	holds(&text, SK_LSP_UTF8, 10, 0, 10);
	holds(&text, SK_LSP_UTF32, 10, 0, 4);
	sk_lsp_text_release(&text);
}

static size_t offset(const struct sk_lsp_text *text, uint32_t line, uint32_t character)
{
	return sk_lsp_text_offset(text, (struct sk_lsp_position){line, character}, SK_LSP_UTF16);
}

TEST(places_that_are_none_are_the_next_ones_that_are)
{
	struct sk_lsp_text text = text_of("x\xf0\x9f\x98\x80y\r\nnext\rlast");

	CHECK_EQUAL(offset(&text, 0, 2), 1); /* inside the pair */
	CHECK_EQUAL(offset(&text, 0, 3), 5);
	CHECK_EQUAL(offset(&text, 0, 99), 6); /* before \r\n */
	CHECK_EQUAL(offset(&text, 1, 0), 8);
	CHECK_EQUAL(offset(&text, 1, 99), 12); /* before \r */
	CHECK_EQUAL(offset(&text, 2, 2), 15);
	CHECK_EQUAL(offset(&text, 2, 99), 17);
	CHECK_EQUAL(offset(&text, 3, 0), 17);
	CHECK_EQUAL(offset(&text, UINT32_MAX, 0), 17);
	sk_lsp_text_release(&text);
}

TEST(bytes_that_are_no_utf8_count_one_by_one)
{
	struct sk_lsp_text text = text_of("\xff\xe2\x82z\xf0\x9f\x98");

	holds(&text, SK_LSP_UTF16, 1, 0, 1);
	holds(&text, SK_LSP_UTF16, 3, 0, 3);
	holds(&text, SK_LSP_UTF16, 7, 0, 7);
	sk_lsp_text_release(&text);
}

TEST(parts_of_a_text_are_replaced)
{
	struct sk_lsp_text text = text_of("one\ntwo\n");

	CHECK(sk_lsp_text_replace(&text, 4, 7, "2\n\n", 3));
	CHECK_TEXT(text.bytes, "one\n2\n\n\n");
	CHECK_EQUAL(text.line_count, 5);
	CHECK(sk_lsp_text_replace(&text, 8, 8, "end", 3));
	CHECK_TEXT(text.bytes, "one\n2\n\n\nend");
	CHECK(sk_lsp_text_replace(&text, 0, text.length, "", 0));
	CHECK_EQUAL(text.length, 0);
	CHECK_EQUAL(text.line_count, 1);
	sk_lsp_text_release(&text);
}

TEST(positions_of_json_are_whole_and_not_negative)
{
	struct sk_lsp_position position;
	json_t *good = json_pack("{s:i, s:i}", "line", 3, "character", 4), *bad;

	CHECK(sk_lsp_position_from_json(good, &position) && position.line == 3 && position.character == 4);
	bad = json_pack("{s:i, s:i}", "line", -1, "character", 4);
	CHECK(!sk_lsp_position_from_json(bad, &position));
	json_decref(bad);
	bad = json_pack("{s:f, s:i}", "line", 1.5, "character", 4);
	CHECK(!sk_lsp_position_from_json(bad, &position));
	json_decref(bad);
	CHECK(!sk_lsp_position_from_json(NULL, &position));
	json_decref(good);
}

static void path_is(const char *uri, const char *expected)
{
	char *path = sk_lsp_uri_to_path(uri);

	if (expected)
		CHECK_TEXT(path, expected);
	else
		CHECK(path == NULL);
	sk_free(path);
}

TEST(uris_are_paths_however_they_are_escaped)
{
	char *uri = sk_lsp_path_to_uri("/a b/\xc3\xa9%.yaml"), *joined;

	path_is("file:///etc/falco/x.yaml", "/etc/falco/x.yaml");
	path_is("FILE://localhost/x", "/x");
	path_is("file:///a%20b/%C3%A9%25.yaml", "/a b/\xc3\xa9%.yaml");
	path_is("file:///a/../b/./c//d", "/b/c/d");
	path_is("file:///../..", "/");
	path_is("file:///x%zz", "/x%zz");
	path_is("file:///x%00y", NULL);
	path_is("file://host/x", NULL);
	path_is("untitled:x", NULL);
	CHECK_TEXT(uri, "file:///a%20b/%C3%A9%25.yaml");
	path_is(uri, "/a b/\xc3\xa9%.yaml");
	sk_free(uri);
	joined = sk_lsp_path_join("/a/b", "../c.yaml");
	CHECK_TEXT(joined, "/a/c.yaml");
	sk_free(joined);
	joined = sk_lsp_path_join("/a/b", "/d");
	CHECK_TEXT(joined, "/d");
	sk_free(joined);
}

TEST_MAIN(RUN(characters_beyond_the_first_plane_are_two_units_of_utf16)
		  RUN(places_that_are_none_are_the_next_ones_that_are) RUN(bytes_that_are_no_utf8_count_one_by_one)
			  RUN(parts_of_a_text_are_replaced) RUN(positions_of_json_are_whole_and_not_negative)
				  RUN(uris_are_paths_however_they_are_escaped))
