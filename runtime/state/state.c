/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pipeline of one event (spec/state.md sections 1 and 2):
 *
 *   settle what the last event left ─► bind thread and fd ─► the type's
 *   handler changes the state ─► the view shows fd, fd number, enter event
 */
#include "runtime/state/state.h"

#include <errno.h>
#include <string.h>

#include "runtime/state/state_private.h"
#include "vm/support/alloc.h"

enum { ENTER_EVENT_LIMIT = 4096 };

static sk_state_handler *const handlers[SK_EVENT_COUNT] = {
	[SK_EVENT_SYSCALL_CLONE_20_X] = sk_state_clone,
	[SK_EVENT_SYSCALL_FORK_20_X] = sk_state_clone,
	[SK_EVENT_SYSCALL_VFORK_20_X] = sk_state_clone,
	[SK_EVENT_SYSCALL_CLONE3_X] = sk_state_clone,
	[SK_EVENT_SYSCALL_EXECVE_19_X] = sk_state_exec,
	[SK_EVENT_SYSCALL_EXECVEAT_X] = sk_state_exec,
	[SK_EVENT_PROCEXIT_1_E] = sk_state_exit,

	[SK_EVENT_SYSCALL_SETUID_X] = sk_state_setuid,
	[SK_EVENT_SYSCALL_SETRESUID_X] = sk_state_setresuid,
	[SK_EVENT_SYSCALL_SETREUID_X] = sk_state_setresuid,
	[SK_EVENT_SYSCALL_SETGID_X] = sk_state_setgid,
	[SK_EVENT_SYSCALL_SETRESGID_X] = sk_state_setresgid,
	[SK_EVENT_SYSCALL_SETREGID_X] = sk_state_setresgid,
	[SK_EVENT_SYSCALL_SETSID_X] = sk_state_setsid,
	[SK_EVENT_SYSCALL_PRCTL_X] = sk_state_prctl,
	[SK_EVENT_SYSCALL_CAPSET_X] = sk_state_capset,
	[SK_EVENT_SYSCALL_UNSHARE_X] = sk_state_unshare,
	[SK_EVENT_SYSCALL_SETNS_X] = sk_state_setns,
	[SK_EVENT_SYSCALL_CHROOT_X] = sk_state_chroot,
	[SK_EVENT_SYSCALL_CHDIR_X] = sk_state_chdir,
	[SK_EVENT_SYSCALL_GETCWD_X] = sk_state_chdir,
	[SK_EVENT_SYSCALL_FCHDIR_X] = sk_state_fchdir,
	[SK_EVENT_SYSCALL_GETRLIMIT_X] = sk_state_rlimit,
	[SK_EVENT_SYSCALL_SETRLIMIT_X] = sk_state_rlimit,
	[SK_EVENT_SYSCALL_PRLIMIT_X] = sk_state_prlimit,
	[SK_EVENT_SYSCALL_BRK_4_X] = sk_state_memory,
	[SK_EVENT_SYSCALL_MMAP_X] = sk_state_memory,
	[SK_EVENT_SYSCALL_MMAP2_X] = sk_state_memory,
	[SK_EVENT_SYSCALL_MUNMAP_X] = sk_state_memory,
	[SK_EVENT_SCHEDSWITCH_6_E] = sk_state_switch,

	[SK_EVENT_SYSCALL_OPEN_X] = sk_state_open,
	[SK_EVENT_SYSCALL_CREAT_X] = sk_state_creat,
	[SK_EVENT_SYSCALL_OPENAT_2_X] = sk_state_openat,
	[SK_EVENT_SYSCALL_OPENAT2_X] = sk_state_openat2,
	[SK_EVENT_SYSCALL_OPEN_BY_HANDLE_AT_X] = sk_state_open_by_handle,
	[SK_EVENT_SYSCALL_CLOSE_X] = sk_state_close,
	[SK_EVENT_SYSCALL_CLOSE_RANGE_X] = sk_state_close_range,
	[SK_EVENT_SYSCALL_DUP_1_X] = sk_state_dup,
	[SK_EVENT_SYSCALL_DUP2_X] = sk_state_dup,
	[SK_EVENT_SYSCALL_DUP3_X] = sk_state_dup3,
	[SK_EVENT_SYSCALL_FCNTL_X] = sk_state_fcntl,
	[SK_EVENT_SYSCALL_PIPE_X] = sk_state_pipe,
	[SK_EVENT_SYSCALL_PIPE2_X] = sk_state_pipe2,
	[SK_EVENT_SYSCALL_EVENTFD_X] = sk_state_eventfd,
	[SK_EVENT_SYSCALL_EVENTFD2_X] = sk_state_eventfd2,
	[SK_EVENT_SYSCALL_SIGNALFD_X] = sk_state_signalfd,
	[SK_EVENT_SYSCALL_SIGNALFD4_X] = sk_state_signalfd4,
	[SK_EVENT_SYSCALL_TIMERFD_CREATE_X] = sk_state_timerfd,
	[SK_EVENT_SYSCALL_INOTIFY_INIT_X] = sk_state_inotify,
	[SK_EVENT_SYSCALL_INOTIFY_INIT1_X] = sk_state_inotify1,
	[SK_EVENT_SYSCALL_EPOLL_CREATE_X] = sk_state_epoll,
	[SK_EVENT_SYSCALL_EPOLL_CREATE1_X] = sk_state_epoll1,
	[SK_EVENT_SYSCALL_BPF_2_X] = sk_state_bpf,
	[SK_EVENT_SYSCALL_USERFAULTFD_X] = sk_state_userfaultfd,
	[SK_EVENT_SYSCALL_IO_URING_SETUP_X] = sk_state_io_uring,
	[SK_EVENT_SYSCALL_MEMFD_CREATE_X] = sk_state_memfd,
	[SK_EVENT_SYSCALL_PIDFD_OPEN_X] = sk_state_pidfd_open,
	[SK_EVENT_SYSCALL_PIDFD_GETFD_X] = sk_state_pidfd_getfd,

	[SK_EVENT_SOCKET_SOCKET_X] = sk_state_socket,
	[SK_EVENT_SOCKET_SOCKETPAIR_X] = sk_state_socketpair,
	[SK_EVENT_SOCKET_BIND_X] = sk_state_bind_socket,
	[SK_EVENT_SOCKET_CONNECT_X] = sk_state_connect,
	[SK_EVENT_SOCKET_ACCEPT_5_X] = sk_state_accept,
	[SK_EVENT_SOCKET_ACCEPT4_6_X] = sk_state_accept4,
	[SK_EVENT_SYSCALL_READ_X] = sk_state_read,
	[SK_EVENT_SYSCALL_READV_X] = sk_state_read,
	[SK_EVENT_SYSCALL_PREAD_X] = sk_state_read,
	[SK_EVENT_SYSCALL_PREADV_X] = sk_state_read,
	[SK_EVENT_SOCKET_RECV_X] = sk_state_recv,
	[SK_EVENT_SOCKET_RECVFROM_X] = sk_state_recvfrom,
	[SK_EVENT_SOCKET_RECVMSG_X] = sk_state_recvmsg,
	[SK_EVENT_SOCKET_RECVMMSG_X] = sk_state_recvmmsg,
	[SK_EVENT_SYSCALL_WRITE_X] = sk_state_write,
	[SK_EVENT_SYSCALL_WRITEV_X] = sk_state_write,
	[SK_EVENT_SYSCALL_PWRITE_X] = sk_state_write,
	[SK_EVENT_SYSCALL_PWRITEV_X] = sk_state_write,
	[SK_EVENT_SOCKET_SEND_X] = sk_state_send,
	[SK_EVENT_SOCKET_SENDTO_X] = sk_state_sendto,
	[SK_EVENT_SOCKET_SENDMSG_X] = sk_state_sendto,
	[SK_EVENT_SOCKET_SENDMMSG_X] = sk_state_sendmmsg,

	[SK_EVENT_USER_ADDED_E] = sk_state_user_added,
	[SK_EVENT_USER_DELETED_E] = sk_state_user_deleted,
	[SK_EVENT_GROUP_ADDED_E] = sk_state_group_added,
	[SK_EVENT_GROUP_DELETED_E] = sk_state_group_deleted,
	[SK_EVENT_ASYNCEVENT_E] = sk_state_async,
	[SK_EVENT_CONTAINER_JSON_E] = sk_state_container_json,
	[SK_EVENT_CONTAINER_JSON_2_E] = sk_state_container_json,
};

