/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/memo.h"

#include "tests/test.h"
#include "tests/unit/vm/random.h"

static char buffer[256];

static struct sk_memo_key text_key(uint32_t question, const char *text)
{
	struct sk_value value = sk_value_text(text, (uint32_t)strlen(text));
	struct sk_memo_key key;

	CHECK(sk_memo_key(question, &value, buffer, sizeof(buffer), &key));
	return key;
}

static struct sk_memo_key number_key(uint32_t question, uint64_t number)
{
	struct sk_value value = sk_value_number(SK_TYPE_UINT64, number);
	struct sk_memo_key key;

	CHECK(sk_memo_key(question, &value, buffer, sizeof(buffer), &key));
	return key;
}

static struct sk_value list_of(const struct sk_value *items, uint32_t count)
{
	return (struct sk_value){
		.presence = SK_PRESENT, .type = items->type, .list = 1, .length = count, .items = items};
}

TEST(what_was_added_is_found_and_nothing_else)
{
	struct sk_memo memo;
	struct sk_memo_key a = text_key(1, "a"), b = text_key(1, "b"), other = text_key(2, "a");

	CHECK_EQUAL(sk_memo_init(&memo, 8, 64), 0);
	CHECK_EQUAL(sk_memo_find(&memo, &a), UINT32_MAX);
	CHECK(sk_memo_add(&memo, &a, 7));
	CHECK_EQUAL(sk_memo_find(&memo, &a), 7);
	CHECK_EQUAL(sk_memo_find(&memo, &b), UINT32_MAX);
	CHECK_EQUAL(sk_memo_find(&memo, &other), UINT32_MAX);
	CHECK_EQUAL(memo.hits, 1);
	CHECK_EQUAL(memo.misses, 3);
	sk_memo_release(&memo);
}

TEST(keys_are_compared_whole_even_where_hashes_agree)
{
	static const char *const alike[] = {"one", "two", "six", "seven", ""};
	struct sk_memo_key keys[20];
	struct sk_memo memo;

	CHECK_EQUAL(sk_memo_init(&memo, 32, 256), 0);
	for (uint32_t i = 0; i < 5; i++) {
		for (uint32_t question = 0; question < 2; question++) {
			keys[4 * i + question] = text_key(question, alike[i]);
			keys[4 * i + 2 + question] = number_key(question, i);
		}
	}
	for (uint32_t i = 0; i < 20; i++) {
		keys[i].hash = 12345;
		CHECK_EQUAL(sk_memo_find(&memo, &keys[i]), UINT32_MAX);
		CHECK(sk_memo_add(&memo, &keys[i], i));
	}
	for (uint32_t i = 0; i < 20; i++)
		CHECK_EQUAL(sk_memo_find(&memo, &keys[i]), i);
	sk_memo_release(&memo);
}

TEST(a_text_of_eight_bytes_is_no_number)
{
	uint64_t number = 0x4141414141414141;
	struct sk_memo_key as_number = number_key(1, number), as_text = text_key(1, "AAAAAAAA");
	struct sk_memo memo;

	CHECK_EQUAL(sk_memo_init(&memo, 8, 64), 0);
	as_text.hash = as_number.hash;
	CHECK(sk_memo_add(&memo, &as_number, 1));
	CHECK_EQUAL(sk_memo_find(&memo, &as_text), UINT32_MAX);
	sk_memo_release(&memo);
}

TEST(a_full_table_takes_nothing_until_it_is_cleared)
{
	struct sk_memo memo;

	CHECK_EQUAL(sk_memo_init(&memo, 3, 1000), 0);
	for (uint64_t i = 0; i < 3; i++) {
		struct sk_memo_key key = number_key(1, i);

		CHECK(sk_memo_add(&memo, &key, (uint32_t)i));
	}
	for (uint64_t i = 0; i < 10; i++) {
		struct sk_memo_key key = number_key(1, i);

		CHECK_EQUAL(sk_memo_find(&memo, &key), i < 3 ? (uint32_t)i : UINT32_MAX);
		if (i >= 3)
			CHECK(!sk_memo_add(&memo, &key, 9));
	}
	sk_memo_clear(&memo);
	for (uint64_t i = 0; i < 3; i++) {
		struct sk_memo_key key = number_key(1, i);

		CHECK_EQUAL(sk_memo_find(&memo, &key), UINT32_MAX);
		CHECK(sk_memo_add(&memo, &key, 5));
	}
	sk_memo_release(&memo);
}

