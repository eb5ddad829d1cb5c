/* SPDX-License-Identifier: Apache-2.0 */
/* What conditions mean, one accident of the reference's scanner after the other. */
#include "tests/test.h"

#include "tests/unit/grammar/parsing.h"

TEST(not_binds_before_and_before_or)
{
	CHECK_CANONICAL("a.b=1 or c.d=2 and not e.f=3", "(a.b = 1 or (c.d = 2 and not e.f = 3))");
	CHECK_CANONICAL("(a.b=1 or c.d=2) and e.f=3", "((a.b = 1 or c.d = 2) and e.f = 3)");
	CHECK_CANONICAL("a and b and c", "(a and b and c)");
	CHECK_CANONICAL("a and (b and c)", "(a and (b and c))");
	CHECK_CANONICAL("((a))", "a");
}

TEST(repeated_not_folds_to_parity)
{
	CHECK_CANONICAL("not a", "not a");
	CHECK_CANONICAL("not not a", "a");
	CHECK_CANONICAL("not not not a", "not a");
	CHECK_CANONICAL("not not(a)", "a");
	CHECK_CANONICAL("not (not a)", "not not a");
	CHECK_CANONICAL("not not not not not(not not(not not_macro))", "not not not_macro");
}

TEST(not_needs_white_space_or_a_bracket)
{
	CHECK_CANONICAL("notb", "notb");
	CHECK_CANONICAL("not.b = c", "not.b = c");
	CHECK_CANONICAL("not(a)", "not a");
	CHECK_CANONICAL("not\v\fa", "not a");
}

TEST(not_behind_a_backspace_is_a_name)
{
	CHECK_CANONICAL("not \bnot", "not not");
	CHECK_CANONICAL("not \b(a)", "not a");
	CHECK_CANONICAL("not \bnot a", "error: unexpected token 'a' after 'not', expecting 'or', 'and'");
	CHECK_CANONICAL("not \bnot(a)", "error: unexpected token '(' after 'not', expecting 'or', 'and'");
}

TEST(and_or_need_nothing_before_but_a_blank_or_bracket_behind)
{
	CHECK_CANONICAL("(a)and b", "(a and b)");
	CHECK_CANONICAL("a.b exists and b", "(a.b exists and b)");
	CHECK_CANONICAL("a.b existsand m", "(a.b exists and m)");
	CHECK_CANONICAL("a.b='c'or d", "(a.b = c or d)");
	CHECK_CANONICAL("a and(b)", "(a and b)");
	CHECK_CANONICAL("a or(b)", "(a or b)");
	CHECK_CANONICAL("a andb", "error: expected blank or '(' after 'and'");
	CHECK_CANONICAL("a orb", "error: expected blank or '(' after 'or'");
	CHECK_CANONICAL("a and\fb", "error: expected blank or '(' after 'and'");
}

TEST(behind_a_glued_or_group_only_or_follows)
{
	CHECK_CANONICAL("a or(b) or c", "(a or b or c)");
	CHECK_CANONICAL("a and(b) and c", "(a and b and c)");
	CHECK_CANONICAL("a and(b) or c", "((a and b) or c)");
	CHECK_CANONICAL("a or(b) and c",
			"error: unexpected token 'and': only 'or' can follow a group that is glued to its 'or'");
	CHECK_CANONICAL("a or (b) and c", "(a or (b and c))");
}

TEST(blanks_include_backspace_but_not_form_feed)
{
	CHECK_CANONICAL(" \t\b\r\na.b\b=\bc", "a.b = c");
	CHECK_CANONICAL("a.b\f= c", "error: expected a valid check operator, found '\f'");
	CHECK_CANONICAL("a.b = c\bd", "a.b = \"c\\bd\"");
}

