/* SPDX-License-Identifier: Apache-2.0 */
/* What a person reads about a wrong condition. */
#include "tests/test.h"

#include "tests/unit/grammar/parsing.h"

/* Checks message, hint and underlined text of diagnostic `number`. */
static void check_report(const struct parsing *parsing, uint32_t number, const char *message, const char *hint,
			 const char *underlined)
{
	const struct sk_diagnostic *item;
	char found[256];

	CHECK(number < parsing->diagnostics.count);
	if (number >= parsing->diagnostics.count)
		return;
	item = &parsing->diagnostics.items[number];
	CHECK_EQUAL(item->id, SK_DIAGNOSTIC_COMPILE_CONDITION);
	CHECK_TEXT(item->message, message);
	if (hint)
		CHECK_TEXT(item->hint, hint);
	else
		CHECK(item->hint == NULL);
	snprintf(found, sizeof(found), "%.*s", (int)(item->span.end - item->span.begin),
		 parsing->text.bytes + (item->span.begin - parsing->text.first));
	CHECK_TEXT(found, underlined);
}

static void check_one(const char *text, const char *message, const char *hint, const char *underlined)
{
	struct parsing parsing;

	parsing_canonical(&parsing, text);
	CHECK(parsing.tree == NULL);
	CHECK_EQUAL(parsing.diagnostics.errors, 1);
	check_report(&parsing, 0, message, hint, underlined);
	parsing_release(&parsing);
}

TEST(an_empty_condition_is_an_error)
{
	check_one("", "the condition is empty", NULL, "");
	check_one(" ", "expected a field, a transformer, a macro, 'not' or '(', found the end", NULL, "");
}

TEST(every_error_of_a_condition_is_reported)
{
	struct parsing parsing;

	parsing_canonical(&parsing,
			  "a.b == = c and d.e exists x or (f.g in (h i) and j.k < l) and m.n ~ o and p.q = r");
	CHECK(parsing.tree == NULL);
	CHECK_EQUAL(parsing.diagnostics.errors, 5);
	check_report(&parsing, 0, "expected a value: a quoted or bare string, a transformer or val(), found '='",
		     NULL, "=");
	check_report(&parsing, 1, "unexpected token 'x' after 'exists', expecting 'or', 'and'",
		     "values with blanks need quotes; conditions are joined by 'and' or 'or'", "x");
	check_report(&parsing, 2, "expected ',' or a ')' token, found 'i'",
		     "elements are separated by ','; one with blanks needs quotes", "i");
	check_report(&parsing, 3, "expected a number, a transformer or val(), found 'l'",
		     "<, <=, >, >= compare with numbers only", "l");
	check_report(&parsing, 4, "expected a valid check operator, found '~'",
		     "regular expressions: FIELD regex 'EXPRESSION'", "~");
	parsing_release(&parsing);
}

TEST(brackets_around_an_error_are_no_errors)
{
	struct parsing parsing;

	parsing_canonical(&parsing, "((a.b = = c) and (d.e = f)) or g");
	CHECK_EQUAL(parsing.diagnostics.errors, 1);
	parsing_release(&parsing);
	parsing_canonical(&parsing, "tolower(join(a, (b.c)) = d and e.f = g");
	CHECK_EQUAL(parsing.diagnostics.errors, 1);
	parsing_release(&parsing);
	parsing_canonical(&parsing, "a.b in (c d and e.f = g and h.i ~ j");
	CHECK_EQUAL(parsing.diagnostics.errors, 2);
	parsing_release(&parsing);
	/* Connectives inside of strings are no place to go on. */
	parsing_canonical(&parsing, "a.b ~ 'x and y ~ z' and c.d = e");
	CHECK_EQUAL(parsing.diagnostics.errors, 1);
	parsing_release(&parsing);
}

TEST(a_bracket_opened_or_closed_too_often)
{
	check_one("(a and (b)", "expected a ')' token: this '(' is never closed", NULL, "(");
	check_one("a and not(b", "expected a ')' token: this '(' is never closed", NULL, "(");
	check_one("a and b)", "unexpected token ')' after 'b', expecting 'or', 'and'", "no '(' is open here", ")");
	check_one("()", "expected a field, a transformer, a macro, 'not' or '(', found ')'",
		  "an operand is missing before this ')'", ")");
}

