/* SPDX-License-Identifier: Apache-2.0 */
/* Users and groups of a case: those of every machine, and whoever is named. */
#include <string.h>

#include "cli/test/world.h"

enum { FIRST_UID = 1000 };

static struct sk_test_user *add_user(struct sk_test_world *world, const char *name, uint32_t uid, uint32_t gid,
				     const char *home, const char *shell, const char *group)
{
	void *grown = sk_test_grow(world->reader, world->users, world->user_count, &world->user_capacity,
				   sizeof(*world->users));
	struct sk_test_user *user;

	if (!grown)
		return NULL;
	world->users = grown;
	user = &world->users[world->user_count++];
	*user = (struct sk_test_user){
		.entry = {.uid = uid,
			  .gid = gid,
			  .name = sk_test_bytes(name),
			  .home = sk_test_bytes(home),
			  .shell = sk_test_bytes(shell)},
		.group = group,
	};
	if (uid >= world->next_uid && uid < UINT32_MAX - 1)
		world->next_uid = uid + 1;
	return user;
}

void sk_test_world_init(struct sk_test_world *world, struct sk_test_reader *reader)
{
	*world = (struct sk_test_world){.reader = reader, .next_pid = 1000, .next_uid = FIRST_UID + 1};
	add_user(world, "user", 1000, 1000, "/home/user", "/bin/bash", "user");
	add_user(world, "root", 0, 0, "/root", "/bin/bash", "root");
	add_user(world, "daemon", 1, 1, "/usr/sbin", "/usr/sbin/nologin", "daemon");
	add_user(world, "www-data", 33, 33, "/var/www", "/usr/sbin/nologin", "www-data");
	add_user(world, "nobody", 65534, 65534, "/nonexistent", "/usr/sbin/nologin", "nogroup");
	world->next_uid = FIRST_UID + 1;
}

static bool equals(struct sk_bytes bytes, const char *text)
{
	return bytes.length == strlen(text) && memcmp(bytes.bytes, text, bytes.length) == 0;
}

uint32_t sk_test_find_user(struct sk_test_world *world, const char *text)
{
	const char *name = text, *home;
	int64_t number;
	bool numeric = sk_synth_number(text, (uint32_t)strlen(text), false, &number) && number >= -1 &&
		       number <= UINT32_MAX;

	for (uint32_t i = 0; i < world->user_count; i++) {
		if (numeric ? world->users[i].entry.uid == (uint32_t)number
			    : equals(world->users[i].entry.name, text))
			return i;
	}
	if (numeric) /* a number without a name */
		return add_user(world, NULL, (uint32_t)number, (uint32_t)number, NULL, NULL, NULL)
			       ? world->user_count - 1
			       : 0;
	home = sk_arena_printf(world->reader->arena, "/home/%s", name);
	return add_user(world, name, world->next_uid, world->next_uid, home, "/bin/bash", name)
		       ? world->user_count - 1
		       : 0;
}

bool sk_test_decode_user(struct sk_test_world *world, const struct sk_yaml_node *node, uint32_t *ret_user)
{
	static const char *const keys[] = {"name", "uid", "gid", "home", "shell", NULL};
	struct sk_test_reader *reader = world->reader;
	const char *text, *home, *shell;
	struct sk_test_user *user;
	int64_t number;

	if (node->kind == SK_YAML_SCALAR) {
		text = sk_test_text(reader, node, "a user");
		if (text)
			*ret_user = sk_test_find_user(world, text);
		return text;
	}
	if (!sk_test_check_keys(reader, node, "a user", keys))
		return false;
	text = sk_test_key_text(reader, node, "name");
	if (!text) {
		sk_test_report(reader, node->span, NULL, "a user has a name");
		return false;
	}
	*ret_user = sk_test_find_user(world, text);
	user = &world->users[*ret_user];
	if (sk_test_key_number(reader, node, "uid", 0, UINT32_MAX, &number))
		user->entry.uid = user->entry.gid = (uint32_t)number;
	if (sk_test_key_number(reader, node, "gid", 0, UINT32_MAX, &number))
		user->entry.gid = (uint32_t)number;
	home = sk_test_key_text(reader, node, "home");
	if (home)
		user->entry.home = sk_test_bytes(home);
	shell = sk_test_key_text(reader, node, "shell");
	if (shell)
		user->entry.shell = sk_test_bytes(shell);
	return true;
}

uint32_t sk_test_find_group(struct sk_test_world *world, const char *text)
{
	int64_t number;

	if (sk_synth_number(text, (uint32_t)strlen(text), false, &number))
		return (uint32_t)number;
	for (uint32_t i = 0; i < world->user_count; i++) {
		if (world->users[i].group && strcmp(world->users[i].group, text) == 0)
			return world->users[i].entry.gid;
	}
	/* A group without a user of its own: nobody is called so. */
	if (!add_user(world, NULL, UINT32_MAX, world->next_uid, NULL, NULL, text))
		return 0;
	return world->next_uid++;
}
