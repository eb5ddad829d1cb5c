/* SPDX-License-Identifier: Apache-2.0 */
/* Stored enter events: see enters.h. */
#include "runtime/scap/enters.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "vm/support/alloc.h"

enum {
	NONE = -1, /* as uint32_t */
	FIRST_ENTRIES = 256,
	ENTRY_LIMIT = 1 << 16,
	MEMORY_LIMIT = 32 << 20,
	LEAST_CAPACITY = 64,
};

static const uint32_t none = (uint32_t)NONE;

void sk_scap_enters_init(struct sk_scap_enters *enters)
{
	*enters = (struct sk_scap_enters){
		.entry_limit = ENTRY_LIMIT,
		.memory_limit = MEMORY_LIMIT,
		.newest = none,
		.oldest = none,
		.free = none,
	};
}

static uint32_t home_of(const struct sk_scap_enters *enters, uint64_t tid)
{
	/* Thread ids are dense: spreading them keeps runs of neighbours short. */
	return (uint32_t)((tid * 0x9e3779b97f4a7c15u) >> 32) & enters->index_mask;
}

/* The place in the index that holds `tid`, or the empty one where it belongs. */
static uint32_t place_of(const struct sk_scap_enters *enters, uint64_t tid)
{
	uint32_t place = home_of(enters, tid);

	while (enters->index[place] != none && enters->entries[enters->index[place]].tid != tid)
		place = (place + 1) & enters->index_mask;
	return place;
}

/* Empties a place and moves those behind it that are not at home up to it. */
static void empty_place(struct sk_scap_enters *enters, uint32_t place)
{
	uint32_t mask = enters->index_mask, next = place;

	for (;;) {
		uint32_t entry, home;

		next = (next + 1) & mask;
		entry = enters->index[next];
		if (entry == none)
			break;
		home = home_of(enters, enters->entries[entry].tid);
		if (((next - home) & mask) >= ((next - place) & mask)) {
			enters->index[place] = entry;
			place = next;
		}
	}
	enters->index[place] = none;
}

static void unlink_entry(struct sk_scap_enters *enters, uint32_t number)
{
	const struct sk_scap_enter *entry = &enters->entries[number];

	if (entry->newer != none)
		enters->entries[entry->newer].older = entry->older;
	else
		enters->newest = entry->older;
	if (entry->older != none)
		enters->entries[entry->older].newer = entry->newer;
	else
		enters->oldest = entry->newer;
}

static void link_newest(struct sk_scap_enters *enters, uint32_t number)
{
	struct sk_scap_enter *entry = &enters->entries[number];

	entry->newer = none;
	entry->older = enters->newest;
	if (enters->newest != none)
		enters->entries[enters->newest].newer = number;
	else
		enters->oldest = number;
	enters->newest = number;
}

static void push_free(struct sk_scap_enters *enters, uint32_t number)
{
	enters->entries[number].older = enters->free;
	enters->free = number;
	enters->free_memory += enters->entries[number].capacity;
}

static uint32_t pop_free(struct sk_scap_enters *enters)
{
	uint32_t number = enters->free;

	enters->free = enters->entries[number].older;
	enters->free_memory -= enters->entries[number].capacity;
	return number;
}

static void free_entry(struct sk_scap_enters *enters, uint32_t number)
{
	empty_place(enters, place_of(enters, enters->entries[number].tid));
	unlink_entry(enters, number);
	push_free(enters, number);
}

static void release_memory(struct sk_scap_enters *enters, uint32_t number)
{
	struct sk_scap_enter *entry = &enters->entries[number];

	enters->memory -= entry->capacity;
	sk_free(entry->bytes);
	entry->bytes = NULL;
	entry->capacity = 0;
}

static void evict_oldest(struct sk_scap_enters *enters)
{
	uint32_t number = enters->oldest;

	release_memory(enters, number);
	free_entry(enters, number);
	enters->evicted++;
}

