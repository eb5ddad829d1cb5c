/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the linter takes for true of events (compiler/lint/types.c, model.c),
 * held against every field of every event of the demo and the recorded
 * captures: which types have a field, what the type tells of its value, what is
 * always there, and which texts have no NUL inside.
 */
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "compiler/lint/lint_private.h"
#include "runtime/fields/fields.h"
#include "runtime/scap/reader.h"
#include "tests/test.h"
#include "vm/event.h"

static uint64_t events_seen, values_seen, told_seen;

static void complain(const struct sk_field_ref *ref, const struct sk_event *event, const char *what)
{
	if (test_failures++ < 20)
		printf("# %s%s%s of %s (type %u): %s\n", sk_fields[ref->field].name, ref->argument ? "." : "",
		       ref->argument ? ref->argument : "", sk_events[event->type].name, event->type, what);
}

/* A text field may have NULs in it: a data buffer, or all parameters. */
static bool may_have_nuls(enum sk_field field)
{
	return field == SK_FIELD_EVT_ARG || field == SK_FIELD_EVT_ARGS || field == SK_FIELD_EVT_INFO;
}

static void check_value(const struct sk_event *event, const struct sk_field_ref *ref, const struct sk_types *types,
			const struct sk_value *value)
{
	const struct sk_bundle_field field = {.field = ref->field, .kind = ref->kind, .index = ref->index};
	const char *text;
	uint64_t number;

	if (value->presence != SK_PRESENT) {
		if (sk_field_is_always_there(&field))
			complain(ref, event, "is missing, but always there");
		if (ref->field == SK_FIELD_SYSCALL_TYPE && sk_types_has(types, event->type))
			complain(ref, event, "is missing from a system call");
		return;
	}
	values_seen++;
	if (!sk_types_has(types, event->type))
		complain(ref, event, "is there, but this type cannot have it");
	if (ref->field == SK_FIELD_EVT_NUM && value->number == 0)
		complain(ref, event, "is 0");
	if (value->type == SK_TYPE_BOOL && !value->list && value->number > 1)
		complain(ref, event, "is neither true nor false");
	if (value->type == SK_TYPE_STRING && !value->list && !may_have_nuls((enum sk_field)ref->field) &&
	    sk_value_text_length(value) != value->length)
		complain(ref, event, "has a NUL inside");
	if (sk_types_tell_text((enum sk_field)ref->field, event->type, &text)) {
		told_seen++;
		if (value->length != strlen(text) || memcmp(value->text, text, value->length) != 0)
			complain(ref, event, "is not what its type tells");
	}
	if (sk_types_tell_number((enum sk_field)ref->field, event->type, &number)) {
		told_seen++;
		if (value->number != number)
			complain(ref, event, "is not the number that its type tells");
	}
}

static void ask(struct sk_event_view *view, struct sk_arena *scratch, struct sk_field_ref ref)
{
	const struct sk_bundle_field field = {.field = ref.field, .kind = ref.kind, .index = ref.index};
	struct sk_value value;
	struct sk_types types;

	ref.argument_length = ref.argument ? (uint32_t)strlen(ref.argument) : 0;
	ref.type = sk_fields[ref.field].type;
	ref.list = sk_fields[ref.field].list;
	sk_fields_extract(view, &ref, scratch, &value);
	sk_types_of_field(&field, ref.argument, ref.argument_length, &types);
	check_value(&view->event, &ref, &types, &value);
}

