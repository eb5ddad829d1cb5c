/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/support/utf8.h"

#include <stdint.h>

unsigned sk_utf8_sequence(const void *text, size_t left, unsigned *ret_bad)
{
	const uint8_t *bytes = text;
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
