/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/test/play.h"

#include "runtime/scap/reader.h"

/* A test is small, and there are many: what an engine may remember need not be much. */
static const struct sk_vm_limits usual_limits = {0};
static const struct sk_vm_limits small_limits = {
	.values = 2048, .value_bytes = 256 * 1024, .signatures = 1024, .classes = 256, .nodes = 1024};

struct playing {
	struct sk_sensor *sensor;
	const struct sk_test_capture *capture;
	const struct sk_test_observer *observer;
	void (*matched)(void *context, struct sk_sensor *sensor, uint32_t rule, uint64_t number, uint32_t owner);
	void *context;
};

static int play_events(struct playing *playing, struct sk_scap_reader *reader, struct sk_error *error)
{
	struct sk_scap_event event;
	uint64_t number = 0;
	int result;

	while ((result = sk_scap_reader_next(reader, &event, error)) > 0) {
		const uint32_t *rules;
		uint32_t count, owner = 0;

		if (number++ < playing->capture->owner_count)
			owner = playing->capture->owners[number - 1];
		if (!sk_sensor_apply(playing->sensor, event.bytes, event.size, event.cpu, event.state_only))
			continue;
		count = sk_sensor_evaluate(playing->sensor, &rules);
		for (uint32_t i = 0; playing->matched && i < count; i++)
			playing->matched(playing->context, playing->sensor, rules[i], number, owner);
		if (playing->observer &&
		    !playing->observer->event(playing->observer->context, playing->sensor, number, owner))
			return 0;
	}
	return result;
}

int sk_test_play(const struct sk_bundle *bundle, const struct sk_test_capture *capture, enum sk_vm_engine engine,
		 const struct sk_test_observer *observer,
		 void (*matched)(void *context, struct sk_sensor *sensor, uint32_t rule, uint64_t number,
				 uint32_t owner),
		 void *context, struct sk_error *error)
{
	struct sk_outputs outputs;
	const struct sk_sensor_options options = {
		.bundle = bundle,
		.alert = {.hostname = "test"},
		.state = {.own_pid = -1},
		.engine = engine,
		.limits = capture->path ? usual_limits : small_limits,
		.match_all = true,
		.priority = 7,
		.outputs = &outputs,
	};
	struct playing playing = {.capture = capture, .observer = observer, .matched = matched, .context = context};
	struct sk_scap_reader *reader = NULL;
	struct sk_entry_sink sink;
	int result;

	sk_outputs_init(&outputs, true);
	result = sk_sensor_create(&options, &playing.sensor, error);
	if (result < 0)
		goto out;
	sink = sk_sensor_sink(playing.sensor);
	result = capture->path ? sk_scap_reader_open(capture->path, &sink, &reader, error)
			       : sk_scap_reader_open_memory(capture->bytes, capture->size, &sink, &reader, error);
	if (result == 0)
		result = play_events(&playing, reader, error);
out:
	if (reader)
		sk_scap_reader_close(reader);
	sk_sensor_destroy(playing.sensor);
	sk_outputs_release(&outputs);
	return result;
}
