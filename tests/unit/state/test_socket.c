/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets, roles and tuples: spec/state.md sections 4.3, 4.6 and 4.7. */
#include <arpa/inet.h>

#include "runtime/state/socket_address.h"
#include "tests/unit/state/event_builder.h"

enum { INET = 2, INET6 = 10, UNIX = 1, NETLINK = 16, STREAM = 1, DGRAM = 2, RAW = 3 };

static struct world world;

static void start(void)
{
	world_open(&world, NULL);
	populate(&world);
}

static void opens_socket(int64_t number_of_fd, int family, int type, int protocol)
{
	event(&world, SK_EVENT_SOCKET_SOCKET_X, 100);
	number(&world, 0, number_of_fd);
	number(&world, 1, family);
	number(&world, 2, type);
	number(&world, 3, protocol);
	number(&world, 4, 0);
	feed(&world);
}

/* The tuple 10.0.0.<from>:<from port> -> 10.0.0.<to>:<to port>. */
static void tuple4(unsigned index, uint8_t from, uint16_t from_port, uint8_t to, uint16_t to_port)
{
	uint8_t wire[13] = {INET, 10, 0, 0, from, 0, 0, 10, 0, 0, to};

	memcpy(wire + 5, &from_port, 2);
	memcpy(wire + 11, &to_port, 2);
	bytes(&world, index, wire, sizeof(wire));
}

static void tuple6(unsigned index, const uint8_t from[16], uint16_t from_port, const uint8_t to[16],
		   uint16_t to_port)
{
	uint8_t wire[37] = {INET6};

	memcpy(wire + 1, from, 16);
	memcpy(wire + 17, &from_port, 2);
	memcpy(wire + 19, to, 16);
	memcpy(wire + 35, &to_port, 2);
	bytes(&world, index, wire, sizeof(wire));
}

static void address4(unsigned index, uint8_t last, uint16_t port)
{
	uint8_t wire[7] = {INET, 10, 0, 0, last};

	memcpy(wire + 5, &port, 2);
	bytes(&world, index, wire, sizeof(wire));
}

static void tuple_unix(unsigned index, uint64_t from, uint64_t to, const char *path)
{
	uint8_t wire[200] = {UNIX};

	memcpy(wire + 1, &from, 8);
	memcpy(wire + 9, &to, 8);
	memcpy(wire + 17, path, strlen(path) + 1);
	bytes(&world, index, wire, 17 + strlen(path) + 1);
}

static void binds(int64_t number_of_fd, uint8_t last, uint16_t port)
{
	event(&world, SK_EVENT_SOCKET_BIND_X, 100);
	number(&world, 0, 0);
	address4(1, last, port);
	number(&world, 2, number_of_fd);
	feed(&world);
}

/* Begins a connect event. */
static void connects(int64_t number_of_fd, int64_t result)
{
	event(&world, SK_EVENT_SOCKET_CONNECT_X, 100);
	number(&world, 0, result);
	number(&world, 2, number_of_fd);
}

static const uint8_t mapped_a[16] = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 1};
static const uint8_t mapped_b[16] = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 2};
static const uint8_t global_a[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
static const uint8_t global_b[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 2};

struct protocol_case {
	int family, type, protocol, kind, l4;
};

TEST(sockets_have_kind_and_protocol)
{
	static const struct protocol_case cases[] = {
		{INET, STREAM, 6, SK_FD_IPV4_SOCK, SK_L4_TCP},
		{INET, DGRAM, 17, SK_FD_IPV4_SOCK, SK_L4_UDP},
		{INET, STREAM | 0x800, 0, SK_FD_IPV4_SOCK, SK_L4_TCP},
		{INET6, DGRAM, 0, SK_FD_IPV6_SOCK, SK_L4_UDP},
		{INET, RAW, 6, SK_FD_IPV4_SOCK, SK_L4_RAW},
		{INET, RAW, 17, SK_FD_IPV4_SOCK, SK_L4_RAW},
		{INET, DGRAM, 1, SK_FD_IPV4_SOCK, SK_L4_ICMP},
		{INET, RAW, 1, SK_FD_IPV4_SOCK, SK_L4_RAW},
		{INET, RAW, 255, SK_FD_IPV4_SOCK, SK_L4_RAW},
		{INET, DGRAM, 132, SK_FD_IPV4_SOCK, SK_L4_UNKNOWN},
		{INET, RAW, 0, SK_FD_IPV4_SOCK, SK_L4_UNKNOWN},
		{UNIX, STREAM, 0, SK_FD_UNIX_SOCK, SK_L4_UNKNOWN},
		{NETLINK, RAW, 0, SK_FD_NETLINK, SK_L4_UNKNOWN},
		{17, RAW, 0, SK_FD_UNKNOWN, SK_L4_UNKNOWN},
	};

	start();
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		opens_socket(3, cases[i].family, cases[i].type, cases[i].protocol);
		CHECK_EQUAL(fd(&world, 100, 3)->type, cases[i].kind);
		CHECK_EQUAL(fd(&world, 100, 3)->l4, cases[i].l4);
		CHECK_EQUAL(fd(&world, 100, 3)->name->length, 0);
	}
	world_close(&world);
}

