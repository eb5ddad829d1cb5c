/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events from anyone: the bytes are a script for the state engine.
 *
 *   +-------+------------------------------------------------------+
 *   | mode  | steps                                                |
 *   +-------+------------------------------------------------------+
 *   step: op, then
 *     0..249  an event: type (op and a byte), tid, then a choice for each
 *             parameter: empty, a number of its own size, text, raw bytes of
 *             any length, or very long; some have notes, of losses or of anything
 *     250     time passes
 *     251     a process entry     252  an fd entry
 *     253     all entries are in  254  another section begins
 *     255     an interface, what a capture has beyond entries, or a dump, of
 *             which another state is made
 *
 * Wire bytes are always well formed: that is the decoder's affair, and it has
 * a target of its own.  What is in a parameter never is.  After each step the
 * view is read as rules read it, and from time to time the links between
 * threads are checked.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/fields/doubt.h"
#include "runtime/fields/fields.h"
#include "runtime/state/state.h"
#include "runtime/state/thread_table.h"
#include "vm/notes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct script {
	const uint8_t *at, *end;
};

static uint8_t take(struct script *script)
{
	return script->at < script->end ? *script->at++ : 0;
}

/* Ids that meet each other, and some that should not exist. */
static int64_t take_id(struct script *script)
{
	static const int64_t rare[] = {-1, 0, 1, INT64_MAX, INT64_MIN, 4194304, -100, 2};
	uint8_t byte = take(script);

	return byte < 8 ? rare[byte] : 100 + byte % 12;
}

/* Numbers that mean something somewhere: fds, results, flags, ids. */
static uint64_t take_number(struct script *script)
{
	uint8_t byte = take(script);

	if (byte < 64)
		return byte;
	if (byte < 128)
		return UINT64_C(1) << (byte - 64);
	if (byte < 160)
		return (uint64_t)take_id(script);
	if (byte < 192)
		return -(uint64_t)(byte - 159);
	if (byte < 200)
		return (uint64_t)take(script) << 8 | take(script);
	return byte;
}

enum { WIRE_SIZE = 32 * 70000 + 1024 };

struct fuzzed {
	struct script script;
	struct sk_state *state;
	struct sk_entry_sink sink;
	struct sk_event_view view;
	uint64_t now;
	uint8_t wire[WIRE_SIZE];
};

static struct fuzzed fuzzed;

/* --- what a live host would answer -------------------------------------- */

static struct sk_bytes take_bytes(struct script *script)
{
	static const struct sk_bytes texts[] = {
		{"", 0},
		{"/", 1},
		{"name", 4},
		{"a\0b\0", 4},
		{"\0", 1},
		{"/tmp/x (deleted)", 16},
		{"cpu=/lxc/x\0", 11},
		{"cpu=/\0", 6},
	};
	uint8_t byte = take(script);

	if (byte < 8)
		return texts[byte];
	if (byte > script->end - script->at)
		return texts[0];
	script->at += byte;
	return (struct sk_bytes){(const char *)script->at - byte, byte};
}

static struct sk_process_entry take_process(struct script *script, int64_t tid)
{
	return (struct sk_process_entry){
		.tid = tid,
		.pid = take_id(script),
		.ptid = take_id(script),
		.sid = take_id(script),
		.vtid = take_id(script),
		.vpid = take_id(script),
		.comm = take_bytes(script),
		.exe = take_bytes(script),
		.cwd = take_bytes(script),
		.args = take_bytes(script),
		.env = take_bytes(script),
		.cgroups = take_bytes(script),
		.flags = (uint32_t)take_number(script),
		.uid = (uint32_t)take_number(script),
		.gid = (uint32_t)take_number(script),
	};
}

static struct sk_fd_entry take_fd(struct script *script)
{
	struct sk_fd_entry entry = {
		.fd = (int64_t)take_number(script),
		.type = (uint8_t)(take(script) % SK_FD_TYPE_COUNT),
		.l4 = (uint8_t)(take(script) % 6),
		.open_flags = (uint32_t)take_number(script),
		.source_port = take(script),
		.destination_port = take(script),
		.name = take_bytes(script),
	};

