/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From loading the BPF programs to reading what they write.
 *
 *   fork, exec, exit ─┐
 *   sys_exit ─► tail call ─► ring ─► sk_capture_poll ─► handle
 *
 * Programs that are called by number must be in the table of tail calls before
 * anything is attached, and sys_exit is attached last, so that no event of a
 * process comes before the event that made it.
 */
#include "runtime/capture/capture.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "runtime/capture/bpf/shared.h"
#include "runtime/capture/clock.h"
#include "runtime/capture/plan.h"
#include "runtime/capture/proc_tree.h"
#include "runtime/capture/ring.h"
#include "vm/event.h"
#include "vm/notes.h"
#include "vm/support/alloc.h"

/* Written by bpftool: it leans on conversions that our own code may not. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include "runtime/capture/bpf/capture.skel.h"
#pragma GCC diagnostic pop

_Static_assert((int)SK_BPF_NOTES_MAGIC == (int)SK_NOTES_MAGIC && (int)SK_BPF_NOTE_ORIGIN == (int)SK_NOTE_ORIGIN &&
		       (int)SK_BPF_NOTE_RESOLVED == (int)SK_NOTE_RESOLVED &&
		       (int)SK_BPF_NOTE_BEGUN == (int)SK_NOTE_BEGUN &&
		       (int)SK_BPF_ORIGIN_COMPAT == (int)SK_ORIGIN_COMPAT &&
		       (int)SK_BPF_ORIGIN_IO_URING == (int)SK_ORIGIN_IO_URING &&
		       (int)SK_BPF_ORIGIN_X32 == (int)SK_ORIGIN_X32,
	       "the programs write what vm/notes.h reads");

enum {
	RING_SIZE = 8 << 20,
	/* Events of one call, so that a signal is noticed under any load. */
	BATCH = 65536,
	/*
	 * After a wake-up the reader waits this long for more, so that a trickle
	 * of events costs a thousand wake-ups a second at most.
	 */
	GATHER_US = 1000,
	LINK_COUNT = 9,
};

struct sk_capture {
	struct sk_capture_bpf *programs;
	struct bpf_link *links[LINK_COUNT];
	size_t link_count;
	struct sk_ring ring;
	int epoll;
	uint64_t last_ts;
	uint8_t *patched; /* an event whose time was changed, or that got its notes */
};

/*
 * What libbpf says when it fails, for the error message.  Its callback has no
 * context, hence the variable; it is set only during sk_capture_open().
 */
static _Thread_local char *last_words;
enum { LAST_WORDS_SIZE = 256 };

static int keep_last_words(enum libbpf_print_level level, const char *format, va_list arguments)
{
	if (level != LIBBPF_WARN || !last_words || strncmp(format, "libbpf: failed to load", 22) == 0 ||
	    strstr(format, "BEGIN PROG LOAD LOG"))
		return 0;
	vsnprintf(last_words, LAST_WORDS_SIZE, format, arguments);
	last_words[strcspn(last_words, "\n")] = '\0';
	return 0;
}

static int explain_load_failure(int error_number, const char *words, struct sk_error *error)
{
	if ((error_number == -EPERM || error_number == -EACCES) && geteuid() != 0)
		return sk_error_set(error, error_number,
				    "capturing needs root, or CAP_BPF, CAP_PERFMON and "
				    "CAP_SYS_PTRACE");
	if (error_number == -EPERM || error_number == -EACCES)
		return sk_error_set(error, error_number,
				    "the kernel refuses the BPF programs: %s; CAP_BPF and CAP_PERFMON "
				    "(or CAP_SYS_ADMIN) are needed, and containers often lack them",
				    words[0] ? words : strerror(-error_number));
	if (access("/sys/kernel/btf/vmlinux", R_OK) != 0)
		return sk_error_set(
			error, error_number,
			"this kernel has no type information (/sys/kernel/btf/vmlinux, "
			"CONFIG_DEBUG_INFO_BTF), without which the BPF programs cannot be fitted to it");
	return sk_error_set(error, error_number, "the BPF programs could not be loaded: %s (%s)",
			    strerror(-error_number), words[0] ? words : "no details");
}

