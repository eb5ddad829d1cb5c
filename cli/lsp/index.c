/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lsp/index.h"

#include <string.h>

#include "cli/lsp/workspace.h"
#include "vm/support/alloc.h"

const char *const sk_lsp_kind_names[] = {
	[SK_LSP_RULE] = "rule",
	[SK_LSP_MACRO] = "macro",
	[SK_LSP_LIST] = "list",
};

/* --- scalars ----------------------------------------------------------- */

struct walk {
	struct sk_lsp_scalar scalar;
	int (*visit)(void *context, const struct sk_lsp_scalar *scalar);
	void *context;
};

static int give(struct walk *walk, const struct sk_yaml_node *node, enum sk_lsp_role role)
{
	walk->scalar.node = node;
	walk->scalar.role = role;
	return walk->visit(walk->context, &walk->scalar);
}

/* All scalars of a value have the same role; YAML bounds the depth. */
static int walk_value(struct walk *walk, const struct sk_yaml_node *node, enum sk_lsp_role role)
{
	int result = 0;

	if (node->kind == SK_YAML_SCALAR)
		return give(walk, node, role);
	for (uint32_t i = 0; result == 0 && i < node->count; i++) {
		if (node->kind == SK_YAML_MAPPING)
			result = walk_value(walk, node->keys[i], SK_LSP_ROLE_KEY);
		if (result == 0)
			result = walk_value(walk, node->items[i], role);
	}
	return result;
}

static int walk_exception(struct walk *walk, const struct sk_yaml_node *node)
{
	static const struct {
		const char *key;
		enum sk_lsp_role role;
	} roles[] = {
		{"fields", SK_LSP_ROLE_EXCEPTION_FIELD},
		{"comps", SK_LSP_ROLE_EXCEPTION_COMPARISON},
		{"values", SK_LSP_ROLE_EXCEPTION_VALUE},
	};
	int result = 0;

	if (node->kind != SK_YAML_MAPPING)
		return walk_value(walk, node, SK_LSP_ROLE_OTHER);
	for (uint32_t i = 0; result == 0 && i < node->count; i++) {
		enum sk_lsp_role role = SK_LSP_ROLE_OTHER;

		for (size_t k = 0; k < sizeof(roles) / sizeof(*roles); k++) {
			if (sk_yaml_equals(node->keys[i], roles[k].key))
				role = roles[k].role;
		}
		result = walk_value(walk, node->keys[i], SK_LSP_ROLE_KEY);
		if (result == 0)
			result = walk_value(walk, node->items[i], role);
	}
	return result;
}

static enum sk_lsp_role role_of(const struct sk_lsp_item *item, const char *key)
{
	if (strcmp(key, sk_lsp_kind_names[item->kind]) == 0)
		return SK_LSP_ROLE_NAME;
	if (strcmp(key, "condition") == 0 && item->kind != SK_LSP_LIST)
		return SK_LSP_ROLE_CONDITION;
	if (strcmp(key, "items") == 0 && item->kind == SK_LSP_LIST)
		return SK_LSP_ROLE_LIST_ITEM;
	if (item->kind != SK_LSP_RULE)
		return SK_LSP_ROLE_OTHER;
	if (strcmp(key, "output") == 0)
		return SK_LSP_ROLE_OUTPUT;
	if (strcmp(key, "tags") == 0)
		return SK_LSP_ROLE_TAG;
	return SK_LSP_ROLE_OTHER;
}

int sk_lsp_item_walk(const struct sk_lsp_item *item,
		     int (*visit)(void *context, const struct sk_lsp_scalar *scalar), void *context)
{
	struct walk walk = {.scalar = {.item = item, .key = ""}, .visit = visit, .context = context};
	const struct sk_yaml_node *map = item->node;
	int result = 0;

	for (uint32_t i = 0; result == 0 && i < map->count; i++) {
		const struct sk_yaml_node *key = map->keys[i], *value = map->items[i];
		bool exceptions;

		walk.scalar.key = key->kind == SK_YAML_SCALAR ? key->text.bytes : "";
		exceptions = item->kind == SK_LSP_RULE && value->kind == SK_YAML_SEQUENCE &&
			     strcmp(walk.scalar.key, "exceptions") == 0;
		result = walk_value(&walk, key, SK_LSP_ROLE_KEY);
		if (result == 0 && !exceptions)
			result = walk_value(&walk, value, role_of(item, walk.scalar.key));
		for (uint32_t k = 0; result == 0 && exceptions && k < value->count; k++)
			result = walk_exception(&walk, value->items[k]);
	}
	return result;
}

