/* SPDX-License-Identifier: Apache-2.0 */
/* The reader as a whole: sections, event blocks of all kinds, damage. */
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/scap/build.h"
#include "vm/support/alloc.h"

static struct seen seen;

/* Opens what was built; NULL with the error's number in `seen.refusal`. */
static struct sk_scap_reader *open_built(const struct build *build, struct sk_error *error)
{
	struct sk_entry_sink sink;
	struct sk_scap_reader *reader;
	int r;

	seen = (struct seen){0};
	sink = seeing_sink(&seen);
	r = sk_scap_reader_open_memory(build->out.bytes, build->out.length, &sink, &reader, error);
	if (r == 0)
		return reader;
	seen.refusal = r;
	return NULL;
}

static int read_built(struct build *build, unsigned *ret_events, struct sk_error *error)
{
	int r;

	seen = (struct seen){0};
	r = read_all(build->out.bytes, build->out.length, &seen, ret_events, error);
	sk_buffer_release(&build->out);
	return r;
}

/* A capture with something of everything. */
static void put_rich(struct build *build)
{
	size_t start;

	put_section(build);
	begin_block(build, SK_SCAP_INTERFACES_V2);
	start = begin_length(build);
	put(build, 1, 2);
	put(build, 2, 2);
	put_bytes(build, "\x7f\0\0\1\xff\0\0\0\x7f\xff\xff\xff\0\0\0\0\0\0\0\0lo", 22);
	end_length(build, start, 4);
	end_block(build);
	begin_block(build, SK_SCAP_USERS_V2);
	start = begin_length(build);
	put(build, 0, 1);
	put(build, 0, 4);
	put(build, 0, 4);
	put_string(build, "root");
	put_string(build, "/root");
	put_string(build, "/bin/sh");
	end_length(build, start, 0);
	end_block(build);
	begin_block(build, SK_SCAP_PROCESSES_V1);
	put(build, 1, 8);
	put(build, 1, 8);
	put(build, 0, 8);
	put_string(build, "init");
	put_string(build, "/sbin/init");
	put_string(build, "");
	put_string(build, "/");
	put(build, 1024, 8);
	put(build, 0, 4);
	put(build, 0, 8);
	end_block(build);
	begin_block(build, SK_SCAP_FDS_V1);
	put(build, 1, 8);
	put(build, 0, 8);
	put(build, 6, 8);
	put(build, SK_FD_FILE, 1);
	put_string(build, "/dev/null");
	end_block(build);
	put_close(build, 1, 3);
	EVENT_IN(build, SK_SCAP_EVENT_V1, SK_EVENT_SYSCALL_READ_E, 1, I64(3), U32(10));
	EVENT_IN(build, SK_SCAP_FLAGGED_EVENT_V1, SK_EVENT_SYSCALL_READ_X, 1, I64(2), BYTES("ab"));
	EVENT_IN(build, SK_SCAP_LARGE_EVENT, SK_EVENT_ASYNCEVENT_E, UINT64_MAX, U32(0), TEXT("container"),
		 BYTES("{}"));
	EVENT_IN(build, SK_SCAP_FLAGGED_EVENT_V2, SK_EVENT_SYSCALL_CLOSE_X, 1, I64(0), I64(4));
}

enum { RICH_EVENTS = 4 };

