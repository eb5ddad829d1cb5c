/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lsp/server.h"

#include <errno.h>
#include <string.h>

#include "cli/lsp/capabilities.h"
#include "cli/lsp/framing.h"
#include "cli/lsp/lifecycle.h"
#include "cli/lsp/verdict.h"
#include "vm/support/alloc.h"

int sk_lsp_server_init(struct sk_lsp_server *server, const char *root, const char *const *packs, size_t count)
{
	*server = (struct sk_lsp_server){.exit_status = 1, .start = root, .packs = packs, .pack_count = count};
	server->queue = sk_alloc_zeroed(SK_LSP_QUEUE_LIMIT, sizeof(*server->queue));
	server->published = json_object();
	if (!server->queue || !server->published ||
	    (count && !sk_lsp_workspace_set_packs(&server->workspace, root, packs, count))) {
		sk_lsp_server_release(server);
		return -ENOMEM;
	}
	return 0;
}

static json_t *take_first(struct sk_lsp_server *server)
{
	json_t *message = server->queue[server->queue_first];

	server->queue_first = (server->queue_first + 1) % SK_LSP_QUEUE_LIMIT;
	server->queue_count--;
	return message;
}

void sk_lsp_server_release(struct sk_lsp_server *server)
{
	while (server->queue_count)
		json_decref(take_first(server));
	sk_free(server->queue);
	sk_free(server->root);
	sk_lsp_verdicts_release(server);
	json_decref(server->published);
	sk_arena_release(&server->arena);
	sk_buffer_release(&server->out);
	sk_lsp_workspace_release(&server->workspace);
}

/* --- out --------------------------------------------------------------- */

static int append_json(const char *bytes, size_t length, void *context)
{
	sk_buffer_append(context, bytes, length);
	return 0;
}

void sk_lsp_send(struct sk_lsp_server *server, json_t *message)
{
	struct sk_buffer body = {0};

	if (message && json_dump_callback(message, append_json, &body, JSON_COMPACT) == 0 && !body.failed)
		sk_lsp_frame(&server->out, body.bytes, body.length);
	sk_buffer_release(&body);
	json_decref(message);
}

