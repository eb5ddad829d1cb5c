/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Operations of io_uring, which pass no system call of their own: each becomes
 * the event of the call that it stands for, marked as an operation.
 *
 *   io_uring_submit_req ──► pending[request]: who, which, the kernel's copies
 *   (or _sqe, before 6.3)       │              of paths and addresses
 *   io_uring_complete ──────────┴─► event, with the result
 *
 * A request belongs to the thread that submitted it; what a ring's own thread
 * submits (SQPOLL), to its process's main thread.  A request that says nothing
 * when it succeeds (IOSQE_CQE_SKIP_SUCCESS), or that found no room in `pending`, is told
 * when it is submitted, as one that worked.
 */
#include "runtime/capture/bpf/flag_maps.h"
#include "runtime/capture/bpf/paths.h"
#include "runtime/capture/bpf/sieve.h"
#include "runtime/capture/bpf/socket.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

enum {
#define SK_URING(opcode, name, call, event) OP_##name = (opcode),
#include "runtime/capture/bpf/uring.def"
};

enum {
	REQ_FIXED_FILE = 1 << 0,
	REQ_CQE_SKIP = 1 << 6,
	CQE_MORE = 1 << 1,

	O_LARGEFILE = 0100000,
	SLOT_ANY = 0xffffffff,
	FILE_POINTER_BITS = 7,
};

/* By opcode; program 0: nobody wants it. */
const volatile struct sk_dispatch sk_uring_table[SK_URING_OPCODES] = {};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SK_URING_LIMIT);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64); /* the kernel's struct io_kiocb */
	__type(value, struct sk_uring_request);
} sk_uring_pending SEC(".maps");

/* --- what is remembered --------------------------------------------------- */

static __always_inline void keep_path(struct sk_uring_request *request, __u32 which,
				      const struct filename *filename)
{
	request->paths[which][0] = 0;
	bpf_probe_read_kernel_str(request->paths[which], SK_URING_TEXT, BPF_CORE_READ(filename, name));
}

static __always_inline void begin_address(struct sk_uring_request *request, __u32 size)
{
	if (size > sizeof(request->address))
		size = sizeof(request->address);
	request->address_size = size;
	__builtin_memset(request->address, 0, sizeof(request->address));
}

/* The kernel copies it when the operation begins, which is after this: its socket tells the truth at the end. */
static __always_inline void keep_connect(struct sk_uring_request *request, const struct io_connect *connect)
{
	__u32 size;

	begin_address(request, BPF_CORE_READ(connect, addr_len));
	size = sk_forget(request->address_size);
	sk_barrier(size);
	size &= sizeof(request->address) - 1;
	bpf_probe_read_user(request->address, size, BPF_CORE_READ(connect, addr));
}

static __always_inline void keep_open(struct sk_uring_request *request, const struct io_open *open)
{
	request->arguments[0] = BPF_CORE_READ(open, dfd);
	request->arguments[2] = BPF_CORE_READ(open, how.flags) & ~(__u64)O_LARGEFILE;
	request->arguments[3] = BPF_CORE_READ(open, how.mode);
	request->arguments[4] = BPF_CORE_READ(open, how.resolve);
	request->slot = BPF_CORE_READ(open, file_slot);
	keep_path(request, 0, BPF_CORE_READ(open, filename));
}

static __always_inline void keep_socket(struct sk_uring_request *request, const struct io_socket *socket)
{
	request->arguments[0] = BPF_CORE_READ(socket, domain);
	request->arguments[1] = BPF_CORE_READ(socket, type);
	request->arguments[2] = BPF_CORE_READ(socket, protocol);
	request->slot = BPF_CORE_READ(socket, file_slot);
}

static __always_inline void keep_rename(struct sk_uring_request *request, const struct io_rename *rename)
{
	request->arguments[0] = BPF_CORE_READ(rename, old_dfd);
	request->arguments[2] = BPF_CORE_READ(rename, new_dfd);
	request->arguments[4] = BPF_CORE_READ(rename, flags);
	keep_path(request, 0, BPF_CORE_READ(rename, oldpath));
	keep_path(request, 1, BPF_CORE_READ(rename, newpath));
}

static __always_inline void keep_link(struct sk_uring_request *request, const struct io_link *link)
{
	request->arguments[0] = BPF_CORE_READ(link, old_dfd);
	request->arguments[2] = BPF_CORE_READ(link, new_dfd);
	request->arguments[4] = BPF_CORE_READ(link, flags);
	keep_path(request, 0, BPF_CORE_READ(link, oldpath));
	keep_path(request, 1, BPF_CORE_READ(link, newpath));
}

