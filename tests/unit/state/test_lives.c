/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole lives of processes, in the order in which a kernel tells of them: what
 * the single events are tested for elsewhere, put together (docs/state.md).
 */
#include "tests/unit/state/event_builder.h"
#include "tests/unit/vm/random.h"

static struct world world;

static void start(void)
{
	world_open(&world, NULL);
	populate(&world);
}

static void end(void)
{
	world_close(&world);
}

static void clones(uint16_t type, int64_t tid, int64_t result, int64_t pid, int64_t ptid, uint32_t flags)
{
	clone_event(&world, tid, result, pid, ptid, flags);
	world.type = type;
	feed(&world);
}

static void execs(int64_t tid, const char *comm)
{
	exec_event(&world, tid, "/usr/bin/thing", comm);
	feed(&world);
}

static void exits(int64_t tid)
{
	exit_event(&world, tid);
	feed(&world);
	settle(&world);
}

static const char *comm_of(int64_t tid)
{
	return thread(&world, tid) ? thread(&world, tid)->comm->bytes : NULL;
}

static int64_t parent_of(int64_t tid)
{
	return thread(&world, tid) ? thread(&world, tid)->ptid : -1;
}

TEST(every_call_that_makes_a_process_makes_the_same_one)
{
	static const uint16_t calls[] = {SK_EVENT_SYSCALL_CLONE_20_X, SK_EVENT_SYSCALL_FORK_20_X,
					 SK_EVENT_SYSCALL_CLONE3_X, SK_EVENT_SYSCALL_VFORK_20_X};

	for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		/* As the child tells it, which all four do. */
		start();
		clones(calls[i], 200, 0, 200, 100, 0);
		CHECK_TEXT(comm_of(200), "shell");
		CHECK_EQUAL(parent_of(200), 100);
		CHECK_TEXT(sk_thread_cwd(thread(&world, 200))->bytes, "/home/");
		CHECK(fd(&world, 200, 1));
		CHECK(world.view.thread == thread(&world, 200));
		end();
		/* As the caller does, but for vfork, who only gets to it when the child is something else. */
		start();
		clones(calls[i], 100, 200, 100, 1, 0);
		CHECK((thread(&world, 200) != NULL) == (calls[i] != SK_EVENT_SYSCALL_VFORK_20_X));
		end();
	}
}

/* The caller of vfork stands still until the child has a program of its own. */
TEST(a_child_of_vfork_is_what_it_became_before_its_parent_goes_on)
{
	start();
	clones(SK_EVENT_SYSCALL_VFORK_20_X, 200, 0, 200, 100, SK_CLONE_VM | SK_CLONE_VFORK);
	execs(200, "ls");
	clones(SK_EVENT_SYSCALL_VFORK_20_X, 100, 200, 100, 1, SK_CLONE_VM | SK_CLONE_VFORK);
	CHECK_TEXT(comm_of(200), "ls");
	CHECK_TEXT(comm_of(100), "shell");
	CHECK_EQUAL(parent_of(200), 100);
	exits(200);
	CHECK(!thread(&world, 200));
	/* posix_spawn: clone with the flag. */
	clones(SK_EVENT_SYSCALL_CLONE_20_X, 201, 0, 201, 100, SK_CLONE_VM | SK_CLONE_VFORK);
	execs(201, "true");
	exits(201);
	clones(SK_EVENT_SYSCALL_CLONE_20_X, 100, 201, 100, 1, SK_CLONE_VM | SK_CLONE_VFORK);
	CHECK(!thread(&world, 201));
	end();
}

/* The kernel ends the others, and who ran exec goes on under the main thread's number. */
TEST(an_exec_by_a_secondary_thread_goes_on_as_the_process)
{
	start();
	/* 300 is a child of the secondary thread. */
	clones(SK_EVENT_SYSCALL_CLONE_20_X, 300, 0, 300, 101, 0);
	CHECK_EQUAL(parent_of(300), 101);
	exits(100);
	CHECK(thread(&world, 100) && (thread(&world, 100)->flags & SK_CLONE_CLOSED));
	execs(100, "cat");
	CHECK_TEXT(comm_of(100), "cat");
	CHECK(!(thread(&world, 100)->flags & SK_CLONE_CLOSED));
	CHECK(!thread(&world, 101));
	CHECK_EQUAL(parent_of(300), 100);
	CHECK_EQUAL(sk_thread_count(thread(&world, 100)), 1);
	CHECK(fd(&world, 100, 0));
	/* It lives and ends as any other. */
	open_event(&world, 100, 3, -100, "file", 1);
	feed(&world);
	CHECK_TEXT(fd(&world, 100, 3)->name->bytes, "/home/file");
	exits(100);
	CHECK(!thread(&world, 100));
	end();
}

