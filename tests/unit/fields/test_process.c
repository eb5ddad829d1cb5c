/* SPDX-License-Identifier: Apache-2.0 */
/* proc.*, thread.*, user.*, group.* and what a process descends from. */
#include "tests/unit/fields/asking.h"

TEST(without_a_thread_everything_of_it_is_missing)
{
	start();
	settle(&world);
	CHECK(!world.view.thread);
	for (int field = 0; field < SK_FIELD_COUNT; field++) {
		const char *name = sk_fields[field].name;

		if (strcmp(name, "thread.tid") == 0 || strcmp(name, "thread.exectime") == 0 ||
		    sk_fields[field].availability != SK_AVAILABILITY_READY)
			continue;
		if (strncmp(name, "proc.", 5) == 0 || strncmp(name, "thread.", 7) == 0 ||
		    strncmp(name, "user.", 5) == 0 || strncmp(name, "group.", 6) == 0 ||
		    strncmp(name, "fd.", 3) == 0 || strncmp(name, "fs.", 3) == 0 ||
		    strncmp(name, "fdlist.", 7) == 0 || strncmp(name, "container.", 10) == 0 ||
		    strncmp(name, "k8s.", 4) == 0) {
			ask_key((enum sk_field)field, "x");
			CHECK(answer.presence != SK_PRESENT);
			ask_at((enum sk_field)field, 0);
			CHECK(answer.presence != SK_PRESENT);
			ask((enum sk_field)field);
			CHECK(answer.presence != SK_PRESENT);
			if (answer.presence == SK_PRESENT)
				printf("# %s\n", name);
		}
	}
}

TEST(what_a_process_was_started_with)
{
	start();
	exec_event(&world, 100, "/usr/bin/tool", "tool");
	text(&world, 1, "./tool");
	strings(&world, 2, "-v||a b|");
	strings(&world, 15, "PATH=/bin|EMPTY=|P=  two  words  |PATH=/second|NOVALUE|");
	feed(&world);
	CHECK_ASK(PROC_EXE, "./tool");
	CHECK_ASK(PROC_EXEPATH, "/usr/bin/tool");
	CHECK_ASK(PROC_NAME, "tool");
	CHECK_ASK(PROC_ARGS, "-v  a b");
	CHECK_ASK(PROC_CMDLINE, "tool -v  a b");
	CHECK_ASK(PROC_EXELINE, "./tool -v  a b");
	CHECK_ASK(PROC_CMDNARGS, "3");
	CHECK_ASK(PROC_CMDLENARGS, "5");
	CHECK_TEXT(ask_at(SK_FIELD_PROC_ARGS, 0), "-v");
	CHECK_TEXT(ask_at(SK_FIELD_PROC_ARGS, 1), "");
	CHECK_TEXT(ask_at(SK_FIELD_PROC_ARGS, 2), "a b");
	CHECK_TEXT(ask_at(SK_FIELD_PROC_ARGS, 3), "");
	CHECK_TEXT(ask_at(SK_FIELD_PROC_ARGS, UINT32_MAX), "");
	CHECK_TEXT(ask_key(SK_FIELD_PROC_ENV, "PATH"), "/bin");
	CHECK_TEXT(ask_key(SK_FIELD_PROC_ENV, "EMPTY"), "");
	CHECK_TEXT(ask_key(SK_FIELD_PROC_ENV, "P"), "two  words");
	CHECK_TEXT(ask_key(SK_FIELD_PROC_ENV, "NOVALUE"), "");
	CHECK_TEXT(ask_key(SK_FIELD_PROC_ENV, "PATHS"), "");
	CHECK_ASK(PROC_ENV, "PATH=/bin EMPTY= P=  two  words   PATH=/second NOVALUE");
	CHECK_ASK(PROC_CWD, "/home/");
}

