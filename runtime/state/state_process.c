/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes and threads that begin, and programs that start in them
 * (spec/state.md sections 3.4 and 3.5).
 *
 * A clone shows twice, at the caller and at the child, in either order, and
 * one of the two may be lost: whoever comes first makes the child, but only
 * the child itself when a pid namespace stands between them, because the
 * caller knows another number for it.
 */
#include "runtime/state/state_private.h"

static const uint64_t stale = UINT64_C(2000000000);

/* Parameters of clone, fork, vfork and clone3. */
enum {
	CLONE_EXE = 1,
	CLONE_ARGS = 2,
	CLONE_PID = 4,
	CLONE_PTID = 5,
	CLONE_FDLIMIT = 7,
	CLONE_PGFT_MAJ = 8,
	CLONE_PGFT_MIN = 9,
	CLONE_VM_SIZE = 10,
	CLONE_VM_RSS = 11,
	CLONE_VM_SWAP = 12,
	CLONE_COMM = 13,
	CLONE_CGROUPS = 14,
	CLONE_FLAGS = 15,
	CLONE_UID = 16,
	CLONE_GID = 17,
	CLONE_VTID = 18,
	CLONE_VPID = 19,
	CLONE_PIDNS_INIT_START_TS = 20,
};

/* exe, args, comm and what is shown of them; the same for clone and exec. */
static void set_program(struct sk_state *state, struct sk_thread *thread, const struct sk_event_view *view,
			const struct sk_thread *like)
{
	struct sk_thread_table *threads = &state->threads;
	uint32_t length;
	const char *text = sk_event_text(&view->event, 1, &length);

	sk_thread_set_text(threads, thread, &thread->exe, like ? like->exe : NULL, text, length);
	if (sk_event_has(&view->event, CLONE_COMM))
		text = sk_event_text(&view->event, CLONE_COMM, &length);
	sk_thread_set_text(threads, thread, &thread->comm, like ? like->comm : NULL, text, length);
	text = sk_state_bytes(view, CLONE_ARGS, &length);
	sk_thread_set_strings(threads, thread, &thread->args, like ? like->args : NULL, text, length);
	sk_thread_set_cmdline(threads, thread, like);
}

/* The counters that change all the time and are no reason to forget anything. */
static void set_counters(struct sk_thread *thread, const struct sk_event *event)
{
	if (!sk_event_has(event, CLONE_VM_SWAP))
		return;
	thread->pfmajor = sk_event_unsigned(event, CLONE_PGFT_MAJ, 0);
	thread->pfminor = sk_event_unsigned(event, CLONE_PGFT_MIN, 0);
	thread->vmsize_kb = (uint32_t)sk_event_unsigned(event, CLONE_VM_SIZE, 0);
	thread->vmrss_kb = (uint32_t)sk_event_unsigned(event, CLONE_VM_RSS, 0);
	thread->vmswap_kb = (uint32_t)sk_event_unsigned(event, CLONE_VM_SWAP, 0);
}

static void set_namespace_ids(struct sk_thread *thread, const struct sk_event *event)
{
	thread->vtid = thread->tid;
	thread->vpid = -1;
	if (sk_event_has(event, CLONE_VPID)) {
		thread->vtid = sk_event_signed(event, CLONE_VTID, thread->tid);
		thread->vpid = sk_event_signed(event, CLONE_VPID, -1);
	}
}

/* A thread that is not in the table yet gets what the event says of it. */
static void describe(struct sk_state *state, struct sk_thread *child, const struct sk_event_view *view,
		     const struct sk_thread *like)
{
	const struct sk_event *event = &view->event;
	uint32_t length;
	const char *text = sk_state_bytes(view, CLONE_CGROUPS, &length);

	set_program(state, child, view, like);
	set_counters(child, event);
	sk_thread_set_cgroups(&state->threads, child, like->cgroups, text, length);
	child->fdlimit = sk_event_signed(event, CLONE_FDLIMIT, -1);
	child->uid = (uint32_t)sk_event_unsigned(event, CLONE_UID, UINT32_MAX);
	child->gid = (uint32_t)sk_event_unsigned(event, CLONE_GID, UINT32_MAX);
	child->clone_ts = event->ts;
	child->last_access_ts = event->ts;
}

