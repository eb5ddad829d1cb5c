/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Making and joining connections, and socket options.
 */
#include "runtime/capture/bpf/flag_maps.h"
#include "runtime/capture/bpf/socket.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

enum { SOL_SOCKET = 1, SO_ERROR = 4, SO_COOKIE = 57 };

/* Options of SOL_SOCKET that are an int: bit n is option n. */
static const __u64 number_options = 1ULL << 1 | 1ULL << 2 | 1ULL << 3 | 1ULL << 5 | 1ULL << 6 | 1ULL << 7 |
				    1ULL << 8 | 1ULL << 9 | 1ULL << 10 | 1ULL << 11 | 1ULL << 12 | 1ULL << 14 |
				    1ULL << 15 | 1ULL << 16 | 1ULL << 18 | 1ULL << 19 | 1ULL << 29 | 1ULL << 30 |
				    1ULL << 32 | 1ULL << 33 | 1ULL << 34 | 1ULL << 35 | 1ULL << 36 | 1ULL << 37 |
				    1ULL << 38 | 1ULL << 39 | 1ULL << 40 | 1ULL << 41 | 1ULL << 42 | 1ULL << 43 |
				    1ULL << 44 | 1ULL << 45 | 1ULL << 46 | 1ULL << 48 | 1ULL << 49;

SEC("tp_btf/sys_exit")
int sk_exit_connect(void *context)
{
	struct sk_scratch *scratch = sk_scratch_taken();
	__s64 fd;
	__u64 address, size;

	if (!scratch)
		return 0;
	fd = (__s32)scratch->arguments[0];
	address = scratch->arguments[1];
	size = (__u32)scratch->arguments[2];
	sk_event_begin_call(scratch);
	sk_put_u64(scratch, scratch->result);
	if (scratch->result == 0 || scratch->result == -EINPROGRESS)
		sk_put_tuple(scratch, fd, true, address, size);
	else
		sk_put_empty(scratch);
	sk_put_signed(scratch, fd);
	sk_put_address(scratch, address, size);
	sk_event_submit(scratch);
	return 0;
}

SEC("tp_btf/sys_exit")
int sk_exit_accept(void *context)
{
	struct sk_scratch *scratch = sk_scratch_taken();
	__u32 length = 0, limit = 0;
	struct sock *listener;

	if (!scratch)
		return 0;
	sk_event_begin_call(scratch);
	sk_put_u64(scratch, scratch->result);
	if (scratch->result >= 0) {
		sk_put_tuple(scratch, scratch->result, false, 0, 0);
		listener = sk_sock_of_fd((__s32)scratch->arguments[0]);
		if (listener) {
			length = BPF_CORE_READ(listener, sk_ack_backlog);
			limit = BPF_CORE_READ(listener, sk_max_ack_backlog);
		}
	} else {
		sk_put_empty(scratch);
	}
	sk_put_u8(scratch, limit ? (__u64)length * 100 / limit : 0);
	sk_put_u32(scratch, length);
	sk_put_u32(scratch, limit);
	if (scratch->dispatch.event == SK_EVENT_SOCKET_ACCEPT4_6_X)
		sk_put_u32(scratch, sk_map_NONBLOCK_CLOEXEC(scratch->arguments[3]));
	sk_event_submit(scratch);
	return 0;
}

SEC("tp_btf/sys_exit")
int sk_exit_socketpair(void *context)
{
	struct sk_scratch *scratch = sk_scratch_taken();
	struct sock *source = NULL, *peer = NULL;
	__s32 fds[2] = {-1, -1};

	if (!scratch)
		return 0;
	if (scratch->result >= 0) {
		bpf_probe_read_user(fds, sizeof(fds), (const void *)scratch->arguments[3]);
		source = sk_sock_of_fd(fds[0]);
		peer = sk_sock_of_fd(fds[1]);
	}
	sk_event_begin_call(scratch);
	sk_put_u64(scratch, scratch->result);
	sk_put_signed(scratch, fds[0]);
	sk_put_signed(scratch, fds[1]);
	sk_put_u64(scratch, (__u64)source);
	sk_put_u64(scratch, (__u64)peer);
	sk_put_u32(scratch, scratch->arguments[0]);
	sk_put_u32(scratch, sk_map_SOCKET_TYPE(scratch->arguments[1]));
	sk_put_u32(scratch, scratch->arguments[2]);
	sk_event_submit(scratch);
	return 0;
}

/* A selector (spec/event-schema.md section 4), then the value. */
static __always_inline void put_option(struct sk_scratch *scratch, __u64 level, __u64 option, __u64 pointer,
				       __u32 size)
{
	__u8 *place = sk_event_place(scratch);
	__u32 mapped = level == SOL_SOCKET ? sk_map_SOCKET_OPTION(option) : 0;
	__u32 width = scratch->compat ? 4 : 8, length = 1;
	__u64 value = 0, fraction = 0;

	place[0] = 0;
	if (mapped == 20 || mapped == 21) {
		/* A struct timeval; the options numbered 66 and 67 have 64 bits everywhere. */
		if (option >= 66)
			width = 8;
		bpf_probe_read_user(&value, width, (const void *)pointer);
		bpf_probe_read_user(&fraction, width, (const void *)(pointer + width));
		place[0] = 4;
		*(__u64 *)(place + 1) = value * 1000000000 + fraction * 1000;
		length = 9;
	} else if (level == SOL_SOCKET && option == SO_ERROR) {
		bpf_probe_read_user(&value, 4, (const void *)pointer);
		place[0] = 1;
		*(__s64 *)(place + 1) = -(__s64)(__s32)value;
		length = 9;
	} else if (level == SOL_SOCKET && option == SO_COOKIE) {
		bpf_probe_read_user(&value, 8, (const void *)pointer);
		place[0] = 3;
		*(__u64 *)(place + 1) = value;
		length = 9;
	} else if (level == SOL_SOCKET && option < 64 && number_options & (1ULL << option)) {
		bpf_probe_read_user(&value, 4, (const void *)pointer);
		place[0] = 2;
		*(__u32 *)(place + 1) = value;
		length = 5;
	} else {
		__u32 snap = sk_snap_length;

		if (size > snap)
			size = snap;
		sk_barrier(size);
		size &= SK_SNAP_LIMIT - 1;
		if (!bpf_probe_read_user(place + 1, size, (const void *)pointer))
			length += size;
	}
	sk_event_advance(scratch, length);
}

SEC("tp_btf/sys_exit")
int sk_exit_sockopt(void *context)
{
	struct sk_scratch *scratch = sk_scratch_taken();
	__u64 level, option, pointer;
	__u32 size;

	if (!scratch)
		return 0;
	level = (__u32)scratch->arguments[1];
	option = (__u32)scratch->arguments[2];
	pointer = scratch->arguments[3];
	size = scratch->arguments[4];
	if (scratch->dispatch.event == SK_EVENT_SOCKET_GETSOCKOPT_X) {
		size = 0;
		bpf_probe_read_user(&size, sizeof(size), (const void *)scratch->arguments[4]);
	}
	sk_event_begin_call(scratch);
	sk_put_u64(scratch, scratch->result);
	sk_put_signed(scratch, scratch->arguments[0]);
	sk_put_u8(scratch, sk_map_SOCKET_LEVEL(level));
	sk_put_u8(scratch, level == SOL_SOCKET ? sk_map_SOCKET_OPTION(option) : 0);
	put_option(scratch, level, option, pointer, size);
	sk_put_u32(scratch, size);
	sk_event_submit(scratch);
	return 0;
}