static __always_inline void keep_unlink(struct sk_uring_request *request, const struct io_unlink *unlink)
{
	request->arguments[0] = BPF_CORE_READ(unlink, dfd);
	request->arguments[2] = BPF_CORE_READ(unlink, flags);
	keep_path(request, 0, BPF_CORE_READ(unlink, filename));
}

static __always_inline void keep_mkdir(struct sk_uring_request *request, const struct io_mkdir *mkdir)
{
	request->arguments[0] = BPF_CORE_READ(mkdir, dfd);
	request->arguments[2] = BPF_CORE_READ(mkdir, mode);
	keep_path(request, 0, BPF_CORE_READ(mkdir, filename));
}

static __always_inline void keep_transfer(struct sk_uring_request *request, const struct io_kiocb *io)
{
	const struct io_rw *file = (const void *)io;
	const struct io_sr_msg *socket = (const void *)io;

	if (request->opcode == OP_READ || request->opcode == OP_WRITE) {
		request->arguments[1] = BPF_CORE_READ(file, addr);
		request->arguments[2] = BPF_CORE_READ(file, len);
	} else {
		request->arguments[1] = (__u64)BPF_CORE_READ(socket, buf);
		request->arguments[2] = (__u32)BPF_CORE_READ(socket, len);
	}
}

static __always_inline void keep(struct sk_uring_request *request, const struct io_kiocb *io)
{
	const void *command = io;
	__u64 flags = 0;

	flags = BPF_CORE_READ(io, flags);
	/* The fd that the operation is about: it stands where the result will. */
	request->arguments[0] = BPF_CORE_READ(io, cqe.fd);
	if (flags & REQ_FIXED_FILE)
		request->arguments[0] = SK_URING_SLOTS + (request->arguments[0] & (SK_URING_SLOTS - 1));
	request->slot = 0;
	request->address_size = 0;
	switch (request->opcode) {
	case OP_OPENAT:
	case OP_OPENAT2:
		keep_open(request, command);
		break;
	case OP_CLOSE:
		request->slot = BPF_CORE_READ((const struct io_close *)command, file_slot);
		request->arguments[0] = request->slot ? SK_URING_SLOTS + request->slot - 1
						      : BPF_CORE_READ((const struct io_close *)command, fd);
		break;
	case OP_CONNECT:
		keep_connect(request, command);
		break;
	case OP_LISTEN:
		/* Since 6.11. */
		if (bpf_core_field_exists(((const struct io_listen *)command)->backlog))
			request->arguments[1] = BPF_CORE_READ((const struct io_listen *)command, backlog);
		break;
	case OP_SHUTDOWN:
		request->arguments[1] = BPF_CORE_READ((const struct io_shutdown *)command, how);
		break;
	case OP_SOCKET:
		keep_socket(request, command);
		break;
	case OP_ACCEPT:
		request->arguments[3] = BPF_CORE_READ((const struct io_accept *)command, flags);
		request->slot = BPF_CORE_READ((const struct io_accept *)command, file_slot);
		break;
	case OP_UNLINKAT:
		keep_unlink(request, command);
		break;
	case OP_MKDIRAT:
		keep_mkdir(request, command);
		break;
	case OP_RENAMEAT:
		keep_rename(request, command);
		break;
	case OP_SYMLINKAT:
	case OP_LINKAT:
		keep_link(request, command);
		break;
	case OP_BIND:
		break;
	default:
		keep_transfer(request, io);
		break;
	}
}

/* --- what is told ---------------------------------------------------------- */

static __always_inline struct file *file_in_slot(const struct io_kiocb *io, __u32 slot)
{
	struct io_ring_ctx *ring = BPF_CORE_READ(io, ctx);
	const struct io_ring_ctx___slots *older = (const void *)ring;
	struct io_rsrc_node *node = NULL, **nodes;
	struct io_fixed_file *files, entry = {};

	/* Before 6.13. */
	if (bpf_core_field_exists(older->file_table.files)) {
		if (slot >= BPF_CORE_READ(older, nr_user_files))
			return NULL;
		files = BPF_CORE_READ(older, file_table.files);
		bpf_probe_read_kernel(&entry, sizeof(entry), files + slot);
		return (struct file *)(entry.file_ptr & ~(unsigned long)FILE_POINTER_BITS);
	}
	if (!bpf_core_field_exists(ring->file_table.data) || slot >= BPF_CORE_READ(ring, file_table.data.nr))
		return NULL;
	nodes = BPF_CORE_READ(ring, file_table.data.nodes);
	bpf_probe_read_kernel(&node, sizeof(node), nodes + slot);
	return node ? (struct file *)(BPF_CORE_READ(node, file_ptr) & ~(unsigned long)FILE_POINTER_BITS) : NULL;
}