static void share_text(struct sk_state *state, struct sk_string **slot, struct sk_string *text)
{
	sk_string_replace(state->strings, slot, sk_string_share(text));
}

/*
 * What a new thread has from the one that made it; a new process also gets
 * its own copy of fds, directory and environment.
 */
static void inherit(struct sk_state *state, struct sk_thread *child, const struct sk_thread *parent)
{
	const struct sk_thread *leader;
	const struct sk_fd_table *fds;

	share_text(state, &child->exepath, parent->exepath);
	share_text(state, &child->root, parent->root);
	child->exe_writable = parent->exe_writable;
	child->exe_upper_layer = parent->exe_upper_layer;
	child->exe_lower_layer = parent->exe_lower_layer;
	child->exe_from_memfd = parent->exe_from_memfd;
	child->sid = parent->sid;
	child->vpgid = parent->vpgid;
	child->pgid = parent->pgid;
	child->tty = parent->tty;
	child->loginuid = parent->loginuid;
	child->cap_inheritable = parent->cap_inheritable;
	child->cap_permitted = parent->cap_permitted;
	child->cap_effective = parent->cap_effective;
	child->exe_ino = parent->exe_ino;
	child->exe_ino_ctime = parent->exe_ino_ctime;
	child->exe_ino_mtime = parent->exe_ino_mtime;
	child->exe_ino_ctime_duration_clone_ts = parent->exe_ino_ctime_duration_clone_ts;
	sk_thread_learn_from(child, SK_STAKE_PROGRAM, parent);
	sk_thread_learn_from(child, SK_STAKE_SESSION, parent);
	sk_thread_learn_from(child, SK_STAKE_GROUPS, parent);
	sk_thread_learn_from(child, SK_STAKE_PRIVILEGES, parent);
	if (child->flags & SK_CLONE_THREAD)
		return;
	leader = sk_thread_main(parent);
	sk_thread_learn_from(child, SK_STAKE_ENVIRONMENT, leader);
	sk_thread_learn_from(child, SK_STAKE_DIRECTORY, leader);
	sk_thread_learn_from(child, SK_STAKE_FDS, parent->flags & SK_CLONE_FILES ? leader : parent);
	if (leader) {
		share_text(state, &child->cwd, leader->cwd);
		share_text(state, &child->env, leader->env);
	}
	fds = sk_thread_fds(parent);
	if (fds && sk_fd_table_count(fds) > 0) {
		child->fds = sk_fd_table_copy(&state->fds, fds);
		if (!child->fds)
			state->stats.out_of_memory++;
	}
}

/* What it has from a thread of which nothing is known. */
static void inherit_nothing(struct sk_thread *child)
{
	child->unknown |= 1U << SK_STAKE_PROGRAM | 1U << SK_STAKE_SESSION | 1U << SK_STAKE_GROUPS |
			  1U << SK_STAKE_PRIVILEGES | 1U << SK_STAKE_ENVIRONMENT | 1U << SK_STAKE_DIRECTORY |
			  1U << SK_STAKE_FDS;
}

/* --- clone, as the caller sees it --------------------------------------- */

static void complete_caller(struct sk_state *state, struct sk_thread *caller, const struct sk_event *event)
{
	caller->pid = sk_event_signed(event, CLONE_PID, -1);
	caller->ptid = sk_event_signed(event, CLONE_PTID, -1);
	set_namespace_ids(caller, event);
	sk_thread_learn(caller, SK_STAKE_BIRTH, state->threads.stamp);
	sk_thread_learn(caller, SK_STAKE_PARENT, state->threads.stamp);
	sk_thread_changed(&state->threads, caller);
	sk_thread_link(&state->threads, caller);
}

