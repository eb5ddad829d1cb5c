/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules, macros and lists by name over the files of a project: which one stands
 * under the cursor, and where else it stands.
 */
#ifndef SK_LSP_SYMBOL_H
#define SK_LSP_SYMBOL_H

#include "cli/lsp/index.h"
#include "cli/lsp/workspace.h"

struct sk_lsp_symbol {
	enum sk_lsp_kind kind;
	const char *name; /* of an item's or a scalar's text: lives as long as that */
	uint32_t length;
};

/* A place where a symbol's name stands. */
struct sk_lsp_occurrence {
	struct sk_lsp_file *file;
	size_t begin, end;              /* bytes of the file */
	bool verbatim;                  /* those bytes are the name */
	const struct sk_lsp_item *item; /* whose name it is; NULL: it is referred to */
};

struct sk_lsp_occurrences {
	struct sk_lsp_occurrence *items; /* in the arena */
	size_t count, capacity;
};

/* True if a list, macro or rule of that name is there, whatever item mentions it. */
bool sk_lsp_symbol_exists(const struct sk_lsp_project *project, struct sk_lsp_symbol symbol);

/*
 * The symbol that stands at a byte of a scalar's text, and its bytes there;
 * false if there is none.
 */
bool sk_lsp_symbol_at(const struct sk_lsp_project *project, const struct sk_lsp_scalar *scalar, uint32_t offset,
		      struct sk_arena *arena, struct sk_lsp_symbol *ret_symbol, uint32_t *ret_begin,
		      uint32_t *ret_end);

/* All places of a symbol, in order.  Returns 0 or -ENOMEM. */
int sk_lsp_symbol_occurrences(const struct sk_lsp_project *project, struct sk_lsp_symbol symbol,
			      struct sk_arena *arena, struct sk_lsp_occurrences *ret_occurrences);

#endif
