/* SPDX-License-Identifier: Apache-2.0 */
/* Where the calls that fs.path.* and evt.abspath know have their paths (call_paths.def). */
#ifndef SK_CALL_PATHS_H
#define SK_CALL_PATHS_H

#include <stdbool.h>
#include <stdint.h>

/* In place of the number of a parameter. */
enum { SK_PATH_NONE = -1, SK_PATH_OF_FD = -2 };

/* A call has a name, or source and target, or neither. */
struct sk_fs_paths {
	int8_t name, source, target;
	bool opens;
};

struct sk_at_paths {
	int8_t first, second;
};

/* Of an event type of the schema; SK_PATH_NONE throughout for one that is not in the table. */
struct sk_fs_paths sk_fs_paths(uint16_t type);
struct sk_at_paths sk_at_paths(uint16_t type);

#endif
