/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"

#include <ctype.h>
#include <string.h>

#include "cli/markdown.h"
#include "cli/version.h"

enum { LINE_WIDTH = 80, OPTION_COLUMN = 28 };

static const struct {
	int status;
	const char *meaning;
} exits[] = {
#define SK_EXIT(id, status, meaning) {status, meaning},
	SK_EXITS(SK_EXIT)
#undef SK_EXIT
};

static const char overview[] =
	"saker watches what the programs of a Linux host do, system call by system call, and says when a rule "
	"matches. Rules are Falco's: packs written for Falco load unchanged.";

/* Appends text wrapped at LINE_WIDTH, every line but the first indented. */
static void wrap(struct sk_buffer *buffer, const char *text, size_t indent, size_t column)
{
	while (*text) {
		size_t word = strcspn(text, " \n");

		if (column > indent && column + 1 + word > LINE_WIDTH) {
			sk_buffer_printf(buffer, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			sk_buffer_append_char(buffer, ' ');
			column++;
		}
		sk_buffer_append(buffer, text, word);
		column += word;
		text += word;
		if (text[0] == '\n' && text[1] == '\n') {
			sk_buffer_printf(buffer, "\n\n%*s", (int)indent, "");
			column = indent;
		}
		text += strspn(text, " \n");
	}
	sk_buffer_append_char(buffer, '\n');
}

static void print_option(struct sk_buffer *buffer, const struct sk_option *option)
{
	size_t start = buffer->length, column;

	if (option->id < 128 && isalnum(option->id))
		sk_buffer_printf(buffer, "  -%c, --%s", option->id, option->name);
	else
		sk_buffer_printf(buffer, "      --%s", option->name);
	if (option->argument)
		sk_buffer_printf(buffer, " %s", option->argument);
	column = buffer->length - start;
	if (column + 2 > OPTION_COLUMN)
		sk_buffer_printf(buffer, "\n%*s", OPTION_COLUMN, "");
	else
		sk_buffer_printf(buffer, "%*s", (int)(OPTION_COLUMN - column), "");
	wrap(buffer, option->help, OPTION_COLUMN, OPTION_COLUMN);
}

static void print_exits(struct sk_buffer *buffer)
{
	sk_buffer_append_text(buffer, "\nExit status:\n");
	for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++)
		sk_buffer_printf(buffer, "  %d  %s\n", exits[i].status, exits[i].meaning);
}

void sk_help_print(const struct sk_command *command, struct sk_buffer *buffer)
{
	if (!command) {
		wrap(buffer, overview, 0, 0);
		sk_buffer_append_text(buffer, "\nusage: saker COMMAND [OPTION]... [ARGUMENT]...\n\nCommands:\n");
		for (size_t i = 0; sk_commands[i]; i++)
			sk_buffer_printf(buffer, "  %-10s %s\n", sk_commands[i]->name, sk_commands[i]->summary);
		sk_buffer_append_text(buffer, "\n`saker COMMAND --help` explains a command.\n");
		print_exits(buffer);
		return;
	}
	sk_buffer_printf(buffer, "saker %s: %s\n\nusage: saker %s %s\n\n", command->name, command->summary,
			 command->name, command->arguments);
	wrap(buffer, command->description, 0, 0);
	if (command->options && command->options[0].name) {
		sk_buffer_append_text(buffer, "\nOptions:\n");
		for (const struct sk_option *option = command->options; option->name; option++)
			print_option(buffer, option);
	}
	if (command->example)
		sk_buffer_printf(buffer, "\nExamples:\n%s", command->example);
	print_exits(buffer);
}

/* troff reads a backslash and a dot or quote at the start of a line as its own. */
static void append_troff(struct sk_buffer *buffer, const char *text)
{
	bool line_start = true;

	for (; *text; text++) {
		if (line_start && (*text == '.' || *text == '\''))
			sk_buffer_append_text(buffer, "\\&");
		if (*text == '\\')
			sk_buffer_append_text(buffer, "\\e");
		else if (*text == '-')
			sk_buffer_append_text(buffer, "\\-");
		else
			sk_buffer_append_char(buffer, *text);
		line_start = *text == '\n';
	}
}

