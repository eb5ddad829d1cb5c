/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only the state engine needs of the string pool: its memory, which fds
 * and their tables share, and strings made in place.
 */
#ifndef SK_STATE_STRING_POOL_H
#define SK_STATE_STRING_POOL_H

#include <stdbool.h>
#include <string.h>

#include "runtime/state/slab.h"
#include "runtime/state/string.h"

/* Longer text is cut: no parameter of a syscall event is longer. */
enum { SK_STRING_LIMIT = 1 << 16 };

struct sk_slab *sk_string_pool_slab(struct sk_string_pool *pool);

/*
 * A new string of `length` bytes for the caller to fill in before anyone else
 * sees it; the empty string (length 0!) when there is no memory.
 */
struct sk_string *sk_string_new_uninitialised(struct sk_string_pool *pool, size_t length);

static inline bool sk_string_equal(const struct sk_string *string, const char *bytes, size_t length)
{
	return string->length == length && (length == 0 || memcmp(string->bytes, bytes, length) == 0);
}

/*
 * Makes `*slot` hold these bytes; shares `*slot` or `hint` (NULL: none) if
 * they hold them already.  True if the contents changed.
 */
bool sk_string_assign(struct sk_string_pool *pool, struct sk_string **slot, struct sk_string *hint,
		      const char *bytes, size_t length);

#endif