TEST(a_connect_makes_the_client)
{
	const struct sk_fd *socket;

	start();
	opens_socket(3, INET, STREAM, 6);
	connects(3, 0);
	tuple4(1, 1, 40000, 2, 443);
	feed(&world);
	socket = fd(&world, 100, 3);
	CHECK(world.view.fd == socket);
	CHECK_TEXT(socket->name->bytes, "10.0.0.1:40000->10.0.0.2:443");
	CHECK_EQUAL(socket->flags, SK_FD_FLAG_ROLE_CLIENT | SK_FD_FLAG_CONNECTED);
	CHECK_EQUAL(socket->source_port, 40000);
	CHECK_EQUAL(socket->destination[3], 2);
	CHECK(world.view.fd_name_changed);
	world_close(&world);
}

TEST(a_connect_in_progress_counts_and_a_refused_one_does_not)
{
	start();
	opens_socket(3, INET, STREAM, 6);
	connects(3, -111);
	tuple4(1, 1, 40000, 2, 443);
	feed(&world);
	CHECK_EQUAL(fd(&world, 100, 3)->name->length, 0);
	connects(3, -115);
	tuple4(1, 1, 40000, 2, 443);
	feed(&world);
	CHECK_TEXT(fd(&world, 100, 3)->name->bytes, "10.0.0.1:40000->10.0.0.2:443");
	CHECK(fd(&world, 100, 3)->flags & SK_FD_FLAG_CONNECTED);
	world_close(&world);
}

TEST(mapped_addresses_on_both_ends_are_ipv4)
{
	start();
	opens_socket(3, INET6, STREAM, 6);
	connects(3, 0);
	tuple6(1, mapped_a, 1000, mapped_b, 80);
	feed(&world);
	CHECK_EQUAL(fd(&world, 100, 3)->type, SK_FD_IPV4_SOCK);
	CHECK_TEXT(fd(&world, 100, 3)->name->bytes, "10.0.0.1:1000->10.0.0.2:80");
	opens_socket(4, INET6, STREAM, 6);
	connects(4, 0);
	tuple6(1, global_a, 1000, global_b, 80);
	feed(&world);
	CHECK_EQUAL(fd(&world, 100, 4)->type, SK_FD_IPV6_SOCK);
	CHECK_TEXT(fd(&world, 100, 4)->name->bytes, "2001:db8::1:1000->2001:db8::2:80");
	world_close(&world);
}

static void enters_connect(uint8_t last, uint16_t port)
{
	event(&world, SK_EVENT_SOCKET_CONNECT_E, 100);
	number(&world, 0, 3);
	address4(1, last, port);
	feed(&world);
}

TEST(the_enter_events_address_counts_if_the_exits_is_the_one_in_the_tuple)
{
	start();
	opens_socket(3, INET, STREAM, 6);
	enters_connect(66, 4444);
	connects(3, 0);
	tuple4(1, 1, 40000, 2, 443);
	address4(3, 2, 443);
	feed(&world);
	CHECK_TEXT(fd(&world, 100, 3)->name->bytes, "10.0.0.1:40000->10.0.0.66:4444");
	enters_connect(67, 4444);
	connects(3, 0);
	tuple4(1, 1, 40000, 2, 443); /* redirected by the kernel: the socket knows best */
	address4(3, 9, 443);
	feed(&world);
	CHECK_TEXT(fd(&world, 100, 3)->name->bytes, "10.0.0.1:40000->10.0.0.2:443");
	world_close(&world);
}

