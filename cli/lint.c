/* SPDX-License-Identifier: Apache-2.0 */
/* saker lint: everything that there is to say about packs. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/rules.h"
#include "compiler/lint/lint.h"

static int run(struct sk_command_line *line)
{
	struct sk_rules rules;
	int id, status = SK_EXIT_USAGE;

	sk_rules_init(&rules);
	while ((id = sk_command_line_next(line)) != -1)
		sk_rules_take_option(&rules, line, id);
	if (line->failed)
		goto out;
	for (int i = 0; i < line->argc; i++)
		sk_rules_add_pack(&rules, line->argv[i]);
	if (!rules.pack_count) {
		sk_command_usage(line, "no pack given");
		goto out;
	}
	struct sk_lint_report report = {0};
	status = sk_lint_files(rules.packs, rules.pack_count, NULL, &rules.diagnostics, &rules.summary, &report) < 0;
	struct sk_buffer text = {0};
	sk_diagnostics_print(&rules.diagnostics, false, &text);
	if (text.length) fwrite(text.bytes, 1, text.length, stderr);

	if (status == SK_EXIT_OK)
		printf("%u rules, %u macros, %u lists: 0 errors, %u warning%s\n", rules.summary.rules,
		       rules.summary.macros, rules.summary.lists, rules.diagnostics.warnings,
		       rules.diagnostics.warnings == 1 ? "" : "s");
out:
	sk_rules_release(&rules);
	return status;
}

const struct sk_command sk_command_lint = {
	.name = "lint",
	.arguments = "PACK...",
	.summary = "check packs and say what is wrong with them",
	.description =
		"Reads packs as `saker compile` does and reports every error and warning with its file, line and "
		"column, "
		"the line itself, and what would be right where that can be told. Disabled rules are checked too.",
	.options = (const struct sk_option[]){{0}},
	.example = "  saker lint rules/\n",
	.run = run,
};
