/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's half of the filter (runtime/capture/bpf/sieve.h), for events that
 * were recorded or made up: which of them come through, and with which notes.
 * What the programs find in the kernel stands here in the state of a sensor
 * that sees every event, and has taken the one at hand already.
 *
 *   paths      the map of paths
 *   held       (table of fds, fd): open was held back and nothing told of it since
 *   classes    the words of threads; what is raised by changes is as the programs do it
 */
#ifndef SK_TESTS_KERNEL_MODEL_H
#define SK_TESTS_KERNEL_MODEL_H

#include <stdlib.h>
#include <string.h>

#include "runtime/capture/filter.h"
#include "runtime/sensor.h"
#include "runtime/state/thread_table.h"
#include "vm/notes.h"

enum { MODEL_PATHS = 1 << 16, MODEL_HELD = 1 << 16 };

struct model_held {
	const struct sk_fd_table *table;
	uint64_t birth;
	int64_t fd;
	bool set;
};

/* A TCP connection that was told of. */
struct model_stream {
	const struct sk_fd_table *table;
	uint64_t birth;
	int64_t fd;
};

/* What the engine's class of a thread hangs on, in the state that sees all. */
struct model_basis {
	const struct sk_thread *thread;
	uint32_t revision;
};

struct kernel_model {
	struct sk_kernel_filter *filter;
	struct sk_filter_path *paths;
	struct model_held *held;
	struct model_stream *streams;
	struct sk_process_classes *classes;
	uint64_t boot_time;
	/* Of the event that is about to happen. */
	bool seen_by_others;
	struct model_basis before;
	/* What the class of each thread rested on when its word was written, by slot. */
	struct model_basis *bases;
	uint8_t *wire; /* the event with its notes */
	uint64_t counts[SK_FILTER_REASON_COUNT], told;
	uint64_t stale; /* words that looked good and were not */
};

static inline bool model_open(struct kernel_model *model, const struct sk_bundle *bundle)
{
	memset(model, 0, sizeof(*model));
	model->paths = calloc(MODEL_PATHS, sizeof(*model->paths));
	model->held = calloc(MODEL_HELD, sizeof(*model->held));
	model->streams = calloc(MODEL_HELD, sizeof(*model->streams));
	model->wire = malloc(65536);
	model->classes = calloc(1, sizeof(*model->classes));
	model->bases = calloc(SK_PROCESS_SLOTS, sizeof(*model->bases));
	return model->paths && model->held && model->streams && model->wire && model->classes && model->bases &&
	       sk_kernel_filter_create(bundle, &model->filter) == 0;
}

static inline void model_close(struct kernel_model *model)
{
	sk_kernel_filter_destroy(model->filter);
	free(model->paths);
	free(model->held);
	free(model->streams);
	free(model->wire);
	free(model->classes);
	free(model->bases);
}

/* --- the map of paths ------------------------------------------------------- */

static inline struct sk_filter_path *model_path(const struct kernel_model *model, const struct sk_filter_path *path)
{
	uint64_t hash = 1469598103934665603u;

	for (size_t i = 0; i < sizeof(struct sk_filter_key); i++)
		hash = (hash ^ ((const uint8_t *)path)[i]) * 1099511628211u;
	return &model->paths[hash % MODEL_PATHS];
}

static int model_keep(void *context, const struct sk_filter_path *path)
{
	*model_path(context, path) = *path;
	return 0;
}

/* --- fds ------------------------------------------------------------------------ */

static inline struct model_held *model_place(const struct kernel_model *model, const struct sk_thread *thread,
					     int64_t fd)
{
	const uint64_t key = ((uint64_t)(uintptr_t)sk_thread_fds(thread) >> 4) * 31 + (uint64_t)fd;

	return &model->held[key * UINT64_C(0x9e3779b97f4a7c15) >> 48 & (MODEL_HELD - 1)];
}

