/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of the host when a capture begins, from /proc (spec/state.md
 * section 6.2), in the order that captures have: machine, interfaces, users
 * and groups, then each process, parents first, with its fds and its other
 * threads.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "runtime/capture/capture.h"
#include "runtime/capture/clock.h"
#include "runtime/capture/proc_fd.h"
#include "runtime/capture/proc_file.h"
#include "runtime/capture/proc_host.h"
#include "runtime/capture/proc_net.h"
#include "runtime/capture/proc_task.h"
#include "runtime/capture/proc_tree.h"
#include "vm/support/alloc.h"

struct scan {
	struct sk_proc_task *task;
	struct sk_proc_net net;
	const struct sk_entry_sink *sink;
};

static int scan_begin(struct scan *scan, const struct sk_entry_sink *sink)
{
	*scan = (struct scan){.task = sk_alloc_zeroed(1, sizeof(*scan->task)), .sink = sink};
	if (!scan->task)
		return -ENOMEM;
	scan->task->boot_time = sk_clock_boot_time();
	return 0;
}

static void scan_end(struct scan *scan)
{
	sk_free(scan->task);
	sk_proc_net_release(&scan->net);
}

enum { GONE = 1 };

/* GONE, which is no failure, for a thread that vanished or is the kernel's own. */
static int send_thread(struct scan *scan, int64_t pid, int64_t tid)
{
	int result;

	if (sk_proc_task_read(scan->task, pid, tid) < 0)
		return GONE;
	result = scan->sink->process ? scan->sink->process(scan->sink->context, &scan->task->entry) : 0;
	return result < 0 ? result : 0;
}

static int send_other_threads(struct scan *scan, int64_t pid)
{
	char path[64];
	struct dirent *name;
	int result = 0;
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%lld/task", (long long)pid);
	directory = opendir(path);
	if (!directory)
		return 0;
	while (result == 0 && (name = readdir(directory))) {
		int64_t tid;

		if (!sk_proc_parse_number(name->d_name, &tid) || tid == pid)
			continue;
		result = send_thread(scan, pid, tid);
		if (result == GONE)
			result = 0;
	}
	closedir(directory);
	return result < 0 ? result : 0;
}

static int send_process(struct scan *scan, int64_t pid)
{
	int result = send_thread(scan, pid, pid);

	if (result == GONE)
		return 0;
	if (result == 0)
		result = sk_proc_send_fds(pid, &scan->net, scan->sink);
	return result < 0 ? result : send_other_threads(scan, pid);
}

static int send_host(const struct sk_entry_sink *sink)
{
	int result = sk_proc_send_machine(sink);

	if (result == 0)
		result = sk_proc_send_interfaces(sink);
	if (result == 0)
		result = sk_proc_send_users("/etc/passwd", sink);
	if (result == 0)
		result = sk_proc_send_groups("/etc/group", sink);
	return result;
}

int sk_proc_scan(int64_t only_tree_of, const struct sk_entry_sink *sink, struct sk_error *error)
{
	struct sk_proc_tree tree;
	struct scan scan;
	int result = send_host(sink);

	if (result < 0)
		return sk_error_set(error, result, "the description of this host was refused: %s",
				    strerror(-result));
	result = sk_proc_tree_read(only_tree_of, &tree);
	if (result < 0)
		return sk_error_set(error, result, "cannot list the processes in /proc: %s", strerror(-result));
	result = scan_begin(&scan, sink);
	for (size_t i = 0; i < tree.count && result == 0; i++)
		result = send_process(&scan, tree.nodes[i].pid);
	scan_end(&scan);
	sk_proc_tree_release(&tree);
	if (result == 0 && sink->complete)
		result = sink->complete(sink->context);
	if (result < 0)
		return sk_error_set(error, result, "the list of processes was refused: %s", strerror(-result));
	return 0;
}

int sk_proc_read_fd(int64_t pid, int64_t fd, const struct sk_entry_sink *sink)
{
	struct sk_proc_net net = {0};
	int result = sk_proc_send_fd(pid, fd, &net, sink);

	sk_proc_net_release(&net);
	return result;
}

int sk_proc_read_thread(int64_t tid, const struct sk_entry_sink *sink)
{
	int64_t pid = sk_proc_task_process(tid);
	struct scan scan;
	int result;

	if (pid < 0)
		return (int)pid;
	result = scan_begin(&scan, sink);
	if (result == 0)
		result = send_thread(&scan, pid, tid);
	if (result == 0 && tid == pid)
		result = sk_proc_send_fds(pid, &scan.net, sink);
	scan_end(&scan);
	return result == GONE ? -ENOENT : result;
}
