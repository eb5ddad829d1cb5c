/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SK_SUPPORT_CLOCK_H
#define SK_SUPPORT_CLOCK_H

#include <stdint.h>
#include <time.h>

enum { SK_CLOCK_MS = 1000000 }; /* ns of a millisecond */

/* What a clock of clock_gettime() says, in ns. */
static inline uint64_t sk_clock_now(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

#endif
