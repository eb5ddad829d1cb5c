/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Walking a path from its end to the root, by hand because bpf_d_path() is
 * refused to tracepoints.  Functions of their own, which the verifier follows
 * once instead of once in every program that calls them; what they work on is
 * in the scratch area, where it forgets values that would make each step another
 * state.
 */
#include "runtime/capture/bpf/paths.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

enum {
	SK_PATH_STEPS = 128, /* names, and links of mounts that can lie between them */
	SK_PATH_END = SK_TEXT_LIMIT - 1,
	SK_WORDS_LIMIT = SK_TEXT_LIMIT / 8
};

enum sk_path_state {
	SK_PATH_GOES_ON,
	SK_PATH_COMPLETE,
	SK_PATH_CUT, /* more names, or longer ones, than there is room for */
};

/* Puts a name before what there is of the path; false when it is full. */
static __always_inline bool sk_path_prepend(struct sk_scratch *scratch, const void *name, __u32 length)
{
	__u32 start = sk_forget(scratch->path_start);

	sk_barrier(length);
	length &= 255;
	if (start < length)
		return false;
	start -= length;
	scratch->path_start = start;
	bpf_probe_read_kernel(scratch->path + (start & (SK_TEXT_LIMIT - 1)), length, name);
	return true;
}

static __always_inline bool sk_path_prepend_slash(struct sk_scratch *scratch)
{
	__u32 start = sk_forget(scratch->path_start);

	if (start < 1)
		return false;
	start--;
	scratch->path_start = start;
	scratch->path[start & (SK_TEXT_LIMIT - 1)] = '/';
	return true;
}

/* What a step needs of a directory entry, as it lies in all kernels so far. */
struct entry {
	struct dentry *parent;
	__u32 hash, length;
	const unsigned char *name;
};

/* In one read if the fields lie so, and one by one if they don't. */
static __always_inline void read_entry(struct entry *entry, const struct dentry *dentry)
{
	if (bpf_core_field_offset(struct dentry, d_name) == bpf_core_field_offset(struct dentry, d_parent) + 8 &&
	    bpf_core_field_offset(struct qstr, len) == 4 && bpf_core_field_offset(struct qstr, name) == 8) {
		bpf_probe_read_kernel(entry, sizeof(*entry),
				      (const char *)dentry + bpf_core_field_offset(struct dentry, d_parent));
		return;
	}
	entry->parent = BPF_CORE_READ(dentry, d_parent);
	entry->length = BPF_CORE_READ(dentry, d_name.len);
	entry->name = BPF_CORE_READ(dentry, d_name.name);
}

/* One name, or one mount, towards the root. */
static __always_inline enum sk_path_state step(struct sk_scratch *scratch)
{
	struct dentry *dentry = sk_forget(scratch->path_dentry);
	struct mount *mount, *above;
	struct entry entry;

	if (dentry == sk_forget(scratch->path_root)) {
		mount = sk_forget(scratch->path_mount);
		above = BPF_CORE_READ(mount, mnt_parent);
		if (above == mount) {
			if (sk_forget(scratch->path_start) == SK_PATH_END)
				sk_path_prepend_slash(scratch);
			return SK_PATH_COMPLETE;
		}
		scratch->path_dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		scratch->path_mount = above;
		scratch->path_root = BPF_CORE_READ(above, mnt.mnt_root);
		return SK_PATH_GOES_ON;
	}
	read_entry(&entry, dentry);
	if (!sk_path_prepend(scratch, entry.name, entry.length))
		return SK_PATH_CUT;
	/* Without a parent and without a mount, such as a memfd: the name is all. */
	if (dentry == entry.parent)
		return SK_PATH_COMPLETE;
	scratch->path_dentry = entry.parent;
	return sk_path_prepend_slash(scratch) ? SK_PATH_GOES_ON : SK_PATH_CUT;
}

