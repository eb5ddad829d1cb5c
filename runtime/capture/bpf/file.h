/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Reading the kernel's files: from an fd to its inode, device and overlay
 * layer, and from a file to its path.
 */
#ifndef SK_CAPTURE_BPF_FILE_H
#define SK_CAPTURE_BPF_FILE_H

#include "runtime/capture/bpf/event.h"

enum { SK_O_CREAT_OR_TMPFILE = 0x40 | 0x400000 };

/* The mode argument of the open family, which counts only where a file can be made. */
static __always_inline __u32 sk_open_mode(__u64 flags, __u64 mode)
{
	return flags & SK_O_CREAT_OR_TMPFILE ? mode & 07777 : 0;
}

enum sk_layer { SK_LAYER_NONE, SK_LAYER_UPPER, SK_LAYER_LOWER };

/* The current thread's file; NULL when the fd is not open. */
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

/* Names that a path can have, and links of mounts that can lie between them. */
enum { SK_PATH_STEPS = 128, SK_PATH_END = SK_TEXT_LIMIT - 1 };

struct sk_path_walk {
	struct dentry *dentry, *root;
	struct mount *mount;
};

/* Puts `length` bytes before what there is of the path; false when it is full. */
static __always_inline bool sk_path_prepend(struct sk_scratch *scratch, const void *bytes, __u32 length)
{
	__u32 start = sk_forget(scratch->path_start);

	sk_barrier(length);
	length &= 255;
	if (start < length)
		return false;
	start -= length;
	scratch->path_start = start;
	bpf_probe_read_kernel(scratch->path + (start & (SK_TEXT_LIMIT - 1)), length, bytes);
	return true;
}

/* One name, or one mount, towards the root; false at the end. */
static __always_inline bool sk_path_step(struct sk_scratch *scratch, struct sk_path_walk *walk)
{
	struct dentry *dentry = walk->dentry, *parent = BPF_CORE_READ(dentry, d_parent);
	struct mount *mount = walk->mount, *above;

	if (dentry == walk->root) {
		above = BPF_CORE_READ(mount, mnt_parent);
		if (above == mount) {
			if (sk_forget(scratch->path_start) == SK_PATH_END)
				sk_path_prepend(scratch, "/", 1);
			return false;
		}
		walk->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		walk->mount = above;
		walk->root = BPF_CORE_READ(above, mnt.mnt_root);
		return true;
	}
	if (!sk_path_prepend(scratch, BPF_CORE_READ(dentry, d_name.name), BPF_CORE_READ(dentry, d_name.len)))
		return false;
	/* Without a parent and without a mount, such as a memfd: the name is all. */
	if (dentry == parent)
		return false;
	walk->dentry = parent;
	return sk_path_prepend(scratch, "/", 1);
}

/*
 * Appends the path of a file, as the root of its mount namespace sees it.
 * Walked by hand because bpf_d_path() is refused to tracepoints.
 */
static __always_inline void sk_put_path(struct sk_scratch *scratch, const struct file *file)
{
	struct vfsmount *mount = BPF_CORE_READ(file, f_path.mnt);
	struct sk_path_walk walk = {
		.dentry = BPF_CORE_READ(file, f_path.dentry),
		.root = BPF_CORE_READ(mount, mnt_root),
		.mount = (void *)((char *)mount - bpf_core_field_offset(struct mount, mnt)),
	};
	__u32 start, length;

	scratch->path[SK_PATH_END] = 0;
	scratch->path_start = SK_PATH_END;
	for (int i = 0; i < SK_PATH_STEPS; i++)
		if (!sk_path_step(scratch, &walk))
			break;
	start = sk_forget(scratch->path_start) & (SK_TEXT_LIMIT - 1);
	length = SK_TEXT_LIMIT - start;
	if (!file || bpf_probe_read_kernel(sk_event_place(scratch), length, scratch->path + start))
		length = 0;
	sk_event_advance(scratch, length);
}

#endif
