/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks what the grammar cannot: that fields exist and take their arguments,
 * that operators, transformers and constants fit the types
 * (spec/rule-language.md sections 2.4 to 2.9), and turns each comparison into
 * a predicate of the IR.
 *
 *   CHECK node ─► predicate, or issues that say why not
 *
 * Issues are collected, not reported: whether an unknown field is an error or
 * a reason to skip the rule depends on the rule, while a macro's comparison is
 * checked once for all rules that use it.
 */
#ifndef SK_COMPILER_CHECK_H
#define SK_COMPILER_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/ir.h"
#include "grammar/ast.h"
#include "grammar/diagnostic.h"

/* One thing to say about a comparison or an output. */
struct sk_issue {
	struct sk_issue *next;
	enum sk_diagnostic_id id;
	struct sk_span span;
	const char *message;
	const char *hint; /* NULL without */
	bool unknown;     /* a name that this engine does not know: skip-if-unknown-filter forgives it */
	bool reported;
};

struct sk_check {
	struct sk_arena *arena;
	struct sk_ir *ir;
	bool accept_any_type; /* as in struct sk_compile_options; false unless the caller sets it */
	struct sk_issue *issues, **last;
	bool failed; /* an issue is an error */
	/* Fields that stood in a condition or an output before and had no issues: their expressions. */
	struct sk_intern fields;
	uint32_t *field_expressions;
	uint32_t field_capacity;
	/* Programs of outputs (output.h), by their texts. */
	struct sk_intern outputs;
	struct sk_output_program *output_programs;
	uint32_t output_capacity;
	struct sk_intern patterns; /* those that are valid */
	uint32_t hints;            /* searched for so far */
	uint32_t readers; /* comparisons and tokens so far whose value depends on their readings (vm/reading.h) */
	/* Of each constant, by its number: the last list that it was met in. */
	uint32_t *stamps;
	uint32_t stamp_capacity, stamp;
};

void sk_check_init(struct sk_check *check, struct sk_arena *arena, struct sk_ir *ir);

/* Takes the issues found since the last call; NULL if there are none. */
struct sk_issue *sk_check_take_issues(struct sk_check *check);

/*
 * Adds an issue.  What is an error, by the table of diagnostics, sets `failed`.
 */
void sk_check_add(struct sk_check *check, enum sk_diagnostic_id id, struct sk_span span, bool unknown,
		  const char *hint, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Whether to search for what was meant: true a limited number of times. */
bool sk_check_may_hint(struct sk_check *check);

/* The predicate of a CHECK node; SK_NONE after issues, or without memory. */
uint32_t sk_check_predicate(struct sk_check *check, const struct sk_node *node);

/* The expression of an output's field or transformer; SK_NONE after issues, or without memory. */
uint32_t sk_check_output(struct sk_check *check, const struct sk_text *text, const struct sk_operand *operand);

/*
 * True if all fields in an operand exist, however deep: of an output token, what
 * decides how much of the text is the token (section 4.1).
 */
bool sk_check_fields_exist(struct sk_arena *arena, const struct sk_operand *operand);

#endif
