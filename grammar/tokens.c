/* SPDX-License-Identifier: Apache-2.0 */
#include "grammar/tokens.h"

#include <errno.h>
#include <string.h>

#include "grammar/condition.h"
#include "grammar/lexer.h"
#include "grammar/parse.h"

static bool is_lexeme(int token, enum sk_lexeme *ret_kind)
{
	static const struct {
		int token;
		enum sk_lexeme kind;
	} kinds[] = {
		{SK_TOKEN_FIELD, SK_LEXEME_FIELD},
		{SK_TOKEN_ARGUMENT, SK_LEXEME_ARGUMENT},
		{SK_TOKEN_TRANSFORMER, SK_LEXEME_TRANSFORMER},
		{SK_TOKEN_VALUE, SK_LEXEME_VALUE},
		{SK_TOKEN_NAME, SK_LEXEME_NAME},
		{SK_TOKEN_EXISTS, SK_LEXEME_OPERATOR},
		{SK_TOKEN_ORDERING, SK_LEXEME_OPERATOR},
		{SK_TOKEN_COMPARISON, SK_LEXEME_OPERATOR},
		{SK_TOKEN_MEMBERSHIP, SK_LEXEME_OPERATOR},
		{SK_TOKEN_MODIFIER, SK_LEXEME_MODIFIER},
		{SK_TOKEN_CONSTANT, SK_LEXEME_CONSTANT},
		{SK_TOKEN_WORD, SK_LEXEME_WORD},
		{SK_TOKEN_NOT, SK_LEXEME_CONNECTIVE},
		{SK_TOKEN_AND, SK_LEXEME_CONNECTIVE},
		{SK_TOKEN_OR, SK_LEXEME_CONNECTIVE},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (kinds[i].token == token) {
			*ret_kind = kinds[i].kind;
			return true;
		}
	}
	return false;
}

/* Behind a mistake; false if nothing more can be read. */
static bool go_on(struct sk_lexer *lexer)
{
	return !lexer->fatal && sk_lexer_recover(lexer);
}

int sk_condition_walk(const struct sk_text *text, struct sk_arena *arena,
		      int (*visit)(void *context, const struct sk_lexeme_place *lexeme), void *context)
{
	struct sk_lexer lexer;
	struct sk_token token;
	int number;

	if (text->length > SK_PARSE_TEXT_LIMIT)
		return 0;
	sk_lexer_init(&lexer, text, 0, SK_LEXER_OPERAND, SK_PARSE_DEPTH_PACK, arena, NULL);
	while ((number = sk_lexer_next(&lexer, &token)) != 0) {
		struct sk_lexeme_place place;
		int result;

		if (number == SK_TOKEN_INVALID) {
			if (!go_on(&lexer))
				break;
			continue;
		}
		if (!is_lexeme(number, &place.kind))
			continue;
		place.begin = token.begin;
		place.end = token.end;
		place.number = token.number;
		result = visit(context, &place);
		if (result)
			return result;
	}
	return lexer.out_of_memory ? -ENOMEM : 0;
}

/* --- what may stand at the end ----------------------------------------- */

static enum sk_expected expected_in(enum sk_lexer_state state)
{
	switch (state) {
	case SK_LEXER_OPERAND:
	case SK_LEXER_NEGATED:
	case SK_LEXER_CHECK:
	case SK_LEXER_ALONE:
		return SK_EXPECTED_OPERAND;
	case SK_LEXER_ARGUMENT:
		return SK_EXPECTED_ARGUMENT;
	case SK_LEXER_SUBSCRIPT:
	case SK_LEXER_OPERATOR:
		return SK_EXPECTED_OPERATOR;
	case SK_LEXER_MODIFIER:
	case SK_LEXER_TEXT:
	case SK_LEXER_NUMBER:
		return SK_EXPECTED_VALUE;
	case SK_LEXER_LIST:
	case SK_LEXER_MODIFIED_LIST:
		return SK_EXPECTED_LIST;
	case SK_LEXER_FIRST_ITEM:
	case SK_LEXER_ITEM:
		return SK_EXPECTED_ITEM;
	case SK_LEXER_VALUE_FIELD:
		return SK_EXPECTED_FIELD;
	case SK_LEXER_INPUT:
	case SK_LEXER_FIRST_MEMBER:
	case SK_LEXER_MEMBER:
		return SK_EXPECTED_INPUT;
	case SK_LEXER_CONNECTIVE:
		return SK_EXPECTED_CONNECTIVE;
	case SK_LEXER_ARGUMENT_END:
	case SK_LEXER_ITEM_END:
	case SK_LEXER_VALUE_END:
	case SK_LEXER_INPUT_END:
	case SK_LEXER_MEMBER_END:
	case SK_LEXER_DONE:
		return SK_EXPECTED_NOTHING;
	}
	return SK_EXPECTED_NOTHING;
}

static bool is_quote(char byte)
{
	return byte == '"' || byte == '\'';
}