TEST(list_operators_and_exists_match_as_prefixes)
{
	CHECK_CANONICAL("a.b inmylist", "a.b in mylist");
	CHECK_CANONICAL("a.b in(x)", "a.b in (x)");
	CHECK_CANONICAL("a.b intersectsx", "a.b intersects x");
	CHECK_CANONICAL("a.b pmatch(x)", "a.b pmatch (x)");
	CHECK_CANONICAL("a.bexists", "error: expected a valid check operator, found the end");
	CHECK_CANONICAL("a.b[1]exists", "a.b[1] exists");
}

TEST(word_operators_need_a_blank)
{
	CHECK_CANONICAL("a.b contains c", "a.b contains c");
	CHECK_CANONICAL("a.b glob\bc", "a.b glob c");
	CHECK_CANONICAL("a.b contains'c'", "error: expected a valid check operator, found 'contains'");
	CHECK_CANONICAL("a.b startswithx", "error: expected a valid check operator, found 'startswithx'");
}

TEST(every_operator_of_the_table_is_read)
{
	for (int i = 0; i < SK_OPERATOR_COUNT; i++) {
		static const char *const right[] = {[SK_OPERANDS_NONE] = "",
						    [SK_OPERANDS_NUMBER] = " 1",
						    [SK_OPERANDS_TEXT] = " 1",
						    [SK_OPERANDS_LIST] = " (1)"};
		char text[64];
		struct parsing parsing;

		snprintf(text, sizeof(text), "a.b %s%s", sk_operators[i].text, right[sk_operators[i].operands]);
		CHECK_TEXT(parsing_canonical(&parsing, text), text);
		CHECK(parsing.tree && parsing.tree->kind == SK_NODE_CHECK);
		if (parsing.tree)
			CHECK_EQUAL(parsing.tree->operator, i);
		parsing_release(&parsing);
	}
}

TEST(double_equals_is_equals_and_prints_as_written)
{
	struct parsing parsing;

	CHECK_TEXT(parsing_canonical(&parsing, "a.b==c"), "a.b == c");
	CHECK_EQUAL(parsing.tree->operator, SK_OPERATOR_EQ);
	parsing_release(&parsing);
	CHECK_CANONICAL("a.b===c",
			"error: expected a value: a quoted or bare string, a transformer or val(), found '='");
}

TEST(modifiers_take_a_list_or_a_word)
{
	CHECK_CANONICAL("a.b = oneof (c, d)", "a.b = oneof (c, d)");
	CHECK_CANONICAL("a.b != anyof ()", "a.b != anyof ()");
	CHECK_CANONICAL("a.b == allof my_list", "a.b == allof my_list");
	CHECK_CANONICAL("a.b startswith oneof\b(c)", "a.b startswith oneof (c)");
	CHECK_CANONICAL("a.b = oneof\bcat", "a.b = oneof cat");
	CHECK_CANONICAL("a.b = anyof orange", "a.b = anyof orange");
	CHECK_CANONICAL("a.b = anyof android", "a.b = anyof android");
}

TEST(modifiers_need_a_blank_before_and_behind)
{
	CHECK_CANONICAL("a.b =oneof", "a.b = oneof");
	CHECK_CANONICAL("a.b =oneof (c)", "error: unexpected token '(' after 'oneof', expecting 'or', 'and'");
	CHECK_CANONICAL("a.b = oneof(c)", "error: unexpected token '(' after 'oneof', expecting 'or', 'and'");
	CHECK_CANONICAL("a.b in oneof (c)", "error: unexpected token '(' after 'oneof', expecting 'or', 'and'");
	CHECK_CANONICAL("a.b <= oneof (1)", "error: expected a number, a transformer or val(), found 'oneof'");
}

TEST(modifiers_before_a_connective_are_values)
{
	CHECK_CANONICAL("a.b == anyof and c.d exists", "(a.b == anyof and c.d exists)");
	CHECK_CANONICAL("a.b = oneof or c", "(a.b = oneof or c)");
	CHECK_CANONICAL("a.b = oneof and(c)", "(a.b = oneof and c)");
	CHECK_CANONICAL("a.b = oneof", "a.b = oneof");
	CHECK_CANONICAL("a.b = oneof and", "error: expected blank or '(' after 'and'");
	/* `_` is neither letter nor digit: this is the connective. */
	CHECK_CANONICAL("a.b = oneof and_x", "error: expected blank or '(' after 'and'");
}