TEST(room_for_keys_runs_out_too)
{
	struct sk_memo_key four = text_key(1, "four"), five = text_key(1, "fives"), long_one;
	char many[64];
	struct sk_value value;
	struct sk_memo memo;

	memset(many, 'x', sizeof(many));
	value = sk_value_text(many, sizeof(many));
	CHECK(sk_memo_key(1, &value, buffer, sizeof(buffer), &long_one));
	CHECK_EQUAL(sk_memo_init(&memo, 100, 8), 0);
	CHECK(sk_memo_fits(&memo, &four));
	CHECK(!sk_memo_fits(&memo, &long_one));
	CHECK(sk_memo_add(&memo, &four, 1));
	CHECK(!sk_memo_add(&memo, &five, 2));
	CHECK(!sk_memo_add(&memo, &long_one, 2));
	CHECK_EQUAL(sk_memo_find(&memo, &four), 1);
	sk_memo_clear(&memo);
	CHECK(sk_memo_add(&memo, &five, 2));
	CHECK_EQUAL(sk_memo_find(&memo, &five), 2);
	CHECK_EQUAL(sk_memo_find(&memo, &four), UINT32_MAX);
	sk_memo_release(&memo);
}

TEST(a_table_of_one_works)
{
	struct sk_memo memo;

	CHECK_EQUAL(sk_memo_init(&memo, 1, 1), 0);
	for (uint64_t i = 0; i < 50; i++) {
		struct sk_memo_key key = number_key(1, i), before = number_key(1, i - 1);

		CHECK_EQUAL(sk_memo_find(&memo, &key), UINT32_MAX);
		if (!sk_memo_add(&memo, &key, 1)) {
			sk_memo_clear(&memo);
			CHECK(sk_memo_add(&memo, &key, 1));
		}
		CHECK_EQUAL(sk_memo_find(&memo, &key), 1);
		CHECK_EQUAL(sk_memo_find(&memo, &before), UINT32_MAX);
	}
	sk_memo_release(&memo);
}

TEST(lists_are_keys_with_their_elements_kept_apart)
{
	const struct sk_value lists[][3] = {
		{sk_value_text("a", 1), sk_value_text("bc", 2), sk_value_text("", 0)},
		{sk_value_text("ab", 2), sk_value_text("c", 1), sk_value_text("", 0)},
		{sk_value_text("", 0), sk_value_text("a", 1), sk_value_text("bc", 2)},
		{sk_value_text("abc", 3), sk_value_text("", 0), sk_value_text("", 0)},
	};
	char room[256];
	struct sk_memo memo;

	CHECK_EQUAL(sk_memo_init(&memo, 64, 4096), 0);
	for (uint32_t i = 0; i < (sizeof(lists) / sizeof(lists[0])); i++) {
		for (uint32_t length = 1; length <= 3; length++) {
			struct sk_value list = list_of(lists[i], length);
			struct sk_memo_key key;

			CHECK(sk_memo_key(1, &list, room, sizeof(room), &key));
			CHECK_EQUAL(sk_memo_find(&memo, &key), UINT32_MAX);
			CHECK(sk_memo_add(&memo, &key, 3 * i + length));
			memset(room, 0, sizeof(room)); /* the memo has its own */
			CHECK(sk_memo_key(1, &list, room, sizeof(room), &key));
			CHECK_EQUAL(sk_memo_find(&memo, &key), 3 * i + length);
		}
	}
	sk_memo_release(&memo);
}

TEST(lists_of_numbers_and_addresses_are_keys)
{
	const struct sk_address v4 = {.bytes = {1, 2, 3, 4}, .length = 4},
				v6 = {.bytes = {1, 2, 3, 4}, .length = 16};
	const struct sk_value numbers[] = {sk_value_number(SK_TYPE_PORT, 80), sk_value_number(SK_TYPE_PORT, 443)};
	const struct sk_value addresses[] = {
		{.presence = SK_PRESENT, .type = SK_TYPE_IPADDR, .address = &v4},
		{.presence = SK_PRESENT, .type = SK_TYPE_IPADDR, .address = &v6},
	};
	struct sk_value list = list_of(numbers, 2);
	struct sk_memo_key one, two;
	char other[256];

	CHECK(sk_memo_key(1, &list, buffer, sizeof(buffer), &one));
	list = list_of(numbers, 1);
	CHECK(sk_memo_key(1, &list, other, sizeof(other), &two));
	CHECK(one.hash != two.hash && one.length != two.length);
	list = list_of(addresses, 1);
	CHECK(sk_memo_key(1, &list, buffer, sizeof(buffer), &one));
	list = list_of(addresses + 1, 1);
	CHECK(sk_memo_key(1, &list, other, sizeof(other), &two));
	CHECK(one.hash != two.hash && one.length != two.length);
}

