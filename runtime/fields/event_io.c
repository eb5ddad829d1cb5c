/* SPDX-License-Identifier: Apache-2.0 */
/* evt.*: what kind of call an event is, and what it transferred. */
#include "runtime/fields/fd_kind.h"

#include "vm/event.h"

/* Wire values of the file_flags table. */
enum open_flag { OPEN_TMPFILE = 1 << 13, OPEN_CREATED = 1 << 14 };

/* --- kind --------------------------------------------------------------- */

static enum sk_category class_of(const struct sk_extraction *asked)
{
	return (enum sk_category)(asked->view->event.info->category & SK_CATEGORY_CLASS_MASK);
}

static bool is_file_or_directory(const struct sk_fd *fd)
{
	return sk_fd_is_file(fd) || fd->type == SK_FD_DIRECTORY;
}

static bool is_socket(const struct sk_fd *fd)
{
	return sk_fd_is_inet(fd) || fd->type == SK_FD_UNIX_SOCK;
}

/* Reading, writing and the like are of the kind of what they are done to. */
static const char *io_category(const struct sk_fd *fd)
{
	if (!fd)
		return "unknown";
	if (is_file_or_directory(fd))
		return "file";
	if (sk_fd_is_inet(fd))
		return "net";
	switch (fd->type) {
	case SK_FD_UNIX_SOCK:
	case SK_FD_FIFO:
	case SK_FD_EVENT:
	case SK_FD_SIGNALFD:
	case SK_FD_INOTIFY:
		return "ipc";
	default:
		return "unknown";
	}
}

struct sk_value extract_EVT_CATEGORY(const struct sk_extraction *asked)
{
	static const char *const names[] = {
		[SK_CATEGORY_OTHER] = "other",   [SK_CATEGORY_FILE] = "file",
		[SK_CATEGORY_NET] = "net",       [SK_CATEGORY_IPC] = "IPC",
		[SK_CATEGORY_MEMORY] = "memory", [SK_CATEGORY_PROCESS] = "process",
		[SK_CATEGORY_SLEEP] = "sleep",   [SK_CATEGORY_SYSTEM] = "system",
		[SK_CATEGORY_SIGNAL] = "signal", [SK_CATEGORY_USER] = "user",
		[SK_CATEGORY_TIME] = "time",     [SK_CATEGORY_PROCESSING] = "processing",
	};
	const enum sk_category class = class_of(asked);
	const uint16_t bits = asked->view->event.info->category;

	if (bits & SK_CATEGORY_WAIT)
		return sk_field_constant("wait");
	if (bits & SK_CATEGORY_SCHEDULER)
		return sk_field_constant("scheduler");
	if (bits & SK_CATEGORY_INTERNAL)
		return sk_field_constant("internal");
	if (class == SK_CATEGORY_IO_READ || class == SK_CATEGORY_IO_WRITE || class == SK_CATEGORY_IO_OTHER)
		return sk_field_constant(io_category(asked->view->fd));
	if (class < sizeof(names) / sizeof(names[0]) && names[class])
		return sk_field_constant(names[class]);
	return sk_field_constant("unknown");
}

struct sk_value extract_SYSCALL_TYPE(const struct sk_extraction *asked)
{
	if (!(asked->view->event.info->category & SK_CATEGORY_SYSCALL))
		return sk_value_missing();
	return extract_EVT_TYPE(asked);
}

struct sk_value extract_EVT_CPU(const struct sk_extraction *asked)
{
	return sk_value_number(SK_TYPE_INT16, (uint64_t)(int16_t)asked->view->event.cpu);
}

static bool has_flag(const struct sk_extraction *asked, enum sk_event_flag flag)
{
	return asked->view->event.info->flags & flag;
}

struct sk_value extract_EVT_IS_IO(const struct sk_extraction *asked)
{
	return sk_field_bool(has_flag(asked, SK_EVENT_FLAG_READS_FROM_FD) ||
			     has_flag(asked, SK_EVENT_FLAG_WRITES_TO_FD));
}

struct sk_value extract_EVT_IS_IO_READ(const struct sk_extraction *asked)
{
	return sk_field_bool(has_flag(asked, SK_EVENT_FLAG_READS_FROM_FD));
}

struct sk_value extract_EVT_IS_IO_WRITE(const struct sk_extraction *asked)
{
	return sk_field_bool(has_flag(asked, SK_EVENT_FLAG_WRITES_TO_FD));
}

struct sk_value extract_EVT_IO_DIR(const struct sk_extraction *asked)
{
	if (has_flag(asked, SK_EVENT_FLAG_READS_FROM_FD))
		return sk_field_constant("read");
	if (has_flag(asked, SK_EVENT_FLAG_WRITES_TO_FD))
		return sk_field_constant("write");
	return sk_value_missing();
}

