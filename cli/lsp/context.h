/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where in a rules file the cursor stands, in a text that is being typed.
 *
 *   - rule: a                        the text from the item's "- " to the cursor,
 *     condition: evt.type = op|      a mark, and what closes it: "", ":", a quote, a bracket
 *                                    └ is YAML then, and the mark is in one of its scalars
 */
#ifndef SK_LSP_CONTEXT_H
#define SK_LSP_CONTEXT_H

#include "cli/lsp/position.h"
#include "compiler/yaml.h"

enum sk_lsp_standing {
	SK_LSP_NOWHERE,
	SK_LSP_NEW_ITEM, /* where an item may begin */
	SK_LSP_IN_KEY,   /* of `map` */
	SK_LSP_IN_VALUE, /* a scalar below a key */
};

enum { SK_LSP_CONTEXT_DEPTH = 8 };

struct sk_lsp_context {
	enum sk_lsp_standing standing;
	bool dash;                       /* NEW_ITEM: its "- " is there */
	const struct sk_yaml_node *item; /* the MAPPING at the top */
	const struct sk_yaml_node *map;  /* the innermost MAPPING */
	/* The keys from the item to the scalar, "" for lists in between. */
	const char *path[SK_LSP_CONTEXT_DEPTH];
	uint32_t depth;
	const char *before; /* what the scalar has before the cursor, decoded */
	uint32_t length;
};

/* Everything lives in the arena.  0 or -ENOMEM. */
int sk_lsp_context_find(const struct sk_lsp_text *text, size_t offset, struct sk_arena *arena,
			struct sk_lsp_context *ret_context);

#endif
