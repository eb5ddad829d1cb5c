/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The setters of what a rule can see of a thread.  Nothing else may write
 * those members, so that whoever remembers what was true of a thread can rely
 * on its revision.
 */
#include <string.h>

#include "runtime/state/path.h"
#include "runtime/state/thread_table.h"

void sk_thread_changed(struct sk_thread_table *table, struct sk_thread *thread)
{
	thread->revision++;
	table->leader_epoch++;
	/* Children of any thread of a process see its main thread as their parent. */
	if (thread->first_child || sk_thread_shares_group(thread) || sk_thread_is_named(table, thread))
		table->lineage_epoch++;
}

void sk_thread_set_text(struct sk_thread_table *table, struct sk_thread *thread, struct sk_string **slot,
			struct sk_string *hint, const char *bytes, size_t length)
{
	if (sk_string_assign(table->strings, slot, hint, bytes, length))
		sk_thread_changed(table, thread);
}

void sk_thread_set_strings(struct sk_thread_table *table, struct sk_thread *thread, struct sk_string **slot,
			   struct sk_string *hint, const char *bytes, size_t length)
{
	struct sk_string *string;

	if (length == 1 && bytes[0] == '\0')
		length = 0;
	if (length == 0 || bytes[length - 1] == '\0') {
		sk_thread_set_text(table, thread, slot, hint, bytes, length);
		return;
	}
	if (length >= SK_STRING_LIMIT)
		length = SK_STRING_LIMIT - 1;
	string = sk_string_new_uninitialised(table->strings, length + 1);
	if (string->length > 0) {
		memcpy(string->bytes, bytes, length);
		string->bytes[length] = '\0';
	}
	sk_string_replace(table->strings, slot, string);
	sk_thread_changed(table, thread);
}

struct subsystem {
	const char *from, *to;
};

/* The controller's name as the state keeps it, from the `length` characters before "=". */
static size_t subsystem_name(const char *name, size_t length, const char **ret_name)
{
	static const struct subsystem renamed[] = {{"perf", "perf_event"}, {"mem", "memory"}, {"io", "blkio"}};
	static const char ending[] = "_cgroup";

	if (length >= sizeof(ending) - 1 &&
	    memcmp(name + length - (sizeof(ending) - 1), ending, sizeof(ending) - 1) == 0)
		length -= sizeof(ending) - 1;
	for (unsigned i = 0; i < sizeof(renamed) / sizeof(renamed[0]); i++)
		if (length == strlen(renamed[i].from) && memcmp(name, renamed[i].from, length) == 0) {
			*ret_name = renamed[i].to;
			return strlen(renamed[i].to);
		}
	*ret_name = name;
	return length;
}

/* Writes the entries as they are kept, if `to` is not NULL; returns their length, 0 if one has no "=". */
static size_t convert_cgroups(const char *bytes, size_t length, char *to)
{
	size_t total = 0;

	for (size_t at = 0; at < length;) {
		size_t entry = strnlen(bytes + at, length - at);
		const char *equals = memchr(bytes + at, '=', entry), *name;
		size_t name_length, rest;

		if (!equals)
			return 0;
		name_length = subsystem_name(bytes + at, (size_t)(equals - (bytes + at)), &name);
		rest = entry - (size_t)(equals - (bytes + at));
		if (to) {
			memcpy(to + total, name, name_length);
			memcpy(to + total + name_length, equals, rest);
			to[total + name_length + rest] = '\0';
		}
		total += name_length + rest + 1;
		at += entry + 1;
	}
	return total;
}

void sk_thread_set_cgroups(struct sk_thread_table *table, struct sk_thread *thread, struct sk_string *hint,
			   const char *bytes, size_t length)
{
	char buffer[4096 * 2]; /* the limit is 4096 bytes on the wire, and renaming never doubles them */
	size_t total = convert_cgroups(bytes, length, NULL);

	if (total > 0 && total <= sizeof(buffer)) {
		convert_cgroups(bytes, length, buffer);
		sk_thread_set_text(table, thread, &thread->cgroups, hint, buffer, total);
	}
}

static bool same_text(const struct sk_string *left, const struct sk_string *right)
{
	return left == right || sk_string_equal(left, right->bytes, right->length);
}

