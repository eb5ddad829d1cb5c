/* SPDX-License-Identifier: Apache-2.0 */
/* What lint found, for programs to read. */
#ifndef SK_CLI_LINT_FORMAT_H
#define SK_CLI_LINT_FORMAT_H

#include <jansson.h>

#include "compiler/lint/lint.h"

struct sk_lint_result {
	const struct sk_diagnostics *diagnostics;
	const struct sk_compile_summary *summary;
	const struct sk_lint_report *report;
	bool strict; /* warnings count as errors */
};

/*
 * Appends one JSON object and a newline: as docs/lint.md describes it, or
 * SARIF 2.1.0.  `buffer` has failed if there is no memory.
 */
void sk_lint_print_json(const struct sk_lint_result *result, struct sk_buffer *buffer);
void sk_lint_print_sarif(const struct sk_lint_result *result, struct sk_buffer *buffer);

/* Appends what `root` says, which may be NULL for lack of memory and is given up. */
void sk_lint_append_json(json_t *root, struct sk_buffer *buffer);

/* The costs of rules as a table, dearest first. */
void sk_lint_print_costs(const struct sk_lint_result *result, struct sk_buffer *buffer);

/* The table of findings as docs/lint.md has it. */
void sk_lint_print_findings(struct sk_buffer *buffer);

#endif
