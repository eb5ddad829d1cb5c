/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread as the rules see it (spec/state.md section 3), and the table of
 * all of them.
 *
 *   table: open addressing by tid ─► slab entries, never moved
 *   group: all threads of a pid, main thread first
 *   child list: what a thread created, for reparenting
 *
 * Everything outside runtime/state/ only reads.  What a rule can see of a
 * thread changes in the setters of thread_table.h and nowhere else, and each
 * of them raises `revision`: a truth that was found for (thread, revision)
 * holds as long as the two are the same.  Not covered, because they change all
 * the time: the vm and page fault counters, the fd table, what is computed
 * from the time, and the number of threads.
 */
#ifndef SK_STATE_THREAD_H
#define SK_STATE_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/state/fd.h"
#include "runtime/state/loss.h"
#include "runtime/state/string.h"
#include "vm/vm.h"

/* Wire values of the clone_flags table that the state engine acts on. */
enum sk_clone_flag {
	SK_CLONE_FILES = 1 << 0,
	SK_CLONE_FS = 1 << 1,
	SK_CLONE_NEWPID = 1 << 6,
	SK_CLONE_PARENT = 1 << 8,
	SK_CLONE_THREAD = 1 << 13,
	SK_CLONE_VM = 1 << 15,
	SK_CLONE_INVERTED = 1 << 16,
	SK_CLONE_NAME_CHANGED = 1 << 17,
	SK_CLONE_CLOSED = 1 << 18,
	SK_CLONE_ACTIVE = 1 << 19,
	SK_CLONE_NEWUSER = 1 << 20,
	SK_CLONE_PIPE_SRC = 1 << 21,
	SK_CLONE_PIPE_DST = 1 << 22,
	SK_CLONE_VFORK = 1 << 27,
	SK_CLONE_CHILD_IN_PIDNS = 1 << 29,
	SK_CLONE_IS_MAIN_THREAD = 1 << 30,
};

struct sk_thread_group;

/*
 * Strings are never NULL.  `args`, `env` and `cgroups` are strings with their
 * NULs, one after another; `cwd` ends in "/".  env, cwd and fds are those of
 * the main thread: use the accessors below.
 */
struct sk_thread {
	/*
	 * Raised by every change that a rule can see, metadata of its container
	 * and names of its users included; never reset, not even when the memory
	 * serves another thread.
	 */
	uint32_t revision;
	/* The engine's; the state only zeroes them. */
	struct sk_vm_cache class;
	struct sk_vm_cache ancestry; /* what those whom it created see of their ancestors */
	int64_t tid, pid, ptid, sid, vpgid, pgid, vtid, vpid;
	int64_t reaper_tid;
	uint32_t uid, gid, loginuid;
	uint32_t flags; /* SK_CLONE_* */
	uint32_t tty;
	uint32_t vmsize_kb, vmrss_kb, vmswap_kb;
	int64_t fdlimit;
	uint64_t pfmajor, pfminor;
	uint64_t clone_ts, lastexec_ts, pidns_init_start_ts;    /* ns since the epoch, 0: unknown */
	uint64_t cap_inheritable, cap_permitted, cap_effective; /* wire numbering */
	uint64_t exe_ino, exe_ino_ctime, exe_ino_mtime;
	uint64_t exe_ino_ctime_duration_clone_ts, exe_ino_ctime_duration_pidns_start;
	bool exe_writable, exe_upper_layer, exe_lower_layer, exe_from_memfd;

	struct sk_string *comm, *exe, *exepath, *args, *env, *cwd, *root, *cgroups;
	struct sk_string *cmdline;         /* comm, then " " and each argument */
	struct sk_string *container_id;    /* empty on the host; of this thread's own cgroups */
	struct sk_string *matched_cgroups; /* what container_id was found in; NULL: not looked for yet */

	struct sk_fd_table *fds; /* main thread's: the process's own; others': NULL */

	/* Doubt (loss.h): since which loss each part is known, and a bit for each that never was. */
	uint32_t known[SK_STAKE_OF_THREAD];
	uint32_t unknown;

