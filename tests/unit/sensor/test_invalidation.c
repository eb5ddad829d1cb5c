/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What invalidates what rows remember of a thread, fact by fact
 * (docs/architecture.md, "Rows").  Each case looks at a thread before and
 * after something happens: what is seen must change, with rows as without.
 */
#include "tests/unit/sensor/sensor_pair.h"
#include "vm/support/alloc.h"

static struct pair pair;

#define OPEN(...) pair_open(&pair, (const char *const[]){__VA_ARGS__, NULL})
#define SEE(tid) pair_see(&pair, tid)
enum { FIRST = 1, SECOND_ONE = 2, THIRD = 4 };

static void happens(void)
{
	CHECK(pair_feed(&pair));
}

/* 200, a child of the shell (100). */
static void fork_child(int64_t tid)
{
	clone_event(&pair.world, tid, 0, tid, 100, 0);
	happens();
}

static void exec_as(int64_t tid, const char *comm)
{
	exec_event(&pair.world, tid, "/usr/bin/thing", comm);
	happens();
}

/* A second look at a thread comes from what the first one left. */
#define CHECK_CHANGE(tid, before, happening, after)                                                                \
	do {                                                                                                       \
		CHECK_EQUAL(SEE(tid), before);                                                                     \
		CHECK_EQUAL(SEE(tid), before);                                                                     \
		happening;                                                                                         \
		CHECK_EQUAL(SEE(tid), after);                                                                      \
		CHECK_EQUAL(SEE(tid), after);                                                                      \
	} while (0)

/* --- the thread itself ------------------------------------------------- */

TEST(an_exec_changes_its_process)
{
	OPEN("proc.name = shell", "proc.name = cat", "proc.cmdline contains -v and proc.exepath = /bin/cat");
	populate(&pair.world);
	CHECK_EQUAL(SEE(100), FIRST);
	exec_event(&pair.world, 100, "/bin/cat", "cat");
	strings(&pair.world, 2, "-v|");
	happens();
	CHECK_EQUAL(SEE(100), SECOND_ONE | THIRD);
	pair_close(&pair);
}

TEST(an_exec_of_the_same_program_changes_what_else_it_says)
{
	OPEN("user.uid = 1000", "user.uid = 0", "proc.pgid = 42");
	populate(&pair.world);
	/* The first one sets all that an exec sets, the second but the ids. */
	exec_as(100, "same");
	CHECK_EQUAL(SEE(100), FIRST);
	exec_event(&pair.world, 100, "/usr/bin/thing", "same");
	number(&pair.world, 26, 0);
	number(&pair.world, 28, 42);
	happens();
	CHECK_EQUAL(SEE(100), SECOND_ONE | THIRD);
	pair_close(&pair);
}

TEST(a_failed_exec_changes_nothing)
{
	OPEN("proc.name = shell", "proc.name = cat");
	populate(&pair.world);
	CHECK_EQUAL(SEE(100), FIRST);
	exec_event(&pair.world, 100, "/bin/cat", "cat");
	number(&pair.world, 0, -2);
	happens();
	CHECK_EQUAL(SEE(100), FIRST);
	pair_close(&pair);
}

TEST(ids_change_one_by_one)
{
	OPEN("user.uid = 1000", "user.uid = 0", "group.gid = 0");
	populate(&pair.world);
	CHECK_EQUAL(SEE(100), FIRST);
	event(&pair.world, SK_EVENT_SYSCALL_SETUID_X, 100);
	number(&pair.world, 0, 0);
	number(&pair.world, 1, 0);
	happens();
	CHECK_EQUAL(SEE(100), SECOND_ONE);
	event(&pair.world, SK_EVENT_SYSCALL_SETRESGID_X, 100);
	number(&pair.world, 0, 0);
	number(&pair.world, 2, 0);
	happens();
	CHECK_EQUAL(SEE(100), SECOND_ONE | THIRD);
	pair_close(&pair);
}

