/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output formats (spec/rule-language.md section 4.1):
 *
 *   *A shell ran (user=%user.name %10toupper(proc.name)and more)
 *   │                  └ field    └ width, then a transformer
 *   └ missing values do not make the format fail
 *
 * A token is the longest prefix behind its '%' that parses and is accepted, so
 * that `%proc.nameand` prints proc.name and then "and".
 */
#include <string.h>

#include "grammar/parse.h"
#include "grammar/token.h"

enum {
	MOST_ERRORS = 20,
	LONGEST_EXCERPT = 60,
	/* A width beyond this is a mistake, and would let one rule fill any log. */
	WIDEST = 65535,
};

struct output_parser {
	const struct sk_text *text;
	struct sk_arena *arena;
	struct sk_diagnostics *diagnostics;
	struct sk_output *output;
	uint32_t capacity;
	uint32_t errors;
	struct sk_token_search search;
};

static void add_part(struct output_parser *parser, struct sk_output_part part)
{
	struct sk_output *output = parser->output;

	if (output->count == parser->capacity) {
		uint32_t capacity = parser->capacity ? parser->capacity * 2 : 16;
		struct sk_output_part *parts = sk_arena_alloc(parser->arena, capacity * sizeof(*parts));

		if (!parts) {
			parser->diagnostics->out_of_memory = true;
			return;
		}
		if (output->count)
			memcpy(parts, output->parts, output->count * sizeof(*parts));
		output->parts = parts;
		parser->capacity = capacity;
	}
	output->parts[output->count++] = part;
}

#define REPORT(parser, begin, end, hint, ...)                                                                      \
	do {                                                                                                       \
		(parser)->errors++;                                                                                \
		sk_diagnostics_add((parser)->diagnostics, SK_DIAGNOSTIC_COMPILE_OUTPUT,                            \
				   sk_text_span((parser)->text, begin, end), hint, __VA_ARGS__);                   \
	} while (0)

static const char *next_field(void *state)
{
	int *next = state;

	return *next < SK_FIELD_COUNT ? sk_fields[(*next)++].name : NULL;
}

/* Bytes that look like one name or call, for showing. */
static uint32_t excerpt_length(const struct sk_text *text, uint32_t from)
{
	uint32_t length = 0;

	while (from + length < text->length && length < LONGEST_EXCERPT &&
	       (!strchr(" \t\r\n%,;)\"'", text->bytes[from + length]) || text->bytes[from + length] == '\0'))
		length++;
	while (length && strchr(".:", text->bytes[from + length - 1]))
		length--;
	return length;
}

/* Returns where to go on: behind what was shown. */
static uint32_t report_token(struct output_parser *parser, uint32_t percent, uint32_t from)
{
	const struct sk_text *text = parser->text;
	uint32_t length = excerpt_length(text, from);
	const char *hint, *meant;
	int state = 0;

	if (parser->search.refusals_left == 0) {
		REPORT(parser, percent, from + length, "put a blank behind each field",
		       "too much text is glued to fields for their names to be found");
		return text->length;
	}
	if (from == text->length) {
		REPORT(parser, percent, from, "a percent sign cannot be printed",
		       "invalid formatting token: the output ends in '%%'");
		return from;
	}
	if (length == 0) {
		REPORT(parser, percent, from + 1, "a percent sign cannot be printed; behind it stands a field, as in %proc.name",
		       "invalid formatting token: '%%' without a field behind it");
		/* `%%` is one mistake, not two. */
		return text->bytes[from] == '%' ? from + 1 : from;
	}
	hint = sk_token_complaint(text, from, parser->arena);
	meant = sk_suggest(text->bytes + from, length, next_field, &state);
	if (meant && strlen(meant) != length)
		hint = sk_arena_printf(parser->arena, "did you mean '%%%s'?", meant);
	else if (meant && memcmp(meant, text->bytes + from, length) != 0)
		hint = sk_arena_printf(parser->arena, "did you mean '%%%s'?", meant);
	REPORT(parser, percent, from + length, hint, "unknown filter: %.*s", (int)length, text->bytes + from);
	return from + length;
}

/* Parses what stands behind '%' and its width; returns the offset behind it. */
static uint32_t parse_field(struct output_parser *parser, uint32_t percent, uint32_t from)
{
	struct sk_output_part part = {.kind = SK_OUTPUT_FIELD, .begin = percent};

	for (uint32_t i = percent + 1; i < from; i++) {
		part.width = part.width * 10 + (uint32_t)(parser->text->bytes[i] - '0');
		if (part.width > WIDEST) {
			REPORT(parser, percent, from, NULL, "a width of more than %d bytes", WIDEST);
			part.width = 0;
			break;
		}
	}
	part.operand = sk_token_parse(parser->text, from, parser->arena, &parser->search);
	if (parser->search.out_of_memory) {
		parser->diagnostics->out_of_memory = true;
		return from;
	}
	if (!part.operand)
		return report_token(parser, percent, from);
	part.end = part.operand->end;
	add_part(parser, part);
	return part.end;
}

static void parse_parts(struct output_parser *parser, uint32_t from)
{
	const unsigned char *bytes = (const unsigned char *)parser->text->bytes;
	const unsigned char *cursor = bytes + from, *limit = bytes + parser->text->length, *marker = cursor, *begin;

	while (parser->errors < MOST_ERRORS && !parser->diagnostics->out_of_memory) {
		begin = cursor;
		/*!re2c
		re2c:define:YYCTYPE = "unsigned char";
		re2c:define:YYCURSOR = cursor;
		re2c:define:YYLIMIT = limit;
		re2c:define:YYMARKER = marker;
		re2c:yyfill:enable = 0;
		re2c:eof = 0;

		[^%]+ {
			add_part(parser, (struct sk_output_part){.kind = SK_OUTPUT_LITERAL,
								 .begin = (uint32_t)(begin - bytes),
								 .end = (uint32_t)(cursor - bytes),
								 .literal = (const char *)begin,
								 .literal_length = (uint32_t)(cursor - begin)});
			continue;
		}
		"%" [0-9]* {
			cursor = bytes + parse_field(parser, (uint32_t)(begin - bytes), (uint32_t)(cursor - bytes));
			continue;
		}
		$ {
			return;
		}
		* {
			return;
		}
		*/
	}
	(void)marker;
}

struct sk_output *sk_parse_output(const struct sk_text *text, struct sk_arena *arena,
				  bool (*accept)(void *context, const struct sk_operand *operand), void *context,
				  struct sk_diagnostics *diagnostics)
{
	struct output_parser parser = {
		.text = text,
		.arena = arena,
		.diagnostics = diagnostics,
		.search = {.accept = accept, .context = context, .refusals_left = SK_TOKEN_REFUSALS},
	};

	if (text->length == 0 || text->length > SK_PARSE_TEXT_LIMIT) {
		REPORT(&parser, 0, 1, NULL, text->length ? "the output is longer than %d bytes" : "the output is empty",
		       SK_PARSE_TEXT_LIMIT);
		return NULL;
	}
	parser.output = sk_arena_alloc_zeroed(arena, 1, sizeof(*parser.output));
	if (!parser.output) {
		diagnostics->out_of_memory = true;
		return NULL;
	}
	parser.output->text = text;
	parser.output->optional = text->bytes[0] == '*';
	parse_parts(&parser, parser.output->optional ? 1 : 0);
	return parser.errors || diagnostics->out_of_memory ? NULL : parser.output;
}
