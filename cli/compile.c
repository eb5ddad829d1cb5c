/* SPDX-License-Identifier: Apache-2.0 */
/* saker compile: packs to a bundle. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/replace_file.h"
#include "cli/rules.h"

static int run(struct sk_command_line *line)
{
	struct sk_rules rules;
	const char *output = NULL;
	bool quiet = false;
	int id, status = SK_EXIT_USAGE;

	sk_rules_init(&rules);
	while ((id = sk_command_line_next(line)) != -1) {
		if (id == 'o')
			output = line->value;
		else if (id == 'q')
			quiet = true;
		else
			sk_rules_take_option(&rules, line, id);
	}
	if (line->failed)
		goto out;
	for (int i = 0; i < line->argc; i++)
		sk_rules_add_pack(&rules, line->argv[i]);
	if (!rules.pack_count) {
		sk_command_usage(line, "no pack given");
		goto out;
	}
	if (!output) {
		sk_command_usage(line, "no output given: -o FILE.skb");
		goto out;
	}
	status = sk_rules_compile(&rules);
	if (status == SK_EXIT_OK)
		status = sk_replace_file(output, &rules.compiled, NULL);
	if (status == SK_EXIT_OK && !quiet)
		fprintf(stderr, "%s: %u rules, %u predicates, %zu bytes\n", output, rules.summary.rules_enabled,
			rules.summary.predicates, rules.compiled.length);
out:
	sk_rules_release(&rules);
	return status;
}

const struct sk_command sk_command_compile = {
	.name = "compile",
	.arguments = "[OPTION]... PACK... -o FILE.skb",
	.summary = "compile packs into a bundle",
	.description = "Reads Falco-compatible packs (files, or directories whose *.yaml and *.yml are taken by "
		       "name), in the "
		       "order given, as if they were one, and writes one bundle of the rules that are enabled. The "
		       "same packs "
		       "give the same bytes.\n\n"
		       "Errors and warnings go to standard error; after an error nothing is written.",
	.options =
		(const struct sk_option[]){
			{'o', "output", "FILE", "the bundle to write"},
			SK_SELECTION_OPTIONS,
			{'q', "quiet", NULL, "do not say what was written"},
			{0},
		},
	.example = "  saker compile rules/*.yaml -o default.skb\n"
		   "  saker compile falco_rules.yaml local.yaml --disable '*' --enable-tag filesystem -o fs.skb\n",
	.run = run,
};
