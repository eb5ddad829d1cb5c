/* SPDX-License-Identifier: Apache-2.0 */
#include "compiler/names.h"

#include <errno.h>
#include <string.h>
#include <xxhash.h>

struct sk_name_slot {
	uint64_t hash;
	const char *name;
	uint32_t length;
	uint32_t value;
};

static struct sk_name_slot *find_slot(const struct sk_names *names, uint64_t hash, const char *name, size_t length)
{
	uint32_t mask = names->capacity - 1;
	uint32_t at = (uint32_t)hash & mask;

	for (;; at = (at + 1) & mask) {
		struct sk_name_slot *slot = &names->slots[at];

		if (!slot->name ||
		    (slot->hash == hash && slot->length == length && memcmp(slot->name, name, length) == 0))
			return slot;
	}
}

uint32_t sk_names_find(const struct sk_names *names, const char *name, size_t length)
{
	const struct sk_name_slot *slot;

	if (!names->count)
		return SK_NAME_NONE;
	slot = find_slot(names, XXH3_64bits(name, length), name, length);
	return slot->name ? slot->value : SK_NAME_NONE;
}

static int grow(struct sk_names *names)
{
	struct sk_names larger = {.arena = names->arena, .capacity = names->capacity ? names->capacity * 2 : 64};

	if (larger.capacity < names->capacity)
		return -ENOMEM;
	larger.slots = sk_arena_alloc_zeroed(names->arena, larger.capacity, sizeof(*larger.slots));
	if (!larger.slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < names->capacity; i++) {
		const struct sk_name_slot *slot = &names->slots[i];

		if (slot->name)
			*find_slot(&larger, slot->hash, slot->name, slot->length) = *slot;
	}
	larger.count = names->count;
	*names = larger;
	return 0;
}

int sk_names_set(struct sk_names *names, const char *name, size_t length, uint32_t value)
{
	uint64_t hash = XXH3_64bits(name, length);
	struct sk_name_slot *slot;

	if (length >= UINT32_MAX)
		return -ENOMEM;
	/* At most half full: probes stay short. */
	if (names->count >= names->capacity / 2 && grow(names) < 0)
		return -ENOMEM;
	slot = find_slot(names, hash, name, length);
	if (!slot->name)
		names->count++;
	*slot = (struct sk_name_slot){.hash = hash, .name = name, .length = (uint32_t)length, .value = value};
	return 0;
}
