/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a system call costs while it is watched:
 *
 *   live BUNDLE                    one line of JSON: ns a call, and the reader's CPU an event; "filtered":
 *                                  as for the bundle's rules, which must not ask for these calls
 *   live flood RATE SECONDS CPUS   opens RATE files a second on that many CPUs together (0: as many as it can)
 *
 * Calls are made on CPU 0 and read on CPU 1.  Kinds of watching take turns; of
 * each the fastest of many bursts counts.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bench/support/measure.h"
#include "runtime/capture/capture.h"
#include "runtime/capture/filter.h"
#include "runtime/capture/ring.h"
#include "vm/event.h"
#include "vm/schema/schema.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include "bench/live.skel.h"
#pragma GCC diagnostic pop

enum { ROUNDS = 5, BURSTS = 60, BURST = 500, RING = 8 << 20, READ_MS = 20 };

/* --- calls -------------------------------------------------------------------- */

static const char *const none = "/usr/lib/none/libnone.so.6", *const some = "/dev/null";

static void call_getppid(void)
{
	syscall(SYS_getppid);
}

static void call_open_that_fails(void)
{
	syscall(SYS_openat, AT_FDCWD, none, O_RDONLY | O_CLOEXEC, 0);
}

static void call_open_and_close(void)
{
	close((int)syscall(SYS_openat, AT_FDCWD, some, O_RDONLY | O_CLOEXEC, 0));
}

static const struct {
	const char *name;
	void (*call)(void);
} calls[] = {
	{"getppid", call_getppid},
	{"open_fails", call_open_that_fails},
	{"open_close", call_open_and_close},
};

enum { CALLS = sizeof(calls) / sizeof(calls[0]) };

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static double time_bursts(void (*call)(void))
{
	double ns[BURSTS];

	for (int i = 0; i < BURSTS; i++) {
		double begun = now_ns();

		for (int j = 0; j < BURST; j++)
			call();
		ns[i] = (now_ns() - begun) / BURST;
	}
	return measure_least(ns, BURSTS);
}

/* --- kinds of watching --------------------------------------------------------- */

enum kind { NONE, EMPTY, COPY, FILTERED, CAPTURED, KINDS };

static const char *const kind_names[KINDS] = {"none", "empty", "copy", "filtered", "captured"};

struct watching {
	enum kind kind;
	struct live_bpf *floors;
	struct bpf_link *link;
	struct sk_ring ring;
	struct sk_capture *capture;
	struct sk_kernel_filter *filter; /* of FILTERED */
	pthread_t reader;
	int stop;
	pid_t pid;
	uint64_t events, bytes; /* of this process, and how long they were */
	uint64_t all;
	int64_t cpu_ns; /* of the reader */
};

/* Bytes of the event of an open that fails, once it is known. */
static uint32_t event_size = 128;

static int open_floor(struct watching *watching)
{
	struct bpf_program *program;
	int result;

	watching->floors = live_bpf__open_and_load();
	if (!watching->floors)
		return -errno;
	program = watching->kind == COPY ? watching->floors->progs.copy : watching->floors->progs.empty;
	watching->floors->bss->process = (uint32_t)getpid();
	watching->floors->bss->number = SYS_openat;
	watching->floors->bss->length = event_size;
	result = sk_ring_open(bpf_map__fd(watching->floors->maps.ring), RING, &watching->ring);
	if (result < 0)
		return result;
	watching->link = bpf_program__attach(program);
	return watching->link ? 0 : -errno;
}

static struct sk_bundle bundle;

static int open_capture(struct watching *watching)
{
	struct sk_capture_options options = {.ring_size = RING};
	struct sk_error error = {0};
	int result;

	if (watching->kind == FILTERED) {
		result = sk_kernel_filter_create(&bundle, &watching->filter);
		if (result < 0)
			return result;
		options.filter = watching->filter;
	}
	result = sk_capture_open(&options, &watching->capture, &error);
	if (result < 0)
		fprintf(stderr, "live: %s\n", error.message);
	return result;
}

static int hold_back(void *context, const struct sk_filter_path *path)
{
	return sk_capture_hold_back(context, path);
}

static int count_event(void *context, const uint8_t *bytes, size_t size, uint16_t cpu)
{
	struct watching *watching = context;
	struct sk_event event;
	struct sk_error error;

	(void)cpu;
	watching->all++;
	if (watching->filter && sk_event_decode(bytes, size, &event, &error) == 0)
		sk_kernel_filter_learn_path(watching->filter, &event, 0, hold_back, watching->capture);
	if (sk_read_u64(bytes + 8) == (uint64_t)watching->pid && size > 60) {
		watching->events++;
		watching->bytes += size;
	}
	return 0;
}

static void drain_ring(struct watching *watching)
{
	uint64_t position = *watching->ring.consumer, end = sk_ring_end(&watching->ring);

	while (position < end) {
		struct sk_ring_place place = sk_ring_look(&watching->ring, position);

		if (place.busy)
			break;
		position = place.next;
		watching->all++;
	}
	sk_ring_release(&watching->ring, position);
	usleep(1000);
}

