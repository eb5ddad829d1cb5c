/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Live events: BPF programs on the kernel's tracepoints write them, in the
 * wire format, into a ring that this reads (spec/capture.md).
 */
#ifndef SK_CAPTURE_CAPTURE_H
#define SK_CAPTURE_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/capture/bpf/loss.h"
#include "runtime/scap/entries.h"
#include "vm/event_class.h"
#include "vm/support/error.h"

struct sk_capture;
struct sk_filter_path;
struct sk_kernel_filter;

struct sk_capture_options {
	/*
	 * Set of the schema's system call numbers to capture: bit n of word
	 * n / 64.  What the state needs is added.
	 */
	const uint64_t *syscalls;
	size_t syscall_words;
	size_t ring_size; /* bytes of a ring, power of two; 0: 8 MiB */
	/* Bytes of the lane that the classes with `reserved` (vm/event_class.def) have beside a ring; 0: 8 MiB. */
	size_t lane_size;
	unsigned cpus_per_ring; /* CPUs that share a ring and a lane; 0: 2 */
	uint32_t snap_length;   /* bytes of I/O data kept; 0: 80 */
	/*
	 * Beginnings of open, openat, openat2, creat and connect are events too:
	 * paths and addresses as they were before another thread could change them.
	 */
	bool enter_events;
	/*
	 * Paths of calls are read when the calls begin, too; where they are others at the end, the event
	 * says so (SK_NOTE_BEGUN).
	 */
	bool begun_paths;
	bool given_paths_only; /* paths as the calls were given them, not what they led to (vm/notes.h) */
	int64_t only_tree_of;  /* pid whose descendants alone are captured; 0: the whole host */
	/*
	 * What the kernel holds back (filter.h); it observes no more once the
	 * capture is closed.  NULL: nothing.
	 */
	struct sk_kernel_filter *filter;
};

enum { SK_CAPTURE_FILTER_REASONS = 8 };

/*
 * Once nothing happens any more and all is read, produced = consumed + lost, for
 * each class and each CPU.
 */
struct sk_capture_stats {
	uint64_t produced[SK_EVENT_CLASS_COUNT]; /* begun by the programs */
	uint64_t consumed[SK_EVENT_CLASS_COUNT]; /* handed out */
	uint64_t lost[SK_LOSS_COUNT][SK_EVENT_CLASS_COUNT];
	uint64_t unfollowed; /* processes that only_tree_of had no room for */
	uint64_t
		skipped; /* programs that the kernel did not run, since they had just been interrupted themselves */
	uint64_t disordered; /* events that were handed out after a later one (runtime/capture/merge.h) */
};

/* Names of causes, for people. */
extern const char *const sk_loss_names[SK_LOSS_COUNT];

/* Of all classes. */
uint64_t sk_capture_sum(const uint64_t by_class[SK_EVENT_CLASS_COUNT]);

/* Lost events of all classes and causes. */
uint64_t sk_capture_lost(const struct sk_capture_stats *stats);

/*
 * Loads and attaches the programs.  Negative errno and a sentence that says
 * what is missing (privileges, BTF, ring buffer).
 */
int sk_capture_open(const struct sk_capture_options *options, struct sk_capture **ret_capture,
		    struct sk_error *error);

/*
 * Handles the events that are there, in the order of their times, waiting up to
 * `timeout_ms` for the first.  The first after a loss has a note of it
 * (SK_NOTE_LOST of vm/notes.h).  `handle` gets each in the wire format; a
 * negative return ends the call with that value.  Returns the number of events, or negative errno (-EINTR when a
 * signal came).
 */
int sk_capture_poll(struct sk_capture *capture, int timeout_ms,
		    int (*handle)(void *context, const uint8_t *bytes, size_t size, uint16_t cpu), void *context);

/*
 * Calls that were held back by the filter, by enum sk_filter_reason, since the
 * capture was opened.
 */
void sk_capture_filtered(const struct sk_capture *capture, uint64_t ret_counts[SK_CAPTURE_FILTER_REASONS]);

/* Opens of this path are held back from now on (filter.h); 0 or a negative errno. */
int sk_capture_hold_back(struct sk_capture *capture, const struct sk_filter_path *path);

struct sk_capture_stats sk_capture_stats(const struct sk_capture *capture);

/* The same for one CPU; all 0 for one that cannot be.  What is not counted by CPU is 0 too. */
struct sk_capture_stats sk_capture_cpu_stats(const struct sk_capture *capture, size_t cpu);

/*
 * False if this kernel doesn't tell of the operations of io_uring that were
 * asked for by their system calls (runtime/capture/uring.h).
 */
bool sk_capture_sees_uring(const struct sk_capture *capture);

void sk_capture_close(struct sk_capture *capture);

/*
 * What runs already: machine, interfaces, users, groups, and every process
 * with its fds, from /proc (spec/state.md section 6.2).
 * `only_tree_of`: that pid and its descendants alone; 0: all.
 */
int sk_proc_scan(int64_t only_tree_of, const struct sk_entry_sink *sink, struct sk_error *error);

/* One thread from /proc, with its process's fds if it is a main thread. */
int sk_proc_read_thread(int64_t tid, const struct sk_entry_sink *sink);

/*
 * One fd of process `pid`, to `sink->fd`.  -ENOENT if it is gone; or what the
 * sink said.
 */
int sk_proc_read_fd(int64_t pid, int64_t fd, const struct sk_entry_sink *sink);

/* The host's users and groups, from /etc/passwd and /etc/group. */
int sk_proc_read_users(const struct sk_entry_sink *sink);

/* True if thread `tid` of process `pid` lives and is named `comm`. */
bool sk_proc_thread_exists(int64_t pid, int64_t tid, const char *comm);

#endif
