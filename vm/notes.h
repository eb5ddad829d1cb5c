/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What our events say beyond the schema: an event may have notes behind its
 * last parameter, inside its length.  The format allows for bytes there and no
 * reader looks at them, so a capture with notes opens everywhere; a parameter
 * more than the type has would end a replay in Falco, whose converter knows
 * exactly how many there may be (spec/scap-format.md sections 7.5 and 8).
 *
 *    0        4      5           6        8
 *   +--------+------+-----------+--------+---------+------+- - -
 *   | magic  | kind | parameter | length | bytes   | kind | ...
 *   +--------+------+-----------+--------+---------+------+- - -
 *
 * Integers are little-endian, nothing is aligned.  Invariant of a decoded
 * event: its notes lie inside the event; each reader here checks what it reads.
 */
#ifndef SK_NOTES_H
#define SK_NOTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/event.h"
#include "vm/event_class.h"

enum {
	SK_NOTES_MAGIC = 0x316b5301, /* the bytes 01 'S' 'k' '1': no text begins so */
	SK_NOTES_HEAD = 4,           /* bytes of the magic */
	SK_NOTE_HEAD = 4,            /* bytes before those of one note */
	SK_NOTES_LIMIT = 16384,      /* bytes of all notes of an event */
};

enum sk_note_kind {
	SK_NOTE_ORIGIN = 1,   /* u8, enum sk_origin: where the call came from; absent: an ordinary call */
	SK_NOTE_RESOLVED = 2, /* text with its NUL: the path that the kernel found for path `parameter` */
	SK_NOTE_BEGUN = 3,    /* text with its NUL: what path `parameter` was when the call began */
	SK_NOTE_LOST = 4,     /* struct sk_lost: what was lost before this event */
	SK_NOTE_FILE = 5, /* struct sk_note_file: a file whose open was held back, of an fd that the event uses */
};

enum sk_origin {
	SK_ORIGIN_CALL = 0,     /* a system call of the machine's own kind */
	SK_ORIGIN_COMPAT = 1,   /* of a 32-bit program */
	SK_ORIGIN_IO_URING = 2, /* an operation that was submitted to an io_uring */
	SK_ORIGIN_X32 = 3,      /* through the x32 ABI: the number says so, whatever the kernel made of it */
	SK_ORIGIN_COUNT
};

/*
 * What the open would have told: number `parameter` (0 or 1) of the files that
 * the event tells of.
 */
struct sk_note_file {
	int64_t fd;
	uint64_t inode;
	uint32_t device, flags; /* parameters `dev` and `flags` of the open */
	char path[192];         /* absolute, with its NUL */
};

enum { SK_NOTE_FILES = 2 };
/* By enum sk_origin, as saker.origin shows them. */
extern const char *const sk_origin_names[SK_ORIGIN_COUNT];

/* Events that were lost, of which the first and the last that are known of were at these times. */
struct sk_lost {
	uint64_t first, last; /* ns since the epoch */
	uint64_t counts[SK_EVENT_CLASS_COUNT];
};

/*
 * True if the event has a note of that kind about that parameter (0 where a
 * kind is about none): its bytes, which live as long as the event's.
 */
bool sk_event_note(const struct sk_event *event, enum sk_note_kind kind, uint8_t parameter,
		   struct sk_param *ret_bytes);

/* What the event says was lost before it; false if nothing. Classes that the writer didn't know are 0. */
bool sk_event_lost(const struct sk_event *event, struct sk_lost *ret_lost);

/* The n-th file that the event tells of; false if there is none. */
bool sk_event_note_file(const struct sk_event *event, uint8_t number, struct sk_note_file *ret_file);

/*
 * Appends a note to a run of them, of which `*length` of `capacity` bytes are
 * used; an empty run gets the magic first.  False if it has no room.
 */
bool sk_notes_append(uint8_t *notes, size_t capacity, size_t *length, enum sk_note_kind kind, uint8_t parameter,
		     const void *bytes, size_t size);

/*
 * Copies an event (as sk_event_decode() took it) with `notes` behind those
 * that it has, to `ret_bytes`, which has `capacity` bytes.  `notes` begins with the magic.  The copy's size, or -ENOSPC if it
 * would be longer than `capacity` or than its type allows.
 */
int64_t sk_event_add_notes(const struct sk_event *event, const uint8_t *notes, size_t length, uint8_t *ret_bytes,
			   size_t capacity);

#endif
