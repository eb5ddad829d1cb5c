/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions: expressions whose one value decides all predicates on it.
 *
 *   question ─► expression, the predicates that it decides
 *   predicate ─► its question
 *
 * A predicate that compares two fields is a question of its own, whose value
 * is its truth.
 *
 * Facets are groups of questions that follow from one thing and are answered
 * together:
 *
 *   class       [ THREAD ... | ANCESTORS ... | CONTAINER ... ]   of a thread
 *   descriptor  [ KIND ... | NAME ... ]                          of an fd
 */
#ifndef SK_QUESTION_H
#define SK_QUESTION_H

#include <stdbool.h>
#include <stdint.h>

#include "vm/bundle.h"

enum sk_facet {
	SK_FACET_NONE, /* asked for every event */
	SK_FACET_THREAD,
	SK_FACET_ANCESTORS,
	SK_FACET_CONTAINER,
	SK_FACET_KIND,
	SK_FACET_NAME,
	SK_FACET_COUNT
};

struct sk_question {
	uint32_t expression;   /* of the value; SK_NONE: a predicate of two fields */
	uint32_t first, count; /* predicates that it decides */
	uint32_t place;        /* among those of the class or the descriptor */
	uint16_t cost;         /* of its value, about in ns */
	uint8_t scope;         /* enum sk_scope */
	uint8_t facet;         /* enum sk_facet */
};

/* A facet's part of a class or descriptor. */
struct sk_slice {
	uint32_t first, count;
};

struct sk_questions {
	struct sk_question *items;
	uint32_t count;
	uint32_t *of;         /* question of each predicate */
	bool *negated;        /* of each predicate: it holds where it does not hit (plan.h) */
	uint32_t *class;      /* questions that make up a class */
	uint32_t *descriptor; /* questions that an fd answers */
	uint32_t class_count, descriptor_count;
	struct sk_slice slices[SK_FACET_COUNT];
};

/* What the value of a field costs, about in ns. */
uint16_t sk_question_field_cost(const struct sk_bundle_field *field);

/* The questions of a verified bundle.  0 or -ENOMEM. */
int sk_questions_init(struct sk_questions *questions, const struct sk_bundle *bundle);
void sk_questions_release(struct sk_questions *questions);

static inline bool sk_question_of_class(const struct sk_question *question)
{
	return question->facet >= SK_FACET_THREAD && question->facet <= SK_FACET_CONTAINER;
}

static inline bool sk_question_of_descriptor(const struct sk_question *question)
{
	return question->facet >= SK_FACET_KIND;
}

#endif
