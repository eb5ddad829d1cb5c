/* SPDX-License-Identifier: Apache-2.0 */
/* open, close, dup, fcntl, pipes and special kinds: spec/state.md sections 4.2 to 4.4. */
#include "tests/unit/state/event_builder.h"

static struct world world;

static void start(void)
{
	world_open(&world, NULL);
	populate(&world);
}

static void opens(int64_t number_of_fd, const char *name, uint32_t flags)
{
	open_event(&world, 100, number_of_fd, -100, name, flags);
	feed(&world);
}

TEST(an_open_file_has_its_path_flags_and_inode)
{
	const struct sk_fd *file;

	start();
	open_event(&world, 100, 3, -100, "notes/../x.txt", 3 | 0x8000);
	number(&world, 5, 0x2b);
	number(&world, 6, 4711);
	feed(&world);
	file = fd(&world, 100, 3);
	CHECK(world.view.fd == file);
	CHECK_EQUAL(world.view.fd_number, 3);
	CHECK_EQUAL(file->type, SK_FD_FILE_V2);
	CHECK_TEXT(file->name->bytes, "/home/x.txt");
	CHECK_TEXT(file->name_raw->bytes, "notes/../x.txt");
	CHECK_EQUAL(file->open_flags, 3 | 0x8000);
	CHECK_EQUAL(file->flags, SK_FD_FLAG_UPPER_LAYER);
	CHECK_EQUAL(file->dev, 0x2b);
	CHECK_EQUAL(file->ino, 4711);
	CHECK(world.view.fd_name_changed);
	world_close(&world);
}

TEST(a_path_may_be_relative_to_a_directory)
{
	start();
	opens(5, "/opt/dir", 0x400 | 1);
	CHECK_EQUAL(fd(&world, 100, 5)->type, SK_FD_DIRECTORY);
	open_event(&world, 100, 6, 5, "f", 1);
	feed(&world);
	CHECK_TEXT(fd(&world, 100, 6)->name->bytes, "/opt/dir/f");
	/* The event's fd is the directory, but its number the new one. */
	CHECK(world.view.fd == fd(&world, 100, 5));
	CHECK_EQUAL(world.view.fd_number, 6);
	open_event(&world, 100, 7, 99, "f", 1);
	feed(&world);
	CHECK_TEXT(fd(&world, 100, 7)->name->bytes, "<UNKNOWN>f");
	CHECK(world.view.fd == fd(&world, 100, 7));
	open_event(&world, 100, 8, 99, "/abs", 1);
	feed(&world);
	CHECK_TEXT(fd(&world, 100, 8)->name->bytes, "/abs");
	world_close(&world);
}

TEST(a_failed_open_has_no_entry_but_its_directory)
{
	start();
	opens(-2, "/nowhere", 1);
	CHECK(world.view.fd == NULL);
	CHECK_EQUAL(world.view.fd_number, -1);
	opens(5, "/opt/dir", 0x400 | 1);
	open_event(&world, 100, -2, 5, "f", 1);
	feed(&world);
	CHECK(world.view.fd == fd(&world, 100, 5));
	CHECK_EQUAL(world.view.fd_number, -1);
	world_close(&world);
}

TEST(the_older_open_calls_have_their_own_layouts)
{
	start();
	event(&world, SK_EVENT_SYSCALL_OPEN_X, 100);
	number(&world, 0, 3);
	text(&world, 1, "a");
	number(&world, 2, 1);
	number(&world, 5, 9);
	feed(&world);
	CHECK_TEXT(fd(&world, 100, 3)->name->bytes, "/home/a");
	CHECK_EQUAL(fd(&world, 100, 3)->ino, 9);
	event(&world, SK_EVENT_SYSCALL_CREAT_X, 100);
	number(&world, 0, 4);
	text(&world, 1, "b");
	number(&world, 5, 2);
	feed(&world);
	CHECK_TEXT(fd(&world, 100, 4)->name->bytes, "/home/b");
	CHECK_EQUAL(fd(&world, 100, 4)->flags, SK_FD_FLAG_LOWER_LAYER);
	event(&world, SK_EVENT_SYSCALL_OPENAT2_X, 100);
	number(&world, 0, 5);
	number(&world, 1, -100);
	text(&world, 2, "c");
	number(&world, 7, 10);
	feed(&world);
	CHECK_TEXT(fd(&world, 100, 5)->name->bytes, "/home/c");
	CHECK_EQUAL(fd(&world, 100, 5)->ino, 10);
	event(&world, SK_EVENT_SYSCALL_OPEN_BY_HANDLE_AT_X, 100);
	number(&world, 0, 6);
	text(&world, 3, "/mnt/d");
	feed(&world);
	CHECK_TEXT(fd(&world, 100, 6)->name->bytes, "/mnt/d");
	world_close(&world);
}

