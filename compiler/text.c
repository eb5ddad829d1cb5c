/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text put together from pieces, each byte with the position that it has in
 * its file.  What glues pieces together (blanks, commas, quotes) takes the
 * position of the piece beside it.
 */
#include <errno.h>
#include <string.h>

#include "compiler/pack_private.h"
#include "grammar/parse.h"
#include "vm/support/alloc.h"

static bool reserve(struct sk_builder *builder, uint32_t more)
{
	uint64_t capacity = builder->capacity ? builder->capacity : 256;
	sk_position *positions;
	char *bytes;

	if (builder->failed)
		return false;
	if (more < builder->capacity - builder->length)
		return true;
	while (capacity <= (uint64_t)builder->length + more)
		capacity *= 2;
	/* No text comes near this: callers stop at SK_PARSE_TEXT_LIMIT. */
	if (capacity > UINT32_MAX / 2)
		goto failed;
	bytes = sk_realloc_array(builder->bytes, capacity, 1);
	if (!bytes)
		goto failed;
	builder->bytes = bytes;
	positions = sk_realloc_array(builder->positions, capacity, sizeof(*positions));
	if (!positions)
		goto failed;
	builder->positions = positions;
	builder->capacity = (uint32_t)capacity;
	return true;
failed:
	builder->failed = true;
	return false;
}

void sk_builder_append_range(struct sk_builder *builder, const struct sk_text *text, uint32_t begin, uint32_t end)
{
	uint32_t length = end - begin;
	sk_position *positions;

	if (begin >= end || !reserve(builder, length))
		return;
	memcpy(builder->bytes + builder->length, text->bytes + begin, length);
	positions = builder->positions + builder->length;
	if (text->positions) {
		memcpy(positions, text->positions + begin, length * sizeof(*positions));
	} else {
		for (uint32_t i = 0; i < length; i++)
			positions[i] = text->first ? text->first + begin + i : 0;
	}
	builder->length += length;
	builder->bytes[builder->length] = '\0';
}

void sk_builder_append(struct sk_builder *builder, const struct sk_text *text)
{
	sk_builder_append_range(builder, text, 0, text->length);
}

void sk_builder_append_at(struct sk_builder *builder, const char *bytes, sk_position position)
{
	uint32_t length = (uint32_t)strlen(bytes);

	if (!reserve(builder, length))
		return;
	memcpy(builder->bytes + builder->length, bytes, length + 1);
	for (uint32_t i = 0; i < length; i++)
		builder->positions[builder->length + i] = position;
	builder->length += length;
}

void sk_builder_append_quoted(struct sk_builder *builder, const struct sk_text *text)
{
	bool quote = memchr(text->bytes, ' ', text->length) && text->bytes[0] != '"' && text->bytes[0] != '\'';

	if (quote)
		sk_builder_append_at(builder, "\"", sk_text_position(text, 0));
	sk_builder_append(builder, text);
	if (quote)
		sk_builder_append_at(builder, "\"", sk_text_position(text, text->length - 1));
}

void sk_builder_release(struct sk_builder *builder)
{
	sk_free(builder->bytes);
	sk_free(builder->positions);
	*builder = (struct sk_builder){0};
}

struct sk_text sk_builder_text(const struct sk_builder *builder)
{
	return (struct sk_text){.bytes = builder->bytes ? builder->bytes : "",
				.length = builder->length,
				.first = builder->length ? builder->positions[0] : 0,
				.positions = builder->positions};
}

struct sk_text *sk_text_copy(const struct sk_text *text, struct sk_arena *arena)
{
	struct sk_text *copy = sk_arena_alloc_zeroed(arena, 1, sizeof(*copy));
	sk_position *positions = NULL;

	if (!copy)
		return NULL;
	copy->bytes = sk_arena_copy(arena, text->bytes, text->length);
	if (text->positions) {
		positions = sk_arena_alloc(arena, text->length * sizeof(*positions));
		if (!positions)
			return NULL;
		memcpy(positions, text->positions, text->length * sizeof(*positions));
	}
	copy->length = text->length;
	copy->first = text->first;
	copy->positions = positions;
	return copy->bytes ? copy : NULL;
}

bool sk_text_cut(const struct sk_text *text, uint32_t begin, uint32_t end, struct sk_arena *arena,
		 struct sk_text *ret_text)
{
	struct sk_text cut = {.length = end - begin, .first = sk_text_position(text, begin)};

	cut.bytes =
		end == text->length ? text->bytes + begin : sk_arena_copy(arena, text->bytes + begin, cut.length);
	if (text->positions)
		cut.positions = text->positions + begin;
	if (!cut.bytes)
		return false;
	*ret_text = cut;
	return true;
}

static bool is_white(char byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

bool sk_text_trim(const struct sk_text *text, struct sk_arena *arena, struct sk_text *ret_text)
{
	uint32_t begin = 0, end = text->length;

	while (begin < end && is_white(text->bytes[begin]))
		begin++;
	while (end > begin && is_white(text->bytes[end - 1]))
		end--;
	return sk_text_cut(text, begin, end, arena, ret_text);
}

bool sk_text_equals(const struct sk_text *text, const char *bytes)
{
	return text->length == strlen(bytes) && memcmp(text->bytes, bytes, text->length) == 0;
}

/* Moves a text into memory of the arena that it does not share. */
static int make_room(struct sk_text *text, uint32_t *capacity, uint32_t needed, struct sk_arena *arena)
{
	uint32_t larger = needed * 2 > 256 ? needed * 2 : 256;
	char *bytes = sk_arena_alloc(arena, larger);
	sk_position *positions = sk_arena_alloc(arena, larger * sizeof(*positions));

	if (!bytes || !positions)
		return -ENOMEM;
	memcpy(bytes, text->bytes, text->length);
	for (uint32_t i = 0; i < text->length; i++)
		positions[i] = sk_text_position(text, i);
	text->bytes = bytes;
	text->positions = positions;
	*capacity = larger;
	return 0;
}

int sk_text_extend(struct sk_text *text, uint32_t *capacity, const struct sk_text *more, struct sk_arena *arena)
{
	uint64_t length = (uint64_t)text->length + 1 + more->length;
	sk_position *positions;
	char *bytes;

	if (length > SK_PARSE_TEXT_LIMIT)
		return -E2BIG;
	if (length + 1 > *capacity && make_room(text, capacity, (uint32_t)length + 1, arena) < 0)
		return -ENOMEM;
	/* Both were allocated by make_room(): only the struct says that readers may not write. */
	bytes = (char *)text->bytes;
	positions = (sk_position *)text->positions;
	bytes[text->length] = ' ';
	positions[text->length] = sk_text_position(more, 0);
	memcpy(bytes + text->length + 1, more->bytes, more->length);
	for (uint32_t i = 0; i < more->length; i++)
		positions[text->length + 1 + i] = sk_text_position(more, i);
	bytes[length] = '\0';
	text->length = (uint32_t)length;
	return 0;
}
