/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves the bytes of an exchange over a socket.  Nothing blocks but poll(),
 * which also waits for the event that interrupts it.
 */
#include "runtime/containers/grpc.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/containers/helper_thread.h"
#include "vm/support/alloc.h"

enum { BLOCK = 16 << 10 };

struct sk_grpc {
	struct sockaddr_un address;
	unsigned timeout_ms;
	size_t limit;
	int interrupted; /* an eventfd, never read: once is for ever */
	uint8_t block[BLOCK];
};

/* One call. */
struct connection {
	struct sk_grpc *grpc;
	struct sk_exchange *exchange;
	int fd;
	int64_t end;          /* ms of the monotonic clock */
	const uint8_t *bytes; /* to send */
	size_t left;          /* of them */
};

int sk_grpc_create(const struct sk_grpc_options *options, struct sk_grpc **ret_grpc)
{
	struct sk_grpc *grpc;
	int result;

	if (strlen(options->socket) >= sizeof(grpc->address.sun_path))
		return -ENAMETOOLONG;
	grpc = sk_alloc_zeroed(1, sizeof(*grpc));
	if (!grpc)
		return -ENOMEM;
	grpc->address.sun_family = AF_UNIX;
	memcpy(grpc->address.sun_path, options->socket, strlen(options->socket));
	grpc->timeout_ms = options->timeout_ms;
	grpc->limit = options->limit;
	grpc->interrupted = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (grpc->interrupted < 0) {
		result = -errno;
		sk_free(grpc);
		return result;
	}
	*ret_grpc = grpc;
	return 0;
}

void sk_grpc_destroy(struct sk_grpc *grpc)
{
	if (!grpc)
		return;
	close(grpc->interrupted);
	sk_free(grpc);
}

void sk_grpc_interrupt(struct sk_grpc *grpc)
{
	/* It cannot be full after one. */
	(void)!write(grpc->interrupted, &(uint64_t){1}, sizeof(uint64_t));
}

/* Until something of `events` is possible.  0, -ECANCELED, -ETIMEDOUT. */
static int wait_for(const struct connection *connection, short events)
{
	struct pollfd waiting[] = {
		{.fd = connection->grpc->interrupted, .events = POLLIN},
		{.fd = connection->fd, .events = events},
	};

	for (;;) {
		int64_t left = connection->end - sk_helper_now();
		int ready;

		/* Looked at even without time left: an interruption counts more. */
		ready = poll(waiting, 2, left > 0 ? (int)left : 0);
		if (ready < 0 && errno != EINTR)
			return -EBADMSG;
		if (ready > 0)
			return waiting[0].revents ? -ECANCELED : 0;
		if (left <= 0)
			return -ETIMEDOUT;
	}
}

/* A listener whose queue is full answers EAGAIN and cannot be waited for: that counts as nobody there. */
static int open_connection(struct connection *connection)
{
	const struct sockaddr_un *address = &connection->grpc->address;

	connection->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (connection->fd < 0)
		return -ENOTCONN;
	return connect(connection->fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -ENOTCONN : 0;
}

static bool may_wait(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/* Sends what can be sent now. */
static int give(struct connection *connection)
{
	for (;;) {
		ssize_t sent;
		int size;

		if (connection->left == 0) {
			size = sk_exchange_give(connection->exchange, &connection->bytes);
			if (size <= 0)
				return size;
			connection->left = (size_t)size;
		}
		sent = send(connection->fd, connection->bytes, connection->left, MSG_NOSIGNAL);
		if (sent < 0)
			return may_wait(errno) ? 0 : -EBADMSG;
		connection->bytes += sent;
		connection->left -= (size_t)sent;
	}
}

/* Takes a block of what came; -EBADMSG at the end, too. */
static int take(struct connection *connection)
{
	struct sk_grpc *grpc = connection->grpc;
	ssize_t got = recv(connection->fd, grpc->block, BLOCK, 0);

	if (got < 0)
		return may_wait(errno) ? 0 : -EBADMSG;
	if (got == 0)
		return -EBADMSG;
	return sk_exchange_take(connection->exchange, grpc->block, (size_t)got);
}

static int run(struct connection *connection)
{
	int result = open_connection(connection);

	while (result >= 0 && !sk_exchange_is_over(connection->exchange)) {
		result = give(connection);
		if (result < 0 || sk_exchange_is_over(connection->exchange))
			break;
		/* What the exchange gave holds only until it takes: its rest is sent first. */
		result = wait_for(connection, connection->left ? POLLOUT : POLLIN);
		if (result >= 0 && connection->left == 0)
			result = take(connection);
	}
	return result;
}

int sk_grpc_ask(struct sk_grpc *grpc, const struct sk_grpc_call *call, struct sk_buffer *answer)
{
	struct connection connection = {.grpc = grpc, .fd = -1, .end = sk_helper_now() + grpc->timeout_ms};
	int result = sk_exchange_create(call, grpc->limit, &connection.exchange);

	if (result < 0)
		return result;
	result = run(&connection);
	if (result >= 0)
		result = sk_exchange_finish(connection.exchange, answer);
	if (connection.fd >= 0)
		close(connection.fd);
	sk_exchange_destroy(connection.exchange);
	return result;
}
