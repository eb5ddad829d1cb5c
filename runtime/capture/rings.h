/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rings of a capture, and who writes to which.
 *
 *            bulk   reserved lane
 *   CPU 0 ┐
 *   CPU 1 ┴─►  0        1          each group of CPUs has two rings: one for
 *   CPU 2 ┐                        most events, one for those that must not be
 *   CPU 3 ┴─►  2        3          pushed out by a flood of others
 *
 * Groups are made of the CPUs that are there; one that comes later writes to
 * the rings of some group, so that nothing has to be done when it comes.
 */
#ifndef SK_CAPTURE_RINGS_H
#define SK_CAPTURE_RINGS_H

#include "runtime/capture/ring.h"
#include "vm/support/error.h"

struct sk_rings {
	struct sk_ring *rings;
	int *fds;
	size_t ring_count;
	/* Scratch areas of the CPUs that may ever be: each begins with a struct sk_cpu. */
	uint8_t *areas;
	size_t area_size, cpu_count;
	int epoll; /* readable when a record has come for somebody who waits */
};

struct sk_rings_options {
	size_t ring_count;           /* sk_rings_count() */
	size_t ring_size, lane_size; /* bytes */
	unsigned cpus_per_ring;
	int array_fd, areas_fd; /* maps of the programs: that of the rings, that of the scratch areas */
	size_t area_size, cpu_count;
};

/*
 * Which of `cpu_count` CPUs are in a list like "0-2,5", the kernel's way to name
 * them; numbers beyond are passed over.  How many, or -EINVAL.
 */
int sk_rings_parse_cpus(const char *text, bool *ret_there, size_t cpu_count);

/* How many rings the machine gets, which the map of the rings has to hold. */
size_t sk_rings_count(unsigned cpus_per_ring, size_t cpu_count);

/* Makes the rings and tells the programs, which must be loaded and not attached.  Negative errno and a sentence. */
int sk_rings_open(const struct sk_rings_options *options, struct sk_rings *ret_rings, struct sk_error *error);

void sk_rings_close(struct sk_rings *rings);

#endif
