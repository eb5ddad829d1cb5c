/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread from /proc.
 */
#ifndef SK_CAPTURE_PROC_TASK_H
#define SK_CAPTURE_PROC_TASK_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/scap/entries.h"

enum {
	SK_PROC_TEXT = 1024,    /* bytes of a path or name, with its NUL */
	SK_PROC_STRINGS = 4096, /* bytes of arguments, environment or cgroups */
	SK_PROC_NAMESPACES = 64 /* pid namespaces whose start is remembered */
};

/*
 * Memory for a thread that is being read, and what is worth remembering from
 * one to the next.  All zeroes, but for `boot_time`, at the beginning.
 */
struct sk_proc_task {
	struct sk_process_entry entry; /* points into what follows */
	char comm[SK_PROC_TEXT], exe[SK_PROC_TEXT], exepath[SK_PROC_TEXT], cwd[SK_PROC_TEXT], root[SK_PROC_TEXT];
	char command[SK_PROC_STRINGS + 1], env[SK_PROC_STRINGS + 1], cgroups[SK_PROC_STRINGS + 1];
	char text[2 * SK_PROC_STRINGS];

	uint64_t boot_time; /* of the boot clock's 0, ns since the epoch */
	struct {
		char name[64]; /* "pid:[4026531836]" */
		uint64_t start;
	} namespaces[SK_PROC_NAMESPACES];
	uint32_t namespace_count;
};

/*
 * Fills `task->entry`, valid until the next call.  -ENOENT for a thread that is gone,
 * is the kernel's own, or that we may not look at.
 */
int sk_proc_task_read(struct sk_proc_task *task, int64_t pid, int64_t tid);

/*
 * The cgroups of a thread, "cpuset=/path" and so on, each with its NUL, as the BPF
 * programs send them; their bytes, 0 if it is gone.
 */
size_t sk_proc_read_cgroups(int64_t tid, char cgroups[SK_PROC_STRINGS + 1]);

/* The process that a thread belongs to; negative errno. */
int64_t sk_proc_task_process(int64_t tid);

#endif
