/* SPDX-License-Identifier: Apache-2.0 */
/* saker lsp: the language server on standard input and output. */
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/lsp/loop.h"
#include "vm/support/alloc.h"

static int serve(struct sk_command_line *line)
{
	struct sk_lsp_server server;
	const char *fault = "";
	char here[4096];
	int status;

	if (!getcwd(here, sizeof(here)))
		return sk_fail(SK_EXIT_INPUT, "the working directory: %s", strerror(errno));
	if (sk_lsp_server_init(&server, here, (const char *const *)line->argv, (size_t)line->argc) < 0)
		return sk_fail(SK_EXIT_MEMORY, "out of memory");
	status = sk_lsp_serve(&server, STDIN_FILENO, STDOUT_FILENO, &fault);
	if (status == 0)
		status = server.exit_status;
	else if (status == -EPROTO)
		status = sk_fail(SK_EXIT_INPUT, "standard input is no stream of LSP messages: %s", fault);
	else if (status == -ENOMEM)
		status = sk_fail(SK_EXIT_MEMORY, "out of memory");
	else
		status = sk_fail(SK_EXIT_OUTPUT, "standard input or output: %s", strerror(-status));
	sk_lsp_server_release(&server);
	return status;
}

static int run(struct sk_command_line *line)
{
	while (sk_command_line_next(line) != -1)
		;
	if (line->failed)
		return SK_EXIT_USAGE;
	json_set_alloc_funcs(sk_alloc, sk_free);
	return serve(line);
}

const struct sk_command sk_command_lsp = {
	.name = "lsp",
	.arguments = "[--stdio] [PACK]...",
	.summary = "serve editors: diagnostics, completion, hover, rename (Language Server Protocol)",
	.description =
		"Speaks the Language Server Protocol 3.17 on standard input and output. An editor starts it; see "
		"docs/editors.md for Neovim and VS Code.\n\n"
		"Files that are loaded together are checked together, in the order in which `saker lint` would be "
		"given them: the first of these that has the file that is edited. The packs that the editor names "
		"in "
		"initializationOptions, {\"packs\": [\"rules/\", \"local.yaml\"]}, relative to its workspace "
		"folder; "
		"if it names none, the PACKs of the command line. The list in the nearest file `.saker`, in the "
		"folder of the file or above it: one path of a rules file or a folder a line, relative to the "
		"list, "
		"# begins a comment. Otherwise a file stands alone.\n\n"
		"The exit status is 0 if the editor said `shutdown` before `exit`, 1 if it did not, and 3 if "
		"standard "
		"input is not such a stream.",
	.options =
		(const struct sk_option[]){
			{1000, "stdio", NULL, "nothing: standard input and output are what it uses"},
			{0},
		},
	.example = "  saker lsp rules/\n",
	.run = run,
};
