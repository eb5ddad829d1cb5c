/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources of capture bytes: see input.h.
 *
 * A compressed file has two windows, one of the file's bytes and one of what
 * they inflate to:
 *
 *    file ──read──► raw [....] ──inflate──► buffer [leftover|new bytes|free]
 *    file ──────────read──────────────────► buffer
 *    memory ───────────────────────────────► position, end
 *
 * Plain files are read, not mapped: through a buffer that stays in the cache
 * that costs some 2 ns an event (of 15), and a file that someone truncates meanwhile is an
 * error and not a SIGBUS.
 *
 * Invariant: position..end lies in `buffer`, or in the caller's memory.  The
 * buffer grows only when it is full of bytes that did arrive, so a block that
 * claims 4 GiB costs nothing.
 */
#include "runtime/scap/input.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "vm/support/alloc.h"

/* Large enough that system calls don't count, small enough for the level 2 cache. */
enum { BUFFER_SIZE = 256 * 1024, RAW_SIZE = 64 * 1024 };

struct source {
	struct sk_scap_input input;
	int fd; /* -1: memory */
	bool owns_fd;
	bool raw_ended;
	uint8_t *buffer;
	size_t capacity;
	const uint8_t *raw, *raw_end; /* bytes of the file that are not inflated yet */
	uint8_t *raw_buffer;
	bool inflating; /* `stream` is initialised */
	z_stream stream;
};

/* So that pointers to nothing can be subtracted too. */
static const uint8_t nothing[1];

static struct source *source_of(struct sk_scap_input *input)
{
	return (struct source *)input;
}

static void fail(struct source *source, int failure)
{
	source->input.failure = failure;
	source->input.ended = true;
}

/* Reads once; 0 at the end or after a failure. */
static size_t read_file(struct source *source, uint8_t *bytes, size_t size)
{
	ssize_t length;

	do
		length = read(source->fd, bytes, size < SSIZE_MAX ? size : SSIZE_MAX);
	while (length < 0 && errno == EINTR);
	if (length < 0) {
		int number = -errno;

		fail(source, sk_error_set(&source->input.failure_error, number,
					  "cannot read the capture beyond byte %llu: %s",
					  (unsigned long long)source->input.consumed, strerror(-number)));
		return 0;
	}
	return (size_t)length;
}

/*
 * Moves the leftover to the front of the buffer and, where the buffer is full
 * with it, makes the buffer larger.  Returns the room behind it, 0 without
 * memory.
 */
static size_t make_room(struct source *source)
{
	struct sk_scap_input *input = &source->input;
	size_t leftover = (size_t)(input->end - input->position);

	if (leftover == source->capacity) {
		size_t capacity = source->capacity ? source->capacity * 2 : BUFFER_SIZE;
		uint8_t *buffer;

		assert(leftover == 0 || input->position == source->buffer);
		buffer = sk_realloc_array(source->buffer, capacity, 1);
		if (!buffer) {
			fail(source, sk_error_set(&input->failure_error, -ENOMEM,
						  "no memory for a block of more than %zu bytes", leftover));
			return 0;
		}
		source->buffer = buffer;
		source->capacity = capacity;
	} else if (leftover > 0 && input->position != source->buffer) {
		memmove(source->buffer, input->position, leftover);
	}
	input->position = source->buffer;
	input->end = source->buffer + leftover;
	return source->capacity - leftover;
}

static void arrived(struct source *source, size_t length)
{
	source->input.end += length;
	source->input.end_offset += length;
}

static void refill_from_file(struct sk_scap_input *input, size_t wanted)
{
	struct source *source = source_of(input);

	while ((size_t)(input->end - input->position) < wanted && !input->ended) {
		size_t room = make_room(source);
		size_t length = room ? read_file(source, (uint8_t *)input->end, room) : 0;

		if (length == 0)
			input->ended = true;
		input->consumed += length;
		arrived(source, length);
	}
}

/* True if `wanted` (at most 2) bytes of the file are there to be inflated. */
static bool raw_have(struct source *source, size_t wanted)
{
	while ((size_t)(source->raw_end - source->raw) < wanted) {
		size_t leftover = (size_t)(source->raw_end - source->raw), length;

		if (source->fd < 0 || source->raw_ended)
			return false;
		memmove(source->raw_buffer, source->raw, leftover);
		length = read_file(source, source->raw_buffer + leftover, RAW_SIZE - leftover);
		source->raw = source->raw_buffer;
		source->raw_end = source->raw_buffer + leftover + length;
		source->raw_ended = length == 0;
	}
	return true;
}

static bool is_gzip(const uint8_t *bytes)
{
	return bytes[0] == 0x1f && bytes[1] == 0x8b;
}

static void refill_by_inflating(struct sk_scap_input *input, size_t wanted)
{
	struct source *source = source_of(input);
	z_stream *stream = &source->stream;

	while ((size_t)(input->end - input->position) < wanted && !input->ended) {
		size_t room = make_room(source);
		int state;

		if (room == 0)
			break;
		if (!raw_have(source, 1)) {
			/* A failed read was described already. */
			if (!input->failure)
				fail(source, sk_error_set(&input->failure_error, -EBADMSG,
							  "the compressed capture is truncated at byte %llu",
							  (unsigned long long)input->consumed));
			break;
		}
		stream->next_in = (uint8_t *)source->raw;
		stream->avail_in = (size_t)(source->raw_end - source->raw) < UINT_MAX
					   ? (uInt)(source->raw_end - source->raw)
					   : UINT_MAX;
		stream->next_out = (uint8_t *)input->end;
		stream->avail_out = room < UINT_MAX ? (uInt)room : UINT_MAX;
		state = inflate(stream, Z_NO_FLUSH);
		input->consumed += (uint64_t)(stream->next_in - source->raw);
		source->raw = stream->next_in;
		arrived(source, (size_t)(stream->next_out - input->end));
		switch (state) {
		case Z_OK:
		case Z_BUF_ERROR:
			break;
		case Z_STREAM_END:
			/* Another member may follow; what is no member is no part of the file. */
			if (raw_have(source, 2) && is_gzip(source->raw))
				inflateReset(stream);
			else
				input->ended = true;
			break;
		case Z_MEM_ERROR:
			fail(source,
			     sk_error_set(&input->failure_error, -ENOMEM, "no memory to inflate the capture"));
			break;
		default:
			fail(source, sk_error_set(&input->failure_error, -EBADMSG,
						  "the compression is damaged near byte %llu of the file: %s",
						  (unsigned long long)input->consumed,
						  stream->msg ? stream->msg : "unexpected data"));
			break;
		}
	}
}

