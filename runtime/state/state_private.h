/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of the state engine: what its families of events share.
 *
 *   state.c              the pipeline of one event
 *   state_entries.c      what was there before the events; /proc
 *   state_dump.c         the opposite: what is there now
 *   state_process.c      clone, exec
 *   state_exit.c         exit, reaper, removal, purge
 *   state_credentials.c  ids, capabilities, namespaces, limits, cwd
 *   state_fd.c           open, close, dup, pipe and the other kinds of fd
 *   state_socket.c       sockets: socket, bind, connect, accept, data calls
 *   state_metadata.c     users, groups, containers
 */
#ifndef SK_STATE_PRIVATE_H
#define SK_STATE_PRIVATE_H

#include "runtime/state/container_table.h"
#include "runtime/state/fd_table.h"
#include "runtime/state/path.h"
#include "runtime/state/state.h"
#include "runtime/state/string_pool.h"
#include "runtime/state/thread_table.h"
#include "runtime/state/user_table.h"
#include "vm/notes.h"

struct sk_recent_exits;

/* Users that were asked for in vain, so that nobody asks at every exec. */
enum { SK_ASKED_USERS = 64 };

struct sk_asked_user {
	uint64_t key, ts;
};

/* The cgroups that were looked at last, and the container id that was found in them. */
enum { SK_MATCHED_CGROUPS = 16 };

struct sk_matched_cgroups {
	struct sk_string *cgroups; /* NULL: none */
	struct sk_string *container_id;
};

struct sk_state {
	struct sk_string_pool *strings;
	struct sk_fd_pool fds;
	struct sk_thread_table threads;
	struct sk_users *users;
	struct sk_containers *containers;
	struct sk_machine_entry machine;
	/*
	 * What makes a time since boot one since the epoch; 0 in a replay: there
	 * the reference leaves such times as they are, whatever the capture says.
	 */
	uint64_t boot_ts;
	struct sk_interface_entry *interfaces;
	uint32_t interface_count, interface_capacity;
	struct sk_buffer remainder;     /* of a capture, until its entries are complete */
	uint64_t listening[65536 / 64]; /* a bit for each port that a process was found to listen on */

	struct sk_state_source source;
	bool live; /* there is a source */
	void (*learned)(void *context, const uint8_t *bytes, size_t size);
	void *learned_context;
	struct sk_buffer learned_event;
	struct sk_losses losses;
	uint64_t now;
	uint64_t next_purge;       /* 0: not planned yet */
	uint64_t fd_lookup_second; /* that `fd_lookups` are of */
	uint32_t fd_lookups;

	/* What the last event left for this one to do: the rules had to see it first. */
	bool settle;
	bool exit_pending, close_pending;
	int64_t exit_tid;
	int64_t close_tid, close_fd;
	unsigned removed_container_length;
	char removed_container[64];
	bool removal_is_learned; /* no event told of it */

	struct sk_recent_exits *recent;
	struct sk_string *enter_bytes; /* the enter event in use */
	struct sk_event enter;
	struct sk_asked_user asked[SK_ASKED_USERS];
	struct sk_matched_cgroups matched[SK_MATCHED_CGROUPS];
	unsigned next_matched; /* the one that makes room */
	struct sk_state_stats stats;
};

typedef void sk_state_handler(struct sk_state *state, struct sk_event_view *view);

/* What the event returned; 0 if it has no such thing. */
static inline int64_t sk_state_result(const struct sk_event_view *view)
{
	return sk_event_signed(&view->event, 0, 0);
}

/* The bytes of a parameter; NULL and 0 if the event has no such. */
static inline const char *sk_state_bytes(const struct sk_event_view *view, unsigned index, uint32_t *ret_length)
{
	if (index >= view->event.nparams) {
		*ret_length = 0;
		return NULL;
	}
	*ret_length = view->event.param[index].length;
	return (const char *)view->event.param[index].bytes;
}

/* --- threads ----------------------------------------------------------- */

/*
 * The thread, from /proc if need be, and if that does not know it either, an
 * entry that says so (section 6.1).  NULL only if the table is full.
 */
struct sk_thread *sk_state_get_thread(struct sk_state *state, int64_t tid);

/*
 * Binds the event to its thread and fd (section 2); false if it is not one
 * that a thread makes, even if it names one, or the thread is not known.
 */
bool sk_state_bind(struct sk_state *state, struct sk_event_view *view);

/* remove_thread of section 3.6. */
void sk_state_remove_thread(struct sk_state *state, int64_t tid);

/* The threads that exited lately: (ptid, tid) at a time. */
int sk_recent_exits_create(struct sk_recent_exits **ret_recent);
void sk_recent_exits_destroy(struct sk_recent_exits *recent);
void sk_recent_exits_clear(struct sk_recent_exits *recent);
void sk_recent_exits_add(struct sk_recent_exits *recent, int64_t ptid, int64_t tid, uint64_t ts);
bool sk_recent_exits_has(const struct sk_recent_exits *recent, int64_t ptid, int64_t tid, uint64_t ts);
/* Those that still count at `ts`, the oldest first. */
void sk_recent_exits_visit(const struct sk_recent_exits *recent, uint64_t ts,
			   void (*visit)(void *context, int64_t ptid, int64_t tid, uint64_t ts), void *context);

/* Looks at long silent threads from time to time; live only (section 6.3). */
void sk_state_purge(struct sk_state *state);

/* --- entries and metadata ---------------------------------------------- */