TEST(event_blocks_of_all_kinds_are_read)
{
	static const struct {
		uint32_t type;
		bool state_only;
	} blocks[] = {
		{SK_SCAP_EVENT_V1, false},    {SK_SCAP_FLAGGED_EVENT_V1, true},
		{SK_SCAP_EVENT_V2, false},    {SK_SCAP_FLAGGED_EVENT_V2, true},
		{SK_SCAP_LARGE_EVENT, false}, {SK_SCAP_FLAGGED_LARGE_EVENT, true},
		{0x8010abcd, false},
	};
	struct build build = {0};
	struct sk_scap_reader *reader;
	struct sk_error error = {0};
	struct sk_scap_event event;
	struct sk_event decoded;

	put_section(&build);
	for (unsigned i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		EVENT_IN(&build, blocks[i].type, SK_EVENT_SYSCALL_CLOSE_X, 40 + i, I64(-9), I64(i));
	reader = open_built(&build, &error);
	CHECK(reader != NULL);
	CHECK_EQUAL(seen.completes, 1);
	for (unsigned i = 0; reader && i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		CHECK_EQUAL(sk_scap_reader_next(reader, &event, &error), 1);
		CHECK_EQUAL(event.cpu, 3);
		CHECK_EQUAL(event.state_only, blocks[i].state_only);
		CHECK_EQUAL(sk_event_decode(event.bytes, event.size, &decoded, &error), 0);
		CHECK_EQUAL(decoded.type, SK_EVENT_SYSCALL_CLOSE_X);
		CHECK_EQUAL(decoded.tid, 40 + i);
		CHECK_EQUAL(decoded.nparams, 2);
		CHECK_EQUAL(sk_event_signed(&decoded, 0, 0), -9);
		CHECK_EQUAL(sk_event_signed(&decoded, 1, 99), i);
	}
	CHECK_EQUAL(sk_scap_reader_next(reader, &event, &error), 0);
	CHECK_EQUAL(sk_scap_reader_next(reader, &event, &error), 0);
	sk_scap_reader_close(reader);
	sk_buffer_release(&build.out);
}

TEST(an_event_of_today_is_handed_out_in_place)
{
	struct build build = {0};
	struct sk_scap_reader *reader;
	struct sk_scap_event event;
	struct sk_error error;
	size_t at;

	put_section(&build);
	at = build.out.length + 10;
	put_close(&build, 1, 3);
	reader = open_built(&build, &error);
	CHECK_EQUAL(sk_scap_reader_next(reader, &event, &error), 1);
	CHECK(event.bytes == (const uint8_t *)build.out.bytes + at);
	CHECK_EQUAL(event.size, 26 + 4 + 16);
	sk_scap_reader_close(reader);
	sk_buffer_release(&build.out);
}

/* The number of parameters follows from what the lengths add up to. */
TEST(a_header_of_version_1_gets_its_number_of_parameters)
{
	struct build build = {0};
	struct sk_scap_reader *reader;
	struct sk_scap_event event;
	struct sk_event decoded;
	struct sk_error error;

	put_section(&build);
	/* Its length is 3 too large, as old writers had it. */
	begin_block(&build, SK_SCAP_EVENT_V1);
	put(&build, 0, 2);
	put_bare_event(&build, 1, SK_EVENT_NOTIFICATION_E, 1, 2, (struct value[]){TEXT("id"), TEXT("text")});
	build.out.bytes[build.block + 10 + 16] += 3;
	put_bytes(&build, "xyz", 3);
	end_block(&build);
	EVENT_IN(&build, SK_SCAP_EVENT_V1, SK_EVENT_PROCINFO_E, 1, NUMBER(uint64_t, 7), NUMBER(uint64_t, 8));
	EVENT_IN(&build, SK_SCAP_EVENT_V1, SK_EVENT_CONTAINER_JSON_2_E, 1, TEXT("{}"));

	reader = open_built(&build, &error);
	CHECK_EQUAL(sk_scap_reader_next(reader, &event, &error), 1);
	CHECK_EQUAL(sk_event_decode(event.bytes, event.size, &decoded, &error), 0);
	CHECK_EQUAL(decoded.nparams, 2);
	CHECK_EQUAL(decoded.param[1].length, 5);
	CHECK(memcmp(decoded.param[1].bytes, "text", 5) == 0);
	CHECK_EQUAL(sk_scap_reader_next(reader, &event, &error), 1);
	CHECK_EQUAL(sk_event_decode(event.bytes, event.size, &decoded, &error), 0);
	CHECK_EQUAL(decoded.nparams, 2);
	CHECK_EQUAL(sk_event_unsigned(&decoded, 1, 0), 8);
	/* Its lengths have four bytes each today. */
	CHECK_EQUAL(sk_scap_reader_next(reader, &event, &error), 1);
	CHECK_EQUAL(sk_event_decode(event.bytes, event.size, &decoded, &error), 0);
	CHECK_EQUAL(decoded.nparams, 1);
	CHECK_EQUAL(decoded.param[0].length, 3);
	sk_scap_reader_close(reader);
	sk_buffer_release(&build.out);
}

TEST(events_newer_than_the_schema_are_passed_over)
{
	struct build build = {0};
	struct sk_error error;
	unsigned events;

	put_section(&build);
	EVENT(&build, SK_EVENT_COUNT, 1, I64(0));
	EVENT_IN(&build, SK_SCAP_EVENT_V1, 60000, 1, I64(0));
	put_close(&build, 1, 3);
	EVENT(&build, UINT16_MAX, 1, I64(0));
	CHECK_EQUAL(read_built(&build, &events, &error), 0);
	CHECK_EQUAL(events, 1);
}

TEST(unknown_blocks_are_skipped_before_and_among_events)
{
	struct build build = {0};
	struct sk_error error;
	unsigned events;

	put_section(&build);
	for (unsigned i = 0; i < 2; i++) {
		begin_block(&build, 0x7777);
		put_string(&build, "what a newer writer knows");
		end_block(&build);
		put_close(&build, 1, 3);
	}
	CHECK_EQUAL(read_built(&build, &events, &error), 0);
	CHECK_EQUAL(events, 2);
}

TEST(an_appended_capture_begins_anew)
{
	struct build build = {0};
	struct sk_error error;
	struct sk_scap_reader *reader;
	struct sk_scap_event event;
	struct sk_event decoded;

	put_rich(&build);
	EVENT_IN(&build, SK_SCAP_EVENT_V1, SK_EVENT_SYSCALL_CLOSE_E, 5, I64(77));
	put_rich(&build);
	/* The enter event belonged to the first capture. */
	EVENT_IN(&build, SK_SCAP_EVENT_V1, SK_EVENT_SYSCALL_CLOSE_X, 5, I64(0));
	reader = open_built(&build, &error);
	for (unsigned i = 0; i < RICH_EVENTS; i++)
		CHECK_EQUAL(sk_scap_reader_next(reader, &event, &error), 1);
	CHECK_EQUAL(seen.restarts, 0);
	CHECK_EQUAL(seen.processes, 1);
	CHECK_EQUAL(sk_scap_reader_next(reader, &event, &error), 1);
	CHECK_EQUAL(seen.restarts, 1);
	CHECK_EQUAL(seen.processes, 2);
	CHECK_EQUAL(seen.completes, 2);
	for (unsigned i = 0; i < RICH_EVENTS; i++)
		CHECK_EQUAL(sk_scap_reader_next(reader, &event, &error), 1);
	CHECK_EQUAL(sk_event_decode(event.bytes, event.size, &decoded, &error), 0);
	CHECK_EQUAL(decoded.type, SK_EVENT_SYSCALL_CLOSE_X);
	CHECK_EQUAL(sk_event_signed(&decoded, 1, 1), 0);
	CHECK_EQUAL(sk_scap_reader_next(reader, &event, &error), 0);
	sk_scap_reader_close(reader);
	sk_buffer_release(&build.out);
}

TEST(metadata_among_events_is_damage)
{
	struct build build = {0};
	struct sk_error error;
	unsigned events;

	put_section(&build);
	put_close(&build, 1, 3);
	begin_block(&build, SK_SCAP_USERS_V2);
	end_block(&build);
	put_close(&build, 1, 3);
	CHECK_EQUAL(read_built(&build, &events, &error), -EBADMSG);
	CHECK_EQUAL(events, 1);
	CHECK(strstr(error.message, "metadata among the events: block type 0x220 at byte 88"));
}

TEST(what_is_no_capture_is_told_from_what_is_damaged)
{
	static const struct {
		const char *what;
		size_t offset, size;
		const char *bytes;
		int expected;
		const char *sentence;
	} cases[] = {
		{"magic of another host", 8, 4, "\x1a\x2b\x3c\x4d", -EINVAL, "byte order"},
		{"another magic", 8, 4, "abcd", -EINVAL, "no scap capture"},
		{"no section", 0, 4, "abcd", -EINVAL, "does not begin with a section header"},
		{"newer version", 12, 2, "\2\0", -EINVAL, "version 2.2"},
		{"newer minor version", 14, 2, "\xff\0", 0, ""},
		{"length too small for a block", 4, 4, "\4\0\0\0", -EBADMSG, "says it has 4 bytes"},
		{"length too small for a section", 4, 4, "\x18\0\0\0", -EBADMSG, ""},
		{"wrong trailer", 24, 1, "\0", -EBADMSG, "begins with a length of 28 and ends with 0"},
		{"an event block too large", 32, 4, "\xff\xff\1\0", -EBADMSG, "more than the limit"},
		{"an event block of a large kind", 28, 8, "\x21\2\0\0\xff\xff\xff\xff", -EBADMSG,
		 "more than the limit"},
		{"an event longer than its block", 54, 2, "\xff\0", -EBADMSG, "byte 28 is damaged"},
		{"an event shorter than its header", 54, 2, "\x19\0", -EBADMSG, "byte 28 is damaged"},
		{"too many parameters", 60, 4, "\xff\xff\xff\xff", -EBADMSG, "byte 28 is damaged"},
		{"a parameter too long", 64, 2, "\xff\xff", -EBADMSG, "byte 28 is damaged"},
		{"the event's trailer", 84, 4, "abcd", 0, ""},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct build build = {0};
		struct sk_error error;
		unsigned events;
		int r;

		put_section(&build);
		put_close(&build, 1, 3);
		memcpy(build.out.bytes + cases[i].offset, cases[i].bytes, cases[i].size);
		r = read_built(&build, &events, &error);
		if (r != cases[i].expected || !strstr(error.message, cases[i].sentence))
			printf("# %s: %d, %s\n", cases[i].what, r, error.message);
		CHECK_EQUAL(r, cases[i].expected);
		CHECK(strstr(error.message, cases[i].sentence));
	}
}

TEST(a_compression_that_captures_do_not_have_is_named)
{
	static const struct {
		const char *bytes, *says;
	} files[] = {
		{"\x28\xb5\x2f\xfd\x04\x58\x01\x02\x03\x04\x05\x06", "compressed with zstd"},
		{"\xfd\x37zXZ\0\0\x04\xe6\xd6\xb4\x46", "compressed with xz"},
		{"BZh91AY&SY\x01\x02", "compressed with bzip2"},
		{"\x04\x22\x4d\x18\x64\x40\xa7\x01\x02\x03\x04\x05", "compressed with lz4"},
		{"BZ-no-capture", "does not begin with a section header"},
	};

	for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct sk_error error;
		unsigned events;

		seen = (struct seen){0};
		CHECK_EQUAL(read_all(files[i].bytes, 12, &seen, &events, &error), -EINVAL);
		CHECK(strstr(error.message, files[i].says));
	}
}