	/* Owned by thread.c. */
	struct sk_thread_group *group;
	struct sk_thread *group_next;
	struct sk_thread *parent, *first_child, *next_sibling, *previous_sibling;

	/* What an event does to the binding of the next one (spec/state.md section 2). */
	uint16_t last_event_type;
	int64_t last_fd;
	struct sk_string *enter_event; /* stored enter event in wire format, NULL without one */
	uint64_t last_access_ts;
};

struct sk_thread_table;

/* The thread with this tid, NULL if it is not known.  Never asks /proc. */
struct sk_thread *sk_thread_find(const struct sk_thread_table *table, int64_t tid);

static inline bool sk_thread_is_main(const struct sk_thread *thread)
{
	return thread->tid == thread->pid || (thread->flags & SK_CLONE_IS_MAIN_THREAD);
}

static inline bool sk_thread_is_invalid(const struct sk_thread *thread)
{
	return thread->tid < 0 || thread->pid < 0 || thread->ptid < 0;
}

static inline bool sk_thread_in_pid_namespace(const struct sk_thread *thread)
{
	return (thread->flags & SK_CLONE_CHILD_IN_PIDNS) || (thread->vtid >= 0 && thread->tid != thread->vtid);
}

/* The parts of all stakes. */
#define SK_UNKNOWN_THREAD ((1U << SK_STAKE_OF_THREAD) - 1)

/* A part of the thread is known from now on, `stamp` being that of its table. */
static inline void sk_thread_learn(struct sk_thread *thread, enum sk_stake stake, uint32_t stamp)
{
	thread->known[stake] = stamp;
	thread->unknown &= ~(1U << stake);
}

/* A part of `thread` is as well known as that of `from`; NULL: nobody knows it. */
static inline void sk_thread_learn_from(struct sk_thread *thread, enum sk_stake stake, const struct sk_thread *from)
{
	if (from) {
		thread->known[stake] = from->known[stake];
		thread->unknown = (thread->unknown & ~(1U << stake)) | (from->unknown & 1U << stake);
	} else {
		thread->unknown |= 1U << stake;
	}
}

/* The main thread of its process; NULL if it is not known. */
struct sk_thread *sk_thread_main(const struct sk_thread *thread);

/*
 * One step up: the main thread of the thread that is `ptid` of this one's main
 * thread (spec/rule-language.md section 6.2 "Ancestors"); NULL if unknown.
 */
struct sk_thread *sk_thread_parent(const struct sk_thread_table *table, const struct sk_thread *thread);

/* `levels` steps up; 0 is the main thread itself. */
struct sk_thread *sk_thread_ancestor(const struct sk_thread_table *table, const struct sk_thread *thread,
				     uint32_t levels);

/*
 * The process's fds, following CLONE_FILES; NULL if the main thread is unknown
 * or nothing is open.
 */
static inline struct sk_fd_table *sk_thread_fds(const struct sk_thread *thread)
{
	const struct sk_thread *owner = thread->flags & SK_CLONE_FILES ? sk_thread_main(thread) : thread;

	return owner ? owner->fds : NULL;
}

/*
 * The main thread's working directory and environment; "./" and "" if the main
 * thread is unknown.
 */
const struct sk_string *sk_thread_cwd(const struct sk_thread *thread);
const struct sk_string *sk_thread_env(const struct sk_thread *thread);

/* Live threads of its process; 0 if it has no group (proc.nthreads). */
uint32_t sk_thread_count(const struct sk_thread *thread);

/* The same without the leader, if that is alive (proc.nchilds). */
uint32_t sk_thread_child_count(const struct sk_thread *thread);

/* Threads in the table, in no order: the next one at or behind `*cursor` (start with 0); NULL at the end. */
struct sk_thread *sk_thread_table_next(const struct sk_thread_table *table, uint32_t *cursor);

/* Number of threads in the table. */
uint32_t sk_thread_table_size(const struct sk_thread_table *table);

#endif
