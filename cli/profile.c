/* SPDX-License-Identifier: Apache-2.0 */
/* saker profile: what rules cost, and whom. */
#include <stdlib.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/profile/report.h"
#include "cli/replace_file.h"
#include "cli/signals.h"
#include "cli/watch.h"
#include "runtime/scap/reader.h"

enum {
	OPTION_SVG = 3000,
	OPTION_SUGGEST,
	OPTION_TOP,
	OPTION_SAMPLE,
	OPTION_SECONDS,
	/* One event in so many is timed while the host is watched. */
	LIVE_SAMPLE = 64,
	DEFAULT_TOP = 20,
	DEFAULT_SECONDS = 30,
	SECONDS_LIMIT = 7 * 24 * 3600,
	NUMBER_LIMIT = 1 << 20,
};

struct request {
	bool json, suggest;
	uint32_t top, every, seconds;
	const char *svg;
	struct sk_rings_sizes rings;
	struct sk_watch_runtimes runtimes;
	struct sk_inquirer *inquirer;
	uint64_t events;
};

static int profile_capture(struct sk_engine *engine, const char *path)
{
	const struct sk_entry_sink sink = sk_sensor_sink(engine->sensor);
	struct sk_scap_reader *reader;
	struct sk_scap_event event;
	struct sk_error error = {0};
	const uint32_t *rules;
	int result = sk_scap_reader_open(path, &sink, &reader, &error);

	if (result < 0)
		return sk_fail(SK_EXIT_INPUT, "%s: %s", path, error.message);
	while ((result = sk_scap_reader_next(reader, &event, &error)) > 0) {
		if (sk_sensor_apply(engine->sensor, event.bytes, event.size, event.cpu, event.state_only))
			sk_sensor_evaluate(engine->sensor, &rules);
	}
	sk_scap_reader_close(reader);
	return result < 0 ? sk_fail(SK_EXIT_INPUT, "%s: %s", path, error.message) : SK_EXIT_OK;
}

static int tell(const struct sk_figures *figures, const struct request *request)
{
	struct sk_suggestions suggestions = {0};
	struct sk_buffer text = {0}, picture = {0};
	int status = SK_EXIT_OK;

	if (request->suggest && sk_suggest_rewrites(figures, &suggestions) < 0)
		status = sk_fail(SK_EXIT_MEMORY, "out of memory");
	if (status == SK_EXIT_OK && request->svg) {
		if (sk_report_print_svg(figures, &picture) < 0)
			status = sk_fail(SK_EXIT_MEMORY, "out of memory");
		else
			status = sk_replace_file(request->svg, &picture, NULL);
	}
	if (status == SK_EXIT_OK) {
		const struct sk_suggestions *found = request->suggest ? &suggestions : NULL;

		if (request->json)
			sk_report_print_json(figures, found, &text);
		else
			sk_report_print_text(figures, found, request->top, &text);
		status = sk_print(&text);
	}
	sk_suggestions_release(&suggestions);
	sk_buffer_release(&text);
	sk_buffer_release(&picture);
	return status;
}

static int report(struct sk_engine *engine, const struct request *request)
{
	const struct sk_vm_stats stats = sk_sensor_vm_stats(engine->sensor);
	const struct sk_profile *profile;
	struct sk_figures figures;
	int status;

	if (sk_vm_profile_read(sk_sensor_vm(engine->sensor), &profile) < 0 ||
	    sk_figures_init(&figures, profile, &stats) < 0)
		return sk_fail(SK_EXIT_MEMORY, "out of memory");
	figures.events = sk_sensor_stats(engine->sensor).events;
	figures.every = request->every;
	status = tell(&figures, request);
	sk_figures_release(&figures);
	return status;
}

/* What was seen up to a failure is told all the same. */
static int profile(struct sk_engine *engine, struct request *request, const char *path)
{
	const struct sk_watch_options watch = {
		.inquirer = request->inquirer,
		.rings = request->rings,
		.seconds = request->seconds,
		.without_alerts = true,
	};
	int status, told;

	if (sk_vm_profile_start(sk_sensor_vm(engine->sensor), request->every) < 0)
		return sk_fail(SK_EXIT_MEMORY, "out of memory");
	status = path ? profile_capture(engine, path) : sk_watch(engine, &watch);
	if (status == SK_EXIT_REFUSED)
		return status;
	told = report(engine, request);
	return status != SK_EXIT_OK ? status : told;
}

static void take_option(struct request *request, struct sk_engine *engine, struct sk_command_line *line, int id)
{
	switch (id) {
	case 'j':
		request->json = true;
		break;
	case OPTION_SVG:
		request->svg = line->value;
		break;
	case OPTION_SUGGEST:
		request->suggest = true;
		break;
	case OPTION_TOP:
		request->top = (uint32_t)sk_command_line_number(line, "--top", 0, NUMBER_LIMIT);
		break;
	case OPTION_SAMPLE:
		request->every = (uint32_t)sk_command_line_number(line, "--sample", 1, NUMBER_LIMIT);
		break;
	case OPTION_SECONDS:
		request->seconds = (uint32_t)sk_command_line_number(line, "--seconds", 1, SECONDS_LIMIT);
		break;
	default:
		if (!sk_watch_take_option(&request->runtimes, line, id) &&
		    !sk_rings_take_option(&request->rings, line, id))
			sk_engine_take_option(engine, line, id);
	}
}

