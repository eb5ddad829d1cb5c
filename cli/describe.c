/* SPDX-License-Identifier: Apache-2.0 */
/* saker describe: what packs are made of. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/describe/render.h"
#include "cli/rules.h"

static const struct form {
	const char *name;
	int (*render)(const struct sk_description *description, struct sk_buffer *buffer);
} forms[] = {
	{"text", sk_render_text},
	{"json", sk_render_json},
	{"markdown", sk_render_markdown},
	{"navigator", sk_render_navigator},
};

static const struct form *find_form(struct sk_command_line *line)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		if (strcmp(forms[i].name, line->value) == 0)
			return &forms[i];
	}
	sk_command_usage(line, "'%s' is no format: text, json, markdown or navigator", line->value);
	line->failed = true;
	return NULL;
}

struct rule_names {
	const struct sk_description *description;
	uint32_t next;
};

static const char *next_rule(void *state)
{
	struct rule_names *names = state;

	return names->next < names->description->rule_count ? names->description->rules[names->next++].name : NULL;
}

static int refuse_rule(const struct sk_description *description, const char *rule)
{
	struct rule_names names = {.description = description};
	const char *close = sk_suggest(rule, strlen(rule), next_rule, &names);

	return sk_fail(SK_EXIT_USAGE, "there is no rule '%s'%s%s%s", rule, close ? "; did you mean '" : "",
		       close ? close : "", close ? "'?" : "");
}

static int print(const struct sk_pack *pack, const struct form *form, const char *rule)
{
	struct sk_description description;
	struct sk_buffer text = {0};
	int error = sk_describe_pack(pack, &description), status;

	if (error == 0 && rule)
		error = sk_describe_only(&description, rule);
	if (error == -ENOENT)
		return refuse_rule(&description, rule);
	if (error == 0)
		error = form->render(&description, &text);
	status = error < 0 ? sk_fail(SK_EXIT_MEMORY, "out of memory") : sk_print(&text);
	sk_buffer_release(&text);
	return status;
}

/* Warnings are for `saker lint`; errors are said, and there is nothing to describe. */
static int describe(struct sk_rules *rules, const struct form *form, const char *rule)
{
	struct sk_pack pack = {0};
	struct sk_compile_options options = {.priority = 7, .check_only = true, .ret_pack = &pack};
	int error = sk_compile_files(rules->packs, rules->pack_count, &options, &rules->diagnostics,
				     &rules->compiled, NULL);

	if (error == -ENOMEM)
		return sk_fail(SK_EXIT_MEMORY, "out of memory");
	if (error == 0)
		return print(&pack, form, rule);
	sk_print_diagnostics(&rules->diagnostics);
	return SK_EXIT_FINDINGS;
}

static int run(struct sk_command_line *line)
{
	const struct form *form = &forms[0];
	const char *rule = NULL;
	struct sk_rules rules;
	int id, status = SK_EXIT_USAGE;

	sk_rules_init(&rules);
	while ((id = sk_command_line_next(line)) != -1) {
		if (id == 'f')
			form = find_form(line);
		else if (id == 'n')
			rule = line->value;
	}
	if (line->failed)
		goto out;
	for (int i = 0; i < line->argc; i++) {
		if (!sk_rules_add_pack(&rules, line->argv[i])) {
			status = sk_fail(SK_EXIT_MEMORY, "out of memory");
			goto out;
		}
	}
	status = rules.pack_count ? describe(&rules, form, rule) : sk_command_usage(line, "no pack given");
out:
	sk_rules_release(&rules);
	return status;
}

const struct sk_command sk_command_describe = {
	.name = "describe",
	.arguments = "[--format FORMAT] [--rule NAME] PACK...",
	.summary = "say what rules, macros and lists use",
	.description =
		"Reads packs as `saker compile` does and lists their rules, macros and lists: with what they use "
		"(fields, operators, transformers, macros, lists, event types), what uses them, and of rules their "
		"priority, tags, exceptions and whether they are enabled. Appends and overrides of later packs are "
		"in it.\n\n"
		"ATT&CK techniques are tags such as T1059 or T1003.008, tactics are tags such as "
		"mitre_credential_access. The format `navigator` is a layer (4.5) for the ATT&CK Navigator: of "
		"each "
		"technique how many rules have it, with their names. docs/describe.md has the keys of `json`.",
	.options =
		(const struct sk_option[]){
			{'f', "format", "FORMAT", "text (default), json, markdown or navigator"},
			{'n', "rule", "NAME", "only this rule, and the macros and lists that it uses"},
			{0},
		},
	.example = "  saker describe --rule 'Password hashes read' rules/\n"
		   "  saker describe --format navigator rules/ > layer.json\n",
	.run = run,
};
