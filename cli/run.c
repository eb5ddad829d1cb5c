/* SPDX-License-Identifier: Apache-2.0 */
/* saker run: watches this host. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/engine.h"
#include "cli/signals.h"
#include "runtime/capture/capture.h"

enum { POLL_MS = 200, OPTION_CHECK = 3000, OPTION_RING };

static int lookup(void *context, int64_t tid, const struct sk_entry_sink *sink)
{
	(void)context;
	return sk_proc_read_thread(tid, sink);
}

static int host_users(void *context, const struct sk_entry_sink *sink)
{
	(void)context;
	return sk_proc_read_users(sink);
}

static bool exists(void *context, int64_t pid, int64_t tid, const char *comm)
{
	(void)context;
	return sk_proc_thread_exists(pid, tid, comm);
}

static int handle(void *context, const uint8_t *bytes, size_t size, uint16_t cpu)
{
	sk_sensor_event(context, bytes, size, cpu, false);
	return 0;
}

/* One line that says how it went: events, matches, and losses by cause. */
static void summarise(const struct sk_sensor *sensor, const struct sk_capture *capture)
{
	struct sk_sensor_stats sensor_stats = sk_sensor_stats(sensor);
	struct sk_capture_stats stats = sk_capture_stats(capture);

	fprintf(stderr,
		"saker: %" PRIu64 " events, %" PRIu64 " matches; drops: %" PRIu64 " ring full, %" PRIu64
		" too large, %" PRIu64 " no scratch, %" PRIu64 " damaged, %" PRIu64 " thread table full\n",
		sensor_stats.events, sensor_stats.matches, stats.drops_ring, stats.drops_size, stats.drops_scratch,
		sensor_stats.damaged, sensor_stats.state.threads_dropped);
}

static int watch(struct sk_engine *engine, size_t ring_size)
{
	const struct sk_capture_options options = {
		.syscalls = engine->rules.bundle.syscalls,
		.syscall_words = engine->rules.bundle.syscalls_count,
		.ring_size = ring_size,
	};
	const struct sk_entry_sink sink = sk_sensor_sink(engine->sensor);
	struct sk_capture *capture;
	struct sk_error error = {0};
	int result;

	/*
	 * Programs first, then /proc: what happens meanwhile waits in the ring,
	 * so no process falls between the two.
	 */
	if (sk_capture_open(&options, &capture, &error) < 0)
		return sk_fail(SK_EXIT_REFUSED, "%s", error.message);
	if (sk_proc_scan(0, &sink, &error) < 0) {
		sk_capture_close(capture);
		return sk_fail(SK_EXIT_REFUSED, "%s", error.message);
	}
	fprintf(stderr, "saker: watching with %u rules\n", engine->rules.bundle.rules_count);
	do {
		result = sk_capture_poll(capture, POLL_MS, handle, engine->sensor);
	} while (!sk_signals_stop() && (result >= 0 || result == -EINTR));

	sk_outputs_flush(&engine->outputs);
	summarise(engine->sensor, capture);
	sk_capture_close(capture);
	if (result < 0 && result != -EINTR)
		return sk_fail(SK_EXIT_REFUSED, "reading events failed: error %d", -result);
	return engine->outputs.failed ? SK_EXIT_OUTPUT : SK_EXIT_OK;
}

/* Whether this host can be watched: loads the programs and lets them go. */
static int check(void)
{
	const struct sk_capture_options options = {.ring_size = 1 << 16};
	struct sk_capture *capture;
	struct sk_error error = {0};

	if (sk_capture_open(&options, &capture, &error) < 0)
		return sk_fail(SK_EXIT_REFUSED, "%s", error.message);
	sk_capture_close(capture);
	return SK_EXIT_OK;
}

static bool read_ring_size(const char *text, size_t *ret_size)
{
	unsigned megabytes;
	char rest;

	if (sscanf(text, "%u%c", &megabytes, &rest) != 1 || megabytes < 1 || megabytes > 1024 ||
	    (megabytes & (megabytes - 1)))
		return false;
	*ret_size = (size_t)megabytes << 20;
	return true;
}

static int run(struct sk_command_line *line)
{
	const struct sk_state_source source = {.lookup = lookup, .host_users = host_users, .exists = exists};
	const struct sk_state_options state = {.source = &source, .own_pid = getpid()};
	struct sk_engine engine;
	bool only_check = false;
	size_t ring_size = 0;
	int id, status = SK_EXIT_USAGE;

	sk_engine_init(&engine, false);
	while ((id = sk_command_line_next(line)) != -1) {
		if (id == OPTION_CHECK) {
			only_check = true;
		} else if (id == OPTION_RING) {
			if (!read_ring_size(line->value, &ring_size)) {
				sk_command_usage(line, "--ring-size is a power of two from 1 to 1024, in MiB");
				line->failed = true;
			}
		} else {
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
	status = only_check ? check() : sk_engine_start(&engine, line, &state);
	if (status == SK_EXIT_OK && !only_check)
		status = watch(&engine, ring_size);
out:
	sk_engine_release(&engine);
	return status;
}

const struct sk_command sk_command_run = {
	.name = "run",
	.arguments = "(-b FILE.skb | -r PACK...) [OPTION]...",
	.summary = "watch this host and print alerts",
	.description = "Loads BPF programs that record the system calls which the rules and the process state "
		       "need, reads the "
		       "processes that run already, and prints an alert for each event that matches a rule, as it "
		       "happens. Needs "
		       "root (CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE) and a kernel with BTF, 5.15 or newer.\n\n"
		       "SIGINT or SIGTERM ends it, with one line that tells how many events and matches there were "
		       "and what was "
		       "lost. If an output fails, its alerts go to standard error.",
	.options =
		(const struct sk_option[]){
			SK_ENGINE_OPTIONS,
			{OPTION_RING, "ring-size", "MIB", "size of the ring between kernel and saker; default 8"},
			{OPTION_CHECK, "check", NULL,
			 "only say whether this host can be watched: exit status 0, or 4 and the reason"},
			{0},
		},
	.example = "  saker run -b default.skb\n  saker run -r rules/ --json -o /var/log/saker.jsonl\n",
	.run = run,
};