/* What a request that opens something returned, as an fd, and the file if it can be found. */
static __always_inline __s64 opened_fd(const struct sk_uring_request *request, const struct io_kiocb *io,
				       __s64 result, bool known, struct file **ret_file)
{
	__u32 slot = request->slot;

	if (result < 0)
		return result;
	if (slot) {
		if (slot == SLOT_ANY && !known)
			return SK_URING_UNKNOWN_FD;
		slot = slot == SLOT_ANY ? result : slot - 1;
		if (known)
			*ret_file = file_in_slot(io, slot);
		return SK_URING_SLOTS + (slot & (SK_URING_SLOTS - 1));
	}
	if (!known)
		return SK_URING_UNKNOWN_FD;
	*ret_file = sk_file_of_task(request->task, result);
	return result;
}

static __always_inline void put_open(struct sk_scratch *scratch, const struct sk_uring_request *request, __s64 fd,
				     const struct file *file)
{
	struct sk_opened opened = {};

	if (file)
		opened = sk_file_look(file);
	sk_put_u64(scratch, fd);
	sk_put_signed(scratch, request->arguments[0]);
	sk_put_kernel_path(scratch, request->paths[0]);
	sk_put_u32(scratch, sk_open_flags(request->arguments[2], &opened));
	sk_put_u32(scratch, sk_open_mode(request->arguments[2], request->arguments[3]));
	if (request->opcode == OP_OPENAT2)
		sk_put_u32(scratch, sk_map_RESOLVE(request->arguments[4]));
	sk_put_u32(scratch, opened.device);
	sk_put_u64(scratch, opened.inode);
	if (file)
		sk_note_resolved(scratch, 0, BPF_CORE_READ(file, f_path.mnt), BPF_CORE_READ(file, f_path.dentry));
}

static __always_inline void read_address(const struct sk_uring_request *request, struct sk_address *address)
{
	__builtin_memcpy(address, request->address, sizeof(*address));
	if (!request->address_size)
		address->family = 0;
}

static __always_inline void put_connect(struct sk_scratch *scratch, const struct sk_uring_request *request,
					const struct io_kiocb *io, __s64 result)
{
	const struct file *file = BPF_CORE_READ(io, file);
	struct sk_address address;

	/* A request that was just submitted has not looked for its file yet. */
	if (!file)
		file = sk_file_of_task(request->task, request->arguments[0]);
	sk_put_u64(scratch, result);
	read_address(request, &address);
	if (result == 0 || result == -EINPROGRESS)
		sk_put_tuple_of(scratch, sk_sock_of_file(file), true, &address);
	else
		sk_put_empty(scratch);
	sk_put_signed(scratch, request->arguments[0]);
	read_address(request, &address);
	sk_put_address_read(scratch, &address, request->address_size);
}

/* The address that the socket has now, as the caller would have it. */
static __always_inline void put_bound(struct sk_scratch *scratch, const struct io_kiocb *io, __s64 result)
{
	struct sock *sock = sk_sock_of_file(BPF_CORE_READ(io, file));
	struct sk_address address;

	__builtin_memset(&address, 0, sizeof(address));
	if (sock && result == 0) {
		address.family = BPF_CORE_READ(sock, __sk_common.skc_family);
		if (address.family == AF_INET) {
			address.inet.ip = BPF_CORE_READ(sock, __sk_common.skc_rcv_saddr);
			address.inet.port = bpf_htons(BPF_CORE_READ(sock, __sk_common.skc_num));
		} else if (address.family == AF_INET6) {
			BPF_CORE_READ_INTO((struct in6_addr *)address.inet6.ip, sock, __sk_common.skc_v6_rcv_saddr);
			address.inet6.port = bpf_htons(BPF_CORE_READ(sock, __sk_common.skc_num));
		} else if (address.family == AF_UNIX) {
			sk_unix_name(sock, address.path);
		}
	}
	sk_put_address_read(scratch, &address, sizeof(address));
}

