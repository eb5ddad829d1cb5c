/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Building one event.  Each CPU has a scratch area, in which parameters are
 * appended in order; sk_event_submit() copies the result to the CPU's ring, or
 * to its reserved lane.
 *
 *   scratch->record   scratch->event
 *   cpu               header | lengths | parameter 0 | parameter 1 | ... | notes
 *                                                     ^ offset
 *
 * Invariant: the offset only grows, and every store masks it, so that the
 * verifier sees a store inside the area; an event that outgrew SK_EVENT_LIMIT
 * has overwritten its own beginning and is dropped, and counted, at the end.
 */
#ifndef SK_CAPTURE_BPF_EVENT_H
#define SK_CAPTURE_BPF_EVENT_H

#include "runtime/capture/bpf/arch.h"
#include "runtime/capture/bpf/kernel.h"
#include "runtime/capture/bpf/process_class.h"
#include "runtime/capture/bpf/shared.h"

enum {
#define SK_EVENT(number, id, name, direction, category, flags, nparams, fd_param) SK_EVENT_##id = (number),
#include "vm/schema/events.def"
};

enum {
#define SK_EVENT(number, id, name, direction, category, flags, nparams, fd_param) SK_NPARAMS_##id = (nparams),
#include "vm/schema/events.def"
};

enum {
	SK_HEADER_SIZE = 26,
	SK_CGROUP_LEVELS = 24,
	SK_AREA = 65536,     /* what a masked offset can reach */
	SK_AREA_TAIL = 65536 /* what one parameter can reach beyond */
};

/* Where in the event a path parameter stands. */
struct sk_given {
	__u32 start, size; /* with its NUL */
	__u32 param;
};

enum { SK_GIVEN_COUNT = 2 };

/* Whose class may be another after the event (bpf/process_class.h). */
enum sk_change {
	SK_CHANGE_NONE,
	SK_CHANGE_THREAD, /* that of the thread whose event it is */
	SK_CHANGE_EVERYONE,
};

/* An operation of io_uring between its submission and its completion. */
struct sk_uring_request {
	__u64 arguments[SK_ARGUMENT_COUNT]; /* as the system call has them; of a path: its number */
	struct task_struct *task;
	__u32 process, thread;
	__u32 opcode;
	__u32 slot; /* of the ring's table that the new file goes to, from 1; 0: it gets an fd */
	__u32 address_size;
	__u8 address[128];
	char paths[SK_GIVEN_COUNT][SK_URING_TEXT];
};

struct sk_scratch {
	/* What user space sees of this area. */
	struct sk_cpu cpu __attribute__((aligned(64)));
	/* What sys_exit found out, for the program that it calls. */
	struct sk_dispatch dispatch;
	__u64 arguments[SK_ARGUMENT_COUNT];
	__s64 result;
	__u32 call_origin; /* enum sk_bpf_origin */
	__u32 compat;      /* 1: pointers and longs in user memory have 4 bytes */
	__u32 offset;      /* where in `event` the next parameter goes */
	__u32 params;      /* number of parameters so far */
	__u32 end;         /* of the event, where notes begin; 0: it has none */
	__u32 origin;      /* enum sk_bpf_origin */
	/* Parameters that are paths as the call was given them. */
	struct sk_given given[SK_GIVEN_COUNT];
	__u32 given_count;
	/* Files of which the event is the first to tell (bpf/filter.h). */
	struct sk_told_file told[SK_TOLD_FILES];
	__u32 told_count;
	__u32 changes; /* enum sk_change */
	/* Of the cgroup whose path was appended last. */
	struct cgroup *cgroup;
	__u32 cgroup_start, cgroup_size;
	/* Names on the way from a cgroup to the root of its hierarchy. */
	const char *levels[SK_CGROUP_LEVELS];
	__u32 depth;
	/* Of an iovec: entries, and bytes that are still wanted. */
	__u64 count;
	__u32 left;
	/* A path that is put together from its end, and where its next name is. */
	struct dentry *path_dentry, *path_root;
	struct mount *path_mount;
	__u32 path_start;
	__u8 path[2 * SK_TEXT_LIMIT];
	struct sk_uring_request request;
	/* From here on it is what goes to the ring. */
	struct sk_ring_record record;
	__u8 event[SK_AREA + SK_AREA_TAIL];
};

