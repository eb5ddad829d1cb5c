/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is worked out for an event type the first time that it is met: which
 * questions its rules depend on, and for each predicate the rules that it
 * stands in.
 */
#include <stdlib.h>
#include <string.h>

#include "vm/given.h"
#include "vm/rows_private.h"
#include "vm/support/alloc.h"

static int compare_numbers(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return a < b ? -1 : a > b;
}

static bool is_given(const struct sk_vm *vm, uint16_t type, const struct sk_question *question)
{
	const struct sk_bundle_expression *expression;
	struct sk_value unused;

	if (question->expression == SK_NONE)
		return false;
	expression = &vm->bundle->expressions[question->expression];
	return expression->kind == SK_EXPRESSION_FIELD && sk_given(&vm->refs[expression->operand], type, &unused);
}

/* Bare events of one type have the same value. */
static bool is_bare(const struct sk_vm *vm, const struct sk_question *question)
{
	const struct sk_bundle_expression *expression;

	if (question->expression == SK_NONE)
		return false;
	expression = &vm->bundle->expressions[question->expression];
	return expression->kind == SK_EXPRESSION_FIELD &&
	       sk_fields[vm->refs[expression->operand].field].flags & SK_FIELD_FLAG_BARE;
}

/* Calls for every predicate of a type's rules, once a rule, in the order of rules. */
#define FOR_EACH_PREDICATE(bundle, plan, seen, rule, predicate)                                                    \
	for (uint32_t rule = 0; rule < (plan)->count; rule++)                                                      \
		for (uint32_t at = (bundle)->rules[(plan)->rules[rule]].condition,                                 \
			      end = at + (bundle)->rules[(plan)->rules[rule]].condition_size, predicate;           \
		     at < end; at++)                                                                               \
			if (sk_ops[(bundle)->code[at].op].operand == SK_OP_OPERAND_PREDICATE &&                    \
			    (seen)[predicate = (bundle)->code[at].operand] != rule + 1 &&                          \
			    ((seen)[predicate] = rule + 1))

/* Sorted by counting: of each predicate first how many rules, then which. */
static bool index_predicates(const struct sk_bundle *bundle, struct plan *plan)
{
	uint32_t *seen = sk_alloc_zeroed((size_t)bundle->predicates_count + 1, sizeof(*seen));
	uint32_t *counts = sk_alloc_zeroed((size_t)bundle->predicates_count + 1, sizeof(*counts));
	uint32_t total = 0, used = 0;
	bool done = false;

	if (!seen || !counts)
		goto out;
	FOR_EACH_PREDICATE(bundle, plan, seen, rule, predicate)
	{
		counts[predicate]++;
		total++;
	}
	for (uint32_t i = 0; i < bundle->predicates_count; i++)
		plan->predicate_count += counts[i] > 0;
	plan->predicates = sk_alloc_zeroed((size_t)plan->predicate_count + 1, sizeof(*plan->predicates));
	plan->first_rule = sk_alloc_zeroed((size_t)plan->predicate_count + 1, sizeof(*plan->first_rule));
	plan->predicate_rules = sk_alloc_zeroed((size_t)total + 1, sizeof(*plan->predicate_rules));
	if (!plan->predicates || !plan->first_rule || !plan->predicate_rules)
		goto out;
	total = 0;
	for (uint32_t i = 0; i < bundle->predicates_count; i++) {
		uint32_t count = counts[i];

		if (!count)
			continue;
		plan->predicates[used] = i;
		plan->first_rule[used++] = total;
		counts[i] = total;
		total += count;
	}
	plan->first_rule[used] = total;
	memset(seen, 0, bundle->predicates_count * sizeof(*seen));
	FOR_EACH_PREDICATE(bundle, plan, seen, rule, predicate)
	{
		plan->predicate_rules[counts[predicate]++] = rule;
	}
	done = true;
out:
	sk_free(seen);
	sk_free(counts);
	return done;
}

static void sort_questions(struct sk_rows *rows, struct plan *plan, uint16_t type)
{
	uint32_t count = 0;

	rows->stamp++;
	for (uint32_t i = 0; i < plan->predicate_count; i++) {
		uint32_t question = rows->questions.of[plan->predicates[i]];

		if (rows->open_stamp[question] == rows->stamp)
			continue;
		rows->open_stamp[question] = rows->stamp;
		rows->open[count++] = question;
	}
	qsort(rows->open, count, sizeof(*rows->open), compare_numbers);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t number = rows->open[i];
		const struct sk_question *question = &rows->questions.items[number];

		if (sk_question_of_class(question))
			plan->class_questions[plan->class_question_count++] = number;
		else if (is_given(rows->vm, type, question))
			plan->given[plan->given_count++] = number;
		else
			plan->questions[plan->question_count++] = number;
		plan->asks_descriptor |= sk_question_of_descriptor(question);
	}
	for (uint32_t i = 0; i < plan->question_count; i++) {
		if (is_bare(rows->vm, &rows->questions.items[plan->questions[i]]))
			plan->bare[plan->bare_count++] = plan->questions[i];
	}
}

