/* SPDX-License-Identifier: Apache-2.0 */
/* saker lint: everything that there is to say about packs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/lint_format.h"
#include "cli/rules.h"

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_SARIF };

struct lint {
	struct sk_rules rules;
	struct sk_lint_report report;
	enum format format;
	bool strict, costs, findings;
};

static void set_format(struct lint *lint, struct sk_command_line *line)
{
	static const char *const names[] = {"text", "json", "sarif"};

	for (int i = 0; i < 3; i++) {
		if (strcmp(line->value, names[i]) == 0) {
			lint->format = (enum format)i;
			return;
		}
	}
	sk_command_usage(line, "'%s' is no format: text, json or sarif", line->value);
	line->failed = true;
}

static void take_option(struct lint *lint, struct sk_command_line *line, int id)
{
	switch (id) {
	case 's':
		lint->strict = true;
		break;
	case 'f':
		set_format(lint, line);
		break;
	case 'c':
		lint->costs = true;
		break;
	case 'F':
		lint->findings = true;
		break;
	default:
		break;
	}
}

/* Findings go to stderr as those of every command do, what is asked for besides to stdout. */
static void print_text(const struct lint *lint, const struct sk_lint_result *result, bool compiled,
		       struct sk_buffer *output)
{
	const struct sk_diagnostics *diagnostics = result->diagnostics;

	output->failed |= !sk_print_diagnostics(diagnostics);
	if (lint->costs)
		sk_lint_print_costs(result, output);
	if (!compiled) {
		fprintf(stderr, "saker: %u error%s, %u warning%s\n", diagnostics->errors,
			diagnostics->errors == 1 ? "" : "s", diagnostics->warnings,
			diagnostics->warnings == 1 ? "" : "s");
		return;
	}
	sk_buffer_printf(output, "%u rules, %u macros, %u lists: %u errors, %u warning%s", result->summary->rules,
			 result->summary->macros, result->summary->lists, diagnostics->errors,
			 diagnostics->warnings, diagnostics->warnings == 1 ? "" : "s");
	if (lint->report.allowed_count)
		sk_buffer_printf(output, ", %u allowed", lint->report.allowed_count);
	sk_buffer_append_char(output, '\n');
}

static int lint_packs(struct lint *lint)
{
	struct sk_rules *rules = &lint->rules;
	const int error = sk_lint_files(rules->packs, rules->pack_count, NULL, &rules->diagnostics, &rules->summary,
					&lint->report);
	const struct sk_lint_result result = {.diagnostics = &rules->diagnostics,
					      .summary = &rules->summary,
					      .report = &lint->report,
					      .strict = lint->strict};
	struct sk_buffer output = {0};
	int status = SK_EXIT_OK;

	if (error == -ENOMEM || rules->diagnostics.out_of_memory)
		return sk_fail(SK_EXIT_MEMORY, "out of memory");
	if (error < 0 && !rules->diagnostics.errors)
		return sk_fail(SK_EXIT_FINDINGS, "%s", strerror(-error));
	switch (lint->format) {
	case FORMAT_TEXT:
		print_text(lint, &result, error == 0, &output);
		break;
	case FORMAT_JSON:
		sk_lint_print_json(&result, &output);
		break;
	case FORMAT_SARIF:
		sk_lint_print_sarif(&result, &output);
		break;
	}
	if (output.length || output.failed)
		status = sk_print(&output);
	sk_buffer_release(&output);
	if (status != SK_EXIT_OK)
		return status;
	return error < 0 || (lint->strict && rules->diagnostics.warnings) ? SK_EXIT_FINDINGS : SK_EXIT_OK;
}

static int print_findings(void)
{
	struct sk_buffer table = {0};
	int status;

	sk_lint_print_findings(&table);
	status = sk_print(&table);
	sk_buffer_release(&table);
	return status;
}

static int run(struct sk_command_line *line)
{
	struct lint lint = {.format = FORMAT_TEXT};
	int id, status = SK_EXIT_USAGE;

	sk_rules_init(&lint.rules);
	while ((id = sk_command_line_next(line)) != -1)
		take_option(&lint, line, id);
	for (int i = 0; !line->failed && i < line->argc; i++) {
		if (!sk_rules_add_pack(&lint.rules, line->argv[i])) {
			status = sk_fail(SK_EXIT_MEMORY, "out of memory");
			line->failed = true;
		}
	}
	if (!line->failed && lint.findings)
		status = print_findings();
	else if (!line->failed && !lint.rules.pack_count)
		status = sk_command_usage(line, "no pack given");
	else if (!line->failed)
		status = lint_packs(&lint);
	sk_rules_release(&lint.rules);
	return status;
}

const struct sk_command sk_command_lint = {
	.name = "lint",
	.arguments = "[--strict] [--format FORMAT] PACK...",
	.summary = "check packs and say what is wrong with them",
	.description =
		"Reads packs as `saker compile` does and reports every error and warning with its file, line and "
		"column, the line itself, and what would be right where that can be told. Disabled rules are "
		"checked "
		"too.\n\n"
		"If there is no error, the meaning of conditions is looked at: rules that can never match or "
		"always do, rules that an earlier one hides, exceptions that leave nothing of their rule, "
		"comparisons that contradict each other or decide nothing, fields that the events do not have, "
		"process names that are too long to be any. What is said of events is proven, not guessed. "
		"docs/lint.md describes every finding, and --findings prints that table.\n\n"
		"A comment in the pack allows a finding, if it says why: `# saker: allow CODE because REASON`, "
		"behind the line or above the item, key or element that it is about. One that allows nothing is "
		"a finding itself.\n\n"
		"Findings of the text format go to standard error; json and sarif go to standard output whole. "
		"JSON has the cost of every rule besides; SARIF is version 2.1.0.",
	.options =
		(const struct sk_option[]){
			{'s', "strict", NULL, "fail (exit status 1) on warnings too"},
			{'f', "format", "FORMAT", "text (default), json or sarif"},
			{'c', "cost", NULL,
			 "print what each rule costs, dearest first: about how long its comparisons take for each "
			 "event, and the first time for a process, if all of them are made"},
			{'F', "findings", NULL, "print the table of what can be found, and do nothing else"},
			{0},
		},
	.example = "  saker lint rules/\n"
		   "  saker lint --strict --format sarif rules/ > lint.sarif\n"
		   "  saker lint --cost falco_rules.yaml\n",
	.run = run,
};
