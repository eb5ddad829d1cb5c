/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A filter: a condition over every event of a stream, not only over those that
 * rules see, and the values of a format for those that it lets through.
 *
 *   filter, format ─► bundle of one rule ─► sensor ─► yes or no for each event
 *
 * Invariant: after sk_filter_create() the sensor refers to the filter's own bundle,
 * so the filter must not be moved.
 */
#ifndef SK_CLI_FILTER_H
#define SK_CLI_FILTER_H

#include "cli/command.h"
#include "runtime/capture/capture.h"
#include "runtime/sensor.h"

struct sk_filter {
	struct sk_buffer compiled;
	struct sk_bundle bundle;
	struct sk_sensor *sensor;
	uint64_t syscalls[(SK_SYSCALL_NAME_COUNT + 63) / 64]; /* those that can pass, for a capture */
};

/*
 * `condition` NULL: every event passes; `format` NULL: no values.  Mistakes
 * are printed on stderr.  An enum sk_exit; after a failure too,
 * sk_filter_release() is to be called.
 */
int sk_filter_create(struct sk_filter *filter, const char *condition, const char *format,
		     const struct sk_state_options *state);
void sk_filter_release(struct sk_filter *filter);

/* A call of the schema, by its name, is captured too. */
void sk_filter_add_call(struct sk_filter *filter, const char *name);

/* Joins the words of a command line with blanks; `*ret_condition` is NULL without any, else to be freed (sk_free). */
int sk_filter_join(int count, char **words, char **ret_condition);

/* Takes an event into the state; true if it passes. */
bool sk_filter_passes(struct sk_filter *filter, const uint8_t *bytes, size_t size, uint16_t cpu, bool state_only);

#endif
