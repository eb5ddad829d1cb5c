/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libyaml's events and the comments between them become documents.
 *
 *   event        comments that stand before it
 *   a node       one behind the entry before it, on the same line, is that one's;
 *                the others stand above this node's entry
 *   an end       those as far right as the entries of the collection close it,
 *                the rest waits for what is around it
 *
 * Invariant: comments waiting..met were met and have no place yet.
 */
#include "compiler/format/document.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <yaml.h>

#include "vm/support/arena.h"

enum { KEY_LENGTH_LIMIT = 512 };

struct frame {
	struct sk_format_node *node; /* NULL: the document */
	bool value_waits;            /* the last entry of a MAPPING has a key and no value yet */
};

/* What a comment behind it on the same line would belong to. */
enum holder { HOLDER_NONE, HOLDER_ENTRY, HOLDER_DOCUMENT };

struct builder {
	struct sk_format_file *file;
	struct sk_arena *arena;
	struct sk_diagnostics *diagnostics;
	struct sk_format_cursor cursor;
	struct sk_format_comment *comments;
	uint32_t waiting, met, comment_count;
	struct frame frames[SK_YAML_DEPTH_LIMIT + 1];
	uint32_t depth;
	enum holder holder;
	struct sk_format_node *holder_node; /* ENTRY: entry `holder_entry` of it */
	uint32_t holder_entry;
	size_t holder_end;
};

static int refuse(struct builder *builder, size_t at, const char *hint, const char *message)
{
	const struct sk_source_file *source = builder->file->source;
	size_t byte = at < source->size ? at : source->size;

	sk_diagnostics_add(
		builder->diagnostics, SK_DIAGNOSTIC_YAML_PARSE,
		(struct sk_span){source->first + (sk_position)byte, source->first + (sk_position)byte + 1}, hint,
		"%s", message);
	return -EINVAL;
}

/* --- comments ---------------------------------------------------------- */

static bool has_break(const struct sk_source_file *source, size_t begin, size_t end)
{
	for (; begin < end; begin++) {
		if (sk_format_break(source, begin))
			return true;
	}
	return false;
}

/* The comment that stands behind what was read last, on its line. */
static void take_trailing(struct builder *builder)
{
	struct sk_format_comment *comment = &builder->comments[builder->waiting];
	struct sk_format_document *document;
	struct sk_format_entry *entry;

	if (builder->waiting == builder->met || builder->holder == HOLDER_NONE || comment->alone ||
	    has_break(builder->file->source, builder->holder_end, comment->begin))
		return;
	builder->waiting++;
	if (builder->holder == HOLDER_DOCUMENT) {
		document = &builder->file->documents[builder->file->count - 1];
		document->beside = comment;
		builder->holder = HOLDER_NONE;
		return;
	}
	entry = &builder->holder_node->entries[builder->holder_entry];
	/* One behind the key and one behind the value: there is room for one. */
	if (entry->trailing)
		sk_format_comments_add(&entry->leading, entry->trailing);
	entry->trailing = comment;
}

static void meet_comments(struct builder *builder, size_t begin)
{
	while (builder->met < builder->comment_count && builder->comments[builder->met].begin < begin)
		builder->met++;
	take_trailing(builder);
}

static void take_waiting(struct builder *builder, struct sk_format_comments *comments)
{
	while (builder->waiting < builder->met)
		sk_format_comments_add(comments, &builder->comments[builder->waiting++]);
}

static void hold(struct builder *builder, size_t end)
{
	struct sk_format_node *node = builder->frames[builder->depth].node;

	builder->holder = node ? HOLDER_ENTRY : HOLDER_NONE;
	builder->holder_node = node;
	builder->holder_entry = node ? node->count - 1 : 0;
	builder->holder_end = end;
}

/* --- nodes ------------------------------------------------------------- */

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static bool is_anchor(char byte)
{
	return isalnum((unsigned char)byte) || byte == '_' || byte == '-';
}

/* Brackets and commas end a tag that is not itself in `!<>`. */
static bool is_tag(char byte, bool verbatim)
{
	return !is_blank(byte) && (verbatim || !byte || !strchr(",[]{}", byte));
}

