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

#ifdef __cplusplus
}
#endif

#endif
