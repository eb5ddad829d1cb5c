/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The capture writer: see writer.h.
 *
 * Readers replace the interface and user lists when another one comes, and
 * want a process before its fds; so the entries of each kind are collected,
 * and written as one block a kind when the first event comes:
 *
 *    sink ──► interfaces, users, processes, fds   ──complete──► output
 *    event ─────────────────────────────────────────────────► output
 *
 * Invariant: `fds` holds whole fd blocks, of which the last is open (its length
 * is not written yet) while `fds_tid_known`.
 */
#include "runtime/scap/writer.h"

#include <errno.h>
#include <string.h>

#include "runtime/scap/blocks.h"
#include "runtime/scap/convert.h"
#include "runtime/scap/output.h"
#include "vm/event.h"
#include "vm/support/alloc.h"
#include "vm/support/buffer.h"

enum {
	/* What the reference's reader takes: names of users, their homes and shells. */
	USER_TEXT_LIMIT = 255,
	EVENT_BLOCK_LIMIT = 64 * 1024 + 8,
	/* Block header, cpu, flags, padding, trailer. */
	EVENT_ROOM = 8 + 6 + 3 + 4,
};

struct sk_scap_writer {
	struct sk_scap_output *output;
	struct sk_machine_entry machine;
	bool has_machine;
	bool written; /* the current section's header and entries */
	struct sk_buffer interfaces, users, processes, fds, remainder; /* the last one: whole blocks */
	size_t fds_start;                                              /* of the open block */
	int64_t fds_tid;
	bool fds_tid_known;
};

/* --- building entries -------------------------------------------------- */

static void append_u8(struct sk_buffer *buffer, uint8_t number)
{
	sk_buffer_append(buffer, &number, sizeof(number));
}

static void append_u16(struct sk_buffer *buffer, uint16_t number)
{
	sk_buffer_append(buffer, &number, sizeof(number));
}

static void append_u32(struct sk_buffer *buffer, uint32_t number)
{
	sk_buffer_append(buffer, &number, sizeof(number));
}

static void append_u64(struct sk_buffer *buffer, uint64_t number)
{
	sk_buffer_append(buffer, &number, sizeof(number));
}

static void append_string(struct sk_buffer *buffer, struct sk_bytes text, uint32_t limit)
{
	uint32_t length = text.length < limit ? text.length : limit;

	append_u16(buffer, (uint16_t)length);
	sk_buffer_append(buffer, text.bytes, length);
}

static size_t begin_entry(struct sk_buffer *buffer)
{
	size_t start = buffer->length;

	append_u32(buffer, 0);
	return start;
}

/* Writes the length of the entry that begins at `start`, less `uncounted`. */
static void end_entry(struct sk_buffer *buffer, size_t start, uint32_t uncounted)
{
	uint32_t length = (uint32_t)(buffer->length - start) - uncounted;

	if (!buffer->failed)
		memcpy(buffer->bytes + start, &length, sizeof(length));
}

static int take_machine(void *context, const struct sk_machine_entry *entry)
{
	struct sk_scap_writer *writer = context;

	if (writer->written)
		return -EINVAL;
	writer->machine = *entry;
	writer->has_machine = true;
	return 0;
}

static int take_interface(void *context, const struct sk_interface_entry *entry)
{
	struct sk_scap_writer *writer = context;
	struct sk_buffer *buffer = &writer->interfaces;
	uint32_t name_length =
		entry->name.length < SK_SCAP_NAME_LIMIT ? entry->name.length : SK_SCAP_NAME_LIMIT - 1;
	size_t start, length = entry->family_length;

	if (writer->written || (length != 4 && length != 16))
		return -EINVAL;
	start = begin_entry(buffer);
	append_u16(buffer, length == 4 ? 1 : 2);
	append_u16(buffer, (uint16_t)name_length);
	sk_buffer_append(buffer, entry->address, length);
	sk_buffer_append(buffer, entry->netmask, length);
	sk_buffer_append(buffer, entry->broadcast, length);
	append_u64(buffer, entry->link_speed);
	sk_buffer_append(buffer, entry->name.bytes, name_length);
	end_entry(buffer, start, 4);
	return buffer->failed ? -ENOMEM : 0;
}

