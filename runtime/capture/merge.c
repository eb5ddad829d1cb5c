/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/capture/merge.h"

#include <errno.h>
#include <string.h>

#include "runtime/capture/bpf/shared.h"
#include "runtime/capture/clock.h"
#include "vm/event.h"
#include "vm/support/alloc.h"

enum {
	/* How many records may pass before the kernel is told that their room is free. */
	RELEASE_AFTER = 64,
	LEAST_RECORD = (SK_RING_HEAD + sizeof(struct sk_ring_record) + sizeof(struct sk_event_header)) / 8 * 8,
	/*
	 * The kernel's clock for programs is that of user space, read without a
	 * lock: some ns off at most while it is adjusted.  A processor may also
	 * look at a word a little before the clock that stands in front of it.
	 */
	MARGIN_NS = 1000,
};

/* A builder that takes longer is not waited for. */
static const uint64_t PATIENCE_NS = 2000000000;

/*
 * A record that was seen and not handed out.  Positions are counted in units of
 * 8 bytes and modulo 2^32, which is more than a ring holds.
 */
struct entry {
	uint64_t ts;
	uint32_t at;
	uint32_t first; /* least position of this entry and those behind it */
};

/* The entries of a ring, sorted: from head to tail, modulo the mask. */
struct queue {
	struct sk_ring *ring;
	struct entry *entries;
	uint32_t mask, head, tail;
	uint32_t unreleased;
	uint64_t scanned; /* position up to which records are in the queue, or were */
};

struct builder {
	uint64_t word;
	uint64_t since; /* it became so after this time */
	uint64_t seen;  /* and was seen at this one */
};

struct sk_merge {
	struct sk_merge_options options;
	struct queue *queues;
	struct queue **heap; /* those with something before the horizon, the earliest on top */
	size_t heap_size;
	struct builder *builders;
	uint64_t looked; /* at the clock, the last time */
	uint64_t horizon, last;
	uint64_t disordered;
};

static uint32_t capacity_for(size_t ring_size)
{
	uint32_t capacity = 64;

	while (capacity < ring_size / LEAST_RECORD + 1)
		capacity *= 2;
	return capacity;
}

int sk_merge_open(const struct sk_merge_options *options, struct sk_merge **ret_merge)
{
	struct sk_merge *merge = sk_alloc_zeroed(1, sizeof(*merge));
	bool complete;

	if (!merge)
		return -ENOMEM;
	merge->options = *options;
	merge->looked = options->boot_time + sk_clock_boot();
	merge->queues = sk_alloc_zeroed(options->ring_count, sizeof(*merge->queues));
	merge->heap = sk_alloc_zeroed(options->ring_count, sizeof(struct queue *));
	merge->builders = sk_alloc_zeroed(options->cpu_count * SK_BUILDER_COUNT, sizeof(*merge->builders));
	complete = merge->queues && merge->heap && merge->builders;
	for (size_t i = 0; i < options->ring_count && complete; i++) {
		struct queue *queue = &merge->queues[i];
		uint32_t capacity = capacity_for(options->rings[i].size);

		queue->ring = &options->rings[i];
		queue->mask = capacity - 1;
		queue->scanned = *queue->ring->consumer;
		queue->entries = sk_alloc(capacity * sizeof(struct entry));
		complete = queue->entries;
	}
	if (!complete) {
		sk_merge_close(merge);
		return -ENOMEM;
	}
	*ret_merge = merge;
	return 0;
}

void sk_merge_close(struct sk_merge *merge)
{
	if (!merge)
		return;
	for (size_t i = 0; merge->queues && i < merge->options.ring_count; i++)
		sk_free(merge->queues[i].entries);
	sk_free(merge->queues);
	sk_free(merge->heap);
	sk_free(merge->builders);
	sk_free(merge);
}

static const __u64 *builders_of(const struct sk_merge *merge, size_t cpu)
{
	const struct sk_cpu *area = (const void *)(merge->options.areas + cpu * merge->options.area_size);

	return area->builders;
}

/* --- up to where everything is in the rings -------------------------------- */

static uint64_t find_horizon(struct sk_merge *merge)
{
	uint64_t now = merge->options.boot_time + sk_clock_boot(), horizon = now;

	/* Pairs with the barrier of sk_build_begin() in bpf/event.h. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (size_t cpu = 0; cpu < merge->options.cpu_count; cpu++) {
		const __u64 *words = builders_of(merge, cpu);

		for (size_t i = 0; i < SK_BUILDER_COUNT; i++) {
			struct builder *builder = &merge->builders[cpu * SK_BUILDER_COUNT + i];
			uint64_t word = __atomic_load_n(&words[i], __ATOMIC_ACQUIRE);

			if (word != builder->word)
				*builder = (struct builder){word, merge->looked, now};
			if (word & 1 && builder->since < horizon && now - builder->seen < PATIENCE_NS)
				horizon = builder->since;
		}
	}
	merge->looked = now;
	return horizon > MARGIN_NS ? horizon - MARGIN_NS : 0;
}

static uint64_t time_of(const struct sk_ring_place *place)
{
	if (place->length < sizeof(struct sk_ring_record) + sizeof(uint64_t))
		return 0;
	return sk_read_u64(place->bytes + sizeof(struct sk_ring_record));
}

static void push(struct queue *queue, uint64_t ts)
{
	uint32_t at = (uint32_t)(queue->scanned / 8), first = at, i;

	/* So that only as much of the memory is ever touched as a backlog needs. */
	if (queue->head == queue->tail)
		queue->head = queue->tail = 0;
	i = queue->tail++;
	for (; i != queue->head && queue->entries[(i - 1) & queue->mask].ts > ts; i--) {
		queue->entries[i & queue->mask] = queue->entries[(i - 1) & queue->mask];
		first = queue->entries[i & queue->mask].first;
	}
	queue->entries[i & queue->mask] = (struct entry){ts, at, first};
}

