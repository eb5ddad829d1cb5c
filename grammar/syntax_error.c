/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person is told about a syntax error: what was expected where the
 * lexer stood, what stands there instead, and, for the mistakes that people
 * make, what would be right.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "grammar/condition.h"
#include "grammar/lexer.h"
#include "vm/schema/schema.h"

/* More errors in one condition help nobody. */
enum { MOST_ERRORS = 20, LONGEST_EXCERPT = 40, LONGEST_WORD = 256 };

void sk_lexer_report(struct sk_lexer *lexer, uint32_t begin, uint32_t end, const char *hint, const char *format,
		     ...)
{
	va_list arguments;
	char message[512];

	lexer->errors++;
	if (lexer->errors >= MOST_ERRORS)
		lexer->fatal = true;
	if (!lexer->diagnostics && (!lexer->keep_complaint || lexer->complaint))
		return;
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	if (!lexer->diagnostics) {
		lexer->complaint = sk_arena_copy(lexer->arena, message, strlen(message));
		return;
	}
	sk_diagnostics_add(lexer->diagnostics, SK_DIAGNOSTIC_COMPILE_CONDITION,
			   sk_text_span(lexer->text, begin, end > begin ? end : begin + 1), hint, "%s", message);
}

/* --- what stands there ------------------------------------------------- */

struct excerpt {
	const char *bytes;
	uint32_t length;
};

static bool is_delimiter(char byte)
{
	return byte == '\0' || strchr(" \t\b\r\n\f\v()\"',=", byte) != NULL;
}

static bool is_word_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
	       byte == '_';
}

/* The word, the operator or the single byte at `begin`; empty at the end. */
static struct excerpt excerpt_at(const struct sk_text *text, uint32_t begin)
{
	struct excerpt excerpt = {.bytes = text->bytes + begin};
	uint32_t left = text->length - begin, length = 0;

	if (left == 0)
		return excerpt;
	if (left > LONGEST_WORD)
		left = LONGEST_WORD;
	if (strchr("=<>!~&|", *excerpt.bytes) && *excerpt.bytes) {
		while (length < left && excerpt.bytes[length] && strchr("=<>!~&|", excerpt.bytes[length]))
			length++;
	} else {
		while (length < left && !is_delimiter(excerpt.bytes[length]))
			length++;
	}
	excerpt.length = length ? length : 1;
	return excerpt;
}

static bool is_text(struct excerpt excerpt, const char *text)
{
	return strlen(text) == excerpt.length && strncasecmp(excerpt.bytes, text, excerpt.length) == 0;
}

static bool begins_with(struct excerpt excerpt, const char *text)
{
	return excerpt.length >= strlen(text) && memcmp(excerpt.bytes, text, strlen(text)) == 0;
}

static bool is_modifier(struct excerpt excerpt)
{
	for (int i = SK_MODIFIER_NONE + 1; i < SK_MODIFIER_COUNT; i++)
		if (is_text(excerpt, sk_modifier_names[i]))
			return true;
	return false;
}

static bool is_transformer(struct excerpt excerpt)
{
	for (int i = 0; i < SK_TRANSFORMER_COUNT; i++)
		if (is_text(excerpt, sk_transformers[i].text))
			return true;
	return false;
}

/* --- hints ------------------------------------------------------------- */

static const char *next_operator(void *state)
{
	int *next = state;

	return *next < SK_OPERATOR_COUNT ? sk_operators[(*next)++].text : NULL;
}

static const char *next_transformer(void *state)
{
	int *next = state;

	return *next < SK_TRANSFORMER_COUNT ? sk_transformers[(*next)++].text : NULL;
}

static const char *did_you_mean(struct sk_lexer *lexer, struct excerpt found, const char *(*next)(void *state))
{
	int state = 0;
	const char *best = sk_suggest(found.bytes, found.length, next, &state);

	return best ? sk_arena_printf(lexer->arena, "did you mean '%s'?", best) : NULL;
}

