/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scalars: plain, quoted, folded, or as they were.
 *
 * Quotes are dropped where every YAML reader takes the text for a string
 * without them, and single ones become double ones where nothing in them has a
 * meaning of its own.  What cannot be told from its value alone (paragraphs in
 * a block, indentation in it) keeps its lines.
 */
#include "compiler/format/scalar.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "compiler/format/condition.h"

/* --- what a text is ---------------------------------------------------- */

/* Bytes of a character at `at` that YAML does not print or takes for a line break; 0 if it prints. */
static size_t unprintable(const char *text, size_t length, size_t at)
{
	const unsigned char *byte = (const unsigned char *)text + at;
	size_t left = length - at;

	if (*byte < ' ' || *byte == 0x7f)
		return 1;
	if (left >= 2 && byte[0] == 0xc2 && byte[1] < 0xa0)
		return 2;
	if (left >= 3 && (memcmp(byte, "\xe2\x80\xa8", 3) == 0 || memcmp(byte, "\xe2\x80\xa9", 3) == 0 ||
			  memcmp(byte, "\xef\xbb\xbf", 3) == 0))
		return 3;
	return 0;
}

static bool is_printable(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (unprintable(text, length, i))
			return false;
	}
	return true;
}

/* Words that some YAML readers take for something else than text. */
static bool is_reserved(const char *text, size_t length)
{
	static const char *const words[] = {"y",    "n",     "yes",  "no",   "on",  "off",
					    "true", "false", "null", ".inf", ".nan"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strlen(words[i]) == length && strncasecmp(words[i], text, length) == 0)
			return true;
	}
	return false;
}

/* A name or a path: letters first, nothing that YAML or a condition could read otherwise. */
static bool is_name(const char *text, size_t length)
{
	size_t first = length > 1 && *text == '.' ? 1 : 0;

	if (!length || is_reserved(text, length) ||
	    !(isalpha((unsigned char)text[first]) || text[first] == '_' || text[first] == '/'))
		return false;
	for (size_t i = first; i < length; i++) {
		if (!isalnum((unsigned char)text[i]) && !(text[i] && strchr("_./-", text[i])))
			return false;
	}
	return true;
}

bool sk_format_is_plain(const char *text, size_t length)
{
	if (!length || is_reserved(text, length) || text[length - 1] == ' ' || text[length - 1] == ':' ||
	    !(isalpha((unsigned char)*text) || (*text && strchr("_/(", *text))))
		return false;
	for (size_t i = 0; i + 1 < length; i++) {
		if ((text[i] == ':' && text[i + 1] == ' ') || (text[i] == ' ' && text[i + 1] == '#'))
			return false;
	}
	return is_printable(text, length);
}

bool sk_format_can_fold(const char *text, size_t length)
{
	if (length && text[length - 1] == '\n')
		length--;
	return length && *text != ' ' && is_printable(text, length);
}

/* --- on one line ------------------------------------------------------- */

bool sk_format_is_line(const struct sk_format_node *scalar)
{
	return scalar->style != SK_YAML_BLOCK;
}

static void put_escape(const char *bytes, size_t length, struct sk_buffer *buffer)
{
	const unsigned char *byte = (const unsigned char *)bytes;

	if (*byte == '\n')
		sk_buffer_append_text(buffer, "\\n");
	else if (*byte == '\t')
		sk_buffer_append_text(buffer, "\\t");
	else if (length == 1)
		sk_buffer_printf(buffer, "\\x%02x", *byte);
	else if (length == 2)
		sk_buffer_printf(buffer, "\\x%02x", byte[1]);
	else if (*byte == 0xe2)
		sk_buffer_append_text(buffer, byte[2] == 0xa8 ? "\\L" : "\\P");
	else
		sk_buffer_append_text(buffer, "\\uFEFF");
}

static void put_double_quoted(const char *text, size_t length, struct sk_buffer *buffer)
{
	sk_buffer_append_char(buffer, '"');
	for (size_t i = 0; i < length; i++) {
		size_t escaped = unprintable(text, length, i);

		if (escaped) {
			put_escape(text + i, escaped, buffer);
			i += escaped - 1;
			continue;
		}
		if (text[i] == '"' || text[i] == '\\')
			sk_buffer_append_char(buffer, '\\');
		sk_buffer_append_char(buffer, text[i]);
	}
	sk_buffer_append_char(buffer, '"');
}

static void put_single_quoted(const char *text, size_t length, struct sk_buffer *buffer)
{
	sk_buffer_append_char(buffer, '\'');
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\'')
			sk_buffer_append_char(buffer, '\'');
		sk_buffer_append_char(buffer, text[i]);
	}
	sk_buffer_append_char(buffer, '\'');
}

void sk_format_line(const struct sk_format_node *scalar, enum sk_format_place place, struct sk_buffer *buffer)
{
	const char *text = scalar->text;
	size_t length = scalar->length;
	bool printable = is_printable(text, length), bare = false;

	/* A blank even if nothing follows: a tag goes on up to one. */
	if (*scalar->properties)
		sk_buffer_printf(buffer, "%s ", scalar->properties);
	else if (scalar->style != SK_YAML_PLAIN)
		bare = place == SK_FORMAT_PLACE_TEXT ? sk_format_is_plain(text, length) : is_name(text, length);
	if (printable && (bare || scalar->style == SK_YAML_PLAIN))
		sk_buffer_append(buffer, text, length);
	else if (printable && scalar->style == SK_YAML_SINGLE_QUOTED &&
		 (memchr(text, '"', length) || memchr(text, '\\', length)))
		put_single_quoted(text, length, buffer);
	else
		put_double_quoted(text, length, buffer);
}

