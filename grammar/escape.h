/* SPDX-License-Identifier: Apache-2.0 */
/* Backslashes in quoted strings, read and written.  Private to grammar/. */
#ifndef SK_GRAMMAR_ESCAPE_H
#define SK_GRAMMAR_ESCAPE_H

#include <stddef.h>
#include <stdint.h>

#include "vm/support/buffer.h"

enum sk_escape_fault {
	SK_ESCAPE_NONE,
	SK_ESCAPE_UNKNOWN,    /* no such escape */
	SK_ESCAPE_QUOTE,      /* the other kind of quote */
	SK_ESCAPE_HEXADECIMAL /* \x without two digits */
};

struct sk_escape_error {
	enum sk_escape_fault fault;
	uint32_t begin, end; /* of the first wrong escape, in the body */
};

/*
 * Unescapes the body of a string quoted with `quote` into `ret_bytes`, which
 * has room for length + 1 bytes, and ends it with a NUL.  Wrong escapes are
 * kept as they are written.  Returns the length of the result.
 */
uint32_t sk_unescape(char quote, const char *body, uint32_t length, char *ret_bytes,
		     struct sk_escape_error *ret_error);

#endif
