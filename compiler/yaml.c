/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The YAML loader: libyaml's events become nodes.
 *
 *   frames   [document] [sequence] [mapping: key waits]     innermost last
 *
 * Invariant: a node is reachable by an alias only once it is complete, so
 * there are no cycles; `expanded` of a complete node is right.
 */
#include "compiler/yaml.h"

#include <errno.h>
#include <string.h>
#include <yaml.h>

#include "compiler/names.h"
#include "vm/support/alloc.h"

/* How often a tag that libyaml cannot resolve is blanked out before giving up. */
enum { TAG_RETRY_LIMIT = 16 };

struct frame {
	struct sk_yaml_node *node; /* NULL: the document itself */
	struct sk_yaml_node *key;  /* of a mapping, waiting for its value */
	uint32_t capacity;
	uint32_t anchor; /* number of the node's anchor, or SK_NAME_NONE */
};

struct reader {
	const struct sk_source_file *file;
	const char *bytes; /* of the file, or a copy without unresolvable tags */
	struct sk_arena *arena;
	struct sk_diagnostics *diagnostics;
	size_t skipped; /* bytes of a byte order mark */

	/* libyaml counts characters: where the last one that was looked up is. */
	size_t character, byte;

	struct frame frames[SK_YAML_DEPTH_LIMIT + 1];
	uint32_t depth;

	struct sk_names anchors; /* numbers in `anchored`; below `anchors_first`: of earlier documents */
	uint32_t anchors_first;
	struct sk_yaml_node **anchored;
	uint32_t anchored_count, anchored_capacity;

	struct sk_yaml_stream stream;
	uint32_t stream_capacity;
	uint64_t expanded; /* of the documents that are complete */
	uint64_t aliased;  /* bytes of texts that stand for aliases */
};

static int out_of_memory(struct reader *reader)
{
	reader->diagnostics->out_of_memory = true;
	return -ENOMEM;
}

/* The byte that character `index` of the file begins at. */
static size_t byte_of(struct reader *reader, size_t index)
{
	const char *bytes = reader->bytes;
	size_t size = reader->file->size;

	while (reader->character < index && reader->byte < size) {
		uint64_t next;

		/* Nearly all are of one byte: eight of them at once. */
		if (index - reader->character >= sizeof(next) && size - reader->byte > sizeof(next)) {
			memcpy(&next, bytes + reader->byte + 1, sizeof(next));
			if (!(next & UINT64_C(0x8080808080808080))) {
				reader->byte += sizeof(next);
				reader->character += sizeof(next);
				continue;
			}
		}
		reader->byte++;
		while (reader->byte < size && (bytes[reader->byte] & 0xc0) == 0x80)
			reader->byte++;
		reader->character++;
	}
	while (reader->character > index && reader->byte > reader->skipped) {
		reader->byte--;
		while (reader->byte > reader->skipped && (bytes[reader->byte] & 0xc0) == 0x80)
			reader->byte--;
		reader->character--;
	}
	return reader->byte;
}

static struct sk_span span_of(const struct reader *reader, size_t begin, size_t end)
{
	return (struct sk_span){.begin = reader->file->first + (sk_position)begin,
				.end = reader->file->first + (sk_position)(end > begin ? end : begin + 1)};
}

static const struct {
	const char *problem, *hint;
} hints[] = {
	{"mapping values are not allowed",
	 "text with ': ' in it must be quoted; otherwise look at the indentation"},
	{"did not find expected key", "look at the indentation, and for a quote that ends too early"},
	{"did not find expected '-' indicator", "all items of a list are indented alike"},
	{"did not find expected ',' or ']'", "an item with ',' '[' ']' or a quote inside must be quoted"},
	{"did not find expected ',' or '}'", "text with ',' '{' '}' or a quote inside must be quoted"},
	{"found unexpected end of stream", "a quote or bracket that was opened here is never closed"},
	{"expected alphabetic or numeric character", "text that begins with '*' or '&' must be quoted"},
	{"control characters are not allowed", "write it as an escape in double quotes"},
	{"found unknown escape character",
	 "in double quotes a backslash is written \\\\; single quotes take it as it is"},
	{"found a tab character", "YAML is indented with blanks only"},
};

static const char *hint_for(const char *problem, char byte)
{
	if (strstr(problem, "cannot start any token"))
		return byte == '\t' ? "YAML is indented with blanks only"
				    : "text that begins with this must be quoted";
	for (size_t i = 0; i < sizeof(hints) / sizeof(*hints); i++) {
		if (strstr(problem, hints[i].problem))
			return hints[i].hint;
	}
	return NULL;
}

