/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Condition programs: a node of the IR as instructions.
 *
 * Predicates stand in the order in which they were written, and each either
 * falls through to the next one or jumps to where its truth leads: behind an
 * `or` that is true, behind an `and` that is false, to the end.  `not` costs
 * nothing, it swaps the two targets.
 *
 *   (a or b) and not c        jump_true  a ──┐
 *                             jump_false b ──│──┐
 *                             jump_true  c ◄─┘──┤
 *                             match             │
 *                             fail  ◄───────────┘
 */
#ifndef SK_COMPILER_PROGRAM_H
#define SK_COMPILER_PROGRAM_H

#include "compiler/ir.h"

/* Jumps are 16 bits wide. */
enum { SK_PROGRAM_LIMIT = UINT16_MAX };

/* Instructions of all rules of a pack: macros make much of little text. */
enum { SK_PROGRAMS_LIMIT = 1 << 22 };

/* Instructions of a node's program; more than SK_PROGRAM_LIMIT cannot be made. */
uint64_t sk_program_size(const struct sk_ir *ir, uint32_t node);

/*
 * Writes the program, sk_program_size() instructions with numbers of the IR
 * for predicates.  The node's depth must be bounded by the caller.
 */
void sk_program_write(const struct sk_ir *ir, uint32_t node, struct sk_instruction *instructions);

#endif
