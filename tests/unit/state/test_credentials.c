/* SPDX-License-Identifier: Apache-2.0 */
/* Ids, capabilities, namespaces, limits, cwd, memory: spec/state.md sections 3.7 and 4.5. */
#include "tests/unit/state/event_builder.h"

static struct world world;

static void start(void)
{
	world_open(&world, NULL);
	populate(&world);
}

/* An event of the shell that returned `result`, with numbers from parameter 1 on. */
static void returns(uint16_t type, int64_t result, unsigned count, const int64_t *values)
{
	event(&world, type, 100);
	number(&world, 0, result);
	for (unsigned i = 0; i < count; i++)
		number(&world, i + 1, values[i]);
	feed(&world);
}

TEST(each_call_sets_the_effective_id)
{
	start();
	returns(SK_EVENT_SYSCALL_SETUID_X, 0, 1, (int64_t[]){5});
	CHECK_EQUAL(thread(&world, 100)->uid, 5);
	returns(SK_EVENT_SYSCALL_SETRESUID_X, 0, 3, (int64_t[]){1, 6, 2});
	CHECK_EQUAL(thread(&world, 100)->uid, 6);
	returns(SK_EVENT_SYSCALL_SETREUID_X, 0, 2, (int64_t[]){1, 7});
	CHECK_EQUAL(thread(&world, 100)->uid, 7);
	returns(SK_EVENT_SYSCALL_SETGID_X, 0, 1, (int64_t[]){8});
	CHECK_EQUAL(thread(&world, 100)->gid, 8);
	returns(SK_EVENT_SYSCALL_SETRESGID_X, 0, 3, (int64_t[]){1, 9, 2});
	CHECK_EQUAL(thread(&world, 100)->gid, 9);
	returns(SK_EVENT_SYSCALL_SETREGID_X, 0, 2, (int64_t[]){1, 10});
	CHECK_EQUAL(thread(&world, 100)->gid, 10);
	world_close(&world);
}

TEST(failed_and_empty_ones_set_nothing)
{
	start();
	returns(SK_EVENT_SYSCALL_SETUID_X, -1, 1, (int64_t[]){0});
	CHECK_EQUAL(thread(&world, 100)->uid, 1000);
	returns(SK_EVENT_SYSCALL_SETUID_X, 0, 0, NULL);
	CHECK_EQUAL(thread(&world, 100)->uid, 1000);
	returns(SK_EVENT_SYSCALL_SETGID_X, -1, 1, (int64_t[]){0});
	CHECK_EQUAL(thread(&world, 100)->gid, 1000);
	world_close(&world);
}

TEST(a_change_of_id_raises_the_revision_and_none_does_not)
{
	uint32_t revision;

	start();
	revision = thread(&world, 100)->revision;
	returns(SK_EVENT_SYSCALL_SETUID_X, 0, 1, (int64_t[]){1000});
	CHECK_EQUAL(thread(&world, 100)->revision, revision);
	returns(SK_EVENT_SYSCALL_SETUID_X, 0, 1, (int64_t[]){0});
	CHECK(thread(&world, 100)->revision != revision);
	world_close(&world);
}

TEST(a_session_has_the_number_that_the_call_returned)
{
	start();
	returns(SK_EVENT_SYSCALL_SETSID_X, 42, 0, NULL);
	CHECK_EQUAL(thread(&world, 100)->sid, 42);
	returns(SK_EVENT_SYSCALL_SETSID_X, -1, 0, NULL);
	CHECK_EQUAL(thread(&world, 100)->sid, 42);
	world_close(&world);
}

TEST(setpgid_and_a_new_comm_are_not_looked_at)
{
	start();
	returns(SK_EVENT_SYSCALL_SETPGID_X, 0, 2, (int64_t[]){0, 77});
	CHECK_EQUAL(thread(&world, 100)->pgid, -1);
	event(&world, SK_EVENT_SYSCALL_PRCTL_X, 100);
	number(&world, 0, 0);
	number(&world, 1, 15);
	text(&world, 2, "renamed");
	feed(&world);
	CHECK_TEXT(thread(&world, 100)->comm->bytes, "shell");
	world_close(&world);
}

