/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lexer's tokens as words: groups that are glued to the word before them
 * are taken apart, subscripts put to what they belong to.
 *
 * A text is first parsed, so that the tokens here are of a condition that is
 * right; the brackets balance.
 */
#include "grammar/words.h"

#include <errno.h>
#include <string.h>

#include "grammar/condition.h"
#include "grammar/parse.h"
#include "grammar/parser.h"

struct words {
	struct sk_word *items;
	uint32_t count, capacity;
	uint8_t *brackets; /* enum sk_word_kind of what closes each open one */
	uint32_t depth, brackets_capacity;
	struct sk_arena *arena;
};

static void *grow(struct sk_arena *arena, const void *old, uint32_t count, uint32_t *capacity, size_t size)
{
	uint32_t larger = *capacity ? *capacity * 2 : 64;
	void *moved = sk_arena_alloc_zeroed(arena, larger, size);

	if (moved && count)
		memcpy(moved, old, count * size);
	if (moved)
		*capacity = larger;
	return moved;
}

static int add(struct words *words, enum sk_word_kind kind, uint32_t begin, uint32_t end)
{
	if (words->count == words->capacity) {
		struct sk_word *moved =
			grow(words->arena, words->items, words->count, &words->capacity, sizeof(*words->items));

		if (!moved)
			return -ENOMEM;
		words->items = moved;
	}
	words->items[words->count++] = (struct sk_word){.kind = kind, .begin = begin, .end = end};
	return 0;
}

static int open(struct words *words, enum sk_word_kind close)
{
	if (words->depth == words->brackets_capacity) {
		uint8_t *moved = grow(words->arena, words->brackets, words->depth, &words->brackets_capacity,
				      sizeof(*words->brackets));

		if (!moved)
			return -ENOMEM;
		words->brackets = moved;
	}
	words->brackets[words->depth++] = (uint8_t)close;
	return 0;
}

/* A word and the '(' of a group that is glued to it. */
static int add_glued(struct words *words, enum sk_word_kind kind, const struct sk_token *token)
{
	int result = add(words, kind, token->begin, token->end - 1);

	if (result == 0)
		result = add(words, SK_WORD_OPEN, token->end - 1, token->end);
	return result == 0 ? open(words, SK_WORD_CLOSE) : result;
}

static int add_open(struct words *words, enum sk_word_kind kind, enum sk_word_kind close,
		    const struct sk_token *token)
{
	int result = add(words, kind, token->begin, token->end);

	return result == 0 ? open(words, close) : result;
}

static int add_token(struct words *words, int number, const struct sk_token *token)
{
	static const struct {
		int token;
		enum sk_word_kind kind;
	} plain[] = {
		{SK_TOKEN_AND, SK_WORD_AND},
		{SK_TOKEN_OR, SK_WORD_OR},
		{SK_TOKEN_NOT, SK_WORD_NOT},
		{SK_TOKEN_FIELD, SK_WORD_FIELD},
		{SK_TOKEN_NAME, SK_WORD_MACRO},
		{SK_TOKEN_EXISTS, SK_WORD_OPERATOR},
		{SK_TOKEN_ORDERING, SK_WORD_OPERATOR},
		{SK_TOKEN_COMPARISON, SK_WORD_OPERATOR},
		{SK_TOKEN_MEMBERSHIP, SK_WORD_OPERATOR},
		{SK_TOKEN_MODIFIER, SK_WORD_MODIFIER},
		{SK_TOKEN_COMMA, SK_WORD_COMMA},
		{SK_TOKEN_CONSTANT, SK_WORD_VALUE},
		{SK_TOKEN_WORD, SK_WORD_VALUE},
	};

	if (number == SK_TOKEN_AND_OPEN)
		return add_glued(words, SK_WORD_AND, token);
	if (number == SK_TOKEN_OR_OPEN)
		return add_glued(words, SK_WORD_OR, token);
	if (number == SK_TOKEN_NOT_OPEN)
		return add_glued(words, SK_WORD_NOT, token);
	if (number == SK_TOKEN_OPEN)
		return add_open(words, SK_WORD_OPEN, SK_WORD_CLOSE, token);
	if (number == SK_TOKEN_LIST_OPEN)
		return add_open(words, SK_WORD_LIST_OPEN, SK_WORD_LIST_CLOSE, token);
	if (number == SK_TOKEN_TRANSFORMER || number == SK_TOKEN_VALUE)
		return add_open(words, SK_WORD_CALL, SK_WORD_CALL_CLOSE, token);
	if (number == SK_TOKEN_CLOSE && words->depth)
		return add(words, (enum sk_word_kind)words->brackets[--words->depth], token->begin, token->end);
	/* '[', what is in it, ']': no blank may stand among them. */
	if ((number == SK_TOKEN_SUBSCRIPT || number == SK_TOKEN_ARGUMENT || number == SK_TOKEN_SUBSCRIPT_END) &&
	    words->count) {
		words->items[words->count - 1].end = token->end;
		return 0;
	}
	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
		if (plain[i].token == number)
			return add(words, plain[i].kind, token->begin, token->end);
	}
	return -EINVAL;
}

/* False if something other than white space is in no word: the lexer swallowed it. */
static bool is_complete(const struct sk_text *text, const struct words *words)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i <= words->count; i++) {
		uint32_t end = i < words->count ? words->items[i].begin : text->length;

		for (; at < end; at++) {
			if (!memchr(" \t\b\r\n\f\v", text->bytes[at], 7))
				return false;
		}
		if (i < words->count)
			at = words->items[i].end;
	}
	return true;
}

int sk_words_read(const struct sk_text *text, struct sk_arena *arena, struct sk_word **ret_words,
		  uint32_t *ret_count)
{
	struct words words = {.arena = arena};
	struct sk_diagnostics unheard;
	struct sk_sources nowhere;
	struct sk_lexer lexer;
	struct sk_token token;
	int number, result = 0;

	sk_sources_init(&nowhere, arena);
	sk_diagnostics_init(&unheard, &nowhere, arena);
	if (!sk_parse_condition(text, SK_PARSE_DEPTH_PACK, arena, &unheard))
		return unheard.out_of_memory ? -ENOMEM : -EINVAL;
	sk_lexer_init(&lexer, text, 0, SK_LEXER_OPERAND, SK_PARSE_DEPTH_PACK, arena, NULL);
	while (result == 0 && (number = sk_lexer_next(&lexer, &token)) > 0)
		result = add_token(&words, number, &token);
	if (lexer.out_of_memory)
		result = -ENOMEM;
	if (result == 0 && !is_complete(text, &words))
		result = -EINVAL;
	if (result == 0) {
		*ret_words = words.items;
		*ret_count = words.count;
	}
	return result;
}
