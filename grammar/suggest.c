/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The word that was meant.  Distance is that of Damerau and Levenshtein with
 * adjacent swaps (optimal string alignment), letters of either case equal.
 */
#include <string.h>

#include "grammar/diagnostic.h"

enum { LONGEST_WORD = 64, FAR = 1000 };

static char fold(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* FAR as soon as it must be more than `limit`. */
static unsigned distance(const char *a, size_t a_length, const char *b, size_t b_length, unsigned limit)
{
	/* Three rows: before the last, the last, this one. */
	unsigned rows[3][LONGEST_WORD + 1];

	if (a_length > b_length + limit || b_length > a_length + limit)
		return FAR;
	for (size_t j = 0; j <= b_length; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a_length; i++) {
		unsigned *row = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
		unsigned best = row[0] = (unsigned)i;

		for (size_t j = 1; j <= b_length; j++) {
			bool same = fold(a[i - 1]) == fold(b[j - 1]);

			row[j] = least(last[j - 1] + !same, least(last[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) && fold(a[i - 2]) == fold(b[j - 1]))
				row[j] = least(row[j], before[j - 2] + 1);
			best = least(best, row[j]);
		}
		if (best > limit)
			return FAR;
	}
	return rows[a_length % 3][b_length];
}

const char *sk_suggest(const char *word, size_t length, const char *(*next)(void *state), void *state)
{
	/* A third of the letters may be wrong, in long words no more than three. */
	unsigned limit = length < 3 ? 0 : least((unsigned)length / 3, 3);
	const char *best = NULL, *candidate;

	if (length == 0 || length > LONGEST_WORD)
		return NULL;
	while ((candidate = next(state))) {
		size_t candidate_length = strlen(candidate);
		unsigned far;

		if (candidate_length > LONGEST_WORD || candidate_length == 0)
			continue;
		far = distance(word, length, candidate, candidate_length, limit);
		if (far > limit)
			continue;
		best = candidate;
		if (far == 0)
			break;
		limit = far - 1; /* of equals the first stays */
	}
	return best;
}
