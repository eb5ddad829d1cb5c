/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comments that allow findings:
 *
 *   # saker: allow never-matches because sites fill in the list     above what it is about,
 *   - rule: Launch Disallowed Container
 *   ...
 *     items: [a_name_that_is_long]  # saker: allow name-too-long because tests   or behind it
 *
 * A comment is about the line that it stands on, or else the next line that
 * holds something, and all lines behind that are indented deeper: an item, a
 * key with its value, or one element of a list.
 *
 * Comments are no tokens of YAML.  A `#` is one where no scalar is: the scalars
 * of a file are asked of the YAML scanner, if the file has the word at all.
 */
#include <errno.h>
#include <string.h>
#include <yaml.h>

#include "compiler/lint/lint_private.h"
#include "compiler/yaml.h"

static const char mark[] = "saker:";

enum { CODES_LIMIT = 16 };

/* A comment; lines count from 0. */
struct allowance {
	const struct sk_source_file *file;
	uint32_t first_line, last_line; /* that it is about; first > last: none */
	const char *reason;
	struct {
		enum sk_diagnostic_id id;
		struct sk_span span;
		bool used;
	} codes[CODES_LIMIT];
	uint32_t code_count;
};

struct allowances {
	struct sk_diagnostics *diagnostics;
	struct allowance *items;
	uint32_t count, capacity;
};

/* --- scalars ------------------------------------------------------------- */

/* Where scalars are, in lines and characters as libyaml counts them. */
struct scalar {
	uint32_t first_line, first_column, last_line, last_column;
	bool block;
};

struct scalars {
	struct scalar *items;
	uint32_t count, capacity;
};

static bool add_scalar(struct scalars *scalars, const yaml_token_t *token, struct sk_arena *arena)
{
	if (scalars->count == scalars->capacity) {
		uint32_t capacity = scalars->capacity ? scalars->capacity * 2 : 256;
		struct scalar *items = sk_arena_alloc_zeroed(arena, capacity, sizeof(*items));

		if (!items)
			return false;
		if (scalars->count)
			memcpy(items, scalars->items, scalars->count * sizeof(*items));
		scalars->items = items;
		scalars->capacity = capacity;
	}
	scalars->items[scalars->count++] =
		(struct scalar){(uint32_t)token->start_mark.line, (uint32_t)token->start_mark.column,
				(uint32_t)token->end_mark.line, (uint32_t)token->end_mark.column,
				sk_yaml_style_of(token->data.scalar.style) == SK_YAML_BLOCK};
	return true;
}

static int scan(const struct sk_source_file *file, struct sk_arena *arena, struct scalars *ret_scalars)
{
	yaml_parser_t parser;
	yaml_token_t token;
	bool end = false;
	int result = 0;

	*ret_scalars = (struct scalars){0};
	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&parser, (const unsigned char *)file->bytes, file->size);
	while (!end && result == 0) {
		/* The file was parsed before: only memory can make it fail now. */
		if (!yaml_parser_scan(&parser, &token)) {
			result = parser.error == YAML_MEMORY_ERROR ? -ENOMEM : 0;
			break;
		}
		end = token.type == YAML_STREAM_END_TOKEN;
		if (token.type == YAML_SCALAR_TOKEN && !add_scalar(ret_scalars, &token, arena))
			result = -ENOMEM;
		yaml_token_delete(&token);
	}
	yaml_parser_delete(&parser);
	return result;
}

static bool is_before(uint32_t line, uint32_t column, uint32_t other_line, uint32_t other_column)
{
	return line < other_line || (line == other_line && column < other_column);
}

/* Scalars ascend and do not overlap. */
static bool is_in_scalar(const struct scalars *scalars, uint32_t line, uint32_t column)
{
	uint32_t low = 0, high = scalars->count;
	const struct scalar *scalar;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		scalar = &scalars->items[middle];
		if (is_before(line, column, scalar->first_line, scalar->first_column))
			high = middle;
		else
			low = middle + 1;
	}
	if (!low)
		return false;
	scalar = &scalars->items[low - 1];
	/* Behind the > or | that begins a block there may be a comment. */
	if (scalar->block && line == scalar->first_line)
		return false;
	return is_before(line, column, scalar->last_line, scalar->last_column);
}

