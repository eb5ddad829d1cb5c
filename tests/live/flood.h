/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process on each CPU that makes as many events as it can, for a while:
 *
 *   start_flood(&flood, open_nothing, &facts->over, 8000) ─► end_flood(&flood)
 *
 * It ends with `*over`, which lies in shared memory, or when its time is up.
 */
#ifndef SK_TESTS_LIVE_FLOOD_H
#define SK_TESTS_LIVE_FLOOD_H

#include <sched.h>
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FLOODERS = 8 };

struct flood {
	pid_t pids[FLOODERS];
	int count;
	int *over;
};

static inline int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline void flood_cpu(int cpu, void (*call)(void), const int *over, int ms)
{
	const int64_t end = now_ms() + ms;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	while (!__atomic_load_n(over, __ATOMIC_RELAXED) && now_ms() < end)
		for (int i = 0; i < 100; i++)
			call();
	_exit(0);
}

static inline void start_flood(struct flood *flood, void (*call)(void), int *over, int ms)
{
	const long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	*flood = (struct flood){.count = cpus < FLOODERS ? (int)cpus : FLOODERS, .over = over};
	for (int i = 0; i < flood->count; i++) {
		flood->pids[i] = fork();
		if (flood->pids[i] == 0)
			flood_cpu(i, call, over, ms);
	}
}

static inline void end_flood(struct flood *flood)
{
	__atomic_store_n(flood->over, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < flood->count; i++)
		waitpid(flood->pids[i], NULL, 0);
}

#endif
