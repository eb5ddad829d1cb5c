/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets: what they are connected to, which end is the client's, and what
 * data calls reveal of it (spec/state.md sections 4.3, 4.6 and 4.7).
 *
 * Stored is always client -> server.  Events have the sender first, so a tuple
 * is turned around where the role says so.
 */
#include <inttypes.h>
#include <stdio.h>

#include "runtime/state/socket_address.h"
#include "runtime/state/state_private.h"

enum { TYPE_STREAM = 1, TYPE_DGRAM = 2, TYPE_RAW = 3, TYPE_MASK = 0xff };
enum { PROTOCOL_IP = 0, PROTOCOL_ICMP = 1, PROTOCOL_TCP = 6, PROTOCOL_UDP = 17, PROTOCOL_RAW = 255 };
enum { EINPROGRESS_WIRE = 115 };

static const uint16_t roles = SK_FD_FLAG_ROLE_CLIENT | SK_FD_FLAG_ROLE_SERVER;

/* --- names ----------------------------------------------------------------- */

static void name_from_ends(struct sk_state *state, struct sk_event_view *view, struct sk_fd *fd)
{
	char name[128];
	uint32_t length = sk_state_socket_name(fd, name);

	sk_state_set_fd_name(state, view, fd, name, length);
}

/* "source->destination path", the two kernel addresses in hex. */
static void name_unix(struct sk_state *state, struct sk_event_view *view, struct sk_fd *fd,
		      const struct sk_socket_tuple *tuple)
{
	char name[256];
	int length = snprintf(name, sizeof(name), "%" PRIx64 "->%" PRIx64 " %.*s", tuple->unix_source,
			      tuple->unix_destination, (int)(tuple->path_length > 200 ? 200 : tuple->path_length),
			      tuple->path);

	sk_state_set_fd_name(state, view, fd, name, (size_t)length);
}

/* --- socket, socketpair, bind ------------------------------------------------ */

static uint8_t l4_of(uint64_t type, uint64_t protocol)
{
	bool raw = type == TYPE_RAW;

	switch (protocol) {
	case PROTOCOL_TCP:
		return raw ? SK_L4_RAW : SK_L4_TCP;
	case PROTOCOL_UDP:
		return raw ? SK_L4_RAW : SK_L4_UDP;
	case PROTOCOL_ICMP:
		return raw ? SK_L4_RAW : SK_L4_ICMP;
	case PROTOCOL_RAW:
		return SK_L4_RAW;
	case PROTOCOL_IP:
		if ((type & TYPE_MASK) == TYPE_STREAM)
			return SK_L4_TCP;
		if ((type & TYPE_MASK) == TYPE_DGRAM)
			return SK_L4_UDP;
		return SK_L4_UNKNOWN;
	default:
		return SK_L4_UNKNOWN;
	}
}

static struct sk_fd *add_socket(struct sk_state *state, struct sk_event_view *view, int64_t fd, uint64_t family,
				uint64_t type, uint64_t protocol)
{
	enum sk_fd_type kind = SK_FD_UNKNOWN;
	struct sk_fd *entry;

	if (family == SK_FAMILY_UNIX)
		kind = SK_FD_UNIX_SOCK;
	else if (family == SK_FAMILY_INET)
		kind = SK_FD_IPV4_SOCK;
	else if (family == SK_FAMILY_INET6)
		kind = SK_FD_IPV6_SOCK;
	else if (family == SK_FAMILY_NETLINK)
		kind = SK_FD_NETLINK;
	entry = sk_state_add_fd(state, view, fd, kind);
	if (entry && sk_fd_is_inet(entry))
		entry->l4 = l4_of(type, protocol);
	return entry;
}

void sk_state_socket(struct sk_state *state, struct sk_event_view *view)
{
	const struct sk_event *event = &view->event;
	int64_t fd = sk_event_signed(event, 0, -1);
	struct sk_fd *entry;

	if (!view->thread || fd < 0)
		return;
	entry = add_socket(state, view, fd, sk_event_unsigned(event, 1, UINT64_MAX), sk_event_unsigned(event, 2, 0),
			   sk_event_unsigned(event, 3, 0));
	if (entry)
		entry->open_flags = (uint32_t)sk_event_unsigned(event, 4, 0);
}

