/* SPDX-License-Identifier: Apache-2.0 */
#include "compiler/intern.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include <xxhash.h>

#include "vm/bundle.h"

void sk_intern_init(struct sk_intern *intern, struct sk_arena *arena)
{
	*intern = (struct sk_intern){.arena = arena};
}

/* Arrays double inside the arena: what is left behind adds up to one array more. */
static bool grow(struct sk_intern *intern)
{
	uint32_t capacity = intern->capacity ? intern->capacity * 2 : 64;
	uint32_t slot_count = capacity * 2;
	struct sk_interned *items;
	uint32_t *slots;

	if (intern->capacity > UINT32_MAX / 8)
		return false;
	items = sk_arena_alloc_zeroed(intern->arena, capacity, sizeof(*items));
	slots = sk_arena_alloc_zeroed(intern->arena, slot_count, sizeof(*slots));
	if (!items || !slots)
		return false;
	if (intern->count)
		memcpy(items, intern->items, intern->count * sizeof(*items));
	for (uint32_t i = 0; i < intern->count; i++) {
		uint32_t slot = (uint32_t)items[i].hash & (slot_count - 1);

		while (slots[slot])
			slot = (slot + 1) & (slot_count - 1);
		slots[slot] = i + 1;
	}
	intern->items = items;
	intern->capacity = capacity;
	intern->slots = slots;
	intern->slot_count = slot_count;
	return true;
}

uint32_t sk_intern_add(struct sk_intern *intern, const void *bytes, size_t length)
{
	uint64_t hash = XXH3_64bits(bytes, length);
	uint32_t slot;
	char *copy;

	if (intern->count == intern->capacity && !grow(intern))
		return SK_NONE;
	slot = (uint32_t)hash & (intern->slot_count - 1);
	while (intern->slots[slot]) {
		const struct sk_interned *item = &intern->items[intern->slots[slot] - 1];

		if (item->hash == hash && item->length == length && memcmp(item->bytes, bytes, length) == 0)
			return intern->slots[slot] - 1;
		slot = (slot + 1) & (intern->slot_count - 1);
	}
	copy = sk_arena_alloc(intern->arena, length + 1);
	if (!copy)
		return SK_NONE;
	if (length)
		memcpy(copy, bytes, length);
	copy[length] = '\0';
	intern->items[intern->count] = (struct sk_interned){.bytes = copy, .length = length, .hash = hash};
	intern->slots[slot] = ++intern->count;
	return intern->count - 1;
}
