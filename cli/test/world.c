/* SPDX-License-Identifier: Apache-2.0 */
/* From a world to a capture: entries, then what made the connections, then the events. */
#include <errno.h>
#include <string.h>

#include "cli/test/world.h"
#include "runtime/state/socket_address.h"
#include "runtime/synth/address.h"

/* The capture being made, and whose its events are. */
struct making {
	struct sk_test_world *world;
	struct sk_synth *synth;
	uint32_t *owners;
	uint32_t count, capacity;
	struct sk_error error;
};

static int own(struct making *making, uint32_t owner)
{
	uint32_t *grown = sk_test_grow(making->world->reader, making->owners, making->count, &making->capacity,
				       sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	making->owners = grown;
	making->owners[making->count++] = owner;
	return 0;
}

static int write_event(struct making *making, const struct sk_synth_event *event, uint32_t owner)
{
	int result = sk_synth_event(making->synth, event, &making->error);

	if (result == 0)
		result = own(making, owner);
	/* A child's own event comes behind. */
	if (result == 0 && event->child)
		result = own(making, owner);
	return result;
}

/* --- entries ----------------------------------------------------------- */

static int write_users(struct making *making)
{
	const struct sk_test_world *world = making->world;
	int result = 0;

	for (uint32_t i = 0; result == 0 && i < world->user_count; i++) {
		const struct sk_test_user *user = &world->users[i];
		struct sk_group_entry group = {.gid = user->entry.gid, .name = sk_test_bytes(user->group)};

		if (user->entry.name.length)
			result = sk_synth_user(making->synth, &user->entry, &making->error);
		if (result == 0 && group.name.length)
			result = sk_synth_group(making->synth, &group, &making->error);
	}
	return result;
}

/* A process that an exec begins was its parent's program before. */
static struct sk_process_entry before_exec(const struct sk_test_world *world, const struct sk_test_process *process)
{
	struct sk_process_entry entry = process->entry;

	if (process->begins && process->parent != SK_TEST_NOBODY) {
		const struct sk_process_entry *parent = &world->processes[process->parent].entry;

		entry.comm = parent->comm;
		entry.exe = parent->exe;
		entry.exepath = parent->exepath;
		entry.args = parent->args;
		entry.env = parent->env;
		entry.exe_writable = entry.exe_upper_layer = entry.exe_lower_layer = entry.exe_from_memfd = false;
	}
	return entry;
}

static int write_processes(struct making *making)
{
	const struct sk_test_world *world = making->world;
	int result = 0;

	for (uint32_t i = 0; result == 0 && i < world->process_count; i++) {
		const struct sk_test_process *process = &world->processes[i];
		struct sk_process_entry entry = before_exec(world, process);

		if (process->born)
			continue;
		result = sk_synth_process(making->synth, &entry, &making->error);
		for (uint32_t k = 0; result == 0 && k < process->fd_count; k++) {
			if (!process->fds[k].connected)
				result = sk_synth_fd(making->synth, entry.tid, &process->fds[k].entry,
						     &making->error);
		}
	}
	return result;
}

/* --- calls that nobody sees -------------------------------------------- */

static struct sk_bytes number(const int64_t *value, size_t size)
{
	return (struct sk_bytes){(const char *)value, (uint32_t)size};
}

static int write_socket(struct making *making, int64_t tid, int64_t fd, uint8_t family, uint32_t type,
			uint32_t protocol)
{
	const int64_t domain = family, kind = type, protocol_number = protocol;
	struct sk_synth_event event = {.type = SK_EVENT_SOCKET_SOCKET_X, .tid = tid, .state_only = true};

	event.params[0] = number(&fd, 8);
	event.params[1] = number(&domain, 4);
	event.params[2] = number(&kind, 4);
	event.params[3] = number(&protocol_number, 4);
	return write_event(making, &event, 0);
}

/* A connection by what makes one: socket and connect, or accept. */
static int write_connection(struct making *making, int64_t tid, const struct sk_test_fd *fd)
{
	struct sk_synth_event event = {.tid = tid, .state_only = true};
	struct sk_buffer tuple = {0}, address = {0};
	int result = 0;

	sk_synth_put_tuple(&fd->source, &fd->destination, &tuple);
	sk_synth_put_address(&fd->destination, &address);
	if (tuple.failed || address.failed) {
		result = -ENOMEM;
		goto out;
	}
	event.params[1] = (struct sk_bytes){tuple.bytes, (uint32_t)tuple.length};
	if (fd->inbound) {
		event.type = SK_EVENT_SOCKET_ACCEPT4_6_X;
		event.params[0] = number(&fd->entry.fd, 8);
	} else {
		event.type = SK_EVENT_SOCKET_CONNECT_X;
		event.params[2] = number(&fd->entry.fd, 8);
		event.params[3] = (struct sk_bytes){address.bytes, (uint32_t)address.length};
		result = write_socket(making, tid, fd->entry.fd, fd->source.family, fd->socket_type, fd->protocol);
	}
	if (result == 0)
		result = write_event(making, &event, 0);
out:
	sk_buffer_release(&tuple);
	sk_buffer_release(&address);
	return result;
}

static int write_connections(struct making *making)
{
	const struct sk_test_world *world = making->world;
	int result = 0;

	for (uint32_t i = 0; result == 0 && i < world->process_count; i++) {
		const struct sk_test_process *process = &world->processes[i];

		for (uint32_t k = 0; result == 0 && k < process->fd_count; k++) {
			if (process->fds[k].connected)
				result = write_connection(making, process->entry.tid, &process->fds[k]);
		}
	}
	return result;
}

/* --- events ------------------------------------------------------------ */

static int write_case_event(struct making *making, struct sk_test_event *planned, uint32_t owner, uint64_t *now)
{
	struct sk_synth_event *event = &planned->event;
	uint64_t last;
	int64_t fd;
	int result;

	if (planned->socket_family) {
		fd = sk_synth_next_fd(making->synth, event->tid);
		result = write_socket(making, event->tid, fd, planned->socket_family, planned->socket_type,
				      planned->socket_protocol);
		if (result < 0)
			return result;
		for (unsigned i = 1; i < sk_events[event->type].nparams; i++) {
			if (strcmp(sk_events[event->type].params[i].name, "fd") == 0)
				event->params[i] = number(&fd, 8);
		}
		*now += 1000000;
	}
	/* The synth counts a millisecond for each event; so does this. */
	last = *now;
	*now += planned->after ? planned->after : 1000000;
	event->ts = *now;
	if (planned->lost) {
		planned->lost->first = last;
		planned->lost->last = *now - 1;
		if (!sk_test_add_note(making->world->reader, event, SK_NOTE_LOST, 0, planned->lost,
				      sizeof(*planned->lost)))
			return -ENOMEM;
	}
	result = write_event(making, event, owner);
	*now += event->child ? 1000000 : 0;
	return result;
}

static int write_all(struct making *making)
{
	struct sk_test_world *world = making->world;
	int result = write_users(making);
	uint64_t now;

	if (result == 0)
		result = write_processes(making);
	for (uint32_t i = 0; result == 0 && i < world->container_count; i++) {
		result = sk_synth_container(making->synth, &world->containers[i].container, &making->error);
		if (result == 0)
			result = own(making, 0);
	}
	if (result == 0)
		result = write_connections(making);
	now = SK_SYNTH_START_TS + UINT64_C(1000000) * making->count;
	for (uint32_t i = 0; result == 0 && i < world->event_count; i++)
		result = write_case_event(making, &world->events[i], i + 1, &now);
	return result;
}

int sk_test_world_capture(struct sk_test_world *world, struct sk_span span, struct sk_buffer *ret_capture,
			  uint32_t **ret_owners, uint32_t *ret_owner_count)
{
	struct making making = {.world = world};
	int result = sk_synth_create(&making.synth, &making.error);

	if (result == 0)
		result = write_all(&making);
	if (result == 0)
		result = sk_synth_finish(making.synth, ret_capture, &making.error);
	sk_synth_destroy(making.synth);
	if (result == -ENOMEM)
		world->reader->out_of_memory = true;
	else if (result < 0)
		sk_test_report(world->reader, span, NULL, "%s", making.error.message);
	if (result < 0)
		return result;
	*ret_owners = making.owners;
	*ret_owner_count = making.count;
	return 0;
}