TEST(capabilities_change_with_capset_and_a_user_namespace)
{
	OPEN("thread.cap_effective = \"\"", "thread.cap_effective = CAP_CHOWN",
	     "thread.cap_effective contains CAP_SYS_ADMIN");
	populate(&pair.world);
	CHECK_EQUAL(SEE(100), FIRST);
	event(&pair.world, SK_EVENT_SYSCALL_CAPSET_X, 100);
	number(&pair.world, 0, 0);
	number(&pair.world, 3, 1);
	happens();
	CHECK_EQUAL(SEE(100), SECOND_ONE);
	event(&pair.world, SK_EVENT_SYSCALL_UNSHARE_X, 100);
	number(&pair.world, 0, 0);
	number(&pair.world, 1, SK_CLONE_NEWUSER);
	happens();
	CHECK_EQUAL(SEE(100), THIRD);
	pair_close(&pair);
}

TEST(a_session_changes_with_setsid)
{
	OPEN("proc.sid = 100", "proc.sid = 42");
	populate(&pair.world);
	CHECK_EQUAL(SEE(100), FIRST);
	event(&pair.world, SK_EVENT_SYSCALL_SETSID_X, 100);
	number(&pair.world, 0, 42);
	happens();
	CHECK_EQUAL(SEE(100), SECOND_ONE);
	pair_close(&pair);
}

/* --- the process, seen from its threads -------------------------------- */

static void chdir_by(int64_t tid)
{
	event(&pair.world, SK_EVENT_SYSCALL_CHDIR_X, tid);
	number(&pair.world, 0, 0);
	text(&pair.world, 1, "/tmp");
	happens();
}

TEST(a_directory_changes_for_all_threads_of_a_process)
{
	OPEN("proc.cwd = /home/", "proc.cwd = /tmp/");
	populate(&pair.world);
	CHECK_EQUAL(SEE(101), FIRST);
	CHECK_CHANGE(100, FIRST, chdir_by(101), SECOND_ONE);
	CHECK_EQUAL(SEE(101), SECOND_ONE);
	pair_close(&pair);
}

TEST(a_limit_changes_for_all_threads_of_a_process_by_whomever_it_is_set)
{
	OPEN("proc.fdlimit = 5000");
	populate(&pair.world);
	fork_child(200);
	CHECK_EQUAL(SEE(100) | SEE(101), 0);
	event(&pair.world, SK_EVENT_SYSCALL_PRLIMIT_X, 200);
	number(&pair.world, 0, 0);
	number(&pair.world, 1, 5000);
	number(&pair.world, 5, 100);
	number(&pair.world, 6, 7);
	happens();
	CHECK_EQUAL(SEE(100), FIRST);
	CHECK_EQUAL(SEE(101), FIRST);
	CHECK_EQUAL(SEE(200), 0);
	pair_close(&pair);
}

TEST(a_main_thread_that_is_replaced_takes_directory_and_ancestors_along)
{
	OPEN("proc.cwd = /home/", "proc.cwd = ./", "proc.pname = init");
	populate(&pair.world);
	CHECK_EQUAL(SEE(101), FIRST | THIRD);
	/* Its exit was lost: the tid is a thread of another process now. */
	pair.world.now += (uint64_t)10 * SECOND;
	clone_event(&pair.world, 100, 0, 1, 0, SK_CLONE_THREAD);
	happens();
	CHECK_EQUAL(SEE(101), SECOND_ONE);
	pair_close(&pair);
}

TEST(a_main_thread_that_comes_late_brings_directory_and_ancestors)
{
	OPEN("proc.cwd = /home/", "proc.pname = init");
	existing(&pair.world, 1, 1, 0, "init");
	existing(&pair.world, 101, 100, 1, "shell");
	pair.world.sink.complete(pair.world.sink.context);
	CHECK_EQUAL(SEE(101), 0);
	existing(&pair.world, 100, 100, 1, "shell");
	pair.world.sink.complete(pair.world.sink.context);
	CHECK_EQUAL(SEE(101), FIRST | SECOND_ONE);
	pair_close(&pair);
}

/* --- ancestors --------------------------------------------------------- */