static int refuse(struct reader *reader, size_t byte, const char *hint, const char *message)
{
	sk_diagnostics_add(reader->diagnostics, SK_DIAGNOSTIC_YAML_PARSE, span_of(reader, byte, byte + 1), hint,
			   "%s", message);
	return -EINVAL;
}

/* What libyaml found wrong, in its words, with what helps. */
static int report_problem(struct reader *reader, const yaml_parser_t *parser)
{
	const char *problem = parser->problem ? parser->problem : "not YAML";
	size_t byte;

	if (parser->error == YAML_MEMORY_ERROR)
		return out_of_memory(reader);
	if (parser->error == YAML_READER_ERROR)
		byte = parser->problem_offset + reader->skipped;
	else if (strstr(problem, "unexpected end of stream"))
		byte = byte_of(reader, parser->context_mark.index);
	else
		byte = byte_of(reader, parser->problem_mark.index);
	if (byte > reader->file->size)
		byte = reader->file->size;
	sk_diagnostics_add(reader->diagnostics, SK_DIAGNOSTIC_YAML_PARSE, span_of(reader, byte, byte + 1),
			   hint_for(problem, reader->bytes[byte]), "%s%s%s", problem, parser->context ? " " : "",
			   parser->context ? parser->context : "");
	return -EINVAL;
}

/* Room for one more pointer behind `count` of them. */
static int reserve(struct reader *reader, struct sk_yaml_node ***array, uint32_t count, uint32_t *capacity)
{
	uint32_t larger = *capacity ? *capacity * 2 : 4;
	struct sk_yaml_node **moved;

	if (count < *capacity)
		return 0;
	moved = sk_arena_alloc_zeroed(reader->arena, larger, sizeof(struct sk_yaml_node *));
	if (!moved)
		return out_of_memory(reader);
	if (count)
		memcpy(moved, *array, count * sizeof(struct sk_yaml_node *));
	*array = moved;
	*capacity = larger;
	return 0;
}

static int check_expanded(struct reader *reader, uint64_t expanded, size_t byte)
{
	if (expanded + reader->expanded <= SK_YAML_NODE_LIMIT)
		return 0;
	return refuse(reader, byte, NULL, "too many nodes: the file, with its aliases expanded, is too large");
}

/* Puts a complete node into what surrounds it. */
static int place_node(struct reader *reader, struct sk_yaml_node *node, size_t byte)
{
	struct frame *frame = &reader->frames[reader->depth];
	struct sk_yaml_node *parent = frame->node;
	uint32_t capacity = frame->capacity;

	if (!parent) {
		if (reserve(reader, &reader->stream.documents, reader->stream.count, &reader->stream_capacity) < 0)
			return -ENOMEM;
		reader->stream.documents[reader->stream.count++] = node;
		reader->expanded += node->expanded;
		return check_expanded(reader, 0, byte);
	}
	if (parent->count >= SK_YAML_ITEM_LIMIT)
		return refuse(reader, byte, "spread them over several lists",
			      parent->kind == SK_YAML_SEQUENCE ? "a sequence has more than 250000 items"
							       : "a mapping has more than 250000 keys");
	parent->expanded += node->expanded;
	parent->bytes += node->bytes;
	if (check_expanded(reader, parent->expanded, byte) < 0)
		return -EINVAL;
	if (parent->kind == SK_YAML_MAPPING && !frame->key) {
		frame->key = node;
		return 0;
	}
	if (parent->kind == SK_YAML_MAPPING) {
		if (reserve(reader, &parent->keys, parent->count, &capacity) < 0)
			return -ENOMEM;
		parent->keys[parent->count] = frame->key;
		frame->key = NULL;
	}
	if (reserve(reader, &parent->items, parent->count, &frame->capacity) < 0)
		return -ENOMEM;
	parent->items[parent->count++] = node;
	return 0;
}

/* Numbers an anchor; its node is set when it is complete. */
static int add_anchor(struct reader *reader, const yaml_char_t *name, uint32_t *ret_anchor)
{
	size_t length = name ? strlen((const char *)name) : 0;
	char *copy;

	*ret_anchor = SK_NAME_NONE;
	if (!name)
		return 0;
	copy = sk_arena_copy(reader->arena, (const char *)name, length);
	if (!copy || reserve(reader, &reader->anchored, reader->anchored_count, &reader->anchored_capacity) < 0 ||
	    sk_names_set(&reader->anchors, copy, length, reader->anchored_count) < 0)
		return out_of_memory(reader);
	reader->anchored[reader->anchored_count] = NULL;
	*ret_anchor = reader->anchored_count++;
	return 0;
}

