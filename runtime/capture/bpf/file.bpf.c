/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * The open family: what was asked for, and which file the kernel found.
 */
#include "runtime/capture/bpf/flag_maps.h"
#include "runtime/capture/bpf/paths.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

SEC("tp_btf/sys_exit")
int sk_exit_open(void *context)
{
	struct sk_scratch *scratch = sk_scratch_taken();
	struct sk_opened opened = {};
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
		opened = sk_file_look(file);

	sk_event_begin_call(scratch);
	sk_put_u64(scratch, scratch->result);
	switch (scratch->dispatch.event) {
	case SK_EVENT_SYSCALL_OPEN_X:
		sk_put_given_path(scratch, first);
		sk_put_u32(scratch, sk_open_flags(second, &opened));
		sk_put_u32(scratch, sk_open_mode(second, third));
		break;
	case SK_EVENT_SYSCALL_OPENAT_2_X:
		sk_put_signed(scratch, first);
		sk_put_given_path(scratch, second);
		sk_put_u32(scratch, sk_open_flags(third, &opened));
		sk_put_u32(scratch, sk_open_mode(third, fourth));
		break;
	case SK_EVENT_SYSCALL_OPENAT2_X:
		bpf_probe_read_user(how, sizeof(how), (const void *)third);
		sk_put_signed(scratch, first);
		sk_put_given_path(scratch, second);
		sk_put_u32(scratch, sk_open_flags(how[0], &opened));
		sk_put_u32(scratch, sk_open_mode(how[0], how[1]));
		sk_put_u32(scratch, sk_map_RESOLVE(how[2]));
		break;
	case SK_EVENT_SYSCALL_CREAT_X:
		sk_put_given_path(scratch, first);
		sk_put_u32(scratch, second & 07777);
		break;
	case SK_EVENT_SYSCALL_OPEN_BY_HANDLE_AT_X:
		sk_put_signed(scratch, first);
		sk_put_u32(scratch, sk_open_flags(third, &opened));
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
	sk_note_begun(scratch);
	sk_event_submit(scratch);
	return 0;
}