/* --- lines --------------------------------------------------------------- */

static const char *line_of(const struct sk_source_file *file, uint32_t line, uint32_t *ret_length)
{
	const uint32_t begin = file->lines[line];
	const uint32_t end = line + 1 < file->line_count ? file->lines[line + 1] : (uint32_t)file->size;

	*ret_length = end - begin;
	return file->bytes + begin;
}

static uint32_t indentation(const char *text, uint32_t length)
{
	uint32_t indent = 0;

	while (indent < length && text[indent] == ' ')
		indent++;
	return indent;
}

/* True if the line holds more than blanks and a comment. */
static bool holds_something(const char *text, uint32_t length)
{
	uint32_t at = 0;

	while (at < length && memchr(" \t\r\n", text[at], 4))
		at++;
	return at < length && text[at] != '#';
}

static bool line_holds_something(const struct sk_source_file *file, uint32_t line)
{
	uint32_t length;
	const char *text = line_of(file, line, &length);

	return holds_something(text, length);
}

static void find_lines(struct allowance *allowance, uint32_t line, bool behind)
{
	const struct sk_source_file *file = allowance->file;
	uint32_t length, indent;
	const char *text;

	if (!behind) {
		do
			line++;
		while (line < file->line_count && !line_holds_something(file, line));
	}
	allowance->first_line = line;
	allowance->last_line = 0;
	if (line >= file->line_count) {
		allowance->first_line = UINT32_MAX;
		return;
	}
	text = line_of(file, line, &length);
	indent = indentation(text, length);
	allowance->last_line = line;
	for (uint32_t next = line + 1; next < file->line_count; next++) {
		text = line_of(file, next, &length);
		if (!holds_something(text, length))
			continue;
		if (indentation(text, length) <= indent)
			break;
		allowance->last_line = next;
	}
}

/* --- comments ------------------------------------------------------------ */

struct words {
	const struct sk_source_file *file;
	const char *at, *end;
};

static struct sk_span span_of(const struct sk_source_file *file, const char *begin, const char *end)
{
	const sk_position first = file->first + (sk_position)(begin - file->bytes);

	return (struct sk_span){first, first + (sk_position)(end - begin)};
}

/* The next word, which blanks and commas end; false at the end of the line. */
static bool next_word(struct words *words, const char **ret_word, uint32_t *ret_length)
{
	while (words->at < words->end && memchr(" \t\r\n,", *words->at, 5))
		words->at++;
	*ret_word = words->at;
	while (words->at < words->end && !memchr(" \t\r\n,", *words->at, 5))
		words->at++;
	*ret_length = (uint32_t)(words->at - *ret_word);
	return *ret_length > 0;
}

static bool is_word(const char *word, uint32_t length, const char *expected)
{
	return strlen(expected) == length && memcmp(word, expected, length) == 0;
}

static bool can_be_allowed(uint32_t id)
{
	return sk_diagnostic_infos[id].severity == SK_SEVERITY_WARNING && id != SK_DIAGNOSTIC_ALLOW_FAULTY &&
	       id != SK_DIAGNOSTIC_ALLOW_UNUSED;
}

static const char *next_code(void *state)
{
	uint32_t *next = state;

	while (*next < SK_DIAGNOSTIC_COUNT && !can_be_allowed(*next))
		++*next;
	return *next < SK_DIAGNOSTIC_COUNT ? sk_diagnostic_infos[(*next)++].code : NULL;
}

static void complain(struct allowances *allowances, struct sk_span span, const char *hint, const char *message)
{
	sk_diagnostics_add(allowances->diagnostics, SK_DIAGNOSTIC_ALLOW_FAULTY, span,
			   hint ? hint : "write `# saker: allow CODE because REASON`", "%s", message);
}

