/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources of capture bytes: see input.h.
 *
 *    file ──────read──► buffer [leftover|new bytes|free]
 *    gzip ───inflate──► buffer
 *    gzip ───inflate──► block of another thread [leftover|new bytes]   (ahead.h)
 *    memory ──────────► position, end
 *
 * What a block of the other thread brings is read where it is: only the
 * leftover, usually the beginning of one event, moves in front of it.  A
 * leftover that is larger than the place there, and what follows it, is put
 * together in the buffer.
 *
 * Invariant: position..end lies in the caller's memory, in the held block if
 * there is one, or else in `buffer`.  The buffer grows only by bytes that did
 * arrive, so a block that claims 4 GiB costs nothing.
 */
#include "runtime/scap/input.h"

#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <string.h>

#include "runtime/scap/ahead.h"
#include "runtime/scap/file.h"
#include "runtime/scap/inflate.h"
#include "vm/support/alloc.h"
#include "vm/support/clock.h"

enum {
	/* Large enough that system calls don't count, small enough for the level 2 cache. */
	BUFFER_SIZE = 256 * 1024,
	/* A thread costs as much as inflating some KiB. */
	AHEAD_AFTER = 256 * 1024,
	/* Together they stay in the cache that the two processors share. */
	AHEAD_BLOCKS = 4,
	/* As much as an event may have that is not of the large kind. */
	AHEAD_FRONT = 64 * 1024,
};

struct source {
	struct sk_scap_input input;
	struct sk_scap_file file;
	uint8_t *buffer;
	size_t capacity;
	bool compressed; /* `inflate` is in use; by the other thread, if there is one */
	struct sk_inflate inflate;
	struct sk_ahead *ahead;
	const struct sk_ahead_block *held;
};

/* So that pointers to nothing can be subtracted too. */
static const uint8_t nothing[1];

static struct source *source_of(struct sk_scap_input *input)
{
	return (struct source *)input;
}

static size_t at_hand(const struct sk_scap_input *input)
{
	return (size_t)(input->end - input->position);
}

static void fail(struct source *source, int failure)
{
	source->input.failure = failure;
	source->input.ended = true;
}

/* The buffer with at least `size` bytes; NULL without memory. */
static uint8_t *grow(struct source *source, size_t size)
{
	size_t capacity = source->capacity ? source->capacity * 2 : BUFFER_SIZE;
	uint8_t *buffer;

	if (size <= source->capacity)
		return source->buffer;
	if (capacity < size)
		capacity = size;
	buffer = sk_realloc_array(source->buffer, capacity, 1);
	if (!buffer) {
		fail(source, sk_error_set(&source->input.failure_error, -ENOMEM,
					  "no memory for a block of more than %zu bytes", at_hand(&source->input)));
		return NULL;
	}
	source->buffer = buffer;
	source->capacity = capacity;
	return buffer;
}

/*
 * Moves the leftover to the front of the buffer and makes sure that there is
 * room for `wanted` bytes behind it; false without memory.
 */
static bool make_room(struct source *source, size_t wanted)
{
	struct sk_scap_input *input = &source->input;
	const uint8_t *from = input->position;
	size_t leftover = at_hand(input);
	uint8_t *buffer;

	/* Before the buffer moves away with it. */
	if (leftover > 0 && !source->held && from != source->buffer)
		from = memmove(source->buffer, from, leftover);
	buffer = grow(source, leftover + wanted);
	if (leftover > 0 && source->held && buffer)
		memcpy(buffer, from, leftover);
	if (!buffer) {
		input->position = from;
		input->end = from + leftover;
		return false;
	}
	input->position = buffer;
	input->end = buffer + leftover;
	return true;
}

/* Behind a leftover that make_room() moved. */
static size_t room(const struct source *source)
{
	return source->capacity - at_hand(&source->input);
}

static void arrived(struct source *source, size_t length)
{
	source->input.end += length;
	source->input.end_offset += length;
}

static void refill_from_file(struct sk_scap_input *input, size_t wanted)
{
	struct source *source = source_of(input);

	while (at_hand(input) < wanted && !input->ended) {
		ssize_t length;

		if (!make_room(source, 1))
			break;
		length = sk_scap_file_read(&source->file, (uint8_t *)input->end, room(source),
					   &input->failure_error);
		if (length < 0)
			fail(source, (int)length);
		input->ended = length <= 0;
		input->consumed = source->file.offset;
		arrived(source, length > 0 ? (size_t)length : 0);
	}
}

static void refill_nothing(struct sk_scap_input *input, size_t wanted)
{
	(void)wanted;
	input->ended = true;
}

/* --- inflating in another thread ----------------------------------------- */

/* A block that is not full is handed over before the next byte is waited for. */
static void fill_block(void *context, struct sk_ahead_block *block)
{
	struct sk_inflate *inflate = context;

	do
		block->length +=
			sk_inflate_next(inflate, block->bytes + block->length, BUFFER_SIZE - block->length);
	while (!inflate->ended && block->length < BUFFER_SIZE && !sk_inflate_may_wait(inflate));
	block->consumed = inflate->consumed;
	block->last = inflate->ended;
	block->failure = inflate->failure;
	if (inflate->failure)
		block->failure_error = inflate->failure_error;
}

static void interrupt_file(void *context)
{
	struct sk_inflate *inflate = context;

	if (inflate->file)
		sk_scap_file_interrupt(inflate->file);
}