/* Words that other languages have for and, or, not. */
static const char *foreign_connective(struct excerpt found)
{
	if (is_text(found, "and") || is_text(found, "or") || is_text(found, "not"))
		return "and, or, not are written in small letters";
	if (begins_with(found, "&"))
		return "write 'and'";
	if (begins_with(found, "|"))
		return "write 'or'";
	return NULL;
}

static const char *hint_for_operand(struct sk_lexer *lexer, struct excerpt found)
{
	const char *hint = foreign_connective(found);

	if (found.length == 0)
		return NULL;
	if (hint)
		return hint;
	if (*found.bytes == '!')
		return "write 'not'";
	if (*found.bytes == ')' && lexer->last_end > lexer->last_begin)
		return "an operand is missing before this ')'";
	if (*found.bytes == '"' || *found.bytes == '\'' || (*found.bytes >= '0' && *found.bytes <= '9'))
		return "the field stands on the left, the value on the right";
	return NULL;
}

static const char *hint_for_operator(struct sk_lexer *lexer, struct excerpt found)
{
	if (found.length == 0)
		return "to ask only whether the field has a value, write 'exists'";
	if (is_text(found, "not"))
		return "'not' stands before the whole check: not FIELD in (...)";
	if (*found.bytes == '~' || is_text(found, "matches") || is_text(found, "=~") || is_text(found, "!~"))
		return "regular expressions: FIELD regex 'EXPRESSION'";
	if (is_text(found, "like"))
		return "patterns with * and ?: FIELD glob 'PATTERN'";
	if (*found.bytes == '[')
		return "no blank may stand between a field and its [argument]";
	if (is_text(found, "is"))
		return "write '='";
	for (int i = 0; i < SK_OPERATOR_COUNT; i++)
		if (is_text(found, sk_operators[i].text) &&
		    memcmp(found.bytes, sk_operators[i].text, found.length) == 0)
			return "a blank must follow this operator";
	return did_you_mean(lexer, found, next_operator);
}

static const char *hint_for_connective(struct sk_lexer *lexer, struct excerpt found)
{
	struct excerpt last = {.bytes = lexer->text->bytes + lexer->last_begin,
			       .length = lexer->last_end - lexer->last_begin};
	const char *hint = foreign_connective(found);

	if (found.length == 0)
		return NULL;
	/* Where an operand belongs, `and` and `or` are names like any other. */
	if (lexer->last_number == SK_TOKEN_NAME && (is_text(last, "and") || is_text(last, "or")))
		return "an operand is missing before this 'and' or 'or'";
	if (hint && !is_text(found, "not"))
		return hint;
	if (is_text(found, "not"))
		return "write 'and not' or 'or not'";
	switch (*found.bytes) {
	case ')':
		return "no '(' is open here";
	case ',':
		return "several values stand in a list: FIELD in (a, b)";
	case '(':
		if (is_text(last, "val"))
			return "val(FIELD) stands only on the right of an operator";
		if (is_modifier(last))
			return "a blank must stand between the modifier and '('";
		if (is_transformer(last))
			return "no blank may stand between a transformer and its '('";
		return lexer->last_number == SK_TOKEN_NAME ? did_you_mean(lexer, last, next_transformer)
							   : "values with parentheses need quotes";
	case '"':
	case '\'':
		return "one value is one quoted string";
	case '=':
	case '!':
	case '<':
	case '>':
		if (lexer->last_number == SK_TOKEN_NAME)
			return "a field's name contains a dot; a word without one is a macro";
		return "values with '=' need quotes";
	case '.':
	case '[':
		return "only fields, on the left side, take this; fields on the right are written val(FIELD)";
	default:
		break;
	}
	if (lexer->last_number == SK_TOKEN_NAME) {
		int state = 0;

		if (sk_suggest(found.bytes, found.length, next_operator, &state))
			return "a field's name contains a dot; a word without one is a macro";
	}
	return "values with blanks need quotes; conditions are joined by 'and' or 'or'";
}

