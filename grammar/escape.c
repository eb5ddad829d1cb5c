/* SPDX-License-Identifier: Apache-2.0 */
#include "grammar/escape.h"

#include <stdbool.h>
#include <string.h>

#include "vm/support/hex.h"

/*
 * One escape: `body` starts at the backslash and holds at least two bytes.
 * Returns how many bytes it takes.
 */
static uint32_t unescape_one(char quote, const char *body, uint32_t length, char *ret_byte,
			     enum sk_escape_fault *ret_fault)
{
	int high, low;

	*ret_fault = SK_ESCAPE_NONE;
	switch (body[1]) {
	case 'b':
		*ret_byte = '\b';
		return 2;
	case 'f':
		*ret_byte = '\f';
		return 2;
	case 'n':
		*ret_byte = '\n';
		return 2;
	case 'r':
		*ret_byte = '\r';
		return 2;
	case 't':
		*ret_byte = '\t';
		return 2;
	case ' ': /* the blank goes, the backslash stays */
	case '\\':
		*ret_byte = '\\';
		return 2;
	case '/':
		*ret_byte = '/';
		return 2;
	case '"':
	case '\'':
		if (body[1] != quote)
			*ret_fault = SK_ESCAPE_QUOTE;
		*ret_byte = body[1];
		return 2;
	case 'x':
		high = length > 2 ? sk_hex_digit(body[2]) : -1;
		low = length > 3 ? sk_hex_digit(body[3]) : -1;
		if (high < 0 || low < 0) {
			*ret_fault = SK_ESCAPE_HEXADECIMAL;
			return 2;
		}
		*ret_byte = (char)(high * 16 + low);
		return 4;
	default:
		*ret_fault = SK_ESCAPE_UNKNOWN;
		return 2;
	}
}

uint32_t sk_unescape(char quote, const char *body, uint32_t length, char *ret_bytes,
		     struct sk_escape_error *ret_error)
{
	uint32_t written = 0, i = 0;

	*ret_error = (struct sk_escape_error){.fault = SK_ESCAPE_NONE};
	while (i < length) {
		enum sk_escape_fault fault;
		uint32_t taken;
		char byte;

		if (body[i] != '\\') {
			ret_bytes[written++] = body[i++];
			continue;
		}
		if (i + 1 == length)
			break; /* a backslash as the last byte is dropped */
		taken = unescape_one(quote, body + i, length - i, &byte, &fault);
		if (fault == SK_ESCAPE_NONE) {
			ret_bytes[written++] = byte;
		} else {
			if (ret_error->fault == SK_ESCAPE_NONE)
				*ret_error = (struct sk_escape_error){.fault = fault, .begin = i, .end = i + taken};
			memcpy(ret_bytes + written, body + i, taken);
			written += taken;
		}
		i += taken;
	}
	ret_bytes[written] = '\0';
	return written;
}
