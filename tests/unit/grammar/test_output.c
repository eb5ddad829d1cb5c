/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <time.h>

#include "tests/test.h"

#include "tests/unit/grammar/parsing.h"
#include "vm/support/alloc.h"

/* Fields of the schema, and transformers of such fields. */
static bool is_known(void *context, const struct sk_operand *operand)
{
	unsigned *asked = context;
	size_t suffix;

	if (asked)
		++*asked;
	if (operand->kind == SK_OPERAND_FIELD)
		return sk_field_find(operand->text, operand->length, &suffix) >= 0;
	for (uint32_t i = 0; i < operand->count; i++)
		if (operand->children[i]->kind != SK_OPERAND_CONSTANT && !is_known(NULL, operand->children[i]))
			return false;
	return true;
}

/* "literal|<field>|<5:field>" or "error: MESSAGE" */
static const char *parts_of(struct parsing *parsing, const char *bytes)
{
	parsing_init(parsing, bytes, strlen(bytes));
	parsing->output = sk_parse_output(&parsing->text, &parsing->arena, is_known, NULL, &parsing->diagnostics);
	sk_buffer_append_text(&parsing->buffer, "");
	if (!parsing->output) {
		sk_buffer_printf(&parsing->buffer, "error: %s",
				 parsing->diagnostics.count ? parsing->diagnostics.items[0].message : "none");
		return parsing->buffer.bytes;
	}
	for (uint32_t i = 0; i < parsing->output->count; i++) {
		const struct sk_output_part *part = &parsing->output->parts[i];

		if (i)
			sk_buffer_append_char(&parsing->buffer, '|');
		if (part->kind == SK_OUTPUT_LITERAL) {
			sk_buffer_append(&parsing->buffer, part->literal, part->literal_length);
			continue;
		}
		sk_buffer_append_char(&parsing->buffer, '<');
		if (part->width)
			sk_buffer_printf(&parsing->buffer, "%u:", part->width);
		sk_operand_print(part->operand, &parsing->buffer);
		sk_buffer_append_char(&parsing->buffer, '>');
	}
	return parsing->buffer.bytes;
}

#define CHECK_PARTS(text, expected)                                                                                \
	do {                                                                                                       \
		struct parsing parsing_;                                                                           \
		CHECK_TEXT(parts_of(&parsing_, text), expected);                                                   \
		parsing_release(&parsing_);                                                                        \
	} while (0)

TEST(a_token_is_the_longest_prefix_that_is_accepted)
{
	CHECK_PARTS("start %proc.name end", "start |<proc.name>| end");
	CHECK_PARTS("start%proc.nameand%thread.tidend", "start|<proc.name>|and|<thread.tid>|end");
	CHECK_PARTS("%proc.name.x", "<proc.name>|.x");
	CHECK_PARTS("%fd.name,", "<fd.name>|,");
	CHECK_PARTS("(%fd.name)", "(|<fd.name>|)");
	CHECK_PARTS("%proc.name%proc.name", "<proc.name>|<proc.name>");
	CHECK_PARTS("%evt.arg.flagsx", "<evt.arg.flagsx>");
}

TEST(arguments_belong_to_a_token_if_they_parse)
{
	CHECK_PARTS("%proc.aname[2]", "<proc.aname[2]>");
	CHECK_PARTS("%proc.aname[2]and", "<proc.aname[2]>|and");
	CHECK_PARTS("%proc.aname['2']", "<proc.aname[2]>");
	CHECK_PARTS("%proc.aname[", "<proc.aname>|[");
	CHECK_PARTS("%proc.aname[]", "<proc.aname>|[]");
	CHECK_PARTS("%proc.aname[ 2]", "<proc.aname>|[ 2]");
	CHECK_PARTS("%proc.aname['2]", "<proc.aname>|['2]");
	CHECK_PARTS("%toupper(proc.name)[x", "<toupper(proc.name)>|[x");
}

