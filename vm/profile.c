/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/profile.h"

#include <errno.h>
#include <string.h>

#include "vm/profiler.h"
#include "vm/rows.h"
#include "vm/support/alloc.h"
#include "vm/support/clock.h"

enum {
	LIMIT_NS = 1000000,   /* between two looks: whoever had the processor, it was not the engine */
	CALIBRATE_NS = 500000 /* for the first guess of the counter's rate */
};

const struct sk_profile_part_info sk_profile_parts[SK_PROFILE_PART_COUNT] = {
#define SK_PART(id, name, meaning) [SK_PROFILE_PART_##id] = {name, meaning},
	SK_PROFILE_PARTS(SK_PART)
#undef SK_PART
};

/* --- time ---------------------------------------------------------------- */

static int64_t clock_ns(void)
{
	return (int64_t)sk_clock_now(CLOCK_MONOTONIC);
}

/* The least that a run of looks took: the others were disturbed. */
static uint64_t cost_of_look(void)
{
	enum { RUNS = 20, LOOKS = 100 };
	uint64_t least = UINT64_MAX;

	for (unsigned run = 0; run < RUNS; run++) {
		uint64_t begun = sk_ticks(), last = begun;

		for (unsigned i = 0; i < LOOKS; i++)
			last = sk_ticks();
		if (last - begun < least)
			least = last - begun;
	}
	return least / LOOKS;
}

static void start_clock(struct sk_profiler *profiler)
{
	int64_t now;

	profiler->look = cost_of_look();
	profiler->clock_begun = clock_ns();
	profiler->ticks_begun = sk_ticks();
	do
		now = clock_ns();
	while (now - profiler->clock_begun < CALIBRATE_NS);
	profiler->limit = (sk_ticks() - profiler->ticks_begun) * LIMIT_NS / (uint64_t)(now - profiler->clock_begun);
}

static uint64_t draw(struct sk_profiler *profiler, uint64_t below)
{
	profiler->random ^= profiler->random << 13;
	profiler->random ^= profiler->random >> 7;
	profiler->random ^= profiler->random << 17;
	return profiler->random % below;
}

/* --- one event ------------------------------------------------------------ */

void sk_profiler_prepare_type(struct sk_profiler *profiler, uint16_t type)
{
	struct sk_profile_type *record = &profiler->profile.types[type];

	record->uses = sk_alloc_zeroed(profiler->vm->bundle->types[type].count, sizeof(struct sk_profile_use));
	profiler->failed |= !record->uses;
}

void sk_profiler_begin(struct sk_profiler *profiler)
{
	if (profiler->countdown == 0) {
		/* The gaps are of any length around `every`, so that no rhythm of the events is met. */
		profiler->countdown = 1 + (uint32_t)draw(profiler, 2 * profiler->every - 1);
		profiler->weight = profiler->every;
	}
	profiler->timed = true;
	profiler->path = SK_NONE;
	memset(profiler->parts, 0, sizeof(profiler->parts));
	profiler->last = sk_ticks();
}

void sk_profiler_end(struct sk_profiler *profiler, uint16_t type)
{
	struct sk_profile_type *record = &profiler->profile.types[type];

	sk_profiler_lap(profiler, SK_PROFILE_PART_REST);
	profiler->timed = false;
	record->timed++;
	for (unsigned i = 0; i < SK_PROFILE_PART_COUNT; i++)
		record->ticks[i] += (double)profiler->parts[i];
}

uint32_t sk_profiler_linear(struct sk_profiler *profiler, uint16_t type)
{
	struct sk_vm *vm = profiler->vm;
	const struct sk_bundle *bundle = vm->bundle;
	const uint32_t *rules = bundle->type_rules + bundle->types[type].first;
	struct sk_profile_type *record = &profiler->profile.types[type];
	uint32_t count = bundle->types[type].count, matched = 0;

	record->linear++;
	sk_profiler_lap(profiler, SK_PROFILE_PART_REST);
	for (uint32_t i = 0; i < count; i++) {
		const struct sk_bundle_rule *rule = &bundle->rules[rules[i]];
		double took;
		bool holds;

		if (rule->priority > vm->options.priority)
			continue;
		holds = sk_vm_condition_holds(vm, &bundle->code[rule->condition]);
		took = (double)sk_profiler_lap(profiler, SK_PROFILE_PART_LINEAR);
		if (record->uses) {
			struct sk_profile_use *use = &record->uses[i];

			use->survived++;
			use->run++;
			use->linear++;
			use->ticks += took;
			use->linear_ticks += took;
		}
		if (!holds)
			continue;
		vm->matches[matched++] = rules[i];
		if (!vm->options.match_all)
			break;
	}
	return matched;
}

