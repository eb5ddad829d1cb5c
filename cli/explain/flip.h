/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smallest sets of comparisons that would have to come out otherwise for
 * the verdict to be another.
 *
 * In a tree where every comparison stands once the least number follows from
 * the bottom up: to make an `and` false one child must change, the cheapest;
 * to make it true all that are false must.  A comparison that stands in
 * several places changes in all of them, so for those every choice is tried,
 * few changes first, and the rest follows from the bottom up for each: exact,
 * unless that is too much work, which is said.
 */
#ifndef SK_CLI_EXPLAIN_FLIP_H
#define SK_CLI_EXPLAIN_FLIP_H

#include "cli/explain/tree.h"

enum { SK_FLIP_SET_LIMIT = 16 };

struct sk_flips {
	uint32_t size;   /* atoms in each set; 0: nothing can change the verdict */
	bool exact;      /* there is no smaller set */
	bool all;        /* these are all sets of that size */
	uint32_t count;  /* sets, at most SK_FLIP_SET_LIMIT */
	uint32_t **sets; /* atoms of the tree, ascending; of one that stands in several places the first */
};

/* For the truth of the atoms of an event.  Everything lives in `arena`.  0 or -ENOMEM. */
int sk_flips_find(const struct sk_tree *tree, const bool *atoms, struct sk_arena *arena,
		  struct sk_flips *ret_flips);

#endif
