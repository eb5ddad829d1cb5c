/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/remainder.h"

#include "runtime/state/state_private.h"

enum kind { KIND_HOST = 1, KIND_EXIT, KIND_THREAD, KIND_FD, KIND_LOSSES, KIND_LOSS };

struct record_head {
	uint32_t length;
	uint8_t kind;
} __attribute__((packed));

struct host_record {
	struct record_head head;
	uint64_t boot_ts; /* what times since boot are added to */
} __attribute__((packed));

struct exit_record {
	struct record_head head;
	int64_t ptid, tid;
	uint64_t ts;
} __attribute__((packed));

enum {
	THREAD_DEAD = 1 << 0,      /* a main thread that others of its process outlive */
	THREAD_REAPER = 1 << 1,    /* its process takes orphans in */
	THREAD_NO_CWD = 1 << 2,    /* the entry's "/" is a guess */
	THREAD_UNMATCHED = 1 << 3, /* nobody has looked for a container in its cgroups yet */
};

struct thread_record {
	struct record_head head;
	int64_t tid, ptid, reaper_tid, last_fd;
	uint64_t clone_ts, lastexec_ts;
	uint64_t exe_ino_ctime_duration_clone_ts, exe_ino_ctime_duration_pidns_start;
	uint16_t last_event_type;
	uint8_t bits;
	uint32_t unknown; /* a bit for each stake */
	uint8_t stakes;   /* whose numbers follow, each u32; 0: all are 0 */
} __attribute__((packed));

struct fd_record {
	struct record_head head;
	int64_t tid, fd, pid;
	uint32_t open_flags, dev;
	uint16_t flags;
	uint8_t type, l4;
	uint16_t source_port, destination_port;
	uint8_t source[16], destination[16];
	uint32_t known;
	uint16_t name_length, name_raw_length;
	/* then both texts */
} __attribute__((packed));

/* What was lost (runtime/state/loss.h); u32 `touched` of so many stakes follow. */
struct losses_record {
	struct record_head head;
	uint32_t count, stamp;
	uint64_t over;
	uint8_t stakes;
} __attribute__((packed));

/* One of the recent ones, the oldest first; u64 counts of so many classes follow. */
struct loss_record {
	struct record_head head;
	uint32_t number;
	uint64_t first, last;
	uint8_t classes;
} __attribute__((packed));

/* --- writing ------------------------------------------------------------ */

static void append(struct sk_buffer *buffer, enum kind kind, void *record, size_t size, size_t texts)
{
	const struct record_head head = {.length = (uint32_t)(size + texts), .kind = (uint8_t)kind};

	memcpy(record, &head, sizeof(head));
	sk_buffer_append(buffer, record, size);
}

static void append_exit(void *context, int64_t ptid, int64_t tid, uint64_t ts)
{
	struct exit_record record = {.ptid = ptid, .tid = tid, .ts = ts};

	append(context, KIND_EXIT, &record, sizeof(record), 0);
}

static void append_losses(const struct sk_losses *losses, struct sk_buffer *buffer)
{
	struct losses_record record = {
		.count = losses->count, .stamp = losses->stamp, .over = losses->over, .stakes = SK_STAKE_COUNT};

	if (losses->count == 0)
		return;
	append(buffer, KIND_LOSSES, &record, sizeof(record), sizeof(losses->touched));
	sk_buffer_append(buffer, losses->touched, sizeof(losses->touched));
	for (unsigned i = 0; i < losses->recent_count; i++) {
		const struct sk_lost *lost = &losses->recent[i].lost;
		struct loss_record loss = {.number = losses->recent[i].number,
					   .first = lost->first,
					   .last = lost->last,
					   .classes = SK_EVENT_CLASS_COUNT};

		append(buffer, KIND_LOSS, &loss, sizeof(loss), sizeof(lost->counts));
		sk_buffer_append(buffer, lost->counts, sizeof(lost->counts));
	}
}