extern const volatile struct sk_capture_config sk_config;
/* By event type: the class, and whether it has a lane reserved. */
extern const volatile __u8 sk_classes[SK_TYPE_LIMIT];
extern __u32 sk_consumer_waits;
extern __u64 sk_unfollowed;
extern struct sk_process_classes sk_process;
/* Not in sk_config, which the verifier knows: it would follow every number of bytes on its own. */
extern __u32 sk_snap_length;

/* User space maps it, for struct sk_cpu. */
struct sk_scratch_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sk_scratch);
};

struct sk_ring_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

/* Made by user space (runtime/capture/rings.c), which says in struct sk_cpu who writes to which. */
struct sk_rings_map {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct sk_ring_map);
};

/* What the paths of a thread's call were when it began. */
struct sk_begun {
	__u32 event;                 /* of the call's end; 0: no call */
	__u32 sizes[SK_GIVEN_COUNT]; /* with the NUL; 0: could not be read */
	char texts[SK_GIVEN_COUNT][SK_BEGUN_TEXT];
};

struct sk_begun_map {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct sk_begun);
};

/*
 * The processes that are captured, if not all are.  A process stands here from
 * before its first event until the kernel frees it: its threads all have ended
 * by then, and been told.  Whoever gets its id afterwards is another process.
 */
struct sk_tree_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SK_TREE_LIMIT);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);   /* process id */
	__type(value, __u64); /* when it was born, by the boot clock; SK_TREE_BORN_BEFORE */
};

extern struct sk_scratch_map sk_scratch_areas SEC(".maps");
extern struct sk_rings_map sk_rings SEC(".maps");
extern struct sk_tree_map sk_tree SEC(".maps");
extern struct sk_begun_map sk_begun SEC(".maps");

/* True if this process is to be captured. */
static __always_inline bool sk_process_wanted(__u32 process)
{
	return !sk_config.only_tree || bpf_map_lookup_elem(&sk_tree, &process);
}

/* The same of the one that runs, which is not asked for where all are. */
static __always_inline bool sk_current_wanted(void)
{
	return !sk_config.only_tree || sk_process_wanted(bpf_get_current_pid_tgid() >> 32);
}

/*
 * Reads a field so that neither the compiler nor the verifier knows its value.
 * If the verifier knew the offset, every event would be another state to it.
 */
#define sk_forget(field) (*(volatile __typeof__(field) *)&(field))

/* Programs interrupt each other between any two instructions, on the same CPU. */
#define sk_count(counter) __sync_fetch_and_add(&(counter), 1)

/* This CPU's scratch area, whoever has it. */
static __always_inline struct sk_scratch *sk_scratch_here(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&sk_scratch_areas, &cpu);
}

static __always_inline __u64 sk_now(void)
{
	return sk_config.boot_time + bpf_ktime_get_boot_ns();
}

/*
 * From here on user space waits for this builder's event before it goes on to
 * later ones.  False if the builder is at work already.
 */
static __always_inline bool sk_build_begin(struct sk_scratch *scratch, enum sk_builder builder)
{
	__u64 *word = &scratch->cpu.builders[builder];
	__u64 idle = sk_forget(*word);

	return !(idle & 1) && __sync_val_compare_and_swap(word, idle, idle + 1) == idle;
}

/* Behind what orders it: the kernel's when the event came into the ring, or that of sk_lose(). */
static __always_inline void sk_build_end(struct sk_scratch *scratch, enum sk_builder builder)
{
	__u64 *word = &scratch->cpu.builders[builder];

	sk_forget(*word) = sk_forget(*word) + 1;
}

static __always_inline __u32 sk_class_of(__u32 type)
{
	return sk_classes[type & (SK_TYPE_LIMIT - 1)];
}

/* Counted before user space can have it. */
static __always_inline void sk_produce(struct sk_scratch *scratch, __u32 class)
{
	sk_count(scratch->cpu.produced[class & (SK_CLASS_LIMIT - 1)]);
}

