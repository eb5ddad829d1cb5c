/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What alerts say they rest on (docs/evidence.md).  Every case is looked at
 * with rows and without: both must say the same.
 */
#include "runtime/evidence.h"

#include "runtime/fields/doubt.h"
#include "tests/unit/sensor/sensor_pair.h"
#include "vm/support/alloc.h"

static struct pair pair;
static char told[4096];

static void open_rule(const char *condition, const char *output, const struct sk_state_source *sources)
{
	char text[512];

	snprintf(text, sizeof(text), "%s =%%saker.evidence", output);
	pair_open_printing(&pair, (const char *const[]){condition, NULL}, sources, NULL, text);
	populate(&pair.world);
}

static const char *tell(struct sk_sensor *sensor, uint32_t rule)
{
	struct sk_buffer line = {0};
	const char *begin;

	sk_sensor_format(sensor, rule, &line);
	begin = line.bytes ? strrchr(line.bytes, '=') : NULL;
	snprintf(told, sizeof(told), "%.*s", begin ? (int)strcspn(begin + 1, "\n") : 0, begin ? begin + 1 : "");
	sk_buffer_release(&line);
	return told;
}

/* The evidence of the alert for the event that was built; "-" without one. */
static const char *evidence(void)
{
	char rows[sizeof(told)];

	CHECK(pair_feed(&pair));
	if (!pair.count)
		return "-";
	strcpy(rows, tell(pair.rows, pair.matched[0]));
	CHECK_TEXT(tell(pair.linear, pair.matched[0]), rows);
	return told;
}

#define CHECK_EVIDENCE(expected) CHECK_TEXT(evidence(), expected)

/* A call of that thread that changes nothing, on an fd that nobody has. */
static void call(int64_t tid)
{
	event(&pair.world, SK_EVENT_SYSCALL_CLOSE_X, tid);
	number(&pair.world, 0, -9);
	number(&pair.world, 1, 77);
}

static void read_fd(int64_t tid, int64_t fd)
{
	event(&pair.world, SK_EVENT_SYSCALL_READ_X, tid);
	number(&pair.world, 0, 10);
	number(&pair.world, 2, fd);
}

static void happens(void)
{
	CHECK(pair_feed(&pair));
}

/* A loss that is over, far enough back that no alert names it as its window. */
static void lose(enum sk_event_class class, uint64_t count)
{
	call(1);
	lost_before(&pair.world, class, count, 1000);
	happens();
	pair.world.now += 10 * (uint64_t)SECOND;
}

/* --- windows ------------------------------------------------------------ */

TEST(an_alert_without_any_loss_is_complete)
{
	open_rule("proc.name = shell and fd.num = 77", "%proc.cmdline %proc.pname %user.uid", NULL);
	call(100);
	CHECK_EVIDENCE("complete");
	pair_close(&pair);
}

TEST(alerts_behind_a_loss_name_it_for_a_while)
{
	open_rule("fd.num = 77", "x", NULL);
	call(100);
	CHECK_EVIDENCE("complete");
	call(100);
	lost_before(&pair.world, SK_EVENT_CLASS_OPEN, 312, 800000000);
	CHECK_EVIDENCE("lost: 312 open events 0.8 s before");
	call(101);
	lost_before(&pair.world, SK_EVENT_CLASS_CLOSE, 3, 0);
	CHECK_EVIDENCE("lost: 312 open, 3 close events at the same time");
	pair.world.now += 4 * (uint64_t)SECOND;
	call(100);
	CHECK_EVIDENCE("lost: 312 open, 3 close events 4.0 s before");
	pair.world.now += 1 * (uint64_t)SECOND;
	call(100);
	CHECK_EVIDENCE("complete");
	pair_close(&pair);
}

TEST(a_loss_of_nobody_knows_what_is_one)
{
	open_rule("proc.name = shell", "x", NULL);
	call(100);
	lost_before(&pair.world, SK_EVENT_CLASS_OTHER, 0, 1000);
	CHECK_EVIDENCE("lost: events 0.0 s before; doubtful: proc.name (events lost since)");
	pair_close(&pair);
}

/* --- processes ---------------------------------------------------------- */

