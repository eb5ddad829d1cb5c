/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session with the language server, without streams: a client's side of it.
 *
 *   struct session session;
 *   session_begin(&session, NULL);              initialize, too
 *   session_open(&session, "file:///a.yaml", text);
 *   reply = session_at(&session, "textDocument/hover", "file:///a.yaml", "proc.na|me");
 *   session_end(&session);
 */
#ifndef SK_TESTS_LSP_SESSION_H
#define SK_TESTS_LSP_SESSION_H

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/lsp/framing.h"
#include "cli/lsp/server.h"
#include "tests/test.h"

struct session {
	struct sk_lsp_server server;
	json_t *reply;         /* the last one; it belongs to the session */
	json_t *notifications; /* by URI, the last diagnostics; under their methods, other last parameters */
	uint64_t now;
	int id, version;
};

/* Takes what the server wrote. */
static void session_collect(struct session *session)
{
	struct sk_lsp_framing framing = {0};
	const char *body, *fault;
	size_t length;

	CHECK(sk_lsp_framing_add(&framing, session->server.out.bytes, session->server.out.length));
	sk_buffer_clear(&session->server.out);
	while (sk_lsp_framing_next(&framing, &body, &length, &fault) == 1) {
		json_t *message = json_loadb(body, length, JSON_ALLOW_NUL, NULL);
		json_t *params = json_object_get(message, "params");
		const char *method = json_string_value(json_object_get(message, "method"));

		CHECK(message != NULL);
		CHECK_TEXT(json_string_value(json_object_get(message, "jsonrpc")), "2.0");
		if (method && strcmp(method, "textDocument/publishDiagnostics") == 0)
			json_object_set(session->notifications, json_string_value(json_object_get(params, "uri")),
					json_object_get(params, "diagnostics"));
		else if (method)
			json_object_set(session->notifications, method, params);
		else {
			json_decref(session->reply);
			session->reply = json_incref(message);
		}
		json_decref(message);
	}
	sk_lsp_framing_release(&framing);
}

static void session_send_text(struct session *session, const char *text, size_t length)
{
	sk_lsp_server_receive(&session->server, text, length);
	while (sk_lsp_server_step(&session->server, session->now))
		;
	session_collect(session);
}

static void session_send(struct session *session, json_t *message)
{
	char *text = json_dumps(message, JSON_COMPACT);

	CHECK(text != NULL);
	if (text)
		session_send_text(session, text, strlen(text));
	free(text);
	json_decref(message);
}

static void session_notify(struct session *session, const char *method, json_t *params)
{
	session_send(session, json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method", method, "params", params));
}

/* The result; NULL after an error, which is in `reply`. */
static json_t *session_request(struct session *session, const char *method, json_t *params)
{
	session->id++;
	session_send(session, json_pack("{s:s, s:i, s:s, s:o}", "jsonrpc", "2.0", "id", session->id, "method",
					method, "params", params));
	CHECK_EQUAL(json_integer_value(json_object_get(session->reply, "id")), session->id);
	return json_object_get(session->reply, "result");
}

static int session_error(const struct session *session)
{
	return (int)json_integer_value(json_object_get(json_object_get(session->reply, "error"), "code"));
}

static void session_begin_bare(struct session *session)
{
	memset(session, 0, sizeof(*session));
	CHECK_EQUAL(sk_lsp_server_init(&session->server, "/", NULL, 0), 0);
	session->notifications = json_object();
}

/* `options` are initializationOptions, taken; NULL: none. */
static void session_begin(struct session *session, json_t *options)
{
	session_begin_bare(session);
	CHECK(session_request(session, "initialize",
			      json_pack("{s:o?, s:{s:{s:{s:b}, s:{s:b}}}}", "initializationOptions", options,
					"capabilities", "textDocument", "publishDiagnostics", "relatedInformation",
					1, "documentSymbol", "hierarchicalDocumentSymbolSupport", 1)) != NULL);
	session_notify(session, "initialized", json_object());
}

static void session_end(struct session *session)
{
	json_decref(session->reply);
	json_decref(session->notifications);
	sk_lsp_server_release(&session->server);
}

/* Lets time pass until diagnostics are there; those of a URI. */
static json_t *session_diagnostics(struct session *session, const char *uri)
{
	session->now += 1000;
	sk_lsp_server_tick(&session->server, session->now);
	session_collect(session);
	return json_object_get(session->notifications, uri);
}

static void session_open(struct session *session, const char *uri, const char *text)
{
	session_notify(session, "textDocument/didOpen",
		       json_pack("{s:{s:s, s:s, s:i, s:s}}", "textDocument", "uri", uri, "languageId", "yaml",
				 "version", ++session->version, "text", text));
}

/* The position of '|' in `mark` where the rest of it stands in the document. */
static json_t *session_position(const struct session *session, const char *uri, const char *mark)
{
	const struct sk_lsp_file *file = sk_lsp_workspace_find_uri(&session->server.workspace, uri);
	const char *bar = strchr(mark, '|'), *found;
	char text[256];

	CHECK(file && bar && strlen(mark) < sizeof(text));
	snprintf(text, sizeof(text), "%.*s%s", (int)(bar - mark), mark, bar + 1);
	found = strstr(file->text.bytes, text);
	if (!found) {
		printf("# '%s' is not in the document\n", text);
		CHECK(found != NULL);
		return json_null();
	}
	return sk_lsp_position_to_json(
		sk_lsp_text_position(&file->text, (size_t)(found - file->text.bytes) + (size_t)(bar - mark),
				     session->server.workspace.encoding));
}

/* A request about a position; its result. */
static json_t *session_at(struct session *session, const char *method, const char *uri, const char *mark)
{
	return session_request(session, method,
			       json_pack("{s:{s:s}, s:o, s:{s:b}}", "textDocument", "uri", uri, "position",
					 session_position(session, uri, mark), "context", "includeDeclaration", 1));
}

/* "line:character-line:character" of a range. */
static const char *session_range(const json_t *range)
{
	static char text[64];
	int start[2], end[2];

	CHECK_EQUAL(json_unpack((json_t *)range, "{s:{s:i, s:i}, s:{s:i, s:i}}", "start", "line", &start[0],
				"character", &start[1], "end", "line", &end[0], "character", &end[1]),
		    0);
	snprintf(text, sizeof(text), "%d:%d-%d:%d", start[0], start[1], end[0], end[1]);
	return text;
}

#endif
