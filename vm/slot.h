/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash tables of EXACT indexes: what compiler, verifier and lookup share.
 *
 *    31       24                        0
 *   +-----------+-------------------------+
 *   | hash byte | number of the entry + 1 |    0: free
 *   +-----------+-------------------------+
 *
 * The entries stand in the order of their hashes, each in its home slot or, if
 * that is taken, in the next one that is free; the last slot is free.
 *
 *   hash    10  11 │ 25 │ 31  33  35 │       │ 72
 *   home     0   0 │  1 │  1   1   1 │       │  4
 *   slots  [ 10 | 11 | 25 | 31 | 33 | 35 | - | 72 | - ]
 *
 * A text is looked for from its home on, slot by slot, until a free one.  The
 * byte keeps most other texts from being compared.
 */
#ifndef SK_SLOT_H
#define SK_SLOT_H

#include <string.h>

#include "vm/bundle.h"

enum { SK_SLOT_ENTRY_MASK = (1 << SK_SLOT_ENTRY_BITS) - 1 };

static inline uint64_t sk_slot_mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

/*
 * The hash of a text that may be read up to eight bytes past its end: what a
 * verifier does for every constant takes a few steps and hardly a branch.  The
 * bytes count as words, the last one with zeroes behind the text.
 */
static inline uint32_t sk_slot_hash_padded(const char *text, uint32_t length)
{
	uint64_t hash = length, word;

	for (; length > 8; text += 8, length -= 8) {
		memcpy(&word, text, sizeof(word));
		hash = sk_slot_mix(hash, word);
	}
	memcpy(&word, text, sizeof(word));
	word &= length ? UINT64_MAX >> (64 - 8 * length) : 0;
	return (uint32_t)(sk_slot_mix(sk_slot_mix(hash, word), 0) >> 32);
}

/* The same for a text anywhere. */
static inline uint32_t sk_slot_hash(const char *text, uint32_t length)
{
	uint64_t hash = length, word = 0;

	for (; length > 8; text += 8, length -= 8) {
		memcpy(&word, text, sizeof(word));
		hash = sk_slot_mix(hash, word);
	}
	word = 0;
	memcpy(&word, text, length);
	return (uint32_t)(sk_slot_mix(sk_slot_mix(hash, word), 0) >> 32);
}

/* Homes of a table: half as many more as entries.  Its slots go on behind them. */
static inline uint32_t sk_slot_homes(uint32_t entry_count)
{
	return entry_count + entry_count / 2 + 1;
}

static inline uint32_t sk_slot_home(uint32_t hash, uint32_t homes)
{
	return (uint32_t)((uint64_t)hash * homes >> 32);
}

/* The hash decides home and order from its high bits on: the low ones tell neighbours apart. */
static inline uint32_t sk_slot_make(uint32_t hash, uint32_t entry)
{
	return (hash & 0xff) << SK_SLOT_ENTRY_BITS | (entry + 1);
}

#endif