TEST(a_process_is_in_doubt_until_its_next_exec)
{
	open_rule("proc.name in (shell, cat)", "x", NULL);
	lose(SK_EVENT_CLASS_PROCESS, 2);
	call(100);
	CHECK_EVIDENCE("doubtful: proc.name (2 process events lost since)");
	lose(SK_EVENT_CLASS_OPEN, 9);
	call(100);
	CHECK_EVIDENCE("doubtful: proc.name (2 process events lost since)");
	exec_event(&pair.world, 100, "/bin/cat", "cat");
	CHECK_EVIDENCE("complete");
	call(100);
	CHECK_EVIDENCE("complete");
	lose(SK_EVENT_CLASS_PROCESS, 5);
	call(100);
	CHECK_EVIDENCE("doubtful: proc.name (5 process events lost since)");
	pair_close(&pair);
}

TEST(a_failed_exec_puts_nothing_out_of_doubt)
{
	open_rule("proc.name = shell", "x", NULL);
	lose(SK_EVENT_CLASS_PROCESS, 2);
	exec_event(&pair.world, 100, "/bin/cat", "cat");
	number(&pair.world, 0, -2);
	CHECK_EVIDENCE("doubtful: proc.name (2 process events lost since)");
	pair_close(&pair);
}

TEST(what_comes_from_the_creator_is_as_doubtful_as_there)
{
	open_rule("proc.name = shell and evt.type != clone", "%proc.exepath %proc.cwd %user.uid %proc.pname", NULL);
	lose(SK_EVENT_CLASS_PROCESS, 1);
	clone_event(&pair.world, 200, 0, 200, 100, 0);
	happens();
	call(200);
	CHECK_EVIDENCE("doubtful: proc.exepath, proc.cwd, proc.pname (1 process event lost since)");
	exec_event(&pair.world, 200, "/bin/shell", "shell");
	CHECK_EVIDENCE("doubtful: proc.cwd, proc.pname (1 process event lost since)");
	pair_close(&pair);
}

TEST(an_event_from_before_the_end_of_a_loss_settles_nothing)
{
	open_rule("proc.name = cat", "x", NULL);
	exec_event(&pair.world, 100, "/bin/cat", "cat");
	/* Its last one was a second after this event. */
	lost_before(&pair.world, SK_EVENT_CLASS_PROCESS, 1, -(int64_t)SECOND);
	/* What it says itself is so; whether it still is at the next event is another matter. */
	CHECK_EVIDENCE("lost: 1 process event at the same time");
	pair.world.now += 10 * (uint64_t)SECOND;
	call(100);
	CHECK_EVIDENCE("doubtful: proc.name (1 process event lost since)");
	exec_event(&pair.world, 100, "/bin/cat", "cat");
	CHECK_EVIDENCE("complete");
	pair_close(&pair);
}

TEST(credentials_hang_on_two_classes)
{
	open_rule("proc.name = shell and user.uid = 1000", "%proc.sid %thread.cap_effective", NULL);
	lose(SK_EVENT_CLASS_CREDENTIAL, 4);
	call(100);
	CHECK_EVIDENCE("doubtful: user.uid, proc.sid, thread.cap_effective (4 credential events lost since)");
	event(&pair.world, SK_EVENT_SYSCALL_SETSID_X, 100);
	number(&pair.world, 0, 100);
	CHECK_EVIDENCE("doubtful: user.uid, thread.cap_effective (4 credential events lost since)");
	pair_close(&pair);
}

TEST(a_process_that_was_never_seen_is_unknown)
{
	open_rule("evt.type in (close, execve) and not proc.name = nobody", "%proc.cmdline %proc.cwd %user.uid",
		  NULL);
	call(500);
	CHECK_EVIDENCE("unknown: proc.name, proc.cmdline, proc.cwd, user.uid (never seen)");
	exec_event(&pair.world, 500, "/bin/cat", "cat");
	number(&pair.world, 26, 0);
	number(&pair.world, 29, 0);
	CHECK_EVIDENCE("unknown: proc.cwd (never seen)");
	event(&pair.world, SK_EVENT_SYSCALL_CHDIR_X, 500);
	number(&pair.world, 0, 0);
	text(&pair.world, 1, "/tmp");
	happens();
	call(500);
	CHECK_EVIDENCE("complete");
	pair_close(&pair);
}

