/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files to a bundle.
 *
 *   file 1 ─► load ─► resolve ─► check what changed
 *   file 2 ─► load ─► resolve ─► check what changed
 *   last   ─► load ─► resolve ─► compile everything ─► bundle
 *
 * The reference compiles everything anew after every file, so each file must
 * be right together with those before it.  Here only the rules that a file
 * changed, itself or through a list or macro, are checked again, which finds
 * the same errors.  What those checks warn of is dropped if the end is reached:
 * the last compile says it once more, of what is left.
 *
 * After an error the remaining files are still read, to show their errors too.
 */
#include "compiler/compile.h"

#include <errno.h>
#include <string.h>

#include "compiler/pack_private.h"
#include "compiler/read_file.h"
#include "vm/support/alloc.h"

struct compile {
	struct sk_pack pack;
	const struct sk_compile_options *options;
	struct sk_diagnostics *diagnostics;
	struct sk_arena *arena;
	/* The warnings of checks between files, as runs of the diagnostics. */
	struct run {
		uint32_t from, to;
	} * runs;
	uint32_t run_count, run_capacity;
	uint32_t repeated; /* how many warnings that were, kept or not */
};

/* Checks the rules that changed as a pack of their own: nothing in a check depends on other rules. */
static int check_changed(struct compile *compile)
{
	struct sk_compile_options options =
		compile->options ? *compile->options : (struct sk_compile_options){.priority = 7};
	struct sk_diagnostics *diagnostics = compile->diagnostics;
	struct run run = {.from = diagnostics->count};
	uint32_t warnings = diagnostics->warnings;
	struct sk_pack changed = compile->pack;
	struct sk_buffer none = {0};
	int result;

	changed.rule_count = 0;
	changed.rules = sk_arena_alloc(compile->arena, compile->pack.rule_count * sizeof(*changed.rules) + 1);
	if (!changed.rules)
		return -ENOMEM;
	for (uint32_t i = 0; i < compile->pack.rule_count; i++) {
		struct sk_pack_rule *rule = &compile->pack.rules[i];

		if (rule->changed && rule->tree)
			changed.rules[changed.rule_count++] = *rule;
		rule->changed = false;
	}
	options.check_only = true;
	options.selection_count = 0;
	result = changed.rule_count ? sk_compile_pack(&changed, &options, &none, NULL) : 0;
	sk_buffer_release(&none);
	run.to = diagnostics->count;
	compile->repeated += diagnostics->warnings - warnings;
	if (run.to > run.from) {
		if (sk_pack_reserve(compile->arena, &compile->runs, compile->run_count, &compile->run_capacity,
				    sizeof(*compile->runs)) < 0)
			return -ENOMEM;
		compile->runs[compile->run_count++] = run;
	}
	return result;
}

/* Takes the warnings of earlier checks out again; there are no errors among them. */
static void drop_repeated(struct compile *compile)
{
	struct sk_diagnostics *diagnostics = compile->diagnostics;
	uint32_t kept = 0, next = 0;

	for (uint32_t i = 0; i < diagnostics->count; i++) {
		while (next < compile->run_count && i >= compile->runs[next].to)
			next++;
		if (next < compile->run_count && i >= compile->runs[next].from)
			continue;
		diagnostics->items[kept++] = diagnostics->items[i];
	}
	diagnostics->count = kept;
	diagnostics->warnings -= compile->repeated;
}

/* Loads one file; errors are in the diagnostics, only memory makes it fail. */
static int compile_file(struct compile *compile, const struct sk_source_file *file, bool last)
{
	int result = sk_pack_load(&compile->pack, file);

	if (result != -ENOMEM)
		result = sk_pack_resolve(&compile->pack);
	/* The last file is checked with everything, unless there will be no such thing. */
	if (result != -ENOMEM && (!last || compile->diagnostics->errors))
		result = check_changed(compile);
	return result == -ENOMEM || compile->diagnostics->out_of_memory ? -ENOMEM : 0;
}

/* Where the files come from. */
struct input {
	const struct sk_paths *paths;            /* to read; NULL: */
	const struct sk_compile_source *sources; /* from memory */
	size_t count;
};

