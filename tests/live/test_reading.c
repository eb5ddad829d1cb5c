/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A live capture itself: opened and refused, waited for, too slow, and closed.
 */
#include "tests/live/look.h"
#include "vm/support/alloc.h"

enum { MANY = 3000 };

static void close_often(void)
{
	for (int i = 0; i < MANY; i++)
		close(-1);
}

TEST(what_does_not_fit_into_the_ring_is_counted)
{
	struct child child = start_child(close_often);
	struct sk_capture *capture = open_capture(&(struct sk_capture_options){
		.only_tree_of = child.pid, .ring_size = (size_t)sysconf(_SC_PAGESIZE)});
	struct sk_capture_stats stats;

	if (capture) {
		let_go(&child);
		/* Nobody reads while it runs. */
		waitpid(child.pid, NULL, 0);
		while (sk_capture_poll(capture, 0, keep, NULL) > 0)
			;
		stats = sk_capture_stats(capture);
		CHECK(sk_capture_sum(stats.lost[SK_LOSS_RING]) > 0);
		CHECK_EQUAL(sk_capture_sum(stats.consumed), got.count);
		CHECK(stats.consumed[SK_EVENT_CLASS_CLOSE] + stats.lost[SK_LOSS_RING][SK_EVENT_CLASS_CLOSE] >=
		      MANY);
		CHECK_EQUAL(stats.lost[SK_LOSS_RING][SK_EVENT_CLASS_PROCESS], 0);
		CHECK_EQUAL(sk_capture_sum(stats.produced),
			    sk_capture_sum(stats.consumed) + sk_capture_lost(&stats));
		CHECK_EQUAL(sk_capture_sum(stats.lost[SK_LOSS_SIZE]), 0);
		CHECK_EQUAL(sk_capture_sum(stats.lost[SK_LOSS_SCRATCH]), 0);
		sk_capture_close(capture);
		close(child.gate);
	} else {
		end_child(&child);
	}
}

static int refuse(void *context, const uint8_t *bytes, size_t size, uint16_t cpu)
{
	(void)bytes, (void)size, (void)cpu;
	++*(int *)context;
	return -ECANCELED;
}

TEST(a_handler_that_refuses_ends_the_call)
{
	struct child child = start_child(close_often);
	struct sk_capture *capture = open_capture(&(struct sk_capture_options){.only_tree_of = child.pid});
	int calls = 0;

	if (capture) {
		let_go(&child);
		waitpid(child.pid, NULL, 0);
		CHECK_EQUAL(sk_capture_poll(capture, 100, refuse, &calls), -ECANCELED);
		CHECK_EQUAL(calls, 1);
		sk_capture_close(capture);
		close(child.gate);
	} else {
		end_child(&child);
	}
}

static void nothing(int number)
{
	(void)number;
}

TEST(waiting_ends_with_the_timeout_or_a_signal)
{
	struct child child = start_child(close_often);
	struct sk_capture *capture = open_capture(&(struct sk_capture_options){.only_tree_of = child.pid});
	struct sigaction action = {.sa_handler = nothing};
	struct timespec before, after;
	int result;

	if (capture) {
		clock_gettime(CLOCK_MONOTONIC, &before);
		CHECK_EQUAL(sk_capture_poll(capture, 50, keep, NULL), 0);
		clock_gettime(CLOCK_MONOTONIC, &after);
		CHECK((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 >= 45);
		sigaction(SIGALRM, &action, NULL);
		ualarm(50000, 0);
		result = sk_capture_poll(capture, 5000, keep, NULL);
		CHECK_EQUAL(result, -EINTR);
		sk_capture_close(capture);
	}
	end_child(&child);
}

static void open_once(void)
{
	open("/only/one", O_RDONLY);
	sleep(4);
}

TEST(an_event_does_not_wait_for_another)
{
	struct child child = start_child(open_once);
	struct sk_capture *capture = open_capture(&(struct sk_capture_options){.only_tree_of = child.pid});
	const struct sk_event *event = NULL;
	struct timespec now;
	uint64_t arrived;

	if (capture) {
		let_go(&child);
		for (int i = 0; i < 10 && !event; i++) {
			CHECK(sk_capture_poll(capture, 10000, keep, NULL) >= 0);
			event = find_text(SK_EVENT_SYSCALL_OPENAT_2_X, 2, "/only/one");
		}
		clock_gettime(CLOCK_REALTIME, &now);
		arrived = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
		CHECK(event && arrived - event->ts < 2000000000);
		sk_capture_close(capture);
	}
	end_child(&child);
}

/* BPF programs of this process, by its own fds. */
static int count_bpf_fds(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++) {
		char path[64], link[64] = "";

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		if (readlink(path, link, sizeof(link) - 1) > 0 && strstr(link, "bpf"))
			count++;
	}
	return count;
}

