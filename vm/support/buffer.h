/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing run of bytes, for text and for files that are being built.  An
 * empty buffer is all zeroes.  Once an append fails the buffer is `failed`,
 * and later appends do nothing: a caller checks once, at the end.
 */
#ifndef SK_SUPPORT_BUFFER_H
#define SK_SUPPORT_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sk_buffer {
	char *bytes; /* NUL-terminated by every append of text; NULL when empty */
	size_t length;
	size_t capacity;
	bool failed;
};

/* Makes room for `more` bytes; false when there is no memory. */
bool sk_buffer_reserve(struct sk_buffer *buffer, size_t more);

void sk_buffer_append(struct sk_buffer *buffer, const void *bytes, size_t length);
void sk_buffer_append_text(struct sk_buffer *buffer, const char *text);
void sk_buffer_append_char(struct sk_buffer *buffer, char byte);
void sk_buffer_printf(struct sk_buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Forgets the contents and the failure, keeps the memory. */
void sk_buffer_clear(struct sk_buffer *buffer);

/* Frees the memory; the buffer is empty and usable again. */
void sk_buffer_release(struct sk_buffer *buffer);

#endif
