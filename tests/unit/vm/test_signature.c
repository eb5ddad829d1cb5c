/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/signature.h"

#include "tests/test.h"
#include "tests/unit/vm/random.h"

TEST(a_set_has_one_number_and_another_question_another)
{
	const uint32_t set[] = {3, 5, 9}, other[] = {3, 5, 10};
	struct sk_signatures signatures;
	uint32_t number;

	CHECK_EQUAL(sk_signatures_init(&signatures, 4, 10, 100), 0);
	number = sk_signatures_intern(&signatures, 1, set, 3);
	CHECK_EQUAL(sk_signatures_intern(&signatures, 1, set, 3), number);
	CHECK(sk_signatures_intern(&signatures, 2, set, 3) != number);
	CHECK(sk_signatures_intern(&signatures, 1, other, 3) != number);
	CHECK(sk_signatures_intern(&signatures, 1, set, 2) != number);
	CHECK_EQUAL(signatures.items[number].question, 1);
	CHECK_EQUAL(signatures.count, 8 + 4);
	sk_signatures_release(&signatures);
}

TEST(nothing_holds_of_a_missing_value_and_of_one_that_meets_nothing)
{
	struct sk_signatures signatures;

	CHECK_EQUAL(sk_signatures_init(&signatures, 3, 10, 100), 0);
	for (uint32_t question = 0; question < 3; question++) {
		uint32_t missing = sk_signature_missing(question), none = sk_signature_none(question);

		CHECK(missing != none);
		CHECK_EQUAL(sk_signatures_intern(&signatures, question, NULL, 0), none);
		CHECK_EQUAL(signatures.items[missing].question, question);
		CHECK_EQUAL(signatures.items[none].question, question);
		for (uint32_t predicate = 0; predicate < 5; predicate++) {
			CHECK(!sk_signature_holds(&signatures, missing, predicate));
			CHECK(!sk_signature_holds(&signatures, none, predicate));
		}
	}
	CHECK_EQUAL(signatures.count, 6);
	sk_signatures_release(&signatures);
}

TEST(a_full_table_knows_what_it_has_and_takes_no_more)
{
	struct sk_signatures signatures;
	uint32_t numbers[3];

	CHECK_EQUAL(sk_signatures_init(&signatures, 2, 3, 100), 0);
	for (uint32_t i = 0; i < 3; i++)
		numbers[i] = sk_signatures_intern(&signatures, 0, &i, 1);
	for (uint32_t i = 3; i < 6; i++)
		CHECK_EQUAL(sk_signatures_intern(&signatures, 0, &i, 1), UINT32_MAX);
	for (uint32_t i = 0; i < 3; i++)
		CHECK_EQUAL(sk_signatures_intern(&signatures, 0, &i, 1), numbers[i]);
	CHECK_EQUAL(sk_signatures_intern(&signatures, 0, NULL, 0), sk_signature_none(0));
	sk_signatures_clear(&signatures);
	for (uint32_t i = 3; i < 6; i++) {
		uint32_t number = sk_signatures_intern(&signatures, 0, &i, 1);

		CHECK(number != UINT32_MAX);
		CHECK(sk_signature_holds(&signatures, number, i));
		CHECK(!sk_signature_holds(&signatures, number, 0));
	}
	sk_signatures_release(&signatures);
}

TEST(room_for_members_runs_out_too)
{
	const uint32_t set[] = {1, 2, 3, 4};
	struct sk_signatures signatures;

	CHECK_EQUAL(sk_signatures_init(&signatures, 1, 100, 6), 0);
	CHECK(sk_signatures_intern(&signatures, 0, set, 4) != UINT32_MAX);
	CHECK_EQUAL(sk_signatures_intern(&signatures, 0, set, 3), UINT32_MAX);
	CHECK(sk_signatures_intern(&signatures, 0, set, 2) != UINT32_MAX);
	CHECK_EQUAL(sk_signatures_intern(&signatures, 0, set, 1), UINT32_MAX);
	sk_signatures_release(&signatures);
}

TEST(membership_is_that_of_the_set)
{
	struct random random = {random_seed()};
	struct sk_signatures signatures;

	CHECK_EQUAL(sk_signatures_init(&signatures, 1, 1000, 20000), 0);
	for (int i = 0; i < 500; i++) {
		uint32_t set[40], count = 0, number;
		uint64_t members = random_next(&random) & random_next(&random);

		for (uint32_t bit = 0; bit < 64 && count < 40; bit++) {
			if (members >> bit & 1)
				set[count++] = bit;
		}
		members = 0;
		for (uint32_t k = 0; k < count; k++)
			members |= UINT64_C(1) << set[k];
		number = sk_signatures_intern(&signatures, 0, set, count);
		for (uint32_t bit = 0; bit < 64; bit++)
			CHECK_EQUAL(sk_signature_holds(&signatures, number, bit), members >> bit & 1);
	}
	sk_signatures_release(&signatures);
}

/* clang-format off */
TEST_MAIN(
	RUN(a_set_has_one_number_and_another_question_another)
	RUN(nothing_holds_of_a_missing_value_and_of_one_that_meets_nothing)
	RUN(a_full_table_knows_what_it_has_and_takes_no_more)
	RUN(room_for_members_runs_out_too)
	RUN(membership_is_that_of_the_set)
)
/* clang-format on */