size_t sk_lsp_scalar_byte(const struct sk_lsp_scalar *scalar, uint32_t offset)
{
	return (size_t)((int64_t)sk_text_position(&scalar->node->text, offset) + scalar->item->base);
}

struct search {
	size_t at;
	struct sk_lsp_scalar found;
	uint32_t offset;
};

static int compare_place(void *context, const struct sk_lsp_scalar *scalar)
{
	struct search *search = context;
	const struct sk_text *text = &scalar->node->text;
	int64_t position = (int64_t)search->at - scalar->item->base;

	if (!text->length || position <= 0 || search->at > sk_lsp_scalar_byte(scalar, text->length) ||
	    !sk_text_find(text, (sk_position)position, &search->offset))
		return 0;
	search->found = *scalar;
	return 1;
}

const struct sk_lsp_item *sk_lsp_index_item(const struct sk_lsp_index *index, size_t at)
{
	for (uint32_t i = 0; i < index->count; i++) {
		if (at >= index->items[i].begin && at <= index->items[i].end)
			return &index->items[i];
	}
	return NULL;
}

bool sk_lsp_index_find(const struct sk_lsp_index *index, size_t at, struct sk_lsp_scalar *ret_scalar,
		       uint32_t *ret_offset)
{
	struct search search = {.at = at};
	const struct sk_lsp_item *item = sk_lsp_index_item(index, at);

	if (!item || sk_lsp_item_walk(item, compare_place, &search) == 0)
		return false;
	*ret_scalar = search.found;
	*ret_offset = search.offset;
	return true;
}

/* --- words ------------------------------------------------------------- */

static bool is_delimiter(char byte)
{
	return byte == '\0' || strchr(" \t\n\r(),=", byte) != NULL;
}

bool sk_lsp_word_at(const struct sk_text *text, uint32_t at, uint32_t *ret_begin, uint32_t *ret_end)
{
	uint32_t begin = at, end = at;

	while (begin > 0 && !is_delimiter(text->bytes[begin - 1]))
		begin--;
	while (end < text->length && !is_delimiter(text->bytes[end]))
		end++;
	*ret_begin = begin;
	*ret_end = end;
	return end > begin;
}

/* --- items ------------------------------------------------------------- */

/* The last byte that a node has in the file, as a position; aliases count nowhere. */
static sk_position last_position(const struct sk_yaml_node *node, sk_position limit)
{
	sk_position last = node->span.end;

	for (uint32_t i = 0; i < node->count; i++) {
		sk_position one = last_position(node->items[i], limit);

		if (node->kind == SK_YAML_MAPPING && node->keys[i]->span.end > last)
			last = node->keys[i]->span.end;
		if (one > last && one <= limit)
			last = one;
	}
	return last;
}

static bool has_any(const struct sk_yaml_node *map, const char *const *keys)
{
	for (; *keys; keys++) {
		if (sk_yaml_get(map, *keys))
			return true;
	}
	return false;
}

static bool is_definition(enum sk_lsp_kind kind, const struct sk_yaml_node *map)
{
	static const char *const rule_keys[] = {"condition", "output", "desc", "priority", NULL};
	const struct sk_yaml_node *append = sk_yaml_get(map, "append"), *override = sk_yaml_get(map, "override");

	if (append && append->kind == SK_YAML_SCALAR && !sk_yaml_equals(append, "false"))
		return false;
	/* A macro or list that is replaced has all of its text there. */
	if (override && override->kind == SK_YAML_MAPPING && override->count) {
		const char *body = kind == SK_LSP_MACRO ? "condition" : "items";

		return kind != SK_LSP_RULE && sk_yaml_equals(sk_yaml_get(override, body), "replace");
	}
	return kind != SK_LSP_RULE || has_any(map, rule_keys);
}

