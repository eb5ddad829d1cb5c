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
		  RUN(without_a_tree_the_whole_host_is_captured)

			  RUN(threads_that_end_at_once_are_all_told))
