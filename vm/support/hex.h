/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SK_SUPPORT_HEX_H
#define SK_SUPPORT_HEX_H

/* The value of a hexadecimal digit of either case, 0 to 15; -1 of any other byte. */
static inline int sk_hex_digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10;
	if (byte >= 'A' && byte <= 'F')
		return byte - 'A' + 10;
	return -1;
}

#endif