static inline bool model_is_held(const struct model_held *held, const struct sk_thread *thread, int64_t fd)
{
	const struct sk_thread *main = sk_thread_main(thread);

	return held->set && held->table == sk_thread_fds(thread) && held->fd == fd && main &&
	       held->birth == main->clone_ts;
}

static inline void model_forget(struct kernel_model *model, const struct sk_thread *thread, int64_t fd)
{
	struct model_held *held = model_place(model, thread, fd);

	if (held->set && held->table == sk_thread_fds(thread) && held->fd == fd)
		held->set = false;
	model->streams[held - model->held].fd = -1;
}

static inline bool model_hold(struct kernel_model *model, const struct sk_thread *thread, int64_t fd)
{
	const struct sk_thread *main = sk_thread_main(thread);

	if (fd < SK_HELD_LOWEST || !main || !sk_thread_fds(thread))
		return false;
	*model_place(model, thread, fd) = (struct model_held){sk_thread_fds(thread), main->clone_ts, fd, true};
	return true;
}

/* The regular file that was opened there, if such opens are held back. */
static inline bool model_tell(struct kernel_model *model, const struct sk_thread *thread, int64_t number,
			      uint8_t nth, uint8_t *notes, size_t *length)
{
	struct sk_fd_table *table = sk_thread_fds(thread);
	const struct sk_fd *fd = table && number >= 0 ? sk_fd_find(table, number) : NULL;
	struct sk_note_file file = {.fd = number};

	if (!fd || (fd->type != SK_FD_FILE_V2 && fd->type != SK_FD_DIRECTORY) ||
	    fd->name->length >= SK_FILTER_PATH_SIZE || fd->name->bytes[0] != '/')
		return false;
	file.inode = fd->ino;
	file.device = fd->dev;
	file.flags = fd->open_flags;
	memcpy(file.path, fd->name->bytes, fd->name->length);
	model_forget(model, thread, number);
	return sk_notes_append(notes, 1024, length, SK_NOTE_FILE, nth, &file, sizeof(file));
}

/* The fd in the parameter that argument `argument` of the call became. */
static inline int64_t model_fd_param(const struct sk_event *event, unsigned nth)
{
	for (unsigned i = 1; i < event->nparams; i++) {
		const uint8_t type = event->info->params[i].type;

		if ((type == SK_PARAM_FD || type == SK_PARAM_FD32) && nth-- == 0)
			return sk_event_signed(event, i, -1);
	}
	return -1;
}

/* A transfer: held back if one told of this connection already, which has a name and is TCP since. */
static inline enum sk_filter_reason model_stream(struct kernel_model *model, const struct sk_event_view *view)
{
	const struct sk_thread *main = sk_thread_main(view->thread);
	const struct model_stream now = {sk_thread_fds(view->thread), main ? main->clone_ts : 0, view->fd->fd};
	const uint64_t key = ((uint64_t)(uintptr_t)now.table >> 4) * 31 + (uint64_t)now.fd;
	struct model_stream *told = &model->streams[key * UINT64_C(0x9e3779b97f4a7c15) >> 48 & (MODEL_HELD - 1)];

	if (!sk_fd_is_inet(view->fd) || view->fd->l4 != SK_L4_TCP)
		return SK_FILTER_PASS;
	if (memcmp(told, &now, sizeof(now)) == 0)
		return SK_FILTER_STREAM;
	*told = now;
	return SK_FILTER_PASS;
}

/* --- classes of processes --------------------------------------------------------- */

/* As sk_change_is_seen() of bpf/task.h. */
static inline bool model_is_seen(const struct sk_thread *thread)
{
	return thread && (thread->first_child || sk_thread_shares_group(thread));
}

/*
 * The event in the wire format is about to happen; `state` is that of the sensor
 * that sees all and has not taken it.
 */
