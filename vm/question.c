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

static enum sk_facet facet_of_field(const struct sk_bundle_field *field)
{
	switch (field->field) {
#define SK_FACET_FIELD(facet, id)                                                                                  \
	case SK_FIELD_##id:                                                                                        \
		if (SK_FACET_##facet == SK_FACET_ANCESTORS && field->kind == SK_ARGUMENT_KIND_INDEX &&             \
		    field->index == 0)                                                                             \
			break;                                                                                     \
		return SK_FACET_##facet;
#include "vm/facets.def"
	default:
		break;
	}
	return SK_FACET_NONE;
}

/* A transformer's value follows from more than one thing, or is not worth it. */
static enum sk_facet facet_of(const struct sk_bundle *bundle, const struct sk_question *question)
{
	enum sk_facet facet = SK_FACET_NONE;

	if (question->expression != SK_NONE &&
	    bundle->expressions[question->expression].kind == SK_EXPRESSION_FIELD)
		facet = facet_of_field(&bundle->fields[bundle->expressions[question->expression].operand]);
	if (facet == SK_FACET_NONE && (question->scope == SK_SCOPE_THREAD || question->scope == SK_SCOPE_LINEAGE))
		return SK_FACET_THREAD;
	return facet;
}

static void describe(struct sk_questions *questions, const struct sk_bundle *bundle, uint32_t number)
{
	const struct sk_bundle_question *record = &bundle->questions[number];
	struct sk_question *question = &questions->items[number];

	*question = (struct sk_question){
		.expression = record->expression,
		.first = record->first,
		.count = record->count,
		.place = SK_NONE,
		.cost = record->expression == SK_NONE ? 200 : cost_of(bundle, record->expression),
	};
	for (uint32_t i = record->first; i < record->first + record->count; i++) {
		const struct sk_bundle_predicate *predicate = &bundle->predicates[i];

		if (predicate->scope > question->scope)
			question->scope = predicate->scope;
		questions->of[i] = number;
		questions->negated[i] = predicate->right == SK_NONE &&
					sk_plan_is_negated(predicate, sk_plan_group(bundle, predicate));
	}
	question->facet = (uint8_t)facet_of(bundle, question);
}

/* Appends the questions of a facet to `list`. */
static void gather(struct sk_questions *questions, enum sk_facet facet, uint32_t *list, uint32_t *count)
{
	questions->slices[facet].first = *count;
	for (uint32_t i = 0; i < questions->count; i++) {
		if (questions->items[i].facet != facet)
			continue;
		questions->items[i].place = *count;
		list[(*count)++] = i;
	}
	questions->slices[facet].count = *count - questions->slices[facet].first;
}

int sk_questions_init(struct sk_questions *questions, const struct sk_bundle *bundle)
{
	*questions = (struct sk_questions){.count = bundle->questions_count};
	questions->items = sk_alloc_zeroed(bundle->questions_count, sizeof(*questions->items));
	questions->of = sk_alloc_zeroed(bundle->predicates_count, sizeof(*questions->of));
	questions->negated = sk_alloc_zeroed(bundle->predicates_count, sizeof(*questions->negated));
	questions->class = sk_alloc_zeroed(bundle->questions_count, sizeof(*questions->class));
	questions->descriptor = sk_alloc_zeroed(bundle->questions_count, sizeof(*questions->descriptor));
	if (!questions->items || !questions->of || !questions->negated || !questions->class ||
	    !questions->descriptor) {
		sk_questions_release(questions);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < questions->count; i++)
		describe(questions, bundle, i);
	for (int facet = SK_FACET_THREAD; facet <= SK_FACET_CONTAINER; facet++)
		gather(questions, (enum sk_facet)facet, questions->class, &questions->class_count);
	for (int facet = SK_FACET_KIND; facet <= SK_FACET_NAME; facet++)
		gather(questions, (enum sk_facet)facet, questions->descriptor, &questions->descriptor_count);
	return 0;
}

void sk_questions_release(struct sk_questions *questions)
{
	sk_free(questions->items);
	sk_free(questions->negated);
	sk_free(questions->of);
	sk_free(questions->class);
	sk_free(questions->descriptor);
	*questions = (struct sk_questions){.count = 0};
}