/* Programs that are loaded when somebody wants their tracepoint and the kernel has it. */
struct optional {
	struct bpf_program *program;
	const char *name; /* of the tracepoint, and in the schema */
};

enum { OPTIONAL_COUNT = 4 };

static void list_optional(const struct sk_capture_bpf *programs, struct optional ret_list[OPTIONAL_COUNT])
{
	memset(ret_list, 0, OPTIONAL_COUNT * sizeof(ret_list[0]));
	ret_list[0] = (struct optional){programs->progs.sk_signal_deliver, "signal_deliver"};
	ret_list[1] = (struct optional){programs->progs.sk_sched_switch, "sched_switch"};
#if defined(__x86_64__)
	ret_list[2] = (struct optional){programs->progs.sk_page_fault_user, "page_fault_user"};
	ret_list[3] = (struct optional){programs->progs.sk_page_fault_kernel, "page_fault_kernel"};
#endif
}

static void select_optional(const struct sk_capture_bpf *programs, const struct sk_capture_options *options)
{
	struct optional list[OPTIONAL_COUNT];

	list_optional(programs, list);
	for (size_t i = 0; i < OPTIONAL_COUNT; i++) {
		bool wanted = list[i].program &&
			      sk_capture_selects(options->syscalls, options->syscall_words, list[i].name) &&
			      libbpf_find_vmlinux_btf_id(list[i].name, BPF_TRACE_RAW_TP) > 0;

		if (list[i].program)
			bpf_program__set_autoload(list[i].program, wanted);
	}
}

static int configure(struct sk_capture *capture, const struct sk_capture_options *options, struct sk_error *error)
{
	struct sk_capture_bpf *programs = capture->programs;
	size_t ring_size = options->ring_size ? options->ring_size : RING_SIZE,
	       page = (size_t)sysconf(_SC_PAGESIZE);
	uint32_t snap_length = options->snap_length ? options->snap_length : SK_SNAP_LENGTH;
	int cpus = libbpf_num_possible_cpus(), result;

	if (ring_size & (ring_size - 1) || ring_size < page || ring_size > UINT32_MAX / 2)
		return sk_error_set(error, -EINVAL,
				    "the ring's size must be a power of two from %zu bytes to 1 GiB, not %zu", page,
				    ring_size);
	if (snap_length > SK_SNAP_LIMIT - 1)
		return sk_error_set(error, -EINVAL, "at most %d bytes of data can be kept, not %u",
				    SK_SNAP_LIMIT - 1, snap_length);
	if (cpus < 0)
		return sk_error_set(error, cpus, "cannot count the CPUs: %s", strerror(-cpus));

	programs->rodata->sk_config = (struct sk_capture_config){
		.boot_time = sk_clock_boot_time(),
		.only_tree = options->only_tree_of != 0,
		.resolve_paths = !options->given_paths_only,
	};
	programs->data->sk_snap_length = snap_length;
	sk_capture_plan(options->syscalls, options->syscall_words, programs->rodata->sk_dispatch_table);
	if (options->enter_events)
		sk_capture_plan_enter(programs->rodata->sk_dispatch_table);
	bpf_program__set_autoload(programs->progs.sk_sys_enter, options->enter_events);
	select_optional(programs, options);
	result = bpf_map__set_max_entries(programs->maps.sk_ring, (uint32_t)ring_size);
	if (result == 0)
		result = bpf_map__set_max_entries(programs->maps.sk_scratch_areas, (uint32_t)cpus);
	if (result < 0)
		return sk_error_set(error, result, "cannot set the size of a BPF map: %s", strerror(-result));
	return 0;
}

