/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The orders in which entries of an index lie (enum sk_group_order).
 *
 * What begins a value lies, in each of them, before the value, and everything
 * between the two begins with it too.  So if g is the greatest entry that is
 * not behind the value, all entries that begin the value are g itself, or
 * begin g: they are on the chain of g's links.
 *
 *   entries    /etc   /etc/ssh   /usr   /usr/lib   /usr/lib/x
 *   links                ┘ ►/etc          ┘ ►/usr     ┘ ►/usr/lib
 *   value                                            /usr/lib/y
 */
#ifndef SK_ORDER_H
#define SK_ORDER_H

#include <string.h>

#include "vm/bundle.h"

struct sk_order_text {
	const char *bytes;
	uint32_t length;
};

/* The path "/" has no components: it is the empty text here. */
static inline uint32_t sk_order_length(enum sk_group_order order, const char *bytes, uint32_t length)
{
	return order == SK_GROUP_ORDER_PATH && length == 1 && bytes[0] == '/' ? 0 : length;
}

/* The text of an entry of `index`, which is a record of the bundle's ENTRIES. */
static inline struct sk_order_text sk_order_entry(const struct sk_bundle *bundle,
						  const struct sk_bundle_index *index,
						  const struct sk_bundle_entry *entry)
{
	struct sk_order_text text;

	text.bytes = sk_bundle_text(bundle, entry->constant, &text.length);
	text.length =
		sk_order_length((enum sk_group_order)sk_index_groups[index->group].order, text.bytes, text.length);
	return text;
}

/* How many bytes two texts have in common, from the begin (for REVERSED: from the end). */
static inline uint32_t sk_order_common(enum sk_group_order order, struct sk_order_text a, struct sk_order_text b)
{
	const uint32_t shorter = a.length < b.length ? a.length : b.length;
	uint32_t common = 0;

	if (order == SK_GROUP_ORDER_REVERSED) {
		while (common < shorter && a.bytes[a.length - 1 - common] == b.bytes[b.length - 1 - common])
			common++;
		return common;
	}
	while (common < shorter && a.bytes[common] == b.bytes[common])
		common++;
	return common;
}

/*
 * Less than, equal to or greater than 0 as `a` is before, the same as or behind
 * `b`, of which `common` bytes are the same.  Of paths the slash is the smallest
 * byte, so that components are compared one by one.
 */
static inline int sk_order_behind(enum sk_group_order order, struct sk_order_text a, struct sk_order_text b,
				  uint32_t common)
{
	unsigned char x, y;

	if (common == (a.length < b.length ? a.length : b.length))
		return (a.length > b.length) - (a.length < b.length);
	if (order == SK_GROUP_ORDER_REVERSED) {
		x = (unsigned char)a.bytes[a.length - 1 - common];
		y = (unsigned char)b.bytes[b.length - 1 - common];
		return x < y ? -1 : 1;
	}
	x = (unsigned char)a.bytes[common];
	y = (unsigned char)b.bytes[common];
	if (order == SK_GROUP_ORDER_PATH && (x == '/' || y == '/'))
		return x == '/' ? -1 : 1;
	return x < y ? -1 : 1;
}

/* The same, and `*ret_common`: how many bytes are the same. */
static inline int sk_order_texts(enum sk_group_order order, struct sk_order_text a, struct sk_order_text b,
				 uint32_t *ret_common)
{
	*ret_common = sk_order_common(order, a, b);
	return sk_order_behind(order, a, b, *ret_common);
}

/*
 * True if `entry` begins (ends, for REVERSED) `value`, of which `common` bytes
 * are the same.
 */
static inline bool sk_order_begins(enum sk_group_order order, uint32_t entry_length, struct sk_order_text value,
				   uint32_t common)
{
	if (entry_length > common)
		return false;
	return order != SK_GROUP_ORDER_PATH || entry_length == value.length || value.bytes[entry_length] == '/';
}

/* --- numbers ----------------------------------------------------------- */

static inline int sk_order_numbers(bool is_signed, uint64_t a, uint64_t b)
{
	if (is_signed)
		return ((int64_t)a > (int64_t)b) - ((int64_t)a < (int64_t)b);
	return (a > b) - (a < b);
}

/* --- addresses --------------------------------------------------------- */

/* Bits that two addresses of the same length have in common at their begin. */
static inline uint32_t sk_order_common_bits(const uint8_t *a, const uint8_t *b, uint32_t length)
{
	uint32_t i = 0;

	while (i < length && a[i] == b[i])
		i++;
	return i == length ? length * 8 : i * 8 + (uint32_t)__builtin_clz((uint32_t)(a[i] ^ b[i]) << 24);
}

/* By family, then address, then prefix. */
static inline int sk_order_addresses(const uint8_t *a, uint8_t a_length, uint8_t a_prefix, const uint8_t *b,
				     uint8_t b_length, uint8_t b_prefix)
{
	int order;

	if (a_length != b_length)
		return a_length < b_length ? -1 : 1;
	order = memcmp(a, b, a_length);
	return order ? order : (a_prefix > b_prefix) - (a_prefix < b_prefix);
}

#endif
