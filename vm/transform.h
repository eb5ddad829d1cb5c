/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions on values: transformers and list literals
 * (spec/rule-language.md section 2.9).  Private to vm/.
 */
#ifndef SK_TRANSFORM_H
#define SK_TRANSFORM_H

#include "vm/schema/schema.h"
#include "vm/support/arena.h"
#include "vm/value.h"

/*
 * The result of a transformer.  `arguments` are of the types that the verifier
 * demands and as many; where one is missing the result is missing for the same
 * reason.  `selector` is the one of getopt(...)[c], NULL without.  Results
 * point into arguments and `scratch`; without memory they are missing.
 */
struct sk_value sk_transform(enum sk_transformer transformer, const struct sk_value *const *arguments,
			     uint32_t count, const struct sk_value *selector, struct sk_arena *scratch);

/* A list of the texts of `count` scalars: (a, "b", 1). */
struct sk_value sk_transform_list(const struct sk_value *const *arguments, uint32_t count,
				  struct sk_arena *scratch);

#endif
