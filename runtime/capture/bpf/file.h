/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Reading the kernel's files: from an fd to its inode, device and overlay
 * layer, and from a file to its path.
 */
#ifndef SK_CAPTURE_BPF_FILE_H
#define SK_CAPTURE_BPF_FILE_H

#include "runtime/capture/bpf/event.h"
#include "runtime/capture/bpf/flag_maps.h"

enum { SK_O_CREAT_OR_TMPFILE = 0x40 | 0x400000 };

/* The mode argument of the open family, which counts only where a file can be made. */
static __always_inline __u32 sk_open_mode(__u64 flags, __u64 mode)
{
	return flags & SK_O_CREAT_OR_TMPFILE ? mode & 07777 : 0;
}

enum sk_layer { SK_LAYER_NONE, SK_LAYER_UPPER, SK_LAYER_LOWER };

/* A thread's file; NULL when the fd is not open. */
static __always_inline struct file *sk_file_of_task(struct task_struct *task, __s64 fd)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd), *file = NULL;

	if (fd < 0 || fd >= BPF_CORE_READ(table, max_fds))
		return NULL;
	bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	return file;
}

/* The current thread's, which can be looked at without probe reads. */
static __always_inline struct file *sk_file_of_fd(__s64 fd)
{
	struct fdtable *table = sk_current()->files->fdt;
	struct file **files = table->fd;
	struct file *file = NULL;

	if (fd < 0 || fd >= table->max_fds)
		return NULL;
	bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	return file;
}

/* As the wire has it: the low byte of the minor number, the major, the rest. */
static __always_inline __u32 sk_encode_device(__u32 major, __u32 minor)
{
	return (minor & 0xff) | (major << 8) | ((minor & ~0xffU) << 12);
}

static __always_inline __u32 sk_inode_device(const struct inode *inode)
{
	__u32 device = BPF_CORE_READ(inode, i_sb, s_dev);

	return sk_encode_device(device >> 20, device & 0xfffff);
}

/*
 * Which layer of an overlay the file comes from.  The pointer to the upper
 * dentry follows the inode in overlayfs's own structure, of which there is
 * no BTF when it is a module.
 */
static __always_inline enum sk_layer sk_inode_layer(const struct inode *inode)
{
	struct dentry *upper = NULL;

	if (BPF_CORE_READ(inode, i_sb, s_magic) != OVERLAY_MAGIC)
		return SK_LAYER_NONE;
	bpf_probe_read_kernel(&upper, sizeof(upper), (const char *)inode + bpf_core_type_size(struct inode));
	return upper && BPF_CORE_READ(upper, d_inode, i_ino) ? SK_LAYER_UPPER : SK_LAYER_LOWER;
}

/* What an open tells of the file that it found. */
struct sk_opened {
	__u32 device;
	__u64 inode;
	bool created;
	enum sk_layer layer;
};

static __always_inline struct sk_opened sk_file_look(const struct file *file)
{
	const struct inode *inode = BPF_CORE_READ(file, f_inode);

	return (struct sk_opened){
		.device = sk_inode_device(inode),
		.inode = BPF_CORE_READ(inode, i_ino),
		.created = BPF_CORE_READ(file, f_mode) & FMODE_CREATED,
		.layer = sk_inode_layer(inode),
	};
}

static __always_inline __u32 sk_open_flags(__u64 native, const struct sk_opened *opened)
{
	__u32 flags = sk_map_OPEN(native);

	if (opened->created)
		flags |= SK_WIRE_CREATED;
	if (opened->layer == SK_LAYER_UPPER)
		flags |= SK_WIRE_UPPER_LAYER;
	if (opened->layer == SK_LAYER_LOWER)
		flags |= SK_WIRE_LOWER_LAYER;
	return flags;
}

static __always_inline __u64 sk_nanoseconds(__s64 seconds, __s64 nanoseconds)
{
	return (__u64)seconds * 1000000000 + nanoseconds;
}

/* Since 6.13 the highest bit of the nanoseconds says that somebody has asked for the time. */
enum { SK_NANOSECONDS = 0x7fffffff };

static __always_inline __u64 sk_inode_changed(const struct inode *inode)
{
	const struct inode___6_6 *middle = (const void *)inode;
	const struct inode___before_6_6 *old = (const void *)inode;

	if (bpf_core_field_exists(inode->i_ctime_sec))
		return sk_nanoseconds(BPF_CORE_READ(inode, i_ctime_sec),
				      BPF_CORE_READ(inode, i_ctime_nsec) & SK_NANOSECONDS);
	if (bpf_core_field_exists(middle->__i_ctime))
		return sk_nanoseconds(BPF_CORE_READ(middle, __i_ctime.tv_sec),
				      BPF_CORE_READ(middle, __i_ctime.tv_nsec));
	return sk_nanoseconds(BPF_CORE_READ(old, i_ctime.tv_sec), BPF_CORE_READ(old, i_ctime.tv_nsec));
}

static __always_inline __u64 sk_inode_modified(const struct inode *inode)
{
	const struct inode___6_7 *middle = (const void *)inode;
	const struct inode___before_6_6 *old = (const void *)inode;

	if (bpf_core_field_exists(inode->i_mtime_sec))
		return sk_nanoseconds(BPF_CORE_READ(inode, i_mtime_sec), BPF_CORE_READ(inode, i_mtime_nsec));
	if (bpf_core_field_exists(middle->__i_mtime))
		return sk_nanoseconds(BPF_CORE_READ(middle, __i_mtime.tv_sec),
				      BPF_CORE_READ(middle, __i_mtime.tv_nsec));
	return sk_nanoseconds(BPF_CORE_READ(old, i_mtime.tv_sec), BPF_CORE_READ(old, i_mtime.tv_nsec));
}

/*
 * Writes a path with its NUL to the end of scratch->path, as the root of its
 * mount namespace sees it; scratch->path_start is where it begins.  What has more
 * than SK_PATH_STEPS names or SK_TEXT_LIMIT bytes keeps its end, with "..." before it.
 */
int sk_path_walk(void);

static __always_inline __u32 sk_path_find(struct sk_scratch *scratch, struct vfsmount *mount, struct dentry *dentry)
{
	scratch->path_dentry = dentry;
	scratch->path_root = BPF_CORE_READ(mount, mnt_root);
	scratch->path_mount = (void *)((char *)mount - bpf_core_field_offset(struct mount, mnt));
	sk_path_walk();
	return sk_forget(scratch->path_start) & (SK_TEXT_LIMIT - 1);
}

/* Appends the path of a file as a parameter. */
static __always_inline void sk_put_path(struct sk_scratch *scratch, const struct file *file)
{
	__u32 start = sk_path_find(scratch, BPF_CORE_READ(file, f_path.mnt), BPF_CORE_READ(file, f_path.dentry));
	__u32 length = SK_TEXT_LIMIT - start;

	if (!file || bpf_probe_read_kernel(sk_event_place(scratch), length, scratch->path + start))
		length = 0;
	sk_event_advance(scratch, length);
}

#endif