static void ask_everything(struct sk_event_view *view, struct sk_arena *scratch)
{
	static const char *const names[] = {"name", "path",    "newpath", "oldpath", "flags", "fd",  "res",
					    "data", "request", "addr",    "uid",     "mode",  "cmd", "nosuch"};

	for (uint16_t field = 0; field < SK_FIELD_COUNT; field++) {
		const struct sk_field_info *info = &sk_fields[field];

		if (info->availability != SK_AVAILABILITY_READY || field == SK_FIELD_EVT_RAWARG ||
		    field == SK_FIELD_EVT_AROUND)
			continue;
		if (field == SK_FIELD_EVT_ARG) {
			for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
				ask(view, scratch,
				    (struct sk_field_ref){
					    .field = field, .kind = SK_ARGUMENT_KIND_TEXT, .argument = names[i]});
			for (uint32_t i = 0; i < 8; i++)
				ask(view, scratch,
				    (struct sk_field_ref){
					    .field = field, .kind = SK_ARGUMENT_KIND_INDEX, .index = i});
		} else if (info->argument == SK_ARGUMENT_NONE || info->argument >= SK_ARGUMENT_OPTIONAL_INDEX) {
			ask(view, scratch, (struct sk_field_ref){.field = field});
		}
		if (field == SK_FIELD_EVT_ABSPATH)
			ask(view, scratch,
			    (struct sk_field_ref){
				    .field = field, .kind = SK_ARGUMENT_KIND_TEXT, .argument = "dst"});
	}
	sk_arena_reset(scratch);
}

/* As the sensor does: rules do not see the beginnings of system calls. */
static bool is_seen(const struct sk_event *event)
{
	return !event->state_only &&
	       (event->info->direction == SK_DIRECTION_EXIT || !(event->info->category & SK_CATEGORY_SYSCALL));
}

static void check_capture(const char *path)
{
	const struct sk_state_options options = {.own_pid = -1};
	struct sk_event_view view = {0};
	struct sk_scap_reader *reader = NULL;
	struct sk_scap_event event;
	struct sk_entry_sink sink;
	struct sk_state *state = NULL;
	struct sk_arena scratch;
	uint32_t seen[SK_EVENT_COUNT] = {0};
	uint64_t number = 0;
	int result;

	sk_arena_init(&scratch, 0);
	CHECK_EQUAL(sk_state_create(&options, &state), 0);
	sink = sk_state_sink(state);
	result = sk_scap_reader_open(path, &sink, &reader, NULL);
	while (result >= 0 && (result = sk_scap_reader_next(reader, &event, NULL)) > 0) {
		if (sk_event_decode(event.bytes, event.size, &view.event, NULL) < 0)
			continue;
		view.event.number = ++number;
		view.event.cpu = event.cpu;
		view.event.state_only = event.state_only;
		sk_state_process(state, &view);
		/* Large captures repeat themselves: of a type the first ones will do, and some of the others. */
		if (!is_seen(&view.event) || (seen[view.event.type]++ >= 50 && number % 251 != 0))
			continue;
		events_seen++;
		ask_everything(&view, &scratch);
	}
	CHECK(result >= 0);
	sk_scap_reader_close(reader);
	sk_state_destroy(state);
	sk_arena_release(&scratch);
}

TEST(the_demo_keeps_to_what_types_tell)
{
	check_capture("rules/demo.scap");
	CHECK(events_seen > 100);
	CHECK(told_seen > events_seen);
}

TEST(recorded_captures_keep_to_what_types_tell)
{
	const char *shared = getenv("SK_SHARED");
	struct dirent *entry;
	char folder[512], path[1024];
	DIR *captures;
	unsigned count = 0;

	snprintf(folder, sizeof(folder), "%s/data/captures", shared ? shared : "../shared");
	captures = opendir(folder);
	if (!captures) {
		SKIP("there are no captures in ../shared (or $SK_SHARED)");
		return;
	}
	while ((entry = readdir(captures))) {
		if (!strstr(entry->d_name, ".scap"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		check_capture(path);
		count++;
	}
	closedir(captures);
	printf("# %u captures, %llu events, %llu values, %llu of them told by the type\n", count,
	       (unsigned long long)events_seen, (unsigned long long)values_seen, (unsigned long long)told_seen);
	CHECK(count > 5);
}

TEST_MAIN(RUN(the_demo_keeps_to_what_types_tell) RUN(recorded_captures_keep_to_what_types_tell))
