/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/capture/proc_fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/capture/bpf/flag_maps.h"
#include "runtime/capture/proc_file.h"
#include "runtime/capture/proc_task.h"

/* Links that are no paths say what they are. */
static uint8_t type_of_link(const char *link)
{
	static const struct {
		const char *link;
		uint8_t type;
	} links[] = {
		{"pipe:", SK_FD_FIFO},
		{"anon_inode:[eventfd", SK_FD_EVENT},
		{"anon_inode:[signalfd", SK_FD_SIGNALFD},
		{"anon_inode:[eventpoll", SK_FD_EVENTPOLL},
		{"anon_inode:inotify", SK_FD_INOTIFY},
		{"anon_inode:[timerfd", SK_FD_TIMERFD},
		{"anon_inode:bpf-", SK_FD_BPF},
		{"anon_inode:[bpf", SK_FD_BPF},
		{"anon_inode:[userfaultfd", SK_FD_USERFAULTFD},
		{"anon_inode:[io_uring", SK_FD_IOURING},
		{"anon_inode:[pidfd", SK_FD_PIDFD},
		{"pidfd:", SK_FD_PIDFD},
		{"/memfd:", SK_FD_MEMFD},
		{"anon_inode:", SK_FD_UNSUPPORTED},
	};

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (strncmp(link, links[i].link, strlen(links[i].link)) == 0)
			return links[i].type;
	return SK_FD_UNKNOWN;
}

static uint8_t type_of_mode(uint16_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return SK_FD_DIRECTORY;
	case S_IFIFO:
		return SK_FD_FIFO;
	case S_IFREG:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFLNK:
		return SK_FD_FILE_V2;
	default:
		return SK_FD_UNSUPPORTED;
	}
}

static uint32_t open_flags(int64_t pid, int64_t fd)
{
	char text[1024];
	const char *line;
	size_t length;

	if (sk_proc_read_file(text, sizeof(text), &length, "/proc/%lld/fdinfo/%lld", (long long)pid,
			      (long long)fd) < 0)
		return 0;
	line = sk_proc_find_line(text, "flags");
	return line ? (uint32_t)sk_map_OPEN(strtoull(line, NULL, 8)) : 0;
}

static uint32_t encode_device(uint32_t major, uint32_t minor)
{
	return (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12;
}

/* False if the fd is gone, or a kind that cannot be described. */
static bool describe(int64_t pid, struct sk_fd_entry *entry, const char *link, size_t length,
		     struct sk_proc_net *net)
{
	struct statx file;
	char path[96];

	entry->name = (struct sk_bytes){link, (uint32_t)length};
	entry->open_flags = open_flags(pid, entry->fd);
	if (strncmp(link, "socket:[", 8) == 0) {
		entry->ino = strtoull(link + 8, NULL, 10);
		if (sk_proc_net_find(net, pid, entry->ino, entry) < 0)
			entry->type = SK_FD_UNSUPPORTED;
		return true;
	}
	snprintf(path, sizeof(path), "/proc/%lld/fd/%lld", (long long)pid, (long long)entry->fd);
	if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO, &file) < 0)
		return false;
	entry->ino = file.stx_ino;
	entry->type = type_of_link(link);
	if (entry->type != SK_FD_UNKNOWN)
		return true;
	entry->type = type_of_mode(file.stx_mode);
	if (entry->type == SK_FD_FILE_V2)
		entry->dev = encode_device(file.stx_dev_major, file.stx_dev_minor);
	return true;
}

enum { GONE = 1 };

static int send_fd(int64_t pid, int64_t fd, struct sk_proc_net *net, const struct sk_entry_sink *sink)
{
	struct sk_fd_entry entry = {.fd = fd};
	char link[SK_PROC_TEXT];
	size_t length;
	int result;

	if (sk_proc_read_link(link, sizeof(link), &length, "/proc/%lld/fd/%lld", (long long)pid, (long long)fd) <
		    0 ||
	    !describe(pid, &entry, link, length, net))
		return GONE;
	result = sink->fd(sink->context, pid, &entry);
	return result < 0 ? result : 0;
}

int sk_proc_send_fd(int64_t pid, int64_t fd, struct sk_proc_net *net, const struct sk_entry_sink *sink)
{
	int result = send_fd(pid, fd, net, sink);

	return result == GONE ? -ENOENT : result;
}

int sk_proc_send_fds(int64_t pid, struct sk_proc_net *net, const struct sk_entry_sink *sink)
{
	char path[64];
	struct dirent *name;
	int result = 0;
	DIR *directory;

	if (!sink->fd)
		return 0;
	snprintf(path, sizeof(path), "/proc/%lld/fd", (long long)pid);
	directory = opendir(path);
	if (!directory)
		return 0;
	for (int i = 0; i < SK_PROC_FDS && result >= 0 && (name = readdir(directory));) {
		int64_t fd;

		if (!sk_proc_parse_number(name->d_name, &fd))
			continue;
		i++;
		result = send_fd(pid, fd, net, sink);
	}
	closedir(directory);
	return result < 0 ? result : 0;
}
