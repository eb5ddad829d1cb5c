/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/alert/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BATCH = 64 * 1024, LAST_RESORT = STDERR_FILENO };

void sk_outputs_init(struct sk_outputs *outputs, bool batch)
{
	*outputs = (struct sk_outputs){.flush_at = batch ? BATCH : 0};
}

int sk_outputs_add_fd(struct sk_outputs *outputs, const char *name, int fd)
{
	if (outputs->count == SK_OUTPUT_LIMIT)
		return -ENOSPC;
	outputs->streams[outputs->count++] = (struct sk_output_stream){.name = name, .fd = fd};
	return 0;
}

int sk_outputs_add_file(struct sk_outputs *outputs, const char *path, struct sk_error *error)
{
	int fd, result;

	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (fd < 0)
		return sk_error_set(error, -errno, "%s: %s", path, strerror(errno));
	result = sk_outputs_add_fd(outputs, path, fd);
	if (result < 0) {
		close(fd);
		return sk_error_set(error, result, "more than %d outputs", SK_OUTPUT_LIMIT);
	}
	outputs->streams[outputs->count - 1].owned = true;
	return 0;
}

/* All of it, or the errno that stopped it; `*ret_written` bytes got through. */
static int write_all(int fd, const char *bytes, size_t length, size_t *ret_written)
{
	*ret_written = 0;
	while (*ret_written < length) {
		ssize_t count = write(fd, bytes + *ret_written, length - *ret_written);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0 && errno == EAGAIN) {
			struct pollfd wait = {.fd = fd, .events = POLLOUT};

			poll(&wait, 1, 1000);
			continue;
		}
		if (count < 0)
			return -errno;
		*ret_written += (size_t)count;
	}
	return 0;
}

/* Lines must stay whole: the one that was cut is written again from its start. */
static size_t start_of_line(const char *bytes, size_t at)
{
	while (at > 0 && bytes[at - 1] != '\n')
		at--;
	return at;
}

static void write_to(struct sk_outputs *outputs, struct sk_output_stream *stream, const char *bytes, size_t length)
{
	size_t written;
	int error;

	if (!stream->failed) {
		error = write_all(stream->fd, bytes, length, &written);
		if (error == 0)
			return;
		stream->failed = true;
		outputs->failed = true;
		if (error == -EPIPE && outputs->flush_at) {
			stream->unread = true;
			return;
		}
		dprintf(LAST_RESORT, "saker: output %s failed: %s; its alerts follow here\n", stream->name,
			strerror(-error));
		written = start_of_line(bytes, written);
		bytes += written;
		length -= written;
	}
	if (stream->unread)
		return;
	/* Nothing is left to try when this fails too. */
	(void)write_all(LAST_RESORT, bytes, length, &written);
}

bool sk_outputs_unread(const struct sk_outputs *outputs)
{
	for (size_t i = 0; i < outputs->count; i++) {
		if (!outputs->streams[i].unread)
			return false;
	}
	return outputs->count > 0;
}

void sk_outputs_flush(struct sk_outputs *outputs)
{
	if (!outputs->pending.length)
		return;
	for (size_t i = 0; i < outputs->count; i++)
		write_to(outputs, &outputs->streams[i], outputs->pending.bytes, outputs->pending.length);
	sk_buffer_clear(&outputs->pending);
}

void sk_outputs_commit(struct sk_outputs *outputs)
{
	if (outputs->pending.length > outputs->flush_at)
		sk_outputs_flush(outputs);
}

void sk_outputs_release(struct sk_outputs *outputs)
{
	sk_outputs_flush(outputs);
	for (size_t i = 0; i < outputs->count; i++) {
		if (outputs->streams[i].owned)
			close(outputs->streams[i].fd);
	}
	sk_buffer_release(&outputs->pending);
	outputs->count = 0;
}
