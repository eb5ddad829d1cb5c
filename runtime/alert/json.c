/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text as the inside of a JSON string.
 *
 * Bytes that are no valid UTF-8 become U+FFFD as the reference's JSON library
 * makes them: one for each longest run of bytes that begins a valid sequence
 * and is not completed; the byte that breaks a sequence is read again as the
 * beginning of the next.  So "\xe2\x82" is one U+FFFD, "\xe2\x82X" is one and
 * an X, "\xc0\xaf" is two (no sequence begins with either byte).
 */
#include "runtime/alert/alert.h"

#include "vm/support/utf8.h"

static const char replacement[] = "\xef\xbf\xbd";

/* The letter behind the backslash; 0 for a byte that needs none, 'u' for the long form. */
static char escape_letter(uint8_t byte)
{
	switch (byte) {
	case '"':
	case '\\':
		return (char)byte;
	case '\b':
		return 'b';
	case '\f':
		return 'f';
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	default:
		/* The reference leaves DEL as it is; it is a control character, and the same text to a JSON reader. */
		return byte < 0x20 || byte == 0x7f ? 'u' : 0;
	}
}

void sk_json_escape(const char *bytes, size_t length, struct sk_buffer *buffer)
{
	const uint8_t *from = (const uint8_t *)bytes;
	size_t plain = 0, at = 0;

	while (at < length) {
		const char letter = escape_letter(from[at]);
		unsigned bad, sequence;

		if (!letter) {
			sequence = sk_utf8_sequence(from + at, length - at, &bad);
			at += sequence;
			if (sequence)
				continue;
		}
		sk_buffer_append(buffer, bytes + plain, at - plain);
		if (!letter) {
			sk_buffer_append(buffer, replacement, sizeof(replacement) - 1);
			at += bad;
		} else if (letter == 'u') {
			sk_buffer_printf(buffer, "\\u%04x", from[at++]);
		} else {
			sk_buffer_append_char(buffer, '\\');
			sk_buffer_append_char(buffer, letter);
			at++;
		}
		plain = at;
	}
	sk_buffer_append(buffer, bytes + plain, length - plain);
}
