/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * filter.h as the program at the end of every system call uses it: before the
 * event is built, and before it takes room in a ring.
 */
#ifndef SK_CAPTURE_BPF_SIEVE_H
#define SK_CAPTURE_BPF_SIEVE_H

#include "runtime/capture/bpf/event.h"
#include "runtime/capture/bpf/file.h"
#include "runtime/capture/bpf/filter.h"
#include "runtime/capture/bpf/flag_maps.h"

extern const volatile struct sk_filter_entry sk_filter_table[SK_FILTER_EVENTS];
extern struct sk_filter_counters sk_filter_counters[SK_FILTER_CPUS];

struct sk_filter_paths_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SK_FILTER_PATHS);
	__type(key, struct sk_filter_path);
	__type(value, __u8);
};

extern struct sk_filter_paths_map sk_filter_paths SEC(".maps");

/* What an open asked for, as parameters of the event say it. */
struct sk_asked {
	__u64 path; /* address; 0: none */
	__u32 flags, mode;
	bool known;
};

static __always_inline struct sk_asked sk_asked_of(const struct sk_scratch *scratch)
{
	const __u64 first = scratch->arguments[0], second = scratch->arguments[1];
	const __u64 third = scratch->arguments[2], fourth = scratch->arguments[3];

	switch (scratch->dispatch.event) {
	case SK_EVENT_SYSCALL_OPEN_X:
		return (struct sk_asked){first, sk_map_OPEN(second), sk_open_mode(second, third), true};
	case SK_EVENT_SYSCALL_OPENAT_2_X:
		return (struct sk_asked){second, sk_map_OPEN(third), sk_open_mode(third, fourth), true};
	case SK_EVENT_SYSCALL_CREAT_X:
		return (struct sk_asked){first, 0, second & 07777, true};
	default:
		return (struct sk_asked){};
	}
}

struct sk_held_files_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SK_HELD_FILES);
	__type(key, __u64);
	__type(value, struct sk_held_file);
};

struct sk_held_fds_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SK_HELD_FDS);
	__type(key, struct sk_held_key);
	__type(value, struct sk_held_fd);
};

struct sk_held_floors_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SK_HELD_FLOORS);
	__type(key, __u64);
	__type(value, __u64);
};

extern struct sk_held_files_map sk_held_files SEC(".maps");
extern struct sk_held_fds_map sk_held_fds SEC(".maps");
extern struct sk_held_floors_map sk_held_floors SEC(".maps");
/* 1: there was no room to say that something is void, so all of it is. */
extern __u32 sk_held_void;

static __always_inline bool sk_filter_knows_path(struct sk_scratch *scratch, const struct sk_asked *asked)
{
	struct sk_filter_path *key = (struct sk_filter_path *)scratch->path;
	__s64 result = scratch->result;
	long size;

	__builtin_memset(key, 0, sizeof(*key));
	size = bpf_probe_read_user_str(key->path, SK_FILTER_PATH_SIZE, (const void *)asked->path);
	/* As long as it can be: it may have been cut. */
	if (size < 2 || size >= SK_FILTER_PATH_SIZE || key->path[0] != '/')
		return false;
	key->event = scratch->dispatch.event;
	key->error = result < 0 ? -result : 0;
	key->flags = asked->flags;
	key->mode = (asked->mode & SK_FILTER_MODE_EXECUTE) != 0;
	return bpf_map_lookup_elem(&sk_filter_paths, key) != NULL;
}

/* --- opens that succeeded ------------------------------------------------------- */

static __always_inline struct sk_held_key sk_held_key(__s64 fd)
{
	return (struct sk_held_key){.files = (__u64)sk_current()->files, .fd = fd};
}

static __always_inline __u64 sk_held_birth(void)
{
	return sk_current()->group_leader->start_boottime;
}

/* What stands in sk_held_fds of this process from before this time is void. */
static __always_inline __u64 sk_held_floor(__u64 files)
{
	__u64 *floor = bpf_map_lookup_elem(&sk_held_floors, &files);

	if (sk_forget(sk_held_void))
		return ~0ULL;
	return floor ? *floor : 0;
}