static int fill_tail_calls(struct sk_capture *capture, struct sk_error *error)
{
	struct sk_capture_bpf *programs = capture->programs;
	const struct bpf_program *slots[SK_PROGRAM_COUNT] = {
		[SK_PROGRAM_RECIPE] = programs->progs.sk_exit_recipe,
		[SK_PROGRAM_OPEN] = programs->progs.sk_exit_open,
		[SK_PROGRAM_EXEC] = programs->progs.sk_exit_exec,
		[SK_PROGRAM_CLONE] = programs->progs.sk_exit_clone,
		[SK_PROGRAM_CONNECT] = programs->progs.sk_exit_connect,
		[SK_PROGRAM_ACCEPT] = programs->progs.sk_exit_accept,
		[SK_PROGRAM_SOCKETPAIR] = programs->progs.sk_exit_socketpair,
		[SK_PROGRAM_SOCKOPT] = programs->progs.sk_exit_sockopt,
		[SK_PROGRAM_TRANSFER] = programs->progs.sk_exit_transfer,
		[SK_PROGRAM_MESSAGE] = programs->progs.sk_exit_message,
		[SK_PROGRAM_MESSAGES] = programs->progs.sk_exit_messages,
		[SK_PROGRAM_POLL] = programs->progs.sk_exit_poll,
		[SK_PROGRAM_PTRACE] = programs->progs.sk_exit_ptrace,
		[SK_PROGRAM_PRCTL] = programs->progs.sk_exit_prctl,
		[SK_PROGRAM_QUOTACTL] = programs->progs.sk_exit_quotactl,
		[SK_PROGRAM_KEYCTL] = programs->progs.sk_exit_keyctl,
		[SK_PROGRAM_FSCONFIG] = programs->progs.sk_exit_fsconfig,
		[SK_PROGRAM_SEMOP] = programs->progs.sk_exit_semop,
	};
	int table = bpf_map__fd(programs->maps.sk_programs);

	for (uint32_t i = 0; i < SK_PROGRAM_COUNT; i++) {
		int program;

		if (!slots[i])
			continue;
		program = bpf_program__fd(slots[i]);
		if (bpf_map_update_elem(table, &i, &program, BPF_ANY) < 0)
			return sk_error_set(error, -errno, "cannot register the BPF program %s: %s",
					    bpf_program__name(slots[i]), strerror(errno));
	}
	return 0;
}

static int attach(struct sk_capture *capture, const struct bpf_program *program, struct sk_error *error)
{
	struct bpf_link *link = bpf_program__attach(program);

	if (!link)
		return sk_error_set(error, -errno, "cannot attach the BPF program %s: %s",
				    bpf_program__name(program), strerror(errno));
	capture->links[capture->link_count++] = link;
	return 0;
}

static int follow_process(void *context, int64_t pid)
{
	const struct sk_capture *capture = context;
	uint32_t key = (uint32_t)pid;
	uint8_t value = 1;

	return bpf_map_update_elem(bpf_map__fd(capture->programs->maps.sk_tree), &key, &value, BPF_ANY) < 0 ? -errno
													    : 0;
}

static int attach_optional(struct sk_capture *capture, struct sk_error *error)
{
	struct optional list[OPTIONAL_COUNT];
	int result = 0;

	list_optional(capture->programs, list);
	for (size_t i = 0; i < OPTIONAL_COUNT && result == 0; i++)
		if (list[i].program && bpf_program__autoload(list[i].program))
			result = attach(capture, list[i].program, error);
	return result;
}

