/* SPDX-License-Identifier: Apache-2.0 */
#define XXH_INLINE_ALL
#include "compiler/intern.h"

#include <stdbool.h>
#include <string.h>

#include <xxhash.h>

#include "vm/bundle.h"

void sk_intern_init(struct sk_intern *intern, struct sk_arena *arena)
{
	*intern = (struct sk_intern){.arena = arena};
}

/* The high bits of the hash: the low ones decide the slot. */
static inline uint32_t tag_of(uint32_t hash)
{
	return hash >> SK_INTERN_NUMBER_BITS << SK_INTERN_NUMBER_BITS;
}

static inline uint32_t number_in(uint32_t slot)
{
	return (slot & ((1u << SK_INTERN_NUMBER_BITS) - 1)) - 1;
}

/* One chunk more, and slots for all.  The slots that are left behind add up to as many. */
static bool grow(struct sk_intern *intern)
{
	uint32_t chunk = 0, slot_count, *slots;
	struct sk_interned *items;

	while (chunk < SK_INTERN_CHUNKS && intern->chunks[chunk])
		chunk++;
	if (chunk == SK_INTERN_CHUNKS)
		return false;
	slot_count = (uint32_t)SK_INTERN_FIRST_CHUNK << (chunk + 2);
	items = sk_arena_alloc(intern->arena, ((size_t)SK_INTERN_FIRST_CHUNK << chunk) * sizeof(*items));
	slots = sk_arena_alloc_zeroed(intern->arena, slot_count, sizeof(*slots));
	if (!items || !slots)
		return false;
	for (uint32_t i = 0; i < intern->count; i++) {
		uint32_t hash = sk_intern_get(intern, i)->hash, slot = hash & (slot_count - 1);

		while (slots[slot])
			slot = (slot + 1) & (slot_count - 1);
		slots[slot] = tag_of(hash) | (i + 1);
	}
	intern->chunks[chunk] = items;
	intern->capacity += (uint32_t)SK_INTERN_FIRST_CHUNK << chunk;
	intern->slots = slots;
	intern->slot_count = slot_count;
	return true;
}

uint32_t sk_intern_add(struct sk_intern *intern, const void *bytes, size_t length)
{
	uint32_t hash = (uint32_t)XXH3_64bits(bytes, length), slot;
	char *copy;

	if (length >= UINT32_MAX || (intern->count == intern->capacity && !grow(intern)))
		return SK_NONE;
	slot = hash & (intern->slot_count - 1);
	for (; intern->slots[slot]; slot = (slot + 1) & (intern->slot_count - 1)) {
		uint32_t number = number_in(intern->slots[slot]);
		const struct sk_interned *item;

		if (tag_of(intern->slots[slot]) != tag_of(hash))
			continue;
		item = sk_intern_get(intern, number);
		if (item->hash == hash && item->length == length && memcmp(item->bytes, bytes, length) == 0)
			return number;
	}
	copy = sk_arena_alloc(intern->arena, length + 1);
	if (!copy)
		return SK_NONE;
	if (length)
		memcpy(copy, bytes, length);
	copy[length] = '\0';
	intern->slots[slot] = tag_of(hash) | ++intern->count;
	*(struct sk_interned *)sk_intern_get(intern, intern->count - 1) =
		(struct sk_interned){.bytes = copy, .length = (uint32_t)length, .hash = hash};
	return intern->count - 1;
}
