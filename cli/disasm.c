/* SPDX-License-Identifier: Apache-2.0 */
/* saker disasm: a bundle as text. */
#include "cli/command.h"
#include "compiler/disassemble.h"

static int run(struct sk_command_line *line)
{
	struct sk_bundle bundle;
	struct sk_buffer text = {0};
	struct sk_error error = {0};
	int status;

	while (sk_command_line_next(line) != -1)
		;
	if (line->failed)
		return SK_EXIT_USAGE;
	if (line->argc != 1)
		return sk_command_usage(line, "one bundle, please");
	if (sk_bundle_open(line->argv[0], &bundle, &error) < 0)
		return sk_fail(SK_EXIT_INPUT, "%s: %s", line->argv[0], error.message);
	sk_disassemble(&bundle, &text);
	status = sk_print(&text);
	sk_buffer_release(&text);
	sk_bundle_close(&bundle);
	return status;
}

const struct sk_command sk_command_disasm = {
	.name = "disasm",
	.arguments = "FILE.skb",
	.summary = "print a bundle readably",
	.description =
		"Prints what a bundle holds: its sections, its predicates, and for each rule the source line, the "
		"event types it is tried on, and the instructions of its condition and its output.",
	.options = (const struct sk_option[]){{0}},
	.run = run,
};
