/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The events of several rings, in the order of their times, exactly.
 *
 *   ring 0   3  5  9 │ 14             all events up to the horizon are in the
 *   ring 1   4  6    │                rings when it has been found out: they are
 *   ring 2   8  7  2 │ 11  busy       sorted within each ring, merged, handed out
 *            ────────┴───────► time
 *                 horizon
 *
 * A ring's order is not that of times: a program can be overtaken, by another
 * CPU or by one that interrupts it, between taking its event's time and getting
 * its place.  So each builder (struct sk_cpu of bpf/shared.h) has a word that is
 * odd meanwhile.  The reader looks at the clock, then at the words, then at the
 * rings, in this order:
 *
 *   word even            whatever the builder takes a time for after this is
 *                        later than the clock was; all else is in the rings
 *   odd, and it was      the event's time is later than the clock was when the
 *   another before       word was looked at the last time, since it began later
 *   odd as before        the same clock as then
 *
 * The least of these is the horizon.  A CPU without events does not hold it up,
 * and one event that is long in building does not hold up those before it.
 * Invariant: no event is handed out whose time lies behind the horizon, and no
 * room is released that holds an event which was not handed out.
 */
#ifndef SK_CAPTURE_MERGE_H
#define SK_CAPTURE_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/capture/ring.h"

struct sk_merge;

struct sk_merge_options {
	struct sk_ring *rings; /* borrowed */
	size_t ring_count;
	/* That of CPU n begins with a struct sk_cpu at `areas` + n * `area_size`; borrowed. */
	const uint8_t *areas;
	size_t area_size, cpu_count;
	uint64_t boot_time; /* ns since the epoch at which the boot clock, which events' times count on, was 0 */
};

/* Before anybody builds an event. -ENOMEM. */
int sk_merge_open(const struct sk_merge_options *options, struct sk_merge **ret_merge);

void sk_merge_close(struct sk_merge *merge);

/* Moves the horizon as far as it can go now. */
void sk_merge_look(struct sk_merge *merge);

/*
 * Hands at most `limit` of the records before the horizon to `handle`, by their
 * times (the 8 bytes behind a struct sk_ring_record).  Returns their number, or
 * the first negative value that `handle` returned; that record is consumed too.
 */
int sk_merge_deliver(struct sk_merge *merge, int limit,
		     int (*handle)(void *context, const uint8_t *bytes, size_t size), void *context);

/* True if records are in the rings, complete or not, that were not handed out. */
bool sk_merge_pending(const struct sk_merge *merge);

/* True if, moreover, an event is being built, which may be one without a record yet. */
bool sk_merge_awaits(const struct sk_merge *merge);

/*
 * Events that were handed out after a later one: 0, but for a CPU that was not
 * run for seconds in the middle of one (as virtual ones are sometimes), since
 * nobody waits longer than that.
 */
uint64_t sk_merge_disordered(const struct sk_merge *merge);

#endif