TEST(bare_strings_extend_to_a_delimiter)
{
	CHECK_CANONICAL("a.b=c.d[e]", "a.b = c.d[e]");
	CHECK_CANONICAL("a.b = x#y*<>!:;", "a.b = x#y*<>!:;");
	CHECK_CANONICAL("a.b = c=d", "error: unexpected token '=' after 'c', expecting 'or', 'and'");
	CHECK_CANONICAL("fd.name=/var/lo);g", "error: unexpected token ')' after '/var/lo', expecting 'or', 'and'");
	CHECK_CANONICAL("a.b = and", "a.b = and");
	CHECK_CANONICAL("a.b = len", "a.b = len");
	CHECK_CANONICAL("a.b = val", "a.b = val");
}

TEST(quoted_strings_end_at_a_quote_without_a_backslash_before)
{
	CHECK_CANONICAL("a.b = 'c d'", "a.b = \"c d\"");
	CHECK_CANONICAL("a.b = 'it\\'s'", "a.b = \"it's\"");
	CHECK_CANONICAL("a.b = ''", "a.b = ");
	CHECK_CANONICAL("a.b = 'c'and d", "(a.b = c and d)");
	/* Only one byte is looked at: an escaped backslash does not help. */
	CHECK_CANONICAL("a.b = 'c\\\\'",
			"error: expected a value: a quoted or bare string, a transformer or val(), found '''");
	CHECK_CANONICAL("a.b = 'c\\\\' and d'", "a.b = \"c\\\\' and d\"");
}

TEST(escapes_in_quoted_strings)
{
	struct parsing parsing;

	CHECK_CANONICAL("a.b = \"\\b\\f\\n\\r\\t\"", "a.b = \"\\b\\f\\n\\r\\t\"");
	CHECK_CANONICAL("a.b = \"c\\ d\"", "a.b = \"c\\\\d\"");
	CHECK_CANONICAL("a.b = \"\\/etc\"", "a.b = /etc");
	CHECK_CANONICAL("a.b = \"\\x41\\x4a\"", "a.b = AJ");
	CHECK_CANONICAL("a.b = \"\\\"\"", "a.b = \"\\\"\"");
	CHECK_CANONICAL("a.b = \"\\q\"", "error: unsupported escape '\\q'");
	CHECK_CANONICAL("a.b = \"\\'\"", "error: invalid escape '\\'' inside \"...\" quotes");
	CHECK_CANONICAL("a.b = '\\\"'", "error: invalid escape '\\\"' inside '...' quotes");
	CHECK_CANONICAL("a.b = '\\x4'", "error: invalid escape: '\\x' without two hexadecimal digits");
	CHECK_CANONICAL("a.b = '\\x4g'", "error: invalid escape: '\\x' without two hexadecimal digits");

	parsing_condition(&parsing, "a.b = 'c\\x00d'", 14, SK_PARSE_DEPTH_DEFAULT);
	CHECK(parsing.tree != NULL);
	CHECK_EQUAL(parsing.tree->right->length, 3);
	CHECK(memcmp(parsing.tree->right->text, "c\0d", 4) == 0);
	parsing_release(&parsing);
}

TEST(a_wrong_escape_in_the_first_element_empties_a_list)
{
	struct parsing parsing;

	CHECK_TEXT(parsing_canonical(&parsing, "a.b in (\"\\q\")"), "a.b in ()");
	CHECK_EQUAL(parsing.diagnostics.errors, 0);
	CHECK_EQUAL(parsing.diagnostics.warnings, 1);
	CHECK_EQUAL(parsing.diagnostics.items[0].id, SK_DIAGNOSTIC_CONDITION_WARNING);
	parsing_release(&parsing);
	CHECK_CANONICAL("a.b in (\"\\q\" )", "error: unsupported escape '\\q'");
	CHECK_CANONICAL("a.b in (\"\\q\",c)", "error: unsupported escape '\\q'");
	CHECK_CANONICAL("a.b in (c,\"\\q\")", "error: unsupported escape '\\q'");
}

