/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/tid_map.h"

#include <errno.h>

#include "vm/support/alloc.h"

enum { FIRST_BITS = 8 };

static int allocate(struct sk_tid_map *map, unsigned bits)
{
	map->slots = sk_alloc_zeroed((size_t)1 << bits, sizeof(*map->slots));
	if (!map->slots)
		return -ENOMEM;
	map->mask = (uint32_t)(((uint64_t)1 << bits) - 1);
	map->shift = 64 - bits;
	map->count = 0;
	return 0;
}

int sk_tid_map_init(struct sk_tid_map *map)
{
	return allocate(map, FIRST_BITS);
}

void sk_tid_map_release(struct sk_tid_map *map)
{
	sk_free(map->slots);
	map->slots = NULL;
}

static void put(struct sk_tid_map *map, int64_t id, void *value)
{
	uint32_t at = sk_tid_map_home(map, id);

	while (map->slots[at].value && map->slots[at].id != id)
		at = (at + 1) & map->mask;
	map->count += !map->slots[at].value;
	map->slots[at] = (struct sk_tid_map_slot){id, value};
}

int sk_tid_map_put(struct sk_tid_map *map, int64_t id, void *value)
{
	if (map->count * 2 > map->mask) {
		struct sk_tid_map larger;
		int result = allocate(&larger, 64 - map->shift + 1);

		if (result < 0)
			return result;
		for (uint32_t i = 0; i <= map->mask; i++)
			if (map->slots[i].value)
				put(&larger, map->slots[i].id, map->slots[i].value);
		sk_tid_map_release(map);
		*map = larger;
	}
	put(map, id, value);
	return 0;
}

void sk_tid_map_remove(struct sk_tid_map *map, int64_t id)
{
	uint32_t gap = sk_tid_map_home(map, id), at;

	while (map->slots[gap].value && map->slots[gap].id != id)
		gap = (gap + 1) & map->mask;
	if (!map->slots[gap].value)
		return;
	/* Whoever would rather sit in the gap than where it is moves up. */
	for (at = (gap + 1) & map->mask; map->slots[at].value; at = (at + 1) & map->mask) {
		uint32_t home = sk_tid_map_home(map, map->slots[at].id);

		if (((at - home) & map->mask) >= ((at - gap) & map->mask)) {
			map->slots[gap] = map->slots[at];
			gap = at;
		}
	}
	map->slots[gap].value = NULL;
	map->count--;
}