TEST(an_empty_name_reads_as_not_available)
{
	start();
	event(&world, SK_EVENT_SYSCALL_OPENAT_2_X, 100);
	number(&world, 0, 3);
	number(&world, 1, -100);
	feed(&world);
	CHECK_TEXT(fd(&world, 100, 3)->name->bytes, "/home/<NA>");
	world_close(&world);
}

static void enters(int64_t dirfd, const char *name, uint32_t flags)
{
	event(&world, SK_EVENT_SYSCALL_OPENAT_2_E, 100);
	number(&world, 0, dirfd);
	if (name)
		text(&world, 1, name);
	number(&world, 2, flags);
	feed(&world);
}

TEST(the_enter_events_name_counts_more_than_the_exits)
{
	start();
	enters(-100, "/etc/shadow", 1);
	open_event(&world, 100, 3, -100, "/tmp/harmless", 0x4000 | 4);
	feed(&world);
	CHECK_TEXT(fd(&world, 100, 3)->name->bytes, "/etc/shadow");
	CHECK_EQUAL(fd(&world, 100, 3)->open_flags, 0x4000 | 1); /* what only the exit knows stays */
	CHECK(world.view.enter && world.view.enter->type == SK_EVENT_SYSCALL_OPENAT_2_E);
	/* It serves one exit only. */
	open_event(&world, 100, 4, -100, "/tmp/harmless", 4);
	feed(&world);
	CHECK_TEXT(fd(&world, 100, 4)->name->bytes, "/tmp/harmless");
	CHECK(world.view.enter == NULL);
	world_close(&world);
}

TEST(an_enter_event_that_knows_no_name_or_is_of_another_call_does_not_count)
{
	start();
	enters(-100, NULL, 1);
	open_event(&world, 100, 3, -100, "/a", 4);
	feed(&world);
	CHECK_TEXT(fd(&world, 100, 3)->name->bytes, "/a");
	enters(-100, "/b", 1);
	event(&world, SK_EVENT_SYSCALL_OPEN_X, 100);
	number(&world, 0, 4);
	text(&world, 1, "/c");
	feed(&world);
	CHECK_TEXT(fd(&world, 100, 4)->name->bytes, "/c");
	CHECK(world.view.enter == NULL);
	/* That exit has used it up all the same. */
	open_event(&world, 100, 5, -100, "/d", 4);
	feed(&world);
	CHECK_TEXT(fd(&world, 100, 5)->name->bytes, "/d");
	world_close(&world);
}

TEST(an_enter_event_that_is_too_long_is_dropped_and_counted)
{
	static char name[5000];

	start();
	memset(name, 'n', sizeof(name) - 1);
	enters(-100, name, 1);
	open_event(&world, 100, 3, -100, "/a", 4);
	feed(&world);
	CHECK_TEXT(fd(&world, 100, 3)->name->bytes, "/a");
	CHECK_EQUAL(sk_state_stats(world.state).enter_events_dropped, 1);
	world_close(&world);
}

TEST(a_closed_fd_is_gone_at_the_next_event)
{
	start();
	close_event(&world, 100, 1);
	feed(&world);
	CHECK(world.view.fd && world.view.fd->fd == 1);
	CHECK_TEXT(world.view.fd->name->bytes, "/dev/pts/0");
	settle(&world);
	CHECK(fd(&world, 100, 1) == NULL);
	close_event(&world, 100, 2);
	number(&world, 0, -9);
	feed(&world);
	settle(&world);
	CHECK(fd(&world, 100, 2) != NULL);
	world_close(&world);
}

