/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/reach.h"

#include <string.h>

enum sk_reach sk_reach(const struct sk_instruction *program, uint32_t size, sk_truth_fn truth, const void *context,
		       void (*open)(void *context, uint32_t predicate), void *open_context, uint8_t *scratch)
{
	unsigned ends = 0;

	memset(scratch, 0, size);
	scratch[0] = 1;
	for (uint32_t i = 0; i < size; i++) {
		const struct sk_instruction *instruction = &program[i];
		enum sk_truth known;

		if (!scratch[i])
			continue;
		switch ((enum sk_op)instruction->op) {
		case SK_OP_JUMP_TRUE:
		case SK_OP_JUMP_FALSE:
			known = truth(context, instruction->operand);
			if (known == SK_TRUTH_UNKNOWN) {
				if (open)
					open(open_context, instruction->operand);
				scratch[i + 1] = 1;
				scratch[i + 1 + instruction->jump] = 1;
			} else if ((known == SK_TRUTH_TRUE) == (instruction->op == SK_OP_JUMP_TRUE)) {
				scratch[i + 1 + instruction->jump] = 1;
			} else {
				scratch[i + 1] = 1;
			}
			break;
		case SK_OP_JUMP:
			scratch[i + 1 + instruction->jump] = 1;
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
