/* SPDX-License-Identifier: Apache-2.0 */
/* Clone events from both sides: spec/state.md section 3.4. */
#include "tests/unit/state/event_builder.h"

static struct world world;

static void start(void)
{
	world_open(&world, NULL);
	populate(&world);
}

TEST(the_callers_event_makes_the_child_with_what_it_inherits)
{
	const struct sk_thread *child;

	start();
	clone_event(&world, 100, 200, 100, 1, 0);
	feed(&world);
	child = thread(&world, 200);
	CHECK(child != NULL);
	CHECK(world.view.thread == thread(&world, 100));
	CHECK_EQUAL(child->pid, 200);
	CHECK_EQUAL(child->ptid, 100);
	CHECK_EQUAL(child->vpid, 200);
	CHECK_EQUAL(child->clone_ts, world.now);
	CHECK_EQUAL(child->fdlimit, 1024);
	CHECK_EQUAL(child->sid, 100);
	CHECK_EQUAL(child->loginuid, 1000);
	CHECK_TEXT(child->comm->bytes, "shell");
	CHECK_TEXT(child->cmdline->bytes, "shell -x two words");
	CHECK_TEXT(child->exepath->bytes, "/usr/bin/thing");
	CHECK_TEXT(child->cwd->bytes, "/home/");
	CHECK(child->env == thread(&world, 100)->env);
	CHECK_EQUAL(sk_fd_table_count(sk_thread_fds(child)), 3);
	CHECK_TEXT(fd(&world, 200, 1)->name->bytes, "/dev/pts/0");
	CHECK(sk_thread_parent(sk_state_threads(world.state), child) == thread(&world, 100));
	world_close(&world);
}

TEST(strings_that_the_child_has_in_common_are_shared)
{
	const struct sk_thread *child, *parent;

	start();
	clone_event(&world, 100, 200, 100, 1, 0);
	feed(&world);
	child = thread(&world, 200);
	parent = thread(&world, 100);
	CHECK(child->exe == parent->exe && child->args == parent->args && child->comm == parent->comm);
	CHECK(child->cmdline == parent->cmdline && child->cgroups == parent->cgroups);
	CHECK(fd(&world, 200, 0) == fd(&world, 100, 0));
	world_close(&world);
}

TEST(the_childs_fds_are_its_own)
{
	start();
	clone_event(&world, 100, 200, 100, 1, 0);
	feed(&world);
	close_event(&world, 200, 1);
	feed(&world);
	settle(&world);
	CHECK(fd(&world, 200, 1) == NULL);
	CHECK(fd(&world, 100, 1) != NULL);
	world_close(&world);
}

TEST(a_thread_shares_its_process)
{
	const struct sk_thread *child;

	start();
	clone_event(&world, 100, 102, 100, 1, SK_CLONE_THREAD);
	feed(&world);
	child = thread(&world, 102);
	CHECK_EQUAL(child->pid, 100);
	CHECK_EQUAL(child->ptid, 1);
	CHECK(child->flags & SK_CLONE_FILES);
	CHECK(sk_thread_main(child) == thread(&world, 100));
	CHECK(sk_thread_fds(child) == sk_thread_fds(thread(&world, 100)));
	CHECK_TEXT(sk_thread_cwd(child)->bytes, "/home/");
	CHECK_EQUAL(sk_thread_count(child), 3);
	CHECK_EQUAL(sk_thread_child_count(child), 2);
	world_close(&world);
}

TEST(the_childs_event_after_the_callers_changes_nothing)
{
	start();
	clone_event(&world, 100, 200, 100, 1, 0);
	feed(&world);
	thread(&world, 200)->tty = 77;
	clone_event(&world, 200, 0, 200, 100, 0);
	feed(&world);
	CHECK(world.view.thread == thread(&world, 200));
	CHECK_EQUAL(thread(&world, 200)->tty, 77);
	CHECK(!(thread(&world, 200)->flags & SK_CLONE_INVERTED));
	world_close(&world);
}

TEST(the_childs_event_alone_is_enough)
{
	const struct sk_thread *child;

	start();
	clone_event(&world, 200, 0, 200, 100, 0);
	feed(&world);
	child = thread(&world, 200);
	CHECK(world.view.thread == child);
	CHECK(child->flags & SK_CLONE_INVERTED);
	CHECK_TEXT(child->cwd->bytes, "/home/");
	CHECK_EQUAL(sk_fd_table_count(sk_thread_fds(child)), 3);
	CHECK_EQUAL(child->sid, 100);
	/* The caller's event that comes later finds it there. */
	thread(&world, 200)->tty = 77;
	clone_event(&world, 100, 200, 100, 1, 0);
	feed(&world);
	CHECK_EQUAL(thread(&world, 200)->tty, 77);
	world_close(&world);
}

