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
#include "runtime/capture/bpf/socket.h"
#include "runtime/capture/bpf/task.h"

extern struct sk_filter_counters sk_filter_counters[SK_FILTER_CPUS];

struct sk_filter_paths_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SK_FILTER_PATHS);
	__type(key, struct sk_filter_key);
	__type(value, struct sk_filter_place);
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

struct sk_told_streams_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SK_TOLD_STREAMS);
	__type(key, struct sk_held_key);
	__type(value, struct sk_told_stream);
};

extern struct sk_told_streams_map sk_told_streams SEC(".maps");
extern struct sk_held_files_map sk_held_files SEC(".maps");
extern struct sk_held_fds_map sk_held_fds SEC(".maps");
extern struct sk_held_floors_map sk_held_floors SEC(".maps");
/* 1: there was no room to say that something is void, so all of it is. */
extern __u32 sk_held_void;

/* Whether the file that was opened is where the path led before. Leaves the key alone, at the path's beginning. */
static __always_inline bool sk_filter_same_place(struct sk_scratch *scratch, const struct sk_filter_place *place)
{
	const struct file *file = sk_file_of_fd(scratch->result);
	__u32 start, size;

	if (!file)
		return false;
	start = sk_path_find(scratch, BPF_CORE_READ(file, f_path.mnt), BPF_CORE_READ(file, f_path.dentry));
	size = SK_TEXT_LIMIT - start;
	if (size > SK_FILTER_PLACE_SIZE)
		return false;
	for (__u32 done = 0; done < SK_FILTER_PLACE_SIZE; done += 8) {
		__u32 from = sk_forget(scratch->path_start) + done, left = SK_TEXT_LIMIT - from;
		__u64 difference;

		if (from >= SK_TEXT_LIMIT)
			break;
		difference = *(__u64 *)(scratch->path + (from & (SK_TEXT_LIMIT - 1))) ^
			     *(const __u64 *)(place->path + done);
		if (left < 8)
			difference <<= 64 - 8 * left;
		if (difference)
			return false;
	}
	return true;
}

/*
 * Whether the path, of `size` bytes with its NUL, was another one when the call
 * began: as sk_path_note_begun() would say.
 */
static __always_inline bool sk_filter_is_rewritten(const struct sk_scratch *scratch, const char *path, __u32 size)
{
	const struct sk_begun *begun;
	__u32 kept;

	if (!sk_config.begun_paths || !scratch->dispatch.begun)
		return false;
	begun = bpf_task_storage_get(&sk_begun, sk_current(), NULL, 0);
	if (!begun || begun->event != scratch->dispatch.event)
		return false;
	kept = begun->sizes[0];
	if (!kept)
		return false;
	if (kept != size)
		return true;
	/* Behind the key's path there are zeroes, behind what was kept there is anything. */
	for (__u32 done = 0; done < SK_FILTER_PATH_SIZE; done++) {
		if (done >= size)
			break;
		if (path[done] != begun->texts[0][done])
			return true;
	}
	return false;
}