static void clone_caller(struct sk_state *state, struct sk_event_view *view, int64_t child_tid)
{
	const struct sk_event *event = &view->event;
	uint32_t flags = (uint32_t)sk_event_unsigned(event, CLONE_FLAGS, 0);
	struct sk_thread *caller = sk_state_get_thread(state, event->tid), *child;
	bool valid, replaced = false;

	view->thread = caller;
	if (!caller)
		return;
	valid = !sk_thread_is_invalid(caller);
	if (!valid)
		complete_caller(state, caller, event);
	if ((flags & (SK_CLONE_CHILD_IN_PIDNS | SK_CLONE_NEWPID | SK_CLONE_PARENT | SK_CLONE_VFORK)) ||
	    caller->tid != caller->vtid || event->type == SK_EVENT_SYSCALL_VFORK_20_X || child_tid == caller->tid)
		return;
	if (sk_recent_exits_has(state->recent, caller->tid, child_tid, event->ts))
		return;
	child = sk_thread_find(&state->threads, child_tid);
	if (child) {
		if (child->flags & SK_CLONE_INVERTED)
			return;
		sk_state_remove_thread(state, child_tid);
		replaced = true;
		caller = view->thread = sk_thread_find(&state->threads, event->tid);
		if (!caller)
			return;
	}
	child = sk_thread_new(&state->threads, child_tid);
	if (!child) {
		state->stats.out_of_memory++;
		return;
	}
	child->flags = flags;
	if (flags & SK_CLONE_THREAD) {
		child->pid = caller->pid;
		child->ptid = caller->ptid;
		child->flags |= SK_CLONE_FILES;
		child->lastexec_ts = caller->lastexec_ts;
	} else {
		child->pid = child_tid;
		child->ptid = caller->tid;
	}
	child->vtid = child->tid;
	child->vpid = child->pid;
	child->pidns_init_start_ts = state->boot_ts;
	describe(state, child, view, caller);
	if (valid) {
		inherit(state, child, caller);
	} else {
		inherit_nothing(child);
		set_program(state, caller, view, child);
		sk_thread_learn(caller, SK_STAKE_NAME, state->threads.stamp);
	}
	sk_thread_add(&state->threads, child, true);
	if (replaced)
		sk_state_bind(state, view);
}

/* --- clone, as the child sees it ----------------------------------------- */

static void complete_lookup(struct sk_state *state, struct sk_thread *lookup, const struct sk_thread *child,
			    const struct sk_event_view *view)
{
	lookup->pid = child->pid;
	lookup->ptid = child->ptid;
	lookup->vpid = child->vpid;
	lookup->vtid = child->vpid;
	sk_thread_learn(lookup, SK_STAKE_BIRTH, state->threads.stamp);
	sk_thread_learn(lookup, SK_STAKE_PARENT, state->threads.stamp);
	sk_thread_learn(lookup, SK_STAKE_NAME, state->threads.stamp);
	sk_thread_changed(&state->threads, lookup);
	sk_thread_link(&state->threads, lookup);
	set_program(state, lookup, view, NULL);
}

static void clone_child(struct sk_state *state, struct sk_event_view *view)
{
	const struct sk_event *event = &view->event;
	uint32_t flags = (uint32_t)sk_event_unsigned(event, CLONE_FLAGS, 0);
	struct sk_thread *child = sk_thread_find(&state->threads, event->tid), *lookup;
	bool valid, is_thread = flags & SK_CLONE_THREAD;

	view->thread = child;
	if (child && child->clone_ts != 0) {
		if (event->ts < child->clone_ts || event->ts - child->clone_ts < stale)
			return; /* the caller's event made it */
		sk_state_remove_thread(state, event->tid);
	}
	view->thread = NULL;
	child = sk_thread_new(&state->threads, event->tid);
	if (!child) {
		state->stats.out_of_memory++;
		return;
	}
	child->pid = sk_event_signed(event, CLONE_PID, -1);
	child->ptid = sk_event_signed(event, CLONE_PTID, -1);
	set_namespace_ids(child, event);
	child->flags = flags | SK_CLONE_INVERTED | (is_thread ? SK_CLONE_FILES : 0);
	lookup = sk_state_get_thread(state, is_thread ? child->pid : child->ptid);
	if (!lookup) {
		sk_thread_discard(&state->threads, child);
		return;
	}
	valid = !sk_thread_is_invalid(lookup);
	if (!valid && is_thread)
		complete_lookup(state, lookup, child, view);
	describe(state, child, view, lookup);
	if (valid) {
		inherit(state, child, lookup);
		if (is_thread)
			child->lastexec_ts = lookup->lastexec_ts;
	} else {
		inherit_nothing(child);
	}
	if ((flags & (SK_CLONE_CHILD_IN_PIDNS | SK_CLONE_NEWPID)) || child->tid != child->vtid) {
		if (sk_event_has(event, CLONE_PIDNS_INIT_START_TS))
			child->pidns_init_start_ts =
				sk_event_unsigned(event, CLONE_PIDNS_INIT_START_TS, 0) + state->boot_ts;
	} else {
		child->pidns_init_start_ts = state->boot_ts;
	}
	view->thread = sk_thread_add(&state->threads, child, true);
}