TEST(a_list_that_is_too_long_is_no_key)
{
	const struct sk_value items[] = {sk_value_text("0123456789", 10), sk_value_text("0123456789", 10)};
	struct sk_value list = list_of(items, 2);
	struct sk_memo_key key;
	char room[28];

	CHECK(sk_memo_key(1, &list, room, 28, &key));
	CHECK_EQUAL(key.length, 28);
	for (uint32_t size = 0; size < 28; size++)
		CHECK(!sk_memo_key(1, &list, room, size, &key));
	list.length = 0;
	CHECK(sk_memo_key(1, &list, room, 0, &key));
	CHECK_EQUAL(key.length, 0);
}

TEST(a_hash_of_zero_is_a_hash_like_any_other)
{
	struct sk_memo_key text = text_key(1, "text"), other = text_key(1, "other"), number = number_key(0, 0);
	struct sk_memo memo;

	/* The product of the number and the question is 0. */
	CHECK_EQUAL(number.hash, 0);
	text.hash = other.hash = 0;
	CHECK_EQUAL(sk_memo_init(&memo, 8, 64), 0);
	CHECK_EQUAL(sk_memo_find(&memo, &text), UINT32_MAX);
	CHECK(sk_memo_add(&memo, &text, 1));
	CHECK_EQUAL(sk_memo_find(&memo, &number), UINT32_MAX);
	CHECK(sk_memo_add(&memo, &number, 2));
	CHECK_EQUAL(sk_memo_find(&memo, &text), 1);
	CHECK_EQUAL(sk_memo_find(&memo, &number), 2);
	CHECK_EQUAL(sk_memo_find(&memo, &other), UINT32_MAX);
	sk_memo_release(&memo);
}

TEST(random_values_are_found_like_in_a_plain_array)
{
	enum { VALUES = 300 };
	static uint32_t expected[4][VALUES];
	struct random random = {random_seed()};
	struct sk_memo memo;

	CHECK_EQUAL(sk_memo_init(&memo, 64, 300), 0);
	memset(expected, 0xff, sizeof(expected));
	for (int i = 0; i < 20000; i++) {
		uint32_t question = random_below(&random, 4), value = random_below(&random, VALUES);
		struct sk_memo_key key;
		char text[16];

		snprintf(text, sizeof(text), "%u", value);
		key = question < 2 ? text_key(question, text) : number_key(question, value);
		CHECK_EQUAL(sk_memo_find(&memo, &key), expected[question][value]);
		if (expected[question][value] != UINT32_MAX)
			continue;
		if (!sk_memo_add(&memo, &key, (uint32_t)i)) {
			sk_memo_clear(&memo);
			memset(expected, 0xff, sizeof(expected));
			CHECK(sk_memo_add(&memo, &key, (uint32_t)i));
		}
		expected[question][value] = (uint32_t)i;
	}
	sk_memo_release(&memo);
}

/* clang-format off */
TEST_MAIN(
	RUN(what_was_added_is_found_and_nothing_else)
	RUN(keys_are_compared_whole_even_where_hashes_agree)
	RUN(a_text_of_eight_bytes_is_no_number)
	RUN(a_full_table_takes_nothing_until_it_is_cleared)
	RUN(room_for_keys_runs_out_too)
	RUN(a_table_of_one_works)
	RUN(lists_are_keys_with_their_elements_kept_apart)
	RUN(lists_of_numbers_and_addresses_are_keys)
	RUN(a_list_that_is_too_long_is_no_key)
	RUN(a_hash_of_zero_is_a_hash_like_any_other)
	RUN(random_values_are_found_like_in_a_plain_array)
)
/* clang-format on */