TEST(without_a_tuple_the_enter_event_tells_where_it_went)
{
	start();
	opens_socket(3, INET, STREAM, 6);
	enters_connect(66, 4444);
	connects(3, -115);
	feed(&world);
	CHECK_EQUAL(fd(&world, 100, 3)->destination_port, 4444);
	CHECK_EQUAL(fd(&world, 100, 3)->destination[3], 66);
	opens_socket(3, INET, STREAM, 6);
	connects(3, 0);
	feed(&world);
	CHECK_EQUAL(fd(&world, 100, 3)->name->length, 0);
	world_close(&world);
}

TEST(unix_sockets_are_named_by_kernel_address_and_path)
{
	start();
	opens_socket(3, UNIX, STREAM, 0);
	connects(3, 0);
	tuple_unix(1, 0xabc, 0xdef, "/run/x.sock");
	feed(&world);
	CHECK_TEXT(fd(&world, 100, 3)->name->bytes, "abc->def /run/x.sock");
	CHECK_EQUAL(fd(&world, 100, 3)->unix_source, 0xabc);
	CHECK(fd(&world, 100, 3)->flags & SK_FD_FLAG_ROLE_CLIENT);
	world_close(&world);
}

TEST(a_bound_socket_is_a_server)
{
	const struct sk_fd *socket;

	start();
	opens_socket(3, INET, STREAM, 6);
	binds(3, 1, 8080);
	socket = fd(&world, 100, 3);
	CHECK_EQUAL(socket->type, SK_FD_IPV4_SERVSOCK);
	CHECK_EQUAL(socket->l4, SK_L4_TCP);
	CHECK(socket->flags & SK_FD_FLAG_ROLE_SERVER);
	CHECK_TEXT(socket->name->bytes, "10.0.0.1:8080");
	CHECK_EQUAL(socket->destination_port, 8080);
	opens_socket(4, INET, DGRAM, 17);
	binds(4, 1, 0); /* any port */
	CHECK_EQUAL(fd(&world, 100, 4)->type, SK_FD_IPV4_SOCK);
	CHECK(!(fd(&world, 100, 4)->flags & SK_FD_FLAG_ROLE_SERVER));
	CHECK_TEXT(fd(&world, 100, 4)->name->bytes, "10.0.0.1:0");
	world_close(&world);
}

TEST(a_bind_to_all_ipv6_addresses_is_an_ipv4_server_with_its_own_name)
{
	uint8_t wire[19] = {INET6};
	uint16_t port = 80;

	start();
	memcpy(wire + 17, &port, 2);
	opens_socket(3, INET6, STREAM, 6);
	event(&world, SK_EVENT_SOCKET_BIND_X, 100);
	number(&world, 0, 0);
	bytes(&world, 1, wire, sizeof(wire));
	number(&world, 2, 3);
	feed(&world);
	CHECK_EQUAL(fd(&world, 100, 3)->type, SK_FD_IPV4_SERVSOCK);
	CHECK_TEXT(fd(&world, 100, 3)->name->bytes, ":::80");
	world_close(&world);
}

TEST(a_unix_bind_is_named_by_its_path)
{
	start();
	opens_socket(3, UNIX, STREAM, 0);
	event(&world, SK_EVENT_SOCKET_BIND_X, 100);
	number(&world, 0, 0);
	bytes(&world, 1, "\x01/run/mine", 11);
	number(&world, 2, 3);
	feed(&world);
	CHECK_TEXT(fd(&world, 100, 3)->name->bytes, "/run/mine");
	CHECK_EQUAL(fd(&world, 100, 3)->flags, 0);
	world_close(&world);
}

static void accepts(uint16_t type, int64_t number_of_fd)
{
	event(&world, type, 100);
	number(&world, 0, number_of_fd);
	tuple4(1, 7, 50000, 1, 8080);
}

