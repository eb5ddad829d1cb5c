/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of the state engine by size class: what one thread, fd or string
 * gave back serves the next, so that a steady host never asks the heap.
 *
 *   class 0 (16 bytes)  free ─► free ─► NULL
 *   class 1 (32 bytes)  free ─► NULL
 *   ...                              chunk ─► chunk ─► NULL   (all memory)
 *
 * Invariant: memory goes back with the size that it was taken with.
 */
#ifndef SK_STATE_SLAB_H
#define SK_STATE_SLAB_H

#include <stddef.h>
#include <stdint.h>

enum { SK_SLAB_CLASSES = 52, SK_SLAB_LARGEST = 1 << 17 };

struct sk_slab_chunk;

struct sk_slab {
	void *free[SK_SLAB_CLASSES];
	struct sk_slab_chunk *chunks;
	size_t memory;     /* bytes taken from the heap */
	uint64_t failures; /* allocations that the heap refused */
};

void sk_slab_init(struct sk_slab *slab);

/* Gives everything back to the heap; all memory of the slab is gone. */
void sk_slab_release(struct sk_slab *slab);

/* Uninitialised memory, 16-aligned; NULL when there is none or size > SK_SLAB_LARGEST. */
void *sk_slab_alloc(struct sk_slab *slab, size_t size);

/* Gives memory back; `size` as it was asked for.  NULL is fine. */
void sk_slab_free(struct sk_slab *slab, void *memory, size_t size);

#endif