static int finish_node(struct reader *reader, struct sk_yaml_node *node, uint32_t anchor, size_t byte)
{
	if (anchor != SK_NAME_NONE)
		reader->anchored[anchor] = node;
	return place_node(reader, node, byte);
}

static bool is_null(const yaml_event_t *event)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
	const char *value = (const char *)event->data.scalar.value;

	if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE || event->data.scalar.tag)
		return false;
	for (size_t i = 0; i < sizeof(nulls) / sizeof(*nulls); i++) {
		if (strlen(nulls[i]) == event->data.scalar.length && strcmp(value, nulls[i]) == 0)
			return true;
	}
	return false;
}

enum sk_yaml_style sk_yaml_style_of(int style)
{
	switch ((yaml_scalar_style_t)style) {
	case YAML_SINGLE_QUOTED_SCALAR_STYLE:
		return SK_YAML_SINGLE_QUOTED;
	case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
		return SK_YAML_DOUBLE_QUOTED;
	case YAML_LITERAL_SCALAR_STYLE:
	case YAML_FOLDED_SCALAR_STYLE:
		return SK_YAML_BLOCK;
	case YAML_ANY_SCALAR_STYLE:
	case YAML_PLAIN_SCALAR_STYLE:
		break;
	}
	return SK_YAML_PLAIN;
}

static int read_scalar(struct reader *reader, const yaml_event_t *event, size_t begin, size_t end)
{
	struct sk_yaml_node *node = sk_arena_alloc_zeroed(reader->arena, 1, sizeof(*node));
	uint32_t anchor;

	if (!node)
		return out_of_memory(reader);
	node->kind = SK_YAML_SCALAR;
	node->expanded = 1;
	node->bytes = event->data.scalar.length;
	node->null = is_null(event);
	if (sk_yaml_align(reader->file, begin, end, sk_yaml_style_of(event->data.scalar.style),
			  (const char *)event->data.scalar.value, event->data.scalar.length, reader->arena,
			  &node->text) < 0)
		return out_of_memory(reader);
	/* Tags, anchors and the rest of a block's last line are not worth underlining. */
	node->span = sk_text_span(&node->text, 0, node->text.length);
	if (node->span.begin == node->span.end)
		node->span = span_of(reader, begin, end);
	if (add_anchor(reader, event->data.scalar.anchor, &anchor) < 0)
		return -ENOMEM;
	return finish_node(reader, node, anchor, begin);
}

static int open_collection(struct reader *reader, enum sk_yaml_kind kind, const yaml_char_t *anchor, size_t begin)
{
	struct sk_yaml_node *node;
	struct frame *frame;

	if (reader->depth >= SK_YAML_DEPTH_LIMIT)
		return refuse(reader, begin, NULL, "lists and mappings are nested too deep");
	node = sk_arena_alloc_zeroed(reader->arena, 1, sizeof(*node));
	if (!node)
		return out_of_memory(reader);
	node->kind = kind;
	node->expanded = 1;
	node->span = span_of(reader, begin, begin + 1);
	frame = &reader->frames[++reader->depth];
	*frame = (struct frame){.node = node};
	return add_anchor(reader, anchor, &frame->anchor);
}

static int close_collection(struct reader *reader, size_t byte)
{
	struct frame frame = reader->frames[reader->depth];
	struct sk_yaml_node *first = frame.node->count ? frame.node->items[0] : NULL;

	if (frame.node->kind == SK_YAML_MAPPING && first)
		first = frame.node->keys[0];
	/* An alias may be from elsewhere: only what stands here shows where this is. */
	if (first && first->span.begin >= frame.node->span.begin)
		frame.node->span = first->span;
	reader->depth--;
	return finish_node(reader, frame.node, frame.anchor, byte);
}

static int read_alias(struct reader *reader, const yaml_event_t *event, size_t begin)
{
	const char *name = (const char *)event->data.alias.anchor;
	uint32_t anchor = sk_names_find(&reader->anchors, name, strlen(name));

	if (anchor == SK_NAME_NONE || anchor < reader->anchors_first)
		return refuse(reader, begin, "text that begins with '*' must be quoted",
			      "an alias without an anchor of that name before it");
	if (!reader->anchored[anchor])
		return refuse(reader, begin, NULL, "an alias stands inside what it stands for");
	reader->aliased += reader->anchored[anchor]->bytes;
	if (reader->aliased > SK_YAML_ALIAS_LIMIT)
		return refuse(reader, begin, NULL, "too much text: aliases add more than 4 MiB to the file");
	return place_node(reader, reader->anchored[anchor], begin);
}

