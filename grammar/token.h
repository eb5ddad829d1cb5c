/* SPDX-License-Identifier: Apache-2.0 */
/* A field or transformer inside an output.  Private to grammar/. */
#ifndef SK_GRAMMAR_TOKEN_H
#define SK_GRAMMAR_TOKEN_H

#include "grammar/ast.h"

/*
 * How many shorter names of fields are tried before a text is given up.  Only
 * text that is glued to a field costs any: one for each byte.
 */
enum { SK_TOKEN_REFUSALS = 4096 };

/* How tokens are chosen; several of one text share it. */
struct sk_token_search {
	bool (*accept)(void *context, const struct sk_operand *operand);
	void *context;
	uint32_t refusals_left; /* starts as SK_TOKEN_REFUSALS */
	bool out_of_memory;
};

/* sk_parse_token() with that. */
struct sk_operand *sk_token_parse(const struct sk_text *text, uint32_t from, struct sk_arena *arena,
				  struct sk_token_search *search);

/* What is wrong with the syntax of the token at `from`; NULL if nothing is. */
const char *sk_token_complaint(const struct sk_text *text, uint32_t from, struct sk_arena *arena);

#endif
