/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles: what is counted is what happened.  A small pack whose figures can
 * be told by hand, and random packs and events, where the linear engine says
 * how often each rule was considered and matched.
 */
#include "tests/test.h"
#include "tests/unit/compiler/fixture.h"
#include "tests/unit/vm/random_host.h"
#include "vm/profile.h"
#include "vm/support/alloc.h"

/* --- by hand ------------------------------------------------------------- */

/* An event of a host that knows three fields, all of them texts. */
struct plain_event {
	const char *process, *parent, *path;
	struct mock_thing *thread;
};

static void plain_extract(void *context, const struct sk_field_ref *ref, struct sk_arena *scratch,
			  struct sk_value *ret_value)
{
	const struct plain_event *event = context;
	const char *text = NULL;

	(void)scratch;
	if (ref->field == SK_FIELD_PROC_NAME)
		text = event->process;
	else if (ref->field == SK_FIELD_PROC_PNAME)
		text = event->parent;
	else if (ref->field == SK_FIELD_EVT_TYPE)
		text = "openat";
	else
		text = event->path;
	*ret_value = text ? sk_value_text(text, (uint32_t)strlen(text)) : sk_value_missing();
}

static void plain_anchor(void *context, struct sk_vm_anchor *ret_anchor)
{
	const struct plain_event *event = context;

	*ret_anchor = (struct sk_vm_anchor){&event->thread->caches[0], event->thread->stamp};
}

struct plain {
	struct fixture fixture;
	struct sk_vm *vm;
	struct mock_thing threads[2];
	struct sk_profile_rule rules[8];
	const struct sk_profile *profile;
};

static void plain_start(struct plain *plain, const char *const *conditions, uint32_t count, bool match_all)
{
	const struct sk_vm_options options = {
		.extract = plain_extract, .anchor = plain_anchor, .match_all = match_all, .priority = 7};
	struct sk_error error = {.message = ""};
	char name[16];

	*plain = (struct plain){.threads = {{.stamp = 1}, {.stamp = 1}}};
	fixture_begin(&plain->fixture);
	for (uint32_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "r%u", i);
		fixture_rule(&plain->fixture, name, conditions[i], "x");
	}
	CHECK_EQUAL(fixture_open(&plain->fixture), 0);
	CHECK_EQUAL(sk_vm_create(&plain->fixture.bundle, &options, &plain->vm, &error), 0);
	CHECK_EQUAL(sk_vm_profile_start(plain->vm, 1), 0);
}

static uint32_t plain_event(struct plain *plain, unsigned thread, const char *path)
{
	static const char *const names[] = {"cat", "sh"};
	struct plain_event event = {names[thread], "init", path, &plain->threads[thread]};
	const uint32_t *rules;

	return sk_vm_evaluate(plain->vm, SK_EVENT_SYSCALL_OPENAT_2_X, &event, &rules);
}

static void plain_read(struct plain *plain)
{
	CHECK_EQUAL(sk_vm_profile_read(plain->vm, &plain->profile), 0);
	sk_profile_sum_rules(plain->profile, plain->rules);
}

static void plain_end(struct plain *plain)
{
	sk_vm_destroy(plain->vm);
	fixture_end(&plain->fixture);
}

static uint32_t question_of(const struct plain *plain, enum sk_field field)
{
	const struct sk_bundle *bundle = &plain->fixture.bundle;

	for (uint32_t i = 0; i < bundle->questions_count; i++) {
		uint32_t expression = bundle->questions[i].expression;

		if (expression != SK_NONE && bundle->expressions[expression].kind == SK_EXPRESSION_FIELD &&
		    bundle->fields[bundle->expressions[expression].operand].field == field)
			return i;
	}
	CHECK(!"no such question");
	return 0;
}

static const char *const two_rules[] = {
	"evt.type = openat and proc.name = cat and evt.arg.name startswith /etc/",
	"evt.type = openat and evt.arg.name = val(proc.pname)",
};

