/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows against the linear engine: random packs, random events, the same
 * matches in the same order, whatever is remembered and forgotten on the way.
 *
 * SK_SEED gives other packs, SK_COMPARISONS more of them.  A difference is cut
 * down to the rules and events that it takes, and printed.
 */
#include "tests/test.h"
#include "tests/unit/compiler/fixture.h"
#include "tests/unit/vm/random_host.h"
#include "vm/print.h"

#if defined(__SANITIZE_ADDRESS__) || defined(SK_VM_CHECK)
enum { EVERYDAY = 60000 };
#else
enum { EVERYDAY = 1000000 };
#endif

enum { RULE_LIMIT = 600, EVENTS = 150 };

/* One way to run the rows engine. */
struct setup {
	const char *name;
	uint32_t most; /* that each table holds, from 1; 0: the defaults */
	bool match_all;
	bool no_hooks; /* neither anchors nor descriptors */
	enum sk_vm_engine engine;
};

static const struct setup setups[] = {
	{"all, tables of one", 1, true, false, SK_VM_ENGINE_ROWS},
	{"first, tables of one", 1, false, false, SK_VM_ENGINE_ROWS},
	{"all, small tables", 8, true, false, SK_VM_ENGINE_ROWS},
	{"first, small tables", 8, false, false, SK_VM_ENGINE_ROWS},
	{"all, default tables", 0, true, false, SK_VM_ENGINE_ROWS},
	{"first, default tables", 0, false, false, SK_VM_ENGINE_ROWS},
	{"first, middling tables", 64, false, false, SK_VM_ENGINE_ROWS},
	{"all, without hooks", 64, true, true, SK_VM_ENGINE_ROWS},
	{"all, atoms alone", 64, true, false, SK_VM_ENGINE_ATOMS},
	{"first, rows alone", 64, false, false, SK_VM_ENGINE_AND},
	{"all, rows and scopes", 64, true, false, SK_VM_ENGINE_SCOPES},
};
enum { SETUPS = COUNT(setups) };

/* A pack and what happens, all of it made from the seed. */
struct trial {
	uint64_t seed;
	char *conditions[RULE_LIMIT];
	uint32_t rules;
	bool dropped[RULE_LIMIT]; /* while a difference is cut down */
	bool skipped[EVENTS];
	uint8_t priorities[RULE_LIMIT];
	uint8_t threshold;
	bool short_memory;
};

struct difference {
	uint32_t setup, event;
	char what[1024];
};

static uint64_t comparisons, packs, faulty_packs, matches_seen, predicates_compared;
static struct sk_vm_stats total;

/* --- compiling --------------------------------------------------------- */

static void make_trial(struct trial *trial, uint64_t seed)
{
	static const uint32_t most[] = {3, 12, 40};
	struct random random = {seed};
	struct predicates *predicates = malloc(sizeof(*predicates));
	char *condition = malloc(CONDITION_SIZE);

	*trial = (struct trial){.seed = seed, .threshold = 7};
	make_predicates(predicates, &random);
	trial->rules = 1 + random_below(&random, most[random_below(&random, COUNT(most))]);
	/* More rules of a type than are looked at one by one. */
	if (one_in(&random, 20))
		trial->rules = 300 + random_below(&random, RULE_LIMIT - 300);
	if (one_in(&random, 4))
		trial->threshold = (uint8_t)random_below(&random, 8);
	trial->short_memory = one_in(&random, 8);
	for (uint32_t i = 0; i < trial->rules; i++) {
		make_condition(predicates, condition);
		trial->conditions[i] = strdup(condition);
		trial->priorities[i] = (uint8_t)random_below(&random, 8);
	}
	free(condition);
	free(predicates);
}

static void free_trial(struct trial *trial)
{
	for (uint32_t i = 0; i < trial->rules; i++)
		free(trial->conditions[i]);
}

/* False if the compiler refuses it. */
static bool compile(struct fixture *fixture, const struct trial *trial)
{
	char name[16];

	fixture_begin(fixture);
	for (uint32_t i = 0; i < trial->rules; i++) {
		if (trial->dropped[i])
			continue;
		snprintf(name, sizeof(name), "r%u", i);
		fixture_rule(fixture, name, trial->conditions[i], "x")->priority = trial->priorities[i];
	}
	if (fixture_open(fixture) == 0)
		return true;
	if (getenv("SK_SHOW_FAULTS"))
		fixture_print(fixture);
	fixture_end(fixture);
	return false;
}

