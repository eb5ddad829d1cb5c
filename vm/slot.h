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

/* The first `length` bytes of a word, the others zero; all of them if it has no more. */
static inline uint64_t sk_slot_cut(uint64_t word, uint32_t length)
{
	return length >= 8 ? word : word & ((UINT64_C(1) << 8 * length) - 1);
}

static inline uint32_t sk_slot_end(uint64_t hash, const uint64_t begin[2], const uint64_t end[2])
{
	hash = sk_slot_mix(hash, begin[0]);
	hash = sk_slot_mix(hash, begin[1]);
	hash = sk_slot_mix(hash, end[0]);
	hash = sk_slot_mix(hash, end[1]);
	return (uint32_t)(sk_slot_mix(hash, 0) >> 32);
}

/*
 * The hash of a text that may be read up to sixteen bytes past its begin: what
 * a verifier does for every constant takes a few steps and, up to 32 bytes, no
 * branch.  Of those count the first two words, with zeroes behind the text, and
 * the last two, which are zero unless it is longer than the first.
 */
static inline uint32_t sk_slot_hash_padded(const char *text, uint32_t length)
{
	uint64_t hash = length, begin[2], end[2];
	uint32_t behind;

	for (; length > 32; text += 8, length -= 8) {
		memcpy(begin, text, sizeof(begin[0]));
		hash = sk_slot_mix(hash, begin[0]);
	}
	behind = length > 16 ? length - 16 : 0;
	memcpy(begin, text, sizeof(begin));
	memcpy(end, text + behind, sizeof(end));
	begin[0] = sk_slot_cut(begin[0], length);
	begin[1] = sk_slot_cut(begin[1], length > 8 ? length - 8 : 0);
	end[0] = behind ? end[0] : 0;
	end[1] = behind ? end[1] : 0;
	return sk_slot_end(hash, begin, end);
}

/* The same for a text anywhere. */
static inline uint32_t sk_slot_hash(const char *text, uint32_t length)
{
	uint64_t hash = length, begin[2] = {0}, end[2] = {0};

	for (; length > 32; text += 8, length -= 8) {
		memcpy(begin, text, sizeof(begin[0]));
		hash = sk_slot_mix(hash, begin[0]);
	}
	begin[0] = 0;
	memcpy(begin, text, length < sizeof(begin) ? length : sizeof(begin));
	if (length > sizeof(end))
		memcpy(end, text + length - sizeof(end), sizeof(end));
	return sk_slot_end(hash, begin, end);
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
