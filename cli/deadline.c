/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/deadline.h"

#include <time.h>

enum { POLL_MS = 200 };

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
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
