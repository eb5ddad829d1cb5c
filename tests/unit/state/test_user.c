/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/string_pool.h"
#include "runtime/state/user.h"
#include "tests/test.h"
#include "vm/support/alloc.h"

static struct sk_string_pool *pool;
static struct sk_users *users;
static struct sk_string *host, *other;

static void start(void)
{
	pool = sk_string_pool_create();
	users = sk_users_create(pool);
	host = sk_string_empty(pool);
	other = sk_string_new(pool, "0123456789ab", 12);
}

static void finish(void)
{
	sk_users_destroy(users);
	sk_string_drop(pool, other);
	sk_string_pool_destroy(pool);
}

static int add(const struct sk_string *container_id, uint32_t uid, const char *name)
{
	return sk_users_add(users, container_id, uid, uid, name, (uint32_t)strlen(name), "/home", 5, "/bin/sh", 7);
}

TEST(a_user_is_known_in_its_container_only)
{
	start();
	CHECK_EQUAL(add(host, 1000, "alice"), 1);
	CHECK_EQUAL(add(other, 1000, "bob"), 1);
	CHECK_TEXT(sk_users_find(users, host, 1000)->name->bytes, "alice");
	CHECK_TEXT(sk_users_find(users, other, 1000)->name->bytes, "bob");
	CHECK_TEXT(sk_users_find(users, host, 1000)->shell->bytes, "/bin/sh");
	CHECK(sk_users_find(users, host, 1001) == NULL);
	finish();
}

TEST(adding_says_whether_anything_changed)
{
	start();
	CHECK_EQUAL(add(host, 1, "a"), 1);
	CHECK_EQUAL(add(host, 1, "a"), 0);
	CHECK_EQUAL(add(host, 1, "b"), 1);
	CHECK_TEXT(sk_users_find(users, host, 1)->name->bytes, "b");
	CHECK_EQUAL(sk_users_add_group(users, host, 1, "g", 1), 1);
	CHECK_EQUAL(sk_users_add_group(users, host, 1, "g", 1), 0);
	finish();
}

TEST(users_and_groups_of_one_number_are_two_things)
{
	start();
	add(host, 7, "user");
	CHECK(sk_users_find_group(users, host, 7) == NULL);
	sk_users_add_group(users, host, 7, "group", 5);
	CHECK_TEXT(sk_users_find_group(users, host, 7)->name->bytes, "group");
	sk_users_remove(users, host, 7);
	CHECK(sk_users_find(users, host, 7) == NULL);
	CHECK(sk_users_find_group(users, host, 7) != NULL);
	sk_users_remove_group(users, host, 7);
	sk_users_remove_group(users, host, 7);
	CHECK(sk_users_find_group(users, host, 7) == NULL);
	finish();
}

TEST(nis_entries_and_the_number_of_nobody_are_ignored)
{
	start();
	CHECK_EQUAL(add(host, 1, "+nis"), 0);
	CHECK_EQUAL(add(host, 2, "-nis"), 0);
	CHECK_EQUAL(add(host, UINT32_MAX, "none"), 0);
	CHECK(sk_users_find(users, host, 1) == NULL);
	CHECK(sk_users_find(users, host, UINT32_MAX) == NULL);
	CHECK_EQUAL(sk_users_add_group(users, host, 1, "+", 1), 0);
	finish();
}

TEST(many_come_and_go_and_pointers_stay)
{
	const struct sk_user *first;
	bool right = true;

	start();
	add(host, 0, "root");
	first = sk_users_find(users, host, 0);
	for (uint32_t round = 0; round < 20; round++) {
		for (uint32_t i = 1; i < 3000; i++)
			add(host, i, "name");
		for (uint32_t i = 1; i < 3000; i++)
			sk_users_remove(users, host, i);
	}
	for (uint32_t i = 1; i < 3000; i++)
		right &= sk_users_find(users, host, i) == NULL;
	CHECK(right);
	CHECK(sk_users_find(users, host, 0) == first);
	finish();
}

TEST(there_is_an_end_to_them_and_what_is_beyond_is_counted)
{
	bool right = true;

	start();
	for (uint32_t i = 1; i <= 1 << 20; i++)
		right &= sk_users_add_group(users, host, i, "", 0) >= 0;
	CHECK(right);
	CHECK_EQUAL(sk_users_dropped(users), 0);
	CHECK_EQUAL(sk_users_add_group(users, host, 1 << 21, "late", 4), 0);
	CHECK_EQUAL(sk_users_dropped(users), 1);
	CHECK(!sk_users_find_group(users, host, 1 << 21));
	/* Those that are known still change. */
	CHECK_EQUAL(sk_users_add_group(users, host, 7, "seven", 5), 1);
	sk_users_remove_group(users, host, 8);
	CHECK_EQUAL(sk_users_add_group(users, host, 1 << 21, "late", 4), 1);
	finish();
}

TEST(without_memory_nothing_breaks)
{
	start();
	for (size_t countdown = 0; countdown < 20; countdown++) {
		sk_alloc_fail_after(countdown);
		for (uint32_t i = 0; i < 2000; i++)
			add(other, i, "a name that takes some memory");
		sk_alloc_fail_after(SIZE_MAX);
	}
	CHECK_EQUAL(add(host, 1, "after"), 1);
	CHECK_TEXT(sk_users_find(users, host, 1)->name->bytes, "after");
	sk_alloc_fail_after(0);
	CHECK(sk_users_create(pool) == NULL);
	sk_alloc_fail_after(1);
	CHECK(sk_users_create(pool) == NULL);
	sk_alloc_fail_after(SIZE_MAX);
	finish();
}

/* clang-format off */
TEST_MAIN(
	RUN(a_user_is_known_in_its_container_only)
	RUN(adding_says_whether_anything_changed)
	RUN(users_and_groups_of_one_number_are_two_things)
	RUN(nis_entries_and_the_number_of_nobody_are_ignored)
	RUN(many_come_and_go_and_pointers_stay)
	RUN(there_is_an_end_to_them_and_what_is_beyond_is_counted)
	RUN(without_memory_nothing_breaks)
)