/*
 * Behind a busy record stand others that may be complete, and even earlier: the
 * horizon must not go beyond them, since they wait for it.
 */
static uint64_t limit_by(const struct queue *queue, uint64_t position, uint64_t end, uint64_t horizon)
{
	while (position < end) {
		struct sk_ring_place place = sk_ring_look(queue->ring, position);

		if (!place.busy && !place.discarded && time_of(&place) <= horizon)
			horizon = time_of(&place) ? time_of(&place) - 1 : 0;
		position = place.next;
	}
	return horizon;
}

static uint64_t scan(struct queue *queue, uint64_t horizon)
{
	uint64_t end = sk_ring_end(queue->ring);

	/* From the beginning again, in memory that the processor has at hand. */
	if (queue->head == queue->tail)
		queue->head = queue->tail = 0;
	while (queue->scanned < end) {
		struct sk_ring_place place = sk_ring_look(queue->ring, queue->scanned);

		if (place.busy)
			return limit_by(queue, place.next, end, horizon);
		if (!place.discarded)
			push(queue, time_of(&place));
		queue->scanned = place.next;
	}
	return horizon;
}

void sk_merge_look(struct sk_merge *merge)
{
	uint64_t horizon = find_horizon(merge);

	for (size_t i = 0; i < merge->options.ring_count; i++)
		horizon = scan(&merge->queues[i], horizon);
	merge->horizon = horizon;
}

/* --- merging ---------------------------------------------------------------- */

/* UINT64_MAX, which no horizon reaches, if there is none. */
static uint64_t first_time(const struct queue *queue)
{
	return queue->head == queue->tail ? UINT64_MAX : queue->entries[queue->head & queue->mask].ts;
}

static void sift_down(struct sk_merge *merge, size_t i)
{
	struct queue *queue = merge->heap[i];

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= merge->heap_size)
			break;
		if (child + 1 < merge->heap_size &&
		    first_time(merge->heap[child + 1]) < first_time(merge->heap[child]))
			child++;
		if (first_time(merge->heap[child]) >= first_time(queue))
			break;
		merge->heap[i] = merge->heap[child];
		i = child;
	}
	merge->heap[i] = queue;
}

static void make_heap(struct sk_merge *merge)
{
	merge->heap_size = 0;
	for (size_t i = 0; i < merge->options.ring_count; i++)
		if (first_time(&merge->queues[i]) <= merge->horizon)
			merge->heap[merge->heap_size++] = &merge->queues[i];
	for (size_t i = merge->heap_size / 2; i-- > 0;)
		sift_down(merge, i);
}

/* Up to where the queue on top of the heap is the earliest. */
static uint64_t run_ends(const struct sk_merge *merge)
{
	uint64_t end = merge->horizon;

	for (size_t i = 1; i <= 2 && i < merge->heap_size; i++)
		if (first_time(merge->heap[i]) < end)
			end = first_time(merge->heap[i]);
	return end;
}

static uint64_t position_of(const struct queue *queue, uint32_t at)
{
	uint64_t released = *queue->ring->consumer;

	return released + (uint64_t)(at - (uint32_t)(released / 8)) * 8;
}

static void release(struct queue *queue)
{
	uint64_t position = queue->scanned;

	if (queue->head != queue->tail)
		position = position_of(queue, queue->entries[queue->head & queue->mask].first);
	queue->unreleased = 0;
	/* The kernel looks at it for each record: not a word more than needed. */
	if (position != *queue->ring->consumer)
		sk_ring_release(queue->ring, position);
}

int sk_merge_deliver(struct sk_merge *merge, int limit,
		     int (*handle)(void *context, const uint8_t *bytes, size_t size), void *context)
{
	int count = 0, result = 0;

	make_heap(merge);
	while (merge->heap_size > 0 && count < limit && result >= 0) {
		struct queue *queue = merge->heap[0];
		uint64_t end = run_ends(merge), ts;

		while (count < limit && result >= 0 && (ts = first_time(queue)) <= end) {
			const struct entry *entry = &queue->entries[queue->head & queue->mask];
			struct sk_ring_place place = sk_ring_look(queue->ring, position_of(queue, entry->at));

			merge->disordered += ts < merge->last;
			merge->last = ts;
			result = handle(context, place.bytes, place.length);
			queue->head++;
			count++;
			if (++queue->unreleased == RELEASE_AFTER)
				release(queue);
		}
		if (first_time(queue) > merge->horizon)
			merge->heap[0] = merge->heap[--merge->heap_size];
		sift_down(merge, 0);
	}
	for (size_t i = 0; i < merge->options.ring_count; i++)
		release(&merge->queues[i]);
	return result < 0 ? result : count;
}

bool sk_merge_pending(const struct sk_merge *merge)
{
	for (size_t i = 0; i < merge->options.ring_count; i++)
		if (sk_ring_pending(&merge->options.rings[i]))
			return true;
	return false;
}

bool sk_merge_awaits(const struct sk_merge *merge)
{
	for (size_t cpu = 0; cpu < merge->options.cpu_count; cpu++)
		for (size_t i = 0; i < SK_BUILDER_COUNT; i++)
			if (__atomic_load_n(&builders_of(merge, cpu)[i], __ATOMIC_ACQUIRE) & 1)
				return true;
	/* After the words: an event whose builder has finished is in its ring. */
	return sk_merge_pending(merge);
}

uint64_t sk_merge_disordered(const struct sk_merge *merge)
{
	return merge->disordered;
}