static bool add_item(struct sk_lsp_index *index, const struct sk_yaml_node *map, const struct sk_source_file *file,
		     size_t base)
{
	sk_position limit = file->first + (sk_position)file->size;
	struct sk_lsp_item item = {.node = map, .base = (int64_t)base - file->first};

	if (map->kind != SK_YAML_MAPPING)
		return true;
	for (item.kind = SK_LSP_RULE; item.kind <= SK_LSP_LIST; item.kind++) {
		item.name_node = sk_yaml_get(map, sk_lsp_kind_names[item.kind]);
		if (item.name_node)
			break;
	}
	if (!item.name_node || item.name_node->kind != SK_YAML_SCALAR || item.name_node->null)
		return true;
	item.name = item.name_node->text.bytes;
	item.definition = is_definition(item.kind, map);
	item.begin = (size_t)((int64_t)map->span.begin + item.base);
	item.end = (size_t)((int64_t)last_position(map, limit) + item.base);
	if (index->count == index->capacity) {
		uint32_t capacity = index->capacity ? index->capacity * 2 : 64;
		struct sk_lsp_item *grown = sk_arena_alloc(&index->arena, capacity * sizeof(*grown));

		if (!grown)
			return false;
		if (index->count)
			memcpy(grown, index->items, index->count * sizeof(*grown));
		index->items = grown;
		index->capacity = capacity;
	}
	index->items[index->count++] = item;
	return true;
}

/* Reads bytes as YAML and adds their items: 1, 0 if it is none, -1 without memory. */
static int add_items(struct sk_lsp_index *index, const char *bytes, size_t length, size_t base)
{
	struct sk_yaml_stream stream;
	struct sk_diagnostics diagnostics;
	struct sk_sources sources;
	const struct sk_source_file *file;

	sk_sources_init(&sources, &index->arena);
	sk_diagnostics_init(&diagnostics, &sources, &index->arena);
	file = sk_sources_add(&sources, "", bytes, length);
	if (!file)
		return -1;
	if (sk_yaml_parse(file, &index->arena, &diagnostics, &stream) < 0)
		return diagnostics.out_of_memory ? -1 : 0;
	for (uint32_t i = 0; i < stream.count; i++) {
		const struct sk_yaml_node *document = stream.documents[i];

		for (uint32_t k = 0; document->kind == SK_YAML_SEQUENCE && k < document->count; k++) {
			if (!add_item(index, document->items[k], file, base))
				return -1;
		}
	}
	return 1;
}

static bool begins_item(const char *bytes, const char *end)
{
	return end - bytes >= 2 && bytes[0] == '-' && (bytes[1] == ' ' || bytes[1] == '\n' || bytes[1] == '\r');
}

/* Each run of lines from one "- " to the next by itself; a file with many that cannot be read is none of ours. */
static int add_runs(struct sk_lsp_index *index, const char *bytes, size_t length)
{
	enum { MOST_BROKEN = 100 };
	const char *end = bytes + length, *run = bytes;
	int result = 0, broken = 0;

	while (result >= 0 && run < end && broken < MOST_BROKEN) {
		const char *next = run;

		do {
			const char *newline = memchr(next, '\n', (size_t)(end - next));

			next = newline ? newline + 1 : end;
		} while (next < end && !begins_item(next, end));
		result = 1;
		if (begins_item(run, end))
			result = add_items(index, run, (size_t)(next - run), (size_t)(run - bytes));
		broken += result == 0;
		run = next;
	}
	return result;
}

struct sk_lsp_index *sk_lsp_index_create(const char *bytes, size_t length)
{
	struct sk_lsp_index *index = sk_alloc_zeroed(1, sizeof(*index));
	int result;

	if (!index)
		return NULL;
	result = add_items(index, bytes, length, 0);
	index->whole = result == 1;
	if (result == 0)
		result = add_runs(index, bytes, length);
	if (result < 0) {
		sk_lsp_index_destroy(index);
		return NULL;
	}
	return index;
}

void sk_lsp_index_destroy(struct sk_lsp_index *index)
{
	if (!index)
		return;
	sk_arena_release(&index->arena);
	sk_free(index);
}

const struct sk_lsp_index *sk_lsp_file_index(struct sk_lsp_file *file)
{
	if (file->index && file->index_revision == file->revision)
		return file->index;
	sk_lsp_index_destroy(file->index);
	file->index = sk_lsp_index_create(file->text.bytes, file->text.length);
	file->index_revision = file->revision;
	return file->index;
}