/* The byte behind tags and anchors at `begin`, which are copied. */
static size_t skip_properties(struct builder *builder, size_t begin, bool has, const char **ret_properties)
{
	const struct sk_source_file *source = builder->file->source;
	const char *bytes = source->bytes, *all = "";
	size_t at = begin;

	*ret_properties = "";
	while (has && at < source->size && all) {
		size_t end = at;

		if (is_blank(bytes[at])) {
			at++;
		} else if (bytes[at] == '#') {
			while (at < source->size && !sk_format_break(source, at))
				at++;
		} else if (bytes[at] == '&' || bytes[at] == '!') {
			end++;
			while (end < source->size && (bytes[at] == '&' ? is_anchor(bytes[end])
								       : is_tag(bytes[end], bytes[at + 1] == '<')))
				end++;
			all = sk_arena_printf(builder->arena, "%s%s%.*s", all, *all ? " " : "", (int)(end - at),
					      bytes + at);
			at = end;
		} else {
			break;
		}
	}
	*ret_properties = all;
	return at;
}

/* True if the line above that of a byte has nothing in it. */
static bool is_below_blank(const struct sk_source_file *source, size_t at)
{
	const char *bytes = source->bytes;
	int breaks = 0;

	while (at > 0 && bytes[at - 1] != '\n')
		at--;
	while (at > 0 && is_blank(bytes[at - 1]))
		breaks += bytes[--at] == '\n';
	return breaks > 1;
}

static struct sk_format_entry *add_entry(struct builder *builder, struct sk_format_node *parent)
{
	if (parent->count == parent->capacity) {
		uint32_t capacity = parent->capacity ? parent->capacity * 2 : 8;
		struct sk_format_entry *entries = sk_arena_alloc_zeroed(builder->arena, capacity, sizeof(*entries));

		if (!entries)
			return NULL;
		if (parent->count)
			memcpy(entries, parent->entries, parent->count * sizeof(*entries));
		parent->entries = entries;
		parent->capacity = capacity;
	}
	return &parent->entries[parent->count++];
}

static int place_root(struct builder *builder, struct sk_format_node *node)
{
	struct sk_format_document *document = &builder->file->documents[builder->file->count - 1];

	if (node->kind != SK_FORMAT_SEQUENCE && !(node->kind == SK_FORMAT_SCALAR && !node->length))
		return refuse(builder, node->begin, "a rules file is a list of items that begin with '- rule: ...'",
			      "this is no rules file");
	if (*node->properties)
		return refuse(builder, node->begin, "take it out: nothing can refer to the whole file",
			      "a tag or an anchor of the whole file is not laid out");
	document->root = node;
	return 0;
}

static int place_key(struct builder *builder, struct sk_format_node *parent, struct sk_format_node *node)
{
	struct sk_format_entry *entry;

	if (node->kind != SK_FORMAT_SCALAR || node->style == SK_YAML_BLOCK || *node->properties ||
	    (!node->length && node->style == SK_YAML_PLAIN) || node->length > KEY_LENGTH_LIMIT ||
	    memchr(node->text, '\n', node->length))
		return refuse(builder, node->begin, "a key is a short text on one line",
			      "a key that is not laid out");
	entry = add_entry(builder, parent);
	if (!entry)
		return -ENOMEM;
	entry->key = node;
	take_waiting(builder, &entry->leading);
	return 0;
}

/* Puts a node that begins where it belongs; the comments above it with it. */
static int place_node(struct builder *builder, struct sk_format_node *node)
{
	struct frame *frame = &builder->frames[builder->depth];
	struct sk_format_node *parent = frame->node;
	struct sk_format_entry *entry;

	if (!parent)
		return place_root(builder, node);
	if (parent->kind == SK_FORMAT_MAPPING && !frame->value_waits) {
		frame->value_waits = true;
		return place_key(builder, parent, node);
	}
	if (parent->kind == SK_FORMAT_MAPPING) {
		entry = &parent->entries[parent->count - 1];
		frame->value_waits = false;
		entry->value = node;
		/* Above the first entry of a block they stay there. */
		if (node->kind == SK_FORMAT_SCALAR || node->kind == SK_FORMAT_ALIAS || node->flow)
			take_waiting(builder, &entry->leading);
		return 0;
	}
	entry = add_entry(builder, parent);
	if (!entry)
		return -ENOMEM;
	entry->value = node;
	entry->blank_before = !parent->flow && is_below_blank(builder->file->source, node->begin);
	take_waiting(builder, &entry->leading);
	return 0;
}

static struct sk_format_node *new_node(struct builder *builder, enum sk_format_kind kind, size_t begin, size_t end,
				       const yaml_char_t *anchor, const yaml_char_t *tag)
{
	struct sk_format_node *node = sk_arena_alloc_zeroed(builder->arena, 1, sizeof(*node));

	if (!node)
		return NULL;
	node->kind = kind;
	node->anchored = anchor != NULL;
	node->begin = skip_properties(builder, begin, anchor || tag, &node->properties);
	node->end = end > node->begin ? end : node->begin;
	node->text = "";
	return node->properties ? node : NULL;
}

