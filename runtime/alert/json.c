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

static const char replacement[] = "\xef\xbf\xbd";

/*
 * Length of the valid sequence at `bytes`; otherwise 0, and `*ret_bad` is how
 * many bytes stand for one U+FFFD.
 */
static unsigned sequence_length(const uint8_t *bytes, size_t left, unsigned *ret_bad)
{
	const uint8_t first = bytes[0];
	uint8_t low = 0x80, high = 0xbf;
	unsigned length;

	*ret_bad = 1;
	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	/* The second byte of these keeps out overlong forms, surrogates and what is above U+10FFFF. */
	if (first == 0xe0)
		low = 0xa0;
	else if (first == 0xed)
		high = 0x9f;
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f;
	for (unsigned i = 1; i < length; i++) {
		*ret_bad = i;
		if (i == left || bytes[i] < low || bytes[i] > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return length;
}

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
			sequence = sequence_length(from + at, length - at, &bad);
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
