/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was there before the events, from a capture's metadata or a scan of
 * /proc (spec/state.md section 6).  All processes come first, and are linked
 * when the last one is in; a single one that is looked up later is linked at
 * once.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "runtime/state/remainder.h"
#include "runtime/state/state_private.h"
#include "vm/support/alloc.h"

enum { INTERFACE_LIMIT = 65536 };

/* --- processes --------------------------------------------------------- */

static void set_text(struct sk_state *state, struct sk_string **slot, struct sk_bytes text)
{
	sk_string_assign(state->strings, slot, NULL, text.bytes, text.length);
}

static void set_strings(struct sk_state *state, struct sk_thread *thread, struct sk_string **slot,
			struct sk_bytes text)
{
	sk_thread_set_strings(&state->threads, thread, slot, NULL, text.bytes, text.length);
}

static struct sk_bytes without_deleted(struct sk_bytes path)
{
	static const char suffix[] = " (deleted)";
	const uint32_t length = sizeof(suffix) - 1;

	if (path.length >= length && memcmp(path.bytes + path.length - length, suffix, length) == 0)
		path.length -= length;
	return path;
}

static struct sk_thread *new_thread(struct sk_state *state, const struct sk_process_entry *entry)
{
	struct sk_thread *thread = sk_thread_new(&state->threads, entry->tid);

	if (!thread)
		return NULL;
	thread->pid = entry->pid;
	thread->ptid = entry->ptid;
	thread->sid = entry->sid;
	thread->vpgid = entry->vpgid;
	thread->pgid = entry->pgid;
	thread->vtid = entry->vtid;
	thread->vpid = entry->vpid;
	thread->flags |= entry->flags | SK_CLONE_ACTIVE;
	thread->fdlimit = entry->fdlimit;
	thread->uid = entry->uid;
	thread->gid = entry->gid;
	thread->loginuid = entry->loginuid;
	thread->vmsize_kb = entry->vmsize_kb;
	thread->vmrss_kb = entry->vmrss_kb;
	thread->vmswap_kb = entry->vmswap_kb;
	thread->pfmajor = entry->pfmajor;
	thread->pfminor = entry->pfminor;
	thread->pidns_init_start_ts = entry->pidns_init_start_ts;
	thread->clone_ts = entry->clone_ts;
	thread->tty = entry->tty;
	thread->cap_inheritable = entry->cap_inheritable;
	thread->cap_permitted = entry->cap_permitted;
	thread->cap_effective = entry->cap_effective;
	thread->exe_ino = entry->exe_ino;
	thread->exe_ino_ctime = entry->exe_ino_ctime;
	thread->exe_ino_mtime = entry->exe_ino_mtime;
	thread->exe_writable = entry->exe_writable;
	thread->exe_upper_layer = entry->exe_upper_layer;
	thread->exe_lower_layer = entry->exe_lower_layer;
	thread->exe_from_memfd = entry->exe_from_memfd;
	thread->last_access_ts = state->now;
	set_text(state, &thread->comm, entry->comm);
	set_text(state, &thread->exe, entry->exe);
	set_text(state, &thread->exepath, without_deleted(entry->exepath));
	set_text(state, &thread->root, entry->root);
	set_strings(state, thread, &thread->args, entry->args);
	sk_thread_set_cgroups(&state->threads, thread, NULL, entry->cgroups.bytes, entry->cgroups.length);
	sk_thread_set_cmdline(&state->threads, thread, NULL);
	if (sk_thread_is_main(thread)) {
		set_strings(state, thread, &thread->env, entry->env);
		sk_thread_set_cwd(&state->threads, thread, entry->cwd.bytes, entry->cwd.length);
	}
	return thread;
}

static int add_process(struct sk_state *state, const struct sk_process_entry *entry, bool link)
{
	struct sk_thread *thread = new_thread(state, entry);

	if (!thread) {
		state->stats.out_of_memory++;
		return 0; /* less is known, nothing is wrong */
	}
	thread = sk_thread_add(&state->threads, thread, link);
	if (thread)
		sk_state_match_container(state, thread);
	return 0;
}

