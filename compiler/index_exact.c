/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash table of an EXACT index (vm/slot.h).
 */
#include "compiler/index_private.h"

#include <errno.h>
#include <stdlib.h>

#include "vm/slot.h"

struct hashed {
	uint32_t hash, entry;
};

static int compare_hashed(const void *left, const void *right)
{
	const struct hashed *a = left, *b = right;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return (a->entry > b->entry) - (a->entry < b->entry);
}

int sk_index_write_slots(struct sk_index_writer *writer)
{
	const uint32_t homes = sk_slot_homes(writer->count);
	/* All entries may have the last home; behind them stands a free slot. */
	uint32_t *slots = sk_arena_alloc_zeroed(writer->arena, (size_t)homes + writer->count + 1, sizeof(*slots));
	struct hashed *order = sk_arena_alloc(writer->arena, ((size_t)writer->count + 1) * sizeof(*order));
	uint32_t next = 0;

	if (!slots || !order)
		return -ENOMEM;
	for (uint32_t i = 0; i < writer->count; i++)
		order[i] =
			(struct hashed){sk_slot_hash(writer->items[i].text.bytes, writer->items[i].text.length), i};
	qsort(order, writer->count, sizeof(*order), compare_hashed);
	for (uint32_t i = 0; i < writer->count; i++) {
		uint32_t home = sk_slot_home(order[i].hash, homes);

		if (next < home)
			next = home;
		if (next - home >= SK_INDEX_PROBE_LIMIT)
			return sk_error_set(
				writer->error, -E2BIG,
				"more than %d texts that a field is compared with have nearly the same hash",
				SK_INDEX_PROBE_LIMIT);
		slots[next++] = sk_slot_make(order[i].hash, order[i].entry);
	}
	writer->record.first_part = sk_index_records(writer, SK_SECTION_SLOTS, sizeof(*slots));
	writer->record.part_count = (next > homes ? next : homes) + 1;
	sk_buffer_append(&writer->sections[SK_SECTION_SLOTS], slots, writer->record.part_count * sizeof(*slots));
	return 0;
}
