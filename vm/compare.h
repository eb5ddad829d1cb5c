/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an operator says of two values (spec/rule-language.md sections 2.5 to
 * 2.8).  Private to vm/, but for the relations at the end.
 *
 *   quantifier   some value of a field, or both ends of a socket
 *     └─ modifier   how many of the constants
 *          └─ operator   one value and one constant
 *
 * ANY: one of the values must pass the whole comparison.  BOTH: for `!=` all
 * of the ends must, for any other operator one; without an end nothing holds.
 */
#ifndef SK_COMPARE_H
#define SK_COMPARE_H

#include "vm/bundle.h"
#include "vm/regex.h"
#include "vm/support/arena.h"
#include "vm/value.h"

/* The right side of a predicate is constants, where they lie in the bundle. */
struct sk_comparison {
	uint8_t operator;   /* enum sk_operator */
	uint8_t modifier;   /* enum sk_modifier */
	uint8_t quantifier; /* enum sk_quantifier */
	uint8_t type;       /* enum sk_type: the left side's, and so the constants' */
	uint32_t count;
	const uint32_t *constants;       /* of CONSTANTS */
	struct sk_regex *const *regexes; /* of `regex`: those of all strings */
	const struct sk_bundle *bundle;
};

/*
 * The relation of one value and one constant, without modifiers, for those who
 * reason about predicates.  A text has no NULs unless it is BYTES; `regex` is
 * that of the constant where the operator is `regex`, NULL otherwise.  Numbers
 * are of any type but DOUBLE.
 */
bool sk_compare_text(enum sk_operator operator, const char * text, uint32_t length, const char *constant,
		     uint32_t constant_length, const struct sk_regex *regex, struct sk_arena *temporary);
bool sk_compare_number(enum sk_operator operator, enum sk_type type, uint64_t left, uint64_t right);
bool sk_compare_address(enum sk_operator operator, enum sk_type type, const struct sk_address *left,
			const struct sk_bundle_address *right);

/* The comparison of a predicate with constants; `regexes` are left to the caller. */
struct sk_comparison sk_comparison_of(const struct sk_bundle *bundle, uint32_t predicate);

/*
 * True if the comparison holds for `left`, which is present.  `temporary` is
 * reset when it was used.
 */
bool sk_compare_constants(const struct sk_comparison *comparison, const struct sk_value *left,
			  struct sk_arena *temporary);

/*
 * The same with a value on the right, present and of the same type as `left`,
 * and an operator that takes one (neither regex nor pmatch).
 */
bool sk_compare_values(enum sk_operator operator, const struct sk_value * left, const struct sk_value *right,
		       struct sk_arena *temporary);

#endif
