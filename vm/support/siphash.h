/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SipHash-2-4: a hash by a secret key.  Who does not know the key cannot find
 * two texts with the same hash, which others can do for a hash without one.  For
 * tables that take the hash for the text.
 */
#ifndef SK_SUPPORT_SIPHASH_H
#define SK_SUPPORT_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct sk_siphash_key {
	uint64_t halves[2];
};

/* From the kernel's random numbers.  0 or negative errno. */
int sk_siphash_key_create(struct sk_siphash_key *ret_key);

uint64_t sk_siphash(const struct sk_siphash_key *key, const void *bytes, size_t size);

#endif