void sk_state_socketpair(struct sk_state *state, struct sk_event_view *view)
{
	const struct sk_event *event = &view->event;
	int64_t fds[2] = {sk_event_signed(event, 1, -1), sk_event_signed(event, 2, -1)};

	if (!view->thread || sk_event_signed(event, 0, -1) < 0 || fds[0] == fds[1])
		return;
	for (unsigned i = 0; i < 2; i++) {
		struct sk_fd *entry = fds[i] >= 0 ? sk_state_add_fd(state, view, fds[i], SK_FD_UNIX_SOCK) : NULL;

		if (!entry)
			continue;
		entry->unix_source = sk_event_unsigned(event, 3, 0);
		entry->unix_destination = sk_event_unsigned(event, 4, 0);
	}
}

void sk_state_bind_socket(struct sk_state *state, struct sk_event_view *view)
{
	struct sk_socket_tuple address;
	struct sk_fd *fd;
	char name[128];
	uint32_t length;
	bool ipv4;

	if (sk_event_signed(&view->event, 0, -1) < 0 || !sk_socket_address_decode(&view->event, 1, &address))
		return;
	fd = sk_state_edit_fd(state, view);
	if (!fd)
		return;
	if (address.family == SK_FAMILY_UNIX) {
		sk_state_set_fd_name(state, view, fd, address.path, address.path_length);
		return;
	}
	/* The name is the address as it was given, even where the socket becomes an IPv4 one. */
	length = sk_socket_address_name(&address, name);
	sk_state_set_fd_name(state, view, fd, name, length);
	if (address.destination_port == 0)
		return; /* any port: nothing that others can find */
	ipv4 = address.family == SK_FAMILY_INET;
	if (!ipv4 && sk_address_is_mapped(address.destination)) {
		ipv4 = true;
		sk_address_unmap(address.destination);
	}
	fd->type = ipv4 ? SK_FD_IPV4_SERVSOCK : SK_FD_IPV6_SERVSOCK;
	memset(fd->source, 0, sizeof(fd->source));
	fd->source_port = 0;
	memcpy(fd->destination, address.destination, sizeof(fd->destination));
	fd->destination_port = address.destination_port;
	fd->flags = (fd->flags & ~roles) | SK_FD_FLAG_ROLE_SERVER;
}

/* --- ends ---------------------------------------------------------------------- */

static bool same_end(const uint8_t *left, uint16_t left_port, const uint8_t *right, uint16_t right_port)
{
	return left_port == right_port && memcmp(left, right, 16) == 0;
}

static bool is_unset(const uint8_t address[16])
{
	static const uint8_t zero[16];

	return memcmp(address, zero, sizeof(zero)) == 0;
}

/*
 * Takes over the ends of an inet tuple.  The destination stays what it was
 * unless that was nothing, or `overwrite` says otherwise.  True if anything
 * changed.
 */
static bool set_ends(struct sk_fd *fd, const struct sk_socket_tuple *tuple, bool overwrite)
{
	enum sk_fd_type type = tuple->family == SK_FAMILY_INET ? SK_FD_IPV4_SOCK : SK_FD_IPV6_SOCK;
	bool changed = false;

	fd->type = (uint8_t)type;
	if ((same_end(fd->source, fd->source_port, tuple->source, tuple->source_port) &&
	     same_end(fd->destination, fd->destination_port, tuple->destination, tuple->destination_port)) ||
	    (same_end(fd->source, fd->source_port, tuple->destination, tuple->destination_port) &&
	     same_end(fd->destination, fd->destination_port, tuple->source, tuple->source_port)))
		return false;
	if (!same_end(fd->source, fd->source_port, tuple->source, tuple->source_port)) {
		memcpy(fd->source, tuple->source, sizeof(fd->source));
		fd->source_port = tuple->source_port;
		changed = true;
	}
	if ((overwrite || is_unset(fd->destination)) && memcmp(fd->destination, tuple->destination, 16) != 0) {
		memcpy(fd->destination, tuple->destination, sizeof(fd->destination));
		changed = true;
	}
	if ((overwrite || fd->destination_port == 0) && fd->destination_port != tuple->destination_port) {
		fd->destination_port = tuple->destination_port;
		changed = true;
	}
	return changed;
}

