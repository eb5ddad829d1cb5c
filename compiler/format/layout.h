/* SPDX-License-Identifier: Apache-2.0 */
/* A file written in its layout.  Private to compiler/format/. */
#ifndef SK_FORMAT_LAYOUT_H
#define SK_FORMAT_LAYOUT_H

#include "compiler/format/document.h"
#include "vm/support/buffer.h"

/* Columns that a line has at most, where its words allow. */
enum { SK_FORMAT_WIDTH = 100 };

/*
 * Appends the whole file.  Orders keys in `file` while it is at it.  Returns 0,
 * or -ENOMEM.
 */
int sk_format_write(struct sk_format_file *file, struct sk_arena *arena, struct sk_buffer *ret_text);

/* Mappings of more keys than this keep their order. */
enum { SK_FORMAT_ORDER_LIMIT = 64 };

/* True for the key of a condition of a rule or macro item. */
bool sk_format_is_condition(const struct sk_yaml_node *item, uint32_t pair);

#endif