/* Behind what is at hand; false without memory. */
static bool append_block(struct source *source, const struct sk_ahead_block *block)
{
	struct sk_scap_input *input = &source->input;
	size_t leftover = at_hand(input);
	const uint8_t *from = input->position;

	if (leftover <= AHEAD_FRONT) {
		input->position = memcpy(block->bytes - leftover, from, leftover);
		input->end = block->bytes;
		if (source->held)
			sk_ahead_give_back(source->ahead);
		source->held = block;
		arrived(source, block->length);
		return true;
	}
	if (!make_room(source, block->length))
		return false;
	memcpy((uint8_t *)input->end, block->bytes, block->length);
	arrived(source, block->length);
	if (source->held)
		sk_ahead_give_back(source->ahead);
	source->held = NULL;
	sk_ahead_give_back(source->ahead);
	return true;
}

static void refill_from_ahead(struct sk_scap_input *input, size_t wanted)
{
	struct source *source = source_of(input);

	while (at_hand(input) < wanted && !input->ended) {
		const struct sk_ahead_block *block = sk_ahead_take(source->ahead);
		int failure = block->failure;

		/* An appended block is given back: what it says is taken first. */
		input->consumed = block->consumed;
		input->ended = block->last;
		if (failure)
			input->failure_error = block->failure_error;
		if (append_block(source, block) && failure)
			fail(source, failure);
	}
}

static bool start_ahead(struct source *source)
{
	const struct sk_ahead_options options = {
		.fill = fill_block,
		.interrupt = interrupt_file,
		.context = &source->inflate,
		.block_size = BUFFER_SIZE,
		.front = AHEAD_FRONT,
		.blocks = AHEAD_BLOCKS,
	};

	return sk_scap_file_allow_interrupt(&source->file) == 0 && sk_ahead_start(&options, &source->ahead) == 0;
}

/* On one processor nothing runs beside anything. */
static uint64_t ahead_after(void)
{
	cpu_set_t allowed;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0 && CPU_COUNT(&allowed) < 2)
		return UINT64_MAX;
	return AHEAD_AFTER;
}

/* --- inflating here -------------------------------------------------------- */

static void refill_by_inflating(struct sk_scap_input *input, size_t wanted)
{
	struct source *source = source_of(input);
	struct sk_inflate *inflate = &source->inflate;

	while (at_hand(input) < wanted && !input->ended) {
		if (input->consumed >= input->ahead_after) {
			if (start_ahead(source)) {
				input->refill = refill_from_ahead;
				refill_from_ahead(input, wanted);
				return;
			}
			/* Then it goes on as it began. */
			input->ahead_after = UINT64_MAX;
		}
		if (!make_room(source, 1))
			break;
		arrived(source, sk_inflate_next(inflate, (uint8_t *)input->end, room(source)));
		input->consumed = inflate->consumed;
		input->ended = inflate->ended;
		if (inflate->failure) {
			input->failure_error = inflate->failure_error;
			fail(source, inflate->failure);
		}
	}
}

static void start_inflating(struct source *source)
{
	source->compressed = true;
	source->input.refill = refill_by_inflating;
	source->input.ahead_after = ahead_after();
}

/* --- opening and closing ----------------------------------------------------- */

static void release(struct sk_scap_input *input)
{
	struct source *source = source_of(input);

	sk_ahead_stop(source->ahead);
	if (source->compressed)
		sk_inflate_end(&source->inflate);
	sk_scap_file_close(&source->file);
	sk_free(source->buffer);
	sk_free(source);
}

static struct source *new_source(struct sk_error *error)
{
	struct source *source = sk_alloc_zeroed(1, sizeof(*source));

	if (!source) {
		sk_error_set(error, -ENOMEM, "no memory to read a capture");
		return NULL;
	}
	source->file = SK_SCAP_FILE_NONE;
	source->input.release = release;
	source->input.position = source->input.end = nothing;
	source->input.ahead_after = UINT64_MAX;
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
	if (sk_inflate_is_gzip(bytes, size)) {
		r = sk_inflate_begin_memory(bytes, size, &source->inflate, error);
		if (r < 0) {
			release(&source->input);
			return r;
		}
		start_inflating(source);
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
	int r = sk_scap_file_open(path, &source->file, error);

	if (r < 0)
		return r;
	input->size = source->file.size;
	refill_from_file(input, 2);
	if (input->failure)
		return sk_scap_input_failure(input, error);
	if (!sk_inflate_is_gzip(input->position, at_hand(input)))
		return 0;

	/* What was read is the file's, not the capture's: the buffer moves over. */
	r = sk_inflate_begin_file(&source->file, source->buffer, at_hand(input), source->capacity, &source->inflate,
				  error);
	if (r < 0)
		return r;
	source->buffer = NULL;
	source->capacity = 0;
	input->position = input->end = nothing;
	input->end_offset = input->consumed = 0;
	input->ended = false;
	start_inflating(source);
	return 0;
}

int sk_scap_input_open(const char *path, struct sk_scap_input **ret_input, struct sk_error *error)
{
	struct source *source = new_source(error);
	int r;

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
	if (!input->ended && input->timed) {
		uint64_t begun = sk_clock_now(CLOCK_THREAD_CPUTIME_ID);

		input->refill(input, wanted);
		input->refill_ns += sk_clock_now(CLOCK_THREAD_CPUTIME_ID) - begun;
		input->refills++;
	} else if (!input->ended) {
		input->refill(input, wanted);
	}
	return at_hand(input);
}

bool sk_scap_input_skip(struct sk_scap_input *input, uint64_t count)
{
	for (;;) {
		size_t have = at_hand(input);

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
