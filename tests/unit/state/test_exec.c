/* SPDX-License-Identifier: Apache-2.0 */
/* Exec events: spec/state.md section 3.5. */
#include "tests/unit/state/event_builder.h"

static struct world world;

static void start(void)
{
	world_open(&world, NULL);
	populate(&world);
}

TEST(an_exec_shows_the_new_program)
{
	const struct sk_thread *self = NULL;

	start();
	exec_event(&world, 100, "/usr/bin/cat", "cat");
	strings(&world, 2, "/etc/passwd|-n||");
	strings(&world, 15, "PATH=/bin|");
	number(&world, 16, 34816);
	number(&world, 17, 100);
	number(&world, 18, 1001);
	number(&world, 19, 1 | 4);
	number(&world, 20, 1);
	number(&world, 21, 2);
	number(&world, 22, 3);
	number(&world, 23, 55);
	number(&world, 24, 1000);
	number(&world, 25, 2000);
	number(&world, 26, 0);
	number(&world, 28, 100);
	number(&world, 29, 5);
	feed(&world);
	self = thread(&world, 100);
	CHECK(world.view.thread == self);
	CHECK_TEXT(self->comm->bytes, "cat");
	CHECK_TEXT(self->exe->bytes, "cat");
	CHECK_TEXT(self->exepath->bytes, "/usr/bin/cat");
	CHECK_TEXT(self->cmdline->bytes, "cat /etc/passwd -n ");
	CHECK_EQUAL(self->args->length, 16);
	CHECK_TEXT(sk_thread_env(self)->bytes, "PATH=/bin");
	CHECK_EQUAL(self->lastexec_ts, world.now);
	CHECK_EQUAL(self->tty, 34816);
	CHECK_EQUAL(self->loginuid, 1001);
	CHECK(self->exe_writable && self->exe_from_memfd && !self->exe_upper_layer && !self->exe_lower_layer);
	CHECK_EQUAL(self->cap_inheritable, 1);
	CHECK_EQUAL(self->cap_effective, 3);
	CHECK_EQUAL(self->exe_ino, 55);
	CHECK_EQUAL(self->uid, 0);
	CHECK_EQUAL(self->gid, 5);
	CHECK_EQUAL(self->pgid, 100);
	CHECK_EQUAL(self->vpgid, 100);
	CHECK_TEXT(self->cwd->bytes, "/home/"); /* stays */
	CHECK_EQUAL(self->sid, 100);
	world_close(&world);
}

TEST(what_an_exec_does_not_say_stays_but_for_pgid)
{
	const struct sk_thread *self;

	start();
	thread(&world, 100)->pgid = 100;
	thread(&world, 100)->cap_effective = 9;
	exec_event(&world, 100, "/usr/bin/cat", "cat");
	feed(&world);
	self = thread(&world, 100);
	CHECK_EQUAL(self->pgid, -1);
	CHECK_EQUAL(self->uid, 1000);
	CHECK_EQUAL(self->loginuid, 1000);
	CHECK_EQUAL(self->cap_effective, 9);
	CHECK_TEXT(self->env->bytes, "A=1");
	CHECK_TEXT(self->cmdline->bytes, "cat");
	world_close(&world);
}

TEST(the_name_is_the_executable_where_an_old_event_has_none)
{
	start();
	exec_event(&world, 100, "/usr/bin/cat", "cat");
	text(&world, 1, "./cat");
	world.param[13].length = 0;
	feed(&world);
	CHECK_TEXT(thread(&world, 100)->comm->bytes, "./cat");
	world_close(&world);
}

TEST(a_deleted_program_keeps_its_path)
{
	start();
	exec_event(&world, 100, "/tmp/x (deleted)", "x");
	feed(&world);
	CHECK_TEXT(thread(&world, 100)->exepath->bytes, "/tmp/x");
	world_close(&world);
}

TEST(an_exec_closes_what_is_marked_so)
{
	start();
	open_event(&world, 100, 3, -100, "/a", 0x1000 | 1);
	feed(&world);
	open_event(&world, 100, 4, -100, "/b", 1);
	feed(&world);
	exec_event(&world, 100, "/usr/bin/cat", "cat");
	feed(&world);
	CHECK(fd(&world, 100, 3) == NULL);
	CHECK(fd(&world, 100, 4) != NULL);
	CHECK(fd(&world, 100, 0) != NULL);
	world_close(&world);
}

TEST(the_other_threads_of_the_process_are_gone)
{
	start();
	exec_event(&world, 100, "/usr/bin/cat", "cat");
	feed(&world);
	CHECK(thread(&world, 101) == NULL);
	CHECK_EQUAL(sk_thread_count(thread(&world, 100)), 1);
	world_close(&world);
}

TEST(an_exec_of_a_dead_main_thread_revives_it)
{
	start();
	exit_event(&world, 100);
	feed(&world);
	settle(&world);
	CHECK(thread(&world, 100) && (thread(&world, 100)->flags & SK_CLONE_CLOSED));
	exec_event(&world, 100, "/usr/bin/cat", "cat"); /* by 101, which has the leader's number now */
	feed(&world);
	CHECK(!(thread(&world, 100)->flags & SK_CLONE_CLOSED));
	CHECK_EQUAL(sk_thread_count(thread(&world, 100)), 1);
	CHECK(thread(&world, 101) == NULL);
	world_close(&world);
}

TEST(an_exec_drops_the_flags_of_the_clone)
{
	start();
	clone_event(&world, 200, 0, 200, 100, SK_CLONE_VM | SK_CLONE_CHILD_IN_PIDNS);
	feed(&world);
	exec_event(&world, 200, "/usr/bin/cat", "cat");
	feed(&world);
	CHECK_EQUAL(thread(&world, 200)->flags, SK_CLONE_ACTIVE | SK_CLONE_NAME_CHANGED | SK_CLONE_INVERTED);
	world_close(&world);
}

