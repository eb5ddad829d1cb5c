/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `run --capture-on-alert`: what the options say, and which alerts get a
 * capture (runtime/recorder/recorder.h).
 */
#ifndef SK_CLI_ALERT_CAPTURE_H
#define SK_CLI_ALERT_CAPTURE_H

#include "cli/command.h"
#include "runtime/recorder/recorder.h"
#include "runtime/sensor.h"
#include "vm/bundle.h"

enum {
	SK_OPTION_CAPTURE_ON_ALERT = 2900,
	SK_OPTION_CAPTURE_BEFORE,
	SK_OPTION_CAPTURE_AFTER,
	SK_OPTION_CAPTURE_RULES,
	SK_OPTION_CAPTURE_SIZE,
	SK_OPTION_CAPTURE_FILES,
	SK_OPTION_CAPTURE_MEMORY,
	SK_OPTION_CAPTURE_GZIP,
};

#define SK_ALERT_CAPTURE_OPTIONS                                                                                   \
	{SK_OPTION_CAPTURE_ON_ALERT, "capture-on-alert", "DIR",                                                    \
	 "write the seconds before and after an alert to a capture in DIR, which must exist"},                     \
		{SK_OPTION_CAPTURE_BEFORE, "capture-before", "N", "at least so many seconds before; default 10"},  \
		{SK_OPTION_CAPTURE_AFTER, "capture-after", "N",                                                    \
		 "so many seconds after the last alert, unless its rule has a `capture_duration`; default 5"},     \
		{SK_OPTION_CAPTURE_RULES, "capture-rules", "all|marked",                                           \
		 "after alerts of all rules (default), or only of those with `capture: true`"},                    \
		{SK_OPTION_CAPTURE_SIZE, "capture-size", "MB",                                                     \
		 "largest capture, before compression; default 256"},                                              \
		{SK_OPTION_CAPTURE_FILES, "capture-files", "N", "write so many and no more; default 100"},         \
		{SK_OPTION_CAPTURE_MEMORY, "capture-memory", "MB",                                                 \
		 "hold at most so much of the last seconds, and of what waits for the disk; default 64"},          \
	{                                                                                                          \
		SK_OPTION_CAPTURE_GZIP, "capture-gzip", NULL, "compress captures"                                  \
	}

/* All zero: no captures. */
struct sk_alert_capture {
	struct sk_recorder_options options;
	bool only_marked, refined;
	struct sk_recorder *recorder; /* NULL: no captures */
};

/* Takes one of SK_ALERT_CAPTURE_OPTIONS; false if it is another option. */
bool sk_alert_capture_take_option(struct sk_alert_capture *capture, struct sk_command_line *line, int id);

/* After the last option: an enum sk_exit. */
int sk_alert_capture_start(struct sk_alert_capture *capture, struct sk_command_line *line);

/* Writes what is left and says on stderr how it went; nothing without a recorder. */
void sk_alert_capture_stop(struct sk_alert_capture *capture);

/* For struct sk_state_options, with `capture` as its context. */
void sk_alert_capture_learned(void *capture, const uint8_t *bytes, size_t size);

/* The rules that matched the event that was kept last. */
void sk_alert_capture_matched(struct sk_alert_capture *capture, const struct sk_bundle *bundle,
			      const uint32_t *rules, uint32_t count);

#endif
