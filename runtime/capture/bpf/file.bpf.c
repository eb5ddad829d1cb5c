/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * The open family: what was asked for, and which file the kernel found.
 */
#include "runtime/capture/bpf/flag_maps.h"
#include "runtime/capture/bpf/paths.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct opened {
	__u32 device;
	__u64 inode;
	bool created;
	enum sk_layer layer;
};

static __always_inline struct opened look_at(const struct file *file)
{
	const struct inode *inode = BPF_CORE_READ(file, f_inode);

	return (struct opened){
		.device = sk_inode_device(inode),
		.inode = BPF_CORE_READ(inode, i_ino),
		.created = BPF_CORE_READ(file, f_mode) & FMODE_CREATED,
		.layer = sk_inode_layer(inode),
	};
}

static __always_inline __u32 wire_flags(__u64 native, const struct opened *opened)
{
	__u32 flags = sk_map_OPEN(native);

	if (opened->created)
		flags |= SK_WIRE_CREATED;
	if (opened->layer == SK_LAYER_UPPER)
		flags |= SK_WIRE_UPPER_LAYER;
	if (opened->layer == SK_LAYER_LOWER)
		flags |= SK_WIRE_LOWER_LAYER;
	return flags;
}

SEC("tp_btf/sys_exit")
int sk_exit_open(void *context)
{
	struct sk_scratch *scratch = sk_scratch_taken();
	struct opened opened = {};
	struct file *file = NULL;
	__u64 first, second, third, fourth;
	__u64 how[3] = {};

	if (!scratch)
		return 0;
	first = scratch->arguments[0];
	second = scratch->arguments[1];
	third = scratch->arguments[2];
	fourth = scratch->arguments[3];
	if (scratch->result >= 0)
		file = sk_file_of_fd(scratch->result);
	if (file)
		opened = look_at(file);

	sk_event_begin_call(scratch);
	sk_put_u64(scratch, scratch->result);
	switch (scratch->dispatch.event) {
	case SK_EVENT_SYSCALL_OPEN_X:
		sk_put_given_path(scratch, first);
		sk_put_u32(scratch, wire_flags(second, &opened));
		sk_put_u32(scratch, sk_open_mode(second, third));
		break;
	case SK_EVENT_SYSCALL_OPENAT_2_X:
		sk_put_signed(scratch, first);
		sk_put_given_path(scratch, second);
		sk_put_u32(scratch, wire_flags(third, &opened));
		sk_put_u32(scratch, sk_open_mode(third, fourth));
		break;
	case SK_EVENT_SYSCALL_OPENAT2_X:
		bpf_probe_read_user(how, sizeof(how), (const void *)third);
		sk_put_signed(scratch, first);
		sk_put_given_path(scratch, second);
		sk_put_u32(scratch, wire_flags(how[0], &opened));
		sk_put_u32(scratch, sk_open_mode(how[0], how[1]));
		sk_put_u32(scratch, sk_map_RESOLVE(how[2]));
		break;
	case SK_EVENT_SYSCALL_CREAT_X:
		sk_put_given_path(scratch, first);
		sk_put_u32(scratch, second & 07777);
		break;
	case SK_EVENT_SYSCALL_OPEN_BY_HANDLE_AT_X:
		sk_put_signed(scratch, first);
		sk_put_u32(scratch, wire_flags(third, &opened));
		if (file)
			sk_put_path(scratch, file);
		else
			sk_put_empty(scratch);
		break;
	}
	sk_put_u32(scratch, opened.device);
	sk_put_u64(scratch, opened.inode);
	if (scratch->dispatch.event == SK_EVENT_SYSCALL_CREAT_X)
		sk_put_u16(scratch, opened.layer == SK_LAYER_UPPER   ? SK_WIRE_CREAT_UPPER_LAYER
				    : opened.layer == SK_LAYER_LOWER ? SK_WIRE_CREAT_LOWER_LAYER
								     : 0);
	if (file && sk_forget(scratch->given_count) && sk_config.resolve_paths)
		sk_note_resolved(scratch, 0, BPF_CORE_READ(file, f_path.mnt), BPF_CORE_READ(file, f_path.dentry));
	sk_event_submit(scratch);
	return 0;
}