/* --- comparing --------------------------------------------------------- */

static struct sk_vm_limits limits_of(uint32_t most, struct random *random)
{
	if (most == 0)
		return (struct sk_vm_limits){0};
	return (struct sk_vm_limits){.values = 1 + random_below(random, most),
				     .value_bytes = 1 + random_below(random, 16 * most),
				     .signatures = 1 + random_below(random, most),
				     .classes = 1 + random_below(random, most),
				     .nodes = 1 + random_below(random, most)};
}

static struct sk_vm *make_engine(const struct fixture *fixture, const struct trial *trial, enum sk_vm_engine engine,
				 const struct setup *setup)
{
	struct random random = {trial->seed};
	const struct sk_vm_options options = {
		.extract = mock_extract,
		.anchor = setup->no_hooks ? NULL : mock_anchor,
		.ancestors = setup->no_hooks ? NULL : mock_ancestors,
		.container = setup->no_hooks ? NULL : mock_container,
		.descriptor = setup->no_hooks ? NULL : mock_descriptor,
		.bare = setup->no_hooks ? NULL : mock_bare,
		.engine = engine,
		.limits = limits_of(setup->most, &random),
		.match_all = setup->match_all,
		.priority = trial->threshold,
	};
	struct sk_error error = {.message = ""};
	struct sk_vm *vm = NULL;

	if (sk_vm_create(&fixture->bundle, &options, &vm, &error) < 0)
		printf("# %s\n", error.message);
	return vm;
}

static void describe_rules(char *to, size_t size, const struct fixture *fixture, const uint32_t *rules,
			   uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		append(to, size, " ");
		append(to, size, sk_bundle_text(&fixture->bundle, fixture->bundle.rules[rules[i]].name, NULL));
	}
}

/* The event stays current: everything can still be asked of it. */
static bool same_predicates(const struct fixture *fixture, struct sk_vm *linear, struct sk_vm *vm,
			    struct mock_event *event, struct random *random, uint32_t engine,
			    struct difference *ret_difference)
{
	uint32_t number = random_below(random, fixture->bundle.predicates_count);
	enum sk_presence expected_presence, presence;
	struct sk_buffer text = {0};
	bool expected, truth;

	event->engine = 0;
	expected = sk_vm_predicate(linear, number);
	expected_presence = sk_vm_predicate_presence(linear, number);
	event->engine = engine;
	truth = sk_vm_predicate(vm, number);
	presence = sk_vm_predicate_presence(vm, number);
	predicates_compared++;
	if (truth == expected && presence == expected_presence)
		return true;
	sk_print_predicate(&fixture->bundle, number, SIZE_MAX, &text);
	snprintf(ret_difference->what, sizeof(ret_difference->what),
		 "predicate %s is %d (presence %d), linearly %d (%d)", text.bytes, truth, presence, expected,
		 expected_presence);
	sk_buffer_release(&text);
	return false;
}

/* `only` of the setups, SETUPS: all.  True if there was no difference. */
static bool run(const struct fixture *fixture, const struct trial *trial, uint32_t only,
		struct difference *ret_difference)
{
	struct random random = {mix(trial->seed)};
	struct mock_world world = {.container_stamp = 0};
	struct sk_vm *linear = make_engine(fixture, trial, SK_VM_ENGINE_LINEAR, &setups[0]);
	struct sk_vm *vms[SETUPS] = {NULL};
	bool same = linear != NULL;