void sk_thread_set_cmdline(struct sk_thread_table *table, struct sk_thread *thread, const struct sk_thread *like)
{
	const struct sk_string *comm = thread->comm, *args = thread->args;
	struct sk_string *string;

	if (like && same_text(comm, like->comm) && same_text(args, like->args)) {
		if (thread->cmdline == like->cmdline)
			return;
		sk_string_replace(table->strings, &thread->cmdline, sk_string_share(like->cmdline));
		sk_thread_changed(table, thread);
		return;
	}
	if (args->length == 0) {
		if (thread->cmdline == comm)
			return;
		sk_string_replace(table->strings, &thread->cmdline, sk_string_share(thread->comm));
		sk_thread_changed(table, thread);
		return;
	}
	/* "comm" and, for each argument, " argument": every NUL becomes the blank before the next one. */
	string = sk_string_new_uninitialised(table->strings, (size_t)comm->length + args->length);
	if (string->length == comm->length + args->length) {
		char *at = string->bytes;

		memcpy(at, comm->bytes, comm->length);
		at += comm->length;
		*at++ = ' ';
		memcpy(at, args->bytes, args->length - 1);
		for (uint32_t i = 0; i + 1 < args->length; i++)
			if (at[i] == '\0')
				at[i] = ' ';
	} else if (string->length > 0) {
		memset(string->bytes, ' ', string->length); /* comm and args fill 64 KiB: cut */
		memcpy(string->bytes, comm->bytes, comm->length < string->length ? comm->length : string->length);
	}
	sk_string_replace(table->strings, &thread->cmdline, string);
	sk_thread_changed(table, thread);
}

void sk_thread_set_uid(struct sk_thread_table *table, struct sk_thread *thread, uint32_t uid)
{
	if (thread->uid == uid)
		return;
	thread->uid = uid;
	sk_thread_changed(table, thread);
}

void sk_thread_set_gid(struct sk_thread_table *table, struct sk_thread *thread, uint32_t gid)
{
	if (thread->gid == gid)
		return;
	thread->gid = gid;
	sk_thread_changed(table, thread);
}

void sk_thread_set_capabilities(struct sk_thread_table *table, struct sk_thread *thread, uint64_t inheritable,
				uint64_t permitted, uint64_t effective)
{
	if (thread->cap_inheritable == inheritable && thread->cap_permitted == permitted &&
	    thread->cap_effective == effective)
		return;
	thread->cap_inheritable = inheritable;
	thread->cap_permitted = permitted;
	thread->cap_effective = effective;
	sk_thread_changed(table, thread);
}

void sk_thread_set_sid(struct sk_thread_table *table, struct sk_thread *thread, int64_t sid)
{
	if (thread->sid == sid)
		return;
	thread->sid = sid;
	sk_thread_changed(table, thread);
}

void sk_thread_set_cwd(struct sk_thread_table *table, struct sk_thread *thread, const char *path, size_t length)
{
	struct sk_thread *leader = sk_thread_main(thread);
	char joined[SK_PATH_SIZE + 1];
	uint32_t end;

	if (!leader)
		return;
	sk_path_join(thread->cwd->bytes, thread->cwd->length, path, length, joined, &end);
	if (end == 0 || joined[end - 1] != '/')
		joined[end++] = '/';
	if (!sk_string_assign(table->strings, &leader->cwd, NULL, joined, end))
		return;
	/* The other threads of the process show the same directory. */
	for (struct sk_thread *member = leader->group ? leader->group->first : NULL; member;
	     member = member->group_next)
		member->revision++;
	sk_thread_changed(table, leader);
}

void sk_thread_set_container(struct sk_thread_table *table, struct sk_thread *thread, struct sk_string *id)
{
	if (thread->matched_cgroups != thread->cgroups) {
		sk_string_drop(table->strings, thread->matched_cgroups);
		thread->matched_cgroups = sk_string_share(thread->cgroups);
	}
	sk_thread_set_text(table, thread, &thread->container_id, id, id->bytes, id->length);
}

void sk_thread_unset_container(struct sk_thread_table *table, struct sk_thread *thread)
{
	sk_string_drop(table->strings, thread->matched_cgroups);
	thread->matched_cgroups = NULL;
	sk_thread_set_text(table, thread, &thread->container_id, NULL, "", 0);
}
