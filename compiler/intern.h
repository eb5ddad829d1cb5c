/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers for runs of bytes: equal runs get the same number, new runs the next
 * one.  Strings, records and lists of numbers of a compile are all kept this
 * way, so that each exists once and comparing two is comparing numbers.
 *
 *   slots (xxh3, open addressing) ─► number ─► item: bytes, length
 *
 *    31       26                        0
 *   +-----------+-------------------------+
 *   | hash bits | number + 1              |    0: free
 *   +-----------+-------------------------+
 *
 * The bits keep a search from looking at nearly all items that it does not
 * mean: each is a cache miss once there are many.
 *
 *   chunks   [64 items][128 items][256 items] ...
 *
 * Invariant: items never change and never move; numbers count up from 0 in the
 * order of first appearance, so the same input gives the same numbers.
 */
#ifndef SK_COMPILER_INTERN_H
#define SK_COMPILER_INTERN_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/support/arena.h"

struct sk_interned {
	const void *bytes; /* aligned for any type, a NUL behind them */
	uint32_t length;
	uint32_t hash;
};

enum { SK_INTERN_FIRST_CHUNK = 64, SK_INTERN_CHUNKS = 20, SK_INTERN_NUMBER_BITS = 26 };

_Static_assert((uint64_t)SK_INTERN_FIRST_CHUNK << SK_INTERN_CHUNKS <= UINT64_C(1) << SK_INTERN_NUMBER_BITS,
	       "every number fits into a slot");

struct sk_intern {
	struct sk_arena *arena;
	struct sk_interned *chunks[SK_INTERN_CHUNKS]; /* each twice as large as the one before */
	uint32_t count, capacity;
	uint32_t *slots;
	uint32_t slot_count;
};

/* Everything lives as long as `arena`. */
void sk_intern_init(struct sk_intern *intern, struct sk_arena *arena);

/* Item `number`, one that sk_intern_add() has given. */
static inline const struct sk_interned *sk_intern_get(const struct sk_intern *intern, uint32_t number)
{
	uint32_t place = number + SK_INTERN_FIRST_CHUNK, chunk;

	assert(number < intern->count);
	chunk = 31 - (uint32_t)__builtin_clz(place / SK_INTERN_FIRST_CHUNK);
	return &intern->chunks[chunk][place - ((uint32_t)SK_INTERN_FIRST_CHUNK << chunk)];
}

/* The number of a run, which is copied if it is new; SK_NONE without memory. */
uint32_t sk_intern_add(struct sk_intern *intern, const void *bytes, size_t length);

#endif