TEST(what_becomes_of_rules_is_counted)
{
	struct plain plain;
	const struct sk_profile_question *name, *path;
	const struct sk_profile_type *type;

	plain_start(&plain, two_rules, 2, true);
	CHECK_EQUAL(plain_event(&plain, 0, "/etc/passwd"), 1);
	CHECK_EQUAL(plain_event(&plain, 0, "/etc/passwd"), 1);
	CHECK_EQUAL(plain_event(&plain, 0, "/tmp/x"), 0);
	CHECK_EQUAL(plain_event(&plain, 0, NULL), 0);
	CHECK_EQUAL(plain_event(&plain, 1, "/etc/passwd"), 0);
	CHECK_EQUAL(plain_event(&plain, 1, "init"), 1);
	plain_read(&plain);
	CHECK_EQUAL(plain.profile->events, 6);
	CHECK_EQUAL(plain.profile->timed, 6);
	/* cat reads /etc: sure matches, nothing to be run. */
	CHECK_EQUAL(plain.rules[0].considered, 6);
	CHECK_EQUAL(plain.rules[0].survived, 2);
	CHECK_EQUAL(plain.rules[0].run, 0);
	CHECK_EQUAL(plain.rules[0].matched, 2);
	/* Two fields are compared event by event. */
	CHECK_EQUAL(plain.rules[1].considered, 6);
	CHECK_EQUAL(plain.rules[1].survived, 6);
	CHECK_EQUAL(plain.rules[1].run, 6);
	CHECK_EQUAL(plain.rules[1].matched, 1);
	CHECK_EQUAL(plain.rules[1].linear, 0);

	/* One class a thread; the path is asked where the process is cat. */
	name = &plain.profile->questions[question_of(&plain, SK_FIELD_PROC_NAME)];
	CHECK_EQUAL(name->asked, 2);
	CHECK_EQUAL(name->worked_out, 2);
	CHECK_EQUAL(name->answered, 6);
	CHECK_EQUAL(name->missing, 0);
	CHECK_EQUAL(name->ruled_out, 2);
	CHECK_EQUAL(name->signatures, 1);
	path = &plain.profile->questions[question_of(&plain, SK_FIELD_EVT_ARG)];
	CHECK_EQUAL(path->answered, 4);
	CHECK_EQUAL(path->missing, 1);
	CHECK_EQUAL(path->ruled_out, 2);
	CHECK_EQUAL(path->worked_out, 2);
	/* Once more to choose the question. */
	CHECK_EQUAL(path->asked, 5);

	type = &plain.profile->types[SK_EVENT_SYSCALL_OPENAT_2_X];
	CHECK_EQUAL(type->events, 6);
	CHECK_EQUAL(type->linear, 0);
	CHECK_EQUAL(type->timed, 6);
	CHECK(type->ticks[SK_PROFILE_PART_PROGRAM] > 0);
	CHECK(plain.profile->ns_per_tick > 0);
	plain_end(&plain);
}

TEST(predicates_are_credited_with_what_their_question_ruled_out)
{
	struct plain plain;
	uint32_t question, predicate;

	plain_start(&plain, two_rules, 2, true);
	for (unsigned i = 0; i < 10; i++)
		plain_event(&plain, i % 2, i < 6 ? "/etc/passwd" : "/tmp/x");
	plain_read(&plain);
	question = question_of(&plain, SK_FIELD_PROC_NAME);
	predicate = plain.fixture.bundle.questions[question].first;
	CHECK_EQUAL(plain.profile->predicates[predicate].ruled_out, 5);
	CHECK_EQUAL(plain.profile->predicates[predicate].held, 5);
	question = question_of(&plain, SK_FIELD_EVT_ARG);
	predicate = plain.fixture.bundle.questions[question].first;
	CHECK_EQUAL(plain.profile->predicates[predicate].ruled_out, 2);
	CHECK_EQUAL(plain.profile->predicates[predicate].held, 3);
	plain_end(&plain);
}

TEST(a_rule_behind_a_match_is_not_considered)
{
	static const char *const conditions[] = {
		"evt.type = openat and evt.arg.name = /a",
		"evt.type = openat and evt.arg.name startswith /",
		"evt.type = openat and proc.name = cat",
	};
	struct plain plain;

	plain_start(&plain, conditions, 3, false);
	plain_event(&plain, 0, "/a");
	plain_event(&plain, 0, "/b");
	plain_event(&plain, 0, "/b");
	plain_event(&plain, 0, "c");
	plain_event(&plain, 1, "c");
	plain_read(&plain);
	CHECK_EQUAL(plain.rules[0].events, 5);
	CHECK_EQUAL(plain.rules[0].considered, 5);
	CHECK_EQUAL(plain.rules[0].matched, 1);
	CHECK_EQUAL(plain.rules[1].considered, 4);
	CHECK_EQUAL(plain.rules[1].matched, 2);
	CHECK_EQUAL(plain.rules[2].considered, 2);
	CHECK_EQUAL(plain.rules[2].survived, 1);
	CHECK_EQUAL(plain.rules[2].matched, 1);
	CHECK_EQUAL(plain.rules[2].events, 5);
	plain_end(&plain);
}