TEST(a_parent_that_was_never_seen_is_unknown)
{
	open_rule("evt.type = close and not proc.pname = x", "%proc.aname[2] %proc.aname[9]", NULL);
	call(100);
	/* shell, init, nobody */
	CHECK_EVIDENCE("complete");
	clone_event(&pair.world, 300, 0, 300, 299, 0);
	happens();
	call(300);
	CHECK_EVIDENCE("unknown: proc.pname, proc.aname[2], proc.aname[9] (parent never seen)");
	pair_close(&pair);
}

TEST(children_of_nobody_have_lost_their_parent)
{
	open_rule("proc.name = shell and not proc.pname = x", "x", NULL);
	call(100);
	CHECK_EVIDENCE("complete");
	exit_event(&pair.world, 1);
	happens();
	call(100);
	CHECK_EVIDENCE("unknown: proc.pname (parent never seen)");
	pair_close(&pair);
}

/* --- fds ---------------------------------------------------------------- */

TEST(an_fd_may_be_another_file_once_a_close_was_lost)
{
	open_rule("fd.name = /etc/passwd", "x", NULL);
	open_event(&pair.world, 100, 5, -100, "/etc/passwd", 1);
	CHECK_EVIDENCE("complete");
	lose(SK_EVENT_CLASS_OPEN, 7);
	read_fd(100, 5);
	/* Nobody opens another file as an fd that is open. */
	CHECK_EVIDENCE("complete");
	lose(SK_EVENT_CLASS_CLOSE, 7);
	read_fd(100, 5);
	CHECK_EVIDENCE("doubtful: fd.name (7 close events lost since)");
	open_event(&pair.world, 100, 5, -100, "/etc/passwd", 1);
	CHECK_EVIDENCE("complete");
	read_fd(100, 5);
	CHECK_EVIDENCE("complete");
	pair_close(&pair);
}

TEST(an_open_says_itself_what_it_opened)
{
	open_rule("fd.name = /etc/passwd", "x", NULL);
	open_event(&pair.world, 100, 5, -100, "/etc/passwd", 1);
	lost_before(&pair.world, SK_EVENT_CLASS_CLOSE, 4, 0);
	CHECK_EVIDENCE("lost: 4 close events at the same time");
	read_fd(100, 5);
	CHECK_EVIDENCE("lost: 4 close events 0.0 s before; doubtful: fd.name (4 close events lost since)");
	pair_close(&pair);
}

TEST(a_copy_of_an_fd_is_as_doubtful_as_that)
{
	open_rule("evt.type in (read, dup3) and fd.name = /etc/passwd", "x", NULL);
	open_event(&pair.world, 100, 5, -100, "/etc/passwd", 1);
	happens();
	lose(SK_EVENT_CLASS_CLOSE, 7);
	event(&pair.world, SK_EVENT_SYSCALL_DUP3_X, 100);
	number(&pair.world, 0, 6);
	number(&pair.world, 1, 5);
	number(&pair.world, 2, 6);
	CHECK_EVIDENCE("doubtful: fd.name (7 close events lost since)");
	read_fd(100, 6);
	CHECK_EVIDENCE("doubtful: fd.name (7 close events lost since)");
	pair_close(&pair);
}

TEST(an_fd_that_nobody_saw_open_is_unknown)
{
	open_rule("evt.type in (read, close) and not fd.name startswith /etc", "x", NULL);
	read_fd(100, 9);
	CHECK_EVIDENCE("unknown: fd.name (its opening was not seen)");
	call(100); /* no such fd */
	CHECK_EVIDENCE("complete");
	lose(SK_EVENT_CLASS_OPEN, 11);
	read_fd(100, 9);
	CHECK_EVIDENCE("unknown: fd.name (11 open events lost since)");
	pair_close(&pair);
}

TEST(a_full_table_of_fds_says_so)
{
	open_rule("evt.type = read and not fd.name startswith /etc", "x", NULL);
	for (int64_t fd = 3; fd < SK_FD_TABLE_LIMIT + 10; fd++) {
		open_event(&pair.world, 100, fd, -100, "/x", 1);
		happens();
	}
	read_fd(100, SK_FD_TABLE_LIMIT + 5);
	CHECK_EVIDENCE("unknown: fd.name (table of fds is full)");
	pair_close(&pair);
}

