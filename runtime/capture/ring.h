/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a BPF ring buffer in batches.
 *
 *   page 0          page 1          data, mapped twice in a row
 *   +-------------+ +-------------+ +---------+---------+---------+--
 *   | consumed up | | produced up | | length  | length  | record  | ...
 *   | to (ours)   | | to          | | + flags |  ...    |         |
 *   +-------------+ +-------------+ +---------+---------+---------+--
 *
 * The kernel writes records in order and marks each as busy until it is
 * complete.  Invariant: what lies before the consumed position is never
 * looked at again, since the kernel may overwrite it.
 */
#ifndef SK_CAPTURE_RING_H
#define SK_CAPTURE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sk_ring {
	uint64_t *consumer;       /* mapped writable: what the kernel sees as free */
	const uint64_t *producer; /* mapped read-only, with the data behind it */
	const uint8_t *data;
	size_t size; /* of the data, a power of two */
	size_t page;
};

/* Maps the ring buffer `map_fd` of `size` bytes.  Negative errno. */
int sk_ring_open(int map_fd, size_t size, struct sk_ring *ret_ring);

void sk_ring_close(struct sk_ring *ring);

/* True if there is something that has not been consumed. */
bool sk_ring_pending(const struct sk_ring *ring);

/*
 * Hands at most `limit` complete records to `handle`, in order.  Returns their
 * number, or the first negative value that `handle` returned; that record is
 * consumed too.
 */
int sk_ring_consume(struct sk_ring *ring, int limit,
		    int (*handle)(void *context, const uint8_t *bytes, size_t size), void *context);

#endif
