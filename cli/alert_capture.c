/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/alert_capture.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	SECONDS_LIMIT = 3600,
	FILES_LIMIT = 1000000,
	MEGABYTE = 1000 * 1000,
	MEGABYTES_LIMIT = 1000 * 1000,
};

static const uint64_t second = 1000000000;

static void choose_rules(struct sk_alert_capture *capture, struct sk_command_line *line)
{
	capture->only_marked = strcmp(line->value, "marked") == 0;
	if (!capture->only_marked && strcmp(line->value, "all") != 0) {
		sk_command_usage(line, "--capture-rules is `all` or `marked`, not '%s'", line->value);
		line->failed = true;
	}
}

bool sk_alert_capture_take_option(struct sk_alert_capture *capture, struct sk_command_line *line, int id)
{
	struct sk_recorder_options *options = &capture->options;

	switch (id) {
	case SK_OPTION_CAPTURE_ON_ALERT:
		options->directory = line->value;
		return true;
	case SK_OPTION_CAPTURE_BEFORE:
		options->before_ns = second * sk_command_line_number(line, "--capture-before", 1, SECONDS_LIMIT);
		break;
	case SK_OPTION_CAPTURE_AFTER:
		options->after_ns = second * sk_command_line_number(line, "--capture-after", 1, SECONDS_LIMIT);
		break;
	case SK_OPTION_CAPTURE_RULES:
		choose_rules(capture, line);
		break;
	case SK_OPTION_CAPTURE_SIZE:
		options->file_size = MEGABYTE * sk_command_line_number(line, "--capture-size", 1, MEGABYTES_LIMIT);
		break;
	case SK_OPTION_CAPTURE_FILES:
		options->files = sk_command_line_number(line, "--capture-files", 1, FILES_LIMIT);
		break;
	case SK_OPTION_CAPTURE_MEMORY:
		options->memory = MEGABYTE * sk_command_line_number(line, "--capture-memory", 1, MEGABYTES_LIMIT);
		break;
	case SK_OPTION_CAPTURE_GZIP:
		options->compress = true;
		break;
	default:
		return false;
	}
	capture->refined = true;
	return true;
}

int sk_alert_capture_start(struct sk_alert_capture *capture, struct sk_command_line *line)
{
	struct sk_error error = {0};

	if (!capture->options.directory)
		return capture->refined ? sk_command_usage(line, "--capture-... says how --capture-on-alert DIR "
								 "works, which is not there")
					: SK_EXIT_OK;
	return sk_recorder_create(&capture->options, &capture->recorder, &error) < 0
		       ? sk_fail(SK_EXIT_OUTPUT, "%s", error.message)
		       : SK_EXIT_OK;
}

void sk_alert_capture_stop(struct sk_alert_capture *capture)
{
	struct sk_recorder_stats stats;

	if (!capture->recorder)
		return;
	sk_recorder_destroy(capture->recorder, &stats);
	capture->recorder = NULL;
	fprintf(stderr,
		"saker: captures: %" PRIu64 " written, %" PRIu64 " failed, %" PRIu64 " cut; alerts: %" PRIu64
		" in them, %" PRIu64 " in none; %" PRIu64 " events not kept; %" PRIu64
		" times less kept than wanted; state written down %" PRIu64
		" times, longest %.1f ms; memory %.1f MB\n",
		stats.files.complete, stats.files.failed, stats.cut, stats.alerts, stats.alerts_missed,
		stats.events_missed, stats.shortened, stats.dumps, (double)stats.longest_ns / 1e6,
		(double)stats.memory / 1e6);
	if (stats.files.failed)
		fprintf(stderr, "saker: %s: %s\n", capture->options.directory, stats.files.failure.message);
}

void sk_alert_capture_learned(void *capture, const uint8_t *bytes, size_t size)
{
	struct sk_alert_capture *own = capture;

	if (own->recorder)
		sk_recorder_learned(own->recorder, bytes, size);
}

void sk_alert_capture_matched(struct sk_alert_capture *capture, const struct sk_bundle *bundle,
			      const uint32_t *rules, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct sk_bundle_rule *rule = &bundle->rules[rules[i]];

		if (!capture->only_marked || rule->capture)
			sk_recorder_alert(capture->recorder, sk_bundle_text(bundle, rule->name, NULL),
					  (uint64_t)rule->capture_duration * 1000000);
	}
}