TEST(a_socket_hangs_on_more)
{
	open_rule("evt.type = close and fd.type = ipv4", "%proc.name", NULL);
	event(&pair.world, SK_EVENT_SOCKET_SOCKET_X, 100);
	number(&pair.world, 0, 5);
	number(&pair.world, 1, 2);
	number(&pair.world, 2, 1);
	happens();
	lose(SK_EVENT_CLASS_CONNECT, 2);
	event(&pair.world, SK_EVENT_SYSCALL_CLOSE_X, 100);
	number(&pair.world, 0, -4);
	number(&pair.world, 1, 5);
	CHECK_EVIDENCE("doubtful: fd.type (2 connect events lost since)");
	pair_close(&pair);
}

TEST(a_relative_path_is_as_doubtful_as_its_directory)
{
	open_rule("fd.name endswith x", "%evt.arg.name", NULL);
	open_event(&pair.world, 100, 5, -100, "x", 1);
	CHECK_EVIDENCE("complete");
	lose(SK_EVENT_CLASS_FILE, 3); /* chdir is one */
	open_event(&pair.world, 100, 5, -100, "x", 1);
	CHECK_EVIDENCE("doubtful: fd.name (relative to a directory in doubt), "
		       "evt.arg.name (3 file events lost since)");
	open_event(&pair.world, 100, 6, -100, "/x", 1);
	CHECK_EVIDENCE("complete");
	pair_close(&pair);
}

TEST(a_path_that_could_not_be_read_is_unknown)
{
	open_rule("evt.type = openat and not fd.name contains secret", "%evt.arg.name %fs.path.name", NULL);
	open_event(&pair.world, 100, 5, -100, "", 1);
	pair.world.param[2].length = 0;
	CHECK_EVIDENCE("unknown: fd.name, evt.arg.name, fs.path.name (not readable)");
	open_event(&pair.world, 100, -14, -100, "", 1);
	pair.world.param[2].length = 0;
	/* Nor could the kernel. */
	CHECK_EVIDENCE("complete");
	open_event(&pair.world, 100, -2, -100, "", 1);
	CHECK_EVIDENCE("complete");
	pair_close(&pair);
}

/* --- containers --------------------------------------------------------- */

static enum sk_metadata_status status_of_all;

static void need(void *context, const char *id, size_t length)
{
	(void)context, (void)id, (void)length;
}

static enum sk_metadata_status status(void *context, const char *id, size_t length)
{
	(void)context, (void)id;
	CHECK_EQUAL(length, SK_CONTAINER_ID_LENGTH);
	return status_of_all;
}

static int no_thread(void *context, int64_t tid, const struct sk_entry_sink *sink)
{
	(void)context, (void)tid, (void)sink;
	return -ESRCH;
}

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void enter_container(void)
{
	exec_event(&pair.world, 100, "/bin/cat", "cat");
	strings(&pair.world, 14, "cpuset=/docker/" ID "|");
}

TEST(metadata_that_has_not_come_is_pending)
{
	const struct sk_state_source source = {
		.lookup = no_thread, .need_container = need, .container_status = status};

	open_rule("container.id != host and not container.name = x", "%container.image.repository",
		  (const struct sk_state_source[]){source, source});
	status_of_all = SK_METADATA_AWAITED;
	enter_container();
	CHECK_EVIDENCE("unknown: container.name, container.image.repository (pending)");
	status_of_all = SK_METADATA_UNKNOWN;
	call(100);
	CHECK_EVIDENCE("unknown: container.name, container.image.repository (no runtime knows it)");
	event(&pair.world, SK_EVENT_ASYNCEVENT_E, -1);
	text(&pair.world, 1, "container");
	text(&pair.world, 2, "{\"container\":{\"id\":\"0123456789ab\",\"name\":\"web\",\"imagerepo\":\"nginx\"}}");
	happens();
	call(100);
	CHECK_EVIDENCE("complete");
	pair_close(&pair);
}

TEST(metadata_that_nobody_tells_is_not_told)
{
	const struct sk_state_source source = {.lookup = no_thread};

	open_rule("container.id != host", "%container.name", (const struct sk_state_source[]){source, source});
	enter_container();
	CHECK_EVIDENCE("unknown: container.name (not told)");
	pair_close(&pair);
}

