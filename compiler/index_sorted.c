/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Indexes whose entries are sorted (vm/order.h): prefixes, suffixes, paths and
 * networks with their links, numbers and addresses without.
 */
#include "compiler/index_private.h"

#include <errno.h>
#include <stdlib.h>

static enum sk_group_order order_of(const struct sk_index_writer *writer)
{
	return (enum sk_group_order)sk_index_groups[writer->group].order;
}

/* `*ret_common`: what the two have in common, where there are links. */
static int compare(const struct sk_index_writer *writer, const struct sk_index_item *a,
		   const struct sk_index_item *b, uint32_t *ret_common)
{
	const struct sk_bundle *bundle = writer->bundle;
	const struct sk_bundle_address *x, *y;

	switch (order_of(writer)) {
	case SK_GROUP_ORDER_NUMBER:
		*ret_common = 0;
		return sk_order_numbers(writer->is_signed, bundle->numbers[a->constant],
					bundle->numbers[b->constant]);
	case SK_GROUP_ORDER_ADDRESS:
		x = &bundle->addresses[a->constant];
		y = &bundle->addresses[b->constant];
		*ret_common = x->length == y->length ? sk_order_common_bits(x->bytes, y->bytes, x->length) : 0;
		return sk_order_addresses(x->bytes, x->length, x->prefix, y->bytes, y->length, y->prefix);
	case SK_GROUP_ORDER_TEXT:
	case SK_GROUP_ORDER_REVERSED:
	case SK_GROUP_ORDER_PATH:
		return sk_order_texts(order_of(writer), a->text, b->text, ret_common);
	case SK_GROUP_ORDER_NONE:
		break;
	}
	return 0;
}

static int compare_items(const void *a, const void *b, void *context)
{
	uint32_t common;

	return compare(context, a, b, &common);
}

/* True if `other`, which has `common` in common with `item`, begins it. */
static bool begins(const struct sk_index_writer *writer, const struct sk_index_item *other,
		   const struct sk_index_item *item, uint32_t common)
{
	const struct sk_bundle_address *addresses = writer->bundle->addresses;

	if (order_of(writer) == SK_GROUP_ORDER_ADDRESS)
		return addresses[other->constant].length == addresses[item->constant].length &&
		       addresses[other->constant].prefix <= common;
	return sk_order_begins(order_of(writer), other->text.length, item->text, common);
}

int sk_index_write_order(struct sk_index_writer *writer)
{
	uint32_t *links;

	qsort_r(writer->items, writer->count, sizeof(*writer->items), compare_items, writer);
	if (sk_index_groups[writer->group].parts != SK_GROUP_PARTS_LINKS)
		return 0;
	links = sk_arena_alloc(writer->arena, writer->count * sizeof(*links));
	if (!links)
		return -ENOMEM;
	for (uint32_t i = 0; i < writer->count; i++) {
		uint32_t link = i > 0 ? i - 1 : SK_NONE, common = 0;

		if (i > 0)
			compare(writer, &writer->items[i - 1], &writer->items[i], &common);
		while (link != SK_NONE && !begins(writer, &writer->items[link], &writer->items[i], common))
			link = links[link];
		links[i] = link;
	}
	writer->record.first_link = sk_index_records(writer, SK_SECTION_LINKS, sizeof(*links));
	sk_buffer_append(&writer->sections[SK_SECTION_LINKS], links, writer->count * sizeof(*links));
	return 0;
}
