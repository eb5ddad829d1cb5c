/* SPDX-License-Identifier: Apache-2.0 */
#include "grammar/source.h"

#include <string.h>

void sk_sources_init(struct sk_sources *sources, struct sk_arena *arena)
{
	*sources = (struct sk_sources){.arena = arena};
}

const struct sk_source_file *sk_sources_add(struct sk_sources *sources, const char *name, const char *bytes,
					    size_t size)
{
	struct sk_source_file *file;
	sk_position first = 1;

	if (sources->count) {
		const struct sk_source_file *last = &sources->files[sources->count - 1];

		first = last->first + (sk_position)last->size + 1;
	}
	if (size >= UINT32_MAX - first)
		return NULL;
	if (sources->count == sources->capacity) {
		uint32_t capacity = sources->capacity ? sources->capacity * 2 : 8;
		struct sk_source_file *files = sk_arena_alloc_zeroed(sources->arena, capacity, sizeof(*files));

		if (!files)
			return NULL;
		if (sources->count)
			memcpy(files, sources->files, sources->count * sizeof(*files));
		sources->files = files;
		sources->capacity = capacity;
	}
	file = &sources->files[sources->count];
	file->name = sk_arena_copy(sources->arena, name, strlen(name));
	file->bytes = sk_arena_copy(sources->arena, bytes, size);
	file->size = size;
	file->first = first;
	if (!file->name || !file->bytes)
		return NULL;
	sources->count++;
	return file;
}

struct sk_place sk_sources_place(const struct sk_sources *sources, sk_position position)
{
	struct sk_place place = {.line = 1, .column = 1};
	size_t offset, line_start = 0, line_end;
	uint32_t number = sources->count;

	while (number > 0 && sources->files[number - 1].first > position)
		number--;
	if (position == 0 || number == 0)
		return (struct sk_place){0};
	place.number = number - 1;
	place.file = &sources->files[number - 1];
	offset = position - place.file->first;
	if (offset > place.file->size)
		offset = place.file->size;
	for (size_t i = 0; i < offset; i++) {
		if (place.file->bytes[i] == '\n') {
			place.line++;
			line_start = i + 1;
		}
	}
	line_end = line_start;
	while (line_end < place.file->size && place.file->bytes[line_end] != '\n')
		line_end++;
	place.column = (uint32_t)(offset - line_start) + 1;
	place.line_text = place.file->bytes + line_start;
	place.line_length = (uint32_t)(line_end - line_start);
	return place;
}

sk_position sk_text_position(const struct sk_text *text, uint32_t offset)
{
	if (offset > text->length)
		offset = text->length;
	if (!text->positions)
		return text->first ? text->first + offset : 0;
	if (offset < text->length)
		return text->positions[offset];
	return text->length && text->positions[text->length - 1] ? text->positions[text->length - 1] + 1
								 : text->first;
}

struct sk_span sk_text_span(const struct sk_text *text, uint32_t begin, uint32_t end)
{
	struct sk_span span = {.begin = sk_text_position(text, begin)};

	span.end = span.begin;
	if (!span.begin)
		return span;
	for (uint32_t i = begin; i < end && i < text->length; i++) {
		sk_position at = sk_text_position(text, i);

		/* Line breaks fold into blanks: small steps forward stay one run. */
		if (at < span.end || at > span.end + 256)
			break;
		span.end = at + 1;
	}
	return span;
}
