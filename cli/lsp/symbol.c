/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lsp/symbol.h"

#include <errno.h>
#include <string.h>

#include "grammar/tokens.h"

static bool is_named(const struct sk_lsp_item *item, struct sk_lsp_symbol symbol)
{
	return item->kind == symbol.kind && item->name_node->text.length == symbol.length &&
	       memcmp(item->name, symbol.name, symbol.length) == 0;
}

bool sk_lsp_symbol_exists(const struct sk_lsp_project *project, struct sk_lsp_symbol symbol)
{
	for (size_t i = 0; i < project->count; i++) {
		const struct sk_lsp_index *index = sk_lsp_file_index(project->files[i]);

		for (uint32_t k = 0; index && k < index->count; k++) {
			if (is_named(&index->items[k], symbol))
				return true;
		}
	}
	return false;
}

/* --- under the cursor -------------------------------------------------- */

struct lexeme_search {
	uint32_t at;
	struct sk_lexeme_place found;
};

static int find_name(void *context, const struct sk_lexeme_place *lexeme)
{
	struct lexeme_search *search = context;

	if (lexeme->kind != SK_LEXEME_NAME || search->at < lexeme->begin || search->at > lexeme->end)
		return 0;
	search->found = *lexeme;
	return 1;
}

/* Scalars in which names of lists are replaced. */
static bool takes_lists(enum sk_lsp_role role)
{
	return role == SK_LSP_ROLE_CONDITION || role == SK_LSP_ROLE_LIST_ITEM ||
	       role == SK_LSP_ROLE_EXCEPTION_VALUE;
}

bool sk_lsp_symbol_at(const struct sk_lsp_project *project, const struct sk_lsp_scalar *scalar, uint32_t offset,
		      struct sk_arena *arena, struct sk_lsp_symbol *ret_symbol, uint32_t *ret_begin,
		      uint32_t *ret_end)
{
	const struct sk_text *text = &scalar->node->text;
	struct sk_lsp_symbol symbol = {.kind = scalar->item->kind, .name = text->bytes, .length = text->length};
	struct lexeme_search search = {.at = offset};
	uint32_t begin = 0, end = text->length;
	bool found = scalar->role == SK_LSP_ROLE_NAME;

	if (!found && takes_lists(scalar->role) && sk_lsp_word_at(text, offset, &begin, &end)) {
		symbol = (struct sk_lsp_symbol){SK_LSP_LIST, text->bytes + begin, end - begin};
		found = sk_lsp_symbol_exists(project, symbol);
	}
	if (!found && scalar->role == SK_LSP_ROLE_CONDITION &&
	    sk_condition_walk(text, arena, find_name, &search) == 1) {
		begin = search.found.begin;
		end = search.found.end;
		symbol = (struct sk_lsp_symbol){SK_LSP_MACRO, text->bytes + begin, end - begin};
		found = true;
	}
	if (!found)
		return false;
	*ret_symbol = symbol;
	*ret_begin = begin;
	*ret_end = end;
	return true;
}

/* --- everywhere -------------------------------------------------------- */

struct collection {
	struct sk_lsp_symbol symbol;
	struct sk_lsp_file *file;
	struct sk_arena *arena;
	struct sk_lsp_occurrences *occurrences;
	const struct sk_lsp_scalar *scalar;
};

static int add(struct collection *collection, uint32_t begin, uint32_t end, const struct sk_lsp_item *item)
{
	struct sk_lsp_occurrences *occurrences = collection->occurrences;
	struct sk_lsp_occurrence occurrence = {.file = collection->file, .item = item};
	const struct sk_lsp_text *text = &collection->file->text;

	occurrence.begin = sk_lsp_scalar_byte(collection->scalar, begin);
	occurrence.end = end > begin ? sk_lsp_scalar_byte(collection->scalar, end - 1) + 1 : occurrence.begin;
	if (occurrence.begin > text->length || occurrence.end > text->length)
		return 0;
	occurrence.verbatim =
		occurrence.end - occurrence.begin == collection->symbol.length &&
		memcmp(text->bytes + occurrence.begin, collection->symbol.name, collection->symbol.length) == 0;
	/* An alias shows the same bytes once more. */
	for (size_t i = occurrences->count; i > 0; i--) {
		const struct sk_lsp_occurrence *before = &occurrences->items[i - 1];

		if (before->file != occurrence.file || before->begin < occurrence.begin)
			break;
		if (before->begin == occurrence.begin)
			return 0;
	}
	if (occurrences->count == occurrences->capacity) {
		size_t capacity = occurrences->capacity ? occurrences->capacity * 2 : 32;
		struct sk_lsp_occurrence *grown = sk_arena_alloc(collection->arena, capacity * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		if (occurrences->count)
			memcpy(grown, occurrences->items, occurrences->count * sizeof(*grown));
		occurrences->items = grown;
		occurrences->capacity = capacity;
	}
	occurrences->items[occurrences->count++] = occurrence;
	return 0;
}

static int add_macro(void *context, const struct sk_lexeme_place *lexeme)
{
	struct collection *collection = context;
	const struct sk_text *text = &collection->scalar->node->text;

	if (lexeme->kind != SK_LEXEME_NAME || lexeme->end - lexeme->begin != collection->symbol.length ||
	    memcmp(text->bytes + lexeme->begin, collection->symbol.name, collection->symbol.length) != 0)
		return 0;
	return add(collection, lexeme->begin, lexeme->end, NULL);
}

/* Words of a text that are the list's name. */
static int add_lists(struct collection *collection, const struct sk_text *text)
{
	uint32_t at = 0;

	while (at < text->length) {
		uint32_t begin, end;

		if (!sk_lsp_word_at(text, at, &begin, &end)) {
			at++;
			continue;
		}
		if (end - begin == collection->symbol.length &&
		    memcmp(text->bytes + begin, collection->symbol.name, end - begin) == 0 &&
		    add(collection, begin, end, NULL) < 0)
			return -ENOMEM;
		at = end + 1;
	}
	return 0;
}

static int collect(void *context, const struct sk_lsp_scalar *scalar)
{
	struct collection *collection = context;
	const struct sk_text *text = &scalar->node->text;

	collection->scalar = scalar;
	if (scalar->role == SK_LSP_ROLE_NAME)
		return is_named(scalar->item, collection->symbol) ? add(collection, 0, text->length, scalar->item)
								  : 0;
	if (collection->symbol.kind == SK_LSP_LIST && takes_lists(scalar->role))
		return add_lists(collection, text);
	/* Most conditions do not have the name at all. */
	if (collection->symbol.kind == SK_LSP_MACRO && scalar->role == SK_LSP_ROLE_CONDITION &&
	    memmem(text->bytes, text->length, collection->symbol.name, collection->symbol.length))
		return sk_condition_walk(text, collection->arena, add_macro, collection);
	return 0;
}

int sk_lsp_symbol_occurrences(const struct sk_lsp_project *project, struct sk_lsp_symbol symbol,
			      struct sk_arena *arena, struct sk_lsp_occurrences *ret_occurrences)
{
	struct collection collection = {.symbol = symbol, .arena = arena, .occurrences = ret_occurrences};

	*ret_occurrences = (struct sk_lsp_occurrences){0};
	for (size_t i = 0; i < project->count; i++) {
		const struct sk_lsp_index *index = sk_lsp_file_index(project->files[i]);

		if (!index)
			return -ENOMEM;
		collection.file = project->files[i];
		for (uint32_t k = 0; k < index->count; k++) {
			if (sk_lsp_item_walk(&index->items[k], collect, &collection) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}
