/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash tables of EXACT indexes: what compiler, verifier and lookup share.
 *
 *    31       24                        0
 *   +-----------+-------------------------+
 *   | hash byte | number of the entry + 1 |    0: free
 *   +-----------+-------------------------+
 *
 * A text is looked for from its slot on, slot by slot and around the end, until
 * a free one.  The byte keeps most other texts from being compared.
 */
#ifndef SK_SLOT_H
#define SK_SLOT_H

#ifndef XXH_INLINE_ALL
#define XXH_INLINE_ALL
#endif
#include <xxhash.h>

#include "vm/bundle.h"

enum { SK_SLOT_ENTRY_MASK = (1 << SK_SLOT_ENTRY_BITS) - 1 };

struct sk_slot {
	uint32_t at;
	uint32_t byte;
};

/* Where looking for a text begins, and its hash byte. */
static inline struct sk_slot sk_slot_of(const char *text, uint32_t length, uint32_t slot_count)
{
	uint64_t hash = XXH3_64bits(text, length);

	return (struct sk_slot){.at = (uint32_t)((hash & UINT32_MAX) * slot_count >> 32),
				.byte = (uint32_t)(hash >> 56)};
}

static inline uint32_t sk_slot_next(uint32_t at, uint32_t slot_count)
{
	return at + 1 == slot_count ? 0 : at + 1;
}

/* Slots of a table: a third of them is free. */
static inline uint32_t sk_slot_count(uint32_t entry_count)
{
	return entry_count + entry_count / 2 + 1;
}

#endif