TEST(transformers_may_hold_blanks_inside_their_brackets)
{
	CHECK_PARTS("start %toupper( proc.name ) end", "start |<toupper(proc.name)>| end");
	CHECK_PARTS("%toupper(proc.name)and%tolower(toupper(proc.name))",
		    "<toupper(proc.name)>|and|<tolower(toupper("
		    "proc.name))>");
	CHECK_PARTS("%join(\"->\", (toupper(proc.name), proc.exe))", "<join(->,(toupper(proc.name),proc.exe))>");
	CHECK_PARTS("%toupper (proc.name)", "error: unknown filter: toupper");
	CHECK_PARTS("%toupper(proc.name", "error: unknown filter: toupper(proc.name");
	CHECK_PARTS("%val(proc.name)", "error: unknown filter: val(proc.name");
	CHECK_PARTS("%toupper(tolower)", "error: unknown filter: toupper(tolower");
	CHECK_PARTS("%(", "error: unknown filter: (");
}

TEST(a_width_stands_between_percent_and_token)
{
	CHECK_PARTS("%10proc.name", "<10:proc.name>");
	CHECK_PARTS("%2toupper(proc.name)", "<2:toupper(proc.name)>");
	CHECK_PARTS("%0proc.name", "<proc.name>");
	CHECK_PARTS("%65535proc.name", "<65535:proc.name>");
	CHECK_PARTS("%65536proc.name", "error: a width of more than 65535 bytes");
	CHECK_PARTS("%99999999999999999999proc.name", "error: a width of more than 65535 bytes");
	CHECK_PARTS("%10", "error: invalid formatting token: the output ends in '%'");
}

TEST(a_percent_sign_cannot_be_printed)
{
	CHECK_PARTS("100%", "error: invalid formatting token: the output ends in '%'");
	CHECK_PARTS("100%%", "error: invalid formatting token: '%' without a field behind it");
	CHECK_PARTS("100% sure", "error: invalid formatting token: '%' without a field behind it");
}

TEST(one_leading_star_makes_values_optional)
{
	struct parsing parsing;

	CHECK_TEXT(parts_of(&parsing, "*%proc.name"), "<proc.name>");
	CHECK(parsing.output && parsing.output->optional);
	parsing_release(&parsing);
	CHECK_TEXT(parts_of(&parsing, "%proc.name *"), "<proc.name>| *");
	CHECK(parsing.output && !parsing.output->optional);
	parsing_release(&parsing);
	CHECK_PARTS("**", "*");
	CHECK_PARTS("*", "");
	CHECK_PARTS("", "error: the output is empty");
}

TEST(every_wrong_token_is_reported)
{
	struct parsing parsing;

	parts_of(&parsing, "a %proc.nmae b %some.field c %proc.name %len(proc.name d %");
	CHECK(parsing.output == NULL);
	CHECK_EQUAL(parsing.diagnostics.errors, 4);
	CHECK_EQUAL(parsing.diagnostics.items[0].id, SK_DIAGNOSTIC_COMPILE_OUTPUT);
	CHECK_TEXT(parsing.diagnostics.items[0].message, "unknown filter: proc.nmae");
	CHECK_TEXT(parsing.diagnostics.items[0].hint, "did you mean '%proc.name'?");
	CHECK_EQUAL(parsing.diagnostics.items[0].span.begin, parsing.text.first + 2);
	CHECK_EQUAL(parsing.diagnostics.items[0].span.end, parsing.text.first + 12);
	CHECK_TEXT(parsing.diagnostics.items[1].message, "unknown filter: some.field");
	CHECK_TEXT(parsing.diagnostics.items[2].message, "unknown filter: len(proc.name");
	CHECK_TEXT(parsing.diagnostics.items[2].hint, "expected ',' or a ')' token, found 'd'");
	parsing_release(&parsing);
}

TEST(parts_know_their_place_in_the_text)
{
	struct parsing parsing;

	parts_of(&parsing, "*ab %5proc.aname[1]c");
	CHECK(parsing.output && parsing.output->count == 3);
	CHECK_EQUAL(parsing.output->parts[0].begin, 1);
	CHECK_EQUAL(parsing.output->parts[0].end, 4);
	CHECK_EQUAL(parsing.output->parts[1].begin, 4);
	CHECK_EQUAL(parsing.output->parts[1].end, 19);
	CHECK_EQUAL(parsing.output->parts[1].operand->begin, 6);
	CHECK_EQUAL(parsing.output->parts[2].begin, 19);
	parsing_release(&parsing);
}

