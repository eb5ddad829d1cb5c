/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stopwatch.h"

#include <string.h>

#include "vm/support/clock.h"

static int64_t clock_ns(clockid_t clock)
{
	return (int64_t)sk_clock_now(clock);
}

/* The least that a run of looks at the clock took: the others were disturbed. */
static double lap_ticks(void)
{
	enum { RUNS = 20, LAPS = 100 };
	struct sk_stopwatch watch = {0};
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < RUNS; i++) {
		uint64_t begun = watch.last = sk_ticks();

		for (unsigned lap = 0; lap < LAPS; lap++)
			sk_stopwatch_lap(&watch, lap % SK_STAGE_COUNT);
		if (watch.last - begun < least)
			least = watch.last - begun;
	}
	return (double)least / LAPS;
}

void sk_stopwatch_start(struct sk_stopwatch *watch)
{
	*watch = (struct sk_stopwatch){.lap_ticks = lap_ticks(), .random = 88172645463325252};
	watch->process_begun = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	watch->main_begun = clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* What went on beside the batch makes its ticks worthless. */
static bool was_disturbed(const struct sk_stopwatch *watch)
{
	int64_t cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID) - watch->batch_cpu;
	int64_t wall = clock_ns(CLOCK_MONOTONIC) - watch->batch_wall;

	return wall > cpu + cpu / 4 + 20000;
}

static void take_batch(struct sk_stopwatch *watch, uint32_t events)
{
	double weight = watch->batch <= SK_STOPWATCH_GROUP ? 1 : SK_STOPWATCH_GROUP;

	if (was_disturbed(watch))
		return;
	for (unsigned i = 0; i < SK_STAGE_COUNT; i++) {
		double ticks = (double)watch->ticks[i] - (double)watch->laps[i] * watch->lap_ticks;

		if (ticks > 0)
			watch->shares[i] += weight * ticks;
	}
	watch->sampled += events;
}

static uint64_t draw(struct sk_stopwatch *watch)
{
	watch->random ^= watch->random << 13;
	watch->random ^= watch->random >> 7;
	watch->random ^= watch->random << 17;
	return watch->random % SK_STOPWATCH_GROUP;
}

bool sk_stopwatch_next_batch(struct sk_stopwatch *watch, uint32_t events)
{
	if (watch->running)
		take_batch(watch, events);
	if (watch->batch % SK_STOPWATCH_GROUP == 0)
		watch->drawn = watch->batch + draw(watch);
	watch->running = watch->batch < SK_STOPWATCH_GROUP || watch->batch == watch->drawn;
	watch->batch++;
	if (watch->running) {
		memset(watch->ticks, 0, sizeof(watch->ticks));
		memset(watch->laps, 0, sizeof(watch->laps));
		watch->batch_wall = clock_ns(CLOCK_MONOTONIC);
		watch->batch_cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);
		watch->last = sk_ticks();
	}
	return watch->running;
}

/* Threads beside this one can only be reading ahead. */
void sk_stopwatch_finish(struct sk_stopwatch *watch, uint64_t events, uint64_t refill_ns,
			 double ret_ns[SK_STAGE_COUNT], double *ret_beside)
{
	double process = (double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - watch->process_begun);
	double here = (double)(clock_ns(CLOCK_THREAD_CPUTIME_ID) - watch->main_begun);
	double refills = (double)refill_ns < here ? (double)refill_ns : here;
	double sum = 0;

	for (unsigned i = 0; i < SK_STAGE_COUNT; i++) {
		sum += watch->shares[i];
		ret_ns[i] = 0;
	}
	*ret_beside = 0;
	if (sum <= 0 || events == 0)
		return;
	for (unsigned i = 0; i < SK_STAGE_COUNT; i++)
		ret_ns[i] = watch->shares[i] / sum * (here - refills) / (double)events;
	if (process > here)
		*ret_beside = (process - here) / (double)events;
	ret_ns[SK_STAGE_READ] += refills / (double)events + *ret_beside;
}
