/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last enter event of each thread, kept until its exit event takes the
 * parameters that it lacks itself (spec/scap-format.md section 8).
 *
 *    index (open addressing, by tid)      entries (a pool)
 *    [ . 3 . . 0 . 7 . ]          ─────►  0: tid, bytes   ◄─┐ newer
 *                                         3: tid, bytes   ──┘ older ...
 *
 * Invariant: an entry is either on the list from newest to oldest, and then in
 * the index under its tid once, or free.  Entries keep their memory when they
 * become free, so nothing is allocated in a steady state.  Both the number of
 * entries and their memory are bounded: the oldest enter event gives way,
 * which is what a thread that never returned from its call has left behind.
 */
#ifndef SK_SCAP_ENTERS_H
#define SK_SCAP_ENTERS_H

#include <stddef.h>
#include <stdint.h>

struct sk_scap_enter {
	uint64_t tid;
	uint8_t *bytes;
	uint32_t size, capacity;
	uint32_t newer, older; /* entries; `older` also chains the free ones */
};

struct sk_scap_enters {
	struct sk_scap_enter *entries;
	uint32_t entry_count; /* entries that exist, used or free */
	uint32_t entry_limit; /* how many may exist */
	uint32_t *index;      /* entry, or UINT32_MAX; twice as many as entries */
	uint32_t index_mask;
	uint32_t newest, oldest, free; /* UINT32_MAX: none */
	size_t free_memory;            /* bytes that the free ones of the entries hold */
	size_t memory, memory_limit;   /* bytes that the entries hold */
	uint64_t evicted;
};

/* Limits as large as any real capture needs; no memory is taken yet. */
void sk_scap_enters_init(struct sk_scap_enters *enters);

/* Keeps a copy for `tid` in place of what was there.  -ENOMEM. */
int sk_scap_enters_store(struct sk_scap_enters *enters, uint64_t tid, const uint8_t *bytes, uint32_t size);

/* The entry of `tid`, or NULL; valid until the next call that changes anything. */
const struct sk_scap_enter *sk_scap_enters_find(const struct sk_scap_enters *enters, uint64_t tid);

/* Forgets what is stored for `tid`, if anything. */
void sk_scap_enters_drop(struct sk_scap_enters *enters, uint64_t tid);

/* Forgets everything, keeps the memory. */
void sk_scap_enters_clear(struct sk_scap_enters *enters);

void sk_scap_enters_release(struct sk_scap_enters *enters);

#endif
