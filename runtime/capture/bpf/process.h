/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * What the events of making a process and of running a program have in
 * common: parameters 1 to 14, "exe" to "cgroups".
 */
#ifndef SK_CAPTURE_BPF_PROCESS_H
#define SK_CAPTURE_BPF_PROCESS_H

#include "runtime/capture/bpf/event.h"
#include "runtime/capture/bpf/task.h"

enum {
	SK_STRINGS_LIMIT = 4096, /* of all arguments, or of the environment */
	SK_VECTOR_LIMIT = 16,    /* strings read one by one */
	SK_PAGE = 4096,
};

/* The last of `size` bytes at `place` becomes a NUL, since the text may be cut there. */
static __always_inline void sk_terminate(__u8 *place, __u32 size)
{
	if (size)
		place[(size - 1) & (2 * SK_STRINGS_LIMIT - 1)] = 0;
}

/* Strings that lie in user memory one after another; those of the first page if no more are there. */
static __always_inline void sk_put_user_strings(struct sk_scratch *scratch, __u64 address, __u64 end)
{
	__u8 *place = sk_event_place(scratch);
	__u64 there = end > address ? end - address : 0;
	__u32 size = there < SK_STRINGS_LIMIT ? there : SK_STRINGS_LIMIT;

	sk_barrier(size);
	size &= 2 * SK_STRINGS_LIMIT - 1;
	if (size && bpf_probe_read_user(place, size, (const void *)address)) {
		there = SK_PAGE - (address & (SK_PAGE - 1));
		if (size > there)
			size = there;
		sk_barrier(size);
		size &= 2 * SK_STRINGS_LIMIT - 1;
		if (bpf_probe_read_user(place, size, (const void *)address))
			size = 0;
	}
	sk_terminate(place, size);
	sk_event_advance(scratch, size);
}

/*
 * Strings that an array of pointers in user memory leads to, from number
 * `from` to before `to`; the array ends with NULL.
 */
static __always_inline void sk_put_user_vector(struct sk_scratch *scratch, __u64 vector, __u32 from, __u32 to)
{
	__u32 width = scratch->compat ? 4 : 8;
	__u32 start = sk_forget(scratch->offset), size;

	for (__u32 i = from; i < to; i++) {
		__u64 pointer = 0;
		long length;

		if (bpf_probe_read_user(&pointer, width, (const void *)(vector + i * width)) || !pointer)
			break;
		length = bpf_probe_read_user_str(sk_event_place(scratch), SK_STRINGS_LIMIT, (const void *)pointer);
		/* One that is not in memory, which the kernel did not look at either: the others may be. */
		if (length <= 0)
			continue;
		scratch->offset = sk_forget(scratch->offset) + length;
		if (sk_forget(scratch->offset) - start >= SK_STRINGS_LIMIT)
			break;
	}
	size = sk_forget(scratch->offset) - start;
	if (size > SK_STRINGS_LIMIT)
		size = SK_STRINGS_LIMIT;
	scratch->offset = start;
	sk_terminate(sk_event_place(scratch), size);
	sk_event_advance(scratch, size);
}

static __always_inline struct kernfs_node *sk_kernfs_parent(struct kernfs_node *node)
{
	struct kernfs_node___before_6_15 *old = (void *)node;

	if (bpf_core_field_exists(node->__parent))
		return BPF_CORE_READ(node, __parent);
	return BPF_CORE_READ(old, parent);
}

static __always_inline void sk_append_byte(struct sk_scratch *scratch, __u8 byte)
{
	*sk_event_place(scratch) = byte;
	scratch->offset = sk_forget(scratch->offset) + 1;
}

/* Appends the names from the root of the hierarchy down, and a NUL. */
static __always_inline void sk_append_cgroup_path(struct sk_scratch *scratch, struct cgroup *cgroup)
{
	struct kernfs_node *node = BPF_CORE_READ(cgroup, kn);
	__u32 depth = 0;

	for (__u32 i = 0; i < SK_CGROUP_LEVELS; i++) {
		struct kernfs_node *parent = node ? sk_kernfs_parent(node) : NULL;

		if (!parent)
			break;
		scratch->levels[i] = BPF_CORE_READ(node, name);
		depth = i + 1;
		node = parent;
	}
	if (!depth)
		sk_append_byte(scratch, '/');
	scratch->depth = depth;
	for (__u32 i = SK_CGROUP_LEVELS; i > 0; i--) {
		long length;

		if (i > sk_forget(scratch->depth))
			continue;
		sk_append_byte(scratch, '/');
		length = bpf_probe_read_kernel_str(sk_event_place(scratch), 256, scratch->levels[i - 1]);
		if (length > 1)
			scratch->offset = sk_forget(scratch->offset) + length - 1;
	}
	sk_append_byte(scratch, 0);
}