TEST(the_exec_of_a_parent_is_seen_by_its_children)
{
	OPEN("proc.pname = shell", "proc.pname = sudo", "proc.aname = sudo");
	populate(&pair.world);
	fork_child(200);
	clone_event(&pair.world, 300, 0, 300, 200, 0);
	happens();
	/* The parent has other threads, or none. */
	CHECK_CHANGE(200, FIRST, exec_as(100, "sudo"), SECOND_ONE | THIRD);
	exec_as(100, "bash");
	CHECK_CHANGE(300, FIRST, exec_as(200, "sudo"), SECOND_ONE | THIRD);
	pair_close(&pair);
}

TEST(the_exec_of_a_grandparent_is_seen_by_its_grandchildren)
{
	OPEN("proc.aname[2] = shell", "proc.aname[2] = sudo");
	populate(&pair.world);
	fork_child(200);
	clone_event(&pair.world, 300, 0, 300, 200, 0);
	happens();
	CHECK_CHANGE(300, FIRST, exec_as(100, "sudo"), SECOND_ONE);
	pair_close(&pair);
}

TEST(the_children_of_one_that_exits_belong_to_its_reaper)
{
	OPEN("proc.ppid = 200", "proc.ppid = 1", "proc.aname in (init) and not proc.aname in (shell)");
	populate(&pair.world);
	fork_child(200);
	clone_event(&pair.world, 300, 0, 300, 200, 0);
	happens();
	CHECK_EQUAL(SEE(300), FIRST);
	exit_event(&pair.world, 200);
	number(&pair.world, 4, 1);
	happens();
	CHECK_EQUAL(SEE(300), SECOND_ONE | THIRD);
	pair_close(&pair);
}

TEST(without_a_reaper_they_belong_to_nobody)
{
	OPEN("proc.pname = shell", "not proc.pname exists");
	existing(&pair.world, 100, 100, 0, "shell");
	existing(&pair.world, 200, 200, 100, "child");
	pair.world.sink.complete(pair.world.sink.context);
	CHECK_EQUAL(SEE(200), FIRST);
	exit_event(&pair.world, 100);
	happens();
	CHECK_EQUAL(SEE(200), SECOND_ONE);
	pair_close(&pair);
}

TEST(a_subreaper_takes_children_over)
{
	OPEN("proc.pname = child", "proc.pname = shell", "proc.pname = init");
	populate(&pair.world);
	fork_child(200);
	exec_as(200, "child");
	clone_event(&pair.world, 300, 0, 300, 200, 0);
	happens();
	CHECK_EQUAL(SEE(300), FIRST);
	event(&pair.world, SK_EVENT_SYSCALL_PRCTL_X, 100);
	number(&pair.world, 0, 0);
	number(&pair.world, 1, 0x24);
	number(&pair.world, 3, 1);
	happens();
	exit_event(&pair.world, 200);
	happens();
	CHECK_EQUAL(SEE(300), SECOND_ONE);
	pair_close(&pair);
}

TEST(a_parent_whose_tid_is_another_one_now_is_that_one)
{
	OPEN("proc.pname = shell", "proc.pname = other", "proc.pname = third");
	populate(&pair.world);
	fork_child(200);
	CHECK_EQUAL(SEE(200), FIRST);
	/* The shell's exit was lost, and its tid is taken. */
	pair.world.now += (uint64_t)10 * SECOND;
	existing(&pair.world, 100, 100, 1, "other");
	pair.world.sink.complete(pair.world.sink.context);
	CHECK_EQUAL(SEE(200), SECOND_ONE);
	/* It does not list the child among its own, and yet it is looked at. */
	exec_as(100, "third");
	CHECK_EQUAL(SEE(200), THIRD);
	pair_close(&pair);
}

