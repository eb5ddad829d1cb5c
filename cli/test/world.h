/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a test case says was there and what happened, ready to be made a
 * capture:
 *
 *   users, groups
 *   containers ◄── processes ──► parents, up to pid 1
 *                      ▲ └─► fds
 *                      └── events, in order
 *
 * Everything lives in the reader's arena.
 */
#ifndef SK_CLI_TEST_WORLD_H
#define SK_CLI_TEST_WORLD_H

#include "cli/test/decode.h"
#include "runtime/synth/synth.h"
#include "runtime/synth/value.h"
#include "vm/notes.h"

enum {
	SK_TEST_PROCESS_LIMIT = 1000,
	SK_TEST_EVENT_LIMIT = 100 * 1000,
	SK_TEST_FD_LIMIT = 1000,
	SK_TEST_COMM_LIMIT = 15, /* the kernel's */
};

/* An fd that is open when the events begin. */
struct sk_test_fd {
	struct sk_fd_entry entry;
	/* A connection: made by calls, so that client and server are known; its type is UNKNOWN then. */
	bool connected, inbound;
	uint32_t socket_type; /* 1 stream, 2 datagram, 3 raw */
	uint32_t protocol;
	struct sk_synth_end source, destination;
};

struct sk_test_process {
	const char *name;              /* for `by`; NULL: only by its comm */
	struct sk_process_entry entry; /* when the events begin */
	struct sk_process_entry now;   /* after those decoded so far */
	uint32_t parent;               /* number of the process; SK_TEST_NOBODY: pid 1 */
	uint32_t container;            /* number plus 1; 0: the host */
	uint32_t user;                 /* number */
	struct sk_test_fd *fds;
	uint32_t fd_count, fd_capacity;
	bool begins; /* its first event starts it: until then it is a copy of its parent */
	bool born;   /* a fork of the case makes it */
};

enum { SK_TEST_NOBODY = UINT32_MAX };

struct sk_test_user {
	struct sk_user_entry entry;
	const char *group;
};

struct sk_test_container {
	const char *key; /* how it was written, to find it again */
	struct sk_synth_container container;
	struct sk_bytes cgroups;
};

struct sk_test_event {
	struct sk_synth_event event;
	struct sk_span span;
	uint64_t after;        /* ns that pass before it; 0: a millisecond */
	struct sk_lost *lost;  /* between the event before and it, by class; NULL: nothing */
	uint8_t socket_family; /* a socket that is made before it, unseen; 0: none */
	uint32_t socket_type;
	uint32_t socket_protocol;
};

struct sk_test_world {
	struct sk_test_reader *reader;
	struct sk_test_user *users;
	uint32_t user_count, user_capacity;
	struct sk_test_container *containers;
	uint32_t container_count, container_capacity;
	struct sk_test_process *processes; /* 0: pid 1 */
	uint32_t process_count, process_capacity;
	struct sk_test_event *events;
	uint32_t event_count, event_capacity;
	int64_t next_pid;
	uint32_t next_uid;
	uint32_t actor; /* who does what nobody else is said to do */
};

/* The machine as it is in every case: its users, and pid 1. */
void sk_test_world_init(struct sk_test_world *world, struct sk_test_reader *reader);

/* --- entry.c ----------------------------------------------------------- */

/* Keys of a process, up to NULL. */
extern const char *const sk_test_process_keys[];

/*
 * What a node, a command line or a mapping, says of a process, over what `entry` holds already; but for parents,
 * container, pid and fds, which are decided before or after.  False after reporting.
 */
bool sk_test_decode_entry(struct sk_test_world *world, const struct sk_yaml_node *node, uint32_t *user,
			  struct sk_process_entry *entry);

/* What the kernel calls a process that runs this file. */
struct sk_bytes sk_test_comm(struct sk_bytes path);

/* --- process.c --------------------------------------------------------- */

/*
 * Adds the process that a node describes, and its parents.  `container` is that of the case: number plus 1.
 * Its number; SK_TEST_NOBODY after reporting.
 */
uint32_t sk_test_add_process(struct sk_test_world *world, const struct sk_yaml_node *node, const char *name,
			     uint32_t container);

/* The process of cases that describe none: a shell. */
uint32_t sk_test_add_shell(struct sk_test_world *world, uint32_t container);

/*
 * What a process becomes by starting the program that a node describes, a command line or a mapping, of which keys
 * that are no process's are left to the caller; NULL after reporting.
 */
struct sk_process_entry *sk_test_image(struct sk_test_world *world, const struct sk_yaml_node *node,
				       const struct sk_test_process *process);

/* A copy of a process with a pid of its own, for a fork.  Its number. */
uint32_t sk_test_add_child(struct sk_test_world *world, uint32_t parent, const char *name);

/* By its name, or else its comm; SK_TEST_NOBODY if there is none. */
uint32_t sk_test_find_process(const struct sk_test_world *world, const char *name);

/* "did you mean" from the processes. */
const char *sk_test_suggest_process(struct sk_test_world *world, const char *name);

/* --- user.c ------------------------------------------------------------ */

/* The user of a name or number, which is added if it is new. */
uint32_t sk_test_find_user(struct sk_test_world *world, const char *text);
/* The same of a name, number, or mapping; false after reporting. */
bool sk_test_decode_user(struct sk_test_world *world, const struct sk_yaml_node *node, uint32_t *ret_user);
/* The number of a group's name. */
uint32_t sk_test_find_group(struct sk_test_world *world, const char *text);

/* --- container.c ------------------------------------------------------- */

/* The number plus 1 of the container that a node describes; 0 for the host; SK_TEST_NOBODY after reporting. */
uint32_t sk_test_add_container(struct sk_test_world *world, const struct sk_yaml_node *node);

/* --- fd.c -------------------------------------------------------------- */

/*
 * What a text says of an fd: a number, a path, a connection ...  A number is
 * that fd; anything else is opened for `process` unless it is already.  False
 * after reporting.
 */
bool sk_test_open_fd(struct sk_test_world *world, uint32_t process, const struct sk_yaml_node *node,
		     int64_t *ret_fd);

/* The same under a number of its own. */
bool sk_test_open_fd_as(struct sk_test_world *world, uint32_t process, const struct sk_yaml_node *node, int64_t fd);

/* "udp 1.2.3.4:53": takes the word before an address; the type and protocol of a socket. */
void sk_test_take_protocol(const char **text, uint32_t *length, uint32_t *ret_type, uint32_t *ret_protocol);

/* --- event.c ----------------------------------------------------------- */

/* Appends a note to those of an event, in the arena.  False if there is no room. */
bool sk_test_add_note(struct sk_test_reader *reader, struct sk_synth_event *event, enum sk_note_kind kind,
		      uint8_t param, const void *bytes, size_t size);

/* Adds the event that a node describes.  False after reporting. */
bool sk_test_add_event(struct sk_test_world *world, const struct sk_yaml_node *node);

/* --- world.c ----------------------------------------------------------- */

/*
 * Makes the capture.  `*ret_owners` has a number for each of its events, in
 * the reader's arena: which event of the case it is, counted from 1, or 0.
 * Negative errno after reporting.
 */
int sk_test_world_capture(struct sk_test_world *world, struct sk_span span, struct sk_buffer *ret_capture,
			  uint32_t **ret_owners, uint32_t *ret_owner_count);

#endif