TEST(an_accepted_connection_is_the_servers)
{
	const struct sk_fd *socket;

	start();
	accepts(SK_EVENT_SOCKET_ACCEPT4_6_X, 5);
	number(&world, 5, 0x1000);
	feed(&world);
	socket = fd(&world, 100, 5);
	CHECK_EQUAL(world.view.fd_number, 5);
	CHECK_EQUAL(socket->type, SK_FD_IPV4_SOCK);
	CHECK_EQUAL(socket->l4, SK_L4_TCP);
	CHECK_EQUAL(socket->flags, SK_FD_FLAG_ROLE_SERVER | SK_FD_FLAG_CONNECTED);
	CHECK_EQUAL(socket->open_flags, 0x1000);
	CHECK_TEXT(socket->name->bytes, "10.0.0.7:50000->10.0.0.1:8080");
	accepts(SK_EVENT_SOCKET_ACCEPT_5_X, 6);
	feed(&world);
	CHECK_EQUAL(fd(&world, 100, 6)->open_flags, 0);
	accepts(SK_EVENT_SOCKET_ACCEPT_5_X, -11);
	feed(&world);
	CHECK_EQUAL(world.view.fd_number, -1);
	event(&world, SK_EVENT_SOCKET_ACCEPT_5_X, 100); /* a family that nobody knows */
	number(&world, 0, 7);
	bytes(&world, 1, "\x63", 1);
	feed(&world);
	CHECK(fd(&world, 100, 7) == NULL);
	CHECK_EQUAL(world.view.fd_number, 7);
	world_close(&world);
}

TEST(a_socketpair_is_two_unix_sockets)
{
	start();
	event(&world, SK_EVENT_SOCKET_SOCKETPAIR_X, 100);
	number(&world, 0, 0);
	number(&world, 1, 3);
	number(&world, 2, 4);
	number(&world, 3, 0x11);
	number(&world, 4, 0x22);
	feed(&world);
	CHECK_EQUAL(fd(&world, 100, 3)->unix_source, 0x11);
	CHECK_EQUAL(fd(&world, 100, 4)->unix_source, 0x11);
	CHECK_EQUAL(fd(&world, 100, 4)->unix_destination, 0x22);
	world_close(&world);
}

/* Begins a sendto of 5 bytes. */
static void sends(int64_t number_of_fd)
{
	event(&world, SK_EVENT_SOCKET_SENDTO_X, 100);
	number(&world, 0, 5);
	bytes(&world, 1, "hello", 5);
	number(&world, 2, number_of_fd);
}

/* Begins a recvfrom of 5 bytes. */
static void receives(int64_t number_of_fd)
{
	event(&world, SK_EVENT_SOCKET_RECVFROM_X, 100);
	number(&world, 0, 5);
	bytes(&world, 1, "hello", 5);
	number(&world, 3, number_of_fd);
}

TEST(whoever_sends_a_datagram_first_is_the_client)
{
	const struct sk_fd *socket;

	start();
	opens_socket(3, INET, DGRAM, 17);
	sends(3);
	tuple4(4, 1, 5000, 2, 53);
	feed(&world);
	socket = fd(&world, 100, 3);
	CHECK_TEXT(socket->name->bytes, "10.0.0.1:5000->10.0.0.2:53");
	CHECK(socket->flags & SK_FD_FLAG_ROLE_CLIENT);
	CHECK(world.view.fd_name_changed);
	/* The answer is the same conversation. */
	receives(3);
	tuple4(2, 2, 53, 1, 5000);
	feed(&world);
	CHECK_TEXT(fd(&world, 100, 3)->name->bytes, "10.0.0.1:5000->10.0.0.2:53");
	CHECK(!world.view.fd_name_changed);
	world_close(&world);
}

TEST(whoever_receives_first_is_the_server)
{
	start();
	opens_socket(3, INET, DGRAM, 17);
	receives(3);
	tuple4(2, 9, 6000, 1, 53);
	feed(&world);
	CHECK_TEXT(fd(&world, 100, 3)->name->bytes, "10.0.0.9:6000->10.0.0.1:53");
	CHECK(fd(&world, 100, 3)->flags & SK_FD_FLAG_ROLE_SERVER);
	world_close(&world);
}

TEST(a_bound_datagram_socket_stays_the_server)
{
	start();
	opens_socket(3, INET, DGRAM, 17);
	binds(3, 1, 53);
	receives(3);
	tuple4(2, 9, 6000, 1, 53);
	feed(&world);
	CHECK_EQUAL(fd(&world, 100, 3)->type, SK_FD_IPV4_SOCK);
	CHECK_TEXT(fd(&world, 100, 3)->name->bytes, "10.0.0.9:6000->10.0.0.1:53");
	CHECK(fd(&world, 100, 3)->flags & SK_FD_FLAG_ROLE_SERVER);
	world_close(&world);
}

