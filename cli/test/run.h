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
#include "cli/test/rules.h"
#include "runtime/sensor.h"

enum sk_test_verdict { SK_TEST_PASSED, SK_TEST_FAILED, SK_TEST_SKIPPED };

struct sk_test_result {
	enum sk_test_verdict verdict;
	struct sk_buffer why; /* lines, each with its newline; of a skipped case one */
};

/* Something that wants to see every event that rules see, after it was evaluated. */
struct sk_test_observer {
	void *context;
	/* `owner`: the event of the case, 0 without one; `number`: of the capture, from 1. */
	void (*event)(void *context, struct sk_sensor *sensor, uint64_t number, uint32_t owner);
};

/* A capture, from a file or from memory. */
struct sk_test_capture {
	const char *path; /* NULL: memory */
	const char *bytes;
	size_t size;
	const uint32_t *owners;
	uint32_t owner_count;
};

static inline struct sk_test_capture sk_test_case_capture(const struct sk_test_case *test)
{
	return (struct sk_test_capture){test->capture_path, test->capture, test->capture_size, test->owners,
					test->owner_count};
}

/*
 * Plays a capture to its end.  Rules match as with --rule-matching all; each
 * match is given to `matched`, while its event is current.  Either callback
 * may be NULL.  Negative errno with a sentence.
 */
int sk_test_play(const struct sk_bundle *bundle, const struct sk_test_capture *capture, enum sk_vm_engine engine,
		 const struct sk_test_observer *observer,
		 void (*matched)(void *context, struct sk_sensor *sensor, uint32_t rule, uint64_t number,
				 uint32_t owner),
		 void *context, struct sk_error *error);

/*
 * Runs one case.  `observer` sees the run of the rows engine; NULL without.
 * The caller releases `ret_result->why`.  Only -ENOMEM; whatever else is wrong
 * makes the case fail.
 */
int sk_test_run(const struct sk_test_case *test, struct sk_test_rules *rules,
		const struct sk_test_observer *observer, struct sk_test_result *ret_result);

#endif
