/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of the watched host: what each event does to threads, fds, users
 * and containers (spec/state.md).  Captures and live events take the same
 * path.
 */
#ifndef SK_STATE_STATE_H
#define SK_STATE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/scap/entries.h"
#include "runtime/state/container.h"
#include "runtime/state/fd.h"
#include "runtime/state/string.h"
#include "runtime/state/thread.h"
#include "runtime/state/user.h"
#include "vm/event.h"
#include "vm/support/error.h"

struct sk_fields;
struct sk_state;

/* Of a container whose metadata is not known. */
enum sk_metadata_status {
	SK_METADATA_AWAITED,
	SK_METADATA_UNKNOWN,   /* nobody who was asked could tell */
	SK_METADATA_NOT_ASKED, /* nor will it be */
};

/* What the state does not know it may ask for, live; captures have no answer. */
struct sk_state_source {
	void *context;
	/*
	 * Gives the process entry of `tid` and, through `sink->fd`, its fds.
	 * -ESRCH if it is gone.
	 */
	int (*lookup)(void *context, int64_t tid, const struct sk_entry_sink *sink);
	/*
	 * `tid` is in a container, and has a user or group that is not known
	 * there; the container's may come later, as events.  Called again with
	 * every such clone, exec and setuid until they have.  May be NULL.
	 */
	void (*need_users)(void *context, const char *id, size_t length, int64_t tid);
	/* Imports the host's users and groups again: a uid appeared that is not known.  May be NULL. */
	int (*host_users)(void *context, const struct sk_entry_sink *sink);
	/*
	 * Gives one fd of process `pid` (one that came through SCM_RIGHTS) to
	 * `sink->fd`; negative errno if it is gone.  May be NULL.
	 */
	int (*lookup_fd)(void *context, int64_t pid, int64_t fd, const struct sk_entry_sink *sink);
	/*
	 * A thread is in a container (12 digits of its id) of which there is no
	 * metadata; it may come later, as an event.  Called again with every
	 * clone and exec until it has.  May be NULL.
	 */
	void (*need_container)(void *context, const char *id, size_t length);
	/* What became of the question.  NULL: awaited if there is need_container(), else nobody was asked. */
	enum sk_metadata_status (*container_status)(void *context, const char *id, size_t length);
	/* That container is gone.  May be NULL. */
	void (*forget_container)(void *context, const char *id, size_t length);
	/* True if the thread still exists with this comm, for the purge.  May be NULL: no purge. */
	bool (*exists)(void *context, int64_t pid, int64_t tid, const char *comm);
};

struct sk_state_options {
	uint32_t thread_limit;                /* 0: 262,144 */
	const struct sk_state_source *source; /* NULL: a capture */
	int64_t own_pid;                      /* kept even when the table is full; -1: none */
	/*
	 * Users and groups that the source gave while events came, and containers
	 * that ended with their first process, as events that tell of them: for
	 * who records what comes, because a replay has no source.
	 * Called while an event is processed; may be NULL.
	 */
	void (*learned)(void *context, const uint8_t *bytes, size_t size);
	void *learned_context;
};

struct sk_state_stats {
	uint64_t threads, threads_added, threads_removed, threads_dropped;
	uint64_t fds_dropped;
	uint64_t users_dropped;      /* and groups */
	uint64_t containers_evicted; /* for others, though nobody said that they are gone */
	uint64_t lookups, lookups_failed;
	uint64_t fd_lookups_skipped;   /* fds that came through sockets faster than anyone may ask for */
	uint64_t enter_events_dropped; /* too long to be stored */
	uint64_t purged;               /* threads whose exit was never seen */
	uint64_t out_of_memory;        /* times that something was not recorded for lack of memory */
	size_t memory;                 /* bytes */
};

/*
 * An event bound to its thread and fd, after the state has changed: what rules
 * see.  Valid until the next sk_state_process().
 */