TEST(a_connected_stream_keeps_its_name)
{
	start();
	opens_socket(3, INET, STREAM, 6);
	connects(3, 0);
	tuple4(1, 1, 40000, 2, 443);
	feed(&world);
	sends(3);
	tuple4(4, 8, 1, 8, 1);
	feed(&world);
	CHECK_TEXT(fd(&world, 100, 3)->name->bytes, "10.0.0.1:40000->10.0.0.2:443");
	CHECK(!world.view.fd_name_changed);
	world_close(&world);
}

TEST(a_send_on_an_unknown_fd_reveals_a_datagram_socket)
{
	start();
	sends(9);
	tuple4(4, 1, 5000, 2, 53);
	feed(&world);
	CHECK(fd(&world, 100, 9) != NULL);
	CHECK_EQUAL(fd(&world, 100, 9)->l4, SK_L4_UDP);
	CHECK_TEXT(fd(&world, 100, 9)->name->bytes, "10.0.0.1:5000->10.0.0.2:53");
	CHECK_EQUAL(world.view.fd_number, 9);
	sends(10);
	tuple_unix(4, 1, 2, "/x");
	feed(&world);
	CHECK(fd(&world, 100, 10) == NULL);
	world_close(&world);
}

TEST(data_means_that_it_is_connected)
{
	start();
	opens_socket(3, INET, STREAM, 6);
	event(&world, SK_EVENT_SYSCALL_WRITE_X, 100);
	number(&world, 0, -32);
	number(&world, 2, 3);
	feed(&world);
	CHECK(!(fd(&world, 100, 3)->flags & SK_FD_FLAG_CONNECTED));
	event(&world, SK_EVENT_SYSCALL_WRITE_X, 100);
	number(&world, 0, 5);
	number(&world, 2, 3);
	feed(&world);
	CHECK(fd(&world, 100, 3)->flags & SK_FD_FLAG_CONNECTED);
	event(&world, SK_EVENT_SYSCALL_READ_X, 100);
	number(&world, 0, 5);
	number(&world, 2, 0);
	feed(&world);
	CHECK(!(fd(&world, 100, 0)->flags & SK_FD_FLAG_CONNECTED)); /* a terminal */
	world_close(&world);
}

static const struct sk_interface_entry interfaces[] = {
	{.family_length = 4, .address = {127, 0, 0, 1}, .netmask = {255, 0, 0, 0}},
	{.family_length = 4, .address = {192, 168, 1, 5}, .netmask = {255, 255, 255, 0}},
	{.family_length = 4, .address = {10, 0, 0, 5}, .netmask = {255, 255, 255, 0}},
	{.family_length = 16, .address = {0x20, 0x01, 0x0d, 0xb8, [15] = 5}},
};

TEST(an_end_that_nobody_named_is_the_interfaces)
{
	uint8_t wire[13] = {INET, 0, 0, 0, 0, 1, 0, 10, 0, 0, 2, 53, 0};

	start();
	for (unsigned i = 0; i < 4; i++)
		world.sink.interface(world.sink.context, &interfaces[i]);
	opens_socket(3, INET, DGRAM, 17);
	sends(3);
	bytes(&world, 4, wire, sizeof(wire));
	feed(&world);
	CHECK_TEXT(fd(&world, 100, 3)->name->bytes, "10.0.0.5:1->10.0.0.2:53");
	opens_socket(4, INET, DGRAM, 17);
	wire[7] = 99; /* in no network: the first that is no loopback */
	sends(4);
	bytes(&world, 4, wire, sizeof(wire));
	feed(&world);
	CHECK_TEXT(fd(&world, 100, 4)->name->bytes, "192.168.1.5:1->99.0.0.2:53");
	CHECK(sk_state_is_local_address(world.state, interfaces[2].address, 4));
	CHECK(!sk_state_is_local_address(world.state, wire + 7, 4));
	CHECK(sk_state_is_local_address(world.state, interfaces[3].address, 16));
	world_close(&world);
}

