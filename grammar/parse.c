/* SPDX-License-Identifier: Apache-2.0 */
#include "grammar/parse.h"

#include <stdlib.h>
#include <string.h>

#include "grammar/parser.h"
#include "grammar/token.h"
#include "vm/support/alloc.h"

static void parser_init(struct sk_parser *parser, struct sk_lexer *lexer)
{
	*parser = (struct sk_parser){.lexer = lexer, .text = lexer->text, .arena = lexer->arena};
}

/*
 * The grammar refuses only what follows an `or(...)`: there the reference
 * looks for the next `or` and nothing else.
 */
static void report_rejected(struct sk_lexer *lexer)
{
	sk_lexer_report(lexer, lexer->last_begin, lexer->last_end,
			"write 'or (...)' with a blank, then 'and' binds as usual",
			"unexpected token '%.*s': only 'or' can follow a group that is glued to its 'or'",
			(int)(lexer->last_end - lexer->last_begin), lexer->text->bytes + lexer->last_begin);
}

struct sk_node *sk_parse_condition(const struct sk_text *text, uint32_t depth_limit, struct sk_arena *arena,
				   struct sk_diagnostics *diagnostics)
{
	struct sk_lexer lexer;
	struct sk_parser parser;
	struct sk_node *tree = NULL;

	if (text->length == 0 || text->length > SK_PARSE_TEXT_LIMIT) {
		sk_diagnostics_add(diagnostics, SK_DIAGNOSTIC_COMPILE_CONDITION, sk_text_span(text, 0, 1), NULL,
				   text->length ? "the condition is longer than %d bytes"
						: "the condition is empty",
				   SK_PARSE_TEXT_LIMIT);
		return NULL;
	}
	sk_lexer_init(&lexer, text, 0, SK_LEXER_OPERAND, depth_limit, arena, diagnostics);
	parser_init(&parser, &lexer);
	for (;;) {
		enum sk_parse_end end = sk_parser_run(&parser, false);

		if (end == SK_PARSE_END_COMPLETE)
			break;
		parser.waiting_count = 0;
		if (end == SK_PARSE_END_REJECTED) {
			/* The lexer stands behind an `and` already. */
			report_rejected(&lexer);
			lexer.outer = lexer.bracket_count;
		} else if (!sk_lexer_recover(&lexer)) {
			break;
		}
	}
	if (lexer.errors == 0 && !lexer.fatal)
		tree = parser.tree;
	if (lexer.out_of_memory)
		diagnostics->out_of_memory = true;
	sk_free(parser.waiting);
	return tree;
}

/* What came of reading one token. */
struct alone {
	struct sk_operand *operand; /* NULL: there is none */
	const char *complaint;      /* why, if that was asked for */
	bool out_of_memory;
};

/*
 * Parses a field or a transformer at `from` with the depth limit that the
 * reference has for it; without its subscript if `bare`.
 */
static struct alone parse_alone(const struct sk_text *text, uint32_t from, bool bare, bool complain,
				struct sk_arena *arena)
{
	struct sk_lexer lexer;
	struct sk_parser parser;
	enum sk_parse_end end;

	if (text->length > SK_PARSE_TEXT_LIMIT || from > text->length)
		return (struct alone){0};
	sk_lexer_init(&lexer, text, from, SK_LEXER_ALONE, SK_PARSE_DEPTH_DEFAULT, arena, NULL);
	lexer.no_subscript = bare;
	lexer.keep_complaint = complain;
	parser_init(&parser, &lexer);
	end = sk_parser_run(&parser, true);
	sk_free(parser.waiting);
	return (struct alone){
		.operand = end == SK_PARSE_END_COMPLETE && lexer.errors == 0 ? parser.operand : NULL,
		.complaint = lexer.complaint,
		.out_of_memory = lexer.out_of_memory,
	};
}

struct sk_operand *sk_parse_left_side(const struct sk_text *text, struct sk_arena *arena)
{
	struct sk_operand *operand = parse_alone(text, 0, false, false, arena).operand;

	return operand && operand->end == text->length ? operand : NULL;
}

/*
 * The next shorter name that is still a field's, by dropping bytes at the end;
 * false if a dot would be lost.
 */
static bool shorten(struct sk_operand *field, char *name)
{
	uint32_t length = field->length - 1;

	while (length && name[length - 1] == '.')
		length--;
	name[length] = '\0';
	if (!memchr(name, '.', length))
		return false;
	field->end -= field->length - length;
	field->length = length;
	return true;
}

/*
 * Candidates, longest first: with its [argument], without it, and then, of a
 * field alone, each shorter name.  Brackets close where they close, so a
 * transformer has no others.
 */
struct sk_operand *sk_token_parse(const struct sk_text *text, uint32_t from, struct sk_arena *arena,
				  struct sk_token_search *search)
{
	struct alone alone = parse_alone(text, from, false, false, arena);
	struct sk_operand *operand = alone.operand;
	char *name;

	if (operand && (!search->accept || search->accept(search->context, operand)))
		return operand;
	if ((!operand || operand->argument) && !alone.out_of_memory) {
		alone = parse_alone(text, from, true, false, arena);
		operand = alone.operand;
		if (operand && (!search->accept || search->accept(search->context, operand)))
			return operand;
	}
	if (alone.out_of_memory)
		search->out_of_memory = true;
	if (!operand || operand->kind != SK_OPERAND_FIELD)
		return NULL;
	name = sk_arena_copy(arena, operand->text, operand->length);
	if (!name) {
		search->out_of_memory = true;
		return NULL;
	}
	operand->text = name;
	while (search->refusals_left && shorten(operand, name)) {
		search->refusals_left--;
		if (search->accept(search->context, operand))
			return operand;
	}
	return NULL;
}

const char *sk_token_complaint(const struct sk_text *text, uint32_t from, struct sk_arena *arena)
{
	return parse_alone(text, from, false, true, arena).complaint;
}

struct sk_operand *sk_parse_token(const struct sk_text *text, uint32_t from, struct sk_arena *arena,
				  bool (*accept)(void *context, const struct sk_operand *operand), void *context,
				  uint32_t *ret_length)
{
	struct sk_token_search search = {.accept = accept, .context = context, .refusals_left = SK_TOKEN_REFUSALS};
	struct sk_operand *operand = sk_token_parse(text, from, arena, &search);

	if (operand)
		*ret_length = operand->end - from;
	return operand;
}
