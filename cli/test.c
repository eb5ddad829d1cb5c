/* SPDX-License-Identifier: Apache-2.0 */
/* saker test: rules against what is said to happen, without a kernel. */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/replace_file.h"
#include "cli/test/coverage.h"
#include "cli/test/report.h"
#include "compiler/read_file.h"
#include "runtime/synth/value.h"

/* A file of tests that wants more than this is none that a person wrote. */
enum { MEMORY_LIMIT = 1 << 30 };

enum { OPTION_FORMAT = 4000, OPTION_COVERAGE, OPTION_COVERAGE_JSON, OPTION_MUTATE };

struct testing {
	struct sk_arena arena;
	struct sk_sources sources;
	struct sk_diagnostics diagnostics;
	struct sk_test_reader reader;
	struct sk_test_rules *rules;
	struct sk_test_report report;
	const char *pattern;       /* of cases to run; NULL: all */
	bool coverage;             /* told behind the results */
	const char *coverage_json; /* file that it is written to; NULL: none */
	int64_t mutation;          /* percent of comparisons that tests must miss; -1: not asked */
};

/* Runs a case, and watches what it exercises if anybody wants to know. */
static int run_case(const struct testing *testing, const struct sk_test_case *test, struct sk_test_rules *rules,
		    struct sk_test_result *ret_result)
{
	struct sk_test_watch watch;
	int status;

	if (!testing->coverage && !testing->coverage_json && testing->mutation < 0)
		return sk_test_run(test, rules, NULL, ret_result);
	status = sk_test_watch_begin(&watch, test, rules);
	if (status < 0)
		return status;
	status = sk_test_run(test, rules, &watch.observer, ret_result);
	if (sk_test_watch_end(&watch, status == 0 && ret_result->verdict == SK_TEST_PASSED) < 0)
		return -ENOMEM;
	return status;
}

static int finish_file(struct testing *testing, const struct sk_test_file *file)
{
	for (uint32_t i = 0; i < file->count; i++) {
		const struct sk_test_case *test = &file->cases[i];
		struct sk_test_result result = {.verdict = SK_TEST_FAILED};
		struct sk_test_rules *rules;
		int status;

		if (testing->pattern && fnmatch(testing->pattern, test->name, 0) != 0)
			continue;
		status = sk_test_rules_get(&testing->rules, (const char *const *)test->packs, test->pack_count,
					   &result.why, &rules);
		if (status == 0) {
			sk_test_check_names(&testing->reader, test, rules);
			status = run_case(testing, test, rules, &result);
		} else if (status == -EINVAL && !result.why.length)
			sk_buffer_append_text(&result.why, "the packs do not compile\n");
		if (status != -ENOMEM)
			sk_test_report_case(&testing->report, file, test, &result);
		sk_buffer_release(&result.why);
		if (status == -ENOMEM)
			return status;
	}
	return 0;
}

static int test_file(struct testing *testing, const char *path)
{
	const struct sk_source_file *source;
	struct sk_test_file file;
	int status = sk_source_read(path, &testing->diagnostics, &source);

	if (status == 0)
		status = sk_test_file_read(&testing->reader, source, &file);
	if (status == -ENOMEM)
		return status;
	if (status < 0) {
		sk_test_report_broken(&testing->report, path);
		return 0;
	}
	return finish_file(testing, &file);
}

/* What was exercised and what was not: behind TAP as its comments, behind XML on standard error. */
static void tell_coverage(struct testing *testing)
{
	struct sk_buffer text = {0};

	sk_test_report_untested(testing->rules, &text);
	if (testing->coverage)
		sk_test_coverage_print(testing->rules, &text);
	if (testing->mutation >= 0)
		sk_test_mutants_print(testing->rules, &text);
	if (testing->report.junit && text.length)
		fwrite(text.bytes, 1, text.length, stderr);
	else
		sk_test_report_comment(&testing->report, &text);
	testing->report.text.failed |= text.failed;
	sk_buffer_release(&text);
}

static int write_coverage(const struct testing *testing)
{
	struct sk_buffer json = {0};
	int status;

	if (!testing->coverage_json)
		return SK_EXIT_OK;
	sk_test_coverage_print_json(testing->rules, &json);
	status = json.failed ? sk_fail(SK_EXIT_MEMORY, "out of memory")
			     : sk_replace_file(testing->coverage_json, &json, NULL);
	sk_buffer_release(&json);
	return status;
}

/* True if as many comparisons are missed by tests as was asked for. */
static bool are_enough(const struct testing *testing)
{
	const struct sk_test_coverage sum = sk_test_coverage_sum(testing->rules);

	return testing->mutation <= 0 ||
	       (uint64_t)sum.killed * 100 >= (uint64_t)sum.mutants * (uint64_t)testing->mutation;
}