	entry.source[0] = take(script);
	entry.destination[15] = take(script);
	return entry;
}

static int lookup(void *context, int64_t tid, const struct sk_entry_sink *sink)
{
	struct script *script = context;
	uint8_t fds = take(script) % 8;
	struct sk_process_entry process = take_process(script, tid);

	if (fds == 7)
		return -3;
	sink->process(sink->context, &process);
	while (fds-- > 0) {
		struct sk_fd_entry entry = take_fd(script);

		sink->fd(sink->context, tid, &entry);
	}
	return 0;
}

static int lookup_fd(void *context, int64_t tid, int64_t fd, const struct sk_entry_sink *sink)
{
	struct sk_fd_entry entry = take_fd(context);

	entry.fd = fd;
	return sink->fd(sink->context, tid, &entry);
}

static int host_users(void *context, const struct sk_entry_sink *sink)
{
	struct sk_user_entry entry = {.uid = (uint32_t)take_number(context), .name = take_bytes(context)};

	return sink->user(sink->context, &entry);
}

static void need_users(void *context, const char *id, size_t length, int64_t tid)
{
	(void)context, (void)tid;
	if (length == 0 || length > 63 || !id[0])
		abort();
}

static bool exists(void *context, int64_t pid, int64_t tid, const char *comm)
{
	(void)pid, (void)tid, (void)comm;
	return take(context) & 1;
}

/* --- reading what there is ------------------------------------------------ */

static volatile uint64_t sum;

static void read_string(const struct sk_string *string)
{
	assert(string && string->bytes[string->length] == '\0');
	for (uint32_t i = 0; i < string->length; i++)
		sum += (uint8_t)string->bytes[i];
}

static void read_fd(const struct sk_fd *fd)
{
	read_string(fd->name);
	read_string(fd->name_raw);
	assert(fd->references > 0);
	sum += (uint64_t)(uint8_t)sk_fd_type_char(fd->type) + strlen(sk_fd_type_name(fd->type));
}

static void read_thread(const struct sk_thread *thread)
{
	const struct sk_thread_table *table = sk_state_threads(fuzzed.state);
	const struct sk_thread *ancestor = thread;
	const struct sk_fd_table *fds = sk_thread_fds(thread);
	uint32_t cursor = 0, count = 0;
	const struct sk_fd *fd;

	for (uint32_t level = 0; level < 5 && ancestor; level++) {
		read_string(ancestor->comm);
		read_string(ancestor->exe);
		read_string(ancestor->exepath);
		read_string(ancestor->args);
		read_string(ancestor->cmdline);
		read_string(ancestor->cgroups);
		read_string(ancestor->container_id);
		read_string(ancestor->root);
		ancestor = sk_thread_ancestor(table, thread, level);
	}
	read_string(sk_thread_cwd(thread));
	read_string(sk_thread_env(thread));
	sum += sk_thread_count(thread) + sk_thread_child_count(thread);
	while ((fd = sk_fd_table_next(fds, &cursor))) {
		read_fd(fd);
		assert(sk_fd_find(fds, fd->fd) == fd);
		count++;
	}
	assert(count == sk_fd_table_count(fds) && count <= SK_FD_TABLE_LIMIT);
}

static void read_view(const struct sk_event_view *view)
{
	char path[1024];
	uint32_t length;

	if (view->thread) {
		assert(sk_thread_find(sk_state_threads(view->state), view->thread->tid) == view->thread);
		read_thread(view->thread);
	}
	if (view->fd)
		read_fd(view->fd);
	if (view->enter)
		for (unsigned i = 0; i < view->enter->nparams; i++) {
			sk_event_text(view->enter, i, &length);
			sum += length;
		}
	if (view->container) {
		read_string(view->container->id);
		read_string(view->container->name);
		for (uint32_t i = 0; i < view->container->label_count; i++)
			read_string(view->container->labels[i].key);
	}
	sk_state_resolve_path(view, (int64_t)view->event.nparams, "../x", 4, path, &length);
	assert(length < sizeof(path) && path[length] == '\0');
}

