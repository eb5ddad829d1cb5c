/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls on sockets, over the loopback interface.
 */
#ifndef SK_TESTS_MATRIX_SOCKETS_H
#define SK_TESTS_MATRIX_SOCKETS_H

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/live/matrix/matrix.h"

static struct value inet_address(uint16_t port)
{
	uint8_t bytes[7] = {AF_INET, 127, 0, 0, 1};

	memcpy(bytes + 5, &port, 2);
	return D(bytes, 7);
}

static struct value inet_tuple(uint16_t source, uint16_t destination)
{
	uint8_t bytes[13] = {AF_INET, 127, 0, 0, 1, 0, 0, 127, 0, 0, 1};

	memcpy(bytes + 5, &source, 2);
	memcpy(bytes + 11, &destination, 2);
	return D(bytes, 13);
}

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
}

static uint16_t port_number(int fd)
{
	struct sockaddr_in address = {0};
	socklen_t size = sizeof(address);

	getsockname(fd, (struct sockaddr *)&address, &size);
	return ntohs(address.sin_port);
}

static void set_options(int fd)
{
	struct timeval time = {.tv_sec = 3, .tv_usec = 7};
	socklen_t size = 4;
	int one = 1, got_type = 0;
	long r;

	r = CALL(setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &one, 4);
	/* a number of 32 bits */
	WANT(SOCKET_SETSOCKOPT_X, N(r), N(fd), N(1), N(2), chosen(2, 1, 4), N(4));
	r = CALL(setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
	/* a time in nanoseconds */
	WANT(SOCKET_SETSOCKOPT_X, N(r), N(fd), N(1), N(20), chosen(4, 3000007000, 8), N(16));
	r = CALL(setsockopt, fd, 6 /* SOL_TCP */, 1 /* TCP_NODELAY */, &one, 4);
	/* bytes as they are */
	WANT(SOCKET_SETSOCKOPT_X, N(r), N(fd), N(2), N(0), chosen(0, 1, 4), N(4));
	r = CALL(getsockopt, fd, SOL_SOCKET, SO_TYPE, &got_type, &size);
	WANT(SOCKET_GETSOCKOPT_X, N(r), N(fd), N(1), N(3), chosen(2, SOCK_STREAM, 4), N(4));
}

static void connect_streams(void)
{
	struct sockaddr_in address = loopback(0);
	int server, client, client2, accepted;
	uint16_t port, client_port, client_port2;
	long r;

	r = CALL(socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 6);
	WANT(SOCKET_SOCKET_X, N(r), N(AF_INET), N(SOCK_STREAM), N(6), N(0x1000));
	server = (int)r;
	set_options(server);
	r = CALL(bind, server, &address, sizeof(address));
	WANT(SOCKET_BIND_X, N(r), inet_address(0), N(server));
	port = port_number(server);
	address = loopback(port);
	r = CALL(listen, server, 9);
	WANT(SOCKET_LISTEN_X, N(r), N(server), N(9));
	client = socket(AF_INET, SOCK_STREAM, 0);
	r = CALL(connect, client, &address, sizeof(address));
	WANT(SOCKET_CONNECT_E, N(client), inet_address(port));
	client_port = port_number(client);
	WANT(SOCKET_CONNECT_X, N(r), inet_tuple(client_port, port), N(client), inet_address(port));
	client2 = socket(AF_INET, SOCK_STREAM, 0);
	connect(client2, (struct sockaddr *)&address, sizeof(address));
	client_port2 = port_number(client2);

	r = CALL(accept4, server, NULL, NULL, SOCK_NONBLOCK);
	/* One other connection waits in the queue of nine. */
	WANT(SOCKET_ACCEPT4_6_X, N(r), inet_tuple(client_port, port), N(11), N(1), N(9), N(0x40));
	accepted = (int)r;
	r = CALL(accept, server, NULL, NULL);
	WANT(SOCKET_ACCEPT_5_X, N(r), inet_tuple(client_port2, port), N(0), N(0), N(9));
	close((int)r);
	CALL(getsockname, client, &address, (socklen_t[1]){sizeof(address)});
	WANT_BARE(SOCKET_GETSOCKNAME_X);
	CALL(getpeername, client, &address, (socklen_t[1]){sizeof(address)});
	WANT_BARE(SOCKET_GETPEERNAME_X);

	r = CALL(sendto, client, "hello", 5, 0, NULL, 0);
	WANT(SOCKET_SENDTO_X, N(5), D("hello", 5), N(client), N(5), inet_tuple(client_port, port));
	r = CALL(recvfrom, accepted, (char[20]){0}, 20, 0, NULL, NULL);
	WANT(SOCKET_RECVFROM_X, N(5), D("hello", 5), inet_tuple(client_port, port), N(accepted), N(20));
	r = CALL(shutdown, client, SHUT_WR);
	WANT(SOCKET_SHUTDOWN_X, N(r), N(client), N(1));
	close(client2);
	close(client);
	close(accepted);
	close(server);
}

static void send_datagrams(void)
{
	char buffer[20] = "", control[CMSG_SPACE(4)] = "";
	struct iovec pieces[2] = {{"one", 3}, {"two", 3}}, room = {buffer, sizeof(buffer)};
	struct sockaddr_in address, nowhere = loopback(9);
	struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 2};
	struct mmsghdr messages[2] = {{.msg_hdr = message}, {.msg_hdr = message}};
	int sender = socket(AF_INET, SOCK_DGRAM, 0), receiver = socket(AF_INET, SOCK_DGRAM, 0);
	uint16_t port, sender_port;
	long r;

	address = loopback(0);
	bind(receiver, (struct sockaddr *)&address, sizeof(address));
	bind(sender, (struct sockaddr *)&address, sizeof(address));
	port = port_number(receiver);
	sender_port = port_number(sender);
	address = loopback(port);
	message.msg_name = messages[0].msg_hdr.msg_name = messages[1].msg_hdr.msg_name = &address;
	message.msg_namelen = messages[0].msg_hdr.msg_namelen = messages[1].msg_hdr.msg_namelen = sizeof(address);
	messages[1].msg_hdr.msg_iovlen = 1;
	(void)nowhere;

	connect(sender, (struct sockaddr *)&address, sizeof(address));
	message.msg_name = messages[0].msg_hdr.msg_name = messages[1].msg_hdr.msg_name = NULL;
	message.msg_namelen = messages[0].msg_hdr.msg_namelen = messages[1].msg_hdr.msg_namelen = 0;
	r = CALL(sendmsg, sender, &message, 0);
	WANT(SOCKET_SENDMSG_X, N(6), D("onetwo", 6), N(sender), N(6), inet_tuple(sender_port, port));
	r = CALL(sendmmsg, sender, messages, 2, 0);
	/* An event for each message. */
	WANT(SOCKET_SENDMMSG_X, N(2), N(sender), N(6), D("onetwo", 6), inet_tuple(sender_port, port));
	WANT(SOCKET_SENDMMSG_X, N(2), N(sender), N(3), D("one", 3), inet_tuple(sender_port, port));

	address = loopback(sender_port);
	connect(receiver, (struct sockaddr *)&address, sizeof(address));
	message = (struct msghdr){
		.msg_iov = &room, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	r = CALL(recvmsg, receiver, &message, 0);
	WANT(SOCKET_RECVMSG_X, N(6), N(6), D("onetwo", 6), inet_tuple(sender_port, port), nothing_there(),
	     N(receiver));
	messages[0].msg_hdr = messages[1].msg_hdr = (struct msghdr){.msg_iov = &room, .msg_iovlen = 1};
	r = CALL(recvmmsg, receiver, messages, 1, 0, NULL);
	WANT(SOCKET_RECVMMSG_X, N(1), N(receiver), N(6), D("onetwo", 6), inet_tuple(sender_port, port),
	     nothing_there());
	(void)r;
	close(sender);
	close(receiver);
}

/* An fd that is passed along shows in the ancillary data. */
static void pass_an_fd(void)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {
		.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
	char byte = 'f';
	struct iovec piece = {&byte, 1};
	struct msghdr message = {
		.msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	int pair[2];
	long r = CALL(socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
	struct value tuple;

	/* The addresses of the sockets in the kernel are known to nobody but must be there. */
	WANT(SOCKET_SOCKETPAIR_X, N(r), N(pair[0]), N(pair[1]), between(INT64_MIN, -1), between(INT64_MIN, -1),
	     N(AF_UNIX), N(SOCK_STREAM), N(0));
	memcpy(CMSG_DATA(&control.header), &(int){0}, sizeof(int));
	r = CALL(sendmsg, pair[0], &message, 0);
	message.msg_controllen = sizeof(control);
	r = CALL(recvmsg, pair[1], &message, 0);
	tuple = D("\x01", 1);
	tuple.kind = BYTES_BEGIN;
	WANT(SOCKET_RECVMSG_X, N(1), N(1), D("f", 1), tuple, D(&control, message.msg_controllen), N(pair[1]));
	close(pair[0]);
	close(pair[1]);
}

static void use_sockets(void)
{
	connect_streams();
	send_datagrams();
	pass_an_fd();
}

#endif
