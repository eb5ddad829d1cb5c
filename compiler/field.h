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

/*
 * Resolves an operand of kind FIELD.  False if there is no such field or it
 * does not take this argument; then `ret_fault`, unless it is NULL, says why; the
 * text lives in the arena.
 */
bool sk_field_resolve(const struct sk_operand *operand, struct sk_arena *arena, struct sk_resolved_field *ret_field,
		      const char **ret_fault);

/*
 * What an operand that does not resolve may have meant, NULL if nothing comes
 * close.  It costs as much as a thousand resolutions: not for every mistake
 * of a hostile file.
 */
const char *sk_field_hint(const struct sk_operand *operand, struct sk_arena *arena);

#endif
