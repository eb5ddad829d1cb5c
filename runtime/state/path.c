/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/path.h"

#include <stdbool.h>
#include <string.h>

static const char too_long[] = "/DIR_TOO_LONG/FILENAME_TOO_LONG";

/*
 * Drops the last component with its slash before `end`, never the first byte:
 * "/a/b/" -> "/a/", "/a/" -> "/", "/" -> "/".
 */
static size_t parent(const char *path, size_t end)
{
	if (end <= 1)
		return end;
	end--;
	while (end >= 1 && path[end - 1] != '/')
		end--;
	return end;
}

void sk_path_join(const char *directory, size_t directory_length, const char *path, size_t length,
		  char ret_path[SK_PATH_SIZE], uint32_t *ret_length)
{
	size_t at = 0, end = 0;

	if (directory_length + length + 1 > SK_PATH_SIZE) {
		memcpy(ret_path, too_long, sizeof(too_long));
		*ret_length = sizeof(too_long) - 1;
		return;
	}
	if (length > 0 && path[0] != '/') {
		if (directory_length > 0)
			memcpy(ret_path, directory, directory_length);
		end = directory_length;
	}
	while (at < length) {
		const char *slash = memchr(path + at, '/', length - at);
		size_t component = slash ? (size_t)(slash - path) - at : length - at;
		size_t next = at + component + (slash != NULL);

		if (component == 0) {
			if (end == 0 || ret_path[end - 1] != '/')
				ret_path[end++] = '/';
		} else if (component == 2 && path[at] == '.' && path[at + 1] == '.') {
			end = parent(ret_path, end);
		} else if (!(component == 1 && path[at] == '.')) {
			memcpy(ret_path + end, path + at, component + (slash != NULL));
			end += component + (slash != NULL);
		}
		at = next;
	}
	if (end > 1 && ret_path[end - 1] == '/')
		end--;
	ret_path[end] = '\0';
	*ret_length = (uint32_t)end;
}
