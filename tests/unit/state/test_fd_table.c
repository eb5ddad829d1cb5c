/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/fd_table.h"
#include "tests/test.h"
#include "vm/support/alloc.h"

static struct sk_string_pool *strings;
static struct sk_fd_pool pool;

static struct sk_fd_table *start(void)
{
	strings = sk_string_pool_create();
	sk_fd_pool_init(&pool, strings);
	return sk_fd_table_create(&pool);
}

static void finish(void)
{
	sk_string_pool_destroy(strings);
}

static struct sk_fd *add_named(struct sk_fd_table *table, int64_t number, const char *name)
{
	struct sk_fd *fd = sk_fd_table_add(&pool, table, number, SK_FD_FILE_V2);

	if (fd)
		sk_string_assign(strings, &fd->name, NULL, name, strlen(name));
	return fd;
}

TEST(fds_are_found_by_number_dense_or_far_apart)
{
	static const int64_t numbers[] = {0, 1, 15, 16, 17, 1000, 1048576, INT64_C(1) << 40, INT64_MAX};
	struct sk_fd_table *table = start();

	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		CHECK(sk_fd_table_add(&pool, table, numbers[i], SK_FD_FILE_V2) != NULL);
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		CHECK(sk_fd_find(table, numbers[i]) && sk_fd_find(table, numbers[i])->fd == numbers[i]);
	CHECK(sk_fd_find(table, 2) == NULL);
	CHECK(sk_fd_find(table, 999) == NULL);
	CHECK(sk_fd_find(table, -1) == NULL);
	CHECK(sk_fd_find(NULL, 0) == NULL);
	CHECK(sk_fd_table_add(&pool, table, -1, SK_FD_FILE_V2) == NULL);
	CHECK_EQUAL(sk_fd_table_count(table), 9);
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sk_fd_table_remove(&pool, table, numbers[i]);
	CHECK_EQUAL(sk_fd_table_count(table), 0);
	sk_fd_table_destroy(&pool, table);
	finish();
}

TEST(an_fd_that_is_there_is_replaced)
{
	struct sk_fd_table *table = start();

	add_named(table, 3, "old");
	add_named(table, 3, "new");
	CHECK_EQUAL(sk_fd_table_count(table), 1);
	CHECK_TEXT(sk_fd_find(table, 3)->name->bytes, "new");
	sk_fd_table_destroy(&pool, table);
	finish();
}

TEST(a_full_table_takes_no_more_but_counts_them_and_still_replaces)
{
	struct sk_fd_table *table = start();

	for (int64_t i = 0; i < SK_FD_TABLE_LIMIT; i++)
		CHECK(sk_fd_table_add(&pool, table, i * 3, SK_FD_FILE_V2) != NULL);
	CHECK(sk_fd_table_add(&pool, table, 1, SK_FD_FILE_V2) == NULL);
	CHECK_EQUAL(pool.dropped, 1);
	CHECK(sk_fd_table_add(&pool, table, 3, SK_FD_FIFO) != NULL);
	CHECK_EQUAL(sk_fd_table_count(table), SK_FD_TABLE_LIMIT);
	sk_fd_table_destroy(&pool, table);
	finish();
}

TEST(a_copy_shares_entries_until_one_side_changes_them)
{
	struct sk_fd_table *table = start(), *copy;
	struct sk_fd *own;
	uint32_t revision;

	for (int64_t i = 0; i < 40; i++)
		add_named(table, i, "shared");
	copy = sk_fd_table_copy(&pool, table);
	CHECK(sk_fd_find(copy, 20) == sk_fd_find(table, 20));
	revision = sk_fd_find(table, 20)->revision;
	own = sk_fd_table_edit(&pool, copy, 20);
	sk_string_assign(strings, &own->name, NULL, "mine", 4);
	CHECK_TEXT(sk_fd_find(copy, 20)->name->bytes, "mine");
	CHECK_TEXT(sk_fd_find(table, 20)->name->bytes, "shared");
	CHECK(sk_fd_find(copy, 20)->revision != revision);
	CHECK_EQUAL(sk_fd_find(table, 20)->revision, revision);
	CHECK(sk_fd_find(copy, 21) == sk_fd_find(table, 21));
	sk_fd_table_remove(&pool, table, 21);
	CHECK(sk_fd_find(copy, 21) != NULL);
	CHECK(sk_fd_find(table, 21) == NULL);
	CHECK_EQUAL(sk_fd_table_count(table), 39);
	CHECK_EQUAL(sk_fd_table_count(copy), 40);
	sk_fd_table_destroy(&pool, table);
	CHECK_TEXT(sk_fd_find(copy, 39)->name->bytes, "shared");
	sk_fd_table_destroy(&pool, copy);
	finish();
}