struct sk_event_view {
	struct sk_event event;
	struct sk_state *state;
	struct sk_thread *thread; /* NULL: none */
	struct sk_fd *fd;         /* of events that create, use or destroy one; NULL: none known */
	int64_t fd_number;        /* what fd.num shows; INT64_MIN: the event has none */
	bool fd_name_changed;
	/*
	 * The stored enter event of an exit event whose arguments must be read
	 * there (TOCTOU, old captures); NULL without one.
	 */
	const struct sk_event *enter;
	const struct sk_container *container; /* of an event about a container */

	/* The caller's, for its extractors; the state leaves them alone. */
	const struct sk_fields *fields;
	uint64_t first_ts; /* of the first event that is more than metadata; 0: none yet */
};

int sk_state_create(const struct sk_state_options *options, struct sk_state **ret_state);
void sk_state_destroy(struct sk_state *state);

/* A sink that fills the state with entries, of a capture or of /proc. */
struct sk_entry_sink sk_state_sink(struct sk_state *state);

/*
 * Gives everything that is known now, as the beginning of a capture whose
 * events are those that the state gets from here on: entries in the order that
 * sinks want, then events for what no entry tells.  What the last event showed
 * is over with that.  0; -ENOMEM; or what a callback said.
 *
 * A state that takes them, through a capture or at once, shows the same from
 * here on, but for: texts that are longer than a capture's entries may be
 * (names 1024 bytes, arguments, environment and cgroups 4096, texts of users
 * 255); questions to /proc, which a replay cannot ask; and what the sensor knows
 * of containers beside what sk_container has.
 */
int sk_state_dump(struct sk_state *state, const struct sk_entry_sink *sink);

/*
 * Takes one event: `view->event` is decoded by the caller (with number, cpu
 * and state_only), the rest is set here.  Never fails: an event that the state
 * cannot use leaves `thread` or `fd` NULL.
 */
void sk_state_process(struct sk_state *state, struct sk_event_view *view);

/* True if an event of this type may change more than what is known of when its thread was last seen. */
bool sk_state_handles(uint16_t type);

/*
 * True if a call of this type that succeeded may change what rules see of a
 * thread, or of its process, beyond fds and memory.  Threads that begin and end
 * do, too, and are no such calls.
 */
bool sk_state_changes_threads(uint16_t type);

/*
 * Raised whenever a thread that others descend from changes visibly, or a
 * parent link changes: what was found for (thread, revision, lineage epoch)
 * about a thread's ancestors holds as long as the three are the same.
 */
uint32_t sk_state_lineage_epoch(const struct sk_state *state);

/*
 * Raised whenever any thread comes, goes or changes visibly: for what is found
 * through an id instead of the ancestors (proc.sname, proc.pgid.name ...).
 */
uint32_t sk_state_leader_epoch(const struct sk_state *state);

const struct sk_thread_table *sk_state_threads(const struct sk_state *state);
struct sk_users *sk_state_users(const struct sk_state *state);
struct sk_containers *sk_state_containers(const struct sk_state *state);
const struct sk_machine_entry *sk_state_machine(const struct sk_state *state);

/* Why a container's metadata is not known, in a word or two: "pending". */
const char *sk_state_why_no_metadata(const struct sk_state *state, const struct sk_string *container_id);

/* What was lost, as notes of events told. */
const struct sk_losses *sk_state_losses(const struct sk_state *state);

/* True if the address (4 or 16 bytes, network order) is one of this machine's. */
bool sk_state_is_local_address(const struct sk_state *state, const uint8_t *address, unsigned length);

struct sk_state_stats sk_state_stats(const struct sk_state *state);

/*
 * The path that a parameter of a *at call names (spec/state.md section 4.4):
 * absolute as it is given, else joined with the cwd or the directory's name.
 * Written to `buffer`, which is cleared first.
 */
void sk_state_resolve_path(const struct sk_event_view *view, int64_t dirfd, const char *path, uint32_t length,
			   char ret_path[1024], uint32_t *ret_length);

#endif
