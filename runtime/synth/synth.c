/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/synth/synth.h"

#include <errno.h>
#include <string.h>

#include "runtime/synth/synth_private.h"
#include "vm/event.h"
#include "vm/support/alloc.h"

enum { MILLISECOND = 1000000, FIRST_FD = 3 };

/* --- entries ----------------------------------------------------------- */

static int add_machine(struct sk_synth *synth)
{
	const struct sk_machine_entry machine = {
		.num_cpus = 2,
		.memory_size = UINT64_C(4) << 30,
		.max_pid = 1 << 22,
		.hostname = "test",
		.boot_ts = SK_SYNTH_START_TS - UINT64_C(3600) * 1000000000,
	};
	const struct sk_interface_entry interfaces[] = {
		{.family_length = 4, .address = {127, 0, 0, 1}, .netmask = {255}, .name = {"lo", 2}},
		{.family_length = 4,
		 .address = {10, 0, 0, 5},
		 .netmask = {255, 255, 255},
		 .broadcast = {10, 0, 0, 255},
		 .name = {"eth0", 4}},
		{.family_length = 16, .address = {[15] = 1}, .netmask = {255, 255}, .name = {"lo", 2}},
		{.family_length = 16, .address = {0xfd, [15] = 5}, .netmask = {255, 255}, .name = {"eth0", 4}},
	};
	int result = synth->sink.machine(synth->sink.context, &machine);

	for (size_t i = 0; result == 0 && i < sizeof(interfaces) / sizeof(interfaces[0]); i++)
		result = synth->sink.interface(synth->sink.context, &interfaces[i]);
	return result;
}

int sk_synth_create(struct sk_synth **ret_synth, struct sk_error *error)
{
	struct sk_synth *synth = sk_alloc_zeroed(1, sizeof(*synth));
	int result;

	if (!synth)
		return sk_error_set(error, -ENOMEM, "out of memory");
	synth->now = SK_SYNTH_START_TS;
	result = sk_scap_writer_open_memory(&synth->capture, &synth->writer, error);
	if (result == 0) {
		synth->sink = sk_scap_writer_sink(synth->writer);
		result = add_machine(synth);
	}
	if (result < 0) {
		sk_synth_destroy(synth);
		return sk_error_set(error, result, "out of memory");
	}
	*ret_synth = synth;
	return 0;
}

void sk_synth_destroy(struct sk_synth *synth)
{
	if (!synth)
		return;
	sk_scap_writer_close(synth->writer, NULL);
	sk_buffer_release(&synth->capture);
	sk_buffer_release(&synth->params);
	sk_buffer_release(&synth->wire);
	sk_free(synth->processes);
	sk_free(synth);
}

/* What a sink says, as a sentence. */
static int taken(int result, const char *what, struct sk_error *error)
{
	if (result == -ENOMEM)
		return sk_error_set(error, result, "out of memory");
	return result < 0 ? sk_error_set(error, result, "%s cannot be added behind events", what) : 0;
}

int sk_synth_user(struct sk_synth *synth, const struct sk_user_entry *entry, struct sk_error *error)
{
	return taken(synth->sink.user(synth->sink.context, entry), "a user", error);
}

int sk_synth_group(struct sk_synth *synth, const struct sk_group_entry *entry, struct sk_error *error)
{
	return taken(synth->sink.group(synth->sink.context, entry), "a group", error);
}

struct sk_synth_process *sk_synth_find(const struct sk_synth *synth, int64_t tid)
{
	for (uint32_t i = 0; i < synth->process_count; i++) {
		if (synth->processes[i].entry.tid == tid)
			return &synth->processes[i];
	}
	return NULL;
}

static int remember(struct sk_synth *synth, const struct sk_process_entry *entry, int64_t next_fd)
{
	struct sk_synth_process *known = sk_synth_find(synth, entry->tid);

	if (!known && synth->process_count == synth->process_capacity) {
		uint32_t capacity = synth->process_capacity ? synth->process_capacity * 2 : 8;
		void *grown = sk_realloc_array(synth->processes, capacity, sizeof(*synth->processes));

		if (!grown)
			return -ENOMEM;
		synth->processes = grown;
		synth->process_capacity = capacity;
	}
	if (!known)
		known = &synth->processes[synth->process_count++];
	*known = (struct sk_synth_process){.entry = *entry, .next_fd = next_fd};
	return 0;
}

int sk_synth_process(struct sk_synth *synth, const struct sk_process_entry *entry, struct sk_error *error)
{
	int result = remember(synth, entry, FIRST_FD);

	if (result == 0)
		result = synth->sink.process(synth->sink.context, entry);
	return taken(result, "a process", error);
}

