/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/fields/text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

enum { FIRST_CAPACITY = 128 };

static bool grow(struct sk_text *text, size_t more)
{
	size_t needed = (size_t)text->length + more, capacity = text->capacity ? text->capacity : FIRST_CAPACITY;
	char *bytes;

	if (text->failed)
		return false;
	while (capacity < needed)
		capacity *= 2;
	bytes = capacity <= UINT32_MAX / 2 ? sk_arena_alloc(text->scratch, capacity) : NULL;
	if (!bytes) {
		text->failed = true;
		return false;
	}
	if (text->length)
		memcpy(bytes, text->bytes, text->length);
	text->bytes = bytes;
	text->capacity = (uint32_t)capacity;
	return true;
}

static inline bool reserve(struct sk_text *text, size_t more)
{
	return (!text->failed && more <= (size_t)(text->capacity - text->length)) || grow(text, more);
}

void sk_text_append(struct sk_text *text, const void *bytes, size_t length)
{
	if (!length || !reserve(text, length))
		return;
	memcpy(text->bytes + text->length, bytes, length);
	text->length += (uint32_t)length;
}

void sk_text_append_char(struct sk_text *text, char byte)
{
	if (reserve(text, 1))
		text->bytes[text->length++] = byte;
}

void sk_text_append_unsigned(struct sk_text *text, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + number % 10);
	while (number /= 10);
	sk_text_append(text, digits + at, sizeof(digits) - at);
}

void sk_text_append_signed(struct sk_text *text, int64_t number)
{
	if (number < 0)
		sk_text_append_char(text, '-');
	sk_text_append_unsigned(text, number < 0 ? -(uint64_t)number : (uint64_t)number);
}

void sk_text_printf(struct sk_text *text, const char *format, ...)
{
	char buffer[128];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(buffer, sizeof(buffer), format, arguments);
	va_end(arguments);
	assert(length >= 0 && (size_t)length < sizeof(buffer));
	sk_text_append(text, buffer, (size_t)length);
}

void sk_text_append_dotted(struct sk_text *text, const void *bytes, size_t length)
{
	const uint8_t *from = bytes;

	if (!length || !reserve(text, length))
		return;
	for (size_t i = 0; i < length; i++)
		text->bytes[text->length++] = from[i] >= 0x20 && from[i] < 0x7f ? (char)from[i] : '.';
}

void sk_text_append_joined(struct sk_text *text, const char *strings, size_t length, char separator)
{
	if (length && strings[length - 1] == '\0')
		length--;
	if (!length || !reserve(text, length))
		return;
	memcpy(text->bytes + text->length, strings, length);
	for (char *at = text->bytes + text->length, *end = at + length;
	     (at = memchr(at, '\0', (size_t)(end - at)));)
		*at++ = separator;
	text->length += (uint32_t)length;
}

struct sk_value sk_text_value(const struct sk_text *text)
{
	if (text->failed)
		return (struct sk_value){.presence = SK_MISSING_MEMORY};
	return sk_value_text(text->length ? text->bytes : "", text->length);
}
