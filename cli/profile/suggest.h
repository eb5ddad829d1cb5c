/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an author could write differently, judged by a profile.
 *
 * A suggestion says where, why (with figures), and, where it can be worked out,
 * what to write instead: `same` if that means the same for every event, else
 * it agrees with the events of the profile and the author decides.
 */
#ifndef SK_CLI_PROFILE_SUGGEST_H
#define SK_CLI_PROFILE_SUGGEST_H

#include "cli/profile/figures.h"

enum sk_suggestion_kind {
#define SK_SUGGESTION(id, name, meaning) SK_SUGGESTION_##id,
#include "cli/profile/suggestions.def"
	SK_SUGGESTION_KIND_COUNT
};

struct sk_suggestion_info {
	const char *name;
	const char *meaning;
};

extern const struct sk_suggestion_info sk_suggestion_infos[SK_SUGGESTION_KIND_COUNT];

struct sk_suggestion {
	enum sk_suggestion_kind kind;
	uint32_t rule;
	uint32_t predicate; /* that it is about; SK_NONE: the whole rule */
	double ns;          /* what is at stake, of all events: for the order */
	struct sk_buffer reason;
	struct sk_buffer instead; /* of the predicate, or of the rule's condition; empty: not known */
	bool same;                /* means the same for every event */
};

struct sk_suggestions {
	struct sk_suggestion *items;
	uint32_t count, capacity;
};

/* Largest stake first.  0 or -ENOMEM; release it in any case. */
int sk_suggest_rewrites(const struct sk_figures *figures, struct sk_suggestions *ret_suggestions);
void sk_suggestions_release(struct sk_suggestions *suggestions);

/*
 * What predicate `number` could be instead, which means the same and is found
 * in an index: appended to `instead`.  False if there is nothing.
 */
bool sk_suggest_plainer(const struct sk_bundle *bundle, uint32_t number, struct sk_buffer *instead, bool *ret_same);

#endif