TEST(a_capture_may_tell_it_later)
{
	open_rule("container.id != host", "%container.name %user.name", NULL);
	enter_container();
	number(&pair.world, 26, 33);
	number(&pair.world, 29, 33);
	CHECK_EVIDENCE("unknown: container.name (pending), user.name (users of the container not known)");
	pair_close(&pair);
}

/* --- what counts -------------------------------------------------------- */

TEST(only_what_was_compared_on_the_way_counts)
{
	open_rule("evt.type = close and (fd.num = 77 or proc.name = x) and (proc.cwd = /x or user.uid = 1000)",
		  "%evt.type", NULL);
	lose(SK_EVENT_CLASS_PROCESS, 1);
	call(100);
	CHECK_EVIDENCE("doubtful: proc.cwd, user.uid (1 process event lost since)");
	pair_close(&pair);
}

TEST(arguments_of_transformers_and_right_sides_count)
{
	open_rule("evt.type = close and toupper(proc.exepath) = /USR/BIN/THING and not proc.name = val(proc.exe)"
		  " or evt.type = close and proc.tty = 0",
		  "%basename(proc.cwd)", NULL);
	lose(SK_EVENT_CLASS_PROCESS, 1);
	call(100);
	CHECK_EVIDENCE("doubtful: proc.exepath, proc.name, proc.exe, proc.tty, proc.cwd "
		       "(1 process event lost since)");
	pair_close(&pair);
}

TEST(what_does_not_apply_is_not_unknown)
{
	open_rule("evt.type = chdir and not fd.name = x and not proc.aname[7] = y", "%evt.arg.fd %fs.path.name",
		  NULL);
	event(&pair.world, SK_EVENT_SYSCALL_CHDIR_X, 100);
	number(&pair.world, 0, -2);
	text(&pair.world, 1, "/nowhere");
	CHECK_EVIDENCE("complete");
	pair_close(&pair);
}

TEST(fields_that_count_their_readings_are_not_read_for_it)
{
	open_rule("evt.type = close and util.cnt > 0", "%util.cnt", NULL);
	for (int i = 1; i <= 3; i++) {
		char expected[64];
		struct sk_buffer line = {0};

		call(100);
		happens();
		CHECK_EQUAL(pair.count, 1);
		sk_sensor_format(pair.linear, 0, &line);
		snprintf(expected, sizeof(expected), " %d =complete\n", i);
		CHECK(line.bytes && strstr(line.bytes, expected));
		sk_buffer_release(&line);
	}
	pair_close(&pair);
}

TEST(the_text_is_bounded)
{
	char output[8192] = "";
	const char *more;

	for (int i = 0; i < 60; i++)
		snprintf(output + strlen(output), sizeof(output) - strlen(output), "%%proc.env[A_VARIABLE_%d] ", i);
	strcat(output, "=%saker.evidence");
	pair_open_printing(&pair, (const char *const[]){"evt.type = close", NULL}, NULL, NULL, output);
	populate(&pair.world);
	call(500);
	evidence();
	CHECK(strlen(told) > SK_EVIDENCE_LIMIT / 2);
	CHECK(strlen(told) <= SK_EVIDENCE_LIMIT);
	more = strstr(told, "(never seen), and ");
	CHECK(more != NULL);
	CHECK_TEXT(more ? more + strlen(more) - 5 : "", " more");
	pair_close(&pair);
}

TEST(every_field_that_rests_on_state_says_so)
{
	struct world *world = &pair.world;
	struct sk_value missing = sk_value_missing();
	struct sk_state_options options = {.own_pid = -1};

	world_open(world, &options);
	event(world, SK_EVENT_SYSCALL_READ_X, 500);
	number(world, 0, 10);
	number(world, 2, 5);
	feed(world);
	CHECK(world->view.thread && !world->view.fd);
	for (int field = 0; field < SK_FIELD_COUNT; field++) {
		const struct sk_field_ref ref = {
			.field = (uint16_t)field, .type = sk_fields[field].type, .list = sk_fields[field].list};
		const char *name = sk_fields[field].name;
		const struct sk_doubt doubt = sk_fields_doubt(&world->view, &ref, &missing);

		if (sk_fields[field].availability != SK_AVAILABILITY_READY || strcmp(name, "thread.tid") == 0)
			continue;
		if (sk_fields[field].scope == SK_SCOPE_EVENT && strncmp(name, "proc.", 5) != 0)
			continue;
		/* Measured between switches of threads: what is lost there is in no figure's sum. */
		if (strstr(name, "exectime") || strncmp(name, "thread.cpu", 10) == 0)
			continue;
		if (doubt.kind != SK_DOUBT_UNKNOWN)
			printf("# %s\n", name);
		CHECK_EQUAL(doubt.kind, SK_DOUBT_UNKNOWN);
	}
	world_close(world);
}

