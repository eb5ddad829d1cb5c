/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a question's value to its signature, remembered.
 *
 *   hash(question, value) ─► tag ─► [ hash | question | signature | key ] ─► key bytes
 *                             open addressing, linear probing
 *
 * The tags, one byte of the hash each, are so small that they stay in the
 * cache: a value that was never met costs a look at them, and forgetting
 * everything no more than clearing them.
 *
 * A key is compared whole, so two values never share an entry by accident or
 * by somebody's design.  When the table or the room for keys is full, the
 * owner clears it and starts anew.
 */
#ifndef SK_MEMO_H
#define SK_MEMO_H

#include <stdbool.h>
#include <stdint.h>

#include "vm/value.h"

struct sk_memo_entry {
	uint64_t hash;
	uint32_t question;
	uint32_t signature;
	uint32_t length; /* of the key's bytes; SK_MEMO_NUMBER: the key is the number itself */
	uint32_t key;    /* offset of its bytes */
	uint64_t number;
};

enum { SK_MEMO_NUMBER = UINT32_MAX };

struct sk_memo {
	uint8_t *tags; /* 0: free; a power of two, at least half of them free */
	struct sk_memo_entry *entries;
	uint32_t mask;
	uint32_t count, limit;
	char *keys;
	uint32_t keys_used, keys_size;
	uint64_t hits, misses; /* since it was created */
};

/* A value as the memo sees it; made once for looking up and adding. */
struct sk_memo_key {
	uint64_t hash;
	uint32_t question;
	uint32_t length;
	const char *bytes;
	uint64_t number;
};

/* `limit` entries, and `key_bytes` for their keys.  0 or -ENOMEM. */
int sk_memo_init(struct sk_memo *memo, uint32_t limit, uint32_t key_bytes);
void sk_memo_release(struct sk_memo *memo);
void sk_memo_clear(struct sk_memo *memo);

/*
 * False if the value cannot be remembered: it is a list of more than the
 * buffer holds.  Lists are laid out in `buffer`.
 */
bool sk_memo_key(uint32_t question, const struct sk_value *value, char *buffer, uint32_t buffer_size,
		 struct sk_memo_key *ret_key);

/* The signature, or UINT32_MAX. */
uint32_t sk_memo_find(struct sk_memo *memo, const struct sk_memo_key *key);

/* False if there is no room for it even after a clear. */
static inline bool sk_memo_fits(const struct sk_memo *memo, const struct sk_memo_key *key)
{
	return key->length == SK_MEMO_NUMBER || key->length <= memo->keys_size;
}

/* False if there is no room: clear it first. */
bool sk_memo_add(struct sk_memo *memo, const struct sk_memo_key *key, uint32_t signature);

#endif
