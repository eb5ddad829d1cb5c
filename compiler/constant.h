/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Constants: the text on the right of an operator becomes a value of the type
 * on its left (spec/rule-language.md section 2.6).
 */
#ifndef SK_COMPILER_CONSTANT_H
#define SK_COMPILER_CONSTANT_H

#include <stdbool.h>
#include <stdint.h>

#include "vm/bundle.h"
#include "vm/support/arena.h"

/* Which members count depends on the type: see CONSTANTS in vm/bundle.h. */
struct sk_converted_constant {
	const char *text; /* STRING, BYTES: the string */
	uint32_t length;
	uint64_t number;
	struct sk_bundle_address address;
};

/* Why a text is no constant of the type; texts live in the arena. */
struct sk_constant_fault {
	const char *message; /* never NULL */
	const char *hint;    /* NULL without */
};

/*
 * Converts `text` for a comparison of a value of `type` (of the elements, for
 * a list) by `comparison`.  False if it does not convert; `ret_fault` then says
 * why.  Patterns of `regex` are only checked for length and NULs here.  Texts of
 * `icontains` come in lower case and plain paths of `pmatch` in the form that
 * indexes take (vm/plan.h), which means the same.
 */
bool sk_constant_convert(const char *text, uint32_t length, enum sk_type type, enum sk_operator comparison,
			 struct sk_arena *arena, struct sk_converted_constant *ret_constant,
			 struct sk_constant_fault *ret_fault);

#endif