static int read_event(struct reader *reader, const yaml_event_t *event)
{
	size_t begin = byte_of(reader, event->start_mark.index);
	size_t end = byte_of(reader, event->end_mark.index);

	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		reader->anchors_first = reader->anchored_count;
		return 0;
	case YAML_ALIAS_EVENT:
		return read_alias(reader, event, begin);
	case YAML_SCALAR_EVENT:
		return read_scalar(reader, event, begin, end);
	case YAML_SEQUENCE_START_EVENT:
		return open_collection(reader, SK_YAML_SEQUENCE, event->data.sequence_start.anchor, begin);
	case YAML_MAPPING_START_EVENT:
		return open_collection(reader, SK_YAML_MAPPING, event->data.mapping_start.anchor, begin);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return close_collection(reader, end);
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
	return 0;
}

/*
 * `desc: !a!b text` has a tag with a handle that nothing declares: libyaml
 * refuses it, the reference does not care.  Returns the byte of such a tag, or
 * SIZE_MAX.
 */
static size_t unresolved_tag(struct reader *reader, const yaml_parser_t *parser)
{
	size_t byte;

	if (parser->error != YAML_PARSER_ERROR || !parser->problem ||
	    strcmp(parser->problem, "found undefined tag handle") != 0)
		return SIZE_MAX;
	byte = byte_of(reader, parser->problem_mark.index);
	while (byte < reader->file->size && reader->bytes[byte] == '&') {
		byte += strcspn(reader->bytes + byte, " \t\r\n");
		byte += strspn(reader->bytes + byte, " \t\r\n");
	}
	return byte < reader->file->size && reader->bytes[byte] == '!' ? byte : SIZE_MAX;
}

/* One run over the file.  Returns 1 with `*ret_tag` set if it is worth another one. */
static int read_stream(struct reader *reader, size_t *ret_tag)
{
	yaml_parser_t parser;
	bool more = true;
	int result = 0;

	if (!yaml_parser_initialize(&parser))
		return out_of_memory(reader);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)reader->bytes + reader->skipped,
				     reader->file->size - reader->skipped);
	while (result == 0 && more) {
		yaml_event_t event;

		if (!yaml_parser_parse(&parser, &event)) {
			*ret_tag = unresolved_tag(reader, &parser);
			result = *ret_tag != SIZE_MAX ? 1 : report_problem(reader, &parser);
			break;
		}
		more = event.type != YAML_STREAM_END_EVENT;
		result = read_event(reader, &event);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return result;
}

static void blank_tag(char *bytes, size_t at)
{
	while (bytes[at] && !strchr(" \t\r\n", bytes[at]))
		bytes[at++] = ' ';
}

int sk_yaml_parse(const struct sk_source_file *file, struct sk_arena *arena, struct sk_diagnostics *diagnostics,
		  struct sk_yaml_stream *ret_stream)
{
	SK_CLEANUP_FREE struct reader *reader = sk_alloc_zeroed(1, sizeof(*reader));
	SK_CLEANUP_FREE char *copy = NULL;
	const char *bytes = file->bytes;
	int result = 1;

	if (!reader) {
		diagnostics->out_of_memory = true;
		return -ENOMEM;
	}
	for (int run = 0; result == 1; run++) {
		size_t tag = 0;

		*reader = (struct reader){.file = file,
					  .bytes = bytes,
					  .arena = arena,
					  .diagnostics = diagnostics,
					  .anchors = {.arena = arena}};
		if (file->size > SK_YAML_SIZE_LIMIT)
			return refuse(reader, 0, NULL, "the file is larger than 16 MiB");
		if (file->size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
			reader->skipped = reader->byte = 3;
		result = read_stream(reader, &tag);
		if (result != 1)
			break;
		if (run == TAG_RETRY_LIMIT)
			return refuse(reader, tag, "text that begins with '!' must be quoted",
				      "too many tags whose handle is not declared");
		if (!copy) {
			copy = sk_alloc(file->size + 1);
			if (!copy)
				return out_of_memory(reader);
			memcpy(copy, file->bytes, file->size + 1);
			bytes = copy;
		}
		blank_tag(copy, tag);
	}
	if (result == 0)
		*ret_stream = reader->stream;
	return result;
}

bool sk_yaml_equals(const struct sk_yaml_node *node, const char *text)
{
	return node && node->kind == SK_YAML_SCALAR && node->text.length == strlen(text) &&
	       memcmp(node->text.bytes, text, node->text.length) == 0;
}

struct sk_yaml_node *sk_yaml_get(const struct sk_yaml_node *mapping, const char *key)
{
	for (uint32_t i = 0; i < mapping->count; i++) {
		if (sk_yaml_equals(mapping->keys[i], key))
			return mapping->items[i];
	}
	return NULL;
}