/* --- fds --------------------------------------------------------------- */

static bool is_zero(const uint8_t *bytes, unsigned length)
{
	for (unsigned i = 0; i < length; i++)
		if (bytes[i])
			return false;
	return true;
}

static void set_socket(struct sk_state *state, struct sk_fd *fd, const struct sk_fd_entry *entry)
{
	char name[128];
	uint32_t length;

	fd->l4 = entry->l4;
	fd->source_port = entry->source_port;
	fd->destination_port = entry->destination_port;
	memcpy(fd->source, entry->source, sizeof(fd->source));
	memcpy(fd->destination, entry->destination, sizeof(fd->destination));
	switch (entry->type) {
	case SK_FD_IPV6_SOCK:
		if (sk_address_is_mapped(fd->source) && sk_address_is_mapped(fd->destination)) {
			fd->type = SK_FD_IPV4_SOCK;
			sk_address_unmap(fd->source);
			sk_address_unmap(fd->destination);
		}
		break;
	case SK_FD_IPV4_SERVSOCK:
	case SK_FD_IPV6_SERVSOCK:
		fd->flags |= SK_FD_FLAG_ROLE_SERVER;
		break;
	default:
		break;
	}
	if (entry->type == SK_FD_IPV4_SOCK || entry->type == SK_FD_IPV6_SOCK) {
		if (fd->l4 == SK_L4_TCP)
			fd->flags |= SK_FD_FLAG_CONNECTED;
		sk_state_complete_tuple(state, fd);
	}
	length = sk_state_socket_name(fd, name);
	sk_string_assign(state->strings, &fd->name, NULL, name, length);
}

static int add_fd(struct sk_state *state, int64_t tid, const struct sk_fd_entry *entry)
{
	struct sk_thread *thread = sk_thread_find(&state->threads, tid);
	struct sk_fd_table *table = thread ? sk_thread_own_fds(&state->threads, thread) : NULL;
	struct sk_fd *fd = table ? sk_fd_table_add(&state->fds, table, entry->fd, entry->type) : NULL;

	if (!fd)
		return 0;
	fd->ino = entry->ino;
	fd->flags = SK_FD_FLAG_FROM_PROC;
	/* Captures have flags of files only; /proc has those of all, and the next exec asks for this one. */
	fd->open_flags = entry->open_flags & SK_OPEN_CLOEXEC;
	switch ((enum sk_fd_type)entry->type) {
	case SK_FD_IPV4_SOCK:
	case SK_FD_IPV6_SOCK:
	case SK_FD_IPV4_SERVSOCK:
	case SK_FD_IPV6_SERVSOCK:
		set_socket(state, fd, entry);
		break;
	case SK_FD_UNIX_SOCK:
		fd->unix_source = entry->unix_source;
		fd->unix_destination = entry->unix_destination;
		set_text(state, &fd->name, entry->name);
		break;
	case SK_FD_FILE_V2:
		fd->open_flags = entry->open_flags;
		fd->dev = entry->dev;
		set_text(state, &fd->name, entry->name);
		break;
	case SK_FD_UNKNOWN:
	case SK_FD_FILE:
	case SK_FD_DIRECTORY:
	case SK_FD_FIFO:
	case SK_FD_EVENT:
	case SK_FD_UNSUPPORTED:
	case SK_FD_SIGNALFD:
	case SK_FD_EVENTPOLL:
	case SK_FD_INOTIFY:
	case SK_FD_TIMERFD:
	case SK_FD_NETLINK:
	case SK_FD_BPF:
	case SK_FD_USERFAULTFD:
	case SK_FD_IOURING:
	case SK_FD_MEMFD:
	case SK_FD_PIDFD:
	case SK_FD_TYPE_COUNT:
		set_text(state, &fd->name, entry->name);
		break;
	}
	return 0;
}

/* Whether anybody on this machine listens on the port. */
static bool is_listening(const struct sk_state *state, uint16_t port)
{
	return state->listening[port / 64] >> (port % 64) & 1;
}

