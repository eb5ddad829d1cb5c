/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event of a capture at which a rule matches, or else comes closest: where
 * the fewest comparisons would have to come out otherwise.
 */
#ifndef SK_CLI_EXPLAIN_NEAREST_H
#define SK_CLI_EXPLAIN_NEAREST_H

#include "cli/explain/explain.h"
#include "cli/test/play.h"
#include "cli/test/rules.h"

struct sk_nearest {
	struct sk_explanation explanation;
	uint32_t owner; /* the event of the test case; 0 without one */
};

/*
 * Explains `rule` at event `event` of a capture (as evt.num counts them), or
 * with 0 at the nearest one.  Everything lives in `arena`.  1; 0 if rules see
 * no such event; negative errno with a sentence.
 */
int sk_explain_nearest(const struct sk_test_rules *rules, uint32_t rule, const struct sk_test_capture *capture,
		       uint64_t event, struct sk_arena *arena, struct sk_nearest *ret_nearest,
		       struct sk_error *error);

#endif