TEST(a_stale_entry_makes_room_for_the_child)
{
	start();
	clone_event(&world, 100, 200, 100, 1, 0);
	feed(&world);
	thread(&world, 200)->tty = 77;
	world.now += (uint64_t)3 * SECOND;
	clone_event(&world, 200, 0, 200, 100, 0);
	feed(&world);
	CHECK_EQUAL(thread(&world, 200)->tty, 0);
	CHECK(thread(&world, 200)->flags & SK_CLONE_INVERTED);
	CHECK_EQUAL(sk_thread_count(thread(&world, 200)), 1);
	world_close(&world);
}

TEST(a_tid_that_is_used_again_is_a_new_thread)
{
	start();
	clone_event(&world, 100, 200, 100, 1, 0);
	feed(&world);
	thread(&world, 200)->tty = 77;
	world.now += (uint64_t)10 * SECOND;
	clone_event(&world, 1, 200, 1, 0, 0);
	feed(&world);
	CHECK_EQUAL(thread(&world, 200)->tty, 0);
	CHECK_EQUAL(thread(&world, 200)->ptid, 1);
	CHECK(world.view.thread == thread(&world, 1));
	world_close(&world);
}

TEST(the_caller_leaves_some_children_to_their_own_event)
{
	static const uint32_t flags[] = {SK_CLONE_CHILD_IN_PIDNS, SK_CLONE_NEWPID, SK_CLONE_PARENT, SK_CLONE_VFORK};

	start();
	for (int64_t i = 0; i < 4; i++) {
		clone_event(&world, 100, 200 + i, 100, 1, flags[i]);
		feed(&world);
		CHECK(thread(&world, 200 + i) == NULL);
	}
	clone_event(&world, 100, 210, 100, 1, 0);
	world.type = SK_EVENT_SYSCALL_VFORK_20_X;
	feed(&world);
	CHECK(thread(&world, 210) == NULL);
	/* Its own event does make it. */
	clone_event(&world, 210, 0, 210, 100, 0);
	world.type = SK_EVENT_SYSCALL_VFORK_20_X;
	feed(&world);
	CHECK(thread(&world, 210) != NULL);
	world_close(&world);
}

TEST(a_caller_in_a_pid_namespace_knows_another_number)
{
	start();
	thread(&world, 100)->vtid = 5;
	clone_event(&world, 100, 6, 100, 1, 0);
	feed(&world);
	CHECK(thread(&world, 6) == NULL);
	world_close(&world);
}

TEST(a_child_that_has_gone_does_not_come_back)
{
	start();
	clone_event(&world, 200, 0, 200, 100, 0);
	feed(&world);
	exit_event(&world, 200);
	feed(&world);
	clone_event(&world, 100, 200, 100, 1, 0);
	feed(&world);
	CHECK(thread(&world, 200) == NULL);
	/* But two seconds later it is another one. */
	world.now += (uint64_t)3 * SECOND;
	clone_event(&world, 100, 200, 100, 1, 0);
	feed(&world);
	CHECK(thread(&world, 200) != NULL);
	world_close(&world);
}

TEST(an_unknown_caller_is_completed_and_its_child_inherits_nothing)
{
	const struct sk_thread *caller, *child;

	start();
	clone_event(&world, 300, 301, 300, 100, 0);
	number(&world, 18, 300);
	number(&world, 19, 300);
	feed(&world);
	caller = thread(&world, 300);
	child = thread(&world, 301);
	CHECK(caller && child);
	CHECK_EQUAL(caller->pid, 300);
	CHECK_EQUAL(caller->ptid, 100);
	CHECK_TEXT(caller->comm->bytes, "shell");
	CHECK_TEXT(caller->cmdline->bytes, "shell -x two words");
	CHECK_EQUAL(child->ptid, 300);
	CHECK_EQUAL(child->sid, -1);
	CHECK_EQUAL(child->cwd->length, 0);
	CHECK_TEXT(child->comm->bytes, "shell");
	world_close(&world);
}

TEST(a_thread_completes_its_unknown_main_thread)
{
	const struct sk_thread *leader;

	start();
	clone_event(&world, 401, 0, 400, 100, SK_CLONE_THREAD);
	feed(&world);
	leader = thread(&world, 400);
	CHECK(leader != NULL);
	CHECK_EQUAL(leader->pid, 400);
	CHECK_EQUAL(leader->ptid, 100);
	CHECK_TEXT(leader->comm->bytes, "shell");
	CHECK(sk_thread_main(thread(&world, 401)) == leader);
	world_close(&world);
}