/* Fetches a thread from the source.  False if there is none, or it knows nothing. */
bool sk_state_lookup(struct sk_state *state, int64_t tid);

/* One fd of a thread that came through a socket; live only. */
void sk_state_lookup_fd(struct sk_state *state, struct sk_thread *thread, int64_t fd);

/* Does what the last event put off, which then is over. */
void sk_state_settle(struct sk_state *state);

/* Frees their names. */
void sk_state_forget_interfaces(struct sk_state *state);

/* Gives every connection of the thread its direction (section 6.2, fix_sockets). */
void sk_state_fix_sockets(struct sk_state *state, struct sk_thread *thread);

/* Finds the container id in the thread's cgroups, if they were not looked at yet (section 8.2). */
void sk_state_match_container(struct sk_state *state, struct sk_thread *thread);

/* Forgets the answers to such questions. */
void sk_state_forget_matches(struct sk_state *state);

/* Makes sure that the names of the thread's ids are known, as far as the source can tell. */
void sk_state_need_users(struct sk_state *state, const struct sk_thread *thread);

/* Removes the container that the last event ended. */
void sk_state_end_container(struct sk_state *state);

/* Threads of this container show other metadata or names now. */
void sk_state_container_changed(struct sk_state *state, const struct sk_string *container_id);

/* --- fds --------------------------------------------------------------- */

/* Adds an fd to the thread's process, which makes it the thread's last one. */
struct sk_fd *sk_state_add_fd(struct sk_state *state, struct sk_event_view *view, int64_t fd, enum sk_fd_type type);
struct sk_fd *sk_state_add_fd_copy(struct sk_state *state, struct sk_event_view *view, int64_t fd,
				   const struct sk_fd *source);

/* view->fd for writing; NULL if there is none. */
struct sk_fd *sk_state_edit_fd(struct sk_state *state, struct sk_event_view *view);

/* Sets the name and takes note if it is another one. */
void sk_state_set_fd_name(struct sk_state *state, struct sk_event_view *view, struct sk_fd *fd, const char *name,
			  size_t length);

/*
 * The directory that `dirfd` stands for, when the path is relative to it
 * (section 4.4); valid until the state changes.  `*ret_fd`: its entry, NULL
 * unless it was looked up.
 */
const char *sk_state_directory(const struct sk_thread *thread, int64_t dirfd, const char *path,
			       uint32_t path_length, char buffer[SK_PATH_SIZE + 1], size_t *ret_length,
			       struct sk_fd **ret_fd);

/* An interface address for an end of a connection that nobody named (section 4.7). */
void sk_state_complete_tuple(const struct sk_state *state, struct sk_fd *fd);

/* A v4-mapped IPv6 address, or the one of all zeroes; and its IPv4 form in the first 4 bytes. */
bool sk_address_is_mapped(const uint8_t address[16]);
void sk_address_unmap(uint8_t address[16]);

static inline void sk_fd_swap_ends(struct sk_fd *fd)
{
	uint8_t address[16];
	uint16_t port = fd->source_port;

	memcpy(address, fd->source, sizeof(address));
	memcpy(fd->source, fd->destination, sizeof(address));
	memcpy(fd->destination, address, sizeof(address));
	fd->source_port = fd->destination_port;
	fd->destination_port = port;
}

/* The text "1.2.3.4:5->6.7.8.9:10" or "1.2.3.4:5" of a socket with an address. */
uint32_t sk_state_socket_name(const struct sk_fd *fd, char ret_name[128]);

/* --- handlers, by the event that they take ------------------------------ */

sk_state_handler sk_state_clone, sk_state_exec, sk_state_exit;
sk_state_handler sk_state_setuid, sk_state_setresuid, sk_state_setgid, sk_state_setresgid, sk_state_setsid,
	sk_state_prctl, sk_state_capset, sk_state_unshare, sk_state_setns, sk_state_chroot, sk_state_chdir,
	sk_state_fchdir, sk_state_rlimit, sk_state_prlimit, sk_state_memory, sk_state_switch;
/* Takes what an event tells of files that it uses and of which the state was not told. */
void sk_state_take_files(struct sk_state *state, const struct sk_event *event);

/* Takes what an event tells of files that it uses and whose open was held back. */
void sk_state_take_files(struct sk_state *state, const struct sk_event *event);

sk_state_handler sk_state_open, sk_state_creat, sk_state_openat, sk_state_openat2, sk_state_open_by_handle,
	sk_state_close, sk_state_close_range, sk_state_dup, sk_state_dup3, sk_state_fcntl, sk_state_pipe,
	sk_state_pipe2, sk_state_eventfd, sk_state_eventfd2, sk_state_signalfd, sk_state_signalfd4,
	sk_state_timerfd, sk_state_inotify, sk_state_inotify1, sk_state_epoll, sk_state_epoll1, sk_state_bpf,
	sk_state_userfaultfd, sk_state_io_uring, sk_state_memfd, sk_state_pidfd_open, sk_state_pidfd_getfd;
sk_state_handler sk_state_socket, sk_state_socketpair, sk_state_bind_socket, sk_state_connect, sk_state_accept,
	sk_state_accept4, sk_state_read, sk_state_recvfrom, sk_state_recv, sk_state_recvmsg, sk_state_recvmmsg,
	sk_state_write, sk_state_send, sk_state_sendto, sk_state_sendmmsg;
sk_state_handler sk_state_user_added, sk_state_user_deleted, sk_state_group_added, sk_state_group_deleted,
	sk_state_async, sk_state_container_json;

#endif
