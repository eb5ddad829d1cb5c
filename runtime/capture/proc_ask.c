/* SPDX-License-Identifier: Apache-2.0 */
/* Single questions to /proc and /etc, for what the state came to doubt. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/capture/capture.h"
#include "runtime/capture/proc_host.h"

int sk_proc_read_users(const struct sk_entry_sink *sink)
{
	int result = sk_proc_send_users("/etc/passwd", sink);

	return result < 0 ? result : sk_proc_send_groups("/etc/group", sink);
}

bool sk_proc_thread_exists(int64_t pid, int64_t tid, const char *comm)
{
	char path[64], name[32];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/%" PRId64 "/task/%" PRId64 "/comm", pid, tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	length = read(fd, name, sizeof(name) - 1);
	close(fd);
	if (length <= 0)
		return false;
	if (name[length - 1] == '\n')
		length--;
	name[length] = '\0';
	return strcmp(name, comm) == 0;
}
