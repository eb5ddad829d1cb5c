/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fd.*: the fd of an event that creates, uses or destroys one.  On all other
 * events they are missing.  Where the event has an fd but nothing is known of
 * it (a failed open, a lost event), names come from the event's parameters.
 */
#include "runtime/fields/extract.h"

#include "vm/event.h"

static bool has_fd(const struct sk_event_view *view)
{
	return view->fd_number != INT64_MIN;
}

/* Begins an extractor: `fd`, or no value. */
#define FD_OR_MISSING(asked)                                                                                       \
	const struct sk_fd *fd = has_fd((asked)->view) ? (asked)->view->fd : NULL;                                 \
	if (!fd)                                                                                                   \
		return sk_value_missing();

static bool is_client_or_server(const struct sk_fd *fd)
{
	return fd->flags & (SK_FD_FLAG_ROLE_CLIENT | SK_FD_FLAG_ROLE_SERVER);
}

static bool is_server_socket(const struct sk_fd *fd)
{
	return fd->type == SK_FD_IPV4_SERVSOCK || fd->type == SK_FD_IPV6_SERVSOCK;
}

static bool is_connection(const struct sk_fd *fd)
{
	return fd->type == SK_FD_IPV4_SOCK || fd->type == SK_FD_IPV6_SOCK;
}

static bool is_file(const struct sk_fd *fd)
{
	return fd->type == SK_FD_FILE || fd->type == SK_FD_FILE_V2;
}

static unsigned address_length(const struct sk_fd *fd)
{
	return fd->type == SK_FD_IPV4_SOCK || fd->type == SK_FD_IPV4_SERVSOCK ? 4 : 16;
}

enum sk_l4_protocol sk_field_l4(const struct sk_fd *fd)
{
	if (!sk_fd_is_inet(fd))
		return SK_L4_NA;
	if (fd->l4 == SK_L4_RAW || is_client_or_server(fd))
		return fd->l4;
	return SK_L4_NA;
}

struct sk_value extract_FD_NUM(const struct sk_extraction *asked)
{
	if (!has_fd(asked->view) || !asked->view->thread)
		return sk_value_missing();
	return sk_value_number(SK_TYPE_INT64, (uint64_t)asked->view->fd_number);
}

struct sk_value extract_FD_TYPE(const struct sk_extraction *asked)
{
	FD_OR_MISSING(asked)
	return sk_field_constant(sk_fd_type_name(fd->type));
}

static char type_char(const struct sk_event_view *view)
{
	if (view->fd)
		return sk_fd_type_char(view->fd->type);
	/* Nothing is known: what the call would have made, for the calls that the reference knows. */
	switch (view->event.type) {
	case SK_EVENT_SYSCALL_OPENAT_2_X:
	case SK_EVENT_SYSCALL_OPENAT2_X:
		return 'f';
	case SK_EVENT_SOCKET_ACCEPT_5_X:
	case SK_EVENT_SOCKET_ACCEPT4_6_X:
		return '4';
	default:
		return 'o';
	}
}

struct sk_value extract_FD_TYPECHAR(const struct sk_extraction *asked)
{
	static const char printable[] = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
					"abcdefghijklmnopqrstuvwxyz{|}~";
	char letter;

	if (!has_fd(asked->view) || !asked->view->thread)
		return sk_value_missing();
	letter = type_char(asked->view);
	return sk_value_text(letter >= ' ' && letter <= '~' ? &printable[letter - ' '] : "?", 1);
}

/* --- names ------------------------------------------------------------- */

/* The parameter that names what a call would have made; -1 without one. */
static int name_param(uint16_t type)
{
	switch (type) {
	case SK_EVENT_SYSCALL_OPEN_X:
	case SK_EVENT_SYSCALL_CREAT_X:
	case SK_EVENT_SOCKET_ACCEPT_5_X:
	case SK_EVENT_SOCKET_ACCEPT4_6_X:
		return 1;
	case SK_EVENT_SYSCALL_OPENAT_2_X:
	case SK_EVENT_SYSCALL_OPENAT2_X:
		return 2;
	case SK_EVENT_SYSCALL_OPEN_BY_HANDLE_AT_X:
		return 3;
	default:
		return -1;
	}
}

/* What fd.name and fd.nameraw show of an event without a known fd. */
static struct sk_value name_from_params(const struct sk_extraction *asked, bool raw)
{
	const struct sk_event_view *view = asked->view;
	const struct sk_event *event = &view->event;
	const int index = name_param(event->type);
	const char *path;
	struct sk_text text;
	uint32_t length;

