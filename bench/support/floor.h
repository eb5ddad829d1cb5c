/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor: the least that an engine of this kind must do for an event that
 * names a path, written by hand.
 *
 *   path ─► xxh3 ─► table of 20,000 paths ─► row ─┐
 *   event type ─────────────────────► the type's row ─┴► AND, word by word
 *
 * Events without a path cost only the look at their type.
 */
#ifndef SK_BENCH_FLOOR_H
#define SK_BENCH_FLOOR_H

#include <stdint.h>
#include <string.h>

#include <xxhash.h>

#include "bench/support/corpus.h"
#include "vm/event.h"

enum { FLOOR_PATHS = 20000, FLOOR_SLOTS = 1 << 15, FLOOR_ROWS = 64 };

struct floor_slot {
	uint64_t hash; /* 0: free */
	uint32_t row;
};

struct floor {
	int8_t path_param[SK_EVENT_COUNT]; /* -1: the type names no path */
	struct floor_slot slots[FLOOR_SLOTS];
	uint32_t words;
	uint64_t *path_rows; /* FLOOR_ROWS times `words` */
	uint64_t *type_rows; /* the same */
	uint32_t paths;
};

/*
 * A table of the paths of a corpus, filled up with others; rows of `words`
 * times 64 rules.  NULL when there is no memory or the corpus is damaged.
 */
struct floor *floor_create(const struct corpus *corpus, uint32_t words);
void floor_destroy(struct floor *floor);

/* The path parameter of a well-formed event in the wire format; NULL without one. */
static inline const uint8_t *floor_path(const struct floor *floor, const uint8_t *event, uint32_t *ret_length)
{
	uint16_t type = sk_read_u16(event + 20);
	int param = type < SK_EVENT_COUNT ? floor->path_param[type] : -1;
	const uint8_t *lengths = event + sizeof(struct sk_event_header), *bytes;
	uint32_t count;

	if (param < 0)
		return NULL;
	count = sk_read_u32(event + 22);
	if ((uint32_t)param >= count)
		return NULL;
	bytes = lengths + 2 * (size_t)count;
	for (int i = 0; i < param; i++)
		bytes += sk_read_u16(lengths + 2 * i);
	*ret_length = sk_read_u16(lengths + 2 * param);
	return bytes;
}

/* True if some rule would be left. */
static inline bool floor_event(const struct floor *floor, const uint8_t *event)
{
	const uint64_t *path_row = floor->path_rows, *type_row;
	uint64_t left = 0, hash;
	uint32_t length;
	const uint8_t *path = floor_path(floor, event, &length);

	if (!path)
		return false;
	hash = XXH3_64bits(path, length);
	for (uint32_t i = (uint32_t)hash;; i++) {
		const struct floor_slot *slot = &floor->slots[i % FLOOR_SLOTS];

		if (slot->hash == hash) {
			path_row += (size_t)slot->row * floor->words;
			break;
		}
		if (slot->hash == 0)
			break;
	}
	type_row = floor->type_rows + (size_t)(sk_read_u16(event + 20) % FLOOR_ROWS) * floor->words;
	for (uint32_t i = 0; i < floor->words; i++)
		left |= path_row[i] & type_row[i];
	return left != 0;
}

#endif
