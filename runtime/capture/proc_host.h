/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does not belong to a process: the machine, its interfaces, users and
 * groups.
 */
#ifndef SK_CAPTURE_PROC_HOST_H
#define SK_CAPTURE_PROC_HOST_H

#include "runtime/scap/entries.h"

/* Each returns 0, or the first negative value that the sink returned. */
int sk_proc_send_machine(const struct sk_entry_sink *sink);
int sk_proc_send_interfaces(const struct sk_entry_sink *sink);

/* From files in the form of /etc/passwd and /etc/group, skipping damaged lines; a file that is not there has none. */
int sk_proc_send_users(const char *passwd, const struct sk_entry_sink *sink);
int sk_proc_send_groups(const char *group, const struct sk_entry_sink *sink);

#endif
