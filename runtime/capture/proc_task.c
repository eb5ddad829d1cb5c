/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/capture/proc_task.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "runtime/capture/proc_file.h"

enum {
	WIRE_CLONE_FILES = 0x1,
	WIRE_CLONE_THREAD = 0x2000,
	CAPABILITY_DAC_OVERRIDE = 1,
	CAPABILITY_FOWNER = 3,
	ANCESTORS_LIMIT = 64,
	STAT_FIELDS = 24,
};

static struct sk_bytes bytes_of(const char *text, size_t length)
{
	return (struct sk_bytes){text, (uint32_t)length};
}

static struct sk_bytes read_link(char buffer[SK_PROC_TEXT], int64_t tid, const char *name)
{
	size_t length;

	if (sk_proc_read_link(buffer, SK_PROC_TEXT, &length, "/proc/%lld/%s", (long long)tid, name) < 0)
		length = 0;
	return bytes_of(buffer, length);
}

/* The nth column of a line of numbers, or its last if it has fewer; `otherwise` without any. */
static int64_t column(const char *line, unsigned n, int64_t otherwise)
{
	int64_t value = otherwise;

	for (unsigned i = 0; line && sk_proc_parse_number(line, &value) && i < n; i++) {
		line += strcspn(line, " \t\n");
		line += strspn(line, " \t");
	}
	return value;
}

static int64_t status_number(const char *status, const char *name, unsigned n, int64_t otherwise)
{
	return column(sk_proc_find_line(status, name), n, otherwise);
}

static uint64_t status_hexadecimal(const char *status, const char *name)
{
	const char *line = sk_proc_find_line(status, name);

	return line ? strtoull(line, NULL, 16) : 0;
}

enum { OWN_NAMESPACE = 100 }; /* the last column: there are never so many levels */

static void read_status(struct sk_process_entry *entry, const char *status)
{
	entry->ptid = status_number(status, "PPid", 0, -1);
	entry->uid = (uint32_t)status_number(status, "Uid", 1, UINT32_MAX);
	entry->gid = (uint32_t)status_number(status, "Gid", 1, UINT32_MAX);
	entry->vtid = status_number(status, "NSpid", OWN_NAMESPACE, entry->tid);
	entry->vpid = status_number(status, "NStgid", OWN_NAMESPACE, entry->pid);
	entry->pgid = status_number(status, "NSpgid", 0, -1);
	entry->vpgid = status_number(status, "NSpgid", OWN_NAMESPACE, -1);
	entry->vmsize_kb = (uint32_t)status_number(status, "VmSize", 0, 0);
	entry->vmrss_kb = (uint32_t)status_number(status, "VmRSS", 0, 0);
	entry->vmswap_kb = (uint32_t)status_number(status, "VmSwap", 0, 0);
	entry->cap_inheritable = status_hexadecimal(status, "CapInh");
	entry->cap_permitted = status_hexadecimal(status, "CapPrm");
	entry->cap_effective = status_hexadecimal(status, "CapEff");
}

/* Numbers of a stat file: field n, counted from 1 as in proc(5), is at n.  The name before them can hold anything. */
static bool read_stat(struct sk_proc_task *task, int64_t tid, int64_t fields[STAT_FIELDS + 1])
{
	const char *at;
	size_t length;

	if (sk_proc_read_file(task->text, sizeof(task->text), &length, "/proc/%lld/stat", (long long)tid) < 0)
		return false;
	at = strrchr(task->text, ')');
	if (!at || strlen(at) < 4)
		return false;
	at += 4;
	for (int i = 4; i <= STAT_FIELDS; i++) {
		if (!sk_proc_parse_number(at, &fields[i]))
			return false;
		at += strcspn(at, " ");
		at += strspn(at, " ");
	}
	return true;
}

static uint64_t start_time(const struct sk_proc_task *task, const int64_t fields[STAT_FIELDS + 1])
{
	long ticks = sysconf(_SC_CLK_TCK);

	return task->boot_time + (uint64_t)fields[22] * (1000000000u / (uint64_t)(ticks > 0 ? ticks : 100));
}

/*
 * When the first process of a thread's pid namespace started: that of the
 * nearest ancestor with number 1 there.
 */
