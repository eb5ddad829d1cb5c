/* SPDX-License-Identifier: Apache-2.0 */
/* The layout of one condition.  Private to compiler/format/. */
#ifndef SK_FORMAT_CONDITION_H
#define SK_FORMAT_CONDITION_H

#include <stdbool.h>
#include <stdint.h>

#include "vm/support/arena.h"
#include "vm/support/buffer.h"

/*
 * Lists are written into conditions before these are read, wherever their name
 * stands between delimiters.  How far white space may be changed hangs on the
 * names and items of a file's lists.
 */
enum sk_format_freedom {
	SK_FORMAT_FREE,  /* wherever words end; around operators too */
	SK_FORMAT_WORDS, /* wherever words end: a list has a name that could be a field or a number */
	SK_FORMAT_NONE,  /* not at all: a list's name has delimiters, or an item opens a quote */
};

/* What the name of a list, and one of its items, leave of it. */
enum sk_format_freedom sk_format_name_freedom(const char *name, uint32_t length);
enum sk_format_freedom sk_format_item_freedom(const char *item, uint32_t length);

/*
 * Lays out a condition, or what is appended to one (`and ...`): on one line if
 * that is at most `line_room` columns, otherwise on lines of `room` columns
 * where that is possible, without the indentation that all have.  Returns 0;
 * -EINVAL, with nothing appended, if the text is no condition by itself or
 * cannot be laid out; -ENOMEM.
 */
int sk_format_condition(const char *text, uint32_t length, enum sk_format_freedom freedom, uint32_t line_room,
			uint32_t room, struct sk_arena *arena, struct sk_buffer *ret_text);

/*
 * 1 if both texts are the same words, with other white space at most, and mean
 * the same; 0 if not, or if they are no conditions; -ENOMEM.
 */
int sk_format_same_condition(const char *left, uint32_t left_length, const char *right, uint32_t right_length,
			     struct sk_arena *arena);

/* Columns of a text: its characters. */
uint32_t sk_format_width(const char *text, size_t length);

#endif
