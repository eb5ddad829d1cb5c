/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an operator says of two values (spec/rule-language.md sections 2.5 to
 * 2.8).  Private to vm/.
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

/* A constant of a bundle, made ready for comparing. */
struct sk_constant {
	struct sk_value value;
	struct sk_address address; /* what `value` of an IPADDR or IPNET points to */
	uint8_t prefix;            /* IPNET: bits */
	struct sk_regex *regex;    /* of the text, where a predicate needs it */
};

struct sk_comparison {
	uint8_t operator;                    /* enum sk_operator */
	uint8_t modifier;                    /* enum sk_modifier */
	uint8_t quantifier;                  /* enum sk_quantifier */
	const struct sk_constant *constants; /* of the left side's type */
	uint32_t count;
};

/*
 * Makes constant `number` ready, but for its regular expression.  It points
 * into the bundle and into itself: it cannot be copied.
 */
void sk_constant_load(const struct sk_bundle *bundle, uint32_t number, struct sk_constant *ret_constant);

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
