/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The capture reader: see reader.h.
 *
 *    [section][metadata ...][event][event] ... [section][metadata ...][event] ...
 *    └ sk_scap_reader_open ┘└ sk_scap_reader_next, one event a call, and a
 *                             whole section header with its metadata if a
 *                             second capture was appended
 *
 * An event block of today's version whose event is current is handed out where
 * it stands in the input.  One from an old capture takes up to two more steps:
 *
 *    block ──(header of version 1?)──► lifted ──(not current?)──► converter
 *
 * Invariant: when a call ends, the input stands behind the last block that was
 * handed out, and `status` is 1 until the capture has ended or proved damaged;
 * then it stays what it became.
 */
#include "runtime/scap/reader.h"

#include <errno.h>
#include <string.h>

#include "runtime/scap/blocks.h"
#include "runtime/scap/convert.h"
#include "runtime/scap/event_v1.h"
#include "runtime/scap/input.h"
#include "vm/support/alloc.h"

enum {
	/* What the reference accepts for a block that isn't of the large kind. */
	EVENT_BLOCK_LIMIT = 64 * 1024 + 8,
	LARGE_EVENT_BLOCK_LIMIT = 64 << 20,
	METADATA_BLOCK_LIMIT = 256 << 20,
};

struct sk_scap_reader {
	struct sk_scap_input *input;
	struct sk_entry_sink sink;
	struct sk_scap_converter converter;
	uint8_t *lifted; /* the event with a header of today */
	int status;
	struct sk_error status_error;
};

struct block {
	uint32_t type, total;
	uint64_t offset;
};

/* The bytes ended in the middle of something: why. */
static int cut_off(struct sk_scap_reader *reader, const struct block *block, struct sk_error *error)
{
	struct sk_scap_input *input = reader->input;
	int r = sk_scap_input_failure(input, error);

	if (r < 0)
		return r;
	return sk_error_set(
		error, -EBADMSG,
		"the capture is truncated: it ends at byte %llu, within the block that begins at byte %llu",
		(unsigned long long)input->end_offset, (unsigned long long)block->offset);
}

/*
 * Looks at the next block without consuming it.  1: there is one, 0: the
 * capture ends here.
 */
static int peek(struct sk_scap_reader *reader, struct block *ret_block, struct sk_error *error)
{
	struct sk_scap_input *input = reader->input;
	size_t have = sk_scap_input_have(input, 8);
	struct block block = {.offset = sk_scap_input_offset(input)};

	if (have == 0)
		return sk_scap_input_failure(input, error);
	if (have < 8)
		return cut_off(reader, &block, error);
	block.type = sk_scap_block_number(sk_read_u32(input->position));
	block.total = sk_read_u32(input->position + 4);
	if (block.total < SK_SCAP_BLOCK_OVERHEAD)
		return sk_error_set(error, -EBADMSG, "the block at byte %llu says it has %u bytes",
				    (unsigned long long)block.offset, block.total);
	*ret_block = block;
	return 1;
}

/*
 * Makes the whole block contiguous and checks its trailer; `input->position`
 * stays at its beginning.
 */
static int gather(struct sk_scap_reader *reader, const struct block *block, uint32_t limit, struct sk_error *error)
{
	struct sk_scap_input *input = reader->input;

	if (block->total > limit)
		return sk_error_set(error, -EBADMSG,
				    "the block at byte %llu has %u bytes, more than the limit of %u",
				    (unsigned long long)block->offset, block->total, limit);
	if (sk_scap_input_have(input, block->total) < block->total)
		return cut_off(reader, block, error);
	return 0;
}

static int wrong_trailer(const struct block *block, uint32_t trailer, struct sk_error *error)
{
	return sk_error_set(error, -EBADMSG, "the block at byte %llu begins with a length of %u and ends with %u",
			    (unsigned long long)block->offset, block->total, trailer);
}

static int gather_checked(struct sk_scap_reader *reader, const struct block *block, uint32_t limit,
			  struct sk_error *error)
{
	uint32_t trailer;
	int r = gather(reader, block, limit, error);

	if (r < 0)
		return r;
	trailer = sk_read_u32(reader->input->position + block->total - 4);
	return trailer == block->total ? 0 : wrong_trailer(block, trailer, error);
}