static void note_listening(struct sk_state *state, const struct sk_fd_table *table)
{
	uint32_t cursor = 0;
	const struct sk_fd *fd;

	while ((fd = sk_fd_table_next(table, &cursor)))
		if (fd->type == SK_FD_IPV4_SERVSOCK || fd->type == SK_FD_IPV6_SERVSOCK)
			state->listening[fd->destination_port / 64] |= UINT64_C(1) << (fd->destination_port % 64);
}

static void fix_socket(struct sk_state *state, struct sk_fd *fd)
{
	char name[128];
	uint32_t length;

	if (fd->type == SK_FD_UNIX_SOCK) {
		fd->flags |= fd->name->length == 0 ? SK_FD_FLAG_ROLE_CLIENT : SK_FD_FLAG_ROLE_SERVER;
		return;
	}
	if (!is_listening(state, fd->source_port)) {
		fd->flags |= SK_FD_FLAG_ROLE_CLIENT;
		return;
	}
	sk_fd_swap_ends(fd);
	fd->flags |= SK_FD_FLAG_ROLE_SERVER;
	length = sk_state_socket_name(fd, name);
	sk_string_assign(state->strings, &fd->name, NULL, name, length);
}

static void fix_if_socket(struct sk_state *state, struct sk_thread *thread, const struct sk_fd *fd)
{
	const uint16_t roles = SK_FD_FLAG_ROLE_CLIENT | SK_FD_FLAG_ROLE_SERVER;
	struct sk_fd *own;

	if ((fd->type != SK_FD_IPV4_SOCK && fd->type != SK_FD_UNIX_SOCK) || (fd->flags & roles))
		return;
	own = sk_fd_table_edit(&state->fds, thread->fds, fd->fd);
	if (own)
		fix_socket(state, own);
}

void sk_state_fix_sockets(struct sk_state *state, struct sk_thread *thread)
{
	uint32_t cursor = 0;
	const struct sk_fd *fd;

	note_listening(state, thread->fds);
	while ((fd = sk_fd_table_next(thread->fds, &cursor)))
		fix_if_socket(state, thread, fd);
}

/* --- the sink ---------------------------------------------------------- */

static int sink_machine(void *context, const struct sk_machine_entry *entry)
{
	struct sk_state *state = context;

	state->machine = *entry;
	state->machine.hostname[sizeof(state->machine.hostname) - 1] = '\0';
	state->boot_ts = state->live ? entry->boot_ts : 0;
	return 0;
}

static int sink_interface(void *context, const struct sk_interface_entry *entry)
{
	struct sk_state *state = context;
	struct sk_interface_entry *own;
	struct sk_string *name;

	if (state->interface_count == INTERFACE_LIMIT || (entry->family_length != 4 && entry->family_length != 16))
		return 0;
	if (state->interface_count == state->interface_capacity) {
		uint32_t capacity = state->interface_capacity ? state->interface_capacity * 2 : 16;
		void *larger = sk_realloc_array(state->interfaces, capacity, sizeof(*state->interfaces));

		if (!larger)
			return -ENOMEM;
		state->interfaces = larger;
		state->interface_capacity = capacity;
	}
	own = &state->interfaces[state->interface_count++];
	*own = *entry;
	/* Only a dump asks for the name: without memory it has none. */
	name = sk_string_new(state->strings, entry->name.bytes, entry->name.length);
	own->name = (struct sk_bytes){name->bytes, name->length};
	return 0;
}

void sk_state_forget_interfaces(struct sk_state *state)
{
	for (uint32_t i = 0; i < state->interface_count; i++) {
		struct sk_string *name = (struct sk_string *)(uintptr_t)(state->interfaces[i].name.bytes -
									 offsetof(struct sk_string, bytes));

		sk_string_drop(state->strings, name);
	}
	state->interface_count = 0;
}

static int sink_user(void *context, const struct sk_user_entry *entry)
{
	struct sk_state *state = context;
	struct sk_string *host = sk_string_empty(state->strings);
	int result = sk_users_add(state->users, host, entry->uid, entry->gid, entry->name.bytes, entry->name.length,
				  entry->home.bytes, entry->home.length, entry->shell.bytes, entry->shell.length);

	if (result > 0)
		sk_state_container_changed(state, host);
	return result < 0 ? result : 0;
}