static inline void model_before(struct kernel_model *model, const struct sk_state *state, const uint8_t *bytes)
{
	const uint64_t ts = sk_read_u64(bytes);
	const struct sk_thread *thread;

	/* Metadata has other times. */
	if (!model->boot_time && !(sk_events[sk_read_u16(bytes + 20)].category & SK_CATEGORY_METAEVENT)) {
		model->boot_time = ts - 1000000000;
		sk_kernel_filter_share(model->filter, model->classes, model->boot_time);
	}
	thread = sk_thread_find(sk_state_threads(state), (int64_t)sk_read_u64(bytes + 8));
	model->seen_by_others = model_is_seen(thread);
	model->before = (struct model_basis){thread, thread ? thread->revision : 0};
}

static inline uint64_t model_time(const struct kernel_model *model, uint64_t ts)
{
	return sk_process_time(ts - model->boot_time);
}

/* A new thread's own event. */
static inline bool model_begins_thread(const struct sk_event *event)
{
	switch (event->type) {
	case SK_EVENT_SYSCALL_CLONE_20_X:
	case SK_EVENT_SYSCALL_FORK_20_X:
	case SK_EVENT_SYSCALL_VFORK_20_X:
	case SK_EVENT_SYSCALL_CLONE3_X:
		return sk_event_signed(event, 0, -1) == 0;
	default:
		return false;
	}
}

/* What the programs raise for an event that comes through. */
static inline void model_change(struct kernel_model *model, const struct sk_event_view *view)
{
	const struct sk_event *event = &view->event;
	const uint64_t time = model_time(model, event->ts);
	const uint16_t traits = sk_kernel_filter_entry(model->filter, 0, event->type)->traits;
	uint64_t *own = (uint64_t *)&model->classes->changes[sk_process_slot((uint32_t)event->tid)];
	int64_t result = 0;

	if (event->type == SK_EVENT_PROCEXIT_1_E) {
		if (model->seen_by_others)
			sk_process_raise(&model->classes->everyone, time);
		return;
	}
	if (model_begins_thread(event) && *own < time)
		*own = time;
	sk_event_result(event, &result);
	if (result < 0 || !(traits & SK_FILTER_CHANGES))
		return;
	if (*own < time)
		*own = time;
	if (model->seen_by_others || ((traits & SK_FILTER_CHANGES_OTHERS) && sk_event_signed(event, 5, 0) != 0))
		sk_process_raise(&model->classes->everyone, time);
}

/*
 * The class that the kernel would take the event's thread for.  If its word looks
 * good, what it rests on must not have changed.
 */
static inline uint32_t model_class(struct kernel_model *model, const struct sk_event_view *view)
{
	const uint32_t tid = (uint32_t)view->event.tid;
	const uint32_t class = view->event.tid > 0 ? sk_process_class_of(model->classes, tid) : 0;
	const struct model_basis *basis = &model->bases[sk_process_slot(tid)];

	/* One that begins with this event is not asked about. */
	if (class && !model_begins_thread(&view->event) &&
	    (basis->thread != model->before.thread || basis->revision != model->before.revision))
		model->stale++;
	return class;
}

/* What the class of the event's thread rests on, once the sensor that sees all has taken it. */
static inline struct model_basis model_basis_of(const struct sk_event_view *whole)
{
	return (struct model_basis){whole->thread, whole->thread ? whole->thread->revision : 0};
}

/*
 * An event that came through was handled by the sensor whose engine is `vm`.
 * `basis`: of when it came through.
 */
static inline void model_observe(struct kernel_model *model, struct sk_vm *vm, const struct sk_event_view *view,
				 struct model_basis basis)
{
	sk_kernel_filter_observe(model->filter, vm, view, model_keep, model);
	model->bases[sk_process_slot((uint32_t)view->event.tid)] = basis;
}

/* --- deciding ---------------------------------------------------------------------- */

/*
 * Whether an event comes through.  `view` is that of the sensor that sees all.
 * If it does, `*bytes` and `*size` are the event with its notes.
 */