static int take_user(void *context, const struct sk_user_entry *entry)
{
	struct sk_scap_writer *writer = context;
	struct sk_buffer *buffer = &writer->users;
	size_t start;

	if (writer->written)
		return -EINVAL;
	start = begin_entry(buffer);
	append_u8(buffer, 0);
	append_u32(buffer, entry->uid);
	append_u32(buffer, entry->gid);
	append_string(buffer, entry->name, USER_TEXT_LIMIT);
	append_string(buffer, entry->home, USER_TEXT_LIMIT);
	append_string(buffer, entry->shell, USER_TEXT_LIMIT);
	end_entry(buffer, start, 0);
	return buffer->failed ? -ENOMEM : 0;
}

static int take_group(void *context, const struct sk_group_entry *entry)
{
	struct sk_scap_writer *writer = context;
	struct sk_buffer *buffer = &writer->users;
	size_t start;

	if (writer->written)
		return -EINVAL;
	start = begin_entry(buffer);
	append_u8(buffer, 1);
	append_u32(buffer, entry->gid);
	append_string(buffer, entry->name, USER_TEXT_LIMIT);
	end_entry(buffer, start, 0);
	return buffer->failed ? -ENOMEM : 0;
}

static void append_process(struct sk_buffer *buffer, const struct sk_process_entry *entry)
{
	size_t start = begin_entry(buffer);

	append_u64(buffer, (uint64_t)entry->tid);
	append_u64(buffer, (uint64_t)entry->pid);
	append_u64(buffer, (uint64_t)entry->ptid);
	append_u64(buffer, (uint64_t)entry->sid);
	append_u64(buffer, (uint64_t)entry->vpgid);
	append_string(buffer, entry->comm, SK_SCAP_NAME_LIMIT);
	append_string(buffer, entry->exe, SK_SCAP_NAME_LIMIT);
	append_string(buffer, entry->exepath, SK_SCAP_NAME_LIMIT);
	append_string(buffer, entry->args, SK_SCAP_ARGS_LIMIT);
	append_string(buffer, entry->cwd, SK_SCAP_NAME_LIMIT);
	append_u64(buffer, (uint64_t)entry->fdlimit);
	append_u32(buffer, entry->flags);
	append_u32(buffer, entry->uid);
	append_u32(buffer, entry->gid);
	append_u32(buffer, entry->vmsize_kb);
	append_u32(buffer, entry->vmrss_kb);
	append_u32(buffer, entry->vmswap_kb);
	append_u64(buffer, entry->pfmajor);
	append_u64(buffer, entry->pfminor);
	append_string(buffer, entry->env, SK_SCAP_ARGS_LIMIT);
	append_u64(buffer, (uint64_t)entry->vtid);
	append_u64(buffer, (uint64_t)entry->vpid);
	append_string(buffer, entry->cgroups, SK_SCAP_ARGS_LIMIT);
	append_string(buffer, entry->root, SK_SCAP_NAME_LIMIT);
	append_u64(buffer, entry->pidns_init_start_ts);
	append_u32(buffer, entry->tty);
	append_u32(buffer, entry->loginuid);
	append_u8(buffer, entry->exe_writable);
	append_u64(buffer, entry->cap_inheritable);
	append_u64(buffer, entry->cap_permitted);
	append_u64(buffer, entry->cap_effective);
	append_u8(buffer, entry->exe_upper_layer);
	append_u64(buffer, entry->exe_ino);
	append_u64(buffer, entry->exe_ino_ctime);
	append_u64(buffer, entry->exe_ino_mtime);
	append_u8(buffer, entry->exe_from_memfd);
	append_u8(buffer, entry->exe_lower_layer);
	append_u64(buffer, (uint64_t)entry->pgid);
	end_entry(buffer, start, 0);
}

