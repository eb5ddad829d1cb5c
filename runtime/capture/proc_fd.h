/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fds of a process from /proc.
 */
#ifndef SK_CAPTURE_PROC_FD_H
#define SK_CAPTURE_PROC_FD_H

#include "runtime/capture/proc_net.h"
#include "runtime/scap/entries.h"

/*
 * Gives each fd of process `pid` to the sink, at most SK_PROC_FDS.  Returns 0,
 * also when the process is gone, or the first negative value that the sink
 * returned.
 */
int sk_proc_send_fds(int64_t pid, struct sk_proc_net *net, const struct sk_entry_sink *sink);

/*
 * Gives one fd of process `pid` to the sink.  0, -ENOENT if it is gone, or the
 * negative value that the sink returned.
 */
int sk_proc_send_fd(int64_t pid, int64_t fd, struct sk_proc_net *net, const struct sk_entry_sink *sink);

/* As many as the state keeps (spec/state.md section 9). */
enum { SK_PROC_FDS = 4096 };

#endif