/* One that conditions could give it. */
static uint8_t kind_of_argument(uint16_t field, uint64_t number)
{
	switch ((enum sk_field_argument)sk_fields[field].argument) {
	case SK_ARGUMENT_NONE:
		return SK_ARGUMENT_KIND_NONE;
	case SK_ARGUMENT_INDEX:
		return SK_ARGUMENT_KIND_INDEX;
	case SK_ARGUMENT_OPTIONAL_INDEX:
		return number & 1 ? SK_ARGUMENT_KIND_INDEX : SK_ARGUMENT_KIND_NONE;
	case SK_ARGUMENT_KEY:
	case SK_ARGUMENT_SUFFIX:
		return SK_ARGUMENT_KIND_TEXT;
	default:
		return number & 1 ? SK_ARGUMENT_KIND_INDEX : SK_ARGUMENT_KIND_TEXT;
	}
}

/* Why each field's value cannot be relied on, as alerts tell it. */
static void read_doubts(const struct sk_event_view *view)
{
	static const char argument[] = "name";
	static struct sk_buffer reason;
	static struct sk_arena scratch;
	const struct sk_losses *losses = sk_state_losses(view->state);

	assert(losses->stamp <= losses->count && losses->recent_count <= SK_RECENT_LOSSES);
	if (!scratch.limit)
		sk_arena_init(&scratch, 1 << 20);
	for (uint16_t field = 0; field < SK_FIELD_COUNT; field++) {
		struct sk_field_ref ref = {.field = field,
					   .type = sk_fields[field].type,
					   .list = sk_fields[field].list,
					   .kind = kind_of_argument(field, view->event.number),
					   .number = UINT32_MAX,
					   .index = (uint32_t)(view->event.number / 4 % 5)};
		struct sk_value value;
		struct sk_doubt doubt;

		if (sk_fields[field].flags & SK_FIELD_FLAG_READING)
			continue;
		if (ref.kind == SK_ARGUMENT_KIND_TEXT) {
			ref.argument = argument;
			ref.argument_length = sizeof(argument) - 1;
		}
		sk_fields_extract(&fuzzed.view, &ref, &scratch, &value);
		doubt = sk_fields_doubt(view, &ref, &value);
		if (doubt.kind == SK_DOUBT_NONE)
			continue;
		sk_buffer_clear(&reason);
		sk_doubt_print(&doubt, losses, &reason);
		assert(reason.failed || reason.length > 0);
		sum += reason.length;
	}
	sk_arena_reset(&scratch);
}

/* Groups, children and the table tell the same story. */
static void check_links(void)
{
	const struct sk_thread_table *table = sk_state_threads(fuzzed.state);
	uint32_t cursor = 0, count = 0, groups = 0;
	const struct sk_thread *thread;

	while ((thread = sk_thread_table_next(table, &cursor))) {
		const struct sk_thread *at;
		bool found = false;

		count++;
		assert(sk_thread_find(table, thread->tid) == thread);
		for (at = thread->first_child; at; at = at->next_sibling)
			assert(at->parent == thread &&
			       (!at->next_sibling || at->next_sibling->previous_sibling == at));
		for (at = thread->parent ? thread->parent->first_child : NULL; at && at != thread;
		     at = at->next_sibling)
			;
		assert(!thread->parent || at == thread);
		if (!thread->group)
			continue;
		for (at = thread->group->first; at; at = at->group_next) {
			assert(at->group == thread->group);
			found |= at == thread;
		}
		assert(found);
		groups += thread->group->first == thread;
	}
	assert(count == sk_thread_table_size(table));
	assert(table->groups.count <= groups);
}

/* --- steps ------------------------------------------------------------------ */

/* The bytes of one parameter, whatever its type says; returns their number. */
static uint32_t take_param(struct script *script, const struct sk_param_info *info, uint8_t *to, uint32_t most)
{
	size_t fixed = sk_param_fixed_size(info->type);
	uint8_t choice = take(script), length;
	uint64_t number;

	if (choice < 16)
		return 0;
	if (choice >= 252) {
		memset(to, choice == 252 ? '/' : choice == 253 ? '\0' : 'x', most);
		return choice == 255 ? most : most / 16;
	}
	if (choice < 192 && fixed > 0) {
		if (fixed > 8) {
			memset(to, choice, fixed);
			return (uint32_t)fixed;
		}
		number = take_number(script);
		memcpy(to, &number, fixed);
		return (uint32_t)fixed;
	}
	if (choice < 128) {
		struct sk_bytes text = take_bytes(script);

		memcpy(to, text.bytes, text.length);
		to[text.length] = '\0';
		return text.length + 1;
	}
	length = take(script);
	for (uint32_t i = 0; i < length; i++)
		to[i] = take(script);
	return length;
}

