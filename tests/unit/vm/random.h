/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that look random and are the same again for the same seed. */
#ifndef SK_TESTS_VM_RANDOM_H
#define SK_TESTS_VM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct random {
	uint64_t state;
};

static inline uint64_t mix(uint64_t number)
{
	number = (number ^ number >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	number = (number ^ number >> 27) * UINT64_C(0x94d049bb133111eb);
	return number ^ number >> 31;
}

static inline uint64_t mix2(uint64_t a, uint64_t b)
{
	return mix(mix(a + UINT64_C(0x9e3779b97f4a7c15)) ^ b);
}

static inline uint64_t random_next(struct random *random)
{
	random->state += UINT64_C(0x9e3779b97f4a7c15);
	return mix(random->state);
}

/* 0 to count - 1. */
static inline uint32_t random_below(struct random *random, uint32_t count)
{
	return (uint32_t)((random_next(random) >> 32) * count >> 32);
}

static inline bool one_in(struct random *random, uint32_t count)
{
	return random_below(random, count) == 0;
}

/* SK_SEED, or the one that every run has. */
static inline uint64_t random_seed(void)
{
	const char *text = getenv("SK_SEED");

	return text ? strtoull(text, NULL, 0) : 20240607;
}

/* A count from the environment, where more is wanted than in everyday tests. */
static inline uint64_t wanted(const char *variable, uint64_t everyday)
{
	const char *text = getenv(variable);

	return text ? strtoull(text, NULL, 0) : everyday;
}

#endif
