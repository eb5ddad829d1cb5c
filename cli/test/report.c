/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/test/report.h"

#include <string.h>

#include "vm/support/utf8.h"

/* Lines behind "# ". */
static void append_comment(struct sk_buffer *text, const struct sk_buffer *lines)
{
	size_t begin = 0;

	while (begin < lines->length) {
		const char *end = memchr(lines->bytes + begin, '\n', lines->length - begin);
		size_t length = end ? (size_t)(end - lines->bytes) - begin : lines->length - begin;

		sk_buffer_append_text(text, "# ");
		sk_buffer_append(text, lines->bytes + begin, length);
		sk_buffer_append_char(text, '\n');
		begin += length + 1;
	}
}

/* In TAP a # begins a directive, and a line is a line. */
static void append_tap_name(struct sk_buffer *text, const char *name)
{
	for (; *name; name++) {
		if (*name == '#' || *name == '\\')
			sk_buffer_append_char(text, '\\');
		sk_buffer_append_char(text, *name == '\n' ? ' ' : *name);
	}
}

static void report_tap(struct sk_test_report *report, const struct sk_test_file *file,
		       const struct sk_test_case *test, const struct sk_test_result *result)
{
	uint32_t number = report->passed + report->failed + report->skipped;

	sk_buffer_printf(&report->text, "%sok %u - ", result->verdict == SK_TEST_FAILED ? "not " : "", number);
	append_tap_name(&report->text, file->path);
	sk_buffer_append_text(&report->text, ": ");
	append_tap_name(&report->text, test->name);
	if (result->verdict == SK_TEST_SKIPPED) {
		sk_buffer_append_text(&report->text, " # SKIP ");
		sk_buffer_append(&report->text, result->why.bytes, result->why.length);
	}
	sk_buffer_append_char(&report->text, '\n');
	if (result->verdict == SK_TEST_FAILED)
		append_comment(&report->text, &result->why);
}

/* --- JUnit ------------------------------------------------------------- */

/* Text as XML takes it; what XML cannot hold becomes U+FFFD. */
static void append_xml(struct sk_buffer *text, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length;) {
		unsigned char byte = (unsigned char)bytes[i];
		unsigned bad = 1;
		size_t size = sk_utf8_sequence(bytes + i, length - i, &bad);

		if (size == 0 || (byte < 0x20 && byte != '\n' && byte != '\t')) {
			sk_buffer_append_text(text, "\xef\xbf\xbd");
			size = size ? size : bad;
		} else if (byte == '&') {
			sk_buffer_append_text(text, "&amp;");
		} else if (byte == '<') {
			sk_buffer_append_text(text, "&lt;");
		} else if (byte == '>') {
			sk_buffer_append_text(text, "&gt;");
		} else if (byte == '"') {
			sk_buffer_append_text(text, "&quot;");
		} else if (byte == '\n') {
			sk_buffer_append_text(text, "&#10;");
		} else {
			sk_buffer_append(text, bytes + i, size);
		}
		i += size;
	}
}

static void append_attribute(struct sk_buffer *text, const char *name, const char *value, size_t length)
{
	sk_buffer_printf(text, " %s=\"", name);
	append_xml(text, value, length);
	sk_buffer_append_char(text, '"');
}

/* A suite's counts stand before its cases: they are written when it ends. */
static void end_suite(struct sk_test_report *report)
{
	struct sk_buffer whole = {0};

	if (!report->suite)
		return;
	sk_buffer_append(&whole, report->text.bytes, report->suite_start);
	sk_buffer_append_text(&whole, "  <testsuite");
	append_attribute(&whole, "name", report->suite, strlen(report->suite));
	sk_buffer_printf(&whole, " tests=\"%u\" failures=\"%u\" skipped=\"%u\">\n", report->suite_tests,
			 report->suite_failures, report->suite_skipped);
	sk_buffer_append(&whole, report->text.bytes + report->suite_start,
			 report->text.length - report->suite_start);
	sk_buffer_append_text(&whole, "  </testsuite>\n");
	whole.failed |= report->text.failed;
	sk_buffer_release(&report->text);
	report->text = whole;
	report->suite = NULL;
}

