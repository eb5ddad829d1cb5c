/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fd.*: the two ends of a socket.
 *
 *   connection      source: the client's end; destination: the server's
 *   server socket   only a destination, its own
 *
 * Which end is which is not known before the socket has a role.
 */
#include "runtime/fields/fd_kind.h"

enum sk_l4_protocol sk_field_l4(const struct sk_fd *fd)
{
	if (!sk_fd_is_inet(fd))
		return SK_L4_NA;
	if (fd->l4 == SK_L4_RAW || sk_fd_has_role(fd))
		return fd->l4;
	return SK_L4_NA;
}

/* --- ends --------------------------------------------------------------- */

enum end { END_NONE, END_SOURCE, END_DESTINATION };

static enum end client_end(const struct sk_event_view *view, const struct sk_fd *fd)
{
	(void)view;
	return sk_fd_is_connection(fd) && sk_fd_has_role(fd) ? END_SOURCE : END_NONE;
}

static enum end server_end(const struct sk_event_view *view, const struct sk_fd *fd)
{
	(void)view;
	if (sk_fd_is_server_socket(fd))
		return END_DESTINATION;
	return sk_fd_is_connection(fd) && sk_fd_has_role(fd) ? END_DESTINATION : END_NONE;
}

static enum end local_end(const struct sk_event_view *view, const struct sk_fd *fd)
{
	if (!sk_fd_is_connection(fd) || !sk_fd_has_role(fd))
		return END_NONE;
	return sk_state_is_local_address(view->state, fd->source, sk_fd_address_length(fd)) ? END_SOURCE
											    : END_DESTINATION;
}

static enum end remote_end(const struct sk_event_view *view, const struct sk_fd *fd)
{
	switch (local_end(view, fd)) {
	case END_SOURCE:
		return END_DESTINATION;
	case END_DESTINATION:
		return END_SOURCE;
	case END_NONE:
		break;
	}
	return END_NONE;
}

static bool fill_address(const struct sk_extraction *asked, const struct sk_fd *fd, enum end end,
			 struct sk_value *ret_value)
{
	struct sk_address *address = sk_arena_alloc(asked->scratch, sizeof(*address));

	if (!address) {
		*ret_value = (struct sk_value){.presence = SK_MISSING_MEMORY};
		return false;
	}
	address->length = (uint8_t)sk_fd_address_length(fd);
	memcpy(address->bytes, end == END_SOURCE ? fd->source : fd->destination, address->length);
	*ret_value = (struct sk_value){
		.presence = SK_PRESENT, .type = asked->ref->type, .length = 1, .address = address};
	return true;
}

typedef enum end (*choose_end_fn)(const struct sk_event_view *view, const struct sk_fd *fd);

static struct sk_value address_at(const struct sk_extraction *asked, choose_end_fn choose)
{
	struct sk_value value;
	enum end end;

	FD_OR_MISSING(asked)
	end = choose(asked->view, fd);
	if (end == END_NONE)
		return sk_value_missing();
	fill_address(asked, fd, end, &value);
	return value;
}

static struct sk_value port_number(const struct sk_fd *fd, enum end end)
{
	return sk_value_number(SK_TYPE_PORT, end == END_SOURCE ? fd->source_port : fd->destination_port);
}

static struct sk_value port_at(const struct sk_extraction *asked, choose_end_fn choose)
{
	enum end end;

	FD_OR_MISSING(asked)
	end = choose(asked->view, fd);
	return end == END_NONE ? sk_value_missing() : port_number(fd, end);
}

/* Both ends of a connection, the one of a server socket. */
static struct sk_value both_ends(const struct sk_extraction *asked, bool ports)
{
	struct sk_value *items;
	uint32_t count = 0;

	FD_OR_MISSING(asked)
	if (!sk_fd_is_inet(fd))
		return sk_value_missing();
	items = sk_arena_alloc(asked->scratch, 2 * sizeof(*items));
	if (!items)
		return (struct sk_value){.presence = SK_MISSING_MEMORY};
	for (enum end end = sk_fd_is_server_socket(fd) ? END_DESTINATION : END_SOURCE; end <= END_DESTINATION;
	     end++) {
		if (ports)
			items[count++] = port_number(fd, end);
		else if (!fill_address(asked, fd, end, &items[count++]))
			return items[0];
	}
	return (struct sk_value){.presence = SK_PRESENT,
				 .type = asked->ref->type,
				 .list = 1,
				 .format = SK_FORMAT_DEC,
				 .length = count,
				 .items = items};
}

struct sk_value extract_FD_IP(const struct sk_extraction *asked)
{
	return both_ends(asked, false);
}

struct sk_value extract_FD_CIP(const struct sk_extraction *asked)
{
	return address_at(asked, client_end);
}

struct sk_value extract_FD_SIP(const struct sk_extraction *asked)
{
	return address_at(asked, server_end);
}

struct sk_value extract_FD_RIP(const struct sk_extraction *asked)
{
	return address_at(asked, remote_end);
}

struct sk_value extract_FD_PORT(const struct sk_extraction *asked)
{
	return both_ends(asked, true);
}

struct sk_value extract_FD_SPORT(const struct sk_extraction *asked)
{
	return port_at(asked, server_end);
}

