/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alignment of decoded YAML scalars with the file.
 *
 *   file      condition: >            decoded   "a.b exists and c"
 *               a.b exists and            │            │
 *               c                         └ line 2     └ line 3
 *
 * libyaml says where a scalar begins and ends, not where each byte of its
 * value came from.  Decoding changes little, and in known ways: line breaks
 * fold, indentation goes, quotes have escapes.  So both texts are walked side
 * by side: what is not white space follows in the same order in both; a run of
 * white space in one stands for a run in the other; an escape stands for the
 * bytes it makes.
 *
 * Invariant: positions never leave begin..end of the scalar and never go
 * backwards; a byte that is not white space and was not escaped has the
 * position of an equal byte.
 */
#include <errno.h>
#include <string.h>

#include "compiler/yaml.h"
#include "vm/support/hex.h"

struct walk {
	const char *bytes; /* of the file */
	size_t at, end;
	const char *decoded;
	size_t length;
	sk_position first;
	sk_position *positions; /* one a decoded byte */
	size_t done;            /* decoded bytes with a position */
};

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

static bool is_white(char byte)
{
	return is_blank(byte) || byte == '\n' || byte == '\r';
}

static size_t skip_white(const struct walk *walk, size_t at)
{
	while (at < walk->end && is_white(walk->bytes[at]))
		at++;
	return at;
}

/* Gives the next `count` decoded bytes the file's bytes at..end of a run, the last one to all that are left. */
static void assign_run(struct walk *walk, size_t count, size_t at, size_t run_end)
{
	while (count-- && walk->done < walk->length) {
		walk->positions[walk->done++] = walk->first + (sk_position)at;
		if (at + 1 < run_end)
			at++;
	}
}

/* Tags and anchors stand before the value, with white space and comments between. */
static size_t skip_properties(const struct walk *walk)
{
	size_t at = walk->at;

	while (at < walk->end && (walk->bytes[at] == '!' || walk->bytes[at] == '&')) {
		while (at < walk->end && !is_white(walk->bytes[at]))
			at++;
		at = skip_white(walk, at);
		while (at < walk->end && walk->bytes[at] == '#') {
			while (at < walk->end && walk->bytes[at] != '\n')
				at++;
			at = skip_white(walk, at);
		}
	}
	return at;
}

/* How many decoded bytes a run of white space in a plain or quoted scalar stands for. */
static size_t folded_length(const struct walk *walk, size_t at, size_t run_end)
{
	size_t breaks = 0;

	for (size_t i = at; i < run_end; i++) {
		if (walk->bytes[i] == '\n' || (walk->bytes[i] == '\r' && walk->bytes[i + 1] != '\n'))
			breaks++;
	}
	if (!breaks)
		return run_end - at;
	return breaks == 1 ? 1 : breaks - 1;
}

