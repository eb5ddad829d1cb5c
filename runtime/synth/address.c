/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as people write them. */
#include <arpa/inet.h>
#include <string.h>

#include "runtime/state/socket_address.h"
#include "runtime/synth/address.h"

enum { PATH_LIMIT = 108, CLIENT_PORT = 40000, SERVER_PORT = 80 };

static bool parse_port(const char *text, uint32_t length, uint16_t *ret_port)
{
	int64_t port;

	if (!sk_synth_number(text, length, false, &port) || port < 0 || port > UINT16_MAX)
		return false;
	*ret_port = (uint16_t)port;
	return true;
}

static bool parse_ip(int family, const char *text, uint32_t length, uint8_t ret_address[16])
{
	char copy[INET6_ADDRSTRLEN];

	if (length >= sizeof(copy))
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return inet_pton(family, copy, ret_address) == 1;
}

bool sk_synth_end(const char *text, uint32_t length, struct sk_synth_end *ret_end)
{
	struct sk_synth_end end = {0};
	const char *colon;

	if (length > 5 && memcmp(text, "unix:", 5) == 0) {
		text += 5;
		length -= 5;
	}
	if (length && (text[0] == '/' || text[0] == '@')) {
		/* The wire has abstract names without their NUL. */
		end.family = SK_FAMILY_UNIX;
		end.path = text + (text[0] == '@');
		end.path_length = length - (text[0] == '@');
		if (!end.path_length || end.path_length > PATH_LIMIT || memchr(end.path, '\0', end.path_length))
			return false;
		*ret_end = end;
		return true;
	}
	colon = memrchr(text, ':', length);
	if (!colon)
		return false;
	if (text[0] == '[') {
		if (colon - text < 3 || colon[-1] != ']')
			return false;
		end.family = SK_FAMILY_INET6;
		if (!parse_ip(AF_INET6, text + 1, (uint32_t)(colon - text) - 2, end.address))
			return false;
	} else {
		end.family = SK_FAMILY_INET;
		if (!parse_ip(AF_INET, text, (uint32_t)(colon - text), end.address))
			return false;
	}
	if (!parse_port(colon + 1, length - (uint32_t)(colon + 1 - text), &end.port))
		return false;
	*ret_end = end;
	return true;
}

/* This machine's end of a connection with `peer`: 10.0.0.5, fd00::5 or the loopback. */
static struct sk_synth_end own_end(const struct sk_synth_end *peer, bool server)
{
	static const uint8_t loopback6[16] = {[15] = 1};
	struct sk_synth_end own = {.family = peer->family, .port = server ? SERVER_PORT : CLIENT_PORT};

	if (peer->family == SK_FAMILY_INET)
		memcpy(own.address, peer->address[0] == 127 ? "\x7f\0\0\1" : "\x0a\0\0\5", 4);
	else if (peer->family == SK_FAMILY_INET6)
		memcpy(own.address,
		       memcmp(peer->address, loopback6, 16) == 0 ? (const char *)loopback6
								 : "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\5",
		       16);
	return own;
}

static void trim(const char **text, uint32_t *length)
{
	while (*length && **text == ' ') {
		(*text)++;
		(*length)--;
	}
	while (*length && (*text)[*length - 1] == ' ')
		(*length)--;
}

bool sk_synth_ends(const char *text, uint32_t length, bool inbound, struct sk_synth_end *ret_source,
		   struct sk_synth_end *ret_destination)
{
	const char *arrow = memmem(text, length, "->", 2), *second = arrow ? arrow + 2 : NULL;
	uint32_t first_length = arrow ? (uint32_t)(arrow - text) : length;
	uint32_t second_length = arrow ? length - first_length - 2 : 0;
	struct sk_synth_end first, other;

	trim(&text, &first_length);
	if (!sk_synth_end(text, first_length, &first))
		return false;
	if (!arrow) {
		other = own_end(&first, inbound);
		*ret_source = inbound ? first : other;
		*ret_destination = inbound ? other : first;
		return true;
	}
	trim(&second, &second_length);
	if (!sk_synth_end(second, second_length, &other) || other.family != first.family)
		return false;
	*ret_source = first;
	*ret_destination = other;
	return true;
}

static void put_end(const struct sk_synth_end *end, struct sk_buffer *bytes)
{
	sk_buffer_append(bytes, end->address, end->family == SK_FAMILY_INET ? 4 : 16);
	sk_buffer_append(bytes, &end->port, sizeof(end->port));
}

void sk_synth_put_address(const struct sk_synth_end *end, struct sk_buffer *bytes)
{
	sk_buffer_append(bytes, &end->family, 1);
	if (end->family == SK_FAMILY_UNIX) {
		sk_buffer_append(bytes, end->path, end->path_length);
		sk_buffer_append(bytes, "", 1);
	} else {
		put_end(end, bytes);
	}
}

void sk_synth_put_tuple(const struct sk_synth_end *source, const struct sk_synth_end *destination,
			struct sk_buffer *bytes)
{
	static const uint64_t kernel_addresses[2] = {UINT64_C(0xffff888000001000), UINT64_C(0xffff888000002000)};
	const struct sk_synth_end *named = destination->path ? destination : source;

	sk_buffer_append(bytes, &source->family, 1);
	if (source->family != SK_FAMILY_UNIX) {
		put_end(source, bytes);
		put_end(destination, bytes);
		return;
	}
	sk_buffer_append(bytes, kernel_addresses, sizeof(kernel_addresses));
	sk_buffer_append(bytes, named->path, named->path_length);
	sk_buffer_append(bytes, "", 1);
}
