/* SPDX-License-Identifier: Apache-2.0 */
/* How one scalar is written.  Private to compiler/format/. */
#ifndef SK_FORMAT_SCALAR_H
#define SK_FORMAT_SCALAR_H

#include "compiler/format/document.h"
#include "vm/support/buffer.h"

/* Where a scalar stands: what may be plain text there, and when quotes are dropped. */
enum sk_format_place {
	SK_FORMAT_PLACE_ITEM, /* a key, an item of a list: quotes go where only name-like bytes are in them */
	SK_FORMAT_PLACE_TEXT, /* prose or a condition behind its key: they go wherever YAML needs none */
};

/* True if it is written on one line: all but block scalars. */
bool sk_format_is_line(const struct sk_format_node *scalar);

/* Writes a scalar that is on one line. */
void sk_format_line(const struct sk_format_node *scalar, enum sk_format_place place, struct sk_buffer *buffer);

/* True if a text needs no quotes as the value of a key in a block mapping. */
bool sk_format_is_plain(const char *text, size_t length);

/*
 * True if a text can be wrapped in a `>` block, and its value be the same:
 * printable, without line breaks but at its end, without blanks at its begin.
 */
bool sk_format_can_fold(const char *text, size_t length);

/* Writes the lines of such a text, `|`, `>` and all, behind `key:`; no line break at the end. */
void sk_format_fold(const char *text, size_t length, uint32_t indent, uint32_t width, struct sk_buffer *buffer,
		    const char *comment, size_t comment_length);

/*
 * Writes a block scalar as its author laid it out, indented by `indent`, two
 * more than what it is in, which stood at `parent_column`.
 * `*ret_kept` is set if the empty lines below belong to its value.
 */
void sk_format_block(const struct sk_source_file *source, const struct sk_format_node *scalar,
		     uint32_t parent_column, uint32_t indent, const char *comment, size_t comment_length,
		     struct sk_buffer *buffer, bool *ret_kept);

#endif
