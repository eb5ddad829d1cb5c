/* SPDX-License-Identifier: Apache-2.0 */
/* saker fmt: packs in their layout. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/diff.h"
#include "cli/replace_file.h"
#include "compiler/format/format.h"
#include "compiler/read_file.h"
#include "compiler/yaml.h"

struct fmt {
	bool check, diff;
	struct sk_arena arena;
	struct sk_sources sources;
	struct sk_diagnostics diagnostics;
	struct sk_buffer output; /* for standard output */
	int status;
};

/* The first thing that went wrong decides, but a check that fails says less than an error. */
static void worsen(struct fmt *fmt, int status)
{
	if (status != SK_EXIT_OK && (fmt->status == SK_EXIT_OK || status > fmt->status))
		fmt->status = status;
}

/* What becomes of a file that is laid out now. */
static int deliver(struct fmt *fmt, const char *path, const char *name, const char *before, size_t length,
		   const struct sk_buffer *after)
{
	bool same = length == after->length && (!length || memcmp(before, after->bytes, length) == 0);
	struct stat like;

	if (fmt->diff && !same &&
	    sk_diff(name, before, length, after->bytes ? after->bytes : "", after->length, &fmt->output) < 0)
		return sk_fail(SK_EXIT_MEMORY, "out of memory");
	if (fmt->check && !same && !fmt->diff)
		sk_buffer_printf(&fmt->output, "%s\n", name);
	if (fmt->check)
		return same ? SK_EXIT_OK : SK_EXIT_FINDINGS;
	if (fmt->diff)
		return SK_EXIT_OK;
	if (!path) {
		sk_buffer_append(&fmt->output, after->bytes, after->length);
		return SK_EXIT_OK;
	}
	if (same)
		return SK_EXIT_OK;
	if (stat(path, &like) < 0)
		return sk_fail(SK_EXIT_OUTPUT, "%s: %s", path, strerror(errno));
	return sk_replace_file(path, after, &like);
}

/* `path` is NULL for standard input. */
static int format_bytes(struct fmt *fmt, const char *path, const char *name, const char *bytes, size_t length)
{
	struct sk_buffer text = {0};
	int status = SK_EXIT_FINDINGS;
	int result = sk_format_pack(name, bytes, length, &fmt->diagnostics, &text);

	if (result == 0)
		status = deliver(fmt, path, name, bytes, length, &text);
	else if (result == -ENOMEM)
		status = sk_fail(SK_EXIT_MEMORY, "out of memory");
	sk_buffer_release(&text);
	return status;
}

static int read_input(struct sk_buffer *bytes)
{
	ssize_t count = 1;

	while (count != 0) {
		/* One byte more than is allowed: then it is refused, not cut off. */
		if (bytes->length > SK_YAML_SIZE_LIMIT)
			return SK_EXIT_OK;
		if (!sk_buffer_reserve(bytes, 65536))
			return sk_fail(SK_EXIT_MEMORY, "out of memory");
		count = read(STDIN_FILENO, bytes->bytes + bytes->length, 65536);
		if (count < 0 && errno != EINTR)
			return sk_fail(SK_EXIT_INPUT, "standard input: %s", strerror(errno));
		if (count > 0)
			bytes->length += (size_t)count;
	}
	return SK_EXIT_OK;
}

static int format_input(struct fmt *fmt)
{
	struct sk_buffer bytes = {0};
	int status = read_input(&bytes);

	if (status == SK_EXIT_OK)
		status = format_bytes(fmt, NULL, "<stdin>", bytes.bytes ? bytes.bytes : "", bytes.length);
	sk_buffer_release(&bytes);
	return status;
}

static int format_file(struct fmt *fmt, const char *name)
{
	const struct sk_source_file *file;
	int result = sk_source_read(name, &fmt->diagnostics, &file), status;
	char *path;

	if (result == -ENOMEM)
		return sk_fail(SK_EXIT_MEMORY, "out of memory");
	if (result < 0)
		return SK_EXIT_FINDINGS;
	/* Through a link, the file that it leads to is replaced, not the link. */
	path = realpath(name, NULL);
	if (!path)
		return sk_fail(SK_EXIT_OUTPUT, "%s: %s", name, strerror(errno));
	status = format_bytes(fmt, path, name, file->bytes, file->size);
	free(path);
	return status;
}

static int format_argument(struct fmt *fmt, const char *argument)
{
	struct sk_paths paths = {0};
	int result, status = SK_EXIT_OK;

	if (strcmp(argument, "-") == 0)
		return format_input(fmt);
	result = sk_paths_add(&paths, argument, &fmt->arena, &fmt->diagnostics);
	if (result < 0)
		return result == -ENOMEM ? sk_fail(SK_EXIT_MEMORY, "out of memory") : SK_EXIT_FINDINGS;
	for (uint32_t i = 0; i < paths.count; i++) {
		int one = format_file(fmt, paths.names[i]);

		status = one > status ? one : status;
	}
	return status;
}

static int run(struct sk_command_line *line)
{
	struct fmt fmt = {0};
	int id, status;

	while ((id = sk_command_line_next(line)) != -1) {
		fmt.check |= id == 'c';
		fmt.diff |= id == 'd';
	}
	if (line->failed)
		return SK_EXIT_USAGE;
	if (!line->argc)
		return sk_command_usage(line, "no pack given; - is standard input");
	sk_arena_init(&fmt.arena, 0);
	sk_sources_init(&fmt.sources, &fmt.arena);
	sk_diagnostics_init(&fmt.diagnostics, &fmt.sources, &fmt.arena);
	for (int i = 0; i < line->argc; i++)
		worsen(&fmt, format_argument(&fmt, line->argv[i]));
	sk_print_diagnostics(&fmt.diagnostics);
	if (fmt.output.length || fmt.output.failed) {
		status = sk_print(&fmt.output);
		worsen(&fmt, status);
	}
	sk_buffer_release(&fmt.output);
	sk_arena_release(&fmt.arena);
	return fmt.status;
}

const struct sk_command sk_command_fmt = {
	.name = "fmt",
	.arguments = "[--check] [--diff] PACK...",
	.summary = "lay out packs",
	.description =
		"Rewrites packs (files, or directories whose *.yaml and *.yml are taken) in one layout: conditions "
		"broken at `and` and `or`, keys in the same order, long texts and lists wrapped at 100 columns. "
		"Comments stay. docs/formatting.md says all of it. With - as a PACK, standard input goes to "
		"standard output.\n\n"
		"The layout changes no meaning: what was written is read again, and a file whose values, words of "
		"conditions or comments would not be the same stays as it is, with an error. So does a file that "
		"is not YAML or no list of items. A file is replaced at once, never half written, and keeps its "
		"mode.\n\n"
		"With --check nothing is written; the names of the files that are laid out differently are "
		"printed, "
		"and the exit status is 1 if there are any.",
	.options =
		(const struct sk_option[]){
			{'c', "check", NULL, "write nothing; exit with 1 if a file is not in this layout"},
			{'d', "diff", NULL, "write nothing; print what would change"},
			{0},
		},
	.example = "  saker fmt rules/\n"
		   "  saker fmt --check --diff rules/*.yaml\n"
		   "  saker fmt - < mine.yaml\n",
	.run = run,
};
