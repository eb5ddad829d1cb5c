/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/socket_address.h"

#include <arpa/inet.h>
#include <string.h>

#include "runtime/state/state_private.h"

bool sk_address_is_mapped(const uint8_t address[16])
{
	static const uint8_t zero[16];

	if (memcmp(address, zero, 10) != 0)
		return false;
	return (address[10] == 0xff && address[11] == 0xff) || memcmp(address + 10, zero, 6) == 0;
}

void sk_address_unmap(uint8_t address[16])
{
	memmove(address, address + 12, 4);
	memset(address + 4, 0, 12);
}

/* A path must end with its NUL, as the reference wants it. */
static bool take_path(const uint8_t *bytes, uint32_t length, struct sk_socket_tuple *tuple)
{
	if (length == 0 || bytes[length - 1] != '\0')
		return false;
	tuple->path = (const char *)bytes;
	tuple->path_length = (uint32_t)strnlen(tuple->path, length);
	return true;
}

/* Bytes of an address of this family; 0: it has none. */
static uint32_t address_width(uint8_t family)
{
	return family == SK_FAMILY_INET ? 4 : family == SK_FAMILY_INET6 ? 16 : 0;
}

/* An address of `width` bytes, then its port. */
static void take_end(const uint8_t *bytes, uint32_t width, uint8_t *address, uint16_t *port)
{
	memcpy(address, bytes, width);
	*port = sk_read_u16(bytes + width);
}

bool sk_socket_tuple_decode(const struct sk_event *event, unsigned index, struct sk_socket_tuple *ret_tuple)
{
	struct sk_socket_tuple tuple = {0};
	const uint8_t *bytes;
	uint32_t length, width;

	if (!sk_event_has(event, index))
		return false;
	bytes = event->param[index].bytes;
	length = event->param[index].length;
	tuple.family = bytes[0];
	width = address_width(tuple.family);
	if (width) {
		if (length < 1 + 2 * (width + 2))
			return false;
		take_end(bytes + 1, width, tuple.source, &tuple.source_port);
		take_end(bytes + 1 + width + 2, width, tuple.destination, &tuple.destination_port);
	} else {
		if (tuple.family != SK_FAMILY_UNIX || length < 18 || !take_path(bytes + 17, length - 17, &tuple))
			return false;
		tuple.unix_source = sk_read_u64(bytes + 1);
		tuple.unix_destination = sk_read_u64(bytes + 9);
	}
	if (tuple.family == SK_FAMILY_INET6 && sk_address_is_mapped(tuple.source) &&
	    sk_address_is_mapped(tuple.destination)) {
		tuple.family = SK_FAMILY_INET;
		sk_address_unmap(tuple.source);
		sk_address_unmap(tuple.destination);
	}
	*ret_tuple = tuple;
	return true;
}

bool sk_socket_address_decode(const struct sk_event *event, unsigned index, struct sk_socket_tuple *ret_address)
{
	struct sk_socket_tuple address = {0};
	const uint8_t *bytes;
	uint32_t length, width;

	if (!sk_event_has(event, index))
		return false;
	bytes = event->param[index].bytes;
	length = event->param[index].length;
	address.family = bytes[0];
	width = address_width(address.family);
	if (width) {
		if (length < 1 + width + 2)
			return false;
		take_end(bytes + 1, width, address.destination, &address.destination_port);
	} else if (address.family != SK_FAMILY_UNIX || length < 2 || !take_path(bytes + 1, length - 1, &address)) {
		return false;
	}
	*ret_address = address;
	return true;
}

/* Decimal digits, without a NUL: printf would take most of an event's time. */
static uint32_t print_number(uint32_t number, char *text)
{
	char digits[10];
	uint32_t at = sizeof(digits), length;

	do
		digits[--at] = (char)('0' + number % 10);
	while (number /= 10);
	length = (uint32_t)sizeof(digits) - at;
	memcpy(text, digits + at, length);
	return length;
}

uint32_t sk_address_print(const uint8_t *address, unsigned length, char ret_text[SK_ADDRESS_TEXT])
{
	uint32_t at = 0;

	_Static_assert(SK_ADDRESS_TEXT >= INET6_ADDRSTRLEN, "any address has room");
	if (length == 4) {
		for (unsigned i = 0; i < 4; i++) {
			at += print_number(address[i], ret_text + at);
			ret_text[at++] = '.';
		}
		ret_text[--at] = '\0';
		return at;
	}
	ret_text[0] = '\0';
	inet_ntop(AF_INET6, address, ret_text, SK_ADDRESS_TEXT);
	return (uint32_t)strlen(ret_text);
}

/* Writes "address" or "address:port", at most 51 bytes; returns how many. */
static uint32_t print_end(char *name, unsigned address_length, const uint8_t *address, bool has_port, uint16_t port)
{
	uint32_t length = sk_address_print(address, address_length, name);

	if (has_port) {
		name[length++] = ':';
		length += print_number(port, name + length);
	}
	name[length] = '\0';
	return length;
}

uint32_t sk_state_socket_name(const struct sk_fd *fd, char ret_name[128])
{
	bool ipv4 = fd->type == SK_FD_IPV4_SOCK || fd->type == SK_FD_IPV4_SERVSOCK;
	bool has_port = fd->l4 != SK_L4_ICMP;
	unsigned length = ipv4 ? 4 : 16;
	uint32_t at = 0;

	if (fd->type == SK_FD_IPV4_SOCK || fd->type == SK_FD_IPV6_SOCK) {
		at = print_end(ret_name, length, fd->source, has_port, fd->source_port);
		ret_name[at++] = '-';
		ret_name[at++] = '>';
	}
	return at + print_end(ret_name + at, length, fd->destination, has_port, fd->destination_port);
}

uint32_t sk_socket_address_name(const struct sk_socket_tuple *address, char ret_name[128])
{
	return print_end(ret_name, address->family == SK_FAMILY_INET ? 4 : 16, address->destination, true,
			 address->destination_port);
}
