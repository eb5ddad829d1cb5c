/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/thread.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "runtime/state/thread_table.h"
#include "vm/support/alloc.h"

enum { CHUNK_THREADS = 64, DEFAULT_LIMIT = 262144 };

struct sk_thread_chunk {
	struct sk_thread_chunk *next;
	struct sk_thread threads[CHUNK_THREADS];
};

/* --- parents that are only named --------------------------------------- */

static unsigned named_bit(int64_t tid)
{
	return (unsigned)((uint64_t)tid * UINT64_C(0x9e3779b97f4a7c15) >> 52);
}

/* Of the bits; with more of them set, threads seem to be named that are not. */
enum { NAMED_LIMIT = 256 };

static void set_named(struct sk_thread_table *table, int64_t tid)
{
	unsigned bit = named_bit(tid);

	table->named_count += !(table->named[bit / 64] >> (bit % 64) & 1);
	table->named[bit / 64] |= UINT64_C(1) << (bit % 64);
}

/* "Nobody" and "unknown" are named all the time, and may be the tids of events. */
static void forget_named(struct sk_thread_table *table)
{
	memset(table->named, 0, sizeof(table->named));
	table->named_count = 0;
	set_named(table, 0);
	set_named(table, -1);
	table->named_limit = NAMED_LIMIT;
}

/* Some thread of the table names `tid` and is not its child. */
static void name_parent(struct sk_thread_table *table, int64_t tid)
{
	const struct sk_thread *thread;
	uint32_t cursor = 0;

	set_named(table, tid);
	if (table->named_count <= table->named_limit)
		return;
	/* Who named most of them is gone. */
	forget_named(table);
	set_named(table, tid);
	while ((thread = sk_thread_table_next(table, &cursor)))
		if (!thread->parent || thread->parent->tid != thread->ptid)
			set_named(table, thread->ptid);
	if (table->named_count > NAMED_LIMIT / 2)
		table->named_limit = 2 * table->named_count;
}

bool sk_thread_is_named(const struct sk_thread_table *table, const struct sk_thread *thread)
{
	unsigned bit = named_bit(thread->tid);

	return table->unlinked || (table->named[bit / 64] >> (bit % 64) & 1);
}

void sk_thread_table_linked(struct sk_thread_table *table)
{
	table->unlinked = 0;
	table->lineage_epoch++;
}

/* --- memory ------------------------------------------------------------ */

int sk_thread_table_init(struct sk_thread_table *table, struct sk_string_pool *strings, struct sk_fd_pool *fds,
			 uint32_t limit, int64_t own_pid)
{
	int result;

	memset(table, 0, sizeof(*table));
	table->strings = strings;
	table->fds = fds;
	table->limit = limit ? limit : DEFAULT_LIMIT;
	table->own_pid = own_pid;
	forget_named(table);
	result = sk_tid_map_init(&table->threads);
	if (result < 0)
		return result;
	result = sk_tid_map_init(&table->groups);
	if (result < 0)
		sk_tid_map_release(&table->threads);
	return result;
}

static bool grow(struct sk_thread_table *table)
{
	struct sk_thread_chunk *chunk = sk_alloc_zeroed(1, sizeof(*chunk));

	if (!chunk)
		return false;
	chunk->next = table->chunks;
	table->chunks = chunk;
	table->memory += sizeof(*chunk);
	for (unsigned i = CHUNK_THREADS; i-- > 0;) {
		chunk->threads[i].group_next = table->free;
		table->free = &chunk->threads[i];
	}
	return true;
}

struct sk_thread *sk_thread_new(struct sk_thread_table *table, int64_t tid)
{
	struct sk_string *empty = sk_string_empty(table->strings);
	struct sk_thread *thread;

