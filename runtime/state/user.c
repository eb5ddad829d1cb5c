/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One open-addressing table for users and groups alike:
 *
 *   (container id, number, user or group) ─► entry, or a hole
 *
 * Removal leaves a tombstone; growing drops them.  A limit bounds what events
 * can make it hold.
 */
#include "runtime/state/user.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "runtime/state/string_pool.h"
#include "runtime/state/user_table.h"
#include "vm/support/alloc.h"

enum { FIRST_SLOTS = 256, ENTRY_LIMIT = 1 << 20 };

enum kind { KIND_EMPTY, KIND_TOMBSTONE, KIND_USER, KIND_GROUP };

struct entry {
	enum kind kind;
	uint32_t number; /* uid or gid */
	struct sk_string *container_id;
	struct sk_user user;   /* KIND_USER */
	struct sk_group group; /* KIND_GROUP */
};

/*
 * Entries are pointers, because what sk_users_find() gives must not move when
 * the table grows.
 */
struct sk_users {
	struct sk_string_pool *pool;
	struct entry **slots;
	uint32_t mask;
	uint32_t used; /* entries and tombstones */
	uint32_t count;
	uint64_t dropped;
};

static struct entry tombstone = {.kind = KIND_TOMBSTONE};

struct sk_users *sk_users_create(struct sk_string_pool *pool)
{
	struct sk_users *users = sk_alloc_zeroed(1, sizeof(*users));

	if (!users)
		return NULL;
	users->pool = pool;
	users->slots = sk_alloc_zeroed(FIRST_SLOTS, sizeof(*users->slots));
	if (!users->slots) {
		sk_free(users);
		return NULL;
	}
	users->mask = FIRST_SLOTS - 1;
	return users;
}

static void entry_free(struct sk_users *users, struct entry *entry)
{
	sk_string_drop(users->pool, entry->container_id);
	sk_string_drop(users->pool, entry->user.name);
	sk_string_drop(users->pool, entry->user.home);
	sk_string_drop(users->pool, entry->user.shell);
	sk_string_drop(users->pool, entry->group.name);
	sk_slab_free(sk_string_pool_slab(users->pool), entry, sizeof(*entry));
}

void sk_users_clear(struct sk_users *users)
{
	for (uint32_t i = 0; i <= users->mask; i++) {
		if (users->slots[i] && users->slots[i] != &tombstone)
			entry_free(users, users->slots[i]);
		users->slots[i] = NULL;
	}
	users->used = users->count = 0;
}

void sk_users_destroy(struct sk_users *users)
{
	if (!users)
		return;
	sk_users_clear(users);
	sk_free(users->slots);
	sk_free(users);
}

static uint32_t hash(const struct sk_string *container_id, uint32_t number, enum kind kind)
{
	uint64_t value = (uint64_t)number * 2 + (kind == KIND_GROUP);

	for (uint32_t i = 0; i < container_id->length; i++)
		value = (value ^ (unsigned char)container_id->bytes[i]) * UINT64_C(0x100000001b3);
	value *= UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(value >> 32);
}

/* The slot that holds the key, or the first one free for it. */
static struct entry **slot_of(const struct sk_users *users, const struct sk_string *container_id, uint32_t number,
			      enum kind kind)
{
	struct entry **vacant = NULL;

	for (uint32_t at = hash(container_id, number, kind) & users->mask;; at = (at + 1) & users->mask) {
		struct entry *entry = users->slots[at];

		if (!entry)
			return vacant ? vacant : &users->slots[at];
		if (entry == &tombstone) {
			if (!vacant)
				vacant = &users->slots[at];
		} else if (entry->kind == kind && entry->number == number &&
			   sk_string_equal(entry->container_id, container_id->bytes, container_id->length)) {
			return &users->slots[at];
		}
	}
}

static const struct entry *find(const struct sk_users *users, const struct sk_string *container_id, uint32_t number,
				enum kind kind)
{
	const struct entry *entry = *slot_of(users, container_id, number, kind);

	return entry && entry != &tombstone ? entry : NULL;
}