TEST(a_parent_that_nobody_knew_shows_when_it_comes)
{
	const struct sk_process_entry orphan = {.tid = 200,
						.pid = -1,
						.ptid = 300,
						.vtid = 200,
						.vpid = 200,
						.comm = BYTES("child"),
						.flags = SK_CLONE_IS_MAIN_THREAD};

	OPEN("proc.pname exists", "proc.ppid.ts exists");
	populate(&pair.world);
	pair.world.sink.process(pair.world.sink.context, &orphan);
	pair.world.sink.complete(pair.world.sink.context);
	CHECK_EQUAL(SEE(200), 0);
	fork_child(300);
	CHECK_EQUAL(SEE(200), FIRST | SECOND_ONE);
	pair_close(&pair);
}

TEST(an_entry_has_its_parent_before_all_entries_are_in)
{
	OPEN("proc.pname = child", "proc.pname = sudo");
	populate(&pair.world);
	fork_child(200);
	exec_as(200, "child");
	existing(&pair.world, 300, 300, 200, "grandchild");
	CHECK_CHANGE(300, FIRST, exec_as(200, "sudo"), SECOND_ONE);
	pair.world.sink.complete(pair.world.sink.context);
	CHECK_CHANGE(300, SECOND_ONE, exec_as(200, "child"), FIRST);
	pair_close(&pair);
}

/* --- leaders ----------------------------------------------------------- */

TEST(a_session_leader_is_seen_by_those_who_do_not_descend_from_it)
{
	OPEN("proc.sname = shell", "proc.sname = login", "proc.sname = child");
	populate(&pair.world);
	existing(&pair.world, 300, 300, 1, "other");
	pair.world.sink.complete(pair.world.sink.context);
	fork_child(200);
	event(&pair.world, SK_EVENT_SYSCALL_SETSID_X, 300);
	number(&pair.world, 0, 100);
	happens();
	CHECK_CHANGE(300, FIRST, exec_as(100, "login"), SECOND_ONE);
	/* Another one; and one that comes only now. */
	event(&pair.world, SK_EVENT_SYSCALL_SETSID_X, 300);
	number(&pair.world, 0, 400);
	happens();
	CHECK_EQUAL(SEE(300), 0);
	clone_event(&pair.world, 400, 0, 400, 100, 0);
	text(&pair.world, 13, "child");
	happens();
	CHECK_EQUAL(SEE(300), THIRD);
	exit_event(&pair.world, 400);
	happens();
	CHECK_EQUAL(SEE(300), 0);
	pair_close(&pair);
}

/* --- coming and going -------------------------------------------------- */

TEST(a_child_is_looked_at_anew)
{
	OPEN("proc.pid = 100", "proc.pid = 200", "proc.pname = shell");
	populate(&pair.world);
	CHECK_EQUAL(SEE(100), FIRST);
	fork_child(200);
	CHECK_EQUAL(SEE(200), SECOND_ONE | THIRD);
	CHECK_EQUAL(SEE(100), FIRST);
	pair_close(&pair);
}

TEST(a_tid_that_is_used_again_is_another_thread)
{
	OPEN("proc.name = first", "proc.name = second");
	populate(&pair.world);
	for (int i = 0; i < 3; i++) {
		const char *name = i % 2 ? "second" : "first";

		fork_child(200);
		exec_as(200, name);
		CHECK_EQUAL(SEE(200), i % 2 ? SECOND_ONE : FIRST);
		exit_event(&pair.world, 200);
		happens();
	}
	pair_close(&pair);
}

TEST(an_exit_is_seen_with_its_process)
{
	OPEN("evt.type = procexit and proc.name = shell", "evt.type = close and proc.name = shell",
	     "evt.type = close and proc.name = \"<NA>\"");
	populate(&pair.world);
	CHECK_EQUAL(SEE(100), SECOND_ONE);
	exit_event(&pair.world, 101);
	happens();
	exit_event(&pair.world, 100);
	happens();
	CHECK_EQUAL(pair.count, 1);
	CHECK_EQUAL(SEE(100), THIRD);
	pair_close(&pair);
}