static void *read_events(void *context)
{
	struct watching *watching = context;
	int64_t begun;

	pin(sysconf(_SC_NPROCESSORS_ONLN) > 1);
	begun = measure_cpu_ns();
	while (!__atomic_load_n(&watching->stop, __ATOMIC_ACQUIRE)) {
		if (watching->capture)
			sk_capture_poll(watching->capture, READ_MS, count_event, watching);
		else
			drain_ring(watching);
	}
	watching->cpu_ns = measure_cpu_ns() - begun;
	return NULL;
}

static bool has_reader(enum kind kind)
{
	return kind != NONE && kind != EMPTY;
}

static int start(struct watching *watching)
{
	int result = 0;

	if (watching->kind == EMPTY || watching->kind == COPY)
		result = open_floor(watching);
	else if (watching->kind != NONE)
		result = open_capture(watching);
	if (result == 0 && has_reader(watching->kind))
		result = -pthread_create(&watching->reader, NULL, read_events, watching);
	return result;
}

static void end(struct watching *watching)
{
	__atomic_store_n(&watching->stop, 1, __ATOMIC_RELEASE);
	if (has_reader(watching->kind))
		pthread_join(watching->reader, NULL);
	bpf_link__destroy(watching->link);
	sk_ring_close(&watching->ring);
	live_bpf__destroy(watching->floors);
	sk_capture_close(watching->capture);
	sk_kernel_filter_destroy(watching->filter);
}

/* --- measuring -------------------------------------------------------------------- */

static double figures[KINDS][CALLS][ROUNDS], reading[KINDS][ROUNDS];

static int measure_kind(enum kind kind, int round)
{
	struct watching watching = {.kind = kind, .pid = getpid()};
	int result = start(&watching);

	for (size_t i = 0; i < CALLS && result == 0; i++) {
		figures[kind][i][round] = time_bursts(calls[i].call);
	}
	if (result == 0)
		end(&watching);
	if (watching.all > 0)
		reading[kind][round] = (double)watching.cpu_ns / (double)watching.all;
	if (kind == CAPTURED && watching.events > 0)
		event_size = (uint32_t)(watching.bytes / watching.events);
	return result;
}

static int measure_all(void)
{
	pin(0);
	for (int round = 0; round < ROUNDS; round++)
		for (int kind = KINDS - 1; kind >= 0; kind--)
			if (measure_kind((enum kind)kind, round) < 0)
				return 1;
	printf("{\"event_bytes\":%u,\"kinds\":{", event_size);
	for (int kind = 0; kind < KINDS; kind++) {
		printf("%s\"%s\":{", kind ? "," : "", kind_names[kind]);
		for (size_t i = 0; i < CALLS; i++)
			printf("\"%s\":%.1f,", calls[i].name, measure_least(figures[kind][i], ROUNDS));
		printf("\"reader_ns\":%.1f}", measure_least(reading[kind], ROUNDS));
	}
	puts("}}");
	return 0;
}

/* --- a flood ----------------------------------------------------------------------- */

static uint64_t flood_cpu(int cpu, double rate, double seconds)
{
	const double begun = now_ns(), until = begun + seconds * 1e9;
	uint64_t made = 0;

	pin(cpu);
	for (double now = begun; now < until; now = now_ns()) {
		if (rate > 0 && (double)made > (now - begun) * rate / 1e9) {
			usleep(100);
			continue;
		}
		for (int i = 0; i < 20; i++)
			call_open_that_fails();
		made += 20;
	}
	return made;
}

static int flood(double rate, double seconds, int cpus)
{
	uint64_t all = 0;
	int results[2];

	if (pipe2(results, O_CLOEXEC) < 0)
		return 1;
	for (int cpu = 0; cpu < cpus; cpu++) {
		if (fork() == 0) {
			uint64_t made = flood_cpu(cpu, rate / cpus, seconds);

			_exit(write(results[1], &made, sizeof(made)) != sizeof(made));
		}
	}
	for (int cpu = 0; cpu < cpus; cpu++) {
		uint64_t made = 0;

		if (read(results[0], &made, sizeof(made)) != sizeof(made))
			return 1;
		all += made;
		wait(NULL);
	}
	printf("{\"opens\":%" PRIu64 ",\"opens_per_second\":%.0f}\n", all, (double)all / seconds);
	return 0;
}

int main(int argc, char **argv)
{
	struct sk_error error = {.message = "out of memory"};
	int result;

	if (argc == 2) {
		if (sk_bundle_open(argv[1], &bundle, &error) < 0) {
			fprintf(stderr, "live: %s\n", error.message);
			return 2;
		}
		result = measure_all();
		sk_bundle_close(&bundle);
		return result;
	}
	if (argc == 5 && strcmp(argv[1], "flood") == 0)
		return flood(strtod(argv[2], NULL), strtod(argv[3], NULL), (int)strtol(argv[4], NULL, 10));
	fprintf(stderr, "usage: live BUNDLE | live flood RATE SECONDS CPUS\n");
	return 2;
}