static __always_inline void sk_held_raise_floor(__u64 time)
{
	__u64 files = (__u64)sk_current()->files;

	if (sk_held_floor(files) < time && bpf_map_update_elem(&sk_held_floors, &files, &time, BPF_ANY))
		sk_forget(sk_held_void) = 1;
}

static __always_inline void sk_held_forget_fd(__s64 fd)
{
	struct sk_held_key key = sk_held_key(fd);

	bpf_map_delete_elem(&sk_held_fds, &key);
}

static __always_inline const struct inode *sk_regular_inode(const struct file *file)
{
	const struct inode *inode = BPF_CORE_READ(file, f_inode);

	return file && (BPF_CORE_READ(inode, i_mode) & 0170000) == 0100000 ? inode : NULL;
}

/* Remembers the regular file that was opened; false if it is none, or there is no room. */
static __always_inline bool sk_filter_hold_open(struct sk_scratch *scratch, const struct sk_asked *asked)
{
	const struct sk_filter_path *path = (const struct sk_filter_path *)scratch->path;
	struct sk_held_file *held = (struct sk_held_file *)(scratch->path + SK_TEXT_LIMIT);
	struct sk_held_fd mark = {.birth = sk_held_birth(), .time = bpf_ktime_get_boot_ns()};
	struct sk_held_key key = sk_held_key(scratch->result);
	const struct inode *inode;
	enum sk_layer layer;
	__u64 file;

	if (scratch->result < SK_HELD_LOWEST || sk_held_floor(key.files) >= mark.time)
		return false;
	file = (__u64)sk_file_of_fd(scratch->result);
	inode = sk_regular_inode((const struct file *)file);
	if (!inode)
		return false;
	held->inode = BPF_CORE_READ(inode, i_ino);
	held->device = sk_inode_device(inode);
	layer = sk_inode_layer(inode);
	held->flags = asked->flags;
	if (BPF_CORE_READ((const struct file *)file, f_mode) & FMODE_CREATED)
		held->flags |= SK_WIRE_CREATED;
	if (layer == SK_LAYER_UPPER)
		held->flags |= SK_WIRE_UPPER_LAYER;
	if (layer == SK_LAYER_LOWER)
		held->flags |= SK_WIRE_LOWER_LAYER;
	held->zero = 0;
	__builtin_memcpy(held->path, path->path, sizeof(held->path));
	if (bpf_map_update_elem(&sk_held_files, &file, held, BPF_ANY))
		return false;
	return bpf_map_update_elem(&sk_held_fds, &key, &mark, BPF_ANY) == 0;
}

/* Whether the state has not the fd that was closed. */
static __always_inline bool sk_filter_held_fd(__s64 fd)
{
	struct sk_held_key key = sk_held_key(fd);
	struct sk_held_fd *mark = bpf_map_lookup_elem(&sk_held_fds, &key);
	bool holds;

	if (!mark)
		return false;
	holds = mark->birth == sk_held_birth() && mark->time > sk_held_floor(key.files);
	bpf_map_delete_elem(&sk_held_fds, &key);
	return holds;
}

/* The event that is about to be built uses this fd: what is known of it is told with it. */
static __always_inline void sk_filter_tell(struct sk_scratch *scratch, __s64 fd, const struct file *opened)
{
	const struct inode *inode = sk_regular_inode(opened);
	__u32 count = sk_forget(scratch->told_count);
	__u64 file = (__u64)opened;
	struct sk_held_file *held;

	if (!inode || count >= SK_TOLD_FILES)
		return;
	held = bpf_map_lookup_elem(&sk_held_files, &file);
	if (!held || held->inode != BPF_CORE_READ(inode, i_ino) || held->device != sk_inode_device(inode))
		return;
	scratch->told[count & (SK_TOLD_FILES - 1)].fd = fd;
	bpf_probe_read_kernel(&scratch->told[count & (SK_TOLD_FILES - 1)].file, sizeof(*held), held);
	scratch->told_count = count + 1;
}