TEST(a_thread_that_was_not_known_is_completed_by_its_clone_and_by_its_exec)
{
	OPEN("proc.name = \"<NA>\"", "proc.name = shell", "proc.pname = init");
	populate(&pair.world);
	CHECK_EQUAL(SEE(200), FIRST);
	clone_event(&pair.world, 200, 999, 200, 1, 0);
	happens();
	CHECK_EQUAL(SEE(200), SECOND_ONE | THIRD);
	CHECK_EQUAL(SEE(300), FIRST);
	exec_event(&pair.world, 300, "/usr/bin/thing", "shell");
	number(&pair.world, 4, 300);
	number(&pair.world, 5, 1);
	happens();
	CHECK_EQUAL(SEE(300), SECOND_ONE | THIRD);
	pair_close(&pair);
}

TEST(a_second_capture_has_other_threads)
{
	OPEN("proc.name = shell", "proc.name = other");
	populate(&pair.world);
	CHECK_EQUAL(SEE(100), FIRST);
	pair.world.sink.restart(pair.world.sink.context);
	existing(&pair.world, 100, 100, 1, "other");
	pair.world.sink.complete(pair.world.sink.context);
	CHECK_EQUAL(SEE(100), SECOND_ONE);
	pair_close(&pair);
}

/* --- users and containers ---------------------------------------------- */

static void user_event(uint16_t type, uint32_t uid, const char *name, const char *container)
{
	event(&pair.world, type, -1);
	number(&pair.world, 0, uid);
	number(&pair.world, 1, uid);
	text(&pair.world, 2, name);
	text(&pair.world, 3, "/home");
	text(&pair.world, 4, "/bin/sh");
	text(&pair.world, 5, container);
	happens();
}

static void group_event(uint16_t type, uint32_t gid, const char *name)
{
	event(&pair.world, type, -1);
	number(&pair.world, 0, gid);
	text(&pair.world, 1, name);
	happens();
}

TEST(a_user_who_is_added_and_deleted_changes_the_names_of_threads)
{
	OPEN("user.name = alice", "user.loginname = alice", "group.name = staff");
	populate(&pair.world);
	CHECK_EQUAL(SEE(100), 0);
	user_event(SK_EVENT_USER_ADDED_E, 1000, "alice", "");
	CHECK_EQUAL(SEE(100), FIRST | SECOND_ONE);
	group_event(SK_EVENT_GROUP_ADDED_E, 1000, "staff");
	CHECK_EQUAL(SEE(100), FIRST | SECOND_ONE | THIRD);
	user_event(SK_EVENT_USER_DELETED_E, 1000, "alice", "");
	CHECK_EQUAL(SEE(100), THIRD);
	group_event(SK_EVENT_GROUP_DELETED_E, 1000, "staff");
	CHECK_EQUAL(SEE(100), 0);
	pair_close(&pair);
}

/* 200, in the container "one". */
static void fork_into_container(void)
{
	clone_event(&pair.world, 200, 0, 200, 100, 0);
	strings(&pair.world, 14, "cpuset=/lxc/one|");
	happens();
}

TEST(a_container_without_users_shows_those_of_the_host_until_its_own_come)
{
	OPEN("user.name = alice", "user.name = bob");
	populate(&pair.world);
	fork_into_container();
	CHECK_CHANGE(200, 0, user_event(SK_EVENT_USER_ADDED_E, 1000, "alice", ""), FIRST);
	user_event(SK_EVENT_USER_ADDED_E, 1000, "bob", "one");
	CHECK_EQUAL(SEE(200), SECOND_ONE);
	CHECK_EQUAL(SEE(100), FIRST);
	pair_close(&pair);
}

TEST(the_hosts_users_are_seen_in_containers_even_where_nobody_is_on_the_host)
{
	const struct sk_process_entry entry = {.tid = 200,
					       .pid = 200,
					       .ptid = 0,
					       .vtid = 200,
					       .vpid = 200,
					       .comm = BYTES("alone"),
					       .cgroups = BYTES("cpuset=/lxc/one\0"),
					       .uid = 1000};

	OPEN("user.name = alice", "user.name = \"<NA>\"");
	pair.world.sink.process(pair.world.sink.context, &entry);
	pair.world.sink.complete(pair.world.sink.context);
	CHECK_CHANGE(200, SECOND_ONE, user_event(SK_EVENT_USER_ADDED_E, 1000, "alice", ""), FIRST);
	CHECK_CHANGE(200, FIRST, user_event(SK_EVENT_USER_DELETED_E, 1000, "alice", ""), SECOND_ONE);
	pair_close(&pair);
}