/* A run of notes, of a loss or of whatever the script says. */
static size_t take_notes(struct script *script, bool loss, uint8_t *to)
{
	struct sk_lost lost = {.first = fuzzed.now - take_number(script), .last = fuzzed.now + take_number(script)};
	uint8_t raw[256], kind;
	size_t length = 0, size;

	for (uint8_t classes = take(script) % 4; classes > 0; classes--)
		lost.counts[take(script) % SK_EVENT_CLASS_COUNT] = take_number(script);
	if (loss) {
		sk_notes_append(to, 4096, &length, SK_NOTE_LOST, 0, &lost, sizeof(lost));
		return length;
	}
	kind = take(script);
	size = take(script);
	for (size_t i = 0; i < size; i++)
		raw[i] = take(script);
	/* A file in every other one, of some size that a path has. */
	if (size & 1) {
		struct sk_note_file file = {.fd = take(script), .inode = take_number(script), .path = "/"};

		file.flags = (uint32_t)take_number(script);
		memcpy(file.path + 1, raw, size < sizeof(file.path) - 1 ? size : sizeof(file.path) - 1);
		sk_notes_append(to, 4096, &length, SK_NOTE_FILE, kind % SK_NOTE_FILES, &file, sizeof(file));
	}
	sk_notes_append(to, 4096, &length, kind, take(script) % SK_EVENT_MAX_PARAMS, raw, size);
	/* Cut somewhere. */
	size = take(script);
	return size < length && size > SK_NOTES_HEAD ? size : length;
}

static void event_step(uint8_t op)
{
	/* What changes state comes up often. */
	static const uint16_t favourites[] = {
		SK_EVENT_SYSCALL_CLONE_20_X,    SK_EVENT_SYSCALL_CLONE_20_X,    SK_EVENT_SYSCALL_EXECVE_19_X,
		SK_EVENT_PROCEXIT_1_E,          SK_EVENT_PROCEXIT_1_E,          SK_EVENT_SYSCALL_OPENAT_2_X,
		SK_EVENT_SYSCALL_OPENAT_2_E,    SK_EVENT_SYSCALL_CLOSE_X,       SK_EVENT_SYSCALL_DUP3_X,
		SK_EVENT_SYSCALL_FCNTL_X,       SK_EVENT_SYSCALL_CLOSE_RANGE_X, SK_EVENT_SOCKET_CONNECT_X,
		SK_EVENT_SOCKET_CONNECT_E,      SK_EVENT_SOCKET_BIND_X,         SK_EVENT_SOCKET_SENDTO_X,
		SK_EVENT_SOCKET_RECVMSG_X,      SK_EVENT_SYSCALL_CHDIR_X,       SK_EVENT_ASYNCEVENT_E,
		SK_EVENT_SYSCALL_PIDFD_GETFD_X, SK_EVENT_SYSCALL_SETRESUID_X,
	};
	struct script *script = &fuzzed.script;
	uint16_t type = op < 160 ? favourites[op % (sizeof(favourites) / sizeof(favourites[0]))]
				 : (uint16_t)((op << 8 | take(script)) % SK_EVENT_COUNT);
	const struct sk_event_info *info = &sk_events[type];
	size_t width = info->flags & SK_EVENT_FLAG_LARGE_PAYLOAD ? 4 : 2;
	struct sk_event_header header = {.type = type, .tid = (uint64_t)take_id(script)};
	uint8_t missing = take(script);
	uint32_t nparams = missing < 8 && missing < info->nparams ? missing : info->nparams;
	size_t at = sizeof(header) + nparams * width;

	for (uint32_t i = 0; i < nparams; i++) {
		uint32_t length = take_param(script, &info->params[i], fuzzed.wire + at, 65535);

		memcpy(fuzzed.wire + sizeof(header) + i * width, &length, width);
		at += length;
	}
	fuzzed.now += 1000;
	if (missing >= 240)
		at += take_notes(script, missing < 248, fuzzed.wire + at);
	header.ts = fuzzed.now;
	header.len = (uint32_t)at;
	header.nparams = nparams;
	memcpy(fuzzed.wire, &header, sizeof(header));
	if (sk_event_decode(fuzzed.wire, at, &fuzzed.view.event, NULL) < 0)
		abort();
	sk_state_process(fuzzed.state, &fuzzed.view);
	fuzzed.view.event.number++;
	read_view(&fuzzed.view);
	/* It takes its time. */
	if (fuzzed.view.event.number % 8 == 0)
		read_doubts(&fuzzed.view);
}

