/* SPDX-License-Identifier: Apache-2.0 */
/* Depth, size, and what hostile conditions may cost. */
#include <stdlib.h>
#include <time.h>

#include "tests/test.h"

#include "tests/unit/grammar/parsing.h"
#include "vm/support/alloc.h"

/*
 * Each of these takes a few hundredths of a second; a parser that is quadratic
 * takes minutes.  The bound leaves room for sanitizers and busy machines.
 */
enum { MOST_MILLISECONDS = 3000, LARGE = 1024 * 1024 };

/* `begin`, then `unit` until `size` bytes are full, then `end`. */
static char *repeat(const char *begin, const char *unit, const char *end, size_t size, size_t *ret_length)
{
	size_t begin_length = strlen(begin), unit_length = strlen(unit), length = begin_length;
	char *text = malloc(begin_length + size + unit_length + strlen(end) + 1);

	memcpy(text, begin, begin_length);
	while (length < size) {
		memcpy(text + length, unit, unit_length);
		length += unit_length;
	}
	memcpy(text + length, end, strlen(end) + 1);
	*ret_length = length + strlen(end);
	return text;
}

/* Whether it parses; checks that it is quick either way. */
static bool parses(const char *begin, const char *unit, const char *end, size_t size)
{
	size_t length;
	char *text = repeat(begin, unit, end, size, &length);
	struct parsing parsing;
	clock_t start;
	bool parsed;
	long milliseconds;

	parsing_init(&parsing, text, length);
	start = clock();
	parsing.tree = sk_parse_condition(&parsing.text, SK_PARSE_DEPTH_PACK, &parsing.arena, &parsing.diagnostics);
	milliseconds = (long)((clock() - start) * 1000 / CLOCKS_PER_SEC);
	if (getenv("SK_TEST_VERBOSE"))
		printf("# %ld ms, %zu KB: %.20s%.30s...\n", milliseconds, parsing.arena.total / 1024, begin, unit);
	CHECK(milliseconds < MOST_MILLISECONDS);
	parsed = parsing.tree != NULL;
	CHECK_EQUAL(parsing.diagnostics.errors == 0, parsed);
	CHECK(parsing.diagnostics.errors <= 20);
	parsing_release(&parsing);
	free(text);
	return parsed;
}

static bool nests(const char *open, unsigned count, const char *close, uint32_t depth_limit)
{
	struct parsing parsing;
	struct sk_buffer text = {0};
	bool parsed;

	for (unsigned i = 0; i < count; i++)
		sk_buffer_append_text(&text, open);
	sk_buffer_append_text(&text, "a.b=c");
	for (unsigned i = 0; i < count; i++)
		sk_buffer_append_text(&text, close);
	parsing_condition(&parsing, text.bytes, text.length, depth_limit);
	parsed = parsing.tree != NULL;
	if (!parsed) {
		char expected[64];

		snprintf(expected, sizeof(expected), "exceeded max depth limit of %u", depth_limit);
		CHECK_EQUAL(parsing.diagnostics.count, 1);
		CHECK_TEXT(parsing.diagnostics.items[0].message, expected);
	}
	parsing_release(&parsing);
	sk_buffer_release(&text);
	return parsed;
}

TEST(depth_counts_the_levels_of_the_reference)
{
	/* or, and, not, check and the check's rest; parentheses five more each. */
	CHECK(nests("", 0, "", 6));
	CHECK(!nests("", 0, "", 5));
	CHECK(nests("(", 198, ")", SK_PARSE_DEPTH_PACK));
	CHECK(!nests("(", 199, ")", SK_PARSE_DEPTH_PACK));
	CHECK(nests("(", 18, ")", SK_PARSE_DEPTH_DEFAULT));
	CHECK(!nests("(", 19, ")", SK_PARSE_DEPTH_DEFAULT));
	/* Glued groups cost fewer. */
	CHECK(nests("not(", 23, ")", SK_PARSE_DEPTH_DEFAULT));
	CHECK(!nests("not(", 24, ")", SK_PARSE_DEPTH_DEFAULT));
	CHECK(nests("a and(", 31, ")", SK_PARSE_DEPTH_DEFAULT));
	CHECK(!nests("a and(", 32, ")", SK_PARSE_DEPTH_DEFAULT));
	CHECK(nests("a or(", 47, ")", SK_PARSE_DEPTH_DEFAULT));
	CHECK(!nests("a or(", 48, ")", SK_PARSE_DEPTH_DEFAULT));
	/* What is closed costs nothing. */
	CHECK(nests("(a) and ", 1000, "", SK_PARSE_DEPTH_DEFAULT));
	CHECK(nests("not ", 100000, "", SK_PARSE_DEPTH_DEFAULT));
}

TEST(a_macro_in_199_parentheses_fits_a_pack)
{
	struct parsing parsing;
	size_t length;
	char *text = repeat("", "(", "m", 199, &length);
	char all[512];

	snprintf(all, sizeof(all), "%s%.*s", text, 199,
		 ")))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))"
		 "))"
		 ")))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))"
		 ")))");
	CHECK_EQUAL(strlen(all), 399);
	CHECK_TEXT((parsing_condition(&parsing, all, strlen(all), SK_PARSE_DEPTH_PACK), parsing.buffer.bytes), "m");
	parsing_release(&parsing);
	free(text);
}

