/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Socket addresses and tuples as events carry them (spec/event-schema.md
 * section 3).
 */
#ifndef SK_STATE_SOCKET_ADDRESS_H
#define SK_STATE_SOCKET_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "vm/event.h"

/* Families on the wire. */
enum {
	SK_FAMILY_UNSPECIFIED = 0,
	SK_FAMILY_UNIX = 1,
	SK_FAMILY_INET = 2,
	SK_FAMILY_INET6 = 10,
	SK_FAMILY_NETLINK = 16
};

/*
 * Addresses in network order, IPv4 in the first 4 bytes and zeroes behind;
 * ports in host order.  Of an address (not a tuple) only the destination is
 * set.  `family` is INET for two mapped IPv6 ends, and then the addresses are
 * the IPv4 ones.
 */
struct sk_socket_tuple {
	uint8_t family;
	uint8_t source[16], destination[16];
	uint16_t source_port, destination_port;
	uint64_t unix_source, unix_destination;
	const char *path; /* UNIX, not NUL-terminated */
	uint32_t path_length;
};

/* False if the parameter is absent, too short, or of another family. */
bool sk_socket_tuple_decode(const struct sk_event *event, unsigned index, struct sk_socket_tuple *ret_tuple);
bool sk_socket_address_decode(const struct sk_event *event, unsigned index, struct sk_socket_tuple *ret_address);

enum { SK_ADDRESS_TEXT = 46 };

/*
 * The text of an address of 4 or 16 bytes in network order, as inet_ntop(3)
 * writes it, with a NUL.  Returns its length.
 */
uint32_t sk_address_print(const uint8_t *address, unsigned length, char ret_text[SK_ADDRESS_TEXT]);

/* "address:port" of a decoded inet address, as it was given. */
uint32_t sk_socket_address_name(const struct sk_socket_tuple *address, char ret_name[128]);

#endif
