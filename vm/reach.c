/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/reach.h"

enum sk_reach sk_reach(const struct sk_instruction *program, uint32_t size, sk_truth_fn truth, const void *context,
		       void (*open)(void *context, uint32_t predicate), void *open_context, uint8_t *scratch)
{
	return sk_reach_inline(program, size, truth, context, open, open_context, scratch);
}
