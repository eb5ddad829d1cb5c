/* SPDX-License-Identifier: Apache-2.0 */
/* Hints that say what to write instead, as edits. */
#ifndef SK_LSP_HINT_H
#define SK_LSP_HINT_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/lsp/workspace.h"
#include "grammar/diagnostic.h"

struct sk_lsp_fix {
	const char *text; /* of the hint, not NUL-terminated */
	size_t length;
};

/*
 * The fix of "did you mean 'x'?", "write 'and'" and "is 'x' meant to be 'y'?";
 * false if the hint is another one.  `*begin` and `*end` are the diagnostic's
 * bytes in the file, and those to be replaced afterwards: quotes and the
 * [argument] of a field stay; a key that is misspelt is found in its item.
 */
bool sk_lsp_hint_fix(const struct sk_diagnostic *item, struct sk_lsp_file *file, size_t *begin, size_t *end,
		     struct sk_lsp_fix *ret_fix);

#endif
