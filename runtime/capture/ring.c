/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/capture/ring.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/bpf.h>

_Static_assert((int)SK_RING_HEAD == (int)BPF_RINGBUF_HDR_SZ, "head of a record");

int sk_ring_open(int map_fd, size_t size, struct sk_ring *ret_ring)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint64_t *consumer;
	uint8_t *producer;

	consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	if (consumer == MAP_FAILED)
		return -errno;
	producer = mmap(NULL, page + 2 * size, PROT_READ, MAP_SHARED, map_fd, (off_t)page);
	if (producer == MAP_FAILED) {
		int error = -errno;

		munmap(consumer, page);
		return error;
	}
	*ret_ring = (struct sk_ring){consumer, (const uint64_t *)producer, producer + page, size, page};
	return 0;
}

void sk_ring_close(struct sk_ring *ring)
{
	if (!ring->consumer)
		return;
	munmap(ring->consumer, ring->page);
	munmap((void *)ring->producer, ring->page + 2 * ring->size);
	ring->consumer = NULL;
}

uint64_t sk_ring_end(const struct sk_ring *ring)
{
	return __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
}

bool sk_ring_pending(const struct sk_ring *ring)
{
	return sk_ring_end(ring) != *ring->consumer;
}

struct sk_ring_place sk_ring_look(const struct sk_ring *ring, uint64_t position)
{
	const uint8_t *record = ring->data + (position & (ring->size - 1));
	/* Pairs with the kernel's release when it completes the record. */
	uint32_t head = __atomic_load_n((const uint32_t *)record, __ATOMIC_ACQUIRE);
	uint32_t length = head & ~(uint32_t)(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

	return (struct sk_ring_place){
		.bytes = record + SK_RING_HEAD,
		.length = length,
		.busy = head & BPF_RINGBUF_BUSY_BIT,
		.discarded = head & BPF_RINGBUF_DISCARD_BIT,
		.next = position + ((SK_RING_HEAD + (uint64_t)length + 7) & ~(uint64_t)7),
	};
}

void sk_ring_release(struct sk_ring *ring, uint64_t position)
{
	__atomic_store_n(ring->consumer, position, __ATOMIC_RELEASE);
}
