/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How threads leave: the exit event, who inherits the children, the removal
 * (spec/state.md section 3.6), and the purge of those whose exit was never
 * seen (6.3).
 */
#include "runtime/state/state_private.h"

static const uint64_t first_purge = UINT64_C(30) * 1000000000;
static const uint64_t purge_interval = UINT64_C(1200) * 1000000000;
static const uint64_t silence = UINT64_C(1800) * 1000000000;

void sk_state_exit(struct sk_state *state, struct sk_event_view *view)
{
	struct sk_thread *thread = view->thread;

	if (!thread)
		return;
	if (thread->first_child)
		thread->reaper_tid = sk_event_has(&view->event, 4) ? sk_event_signed(&view->event, 4, -1) : -1;
	sk_thread_mark_dead(&state->threads, thread);
	state->exit_tid = thread->tid;
	state->exit_pending = true;
	state->settle = true;
	if (state->live && thread->vpid == 1 && thread->vtid == 1 && thread->container_id->length > 0 &&
	    thread->container_id->length < sizeof(state->removed_container)) {
		memcpy(state->removed_container, thread->container_id->bytes, thread->container_id->length);
		state->removed_container_length = thread->container_id->length;
		state->removal_is_learned = true;
	}
}

static struct sk_thread *live_thread(const struct sk_thread_group *group, const struct sk_thread *except)
{
	struct sk_thread *thread = group->first;

	while (thread && (thread == except || (thread->flags & SK_CLONE_CLOSED)))
		thread = thread->group_next;
	return thread;
}

/* As the kernel's find_new_reaper(), from what is known here. */
static struct sk_thread *search_reaper(const struct sk_state *state, const struct sk_thread *thread)
{
	bool in_namespace = sk_thread_in_pid_namespace(thread);
	uint32_t steps = sk_thread_table_size(&state->threads);
	struct sk_thread *found = live_thread(thread->group, thread);
	const struct sk_thread *ancestor = sk_thread_find(&state->threads, thread->ptid);

	if (found)
		return found;
	for (; ancestor && steps > 0 && sk_thread_in_pid_namespace(ancestor) == in_namespace; steps--) {
		if (ancestor->group && ancestor->group->reaper) {
			found = live_thread(ancestor->group, thread);
			if (found)
				return found;
		}
		ancestor = sk_thread_find(&state->threads, ancestor->ptid);
	}
	return NULL;
}

static struct sk_thread *find_reaper(struct sk_state *state, struct sk_thread *thread)
{
	struct sk_thread *reaper = NULL;

	if (thread->reaper_tid > 0 && thread->reaper_tid != thread->tid)
		reaper = sk_state_get_thread(state, thread->reaper_tid);
	if (!reaper || sk_thread_is_invalid(reaper) || !reaper->group)
		reaper = search_reaper(state, thread);
	if (reaper && reaper->group != thread->group)
		reaper->group->reaper = true;
	return reaper;
}

void sk_state_remove_thread(struct sk_state *state, int64_t tid)
{
	struct sk_thread *thread = sk_thread_find(&state->threads, tid), *leader;
	bool is_main;

	if (!thread)
		return;
	if (sk_thread_is_invalid(thread) || !thread->group) {
		sk_thread_erase(&state->threads, thread);
		return;
	}
	sk_thread_mark_dead(&state->threads, thread);
	if (thread->first_child)
		sk_thread_reparent_children(&state->threads, thread, find_reaper(state, thread));
	is_main = sk_thread_is_main(thread);
	if (thread->group->alive == 0) {
		leader = sk_thread_find(&state->threads, thread->pid);
		sk_thread_group_retire(&state->threads, thread->group);
		if (leader && leader != thread)
			sk_thread_erase(&state->threads, leader);
		sk_thread_erase(&state->threads, thread);
	} else if (!is_main) {
		sk_thread_erase(&state->threads, thread);
	}
}

void sk_state_purge(struct sk_state *state)
{
	struct sk_thread *thread;
	uint32_t cursor = 0;

	if (state->next_purge == 0)
		state->next_purge = state->now + first_purge;
	if (state->now < state->next_purge || !state->source.exists)
		return;
	state->next_purge = state->now + purge_interval;
	while ((thread = sk_thread_table_next(&state->threads, &cursor))) {
		int64_t tid = thread->tid;

		if (!sk_thread_is_invalid(thread) &&
		    (thread->last_access_ts > state->now || state->now - thread->last_access_ts < silence ||
		     state->source.exists(state->source.context, thread->pid, tid, thread->comm->bytes)))
			continue;
		sk_state_remove_thread(state, tid);
		/* A main thread stays, dead, as long as its process has others. */
		if (sk_thread_find(&state->threads, tid))
			continue;
		state->stats.purged++;
		/* The removal closed a gap in the table: somebody may stand behind the cursor now. */
		cursor = cursor > 0 ? cursor - 1 : 0;
	}
}
