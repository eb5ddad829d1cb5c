/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Diagnostics as a compiler prints them.  A source line is written cell by
 * cell into two rows at once, so that the underline stands right whatever the
 * line holds:
 *
 *   row    condition: proc.nmae = cat     tabs become blanks, bytes that could
 *   marks             ^~~~~~~~~           harm a terminal become '?'
 *
 * Of a long line only a window around the span is shown.
 */
#include <string.h>

#include "grammar/diagnostic.h"

enum {
	TAB_WIDTH = 8,
	WINDOW = 120,     /* cells of a line that are shown */
	WINDOW_LEAD = 40, /* of those, before the span */
};

struct rows {
	struct sk_buffer *row;
	struct sk_buffer marks;
	uint32_t cells;
};

struct style {
	const char *bold, *error, *warning, *note, *mark, *plain;
};

static const struct style colored = {"\033[1m", "\033[1;31m", "\033[1;35m", "\033[36m", "\033[1;32m", "\033[0m"};
static const struct style plain = {"", "", "", "", "", ""};

/*
 * Length of the UTF-8 character at `bytes`, 0 if it is none or should not be
 * printed: control characters, and those that reverse the direction of text.
 */
static uint32_t printable_length(const unsigned char *bytes, uint32_t left)
{
	uint32_t length, point;

	if (bytes[0] < 0x80)
		return bytes[0] >= 0x20 && bytes[0] != 0x7f;
	length = bytes[0] >= 0xf0 && bytes[0] < 0xf5   ? 4
		 : bytes[0] >= 0xe0 && bytes[0] < 0xf0 ? 3
		 : bytes[0] >= 0xc2 && bytes[0] < 0xe0 ? 2
						       : 0;
	if (length == 0 || length > left)
		return 0;
	point = bytes[0] & (0x7fu >> length);
	for (uint32_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (bytes[i] & 0x3f);
	}
	if ((length == 3 && point < 0x800) || (length == 4 && (point < 0x10000 || point > 0x10ffff)))
		return 0;
	if (point < 0xa0 || (point >= 0xd800 && point <= 0xdfff))
		return 0;
	if ((point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
	    (point >= 0x2060 && point <= 0x206f) || point == 0xfeff)
		return 0;
	return length;
}

/* Text of a message or a name, on one line and harmless. */
static void append_harmless(struct sk_buffer *buffer, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		uint32_t length = printable_length((const unsigned char *)text, left > 4 ? 4 : (uint32_t)left);

		if (length)
			sk_buffer_append(buffer, text, length);
		else
			sk_buffer_append_char(buffer, *text == '\n' || *text == '\t' ? ' ' : '?');
		length = length ? length : 1;
		text += length;
		left -= length;
	}
}

static void append_cell(struct rows *rows, const char *bytes, uint32_t length, char mark)
{
	sk_buffer_append(rows->row, bytes, length);
	sk_buffer_append_char(&rows->marks, mark);
	rows->cells++;
}

/* One character of the line at `bytes`; returns how many bytes it is. */
static uint32_t append_character(struct rows *rows, const char *bytes, uint32_t left, char mark)
{
	uint32_t length = printable_length((const unsigned char *)bytes, left);

	if (length) {
		append_cell(rows, bytes, length, mark);
		return length;
	}
	if (*bytes != '\t') {
		append_cell(rows, "?", 1, mark);
		return 1;
	}
	do {
		append_cell(rows, " ", 1, mark);
		if (mark == '^')
			mark = '~';
	} while (rows->cells % TAB_WIDTH);
	return 1;
}

/* First byte of the window: on a character's boundary. */
static uint32_t window_start(const struct sk_place *place)
{
	uint32_t before = place->column - 1, start;

	if (place->line_length <= WINDOW || before <= WINDOW_LEAD)
		return 0;
	start = before - WINDOW_LEAD;
	while (start < before && ((unsigned char)place->line_text[start] & 0xc0) == 0x80)
		start++;
	return start;
}

static void print_line(const struct sk_place *place, uint32_t span_length, const struct style *style,
		       struct sk_buffer *buffer)
{
	struct rows rows = {.row = buffer};
	uint32_t begin = place->column - 1, end = begin + (span_length ? span_length : 1),
		 length = place->line_length;
	uint32_t at = window_start(place);

