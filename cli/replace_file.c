/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/replace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "vm/support/alloc.h"

/* The owner first: changing it takes set-user-ID bits away. */
static int set_attributes(int fd, const struct stat *like)
{
	struct stat now;

	if (like && fstat(fd, &now) == 0 && (now.st_uid != like->st_uid || now.st_gid != like->st_gid) &&
	    fchown(fd, like->st_uid, like->st_gid) < 0 && errno != EPERM)
		return -errno;
	return fchmod(fd, like ? like->st_mode & 07777 : 0644) < 0 ? -errno : 0;
}

/* A device or a pipe is written to: there is nothing to be replaced. */
static int write_into(const char *path, const struct sk_buffer *bytes)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), error;

	if (fd < 0)
		return sk_fail(SK_EXIT_OUTPUT, "%s: %s", path, strerror(errno));
	error = sk_write_all(fd, bytes);
	close(fd);
	return error < 0 ? sk_fail(SK_EXIT_OUTPUT, "%s: %s", path, strerror(-error)) : SK_EXIT_OK;
}

int sk_replace_file(const char *path, const struct sk_buffer *bytes, const struct stat *like)
{
	SK_CLEANUP_FREE char *temporary = sk_alloc(strlen(path) + 16);
	struct stat now;
	int fd, error;

	if (stat(path, &now) == 0 && !S_ISREG(now.st_mode) && !S_ISDIR(now.st_mode))
		return write_into(path, bytes);
	if (!temporary)
		return sk_fail(SK_EXIT_MEMORY, "out of memory");
	sprintf(temporary, "%s.XXXXXX", path);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return sk_fail(SK_EXIT_OUTPUT, "%s: %s", path, strerror(errno));
	error = sk_write_all(fd, bytes);
	if (error == 0)
		error = set_attributes(fd, like);
	if (error == 0 && fsync(fd) < 0)
		error = -errno;
	if (error == 0 && rename(temporary, path) < 0)
		error = -errno;
	close(fd);
	if (error == 0)
		return SK_EXIT_OK;
	sk_fail(SK_EXIT_OUTPUT, "%s: %s", path, strerror(-error));
	unlink(temporary);
	return SK_EXIT_OUTPUT;
}