static size_t utf8_length(uint32_t code)
{
	return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

/* An escape of a double-quoted scalar: its length, and how many bytes it makes. */
static size_t measure_escape(const struct walk *walk, size_t *ret_made)
{
	char kind = walk->at + 1 < walk->end ? walk->bytes[walk->at + 1] : '\\';
	size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
	uint32_t code = 0;

	for (size_t i = 0; i < digits; i++) {
		size_t at = walk->at + 2 + i;
		int value = at < walk->end ? sk_hex_digit(walk->bytes[at]) : -1;

		if (value < 0)
			break;
		code = code << 4 | (uint32_t)value;
	}
	if (digits)
		*ret_made = utf8_length(code);
	else if (kind == 'N' || kind == '_')
		*ret_made = 2; /* U+0085, U+00A0 */
	else if (kind == 'L' || kind == 'P')
		*ret_made = 3; /* U+2028, U+2029 */
	else
		*ret_made = 1;
	return 2 + digits;
}

/* A backslash before a line break joins the lines; further empty lines count. */
static bool skip_joined_line(struct walk *walk)
{
	size_t after = walk->at + 1, run_end, breaks = 0;

	if (after >= walk->end || (walk->bytes[after] != '\n' && walk->bytes[after] != '\r'))
		return false;
	after += walk->bytes[after] == '\r' && walk->bytes[after + 1] == '\n' ? 2 : 1;
	run_end = skip_white(walk, after);
	for (size_t i = after; i < run_end; i++)
		breaks += walk->bytes[i] == '\n';
	assign_run(walk, breaks, after, run_end);
	walk->at = run_end;
	return true;
}

/* One byte that is itself in both texts; resynchronises if it is not. */
static void step_byte(struct walk *walk)
{
	char byte = walk->decoded[walk->done];

	if (walk->at < walk->end && walk->bytes[walk->at] != byte) {
		const char *found = memchr(walk->bytes + walk->at, byte, walk->end - walk->at);

		if (found)
			walk->at = (size_t)(found - walk->bytes);
	}
	assign_run(walk, 1, walk->at < walk->end ? walk->at : walk->end - 1, walk->end);
	if (walk->at < walk->end)
		walk->at++;
}

static void walk_flow(struct walk *walk, enum sk_yaml_style style)
{
	if (style != SK_YAML_PLAIN)
		walk->at++; /* the quote */
	while (walk->done < walk->length) {
		char byte = walk->at < walk->end ? walk->bytes[walk->at] : '\0';

		if (walk->at < walk->end && is_white(byte)) {
			size_t run_end = skip_white(walk, walk->at);

			assign_run(walk, folded_length(walk, walk->at, run_end), walk->at, run_end);
			walk->at = run_end;
		} else if (style == SK_YAML_DOUBLE_QUOTED && byte == '\\') {
			size_t made, length;

			if (skip_joined_line(walk))
				continue;
			length = measure_escape(walk, &made);
			for (size_t i = 0; i < made; i++)
				assign_run(walk, 1, walk->at, walk->at + 1);
			walk->at += length;
		} else {
			bool doubled = style == SK_YAML_SINGLE_QUOTED && byte == '\'';

			step_byte(walk);
			walk->at += doubled;
		}
	}
}

static void walk_block(struct walk *walk)
{
	/* The header: | or >, indicators, a comment. */
	while (walk->at < walk->end && walk->bytes[walk->at] != '\n')
		walk->at++;
	if (walk->at < walk->end)
		walk->at++;
	while (walk->done < walk->length) {
		size_t white = walk->done, run_end = skip_white(walk, walk->at);
		size_t from = walk->at, count;

		while (white < walk->length && is_white(walk->decoded[white]))
			white++;
		count = white - walk->done;
		/* Of a run that includes indentation, the bytes before the next word count. */
		if (white < walk->length && run_end - from > count && count && walk->decoded[white - 1] != '\n' &&
		    memchr(walk->decoded + walk->done, '\n', count))
			from = run_end - count;
		if (count)
			assign_run(walk, count, from < walk->end ? from : walk->end - 1,
				   run_end > from ? run_end : from + 1);
		walk->at = run_end;
		if (walk->done < walk->length)
			step_byte(walk);
	}
}

int sk_yaml_align(const struct sk_source_file *file, size_t begin, size_t end, enum sk_yaml_style style,
		  const char *decoded, size_t length, struct sk_arena *arena, struct sk_text *ret_text)
{
	struct walk walk = {.bytes = file->bytes, .at = begin, .end = end, .decoded = decoded, .length = length};
	struct sk_text text = {.length = (uint32_t)length};
	size_t inner;

	text.bytes = sk_arena_copy(arena, decoded, length);
	if (!text.bytes)
		return -ENOMEM;
	walk.first = file->first;
	walk.at = skip_properties(&walk);
	inner = walk.at + (style == SK_YAML_SINGLE_QUOTED || style == SK_YAML_DOUBLE_QUOTED);
	text.first = file->first + (sk_position)(inner < end ? inner : begin);
	/* Most scalars stand in the file as they are. */
	if (style != SK_YAML_BLOCK && inner <= end && length <= end - inner &&
	    memcmp(file->bytes + inner, decoded, length) == 0) {
		*ret_text = text;
		return 0;
	}
	if (begin >= end) {
		*ret_text = text;
		return 0;
	}
	walk.positions = sk_arena_alloc(arena, length * sizeof(*walk.positions));
	if (!walk.positions)
		return -ENOMEM;
	if (style == SK_YAML_BLOCK)
		walk_block(&walk);
	else
		walk_flow(&walk, style);
	text.positions = walk.positions;
	*ret_text = text;
	return 0;
}