TEST(root_among_a_containers_users_ends_the_hosts_names_there)
{
	OPEN("user.name = alice", "user.name = \"<NA>\"");
	populate(&pair.world);
	fork_into_container();
	user_event(SK_EVENT_USER_ADDED_E, 1000, "alice", "");
	CHECK_CHANGE(200, FIRST, user_event(SK_EVENT_USER_ADDED_E, 0, "root", "one"), SECOND_ONE);
	pair_close(&pair);
}

static void container_event(const char *what, const char *image)
{
	char json[256];

	snprintf(json, sizeof(json), "{\"container\":{\"id\":\"one\",\"image\":\"%s\",\"type\":1}}", image);
	event(&pair.world, SK_EVENT_ASYNCEVENT_E, -1);
	text(&pair.world, 1, what);
	text(&pair.world, 2, json);
	happens();
}

TEST(metadata_that_arrives_late_is_seen_by_the_threads_of_its_container)
{
	OPEN("evt.type = close and container.image = debian", "evt.type = close and container.image = alpine",
	     "evt.type = close and container.id = one");
	populate(&pair.world);
	fork_into_container();
	CHECK_CHANGE(200, THIRD, container_event("container", "debian"), FIRST | THIRD);
	CHECK_CHANGE(200, FIRST | THIRD, container_event("container", "alpine"), SECOND_ONE | THIRD);
	container_event("container_removed", "");
	CHECK_EQUAL(SEE(200), THIRD);
	CHECK_EQUAL(SEE(100), 0);
	pair_close(&pair);
}

/* So many that the table has no room for the one that is not heard of. */
static void other_containers(void)
{
	char json[64];

	for (int i = 0; i < 8192; i++) {
		snprintf(json, sizeof(json), "{\"container\":{\"id\":\"%012d\"}}", i);
		event(&pair.world, SK_EVENT_ASYNCEVENT_E, -1);
		text(&pair.world, 1, "container");
		text(&pair.world, 2, json);
		happens();
	}
}

TEST(metadata_that_finds_no_room_any_more_is_missed_by_the_threads_of_its_container)
{
	OPEN("evt.type = close and container.image = debian", "evt.type = close and container.id = one");
	populate(&pair.world);
	fork_into_container();
	container_event("container", "debian");
	CHECK_CHANGE(200, FIRST | SECOND_ONE, other_containers(), SECOND_ONE);
	pair_close(&pair);
}

TEST(an_event_about_a_container_shows_it_and_not_its_threads_own)
{
	OPEN("evt.type = container and container.image = debian", "evt.type = close and container.id = host");
	populate(&pair.world);
	CHECK_EQUAL(SEE(100), SECOND_ONE);
	event(&pair.world, SK_EVENT_ASYNCEVENT_E, 100);
	text(&pair.world, 1, "container");
	text(&pair.world, 2, "{\"container\":{\"id\":\"one\",\"image\":\"debian\",\"type\":1}}");
	happens();
	CHECK_EQUAL(pair.count, 1);
	CHECK_EQUAL(SEE(100), SECOND_ONE);
	pair_close(&pair);
}

/* What is seen of a thread in a container of this image, the first one in its world. */
static uint64_t see_in_new_world(const char *image)
{
	populate(&pair.world);
	fork_into_container();
	container_event("container", image);
	return SEE(200);
}

