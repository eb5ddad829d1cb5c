/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/support/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vm/support/alloc.h"

enum { FIRST_BLOCK = 16 * 1024, LARGEST_GROWTH = 4 * 1024 * 1024 };

struct sk_arena_block {
	struct sk_arena_block *previous;
	size_t size;
	alignas(max_align_t) char bytes[];
};

void sk_arena_init(struct sk_arena *arena, size_t limit)
{
	*arena = (struct sk_arena){.limit = limit};
}

/* Blocks double, so that a large compile costs few of them. */
static struct sk_arena_block *add_block(struct sk_arena *arena, size_t need)
{
	size_t size = arena->current ? arena->current->size * 2 : FIRST_BLOCK;
	struct sk_arena_block *block;

	if (size > LARGEST_GROWTH)
		size = LARGEST_GROWTH;
	if (size < need)
		size = need;
	if (arena->limit && size > arena->limit - arena->total) {
		size = need;
		if (size > arena->limit - arena->total)
			return NULL;
	}
	block = sk_alloc(sizeof(*block) + size);
	if (!block)
		return NULL;
	block->previous = arena->current;
	block->size = size;
	arena->current = block;
	arena->used = 0;
	arena->total += size;
	return block;
}

void *sk_arena_alloc(struct sk_arena *arena, size_t size)
{
	void *memory;

	if (size > SIZE_MAX / 4)
		return NULL;
	size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (!arena->current || arena->current->size - arena->used < size) {
		if (!add_block(arena, size))
			return NULL;
	}
	memory = arena->current->bytes + arena->used;
	arena->used += size;
	return memory;
}

void *sk_arena_alloc_zeroed(struct sk_arena *arena, size_t count, size_t size)
{
	size_t total;
	void *memory;

	if (__builtin_mul_overflow(count, size, &total))
		return NULL;
	memory = sk_arena_alloc(arena, total);
	return memory ? memset(memory, 0, total) : NULL;
}

char *sk_arena_copy(struct sk_arena *arena, const char *bytes, size_t length)
{
	char *copy = length < SIZE_MAX ? sk_arena_alloc(arena, length + 1) : NULL;

	if (!copy)
		return NULL;
	if (length)
		memcpy(copy, bytes, length);
	copy[length] = '\0';
	return copy;
}

char *sk_arena_printf(struct sk_arena *arena, const char *format, ...)
{
	va_list arguments;
	char *text = NULL;
	int length;

	va_start(arguments, format);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0)
		return NULL;
	text = sk_arena_alloc(arena, (size_t)length + 1);
	if (!text)
		return NULL;
	va_start(arguments, format);
	vsnprintf(text, (size_t)length + 1, format, arguments);
	va_end(arguments);
	return text;
}

static void free_blocks_until(struct sk_arena *arena, struct sk_arena_block *keep)
{
	while (arena->current && arena->current != keep) {
		struct sk_arena_block *block = arena->current;

		arena->current = block->previous;
		arena->total -= block->size;
		sk_free(block);
	}
	arena->used = 0;
}

void sk_arena_forget(struct sk_arena *arena)
{
	struct sk_arena_block *newest = arena->current;

	if (!newest->previous) {
		arena->used = 0;
		return;
	}
	/* The newest block is the largest: keep that one. */
	arena->current = newest->previous;
	free_blocks_until(arena, NULL);
	newest->previous = NULL;
	arena->current = newest;
	arena->total = newest->size;
}

void sk_arena_release(struct sk_arena *arena)
{
	free_blocks_until(arena, NULL);
	arena->total = 0;
}