TEST(numbers_that_are_not_known_are_missing_and_others_are_not)
{
	start();
	event(&world, SK_EVENT_SYSCALL_ACCESS_X, 100);
	feed(&world);
	CHECK_ASK(PROC_EXE_INO, "-");
	CHECK_ASK(PROC_EXE_INO_CTIME, "-");
	CHECK_ASK(PROC_EXE_INO_MTIME, "-");
	CHECK_ASK(PROC_DURATION, "-");
	CHECK_ASK(PROC_PID_TS, "-");
	CHECK_ASK(PROC_TTY, "0");
	CHECK_ASK(PROC_VPID, "100");
	CHECK_ASK(PROC_PID, "100");
	CHECK_ASK(PROC_SID, "100");
	CHECK_ASK(PROC_VPGID, "-1");
	CHECK_ASK(PROC_IS_SID_LEADER, "true");
	CHECK_ASK(PROC_IS_VPGID_LEADER, "false");
	CHECK_ASK(THREAD_CAP_EFFECTIVE, "");
	thread(&world, 100)->cap_effective = 1 | UINT64_C(1) << 40 | UINT64_C(1) << 63;
	CHECK_ASK(THREAD_CAP_EFFECTIVE, "CAP_CHOWN CAP_CHECKPOINT_RESTORE");
	thread(&world, 100)->clone_ts = world.now - 5;
	CHECK_ASK(PROC_DURATION, "5");
	/* A thread that nobody has told of. */
	event(&world, SK_EVENT_SYSCALL_ACCESS_X, 4711);
	feed(&world);
	CHECK_ASK(PROC_NAME, "<NA>");
	CHECK_ASK(PROC_VPID, "-");
	CHECK_ASK(THREAD_VTID, "-");
	CHECK_ASK(PROC_PID, "-1");
	CHECK_ASK(PROC_PNAME, "-");
	CHECK_ASK(PROC_APID, "<NA>");
	CHECK_ASK(PROC_SNAME, "");
	CHECK_ASK(PROC_FDLIMIT, "0");
	CHECK_ASK(PROC_NTHREADS, "0");
}

TEST(resources_are_those_of_the_process)
{
	start();
	event(&world, SK_EVENT_SYSCALL_ACCESS_X, 101);
	feed(&world);
	thread(&world, 100)->fdlimit = 200;
	thread(&world, 100)->vmsize_kb = 7;
	thread(&world, 101)->vmsize_kb = 7;
	CHECK_ASK(PROC_FDOPENCOUNT, "3");
	CHECK_ASK(PROC_FDLIMIT, "200");
	ask(SK_FIELD_PROC_FDUSAGE);
	CHECK(answer.real == 1.5);
	CHECK_ASK(THREAD_ISMAIN, "false");
	CHECK_ASK(THREAD_VMSIZE, "0");
	CHECK_ASK(PROC_VMSIZE, "7");
	CHECK_ASK(PROC_NTHREADS, "2");
	CHECK_ASK(PROC_NCHILDS, "1");
	CHECK_ASK(THREAD_NAMETID, "shell101");
	CHECK_ASK(PROC_STDIN_NAME, "/dev/pts/0");
	CHECK_ASK(PROC_STDERR_TYPE, "file");
	CHECK_ASK(THREAD_CGROUPS, "cpuset=/ blkio=/");
	CHECK_TEXT(ask_key(SK_FIELD_THREAD_CGROUP, "blkio"), "/");
	CHECK_TEXT(ask_key(SK_FIELD_THREAD_CGROUP, "cpu"), "-");
	event(&world, SK_EVENT_SYSCALL_ACCESS_X, 100);
	feed(&world);
	CHECK_ASK(THREAD_VMSIZE, "7");
	CHECK_ASK(THREAD_VMSIZE_B, "7168");
}

/* --- ancestors ----------------------------------------------------------- */

/* init ─► shell (with a thread "worker") ─► child of the worker ─► grandchild */
static void family(void)
{
	start();
	existing(&world, 102, 100, 1, "worker");
	existing(&world, 200, 200, 102, "child");
	existing(&world, 300, 300, 200, "grandchild");
	world.sink.complete(world.sink.context);
	event(&world, SK_EVENT_SYSCALL_ACCESS_X, 300);
	feed(&world);
}

