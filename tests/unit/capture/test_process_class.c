/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words of threads, what voids them, and classes: more than there is room for,
 * and none where ancestors are not known.
 */
#include "runtime/capture/process_class.h"

#include "runtime/sensor.h"
#include "tests/unit/compiler/fixture.h"
#include "tests/unit/state/event_builder.h"

enum { PROGRAMS = 80, FIRST_TID = 200, BOOT = 1000 };

/* --- words ----------------------------------------------------------------------- */

static struct sk_process_classes classes;

static void say(uint32_t tid, uint32_t class, uint64_t time)
{
	classes.words[sk_process_slot(tid)] = sk_process_word(tid, class, time);
}

TEST(a_word_is_of_one_thread)
{
	memset(&classes, 0, sizeof(classes));
	say(4711, 5, 100);
	CHECK_EQUAL(sk_process_class_of(&classes, 4711), 5);
	CHECK_EQUAL(sk_process_class_of(&classes, 4711 + SK_PROCESS_SLOTS), 0);
	say(4711 + 63 * SK_PROCESS_SLOTS, SK_PROCESS_CLASSES - 1, 100);
	CHECK_EQUAL(sk_process_class_of(&classes, 4711 + 63 * SK_PROCESS_SLOTS), SK_PROCESS_CLASSES - 1);
	CHECK_EQUAL(sk_process_class_of(&classes, 4711), 0);
}

TEST(a_word_is_good_until_something_changes)
{
	memset(&classes, 0, sizeof(classes));
	say(1, 5, 100);
	sk_process_raise(&classes.changes[1], 99);
	classes.everyone = classes.floor = 99;
	CHECK_EQUAL(sk_process_class_of(&classes, 1), 5);
	sk_process_raise(&classes.changes[1], 100);
	CHECK_EQUAL(sk_process_class_of(&classes, 1), 0);
	say(1, 5, 101);
	CHECK_EQUAL(sk_process_class_of(&classes, 1), 5);
	sk_process_raise(&classes.everyone, 101);
	CHECK_EQUAL(sk_process_class_of(&classes, 1), 0);
	say(1, 5, 102);
	classes.floor = 102;
	CHECK_EQUAL(sk_process_class_of(&classes, 1), 0);
}

TEST(what_a_word_has_no_room_for_is_not_said)
{
	CHECK(sk_process_word(1, 1, (UINT64_C(1) << 52) - 1) != 0);
	CHECK_EQUAL(sk_process_word(1, 1, UINT64_C(1) << 52), 0);
	CHECK(sk_process_word((1u << 22) - 1, 1, 1) != 0);
	CHECK_EQUAL(sk_process_word(1u << 22, 1, 1), 0);
}

TEST(times_are_only_raised)
{
	__u64 time = 5;

	sk_process_raise(&time, 4);
	CHECK_EQUAL(time, 5);
	sk_process_raise(&time, 6);
	CHECK_EQUAL(time, 6);
}

/* --- classes ----------------------------------------------------------------------- */

static struct subject {
	struct fixture pack;
	struct sk_sensor *sensor;
	struct sk_outputs outputs;
	struct sk_prospector *prospector;
	struct sk_class_filter *filter;
	struct world world;
} subject;

/* Each program has a rule of its own, made of its number. */
static void open_subject_of(const char *form)
{
	struct sk_sensor_options options = {
		.bundle = &subject.pack.bundle,
		.state = {.own_pid = -1},
		.match_all = true,
		.priority = 7,
		.outputs = &subject.outputs,
	};
	struct sk_error error = {.message = ""};

	memset(&subject, 0, sizeof(subject));
	memset(&classes, 0, sizeof(classes));
	fixture_begin(&subject.pack);
	for (int i = 0; i < PROGRAMS; i++) {
		char name[16], condition[64];

		snprintf(name, sizeof(name), "r%d", i);
		snprintf(condition, sizeof(condition), form, i, i + 1);
		fixture_rule(&subject.pack, name, condition, "%evt.type");
	}
	CHECK_EQUAL(fixture_open(&subject.pack), 0);
	sk_outputs_init(&subject.outputs, true);
	CHECK_EQUAL(sk_sensor_create(&options, &subject.sensor, &error), 0);
	CHECK_EQUAL(sk_prospector_create(&subject.pack.bundle, &subject.prospector), 0);
	CHECK_EQUAL(sk_class_filter_create(&subject.pack.bundle, subject.prospector, false, &subject.filter), 0);
	sk_class_filter_share(subject.filter, &classes, BOOT);
	subject.world.sink = sk_sensor_sink(subject.sensor);
	subject.world.now = 10 * (uint64_t)SECOND;
	existing(&subject.world, 1, 1, 0, "init");
}

