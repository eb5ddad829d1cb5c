/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which group decides a predicate (groups.def), and what its hits mean: the
 * one answer that compiler, verifier and lookup share.
 *
 * A predicate of an index *hits* if its plain relation holds for the value.
 * Truth of a predicate whose value is there: hit XOR sk_plan_is_negated().
 */
#ifndef SK_PLAN_H
#define SK_PLAN_H

#include "vm/bundle.h"

/* The group of a predicate whose numbers and constants are sound. */
enum sk_index_group sk_plan_group(const struct sk_bundle *bundle, const struct sk_bundle_predicate *predicate);

/*
 * True for `!=` that an index decides: it is the negation of `=`, on lists too
 * (with sk_plan_combination()).
 */
static inline bool sk_plan_is_negated(const struct sk_bundle_predicate *predicate, enum sk_index_group group)
{
	return group < SK_GROUP_ALWAYS && predicate->operator== SK_OPERATOR_NE;
}

/* When a predicate of an index hits for a list, by how many elements it hits. */
enum sk_combination {
	SK_COMBINATION_ANY,          /* one at least */
	SK_COMBINATION_ALL,          /* each of them, also of an empty list */
	SK_COMBINATION_ANY_OR_EMPTY, /* one at least, or the list is empty */
};

enum sk_combination sk_plan_combination(const struct sk_bundle_predicate *predicate);

/* True if the text has no upper case ASCII letters: ICONTAINS takes it. */
bool sk_plan_is_lower_case(const char *text, uint32_t length);

/*
 * True if PATH takes the text: "/", or components without wildcards, none of
 * them empty, each with one slash before it.
 */
bool sk_plan_is_plain_path(const char *text, uint32_t length);

/* True if `pmatch` sees a wildcard in the text. */
bool sk_plan_has_wildcard(const char *text, uint32_t length);

#endif