TEST(an_exec_completes_an_unknown_thread)
{
	const struct sk_thread *self;

	start();
	exec_event(&world, 300, "/usr/bin/cat", "cat");
	feed(&world);
	self = thread(&world, 300);
	CHECK_EQUAL(self->pid, 300);
	CHECK_EQUAL(self->ptid, 100);
	CHECK_EQUAL(self->vpid, 300);
	CHECK(sk_thread_parent(sk_state_threads(world.state), self) == thread(&world, 100));
	CHECK_EQUAL(sk_thread_count(self), 1);
	world_close(&world);
}

TEST(a_failed_exec_changes_nothing)
{
	start();
	exec_event(&world, 100, "/usr/bin/cat", "cat");
	number(&world, 0, -2);
	feed(&world);
	CHECK_TEXT(thread(&world, 100)->comm->bytes, "shell");
	CHECK(thread(&world, 101) != NULL);
	world_close(&world);
}

static void old_exec(void)
{
	exec_event(&world, 100, "", "x");
	world.param[27].length = 0;
	feed(&world);
}

TEST(an_old_captures_enter_event_tells_the_path)
{
	start();
	event(&world, SK_EVENT_SYSCALL_EXECVE_19_E, 100);
	text(&world, 0, "bin/../tool");
	feed(&world);
	old_exec();
	CHECK_TEXT(thread(&world, 100)->exepath->bytes, "/home/tool");
	/* Without one the path stays. */
	old_exec();
	CHECK_TEXT(thread(&world, 100)->exepath->bytes, "/home/tool");
	world_close(&world);
}

TEST(an_execveat_is_relative_to_its_directory)
{
	start();
	open_event(&world, 100, 5, -100, "/opt/dir", 0x400);
	feed(&world);
	event(&world, SK_EVENT_SYSCALL_EXECVEAT_E, 100);
	number(&world, 0, 5);
	text(&world, 1, "tool");
	number(&world, 2, 0);
	feed(&world);
	old_exec();
	CHECK_TEXT(thread(&world, 100)->exepath->bytes, "/opt/dir/tool");

	event(&world, SK_EVENT_SYSCALL_EXECVEAT_E, 100);
	number(&world, 0, 5);
	text(&world, 1, "");
	number(&world, 2, 0x1000); /* AT_EMPTY_PATH */
	feed(&world);
	old_exec();
	CHECK_TEXT(thread(&world, 100)->exepath->bytes, "/opt/dir");

	event(&world, SK_EVENT_SYSCALL_EXECVEAT_E, 100);
	number(&world, 0, 77);
	text(&world, 1, "tool");
	number(&world, 2, 0);
	feed(&world);
	old_exec();
	CHECK_TEXT(thread(&world, 100)->exepath->bytes, "<NA>");
	world_close(&world);
}

TEST(durations_are_counted_from_the_change_of_the_file)
{
	start();
	clone_event(&world, 200, 0, 200, 100, SK_CLONE_CHILD_IN_PIDNS);
	number(&world, 18, 1);
	number(&world, 19, 1);
	number(&world, 20, 400);
	feed(&world);
	exec_event(&world, 200, "/usr/bin/cat", "cat");
	number(&world, 23, 1);
	number(&world, 24, 1000);
	number(&world, 25, 2000);
	feed(&world);
	CHECK_EQUAL(thread(&world, 200)->exe_ino_ctime_duration_clone_ts, thread(&world, 200)->clone_ts - 1000);
	CHECK_EQUAL(thread(&world, 200)->exe_ino_ctime_duration_pidns_start, 600);
	world_close(&world);
}

TEST(an_exec_raises_the_revision_and_what_descendants_see)
{
	uint32_t revision, epoch;

	start();
	clone_event(&world, 100, 200, 100, 1, 0);
	feed(&world);
	revision = thread(&world, 200)->revision;
	epoch = sk_state_lineage_epoch(world.state);
	exec_event(&world, 200, "/usr/bin/cat", "cat");
	feed(&world);
	CHECK(thread(&world, 200)->revision != revision);
	CHECK_EQUAL(sk_state_lineage_epoch(world.state), epoch); /* it has no children */
	revision = thread(&world, 200)->revision;
	exec_event(&world, 100, "/usr/bin/cat", "cat");
	feed(&world);
	CHECK_EQUAL(thread(&world, 200)->revision, revision);
	CHECK(sk_state_lineage_epoch(world.state) != epoch);
	world_close(&world);
}

/* clang-format off */
TEST_MAIN(
	RUN(an_exec_shows_the_new_program)
	RUN(what_an_exec_does_not_say_stays_but_for_pgid)
	RUN(the_name_is_the_executable_where_an_old_event_has_none)
	RUN(a_deleted_program_keeps_its_path)
	RUN(an_exec_closes_what_is_marked_so)
	RUN(the_other_threads_of_the_process_are_gone)
	RUN(an_exec_of_a_dead_main_thread_revives_it)
	RUN(an_exec_drops_the_flags_of_the_clone)
	RUN(an_exec_completes_an_unknown_thread)
	RUN(a_failed_exec_changes_nothing)
	RUN(an_old_captures_enter_event_tells_the_path)
	RUN(an_execveat_is_relative_to_its_directory)
	RUN(durations_are_counted_from_the_change_of_the_file)
	RUN(an_exec_raises_the_revision_and_what_descendants_see)
)