TEST(ordering_takes_numbers_only)
{
	CHECK_CANONICAL("a.b > 0x1F", "a.b > 0x1F");
	CHECK_CANONICAL("a.b<=-1.5e+3", "a.b <= -1.5e+3");
	CHECK_CANONICAL("a.b >= +2.", "a.b >= +2.");
	CHECK_CANONICAL("a.b > 1e5", "error: unexpected token 'e5' after '1', expecting 'or', 'and'");
	CHECK_CANONICAL("a.b < abc", "error: expected a number, a transformer or val(), found 'abc'");
	CHECK_CANONICAL("a.b < len(c.d)", "a.b < len(c.d)");
	CHECK_CANONICAL("a.b < val(c.d)", "a.b < val(c.d)");
}

TEST(fields_take_arguments_without_blanks)
{
	CHECK_CANONICAL("a.b[0] = c", "a.b[0] = c");
	CHECK_CANONICAL("a.b[\"x y\"] = c", "a.b[\"x y\"] = c");
	CHECK_CANONICAL("a.b['x'] = c", "a.b[x] = c");
	CHECK_CANONICAL("a.b[''] = c", "a.b[\"\"] = c");
	CHECK_CANONICAL("a.b[x.y(z)] = c", "a.b[x.y(z)] = c");
	CHECK_CANONICAL("a.b[ x] = c",
			"error: expected a valid field argument: a quoted string or a bare string, found ' '");
	CHECK_CANONICAL("a.b[x ] = c", "error: expected a ']' token, found ' '");
	CHECK_CANONICAL("a.b [x] = c", "error: expected a valid check operator, found '[x]'");
	CHECK_CANONICAL("a.b[] = c",
			"error: expected a valid field argument: a quoted string or a bare string, found "
			"']'");
}

TEST(transformers_and_val_need_their_bracket_at_once)
{
	CHECK_CANONICAL("tolower(a.b) = c", "tolower(a.b) = c");
	CHECK_CANONICAL("tolower( a.b ) = c", "tolower(a.b) = c");
	CHECK_CANONICAL("tolower (a.b) = c", "error: unexpected token '(' after 'tolower', expecting 'or', 'and'");
	CHECK_CANONICAL("a.b = val(c.d)", "a.b = val(c.d)");
	CHECK_CANONICAL("a.b = val( c.d[1] )[x]", "a.b = val(c.d[1])[x]");
	CHECK_CANONICAL("a.b = val (c.d)", "error: unexpected token '(' after 'val', expecting 'or', 'and'");
	CHECK_CANONICAL("val(a.b) = c", "error: unexpected token '(' after 'val', expecting 'or', 'and'");
	CHECK_CANONICAL("a.b = val(tolower(c.d))", "error: expected a field inside val(), found 'tolower'");
	CHECK_CANONICAL("tolower", "tolower");
}

TEST(every_transformer_of_the_table_is_read)
{
	for (int i = 0; i < SK_TRANSFORMER_COUNT; i++) {
		char text[64];
		struct parsing parsing;

		snprintf(text, sizeof(text), "%s(a.b) = c", sk_transformers[i].text);
		CHECK_TEXT(parsing_canonical(&parsing, text), text);
		CHECK(parsing.tree && parsing.tree->left->kind == SK_OPERAND_TRANSFORMER);
		if (parsing.tree)
			CHECK_EQUAL(parsing.tree->left->transformer, i);
		parsing_release(&parsing);
	}
}