	if (index < 0 || index >= event->nparams)
		return sk_field_constant("");
	text = sk_text_begin(asked->scratch);
	if (event->info->params[index].type == SK_PARAM_SOCKTUPLE) {
		sk_param_append(&text, view, (unsigned)index);
		return sk_text_value(&text);
	}
	/* Where a call's arguments were stored before the kernel read them, those count. */
	if (view->enter && view->enter->type == (event->type ^ 1)) {
		const int entered = sk_param_index(view->enter->type, "name", 4);

		if (entered >= 0 && sk_event_has(view->enter, (unsigned)entered))
			path = sk_event_text(view->enter, (unsigned)entered, &length);
		else
			path = sk_event_text(event, (unsigned)index, &length);
	} else {
		path = sk_event_text(event, (unsigned)index, &length);
	}
	if (!raw) {
		const int relative_to = event->info->params[index].relative_to;
		char *resolved = sk_arena_alloc(asked->scratch, 1024);

		if (!resolved)
			return (struct sk_value){.presence = SK_MISSING_MEMORY};
		sk_state_resolve_path(view,
				      relative_to < 0 ? -100 : sk_event_signed(event, (unsigned)relative_to, -100),
				      path, length, resolved, &length);
		return sk_value_text(resolved, length);
	}
	return sk_value_text(path, length);
}

struct sk_value extract_FD_NAME(const struct sk_extraction *asked)
{
	const struct sk_event_view *view = asked->view;

	if (!has_fd(view) || !view->thread)
		return sk_value_missing();
	return view->fd ? sk_field_string(view->fd->name) : name_from_params(asked, false);
}

struct sk_value extract_FD_NAMERAW(const struct sk_extraction *asked)
{
	const struct sk_event_view *view = asked->view;

	if (!has_fd(view) || !view->thread)
		return sk_value_missing();
	return view->fd ? sk_field_string(view->fd->name_raw) : name_from_params(asked, true);
}

uint32_t sk_field_basename(const char *path, uint32_t length)
{
	const char *slash = memrchr(path, '/', length);

	return slash ? (uint32_t)(slash - path) + 1 : 0;
}

static struct sk_value directory_of(struct sk_value name)
{
	uint32_t base;

	if (name.presence != SK_PRESENT)
		return name;
	base = sk_field_basename(name.text, name.length);
	return base <= 1 ? sk_field_constant("/") : sk_value_text(name.text, base - 1);
}

struct sk_value extract_FD_DIRECTORY(const struct sk_extraction *asked)
{
	const struct sk_event_view *view = asked->view;

	if (!has_fd(view) || !view->thread)
		return sk_value_missing();
	if (!view->fd)
		return directory_of(name_from_params(asked, false));
	if (view->fd->type == SK_FD_DIRECTORY)
		return sk_field_string(view->fd->name);
	return is_file(view->fd) ? directory_of(sk_field_string(view->fd->name)) : sk_value_missing();
}

struct sk_value extract_FD_FILENAME(const struct sk_extraction *asked)
{
	uint32_t base;

	FD_OR_MISSING(asked)
	if (!is_file(fd))
		return sk_value_missing();
	base = sk_field_basename(fd->name->bytes, fd->name->length);
	return sk_value_text(fd->name->bytes + base, fd->name->length - base);
}

/* --- the ends of a socket ---------------------------------------------- */

/*
 * The stored ends are the client's (source) and the server's (destination); a
 * server socket has only its own, the destination.
 */
enum end { END_NONE, END_SOURCE, END_DESTINATION };

static enum end client_end(const struct sk_event_view *view, const struct sk_fd *fd)
{
	(void)view;
	return is_connection(fd) && is_client_or_server(fd) ? END_SOURCE : END_NONE;
}

static enum end server_end(const struct sk_event_view *view, const struct sk_fd *fd)
{
	(void)view;
	if (is_server_socket(fd))
		return END_DESTINATION;
	return is_connection(fd) && is_client_or_server(fd) ? END_DESTINATION : END_NONE;
}

static enum end local_end(const struct sk_event_view *view, const struct sk_fd *fd)
{
	if (!is_connection(fd) || !is_client_or_server(fd))
		return END_NONE;
	return sk_state_is_local_address(view->state, fd->source, address_length(fd)) ? END_SOURCE
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
	address->length = (uint8_t)address_length(fd);
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
	for (enum end end = is_server_socket(fd) ? END_DESTINATION : END_SOURCE; end <= END_DESTINATION; end++) {
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

struct sk_value extract_FD_NAME_CHANGED(const struct sk_extraction *asked)
{
	FD_OR_MISSING(asked)
	return sk_field_bool(asked->view->fd_name_changed);
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
