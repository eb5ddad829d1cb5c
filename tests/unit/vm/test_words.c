/* SPDX-License-Identifier: Apache-2.0 */
/* Every way of doing words gives what the bits one by one give. */
#include "tests/test.h"
#include "vm/words.h"

enum { WORDS = 70 };

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	return *state ^= *state << 17;
}

static void fill(uint64_t *words, uint64_t *state, unsigned density)
{
	for (uint32_t i = 0; i < WORDS; i++) {
		words[i] = next(state);
		for (unsigned k = 0; k < density; k++)
			words[i] &= next(state);
	}
}

static bool bit(const uint64_t *words, uint32_t number)
{
	return words[number / 64] >> (number % 64) & 1;
}

TEST(all_ways_agree_with_the_bits)
{
	uint64_t state = 88172645463325252, left[WORDS], right[WORDS], both[WORDS];

	CHECK(sk_words_best() == sk_words_all()[0]);
	for (const struct sk_words_ops *const *ops = sk_words_all(); *ops; ops++) {
		printf("# %s\n", (*ops)->name);
		for (uint32_t count = 0; count <= WORDS; count++) {
			uint32_t without = 0, same = 0;
			bool any = false, told;

			fill(left, &state, count % 7);
			fill(right, &state, count % 5);
			memcpy(both, left, sizeof(both));
			told = (*ops)->and (both, right, count);
			for (uint32_t i = 0; i < count * 64; i++) {
				any |= bit(left, i) && bit(right, i);
				without += bit(left, i) && !bit(right, i);
				same += bit(both, i) == (bit(left, i) && bit(right, i));
			}
			CHECK_EQUAL(told, any);
			CHECK_EQUAL(same, count * 64);
			CHECK_EQUAL((*ops)->count_without(left, right, count), without);
			/* What lies behind is left alone. */
			CHECK(memcmp(both + count, left + count, (WORDS - count) * sizeof(*both)) == 0);
		}
	}
}

TEST(one_bit_anywhere_is_found)
{
	for (const struct sk_words_ops *const *ops = sk_words_all(); *ops; ops++) {
		for (uint32_t i = 0; i < 10 * 64; i++) {
			uint64_t one[10] = {0}, all[10];

			memset(all, 0xff, sizeof(all));
			one[i / 64] = UINT64_C(1) << (i % 64);
			CHECK_EQUAL((*ops)->count_without(all, one, 10), 639);
			CHECK((*ops)->and (all, one, 10));
			one[i / 64] = 0;
			CHECK(!(*ops)->and (all, one, 10));
		}
	}
}

TEST_MAIN(RUN(all_ways_agree_with_the_bits) RUN(one_bit_anywhere_is_found))
