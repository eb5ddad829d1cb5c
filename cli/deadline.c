/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/deadline.h"

#include "vm/support/clock.h"

enum { POLL_MS = 200 };

static int64_t now_ms(void)
{
	return (int64_t)(sk_clock_now(CLOCK_MONOTONIC) / SK_CLOCK_MS);
}

int64_t sk_deadline_after(uint64_t seconds)
{
	return seconds ? now_ms() + (int64_t)seconds * 1000 : 0;
}

int sk_deadline_wait(int64_t deadline)
{
	int64_t left = deadline ? deadline - now_ms() : POLL_MS;

	return left <= 0 ? 0 : left < POLL_MS ? (int)left : POLL_MS;
}
