/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * The beginning of open and connect: the path and the address before another
 * thread can put others in their place.  Memory that is not there yet cannot be
 * read now; the parameter is empty then, and the end of the call tells.
 */
#include "runtime/capture/bpf/dispatch.h"
#include "runtime/capture/bpf/file.h"
#include "runtime/capture/bpf/flag_maps.h"
#include "runtime/capture/bpf/socket.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

static __always_inline void begin(struct sk_scratch *scratch, __u32 type, __u32 nparams)
{
	sk_event_begin(scratch, type, nparams, (__u32)bpf_get_current_pid_tgid());
}

static __always_inline void put_call(struct sk_scratch *scratch, __u32 exit_event)
{
	__u64 first = scratch->arguments[0], second = scratch->arguments[1], third = scratch->arguments[2];
	__u64 how[3] = {};

	switch (exit_event) {
	case SK_EVENT_SYSCALL_OPEN_X:
		begin(scratch, SK_EVENT_SYSCALL_OPEN_E, SK_NPARAMS_SYSCALL_OPEN_E);
		sk_put_user_text(scratch, first);
		sk_put_u32(scratch, sk_map_OPEN(second));
		sk_put_u32(scratch, sk_open_mode(second, third));
		break;
	case SK_EVENT_SYSCALL_OPENAT_2_X:
		begin(scratch, SK_EVENT_SYSCALL_OPENAT_2_E, SK_NPARAMS_SYSCALL_OPENAT_2_E);
		sk_put_signed(scratch, first);
		sk_put_user_text(scratch, second);
		sk_put_u32(scratch, sk_map_OPEN(third));
		sk_put_u32(scratch, sk_open_mode(third, scratch->arguments[3]));
		break;
	case SK_EVENT_SYSCALL_OPENAT2_X:
		bpf_probe_read_user(how, sizeof(how), (const void *)third);
		begin(scratch, SK_EVENT_SYSCALL_OPENAT2_E, SK_NPARAMS_SYSCALL_OPENAT2_E);
		sk_put_signed(scratch, first);
		sk_put_user_text(scratch, second);
		sk_put_u32(scratch, sk_map_OPEN(how[0]));
		sk_put_u32(scratch, sk_open_mode(how[0], how[1]));
		sk_put_u32(scratch, sk_map_RESOLVE(how[2]));
		break;
	case SK_EVENT_SYSCALL_CREAT_X:
		begin(scratch, SK_EVENT_SYSCALL_CREAT_E, SK_NPARAMS_SYSCALL_CREAT_E);
		sk_put_user_text(scratch, first);
		sk_put_u32(scratch, second & 07777);
		break;
	default:
		begin(scratch, SK_EVENT_SOCKET_CONNECT_E, SK_NPARAMS_SOCKET_CONNECT_E);
		sk_put_signed(scratch, first);
		sk_put_address(scratch, second, (__u32)third);
		break;
	}
}

static __always_inline void keep_path(struct sk_begun *begun, __u32 which, const __u64 *arguments, __u32 number)
{
	__u64 pointer = 0;
	long size;

	begun->sizes[which] = 0;
	/* By constant places: verifiers before 6.3 lose the bounds of a calculated one. */
#pragma unroll
	for (__u32 i = 0; i < SK_ARGUMENT_COUNT; i++)
		if (number == i + 1)
			pointer = arguments[i];
	if (!pointer)
		return;
	size = bpf_probe_read_user_str(begun->texts[which], SK_BEGUN_TEXT, (const void *)pointer);
	if (size > 0)
		begun->sizes[which] = size;
}

/* Keeps the paths of a call for its end, which compares them with what they are by then. */
static __always_inline void keep_paths(struct task_struct *task, const struct pt_regs *registers,
				       const volatile struct sk_dispatch *dispatch)
{
	struct sk_begun *begun = bpf_task_storage_get(&sk_begun, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	__u64 arguments[SK_ARGUMENT_COUNT];

	if (!begun)
		return;
	sk_arch_arguments(registers, sk_arch_compat(task), arguments);
	begun->event = dispatch->event;
	keep_path(begun, 0, arguments, dispatch->begun & 15);
	keep_path(begun, 1, arguments, dispatch->begun >> 4);
}

SEC("tp_btf/sys_enter")
int sk_sys_enter(__u64 *context)
{
	const struct pt_regs *registers = (const struct pt_regs *)context[0];
	struct task_struct *task = sk_current();
	const volatile struct sk_dispatch *dispatch = sk_dispatch_row(registers, task);
	struct sk_scratch *scratch;

	if (!dispatch || (!dispatch->enters && !dispatch->begun))
		return 0;
	if (dispatch->begun)
		keep_paths(task, registers, dispatch);
	if (!dispatch->enters)
		return 0;
	scratch = sk_scratch_take(dispatch->event);
	if (!scratch)
		return 0;
	scratch->compat = sk_arch_compat(task);
	sk_arch_arguments(registers, scratch->compat, scratch->arguments);
	if (dispatch->program == SK_PROGRAM_SOCKETCALL)
		dispatch = sk_unpack_socketcall(scratch);
	if (!dispatch || !dispatch->enters) {
		sk_scratch_release(scratch);
		return 0;
	}
	put_call(scratch, dispatch->event);
	sk_event_submit(scratch);
	return 0;
}
