/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as a client of the language server: a stream of framed messages, or,
 * if they do not begin with a header, one message a line.
 */
#include <stdint.h>
#include <string.h>

#include "cli/lsp/framing.h"
#include "cli/lsp/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t now;

static void handle(struct sk_lsp_server *server, const char *body, size_t length)
{
	sk_lsp_server_receive(server, body, length);
	/* Some messages wait for each other, so that some are cancelled. */
	if (length % 4 == 0)
		return;
	while (sk_lsp_server_step(server, now))
		;
	now += length % 8;
	sk_lsp_server_tick(server, now);
	sk_buffer_clear(&server->out);
}

static void handle_stream(struct sk_lsp_server *server, const char *bytes, size_t size)
{
	struct sk_lsp_framing framing = {0};
	const char *body, *fault;
	size_t length;

	while (size && !server->out.failed) {
		size_t part = size < 100 ? size : 100;

		if (!sk_lsp_framing_add(&framing, bytes, part))
			break;
		bytes += part;
		size -= part;
		while (sk_lsp_framing_next(&framing, &body, &length, &fault) == 1)
			handle(server, body, length);
	}
	sk_lsp_framing_release(&framing);
}

static void handle_lines(struct sk_lsp_server *server, const char *bytes, size_t size)
{
	const char *end = bytes + size;

	while (bytes < end) {
		const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
		const char *next = newline ? newline : end;

		handle(server, bytes, (size_t)(next - bytes));
		bytes = next + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char initialize[] = "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{}}";
	struct sk_lsp_server server;

	if (sk_lsp_server_init(&server, "/nowhere", NULL, 0) < 0)
		return 0;
	if (size > 8 && memcmp(data, "Content-", 8) == 0) {
		handle_stream(&server, (const char *)data, size);
	} else {
		handle(&server, initialize, sizeof(initialize) - 1);
		handle_lines(&server, (const char *)data, size);
	}
	while (sk_lsp_server_step(&server, now))
		;
	sk_lsp_publish(&server);
	sk_lsp_server_release(&server);
	return 0;
}
