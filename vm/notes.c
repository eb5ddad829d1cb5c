/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/notes.h"

#include <errno.h>

const char *const sk_origin_names[SK_ORIGIN_COUNT] = {
	[SK_ORIGIN_CALL] = "syscall",
	[SK_ORIGIN_COMPAT] = "compat",
	[SK_ORIGIN_IO_URING] = "io_uring",
	[SK_ORIGIN_X32] = "x32",
};

struct note {
	uint8_t kind, parameter;
	struct sk_param bytes;
};

/* The note at `*at`, which goes on behind it; false at the end or at damage. */
static bool next(const struct sk_param *notes, uint32_t *at, struct note *ret_note)
{
	const uint8_t *head = notes->bytes + *at;
	uint32_t length;

	if (notes->length - *at < SK_NOTE_HEAD)
		return false;
	length = sk_read_u16(head + 2);
	if (length > notes->length - *at - SK_NOTE_HEAD)
		return false;
	*ret_note = (struct note){head[0], head[1], {head + SK_NOTE_HEAD, length}};
	*at += SK_NOTE_HEAD + length;
	return true;
}

bool sk_event_note(const struct sk_event *event, enum sk_note_kind kind, uint8_t parameter,
		   struct sk_param *ret_bytes)
{
	uint32_t at = SK_NOTES_HEAD;
	struct note note;

	if (event->notes.length < SK_NOTES_HEAD)
		return false;
	while (next(&event->notes, &at, &note)) {
		if (note.kind == kind && note.parameter == parameter) {
			*ret_bytes = note.bytes;
			return true;
		}
	}
	return false;
}

bool sk_event_lost(const struct sk_event *event, struct sk_lost *ret_lost)
{
	struct sk_param bytes;

	if (!sk_event_note(event, SK_NOTE_LOST, 0, &bytes) || bytes.length < offsetof(struct sk_lost, counts))
		return false;
	*ret_lost = (struct sk_lost){0};
	memcpy(ret_lost, bytes.bytes, bytes.length < sizeof(*ret_lost) ? bytes.length : sizeof(*ret_lost));
	return true;
}

bool sk_event_note_file(const struct sk_event *event, uint8_t number, struct sk_note_file *ret_file)
{
	struct sk_param bytes;

	if (!sk_event_note(event, SK_NOTE_FILE, number, &bytes) || bytes.length != sizeof(*ret_file))
		return false;
	memcpy(ret_file, bytes.bytes, sizeof(*ret_file));
	return ret_file->path[0] == '/' && memchr(ret_file->path, '\0', sizeof(ret_file->path));
}

bool sk_notes_append(uint8_t *notes, size_t capacity, size_t *length, enum sk_note_kind kind, uint8_t parameter,
		     const void *bytes, size_t size)
{
	const uint32_t magic = SK_NOTES_MAGIC;
	const uint8_t head[] = {(uint8_t)kind, parameter, (uint8_t)size, (uint8_t)(size >> 8)};
	size_t begin = *length ? *length : SK_NOTES_HEAD;

	_Static_assert(sizeof(head) == SK_NOTE_HEAD, "head of a note");
	if (size > UINT16_MAX || begin > capacity || sizeof(head) + size > capacity - begin)
		return false;
	if (*length == 0)
		memcpy(notes, &magic, sizeof(magic));
	memcpy(notes + begin, head, sizeof(head));
	if (size > 0)
		memcpy(notes + begin + sizeof(head), bytes, size);
	*length = begin + sizeof(head) + size;
	return true;
}

/* Of the event without its notes and whatever else stands behind its parameters. */
static size_t size_of(const struct sk_event *event)
{
	const uint8_t *bytes = (const uint8_t *)event->header;
	const size_t width = event->info->flags & SK_EVENT_FLAG_LARGE_PAYLOAD ? 4 : 2;
	size_t size = sizeof(*event->header) + event->header->nparams * width;

	for (uint32_t i = 0; i < event->header->nparams; i++) {
		const uint8_t *length = bytes + sizeof(*event->header) + i * width;

		size += width == 4 ? sk_read_u32(length) : sk_read_u16(length);
	}
	return size;
}

int64_t sk_event_add_notes(const struct sk_event *event, const uint8_t *notes, size_t length, uint8_t *ret_bytes,
			   size_t capacity)
{
	const size_t before = size_of(event), old = event->notes.length;
	struct sk_event_header header;
	uint8_t *at;

	if (length < SK_NOTES_HEAD)
		return -ENOSPC;
	if (old > 0) {
		notes += SK_NOTES_HEAD;
		length -= SK_NOTES_HEAD;
	}
	if (old + length > SK_NOTES_LIMIT || before + old + length > capacity)
		return -ENOSPC;
	memcpy(&header, event->header, sizeof(header));
	header.len = (uint32_t)(before + old + length);
	memcpy(ret_bytes, &header, sizeof(header));
	at = mempcpy(ret_bytes + sizeof(header), (const uint8_t *)event->header + sizeof(header),
		     before - sizeof(header));
	if (old > 0)
		at = mempcpy(at, event->notes.bytes, old);
	memcpy(at, notes, length);
	return (int64_t)header.len;
}