/* Why a quote did not begin a string. */
static const char *hint_for_quote(const struct sk_lexer *lexer, uint32_t begin)
{
	const char *bytes = lexer->text->bytes;

	for (uint32_t i = begin + 1; i < lexer->text->length; i++)
		if (bytes[i] == bytes[begin])
			return "a quote behind a backslash does not end the string, not even behind two";
	return "the closing quote is missing";
}

/* --- messages ---------------------------------------------------------- */

static const char *expected_in(enum sk_lexer_state state)
{
	switch (state) {
	case SK_LEXER_OPERAND:
	case SK_LEXER_NEGATED:
		return "expected a field, a transformer, a macro, 'not' or '('";
	case SK_LEXER_CHECK:
		return "expected a field, a transformer, a macro or '('";
	case SK_LEXER_ALONE:
		return "expected a field or a transformer";
	case SK_LEXER_ARGUMENT:
		return "expected a valid field argument: a quoted string or a bare string";
	case SK_LEXER_SUBSCRIPT:
	case SK_LEXER_ARGUMENT_END:
		return "expected a ']' token";
	case SK_LEXER_OPERATOR:
		return "expected a valid check operator";
	case SK_LEXER_MODIFIER:
	case SK_LEXER_TEXT:
		return "expected a value: a quoted or bare string, a transformer or val()";
	case SK_LEXER_NUMBER:
		return "expected a number, a transformer or val()";
	case SK_LEXER_LIST:
		return "expected a list '(a, b)', the name of a list, a transformer or val()";
	case SK_LEXER_MODIFIED_LIST:
		return "expected a list '(a, b)' or the name of a list";
	case SK_LEXER_FIRST_ITEM:
		return "expected a list element or a ')' token";
	case SK_LEXER_ITEM:
		return "expected a list element";
	case SK_LEXER_ITEM_END:
	case SK_LEXER_INPUT_END:
	case SK_LEXER_MEMBER_END:
		return "expected ',' or a ')' token";
	case SK_LEXER_VALUE_FIELD:
		return "expected a field inside val()";
	case SK_LEXER_VALUE_END:
		return "expected a ')' token";
	case SK_LEXER_INPUT:
		return "expected a field, a transformer, a list, a number or a quoted string";
	case SK_LEXER_FIRST_MEMBER:
		return "expected a field, a transformer, a number, a quoted string or a ')' token";
	case SK_LEXER_MEMBER:
		return "expected a field, a transformer, a number or a quoted string";
	case SK_LEXER_CONNECTIVE:
	case SK_LEXER_DONE:
		return "expecting 'or', 'and'";
	}
	return "unexpected token";
}

