/* SPDX-License-Identifier: Apache-2.0 */
/* Options about the rings between kernel and saker, for every command that captures. */
#ifndef SK_CLI_RINGS_H
#define SK_CLI_RINGS_H

#include "cli/command.h"
#include "runtime/capture/capture.h"

enum {
	SK_OPTION_RING_SIZE = 2600,
	SK_OPTION_LANE_SIZE,
	SK_OPTION_CPUS_PER_RING,
};

/* `before` is what stands before each sentence: "" or "live: ". */
#define SK_RINGS_OPTIONS(before)                                                                                   \
	{SK_OPTION_RING_SIZE, "ring-size", "SIZE",                                                                 \
	 before "size of a ring between kernel and saker: a power of two, in MiB, or in KiB with a K behind it; "  \
		"default 8"},                                                                                      \
		{SK_OPTION_LANE_SIZE, "lane-size", "SIZE",                                                         \
		 before "the same for the lane that processes, credentials and modules have beside each ring, so " \
			"that a flood of other events cannot push them out; default 8"},                           \
	{                                                                                                          \
		SK_OPTION_CPUS_PER_RING, "cpus-per-ring", "N",                                                     \
			before "how many CPUs share a ring and its lane; default 2"                                \
	}

/* All 0: the defaults. */
struct sk_rings_sizes {
	size_t ring_size, lane_size; /* bytes */
	unsigned cpus_per_ring;
};

/* Takes one of SK_RINGS_OPTIONS; false if it is another option. */
bool sk_rings_take_option(struct sk_rings_sizes *sizes, struct sk_command_line *line, int id);

/* True if any was given. */
bool sk_rings_given(const struct sk_rings_sizes *sizes);

void sk_rings_apply(const struct sk_rings_sizes *sizes, struct sk_capture_options *options);

#endif