TEST(close_range_acts_at_once)
{
	start();
	opens(3, "/a", 1);
	opens(4, "/b", 1);
	event(&world, SK_EVENT_SYSCALL_CLOSE_RANGE_X, 100);
	number(&world, 0, 0);
	number(&world, 1, 4);
	number(&world, 2, 0xffffffff);
	feed(&world);
	CHECK(fd(&world, 100, 3) != NULL && fd(&world, 100, 4) == NULL);
	event(&world, SK_EVENT_SYSCALL_CLOSE_RANGE_X, 100);
	number(&world, 0, 0);
	number(&world, 1, 3);
	number(&world, 2, 3);
	number(&world, 3, 4);
	feed(&world);
	CHECK(fd(&world, 100, 3)->open_flags & 0x1000);
	CHECK(!(fd(&world, 100, 2)->open_flags & 0x1000));
	world_close(&world);
}

static void dups(uint16_t type, int64_t from, int64_t to, int64_t flags)
{
	event(&world, type, 100);
	number(&world, 0, to);
	number(&world, 1, from);
	if (type == SK_EVENT_SYSCALL_DUP3_X)
		number(&world, 3, flags);
	feed(&world);
}

TEST(dup_copies_the_entry_without_close_on_exec)
{
	start();
	opens(3, "/a", 0x1000 | 1);
	dups(SK_EVENT_SYSCALL_DUP_1_X, 3, 4, 0);
	CHECK_TEXT(fd(&world, 100, 4)->name->bytes, "/a");
	CHECK(!(fd(&world, 100, 4)->open_flags & 0x1000));
	CHECK(fd(&world, 100, 3)->open_flags & 0x1000);
	CHECK(world.view.fd == fd(&world, 100, 4));
	CHECK_EQUAL(world.view.fd_number, 4);
	dups(SK_EVENT_SYSCALL_DUP3_X, 3, 5, 0x1000);
	CHECK(fd(&world, 100, 5)->open_flags & 0x1000);
	dups(SK_EVENT_SYSCALL_DUP2_X, 3, 3, 0);
	CHECK_TEXT(fd(&world, 100, 3)->name->bytes, "/a");
	CHECK(!(fd(&world, 100, 3)->open_flags & 0x1000));
	world_close(&world);
}

TEST(dup_onto_the_standard_streams_marks_the_thread)
{
	start();
	opens(3, "/a", 1);
	dups(SK_EVENT_SYSCALL_DUP2_X, 3, 0, 0);
	CHECK(thread(&world, 100)->flags & SK_CLONE_PIPE_DST);
	CHECK(!(thread(&world, 100)->flags & SK_CLONE_PIPE_SRC));
	dups(SK_EVENT_SYSCALL_DUP2_X, 3, 1, 0);
	CHECK(thread(&world, 100)->flags & SK_CLONE_PIPE_SRC);
	CHECK_TEXT(fd(&world, 100, 1)->name->bytes, "/a");
	world_close(&world);
}

TEST(dup_of_an_unknown_fd_does_nothing)
{
	start();
	dups(SK_EVENT_SYSCALL_DUP_1_X, 55, 56, 0);
	CHECK(fd(&world, 100, 56) == NULL);
	CHECK_EQUAL(world.view.fd_number, 55);
	world_close(&world);
}

static void controls(int64_t command, int64_t argument, int64_t result)
{
	event(&world, SK_EVENT_SYSCALL_FCNTL_X, 100);
	number(&world, 0, result);
	number(&world, 1, 3);
	number(&world, 2, command);
	number(&world, 3, argument);
	feed(&world);
}

TEST(fcntl_duplicates_and_sets_close_on_exec)
{
	start();
	opens(3, "/a", 1);
	controls(1, 10, 10);
	CHECK_TEXT(fd(&world, 100, 10)->name->bytes, "/a");
	CHECK(!(fd(&world, 100, 10)->open_flags & 0x1000));
	controls(0x1a, 11, 11);
	CHECK(fd(&world, 100, 11)->open_flags & 0x1000);
	controls(3, 1, 0);
	CHECK(fd(&world, 100, 3)->open_flags & 0x1000);
	controls(3, 0, 0);
	CHECK(!(fd(&world, 100, 3)->open_flags & 0x1000));
	controls(1, 12, -9);
	CHECK(fd(&world, 100, 12) == NULL);
	world_close(&world);
}

