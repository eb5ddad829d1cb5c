/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Live capture of processes: how they begin, what they run and how they end,
 * against what the child that did it knows.
 */
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "tests/live/look.h"

/* What the child found out, in memory that it shares with the test. */
static struct {
	uint64_t memfd_ino;
	int64_t grandchild, killed, thread;
} * facts;

/* --- what the child does ----------------------------------------------- */

static void *idle_thread(void *argument)
{
	facts->thread = (int64_t)syscall(SYS_gettid);
	return argument;
}

static void run_programs(void)
{
	/* On the stack: a failed exec shows what is in memory without faulting it in. */
	char name[] = "odd name", one[] = "one", two[] = "two words", first[] = "FIRST=1", second[] = "SECOND=2";
	char *arguments[] = {name, one, two, NULL}, *environment[] = {first, second, NULL};
	pthread_t thread;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		execve("/nonexistent/program", arguments, environment);
		execve("/bin/true", arguments, environment);
		_exit(1);
	}
	facts->grandchild = pid;
	waitpid(pid, NULL, 0);
	pid = fork();
	if (pid == 0) {
		raise(SIGKILL);
		_exit(1);
	}
	facts->killed = pid;
	waitpid(pid, NULL, 0);
	pthread_create(&thread, NULL, idle_thread, NULL);
	pthread_join(thread, NULL);
}