static __always_inline void put_accept(struct sk_scratch *scratch, const struct sk_uring_request *request,
				       const struct io_kiocb *io, __s64 fd, const struct file *file)
{
	struct sock *listener = sk_sock_of_file(BPF_CORE_READ(io, file));
	__u32 length = 0, limit = 0;
	struct sk_address nobody;

	__builtin_memset(&nobody, 0, sizeof(nobody));
	sk_put_u64(scratch, fd);
	if (file)
		sk_put_tuple_of(scratch, sk_sock_of_file(file), false, &nobody);
	else
		sk_put_empty(scratch);
	if (listener) {
		length = BPF_CORE_READ(listener, sk_ack_backlog);
		limit = BPF_CORE_READ(listener, sk_max_ack_backlog);
	}
	sk_put_u8(scratch, limit ? (__u64)length * 100 / limit : 0);
	sk_put_u32(scratch, length);
	sk_put_u32(scratch, limit);
	sk_put_u32(scratch, sk_map_NONBLOCK_CLOEXEC(request->arguments[3]));
}

/* Data that was read or written; it is where the buffer says, since completions run in the process. */
static __always_inline void put_transfer(struct sk_scratch *scratch, const struct sk_uring_request *request,
					 const struct io_kiocb *io, __s64 result)
{
	bool sends = request->opcode == OP_WRITE || request->opcode == OP_SEND;
	__u64 there = result >= 0 ? result : sends ? request->arguments[2] : 0;
	struct sk_address nobody;

	sk_put_u64(scratch, result);
	sk_put_user_bytes(scratch, request->arguments[1], there, sk_snap_length);
	sk_put_signed(scratch, request->arguments[0]);
	sk_put_u32(scratch, request->arguments[2]);
	if (request->opcode == OP_READ || request->opcode == OP_WRITE)
		return;
	__builtin_memset(&nobody, 0, sizeof(nobody));
	sk_put_tuple_of(scratch, sk_sock_of_file(BPF_CORE_READ(io, file)), sends, &nobody);
}

static __always_inline void put_paths(struct sk_scratch *scratch, const struct sk_uring_request *request,
				      __s64 result)
{
	sk_put_u64(scratch, result);
	if (request->opcode == OP_SYMLINKAT) {
		sk_put_kernel_text(scratch, request->paths[0]);
		sk_put_signed(scratch, request->arguments[2]);
		sk_put_kernel_path(scratch, request->paths[1]);
		return;
	}
	sk_put_signed(scratch, request->arguments[0]);
	sk_put_kernel_path(scratch, request->paths[0]);
	if (request->opcode == OP_UNLINKAT) {
		sk_put_u32(scratch, sk_map_UNLINKAT(request->arguments[2]));
	} else if (request->opcode == OP_MKDIRAT) {
		sk_put_u32(scratch, request->arguments[2]);
	} else {
		sk_put_signed(scratch, request->arguments[2]);
		sk_put_kernel_path(scratch, request->paths[1]);
		sk_put_u32(scratch, request->opcode == OP_LINKAT ? sk_map_LINKAT(request->arguments[4])
								 : request->arguments[4]);
	}
}

