/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/support/siphash.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

int sk_siphash_key_create(struct sk_siphash_key *ret_key)
{
	struct sk_siphash_key key;
	ssize_t size;

	/* Up to 256 bytes come whole, but for a signal before there is any randomness. */
	do
		size = getrandom(&key, sizeof(key), 0);
	while (size < 0 && errno == EINTR);
	if (size != (ssize_t)sizeof(key))
		return size < 0 ? -errno : -EIO;
	*ret_key = key;
	return 0;
}

static uint64_t rotate(uint64_t word, unsigned bits)
{
	return word << bits | word >> (64 - bits);
}

static void mix(uint64_t v[4], unsigned rounds)
{
	while (rounds--) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

static void take(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	mix(v, 2);
	v[0] ^= word;
}

static uint64_t word_at(const uint8_t *bytes, size_t size)
{
	uint64_t word = 0;

	for (size_t i = 0; i < size; i++)
		word |= (uint64_t)bytes[i] << 8 * i;
	return word;
}

uint64_t sk_siphash(const struct sk_siphash_key *key, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	uint64_t v[4] = {
		key->halves[0] ^ UINT64_C(0x736f6d6570736575),
		key->halves[1] ^ UINT64_C(0x646f72616e646f6d),
		key->halves[0] ^ UINT64_C(0x6c7967656e657261),
		key->halves[1] ^ UINT64_C(0x7465646279746573),
	};
	size_t left = size;

	for (; left >= 8; left -= 8, at += 8)
		take(v, word_at(at, 8));
	take(v, word_at(at, left) | (uint64_t)size << 56);
	v[2] ^= 0xff;
	mix(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
