/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The language server without its streams: messages go in, framed messages come
 * out of `out`, and time is what the caller says.
 *
 *   bodies ─► sk_lsp_server_receive() ─► queue ─► sk_lsp_server_step() ─► out
 *                  │ $/cancelRequest takes one out       │ didChange: packs are stale
 *                                                        ▼
 *                               sk_lsp_server_tick() ─► compile ─► publishDiagnostics ─► out
 *
 * One thread does it all, one message after another.  Keystrokes that come
 * faster than SK_LSP_QUIET are answered together.
 */
#ifndef SK_LSP_SERVER_H
#define SK_LSP_SERVER_H

#include <jansson.h>

#include "cli/lsp/workspace.h"
#include "vm/support/buffer.h"

enum {
	SK_LSP_QUIET = 5,                                /* ms without a change before packs are compiled */
	SK_LSP_PATIENCE = 200,                           /* ms after which they are, changes or not */
	SK_LSP_QUEUE_LIMIT = 4096,                       /* messages; a client that sends more waits */
	SK_LSP_QUEUE_BYTES_LIMIT = 2 * 64 * 1024 * 1024, /* of messages since it was empty; the same */
};

/* The errors of JSON-RPC and LSP. */
enum sk_lsp_error {
	SK_LSP_PARSE_ERROR = -32700,
	SK_LSP_INVALID_REQUEST = -32600,
	SK_LSP_METHOD_NOT_FOUND = -32601,
	SK_LSP_INVALID_PARAMS = -32602,
	SK_LSP_INTERNAL_ERROR = -32603,
	SK_LSP_NOT_INITIALIZED = -32002,
	SK_LSP_REQUEST_FAILED = -32803,
	SK_LSP_REQUEST_CANCELLED = -32800,
};

enum sk_lsp_state { SK_LSP_STARTING, SK_LSP_RUNNING, SK_LSP_SHUT_DOWN, SK_LSP_EXITED };

struct sk_lsp_server {
	struct sk_lsp_workspace workspace;
	enum sk_lsp_state state;
	int exit_status; /* EXITED: 0 after a shutdown, 1 without */
	struct sk_buffer out;

	json_t **queue;
	size_t queue_first, queue_count; /* of a ring of SK_LSP_QUEUE_LIMIT */
	size_t queue_bytes;              /* received since it was empty */

	/* What the client can do. */
	bool snippets, markdown, related, symbol_tree, watches;
	long parent; /* its process, 0: not told */
	char *root;  /* the folder that it works in */

	/* The packs of the command line, for when the client names none; the caller's. */
	const char *start;
	const char *const *packs;
	size_t pack_count;

	/* Diagnostics: see diagnostics.c. */
	bool stale;
	uint64_t first_change, last_change; /* ms, while stale */
	struct sk_lsp_verdict *verdicts;
	json_t *published;     /* by URI: the params that were sent last */
	struct sk_arena arena; /* of the compile at work */
	uint64_t compiles;
};

/*
 * `packs`, relative to the working directory `root`, are the project unless
 * the client names others.  They must outlive the server.  0 or -ENOMEM.
 */
int sk_lsp_server_init(struct sk_lsp_server *server, const char *root, const char *const *packs, size_t count);
void sk_lsp_server_release(struct sk_lsp_server *server);

/* Takes a message; what is no message is answered at once. */
void sk_lsp_server_receive(struct sk_lsp_server *server, const char *body, size_t length);

/* True if there is room for another message. */
bool sk_lsp_server_has_room(const struct sk_lsp_server *server);

/* Handles the message that waited longest; false if there is none.  `now` is in ms. */
bool sk_lsp_server_step(struct sk_lsp_server *server, uint64_t now);

/* Milliseconds until sk_lsp_server_tick() has something to do; -1: nothing. */
int sk_lsp_server_wait(const struct sk_lsp_server *server, uint64_t now);
void sk_lsp_server_tick(struct sk_lsp_server *server, uint64_t now);

/* --- for the capabilities ---------------------------------------------- */

/* A request while it is handled. */
struct sk_lsp_request {
	struct sk_lsp_server *server;
	const json_t *params;
	struct sk_arena *arena; /* of this request */

	/* If the method is about a document. */
	struct sk_lsp_file *file;
	struct sk_lsp_project project;

	size_t offset; /* if it is about a position in it */

	/* A handler that returns NULL says why here; nothing: no memory. */
	int error;
	const char *message;
};

/* Says why a request fails; returns NULL. */
json_t *sk_lsp_refuse(struct sk_lsp_request *request, int error, const char *message);

/* Queues a message to the client; takes it. */
void sk_lsp_send(struct sk_lsp_server *server, json_t *message);

/* Queues a notification to the client; takes `params`. */
void sk_lsp_notify(struct sk_lsp_server *server, const char *method, json_t *params);

/* Compiles what changed and tells the client, now. */
void sk_lsp_publish(struct sk_lsp_server *server);

/* A JSON string of any bytes: what is not UTF-8 is replaced. */
json_t *sk_lsp_string(const char *bytes, size_t length);

/* {"kind", "value"} if the client renders Markdown, and plain text otherwise. */
json_t *sk_lsp_markup(const struct sk_lsp_server *server, const struct sk_buffer *text);

json_t *sk_lsp_range(const struct sk_lsp_request *request, const struct sk_lsp_file *file, size_t begin,
		     size_t end);

/* {"uri", "range"} */
json_t *sk_lsp_location(const struct sk_lsp_request *request, const struct sk_lsp_file *file, size_t begin,
			size_t end);

#endif