static void append_paragraphs(struct sk_buffer *buffer, const char *text)
{
	const char *gap;

	while ((gap = strstr(text, "\n\n"))) {
		struct sk_buffer paragraph = {0};

		sk_buffer_append(&paragraph, text, (size_t)(gap - text));
		append_troff(buffer, paragraph.bytes ? paragraph.bytes : "");
		sk_buffer_append_text(buffer, "\n.PP\n");
		sk_buffer_release(&paragraph);
		text = gap + 2;
	}
	append_troff(buffer, text);
	sk_buffer_append_char(buffer, '\n');
}

static void append_man_exits(struct sk_buffer *buffer)
{
	sk_buffer_append_text(buffer, ".SH EXIT STATUS\n");
	for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++)
		sk_buffer_printf(buffer, ".TP\n.B %d\n%s\n", exits[i].status, exits[i].meaning);
}

void sk_help_print_man(const struct sk_command *command, struct sk_buffer *buffer)
{
	const char *dash = command ? "-" : "", *name = command ? command->name : "";

	sk_buffer_printf(buffer, ".TH SAKER%s%s 1 \"\" \"saker %s\"\n.SH NAME\nsaker%s%s \\- ", dash, name,
			 SK_VERSION, dash, name);
	append_troff(buffer, command ? command->summary : "runtime security sensor that runs Falco rules");
	sk_buffer_append_text(buffer, "\n.SH SYNOPSIS\n.B saker ");
	append_troff(buffer, name);
	sk_buffer_append_char(buffer, '\n');
	append_troff(buffer, command ? command->arguments : "COMMAND [OPTION]... [ARGUMENT]...");
	sk_buffer_append_text(buffer, "\n.SH DESCRIPTION\n");
	append_paragraphs(buffer, command ? command->description : overview);
	if (!command) {
		sk_buffer_append_text(buffer, ".SH COMMANDS\n");
		for (size_t i = 0; sk_commands[i]; i++) {
			sk_buffer_printf(buffer, ".TP\n.BR saker-%s (1)\n", sk_commands[i]->name);
			append_troff(buffer, sk_commands[i]->summary);
			sk_buffer_append_char(buffer, '\n');
		}
	} else if (command->options && command->options[0].name) {
		sk_buffer_append_text(buffer, ".SH OPTIONS\n");
		for (const struct sk_option *option = command->options; option->name; option++) {
			sk_buffer_append_text(buffer, ".TP\n.B ");
			if (option->id < 128 && isalnum(option->id))
				sk_buffer_printf(buffer, "\\-%c, ", option->id);
			append_troff(buffer, "--");
			append_troff(buffer, option->name);
			if (option->argument)
				sk_buffer_printf(buffer, " %s", option->argument);
			sk_buffer_append_char(buffer, '\n');
			append_troff(buffer, option->help);
			sk_buffer_append_char(buffer, '\n');
		}
	}
	if (command && command->example) {
		sk_buffer_append_text(buffer, ".SH EXAMPLES\n.nf\n");
		append_troff(buffer, command->example);
		sk_buffer_append_text(buffer, ".fi\n");
	}
	append_man_exits(buffer);
}

static const struct sk_command *find_command(const char *name)
{
	for (size_t i = 0; sk_commands[i]; i++) {
		if (strcmp(sk_commands[i]->name, name) == 0)
			return sk_commands[i];
	}
	return NULL;
}

static int run(struct sk_command_line *line)
{
	const struct sk_command *command = NULL;
	struct sk_buffer page = {0};
	bool man = false, language = false;
	int id, status;

	while ((id = sk_command_line_next(line)) != -1) {
		man |= id == 'm';
		language |= id == 'l';
	}
	if (line->failed)
		return SK_EXIT_USAGE;
	if (line->argc > 0) {
		command = find_command(line->argv[0]);
		if (!command)
			return sk_command_usage(line, "there is no command '%s'", line->argv[0]);
	}
	if (language)
		sk_markdown_language(&page);
	else if (man)
		sk_help_print_man(command, &page);
	else
		sk_help_print(command, &page);
	status = sk_print(&page);
	sk_buffer_release(&page);
	return status;
}

const struct sk_command sk_command_help = {
	.name = "help",
	.arguments = "[--man | --language] [COMMAND]",
	.summary = "explain a command",
	.description = "Shows the page of a command, or without one the list of all commands.",
	.options =
		(const struct sk_option[]){
			{'m', "man", NULL, "print it as a man page, for man(1) -l"},
			{'l', "language", NULL, "print the reference of the rule language, in Markdown"},
			{0},
		},
	.run = run,
};
