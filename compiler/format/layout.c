/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents written out.
 *
 *   # leading                    an empty line stays before comments and items
 *   - rule: x  # trailing        of a block, and always stands between items of
 *     tags: [a, b]               the file; nowhere else
 *     # closing
 *
 * Collections keep the form that their author chose, in brackets or one entry
 * a line, but for the file itself and its items, which are always blocks.
 * Brackets that do not fit into a line are filled.
 *
 * Invariant: whatever writes an entry leaves the line open; a trailing comment
 * can follow.
 */
#include "compiler/format/layout.h"

#include <errno.h>
#include <string.h>

#include "compiler/format/condition.h"
#include "compiler/format/scalar.h"

enum { STEP = 2 };

/* What a mapping is, which decides the order of its keys. */
enum mapping { MAPPING_OTHER, MAPPING_RULE, MAPPING_MACRO, MAPPING_LIST, MAPPING_EXCEPTION, MAPPING_PLUGIN };

enum value { VALUE_PLAIN, VALUE_TEXT, VALUE_CONDITION };

static const struct key {
	enum mapping mapping;
	const char *text;
	enum value value;
} keys[] = {
#define SK_FORMAT_KEY(mapping, key, value) {MAPPING_##mapping, key, VALUE_##value},
#include "compiler/format/order.def"
};

enum { KEY_COUNT = sizeof(keys) / sizeof(*keys) };

struct writer {
	const struct sk_source_file *source;
	struct sk_arena *arena;
	struct sk_buffer *out;
	bool fresh;  /* nothing stands in this block yet: no empty line begins it */
	bool kept;   /* empty lines here would belong to the scalar above */
	bool failed; /* without memory */
	enum sk_format_freedom freedom;
};

static bool is_text(const struct sk_format_node *node, const char *text)
{
	return node->kind == SK_FORMAT_SCALAR && node->length == strlen(text) &&
	       memcmp(node->text, text, node->length) == 0;
}

/* --- the order of keys ------------------------------------------------- */

static uint32_t rank_of(enum mapping mapping, const struct sk_format_node *key)
{
	for (uint32_t i = 0; i < KEY_COUNT; i++) {
		if (keys[i].mapping == mapping && is_text(key, keys[i].text))
			return i;
	}
	return KEY_COUNT;
}

/* Insertion: stable, and of few keys. */
static void order_keys(struct sk_format_node *node, enum mapping mapping)
{
	if (mapping == MAPPING_OTHER || node->anchored || node->count > SK_FORMAT_ORDER_LIMIT)
		return;
	for (uint32_t i = 1; i < node->count; i++) {
		struct sk_format_entry entry = node->entries[i];
		uint32_t rank = rank_of(mapping, entry.key), at = i;

		for (; at > 0 && rank_of(mapping, node->entries[at - 1].key) > rank; at--)
			node->entries[at] = node->entries[at - 1];
		node->entries[at] = entry;
	}
}

static bool has_key(const struct sk_format_node *node, const char *key)
{
	for (uint32_t i = 0; i < node->count; i++) {
		if (is_text(node->entries[i].key, key))
			return true;
	}
	return false;
}

/* In the order in which the loader looks. */
static enum mapping item_mapping(const struct sk_format_node *node)
{
	if (node->kind != SK_FORMAT_MAPPING)
		return MAPPING_OTHER;
	return has_key(node, "list")    ? MAPPING_LIST
	       : has_key(node, "macro") ? MAPPING_MACRO
	       : has_key(node, "rule")  ? MAPPING_RULE
					: MAPPING_OTHER;
}

/* What the mappings in a sequence behind a key are. */
static enum mapping entries_mapping(enum mapping mapping, const struct sk_format_node *key)
{
	if (mapping == MAPPING_RULE && is_text(key, "exceptions"))
		return MAPPING_EXCEPTION;
	if (is_text(key, "required_plugin_versions") || (mapping == MAPPING_PLUGIN && is_text(key, "alternatives")))
		return MAPPING_PLUGIN;
	return MAPPING_OTHER;
}

