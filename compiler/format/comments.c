/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comments of a YAML file: what libyaml's tokens leave out.
 *
 *   - rule: x   # why
 *   ~ ~~~~~~ ~  ......     ~ tokens, . a comment
 *
 * Between two tokens stand white space and comments only, so the first `#`
 * there begins one, which ends with its line.  The one place besides is the
 * header of a block scalar, `> # why`, which is part of its token.
 */
#include <errno.h>
#include <string.h>
#include <yaml.h>

#include "compiler/format/document.h"
#include "vm/support/alloc.h"

struct scan {
	const struct sk_source_file *source;
	struct sk_format_comment *items; /* on the heap while they are being found */
	uint32_t count, capacity;
	bool kept; /* the last token was a block scalar to which the empty lines below it belong */
};

void sk_format_cursor_init(struct sk_format_cursor *cursor, const struct sk_source_file *source)
{
	size_t first = source->size >= 3 && memcmp(source->bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	*cursor = (struct sk_format_cursor){.source = source, .byte = first, .first = first};
}

static bool continues(const struct sk_format_cursor *cursor)
{
	return (cursor->source->bytes[cursor->byte] & 0xc0) == 0x80;
}

size_t sk_format_cursor_byte(struct sk_format_cursor *cursor, size_t character)
{
	size_t size = cursor->source->size;

	for (; cursor->character < character && cursor->byte < size; cursor->character++) {
		cursor->byte++;
		while (cursor->byte < size && continues(cursor))
			cursor->byte++;
	}
	for (; cursor->character > character && cursor->byte > cursor->first; cursor->character--) {
		cursor->byte--;
		while (cursor->byte > cursor->first && continues(cursor))
			cursor->byte--;
	}
	return cursor->byte;
}

size_t sk_format_break(const struct sk_source_file *source, size_t at)
{
	const char *bytes = source->bytes + at;
	size_t left = source->size - at;

	if (left >= 2 && memcmp(bytes, "\r\n", 2) == 0)
		return 2;
	if (left >= 1 && (*bytes == '\n' || *bytes == '\r'))
		return 1;
	return 0;
}

uint32_t sk_format_column(const struct sk_source_file *source, size_t at)
{
	uint32_t low = 0, high = source->line_count;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (source->lines[middle] <= at)
			low = middle;
		else
			high = middle;
	}
	/* A byte order mark takes no column. */
	if (low == 0 && source->size >= 3 && memcmp(source->bytes, "\xef\xbb\xbf", 3) == 0)
		return at > 3 ? (uint32_t)at - 3 : 0;
	return (uint32_t)at - source->lines[low];
}

void sk_format_comments_add(struct sk_format_comments *comments, struct sk_format_comment *comment)
{
	comment->next = NULL;
	if (comments->last)
		comments->last->next = comment;
	else
		comments->first = comment;
	comments->last = comment;
}