TEST(contains_notes_where_in_new_values_its_text_is)
{
	static const char *const conditions[] = {
		"evt.type = openat and evt.arg.name contains /etc/",
	};
	struct plain plain;
	uint32_t predicate;

	plain_start(&plain, conditions, 1, true);
	plain_event(&plain, 0, "/etc/a");
	plain_event(&plain, 0, "/etc/a");
	plain_event(&plain, 0, "/etc/b");
	plain_event(&plain, 0, "/var/etc/b");
	plain_event(&plain, 0, "/tmp");
	plain_read(&plain);
	predicate = plain.fixture.bundle.questions[question_of(&plain, SK_FIELD_EVT_ARG)].first;
	CHECK_EQUAL(plain.profile->predicates[predicate].values, 3);
	CHECK_EQUAL(plain.profile->predicates[predicate].beginning, 2);
	plain_end(&plain);
}

TEST(paths_lead_to_the_rules_that_came_so_far)
{
	struct plain plain;
	uint64_t first = 0, survived = 0;

	plain_start(&plain, two_rules, 2, true);
	for (unsigned i = 0; i < 8; i++)
		plain_event(&plain, i % 2, "/etc/passwd");
	plain_read(&plain);
	for (uint32_t i = 0; i < plain.profile->path_count; i++) {
		const struct sk_profile_path *path = &plain.profile->paths[i];

		CHECK_EQUAL(path->type, SK_EVENT_SYSCALL_OPENAT_2_X);
		CHECK(path->parent == SK_NONE || path->parent < i);
		first += path->parent == SK_NONE ? path->events : 0;
	}
	CHECK_EQUAL(first, 8);
	for (uint32_t i = 0; i < plain.profile->stop_count; i++)
		survived += plain.profile->stops[i].survived;
	CHECK_EQUAL(survived, plain.rules[0].survived + plain.rules[1].survived);
	plain_end(&plain);
}

TEST(a_profile_can_be_read_again_and_goes_on)
{
	struct plain plain;

	plain_start(&plain, two_rules, 2, true);
	plain_event(&plain, 0, "/etc/passwd");
	plain_read(&plain);
	plain_read(&plain);
	CHECK_EQUAL(plain.rules[0].matched, 1);
	CHECK_EQUAL(plain.rules[1].survived, 1);
	sk_vm_flush(plain.vm);
	plain_event(&plain, 0, "/etc/passwd");
	plain_read(&plain);
	CHECK_EQUAL(plain.rules[0].survived, 2);
	CHECK_EQUAL(plain.rules[1].run, 2);
	CHECK_EQUAL(plain.profile->questions[question_of(&plain, SK_FIELD_PROC_NAME)].worked_out, 2);
	plain_end(&plain);
}

TEST(a_part_of_the_events_is_timed_and_all_are_counted)
{
	struct plain plain;
	struct plain_event event = {"cat", "init", "/etc/passwd", NULL};
	const struct sk_vm_options options = {.extract = plain_extract, .match_all = true, .priority = 7};
	struct sk_error error = {.message = ""};
	const uint32_t *rules;

	plain_start(&plain, two_rules, 2, true);
	sk_vm_destroy(plain.vm);
	CHECK_EQUAL(sk_vm_create(&plain.fixture.bundle, &options, &plain.vm, &error), 0);
	CHECK_EQUAL(sk_vm_profile_start(plain.vm, 10), 0);
	for (unsigned i = 0; i < 10000; i++)
		sk_vm_evaluate(plain.vm, SK_EVENT_SYSCALL_OPENAT_2_X, &event, &rules);
	plain_read(&plain);
	CHECK_EQUAL(plain.rules[0].considered, 10000);
	CHECK_EQUAL(plain.rules[0].matched, 10000);
	CHECK(plain.profile->timed > 900 && plain.profile->timed < 1100);
	plain_end(&plain);
}

TEST(an_event_of_a_type_without_rules_is_not_counted)
{
	struct plain plain;
	struct plain_event event = {"cat", "init", "/etc/passwd", &plain.threads[0]};
	const uint32_t *rules;

	plain_start(&plain, two_rules, 2, true);
	CHECK_EQUAL(sk_vm_evaluate(plain.vm, SK_EVENT_SYSCALL_CLOSE_X, &event, &rules), 0);
	plain_read(&plain);
	CHECK_EQUAL(plain.profile->events, 0);
	plain_end(&plain);
}

