/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user.* and group.*: the thread's ids and their names in the container that
 * it runs in.  Root has its name everywhere, others are "<NA>" until they are
 * known.
 *
 * A container's users arrive all together or not at all, root among them.
 * While there are none, a capture of it says the host's names.
 */
#include "runtime/fields/extract.h"

static const char not_available[] = "<NA>";

/* The container id of the host. */
static const struct sk_string host = {.references = 1, .length = 0, .bytes = ""};

static const struct sk_user *find_user(const struct sk_event_view *view, uint32_t uid)
{
	const struct sk_users *users = sk_state_users(view->state);
	const struct sk_user *user;

	if (!view->thread || uid == UINT32_MAX)
		return NULL;
	user = sk_users_find(users, view->thread->container_id, uid);
	if (!user && !sk_users_find(users, view->thread->container_id, 0))
		user = sk_users_find(users, &host, uid);
	return user;
}

static const struct sk_group *find_group(const struct sk_event_view *view, uint32_t gid)
{
	const struct sk_users *users = sk_state_users(view->state);
	const struct sk_group *group;

	if (!view->thread || gid == UINT32_MAX)
		return NULL;
	group = sk_users_find_group(users, view->thread->container_id, gid);
	if (!group && !sk_users_find_group(users, view->thread->container_id, 0))
		group = sk_users_find_group(users, &host, gid);
	return group;
}

/* The text of the table; else `root` for the id 0; else "<NA>". */
static const char *text_or(const struct sk_string *known, uint32_t id, const char *root, uint32_t *ret_length)
{
	const char *text = id == 0 && root ? root : not_available;

	if (known) {
		*ret_length = known->length;
		return known->bytes;
	}
	*ret_length = (uint32_t)strlen(text);
	return text;
}

const char *sk_field_user_name(const struct sk_event_view *view, uint32_t uid, uint32_t *ret_length)
{
	const struct sk_user *user = find_user(view, uid);

	return text_or(user ? user->name : NULL, uid, "root", ret_length);
}

const char *sk_field_group_name(const struct sk_event_view *view, uint32_t gid, uint32_t *ret_length)
{
	const struct sk_group *group = find_group(view, gid);

	return text_or(group ? group->name : NULL, gid, "root", ret_length);
}

static struct sk_value user_name(const struct sk_extraction *asked, uint32_t uid)
{
	uint32_t length;
	const char *name = sk_field_user_name(asked->view, uid, &length);

	return sk_value_text(name, length);
}

struct sk_value extract_USER_UID(const struct sk_extraction *asked)
{
	const struct sk_thread *thread = asked->view->thread;

	return thread ? sk_value_number(SK_TYPE_UINT32, thread->uid) : sk_value_missing();
}

struct sk_value extract_USER_NAME(const struct sk_extraction *asked)
{
	const struct sk_thread *thread = asked->view->thread;

	return thread ? user_name(asked, thread->uid) : sk_value_missing();
}

struct sk_value extract_USER_LOGINUID(const struct sk_extraction *asked)
{
	const struct sk_thread *thread = asked->view->thread;

	if (!thread)
		return sk_value_missing();
	return sk_value_number(SK_TYPE_INT64, thread->loginuid == UINT32_MAX ? UINT64_MAX : thread->loginuid);
}

struct sk_value extract_USER_LOGINNAME(const struct sk_extraction *asked)
{
	const struct sk_thread *thread = asked->view->thread;

	return thread ? user_name(asked, thread->loginuid) : sk_value_missing();
}

struct sk_value extract_GROUP_GID(const struct sk_extraction *asked)
{
	const struct sk_thread *thread = asked->view->thread;

	return thread ? sk_value_number(SK_TYPE_UINT32, thread->gid) : sk_value_missing();
}

struct sk_value extract_GROUP_NAME(const struct sk_extraction *asked)
{
	const struct sk_thread *thread = asked->view->thread;
	const char *name;
	uint32_t length;

	if (!thread)
		return sk_value_missing();
	name = sk_field_group_name(asked->view, thread->gid, &length);
	return sk_value_text(name, length);
}

static struct sk_value user_text(const struct sk_extraction *asked, bool home)
{
	const struct sk_thread *thread = asked->view->thread;
	const struct sk_user *user;
	uint32_t length;
	const char *text;

	if (!thread)
		return sk_value_missing();
	user = find_user(asked->view, thread->uid);
	text = text_or(user ? (home ? user->home : user->shell) : NULL, thread->uid, home ? "/root" : NULL,
		       &length);
	return sk_value_text(text, length);
}

struct sk_value extract_USER_HOMEDIR(const struct sk_extraction *asked)
{
	return user_text(asked, true);
}

struct sk_value extract_USER_SHELL(const struct sk_extraction *asked)
{
	return user_text(asked, false);
}
