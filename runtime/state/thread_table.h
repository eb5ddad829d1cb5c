/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the state engine changes the thread table, its groups and its links
 * (spec/state.md sections 3.1 to 3.3), and what a rule can see of a thread.
 *
 * The mutation points: everything that changes a visible fact of a thread is
 * one of the sk_thread_set_*() functions here, or ends in sk_thread_changed().
 */
#ifndef SK_STATE_THREAD_TABLE_H
#define SK_STATE_THREAD_TABLE_H

#include "runtime/state/fd_table.h"
#include "runtime/state/string_pool.h"
#include "runtime/state/thread.h"
#include "runtime/state/tid_map.h"

struct sk_thread_group {
	int64_t pid;
	struct sk_thread *first; /* main thread if that is known; then group_next */
	uint32_t alive;          /* threads not marked dead */
	bool reaper;             /* init of a pid namespace, or a child subreaper */
};

struct sk_thread_chunk;

struct sk_thread_table {
	struct sk_tid_map threads; /* tid -> struct sk_thread */
	struct sk_tid_map groups;  /* pid -> struct sk_thread_group */
	struct sk_thread *last;    /* found last: events come in runs of one thread */
	struct sk_thread *free;    /* by group_next */
	struct sk_thread_chunk *chunks;
	struct sk_fd_pool *fds;
	struct sk_string_pool *strings;
	uint32_t limit;
	int64_t own_pid;
	uint32_t lineage_epoch, leader_epoch;
	uint32_t stamp; /* of what becomes known now (loss.h) */
	/*
	 * Whose change an ancestor's field may show to a thread that is not among
	 * his children: tids that a thread names as its parent without being
	 * listed there, because that one is gone, has been replaced, or was never
	 * known.  Few; a bit for each hash of a tid, set for more than there are,
	 * and found out anew when they are many.
	 */
	uint64_t named[64];
	uint32_t named_count, named_limit;
	uint32_t unlinked; /* entries that wait for sk_thread_table_linked(): anyone may be named */
	uint64_t added, removed, dropped;
	size_t memory;
};

int sk_thread_table_init(struct sk_thread_table *table, struct sk_string_pool *strings, struct sk_fd_pool *fds,
			 uint32_t limit, int64_t own_pid);
void sk_thread_table_release(struct sk_thread_table *table);

/* Forgets every thread. */
void sk_thread_table_clear(struct sk_thread_table *table);

/* A thread with the initial values that is in no table yet; NULL without memory. */
struct sk_thread *sk_thread_new(struct sk_thread_table *table, int64_t tid);

/* The pid gets a new group when its next thread comes; for one without live threads. */
void sk_thread_group_retire(struct sk_thread_table *table, struct sk_thread_group *group);

/* Takes back a thread that was never added. */
void sk_thread_discard(struct sk_thread_table *table, struct sk_thread *thread);

/*
 * Puts a new thread into the table, in place of an older one with its tid, and
 * links it if `link`.  Returns it; NULL if the table is full, and then the
 * thread is gone.
 */
struct sk_thread *sk_thread_add(struct sk_thread_table *table, struct sk_thread *thread, bool link);

/* Every entry that was added without a link has been linked since. */
void sk_thread_table_linked(struct sk_thread_table *table);

/* Joins its group and its parent's children: spec/state.md section 3.2. */
void sk_thread_link(struct sk_thread_table *table, struct sk_thread *thread);

/* A parent that it names without being its child, because that one is gone or never was known. */
void sk_thread_name_parent(struct sk_thread_table *table, struct sk_thread *thread, int64_t ptid);

/* Marks it dead, once; the group has one live thread less. */
void sk_thread_mark_dead(struct sk_thread_table *table, struct sk_thread *thread);

/* The opposite: an exec of a dead main thread. */
void sk_thread_revive(struct sk_thread_table *table, struct sk_thread *thread);

/*
 * Takes the thread out of the table and of all lists and frees it.  A group
 * that has no thread any more goes too.  Children keep their ptid.
 */
void sk_thread_erase(struct sk_thread_table *table, struct sk_thread *thread);

/* Makes all children those of `reaper`; NULL: of nobody, ptid 0. */
void sk_thread_reparent_children(struct sk_thread_table *table, struct sk_thread *thread, struct sk_thread *reaper);

/* The fd table for adding to it; NULL without main thread or memory. */
struct sk_fd_table *sk_thread_own_fds(struct sk_thread_table *table, struct sk_thread *thread);

/* --- setters ----------------------------------------------------------- */

/* True if threads that are not its children may have this one for an ancestor. */
bool sk_thread_is_named(const struct sk_thread_table *table, const struct sk_thread *thread);

/* Its process has other threads, which see the main one's directory, environment and ancestors. */
static inline bool sk_thread_shares_group(const struct sk_thread *thread)
{
	return thread->group && (thread->group_next || thread->group->first != thread);
}

/* A visible fact of the thread has changed. */
void sk_thread_changed(struct sk_thread_table *table, struct sk_thread *thread);

/* Sets a string of the thread; shares `hint` if that is the same text. */
void sk_thread_set_text(struct sk_thread_table *table, struct sk_thread *thread, struct sk_string **slot,
			struct sk_string *hint, const char *bytes, size_t length);

/*
 * Arguments or environment from the wire: each string with its NUL.  A single
 * empty string counts as none, a missing last NUL is added.
 */
void sk_thread_set_strings(struct sk_thread_table *table, struct sk_thread *thread, struct sk_string **slot,
			   struct sk_string *hint, const char *bytes, size_t length);

/*
 * cgroups from the wire, "subsys=path" each with its NUL, with the names of
 * controllers as spec/state.md section 8.1 has them.  If an entry has no "=",
 * the thread keeps what it had.
 */
void sk_thread_set_cgroups(struct sk_thread_table *table, struct sk_thread *thread, struct sk_string *hint,
			   const char *bytes, size_t length);

/* Sets cmdline from comm and args; shares that of `like` (NULL: none) if both are the same. */
void sk_thread_set_cmdline(struct sk_thread_table *table, struct sk_thread *thread, const struct sk_thread *like);

void sk_thread_set_uid(struct sk_thread_table *table, struct sk_thread *thread, uint32_t uid);
void sk_thread_set_gid(struct sk_thread_table *table, struct sk_thread *thread, uint32_t gid);
void sk_thread_set_capabilities(struct sk_thread_table *table, struct sk_thread *thread, uint64_t inheritable,
				uint64_t permitted, uint64_t effective);
void sk_thread_set_sid(struct sk_thread_table *table, struct sk_thread *thread, int64_t sid);

/* cwd of the main thread := path seen from this thread: spec/state.md section 4.5. */
void sk_thread_set_cwd(struct sk_thread_table *table, struct sk_thread *thread, const char *path, size_t length);

/*
 * The container id, found in the thread's present cgroups.  "" is the host.
 */
void sk_thread_set_container(struct sk_thread_table *table, struct sk_thread *thread, struct sk_string *id);

/* Back to where nobody has looked for it yet. */
void sk_thread_unset_container(struct sk_thread_table *table, struct sk_thread *thread);

#endif