static void send_result(struct sk_lsp_server *server, const json_t *id, json_t *result)
{
	sk_lsp_send(server, json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", id, "result", result));
}

/* `id` may be NULL: the message had none that can be read. */
static void send_error(struct sk_lsp_server *server, json_t *id, int code, const char *text)
{
	json_t *message = sk_lsp_string(text, strlen(text));

	sk_lsp_send(server,
		    json_pack("{s:s, s:o, s:{s:i, s:o}}", "jsonrpc", "2.0", "id",
			      id ? json_incref(id) : json_null(), "error", "code", code, "message", message));
}

void sk_lsp_notify(struct sk_lsp_server *server, const char *method, json_t *params)
{
	sk_lsp_send(server, json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method", method, "params", params));
}

json_t *sk_lsp_refuse(struct sk_lsp_request *request, int error, const char *message)
{
	request->error = error;
	request->message = message;
	return NULL;
}

json_t *sk_lsp_string(const char *bytes, size_t length)
{
	json_t *string = json_stringn(bytes, length);
	struct sk_buffer valid = {0};
	size_t at = 0;

	if (string)
		return string;
	/* Byte by byte: what a character of one to four bytes cannot be made of is replaced. */
	while (at < length) {
		size_t size = 1;
		json_t *one = NULL;

		for (; !one && size <= 4 && size <= length - at; size++)
			one = json_stringn(bytes + at, size);
		size--;
		if (one)
			sk_buffer_append(&valid, bytes + at, size);
		else
			sk_buffer_append_text(&valid, "\xef\xbf\xbd");
		at += one ? size : 1;
		json_decref(one);
	}
	string = valid.failed || !valid.bytes ? NULL : json_stringn(valid.bytes, valid.length);
	sk_buffer_release(&valid);
	return string;
}

json_t *sk_lsp_markup(const struct sk_lsp_server *server, const struct sk_buffer *text)
{
	if (text->failed)
		return NULL;
	return json_pack("{s:s, s:o}", "kind", server->markdown ? "markdown" : "plaintext", "value",
			 sk_lsp_string(text->bytes ? text->bytes : "", text->length));
}

json_t *sk_lsp_range(const struct sk_lsp_request *request, const struct sk_lsp_file *file, size_t begin, size_t end)
{
	return sk_lsp_range_to_json(&file->text, begin, end, request->server->workspace.encoding);
}

json_t *sk_lsp_location(const struct sk_lsp_request *request, const struct sk_lsp_file *file, size_t begin,
			size_t end)
{
	return json_pack("{s:o, s:o}", "uri", sk_lsp_string(file->uri, strlen(file->uri)), "range",
			 sk_lsp_range(request, file, begin, end));
}

/* --- in ---------------------------------------------------------------- */

static bool is_id(const json_t *id)
{
	return json_is_integer(id) || json_is_string(id);
}

/* A request that still waits is taken out and answered. */
static void cancel(struct sk_lsp_server *server, const json_t *params)
{
	const json_t *id = json_object_get(params, "id");

	for (size_t i = 0; is_id(id) && i < server->queue_count; i++) {
		json_t **slot = &server->queue[(server->queue_first + i) % SK_LSP_QUEUE_LIMIT];
		json_t *waiting = json_object_get(*slot, "id");

		if (!waiting || !json_equal(waiting, id) || !json_object_get(*slot, "method"))
			continue;
		send_error(server, waiting, SK_LSP_REQUEST_CANCELLED, "cancelled");
		json_decref(*slot);
		/* Its place stays, and does nothing. */
		*slot = json_object();
		return;
	}
}

static json_t *parse(const char *body, size_t length)
{
	const size_t flags = JSON_ALLOW_NUL | JSON_DECODE_ANY;
	json_t *message = json_loadb(body, length, flags, NULL);
	char *repaired;

	if (message || !memmem(body, length, "\\u", 2))
		return message;
	repaired = sk_lsp_repair_surrogates(body, length);
	if (repaired)
		message = json_loadb(repaired, length, flags, NULL);
	sk_free(repaired);
	return message;
}

bool sk_lsp_server_has_room(const struct sk_lsp_server *server)
{
	return server->queue_count < SK_LSP_QUEUE_LIMIT &&
	       (server->queue_count == 0 || server->queue_bytes < SK_LSP_QUEUE_BYTES_LIMIT);
}

void sk_lsp_server_receive(struct sk_lsp_server *server, const char *body, size_t length)
{
	json_t *message = parse(body, length), *id = json_object_get(message, "id");
	const char *method = json_string_value(json_object_get(message, "method"));

	if (!message) {
		send_error(server, NULL, SK_LSP_PARSE_ERROR, "this is not JSON");
	} else if (!json_is_object(message) || (id && !is_id(id) && !json_is_null(id)) ||
		   (!method && !json_object_get(message, "result") && !json_object_get(message, "error"))) {
		send_error(server, is_id(id) ? id : NULL, SK_LSP_INVALID_REQUEST,
			   "a message is an object with a method");
	} else if (method && strcmp(method, "$/cancelRequest") == 0) {
		cancel(server, json_object_get(message, "params"));
	} else if (method && sk_lsp_server_has_room(server)) {
		server->queue_bytes = (server->queue_count ? server->queue_bytes : 0) + length;
		server->queue[(server->queue_first + server->queue_count++) % SK_LSP_QUEUE_LIMIT] =
			json_incref(message);
	}
	json_decref(message);
}

/* --- requests ---------------------------------------------------------- */

enum needs { NEEDS_NOTHING, NEEDS_DOCUMENT, NEEDS_POSITION };

static const struct {
	const char *method;
	enum needs needs;
	json_t *(*handle)(struct sk_lsp_request *request);
} requests[] = {
	{"textDocument/completion", NEEDS_POSITION, sk_lsp_completion},
	{"textDocument/hover", NEEDS_POSITION, sk_lsp_hover},
	{"textDocument/definition", NEEDS_POSITION, sk_lsp_definition},
	{"textDocument/references", NEEDS_POSITION, sk_lsp_references},
	{"textDocument/documentHighlight", NEEDS_POSITION, sk_lsp_highlights},
	{"textDocument/prepareRename", NEEDS_POSITION, sk_lsp_prepare_rename},
	{"textDocument/rename", NEEDS_POSITION, sk_lsp_rename},
	{"textDocument/documentSymbol", NEEDS_DOCUMENT, sk_lsp_document_symbols},
	{"textDocument/formatting", NEEDS_DOCUMENT, sk_lsp_formatting},
	{"textDocument/codeAction", NEEDS_DOCUMENT, sk_lsp_code_actions},
	{"workspace/symbol", NEEDS_NOTHING, sk_lsp_workspace_symbols},
};

/* Finds the document and the position that a request is about. */
static bool prepare(struct sk_lsp_request *request, enum needs needs)
{
	struct sk_lsp_workspace *workspace = &request->server->workspace;
	const char *uri =
		json_string_value(json_object_get(json_object_get(request->params, "textDocument"), "uri"));
	struct sk_lsp_position position;

	if (needs == NEEDS_NOTHING)
		return true;
	if (!uri) {
		sk_lsp_refuse(request, SK_LSP_INVALID_PARAMS, "which document?");
		return false;
	}
	request->file = sk_lsp_workspace_find_uri(workspace, uri);
	if (!request->file || !request->file->open) {
		sk_lsp_refuse(request, SK_LSP_INVALID_PARAMS, "the document is not open");
		return false;
	}
	if (needs == NEEDS_POSITION) {
		if (!sk_lsp_position_from_json(json_object_get(request->params, "position"), &position)) {
			sk_lsp_refuse(request, SK_LSP_INVALID_PARAMS, "a position has a line and a character");
			return false;
		}
		request->offset = sk_lsp_text_offset(&request->file->text, position, workspace->encoding);
	}
	return sk_lsp_workspace_project(workspace, request->file, request->arena, &request->project) == 0;
}

static void answer(struct sk_lsp_server *server, const char *method, json_t *id, const json_t *params)
{
	struct sk_arena arena = {0};
	struct sk_lsp_request request = {.server = server, .params = params, .arena = &arena};
	json_t *result = NULL;
	size_t at = 0;

	while (at < sizeof(requests) / sizeof(*requests) && strcmp(requests[at].method, method) != 0)
		at++;
	if (at == sizeof(requests) / sizeof(*requests))
		sk_lsp_refuse(&request, SK_LSP_METHOD_NOT_FOUND, "this server has no such method");
	else if (prepare(&request, requests[at].needs))
		result = requests[at].handle(&request);
	if (result)
		send_result(server, id, result);
	else
		send_error(server, id, request.error ? request.error : SK_LSP_INTERNAL_ERROR,
			   request.message ? request.message : "out of memory");
	sk_arena_release(&arena);
}

/* What the state of the server does not allow; false if it is allowed. */
static bool is_refused(struct sk_lsp_server *server, json_t *id, const char *method)
{
	bool initialize = strcmp(method, "initialize") == 0;

	if (server->state == SK_LSP_STARTING && !initialize)
		send_error(server, id, SK_LSP_NOT_INITIALIZED, "the first request is initialize");
	else if (server->state == SK_LSP_RUNNING && initialize)
		send_error(server, id, SK_LSP_INVALID_REQUEST, "initialize comes once");
	else if (server->state == SK_LSP_SHUT_DOWN)
		send_error(server, id, SK_LSP_INVALID_REQUEST, "after shutdown there is only exit");
	else
		return false;
	return true;
}

static void handle_request(struct sk_lsp_server *server, const char *method, json_t *id, const json_t *params)
{
	if (is_refused(server, id, method))
		return;
	if (strcmp(method, "initialize") == 0) {
		json_t *result = sk_lsp_initialize(server, params);

		if (!result) {
			send_error(server, id, SK_LSP_INTERNAL_ERROR, "out of memory");
			return;
		}
		server->state = SK_LSP_RUNNING;
		send_result(server, id, result);
	} else if (strcmp(method, "shutdown") == 0) {
		server->state = SK_LSP_SHUT_DOWN;
		send_result(server, id, json_null());
	} else {
		answer(server, method, id, params);
	}
}

bool sk_lsp_server_step(struct sk_lsp_server *server, uint64_t now)
{
	json_t *message, *id;
	const json_t *params;
	const char *method;

	if (!server->queue_count)
		return false;
	message = take_first(server);
	id = json_object_get(message, "id");
	params = json_object_get(message, "params");
	method = json_string_value(json_object_get(message, "method"));
	if (method && id)
		handle_request(server, method, id, params);
	else if (method && strcmp(method, "exit") == 0) {
		server->exit_status = server->state == SK_LSP_SHUT_DOWN ? 0 : 1;
		server->state = SK_LSP_EXITED;
	} else if (method && server->state == SK_LSP_RUNNING) {
		sk_lsp_handle_notification(server, method, params, now);
	}
	json_decref(message);
	return true;
}

/* --- time -------------------------------------------------------------- */

static uint64_t due(const struct sk_lsp_server *server)
{
	uint64_t quiet = server->last_change + SK_LSP_QUIET, patience = server->first_change + SK_LSP_PATIENCE;

	return quiet < patience ? quiet : patience;
}

int sk_lsp_server_wait(const struct sk_lsp_server *server, uint64_t now)
{
	if (!server->stale)
		return -1;
	return due(server) > now ? (int)(due(server) - now) : 0;
}

void sk_lsp_server_tick(struct sk_lsp_server *server, uint64_t now)
{
	if (server->stale && due(server) <= now)
		sk_lsp_publish(server);
}