void sk_state_clone(struct sk_state *state, struct sk_event_view *view)
{
	int64_t result = sk_event_signed(&view->event, 0, -1);

	if (result < 0)
		return;
	if (result == 0)
		clone_child(state, view);
	else
		clone_caller(state, view, result);
	if (view->thread) {
		sk_state_match_container(state, view->thread);
		sk_state_need_users(state, view->thread);
	}
}

/* --- exec ---------------------------------------------------------------- */

/* Parameters that clone has not. */
enum {
	EXEC_ENV = 15,
	EXEC_TTY = 16,
	EXEC_VPGID = 17,
	EXEC_LOGINUID = 18,
	EXEC_FLAGS = 19,
	EXEC_CAP_INHERITABLE = 20,
	EXEC_CAP_PERMITTED = 21,
	EXEC_CAP_EFFECTIVE = 22,
	EXEC_INO = 23,
	EXEC_INO_CTIME = 24,
	EXEC_INO_MTIME = 25,
	EXEC_UID = 26,
	EXEC_TRUSTED_EXEPATH = 27,
	EXEC_PGID = 28,
	EXEC_GID = 29,
};

enum {
	EXE_WRITABLE = 1,
	EXE_UPPER_LAYER = 2,
	EXE_FROM_MEMFD = 4,
	EXE_LOWER_LAYER = 8,
	AT_EMPTY_PATH_FLAG = 0x1000
};

static bool is_text(const char *text, uint32_t length, const char *expected)
{
	return length == strlen(expected) && memcmp(text, expected, length) == 0;
}

/* What an old capture's enter event says of the program's path; false: nothing. */
static bool path_from_enter(const struct sk_event_view *view, char ret_path[SK_PATH_SIZE], uint32_t *ret_length)
{
	static const char unknown[] = "<NA>";
	char buffer[SK_PATH_SIZE + 1];
	const struct sk_event *enter = view->enter;
	struct sk_fd *unused;
	const char *directory, *path;
	size_t directory_length;
	uint32_t length;

	if (!enter)
		return false;
	if (enter->type == SK_EVENT_SYSCALL_EXECVE_19_E) {
		const struct sk_string *cwd = sk_thread_cwd(view->thread);

		path = sk_event_text(enter, 0, &length);
		if (!is_text(path, length, unknown)) {
			sk_path_join(cwd->bytes, cwd->length, path, length, ret_path, ret_length);
			return true;
		}
	} else {
		bool empty_path = sk_event_unsigned(enter, 2, 0) & AT_EMPTY_PATH_FLAG;

		path = sk_event_text(enter, 1, &length);
		directory = sk_state_directory(view->thread, sk_event_signed(enter, 0, -1), path, length, buffer,
					       &directory_length, &unused);
		if (!(!empty_path && is_text(path, length, unknown)) &&
		    !is_text(directory, (uint32_t)directory_length, "<UNKNOWN>")) {
			if (empty_path)
				sk_path_join("", 0, directory, directory_length, ret_path, ret_length);
			else
				sk_path_join(directory, directory_length, path, length, ret_path, ret_length);
			return true;
		}
	}
	memcpy(ret_path, unknown, sizeof(unknown));
	*ret_length = sizeof(unknown) - 1;
	return true;
}