void sk_remainder_append_host(const struct sk_state *state, struct sk_buffer *buffer)
{
	struct host_record record = {.boot_ts = state->boot_ts};

	append(buffer, KIND_HOST, &record, sizeof(record), 0);
	append_losses(&state->losses, buffer);
	sk_recent_exits_visit(state->recent, state->now, append_exit, buffer);
}

static uint8_t bits_of(const struct sk_thread *thread)
{
	uint8_t bits = 0;

	if (thread->flags & SK_CLONE_CLOSED)
		bits |= THREAD_DEAD;
	if (thread->group && thread->group->reaper)
		bits |= THREAD_REAPER;
	if (sk_thread_is_main(thread) && thread->cwd->length == 0)
		bits |= THREAD_NO_CWD;
	if (thread->matched_cgroups != thread->cgroups && thread->container_id->length == 0)
		bits |= THREAD_UNMATCHED;
	return bits;
}

static bool has_numbers(const struct sk_thread *thread)
{
	for (unsigned i = 0; i < SK_STAKE_OF_THREAD; i++)
		if (thread->known[i])
			return true;
	return false;
}

void sk_remainder_append_thread(const struct sk_thread *thread, struct sk_buffer *buffer)
{
	const bool numbers = has_numbers(thread);
	struct thread_record record = {
		.tid = thread->tid,
		.ptid = thread->ptid,
		.reaper_tid = thread->reaper_tid,
		.last_fd = thread->last_fd,
		.clone_ts = thread->clone_ts,
		.lastexec_ts = thread->lastexec_ts,
		.exe_ino_ctime_duration_clone_ts = thread->exe_ino_ctime_duration_clone_ts,
		.exe_ino_ctime_duration_pidns_start = thread->exe_ino_ctime_duration_pidns_start,
		.last_event_type = thread->last_event_type,
		.bits = bits_of(thread),
		.unknown = thread->unknown,
		.stakes = numbers ? SK_STAKE_OF_THREAD : 0,
	};

	append(buffer, KIND_THREAD, &record, sizeof(record), numbers ? sizeof(thread->known) : 0);
	if (numbers)
		sk_buffer_append(buffer, thread->known, sizeof(thread->known));
}

static bool entry_says_all(const struct sk_fd *fd, uint8_t type)
{
	const bool is_file = fd->type == SK_FD_FILE_V2;

	return fd->type == type && fd->known == 0 && !sk_fd_is_inet(fd) && fd->type != SK_FD_UNIX_SOCK &&
	       fd->pid == -1 && (fd->flags & ~SK_FD_FLAG_FROM_PROC) == 0 && fd->name_raw->length == 0 &&
	       (is_file || (fd->open_flags == 0 && fd->dev == 0)) && fd->name->length < 1024;
}

void sk_remainder_append_fd(int64_t tid, const struct sk_fd *fd, uint8_t type, struct sk_buffer *buffer)
{
	struct fd_record record = {
		.tid = tid,
		.fd = fd->fd,
		.pid = fd->pid,
		.open_flags = fd->open_flags,
		.dev = fd->dev,
		.flags = fd->flags,
		.type = fd->type,
		.l4 = fd->l4,
		.known = fd->known,
		.source_port = fd->source_port,
		.destination_port = fd->destination_port,
		.name_length = (uint16_t)(fd->name->length < UINT16_MAX ? fd->name->length : UINT16_MAX),
		.name_raw_length =
			(uint16_t)(fd->name_raw->length < UINT16_MAX ? fd->name_raw->length : UINT16_MAX),
	};

	if (entry_says_all(fd, type))
		return;
	memcpy(record.source, fd->source, sizeof(record.source));
	memcpy(record.destination, fd->destination, sizeof(record.destination));
	append(buffer, KIND_FD, &record, sizeof(record), (size_t)record.name_length + record.name_raw_length);
	sk_buffer_append(buffer, fd->name->bytes, record.name_length);
	sk_buffer_append(buffer, fd->name_raw->bytes, record.name_raw_length);
}

