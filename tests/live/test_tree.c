/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which processes `only_tree_of` takes in, and until when.
 *
 *   child ─► processes, one after another ─► threads that all end at the same moment
 *     told[round][thread] = tid  ── each must have its own end among the events ──
 */
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <bpf/bpf.h>

#include "tests/live/look.h"

/* --- who belongs to it -------------------------------------------------------- */

static void open_in_children(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pid = fork();
		if (pid == 0) {
			open("/deep/below", O_RDONLY);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void open_elsewhere(void)
{
	open("/somewhere/else", O_RDONLY);
}

TEST(only_a_tree_keeps_the_others_out)
{
	struct child child = start_child(open_in_children), other = start_child(open_elsewhere);
	struct sk_capture *capture = open_capture(&(struct sk_capture_options){.only_tree_of = child.pid});

	if (capture) {
		let_go(&other);
		waitpid(other.pid, NULL, 0);
		let_go(&child);
		collect(capture, child.pid);
		CHECK(find_text(SK_EVENT_SYSCALL_OPENAT_2_X, 2, "/deep/below"));
		for (const struct sk_event *event = NULL;
		     (event = find_next(event, SK_EVENT_SYSCALL_OPENAT_2_X, 0));)
			CHECK(!text_is(event, 2, "/somewhere/else"));
		for (int i = 0; i < got.count; i++)
			CHECK(got.events[i].tid != getpid() && got.events[i].tid != other.pid);
		sk_capture_close(capture);
	} else {
		end_child(&other);
	}
	end_child(&child);
}

TEST(children_that_were_there_before_belong_to_the_tree)
{
	struct child child = start_child(open_elsewhere);
	struct sk_capture *capture = open_capture(&(struct sk_capture_options){.only_tree_of = getpid()});

	if (capture) {
		let_go(&child);
		collect(capture, child.pid);
		CHECK(find_text(SK_EVENT_SYSCALL_OPENAT_2_X, 2, "/somewhere/else"));
		sk_capture_close(capture);
	}
	end_child(&child);
}

TEST(without_a_tree_the_whole_host_is_captured)
{
	struct child child = start_child(open_elsewhere);
	struct sk_capture *capture = open_capture(&(struct sk_capture_options){0});

	if (capture) {
		let_go(&child);
		collect(capture, child.pid);
		CHECK(find_text(SK_EVENT_SYSCALL_OPENAT_2_X, 2, "/somewhere/else"));
		sk_capture_close(capture);
	}
	end_child(&child);
}

/* --- until when --------------------------------------------------------------- */

static void *run_program(void *argument)
{
	execl("/bin/sh", "sh", "-c", "sleep 0.3; exec cat /after/all 2>/dev/null", NULL);
	return argument;
}

static void run_program_in_a_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, run_program, NULL);
	pause();
}

/* The main thread ends, and is freed, and the process goes on with its id. */
TEST(a_process_outlives_its_main_thread)
{
	struct child child = start_child(run_program_in_a_thread);
	struct sk_capture *capture = open_capture(&(struct sk_capture_options){.only_tree_of = child.pid});
	const struct sk_event *end = NULL;

	if (capture) {
		let_go(&child);
		collect(capture, child.pid);
		end = find_next(NULL, SK_EVENT_PROCEXIT_1_E, child.pid);
		for (int i = 0; i < 50 && end && !find_next(end, SK_EVENT_PROCEXIT_1_E, child.pid); i++)
			CHECK(sk_capture_poll(capture, 100, keep, NULL) >= 0);
		CHECK(end && find_next(end, SK_EVENT_PROCEXIT_1_E, child.pid));
		CHECK(find_text(SK_EVENT_SYSCALL_OPENAT_2_X, 2, "/after/all"));
		sk_capture_close(capture);
	}
	end_child(&child);
}

