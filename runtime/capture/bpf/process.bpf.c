/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Threads that begin and end.
 *
 * A new thread's own event comes from the scheduler's tracepoint, while its
 * maker is still inside the system call: so it always stands before anything
 * that the thread does, and on every architecture.  Its maker's event comes
 * from the end of the call.
 */
#include "runtime/capture/bpf/flag_maps.h"
#include "runtime/capture/bpf/process.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

extern const volatile struct sk_dispatch sk_dispatch_table[SK_NUMBERS_END];

enum {
	CLONE_VM_AND_VFORK = 0x100 | 0x4000,
	REAPER_THREADS = 30,
	REAPER_ANCESTORS = 60,
	NO_REAPER = -1,
};

/* One function builds them all. */
_Static_assert(SK_NPARAMS_SYSCALL_FORK_20_X == SK_NPARAMS_SYSCALL_CLONE_20_X, "fork has clone's parameters");
_Static_assert(SK_NPARAMS_SYSCALL_VFORK_20_X == SK_NPARAMS_SYSCALL_CLONE_20_X, "vfork has clone's parameters");
_Static_assert(SK_NPARAMS_SYSCALL_CLONE3_X == SK_NPARAMS_SYSCALL_CLONE_20_X, "clone3 has clone's parameters");

static __always_inline __u32 clone_flags(__u32 event, __u64 first, struct task_struct *task)
{
	struct pid_namespace *own = sk_pid_namespace(task);
	struct pid_namespace *children = BPF_CORE_READ(task, nsproxy, pid_ns_for_children);
	__u64 native = 0;
	__u32 flags;

	if (event == SK_EVENT_SYSCALL_CLONE_20_X)
		native = first;
	else if (event == SK_EVENT_SYSCALL_CLONE3_X)
		bpf_probe_read_user(&native, sizeof(native), (const void *)first);
	else if (event == SK_EVENT_SYSCALL_VFORK_20_X)
		native = CLONE_VM_AND_VFORK;
	flags = sk_map_CLONE(native);
	if (BPF_CORE_READ(own, level) || (children && children != own))
		flags |= SK_WIRE_CHILD_IN_PIDNS;
	return flags;
}

static __always_inline void put_clone(struct sk_scratch *scratch, struct task_struct *task, __s64 result,
				      __u32 flags)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	const struct cred *cred = BPF_CORE_READ(task, cred);
	struct pid_namespace *namespace = sk_pid_namespace(task);

	sk_put_u64(scratch, result);
	sk_put_command(scratch, mm);
	sk_put_process(scratch, task, mm);
	sk_put_u32(scratch, flags);
	sk_put_u32(scratch, BPF_CORE_READ(cred, euid.val));
	sk_put_u32(scratch, BPF_CORE_READ(cred, egid.val));
	sk_put_u64(scratch, sk_pid_number(BPF_CORE_READ(task, thread_pid), true));
	sk_put_u64(scratch, sk_pid_number(BPF_CORE_READ(task, group_leader, thread_pid), true));
	sk_put_u64(scratch, BPF_CORE_READ(namespace, child_reaper, start_boottime));
}

SEC("tp_btf/sys_exit")
int sk_exit_clone(void *context)
{
	struct sk_scratch *scratch = sk_scratch_taken();
	struct task_struct *task = sk_current();

	if (!scratch)
		return 0;
	if (scratch->result == 0) {
		/* The new thread's return, where it has one. */
		sk_scratch_release(scratch);
		return 0;
	}
	sk_event_begin_call(scratch);
	put_clone(scratch, task, scratch->result,
		  clone_flags(scratch->dispatch.event, scratch->arguments[0], task));
	sk_event_submit(scratch);
	return 0;
}

/*
 * True if who makes `child` is to be captured.  A new process is then as well;
 * otherwise its id may still stand for one that had it before, and was not yet
 * freed when the id was given again.
 */
static __always_inline bool follow(__u32 process, struct task_struct *child)
{
	bool wanted = sk_process_wanted(process);
	__u32 child_process = child->tgid;
	__u64 birth = child->start_boottime;

	if (!sk_config.only_tree || child_process == process)
		return wanted;
	if (!wanted)
		bpf_map_delete_elem(&sk_tree, &child_process);
	else if (bpf_map_update_elem(&sk_tree, &child_process, &birth, BPF_ANY))
		sk_count(sk_unfollowed);
	return wanted;
}