/* How a type is bound to a thread, where that is not the ordinary way. */
enum trait {
	TRAIT_NO_THREAD = 1 << 0,
	TRAIT_NO_LOOKUP = 1 << 1, /* a thread that is not known stays unknown */
	TRAIT_STORE = 1 << 2,     /* an enter event that the exit event needs */
	TRAIT_STORE_IF_PATH = 1 << 3,
};

static const uint8_t traits[SK_EVENT_COUNT] = {
	[SK_EVENT_CONTAINER_JSON_2_E] = TRAIT_NO_THREAD,
	[SK_EVENT_USER_ADDED_E] = TRAIT_NO_THREAD,
	[SK_EVENT_USER_DELETED_E] = TRAIT_NO_THREAD,
	[SK_EVENT_GROUP_ADDED_E] = TRAIT_NO_THREAD,
	[SK_EVENT_GROUP_DELETED_E] = TRAIT_NO_THREAD,
	[SK_EVENT_PLUGINEVENT_E] = TRAIT_NO_THREAD,
	[SK_EVENT_ASYNCEVENT_E] = TRAIT_NO_THREAD,

	[SK_EVENT_SYSCALL_CLONE_20_X] = TRAIT_NO_LOOKUP,
	[SK_EVENT_SYSCALL_FORK_20_X] = TRAIT_NO_LOOKUP,
	[SK_EVENT_SYSCALL_VFORK_20_X] = TRAIT_NO_LOOKUP,
	[SK_EVENT_SYSCALL_CLONE3_X] = TRAIT_NO_LOOKUP,
	[SK_EVENT_SCHEDSWITCH_6_E] = TRAIT_NO_LOOKUP,
	[SK_EVENT_PROCEXIT_1_E] = TRAIT_NO_LOOKUP,

	[SK_EVENT_SYSCALL_OPEN_E] = TRAIT_STORE_IF_PATH,
	[SK_EVENT_SYSCALL_CREAT_E] = TRAIT_STORE_IF_PATH,
	[SK_EVENT_SYSCALL_OPENAT_2_E] = TRAIT_STORE_IF_PATH,
	[SK_EVENT_SYSCALL_OPENAT2_E] = TRAIT_STORE_IF_PATH,
	[SK_EVENT_SYSCALL_EXECVE_19_E] = TRAIT_STORE_IF_PATH,
	[SK_EVENT_SYSCALL_EXECVEAT_E] = TRAIT_STORE,
	[SK_EVENT_SOCKET_CONNECT_E] = TRAIT_STORE,
};