TEST(whoever_makes_fds_is_of_a_class_that_their_tables_hang_on)
{
	for (unsigned type = 0; type < SK_EVENT_COUNT; type++) {
		if (sk_events[type].flags & (SK_EVENT_FLAG_CREATES_FD | SK_EVENT_FLAG_DESTROYS_FD))
			CHECK(sk_stake_classes(SK_STAKE_FDS) >> sk_event_class((uint16_t)type) & 1);
	}
}

TEST(what_changes_knowledge_is_of_a_class_that_it_hangs_on)
{
	static const struct {
		uint16_t type;
		enum sk_stake stake;
	} changes[] = {
		{SK_EVENT_SYSCALL_CLONE_20_X, SK_STAKE_BIRTH},
		{SK_EVENT_SYSCALL_CLONE3_X, SK_STAKE_PARENT},
		{SK_EVENT_SYSCALL_FORK_20_X, SK_STAKE_NAME},
		{SK_EVENT_SYSCALL_VFORK_20_X, SK_STAKE_CGROUPS},
		{SK_EVENT_PROCEXIT_1_E, SK_STAKE_PARENT},
		{SK_EVENT_PROCEXIT_1_E, SK_STAKE_BIRTH},
		{SK_EVENT_SYSCALL_EXECVE_19_X, SK_STAKE_NAME},
		{SK_EVENT_SYSCALL_EXECVEAT_X, SK_STAKE_PROGRAM},
		{SK_EVENT_SYSCALL_EXECVE_19_X, SK_STAKE_IDS},
		{SK_EVENT_SYSCALL_EXECVE_19_X, SK_STAKE_PRIVILEGES},
		{SK_EVENT_SYSCALL_EXECVE_19_X, SK_STAKE_CGROUPS},
		{SK_EVENT_SYSCALL_EXECVE_19_X, SK_STAKE_ENVIRONMENT},
		{SK_EVENT_SYSCALL_EXECVE_19_X, SK_STAKE_FD_FILE},
		{SK_EVENT_SYSCALL_EXECVE_19_X, SK_STAKE_FD_SOCKET},
		{SK_EVENT_SYSCALL_SETUID_X, SK_STAKE_IDS},
		{SK_EVENT_SYSCALL_SETREUID_X, SK_STAKE_IDS},
		{SK_EVENT_SYSCALL_SETRESUID_X, SK_STAKE_IDS},
		{SK_EVENT_SYSCALL_SETGID_X, SK_STAKE_IDS},
		{SK_EVENT_SYSCALL_SETREGID_X, SK_STAKE_IDS},
		{SK_EVENT_SYSCALL_SETRESGID_X, SK_STAKE_IDS},
		{SK_EVENT_SYSCALL_CAPSET_X, SK_STAKE_PRIVILEGES},
		{SK_EVENT_SYSCALL_UNSHARE_X, SK_STAKE_PRIVILEGES},
		{SK_EVENT_SYSCALL_SETNS_X, SK_STAKE_PRIVILEGES},
		{SK_EVENT_SYSCALL_SETSID_X, SK_STAKE_SESSION},
		{SK_EVENT_SYSCALL_SETPGID_X, SK_STAKE_GROUPS},
		{SK_EVENT_SYSCALL_CHDIR_X, SK_STAKE_DIRECTORY},
		{SK_EVENT_SYSCALL_FCHDIR_X, SK_STAKE_DIRECTORY},
		{SK_EVENT_SYSCALL_PRLIMIT_X, SK_STAKE_LIMITS},
		{SK_EVENT_SYSCALL_SETRLIMIT_X, SK_STAKE_LIMITS},
		{SK_EVENT_SYSCALL_CLOSE_X, SK_STAKE_FD_FILE},
		{SK_EVENT_SYSCALL_CLOSE_RANGE_X, SK_STAKE_FD_FILE},
		{SK_EVENT_SYSCALL_DUP2_X, SK_STAKE_FD_FILE},
		{SK_EVENT_SYSCALL_DUP3_X, SK_STAKE_FD_SOCKET},
		{SK_EVENT_SOCKET_CONNECT_X, SK_STAKE_FD_SOCKET},
		{SK_EVENT_SOCKET_BIND_X, SK_STAKE_FD_SOCKET},
		{SK_EVENT_SOCKET_SENDTO_X, SK_STAKE_FD_SOCKET},
		{SK_EVENT_SOCKET_RECVFROM_X, SK_STAKE_FD_SOCKET},
		{SK_EVENT_SOCKET_RECVMSG_X, SK_STAKE_FDS},
		{SK_EVENT_SOCKET_SENDMSG_X, SK_STAKE_FD_SOCKET},
		{SK_EVENT_SOCKET_RECVMSG_X, SK_STAKE_FD_SOCKET},
	};

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const bool hangs = sk_stake_classes(changes[i].stake) >> sk_event_class(changes[i].type) & 1;

		if (!hangs)
			printf("# %s is of class %s\n", sk_events[changes[i].type].name,
			       sk_event_classes[sk_event_class(changes[i].type)].name);
		CHECK(hangs);
	}
}