static int skip(struct sk_scap_reader *reader, const struct block *block, struct sk_error *error)
{
	struct sk_scap_input *input = reader->input;
	uint32_t trailer;

	if (!sk_scap_input_skip(input, block->total - 4) || sk_scap_input_have(input, 4) < 4)
		return cut_off(reader, block, error);
	trailer = sk_read_u32(input->position);
	if (trailer != block->total)
		return wrong_trailer(block, trailer, error);
	input->position += 4;
	return 0;
}

/* --- metadata ---------------------------------------------------------- */

static int check_section(struct sk_scap_reader *reader, const struct block *block, struct sk_error *error)
{
	struct sk_scap_section section;
	int r = gather_checked(reader, block, METADATA_BLOCK_LIMIT, error);

	if (r < 0)
		return r;
	if (block->total < sizeof(section) + SK_SCAP_BLOCK_OVERHEAD)
		return sk_error_set(error, -EBADMSG, "the section header at byte %llu has only %u bytes",
				    (unsigned long long)block->offset, block->total);
	memcpy(&section, reader->input->position + 8, sizeof(section));
	if (section.magic != SK_SCAP_MAGIC)
		return sk_error_set(error, -EINVAL,
				    "the section at byte %llu is no scap capture (its magic is 0x%x)",
				    (unsigned long long)block->offset, section.magic);
	if (section.major > 1)
		return sk_error_set(error, -EINVAL, "the capture has version %u.%u, newer than any known",
				    section.major, section.minor);
	return 0;
}

static int complete(struct sk_scap_reader *reader, struct sk_error *error)
{
	int r = reader->sink.complete ? reader->sink.complete(reader->sink.context) : 0;

	return r < 0 ? sk_error_set(error, r, "the capture's entries were refused: %s", strerror(-r)) : 0;
}

/*
 * Reads the blocks up to the first event, which stays.  1: there is one; 0:
 * the capture ends before.
 */
static int read_metadata(struct sk_scap_reader *reader, struct sk_error *error)
{
	struct sk_scap_input *input = reader->input;
	int r;

	for (;;) {
		struct block block;

		r = peek(reader, &block, error);
		if (r < 0)
			return r;
		if (r == 0)
			break;
		switch (block.type) {
		case SK_SCAP_SECTION:
			r = check_section(reader, &block, error);
			if (r == 0 && reader->sink.restart) {
				r = reader->sink.restart(reader->sink.context);
				if (r < 0)
					sk_error_set(error, r, "the second capture in the file was refused: %s",
						     strerror(-r));
			}
			input->position += r < 0 ? 0 : block.total;
			break;
		case SK_SCAP_EVENT_V1:
		case SK_SCAP_FLAGGED_EVENT_V1:
		case SK_SCAP_EVENT_V2:
		case SK_SCAP_FLAGGED_EVENT_V2:
		case SK_SCAP_LARGE_EVENT:
		case SK_SCAP_FLAGGED_LARGE_EVENT:
			r = complete(reader, error);
			return r < 0 ? r : 1;
		default:
			if (!sk_scap_block_is_metadata(block.type)) {
				r = skip(reader, &block, error);
				break;
			}
			r = gather_checked(reader, &block, METADATA_BLOCK_LIMIT, error);
			if (r == 0)
				r = sk_scap_block_deliver(block.type, input->position + 8,
							  block.total - SK_SCAP_BLOCK_OVERHEAD, block.offset + 8,
							  &reader->sink, error);
			input->position += r < 0 ? 0 : block.total;
			break;
		}
		if (r < 0)
			return r;
	}
	return complete(reader, error);
}

/* Other compressions that a capture may have met on its way here. */
static const char *other_compression(const uint8_t *bytes)
{
	static const struct {
		const char *name;
		uint8_t length, magic[6];
	} compressions[] = {
		{"zstd", 4, {0x28, 0xb5, 0x2f, 0xfd}},
		{"xz", 6, {0xfd, '7', 'z', 'X', 'Z', 0}},
		{"bzip2", 3, {'B', 'Z', 'h'}},
		{"lz4", 4, {0x04, 0x22, 0x4d, 0x18}},
	};

	for (size_t i = 0; i < sizeof(compressions) / sizeof(compressions[0]); i++) {
		if (memcmp(bytes, compressions[i].magic, compressions[i].length) == 0)
			return compressions[i].name;
	}
	return NULL;
}

