/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sockets of a network namespace by inode number, from the tables in
 * /proc/PID/net.
 *
 *   namespaces[i]: "net:[4026531840]" ─► sockets, sorted by inode
 *                                        { inode, kind, addresses } ...
 *                                        unix names in one run of text
 */
#ifndef SK_CAPTURE_PROC_NET_H
#define SK_CAPTURE_PROC_NET_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/scap/entries.h"

enum { SK_PROC_NET_NAMESPACES = 16 };

struct sk_proc_socket {
	struct sk_fd_entry entry; /* name: offset in `names` */
	uint32_t name;
};

struct sk_proc_net_namespace {
	char name[64];
	struct sk_proc_socket *sockets;
	size_t count, capacity;
	char *names;
	size_t names_length, names_capacity;
};

/* Begins with all zeroes; the oldest namespace makes room for a new one. */
struct sk_proc_net {
	struct sk_proc_net_namespace namespaces[SK_PROC_NET_NAMESPACES];
	unsigned count, next;
};

/*
 * Fills everything but `fd` for the socket with this inode number in the
 * network namespace of process `pid`.  -ENOENT when no table has it.  The name
 * is valid until the next call.
 */
int sk_proc_net_find(struct sk_proc_net *net, int64_t pid, uint64_t inode, struct sk_fd_entry *ret_entry);

void sk_proc_net_release(struct sk_proc_net *net);

#endif
