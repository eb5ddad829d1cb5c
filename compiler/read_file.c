/* SPDX-License-Identifier: Apache-2.0 */
#include "compiler/read_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compiler/pack_private.h"
#include "vm/support/alloc.h"

static const char *error_text(int error)
{
	const char *text = strerrordesc_np(error);

	return text ? text : "unknown error";
}

static int refuse(struct sk_diagnostics *diagnostics, const char *path, int error)
{
	if (error == ENOMEM) {
		diagnostics->out_of_memory = true;
		return -ENOMEM;
	}
	sk_diagnostics_add(diagnostics, SK_DIAGNOSTIC_FILE_READ, (struct sk_span){0}, NULL, "cannot read %s: %s",
			   path, error_text(error));
	return -EINVAL;
}

static int add_path(struct sk_paths *paths, const char *path, struct sk_arena *arena)
{
	const char *copy = sk_arena_copy(arena, path, strlen(path));

	if (!copy ||
	    sk_pack_reserve(arena, &paths->names, paths->count, &paths->capacity, sizeof(*paths->names)) < 0)
		return -ENOMEM;
	paths->names[paths->count++] = copy;
	return 0;
}

static bool is_rules_file(int directory, const char *name)
{
	const char *dot = strrchr(name, '.');
	struct stat status;

	if (!dot || (strcmp(dot, ".yml") != 0 && strcmp(dot, ".yaml") != 0))
		return false;
	/* Links count as what they point to: mounted configuration consists of them. */
	return fstatat(directory, name, &status, 0) == 0 && S_ISREG(status.st_mode);
}

static int compare_names(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static int add_directory(struct sk_paths *paths, const char *path, struct sk_arena *arena,
			 struct sk_diagnostics *diagnostics)
{
	uint32_t first = paths->count;
	size_t length = strlen(path);
	DIR *directory = opendir(path);
	struct dirent *entry;
	int result = 0;

	if (!directory)
		return refuse(diagnostics, path, errno);
	errno = 0;
	while (result == 0 && (entry = readdir(directory))) {
		const char *full;

		if (!is_rules_file(dirfd(directory), entry->d_name)) {
			errno = 0;
			continue;
		}
		full = sk_arena_printf(arena, "%s%s%s", path, length && path[length - 1] == '/' ? "" : "/",
				       entry->d_name);
		result = full ? add_path(paths, full, arena) : -ENOMEM;
		errno = 0;
	}
	if (result == 0 && errno)
		result = refuse(diagnostics, path, errno);
	closedir(directory);
	if (result == 0 && paths->count > first)
		qsort(paths->names + first, paths->count - first, sizeof(*paths->names), compare_names);
	return result;
}

int sk_paths_add(struct sk_paths *paths, const char *path, struct sk_arena *arena,
		 struct sk_diagnostics *diagnostics)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return refuse(diagnostics, path, errno);
	return S_ISDIR(status.st_mode) ? add_directory(paths, path, arena, diagnostics)
				       : add_path(paths, path, arena);
}

/* All of a file, but not much more than may be in one. */
static int read_bytes(int file, struct sk_buffer *bytes)
{
	while (bytes->length <= SK_YAML_SIZE_LIMIT) {
		ssize_t got;

		if (!sk_buffer_reserve(bytes, 64 * 1024))
			return ENOMEM;
		got = read(file, bytes->bytes + bytes->length, 64 * 1024);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno;
		if (got == 0)
			break;
		bytes->length += (size_t)got;
	}
	return 0;
}

int sk_source_read(const char *path, struct sk_diagnostics *diagnostics, const struct sk_source_file **ret_file)
{
	const struct sk_source_file *source;
	struct sk_buffer bytes = {0};
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int error = file < 0 ? errno : read_bytes(file, &bytes);

	if (file >= 0)
		close(file);
	if (error) {
		sk_buffer_release(&bytes);
		return refuse(diagnostics, path, error);
	}
	source = sk_sources_add(diagnostics->sources, path, bytes.bytes ? bytes.bytes : "", bytes.length);
	sk_buffer_release(&bytes);
	if (!source)
		return refuse(diagnostics, path, ENOMEM);
	*ret_file = source;
	return 0;
}
