/* SPDX-License-Identifier: Apache-2.0 */
/* An event's notes: written behind its parameters, read back, never trusted. */
#include "vm/notes.h"

#include <errno.h>

#include "tests/test.h"

enum { SIZE = 512 };

/* A close event with its two parameters; its size. */
static size_t close_event(uint8_t *bytes)
{
	struct sk_event_header header = {.ts = 1, .tid = 2, .type = SK_EVENT_SYSCALL_CLOSE_X, .nparams = 2};
	const uint16_t lengths[] = {8, 8};
	const int64_t values[] = {0, 7};

	header.len = sizeof(header) + sizeof(lengths) + sizeof(values);
	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + sizeof(header), lengths, sizeof(lengths));
	memcpy(bytes + sizeof(header) + sizeof(lengths), values, sizeof(values));
	return header.len;
}

static size_t with_notes(const uint8_t *bytes, size_t size, const uint8_t *notes, size_t length, uint8_t *ret_bytes)
{
	struct sk_event event;
	int64_t result;

	CHECK_EQUAL(sk_event_decode(bytes, size, &event, NULL), 0);
	result = sk_event_add_notes(&event, notes, length, ret_bytes, SIZE);
	CHECK(result > 0);
	return (size_t)result;
}

TEST(notes_travel_behind_the_parameters)
{
	uint8_t bytes[SIZE], notes[SIZE], noted[SIZE];
	struct sk_event event;
	struct sk_param found;
	size_t length = 0, size = close_event(bytes);
	uint8_t origin = SK_ORIGIN_IO_URING;

	CHECK(sk_notes_append(notes, sizeof(notes), &length, SK_NOTE_RESOLVED, 3, "/etc/shadow", 12));
	CHECK(sk_notes_append(notes, sizeof(notes), &length, SK_NOTE_ORIGIN, 0, &origin, 1));
	size = with_notes(bytes, size, notes, length, noted);
	CHECK_EQUAL(sk_event_decode(noted, size, &event, NULL), 0);
	CHECK_EQUAL(event.nparams, 2);
	CHECK_EQUAL(sk_event_signed(&event, 1, -1), 7);
	CHECK(sk_event_note(&event, SK_NOTE_RESOLVED, 3, &found));
	CHECK_TEXT((const char *)found.bytes, "/etc/shadow");
	CHECK(sk_event_note(&event, SK_NOTE_ORIGIN, 0, &found));
	CHECK_EQUAL(found.bytes[0], SK_ORIGIN_IO_URING);
	CHECK(!sk_event_note(&event, SK_NOTE_RESOLVED, 2, &found));
	CHECK(!sk_event_note(&event, SK_NOTE_BEGUN, 3, &found));
}

static bool reads_file(const struct sk_note_file *file, size_t size, uint8_t number)
{
	uint8_t bytes[SIZE], notes[SIZE], noted[SIZE];
	struct sk_note_file read;
	struct sk_event event;
	size_t length = 0, whole = close_event(bytes);

	CHECK(sk_notes_append(notes, sizeof(notes), &length, SK_NOTE_FILE, 0, file, size));
	whole = with_notes(bytes, whole, notes, length, noted);
	CHECK_EQUAL(sk_event_decode(noted, whole, &event, NULL), 0);
	return sk_event_note_file(&event, number, &read) && read.fd == file->fd && read.inode == file->inode &&
	       strcmp(read.path, file->path) == 0;
}

TEST(a_file_is_told_with_a_path_that_ends)
{
	struct sk_note_file file = {.fd = 5, .inode = 7, .device = 9, .flags = 1, .path = "/etc/shadow"};

	CHECK(reads_file(&file, sizeof(file), 0));
	CHECK(!reads_file(&file, sizeof(file), 1));
	CHECK(!reads_file(&file, sizeof(file) - 1, 0));
	file.path[0] = 'e';
	CHECK(!reads_file(&file, sizeof(file), 0));
	memset(file.path, '/', sizeof(file.path));
	CHECK(!reads_file(&file, sizeof(file), 0));
}

TEST(an_event_with_notes_gets_more)
{
	uint8_t bytes[SIZE], notes[SIZE], noted[SIZE], twice[SIZE];
	struct sk_lost lost = {.first = 5, .last = 9}, read;
	struct sk_event event;
	struct sk_param found;
	size_t length = 0, size = close_event(bytes);

	lost.counts[SK_EVENT_CLASS_OPEN] = 3;
	CHECK(sk_notes_append(notes, sizeof(notes), &length, SK_NOTE_BEGUN, 1, "x", 2));
	size = with_notes(bytes, size, notes, length, noted);
	length = 0;
	CHECK(sk_notes_append(notes, sizeof(notes), &length, SK_NOTE_LOST, 0, &lost, sizeof(lost)));
	size = with_notes(noted, size, notes, length, twice);
	CHECK_EQUAL(sk_event_decode(twice, size, &event, NULL), 0);
	CHECK(sk_event_note(&event, SK_NOTE_BEGUN, 1, &found));
	CHECK(sk_event_lost(&event, &read));
	CHECK_EQUAL(read.last, 9);
	CHECK_EQUAL(read.counts[SK_EVENT_CLASS_OPEN], 3);
}