static int make_room(struct sk_users *users)
{
	struct entry **old = users->slots, **slots;
	uint32_t old_mask = users->mask, count;

	if (users->used * 2 <= users->mask)
		return 0;
	count = users->count * 2 > users->mask ? (old_mask + 1) * 2 : old_mask + 1;
	slots = sk_alloc_zeroed(count, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	users->slots = slots;
	users->mask = count - 1;
	users->used = users->count;
	for (uint32_t i = 0; i <= old_mask; i++)
		if (old[i] && old[i] != &tombstone)
			*slot_of(users, old[i]->container_id, old[i]->number, old[i]->kind) = old[i];
	sk_free(old);
	return 0;
}

/* The entry of the key, a new one if need be; NULL without memory. */
static struct entry *obtain(struct sk_users *users, const struct sk_string *container_id, uint32_t number,
			    enum kind kind)
{
	struct entry **slot, *entry;
	struct sk_string *empty = sk_string_empty(users->pool);

	if (make_room(users) < 0)
		return NULL;
	slot = slot_of(users, container_id, number, kind);
	entry = *slot;
	if (entry && entry != &tombstone)
		return entry;
	if (users->count >= ENTRY_LIMIT)
		return NULL;
	entry = sk_slab_alloc(sk_string_pool_slab(users->pool), sizeof(*entry));
	if (!entry)
		return NULL;
	*entry = (struct entry){
		.kind = kind,
		.number = number,
		.container_id = sk_string_new(users->pool, container_id->bytes, container_id->length),
		.user = {.uid = number, .name = empty, .home = empty, .shell = empty},
		.group = {.gid = number, .name = empty},
	};
	if (entry->container_id->length != container_id->length) {
		entry_free(users, entry);
		return NULL;
	}
	users->used += *slot == NULL; /* a tombstone is counted already */
	users->count++;
	*slot = entry;
	return entry;
}

static bool is_nis(const char *name, uint32_t length)
{
	return length > 0 && (name[0] == '+' || name[0] == '-');
}

/* There is no entry: what the table has no room for is left out, as nothing is wrong. */
static int refused(struct sk_users *users)
{
	if (users->count < ENTRY_LIMIT)
		return -ENOMEM;
	users->dropped++;
	return 0;
}

uint64_t sk_users_dropped(const struct sk_users *users)
{
	return users->dropped;
}

int sk_users_add(struct sk_users *users, const struct sk_string *container_id, uint32_t uid, uint32_t gid,
		 const char *name, uint32_t name_length, const char *home, uint32_t home_length, const char *shell,
		 uint32_t shell_length)
{
	struct entry *entry;
	bool changed;

	if (uid == UINT32_MAX || is_nis(name, name_length))
		return 0;
	changed = find(users, container_id, uid, KIND_USER) == NULL;
	entry = obtain(users, container_id, uid, KIND_USER);
	if (!entry)
		return refused(users);
	changed |= entry->user.gid != gid;
	entry->user.gid = gid;
	changed |= sk_string_assign(users->pool, &entry->user.name, NULL, name, name_length);
	changed |= sk_string_assign(users->pool, &entry->user.home, NULL, home, home_length);
	changed |= sk_string_assign(users->pool, &entry->user.shell, NULL, shell, shell_length);
	return changed;
}

int sk_users_add_group(struct sk_users *users, const struct sk_string *container_id, uint32_t gid, const char *name,
		       uint32_t name_length)
{
	struct entry *entry;
	bool changed;

	if (gid == UINT32_MAX || is_nis(name, name_length))
		return 0;
	changed = find(users, container_id, gid, KIND_GROUP) == NULL;
	entry = obtain(users, container_id, gid, KIND_GROUP);
	if (!entry)
		return refused(users);
	changed |= sk_string_assign(users->pool, &entry->group.name, NULL, name, name_length);
	return changed;
}

static void remove_entry(struct sk_users *users, const struct sk_string *container_id, uint32_t number,
			 enum kind kind)
{
	struct entry **slot = slot_of(users, container_id, number, kind);

	if (!*slot || *slot == &tombstone)
		return;
	entry_free(users, *slot);
	*slot = &tombstone;
	users->count--;
}

void sk_users_remove(struct sk_users *users, const struct sk_string *container_id, uint32_t uid)
{
	remove_entry(users, container_id, uid, KIND_USER);
}

void sk_users_remove_group(struct sk_users *users, const struct sk_string *container_id, uint32_t gid)
{
	remove_entry(users, container_id, gid, KIND_GROUP);
}

void sk_users_forget(struct sk_users *users, const struct sk_string *container_id)
{
	for (uint32_t i = 0; i <= users->mask && users->count > 0; i++) {
		struct entry *entry = users->slots[i];

		if (!entry || entry == &tombstone ||
		    !sk_string_equal(entry->container_id, container_id->bytes, container_id->length))
			continue;
		entry_free(users, entry);
		users->slots[i] = &tombstone;
		users->count--;
	}
}

const struct sk_user *sk_users_find(const struct sk_users *users, const struct sk_string *container_id,
				    uint32_t uid)
{
	const struct entry *entry = find(users, container_id, uid, KIND_USER);

	return entry ? &entry->user : NULL;
}

const struct sk_group *sk_users_find_group(const struct sk_users *users, const struct sk_string *container_id,
					   uint32_t gid)
{
	const struct entry *entry = find(users, container_id, gid, KIND_GROUP);

	return entry ? &entry->group : NULL;
}

bool sk_users_next(const struct sk_users *users, uint32_t *cursor, const struct sk_string **ret_container_id,
		   const struct sk_user **ret_user, const struct sk_group **ret_group)
{
	while (*cursor <= users->mask) {
		const struct entry *entry = users->slots[(*cursor)++];

		if (!entry || entry == &tombstone)
			continue;
		*ret_container_id = entry->container_id;
		*ret_user = entry->kind == KIND_USER ? &entry->user : NULL;
		*ret_group = entry->kind == KIND_GROUP ? &entry->group : NULL;
		return true;
	}
	return false;
}
