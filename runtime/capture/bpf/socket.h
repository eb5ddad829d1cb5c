/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Socket addresses and tuples on the wire (spec/event-schema.md section 3).
 */
#ifndef SK_CAPTURE_BPF_SOCKET_H
#define SK_CAPTURE_BPF_SOCKET_H

#include "runtime/capture/bpf/file.h"

#include <bpf/bpf_endian.h>

enum { SK_UNIX_PATH = 108 };

/* A user's struct sockaddr: enough of it for every family that is sent. */
struct sk_address {
	__u16 family;
	union {
		struct {
			__u16 port; /* network order */
			__u32 ip;
		} __attribute__((packed)) inet;
		struct {
			__u16 port;
			__u32 flow;
			__u8 ip[16];
		} __attribute__((packed)) inet6;
		char path[SK_UNIX_PATH + 2];
	};
} __attribute__((packed, aligned(8)));

/* Reads what of the address is there; family 0 if nothing is. */
static __always_inline void sk_address_read(struct sk_address *address, __u64 pointer, __u64 size)
{
	__u32 length = size < 2 + SK_UNIX_PATH ? size : 2 + SK_UNIX_PATH;

	__builtin_memset(address, 0, sizeof(*address));
	sk_barrier(length);
	length &= 127;
	if (length > 2 + SK_UNIX_PATH || bpf_probe_read_user(address, length, (const void *)pointer))
		address->family = 0;
}

/* A name that was cut at its size, with a NUL of its own; abstract names lose their leading one. */
static __always_inline __u32 sk_store_unix_path(__u8 *place, const char *path)
{
	__u64 skip = !path[0];
	long size;

	/* Without these the compiler makes the sum an "or", which is not for pointers. */
	sk_barrier(path);
	sk_barrier(skip);
	size = bpf_probe_read_kernel_str(place, SK_UNIX_PATH + 1, path + (skip & 1));
	if (size <= 0) {
		*place = 0;
		return 1;
	}
	return size;
}

/* The parameter type SOCKADDR, of `size` bytes that were read. */
static __always_inline void sk_put_address_read(struct sk_scratch *scratch, const struct sk_address *address,
						__u64 size)
{
	__u8 *place = sk_event_place(scratch);
	__u32 length = 0;

	if (address->family == AF_INET && size >= 8) {
		place[0] = AF_INET;
		*(__u32 *)(place + 1) = address->inet.ip;
		*(__u16 *)(place + 5) = bpf_ntohs(address->inet.port);
		length = 7;
	} else if (address->family == AF_INET6 && size >= 24) {
		place[0] = AF_INET6;
		__builtin_memcpy(place + 1, address->inet6.ip, 16);
		*(__u16 *)(place + 17) = bpf_ntohs(address->inet6.port);
		length = 19;
	} else if (address->family == AF_UNIX && size > 2) {
		place[0] = AF_UNIX;
		length = 1 + sk_store_unix_path(place + 1, address->path);
	}
	sk_event_advance(scratch, length);
}

/* The same, of the caller's memory. */
static __always_inline void sk_put_address(struct sk_scratch *scratch, __u64 pointer, __u64 size)
{
	struct sk_address address;

	sk_address_read(&address, pointer, size);
	sk_put_address_read(scratch, &address, size);
}

/* The kernel's socket behind a file; NULL if it is none. */
static __always_inline struct sock *sk_sock_of_file(const struct file *file)
{
	struct socket *socket;

	if (!file || BPF_CORE_READ(file, f_inode, i_sb, s_magic) != SOCKET_MAGIC)
		return NULL;
	socket = BPF_CORE_READ(file, private_data);
	return socket ? BPF_CORE_READ(socket, sk) : NULL;
}

static __always_inline struct sock *sk_sock_of_fd(__s64 fd)
{
	return sk_sock_of_file(sk_file_of_fd(fd));
}

static __always_inline void sk_put_tuple_inet(struct sk_scratch *scratch, struct sock *sock, bool outbound,
					      const struct sk_address *user)
{
	struct inet_sock *inet = (struct inet_sock *)sock;
	__u8 *place = sk_event_place(scratch);
	__u32 local = BPF_CORE_READ(inet, inet_saddr);
	__u16 local_port = bpf_ntohs(BPF_CORE_READ(inet, inet_sport));
	__u32 remote = BPF_CORE_READ(sock, __sk_common.skc_daddr);
	__u16 remote_port = bpf_ntohs(BPF_CORE_READ(sock, __sk_common.skc_dport));

	if (!remote_port && user->family == AF_INET) {
		remote = user->inet.ip;
		remote_port = bpf_ntohs(user->inet.port);
	}
	place[0] = AF_INET;
	*(__u32 *)(place + 1) = outbound ? local : remote;
	*(__u16 *)(place + 5) = outbound ? local_port : remote_port;
	*(__u32 *)(place + 7) = outbound ? remote : local;
	*(__u16 *)(place + 11) = outbound ? remote_port : local_port;
	sk_event_advance(scratch, 13);
}