	for (uint32_t i = 0; i < SETUPS; i++) {
		if (only == SETUPS || only == i)
			vms[i] = make_engine(fixture, trial, setups[i].engine, &setups[i]);
	}
	for (uint32_t number = 0; same && number < EVENTS; number++) {
		/* Each event has its own randomness, so that leaving one out changes no other. */
		struct random here = {random_next(&random)};
		const uint32_t *expected, *matched;
		struct mock_event event;
		uint32_t expected_count;

		disturb_world(&world, &here);
		make_event(&event, &here, &world, trial->short_memory);
		if (trial->skipped[number])
			continue;
		expected_count = sk_vm_evaluate(linear, event.type, &event, &expected);
		matches_seen += expected_count;
		for (uint32_t i = 0; same && i < SETUPS; i++) {
			uint32_t wanted_count = expected_count, count;
			bool flush = one_in(&here, setups[i].most ? 60 : 200);

			if (!vms[i])
				continue;
			if (!setups[i].match_all && wanted_count > 1)
				wanted_count = 1;
			if (flush)
				sk_vm_flush(vms[i]);
			event.engine = i + 1;
			count = sk_vm_evaluate(vms[i], event.type, &event, &matched);
			comparisons++;
			*ret_difference = (struct difference){.setup = i, .event = number};
			if (count != wanted_count ||
			    (count && memcmp(matched, expected, count * sizeof(*matched)) != 0)) {
				append(ret_difference->what, sizeof(ret_difference->what), "matched:");
				describe_rules(ret_difference->what, sizeof(ret_difference->what), fixture, matched,
					       count);
				append(ret_difference->what, sizeof(ret_difference->what), "; linearly:");
				describe_rules(ret_difference->what, sizeof(ret_difference->what), fixture,
					       expected, wanted_count);
				same = false;
			} else if (one_in(&here, 4) && fixture->bundle.predicates_count) {
				same = same_predicates(fixture, linear, vms[i], &event, &here, i + 1,
						       ret_difference);
			}
		}
	}
	for (uint32_t i = 0; i < SETUPS; i++) {
		struct sk_vm_stats stats;

		if (!vms[i])
			continue;
		sk_vm_stats(vms[i], &stats);
		total.events += stats.events;
		total.linear += stats.linear;
		total.value_hits += stats.value_hits;
		total.value_misses += stats.value_misses;
		total.class_hits += stats.class_hits;
		total.class_misses += stats.class_misses;
		total.residuals += stats.residuals;
		total.flushes += stats.flushes;
		sk_vm_destroy(vms[i]);
	}
	sk_vm_destroy(linear);
	return same;
}

/* --- cutting down ------------------------------------------------------ */

static bool still_differs(const struct trial *trial, struct difference *difference)
{
	struct fixture fixture;
	bool same;

	if (!compile(&fixture, trial))
		return false;
	same = run(&fixture, trial, difference->setup, difference);
	fixture_end(&fixture);
	return !same;
}

static void cut(struct trial *trial, struct difference *difference, bool *flags, uint32_t count)
{
	struct difference last = *difference;

	for (uint32_t size = (count + 1) / 2; size; size /= 2) {
		for (uint32_t at = 0; at < count; at += size) {
			uint32_t end = at + size < count ? at + size : count;
			bool before[RULE_LIMIT > EVENTS ? RULE_LIMIT : EVENTS];

			memcpy(before, flags, count * sizeof(*flags));
			memset(flags + at, true, (end - at) * sizeof(*flags));
			if (still_differs(trial, &last))
				*difference = last;
			else
				memcpy(flags, before, count * sizeof(*flags));
			last.setup = difference->setup;
		}
	}
}

static void print_values(const struct fixture *fixture, const struct trial *trial,
			 const struct difference *difference)
{
	struct random random = {mix(trial->seed)};
	struct mock_world world = {.container_stamp = 0};
	struct sk_arena scratch;

	sk_arena_init(&scratch, 0);
	for (uint32_t number = 0; number <= difference->event; number++) {
		struct random here = {random_next(&random)};
		struct mock_event event;

		disturb_world(&world, &here);
		make_event(&event, &here, &world, trial->short_memory);
		if (trial->skipped[number])
			continue;
		printf("# event %u: %s, thread %d (secret %llu, stamp %llu), file %s\n", number,
		       sk_events[event.type].id, event.thread,
		       event.thread < 0 ? 0 : (unsigned long long)world.threads[event.thread].secret,
		       event.thread < 0 ? 0 : (unsigned long long)world.threads[event.thread].stamp,
		       event.has_file ? event.file_name : "-");
		for (uint32_t i = 0; i < fixture->bundle.fields_count; i++) {
			const struct sk_bundle_field *field = &fixture->bundle.fields[i];
			struct sk_field_ref ref = {.field = field->field,
						   .kind = field->kind,
						   .type = field->type,
						   .list = field->list,
						   .index = field->index,
						   .number = i};
			struct sk_buffer buffer = {0};
			struct sk_value value;

			if (field->argument != SK_NONE)
				ref.argument =
					sk_bundle_text(&fixture->bundle, field->argument, &ref.argument_length);
			mock_extract(&event, &ref, &scratch, &value);
			sk_value_print(&value, &buffer);
			printf("#   %s%s%s = ", sk_fields[field->field].name, ref.argument ? " " : "",
			       ref.argument ? ref.argument : "");
			for (size_t k = 0; k < buffer.length && k < 100; k++) {
				unsigned char byte = (unsigned char)buffer.bytes[k];

				if (byte >= ' ' && byte <= '~')
					printf("%c", byte);
				else
					printf("\\x%02x", byte);
			}
			printf(" (presence %u)\n", value.presence);
			sk_buffer_release(&buffer);
		}
	}
	sk_arena_release(&scratch);
}

