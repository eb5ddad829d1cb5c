/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The test harness: a test program lists its cases and ends with TEST_MAIN.
 * A case's name is the behaviour that it holds.
 *
 *   TEST(a_missing_field_makes_every_comparison_false)
 *   {
 *           CHECK(!truth);
 *           CHECK_EQUAL(count, 3);
 *   }
 *   TEST_MAIN(RUN(a_missing_field_makes_every_comparison_false))
 *
 * Output is TAP; tests/run adds it up.  A case that cannot run here calls
 * SKIP("why") and returns.
 */
#ifndef SK_TESTS_TEST_H
#define SK_TESTS_TEST_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int test_failures;
static const char *test_skip_reason;
static int test_number;
static int test_failed_cases;

#define TEST(name) static void test_##name(void)

#define CHECK(condition)                                                                                           \
	do {                                                                                                       \
		if (!(condition)) {                                                                                \
			test_failures++;                                                                           \
			printf("# %s:%d: not true: %s\n", __FILE__, __LINE__, #condition);                         \
		}                                                                                                  \
	} while (0)

#define CHECK_EQUAL(actual, expected)                                                                              \
	do {                                                                                                       \
		long long actual_ = (long long)(actual), expected_ = (long long)(expected);                        \
		if (actual_ != expected_) {                                                                        \
			test_failures++;                                                                           \
			printf("# %s:%d: %s is %lld, expected %lld\n", __FILE__, __LINE__, #actual, actual_,       \
			       expected_);                                                                         \
		}                                                                                                  \
	} while (0)

#define CHECK_TEXT(actual, expected)                                                                               \
	do {                                                                                                       \
		const char *actual_ = (actual), *expected_ = (expected);                                           \
		if (!actual_ || !expected_ || strcmp(actual_, expected_) != 0) {                                   \
			test_failures++;                                                                           \
			printf("# %s:%d: %s is \"%s\", expected \"%s\"\n", __FILE__, __LINE__, #actual,            \
			       actual_ ? actual_ : "(null)", expected_ ? expected_ : "(null)");                    \
		}                                                                                                  \
	} while (0)

#define SKIP(reason) (test_skip_reason = (reason))

static inline void test_run(const char *name, void (*function)(void))
{
	test_failures = 0;
	test_skip_reason = NULL;
	function();
	test_number++;
	if (test_failures)
		test_failed_cases++;
	printf("%sok %d - %s", test_failures ? "not " : "", test_number, name);
	if (test_skip_reason && !test_failures)
		printf(" # SKIP %s", test_skip_reason);
	printf("\n");
	fflush(stdout);
}

#define RUN(name) test_run(#name, test_##name);

#define TEST_MAIN(...)                                                                                             \
	int main(void)                                                                                             \
	{                                                                                                          \
		__VA_ARGS__                                                                                        \
		printf("1..%d\n", test_number);                                                                    \
		return test_failed_cases ? 1 : 0;                                                                  \
	}

#endif
