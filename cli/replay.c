/* SPDX-License-Identifier: Apache-2.0 */
/* saker replay: evaluates rules over a capture. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/engine.h"
#include "cli/stopwatch.h"
#include "runtime/scap/reader.h"

enum { PROGRESS_EVERY = 1 << 16, OPTION_STATS = 3000 };

struct replay {
	struct sk_engine *engine;
	struct sk_scap_reader *reader;
	bool progress; /* told on standard error */
	uint64_t events;
};

static void show_progress(const struct sk_scap_reader *reader, uint64_t events)
{
	uint64_t offset, size;

	sk_scap_reader_progress(reader, &offset, &size);
	if (size)
		fprintf(stderr, "\r%3.0f %%, %" PRIu64 " events", 100.0 * (double)offset / (double)size, events);
	else
		fprintf(stderr, "\r%" PRIu64 " events", events);
}

/* Now and then: shows how far it is.  False if nobody wants the rest. */
static bool look_around(const struct replay *replay)
{
	if (replay->progress)
		show_progress(replay->reader, replay->events);
	return !sk_outputs_unread(&replay->engine->outputs);
}

/* Up to the end, or to where the capture is damaged. */
static int replay_all(struct replay *replay, struct sk_error *error)
{
	struct sk_sensor *sensor = replay->engine->sensor;
	struct sk_scap_event event;
	int result;

	while ((result = sk_scap_reader_next(replay->reader, &event, error)) > 0) {
		sk_sensor_event(sensor, event.bytes, event.size, event.cpu, event.state_only);
		if ((++replay->events & (PROGRESS_EVERY - 1)) == 0 && !look_around(replay))
			return 0;
	}
	return result;
}

/* One event, with a look at the clock after each stage. */
static int replay_event_timed(struct replay *replay, struct sk_stopwatch *watch, struct sk_error *error)
{
	struct sk_sensor *sensor = replay->engine->sensor;
	struct sk_scap_event event;
	const uint32_t *rules;
	uint64_t refills = sk_scap_reader_refills(replay->reader);
	uint32_t count = 0;
	bool seen;
	int result = sk_scap_reader_next(replay->reader, &event, error);

	if (result <= 0)
		return result;
	if (sk_scap_reader_refills(replay->reader) != refills)
		sk_stopwatch_leave_out(watch);
	else
		sk_stopwatch_lap(watch, SK_STAGE_READ);
	seen = sk_sensor_apply(sensor, event.bytes, event.size, event.cpu, event.state_only);
	sk_stopwatch_lap(watch, SK_STAGE_STATE);
	if (seen) {
		count = sk_sensor_evaluate(sensor, &rules);
		sk_stopwatch_lap(watch, SK_STAGE_EVALUATE);
	}
	if (count) {
		sk_sensor_report(sensor, rules, count);
		sk_stopwatch_lap(watch, SK_STAGE_OUTPUT);
	}
	return result;
}

/* replay_all(), and where its time went. */
static int replay_all_timed(struct replay *replay, struct sk_stopwatch *watch, struct sk_error *error)
{
	struct sk_sensor *sensor = replay->engine->sensor;
	struct sk_scap_event event;
	uint32_t events = 0;
	int result;

	do {
		bool drawn = sk_stopwatch_next_batch(watch, events);

		for (events = 0; events < SK_STOPWATCH_BATCH; events++) {
			if (drawn) {
				result = replay_event_timed(replay, watch, error);
			} else {
				result = sk_scap_reader_next(replay->reader, &event, error);
				if (result > 0)
					sk_sensor_event(sensor, event.bytes, event.size, event.cpu,
							event.state_only);
			}
			if (result <= 0)
				break;
			if ((++replay->events & (PROGRESS_EVERY - 1)) == 0 && !look_around(replay)) {
				result = 0;
				break;
			}
		}
	} while (result > 0);
	sk_stopwatch_next_batch(watch, events);
	return result;
}

static void print_stats(const struct sk_sensor_stats *stats, struct sk_stopwatch *watch, uint64_t refill_ns)
{
	double ns[SK_STAGE_COUNT], inflate_ns;

	sk_stopwatch_finish(watch, stats->events, refill_ns, ns, &inflate_ns);
	fprintf(stderr,
		"{\"events\":%" PRIu64 ",\"matches\":%" PRIu64
		",\"read_ns\":%.1f,\"inflate_ns\":%.1f,\"state_ns\":%.1f,\"eval_ns\":%.1f,\"output_ns\":%.1f,"
		"\"sampled\":%" PRIu64 "}\n",
		stats->events, stats->matches, ns[SK_STAGE_READ], inflate_ns, ns[SK_STAGE_STATE],
		ns[SK_STAGE_EVALUATE], ns[SK_STAGE_OUTPUT], watch->sampled);
}