struct sk_value extract_EVT_IS_WAIT(const struct sk_extraction *asked)
{
	return sk_field_bool(has_flag(asked, SK_EVENT_FLAG_WAITS));
}

struct sk_value extract_EVT_IS_SYSLOG(const struct sk_extraction *asked)
{
	const struct sk_fd *fd = asked->view->fd;

	return sk_field_bool(fd && has_flag(asked, SK_EVENT_FLAG_WRITES_TO_FD) &&
			     strstr(fd->name->bytes, "/dev/log"));
}

struct sk_value extract_EVT_INFO(const struct sk_extraction *asked)
{
	return extract_EVT_ARGS(asked);
}

struct sk_value extract_EVT_DIR(const struct sk_extraction *asked)
{
	return sk_field_constant(asked->view->event.info->direction == SK_DIRECTION_ENTER ? ">" : "<");
}

struct sk_value extract_EVT_SOURCE(const struct sk_extraction *asked)
{
	(void)asked;
	return sk_field_constant("syscall");
}

struct sk_value extract_EVT_IS_ASYNC(const struct sk_extraction *asked)
{
	return sk_field_bool(asked->view->event.type == SK_EVENT_ASYNCEVENT_E);
}

struct sk_value extract_EVT_ASYNCTYPE(const struct sk_extraction *asked)
{
	return asked->view->event.type == SK_EVENT_ASYNCEVENT_E ? extract_EVT_TYPE(asked) : sk_value_missing();
}

struct sk_value extract_EVT_IS_OPEN_CREATE(const struct sk_extraction *asked)
{
	const struct sk_event *event = &asked->view->event;
	const int index = sk_param_index(event->type, "flags", 5);
	int64_t result;
	uint64_t flags;

	switch (event->type) {
	case SK_EVENT_SYSCALL_OPEN_X:
	case SK_EVENT_SYSCALL_OPENAT_2_X:
	case SK_EVENT_SYSCALL_OPENAT2_X:
	case SK_EVENT_SYSCALL_OPEN_BY_HANDLE_AT_X:
		flags = sk_event_unsigned(event, (unsigned)index, 0);
		return sk_field_bool((flags & OPEN_CREATED) ||
				     ((flags & OPEN_TMPFILE) && sk_event_result(event, &result) && result >= 0));
	default:
		return sk_field_bool(false);
	}
}

/* --- counts ------------------------------------------------------------- */

static struct sk_value one_if(bool truth)
{
	return sk_value_number(SK_TYPE_UINT32, truth);
}

struct sk_value extract_EVT_FAILED(const struct sk_extraction *asked)
{
	int64_t result;

	if (!sk_event_result(&asked->view->event, &result))
		return sk_value_missing();
	return sk_field_bool(result < 0);
}

struct sk_value extract_EVT_COUNT(const struct sk_extraction *asked)
{
	(void)asked;
	return one_if(true);
}

struct sk_value extract_EVT_COUNT_EXIT(const struct sk_extraction *asked)
{
	return asked->view->event.info->direction == SK_DIRECTION_EXIT ? one_if(true) : sk_value_missing();
}

struct sk_value extract_EVT_COUNT_PROCINFO(const struct sk_extraction *asked)
{
	const struct sk_thread *thread = asked->view->thread;

	return one_if(asked->view->event.type == SK_EVENT_PROCINFO_E && thread && sk_thread_is_main(thread));
}

struct sk_value extract_EVT_COUNT_THREADINFO(const struct sk_extraction *asked)
{
	return one_if(asked->view->event.type == SK_EVENT_PROCINFO_E);
}

struct sk_value extract_EVT_COUNT_ERROR(const struct sk_extraction *asked)
{
	int64_t result;

	if (!sk_event_result(&asked->view->event, &result))
		return sk_value_missing();
	return one_if(result < 0);
}

static bool is_open(uint16_t type)
{
	return type == SK_EVENT_SYSCALL_OPEN_X || type == SK_EVENT_SYSCALL_OPENAT_2_X ||
	       type == SK_EVENT_SYSCALL_OPENAT2_X || type == SK_EVENT_SYSCALL_CREAT_X ||
	       type == SK_EVENT_SYSCALL_OPEN_BY_HANDLE_AT_X;
}

static bool concerns_files(const struct sk_extraction *asked)
{
	return asked->view->fd ? is_file_or_directory(asked->view->fd) : is_open(asked->view->event.type);
}

static bool concerns_network(const struct sk_extraction *asked)
{
	return asked->view->fd ? is_socket(asked->view->fd) : class_of(asked) == SK_CATEGORY_NET;
}

static bool concerns_memory(const struct sk_extraction *asked)
{
	return class_of(asked) == SK_CATEGORY_MEMORY;
}

struct sk_value extract_EVT_COUNT_ERROR_FILE(const struct sk_extraction *asked)
{
	return concerns_files(asked) ? extract_EVT_COUNT_ERROR(asked) : sk_value_missing();
}