static int no_section(const struct sk_scap_input *input, size_t have, struct sk_error *error)
{
	const char *compression = have >= 12 ? other_compression(input->position) : NULL;

	if (compression)
		return sk_error_set(error, -EINVAL,
				    "this is compressed with %s, and a capture may only be with gzip; give what "
				    "`%s -dc` makes of it",
				    compression, compression);
	return sk_error_set(error, -EINVAL, "this is no capture: it does not begin with a section header");
}

static int read_first_section(struct sk_scap_reader *reader, struct sk_error *error)
{
	struct sk_scap_input *input = reader->input;
	size_t have = sk_scap_input_have(input, 12);
	struct block block;
	int r = sk_scap_input_failure(input, error);

	if (have < 12 && r < 0)
		return r;
	if (have < 12 || sk_read_u32(input->position) != SK_SCAP_SECTION)
		return no_section(input, have, error);
	if (sk_read_u32(input->position + 8) == __builtin_bswap32(SK_SCAP_MAGIC))
		return sk_error_set(
			error, -EINVAL,
			"the capture was written on a host of the other byte order, which isn't supported");
	r = peek(reader, &block, error);
	if (r < 0)
		return r;
	r = check_section(reader, &block, error);
	if (r < 0)
		return r;
	input->position += block.total;
	r = read_metadata(reader, error);
	if (r == 0)
		return sk_error_set(error, -ENODATA, "the capture ends at byte %llu, before the first event",
				    (unsigned long long)input->end_offset);
	return r < 0 ? r : 0;
}

/* Takes over `input`. */
static int open_input(struct sk_scap_input *input, const struct sk_entry_sink *sink,
		      struct sk_scap_reader **ret_reader, struct sk_error *error)
{
	struct sk_scap_reader *reader = sk_alloc_zeroed(1, sizeof(*reader));
	int r;

	if (!reader) {
		sk_scap_input_close(input);
		return sk_error_set(error, -ENOMEM, "no memory to read a capture");
	}
	reader->input = input;
	reader->sink = *sink;
	reader->status = 1;
	sk_scap_converter_init(&reader->converter);
	r = read_first_section(reader, error);
	if (r < 0) {
		sk_scap_reader_close(reader);
		return r;
	}
	*ret_reader = reader;
	return 0;
}

int sk_scap_reader_open(const char *path, const struct sk_entry_sink *sink, struct sk_scap_reader **ret_reader,
			struct sk_error *error)
{
	struct sk_scap_input *input;
	int r = sk_scap_input_open(path, &input, error);

	return r < 0 ? r : open_input(input, sink, ret_reader, error);
}

int sk_scap_reader_open_memory(const void *bytes, size_t size, const struct sk_entry_sink *sink,
			       struct sk_scap_reader **ret_reader, struct sk_error *error)
{
	struct sk_scap_input *input;
	int r = sk_scap_input_open_memory(bytes, size, &input, error);

	return r < 0 ? r : open_input(input, sink, ret_reader, error);
}

void sk_scap_reader_progress(const struct sk_scap_reader *reader, uint64_t *ret_offset, uint64_t *ret_size)
{
	const struct sk_scap_input *input = reader->input;

	/* What is at hand of a plain file is not consumed yet. */
	*ret_offset = input->consumed == input->end_offset ? sk_scap_input_offset(input) : input->consumed;
	*ret_size = input->size;
}

void sk_scap_reader_time_refills(struct sk_scap_reader *reader)
{
	reader->input->timed = true;
}

uint64_t sk_scap_reader_refills(const struct sk_scap_reader *reader)
{
	return reader->input->refills;
}

uint64_t sk_scap_reader_refill_ns(const struct sk_scap_reader *reader)
{
	return reader->input->refill_ns;
}

void sk_scap_reader_close(struct sk_scap_reader *reader)
{
	if (!reader)
		return;
	sk_scap_input_close(reader->input);
	sk_scap_converter_release(&reader->converter);
	sk_free(reader->lifted);
	sk_free(reader);
}