bool sk_format_is_condition(const struct sk_yaml_node *item, uint32_t pair)
{
	return item->kind == SK_YAML_MAPPING && sk_yaml_equals(item->keys[pair], "condition") &&
	       !sk_yaml_get(item, "list") && (sk_yaml_get(item, "macro") || sk_yaml_get(item, "rule"));
}

/* --- lines and comments ------------------------------------------------ */

static void put_indent(struct writer *writer, uint32_t indent)
{
	sk_buffer_printf(writer->out, "%*s", (int)indent, "");
}

static void end_line(struct writer *writer)
{
	sk_buffer_append_char(writer->out, '\n');
	writer->fresh = false;
}

static void put_blank_line(struct writer *writer)
{
	const struct sk_buffer *out = writer->out;
	bool there = out->length > 1 && memcmp(out->bytes + out->length - 2, "\n\n", 2) == 0;

	if (!writer->fresh && !writer->kept && !there)
		sk_buffer_append_char(writer->out, '\n');
}

static void put_comments(struct writer *writer, const struct sk_format_comments *comments, uint32_t indent)
{
	for (const struct sk_format_comment *comment = comments->first; comment; comment = comment->next) {
		if (comment->blank_before)
			put_blank_line(writer);
		put_indent(writer, indent);
		sk_buffer_append(writer->out, comment->text, comment->length);
		end_line(writer);
		writer->kept = false;
	}
}

static void put_trailing(struct writer *writer, const struct sk_format_comment *comment)
{
	if (!comment)
		return;
	sk_buffer_append_text(writer->out, "  ");
	sk_buffer_append(writer->out, comment->text, comment->length);
}

static uint32_t current_column(const struct writer *writer)
{
	const struct sk_buffer *out = writer->out;
	size_t line = out->length;

	while (line > 0 && out->bytes[line - 1] != '\n')
		line--;
	return sk_format_width(out->bytes + line, out->length - line);
}

/* --- in brackets ------------------------------------------------------- */

/* Appends a node on one line, comments left out. */
static void put_flat(const struct sk_format_node *node, struct sk_buffer *out)
{
	const char *brackets = node->kind == SK_FORMAT_MAPPING ? "{}" : "[]";

	if (node->kind == SK_FORMAT_SCALAR) {
		sk_format_line(node, SK_FORMAT_PLACE_ITEM, out);
		return;
	}
	if (node->kind == SK_FORMAT_ALIAS) {
		sk_buffer_printf(out, "*%s", node->text);
		return;
	}
	if (*node->properties)
		sk_buffer_printf(out, "%s ", node->properties);
	sk_buffer_append_char(out, brackets[0]);
	for (uint32_t i = 0; i < node->count; i++) {
		if (i)
			sk_buffer_append_text(out, ", ");
		if (node->entries[i].key) {
			sk_format_line(node->entries[i].key, SK_FORMAT_PLACE_ITEM, out);
			sk_buffer_append_text(out, ": ");
		}
		put_flat(node->entries[i].value, out);
	}
	sk_buffer_append_char(out, brackets[1]);
}

static void put_brackets(struct writer *writer, const struct sk_format_node *node, uint32_t indent,
			 uint32_t behind);

static bool is_collection(const struct sk_format_node *node)
{
	return node->kind == SK_FORMAT_SEQUENCE || node->kind == SK_FORMAT_MAPPING;
}

/*
 * One entry of brackets that are broken.  `*column` is 0 at the beginning of a
 * line and otherwise where the line ends.
 */