/* fork, setsid, fork, exit: the second child belongs to init, in a session of its own. */
TEST(a_daemon_leaves_its_session_and_its_parent)
{
	start();
	clones(SK_EVENT_SYSCALL_CLONE_20_X, 100, 200, 100, 1, 0);
	clones(SK_EVENT_SYSCALL_CLONE_20_X, 200, 0, 200, 100, 0);
	CHECK_EQUAL(thread(&world, 200)->sid, 100);
	event(&world, SK_EVENT_SYSCALL_SETSID_X, 200);
	number(&world, 0, 200);
	feed(&world);
	clones(SK_EVENT_SYSCALL_CLONE_20_X, 200, 201, 200, 100, 0);
	clones(SK_EVENT_SYSCALL_CLONE_20_X, 201, 0, 201, 200, 0);
	CHECK_EQUAL(thread(&world, 201)->sid, 200);
	event(&world, SK_EVENT_PROCEXIT_1_E, 200);
	number(&world, 0, 0);
	number(&world, 4, 1);
	feed(&world);
	settle(&world);
	CHECK_EQUAL(parent_of(201), 1);
	CHECK_EQUAL(thread(&world, 201)->sid, 200);
	CHECK(!thread(&world, 200));
	end();
}

/* systemd --user and its like: what their descendants leave behind comes to them, not to init. */
TEST(a_subreaper_gets_the_orphans_below_it)
{
	start();
	clones(SK_EVENT_SYSCALL_CLONE_20_X, 100, 200, 100, 1, 0);
	event(&world, SK_EVENT_SYSCALL_PRCTL_X, 200);
	number(&world, 0, 0);
	number(&world, 1, 0x24);
	number(&world, 3, 1);
	feed(&world);
	clones(SK_EVENT_SYSCALL_CLONE_20_X, 200, 201, 200, 100, 0);
	clones(SK_EVENT_SYSCALL_CLONE_20_X, 201, 202, 201, 200, 0);
	exits(201);
	CHECK_EQUAL(parent_of(202), 200);
	/* It says no: then they go past it, up to init. */
	event(&world, SK_EVENT_SYSCALL_PRCTL_X, 200);
	number(&world, 0, 0);
	number(&world, 1, 0x24);
	number(&world, 3, 0);
	feed(&world);
	clones(SK_EVENT_SYSCALL_CLONE_20_X, 202, 203, 202, 200, 0);
	clones(SK_EVENT_SYSCALL_CLONE_20_X, 203, 204, 203, 202, 0);
	exits(203);
	CHECK_EQUAL(parent_of(204), 1);
	end();
}

/* The exit of the first was lost; its number comes again. */
TEST(a_number_that_is_used_again_is_another_process)
{
	start();
	clones(SK_EVENT_SYSCALL_CLONE_20_X, 100, 200, 100, 1, 0);
	execs(200, "old");
	open_event(&world, 200, 9, -100, "old-file", 1);
	feed(&world);
	clones(SK_EVENT_SYSCALL_CLONE_20_X, 200, 201, 200, 100, 0);
	world.now += UINT64_C(5) * SECOND;
	clones(SK_EVENT_SYSCALL_CLONE_20_X, 100, 200, 100, 1, 0);
	CHECK_TEXT(comm_of(200), "shell");
	CHECK(!fd(&world, 200, 9));
	/* Children of the first are not the second's. */
	CHECK(parent_of(201) != 200);
	execs(200, "new");
	CHECK_TEXT(comm_of(200), "new");
	end();
}

/* A number of a thread that becomes that of a process, and the other way round. */
TEST(threads_and_processes_take_each_others_numbers)
{
	start();
	exits(101);
	CHECK(!thread(&world, 101));
	world.now += UINT64_C(5) * SECOND;
	clones(SK_EVENT_SYSCALL_CLONE_20_X, 1, 101, 1, 0, 0);
	CHECK_EQUAL(thread(&world, 101)->pid, 101);
	CHECK_EQUAL(parent_of(101), 1);
	CHECK(!fd(&world, 101, 0));
	exits(101);
	world.now += UINT64_C(5) * SECOND;
	clones(SK_EVENT_SYSCALL_CLONE_20_X, 101, 0, 100, 1, SK_CLONE_THREAD | SK_CLONE_FILES | SK_CLONE_VM);
	CHECK_EQUAL(thread(&world, 101)->pid, 100);
	CHECK(fd(&world, 101, 0));
	end();
}