TEST(a_capture_without_events_is_told)
{
	struct build build = {0};
	struct sk_error error;
	unsigned events;

	put_section(&build);
	CHECK_EQUAL(read_built(&build, &events, &error), -ENODATA);
	CHECK_EQUAL(read_built(&(struct build){0}, &events, &error), -EINVAL);
	CHECK_EQUAL(sk_scap_reader_open("/nonexistent/capture", &(struct sk_entry_sink){0}, NULL, &error), -ENOENT);
	CHECK(strstr(error.message, "/nonexistent/capture"));
	CHECK_EQUAL(sk_scap_reader_open("/", &(struct sk_entry_sink){0}, NULL, &error), -EISDIR);
}

/*
 * Cut at every byte: what is whole before the cut is delivered, the rest is
 * told, and a cut between blocks is an end like any other.
 */
TEST(a_capture_cut_at_any_byte_gives_what_is_before_the_cut)
{
	struct build build = {0};
	size_t ends[64], end_count = 0, whole;
	unsigned whole_events, ended_well = 0;
	struct sk_error error;

	put_rich(&build);
	for (size_t at = 0; at < build.out.length; at += sk_read_u32(build.out.bytes + at + 4))
		ends[end_count++] = at;
	whole = build.out.length;
	for (size_t size = 0; size < whole; size++) {
		/* In memory of just that size, so that a sanitizer sees what passes it. */
		uint8_t *cut = malloc(size ? size : 1);
		unsigned events, blocks = 0;
		bool between = false;
		int r;

		memcpy(cut, build.out.bytes, size);
		for (size_t i = 0; i < end_count; i++) {
			between |= ends[i] == size;
			blocks += i > 0 && ends[i] <= size;
		}
		seen = (struct seen){0};
		r = read_all(cut, size, &seen, &events, &error);
		if (size < 12)
			CHECK_EQUAL(r, -EINVAL);
		else if (between && blocks > 5)
			CHECK_EQUAL(r, 0);
		else
			CHECK_EQUAL(r, between ? -ENODATA : -EBADMSG);
		if (r < 0)
			CHECK(strlen(error.message) > 10);
		if (r == -EBADMSG)
			CHECK(strstr(error.message, "truncated"));
		ended_well += r == 0;
		/* 5 blocks of metadata; of the events after, the second is kept for the third. */
		CHECK_EQUAL(events, blocks <= 5 ? 0 : blocks <= 6 ? 1 : blocks - 6);
		free(cut);
	}
	CHECK_EQUAL(ended_well, RICH_EVENTS);
	seen = (struct seen){0};
	CHECK_EQUAL(read_all(build.out.bytes, whole, &seen, &whole_events, &error), 0);
	CHECK_EQUAL(whole_events, RICH_EVENTS);
	sk_buffer_release(&build.out);
}

