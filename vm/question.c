/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/question.h"

#include <errno.h>
#include <string.h>

#include "vm/support/alloc.h"

/* Texts that are put together for every event, and lists, are dear. */
static uint16_t cost_of_field(const struct sk_bundle_field *field)
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
		return cost_of_field(&bundle->fields[expression->operand]);
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

static bool is_alone(const struct sk_bundle_predicate *predicate)
{
	return predicate->right != SK_NONE;
}

static int number_questions(struct sk_questions *questions, const struct sk_bundle *bundle, uint32_t *by_expression)
{
	memset(by_expression, 0xff, bundle->expressions_count * sizeof(*by_expression));
	for (uint32_t i = 0; i < bundle->predicates_count; i++) {
		const struct sk_bundle_predicate *predicate = &bundle->predicates[i];
		uint32_t number = is_alone(predicate) ? SK_NONE : by_expression[predicate->left];
		struct sk_question *question;

		if (number == SK_NONE) {
			number = questions->count++;
			if (!is_alone(predicate))
				by_expression[predicate->left] = number;
			questions->items[number] = (struct sk_question){
				.expression = is_alone(predicate) ? SK_NONE : predicate->left,
				.cost = is_alone(predicate) ? 200 : cost_of(bundle, predicate->left),
				.class_index = SK_NONE,
			};
		}
		question = &questions->items[number];
		question->count++;
		if (predicate->scope > question->scope)
			question->scope = predicate->scope;
		questions->of[i] = number;
	}
	return 0;
}

int sk_questions_init(struct sk_questions *questions, const struct sk_bundle *bundle)
{
	const uint32_t predicates = bundle->predicates_count;
	uint32_t *by_expression = sk_alloc_zeroed(bundle->expressions_count, sizeof(*by_expression));
	uint32_t next = 0;

	*questions = (struct sk_questions){.count = 0};
	questions->items = sk_alloc_zeroed(predicates, sizeof(*questions->items));
	questions->members = sk_alloc_zeroed(predicates, sizeof(*questions->members));
	questions->of = sk_alloc_zeroed(predicates, sizeof(*questions->of));
	questions->by_class = sk_alloc_zeroed(predicates, sizeof(*questions->by_class));
	questions->by_name = sk_alloc_zeroed(predicates, sizeof(*questions->by_name));
	if (!questions->by_name || !by_expression || !questions->items || !questions->members || !questions->of ||
	    !questions->by_class) {
		sk_free(by_expression);
		sk_questions_release(questions);
		return -ENOMEM;
	}
	number_questions(questions, bundle, by_expression);
	sk_free(by_expression);
	for (uint32_t i = 0; i < questions->count; i++) {
		struct sk_question *question = &questions->items[i];

		question->first = next;
		next += question->count;
		question->count = 0;
		question->by_thread = question->scope == SK_SCOPE_THREAD || question->scope == SK_SCOPE_LINEAGE;
		if (question->by_thread) {
			question->class_index = questions->class_count;
			questions->by_class[questions->class_count++] = i;
		}
		question->by_file =
			question->expression != SK_NONE && follows_from_name(bundle, question->expression);
		if (question->by_file) {
			question->class_index = questions->name_count;
			questions->by_name[questions->name_count++] = i;
		}
	}
	for (uint32_t i = 0; i < predicates; i++) {
		struct sk_question *question = &questions->items[questions->of[i]];

		questions->members[question->first + question->count++] = i;
	}
	return 0;
}

void sk_questions_release(struct sk_questions *questions)
{
	sk_free(questions->items);
	sk_free(questions->members);
	sk_free(questions->of);
	sk_free(questions->by_class);
	sk_free(questions->by_name);
	*questions = (struct sk_questions){.count = 0};
}
