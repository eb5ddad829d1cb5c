/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Where an architecture keeps the number and the arguments of a system call:
 * the only place that knows.
 */
#ifndef SK_CAPTURE_BPF_ARCH_H
#define SK_CAPTURE_BPF_ARCH_H

#include "runtime/capture/bpf/kernel.h"
#include "runtime/capture/bpf/shared.h"

#if defined(__TARGET_ARCH_x86)

enum { SK_X32_BIT = 0x40000000, TS_COMPAT = 2 };

/*
 * The index in the table of dispatch; SK_NUMBERS_END if it has none.  A call
 * through the x32 ABI has the native number and one bit more.
 *
 * An exec from a 64-bit into a 32-bit program leaves the 64-bit number in a
 * task that is already marked as 32-bit, so those two numbers stay as they are.
 */
static __always_inline __u32 sk_arch_number(const struct pt_regs *registers, const struct task_struct *task)
{
	__u64 number = registers->orig_ax;

	if (task->thread_info.status & TS_COMPAT && number != 59 && number != 322)
		return number < 512 ? SK_NUMBERS_COMPAT + number : SK_NUMBERS_END;
	number = (__u32)number & ~SK_X32_BIT;
	return number < 512 ? number : SK_NUMBERS_END;
}

static __always_inline bool sk_arch_compat(const struct task_struct *task)
{
	return task->thread_info.status & TS_COMPAT;
}

static __always_inline __u32 sk_arch_origin(const struct pt_regs *registers, bool compat)
{
	if (compat)
		return SK_BPF_ORIGIN_COMPAT;
	return registers->orig_ax & SK_X32_BIT && (__s32)registers->orig_ax > 0 ? SK_BPF_ORIGIN_X32
										: SK_BPF_ORIGIN_CALL;
}

static __always_inline void sk_arch_arguments(const struct pt_regs *registers, bool compat, __u64 *arguments)
{
	if (compat) {
		arguments[0] = (__u32)registers->bx;
		arguments[1] = (__u32)registers->cx;
		arguments[2] = (__u32)registers->dx;
		arguments[3] = (__u32)registers->si;
		arguments[4] = (__u32)registers->di;
		arguments[5] = (__u32)registers->bp;
	} else {
		arguments[0] = registers->di;
		arguments[1] = registers->si;
		arguments[2] = registers->dx;
		arguments[3] = registers->r10;
		arguments[4] = registers->r8;
		arguments[5] = registers->r9;
	}
}

#elif defined(__TARGET_ARCH_arm64)

enum { TIF_32BIT = 22 };

static __always_inline __u32 sk_arch_number(const struct pt_regs *registers, const struct task_struct *task)
{
	__s32 number = registers->syscallno;

	/* Programs for 32-bit ARM have numbers of their own, of which there is no table. */
	if (task->thread_info.flags & (1UL << TIF_32BIT))
		return SK_NUMBERS_END;
	return number >= 0 && number < 512 ? (__u32)number : SK_NUMBERS_END;
}

static __always_inline bool sk_arch_compat(const struct task_struct *task)
{
	return false;
}

static __always_inline __u32 sk_arch_origin(const struct pt_regs *registers, bool compat)
{
	return SK_BPF_ORIGIN_CALL;
}

static __always_inline void sk_arch_arguments(const struct pt_regs *registers, bool compat, __u64 *arguments)
{
	arguments[0] = registers->orig_x0;
	arguments[1] = registers->regs[1];
	arguments[2] = registers->regs[2];
	arguments[3] = registers->regs[3];
	arguments[4] = registers->regs[4];
	arguments[5] = registers->regs[5];
}

#else
#error "say where this architecture keeps a system call's number and arguments"
#endif

#endif