static void explain(struct trial *trial, struct difference *difference)
{
	struct fixture fixture;

	cut(trial, difference, trial->dropped, trial->rules);
	cut(trial, difference, trial->skipped, EVENTS);
	printf("# pack seed %llu, %s, priority %u: %s\n", (unsigned long long)trial->seed,
	       setups[difference->setup].name, trial->threshold, difference->what);
	for (uint32_t i = 0; i < trial->rules; i++) {
		if (!trial->dropped[i])
			printf("# r%u (priority %u): %s\n", i, trial->priorities[i], trial->conditions[i]);
	}
	if (compile(&fixture, trial)) {
		print_values(&fixture, trial, difference);
		fixture_end(&fixture);
	}
}

/* True if rows and linear agree about one pack. */
static bool try_pack(uint64_t seed)
{
	struct trial *trial = malloc(sizeof(*trial));
	struct difference difference;
	struct fixture fixture;
	bool same = true;

	make_trial(trial, seed);
	packs++;
	if (compile(&fixture, trial)) {
		same = run(&fixture, trial, SETUPS, &difference);
		fixture_end(&fixture);
		if (!same)
			explain(trial, &difference);
	} else {
		faulty_packs++;
	}
	free_trial(trial);
	free(trial);
	return same;
}

TEST(rows_match_what_the_linear_engine_matches)
{
	const uint64_t target = wanted("SK_COMPARISONS", EVERYDAY), seed = random_seed();
	const char *one = getenv("SK_PACK");
	uint32_t different = 0;

	if (one) {
		CHECK(try_pack(strtoull(one, NULL, 0)));
		return;
	}
	for (uint64_t i = 0; comparisons < target && different < 3; i++)
		different += !try_pack(mix2(seed, i));
	CHECK_EQUAL(different, 0);
	/* Of what the generator writes, the compiler takes nearly all. */
	CHECK(faulty_packs * 20 < packs);
	/* And it is worth comparing: much matches, much is remembered, and room runs out. */
	CHECK(matches_seen > comparisons / 5);
	/* Two of the setups have no classes. */
	CHECK(total.class_hits > total.events / 14);
	CHECK(total.value_hits > 0 && total.residuals > 0 && total.flushes > 0);
	CHECK(total.linear > 0 && total.linear < total.events);
	printf("# %llu comparisons, %llu packs (%llu refused), %llu matches, %llu predicates\n",
	       (unsigned long long)comparisons, (unsigned long long)packs, (unsigned long long)faulty_packs,
	       (unsigned long long)matches_seen, (unsigned long long)predicates_compared);
	printf("# %llu events: %llu linear, %llu flushes, values %llu/%llu, classes %llu/%llu, %llu residuals\n",
	       (unsigned long long)total.events, (unsigned long long)total.linear,
	       (unsigned long long)total.flushes, (unsigned long long)total.value_hits,
	       (unsigned long long)(total.value_hits + total.value_misses), (unsigned long long)total.class_hits,
	       (unsigned long long)(total.class_hits + total.class_misses), (unsigned long long)total.residuals);
}

/* --- what random packs do not come upon -------------------------------- */

/* One thread whose name finds room only from the second time on. */
struct narrow {
	struct sk_vm_cache cache;
	unsigned asked;
	const char *name, *parent;
};