/* --- on several lines -------------------------------------------------- */

static void put_header(const char *header, const char *comment, size_t comment_length, struct sk_buffer *buffer)
{
	sk_buffer_append_text(buffer, header);
	if (comment) {
		sk_buffer_append_text(buffer, "  ");
		sk_buffer_append(buffer, comment, comment_length);
	}
}

void sk_format_fold(const char *text, size_t length, uint32_t indent, uint32_t width, struct sk_buffer *buffer,
		    const char *comment, size_t comment_length)
{
	bool line_end = length && text[length - 1] == '\n';
	size_t end = length - line_end, line = 0, space = 0;
	uint32_t column = indent;

	put_header(line_end ? ">" : ">-", comment, comment_length, buffer);
	sk_buffer_printf(buffer, "\n%*s", (int)indent, "");
	/* `space` is the last one of this line that a break can stand for: one alone between words. */
	for (size_t i = 0; i < end; i++) {
		if (text[i] == ' ' && i > line && i + 1 < end && text[i - 1] != ' ' && text[i + 1] != ' ')
			space = i;
		column += (text[i] & 0xc0) != 0x80;
		if (column > width && space > line) {
			sk_buffer_append(buffer, text + line, space - line);
			sk_buffer_printf(buffer, "\n%*s", (int)indent, "");
			line = space + 1;
			column = indent + sk_format_width(text + line, i + 1 > line ? i + 1 - line : 0);
		}
	}
	sk_buffer_append(buffer, text + line, end - line);
}

/* One line of a block scalar in the file. */
struct block_line {
	size_t begin, end; /* without its indentation and its break */
	size_t next;
	uint32_t spaces; /* before anything else */
};

static struct block_line read_line(const struct sk_source_file *source, size_t at, size_t limit)
{
	struct block_line line = {.begin = at};

	while (at < limit && source->bytes[at] == ' ')
		at++;
	line.spaces = (uint32_t)(at - line.begin);
	while (at < limit && !sk_format_break(source, at))
		at++;
	line.end = at;
	line.next = at < limit ? at + sk_format_break(source, at) : limit;
	return line;
}

/* How far the lines of a block scalar are indented: as libyaml finds it out. */
static uint32_t find_indentation(const struct sk_source_file *source, size_t at, size_t limit)
{
	uint32_t most = 0;

	while (at < limit) {
		struct block_line line = read_line(source, at, limit);

		if (line.spaces > most)
			most = line.spaces;
		if (line.begin + line.spaces < line.end)
			break;
		at = line.next;
	}
	return most;
}

void sk_format_block(const struct sk_source_file *source, const struct sk_format_node *scalar,
		     uint32_t parent_column, uint32_t indent, const char *comment, size_t comment_length,
		     struct sk_buffer *buffer, bool *ret_kept)
{
	size_t at = scalar->begin + 1, limit = scalar->end;
	uint32_t indentation = 0, empty = 0;
	bool kept = false, explicit = false;
	char header[4] = {scalar->literal ? '|' : '>'};

	for (; at < limit && source->bytes[at] && strchr("+-0123456789", source->bytes[at]); at++) {
		kept |= source->bytes[at] == '+';
		if (isdigit((unsigned char)source->bytes[at]))
			indentation = parent_column + (uint32_t)(source->bytes[at] - '0');
		else
			header[1] = source->bytes[at];
	}
	at = read_line(source, at, limit).next;
	if (!indentation)
		indentation = find_indentation(source, at, limit);
	/* Without a line break at the end of the file there is none in the value either. */
	if (!scalar->length || scalar->text[scalar->length - 1] != '\n') {
		header[1] = '-';
		kept = false;
	}
	for (size_t next = at; next < limit;) {
		struct block_line line = read_line(source, next, limit);
		size_t begin = line.begin + (line.spaces < indentation ? line.spaces : indentation);

		if (begin < line.end && (source->bytes[begin] == ' ' || source->bytes[begin] == '\t'))
			explicit = true;
		if (line.begin + line.spaces < line.end)
			break;
		next = line.next;
	}
	if (explicit)
		header[strlen(header)] = '2';
	put_header(header, comment, comment_length, buffer);
	while (at < limit) {
		struct block_line line = read_line(source, at, limit);
		size_t begin = line.begin + (line.spaces < indentation ? line.spaces : indentation);

		at = line.next;
		if (begin == line.end) {
			empty++;
			continue;
		}
		for (uint32_t i = 0; i < empty + 1; i++)
			sk_buffer_append_char(buffer, '\n');
		empty = 0;
		sk_buffer_printf(buffer, "%*s", (int)indent, "");
		sk_buffer_append(buffer, source->bytes + begin, line.end - begin);
	}
	for (uint32_t i = 0; kept && i < empty; i++)
		sk_buffer_append_char(buffer, '\n');
	*ret_kept = kept;
}
