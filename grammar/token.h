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

/* sk_parse_token() with a budget that several tokens share. */
struct sk_operand *sk_token_parse(const struct sk_text *text, uint32_t from, struct sk_arena *arena,
				  bool (*accept)(void *context, const struct sk_operand *operand), void *context,
				  uint32_t *refusals_left);

/* What is wrong with the syntax of the token at `from`; NULL if nothing is. */
const char *sk_token_complaint(const struct sk_text *text, uint32_t from, struct sk_arena *arena);

#endif