static __always_inline void sk_filter_tell_argument(struct sk_scratch *scratch, __s64 fd)
{
	if (fd < 0)
		return;
	sk_filter_tell(scratch, fd, sk_file_of_fd(fd));
	/* From now on the state has it. */
	sk_held_forget_fd(fd);
}

/* An event comes through: it is told what was held back before it. */
static __always_inline void sk_filter_pass(struct sk_scratch *scratch, const volatile struct sk_filter_entry *entry)
{
	__u32 fds = entry->fds, traits = entry->traits, pair[2] = {};
	__s64 result = scratch->result;
	__u64 file, control = 0;

#pragma unroll
	for (int i = 0; i < SK_ARGUMENT_COUNT; i++)
		if (fds >> i & 1)
			sk_filter_tell_argument(scratch, (__s32)scratch->arguments[i]);
	if (result < 0)
		return;
	if (fds & 0x80)
		sk_filter_tell_argument(scratch, result);
	if (traits & SK_FILTER_CREATES_FD) {
		sk_held_forget_fd(result);
		if (traits & (SK_FILTER_PATHS_FAILED | SK_FILTER_PATHS_SUCCEEDED)) {
			file = (__u64)sk_file_of_fd(result);
			bpf_map_delete_elem(&sk_held_files, &file);
		}
	}
	if (entry->pair &&
	    !bpf_probe_read_user(pair, sizeof(pair), (const void *)scratch->arguments[entry->pair == 4 ? 3 : 0])) {
		sk_held_forget_fd(pair[0]);
		sk_held_forget_fd(pair[1]);
	}
	if (traits & SK_FILTER_BRINGS_FDS) {
		/* Without control messages recvmsg brings none. */
		if (scratch->dispatch.event != SK_EVENT_SOCKET_RECVMSG_X ||
		    bpf_probe_read_user(&control, scratch->compat ? 4 : 8,
					(const void *)(scratch->arguments[1] + (scratch->compat ? 20 : 40))) ||
		    control)
			sk_held_raise_floor(bpf_ktime_get_boot_ns());
	}
	if (traits & SK_FILTER_USES_RING)
		sk_held_raise_floor(~0ULL);
}

/* True if the call is held back; it is counted. */
static __always_inline bool sk_filter_holds_back(struct sk_scratch *scratch)
{
	const volatile struct sk_filter_entry *entry;
	__u32 event = scratch->dispatch.event, reason, cpu, traits;
	struct sk_asked asked = sk_asked_of(scratch);
	__s64 result = scratch->result;

	if (event >= SK_FILTER_EVENTS)
		return false;
	entry = &sk_filter_table[event];
	traits = entry->traits;
	reason = sk_filter_decide(entry, result, asked.known ? sk_filter_open_class(asked.flags, asked.mode) : 0,
				  scratch->arguments[0], scratch->arguments[1], scratch->arguments[2]);
	if (reason == SK_FILTER_PASS && asked.path) {
		if (result < 0) {
			if ((traits & SK_FILTER_PATHS_FAILED) && result > -SK_FILTER_ERRORS &&
			    sk_filter_knows_path(scratch, &asked))
				reason = SK_FILTER_PATH;
		} else if ((traits & SK_FILTER_PATHS_SUCCEEDED) && sk_filter_knows_path(scratch, &asked) &&
			   sk_filter_hold_open(scratch, &asked)) {
			reason = SK_FILTER_PATH;
		}
	}
	if (reason == SK_FILTER_PASS && (traits & SK_FILTER_CLOSES) && result >= 0 &&
	    sk_filter_held_fd((__s32)scratch->arguments[0]))
		reason = SK_FILTER_CLOSE;
	if (reason == SK_FILTER_PASS) {
		sk_filter_pass(scratch, entry);
		return false;
	}
	cpu = bpf_get_smp_processor_id() % SK_FILTER_CPUS;
	__sync_fetch_and_add(&sk_filter_counters[cpu].counts[reason & 7], 1);
	return true;
}

#endif
