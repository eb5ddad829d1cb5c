/* SPDX-License-Identifier: Apache-2.0 */
#define XXH_INLINE_ALL
#include "vm/memo.h"

#include <errno.h>
#include <string.h>

#include <xxhash.h>

#include "vm/support/alloc.h"

int sk_memo_init(struct sk_memo *memo, uint32_t limit, uint32_t key_bytes)
{
	uint32_t size = 4;

	while (size < limit * 2)
		size *= 2;
	*memo = (struct sk_memo){.mask = size - 1, .limit = limit, .keys_size = key_bytes};
	memo->tags = sk_alloc_zeroed(size, sizeof(*memo->tags));
	memo->entries = sk_alloc_zeroed(size, sizeof(*memo->entries));
	memo->keys = sk_alloc(key_bytes);
	if (memo->tags && memo->entries && memo->keys)
		return 0;
	sk_memo_release(memo);
	return -ENOMEM;
}

void sk_memo_release(struct sk_memo *memo)
{
	sk_free(memo->tags);
	sk_free(memo->entries);
	sk_free(memo->keys);
	memo->tags = NULL;
	memo->entries = NULL;
	memo->keys = NULL;
}

void sk_memo_clear(struct sk_memo *memo)
{
	memset(memo->tags, 0, (size_t)memo->mask + 1);
	memo->count = 0;
	memo->keys_used = 0;
}

/* Each element with its length before it, so that no two lists look alike. */
static bool lay_out(const struct sk_value *list, char *buffer, uint32_t size, struct sk_memo_key *key)
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < list->length; i++) {
		const struct sk_value *item = &list->items[i];
		const void *bytes = &item->number;
		uint32_t length = sizeof(item->number);

		if (item->type == SK_TYPE_STRING || item->type == SK_TYPE_BYTES) {
			bytes = item->text;
			length = item->length;
		} else if (item->type == SK_TYPE_IPADDR || item->type == SK_TYPE_IPNET) {
			bytes = item->address->bytes;
			length = item->address->length;
		}
		if (length > size - used || size - used - length < sizeof(length))
			return false;
		memcpy(buffer + used, &length, sizeof(length));
		if (length)
			memcpy(buffer + used + sizeof(length), bytes, length);
		used += (uint32_t)sizeof(length) + length;
	}
	key->bytes = buffer;
	key->length = used;
	return true;
}

bool sk_memo_key(uint32_t question, const struct sk_value *value, char *buffer, uint32_t buffer_size,
		 struct sk_memo_key *ret_key)
{
	uint64_t hash;

	ret_key->question = question;
	if (value->list) {
		if (!lay_out(value, buffer, buffer_size, ret_key))
			return false;
	} else if (value->type == SK_TYPE_STRING || value->type == SK_TYPE_BYTES) {
		ret_key->bytes = value->text;
		ret_key->length = value->length;
	} else if (value->type == SK_TYPE_IPADDR || value->type == SK_TYPE_IPNET) {
		ret_key->bytes = (const char *)value->address->bytes;
		ret_key->length = value->address->length;
	} else {
		ret_key->length = SK_MEMO_NUMBER;
		ret_key->number = value->number;
		hash = (value->number ^ (uint64_t)question << 32) * UINT64_C(0x9e3779b97f4a7c15);
		ret_key->hash = hash ^ hash >> 29;
		return true;
	}
	ret_key->hash = XXH3_64bits_withSeed(ret_key->bytes, ret_key->length, question);
	return true;
}

/* Of other bits than the place, and not 0. */
static inline uint8_t tag_of(uint64_t hash)
{
	return (uint8_t)(hash >> 56 | 1);
}

static inline bool same_key(const struct sk_memo *memo, const struct sk_memo_entry *entry,
			    const struct sk_memo_key *key)
{
	if (entry->hash != key->hash || entry->question != key->question || entry->length != key->length)
		return false;
	if (key->length == SK_MEMO_NUMBER)
		return entry->number == key->number;
	return memcmp(memo->keys + entry->key, key->bytes, key->length) == 0;
}

uint32_t sk_memo_find(struct sk_memo *memo, const struct sk_memo_key *key)
{
	const uint8_t tag = tag_of(key->hash);

	for (uint32_t at = (uint32_t)(key->hash >> 8) & memo->mask;; at = (at + 1) & memo->mask) {
		if (memo->tags[at] == 0) {
			memo->misses++;
			return UINT32_MAX;
		}
		if (memo->tags[at] == tag && same_key(memo, &memo->entries[at], key)) {
			memo->hits++;
			return memo->entries[at].signature;
		}
	}
}

bool sk_memo_add(struct sk_memo *memo, const struct sk_memo_key *key, uint32_t signature)
{
	const uint32_t length = key->length == SK_MEMO_NUMBER ? 0 : key->length;
	uint32_t at = (uint32_t)(key->hash >> 8) & memo->mask;

	if (memo->count == memo->limit || length > memo->keys_size - memo->keys_used)
		return false;
	while (memo->tags[at])
		at = (at + 1) & memo->mask;
	memo->tags[at] = tag_of(key->hash);
	if (length)
		memcpy(memo->keys + memo->keys_used, key->bytes, length);
	memo->entries[at] = (struct sk_memo_entry){
		.hash = key->hash,
		.question = key->question,
		.signature = signature,
		.length = key->length,
		.key = memo->keys_used,
		.number = key->number,
	};
	memo->keys_used += length;
	memo->count++;
	return true;
}