/* --- reading ------------------------------------------------------------ */

/* What of a record is there; the rest stays zero. */
static void take(void *ret_record, size_t wanted, const uint8_t *bytes, size_t size)
{
	memset(ret_record, 0, wanted);
	memcpy(ret_record, bytes, size < wanted ? size : wanted);
}

static void apply_host(struct sk_state *state, const uint8_t *bytes, size_t size)
{
	struct host_record record;

	take(&record, sizeof(record), bytes, size);
	state->boot_ts = record.boot_ts;
}

static void apply_exit(struct sk_state *state, const uint8_t *bytes, size_t size)
{
	struct exit_record record;

	take(&record, sizeof(record), bytes, size);
	sk_recent_exits_add(state->recent, record.ptid, record.tid, record.ts);
}

/* Numbers of losses, of which there are `count`: a writer with other stakes leaves those of ours at 0, in doubt. */
static void take_numbers(uint32_t *ret_numbers, unsigned wanted, const uint8_t *bytes, size_t size, unsigned there,
			 uint32_t count)
{
	if (there > size / sizeof(*ret_numbers))
		there = (unsigned)(size / sizeof(*ret_numbers));
	memset(ret_numbers, 0, wanted * sizeof(*ret_numbers));
	memcpy(ret_numbers, bytes, (there < wanted ? there : wanted) * sizeof(*ret_numbers));
	for (unsigned i = 0; i < wanted; i++)
		if (ret_numbers[i] > count)
			ret_numbers[i] = count;
}

static void apply_losses(struct sk_state *state, const uint8_t *bytes, size_t size)
{
	struct sk_losses *losses = &state->losses;
	struct losses_record record;

	take(&record, sizeof(record), bytes, size);
	if (size < sizeof(record))
		return;
	*losses = (struct sk_losses){
		.count = record.count,
		.stamp = record.stamp < record.count ? record.stamp : record.count,
		.over = record.over,
	};
	take_numbers(losses->touched, SK_STAKE_COUNT, bytes + sizeof(record), size - sizeof(record), record.stakes,
		     record.count);
	state->threads.stamp = state->fds.stamp = losses->stamp;
}

static void apply_loss(struct sk_state *state, const uint8_t *bytes, size_t size)
{
	struct sk_losses *losses = &state->losses;
	const unsigned at = losses->recent_count;
	struct loss_record record;
	struct sk_lost *lost;
	size_t counts;

	take(&record, sizeof(record), bytes, size);
	if (size < sizeof(record) || at == SK_RECENT_LOSSES || record.number > losses->count ||
	    record.number <= (at ? losses->recent[at - 1].number : 0))
		return;
	lost = &losses->recent[at].lost;
	*lost = (struct sk_lost){.first = record.first, .last = record.last};
	counts = record.classes * sizeof(lost->counts[0]);
	if (counts > size - sizeof(record))
		counts = size - sizeof(record);
	memcpy(lost->counts, bytes + sizeof(record), counts < sizeof(lost->counts) ? counts : sizeof(lost->counts));
	losses->recent[at].number = record.number;
	losses->recent_count++;
}

