/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the files of the index planner.
 */
#ifndef SK_COMPILER_INDEX_PRIVATE_H
#define SK_COMPILER_INDEX_PRIVATE_H

#include "compiler/index.h"
#include "vm/order.h"

/* An entry before it is written: a constant and the predicates that have it. */
struct sk_index_item {
	uint32_t constant;
	uint32_t first, count; /* of the members */
	struct sk_order_text text;
};

/* One index that is being written. */
struct sk_index_writer {
	const struct sk_bundle *bundle;
	struct sk_arena *arena; /* reset after each index */
	struct sk_buffer *sections;
	struct sk_error *error;
	enum sk_index_group group;
	bool is_signed; /* of numbers */
	struct sk_index_item *items;
	uint32_t count;
	struct sk_bundle_index record; /* parts are filled in by who writes them */
};

/*
 * Each brings the items in the order of its entries and writes its parts.  0,
 * -ENOMEM, or -E2BIG.
 */
int sk_index_write_slots(struct sk_index_writer *writer);
int sk_index_write_order(struct sk_index_writer *writer);
int sk_index_write_automaton(struct sk_index_writer *writer);

/* How many records a section has, as 32 bits. */
uint32_t sk_index_records(const struct sk_index_writer *writer, enum sk_section section, size_t record_size);

#endif
