/* SPDX-License-Identifier: Apache-2.0 */
/* Inflating: see inflate.h. */
#include "runtime/scap/inflate.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "runtime/scap/zlib_alloc.h"
#include "vm/support/alloc.h"

static void fail(struct sk_inflate *source, int failure)
{
	source->failure = failure;
	source->ended = true;
}

/* True if `wanted` (at most 2) bytes are there to be inflated. */
static bool raw_have(struct sk_inflate *source, size_t wanted)
{
	while ((size_t)(source->raw_end - source->raw) < wanted) {
		size_t leftover = (size_t)(source->raw_end - source->raw);
		ssize_t length;

		if (!source->file || source->raw_ended)
			return false;
		memmove(source->raw_buffer, source->raw, leftover);
		source->raw = source->raw_buffer;
		source->raw_end = source->raw_buffer + leftover;
		length = sk_scap_file_read(source->file, source->raw_buffer + leftover,
					   source->raw_capacity - leftover, &source->failure_error);
		source->raw_ended = length <= 0;
		if (length < 0)
			fail(source, (int)length);
		else
			source->raw_end += length;
	}
	return true;
}

static uInt at_most(size_t size)
{
	return size < UINT_MAX ? (uInt)size : UINT_MAX;
}

/* One call of zlib; returns what came of it. */
static size_t step(struct sk_inflate *source, uint8_t *bytes, size_t room)
{
	z_stream *stream = &source->stream;
	int state;

	stream->next_in = (uint8_t *)source->raw;
	stream->avail_in = at_most((size_t)(source->raw_end - source->raw));
	stream->next_out = bytes;
	stream->avail_out = at_most(room);
	state = inflate(stream, Z_NO_FLUSH);
	source->consumed += (uint64_t)(stream->next_in - source->raw);
	source->raw = stream->next_in;
	switch (state) {
	case Z_OK:
	case Z_BUF_ERROR:
		break;
	case Z_STREAM_END:
		if (raw_have(source, 2) && sk_inflate_is_gzip(source->raw, 2))
			inflateReset(stream);
		else
			source->ended = true;
		break;
	case Z_MEM_ERROR:
		fail(source, sk_error_set(&source->failure_error, -ENOMEM, "no memory to inflate the capture"));
		break;
	default:
		fail(source, sk_error_set(&source->failure_error, -EBADMSG,
					  "the compression is damaged near byte %llu of the file: %s",
					  (unsigned long long)source->consumed,
					  stream->msg ? stream->msg : "unexpected data"));
		break;
	}
	return (size_t)(stream->next_out - bytes);
}

size_t sk_inflate_next(struct sk_inflate *source, uint8_t *bytes, size_t room)
{
	size_t length = 0;

	while (length == 0 && !source->ended) {
		if (raw_have(source, 1))
			length = step(source, bytes, room);
		else if (!source->failure)
			fail(source, sk_error_set(&source->failure_error, -EBADMSG,
						  "the compressed capture is truncated at byte %llu",
						  (unsigned long long)source->consumed));
	}
	return length;
}

static int begin(struct sk_inflate *source, const uint8_t *bytes, size_t size, struct sk_error *error)
{
	*source = (struct sk_inflate){
		.raw = bytes,
		.raw_end = bytes + size,
		.stream = {.zalloc = sk_zlib_alloc, .zfree = sk_zlib_free},
	};
	if (inflateInit2(&source->stream, 16 + MAX_WBITS) != Z_OK)
		return sk_error_set(error, -ENOMEM, "no memory to inflate the capture");
	return 0;
}

int sk_inflate_begin_memory(const void *bytes, size_t size, struct sk_inflate *ret_source, struct sk_error *error)
{
	return begin(ret_source, bytes, size, error);
}

int sk_inflate_begin_file(struct sk_scap_file *file, uint8_t *buffer, size_t size, size_t capacity,
			  struct sk_inflate *ret_source, struct sk_error *error)
{
	int r = begin(ret_source, buffer, size, error);

	if (r < 0)
		return r;
	ret_source->file = file;
	ret_source->raw_buffer = buffer;
	ret_source->raw_capacity = capacity;
	return 0;
}

void sk_inflate_end(struct sk_inflate *source)
{
	inflateEnd(&source->stream);
	sk_free(source->raw_buffer);
}