/* `known`: the result is that of the kernel, and not what is assumed. */
static __always_inline void tell(struct sk_scratch *scratch, const struct sk_uring_request *request,
				 const struct io_kiocb *io, __s64 result, bool known)
{
	__u32 opcode = request->opcode;
	struct file *file = NULL;
	__s64 fd;

	if (opcode >= SK_URING_OPCODES)
		return;
	sk_event_begin(scratch, sk_uring_table[opcode].event, sk_uring_table[opcode].nparams, request->thread);
	scratch->origin = SK_BPF_ORIGIN_IO_URING;
	switch (opcode) {
	case OP_OPENAT:
	case OP_OPENAT2:
		fd = opened_fd(request, io, result, known, &file);
		sk_held_forget_file(file);
		put_open(scratch, request, fd, file);
		break;
	case OP_ACCEPT:
		fd = opened_fd(request, io, result, known, &file);
		put_accept(scratch, request, io, fd, file);
		break;
	case OP_SOCKET:
		sk_put_u64(scratch, opened_fd(request, io, result, known, &file));
		sk_put_u32(scratch, request->arguments[0]);
		sk_put_u32(scratch, sk_map_SOCKET_TYPE(request->arguments[1]));
		sk_put_u32(scratch, request->arguments[2]);
		sk_put_u32(scratch, sk_map_NONBLOCK_CLOEXEC(request->arguments[1]));
		break;
	case OP_CONNECT:
		put_connect(scratch, request, io, known ? result : -EINPROGRESS);
		break;
	case OP_CLOSE:
		sk_put_u64(scratch, result);
		sk_put_signed(scratch, request->arguments[0]);
		break;
	case OP_SHUTDOWN:
		sk_put_u64(scratch, result);
		sk_put_signed(scratch, request->arguments[0]);
		sk_put_u8(scratch, sk_map_SHUTDOWN(request->arguments[1]));
		break;
	case OP_LISTEN:
		sk_put_u64(scratch, result);
		sk_put_signed(scratch, request->arguments[0]);
		sk_put_u32(scratch, request->arguments[1]);
		break;
	case OP_BIND:
		sk_put_u64(scratch, result);
		put_bound(scratch, io, result);
		sk_put_signed(scratch, request->arguments[0]);
		break;
	case OP_UNLINKAT:
	case OP_MKDIRAT:
	case OP_RENAMEAT:
	case OP_SYMLINKAT:
	case OP_LINKAT:
		put_paths(scratch, request, result);
		break;
	default:
		put_transfer(scratch, request, io, result);
		fd = (__s32)request->arguments[0];
		if (fd >= 0 && fd < SK_URING_SLOTS)
			sk_filter_tell(scratch, request->task, fd, sk_file_of_task(request->task, fd));
		break;
	}
	sk_event_send(scratch);
}

/* --- tracepoints ----------------------------------------------------------- */

static __noinline int submit(const struct io_kiocb *io)
{
	struct task_struct *task = sk_current();
	__u64 key = (__u64)io, ids = bpf_get_current_pid_tgid(), flags;
	__u32 opcode = BPF_CORE_READ(io, opcode), process = ids >> 32;
	struct sk_uring_request *request;
	struct sk_scratch *scratch;

	if (opcode >= SK_URING_OPCODES || sk_uring_table[opcode].program == SK_PROGRAM_NONE)
		return 0;
	if (!sk_process_wanted(process))
		return 0;
	scratch = sk_scratch_take(sk_uring_table[opcode].event);
	if (!scratch)
		return 0;
	request = &scratch->request;
	request->opcode = opcode;
	request->task = task;
	request->process = process;
	request->thread = task->flags & PF_IO_WORKER ? process : (__u32)ids;
	keep(request, io);
	flags = BPF_CORE_READ(io, flags);
	if (flags & REQ_CQE_SKIP || bpf_map_update_elem(&sk_uring_pending, &key, request, BPF_ANY)) {
		bpf_map_delete_elem(&sk_uring_pending, &key);
		tell(scratch, request, io, 0, false);
	}
	sk_scratch_release(scratch);
	return 0;
}

/* One of these is loaded: which one runtime/capture/uring.h sees. */
SEC("tp_btf/io_uring_submit_req")
int sk_uring_submit_req(__u64 *context)
{
	return submit((const struct io_kiocb *)context[0]);
}

SEC("tp_btf/io_uring_submit_sqe")
int sk_uring_submit_sqe(__u64 *context)
{
	return submit((const struct io_kiocb *)context[0]);
}

/* Behind its ring. */
SEC("tp_btf/io_uring_submit_sqe")
int sk_uring_submit_sqe_of_ring(__u64 *context)
{
	return submit((const struct io_kiocb *)context[1]);
}

SEC("tp_btf/io_uring_complete")
int sk_uring_complete(__u64 *context)
{
	const struct io_kiocb *io = (const struct io_kiocb *)context[1];
	struct sk_uring_request *request;
	struct sk_scratch *scratch;
	__u64 key = (__u64)io;

	request = bpf_map_lookup_elem(&sk_uring_pending, &key);
	if (!request)
		return 0;
	scratch = sk_scratch_take(sk_uring_table[request->opcode % SK_URING_OPCODES].event);
	if (scratch) {
		tell(scratch, request, io, BPF_CORE_READ(io, cqe.res), true);
		sk_scratch_release(scratch);
	}
	if (!(BPF_CORE_READ(io, cqe.flags) & CQE_MORE))
		bpf_map_delete_elem(&sk_uring_pending, &key);
	return 0;
}
