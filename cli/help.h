/* SPDX-License-Identifier: Apache-2.0 */
/* What --help shows and what the man pages say, from one description. */
#ifndef SK_CLI_HELP_H
#define SK_CLI_HELP_H

#include "cli/command.h"

/* The page of one command, or with NULL the overview of all. */
void sk_help_print(const struct sk_command *command, struct sk_buffer *buffer);

/* The same as a man page, in troff. */
void sk_help_print_man(const struct sk_command *command, struct sk_buffer *buffer);

extern const struct sk_command sk_command_help;

#endif
