/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * The end of every system call.  Runs for all of them, so it leaves as early
 * as it can: one look into a table for a call that nobody wants.
 */
#include "runtime/capture/bpf/event.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

const volatile struct sk_dispatch sk_dispatch_table[SK_NUMBERS_END] = {};

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, SK_PROGRAM_COUNT);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} sk_programs SEC(".maps");

/*
 * 32-bit programs have one call for all of sockets: its number and a pointer
 * to the arguments, of which only as many as the call has are there.
 */
static __always_inline const volatile struct sk_dispatch *unpack_socketcall(struct sk_scratch *scratch)
{
	__u64 call = scratch->arguments[0];
	const void *pointer = (const void *)scratch->arguments[1];
	__u32 packed[SK_ARGUMENT_COUNT] = {};

	if (call >= SK_NUMBERS_END - SK_NUMBERS_SOCKETCALL)
		return NULL;
	if (bpf_probe_read_user(packed, sizeof(packed), pointer) && bpf_probe_read_user(packed, 16, pointer) &&
	    bpf_probe_read_user(packed, 8, pointer))
		return NULL;
#pragma unroll
	for (int i = 0; i < SK_ARGUMENT_COUNT; i++)
		scratch->arguments[i] = packed[i];
	return &sk_dispatch_table[SK_NUMBERS_SOCKETCALL + call];
}

SEC("tp_btf/sys_exit")
int sk_sys_exit(__u64 *context)
{
	const struct pt_regs *registers = (const struct pt_regs *)context[0];
	struct task_struct *task = sk_current();
	__u32 number = sk_arch_number(registers, task);
	const volatile struct sk_dispatch *dispatch;
	struct sk_scratch *scratch;
	__u32 process;

	if (number >= SK_NUMBERS_END)
		return 0;
	dispatch = &sk_dispatch_table[number];
	if (dispatch->program == SK_PROGRAM_NONE)
		return 0;
	if (sk_config.only_tree) {
		process = bpf_get_current_pid_tgid() >> 32;
		if (!bpf_map_lookup_elem(&sk_tree, &process))
			return 0;
	}
	scratch = sk_scratch_take();
	if (!scratch)
		return 0;
	scratch->compat = sk_arch_compat(task);
	scratch->result = (__s64)context[1];
	sk_arch_arguments(registers, scratch->compat, scratch->arguments);
	if (dispatch->program == SK_PROGRAM_SOCKETCALL) {
		dispatch = unpack_socketcall(scratch);
		if (!dispatch) {
			sk_scratch_release(scratch);
			return 0;
		}
	}
	scratch->dispatch = *(const struct sk_dispatch *)dispatch;
	bpf_tail_call(context, &sk_programs, scratch->dispatch.program);
	/* Only if the slot is empty. */
	sk_scratch_release(scratch);
	return 0;
}
