/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Which calls go no further than their end in the kernel, because user space
 * has proved that no rule can match them and that the state does not change
 * with them (runtime/capture/filter.h).  Shared by the BPF programs, by user
 * space, which fills the tables, and by tests, which decide as the kernel does.
 *
 *   entry of (class of the process, event) ──┬─ failed?     errors, failed
 *    (process_class.h)                       ├─ succeeded?  succeeded, argument
 *                                            └─ a path?     the map of paths, in both cases
 *
 * Invariant: an entry of all zeroes lets everything pass.
 */
#ifndef SK_CAPTURE_BPF_FILTER_H
#define SK_CAPTURE_BPF_FILTER_H

#include <linux/types.h>

#include "runtime/capture/bpf/shared.h"

/* SK_FILTER_REASON(id, name, meaning): why an event was held back; PASS: it was not. */
#define SK_FILTER_REASONS(SK_FILTER_REASON)                                                                        \
	SK_FILTER_REASON(PASS, "passed", "it was not held back")                                                   \
	SK_FILTER_REASON(FAILED, "failed", "calls that failed, which no rule asks for")                            \
	SK_FILTER_REASON(FLAGS, "flags", "calls of a kind that no rule asks for")                                  \
	SK_FILTER_REASON(ARGUMENT, "argument", "calls that leave the state as it is, which no rule asks for")      \
	SK_FILTER_REASON(PATH, "path", "opens of a path that no rule can match")                                   \
	SK_FILTER_REASON(FD, "fd", "closes and copies of fds whose open was held back")                            \
	SK_FILTER_REASON(STREAM, "stream", "data of TCP connections that are known")                               \
	SK_FILTER_REASON(PROCESS, "process", "calls that no rule asks for of such a process")

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
	SK_FILTER_F_DUPFD = 0, /* of fcntl */
	SK_FILTER_F_SETFD = 2,
	SK_FILTER_F_DUPFD_CLOEXEC = 1030,
	SK_FILTER_PR_SET_CHILD_SUBREAPER = 36,
	SK_FILTER_PR_GET_CHILD_SUBREAPER = 37,
	SK_FILTER_RLIMIT_NOFILE = 7,
	SK_FILTER_TCP = 6, /* of socket */
	SK_FILTER_SOCK_STREAM = 1,
};

enum {
	SK_FILTER_ERRORS = 256, /* errors below it are looked at, others pass */
	SK_FILTER_CLASSES = 32, /* of opens: sk_filter_open_class() */
	SK_FILTER_PATH_SIZE = 188,
	SK_FILTER_PLACE_SIZE = 192,
	SK_FILTER_PATHS = 16384,
	SK_FILTER_CPUS = 256,   /* counted apart; more share */
	SK_FILTER_EVENTS = 512, /* entries of the table, more than there are types of events */
};

/* What entries say besides; bits. */
enum {
	SK_FILTER_PATHS_FAILED = 1,    /* opens that failed are looked up in the map of paths */
	SK_FILTER_PATHS_SUCCEEDED = 2, /* and those that succeeded */
	SK_FILTER_CREATES_FD = 4,      /* the result is a new fd */
	SK_FILTER_BRINGS_FDS = 8,      /* the process may have other fds afterwards, nobody knows which */
	SK_FILTER_CLOSES = 16,         /* closes argument 0; held back if the open was */
	SK_FILTER_USES_RING = 32,      /* io_uring: fds come and go past system calls from now on */
	SK_FILTER_COPIES = 64,         /* fcntl: held back if it is about an fd whose open was */
	SK_FILTER_PLACES = 512,        /* a rule asks where an open's path leads: it must lead where it led */
	SK_FILTER_OPENS = 256,         /* the new fd is of a file that was opened */
	SK_FILTER_STREAMS = 128,  /* transfers: of a TCP connection the first one says all that the state needs */
	SK_FILTER_CHANGES = 1024, /* rules may see another thread or process after it succeeded */
	SK_FILTER_CHANGES_OTHERS = 2048, /* and not only that of the caller, if argument 0 is not 0 */
};

