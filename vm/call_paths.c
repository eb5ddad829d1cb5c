/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/call_paths.h"

#include "vm/schema/schema.h"

#define NO SK_PATH_NONE
#define FD SK_PATH_OF_FD

struct sk_fs_paths sk_fs_paths(uint16_t type)
{
	switch (type) {
#define SK_FS_PATHS(event, opens, name, source, target)                                                            \
	case SK_EVENT_##event:                                                                                     \
		return (struct sk_fs_paths){name, source, target, opens};
#include "vm/call_paths.def"
	default:
		return (struct sk_fs_paths){NO, NO, NO, false};
	}
}

struct sk_at_paths sk_at_paths(uint16_t type)
{
	switch (type) {
#define SK_AT_PATHS(event, first, second)                                                                          \
	case SK_EVENT_##event:                                                                                     \
		return (struct sk_at_paths){first, second};
#include "vm/call_paths.def"
	default:
		return (struct sk_at_paths){NO, NO};
	}
}
