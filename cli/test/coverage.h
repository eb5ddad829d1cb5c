/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests exercise of the rules, comparison by comparison, in two ways:
 *
 *   coverage   a comparison was seen true, and false, while the verdict hung on
 *              it: the rule would have come out otherwise had it
 *   mutation   without the comparison some test fails
 *
 * Both follow from the truth of all comparisons at each event, so nothing is
 * compiled or played again: a rule without one of its comparisons differs from
 * the rule exactly where that one decides and is not what it would be if it
 * were not there.
 */
#ifndef SK_CLI_TEST_COVERAGE_H
#define SK_CLI_TEST_COVERAGE_H

#include "cli/explain/tree.h"
#include "cli/test/run.h"

/* Of each comparison of a rule. */
enum {
	SK_COVERED_TRUE = 1 << 0,
	SK_COVERED_FALSE = 1 << 1,
	SK_COVERED_MUTANT = 1 << 2, /* some test fails without it */
};

/* Of one rule: struct sk_test_rules holds one for each. */
struct sk_test_covered {
	struct sk_tree tree; /* without nodes: it cannot be looked into */
	uint8_t *atoms;
};

/* Watches a case.  Begin, hand the observer to sk_test_run(), end. */
struct sk_test_watch {
	struct sk_test_observer observer;
	const struct sk_test_case *test;
	struct sk_test_rules *rules;
	struct sk_arena arena;
	struct sk_test_slot *slots; /* what the case expects of a rule: coverage.c */
	uint32_t slot_count;
	bool *atoms, *nodes, *deciding; /* of the rule being looked at */
	bool out_of_memory;
};

/* 0 or -ENOMEM. */
int sk_test_watch_begin(struct sk_test_watch *watch, const struct sk_test_case *test, struct sk_test_rules *rules);
/* `passed`: only what a passing case notices counts.  0 or -ENOMEM. */
int sk_test_watch_end(struct sk_test_watch *watch, bool passed);

struct sk_test_coverage {
	uint32_t rules, atoms, covered, mutants, killed;
};

struct sk_test_coverage sk_test_coverage_sum(const struct sk_test_rules *rules);

/* Appends what is not covered, each comparison with its place; lines without a mark of their own. */
void sk_test_coverage_print(const struct sk_test_rules *rules, struct sk_buffer *buffer);
void sk_test_coverage_print_json(const struct sk_test_rules *rules, struct sk_buffer *buffer);

/* Appends the comparisons that no test misses. */
void sk_test_mutants_print(const struct sk_test_rules *rules, struct sk_buffer *buffer);

#endif
