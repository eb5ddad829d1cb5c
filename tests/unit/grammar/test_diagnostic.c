/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include "grammar/diagnostic.h"
#include "vm/support/alloc.h"

struct report {
	struct sk_arena arena;
	struct sk_sources sources;
	struct sk_diagnostics diagnostics;
	const struct sk_source_file *file;
	struct sk_buffer buffer;
};

static void report_init(struct report *report, const char *bytes)
{
	memset(report, 0, sizeof(*report));
	sk_arena_init(&report->arena, 0);
	sk_sources_init(&report->sources, &report->arena);
	sk_diagnostics_init(&report->diagnostics, &report->sources, &report->arena);
	report->file = sk_sources_add(&report->sources, "rules.yaml", bytes, strlen(bytes));
}

static void report_release(struct report *report)
{
	sk_buffer_release(&report->buffer);
	sk_arena_release(&report->arena);
}

static struct sk_span span_of(const struct report *report, size_t begin, size_t length)
{
	sk_position first = report->file->first + (sk_position)begin;

	return (struct sk_span){.begin = first, .end = first + (sk_position)length};
}

/* One error over bytes begin..begin+length of `bytes`, printed. */
static const char *print_one(struct report *report, const char *bytes, size_t begin, size_t length)
{
	report_init(report, bytes);
	sk_diagnostics_add(&report->diagnostics, SK_DIAGNOSTIC_COMPILE_CONDITION, span_of(report, begin, length),
			   NULL, "wrong");
	sk_diagnostics_print(&report->diagnostics, false, &report->buffer);
	return report->buffer.bytes;
}

#define CHECK_PRINT(bytes, begin, length, expected)                                                                \
	do {                                                                                                       \
		struct report report_;                                                                             \
		CHECK_TEXT(print_one(&report_, bytes, begin, length), expected);                                   \
		report_release(&report_);                                                                          \
	} while (0)

TEST(an_error_prints_place_line_mark_context_and_hint)
{
	struct report report;

	report_init(&report, "- rule: x\n  condition: proc.nmae = cat\n");
	report.diagnostics.context_text = "in rule 'x'";
	report.diagnostics.context = span_of(&report, 8, 1);
	sk_diagnostics_add(&report.diagnostics, SK_DIAGNOSTIC_COMPILE_CONDITION, span_of(&report, 23, 9),
			   "did you mean 'proc.name'?", "there is no field '%s'", "proc.nmae");
	sk_diagnostics_print(&report.diagnostics, false, &report.buffer);
	CHECK_TEXT(report.buffer.bytes,
		   "rules.yaml:2:14: error: there is no field 'proc.nmae' [LOAD_ERR_COMPILE_CONDITION]\n"
		   "     2 |   condition: proc.nmae = cat\n"
		   "       |              ^~~~~~~~~\n"
		   "       = in rule 'x', rules.yaml:1\n"
		   "       = did you mean 'proc.name'?\n");
	CHECK_EQUAL(report.diagnostics.errors, 1);
	CHECK_EQUAL(report.diagnostics.warnings, 0);
	report_release(&report);
}

TEST(a_warning_without_a_place_is_one_line)
{
	struct report report;

	report_init(&report, "");
	sk_diagnostics_add(&report.diagnostics, SK_DIAGNOSTIC_UNUSED_LIST, (struct sk_span){0}, NULL, "unused");
	sk_diagnostics_print(&report.diagnostics, false, &report.buffer);
	CHECK_TEXT(report.buffer.bytes, "warning: unused [LOAD_UNUSED_LIST]\n");
	CHECK_EQUAL(report.diagnostics.warnings, 1);
	report_release(&report);
}

TEST(colour_is_added_only_when_asked_for)
{
	struct report report;

	print_one(&report, "abc", 1, 1);
	CHECK(strchr(report.buffer.bytes, '\033') == NULL);
	sk_buffer_clear(&report.buffer);
	sk_diagnostics_print(&report.diagnostics, true, &report.buffer);
	CHECK(strstr(report.buffer.bytes, "\033[1;31merror:\033[0m wrong") != NULL);
	report_release(&report);
}

