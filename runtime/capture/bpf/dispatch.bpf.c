/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * The end of every system call.  Runs for all of them, so it leaves as early
 * as it can: one look into a table for a call that nobody wants.
 */
#include "runtime/capture/bpf/dispatch.h"
#include "runtime/capture/bpf/sieve.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

const volatile struct sk_dispatch sk_dispatch_table[SK_NUMBERS_END] = {};

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, SK_PROGRAM_COUNT);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} sk_programs SEC(".maps");

SEC("tp_btf/sys_exit")
int sk_sys_exit(__u64 *context)
{
	const struct pt_regs *registers = (const struct pt_regs *)context[0];
	struct task_struct *task = sk_current();
	const volatile struct sk_dispatch *dispatch = sk_dispatch_row(registers, task);
	struct sk_scratch *scratch;

	if (!dispatch)
		return 0;
	scratch = sk_scratch_take(dispatch->event);
	if (!scratch)
		return 0;
	scratch->compat = sk_arch_compat(task);
	scratch->call_origin = sk_arch_origin(registers, scratch->compat);
	scratch->result = (__s64)context[1];
	sk_arch_arguments(registers, scratch->compat, scratch->arguments);
	if (dispatch->program == SK_PROGRAM_SOCKETCALL) {
		dispatch = sk_unpack_socketcall(scratch);
		if (!dispatch) {
			sk_scratch_release(scratch);
			return 0;
		}
	}
	scratch->dispatch = *(const struct sk_dispatch *)dispatch;
	if (!sk_filter_holds_back(scratch))
		bpf_tail_call(context, &sk_programs, scratch->dispatch.program);
	/* Held back, or the slot is empty. */
	sk_scratch_release(scratch);
	return 0;
}