/* --- connect, accept --------------------------------------------------------------- */

/*
 * Where the process wanted to go, as the kernel read it at the enter event:
 * that address counts if the one in the tuple is the one of the exit, because
 * the process may have overwritten its copy in between.
 */
static void prefer_enter(const struct sk_event_view *view, struct sk_socket_tuple *tuple)
{
	struct sk_socket_tuple enter, exit;

	if (!view->enter || !sk_socket_address_decode(view->enter, 1, &enter) ||
	    !sk_socket_address_decode(&view->event, 3, &exit))
		return;
	if (tuple->family == SK_FAMILY_INET && exit.family == SK_FAMILY_INET6) {
		if (!sk_address_is_mapped(exit.destination))
			return;
		sk_address_unmap(exit.destination);
	}
	if (!same_end(exit.destination, exit.destination_port, tuple->destination, tuple->destination_port))
		return;
	if (tuple->family == SK_FAMILY_INET && enter.family == SK_FAMILY_INET6) {
		if (!sk_address_is_mapped(enter.destination))
			return;
		sk_address_unmap(enter.destination);
	} else if (tuple->family != enter.family) {
		return;
	}
	memcpy(tuple->destination, enter.destination, sizeof(tuple->destination));
	tuple->destination_port = enter.destination_port;
}

static void connect_inet(struct sk_state *state, struct sk_event_view *view, struct sk_fd *fd,
			 struct sk_socket_tuple *tuple)
{
	bool changed;

	prefer_enter(view, tuple);
	changed = set_ends(fd, tuple, true);
	if (changed && (fd->flags & SK_FD_FLAG_ROLE_SERVER) && fd->l4 == SK_L4_UDP)
		sk_fd_swap_ends(fd);
	name_from_ends(state, view, fd);
}

void sk_state_connect(struct sk_state *state, struct sk_event_view *view)
{
	int64_t result = sk_event_signed(&view->event, 0, -1);
	struct sk_socket_tuple tuple;
	struct sk_fd *fd;
	bool has_tuple;

	if (!view->fd || (result < 0 && result != -EINPROGRESS_WIRE))
		return;
	has_tuple = sk_socket_tuple_decode(&view->event, 1, &tuple);
	if (!has_tuple && view->enter && sk_socket_address_decode(view->enter, 1, &tuple) &&
	    tuple.family != SK_FAMILY_UNIX) {
		/* Only where it went to is known. */
		if (tuple.family == SK_FAMILY_INET6 && sk_address_is_mapped(tuple.destination)) {
			tuple.family = SK_FAMILY_INET;
			sk_address_unmap(tuple.destination);
		}
		has_tuple = true;
	}
	fd = sk_state_edit_fd(state, view);
	if (!fd)
		return;
	fd->flags |= SK_FD_FLAG_CONNECTED;
	if (!has_tuple)
		return;
	if (tuple.family == SK_FAMILY_UNIX) {
		fd->unix_source = tuple.unix_source;
		fd->unix_destination = tuple.unix_destination;
		name_unix(state, view, fd, &tuple);
	} else {
		connect_inet(state, view, fd, &tuple);
	}
	if (!(fd->flags & roles))
		fd->flags |= SK_FD_FLAG_ROLE_CLIENT;
}

static struct sk_fd *accept_socket(struct sk_state *state, struct sk_event_view *view)
{
	int64_t number = sk_event_signed(&view->event, 0, -1);
	struct sk_socket_tuple tuple;
	struct sk_fd *fd;

