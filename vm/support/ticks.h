/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cheapest clock there is: a counter of the processor, of a steady but
 * unknown rate.  Who wants nanoseconds measures the rate beside it.
 */
#ifndef SK_SUPPORT_TICKS_H
#define SK_SUPPORT_TICKS_H

#include <stdint.h>

#ifdef __x86_64__
#include <x86intrin.h>
#endif

#include "vm/support/clock.h"

static inline uint64_t sk_ticks(void)
{
#if defined(__x86_64__)
	return __rdtsc();
#elif defined(__aarch64__)
	uint64_t ticks;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
#else
	return sk_clock_now(CLOCK_MONOTONIC);
#endif
}

#endif