/* --- events ------------------------------------------------------------ */

/* Which of the six kinds of event block: spec/scap-format.md section 1.3. */
struct kind {
	bool flagged, large, old_header;
};

static bool event_kind(uint32_t type, struct kind *ret_kind)
{
	switch (type) {
	case SK_SCAP_EVENT_V2:
		*ret_kind = (struct kind){0};
		return true;
	case SK_SCAP_FLAGGED_EVENT_V2:
		*ret_kind = (struct kind){.flagged = true};
		return true;
	case SK_SCAP_LARGE_EVENT:
		*ret_kind = (struct kind){.large = true};
		return true;
	case SK_SCAP_FLAGGED_LARGE_EVENT:
		*ret_kind = (struct kind){.flagged = true, .large = true};
		return true;
	case SK_SCAP_EVENT_V1:
		*ret_kind = (struct kind){.old_header = true};
		return true;
	case SK_SCAP_FLAGGED_EVENT_V1:
		*ret_kind = (struct kind){.flagged = true, .old_header = true};
		return true;
	default:
		return false;
	}
}

/*
 * True if the lengths of an event with a header of today fit into it: then
 * sk_event_decode() takes it.
 */
static inline bool is_whole(const uint8_t *bytes, size_t room, const struct sk_event_info *info)
{
	const struct sk_event_header *header = (const struct sk_event_header *)bytes;
	uint32_t nparams = header->nparams;
	const uint8_t *lengths = bytes + sizeof(*header);
	uint64_t sum = sizeof(*header);

	if (header->len < sizeof(*header) || header->len > room)
		return false;
	if (info->flags & SK_EVENT_FLAG_LARGE_PAYLOAD) {
		if (nparams > (header->len - sizeof(*header)) / 4)
			return false;
		sum += 4 * (uint64_t)nparams;
		for (uint32_t i = 0; i < nparams; i++)
			sum += sk_read_u32(lengths + 4 * i);
	} else {
		if (nparams > (header->len - sizeof(*header)) / 2)
			return false;
		sum += 2 * (uint64_t)nparams;
		for (uint32_t i = 0; i < nparams; i++)
			sum += sk_read_u16(lengths + 2 * i);
	}
	return sum <= header->len;
}

/* Gives an event with an old header one of today. */
static int lift(struct sk_scap_reader *reader, const struct block *block, const uint8_t **bytes, size_t *size,
		struct sk_error *error)
{
	struct sk_error why;
	int r;

	if (!reader->lifted)
		reader->lifted = sk_alloc(EVENT_BLOCK_LIMIT + SK_SCAP_EVENT_V1_GROWTH);
	if (!reader->lifted)
		return sk_error_set(error, -ENOMEM, "no memory for an event");
	r = sk_scap_event_v1_lift(*bytes, *size, reader->lifted, size, &why);
	if (r == -EBADMSG)
		sk_error_set(error, r, "the event block at byte %llu is damaged: %s",
			     (unsigned long long)block->offset, why.message);
	*bytes = reader->lifted;
	return r;
}

/*
 * Reads the event block that the input stands at.  1: `*ret_event`, 0: nothing
 * comes of this block.
 */
static int read_event(struct sk_scap_reader *reader, const struct block *block, const struct kind *kind,
		      struct sk_scap_event *ret_event, struct sk_error *error)
{
	struct sk_scap_input *input = reader->input;
	size_t before = kind->flagged ? 6 : 2, room;
	const struct sk_event_header *header;
	const uint8_t *bytes;
	struct sk_error why;
	int r = gather(reader, block, kind->large ? LARGE_EVENT_BLOCK_LIMIT : EVENT_BLOCK_LIMIT, error);

	if (r < 0)
		return r;
	if (block->total < SK_SCAP_BLOCK_OVERHEAD + before + SK_SCAP_EVENT_V1_HEADER)
		return sk_error_set(error, -EBADMSG, "the event block at byte %llu has only %u bytes",
				    (unsigned long long)block->offset, block->total);
	bytes = input->position + 8;
	ret_event->cpu = sk_read_u16(bytes);
	ret_event->state_only = kind->flagged && sk_read_u32(bytes + 2) & SK_SCAP_STATE_ONLY;
	bytes += before;
	room = block->total - SK_SCAP_BLOCK_OVERHEAD - before;
	input->position += block->total;

