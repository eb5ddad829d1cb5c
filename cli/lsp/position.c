/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lsp/position.h"

#include <string.h>

#include "vm/support/alloc.h"

/* --- lines ------------------------------------------------------------- */

static bool add_line(struct sk_lsp_text *text, size_t begin)
{
	if (text->line_count == text->line_capacity) {
		uint32_t capacity = text->line_capacity ? text->line_capacity * 2 : 256;
		uint32_t *lines = sk_realloc_array(text->lines, capacity, sizeof(*lines));

		if (!lines)
			return false;
		text->lines = lines;
		text->line_capacity = capacity;
	}
	text->lines[text->line_count++] = (uint32_t)begin;
	return true;
}

/* Finds all lines anew: a few microseconds for a pack. */
static bool find_lines(struct sk_lsp_text *text)
{
	text->line_count = 0;
	if (!add_line(text, 0))
		return false;
	for (size_t i = 0; i < text->length; i++) {
		char byte = text->bytes[i];

		if ((byte == '\n' || (byte == '\r' && text->bytes[i + 1] != '\n')) && !add_line(text, i + 1))
			return false;
	}
	return true;
}

static bool take(struct sk_lsp_text *text, char *bytes, size_t length)
{
	struct sk_lsp_text taken = {.bytes = bytes, .length = length};

	if (!find_lines(&taken)) {
		sk_lsp_text_release(&taken);
		return false;
	}
	sk_lsp_text_release(text);
	*text = taken;
	return true;
}

bool sk_lsp_text_set(struct sk_lsp_text *text, const char *bytes, size_t length)
{
	return sk_lsp_text_replace(text, 0, text->length, bytes, length);
}

void sk_lsp_text_release(struct sk_lsp_text *text)
{
	sk_free(text->bytes);
	sk_free(text->lines);
	*text = (struct sk_lsp_text){0};
}

bool sk_lsp_text_replace(struct sk_lsp_text *text, size_t begin, size_t end, const char *with, size_t length)
{
	size_t rest = text->length - end;
	char *bytes;

	if (length > UINT32_MAX / 4 || begin + rest > UINT32_MAX / 4)
		return false;
	bytes = sk_alloc(begin + length + rest + 1);
	if (!bytes)
		return false;
	if (begin)
		memcpy(bytes, text->bytes, begin);
	if (length)
		memcpy(bytes + begin, with, length);
	if (rest)
		memcpy(bytes + begin + length, text->bytes + end, rest);
	bytes[begin + length + rest] = '\0';
	return take(text, bytes, begin + length + rest);
}

static uint32_t line_of(const struct sk_lsp_text *text, size_t offset)
{
	uint32_t low = 0, high = text->line_count;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (text->lines[middle] <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* The end of a line, without what ends it. */
static size_t line_end(const struct sk_lsp_text *text, uint32_t line)
{
	size_t begin = text->lines[line];
	size_t end = line + 1 < text->line_count ? text->lines[line + 1] : text->length;

	if (line + 1 == text->line_count)
		return end;
	if (end > begin && text->bytes[end - 1] == '\n')
		end--;
	if (end > begin && text->bytes[end - 1] == '\r')
		end--;
	return end;
}

size_t sk_lsp_text_line_begin(const struct sk_lsp_text *text, size_t offset)
{
	return text->line_count ? text->lines[line_of(text, offset)] : 0;
}

/* --- units ------------------------------------------------------------- */

/* Bytes of the character at `at`, and its units; a byte of its own if it is not UTF-8. */
static size_t character_at(const char *bytes, size_t at, size_t end, enum sk_lsp_encoding encoding,
			   uint32_t *ret_units)
{
	unsigned char first = (unsigned char)bytes[at];
	size_t length = first < 0x80                    ? 1
			: first >= 0xc2 && first < 0xe0 ? 2
			: first >= 0xe0 && first < 0xf0 ? 3
			: first >= 0xf0 && first < 0xf5 ? 4
							: 1;

	if (length > end - at)
		length = 1;
	for (size_t i = 1; i < length; i++) {
		if ((bytes[at + i] & 0xc0) != 0x80)
			length = 1;
	}
	*ret_units = encoding == SK_LSP_UTF8 ? (uint32_t)length : encoding == SK_LSP_UTF16 && length == 4 ? 2 : 1;
	return length;
}

size_t sk_lsp_text_offset(const struct sk_lsp_text *text, struct sk_lsp_position position,
			  enum sk_lsp_encoding encoding)
{
	uint32_t left = position.character, units;
	size_t at, end;

	if (position.line >= text->line_count)
		return text->length;
	at = text->lines[position.line];
	end = line_end(text, position.line);
	while (at < end && left) {
		size_t length = character_at(text->bytes, at, end, encoding, &units);

		if (units > left)
			break;
		left -= units;
		at += length;
	}
	return at;
}

struct sk_lsp_position sk_lsp_text_position(const struct sk_lsp_text *text, size_t offset,
					    enum sk_lsp_encoding encoding)
{
	struct sk_lsp_position position = {0};
	size_t at, end;
	uint32_t units;

	if (!text->line_count)
		return position;
	if (offset > text->length)
		offset = text->length;
	position.line = line_of(text, offset);
	at = text->lines[position.line];
	end = line_end(text, position.line);
	while (at < end && at < offset) {
		size_t length = character_at(text->bytes, at, end, encoding, &units);

		if (at + length > offset)
			break;
		at += length;
		position.character += units;
	}
	return position;
}

/* --- JSON -------------------------------------------------------------- */

static bool number_from_json(const json_t *json, uint32_t *ret_number)
{
	json_int_t value = json_integer_value(json);

	if (!json_is_integer(json) || value < 0)
		return false;
	*ret_number = value > INT32_MAX ? INT32_MAX : (uint32_t)value;
	return true;
}

bool sk_lsp_position_from_json(const json_t *json, struct sk_lsp_position *ret_position)
{
	struct sk_lsp_position position;

	if (!number_from_json(json_object_get(json, "line"), &position.line) ||
	    !number_from_json(json_object_get(json, "character"), &position.character))
		return false;
	*ret_position = position;
	return true;
}

json_t *sk_lsp_position_to_json(struct sk_lsp_position position)
{
	return json_pack("{s:I, s:I}", "line", (json_int_t)position.line, "character",
			 (json_int_t)position.character);
}

json_t *sk_lsp_range_to_json(const struct sk_lsp_text *text, size_t begin, size_t end,
			     enum sk_lsp_encoding encoding)
{
	return json_pack("{s:o, s:o}", "start",
			 sk_lsp_position_to_json(sk_lsp_text_position(text, begin, encoding)), "end",
			 sk_lsp_position_to_json(sk_lsp_text_position(text, end, encoding)));
}
