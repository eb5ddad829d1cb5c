/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Notes about the paths that a call was given (vm/notes.h): what they led to,
 * and what they were when the call began.
 *
 *   event    ... | name = "/tmp/x" | ...      scratch->given[0] has the place
 *   notes    RESOLVED "/etc/shadow", BEGUN "/tmp/y"
 *
 * Neither note is written where it would repeat the parameter.
 */
#ifndef SK_CAPTURE_BPF_PATHS_H
#define SK_CAPTURE_BPF_PATHS_H

#include "runtime/capture/bpf/file.h"
#include "runtime/capture/bpf/notes.h"

/* Tells where path `which` led to, the one in `scratch->path`, unless that is what it says. */
int sk_path_note(__u32 which);

/*
 * Tells what the call's paths were when it began, where they were others
 * (bpf/enter.bpf.c has kept them).
 */
int sk_path_note_begun(void);

static __always_inline void sk_note_begun(struct sk_scratch *scratch)
{
	if (sk_config.begun_paths && scratch->dispatch.begun)
		sk_path_note_begun();
}

static __always_inline void sk_note_resolved(struct sk_scratch *scratch, __u32 which, struct vfsmount *mount,
					     struct dentry *dentry)
{
	sk_path_find(scratch, mount, dentry);
	sk_path_note(which);
}

#endif