/* --- blocks ------------------------------------------------------------ */

static size_t padding_of(size_t length)
{
	return -length & 3;
}

/* Closes the fd block of the last thread. */
static void end_fds(struct sk_scap_writer *writer)
{
	struct sk_buffer *buffer = &writer->fds;
	uint32_t total;

	if (!writer->fds_tid_known)
		return;
	writer->fds_tid_known = false;
	sk_buffer_append(buffer, "\0\0\0", padding_of(buffer->length - writer->fds_start));
	total = (uint32_t)(buffer->length - writer->fds_start + 4);
	append_u32(buffer, total);
	if (!buffer->failed)
		memcpy(buffer->bytes + writer->fds_start + 4, &total, sizeof(total));
}

static void begin_fds(struct sk_scap_writer *writer, int64_t tid)
{
	end_fds(writer);
	writer->fds_start = writer->fds.length;
	writer->fds_tid = tid;
	writer->fds_tid_known = true;
	append_u32(&writer->fds, SK_SCAP_FDS_V2);
	append_u32(&writer->fds, 0);
	append_u64(&writer->fds, (uint64_t)tid);
}

static int take_process(void *context, const struct sk_process_entry *entry)
{
	struct sk_scap_writer *writer = context;

	if (writer->written)
		return -EINVAL;
	append_process(&writer->processes, entry);
	begin_fds(writer, entry->tid);
	return writer->processes.failed || writer->fds.failed ? -ENOMEM : 0;
}

static int take_fd(void *context, int64_t tid, const struct sk_fd_entry *entry)
{
	struct sk_scap_writer *writer = context;
	struct sk_buffer *buffer = &writer->fds;
	size_t address_size = entry->type == SK_FD_IPV4_SOCK || entry->type == SK_FD_IPV4_SERVSOCK ? 4 : 16, start;

	if (writer->written || entry->type >= SK_FD_TYPE_COUNT)
		return -EINVAL;
	/* The format has the number, but no writer may use it. */
	if (entry->type == SK_FD_UNKNOWN)
		return 0;
	if (!writer->fds_tid_known || writer->fds_tid != tid)
		begin_fds(writer, tid);
	start = begin_entry(buffer);
	append_u64(buffer, (uint64_t)entry->fd);
	append_u64(buffer, entry->ino);
	append_u8(buffer, entry->type);
	switch ((enum sk_fd_type)entry->type) {
	case SK_FD_IPV4_SOCK:
	case SK_FD_IPV6_SOCK:
		sk_buffer_append(buffer, entry->source, address_size);
		sk_buffer_append(buffer, entry->destination, address_size);
		append_u16(buffer, entry->source_port);
		append_u16(buffer, entry->destination_port);
		append_u8(buffer, entry->l4);
		break;
	case SK_FD_IPV4_SERVSOCK:
	case SK_FD_IPV6_SERVSOCK:
		sk_buffer_append(buffer, entry->destination, address_size);
		append_u16(buffer, entry->destination_port);
		append_u8(buffer, entry->l4);
		break;
	case SK_FD_UNIX_SOCK:
		append_u64(buffer, entry->unix_source);
		append_u64(buffer, entry->unix_destination);
		append_string(buffer, entry->name, SK_SCAP_NAME_LIMIT - 1);
		break;
	case SK_FD_FILE_V2:
		append_u32(buffer, entry->open_flags);
		append_string(buffer, entry->name, SK_SCAP_NAME_LIMIT - 1);
		append_u32(buffer, entry->dev);
		break;
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
		append_string(buffer, entry->name, SK_SCAP_NAME_LIMIT - 1);
		break;
	case SK_FD_UNKNOWN:
	case SK_FD_TYPE_COUNT:
		break;
	}
	end_entry(buffer, start, 0);
	return buffer->failed ? -ENOMEM : 0;
}

