/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the linter says of rules is true of events: random packs are linted,
 * then the linear engine evaluates random events.
 *
 *   never-matches    no event matches
 *   always-matches   every event matches
 *   rule-shadowed    where it matches, the rule that hides it matches too
 *
 * Many rules are one comparison, so that shadows are what comparisons say of
 * each other.  SK_SEED=n runs other packs.
 */
#include "compiler/lint/lint_private.h"
#include "tests/test.h"
#include "tests/unit/compiler/fixture.h"
#include "tests/unit/vm/random_host.h"

enum { RULES = 24, EVENTS = 400 };

static uint64_t nevers, always, shadows, matches, events_seen;

/* --- a host that keeps to what types.c says ------------------------------ */

static struct sk_bundle_field field_of(const struct sk_field_ref *ref)
{
	return (struct sk_bundle_field){.field = ref->field, .kind = ref->kind, .index = ref->index};
}

static void cut_at_nul(const struct sk_field_ref *ref, struct sk_value *value)
{
	if (value->type == SK_TYPE_STRING && !value->list && ref->field != SK_FIELD_EVT_ARG &&
	    ref->field != SK_FIELD_EVT_ARGS && ref->field != SK_FIELD_EVT_INFO)
		value->length = sk_value_text_length(value);
}

static void cut_items(const struct sk_field_ref *ref, struct sk_value *value)
{
	struct sk_value *items = (struct sk_value *)value->items;

	for (uint32_t i = 0; value->presence == SK_PRESENT && value->list && i < value->length; i++)
		cut_at_nul(ref, &items[i]);
}

static void truthful_extract(void *context, const struct sk_field_ref *ref, struct sk_arena *scratch,
			     struct sk_value *ret_value)
{
	const struct mock_event *event = context;
	const struct sk_bundle_field field = field_of(ref);
	struct random random = {mix2(event->seed, ref->field)};
	struct sk_types types;
	const char *text;
	uint64_t number;

	sk_types_of_field(&field, ref->argument, ref->argument_length, &types);
	if (!sk_types_has(&types, event->type)) {
		*ret_value = sk_value_missing();
		return;
	}
	if (ref->field == SK_FIELD_SYSCALL_TYPE) {
		text = event->type == SK_EVENT_GENERIC_X ? "getegid" : sk_events[event->type].name;
		*ret_value = sk_value_text(text, (uint32_t)strlen(text));
		return;
	}
	mock_extract(context, ref, scratch, ret_value);
	if (ret_value->presence != SK_PRESENT && sk_field_is_always_there(&field))
		*ret_value = mock_scalar(&random, (enum sk_type)ref->type, scratch);
	if (ret_value->presence != SK_PRESENT)
		return;
	if (sk_types_tell_text((enum sk_field)ref->field, event->type, &text))
		*ret_value = sk_value_text(text, (uint32_t)strlen(text));
	else if (sk_types_tell_number((enum sk_field)ref->field, event->type, &number))
		ret_value->number = number;
	else if (ref->field == SK_FIELD_EVT_NUM && ret_value->number == 0)
		ret_value->number = 1;
	cut_at_nul(ref, ret_value);
	cut_items(ref, ret_value);
}

/* --- packs --------------------------------------------------------------- */

/* Few fields and few predicates: they often have to do with each other. */
static void make_few_predicates(struct predicates *predicates, struct random *random)
{
	const uint32_t fields = 1 + random_below(random, 3), count = 3 + random_below(random, 12);

	*predicates = (struct predicates){.random = random};
	while (predicates->field_count < fields)
		add_field(predicates);
	while (predicates->count < count)
		add_predicate(predicates);
}

static void make_rule(struct predicates *predicates, char to[CONDITION_SIZE])
{
	static const char *const types[] = {"evt.type = open and ",    "evt.type in (open, openat, rename) and ",
					    "evt.type != execve and ", "not evt.type = close and ",
					    "evt.dir = < and ",        "evt.is_open_read = true and "};
	struct random *random = predicates->random;

	*to = '\0';
	if (one_in(random, 3))
		append(to, CONDITION_SIZE, types[random_below(random, COUNT(types))]);
	append_condition(predicates, to, CONDITION_SIZE, one_in(random, 2) ? 0 : 1 + random_below(random, 3));
}

/* --- what was said, held against events ----------------------------------- */

struct said {
	bool never, always;
	uint32_t shadow; /* number of the rule that hides it; SK_NONE */
};

static uint32_t number_of(const struct fixture *fixture, const struct sk_span *span)
{
	for (uint32_t i = 0; i < fixture->pack.rule_count; i++) {
		if (fixture->rules[i].span.begin == span->begin)
			return i;
	}
	return SK_NONE;
}

