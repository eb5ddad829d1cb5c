/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A map from thread or process ids to pointers: open addressing with linear
 * probing, at most half full, removal closes the gap, so there are no
 * tombstones and a search ends at the first empty slot.
 *
 * Invariant: between an entry's home slot and where it sits no slot is empty.
 */
#ifndef SK_STATE_TID_MAP_H
#define SK_STATE_TID_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sk_tid_map_slot {
	int64_t id;
	void *value; /* NULL: empty */
};

struct sk_tid_map {
	struct sk_tid_map_slot *slots;
	uint32_t mask; /* slots - 1 */
	uint32_t shift;
	uint32_t count;
};

/* Room for a few entries; -ENOMEM. */
int sk_tid_map_init(struct sk_tid_map *map);
void sk_tid_map_release(struct sk_tid_map *map);

/* Adds or replaces; -ENOMEM. */
int sk_tid_map_put(struct sk_tid_map *map, int64_t id, void *value);
void sk_tid_map_remove(struct sk_tid_map *map, int64_t id);

/* Ids follow one another, so the multiplication is there to part hostile ones. */
static inline uint32_t sk_tid_map_home(const struct sk_tid_map *map, int64_t id)
{
	return (uint32_t)(((uint64_t)id * UINT64_C(0x9e3779b97f4a7c15)) >> map->shift);
}

static inline void *sk_tid_map_find(const struct sk_tid_map *map, int64_t id)
{
	for (uint32_t at = sk_tid_map_home(map, id);; at = (at + 1) & map->mask) {
		const struct sk_tid_map_slot *slot = &map->slots[at];

		if (!slot->value || slot->id == id)
			return slot->value;
	}
}

#endif
