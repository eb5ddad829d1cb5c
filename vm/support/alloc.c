/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/support/alloc.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

static _Atomic size_t allocations_left = SIZE_MAX;
static _Atomic uint64_t allocations_made;

static bool may_allocate(void)
{
	size_t left = atomic_load_explicit(&allocations_left, memory_order_relaxed);

	if (left == 0)
		return false;
	if (left != SIZE_MAX)
		atomic_store_explicit(&allocations_left, left - 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&allocations_made, 1, memory_order_relaxed);
	return true;
}

void *sk_alloc(size_t size)
{
	return may_allocate() ? malloc(size ? size : 1) : NULL;
}

void *sk_alloc_zeroed(size_t count, size_t size)
{
	return may_allocate() ? calloc(count ? count : 1, size ? size : 1) : NULL;
}

void *sk_realloc_array(void *memory, size_t count, size_t size)
{
	return may_allocate() ? reallocarray(memory, count ? count : 1, size ? size : 1) : NULL;
}

void sk_free(void *memory)
{
	free(memory);
}

void sk_freep(void *pointer_to_pointer)
{
	void **pointer = pointer_to_pointer;

	free(*pointer);
	*pointer = NULL;
}

void sk_alloc_fail_after(size_t countdown)
{
	atomic_store(&allocations_left, countdown);
}

uint64_t sk_alloc_count(void)
{
	return atomic_load(&allocations_made);
}
