/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of live capture: a child that waits until the capture is open, and
 * the events of it, in order, copied out of the ring.
 *
 *   start_child ─► open_capture ─► let_go ─► collect ─► got.events[]
 *
 * `got` has the events of the last capture only.
 */
#ifndef SK_TESTS_LIVE_H
#define SK_TESTS_LIVE_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/capture/capture.h"
#include "tests/test.h"
#include "vm/event.h"

/* --- a child that waits, and what was captured of it ------------------- */

enum { EVENTS = 20000, BYTES = 16 << 20, WAIT_MS = 10000 };

static struct {
	uint8_t *bytes;
	size_t used;
	struct sk_event events[EVENTS];
	int count, damaged, too_many;
	uint64_t last_ts;
	bool ordered;
	int64_t ends; /* stop when this thread has ended */
	bool ended;
} got;

static inline int keep(void *context, const uint8_t *bytes, size_t size, uint16_t cpu)
{
	struct sk_event *event = &got.events[got.count];
	struct sk_error error;

	(void)context, (void)cpu;
	if (got.count == EVENTS || got.used + size > BYTES) {
		got.too_many++;
		return 0;
	}
	memcpy(got.bytes + got.used, bytes, size);
	if (sk_event_decode(got.bytes + got.used, size, event, &error) < 0) {
		got.damaged++;
		return 0;
	}
	got.used += size;
	got.count++;
	if (event->ts < got.last_ts)
		got.ordered = false;
	got.last_ts = event->ts;
	if (event->type == SK_EVENT_PROCEXIT_1_E && event->tid == got.ends)
		got.ended = true;
	return 0;
}

static inline void forget_events(void)
{
	if (!got.bytes)
		got.bytes = malloc(BYTES);
	got.used = 0;
	got.count = got.damaged = got.too_many = 0;
	got.last_ts = 0;
	got.ordered = true;
	got.ends = 0;
	got.ended = false;
}

static char reason[600];

/* Opens a capture; skips the case and returns NULL where that is not possible. */
static inline struct sk_capture *open_capture(const struct sk_capture_options *options)
{
	struct sk_capture *capture = NULL;
	struct sk_error error = {0};

	if (geteuid() != 0) {
		SKIP("not root");
		return NULL;
	}
	forget_events();
	if (sk_capture_open(options, &capture, &error) < 0) {
		snprintf(reason, sizeof(reason), "%s", error.message);
		SKIP(reason);
		return NULL;
	}
	return capture;
}

struct child {
	pid_t pid;
	int gate;
};

/* A child that runs `action` once it is let go. */
static inline struct child start_child(void (*action)(void))
{
	int gate[2];
	struct child child;

	if (pipe2(gate, O_CLOEXEC) < 0)
		abort();
	child.gate = gate[1];
	child.pid = fork();
	if (child.pid == 0) {
		char byte;

		close(gate[1]);
		if (read(gate[0], &byte, 1) != 1)
			_exit(1);
		action();
		_exit(7);
	}
	close(gate[0]);
	return child;
}

static inline void let_go(struct child *child)
{
	CHECK_EQUAL(write(child->gate, "g", 1), 1);
	close(child->gate);
	child->gate = -1;
}

static inline void end_child(struct child *child)
{
	if (child->gate >= 0)
		close(child->gate);
	kill(child->pid, SIGKILL);
	waitpid(child->pid, NULL, 0);
}

/* How long collect() waits for a child that does much. */
static int patience_ms = WAIT_MS;

/* Reads events until the child's own end is among them. */
static inline void collect(struct sk_capture *capture, pid_t pid)
{
	struct timespec start, now;

	got.ends = pid;
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		int result = sk_capture_poll(capture, 100, keep, NULL);

		CHECK(result >= 0 || result == -EINTR);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (!got.ended && (now.tv_sec - start.tv_sec) * 1000 < patience_ms);
	CHECK(got.ended);
}

static inline void select_call(uint64_t *set, const char *name)
{
	int sc = sk_syscall_find(name, strlen(name));

	CHECK(sc >= 0);
	if (sc >= 0)
		set[sc / 64] |= 1ull << sc % 64;
}

#endif
