/* SPDX-License-Identifier: Apache-2.0 */
#define XXH_INLINE_ALL
#include "vm/signature.h"

#include <errno.h>
#include <string.h>

#include <xxhash.h>

#include "vm/support/alloc.h"

int sk_signatures_init(struct sk_signatures *signatures, uint32_t questions, uint32_t limit, uint32_t holding_size)
{
	uint32_t size = 4;

	while (size < limit * 2)
		size *= 2;
	*signatures = (struct sk_signatures){
		.limit = questions * 2 + limit,
		.reserved = questions * 2,
		.holding_size = holding_size,
		.mask = size - 1,
	};
	signatures->items = sk_alloc_zeroed(signatures->limit, sizeof(*signatures->items));
	signatures->holding = sk_alloc_zeroed(holding_size, sizeof(*signatures->holding));
	signatures->slots = sk_alloc_zeroed(size, sizeof(*signatures->slots));
	if (!signatures->items || !signatures->holding || !signatures->slots) {
		sk_signatures_release(signatures);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < signatures->reserved; i++)
		signatures->items[i].question = i / 2;
	signatures->count = signatures->reserved;
	return 0;
}

void sk_signatures_release(struct sk_signatures *signatures)
{
	sk_free(signatures->items);
	sk_free(signatures->holding);
	sk_free(signatures->slots);
	*signatures = (struct sk_signatures){.items = NULL};
}

void sk_signatures_clear(struct sk_signatures *signatures)
{
	memset(signatures->slots, 0, ((size_t)signatures->mask + 1) * sizeof(*signatures->slots));
	signatures->count = signatures->reserved;
	signatures->holding_used = 0;
}

uint32_t sk_signatures_intern(struct sk_signatures *signatures, uint32_t question, const uint32_t *holding,
			      uint32_t count)
{
	const size_t size = count * sizeof(*holding);
	uint32_t at, number;

	if (count == 0)
		return sk_signature_none(question);
	at = (uint32_t)XXH3_64bits_withSeed(holding, size, question) & signatures->mask;
	for (; signatures->slots[at]; at = (at + 1) & signatures->mask) {
		const struct sk_signature *known = &signatures->items[signatures->slots[at] - 1];

		if (known->question == question && known->count == count &&
		    memcmp(signatures->holding + known->first, holding, size) == 0)
			return signatures->slots[at] - 1;
	}
	if (signatures->count == signatures->limit || count > signatures->holding_size - signatures->holding_used)
		return UINT32_MAX;
	number = signatures->count++;
	signatures->items[number] =
		(struct sk_signature){.question = question, .first = signatures->holding_used, .count = count};
	memcpy(signatures->holding + signatures->holding_used, holding, size);
	signatures->holding_used += count;
	signatures->slots[at] = number + 1;
	return number;
}

bool sk_signature_holds(const struct sk_signatures *signatures, uint32_t number, uint32_t predicate)
{
	const struct sk_signature *signature = &signatures->items[number];
	const uint32_t *holding = signatures->holding + signature->first;
	uint32_t low = 0, high = signature->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (holding[middle] < predicate)
			low = middle + 1;
		else
			high = middle;
	}
	return low < signature->count && holding[low] == predicate;
}
