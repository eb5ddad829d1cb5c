/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/user_event.h"

#include <string.h>

#include "vm/event_build.h"

static struct sk_param number_param(const uint32_t *number)
{
	return (struct sk_param){(const uint8_t *)number, sizeof(*number)};
}

/* With its NUL: a text of no bytes at all would read as "<NA>". */
static struct sk_param text_param(const struct sk_string *string)
{
	return (struct sk_param){(const uint8_t *)string->bytes,
				 (uint32_t)strnlen(string->bytes, string->length) + 1};
}

bool sk_user_event(uint64_t ts, const struct sk_user *user, const struct sk_string *container_id,
		   struct sk_buffer *buffer)
{
	const struct sk_param params[] = {
		number_param(&user->uid), number_param(&user->gid), text_param(user->name),
		text_param(user->home),   text_param(user->shell),  text_param(container_id),
	};

	return sk_event_build(ts, -1, SK_EVENT_USER_ADDED_E, params, buffer);
}

bool sk_group_event(uint64_t ts, const struct sk_group *group, const struct sk_string *container_id,
		    struct sk_buffer *buffer)
{
	const struct sk_param params[] = {number_param(&group->gid), text_param(group->name),
					  text_param(container_id)};

	return sk_event_build(ts, -1, SK_EVENT_GROUP_ADDED_E, params, buffer);
}
