/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/capture/clock.h"

#include "vm/support/clock.h"

uint64_t sk_clock_boot_time(void)
{
	uint64_t best = 0, best_span = UINT64_MAX;

	/* The sample whose two readings of the boot clock lie closest together. */
	for (int i = 0; i < 16; i++) {
		uint64_t before = sk_clock_now(CLOCK_BOOTTIME), now = sk_clock_now(CLOCK_REALTIME);
		uint64_t span = sk_clock_now(CLOCK_BOOTTIME) - before;

		if (span < best_span) {
			best_span = span;
			best = now - before - span / 2;
		}
	}
	return best;
}

uint64_t sk_clock_boot(void)
{
	return sk_clock_now(CLOCK_BOOTTIME);
}