TEST(capset_sets_all_three_sets)
{
	start();
	returns(SK_EVENT_SYSCALL_CAPSET_X, 0, 3, (int64_t[]){1, 2, 4});
	CHECK_EQUAL(thread(&world, 100)->cap_inheritable, 1);
	CHECK_EQUAL(thread(&world, 100)->cap_permitted, 2);
	CHECK_EQUAL(thread(&world, 100)->cap_effective, 4);
	world_close(&world);
}

TEST(a_user_namespace_gives_every_capability)
{
	start();
	returns(SK_EVENT_SYSCALL_UNSHARE_X, 0, 1, (int64_t[]){SK_CLONE_NEWPID});
	CHECK_EQUAL(thread(&world, 100)->cap_effective, 0);
	returns(SK_EVENT_SYSCALL_UNSHARE_X, 0, 1, (int64_t[]){SK_CLONE_NEWUSER});
	CHECK_EQUAL(thread(&world, 100)->cap_effective, (INT64_C(1) << 41) - 1);
	returns(SK_EVENT_SYSCALL_CAPSET_X, 0, 3, (int64_t[]){0, 0, 0});
	returns(SK_EVENT_SYSCALL_SETNS_X, 0, 2, (int64_t[]){3, SK_CLONE_NEWUSER});
	CHECK_EQUAL(thread(&world, 100)->cap_permitted, (INT64_C(1) << 41) - 1);
	world_close(&world);
}

static void changes_directory(uint16_t type, int64_t tid, int64_t result, const char *path)
{
	event(&world, type, tid);
	number(&world, 0, result);
	if (path)
		text(&world, 1, path);
	feed(&world);
}

TEST(the_working_directory_ends_with_a_slash)
{
	start();
	changes_directory(SK_EVENT_SYSCALL_CHDIR_X, 100, 0, "sub/../work");
	CHECK_TEXT(thread(&world, 100)->cwd->bytes, "/home/work/");
	changes_directory(SK_EVENT_SYSCALL_CHDIR_X, 100, 0, "..");
	CHECK_TEXT(thread(&world, 100)->cwd->bytes, "/home/");
	changes_directory(SK_EVENT_SYSCALL_CHDIR_X, 100, 0, "/");
	CHECK_TEXT(thread(&world, 100)->cwd->bytes, "/");
	changes_directory(SK_EVENT_SYSCALL_CHDIR_X, 100, -2, "/nowhere");
	CHECK_TEXT(thread(&world, 100)->cwd->bytes, "/");
	changes_directory(SK_EVENT_SYSCALL_GETCWD_X, 100, 10, "/really/here");
	CHECK_TEXT(thread(&world, 100)->cwd->bytes, "/really/here/");
	changes_directory(SK_EVENT_SYSCALL_CHDIR_X, 100, 0, NULL);
	CHECK_TEXT(thread(&world, 100)->cwd->bytes, "/really/here/<NA>/");
	world_close(&world);
}

TEST(a_relative_chdir_of_another_thread_is_relative_to_nothing)
{
	start();
	changes_directory(SK_EVENT_SYSCALL_CHDIR_X, 101, 0, "sub");
	CHECK_TEXT(thread(&world, 100)->cwd->bytes, "sub/");
	CHECK_TEXT(sk_thread_cwd(thread(&world, 101))->bytes, "sub/");
	changes_directory(SK_EVENT_SYSCALL_CHDIR_X, 101, 0, "/abs");
	CHECK_TEXT(thread(&world, 100)->cwd->bytes, "/abs/");
	world_close(&world);
}

TEST(without_a_main_thread_the_directory_is_unknown)
{
	start();
	changes_directory(SK_EVENT_SYSCALL_CHDIR_X, 555, 0, "/x");
	CHECK_TEXT(sk_thread_cwd(thread(&world, 555))->bytes, "./");
	CHECK_EQUAL(sk_thread_env(thread(&world, 555))->length, 0);
	world_close(&world);
}

TEST(all_threads_of_the_process_see_another_directory)
{
	uint32_t revision;

	start();
	revision = thread(&world, 101)->revision;
	changes_directory(SK_EVENT_SYSCALL_CHDIR_X, 100, 0, "/tmp");
	CHECK(thread(&world, 101)->revision != revision);
	world_close(&world);
}

