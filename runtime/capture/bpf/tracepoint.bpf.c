/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Events of tracepoints besides system calls and processes: signals as they
 * arrive, switches between threads, page faults.  Loaded only when wanted.
 *
 *   ring place:  record | header | lengths | parameters, all of fixed size
 *
 * They happen in the middle of anything, other programs of ours included (a
 * page fault while one reads user memory), so they are built in the ring
 * itself and not in the scratch area.
 */
#include "runtime/capture/bpf/flag_maps.h"
#include "runtime/capture/bpf/process.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

enum {
	SIGNAL_HUP = 1,
	SIGNAL_INT = 2,
	SIGNAL_QUIT = 3,
	SIGNAL_KILL = 9,
	SIGNAL_TERM = 15,
	SIGNAL_CHLD = 17,
	SIGNAL_TSTP = 20,
	SIGNAL_RTMIN = 32,
	SIGNAL_RTMAX = 64,
};

struct fixed_head {
	struct sk_ring_record record;
	__u64 ts, tid;
	__u32 length;
	__u16 type;
	__u32 nparams;
} __attribute__((packed));

struct signal_event {
	struct fixed_head head;
	__u16 lengths[3];
	__s64 source, target;
	__u8 signal;
} __attribute__((packed));

struct switch_event {
	struct fixed_head head;
	__u16 lengths[6];
	__s64 next;
	__u64 major_faults, minor_faults;
	__u32 size, resident, swapped;
} __attribute__((packed));

struct fault_event {
	struct fixed_head head;
	__u16 lengths[3];
	__u64 address, instruction;
	__u32 error;
} __attribute__((packed));

_Static_assert(SK_NPARAMS_SIGNALDELIVER_E == 3 && SK_NPARAMS_SCHEDSWITCH_6_E == 6 && SK_NPARAMS_PAGE_FAULT_E == 3,
	       "the events above are the schema's");

/*
 * A place in the ring for an event of the thread that runs, and this CPU's
 * area; or NULL: nobody wants it, or it is lost, and that is counted.
 */
static __always_inline void *reserve(enum sk_builder builder, __u32 type, __u64 size,
				     struct sk_scratch **ret_scratch)
{
	struct sk_scratch *scratch;
	__u32 class = sk_class_of(type);
	void *ring, *place = NULL;

	if (!sk_current_wanted())
		return NULL;
	scratch = sk_scratch_here();
	if (!scratch)
		return NULL;
	sk_produce(scratch, class);
	if (!sk_build_begin(scratch, builder)) {
		sk_lose(scratch, class, SK_LOSS_SCRATCH);
		return NULL;
	}
	ring = sk_ring_of(scratch, class);
	if (ring)
		place = bpf_ringbuf_reserve(ring, size, 0);
	if (!place) {
		sk_lose(scratch, class, SK_LOSS_RING);
		sk_build_end(scratch, builder);
	}
	*ret_scratch = scratch;
	return place;
}

#define fixed_submit(scratch, builder, event, number)                                                              \
	do {                                                                                                       \
		(event)->head.record = (struct sk_ring_record){.cpu = bpf_get_smp_processor_id()};                 \
		(event)->head.ts = sk_now();                                                                       \
		(event)->head.tid = (__u32)bpf_get_current_pid_tgid();                                             \
		(event)->head.length = sizeof(*(event)) - sizeof((event)->head.record);                            \
		(event)->head.type = (number);                                                                     \
		(event)->head.nparams = sizeof((event)->lengths) / sizeof((event)->lengths[0]);                    \
		bpf_ringbuf_submit((event), sk_wake());                                                            \
		sk_build_end(scratch, builder);                                                                    \
	} while (0)

/* Who sent it, as far as the kernel notes that for this signal. */
static __always_inline __s32 sender(__s32 signal, const struct kernel_siginfo *info)
{
	bool noted = false;

	switch (signal) {
	case SIGNAL_KILL:
	case SIGNAL_CHLD:
		noted = true;
		break;
	case SIGNAL_TERM:
	case SIGNAL_HUP:
	case SIGNAL_INT:
	case SIGNAL_TSTP:
	case SIGNAL_QUIT:
		noted = BPF_CORE_READ(info, si_code) <= 0;
		break;
	default:
		noted = signal >= SIGNAL_RTMIN && signal <= SIGNAL_RTMAX;
		break;
	}
	/* At the same place in all variants of the union. */
	return info && noted ? BPF_CORE_READ(info, _sifields._kill._pid) : 0;
}

SEC("tp_btf/signal_deliver")
int sk_signal_deliver(__u64 *context)
{
	__s32 signal = (__s32)context[0];
	const struct kernel_siginfo *info = (const struct kernel_siginfo *)context[1];
	struct signal_event *event;
	struct sk_scratch *scratch;

	event = reserve(SK_BUILDER_SIGNAL, SK_EVENT_SIGNALDELIVER_E, sizeof(*event), &scratch);
	if (!event)
		return 0;
	event->lengths[0] = event->lengths[1] = 8;
	event->lengths[2] = 1;
	event->source = sender(signal, info);
	event->target = (__u32)bpf_get_current_pid_tgid();
	event->signal = signal;
	fixed_submit(scratch, SK_BUILDER_SIGNAL, event, SK_EVENT_SIGNALDELIVER_E);
	return 0;
}

SEC("tp_btf/sched_switch")
int sk_sched_switch(__u64 *context)
{
	struct task_struct *previous = (struct task_struct *)context[1], *next = (struct task_struct *)context[2];
	struct mm_struct *mm;
	struct switch_event *event;
	struct sk_scratch *scratch;

	event = reserve(SK_BUILDER_SWITCH, SK_EVENT_SCHEDSWITCH_6_E, sizeof(*event), &scratch);
	if (!event)
		return 0;
	mm = BPF_CORE_READ(previous, mm);
	event->lengths[0] = event->lengths[1] = event->lengths[2] = 8;
	event->lengths[3] = event->lengths[4] = event->lengths[5] = 4;
	event->next = BPF_CORE_READ(next, pid);
	event->major_faults = BPF_CORE_READ(previous, maj_flt);
	event->minor_faults = BPF_CORE_READ(previous, min_flt);
	event->size = sk_memory_size(mm, 0);
	event->resident = sk_memory_size(mm, 1);
	event->swapped = sk_memory_size(mm, 2);
	fixed_submit(scratch, SK_BUILDER_SWITCH, event, SK_EVENT_SCHEDSWITCH_6_E);
	return 0;
}

#if defined(__TARGET_ARCH_x86)

static __always_inline int page_fault(const __u64 *context, enum sk_builder builder)
{
	const struct pt_regs *registers = (const struct pt_regs *)context[1];
	struct fault_event *event;
	struct sk_scratch *scratch;

	event = reserve(builder, SK_EVENT_PAGE_FAULT_E, sizeof(*event), &scratch);
	if (!event)
		return 0;
	event->lengths[0] = event->lengths[1] = 8;
	event->lengths[2] = 4;
	event->address = context[0];
	event->instruction = BPF_CORE_READ(registers, ip);
	event->error = sk_map_PAGE_FAULT(context[2]);
	fixed_submit(scratch, builder, event, SK_EVENT_PAGE_FAULT_E);
	return 0;
}

SEC("tp_btf/page_fault_user")
int sk_page_fault_user(__u64 *context)
{
	return page_fault(context, SK_BUILDER_FAULT_USER);
}

SEC("tp_btf/page_fault_kernel")
int sk_page_fault_kernel(__u64 *context)
{
	return page_fault(context, SK_BUILDER_FAULT_KERNEL);
}

#endif
