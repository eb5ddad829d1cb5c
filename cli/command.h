/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subcommands.  Each describes itself once, in a `struct sk_command`: its
 * options are parsed, its --help and its man page are written from that.
 */
#ifndef SK_CLI_COMMAND_H
#define SK_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "grammar/diagnostic.h"
#include "vm/support/buffer.h"

/*
 * SK_EXIT(id, status, meaning): what a script can rely on.
 */
#define SK_EXITS(SK_EXIT)                                                                                          \
	SK_EXIT(OK, 0, "all went well")                                                                            \
	SK_EXIT(FINDINGS, 1, "a pack has errors or fails what --strict or --check asks, or a rule test fails")     \
	SK_EXIT(USAGE, 2, "the command line is wrong")                                                             \
	SK_EXIT(INPUT, 3, "a bundle or capture cannot be read, or is damaged")                                     \
	SK_EXIT(REFUSED, 4, "the kernel or the user's rights do not allow watching")                               \
	SK_EXIT(OUTPUT, 5, "something could not be written")                                                       \
	SK_EXIT(MEMORY, 6, "out of memory")

enum sk_exit {
#define SK_EXIT(id, status, meaning) SK_EXIT_##id = (status),
	SK_EXITS(SK_EXIT)
#undef SK_EXIT
};

struct sk_option {
	int id;               /* what sk_command_line_next() returns; the letter where there is one */
	const char *name;     /* long form, without dashes */
	const char *argument; /* name of its argument in help; NULL without one */
	const char *help;
};

struct sk_command_line;

struct sk_command {
	const char *name;
	const char *arguments;                    /* "PACK... -o FILE.skb" */
	const char *summary;                      /* one line, no full stop */
	const char *description;                  /* paragraphs, separated by an empty line */
	const char *example;                      /* lines a user could type; NULL without */
	const struct sk_option *options;          /* up to one with name == NULL */
	int (*run)(struct sk_command_line *line); /* returns an enum sk_exit */
};

/* All subcommands, up to NULL, in the order of help. */
extern const struct sk_command *const sk_commands[];

/* A command line that is being read. */
struct sk_command_line {
	const struct sk_command *command;
	int argc;
	char **argv;
	void *getopt_options; /* struct option[] */
	char *letters;
	bool failed;       /* a mistake was reported; the command returns SK_EXIT_USAGE */
	const char *value; /* argument of the option just returned */
};

/*
 * The id of the next option, its argument in `value`; -1 after the last one,
 * when argv holds only `argc` operands.  Mistakes are reported on stderr and
 * set `failed`.
 */
int sk_command_line_next(struct sk_command_line *line);

/*
 * The argument of the option just returned as a number; if it is none from
 * `least` to `most`, that is reported, sets `failed` and gives 0.
 */
uint64_t sk_command_line_number(struct sk_command_line *line, const char *option, uint64_t least, uint64_t most);

/* Reports a mistake in the command line, with where to read more. */
int sk_command_usage(const struct sk_command_line *line, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* "saker: ..." on stderr; returns `status`. */
int sk_fail(enum sk_exit status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes all bytes of a buffer.  0 or a negative errno. */
int sk_write_all(int fd, const struct sk_buffer *buffer);

/* Writes a buffer to stdout; SK_EXIT_OK, or SK_EXIT_OUTPUT with a message. */
int sk_print(const struct sk_buffer *buffer);

/* Writes what was found to stderr as people read it; false if out of memory. */
bool sk_print_diagnostics(const struct sk_diagnostics *diagnostics);

/* True if colours suit this stream: a terminal, and NO_COLOR is not set. */
bool sk_wants_color(int fd);

#endif
