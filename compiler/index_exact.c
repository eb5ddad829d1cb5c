/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash table of an EXACT index (vm/slot.h): entries in the order of their
 * constants, each in the first free slot from its own on.
 */
#include "compiler/index_private.h"

#include <errno.h>

#include "vm/slot.h"

int sk_index_write_slots(struct sk_index_writer *writer)
{
	const uint32_t slot_count = sk_slot_count(writer->count);
	uint32_t *slots = sk_arena_alloc_zeroed(writer->arena, slot_count, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < writer->count; i++) {
		const struct sk_order_text *text = &writer->items[i].text;
		struct sk_slot slot = sk_slot_of(text->bytes, text->length, slot_count);
		uint32_t probes = 0;

		for (; slots[slot.at]; slot.at = sk_slot_next(slot.at, slot_count)) {
			if (++probes == SK_INDEX_PROBE_LIMIT)
				return sk_error_set(
					writer->error, -E2BIG,
					"more than %d texts that a field is compared with have the same "
					"hash",
					SK_INDEX_PROBE_LIMIT);
		}
		slots[slot.at] = slot.byte << SK_SLOT_ENTRY_BITS | (i + 1);
	}
	writer->record.first_part = sk_index_records(writer, SK_SECTION_SLOTS, sizeof(*slots));
	writer->record.part_count = slot_count;
	sk_buffer_append(&writer->sections[SK_SECTION_SLOTS], slots, slot_count * sizeof(*slots));
	return 0;
}
