/* SPDX-License-Identifier: Apache-2.0 */
/* Rules files from the file system (spec/rule-language.md section 1.9). */
#ifndef SK_COMPILER_READ_FILE_H
#define SK_COMPILER_READ_FILE_H

#include <stdint.h>

#include "grammar/diagnostic.h"

struct sk_paths {
	const char **names; /* in the arena */
	uint32_t count, capacity;
};

/*
 * Appends the rules files that a path stands for: itself, or of a directory
 * the regular files that end in .yml or .yaml, sorted by name, without those
 * of folders below it.  Returns 0; -EINVAL after reporting
 * SK_DIAGNOSTIC_FILE_READ; -ENOMEM.
 */
int sk_paths_add(struct sk_paths *paths, const char *path, struct sk_arena *arena,
		 struct sk_diagnostics *diagnostics);

/*
 * Reads a file and adds it to the diagnostics' sources.  Returns as above.
 * A file larger than YAML may be is cut off behind that size, and refused by
 * sk_yaml_parse().
 */
int sk_source_read(const char *path, struct sk_diagnostics *diagnostics, const struct sk_source_file **ret_file);

#endif
