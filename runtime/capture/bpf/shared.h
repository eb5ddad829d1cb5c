/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * What the BPF programs and user space share.
 *
 *   sys_exit ──► dispatch[number] ──► tail call: SK_PROGRAM_* ──► ring, or reserved lane
 *                     │ 0: nobody wants it                         │
 *                     └─► return                  struct sk_ring_record + event
 *
 * `dispatch` is filled by user space before the programs are loaded
 * (runtime/capture/plan.c) and read-only from then on.
 */
#ifndef SK_CAPTURE_BPF_SHARED_H
#define SK_CAPTURE_BPF_SHARED_H

#include <linux/types.h>

#include "runtime/capture/bpf/loss.h"

/* The compiler knows nothing of the variable from here on: bounds that the verifier is to see stay in the program. */
#define sk_barrier(variable) __asm__ volatile("" : "+r"(variable))

/* A record of the ring: this, then one event in the wire format, with its notes (vm/notes.h). */
struct sk_ring_record {
	__u16 cpu;
	__u16 zero[3];
};

enum {
	SK_EVENT_LIMIT = 65535, /* bytes of one event */
	SK_TEXT_LIMIT = 4096,   /* bytes of a path or other string, with its NUL */
	SK_ARGUMENT_COUNT = 6,  /* of a system call */
	SK_SNAP_LENGTH = 80,    /* default */
	SK_SNAP_LIMIT = 32768,  /* highest */
	SK_TREE_LIMIT = 65536,  /* processes followed by only_tree_of */
	SK_TYPE_LIMIT = 512,    /* more than there are event types, and a power of two */
	SK_CLASS_LIMIT = 16,    /* more than there are classes of events, and a power of two */
};

/*
 * The numbers that dispatch is indexed by: native ones first, then those of
 * 32-bit programs on x86-64, then the calls inside their socketcall(2).
 */
enum {
	SK_NUMBERS_NATIVE = 0,
	SK_NUMBERS_COMPAT = 512,
	SK_NUMBERS_SOCKETCALL = 1024,
	SK_NUMBERS_END = 1056,
};

/* Who builds the event: slots of the table of tail calls. */
enum sk_program {
	SK_PROGRAM_NONE, /* not captured */
	SK_PROGRAM_RECIPE,
	SK_PROGRAM_OPEN,
	SK_PROGRAM_EXEC,
	SK_PROGRAM_CLONE,
	SK_PROGRAM_CONNECT,
	SK_PROGRAM_ACCEPT,
	SK_PROGRAM_SOCKETPAIR,
	SK_PROGRAM_SOCKOPT,
	SK_PROGRAM_TRANSFER,
	SK_PROGRAM_MESSAGE,
	SK_PROGRAM_MESSAGES,
	SK_PROGRAM_POLL,
	SK_PROGRAM_PTRACE,
	SK_PROGRAM_PRCTL,
	SK_PROGRAM_QUOTACTL,
	SK_PROGRAM_KEYCTL,
	SK_PROGRAM_FSCONFIG,
	SK_PROGRAM_SEMOP,
	SK_PROGRAM_SOCKETCALL, /* not an event: finds the call inside */
	SK_PROGRAM_COUNT
};

struct sk_dispatch {
	__u16 event;   /* type on the wire */
	__u16 syscall; /* the schema's number */
	__u16 native;  /* the number as the program used it */
	__u8 program;  /* enum sk_program */
	__u8 recipe;   /* for SK_PROGRAM_RECIPE */
	__u8 nparams;
	__u8 enters; /* 1: its beginning is an event too */
	__u8 begun; /* which arguments are paths, from 1: the first in the lower 4 bits, the second above; 0: none */
	__u8 zero;
};

/* As in vm/notes.h, which these programs cannot include; runtime/capture/capture.c holds them equal. */
enum {
	SK_BPF_NOTES_MAGIC = 0x316b5301,
	SK_BPF_NOTE_ORIGIN = 1,
	SK_BPF_NOTE_RESOLVED = 2,
	SK_BPF_NOTE_BEGUN = 3,
	SK_BPF_NOTE_FILE = 5,
};

/* As enum sk_origin of vm/notes.h. */
enum sk_bpf_origin {
	SK_BPF_ORIGIN_CALL = 0,
	SK_BPF_ORIGIN_COMPAT = 1,
	SK_BPF_ORIGIN_IO_URING = 2,
	SK_BPF_ORIGIN_X32 = 3,
};

enum { SK_TREE_BORN_BEFORE = 0 }; /* stands for the birth of a process that user space found */

enum { SK_BEGUN_TEXT = 1024 }; /* bytes of a path that are kept from the beginning of a call to its end */

enum {
	SK_URING_OPCODES = 64,
	SK_URING_LIMIT = 8192, /* operations under way */
	SK_URING_TEXT = 2048,  /* bytes of a path, with its NUL */
	/* What stands for an fd where the file went into the ring's own table, by slot; the last: nobody knows. */
	SK_URING_SLOTS = 1 << 30,
	SK_URING_UNKNOWN_FD = 0x7fffffff,
};

/* Set before loading. */
struct sk_capture_config {
	__u64 boot_time;     /* ns since the epoch at which the boot clock was 0 */
	__u64 only_tree;     /* 1: only processes in the map `tree` */
	__u64 begun_paths;   /* 1: paths that were others when the call began are told */
	__u64 resolve_paths; /* 1: paths that lead elsewhere than they say are told */
	__u64 page_kib;      /* size of a page of memory */
};

/*
 * Who can be building an event on a CPU at the same time: programs that use the
 * scratch area, one by one, and those that interrupt them, each with its own word.
 */
enum sk_builder {
	SK_BUILDER_SCRATCH,
	SK_BUILDER_SIGNAL,
	SK_BUILDER_SWITCH,
	SK_BUILDER_FAULT_USER,
	SK_BUILDER_FAULT_KERNEL,
	SK_BUILDER_LOSS, /* builds nothing, but notes that something was lost */
	SK_BUILDER_COUNT = 8
};

/* Classes of events have an entry in the table `sk_classes`: the class, and this bit. */
enum { SK_CLASS_RESERVED = 0x80 };

/*
 * What a CPU shares with user space: the head of its scratch area.
 *
 * A builder's word is odd from before it takes its event's time until the event
 * is in the ring, or is counted as lost.  Whoever reads the clock, then an even
 * word, then the rings has all the builder's events up to that time.
 */
struct sk_cpu {
	__u64 builders[SK_BUILDER_COUNT];
	__u64 produced[SK_CLASS_LIMIT]; /* events begun, by class: what was consumed and what was lost */
	__u64 losses;                   /* sum of `lost`, counted after it and after the times */
	__u64 lost_first;               /* time since the epoch; user space makes it 0 when it has taken note */
	__u64 lost_last;
	__u32 rings[2]; /* which it writes to: bulk, reserved lane */
	__u64 zero[4];
	__u64 lost[SK_LOSS_COUNT][SK_CLASS_LIMIT];
};

#endif