TEST(a_sensor_that_is_restarted_knows_nothing_of_the_world_before)
{
	struct sk_sensor_stats stats;
	uint64_t hits;

	OPEN("evt.type = close and container.image = debian", "evt.type = close and container.image = alpine",
	     "evt.type = close and evt.num < 4");
	CHECK_EQUAL(see_in_new_world("debian"), FIRST | THIRD);
	CHECK_EQUAL(SEE(100), 0);
	hits = sk_sensor_vm_stats(pair.rows).value_hits;
	CHECK_EQUAL(sk_sensor_restart(pair.rows), 0);
	CHECK_EQUAL(sk_sensor_restart(pair.linear), 0);
	stats = sk_sensor_stats(pair.rows);
	CHECK_EQUAL(stats.events, 0);
	CHECK_EQUAL(stats.state.threads, 0);
	CHECK_EQUAL(sk_sensor_vm_stats(pair.rows).value_hits, hits);
	CHECK_EQUAL(sk_sensor_vm_stats(pair.rows).flushes, 0);
	CHECK_EQUAL(see_in_new_world("alpine"), SECOND_ONE | THIRD);
	CHECK_EQUAL(SEE(100), 0);
	pair_close(&pair);
}

TEST(cgroups_that_change_with_an_exec_change_the_container)
{
	OPEN("container.id = host", "container.id = one");
	populate(&pair.world);
	CHECK_EQUAL(SEE(100), FIRST);
	exec_event(&pair.world, 100, "/usr/bin/thing", "shell");
	strings(&pair.world, 14, "cpuset=/lxc/one|");
	happens();
	CHECK_EQUAL(SEE(100), SECOND_ONE);
	pair_close(&pair);
}

/* --- files ------------------------------------------------------------- */

/* What is seen of an fd in a write to it. */
static uint64_t see_fd(int64_t fd)
{
	uint64_t holding = 0;

	event(&pair.world, SK_EVENT_SYSCALL_WRITE_X, 100);
	number(&pair.world, 0, 1);
	number(&pair.world, 2, fd);
	happens();
	for (uint32_t i = 0; i < pair.count; i++)
		holding |= UINT64_C(1) << pair.matched[i];
	return holding;
}

TEST(an_fd_that_is_another_file_now_is_seen_as_that)
{
	OPEN("evt.type = write and fd.name = /tmp/a", "evt.type = write and fd.name = /tmp/b",
	     "evt.type = write and fd.directory = /tmp");
	populate(&pair.world);
	open_event(&pair.world, 100, 5, -100, "/tmp/a", 1);
	happens();
	CHECK_EQUAL(see_fd(5), FIRST | THIRD);
	CHECK_EQUAL(see_fd(5), FIRST | THIRD);
	close_event(&pair.world, 100, 5);
	happens();
	CHECK_EQUAL(see_fd(5), 0);
	open_event(&pair.world, 100, 5, -100, "/tmp/b", 1);
	happens();
	CHECK_EQUAL(see_fd(5), SECOND_ONE | THIRD);
	pair_close(&pair);
}

TEST(a_directory_and_a_file_of_the_same_name_are_told_apart)
{
	OPEN("evt.type = write and fd.typechar = f", "evt.type = write and fd.typechar = d",
	     "evt.type = write and fd.directory = /tmp/a");
	populate(&pair.world);
	open_event(&pair.world, 100, 5, -100, "/tmp/a", 1);
	happens();
	CHECK_EQUAL(see_fd(5), FIRST);
	open_event(&pair.world, 100, 6, -100, "/tmp/a", 0x400);
	happens();
	CHECK_EQUAL(see_fd(6), SECOND_ONE | THIRD);
	CHECK_EQUAL(see_fd(5), FIRST);
	pair_close(&pair);
}

TEST(a_socket_in_place_of_a_file_is_no_file)
{
	OPEN("evt.type = write and fd.typechar = f", "evt.type = write and fd.typechar = 4",
	     "evt.type = write and fd.l4proto exists");
	populate(&pair.world);
	open_event(&pair.world, 100, 5, -100, "/tmp/a", 1);
	happens();
	CHECK_EQUAL(see_fd(5), FIRST | THIRD);
	event(&pair.world, SK_EVENT_SOCKET_SOCKET_X, 100);
	number(&pair.world, 0, 5);
	number(&pair.world, 1, 2);
	number(&pair.world, 2, 1);
	happens();
	CHECK_EQUAL(see_fd(5), SECOND_ONE | THIRD);
	pair_close(&pair);
}