	if (!table->free && !grow(table))
		return NULL;
	thread = table->free;
	table->free = thread->group_next;
	*thread = (struct sk_thread){
		.revision = thread->revision + 1,
		.tid = tid,
		.pid = -1,
		.ptid = -1,
		.sid = -1,
		.vpgid = -1,
		.pgid = -1,
		.vtid = -1,
		.vpid = -1,
		.reaper_tid = -1,
		.uid = UINT32_MAX,
		.gid = UINT32_MAX,
		.loginuid = UINT32_MAX,
		.flags = SK_CLONE_NAME_CHANGED,
		.fdlimit = -1,
		.comm = empty,
		.exe = empty,
		.exepath = empty,
		.args = empty,
		.env = empty,
		.cwd = empty,
		.root = empty,
		.cgroups = empty,
		.cmdline = empty,
		.container_id = empty,
		.last_fd = -1,
	};
	for (unsigned i = 0; table->stamp && i < SK_STAKE_OF_THREAD; i++)
		thread->known[i] = table->stamp;
	return thread;
}

/* Gives the thread's memory back; it is in no list any more. */
static void release(struct sk_thread_table *table, struct sk_thread *thread)
{
	struct sk_string *const strings[] = {
		thread->comm,
		thread->exe,
		thread->exepath,
		thread->args,
		thread->env,
		thread->cwd,
		thread->root,
		thread->cgroups,
		thread->cmdline,
		thread->container_id,
		thread->matched_cgroups,
		thread->enter_event,
	};

	for (unsigned i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		sk_string_drop(table->strings, strings[i]);
	sk_fd_table_destroy(table->fds, thread->fds);
	thread->fds = NULL;
	thread->group_next = table->free;
	table->free = thread;
}

void sk_thread_discard(struct sk_thread_table *table, struct sk_thread *thread)
{
	assert(!thread->group && !thread->parent && !thread->first_child);
	release(table, thread);
}

/* --- groups and children ----------------------------------------------- */

/* In a group, main threads stand in front. */
static void group_join(struct sk_thread_table *table, struct sk_thread *thread)
{
	struct sk_thread_group *group = sk_tid_map_find(&table->groups, thread->pid);
	struct sk_slab *slab = sk_string_pool_slab(table->strings);

	if (!group) {
		group = sk_slab_alloc(slab, sizeof(*group));
		if (!group)
			return;
		*group = (struct sk_thread_group){.pid = thread->pid,
						  .reaper = thread->pid == 1 || thread->vpid == 1};
		if (sk_tid_map_put(&table->groups, thread->pid, group) < 0) {
			sk_slab_free(slab, group, sizeof(*group));
			return;
		}
	}
	thread->group = group;
	group->alive++;
	if (!group->first || sk_thread_is_main(thread)) {
		if (group->first)
			table->lineage_epoch++; /* another thread speaks for the process now */
		thread->group_next = group->first;
		group->first = thread;
	} else {
		struct sk_thread *behind = group->first;

		/* Order among the others is seen by nobody: behind the first is near. */
		thread->group_next = behind->group_next;
		behind->group_next = thread;
	}
}

void sk_thread_group_retire(struct sk_thread_table *table, struct sk_thread_group *group)
{
	if (sk_tid_map_find(&table->groups, group->pid) == group)
		sk_tid_map_remove(&table->groups, group->pid);
}

static void group_leave(struct sk_thread_table *table, struct sk_thread *thread)
{
	struct sk_thread_group *group = thread->group;

	if (!group)
		return;
	for (struct sk_thread **at = &group->first; *at; at = &(*at)->group_next)
		if (*at == thread) {
			*at = thread->group_next;
			break;
		}
	thread->group = NULL;
	thread->group_next = NULL;
	if (!group->first) {
		sk_thread_group_retire(table, group);
		sk_slab_free(sk_string_pool_slab(table->strings), group, sizeof(*group));
	}
}

static void child_remove(struct sk_thread *thread)
{
	if (!thread->parent)
		return;
	if (thread->previous_sibling)
		thread->previous_sibling->next_sibling = thread->next_sibling;
	else
		thread->parent->first_child = thread->next_sibling;
	if (thread->next_sibling)
		thread->next_sibling->previous_sibling = thread->previous_sibling;
	thread->parent = thread->next_sibling = thread->previous_sibling = NULL;
}

static void child_add(struct sk_thread *parent, struct sk_thread *thread)
{
	thread->parent = parent;
	thread->previous_sibling = NULL;
	thread->next_sibling = parent->first_child;
	if (parent->first_child)
		parent->first_child->previous_sibling = thread;
	parent->first_child = thread;
	thread->ptid = parent->tid;
}

void sk_thread_link(struct sk_thread_table *table, struct sk_thread *thread)
{
	struct sk_thread *parent;

	if (sk_thread_is_invalid(thread) || thread->group) {
		if (!thread->parent || thread->parent->tid != thread->ptid)
			name_parent(table, thread->ptid);
		return;
	}
	group_join(table, thread);
	sk_thread_changed(table, thread);
	if (thread->pid == 1) {
		name_parent(table, thread->ptid);
		return;
	}
	parent = sk_thread_find(table, thread->ptid);
	if (!parent || sk_thread_is_invalid(parent)) {
		thread->unknown |= (uint32_t)(thread->ptid > 0) << SK_STAKE_PARENT;
		thread->ptid = 0;
	} else {
		child_add(parent, thread);
	}
}

void sk_thread_name_parent(struct sk_thread_table *table, struct sk_thread *thread, int64_t ptid)
{
	assert(!thread->parent);
	thread->ptid = ptid;
	name_parent(table, ptid);
	sk_thread_changed(table, thread);
}

void sk_thread_reparent_children(struct sk_thread_table *table, struct sk_thread *thread, struct sk_thread *reaper)
{
	while (thread->first_child) {
		struct sk_thread *child = thread->first_child;

		child_remove(child);
		if (reaper) {
			child_add(reaper, child);
		} else {
			child->ptid = 0;
			child->unknown |= 1U << SK_STAKE_PARENT;
		}
		sk_thread_changed(table, child);
		table->lineage_epoch++;
	}
}

void sk_thread_mark_dead(struct sk_thread_table *table, struct sk_thread *thread)
{
	if (thread->flags & SK_CLONE_CLOSED)
		return;
	thread->flags |= SK_CLONE_CLOSED;
	if (thread->group && thread->group->alive > 0)
		thread->group->alive--;
	sk_thread_changed(table, thread);
}

void sk_thread_revive(struct sk_thread_table *table, struct sk_thread *thread)
{
	if (!(thread->flags & SK_CLONE_CLOSED))
		return;
	thread->flags &= ~(uint32_t)SK_CLONE_CLOSED;
	if (thread->group)
		thread->group->alive++;
	sk_thread_changed(table, thread);
}

/* --- the table --------------------------------------------------------- */

/* Takes the thread out of all lists but the map, and frees it. */
static void forget(struct sk_thread_table *table, struct sk_thread *thread)
{
	bool orphans;

	if (thread->first_child || sk_thread_shares_group(thread) || sk_thread_is_named(table, thread))
		table->lineage_epoch++;
	orphans = thread->first_child;
	while (thread->first_child)
		child_remove(thread->first_child);
	/* They keep its tid: another thread may have that some day. */
	if (orphans)
		name_parent(table, thread->tid);
	child_remove(thread);
	group_leave(table, thread);
	if (table->last == thread)
		table->last = NULL;
	release(table, thread);
}

struct sk_thread *sk_thread_add(struct sk_thread_table *table, struct sk_thread *thread, bool link)
{
	struct sk_thread *old = sk_tid_map_find(&table->threads, thread->tid);

	if ((!old && table->threads.count >= table->limit && thread->pid != table->own_pid) ||
	    sk_tid_map_put(&table->threads, thread->tid, thread) < 0) {
		table->dropped++;
		sk_thread_discard(table, thread);
		return NULL;
	}
	/*
	 * An older entry with this tid goes without being counted out of its
	 * group (spec/state.md section 3.3), but not before the new one is in: a
	 * group must not vanish in between.
	 */
	table->last = NULL;
	if (link)
		sk_thread_link(table, thread);
	else if (thread->ptid > 0)
		table->unlinked++;
	if (sk_thread_is_named(table, thread))
		table->lineage_epoch++;
	if (old)
		forget(table, old);
	table->added++;
	table->leader_epoch++;
	return thread;
}

void sk_thread_erase(struct sk_thread_table *table, struct sk_thread *thread)
{
	assert(sk_tid_map_find(&table->threads, thread->tid) == thread);
	sk_tid_map_remove(&table->threads, thread->tid);
	forget(table, thread);
	table->removed++;
	table->leader_epoch++;
}

void sk_thread_table_clear(struct sk_thread_table *table)
{
	for (uint32_t i = 0; i <= table->threads.mask; i++)
		while (table->threads.slots[i].value)
			sk_thread_erase(table, table->threads.slots[i].value);
	assert(table->threads.count == 0 && table->groups.count == 0);
	forget_named(table);
	sk_thread_table_linked(table);
}

void sk_thread_table_release(struct sk_thread_table *table)
{
	if (!table->threads.slots)
		return;
	sk_thread_table_clear(table);
	while (table->chunks) {
		struct sk_thread_chunk *next = table->chunks->next;

		sk_free(table->chunks);
		table->chunks = next;
	}
	sk_tid_map_release(&table->threads);
	sk_tid_map_release(&table->groups);
}

struct sk_thread *sk_thread_find(const struct sk_thread_table *table, int64_t tid)
{
	/* The cache is no part of what callers see. */
	struct sk_thread_table *mutable_table = (struct sk_thread_table *)(uintptr_t)table;
	struct sk_thread *thread = table->last;

	if (thread && thread->tid == tid)
		return thread;
	thread = sk_tid_map_find(&table->threads, tid);
	if (thread)
		mutable_table->last = thread;
	return thread;
}

uint32_t sk_thread_table_size(const struct sk_thread_table *table)
{
	return table->threads.count;
}

struct sk_thread *sk_thread_table_next(const struct sk_thread_table *table, uint32_t *cursor)
{
	while (*cursor <= table->threads.mask) {
		struct sk_thread *thread = table->threads.slots[(*cursor)++].value;

		if (thread)
			return thread;
	}
	return NULL;
}

/* --- reading ----------------------------------------------------------- */

struct sk_thread *sk_thread_main(const struct sk_thread *thread)
{
	if (sk_thread_is_main(thread))
		return (struct sk_thread *)(uintptr_t)thread;
	if (!thread->group || !thread->group->first || !sk_thread_is_main(thread->group->first))
		return NULL;
	return thread->group->first;
}

struct sk_thread *sk_thread_ancestor(const struct sk_thread_table *table, const struct sk_thread *thread,
				     uint32_t levels)
{
	struct sk_thread *at = sk_thread_main(thread);

	/* More steps than threads: the links go in a circle, and no step is the last. */
	if (levels > table->threads.count)
		return NULL;
	while (at && levels-- > 0) {
		at = sk_thread_find(table, at->ptid);
		if (at)
			at = sk_thread_main(at);
	}
	return at;
}

struct sk_thread *sk_thread_parent(const struct sk_thread_table *table, const struct sk_thread *thread)
{
	return sk_thread_ancestor(table, thread, 1);
}

struct sk_fd_table *sk_thread_own_fds(struct sk_thread_table *table, struct sk_thread *thread)
{
	struct sk_thread *owner = thread->flags & SK_CLONE_FILES ? sk_thread_main(thread) : thread;

	if (owner && !owner->fds)
		owner->fds = sk_fd_table_create(table->fds);
	return owner ? owner->fds : NULL;
}

const struct sk_string *sk_thread_cwd(const struct sk_thread *thread)
{
	static const struct sk_string unknown = {.references = 1, .length = 2, .bytes = "./"};
	const struct sk_thread *owner = sk_thread_main(thread);

	return owner ? owner->cwd : &unknown;
}

const struct sk_string *sk_thread_env(const struct sk_thread *thread)
{
	static const struct sk_string unknown = {.references = 1, .length = 0, .bytes = ""};
	const struct sk_thread *owner = sk_thread_main(thread);

	return owner ? owner->env : &unknown;
}

uint32_t sk_thread_count(const struct sk_thread *thread)
{
	return thread->group ? thread->group->alive : 0;
}

uint32_t sk_thread_child_count(const struct sk_thread *thread)
{
	const struct sk_thread *leader = sk_thread_main(thread);
	uint32_t count = sk_thread_count(thread);

	return count > 0 && leader && !(leader->flags & SK_CLONE_CLOSED) ? count - 1 : count;
}
