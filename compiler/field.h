/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of fields: what proc.aname[2] or evt.arg.flags stands for
 * (spec/rule-language.md section 2.4, last bullet).
 */
#ifndef SK_COMPILER_FIELD_H
#define SK_COMPILER_FIELD_H

#include <stdbool.h>
#include <stdint.h>

#include "grammar/ast.h"
#include "vm/bundle.h"
#include "vm/support/arena.h"

struct sk_resolved_field {
	struct sk_bundle_field record; /* `argument` is SK_NONE: see below */
	const struct sk_field_info *info;
	const char *argument; /* NULL without one; of an INDEX its digits */
	uint32_t argument_length;
};

/* Why a name stands for nothing; texts live in the arena. */
struct sk_field_fault {
	const char *message;
	const char *hint; /* NULL without */
};

/*
 * Resolves an operand of kind FIELD.  False if there is no such field or it
 * does not take this argument; then `ret_fault`, unless it is NULL, says why.
 * Fields that have no extractor yet (LATER) are resolved like others.
 */
bool sk_field_resolve(const struct sk_operand *operand, struct sk_arena *arena, struct sk_resolved_field *ret_field,
		      struct sk_field_fault *ret_fault);

#endif
