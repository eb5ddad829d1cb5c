/* SPDX-License-Identifier: Apache-2.0 */
/* saker: picks the subcommand. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/help.h"
#include "cli/version.h"
#include "grammar/diagnostic.h"

#define SK_COMMAND(name) extern const struct sk_command sk_command_##name;
#include "cli/commands.def"

const struct sk_command *const sk_commands[] = {
#define SK_COMMAND(name) &sk_command_##name,
#include "cli/commands.def"
	NULL,
};

static const char *next_command_name(void *state)
{
	size_t *index = state;

	return sk_commands[*index] ? sk_commands[(*index)++]->name : NULL;
}

static int unknown_command(const char *name)
{
	size_t index = 0;
	const char *close = sk_suggest(name, strlen(name), next_command_name, &index);

	fprintf(stderr, "saker: there is no command '%s'", name);
	if (close)
		fprintf(stderr, "; did you mean '%s'?", close);
	fputs("\n`saker --help` lists the commands\n", stderr);
	return SK_EXIT_USAGE;
}

/* --help is understood anywhere before "--", by every command. */
static bool asks_for_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--help") == 0)
			return true;
	}
	return false;
}

static int print_help(const struct sk_command *command)
{
	struct sk_buffer page = {0};
	int status;

	sk_help_print(command, &page);
	status = sk_print(&page);
	sk_buffer_release(&page);
	return status;
}

int main(int argc, char **argv)
{
	/* A reader that goes away is a failed write, with an exit status. */
	signal(SIGPIPE, SIG_IGN);

	if (argc < 2) {
		fputs("usage: saker COMMAND [OPTION]... [ARGUMENT]...\n`saker --help` lists the commands\n",
		      stderr);
		return SK_EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return print_help(NULL);
	if (strcmp(argv[1], "--version") == 0) {
		puts("saker " SK_VERSION);
		return SK_EXIT_OK;
	}
	for (size_t i = 0; sk_commands[i]; i++) {
		struct sk_command_line line = {.command = sk_commands[i], .argc = argc - 1, .argv = argv + 1};

		if (strcmp(sk_commands[i]->name, argv[1]) != 0)
			continue;
		return asks_for_help(line.argc, line.argv) ? print_help(sk_commands[i])
							   : sk_commands[i]->run(&line);
	}
	return unknown_command(argv[1]);
}
