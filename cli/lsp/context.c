/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lsp/context.h"

#include <errno.h>
#include <string.h>

/* A character for private use that stands nowhere in the text: one of U+E000 to U+E03F. */
static bool choose_mark(const char *bytes, size_t length, char ret_mark[4])
{
	memcpy(ret_mark, "\xee\x80\x80", 4);
	for (int i = 0; i < 64; i++) {
		ret_mark[2] = (char)(0x80 + i);
		if (!memmem(bytes, length, ret_mark, 3))
			return true;
	}
	return false;
}

/* Where the item begins that the cursor is in: the last line before it with "- " at its begin, or the first line. */
static size_t item_begin(const struct sk_lsp_text *text, size_t offset)
{
	size_t at = sk_lsp_text_line_begin(text, offset);

	while (at > 0 &&
	       !(text->bytes[at] == '-' && (at + 1 == text->length || strchr(" \r\n", text->bytes[at + 1]))))
		at = sk_lsp_text_line_begin(text, at - 1);
	return at;
}

/* Puts the path to the mark into the context; false if it is not below `node`.  YAML bounds the depth. */
static bool find_mark(const struct sk_yaml_node *node, const char *mark, struct sk_lsp_context *context)
{
	const char *found;
	uint32_t depth = context->depth;

	if (node->kind == SK_YAML_SCALAR) {
		found = memmem(node->text.bytes, node->text.length, mark, 3);
		if (!found)
			return false;
		context->standing = SK_LSP_IN_VALUE;
		context->before = node->text.bytes;
		context->length = (uint32_t)(found - node->text.bytes);
		return true;
	}
	for (uint32_t i = 0; i < node->count; i++) {
		const struct sk_yaml_node *key = node->kind == SK_YAML_MAPPING ? node->keys[i] : NULL;

		context->depth = depth;
		if (key && find_mark(key, mark, context)) {
			context->standing = SK_LSP_IN_KEY;
			context->map = node;
			return true;
		}
		context->depth = depth;
		if (depth < SK_LSP_CONTEXT_DEPTH)
			context->path[context->depth++] = key && key->kind == SK_YAML_SCALAR ? key->text.bytes : "";
		if (find_mark(node->items[i], mark, context)) {
			if (!context->map && key)
				context->map = node;
			return true;
		}
	}
	return false;
}

/* Reads one attempt: 1 if the mark was found, 0 if not, -ENOMEM. */
static int attempt(const char *bytes, size_t length, const char *mark, struct sk_arena *arena,
		   struct sk_lsp_context *context)
{
	struct sk_diagnostics diagnostics;
	struct sk_sources sources;
	struct sk_yaml_stream stream;
	const struct sk_source_file *file;

	sk_sources_init(&sources, arena);
	sk_diagnostics_init(&diagnostics, &sources, arena);
	file = sk_sources_add(&sources, "", bytes, length);
	if (!file)
		return -ENOMEM;
	if (sk_yaml_parse(file, arena, &diagnostics, &stream) < 0)
		return diagnostics.out_of_memory ? -ENOMEM : 0;
	for (uint32_t i = 0; i < stream.count; i++) {
		const struct sk_yaml_node *document = stream.documents[i];

		for (uint32_t k = 0; document->kind == SK_YAML_SEQUENCE && k < document->count; k++) {
			*context = (struct sk_lsp_context){0};
			if (!find_mark(document->items[k], mark, context))
				continue;
			context->item = document->items[k];
			if (context->item->kind == SK_YAML_SCALAR) {
				context->standing = SK_LSP_NEW_ITEM;
				context->dash = true;
			}
			return 1;
		}
	}
	*context = (struct sk_lsp_context){0};
	return 0;
}

/* A word at the begin of a line is going to be an item. */
static bool begins_item(const struct sk_lsp_text *text, size_t offset, struct sk_lsp_context *context)
{
	size_t begin = sk_lsp_text_line_begin(text, offset);

	for (size_t at = begin; at < offset; at++) {
		if (!((text->bytes[at] >= 'a' && text->bytes[at] <= 'z') || text->bytes[at] == '_'))
			return false;
	}
	*context = (struct sk_lsp_context){
		.standing = SK_LSP_NEW_ITEM, .before = text->bytes + begin, .length = (uint32_t)(offset - begin)};
	return true;
}

int sk_lsp_context_find(const struct sk_lsp_text *text, size_t offset, struct sk_arena *arena,
			struct sk_lsp_context *ret_context)
{
	static const char *const closings[] = {"",   ":", "\"", "'",    "]",  "\"]",
					       "']", "}", "]]", "\"]]", "]}", "]]]"};
	size_t begin = item_begin(text, offset), length = offset - begin;
	struct sk_lsp_context context = {0};
	char mark[4], *bytes;
	int result = 0;

	if (begins_item(text, offset, &context) || !choose_mark(text->bytes + begin, length, mark)) {
		*ret_context = context;
		return 0;
	}
	bytes = sk_arena_alloc(arena, length + 16);
	if (!bytes)
		return -ENOMEM;
	memcpy(bytes, text->bytes + begin, length);
	memcpy(bytes + length, mark, 3);
	for (size_t i = 0; result == 0 && i < sizeof(closings) / sizeof(*closings); i++) {
		size_t more = strlen(closings[i]);

		memcpy(bytes + length + 3, closings[i], more);
		result = attempt(bytes, length + 3 + more, mark, arena, &context);
	}
	if (result < 0)
		return result;
	*ret_context = context;
	return 0;
}