static int sink_group(void *context, const struct sk_group_entry *entry)
{
	struct sk_state *state = context;
	struct sk_string *host = sk_string_empty(state->strings);
	int result = sk_users_add_group(state->users, host, entry->gid, entry->name.bytes, entry->name.length);

	if (result > 0)
		sk_state_container_changed(state, host);
	return result < 0 ? result : 0;
}

static int sink_process(void *context, const struct sk_process_entry *entry)
{
	return add_process(context, entry, false);
}

static int sink_fd(void *context, int64_t tid, const struct sk_fd_entry *entry)
{
	return add_fd(context, tid, entry);
}

/* It is about threads that are not linked yet. */
static int sink_remainder(void *context, const uint8_t *bytes, size_t size)
{
	struct sk_state *state = context;

	sk_buffer_append(&state->remainder, bytes, sk_remainder_whole(bytes, size));
	return state->remainder.failed ? -ENOMEM : 0;
}

static int sink_complete(void *context)
{
	struct sk_state *state = context;
	struct sk_thread *thread;
	uint32_t cursor = 0;

	while ((thread = sk_thread_table_next(&state->threads, &cursor))) {
		sk_thread_link(&state->threads, thread);
		note_listening(state, thread->fds);
	}
	sk_thread_table_linked(&state->threads);
	cursor = 0;
	while ((thread = sk_thread_table_next(&state->threads, &cursor)))
		sk_state_fix_sockets(state, thread);
	sk_remainder_apply(state, (const uint8_t *)state->remainder.bytes, state->remainder.length);
	sk_buffer_release(&state->remainder);
	return 0;
}

static int sink_event(void *context, const uint8_t *bytes, size_t size, bool state_only)
{
	struct sk_event_view view = {.first_ts = 0};

	if (sk_event_decode(bytes, size, &view.event, NULL) < 0)
		return -EINVAL;
	view.event.state_only = state_only;
	sk_state_process(context, &view);
	return 0;
}

static int sink_restart(void *context)
{
	struct sk_state *state = context;

	sk_thread_table_clear(&state->threads);
	sk_users_clear(state->users);
	sk_containers_clear(state->containers);
	sk_state_forget_matches(state);
	sk_recent_exits_clear(state->recent);
	memset(&state->machine, 0, sizeof(state->machine));
	memset(state->listening, 0, sizeof(state->listening));
	sk_state_forget_interfaces(state);
	sk_buffer_release(&state->remainder);
	memset(&state->losses, 0, sizeof(state->losses));
	state->threads.stamp = state->fds.stamp = 0;
	state->exit_pending = state->close_pending = false;
	state->removed_container_length = 0;
	return 0;
}

struct sk_entry_sink sk_state_sink(struct sk_state *state)
{
	return (struct sk_entry_sink){
		.context = state,
		.machine = sink_machine,
		.interface = sink_interface,
		.user = sink_user,
		.group = sink_group,
		.process = sink_process,
		.fd = sink_fd,
		.remainder = sink_remainder,
		.complete = sink_complete,
		.event = sink_event,
		.restart = sink_restart,
	};
}

/* --- one at a time, live ------------------------------------------------ */

static int sink_process_linked(void *context, const struct sk_process_entry *entry)
{
	return add_process(context, entry, true);
}

bool sk_state_lookup(struct sk_state *state, int64_t tid)
{
	const struct sk_entry_sink sink = {.context = state, .process = sink_process_linked, .fd = sink_fd};
	struct sk_thread *thread;

	if (!state->live || !state->source.lookup || tid <= 0 ||
	    (state->threads.threads.count >= state->threads.limit && tid != state->threads.own_pid))
		return false;
	state->stats.lookups++;
	if (state->source.lookup(state->source.context, tid, &sink) < 0) {
		state->stats.lookups_failed++;
		return false;
	}
	thread = sk_thread_find(&state->threads, tid);
	if (!thread)
		return false;
	sk_state_fix_sockets(state, thread);
	sk_state_need_users(state, thread);
	return true;
}