/* Any byte changed in any of some ways must end in a status, never in a crash. */
TEST(a_capture_with_any_byte_changed_ends_in_a_status)
{
	static const uint8_t changes[] = {0x01, 0x80, 0xff, 0x7f, 0x10};
	struct build build = {0};
	unsigned statuses[3] = {0};

	put_rich(&build);
	for (size_t at = 0; at < build.out.length; at++)
		for (unsigned i = 0; i < sizeof(changes); i++) {
			struct sk_error error;
			unsigned events;
			int r;

			build.out.bytes[at] = (char)(build.out.bytes[at] ^ changes[i]);
			seen = (struct seen){0};
			r = read_all(build.out.bytes, build.out.length, &seen, &events, &error);
			CHECK(r == 0 || r == -EBADMSG || r == -EINVAL || r == -ENODATA);
			CHECK(r == 0 || strlen(error.message) > 10);
			statuses[r == 0 ? 0 : r == -EBADMSG ? 1 : 2]++;
			build.out.bytes[at] = (char)(build.out.bytes[at] ^ changes[i]);
		}
	printf("# %u read well, %u damaged, %u no capture\n", statuses[0], statuses[1], statuses[2]);
	CHECK(statuses[0] > 0 && statuses[1] > 0 && statuses[2] > 0);
	sk_buffer_release(&build.out);
}