static void open_subject(void)
{
	open_subject_of("evt.type = fchmod and proc.name = p%d");
}

static void close_subject(void)
{
	sk_class_filter_destroy(subject.filter);
	sk_prospector_destroy(subject.prospector);
	sk_sensor_destroy(subject.sensor);
	sk_outputs_release(&subject.outputs);
	sk_bundle_close(&subject.pack.bundle);
	fixture_end(&subject.pack);
}

/* What was built comes through; the class that its thread has after it. */
static uint32_t observe(void)
{
	const uint32_t *rules;

	build(&subject.world);
	CHECK(sk_sensor_apply(subject.sensor, subject.world.wire, subject.world.wire_size, 0, false));
	sk_sensor_evaluate(subject.sensor, &rules);
	return sk_class_filter_observe(subject.filter, sk_sensor_vm(subject.sensor),
				       sk_sensor_view(subject.sensor));
}

/* A thread's fchmod; the class that it has after it. */
static uint32_t class_after(int64_t tid)
{
	event(&subject.world, SK_EVENT_SYSCALL_FCHMOD_X, tid);
	number(&subject.world, 0, 0);
	number(&subject.world, 1, 3);
	number(&subject.world, 2, 1);
	return observe();
}

static enum sk_filter_reason decide(uint32_t class)
{
	return sk_filter_decide(sk_class_filter_entry(subject.filter, class, SK_EVENT_SYSCALL_FCHMOD_X), 0, 0, 3, 1,
				0);
}

TEST(a_class_lets_its_own_rules_have_their_events)
{
	open_subject();
	existing(&subject.world, 100, 100, 1, "p7");
	existing(&subject.world, 101, 101, 1, "nobody");
	subject.world.sink.complete(subject.world.sink.context);
	CHECK_EQUAL(decide(0), SK_FILTER_PASS);
	CHECK_EQUAL(decide(class_after(100)), SK_FILTER_PASS);
	CHECK(class_after(101) != class_after(100));
	CHECK(decide(class_after(101)) != SK_FILTER_PASS);
	CHECK_EQUAL(sk_class_filter_count(subject.filter), 2);
	CHECK_EQUAL(sk_process_class_of(&classes, 101), class_after(101));
	close_subject();
}

TEST(more_classes_than_there_is_room_for_leave_more_rules)
{
	open_subject();
	for (int i = 0; i < PROGRAMS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "p%d", i);
		existing(&subject.world, FIRST_TID + i, FIRST_TID + i, 1, name);
	}
	subject.world.sink.complete(subject.world.sink.context);
	for (int i = 0; i < PROGRAMS; i++)
		CHECK_EQUAL(decide(class_after(FIRST_TID + i)), SK_FILTER_PASS);
	CHECK_EQUAL(sk_class_filter_count(subject.filter), SK_PROCESS_CLASSES - 1);
	CHECK_EQUAL(class_after(FIRST_TID + PROGRAMS - 1), 0);
	close_subject();
}

/* What a call does to fds and threads, whatever rules there are. */
static bool does_the_same(uint32_t class, uint16_t type)
{
	const uint16_t changes = SK_FILTER_CHANGES | SK_FILTER_CHANGES_OTHERS | SK_FILTER_BRINGS_FDS |
				 SK_FILTER_CREATES_FD | SK_FILTER_USES_RING | SK_FILTER_OPENS;
	const struct sk_filter_entry *of_class = sk_class_filter_entry(subject.filter, class, type);
	const struct sk_filter_entry *of_all = sk_class_filter_entry(subject.filter, 0, type);

	return of_class->fds == of_all->fds && of_class->pair == of_all->pair &&
	       (of_class->traits & changes) == (of_all->traits & changes);
}