TEST(closing_leaves_nothing_behind)
{
	struct sk_capture *capture = open_capture(&(struct sk_capture_options){.only_tree_of = getpid()});

	if (!capture)
		return;
	CHECK(count_bpf_fds() > 10);
	sk_capture_close(capture);
	CHECK_EQUAL(count_bpf_fds(), 0);
	sk_capture_close(NULL);
}

TEST(without_memory_opening_fails_and_leaves_nothing_behind)
{
	struct sk_capture *capture = open_capture(&(struct sk_capture_options){.only_tree_of = getpid()});
	struct sk_error error = {0};
	int result = -ENOMEM;
	size_t allocations;

	if (!capture)
		return;
	sk_capture_close(capture);
	/* Every other one: each time programs are loaded. */
	for (allocations = 1; allocations < 100 && result == -ENOMEM; allocations += 2) {
		capture = NULL;
		sk_alloc_fail_after(allocations);
		result = sk_capture_open(&(struct sk_capture_options){.only_tree_of = getpid(), .cpus_per_ring = 1},
					 &capture, &error);
		sk_alloc_fail_after(SIZE_MAX);
		sk_capture_close(capture);
		CHECK(result == 0 || result == -ENOMEM);
		CHECK_EQUAL(count_bpf_fds(), 0);
	}
	CHECK_EQUAL(result, 0);
	CHECK(allocations > 5 && allocations < 100);
}

TEST(options_that_cannot_be_are_refused_with_a_sentence)
{
	struct sk_capture *capture = NULL;
	struct sk_error error = {0};

	CHECK_EQUAL(sk_capture_open(&(struct sk_capture_options){.ring_size = 5000}, &capture, &error), -EINVAL);
	CHECK(strstr(error.message, "power of two"));
	CHECK_EQUAL(sk_capture_open(&(struct sk_capture_options){.snap_length = 1 << 20}, &capture, &error),
		    -EINVAL);
	CHECK(strstr(error.message, "1048576"));
	CHECK(!capture);
}

static void open_unprivileged(void)
{
	struct sk_capture *capture;
	struct sk_error error = {0};
	int result;

	if (setgid(65534) < 0 || setuid(65534) < 0)
		_exit(1);
	result = sk_capture_open(&(struct sk_capture_options){0}, &capture, &error);
	_exit(result == -EPERM && strstr(error.message, "root") ? 0 : 2);
}

TEST(without_privileges_the_sentence_says_so)
{
	struct child child;
	int status = 0;

	if (geteuid() != 0) {
		SKIP("not root");
		return;
	}
	child = start_child(open_unprivileged);
	let_go(&child);
	waitpid(child.pid, &status, 0);
	CHECK_EQUAL(status, 0);
}

TEST_MAIN(RUN(what_does_not_fit_into_the_ring_is_counted) RUN(a_handler_that_refuses_ends_the_call)
		  RUN(waiting_ends_with_the_timeout_or_a_signal) RUN(an_event_does_not_wait_for_another)
			  RUN(closing_leaves_nothing_behind)
				  RUN(without_memory_opening_fails_and_leaves_nothing_behind)
					  RUN(options_that_cannot_be_are_refused_with_a_sentence)
						  RUN(without_privileges_the_sentence_says_so))
