/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Which calls go no further than their end in the kernel, because user space
 * has proved that no rule can match them and that the state does not change
 * with them (runtime/capture/filter.h).  Shared by the BPF programs, by user
 * space, which fills the table, and by tests, which decide as the kernel does.
 *
 *   sk_filter_table[event] ──┬─ failed?     errors, failed
 *                            ├─ succeeded?  succeeded, argument
 *                            └─ a path?     the map of paths, in both cases
 *
 * Invariant: an entry of all zeroes lets everything pass.
 */
#ifndef SK_CAPTURE_BPF_FILTER_H
#define SK_CAPTURE_BPF_FILTER_H

#include <linux/types.h>

/* SK_FILTER_REASON(id, name, meaning): why an event was held back; PASS: it was not. */
#define SK_FILTER_REASONS(SK_FILTER_REASON)                                                                        \
	SK_FILTER_REASON(PASS, "passed", "it was not held back")                                                   \
	SK_FILTER_REASON(FAILED, "failed", "calls that failed, which no rule asks for")                            \
	SK_FILTER_REASON(FLAGS, "flags", "calls of a kind that no rule asks for")                                  \
	SK_FILTER_REASON(ARGUMENT, "argument", "calls that leave the state as it is, which no rule asks for")      \
	SK_FILTER_REASON(PATH, "path", "opens of a path that no rule can match")

enum sk_filter_reason {
#define SK_FILTER_REASON(id, name, meaning) SK_FILTER_##id,
	SK_FILTER_REASONS(SK_FILTER_REASON)
#undef SK_FILTER_REASON
		SK_FILTER_REASON_COUNT
};

/* Of the calls that succeeded and that no rule asks for: which the state needs. */
enum sk_filter_need {
	SK_FILTER_NEED_ALL,
	SK_FILTER_NEED_NOTHING,
	SK_FILTER_NEED_FCNTL,   /* copies of fds, close-on-exec */
	SK_FILTER_NEED_PRCTL,   /* who takes orphans */
	SK_FILTER_NEED_RLIMIT,  /* the number of fds: getrlimit, setrlimit */
	SK_FILTER_NEED_PRLIMIT, /* the same */
};

/* Arguments as programs give them, on every architecture. */
enum {
	SK_FILTER_F_DUPFD = 0,
	SK_FILTER_F_SETFD = 2,
	SK_FILTER_F_DUPFD_CLOEXEC = 1030,
	SK_FILTER_PR_SET_CHILD_SUBREAPER = 36,
	SK_FILTER_PR_GET_CHILD_SUBREAPER = 37,
	SK_FILTER_RLIMIT_NOFILE = 7,
};

enum {
	SK_FILTER_ERRORS = 256, /* errors below it are looked at, others pass */
	SK_FILTER_CLASSES = 32, /* of opens: sk_filter_open_class() */
	SK_FILTER_PATH_SIZE = 188,
	SK_FILTER_PATHS = 8192,
	SK_FILTER_CPUS = 256,   /* counted apart; more share */
	SK_FILTER_EVENTS = 512, /* entries of the table, more than there are types of events */
};

struct sk_filter_entry {
	__u64 errors[SK_FILTER_ERRORS / 64]; /* bit e: held back if it failed with e */
	__u32 failed;                        /* bit c: held back if it failed and is of class c */
	__u32 succeeded;                     /* bit c: held back if it succeeded and is of class c */
	__u8 need;                           /* enum sk_filter_need */
	__u8 paths;                          /* 1: looked up in the map of paths if it failed */
	__u8 zero[6];
};

/* Key of the map of paths, all of which counts: behind the path there are zeroes. */
struct sk_filter_path {
	__u16 event;
	__u16 error; /* 0: it succeeded */
	__u32 flags; /* parameter `flags` without what the kernel adds */
	__u32 mode;  /* 1: parameter `mode` has a bit of 0111 */
	char path[SK_FILTER_PATH_SIZE];
};

struct sk_filter_counters {
	__u64 counts[8]; /* by enum sk_filter_reason; one cache line a CPU */
};

/* Wire values of the open calls' flags. */
enum {
	SK_FILTER_OPEN_ACCESS = 3,
	SK_FILTER_OPEN_CREATE = 1 << 2,
	SK_FILTER_OPEN_TMPFILE = 1 << 13,
	SK_FILTER_OPEN_KERNEL = 0x1c000, /* set by the kernel's side: created, overlay layers */
	SK_FILTER_MODE_EXECUTE = 0111,
};

/* What rules ask of an open: read, write, may it create, is what it creates executable. */
static inline __u32 sk_filter_open_class(__u32 flags, __u32 mode)
{
	__u32 class = flags & SK_FILTER_OPEN_ACCESS;

	if (flags & SK_FILTER_OPEN_CREATE)
		class |= 4;
	if (flags & SK_FILTER_OPEN_TMPFILE)
		class |= 8;
	if (mode & SK_FILTER_MODE_EXECUTE)
		class |= 16;
	return class;
}

static inline int sk_filter_needed(__u8 need, __u64 first, __u64 second, __u64 third)
{
	switch (need) {
	case SK_FILTER_NEED_NOTHING:
		return 0;
	case SK_FILTER_NEED_FCNTL:
		return (__u32)second == SK_FILTER_F_DUPFD || (__u32)second == SK_FILTER_F_SETFD ||
		       (__u32)second == SK_FILTER_F_DUPFD_CLOEXEC;
	case SK_FILTER_NEED_PRCTL:
		return (__u32)first == SK_FILTER_PR_SET_CHILD_SUBREAPER ||
		       (__u32)first == SK_FILTER_PR_GET_CHILD_SUBREAPER;
	case SK_FILTER_NEED_RLIMIT:
		return (__u32)first == SK_FILTER_RLIMIT_NOFILE;
	case SK_FILTER_NEED_PRLIMIT:
		return (__u32)second == SK_FILTER_RLIMIT_NOFILE && third;
	default:
		return 1;
	}
}

/*
 * What becomes of a call, but for its path.  `class` is 0 for all but opens;
 * `first` to `third` are its arguments as the program gave them.
 */
static inline enum sk_filter_reason sk_filter_decide(const volatile struct sk_filter_entry *entry, __s64 result,
						     __u32 class, __u64 first, __u64 second, __u64 third)
{
	__u64 error = -result;

	class &= SK_FILTER_CLASSES - 1;
	if (result < 0) {
		if (error >= SK_FILTER_ERRORS)
			return SK_FILTER_PASS;
		if (entry->errors[error / 64 & (SK_FILTER_ERRORS / 64 - 1)] >> error % 64 & 1)
			return SK_FILTER_FAILED;
		return entry->failed >> class & 1 ? SK_FILTER_FLAGS : SK_FILTER_PASS;
	}
	if (entry->succeeded >> class & 1)
		return SK_FILTER_FLAGS;
	return sk_filter_needed(entry->need, first, second, third) ? SK_FILTER_PASS : SK_FILTER_ARGUMENT;
}

#endif