static int attach_all(struct sk_capture *capture, int64_t only_tree_of, struct sk_error *error)
{
	const struct sk_capture_bpf *programs = capture->programs;
	int result;

	if (only_tree_of) {
		result = follow_process(capture, only_tree_of);
		if (result < 0)
			return sk_error_set(error, result, "cannot follow process %lld: %s",
					    (long long)only_tree_of, strerror(-result));
	}
	result = attach(capture, programs->progs.sk_process_fork, error);
	if (result == 0)
		result = attach(capture, programs->progs.sk_process_exit, error);
	if (result < 0)
		return result;
	/* Children that it has already; those that it gets from now on are followed by the programs. */
	if (only_tree_of) {
		result = sk_proc_descendants(only_tree_of, follow_process, capture);
		if (result < 0)
			return sk_error_set(error, result, "cannot follow the children of process %lld: %s",
					    (long long)only_tree_of, strerror(-result));
	}
	result = attach(capture, programs->progs.sk_process_exec, error);
	if (result == 0)
		result = attach_optional(capture, error);
	if (result == 0 && bpf_program__autoload(programs->progs.sk_sys_enter))
		result = attach(capture, programs->progs.sk_sys_enter, error);
	return result < 0 ? result : attach(capture, programs->progs.sk_sys_exit, error);
}

static int watch_ring(struct sk_capture *capture, struct sk_error *error)
{
	const struct bpf_map *map = capture->programs->maps.sk_ring;
	struct epoll_event event = {.events = EPOLLIN};
	int result = sk_ring_open(bpf_map__fd(map), bpf_map__max_entries(map), &capture->ring);

	if (result < 0)
		return sk_error_set(error, result, "cannot map the BPF ring buffer: %s", strerror(-result));
	capture->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (capture->epoll < 0 || epoll_ctl(capture->epoll, EPOLL_CTL_ADD, bpf_map__fd(map), &event) < 0)
		return sk_error_set(error, -errno, "cannot wait for the BPF ring buffer: %s", strerror(errno));
	return 0;
}

static int open_programs(struct sk_capture *capture, const struct sk_capture_options *options,
			 struct sk_error *error)
{
	char words[LAST_WORDS_SIZE] = "";
	libbpf_print_fn_t previous;
	int result;

	last_words = words;
	previous = libbpf_set_print(keep_last_words);
	capture->programs = sk_capture_bpf__open();
	if (!capture->programs) {
		result = explain_load_failure(-errno, words, error);
	} else {
		result = configure(capture, options, error);
		if (result == 0) {
			result = sk_capture_bpf__load(capture->programs);
			if (result < 0)
				result = explain_load_failure(result, words, error);
		}
	}
	libbpf_set_print(previous);
	last_words = NULL;
	return result;
}

int sk_capture_open(const struct sk_capture_options *options, struct sk_capture **ret_capture,
		    struct sk_error *error)
{
	struct sk_capture *capture = sk_alloc_zeroed(1, sizeof(*capture));
	int result = -ENOMEM;

	if (capture) {
		capture->epoll = -1;
		capture->patched = sk_alloc(SK_EVENT_LIMIT);
	}
	if (!capture || !capture->patched)
		sk_error_set(error, -ENOMEM, "no memory");
	else
		result = open_programs(capture, options, error);
	if (result == 0)
		result = fill_tail_calls(capture, error);
	if (result == 0)
		result = watch_ring(capture, error);
	if (result == 0)
		result = attach_all(capture, options->only_tree_of, error);
	if (result < 0) {
		sk_capture_close(capture);
		return result;
	}
	*ret_capture = capture;
	return 0;
}

struct delivery {
	struct sk_capture *capture;
	int (*handle)(void *context, const uint8_t *bytes, size_t size, uint16_t cpu);
	void *context;
};

/*
 * The event with its notes inside its length; without them if they have
 * no room, or if the record is not what our programs write.
 */
static const uint8_t *add_notes(struct sk_capture *capture, const uint8_t *bytes, size_t notes, size_t *size)
{
	struct sk_event event;
	int64_t result;

	if (notes > *size)
		return bytes;
	*size -= notes;
	if (notes > SK_NOTES_LIMIT || sk_event_decode(bytes, *size, &event, NULL) < 0)
		return bytes;
	result = sk_event_add_notes(&event, bytes + *size, notes, capture->patched, SK_EVENT_LIMIT);
	if (result < 0)
		return bytes;
	*size = (size_t)result;
	return capture->patched;
}