TEST(nothing_is_allocated_for_it)
{
	size_t count;

	open_rule("proc.name = shell and not container.name = x", "%proc.pname %fd.name", NULL);
	lose(SK_EVENT_CLASS_PROCESS, 3);
	call(100);
	evidence();
	for (int i = 0; i < 10; i++) {
		struct sk_buffer line = {0};

		call(100);
		happens();
		sk_buffer_reserve(&line, 4096);
		count = sk_alloc_count();
		sk_sensor_format(pair.rows, 0, &line);
		CHECK_EQUAL(sk_alloc_count(), count);
		sk_buffer_release(&line);
	}
	pair_close(&pair);
}

TEST_MAIN(
	RUN(what_changes_knowledge_is_of_a_class_that_it_hangs_on) RUN(a_full_table_of_fds_says_so) RUN(
		a_capture_may_tell_it_later) RUN(an_alert_without_any_loss_is_complete) RUN(alerts_behind_a_loss_name_it_for_a_while)
		RUN(a_loss_of_nobody_knows_what_is_one) RUN(a_process_is_in_doubt_until_its_next_exec) RUN(
			a_failed_exec_puts_nothing_out_of_doubt) RUN(what_comes_from_the_creator_is_as_doubtful_as_there)
			RUN(an_event_from_before_the_end_of_a_loss_settles_nothing) RUN(credentials_hang_on_two_classes) RUN(
				a_process_that_was_never_seen_is_unknown) RUN(a_parent_that_was_never_seen_is_unknown)
				RUN(children_of_nobody_have_lost_their_parent) RUN(
					an_fd_may_be_another_file_once_a_close_was_lost) RUN(an_open_says_itself_what_it_opened)
					RUN(a_copy_of_an_fd_is_as_doubtful_as_that) RUN(
						an_fd_that_nobody_saw_open_is_unknown) RUN(a_socket_hangs_on_more)
						RUN(a_relative_path_is_as_doubtful_as_its_directory) RUN(
							a_path_that_could_not_be_read_is_unknown)
							RUN(metadata_that_has_not_come_is_pending) RUN(
								metadata_that_nobody_tells_is_not_told)
								RUN(only_what_was_compared_on_the_way_counts) RUN(
									arguments_of_transformers_and_right_sides_count)
									RUN(what_does_not_apply_is_not_unknown) RUN(
										fields_that_count_their_readings_are_not_read_for_it)
										RUN(the_text_is_bounded) RUN(
											every_field_that_rests_on_state_says_so)
											RUN(whoever_makes_fds_is_of_a_class_that_their_tables_hang_on)
												RUN(nothing_is_allocated_for_it))
