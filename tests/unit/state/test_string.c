/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/string_pool.h"
#include "tests/test.h"
#include "vm/support/alloc.h"

TEST(a_string_holds_its_bytes_and_a_nul)
{
	struct sk_string_pool *pool = sk_string_pool_create();
	struct sk_string *string = sk_string_new(pool, "a\0b", 3);

	CHECK_EQUAL(string->length, 3);
	CHECK(memcmp(string->bytes, "a\0b", 4) == 0);
	sk_string_drop(pool, string);
	sk_string_pool_destroy(pool);
}

TEST(the_empty_string_is_one_and_may_be_dropped_too_often)
{
	struct sk_string_pool *pool = sk_string_pool_create();
	struct sk_string *empty = sk_string_empty(pool);

	CHECK(sk_string_new(pool, NULL, 0) == empty);
	for (int i = 0; i < 10; i++)
		sk_string_drop(pool, empty);
	CHECK_EQUAL(empty->length, 0);
	CHECK_TEXT(empty->bytes, "");
	sk_string_pool_destroy(pool);
}

TEST(shared_strings_live_until_the_last_reference_goes)
{
	struct sk_string_pool *pool = sk_string_pool_create();
	struct sk_string *string = sk_string_new(pool, "text", 4);

	sk_string_share(string);
	sk_string_drop(pool, string);
	CHECK_TEXT(string->bytes, "text");
	CHECK_EQUAL(string->references, 1);
	sk_string_drop(pool, string);
	sk_string_pool_destroy(pool);
}

TEST(assigning_the_same_text_changes_nothing_and_shares_the_hint)
{
	struct sk_string_pool *pool = sk_string_pool_create();
	struct sk_string *slot = sk_string_empty(pool), *hint = sk_string_new(pool, "text", 4);

	CHECK(sk_string_assign(pool, &slot, hint, "text", 4));
	CHECK(slot == hint);
	CHECK(!sk_string_assign(pool, &slot, NULL, "text", 4));
	CHECK(sk_string_assign(pool, &slot, hint, "other", 5));
	CHECK_TEXT(slot->bytes, "other");
	CHECK_EQUAL(hint->references, 1);
	sk_string_drop(pool, slot);
	sk_string_drop(pool, hint);
	sk_string_pool_destroy(pool);
}

TEST(what_was_dropped_is_used_again_without_the_heap)
{
	struct sk_string_pool *pool = sk_string_pool_create();
	char text[3000];
	uint64_t before = 0;

	memset(text, 'x', sizeof(text));
	for (int round = 0; round < 100; round++) {
		if (round == 1)
			before = sk_alloc_count();
		for (size_t length = 1; length < sizeof(text); length += 7)
			sk_string_drop(pool, sk_string_new(pool, text, length));
	}
	CHECK_EQUAL(sk_alloc_count(), before);
	sk_string_pool_destroy(pool);
}

TEST(strings_of_every_length_keep_apart)
{
	enum { COUNT = 2048 };
	struct sk_string_pool *pool = sk_string_pool_create();
	static struct sk_string *strings[COUNT];
	char text[COUNT];
	bool intact = true;

	for (size_t i = 0; i < COUNT; i++) {
		memset(text, (int)('a' + i % 26), i);
		strings[i] = sk_string_new(pool, text, i);
	}
	for (size_t i = 0; i < COUNT; i++)
		for (size_t at = 0; at < i; at++)
			intact &= strings[i]->length == i && strings[i]->bytes[at] == (char)('a' + i % 26);
	CHECK(intact);
	for (size_t i = 0; i < COUNT; i++)
		sk_string_drop(pool, strings[i]);
	sk_string_pool_destroy(pool);
}

TEST(longer_text_than_any_parameter_is_cut)
{
	struct sk_string_pool *pool = sk_string_pool_create();
	static char text[SK_STRING_LIMIT + 100];
	struct sk_string *string = sk_string_new(pool, text, sizeof(text));

	CHECK_EQUAL(string->length, SK_STRING_LIMIT);
	sk_string_drop(pool, string);
	sk_string_pool_destroy(pool);
}

TEST(without_memory_a_string_is_empty)
{
	struct sk_string_pool *pool = sk_string_pool_create();
	struct sk_string *string;

	sk_alloc_fail_after(0);
	string = sk_string_new(pool, "text", 4);
	CHECK_EQUAL(string->length, 0);
	CHECK(sk_string_pool_create() == NULL);
	sk_alloc_fail_after(SIZE_MAX);
	string = sk_string_new(pool, "text", 4);
	CHECK_TEXT(string->bytes, "text");
	sk_string_pool_destroy(pool);
}

/* clang-format off */
TEST_MAIN(
	RUN(a_string_holds_its_bytes_and_a_nul)
	RUN(the_empty_string_is_one_and_may_be_dropped_too_often)
	RUN(shared_strings_live_until_the_last_reference_goes)
	RUN(assigning_the_same_text_changes_nothing_and_shares_the_hint)
	RUN(what_was_dropped_is_used_again_without_the_heap)
	RUN(strings_of_every_length_keep_apart)
	RUN(longer_text_than_any_parameter_is_cut)
	RUN(without_memory_a_string_is_empty)
)