TEST(a_change_gives_an_entry_another_revision)
{
	struct sk_fd_table *table = start();
	uint32_t first = add_named(table, 3, "x")->revision;

	CHECK(sk_fd_table_edit(&pool, table, 3)->revision != first);
	CHECK(sk_fd_table_edit(&pool, table, 4) == NULL);
	sk_fd_table_destroy(&pool, table);
	finish();
}

TEST(an_exec_closes_by_the_flag_of_each_kind)
{
	struct sk_fd_table *table = start();

	sk_fd_table_add(&pool, table, 0, SK_FD_FILE_V2)->open_flags = 1; /* means nothing here */
	sk_fd_table_add(&pool, table, 1, SK_FD_FILE_V2)->open_flags = SK_OPEN_CLOEXEC;
	sk_fd_table_add(&pool, table, 2, SK_FD_EVENTPOLL)->open_flags = SK_EPOLL_CLOEXEC;
	sk_fd_table_add(&pool, table, 3, SK_FD_MEMFD)->open_flags = SK_MFD_CLOEXEC;
	sk_fd_table_add(&pool, table, 4, SK_FD_MEMFD)->open_flags = 2;
	sk_fd_table_add(&pool, table, 5, SK_FD_IPV4_SOCK)->open_flags = SK_OPEN_CLOEXEC | 0x40;
	sk_fd_table_remove_close_on_exec(&pool, table);
	CHECK_EQUAL(sk_fd_table_count(table), 2);
	CHECK(sk_fd_find(table, 0) && sk_fd_find(table, 4));
	sk_fd_table_destroy(&pool, table);
	finish();
}

TEST(close_on_exec_is_cleared_in_all_its_forms)
{
	struct sk_fd memfd = {.type = SK_FD_MEMFD, .open_flags = SK_MFD_CLOEXEC | 2};
	struct sk_fd epoll = {.type = SK_FD_EVENTPOLL, .open_flags = SK_EPOLL_CLOEXEC | SK_OPEN_CLOEXEC};
	struct sk_fd file = {.type = SK_FD_FILE_V2, .open_flags = SK_OPEN_CLOEXEC | 1};

	sk_fd_set_close_on_exec(&memfd, false);
	sk_fd_set_close_on_exec(&epoll, false);
	sk_fd_set_close_on_exec(&file, false);
	CHECK_EQUAL(memfd.open_flags, 2);
	CHECK_EQUAL(epoll.open_flags, 0);
	CHECK_EQUAL(file.open_flags, 1);
}

TEST(ranges_are_removed_or_marked_even_page_by_page)
{
	struct sk_fd_table *table = start();

	for (int64_t i = 0; i < 100; i++)
		add_named(table, i, "x");
	sk_fd_table_mark_range(&pool, table, 0, 2);
	CHECK(sk_fd_find(table, 2)->open_flags & SK_OPEN_CLOEXEC);
	CHECK(!(sk_fd_find(table, 3)->open_flags & SK_OPEN_CLOEXEC));
	sk_fd_table_remove_range(&pool, table, 3, UINT32_MAX);
	CHECK_EQUAL(sk_fd_table_count(table), 3);
	sk_fd_table_remove_range(&pool, table, 0, INT64_MAX);
	CHECK_EQUAL(sk_fd_table_count(table), 0);
	sk_fd_table_remove_range(&pool, NULL, 0, 1);
	sk_fd_table_destroy(&pool, table);
	finish();
}