static void apply_thread(struct sk_state *state, const uint8_t *bytes, size_t size)
{
	struct thread_record record;
	struct sk_thread *thread;

	take(&record, sizeof(record), bytes, size);
	thread = size < sizeof(record) ? NULL : sk_thread_find(&state->threads, record.tid);
	if (!thread)
		return;
	thread->reaper_tid = record.reaper_tid;
	thread->last_fd = record.last_fd;
	thread->clone_ts = record.clone_ts;
	thread->lastexec_ts = record.lastexec_ts;
	thread->exe_ino_ctime_duration_clone_ts = record.exe_ino_ctime_duration_clone_ts;
	thread->exe_ino_ctime_duration_pidns_start = record.exe_ino_ctime_duration_pidns_start;
	thread->last_event_type = record.last_event_type;
	take_numbers(thread->known, SK_STAKE_OF_THREAD, bytes + sizeof(record), size - sizeof(record),
		     record.stakes, state->losses.count);
	if (thread->group)
		thread->group->reaper = record.bits & THREAD_REAPER;
	if (record.bits & THREAD_NO_CWD)
		sk_string_assign(state->strings, &thread->cwd, NULL, "", 0);
	if (record.bits & THREAD_UNMATCHED)
		sk_thread_unset_container(&state->threads, thread);
	if (!thread->parent && !sk_thread_is_invalid(thread) && record.ptid >= 0)
		sk_thread_name_parent(&state->threads, thread, record.ptid);
	if (record.bits & THREAD_DEAD) {
		/* Its entry says so too, but it was counted among the living all the same. */
		thread->flags &= ~(uint32_t)SK_CLONE_CLOSED;
		sk_thread_mark_dead(&state->threads, thread);
	}
	thread->unknown = record.unknown & SK_UNKNOWN_THREAD;
	sk_thread_changed(&state->threads, thread);
}

static void apply_fd(struct sk_state *state, const uint8_t *bytes, size_t size)
{
	const char *texts = (const char *)bytes + sizeof(struct fd_record);
	struct fd_record record;
	const struct sk_thread *thread;
	struct sk_fd_table *table;
	struct sk_fd *fd;

	take(&record, sizeof(record), bytes, size);
	if (size < sizeof(record) + record.name_length + record.name_raw_length ||
	    record.type >= SK_FD_TYPE_COUNT || record.l4 > SK_L4_RAW)
		return;
	thread = sk_thread_find(&state->threads, record.tid);
	table = thread ? sk_thread_fds(thread) : NULL;
	fd = table ? sk_fd_table_edit(&state->fds, table, record.fd) : NULL;
	if (!fd)
		return;
	fd->type = record.type;
	fd->l4 = record.l4;
	fd->flags = record.flags;
	fd->known = record.known < state->losses.count ? record.known : state->losses.count;
	fd->open_flags = record.open_flags;
	fd->dev = record.dev;
	fd->pid = record.pid;
	fd->source_port = record.source_port;
	fd->destination_port = record.destination_port;
	memcpy(fd->source, record.source, sizeof(fd->source));
	memcpy(fd->destination, record.destination, sizeof(fd->destination));
	sk_string_assign(state->strings, &fd->name, NULL, texts, record.name_length);
	sk_string_assign(state->strings, &fd->name_raw, NULL, texts + record.name_length, record.name_raw_length);
}

/* Bytes of the record at the beginning; 0: there is no whole one. */
static size_t record_size(const uint8_t *bytes, size_t size, uint8_t *ret_kind)
{
	struct record_head head;

	if (size < sizeof(head))
		return 0;
	memcpy(&head, bytes, sizeof(head));
	if (head.length < sizeof(head) || head.length > size)
		return 0;
	*ret_kind = head.kind;
	return head.length;
}

size_t sk_remainder_whole(const uint8_t *bytes, size_t size)
{
	size_t at = 0, record;
	uint8_t kind;

	while ((record = record_size(bytes + at, size - at, &kind)) > 0)
		at += record;
	return at;
}

void sk_remainder_apply(struct sk_state *state, const uint8_t *bytes, size_t size)
{
	size_t record;
	uint8_t kind;

	for (; (record = record_size(bytes, size, &kind)) > 0; bytes += record, size -= record) {
		switch (kind) {
		case KIND_HOST:
			apply_host(state, bytes, record);
			break;
		case KIND_EXIT:
			apply_exit(state, bytes, record);
			break;
		case KIND_THREAD:
			apply_thread(state, bytes, record);
			break;
		case KIND_FD:
			apply_fd(state, bytes, record);
			break;
		case KIND_LOSSES:
			apply_losses(state, bytes, record);
			break;
		case KIND_LOSS:
			apply_loss(state, bytes, record);
			break;
		default:
			break;
		}
	}
}
