/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/capture/ring.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/bpf.h>

/* How many records may pass before the kernel is told that their room is free. */
enum { RELEASE_AFTER = 64 };

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

bool sk_ring_pending(const struct sk_ring *ring)
{
	return __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE) != *ring->consumer;
}

int sk_ring_consume(struct sk_ring *ring, int limit,
		    int (*handle)(void *context, const uint8_t *bytes, size_t size), void *context)
{
	uint64_t position = *ring->consumer, end = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
	int count = 0, unreleased = 0, result = 0;

	while (count < limit && position < end && result >= 0) {
		const uint8_t *record = ring->data + (position & (ring->size - 1));
		/* Pairs with the kernel's release when it completes the record. */
		uint32_t length = __atomic_load_n((const uint32_t *)record, __ATOMIC_ACQUIRE);
		bool discarded = length & BPF_RINGBUF_DISCARD_BIT;

		if (length & BPF_RINGBUF_BUSY_BIT)
			break;
		length &= ~(uint32_t)(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		position += (BPF_RINGBUF_HDR_SZ + (uint64_t)length + 7) & ~(uint64_t)7;
		if (!discarded) {
			result = handle(context, record + BPF_RINGBUF_HDR_SZ, length);
			count++;
		}
		if (++unreleased == RELEASE_AFTER || result < 0) {
			__atomic_store_n(ring->consumer, position, __ATOMIC_RELEASE);
			unreleased = 0;
		}
	}
	/*
	 * Sequentially consistent: whoever goes to sleep next looks at the
	 * producer's position after this.
	 */
	__atomic_store_n(ring->consumer, position, __ATOMIC_SEQ_CST);
	return result < 0 ? result : count;
}