static int take_remainder(void *context, const uint8_t *bytes, size_t size)
{
	static const uint32_t type = SK_SCAP_REMAINDER;
	struct sk_scap_writer *writer = context;
	struct sk_buffer *buffer = &writer->remainder;
	const size_t padding = padding_of(size);
	const uint32_t total = (uint32_t)(size + padding + SK_SCAP_BLOCK_OVERHEAD);

	if (writer->written || size > UINT32_MAX / 2)
		return -EINVAL;
	append_u32(buffer, type);
	append_u32(buffer, total);
	sk_buffer_append(buffer, bytes, size);
	sk_buffer_append(buffer, "\0\0\0", padding);
	append_u32(buffer, total);
	return buffer->failed ? -ENOMEM : 0;
}

static void put_block(struct sk_scap_writer *writer, uint32_t type, const void *body, size_t size)
{
	size_t padding = padding_of(size);
	uint32_t total = (uint32_t)(size + padding + SK_SCAP_BLOCK_OVERHEAD);

	sk_scap_output_put(writer->output, &type, sizeof(type));
	sk_scap_output_put(writer->output, &total, sizeof(total));
	sk_scap_output_put(writer->output, body, size);
	sk_scap_output_put(writer->output, "\0\0\0", padding);
	sk_scap_output_put(writer->output, &total, sizeof(total));
}

static void clear_entries(struct sk_scap_writer *writer)
{
	sk_buffer_release(&writer->interfaces);
	sk_buffer_release(&writer->users);
	sk_buffer_release(&writer->processes);
	sk_buffer_release(&writer->fds);
	sk_buffer_release(&writer->remainder);
	writer->fds_tid_known = false;
	writer->has_machine = false;
}

/* The section header and all entries, once for each section. */
static int write_entries(struct sk_scap_writer *writer)
{
	const struct sk_scap_section section = {SK_SCAP_MAGIC, 1, 2, UINT64_MAX};

	if (writer->written)
		return 0;
	end_fds(writer);
	if (writer->interfaces.failed || writer->users.failed || writer->processes.failed || writer->fds.failed ||
	    writer->remainder.failed)
		return -ENOMEM;
	writer->written = true;
	put_block(writer, SK_SCAP_SECTION, &section, sizeof(section));
	if (writer->has_machine) {
		struct sk_scap_machine machine = {
			.num_cpus = writer->machine.num_cpus,
			.memory_size = writer->machine.memory_size,
			.max_pid = writer->machine.max_pid,
			.boot_ts = writer->machine.boot_ts,
		};

		memcpy(machine.hostname, writer->machine.hostname,
		       strnlen(writer->machine.hostname, sizeof(machine.hostname) - 1));
		put_block(writer, SK_SCAP_MACHINE, &machine, sizeof(machine));
	}
	if (writer->interfaces.length > 0)
		put_block(writer, SK_SCAP_INTERFACES_V2, writer->interfaces.bytes, writer->interfaces.length);
	if (writer->users.length > 0)
		put_block(writer, SK_SCAP_USERS_V2, writer->users.bytes, writer->users.length);
	if (writer->processes.length > 0)
		put_block(writer, SK_SCAP_PROCESSES_V9, writer->processes.bytes, writer->processes.length);
	sk_scap_output_put(writer->output, writer->fds.bytes, writer->fds.length);
	sk_scap_output_put(writer->output, writer->remainder.bytes, writer->remainder.length);
	clear_entries(writer);
	return sk_scap_output_failure(writer->output, NULL);
}

static int take_complete(void *context)
{
	return write_entries(context);
}

static int take_restart(void *context)
{
	struct sk_scap_writer *writer = context;

	/* Entries that no event followed are void, not a capture of their own. */
	clear_entries(writer);
	writer->written = false;
	return 0;
}

