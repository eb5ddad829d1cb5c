/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rules are tried for which event types: those whose condition names the
 * type (eventset.h), and of them those that can still match when everything is
 * known that the type alone decides (vm/given.h).
 *
 *   rule   evt.type in (open, connect) and evt.arg.path startswith /etc
 *                 │ event set                     │ connect has no such parameter
 *                 ▼                               ▼
 *   types  open, connect, async event ───► open
 *
 * A rule is left out only where its program, three-valued, cannot reach MATCH, and
 * where it is no matter whether its comparisons are made (vm/reading.h).
 */
#include <string.h>

#include "compiler/emit_private.h"
#include "vm/given.h"
#include "vm/reach.h"
#include "vm/reading.h"

struct partial {
	struct sk_bundle bundle;
	uint16_t type;
	uint32_t *places; /* of each predicate: among those that types decide; SK_NONE: no type does */
	uint16_t *stamps; /* of each of those: the type, plus 1, that its truth is of */
	uint8_t *truths;  /* enum sk_truth */
	bool *asks;       /* of each rule: it has one of them */
	uint8_t *scratch;
	struct sk_arena *temporary;
};

/* Finds the predicates that types decide, and the rules that have one. */
static bool prepare(struct partial *partial, struct sk_emitter *emitter)
{
	const struct sk_bundle *bundle = &partial->bundle;
	uint32_t *asks = sk_emit_map(emitter, bundle->expressions_count);
	uint32_t decided = 0;

	partial->places = sk_emit_map(emitter, bundle->predicates_count);
	partial->asks = sk_arena_alloc_zeroed(&emitter->arena, (size_t)bundle->rules_count + 1, 1);
	partial->scratch = sk_arena_alloc(&emitter->arena, (size_t)UINT16_MAX + 1);
	if (!asks || !partial->places || !partial->asks || !partial->scratch)
		return false;
	for (uint32_t i = 0; i < bundle->predicates_count; i++) {
		const struct sk_bundle_predicate *predicate = &bundle->predicates[i];
		bool found;

		/* Predicates of one left side: only the first one looks it up. */
		if (predicate->right == SK_NONE && asks[predicate->left] == SK_NONE)
			asks[predicate->left] = sk_given_asks(bundle, i);
		found = predicate->right == SK_NONE ? asks[predicate->left] : sk_given_asks(bundle, i);
		if (found)
			partial->places[i] = decided++;
	}
	partial->stamps = sk_arena_alloc_zeroed(&emitter->arena, (size_t)decided + 1, sizeof(*partial->stamps));
	partial->truths = sk_arena_alloc_zeroed(&emitter->arena, (size_t)decided + 1, 1);
	for (uint32_t i = 0; i < bundle->rules_count; i++) {
		const struct sk_bundle_rule *rule = &bundle->rules[i];

		for (uint32_t k = rule->condition; k < rule->condition + rule->condition_size; k++)
			partial->asks[i] |= sk_ops[bundle->code[k].op].operand == SK_OP_OPERAND_PREDICATE &&
					    partial->places[bundle->code[k].operand] != SK_NONE;
		partial->asks[i] = partial->asks[i] && !sk_reading_rule(bundle, i);
	}
	return partial->stamps && partial->truths;
}

static enum sk_truth truth_by_type(const void *context, uint32_t predicate)
{
	const struct partial *partial = context;
	const uint32_t place = partial->places[predicate];

	if (place == SK_NONE)
		return SK_TRUTH_UNKNOWN;
	if (partial->stamps[place] != partial->type + 1) {
		partial->stamps[place] = (uint16_t)(partial->type + 1);
		partial->truths[place] =
			sk_given_truth(&partial->bundle, predicate, partial->type, partial->temporary);
	}
	return (enum sk_truth)partial->truths[place];
}

static bool can_match(const struct partial *partial, uint32_t rule)
{
	const struct sk_bundle_rule *record = &partial->bundle.rules[rule];

	return !partial->asks[rule] || (sk_reach(&partial->bundle.code[record->condition], record->condition_size,
						 truth_by_type, partial, NULL, NULL, partial->scratch) &
					SK_REACH_MATCH);
}

/* The rules of a type, into `run`. */
static uint32_t find_rules(const struct partial *partial, const struct sk_emitter *emitter,
			   const struct sk_emit_rule *rules, uint32_t count, uint32_t *run)
{
	const uint16_t type = partial->type;
	uint32_t found = 0;

	for (uint32_t i = 0; i < count; i++) {
		if ((type == SK_EVENT_ASYNCEVENT_E || sk_event_set_has_type(&rules[i].events, type)) &&
		    (emitter->any_type || can_match(partial, i)))
			run[found++] = i;
	}
	return found;
}

/* Types that try the same rules share their run. */
static void emit_run(struct sk_emitter *emitter, const uint32_t *run, uint32_t count)
{
	struct sk_bundle_type record = {.count = count};
	const uint32_t known = emitter->type_runs.count;

	if (count) {
		const uint32_t number = sk_intern_add(&emitter->type_runs, run, count * sizeof(*run));

		if (number == SK_NONE) {
			emitter->out_of_memory = true;
			return;
		}
		if (number == known)
			emitter->type_run_starts[number] =
				sk_emit_records(emitter, SK_SECTION_TYPE_RULES, run, count);
		record.first = emitter->type_run_starts[number];
	}
	sk_emit_records(emitter, SK_SECTION_TYPES, &record, 1);
}

void sk_emit_types(struct sk_emitter *emitter, const struct sk_emit_rule *rules, uint32_t count)
{
	uint32_t *run = sk_arena_alloc(&emitter->arena, ((size_t)count + 1) * sizeof(*run));
	struct partial partial = {.temporary = NULL};
	struct sk_arena temporary;

	for (int i = 0; i < SK_SECTION_COUNT; i++)
		emitter->out_of_memory |= emitter->sections[i].failed;
	if (emitter->out_of_memory)
		return;
	sk_arena_init(&temporary, 0);
	partial.temporary = &temporary;
	partial.bundle = sk_emit_view(emitter);
	emitter->type_run_starts = sk_emit_map(emitter, SK_EVENT_COUNT);
	emitter->out_of_memory |= !run || !emitter->type_run_starts || !prepare(&partial, emitter);
	for (uint32_t type = 0; type < SK_EVENT_COUNT && !emitter->out_of_memory; type++) {
		partial.type = (uint16_t)type;
		emit_run(emitter, run, find_rules(&partial, emitter, rules, count, run));
	}
	sk_arena_release(&temporary);
}
