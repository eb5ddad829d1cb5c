/* SPDX-License-Identifier: Apache-2.0 */
/* Go to definition, references, highlights: all places of the name under the cursor. */
#include "cli/lsp/capabilities.h"
#include "cli/lsp/symbol.h"

/* The places of what stands at the request's position: false without memory; none if nothing does. */
static bool find(struct sk_lsp_request *request, struct sk_lsp_occurrences *ret_found)
{
	const struct sk_lsp_index *index = sk_lsp_file_index(request->file);
	struct sk_lsp_scalar scalar;
	struct sk_lsp_symbol symbol;
	uint32_t offset, begin, end;

	*ret_found = (struct sk_lsp_occurrences){0};
	if (!index)
		return false;
	if (!sk_lsp_index_find(index, request->offset, &scalar, &offset) ||
	    !sk_lsp_symbol_at(&request->project, &scalar, offset, request->arena, &symbol, &begin, &end))
		return true;
	return sk_lsp_symbol_occurrences(&request->project, symbol, request->arena, ret_found) == 0;
}

static bool is_definition(const struct sk_lsp_occurrence *occurrence)
{
	return occurrence->item && occurrence->item->definition;
}

/* Where the name is defined, where it is used, or both. */
static json_t *locations_of(struct sk_lsp_request *request, bool definitions, bool uses)
{
	struct sk_lsp_occurrences found;
	json_t *locations;

	if (!find(request, &found))
		return NULL;
	locations = json_array();
	for (size_t i = 0; i < found.count; i++) {
		const struct sk_lsp_occurrence *one = &found.items[i];

		if (is_definition(one) ? definitions : uses)
			json_array_append_new(locations, sk_lsp_location(request, one->file, one->begin, one->end));
	}
	return locations;
}

json_t *sk_lsp_definition(struct sk_lsp_request *request)
{
	return locations_of(request, true, false);
}

json_t *sk_lsp_references(struct sk_lsp_request *request)
{
	const json_t *context = json_object_get(request->params, "context");

	return locations_of(request, json_is_true(json_object_get(context, "includeDeclaration")), true);
}

json_t *sk_lsp_highlights(struct sk_lsp_request *request)
{
	enum { READ = 2, WRITE = 3 };
	struct sk_lsp_occurrences found;
	json_t *highlights;

	if (!find(request, &found))
		return NULL;
	highlights = json_array();
	for (size_t i = 0; i < found.count; i++) {
		const struct sk_lsp_occurrence *one = &found.items[i];

		if (one->file == request->file)
			json_array_append_new(highlights,
					      json_pack("{s:o, s:i}", "range",
							sk_lsp_range(request, one->file, one->begin, one->end),
							"kind", one->item ? WRITE : READ));
	}
	return highlights;
}