/*
 * The ring's order is the order of events.  Another CPU can overtake one
 * between reading the clock and getting its place, so that its time lies a
 * little before that of its predecessor: it then gets that one's time.
 */
static int deliver(void *context, const uint8_t *bytes, size_t size)
{
	struct delivery *delivery = context;
	struct sk_capture *capture = delivery->capture;
	struct sk_ring_record record;
	uint64_t ts;

	if (size < sizeof(record) + sizeof(struct sk_event_header) || size - sizeof(record) > SK_EVENT_LIMIT)
		return -EPROTO;
	memcpy(&record, bytes, sizeof(record));
	bytes += sizeof(record);
	size -= sizeof(record);
	if (record.notes > 0)
		bytes = add_notes(capture, bytes, record.notes, &size);
	ts = sk_read_u64(bytes);
	if (ts < capture->last_ts) {
		if (bytes != capture->patched)
			memcpy(capture->patched, bytes, size);
		memcpy(capture->patched, &capture->last_ts, sizeof(capture->last_ts));
		bytes = capture->patched;
	} else {
		capture->last_ts = ts;
	}
	return delivery->handle(delivery->context, bytes, size, record.cpu);
}

/* Waits for an event; false if none came. */
static int wait_for_events(struct sk_capture *capture, int timeout_ms)
{
	uint32_t *waits = &capture->programs->bss->sk_consumer_waits;
	struct epoll_event event;
	int result = 1;

	/* Pairs with sk_ring_wake() in bpf/event.h: set the flag, then look. */
	__atomic_store_n(waits, 1, __ATOMIC_SEQ_CST);
	if (!sk_ring_pending(&capture->ring)) {
		result = epoll_wait(capture->epoll, &event, 1, timeout_ms);
		if (result < 0)
			result = -errno;
		else if (result > 0)
			usleep(GATHER_US);
	}
	__atomic_store_n(waits, 0, __ATOMIC_RELAXED);
	return result;
}

int sk_capture_poll(struct sk_capture *capture, int timeout_ms,
		    int (*handle)(void *context, const uint8_t *bytes, size_t size, uint16_t cpu), void *context)
{
	struct delivery delivery = {capture, handle, context};
	int result = sk_ring_consume(&capture->ring, BATCH, deliver, &delivery);

	if (result != 0 || timeout_ms == 0)
		return result;
	result = wait_for_events(capture, timeout_ms);
	return result <= 0 ? result : sk_ring_consume(&capture->ring, BATCH, deliver, &delivery);
}

struct sk_capture_stats sk_capture_stats(const struct sk_capture *capture)
{
	const struct sk_capture_counters *counters = capture->programs->bss->sk_counters;
	struct sk_capture_stats stats = {0};

	for (int i = 0; i < SK_CPU_LIMIT; i++) {
		stats.events += __atomic_load_n(&counters[i].events, __ATOMIC_RELAXED);
		stats.drops_ring += __atomic_load_n(&counters[i].drops_ring, __ATOMIC_RELAXED);
		stats.drops_size += __atomic_load_n(&counters[i].drops_size, __ATOMIC_RELAXED);
		stats.drops_scratch += __atomic_load_n(&counters[i].drops_scratch, __ATOMIC_RELAXED);
	}
	return stats;
}

void sk_capture_close(struct sk_capture *capture)
{
	if (!capture)
		return;
	while (capture->link_count > 0)
		bpf_link__destroy(capture->links[--capture->link_count]);
	sk_ring_close(&capture->ring);
	if (capture->epoll >= 0)
		close(capture->epoll);
	sk_capture_bpf__destroy(capture->programs);
	sk_free(capture->patched);
	sk_free(capture);
}
