/* SPDX-License-Identifier: Apache-2.0 */
/* The layout of one condition.  Private to compiler/format/. */
#ifndef SK_FORMAT_CONDITION_H
#define SK_FORMAT_CONDITION_H

#include <stdbool.h>
#include <stdint.h>

#include "vm/support/arena.h"
#include "vm/support/buffer.h"

/*
 * Lays out a condition, or what is appended to one (`and ...`): on one line if
 * that is at most `line_room` columns, otherwise on lines of `room` columns
 * where that is possible, without the indentation that all have.  Returns 0;
 * -EINVAL, with nothing appended, if the text is no condition by itself or
 * cannot be laid out; -ENOMEM.
 */
int sk_format_condition(const char *text, uint32_t length, uint32_t line_room, uint32_t room,
			struct sk_arena *arena, struct sk_buffer *ret_text);

/*
 * 1 if both texts are the same words, with other white space at most, and mean
 * the same; 0 if not, or if they are no conditions; -ENOMEM.
 */
int sk_format_same_condition(const char *left, uint32_t left_length, const char *right, uint32_t right_length,
			     struct sk_arena *arena);

/* Columns of a text: its characters. */
uint32_t sk_format_width(const char *text, size_t length);

#endif