TEST(marks_stand_under_tabs_and_wide_encodings)
{
	CHECK_PRINT("\tab\tc", 1, 2,
		    "rules.yaml:1:2: error: wrong [LOAD_ERR_COMPILE_CONDITION]\n"
		    "     1 |         ab      c\n"
		    "       |         ^~\n");
	CHECK_PRINT("\tab\tc", 4, 1,
		    "rules.yaml:1:5: error: wrong [LOAD_ERR_COMPILE_CONDITION]\n"
		    "     1 |         ab      c\n"
		    "       |                 ^\n");
	/* Two bytes, one cell; the mark covers a character of three bytes once. */
	CHECK_PRINT("\xc3\xa4 \xe2\x82\xac x", 3, 5,
		    "rules.yaml:1:4: error: wrong [LOAD_ERR_COMPILE_CONDITION]\n"
		    "     1 | \xc3\xa4 \xe2\x82\xac x\n"
		    "       |   ^~~\n");
}

TEST(bytes_that_could_harm_a_terminal_are_question_marks)
{
	struct report report;

	/* Escape, delete, a byte that is no UTF-8, one that is cut off, C1, reversed text. */
	CHECK_PRINT("a\033[31m\177\xff\xc3_\xc2\x9b\xe2\x80\xae z\r", 1, 1,
		    "rules.yaml:1:2: error: wrong [LOAD_ERR_COMPILE_CONDITION]\n"
		    "     1 | a?[31m???_????? z\n"
		    "       |  ^\n");
	report_init(&report, "x");
	sk_diagnostics_add(&report.diagnostics, SK_DIAGNOSTIC_VALIDATE, (struct sk_span){0}, "\033]0;\a",
			   "a\nb\033[2J");
	sk_diagnostics_print(&report.diagnostics, false, &report.buffer);
	CHECK_TEXT(report.buffer.bytes, "error: a b?[2J [LOAD_ERR_VALIDATE]\n       = ?]0;?\n");
	report_release(&report);
}

TEST(faults_at_the_end_of_line_and_file_are_marked)
{
	CHECK_PRINT("ab\nc", 2, 1,
		    "rules.yaml:1:3: error: wrong [LOAD_ERR_COMPILE_CONDITION]\n"
		    "     1 | ab\n"
		    "       |   ^\n");
	CHECK_PRINT("ab", 2, 0,
		    "rules.yaml:1:3: error: wrong [LOAD_ERR_COMPILE_CONDITION]\n"
		    "     1 | ab\n"
		    "       |   ^\n");
	CHECK_PRINT("", 0, 0,
		    "rules.yaml:1:1: error: wrong [LOAD_ERR_COMPILE_CONDITION]\n"
		    "     1 | \n"
		    "       | ^\n");
	/* What goes over several lines is marked on the first. */
	CHECK_PRINT("ab\ncd", 1, 4,
		    "rules.yaml:1:2: error: wrong [LOAD_ERR_COMPILE_CONDITION]\n"
		    "     1 | ab\n"
		    "       |  ^\n");
}

TEST(of_long_lines_a_window_is_shown)
{
	char line[1001];
	struct report report;
	const char *row, *marks;

	memset(line, 'a', 1000);
	line[1000] = '\0';
	memcpy(line + 500, "XYZ", 3);
	print_one(&report, line, 500, 3);
	row = strchr(report.buffer.bytes, '\n') + 1;
	marks = strchr(row, '\n') + 1;
	CHECK(strncmp(row, "     1 | ...aaa", 15) == 0);
	CHECK(marks - row < 140);
	CHECK(strstr(row, "aaa...\n") != NULL);
	CHECK_EQUAL(strstr(row, "XYZ") - row, strchr(marks, '^') - marks);
	CHECK(strstr(marks, "^~~\n") != NULL);
	report_release(&report);

	/* A span that fills the line ends with the window. */
	print_one(&report, line, 0, 1000);
	CHECK(report.buffer.length < 400);
	report_release(&report);
}

TEST(no_more_than_a_thousand_are_kept_but_all_are_counted)
{
	struct report report;

	report_init(&report, "x");
	for (int i = 0; i < 1500; i++)
		sk_diagnostics_add(&report.diagnostics, SK_DIAGNOSTIC_VALIDATE, (struct sk_span){0}, NULL, "e%d",
				   i);
	CHECK_EQUAL(report.diagnostics.count, 1000);
	CHECK_EQUAL(report.diagnostics.errors, 1500);
	CHECK_TEXT(report.diagnostics.items[999].message, "e999");
	sk_diagnostics_print(&report.diagnostics, false, &report.buffer);
	CHECK(strstr(report.buffer.bytes, "\nand 500 more\n") != NULL);
	report_release(&report);
}

