/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/support/measure.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

int64_t measure_cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

size_t measure_heap(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

long measure_peak_kb(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : 0;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

double measure_median(double *numbers, size_t count)
{
	if (count == 0)
		return 0;
	qsort(numbers, count, sizeof(*numbers), compare);
	return count % 2 ? numbers[count / 2] : (numbers[count / 2 - 1] + numbers[count / 2]) / 2;
}

double measure_least(const double *numbers, size_t count)
{
	double least = count ? numbers[0] : 0;

	for (size_t i = 1; i < count; i++) {
		if (numbers[i] < least)
			least = numbers[i];
	}
	return least;
}
