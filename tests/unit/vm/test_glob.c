/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/glob.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <time.h>

#include "tests/test.h"

static bool matches(const char *pattern, const char *text)
{
	return sk_glob_match(pattern, strlen(pattern), text, strlen(text), false);
}

static bool matches_folded(const char *pattern, const char *text)
{
	return sk_glob_match(pattern, strlen(pattern), text, strlen(text), true);
}

TEST(stars_and_question_marks_cross_slashes_and_dots)
{
	CHECK(matches("*", ""));
	CHECK(matches("/etc/*", "/etc/a/b"));
	CHECK(matches("/*/.b", "/a/.b"));
	CHECK(matches("a?c", "a/c"));
	CHECK(matches("*.so*", "/lib/x.so.6"));
	CHECK(matches("a**?c", "abbc"));
	CHECK(!matches("?", ""));
	CHECK(!matches("a*c", "ab"));
	CHECK(!matches("", "a"));
	CHECK(matches("", ""));
}

TEST(brackets_hold_ranges_classes_and_inversions)
{
	CHECK(matches("[a-c]x", "bx"));
	CHECK(!matches("[!a-c]x", "bx"));
	CHECK(matches("[^a-c]x", "dx"));
	CHECK(matches("[]a]", "]"));
	CHECK(matches("[[:digit:]_]", "7"));
	CHECK(matches("[[:digit:]_]", "_"));
	CHECK(!matches("[[:digit:]]", "x"));
	CHECK(matches("[\\]]", "]"));
	CHECK(matches("[a", "[a"));
}

TEST(a_backslash_takes_the_next_byte_as_it_is)
{
	CHECK(matches("\\*", "*"));
	CHECK(!matches("\\*", "a"));
	CHECK(matches("\\?\\[", "?["));
	CHECK(!matches("\\?", "a"));
	CHECK(!matches("a\\", "a"));
}

TEST(folding_case_is_for_ascii_letters)
{
	CHECK(matches_folded("*BASH", "/bin/bash"));
	CHECK(matches_folded("[A-C]", "b"));
	CHECK(!matches("*BASH", "/bin/bash"));
	CHECK(!matches_folded("\xc4", "\xe4"));
}

/* Pieces that meet in the corners of bracket expressions. */
static const char *const pieces[] = {
	"a",         "b",      "A",      "Z",   "z",     "*",     "?",     "[",  "]",      "[!",
	"[^",        "-",      "\\",     "/",   ".",     ":",     "=",     "!",  "^",      "[:alpha:]",
	"[:upper:]", "[:x:]",  "[:zz:]", "[:",  ":]",    "[=a=]", "[=A=]", "[=", "=]",     "[.a.]",
	"[.-.]",     "[.ab.]", "[.",     ".]",  "[a-b]", "[",     "]",     "]",  "\xe4",   "[z-a]",
	"[:punct:]", "-]",     "[]",     "[A-", "[:a",   "a-b",   "[!]",   "[[", "[.z.]-", "-[.b.]",
};

static const char *const text_pieces[] = {"a", "b", "A", "Z", "z", "-", "[",    "]", "\\",
					  "/", ".", ":", "=", "!", "^", "\xe4", "7"};

static void glue(char *text, const char *const *from, size_t count, unsigned most, unsigned *seed)
{
	unsigned parts = (unsigned)rand_r(seed) % (most + 1);

	text[0] = '\0';
	for (unsigned i = 0; i < parts; i++)
		strcat(text, from[(unsigned)rand_r(seed) % count]);
}

TEST(every_random_pattern_matches_as_fnmatch_says)
{
	unsigned seed = 20240131, shown = 0;

	for (unsigned i = 0; i < 600000; i++) {
		char pattern[128], text[64];
		int flags = i % 2 ? FNM_CASEFOLD : 0;
		bool expected, actual;

		glue(pattern, pieces, sizeof(pieces) / sizeof(pieces[0]), 6, &seed);
		glue(text, text_pieces, sizeof(text_pieces) / sizeof(text_pieces[0]), 4, &seed);
		expected = fnmatch(pattern, text, flags) == 0;
		actual = sk_glob_match(pattern, strlen(pattern), text, strlen(text), flags != 0);
		if (expected != actual && shown++ < 40)
			printf("# fnmatch(\"%s\", \"%s\", %d) is %d\n", pattern, text, flags, expected);
	}
	CHECK_EQUAL(shown, 0);
}

TEST(a_hostile_pattern_takes_pattern_times_text_steps)
{
	static char pattern[256], text[65536], long_pattern[SK_GLOB_PATTERN_LIMIT + 1];
	clock_t begin = clock();

	for (size_t i = 0; i < 254; i += 2)
		memcpy(pattern + i, "*a", 2);
	pattern[254] = 'b';
	memset(text, 'a', sizeof(text));
	CHECK(!sk_glob_match(pattern, 255, text, sizeof(text), false));
	memset(pattern, '[', 254);
	pattern[0] = '*';
	memset(text, '[', sizeof(text));
	CHECK(!sk_glob_match(pattern, 255, text, sizeof(text), false));
	/* From a field a pattern can be long, and what opens a bracket may be quoted. */
	memset(long_pattern, '[', sizeof(long_pattern));
	long_pattern[0] = '*';
	CHECK(!sk_glob_match(long_pattern, SK_GLOB_PATTERN_LIMIT, text, 4000, false));
	for (size_t i = 1; i + 3 <= sizeof(long_pattern); i += 3)
		memcpy(long_pattern + i, "[\\]", 3);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = "[]"[i % 2];
	CHECK(!sk_glob_match(long_pattern, SK_GLOB_PATTERN_LIMIT, text, 4095, false));
	CHECK(sk_glob_match(long_pattern, 1, text, sizeof(text), false));
	CHECK(!sk_glob_match(long_pattern, SK_GLOB_PATTERN_LIMIT + 1, text, 1, false));
	/* 255 times 65536 steps are a tenth of a second; a backtracking matcher does not end. */
	CHECK((double)(clock() - begin) / CLOCKS_PER_SEC < 20);
}

/* clang-format off */
TEST_MAIN(
	RUN(stars_and_question_marks_cross_slashes_and_dots)
	RUN(brackets_hold_ranges_classes_and_inversions)
	RUN(a_backslash_takes_the_next_byte_as_it_is)
	RUN(folding_case_is_for_ascii_letters)
	RUN(every_random_pattern_matches_as_fnmatch_says)
	RUN(a_hostile_pattern_takes_pattern_times_text_steps)
)