TEST(compressed_captures_of_one_or_more_members_are_read)
{
	struct build build = {0};
	struct sk_error error;
	unsigned events;
	size_t first_size, second_size, split = 100;
	uint8_t *first, *second, *both;

	put_rich(&build);
	first = gzip(build.out.bytes, split, &first_size);
	second = gzip(build.out.bytes + split, build.out.length - split, &second_size);
	both = malloc(first_size + second_size + 6);
	memcpy(both, first, first_size);
	memcpy(both + first_size, second, second_size);
	memcpy(both + first_size + second_size, "\0\0junk", 6);
	for (unsigned junk = 0; junk <= 6; junk += 6) {
		seen = (struct seen){0};
		CHECK_EQUAL(read_all(both, first_size + second_size + junk, &seen, &events, &error), 0);
		CHECK_EQUAL(events, RICH_EVENTS);
		CHECK_EQUAL(seen.processes, 1);
	}
	free(first);
	free(second);
	free(both);
	sk_buffer_release(&build.out);
}

TEST(a_compressed_capture_cut_at_any_byte_says_so)
{
	struct build build = {0};
	struct sk_error error;
	unsigned events, most = 0;
	size_t size;
	uint8_t *member;

	put_rich(&build);
	for (unsigned i = 0; i < 200; i++)
		put_close(&build, i, i * 7919 % 1000);
	member = gzip(build.out.bytes, build.out.length, &size);
	for (size_t cut = 0; cut < size; cut++) {
		uint8_t *bytes = malloc(cut ? cut : 1);
		int r;

		memcpy(bytes, member, cut);
		seen = (struct seen){0};
		r = read_all(bytes, cut, &seen, &events, &error);
		/* The trailer of the compression is missing at least. */
		CHECK_EQUAL(r, cut < 2 ? -EINVAL : -EBADMSG);
		CHECK(events >= most);
		most = events;
		free(bytes);
	}
	CHECK_EQUAL(most, RICH_EVENTS + 200);

	/* A checksum that is wrong is told, after all events. */
	member[size - 6] ^= 1;
	seen = (struct seen){0};
	CHECK_EQUAL(read_all(member, size, &seen, &events, &error), -EBADMSG);
	CHECK_EQUAL(events, RICH_EVENTS + 200);
	CHECK(strstr(error.message, "compression is damaged"));
	free(member);
	sk_buffer_release(&build.out);
}

