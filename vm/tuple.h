/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tuples of signatures, each once: the answers to the questions of one facet,
 * or of a whole class.
 *
 *   items  [ s s s | s s s | ... ]   `width` signatures a tuple
 *   slots  hash of the signatures ─► number of the tuple + 1; 0: free
 */
#ifndef SK_TUPLE_H
#define SK_TUPLE_H

#include <stddef.h>
#include <stdint.h>

struct sk_tuples {
	uint32_t *items;
	uint32_t width, count, limit;
	uint32_t *slots;
	uint32_t mask;
};

/* At most `limit` tuples.  0 or -ENOMEM. */
int sk_tuples_init(struct sk_tuples *tuples, uint32_t width, uint32_t limit);
void sk_tuples_release(struct sk_tuples *tuples);
void sk_tuples_clear(struct sk_tuples *tuples);

/* The number of a tuple of `width` signatures; UINT32_MAX when there is no room. */
uint32_t sk_tuples_intern(struct sk_tuples *tuples, const uint32_t *signatures);

/* The signatures of tuple `number`. */
static inline const uint32_t *sk_tuples_at(const struct sk_tuples *tuples, uint32_t number)
{
	return tuples->items + (size_t)number * tuples->width;
}

#endif
