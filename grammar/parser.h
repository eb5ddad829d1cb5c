/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the grammar's actions call to build the tree.  Private to grammar/.
 *
 * Children of a chain or a list wait on a stack of pointers until their parent
 * is complete, then move into one array of the arena:
 *
 *   a and (b or c ...      stack: [ a | b c ]
 *
 * Invariant: the top `count` pointers are the children read so far of what is
 * being read; a nested one has taken its own off before its parent goes on.
 *
 * Functions that build return NULL without memory and take NULL for a child
 * that could not be built: the lexer's `out_of_memory` then ends the parse.
 */
#ifndef SK_GRAMMAR_PARSER_H
#define SK_GRAMMAR_PARSER_H

#include "grammar/ast.h"
#include "grammar/lexer.h"

struct sk_parser {
	struct sk_lexer *lexer;
	const struct sk_text *text;
	struct sk_arena *arena;
	void **waiting;
	size_t waiting_count, waiting_capacity;
	uint32_t checks; /* comparisons and macros so far */
	bool rejected;   /* the grammar refused the last token */
	struct sk_node *tree;
	struct sk_operand *operand;
};

/* Words `not` before a check; only whether they are odd matters. */
struct sk_negations {
	uint32_t begin;
	bool any, odd;
};

enum sk_parse_end {
	SK_PARSE_END_COMPLETE,
	SK_PARSE_END_INVALID,  /* the lexer reported why, or is out of memory */
	SK_PARSE_END_REJECTED, /* the last token stands where it cannot */
};

/* condition.y: reads up to the end or the first error. */
enum sk_parse_end sk_parser_run(struct sk_parser *parser, bool alone);

struct sk_negations sk_negations_add(struct sk_negations negations, struct sk_token token);

/* Puts `child` with `count` others that wait; returns count + 1. */
uint32_t sk_parser_push(struct sk_parser *parser, void *child, uint32_t count);

/* AND or OR of the last `count` nodes; a single one stays itself. */
struct sk_node *sk_parser_chain(struct sk_parser *parser, enum sk_node_kind kind, uint32_t count);
struct sk_node *sk_parser_negate(struct sk_parser *parser, struct sk_negations negations, struct sk_node *child);
struct sk_node *sk_parser_macro(struct sk_parser *parser, const struct sk_token *name);
struct sk_node *sk_parser_check(struct sk_parser *parser, struct sk_operand *left, const struct sk_token *operator,
				const struct sk_token * modifier, struct sk_operand *right);

struct sk_operand *sk_parser_text(struct sk_parser *parser, enum sk_operand_kind kind,
				  const struct sk_token *token);
struct sk_operand *sk_parser_list(struct sk_parser *parser, const struct sk_token *open, uint32_t count,
				  const struct sk_token *close);
/* `subscript` without text: none. */
struct sk_operand *sk_parser_field(struct sk_parser *parser, const struct sk_token *name,
				   const struct sk_token *subscript);
struct sk_operand *sk_parser_value(struct sk_parser *parser, const struct sk_token *open, struct sk_operand *field,
				   const struct sk_token *close, const struct sk_token *subscript);
struct sk_operand *sk_parser_transformer(struct sk_parser *parser, const struct sk_token *open, uint32_t count,
					 const struct sk_token *close, const struct sk_token *subscript);

#endif
