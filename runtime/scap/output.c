/* SPDX-License-Identifier: Apache-2.0 */
/* Sinks of capture bytes: see output.h. */
#include "runtime/scap/output.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "runtime/scap/zlib_alloc.h"
#include "vm/support/alloc.h"

enum {
	BUFFER_SIZE = 128 * 1024,
	ROOM_LIMIT = 64 * 1024,
	/*
	 * A sensor that records has better use for its processor: the fastest
	 * level already takes a capture to a tenth.
	 */
	DEFLATE_LEVEL = Z_BEST_SPEED,
};

struct sk_scap_output {
	struct sk_buffer *memory; /* NULL: `take`, or else `fd` */
	int (*take)(void *context, const uint8_t *bytes, size_t size);
	void *take_context;
	int fd;
	bool owns_fd;
	bool compress;
	size_t used; /* of `buffer` */
	uint64_t size;
	z_stream stream;
	int failure;
	struct sk_error failure_error;
	uint8_t buffer[BUFFER_SIZE];
	uint8_t deflated[BUFFER_SIZE];
};

static void write_out(struct sk_scap_output *output, const uint8_t *bytes, size_t count)
{
	if (output->memory) {
		sk_buffer_append(output->memory, bytes, count);
		if (output->memory->failed && !output->failure)
			output->failure = sk_error_set(&output->failure_error, -ENOMEM, "no memory for a capture");
		return;
	}
	if (output->take) {
		int result = count > 0 && !output->failure ? output->take(output->take_context, bytes, count) : 0;

		if (result < 0)
			output->failure = sk_error_set(&output->failure_error, result,
						       "the capture was refused: %s", strerror(-result));
		return;
	}
	while (count > 0 && !output->failure) {
		ssize_t written = write(output->fd, bytes, count);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0) {
			output->failure = -errno;
			sk_error_set(&output->failure_error, 0, "cannot write the capture: %s", strerror(errno));
			return;
		}
		bytes += written;
		count -= (size_t)written;
	}
}

static void flush(struct sk_scap_output *output, bool last)
{
	z_stream *stream = &output->stream;
	int state;

	if (!output->compress) {
		write_out(output, output->buffer, output->used);
		output->used = 0;
		return;
	}
	stream->next_in = output->buffer;
	stream->avail_in = (uInt)output->used;
	do {
		stream->next_out = output->deflated;
		stream->avail_out = sizeof(output->deflated);
		state = deflate(stream, last ? Z_FINISH : Z_NO_FLUSH);
		assert(state != Z_STREAM_ERROR);
		write_out(output, output->deflated, sizeof(output->deflated) - stream->avail_out);
	} while (!output->failure && (last ? state != Z_STREAM_END : stream->avail_out == 0));
	output->used = 0;
}

static int create(bool compress, struct sk_scap_output **ret_output, struct sk_error *error)
{
	struct sk_scap_output *output = sk_alloc_zeroed(1, sizeof(*output));

	if (!output)
		return sk_error_set(error, -ENOMEM, "no memory to write a capture");
	output->compress = compress;
	output->stream.zalloc = sk_zlib_alloc;
	output->stream.zfree = sk_zlib_free;
	if (compress && deflateInit2(&output->stream, DEFLATE_LEVEL, Z_DEFLATED, 16 + MAX_WBITS, 8,
				     Z_DEFAULT_STRATEGY) != Z_OK) {
		sk_free(output);
		return sk_error_set(error, -ENOMEM, "no memory to compress a capture");
	}
	*ret_output = output;
	return 0;
}

int sk_scap_output_open(const char *path, bool compress, struct sk_scap_output **ret_output, struct sk_error *error)
{
	struct sk_scap_output *output;
	int fd, r;

	if (strcmp(path, "-") == 0) {
		r = create(compress, &output, error);
		if (r < 0)
			return r;
		output->fd = STDOUT_FILENO;
		*ret_output = output;
		return 0;
	}
	/* What a host's processes did is for nobody else's eyes. */
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd < 0)
		return sk_error_set(error, -errno, "cannot create %s: %s", path, strerror(errno));
	return sk_scap_output_open_fd(fd, compress, ret_output, error);
}

int sk_scap_output_open_fd(int fd, bool compress, struct sk_scap_output **ret_output, struct sk_error *error)
{
	int r = create(compress, ret_output, error);

	if (r < 0) {
		close(fd);
		return r;
	}
	(*ret_output)->fd = fd;
	(*ret_output)->owns_fd = true;
	return 0;
}

int sk_scap_output_open_sink(int (*take)(void *context, const uint8_t *bytes, size_t size), void *context,
			     struct sk_scap_output **ret_output, struct sk_error *error)
{
	int r = create(false, ret_output, error);

	if (r < 0)
		return r;
	(*ret_output)->take = take;
	(*ret_output)->take_context = context;
	return 0;
}

void sk_scap_output_flush(struct sk_scap_output *output)
{
	if (!output->compress && !output->failure)
		flush(output, false);
}

int sk_scap_output_open_memory(struct sk_buffer *buffer, struct sk_scap_output **ret_output, struct sk_error *error)
{
	int r = create(false, ret_output, error);

	if (r == 0)
		(*ret_output)->memory = buffer;
	return r;
}

uint8_t *sk_scap_output_room(struct sk_scap_output *output, size_t count)
{
	assert(count <= ROOM_LIMIT);
	if (count > sizeof(output->buffer) - output->used)
		flush(output, false);
	return output->failure ? NULL : output->buffer + output->used;
}

void sk_scap_output_commit(struct sk_scap_output *output, size_t count)
{
	assert(count <= sizeof(output->buffer) - output->used);
	output->used += count;
	output->size += count;
}

void sk_scap_output_put(struct sk_scap_output *output, const void *bytes, size_t count)
{
	const uint8_t *at = bytes;

	while (count > 0) {
		size_t part = count < ROOM_LIMIT ? count : ROOM_LIMIT;
		uint8_t *room = sk_scap_output_room(output, part);

		if (!room)
			return;
		memcpy(room, at, part);
		sk_scap_output_commit(output, part);
		at += part;
		count -= part;
	}
}

int sk_scap_output_failure(const struct sk_scap_output *output, struct sk_error *error)
{
	return output->failure ? sk_error_set(error, output->failure, "%s", output->failure_error.message) : 0;
}

uint64_t sk_scap_output_size(const struct sk_scap_output *output)
{
	return output->size;
}

int sk_scap_output_close(struct sk_scap_output *output, struct sk_error *error)
{
	int r;

	if (!output->failure)
		flush(output, true);
	if (output->compress)
		deflateEnd(&output->stream);
	/* A file on a network says only now that it was not written. */
	if (output->owns_fd && close(output->fd) < 0 && errno != EINTR && !output->failure) {
		output->failure = -errno;
		sk_error_set(&output->failure_error, 0, "cannot write the capture: %s", strerror(errno));
	}
	r = sk_scap_output_failure(output, error);
	sk_free(output);
	return r;
}
