/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text to tree: conditions (spec/rule-language.md sections 2.1 to 2.3) and
 * outputs (section 4.1).
 */
#ifndef SK_GRAMMAR_PARSE_H
#define SK_GRAMMAR_PARSE_H

#include "grammar/ast.h"
#include "grammar/diagnostic.h"

/* Depth limits of the reference: its API's default, and that of packs. */
enum { SK_PARSE_DEPTH_DEFAULT = 100, SK_PARSE_DEPTH_PACK = 1000 };

/* Longer texts are refused: hostile input must not cost time. */
enum { SK_PARSE_TEXT_LIMIT = 4 * 1024 * 1024 };

/* Comparisons and macros of one condition: no program has room for more. */
enum { SK_PARSE_CHECK_LIMIT = UINT16_MAX };

/*
 * Parses a condition.  `text` must outlive the tree.  Returns NULL after
 * reporting at least one SK_DIAGNOSTIC_COMPILE_CONDITION, or without memory
 * (then `diagnostics->out_of_memory`).  After a syntax error the parser goes
 * on behind the next `and` or `or`, so that several can be reported.
 */
struct sk_node *sk_parse_condition(const struct sk_text *text, uint32_t depth_limit, struct sk_arena *arena,
				   struct sk_diagnostics *diagnostics);

/*
 * Parses one left-hand side (a field or a transformer expression), all of the
 * text; NULL if it is none.  Reports nothing: for exception fields.  The depth
 * limit is the reference's default, as it is for tokens of outputs.
 */
struct sk_operand *sk_parse_left_side(const struct sk_text *text, struct sk_arena *arena);

/*
 * Parses the longest prefix of bytes from..length that is a field or a
 * transformer; writes how many bytes it took.  NULL if there is none.
 * `accept` is asked about every candidate, longest first, and may refuse it
 * (a field that does not exist); NULL accepts all.  After 4,096 refusals it
 * gives up.
 */
struct sk_operand *sk_parse_token(const struct sk_text *text, uint32_t from, struct sk_arena *arena,
				  bool (*accept)(void *context, const struct sk_operand *operand), void *context,
				  uint32_t *ret_length);

enum sk_output_kind { SK_OUTPUT_LITERAL, SK_OUTPUT_FIELD };

struct sk_output_part {
	enum sk_output_kind kind;
	uint32_t begin, end; /* bytes of the output text */
	const char *literal; /* LITERAL */
	uint32_t literal_length;
	struct sk_operand *operand; /* FIELD */
	uint32_t width;             /* FIELD: 0, or exact bytes in text outputs */
};

struct sk_output {
	const struct sk_text *text;
	struct sk_output_part *parts;
	uint32_t count;
	bool optional; /* began with '*': missing values do not make it fail */
};

/*
 * Parses an output format.  `accept` as for sk_parse_token(), but all tokens
 * share the refusals.  NULL after reporting SK_DIAGNOSTIC_COMPILE_OUTPUT, every
 * wrong token (up to 20) in one; or without memory (then
 * `diagnostics->out_of_memory`).  A width of more than 65,535 is refused.
 */
struct sk_output *sk_parse_output(const struct sk_text *text, struct sk_arena *arena,
				  bool (*accept)(void *context, const struct sk_operand *operand), void *context,
				  struct sk_diagnostics *diagnostics);

#endif