static uint64_t namespace_start(struct sk_proc_task *task, int64_t tid)
{
	char name[sizeof(task->namespaces[0].name)] = "", other[sizeof(name)];
	int64_t fields[STAT_FIELDS + 1];
	uint64_t start = 0;
	size_t length;

	if (sk_proc_read_link(name, sizeof(name), &length, "/proc/%lld/ns/pid", (long long)tid) < 0)
		return 0;
	if (sk_proc_read_link(other, sizeof(other), &length, "/proc/self/ns/pid") == 0 && strcmp(name, other) == 0)
		return task->boot_time;
	for (uint32_t i = 0; i < task->namespace_count; i++)
		if (strcmp(task->namespaces[i].name, name) == 0)
			return task->namespaces[i].start;
	for (int i = 0; i < ANCESTORS_LIMIT && tid > 0; i++) {
		int64_t parent;

		if (sk_proc_read_file(task->text, sizeof(task->text), &length, "/proc/%lld/status",
				      (long long)tid) < 0)
			break;
		parent = status_number(task->text, "PPid", 0, 0);
		if (status_number(task->text, "NStgid", OWN_NAMESPACE, 0) == 1) {
			if (read_stat(task, tid, fields))
				start = start_time(task, fields);
			break;
		}
		tid = parent;
	}
	if (task->namespace_count < SK_PROC_NAMESPACES) {
		memcpy(task->namespaces[task->namespace_count].name, name, sizeof(name));
		task->namespaces[task->namespace_count++].start = start;
	}
	return start;
}

static bool in_group(const char *status, uint32_t own, uint32_t gid)
{
	const char *line = sk_proc_find_line(status, "Groups");
	int64_t value;

	if (own == gid)
		return true;
	while (line && sk_proc_parse_number(line, &value)) {
		if (value == gid)
			return true;
		line += strcspn(line, " \n");
		line += strspn(line, " ");
	}
	return false;
}

/* The same rule as in the BPF programs (spec/capture.md section 6, exec flags). */
static bool is_writable(const struct sk_process_entry *entry, const char *status, const struct statx *file)
{
	struct statvfs system;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%lld/exe", (long long)entry->tid);
	if (file->stx_attributes & STATX_ATTR_IMMUTABLE ||
	    (statvfs(path, &system) == 0 && system.f_flag & ST_RDONLY))
		return false;
	if (file->stx_uid == entry->uid)
		return true;
	if (file->stx_mode & (in_group(status, entry->gid, file->stx_gid) ? S_IWGRP : S_IWOTH))
		return true;
	return entry->cap_effective & (1u << CAPABILITY_DAC_OVERRIDE | 1u << CAPABILITY_FOWNER);
}

static uint64_t nanoseconds(struct statx_timestamp time)
{
	return (uint64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void read_program(struct sk_proc_task *task, const char *status)
{
	struct sk_process_entry *entry = &task->entry;
	struct statx file;
	char path[64];

	/* Through the link, so that it is the file of whatever mount namespace; without asking a server. */
	snprintf(path, sizeof(path), "/proc/%lld/exe", (long long)entry->tid);
	if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &file) < 0)
		return;
	entry->exe_ino = file.stx_ino;
	entry->exe_ino_ctime = nanoseconds(file.stx_ctime);
	entry->exe_ino_mtime = nanoseconds(file.stx_mtime);
	entry->exe_from_memfd = strncmp(task->exepath, "/memfd:", 7) == 0;
	entry->exe_writable = is_writable(entry, status, &file);
}

/* argv[0], and the others with their NULs. */
static void read_command(struct sk_proc_task *task, size_t length)
{
	struct sk_process_entry *entry = &task->entry;
	size_t first = strnlen(task->command, length), kept = first < SK_PROC_TEXT - 1 ? first : SK_PROC_TEXT - 1;

	memcpy(task->exe, task->command, kept);
	task->exe[kept] = '\0';
	entry->exe = bytes_of(task->exe, kept);
	if (first + 1 < length) {
		task->command[length - 1] = '\0';
		entry->args = bytes_of(task->command + first + 1, length - first - 1);
	}
}

/* The path in the hierarchy of a controller: version 1 if it has one there, else the unified one. */
static const char *find_cgroup(const char *text, const char *controller, size_t *ret_length)
{
	const char *found = NULL;
	size_t length = strlen(controller);

	while (text && *text) {
		const char *names = strchr(text, ':'), *path = names ? strchr(names + 1, ':') : NULL;
		const char *end = text + strcspn(text, "\n");

		if (path && path < end) {
			bool unified = path == names + 1;

			for (const char *name = names + 1; name < path; name += strcspn(name, ",:") + 1)
				if (strncmp(name, controller, length) == 0 && strchr(",:", name[length])) {
					*ret_length = (size_t)(end - path - 1);
					return path + 1;
				}
			if (unified) {
				*ret_length = (size_t)(end - path - 1);
				found = path + 1;
			}
		}
		text = *end ? end + 1 : end;
	}
	return found;
}

