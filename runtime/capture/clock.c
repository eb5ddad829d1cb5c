/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/capture/clock.h"

#include <time.h>

static uint64_t nanoseconds(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

uint64_t sk_clock_boot_time(void)
{
	uint64_t best = 0, best_span = UINT64_MAX;

	/* The sample whose two readings of the boot clock lie closest together. */
	for (int i = 0; i < 16; i++) {
		uint64_t before = nanoseconds(CLOCK_BOOTTIME), now = nanoseconds(CLOCK_REALTIME);
		uint64_t span = nanoseconds(CLOCK_BOOTTIME) - before;

		if (span < best_span) {
			best_span = span;
			best = now - before - span / 2;
		}
	}
	return best;
}

uint64_t sk_clock_boot(void)
{
	return nanoseconds(CLOCK_BOOTTIME);
}