/* CLONE_FILES without CLONE_THREAD: the reference gives the child a copy, and so do we. */
TEST(processes_that_share_their_fds_have_copies)
{
	start();
	clones(SK_EVENT_SYSCALL_CLONE_20_X, 100, 200, 100, 1, SK_CLONE_FILES);
	CHECK(fd(&world, 200, 0));
	open_event(&world, 200, 5, -100, "mine", 1);
	feed(&world);
	CHECK(fd(&world, 200, 5));
	CHECK(!fd(&world, 100, 5));
	end();
}

/* What a child got from its parent is closed by the child's exec, not by the parent's. */
TEST(close_on_exec_is_the_matter_of_whoever_execs)
{
	start();
	open_event(&world, 100, 5, -100, "secret", 1 | 0x1000);
	feed(&world);
	open_event(&world, 100, 6, -100, "open", 1);
	feed(&world);
	event(&world, SK_EVENT_SYSCALL_DUP_1_X, 100);
	number(&world, 0, 7);
	number(&world, 1, 5);
	feed(&world);
	clones(SK_EVENT_SYSCALL_CLONE_20_X, 100, 200, 100, 1, 0);
	CHECK(fd(&world, 200, 5) && fd(&world, 200, 6) && fd(&world, 200, 7));
	execs(200, "ls");
	CHECK(!fd(&world, 200, 5));
	CHECK(fd(&world, 200, 6) && fd(&world, 200, 7));
	CHECK_TEXT(fd(&world, 200, 7)->name->bytes, "/home/secret");
	CHECK(fd(&world, 100, 5));
	end();
}

/* /proc says it of every kind of fd. */
TEST(fds_that_were_there_before_are_closed_by_an_exec_too)
{
	const struct sk_fd_entry pipe = {
		.fd = 5, .type = SK_FD_FIFO, .open_flags = 0x1000 | 1, .name = BYTES("pipe:[1]")};
	const struct sk_fd_entry poll = {.fd = 6, .type = SK_FD_EVENTPOLL, .name = BYTES("anon_inode:[eventpoll]")};
	const struct sk_fd_entry file = {
		.fd = 7, .type = SK_FD_FILE_V2, .open_flags = 0x1000 | 1, .name = BYTES("/f")};

	start();
	world.sink.fd(world.sink.context, 100, &pipe);
	world.sink.fd(world.sink.context, 100, &poll);
	world.sink.fd(world.sink.context, 100, &file);
	CHECK_EQUAL(fd(&world, 100, 5)->open_flags, 0x1000);
	CHECK_EQUAL(fd(&world, 100, 7)->open_flags, 0x1001);
	execs(100, "cat");
	CHECK(!fd(&world, 100, 5));
	CHECK(fd(&world, 100, 6));
	CHECK(!fd(&world, 100, 7));
	end();
}

/* A container: its first process has other numbers inside, a root of its own, and ends it. */
TEST(a_process_in_a_pid_namespace_has_two_numbers)
{
	start();
	clones(SK_EVENT_SYSCALL_CLONE_20_X, 100, 200, 100, 1, SK_CLONE_NEWPID);
	CHECK(!thread(&world, 200));
	clone_event(&world, 200, 0, 200, 100, SK_CLONE_NEWPID | SK_CLONE_CHILD_IN_PIDNS);
	number(&world, 18, 1);
	number(&world, 19, 1);
	feed(&world);
	CHECK_EQUAL(thread(&world, 200)->vpid, 1);
	CHECK(sk_thread_in_pid_namespace(thread(&world, 200)));
	event(&world, SK_EVENT_SYSCALL_CHROOT_X, 200);
	number(&world, 0, 0);
	text(&world, 1, "/srv/root");
	feed(&world);
	/* Inside, its child is number 7; the caller's event must not make a thread 7. */
	clone_event(&world, 200, 7, 200, 100, 0);
	number(&world, 18, 1);
	number(&world, 19, 1);
	feed(&world);
	CHECK(!thread(&world, 7));
	clone_event(&world, 207, 0, 207, 200, SK_CLONE_CHILD_IN_PIDNS);
	number(&world, 18, 7);
	number(&world, 19, 7);
	feed(&world);
	CHECK_EQUAL(thread(&world, 207)->vpid, 7);
	CHECK_EQUAL(parent_of(207), 200);
	CHECK_TEXT(thread(&world, 207)->root->bytes, "/srv/root");
	/* Orphans in a namespace go to its init, which is a reaper by its number. */
	clone_event(&world, 208, 0, 208, 207, SK_CLONE_CHILD_IN_PIDNS);
	number(&world, 18, 8);
	number(&world, 19, 8);
	feed(&world);
	exits(207);
	CHECK_EQUAL(parent_of(208), 200);
	end();
}