/*
 * "cpuset=/path" with its NUL.  On the unified hierarchy a controller that is
 * not enabled so deep belongs to a cgroup further up, but the process's own is
 * meant.
 */
static __always_inline void sk_append_cgroup(struct sk_scratch *scratch, struct css_set *set, __u32 subsystem,
					     const char *prefix, __u32 prefix_size)
{
	struct cgroup *own = BPF_CORE_READ(set, dfl_cgrp), *cgroup;
	struct cgroup_subsys_state *state = NULL;
	__u32 start, size;

	bpf_probe_read_kernel(&state, sizeof(state),
			      (const char *)set + bpf_core_field_offset(struct css_set, subsys) +
				      subsystem * sizeof(state));
	cgroup = BPF_CORE_READ(state, cgroup);
	if (!cgroup)
		return;
	if (BPF_CORE_READ(cgroup, root) == BPF_CORE_READ(own, root))
		cgroup = own;
	__builtin_memcpy(sk_event_place(scratch), prefix, prefix_size);
	scratch->offset = sk_forget(scratch->offset) + prefix_size;
	if (cgroup == sk_forget(scratch->cgroup)) {
		/* The same path as the one before, as all are on the unified hierarchy. */
		start = sk_forget(scratch->cgroup_start) & (SK_AREA - 1);
		size = sk_forget(scratch->cgroup_size) & (2 * SK_STRINGS_LIMIT - 1);
		bpf_probe_read_kernel(sk_event_place(scratch), size, scratch->event + start);
		scratch->offset = sk_forget(scratch->offset) + size;
		return;
	}
	start = sk_forget(scratch->offset);
	sk_append_cgroup_path(scratch, cgroup);
	scratch->cgroup = cgroup;
	scratch->cgroup_start = start;
	scratch->cgroup_size = sk_forget(scratch->offset) - start;
}

#define SK_APPEND_CGROUP(name, prefix)                                                                             \
	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, name))                                               \
	sk_append_cgroup(scratch, set, bpf_core_enum_value(enum cgroup_subsys_id, name), prefix, sizeof(prefix) - 1)

static __always_inline void sk_put_cgroups(struct sk_scratch *scratch, struct task_struct *task)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	__u32 start = sk_forget(scratch->offset), size;

	scratch->cgroup = NULL;
	SK_APPEND_CGROUP(cpuset_cgrp_id, "cpuset=");
	SK_APPEND_CGROUP(cpu_cgrp_id, "cpu=");
	SK_APPEND_CGROUP(cpuacct_cgrp_id, "cpuacct=");
	SK_APPEND_CGROUP(io_cgrp_id, "io=");
	SK_APPEND_CGROUP(memory_cgrp_id, "memory=");
	size = sk_forget(scratch->offset) - start;
	scratch->offset = start;
	sk_event_advance(scratch, size);
}

/* argv[0] and the other arguments, as they lie in the memory of the current process. */
static __always_inline void sk_put_command(struct sk_scratch *scratch, struct mm_struct *mm)
{
	__u64 start = BPF_CORE_READ(mm, arg_start), end = BPF_CORE_READ(mm, arg_end);
	__u64 length = end > start ? end - start : 0;
	long size = 0;

	if (length > SK_STRINGS_LIMIT)
		end = start + SK_STRINGS_LIMIT;
	if (length)
		size = bpf_probe_read_user_str(sk_event_place(scratch), SK_STRINGS_LIMIT, (const void *)start);
	if (size < 0)
		size = 0;
	sk_event_advance(scratch, size);
	sk_put_user_strings(scratch, start + size, size ? end : 0);
}

/* Parameters 3 to 14, "tid" to "cgroups". */
static __always_inline void sk_put_process(struct sk_scratch *scratch, struct task_struct *task,
					   struct mm_struct *mm)
{
	sk_put_signed(scratch, BPF_CORE_READ(task, pid));
	sk_put_signed(scratch, BPF_CORE_READ(task, tgid));
	sk_put_signed(scratch, BPF_CORE_READ(task, real_parent, pid));
	sk_put_empty(scratch); /* cwd, which nobody reads from here */
	sk_put_u64(scratch, BPF_CORE_READ(task, signal, rlim[RLIMIT_NOFILE].rlim_cur));
	sk_put_u64(scratch, BPF_CORE_READ(task, maj_flt));
	sk_put_u64(scratch, BPF_CORE_READ(task, min_flt));
	sk_put_u32(scratch, sk_memory_size(mm, 0));
	sk_put_u32(scratch, sk_memory_size(mm, 1));
	sk_put_u32(scratch, sk_memory_size(mm, 2));
	sk_put_kernel_text(scratch, (const char *)task + bpf_core_field_offset(struct task_struct, comm));
	sk_put_cgroups(scratch, task);
}

#endif
