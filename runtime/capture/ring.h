/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A BPF ring buffer, mapped.
 *
 *   page 0          page 1          data, mapped twice in a row
 *   +-------------+ +-------------+ +---------+---------+---------+--
 *   | consumed up | | produced up | | length  | length  | record  | ...
 *   | to (ours)   | | to          | | + flags |  ...    |         |
 *   +-------------+ +-------------+ +---------+---------+---------+--
 *
 * The kernel reserves room for records one after another and marks each as
 * busy until it is complete; its length is there from the beginning.
 * Invariant: what lies before the consumed position is never looked at again,
 * since the kernel may overwrite it.
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

/* A record. */
struct sk_ring_place {
	const uint8_t *bytes; /* complete ones, until their room is released */
	uint32_t length;
	bool busy;      /* its bytes are still being written */
	bool discarded; /* nobody shall see it */
	uint64_t next;  /* position of the one behind it */
};

enum { SK_RING_HEAD = 8 }; /* bytes before those of a record, whose room is a multiple of 8 */

/* Maps the ring buffer `map_fd` of `size` bytes.  Negative errno. */
int sk_ring_open(int map_fd, size_t size, struct sk_ring *ret_ring);

void sk_ring_close(struct sk_ring *ring);

/* Up to where records are reserved; what they say may be read after this. */
uint64_t sk_ring_end(const struct sk_ring *ring);

/* True if there is something that has not been released. */
bool sk_ring_pending(const struct sk_ring *ring);

/* The record at `position`, which lies before sk_ring_end() and has not been released. */
struct sk_ring_place sk_ring_look(const struct sk_ring *ring, uint64_t position);

/* The kernel may use the room of everything before `position`. */
void sk_ring_release(struct sk_ring *ring, uint64_t position);

#endif