static int run(struct sk_command_line *line)
{
	struct sk_state_options state = {.own_pid = -1};
	struct request request = {.top = DEFAULT_TOP};
	struct sk_state_source source;
	struct sk_engine engine;
	int id, status = SK_EXIT_USAGE;

	sk_engine_init(&engine, true);
	while ((id = sk_command_line_next(line)) != -1)
		take_option(&request, &engine, line, id);
	if (line->failed)
		goto out;
	if (line->argc > 1) {
		sk_command_usage(line, "one capture, or none to watch this host");
		goto out;
	}
	if (line->argc == 1 && (request.seconds || sk_rings_given(&request.rings) || request.runtimes.count ||
				request.runtimes.none)) {
		sk_command_usage(
			line, "--seconds, options about rings and sockets of runtimes are for watching this host");
		goto out;
	}
	if (line->argc == 0) {
		sk_signals_catch();
		status = sk_watch_start_inquirer(&request.runtimes, &request.inquirer);
		if (status != SK_EXIT_OK)
			goto out;
		source = sk_watch_source_asking(request.inquirer);
		state = (struct sk_state_options){.source = &source, .own_pid = getpid()};
		request.seconds = request.seconds ? request.seconds : DEFAULT_SECONDS;
	}
	if (!request.every)
		request.every = line->argc ? 1 : LIVE_SAMPLE;
	status = sk_engine_start(&engine, line, &state);
	if (status == SK_EXIT_OK)
		status = profile(&engine, &request, line->argc ? line->argv[0] : NULL);
out:
	sk_inquirer_stop(request.inquirer);
	sk_engine_release(&engine);
	return status;
}

const struct sk_command sk_command_profile = {
	.name = "profile",
	.arguments = "(-b FILE.skb | -r PACK...) [OPTION]... [CAPTURE]",
	.summary = "tell what rules cost over a capture, or on this host",
	.description =
		"Evaluates rules over a capture, or without one over what happens on this host, and prints no "
		"alerts "
		"but where the time of evaluation went: by rule, by field, by predicate.\n\n"
		"A rule is considered for each event of its types, unless an earlier rule matched it. It survives "
		"where "
		"the fields that were asked did not rule it out; then it matches for sure, or its program is run. "
		"So "
		"considered is never less than survived, nor survived less than matched. The time of a question is "
		"divided evenly among the rules that were left and name it when it was asked; what finding the "
		"class "
		"of a thread takes, among the rules that ask anything of one. These counts are exact. Times, and "
		"what is told of fields and predicates, come from "
		"the "
		"events that are timed: all of a capture, one in 64 on a live host, where this costs less than 2 % "
		"of "
		"what `saker run` costs.\n\n"
		"A field is asked for a value, which was met before (remembered) or is looked up in the field's "
		"indexes; values that meet the same constants share a signature, and a row says which rules of an "
		"event "
		"type a signature leaves. Predicates are told by the rules that they ruled out, added up over "
		"events.\n\n"
		"--suggest tells what could be written otherwise, and why, with figures. What is to `write` "
		"instead "
		"means the same for every event; what to `consider` agrees with the events that were profiled, and "
		"whether it says what is meant is for the author to judge.",
	.options =
		(const struct sk_option[]){
			{'b', "bundle", "FILE.skb", "the bundle to evaluate"},
			{'r', "rules", "PACK", "a pack to compile in place instead (may be given several times)"},
			SK_SELECTION_OPTIONS,
			{'j', "json", NULL, "one JSON object, with all rules, fields and predicates"},
			{OPTION_SVG, "svg", "FILE",
			 "write a picture too: event types, the questions asked for them in order, rules; as wide "
			 "as the "
			 "time they took"},
			{OPTION_SUGGEST, "suggest", NULL, "tell what could be written otherwise"},
			{OPTION_TOP, "top", "N", "lines of each table; default 20, 0 for all"},
			{OPTION_SAMPLE, "sample", "N", "time one event in N, by lot; default 1, on a live host 64"},
			{OPTION_SECONDS, "seconds", "N",
			 "how long to watch this host; default 30, a signal ends it too"},
			SK_RINGS_OPTIONS(""),
			SK_WATCH_OPTIONS,
			SK_MATCHING_OPTION,
			SK_HOW_OPTION,
			{0},
		},
	.example = "  saker profile -r mine.yaml --suggest trace.scap\n"
		   "  saker profile -b default.skb --seconds 60 --svg profile.svg\n",
	.run = run,
};