static int add(struct scan *scan, const struct sk_format_comment *comment)
{
	if (scan->count == scan->capacity) {
		uint32_t capacity = scan->capacity ? scan->capacity * 2 : 64;
		struct sk_format_comment *grown = sk_realloc_array(scan->items, capacity, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		scan->items = grown;
		scan->capacity = capacity;
	}
	scan->items[scan->count++] = *comment;
	return 0;
}

static bool is_break(char byte)
{
	return byte == '\n' || byte == '\r';
}

/* True if the line above the one that begins at `line` has nothing but white space. */
static bool is_below_empty_line(const char *bytes, size_t line)
{
	size_t at = line - 1;

	if (at > 0 && bytes[at] == '\n' && bytes[at - 1] == '\r')
		at--;
	while (at > 0 && (bytes[at - 1] == ' ' || bytes[at - 1] == '\t'))
		at--;
	return at > 0 && is_break(bytes[at - 1]);
}

/* The comments of bytes begin..end, which hold nothing else but white space. */
static int scan_gap(struct scan *scan, size_t begin, size_t end)
{
	const char *bytes = scan->source->bytes;
	size_t length;
	bool alone = begin == 0 || is_break(bytes[begin - 1]), blank = false;
	bool empty = alone; /* nothing stands in this line so far */

	/* The token of a block scalar has the empty lines below it. */
	if (alone && !scan->kept && begin > 0)
		blank = is_below_empty_line(bytes, begin);
	for (size_t at = begin; at < end;) {
		if ((length = sk_format_break(scan->source, at)) > 0) {
			blank |= empty;
			alone = empty = true;
			at += length;
			continue;
		}
		if (bytes[at] == '#') {
			struct sk_format_comment comment = {.text = bytes + at,
							    .begin = at,
							    .column = sk_format_column(scan->source, at),
							    .alone = alone,
							    .blank_before = alone && blank};

			while (at < scan->source->size && !sk_format_break(scan->source, at))
				at++;
			comment.length = (uint32_t)(at - comment.begin);
			while (strchr(" \t", comment.text[comment.length - 1]))
				comment.length--;
			if (add(scan, &comment) < 0)
				return -ENOMEM;
			blank = empty = false;
			continue;
		}
		at++;
	}
	return 0;
}

/* The comment behind `>`, `|` and what belongs to them. */
static int scan_header(struct scan *scan, size_t begin, size_t end)
{
	size_t at = begin + 1;

	scan->kept = false;
	for (; at < end && strchr("+-0123456789", scan->source->bytes[at]); at++)
		scan->kept |= scan->source->bytes[at] == '+';
	begin = at;
	while (at < end && !sk_format_break(scan->source, at))
		at++;
	return scan_gap(scan, begin, at);
}

static bool is_block(const yaml_token_t *token)
{
	return token->type == YAML_SCALAR_TOKEN && sk_yaml_style_of(token->data.scalar.style) == SK_YAML_BLOCK;
}

static int scan_tokens(struct scan *scan, yaml_parser_t *parser)
{
	struct sk_format_cursor cursor;
	size_t last;
	int result = 0;

	sk_format_cursor_init(&cursor, scan->source);
	last = cursor.first;
	for (bool more = true; more && result == 0;) {
		yaml_token_t token;
		size_t begin, end;

		if (!yaml_parser_scan(parser, &token))
			return parser->error == YAML_MEMORY_ERROR ? -ENOMEM : -EINVAL;
		begin = sk_format_cursor_byte(&cursor, token.start_mark.index);
		end = sk_format_cursor_byte(&cursor, token.end_mark.index);
		/* The end of the file is where its last line begins, comment or not. */
		if (token.type == YAML_STREAM_END_TOKEN)
			begin = end = scan->source->size;
		if (begin > last)
			result = scan_gap(scan, last, begin);
		if (result == 0 && is_block(&token))
			result = scan_header(scan, begin, end);
		else if (end > begin)
			scan->kept = false;
		if (end > last)
			last = end;
		more = token.type != YAML_STREAM_END_TOKEN;
		yaml_token_delete(&token);
	}
	return result;
}

int sk_format_find_comments(const struct sk_source_file *source, struct sk_arena *arena,
			    struct sk_format_comment **ret_comments, uint32_t *ret_count)
{
	struct scan scan = {.source = source};
	struct sk_format_comment *comments;
	struct sk_format_cursor start;
	yaml_parser_t parser;
	int result;

	sk_format_cursor_init(&start, source);
	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)source->bytes + start.first,
				     source->size - start.first);
	result = scan_tokens(&scan, &parser);
	yaml_parser_delete(&parser);
	comments = result == 0 ? sk_arena_alloc(arena, scan.count * sizeof(*comments) + 1) : NULL;
	if (result == 0 && !comments)
		result = -ENOMEM;
	if (result == 0) {
		if (scan.count)
			memcpy(comments, scan.items, scan.count * sizeof(*comments));
		*ret_comments = comments;
		*ret_count = scan.count;
	}
	sk_free(scan.items);
	return result;
}