static void narrow_extract(void *context, const struct sk_field_ref *ref, struct sk_arena *scratch,
			   struct sk_value *ret_value)
{
	struct narrow *narrow = context;
	const char *text = ref->field == SK_FIELD_PROC_PNAME ? narrow->parent : narrow->name;

	(void)scratch;
	if (ref->field == SK_FIELD_EVT_TYPE) {
		*ret_value = sk_value_text("open", 4);
		return;
	}
	*ret_value = sk_value_text(text, (uint32_t)strlen(text));
	if (narrow->asked++ == 0)
		*ret_value = (struct sk_value){.presence = SK_MISSING_MEMORY};
}

static void narrow_anchor(void *context, struct sk_vm_anchor *ret_anchor)
{
	*ret_anchor = (struct sk_vm_anchor){&((struct narrow *)context)->cache, 1};
}

static struct sk_vm *narrow_engine(struct fixture *fixture, const char *condition, struct sk_vm_limits limits)
{
	const struct sk_vm_options options = {
		.extract = narrow_extract, .anchor = narrow_anchor, .limits = limits, .priority = 7};
	struct sk_error error = {.message = ""};
	struct sk_vm *vm = NULL;

	fixture_begin(fixture);
	fixture_rule(fixture, "r", condition, "x");
	CHECK_EQUAL(fixture_open(fixture), 0);
	CHECK_EQUAL(sk_vm_create(&fixture->bundle, &options, &vm, &error), 0);
	return vm;
}

TEST(a_value_that_found_no_room_is_not_remembered)
{
	struct narrow narrow = {.name = "a", .parent = "a"};
	struct fixture fixture;
	struct sk_vm *vm = narrow_engine(&fixture, "evt.type = open and proc.name = a", (struct sk_vm_limits){0});
	const uint32_t *matched;

	/* The linear engine, which has all the room to itself, gives it a second chance. */
	CHECK_EQUAL(sk_vm_evaluate(vm, SK_EVENT_SYSCALL_OPEN_X, &narrow, &matched), 1);
	CHECK_EQUAL(narrow.asked, 2);
	CHECK_EQUAL(sk_vm_evaluate(vm, SK_EVENT_SYSCALL_OPEN_X, &narrow, &matched), 1);
	CHECK_EQUAL(narrow.asked, 3);
	CHECK_EQUAL(sk_vm_evaluate(vm, SK_EVENT_SYSCALL_OPEN_X, &narrow, &matched), 1);
	/* It is remembered now, and nobody asks but who checks. */
#ifndef SK_VM_CHECK
	CHECK_EQUAL(narrow.asked, 3);
#endif
	sk_vm_destroy(vm);
	fixture_end(&fixture);
}

TEST(a_full_table_of_signatures_is_emptied_whoever_finds_it_full)
{
	struct narrow narrow = {.name = "a", .parent = "a", .asked = 1};
	struct fixture fixture;
	struct sk_vm *vm = narrow_engine(&fixture,
					 "evt.type = open and proc.name startswith a and "
					 "proc.name = val(proc.pname)",
					 (struct sk_vm_limits){.signatures = 1});
	struct sk_vm_stats stats;
	const uint32_t *matched;

	/* Both questions need a signature: there is never room for the second. */
	for (int i = 0; i < 10; i++)
		CHECK_EQUAL(sk_vm_evaluate(vm, SK_EVENT_SYSCALL_OPEN_X, &narrow, &matched), 1);
	sk_vm_stats(vm, &stats);
	CHECK_EQUAL(stats.linear, 10);
	CHECK_EQUAL(stats.flushes, 10);
	narrow.name = "b";
	narrow.cache.stamp = 0;
	CHECK_EQUAL(sk_vm_evaluate(vm, SK_EVENT_SYSCALL_OPEN_X, &narrow, &matched), 0);
	sk_vm_destroy(vm);
	fixture_end(&fixture);
}

