/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds small captures in memory, block by block, and remembers what a reader
 * says about them.
 */
#ifndef SK_TESTS_SCAP_BUILD_H
#define SK_TESTS_SCAP_BUILD_H

#include <stdarg.h>
#include <stdlib.h>

#include <zlib.h>

#include "runtime/scap/blocks.h"
#include "runtime/scap/reader.h"
#include "tests/test.h"
#include "vm/event.h"
#include "vm/support/buffer.h"

struct build {
	struct sk_buffer out;
	size_t block; /* where the open block begins */
};

static void put(struct build *build, uint64_t number, size_t size)
{
	sk_buffer_append(&build->out, &number, size);
}

static void put_bytes(struct build *build, const void *bytes, size_t size)
{
	sk_buffer_append(&build->out, bytes, size);
}

/* A string as entries have them: u16 length and bytes. */
static void put_string(struct build *build, const char *text)
{
	put(build, strlen(text), 2);
	put_bytes(build, text, strlen(text));
}

static void begin_block(struct build *build, uint32_t type)
{
	build->block = build->out.length;
	put(build, type, 4);
	put(build, 0, 4);
}

static void end_block(struct build *build)
{
	uint32_t total;

	while ((build->out.length - build->block) % 4)
		put(build, 0, 1);
	total = (uint32_t)(build->out.length - build->block + 4);
	put(build, total, 4);
	memcpy(build->out.bytes + build->block + 4, &total, 4);
}

static size_t begin_length(struct build *build)
{
	put(build, 0, 4);
	return build->out.length - 4;
}

/* Fills in an entry's length, to which the 4 bytes of itself may not count. */
static void end_length(struct build *build, size_t start, uint32_t uncounted)
{
	uint32_t length = (uint32_t)(build->out.length - start) - uncounted;

	memcpy(build->out.bytes + start, &length, 4);
}

static void put_section(struct build *build)
{
	begin_block(build, SK_SCAP_SECTION);
	put(build, SK_SCAP_MAGIC, 4);
	put(build, 1, 2);
	put(build, 2, 2);
	put(build, UINT64_MAX, 8);
	end_block(build);
}

struct value {
	const void *bytes;
	uint32_t length;
};

#define TEXT(text) ((struct value){text, sizeof(text)})
#define BYTES(text) ((struct value){text, sizeof(text) - 1})
#define NUMBER(type, number) ((struct value){&(type){number}, sizeof(type)})
#define I64(number) NUMBER(int64_t, number)
#define U32(number) NUMBER(uint32_t, number)
#define U16(number) NUMBER(uint16_t, number)
#define U8(number) NUMBER(uint8_t, number)
#define NOTHING ((struct value){"", 0})

/* An event without a block; version 1 lacks the number of parameters. */
static void put_bare_event(struct build *build, unsigned version, uint16_t type, uint64_t tid, unsigned nparams,
			   const struct value *values)
{
	bool large = version == 2 && type < SK_EVENT_COUNT && sk_events[type].flags & SK_EVENT_FLAG_LARGE_PAYLOAD;
	uint32_t len = (version == 1 ? 22 : 26) + nparams * (large ? 4 : 2);

	for (unsigned i = 0; i < nparams; i++)
		len += values[i].length;
	put(build, 1000 + build->out.length, 8);
	put(build, tid, 8);
	put(build, len, 4);
	put(build, type, 2);
	if (version == 2)
		put(build, nparams, 4);
	for (unsigned i = 0; i < nparams; i++)
		put(build, values[i].length, large ? 4 : 2);
	for (unsigned i = 0; i < nparams; i++)
		put_bytes(build, values[i].bytes, values[i].length);
}

#define COUNT(...) (sizeof((struct value[]){__VA_ARGS__}) / sizeof(struct value))

/* EVENT(&build, type, tid, values ...): today's block and header; at least one value. */
#define EVENT(build, type, tid, ...)                                                                               \
	put_event(build, SK_SCAP_EVENT_V2, type, tid, COUNT(__VA_ARGS__), (struct value[]){__VA_ARGS__})
#define EVENT_IN(build, block, type, tid, ...)                                                                     \
	put_event(build, block, type, tid, COUNT(__VA_ARGS__), (struct value[]){__VA_ARGS__})

static void put_event(struct build *build, uint32_t block, uint16_t type, uint64_t tid, unsigned nparams,
		      const struct value *values)
{
	uint32_t number = sk_scap_block_number(block);
	bool old = number == SK_SCAP_EVENT_V1 || number == SK_SCAP_FLAGGED_EVENT_V1;

	begin_block(build, block);
	put(build, 3, 2);
	if (number == SK_SCAP_FLAGGED_EVENT_V1 || number == SK_SCAP_FLAGGED_EVENT_V2 ||
	    number == SK_SCAP_FLAGGED_LARGE_EVENT)
		put(build, SK_SCAP_STATE_ONLY, 4);
	put_bare_event(build, old ? 1 : 2, type, tid, nparams, values);
	end_block(build);
}