/* An event that was produced does not arrive. */
static __always_inline void sk_lose(struct sk_scratch *scratch, __u32 class, enum sk_loss cause)
{
	__u64 now = sk_now(), ordered;

	__sync_val_compare_and_swap(&scratch->cpu.lost_first, 0, now);
	sk_forget(scratch->cpu.lost_last) = now;
	sk_count(scratch->cpu.lost[cause][class & (SK_CLASS_LIMIT - 1)]);
	/* With its result used it is a full barrier: who sees this sees what stands above. */
	ordered = __sync_fetch_and_add(&scratch->cpu.losses, 1);
	sk_barrier(ordered);
}

/*
 * This CPU's scratch area, taken for an event of `type`.  Where tracepoints can
 * be preempted, the program that finds it taken loses its event rather than both
 * getting mixed.
 */
static __always_inline struct sk_scratch *sk_scratch_take(__u32 type)
{
	struct sk_scratch *scratch = sk_scratch_here();
	bool noted;

	if (!scratch)
		return NULL;
	if (sk_build_begin(scratch, SK_BUILDER_SCRATCH)) {
		scratch->record.cpu = bpf_get_smp_processor_id();
		scratch->told_count = 0;
		scratch->changes = SK_CHANGE_NONE;
		return scratch;
	}
	noted = sk_build_begin(scratch, SK_BUILDER_LOSS);
	sk_produce(scratch, sk_class_of(type));
	sk_lose(scratch, sk_class_of(type), SK_LOSS_SCRATCH);
	if (noted)
		sk_build_end(scratch, SK_BUILDER_LOSS);
	return NULL;
}

static __always_inline void sk_scratch_release(struct sk_scratch *scratch)
{
	sk_build_end(scratch, SK_BUILDER_SCRATCH);
}

/* The area that sys_exit took before it called this program. */
static __always_inline struct sk_scratch *sk_scratch_taken(void)
{
	return sk_scratch_here();
}

static __always_inline void sk_event_begin(struct sk_scratch *scratch, __u32 type, __u32 nparams, __u64 tid)
{
	__u8 *header = scratch->event;

	scratch->offset = SK_HEADER_SIZE + 2 * nparams;
	scratch->params = 0;
	scratch->end = 0;
	scratch->origin = SK_BPF_ORIGIN_CALL;
	scratch->given_count = 0;
	*(__u64 *)(header + 8) = tid;
	*(__u16 *)(header + 20) = type;
	*(__u32 *)(header + 22) = nparams;
}

static __always_inline __u8 *sk_event_place(struct sk_scratch *scratch)
{
	__u32 offset = sk_forget(scratch->offset);

	return scratch->event + (offset & (SK_AREA - 1));
}

/* The parameter whose `size` bytes were just stored is complete. */
static __always_inline void sk_event_advance(struct sk_scratch *scratch, __u32 size)
{
	__u32 param = sk_forget(scratch->params);

	*(__u16 *)(scratch->event + SK_HEADER_SIZE + 2 * (param & 31)) = size;
	scratch->params = param + 1;
	scratch->offset = sk_forget(scratch->offset) + size;
}

static __always_inline void sk_put_empty(struct sk_scratch *scratch)
{
	sk_event_advance(scratch, 0);
}

static __always_inline void sk_put_u8(struct sk_scratch *scratch, __u8 value)
{
	*sk_event_place(scratch) = value;
	sk_event_advance(scratch, 1);
}

static __always_inline void sk_put_u16(struct sk_scratch *scratch, __u16 value)
{
	*(__u16 *)sk_event_place(scratch) = value;
	sk_event_advance(scratch, 2);
}

static __always_inline void sk_put_u32(struct sk_scratch *scratch, __u32 value)
{
	*(__u32 *)sk_event_place(scratch) = value;
	sk_event_advance(scratch, 4);
}

static __always_inline void sk_put_u64(struct sk_scratch *scratch, __u64 value)
{
	*(__u64 *)sk_event_place(scratch) = value;
	sk_event_advance(scratch, 8);
}

