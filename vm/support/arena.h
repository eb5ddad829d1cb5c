/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A region of memory that is freed as a whole: everything of one compile, or
 * the scratch of one event.
 *
 *   block ─► block ─► block (current)
 *   [....]   [....]   [..used..|..free..]
 *
 * Invariant: a pointer handed out stays valid and unmoved until the arena is
 * reset or released.
 */
#ifndef SK_SUPPORT_ARENA_H
#define SK_SUPPORT_ARENA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sk_arena_block;

struct sk_arena {
	struct sk_arena_block *current;
	size_t used;  /* bytes of the current block */
	size_t total; /* bytes of all blocks */
	size_t limit; /* `total` may not grow past this; 0: no limit */
};

/* An empty arena is all zeroes; `limit` bounds what it may ever hold. */
void sk_arena_init(struct sk_arena *arena, size_t limit);

/*
 * `size` bytes aligned for any type, uninitialised.  NULL when memory or the
 * limit is exhausted.
 */
void *sk_arena_alloc(struct sk_arena *arena, size_t size);

/* As sk_arena_alloc(), zeroed, for an array; NULL on overflow too. */
void *sk_arena_alloc_zeroed(struct sk_arena *arena, size_t count, size_t size);

/* A copy of `length` bytes with a NUL behind them, or NULL. */
char *sk_arena_copy(struct sk_arena *arena, const char *bytes, size_t length);

/* printf into the arena; NULL when out of memory. */
char *sk_arena_printf(struct sk_arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* sk_arena_reset() where something is used. */
void sk_arena_forget(struct sk_arena *arena);

/* Forgets everything but keeps one block for what comes next. */
static inline void sk_arena_reset(struct sk_arena *arena)
{
	/* A newest block of which nothing is used is the only one. */
	if (arena->used)
		sk_arena_forget(arena);
}

/* Frees everything; the arena is empty and usable again. */
void sk_arena_release(struct sk_arena *arena);

#ifdef __cplusplus
}
#endif

#endif