	if (kind->old_header) {
		r = lift(reader, block, &bytes, &room, error);
		if (r == -ENOTSUP)
			return 0;
		if (r < 0)
			return r;
	}
	header = (const struct sk_event_header *)bytes;
	if (room >= sizeof(*header) && header->type >= SK_EVENT_COUNT)
		return 0;
	if (room < sizeof(*header) || !is_whole(bytes, room, &sk_events[header->type]))
		return sk_error_set(error, -EBADMSG,
				    "the event block at byte %llu is damaged: its lengths don't fit",
				    (unsigned long long)block->offset);
	if (sk_scap_converter_passes(&reader->converter, header->type, header->nparams)) {
		ret_event->bytes = bytes;
		ret_event->size = header->len;
		return 1;
	}
	r = sk_scap_converter_run(&reader->converter, bytes, header->len, &ret_event->bytes, &ret_event->size,
				  &why);
	if (r < 0)
		sk_error_set(error, r, "the event at byte %llu cannot be understood: %s",
			     (unsigned long long)block->offset, why.message);
	return r;
}

/* Anything but a plain event of today. */
static int read_block(struct sk_scap_reader *reader, struct sk_scap_event *ret_event, struct sk_error *error)
{
	struct sk_scap_event event;

	for (;;) {
		struct block block;
		struct kind kind;
		int r = peek(reader, &block, error);

		if (r <= 0)
			return r;
		if (event_kind(block.type, &kind)) {
			r = read_event(reader, &block, &kind, &event, error);
			if (r == 1)
				*ret_event = event;
		} else if (block.type == SK_SCAP_SECTION) {
			sk_scap_converter_reset(&reader->converter);
			r = read_metadata(reader, error);
			/* An appended capture without events is the end. */
			if (r == 0)
				return 0;
			r = r < 0 ? r : 0;
		} else if (sk_scap_block_is_metadata(block.type)) {
			return sk_error_set(error, -EBADMSG,
					    "there is metadata among the events: block type 0x%x at byte %llu",
					    block.type, (unsigned long long)block.offset);
		} else {
			r = skip(reader, &block, error);
		}
		if (r != 0)
			return r;
	}
}

/*
 * The event at the input's position, if it is one of today, current, whole and
 * at hand; that is all but every event of a capture that this year's writers
 * made.
 */
static inline bool next_current(struct sk_scap_reader *reader, struct sk_scap_event *ret_event)
{
	struct sk_scap_input *input = reader->input;
	const uint8_t *at = input->position;
	size_t have = (size_t)(input->end - at);
	const struct sk_event_header *header = (const struct sk_event_header *)(at + 10);
	uint32_t total;

	if (have < 10 + sizeof(*header) || sk_read_u32(at) != SK_SCAP_EVENT_V2)
		return false;
	total = sk_read_u32(at + 4);
	if (total > have || total > EVENT_BLOCK_LIMIT || total < SK_SCAP_BLOCK_OVERHEAD + 2 + sizeof(*header) ||
	    header->type >= SK_EVENT_COUNT ||
	    !sk_scap_converter_passes(&reader->converter, header->type, header->nparams) ||
	    !is_whole(at + 10, total - SK_SCAP_BLOCK_OVERHEAD - 2, &sk_events[header->type]))
		return false;
	ret_event->bytes = at + 10;
	ret_event->size = header->len;
	ret_event->cpu = sk_read_u16(at + 8);
	ret_event->state_only = false;
	input->position += total;
	return true;
}

static __attribute__((noinline)) int next_block(struct sk_scap_reader *reader, struct sk_scap_event *ret_event,
						struct sk_error *error)
{
	if (reader->status == 1)
		reader->status = read_block(reader, ret_event, &reader->status_error);
	if (reader->status < 0)
		return sk_error_set(error, reader->status, "%s", reader->status_error.message);
	return reader->status;
}

int sk_scap_reader_next(struct sk_scap_reader *reader, struct sk_scap_event *ret_event, struct sk_error *error)
{
	return reader->status == 1 && next_current(reader, ret_event) ? 1 : next_block(reader, ret_event, error);
}
