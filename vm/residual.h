/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is left of a condition program once some predicates are known: its
 * unknown predicates, and where each leads when it turns out true or false.
 *
 *   forward   which instructions can be reached (vm/reach.h)
 *   backward  where each of those ends up: itself if it has to be asked, else
 *             where the known predicates behind it lead.  An unknown one whose
 *             two ways end up at the same place does not have to be asked.
 *
 * Two programs' states with the same residual are the same to whatever is
 * answered later.
 */
#ifndef SK_RESIDUAL_H
#define SK_RESIDUAL_H

#include <stdint.h>
#include <string.h>

#include "vm/reach.h"

/* Where an instruction ends up; SK_END_FIRST + i: instruction i has to be asked. */
enum { SK_END_FAIL, SK_END_MATCH, SK_END_FIRST };

/* How an instruction is left, in `scratch`; 0: it is not reached. */
enum { SK_WAY_BOTH = 1, SK_WAY_NEXT, SK_WAY_JUMP };

/*
 * `scratch` has room for a byte an instruction and one more, `ends` for a
 * number.  Returns where the program ends up, SK_END_FIRST or more if it is
 * open.  `ask` gets each instruction that has to be asked, last first, with
 * the ends behind it when it does not jump and when it does.
 */
static inline __attribute__((always_inline)) uint32_t
sk_residual(const struct sk_instruction *program, uint32_t size, sk_truth_fn truth, const void *context,
	    void (*ask)(void *context, uint32_t at, uint32_t predicate, uint32_t next, uint32_t jump),
	    void *ask_context, uint8_t *scratch, uint32_t *ends)
{
	memset(scratch, 0, size);
	scratch[0] = SK_WAY_NEXT;
	for (uint32_t i = 0; i < size; i++) {
		const struct sk_instruction *instruction = &program[i];
		enum sk_truth known;

		if (!scratch[i])
			continue;
		switch ((enum sk_op)instruction->op) {
		case SK_OP_JUMP_TRUE:
		case SK_OP_JUMP_FALSE:
			known = truth(context, instruction->operand);
			scratch[i] = SK_WAY_BOTH;
			if (known != SK_TRUTH_UNKNOWN)
				scratch[i] = (known == SK_TRUTH_TRUE) == (instruction->op == SK_OP_JUMP_TRUE)
						     ? SK_WAY_JUMP
						     : SK_WAY_NEXT;
			if (scratch[i] != SK_WAY_JUMP && !scratch[i + 1])
				scratch[i + 1] = SK_WAY_NEXT;
			if (scratch[i] != SK_WAY_NEXT && !scratch[i + 1 + instruction->jump])
				scratch[i + 1 + instruction->jump] = SK_WAY_NEXT;
			break;
		case SK_OP_JUMP:
			scratch[i] = SK_WAY_JUMP;
			if (!scratch[i + 1 + instruction->jump])
				scratch[i + 1 + instruction->jump] = SK_WAY_NEXT;
			break;
		case SK_OP_MATCH:
		case SK_OP_FAIL:
		/* The verifier lets none of these into a condition. */
		case SK_OP_LITERAL:
		case SK_OP_FIELD:
		case SK_OP_SUGGESTED:
		case SK_OP_END:
		case SK_OP_COUNT:
			break;
		}
	}
	for (uint32_t i = size; i-- > 0;) {
		const struct sk_instruction *instruction = &program[i];

		if (!scratch[i])
			continue;
		if (instruction->op == SK_OP_MATCH) {
			ends[i] = SK_END_MATCH;
		} else if (instruction->op != SK_OP_JUMP_TRUE && instruction->op != SK_OP_JUMP_FALSE &&
			   instruction->op != SK_OP_JUMP) {
			ends[i] = SK_END_FAIL;
		} else if (scratch[i] != SK_WAY_BOTH) {
			ends[i] = ends[scratch[i] == SK_WAY_JUMP ? i + 1 + instruction->jump : i + 1];
		} else {
			uint32_t next = ends[i + 1], jump = ends[i + 1 + instruction->jump];

			ends[i] = next == jump ? next : SK_END_FIRST + i;
			if (next != jump)
				ask(ask_context, i, instruction->operand, next, jump);
		}
	}
	return ends[0];
}

#endif