/* A contains that could be a prefix shows by the values that it holds for. */
void sk_profiler_worked_out(struct sk_profiler *profiler, uint32_t question, const struct sk_value *value,
			    const uint32_t *hits, uint32_t count)
{
	const struct sk_bundle *bundle = profiler->vm->bundle;

	profiler->profile.questions[question].worked_out++;
	for (uint32_t i = 0; i < count && !value->list; i++) {
		const struct sk_bundle_predicate *predicate = &bundle->predicates[hits[i]];
		struct sk_profile_predicate *record = &profiler->profile.predicates[hits[i]];
		uint32_t length;
		const char *text;

		if (predicate->operator!= SK_OPERATOR_CONTAINS || predicate->count != 1)
			continue;
		text = sk_bundle_text(bundle, bundle->constants[predicate->first], &length);
		record->values++;
		record->beginning += length <= value->length && memcmp(value->text, text, length) == 0;
	}
}

/* --- creating ------------------------------------------------------------- */

int sk_profiler_create(struct sk_vm *vm, uint32_t every, struct sk_profiler **ret_profiler)
{
	const struct sk_bundle *bundle = vm->bundle;
	struct sk_profiler *profiler = sk_alloc_zeroed(1, sizeof(*profiler));
	int status = 0;

	if (!profiler)
		return -ENOMEM;
	profiler->vm = vm;
	profiler->every = every;
	profiler->countdown = 1 + every / 2;
	profiler->random = 88172645463325252;
	profiler->profile.bundle = bundle;
	profiler->profile.match_all = vm->options.match_all;
	profiler->profile.priority = vm->options.priority;
	profiler->profile.questions =
		sk_alloc_zeroed((size_t)bundle->questions_count + 1, sizeof(struct sk_profile_question));
	profiler->profile.predicates =
		sk_alloc_zeroed(bundle->predicates_count, sizeof(struct sk_profile_predicate));
	profiler->hits = sk_alloc_zeroed(bundle->predicates_count, sizeof(*profiler->hits));
	if (!profiler->profile.questions || !profiler->profile.predicates || !profiler->hits)
		status = -ENOMEM;
	if (status == 0 && vm->rows)
		status = sk_profiler_prepare_rows(profiler, vm->rows);
	if (status < 0) {
		sk_profiler_destroy(profiler);
		return status;
	}
	start_clock(profiler);
	*ret_profiler = profiler;
	return 0;
}

void sk_profiler_destroy(struct sk_profiler *profiler)
{
	if (!profiler)
		return;
	for (uint32_t type = 0; type < SK_EVENT_COUNT; type++)
		sk_free(profiler->profile.types[type].uses);
	sk_free(profiler->profile.questions);
	sk_free(profiler->profile.predicates);
	sk_free(profiler->profile.paths);
	sk_free(profiler->profile.stops);
	sk_free(profiler->roots);
	sk_free(profiler->edges);
	sk_free(profiler->last_edge);
	sk_free(profiler->stopped);
	sk_free(profiler->entries);
	sk_free(profiler->visits);
	sk_free(profiler->visit_map.slots);
	sk_free(profiler->hits);
	sk_free(profiler->answers);
	sk_free(profiler->held);
	sk_free(profiler->before);
	sk_free(profiler->path_map.slots);
	sk_free(profiler->stop_map.slots);
	sk_free(profiler);
}

/* --- reading -------------------------------------------------------------- */

static bool is_tried(const struct sk_profile *profile, uint32_t rule)
{
	return profile->bundle->rules[rule].priority <= profile->priority;
}

/* Behind the first match of an event no rule is considered. */
static void fill_considered(struct sk_profile *profile)
{
	const struct sk_bundle *bundle = profile->bundle;

	for (uint16_t type = 0; type < bundle->types_count; type++) {
		struct sk_profile_type *record = &profile->types[type];
		const uint32_t *rules = bundle->type_rules + bundle->types[type].first;
		uint64_t left = record->events;

		for (uint32_t i = 0; record->uses && i < bundle->types[type].count; i++) {
			record->uses[i].considered = is_tried(profile, rules[i]) ? left : 0;
			left -= profile->match_all ? 0 : record->uses[i].matched;
		}
	}
}

