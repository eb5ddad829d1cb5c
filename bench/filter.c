/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel would have held back of the events of a capture, and whether
 * the alerts are the same without them:
 *
 *   filter BUNDLE CAPTURE
 *
 *   capture ─┬─ every event ──────────────────► sensor ─► alerts ─┐
 *            └─ decided as the kernel does ───► sensor ─► alerts ─┴─ equal?
 *
 * One line of JSON: events, held back by reason and by type.  Exit status 1 if
 * an alert is missing or another, or if a thread was taken for what it was no more.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "runtime/scap/reader.h"
#include "runtime/sensor.h"
#include "tests/kernel_model.h"

enum { DIFFERENCES_SHOWN = 5 };

struct side {
	struct sk_sensor *sensor;
	struct sk_outputs outputs;
	struct sk_scap_reader *reader;
	struct sk_buffer alerts; /* of the event at hand */
};

struct comparison {
	struct kernel_model model;
	uint64_t events, by_type[SK_EVENT_COUNT][SK_FILTER_REASON_COUNT], alerts, differences;
};

/* Takes an event, and writes down its alerts. */
static void take(struct side *side, const struct sk_scap_event *event, const uint8_t *bytes, size_t size)
{
	const uint32_t *rules;
	uint32_t count;

	sk_buffer_clear(&side->alerts);
	if (!sk_sensor_apply(side->sensor, bytes, size, event->cpu, event->state_only))
		return;
	count = sk_sensor_evaluate(side->sensor, &rules);
	for (uint32_t i = 0; i < count; i++)
		sk_sensor_format(side->sensor, rules[i], &side->alerts);
}

static bool open_side(struct side *side, const struct sk_bundle *bundle, const char *path, struct sk_error *error)
{
	const struct sk_sensor_options options = {
		.bundle = bundle,
		.state = {.own_pid = -1},
		.match_all = true,
		.priority = 7,
		.outputs = &side->outputs,
	};
	struct sk_entry_sink sink;

	sk_outputs_init(&side->outputs, true);
	if (sk_sensor_create(&options, &side->sensor, error) < 0)
		return false;
	sink = sk_sensor_sink(side->sensor);
	return sk_scap_reader_open(path, &sink, &side->reader, error) == 0;
}

static bool differ(const struct side *whole, const struct side *filtered)
{
	return whole->alerts.length != filtered->alerts.length ||
	       (whole->alerts.length &&
		memcmp(whole->alerts.bytes, filtered->alerts.bytes, whole->alerts.length) != 0);
}

static void compare(struct comparison *comparison, struct side *whole, struct side *filtered)
{
	struct sk_scap_event event, same;
	struct sk_error error;

	while (sk_scap_reader_next(whole->reader, &event, &error) > 0 &&
	       sk_scap_reader_next(filtered->reader, &same, &error) > 0) {
		const uint8_t *bytes = same.bytes;
		const struct sk_event_view *view = sk_sensor_view(whole->sensor);
		enum sk_filter_reason reason;
		size_t size = same.size;

		comparison->events++;
		model_before(&comparison->model, sk_sensor_state(whole->sensor), event.bytes);
		take(whole, &event, event.bytes, event.size);
		comparison->alerts += whole->alerts.length > 0;
		sk_buffer_clear(&filtered->alerts);
		reason = model_decide(&comparison->model, view, &bytes, &size);
		if (reason != SK_FILTER_PASS) {
			comparison->by_type[view->event.type][reason]++;
		} else {
			take(filtered, &same, bytes, size);
			if (sk_sensor_sees(filtered->sensor))
				model_observe(&comparison->model, sk_sensor_vm(filtered->sensor),
					      sk_sensor_view(filtered->sensor), model_basis_of(view));
		}
		if (!differ(whole, filtered))
			continue;
		if (comparison->differences++ < DIFFERENCES_SHOWN)
			fprintf(stderr, "event %" PRIu64 " (%s):\n- %.*s+ %.*s\n", comparison->events,
				sk_filter_reason_names[reason], (int)whole->alerts.length,
				whole->alerts.bytes ? whole->alerts.bytes : "", (int)filtered->alerts.length,
				filtered->alerts.bytes ? filtered->alerts.bytes : "");
	}
}

static void print(const struct comparison *comparison)
{
	const char *separator = "";

	printf("{\"events\":%" PRIu64 ",\"alerts\":%" PRIu64 ",\"differences\":%" PRIu64, comparison->events,
	       comparison->alerts, comparison->differences);
	for (int i = 1; i < SK_FILTER_REASON_COUNT; i++)
		printf(",\"%s\":%" PRIu64, sk_filter_reason_names[i], comparison->model.counts[i]);
	printf(",\"told\":%" PRIu64 ",\"stale\":%" PRIu64 ",\"classes\":%u,\"types\":{", comparison->model.told,
	       comparison->model.stale, sk_kernel_filter_classes(comparison->model.filter));
	for (int type = 0; type < SK_EVENT_COUNT; type++) {
		for (int i = 1; i < SK_FILTER_REASON_COUNT; i++) {
			if (!comparison->by_type[type][i])
				continue;
			printf("%s\"%s %s\":%" PRIu64, separator, sk_events[type].name, sk_filter_reason_names[i],
			       comparison->by_type[type][i]);
			separator = ",";
		}
	}
	printf("}}\n");
}

static void close_side(struct side *side)
{
	if (side->reader)
		sk_scap_reader_close(side->reader);
	sk_sensor_destroy(side->sensor);
	sk_outputs_release(&side->outputs);
	sk_buffer_release(&side->alerts);
}

int main(int argc, char **argv)
{
	static struct comparison comparison;
	struct side whole = {0}, filtered = {0};
	struct sk_bundle bundle;
	struct sk_error error = {.message = "out of memory"};
	bool ready;

	if (argc != 3) {
		fprintf(stderr, "usage: filter BUNDLE CAPTURE\n");
		return 2;
	}
	if (sk_bundle_open(argv[1], &bundle, &error) < 0) {
		fprintf(stderr, "filter: %s\n", error.message);
		return 2;
	}
	ready = model_open(&comparison.model, &bundle) && open_side(&whole, &bundle, argv[2], &error) &&
		open_side(&filtered, &bundle, argv[2], &error);
	if (ready) {
		compare(&comparison, &whole, &filtered);
		print(&comparison);
	} else {
		fprintf(stderr, "filter: %s\n", error.message);
	}
	close_side(&whole);
	close_side(&filtered);
	model_close(&comparison.model);
	sk_bundle_close(&bundle);
	return !ready ? 2 : comparison.differences > 0 || comparison.model.stale > 0;
}
