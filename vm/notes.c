/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/notes.h"

#include <errno.h>

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

int64_t sk_event_add_notes(const struct sk_event *event, const uint8_t *notes, size_t length, uint8_t *ret_bytes,
			   size_t capacity)
{
	const struct sk_event_info *info = event->info;
	size_t width = info->flags & SK_EVENT_FLAG_LARGE_PAYLOAD ? 4 : 2, lengths = (info->nparams + 1u) * width;
	size_t old = event->notes.length ? event->notes.length : SK_NOTES_HEAD;
	size_t all = old + length - SK_NOTES_HEAD, size = sizeof(*event->header) + lengths + all;
	struct sk_event_header header;
	uint8_t *at;

	for (unsigned i = 0; i < event->nparams; i++)
		size += event->param[i].length;
	if (length < SK_NOTES_HEAD || all > SK_NOTES_LIMIT || size > capacity)
		return -ENOSPC;
	memcpy(&header, event->header, sizeof(header));
	header.len = (uint32_t)size;
	header.nparams = info->nparams + 1u;
	memcpy(ret_bytes, &header, sizeof(header));
	at = ret_bytes + sizeof(header) + lengths;
	for (unsigned i = 0; i <= info->nparams; i++) {
		uint32_t bytes = i < event->nparams  ? event->param[i].length
				 : i < info->nparams ? 0
						     : (uint32_t)all;

		memcpy(ret_bytes + sizeof(header) + i * width, &bytes, width);
		if (i < event->nparams && bytes > 0)
			at = mempcpy(at, event->param[i].bytes, bytes);
	}
	if (event->notes.length > 0)
		at = mempcpy(at, event->notes.bytes, event->notes.length);
	else
		at = mempcpy(at, notes, SK_NOTES_HEAD);
	memcpy(at, notes + SK_NOTES_HEAD, length - SK_NOTES_HEAD);
	return (int64_t)size;
}
