/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands where in a rules file: its items, and the scalars in them with
 * what they are for.
 *
 *   - macro: started         item MACRO, scalar NAME
 *     condition: >           scalar CONDITION, whose text knows its place in the file
 *       evt.type = execve
 *
 * A file that is being typed is often not YAML.  Then each run of lines that
 * begins with "- " is read by itself, and those that can be read are there.
 */
#ifndef SK_LSP_INDEX_H
#define SK_LSP_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/lsp/position.h"
#include "compiler/yaml.h"
#include "vm/support/arena.h"

struct sk_lsp_file;
struct sk_lsp_workspace;

enum sk_lsp_kind { SK_LSP_RULE, SK_LSP_MACRO, SK_LSP_LIST };

extern const char *const sk_lsp_kind_names[];

struct sk_lsp_item {
	enum sk_lsp_kind kind;
	bool definition; /* not an append, an override, or a bare `enabled` */
	const char *name;
	const struct sk_yaml_node *name_node;
	const struct sk_yaml_node *node; /* a MAPPING */
	size_t begin, end;               /* bytes of the file, all keys included */
	int64_t base;                    /* what turns a position into a byte of the file */
};

struct sk_lsp_index {
	struct sk_arena arena;
	struct sk_lsp_item *items; /* in order */
	uint32_t count, capacity;
	bool whole; /* the file is YAML */
};

void sk_lsp_index_destroy(struct sk_lsp_index *index);

/* Of the file's text as it is; NULL without memory.  It belongs to the file. */
const struct sk_lsp_index *sk_lsp_file_index(struct sk_lsp_file *file);

/* Builds one from bytes; NULL without memory. */
struct sk_lsp_index *sk_lsp_index_create(const char *bytes, size_t length);

enum sk_lsp_role {
	SK_LSP_ROLE_NAME,
	SK_LSP_ROLE_CONDITION,
	SK_LSP_ROLE_OUTPUT,
	SK_LSP_ROLE_LIST_ITEM,
	SK_LSP_ROLE_EXCEPTION_FIELD,
	SK_LSP_ROLE_EXCEPTION_COMPARISON,
	SK_LSP_ROLE_EXCEPTION_VALUE,
	SK_LSP_ROLE_TAG,
	SK_LSP_ROLE_KEY,
	SK_LSP_ROLE_OTHER,
};

struct sk_lsp_scalar {
	const struct sk_lsp_item *item;
	const struct sk_yaml_node *node;
	enum sk_lsp_role role;
	const char *key; /* the key of the item that it stands under, or is */
};

/* Calls `visit` for the scalars of an item until it returns something but 0, and returns that. */
int sk_lsp_item_walk(const struct sk_lsp_item *item,
		     int (*visit)(void *context, const struct sk_lsp_scalar *scalar), void *context);

/* The byte of the file that byte `offset` of a scalar's text stands at. */
size_t sk_lsp_scalar_byte(const struct sk_lsp_scalar *scalar, uint32_t offset);

/* The first scalar of an item that byte `at` of the file is in, or right behind of; false if there is none. */
bool sk_lsp_index_find(const struct sk_lsp_index *index, size_t at, struct sk_lsp_scalar *ret_scalar,
		       uint32_t *ret_offset);

/* The item that a byte of the file is in; NULL if there is none. */
const struct sk_lsp_item *sk_lsp_index_item(const struct sk_lsp_index *index, size_t at);

/*
 * Words as lists are found in texts: the run of bytes between delimiters
 * around byte `at`; false if there is none.
 */
bool sk_lsp_word_at(const struct sk_text *text, uint32_t at, uint32_t *ret_begin, uint32_t *ret_end);

#endif