static void put_bracket_entry(struct writer *writer, const struct sk_format_entry *entry, bool last,
			      uint32_t indent, uint32_t behind, uint32_t *column)
{
	struct sk_buffer flat = {0};
	uint32_t width;

	if (entry->leading.first) {
		if (*column)
			end_line(writer);
		put_comments(writer, &entry->leading, indent);
		*column = 0;
	}
	if (entry->key) {
		sk_format_line(entry->key, SK_FORMAT_PLACE_ITEM, &flat);
		sk_buffer_append_text(&flat, ": ");
	}
	put_flat(entry->value, &flat);
	width = sk_format_width(flat.bytes, flat.length) + 1 + (last ? behind : 0);
	if (*column && *column + 1 + width > SK_FORMAT_WIDTH) {
		end_line(writer);
		*column = 0;
	}
	if (*column) {
		sk_buffer_append_char(writer->out, ' ');
		(*column)++;
	} else {
		put_indent(writer, indent);
		*column = indent;
	}
	if (is_collection(entry->value) &&
	    (entry->value->commented || (*column + width > SK_FORMAT_WIDTH && entry->value->count))) {
		if (entry->key) {
			sk_format_line(entry->key, SK_FORMAT_PLACE_ITEM, writer->out);
			sk_buffer_append_text(writer->out, ": ");
		}
		put_brackets(writer, entry->value, indent + STEP, behind + 1);
		*column = current_column(writer);
	} else {
		sk_buffer_append(writer->out, flat.bytes, flat.length);
		*column += width - 1 - (last ? behind : 0);
	}
	if (!last) {
		sk_buffer_append_char(writer->out, ',');
		(*column)++;
	}
	if (entry->trailing) {
		put_trailing(writer, entry->trailing);
		end_line(writer);
		*column = 0;
	}
	writer->failed |= flat.failed;
	sk_buffer_release(&flat);
}

/*
 * Brackets that do not fit into the line, or have comments in them: entries
 * are filled on lines of their own, indented by `indent`.
 */
static void put_brackets(struct writer *writer, const struct sk_format_node *node, uint32_t indent, uint32_t behind)
{
	const char *brackets = node->kind == SK_FORMAT_MAPPING ? "{}" : "[]";
	uint32_t column = 0;

	if (*node->properties)
		sk_buffer_printf(writer->out, "%s ", node->properties);
	sk_buffer_append_char(writer->out, brackets[0]);
	end_line(writer);
	writer->fresh = true;
	for (uint32_t i = 0; i < node->count; i++)
		put_bracket_entry(writer, &node->entries[i], i + 1 == node->count, indent, behind, &column);
	if (node->closing.first) {
		if (column)
			end_line(writer);
		put_comments(writer, &node->closing, indent);
		column = 0;
	}
	if (!column)
		put_indent(writer, indent);
	sk_buffer_append_char(writer->out, brackets[1]);
	writer->fresh = false;
}

/* A collection in brackets behind what is on the line; `indent` is that of what it belongs to. */
static void put_flow(struct writer *writer, const struct sk_format_node *node, uint32_t indent)
{
	struct sk_buffer flat = {0};

	put_flat(node, &flat);
	if (!node->commented &&
	    (!node->count || current_column(writer) + sk_format_width(flat.bytes, flat.length) <= SK_FORMAT_WIDTH))
		sk_buffer_append(writer->out, flat.bytes, flat.length);
	else
		put_brackets(writer, node, indent + STEP, 1);
	writer->failed |= flat.failed;
	sk_buffer_release(&flat);
}

/* --- scalars behind their key ------------------------------------------ */

/* A scalar in the lines that its author gave it. */
static void put_block(struct writer *writer, const struct sk_format_node *node, uint32_t parent_column,
		      uint32_t indent, const struct sk_format_comment *comment)
{
	if (*node->properties)
		sk_buffer_printf(writer->out, "%s ", node->properties);
	sk_format_block(writer->source, node, parent_column, indent + STEP, comment ? comment->text : NULL,
			comment ? comment->length : 0, writer->out, &writer->kept);
}

static void put_scalar(struct writer *writer, const struct sk_format_node *node, enum sk_format_place place,
		       uint32_t parent_column, uint32_t indent, const struct sk_format_comment *comment)
{
	if (!sk_format_is_line(node)) {
		put_block(writer, node, parent_column, indent, comment);
		return;
	}
	sk_format_line(node, place, writer->out);
	/* A line does not end with the blank behind a tag of nothing. */
	if (*node->properties && !node->length && node->style == SK_YAML_PLAIN && !writer->out->failed)
		writer->out->length--;
	put_trailing(writer, comment);
}

