/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An fd as the rules see it (spec/state.md section 4), and a process's table
 * of them.
 */
#ifndef SK_STATE_FD_H
#define SK_STATE_FD_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/scap/entries.h"
#include "runtime/state/string.h"
#include "vm/vm.h"

enum { SK_FD_TABLE_LIMIT = 4096 };

enum sk_fd_flag {
	SK_FD_FLAG_ROLE_CLIENT = 1 << 0,
	SK_FD_FLAG_ROLE_SERVER = 1 << 1,
	SK_FD_FLAG_CONNECTED = 1 << 2,
	SK_FD_FLAG_PENDING = 1 << 3,
	SK_FD_FLAG_FAILED = 1 << 4,
	SK_FD_FLAG_FROM_PROC = 1 << 6,
	SK_FD_FLAG_UPPER_LAYER = 1 << 7,
	SK_FD_FLAG_LOWER_LAYER = 1 << 8,
	/* The path that it was opened by could not be read, or is relative to a directory that is in doubt. */
	SK_FD_FLAG_PATH_UNREADABLE = 1 << 9,
	SK_FD_FLAG_PATH_DOUBTFUL = 1 << 10,
};

/*
 * Sockets: the source is the client's end, the destination the server's; a
 * SERVSOCK has only the destination.  Addresses in network order (IPv4: the
 * first 4 bytes), ports in host order.
 */
struct sk_fd {
	int64_t fd;
	uint8_t type;        /* enum sk_fd_type */
	uint8_t l4;          /* enum sk_l4_protocol */
	uint16_t flags;      /* SK_FD_FLAG_* */
	uint32_t open_flags; /* wire values */
	uint32_t dev;
	uint16_t source_port, destination_port;
	uint8_t source[16], destination[16];
	uint64_t unix_source, unix_destination;
	uint64_t ino;
	int64_t pid;                       /* pidfd: the process it stands for, -1 otherwise */
	struct sk_string *name, *name_raw; /* never NULL */

	/*
	 * Owned by fd.c.  After a fork both processes share one entry until one
	 * of them changes it; `revision` is another number after every change.
	 */
	uint32_t references;
	uint32_t revision;
	struct sk_vm_cache class; /* the engine's; holds for one revision */
	uint32_t known;           /* stamp of what is known of it (loss.h) */
};

struct sk_fd_table;

/* The entry, NULL if it is not known or negative.  Valid until the table changes. */
struct sk_fd *sk_fd_find(const struct sk_fd_table *table, int64_t fd);

/* Number of entries. */
uint32_t sk_fd_table_count(const struct sk_fd_table *table);

/* The next entry at or behind cursor `*cursor` (start with 0); NULL at the end. */
struct sk_fd *sk_fd_table_next(const struct sk_fd_table *table, uint32_t *cursor);

static inline bool sk_fd_is_inet(const struct sk_fd *fd)
{
	return fd->type >= SK_FD_IPV4_SOCK && fd->type <= SK_FD_IPV6_SERVSOCK;
}

/* "ipv4", "file" ... and the one letter, as fd.type and fd.typechar show them. */
const char *sk_fd_type_name(enum sk_fd_type type);
char sk_fd_type_char(enum sk_fd_type type);

#endif
