/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POSIX regular expressions as the `regex` operator means them
 * (spec/rule-language.md section 2.7): the whole text must match, the text is
 * UTF-8 in which every invalid byte counts as U+FFFD, `.` is not a newline,
 * and ^ and $ match at every line.  Matching time is linear in the text.
 */
#ifndef SK_REGEX_H
#define SK_REGEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/support/arena.h"
#include "vm/support/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct sk_regex;

/*
 * Compiles a pattern.  -EINVAL with a sentence if it is not a regular
 * expression or needs more memory than one may have; -ENOMEM.  The caller
 * frees it with sk_regex_destroy().
 */
int sk_regex_create(const char *pattern, size_t length, struct sk_regex **ret_regex, struct sk_error *error);

/* NULL is fine. */
void sk_regex_destroy(struct sk_regex *regex);

/* Instructions of the compiled program: what the pattern costs in memory, times 16 bytes. */
size_t sk_regex_size(const struct sk_regex *regex);

/*
 * True if the whole of `text` matches.  Text that is not valid UTF-8 is
 * rewritten in `scratch`; without memory for that nothing matches.  For one
 * thread at a time, as its scratch is.
 */
bool sk_regex_match(const struct sk_regex *regex, const char *text, size_t length, struct sk_arena *scratch);

/* --- many patterns in one pass ------------------------------------------- */

struct sk_regex_set;

/*
 * An empty set.  With `bytes` patterns and texts are bytes, not UTF-8, and `.`
 * is a newline too.
 * `memory` is for program and states together.  -ENOMEM.
 */
int sk_regex_set_create(bool bytes, size_t memory, struct sk_regex_set **ret_set);

/* NULL is fine. */
void sk_regex_set_destroy(struct sk_regex_set *set);

/* Adds the next pattern, numbered from 0.  -EINVAL if it is not a regular expression. */
int sk_regex_set_add(struct sk_regex_set *set, const char *pattern, size_t length);

/* After the last pattern and before the first match.  -ENOTSUP if the set needs too much memory. */
int sk_regex_set_compile(struct sk_regex_set *set);

/*
 * Numbers of the patterns that match the whole of `text`, each as
 * sk_regex_match() says, into `ret_matches`, which has room for all.  Returns
 * how many; UINT32_MAX if the set gave up for lack of memory.
 */
uint32_t sk_regex_set_match(struct sk_regex_set *set, const char *text, size_t length, struct sk_arena *scratch,
			    uint32_t *ret_matches);

#ifdef __cplusplus
}
#endif

#endif