bool sk_state_handles(uint16_t type)
{
	return handlers[type] || (traits[type] & (TRAIT_STORE | TRAIT_STORE_IF_PATH));
}

bool sk_state_changes_threads(uint16_t type)
{
	switch (type) {
	case SK_EVENT_SYSCALL_EXECVE_19_X:
	case SK_EVENT_SYSCALL_EXECVEAT_X:
	case SK_EVENT_SYSCALL_SETUID_X:
	case SK_EVENT_SYSCALL_SETRESUID_X:
	case SK_EVENT_SYSCALL_SETREUID_X:
	case SK_EVENT_SYSCALL_SETGID_X:
	case SK_EVENT_SYSCALL_SETRESGID_X:
	case SK_EVENT_SYSCALL_SETREGID_X:
	case SK_EVENT_SYSCALL_SETSID_X:
	case SK_EVENT_SYSCALL_CAPSET_X:
	case SK_EVENT_SYSCALL_UNSHARE_X:
	case SK_EVENT_SYSCALL_SETNS_X:
	case SK_EVENT_SYSCALL_CHROOT_X:
	case SK_EVENT_SYSCALL_CHDIR_X:
	case SK_EVENT_SYSCALL_GETCWD_X:
	case SK_EVENT_SYSCALL_FCHDIR_X:
	case SK_EVENT_SYSCALL_GETRLIMIT_X:
	case SK_EVENT_SYSCALL_SETRLIMIT_X:
	case SK_EVENT_SYSCALL_PRLIMIT_X:
		return true;
	default:
		return false;
	}
}

