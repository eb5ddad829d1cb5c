/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lsp/loop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/lsp/framing.h"
#include "vm/support/clock.h"

enum { PARENT_INTERVAL = 3000 /* ms between looks at whether the client's process is there */ };

static uint64_t now(void)
{
	return sk_clock_now(CLOCK_MONOTONIC) / SK_CLOCK_MS;
}

static int write_out(struct sk_lsp_server *server, int output)
{
	struct sk_buffer *out = &server->out;
	int result = out->failed ? -ENOMEM : sk_write_all(output, out);

	if (result == 0)
		sk_buffer_clear(out);
	return result;
}

/* True if there is something to read within `timeout` ms. */
static bool is_readable(int input, int timeout)
{
	struct pollfd wait = {.fd = input, .events = POLLIN};

	return poll(&wait, 1, timeout) > 0;
}

/* Reads what is there: 1; 0 at the end of the input; a negative errno. */
static int read_in(struct sk_lsp_framing *framing, int input)
{
	char bytes[64 * 1024];
	ssize_t count = read(input, bytes, sizeof(bytes));

	if (count < 0)
		return errno == EINTR || errno == EAGAIN ? 1 : -errno;
	if (count == 0)
		return 0;
	return sk_lsp_framing_add(framing, bytes, (size_t)count) ? 1 : -ENOMEM;
}

/* Hands over all messages that are complete; 0 or -EPROTO. */
static int receive_all(struct sk_lsp_server *server, struct sk_lsp_framing *framing, const char **ret_fault)
{
	const char *body;
	size_t length;
	int result = 0;

	while (sk_lsp_server_has_room(server) &&
	       (result = sk_lsp_framing_next(framing, &body, &length, ret_fault)) == 1)
		sk_lsp_server_receive(server, body, length);
	return result < 0 ? result : 0;
}

static int wait_time(const struct sk_lsp_server *server)
{
	int wait = sk_lsp_server_wait(server, now());

	return wait < 0 && server->parent > 0 ? PARENT_INTERVAL : wait;
}

static bool parent_is_gone(const struct sk_lsp_server *server)
{
	return server->parent > 0 && kill((pid_t)server->parent, 0) < 0 && errno == ESRCH;
}

int sk_lsp_serve(struct sk_lsp_server *server, int input, int output, const char **ret_fault)
{
	struct sk_lsp_framing framing = {0};
	bool open = true;
	int result = 0;

	while (result == 0 && server->state != SK_LSP_EXITED) {
		int wait = server->queue_count ? 0 : wait_time(server);

		/* What is there already is taken first: a cancellation may be among it. */
		if (open && sk_lsp_server_has_room(server) && is_readable(input, wait)) {
			int got = read_in(&framing, input);

			open = got > 0;
			result = got < 0 ? got : 0;
		}
		if (result == 0)
			result = receive_all(server, &framing, ret_fault);
		if (open && result == 0 && sk_lsp_server_has_room(server) && is_readable(input, 0))
			continue;
		if (!sk_lsp_server_step(server, now())) {
			if (!open)
				break;
			sk_lsp_server_tick(server, now());
			if (parent_is_gone(server))
				break;
		}
		if (result == 0 || server->out.length) {
			int written = write_out(server, output);

			result = result ? result : written;
		}
	}
	sk_lsp_framing_release(&framing);
	return result;
}