static void put_text(struct writer *writer, const struct sk_format_node *node, uint32_t parent_column,
		     uint32_t indent, const struct sk_format_comment *comment)
{
	struct sk_buffer line = {0};
	uint32_t room = SK_FORMAT_WIDTH - current_column(writer);
	bool folds = !*node->properties && !node->literal && sk_format_can_fold(node->text, node->length);

	if (folds && !sk_format_is_line(node) && sk_format_is_plain(node->text, node->length))
		sk_buffer_append(&line, node->text, node->length);
	else if (sk_format_is_line(node))
		sk_format_line(node, SK_FORMAT_PLACE_TEXT, &line);
	if (line.length && (!folds || sk_format_width(line.bytes, line.length) <= room)) {
		sk_buffer_append(writer->out, line.bytes, line.length);
		put_trailing(writer, comment);
	} else if (folds) {
		sk_format_fold(node->text, node->length, indent + STEP, SK_FORMAT_WIDTH, writer->out,
			       comment ? comment->text : NULL, comment ? comment->length : 0);
	} else {
		put_scalar(writer, node, SK_FORMAT_PLACE_TEXT, parent_column, indent, comment);
	}
	writer->failed |= line.failed;
	sk_buffer_release(&line);
}

static void put_indented(struct writer *writer, const struct sk_buffer *lines, uint32_t indent)
{
	const char *at = lines->bytes;

	while (at) {
		const char *end = strchr(at, '\n');

		end_line(writer);
		put_indent(writer, indent);
		sk_buffer_append(writer->out, at, end ? (size_t)(end - at) : strlen(at));
		at = end ? end + 1 : NULL;
	}
}

static void put_condition(struct writer *writer, const struct sk_format_node *node, uint32_t parent_column,
			  uint32_t indent, const struct sk_format_comment *comment)
{
	uint32_t room = SK_FORMAT_WIDTH - current_column(writer);
	struct sk_buffer lines = {0};
	int result = *node->properties
			     ? -EINVAL
			     : sk_format_condition(node->text, node->length, writer->freedom, room,
						   SK_FORMAT_WIDTH - indent - STEP, writer->arena, &lines);

	if (result == -EINVAL) {
		put_scalar(writer, node, SK_FORMAT_PLACE_ITEM, parent_column, indent, comment);
	} else if (result == 0 && !strchr(lines.bytes, '\n') &&
		   sk_format_width(lines.bytes, lines.length) <= room &&
		   sk_format_is_plain(lines.bytes, lines.length)) {
		sk_buffer_append(writer->out, lines.bytes, lines.length);
		put_trailing(writer, comment);
	} else if (result == 0) {
		sk_buffer_append_char(writer->out, '>');
		put_trailing(writer, comment);
		put_indented(writer, &lines, indent + STEP);
	}
	writer->failed |= result == -ENOMEM;
	sk_buffer_release(&lines);
}

/* --- blocks ------------------------------------------------------------ */

static void put_mapping(struct writer *writer, struct sk_format_node *node, enum mapping mapping, uint32_t indent);
static void put_sequence(struct writer *writer, struct sk_format_node *node, enum mapping mapping, uint32_t indent);

static bool is_block(const struct sk_format_node *node)
{
	return is_collection(node) && !node->flow && node->count;
}

/* A pair of a block mapping, from its key on. */
static void put_pair(struct writer *writer, struct sk_format_node *parent, struct sk_format_entry *entry,
		     enum mapping mapping, uint32_t indent)
{
	struct sk_format_node *value = entry->value;
	uint32_t rank = rank_of(mapping, entry->key);
	enum value kind = rank < KEY_COUNT ? keys[rank].value : VALUE_PLAIN;

