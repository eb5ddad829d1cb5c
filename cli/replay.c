/* SPDX-License-Identifier: Apache-2.0 */
/* saker replay: evaluates rules over a capture. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/engine.h"
#include "runtime/scap/reader.h"

enum { PROGRESS_EVERY = 1 << 16 };

static void show_progress(const struct sk_scap_reader *reader, uint64_t events)
{
	uint64_t offset, size;

	sk_scap_reader_progress(reader, &offset, &size);
	if (size)
		fprintf(stderr, "\r%3.0f %%, %" PRIu64 " events", 100.0 * (double)offset / (double)size, events);
	else
		fprintf(stderr, "\r%" PRIu64 " events", events);
}

/* Everything up to the end, or to where the capture is damaged. */
static int replay(struct sk_engine *engine, const char *path, bool quiet)
{
	const struct sk_entry_sink sink = sk_sensor_sink(engine->sensor);
	const bool progress = !quiet && isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO);
	struct sk_scap_reader *reader = NULL;
	struct sk_scap_event event;
	struct sk_error error = {0};
	struct sk_sensor_stats stats;
	uint64_t events = 0;
	int result;

	result = sk_scap_reader_open(path, &sink, &reader, &error);
	if (result < 0)
		return sk_fail(SK_EXIT_INPUT, "%s: %s", path, error.message);
	while ((result = sk_scap_reader_next(reader, &event, &error)) > 0) {
		sk_sensor_event(engine->sensor, event.bytes, event.size, event.cpu, event.state_only);
		if (progress && (++events & (PROGRESS_EVERY - 1)) == 0)
			show_progress(reader, events);
	}
	if (progress)
		fputs("\r\033[K", stderr);
	sk_outputs_flush(&engine->outputs);
	sk_scap_reader_close(reader);
	stats = sk_sensor_stats(engine->sensor);
	if (!quiet)
		fprintf(stderr, "%" PRIu64 " events, %" PRIu64 " matches\n", stats.events, stats.matches);
	if (result < 0)
		return sk_fail(SK_EXIT_INPUT, "%s: %s", path, error.message);
	return engine->outputs.failed ? SK_EXIT_OUTPUT : SK_EXIT_OK;
}

static int run(struct sk_command_line *line)
{
	const struct sk_state_options state = {.own_pid = -1};
	struct sk_engine engine;
	bool quiet = false;
	int id, status = SK_EXIT_USAGE;

	sk_engine_init(&engine, true);
	while ((id = sk_command_line_next(line)) != -1) {
		if (id == 'q')
			quiet = true;
		else
			sk_engine_take_option(&engine, line, id);
	}
	if (line->failed)
		goto out;
	if (line->argc != 1) {
		sk_command_usage(line, "one capture, please");
		goto out;
	}
	status = sk_engine_start(&engine, line, &state);
	if (status == SK_EXIT_OK)
		status = replay(&engine, line->argv[0], quiet);
out:
	sk_engine_release(&engine);
	return status;
}

const struct sk_command sk_command_replay = {
	.name = "replay",
	.arguments = "(-b FILE.skb | -r PACK...) [OPTION]... CAPTURE",
	.summary = "evaluate rules over a capture",
	.description = "Reads a capture of saker, sysdig or Falco (.scap, plain or gzip, of any version; - is "
		       "standard input) and "
		       "prints an alert for each event that matches a rule, exactly as it would have been printed "
		       "live.\n\n"
		       "A capture that is cut short or damaged gives the alerts up to there, then an error.",
	.options =
		(const struct sk_option[]){
			SK_ENGINE_OPTIONS,
			{'q', "quiet", NULL, "no summary and no progress on standard error"},
			{0},
		},
	.example = "  saker replay -r falco_rules.yaml --json trace.scap\n",
	.run = run,
};