/* A process with the id of one that is gone; negative where that cannot be had. */
static pid_t fork_as(pid_t pid)
{
	/* struct clone_args: exit_signal, set_tid, set_tid_size. */
	uint64_t arguments[10] = {[4] = SIGCHLD, [8] = (uint64_t)(uintptr_t)&pid, [9] = 1};

	return (pid_t)syscall(SYS_clone3, arguments, sizeof(arguments));
}

static void do_nothing(void)
{
	_exit(0);
}

TEST(an_id_that_is_given_to_another_is_followed_no_longer)
{
	struct child child = start_child(do_nothing);
	struct sk_capture *capture = open_capture(&(struct sk_capture_options){.only_tree_of = child.pid});
	pid_t pid;

	if (!capture) {
		end_child(&child);
		return;
	}
	let_go(&child);
	waitpid(child.pid, NULL, 0);
	close(child.gate);
	/* Before the kernel has freed the one that is gone. */
	pid = fork_as(child.pid);
	if (pid == 0) {
		open_elsewhere();
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
	else
		SKIP("no process can be given an id here");
	collect(capture, child.pid);
	while (sk_capture_poll(capture, 100, keep, NULL) > 0)
		;
	for (const struct sk_event *event = NULL; (event = find_next(event, SK_EVENT_SYSCALL_OPENAT_2_X, 0));)
		CHECK(!text_is(event, 2, "/somewhere/else"));
	sk_capture_close(capture);
}

static void make_another(void)
{
	pid_t pid = fork(), again;

	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	again = fork_as(pid);
	if (again == 0) {
		/* The one that was is freed by then. */
		usleep(300000);
		open("/after/all", O_RDONLY);
		_exit(0);
	}
	if (again < 0)
		_exit(9);
	waitpid(again, NULL, 0);
}

TEST(an_id_that_is_given_to_another_of_the_tree_is_followed)
{
	struct child child = start_child(make_another);
	struct sk_capture *capture = open_capture(&(struct sk_capture_options){.only_tree_of = child.pid});
	const struct sk_event *end;

	if (capture) {
		let_go(&child);
		collect(capture, child.pid);
		end = find_next(NULL, SK_EVENT_PROCEXIT_1_E, child.pid);
		if (end && sk_event_signed(end, 1, 0) == 9)
			SKIP("no process can be given an id here");
		else
			CHECK(find_text(SK_EVENT_SYSCALL_OPENAT_2_X, 2, "/after/all"));
		sk_capture_close(capture);
	}
	end_child(&child);
}

/* This process's fd of the map of processes, or -1. */
static int find_tree(void)
{
	for (int fd = 0; fd < 256; fd++) {
		struct bpf_map_info info = {0};
		uint32_t size = sizeof(info);
		char path[64], link[64] = "";

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		if (readlink(path, link, sizeof(link) - 1) > 0 && strstr(link, "bpf-map") &&
		    bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && strcmp(info.name, "sk_tree") == 0)
			return fd;
	}
	return -1;
}

TEST(what_is_gone_is_forgotten)
{
	struct child child = start_child(open_in_children);
	struct sk_capture *capture = open_capture(&(struct sk_capture_options){.only_tree_of = child.pid});
	uint32_t process;
	int tree;

	if (capture) {
		tree = find_tree();
		CHECK(tree >= 0);
		CHECK_EQUAL(bpf_map_get_next_key(tree, NULL, &process), 0);
		CHECK_EQUAL(process, child.pid);
		let_go(&child);
		collect(capture, child.pid);
		waitpid(child.pid, NULL, 0);
		for (int i = 0; i < 100 && bpf_map_get_next_key(tree, NULL, &process) == 0; i++)
			usleep(50000);
		CHECK_EQUAL(bpf_map_get_next_key(tree, NULL, &process), -ENOENT);
		close(child.gate);
		sk_capture_close(capture);
	} else {
		end_child(&child);
	}
}

/* --- threads that end together ----------------------------------------------- */

enum { ROUNDS = 1000, THREADS = 3, MEMBERS = THREADS + 1, TIDS = 1 << 22 };

/* What the child found out, in memory that it shares with the test. */
static int32_t (*told)[MEMBERS];

static pthread_barrier_t barrier;

static void *end_with_the_others(void *argument)
{
	*(int32_t *)argument = (int32_t)syscall(SYS_gettid);
	pthread_barrier_wait(&barrier);
	return NULL;
}

static void end_threads(int round)
{
	pthread_t thread;

	pthread_barrier_init(&barrier, NULL, MEMBERS);
	told[round][0] = getpid();
	for (int i = 1; i < MEMBERS; i++)
		if (pthread_create(&thread, NULL, end_with_the_others, &told[round][i]) != 0)
			_exit(1);
	pthread_barrier_wait(&barrier);
	/* The main thread leaves the others to themselves, or takes them with it. */
	if (round % 2)
		syscall(SYS_exit, 0);
	_exit(0);
}

static void end_together(void)
{
	for (int round = 0; round < ROUNDS; round++) {
		pid_t pid = fork();

		if (pid == 0)
			end_threads(round);
		waitpid(pid, NULL, 0);
	}
}

struct ends {
	uint8_t *seen; /* by tid */
};

static int keep_end(void *context, const uint8_t *bytes, size_t size, uint16_t cpu)
{
	struct ends *ends = context;
	struct sk_event event;
	struct sk_error error;

	(void)cpu;
	CHECK_EQUAL(sk_event_decode(bytes, size, &event, &error), 0);
	if (event.type == SK_EVENT_PROCEXIT_1_E && event.tid >= 0 && event.tid < TIDS)
		ends->seen[event.tid] = 1;
	return 0;
}

TEST(threads_that_end_at_once_are_all_told)
{
	struct ends ends = {.seen = calloc(TIDS, 1)};
	struct sk_capture *capture;
	struct timespec start, now;
	struct sk_capture_stats stats;
	struct child child;
	int missing = 0, threads = 0;

	told = mmap(NULL, ROUNDS * sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (told == MAP_FAILED || !ends.seen)
		abort();
	child = start_child(end_together);
	capture = open_capture(&(struct sk_capture_options){.only_tree_of = child.pid});
	if (capture) {
		let_go(&child);
		clock_gettime(CLOCK_MONOTONIC, &start);
		do {
			int result = sk_capture_poll(capture, 100, keep_end, &ends);

			CHECK(result >= 0 || result == -EINTR);
			clock_gettime(CLOCK_MONOTONIC, &now);
		} while (!ends.seen[child.pid] && now.tv_sec - start.tv_sec < 60);
		CHECK(ends.seen[child.pid]);
		stats = sk_capture_stats(capture);
		CHECK_EQUAL(sk_capture_lost(&stats), 0);
		for (int round = 0; round < ROUNDS; round++) {
			for (int i = 0; i < MEMBERS; i++) {
				threads += told[round][i] > 0;
				missing += told[round][i] > 0 && !ends.seen[told[round][i]];
			}
		}
		CHECK_EQUAL(threads, ROUNDS * MEMBERS);
		CHECK_EQUAL(missing, 0);
		sk_capture_close(capture);
	}
	end_child(&child);
	munmap(told, ROUNDS * sizeof(*told));
	free(ends.seen);
}

TEST_MAIN(RUN(only_a_tree_keeps_the_others_out) RUN(children_that_were_there_before_belong_to_the_tree)
		  RUN(without_a_tree_the_whole_host_is_captured) RUN(a_process_outlives_its_main_thread)
			  RUN(an_id_that_is_given_to_another_is_followed_no_longer)
				  RUN(an_id_that_is_given_to_another_of_the_tree_is_followed)
					  RUN(what_is_gone_is_forgotten) RUN(threads_that_end_at_once_are_all_told))