TEST(an_event_without_notes_has_none)
{
	uint8_t bytes[SIZE];
	struct sk_lost lost;
	struct sk_event event;
	struct sk_param found;

	CHECK_EQUAL(sk_event_decode(bytes, close_event(bytes), &event, NULL), 0);
	CHECK_EQUAL(event.notes.length, 0);
	CHECK(!sk_event_note(&event, SK_NOTE_ORIGIN, 0, &found));
	CHECK(!sk_event_lost(&event, &lost));
}

TEST(other_bytes_behind_the_parameters_are_no_notes)
{
	uint8_t bytes[SIZE], notes[SIZE], noted[SIZE];
	struct sk_event event;
	size_t length = 0, size = close_event(bytes);

	CHECK(sk_notes_append(notes, sizeof(notes), &length, SK_NOTE_BEGUN, 1, "x", 2));
	size = with_notes(bytes, size, notes, length, noted);
	noted[size - length] ^= 1;
	CHECK_EQUAL(sk_event_decode(noted, size, &event, NULL), 0);
	CHECK_EQUAL(event.notes.length, 0);
}

TEST(damaged_notes_are_read_up_to_the_damage)
{
	uint8_t bytes[SIZE], notes[SIZE], noted[SIZE];
	struct sk_event event;
	struct sk_param found;
	size_t length = 0, size = close_event(bytes);

	CHECK(sk_notes_append(notes, sizeof(notes), &length, SK_NOTE_ORIGIN, 0, "\2", 1));
	CHECK(sk_notes_append(notes, sizeof(notes), &length, SK_NOTE_BEGUN, 1, "abc", 4));
	size = with_notes(bytes, size, notes, length, noted);
	noted[size - 6] = 0xff; /* the length of the second */
	CHECK_EQUAL(sk_event_decode(noted, size, &event, NULL), 0);
	CHECK(sk_event_note(&event, SK_NOTE_ORIGIN, 0, &found));
	CHECK(!sk_event_note(&event, SK_NOTE_BEGUN, 1, &found));
}

TEST(what_has_no_room_is_refused_and_changes_nothing)
{
	uint8_t bytes[SIZE], notes[SIZE], noted[SIZE];
	struct sk_event event;
	size_t length = 0;

	CHECK(!sk_notes_append(notes, 9, &length, SK_NOTE_BEGUN, 1, "abc", 4));
	CHECK_EQUAL(length, 0);
	CHECK(sk_notes_append(notes, 12, &length, SK_NOTE_BEGUN, 1, "abc", 4));
	CHECK_EQUAL(sk_event_decode(bytes, close_event(bytes), &event, NULL), 0);
	CHECK_EQUAL(sk_event_add_notes(&event, notes, length, noted, event.header->len + 8), -ENOSPC);
}

TEST(events_have_classes)
{
	CHECK_EQUAL(sk_event_class(SK_EVENT_SYSCALL_OPENAT_2_X), SK_EVENT_CLASS_OPEN);
	CHECK_EQUAL(sk_event_class(SK_EVENT_SYSCALL_EXECVE_19_X), SK_EVENT_CLASS_PROCESS);
	CHECK_EQUAL(sk_event_class(SK_EVENT_PROCEXIT_1_E), SK_EVENT_CLASS_PROCESS);
	CHECK_EQUAL(sk_event_class(SK_EVENT_SYSCALL_SETUID_X), SK_EVENT_CLASS_CREDENTIAL);
	CHECK_EQUAL(sk_event_class(SK_EVENT_SOCKET_CONNECT_X), SK_EVENT_CLASS_CONNECT);
	CHECK_EQUAL(sk_event_class(SK_EVENT_SOCKET_SENDTO_X), SK_EVENT_CLASS_DATA);
	CHECK_EQUAL(sk_event_class(SK_EVENT_SYSCALL_RENAME_X), SK_EVENT_CLASS_FILE);
	CHECK_EQUAL(sk_event_class(SK_EVENT_COUNT), SK_EVENT_CLASS_OTHER);
	CHECK(sk_event_classes[SK_EVENT_CLASS_PROCESS].reserved && !sk_event_classes[SK_EVENT_CLASS_OPEN].reserved);
}

TEST_MAIN(RUN(notes_travel_behind_the_parameters) RUN(a_file_is_told_with_a_path_that_ends)
		  RUN(an_event_with_notes_gets_more) RUN(an_event_without_notes_has_none)
			  RUN(other_bytes_behind_the_parameters_are_no_notes)
				  RUN(damaged_notes_are_read_up_to_the_damage)
					  RUN(what_has_no_room_is_refused_and_changes_nothing)
						  RUN(events_have_classes))
