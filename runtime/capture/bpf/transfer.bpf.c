/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Data that goes through sockets, and data in pieces: its first bytes, up to
 * the snap length, and between whom.
 */
#include "runtime/capture/bpf/socket.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

enum {
	PIECES = 32,          /* entries of an iovec that are looked at */
	MESSAGES = 16,        /* of sendmmsg and recvmmsg */
	CONTROL_LIMIT = 4096, /* bytes of ancillary data */
};

/* A struct msghdr of either width. */
struct message {
	__u64 name, pieces, count, control;
	__u32 name_size, control_size, length;
};

static __always_inline void read_message(struct message *message, __u64 pointer, bool compat)
{
	__builtin_memset(message, 0, sizeof(*message));
	if (compat) {
		__u32 raw[8] = {};

		bpf_probe_read_user(raw, 28, (const void *)pointer);
		message->name = raw[0];
		message->name_size = raw[1];
		message->pieces = raw[2];
		message->count = raw[3];
		message->control = raw[4];
		message->control_size = raw[5];
	} else {
		__u64 raw[7] = {};

		bpf_probe_read_user(raw, sizeof(raw), (const void *)pointer);
		message->name = raw[0];
		message->name_size = raw[1];
		message->pieces = raw[2];
		message->count = raw[3];
		message->control = raw[4];
		message->control_size = raw[5];
	}
}

static __always_inline bool read_piece(struct sk_scratch *scratch, __u64 pieces, __u32 i, __u64 *ret_base,
				       __u64 *ret_length)
{
	if (scratch->compat) {
		__u32 piece[2];

		if (bpf_probe_read_user(piece, sizeof(piece), (const void *)(pieces + i * sizeof(piece))))
			return false;
		*ret_base = piece[0];
		*ret_length = piece[1];
	} else {
		__u64 piece[2];

		if (bpf_probe_read_user(piece, sizeof(piece), (const void *)(pieces + i * sizeof(piece))))
			return false;
		*ret_base = piece[0];
		*ret_length = piece[1];
	}
	return true;
}

/* The size that the pieces have together. */
static __always_inline __u32 pieces_size(struct sk_scratch *scratch, __u64 pieces, __u64 count)
{
	__u64 base, length, total = 0;

	/* In memory, or the verifier would tell apart all the numbers that it can be, here and in put_pieces(). */
	scratch->count = count;
	for (__u32 i = 0; i < PIECES; i++) {
		if (i >= sk_forget(scratch->count) || !read_piece(scratch, pieces, i, &base, &length))
			break;
		total += length;
	}
	return total;
}

/* The first bytes of `size` that lie in the pieces. */
static __always_inline void put_pieces(struct sk_scratch *scratch, __u64 pieces, __u64 count, __u64 size)
{
	__u32 snap = sk_snap_length, start = sk_forget(scratch->offset), length;

	scratch->count = count;
	scratch->left = size < snap ? size : snap;
	for (__u32 i = 0; i < PIECES; i++) {
		__u32 left = sk_forget(scratch->left);
		__u64 base, there;

		if (i >= sk_forget(scratch->count) || !left || !read_piece(scratch, pieces, i, &base, &there))
			break;
		length = there < left ? there : left;
		sk_barrier(length);
		length &= SK_SNAP_LIMIT - 1;
		if (bpf_probe_read_user(sk_event_place(scratch), length, (const void *)base))
			break;
		scratch->offset = sk_forget(scratch->offset) + length;
		scratch->left = left - length;
	}
	length = sk_forget(scratch->offset) - start;
	scratch->offset = start;
	sk_event_advance(scratch, length);
}

/* sendto, recvfrom, send, recv: one buffer. */
SEC("tp_btf/sys_exit")
int sk_exit_transfer(void *context)
{
	struct sk_scratch *scratch = sk_scratch_taken();
	__u64 buffer, size, address, address_size = 0, there;
	__s64 fd, result;
	__u16 event;
	bool sends;

	if (!scratch)
		return 0;
	fd = (__s32)scratch->arguments[0];
	buffer = scratch->arguments[1];
	size = scratch->arguments[2];
	result = scratch->result;
	event = scratch->dispatch.event;
	sends = event == SK_EVENT_SOCKET_SENDTO_X || event == SK_EVENT_SOCKET_SEND_X;
	address = event == SK_EVENT_SOCKET_SENDTO_X || event == SK_EVENT_SOCKET_RECVFROM_X ? scratch->arguments[4]
											   : 0;
	if (sends)
		address_size = (__u32)scratch->arguments[5];
	else if (address)
		bpf_probe_read_user(&address_size, 4, (const void *)scratch->arguments[5]);
	there = result >= 0 ? result : sends ? size : 0;

	sk_event_begin_call(scratch);
	sk_put_u64(scratch, result);
	sk_put_user_bytes(scratch, buffer, there, sk_snap_length);
	if (event != SK_EVENT_SOCKET_RECVFROM_X) {
		sk_put_signed(scratch, fd);
		sk_put_u32(scratch, size);
	}
	if (sends || result >= 0)
		sk_put_tuple(scratch, fd, sends, address, address_size);
	else
		sk_put_empty(scratch);
	if (event == SK_EVENT_SOCKET_RECVFROM_X) {
		sk_put_signed(scratch, fd);
		sk_put_u32(scratch, size);
	}
	sk_event_submit(scratch);
	return 0;
}

