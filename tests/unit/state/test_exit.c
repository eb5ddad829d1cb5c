/* SPDX-License-Identifier: Apache-2.0 */
/* How threads leave: spec/state.md section 3.6 and 6.3. */
#include "tests/unit/state/event_builder.h"

static struct world world;

static void start(void)
{
	world_open(&world, NULL);
	populate(&world);
}

/* A child made by its own event. */
static void born(int64_t tid, int64_t parent)
{
	clone_event(&world, tid, 0, tid, parent, 0);
	feed(&world);
}

static void dies(int64_t tid)
{
	exit_event(&world, tid);
	feed(&world);
}

TEST(a_thread_is_there_at_its_exit_and_gone_at_the_next_event)
{
	start();
	born(200, 100);
	dies(200);
	CHECK(world.view.thread && world.view.thread->tid == 200);
	CHECK_TEXT(world.view.thread->comm->bytes, "shell");
	settle(&world);
	CHECK(thread(&world, 200) == NULL);
	world_close(&world);
}

TEST(an_exit_of_nobody_makes_nobody)
{
	start();
	dies(999);
	CHECK(world.view.thread == NULL);
	CHECK(thread(&world, 999) == NULL);
	world_close(&world);
}

TEST(a_dead_main_thread_stays_until_its_last_thread_is_gone)
{
	start();
	dies(100);
	settle(&world);
	CHECK(thread(&world, 100) != NULL);
	CHECK_TEXT(sk_thread_cwd(thread(&world, 101))->bytes, "/home/");
	CHECK_EQUAL(sk_thread_count(thread(&world, 101)), 1);
	CHECK_EQUAL(sk_thread_child_count(thread(&world, 101)), 1);
	dies(101);
	settle(&world);
	CHECK(thread(&world, 100) == NULL);
	CHECK(thread(&world, 101) == NULL);
	world_close(&world);
}

TEST(children_go_to_the_reaper_that_the_event_names)
{
	start();
	born(200, 100);
	born(300, 200);
	exit_event(&world, 200);
	number(&world, 4, 1);
	feed(&world);
	CHECK_EQUAL(thread(&world, 300)->ptid, 200); /* still, while rules look */
	settle(&world);
	CHECK_EQUAL(thread(&world, 300)->ptid, 1);
	CHECK(sk_thread_parent(sk_state_threads(world.state), thread(&world, 300)) == thread(&world, 1));
	world_close(&world);
}

TEST(children_of_a_thread_stay_in_the_process)
{
	start();
	born(200, 101);
	CHECK_EQUAL(thread(&world, 200)->ptid, 101);
	dies(101);
	settle(&world);
	CHECK_EQUAL(thread(&world, 200)->ptid, 100);
	world_close(&world);
}

TEST(without_a_name_the_nearest_reaper_above_takes_them)
{
	start();
	born(200, 100);
	born(300, 200);
	born(400, 300);
	event(&world, SK_EVENT_SYSCALL_PRCTL_X, 200);
	number(&world, 0, 0);
	number(&world, 1, 0x24); /* PR_SET_CHILD_SUBREAPER */
	number(&world, 3, 1);
	feed(&world);
	dies(300);
	settle(&world);
	CHECK_EQUAL(thread(&world, 400)->ptid, 200);
	dies(200);
	settle(&world);
	CHECK_EQUAL(thread(&world, 400)->ptid, 1); /* init is one by its pid */
	world_close(&world);
}

TEST(a_reaper_must_be_in_the_same_pid_namespace)
{
	start();
	clone_event(&world, 200, 0, 200, 100, SK_CLONE_CHILD_IN_PIDNS);
	number(&world, 18, 5);
	number(&world, 19, 5);
	feed(&world);
	clone_event(&world, 300, 0, 300, 200, SK_CLONE_CHILD_IN_PIDNS);
	number(&world, 18, 6);
	number(&world, 19, 6);
	feed(&world);
	dies(200);
	settle(&world);
	CHECK_EQUAL(thread(&world, 300)->ptid, 0);
	CHECK(sk_thread_parent(sk_state_threads(world.state), thread(&world, 300)) == NULL);
	world_close(&world);
}

TEST(reparenting_raises_the_revision_of_the_children)
{
	uint32_t revision, epoch;

	start();
	born(200, 100);
	born(300, 200);
	revision = thread(&world, 300)->revision;
	epoch = sk_state_lineage_epoch(world.state);
	dies(200);
	settle(&world);
	CHECK(thread(&world, 300)->revision != revision);
	CHECK(sk_state_lineage_epoch(world.state) != epoch);
	world_close(&world);
}

