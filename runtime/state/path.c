/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/path.h"

#include <stdbool.h>
#include <stdint.h>
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

/* 8 places of a path at once: is one a slash with a slash or a dot behind it? */
static bool has_odd_slash(const char *path)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), slashes = ones * '/';
	uint64_t here, behind, neither;

	_Static_assert(('.' | 1) == '/', "the two differ in one bit");
	memcpy(&here, path, sizeof(here));
	memcpy(&behind, path + 1, sizeof(behind));
	/* Bytes of 0 where it is so; the rest finds out if there is one. */
	neither = (here ^ slashes) | ((behind | ones) ^ slashes);
	return ((neither - ones) & ~neither & ones << 7) != 0;
}

/*
 * True if normalising would leave a path as it is, as nearly all are.  False
 * for some more: those with a component that begins with a dot.
 */
static bool is_normal(const char *path, size_t length)
{
	enum { STEP = 8 };
	size_t at = 0;

	if (length == 0 || path[0] == '.' || path[length - 1] == '/')
		return false;
	for (; at + STEP < length; at += STEP) {
		if (has_odd_slash(path + at))
			return false;
	}
	if (length > STEP)
		return !has_odd_slash(path + length - STEP - 1);
	for (; at + 1 < length; at++) {
		if (path[at] == '/' && (path[at + 1] | 1) == '/')
			return false;
	}
	return true;
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
	if (is_normal(path, length)) {
		memcpy(ret_path + end, path, length);
		ret_path[end + length] = '\0';
		*ret_length = (uint32_t)(end + length);
		return;
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
