/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/regex.h"

#include <errno.h>
#include <stdlib.h>

#include "tests/test.h"
#include "vm/support/alloc.h"

static struct sk_error error;

static bool matches(const char *pattern, const char *text)
{
	struct sk_arena scratch;
	struct sk_regex *regex;
	bool result;

	sk_arena_init(&scratch, 0);
	error.message[0] = '\0';
	if (sk_regex_create(pattern, strlen(pattern), &regex, &error) < 0)
		return false;
	result = sk_regex_match(regex, text, strlen(text), &scratch);
	sk_regex_destroy(regex);
	sk_arena_release(&scratch);
	return result;
}

static const char *refused(const char *pattern)
{
	struct sk_regex *regex = NULL;
	int status;

	error.message[0] = '\0';
	status = sk_regex_create(pattern, strlen(pattern), &regex, &error);
	if (status == 0) {
		sk_regex_destroy(regex);
		return "";
	}
	CHECK_EQUAL(status, -EINVAL);
	CHECK(regex == NULL);
	return error.message;
}

TEST(the_whole_text_must_match)
{
	CHECK(matches("sys.*", "syscall"));
	CHECK(!matches("sys", "syscall"));
	CHECK(!matches("call", "syscall"));
	CHECK(matches("(a|ab)(c|bcd)", "abcd"));
	CHECK(matches("", ""));
	CHECK(!matches("", "a"));
}

TEST(lines_are_lines)
{
	CHECK(!matches(".*", "a\nb"));
	CHECK(matches("(.|\n)*", "a\nb"));
	CHECK(matches("^a$\n^b$", "a\nb"));
	CHECK(!matches("a^b", "ab"));
}

TEST(only_posix_syntax_is_a_pattern)
{
	CHECK(matches("[[:alpha:]]+", "abc"));
	CHECK(matches("a{2,3}", "aaa"));
	CHECK_TEXT(refused("[[:alpha:]]"), "");
	CHECK_TEXT(refused("\\d"), "not a regular expression: invalid escape sequence: \\d");
	CHECK_TEXT(refused("\\bx"), "not a regular expression: invalid escape sequence: \\b");
	CHECK_TEXT(refused("(?:a)"), "not a regular expression: no argument for repetition operator: ?");
	CHECK_TEXT(refused("("), "not a regular expression: missing ): (");
	CHECK_TEXT(refused("[b-a]"), "not a regular expression: invalid character class range: b-a");
	CHECK(refused("\xff")[0] != '\0');
	CHECK(refused("((((a{1000}){1000}){1000}){1000})")[0] != '\0');
}

TEST(each_invalid_byte_is_one_replacement_character)
{
	CHECK(matches("a.b", "a\xff"
			     "b"));
	CHECK(matches("a\xef\xbf\xbd"
		      "b",
		      "a\xff"
		      "b"));
	CHECK(matches("a..b", "a\xff\xfe"
			      "b"));
	CHECK(matches(".", "\xc3\xa4"));
	CHECK(matches("..", "\xc3("));
	/* Overlong, a surrogate, too large, cut off. */
	CHECK(matches("..", "\xc0\xaf"));
	CHECK(matches("...", "\xe0\x80\xaf"));
	CHECK(matches("...", "\xed\xa0\x80"));
	CHECK(matches("....", "\xf4\x90\x80\x80"));
	CHECK(matches("..", "\xe2\x82"));
	CHECK(matches(".", "\xe2\x82\xac"));
	CHECK(matches(".", "\xf0\x9f\x98\x80"));
}

TEST(a_program_that_needs_more_memory_gets_it_up_to_a_limit)
{
	struct sk_regex *small, *large;
	char huge[2048] = "";

	CHECK_EQUAL(sk_regex_create("a", 1, &small, &error), 0);
	CHECK_EQUAL(sk_regex_create(".{0,1000}", 9, &large, &error), 0);
	CHECK(sk_regex_size(small) < 10);
	CHECK(sk_regex_size(large) > 5000);
	sk_regex_destroy(small);
	sk_regex_destroy(large);
	for (unsigned i = 0; i < 200; i++)
		strcat(huge, ".{1000}");
	CHECK_TEXT(refused(huge), "not a regular expression: pattern too large - compile failed");
}

TEST(matching_is_linear_in_the_text)
{
	/* Exponential for a backtracking matcher. */
	static char text[100001];
	struct sk_arena scratch;
	struct sk_regex *regex;

	memset(text, 'a', sizeof(text) - 1);
	sk_arena_init(&scratch, 0);
	CHECK_EQUAL(sk_regex_create("(a*)*(a*)*(a|aa)+b", 18, &regex, &error), 0);
	CHECK(!sk_regex_match(regex, text, sizeof(text) - 1, &scratch));
	text[sizeof(text) - 2] = 'b';
	CHECK(sk_regex_match(regex, text, sizeof(text) - 1, &scratch));
	sk_regex_destroy(regex);
	sk_arena_release(&scratch);
}

TEST(without_memory_nothing_matches)
{
	struct sk_regex *regex = NULL;
	struct sk_arena scratch;

	sk_alloc_fail_after(0);
	CHECK_EQUAL(sk_regex_create("a", 1, &regex, &error), -ENOMEM);
	sk_alloc_fail_after(SIZE_MAX);
	CHECK(regex == NULL);
	CHECK_EQUAL(sk_regex_create(".", 1, &regex, &error), 0);
	sk_arena_init(&scratch, 0);
	sk_alloc_fail_after(0);
	CHECK(!sk_regex_match(regex, "\xff", 1, &scratch));
	CHECK(sk_regex_match(regex, "x", 1, &scratch));
	sk_alloc_fail_after(SIZE_MAX);
	CHECK(sk_regex_match(regex, "\xff", 1, &scratch));
	sk_regex_destroy(regex);
	sk_arena_release(&scratch);
	sk_regex_destroy(NULL);
}

/* clang-format off */
TEST_MAIN(
	RUN(the_whole_text_must_match)
	RUN(lines_are_lines)
	RUN(only_posix_syntax_is_a_pattern)
	RUN(each_invalid_byte_is_one_replacement_character)
	RUN(a_program_that_needs_more_memory_gets_it_up_to_a_limit)
	RUN(matching_is_linear_in_the_text)
	RUN(without_memory_nothing_matches)
)