/* Behind the highest fd that is known: lower ones may be taken, too. */
static void use_fd(struct sk_synth_process *process, int64_t fd)
{
	if (process && fd >= process->next_fd)
		process->next_fd = fd + 1;
}

int sk_synth_fd(struct sk_synth *synth, int64_t tid, const struct sk_fd_entry *entry, struct sk_error *error)
{
	use_fd(sk_synth_find(synth, tid), entry->fd);
	return taken(synth->sink.fd(synth->sink.context, tid, entry), "a file descriptor", error);
}

int64_t sk_synth_next_fd(const struct sk_synth *synth, int64_t tid)
{
	const struct sk_synth_process *process = sk_synth_find(synth, tid);

	return process ? process->next_fd : FIRST_FD;
}

/* --- events ------------------------------------------------------------ */

static bool is_exec(uint16_t type)
{
	return type == SK_EVENT_SYSCALL_EXECVE_19_X || type == SK_EVENT_SYSCALL_EXECVEAT_X;
}

/* What a program changes and what it keeps of the process that starts it. */
static struct sk_process_entry started(const struct sk_process_entry *before, const struct sk_process_entry *image)
{
	struct sk_process_entry after = *image;

	if (before) {
		after.tid = before->tid;
		after.pid = before->pid;
		after.vtid = before->vtid;
		after.vpid = before->vpid;
		after.cwd = before->cwd;
		after.root = before->root;
		after.flags = before->flags;
	}
	return after;
}

/* The wire: header, lengths, parameters. */
static int assemble(struct sk_synth *synth, const struct sk_synth_event *event, struct sk_synth_process *process)
{
	const struct sk_event_info *info = &sk_events[event->type];
	const size_t width = info->flags & SK_EVENT_FLAG_LARGE_PAYLOAD ? 4 : 2;
	struct sk_event_header header = {
		.tid = (uint64_t)event->tid, .type = event->type, .nparams = info->nparams};

	synth->now = event->ts ? event->ts : synth->now + MILLISECOND;
	header.ts = synth->now;
	sk_buffer_clear(&synth->params);
	sk_buffer_clear(&synth->wire);
	sk_buffer_append(&synth->wire, &header, sizeof(header));
	for (unsigned i = 0; i < info->nparams; i++) {
		size_t start = synth->params.length, length;

		if (event->params[i].bytes)
			sk_buffer_append(&synth->params, event->params[i].bytes, event->params[i].length);
		else
			sk_synth_fill_in(event, i, process, &synth->params);
		length = synth->params.length - start;
		if (width == 2 && length > UINT16_MAX)
			return -E2BIG;
		sk_buffer_append(&synth->wire, &length, width);
	}
	sk_buffer_append(&synth->wire, synth->params.bytes, synth->params.length);
	if (event->notes.bytes)
		sk_buffer_append(&synth->wire, event->notes.bytes, event->notes.length);
	if (synth->wire.failed || synth->params.failed)
		return -ENOMEM;
	header.len = (uint32_t)synth->wire.length;
	memcpy(synth->wire.bytes, &header, sizeof(header));
	return 0;
}

/* What later events of the process are filled in with. */
static void follow(struct sk_synth *synth, const struct sk_synth_event *event, const struct sk_process_entry *image)
{
	struct sk_synth_process *process = sk_synth_find(synth, event->tid);
	struct sk_event decoded;
	int64_t result = 0, id;

	if (!process || sk_event_decode((const uint8_t *)synth->wire.bytes, synth->wire.length, &decoded, NULL) < 0)
		return;
	sk_event_result(&decoded, &result);
	if (result < 0)
		return;
	if (decoded.info->flags & SK_EVENT_FLAG_CREATES_FD) {
		for (unsigned i = 0; i < decoded.nparams; i++) {
			if (decoded.info->params[i].type == SK_PARAM_FD)
				use_fd(process, sk_event_signed(&decoded, i, -1));
		}
		use_fd(process, result);
	}
	if (is_exec(event->type) && image)
		process->entry = *image;
	switch (event->type) {
	case SK_EVENT_SYSCALL_SETUID_X:
	case SK_EVENT_SYSCALL_SETREUID_X:
	case SK_EVENT_SYSCALL_SETRESUID_X:
		id = sk_event_signed(&decoded, event->type == SK_EVENT_SYSCALL_SETUID_X ? 1 : 2, -1);
		if (id != -1)
			process->entry.uid = (uint32_t)id;
		break;
	case SK_EVENT_SYSCALL_SETGID_X:
	case SK_EVENT_SYSCALL_SETREGID_X:
	case SK_EVENT_SYSCALL_SETRESGID_X:
		id = sk_event_signed(&decoded, event->type == SK_EVENT_SYSCALL_SETGID_X ? 1 : 2, -1);
		if (id != -1)
			process->entry.gid = (uint32_t)id;
		break;
	default:
		break;
	}
}