TEST(a_pipe_has_two_ends_with_one_inode)
{
	start();
	event(&world, SK_EVENT_SYSCALL_PIPE2_X, 100);
	number(&world, 0, 0);
	number(&world, 1, 3);
	number(&world, 2, 4);
	number(&world, 3, 99);
	number(&world, 4, 0x1000);
	feed(&world);
	CHECK_EQUAL(fd(&world, 100, 3)->type, SK_FD_FIFO);
	CHECK_EQUAL(fd(&world, 100, 3)->ino, 99);
	CHECK_EQUAL(fd(&world, 100, 4)->ino, 99);
	CHECK(fd(&world, 100, 4)->open_flags & 0x1000);
	CHECK_EQUAL(fd(&world, 100, 4)->name->length, 0);
	CHECK_EQUAL(world.view.fd_number, 4);
	event(&world, SK_EVENT_SYSCALL_PIPE_X, 100);
	number(&world, 0, 0);
	number(&world, 1, 5);
	number(&world, 2, 6);
	feed(&world);
	CHECK_EQUAL(fd(&world, 100, 5)->open_flags, 0);
	world_close(&world);
}

struct kind {
	uint16_t event;
	int flags_index;
	enum sk_fd_type type;
};

TEST(special_fds_have_their_kinds_and_no_name)
{
	static const struct kind kinds[] = {
		{SK_EVENT_SYSCALL_EVENTFD_X, -1, SK_FD_EVENT},
		{SK_EVENT_SYSCALL_EVENTFD2_X, 1, SK_FD_EVENT},
		{SK_EVENT_SYSCALL_SIGNALFD_X, -1, SK_FD_SIGNALFD},
		{SK_EVENT_SYSCALL_SIGNALFD4_X, 1, SK_FD_SIGNALFD},
		{SK_EVENT_SYSCALL_TIMERFD_CREATE_X, -1, SK_FD_TIMERFD},
		{SK_EVENT_SYSCALL_INOTIFY_INIT_X, -1, SK_FD_INOTIFY},
		{SK_EVENT_SYSCALL_INOTIFY_INIT1_X, 1, SK_FD_INOTIFY},
		{SK_EVENT_SYSCALL_EPOLL_CREATE_X, -1, SK_FD_EVENTPOLL},
		{SK_EVENT_SYSCALL_BPF_2_X, -1, SK_FD_BPF},
		{SK_EVENT_SYSCALL_USERFAULTFD_X, 1, SK_FD_USERFAULTFD},
		{SK_EVENT_SYSCALL_IO_URING_SETUP_X, -1, SK_FD_IOURING},
	};

	start();
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		event(&world, kinds[i].event, 100);
		number(&world, 0, 20 + i);
		if (kinds[i].flags_index >= 0)
			number(&world, (unsigned)kinds[i].flags_index, 0x1000);
		feed(&world);
		CHECK(fd(&world, 100, 20 + i) != NULL);
		if (!fd(&world, 100, 20 + i))
			continue;
		CHECK_EQUAL(fd(&world, 100, 20 + i)->type, kinds[i].type);
		CHECK_EQUAL(fd(&world, 100, 20 + i)->name->length, 0);
		CHECK_EQUAL(fd(&world, 100, 20 + i)->open_flags, kinds[i].flags_index >= 0 ? 0x1000 : 0);
		event(&world, kinds[i].event, 100);
		number(&world, 0, -1);
		feed(&world);
	}
	CHECK_EQUAL(sk_fd_table_count(sk_thread_fds(thread(&world, 100))), 3 + 11);
	event(&world, SK_EVENT_SYSCALL_EPOLL_CREATE1_X, 100);
	number(&world, 0, 50);
	number(&world, 1, 1);
	feed(&world);
	CHECK_EQUAL(fd(&world, 100, 50)->open_flags, 0x1000);
	world_close(&world);
}

TEST(a_memfd_has_its_name)
{
	start();
	event(&world, SK_EVENT_SYSCALL_MEMFD_CREATE_X, 100);
	number(&world, 0, 3);
	text(&world, 1, "payload");
	number(&world, 2, 1);
	feed(&world);
	CHECK_TEXT(fd(&world, 100, 3)->name->bytes, "payload");
	exec_event(&world, 100, "/bin/x", "x");
	feed(&world);
	CHECK(fd(&world, 100, 3) == NULL);
	world_close(&world);
}

