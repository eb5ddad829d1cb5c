/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Captures that nobody recorded: from a description of processes, containers
 * and events to the bytes that a recording would have left, so that whatever
 * reads captures reads these.
 *
 *   users, processes, fds ─► sink ─┐
 *   containers ────────────────────┼─► scap writer ─► bytes
 *   events, parameters that are ───┘
 *   not given are filled in
 *
 * What is not given is what a call that works would leave: the result is 0,
 * the next free fd, or the number of bytes; directories are AT_FDCWD; the
 * parameters of execve and clone are those of the process; other numbers are
 * 0, ids -1, texts empty.
 */
#ifndef SK_SYNTH_SYNTH_H
#define SK_SYNTH_SYNTH_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/scap/entries.h"
#include "runtime/state/container.h"
#include "vm/schema/schema.h"
#include "vm/support/buffer.h"
#include "vm/support/error.h"

struct sk_synth;

/* This machine: 2023-11-14 22:13:20 UTC, eth0 with 10.0.0.5/24 and fd00::5, and the loopback. */
#define SK_SYNTH_START_TS (UINT64_C(1700000000) * 1000000000)

/* An empty capture.  -ENOMEM. */
int sk_synth_create(struct sk_synth **ret_synth, struct sk_error *error);
void sk_synth_destroy(struct sk_synth *synth);

/*
 * Entries, before the first container or event.  The texts of a process must
 * outlive the synth.
 */
int sk_synth_user(struct sk_synth *synth, const struct sk_user_entry *entry, struct sk_error *error);
int sk_synth_group(struct sk_synth *synth, const struct sk_group_entry *entry, struct sk_error *error);
int sk_synth_process(struct sk_synth *synth, const struct sk_process_entry *entry, struct sk_error *error);
int sk_synth_fd(struct sk_synth *synth, int64_t tid, const struct sk_fd_entry *entry, struct sk_error *error);

struct sk_synth_pair {
	const char *key, *value;
};

struct sk_synth_mount {
	const char *source, *destination;
	bool read_only;
};

/* Metadata as the container runtime tells it; NULL and zero: not told. */
struct sk_synth_container {
	const char *id; /* 64 hexadecimal digits */
	const char *name, *image, *ip;
	uint16_t type; /* enum sk_container_type */
	bool privileged, host_pid, host_network, host_ipc;
	const char *pod_sandbox_id;
	const struct sk_synth_pair *labels, *pod_labels;
	uint32_t label_count, pod_label_count;
	const struct sk_synth_mount *mounts;
	uint32_t mount_count;
};

/* Events begin, first those about the containers. */
int sk_synth_container(struct sk_synth *synth, const struct sk_synth_container *container, struct sk_error *error);

struct sk_synth_event {
	uint16_t type; /* enum sk_event_type, of the current schema */
	int64_t tid;
	uint64_t ts;     /* 0: a millisecond after the last one */
	bool state_only; /* the state sees it, rules do not */
	/* execve, execveat: the program that is started, its texts outliving the synth; NULL: the one that runs */
	const struct sk_process_entry *image;
	/* fork, vfork, clone, clone3: what comes into being, in an event of its own; NULL: nothing but this event */
	const struct sk_process_entry *child;
	struct sk_bytes params[SK_EVENT_MAX_PARAMS]; /* as on the wire; bytes NULL: filled in */
	struct sk_bytes notes;                       /* vm/notes.h, with their magic; bytes NULL: none */
};

/* -EINVAL for an event that no capture holds; -ENOMEM. */
int sk_synth_event(struct sk_synth *synth, const struct sk_synth_event *event, struct sk_error *error);

/* The fd that the next call of a process that makes one gets. */
int64_t sk_synth_next_fd(const struct sk_synth *synth, int64_t tid);

/* Ends the capture and gives its bytes, which the caller releases. */
int sk_synth_finish(struct sk_synth *synth, struct sk_buffer *ret_capture, struct sk_error *error);

/*
 * The event type that a name stands for: of the versions that share it the
 * current one, and of its halves the one that rules see.  A system call without an event
 * of its own is GENERIC_X with its number.  -1 if there is none.
 */
int sk_synth_find_event(const char *name, uint32_t length, int *ret_syscall);

#endif
