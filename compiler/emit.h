/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a bundle: the rules of a pack, and of the IR what they use.
 */
#ifndef SK_COMPILER_EMIT_H
#define SK_COMPILER_EMIT_H

#include "compiler/eventset.h"
#include "compiler/ir.h"
#include "compiler/output.h"
#include "compiler/pack.h"
#include "vm/support/buffer.h"
#include "vm/support/error.h"

/* A checked rule, ready to be written. */
struct sk_emit_rule {
	const struct sk_pack_rule *rule;
	uint32_t condition; /* node of the IR, its program not over SK_PROGRAM_LIMIT */
	struct sk_output_program output;
	struct sk_event_set events; /* without the async event, which is added to all */
};

/* What a bundle is made of. */
struct sk_emit_input {
	const struct sk_ir *ir;
	const struct sk_sources *sources;
	const struct sk_emit_rule *rules; /* in the order of evaluation */
	uint32_t count;
	bool any_type; /* events may be anything whatever their type (struct sk_compile_options) */
};

/*
 * Appends the bundle of the rules to `ret_bundle`.  The same input gives the
 * same bytes.  Returns 0; -ENOMEM; -E2BIG with a sentence in `error` if a limit
 * of the format is passed.
 */
int sk_emit_bundle(const struct sk_emit_input *input, struct sk_buffer *ret_bundle, uint32_t *ret_predicates,
		   struct sk_error *error);

#endif
