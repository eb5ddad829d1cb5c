/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs cases: the capture goes through the whole sensor, once with each
 * engine, and what fired is held against what was expected.
 *
 *   capture ─► reader ─► sensor (rows)   ─► matches ─┬─ the same? ─► expectations ─► verdict
 *           └► reader ─► sensor (linear) ─► matches ─┘
 */
#ifndef SK_CLI_TEST_RUN_H
#define SK_CLI_TEST_RUN_H

#include "cli/test/file.h"
#include "cli/test/play.h"
#include "cli/test/rules.h"

enum sk_test_verdict { SK_TEST_PASSED, SK_TEST_FAILED, SK_TEST_SKIPPED };

struct sk_test_result {
	enum sk_test_verdict verdict;
	struct sk_buffer why; /* lines, each with its newline; of a skipped case one */
};

static inline struct sk_test_capture sk_test_case_capture(const struct sk_test_case *test)
{
	return (struct sk_test_capture){test->capture_path, test->capture, test->capture_size, test->owners,
					test->owner_count};
}

/* Reports every rule that the case names and the packs do not have; true if there is none. */
bool sk_test_check_names(struct sk_test_reader *reader, const struct sk_test_case *test,
			 const struct sk_test_rules *rules);

/*
 * Runs one case.  `observer` sees the run of the rows engine; NULL without.
 * The caller releases `ret_result->why`.  Only -ENOMEM; whatever else is wrong
 * makes the case fail.
 */
int sk_test_run(const struct sk_test_case *test, struct sk_test_rules *rules,
		const struct sk_test_observer *observer, struct sk_test_result *ret_result);

#endif
