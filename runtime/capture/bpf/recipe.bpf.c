/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Most events: follows the steps of recipes.def.
 */
#include "runtime/capture/bpf/event.h"
#include "runtime/capture/bpf/paths.h"
#include "runtime/capture/bpf/recipes.h"
#include "runtime/capture/bpf/socket.h"
#include "runtime/capture/bpf/task.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* Verified once, on its own, instead of once for every step. */
__attribute__((noinline)) __u64 sk_map_flags(__u32 map, __u64 native)
{
	return sk_map_choose(map, native);
}

static __always_inline void put_number(struct sk_scratch *scratch, __u32 width, __u64 value)
{
	*(__u64 *)sk_event_place(scratch) = value;
	sk_event_advance(scratch, width & 15);
}

/* A number of up to 8 bytes in user memory. */
static __always_inline bool read_user(__u64 pointer, __u32 offset, __u32 width, __u64 *ret_value)
{
	__u64 value = 0;

	sk_barrier(width);
	width &= 15;
	if (width > 8 || bpf_probe_read_user(&value, width, (const void *)(pointer + offset)))
		return false;
	*ret_value = value;
	return true;
}

/* A limit of a 32-bit program that is infinite has 32 bits set. */
static __always_inline __u64 read_limit(const struct sk_scratch *scratch, __u64 pointer, __u32 which)
{
	__u64 value = ~0ULL;

	if (scratch->compat)
		return read_user(pointer, which * 4, 4, &value) && (__u32)value != ~0U ? value : ~0ULL;
	read_user(pointer, which * 8, 8, &value);
	return value;
}

static __always_inline __u64 read_duration(const struct sk_scratch *scratch, __u64 pointer)
{
	__u64 seconds = 0, nanoseconds = 0;
	__u32 width = scratch->compat ? 4 : 8;

	read_user(pointer, 0, width, &seconds);
	read_user(pointer, width, width, &nanoseconds);
	return seconds * 1000000000 + nanoseconds;
}

static __always_inline __u64 pipe_inode(__u64 pointer)
{
	struct file *file;
	__u64 fd;

	if (!read_user(pointer, 0, 4, &fd))
		return 0;
	file = sk_file_of_fd(fd);
	return file ? BPF_CORE_READ(file, f_inode, i_ino) : 0;
}