TEST(a_walk_sees_every_entry_once)
{
	struct sk_fd_table *table = start();
	uint32_t cursor = 0, seen = 0;
	int64_t sum = 0;
	const struct sk_fd *fd;

	add_named(table, 5, "x");
	add_named(table, 700, "x");
	add_named(table, 16, "x");
	while ((fd = sk_fd_table_next(table, &cursor))) {
		seen++;
		sum += fd->fd;
	}
	CHECK_EQUAL(seen, 3);
	CHECK_EQUAL(sum, 721);
	sk_fd_table_destroy(&pool, table);
	finish();
}

TEST(random_changes_agree_with_a_plain_array)
{
	enum { FDS = 600 };
	struct sk_fd_table *table = start(), *copy = NULL;
	static uint64_t present[FDS], copied[FDS];
	uint64_t random = 88172645463325252u;
	bool agrees = true;

	memset(present, 0, sizeof(present));
	for (unsigned round = 0; round < 60000; round++) {
		int64_t number;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		number = (int64_t)(random % FDS);
		if (random >> 40 & 1) {
			sk_fd_table_add(&pool, table, number, SK_FD_FILE_V2)->ino = round;
			present[number] = round + 1;
		} else {
			sk_fd_table_remove(&pool, table, number);
			present[number] = 0;
		}
		if (round % 1000 == 0) {
			sk_fd_table_destroy(&pool, copy);
			copy = sk_fd_table_copy(&pool, table);
			memcpy(copied, present, sizeof(copied));
		}
		if (round % 100 != 0)
			continue;
		for (int64_t i = 0; i < FDS; i++) {
			const struct sk_fd *fd = sk_fd_find(table, i), *old = sk_fd_find(copy, i);

			agrees &= (fd ? fd->ino + 1 : 0) == present[i] && (old ? old->ino + 1 : 0) == copied[i];
		}
	}
	CHECK(agrees);
	sk_fd_table_destroy(&pool, copy);
	sk_fd_table_destroy(&pool, table);
	finish();
}

TEST(every_kind_has_its_name_and_letter)
{
	CHECK_TEXT(sk_fd_type_name(SK_FD_FILE_V2), "file");
	CHECK_TEXT(sk_fd_type_name(SK_FD_DIRECTORY), "directory");
	CHECK_TEXT(sk_fd_type_name(SK_FD_IPV6_SERVSOCK), "ipv6");
	CHECK_TEXT(sk_fd_type_name(SK_FD_UNKNOWN), "<NA>");
	CHECK_TEXT(sk_fd_type_name(99), "<NA>");
	CHECK_EQUAL(sk_fd_type_char(SK_FD_PIDFD), 'P');
	CHECK_EQUAL(sk_fd_type_char(SK_FD_IPV4_SERVSOCK), '4');
	CHECK_EQUAL(sk_fd_type_char(SK_FD_UNKNOWN), 'o');
	CHECK_EQUAL(sk_fd_type_char(SK_FD_UNSUPPORTED), 'X');
	CHECK_EQUAL(sk_fd_type_char(99), '?');
}

/* clang-format off */
TEST_MAIN(
	RUN(fds_are_found_by_number_dense_or_far_apart)
	RUN(an_fd_that_is_there_is_replaced)
	RUN(a_full_table_takes_no_more_but_counts_them_and_still_replaces)
	RUN(a_copy_shares_entries_until_one_side_changes_them)
	RUN(a_change_gives_an_entry_another_revision)
	RUN(an_exec_closes_by_the_flag_of_each_kind)
	RUN(close_on_exec_is_cleared_in_all_its_forms)
	RUN(ranges_are_removed_or_marked_even_page_by_page)
	RUN(a_walk_sees_every_entry_once)
	RUN(random_changes_agree_with_a_plain_array)
	RUN(every_kind_has_its_name_and_letter)
)
