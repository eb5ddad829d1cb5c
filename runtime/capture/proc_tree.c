/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/capture/proc_tree.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/capture/proc_file.h"
#include "vm/support/alloc.h"

/* More generations than this are a loop made by processes that moved while they were read. */
enum { DEPTH_LIMIT = 1024, PROCESS_LIMIT = 4 << 20 };

static int compare_pids(const void *a, const void *b)
{
	const struct sk_proc_node *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

static int compare_depths(const void *a, const void *b)
{
	const struct sk_proc_node *x = a, *y = b;

	return x->depth != y->depth ? (x->depth > y->depth) - (x->depth < y->depth) : compare_pids(a, b);
}

static struct sk_proc_node *find(const struct sk_proc_tree *tree, int64_t pid)
{
	struct sk_proc_node key = {.pid = pid};

	return bsearch(&key, tree->nodes, tree->count, sizeof(key), compare_pids);
}

/* The parent's pid from /proc/PID/stat; -1 when the process is gone. */
static int64_t read_parent(int64_t pid)
{
	char text[1024];
	const char *end;
	int64_t parent;
	size_t length;

	if (sk_proc_read_file(text, sizeof(text), &length, "/proc/%lld/stat", (long long)pid) < 0)
		return -1;
	end = strrchr(text, ')');
	if (!end || end[1] != ' ' || end[2] == '\0' || end[3] != ' ' || !sk_proc_parse_number(end + 4, &parent))
		return -1;
	return parent;
}

static int list_processes(struct sk_proc_tree *tree)
{
	size_t capacity = 0;
	struct dirent *entry;
	DIR *directory = opendir("/proc");
	int result = 0;

	if (!directory)
		return -errno;
	while (result == 0 && (entry = readdir(directory))) {
		int64_t pid, parent;

		if (!sk_proc_parse_number(entry->d_name, &pid) || pid <= 0 || (parent = read_parent(pid)) < 0)
			continue;
		if (tree->count == capacity) {
			struct sk_proc_node *nodes;

			capacity = capacity ? 2 * capacity : 256;
			nodes = capacity > PROCESS_LIMIT ? NULL
							 : sk_realloc_array(tree->nodes, capacity, sizeof(*nodes));
			if (!nodes) {
				result = -ENOMEM;
				break;
			}
			tree->nodes = nodes;
		}
		tree->nodes[tree->count++] = (struct sk_proc_node){pid, parent, 0};
	}
	closedir(directory);
	return result;
}

/* Generations up to a process without a parent here, or to `root`; sets `*ret_below` if it was `root`. */
static uint32_t depth_of(const struct sk_proc_tree *tree, const struct sk_proc_node *node, int64_t root,
			 bool *ret_below)
{
	uint32_t depth = 0;

	*ret_below = node->pid == root;
	while (depth < DEPTH_LIMIT && node->pid != root && (node = find(tree, node->parent))) {
		depth++;
		*ret_below = node->pid == root;
	}
	return depth;
}

int sk_proc_tree_read(int64_t only_tree_of, struct sk_proc_tree *ret_tree)
{
	struct sk_proc_tree tree = {0};
	int result = list_processes(&tree);
	size_t kept = 0;

	if (result < 0) {
		sk_proc_tree_release(&tree);
		return result;
	}
	if (tree.count > 0)
		qsort(tree.nodes, tree.count, sizeof(tree.nodes[0]), compare_pids);
	for (size_t i = 0; i < tree.count; i++) {
		bool below;

		tree.nodes[i].depth = depth_of(&tree, &tree.nodes[i], only_tree_of, &below);
		/* Marked, and removed only afterwards: the others are still looked up in it. */
		if (only_tree_of && !below)
			tree.nodes[i].depth = UINT32_MAX;
	}
	for (size_t i = 0; i < tree.count; i++)
		if (tree.nodes[i].depth != UINT32_MAX)
			tree.nodes[kept++] = tree.nodes[i];
	tree.count = kept;
	if (tree.count > 0)
		qsort(tree.nodes, tree.count, sizeof(tree.nodes[0]), compare_depths);
	*ret_tree = tree;
	return 0;
}

void sk_proc_tree_release(struct sk_proc_tree *tree)
{
	sk_free(tree->nodes);
	*tree = (struct sk_proc_tree){0};
}

int sk_proc_descendants(int64_t pid, int (*found)(void *context, int64_t pid), void *context)
{
	struct sk_proc_tree tree;
	int result = sk_proc_tree_read(pid, &tree);

	if (result < 0)
		return result;
	for (size_t i = 0; i < tree.count && result >= 0; i++)
		if (tree.nodes[i].pid != pid)
			result = found(context, tree.nodes[i].pid);
	sk_proc_tree_release(&tree);
	return result < 0 ? result : 0;
}
