/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile made ready for being told: rules added up, in order of what they
 * cost, with the words that text, JSON and picture share.
 *
 *   profile ─► figures ─┬─► text
 *                       ├─► JSON
 *                       ├─► suggestions ─► text, JSON
 *                       └─► SVG
 */
#ifndef SK_CLI_PROFILE_FIGURES_H
#define SK_CLI_PROFILE_FIGURES_H

#include "vm/profile.h"
#include "vm/support/buffer.h"
#include "vm/vm.h"

struct sk_figures {
	const struct sk_profile *profile;
	const struct sk_bundle *bundle;
	struct sk_vm_stats engine;
	uint64_t events; /* that came, whatever their type */
	uint64_t matches;
	uint32_t every;                         /* one in so many was timed */
	double parts_ns[SK_PROFILE_PART_COUNT]; /* of all events */
	double total_ns;

	struct sk_profile_rule *rules;
	uint32_t *rule_order;      /* dearest first, then those considered most */
	uint32_t *question_order;  /* dearest first; the last question is "which file" */
	uint32_t question_count;   /* of question_order */
	uint32_t *predicate_order; /* those that ruled out most first */
	uint32_t *rules_naming;    /* rules that ask each question */
	uint32_t *type_order;      /* event types that came, dearest first */
	uint32_t type_count;
};

/* For a profile that stays as it is.  0 or -ENOMEM. */
int sk_figures_init(struct sk_figures *figures, const struct sk_profile *profile, const struct sk_vm_stats *engine);
void sk_figures_release(struct sk_figures *figures);

/* Nanoseconds that a rule took, its part of what it shares included. */
double sk_figures_rule_ns(const struct sk_figures *figures, uint32_t rule);

/* Ticks that events of a type took, all parts together. */
double sk_figures_type_ticks(const struct sk_profile *profile, uint32_t type);

/* Of the whole, from 0 to 1. */
double sk_figures_share(const struct sk_figures *figures, double ns);

/* Appends what a question asks for, as it stands in conditions. */
void sk_figures_print_question(const struct sk_figures *figures, uint32_t question, struct sk_buffer *buffer);

/* "file:line" of a predicate or a rule; nothing if the bundle does not know. */
void sk_figures_print_predicate_place(const struct sk_figures *figures, uint32_t predicate,
				      struct sk_buffer *buffer);
void sk_figures_print_rule_place(const struct sk_figures *figures, uint32_t rule, struct sk_buffer *buffer);

/* Where they are in the source; NULL if the bundle does not know. */
const struct sk_bundle_location *sk_figures_predicate_location(const struct sk_figures *figures,
							       uint32_t predicate);
const struct sk_bundle_location *sk_figures_rule_location(const struct sk_figures *figures, uint32_t rule);

const char *sk_figures_rule_name(const struct sk_figures *figures, uint32_t rule);

/* The question of a predicate. */
uint32_t sk_figures_question_of(const struct sk_figures *figures, uint32_t predicate);

/* True if the predicate stands in the rule's condition. */
bool sk_figures_rule_has(const struct sk_figures *figures, uint32_t rule, uint32_t predicate);

#endif