TEST(levels_are_processes)
{
	family();
	CHECK_TEXT(ask_at(SK_FIELD_PROC_ANAME, 0), "grandchild");
	CHECK_TEXT(ask_at(SK_FIELD_PROC_ANAME, 1), "child");
	CHECK_TEXT(ask_at(SK_FIELD_PROC_ANAME, 2), "shell");
	CHECK_TEXT(ask_at(SK_FIELD_PROC_ANAME, 3), "init");
	CHECK_TEXT(ask_at(SK_FIELD_PROC_ANAME, 4), "-");
	CHECK_TEXT(ask_at(SK_FIELD_PROC_ANAME, UINT32_MAX), "-");
	CHECK_ASK(PROC_PNAME, "child");
	CHECK_ASK(PROC_PPID, "200");
	CHECK_TEXT(ask_at(SK_FIELD_PROC_APID, 2), "100");
	CHECK_TEXT(ask_at(SK_FIELD_PROC_AARGS, 1), "-x two words");
	CHECK_ASK(PROC_AARGS, "-x two words -x two words -x two words");
	CHECK_ASK(PROC_PVPID, "200");
}

TEST(any_ancestor_is_the_very_thread_and_outputs_show_its_process)
{
	static const char *const names[] = {"child", "worker", "init"};

	family();
	CHECK_ASK(PROC_ANAME, "child shell init");
	CHECK_EQUAL(answer.length, 3);
	for (uint32_t i = 0; i < answer.length && i < 3; i++)
		CHECK(answer.items[i].length == strlen(names[i]) &&
		      memcmp(answer.items[i].text, names[i], answer.items[i].length) == 0);
	CHECK_ASK(PROC_APID, "300");
	CHECK_EQUAL(answer.length, 3);
	CHECK_EQUAL(answer.items[1].number, 100);
	CHECK_ASK(PROC_AENV, "A=1 B=2");
	CHECK_EQUAL(answer.length, 3);
	CHECK_TEXT(ask_key(SK_FIELD_PROC_AENV, "B"), "2");
	CHECK_TEXT(ask_key(SK_FIELD_PROC_AENV, "C"), "");
	CHECK_TEXT(ask_at(SK_FIELD_PROC_AENV, 4), "-");
}

TEST(parents_that_lead_in_a_circle_end)
{
	family();
	thread(&world, 200)->ptid = 300;
	ask(SK_FIELD_PROC_ANAME);
	CHECK(answer.presence == SK_PRESENT && answer.length < 10);
	ask(SK_FIELD_PROC_LOGINSHELLID);
	ask(SK_FIELD_PROC_SNAME);
	ask_key(SK_FIELD_PROC_AENV, "NONE");
	thread(&world, 200)->ptid = 200;
	ask(SK_FIELD_PROC_ANAME);
	CHECK(answer.presence == SK_PRESENT && answer.length < 10);
}

TEST(a_long_line_of_ancestors_is_listed_whole)
{
	start();
	for (int64_t tid = 1000; tid < 1100; tid++)
		existing(&world, tid, tid, tid == 1000 ? 1 : tid - 1, "link");
	world.sink.complete(world.sink.context);
	event(&world, SK_EVENT_SYSCALL_ACCESS_X, 1099);
	feed(&world);
	ask(SK_FIELD_PROC_APID);
	CHECK_EQUAL(answer.length, 100);
	CHECK_EQUAL(answer.items[0].number, 1098);
	CHECK_EQUAL(answer.items[99].number, 1);
	CHECK_TEXT(ask_at(SK_FIELD_PROC_APID, 99), "1000");
}

