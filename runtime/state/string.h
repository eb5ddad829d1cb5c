/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text that threads and fds hold: immutable, shared by reference count, from
 * size-class slabs, so that a steady host never asks the heap.
 */
#ifndef SK_STATE_STRING_H
#define SK_STATE_STRING_H

#include <stddef.h>
#include <stdint.h>

struct sk_string_pool;

struct sk_string {
	uint32_t references;
	uint32_t length;
	char bytes[]; /* NUL-terminated; may hold NULs (args, env) */
};

struct sk_string_pool *sk_string_pool_create(void);
void sk_string_pool_destroy(struct sk_string_pool *pool);

/* A new string with one reference; the shared empty string without memory. */
struct sk_string *sk_string_new(struct sk_string_pool *pool, const char *bytes, size_t length);

/* Takes another reference. */
static inline struct sk_string *sk_string_share(struct sk_string *string)
{
	string->references++;
	return string;
}

/* Drops a reference. */
void sk_string_drop(struct sk_string_pool *pool, struct sk_string *string);

/*
 * Makes `*slot` hold `string` (whose reference it takes over) instead of what
 * it held.
 */
void sk_string_replace(struct sk_string_pool *pool, struct sk_string **slot, struct sk_string *string);

/* The empty string of a pool, never NULL, needs no drop (but may be dropped). */
struct sk_string *sk_string_empty(struct sk_string_pool *pool);

/* Bytes of heap that the pool holds. */
size_t sk_string_pool_memory(const struct sk_string_pool *pool);

#endif
