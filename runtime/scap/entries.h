/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was already there when the events begin: the machine, its interfaces,
 * users and groups, processes and their fds.  A capture's metadata blocks and
 * a scan of /proc both give these, the state engine takes them, and the
 * capture writer stores them (spec/scap-format.md sections 2 to 6).
 *
 * All pointers belong to the giver and are valid only during the call.
 */
#ifndef SK_SCAP_ENTRIES_H
#define SK_SCAP_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A run of bytes, not NUL-terminated. */
struct sk_bytes {
	const char *bytes;
	uint32_t length;
};

struct sk_machine_entry {
	uint32_t num_cpus;
	uint64_t memory_size;
	uint64_t max_pid;
	char hostname[128]; /* NUL-terminated */
	uint64_t boot_ts;   /* ns since the epoch; 0: unknown */
};

struct sk_interface_entry {
	uint8_t family_length;                           /* 4 or 16 */
	uint8_t address[16], netmask[16], broadcast[16]; /* network order */
	uint64_t link_speed;
	struct sk_bytes name;
};

struct sk_user_entry {
	uint32_t uid, gid;
	struct sk_bytes name, home, shell;
};

struct sk_group_entry {
	uint32_t gid;
	struct sk_bytes name;
};

/* Absent numbers: ids -1, loginuid UINT32_MAX, others 0. */
struct sk_process_entry {
	int64_t tid, pid, ptid, sid, vpgid, pgid, vtid, vpid;
	struct sk_bytes comm, exe, exepath, cwd, root;
	struct sk_bytes args, env, cgroups; /* strings with their NULs, one after another */
	int64_t fdlimit;
	uint32_t flags; /* wire values of the clone_flags table */
	uint32_t uid, gid, loginuid;
	uint32_t vmsize_kb, vmrss_kb, vmswap_kb;
	uint64_t pfmajor, pfminor;
	uint64_t pidns_init_start_ts; /* ns since the epoch */
	uint64_t clone_ts;            /* ns since the epoch; 0: unknown (never in a capture) */
	uint32_t tty;
	uint64_t cap_inheritable, cap_permitted, cap_effective;
	uint64_t exe_ino, exe_ino_ctime, exe_ino_mtime;
	bool exe_writable, exe_upper_layer, exe_lower_layer, exe_from_memfd;
};

/* Kinds of fd: spec/scap-format.md section 6. */
enum sk_fd_type {
	SK_FD_UNKNOWN = 0,
	SK_FD_FILE = 1,
	SK_FD_DIRECTORY = 2,
	SK_FD_IPV4_SOCK = 3,
	SK_FD_IPV6_SOCK = 4,
	SK_FD_IPV4_SERVSOCK = 5,
	SK_FD_IPV6_SERVSOCK = 6,
	SK_FD_FIFO = 7,
	SK_FD_UNIX_SOCK = 8,
	SK_FD_EVENT = 9,
	SK_FD_UNSUPPORTED = 10,
	SK_FD_SIGNALFD = 11,
	SK_FD_EVENTPOLL = 12,
	SK_FD_INOTIFY = 13,
	SK_FD_TIMERFD = 14,
	SK_FD_NETLINK = 15,
	SK_FD_FILE_V2 = 16,
	SK_FD_BPF = 17,
	SK_FD_USERFAULTFD = 18,
	SK_FD_IOURING = 19,
	SK_FD_MEMFD = 20,
	SK_FD_PIDFD = 21,
	SK_FD_TYPE_COUNT
};

enum sk_l4_protocol { SK_L4_UNKNOWN, SK_L4_NA, SK_L4_TCP, SK_L4_UDP, SK_L4_ICMP, SK_L4_RAW };

/*
 * Addresses in network order, ports in host order.  For SERVSOCK kinds only
 * the destination is set; IPv4 addresses are the first 4 bytes.
 */
struct sk_fd_entry {
	int64_t fd;
	uint64_t ino;
	uint32_t dev;
	uint32_t open_flags; /* wire values of the file_flags table */
	uint8_t type;        /* enum sk_fd_type */
	uint8_t l4;          /* enum sk_l4_protocol */
	uint16_t source_port, destination_port;
	uint8_t source[16], destination[16];
	uint64_t unix_source, unix_destination;
	struct sk_bytes name;
};

/*
 * Who takes the entries.  A callback may be NULL; one that returns a negative
 * errno ends the reading.  `restart` says that everything before is void: a
 * second capture was appended to the first.
 *
 * Two are for what a state gives that is at work (sk_state_dump()): `remainder`
 * gets what the other entries have no room for, in bytes that only the state
 * understands, behind the processes and fds it is about; `event` comes when
 * everything is complete, with what only events can tell.
 */
struct sk_entry_sink {
	void *context;
	int (*machine)(void *context, const struct sk_machine_entry *entry);
	int (*interface)(void *context, const struct sk_interface_entry *entry);
	int (*user)(void *context, const struct sk_user_entry *entry);
	int (*group)(void *context, const struct sk_group_entry *entry);
	int (*process)(void *context, const struct sk_process_entry *entry);
	int (*fd)(void *context, int64_t tid, const struct sk_fd_entry *entry);
	int (*remainder)(void *context, const uint8_t *bytes, size_t size);
	int (*complete)(void *context); /* all entries are in; events follow */
	int (*event)(void *context, const uint8_t *bytes, size_t size, bool state_only);
	int (*restart)(void *context);
};

#endif
