/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index planner: from predicates to questions, and the structures that
 * answer them (vm/bundle.h, vm/groups.def).
 *
 *   predicates, sorted ─► questions ─► groups ─► index.c         entries, postings
 *                                                index_exact.c     slots
 *                                                index_sorted.c    order, links
 *                                                index_automaton.c states, labels
 *
 * Both functions look at the sections of a bundle that are there so far.
 */
#ifndef SK_COMPILER_INDEX_H
#define SK_COMPILER_INDEX_H

#include "vm/bundle.h"
#include "vm/support/arena.h"
#include "vm/support/buffer.h"
#include "vm/support/error.h"

/*
 * Numbers of the bundle's predicates in the order in which they must stand: by
 * question, in it by group, and otherwise as they are.  NULL without memory.
 */
uint32_t *sk_index_order(const struct sk_bundle *bundle, struct sk_arena *arena);

/*
 * Appends QUESTIONS and what they are answered with for predicates that are in
 * order.  The same predicates give the same bytes.  Needs STRING_BYTES,
 * STRINGS, FIELDS, NUMBERS, ADDRESSES, CONSTANTS, EXPRESSIONS and PREDICATES.
 * 0, -ENOMEM, or -E2BIG with a sentence if a limit of the format is passed.
 */
int sk_index_write(const struct sk_bundle *bundle, struct sk_arena *arena,
		   struct sk_buffer sections[SK_SECTION_COUNT], struct sk_error *error);

#endif
