/* SPDX-License-Identifier: Apache-2.0 */
/* Hints that say what to write instead, as edits. */
#ifndef SK_LSP_HINT_H
#define SK_LSP_HINT_H

#include <stdbool.h>
#include <stddef.h>

#include "grammar/diagnostic.h"

struct sk_lsp_fix {
	const char *text; /* of the hint, not NUL-terminated */
	size_t length;
};

/*
 * The fix of "did you mean 'x'?" and of "write 'and'"; false if the hint is
 * another one.  `bytes` are the file's; `*begin` and `*end` are the
 * diagnostic's bytes in it, and those to be replaced afterwards: quotes and
 * the [argument] of a field stay.
 */
bool sk_lsp_hint_fix(const struct sk_diagnostic *item, const char *bytes, size_t *begin, size_t *end,
		     struct sk_lsp_fix *ret_fix);

#endif
