/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last 8192 threads that left the table, so that a clone event that comes
 * after its child's exit does not bring the child back (spec/state.md section
 * 3.4, caller side, step 4).
 *
 *   ring of entries; entry.previous: the one before it in the same bucket, as
 *   its serial number, void once the ring has gone past it
 */
#include <errno.h>
#include <string.h>

#include "runtime/state/state_private.h"
#include "vm/support/alloc.h"

enum { RING = 8192 };

static const uint64_t window = UINT64_C(2000000000);

struct entry {
	uint64_t key, ts;
	uint64_t previous;
};

struct sk_recent_exits {
	uint64_t serial; /* of the newest entry, 0: none; entry n sits at n % RING */
	uint64_t bucket[RING];
	struct entry ring[RING];
};

int sk_recent_exits_create(struct sk_recent_exits **ret_recent)
{
	struct sk_recent_exits *recent = sk_alloc_zeroed(1, sizeof(*recent));

	if (!recent)
		return -ENOMEM;
	*ret_recent = recent;
	return 0;
}

void sk_recent_exits_destroy(struct sk_recent_exits *recent)
{
	sk_free(recent);
}

void sk_recent_exits_clear(struct sk_recent_exits *recent)
{
	memset(recent, 0, sizeof(*recent));
}

static uint64_t key_of(int64_t ptid, int64_t tid)
{
	return (uint64_t)ptid << 32 | (uint32_t)tid;
}

static uint64_t bucket_of(uint64_t key)
{
	return (key * UINT64_C(0x9e3779b97f4a7c15)) >> 32 & (RING - 1);
}

void sk_recent_exits_add(struct sk_recent_exits *recent, int64_t ptid, int64_t tid, uint64_t ts)
{
	uint64_t key = key_of(ptid, tid), *bucket = &recent->bucket[bucket_of(key)];

	recent->serial++;
	recent->ring[recent->serial % RING] = (struct entry){key, ts, *bucket};
	*bucket = recent->serial;
}

bool sk_recent_exits_has(const struct sk_recent_exits *recent, int64_t ptid, int64_t tid, uint64_t ts)
{
	uint64_t key = key_of(ptid, tid), at = recent->bucket[bucket_of(key)];

	while (at > 0 && recent->serial - at < RING) {
		const struct entry *entry = &recent->ring[at % RING];

		if (entry->key == key && (ts < entry->ts || ts - entry->ts <= window))
			return true;
		at = entry->previous;
	}
	return false;
}

void sk_recent_exits_visit(const struct sk_recent_exits *recent, uint64_t ts,
			   void (*visit)(void *context, int64_t ptid, int64_t tid, uint64_t ts), void *context)
{
	uint64_t first = recent->serial < RING ? 1 : recent->serial - RING + 1;

	for (uint64_t at = first; at <= recent->serial; at++) {
		const struct entry *entry = &recent->ring[at % RING];

		/* A key has the lower halves of both. */
		if (ts < entry->ts || ts - entry->ts <= window)
			visit(context, (int64_t)(entry->key >> 32), (int64_t)(uint32_t)entry->key, entry->ts);
	}
}
