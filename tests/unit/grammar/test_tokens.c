/* SPDX-License-Identifier: Apache-2.0 */
/* What may stand where a condition ends, and which lexemes it has. */
#include "grammar/tokens.h"

#include "tests/test.h"
#include "tests/unit/grammar/parsing.h"

static const char *const expected_names[] = {
	[SK_EXPECTED_NOTHING] = "nothing",   [SK_EXPECTED_OPERAND] = "operand",
	[SK_EXPECTED_ARGUMENT] = "argument", [SK_EXPECTED_OPERATOR] = "operator",
	[SK_EXPECTED_VALUE] = "value",       [SK_EXPECTED_LIST] = "list",
	[SK_EXPECTED_ITEM] = "item",         [SK_EXPECTED_FIELD] = "field",
	[SK_EXPECTED_INPUT] = "input",       [SK_EXPECTED_CONNECTIVE] = "connective",
};

/* "WHAT word LEFT OPERATOR". */
static const char *expect(const char *condition)
{
	static char text[256];
	struct parsing parsing;
	struct sk_expectation found;

	parsing_init(&parsing, condition, strlen(condition));
	CHECK_EQUAL(sk_condition_expect(&parsing.text, &parsing.arena, &found), 0);
	snprintf(text, sizeof(text), "%s '%s' %.*s %s", expected_names[found.expected], condition + found.word,
		 (int)(found.left_end - found.left_begin), condition + found.left_begin,
		 found.comparison < 0 ? "-" : sk_operators[found.comparison].text);
	parsing_release(&parsing);
	return text;
}

TEST(what_may_follow_is_told_wherever_a_condition_ends)
{
	CHECK_TEXT(expect(""), "operand ''  -");
	CHECK_TEXT(expect("proc"), "operand 'proc'  -");
	CHECK_TEXT(expect("proc."), "operand 'proc.'  -");
	CHECK_TEXT(expect("proc.na"), "operand 'proc.na' proc.na -");
	CHECK_TEXT(expect("not pro"), "operand 'pro'  -");
	CHECK_TEXT(expect("(a and (b"), "operand 'b'  -");
	CHECK_TEXT(expect("proc.name "), "operator '' proc.name -");
	CHECK_TEXT(expect("proc.name star"), "operator 'star' proc.name -");
	CHECK_TEXT(expect("proc.name i"), "operator 'i' proc.name -");
	CHECK_TEXT(expect("proc.name in"), "operator 'in' proc.name in");
	CHECK_TEXT(expect("proc.aname["), "argument '' proc.aname -");
	CHECK_TEXT(expect("proc.aname[2"), "argument '2' proc.aname -");
	CHECK_TEXT(expect("proc.aname[2] "), "operator '' proc.aname[2] -");
	CHECK_TEXT(expect("evt.type ="), "value '' evt.type =");
	CHECK_TEXT(expect("evt.type = "), "value '' evt.type =");
	CHECK_TEXT(expect("evt.type = ex"), "value 'ex' evt.type =");
	CHECK_TEXT(expect("evt.type = \"ex"), "value 'ex' evt.type =");
	CHECK_TEXT(expect("evt.type = \"a b"), "value 'a b' evt.type =");
	CHECK_TEXT(expect("evt.type in "), "list '' evt.type in");
	CHECK_TEXT(expect("evt.type in ("), "item '' evt.type in");
	CHECK_TEXT(expect("evt.type in (open, ex"), "item 'ex' evt.type in");
	CHECK_TEXT(expect("fd.name = /etc/pa"), "value '/etc/pa' fd.name =");
	CHECK_TEXT(expect("a and fd.num > "), "value '' fd.num >");
	CHECK_TEXT(expect("proc.name = a "), "connective '' proc.name =");
	CHECK_TEXT(expect("proc.name = a an"), "connective 'an' proc.name =");
	CHECK_TEXT(expect("proc.name exists o"), "connective 'o' proc.name exists");
	CHECK_TEXT(expect("m"), "operand 'm'  -");
	CHECK_TEXT(expect("m "), "connective ''  -");
	CHECK_TEXT(expect("proc.name = val(pro"), "field 'pro' proc.name =");
	CHECK_TEXT(expect("tolower("), "input ''  -");
	CHECK_TEXT(expect("tolower(proc.na"), "input 'proc.na'  -");
	CHECK_TEXT(expect("tolower(proc.name) "), "operator '' tolower(proc.name) -");
	CHECK_TEXT(expect("tolower(proc.name) = x and fd.na"), "operand 'fd.na' fd.na -");
}

TEST(mistakes_before_are_passed_over)
{
	CHECK_TEXT(expect("proc.name wrong x and fd.na"), "operand 'fd.na' fd.na -");
	CHECK_TEXT(expect("proc.name wrong x y"), "nothing '' proc.name -");
	CHECK_TEXT(expect("proc.name = and"), "value 'and' proc.name =");
}

struct listing {
	const char *condition;
	char text[512];
};

static int list(void *context, const struct sk_lexeme_place *lexeme)
{
	struct listing *listing = context;
	size_t used = strlen(listing->text);

	snprintf(listing->text + used, sizeof(listing->text) - used, "%d:%.*s ", lexeme->kind,
		 (int)(lexeme->end - lexeme->begin), listing->condition + lexeme->begin);
	return 0;
}

TEST(lexemes_come_in_order_and_behind_mistakes)
{
	struct listing listing = {
		.condition = "not m and proc.aname[2] in (a, \"b\") or x.y ~ z and len(fd.name) = val(a.b)"};
	struct parsing parsing;

	parsing_init(&parsing, listing.condition, strlen(listing.condition));
	CHECK_EQUAL(sk_condition_walk(&parsing.text, &parsing.arena, list, &listing), 0);
	CHECK_TEXT(listing.text,
		   "9:not 4:m 9:and 0:proc.aname 1:2 5:in 7:a 7:\"b\" 9:or 0:x.y 2:len( 0:fd.name 5:= "
		   "3:val( 0:a.b ");
	parsing_release(&parsing);
}

TEST(a_byte_of_a_text_is_found_by_its_position)
{
	static const sk_position positions[] = {10, 11, 20, 21};
	struct sk_text text = {.bytes = "abcd", .length = 4, .first = 10, .positions = positions};
	uint32_t at = 99;

	CHECK(!sk_text_find(&text, 9, &at));
	CHECK(sk_text_find(&text, 10, &at) && at == 0);
	CHECK(sk_text_find(&text, 15, &at) && at == 1);
	CHECK(sk_text_find(&text, 20, &at) && at == 2);
	CHECK(sk_text_find(&text, 21, &at) && at == 3);
	CHECK(sk_text_find(&text, 22, &at) && at == 4);
	text.positions = NULL;
	CHECK(sk_text_find(&text, 12, &at) && at == 2);
	CHECK(sk_text_find(&text, 14, &at) && at == 4);
}

TEST_MAIN(RUN(what_may_follow_is_told_wherever_a_condition_ends) RUN(mistakes_before_are_passed_over)
		  RUN(lexemes_come_in_order_and_behind_mistakes) RUN(a_byte_of_a_text_is_found_by_its_position))