static bool add_code(struct allowances *allowances, struct allowance *allowance, const char *word, uint32_t length)
{
	const struct sk_span span = span_of(allowance->file, word, word + length);
	struct sk_arena *arena = allowances->diagnostics->arena;
	const char *close;
	uint32_t state = 0;

	for (uint32_t id = 0; id < SK_DIAGNOSTIC_COUNT; id++) {
		if (!is_word(word, length, sk_diagnostic_infos[id].code))
			continue;
		if (!can_be_allowed(id)) {
			complain(allowances, span, "only warnings can be allowed", "this cannot be allowed");
			return false;
		}
		if (allowance->code_count == CODES_LIMIT) {
			complain(allowances, span, "write several comments", "too many codes in one comment");
			return false;
		}
		allowance->codes[allowance->code_count].id = (enum sk_diagnostic_id)id;
		allowance->codes[allowance->code_count++].span = span;
		return true;
	}
	close = sk_suggest(word, length, next_code, &state);
	complain(allowances, span, close ? sk_arena_printf(arena, "did you mean '%s'?", close) : NULL,
		 sk_arena_printf(arena, "there is no warning '%.*s'", (int)length, word));
	return false;
}

/* Reads what follows the mark.  False: it allows nothing, which was said. */
static bool read_comment(struct allowances *allowances, struct allowance *allowance, struct words words,
			 struct sk_span whole)
{
	struct sk_arena *arena = allowances->diagnostics->arena;
	const char *word;
	uint32_t length;

	if (!next_word(&words, &word, &length) || !is_word(word, length, "allow")) {
		complain(allowances, whole, NULL, "this comment is addressed to saker, but says nothing it knows");
		return false;
	}
	while (next_word(&words, &word, &length) && !is_word(word, length, "because")) {
		if (!add_code(allowances, allowance, word, length))
			return false;
	}
	if (!allowance->code_count) {
		complain(allowances, whole, NULL, "the comment does not say what it allows");
		return false;
	}
	if (!length || !next_word(&words, &word, &length)) {
		complain(allowances, whole, "say why: `because REASON`", "the comment gives no reason");
		return false;
	}
	while (words.end > word && memchr(" \t\r\n", words.end[-1], 4))
		words.end--;
	allowance->reason = sk_arena_copy(arena, word, (size_t)(words.end - word));
	return allowance->reason != NULL;
}

static struct allowance *new_allowance(struct allowances *allowances)
{
	if (allowances->count == allowances->capacity) {
		uint32_t capacity = allowances->capacity ? allowances->capacity * 2 : 16;
		struct allowance *items =
			sk_arena_alloc_zeroed(allowances->diagnostics->arena, capacity, sizeof(*items));

		if (!items)
			return NULL;
		if (allowances->count)
			memcpy(items, allowances->items, allowances->count * sizeof(*items));
		allowances->items = items;
		allowances->capacity = capacity;
	}
	return &allowances->items[allowances->count];
}

static uint32_t characters(const char *text, uint32_t length)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < length; i++)
		count += ((unsigned char)text[i] & 0xc0) != 0x80;
	return count;
}

/* Where a comment of this line begins that is addressed to us; `length` without one. */
static uint32_t find_mark(const struct scalars *scalars, const char *text, uint32_t length, uint32_t line,
			  uint32_t *ret_words)
{
	for (uint32_t at = 0; at < length; at++) {
		uint32_t word = at + 1;

		if (text[at] != '#' || (at && text[at - 1] != ' ' && text[at - 1] != '\t') ||
		    is_in_scalar(scalars, line, characters(text, at)))
			continue;
		while (word < length && (text[word] == ' ' || text[word] == '\t'))
			word++;
		if (length - word < sizeof(mark) - 1 || memcmp(text + word, mark, sizeof(mark) - 1) != 0)
			return length;
		*ret_words = word + (uint32_t)sizeof(mark) - 1;
		return at;
	}
	return length;
}