static void begin_junit(struct sk_test_report *report)
{
	if (!report->text.length)
		sk_buffer_append_text(&report->text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
}

static void report_junit(struct sk_test_report *report, const struct sk_test_file *file,
			 const struct sk_test_case *test, const struct sk_test_result *result)
{
	struct sk_buffer *text = &report->text;
	const char *end;

	begin_junit(report);
	if (report->suite && strcmp(report->suite, file->path) != 0)
		end_suite(report);
	if (!report->suite) {
		report->suite = file->path;
		report->suite_start = text->length;
		report->suite_tests = report->suite_failures = report->suite_skipped = 0;
	}
	report->suite_tests++;
	report->suite_failures += result->verdict == SK_TEST_FAILED;
	report->suite_skipped += result->verdict == SK_TEST_SKIPPED;
	sk_buffer_append_text(text, "    <testcase");
	append_attribute(text, "classname", file->path, strlen(file->path));
	append_attribute(text, "name", test->name, strlen(test->name));
	if (result->verdict == SK_TEST_PASSED) {
		sk_buffer_append_text(text, "/>\n");
		return;
	}
	end = result->why.length ? memchr(result->why.bytes, '\n', result->why.length) : NULL;
	sk_buffer_append_text(text, result->verdict == SK_TEST_FAILED ? ">\n      <failure" : ">\n      <skipped");
	append_attribute(text, "message", result->why.bytes,
			 end ? (size_t)(end - result->why.bytes) : result->why.length);
	sk_buffer_append_char(text, '>');
	append_xml(text, result->why.bytes, result->why.length);
	sk_buffer_printf(text, "</%s>\n    </testcase>\n",
			 result->verdict == SK_TEST_FAILED ? "failure" : "skipped");
}

/* --- both -------------------------------------------------------------- */

void sk_test_report_case(struct sk_test_report *report, const struct sk_test_file *file,
			 const struct sk_test_case *test, const struct sk_test_result *result)
{
	report->passed += result->verdict == SK_TEST_PASSED;
	report->failed += result->verdict == SK_TEST_FAILED;
	report->skipped += result->verdict == SK_TEST_SKIPPED;
	if (report->junit)
		report_junit(report, file, test, result);
	else
		report_tap(report, file, test, result);
}

void sk_test_report_untested(const struct sk_test_rules *rules, struct sk_buffer *buffer)
{
	for (; rules; rules = rules->next) {
		uint32_t untested = 0;

		for (uint32_t i = 0; i < rules->bundle.rules_count; i++)
			untested += !rules->tested[i];
		if (!untested)
			continue;
		sk_buffer_printf(buffer, "%u of %u rules of %s%s have no test:\n", untested,
				 rules->bundle.rules_count, rules->paths[0], rules->path_count > 1 ? " ..." : "");
		for (uint32_t i = 0; i < rules->bundle.rules_count; i++) {
			if (!rules->tested[i])
				sk_buffer_printf(buffer, "  %s\n",
						 sk_bundle_text(&rules->bundle, rules->bundle.rules[i].name, NULL));
		}
	}
}

void sk_test_report_broken(struct sk_test_report *report, const char *path)
{
	const struct sk_test_file file = {.path = path};
	const struct sk_test_case test = {.name = "the file can be read"};
	struct sk_test_result result = {.verdict = SK_TEST_FAILED};

	report->broken_files++;
	/* TAP's plan says so; XML has no plan. */
	if (!report->junit)
		return;
	sk_buffer_append_text(&result.why, "the file has mistakes, which standard error shows\n");
	report_junit(report, &file, &test, &result);
	sk_buffer_release(&result.why);
}

void sk_test_report_end(struct sk_test_report *report)
{
	if (report->junit) {
		begin_junit(report);
		end_suite(report);
		sk_buffer_append_text(&report->text, "</testsuites>\n");
		return;
	}
	/* A plan that is not met is how TAP says that something is missing. */
	sk_buffer_printf(&report->text, "1..%u\n",
			 report->passed + report->failed + report->skipped + report->broken_files);
	sk_buffer_printf(&report->text, "# %u passed, %u failed, %u skipped\n", report->passed, report->failed,
			 report->skipped);
	if (report->broken_files)
		sk_buffer_printf(&report->text, "# %u file%s could not be read\n", report->broken_files,
				 report->broken_files == 1 ? "" : "s");
}

void sk_test_report_comment(struct sk_test_report *report, const struct sk_buffer *lines)
{
	append_comment(&report->text, lines);
}

void sk_test_report_release(struct sk_test_report *report)
{
	sk_buffer_release(&report->text);
}
