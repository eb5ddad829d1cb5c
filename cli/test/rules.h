/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packs compiled for tests: every rule is in the bundle, whether the pack
 * enables it or not, and the pack itself is kept, so that what a condition was
 * written as can be shown.  Cases that name the same packs share one.
 */
#ifndef SK_CLI_TEST_RULES_H
#define SK_CLI_TEST_RULES_H

#include "compiler/compile.h"
#include "vm/bundle.h"

struct sk_test_rules {
	struct sk_test_rules *next;
	const char *const *paths; /* belong to whoever asked first */
	uint32_t path_count;
	struct sk_arena arena;
	struct sk_sources sources;
	struct sk_diagnostics diagnostics;
	struct sk_pack pack;
	struct sk_buffer compiled;
	struct sk_bundle bundle;
	uint32_t *pack_rules;            /* of each rule of the bundle, its number in the pack */
	bool *tested;                    /* of each rule of the bundle: a case says whether it fires */
	struct sk_test_covered *covered; /* of each rule; NULL: nobody watches (coverage.h) */
	bool failed;                     /* it does not compile; said already */
};

/*
 * The rules of these packs, compiled if they were not yet; `*list` begins
 * with them then.  Errors of the packs are printed to `messages`.  0; -EINVAL;
 * -ENOMEM.
 */
int sk_test_rules_get(struct sk_test_rules **list, const char *const *paths, uint32_t count,
		      struct sk_buffer *messages, struct sk_test_rules **ret_rules);

void sk_test_rules_release(struct sk_test_rules *list);

/* The number of a rule in the bundle; SK_NONE if there is none of that name. */
uint32_t sk_test_rules_find(const struct sk_test_rules *rules, const char *name);

/* "did you mean" from the names of rules, in `arena`; NULL if nothing is close. */
const char *sk_test_rules_suggest(const struct sk_test_rules *rules, const char *name, struct sk_arena *arena);

static inline const struct sk_pack_rule *sk_test_pack_rule(const struct sk_test_rules *rules, uint32_t rule)
{
	return &rules->pack.rules[rules->pack_rules[rule]];
}

#endif
