/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who descends from whom, as /proc says it.
 */
#ifndef SK_CAPTURE_PROC_TREE_H
#define SK_CAPTURE_PROC_TREE_H

#include <stddef.h>
#include <stdint.h>

/* Processes of the host, parents before their children. */
struct sk_proc_tree {
	struct sk_proc_node {
		int64_t pid, parent;
		uint32_t depth; /* generations from the top */
	} * nodes;
	size_t count;
};

/*
 * Reads /proc.  With `only_tree_of`, that process and its descendants alone;
 * otherwise all.  Negative errno.
 */
int sk_proc_tree_read(int64_t only_tree_of, struct sk_proc_tree *ret_tree);

void sk_proc_tree_release(struct sk_proc_tree *tree);

/* Calls `found` for each descendant of `pid`, not for itself; negative values end it and are returned. */
int sk_proc_descendants(int64_t pid, int (*found)(void *context, int64_t pid), void *context);

#endif