static int append_event(struct sk_scap_writer *writer, const void *bytes, size_t size, uint16_t cpu,
			bool state_only, struct sk_error *error);

/* One that cannot be written is one that the reader does without. */
static int take_event(void *context, const uint8_t *bytes, size_t size, bool state_only)
{
	int result = append_event(context, bytes, size, 0, state_only, NULL);

	return result == -EINVAL ? 0 : result;
}

/* --- the interface ----------------------------------------------------- */

/* Takes over `output`, if it could be opened. */
static int open_writer(int opened, struct sk_scap_output *output, struct sk_scap_writer **ret_writer,
		       struct sk_error *error)
{
	struct sk_scap_writer *writer = opened < 0 ? NULL : sk_alloc_zeroed(1, sizeof(*writer));

	if (opened < 0)
		return opened;
	if (!writer) {
		sk_scap_output_close(output, NULL);
		return sk_error_set(error, -ENOMEM, "no memory to write a capture");
	}
	writer->output = output;
	*ret_writer = writer;
	return 0;
}

int sk_scap_writer_open(const char *path, bool compress, struct sk_scap_writer **ret_writer, struct sk_error *error)
{
	struct sk_scap_output *output = NULL;
	int opened = sk_scap_output_open(path, compress, &output, error);

	return open_writer(opened, output, ret_writer, error);
}

int sk_scap_writer_open_memory(struct sk_buffer *buffer, struct sk_scap_writer **ret_writer, struct sk_error *error)
{
	struct sk_scap_output *output = NULL;
	int opened = sk_scap_output_open_memory(buffer, &output, error);

	return open_writer(opened, output, ret_writer, error);
}

int sk_scap_writer_open_sink(int (*take)(void *context, const uint8_t *bytes, size_t size), void *context,
			     struct sk_scap_writer **ret_writer, struct sk_error *error)
{
	struct sk_scap_output *output = NULL;
	int opened = sk_scap_output_open_sink(take, context, &output, error);

	return open_writer(opened, output, ret_writer, error);
}

int sk_scap_writer_flush(struct sk_scap_writer *writer)
{
	sk_scap_output_flush(writer->output);
	return sk_scap_output_failure(writer->output, NULL);
}

struct sk_entry_sink sk_scap_writer_sink(struct sk_scap_writer *writer)
{
	return (struct sk_entry_sink){
		.context = writer,
		.machine = take_machine,
		.interface = take_interface,
		.user = take_user,
		.group = take_group,
		.process = take_process,
		.fd = take_fd,
		.remainder = take_remainder,
		.complete = take_complete,
		.event = take_event,
		.restart = take_restart,
	};
}

/*
 * Checks an event; the length without what the schema doesn't know goes to
 * `*ret_length`.  Notes that would make it too long are left out.
 */
static int check_event(const uint8_t *bytes, size_t size, struct sk_event *ret_event, uint32_t *ret_length,
		       struct sk_error *error)
{
	const struct sk_event_info *info;
	uint64_t length = sizeof(struct sk_event_header);
	int r = sk_event_decode(bytes, size, ret_event, error);

	if (r < 0)
		return r == -ENOTSUP ? -EINVAL : r;
	info = ret_event->info;
	if (!sk_scap_event_is_current(ret_event->type, ret_event->nparams))
		return sk_error_set(error, -EINVAL,
				    "a %s event of type %u with %u parameters isn't one of the current schema",
				    info->name, ret_event->type, ret_event->nparams);
	length += ret_event->nparams * (info->flags & SK_EVENT_FLAG_LARGE_PAYLOAD ? 4u : 2u);
	for (unsigned i = 0; i < ret_event->nparams; i++)
		length += ret_event->param[i].length;
	if (length + ret_event->notes.length + EVENT_ROOM > EVENT_BLOCK_LIMIT)
		ret_event->notes.length = 0;
	length += ret_event->notes.length;
	if (!(info->flags & SK_EVENT_FLAG_LARGE_PAYLOAD) && length + EVENT_ROOM > EVENT_BLOCK_LIMIT)
		return sk_error_set(error, -EINVAL, "a %s event of %llu bytes is too long for a capture",
				    info->name, (unsigned long long)length);
	*ret_length = (uint32_t)length;
	return 0;
}