TEST(the_leader_is_the_thread_with_the_number_or_the_last_who_shares_it)
{
	family();
	thread(&world, 300)->sid = 100;
	CHECK_ASK(PROC_SNAME, "shell");
	CHECK_ASK(PROC_SID_EXE, "shell");
	/* No such thread: the last in an unbroken line. */
	thread(&world, 300)->sid = 77;
	thread(&world, 200)->sid = 77;
	thread(&world, 102)->sid = 78;
	thread(&world, 1)->sid = 77;
	CHECK_ASK(PROC_SNAME, "child");
	thread(&world, 300)->sid = 79;
	CHECK_ASK(PROC_SNAME, "");
	/* Inside a pid namespace its numbers are no tids of the host. */
	thread(&world, 300)->sid = 100;
	thread(&world, 300)->vtid = 5;
	CHECK_ASK(PROC_SNAME, "");
	thread(&world, 300)->pgid = 100;
	CHECK_ASK(PROC_PGID_NAME, "shell");
	thread(&world, 300)->vpgid = 100;
	CHECK_ASK(PROC_VPGID_NAME, "");
}

TEST(the_login_shell_is_the_oldest_one)
{
	family();
	CHECK_ASK(PROC_LOGINSHELLID, "-");
	existing(&world, 400, 400, 300, "zsh");
	existing(&world, 500, 500, 400, "bash");
	world.sink.complete(world.sink.context);
	event(&world, SK_EVENT_SYSCALL_ACCESS_X, 500);
	feed(&world);
	CHECK_ASK(PROC_LOGINSHELLID, "400");
}

/* --- users --------------------------------------------------------------- */

TEST(users_have_names_in_their_container)
{
	static const struct sk_user_entry user = {.uid = 1000,
						  .gid = 1000,
						  .name = BYTES("mara"),
						  .home = BYTES("/home/mara"),
						  .shell = BYTES("/bin/zsh")};

	start();
	event(&world, SK_EVENT_SYSCALL_ACCESS_X, 100);
	feed(&world);
	CHECK_ASK(USER_UID, "1000");
	CHECK_ASK(USER_NAME, "<NA>");
	CHECK_ASK(USER_HOMEDIR, "<NA>");
	CHECK_ASK(GROUP_NAME, "<NA>");
	world.sink.user(world.sink.context, &user);
	CHECK_ASK(USER_NAME, "mara");
	CHECK_ASK(USER_HOMEDIR, "/home/mara");
	CHECK_ASK(USER_SHELL, "/bin/zsh");
	CHECK_ASK(USER_LOGINUID, "1000");
	CHECK_ASK(USER_LOGINNAME, "mara");
	thread(&world, 100)->uid = 0;
	thread(&world, 100)->gid = 0;
	thread(&world, 100)->loginuid = UINT32_MAX;
	CHECK_ASK(USER_NAME, "root");
	CHECK_ASK(USER_HOMEDIR, "/root");
	CHECK_ASK(USER_SHELL, "<NA>");
	CHECK_ASK(GROUP_NAME, "root");
	CHECK_ASK(USER_LOGINUID, "-1");
	CHECK_ASK(USER_LOGINNAME, "<NA>");
	thread(&world, 100)->uid = UINT32_MAX;
	CHECK_ASK(USER_NAME, "<NA>");
}

TEST(done)
{
	world_close(&world);
	sk_arena_release(&scratch);
	sk_buffer_release(&printed);
}

TEST_MAIN(RUN(without_a_thread_everything_of_it_is_missing) RUN(what_a_process_was_started_with) RUN(
	numbers_that_are_not_known_are_missing_and_others_are_not) RUN(resources_are_those_of_the_process)
		  RUN(levels_are_processes) RUN(any_ancestor_is_the_very_thread_and_outputs_show_its_process)
			  RUN(parents_that_lead_in_a_circle_end) RUN(a_long_line_of_ancestors_is_listed_whole)
				  RUN(the_leader_is_the_thread_with_the_number_or_the_last_who_shares_it)
					  RUN(the_login_shell_is_the_oldest_one)
						  RUN(users_have_names_in_their_container) RUN(done))
