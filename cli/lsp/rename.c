/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rename: every place of a name in the files of the project, or none.
 *
 * The edits are tried first: in the renamed texts the new name must stand in
 * just as many places as the old one did, and no item may be lost.  That finds
 * names that YAML or conditions would read differently, and those that already
 * mean something.
 */
#include <errno.h>
#include <string.h>

#include "cli/lsp/capabilities.h"
#include "cli/lsp/symbol.h"
#include "compiler/pack.h"
#include "vm/support/alloc.h"

/* What is to be renamed and where it stands; false after sk_lsp_refuse(), or without memory. */
static bool find(struct sk_lsp_request *request, struct sk_lsp_symbol *ret_symbol, size_t *ret_begin,
		 size_t *ret_end)
{
	const struct sk_lsp_index *index = sk_lsp_file_index(request->file);
	struct sk_lsp_scalar scalar;
	uint32_t offset, begin, end;

	if (!index)
		return false;
	if (!sk_lsp_index_find(index, request->offset, &scalar, &offset) ||
	    !sk_lsp_symbol_at(&request->project, &scalar, offset, request->arena, ret_symbol, &begin, &end) ||
	    !sk_lsp_symbol_exists(&request->project, *ret_symbol)) {
		sk_lsp_refuse(request, SK_LSP_REQUEST_FAILED, "only rules, macros and lists can be renamed");
		return false;
	}
	*ret_begin = sk_lsp_scalar_byte(&scalar, begin);
	*ret_end = sk_lsp_scalar_byte(&scalar, end - 1) + 1;
	return true;
}

json_t *sk_lsp_prepare_rename(struct sk_lsp_request *request)
{
	struct sk_lsp_symbol symbol;
	size_t begin, end;

	if (!find(request, &symbol, &begin, &end))
		return NULL;
	return json_pack("{s:o, s:o}", "range", sk_lsp_range(request, request->file, begin, end), "placeholder",
			 sk_lsp_string(symbol.name, symbol.length));
}

static bool is_name(enum sk_lsp_kind kind, const char *name)
{
	switch (kind) {
	case SK_LSP_RULE:
		return *name && !name[strcspn(name, "\n\r")];
	case SK_LSP_MACRO:
		return sk_pack_is_macro_name(name);
	case SK_LSP_LIST:
		return *name && sk_pack_is_list_name(name);
	}
	return false;
}

/* The file's text with all its places of the name replaced; false without memory. */
static bool apply(const struct sk_lsp_file *file, const struct sk_lsp_occurrences *places, const char *name,
		  struct sk_lsp_text *ret_text)
{
	struct sk_buffer bytes = {0};
	size_t at = 0;
	bool done;

	for (size_t i = 0; i < places->count; i++) {
		const struct sk_lsp_occurrence *one = &places->items[i];

		if (one->file != file || one->begin < at)
			continue;
		sk_buffer_append(&bytes, file->text.bytes + at, one->begin - at);
		sk_buffer_append_text(&bytes, name);
		at = one->end;
	}
	sk_buffer_append(&bytes, file->text.bytes + at, file->text.length - at);
	done = !bytes.failed && sk_lsp_text_set(ret_text, bytes.bytes ? bytes.bytes : "", bytes.length);
	sk_buffer_release(&bytes);
	return done;
}

/* Compares the renamed project with the one that is: 1 if only the name differs, 0 if not, -ENOMEM. */
static int compare(struct sk_lsp_request *request, const struct sk_lsp_project *renamed,
		   struct sk_lsp_symbol symbol, const char *name, size_t places)
{
	struct sk_lsp_symbol new = {.kind = symbol.kind, .name = name, .length = (uint32_t)strlen(name)};
	struct sk_lsp_occurrences found;

	for (size_t i = 0; i < renamed->count; i++) {
		const struct sk_lsp_index *before = sk_lsp_file_index(request->project.files[i]);
		const struct sk_lsp_index *after = sk_lsp_file_index(renamed->files[i]);

		if (!before || !after)
			return -ENOMEM;
		if (before->count != after->count || before->whole != after->whole)
			return 0;
	}
	if (sk_lsp_symbol_occurrences(renamed, new, request->arena, &found) < 0)
		return -ENOMEM;
	return found.count == places;
}

