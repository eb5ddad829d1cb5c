/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As much of io_uring as the tests need, by its system calls alone: a ring of
 * four entries, one request after another.
 *
 *   ring_open ─► ring_next ─► fill the request ─► ring_run ─► its result
 */
#ifndef SK_TESTS_EVASION_RING_H
#define SK_TESTS_EVASION_RING_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/io_uring.h>

struct ring {
	int fd;
	bool polled; /* a thread of the kernel's looks for requests */
	struct io_uring_params params;
	struct io_uring_sqe *entries;
	uint8_t *submitted, *completed;
};

/* False where the kernel has no rings, or not of this kind. */
static inline bool ring_open(struct ring *ring, unsigned flags)
{
	size_t bytes;

	memset(ring, 0, sizeof(*ring));
	ring->params.flags = flags;
	ring->params.sq_thread_idle = 100;
	ring->polled = flags & IORING_SETUP_SQPOLL;
	ring->fd = (int)syscall(SYS_io_uring_setup, 4, &ring->params);
	if (ring->fd < 0 || !(ring->params.features & IORING_FEAT_SINGLE_MMAP))
		return false;
	bytes = ring->params.cq_off.cqes + ring->params.cq_entries * sizeof(struct io_uring_cqe);
	if (bytes < ring->params.sq_off.array + ring->params.sq_entries * sizeof(uint32_t))
		bytes = ring->params.sq_off.array + ring->params.sq_entries * sizeof(uint32_t);
	ring->submitted =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd, IORING_OFF_SQ_RING);
	ring->completed = ring->submitted;
	ring->entries = mmap(NULL, ring->params.sq_entries * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_POPULATE, ring->fd, IORING_OFF_SQES);
	return ring->submitted != MAP_FAILED && ring->entries != MAP_FAILED;
}

static inline uint32_t *ring_word(uint8_t *base, uint32_t offset)
{
	return (uint32_t *)(void *)(base + offset);
}

/* The next request, empty but for its operation. */
static inline struct io_uring_sqe *ring_next(struct ring *ring, uint8_t opcode)
{
	uint32_t tail = *ring_word(ring->submitted, ring->params.sq_off.tail),
		 mask = *ring_word(ring->submitted, ring->params.sq_off.ring_mask);
	struct io_uring_sqe *entry = &ring->entries[tail & mask];

	memset(entry, 0, sizeof(*entry));
	entry->opcode = opcode;
	ring_word(ring->submitted, ring->params.sq_off.array)[tail & mask] = tail & mask;
	return entry;
}

/* Submits it; does not wait where it says nothing when it has worked. */
static inline void ring_submit(struct ring *ring, unsigned wait)
{
	uint32_t *tail = ring_word(ring->submitted, ring->params.sq_off.tail);
	unsigned flags = wait ? IORING_ENTER_GETEVENTS : 0;

	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (ring->polled &&
	    __atomic_load_n(ring_word(ring->submitted, ring->params.sq_off.flags), __ATOMIC_SEQ_CST) &
		    IORING_SQ_NEED_WAKEUP)
		flags |= IORING_ENTER_SQ_WAKEUP;
	syscall(SYS_io_uring_enter, ring->fd, ring->polled ? 0 : 1, wait, flags, NULL, 0);
}

/* Its result; -ETIME after a second. */
static inline int ring_run(struct ring *ring)
{
	uint32_t *head = ring_word(ring->completed, ring->params.cq_off.head);
	uint32_t mask = *ring_word(ring->completed, ring->params.cq_off.ring_mask);
	struct io_uring_cqe *results = (struct io_uring_cqe *)(void *)(ring->completed + ring->params.cq_off.cqes);

	ring_submit(ring, ring->polled ? 0 : 1);
	for (int i = 0; i < 1000; i++) {
		int result = results[*head & mask].res;

		if (__atomic_load_n(ring_word(ring->completed, ring->params.cq_off.tail), __ATOMIC_ACQUIRE) !=
		    *head) {
			__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
			return result;
		}
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	return -ETIME;
}

static inline void ring_path(struct io_uring_sqe *entry, int dirfd, const char *path)
{
	entry->fd = dirfd;
	entry->addr = (uint64_t)(uintptr_t)path;
}

#endif
