/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lsp/lifecycle.h"

#include <string.h>
#include <unistd.h>

#include "cli/lsp/uri.h"
#include "cli/version.h"
#include "vm/support/alloc.h"

/* --- initialize -------------------------------------------------------- */

/* The first of the client's encodings that we know, and its name. */
static const char *choose_encoding(const json_t *capabilities, enum sk_lsp_encoding *ret_encoding)
{
	static const struct {
		const char *name;
		enum sk_lsp_encoding encoding;
	} known[] = {{"utf-16", SK_LSP_UTF16}, {"utf-8", SK_LSP_UTF8}, {"utf-32", SK_LSP_UTF32}};
	const json_t *wanted = json_object_get(json_object_get(capabilities, "general"), "positionEncodings");

	for (size_t i = 0; i < json_array_size(wanted); i++) {
		const char *name = json_string_value(json_array_get(wanted, i));

		for (size_t k = 0; name && k < sizeof(known) / sizeof(*known); k++) {
			if (strcmp(name, known[k].name) == 0) {
				*ret_encoding = known[k].encoding;
				return known[k].name;
			}
		}
	}
	*ret_encoding = SK_LSP_UTF16;
	return "utf-16";
}

/* The folder that the client works in, ours if it tells none; NULL without memory. */
static char *root_of(const json_t *params)
{
	char here[4096], *path;
	const json_t *folder = json_array_get(json_object_get(params, "workspaceFolders"), 0);
	const char *uri = json_string_value(json_object_get(folder, "uri"));

	if (!uri)
		uri = json_string_value(json_object_get(params, "rootUri"));
	path = uri ? sk_lsp_uri_to_path(uri) : NULL;
	return path ? path : sk_lsp_path_join(getcwd(here, sizeof(here)) ? here : "/", "");
}

/* {"packs": [...]}, as initializationOptions or settings have it; none are those of the command line. */
static bool set_packs(struct sk_lsp_server *server, const json_t *options)
{
	const json_t *packs = json_object_get(options, "packs");
	const char **names;
	size_t count = 0;
	bool set;

	if (!json_is_array(packs))
		return true;
	names = sk_alloc_zeroed(json_array_size(packs) + 1, sizeof(*names));
	if (!names)
		return false;
	for (size_t i = 0; i < json_array_size(packs); i++) {
		const char *name = json_string_value(json_array_get(packs, i));

		if (name && *name)
			names[count++] = name;
	}
	if (count)
		set = sk_lsp_workspace_set_packs(&server->workspace, server->root, names, count);
	else
		set = sk_lsp_workspace_set_packs(&server->workspace, server->start, server->packs,
						 server->pack_count);
	sk_free(names);
	return set;
}

static bool has_markdown(const json_t *hover)
{
	const json_t *formats = json_object_get(hover, "contentFormat");

	for (size_t i = 0; i < json_array_size(formats); i++) {
		const char *format = json_string_value(json_array_get(formats, i));

		if (format && strcmp(format, "markdown") == 0)
			return true;
	}
	return false;
}

static bool is_set(const json_t *object, const char *first, const char *second)
{
	return json_is_true(json_object_get(json_object_get(object, first), second));
}

static json_t *capabilities(const char *encoding)
{
	return json_pack(
		"{s:s, s:{s:b, s:i, s:b}, s:{s:[s,s,s,s,s], s:b}, s:b, s:b, s:b, s:b, s:{s:b}, s:b, s:b, s:b, "
		"s:{s:[s]}}",
		"positionEncoding", encoding,                               /* */
		"textDocumentSync", "openClose", 1, "change", 2, "save", 1, /* 2: incremental */
		"completionProvider", "triggerCharacters", ".", "%", "(", "[", " ", "resolveProvider", 0,   /* */
		"hoverProvider", 1, "definitionProvider", 1, "referencesProvider", 1,                       /* */
		"documentHighlightProvider", 1, "renameProvider", "prepareProvider", 1,                     /* */
		"documentSymbolProvider", 1, "workspaceSymbolProvider", 1, "documentFormattingProvider", 1, /* */
		"codeActionProvider", "codeActionKinds", "quickfix");
}

json_t *sk_lsp_initialize(struct sk_lsp_server *server, const json_t *params)
{
	const json_t *client = json_object_get(params, "capabilities"),
		     *document = json_object_get(client, "textDocument");
	const char *encoding = choose_encoding(client, &server->workspace.encoding);

	server->snippets = is_set(json_object_get(document, "completion"), "completionItem", "snippetSupport");
	server->markdown = has_markdown(json_object_get(document, "hover"));
	server->related = is_set(document, "publishDiagnostics", "relatedInformation");
	server->symbol_tree = is_set(document, "documentSymbol", "hierarchicalDocumentSymbolSupport");
	server->watches =
		is_set(json_object_get(client, "workspace"), "didChangeWatchedFiles", "dynamicRegistration");
	server->parent = (long)json_integer_value(json_object_get(params, "processId"));
	if (!server->root)
		server->root = root_of(params);
	if (!server->root || !set_packs(server, json_object_get(params, "initializationOptions")))
		return NULL;
	return json_pack("{s:o, s:{s:s, s:s}}", "capabilities", capabilities(encoding), "serverInfo", "name",
			 "saker", "version", SK_VERSION);
}