TEST(a_token_is_offered_longest_first)
{
	struct parsing parsing;
	struct sk_operand *operand;
	unsigned asked = 0;
	uint32_t length = 77;

	parsing_init(&parsing, "x proc.nameand[1] y", 19);
	operand = sk_parse_token(&parsing.text, 2, &parsing.arena, is_known, &asked, &length);
	CHECK(operand && operand->length == 9 && strcmp(operand->text, "proc.name") == 0);
	CHECK_EQUAL(length, 9);
	/* With [1], without, and three shorter names. */
	CHECK_EQUAL(asked, 5);
	operand = sk_parse_token(&parsing.text, 2, &parsing.arena, NULL, NULL, &length);
	CHECK(operand && operand->argument && strcmp(operand->argument, "1") == 0);
	CHECK_EQUAL(length, 15);
	length = 77;
	CHECK(!sk_parse_token(&parsing.text, 0, &parsing.arena, NULL, NULL, &length));
	CHECK_EQUAL(length, 77);
	CHECK(!sk_parse_token(&parsing.text, 19, &parsing.arena, NULL, NULL, &length));
	parsing_release(&parsing);
}

/* Refuses all but the shortest name, as slowly as it can be refused. */
static bool is_short(void *context, const struct sk_operand *operand)
{
	(void)context;
	return operand->length <= 3 && !operand->argument;
}

TEST(hostile_outputs_cost_linear_time)
{
	static const char *const units[] = {"%a.bbbbbbbbbbbbbbbb",
					    "%a.b",
					    "%a.b['",
					    "%a.b[",
					    "%len(len(",
					    "%len(\"",
					    "%",
					    "% ",
					    "%1",
					    "%a.b[\"\\",
					    "x",
					    "%len((\"",
					    "%a.b %len(a.b)[x"};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t unit = strlen(units[i]), count = 1024 * 1024 / unit;
		char *text = malloc(count * unit + 1);
		struct parsing parsing;
		clock_t start;
		long milliseconds;

		for (size_t k = 0; k < count; k++)
			memcpy(text + k * unit, units[i], unit);
		text[count * unit] = '\0';
		parsing_init(&parsing, text, count * unit);
		start = clock();
		sk_parse_output(&parsing.text, &parsing.arena, is_short, NULL, &parsing.diagnostics);
		milliseconds = (long)((clock() - start) * 1000 / CLOCKS_PER_SEC);
		if (getenv("SK_TEST_VERBOSE"))
			printf("# %ld ms, %zu KB, %u errors: %s\n", milliseconds, parsing.arena.total / 1024,
			       parsing.diagnostics.errors, units[i]);
		CHECK(milliseconds < 3000);
		CHECK(parsing.diagnostics.errors <= 20);
		parsing_release(&parsing);
		free(text);
	}
}

TEST(every_failing_allocation_is_reported)
{
	static const char text[] = "%proc.name %join('-', (proc.name, 'x'))and %proc.nameand[1";
	unsigned failures = 0;

	for (size_t countdown = 0; countdown < 1000; countdown++) {
		struct parsing parsing;

		parsing_init(&parsing, text, strlen(text));
		/* The arena's first block is full: it asks for memory from the start. */
		parsing.arena.used = parsing.arena.total;
		sk_alloc_fail_after(countdown);
		parsing.output =
			sk_parse_output(&parsing.text, &parsing.arena, is_known, NULL, &parsing.diagnostics);
		sk_alloc_fail_after(SIZE_MAX);
		CHECK_EQUAL(parsing.diagnostics.errors, 0);
		CHECK_EQUAL(parsing.diagnostics.out_of_memory, parsing.output == NULL);
		failures += parsing.output == NULL;
		parsing_release(&parsing);
		if (parsing.output)
			break;
	}
	CHECK(failures >= 3 && failures < 1000);
}

/* clang-format off */
TEST_MAIN(
	RUN(a_token_is_the_longest_prefix_that_is_accepted)
	RUN(arguments_belong_to_a_token_if_they_parse)
	RUN(transformers_may_hold_blanks_inside_their_brackets)
	RUN(a_width_stands_between_percent_and_token)
	RUN(a_percent_sign_cannot_be_printed)
	RUN(one_leading_star_makes_values_optional)
	RUN(every_wrong_token_is_reported)
	RUN(parts_know_their_place_in_the_text)
	RUN(a_token_is_offered_longest_first)
	RUN(hostile_outputs_cost_linear_time)
	RUN(every_failing_allocation_is_reported)
)
