/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text of the addresses that events carry (spec/event-schema.md section 3):
 *
 *   SOCKADDR    2 ip u16 | 10 ip6 u16 | 1 path
 *   SOCKTUPLE   2 ip u16 ip u16 | 10 ip6 u16 ip6 u16 | 1 u64 u64 path
 *
 * The lengths are minima.  What is shorter, or of another family, has no text.
 */
#include "runtime/fields/extract.h"

#include "runtime/state/socket_address.h"
#include "vm/event.h"

enum { FAMILY_UNIX = 1, FAMILY_INET = 2, FAMILY_INET6 = 10 };

void sk_address_append(struct sk_text *text, const uint8_t *address, unsigned length)
{
	char buffer[SK_ADDRESS_TEXT];

	sk_text_append(text, buffer, sk_address_print(address, length, buffer));
}

/* Address and port, as they lie one behind the other. */
static void append_end(struct sk_text *text, const uint8_t *bytes, unsigned length)
{
	sk_address_append(text, bytes, length);
	sk_text_append_char(text, ':');
	sk_text_append_unsigned(text, sk_read_u16(bytes + length));
}

static void append_path(struct sk_text *text, const uint8_t *bytes, uint32_t length)
{
	sk_text_append(text, bytes, strnlen((const char *)bytes, length));
}

void sk_sockaddr_append(struct sk_text *text, const uint8_t *bytes, uint32_t length)
{
	if (!length)
		return;
	if (bytes[0] == FAMILY_INET && length >= 7)
		append_end(text, bytes + 1, 4);
	else if (bytes[0] == FAMILY_INET6 && length >= 19)
		append_end(text, bytes + 1, 16);
	else if (bytes[0] == FAMILY_UNIX)
		append_path(text, bytes + 1, length - 1);
}

static void append_ends(struct sk_text *text, const uint8_t *bytes, unsigned length)
{
	append_end(text, bytes, length);
	sk_text_append(text, "->", 2);
	append_end(text, bytes + length + 2, length);
}

void sk_socktuple_append(struct sk_text *text, const uint8_t *bytes, uint32_t length)
{
	if (!length)
		return;
	if (bytes[0] == FAMILY_INET && length >= 13) {
		append_ends(text, bytes + 1, 4);
	} else if (bytes[0] == FAMILY_INET6 && length >= 37) {
		append_ends(text, bytes + 1, 16);
	} else if (bytes[0] == FAMILY_UNIX && length >= 17) {
		sk_text_printf(text, "%llx->%llx ", (unsigned long long)sk_read_u64(bytes + 1),
			       (unsigned long long)sk_read_u64(bytes + 9));
		append_path(text, bytes + 17, length - 17);
	}
}