static int write_event(struct sk_synth *synth, const struct sk_synth_event *event, struct sk_synth_process *process,
		       struct sk_error *error)
{
	int result = assemble(synth, event, process);

	if (result == -ENOMEM)
		return sk_error_set(error, result, "out of memory");
	if (result < 0)
		return sk_error_set(error, result, "a parameter of %s is longer than 65535 bytes",
				    sk_events[event->type].name);
	return event->state_only
		       ? sk_scap_writer_state_event(synth->writer, synth->wire.bytes, synth->wire.length, 0, error)
		       : sk_scap_writer_event(synth->writer, synth->wire.bytes, synth->wire.length, 0, error);
}

/* The clone that a child makes of itself. */
static int write_birth(struct sk_synth *synth, const struct sk_synth_event *event, struct sk_error *error)
{
	const int64_t zero = 0;
	struct sk_synth_event birth = {
		.type = event->type,
		.tid = event->child->tid,
		.state_only = event->state_only,
		.params = {{(const char *)&zero, sizeof(zero)}},
	};
	int64_t next_fd = sk_synth_next_fd(synth, event->tid);
	int result = remember(synth, event->child, next_fd);

	if (result < 0)
		return sk_error_set(error, result, "out of memory");
	return write_event(synth, &birth, sk_synth_find(synth, event->child->tid), error);
}

int sk_synth_event(struct sk_synth *synth, const struct sk_synth_event *event, struct sk_error *error)
{
	struct sk_synth_process *known = sk_synth_find(synth, event->tid), seen;
	struct sk_process_entry image;
	int result;

	if (event->image) {
		image = started(known ? &known->entry : NULL, event->image);
		seen = (struct sk_synth_process){.entry = image, .next_fd = sk_synth_next_fd(synth, event->tid)};
	}
	result = write_event(synth, event, event->image ? &seen : known, error);
	if (result < 0)
		return result;
	follow(synth, event, event->image ? &image : NULL);
	return event->child ? write_birth(synth, event, error) : 0;
}

int sk_synth_container(struct sk_synth *synth, const struct sk_synth_container *container, struct sk_error *error)
{
	struct sk_buffer json = {0};
	struct sk_synth_event event = {.type = SK_EVENT_ASYNCEVENT_E, .tid = -1};
	int result;

	sk_synth_print_container(container, &json);
	if (json.failed) {
		sk_buffer_release(&json);
		return sk_error_set(error, -ENOMEM, "out of memory");
	}
	event.params[1] = (struct sk_bytes){"container", sizeof("container")};
	event.params[2] = (struct sk_bytes){json.bytes, (uint32_t)json.length + 1};
	result = sk_synth_event(synth, &event, error);
	sk_buffer_release(&json);
	return result;
}

int sk_synth_finish(struct sk_synth *synth, struct sk_buffer *ret_capture, struct sk_error *error)
{
	int result = sk_scap_writer_close(synth->writer, error);

	synth->writer = NULL;
	if (result < 0)
		return result;
	*ret_capture = synth->capture;
	synth->capture = (struct sk_buffer){0};
	return 0;
}

int sk_synth_find_event(const char *name, uint32_t length, int *ret_syscall)
{
	int found = -1;

	*ret_syscall = -1;
	/* Later numbers are later versions; an exit is what rules see, where there is one. */
	for (int type = 2; type < SK_EVENT_COUNT; type++) {
		const struct sk_event_info *info = &sk_events[type];

		if ((info->flags & (SK_EVENT_FLAG_UNUSED | SK_EVENT_FLAG_OLD_VERSION)) ||
		    strlen(info->name) != length || memcmp(info->name, name, length) != 0)
			continue;
		if (info->direction == SK_DIRECTION_EXIT || found < 0 ||
		    sk_events[found].direction == SK_DIRECTION_ENTER)
			found = type;
	}
	if (found >= 0)
		return found;
	*ret_syscall = sk_syscall_find(name, length);
	return *ret_syscall < 0 ? -1 : SK_EVENT_GENERIC_X;
}