static void run_from_memory(void)
{
	char *arguments[] = {(char *)"ghost", NULL}, *environment[] = {NULL};
	int program = open("/bin/true", O_RDONLY), memory = memfd_create("ghost", 0);
	char buffer[4096];
	ssize_t length;
	struct stat status;
	pid_t pid;

	while ((length = read(program, buffer, sizeof(buffer))) > 0)
		if (write(memory, buffer, (size_t)length) != length)
			return;
	fstat(memory, &status);
	facts->memfd_ino = status.st_ino;
	pid = fork();
	if (pid == 0) {
		fexecve(memory, arguments, environment);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

static void do_everything(void)
{
	prctl(PR_SET_NAME, "disguise");
	run_programs();
	run_from_memory();
}

static bool captured(void)
{
	static const char *const none[] = {NULL};

	if (!facts)
		facts = mmap(NULL, sizeof(*facts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (facts == MAP_FAILED)
		abort();
	return capture_once(do_everything, none);
}

/* --- cases ------------------------------------------------------------- */

TEST(a_new_process_is_told_before_what_it_does)
{
	const struct sk_event *made, *making, *first = NULL;

	if (!captured())
		return;
	made = find_next(NULL, SK_EVENT_SYSCALL_CLONE_20_X, facts->grandchild);
	CHECK(made);
	if (!made)
		return;
	for (int i = 0; i < got.count && !first; i++)
		if (got.events[i].tid == facts->grandchild)
			first = &got.events[i];
	CHECK(first == made);
	CHECK_NUMBER(made, 0, 0);
	CHECK_NUMBER(made, 3, facts->grandchild);
	CHECK_NUMBER(made, 4, facts->grandchild);
	CHECK_NUMBER(made, 5, got.ends);
	CHECK_NUMBER(made, 18, facts->grandchild);
	CHECK_PARAM_TEXT(made, 13, "disguise");
	making = find_number(SK_EVENT_SYSCALL_CLONE_20_X, 0, facts->grandchild);
	CHECK(making && making->tid == got.ends && making > made);
	CHECK_NUMBER(making, 5, getpid());
}

TEST(a_thread_is_told_with_its_process)
{
	const struct sk_event *event;

	if (!captured())
		return;
	event = find_next(NULL, SK_EVENT_SYSCALL_CLONE3_X, facts->thread);
	if (!event)
		event = find_next(NULL, SK_EVENT_SYSCALL_CLONE_20_X, facts->thread);
	CHECK(event);
	CHECK_NUMBER(event, 3, facts->thread);
	CHECK_NUMBER(event, 4, got.ends);
	CHECK((sk_event_unsigned(event, 15, 0) & (0x2000 | 0x8000 | 0x1)) == (0x2000 | 0x8000 | 0x1));
	CHECK(find_next(NULL, SK_EVENT_PROCEXIT_1_E, facts->thread));
}

TEST(a_program_that_runs_is_told_as_the_kernel_knows_it)
{
	static const char arguments[] = "one\0two words", environment[] = "FIRST=1\0SECOND=2";
	char path[256] = "";
	const struct sk_event *event;
	struct stat status;

	if (!captured())
		return;
	event = find_text(SK_EVENT_SYSCALL_EXECVE_19_X, 30, "/bin/true");
	CHECK(event);
	if (!event)
		return;
	CHECK_NUMBER(event, 0, 0);
	CHECK_EQUAL(event->tid, facts->grandchild);
	CHECK_PARAM_TEXT(event, 1, "odd name");
	CHECK_EQUAL(event->param[2].length, sizeof(arguments));
	CHECK(memcmp(event->param[2].bytes, arguments, sizeof(arguments)) == 0);
	CHECK_NUMBER(event, 3, facts->grandchild);
	CHECK_NUMBER(event, 5, got.ends);
	CHECK_PARAM_TEXT(event, 13, "true");
	CHECK(event->param[14].length > 8 && memcmp(event->param[14].bytes, "cpuset=/", 8) == 0);
	CHECK_EQUAL(event->param[15].length, sizeof(environment));
	CHECK(memcmp(event->param[15].bytes, environment, sizeof(environment)) == 0);
	CHECK_NUMBER(event, 17, getpgid(0));
	CHECK_NUMBER(event, 28, getpgid(0));
	CHECK_NUMBER(event, 26, 0);
	CHECK_EQUAL(stat("/bin/true", &status), 0);
	CHECK_EQUAL(sk_event_unsigned(event, 23, 0), status.st_ino);
	CHECK_EQUAL(sk_event_unsigned(event, 25, 0),
		    (uint64_t)status.st_mtim.tv_sec * 1000000000 + (uint64_t)status.st_mtim.tv_nsec);
	/* root owns it and could write it */
	CHECK_EQUAL(sk_event_unsigned(event, 19, 0) & 1, 1);
	CHECK(realpath("/bin/true", path));
	CHECK_PARAM_TEXT(event, 27, path);
}

TEST(a_program_that_does_not_run_is_told_too)
{
	const struct sk_event *event;

	if (!captured())
		return;
	event = find_text(SK_EVENT_SYSCALL_EXECVE_19_X, 30, "/nonexistent/program");
	CHECK(event);
	CHECK_NUMBER(event, 0, -ENOENT);
	CHECK_PARAM_TEXT(event, 1, "odd name");
	CHECK_EQUAL(event->param[2].length, 14);
	CHECK_EQUAL(event->param[15].length, 17);
	CHECK_PARAM_TEXT(event, 13, "disguise");
}

TEST(a_program_in_memory_is_marked)
{
	const struct sk_event *event;

	if (!captured())
		return;
	event = find_text(SK_EVENT_SYSCALL_EXECVE_19_X, 27, "memfd:ghost");
	CHECK(event);
	if (!event)
		return;
	CHECK_EQUAL(sk_event_unsigned(event, 19, 0) & 4, 4);
	CHECK_EQUAL(sk_event_unsigned(event, 23, 0), facts->memfd_ino);
}

TEST(ends_are_told_with_their_cause)
{
	const struct sk_event *event;

	if (!captured())
		return;
	event = find_next(NULL, SK_EVENT_PROCEXIT_1_E, got.ends);
	CHECK(event);
	CHECK_NUMBER(event, 0, 7 << 8);
	CHECK_NUMBER(event, 1, 7);
	CHECK_NUMBER(event, 2, 0);
	event = find_next(NULL, SK_EVENT_PROCEXIT_1_E, facts->killed);
	CHECK(event);
	CHECK_NUMBER(event, 0, SIGKILL);
	CHECK_NUMBER(event, 1, 0);
	CHECK_NUMBER(event, 2, SIGKILL);
	CHECK_NUMBER(event, 4, 0);
}

static void leave_an_orphan(void)
{
	/* Its child outlives it for a moment. */
	if (fork() == 0) {
		usleep(50000);
		_exit(0);
	}
}

TEST(children_that_are_left_get_the_reaper_that_the_kernel_chooses)
{
	struct child child = start_child(leave_an_orphan);
	struct sk_capture *capture;
	const struct sk_event *event;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	capture = open_capture(&(struct sk_capture_options){.only_tree_of = child.pid});
	if (capture) {
		let_go(&child);
		collect(capture, child.pid);
		event = find_next(NULL, SK_EVENT_PROCEXIT_1_E, child.pid);
		CHECK(event);
		if (event)
			CHECK_NUMBER(event, 4, getpid());
		sk_capture_close(capture);
	}
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	end_child(&child);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

TEST_MAIN(RUN(a_new_process_is_told_before_what_it_does) RUN(a_thread_is_told_with_its_process)
		  RUN(a_program_that_runs_is_told_as_the_kernel_knows_it)
			  RUN(a_program_that_does_not_run_is_told_too) RUN(a_program_in_memory_is_marked)
				  RUN(ends_are_told_with_their_cause)
					  RUN(children_that_are_left_get_the_reaper_that_the_kernel_chooses))
