/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joining and normalising paths as text (spec/state.md section 4.4).  No
 * symbolic link is followed: nobody could, behind the event.
 */
#ifndef SK_STATE_PATH_H
#define SK_STATE_PATH_H

#include <stddef.h>
#include <stdint.h>

enum { SK_PATH_SIZE = 1024 };

/*
 * `path` seen from `directory`, which is taken as it stands: "." and ".." go,
 * "//" becomes "/", and so does the slash at the end.  An absolute path
 * replaces the directory; an empty one gives "".  If both are too long for
 * 1024 bytes with a NUL, a fixed text says so.
 */
void sk_path_join(const char *directory, size_t directory_length, const char *path, size_t length,
		  char ret_path[SK_PATH_SIZE], uint32_t *ret_length);

#endif