struct sk_value extract_FD_LPORT(const struct sk_extraction *asked)
{
	return port_at(asked, local_end);
}

struct sk_value extract_FD_RPORT(const struct sk_extraction *asked)
{
	return port_at(asked, remote_end);
}

struct sk_value extract_FD_NET(const struct sk_extraction *asked)
{
	return both_ends(asked, false);
}

struct sk_value extract_FD_CNET(const struct sk_extraction *asked)
{
	return address_at(asked, client_end);
}

struct sk_value extract_FD_SNET(const struct sk_extraction *asked)
{
	return address_at(asked, server_end);
}

struct sk_value extract_FD_RNET(const struct sk_extraction *asked)
{
	return address_at(asked, remote_end);
}

struct sk_value extract_FD_L4PROTO(const struct sk_extraction *asked)
{
	static const char *const names[] = {
		[SK_L4_UNKNOWN] = "<NA>", [SK_L4_NA] = "<NA>",   [SK_L4_TCP] = "tcp",
		[SK_L4_UDP] = "udp",      [SK_L4_ICMP] = "icmp", [SK_L4_RAW] = "raw",
	};
	enum sk_l4_protocol l4;

	FD_OR_MISSING(asked)
	l4 = sk_field_l4(fd);
	return sk_field_constant(names[l4 < sizeof(names) / sizeof(names[0]) ? l4 : SK_L4_NA]);
}

struct sk_value extract_FD_SOCKFAMILY(const struct sk_extraction *asked)
{
	FD_OR_MISSING(asked)
	if (sk_fd_is_inet(fd))
		return sk_field_constant("ip");
	return fd->type == SK_FD_UNIX_SOCK ? sk_field_constant("unix") : sk_value_missing();
}

struct sk_value extract_FD_CONNECTED(const struct sk_extraction *asked)
{
	FD_OR_MISSING(asked)
	return sk_field_bool(sk_fd_is_inet(fd) && (fd->flags & SK_FD_FLAG_CONNECTED));
}

struct sk_value extract_FD_LIP(const struct sk_extraction *asked)
{
	return address_at(asked, local_end);
}

struct sk_value extract_FD_LNET(const struct sk_extraction *asked)
{
	return address_at(asked, local_end);
}

struct sk_value extract_FD_CPORT(const struct sk_extraction *asked)
{
	return port_at(asked, client_end);
}

struct sk_value extract_FD_PROTO(const struct sk_extraction *asked)
{
	return both_ends(asked, true);
}

/*
 * Whether its server's end is here, which is true of both ends of a local
 * connection, and to the reference of the IPv6 address that is none.
 */
struct sk_value extract_FD_IS_SERVER(const struct sk_extraction *asked)
{
	static const uint8_t unspecified[16];

	FD_OR_MISSING(asked)
	if (sk_fd_is_server_socket(fd))
		return sk_field_bool(true);
	if (fd->type == SK_FD_IPV6_SOCK && memcmp(fd->destination, unspecified, sizeof(unspecified)) == 0)
		return sk_field_bool(true);
	return sk_field_bool(
		sk_fd_is_connection(fd) &&
		sk_state_is_local_address(asked->view->state, fd->destination, sk_fd_address_length(fd)));
}

/* --- ports as text ------------------------------------------------------ */

static struct sk_value port_text(const struct sk_extraction *asked, struct sk_value port)
{
	struct sk_text text = sk_text_begin(asked->scratch);

	if (port.presence != SK_PRESENT)
		return port;
	sk_text_append_unsigned(&text, port.number);
	return sk_text_value(&text);
}

struct sk_value extract_FD_CPROTO(const struct sk_extraction *asked)
{
	FD_OR_MISSING(asked)
	if (!sk_fd_has_role(fd))
		return sk_value_missing();
	return sk_fd_is_connection(fd) ? port_text(asked, port_at(asked, client_end)) : sk_field_constant("");
}

struct sk_value extract_FD_SPROTO(const struct sk_extraction *asked)
{
	FD_OR_MISSING(asked)
	if (sk_fd_is_server_socket(fd))
		return sk_field_constant("");
	return port_text(asked, port_at(asked, server_end));
}

struct sk_value extract_FD_LPROTO(const struct sk_extraction *asked)
{
	return port_text(asked, port_at(asked, local_end));
}

struct sk_value extract_FD_RPROTO(const struct sk_extraction *asked)
{
	return port_text(asked, port_at(asked, remote_end));
}

/*
 * Names of addresses.  The reference asks the resolver in the background and
 * has no value until there is an answer; without a network it never has one,
 * as the record shows.  saker asks nobody: a sensor that resolves addresses
 * tells whoever runs the name server what it watches.
 */
struct sk_value extract_FD_CIP_NAME(const struct sk_extraction *asked)
{
	(void)asked;
	return sk_value_missing();
}

struct sk_value extract_FD_SIP_NAME(const struct sk_extraction *asked)
{
	(void)asked;
	return sk_value_missing();
}

struct sk_value extract_FD_LIP_NAME(const struct sk_extraction *asked)
{
	(void)asked;
	return sk_value_missing();
}

struct sk_value extract_FD_RIP_NAME(const struct sk_extraction *asked)
{
	(void)asked;
	return sk_value_missing();
}
