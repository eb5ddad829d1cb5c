/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * quotactl: its last argument points to one of three structures, depending on
 * the command.
 */
#include "runtime/capture/bpf/event.h"
#include "runtime/capture/bpf/flag_maps.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

enum {
	Q_QUOTAON = 0x800002,
	Q_GETFMT = 0x800004,
	Q_GETINFO = 0x800005,
	Q_SETINFO = 0x800006,
	Q_GETQUOTA = 0x800007,
	Q_SETQUOTA = 0x800008,

	/* values of the wire's quotactl_dqi_flags */
	NO_FLAGS = 1,
	ROOT_SQUASH = 2,
};

/* The kernel's struct if_dqblk and struct if_dqinfo, the same for all widths. */
struct quota_block {
	__u64 block_hard, block_soft, space, inode_hard, inode_soft, inodes, block_time, inode_time;
	__u32 valid;
};

struct quota_info {
	__u64 block_grace, inode_grace;
	__u32 flags, valid;
};

SEC("tp_btf/sys_exit")
int sk_exit_quotactl(void *context)
{
	struct sk_scratch *scratch = sk_scratch_taken();
	struct quota_block block = {};
	struct quota_info info = {};
	__u32 command, type, format = 0;
	bool done, gives_id, has_info;
	__u64 pointer;

	if (!scratch)
		return 0;
	command = (__u32)scratch->arguments[0] >> 8;
	type = (__u32)scratch->arguments[0] & 0xff;
	pointer = scratch->arguments[3];
	done = scratch->result >= 0;
	has_info = command == Q_SETINFO || (command == Q_GETINFO && done);
	gives_id = command == Q_GETQUOTA || command == Q_SETQUOTA;

	sk_event_begin_call(scratch);
	sk_put_u64(scratch, scratch->result);
	sk_put_user_text(scratch, scratch->arguments[1]);
	if (command == Q_QUOTAON)
		sk_put_user_text(scratch, pointer);
	else
		sk_put_empty(scratch);
	if (command == Q_SETQUOTA || (command == Q_GETQUOTA && done))
		bpf_probe_read_user(&block, sizeof(block), (const void *)pointer);
	if (has_info)
		bpf_probe_read_user(&info, sizeof(info), (const void *)pointer);
	if (command == Q_GETFMT && done)
		bpf_probe_read_user(&format, sizeof(format), (const void *)pointer);
	sk_put_u64(scratch, block.block_hard);
	sk_put_u64(scratch, block.block_soft);
	sk_put_u64(scratch, block.space);
	sk_put_u64(scratch, block.inode_hard);
	sk_put_u64(scratch, block.inode_soft);
	sk_put_u64(scratch, block.block_time);
	sk_put_u64(scratch, block.inode_time);
	sk_put_u64(scratch, info.block_grace);
	sk_put_u64(scratch, info.inode_grace);
	sk_put_u8(scratch, !has_info ? 0 : info.flags & 1 ? ROOT_SQUASH : NO_FLAGS);
	sk_put_u8(scratch, sk_map_QUOTA_FORMAT(format));
	sk_put_u16(scratch, sk_map_QUOTA_COMMAND(command));
	sk_put_u8(scratch, sk_map_QUOTA_TYPE(type));
	sk_put_u32(scratch, gives_id ? (__u32)scratch->arguments[2] : 0);
	sk_put_u8(scratch, command == Q_QUOTAON ? sk_map_QUOTA_FORMAT((__u32)scratch->arguments[2]) : 0);
	sk_event_submit(scratch);
	return 0;
}