/* --- life -------------------------------------------------------------- */

int sk_state_create(const struct sk_state_options *options, struct sk_state **ret_state)
{
	struct sk_state *state = sk_alloc_zeroed(1, sizeof(*state));

	if (!state)
		return -ENOMEM;
	state->strings = sk_string_pool_create();
	if (!state->strings)
		goto failed;
	sk_fd_pool_init(&state->fds, state->strings);
	if (sk_thread_table_init(&state->threads, state->strings, &state->fds, options->thread_limit,
				 options->own_pid) < 0)
		goto failed;
	state->users = sk_users_create(state->strings);
	state->containers = sk_containers_create(state->strings);
	if (!state->users || !state->containers || sk_recent_exits_create(&state->recent) < 0)
		goto failed;
	state->learned = options->learned;
	state->learned_context = options->learned_context;
	if (options->source) {
		state->source = *options->source;
		state->live = true;
	}
	*ret_state = state;
	return 0;

failed:
	sk_state_destroy(state);
	return -ENOMEM;
}

void sk_state_destroy(struct sk_state *state)
{
	if (!state)
		return;
	if (state->strings)
		sk_state_forget_matches(state);
	if (state->threads.threads.slots)
		sk_thread_table_release(&state->threads);
	sk_users_destroy(state->users);
	sk_containers_destroy(state->containers);
	sk_recent_exits_destroy(state->recent);
	sk_state_forget_interfaces(state);
	sk_free(state->interfaces);
	sk_buffer_release(&state->remainder);
	sk_buffer_release(&state->learned_event);
	sk_string_pool_destroy(state->strings);
	sk_free(state);
}

/* --- one event --------------------------------------------------------- */

static __attribute__((noinline)) struct sk_thread *get_unknown_thread(struct sk_state *state, int64_t tid)
{
	struct sk_thread *thread;

	if (sk_state_lookup(state, tid)) {
		thread = sk_thread_find(&state->threads, tid);
		if (thread)
			return thread;
	}
	thread = sk_thread_new(&state->threads, tid);
	if (!thread) {
		state->stats.out_of_memory++;
		return NULL;
	}
	/* So that nobody asks again for it, and that rules see that it is not known. */
	thread->comm = sk_string_new(state->strings, "<NA>", 4);
	thread->exe = sk_string_share(thread->comm);
	thread->cmdline = sk_string_share(thread->comm);
	thread->unknown = SK_UNKNOWN_THREAD;
	return sk_thread_add(&state->threads, thread, false);
}

struct sk_thread *sk_state_get_thread(struct sk_state *state, int64_t tid)
{
	struct sk_thread *thread = sk_thread_find(&state->threads, tid);

	return thread ? thread : get_unknown_thread(state, tid);
}

