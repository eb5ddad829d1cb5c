/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state at work, as the beginning of a capture:
 *
 *   machine, interfaces, users and groups of the host
 *   each thread, by tid, and behind it the fds that it owns
 *   the remainder: what those entries have no room for
 *   complete
 *   users and groups of containers, containers, beginnings of calls: events
 *
 * A state that takes this, from a capture or at once, shows the same.
 */
#include <errno.h>
#include <stdlib.h>

#include "runtime/state/remainder.h"
#include "runtime/state/state_private.h"
#include "runtime/state/user_event.h"
#include "vm/event_build.h"
#include "vm/support/alloc.h"

enum {
	REMAINDER_FLUSH = 1 << 20,        /* so that it never is one block of many megabytes */
	LAST_TYPE_OF_ALL = SK_FD_FILE_V2, /* that every reader knows */
};

struct dump {
	struct sk_state *state;
	const struct sk_entry_sink *sink;
	struct sk_thread **threads; /* by tid */
	uint32_t count;
	struct sk_buffer remainder, event;
	uint64_t listening[65536 / 64]; /* ports that the dump's own sockets listen on */
	uint64_t ts;                    /* of its events */
};

static struct sk_bytes bytes_of(const struct sk_string *string)
{
	return (struct sk_bytes){string->bytes, string->length};
}

/* --- the host ------------------------------------------------------------ */

static int give_interfaces(const struct dump *dump)
{
	const struct sk_state *state = dump->state;

	for (uint32_t i = 0; i < state->interface_count && dump->sink->interface; i++) {
		int result = dump->sink->interface(dump->sink->context, &state->interfaces[i]);

		if (result < 0)
			return result;
	}
	return 0;
}

static int give_users(const struct dump *dump)
{
	const struct sk_string *container_id;
	const struct sk_group *group;
	const struct sk_user *user;
	uint32_t cursor = 0;
	int result = 0;

	while (result >= 0 && sk_users_next(dump->state->users, &cursor, &container_id, &user, &group)) {
		if (container_id->length > 0)
			continue;
		if (user && dump->sink->user) {
			const struct sk_user_entry entry = {
				.uid = user->uid,
				.gid = user->gid,
				.name = bytes_of(user->name),
				.home = bytes_of(user->home),
				.shell = bytes_of(user->shell),
			};

			result = dump->sink->user(dump->sink->context, &entry);
		} else if (group && dump->sink->group) {
			const struct sk_group_entry entry = {.gid = group->gid, .name = bytes_of(group->name)};

			result = dump->sink->group(dump->sink->context, &entry);
		}
	}
	return result;
}

static int give_host(const struct dump *dump)
{
	int result = dump->sink->machine ? dump->sink->machine(dump->sink->context, &dump->state->machine) : 0;

	if (result >= 0)
		result = give_interfaces(dump);
	return result < 0 ? result : give_users(dump);
}

/* --- threads and fds ------------------------------------------------------- */

static int compare_tids(const void *left, const void *right)
{
	const struct sk_thread *const *one = left, *const *other = right;

	return (*one)->tid < (*other)->tid ? -1 : (*one)->tid > (*other)->tid;
}

static int list_threads(struct dump *dump)
{
	const struct sk_thread_table *table = &dump->state->threads;
	struct sk_thread *thread;
	uint32_t cursor = 0;

	dump->threads = sk_alloc_zeroed(sk_thread_table_size(table) + 1, sizeof(*dump->threads));
	if (!dump->threads)
		return -ENOMEM;
	while ((thread = sk_thread_table_next(table, &cursor)))
		dump->threads[dump->count++] = thread;
	qsort(dump->threads, dump->count, sizeof(*dump->threads), compare_tids);
	return 0;
}

/* The table that this thread owns; NULL: it uses another's. */
static const struct sk_fd_table *own_fds(const struct sk_thread *thread)
{
	return thread->fds && sk_thread_fds(thread) == thread->fds ? thread->fds : NULL;
}

static void note_listening(struct dump *dump)
{
	for (uint32_t i = 0; i < dump->count; i++) {
		const struct sk_fd_table *fds = own_fds(dump->threads[i]);
		uint32_t cursor = 0;
		const struct sk_fd *fd;

		while ((fd = sk_fd_table_next(fds, &cursor)))
			if (fd->type == SK_FD_IPV4_SERVSOCK || fd->type == SK_FD_IPV6_SERVSOCK)
				dump->listening[fd->destination_port / 64] |= UINT64_C(1)
									      << (fd->destination_port % 64);
	}
}

