/* SPDX-License-Identifier: Apache-2.0 */
/* saker fields: what a condition or an output can ask for. */
#include <string.h>

#include "cli/command.h"
#include "cli/markdown.h"
#include "vm/schema/schema.h"

static bool wanted(const struct sk_field_info *field, const struct sk_command_line *line)
{
	for (int i = 0; i < line->argc; i++) {
		if (strncmp(field->name, line->argv[i], strlen(line->argv[i])) == 0)
			return true;
	}
	return line->argc == 0;
}

static int run(struct sk_command_line *line)
{
	struct sk_buffer text = {0};
	bool names_only = false, ready_only = false, markdown = false;
	int id, status;

	while ((id = sk_command_line_next(line)) != -1) {
		names_only |= id == 'N';
		markdown |= id == 'm';
		ready_only |= id == 'a';
	}
	if (line->failed)
		return SK_EXIT_USAGE;
	if (markdown)
		sk_markdown_fields(&text);
	for (int i = 0; i < SK_FIELD_COUNT && !markdown; i++) {
		const struct sk_field_info *field = &sk_fields[i];

		if (!wanted(field, line) || (ready_only && field->availability != SK_AVAILABILITY_READY))
			continue;
		if (names_only) {
			sk_buffer_printf(&text, "%s\n", field->name);
			continue;
		}
		sk_buffer_printf(&text, "%s%s\n    %s%s, %s scope", field->name, sk_argument_forms[field->argument],
				 sk_types[field->type].name, field->list ? " list" : "",
				 sk_scope_names[field->scope]);
		if (field->flags & SK_FIELD_FLAG_FILTER_ONLY)
			sk_buffer_append_text(&text, ", prints no value");
		if (field->flags & SK_FIELD_FLAG_PRINT_ONLY)
			sk_buffer_append_text(&text, ", outputs only");
		if (field->availability != SK_AVAILABILITY_READY)
			sk_buffer_printf(&text, ", %s", sk_availability_names[field->availability]);
		sk_buffer_printf(&text, "\n    %s\n", field->meaning);
		if (field->flags & SK_FIELD_FLAG_READING)
			sk_buffer_append_text(&text,
					      "    depends on when the same comparison or token read it last\n");
	}
	if (!text.length && !text.failed)
		status = sk_fail(SK_EXIT_USAGE, "no field begins with that");
	else
		status = sk_print(&text);
	sk_buffer_release(&text);
	return status;
}

const struct sk_command sk_command_fields = {
	.name = "fields",
	.arguments = "[OPTION]... [PREFIX]...",
	.summary = "list the fields that conditions and outputs can use",
	.description =
		"Lists every field with its arguments, type, scope and meaning; with a PREFIX, those whose names "
		"begin with it. The scope is how often a field's value can change: with the thread, its ancestors, "
		"the fd, or every event.",
	.options =
		(const struct sk_option[]){
			{'a', "available", NULL, "only fields that have values"},
			{'N', "names", NULL, "only the names"},
			{'m', "markdown", NULL, "all of them as the page docs/fields.md"},
			{0},
		},
	.example = "  saker fields proc.\n",
	.run = run,
};