static int read_file(struct allowances *allowances, const struct sk_source_file *file)
{
	struct scalars scalars;
	int error;

	if (!memmem(file->bytes, file->size, mark, sizeof(mark) - 1))
		return 0;
	error = scan(file, allowances->diagnostics->arena, &scalars);
	if (error < 0)
		return error;
	for (uint32_t line = 0; line < file->line_count; line++) {
		uint32_t length, at, words;
		const char *text = line_of(file, line, &length), *end = text + length;
		struct allowance *allowance;

		if (!memmem(text, length, mark, sizeof(mark) - 1))
			continue;
		at = find_mark(&scalars, text, length, line, &words);
		if (at == length)
			continue;
		allowance = new_allowance(allowances);
		if (!allowance)
			return -ENOMEM;
		*allowance = (struct allowance){.file = file};
		while (end > text && memchr("\r\n", end[-1], 2))
			end--;
		if (!read_comment(allowances, allowance, (struct words){file, text + words, end},
				  span_of(file, text + at, end)))
			continue;
		find_lines(allowance, line, holds_something(text, at));
		allowances->count++;
	}
	return 0;
}

/* --- taking out ---------------------------------------------------------- */

/* The comment that allows it; NULL without one. */
static const struct allowance *find_allowance(struct allowances *allowances, const struct sk_diagnostic *item)
{
	const struct sk_place place = sk_sources_place(allowances->diagnostics->sources, item->span.begin);
	const struct allowance *found = NULL;

	if (!item->span.begin || !place.file || !can_be_allowed(item->id))
		return NULL;
	for (uint32_t i = 0; i < allowances->count; i++) {
		struct allowance *allowance = &allowances->items[i];

		if (allowance->file->first != place.file->first || place.line - 1 < allowance->first_line ||
		    place.line - 1 > allowance->last_line)
			continue;
		for (uint32_t k = 0; k < allowance->code_count; k++) {
			if (allowance->codes[k].id == item->id) {
				allowance->codes[k].used = true;
				found = allowance;
			}
		}
	}
	return found;
}

static int take_out(struct allowances *allowances, struct sk_lint_report *report)
{
	struct sk_diagnostics *diagnostics = allowances->diagnostics;
	uint32_t kept = 0;

	report->allowed =
		sk_arena_alloc_zeroed(diagnostics->arena, (size_t)diagnostics->count + 1, sizeof(*report->allowed));
	if (!report->allowed)
		return -ENOMEM;
	for (uint32_t i = 0; i < diagnostics->count; i++) {
		const struct allowance *allowance = find_allowance(allowances, &diagnostics->items[i]);

		if (!allowance) {
			diagnostics->items[kept++] = diagnostics->items[i];
			continue;
		}
		report->allowed[report->allowed_count++] =
			(struct sk_lint_allowed){diagnostics->items[i], allowance->reason};
		diagnostics->warnings--;
	}
	diagnostics->count = kept;
	return 0;
}

int sk_lint_allow(struct sk_diagnostics *diagnostics, struct sk_lint_report *report)
{
	struct allowances allowances = {.diagnostics = diagnostics};
	/* Beyond what is kept of diagnostics nobody knows what else a comment may be about. */
	const bool complete = diagnostics->count == diagnostics->warnings + diagnostics->errors;
	const uint32_t files = diagnostics->sources->count;
	int error;

	report->allowed = NULL;
	report->allowed_count = 0;
	for (uint32_t i = 0; i < files; i++) {
		error = read_file(&allowances, &diagnostics->sources->files[i]);
		if (error < 0)
			return error;
	}
	if (!allowances.count)
		return 0;
	error = take_out(&allowances, report);
	if (error < 0)
		return error;
	for (uint32_t i = 0; i < allowances.count && complete; i++) {
		const struct allowance *allowance = &allowances.items[i];

		for (uint32_t k = 0; k < allowance->code_count; k++) {
			if (!allowance->codes[k].used)
				sk_diagnostics_add(diagnostics, SK_DIAGNOSTIC_ALLOW_UNUSED,
						   allowance->codes[k].span, "remove the comment",
						   "%s is not found where this allows it",
						   sk_diagnostic_infos[allowance->codes[k].id].code);
		}
	}
	return 0;
}