static const char *hint_in(struct sk_lexer *lexer, struct excerpt found, uint32_t begin)
{
	if (found.length && (*found.bytes == '"' || *found.bytes == '\'')) {
		switch (lexer->state) {
		case SK_LEXER_TEXT:
		case SK_LEXER_FIRST_ITEM:
		case SK_LEXER_ITEM:
		case SK_LEXER_INPUT:
		case SK_LEXER_FIRST_MEMBER:
		case SK_LEXER_MEMBER:
		case SK_LEXER_ARGUMENT:
			return hint_for_quote(lexer, begin);
		default:
			break;
		}
	}
	switch (lexer->state) {
	case SK_LEXER_OPERAND:
	case SK_LEXER_NEGATED:
	case SK_LEXER_CHECK:
		return hint_for_operand(lexer, found);
	case SK_LEXER_OPERATOR:
		return hint_for_operator(lexer, found);
	case SK_LEXER_TEXT:
		return found.length && *found.bytes == '('
			       ? "several values need 'in', or a modifier: = anyof (a, b)"
			       : NULL;
	case SK_LEXER_NUMBER:
		if (begins_with(found, ">"))
			return "'different' is written !=";
		return found.length ? "<, <=, >, >= compare with numbers only" : NULL;
	case SK_LEXER_LIST:
		if (found.length && *found.bytes != ')' && !is_word_byte(*found.bytes))
			return "even a single value stands in parentheses here";
		return NULL;
	case SK_LEXER_ITEM:
		return "an element is missing behind the ','";
	case SK_LEXER_ITEM_END:
		if (found.length && *found.bytes == '(')
			return "lists hold plain text only: no fields, no transformers";
		return found.length ? "elements are separated by ','; one with blanks needs quotes"
				    : "the list is not closed";
	case SK_LEXER_INPUT:
	case SK_LEXER_FIRST_MEMBER:
	case SK_LEXER_MEMBER:
		return found.length && is_word_byte(*found.bytes)
			       ? "text needs quotes here; a field's name contains a dot"
			       : NULL;
	case SK_LEXER_ARGUMENT:
	case SK_LEXER_ARGUMENT_END:
		return "no blanks stand inside [ ]; quote an argument that has them";
	case SK_LEXER_CONNECTIVE:
		return hint_for_connective(lexer, found);
	case SK_LEXER_ALONE:
	case SK_LEXER_SUBSCRIPT:
	case SK_LEXER_MODIFIER:
	case SK_LEXER_MODIFIED_LIST:
	case SK_LEXER_FIRST_ITEM:
	case SK_LEXER_VALUE_FIELD:
	case SK_LEXER_VALUE_END:
	case SK_LEXER_INPUT_END:
	case SK_LEXER_MEMBER_END:
	case SK_LEXER_DONE:
		return NULL;
	}
	return NULL;
}

static int shown(struct excerpt excerpt)
{
	return (int)(excerpt.length < LONGEST_EXCERPT ? excerpt.length : LONGEST_EXCERPT);
}

/* and, or with neither blank nor '(' behind it. */
static const char *glued_connective(const struct sk_lexer *lexer, struct excerpt found)
{
	if (lexer->state != SK_LEXER_CONNECTIVE)
		return NULL;
	if (begins_with(found, "and"))
		return "and";
	return begins_with(found, "or") ? "or" : NULL;
}

void sk_lexer_report_unexpected(struct sk_lexer *lexer, uint32_t begin)
{
	struct excerpt found, last;
	const char *glued, *hint;
	uint32_t end;

	/* Nobody listens: outputs try every token this way. */
	if (!lexer->diagnostics && !lexer->keep_complaint) {
		lexer->errors++;
		return;
	}
	found = excerpt_at(lexer->text, begin);
	last = (struct excerpt){.bytes = lexer->text->bytes + lexer->last_begin,
				.length = lexer->last_end - lexer->last_begin};
	end = begin + found.length;
	glued = glued_connective(lexer, found);
	hint = hint_in(lexer, found, begin);

	if (glued) {
		sk_lexer_report(lexer, begin, end, NULL, "expected blank or '(' after '%s'", glued);
	} else if (lexer->state == SK_LEXER_CONNECTIVE && found.length == 0 && lexer->bracket_count) {
		uint32_t open = lexer->brackets[lexer->bracket_count - 1].begin;

		sk_lexer_report(lexer, open, open + 1, NULL, "expected a ')' token: this '(' is never closed");
	} else if (lexer->state == SK_LEXER_CONNECTIVE) {
		sk_lexer_report(lexer, begin, end, hint,
				"unexpected token '%.*s' after '%.*s', expecting 'or', 'and'", shown(found),
				found.bytes, shown(last), last.bytes);
	} else if (found.length) {
		sk_lexer_report(lexer, begin, end, hint, "%s, found '%.*s'", expected_in(lexer->state),
				shown(found), found.bytes);
	} else {
		sk_lexer_report(lexer, begin, end, hint, "%s, found the end", expected_in(lexer->state));
	}
}