/* --- documents --------------------------------------------------------- */

static void change(struct sk_lsp_server *server, uint64_t now)
{
	if (!server->stale)
		server->first_change = now;
	server->last_change = now;
	server->stale = true;
}

static void complain(struct sk_lsp_server *server, const char *text)
{
	sk_lsp_notify(server, "window/logMessage", json_pack("{s:i, s:s}", "type", 1, "message", text));
}

static struct sk_lsp_file *open_file(struct sk_lsp_server *server, const json_t *params)
{
	const char *uri = json_string_value(json_object_get(json_object_get(params, "textDocument"), "uri"));
	struct sk_lsp_file *file = uri ? sk_lsp_workspace_find_uri(&server->workspace, uri) : NULL;

	return file && file->open ? file : NULL;
}

static void did_open(struct sk_lsp_server *server, const json_t *params)
{
	const json_t *document = json_object_get(params, "textDocument");
	const json_t *text = json_object_get(document, "text");
	const char *uri = json_string_value(json_object_get(document, "uri"));

	if (!uri || !json_is_string(text))
		complain(server, "didOpen without a URI or a text is ignored");
	else if (!sk_lsp_workspace_open(&server->workspace, uri, json_string_value(text), json_string_length(text),
					json_integer_value(json_object_get(document, "version"))))
		complain(server, "out of memory: the document is not known");
}

/* One change of a document; false if it is no such thing, or there is no memory. */
static bool apply(const struct sk_lsp_server *server, struct sk_lsp_file *file, const json_t *event)
{
	const json_t *text = json_object_get(event, "text"), *range = json_object_get(event, "range");
	enum sk_lsp_encoding encoding = server->workspace.encoding;
	struct sk_lsp_position start, finish;
	size_t begin, end;

	if (!json_is_string(text))
		return false;
	if (!range)
		return sk_lsp_text_set(&file->text, json_string_value(text), json_string_length(text));
	if (!sk_lsp_position_from_json(json_object_get(range, "start"), &start) ||
	    !sk_lsp_position_from_json(json_object_get(range, "end"), &finish))
		return false;
	begin = sk_lsp_text_offset(&file->text, start, encoding);
	end = sk_lsp_text_offset(&file->text, finish, encoding);
	return end >= begin &&
	       sk_lsp_text_replace(&file->text, begin, end, json_string_value(text), json_string_length(text));
}

static void did_change(struct sk_lsp_server *server, const json_t *params)
{
	const json_t *changes = json_object_get(params, "contentChanges");
	const json_t *version = json_object_get(json_object_get(params, "textDocument"), "version");
	struct sk_lsp_file *file = open_file(server, params);

	if (!file) {
		complain(server, "a change of a document that is not open is ignored");
		return;
	}
	for (size_t i = 0; i < json_array_size(changes); i++) {
		if (!apply(server, file, json_array_get(changes, i))) {
			complain(server, "a change cannot be applied: close and open the document");
			break;
		}
	}
	if (json_is_integer(version))
		file->version = json_integer_value(version);
	sk_lsp_workspace_touch(&server->workspace, file);
}

static void did_close(struct sk_lsp_server *server, const json_t *params)
{
	struct sk_lsp_file *file = open_file(server, params);

	if (file)
		sk_lsp_workspace_close(&server->workspace, file);
}

static void did_change_configuration(struct sk_lsp_server *server, const json_t *params)
{
	if (!set_packs(server, json_object_get(json_object_get(params, "settings"), "saker")))
		complain(server, "out of memory: the packs are not known");
}

/* Asks the client to tell when files change that it has not opened. */
static void initialized(struct sk_lsp_server *server, const json_t *params)
{
	(void)params;
	if (server->watches)
		sk_lsp_send(server,
			    json_pack("{s:s, s:s, s:s, s:{s:[{s:s, s:s, s:{s:[{s:s}, {s:s}]}}]}}", "jsonrpc", "2.0",
				      "id", "watch", "method", "client/registerCapability", "params",
				      "registrations", "id", "files", "method", "workspace/didChangeWatchedFiles",
				      "registerOptions", "watchers", "globPattern", "**/*.{yaml,yml}",
				      "globPattern", "**/.saker"));
}

/* Files may have changed on disk: they are looked at before every compile. */
static void did_touch(struct sk_lsp_server *server, const json_t *params)
{
	(void)server;
	(void)params;
}

static const struct {
	const char *method;
	void (*handle)(struct sk_lsp_server *server, const json_t *params);
} notifications[] = {
	{"initialized", initialized},
	{"textDocument/didOpen", did_open},
	{"textDocument/didChange", did_change},
	{"textDocument/didClose", did_close},
	{"textDocument/didSave", did_touch},
	{"workspace/didChangeWatchedFiles", did_touch},
	{"workspace/didChangeConfiguration", did_change_configuration},
};

void sk_lsp_handle_notification(struct sk_lsp_server *server, const char *method, const json_t *params,
				uint64_t now)
{
	for (size_t i = 0; i < sizeof(notifications) / sizeof(*notifications); i++) {
		if (strcmp(notifications[i].method, method) == 0) {
			notifications[i].handle(server, params);
			change(server, now);
		}
	}
}