/* Frees the enter event of the last event, and does what that put off. */
__attribute__((noinline)) void sk_state_settle(struct sk_state *state)
{
	state->settle = false;
	if (state->enter_bytes) {
		sk_string_drop(state->strings, state->enter_bytes);
		state->enter_bytes = NULL;
	}
	if (state->exit_pending) {
		const struct sk_thread *thread = sk_thread_find(&state->threads, state->exit_tid);

		state->exit_pending = false;
		if (thread) {
			sk_recent_exits_add(state->recent, thread->ptid, thread->tid, state->now);
			sk_state_remove_thread(state, state->exit_tid);
		}
	}
	if (state->close_pending) {
		struct sk_thread *thread = sk_thread_find(&state->threads, state->close_tid);

		state->close_pending = false;
		if (thread)
			sk_fd_table_remove(&state->fds, sk_thread_fds(thread), state->close_fd);
	}
	if (state->removed_container_length > 0)
		sk_state_end_container(state);
}

/* What was lost before this event, before anything is learned from it. */
static __attribute__((noinline)) void take_notes(struct sk_state *state, const struct sk_event *event)
{
	struct sk_lost lost;

	if (sk_event_lost(event, &lost))
		sk_losses_add(&state->losses, &lost, event->ts);
}

static void store_enter(struct sk_state *state, struct sk_thread *thread, const struct sk_event *event)
{
	uint32_t size = event->header->len;

	if (size > ENTER_EVENT_LIMIT) {
		state->stats.enter_events_dropped++;
		return;
	}
	thread->enter_event = sk_string_new(state->strings, (const char *)event->header, size);
}

/* Moves the thread's stored enter event to the view, if this is its exit. */
static void take_enter(struct sk_state *state, struct sk_event_view *view, struct sk_thread *thread)
{
	const struct sk_event *event = &view->event;
	struct sk_event *enter = &state->enter;

	state->enter_bytes = thread->enter_event;
	thread->enter_event = NULL;
	state->settle = true;
	if (sk_event_decode((const uint8_t *)state->enter_bytes->bytes, state->enter_bytes->length, enter, NULL) <
	    0)
		return;
	if (enter->type != event->type - 1 &&
	    !(enter->type == SK_EVENT_SYSCALL_EXECVEAT_E && event->type == SK_EVENT_SYSCALL_EXECVE_19_X))
		return;
	enter->number = 0;
	enter->cpu = event->cpu;
	enter->state_only = event->state_only;
	view->enter = enter;
}

static inline __attribute__((always_inline)) bool bind(struct sk_state *state, struct sk_event_view *view)
{
	const struct sk_event *event = &view->event;
	const struct sk_event_info *info = event->info;
	unsigned trait = traits[event->type];
	struct sk_thread *thread;

	view->thread = NULL;
	view->fd = NULL;
	if ((trait & TRAIT_NO_THREAD) || (info->flags & SK_EVENT_FLAG_SKIPPARSERESET)) {
		/* Not the thread's own doing, though rules can see whom it names. */
		view->thread = sk_thread_find(&state->threads, event->tid);
		return false;
	}
	thread = trait & TRAIT_NO_LOOKUP ? sk_thread_find(&state->threads, event->tid)
					 : sk_state_get_thread(state, event->tid);
	if (!thread)
		return false;
	view->thread = thread;
	thread->flags |= SK_CLONE_ACTIVE;
	thread->last_access_ts = event->ts;
	if (info->direction == SK_DIRECTION_ENTER) {
		thread->last_fd = -1;
		thread->last_event_type = event->type;
		if (info->flags & SK_EVENT_FLAG_USES_FD)
			thread->last_fd = sk_event_signed(event, (unsigned)info->fd_param, -1);
	} else {
		if (event->type != thread->last_event_type + 1 &&
		    !(event->type == SK_EVENT_SYSCALL_EXECVE_19_X &&
		      thread->last_event_type == SK_EVENT_SYSCALL_EXECVEAT_E))
			thread->last_fd = -1;
		if ((info->flags & SK_EVENT_FLAG_USES_FD) && thread->last_fd == -1 && info->fd_param >= 0)
			thread->last_fd = sk_event_signed(event, (unsigned)info->fd_param, -1);
	}
	if (info->flags & SK_EVENT_FLAG_USES_FD)
		view->fd = sk_fd_find(sk_thread_fds(thread), thread->last_fd);
	return true;
}

