/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From loading the BPF programs to reading what they write.
 *
 *   fork, exec, exit ─┐      ┌► lane ─┐
 *   sys_exit ─► tail call ───┴► ring ─┴► merge ─► sk_capture_poll ─► handle
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
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "runtime/capture/bpf/shared.h"
#include "runtime/capture/clock.h"
#include "runtime/capture/filter.h"
#include "runtime/capture/loss.h"
#include "runtime/capture/merge.h"
#include "runtime/capture/plan.h"
#include "runtime/capture/proc_tree.h"
#include "runtime/capture/rings.h"
#include "runtime/capture/uring.h"
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
		       (int)SK_BPF_NOTE_BEGUN == (int)SK_NOTE_BEGUN && (int)SK_BPF_NOTE_FILE == (int)SK_NOTE_FILE &&
		       sizeof(struct sk_told_file) == sizeof(struct sk_note_file) &&
		       (int)SK_BPF_ORIGIN_COMPAT == (int)SK_ORIGIN_COMPAT &&
		       (int)SK_BPF_ORIGIN_IO_URING == (int)SK_ORIGIN_IO_URING &&
		       (int)SK_BPF_ORIGIN_X32 == (int)SK_ORIGIN_X32,
	       "the programs write what vm/notes.h reads");

enum {
	RING_SIZE = 8 << 20,
	LANE_SIZE = 8 << 20,
	CPUS_PER_RING = 2,
	/* Events of one call, so that a signal is noticed under any load. */
	BATCH = 65536,
	/*
	 * After a wake-up the reader waits this long for more, so that a trickle
	 * of events costs a thousand wake-ups a second at most.
	 */
	GATHER_US = 1000,
	/* How often one looks again for an event that is being built, and then, how long one rests between. */
	SPINS = 100,
	REST_US = 50,
	LINK_COUNT = 12,
};

struct sk_capture {
	struct sk_capture_bpf *programs;
	struct bpf_link *links[LINK_COUNT];
	size_t link_count;
	bool uring_unseen;
	struct bpf_program *uring_submit; /* of those that are told of submissions; NULL: none is */
	struct sk_rings rings;
	struct sk_merge *merge;
	struct sk_loss_watch *loss;
	uint8_t classes[SK_TYPE_LIMIT];
	uint64_t (*consumed)[SK_EVENT_CLASS_COUNT]; /* by CPU */
	uint8_t *noted;                             /* an event that got its notes */
};

_Static_assert((int)SK_EVENT_COUNT <= (int)SK_TYPE_LIMIT, "each event type has its class in the programs");