/* Lengths, parameters and notes stand in one run each, so an event is at most four pieces. */
static void put_event(struct sk_scap_writer *writer, const struct sk_event *event, uint32_t length, uint16_t cpu,
		      bool state_only)
{
	bool large = event->info->flags & SK_EVENT_FLAG_LARGE_PAYLOAD;
	size_t body = 2 + (state_only ? 4 : 0) + (size_t)length, padding = padding_of(body);
	uint32_t total = (uint32_t)(body + padding + SK_SCAP_BLOCK_OVERHEAD), flags = SK_SCAP_STATE_ONLY;
	uint32_t type = state_only ? (large ? SK_SCAP_FLAGGED_LARGE_EVENT : SK_SCAP_FLAGGED_EVENT_V2)
				   : (large ? SK_SCAP_LARGE_EVENT : SK_SCAP_EVENT_V2);
	struct sk_event_header header = *event->header;
	size_t lengths = event->nparams * (large ? 4u : 2u);
	uint8_t before[8 + 6 + sizeof(header)], *at = before;

	header.len = length;
	header.nparams = event->nparams;
	at = mempcpy(at, &type, 4);
	at = mempcpy(at, &total, 4);
	at = mempcpy(at, &cpu, 2);
	if (state_only)
		at = mempcpy(at, &flags, 4);
	at = mempcpy(at, &header, sizeof(header));
	sk_scap_output_put(writer->output, before, (size_t)(at - before));
	sk_scap_output_put(writer->output, (const uint8_t *)event->header + sizeof(header), lengths);
	if (event->nparams > 0)
		sk_scap_output_put(writer->output, event->param[0].bytes,
				   length - sizeof(header) - lengths - event->notes.length);
	sk_scap_output_put(writer->output, event->notes.bytes, event->notes.length);
	sk_scap_output_put(writer->output, "\0\0\0", padding);
	sk_scap_output_put(writer->output, &total, 4);
}

static int append_event(struct sk_scap_writer *writer, const void *bytes, size_t size, uint16_t cpu,
			bool state_only, struct sk_error *error)
{
	struct sk_event event;
	uint32_t length = 0;
	int r = sk_scap_output_failure(writer->output, error);

	if (r < 0)
		return r;
	r = check_event(bytes, size, &event, &length, error);
	if (r < 0)
		return r;
	r = write_entries(writer);
	if (r == -ENOMEM)
		return sk_error_set(error, r, "no memory for the entries of the capture");
	put_event(writer, &event, length, cpu, state_only);
	return sk_scap_output_failure(writer->output, error);
}

int sk_scap_writer_event(struct sk_scap_writer *writer, const void *bytes, size_t size, uint16_t cpu,
			 struct sk_error *error)
{
	return append_event(writer, bytes, size, cpu, false, error);
}

int sk_scap_writer_state_event(struct sk_scap_writer *writer, const void *bytes, size_t size, uint16_t cpu,
			       struct sk_error *error)
{
	return append_event(writer, bytes, size, cpu, true, error);
}

uint64_t sk_scap_writer_size(const struct sk_scap_writer *writer)
{
	return sk_scap_output_size(writer->output);
}

int sk_scap_writer_close(struct sk_scap_writer *writer, struct sk_error *error)
{
	int entries, r;

	if (!writer)
		return 0;
	entries = write_entries(writer);
	clear_entries(writer);
	r = sk_scap_output_close(writer->output, error);
	sk_free(writer);
	if (r == 0 && entries == -ENOMEM)
		r = sk_error_set(error, entries, "no memory for the entries of the capture");
	return r;
}
