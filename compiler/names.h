/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table from names to numbers, in an arena.
 *
 *   slots: power of two, open addressing, linear probing
 *     { hash, name, length, value }     name == NULL: free
 *
 * Names are not copied: they must live as long as the table.  Nothing is ever
 * removed.  An empty table is all zeroes but for its arena.
 */
#ifndef SK_COMPILER_NAMES_H
#define SK_COMPILER_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "vm/support/arena.h"

enum { SK_NAME_NONE = UINT32_MAX };

struct sk_name_slot;

struct sk_names {
	struct sk_arena *arena;
	struct sk_name_slot *slots;
	uint32_t capacity, count;
};

/* The value of a name, or SK_NAME_NONE. */
uint32_t sk_names_find(const struct sk_names *names, const char *name, size_t length);

/* Sets the value of a name, new or not.  Returns 0 or -ENOMEM. */
int sk_names_set(struct sk_names *names, const char *name, size_t length, uint32_t value);

#endif
