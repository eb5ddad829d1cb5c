/* SPDX-License-Identifier: Apache-2.0 */
/* saker run: watches this host. */
#include <stdio.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/signals.h"
#include "cli/watch.h"
#include "runtime/capture/filter.h"

enum { OPTION_CHECK = 3000, OPTION_ENTER, OPTION_NO_FILTER, OPTION_EXPLAIN_FILTER, OPTION_STATS };

/* Whether this host can be watched: loads the programs and lets them go. */
static int check(void)
{
	const struct sk_capture_options options = {.ring_size = 1 << 16, .lane_size = 1 << 16};
	struct sk_capture *capture;
	struct sk_error error = {0};

	if (sk_capture_open(&options, &capture, &error) < 0)
		return sk_fail(SK_EXIT_REFUSED, "%s", error.message);
	sk_watch_tell_unseen(capture);
	sk_capture_close(capture);
	return SK_EXIT_OK;
}

/* What the kernel would hold back with these rules. */
static int explain_filter(struct sk_engine *engine, struct sk_command_line *line)
{
	const struct sk_state_options state = {.own_pid = -1};
	struct sk_buffer buffer = {0};
	struct sk_kernel_filter *filter;
	int status = sk_engine_start(engine, line, &state);

	if (status != SK_EXIT_OK)
		return status;
	if (sk_kernel_filter_create(&engine->rules.bundle, &filter) < 0)
		return sk_fail(SK_EXIT_MEMORY, "out of memory");
	sk_kernel_filter_explain(filter, &buffer);
	sk_kernel_filter_destroy(filter);
	fwrite(buffer.bytes, 1, buffer.length, stdout);
	sk_buffer_release(&buffer);
	return SK_EXIT_OK;
}

static int watch(struct sk_engine *engine, struct sk_command_line *line, const struct sk_watch_runtimes *runtimes,
		 struct sk_watch_options *options)
{
	struct sk_state_options state = {.own_pid = getpid()};
	struct sk_state_source source;
	int status = sk_watch_start_inquirer(runtimes, &options->inquirer);

	if (status != SK_EXIT_OK)
		return status;
	source = sk_watch_source_asking(options->inquirer);
	state.source = &source;
	state.learned = sk_alert_capture_learned;
	state.learned_context = options->alert_capture;
	status = sk_engine_start(engine, line, &state);
	if (status == SK_EXIT_OK)
		status = sk_alert_capture_start(options->alert_capture, line);
	if (status == SK_EXIT_OK)
		status = sk_watch(engine, options);
	sk_alert_capture_stop(options->alert_capture);
	sk_inquirer_stop(options->inquirer);
	return status;
}

static bool read_seconds(const char *text, unsigned *ret_seconds)
{
	unsigned seconds;
	char rest;

	if (sscanf(text, "%u%c", &seconds, &rest) != 1 || seconds < 1 || seconds > 86400)
		return false;
	*ret_seconds = seconds;
	return true;
}

static int run(struct sk_command_line *line)
{
	struct sk_alert_capture capture = {0};
	struct sk_watch_options options = {.alert_capture = &capture};
	struct sk_watch_runtimes runtimes = {0};
	struct sk_engine engine;
	bool only_check = false, only_explain = false;
	int id, status = SK_EXIT_USAGE;

	sk_engine_init(&engine, false);
	while ((id = sk_command_line_next(line)) != -1) {
		if (id == OPTION_CHECK) {
			only_check = true;
		} else if (id == OPTION_ENTER) {
			options.enter_events = true;
		} else if (id == OPTION_STATS) {
			if (!read_seconds(line->value, &options.stats_seconds)) {
				sk_command_usage(line, "--stats takes seconds, from 1 to 86400");
				line->failed = true;
			}
		} else if (id == OPTION_NO_FILTER) {
			options.no_kernel_filter = true;
		} else if (id == OPTION_EXPLAIN_FILTER) {
			only_explain = true;
		} else if (!sk_watch_take_option(&runtimes, line, id) &&
			   !sk_rings_take_option(&options.rings, line, id) &&
			   !sk_alert_capture_take_option(&capture, line, id)) {
			sk_engine_take_option(&engine, line, id);
		}
	}
	if (line->failed)
		goto out;
	if (line->argc != 0) {
		sk_command_usage(line, "'%s' is one word too many", line->argv[0]);
		goto out;
	}
	sk_signals_catch();
	if (only_check)
		status = check();
	else if (only_explain)
		status = explain_filter(&engine, line);
	else
		status = watch(&engine, line, &runtimes, &options);
out:
	sk_engine_release(&engine);
	return status;
}

const struct sk_command sk_command_run = {
	.name = "run",
	.arguments = "(-b FILE.skb | -r PACK...) [OPTION]...",
	.summary = "watch this host and print alerts",
	.description =
		"Loads BPF programs that record the system calls which the rules and the process state "
		"need, reads the "
		"processes that run already, and prints an alert for each event that matches a rule, as it "
		"happens. Needs "
		"root (CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE) and a kernel with BTF, 5.15 or newer.\n\n"
		"Docker, podman, containerd and CRI-O are asked about containers (name, image, labels, mounts, "
		"pod ...) over their sockets, "
		"beside the watching: until an answer arrives, and where nobody listens, a container is known "
		"by its id alone.\n\n"
		"Each alert tells what it rests on: saker.evidence among output_fields, and at the end of a line "
		"where "
		"that is not `complete`. It says what was lost in the seconds before, which values are not known, "
		"and "
		"which may have changed in an event that was lost (docs/evidence.md).\n\n"
		"With --capture-on-alert the events that rules and process state needed are held in memory for "
		"some seconds, "
		"and go to a capture when there is an alert: DIR/TIME-RULE.scap, which `saker replay` finds the "
		"same alert "
		"in, and sysdig opens. Another alert before it ends makes it longer. A capture that is not "
		"complete has a "
		"name that begins with a dot. Nothing waits for the disk: what did not fit into memory or limits "
		"is told at "
		"the end.\n\n"
		"SIGINT or SIGTERM ends it, with one line that tells how many events and matches there were "
		"and what was "
		"lost. If an output fails, its alerts go to standard error.",
	.options =
		(const struct sk_option[]){
			SK_ENGINE_OPTIONS,
			SK_WATCH_OPTIONS,
			SK_ALERT_CAPTURE_OPTIONS,
			SK_RINGS_OPTIONS(""),
			{OPTION_ENTER, "enter-events", NULL,
			 "read the paths of open and the addresses of connect when the call begins, too, before "
			 "another thread can rewrite them; makes these calls slower"},
			{OPTION_NO_FILTER, "no-kernel-filter", NULL,
			 "let the kernel hold nothing back: calls that no rule can match and that do not change "
			 "the state are recorded, too; so it is with --enter-events and --capture-on-alert"},
			{OPTION_EXPLAIN_FILTER, "explain-filter", NULL,
			 "only say what the kernel holds back with these rules, and for which rule it keeps the "
			 "rest"},
			{OPTION_STATS, "stats", "SECONDS",
			 "so often, and at the end, a line of JSON on standard error: events, losses by cause, "
			 "threads, "
			 "fds and containers that are known, memory, time on the CPU"},
			{OPTION_CHECK, "check", NULL,
			 "only say whether this host can be watched: exit status 0, and what this kernel does not "
			 "tell; or 4 "
			 "and the reason"},
			{0},
		},
	.example = "  saker run -b default.skb\n  saker run -r rules/ --json -o /var/log/saker.jsonl\n"
		   "  saker run -b default.skb --capture-on-alert /var/lib/saker --capture-before 30\n",
	.run = run,
};