/* Why an open of this path is held back, of a process with the paths of this class; SK_FILTER_PASS: it is not. */
static __always_inline __u32 sk_filter_knows_path(struct sk_scratch *scratch, const struct sk_asked *asked,
						  __u32 class, __u32 traits)
{
	struct sk_filter_key *key = (struct sk_filter_key *)scratch->path;
	struct sk_filter_place *place;
	__s64 result = scratch->result;
	long size;

	__builtin_memset(key, 0, sizeof(*key));
	size = bpf_probe_read_user_str(key->path, SK_FILTER_PATH_SIZE, (const void *)asked->path);
	/* As long as it can be: it may have been cut. */
	if (size < 2 || size >= SK_FILTER_PATH_SIZE || key->path[0] != '/')
		return SK_FILTER_PASS;
	if (sk_filter_is_rewritten(scratch, key->path, size))
		return SK_FILTER_PASS;
	key->event = scratch->dispatch.event;
	key->error = result < 0 ? -result : 0;
	key->flags = asked->flags;
	key->mode = (asked->mode & SK_FILTER_MODE_EXECUTE) != 0;
	place = bpf_map_lookup_elem(&sk_filter_paths, key);
	if (!place && class) {
		key->class = class;
		place = bpf_map_lookup_elem(&sk_filter_paths, key);
	}
	if (!place)
		return SK_FILTER_PASS;
	if (result >= 0 && (traits & SK_FILTER_PLACES) && !sk_filter_same_place(scratch, place))
		return SK_FILTER_PASS;
	return key->class ? SK_FILTER_PROCESS : SK_FILTER_PATH;
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

/* Entries stay, void: the process opens the same number soon again. */
static __always_inline void sk_held_forget_fd(__s64 fd)
{
	struct sk_held_key key = sk_held_key(fd);
	struct sk_held_fd *mark = bpf_map_lookup_elem(&sk_held_fds, &key);
	struct sk_told_stream *told = bpf_map_lookup_elem(&sk_told_streams, &key);

	if (mark)
		mark->time = 0;
	if (told)
		told->time = 0;
}

/* A file is told of by the event of its open. */
static __always_inline void sk_held_forget_file(const struct file *opened)
{
	__u64 file = (__u64)opened;

	if (file)
		bpf_map_delete_elem(&sk_held_files, &file);
}

static __always_inline bool sk_held_holds(__u64 files, __u64 birth, __u64 time)
{
	return birth == sk_held_birth() && time > sk_held_floor(files);
}

/* Whether the state has not this fd. */
static __always_inline bool sk_held_is_held(__s64 fd)
{
	struct sk_held_key key = sk_held_key(fd);
	const struct sk_held_fd *mark = bpf_map_lookup_elem(&sk_held_fds, &key);

	return mark && sk_held_holds(key.files, mark->birth, mark->time);
}

/* The state has not this fd, which is new; false if there is no room to say so. */
static __always_inline bool sk_held_mark(__s64 fd)
{
	struct sk_held_fd now = {.birth = sk_held_birth(), .time = bpf_ktime_get_boot_ns()};
	struct sk_held_key key = sk_held_key(fd);
	struct sk_held_fd *mark;

	if (fd < SK_HELD_LOWEST || sk_held_floor(key.files) >= now.time)
		return false;
	mark = bpf_map_lookup_elem(&sk_held_fds, &key);
	if (!mark)
		return bpf_map_update_elem(&sk_held_fds, &key, &now, BPF_ANY) == 0;
	*mark = now;
	return true;
}

/* Remembers the file that was opened; false if there is no room. */
static __always_inline bool sk_filter_hold_open(struct sk_scratch *scratch, const struct sk_asked *asked)
{
	const struct sk_filter_key *path = (const struct sk_filter_key *)scratch->path;
	struct sk_held_file *held = (struct sk_held_file *)(scratch->path + SK_TEXT_LIMIT);
	const struct inode *inode;
	enum sk_layer layer;
	__u64 file;

	file = (__u64)sk_file_of_fd(scratch->result);
	inode = BPF_CORE_READ((const struct file *)file, f_inode);
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
	return bpf_map_update_elem(&sk_held_files, &file, held, BPF_ANY) == 0 && sk_held_mark(scratch->result);
}

/* A file that the state does not have was closed. */
static __always_inline bool sk_filter_held_close(__s64 fd)
{
	struct sk_held_key key = sk_held_key(fd);
	struct sk_held_fd *mark = bpf_map_lookup_elem(&sk_held_fds, &key);
	bool held;

	if (!mark)
		return false;
	held = sk_held_holds(key.files, mark->birth, mark->time);
	mark->time = 0;
	return held;
}

/* A copy of an fd that the state has not, or its close-on-exec bit, which is read when it is told. */
static __always_inline bool sk_filter_held_copy(__s64 fd, __u32 command, __s64 result)
{
	if (!sk_held_is_held(fd))
		return false;
	return command == SK_FILTER_F_SETFD || sk_held_mark(result);
}

/* A transfer on a TCP connection of which one has told already. */
static __always_inline bool sk_filter_told_stream(__s64 fd)
{
	struct sock *sock = sk_sock_of_fd(fd);
	struct sk_held_key key = sk_held_key(fd);
	struct sk_told_stream *told, now = {};
	__u16 family;

	if (!sock || BPF_CORE_READ(sock, sk_protocol) != SK_FILTER_TCP ||
	    BPF_CORE_READ(sock, sk_type) != SK_FILTER_SOCK_STREAM)
		return false;
	family = BPF_CORE_READ(sock, __sk_common.skc_family);
	if (family != AF_INET && family != AF_INET6)
		return false;
	told = bpf_map_lookup_elem(&sk_told_streams, &key);
	if (told && told->sock == (__u64)sock && sk_held_holds(key.files, told->birth, told->time))
		return true;
	now.sock = (__u64)sock;
	now.birth = sk_held_birth();
	now.time = bpf_ktime_get_boot_ns();
	bpf_map_update_elem(&sk_told_streams, &key, &now, BPF_ANY);
	return false;
}

static __always_inline bool sk_closes_on_exec(struct task_struct *task, __u32 fd)
{
	const unsigned long *bits = BPF_CORE_READ(task, files, fdt, close_on_exec);
	unsigned long word = 0;

	bpf_probe_read_kernel(&word, sizeof(word), bits + fd / 64);
	return word >> fd % 64 & 1;
}

/* The event that is about to be built uses this fd of `task`: what was opened there is told with it. */
static __always_inline void sk_filter_tell(struct sk_scratch *scratch, struct task_struct *task, __s64 fd,
					   const struct file *opened)
{
	const struct inode *inode = BPF_CORE_READ(opened, f_inode);
	__u32 count = sk_forget(scratch->told_count);
	struct sk_told_file *told = &scratch->told[count & (SK_TOLD_FILES - 1)];
	__u64 file = (__u64)opened;
	struct sk_held_file *held;

	if (!inode || count >= SK_TOLD_FILES)
		return;
	held = bpf_map_lookup_elem(&sk_held_files, &file);
	if (!held || held->inode != BPF_CORE_READ(inode, i_ino) || held->device != sk_inode_device(inode))
		return;
	told->fd = fd;
	bpf_probe_read_kernel(&told->file, sizeof(*held), held);
	told->file.flags &= ~SK_FILTER_OPEN_CLOEXEC;
	if (sk_closes_on_exec(task, fd))
		told->file.flags |= SK_FILTER_OPEN_CLOEXEC;
	scratch->told_count = count + 1;
}

static __always_inline void sk_filter_tell_argument(struct sk_scratch *scratch, __s64 fd)
{
	if (fd < 0)
		return;
	sk_filter_tell(scratch, sk_current(), fd, sk_file_of_fd(fd));
	/* From now on the state has it. */
	sk_held_forget_fd(fd);
}

/* An event comes through: it is told what was held back before it. */
static __always_inline void sk_filter_pass(struct sk_scratch *scratch, const volatile struct sk_filter_entry *entry)
{
	__u32 fds = entry->fds, traits = entry->traits, pair[2] = {};
	__s64 result = scratch->result;
	__u64 control = 0;

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
		if (traits & SK_FILTER_OPENS)
			sk_held_forget_file(sk_file_of_fd(result));
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
	if (traits & SK_FILTER_CHANGES) {
		sk_change_thread((__u32)bpf_get_current_pid_tgid());
		sk_change_with(scratch, ((traits & SK_FILTER_CHANGES_OTHERS) && scratch->arguments[0]) ||
						sk_change_is_seen(sk_current()));
	}
}

/* Why an open is held back because of its path, or passes; if it succeeded it is remembered. */
static __always_inline __u32 sk_filter_judge_path(struct sk_scratch *scratch, const struct sk_asked *asked,
						  __u32 class, __u32 traits)
{
	__s64 result = scratch->result;
	__u32 reason;

	if (result <= -SK_FILTER_ERRORS ||
	    !(traits & (result < 0 ? SK_FILTER_PATHS_FAILED : SK_FILTER_PATHS_SUCCEEDED)))
		return SK_FILTER_PASS;
	reason = sk_filter_knows_path(scratch, asked, class, traits);
	if (reason != SK_FILTER_PASS && result >= 0 && !sk_filter_hold_open(scratch, asked))
		return SK_FILTER_PASS;
	return reason;
}

/* True if the call is held back; it is counted. */
static __always_inline bool sk_filter_holds_back(struct sk_scratch *scratch)
{
	const volatile struct sk_filter_entry *entry;
	__u32 event = scratch->dispatch.event, reason, cpu, traits, of_all, class, kind;
	struct sk_asked asked = sk_asked_of(scratch);
	__s64 result = scratch->result;

	if (event >= SK_FILTER_EVENTS)
		return false;
	entry = sk_process_entry(&sk_process, 0, event);
	of_all = entry->traits;
	/* That a call came another way may be what a rule asks for. */
	if (scratch->call_origin != SK_BPF_ORIGIN_CALL) {
		sk_filter_pass(scratch, entry);
		return false;
	}
	kind = asked.known ? sk_filter_open_class(asked.flags, asked.mode) : 0;
	reason = sk_filter_decide(entry, result, kind, scratch->arguments[0], scratch->arguments[1],
				  scratch->arguments[2]);
	class = reason == SK_FILTER_PASS ? sk_process_class_of(&sk_process, (__u32)bpf_get_current_pid_tgid()) : 0;
	if (class) {
		entry = sk_process_entry(&sk_process, class, event);
		if (sk_filter_decide(entry, result, kind, scratch->arguments[0], scratch->arguments[1],
				     scratch->arguments[2]) != SK_FILTER_PASS)
			reason = SK_FILTER_PROCESS;
	}
	traits = entry->traits;
	if (reason == SK_FILTER_PASS && asked.path)
		reason = sk_filter_judge_path(scratch, &asked, sk_process_paths(&sk_process, class, event), traits);
	if (reason == SK_FILTER_PASS && result >= 0) {
		__s64 first = (__s32)scratch->arguments[0];

		if ((traits & SK_FILTER_CLOSES) && sk_filter_held_close(first))
			reason = SK_FILTER_FD;
		if ((traits & SK_FILTER_COPIES) && sk_filter_held_copy(first, scratch->arguments[1], result))
			reason = of_all & SK_FILTER_COPIES ? SK_FILTER_FD : SK_FILTER_PROCESS;
		if ((traits & SK_FILTER_STREAMS) && sk_filter_told_stream(first))
			reason = of_all & SK_FILTER_STREAMS ? SK_FILTER_STREAM : SK_FILTER_PROCESS;
	}
	if (reason == SK_FILTER_PASS) {
		sk_filter_pass(scratch, entry);
		return false;
	}
	cpu = bpf_get_smp_processor_id() % SK_FILTER_CPUS;
	__sync_fetch_and_add(&sk_filter_counters[cpu].counts[reason & 7], 1);
	return true;
}

#endif
