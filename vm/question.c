/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/question.h"

#include <errno.h>
#include <string.h>

#include "vm/plan.h"
#include "vm/support/alloc.h"

/* Texts that are put together for every event, and lists, are dear. */
uint16_t sk_question_field_cost(const struct sk_bundle_field *field)
{
	switch ((enum sk_type)field->type) {
	case SK_TYPE_STRING:
		return field->field == SK_FIELD_EVT_ARG ? 60 : field->field == SK_FIELD_EVT_ARGS ? 400 : 25;
	case SK_TYPE_BYTES:
		return 60;
	default:
		return field->list ? 40 : 12;
	}
}

static uint16_t cost_of(const struct sk_bundle *bundle, uint32_t number)
{
	const struct sk_bundle_expression *expression = &bundle->expressions[number];
	uint32_t cost = 40;

	if (expression->kind == SK_EXPRESSION_FIELD)
		return sk_question_field_cost(&bundle->fields[expression->operand]);
	for (uint32_t i = 0; i < expression->count && cost < 1000; i++)
		cost += 40;
	return (uint16_t)cost;
}

/*
 * True if the expression is a field that for an fd of a file, a directory
 * among them, is the same for every event that has such an fd of that name.
 */
static bool follows_from_name(const struct sk_bundle *bundle, uint32_t number)
{
	const struct sk_bundle_expression *expression = &bundle->expressions[number];

	if (expression->kind != SK_EXPRESSION_FIELD)
		return false;
	switch (bundle->fields[expression->operand].field) {
	case SK_FIELD_FD_NAME:
	case SK_FIELD_FD_DIRECTORY:
	case SK_FIELD_FD_FILENAME:
	case SK_FIELD_FD_TYPE:
	case SK_FIELD_FD_TYPECHAR:
	case SK_FIELD_FD_L4PROTO:
	case SK_FIELD_FD_SOCKFAMILY:
	case SK_FIELD_FD_CONNECTED:
		return true;
	default:
		return false;
	}
}

static void describe(struct sk_questions *questions, const struct sk_bundle *bundle, uint32_t number)
{
	const struct sk_bundle_question *record = &bundle->questions[number];
	struct sk_question *question = &questions->items[number];

	*question = (struct sk_question){
		.expression = record->expression,
		.first = record->first,
		.count = record->count,
		.cost = record->expression == SK_NONE ? 200 : cost_of(bundle, record->expression),
		.class_index = SK_NONE,
	};
	for (uint32_t i = record->first; i < record->first + record->count; i++) {
		const struct sk_bundle_predicate *predicate = &bundle->predicates[i];

		if (predicate->scope > question->scope)
			question->scope = predicate->scope;
		questions->of[i] = number;
		questions->negated[i] = predicate->right == SK_NONE &&
					sk_plan_is_negated(predicate, sk_plan_group(bundle, predicate));
	}
	question->by_thread = question->scope == SK_SCOPE_THREAD || question->scope == SK_SCOPE_LINEAGE;
	if (question->by_thread) {
		question->class_index = questions->class_count;
		questions->by_class[questions->class_count++] = number;
	}
	question->by_file = question->expression != SK_NONE && follows_from_name(bundle, question->expression);
	if (question->by_file) {
		question->class_index = questions->name_count;
		questions->by_name[questions->name_count++] = number;
	}
}

int sk_questions_init(struct sk_questions *questions, const struct sk_bundle *bundle)
{
	*questions = (struct sk_questions){.count = bundle->questions_count};
	questions->items = sk_alloc_zeroed(bundle->questions_count, sizeof(*questions->items));
	questions->of = sk_alloc_zeroed(bundle->predicates_count, sizeof(*questions->of));
	questions->negated = sk_alloc_zeroed(bundle->predicates_count, sizeof(*questions->negated));
	questions->by_class = sk_alloc_zeroed(bundle->questions_count, sizeof(*questions->by_class));
	questions->by_name = sk_alloc_zeroed(bundle->questions_count, sizeof(*questions->by_name));
	if (!questions->items || !questions->of || !questions->negated || !questions->by_class ||
	    !questions->by_name) {
		sk_questions_release(questions);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < questions->count; i++)
		describe(questions, bundle, i);
	return 0;
}

void sk_questions_release(struct sk_questions *questions)
{
	sk_free(questions->items);
	sk_free(questions->negated);
	sk_free(questions->of);
	sk_free(questions->by_class);
	sk_free(questions->by_name);
	*questions = (struct sk_questions){.count = 0};
}
