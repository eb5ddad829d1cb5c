/* SPDX-License-Identifier: Apache-2.0 */
/* Users and groups as the events that tell of them (spec/state.md section 7). */
#ifndef SK_STATE_USER_EVENT_H
#define SK_STATE_USER_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/state/user.h"
#include "vm/support/buffer.h"

/* Replaces what is in `buffer`.  False if it is too long for an event, or without memory. */
bool sk_user_event(uint64_t ts, const struct sk_user *user, const struct sk_string *container_id,
		   struct sk_buffer *buffer);
bool sk_group_event(uint64_t ts, const struct sk_group *group, const struct sk_string *container_id,
		    struct sk_buffer *buffer);

#endif
