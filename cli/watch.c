/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/watch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "cli/deadline.h"
#include "cli/signals.h"

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

const struct sk_state_source sk_watch_source = {.lookup = lookup, .host_users = host_users, .exists = exists};

static int handle(void *context, const uint8_t *bytes, size_t size, uint16_t cpu)
{
	sk_sensor_event(context, bytes, size, cpu, false);
	return 0;
}

static int handle_quietly(void *context, const uint8_t *bytes, size_t size, uint16_t cpu)
{
	const uint32_t *rules;

	if (sk_sensor_apply(context, bytes, size, cpu, false))
		sk_sensor_evaluate(context, &rules);
	return 0;
}

static void summarise(const struct sk_engine *engine, const struct sk_capture *capture, bool without_alerts)
{
	const struct sk_sensor_stats sensor = sk_sensor_stats(engine->sensor);
	const struct sk_capture_stats stats = sk_capture_stats(capture);

	fprintf(stderr, "saker: %" PRIu64 " events", sensor.events);
	if (!without_alerts)
		fprintf(stderr, ", %" PRIu64 " matches", sensor.matches);
	fprintf(stderr,
		"; drops: %" PRIu64 " ring full, %" PRIu64 " too large, %" PRIu64 " no scratch, %" PRIu64
		" damaged, %" PRIu64 " thread table full\n",
		stats.drops_ring, stats.drops_size, stats.drops_scratch, sensor.damaged,
		sensor.state.threads_dropped);
}

int sk_watch(struct sk_engine *engine, const struct sk_watch_options *options)
{
	const struct sk_capture_options capture_options = {
		.syscalls = engine->rules.bundle.syscalls,
		.syscall_words = engine->rules.bundle.syscalls_count,
		.ring_size = options->ring_size,
	};
	const struct sk_entry_sink sink = sk_sensor_sink(engine->sensor);
	struct sk_capture *capture;
	struct sk_error error = {0};
	int64_t end;
	int result = 0, wait;

	if (sk_capture_open(&capture_options, &capture, &error) < 0)
		return sk_fail(SK_EXIT_REFUSED, "%s", error.message);
	if (sk_proc_scan(0, &sink, &error) < 0) {
		sk_capture_close(capture);
		return sk_fail(SK_EXIT_REFUSED, "%s", error.message);
	}
	fprintf(stderr, "saker: watching with %u rules\n", engine->rules.bundle.rules_count);
	end = sk_deadline_after(options->seconds);
	while (!sk_signals_stop() && (wait = sk_deadline_wait(end)) > 0 && (result >= 0 || result == -EINTR))
		result = sk_capture_poll(capture, wait, options->without_alerts ? handle_quietly : handle,
					 engine->sensor);

	sk_outputs_flush(&engine->outputs);
	summarise(engine, capture, options->without_alerts);
	sk_capture_close(capture);
	if (result < 0 && result != -EINTR)
		return sk_fail(SK_EXIT_REFUSED, "reading events failed: error %d", -result);
	return engine->outputs.failed ? SK_EXIT_OUTPUT : SK_EXIT_OK;
}

bool sk_watch_read_ring_size(const char *text, size_t *ret_size)
{
	unsigned megabytes;
	char rest;

	if (sscanf(text, "%u%c", &megabytes, &rest) != 1 || megabytes < 1 || megabytes > 1024 ||
	    (megabytes & (megabytes - 1)))
		return false;
	*ret_size = (size_t)megabytes << 20;
	return true;
}