static void set_exepath(struct sk_state *state, struct sk_thread *thread, const struct sk_event_view *view)
{
	static const char deleted[] = " (deleted)";
	const uint32_t deleted_length = sizeof(deleted) - 1;
	char buffer[SK_PATH_SIZE];
	const char *path = buffer;
	uint32_t length;

	if (sk_event_has(&view->event, EXEC_TRUSTED_EXEPATH))
		path = sk_event_text(&view->event, EXEC_TRUSTED_EXEPATH, &length);
	else if (!path_from_enter(view, buffer, &length))
		return;
	if (length >= deleted_length && memcmp(path + length - deleted_length, deleted, deleted_length) == 0)
		length -= deleted_length;
	sk_thread_set_text(&state->threads, thread, &thread->exepath, NULL, path, length);
}

static void set_exe_file(struct sk_thread *thread, const struct sk_event *event)
{
	if (sk_event_has(event, EXEC_FLAGS)) {
		uint64_t flags = sk_event_unsigned(event, EXEC_FLAGS, 0);

		thread->exe_writable = flags & EXE_WRITABLE;
		thread->exe_upper_layer = flags & EXE_UPPER_LAYER;
		thread->exe_lower_layer = flags & EXE_LOWER_LAYER;
		thread->exe_from_memfd = flags & EXE_FROM_MEMFD;
	}
	if (!sk_event_has(event, EXEC_INO_MTIME))
		return;
	thread->exe_ino = sk_event_unsigned(event, EXEC_INO, 0);
	thread->exe_ino_ctime = sk_event_unsigned(event, EXEC_INO_CTIME, 0);
	thread->exe_ino_mtime = sk_event_unsigned(event, EXEC_INO_MTIME, 0);
	if (thread->clone_ts != 0)
		thread->exe_ino_ctime_duration_clone_ts = thread->clone_ts - thread->exe_ino_ctime;
	if (thread->pidns_init_start_ts != 0 && thread->exe_ino_ctime > thread->pidns_init_start_ts)
		thread->exe_ino_ctime_duration_pidns_start = thread->exe_ino_ctime - thread->pidns_init_start_ts;
}

/* An entry that was not known until now learns its place. */
static void complete_thread(struct sk_state *state, struct sk_thread *thread, const struct sk_event *event)
{
	sk_thread_learn(thread, SK_STAKE_BIRTH, state->threads.stamp);
	sk_thread_learn(thread, SK_STAKE_PARENT, state->threads.stamp);
	thread->ptid = sk_event_signed(event, CLONE_PTID, -1);
	if (!(thread->flags & SK_CLONE_CHILD_IN_PIDNS)) {
		thread->vtid = thread->tid;
		thread->vpid = thread->pid;
	}
	sk_thread_link(&state->threads, thread);
}

/* What an exec tells, and so puts out of doubt. */
static void learn_exec(struct sk_thread *thread, const struct sk_event *event, uint32_t stamp)
{
	sk_thread_learn(thread, SK_STAKE_NAME, stamp);
	if (sk_event_has(event, EXEC_TRUSTED_EXEPATH))
		sk_thread_learn(thread, SK_STAKE_PROGRAM, stamp);
	if (sk_event_has(event, EXEC_ENV))
		sk_thread_learn(thread, SK_STAKE_ENVIRONMENT, stamp);
	if (sk_event_has(event, CLONE_CGROUPS))
		sk_thread_learn(thread, SK_STAKE_CGROUPS, stamp);
	if (sk_event_has(event, EXEC_CAP_EFFECTIVE))
		sk_thread_learn(thread, SK_STAKE_PRIVILEGES, stamp);
	if (sk_event_has(event, CLONE_FDLIMIT))
		sk_thread_learn(thread, SK_STAKE_LIMITS, stamp);
	if (sk_event_has(event, EXEC_PGID))
		sk_thread_learn(thread, SK_STAKE_GROUPS, stamp);
	if (sk_event_has(event, EXEC_GID))
		sk_thread_learn(thread, SK_STAKE_IDS, stamp);
	if (sk_event_has(event, CLONE_PTID) && sk_event_signed(event, CLONE_PTID, -1) == thread->ptid)
		sk_thread_learn(thread, SK_STAKE_PARENT, stamp);
}