static void engine_anew(struct plain *plain)
{
	const struct sk_vm_options options = {.extract = plain_extract, .match_all = true, .priority = 7};
	struct sk_error error = {.message = ""};

	sk_vm_destroy(plain->vm);
	CHECK_EQUAL(sk_vm_create(&plain->fixture.bundle, &options, &plain->vm, &error), 0);
}

TEST(without_memory_there_is_no_profile_and_no_harm)
{
	struct plain plain;
	int status = -ENOMEM;

	plain_start(&plain, two_rules, 2, true);
	for (size_t after = 0; status == -ENOMEM && after < 100; after++) {
		engine_anew(&plain);
		sk_alloc_fail_after(after);
		status = sk_vm_profile_start(plain.vm, 1);
		sk_alloc_fail_after(SIZE_MAX);
		CHECK_EQUAL(plain_event(&plain, 0, "/etc/passwd"), 1);
	}
	CHECK_EQUAL(status, 0);
	/* While events come: it is not whole, and says so. */
	engine_anew(&plain);
	CHECK_EQUAL(plain_event(&plain, 0, "/etc/passwd"), 1);
	CHECK_EQUAL(sk_vm_profile_start(plain.vm, 1), 0);
	sk_alloc_fail_after(0);
	CHECK_EQUAL(plain_event(&plain, 0, "/etc/passwd"), 1);
	sk_alloc_fail_after(SIZE_MAX);
	CHECK_EQUAL(sk_vm_profile_read(plain.vm, &plain.profile), -ENOMEM);
	plain_end(&plain);
}

/* Events of a host that knows where calls came from; those without notes are of type openat, and ordinary. */
struct noted_event {
	struct plain_event plain;
	const char *origin; /* NULL: no notes */
};

static void noted_extract(void *context, const struct sk_field_ref *ref, struct sk_arena *scratch,
			  struct sk_value *ret_value)
{
	const struct noted_event *event = context;
	const char *origin = event->origin ? event->origin : "syscall";

	if (ref->field == SK_FIELD_SAKER_ORIGIN)
		*ret_value = sk_value_text(origin, (uint32_t)strlen(origin));
	else
		plain_extract(context, ref, scratch, ret_value);
}

static bool noted_bare(void *context)
{
	return !((const struct noted_event *)context)->origin;
}

TEST(what_goes_without_saying_rules_out_as_if_it_were_asked)
{
	static const char *const conditions[] = {
		"evt.type = openat and saker.origin = x32",
		"evt.type = openat and evt.arg.name startswith /etc/",
	};
	static const char *const origins[] = {NULL, "x32", NULL, "compat", NULL};
	struct plain plain;
	struct noted_event event = {.plain = {.process = "cat", .parent = "init"}};
	const struct sk_profile_question *origin;
	const uint32_t *rules;
	uint32_t question;

	plain_start(&plain, conditions, 2, true);
	sk_vm_destroy(plain.vm);
	event.plain.thread = &plain.threads[0];
	struct sk_error error = {.message = ""};
	const struct sk_vm_options options = {.extract = noted_extract,
					      .anchor = plain_anchor,
					      .bare = noted_bare,
					      .match_all = true,
					      .priority = 7};
	CHECK_EQUAL(sk_vm_create(&plain.fixture.bundle, &options, &plain.vm, &error), 0);
	CHECK_EQUAL(sk_vm_profile_start(plain.vm, 1), 0);
	for (size_t i = 0; i < COUNT(origins); i++) {
		event.origin = origins[i];
		event.plain.path = i == 4 ? "/tmp/x" : "/etc/x";
		CHECK_EQUAL(sk_vm_evaluate(plain.vm, SK_EVENT_SYSCALL_OPENAT_2_X, &event, &rules), i == 1   ? 2
												   : i == 4 ? 0
													    : 1);
	}
	plain_read(&plain);
	question = question_of(&plain, SK_FIELD_SAKER_ORIGIN);
	origin = &plain.profile->questions[question];
	/* Three events without notes, one of compat. */
	CHECK_EQUAL(origin->answered, 5);
	CHECK_EQUAL(origin->ruled_out, 4);
	CHECK_EQUAL(plain.profile->predicates[plain.fixture.bundle.questions[question].first].ruled_out, 4);
	CHECK_EQUAL(plain.profile->predicates[plain.fixture.bundle.questions[question].first].held, 1);
	CHECK_EQUAL(plain.rules[0].considered, 5);
	CHECK_EQUAL(plain.rules[0].survived, 1);
	CHECK_EQUAL(plain.rules[1].survived, 4);
	plain_end(&plain);
}

