/* SPDX-License-Identifier: Apache-2.0 */
#include "grammar/source.h"

#include <string.h>

void sk_sources_init(struct sk_sources *sources, struct sk_arena *arena)
{
	*sources = (struct sk_sources){.arena = arena};
}

/*
 * Places are asked for thousands of times a compile, once for each predicate:
 * so the lines are found once, when the file comes in.
 */
static bool find_lines(struct sk_arena *arena, struct sk_source_file *file)
{
	const char *const end = file->bytes + file->size;
	uint32_t count = 1, *lines;

	for (const char *at = file->bytes; (at = memchr(at, '\n', (size_t)(end - at))); at++)
		count++;
	lines = sk_arena_alloc_zeroed(arena, count, sizeof(*lines));
	if (!lines)
		return false;
	file->lines = lines;
	file->line_count = count;
	lines++;
	for (const char *at = file->bytes; (at = memchr(at, '\n', (size_t)(end - at)));)
		*lines++ = (uint32_t)(++at - file->bytes);
	return true;
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
	if (!file->name || !file->bytes || !find_lines(sources->arena, file))
		return NULL;
	sources->count++;
	return file;
}

struct sk_place sk_sources_place(const struct sk_sources *sources, sk_position position)
{
	struct sk_place place = {0};
	uint32_t number = sources->count, low = 0, high, start, end;
	size_t offset;

	while (number > 0 && sources->files[number - 1].first > position)
		number--;
	if (position == 0 || number == 0)
		return place;
	place.number = number - 1;
	place.file = &sources->files[number - 1];
	offset = position - place.file->first;
	if (offset > place.file->size)
		offset = place.file->size;
	high = place.file->line_count;
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (place.file->lines[middle] <= offset)
			low = middle;
		else
			high = middle;
	}
	start = place.file->lines[low];
	end = low + 1 < place.file->line_count ? place.file->lines[low + 1] - 1 : (uint32_t)place.file->size;
	place.line = low + 1;
	place.column = (uint32_t)offset - start + 1;
	place.line_text = place.file->bytes + start;
	place.line_length = end - start;
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

bool sk_text_find(const struct sk_text *text, sk_position position, uint32_t *ret_offset)
{
	uint32_t low = 0, high = text->length;

	if (!position || position < sk_text_position(text, 0))
		return false;
	/* The last byte at or before the position: low stands there, high does not. */
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (sk_text_position(text, middle) <= position)
			low = middle;
		else
			high = middle;
	}
	*ret_offset = text->length && position >= sk_text_position(text, text->length) ? text->length : low;
	return true;
}

struct sk_span sk_text_span(const struct sk_text *text, uint32_t begin, uint32_t end)
{
	struct sk_span span = {.begin = sk_text_position(text, begin)};

	span.end = span.begin;
	if (end > text->length)
		end = text->length;
	if (!span.begin || begin >= end)
		return span;
	if (!text->positions) {
		span.end = text->first + end;
		return span;
	}
	for (uint32_t i = begin; i < end; i++) {
		const sk_position at = text->positions[i];

		/*
		 * Line breaks fold into blanks: small steps forward stay one run.  So do quotes that were put
		 * around an item, which stand where its first and last byte are.
		 */
		if (at < span.begin || at > span.end + 256)
			break;
		if (at >= span.end)
			span.end = at + 1;
	}
	return span;
}
