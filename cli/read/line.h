/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events as lines of text or JSON objects, as sysdig prints them: the literals
 * and values of the one rule of a filter's bundle (cli/filter.h).
 */
#ifndef SK_CLI_READ_LINE_H
#define SK_CLI_READ_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/sensor.h"
#include "vm/bundle.h"
#include "vm/support/buffer.h"

/* What evt.outputtime shows. */
enum sk_line_time {
	SK_LINE_TIME_OF_DAY,
	SK_LINE_TIME_ABSOLUTE, /* seconds since the epoch */
	SK_LINE_TIME_RELATIVE, /* since the first event */
	SK_LINE_TIME_DELTA,    /* since the event that was printed before */
	SK_LINE_TIME_RAW,      /* ns since the epoch */
};

struct sk_line_options {
	enum sk_line_time time;
	bool json;
	bool with_missing; /* print events of which some value is missing, too */
};

struct sk_lines;

/* `bundle` and `sensor` must outlive it.  0 or -ENOMEM. */
int sk_lines_create(const struct sk_bundle *bundle, struct sk_sensor *sensor, const struct sk_line_options *options,
		    struct sk_lines **ret_lines);
void sk_lines_destroy(struct sk_lines *lines);

/*
 * Appends the line of the event that passed the filter last, with its newline.
 * Values hold no control characters in it: a dot stands for each.  False if it
 * is not printed, because a value is missing.
 */
bool sk_lines_append(struct sk_lines *lines, struct sk_buffer *buffer);

/* Reads MODE of -t; false if it is none. */
bool sk_line_time_read(const char *text, enum sk_line_time *ret_time);

#endif
