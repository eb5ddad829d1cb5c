/* SPDX-License-Identifier: Apache-2.0 */
/* What a run of tests says: TAP, or JUnit's XML, and a summary. */
#ifndef SK_CLI_TEST_REPORT_H
#define SK_CLI_TEST_REPORT_H

#include "cli/test/run.h"

/* All zeroes but for `junit`. */
struct sk_test_report {
	bool junit;
	struct sk_buffer text;
	uint32_t passed, failed, skipped;
	uint32_t broken_files; /* that could not be read */
	const char *suite;     /* JUnit: the file whose element is open */
	size_t suite_start;
	uint32_t suite_tests, suite_failures, suite_skipped;
};

void sk_test_report_case(struct sk_test_report *report, const struct sk_test_file *file,
			 const struct sk_test_case *test, const struct sk_test_result *result);

/* A file of tests that could not be read: what is wrong was said elsewhere. */
void sk_test_report_broken(struct sk_test_report *report, const char *path);

/* Appends which rules no case speaks of; lines without a mark of their own. */
void sk_test_report_untested(const struct sk_test_rules *rules, struct sk_buffer *buffer);

/* Ends the report. */
void sk_test_report_end(struct sk_test_report *report);

/* Appends lines as comments; of TAP only. */
void sk_test_report_comment(struct sk_test_report *report, const struct sk_buffer *lines);

void sk_test_report_release(struct sk_test_report *report);

#endif
