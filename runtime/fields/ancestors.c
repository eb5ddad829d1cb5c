/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process descends from.
 *
 *   level 0    the main thread of the event's process
 *   level n+1  the main thread of the process that level n is a child of
 *
 * A level that is not known, and all above it, is missing.
 */
#include "runtime/fields/extract.h"

typedef struct sk_value (*describe_fn)(const struct sk_thread *thread);

static struct sk_value exe_of(const struct sk_thread *thread)
{
	return sk_field_string(thread->exe);
}

static struct sk_value exepath_of(const struct sk_thread *thread)
{
	return sk_field_string(thread->exepath);
}

static struct sk_value name_of(const struct sk_thread *thread)
{
	return sk_field_string(thread->comm);
}

static struct sk_value cmdline_of(const struct sk_thread *thread)
{
	return sk_field_string(thread->cmdline);
}

static struct sk_value of_parent(const struct sk_extraction *asked, describe_fn describe)
{
	const struct sk_thread *thread = asked->view->thread, *parent;

	parent = thread ? sk_thread_parent(sk_field_threads(asked), thread) : NULL;
	return parent ? describe(parent) : sk_value_missing();
}

/*
 * One step up, or NULL at the end or when the links lead in a circle: `mark`
 * waits at doubling distances and is met again in a circle.
 */
struct climb {
	const struct sk_thread_table *threads;
	const struct sk_thread *at, *mark;
	uint32_t steps, limit;
};

static struct climb climb_from(const struct sk_extraction *asked)
{
	return (struct climb){.threads = sk_field_threads(asked), .at = asked->view->thread, .limit = 1};
}

static const struct sk_thread *climb(struct climb *climb)
{
	climb->at = climb->at ? sk_thread_parent(climb->threads, climb->at) : NULL;
	if (climb->at && climb->at == climb->mark)
		climb->at = NULL;
	if (++climb->steps == climb->limit) {
		climb->mark = climb->at;
		climb->limit *= 2;
		climb->steps = 0;
	}
	return climb->at;
}

static const struct sk_thread *at_level(const struct sk_extraction *asked, uint32_t level)
{
	struct climb way = climb_from(asked);
	const struct sk_thread *thread;

	if (!way.at)
		return NULL;
	if (level == 0)
		return sk_thread_main(way.at);
	do
		thread = climb(&way);
	while (thread && --level);
	return thread;
}

/* All ancestors, nearest first; missing if none is known. */
static struct sk_value of_all(const struct sk_extraction *asked, describe_fn describe)
{
	struct climb way = climb_from(asked);
	struct sk_value *items = NULL;
	uint32_t count = 0, capacity = 0;
	const struct sk_thread *thread;

	while ((thread = climb(&way))) {
		if (count == capacity) {
			const uint32_t larger = capacity ? 2 * capacity : 16;
			struct sk_value *moved = sk_arena_alloc(asked->scratch, larger * sizeof(*items));

			if (!moved)
				return (struct sk_value){.presence = SK_MISSING_MEMORY};
			if (count)
				memcpy(moved, items, count * sizeof(*items));
			items = moved;
			capacity = larger;
		}
		items[count++] = describe(thread);
	}
	if (!count)
		return sk_value_missing();
	return (struct sk_value){.presence = SK_PRESENT,
				 .type = asked->ref->type,
				 .list = 1,
				 .format = items[0].format,
				 .length = count,
				 .items = items};
}

static struct sk_value of_ancestors(const struct sk_extraction *asked, describe_fn describe)
{
	const struct sk_thread *thread;

	if (asked->ref->kind != SK_ARGUMENT_KIND_INDEX)
		return of_all(asked, describe);
	thread = at_level(asked, asked->ref->index);
	return thread ? describe(thread) : sk_value_missing();
}

struct sk_value extract_PROC_PEXE(const struct sk_extraction *asked)
{
	return of_parent(asked, exe_of);
}

struct sk_value extract_PROC_AEXE(const struct sk_extraction *asked)
{
	return of_ancestors(asked, exe_of);
}

struct sk_value extract_PROC_PEXEPATH(const struct sk_extraction *asked)
{
	return of_parent(asked, exepath_of);
}

struct sk_value extract_PROC_AEXEPATH(const struct sk_extraction *asked)
{
	return of_ancestors(asked, exepath_of);
}

struct sk_value extract_PROC_PNAME(const struct sk_extraction *asked)
{
	return of_parent(asked, name_of);
}

struct sk_value extract_PROC_ANAME(const struct sk_extraction *asked)
{
	return of_ancestors(asked, name_of);
}

struct sk_value extract_PROC_PCMDLINE(const struct sk_extraction *asked)
{
	return of_parent(asked, cmdline_of);
}

/* --- leaders of a session or a process group --------------------------- */

struct leadership {
	int64_t (*id)(const struct sk_thread *thread);
	bool host_number; /* the id is one of the host even inside a pid namespace */
};

static int64_t session_of(const struct sk_thread *thread)
{
	return thread->sid;
}

static const struct leadership session = {session_of, false};

/*
 * The thread with that id, where the id is one of the host; else the last
 * ancestor in an unbroken line that shares it.
 */
static const struct sk_thread *find_leader(const struct sk_extraction *asked, const struct leadership *kind)
{
	const struct sk_thread *self = asked->view->thread, *thread, *leader = NULL;
	const int64_t id = kind->id(self);
	struct climb way = climb_from(asked);

	if (kind->host_number || !sk_thread_in_pid_namespace(self)) {
		leader = sk_thread_find(way.threads, id);
		if (leader)
			return leader;
	}
	while ((thread = climb(&way)) && kind->id(thread) == id)
		leader = thread;
	return leader;
}

static struct sk_value of_leader(const struct sk_extraction *asked, const struct leadership *kind,
				 describe_fn describe)
{
	const struct sk_thread *leader;

	if (!asked->view->thread)
		return sk_value_missing();
	leader = find_leader(asked, kind);
	return leader ? describe(leader) : sk_field_constant("");
}

struct sk_value extract_PROC_SNAME(const struct sk_extraction *asked)
{
	return of_leader(asked, &session, name_of);
}