/* Doubles the pool and its index. */
static int grow(struct sk_scap_enters *enters)
{
	uint32_t count = enters->entry_count ? enters->entry_count * 2 : FIRST_ENTRIES, slots;
	struct sk_scap_enter *entries;
	uint32_t *index;

	if (count > enters->entry_limit)
		count = enters->entry_limit;
	for (slots = 2; slots < count * 2; slots *= 2)
		;
	index = sk_realloc_array(NULL, slots, sizeof(*index));
	if (!index)
		return -ENOMEM;
	entries = sk_realloc_array(enters->entries, count, sizeof(*entries));
	if (!entries) {
		sk_free(index);
		return -ENOMEM;
	}
	enters->entries = entries;
	sk_free(enters->index);
	enters->index = index;
	enters->index_mask = slots - 1;
	memset(index, 0xff, slots * sizeof(*index));
	for (uint32_t number = enters->newest; number != none; number = entries[number].older)
		index[place_of(enters, entries[number].tid)] = number;
	for (uint32_t number = enters->entry_count; number < count; number++) {
		entries[number] = (struct sk_scap_enter){0};
		push_free(enters, number);
	}
	enters->entry_count = count;
	return 0;
}

/* Makes the entry, which is not on the list, hold `size` bytes. */
static int reserve(struct sk_scap_enters *enters, uint32_t number, uint32_t size)
{
	uint32_t capacity = LEAST_CAPACITY;
	uint8_t *bytes;

	if (size <= enters->entries[number].capacity)
		return 0;
	while (capacity < size)
		capacity *= 2;
	release_memory(enters, number);
	/* Free entries that have memory were freed last, so they come first. */
	for (uint32_t other = enters->free;
	     enters->memory + capacity > enters->memory_limit && enters->free_memory > 0 && other != none;
	     other = enters->entries[other].older) {
		enters->free_memory -= enters->entries[other].capacity;
		release_memory(enters, other);
	}
	while (enters->memory + capacity > enters->memory_limit && enters->oldest != none)
		evict_oldest(enters);
	bytes = sk_alloc(capacity);
	if (!bytes)
		return -ENOMEM;
	enters->entries[number].bytes = bytes;
	enters->entries[number].capacity = capacity;
	enters->memory += capacity;
	return 0;
}

int sk_scap_enters_store(struct sk_scap_enters *enters, uint64_t tid, const uint8_t *bytes, uint32_t size)
{
	uint32_t number;
	int r;

	assert(size <= UINT32_MAX / 2);
	sk_scap_enters_drop(enters, tid);
	if (enters->free == none && enters->entry_count < enters->entry_limit) {
		r = grow(enters);
		if (r < 0)
			return r;
	}
	if (enters->free == none)
		evict_oldest(enters);
	number = pop_free(enters);
	r = reserve(enters, number, size);
	if (r < 0) {
		push_free(enters, number);
		return r;
	}
	memcpy(enters->entries[number].bytes, bytes, size);
	enters->entries[number].tid = tid;
	enters->entries[number].size = size;
	enters->index[place_of(enters, tid)] = number;
	link_newest(enters, number);
	return 0;
}

const struct sk_scap_enter *sk_scap_enters_find(const struct sk_scap_enters *enters, uint64_t tid)
{
	uint32_t number;

	if (enters->newest == none)
		return NULL;
	number = enters->index[place_of(enters, tid)];
	return number != none ? &enters->entries[number] : NULL;
}

void sk_scap_enters_drop(struct sk_scap_enters *enters, uint64_t tid)
{
	const struct sk_scap_enter *entry = sk_scap_enters_find(enters, tid);

	if (entry)
		free_entry(enters, (uint32_t)(entry - enters->entries));
}

void sk_scap_enters_clear(struct sk_scap_enters *enters)
{
	while (enters->newest != none)
		free_entry(enters, enters->newest);
}

void sk_scap_enters_release(struct sk_scap_enters *enters)
{
	for (uint32_t number = 0; number < enters->entry_count; number++)
		sk_free(enters->entries[number].bytes);
	sk_free(enters->entries);
	sk_free(enters->index);
	sk_scap_enters_init(enters);
}