/* The kernel has killed all other threads; their exits may still be on the way. */
static void remove_other_threads(struct sk_state *state, struct sk_thread *thread)
{
	struct sk_thread *other = thread->group ? thread->group->first : NULL;

	while (other) {
		struct sk_thread *next = other->group_next;

		if (other != thread && !sk_thread_is_main(other)) {
			int64_t tid = thread->tid;

			sk_state_remove_thread(state, other->tid);
			/* With counts gone wrong a removal may take more along: start over. */
			if (sk_thread_find(&state->threads, tid) != thread)
				return;
			next = thread->group ? thread->group->first : NULL;
		}
		other = next;
	}
}

void sk_state_exec(struct sk_state *state, struct sk_event_view *view)
{
	const uint32_t kept = SK_CLONE_PIPE_SRC | SK_CLONE_PIPE_DST | SK_CLONE_IS_MAIN_THREAD | SK_CLONE_INVERTED;
	const struct sk_event *event = &view->event;
	struct sk_thread_table *threads = &state->threads;
	struct sk_thread *thread = view->thread;
	const char *text;
	uint32_t length;
	bool invalid;

	if (!thread || sk_event_signed(event, 0, -1) < 0)
		return;
	sk_thread_revive(threads, thread);
	remove_other_threads(state, thread);
	thread = view->thread = sk_thread_find(threads, event->tid);
	if (!thread)
		return;

	set_program(state, thread, view, NULL);
	thread->lastexec_ts = event->ts;
	invalid = sk_thread_is_invalid(thread);
	thread->pid = sk_event_signed(event, CLONE_PID, thread->pid);
	if (invalid)
		complete_thread(state, thread, event);
	thread->fdlimit = sk_event_signed(event, CLONE_FDLIMIT, thread->fdlimit);
	set_counters(thread, event);
	/* An empty environment leaves the old one, as the reference has it. */
	text = sk_state_bytes(view, EXEC_ENV, &length);
	if (length > 0)
		sk_thread_set_strings(threads, thread, &thread->env, NULL, text, length);
	text = sk_state_bytes(view, CLONE_CGROUPS, &length);
	sk_thread_set_cgroups(threads, thread, NULL, text, length);
	if (sk_event_has(event, EXEC_TTY))
		thread->tty = (uint32_t)sk_event_unsigned(event, EXEC_TTY, 0);
	set_exepath(state, thread, view);
	if (sk_event_has(event, EXEC_VPGID))
		thread->vpgid = sk_event_signed(event, EXEC_VPGID, -1);
	if (sk_event_has(event, EXEC_LOGINUID))
		thread->loginuid = (uint32_t)sk_event_unsigned(event, EXEC_LOGINUID, UINT32_MAX);
	set_exe_file(thread, event);
	if (sk_event_has(event, EXEC_CAP_EFFECTIVE))
		sk_thread_set_capabilities(threads, thread, sk_event_unsigned(event, EXEC_CAP_INHERITABLE, 0),
					   sk_event_unsigned(event, EXEC_CAP_PERMITTED, 0),
					   sk_event_unsigned(event, EXEC_CAP_EFFECTIVE, 0));
	if (sk_event_has(event, EXEC_UID))
		thread->uid = (uint32_t)sk_event_unsigned(event, EXEC_UID, UINT32_MAX);
	thread->pgid = sk_event_signed(event, EXEC_PGID, -1);
	if (sk_event_has(event, EXEC_GID))
		thread->gid = (uint32_t)sk_event_unsigned(event, EXEC_GID, UINT32_MAX);
	sk_fd_table_remove_close_on_exec(&state->fds, sk_thread_fds(thread));
	thread->flags = SK_CLONE_ACTIVE | SK_CLONE_NAME_CHANGED | (thread->flags & kept);
	learn_exec(thread, event, threads->stamp);
	/* Once for all that was written without a setter: an exec changes nearly everything. */
	sk_thread_changed(threads, thread);
	sk_state_match_container(state, thread);
	sk_state_need_users(state, thread);
}