/* --- files and pipes --------------------------------------------------- */

static int read_path(const char *path, unsigned *ret_events, uint64_t *ret_offset, uint64_t *ret_size,
		     struct sk_error *error)
{
	struct sk_entry_sink sink;
	struct sk_scap_reader *reader;
	struct sk_scap_event event;
	int r;

	seen = (struct seen){0};
	sink = seeing_sink(&seen);
	*ret_events = 0;
	r = sk_scap_reader_open(path, &sink, &reader, error);
	if (r < 0)
		return r;
	while ((r = sk_scap_reader_next(reader, &event, error)) == 1)
		(*ret_events)++;
	sk_scap_reader_progress(reader, ret_offset, ret_size);
	sk_scap_reader_close(reader);
	return r;
}

static void write_file(const char *path, const void *bytes, size_t size)
{
	FILE *file = fopen(path, "w");

	CHECK(file && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
}

/* Far more than the buffer of 256 KiB, and one block larger than it. */
static void put_much(struct build *build, unsigned count)
{
	static char large[600000];

	put_rich(build);
	for (unsigned i = 0; i < count; i++) {
		put_close(build, i, i);
		if (i == count / 2)
			EVENT_IN(build, SK_SCAP_LARGE_EVENT, SK_EVENT_ASYNCEVENT_E, 1, U32(0), TEXT("x"),
				 TEXT(large));
		if (i == count / 3) {
			begin_block(build, 0x7777);
			put_bytes(build, large, sizeof(large));
			end_block(build);
		}
	}
}

enum { MUCH = 20000 };

TEST(a_file_is_read_plain_and_compressed_and_progress_ends_at_its_size)
{
	char path[] = "/tmp/saker-test-XXXXXX";
	struct build build = {0};
	struct sk_error error;
	uint64_t offset, size;
	unsigned events;
	uint8_t *member;
	size_t member_size;

	close(mkstemp(path));
	put_much(&build, MUCH);
	write_file(path, build.out.bytes, build.out.length);
	CHECK_EQUAL(read_path(path, &events, &offset, &size, &error), 0);
	CHECK_EQUAL(events, RICH_EVENTS + MUCH + 1);
	CHECK_EQUAL(size, build.out.length);
	CHECK_EQUAL(offset, size);

	member = gzip(build.out.bytes, build.out.length, &member_size);
	write_file(path, member, member_size);
	CHECK_EQUAL(read_path(path, &events, &offset, &size, &error), 0);
	CHECK_EQUAL(events, RICH_EVENTS + MUCH + 1);
	CHECK_EQUAL(size, member_size);
	CHECK_EQUAL(offset, size);
	free(member);
	sk_buffer_release(&build.out);
	unlink(path);
}

/* Writes the bytes in small pieces into a pipe that is standard input. */
static int read_pipe(const uint8_t *bytes, size_t size, unsigned *ret_events, struct sk_error *error)
{
	int ends[2], before = dup(STDIN_FILENO), status, r;
	uint64_t offset, file_size;
	pid_t child;

	CHECK_EQUAL(pipe(ends), 0);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		close(ends[0]);
		for (size_t at = 0, piece; at < size; at += piece) {
			piece = 1 + at * 31 % 5000;
			if (piece > size - at)
				piece = size - at;
			if (write(ends[1], bytes + at, piece) != (ssize_t)piece)
				_exit(1);
		}
		_exit(0);
	}
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	r = read_path("-", ret_events, &offset, &file_size, error);
	CHECK_EQUAL(file_size, 0);
	dup2(before, STDIN_FILENO);
	close(before);
	CHECK_EQUAL(waitpid(child, &status, 0), child);
	return r;
}