/*
 * Whoever passes fds on without end must not keep the sensor busy: a socket
 * costs a look through the tables of its namespace.
 */
enum { FD_LOOKUPS_A_SECOND = 512, SECOND = 1000000000 };

void sk_state_lookup_fd(struct sk_state *state, struct sk_thread *thread, int64_t fd)
{
	const struct sk_entry_sink sink = {.context = state, .fd = sink_fd};
	struct sk_thread *owner = thread->flags & SK_CLONE_FILES ? sk_thread_main(thread) : thread;
	const struct sk_fd *found;

	if (!state->live || !state->source.lookup_fd || !owner || fd < 0)
		return;
	if (state->now / SECOND != state->fd_lookup_second) {
		state->fd_lookup_second = state->now / SECOND;
		state->fd_lookups = 0;
	}
	if (state->fd_lookups == FD_LOOKUPS_A_SECOND) {
		state->stats.fd_lookups_skipped++;
		return;
	}
	state->fd_lookups++;
	state->stats.lookups++;
	if (state->source.lookup_fd(state->source.context, owner->tid, fd, &sink) < 0) {
		state->stats.lookups_failed++;
		return;
	}
	found = owner->fds ? sk_fd_find(owner->fds, fd) : NULL;
	if (found)
		fix_if_socket(state, owner, found);
}

/* --- addresses --------------------------------------------------------- */

bool sk_state_is_local_address(const struct sk_state *state, const uint8_t *address, unsigned length)
{
	for (uint32_t i = 0; i < state->interface_count; i++)
		if (state->interfaces[i].family_length == length &&
		    memcmp(state->interfaces[i].address, address, length) == 0)
			return true;
	return false;
}

static bool in_same_network(const struct sk_interface_entry *interface, const uint8_t *address)
{
	if (interface->family_length == 16)
		return memcmp(interface->address, address, 8) == 0;
	for (unsigned i = 0; i < 4; i++)
		if ((interface->address[i] ^ address[i]) & interface->netmask[i])
			return false;
	return true;
}

static bool is_loopback(const struct sk_interface_entry *interface)
{
	static const uint8_t loopback4[4] = {127, 0, 0, 1}, loopback6[16] = {[15] = 1};

	return memcmp(interface->address, interface->family_length == 4 ? loopback4 : loopback6,
		      interface->family_length) == 0;
}

/*
 * The interface address that a connection with `peer` goes through: peer's own,
 * one in its network, or else the first that is not the loopback.
 */
static const uint8_t *guess_address(const struct sk_state *state, const uint8_t *peer, unsigned length)
{
	const struct sk_interface_entry *interface;

	for (uint32_t i = 0; i < state->interface_count; i++) {
		interface = &state->interfaces[i];
		if (interface->family_length == length && memcmp(interface->address, peer, length) == 0)
			return interface->address;
	}
	for (uint32_t i = 0; i < state->interface_count; i++) {
		interface = &state->interfaces[i];
		if (interface->family_length == length && in_same_network(interface, peer))
			return interface->address;
	}
	for (uint32_t i = 0; i < state->interface_count; i++) {
		interface = &state->interfaces[i];
		if (interface->family_length == length && !is_loopback(interface))
			return interface->address;
	}
	return NULL;
}

void sk_state_complete_tuple(const struct sk_state *state, struct sk_fd *fd)
{
	unsigned length = fd->type == SK_FD_IPV4_SOCK ? 4 : 16;
	bool no_source = is_zero(fd->source, length), no_destination = is_zero(fd->destination, length);
	const uint8_t *known = no_source ? fd->destination : fd->source, *found;

	if (!no_source && !no_destination)
		return;
	found = guess_address(state, known, length);
	/* The same address and port on both ends: nobody is connected to himself. */
	if (!found || (memcmp(found, known, length) == 0 && fd->source_port == fd->destination_port))
		return;
	memcpy(no_source ? fd->source : fd->destination, found, length);
}
