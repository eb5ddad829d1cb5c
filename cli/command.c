/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vm/support/alloc.h"

static size_t count_options(const struct sk_command *command)
{
	size_t count = 0;

	while (command->options && command->options[count].name)
		count++;
	return count;
}

/* getopt's own tables, from ours; freed with the last option. */
static bool prepare(struct sk_command_line *line)
{
	size_t count = count_options(line->command), at = 1;
	struct option *table = sk_alloc_zeroed(count + 1, sizeof(*table));
	char *letters = sk_alloc_zeroed(count * 2 + 2, 1);

	line->getopt_options = table;
	line->letters = letters;
	if (!table || !letters)
		return false;
	letters[0] = ':'; /* a missing argument is ours to report */
	for (size_t i = 0; i < count; i++) {
		const struct sk_option *option = &line->command->options[i];

		table[i] = (struct option){
			.name = option->name,
			.has_arg = option->argument ? required_argument : no_argument,
			.val = option->id,
		};
		if (option->id < 128 && isalnum(option->id)) {
			letters[at++] = (char)option->id;
			if (option->argument)
				letters[at++] = ':';
		}
	}
	opterr = 0;
	optind = 1;
	return true;
}

int sk_command_line_next(struct sk_command_line *line)
{
	int id;

	if (!line->getopt_options && !prepare(line)) {
		line->failed = true;
		return -1;
	}
	id = getopt_long(line->argc, line->argv, line->letters, line->getopt_options, NULL);
	line->value = optarg;
	if (id == '?' || id == ':') {
		const char *word = line->argv[optind - 1];

		sk_command_usage(line, id == ':' ? "%s needs an argument" : "there is no option %s", word);
		line->failed = true;
		id = -1;
	}
	if (id == -1) {
		line->argv += optind;
		line->argc -= optind;
		sk_free(line->getopt_options);
		sk_free(line->letters);
		line->getopt_options = NULL;
		line->letters = NULL;
	}
	return id;
}

static void complain(const char *format, va_list arguments)
{
	fputs("saker: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

int sk_command_usage(const struct sk_command_line *line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	complain(format, arguments);
	va_end(arguments);
	fprintf(stderr, "usage: saker %s %s\n", line->command->name, line->command->arguments);
	fprintf(stderr, "`saker %s --help` explains it\n", line->command->name);
	return SK_EXIT_USAGE;
}

uint64_t sk_command_line_number(struct sk_command_line *line, const char *option, uint64_t least, uint64_t most)
{
	char *end;
	unsigned long long number;

	errno = 0;
	number = strtoull(line->value, &end, 10);
	if (errno || end == line->value || *end || line->value[0] == '-' || number < least || number > most) {
		sk_command_usage(line, "%s is a number from %" PRIu64 " to %" PRIu64, option, least, most);
		line->failed = true;
		return 0;
	}
	return number;
}

int sk_fail(enum sk_exit status, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	complain(format, arguments);
	va_end(arguments);
	return status;
}

int sk_write_all(int fd, const struct sk_buffer *buffer)
{
	size_t written = 0;

	while (written < buffer->length) {
		ssize_t count = write(fd, buffer->bytes + written, buffer->length - written);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return -errno;
		written += (size_t)count;
	}
	return 0;
}

int sk_print(const struct sk_buffer *buffer)
{
	int error;

	if (buffer->failed)
		return sk_fail(SK_EXIT_MEMORY, "out of memory");
	error = sk_write_all(STDOUT_FILENO, buffer);
	return error < 0 ? sk_fail(SK_EXIT_OUTPUT, "standard output: %s", strerror(-error)) : SK_EXIT_OK;
}

bool sk_wants_color(int fd)
{
	const char *no_color = getenv("NO_COLOR");

	return isatty(fd) && !(no_color && *no_color);
}

bool sk_print_diagnostics(const struct sk_diagnostics *diagnostics)
{
	struct sk_buffer text = {0};
	bool failed;

	sk_diagnostics_print(diagnostics, sk_wants_color(STDERR_FILENO), &text);
	if (text.length)
		fwrite(text.bytes, 1, text.length, stderr);
	failed = text.failed;
	sk_buffer_release(&text);
	return !failed;
}
