/* SPDX-License-Identifier: Apache-2.0 */
#define XXH_INLINE_ALL
#include "vm/tuple.h"

#include <errno.h>
#include <string.h>

#include <xxhash.h>

#include "vm/support/alloc.h"

int sk_tuples_init(struct sk_tuples *tuples, uint32_t width, uint32_t limit)
{
	uint32_t size = 4;

	while (size < limit * 2)
		size *= 2;
	*tuples = (struct sk_tuples){.width = width, .limit = limit, .mask = size - 1};
	/* One element more, so that a width of 0 is no special case. */
	tuples->items = sk_alloc_zeroed((size_t)limit * width + 1, sizeof(*tuples->items));
	tuples->slots = sk_alloc_zeroed(size, sizeof(*tuples->slots));
	if (tuples->items && tuples->slots)
		return 0;
	sk_tuples_release(tuples);
	return -ENOMEM;
}

void sk_tuples_release(struct sk_tuples *tuples)
{
	sk_free(tuples->items);
	sk_free(tuples->slots);
	*tuples = (struct sk_tuples){.items = NULL};
}

void sk_tuples_clear(struct sk_tuples *tuples)
{
	memset(tuples->slots, 0, ((size_t)tuples->mask + 1) * sizeof(*tuples->slots));
	tuples->count = 0;
}

uint32_t sk_tuples_intern(struct sk_tuples *tuples, const uint32_t *signatures)
{
	const size_t size = tuples->width * sizeof(*signatures);
	uint32_t at = (uint32_t)XXH3_64bits(signatures, size) & tuples->mask, number;

	for (; tuples->slots[at]; at = (at + 1) & tuples->mask) {
		number = tuples->slots[at] - 1;
		if (!size || memcmp(sk_tuples_at(tuples, number), signatures, size) == 0)
			return number;
	}
	if (tuples->count == tuples->limit)
		return UINT32_MAX;
	number = tuples->count++;
	if (size)
		memcpy(tuples->items + (size_t)number * tuples->width, signatures, size);
	tuples->slots[at] = number + 1;
	return number;
}
