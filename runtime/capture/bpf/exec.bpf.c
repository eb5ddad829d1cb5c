/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Running a program: from the scheduler's tracepoint when it worked, which
 * sees the new program before its first instruction, and from the end of the
 * system call when it failed.
 */
#include "runtime/capture/bpf/file.h"
#include "runtime/capture/bpf/process.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

enum {
	SB_RDONLY = 1,
	S_IMMUTABLE = 8,
	MODE_OTHER_WRITE = 0002,
	MODE_GROUP_WRITE = 0020,
	CAP_DAC_OVERRIDE = 1,
	CAP_FOWNER = 3,
	NO_ID = -1,
	GROUP_STEPS = 17,

	EXE_WRITABLE = 1,
	EXE_UPPER_LAYER = 2,
	EXE_FROM_MEMFD = 4,
	EXE_LOWER_LAYER = 8,
};

/* Supplementary groups are sorted. */
static __always_inline bool in_groups(const struct cred *cred, __u32 gid)
{
	struct group_info *groups = BPF_CORE_READ(cred, group_info);
	__u32 low = 0, high = BPF_CORE_READ(groups, ngroups);

	for (int i = 0; i < GROUP_STEPS && low < high; i++) {
		__u32 middle = (low + high) / 2, value = 0;

		bpf_probe_read_kernel(&value, sizeof(value),
				      (const char *)groups + bpf_core_field_offset(struct group_info, gid) +
					      (__u64)middle * sizeof(value));
		if (value == gid)
			return true;
		if (value < gid)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* True if the user namespace has a name for this id of the host. */
static __always_inline bool is_mapped(const struct uid_gid_map *map, __u32 id)
{
	__u32 count = BPF_CORE_READ(map, nr_extents);

	/* Longer maps are sorted trees; all of the host's ids are then assumed to be in them. */
	if (count > 5)
		return true;
	for (__u32 i = 0; i < 5; i++) {
		struct uid_gid_extent extent = {};

		if (i >= count)
			break;
		bpf_probe_read_kernel(&extent, sizeof(extent), (const char *)map + i * sizeof(extent));
		if (id - extent.lower_first < extent.count)
			return true;
	}
	return false;
}

/* Could the thread write the file, or give itself the right to? */
static __always_inline bool is_writable(const struct inode *inode, const struct cred *cred)
{
	__u32 mode = BPF_CORE_READ(inode, i_mode);
	__u32 uid = BPF_CORE_READ(inode, i_uid.val), gid = BPF_CORE_READ(inode, i_gid.val);
	__u64 capabilities = sk_capabilities(cred, 2);
	struct user_namespace *users = BPF_CORE_READ(cred, user_ns);
	bool uid_mapped;

	if (BPF_CORE_READ(inode, i_sb, s_flags) & SB_RDONLY || BPF_CORE_READ(inode, i_flags) & S_IMMUTABLE ||
	    uid == (__u32)NO_ID || gid == (__u32)NO_ID)
		return false;
	if (BPF_CORE_READ(cred, fsuid.val) == uid)
		return true;
	if (BPF_CORE_READ(cred, fsgid.val) == gid || in_groups(cred, gid)) {
		if (mode & MODE_GROUP_WRITE)
			return true;
	} else if (mode & MODE_OTHER_WRITE) {
		return true;
	}
	uid_mapped = is_mapped(&users->uid_map, uid);
	if (uid_mapped && capabilities & (1 << CAP_FOWNER))
		return true;
	return uid_mapped && capabilities & (1 << CAP_DAC_OVERRIDE) && is_mapped(&users->gid_map, gid);
}

/* A memfd's dentry has no parent, and a name that says so. */
static __always_inline bool is_memfd(const struct file *file)
{
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	char name[7] = {};

	if (BPF_CORE_READ(dentry, d_parent) != dentry)
		return false;
	bpf_probe_read_kernel(name, 6, BPF_CORE_READ(dentry, d_name.name));
	return name[0] == 'm' && name[1] == 'e' && name[2] == 'm' && name[3] == 'f' && name[4] == 'd' &&
	       name[5] == ':';
}

static __always_inline __u32 exe_flags(const struct file *file, const struct inode *inode, const struct cred *cred)
{
	enum sk_layer layer = sk_inode_layer(inode);
	__u32 flags = 0;

	if (is_writable(inode, cred))
		flags |= EXE_WRITABLE;
	if (layer == SK_LAYER_UPPER)
		flags |= EXE_UPPER_LAYER;
	if (layer == SK_LAYER_LOWER)
		flags |= EXE_LOWER_LAYER;
	if (is_memfd(file))
		flags |= EXE_FROM_MEMFD;
	return flags;
}

static __always_inline __u32 tty_device(struct task_struct *task)
{
	struct tty_struct *tty = BPF_CORE_READ(task, signal, tty);
	struct tty_driver *driver;

	if (!tty)
		return 0;
	driver = BPF_CORE_READ(tty, driver);
	return sk_encode_device(BPF_CORE_READ(driver, major),
				BPF_CORE_READ(driver, minor_start) + BPF_CORE_READ(tty, index));
}

/* Parameters 16 to 29, "tty" to "gid". */
static __always_inline void put_program(struct sk_scratch *scratch, struct task_struct *task, struct mm_struct *mm)
{
	const struct cred *cred = BPF_CORE_READ(task, cred);
	struct file *file = BPF_CORE_READ(mm, exe_file);
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct pid *group = BPF_CORE_READ(task, signal, pids[PIDTYPE_PGID]);

	sk_put_u32(scratch, tty_device(task));
	sk_put_u64(scratch, sk_pid_seen(group, task));
	if (bpf_core_field_exists(task->loginuid))
		sk_put_u32(scratch, BPF_CORE_READ(task, loginuid.val));
	else
		sk_put_u32(scratch, NO_ID);
	sk_put_u32(scratch, exe_flags(file, inode, cred));
	sk_put_u64(scratch, sk_capabilities(cred, 0));
	sk_put_u64(scratch, sk_capabilities(cred, 1));
	sk_put_u64(scratch, sk_capabilities(cred, 2));
	sk_put_u64(scratch, BPF_CORE_READ(inode, i_ino));
	sk_put_u64(scratch, sk_inode_changed(inode));
	sk_put_u64(scratch, sk_inode_modified(inode));
	sk_put_u32(scratch, BPF_CORE_READ(cred, euid.val));
	sk_put_path(scratch, file);
	sk_put_u64(scratch, sk_pid_number(group, false));
	sk_put_u32(scratch, BPF_CORE_READ(cred, egid.val));
}

SEC("tp_btf/sched_process_exec")
int sk_process_exec(__u64 *context)
{
	struct task_struct *task = sk_current();
	const struct linux_binprm *program = (const struct linux_binprm *)context[2];
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	struct sk_scratch *scratch;

	if (!sk_current_wanted())
		return 0;
	/* Not only at the end of the call, before which a debugger can hold it; and not all calls of exec have one. */
	sk_change_thread((__u32)bpf_get_current_pid_tgid());
	scratch = sk_scratch_take(SK_EVENT_SYSCALL_EXECVE_19_X);
	if (!scratch)
		return 0;
	sk_change_with(scratch, sk_change_is_seen(task));
	sk_event_begin(scratch, SK_EVENT_SYSCALL_EXECVE_19_X, SK_NPARAMS_SYSCALL_EXECVE_19_X,
		       (__u32)bpf_get_current_pid_tgid());
	sk_put_u64(scratch, 0);
	sk_put_command(scratch, mm);
	sk_put_process(scratch, task, mm);
	sk_put_user_strings(scratch, BPF_CORE_READ(mm, env_start), BPF_CORE_READ(mm, env_end));
	put_program(scratch, task, mm);
	sk_put_kernel_text(scratch, BPF_CORE_READ(program, filename));
	sk_event_submit(scratch);
	return 0;
}

SEC("tp_btf/sys_exit")
int sk_exit_exec(void *context)
{
	struct sk_scratch *scratch = sk_scratch_taken();
	struct task_struct *task = sk_current();
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	__u64 filename, arguments, environment;
	bool at;

	if (!scratch)
		return 0;
	if (scratch->result >= 0) {
		sk_scratch_release(scratch);
		return 0;
	}
	at = scratch->dispatch.event == SK_EVENT_SYSCALL_EXECVEAT_X;
	filename = at ? scratch->arguments[1] : scratch->arguments[0];
	arguments = at ? scratch->arguments[2] : scratch->arguments[1];
	environment = at ? scratch->arguments[3] : scratch->arguments[2];

	sk_event_begin_call(scratch);
	sk_put_u64(scratch, scratch->result);
	sk_put_user_vector(scratch, arguments, 0, 1);
	sk_put_user_vector(scratch, arguments, 1, SK_VECTOR_LIMIT);
	sk_put_process(scratch, task, mm);
	sk_put_user_vector(scratch, environment, 0, SK_VECTOR_LIMIT);
	put_program(scratch, task, mm);
	if (!at)
		sk_put_user_text(scratch, filename);
	sk_event_submit(scratch);
	return 0;
}