struct sk_value extract_EVT_COUNT_ERROR_NET(const struct sk_extraction *asked)
{
	return concerns_network(asked) ? extract_EVT_COUNT_ERROR(asked) : sk_value_missing();
}

struct sk_value extract_EVT_COUNT_ERROR_MEMORY(const struct sk_extraction *asked)
{
	return concerns_memory(asked) ? extract_EVT_COUNT_ERROR(asked) : sk_value_missing();
}

struct sk_value extract_EVT_COUNT_ERROR_OTHER(const struct sk_extraction *asked)
{
	/* An fd decides alone, whatever is done with it. */
	if (concerns_files(asked) || concerns_network(asked) || (!asked->view->fd && concerns_memory(asked)))
		return sk_value_missing();
	return extract_EVT_COUNT_ERROR(asked);
}

/* --- bytes -------------------------------------------------------------- */

struct sk_value extract_EVT_BUFLEN(const struct sk_extraction *asked)
{
	const enum sk_category class = class_of(asked);
	int64_t result;

	if (!asked->view->fd || !sk_event_result(&asked->view->event, &result) || result < 0)
		return sk_value_missing();
	if (class != SK_CATEGORY_IO_READ && class != SK_CATEGORY_IO_WRITE && class != SK_CATEGORY_IO_OTHER)
		return sk_value_missing();
	return sk_value_number(SK_TYPE_UINT64, (uint64_t)result);
}

static bool reads(const struct sk_extraction *asked)
{
	return has_flag(asked, SK_EVENT_FLAG_READS_FROM_FD);
}

static bool writes(const struct sk_extraction *asked)
{
	return has_flag(asked, SK_EVENT_FLAG_WRITES_TO_FD);
}

static struct sk_value length_if(const struct sk_extraction *asked, bool truth)
{
	return truth ? extract_EVT_BUFLEN(asked) : sk_value_missing();
}

static bool on_file(const struct sk_extraction *asked)
{
	return asked->view->fd && sk_fd_is_file(asked->view->fd);
}

static bool on_network(const struct sk_extraction *asked)
{
	return asked->view->fd && sk_fd_is_inet(asked->view->fd);
}

struct sk_value extract_EVT_BUFLEN_IN(const struct sk_extraction *asked)
{
	return length_if(asked, reads(asked));
}

struct sk_value extract_EVT_BUFLEN_OUT(const struct sk_extraction *asked)
{
	return length_if(asked, writes(asked));
}

struct sk_value extract_EVT_BUFLEN_FILE(const struct sk_extraction *asked)
{
	return length_if(asked, on_file(asked));
}

struct sk_value extract_EVT_BUFLEN_FILE_IN(const struct sk_extraction *asked)
{
	return length_if(asked, on_file(asked) && reads(asked));
}

struct sk_value extract_EVT_BUFLEN_FILE_OUT(const struct sk_extraction *asked)
{
	return length_if(asked, on_file(asked) && writes(asked));
}

struct sk_value extract_EVT_BUFLEN_NET(const struct sk_extraction *asked)
{
	return length_if(asked, on_network(asked));
}

struct sk_value extract_EVT_BUFLEN_NET_IN(const struct sk_extraction *asked)
{
	return length_if(asked, on_network(asked) && reads(asked));
}

struct sk_value extract_EVT_BUFLEN_NET_OUT(const struct sk_extraction *asked)
{
	return length_if(asked, on_network(asked) && writes(asked));
}

/* --- what is kept for old rules ------------------------------------------ */

struct sk_value extract_EVT_TYPE_IS(const struct sk_extraction *asked)
{
	const struct sk_value name = extract_EVT_TYPE(asked);

	return one_if(asked->ref->argument && name.length == asked->ref->argument_length &&
		      memcmp(name.text, asked->ref->argument, name.length) == 0);
}

/* Enter and exit events are no longer two, so that nothing takes time. */
static struct sk_value no_latency(void)
{
	return sk_value_number(SK_TYPE_RELTIME, 0);
}

struct sk_value extract_EVT_LATENCY(const struct sk_extraction *asked)
{
	(void)asked;
	return no_latency();
}

struct sk_value extract_EVT_LATENCY_S(const struct sk_extraction *asked)
{
	(void)asked;
	return no_latency();
}

struct sk_value extract_EVT_LATENCY_NS(const struct sk_extraction *asked)
{
	(void)asked;
	return no_latency();
}

struct sk_value extract_EVT_LATENCY_QUANTIZED(const struct sk_extraction *asked)
{
	(void)asked;
	return sk_value_number(SK_TYPE_UINT64, 0);
}

struct sk_value extract_EVT_LATENCY_HUMAN(const struct sk_extraction *asked)
{
	(void)asked;
	return sk_field_constant("0ns");
}

struct sk_value extract_EVT_WAIT_LATENCY(const struct sk_extraction *asked)
{
	(void)asked;
	return no_latency();
}
