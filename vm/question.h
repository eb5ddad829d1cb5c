/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions: expressions whose one value decides all predicates on it.
 *
 *   question ─► expression, the predicates that it decides
 *   predicate ─► its question
 *
 * A predicate that compares two fields is a question of its own, whose value
 * is its truth.
 */
#ifndef SK_QUESTION_H
#define SK_QUESTION_H

#include <stdbool.h>
#include <stdint.h>

#include "vm/bundle.h"

struct sk_question {
	uint32_t expression;   /* of the value; SK_NONE: a predicate of two fields */
	uint32_t first, count; /* predicates that it decides */
	uint8_t scope;         /* enum sk_scope */
	bool by_thread;        /* THREAD or LINEAGE: part of a thread's class */
	bool by_file;          /* follows from a file's kind and name alone */
	uint16_t cost;         /* of its value, about in ns */
	uint32_t class_index;  /* its place among by_class or by_name; SK_NONE without one */
};

struct sk_questions {
	struct sk_question *items;
	uint32_t count;
	uint32_t *of;       /* question of each predicate */
	bool *negated;      /* of each predicate: it holds where it does not hit (plan.h) */
	uint32_t *by_class; /* questions that make up a class */
	uint32_t class_count;
	uint32_t *by_name; /* questions that a file's kind and name answer together */
	uint32_t name_count;
};

/* What the value of a field costs, about in ns. */
uint16_t sk_question_field_cost(const struct sk_bundle_field *field);

/* The questions of a verified bundle.  0 or -ENOMEM. */
int sk_questions_init(struct sk_questions *questions, const struct sk_bundle *bundle);
void sk_questions_release(struct sk_questions *questions);

#endif