/* Tokens that a word may still become another one of. */
static bool is_open_word(const struct sk_text *text, int number, const struct sk_token *token)
{
	char last = token->end > token->begin ? text->bytes[token->end - 1] : '\0';
	enum sk_lexeme kind;

	if (!is_lexeme(number, &kind))
		return false;
	switch (kind) {
	case SK_LEXEME_FIELD:
	case SK_LEXEME_NAME:
	case SK_LEXEME_WORD:
	case SK_LEXEME_MODIFIER:
	case SK_LEXEME_CONNECTIVE:
		return true;
	case SK_LEXEME_OPERATOR:
		return last >= 'a' && last <= 'z';
	case SK_LEXEME_CONSTANT:
	case SK_LEXEME_ARGUMENT:
		return !is_quote(text->bytes[token->begin]);
	case SK_LEXEME_TRANSFORMER:
	case SK_LEXEME_VALUE:
		return false;
	}
	return false;
}

/* One word: nothing in it but what could be a name, an operator or a bare text. */
static bool is_one_word(const struct sk_text *text, uint32_t begin)
{
	if (begin < text->length && is_quote(text->bytes[begin]))
		return !memchr(text->bytes + begin + 1, text->bytes[begin], text->length - begin - 1);
	for (uint32_t i = begin; i < text->length; i++) {
		if (strchr(" \t\b\r\n\f\v(),\"'", text->bytes[i]))
			return false;
	}
	return true;
}

/* The last token that was read, and where the lexer stood before it. */
struct last {
	struct sk_token token;
	int number;
	enum sk_lexer_state before;
};

static void finish(const struct sk_text *text, const struct last *last, enum sk_lexer_state state, uint32_t begin,
		   struct sk_expectation *expectation)
{
	bool glued = last->number && last->token.end == begin && is_open_word(text, last->number, &last->token);

	/* A '(' or an operator's symbol ends a word, so only what continues one belongs to it. */
	if (glued && (begin == text->length || text->bytes[begin] == '.' || state == SK_LEXER_CONNECTIVE)) {
		begin = last->token.begin;
		state = last->before;
	}
	expectation->expected = expected_in(state);
	expectation->word = begin;
	if (begin < text->length && is_quote(text->bytes[begin]))
		expectation->word++;
}

int sk_condition_expect(const struct sk_text *text, struct sk_arena *arena, struct sk_expectation *ret_expectation)
{
	struct sk_expectation expectation = {.word = text->length, .comparison = -1};
	struct last last = {.number = 0};
	struct sk_lexer lexer;

	if (text->length > SK_PARSE_TEXT_LIMIT) {
		*ret_expectation = expectation;
		return 0;
	}
	sk_lexer_init(&lexer, text, 0, SK_LEXER_OPERAND, SK_PARSE_DEPTH_PACK, arena, NULL);
	for (;;) {
		struct last next = {.before = lexer.state};

		next.number = sk_lexer_next(&lexer, &next.token);
		if (next.number == 0) {
			finish(text, &last, lexer.state, text->length, &expectation);
			break;
		}
		if (next.number == SK_TOKEN_INVALID) {
			uint32_t begin = (uint32_t)(lexer.cursor - (const unsigned char *)text->bytes);

			if (!lexer.fatal && is_one_word(text, begin)) {
				finish(text, &last, lexer.state, begin, &expectation);
				break;
			}
			if (!go_on(&lexer))
				break;
			last.number = 0;
			expectation.left_begin = expectation.left_end = 0;
			expectation.comparison = -1;
			continue;
		}
		if (expected_in(next.before) == SK_EXPECTED_OPERAND &&
		    (next.number == SK_TOKEN_FIELD || next.number == SK_TOKEN_TRANSFORMER)) {
			expectation.left_begin = expectation.left_end = next.token.begin;
			expectation.comparison = -1;
		}
		if (lexer.state == SK_LEXER_OPERATOR ||
		    (lexer.state == SK_LEXER_SUBSCRIPT && lexer.resume == SK_LEXER_OPERATOR))
			expectation.left_end = next.token.end;
		if (next.before != SK_LEXER_MODIFIER && next.token.number >= 0 &&
		    (next.number == SK_TOKEN_EXISTS || next.number == SK_TOKEN_ORDERING ||
		     next.number == SK_TOKEN_COMPARISON || next.number == SK_TOKEN_MEMBERSHIP))
			expectation.comparison = next.token.number;
		/* What was read by passing over blanks is no longer where the lexer stood before. */
		if (next.before == SK_LEXER_SUBSCRIPT && next.number != SK_TOKEN_SUBSCRIPT)
			next.before = SK_LEXER_OPERATOR;
		if (next.before == SK_LEXER_MODIFIER && next.number != SK_TOKEN_MODIFIER)
			next.before = SK_LEXER_TEXT;
		last = next;
	}
	*ret_expectation = expectation;
	return lexer.out_of_memory ? -ENOMEM : 0;
}