TEST(an_fd_of_another_process_comes_through_a_pidfd)
{
	start();
	clone_event(&world, 100, 200, 100, 1, 0);
	feed(&world);
	open_event(&world, 200, 7, -100, "/secret", 1);
	feed(&world);
	event(&world, SK_EVENT_SYSCALL_PIDFD_OPEN_X, 100);
	number(&world, 0, 3);
	number(&world, 1, 200);
	feed(&world);
	CHECK_EQUAL(fd(&world, 100, 3)->type, SK_FD_PIDFD);
	CHECK_TEXT(fd(&world, 100, 3)->name->bytes, "/proc/200");
	CHECK_EQUAL(fd(&world, 100, 3)->pid, 200);
	event(&world, SK_EVENT_SYSCALL_PIDFD_GETFD_X, 100);
	number(&world, 0, 4);
	number(&world, 1, 3);
	number(&world, 2, 7);
	feed(&world);
	CHECK_TEXT(fd(&world, 100, 4)->name->bytes, "/secret");
	CHECK(fd(&world, 100, 4)->open_flags & 0x1000);
	event(&world, SK_EVENT_SYSCALL_PIDFD_GETFD_X, 100);
	number(&world, 0, 5);
	number(&world, 1, 0); /* no pidfd */
	number(&world, 2, 7);
	feed(&world);
	CHECK(fd(&world, 100, 5) == NULL);
	world_close(&world);
}

TEST(threads_share_fds_and_processes_do_not)
{
	start();
	open_event(&world, 101, 3, -100, "/a", 1);
	feed(&world);
	CHECK(fd(&world, 100, 3) != NULL && fd(&world, 100, 3) == fd(&world, 101, 3));
	world_close(&world);
}

TEST(paths_of_parameters_are_resolved_like_those_of_open)
{
	char path[1024];
	uint32_t length;

	start();
	opens(5, "/opt/dir", 0x400 | 1);
	sk_state_resolve_path(&world.view, 5, "../f", 4, path, &length);
	CHECK_TEXT(path, "/opt/f");
	sk_state_resolve_path(&world.view, -100, "f", 1, path, &length);
	CHECK_TEXT(path, "/home/f");
	sk_state_resolve_path(&world.view, 99, "f", 1, path, &length);
	CHECK_TEXT(path, "<UNKNOWN>f");
	sk_state_resolve_path(&world.view, 99, "/f", 2, path, &length);
	CHECK_TEXT(path, "/f");
	world.view.thread = NULL;
	sk_state_resolve_path(&world.view, -100, "f", 1, path, &length);
	CHECK_EQUAL(length, 0);
	world_close(&world);
}

/* clang-format off */
TEST_MAIN(
	RUN(an_open_file_has_its_path_flags_and_inode)
	RUN(a_path_may_be_relative_to_a_directory)
	RUN(a_failed_open_has_no_entry_but_its_directory)
	RUN(the_older_open_calls_have_their_own_layouts)
	RUN(an_empty_name_reads_as_not_available)
	RUN(the_enter_events_name_counts_more_than_the_exits)
	RUN(an_enter_event_that_knows_no_name_or_is_of_another_call_does_not_count)
	RUN(an_enter_event_that_is_too_long_is_dropped_and_counted)
	RUN(a_closed_fd_is_gone_at_the_next_event)
	RUN(close_range_acts_at_once)
	RUN(dup_copies_the_entry_without_close_on_exec)
	RUN(dup_onto_the_standard_streams_marks_the_thread)
	RUN(dup_of_an_unknown_fd_does_nothing)
	RUN(fcntl_duplicates_and_sets_close_on_exec)
	RUN(a_pipe_has_two_ends_with_one_inode)
	RUN(special_fds_have_their_kinds_and_no_name)
	RUN(a_memfd_has_its_name)
	RUN(an_fd_of_another_process_comes_through_a_pidfd)
	RUN(threads_share_fds_and_processes_do_not)
	RUN(paths_of_parameters_are_resolved_like_those_of_open)
)