TEST(a_process_of_an_unknown_parent_has_an_entry_that_says_so)
{
	start();
	clone_event(&world, 501, 0, 501, 500, 0);
	feed(&world);
	CHECK_TEXT(thread(&world, 500)->comm->bytes, "<NA>");
	CHECK_EQUAL(thread(&world, 500)->pid, -1);
	CHECK_EQUAL(thread(&world, 501)->ptid, 0); /* an invalid parent is none */
	CHECK(sk_thread_parent(sk_state_threads(world.state), thread(&world, 501)) == NULL);
	world_close(&world);
}

TEST(a_failed_clone_does_nothing)
{
	start();
	clone_event(&world, 100, -11, 100, 1, 0);
	feed(&world);
	CHECK_EQUAL(sk_thread_table_size(sk_state_threads(world.state)), 3);
	clone_event(&world, 999, -11, 999, 1, 0);
	feed(&world);
	CHECK(world.view.thread == NULL);
	world_close(&world);
}

TEST(a_child_in_a_pid_namespace_knows_when_that_began)
{
	start();
	clone_event(&world, 200, 0, 200, 100, SK_CLONE_CHILD_IN_PIDNS);
	number(&world, 18, 1);
	number(&world, 19, 1);
	number(&world, 20, 12345);
	feed(&world);
	CHECK_EQUAL(thread(&world, 200)->pidns_init_start_ts, 12345);
	CHECK_EQUAL(thread(&world, 200)->vpid, 1);
	CHECK(sk_thread_in_pid_namespace(thread(&world, 200)));
	clone_event(&world, 201, 0, 201, 100, 0);
	feed(&world);
	CHECK_EQUAL(thread(&world, 201)->pidns_init_start_ts, 0);
	world_close(&world);
}

TEST(a_child_of_nobody_known_by_its_own_tid_does_no_harm)
{
	start();
	clone_event(&world, 100, 100, 100, 1, 0); /* says that it made itself */
	feed(&world);
	CHECK_EQUAL(thread(&world, 100)->pid, 100);
	clone_event(&world, 600, 0, 600, 600, 0); /* its own parent */
	feed(&world);
	exit_event(&world, 600);
	feed(&world);
	settle(&world);
	CHECK(thread(&world, 600) == NULL);
	world_close(&world);
}

TEST(the_cgroups_names_are_those_of_the_state)
{
	start();
	clone_event(&world, 100, 200, 100, 1, 0);
	strings(&world, 14, "mem_cgroup=/a|io=/b|perf=/c|cpu=/d|");
	feed(&world);
	CHECK_EQUAL(thread(&world, 200)->cgroups->length, 40);
	CHECK(memcmp(thread(&world, 200)->cgroups->bytes, "memory=/a\0blkio=/b\0perf_event=/c\0cpu=/d", 40) == 0);
	clone_event(&world, 100, 201, 100, 1, 0);
	strings(&world, 14, "cpu=/x|nonsense|");
	feed(&world);
	CHECK_EQUAL(thread(&world, 201)->cgroups->length, 0);
	world_close(&world);
}

/* clang-format off */
TEST_MAIN(
	RUN(the_callers_event_makes_the_child_with_what_it_inherits)
	RUN(strings_that_the_child_has_in_common_are_shared)
	RUN(the_childs_fds_are_its_own)
	RUN(a_thread_shares_its_process)
	RUN(the_childs_event_after_the_callers_changes_nothing)
	RUN(the_childs_event_alone_is_enough)
	RUN(a_stale_entry_makes_room_for_the_child)
	RUN(a_tid_that_is_used_again_is_a_new_thread)
	RUN(the_caller_leaves_some_children_to_their_own_event)
	RUN(a_caller_in_a_pid_namespace_knows_another_number)
	RUN(a_child_that_has_gone_does_not_come_back)
	RUN(an_unknown_caller_is_completed_and_its_child_inherits_nothing)
	RUN(a_thread_completes_its_unknown_main_thread)
	RUN(a_process_of_an_unknown_parent_has_an_entry_that_says_so)
	RUN(a_failed_clone_does_nothing)
	RUN(a_child_in_a_pid_namespace_knows_when_that_began)
	RUN(a_child_of_nobody_known_by_its_own_tid_does_no_harm)
	RUN(the_cgroups_names_are_those_of_the_state)
)
