/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets as 64-bit words, one bit a rule.  The processor is asked once which way
 * of doing it is best (sk_words_ops); all give the same.
 */
#ifndef SK_WORDS_H
#define SK_WORDS_H

#include <stdbool.h>
#include <stdint.h>

struct sk_words_ops {
	const char *name;
	/* to &= from; false if nothing is left. */
	bool (*and)(uint64_t *to, const uint64_t *from, uint32_t count);
	/* Bits of `set` that are not in `other`. */
	uint32_t (*count_without)(const uint64_t *set, const uint64_t *other, uint32_t count);
};

/* How many bits are set. */
static inline uint32_t sk_words_count(const uint64_t *set, uint32_t words)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < words; i++)
		count += (uint32_t)__builtin_popcountll(set[i]);
	return count;
}

/* The best for this processor. */
const struct sk_words_ops *sk_words_best(void);

/* All that this processor can do, best first; NULL ends. */
const struct sk_words_ops *const *sk_words_all(void);

#endif
