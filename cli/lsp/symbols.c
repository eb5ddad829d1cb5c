/* SPDX-License-Identifier: Apache-2.0 */
/* The outline of a document, and all symbols of the files that are known. */
#include <string.h>

#include "cli/lsp/capabilities.h"
#include "cli/lsp/index.h"

/* LSP's SymbolKind for an item. */
static int symbol_kind(enum sk_lsp_kind kind)
{
	switch (kind) {
	case SK_LSP_RULE:
		return 5; /* class */
	case SK_LSP_MACRO:
		return 12; /* function */
	case SK_LSP_LIST:
		return 18; /* array */
	}
	return 13; /* variable */
}

static json_t *tree_symbol(const struct sk_lsp_request *request, const struct sk_lsp_file *file,
			   const struct sk_lsp_item *item)
{
	struct sk_lsp_scalar name = {.item = item, .node = item->name_node};
	size_t begin = sk_lsp_scalar_byte(&name, 0),
	       end = item->name_node->text.length ? sk_lsp_scalar_byte(&name, item->name_node->text.length - 1) + 1
						  : begin;

	return json_pack(
		"{s:o, s:s, s:i, s:o, s:o}", "name", sk_lsp_string(item->name, strlen(item->name)), "detail",
		item->definition ? sk_lsp_kind_names[item->kind] : "change", "kind", symbol_kind(item->kind),
		"range", sk_lsp_range(request, file, item->begin, end > item->end ? end : item->end),
		"selectionRange", sk_lsp_range(request, file, begin < item->begin ? item->begin : begin, end));
}

static json_t *flat_symbol(const struct sk_lsp_request *request, const struct sk_lsp_file *file,
			   const struct sk_lsp_item *item)
{
	return json_pack("{s:o, s:i, s:o, s:s}", "name", sk_lsp_string(item->name, strlen(item->name)), "kind",
			 symbol_kind(item->kind), "location",
			 sk_lsp_location(request, file, item->begin, item->end), "containerName",
			 sk_lsp_kind_names[item->kind]);
}

json_t *sk_lsp_document_symbols(struct sk_lsp_request *request)
{
	const struct sk_lsp_index *index = sk_lsp_file_index(request->file);
	json_t *symbols;

	if (!index)
		return NULL;
	symbols = json_array();
	for (uint32_t i = 0; i < index->count; i++)
		json_array_append_new(symbols, request->server->symbol_tree
						       ? tree_symbol(request, request->file, &index->items[i])
						       : flat_symbol(request, request->file, &index->items[i]));
	return symbols;
}

json_t *sk_lsp_workspace_symbols(struct sk_lsp_request *request)
{
	enum { MOST = 1000 };
	const struct sk_lsp_workspace *workspace = &request->server->workspace;
	const char *query = json_string_value(json_object_get(request->params, "query"));
	json_t *symbols = json_array();

	for (size_t i = 0; i < workspace->file_count; i++) {
		struct sk_lsp_file *file = workspace->files[i];
		const struct sk_lsp_index *index = file->open || file->readable ? sk_lsp_file_index(file) : NULL;

		for (uint32_t k = 0; index && k < index->count && json_array_size(symbols) < MOST; k++) {
			const struct sk_lsp_item *item = &index->items[k];

			if (item->definition && (!query || strcasestr(item->name, query)))
				json_array_append_new(symbols, flat_symbol(request, file, item));
		}
	}
	return symbols;
}