/* An fd, a pid or another int of the caller's. */
static __always_inline void sk_put_signed(struct sk_scratch *scratch, __u64 argument)
{
	sk_put_u64(scratch, (__s64)(__s32)argument);
}

/* A string in user memory; empty when it cannot be read. */
static __always_inline void sk_put_user_text(struct sk_scratch *scratch, __u64 address)
{
	long size = bpf_probe_read_user_str(sk_event_place(scratch), SK_TEXT_LIMIT, (const void *)address);

	sk_event_advance(scratch, size > 0 ? size : 0);
}

/* The same, of a path that the call was given and that notes may speak of. */
static __always_inline void sk_put_given_path(struct sk_scratch *scratch, __u64 address)
{
	__u32 count = sk_forget(scratch->given_count), start = sk_forget(scratch->offset);
	struct sk_given *given = &scratch->given[count & (SK_GIVEN_COUNT - 1)];

	if (count >= SK_GIVEN_COUNT) {
		sk_put_user_text(scratch, address);
		return;
	}
	given->param = sk_forget(scratch->params);
	sk_put_user_text(scratch, address);
	given->start = start;
	given->size = sk_forget(scratch->offset) - start;
	scratch->given_count = count + 1;
}

static __always_inline void sk_put_kernel_text(struct sk_scratch *scratch, const void *address)
{
	long size = bpf_probe_read_kernel_str(sk_event_place(scratch), SK_TEXT_LIMIT, address);

	sk_event_advance(scratch, size > 0 ? size : 0);
}

/* A path that a call was given, of the kernel's own copy. */
static __always_inline void sk_put_kernel_path(struct sk_scratch *scratch, const void *address)
{
	__u32 count = sk_forget(scratch->given_count), start = sk_forget(scratch->offset);
	struct sk_given *given = &scratch->given[count & (SK_GIVEN_COUNT - 1)];

	given->param = sk_forget(scratch->params);
	sk_put_kernel_text(scratch, address);
	given->start = start;
	given->size = sk_forget(scratch->offset) - start;
	scratch->given_count = count + 1;
}

/* `size` bytes of user memory, at most `limit`; empty when they cannot be read. */
static __always_inline void sk_put_user_bytes(struct sk_scratch *scratch, __u64 address, __u64 size, __u32 limit)
{
	__u32 length = size < limit ? size : limit;

	sk_barrier(length);
	length &= SK_AREA - 1;
	if (bpf_probe_read_user(sk_event_place(scratch), length, (const void *)address))
		length = 0;
	sk_event_advance(scratch, length);
}

/* The ring for this CPU's events of a class. */
static __always_inline void *sk_ring_of(struct sk_scratch *scratch, __u32 class)
{
	return bpf_map_lookup_elem(&sk_rings, &scratch->cpu.rings[class >> 7 & 1]);
}

/*
 * Whoever reads the rings says so before it sleeps, and gets one wake-up for
 * that; nobody pays for waking a reader that is awake.  (The flag is looked at
 * after the builder's word became odd, and the reader looks at the words, then
 * at the rings, after it has set the flag: one of the two sees the other.)
 */
static __always_inline __u64 sk_wake(void)
{
	if (!sk_forget(sk_consumer_waits))
		return BPF_RB_NO_WAKEUP;
	sk_forget(sk_consumer_waits) = 0;
	return BPF_RB_FORCE_WAKEUP;
}

/* The event that was to wake the reader did not reach the ring. */
static __always_inline void sk_wake_failed(__u64 wake)
{
	if (wake == BPF_RB_FORCE_WAKEUP)
		sk_forget(sk_consumer_waits) = 1;
}

/* All parameters are there; notes follow (bpf/notes.h). Also right where notes follow already. */
static __always_inline void sk_notes_begin(struct sk_scratch *scratch)
{
	if (sk_forget(scratch->end))
		return;
	scratch->end = sk_forget(scratch->offset);
	*(__u32 *)sk_event_place(scratch) = SK_BPF_NOTES_MAGIC;
	scratch->offset = sk_forget(scratch->offset) + 4;
}