TEST(a_pipe_is_read_however_small_its_pieces)
{
	struct build build = {0};
	struct sk_error error;
	unsigned events;
	uint8_t *member;
	size_t member_size;

	put_much(&build, MUCH);
	CHECK_EQUAL(read_pipe((uint8_t *)build.out.bytes, build.out.length, &events, &error), 0);
	CHECK_EQUAL(events, RICH_EVENTS + MUCH + 1);
	member = gzip(build.out.bytes, build.out.length, &member_size);
	CHECK_EQUAL(read_pipe(member, member_size, &events, &error), 0);
	CHECK_EQUAL(events, RICH_EVENTS + MUCH + 1);
	CHECK_EQUAL(read_pipe(member, member_size - 20, &events, &error), -EBADMSG);
	CHECK(strstr(error.message, "compressed capture is truncated"));
	free(member);
	sk_buffer_release(&build.out);
}

TEST(reading_allocates_nothing_per_event)
{
	struct build build = {0};
	struct sk_scap_reader *reader;
	struct sk_scap_event event;
	struct sk_error error;
	uint64_t before = 0;
	unsigned events = 0;

	put_much(&build, 1000);
	reader = open_built(&build, &error);
	while (sk_scap_reader_next(reader, &event, &error) == 1)
		if (events++ == RICH_EVENTS)
			before = sk_alloc_count();
	CHECK_EQUAL(sk_alloc_count(), before);
	sk_scap_reader_close(reader);
	sk_buffer_release(&build.out);
}

TEST(running_out_of_memory_is_an_error_like_any_other)
{
	char path[] = "/tmp/saker-test-XXXXXX";
	struct build build = {0};
	bool finished = false;
	uint8_t *member;
	size_t member_size;

	close(mkstemp(path));
	put_rich(&build);
	member = gzip(build.out.bytes, build.out.length, &member_size);
	write_file(path, member, member_size);
	for (unsigned countdown = 0; countdown < 50 && !finished; countdown++) {
		struct sk_error error = {0};
		uint64_t offset, size;
		unsigned events;
		int r;

		sk_alloc_fail_after(countdown);
		r = read_path(path, &events, &offset, &size, &error);
		sk_alloc_fail_after(SIZE_MAX);
		CHECK(r == 0 || r == -ENOMEM);
		CHECK(r == 0 || strstr(error.message, "memory"));
		finished = r == 0;
	}
	CHECK(finished);
	free(member);
	sk_buffer_release(&build.out);
	unlink(path);
}

/* clang-format off */
TEST_MAIN(
	RUN(event_blocks_of_all_kinds_are_read)
	RUN(an_event_of_today_is_handed_out_in_place)
	RUN(a_header_of_version_1_gets_its_number_of_parameters)
	RUN(events_newer_than_the_schema_are_passed_over)
	RUN(unknown_blocks_are_skipped_before_and_among_events)
	RUN(an_appended_capture_begins_anew)
	RUN(metadata_among_events_is_damage)
	RUN(what_is_no_capture_is_told_from_what_is_damaged)
	RUN(a_compression_that_captures_do_not_have_is_named)
	RUN(a_capture_without_events_is_told)
	RUN(a_capture_cut_at_any_byte_gives_what_is_before_the_cut)
	RUN(a_capture_with_any_byte_changed_ends_in_a_status)
	RUN(compressed_captures_of_one_or_more_members_are_read)
	RUN(a_compressed_capture_cut_at_any_byte_says_so)
	RUN(a_file_is_read_plain_and_compressed_and_progress_ends_at_its_size)
	RUN(a_pipe_is_read_however_small_its_pieces)
	RUN(reading_allocates_nothing_per_event)
	RUN(running_out_of_memory_is_an_error_like_any_other)
)