TEST(ancestors_that_go_in_a_circle_are_followed_to_no_end)
{
	start();
	born(200, 100);
	thread(&world, 100)->ptid = 200;
	CHECK(sk_thread_ancestor(sk_state_threads(world.state), thread(&world, 200), 3) != NULL);
	CHECK(sk_thread_ancestor(sk_state_threads(world.state), thread(&world, 200), UINT32_MAX) == NULL);
	born(300, 200);
	dies(300);
	dies(200);
	dies(100);
	settle(&world);
	world_close(&world);
}

TEST(ancestors_are_main_threads)
{
	const struct sk_thread_table *table;

	start();
	born(200, 101);
	table = sk_state_threads(world.state);
	CHECK(sk_thread_ancestor(table, thread(&world, 200), 0) == thread(&world, 200));
	CHECK(sk_thread_ancestor(table, thread(&world, 200), 1) == thread(&world, 100));
	CHECK(sk_thread_ancestor(table, thread(&world, 200), 2) == thread(&world, 1));
	CHECK(sk_thread_ancestor(table, thread(&world, 200), 3) == NULL);
	CHECK(sk_thread_ancestor(table, thread(&world, 101), 0) == thread(&world, 100));
	world_close(&world);
}

static int64_t gone_tid;

static bool still_there(void *context, int64_t pid, int64_t tid, const char *comm)
{
	(void)context, (void)pid, (void)comm;
	return tid != gone_tid;
}

static int no_process(void *context, int64_t tid, const struct sk_entry_sink *sink)
{
	(void)context, (void)tid, (void)sink;
	return -3; /* ESRCH */
}

TEST(the_purge_takes_what_is_invalid_or_silent_and_gone)
{
	const struct sk_state_source source = {.lookup = no_process, .exists = still_there};
	const struct sk_state_options options = {.own_pid = -1, .source = &source};

	world_open(&world, &options);
	populate(&world);
	settle(&world);
	event(&world, SK_EVENT_SYSCALL_DUP_1_X, 101);
	feed(&world);
	event(&world, SK_EVENT_SYSCALL_DUP_1_X, 555); /* nobody knows it */
	feed(&world);
	CHECK(thread(&world, 555) != NULL);
	gone_tid = 101;
	world.now += (uint64_t)40 * SECOND;
	settle(&world);
	CHECK(thread(&world, 555) == NULL);
	CHECK(thread(&world, 101) != NULL);
	world.now += (uint64_t)2000 * SECOND;
	event(&world, SK_EVENT_SYSCALL_DUP_1_X, 100);
	feed(&world);
	CHECK(thread(&world, 101) == NULL);
	CHECK(thread(&world, 100) != NULL && thread(&world, 1) != NULL);
	CHECK_EQUAL(sk_state_stats(world.state).purged, 2);
	world_close(&world);
}

TEST(the_purge_goes_on_behind_a_main_thread_that_must_stay)
{
	const struct sk_state_source source = {.lookup = no_process, .exists = still_there};
	const struct sk_state_options options = {.own_pid = -1, .source = &source};

	world_open(&world, &options);
	populate(&world);
	settle(&world);
	gone_tid = 100; /* its thread 101 lives on */
	world.now += (uint64_t)2000 * SECOND;
	settle(&world);
	CHECK(thread(&world, 100) && (thread(&world, 100)->flags & SK_CLONE_CLOSED));
	CHECK(thread(&world, 101) != NULL);
	CHECK_EQUAL(sk_state_stats(world.state).purged, 0);
	gone_tid = 101;
	world.now += (uint64_t)2000 * SECOND;
	settle(&world);
	CHECK(thread(&world, 100) == NULL && thread(&world, 101) == NULL);
	world_close(&world);
}

/* clang-format off */
TEST_MAIN(
	RUN(a_thread_is_there_at_its_exit_and_gone_at_the_next_event)
	RUN(an_exit_of_nobody_makes_nobody)
	RUN(a_dead_main_thread_stays_until_its_last_thread_is_gone)
	RUN(children_go_to_the_reaper_that_the_event_names)
	RUN(children_of_a_thread_stay_in_the_process)
	RUN(without_a_name_the_nearest_reaper_above_takes_them)
	RUN(a_reaper_must_be_in_the_same_pid_namespace)
	RUN(reparenting_raises_the_revision_of_the_children)
	RUN(ancestors_that_go_in_a_circle_are_followed_to_no_end)
	RUN(ancestors_are_main_threads)
	RUN(the_purge_takes_what_is_invalid_or_silent_and_gone)
	RUN(the_purge_goes_on_behind_a_main_thread_that_must_stay)
)
