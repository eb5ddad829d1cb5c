/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/words.h"

#include <stddef.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static bool and_portable(uint64_t *to, const uint64_t *from, uint32_t count)
{
	uint64_t any = 0;

	for (uint32_t i = 0; i < count; i++)
		any |= to[i] &= from[i];
	return any;
}

static uint32_t count_without_portable(const uint64_t *set, const uint64_t *other, uint32_t count)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < count; i++)
		bits += (uint32_t)__builtin_popcountll(set[i] & ~other[i]);
	return bits;
}

static const struct sk_words_ops portable = {"portable", and_portable, count_without_portable};

#if defined(__x86_64__)

__attribute__((target("avx2"))) static bool and_avx2(uint64_t *to, const uint64_t *from, uint32_t count)
{
	__m256i any = _mm256_setzero_si256();
	uint64_t rest = 0;
	uint32_t i = 0;

	for (; i + 4 <= count; i += 4) {
		__m256i both = _mm256_and_si256(_mm256_loadu_si256((const __m256i *)(to + i)),
						_mm256_loadu_si256((const __m256i *)(from + i)));

		_mm256_storeu_si256((__m256i *)(to + i), both);
		any = _mm256_or_si256(any, both);
	}
	for (; i < count; i++)
		rest |= to[i] &= from[i];
	return rest || !_mm256_testz_si256(any, any);
}

/*
 * Bits of each half byte by table, added up by bytes (Mula, Kurz and Lemire,
 * "Faster Population Counts Using AVX2 Instructions", 2018, section 3.1).
 */
__attribute__((target("avx2,popcnt"))) static uint32_t count_without_avx2(const uint64_t *set,
									  const uint64_t *other, uint32_t count)
{
	const __m256i bits_of = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2,
						 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
	const __m256i low_half = _mm256_set1_epi8(0x0f);
	__m256i sums = _mm256_setzero_si256();
	uint64_t lanes[4];
	uint32_t bits = 0, i = 0;

	for (; i + 4 <= count; i += 4) {
		__m256i left = _mm256_andnot_si256(_mm256_loadu_si256((const __m256i *)(other + i)),
						   _mm256_loadu_si256((const __m256i *)(set + i)));
		__m256i low = _mm256_shuffle_epi8(bits_of, _mm256_and_si256(left, low_half));
		__m256i high = _mm256_shuffle_epi8(bits_of, _mm256_and_si256(_mm256_srli_epi16(left, 4), low_half));

		sums = _mm256_add_epi64(sums, _mm256_sad_epu8(_mm256_add_epi8(low, high), _mm256_setzero_si256()));
	}
	_mm256_storeu_si256((__m256i *)lanes, sums);
	for (; i < count; i++)
		bits += (uint32_t)__builtin_popcountll(set[i] & ~other[i]);
	return bits + (uint32_t)(lanes[0] + lanes[1] + lanes[2] + lanes[3]);
}

static const struct sk_words_ops avx2 = {"avx2", and_avx2, count_without_avx2};

const struct sk_words_ops *const *sk_words_all(void)
{
	static const struct sk_words_ops *const with[] = {&avx2, &portable, NULL}, *const without[] = {&portable,
												       NULL};

	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") ? with : without;
}

#else

const struct sk_words_ops *const *sk_words_all(void)
{
	static const struct sk_words_ops *const all[] = {&portable, NULL};

	return all;
}

#endif

const struct sk_words_ops *sk_words_best(void)
{
	return sk_words_all()[0];
}
