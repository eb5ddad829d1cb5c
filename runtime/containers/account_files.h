/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The users and groups of a container, from its own /etc/passwd and
 * /etc/group.  Whoever is root in there decides what these are: links, pipes,
 * devices, files without end.
 */
#ifndef SK_CONTAINERS_ACCOUNT_FILES_H
#define SK_CONTAINERS_ACCOUNT_FILES_H

#include <stdint.h>

#include "vm/support/buffer.h"

/*
 * Appends USER_ADDED_E and GROUP_ADDED_E events, of the time 0, for what the
 * container says in which the process runs.  `container_id` is as the state
 * has it.  None if the process lives among the host's mounts.  -ESRCH: it is gone, or is in
 * another container; -ENOMEM.  A file on a file system that somebody
 * serves from user space takes as long as they like.
 */
int sk_account_files_read(int64_t pid, const char *container_id, struct sk_buffer *events);

/* The same from the text of the files, which is cut to pieces.  False without memory. */
bool sk_account_files_parse(struct sk_buffer *users, struct sk_buffer *groups, const char *container_id,
			    struct sk_buffer *events);

#endif