TEST(words_of_other_languages)
{
	check_one("a AND b", "unexpected token 'AND' after 'a', expecting 'or', 'and'",
		  "and, or, not are written in small letters", "AND");
	check_one("a && b", "unexpected token '&&' after 'a', expecting 'or', 'and'", "write 'and'", "&&");
	check_one("a || b", "unexpected token '||' after 'a', expecting 'or', 'and'", "write 'or'", "||");
	check_one("!a", "expected a field, a transformer, a macro, 'not' or '(', found '!'", "write 'not'", "!");
	check_one("a.b like c", "expected a valid check operator, found 'like'",
		  "patterns with * and ?: FIELD glob 'PATTERN'", "like");
	check_one("a.b not in (c)", "expected a valid check operator, found 'not'",
		  "'not' stands before the whole check: not FIELD in (...)", "not");
	check_one("a.b <> 1", "expected a number, a transformer or val(), found '>'",
		  "'different' is written !=", ">");
}

TEST(misspelt_words_get_a_suggestion)
{
	check_one("a.b contain c", "expected a valid check operator, found 'contain'", "did you mean 'contains'?",
		  "contain");
	check_one("a.b statswith c", "expected a valid check operator, found 'statswith'",
		  "did you mean 'startswith'?", "statswith");
	check_one("to_lower(a.b) = c", "unexpected token '(' after 'to_lower', expecting 'or', 'and'",
		  "did you mean 'tolower'?", "(");
}

TEST(common_slips_get_a_hint)
{
	check_one("proc = cat", "unexpected token '=' after 'proc', expecting 'or', 'and'",
		  "a field's name contains a dot; a word without one is a macro", "=");
	check_one("proc in (cat)", "unexpected token 'in' after 'proc', expecting 'or', 'and'",
		  "a field's name contains a dot; a word without one is a macro", "in");
	check_one("a.b = c, d", "unexpected token ',' after 'c', expecting 'or', 'and'",
		  "several values stand in a list: FIELD in (a, b)", ",");
	check_one("a.b = c d", "unexpected token 'd' after 'c', expecting 'or', 'and'",
		  "values with blanks need quotes; conditions are joined by 'and' or 'or'", "d");
	check_one("a.b = oneof(c)", "unexpected token '(' after 'oneof', expecting 'or', 'and'",
		  "a blank must stand between the modifier and '('", "(");
	check_one("tolower (a.b) = c", "unexpected token '(' after 'tolower', expecting 'or', 'and'",
		  "no blank may stand between a transformer and its '('", "(");
	check_one("a.b = (c, d)", "expected a value: a quoted or bare string, a transformer or val(), found '('",
		  "several values need 'in', or a modifier: = anyof (a, b)", "(");
	check_one("a.b", "expected a valid check operator, found the end",
		  "to ask only whether the field has a value, write 'exists'", "");
	check_one("a.b in 'c'", "expected a list '(a, b)', the name of a list, a transformer or val(), found '''",
		  "even a single value stands in parentheses here", "'");
	check_one("a.b = 'c", "expected a value: a quoted or bare string, a transformer or val(), found '''",
		  "the closing quote is missing", "'");
	check_one("a.b = 'c\\\\'", "expected a value: a quoted or bare string, a transformer or val(), found '''",
		  "a quote behind a backslash does not end the string, not even behind two", "'");
	check_one("a.b = \"\\d+\"", "unsupported escape '\\d'", "a backslash itself is written '\\\\'", "\\d");
	check_one("a and or b", "unexpected token 'b' after 'or', expecting 'or', 'and'",
		  "an operand is missing before this 'and' or 'or'", "b");
}

TEST(an_error_shows_where_its_author_wrote_it)
{
	/* "a.b = = c" put together from a line of its own and one from elsewhere. */
	static const char file_bytes[] = "x: a.b =\ny: = c\n";
	struct sk_position_map {
		sk_position positions[9];
	} map;
	struct parsing parsing;
	struct sk_text text = {.bytes = "a.b = = c", .length = 9, .positions = map.positions};
	struct sk_place place;

	parsing_init(&parsing, file_bytes, strlen(file_bytes));
	for (uint32_t i = 0; i < 6; i++)
		map.positions[i] = parsing.text.first + 3 + i;
	for (uint32_t i = 6; i < 9; i++)
		map.positions[i] = parsing.text.first + 12 + i - 6;
	CHECK(!sk_parse_condition(&text, 100, &parsing.arena, &parsing.diagnostics));
	CHECK_EQUAL(parsing.diagnostics.count, 1);
	place = sk_sources_place(&parsing.sources, parsing.diagnostics.items[0].span.begin);
	CHECK_EQUAL(place.line, 2);
	CHECK_EQUAL(place.column, 4);
	parsing_release(&parsing);
}

/* clang-format off */
TEST_MAIN(
	RUN(an_empty_condition_is_an_error)
	RUN(every_error_of_a_condition_is_reported)
	RUN(brackets_around_an_error_are_no_errors)
	RUN(a_bracket_opened_or_closed_too_often)
	RUN(words_of_other_languages)
	RUN(misspelt_words_get_a_suggestion)
	RUN(common_slips_get_a_hint)
	RUN(an_error_shows_where_its_author_wrote_it)
)
