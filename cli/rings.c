/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/rings.h"

#include <stdio.h>

enum { CPUS_LIMIT = 8192, KIBIBYTES_LIMIT = 1 << 20 };

/* "8", "8M", "64K": bytes; 0 for what is no size. */
static size_t read_size(const char *text)
{
	unsigned long kibibytes;
	unsigned number;
	char unit = 'M', rest;
	int parts = sscanf(text, "%u%c%c", &number, &unit, &rest);

	if (text[0] < '0' || text[0] > '9' || parts < 1 || parts > 2 || (unit != 'K' && unit != 'M'))
		return 0;
	kibibytes = unit == 'M' ? number * 1024ul : number;
	if (kibibytes < 4 || kibibytes > KIBIBYTES_LIMIT || (kibibytes & (kibibytes - 1)))
		return 0;
	return kibibytes << 10;
}

static void take_size(const char *option, size_t *ret_size, struct sk_command_line *line)
{
	*ret_size = read_size(line->value);
	if (*ret_size == 0) {
		sk_command_usage(line, "%s is a power of two from 1 to 1024, in MiB, or from 4K to 1048576K",
				 option);
		line->failed = true;
	}
}

bool sk_rings_take_option(struct sk_rings_sizes *sizes, struct sk_command_line *line, int id)
{
	switch (id) {
	case SK_OPTION_RING_SIZE:
		take_size("--ring-size", &sizes->ring_size, line);
		return true;
	case SK_OPTION_LANE_SIZE:
		take_size("--lane-size", &sizes->lane_size, line);
		return true;
	case SK_OPTION_CPUS_PER_RING:
		sizes->cpus_per_ring = (unsigned)sk_command_line_number(line, "--cpus-per-ring", 1, CPUS_LIMIT);
		return true;
	default:
		return false;
	}
}

bool sk_rings_given(const struct sk_rings_sizes *sizes)
{
	return sizes->ring_size || sizes->lane_size || sizes->cpus_per_ring;
}

void sk_rings_apply(const struct sk_rings_sizes *sizes, struct sk_capture_options *options)
{
	options->ring_size = sizes->ring_size;
	options->lane_size = sizes->lane_size;
	options->cpus_per_ring = sizes->cpus_per_ring;
}
