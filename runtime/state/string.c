/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/string.h"

#include <assert.h>
#include <string.h>

#include "runtime/state/string_pool.h"
#include "vm/support/alloc.h"

/*
 * The empty string lives in the pool and is never counted, so that a failed
 * allocation always has something valid to give.
 */
struct sk_string_pool {
	struct sk_slab slab;
	union {
		struct sk_string string;
		unsigned char storage[sizeof(struct sk_string) + 8];
	} empty;
};

struct sk_string_pool *sk_string_pool_create(void)
{
	struct sk_string_pool *pool = sk_alloc_zeroed(1, sizeof(*pool));

	if (!pool)
		return NULL;
	sk_slab_init(&pool->slab);
	pool->empty.string.references = 1;
	return pool;
}

void sk_string_pool_destroy(struct sk_string_pool *pool)
{
	if (!pool)
		return;
	sk_slab_release(&pool->slab);
	sk_free(pool);
}

struct sk_slab *sk_string_pool_slab(struct sk_string_pool *pool)
{
	return &pool->slab;
}

static size_t string_size(size_t length)
{
	return sizeof(struct sk_string) + length + 1;
}

struct sk_string *sk_string_new_uninitialised(struct sk_string_pool *pool, size_t length)
{
	struct sk_string *string;

	if (length > SK_STRING_LIMIT)
		length = SK_STRING_LIMIT;
	if (length == 0)
		return &pool->empty.string;
	string = sk_slab_alloc(&pool->slab, string_size(length));
	if (!string)
		return &pool->empty.string;
	string->references = 1;
	string->length = (uint32_t)length;
	string->bytes[length] = '\0';
	return string;
}

struct sk_string *sk_string_new(struct sk_string_pool *pool, const char *bytes, size_t length)
{
	struct sk_string *string = sk_string_new_uninitialised(pool, length);

	if (string->length > 0)
		memcpy(string->bytes, bytes, string->length);
	return string;
}

void sk_string_drop(struct sk_string_pool *pool, struct sk_string *string)
{
	if (!string || string == &pool->empty.string)
		return;
	assert(string->references > 0);
	if (--string->references == 0)
		sk_slab_free(&pool->slab, string, string_size(string->length));
}

void sk_string_replace(struct sk_string_pool *pool, struct sk_string **slot, struct sk_string *string)
{
	struct sk_string *old = *slot;

	*slot = string;
	sk_string_drop(pool, old);
}

bool sk_string_assign(struct sk_string_pool *pool, struct sk_string **slot, struct sk_string *hint,
		      const char *bytes, size_t length)
{
	if (length > SK_STRING_LIMIT)
		length = SK_STRING_LIMIT;
	if (sk_string_equal(*slot, bytes, length))
		return false;
	if (hint && sk_string_equal(hint, bytes, length))
		sk_string_replace(pool, slot, sk_string_share(hint));
	else
		sk_string_replace(pool, slot, sk_string_new(pool, bytes, length));
	return true;
}

struct sk_string *sk_string_empty(struct sk_string_pool *pool)
{
	return &pool->empty.string;
}

size_t sk_string_pool_memory(const struct sk_string_pool *pool)
{
	return sizeof(*pool) + pool->slab.memory;
}