__attribute__((noinline)) int sk_path_walk(void)
{
	struct sk_scratch *scratch = sk_scratch_taken();
	enum sk_path_state state = SK_PATH_GOES_ON;
	__u32 start;

	if (!scratch)
		return 0;
	scratch->path[SK_PATH_END] = 0;
	scratch->path_start = SK_PATH_END;
	for (int i = 0; i < SK_PATH_STEPS; i++) {
		state = step(scratch);
		if (state != SK_PATH_GOES_ON)
			break;
	}
	if (state == SK_PATH_COMPLETE)
		return 0;
	start = sk_forget(scratch->path_start);
	start = (start > 3 ? start - 3 : 0) & (SK_TEXT_LIMIT - 1);
	scratch->path[start] = '.';
	scratch->path[start + 1] = '.';
	scratch->path[start + 2] = '.';
	scratch->path_start = start;
	return 0;
}

/*
 * True if the given path is the one in scratch->path, both of `size` bytes.
 * What lies behind them is looked at and does not count.
 */
static __always_inline bool is_given(struct sk_scratch *scratch, struct sk_given *given)
{
	__u64 difference = 0;

	for (__u32 done = 0; done < SK_TEXT_LIMIT; done += 8) {
		__u32 size = sk_forget(given->size), left = size - done;
		__u32 start = sk_forget(given->start) + done, other = sk_forget(scratch->path_start) + done;

		if (done >= size)
			break;
		difference = *(__u64 *)(scratch->event + (start & (SK_AREA - 1))) ^
			     *(__u64 *)(scratch->path + (other & (SK_TEXT_LIMIT - 1)));
		if (left < 8)
			difference <<= 64 - 8 * left;
		if (difference)
			return false;
	}
	return true;
}

__attribute__((noinline)) int sk_path_note(__u32 which)
{
	struct sk_scratch *scratch = sk_scratch_taken();
	struct sk_given *given;
	__u32 start, size;

	if (!scratch)
		return 0;
	given = &scratch->given[which & (SK_GIVEN_COUNT - 1)];
	start = sk_forget(scratch->path_start) & (SK_TEXT_LIMIT - 1);
	size = SK_TEXT_LIMIT - start;
	/* A file without a name, such as a pipe that was opened through /proc. */
	if (size <= 1)
		return 0;
	if (sk_forget(given->size) == size && is_given(scratch, given))
		return 0;
	sk_note_text(scratch, SK_BPF_NOTE_RESOLVED, sk_forget(given->param), scratch->path + start);
	return 0;
}

/* True if the given path is the one that was kept; where that was cut, as far as it goes. */
static __always_inline bool is_begun(struct sk_scratch *scratch, struct sk_given *given, struct sk_begun *begun,
				     __u32 which)
{
	__u32 kept = sk_forget(begun->sizes[which]);
	__u64 difference;

	if (kept < SK_BEGUN_TEXT ? sk_forget(given->size) != kept : sk_forget(given->size) < kept)
		return false;
	for (__u32 done = 0; done < SK_BEGUN_TEXT; done += 8) {
		__u32 size = sk_forget(begun->sizes[which]) - 1, left = size - done;
		__u32 start = sk_forget(given->start) + done;

		if (done >= size)
			break;
		difference = *(__u64 *)(scratch->event + (start & (SK_AREA - 1))) ^
			     *(__u64 *)(begun->texts[which] + done);
		if (left < 8)
			difference <<= 64 - 8 * left;
		if (difference)
			return false;
	}
	return true;
}

__attribute__((noinline)) int sk_path_note_begun(void)
{
	struct sk_scratch *scratch = sk_scratch_taken();
	struct sk_begun *begun = bpf_task_storage_get(&sk_begun, sk_current(), NULL, 0);

	if (!scratch || !begun || sk_forget(begun->event) != scratch->dispatch.event)
		return 0;
	begun->event = 0;
#pragma unroll
	for (__u32 i = 0; i < SK_GIVEN_COUNT; i++) {
		struct sk_given *given = &scratch->given[i];

		if (i >= sk_forget(scratch->given_count) || !sk_forget(begun->sizes[i]) ||
		    is_begun(scratch, given, begun, i))
			continue;
		sk_note_text(scratch, SK_BPF_NOTE_BEGUN, sk_forget(given->param), begun->texts[i]);
	}
	return 0;
}