/* Ends of calls other than those that make a process. */
static bool is_call_of_a_process(uint16_t type)
{
	return sk_events[type].direction == SK_DIRECTION_EXIT && (sk_events[type].category & SK_CATEGORY_SYSCALL) &&
	       type != SK_EVENT_SYSCALL_CLONE_20_X && type != SK_EVENT_SYSCALL_FORK_20_X &&
	       type != SK_EVENT_SYSCALL_VFORK_20_X && type != SK_EVENT_SYSCALL_CLONE3_X;
}

static void some_event(struct random *random, uint16_t type, int64_t tid, int64_t result)
{
	static const char *const texts[] = {"/etc", "x", "", "one|two|"};

	event(&world, type, tid);
	for (unsigned i = 0; i < world.nparams; i++) {
		if (sk_param_fixed_size(sk_events[type].params[i].type))
			number(&world, i, (int64_t)random_below(random, 300) - 3);
		else if (one_in(random, 2))
			strings(&world, i, texts[random_below(random, 4)]);
	}
	if (world.nparams && sk_param_fixed_size(sk_events[type].params[0].type))
		number(&world, 0, result);
	feed(&world);
}

static uint32_t revisions(void)
{
	const struct sk_thread *thread;
	uint32_t cursor = 0, sum = sk_state_lineage_epoch(world.state);

	while ((thread = sk_thread_table_next(sk_state_threads(world.state), &cursor)))
		sum += thread->revision;
	return sum;
}

/* What the kernel holds back of a thread rests on it (runtime/capture/process_class.h). */
TEST(threads_change_with_calls_that_are_said_to_change_them_and_that_did_not_fail)
{
	struct random random = {1};
	unsigned changed = 0, unsaid = 0;

	start();
	clones(SK_EVENT_SYSCALL_CLONE_20_X, 101, 0, 100, 1,
	       SK_CLONE_THREAD | SK_CLONE_VM | SK_CLONE_FILES | SK_CLONE_FS);
	clones(SK_EVENT_SYSCALL_FORK_20_X, 200, 0, 200, 100, 0);
	settle(&world);
	for (unsigned i = 0; i < 200; i++) {
		for (uint16_t type = 0; type < SK_EVENT_COUNT; type++) {
			const bool fails = one_in(&random, 2);
			const uint32_t before = revisions();

			if (!is_call_of_a_process(type) || (fails && !sk_state_changes_threads(type) && i > 20))
				continue;
			/* Nobody is made to execute: that would be another test's. */
			if (!fails && (type == SK_EVENT_SYSCALL_EXECVE_19_X || type == SK_EVENT_SYSCALL_EXECVEAT_X))
				continue;
			some_event(&random, type, one_in(&random, 2) ? 101 : 200, fails ? -2 : 0);
			if (revisions() == before)
				continue;
			changed++;
			if (fails || !sk_state_changes_threads(type)) {
				printf("# %s, result %d\n", sk_events[type].name, fails ? -2 : 0);
				unsaid++;
			}
		}
	}
	CHECK(changed > 100);
	CHECK_EQUAL(unsaid, 0);
	end();
}

TEST_MAIN(
	RUN(every_call_that_makes_a_process_makes_the_same_one) RUN(
		a_child_of_vfork_is_what_it_became_before_its_parent_goes_on)
		RUN(an_exec_by_a_secondary_thread_goes_on_as_the_process) RUN(
			a_daemon_leaves_its_session_and_its_parent) RUN(a_subreaper_gets_the_orphans_below_it)
			RUN(a_number_that_is_used_again_is_another_process) RUN(
				threads_and_processes_take_each_others_numbers)
				RUN(processes_that_share_their_fds_have_copies) RUN(
					close_on_exec_is_the_matter_of_whoever_execs)
					RUN(a_process_in_a_pid_namespace_has_two_numbers) RUN(
						fds_that_were_there_before_are_closed_by_an_exec_too)
						RUN(threads_change_with_calls_that_are_said_to_change_them_and_that_did_not_fail))