SEC("tp_btf/sched_process_fork")
int sk_process_fork(__u64 *context)
{
	struct task_struct *task = sk_current();
	struct task_struct *child = (struct task_struct *)context[1];
	const struct pt_regs *registers;
	__u32 number, event = SK_EVENT_SYSCALL_CLONE_20_X;
	__u64 arguments[SK_ARGUMENT_COUNT];
	struct sk_scratch *scratch;

	if (!follow(bpf_get_current_pid_tgid() >> 32, child))
		return 0;
	/* The kernel's own threads are no processes to anybody. */
	if (!task->mm || child->flags & PF_KTHREAD)
		return 0;
	/* What was known of this tid is void. */
	sk_change_thread((__u32)child->pid);
	registers = (const struct pt_regs *)bpf_task_pt_regs(task);
	number = sk_arch_number(registers, task);
	if (number < SK_NUMBERS_END && sk_dispatch_table[number].program == SK_PROGRAM_CLONE)
		event = sk_dispatch_table[number].event;
	scratch = sk_scratch_take(event);
	if (!scratch)
		return 0;
	sk_change_with(scratch, false);
	scratch->compat = sk_arch_compat(task);
	sk_arch_arguments(registers, scratch->compat, arguments);

	sk_event_begin(scratch, event, SK_NPARAMS_SYSCALL_CLONE_20_X, (__u32)child->pid);
	put_clone(scratch, child, 0, clone_flags(event, arguments[0], child));
	sk_event_submit(scratch);
	return 0;
}

static __always_inline struct task_struct *task_of_thread_node(struct list_head *node)
{
	return (void *)((char *)node - bpf_core_field_offset(struct task_struct, thread_node));
}

/* The id of a thread of this process that is not ending; 0 if there is none. */
static __always_inline __s32 live_thread(struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct list_head *head =
		(void *)((char *)signal + bpf_core_field_offset(struct signal_struct, thread_head));
	struct list_head *node = BPF_CORE_READ(head, next);

	for (int i = 0; i < REAPER_THREADS && node != head; i++) {
		struct task_struct *thread = task_of_thread_node(node);

		if (!(BPF_CORE_READ(thread, flags) & PF_EXITING))
			return BPF_CORE_READ(thread, pid);
		node = BPF_CORE_READ(node, next);
	}
	return 0;
}

/* Who gets the children of a thread that ends: 0 if it has none. */
static __always_inline __s32 find_reaper(struct task_struct *task)
{
	struct pid_namespace *namespace = sk_pid_namespace(task);
	struct task_struct *init = BPF_CORE_READ(namespace, child_reaper), *ancestor;
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	__s32 thread;

	if (!sk_has_children(task))
		return 0;
	thread = live_thread(task);
	if (thread)
		return thread;
	if (!BPF_CORE_READ_BITFIELD_PROBED(signal, has_child_subreaper))
		return BPF_CORE_READ(init, pid);
	ancestor = BPF_CORE_READ(task, real_parent);
	for (int i = 0; i < REAPER_ANCESTORS; i++) {
		if (sk_pid_namespace(ancestor) != namespace || BPF_CORE_READ(ancestor, pid) <= 1 ||
		    ancestor == init)
			return BPF_CORE_READ(init, pid);
		signal = BPF_CORE_READ(ancestor, signal);
		if (BPF_CORE_READ_BITFIELD_PROBED(signal, is_child_subreaper)) {
			thread = live_thread(ancestor);
			if (thread)
				return thread;
		}
		ancestor = BPF_CORE_READ(ancestor, real_parent);
	}
	return NO_REAPER;
}

SEC("tp_btf/sched_process_exit")
int sk_process_exit(void *context)
{
	struct task_struct *task = sk_current();
	__u32 status = task->exit_code;
	struct sk_scratch *scratch;

	if (task->flags & PF_KTHREAD || !sk_current_wanted())
		return 0;
	scratch = sk_scratch_take(SK_EVENT_PROCEXIT_1_E);
	if (!scratch)
		return 0;
	sk_change_with(scratch, sk_change_is_seen(task));
	sk_event_begin(scratch, SK_EVENT_PROCEXIT_1_E, SK_NPARAMS_PROCEXIT_1_E, (__u32)bpf_get_current_pid_tgid());
	sk_put_u64(scratch, status);
	sk_put_u64(scratch, (status >> 8) & 0xff);
	sk_put_u8(scratch, status & 0x7f);
	sk_put_u8(scratch, (status & 0x80) != 0);
	sk_put_signed(scratch, find_reaper(task));
	sk_event_submit(scratch);
	return 0;
}

/*
 * A main thread is the last of its process to be freed: only when the others
 * were reaped can it be.  (Of `live`, in its signal_struct, nothing follows:
 * threads that end together have all been subtracted before the first of them
 * comes to sched_process_exit.)
 */
SEC("tp_btf/sched_process_free")
int sk_process_free(__u64 *context)
{
	const struct task_struct *task = (const struct task_struct *)context[0];
	__u32 process = task->tgid;
	const __u64 *birth;

	if (task->pid != task->tgid)
		return 0;
	birth = bpf_map_lookup_elem(&sk_tree, &process);
	if (birth && (*birth == SK_TREE_BORN_BEFORE || *birth == task->start_boottime))
		bpf_map_delete_elem(&sk_tree, &process);
	return 0;
}