	if (!view->thread || number < 0)
		return NULL;
	view->thread->last_fd = number;
	if (!sk_socket_tuple_decode(&view->event, 1, &tuple))
		return NULL;
	fd = sk_state_add_fd(state, view, number,
			     tuple.family == SK_FAMILY_UNIX ? SK_FD_UNIX_SOCK : SK_FD_IPV4_SOCK);
	if (!fd)
		return NULL;
	fd->flags = SK_FD_FLAG_ROLE_SERVER | SK_FD_FLAG_CONNECTED;
	if (tuple.family == SK_FAMILY_UNIX) {
		fd->unix_source = tuple.unix_source;
		fd->unix_destination = tuple.unix_destination;
		name_unix(state, view, fd, &tuple);
	} else {
		fd->l4 = SK_L4_TCP;
		set_ends(fd, &tuple, true);
		name_from_ends(state, view, fd);
	}
	return fd;
}

void sk_state_accept(struct sk_state *state, struct sk_event_view *view)
{
	accept_socket(state, view);
}

void sk_state_accept4(struct sk_state *state, struct sk_event_view *view)
{
	struct sk_fd *fd = accept_socket(state, view);

	if (fd && (sk_event_unsigned(&view->event, 5, 0) & SK_OPEN_CLOEXEC))
		sk_fd_set_close_on_exec(fd, true);
}

/* --- data calls --------------------------------------------------------------------- */

/* Whether the process has an IPv4 socket whose server end is this port. */
static bool is_bound_to(const struct sk_thread *thread, uint16_t port)
{
	const struct sk_fd_table *table = sk_thread_fds(thread);
	uint32_t cursor = 0;
	const struct sk_fd *fd;

	while ((fd = sk_fd_table_next(table, &cursor)))
		if ((fd->type == SK_FD_IPV4_SOCK || fd->type == SK_FD_IPV4_SERVSOCK) &&
		    fd->destination_port == port)
			return true;
	return false;
}

static bool uses_client_port(const struct sk_thread *thread, uint16_t port)
{
	const struct sk_fd_table *table = sk_thread_fds(thread);
	uint32_t cursor = 0;
	const struct sk_fd *fd;

	while ((fd = sk_fd_table_next(table, &cursor)))
		if (fd->type == SK_FD_IPV4_SOCK && fd->source_port == port)
			return true;
	return false;
}

static void guess_role(const struct sk_thread *thread, struct sk_fd *fd, bool incoming)
{
	bool server;

	if (fd->flags & roles)
		return;
	if (!is_bound_to(thread, fd->destination_port))
		server = false;
	else if (!uses_client_port(thread, fd->source_port))
		server = true;
	else
		server = incoming;
	fd->flags |= server ? SK_FD_FLAG_ROLE_SERVER : SK_FD_FLAG_ROLE_CLIENT;
}

/* The peer of a datagram, or of a socket whose connect was not seen. */
static void update_ends(struct sk_state *state, struct sk_event_view *view, unsigned index, bool incoming)
{
	struct sk_socket_tuple tuple;
	struct sk_fd *fd = view->fd;

	if (fd->name->length > 0 && sk_fd_is_inet(fd) && fd->l4 == SK_L4_TCP)
		return;
	if (!sk_socket_tuple_decode(&view->event, index, &tuple))
		return;
	fd = sk_state_edit_fd(state, view);
	if (!fd)
		return;
	if (tuple.family == SK_FAMILY_UNIX) {
		fd->type = SK_FD_UNIX_SOCK;
		fd->unix_source = tuple.unix_source;
		fd->unix_destination = tuple.unix_destination;
		name_unix(state, view, fd, &tuple);
		return;
	}
	if (!set_ends(fd, &tuple, false))
		return;
	if (fd->l4 == SK_L4_UNKNOWN)
		fd->l4 = SK_L4_UDP;
	sk_state_complete_tuple(state, fd);
	guess_role(view->thread, fd, incoming);
	if (fd->flags & (incoming ? SK_FD_FLAG_ROLE_CLIENT : SK_FD_FLAG_ROLE_SERVER))
		sk_fd_swap_ends(fd);
	name_from_ends(state, view, fd);
}