/* Tries the edits: 1 if they do nothing else, 0 if they do, -ENOMEM. */
static int try(struct sk_lsp_request *request, const struct sk_lsp_occurrences *places, struct sk_lsp_symbol symbol,
	       const char *name)
{
	const struct sk_lsp_project *project = &request->project;
	struct sk_lsp_project renamed = {.count = project->count};
	struct sk_lsp_file *files = sk_arena_alloc_zeroed(request->arena, project->count, sizeof(*files));
	int result = files ? 0 : -ENOMEM;

	renamed.files = sk_arena_alloc_zeroed(request->arena, project->count, sizeof(*renamed.files));
	if (!renamed.files)
		result = -ENOMEM;
	for (size_t i = 0; result == 0 && i < project->count; i++) {
		files[i].revision = 1;
		renamed.files[i] = &files[i];
		if (!apply(project->files[i], places, name, &files[i].text))
			result = -ENOMEM;
	}
	if (result == 0)
		result = compare(request, &renamed, symbol, name, places->count);
	for (size_t i = 0; files && i < project->count; i++) {
		sk_lsp_text_release(&files[i].text);
		sk_lsp_index_destroy(files[i].index);
	}
	return result;
}

static json_t *edits_of(struct sk_lsp_request *request, const struct sk_lsp_occurrences *places, const char *name)
{
	json_t *changes = json_object();

	for (size_t i = 0; i < places->count; i++) {
		const struct sk_lsp_occurrence *one = &places->items[i];
		json_t *edits = json_object_get(changes, one->file->uri);

		if (!edits) {
			json_object_set_new(changes, one->file->uri, json_array());
			edits = json_object_get(changes, one->file->uri);
		}
		json_array_append_new(edits, json_pack("{s:o, s:s}", "range",
						       sk_lsp_range(request, one->file, one->begin, one->end),
						       "newText", name));
	}
	return json_pack("{s:o}", "changes", changes);
}

json_t *sk_lsp_rename(struct sk_lsp_request *request)
{
	const json_t *new_name = json_object_get(request->params, "newName");
	const char *name = json_string_value(new_name);
	struct sk_lsp_occurrences places;
	struct sk_lsp_symbol symbol, new;
	size_t begin, end;
	int result;

	if (!name || strlen(name) != json_string_length(new_name))
		return sk_lsp_refuse(request, SK_LSP_INVALID_PARAMS, "a new name is needed");
	if (!find(request, &symbol, &begin, &end))
		return NULL;
	if (!is_name(symbol.kind, name))
		return sk_lsp_refuse(request, SK_LSP_INVALID_PARAMS,
				     symbol.kind == SK_LSP_MACRO
					     ? "a macro's name is letters, digits and '_', beginning with a letter"
				     : symbol.kind == SK_LSP_LIST
					     ? "a list's name has no blanks, quotes, parentheses, commas and '='"
					     : "a rule's name is one line");
	new = (struct sk_lsp_symbol){symbol.kind, name, (uint32_t)strlen(name)};
	if (sk_lsp_symbol_exists(&request->project, new))
		return sk_lsp_refuse(request, SK_LSP_REQUEST_FAILED, "there is one of this name already");
	if (sk_lsp_symbol_occurrences(&request->project, symbol, request->arena, &places) < 0)
		return NULL;
	for (size_t i = 0; i < places.count; i++) {
		if (!places.items[i].verbatim)
			return sk_lsp_refuse(request, SK_LSP_REQUEST_FAILED,
					     "somewhere the name is written with escapes or over two lines");
	}
	result = try(request, &places, symbol, name);
	if (result < 0)
		return NULL;
	if (!result)
		return sk_lsp_refuse(request, SK_LSP_REQUEST_FAILED,
				     "the new name would be read differently somewhere: it needs quotes, or stands "
				     "for something else already");
	return edits_of(request, &places, name);
}