TEST(transformers_take_fields_constants_and_lists)
{
	CHECK_CANONICAL("join(\"-\", (\"a\", b.c[1], 0x1, toupper(d.e))) = f",
			"join(-,(a,b.c[1],0x1,toupper(d.e))) = f");
	CHECK_CANONICAL("concat('a b' , c.d , -1.5) = f", "concat(\"a b\",c.d,-1.5) = f");
	CHECK_CANONICAL("len(()) = 0", "len(()) = 0");
	CHECK_CANONICAL("getopt(a.b, \"nt:\")[\"t\"] = v", "getopt(a.b,nt:)[t] = v");
	CHECK_CANONICAL("len(word) = 1",
			"error: expected a field, a transformer, a list, a number or a quoted string, "
			"found 'word'");
	CHECK_CANONICAL("len(((a.b))) = 1",
			"error: expected a field, a transformer, a number, a quoted string or a ')' "
			"token, found '('");
	CHECK_CANONICAL("len(a.b,) = 1",
			"error: expected a field, a transformer, a list, a number or a quoted string, "
			"found ')'");
	CHECK_CANONICAL("len() = 1", "error: expected a field, a transformer, a list, a number or a quoted string, "
				     "found ')'");
}

TEST(lists_hold_text_only)
{
	CHECK_CANONICAL("a.b in ( c , 'd e',1 )", "a.b in (c, \"d e\", 1)");
	CHECK_CANONICAL("a.b in ( )", "a.b in ()");
	CHECK_CANONICAL("a.b in (c.d, val)", "a.b in (c.d, val)");
	CHECK_CANONICAL("a.b in (tolower(c.d))", "error: expected ',' or a ')' token, found '('");
	CHECK_CANONICAL("a.b in (c,)", "error: expected a list element, found ')'");
	CHECK_CANONICAL("a.b in c.d", "error: unexpected token '.d' after 'c', expecting 'or', 'and'");
	CHECK_CANONICAL("a.b in 'c'",
			"error: expected a list '(a, b)', the name of a list, a transformer or val(), "
			"found '''");
}

TEST(a_left_side_needs_a_dot)
{
	CHECK_CANONICAL("a = b", "error: unexpected token '=' after 'a', expecting 'or', 'and'");
	CHECK_CANONICAL("a", "a");
	CHECK_CANONICAL("a.1 = b", "error: unexpected token '.1' after 'a', expecting 'or', 'and'");
	CHECK_CANONICAL("and", "and");
}

TEST(canonical_text_quotes_only_what_it_must)
{
	CHECK_CANONICAL("a.b = '(c,d)'", "a.b = (c,d)");
	CHECK_CANONICAL("a.b = 'c=d'", "a.b = \"c=d\"");
	CHECK_CANONICAL("a.b = \"it's\"", "a.b = \"it's\"");
	CHECK_CANONICAL("a.b in ('', c)", "a.b in (, c)");
	CHECK_CANONICAL("a.b = 'c\\x0bd'", "a.b = c\vd");
}

TEST(parts_know_their_place_in_the_text)
{
	const char *text = "a and not tolower(b.c)[x] startswith oneof ('d', e)";
	struct parsing parsing;
	const struct sk_node *negation, *check;

	parsing_condition(&parsing, text, strlen(text), SK_PARSE_DEPTH_DEFAULT);
	CHECK(parsing.tree && parsing.tree->kind == SK_NODE_AND && parsing.tree->count == 2);
	negation = parsing.tree->children[1];
	check = negation->children[0];
	CHECK_EQUAL(parsing.tree->begin, 0);
	CHECK_EQUAL(parsing.tree->end, strlen(text));
	CHECK_EQUAL(negation->begin, 6);
	CHECK_EQUAL(check->begin, 10);
	CHECK_EQUAL(check->left->begin, 10);
	CHECK_EQUAL(check->left->end, 25);
	CHECK_EQUAL(check->left->children[0]->begin, 18);
	CHECK_EQUAL(check->left->children[0]->end, 21);
	CHECK_EQUAL(check->operator_begin, 26);
	CHECK_EQUAL(check->operator_end, 42);
	CHECK_EQUAL(check->modifier, SK_MODIFIER_ONEOF);
	CHECK_EQUAL(check->right->begin, 43);
	CHECK_EQUAL(check->right->end, strlen(text));
	CHECK_EQUAL(check->right->children[0]->begin, 44);
	CHECK_EQUAL(check->right->children[0]->end, 47);
	CHECK(check->text == &parsing.text);
	parsing_release(&parsing);
}

