/* SPDX-License-Identifier: Apache-2.0 */
/* When watching ends by itself, and how long to wait for events until then. */
#ifndef SK_CLI_DEADLINE_H
#define SK_CLI_DEADLINE_H

#include <stdint.h>

/* In so many seconds, on the monotonic clock; 0: never. */
int64_t sk_deadline_after(uint64_t seconds);

/* Milliseconds to wait, at most 200, so that a signal is noticed; 0: the time is over. */
int sk_deadline_wait(int64_t deadline);

#endif
