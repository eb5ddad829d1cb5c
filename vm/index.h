/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a value to all predicates of a question that hit (plan.h), at once: what
 * is asked when a value was not met before.  Private to vm/.
 *
 *   value ─► each index of the question ─► entries ─► postings ─► bits ─► numbers
 *        └─► automaton of the patterns ───────────────────────────┘
 *        └─► GENERIC predicates, one by one
 *
 * Cost: with n bytes in the value, of each group one hash probe (EXACT), one
 * binary search (sorted ones), or n steps (CONTAINS, patterns), and what hits.
 */
#ifndef SK_INDEX_H
#define SK_INDEX_H

#include "vm/bundle.h"
#include "vm/support/error.h"
#include "vm/value.h"

struct sk_index;

/* Decides predicate `number`, for what no index can: its truth for `value`. */
typedef bool (*sk_index_holds_fn)(void *context, uint32_t number, const struct sk_value *value);

/* For a verified bundle, which must outlive it.  0 or -ENOMEM. */
int sk_index_create(const struct sk_bundle *bundle, struct sk_index **ret_index);
void sk_index_destroy(struct sk_index *index);

/*
 * The hits of `value`, which is present and of the type of question `number`,
 * which has an expression: predicate numbers, ascending, each once.  Returns
 * how many; `*ret_hits` stays valid until the next call.
 *
 * Nothing is allocated, but for the automaton of a question's patterns when it
 * is first needed, and its states, which are bounded.
 */
uint32_t sk_index_find(struct sk_index *index, uint32_t number, const struct sk_value *value,
		       sk_index_holds_fn holds, void *context, const uint32_t **ret_hits);

#endif