TEST(macros_print_as_their_bodies)
{
	struct parsing outer, inner;
	struct sk_buffer buffer = {0};

	parsing_canonical(&inner, "a.b = c or d");
	parsing_canonical(&outer, "not m and n");
	outer.tree->children[0]->children[0]->body = inner.tree;
	sk_node_print(outer.tree, &buffer);
	CHECK_TEXT(buffer.bytes, "(not (a.b = c or d) and n)");
	sk_buffer_release(&buffer);
	parsing_release(&outer);
	parsing_release(&inner);
}

TEST(a_left_side_is_all_of_a_text)
{
	static const struct {
		const char *text, *canonical;
	} cases[] = {
		{"proc.name", "proc.name"},
		{"proc.aname[2]", "proc.aname[2]"},
		{"tolower( proc.name )", "tolower(proc.name)"},
		{"proc.name ", NULL},
		{" proc.name", NULL},
		{"proc", NULL},
		{"", NULL},
		{"proc.name[", NULL},
		{"val(proc.name)", NULL},
		{"tolower(proc.name", NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct parsing parsing;
		struct sk_operand *operand;

		parsing_init(&parsing, cases[i].text, strlen(cases[i].text));
		operand = sk_parse_left_side(&parsing.text, &parsing.arena);
		CHECK_EQUAL(operand != NULL, cases[i].canonical != NULL);
		if (operand && cases[i].canonical) {
			sk_operand_print(operand, &parsing.buffer);
			CHECK_TEXT(parsing.buffer.bytes, cases[i].canonical);
		}
		parsing_release(&parsing);
	}
}

/* clang-format off */
TEST_MAIN(
	RUN(not_binds_before_and_before_or)
	RUN(repeated_not_folds_to_parity)
	RUN(not_needs_white_space_or_a_bracket)
	RUN(not_behind_a_backspace_is_a_name)
	RUN(and_or_need_nothing_before_but_a_blank_or_bracket_behind)
	RUN(behind_a_glued_or_group_only_or_follows)
	RUN(blanks_include_backspace_but_not_form_feed)
	RUN(list_operators_and_exists_match_as_prefixes)
	RUN(word_operators_need_a_blank)
	RUN(every_operator_of_the_table_is_read)
	RUN(double_equals_is_equals_and_prints_as_written)
	RUN(modifiers_take_a_list_or_a_word)
	RUN(modifiers_need_a_blank_before_and_behind)
	RUN(modifiers_before_a_connective_are_values)
	RUN(bare_strings_extend_to_a_delimiter)
	RUN(quoted_strings_end_at_a_quote_without_a_backslash_before)
	RUN(escapes_in_quoted_strings)
	RUN(a_wrong_escape_in_the_first_element_empties_a_list)
	RUN(ordering_takes_numbers_only)
	RUN(fields_take_arguments_without_blanks)
	RUN(transformers_and_val_need_their_bracket_at_once)
	RUN(every_transformer_of_the_table_is_read)
	RUN(transformers_take_fields_constants_and_lists)
	RUN(lists_hold_text_only)
	RUN(a_left_side_needs_a_dot)
	RUN(canonical_text_quotes_only_what_it_must)
	RUN(parts_know_their_place_in_the_text)
	RUN(macros_print_as_their_bodies)
	RUN(a_left_side_is_all_of_a_text)
)