struct sk_filter_entry {
	__u64 errors[SK_FILTER_ERRORS / 64]; /* bit e: held back if it failed with e */
	__u32 failed;                        /* bit c: held back if it failed and is of class c */
	__u32 succeeded;                     /* bit c: held back if it succeeded and is of class c */
	__u8 need;                           /* enum sk_filter_need */
	__u8 fds;  /* bit a: argument a is an fd; bit 7: the result, of somebody else's file */
	__u8 pair; /* argument that points to two new fds, plus 1; 0: none */
	__u8 zero;
	__u16 traits; /* bits of the above */
	__u16 zero_too;
};

/*
 * Opens that succeeded and are held back: what they opened is remembered, and
 * told with the first event that the process uses the fd for (SK_NOTE_FILE of
 * vm/notes.h).  So the state knows of each file as soon as a rule can ask.
 *
 *   sk_held_files    struct file ─► what was opened
 *   sk_held_fds      files_struct, fd ─► the state has no such fd: its close tells nothing
 *   sk_held_floors   files_struct ─► time; what stands in sk_held_fds from before is void
 *
 * Invariants: an fd that the state has stands not in sk_held_fds, or is void
 * there; a file that is open at an fd which the state has not, through an open
 * that was held back, stands in sk_held_files.
 */
struct sk_held_file {
	__u64 inode;
	__u32 device;
	__u32 flags; /* parameter `flags` */
	char path[SK_FILTER_PATH_SIZE];
	__u32 zero;
};

struct sk_held_key {
	__u64 files;
	__u32 fd;
	__u32 zero;
};

struct sk_held_fd {
	__u64 birth; /* of the process: another one may get the same files_struct */
	__u64 time;
};

/*
 * A TCP connection of which the state knows the ends and that it is connected,
 * since a transfer came through: with the same key as sk_held_fds.
 */
struct sk_told_stream {
	__u64 sock;
	__u64 birth, time; /* as of struct sk_held_fd */
};

/* The bytes of an SK_NOTE_FILE. */
struct sk_told_file {
	__s64 fd;
	struct sk_held_file file;
};

enum {
	SK_HELD_FILES = 16384,
	SK_HELD_FDS = 32768,
	SK_HELD_FLOORS = 8192,
	SK_TOLD_STREAMS = 8192,
	SK_TOLD_FILES = 2,  /* an event has at most two fds */
	SK_HELD_LOWEST = 3, /* opens that give a lower fd come through: rules ask for standard input */
};

/*
 * Key and value of the map of paths, all of which counts: behind the paths
 * there are zeroes.  An open that succeeded is held back only if the path leads where it
 * led when it was found to be of no interest, whatever links and mounts are on its way.
 */
struct sk_filter_key {
	__u16 event;
	__u16 error; /* 0: it succeeded */
	__u32 flags; /* parameter `flags` without what the kernel adds */
	__u16 mode;  /* 1: parameter `mode` has a bit of 0111 */
	__u16 class; /* of the processes (process_class.h); 0: all */
	char path[SK_FILTER_PATH_SIZE];
};

struct sk_filter_place {
	char path[SK_FILTER_PLACE_SIZE]; /* empty: the call failed */
};

/* Both, one behind the other. */
struct sk_filter_path {
	__u16 event, error;
	__u32 flags;
	__u16 mode, class;
	char path[SK_FILTER_PATH_SIZE];
	struct sk_filter_place place;
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
	SK_FILTER_OPEN_CLOEXEC = 0x1000,
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
		/* Else the compiler leaves out the mask, and the verifier may not know that the copy it uses was compared. */
		sk_barrier(error);
		if (entry->errors[error / 64 & (SK_FILTER_ERRORS / 64 - 1)] >> error % 64 & 1)
			return SK_FILTER_FAILED;
		return entry->failed >> class & 1 ? SK_FILTER_FLAGS : SK_FILTER_PASS;
	}
	if (entry->succeeded >> class & 1)
		return SK_FILTER_FLAGS;
	return sk_filter_needed(entry->need, first, second, third) ? SK_FILTER_PASS : SK_FILTER_ARGUMENT;
}

#endif