static int test_all(struct testing *testing, struct sk_command_line *line)
{
	struct sk_paths files = {0};
	int status = 0;

	for (int i = 0; i < line->argc && status != -ENOMEM; i++)
		status = sk_paths_add(&files, line->argv[i], &testing->arena, &testing->diagnostics);
	for (uint32_t i = 0; i < files.count && status != -ENOMEM; i++)
		status = test_file(testing, files.names[i]);
	sk_print_diagnostics(&testing->diagnostics);
	if (status == -ENOMEM || testing->diagnostics.out_of_memory)
		return sk_fail(SK_EXIT_MEMORY, "out of memory");
	sk_test_report_end(&testing->report);
	tell_coverage(testing);
	if (testing->report.text.failed)
		return sk_fail(SK_EXIT_MEMORY, "out of memory");
	status = sk_print(&testing->report.text);
	if (status == SK_EXIT_OK)
		status = write_coverage(testing);
	if (status == SK_EXIT_OK && (testing->report.failed || testing->diagnostics.errors || !are_enough(testing)))
		status = SK_EXIT_FINDINGS;
	return status;
}

static void take_option(struct testing *testing, struct sk_command_line *line, int id)
{
	switch (id) {
	case 'k':
		testing->pattern = line->value;
		break;
	case OPTION_COVERAGE:
		testing->coverage = true;
		break;
	case OPTION_COVERAGE_JSON:
		testing->coverage_json = line->value;
		break;
	case OPTION_FORMAT:
		testing->report.junit = strcmp(line->value, "junit") == 0;
		if (!testing->report.junit && strcmp(line->value, "tap") != 0) {
			sk_command_usage(line, "--format is `tap` or `junit`, not '%s'", line->value);
			line->failed = true;
		}
		break;
	default:
		if (!sk_synth_number(line->value, (uint32_t)strlen(line->value), false, &testing->mutation) ||
		    testing->mutation < 0 || testing->mutation > 100) {
			sk_command_usage(line, "--mutate takes a percentage, not '%s'", line->value);
			line->failed = true;
		}
		break;
	}
}

static int run(struct sk_command_line *line)
{
	struct testing testing = {.mutation = -1};
	int id, status = SK_EXIT_USAGE;

	sk_arena_init(&testing.arena, MEMORY_LIMIT);
	sk_sources_init(&testing.sources, &testing.arena);
	sk_diagnostics_init(&testing.diagnostics, &testing.sources, &testing.arena);
	testing.reader = (struct sk_test_reader){.arena = &testing.arena, .diagnostics = &testing.diagnostics};
	while ((id = sk_command_line_next(line)) != -1)
		take_option(&testing, line, id);
	if (line->failed)
		goto out;
	if (line->argc == 0) {
		sk_command_usage(line, "no file of tests given");
		goto out;
	}
	status = test_all(&testing, line);
out:
	sk_test_rules_release(testing.rules);
	sk_test_report_release(&testing.report);
	sk_arena_release(&testing.arena);
	return status;
}

const struct sk_command sk_command_test = {
	.name = "test",
	.arguments = "[OPTION]... TESTS.yaml...",
	.summary = "run the tests of rules, without root or kernel",
	.description =
		"Reads files of tests (or directories whose *.yaml and *.yml are taken by name), plays what each "
		"test says happened, or the capture that it names, through the whole sensor, once with each "
		"engine, "
		"and compares the rules that fire with those that should. docs/testing.md tells how tests are "
		"written.\n\n"
		"All rules of a pack are tried, those that it disables too, and all that match count.",
	.options =
		(const struct sk_option[]){
			{OPTION_FORMAT, "format", "tap|junit",
			 "TAP (default), or the XML that CI systems take from JUnit"},
			{'k', "case", "PATTERN", "only the tests whose name matches, where * stands for any text"},
			{OPTION_COVERAGE, "coverage", NULL,
			 "say which comparisons of the rules were never seen true, or false, while the verdict "
			 "hung on them"},
			{OPTION_COVERAGE_JSON, "coverage-json", "FILE", "write that for all comparisons, as JSON"},
			{OPTION_MUTATE, "mutate", "PERCENT",
			 "say which comparisons could be taken out of the rules without any test failing, and fail "
			 "unless "
			 "tests miss at least PERCENT of them"},
			{0},
		},
	.example = "  saker test tests/rules/\n"
		   "  saker test --coverage --mutate 80 tests/rules/\n"
		   "  saker test --format junit tests/rules/host.yaml > report.xml\n",
	.run = run,
};