static void collect_said(const struct fixture *fixture, struct said *said)
{
	for (uint32_t i = 0; i < RULES; i++)
		said[i] = (struct said){.shadow = SK_NONE};
	for (uint32_t i = 0; i < fixture->diagnostics.count; i++) {
		const struct sk_diagnostic *item = &fixture->diagnostics.items[i];
		const uint32_t rule = number_of(fixture, &item->span);
		const char *name = strstr(item->message, "rule 'r");

		if (item->id == SK_DIAGNOSTIC_NEVER_MATCHES) {
			said[rule].never = true;
			nevers++;
		} else if (item->id == SK_DIAGNOSTIC_ALWAYS_MATCHES) {
			said[rule].always = true;
			always++;
		} else if (item->id == SK_DIAGNOSTIC_RULE_SHADOWED && name) {
			said[rule].shadow = (uint32_t)strtoul(name + 7, NULL, 10);
			shadows++;
		}
	}
}

static void complain(const struct fixture *fixture, uint64_t seed, uint32_t rule, const char *what)
{
	test_failures++;
	printf("# seed %llu, rule %u: %s\n# %s\n", (unsigned long long)seed, rule, what,
	       fixture->rules[rule].condition.bytes);
}

static void hold_against(const struct fixture *fixture, const struct said *said, const bool *matched, uint64_t seed)
{
	for (uint32_t i = 0; i < fixture->pack.rule_count; i++) {
		if (said[i].never && matched[i])
			complain(fixture, seed, i, "never matches, they say, but did");
		if (said[i].always && !matched[i])
			complain(fixture, seed, i, "always matches, they say, but did not");
		if (said[i].shadow != SK_NONE && matched[i] && !matched[said[i].shadow]) {
			complain(fixture, seed, i, "is shadowed, they say, by this one that did not match:");
			printf("# %s\n", fixture->rules[said[i].shadow].condition.bytes);
		}
	}
}

static void run_events(const struct fixture *fixture, const struct said *said, uint64_t seed)
{
	const struct sk_vm_options options = {
		.extract = truthful_extract, .engine = SK_VM_ENGINE_LINEAR, .match_all = true, .priority = 7};
	struct random random = {mix(seed)};
	struct mock_world world = {.container_stamp = 0};
	struct sk_vm *vm = NULL;

	CHECK_EQUAL(sk_vm_create(&fixture->bundle, &options, &vm, NULL), 0);
	for (uint32_t number = 0; vm && number < EVENTS && test_failures < 5; number++) {
		bool matched[RULES] = {false};
		struct mock_event event;
		const uint32_t *rules;
		uint32_t count;

		disturb_world(&world, &random);
		make_event(&event, &random, &world, false);
		if (one_in(&random, 6))
			event.type = SK_EVENT_SYSCALL_RENAME_X;
		count = sk_vm_evaluate(vm, event.type, &event, &rules);
		for (uint32_t i = 0; i < count; i++)
			matched[rules[i]] = true;
		matches += count;
		events_seen++;
		hold_against(fixture, said, matched, seed);
	}
	sk_vm_destroy(vm);
}

static bool try_pack(uint64_t seed)
{
	struct random random = {seed};
	struct sk_lint_report report = {.work_limit = 3 * 1000 * 1000};
	struct predicates *predicates = malloc(sizeof(*predicates));
	char *condition = malloc(CONDITION_SIZE);
	struct said said[RULES];
	struct fixture fixture;
	char name[16];
	bool compiles;

	fixture_begin(&fixture);
	make_few_predicates(predicates, &random);
	for (uint32_t i = 0; i < RULES; i++) {
		make_rule(predicates, condition);
		snprintf(name, sizeof(name), "r%u", i);
		fixture_rule(&fixture, name, condition, "x");
	}
	compiles = fixture_open(&fixture) == 0;
	if (compiles) {
		CHECK_EQUAL(sk_lint_pack(&fixture.pack, &report), 0);
		CHECK_EQUAL(report.cost_count, RULES);
		collect_said(&fixture, said);
		run_events(&fixture, said, seed);
	}
	fixture_end(&fixture);
	free(predicates);
	free(condition);
	return compiles;
}

TEST(what_is_said_of_rules_is_true_of_events)
{
	const uint64_t packs = wanted("SK_LINT_PACKS", 1200);
	uint64_t compiled = 0;

	for (uint64_t i = 0; i < packs && test_failures < 5; i++)
		compiled += try_pack(mix2(random_seed(), i));
	printf("# %llu packs of %d rules, %llu events, %llu matches; %llu rules that never match, %llu that always "
	       "do, %llu shadowed\n",
	       (unsigned long long)compiled, RULES, (unsigned long long)events_seen, (unsigned long long)matches,
	       (unsigned long long)nevers, (unsigned long long)always, (unsigned long long)shadows);
	CHECK(compiled > packs / 2);
	CHECK(nevers > packs / 4);
	CHECK(shadows > packs);
	CHECK(matches > packs * 100);
}

TEST_MAIN(RUN(what_is_said_of_rules_is_true_of_events))