TEST(messages_are_cut_not_overrun)
{
	struct report report;
	char text[4000];

	memset(text, 'm', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	report_init(&report, "x");
	sk_diagnostics_add(&report.diagnostics, SK_DIAGNOSTIC_VALIDATE, (struct sk_span){0}, NULL, "%s", text);
	CHECK_EQUAL(strlen(report.diagnostics.items[0].message), 1023);
	report_release(&report);
}

TEST(without_memory_the_count_is_kept)
{
	struct report report;

	report_init(&report, "x");
	sk_arena_release(&report.arena);
	sk_alloc_fail_after(0);
	sk_diagnostics_add(&report.diagnostics, SK_DIAGNOSTIC_VALIDATE, (struct sk_span){0}, NULL, "wrong");
	sk_alloc_fail_after(SIZE_MAX);
	CHECK(report.diagnostics.out_of_memory);
	CHECK_EQUAL(report.diagnostics.errors, 1);
	CHECK_EQUAL(report.diagnostics.count, 0);
	report_release(&report);
}

TEST(places_are_found_in_every_file)
{
	struct report report;
	const struct sk_source_file *second;
	struct sk_place place;

	report_init(&report, "ab\ncd\n");
	second = sk_sources_add(&report.sources, "second.yaml", "x\n\ny", 4);
	place = sk_sources_place(&report.sources, report.file->first + 4);
	CHECK(place.file == report.file);
	CHECK_EQUAL(place.line, 2);
	CHECK_EQUAL(place.column, 2);
	CHECK_EQUAL(place.line_length, 2);
	place = sk_sources_place(&report.sources, report.file->first + 6);
	CHECK(place.file == report.file);
	CHECK_EQUAL(place.line, 3);
	place = sk_sources_place(&report.sources, second->first + 3);
	CHECK(place.file == second);
	CHECK_EQUAL(place.number, 1);
	CHECK_EQUAL(place.line, 3);
	CHECK_EQUAL(place.column, 1);
	CHECK(sk_sources_place(&report.sources, 0).file == NULL);
	report_release(&report);
}

static const char *next_word(void *state)
{
	static const char *const words[] = {"proc.name", "proc.pname", "proc.exe", "fd.name",
					    "in",        "contains",   NULL};
	int *next = state;

	return words[*next] ? words[(*next)++] : NULL;
}

static const char *suggest(const char *word)
{
	int state = 0;
	const char *best = sk_suggest(word, strlen(word), next_word, &state);

	return best ? best : "nothing";
}

TEST(suggestions_are_close_or_none)
{
	CHECK_TEXT(suggest("proc.nmae"), "proc.name");
	CHECK_TEXT(suggest("proc.nam"), "proc.name");
	CHECK_TEXT(suggest("proc.ppname"), "proc.pname");
	CHECK_TEXT(suggest("PROC.EXE"), "proc.exe");
	CHECK_TEXT(suggest("contain"), "contains");
	CHECK_TEXT(suggest("cntians"), "contains");
	CHECK_TEXT(suggest("xyz"), "nothing");
	CHECK_TEXT(suggest("container"), "contains");
	CHECK_TEXT(suggest("user.shell"), "nothing");
	/* Short words are close to everything. */
	CHECK_TEXT(suggest("an"), "nothing");
	CHECK_TEXT(suggest("IN"), "in");
	CHECK_TEXT(suggest(""), "nothing");
	CHECK_TEXT(suggest("proc.nameproc.nameproc.nameproc.nameproc.nameproc.nameproc.nameproc.nameproc.name"),
		   "nothing");
}

/* clang-format off */
TEST_MAIN(
	RUN(an_error_prints_place_line_mark_context_and_hint)
	RUN(a_warning_without_a_place_is_one_line)
	RUN(colour_is_added_only_when_asked_for)
	RUN(marks_stand_under_tabs_and_wide_encodings)
	RUN(bytes_that_could_harm_a_terminal_are_question_marks)
	RUN(faults_at_the_end_of_line_and_file_are_marked)
	RUN(of_long_lines_a_window_is_shown)
	RUN(no_more_than_a_thousand_are_kept_but_all_are_counted)
	RUN(messages_are_cut_not_overrun)
	RUN(without_memory_the_count_is_kept)
	RUN(places_are_found_in_every_file)
	RUN(suggestions_are_close_or_none)
)