const char *const sk_loss_names[SK_LOSS_COUNT] = {
#define SK_LOSS(id, name, meaning) [SK_LOSS_##id] = name,
#include "runtime/capture/bpf/loss.def"
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

/* The oldest kernel with all that the programs call (bpf_task_pt_regs). */
enum { OLDEST_MAJOR = 5, OLDEST_MINOR = 15 };

static int explain_load_failure(int error_number, const char *words, struct sk_error *error)
{
	unsigned major, minor;
	struct utsname host;

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
	if (uname(&host) == 0 && sscanf(host.release, "%u.%u", &major, &minor) == 2 &&
	    (major < OLDEST_MAJOR || (major == OLDEST_MAJOR && minor < OLDEST_MINOR)))
		return sk_error_set(error, error_number,
				    "this kernel is %s, and the BPF programs need %d.%d or newer", host.release,
				    OLDEST_MAJOR, OLDEST_MINOR);
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

static int check_size(const char *what, size_t size, struct sk_error *error)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (size & (size - 1) || size < page || size > UINT32_MAX / 2)
		return sk_error_set(error, -EINVAL,
				    "the %s's size must be a power of two from %zu bytes to 1 GiB, not %zu", what,
				    page, size);
	return 0;
}

/* What the options leave open. */
static int complete(struct sk_capture_options *options, struct sk_error *error)
{
	int result;

	if (options->ring_size == 0)
		options->ring_size = RING_SIZE;
	if (options->lane_size == 0)
		options->lane_size = LANE_SIZE;
	if (options->cpus_per_ring == 0)
		options->cpus_per_ring = CPUS_PER_RING;
	if (options->snap_length == 0)
		options->snap_length = SK_SNAP_LENGTH;
	if (options->snap_length > SK_SNAP_LIMIT - 1)
		return sk_error_set(error, -EINVAL, "at most %d bytes of data can be kept, not %u",
				    SK_SNAP_LIMIT - 1, options->snap_length);
	result = check_size("ring", options->ring_size, error);
	return result < 0 ? result : check_size("lane", options->lane_size, error);
}

static void classify(struct sk_capture *capture)
{
	for (uint16_t type = 0; type < SK_EVENT_COUNT; type++) {
		enum sk_event_class class = sk_event_class(type);
		unsigned reserved = sk_event_classes[class].reserved ? SK_CLASS_RESERVED : 0;

		capture->classes[type] = (uint8_t) class;
		capture->programs->rodata->sk_classes[type] = (uint8_t)(class | reserved);
	}
}

/* False: operations of io_uring remain unseen, though they are wanted. */
static bool select_uring(struct sk_capture *capture, const struct sk_capture_options *options)
{
	const struct sk_capture_bpf *programs = capture->programs;
	struct bpf_program *const submit[] = {
		[SK_URING_SUBMIT_REQ] = programs->progs.sk_uring_submit_req,
		[SK_URING_SUBMIT_SQE] = programs->progs.sk_uring_submit_sqe,
		[SK_URING_SUBMIT_SQE_OF_RING] = programs->progs.sk_uring_submit_sqe_of_ring,
	};
	bool wanted =
		sk_capture_plan_uring(options->syscalls, options->syscall_words, programs->rodata->sk_uring_table);
	enum sk_uring_submission submission = SK_URING_UNTOLD;
	struct btf *kernel;

	if (wanted) {
		kernel = btf__load_vmlinux_btf();
		submission = sk_uring_submission(kernel);
		btf__free(kernel);
	}
	capture->uring_submit = submit[submission];
	for (size_t i = SK_URING_UNTOLD + 1; i < sizeof(submit) / sizeof(submit[0]); i++)
		bpf_program__set_autoload(submit[i], i == submission);
	bpf_program__set_autoload(programs->progs.sk_uring_complete, submission != SK_URING_UNTOLD);
	return !wanted || submission != SK_URING_UNTOLD;
}

static int configure(struct sk_capture *capture, const struct sk_capture_options *options,
		     struct sk_rings_options *rings, struct sk_error *error)
{
	struct sk_capture_bpf *programs = capture->programs;
	int cpus = libbpf_num_possible_cpus(), result;

	if (cpus < 0)
		return sk_error_set(error, cpus, "cannot count the CPUs: %s", strerror(-cpus));
	*rings = (struct sk_rings_options){
		.ring_count = sk_rings_count(options->cpus_per_ring, (size_t)cpus),
		.ring_size = options->ring_size,
		.lane_size = options->lane_size,
		.cpus_per_ring = options->cpus_per_ring,
		.area_size = bpf_map__value_size(programs->maps.sk_scratch_areas),
		.cpu_count = (size_t)cpus,
	};
	programs->rodata->sk_config = (struct sk_capture_config){
		.boot_time = sk_clock_boot_time(),
		.only_tree = options->only_tree_of != 0,
		.begun_paths = options->begun_paths,
		.resolve_paths = !options->given_paths_only,
		.page_kib = (uint64_t)sysconf(_SC_PAGESIZE) / 1024,
	};
	programs->data->sk_snap_length = options->snap_length;
	classify(capture);
	sk_capture_plan(options->syscalls, options->syscall_words, programs->rodata->sk_dispatch_table);
	if (options->enter_events)
		sk_capture_plan_enter(programs->rodata->sk_dispatch_table);
	if (options->begun_paths)
		sk_capture_plan_begun(programs->rodata->sk_dispatch_table);
	bpf_program__set_autoload(programs->progs.sk_process_free, options->only_tree_of != 0);
	bpf_program__set_autoload(programs->progs.sk_sys_enter, options->enter_events || options->begun_paths);
	select_optional(programs, options);
	capture->uring_unseen = !select_uring(capture, options);
	result = bpf_map__set_max_entries(programs->maps.sk_rings, (uint32_t)rings->ring_count);
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

struct following {
	int tree;  /* the map */
	int count; /* of processes that it got */
};

static int follow_process(void *context, int64_t pid)
{
	struct following *following = context;
	uint32_t key = (uint32_t)pid;
	uint64_t birth = SK_TREE_BORN_BEFORE;

	if (bpf_map_update_elem(following->tree, &key, &birth, BPF_NOEXIST) == 0)
		following->count++;
	else if (errno != EEXIST)
		return -errno;
	return 0;
}

/*
 * Descendants that it has already; those that they get once they are followed
 * the programs follow.  What one of them makes in between is found by looking
 * again, until there is nothing more to find.
 */
static int follow_descendants(int tree, int64_t root)
{
	struct following following;
	int result;

	do {
		following = (struct following){.tree = tree};
		result = sk_proc_descendants(root, follow_process, &following);
	} while (result == 0 && following.count > 0);
	return result;
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
	struct following following = {.tree = bpf_map__fd(programs->maps.sk_tree)};
	int result;

	if (only_tree_of) {
		result = follow_process(&following, only_tree_of);
		if (result < 0)
			return sk_error_set(error, result, "cannot follow process %lld: %s",
					    (long long)only_tree_of, strerror(-result));
	}
	result = attach(capture, programs->progs.sk_process_fork, error);
	if (result == 0)
		result = attach(capture, programs->progs.sk_process_exit, error);
	if (result < 0)
		return result;
	if (only_tree_of) {
		result = attach(capture, programs->progs.sk_process_free, error);
		if (result < 0)
			return result;
		result = follow_descendants(following.tree, only_tree_of);
		if (result < 0)
			return sk_error_set(error, result, "cannot follow the children of process %lld: %s",
					    (long long)only_tree_of, strerror(-result));
	}
	result = attach(capture, programs->progs.sk_process_exec, error);
	if (result == 0)
		result = attach_optional(capture, error);
	/* Completions first: what is submitted is waited for. */
	if (result == 0 && capture->uring_submit) {
		result = attach(capture, programs->progs.sk_uring_complete, error);
		if (result == 0)
			result = attach(capture, capture->uring_submit, error);
	}
	if (result == 0 && bpf_program__autoload(programs->progs.sk_sys_enter))
		result = attach(capture, programs->progs.sk_sys_enter, error);
	return result < 0 ? result : attach(capture, programs->progs.sk_sys_exit, error);
}

static int open_rings(struct sk_capture *capture, struct sk_rings_options *options, struct sk_error *error)
{
	const struct sk_capture_bpf *programs = capture->programs;
	struct sk_merge_options merge;
	int result;

	options->array_fd = bpf_map__fd(programs->maps.sk_rings);
	options->areas_fd = bpf_map__fd(programs->maps.sk_scratch_areas);
	result = sk_rings_open(options, &capture->rings, error);
	if (result < 0)
		return result;
	merge = (struct sk_merge_options){
		.rings = capture->rings.rings,
		.ring_count = capture->rings.ring_count,
		.areas = capture->rings.areas,
		.area_size = capture->rings.area_size,
		.cpu_count = capture->rings.cpu_count,
		.boot_time = programs->rodata->sk_config.boot_time,
	};
	result = sk_merge_open(&merge, &capture->merge);
	if (result == 0)
		result = sk_loss_open(capture->rings.areas, capture->rings.area_size, capture->rings.cpu_count,
				      &capture->loss);
	if (result == 0) {
		capture->consumed = sk_alloc_zeroed(capture->rings.cpu_count, sizeof(*capture->consumed));
		result = capture->consumed ? 0 : -ENOMEM;
	}
	return result < 0 ? sk_error_set(error, result, "no memory") : 0;
}

static int open_programs(struct sk_capture *capture, const struct sk_capture_options *options,
			 struct sk_rings_options *rings, struct sk_error *error)
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
		result = configure(capture, options, rings, error);
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

int sk_capture_open(const struct sk_capture_options *given, struct sk_capture **ret_capture, struct sk_error *error)
{
	struct sk_capture_options options = *given;
	struct sk_rings_options rings;
	struct sk_capture *capture;
	int result = complete(&options, error);

	if (result < 0)
		return result;
	capture = sk_alloc_zeroed(1, sizeof(*capture));
	if (capture) {
		capture->rings.epoll = -1;
		capture->noted = sk_alloc(SK_EVENT_LIMIT);
	}
	if (!capture || !capture->noted)
		result = sk_error_set(error, -ENOMEM, "no memory");
	else
		result = open_programs(capture, &options, &rings, error);
	if (result == 0)
		result = fill_tail_calls(capture, error);
	if (result == 0)
		result = open_rings(capture, &rings, error);
	if (result == 0 && options.filter)
		sk_kernel_filter_share(options.filter, &capture->programs->bss->sk_process,
				       capture->programs->rodata->sk_config.boot_time);
	if (result == 0)
		result = attach_all(capture, options.only_tree_of, error);
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

/* The event with a note of what was lost before it, if it has room; otherwise another one gets it. */
static void tell_loss(struct sk_capture *capture, const struct sk_lost *lost, const uint8_t **bytes, size_t *size)
{
	uint8_t notes[SK_NOTES_HEAD + SK_NOTE_HEAD + sizeof(*lost)];
	struct sk_event event;
	size_t length = 0;
	int64_t result;

	if (sk_event_decode(*bytes, *size, &event, NULL) < 0 ||
	    !sk_notes_append(notes, sizeof(notes), &length, SK_NOTE_LOST, 0, lost, sizeof(*lost)))
		return;
	result = sk_event_add_notes(&event, notes, length, capture->noted, SK_EVENT_LIMIT);
	if (result < 0)
		return;
	*bytes = capture->noted;
	*size = (size_t)result;
	sk_loss_told(capture->loss);
}

static int deliver(void *context, const uint8_t *bytes, size_t size)
{
	struct delivery *delivery = context;
	struct sk_capture *capture = delivery->capture;
	const struct sk_lost *lost;
	struct sk_event_header header;
	struct sk_ring_record record;

	if (size < sizeof(record) + sizeof(header) || size - sizeof(record) > SK_EVENT_LIMIT)
		return -EPROTO;
	memcpy(&record, bytes, sizeof(record));
	bytes += sizeof(record);
	size -= sizeof(record);
	memcpy(&header, bytes, sizeof(header));
	if (record.cpu < capture->rings.cpu_count)
		capture->consumed[record.cpu][capture->classes[header.type % SK_TYPE_LIMIT]]++;
	lost = sk_loss_due(capture->loss, header.ts);
	if (lost)
		tell_loss(capture, lost, &bytes, &size);
	return delivery->handle(delivery->context, bytes, size, record.cpu);
}

static void rest(unsigned *tries)
{
	if (++*tries > SPINS)
		usleep(REST_US);
}

/* What is in the rings; waits for what is being written to them. */
static int take(struct delivery *delivery)
{
	struct sk_capture *capture = delivery->capture;
	unsigned tries = 0;

	for (;;) {
		int result;

		sk_merge_look(capture->merge);
		sk_loss_gather(capture->loss);
		result = sk_merge_deliver(capture->merge, BATCH, deliver, delivery);
		if (result != 0 || !sk_merge_pending(capture->merge))
			return result;
		rest(&tries);
	}
}

/* Waits for an event; 0 if none came. */
static int wait_for_events(struct sk_capture *capture, int timeout_ms, unsigned *tries)
{
	uint32_t *waits = &capture->programs->bss->sk_consumer_waits;
	struct epoll_event event;
	int result = 1;

	/* Pairs with sk_wake() in bpf/event.h: set the flag, then look. */
	__atomic_store_n(waits, 1, __ATOMIC_SEQ_CST);
	if (sk_merge_awaits(capture->merge)) {
		rest(tries);
	} else {
		result = epoll_wait(capture->rings.epoll, &event, 1, timeout_ms);
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
	uint64_t end = sk_clock_boot() + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0) * 1000000;
	int left = timeout_ms;
	unsigned tries = 0;

	for (;;) {
		int result = take(&delivery);
		uint64_t now;

		if (result != 0 || left == 0)
			return result;
		result = wait_for_events(capture, left, &tries);
		if (result <= 0)
			return result;
		now = sk_clock_boot();
		if (timeout_ms > 0)
			left = now < end ? (int)((end - now + 999999) / 1000000) : 0;
	}
}

/* --- counting ----------------------------------------------------------------- */

static void add_cpu(const struct sk_capture *capture, size_t cpu, struct sk_capture_stats *stats)
{
	const struct sk_cpu *area = (const void *)(capture->rings.areas + cpu * capture->rings.area_size);

	for (size_t class = 0; class < SK_EVENT_CLASS_COUNT; class ++) {
		stats->produced[class] += __atomic_load_n(&area->produced[class], __ATOMIC_RELAXED);
		stats->consumed[class] += capture->consumed[cpu][class];
		for (size_t cause = 0; cause < SK_LOSS_COUNT; cause++)
			stats->lost[cause][class] += __atomic_load_n(&area->lost[cause][class], __ATOMIC_RELAXED);
	}
}

struct sk_capture_stats sk_capture_cpu_stats(const struct sk_capture *capture, size_t cpu)
{
	struct sk_capture_stats stats = {0};

	if (cpu < capture->rings.cpu_count)
		add_cpu(capture, cpu, &stats);
	return stats;
}

void sk_capture_filtered(const struct sk_capture *capture, uint64_t ret_counts[SK_CAPTURE_FILTER_REASONS])
{
	const struct sk_filter_counters *counters = capture->programs->bss->sk_filter_counters;

	memset(ret_counts, 0, SK_CAPTURE_FILTER_REASONS * sizeof(ret_counts[0]));
	for (int cpu = 0; cpu < SK_FILTER_CPUS; cpu++) {
		for (int i = 0; i < SK_CAPTURE_FILTER_REASONS; i++)
			ret_counts[i] += __atomic_load_n(&counters[cpu].counts[i], __ATOMIC_RELAXED);
	}
}

int sk_capture_hold_back(struct sk_capture *capture, const struct sk_filter_path *path)
{
	_Static_assert(sizeof(struct sk_filter_key) == offsetof(struct sk_filter_path, place), "key, then value");

	return bpf_map_update_elem(bpf_map__fd(capture->programs->maps.sk_filter_paths), path, &path->place,
				   BPF_ANY) < 0
		       ? -errno
		       : 0;
}

/*
 * The kernel does not run a program on a CPU where it is running already, which
 * can be where tracepoints may be preempted, and keeps count.
 */
static uint64_t count_skipped(const struct sk_capture *capture)
{
	struct bpf_program *program;
	uint64_t sum = 0;

	bpf_object__for_each_program(program, capture->programs->obj)
	{
		struct bpf_prog_info info = {0};
		uint32_t length = sizeof(info);
		int fd = bpf_program__fd(program);

		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &length) == 0)
			sum += info.recursion_misses;
	}
	return sum;
}

struct sk_capture_stats sk_capture_stats(const struct sk_capture *capture)
{
	struct sk_capture_stats stats = {
		.unfollowed = __atomic_load_n(&capture->programs->bss->sk_unfollowed, __ATOMIC_RELAXED),
		.skipped = count_skipped(capture),
		.disordered = sk_merge_disordered(capture->merge),
	};

	for (size_t cpu = 0; cpu < capture->rings.cpu_count; cpu++)
		add_cpu(capture, cpu, &stats);
	return stats;
}

uint64_t sk_capture_sum(const uint64_t by_class[SK_EVENT_CLASS_COUNT])
{
	uint64_t sum = 0;

	for (size_t class = 0; class < SK_EVENT_CLASS_COUNT; class ++)
		sum += by_class[class];
	return sum;
}

uint64_t sk_capture_lost(const struct sk_capture_stats *stats)
{
	uint64_t sum = 0;

	for (size_t cause = 0; cause < SK_LOSS_COUNT; cause++)
		sum += sk_capture_sum(stats->lost[cause]);
	return sum;
}

void sk_capture_close(struct sk_capture *capture)
{
	if (!capture)
		return;
	while (capture->link_count > 0)
		bpf_link__destroy(capture->links[--capture->link_count]);
	sk_merge_close(capture->merge);
	sk_loss_close(capture->loss);
	sk_rings_close(&capture->rings);
	sk_capture_bpf__destroy(capture->programs);
	sk_free(capture->consumed);
	sk_free(capture->noted);
	sk_free(capture);
}

bool sk_capture_sees_uring(const struct sk_capture *capture)
{
	return !capture->uring_unseen;
}