static void interface_step(uint8_t choice)
{
	struct sk_interface_entry entry = {.family_length = choice & 1 ? 4 : 16};

	entry.address[0] = take(&fuzzed.script);
	entry.netmask[0] = take(&fuzzed.script);
	fuzzed.sink.interface(fuzzed.sink.context, &entry);
}

static void remainder_step(void)
{
	struct script *script = &fuzzed.script;
	size_t size = take(script), left = (size_t)(script->end - script->at);

	size = size < left ? size : left;
	fuzzed.sink.remainder(fuzzed.sink.context, script->at, size);
	script->at += size;
	fuzzed.sink.complete(fuzzed.sink.context);
}

/* What is known makes another state, which tells as many threads and holds together. */
static void dump_step(void)
{
	const struct sk_state_options options = {.own_pid = -1};
	struct sk_state *first = fuzzed.state;
	struct sk_entry_sink sink;
	struct sk_state *second;

	if (sk_state_create(&options, &second) < 0)
		return;
	sink = sk_state_sink(second);
	if (sk_state_dump(first, &sink) < 0)
		abort();
	assert(sk_thread_table_size(sk_state_threads(first)) == sk_thread_table_size(sk_state_threads(second)));
	fuzzed.state = second;
	check_links();
	fuzzed.state = first;
	sk_state_destroy(second);
}

static void step(void)
{
	struct script *script = &fuzzed.script;
	uint8_t op = take(script);

	if (op < 250) {
		event_step(op);
	} else if (op == 250) {
		fuzzed.now += (uint64_t)take(script) << (take(script) % 40);
	} else if (op == 251) {
		struct sk_process_entry entry = take_process(script, take_id(script));

		fuzzed.sink.process(fuzzed.sink.context, &entry);
	} else if (op == 252) {
		struct sk_fd_entry entry = take_fd(script);

		fuzzed.sink.fd(fuzzed.sink.context, take_id(script), &entry);
	} else if (op == 253) {
		fuzzed.sink.complete(fuzzed.sink.context);
	} else if (op == 254) {
		fuzzed.sink.restart(fuzzed.sink.context);
	} else {
		uint8_t choice = take(script);

		if (choice < 64)
			interface_step(choice);
		else if (choice < 192)
			remainder_step();
		else
			dump_step();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sk_state_source source = {
		.context = &fuzzed.script,
		.lookup = lookup,
		.lookup_fd = lookup_fd,
		.host_users = host_users,
		.need_users = need_users,
		.exists = exists,
	};
	struct sk_state_options options = {.own_pid = 105};
	unsigned steps = 0;
	uint8_t mode;

	fuzzed.script = (struct script){data, data + size};
	mode = take(&fuzzed.script);
	options.source = mode & 1 ? &source : NULL;
	options.thread_limit = mode & 2 ? 6 : 0;
	if (sk_state_create(&options, &fuzzed.state) < 0)
		return 0;
	fuzzed.sink = sk_state_sink(fuzzed.state);
	fuzzed.now = UINT64_C(1700000000000000000);
	while (fuzzed.script.at < fuzzed.script.end && steps++ < 2000) {
		step();
		if (steps % 16 == 0)
			check_links();
	}
	check_links();
	sk_state_destroy(fuzzed.state);
	return 0;
}