static int replay(struct sk_engine *engine, const char *path, bool quiet, bool timed)
{
	const struct sk_entry_sink sink = sk_sensor_sink(engine->sensor);
	struct replay replay = {.engine = engine,
				.progress = !quiet && isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO)};
	struct sk_stopwatch watch;
	struct sk_error error = {0};
	struct sk_sensor_stats stats;
	int status = SK_EXIT_OK, result;

	result = sk_scap_reader_open(path, &sink, &replay.reader, &error);
	if (result < 0)
		return sk_fail(SK_EXIT_INPUT, "%s: %s", path, error.message);
	if (timed) {
		sk_scap_reader_time_refills(replay.reader);
		sk_stopwatch_start(&watch);
		result = replay_all_timed(&replay, &watch, &error);
	} else {
		result = replay_all(&replay, &error);
	}
	if (replay.progress)
		fputs("\r\033[K", stderr);
	sk_outputs_flush(&engine->outputs);
	stats = sk_sensor_stats(engine->sensor);
	if (!quiet)
		fprintf(stderr, "%" PRIu64 " events, %" PRIu64 " matches\n", stats.events, stats.matches);
	if (result < 0)
		status = sk_fail(SK_EXIT_INPUT, "%s: %s", path, error.message);
	else if (engine->outputs.failed)
		status = SK_EXIT_OUTPUT;
	if (timed)
		print_stats(&stats, &watch, sk_scap_reader_refill_ns(replay.reader));
	sk_scap_reader_close(replay.reader);
	return status;
}

static int run(struct sk_command_line *line)
{
	const struct sk_state_options state = {.own_pid = -1};
	struct sk_engine engine;
	bool quiet = false, timed = false;
	int id, status = SK_EXIT_USAGE;

	sk_engine_init(&engine, true);
	while ((id = sk_command_line_next(line)) != -1) {
		if (id == 'q')
			quiet = true;
		else if (id == OPTION_STATS)
			timed = true;
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
		status = replay(&engine, line->argv[0], quiet, timed);
out:
	sk_engine_release(&engine);
	return status;
}

const struct sk_command sk_command_replay = {
	.name = "replay",
	.arguments = "(-b FILE.skb | -r PACK...) [OPTION]... CAPTURE",
	.summary = "evaluate rules over a capture",
	.description =
		"Reads a capture of saker, sysdig or Falco (.scap, plain or gzip, of any version; - is "
		"standard input) and "
		"prints an alert for each event that matches a rule, exactly as it would have been printed "
		"live. Each tells what it rests on: saker.evidence among output_fields, and at the end of a line "
		"where "
		"that is not `complete` (docs/evidence.md).\n\n"
		"A capture that is cut short or damaged gives the alerts up to there, then an error.\n\n"
		"--stats looks at the clock between the stages of the first 2048 events and of 64 out of every "
		"2048 after them, which it draws by lot. That gives each stage's share; the figures are these "
		"shares of the CPU time of the whole replay, so they add up to it, and the other events run as "
		"they do without --stats. Fetching bytes from the file is rare and long, so that is measured each "
		"time.\n\n"
		"A compressed capture of some size is inflated by a second thread, beside the evaluation, where "
		"there is a second processor. Its CPU time is in read_ns, as if it had been spent in the first, "
		"and told apart as inflate_ns: read_ns - inflate_ns + state_ns + eval_ns + output_ns is what an "
		"event took of the thread that evaluates. inflate_ns is 0 where there was no such thread.",
	.options =
		(const struct sk_option[]){
			SK_ENGINE_OPTIONS,
			{'q', "quiet", NULL, "no summary and no progress on standard error"},
			{OPTION_STATS, "stats", NULL,
			 "end with one line of JSON on standard error: events, matches, and the nanoseconds of CPU "
			 "time "
			 "an event took for reading and decompressing (read_ns; of it in a thread of its own: "
			 "inflate_ns), decoding and state (state_ns), evaluation (eval_ns) and output (output_ns)"},
			{0},
		},
	.example = "  saker replay -r falco_rules.yaml --json trace.scap\n",
	.run = run,
};
