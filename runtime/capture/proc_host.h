/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does not belong to a process: the machine, its interfaces, users and
 * groups.
 */
#ifndef SK_CAPTURE_PROC_HOST_H
#define SK_CAPTURE_PROC_HOST_H

#include <stdbool.h>

#include "runtime/scap/entries.h"

/* Each returns 0, or the first negative value that the sink returned. */
int sk_proc_send_machine(const struct sk_entry_sink *sink);
int sk_proc_send_interfaces(const struct sk_entry_sink *sink);

/* From files in the form of /etc/passwd and /etc/group, skipping damaged lines; a file that is not there has none. */
int sk_proc_send_users(const char *passwd, const struct sk_entry_sink *sink);
int sk_proc_send_groups(const char *group, const struct sk_entry_sink *sink);

/*
 * One line of such a file, which is cut to pieces; what it gives points into
 * it.  False if it is damaged, or of a network service.
 */
bool sk_proc_parse_user(char *line, struct sk_user_entry *ret_user);
bool sk_proc_parse_group(char *line, struct sk_group_entry *ret_group);

#endif
