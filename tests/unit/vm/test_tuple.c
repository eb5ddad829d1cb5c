/* SPDX-License-Identifier: Apache-2.0 */
/* Tuples are interned: the same signatures, the same number. */
#include "tests/test.h"
#include "vm/tuple.h"

TEST(the_same_signatures_have_one_number)
{
	struct sk_tuples tuples;
	const uint32_t first[3] = {1, 2, 3}, second[3] = {1, 2, 4};

	CHECK_EQUAL(sk_tuples_init(&tuples, 3, 10), 0);
	CHECK_EQUAL(sk_tuples_intern(&tuples, first), 0);
	CHECK_EQUAL(sk_tuples_intern(&tuples, second), 1);
	CHECK_EQUAL(sk_tuples_intern(&tuples, first), 0);
	CHECK(memcmp(sk_tuples_at(&tuples, 1), second, sizeof(second)) == 0);
	sk_tuples_clear(&tuples);
	CHECK_EQUAL(sk_tuples_intern(&tuples, second), 0);
	sk_tuples_release(&tuples);
}

TEST(a_full_table_knows_what_it_has_and_takes_no_more)
{
	struct sk_tuples tuples;

	CHECK_EQUAL(sk_tuples_init(&tuples, 1, 5), 0);
	for (uint32_t i = 0; i < 5; i++)
		CHECK_EQUAL(sk_tuples_intern(&tuples, &i), i);
	for (uint32_t i = 0; i < 20; i++)
		CHECK_EQUAL(sk_tuples_intern(&tuples, &i), i < 5 ? i : UINT32_MAX);
	sk_tuples_release(&tuples);
}

TEST(tuples_of_nothing_are_all_the_same)
{
	struct sk_tuples tuples;

	CHECK_EQUAL(sk_tuples_init(&tuples, 0, 1), 0);
	CHECK_EQUAL(sk_tuples_intern(&tuples, NULL), 0);
	CHECK_EQUAL(sk_tuples_intern(&tuples, NULL), 0);
	CHECK_EQUAL(tuples.count, 1);
	sk_tuples_release(&tuples);
}

TEST_MAIN(RUN(the_same_signatures_have_one_number) RUN(a_full_table_knows_what_it_has_and_takes_no_more)
		  RUN(tuples_of_nothing_are_all_the_same))
