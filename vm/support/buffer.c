/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/support/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vm/support/alloc.h"

bool sk_buffer_reserve(struct sk_buffer *buffer, size_t more)
{
	size_t capacity = buffer->capacity ? buffer->capacity : 256;
	char *bytes;

	if (buffer->failed)
		return false;
	if (more < buffer->capacity - buffer->length)
		return true;
	while (capacity - buffer->length <= more) {
		if (capacity > SIZE_MAX / 4) {
			buffer->failed = true;
			return false;
		}
		capacity *= 2;
	}
	bytes = sk_realloc_array(buffer->bytes, capacity, 1);
	if (!bytes) {
		buffer->failed = true;
		return false;
	}
	buffer->bytes = bytes;
	buffer->capacity = capacity;
	return true;
}

void sk_buffer_append(struct sk_buffer *buffer, const void *bytes, size_t length)
{
	if (!sk_buffer_reserve(buffer, length))
		return;
	if (length)
		memcpy(buffer->bytes + buffer->length, bytes, length);
	buffer->length += length;
	buffer->bytes[buffer->length] = '\0';
}

void sk_buffer_append_text(struct sk_buffer *buffer, const char *text)
{
	sk_buffer_append(buffer, text, strlen(text));
}

void sk_buffer_append_char(struct sk_buffer *buffer, char byte)
{
	sk_buffer_append(buffer, &byte, 1);
}

void sk_buffer_printf(struct sk_buffer *buffer, const char *format, ...)
{
	va_list arguments, again;
	int length;

	va_start(arguments, format);
	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, arguments);
	if (length >= 0 && sk_buffer_reserve(buffer, (size_t)length)) {
		vsnprintf(buffer->bytes + buffer->length, (size_t)length + 1, format, again);
		buffer->length += (size_t)length;
	}
	va_end(again);
	va_end(arguments);
}

void sk_buffer_clear(struct sk_buffer *buffer)
{
	buffer->length = 0;
	buffer->failed = false;
	if (buffer->bytes)
		buffer->bytes[0] = '\0';
}

void sk_buffer_release(struct sk_buffer *buffer)
{
	sk_free(buffer->bytes);
	*buffer = (struct sk_buffer){0};
}