/* --- for engines without nodes ------------------------------------------- */

struct ranked {
	uint32_t question;
	uint64_t cost;
	uint64_t rules; /* that its predicates stand in: what its answer may rule out */
};

/* Cheapest first, for what it may bring. */
static int compare_ranks(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;
	uint64_t one = a->cost * b->rules, other = b->cost * a->rules;

	return one != other ? (one < other ? -1 : 1) : compare_numbers(&a->question, &b->question);
}

/* The rules that each question stands in, in the order of `asked`. */
static void note_asking(const struct sk_rows *rows, struct plan *plan, uint32_t *places)
{
	for (uint32_t i = 0; i < plan->asked_count; i++)
		places[plan->asked[i]] = i + 1;
	for (uint32_t i = 0; i < plan->predicate_count; i++) {
		uint32_t place = places[rows->questions.of[plan->predicates[i]]];

		for (uint32_t at = plan->first_rule[i]; place && at < plan->first_rule[i + 1]; at++) {
			uint32_t rule = plan->predicate_rules[at];

			plan->asking[(size_t)(place - 1) * plan->words + rule / 64] |= UINT64_C(1) << (rule % 64);
		}
	}
}

static void rank(const struct sk_rows *rows, struct plan *plan, struct ranked *ranked, uint32_t *places)
{
	for (uint32_t i = 0; i < plan->asked_count; i++) {
		uint32_t question = i < plan->question_count ? plan->questions[i]
							     : plan->class_questions[i - plan->question_count];

		ranked[i] = (struct ranked){.question = question, .cost = rows->questions.items[question].cost};
		places[question] = i + 1;
	}
	for (uint32_t i = 0; i < plan->predicate_count; i++) {
		uint32_t place = places[rows->questions.of[plan->predicates[i]]];

		if (place)
			ranked[place - 1].rules += plan->first_rule[i + 1] - plan->first_rule[i];
	}
	qsort(ranked, plan->asked_count, sizeof(*ranked), compare_ranks);
	for (uint32_t i = 0; i < plan->asked_count; i++)
		plan->asked[i] = ranked[i].question;
	note_asking(rows, plan, places);
}

static bool order_questions(const struct sk_rows *rows, struct plan *plan)
{
	const uint32_t count = plan->question_count + plan->class_question_count;
	struct ranked *ranked = sk_alloc_zeroed((size_t)count + 1, sizeof(*ranked));
	uint32_t *places = sk_alloc_zeroed((size_t)rows->questions.count + 1, sizeof(*places));
	bool done = ranked && places;

	plan->asked_count = count;
	plan->asked = sk_alloc_zeroed((size_t)count + 1, sizeof(*plan->asked));
	plan->asking = sk_alloc_zeroed((size_t)count * plan->words + 1, sizeof(*plan->asking));
	done = done && plan->asked && plan->asking;
	if (done)
		rank(rows, plan, ranked, places);
	sk_free(places);
	sk_free(ranked);
	return done;
}

bool sk_rows_build_plan(struct sk_rows *rows, uint16_t type)
{
	const size_t questions = (size_t)rows->questions.count + 1;
	struct plan *plan = &rows->plans[type];

	plan->questions = sk_alloc_zeroed(questions, sizeof(*plan->questions));
	plan->class_questions = sk_alloc_zeroed(questions, sizeof(*plan->class_questions));
	plan->given = sk_alloc_zeroed(questions, sizeof(*plan->given));
	plan->bare = sk_alloc_zeroed(questions, sizeof(*plan->bare));
	plan->bare_answers = sk_alloc_zeroed(questions, sizeof(*plan->bare_answers));
	if (!plan->questions || !plan->class_questions || !plan->given || !plan->bare || !plan->bare_answers ||
	    !index_predicates(rows->vm->bundle, plan)) {
		sk_rows_release_plan(plan);
		return false;
	}
	sort_questions(rows, plan, type);
	if (sk_rows_without_nodes(rows) && !order_questions(rows, plan)) {
		sk_rows_release_plan(plan);
		return false;
	}
	plan->built = true;
	return true;
}

void sk_rows_release_plan(struct plan *plan)
{
	sk_free(plan->questions);
	sk_free(plan->class_questions);
	sk_free(plan->given);
	sk_free(plan->bare);
	sk_free(plan->bare_answers);
	sk_free(plan->asked);
	sk_free(plan->asking);
	sk_free(plan->predicates);
	sk_free(plan->first_rule);
	sk_free(plan->predicate_rules);
	*plan = (struct plan){
		.rules = plan->rules, .count = plan->count, .words = plan->words, .index = plan->index};
}