static int read_scalar(struct builder *builder, const yaml_event_t *event, size_t begin, size_t end)
{
	struct sk_format_node *node =
		new_node(builder, SK_FORMAT_SCALAR, begin, end, event->data.scalar.anchor, event->data.scalar.tag);
	int result;

	if (!node)
		return -ENOMEM;
	node->style = sk_yaml_style_of(event->data.scalar.style);
	node->literal = event->data.scalar.style == YAML_LITERAL_SCALAR_STYLE;
	node->length = (uint32_t)event->data.scalar.length;
	node->text = sk_arena_copy(builder->arena, (const char *)event->data.scalar.value, node->length);
	if (!node->text)
		return -ENOMEM;
	result = place_node(builder, node);
	/* Of a block scalar only its header has comments. */
	hold(builder, node->style == SK_YAML_BLOCK ? node->begin : end);
	return result;
}

static int read_alias(struct builder *builder, const yaml_event_t *event, size_t begin, size_t end)
{
	const char *name = (const char *)event->data.alias.anchor;
	struct sk_format_node *node = new_node(builder, SK_FORMAT_ALIAS, begin, end, NULL, NULL);
	int result;

	if (!node)
		return -ENOMEM;
	node->anchored = true;
	node->length = (uint32_t)strlen(name);
	node->text = sk_arena_copy(builder->arena, name, node->length);
	if (!node->text)
		return -ENOMEM;
	result = place_node(builder, node);
	hold(builder, end);
	return result;
}

static int open_collection(struct builder *builder, enum sk_format_kind kind, bool flow, const yaml_char_t *anchor,
			   const yaml_char_t *tag, size_t begin, size_t end)
{
	struct sk_format_node *node = new_node(builder, kind, begin, end, anchor, tag);
	int result;

	if (!node)
		return -ENOMEM;
	node->flow = flow;
	node->column = sk_format_column(builder->file->source, node->begin);
	result = place_node(builder, node);
	if (result < 0)
		return result;
	if (builder->depth >= SK_YAML_DEPTH_LIMIT)
		return refuse(builder, begin, NULL, "lists and mappings are nested too deep");
	builder->frames[++builder->depth] = (struct frame){.node = node};
	if (flow)
		builder->holder = HOLDER_NONE;
	return 0;
}

static void close_collection(struct builder *builder, size_t end)
{
	struct sk_format_node *node = builder->frames[builder->depth].node;

	while (builder->waiting < builder->met &&
	       (node->flow || builder->comments[builder->waiting].column >= node->column))
		sk_format_comments_add(&node->closing, &builder->comments[builder->waiting++]);
	node->commented = node->closing.first != NULL;
	for (uint32_t i = 0; i < node->count; i++) {
		const struct sk_format_entry *entry = &node->entries[i];

		node->commented |= entry->leading.first || entry->trailing || entry->value->commented;
		node->anchored |= entry->value->anchored || (entry->key && entry->key->anchored);
	}
	builder->depth--;
	if (node->flow) {
		node->end = end;
		hold(builder, end);
	}
}

/* --- documents --------------------------------------------------------- */

static int open_document(struct builder *builder, const yaml_event_t *event, size_t end)
{
	struct sk_format_file *file = builder->file;
	const yaml_version_directive_t *version = event->data.document_start.version_directive;
	const yaml_tag_directive_t *tag = event->data.document_start.tag_directives.start;
	struct sk_format_document *document;
	const char *directives = "";

	if (file->count == file->capacity) {
		uint32_t capacity = file->capacity ? file->capacity * 2 : 4;
		struct sk_format_document *moved = sk_arena_alloc_zeroed(builder->arena, capacity, sizeof(*moved));

		if (!moved)
			return -ENOMEM;
		if (file->count)
			memcpy(moved, file->documents, file->count * sizeof(*moved));
		file->documents = moved;
		file->capacity = capacity;
	}
	document = &file->documents[file->count++];
	if (version)
		directives = sk_arena_printf(builder->arena, "%%YAML %d.%d\n", version->major, version->minor);
	for (; directives && tag != event->data.document_start.tag_directives.end; tag++)
		directives =
			sk_arena_printf(builder->arena, "%s%%TAG %s %s\n", directives, tag->handle, tag->prefix);
	document->directives = directives;
	document->opened = !event->data.document_start.implicit;
	if (document->opened) {
		take_waiting(builder, &document->before);
		builder->holder = HOLDER_DOCUMENT;
		builder->holder_end = end;
	}
	return directives ? 0 : -ENOMEM;
}

