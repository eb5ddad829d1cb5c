/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three-valued evaluation of a condition program: what can still become of it
 * when some predicates are known and the others may be either.
 *
 * A program only jumps forward, so one sweep over its instructions tells which
 * of them can be reached: a jump on a known predicate reaches one successor,
 * on an unknown one both.  The same predicate met twice counts as two unknowns;
 * so MATCH may seem reachable where it is not, never the other way round.
 */
#ifndef SK_REACH_H
#define SK_REACH_H

#include <stdint.h>

#include <string.h>

#include "vm/bundle.h"

enum sk_truth { SK_TRUTH_FALSE, SK_TRUTH_TRUE, SK_TRUTH_UNKNOWN };

/* What a program may end in; both bits: it is open. */
enum sk_reach { SK_REACH_FAIL = 1, SK_REACH_MATCH = 2, SK_REACH_OPEN = 3 };

/* The truth of a predicate as far as it is known. */
typedef enum sk_truth (*sk_truth_fn)(const void *context, uint32_t predicate);

/* sk_reach() for who gives functions that are known where it stands, and wants them inlined. */
static inline __attribute__((always_inline)) enum sk_reach
sk_reach_inline(const struct sk_instruction *program, uint32_t size, sk_truth_fn truth, const void *context,
		void (*open)(void *context, uint32_t predicate), void *open_context, uint8_t *reached)
{
	unsigned ends = 0;

	memset(reached, 0, size);
	reached[0] = 1;
	for (uint32_t i = 0; i < size; i++) {
		const struct sk_instruction *instruction = &program[i];
		enum sk_truth known;

		if (!reached[i])
			continue;
		switch ((enum sk_op)instruction->op) {
		case SK_OP_JUMP_TRUE:
		case SK_OP_JUMP_FALSE:
			known = truth(context, instruction->operand);
			if (known == SK_TRUTH_UNKNOWN) {
				if (open)
					open(open_context, instruction->operand);
				reached[i + 1] = 1;
				reached[i + 1 + instruction->jump] = 1;
			} else if ((known == SK_TRUTH_TRUE) == (instruction->op == SK_OP_JUMP_TRUE)) {
				reached[i + 1 + instruction->jump] = 1;
			} else {
				reached[i + 1] = 1;
			}
			break;
		case SK_OP_JUMP:
			reached[i + 1 + instruction->jump] = 1;
			break;
		case SK_OP_MATCH:
			ends |= SK_REACH_MATCH;
			break;
		case SK_OP_FAIL:
			ends |= SK_REACH_FAIL;
			break;
		/* The verifier lets none of these into a condition. */
		case SK_OP_LITERAL:
		case SK_OP_FIELD:
		case SK_OP_SUGGESTED:
		case SK_OP_END:
		case SK_OP_COUNT:
			break;
		}
	}
	return (enum sk_reach)ends;
}

/*
 * `scratch` has room for one byte an instruction.  Predicates that are reached
 * and unknown are given to `open`, which may be NULL.
 */
enum sk_reach sk_reach(const struct sk_instruction *program, uint32_t size, sk_truth_fn truth, const void *context,
		       void (*open)(void *context, uint32_t predicate), void *open_context, uint8_t *scratch);

#endif
