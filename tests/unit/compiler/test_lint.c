/* SPDX-License-Identifier: Apache-2.0 */
/* What the linter says about the packs of tests/lint/: expected_packs.h.  Each has near misses too. */
#include "compiler/lint/lint.h"
#include "tests/unit/compiler/expected_packs.h"

static int lint(const char *path, struct sk_diagnostics *diagnostics)
{
	struct sk_lint_report report = {0};

	return sk_lint_files(&path, 1, NULL, diagnostics, NULL, &report);
}

TEST(findings_are_where_packs_expect_them_and_nowhere_else)
{
	check_packs("tests/lint", 12, lint);
}

TEST_MAIN(RUN(findings_are_where_packs_expect_them_and_nowhere_else))