/* --- at random ----------------------------------------------------------- */

enum { TRIALS = 120, EVENTS = 400, MOST_RULES = 40 };

static struct sk_vm *engine_for(const struct fixture *fixture, enum sk_vm_engine engine, uint32_t most,
				bool match_all, uint8_t priority)
{
	const struct sk_vm_options options = {
		.extract = mock_extract,
		.anchor = mock_anchor,
		.ancestors = mock_ancestors,
		.container = mock_container,
		.descriptor = mock_descriptor,
		.bare = mock_bare,
		.engine = engine,
		.limits = {.values = most,
			   .value_bytes = most * 16,
			   .signatures = most,
			   .classes = most,
			   .nodes = most},
		.match_all = match_all,
		.priority = priority,
	};
	struct sk_error error = {.message = ""};
	struct sk_vm *vm = NULL;

	CHECK_EQUAL(sk_vm_create(&fixture->bundle, &options, &vm, &error), 0);
	CHECK_EQUAL(sk_vm_profile_start(vm, 1), 0);
	return vm;
}

/* Exactly: two sums of the same numbers in another order. */
static bool about(double a, double b)
{
	double difference = a > b ? a - b : b - a;

	return difference <= 1e-6 * (a + b) + 1e-3;
}

static uint64_t flushes, linear_events;

static void adds_up(const struct sk_profile *profile, const struct sk_vm_stats *stats)
{
	const struct sk_bundle *bundle = profile->bundle;
	uint64_t run = 0, linear = 0, survived = 0, ended = 0, events = 0, fallbacks = 0, first = 0;
	double shared = 0, asked = 0, programs = 0, ended_ticks = 0, path_ticks = 0, waited = 0;

	for (uint16_t type = 0; type < bundle->types_count; type++) {
		const struct sk_profile_type *record = &profile->types[type];

		events += record->events;
		fallbacks += record->linear;
		asked += record->ticks[SK_PROFILE_PART_QUESTION];
		programs += record->ticks[SK_PROFILE_PART_PROGRAM];
		CHECK_EQUAL(record->timed, record->events);
		for (uint32_t i = 0; record->uses && i < bundle->types[type].count; i++) {
			const struct sk_profile_use *use = &record->uses[i];

			CHECK(use->considered <= record->events);
			CHECK(use->survived <= use->considered);
			CHECK(use->run <= use->survived);
			CHECK(use->linear <= use->run);
			CHECK(use->matched <= use->survived);
			run += use->run;
			linear += use->linear;
			survived += use->survived;
			shared += use->shared;
		}
	}
	CHECK_EQUAL(events, profile->events);
	for (uint32_t i = 0; i < profile->path_count; i++) {
		first += profile->paths[i].parent == SK_NONE ? profile->paths[i].events : 0;
		path_ticks += profile->paths[i].ticks;
	}
	for (uint32_t i = 0; i < profile->stop_count; i++) {
		ended += profile->stops[i].survived;
		ended_ticks += profile->stops[i].ticks;
		waited += profile->stops[i].shared;
	}
	CHECK(about(programs, ended_ticks));
	CHECK(about(shared, path_ticks));
	CHECK(about(shared, waited));
	CHECK(about(path_ticks, asked));
	for (uint32_t i = 0; i < bundle->questions_count; i++) {
		const struct sk_profile_question *question = &profile->questions[i];

		CHECK(question->worked_out <= question->asked || bundle->questions[i].expression == SK_NONE);
		CHECK(question->missing <= question->answered);
	}
	for (uint32_t i = 0; i < bundle->predicates_count; i++)
		CHECK(profile->predicates[i].held <= profile->events);
	if (stats) {
		CHECK_EQUAL(fallbacks, stats->linear);
		CHECK_EQUAL(run - linear, stats->residuals);
		/* Those that went no further on their way were on it. */
		CHECK(first <= events && first >= events - fallbacks);
		CHECK_EQUAL(ended, survived - linear);
		flushes += stats->flushes;
		linear_events += stats->linear;
	} else {
		CHECK_EQUAL(fallbacks, events);
		CHECK_EQUAL(linear, survived);
	}
}

