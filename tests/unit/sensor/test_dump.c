/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A state that was cut: a capture is played up to some event, what is known
 * then becomes the beginning of another capture, with the rest of the events
 * behind it.  Every field of every one of those has the value that it has
 * without the cut, but for what counts events or looks back at the one before.
 */
#include <stdlib.h>

#include <errno.h>

#include "compiler/expression.h"
#include "runtime/scap/reader.h"
#include "runtime/scap/writer.h"
#include "runtime/sensor.h"
#include "tests/test.h"
#include "vm/support/alloc.h"

enum {
	EVENT_LIMIT = 6000, /* of a capture */
	CUTS = 4,
	SHOWN = 3, /* differences that are printed in full */
};

/* --- one rule that shows every field ------------------------------------- */

static bool counts_events(const char *name)
{
	static const char *const names[] = {"evt.num", "evt.reltime", "evt.deltatime", "evt.outputtime",
					    "evt.latency"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(name, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static void add_field(struct sk_buffer *format, const char *name, const char *argument)
{
	sk_buffer_printf(format, " %%%s%s", name, argument);
}

static void every_field(struct sk_buffer *format)
{
	sk_buffer_append_char(format, '*');
	for (int i = 0; i < SK_FIELD_COUNT; i++) {
		const struct sk_field_info *field = &sk_fields[i];

		if (field->availability != SK_AVAILABILITY_READY || (field->flags & SK_FIELD_FLAG_READING) ||
		    counts_events(field->name))
			continue;
		switch (field->argument) {
		case SK_ARGUMENT_NONE:
			add_field(format, field->name, "");
			break;
		case SK_ARGUMENT_INDEX:
		case SK_ARGUMENT_OPTIONAL_INDEX:
		case SK_ARGUMENT_OPTIONAL_EITHER:
			add_field(format, field->name, "[0]");
			add_field(format, field->name, "[1]");
			add_field(format, field->name, "[2]");
			break;
		case SK_ARGUMENT_KEY:
		case SK_ARGUMENT_OPTIONAL_KEY:
		case SK_ARGUMENT_EITHER:
			if (strncmp(field->name, "proc.", 5) == 0)
				add_field(format, field->name, "[PATH]");
			break;
		case SK_ARGUMENT_SUFFIX:
		case SK_ARGUMENT_OPTIONAL_SUFFIX:
		case SK_ARGUMENT_SUFFIX_OR_INDEX:
			break;
		}
	}
}

struct player {
	struct sk_buffer compiled, line;
	struct sk_bundle bundle;
	struct sk_outputs outputs;
	struct sk_sensor *sensor;
};

static void player_open(struct player *player)
{
	const struct sk_sensor_options options = {
		.bundle = &player->bundle,
		.state = {.own_pid = -1},
		.engine = SK_VM_ENGINE_LINEAR,
		.priority = 7,
		.every_event = true,
		.outputs = &player->outputs,
	};
	struct sk_buffer format = {0};
	struct sk_expression expression = {.filter = "evt.num > 0", .every_type = true};
	struct sk_diagnostics diagnostics;
	struct sk_sources sources;
	struct sk_arena arena;
	struct sk_error error = {0};

	memset(player, 0, sizeof(*player));
	sk_outputs_init(&player->outputs, true);
	sk_arena_init(&arena, 0);
	sk_sources_init(&sources, &arena);
	sk_diagnostics_init(&diagnostics, &sources, &arena);
	every_field(&format);
	expression.format = format.bytes;
	if (sk_compile_expression(&expression, &diagnostics, &player->compiled) < 0) {
		struct sk_buffer text = {0};

		sk_diagnostics_print(&diagnostics, false, &text);
		printf("# %.*s\n", (int)text.length, text.bytes);
		abort();
	}
	if (sk_bundle_from_memory(player->compiled.bytes, player->compiled.length, &player->bundle, &error) < 0 ||
	    sk_sensor_create(&options, &player->sensor, &error) < 0) {
		printf("# %s\n", error.message);
		abort();
	}
	sk_buffer_release(&format);
	sk_arena_release(&arena);
}

static void player_close(struct player *player)
{
	sk_sensor_destroy(player->sensor);
	sk_bundle_close(&player->bundle);
	sk_outputs_release(&player->outputs);
	sk_buffer_release(&player->compiled);
	sk_buffer_release(&player->line);
}

/* What the rule says of an event; empty for one that it does not see. */
static const struct sk_buffer *play(struct player *player, const uint8_t *bytes, size_t size, uint16_t cpu,
				    bool state_only)
{
	const uint32_t *rules;

	sk_buffer_clear(&player->line);
	if (sk_sensor_apply(player->sensor, bytes, size, cpu, state_only) &&
	    sk_sensor_evaluate(player->sensor, &rules) > 0)
		sk_sensor_format(player->sensor, rules[0], &player->line);
	return &player->line;
}

/* --- cutting --------------------------------------------------------------- */

struct event {
	uint8_t *bytes;
	size_t size;
	uint16_t cpu;
	bool state_only;
	char *line; /* without a cut */
};

struct recorded {
	struct event *events;
	uint32_t count;
};

/* Counts the events of a dump on their way to the writer. */
struct counted {
	struct sk_entry_sink sink;
	uint32_t events;
};

static int count_event(void *context, const uint8_t *bytes, size_t size, bool state_only)
{
	struct counted *counted = context;

	counted->events++;
	return counted->sink.event(counted->sink.context, bytes, size, state_only);
}

#define PASS(kind)                                                                                                 \
	static int pass_##kind(void *context, const struct sk_##kind##_entry *entry)                               \
	{                                                                                                          \
		const struct counted *counted = context;                                                           \
                                                                                                                   \
		return counted->sink.kind(counted->sink.context, entry);                                           \
	}
PASS(machine)
PASS(interface)
PASS(user)
PASS(group)
PASS(process)
#undef PASS

static int pass_fd(void *context, int64_t tid, const struct sk_fd_entry *entry)
{
	const struct counted *counted = context;

	return counted->sink.fd(counted->sink.context, tid, entry);
}

static int pass_remainder(void *context, const uint8_t *bytes, size_t size)
{
	const struct counted *counted = context;

	return counted->sink.remainder(counted->sink.context, bytes, size);
}

static int pass_complete(void *context)
{
	const struct counted *counted = context;

	return counted->sink.complete(counted->sink.context);
}

/* The state as the beginning of a capture, and the events from `from` on behind it. */
static uint32_t write_rest(struct player *player, const struct recorded *recorded, uint32_t from,
			   struct sk_buffer *capture)
{
	struct counted counted = {.events = 0};
	const struct sk_entry_sink sink = {
		.context = &counted,
		.machine = pass_machine,
		.interface = pass_interface,
		.user = pass_user,
		.group = pass_group,
		.process = pass_process,
		.fd = pass_fd,
		.remainder = pass_remainder,
		.complete = pass_complete,
		.event = count_event,
	};
	struct sk_scap_writer *writer;
	struct sk_error error = {0};

	if (sk_scap_writer_open_memory(capture, &writer, &error) < 0)
		abort();
	counted.sink = sk_scap_writer_sink(writer);
	CHECK_EQUAL(sk_state_dump(sk_sensor_state(player->sensor), &sink), 0);
	for (uint32_t i = from; i < recorded->count; i++) {
		const struct event *event = &recorded->events[i];
		int result =
			event->state_only
				? sk_scap_writer_state_event(writer, event->bytes, event->size, event->cpu, &error)
				: sk_scap_writer_event(writer, event->bytes, event->size, event->cpu, &error);

		if (result < 0)
			printf("# event %u: %s\n", i, error.message);
		CHECK_EQUAL(result, 0);
	}
	CHECK_EQUAL(sk_scap_writer_close(writer, &error), 0);
	return counted.events;
}

/* Prints the fields in which two lines differ. */
static void print_difference(uint32_t number, const char *uncut, const char *cut)
{
	size_t at = 0;

	while (uncut[at] && uncut[at] == cut[at])
		at++;
	at = at > 60 ? at - 60 : 0;
	printf("# event %u, without a cut: ...%.160s\n#   with it: ...%.160s\n", number, uncut + at, cut + at);
}

static uint32_t replay_rest(const struct sk_buffer *capture, const struct recorded *recorded, uint32_t from,
			    uint32_t first)
{
	struct player player;
	struct sk_scap_reader *reader;
	struct sk_scap_event event;
	struct sk_error error = {0};
	struct sk_entry_sink sink;
	uint32_t number = 0, differences = 0;

	player_open(&player);
	sink = sk_sensor_sink(player.sensor);
	if (sk_scap_reader_open_memory(capture->bytes, capture->length, &sink, &reader, &error) < 0) {
		printf("# %s\n", error.message);
		CHECK(false);
		player_close(&player);
		return 1;
	}
	while (sk_scap_reader_next(reader, &event, &error) == 1) {
		const struct sk_buffer *line = play(&player, event.bytes, event.size, event.cpu, event.state_only);
		const char *text = line->length ? line->bytes : "", *uncut;

		if (number++ < first)
			continue;
		uncut = recorded->events[from + number - 1 - first].line;
		if (strcmp(text, uncut) != 0 && differences++ < SHOWN)
			print_difference(from + number - first, uncut, text);
	}
	CHECK_EQUAL(number, first + recorded->count - from);
	sk_scap_reader_close(reader);
	player_close(&player);
	return differences;
}

static uint32_t cut(const char *path, const struct recorded *recorded, uint32_t from)
{
	struct player player;
	struct sk_entry_sink sink;
	struct sk_scap_reader *reader;
	struct sk_scap_event event;
	struct sk_buffer capture = {0};
	struct sk_error error = {0};
	uint32_t first, differences;

	player_open(&player);
	sink = sk_sensor_sink(player.sensor);
	if (sk_scap_reader_open(path, &sink, &reader, &error) < 0)
		abort();
	for (uint32_t i = 0; i < from && sk_scap_reader_next(reader, &event, &error) == 1; i++)
		play(&player, event.bytes, event.size, event.cpu, event.state_only);
	first = write_rest(&player, recorded, from, &capture);
	sk_scap_reader_close(reader);
	player_close(&player);
	differences = replay_rest(&capture, recorded, from, first);
	sk_buffer_release(&capture);
	return differences;
}

static void record(const char *path, struct recorded *ret_recorded)
{
	struct player player;
	struct sk_entry_sink sink;
	struct sk_scap_reader *reader;
	struct sk_scap_event event;
	struct sk_error error = {0};

	ret_recorded->events = calloc(EVENT_LIMIT, sizeof(*ret_recorded->events));
	ret_recorded->count = 0;
	player_open(&player);
	sink = sk_sensor_sink(player.sensor);
	if (sk_scap_reader_open(path, &sink, &reader, &error) < 0)
		abort();
	while (ret_recorded->count < EVENT_LIMIT && sk_scap_reader_next(reader, &event, &error) == 1) {
		struct event *kept = &ret_recorded->events[ret_recorded->count++];
		const struct sk_buffer *line = play(&player, event.bytes, event.size, event.cpu, event.state_only);

		*kept = (struct event){malloc(event.size), event.size, event.cpu, event.state_only,
				       strdup(line->length ? line->bytes : "")};
		memcpy(kept->bytes, event.bytes, event.size);
	}
	sk_scap_reader_close(reader);
	player_close(&player);
}

static void check_capture(const char *path)
{
	struct recorded recorded;

	record(path, &recorded);
	CHECK(recorded.count > 10);
	for (uint32_t i = 1; i <= CUTS; i++) {
		uint32_t from = recorded.count * i / (CUTS + 1);
		uint32_t differences = cut(path, &recorded, from);

		if (differences)
			printf("# %s cut behind event %u: %u of %u events differ\n", path, from, differences,
			       recorded.count - from);
		CHECK_EQUAL(differences, 0);
	}
	for (uint32_t i = 0; i < recorded.count; i++) {
		free(recorded.events[i].bytes);
		free(recorded.events[i].line);
	}
	free(recorded.events);
}

TEST(a_cut_changes_no_field_of_our_own_capture)
{
	check_capture("tests/baseline/benign.scap");
}

TEST(a_cut_changes_no_field_of_any_recorded_capture)
{
	static const char *const names[] = {
		"attacks-a",        "container-a",
		"curl_google",      "falco_cat_write",
		"falco_empty",      "falco_connect_localhost",
		"libs_sample_old",  "falco_open-multiple-files",
		"single_ipv6_conn", "falco_psp_run_as_user_0_container",
	};
	const char *folder = getenv("SK_SHARED");
	char path[1024];
	FILE *file;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/data/captures/%s.scap", folder ? folder : "../shared", names[i]);
		file = fopen(path, "re");
		if (!file) {
			SKIP("no ../shared/data/captures");
			return;
		}
		fclose(file);
		check_capture(path);
	}
}

TEST_MAIN(RUN(a_cut_changes_no_field_of_our_own_capture) RUN(a_cut_changes_no_field_of_any_recorded_capture))
