/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/profile/figures.h"

#include <errno.h>
#include <stdlib.h>

#include "vm/print.h"
#include "vm/support/alloc.h"

/* --- order ---------------------------------------------------------------- */

struct ranked {
	double first;
	uint64_t second;
	uint32_t number;
};

static int compare_ranked(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;

	if (a->first != b->first)
		return a->first > b->first ? -1 : 1;
	if (a->second != b->second)
		return a->second > b->second ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

/* The numbers in order; frees `ranked`.  NULL without memory. */
static uint32_t *take_order(struct ranked *ranked, uint32_t count)
{
	uint32_t *order = sk_alloc_zeroed(count, sizeof(*order));

	if (ranked && order) {
		qsort(ranked, count, sizeof(*ranked), compare_ranked);
		for (uint32_t i = 0; i < count; i++)
			order[i] = ranked[i].number;
	}
	if (!ranked) {
		sk_free(order);
		order = NULL;
	}
	sk_free(ranked);
	return order;
}

static uint32_t *order_rules(const struct sk_figures *figures)
{
	const uint32_t count = figures->bundle->rules_count;
	struct ranked *ranked = sk_alloc_zeroed(count, sizeof(*ranked));

	for (uint32_t i = 0; ranked && i < count; i++)
		ranked[i] = (struct ranked){sk_figures_rule_ns(figures, i), figures->rules[i].considered, i};
	return take_order(ranked, count);
}

static uint32_t *order_questions(struct sk_figures *figures)
{
	const uint32_t count = figures->bundle->questions_count + 1;
	struct ranked *ranked = sk_alloc_zeroed(count, sizeof(*ranked));

	figures->question_count = count;
	for (uint32_t i = 0; ranked && i < count; i++)
		ranked[i] = (struct ranked){figures->profile->questions[i].ticks,
					    figures->profile->questions[i].asked, i};
	return take_order(ranked, count);
}

static uint32_t *order_predicates(const struct sk_figures *figures)
{
	const uint32_t count = figures->bundle->predicates_count;
	struct ranked *ranked = sk_alloc_zeroed(count, sizeof(*ranked));

	for (uint32_t i = 0; ranked && i < count; i++)
		ranked[i] = (struct ranked){(double)figures->profile->predicates[i].ruled_out,
					    figures->profile->predicates[i].held, i};
	return take_order(ranked, count);
}

double sk_figures_type_ticks(const struct sk_profile *profile, uint32_t type)
{
	double ticks = 0;

	for (unsigned part = 0; part < SK_PROFILE_PART_COUNT; part++)
		ticks += profile->types[type].ticks[part];
	return ticks;
}

static uint32_t *order_types(struct sk_figures *figures)
{
	struct ranked *ranked = sk_alloc_zeroed(SK_EVENT_COUNT, sizeof(*ranked));

	figures->type_count = 0;
	for (uint32_t type = 0; ranked && type < SK_EVENT_COUNT; type++) {
		if (figures->profile->types[type].events)
			ranked[figures->type_count++] =
				(struct ranked){sk_figures_type_ticks(figures->profile, type),
						figures->profile->types[type].events, type};
	}
	return take_order(ranked, figures->type_count);
}

/* --- who asks what -------------------------------------------------------- */

uint32_t sk_figures_question_of(const struct sk_figures *figures, uint32_t predicate)
{
	const struct sk_bundle *bundle = figures->bundle;
	uint32_t low = 0, high = bundle->questions_count - 1;

	/* The predicates lie in the order of the questions. */
	while (low < high) {
		uint32_t middle = low + (high - low + 1) / 2;

		if (bundle->questions[middle].first <= predicate)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

static bool names_predicate(const struct sk_bundle *bundle, uint32_t at, uint32_t *ret_predicate)
{
	*ret_predicate = bundle->code[at].operand;
	return sk_ops[bundle->code[at].op].operand == SK_OP_OPERAND_PREDICATE;
}

bool sk_figures_rule_has(const struct sk_figures *figures, uint32_t rule, uint32_t predicate)
{
	const struct sk_bundle_rule *record = &figures->bundle->rules[rule];

	for (uint32_t at = record->condition; at < record->condition + record->condition_size; at++) {
		uint32_t named;

		if (names_predicate(figures->bundle, at, &named) && named == predicate)
			return true;
	}
	return false;
}

static uint32_t *count_naming(const struct sk_figures *figures)
{
	const struct sk_bundle *bundle = figures->bundle;
	uint32_t *naming = sk_alloc_zeroed((size_t)bundle->questions_count + 1, sizeof(*naming));
	uint32_t *last = sk_alloc_zeroed((size_t)bundle->questions_count + 1, sizeof(*last));

	for (uint32_t rule = 0; naming && last && rule < bundle->rules_count; rule++) {
		const struct sk_bundle_rule *record = &bundle->rules[rule];

		for (uint32_t at = record->condition; at < record->condition + record->condition_size; at++) {
			uint32_t predicate, question;

			if (!names_predicate(bundle, at, &predicate))
				continue;
			question = sk_figures_question_of(figures, predicate);
			naming[question] += last[question] != rule + 1;
			last[question] = rule + 1;
		}
	}
	if (!last) {
		sk_free(naming);
		naming = NULL;
	}
	sk_free(last);
	return naming;
}

/* --- all of it ------------------------------------------------------------ */

int sk_figures_init(struct sk_figures *figures, const struct sk_profile *profile, const struct sk_vm_stats *engine)
{
	*figures =
		(struct sk_figures){.profile = profile, .bundle = profile->bundle, .engine = *engine, .every = 1};
	figures->rules = sk_alloc_zeroed(profile->bundle->rules_count, sizeof(*figures->rules));
	if (!figures->rules)
		return -ENOMEM;
	sk_profile_sum_rules(profile, figures->rules);
	for (uint32_t i = 0; i < profile->bundle->rules_count; i++)
		figures->matches += figures->rules[i].matched;
	for (uint32_t type = 0; type < SK_EVENT_COUNT; type++) {
		for (unsigned part = 0; part < SK_PROFILE_PART_COUNT; part++)
			figures->parts_ns[part] += sk_profile_ns(profile, profile->types[type].ticks[part]);
	}
	for (unsigned part = 0; part < SK_PROFILE_PART_COUNT; part++)
		figures->total_ns += figures->parts_ns[part];
	figures->rule_order = order_rules(figures);
	figures->question_order = order_questions(figures);
	figures->predicate_order = order_predicates(figures);
	figures->type_order = order_types(figures);
	figures->rules_naming = count_naming(figures);
	if (figures->rule_order && figures->question_order && figures->predicate_order && figures->type_order &&
	    figures->rules_naming)
		return 0;
	sk_figures_release(figures);
	return -ENOMEM;
}

void sk_figures_release(struct sk_figures *figures)
{
	sk_free(figures->rules);
	sk_free(figures->rule_order);
	sk_free(figures->question_order);
	sk_free(figures->predicate_order);
	sk_free(figures->type_order);
	sk_free(figures->rules_naming);
	*figures = (struct sk_figures){.events = 0};
}

double sk_figures_rule_ns(const struct sk_figures *figures, uint32_t rule)
{
	return sk_profile_ns(figures->profile, figures->rules[rule].ticks + figures->rules[rule].shared);
}

double sk_figures_share(const struct sk_figures *figures, double ns)
{
	return figures->total_ns > 0 ? ns / figures->total_ns : 0;
}

/* --- words ---------------------------------------------------------------- */

enum { PREDICATE_LENGTH = 100 };

void sk_figures_print_question(const struct sk_figures *figures, uint32_t question, struct sk_buffer *buffer)
{
	const struct sk_bundle *bundle = figures->bundle;
	const struct sk_bundle_question *record;

	if (question == bundle->questions_count) {
		sk_buffer_append_text(buffer, "the file of the fd");
		return;
	}
	record = &bundle->questions[question];
	if (record->expression == SK_NONE)
		sk_print_predicate(bundle, record->first, PREDICATE_LENGTH, buffer);
	else
		sk_buffer_append_text(buffer,
				      sk_bundle_text(bundle, bundle->expressions[record->expression].text, NULL));
}

/* LOCATIONS: one a predicate, then one a rule. */
static const struct sk_bundle_location *location(const struct sk_bundle *bundle, uint32_t number)
{
	if (number >= bundle->locations_count || bundle->locations[number].file == SK_BUNDLE_NO_FILE)
		return NULL;
	return &bundle->locations[number];
}

const struct sk_bundle_location *sk_figures_predicate_location(const struct sk_figures *figures, uint32_t predicate)
{
	return location(figures->bundle, predicate);
}

const struct sk_bundle_location *sk_figures_rule_location(const struct sk_figures *figures, uint32_t rule)
{
	return location(figures->bundle, figures->bundle->predicates_count + rule);
}

static void print_place(const struct sk_bundle *bundle, const struct sk_bundle_location *place,
			struct sk_buffer *buffer)
{
	if (place)
		sk_buffer_printf(buffer, "%s:%u", sk_bundle_text(bundle, bundle->files[place->file], NULL),
				 place->line);
}

void sk_figures_print_predicate_place(const struct sk_figures *figures, uint32_t predicate,
				      struct sk_buffer *buffer)
{
	print_place(figures->bundle, sk_figures_predicate_location(figures, predicate), buffer);
}

void sk_figures_print_rule_place(const struct sk_figures *figures, uint32_t rule, struct sk_buffer *buffer)
{
	print_place(figures->bundle, sk_figures_rule_location(figures, rule), buffer);
}

const char *sk_figures_rule_name(const struct sk_figures *figures, uint32_t rule)
{
	return sk_bundle_text(figures->bundle, figures->bundle->rules[rule].name, NULL);
}