TEST(a_value_too_long_to_be_remembered_makes_nothing_be_forgotten)
{
	struct narrow narrow = {.asked = 1, .parent = "p", .name = "short"};
	static char long_name[100];
	struct fixture fixture;
	struct sk_vm *vm = narrow_engine(&fixture, "evt.type = open and proc.name startswith a",
					 (struct sk_vm_limits){.value_bytes = 50});
	struct sk_vm_stats stats;
	const uint32_t *matched;

	memset(long_name, 'a', sizeof(long_name) - 1);
	for (int i = 0; i < 10; i++) {
		narrow.name = i % 2 ? long_name : "short";
		narrow.cache.stamp = 0;
		CHECK_EQUAL(sk_vm_evaluate(vm, SK_EVENT_SYSCALL_OPEN_X, &narrow, &matched), i % 2);
	}
	sk_vm_stats(vm, &stats);
	/* Four times the short name, and once the name of the type. */
	CHECK_EQUAL(stats.value_hits, 5);
	sk_vm_destroy(vm);
	fixture_end(&fixture);
}

/* One thread, events of which some have notes. */
struct noted {
	struct sk_vm_cache cache;
	const char *name, *origin; /* origin NULL: no notes, so it is that of the type */
	unsigned asked;            /* for the origin */
};

static void noted_extract(void *context, const struct sk_field_ref *ref, struct sk_arena *scratch,
			  struct sk_value *ret_value)
{
	struct noted *noted = context;
	const char *text = noted->name;

	(void)scratch;
	if (ref->field == SK_FIELD_EVT_TYPE)
		text = "open";
	if (ref->field == SK_FIELD_SAKER_ORIGIN) {
		noted->asked++;
		text = noted->origin ? noted->origin : "syscall";
	}
	*ret_value = sk_value_text(text, (uint32_t)strlen(text));
}

static void noted_anchor(void *context, struct sk_vm_anchor *ret_anchor)
{
	*ret_anchor = (struct sk_vm_anchor){&((struct noted *)context)->cache, 1};
}

static bool noted_bare(void *context)
{
	return !((struct noted *)context)->origin;
}

static const char *const noted_conditions[] = {
	"evt.type = open and saker.origin = x32",
	"evt.type = open and saker.origin = syscall and evt.arg.name startswith a",
	"evt.type = open and not saker.origin = io_uring and evt.arg.name = b",
};

/* The rules that match, a bit each. */
static unsigned see_noted(struct sk_vm *vm, struct noted *noted, const char *name, const char *origin)
{
	const uint32_t *matched;
	unsigned seen = 0;

	noted->name = name;
	noted->origin = origin;
	for (uint32_t i = sk_vm_evaluate(vm, SK_EVENT_SYSCALL_OPEN_X, noted, &matched); i > 0; i--)
		seen |= 1u << matched[i - 1];
	return seen;
}

static struct sk_vm *noted_engine(struct fixture *fixture, sk_bare_fn bare)
{
	const struct sk_vm_options options = {
		.extract = noted_extract, .anchor = noted_anchor, .bare = bare, .match_all = true, .priority = 7};
	struct sk_error error = {.message = ""};
	struct sk_vm *vm = NULL;

	fixture_begin(fixture);
	for (size_t i = 0; i < COUNT(noted_conditions); i++)
		fixture_rule(fixture, noted_conditions[i], noted_conditions[i], "x");
	CHECK_EQUAL(fixture_open(fixture), 0);
	CHECK_EQUAL(sk_vm_create(&fixture->bundle, &options, &vm, &error), 0);
	return vm;
}

TEST(events_without_notes_are_not_asked_what_only_notes_tell)
{
	struct noted noted = {.asked = 0};
	struct fixture fixture;
	struct sk_vm *vm = noted_engine(&fixture, noted_bare);

	CHECK_EQUAL(see_noted(vm, &noted, "a", NULL), 1 << 1);
	CHECK_EQUAL(noted.asked, 1);
	for (int i = 0; i < 10; i++) {
		CHECK_EQUAL(see_noted(vm, &noted, "ab", NULL), 1 << 1);
		CHECK_EQUAL(see_noted(vm, &noted, "b", NULL), 1 << 2);
		CHECK_EQUAL(see_noted(vm, &noted, "c", NULL), 0);
	}
	/* Nobody asks but who checks. */
#ifndef SK_VM_CHECK
	CHECK_EQUAL(noted.asked, 1);
#endif
	/* Whatever is forgotten, it is found out again. */
	sk_vm_flush(vm);
	CHECK_EQUAL(see_noted(vm, &noted, "b", "x32"), 1 << 0 | 1 << 2);
	CHECK_EQUAL(see_noted(vm, &noted, "b", NULL), 1 << 2);
	sk_vm_destroy(vm);
	fixture_end(&fixture);
}