/* 0; -EINVAL after reporting that it cannot be read; -ENOMEM. */
static int take_file(struct compile *compile, const struct input *input, size_t number,
		     const struct sk_source_file **ret_file)
{
	const struct sk_compile_source *source;

	if (input->paths)
		return sk_source_read(input->paths->names[number], compile->diagnostics, ret_file);
	source = &input->sources[number];
	*ret_file = sk_sources_add(compile->diagnostics->sources, source->name, source->size ? source->bytes : "",
				   source->size);
	return *ret_file ? 0 : -ENOMEM;
}

static int compile_all(struct compile *compile, const struct input *input, struct sk_buffer *ret_bundle,
		       struct sk_compile_summary *ret_summary)
{
	struct sk_diagnostics *diagnostics = compile->diagnostics;
	size_t length = ret_bundle->length;
	int result = 0;

	for (size_t i = 0; i < input->count; i++) {
		const struct sk_source_file *file;

		result = take_file(compile, input, i, &file);
		if (result == 0)
			result = compile_file(compile, file, i + 1 == input->count);
		if (result == -ENOMEM)
			return result;
	}
	if (diagnostics->errors)
		return -EINVAL;
	drop_repeated(compile);
	if (compile->options)
		result = sk_pack_add_to_outputs(&compile->pack, compile->options->additions,
						compile->options->addition_count);
	if (result == 0)
		result = sk_compile_pack(&compile->pack, compile->options, ret_bundle, ret_summary);
	if (result == 0 && diagnostics->errors)
		result = -EINVAL;
	if (result == 0 && diagnostics->out_of_memory)
		result = -ENOMEM;
	if (result == 0) {
		sk_pack_report_unused(&compile->pack);
		if (compile->options && compile->options->ret_pack)
			*compile->options->ret_pack = compile->pack;
	} else {
		ret_bundle->length = length;
	}
	return result;
}

static int begin(struct compile *compile, const struct sk_compile_options *options,
		 struct sk_diagnostics *diagnostics)
{
	int result;

	*compile = (struct compile){.options = options, .diagnostics = diagnostics, .arena = diagnostics->arena};
	result = sk_pack_init(&compile->pack, compile->arena, diagnostics);
	if (options && options->plugins) {
		compile->pack.plugins = options->plugins;
		compile->pack.plugin_count = options->plugin_count;
	}
	return result;
}

static int finish(struct compile *compile, int result)
{
	if (result == -ENOMEM)
		compile->diagnostics->out_of_memory = true;
	return result;
}

int sk_compile_files(const char *const *paths, size_t path_count, const struct sk_compile_options *options,
		     struct sk_diagnostics *diagnostics, struct sk_buffer *ret_bundle,
		     struct sk_compile_summary *ret_summary)
{
	struct compile compile;
	uint32_t errors = diagnostics->errors;
	struct sk_paths files = {0};
	int result = begin(&compile, options, diagnostics);

	for (size_t i = 0; result == 0 && i < path_count; i++) {
		if (sk_paths_add(&files, paths[i], compile.arena, diagnostics) == -ENOMEM)
			result = -ENOMEM;
	}
	if (result == 0 && !files.count && diagnostics->errors == errors)
		sk_diagnostics_add(diagnostics, SK_DIAGNOSTIC_FILE_READ, (struct sk_span){0},
				   "a directory counts for its files that end in .yaml or .yml",
				   "there is no rules file to load");
	if (result == 0)
		result = compile_all(&compile, &(struct input){.paths = &files, .count = files.count}, ret_bundle,
				     ret_summary);
	return finish(&compile, result);
}

int sk_compile_sources(const struct sk_compile_source *sources, size_t count,
		       const struct sk_compile_options *options, struct sk_diagnostics *diagnostics,
		       struct sk_buffer *ret_bundle, struct sk_compile_summary *ret_summary)
{
	struct compile compile;
	int result = begin(&compile, options, diagnostics);

	if (result == 0)
		result = compile_all(&compile, &(struct input){.sources = sources, .count = count}, ret_bundle,
				     ret_summary);
	return finish(&compile, result);
}