static void same_counts(const struct sk_profile *left, const struct sk_profile *right)
{
	const struct sk_bundle *bundle = left->bundle;

	CHECK_EQUAL(left->events, right->events);
	for (uint16_t type = 0; type < bundle->types_count; type++) {
		const struct sk_profile_type *a = &left->types[type], *b = &right->types[type];

		CHECK_EQUAL(a->events, b->events);
		for (uint32_t i = 0; a->uses && b->uses && i < bundle->types[type].count; i++) {
			CHECK_EQUAL(a->uses[i].considered, b->uses[i].considered);
			CHECK_EQUAL(a->uses[i].matched, b->uses[i].matched);
			CHECK(a->uses[i].survived <= b->uses[i].survived);
		}
	}
}

static void one_trial(uint64_t seed)
{
	static const uint32_t limits[] = {1, 8, 64, 0};
	struct random random = {seed};
	struct predicates *predicates = malloc(sizeof(*predicates));
	char *condition = malloc(CONDITION_SIZE), name[16];
	struct mock_world world = {0};
	const uint32_t most = limits[random_below(&random, COUNT(limits))];
	const uint8_t priority = one_in(&random, 3) ? (uint8_t)random_below(&random, 8) : 7;
	const bool match_all = one_in(&random, 2);
	const struct sk_profile *profiles[2];
	struct fixture fixture;
	struct sk_vm *linear, *rows;
	struct sk_vm_stats stats;
	uint64_t matches[2] = {0};

	make_predicates(predicates, &random);
	fixture_begin(&fixture);
	for (uint32_t i = 1 + random_below(&random, MOST_RULES); i > 0; i--) {
		make_condition(predicates, condition);
		snprintf(name, sizeof(name), "r%u", i);
		fixture_rule(&fixture, name, condition, "x")->priority = (uint8_t)random_below(&random, 8);
	}
	if (fixture_open(&fixture) < 0)
		goto out;
	linear = engine_for(&fixture, SK_VM_ENGINE_LINEAR, 0, match_all, priority);
	rows = engine_for(&fixture, SK_VM_ENGINE_ROWS, most, match_all, priority);
	for (uint32_t i = 0; i < EVENTS; i++) {
		struct mock_event event;
		const uint32_t *rules;

		disturb_world(&world, &random);
		make_event(&event, &random, &world, false);
		matches[0] += sk_vm_evaluate(linear, event.type, &event, &rules);
		event.engine = 1;
		matches[1] += sk_vm_evaluate(rows, event.type, &event, &rules);
		if (one_in(&random, 100))
			CHECK_EQUAL(sk_vm_profile_read(rows, &profiles[1]), 0);
	}
	CHECK_EQUAL(matches[0], matches[1]);
	CHECK_EQUAL(sk_vm_profile_read(linear, &profiles[0]), 0);
	CHECK_EQUAL(sk_vm_profile_read(rows, &profiles[1]), 0);
	sk_vm_stats(rows, &stats);
	adds_up(profiles[0], NULL);
	adds_up(profiles[1], &stats);
	same_counts(profiles[1], profiles[0]);
	sk_vm_destroy(linear);
	sk_vm_destroy(rows);
out:
	fixture_end(&fixture);
	free(predicates);
	free(condition);
}

TEST(counts_of_random_packs_are_those_of_the_linear_engine_and_add_up)
{
	for (uint64_t trial = 0; trial < TRIALS && !test_failures; trial++) {
		one_trial(0x5eed0000 + trial);
		if (test_failures)
			printf("# trial %llu\n", (unsigned long long)trial);
	}
	CHECK(flushes > 100);
	CHECK(linear_events > 100);
}

TEST_MAIN(RUN(what_becomes_of_rules_is_counted) RUN(predicates_are_credited_with_what_their_question_ruled_out) RUN(
	a_rule_behind_a_match_is_not_considered) RUN(contains_notes_where_in_new_values_its_text_is)
		  RUN(paths_lead_to_the_rules_that_came_so_far) RUN(a_profile_can_be_read_again_and_goes_on)
			  RUN(a_part_of_the_events_is_timed_and_all_are_counted)
				  RUN(an_event_of_a_type_without_rules_is_not_counted) RUN(
					  what_goes_without_saying_rules_out_as_if_it_were_asked)
					  RUN(without_memory_there_is_no_profile_and_no_harm) RUN(
						  counts_of_random_packs_are_those_of_the_linear_engine_and_add_up))
