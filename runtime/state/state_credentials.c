/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process is and may: ids, capabilities, namespaces, limits, root and
 * working directory, memory (spec/state.md sections 3.7 and 4.5).
 */
#include "runtime/state/state_private.h"

/* Every capability of the wire's numbering, CAP_CHOWN to CAP_CHECKPOINT_RESTORE. */
static const uint64_t all_capabilities = (UINT64_C(1) << 41) - 1;

enum { RLIMIT_NOFILE_WIRE = 7, SET_CHILD_SUBREAPER = 0x24, GET_CHILD_SUBREAPER = 0x25 };

static void set_uid(struct sk_state *state, struct sk_event_view *view, unsigned index)
{
	if (!view->thread || sk_event_signed(&view->event, 0, -1) != 0 || !sk_event_has(&view->event, index))
		return;
	sk_thread_set_uid(&state->threads, view->thread,
			  (uint32_t)sk_event_unsigned(&view->event, index, view->thread->uid));
	sk_state_need_users(state, view->thread);
}

void sk_state_setuid(struct sk_state *state, struct sk_event_view *view)
{
	set_uid(state, view, 1);
}

/* setreuid has the effective id in the same place. */
void sk_state_setresuid(struct sk_state *state, struct sk_event_view *view)
{
	set_uid(state, view, 2);
}

static void set_gid(struct sk_state *state, struct sk_event_view *view, unsigned index)
{
	if (!view->thread || sk_event_signed(&view->event, 0, -1) != 0 || !sk_event_has(&view->event, index))
		return;
	sk_thread_set_gid(&state->threads, view->thread,
			  (uint32_t)sk_event_unsigned(&view->event, index, view->thread->gid));
	sk_state_need_users(state, view->thread);
}

void sk_state_setgid(struct sk_state *state, struct sk_event_view *view)
{
	set_gid(state, view, 1);
}

void sk_state_setresgid(struct sk_state *state, struct sk_event_view *view)
{
	set_gid(state, view, 2);
}

/* The number is that of the thread's own pid namespace, as the reference has it. */
void sk_state_setsid(struct sk_state *state, struct sk_event_view *view)
{
	int64_t sid = sk_event_signed(&view->event, 0, -1);

	if (!view->thread || sid < 0)
		return;
	sk_thread_set_sid(&state->threads, view->thread, sid);
	sk_thread_learn(view->thread, SK_STAKE_SESSION, state->threads.stamp);
}

/* PR_SET_NAME is not looked at: proc.name is the comm of the last exec or clone. */
void sk_state_prctl(struct sk_state *state, struct sk_event_view *view)
{
	int64_t option = sk_event_signed(&view->event, 1, -1);

	(void)state;
	if (!view->thread || !view->thread->group || sk_event_signed(&view->event, 0, -1) < 0)
		return;
	if (option == SET_CHILD_SUBREAPER || option == GET_CHILD_SUBREAPER)
		view->thread->group->reaper = sk_event_signed(&view->event, 3, 0) != 0;
}

void sk_state_capset(struct sk_state *state, struct sk_event_view *view)
{
	const struct sk_thread *thread = view->thread;

	if (!thread || sk_event_signed(&view->event, 0, -1) < 0)
		return;
	sk_thread_set_capabilities(&state->threads, view->thread,
				   sk_event_unsigned(&view->event, 1, thread->cap_inheritable),
				   sk_event_unsigned(&view->event, 2, thread->cap_permitted),
				   sk_event_unsigned(&view->event, 3, thread->cap_effective));
}

/* Whoever enters a user namespace has every capability there. */
static void enter_namespaces(struct sk_state *state, struct sk_event_view *view, unsigned index)
{
	if (view->thread && sk_event_signed(&view->event, 0, -1) >= 0 &&
	    (sk_event_unsigned(&view->event, index, 0) & SK_CLONE_NEWUSER))
		sk_thread_set_capabilities(&state->threads, view->thread, all_capabilities, all_capabilities,
					   all_capabilities);
}

void sk_state_unshare(struct sk_state *state, struct sk_event_view *view)
{
	enter_namespaces(state, view, 1);
}

void sk_state_setns(struct sk_state *state, struct sk_event_view *view)
{
	enter_namespaces(state, view, 2);
}

