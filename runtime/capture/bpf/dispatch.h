/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * The table of shared.h as the programs at the two ends of a system call use it.
 */
#ifndef SK_CAPTURE_BPF_DISPATCH_H
#define SK_CAPTURE_BPF_DISPATCH_H

#include "runtime/capture/bpf/event.h"

extern const volatile struct sk_dispatch sk_dispatch_table[SK_NUMBERS_END];

/* The row of the call that a thread is in; NULL if nobody wants its events. */
static __always_inline const volatile struct sk_dispatch *sk_dispatch_row(const struct pt_regs *registers,
									  struct task_struct *task)
{
	__u32 number = sk_arch_number(registers, task);
	const volatile struct sk_dispatch *row;

	if (number >= SK_NUMBERS_END)
		return NULL;
	row = &sk_dispatch_table[number];
	return row->program != SK_PROGRAM_NONE && sk_current_wanted() ? row : NULL;
}

/*
 * 32-bit programs have one call for all of sockets: its number and a pointer
 * to the arguments, of which only as many as the call has are there.
 */
static __always_inline const volatile struct sk_dispatch *sk_unpack_socketcall(struct sk_scratch *scratch)
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

#endif