	sk_format_line(entry->key, SK_FORMAT_PLACE_ITEM, writer->out);
	sk_buffer_append_char(writer->out, ':');
	writer->kept = false;
	if (is_block(value)) {
		if (*value->properties)
			sk_buffer_printf(writer->out, " %s", value->properties);
		put_trailing(writer, entry->trailing);
		end_line(writer);
		writer->fresh = true;
		if (value->kind == SK_FORMAT_MAPPING)
			put_mapping(writer, value, MAPPING_OTHER, indent + STEP);
		else
			put_sequence(writer, value, entries_mapping(mapping, entry->key), indent + STEP);
		return;
	}
	if (value->kind != SK_FORMAT_SCALAR || value->length || *value->properties || value->style != SK_YAML_PLAIN)
		sk_buffer_append_char(writer->out, ' ');
	if (is_collection(value)) {
		put_flow(writer, value, indent);
		put_trailing(writer, entry->trailing);
	} else if (value->kind == SK_FORMAT_ALIAS) {
		sk_buffer_printf(writer->out, "*%s", value->text);
		put_trailing(writer, entry->trailing);
	} else if (kind == VALUE_CONDITION) {
		put_condition(writer, value, parent->column, indent, entry->trailing);
	} else if (kind == VALUE_TEXT) {
		put_text(writer, value, parent->column, indent, entry->trailing);
	} else {
		put_scalar(writer, value, SK_FORMAT_PLACE_ITEM, parent->column, indent, entry->trailing);
	}
	end_line(writer);
}

/* At the beginning of a line, or behind a dash: then the comments of the first key are above already. */
static void put_mapping(struct writer *writer, struct sk_format_node *node, enum mapping mapping, uint32_t indent)
{
	bool inside = !writer->fresh;

	for (uint32_t i = 0; i < node->count; i++) {
		if (i || !inside) {
			put_comments(writer, &node->entries[i].leading, indent);
			put_indent(writer, indent);
		}
		writer->fresh = false;
		put_pair(writer, node, &node->entries[i], mapping, indent);
	}
	put_comments(writer, &node->closing, indent);
}

/* An entry of a block sequence, from its dash on. */
static void put_entry(struct writer *writer, struct sk_format_node *parent, struct sk_format_entry *entry,
		      enum mapping mapping, uint32_t indent)
{
	struct sk_format_node *value = entry->value;

	writer->kept = false;
	sk_buffer_append_char(writer->out, '-');
	if (value->kind != SK_FORMAT_SCALAR || value->length || *value->properties || value->style != SK_YAML_PLAIN)
		sk_buffer_append_char(writer->out, ' ');
	if (is_block(value)) {
		writer->fresh = *value->properties != '\0';
		if (writer->fresh) {
			sk_buffer_append_text(writer->out, value->properties);
			sk_buffer_append_char(writer->out, '\n');
		}
		if (value->kind == SK_FORMAT_MAPPING)
			put_mapping(writer, value, mapping, indent + STEP);
		else
			put_sequence(writer, value, MAPPING_OTHER, indent + STEP);
		return;
	}
	if (value->kind == SK_FORMAT_SCALAR) {
		put_scalar(writer, value, SK_FORMAT_PLACE_ITEM, parent->column, indent, entry->trailing);
	} else {
		if (value->kind == SK_FORMAT_ALIAS)
			sk_buffer_printf(writer->out, "*%s", value->text);
		else
			put_flow(writer, value, indent);
		put_trailing(writer, entry->trailing);
	}
	end_line(writer);
}

/* Comments of the first thing in an entry stand above its dash. */
static void put_inner_comments(struct writer *writer, const struct sk_format_node *node, uint32_t indent)
{
	while (is_block(node) && !*node->properties) {
		put_comments(writer, &node->entries[0].leading, indent);
		if (node->kind == SK_FORMAT_MAPPING)
			break;
		node = node->entries[0].value;
	}
}

static void put_sequence(struct writer *writer, struct sk_format_node *node, enum mapping mapping, uint32_t indent)
{
	bool inside = !writer->fresh;

	for (uint32_t i = 0; i < node->count; i++) {
		struct sk_format_entry *entry = &node->entries[i];

		if (entry->value->kind == SK_FORMAT_MAPPING && is_block(entry->value))
			order_keys(entry->value, mapping);
		if (i || !inside) {
			put_comments(writer, &entry->leading, indent);
			if (entry->blank_before)
				put_blank_line(writer);
			put_inner_comments(writer, entry->value, indent);
			put_indent(writer, indent);
		}
		writer->fresh = false;
		put_entry(writer, node, entry, mapping, indent);
	}
	put_comments(writer, &node->closing, indent);
}

/* --- the file ---------------------------------------------------------- */

/* What is in brackets becomes a block: the file and its items. */
static void open_brackets(struct sk_format_node *node)
{
	if (is_collection(node) && node->flow && node->count) {
		node->flow = false;
		node->column = 0;
	}
}