void sk_state_chroot(struct sk_state *state, struct sk_event_view *view)
{
	const struct sk_string *cwd;
	char root[SK_PATH_SIZE];
	const char *path;
	uint32_t length;

	if (!view->thread || sk_event_signed(&view->event, 0, -1) != 0)
		return;
	path = sk_event_text(&view->event, 1, &length);
	cwd = sk_thread_cwd(view->thread);
	sk_path_join(cwd->bytes, cwd->length, path, length, root, &length);
	sk_thread_set_text(&state->threads, view->thread, &view->thread->root, NULL, root, length);
	sk_state_match_container(state, view->thread);
}

static void learn_directory(const struct sk_thread *thread, uint32_t stamp)
{
	struct sk_thread *leader = sk_thread_main(thread);

	if (leader)
		sk_thread_learn(leader, SK_STAKE_DIRECTORY, stamp);
}

/* chdir and getcwd: both say where the thread is now. */
void sk_state_chdir(struct sk_state *state, struct sk_event_view *view)
{
	const char *path;
	uint32_t length;

	if (!view->thread || sk_event_signed(&view->event, 0, -1) < 0)
		return;
	path = sk_event_text(&view->event, 1, &length);
	sk_thread_set_cwd(&state->threads, view->thread, path, length);
	if (length > 0 && path[0] == '/')
		learn_directory(view->thread, state->threads.stamp);
}

void sk_state_fchdir(struct sk_state *state, struct sk_event_view *view)
{
	if (!view->thread || !view->fd || sk_event_signed(&view->event, 0, -1) < 0)
		return;
	sk_thread_set_cwd(&state->threads, view->thread, view->fd->name->bytes, view->fd->name->length);
	/* As well known as the directory is. */
	if (!(view->fd->flags & SK_FD_FLAG_PATH_DOUBTFUL))
		learn_directory(view->thread, view->fd->known);
}

static void set_fdlimit(struct sk_state *state, struct sk_thread *thread, int64_t limit)
{
	struct sk_thread *leader = thread ? sk_thread_main(thread) : NULL;

	if (!leader || limit == -1)
		return;
	sk_thread_learn(leader, SK_STAKE_LIMITS, state->threads.stamp);
	if (leader->fdlimit == limit)
		return;
	leader->fdlimit = limit;
	sk_thread_changed(&state->threads, leader);
}

void sk_state_rlimit(struct sk_state *state, struct sk_event_view *view)
{
	if (sk_event_signed(&view->event, 0, -1) >= 0 &&
	    sk_event_unsigned(&view->event, 3, UINT64_MAX) == RLIMIT_NOFILE_WIRE)
		set_fdlimit(state, view->thread, sk_event_signed(&view->event, 1, -1));
}

void sk_state_prlimit(struct sk_state *state, struct sk_event_view *view)
{
	int64_t tid = sk_event_signed(&view->event, 5, 0), limit = sk_event_signed(&view->event, 1, -1);

	if (sk_event_signed(&view->event, 0, -1) == 0 && limit != -1 &&
	    sk_event_unsigned(&view->event, 6, UINT64_MAX) == RLIMIT_NOFILE_WIRE)
		set_fdlimit(state, tid == 0 ? view->thread : sk_state_get_thread(state, tid), limit);
}

void sk_state_memory(struct sk_state *state, struct sk_event_view *view)
{
	struct sk_thread *thread = view->thread;

	(void)state;
	if (!thread)
		return;
	thread->vmsize_kb = (uint32_t)sk_event_unsigned(&view->event, 1, thread->vmsize_kb);
	if (sk_event_has(&view->event, 3)) {
		thread->vmrss_kb = (uint32_t)sk_event_unsigned(&view->event, 2, thread->vmrss_kb);
		thread->vmswap_kb = (uint32_t)sk_event_unsigned(&view->event, 3, thread->vmswap_kb);
	}
}

void sk_state_switch(struct sk_state *state, struct sk_event_view *view)
{
	struct sk_thread *thread = view->thread, *leader;

	(void)state;
	if (!thread || !sk_event_has(&view->event, 5))
		return;
	thread->pfmajor = sk_event_unsigned(&view->event, 1, thread->pfmajor);
	thread->pfminor = sk_event_unsigned(&view->event, 2, thread->pfminor);
	leader = sk_thread_main(thread);
	if (!leader)
		return;
	leader->vmsize_kb = (uint32_t)sk_event_unsigned(&view->event, 3, leader->vmsize_kb);
	leader->vmrss_kb = (uint32_t)sk_event_unsigned(&view->event, 4, leader->vmrss_kb);
	leader->vmswap_kb = (uint32_t)sk_event_unsigned(&view->event, 5, leader->vmswap_kb);
}
