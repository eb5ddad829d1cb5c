/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that captures are read from: see file.h.
 *
 * They are read, not mapped: through a buffer that stays in the cache that
 * costs some 2 ns an event (of 15), and a file that someone truncates
 * meanwhile is an error and not a SIGBUS.
 */
#include "runtime/scap/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

int sk_scap_file_open(const char *path, struct sk_scap_file *ret_file, struct sk_error *error)
{
	struct sk_scap_file file = SK_SCAP_FILE_NONE;
	struct stat status;
	int r = 0;

	if (strcmp(path, "-") == 0) {
		file.fd = STDIN_FILENO;
	} else {
		file.fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (file.fd < 0)
			return sk_error_set(error, -errno, "cannot open %s: %s", path, strerror(errno));
		file.owns_fd = true;
	}
	if (fstat(file.fd, &status) < 0)
		r = sk_error_set(error, -errno, "cannot look at %s: %s", path, strerror(errno));
	else if (S_ISDIR(status.st_mode))
		r = sk_error_set(error, -EISDIR, "%s is a directory, no capture", path);
	if (r < 0) {
		sk_scap_file_close(&file);
		return r;
	}
	file.waits = !S_ISREG(status.st_mode);
	if (!file.waits) {
		file.size = (uint64_t)status.st_size;
		posix_fadvise(file.fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	}
	*ret_file = file;
	return 0;
}

/* Until there is something to read; false: it was interrupted. */
static bool wait_for_bytes(const struct sk_scap_file *file)
{
	struct pollfd ends[] = {{.fd = file->fd, .events = POLLIN}, {.fd = file->interrupt, .events = POLLIN}};

	/* What poll says of the file itself, read says better. */
	while (poll(ends, 2, -1) < 0 && errno == EINTR)
		;
	return !ends[1].revents;
}

ssize_t sk_scap_file_read(struct sk_scap_file *file, void *bytes, size_t size, struct sk_error *error)
{
	ssize_t length;

	do {
		if (file->interrupt >= 0 && !wait_for_bytes(file))
			return sk_error_set(error, -ECANCELED, "reading the capture was interrupted");
		length = read(file->fd, bytes, size < SSIZE_MAX ? size : SSIZE_MAX);
	} while (length < 0 && errno == EINTR);
	if (length < 0)
		return sk_error_set(error, -errno, "cannot read the capture beyond byte %llu: %s",
				    (unsigned long long)file->offset, strerror(errno));
	file->offset += (uint64_t)length;
	return length;
}

int sk_scap_file_allow_interrupt(struct sk_scap_file *file)
{
	if (!file->waits || file->interrupt >= 0)
		return 0;
	file->interrupt = eventfd(0, EFD_CLOEXEC);
	return file->interrupt < 0 ? -errno : 0;
}

void sk_scap_file_interrupt(struct sk_scap_file *file)
{
	if (file->interrupt >= 0)
		eventfd_write(file->interrupt, 1);
}

void sk_scap_file_close(struct sk_scap_file *file)
{
	if (file->owns_fd)
		close(file->fd);
	if (file->interrupt >= 0)
		close(file->interrupt);
	*file = SK_SCAP_FILE_NONE;
}
