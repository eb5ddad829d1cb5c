/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/support/siphash.h"

#include <string.h>

#include "tests/test.h"

/* Key and message 00 01 02 ..., as in the paper's appendix. */
TEST(the_hash_is_that_of_the_paper)
{
	const struct sk_siphash_key key = {{UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)}};
	uint8_t message[16];

	for (unsigned i = 0; i < sizeof(message); i++)
		message[i] = (uint8_t)i;
	CHECK(sk_siphash(&key, message, 15) == UINT64_C(0xa129ca6149be45e5));
	CHECK(sk_siphash(&key, message, 0) == UINT64_C(0x726fdb47dd0e0e31));
	CHECK(sk_siphash(&key, message, 8) == UINT64_C(0x93f5f5799a932462));
}

TEST(keys_are_not_the_same_twice)
{
	struct sk_siphash_key first, second;

	CHECK_EQUAL(sk_siphash_key_create(&first), 0);
	CHECK_EQUAL(sk_siphash_key_create(&second), 0);
	CHECK(memcmp(&first, &second, sizeof(first)) != 0);
}

TEST_MAIN(RUN(the_hash_is_that_of_the_paper) RUN(keys_are_not_the_same_twice))