int sk_profiler_read(struct sk_profiler *profiler, const struct sk_profile **ret_profile)
{
	struct sk_profile *profile = &profiler->profile;
	uint64_t ticks = sk_ticks() - profiler->ticks_begun;

	profile->ns_per_tick = ticks ? (double)(clock_ns() - profiler->clock_begun) / (double)ticks : 0;
	if (profiler->vm->rows)
		sk_profiler_fold(profiler, profiler->vm->rows);
	/* What is worked out is counted, what is asked for may be drawn by lot. */
	for (uint32_t i = 0; i <= profile->bundle->questions_count; i++) {
		if (profile->questions[i].asked < profile->questions[i].worked_out)
			profile->questions[i].asked = profile->questions[i].worked_out;
	}
	profile->events = profile->timed = 0;
	for (uint16_t type = 0; type < SK_EVENT_COUNT; type++) {
		profile->events += profile->types[type].events;
		profile->timed += profile->types[type].timed;
	}
	if (profiler->failed)
		return -ENOMEM;
	fill_considered(profile);
	*ret_profile = profile;
	return 0;
}

double sk_profile_ns(const struct sk_profile *profile, double ticks)
{
	return ticks * profile->ns_per_tick;
}

uint32_t sk_profile_position(const struct sk_bundle *bundle, uint16_t type, uint32_t rule)
{
	const uint32_t *rules = bundle->type_rules + bundle->types[type].first;
	uint32_t low = 0, high = bundle->types[type].count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (rules[middle] < rule)
			low = middle + 1;
		else
			high = middle;
	}
	return low < bundle->types[type].count && rules[low] == rule ? low : SK_NONE;
}

/* True if the rule asks anything of a thread or its ancestors. */
static bool asks_of_thread(const struct sk_bundle *bundle, uint32_t number)
{
	const struct sk_bundle_rule *rule = &bundle->rules[number];

	for (uint32_t at = rule->condition; at < rule->condition + rule->condition_size; at++) {
		const struct sk_instruction *instruction = &bundle->code[at];

		if (sk_ops[instruction->op].operand == SK_OP_OPERAND_PREDICATE &&
		    (bundle->predicates[instruction->operand].scope == SK_SCOPE_THREAD ||
		     bundle->predicates[instruction->operand].scope == SK_SCOPE_LINEAGE))
			return true;
	}
	return false;
}

static void share_classes(const struct sk_profile *profile, uint16_t type, struct sk_profile_rule *rules)
{
	const struct sk_bundle *bundle = profile->bundle;
	const uint32_t *numbers = bundle->type_rules + bundle->types[type].first, count = bundle->types[type].count;
	const double ticks = profile->types[type].ticks[SK_PROFILE_PART_CLASS];
	uint32_t sharers = 0;

	for (uint32_t i = 0; i < count && ticks > 0; i++)
		sharers += is_tried(profile, numbers[i]) && asks_of_thread(bundle, numbers[i]);
	for (uint32_t i = 0; i < count && sharers; i++) {
		if (is_tried(profile, numbers[i]) && asks_of_thread(bundle, numbers[i]))
			rules[numbers[i]].shared += ticks / sharers;
	}
}

void sk_profile_sum_rules(const struct sk_profile *profile, struct sk_profile_rule *ret_rules)
{
	const struct sk_bundle *bundle = profile->bundle;

	memset(ret_rules, 0, bundle->rules_count * sizeof(*ret_rules));
	for (uint16_t type = 0; type < bundle->types_count; type++) {
		const struct sk_profile_type *record = &profile->types[type];

		for (uint32_t i = 0; record->uses && i < bundle->types[type].count; i++) {
			const struct sk_profile_use *use = &record->uses[i];
			const uint32_t number = bundle->type_rules[bundle->types[type].first + i];
			struct sk_profile_rule *rule = &ret_rules[number];

			rule->events += record->events;
			rule->considered += use->considered;
			rule->survived += use->survived;
			rule->run += use->run;
			rule->linear += use->linear;
			rule->matched += use->matched;
			rule->ticks += use->ticks;
			rule->shared += use->shared;
		}
		share_classes(profile, type, ret_rules);
	}
}
