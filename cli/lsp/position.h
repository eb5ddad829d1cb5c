/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places in a document as LSP counts them: lines that end with \n, \r\n or \r,
 * and units of an encoding within a line.  A character beyond U+FFFF is two
 * units of UTF-16.
 *
 *   bytes   a  é    😀          units of   UTF-16   a é 😀😀
 *           61 c3 a9 f0 9f 98 80           UTF-8    a éé 😀😀😀😀
 *
 * What is not UTF-8 counts one unit a byte.
 */
#ifndef SK_LSP_POSITION_H
#define SK_LSP_POSITION_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sk_lsp_encoding { SK_LSP_UTF16, SK_LSP_UTF8, SK_LSP_UTF32 };

/* A document's bytes with where its lines begin. */
struct sk_lsp_text {
	char *bytes; /* NUL-terminated; may hold NULs */
	size_t length;
	uint32_t *lines; /* ascending, the first is 0 */
	uint32_t line_count, line_capacity;
};

struct sk_lsp_position {
	uint32_t line, character; /* from 0 */
};

/* Takes a copy of `bytes`; false without memory, and then `text` is as it was. */
bool sk_lsp_text_set(struct sk_lsp_text *text, const char *bytes, size_t length);
void sk_lsp_text_release(struct sk_lsp_text *text);

/* Puts `with` in the place of bytes begin..end; false without memory, and then `text` is as it was. */
bool sk_lsp_text_replace(struct sk_lsp_text *text, size_t begin, size_t end, const char *with, size_t length);

/*
 * The byte at a position.  A character behind the end of its line is that end,
 * one inside a pair of units is the pair's begin, a line behind the last one is
 * the end of the text.
 */
size_t sk_lsp_text_offset(const struct sk_lsp_text *text, struct sk_lsp_position position,
			  enum sk_lsp_encoding encoding);
struct sk_lsp_position sk_lsp_text_position(const struct sk_lsp_text *text, size_t offset,
					    enum sk_lsp_encoding encoding);

/* Where the line of a byte begins. */
size_t sk_lsp_text_line_begin(const struct sk_lsp_text *text, size_t offset);

/* {"line", "character"}, {"start", "end"}; false if it is no such thing. */
bool sk_lsp_position_from_json(const json_t *json, struct sk_lsp_position *ret_position);
json_t *sk_lsp_position_to_json(struct sk_lsp_position position);
json_t *sk_lsp_range_to_json(const struct sk_lsp_text *text, size_t begin, size_t end,
			     enum sk_lsp_encoding encoding);

#endif
