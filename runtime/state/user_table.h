/* SPDX-License-Identifier: Apache-2.0 */
/* What only the state engine does with users and groups. */
#ifndef SK_STATE_USER_TABLE_H
#define SK_STATE_USER_TABLE_H

#include "runtime/state/user.h"

/* Forgets all of them. */
void sk_users_clear(struct sk_users *users);

#endif