bool sk_state_bind(struct sk_state *state, struct sk_event_view *view)
{
	return bind(state, view);
}

void sk_state_process(struct sk_state *state, struct sk_event_view *view)
{
	const uint16_t fd_flags = SK_EVENT_FLAG_CREATES_FD | SK_EVENT_FLAG_USES_FD | SK_EVENT_FLAG_DESTROYS_FD;
	const struct sk_event *event = &view->event;
	sk_state_handler *handler = handlers[event->type];
	unsigned trait = traits[event->type];
	bool bound;

	state->now = event->ts;
	if (state->settle)
		sk_state_settle(state);
	if (event->notes.length)
		take_notes(state, event);
	if (sk_losses_pass(&state->losses, event->ts))
		state->threads.stamp = state->fds.stamp = state->losses.stamp;
	if (state->live)
		sk_state_purge(state);

	view->state = state;
	view->fd_number = INT64_MIN;
	view->fd_name_changed = false;
	view->enter = NULL;
	view->container = NULL;
	if (event->notes.length)
		sk_state_take_files(state, event);
	bound = bind(state, view);
	if (bound && view->thread->enter_event) {
		if (event->info->direction == SK_DIRECTION_EXIT) {
			take_enter(state, view, view->thread);
		} else if (trait & (TRAIT_STORE | TRAIT_STORE_IF_PATH)) {
			sk_string_drop(state->strings, view->thread->enter_event);
			view->thread->enter_event = NULL;
		}
	}
	if (handler)
		handler(state, view);
	else if (view->thread &&
		 ((trait & TRAIT_STORE) || ((trait & TRAIT_STORE_IF_PATH) && sk_event_has(event, 0))))
		store_enter(state, view->thread, event);

	if (view->thread && (event->info->flags & fd_flags)) {
		view->fd_number = view->thread->last_fd;
		if (!view->fd)
			view->fd = sk_fd_find(sk_thread_fds(view->thread), view->thread->last_fd);
	}
}

/* --- reading ----------------------------------------------------------- */

const struct sk_thread_table *sk_state_threads(const struct sk_state *state)
{
	return &state->threads;
}

struct sk_users *sk_state_users(const struct sk_state *state)
{
	return state->users;
}

struct sk_containers *sk_state_containers(const struct sk_state *state)
{
	return state->containers;
}

const struct sk_machine_entry *sk_state_machine(const struct sk_state *state)
{
	return &state->machine;
}

const struct sk_losses *sk_state_losses(const struct sk_state *state)
{
	return &state->losses;
}

uint32_t sk_state_lineage_epoch(const struct sk_state *state)
{
	return state->threads.lineage_epoch;
}

uint32_t sk_state_leader_epoch(const struct sk_state *state)
{
	return state->threads.leader_epoch;
}

struct sk_state_stats sk_state_stats(const struct sk_state *state)
{
	struct sk_state_stats stats = state->stats;

	stats.threads = state->threads.threads.count;
	stats.threads_added = state->threads.added;
	stats.threads_removed = state->threads.removed;
	stats.threads_dropped = state->threads.dropped;
	stats.fds_dropped = state->fds.dropped;
	stats.users_dropped = sk_users_dropped(state->users);
	stats.out_of_memory += sk_string_pool_slab(state->strings)->failures;
	stats.memory = sizeof(*state) + sk_string_pool_memory(state->strings) + state->threads.memory +
		       ((size_t)state->threads.threads.mask + state->threads.groups.mask + 2) *
			       sizeof(struct sk_tid_map_slot);
	return stats;
}