static void close_document(struct builder *builder, bool implicit)
{
	struct sk_format_document *document = &builder->file->documents[builder->file->count - 1];

	document->closed = !implicit;
	if (document->closed && document->root->kind == SK_FORMAT_SCALAR)
		take_waiting(builder, &document->before);
	builder->holder = HOLDER_NONE;
}

static int read_event(struct builder *builder, const yaml_event_t *event)
{
	size_t begin = sk_format_cursor_byte(&builder->cursor, event->start_mark.index);
	size_t end = sk_format_cursor_byte(&builder->cursor, event->end_mark.index);

	meet_comments(builder, event->type == YAML_STREAM_END_EVENT ? SIZE_MAX : begin);
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return open_document(builder, event, end);
	case YAML_DOCUMENT_END_EVENT:
		close_document(builder, event->data.document_end.implicit);
		return 0;
	case YAML_ALIAS_EVENT:
		return read_alias(builder, event, begin, end);
	case YAML_SCALAR_EVENT:
		return read_scalar(builder, event, begin, end);
	case YAML_SEQUENCE_START_EVENT:
		return open_collection(
			builder, SK_FORMAT_SEQUENCE, event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE,
			event->data.sequence_start.anchor, event->data.sequence_start.tag, begin, end);
	case YAML_MAPPING_START_EVENT:
		return open_collection(builder, SK_FORMAT_MAPPING,
				       event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE,
				       event->data.mapping_start.anchor, event->data.mapping_start.tag, begin, end);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		close_collection(builder, end);
		return 0;
	case YAML_STREAM_END_EVENT:
		take_waiting(builder, &builder->file->closing);
		return 0;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
		break;
	}
	return 0;
}

static int read_events(struct builder *builder, yaml_parser_t *parser)
{
	bool more = true;
	int result = 0;

	while (result == 0 && more) {
		yaml_event_t event;

		if (!yaml_parser_parse(parser, &event)) {
			if (parser->error == YAML_MEMORY_ERROR)
				return -ENOMEM;
			return refuse(builder, sk_format_cursor_byte(&builder->cursor, parser->problem_mark.index),
				      "text that begins with '!' must be quoted",
				      "a tag whose handle is not declared: the file is not laid out");
		}
		more = event.type != YAML_STREAM_END_EVENT;
		result = read_event(builder, &event);
		yaml_event_delete(&event);
	}
	return result;
}

/*
 * The line breaks that only YAML 1.1 knows, as bytes of the file: what other
 * readers make of them is anyone's guess.
 */
static int refuse_odd_breaks(struct builder *builder)
{
	static const char *const odd[] = {"\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9"};
	const struct sk_source_file *source = builder->file->source;

	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		const char *at = memmem(source->bytes, source->size, odd[i], strlen(odd[i]));

		if (at)
			return refuse(
				builder, (size_t)(at - source->bytes),
				"write it as \\N, \\L or \\P in double quotes",
				"a file with U+0085, U+2028 or U+2029 in it is not laid out: they may be line "
				"breaks or not");
	}
	return 0;
}

int sk_format_read(const struct sk_source_file *source, struct sk_arena *arena, struct sk_diagnostics *diagnostics,
		   struct sk_format_file *ret_file)
{
	struct sk_format_file file = {.source = source};
	struct builder *builder = sk_arena_alloc_zeroed(arena, 1, sizeof(*builder));
	yaml_parser_t parser;
	int result;

	if (!builder)
		return -ENOMEM;
	*builder = (struct builder){.file = &file, .arena = arena, .diagnostics = diagnostics};
	sk_format_cursor_init(&builder->cursor, source);
	result = refuse_odd_breaks(builder);
	if (result < 0)
		return result;
	result = sk_format_find_comments(source, arena, &builder->comments, &builder->comment_count);
	if (result == -EINVAL)
		return refuse(builder, 0, NULL, "the file is not laid out: its comments cannot be found");
	if (result < 0)
		return result;
	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)source->bytes + builder->cursor.first,
				     source->size - builder->cursor.first);
	result = read_events(builder, &parser);
	yaml_parser_delete(&parser);
	if (result == 0) {
		file.comments = builder->comments;
		file.comment_count = builder->comment_count;
		*ret_file = file;
	}
	return result;
}
