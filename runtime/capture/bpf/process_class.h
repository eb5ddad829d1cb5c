/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * What the rules leave of a thread's events, because of what its process is:
 * shared by the BPF programs, which look it up, by user space, which works it
 * out (runtime/capture/process_class.h), and by tests, which do both.
 *
 *   words[tid]    time | class | rest of the tid      user space writes
 *   changes[tid]  time of the thread's last change    the programs write
 *   everyone      time when many may have changed     the programs write
 *   floor         the same                            user space writes
 *   index[class][event] ─► entries[]                  user space writes
 *   paths[class][event] ─► class of paths' keys       user space writes
 *
 * A word says: having seen all events up to `time`, which is that of an event of
 * this thread, its class is this.  It is good as long as nothing happened later
 * that could have changed the class: no exec, no setuid or other change of the
 * thread itself, nor of anybody whom others see as an ancestor.
 *
 * Class 0 is what holds for every thread, and all that is known without a word.
 *
 * Why that is exact.  A change raises `changes` or `everyone` before its event
 * takes its time, and again, to that time, before the event is in a ring.  User
 * space has seen the change when it writes a later time, because it waits for
 * builders at work (shared.h).  So whoever reads a word that looks good stands
 * before the change.
 */
#ifndef SK_CAPTURE_BPF_PROCESS_CLASS_H
#define SK_CAPTURE_BPF_PROCESS_CLASS_H

#include "runtime/capture/bpf/filter.h"

enum {
	SK_PROCESS_SLOTS = 1 << 16, /* a thread's is its tid, modulo it */
	SK_PROCESS_CLASSES = 64,
	SK_PROCESS_ENTRIES = 1024, /* different ones of all classes */
	SK_PROCESS_TAG_BITS = 6,   /* of the tid, above the slot: kernels have at most 2^22 of them */
	SK_PROCESS_CLASS_BITS = 6,
	SK_PROCESS_TIME_SHIFT = 6, /* times are in 64 ns of the boot clock: 9 years in the bits left */
	SK_PROCESS_SECOND = 1000000000 >> SK_PROCESS_TIME_SHIFT,
};

struct sk_process_classes {
	__u64 floor;
	__u64 apart[7]; /* each in a cache line of its own: one is seldom written, the other by every CPU */
	__u64 everyone;
	__u64 apart_too[7];
	__u64 changes[SK_PROCESS_SLOTS];
	__u64 words[SK_PROCESS_SLOTS];
	__u16 index[SK_PROCESS_CLASSES][SK_FILTER_EVENTS];
	__u8 paths[SK_PROCESS_CLASSES][SK_FILTER_EVENTS]; /* the first class that leaves the event the same rules */
	struct sk_filter_entry entries[SK_PROCESS_ENTRIES];
};

/* Of a time on the boot clock, in ns. */
static inline __u64 sk_process_time(__u64 boot_ns)
{
	return boot_ns >> SK_PROCESS_TIME_SHIFT;
}

static inline __u32 sk_process_slot(__u32 tid)
{
	return tid & (SK_PROCESS_SLOTS - 1);
}

static inline __u64 sk_process_tag(__u32 tid)
{
	return tid / SK_PROCESS_SLOTS & ((1u << SK_PROCESS_TAG_BITS) - 1);
}

/* 0 if it cannot be said: time or tid are beyond what a word has room for. */
static inline __u64 sk_process_word(__u32 tid, __u32 class, __u64 time)
{
	if (time >> (64 - SK_PROCESS_TAG_BITS - SK_PROCESS_CLASS_BITS) ||
	    tid / SK_PROCESS_SLOTS >> SK_PROCESS_TAG_BITS)
		return 0;
	return time << (SK_PROCESS_TAG_BITS + SK_PROCESS_CLASS_BITS) | (__u64) class << SK_PROCESS_TAG_BITS |
	       sk_process_tag(tid);
}

static inline __u64 sk_process_word_time(__u64 word)
{
	return word >> (SK_PROCESS_TAG_BITS + SK_PROCESS_CLASS_BITS);
}

static inline __u32 sk_process_word_class(__u64 word)
{
	return word >> SK_PROCESS_TAG_BITS & (SK_PROCESS_CLASSES - 1);
}

/* The class of a thread as far as it is good now; 0: nothing is known. */
static inline __u32 sk_process_class_of(const volatile struct sk_process_classes *classes, __u32 tid)
{
	const __u32 slot = sk_process_slot(tid);
	const __u64 word = classes->words[slot], time = sk_process_word_time(word);

	if ((word & ((1u << SK_PROCESS_TAG_BITS) - 1)) != sk_process_tag(tid) || time <= classes->changes[slot] ||
	    time <= classes->everyone || time <= classes->floor)
		return 0;
	return sk_process_word_class(word);
}

static inline const volatile struct sk_filter_entry *
sk_process_entry(const volatile struct sk_process_classes *classes, __u32 class, __u32 event)
{
	const __u32 number = classes->index[class & (SK_PROCESS_CLASSES - 1)][event & (SK_FILTER_EVENTS - 1)];

	return &classes->entries[number & (SK_PROCESS_ENTRIES - 1)];
}

static inline __u32 sk_process_paths(const volatile struct sk_process_classes *classes, __u32 class, __u32 event)
{
	return classes->paths[class & (SK_PROCESS_CLASSES - 1)][event & (SK_FILTER_EVENTS - 1)];
}

/*
 * Raises one of the times, which programs on other CPUs raise too.  Should they
 * get in between again and again, it puts it a second ahead, where nobody does.
 */
static inline void sk_process_raise(__u64 *time, __u64 to)
{
	for (int i = 0; i < 8; i++) {
		const __u64 old = *(volatile __u64 *)time;

		if (old >= to || __sync_val_compare_and_swap(time, old, to) == old)
			return;
	}
	*(volatile __u64 *)time = to + SK_PROCESS_SECOND;
}

#endif
