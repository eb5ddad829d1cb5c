/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Reading the kernel's threads.  Everything goes through probe reads, so that
 * `task` can be the current one, a child that is being made, or a parent.
 */
#ifndef SK_CAPTURE_BPF_TASK_H
#define SK_CAPTURE_BPF_TASK_H

#include "runtime/capture/bpf/event.h"

/* The number of `pid` in its own namespace (deepest), or on the host. */
static __always_inline __s64 sk_pid_number(struct pid *pid, bool deepest)
{
	struct upid *upid = (void *)((char *)pid + bpf_core_field_offset(struct pid, numbers));
	__u32 level = deepest ? BPF_CORE_READ(pid, level) & 63 : 0;

	if (!pid)
		return 0;
	upid = (void *)((char *)upid + level * bpf_core_type_size(struct upid));
	return BPF_CORE_READ(upid, nr);
}

static __always_inline struct pid_namespace *sk_pid_namespace(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	struct upid *upid = (void *)((char *)pid + bpf_core_field_offset(struct pid, numbers));
	__u32 level = BPF_CORE_READ(pid, level) & 63;

	upid = (void *)((char *)upid + level * bpf_core_type_size(struct upid));
	return BPF_CORE_READ(upid, ns);
}

/* A process group or session, as a number of the task's own namespace. */
static __always_inline __s64 sk_pid_seen(struct pid *pid, struct task_struct *task)
{
	struct pid_namespace *namespace = sk_pid_namespace(task);
	__u32 level = BPF_CORE_READ(namespace, level) & 63;
	struct upid *upid = (void *)((char *)pid + bpf_core_field_offset(struct pid, numbers) +
				     level * bpf_core_type_size(struct upid));

	if (!pid || level > BPF_CORE_READ(pid, level) || BPF_CORE_READ(upid, ns) != namespace)
		return 0;
	return BPF_CORE_READ(upid, nr);
}

/* One of the credentials' sets; the bits are the wire's too. */
static __always_inline __u64 sk_capabilities(const struct cred *cred, __u32 which)
{
	__u64 set = 0;

	if (which == 0)
		bpf_core_read(&set, sizeof(set), &cred->cap_inheritable);
	else if (which == 1)
		bpf_core_read(&set, sizeof(set), &cred->cap_permitted);
	else
		bpf_core_read(&set, sizeof(set), &cred->cap_effective);
	return set & ((1ULL << 41) - 1);
}

/* Pages of a kind: 0 file, 1 anonymous, 2 swapped, 3 shared memory. */
static __always_inline __u64 sk_memory_pages(struct mm_struct *mm, __u32 kind)
{
	const struct mm_struct___before_6_2 *old = (const void *)mm;
	__s64 pages = 0;

	if (bpf_core_type_exists(struct mm_rss_stat___before_6_2))
		bpf_probe_read_kernel(&pages, sizeof(pages),
				      (const char *)old +
					      bpf_core_field_offset(struct mm_struct___before_6_2, rss_stat) +
					      kind * sizeof(pages));
	else
		bpf_probe_read_kernel(&pages, sizeof(pages),
				      (const char *)mm + bpf_core_field_offset(struct mm_struct, rss_stat) +
					      kind * bpf_core_type_size(struct percpu_counter) +
					      bpf_core_field_offset(struct percpu_counter, count));
	return pages > 0 ? pages : 0;
}

/* KiB: 0 size, 1 resident, 2 swapped. */
static __always_inline __u32 sk_memory_size(struct mm_struct *mm, __u32 which)
{
	if (!mm)
		return 0;
	if (which == 0)
		return BPF_CORE_READ(mm, total_vm) * sk_config.page_kib;
	if (which == 1)
		return (sk_memory_pages(mm, 0) + sk_memory_pages(mm, 1) + sk_memory_pages(mm, 3)) *
		       sk_config.page_kib;
	return sk_memory_pages(mm, 2) * sk_config.page_kib;
}

static __always_inline bool sk_has_children(struct task_struct *task)
{
	struct list_head *children = (void *)((char *)task + bpf_core_field_offset(struct task_struct, children));

	return BPF_CORE_READ(children, next) != children;
}

/* --- classes of processes (bpf/process_class.h) -------------------------------- */

/* The thread is another one from now on, to the rules; lost events change, too. */
static __always_inline void sk_change_thread(__u32 tid)
{
	sk_process_raise(&sk_process.changes[sk_process_slot(tid)], sk_process_time(bpf_ktime_get_boot_ns()));
}

/*
 * Whether others see what the current thread is: those whom its process created,
 * its other threads, and those whom it takes when their parents end, which the
 * state knows of before the kernel has made them its children.  With the first
 * process of a pid namespace its container ends, too.
 */
static __always_inline bool sk_change_is_seen(struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);

	return BPF_CORE_READ(signal, nr_threads) > 1 || sk_has_children(task) ||
	       BPF_CORE_READ_BITFIELD_PROBED(signal, is_child_subreaper) ||
	       sk_pid_number(BPF_CORE_READ(task, thread_pid), true) == 1;
}

/* The event that is about to be built tells of a change: raised now, and when it has its time. */
static __always_inline void sk_change_with(struct sk_scratch *scratch, bool is_seen)
{
	scratch->changes = is_seen ? SK_CHANGE_EVERYONE : SK_CHANGE_THREAD;
	if (is_seen)
		sk_process_raise(&sk_process.everyone, sk_process_time(bpf_ktime_get_boot_ns()));
}

#endif
