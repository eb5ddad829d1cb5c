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

static __always_inline bool sk_filter_knows_path(struct sk_scratch *scratch, const struct sk_asked *asked)
{
	struct sk_filter_path *key = (struct sk_filter_path *)scratch->path;
	long size;

	__builtin_memset(key, 0, sizeof(*key));
	size = bpf_probe_read_user_str(key->path, SK_FILTER_PATH_SIZE, (const void *)asked->path);
	/* As long as it can be: it may have been cut. */
	if (size < 2 || size >= SK_FILTER_PATH_SIZE || key->path[0] != '/')
		return false;
	key->event = scratch->dispatch.event;
	key->error = -scratch->result;
	key->flags = asked->flags;
	key->mode = (asked->mode & SK_FILTER_MODE_EXECUTE) != 0;
	return bpf_map_lookup_elem(&sk_filter_paths, key) != NULL;
}

/* True if the call is held back; it is counted. */
static __always_inline bool sk_filter_holds_back(struct sk_scratch *scratch)
{
	const volatile struct sk_filter_entry *entry;
	__u32 event = scratch->dispatch.event, reason, cpu;
	struct sk_asked asked = sk_asked_of(scratch);
	__s64 result = scratch->result;

	if (event >= SK_FILTER_EVENTS)
		return false;
	entry = &sk_filter_table[event];
	reason = sk_filter_decide(entry, result, asked.known ? sk_filter_open_class(asked.flags, asked.mode) : 0,
				  scratch->arguments[0], scratch->arguments[1], scratch->arguments[2]);
	if (reason == SK_FILTER_PASS && entry->paths && asked.path && result < 0 && result > -SK_FILTER_ERRORS &&
	    sk_filter_knows_path(scratch, &asked))
		reason = SK_FILTER_PATH;
	if (reason == SK_FILTER_PASS)
		return false;
	cpu = bpf_get_smp_processor_id() % SK_FILTER_CPUS;
	__sync_fetch_and_add(&sk_filter_counters[cpu].counts[reason & 7], 1);
	return true;
}

#endif