static int give_thread(const struct dump *dump, const struct sk_thread *thread)
{
	const struct sk_process_entry entry = {
		.tid = thread->tid,
		.pid = thread->pid,
		.ptid = thread->ptid,
		.sid = thread->sid,
		.vpgid = thread->vpgid,
		.pgid = thread->pgid,
		.vtid = thread->vtid,
		.vpid = thread->vpid,
		.comm = bytes_of(thread->comm),
		.exe = bytes_of(thread->exe),
		.exepath = bytes_of(thread->exepath),
		.cwd = bytes_of(thread->cwd),
		.root = bytes_of(thread->root),
		.args = bytes_of(thread->args),
		.env = bytes_of(thread->env),
		.cgroups = bytes_of(thread->cgroups),
		.fdlimit = thread->fdlimit,
		.flags = thread->flags,
		.uid = thread->uid,
		.gid = thread->gid,
		.loginuid = thread->loginuid,
		.vmsize_kb = thread->vmsize_kb,
		.vmrss_kb = thread->vmrss_kb,
		.vmswap_kb = thread->vmswap_kb,
		.pfmajor = thread->pfmajor,
		.pfminor = thread->pfminor,
		.pidns_init_start_ts = thread->pidns_init_start_ts,
		.clone_ts = thread->clone_ts,
		.tty = thread->tty,
		.cap_inheritable = thread->cap_inheritable,
		.cap_permitted = thread->cap_permitted,
		.cap_effective = thread->cap_effective,
		.exe_ino = thread->exe_ino,
		.exe_ino_ctime = thread->exe_ino_ctime,
		.exe_ino_mtime = thread->exe_ino_mtime,
		.exe_writable = thread->exe_writable,
		.exe_upper_layer = thread->exe_upper_layer,
		.exe_lower_layer = thread->exe_lower_layer,
		.exe_from_memfd = thread->exe_from_memfd,
	};

	return dump->sink->process ? dump->sink->process(dump->sink->context, &entry) : 0;
}

/*
 * A reader turns a connection whose source is a port that somebody listens on
 * around, and makes it a server's: so it must stand there as the kernel has it.
 */
static bool reader_turns(const struct dump *dump, const struct sk_fd *fd)
{
	return fd->type == SK_FD_IPV4_SOCK && (fd->flags & SK_FD_FLAG_ROLE_SERVER) &&
	       (dump->listening[fd->destination_port / 64] >> (fd->destination_port % 64) & 1);
}

/* sysdig 0.29 refuses a whole capture for one fd of a type that it does not know, and nobody may write type 0. */
static uint8_t type_for_all(const struct sk_fd *fd)
{
	return fd->type == SK_FD_UNKNOWN || fd->type > LAST_TYPE_OF_ALL ? SK_FD_UNSUPPORTED : fd->type;
}

static int give_fd(struct dump *dump, int64_t tid, const struct sk_fd *fd)
{
	struct sk_fd_entry entry = {
		.fd = fd->fd,
		.ino = fd->ino,
		.dev = fd->dev,
		.open_flags = fd->open_flags,
		.type = type_for_all(fd),
		.l4 = fd->l4,
		.source_port = fd->source_port,
		.destination_port = fd->destination_port,
		.unix_source = fd->unix_source,
		.unix_destination = fd->unix_destination,
		.name = bytes_of(fd->name),
	};

	memcpy(entry.source, fd->source, sizeof(entry.source));
	memcpy(entry.destination, fd->destination, sizeof(entry.destination));
	if (reader_turns(dump, fd)) {
		memcpy(entry.source, fd->destination, sizeof(entry.source));
		memcpy(entry.destination, fd->source, sizeof(entry.destination));
		entry.source_port = fd->destination_port;
		entry.destination_port = fd->source_port;
	}
	sk_remainder_append_fd(tid, fd, entry.type, &dump->remainder);
	return dump->sink->fd ? dump->sink->fd(dump->sink->context, tid, &entry) : 0;
}

static int flush_remainder(struct dump *dump, size_t limit)
{
	int result;

	if (dump->remainder.failed)
		return -ENOMEM;
	if (dump->remainder.length <= limit)
		return 0;
	result = dump->sink->remainder
			 ? dump->sink->remainder(dump->sink->context, (const uint8_t *)dump->remainder.bytes,
						 dump->remainder.length)
			 : 0;
	sk_buffer_clear(&dump->remainder);
	return result;
}