	if (length && place->line_text[length - 1] == '\r')
		length--;
	sk_buffer_printf(buffer, "%6u | ", place->line);
	if (at)
		for (int i = 0; i < 3; i++)
			append_cell(&rows, ".", 1, ' ');
	while (at < length && rows.cells < WINDOW)
		at += append_character(&rows, place->line_text + at, length - at,
				       at == begin              ? '^'
				       : at > begin && at < end ? '~'
								: ' ');
	if (at < length)
		sk_buffer_append_text(buffer, "...");
	/* A fault at the end of the line, where no byte is. */
	if (begin >= length)
		sk_buffer_append_char(&rows.marks, '^');
	while (rows.marks.length && rows.marks.bytes[rows.marks.length - 1] == ' ')
		rows.marks.length--;
	sk_buffer_printf(buffer, "\n       | %s", style->mark);
	if (rows.marks.length)
		sk_buffer_append(buffer, rows.marks.bytes, rows.marks.length);
	sk_buffer_printf(buffer, "%s\n", style->plain);
	if (rows.marks.failed)
		buffer->failed = true;
	sk_buffer_release(&rows.marks);
}

static void print_note(const char *text, const struct style *style, struct sk_buffer *buffer)
{
	sk_buffer_printf(buffer, "       %s=%s ", style->note, style->plain);
	append_harmless(buffer, text);
}

/* Where the item is that a fault was met in, if that is not where the fault is. */
static void print_context(const struct sk_diagnostics *diagnostics, const struct sk_diagnostic *item,
			  const struct sk_place *place, const struct style *style, struct sk_buffer *buffer)
{
	struct sk_place context = {0};

	print_note(item->context_text, style, buffer);
	if (item->context.begin)
		context = sk_sources_place(diagnostics->sources, item->context.begin);
	if (context.file && (context.file != place->file || context.line != place->line)) {
		sk_buffer_append_text(buffer, ", ");
		append_harmless(buffer, context.file->name);
		sk_buffer_printf(buffer, ":%u", context.line);
	}
	sk_buffer_append_char(buffer, '\n');
}

static void print_item(const struct sk_diagnostics *diagnostics, const struct sk_diagnostic *item,
		       const struct style *style, struct sk_buffer *buffer)
{
	const struct sk_diagnostic_info *info = &sk_diagnostic_infos[item->id];
	struct sk_place place = {0};

	if (item->span.begin)
		place = sk_sources_place(diagnostics->sources, item->span.begin);
	sk_buffer_append_text(buffer, style->bold);
	if (place.file) {
		append_harmless(buffer, place.file->name);
		sk_buffer_printf(buffer, ":%u:%u: ", place.line, place.column);
	}
	sk_buffer_append_text(buffer, style->plain);
	switch (info->severity) {
	case SK_SEVERITY_ERROR:
		sk_buffer_printf(buffer, "%serror:%s ", style->error, style->plain);
		break;
	case SK_SEVERITY_WARNING:
		sk_buffer_printf(buffer, "%swarning:%s ", style->warning, style->plain);
		break;
	}
	append_harmless(buffer, item->message);
	sk_buffer_printf(buffer, " [%s]\n", info->code);
	if (place.file)
		print_line(&place, item->span.end > item->span.begin ? item->span.end - item->span.begin : 0, style,
			   buffer);
	if (item->context_text)
		print_context(diagnostics, item, &place, style, buffer);
	if (item->hint) {
		print_note(item->hint, style, buffer);
		sk_buffer_append_char(buffer, '\n');
	}
}

void sk_diagnostics_print(const struct sk_diagnostics *diagnostics, bool color, struct sk_buffer *buffer)
{
	const struct style *style = color ? &colored : &plain;
	uint64_t all = (uint64_t)diagnostics->errors + diagnostics->warnings;

	for (uint32_t i = 0; i < diagnostics->count; i++)
		print_item(diagnostics, &diagnostics->items[i], style, buffer);
	if (all > diagnostics->count)
		sk_buffer_printf(buffer, "and %llu more\n", (unsigned long long)(all - diagnostics->count));
	if (diagnostics->out_of_memory)
		sk_buffer_append_text(buffer, "error: out of memory\n");
}