TEST(events_with_notes_among_others_have_a_root_of_their_own)
{
	struct noted noted = {.asked = 0};
	struct fixture fixture;
	struct sk_vm *vm = noted_engine(&fixture, noted_bare);

	for (int i = 0; i < 10; i++) {
		CHECK_EQUAL(see_noted(vm, &noted, "a", NULL), 1 << 1);
		CHECK_EQUAL(see_noted(vm, &noted, "a", "x32"), 1 << 0);
		CHECK_EQUAL(see_noted(vm, &noted, "b", NULL), 1 << 2);
		CHECK_EQUAL(see_noted(vm, &noted, "b", "io_uring"), 0);
		CHECK_EQUAL(see_noted(vm, &noted, "b", "compat"), 1 << 2);
		/* Notes may say what goes without saying. */
		CHECK_EQUAL(see_noted(vm, &noted, "a", "syscall"), 1 << 1);
	}
	CHECK(noted.asked > 40);
	sk_vm_destroy(vm);
	fixture_end(&fixture);
}

TEST(a_host_that_does_not_tell_notes_is_asked_each_time)
{
	struct noted noted = {.asked = 0};
	struct fixture fixture;
	struct sk_vm *vm = noted_engine(&fixture, NULL);

	for (int i = 0; i < 10; i++) {
		CHECK_EQUAL(see_noted(vm, &noted, "a", NULL), 1 << 1);
		CHECK_EQUAL(see_noted(vm, &noted, "a", "x32"), 1 << 0);
	}
	CHECK(noted.asked >= 20);
	sk_vm_destroy(vm);
	fixture_end(&fixture);
}

/* Every event leads somewhere new: after a while most are evaluated linearly. */
TEST(events_that_are_never_alike_make_few_nodes)
{
	enum { EVENTS_NEEDED = 200000 };
	char *condition = calloc(1, CONDITION_SIZE);
	struct random random = {3};
	struct trial trial = {.threshold = 7};
	struct mock_world world = {.container_stamp = 0};
	struct sk_vm_stats stats = {0};
	struct fixture fixture;
	struct sk_vm *vm;

	/* Twelve questions of which each value has many signatures. */
	for (int i = 0; i < 12; i++) {
		static const char *const tests[] = {"startswith a", "endswith b", "contains ab", "contains /"};

		for (size_t k = 0; k < COUNT(tests); k++) {
			char part[64];

			snprintf(part, sizeof(part), "%sevt.arg[%d] %s",
				 k   ? " or "
				 : i ? ") and ("
				     : "(",
				 i, tests[k]);
			append(condition, CONDITION_SIZE, part);
		}
	}
	append(condition, CONDITION_SIZE, ")");
	trial.conditions[0] = condition;
	trial.rules = 1;
	CHECK(compile(&fixture, &trial));
	vm = make_engine(&fixture, &trial, SK_VM_ENGINE_ROWS, &(struct setup){.match_all = true});
	for (int i = 0; i < EVENTS_NEEDED; i++) {
		struct mock_event event;
		const uint32_t *matched;

		make_event(&event, &random, &world, false);
		event.seed = random_next(&random);
		sk_vm_evaluate(vm, event.type, &event, &matched);
	}
	sk_vm_stats(vm, &stats);
	/* The first ones, and one for every eight events. */
	CHECK(stats.nodes_made <= 16384 + EVENTS_NEEDED / 8);
	sk_vm_destroy(vm);
	fixture_end(&fixture);
	free(condition);
}

/* clang-format off */
TEST_MAIN(
	RUN(rows_match_what_the_linear_engine_matches)
	RUN(a_value_that_found_no_room_is_not_remembered)
	RUN(a_full_table_of_signatures_is_emptied_whoever_finds_it_full)
	RUN(a_value_too_long_to_be_remembered_makes_nothing_be_forgotten)
	RUN(events_without_notes_are_not_asked_what_only_notes_tell)
	RUN(events_with_notes_among_others_have_a_root_of_their_own)
	RUN(a_host_that_does_not_tell_notes_is_asked_each_time)
	RUN(events_that_are_never_alike_make_few_nodes)
)
/* clang-format on */