static __always_inline void sk_put_tuple_inet6(struct sk_scratch *scratch, struct sock *sock, bool outbound,
					       const struct sk_address *user)
{
	struct inet_sock *inet = (struct inet_sock *)sock;
	__u8 *place = sk_event_place(scratch);
	__u8 *local = place + (outbound ? 1 : 19), *remote = place + (outbound ? 19 : 1);
	__u16 remote_port = bpf_ntohs(BPF_CORE_READ(sock, __sk_common.skc_dport));

	place[0] = AF_INET6;
	BPF_CORE_READ_INTO((struct in6_addr *)local, sock, __sk_common.skc_v6_rcv_saddr);
	*(__u16 *)(local + 16) = bpf_ntohs(BPF_CORE_READ(inet, inet_sport));
	if (!remote_port && user->family == AF_INET6) {
		__builtin_memcpy(remote, user->inet6.ip, 16);
		remote_port = bpf_ntohs(user->inet6.port);
	} else {
		BPF_CORE_READ_INTO((struct in6_addr *)remote, sock, __sk_common.skc_v6_daddr);
	}
	*(__u16 *)(remote + 16) = remote_port;
	sk_event_advance(scratch, 37);
}

/* The name of a unix socket, into `path`, which has zeroes. */
static __always_inline void sk_unix_name(struct sock *sock, char *path)
{
	struct unix_address *address = BPF_CORE_READ((struct unix_sock *)sock, addr);
	int length;

	if (!address)
		return;
	length = BPF_CORE_READ(address, len) - (int)sizeof(__u16);
	if (length <= 0)
		return;
	if (length > SK_UNIX_PATH)
		length = SK_UNIX_PATH;
	bpf_probe_read_kernel(path, length, address->name[0].sun_path);
}

static __always_inline void sk_put_tuple_unix(struct sk_scratch *scratch, struct sock *sock, bool outbound,
					      struct sk_address *user)
{
	__u8 *place = sk_event_place(scratch);
	struct sock *peer = BPF_CORE_READ((struct unix_sock *)sock, peer);

	place[0] = AF_UNIX;
	*(__u64 *)(place + 1) = (__u64)(outbound ? peer : sock);
	*(__u64 *)(place + 9) = (__u64)(outbound ? sock : peer);
	/* The caller's address is what is left when there is no peer to ask. */
	if (!outbound || peer || user->family != AF_UNIX) {
		__builtin_memset(user, 0, sizeof(*user));
		sk_unix_name(outbound ? peer : sock, user->path);
	}
	sk_event_advance(scratch, 17 + sk_store_unix_path(place + 17, user->path));
}

/*
 * The parameter type SOCKTUPLE of a socket (NULL: none): empty for anything
 * but the three families.  `user` is the caller's own address, or of family 0;
 * it counts only where the kernel has none.
 */
static __always_inline void sk_put_tuple_of(struct sk_scratch *scratch, struct sock *sock, bool outbound,
					    struct sk_address *user)
{
	__u16 family = sock ? BPF_CORE_READ(sock, __sk_common.skc_family) : 0;

	if (family == AF_INET)
		sk_put_tuple_inet(scratch, sock, outbound, user);
	else if (family == AF_INET6)
		sk_put_tuple_inet6(scratch, sock, outbound, user);
	else if (family == AF_UNIX)
		sk_put_tuple_unix(scratch, sock, outbound, user);
	else
		sk_put_empty(scratch);
}

/* The same of an fd; `pointer` and `size` are the caller's own address, or 0. */
static __always_inline void sk_put_tuple(struct sk_scratch *scratch, __s64 fd, bool outbound, __u64 pointer,
					 __u64 size)
{
	struct sk_address user;

	sk_address_read(&user, pointer, pointer ? size : 0);
	sk_put_tuple_of(scratch, sk_sock_of_fd(fd), outbound, &user);
}

#endif
