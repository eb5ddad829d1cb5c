/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Users and groups by container (spec/state.md section 7).  The container id
 * "" is the host.
 */
#ifndef SK_STATE_USER_H
#define SK_STATE_USER_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/state/string.h"

struct sk_users;

struct sk_user {
	uint32_t uid, gid;
	struct sk_string *name, *home, *shell; /* never NULL */
};

struct sk_group {
	uint32_t gid;
	struct sk_string *name;
};

struct sk_users *sk_users_create(struct sk_string_pool *pool);
void sk_users_destroy(struct sk_users *users);

/* Users and groups that were left out because there were 1,048,576 already. */
uint64_t sk_users_dropped(const struct sk_users *users);

/*
 * Adds or replaces; names that begin with + or - are ignored (NIS).  1: what
 * is known has changed, 0: it has not, or there is no room in the table, -ENOMEM.
 */
int sk_users_add(struct sk_users *users, const struct sk_string *container_id, uint32_t uid, uint32_t gid,
		 const char *name, uint32_t name_length, const char *home, uint32_t home_length, const char *shell,
		 uint32_t shell_length);
int sk_users_add_group(struct sk_users *users, const struct sk_string *container_id, uint32_t gid, const char *name,
		       uint32_t name_length);
void sk_users_remove(struct sk_users *users, const struct sk_string *container_id, uint32_t uid);
void sk_users_remove_group(struct sk_users *users, const struct sk_string *container_id, uint32_t gid);

/* All of one container. */
void sk_users_forget(struct sk_users *users, const struct sk_string *container_id);

/* NULL if unknown.  The "root" and "<NA>" defaults are the fields' affair. */
const struct sk_user *sk_users_find(const struct sk_users *users, const struct sk_string *container_id,
				    uint32_t uid);
const struct sk_group *sk_users_find_group(const struct sk_users *users, const struct sk_string *container_id,
					   uint32_t gid);

/*
 * Goes over all of them, in no order: the next one at or behind `*cursor`
 * (start with 0).  Sets `*ret_user` or `*ret_group` and the other one to NULL;
 * false at the end.  None may come or go in between.
 */
bool sk_users_next(const struct sk_users *users, uint32_t *cursor, const struct sk_string **ret_container_id,
		   const struct sk_user **ret_user, const struct sk_group **ret_group);

#endif