/* A current event that most captures here end with. */
static void put_close(struct build *build, uint64_t tid, int64_t fd)
{
	EVENT(build, SK_EVENT_SYSCALL_CLOSE_X, tid, I64(0), I64(fd));
}

/* --- remembering ------------------------------------------------------- */

struct seen {
	struct sk_machine_entry machine;
	struct sk_interface_entry interface;
	struct sk_user_entry user;
	struct sk_group_entry group;
	struct sk_process_entry process;
	struct sk_fd_entry fd;
	int64_t fd_tid;
	unsigned machines, interfaces, users, groups, processes, fds, completes, restarts;
	int refusal;         /* what `process` returns */
	char text[16][4100]; /* of the last entries, NUL-terminated */
};

static void keep(char *text, struct sk_bytes bytes)
{
	CHECK(bytes.length < 4100);
	memcpy(text, bytes.bytes, bytes.length);
	text[bytes.length] = 0;
}

static int see_machine(void *context, const struct sk_machine_entry *entry)
{
	struct seen *seen = context;

	seen->machine = *entry;
	seen->machines++;
	return 0;
}

static int see_interface(void *context, const struct sk_interface_entry *entry)
{
	struct seen *seen = context;

	seen->interface = *entry;
	seen->interfaces++;
	keep(seen->text[0], entry->name);
	return 0;
}

static int see_user(void *context, const struct sk_user_entry *entry)
{
	struct seen *seen = context;

	seen->user = *entry;
	seen->users++;
	keep(seen->text[1], entry->name);
	keep(seen->text[2], entry->home);
	keep(seen->text[3], entry->shell);
	return 0;
}

static int see_group(void *context, const struct sk_group_entry *entry)
{
	struct seen *seen = context;

	seen->group = *entry;
	seen->groups++;
	keep(seen->text[4], entry->name);
	return 0;
}

static int see_process(void *context, const struct sk_process_entry *entry)
{
	struct seen *seen = context;

	seen->process = *entry;
	seen->processes++;
	keep(seen->text[5], entry->comm);
	keep(seen->text[6], entry->exe);
	keep(seen->text[7], entry->exepath);
	keep(seen->text[8], entry->args);
	keep(seen->text[9], entry->cwd);
	keep(seen->text[10], entry->env);
	keep(seen->text[11], entry->cgroups);
	keep(seen->text[12], entry->root);
	return seen->refusal;
}

static int see_fd(void *context, int64_t tid, const struct sk_fd_entry *entry)
{
	struct seen *seen = context;

	seen->fd = *entry;
	seen->fd_tid = tid;
	seen->fds++;
	keep(seen->text[13], entry->name);
	return 0;
}

static int see_complete(void *context)
{
	((struct seen *)context)->completes++;
	return 0;
}

static int see_restart(void *context)
{
	((struct seen *)context)->restarts++;
	return 0;
}

static struct sk_entry_sink seeing_sink(struct seen *seen)
{
	return (struct sk_entry_sink){
		.context = seen,
		.machine = see_machine,
		.interface = see_interface,
		.user = see_user,
		.group = see_group,
		.process = see_process,
		.fd = see_fd,
		.complete = see_complete,
		.restart = see_restart,
	};
}

/*
 * Reads a capture to its end.  Returns the last status (0 or a negative
 * errno), counts the events, and leaves the sentence in `error`.
 */
static int read_all(const void *bytes, size_t size, struct seen *seen, unsigned *ret_events, struct sk_error *error)
{
	struct sk_entry_sink sink = seeing_sink(seen);
	struct sk_scap_reader *reader;
	struct sk_scap_event event;
	struct sk_event decoded;
	int r;

	*ret_events = 0;
	error->message[0] = 0;
	r = sk_scap_reader_open_memory(bytes, size, &sink, &reader, error);
	if (r < 0)
		return r;
	while ((r = sk_scap_reader_next(reader, &event, error)) == 1) {
		(*ret_events)++;
		CHECK_EQUAL(sk_event_decode(event.bytes, event.size, &decoded, NULL), 0);
	}
	sk_scap_reader_close(reader);
	return r;
}

/* The bytes as a gzip member; free() them. */
static uint8_t *gzip(const void *bytes, size_t size, size_t *ret_size)
{
	z_stream stream = {0};
	size_t room = size + 4096;
	uint8_t *member = malloc(room);

	CHECK_EQUAL(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
	stream.next_in = (uint8_t *)bytes;
	stream.avail_in = (uInt)size;
	stream.next_out = member;
	stream.avail_out = (uInt)room;
	CHECK_EQUAL(deflate(&stream, Z_FINISH), Z_STREAM_END);
	*ret_size = stream.total_out;
	deflateEnd(&stream);
	return member;
}

#endif