static __always_inline void put_sent(struct sk_scratch *scratch, const struct message *message, __s64 fd,
				     __s64 result)
{
	__u32 size = pieces_size(scratch, message->pieces, message->count);

	put_pieces(scratch, message->pieces, message->count, result < 0 ? size : result);
	sk_put_signed(scratch, fd);
	sk_put_u32(scratch, size);
	sk_put_tuple(scratch, fd, true, message->name, message->name_size);
}

/* Parameters "tuple" and "msgcontrol". */
static __always_inline void put_received(struct sk_scratch *scratch, const struct message *message, __s64 fd)
{
	sk_put_tuple(scratch, fd, false, message->name, message->name_size);
	sk_put_user_bytes(scratch, message->control, message->control_size, CONTROL_LIMIT);
}

/* readv, writev, preadv, pwritev, process_vm_*, sendmsg, recvmsg: one message in pieces. */
SEC("tp_btf/sys_exit")
int sk_exit_message(void *context)
{
	struct sk_scratch *scratch = sk_scratch_taken();
	struct message message = {};
	__s64 fd, result;

	if (!scratch)
		return 0;
	fd = (__s32)scratch->arguments[0];
	result = scratch->result;
	if (scratch->dispatch.event == SK_EVENT_SOCKET_SENDMSG_X ||
	    scratch->dispatch.event == SK_EVENT_SOCKET_RECVMSG_X) {
		read_message(&message, scratch->arguments[1], scratch->compat);
	} else {
		message.pieces = scratch->arguments[1];
		message.count = scratch->arguments[2];
	}

	sk_event_begin_call(scratch);
	sk_put_u64(scratch, result);
	switch (scratch->dispatch.event) {
	case SK_EVENT_SOCKET_SENDMSG_X:
		put_sent(scratch, &message, fd, result);
		break;
	case SK_EVENT_SOCKET_RECVMSG_X:
		sk_put_u32(scratch, result < 0 ? 0 : result);
		put_pieces(scratch, message.pieces, message.count, result < 0 ? 0 : result);
		if (result >= 0) {
			put_received(scratch, &message, fd);
		} else {
			sk_put_empty(scratch);
			sk_put_empty(scratch);
		}
		sk_put_signed(scratch, fd);
		break;
	case SK_EVENT_SYSCALL_READV_X:
	case SK_EVENT_SYSCALL_PREADV_X:
		sk_put_u32(scratch, result < 0 ? 0 : result);
		put_pieces(scratch, message.pieces, message.count, result < 0 ? 0 : result);
		sk_put_signed(scratch, fd);
		if (scratch->dispatch.event == SK_EVENT_SYSCALL_PREADV_X)
			sk_put_u64(scratch, scratch->arguments[3]);
		break;
	/* The first argument is a process; the caller's own pieces have what went either way. */
	case SK_EVENT_SYSCALL_PROCESS_VM_READV_X:
	case SK_EVENT_SYSCALL_PROCESS_VM_WRITEV_X:
		sk_put_signed(scratch, fd);
		put_pieces(scratch, message.pieces, message.count, result < 0 ? 0 : result);
		break;
	default: {
		__u32 size = pieces_size(scratch, message.pieces, message.count);

		put_pieces(scratch, message.pieces, message.count, result < 0 ? size : result);
		sk_put_signed(scratch, fd);
		sk_put_u32(scratch, size);
		if (scratch->dispatch.event == SK_EVENT_SYSCALL_PWRITEV_X)
			sk_put_u64(scratch, scratch->arguments[3]);
		break;
	}
	}
	sk_event_submit(scratch);
	return 0;
}

/*
 * One event for a message of sendmmsg or recvmmsg; `pointer` 0: for a call that
 * failed.  Not inline: the verifier looks at it once, not for each message.
 */
__attribute__((noinline)) int sk_send_one_of_many(__u64 pointer)
{
	struct sk_scratch *scratch = sk_scratch_taken();
	struct message message;
	__u32 length = 0;
	bool sends;
	__s64 fd;

	if (!scratch)
		return 0;
	fd = (__s32)scratch->arguments[0];
	sends = scratch->dispatch.event == SK_EVENT_SOCKET_SENDMMSG_X;
	read_message(&message, pointer, scratch->compat);
	bpf_probe_read_user(&length, sizeof(length), (const void *)(pointer + (scratch->compat ? 28 : 56)));
	sk_event_begin_call(scratch);
	sk_put_u64(scratch, scratch->result);
	sk_put_signed(scratch, fd);
	sk_put_u32(scratch, length);
	put_pieces(scratch, message.pieces, message.count, length);
	if (pointer)
		sk_put_tuple(scratch, fd, sends, message.name, message.name_size);
	else
		sk_put_empty(scratch);
	if (!sends)
		sk_put_user_bytes(scratch, message.control, pointer ? message.control_size : 0, CONTROL_LIMIT);
	sk_event_send(scratch);
	return 0;
}

SEC("tp_btf/sys_exit")
int sk_exit_messages(void *context)
{
	struct sk_scratch *scratch = sk_scratch_taken();
	__u64 pointer, stride;

	if (!scratch)
		return 0;
	pointer = scratch->arguments[1];
	stride = scratch->compat ? 32 : 64;
	if (scratch->result <= 0)
		sk_send_one_of_many(0);
	for (__u32 i = 0; i < MESSAGES; i++) {
		if (scratch->result <= i)
			break;
		sk_send_one_of_many(pointer + i * stride);
	}
	sk_scratch_release(scratch);
	return 0;
}
