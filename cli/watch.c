/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/watch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "cli/deadline.h"
#include "cli/loss.h"
#include "cli/signals.h"
#include "cli/stats.h"
#include "runtime/capture/filter.h"
#include "vm/asks.h"
#include "vm/support/clock.h"

static int lookup(void *context, int64_t tid, const struct sk_entry_sink *sink)
{
	(void)context;
	return sk_proc_read_thread(tid, sink);
}

static int lookup_fd(void *context, int64_t pid, int64_t fd, const struct sk_entry_sink *sink)
{
	(void)context;
	return sk_proc_read_fd(pid, fd, sink);
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

static void need_container(void *context, const char *id, size_t length)
{
	sk_inquirer_need(context, id, length);
}

static enum sk_metadata_status container_status(void *context, const char *id, size_t length)
{
	if (!sk_inquirer_has_runtimes(context))
		return SK_METADATA_NOT_ASKED;
	return sk_inquirer_gave_up(context, id, length) ? SK_METADATA_UNKNOWN : SK_METADATA_AWAITED;
}

static void need_users(void *context, const char *id, size_t length, int64_t tid)
{
	sk_inquirer_need_users(context, id, length, tid);
}

static void forget_container(void *context, const char *id, size_t length)
{
	sk_inquirer_forget(context, id, length);
}

const struct sk_state_source sk_watch_source = {
	.lookup = lookup, .lookup_fd = lookup_fd, .host_users = host_users, .exists = exists};

struct sk_state_source sk_watch_source_asking(struct sk_inquirer *inquirer)
{
	struct sk_state_source source = sk_watch_source;

	if (inquirer) {
		source.context = inquirer;
		source.need_container = need_container;
		source.container_status = container_status;
		source.need_users = need_users;
		source.forget_container = forget_container;
	}
	return source;
}

/* --- container runtimes ---------------------------------------------------- */

static const struct sk_inquirer_runtime defaults[] = {
	{SK_RUNTIME_DOCKER, "/run/docker.sock"},
	{SK_RUNTIME_PODMAN, "/run/podman/podman.sock"},
	{SK_RUNTIME_CRI, "/run/containerd/containerd.sock"},
	{SK_RUNTIME_CRI, "/run/crio/crio.sock"},
	{SK_RUNTIME_CRI, "/run/k3s/containerd/containerd.sock"},
};

/* Of the runtime whose socket this option names; false: it names none. */
static bool kind_of(int option, enum sk_runtime_kind *ret_kind)
{
	if (option == SK_OPTION_DOCKER_SOCKET)
		*ret_kind = SK_RUNTIME_DOCKER;
	else if (option == SK_OPTION_PODMAN_SOCKET)
		*ret_kind = SK_RUNTIME_PODMAN;
	else if (option == SK_OPTION_CRI_SOCKET)
		*ret_kind = SK_RUNTIME_CRI;
	else
		return false;
	return true;
}

bool sk_watch_take_option(struct sk_watch_runtimes *runtimes, struct sk_command_line *line, int id)
{
	enum sk_runtime_kind kind;

	if (id == SK_OPTION_NO_RUNTIMES) {
		runtimes->none = true;
	} else if (kind_of(id, &kind)) {
		if (runtimes->count == SK_INQUIRER_RUNTIMES) {
			sk_command_usage(line, "at most %d sockets of container runtimes", SK_INQUIRER_RUNTIMES);
			line->failed = true;
			return true;
		}
		if (line->value[0] != '/' || strlen(line->value) >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
			sk_command_usage(line,
					 "'%s' cannot be a socket: an absolute path of at most %zu bytes is wanted",
					 line->value, sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
			line->failed = true;
			return true;
		}
		runtimes->runtimes[runtimes->count++] = (struct sk_inquirer_runtime){kind, line->value};
	} else {
		return false;
	}
	return true;
}

int sk_watch_start_inquirer(const struct sk_watch_runtimes *runtimes, struct sk_inquirer **ret_inquirer)
{
	struct sk_inquirer_options options = {
		.runtimes = runtimes->count ? runtimes->runtimes : defaults,
		.count = runtimes->count ? runtimes->count : sizeof(defaults) / sizeof(defaults[0]),
	};
	int result;

	*ret_inquirer = NULL;
	/* Their users and groups are read all the same. */
	if (runtimes->none)
		options.count = 0;
	result = sk_inquirer_start(&options, ret_inquirer);
	if (result == -ENOMEM)
		return sk_fail(SK_EXIT_MEMORY, "out of memory");
	return result < 0 ? sk_fail(SK_EXIT_REFUSED, "cannot start a thread: %s", strerror(-result)) : SK_EXIT_OK;
}

/* --- what the kernel holds back ---------------------------------------------- */

/* The watching of a host: its events go to the sensor, and then to the filter, which learns from them. */
struct watcher {
	struct sk_sensor *sensor;
	struct sk_capture *capture;
	struct sk_kernel_filter *filter; /* NULL: none */
	const struct sk_bundle *bundle;
	struct sk_alert_capture *alert_capture; /* with a recorder; NULL: alerts get no captures */
	bool without_alerts;
};

static int hold_back(void *context, const struct sk_filter_path *path)
{
	return sk_capture_hold_back(context, path);
}

/* --- watching ---------------------------------------------------------------- */

/* The event is kept before it changes what is known, because a capture begins with that. */
static void take_and_keep(const struct watcher *watcher, const uint8_t *bytes, size_t size, uint16_t cpu)
{
	struct sk_sensor *sensor = watcher->sensor;
	const uint32_t *rules;
	uint32_t count;

	sk_recorder_event(watcher->alert_capture->recorder, sk_sensor_state(sensor), bytes, size, cpu);
	if (!sk_sensor_apply(sensor, bytes, size, cpu, false))
		return;
	count = sk_sensor_evaluate(sensor, &rules);
	if (count == 0)
		return;
	sk_sensor_report(sensor, rules, count);
	sk_alert_capture_matched(watcher->alert_capture, watcher->bundle, rules, count);
}

static int handle(void *context, const uint8_t *bytes, size_t size, uint16_t cpu)
{
	const struct watcher *watcher = context;
	const uint32_t *rules;

	if (watcher->alert_capture)
		take_and_keep(watcher, bytes, size, cpu);
	else if (!watcher->without_alerts)
		sk_sensor_event(watcher->sensor, bytes, size, cpu, false);
	else if (sk_sensor_apply(watcher->sensor, bytes, size, cpu, false))
		sk_sensor_evaluate(watcher->sensor, &rules);
	if (watcher->filter && sk_sensor_sees(watcher->sensor))
		sk_kernel_filter_observe(watcher->filter, sk_sensor_vm(watcher->sensor),
					 sk_sensor_view(watcher->sensor), hold_back, watcher->capture);
	return 0;
}

static void tell_held_back(const struct sk_capture *capture)
{
	uint64_t counts[SK_CAPTURE_FILTER_REASONS];
	const char *separator = "saker: held back in the kernel:";

	sk_capture_filtered(capture, counts);
	for (int i = 1; i < SK_FILTER_REASON_COUNT; i++) {
		fprintf(stderr, "%s %" PRIu64 " %s", separator, counts[i], sk_filter_reason_names[i]);
		separator = ",";
	}
	fputc('\n', stderr);
}

static void summarise(const struct sk_engine *engine, const struct sk_capture *capture, bool without_alerts)
{
	const struct sk_sensor_stats sensor = sk_sensor_stats(engine->sensor);
	const struct sk_capture_stats stats = sk_capture_stats(capture);

	fprintf(stderr, "saker: %" PRIu64 " events", sensor.events);
	if (!without_alerts)
		fprintf(stderr, ", %" PRIu64 " matches", sensor.matches);
	sk_loss_print(stderr, &stats);
	fprintf(stderr, ", %" PRIu64 " damaged, %" PRIu64 " thread table full\n", sensor.damaged,
		sensor.state.threads_dropped);
}

uint64_t sk_watch_event_time(const struct sk_sensor *sensor)
{
	uint64_t last = sk_sensor_view(sensor)->event.ts;

	return last ? last : sk_clock_now(CLOCK_REALTIME);
}

/* Those that say what the kernel found behind a path that was given. */
static bool needs_found_paths(uint16_t field)
{
	return field == SK_FIELD_SAKER_PATH_RESOLVED || field == SK_FIELD_SAKER_PATH_ALIASED;
}

static bool needs_begun_paths(uint16_t field)
{
	return field == SK_FIELD_SAKER_PATH_REWRITTEN;
}

void sk_watch_tell_unseen(const struct sk_capture *capture)
{
	if (!sk_capture_sees_uring(capture))
		fprintf(stderr, "saker: this kernel does not tell of operations of io_uring so that they can be "
				"followed (Linux 5.19 and newer do); only the ring's own calls are seen\n");
}

static int watch(struct sk_engine *engine, const struct sk_watch_options *options, struct watcher *watcher)
{
	struct sk_capture_options capture_options = {
		.syscalls = engine->rules.bundle.syscalls,
		.syscall_words = engine->rules.bundle.syscalls_count,
		.enter_events = options->enter_events,
		/* Both have their price at every call, so only who asks pays. */
		.given_paths_only = !sk_asks_in_bundle(&engine->rules.bundle, needs_found_paths),
		.begun_paths = sk_asks_in_bundle(&engine->rules.bundle, needs_begun_paths),
		.filter = watcher->filter,
	};
	const struct sk_entry_sink sink = sk_sensor_sink(engine->sensor);
	struct sk_error error = {0};
	int64_t end, next_stats;
	int result = 0, wait;

	sk_rings_apply(&options->rings, &capture_options);
	if (sk_capture_open(&capture_options, &watcher->capture, &error) < 0 || sk_proc_scan(0, &sink, &error) < 0)
		return sk_fail(SK_EXIT_REFUSED, "%s", error.message);
	fprintf(stderr, "saker: watching with %u rules\n", engine->rules.bundle.rules_count);
	sk_watch_tell_unseen(watcher->capture);
	end = sk_deadline_after(options->seconds);
	next_stats = sk_deadline_after(options->stats_seconds);
	while (!sk_signals_stop() && (wait = sk_deadline_wait(end)) > 0 && (result >= 0 || result == -EINTR)) {
		if (options->inquirer)
			sk_inquirer_deliver(options->inquirer, sk_watch_event_time(engine->sensor), handle,
					    watcher);
		result = sk_capture_poll(watcher->capture, wait, handle, watcher);
		if (watcher->alert_capture)
			sk_recorder_tick(watcher->alert_capture->recorder, sk_clock_now(CLOCK_REALTIME));
		if (next_stats && sk_deadline_wait(next_stats) == 0) {
			sk_stats_print(engine, watcher->capture);
			next_stats = sk_deadline_after(options->stats_seconds);
		}
	}

	sk_outputs_flush(&engine->outputs);
	if (options->stats_seconds)
		sk_stats_print(engine, watcher->capture);
	summarise(engine, watcher->capture, options->without_alerts);
	if (watcher->filter)
		tell_held_back(watcher->capture);
	if (result < 0 && result != -EINTR)
		return sk_fail(SK_EXIT_REFUSED, "reading events failed: error %d", -result);
	return engine->outputs.failed ? SK_EXIT_OUTPUT : SK_EXIT_OK;
}

int sk_watch(struct sk_engine *engine, const struct sk_watch_options *options)
{
	struct watcher watcher = {
		.sensor = engine->sensor,
		.bundle = &engine->rules.bundle,
		.alert_capture =
			options->alert_capture && options->alert_capture->recorder ? options->alert_capture : NULL,
		.without_alerts = options->without_alerts,
	};
	int status;

	/*
	 * Beginnings of calls say what the path was, and the kernel looks at it when
	 * the call ends; and captures are for others, who want all of it.
	 */
	if (!options->no_kernel_filter && !options->enter_events && !watcher.alert_capture &&
	    sk_kernel_filter_create(&engine->rules.bundle, &watcher.filter) < 0)
		return sk_fail(SK_EXIT_MEMORY, "out of memory");
	status = watch(engine, options, &watcher);
	sk_capture_close(watcher.capture);
	sk_kernel_filter_destroy(watcher.filter);
	return status;
}