TEST(transformers_count_two_levels_each)
{
	CHECK(!nests("len(", 10000, ")", SK_PARSE_DEPTH_PACK));
	CHECK_CANONICAL("len(len(len(a.b))) = 1", "len(len(len(a.b))) = 1");
}

TEST(deep_nesting_is_refused_at_once)
{
	static const char *const openings[] = {"(",       "not(",     "not (",  "a and(",    "a or(",
					       "a and (", "tolower(", "join((", "a.b = len("};

	for (size_t i = 0; i < sizeof(openings) / sizeof(openings[0]); i++) {
		CHECK(!parses("", openings[i], "", 10000 * strlen(openings[i])));
		CHECK(!parses("", openings[i], "", LARGE));
	}
}

TEST(large_conditions_parse_in_linear_time)
{
	const size_t most = SK_PARSE_CHECK_LIMIT - 1;

	CHECK(parses("a", " and a.b=c", "", most * strlen(" and a.b=c")));
	CHECK(parses("a", " or a", "", most * strlen(" or a")));
	CHECK(parses("a", " or not a.b in (c,d) and e", "", most / 2 * strlen(" or not a.b in (c,d) and e")));
	CHECK(parses("a.b in (c", ",c", ")", LARGE));
	CHECK(parses("join('', ('c'", ",1", ")) = d", LARGE));
	CHECK(parses("concat('c'", ",d.e", ") = d", LARGE));
	CHECK(parses("", "not ", "a", LARGE));
	CHECK(parses("a.b = '", "\\\\x", "'", LARGE));
	CHECK(parses("a.b = ", "x", "", LARGE));
	CHECK(parses("a", ".b", " exists", LARGE));
	CHECK(parses("a", " ", "", LARGE));
}

TEST(large_wrong_conditions_are_refused_in_linear_time)
{
	CHECK(!parses("a", " and a.b=c", "", LARGE));
	CHECK(!parses("a", " or a", "", LARGE));
	CHECK(!parses("a", " or a", "", (size_t)SK_PARSE_CHECK_LIMIT * strlen(" or a")));
	CHECK(!parses("", "a.b == = c and ", "", LARGE));
	CHECK(!parses("", "a b ", "", LARGE));
	CHECK(!parses("", "\"", "", LARGE));
	CHECK(!parses("", "'\\", "", LARGE));
	CHECK(!parses("a.b = \"", "\\\"", "", LARGE));
	CHECK(!parses("", "a.b = \\\" and ", "", LARGE));
	CHECK(!parses("", "a.b = 'x\\' and ", "", LARGE));
	CHECK(!parses("", "= '\\'\" and(", "", LARGE));
	CHECK(!parses("", "a.b[", "", LARGE));
	CHECK(!parses("", "a.b['", "", LARGE));
	CHECK(!parses("", ")", "", LARGE));
	CHECK(!parses("", "= and ", "", LARGE));
	CHECK(!parses("", "a.b = oneof ", "", LARGE));
	CHECK(!parses("", "a.", "", LARGE));
	CHECK(!parses("a.b = c ", "1", "", LARGE));
	CHECK(!parses("", "a", " b", SK_PARSE_TEXT_LIMIT));
}

TEST(depth_after_an_error_is_that_of_the_place)
{
	struct parsing parsing;
	struct sk_buffer text = {0};

	/* Each error lets the parser go on; only one of them nests too deep. */
	for (int i = 0; i < 15; i++)
		sk_buffer_append_text(&text, "(a.b = len(= c) and d) and ");
	sk_buffer_append_text(&text, "((((((((((((((((((e.f exists))))))))))))))))))");
	parsing_condition(&parsing, text.bytes, text.length, SK_PARSE_DEPTH_DEFAULT);
	CHECK_EQUAL(parsing.diagnostics.errors, 15);
	parsing_release(&parsing);
	sk_buffer_release(&text);
}

TEST(every_failing_allocation_is_reported)
{
	static const char text[] =
		"(a.b in (c, 'd e') or not m) and join('-', (f.g, 1))[x] startswith anyof (h) and i.j = val(k.l)";
	unsigned failures = 0;

	for (size_t countdown = 0; countdown < 1000; countdown++) {
		struct parsing parsing;

		parsing_init(&parsing, text, strlen(text));
		/* The arena's first block is full: it asks for memory from the start. */
		parsing.arena.used = parsing.arena.total;
		sk_alloc_fail_after(countdown);
		parsing.tree = sk_parse_condition(&parsing.text, SK_PARSE_DEPTH_PACK, &parsing.arena,
						  &parsing.diagnostics);
		sk_alloc_fail_after(SIZE_MAX);
		if (parsing.tree) {
			CHECK(!parsing.diagnostics.out_of_memory);
			parsing_release(&parsing);
			break;
		}
		CHECK(parsing.diagnostics.out_of_memory);
		failures++;
		parsing_release(&parsing);
	}
	CHECK(failures >= 2 && failures < 1000);
}

/* clang-format off */
TEST_MAIN(
	RUN(depth_counts_the_levels_of_the_reference)
	RUN(a_macro_in_199_parentheses_fits_a_pack)
	RUN(transformers_count_two_levels_each)
	RUN(deep_nesting_is_refused_at_once)
	RUN(large_conditions_parse_in_linear_time)
	RUN(large_wrong_conditions_are_refused_in_linear_time)
	RUN(depth_after_an_error_is_that_of_the_place)
	RUN(every_failing_allocation_is_reported)
)