TEST(connections_that_were_there_get_their_direction)
{
	const struct sk_fd_entry listening = {
		.fd = 3, .type = SK_FD_IPV4_SERVSOCK, .l4 = SK_L4_TCP, .destination_port = 80};
	const struct sk_fd_entry served = {.fd = 4,
					   .type = SK_FD_IPV4_SOCK,
					   .l4 = SK_L4_TCP,
					   .source = {10, 0, 0, 1},
					   .destination = {10, 0, 0, 9},
					   .source_port = 80,
					   .destination_port = 5555};
	const struct sk_fd_entry outgoing = {.fd = 5,
					     .type = SK_FD_IPV6_SOCK,
					     .l4 = SK_L4_TCP,
					     .source = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 1},
					     .destination = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 2},
					     .source_port = 7000,
					     .destination_port = 443};
	const struct sk_fd_entry named = {.fd = 6, .type = SK_FD_UNIX_SOCK, .name = BYTES("/run/x")};
	const struct sk_fd_entry unnamed = {.fd = 7, .type = SK_FD_UNIX_SOCK};

	world_open(&world, NULL);
	existing(&world, 100, 100, 1, "server");
	world.sink.fd(world.sink.context, 100, &served);
	world.sink.fd(world.sink.context, 100, &listening);
	world.sink.fd(world.sink.context, 100, &outgoing);
	world.sink.fd(world.sink.context, 100, &named);
	world.sink.fd(world.sink.context, 100, &unnamed);
	world.sink.fd(world.sink.context, 555, &unnamed); /* of nobody */
	world.sink.complete(world.sink.context);
	CHECK_TEXT(fd(&world, 100, 3)->name->bytes, "0.0.0.0:80");
	CHECK_TEXT(fd(&world, 100, 4)->name->bytes, "10.0.0.9:5555->10.0.0.1:80");
	CHECK(fd(&world, 100, 4)->flags & SK_FD_FLAG_ROLE_SERVER);
	CHECK(fd(&world, 100, 4)->flags & SK_FD_FLAG_CONNECTED);
	CHECK_EQUAL(fd(&world, 100, 5)->type, SK_FD_IPV4_SOCK);
	CHECK_TEXT(fd(&world, 100, 5)->name->bytes, "10.0.0.1:7000->10.0.0.2:443");
	CHECK(fd(&world, 100, 5)->flags & SK_FD_FLAG_ROLE_CLIENT);
	CHECK(fd(&world, 100, 6)->flags & SK_FD_FLAG_ROLE_SERVER);
	CHECK(fd(&world, 100, 7)->flags & SK_FD_FLAG_ROLE_CLIENT);
	world_close(&world);
}

TEST(ping_has_no_ports)
{
	start();
	opens_socket(3, INET, DGRAM, 1);
	sends(3);
	tuple4(4, 1, 0, 2, 0);
	feed(&world);
	CHECK_TEXT(fd(&world, 100, 3)->name->bytes, "10.0.0.1->10.0.0.2");
	world_close(&world);
}

static int64_t asked_fd;

static int give_fd(void *context, int64_t tid, int64_t number_of_fd, const struct sk_entry_sink *sink)
{
	const struct sk_fd_entry entry = {.fd = number_of_fd, .type = SK_FD_FILE_V2, .name = BYTES("/passed")};

	(void)context;
	asked_fd = number_of_fd;
	return sink->fd(sink->context, tid, &entry);
}

TEST(fds_that_come_through_a_socket_are_asked_for)
{
	const struct sk_state_source source = {.lookup_fd = give_fd};
	const struct sk_state_options options = {.own_pid = -1, .source = &source};
	/* One control message with two fds; and a damaged one behind it. */
	struct {
		uint64_t length;
		uint32_t level, type;
		int32_t fds[2];
		uint64_t damaged;
	} control = {24, 1, 1, {11, 12}, 3};

	world_open(&world, &options);
	populate(&world);
	opens_socket(3, UNIX, STREAM, 0);
	event(&world, SK_EVENT_SOCKET_RECVMSG_X, 100);
	number(&world, 0, 1);
	bytes(&world, 4, &control, sizeof(control));
	number(&world, 5, 3);
	feed(&world);
	CHECK_TEXT(fd(&world, 100, 11)->name->bytes, "/passed");
	CHECK_TEXT(fd(&world, 100, 12)->name->bytes, "/passed");
	CHECK(world.view.fd == fd(&world, 100, 3));
	CHECK_EQUAL(asked_fd, 12);
	world_close(&world);
}

