/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers that look drawn by lot and are the same everywhere: xorshift64*.
 */
#ifndef SK_BENCH_RANDOM_H
#define SK_BENCH_RANDOM_H

#include <stdint.h>

struct random {
	uint64_t state; /* not 0 */
};

static inline void random_init(struct random *random, uint64_t seed)
{
	random->state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	if (random->state == 0)
		random->state = 1;
}

/* 31 bits. */
static inline uint32_t random_bits(struct random *random)
{
	random->state ^= random->state >> 12;
	random->state ^= random->state << 25;
	random->state ^= random->state >> 27;
	return (uint32_t)((random->state * UINT64_C(2685821657736338717)) >> 33);
}

/* From 0 to `bound` - 1. */
static inline uint32_t random_below(struct random *random, uint32_t bound)
{
	return random_bits(random) % bound;
}

/* From 0 up to, but not including, 1. */
static inline double random_unit(struct random *random)
{
	return (double)random_bits(random) / 2147483648.0;
}

#endif
