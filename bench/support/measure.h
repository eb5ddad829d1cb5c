/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clocks, memory, and what many runs of the same thing have in common.
 */
#ifndef SK_BENCH_MEASURE_H
#define SK_BENCH_MEASURE_H

#include <stddef.h>
#include <stdint.h>

/* CPU time of this thread, ns. */
int64_t measure_cpu_ns(void);

/* Bytes that malloc has given out. */
size_t measure_heap(void);

/* The most memory this process ever had, KiB. */
long measure_peak_kb(void);

/* Of a sorted or unsorted run of numbers, which is left sorted; 0 if empty. */
double measure_median(double *numbers, size_t count);
double measure_least(const double *numbers, size_t count);

#endif
