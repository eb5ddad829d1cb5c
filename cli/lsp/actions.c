/* SPDX-License-Identifier: Apache-2.0 */
/* Code actions: the words that diagnostics suggest. */
#include <string.h>

#include "cli/lsp/capabilities.h"

/* The bytes of a range; false if it is none. */
static bool read_range(const struct sk_lsp_request *request, const json_t *range, size_t *ret_begin,
		       size_t *ret_end)
{
	struct sk_lsp_position start, end;

	if (!sk_lsp_position_from_json(json_object_get(range, "start"), &start) ||
	    !sk_lsp_position_from_json(json_object_get(range, "end"), &end))
		return false;
	*ret_begin = sk_lsp_text_offset(&request->file->text, start, request->server->workspace.encoding);
	*ret_end = sk_lsp_text_offset(&request->file->text, end, request->server->workspace.encoding);
	return true;
}

static json_t *action_of(const struct sk_lsp_request *request, json_t *diagnostic, json_t *fix)
{
	json_t *word = json_object_get(fix, "newText");

	return json_pack("{s:o, s:s, s:b, s:[O], s:{s:{s:[O]}}}", "title",
			 json_sprintf("Change to '%s'", json_string_value(word)), "kind", "quickfix", "isPreferred",
			 1, "diagnostics", diagnostic, "edit", "changes", request->file->uri, fix);
}

/* True if the client asks for quick fixes, or for nothing in particular. */
static bool wants_fixes(const json_t *only)
{
	for (size_t i = 0; i < json_array_size(only); i++) {
		const char *kind = json_string_value(json_array_get(only, i));

		if (kind && (!*kind || strcmp(kind, "quickfix") == 0))
			return true;
	}
	return !json_is_array(only);
}

json_t *sk_lsp_code_actions(struct sk_lsp_request *request)
{
	struct sk_lsp_server *server = request->server;
	const json_t *only = json_object_get(json_object_get(request->params, "context"), "only");
	const json_t *diagnostics;
	size_t begin, end;
	json_t *actions;

	if (!read_range(request, json_object_get(request->params, "range"), &begin, &end))
		return sk_lsp_refuse(request, SK_LSP_INVALID_PARAMS, "a range has a start and an end");
	/* What was said may be about another text than the one that is edited now. */
	if (server->stale)
		sk_lsp_publish(server);
	diagnostics = json_object_get(json_object_get(server->published, request->file->uri), "diagnostics");
	actions = json_array();
	for (size_t i = 0; wants_fixes(only) && i < json_array_size(diagnostics); i++) {
		json_t *diagnostic = json_array_get(diagnostics, i);
		json_t *fix = json_object_get(json_object_get(diagnostic, "data"), "fix");
		size_t from, to;

		if (fix && read_range(request, json_object_get(diagnostic, "range"), &from, &to) && from <= end &&
		    to >= begin)
			json_array_append_new(actions, action_of(request, diagnostic, fix));
	}
	return actions;
}
