/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two sensors that see the same events, one with rows and one linear: what
 * rows remember of a thread must be forgotten whenever a rule would see
 * something else.
 *
 *   pair_open(&pair, conditions, NULL);
 *   populate(&pair.world);                  -> both
 *   exec_event(&pair.world, ...); pair_feed(&pair);
 *   CHECK_EQUAL(pair_see(&pair, 100), 1 << 0);   which conditions hold for a thread
 */
#ifndef SK_TESTS_SENSOR_PAIR_H
#define SK_TESTS_SENSOR_PAIR_H

#include "runtime/sensor.h"
#include "tests/unit/compiler/fixture.h"
#include "tests/unit/state/event_builder.h"

struct pair {
	struct world world; /* builds events; its own state is not used */
	struct fixture fixture;
	struct sk_outputs outputs;
	struct sk_sensor *rows, *linear;
	uint64_t seen, different; /* events that rules saw */
	uint32_t count;           /* rules that matched the last one */
	const uint32_t *matched;
};

/* --- what was there before goes to both -------------------------------- */

#define BOTH(pair, call, ...)                                                                                      \
	do {                                                                                                       \
		struct sk_sensor *const sensors_[] = {(pair)->rows, (pair)->linear};                               \
		for (int i_ = 0; i_ < 2; i_++) {                                                                   \
			const struct sk_entry_sink sink_ = sk_sensor_sink(sensors_[i_]);                           \
			sink_.call(sink_.context, ##__VA_ARGS__);                                                  \
		}                                                                                                  \
		return 0;                                                                                          \
	} while (0)

static int pair_machine(void *context, const struct sk_machine_entry *entry)
{
	BOTH((struct pair *)context, machine, entry);
}

static int pair_user(void *context, const struct sk_user_entry *entry)
{
	BOTH((struct pair *)context, user, entry);
}

static int pair_group(void *context, const struct sk_group_entry *entry)
{
	BOTH((struct pair *)context, group, entry);
}

static int pair_process(void *context, const struct sk_process_entry *entry)
{
	BOTH((struct pair *)context, process, entry);
}

static int pair_fd(void *context, int64_t tid, const struct sk_fd_entry *entry)
{
	BOTH((struct pair *)context, fd, tid, entry);
}

static int pair_complete(void *context)
{
	BOTH((struct pair *)context, complete);
}

static int pair_restart(void *context)
{
	BOTH((struct pair *)context, restart);
}

/* --- life -------------------------------------------------------------- */

static struct sk_sensor *pair_sensor(struct pair *pair, enum sk_vm_engine engine,
				     const struct sk_state_source *source, const struct sk_vm_limits *limits)
{
	const struct sk_sensor_options options = {
		.bundle = &pair->fixture.bundle,
		.state = {.source = source, .own_pid = -1},
		.engine = engine,
		.limits = limits ? *limits : (struct sk_vm_limits){0},
		.match_all = true,
		.priority = 7,
		.outputs = &pair->outputs,
	};
	struct sk_error error = {.message = ""};
	struct sk_sensor *sensor = NULL;

	CHECK_EQUAL(sk_sensor_create(&options, &sensor, &error), 0);
	return sensor;
}

/*
 * Conditions end with NULL.  `sources`: of the one with rows, and of the linear one; NULL: a capture.  All rules
 * print `output`.
 */
static void pair_open_printing(struct pair *pair, const char *const *conditions,
			       const struct sk_state_source *sources, const struct sk_vm_limits *limits,
			       const char *output)
{
	char name[16];

	memset(pair, 0, sizeof(*pair));
	fixture_begin(&pair->fixture);
	for (uint32_t i = 0; conditions[i]; i++) {
		snprintf(name, sizeof(name), "r%u", i);
		fixture_rule(&pair->fixture, name, conditions[i], output);
	}
	CHECK_EQUAL(fixture_open(&pair->fixture), 0);
	if (!pair->fixture.bundle.bytes)
		fixture_print(&pair->fixture);
	sk_outputs_init(&pair->outputs, true);
	pair->rows = pair_sensor(pair, SK_VM_ENGINE_ROWS, sources ? &sources[0] : NULL, limits);
	pair->linear = pair_sensor(pair, SK_VM_ENGINE_LINEAR, sources ? &sources[1] : NULL, NULL);
	pair->world.now = UINT64_C(1700000000) * SECOND;
	pair->world.sink = (struct sk_entry_sink){
		.context = pair,
		.machine = pair_machine,
		.user = pair_user,
		.group = pair_group,
		.process = pair_process,
		.fd = pair_fd,
		.complete = pair_complete,
		.restart = pair_restart,
	};
}

static void pair_open_with(struct pair *pair, const char *const *conditions, const struct sk_state_source *sources,
			   const struct sk_vm_limits *limits)
{
	pair_open_printing(pair, conditions, sources, limits, "x");
}

static void pair_open(struct pair *pair, const char *const *conditions)
{
	pair_open_with(pair, conditions, NULL, NULL);
}

static void pair_close(struct pair *pair)
{
	CHECK_EQUAL(pair->different, 0);
	sk_sensor_destroy(pair->rows);
	sk_sensor_destroy(pair->linear);
	sk_outputs_release(&pair->outputs);
	sk_bundle_close(&pair->fixture.bundle);
	fixture_end(&pair->fixture);
}

/* --- events ------------------------------------------------------------ */

static const char *pair_rule(const struct pair *pair, uint32_t rule)
{
	const struct sk_text *text = &pair->fixture.rules[rule].condition;

	return sk_arena_copy((struct sk_arena *)(uintptr_t)&pair->fixture.arena, text->bytes, text->length);
}

static void pair_report(struct pair *pair, const uint32_t *rules, uint32_t count, const uint32_t *expected,
			uint32_t expected_count)
{
	uint32_t i = 0, k = 0, shown = 0;

	pair->different++;
	test_failures++;
	printf("# event %s of %lld: rows and linear differ:\n", sk_events[pair->world.type].id,
	       (long long)pair->world.tid);
	while ((i < count || k < expected_count) && shown < 8) {
		bool extra = k == expected_count || (i < count && rules[i] < expected[k]);

		if (i < count && k < expected_count && rules[i] == expected[k]) {
			i++;
			k++;
			continue;
		}
		printf("#   %s: %s\n", extra ? "only rows" : "only linear",
		       pair_rule(pair, extra ? rules[i] : expected[k]));
		i += extra;
		k += !extra;
		shown++;
	}
}

/* The event that was built, to both; false if they differ. */
static bool pair_feed(struct pair *pair)
{
	const uint32_t *rules, *expected;
	uint32_t count, expected_count;
	bool seen;

	build(&pair->world);
	pair->count = 0;
	seen = sk_sensor_apply(pair->rows, pair->world.wire, pair->world.wire_size, 0, false);
	if (sk_sensor_apply(pair->linear, pair->world.wire, pair->world.wire_size, 0, false) != seen)
		return false;
	if (!seen)
		return true;
	pair->seen++;
	count = sk_sensor_evaluate(pair->rows, &rules);
	expected_count = sk_sensor_evaluate(pair->linear, &expected);
	pair->matched = expected;
	pair->count = expected_count;
	if (count == expected_count && (count == 0 || memcmp(rules, expected, count * sizeof(*rules)) == 0))
		return true;
	pair_report(pair, rules, count, expected, expected_count);
	return false;
}

/* A bit for each condition that holds for an event of the thread which changes nothing. */
static uint64_t pair_see(struct pair *pair, int64_t tid)
{
	uint64_t holding = 0;

	event(&pair->world, SK_EVENT_SYSCALL_CLOSE_X, tid);
	number(&pair->world, 0, -9);
	number(&pair->world, 1, 77);
	pair_feed(pair);
	for (uint32_t i = 0; i < pair->count; i++)
		holding |= UINT64_C(1) << pair->matched[i];
	return holding;
}

#endif