static void refill_nothing(struct sk_scap_input *input, size_t wanted)
{
	(void)wanted;
	input->ended = true;
}

static void release(struct sk_scap_input *input)
{
	struct source *source = source_of(input);

	if (source->inflating)
		inflateEnd(&source->stream);
	if (source->owns_fd)
		close(source->fd);
	sk_free(source->buffer);
	sk_free(source->raw_buffer);
	sk_free(source);
}

static void *zlib_alloc(void *context, unsigned count, unsigned size)
{
	(void)context;
	return sk_alloc_zeroed(count, size);
}

static void zlib_free(void *context, void *memory)
{
	(void)context;
	sk_free(memory);
}

static int start_inflating(struct source *source, struct sk_error *error)
{
	source->stream.zalloc = zlib_alloc;
	source->stream.zfree = zlib_free;
	if (inflateInit2(&source->stream, 16 + MAX_WBITS) != Z_OK)
		return sk_error_set(error, -ENOMEM, "no memory to inflate the capture");
	source->inflating = true;
	source->input.refill = refill_by_inflating;
	return 0;
}

static struct source *new_source(struct sk_error *error)
{
	struct source *source = sk_alloc_zeroed(1, sizeof(*source));

	if (!source) {
		sk_error_set(error, -ENOMEM, "no memory to read a capture");
		return NULL;
	}
	source->fd = -1;
	source->input.release = release;
	source->input.position = source->input.end = nothing;
	return source;
}

int sk_scap_input_open_memory(const void *bytes, size_t size, struct sk_scap_input **ret_input,
			      struct sk_error *error)
{
	struct source *source = new_source(error);
	int r;

	if (!source)
		return -ENOMEM;
	source->input.size = size;
	if (size >= 2 && is_gzip(bytes)) {
		source->raw = bytes;
		source->raw_end = source->raw + size;
		r = start_inflating(source, error);
		if (r < 0) {
			release(&source->input);
			return r;
		}
	} else {
		source->input.position = size > 0 ? bytes : nothing;
		source->input.end = source->input.position + size;
		source->input.end_offset = size;
		source->input.consumed = size;
		source->input.refill = refill_nothing;
	}
	*ret_input = &source->input;
	return 0;
}

static int open_file(struct source *source, const char *path, struct sk_error *error)
{
	struct sk_scap_input *input = &source->input;
	struct stat status;

	if (strcmp(path, "-") == 0) {
		source->fd = STDIN_FILENO;
	} else {
		source->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (source->fd < 0)
			return sk_error_set(error, -errno, "cannot open %s: %s", path, strerror(errno));
		source->owns_fd = true;
	}
	if (fstat(source->fd, &status) < 0)
		return sk_error_set(error, -errno, "cannot look at %s: %s", path, strerror(errno));
	if (S_ISDIR(status.st_mode))
		return sk_error_set(error, -EISDIR, "%s is a directory, no capture", path);
	if (S_ISREG(status.st_mode)) {
		input->size = (uint64_t)status.st_size;
		posix_fadvise(source->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	}

	refill_from_file(input, 2);
	if (input->failure)
		return sk_scap_input_failure(input, error);
	if (input->end - input->position < 2 || !is_gzip(input->position))
		return 0;

	/* What was read is the file's, not the capture's: it moves over. */
	source->raw_buffer = source->buffer;
	source->raw = input->position;
	source->raw_end = input->end;
	source->buffer = NULL;
	source->capacity = 0;
	input->position = input->end = nothing;
	input->end_offset = input->consumed = 0;
	return start_inflating(source, error);
}

int sk_scap_input_open(const char *path, struct sk_scap_input **ret_input, struct sk_error *error)
{
	struct source *source = new_source(error);
	int r;

	_Static_assert((int)RAW_SIZE <= (int)BUFFER_SIZE, "the first bytes become the raw window");
	if (!source)
		return -ENOMEM;
	source->input.refill = refill_from_file;
	r = open_file(source, path, error);
	if (r < 0) {
		release(&source->input);
		return r;
	}
	*ret_input = &source->input;
	return 0;
}

void sk_scap_input_close(struct sk_scap_input *input)
{
	if (input)
		input->release(input);
}

size_t sk_scap_input_more(struct sk_scap_input *input, size_t wanted)
{
	if (!input->ended)
		input->refill(input, wanted);
	return (size_t)(input->end - input->position);
}

bool sk_scap_input_skip(struct sk_scap_input *input, uint64_t count)
{
	for (;;) {
		size_t have = (size_t)(input->end - input->position);

		if (have >= count) {
			input->position += count;
			return true;
		}
		input->position += have;
		count -= have;
		if (sk_scap_input_have(input, 1) == 0)
			return false;
	}
}

int sk_scap_input_failure(const struct sk_scap_input *input, struct sk_error *error)
{
	return input->failure ? sk_error_set(error, input->failure, "%s", input->failure_error.message) : 0;
}