TEST(more_entries_than_there_is_room_for_are_those_of_all_processes)
{
	uint32_t different = 0, own = 0;

	open_subject_of("proc.name = p%d and evt.rawres = -%d");
	for (int i = 0; i < PROGRAMS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "p%d", i);
		existing(&subject.world, FIRST_TID + i, FIRST_TID + i, 1, name);
	}
	subject.world.sink.complete(subject.world.sink.context);
	for (int i = 0; i < PROGRAMS; i++)
		class_after(FIRST_TID + i);
	CHECK_EQUAL(sk_class_filter_count(subject.filter), SK_PROCESS_CLASSES - 1);
	for (uint32_t class = 1; class < SK_PROCESS_CLASSES; class ++) {
		for (uint32_t type = 0; type < SK_EVENT_COUNT; type++) {
			different += !does_the_same(class, (uint16_t)type);
			own += classes.index[class][type] == SK_PROCESS_ENTRIES - 1;
		}
	}
	CHECK(own > 0);
	CHECK_EQUAL(different, 0);
	close_subject();
}

TEST(a_thread_whose_ancestors_are_not_known_has_no_class)
{
	open_subject();
	existing(&subject.world, 100, 100, 1, "nobody");
	existing(&subject.world, 101, 101, 100, "nobody");
	subject.world.sink.complete(subject.world.sink.context);
	CHECK(class_after(100) != 0);
	CHECK(class_after(101) != 0);
	/* The parent's end was lost, and its tid is another's: whoever has it is an ancestor. */
	clone_event(&subject.world, 100, 0, 100, 1, 0);
	build(&subject.world);
	CHECK(sk_sensor_apply(subject.sensor, subject.world.wire, subject.world.wire_size, 0, false));
	CHECK_EQUAL(sk_thread_find(sk_state_threads(sk_sensor_state(subject.sensor)), 101)->ptid, 100);
	CHECK_EQUAL(class_after(101), 0);
	CHECK_EQUAL(sk_process_class_of(&classes, 101), 0);
	close_subject();
}

TEST(a_tid_that_comes_again_has_other_ancestors)
{
	open_subject();
	existing(&subject.world, 100, 100, 1, "nobody");
	existing(&subject.world, 101, 101, 100, "nobody");
	existing(&subject.world, 102, 102, 1, "nobody");
	subject.world.sink.complete(subject.world.sink.context);
	/* As above: the ancestors of 101 are not known from now on. */
	clone_event(&subject.world, 100, 0, 100, 1, 0);
	observe();
	CHECK_EQUAL(class_after(101), 0);
	CHECK(class_after(102) != 0);
	exit_event(&subject.world, 102);
	observe();
	/* The kernel says so before the new one's first event. */
	classes.changes[102] = sk_process_time(subject.world.now - BOOT);
	clone_event(&subject.world, 102, 0, 102, 101, 0);
	CHECK_EQUAL(observe(), 0);
	CHECK_EQUAL(class_after(102), 0);
	close_subject();
}

TEST(a_change_that_comes_late_voids_what_was_said_before_it_came)
{
	uint64_t now;

	open_subject();
	existing(&subject.world, 100, 100, 1, "nobody");
	existing(&subject.world, 101, 101, 100, "nobody");
	subject.world.sink.complete(subject.world.sink.context);
	CHECK(class_after(101) != 0);
	CHECK(class_after(101) != 0);
	CHECK(sk_process_class_of(&classes, 101) != 0);
	now = subject.world.now;
	subject.world.now -= SECOND;
	exec_event(&subject.world, 100, "/bin/p7", "p7");
	observe();
	subject.world.now = now;
	CHECK_EQUAL(sk_process_class_of(&classes, 101), 0);
	close_subject();
}

TEST_MAIN(RUN(a_word_is_of_one_thread) RUN(a_word_is_good_until_something_changes)
		  RUN(what_a_word_has_no_room_for_is_not_said) RUN(times_are_only_raised)
			  RUN(a_class_lets_its_own_rules_have_their_events)
				  RUN(more_classes_than_there_is_room_for_leave_more_rules) RUN(
					  more_entries_than_there_is_room_for_are_those_of_all_processes)
					  RUN(a_thread_whose_ancestors_are_not_known_has_no_class) RUN(
						  a_tid_that_comes_again_has_other_ancestors)
						  RUN(a_change_that_comes_late_voids_what_was_said_before_it_came))