static inline enum sk_filter_reason model_decide(struct kernel_model *model, const struct sk_event_view *view,
						 const uint8_t **bytes, size_t *size)
{
	const struct sk_event *event = &view->event;
	const uint32_t class = model_class(model, view);
	const struct sk_filter_entry *entry = sk_kernel_filter_entry(model->filter, class, event->type);
	enum sk_filter_reason reason = sk_kernel_filter_judge(model->filter, 0, event);
	struct sk_thread *thread = view->thread;
	struct sk_filter_path path;
	uint8_t notes[1024];
	size_t length = 0;
	int64_t result = -1, whole;
	const uint16_t of_all = sk_kernel_filter_entry(model->filter, 0, event->type)->traits;
	unsigned count = (unsigned)__builtin_popcount(entry->fds & 0x7f);

	sk_event_result(event, &result);
	if (reason == SK_FILTER_PASS && class &&
	    sk_kernel_filter_judge(model->filter, class, event) != SK_FILTER_PASS)
		reason = SK_FILTER_PROCESS;
	if (reason == SK_FILTER_PASS && sk_kernel_filter_path_of(event, 0, &path)) {
		const uint32_t paths = sk_process_paths(model->classes, class, event->type);
		bool known = memcmp(model_path(model, &path), &path, sizeof(path)) == 0;

		if (!known && paths) {
			path.class = (uint16_t)paths;
			known = memcmp(model_path(model, &path), &path, sizeof(path)) == 0;
		}
		if (known && (path.error || (thread && model_hold(model, thread, result))))
			reason = path.class ? SK_FILTER_PROCESS : SK_FILTER_PATH;
	}
	if (reason == SK_FILTER_PASS && (entry->traits & SK_FILTER_CLOSES) && thread && result >= 0) {
		const int64_t fd = sk_event_signed(event, 1, -1);

		if (model_is_held(model_place(model, thread, fd), thread, fd))
			reason = SK_FILTER_FD;
		model_forget(model, thread, fd);
	}
	if (reason == SK_FILTER_PASS && (entry->traits & SK_FILTER_COPIES) && thread && result >= 0) {
		const int64_t fd = sk_event_signed(event, 1, -1);

		if (model_is_held(model_place(model, thread, fd), thread, fd) &&
		    (sk_event_signed(event, 2, 0) == 3 || model_hold(model, thread, result)))
			reason = of_all & SK_FILTER_COPIES ? SK_FILTER_FD : SK_FILTER_PROCESS;
	}
	if (reason == SK_FILTER_PASS && (entry->traits & SK_FILTER_STREAMS) && thread && view->fd && result >= 0)
		reason = model_stream(model, view);
	if (reason == SK_FILTER_STREAM && !(of_all & SK_FILTER_STREAMS))
		reason = SK_FILTER_PROCESS;
	model->counts[reason]++;
	if (reason != SK_FILTER_PASS || !thread)
		return reason;
	model_change(model, view);
	for (unsigned i = 0, nth = 0; i < count && nth < SK_NOTE_FILES; i++)
		nth += model_tell(model, thread, model_fd_param(event, i), (uint8_t)nth, notes, &length);
	if (result >= 0 && (entry->traits & SK_FILTER_CREATES_FD))
		model_forget(model, thread, result);
	for (unsigned i = 1; result >= 0 && entry->pair && i < 3; i++)
		model_forget(model, thread, sk_event_signed(event, i, -1));
	if (result >= 0 && (entry->traits & SK_FILTER_BRINGS_FDS)) {
		for (size_t i = 0; i < MODEL_HELD; i++)
			model->held[i].set &= model->held[i].table != sk_thread_fds(thread);
	}
	if (!length)
		return reason;
	whole = sk_event_add_notes(event, notes, length, model->wire, 65536);
	if (whole < 0)
		return reason;
	model->told++;
	*bytes = model->wire;
	*size = (size_t)whole;
	return reason;
}

#endif