/* 400 messages of two fds each, within a second. */
TEST(fds_that_come_without_end_are_asked_for_so_many_times_a_second)
{
	const struct sk_state_source source = {.lookup_fd = give_fd};
	const struct sk_state_options options = {.own_pid = -1, .source = &source};
	const struct {
		uint64_t length;
		uint32_t level, type;
		int32_t fds[2];
	} control = {24, 1, 1, {11, 12}};

	world_open(&world, &options);
	populate(&world);
	opens_socket(3, UNIX, STREAM, 0);
	world.now -= world.now % SECOND;
	for (int i = 0; i < 400; i++) {
		event(&world, SK_EVENT_SOCKET_RECVMSG_X, 100);
		number(&world, 0, 1);
		bytes(&world, 4, &control, sizeof(control));
		number(&world, 5, 3);
		feed(&world);
	}
	CHECK_EQUAL(sk_state_stats(world.state).lookups, 512);
	CHECK_EQUAL(sk_state_stats(world.state).fd_lookups_skipped, 800 - 512);
	world.now += SECOND;
	asked_fd = 0;
	event(&world, SK_EVENT_SOCKET_RECVMSG_X, 100);
	number(&world, 0, 1);
	bytes(&world, 4, &control, sizeof(control));
	number(&world, 5, 3);
	feed(&world);
	CHECK_EQUAL(asked_fd, 12);
	world_close(&world);
}

TEST(tuples_of_any_length_are_harmless)
{
	uint8_t wire[64];

	start();
	for (unsigned family = 0; family < 12; family++)
		for (unsigned length = 0; length < sizeof(wire); length++) {
			memset(wire, 0xee, sizeof(wire));
			wire[0] = (uint8_t)family;
			opens_socket(3, INET, DGRAM, 17);
			sends(3);
			bytes(&world, 4, wire, length);
			feed(&world);
			connects(3, 0);
			bytes(&world, 1, wire, length);
			feed(&world);
			event(&world, SK_EVENT_SOCKET_BIND_X, 100);
			number(&world, 0, 0);
			bytes(&world, 1, wire, length);
			number(&world, 2, 3);
			feed(&world);
		}
	CHECK(fd(&world, 100, 3) != NULL);
	world_close(&world);
}

TEST(addresses_are_printed_as_inet_ntop_does)
{
	static const uint8_t bytes[] = {0, 1, 9, 10, 99, 100, 101, 199, 255};
	const unsigned count = sizeof(bytes);
	char text[SK_ADDRESS_TEXT], expected[INET6_ADDRSTRLEN];

	for (unsigned code = 0; code < count * count * count * count; code++) {
		uint8_t address[16] = {bytes[code % count], bytes[code / count % count],
				       bytes[code / count / count % count], bytes[code / count / count / count]};

		CHECK_EQUAL(sk_address_print(address, 4, text), strlen(text));
		CHECK_TEXT(text, inet_ntop(AF_INET, address, expected, sizeof(expected)));
		address[15] = address[2];
		CHECK_EQUAL(sk_address_print(address, 16, text), strlen(text));
		CHECK_TEXT(text, inet_ntop(AF_INET6, address, expected, sizeof(expected)));
	}
}

/* clang-format off */
TEST_MAIN(
	RUN(sockets_have_kind_and_protocol)
	RUN(a_connect_makes_the_client)
	RUN(a_connect_in_progress_counts_and_a_refused_one_does_not)
	RUN(mapped_addresses_on_both_ends_are_ipv4)
	RUN(the_enter_events_address_counts_if_the_exits_is_the_one_in_the_tuple)
	RUN(without_a_tuple_the_enter_event_tells_where_it_went)
	RUN(unix_sockets_are_named_by_kernel_address_and_path)
	RUN(a_bound_socket_is_a_server)
	RUN(a_bind_to_all_ipv6_addresses_is_an_ipv4_server_with_its_own_name)
	RUN(a_unix_bind_is_named_by_its_path)
	RUN(an_accepted_connection_is_the_servers)
	RUN(a_socketpair_is_two_unix_sockets)
	RUN(whoever_sends_a_datagram_first_is_the_client)
	RUN(whoever_receives_first_is_the_server)
	RUN(a_bound_datagram_socket_stays_the_server)
	RUN(a_connected_stream_keeps_its_name)
	RUN(a_send_on_an_unknown_fd_reveals_a_datagram_socket)
	RUN(data_means_that_it_is_connected)
	RUN(an_end_that_nobody_named_is_the_interfaces)
	RUN(connections_that_were_there_get_their_direction)
	RUN(ping_has_no_ports)
	RUN(fds_that_come_through_a_socket_are_asked_for)
	RUN(fds_that_come_without_end_are_asked_for_so_many_times_a_second)
	RUN(tuples_of_any_length_are_harmless)
	RUN(addresses_are_printed_as_inet_ntop_does)
)
