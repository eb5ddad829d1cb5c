/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lsp/framing.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "vm/support/alloc.h"
#include "vm/support/hex.h"

void sk_lsp_framing_release(struct sk_lsp_framing *framing)
{
	sk_buffer_release(&framing->bytes);
	framing->taken = 0;
}

bool sk_lsp_framing_add(struct sk_lsp_framing *framing, const char *bytes, size_t length)
{
	struct sk_buffer *buffer = &framing->bytes;

	if (framing->taken) {
		memmove(buffer->bytes, buffer->bytes + framing->taken, buffer->length - framing->taken);
		buffer->length -= framing->taken;
		framing->taken = 0;
	}
	sk_buffer_append(buffer, bytes, length);
	return !buffer->failed;
}

/* The byte behind the empty line that ends a header; NULL if it has not come. */
static const char *header_end(const char *bytes, const char *end)
{
	for (const char *at = bytes; (at = memchr(at, '\n', (size_t)(end - at))); at++) {
		if (at + 1 < end && at[1] == '\n')
			return at + 2;
		if (at + 2 < end && at[1] == '\r' && at[2] == '\n')
			return at + 3;
	}
	return NULL;
}

/* A number of digits alone, with blanks around it. */
static bool read_length(const char *text, const char *end, size_t *ret_length)
{
	size_t length = 0;
	bool any = false;

	while (text < end && (*text == ' ' || *text == '\t'))
		text++;
	for (; text < end && *text >= '0' && *text <= '9'; text++) {
		length = length * 10 + (size_t)(*text - '0');
		any = true;
		if (length > SK_LSP_BODY_LIMIT)
			length = SK_LSP_BODY_LIMIT + (size_t)1;
	}
	while (text < end && (*text == ' ' || *text == '\t' || *text == '\r'))
		text++;
	*ret_length = length;
	return any && text == end;
}

/* Reads the lines of a header; NULL, or what is wrong with it. */
static const char *read_header(const char *bytes, const char *end, size_t *ret_length)
{
	static const char name[] = "content-length:";
	bool found = false;

	while (bytes < end) {
		const char *line_end = memchr(bytes, '\n', (size_t)(end - bytes));
		size_t length;

		if ((size_t)(line_end - bytes) >= strlen(name) && strncasecmp(bytes, name, strlen(name)) == 0) {
			if (!read_length(bytes + strlen(name), line_end, &length))
				return "a Content-Length that is no number";
			if (length > SK_LSP_BODY_LIMIT)
				return "a message of more than 64 MiB";
			if (found && length != *ret_length)
				return "two different Content-Lengths";
			*ret_length = length;
			found = true;
		}
		bytes = line_end + 1;
	}
	return found ? NULL : "a header without Content-Length";
}

int sk_lsp_framing_next(struct sk_lsp_framing *framing, const char **ret_body, size_t *ret_length,
			const char **ret_fault)
{
	const char *bytes = framing->bytes.bytes + framing->taken, *end, *body, *fault;
	size_t left = framing->bytes.length - framing->taken, length = 0;

	if (!left)
		return 0;
	end = bytes + left;
	body = header_end(bytes, left < SK_LSP_HEADER_LIMIT ? end : bytes + SK_LSP_HEADER_LIMIT);
	if (!body && left < SK_LSP_HEADER_LIMIT)
		return 0;
	fault = body ? read_header(bytes, body, &length) : "a header without an end";
	if (fault) {
		*ret_fault = fault;
		return -EPROTO;
	}
	if ((size_t)(end - body) < length)
		return 0;
	framing->taken += (size_t)(body - bytes) + length;
	*ret_body = body;
	*ret_length = length;
	return 1;
}

void sk_lsp_frame(struct sk_buffer *out, const char *body, size_t length)
{
	sk_buffer_printf(out, "Content-Length: %zu\r\n\r\n", length);
	sk_buffer_append(out, body, length);
}

/* --- surrogates -------------------------------------------------------- */

/* The value of \uXXXX at a byte; -1 if none stands there. */
static long unit_at(const char *json, size_t at, size_t length)
{
	long value = 0;

	if (length - at < 6 || json[at] != '\\' || json[at + 1] != 'u')
		return -1;
	for (size_t i = at + 2; i < at + 6; i++) {
		const int digit = sk_hex_digit(json[i]);

		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

static bool is_high(long unit)
{
	return unit >= 0xd800 && unit < 0xdc00;
}

static bool is_low(long unit)
{
	return unit >= 0xdc00 && unit < 0xe000;
}

char *sk_lsp_repair_surrogates(const char *json, size_t length)
{
	char *copy = sk_alloc(length + 1);
	size_t at = 0;

	if (!copy)
		return NULL;
	memcpy(copy, json, length);
	copy[length] = '\0';
	while (at < length) {
		long unit = copy[at] == '\\' ? unit_at(copy, at, length) : -1;

		if (copy[at] != '\\') {
			at++;
		} else if (unit < 0) {
			at += 2;
		} else if (is_high(unit) && at + 6 < length && is_low(unit_at(copy, at + 6, length))) {
			at += 12;
		} else {
			if (is_high(unit) || is_low(unit))
				memcpy(copy + at, "\\ufffd", 6);
			at += 6;
		}
	}
	return copy;
}