size_t sk_proc_read_cgroups(int64_t tid, char cgroups[SK_PROC_STRINGS + 1])
{
	static const struct {
		const char *name, *controller;
	} wanted[] = {{"cpuset", "cpuset"},
		      {"cpu", "cpu"},
		      {"cpuacct", "cpuacct"},
		      {"io", "blkio"},
		      {"memory", "memory"}};
	const size_t size = SK_PROC_STRINGS + 1;
	char text[2 * SK_PROC_STRINGS];
	size_t length, used = 0;

	if (sk_proc_read_file(text, sizeof(text), &length, "/proc/%lld/cgroup", (long long)tid) < 0)
		return 0;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		size_t path_length;
		const char *path = find_cgroup(text, wanted[i].controller, &path_length);
		int written;

		if (!path || path_length > SK_PROC_TEXT)
			continue;
		written = snprintf(cgroups + used, size - used, "%s=%.*s", wanted[i].name, (int)path_length, path);
		if (written < 0 || (size_t)written >= size - used)
			break;
		used += (size_t)written + 1;
	}
	return used;
}

static struct sk_bytes read_environment(struct sk_proc_task *task)
{
	size_t length;

	if (sk_proc_read_file(task->env, sizeof(task->env), &length, "/proc/%lld/environ",
			      (long long)task->entry.tid) < 0 ||
	    length == 0)
		return bytes_of(task->env, 0);
	task->env[length - 1] = '\0';
	return bytes_of(task->env, length);
}

static uint32_t read_loginuid(int64_t tid)
{
	char text[32];
	int64_t value;
	size_t length;

	if (sk_proc_read_file(text, sizeof(text), &length, "/proc/%lld/loginuid", (long long)tid) < 0 ||
	    !sk_proc_parse_number(text, &value))
		return UINT32_MAX;
	return (uint32_t)value;
}

/* prlimit(2) wants a capability for somebody else's process that not every sandbox gives; the file is for all. */
static int64_t read_fd_limit(int64_t tid)
{
	static const char name[] = "Max open files";
	struct rlimit limit;
	char text[4096];
	const char *line;
	size_t length;
	int64_t value;

	if (prlimit((pid_t)tid, RLIMIT_NOFILE, NULL, &limit) == 0)
		return (int64_t)limit.rlim_cur;
	if (sk_proc_read_file(text, sizeof(text), &length, "/proc/%lld/limits", (long long)tid) < 0)
		return -1;
	line = strstr(text, name);
	if (!line)
		return -1;
	line += sizeof(name) - 1;
	return sk_proc_parse_number(line + strspn(line, " "), &value) ? value : -1;
}

int sk_proc_task_read(struct sk_proc_task *task, int64_t pid, int64_t tid)
{
	struct sk_process_entry *entry = &task->entry;
	int64_t fields[STAT_FIELDS + 1] = {0};
	size_t length;

	*entry = (struct sk_process_entry){
		.tid = tid,
		.pid = pid,
		.sid = -1,
		.vpgid = -1,
		.pgid = -1,
		.fdlimit = -1,
		.flags = tid == pid ? 0 : WIRE_CLONE_THREAD | WIRE_CLONE_FILES,
		.loginuid = UINT32_MAX,
		.args = bytes_of("", 0),
		.cgroups = bytes_of("", 0),
	};
	entry->exepath = read_link(task->exepath, tid, "exe");
	if (sk_proc_read_file(task->command, sizeof(task->command), &length, "/proc/%lld/cmdline", (long long)tid) <
		    0 ||
	    (length == 0 && entry->exepath.length == 0))
		return -ENOENT;
	read_command(task, length);
	entry->pidns_init_start_ts = namespace_start(task, tid);
	if (!read_stat(task, tid, fields))
		return -ENOENT;
	entry->sid = fields[6];
	entry->tty = (uint32_t)fields[7];
	entry->pfminor = (uint64_t)fields[10];
	entry->pfmajor = (uint64_t)fields[12];
	entry->clone_ts = start_time(task, fields);
	task->entry.cgroups = bytes_of(task->cgroups, sk_proc_read_cgroups(tid, task->cgroups));
	if (sk_proc_read_file(task->text, sizeof(task->text), &length, "/proc/%lld/status", (long long)tid) < 0)
		return -ENOENT;
	read_status(entry, task->text);
	read_program(task, task->text);

	if (sk_proc_read_file(task->comm, sizeof(task->comm), &length, "/proc/%lld/comm", (long long)tid) < 0)
		length = 0;
	if (length > 0 && task->comm[length - 1] == '\n')
		length--;
	entry->comm = bytes_of(task->comm, length);
	entry->cwd = read_link(task->cwd, tid, "cwd");
	entry->root = read_link(task->root, tid, "root");
	entry->env = read_environment(task);
	entry->loginuid = read_loginuid(tid);
	entry->fdlimit = read_fd_limit(tid);
	return 0;
}

int64_t sk_proc_task_process(int64_t tid)
{
	char text[4096];
	size_t length;
	int64_t pid;
	int result = sk_proc_read_file(text, sizeof(text), &length, "/proc/%lld/status", (long long)tid);

	if (result < 0)
		return result;
	pid = status_number(text, "Tgid", 0, -1);
	return pid > 0 ? pid : -ENOENT;
}