/* What did not come as an ordinary call says where it came from. */
static __always_inline void sk_event_tell_origin(struct sk_scratch *scratch)
{
	__u32 origin = sk_forget(scratch->origin);
	__u8 *note;

	if (origin == SK_BPF_ORIGIN_CALL)
		return;
	sk_notes_begin(scratch);
	note = sk_event_place(scratch);
	note[0] = SK_BPF_NOTE_ORIGIN;
	note[1] = 0;
	*(__u16 *)(note + 2) = 1;
	note[4] = origin;
	scratch->offset = sk_forget(scratch->offset) + 5;
}

static __always_inline void sk_event_tell_file(struct sk_scratch *scratch, const struct sk_told_file *file,
					       __u32 number)
{
	__u8 *note;

	sk_notes_begin(scratch);
	note = sk_event_place(scratch);
	note[0] = SK_BPF_NOTE_FILE;
	note[1] = number;
	*(__u16 *)(note + 2) = sizeof(*file);
	bpf_probe_read_kernel(note + 4, sizeof(*file), file);
	scratch->offset = sk_forget(scratch->offset) + 4 + sizeof(*file);
}

/* Files of which the state was not told when they were opened (bpf/filter.h). */
static __always_inline void sk_event_tell_files(struct sk_scratch *scratch)
{
	__u32 count = sk_forget(scratch->told_count);

	if (count > 0)
		sk_event_tell_file(scratch, &scratch->told[0], 0);
	if (count > 1)
		sk_event_tell_file(scratch, &scratch->told[1], 1);
}

/*
 * The event has its time, before which nothing may be good that was said of whom
 * it changes.  It was raised before; but what interrupts the call, or what the
 * thread has left to io_uring, may have made an event of it since, of a time that
 * is good and of what the thread was.
 */
static __always_inline void sk_event_changes(struct sk_scratch *scratch, __u64 time)
{
	__u32 changes = sk_forget(scratch->changes), tid = *(__u32 *)(scratch->event + 8);

	if (changes == SK_CHANGE_NONE)
		return;
	sk_process_raise(&sk_process.changes[sk_process_slot(tid)], time);
	if (changes == SK_CHANGE_EVERYONE)
		sk_process_raise(&sk_process.everyone, time);
}

/* Sends the event; the scratch area stays taken. */
static __always_inline void sk_event_send(struct sk_scratch *scratch)
{
	__u32 length, class;
	void *ring;
	__u64 wake, time;

	sk_event_tell_origin(scratch);
	sk_event_tell_files(scratch);
	length = sk_forget(scratch->offset);
	class = sk_class_of(*(__u16 *)(scratch->event + 20));
	ring = sk_ring_of(scratch, class);
	sk_produce(scratch, class);
	if (length > SK_EVENT_LIMIT || !ring) {
		sk_lose(scratch, class, SK_LOSS_SIZE);
		return;
	}
	time = bpf_ktime_get_boot_ns();
	*(__u64 *)scratch->event = sk_config.boot_time + time;
	sk_event_changes(scratch, sk_process_time(time));
	*(__u32 *)(scratch->event + 16) = length;
	length += sizeof(scratch->record);
	sk_barrier(length);
	length &= 2 * SK_AREA - 1;
	wake = sk_wake();
	if (bpf_ringbuf_output(ring, &scratch->record, length, wake)) {
		sk_wake_failed(wake);
		sk_lose(scratch, class, SK_LOSS_RING);
	}
}

static __always_inline void sk_event_submit(struct sk_scratch *scratch)
{
	sk_event_send(scratch);
	sk_scratch_release(scratch);
}

static __always_inline struct task_struct *sk_current(void)
{
	return (struct task_struct *)bpf_get_current_task_btf();
}

/* Begins the event that sys_exit's table says, with this thread's id. */
static __always_inline void sk_event_begin_call(struct sk_scratch *scratch)
{
	sk_event_begin(scratch, scratch->dispatch.event, scratch->dispatch.nparams,
		       (__u32)bpf_get_current_pid_tgid());
	scratch->origin = sk_forget(scratch->call_origin);
}

#endif