static __always_inline void put_step(struct sk_scratch *scratch, const struct sk_step *step)
{
	__s64 result = scratch->result;
	__u64 argument = 0, value = ~0ULL;
	__u32 extra = step->extra;

	if (step->argument < SK_ARGUMENT_COUNT)
		argument = scratch->arguments[step->argument];

	switch (step->kind) {
	case SK_STEP_RESULT:
		put_number(scratch, step->width, result);
		break;
	case SK_STEP_SIGNED:
		sk_put_signed(scratch, argument);
		break;
	case SK_STEP_NUMBER:
		put_number(scratch, step->width, argument);
		break;
	case SK_STEP_NUMBER_PAIR:
		if (step->argument + 1 < SK_ARGUMENT_COUNT)
			put_number(scratch, step->width,
				   argument << 32 | (__u32)scratch->arguments[step->argument + 1]);
		break;
	case SK_STEP_FLAGS:
		put_number(scratch, step->width, sk_map_flags(extra, (__u32)argument));
		break;
	case SK_STEP_TEXT_RESULT:
		if (result < 0)
			argument = 0;
		/* fall through */
	case SK_STEP_TEXT:
		sk_put_given_path(scratch, argument);
		break;
	case SK_STEP_DATA:
		if (extra < SK_ARGUMENT_COUNT && result < 0)
			result = scratch->arguments[extra];
		/* fall through */
	case SK_STEP_RECEIVED:
		sk_put_user_bytes(scratch, argument, result < 0 ? 0 : result, sk_snap_length);
		break;
	case SK_STEP_BYTES:
		if (extra < SK_ARGUMENT_COUNT)
			sk_put_user_bytes(scratch, argument, scratch->arguments[extra], sk_snap_length);
		break;
	case SK_STEP_ADDRESS:
		if (extra < SK_ARGUMENT_COUNT)
			sk_put_address(scratch, argument, (__u32)scratch->arguments[extra]);
		break;
	case SK_STEP_USER:
		if (result >= 0)
			read_user(argument, extra, step->width, &value);
		put_number(scratch, step->width, value);
		break;
	case SK_STEP_USER_ALWAYS:
		value = 0;
		read_user(argument, extra, step->width, &value);
		put_number(scratch, step->width, value);
		break;
	case SK_STEP_USER_SIGNED:
		if (result >= 0)
			read_user(argument, extra, 4, &value);
		sk_put_signed(scratch, value);
		break;
	case SK_STEP_USER_FLAGS:
		value = 0;
		read_user(argument, step->width, 4, &value);
		sk_put_u32(scratch, sk_map_flags(extra, value));
		break;
	case SK_STEP_LIMIT:
		sk_put_u64(scratch, result < 0 ? ~0ULL : read_limit(scratch, argument, extra));
		break;
	case SK_STEP_LIMIT_ALWAYS:
		sk_put_u64(scratch, read_limit(scratch, argument, extra));
		break;
	case SK_STEP_PIPE_INODE:
		sk_put_u64(scratch, result < 0 ? 0 : pipe_inode(argument));
		break;
	case SK_STEP_DURATION:
		sk_put_u64(scratch, read_duration(scratch, argument));
		break;
	case SK_STEP_CAPABILITIES:
		sk_put_u64(scratch, sk_capabilities(BPF_CORE_READ(sk_current(), cred), extra));
		break;
	case SK_STEP_MEMORY:
		sk_put_u32(scratch, sk_memory_size(BPF_CORE_READ(sk_current(), mm), extra));
		break;
	case SK_STEP_ZERO:
		put_number(scratch, step->width, 0);
		break;
	case SK_STEP_SYSCALL:
		sk_put_u16(scratch, scratch->dispatch.syscall);
		break;
	case SK_STEP_NATIVE:
		sk_put_u16(scratch, scratch->dispatch.native);
		break;
	}
}

/* Where a thread went that changed its directory or its root. */
static __always_inline void note_directory(struct sk_scratch *scratch)
{
	struct fs_struct *fs = BPF_CORE_READ(sk_current(), fs);

	if (scratch->dispatch.event == SK_EVENT_SYSCALL_CHDIR_X)
		sk_note_resolved(scratch, 0, BPF_CORE_READ(fs, pwd.mnt), BPF_CORE_READ(fs, pwd.dentry));
	else
		sk_note_resolved(scratch, 0, BPF_CORE_READ(fs, root.mnt), BPF_CORE_READ(fs, root.dentry));
}

SEC("tp_btf/sys_exit")
int sk_exit_recipe(void *context)
{
	struct sk_scratch *scratch = sk_scratch_taken();
	const struct sk_recipe *recipe;
	__u32 number;

	if (!scratch)
		return 0;
	number = scratch->dispatch.recipe;
	if (number >= SK_RECIPE_COUNT) {
		sk_scratch_release(scratch);
		return 0;
	}
	recipe = &sk_recipes[number];
	sk_event_begin_call(scratch);
	for (int i = 0; i < SK_STEPS_MAX && recipe->steps[i].kind != SK_STEP_END; i++)
		put_step(scratch, &recipe->steps[i]);
	if (sk_config.resolve_paths && scratch->result == 0 &&
	    (scratch->dispatch.event == SK_EVENT_SYSCALL_CHDIR_X ||
	     scratch->dispatch.event == SK_EVENT_SYSCALL_CHROOT_X))
		note_directory(scratch);
	sk_note_begun(scratch);
	sk_event_submit(scratch);
	return 0;
}
