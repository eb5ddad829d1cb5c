/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the CPU time of a replay goes, stage by stage, measured so that the
 * measuring does not show.
 *
 *   batches of 64 events   ████████ ····█··· ·█······ ······█· ...
 *                          group 0  each later group: one batch by lot
 *
 * A batch that is drawn is run with a look at the cycle counter between the
 * stages, all others as they are without a stopwatch.  A drawn batch stands
 * for its group, and what a look costs is taken off.  So the drawn batches give
 * each stage's share; the CPU time of the whole run gives the total, and a
 * stage's figure is its share of that total.  A batch in which something else
 * had the processor is left out.  What is rare but long, the fetching of more
 * bytes, is measured whole each time instead.
 */
#ifndef SK_CLI_STOPWATCH_H
#define SK_CLI_STOPWATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "vm/support/ticks.h"

enum sk_stage {
	SK_STAGE_READ,     /* reading and decompressing */
	SK_STAGE_STATE,    /* decoding, and what the event does to the state */
	SK_STAGE_EVALUATE, /* rules */
	SK_STAGE_OUTPUT,   /* alerts: formatting and writing */
	SK_STAGE_COUNT
};

/* One batch, and one group of batches. */
enum { SK_STOPWATCH_BATCH = 64, SK_STOPWATCH_GROUP = 32 };

struct sk_stopwatch {
	uint64_t last;
	uint64_t ticks[SK_STAGE_COUNT]; /* of this batch */
	uint64_t laps[SK_STAGE_COUNT];
	double shares[SK_STAGE_COUNT]; /* ticks of all that was drawn, weighted */
	double lap_ticks;              /* what one look costs */
	uint64_t batch, drawn;         /* batches begun; the one of this group that is drawn */
	uint64_t random;
	bool running;                      /* this batch is drawn */
	int64_t batch_cpu, batch_wall;     /* when it began */
	int64_t process_begun, main_begun; /* CPU time, ns */
	uint64_t sampled;                  /* events of batches that count */
};

/* Ends a stage of the event in a drawn batch; the next one begins. */
static inline void sk_stopwatch_lap(struct sk_stopwatch *watch, enum sk_stage stage)
{
	uint64_t now = sk_ticks();

	watch->ticks[stage] += now - watch->last;
	watch->laps[stage]++;
	watch->last = now;
}

/* What was done since the last lap belongs to no stage: it is measured otherwise. */
static inline void sk_stopwatch_leave_out(struct sk_stopwatch *watch)
{
	watch->last = sk_ticks();
}

/* CPU time counts from here. */
void sk_stopwatch_start(struct sk_stopwatch *watch);

/*
 * To be called before every batch of SK_STOPWATCH_BATCH events, and with
 * `events` = 0 before the first.  `events`: those of the batch before.  True:
 * this one is drawn, end each stage with sk_stopwatch_lap().
 */
bool sk_stopwatch_next_batch(struct sk_stopwatch *watch, uint32_t events);

/*
 * Nanoseconds of CPU time an event, of each stage; they add up to that of the
 * process.  `refill_ns` (of all events) is what was left out of the laps.
 * `*ret_beside` is what threads beside this one took, which is in
 * ns[SK_STAGE_READ] too.  All zero without events.
 */
void sk_stopwatch_finish(struct sk_stopwatch *watch, uint64_t events, uint64_t refill_ns,
			 double ret_ns[SK_STAGE_COUNT], double *ret_beside);

#endif