/* --- the engine -------------------------------------------------------- */

TEST(a_steady_pair_asks_the_heap_for_nothing)
{
	uint64_t before = 0;

#ifdef SK_VM_CHECK
	SKIP("the checking build writes every value as text");
	return;
#endif
	OPEN("evt.type = write and fd.name startswith /tmp and proc.name = shell",
	     "evt.type in (openat, close) and proc.pname = init and user.name != root",
	     "evt.type = execve and proc.cmdline contains a and proc.aname in (shell, init)");
	populate(&pair.world);
	for (int round = 0; round < 60; round++) {
		char name[32];

		if (round == 20)
			before = sk_alloc_count();
		for (int64_t tid = 200; tid < 210; tid++) {
			fork_child(tid);
			exec_as(tid, tid % 2 ? "odd" : "even");
			snprintf(name, sizeof(name), "/tmp/%d-%d", round, (int)tid);
			open_event(&pair.world, 100, 5, -100, name, 1);
			happens();
			see_fd(5);
			SEE(tid);
			exit_event(&pair.world, tid);
			happens();
		}
		pair.world.now += (uint64_t)3 * SECOND;
	}
	CHECK_EQUAL(sk_alloc_count(), before);
	pair_close(&pair);
}

/* clang-format off */
TEST_MAIN(
	RUN(an_exec_changes_its_process)
	RUN(an_exec_of_the_same_program_changes_what_else_it_says)
	RUN(a_failed_exec_changes_nothing)
	RUN(ids_change_one_by_one)
	RUN(capabilities_change_with_capset_and_a_user_namespace)
	RUN(a_session_changes_with_setsid)
	RUN(a_directory_changes_for_all_threads_of_a_process)
	RUN(a_limit_changes_for_all_threads_of_a_process_by_whomever_it_is_set)
	RUN(a_main_thread_that_is_replaced_takes_directory_and_ancestors_along)
	RUN(a_main_thread_that_comes_late_brings_directory_and_ancestors)
	RUN(the_exec_of_a_parent_is_seen_by_its_children)
	RUN(the_exec_of_a_grandparent_is_seen_by_its_grandchildren)
	RUN(the_children_of_one_that_exits_belong_to_its_reaper)
	RUN(without_a_reaper_they_belong_to_nobody)
	RUN(a_subreaper_takes_children_over)
	RUN(a_parent_whose_tid_is_another_one_now_is_that_one)
	RUN(a_parent_that_nobody_knew_shows_when_it_comes)
	RUN(an_entry_has_its_parent_before_all_entries_are_in)
	RUN(a_session_leader_is_seen_by_those_who_do_not_descend_from_it)
	RUN(a_child_is_looked_at_anew)
	RUN(a_tid_that_is_used_again_is_another_thread)
	RUN(an_exit_is_seen_with_its_process)
	RUN(a_thread_that_was_not_known_is_completed_by_its_clone_and_by_its_exec)
	RUN(a_second_capture_has_other_threads)
	RUN(a_user_who_is_added_and_deleted_changes_the_names_of_threads)
	RUN(a_container_without_users_shows_those_of_the_host_until_its_own_come)
	RUN(the_hosts_users_are_seen_in_containers_even_where_nobody_is_on_the_host)
	RUN(root_among_a_containers_users_ends_the_hosts_names_there)
	RUN(metadata_that_arrives_late_is_seen_by_the_threads_of_its_container)
	RUN(metadata_that_finds_no_room_any_more_is_missed_by_the_threads_of_its_container)
	RUN(an_event_about_a_container_shows_it_and_not_its_threads_own)
	RUN(a_sensor_that_is_restarted_knows_nothing_of_the_world_before)
	RUN(cgroups_that_change_with_an_exec_change_the_container)
	RUN(an_fd_that_is_another_file_now_is_seen_as_that)
	RUN(a_directory_and_a_file_of_the_same_name_are_told_apart)
	RUN(a_socket_in_place_of_a_file_is_no_file)
	RUN(a_steady_pair_asks_the_heap_for_nothing)
)
/* clang-format on */