static int give_threads(struct dump *dump)
{
	int result = 0;

	sk_remainder_append_host(dump->state, &dump->remainder);
	for (uint32_t i = 0; i < dump->count && result >= 0; i++) {
		const struct sk_thread *thread = dump->threads[i];
		const struct sk_fd_table *fds = own_fds(thread);
		const struct sk_fd *fd;
		uint32_t cursor = 0;

		result = give_thread(dump, thread);
		sk_remainder_append_thread(thread, &dump->remainder);
		while (result >= 0 && (fd = sk_fd_table_next(fds, &cursor)))
			result = give_fd(dump, thread->tid, fd);
		if (result >= 0)
			result = flush_remainder(dump, REMAINDER_FLUSH);
	}
	return result < 0 ? result : flush_remainder(dump, 0);
}

/* --- events ------------------------------------------------------------------ */

static int give_made(struct dump *dump, bool made)
{
	/* What is too long to be told is not known to the reader, as if it had never been asked. */
	if (!made)
		return dump->event.failed ? -ENOMEM : 0;
	return dump->sink->event(dump->sink->context, (const uint8_t *)dump->event.bytes, dump->event.length,
				 false);
}

static int give_container_users(struct dump *dump)
{
	const struct sk_string *container_id;
	const struct sk_group *group;
	const struct sk_user *user;
	uint32_t cursor = 0;
	int result = 0;

	while (result >= 0 && sk_users_next(dump->state->users, &cursor, &container_id, &user, &group)) {
		if (container_id->length > 0)
			result =
				give_made(dump, user ? sk_user_event(dump->ts, user, container_id, &dump->event)
						     : sk_group_event(dump->ts, group, container_id, &dump->event));
	}
	return result;
}

static int give_containers(struct dump *dump)
{
	static const char name[] = "container";
	static const uint32_t plugin = 0;
	const struct sk_container *container;
	struct sk_containers_cursor cursor = {0};
	struct sk_buffer json = {0};
	int result = 0;

	while (result >= 0 && (container = sk_containers_next(dump->state->containers, &cursor))) {
		struct sk_param params[] = {{(const uint8_t *)&plugin, sizeof(plugin)},
					    {(const uint8_t *)name, sizeof(name)},
					    {NULL, 0}};

		sk_buffer_clear(&json);
		result = sk_container_print(container, &json);
		if (result < 0)
			break;
		params[2] = (struct sk_param){(const uint8_t *)json.bytes, (uint32_t)json.length + 1};
		result = give_made(dump, sk_event_build(dump->ts, -1, SK_EVENT_ASYNCEVENT_E, params, &dump->event));
	}
	sk_buffer_release(&json);
	return result;
}

/* When the call of this thread began; those that are in none come last. */
static uint64_t begun(const struct sk_thread *thread)
{
	return thread->enter_event ? sk_read_u64(thread->enter_event->bytes) : UINT64_MAX;
}

static int compare_begun(const void *left, const void *right)
{
	const struct sk_thread *const *one = left, *const *other = right;
	uint64_t one_ts = begun(*one), other_ts = begun(*other);

	return one_ts < other_ts ? -1 : one_ts > other_ts;
}

/* Calls that have begun, and whose end needs what was seen then. */
static int give_enter_events(const struct dump *dump)
{
	int result = 0;

	for (uint32_t i = 0; i < dump->count && result >= 0; i++) {
		const struct sk_string *enter = dump->threads[i]->enter_event;

		if (!enter)
			break;
		result = dump->sink->event(dump->sink->context, (const uint8_t *)enter->bytes, enter->length, true);
	}
	return result;
}

static int give_events(struct dump *dump)
{
	int result;

	if (!dump->sink->event)
		return 0;
	/* Times never go back in a capture: what comes first is as old as what follows. */
	qsort(dump->threads, dump->count, sizeof(*dump->threads), compare_begun);
	dump->ts = dump->state->now;
	if (dump->count > 0 && begun(dump->threads[0]) < dump->ts)
		dump->ts = begun(dump->threads[0]);
	result = give_container_users(dump);
	if (result >= 0)
		result = give_containers(dump);
	return result < 0 ? result : give_enter_events(dump);
}

int sk_state_dump(struct sk_state *state, const struct sk_entry_sink *sink)
{
	void (*const learned)(void *context, const uint8_t *bytes, size_t size) = state->learned;
	struct dump dump = {.state = state, .sink = sink};
	int result;

	/* What left with the last event is not there any more, and needs no event to say so. */
	state->learned = NULL;
	sk_state_settle(state);
	state->learned = learned;
	result = list_threads(&dump);
	if (result == 0) {
		note_listening(&dump);
		result = give_host(&dump);
	}
	if (result >= 0)
		result = give_threads(&dump);
	if (result >= 0 && sink->complete)
		result = sink->complete(sink->context);
	if (result >= 0)
		result = give_events(&dump);
	sk_free(dump.threads);
	sk_buffer_release(&dump.remainder);
	sk_buffer_release(&dump.event);
	return result < 0 ? result : 0;
}