static enum mapping top_mapping(struct sk_format_node *item)
{
	open_brackets(item);
	return item_mapping(item);
}

/* Items with an empty line between them. */
static void put_items(struct writer *writer, struct sk_format_node *root)
{
	for (uint32_t i = 0; i < root->count; i++) {
		struct sk_format_entry *entry = &root->entries[i];
		enum mapping mapping = top_mapping(entry->value);

		if (entry->value->kind == SK_FORMAT_MAPPING && is_block(entry->value))
			order_keys(entry->value, mapping);
		if (entry->leading.first) {
			entry->leading.first->blank_before = true;
			put_comments(writer, &entry->leading, 0);
		}
		if (!entry->leading.first || entry->blank_before)
			put_blank_line(writer);
		put_inner_comments(writer, entry->value, 0);
		put_entry(writer, root, entry, mapping, 0);
	}
	if (root->closing.first)
		root->closing.first->blank_before = true;
	put_comments(writer, &root->closing, 0);
}

static void put_document(struct writer *writer, struct sk_format_document *document, bool first)
{
	struct sk_format_node *root = document->root;

	if (document->before.first)
		document->before.first->blank_before |= !first;
	put_comments(writer, &document->before, 0);
	sk_buffer_append_text(writer->out, document->directives);
	if (document->opened || !first) {
		sk_buffer_append_text(writer->out, "---");
		put_trailing(writer, document->beside);
		sk_buffer_append_char(writer->out, '\n');
		writer->fresh = true;
		writer->kept = false;
	}
	open_brackets(root);
	if (is_block(root)) {
		put_items(writer, root);
	} else if (is_collection(root)) {
		put_flow(writer, root, 0);
		end_line(writer);
	} else if (root->style != SK_YAML_PLAIN) {
		sk_buffer_append_text(writer->out, "\"\"\n");
	}
	if (document->closed) {
		sk_buffer_append_text(writer->out, "...\n");
		writer->fresh = false;
		writer->kept = false;
	}
}

static void restrict_freedom(struct writer *writer, enum sk_format_freedom freedom)
{
	if (freedom > writer->freedom)
		writer->freedom = freedom;
}

/* How far conditions may be changed with the lists that this file defines. */
static void look_at_list(struct writer *writer, const struct sk_format_node *item)
{
	for (uint32_t i = 0; i < item->count; i++) {
		const struct sk_format_entry *entry = &item->entries[i];
		const struct sk_format_node *value = entry->value;

		if (is_text(entry->key, "list") && value->kind == SK_FORMAT_SCALAR)
			restrict_freedom(writer, sk_format_name_freedom(value->text, value->length));
		for (uint32_t k = 0; is_text(entry->key, "items") && k < value->count; k++)
			restrict_freedom(writer, sk_format_item_freedom(value->entries[k].value->text,
									value->entries[k].value->length));
	}
}

static void look_at_lists(struct writer *writer, const struct sk_format_node *root)
{
	for (uint32_t i = 0; i < root->count; i++) {
		const struct sk_format_node *item = root->entries[i].value;

		/* An alias may be anything. */
		if (item->kind == SK_FORMAT_MAPPING && has_key(item, "list")) {
			look_at_list(writer, item);
			restrict_freedom(writer, item->anchored ? SK_FORMAT_NONE : SK_FORMAT_FREE);
		} else if (item->kind == SK_FORMAT_ALIAS) {
			restrict_freedom(writer, SK_FORMAT_NONE);
		}
	}
}

int sk_format_write(struct sk_format_file *file, struct sk_arena *arena, struct sk_buffer *ret_text)
{
	struct writer writer = {.source = file->source, .arena = arena, .out = ret_text, .fresh = true};

	for (uint32_t i = 0; i < file->count; i++)
		look_at_lists(&writer, file->documents[i].root);
	for (uint32_t i = 0; i < file->count; i++)
		put_document(&writer, &file->documents[i], i == 0);
	if (file->closing.first)
		file->closing.first->blank_before = true;
	put_comments(&writer, &file->closing, 0);
	return writer.failed || ret_text->failed ? -ENOMEM : 0;
}