static bool is_socket(const struct sk_fd *fd)
{
	return sk_fd_is_inet(fd) || fd->type == SK_FD_UNIX_SOCK;
}

/* Data went through: it is connected. */
static bool data_call(struct sk_state *state, struct sk_event_view *view)
{
	if (!view->thread || !view->fd || sk_event_signed(&view->event, 0, -1) < 0)
		return false;
	if (!is_socket(view->fd) || (view->fd->flags & SK_FD_FLAG_CONNECTED))
		return true;
	if (!sk_state_edit_fd(state, view))
		return false;
	view->fd->flags |= SK_FD_FLAG_CONNECTED;
	return true;
}

void sk_state_read(struct sk_state *state, struct sk_event_view *view)
{
	data_call(state, view);
}

void sk_state_write(struct sk_state *state, struct sk_event_view *view)
{
	data_call(state, view);
}

static void receive(struct sk_state *state, struct sk_event_view *view, unsigned tuple_index)
{
	if (data_call(state, view))
		update_ends(state, view, tuple_index, true);
}

void sk_state_recvfrom(struct sk_state *state, struct sk_event_view *view)
{
	receive(state, view, 2);
}

void sk_state_recv(struct sk_state *state, struct sk_event_view *view)
{
	receive(state, view, 4);
}

/* Control messages may bring fds of another process; only /proc can tell what they are. */
static void receive_fds(struct sk_state *state, struct sk_event_view *view, unsigned index)
{
	enum { HEADER = 16, LEVEL_SOCKET = 1, TYPE_RIGHTS = 1, MOST_FDS = 253 };
	const uint8_t *at;
	uint64_t left, size;
	uint32_t length;

	if (!state->live || !view->fd || view->fd->type != SK_FD_UNIX_SOCK)
		return;
	at = (const uint8_t *)sk_state_bytes(view, index, &length);
	for (left = length; left >= HEADER; at += size, left -= size) {
		uint64_t message = sk_read_u64(at);

		if (message < HEADER || message > left)
			return;
		if (sk_read_u32(at + 8) == LEVEL_SOCKET && sk_read_u32(at + 12) == TYPE_RIGHTS)
			for (uint64_t i = 0; i < (message - HEADER) / 4 && i < MOST_FDS; i++)
				sk_state_lookup_fd(state, view->thread, (int32_t)sk_read_u32(at + HEADER + i * 4));
		size = (message + 7) & ~UINT64_C(7);
		if (size > left)
			return;
	}
	/* The entry may have moved or gone. */
	view->fd = sk_fd_find(sk_thread_fds(view->thread), view->thread->last_fd);
}

void sk_state_recvmsg(struct sk_state *state, struct sk_event_view *view)
{
	receive(state, view, 3);
	if (view->thread && sk_event_signed(&view->event, 0, -1) >= 0)
		receive_fds(state, view, 4);
}

void sk_state_recvmmsg(struct sk_state *state, struct sk_event_view *view)
{
	receive(state, view, 4);
	if (view->thread && sk_event_signed(&view->event, 0, -1) >= 0)
		receive_fds(state, view, 5);
}

void sk_state_send(struct sk_state *state, struct sk_event_view *view)
{
	if (data_call(state, view))
		update_ends(state, view, 4, false);
}

void sk_state_sendmmsg(struct sk_state *state, struct sk_event_view *view)
{
	sk_state_send(state, view);
}

/* On an fd that nobody saw opened, an address to send to means UDP. */
void sk_state_sendto(struct sk_state *state, struct sk_event_view *view)
{
	const struct sk_event *event = &view->event;
	int64_t fd = sk_event_signed(event, 2, -1);

	if (!view->fd && view->thread && fd >= 0 && sk_event_signed(event, 0, -1) >= 0 && sk_event_has(event, 4)) {
		uint8_t family = event->param[4].bytes[0];

		if (family == SK_FAMILY_INET || family == SK_FAMILY_INET6)
			add_socket(state, view, fd, family, TYPE_DGRAM, PROTOCOL_UDP);
	}
	sk_state_send(state, view);
}