TEST(fchdir_takes_the_name_of_the_fd)
{
	start();
	open_event(&world, 100, 5, -100, "/opt/dir", 0x400);
	feed(&world);
	returns(SK_EVENT_SYSCALL_FCHDIR_X, 0, 1, (int64_t[]){5});
	CHECK_TEXT(thread(&world, 100)->cwd->bytes, "/opt/dir/");
	returns(SK_EVENT_SYSCALL_FCHDIR_X, 0, 1, (int64_t[]){55});
	CHECK_TEXT(thread(&world, 100)->cwd->bytes, "/opt/dir/");
	world_close(&world);
}

TEST(chroot_sets_the_root)
{
	start();
	changes_directory(SK_EVENT_SYSCALL_CHROOT_X, 100, 0, "jail");
	CHECK_TEXT(thread(&world, 100)->root->bytes, "/home/jail");
	changes_directory(SK_EVENT_SYSCALL_CHROOT_X, 100, -1, "/x");
	CHECK_TEXT(thread(&world, 100)->root->bytes, "/home/jail");
	world_close(&world);
}

TEST(the_limit_of_open_files_is_the_processs)
{
	start();
	returns(SK_EVENT_SYSCALL_GETRLIMIT_X, 0, 3, (int64_t[]){100, 200, 7});
	CHECK_EQUAL(thread(&world, 100)->fdlimit, 100);
	returns(SK_EVENT_SYSCALL_SETRLIMIT_X, 0, 3, (int64_t[]){300, 200, 0}); /* another limit */
	CHECK_EQUAL(thread(&world, 100)->fdlimit, 100);
	returns(SK_EVENT_SYSCALL_SETRLIMIT_X, 0, 3, (int64_t[]){-1, 200, 7});
	CHECK_EQUAL(thread(&world, 100)->fdlimit, 100);
	returns(SK_EVENT_SYSCALL_PRLIMIT_X, 0, 6, (int64_t[]){400, 0, 0, 0, 0, 7});
	CHECK_EQUAL(thread(&world, 100)->fdlimit, 400);
	returns(SK_EVENT_SYSCALL_PRLIMIT_X, 0, 6, (int64_t[]){500, 0, 0, 0, 1, 7});
	CHECK_EQUAL(thread(&world, 100)->fdlimit, 400);
	CHECK_EQUAL(thread(&world, 1)->fdlimit, 500);
	world_close(&world);
}

TEST(memory_and_faults_change_without_a_revision)
{
	uint32_t revision;

	start();
	revision = thread(&world, 100)->revision;
	returns(SK_EVENT_SYSCALL_MMAP_X, 0, 3, (int64_t[]){10, 20, 30});
	CHECK_EQUAL(thread(&world, 100)->vmsize_kb, 10);
	CHECK_EQUAL(thread(&world, 100)->vmswap_kb, 30);
	returns(SK_EVENT_SYSCALL_BRK_4_X, 0, 1, (int64_t[]){11});
	CHECK_EQUAL(thread(&world, 100)->vmsize_kb, 11);
	CHECK_EQUAL(thread(&world, 100)->vmrss_kb, 20);
	event(&world, SK_EVENT_SCHEDSWITCH_6_E, 101);
	for (unsigned i = 0; i < 6; i++)
		number(&world, i, 50 + i);
	feed(&world);
	CHECK_EQUAL(thread(&world, 101)->pfmajor, 51);
	CHECK_EQUAL(thread(&world, 100)->vmsize_kb, 53);
	CHECK_EQUAL(thread(&world, 100)->revision, revision);
	world_close(&world);
}

/* clang-format off */
TEST_MAIN(
	RUN(each_call_sets_the_effective_id)
	RUN(failed_and_empty_ones_set_nothing)
	RUN(a_change_of_id_raises_the_revision_and_none_does_not)
	RUN(a_session_has_the_number_that_the_call_returned)
	RUN(setpgid_and_a_new_comm_are_not_looked_at)
	RUN(capset_sets_all_three_sets)
	RUN(a_user_namespace_gives_every_capability)
	RUN(the_working_directory_ends_with_a_slash)
	RUN(a_relative_chdir_of_another_thread_is_relative_to_nothing)
	RUN(without_a_main_thread_the_directory_is_unknown)
	RUN(all_threads_of_the_process_see_another_directory)
	RUN(fchdir_takes_the_name_of_the_fd)
	RUN(chroot_sets_the_root)
	RUN(the_limit_of_open_files_is_the_processs)
	RUN(memory_and_faults_change_without_a_revision)
)
