/* SPDX-License-Identifier: Apache-2.0 */
/* Shell patterns, as fnmatch(3) with flags 0 reads them in the C locale. */
#ifndef SK_GLOB_H
#define SK_GLOB_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of a pattern: constants have 255, patterns from fields any number. */
enum { SK_GLOB_PATTERN_LIMIT = 4096 };

/*
 * True if the whole text matches: `*` and `?` match `/` and leading dots too,
 * `[...]` and `[!...]` one byte, a backslash takes the next byte as it is.
 * With `fold_case` as FNM_CASEFOLD.  Neither side may hold a NUL.  At most
 * pattern times text steps, whatever the pattern; one that is longer than
 * SK_GLOB_PATTERN_LIMIT matches nothing.
 */
bool sk_glob_match(const char *pattern, size_t pattern_length, const char *text, size_t text_length,
		   bool fold_case);

/*
 * One element of the pattern, at `at` and not a `*`, against one byte.  True
 * with the place of the next element in `*ret_next`.  For who translates
 * patterns.
 */
bool sk_glob_element(const char *pattern, size_t length, size_t at, char byte, bool fold_case, size_t *ret_next);

#endif
