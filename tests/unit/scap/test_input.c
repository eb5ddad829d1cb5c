/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of compressed inputs, inflated beside the caller and by it: both
 * must give the same bytes, the same end and the same sentence, whatever the
 * file is like and however much is asked for at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <xxhash.h>
#include <zlib.h>

#include "runtime/scap/input.h"
#include "tests/test.h"
#include "vm/support/alloc.h"

enum { HERE, BESIDE }; /* who inflates */

/* Bytes that compress to about half; several blocks of them. */
enum { MUCH = 3 << 20 };

static uint8_t *much;
static uint8_t *packed;
static size_t packed_size;

static size_t pack(const uint8_t *bytes, size_t size, uint8_t *out, size_t room, int flush)
{
	z_stream stream = {
		.next_in = (uint8_t *)bytes, .avail_in = (uInt)size, .next_out = out, .avail_out = (uInt)room};

	CHECK_EQUAL(deflateInit2(&stream, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
	deflate(&stream, flush);
	CHECK_EQUAL(stream.avail_in, 0);
	room = stream.total_out;
	deflateEnd(&stream);
	return room;
}

static void prepare(void)
{
	uint32_t random = 1;

	if (much)
		return;
	much = malloc(MUCH);
	packed = malloc(2 * MUCH);
	for (size_t i = 0; i < MUCH; i++) {
		random = random * 1664525 + 1013904223;
		much[i] = (uint8_t)(random >> 24 & 15);
	}
	packed_size = pack(much, MUCH, packed, 2 * MUCH, Z_FINISH);
}

/* How much is asked for at once: always few, more than fits before a block, more than a block, and all of these. */
static size_t wanted_at(unsigned manner, uint64_t offset)
{
	switch (manner) {
	case 0:
		return 40;
	case 1:
		return 100000;
	case 2:
		return 700000;
	default:
		return 1 + XXH3_64bits(&offset, sizeof(offset)) % (offset % 5 ? 5000 : 400000);
	}
}

enum { MANNERS = 4 };

struct result {
	uint64_t bytes, hash, consumed, end_offset;
	int failure;
	struct sk_error error;
};

/* Reads all; takes over the input. */
static struct result drain(struct sk_scap_input *input, int who, unsigned manner)
{
	XXH3_state_t *hash = XXH3_createState();
	struct result result = {0};

	XXH3_64bits_reset(hash);
	input->ahead_after = who == BESIDE ? 0 : UINT64_MAX;
	for (;;) {
		uint64_t offset = sk_scap_input_offset(input);
		size_t wanted = wanted_at(manner, offset), have = sk_scap_input_have(input, wanted);
		size_t take = have < wanted ? have : wanted - (wanted > 100 ? wanted / 3 : 0);

		CHECK_EQUAL(offset, result.bytes);
		CHECK_EQUAL(sk_scap_input_offset(input), offset);
		CHECK(have >= wanted || input->ended);
		if (have == 0)
			break;
		XXH3_64bits_update(hash, input->position, take);
		input->position += take;
		result.bytes += take;
	}
	result.hash = XXH3_64bits_digest(hash);
	result.consumed = input->consumed;
	result.end_offset = input->end_offset;
	result.failure = sk_scap_input_failure(input, &result.error);
	sk_scap_input_close(input);
	XXH3_freeState(hash);
	return result;
}

static struct result drain_memory(const uint8_t *bytes, size_t size, int who, unsigned manner)
{
	struct sk_scap_input *input;
	struct sk_error error;

	CHECK_EQUAL(sk_scap_input_open_memory(bytes, size, &input, &error), 0);
	return drain(input, who, manner);
}

/* Returns what came of it, after both agreed. */
static struct result both(const uint8_t *bytes, size_t size, unsigned manner)
{
	struct result here = drain_memory(bytes, size, HERE, manner);
	struct result beside = drain_memory(bytes, size, BESIDE, manner);

	CHECK_EQUAL(beside.bytes, here.bytes);
	CHECK_EQUAL(beside.end_offset, here.bytes);
	CHECK_EQUAL(beside.hash, here.hash);
	CHECK_EQUAL(beside.failure, here.failure);
	CHECK_TEXT(beside.error.message, here.error.message);
	CHECK_EQUAL(beside.consumed, here.consumed);
	return here;
}

static uint64_t hash_of_much(size_t size)
{
	return XXH3_64bits(much, size);
}

TEST(all_bytes_come_in_order_however_many_are_asked_for)
{
	prepare();
	for (unsigned manner = 0; manner < MANNERS; manner++) {
		struct result result = both(packed, packed_size, manner);

		CHECK_EQUAL(result.failure, 0);
		CHECK_EQUAL(result.bytes, MUCH);
		CHECK_EQUAL(result.hash, hash_of_much(MUCH));
		CHECK_EQUAL(result.consumed, packed_size);
	}
}

TEST(a_truncated_file_gives_what_is_before_the_cut_and_says_so)
{
	uint64_t most = 0;

	prepare();
	for (size_t cut = 2, step = 1; cut < packed_size; cut += step, step = cut < 40 ? 1 : packed_size / 37) {
		struct result result = both(packed, cut, (unsigned)(cut % MANNERS));

		CHECK_EQUAL(result.failure, -EBADMSG);
		CHECK(strstr(result.error.message, "compressed capture is truncated at byte"));
		CHECK(result.bytes >= most);
		CHECK_EQUAL(result.hash, hash_of_much(result.bytes));
		most = result.bytes;
	}
	/* All but the checksum. */
	CHECK_EQUAL(both(packed, packed_size - 1, 3).bytes, MUCH);
}

TEST(a_damaged_file_gives_what_is_before_the_damage_and_says_so)
{
	unsigned damaged = 0;
	uint8_t *copy;

	prepare();
	copy = malloc(packed_size);
	memcpy(copy, packed, packed_size);
	for (unsigned i = 0; i < 40; i++) {
		size_t at = 10 + (packed_size - 20) / 40 * i;
		struct result result;

		copy[at] ^= 0x55;
		result = both(copy, packed_size, i % MANNERS);
		CHECK_EQUAL(result.failure, -EBADMSG);
		damaged += strstr(result.error.message, "compression is damaged near byte") != NULL;
		copy[at] ^= 0x55;
	}
	CHECK(damaged > 30);
	copy[packed_size - 6] ^= 1; /* the checksum */
	CHECK_EQUAL(both(copy, packed_size, 0).bytes, MUCH);
	CHECK_EQUAL(both(copy, packed_size, 0).failure, -EBADMSG);
	free(copy);
}

TEST(members_follow_each_other_and_what_is_none_is_no_part)
{
	uint8_t *file, *at;

	prepare();
	file = at = malloc(3 * MUCH);
	for (size_t from = 0, size = 1; from < MUCH; from += size, size *= 5) {
		if (size > MUCH - from)
			size = MUCH - from;
		at += pack(much + from, size, at, MUCH, Z_FINISH);
		at += pack(much, 0, at, MUCH, Z_FINISH);
	}
	for (unsigned manner = 0; manner < MANNERS; manner++) {
		static const char *const trailers[] = {"", "\0", "\x1f", "\x1f!", "\0\0\0\0\0\0junk"};
		static const size_t sizes[] = {0, 1, 1, 2, 10};

		for (unsigned i = 0; i < 5; i++) {
			struct result result;

			memcpy(at, trailers[i], sizes[i]);
			result = both(file, (size_t)(at - file) + sizes[i], manner);
			CHECK_EQUAL(result.failure, 0);
			CHECK_EQUAL(result.hash, hash_of_much(MUCH));
			CHECK_EQUAL(result.consumed, at - file);
		}
	}
	/* A second member that is cut off, or begins and is damaged. */
	memcpy(at, packed, 30);
	CHECK_EQUAL(both(file, (size_t)(at - file) + 30, 0).failure, -EBADMSG);
	at[2] = 77;
	CHECK_EQUAL(both(file, (size_t)(at - file) + 30, 0).failure, -EBADMSG);
	free(file);
}

TEST(closing_early_ends_the_thread)
{
	prepare();
	for (size_t stop = 0; stop < MUCH; stop += stop / 2 + 1) {
		struct sk_scap_input *input;
		struct sk_error error;

		CHECK_EQUAL(sk_scap_input_open_memory(packed, packed_size, &input, &error), 0);
		input->ahead_after = 0;
		CHECK(sk_scap_input_skip(input, stop));
		sk_scap_input_close(input);
	}
}

/* --- files and pipes --------------------------------------------------- */

static struct sk_scap_input *open_fd(int fd)
{
	struct sk_scap_input *input = NULL;
	struct sk_error error = {0};
	char path[40];

	snprintf(path, sizeof(path), "/dev/fd/%d", fd);
	CHECK_EQUAL(sk_scap_input_open(path, &input, &error), 0);
	CHECK_TEXT(error.message, "");
	return input;
}

TEST(a_file_is_inflated_beside_the_caller_like_memory)
{
	char path[] = "/tmp/saker-test-XXXXXX";
	int fd = mkstemp(path);

	prepare();
	CHECK_EQUAL(write(fd, packed, packed_size), packed_size);
	for (unsigned manner = 0; manner < MANNERS; manner++) {
		struct result result = drain(open_fd(fd), BESIDE, manner);

		CHECK_EQUAL(result.failure, 0);
		CHECK_EQUAL(result.hash, hash_of_much(MUCH));
	}
	CHECK_EQUAL(ftruncate(fd, (off_t)packed_size - 1000), 0);
	CHECK_EQUAL(drain(open_fd(fd), BESIDE, 3).failure, -EBADMSG);
	close(fd);
	unlink(path);
}

/* A pipe that holds the beginning of a member, flushed, and whose writer then is silent. */
static size_t begin_pipe(int ends[2])
{
	static uint8_t bytes[60000];
	size_t size;

	prepare();
	size = pack(much, 50000, bytes, sizeof(bytes), Z_SYNC_FLUSH);
	CHECK_EQUAL(pipe2(ends, O_CLOEXEC), 0);
	CHECK_EQUAL(write(ends[1], bytes, size), size);
	return size;
}

TEST(what_a_pipe_brought_is_there_before_its_writer_goes_on)
{
	struct sk_scap_input *input;
	struct sk_error error;
	int ends[2];

	begin_pipe(ends);
	input = open_fd(ends[0]);
	input->ahead_after = 0;
	alarm(30); /* otherwise it would wait without end */
	CHECK(sk_scap_input_have(input, 50000) >= 50000);
	CHECK(memcmp(input->position, much, 50000) == 0);
	alarm(0);
	close(ends[1]);
	CHECK_EQUAL(sk_scap_input_have(input, 50001), 50000);
	CHECK_EQUAL(sk_scap_input_failure(input, &error), -EBADMSG);
	CHECK(strstr(error.message, "truncated"));
	sk_scap_input_close(input);
	close(ends[0]);
}

TEST(closing_does_not_wait_for_the_writer_of_a_pipe)
{
	struct sk_scap_input *input;
	int ends[2];

	begin_pipe(ends);
	input = open_fd(ends[0]);
	input->ahead_after = 0;
	alarm(30);
	CHECK(sk_scap_input_have(input, 50000) >= 50000);
	usleep(1000); /* it waits for the next byte now */
	sk_scap_input_close(input);
	alarm(0);
	close(ends[0]);
	close(ends[1]);
}

/* --- little memory ------------------------------------------------------- */

TEST(without_memory_for_a_thread_the_caller_inflates)
{
	struct sk_scap_input *input;
	struct sk_error error;
	struct result result;

	prepare();
	for (unsigned left = 0; left < 2; left++) {
		CHECK_EQUAL(sk_scap_input_open_memory(packed, packed_size, &input, &error), 0);
		/* It has its buffer and the window of zlib already when the thread shall start. */
		input->ahead_after = packed_size / 2;
		CHECK(sk_scap_input_skip(input, 1000));
		while (input->consumed < input->ahead_after)
			CHECK(sk_scap_input_skip(input, sk_scap_input_have(input, 1)));
		sk_alloc_fail_after(left);
		CHECK(sk_scap_input_skip(input, (uint64_t)(input->end - input->position) + 1));
		sk_alloc_fail_after(SIZE_MAX);
		CHECK_EQUAL(input->ahead_after, UINT64_MAX);
		CHECK_EQUAL(sk_scap_input_offset(input) < MUCH, 1);
		CHECK(memcmp(input->position, much + sk_scap_input_offset(input), 1000) == 0);
		sk_scap_input_close(input);
	}
	result = drain_memory(packed, packed_size, BESIDE, 2);
	CHECK_EQUAL(result.failure, 0);
}

TEST(without_memory_for_what_is_wanted_at_once_it_says_so)
{
	struct sk_scap_input *input;
	struct sk_error error;

	prepare();
	CHECK_EQUAL(sk_scap_input_open_memory(packed, packed_size, &input, &error), 0);
	input->ahead_after = 0;
	CHECK(sk_scap_input_have(input, 200000) >= 200000);
	usleep(20000); /* zlib has its window */
	sk_alloc_fail_after(0);
	CHECK(sk_scap_input_have(input, 1 << 20) < 1 << 20);
	sk_alloc_fail_after(SIZE_MAX);
	CHECK(memcmp(input->position, much, (size_t)(input->end - input->position)) == 0);
	CHECK_EQUAL(sk_scap_input_failure(input, &error), -ENOMEM);
	CHECK(strstr(error.message, "no memory for a block of more than"));
	sk_scap_input_close(input);
}

/* clang-format off */
TEST_MAIN(
	RUN(all_bytes_come_in_order_however_many_are_asked_for)
	RUN(a_truncated_file_gives_what_is_before_the_cut_and_says_so)
	RUN(a_damaged_file_gives_what_is_before_the_damage_and_says_so)
	RUN(members_follow_each_other_and_what_is_none_is_no_part)
	RUN(closing_early_ends_the_thread)
	RUN(a_file_is_inflated_beside_the_caller_like_memory)
	RUN(what_a_pipe_brought_is_there_before_its_writer_goes_on)
	RUN(closing_does_not_wait_for_the_writer_of_a_pipe)
	RUN(without_memory_for_a_thread_the_caller_inflates)
	RUN(without_memory_for_what_is_wanted_at_once_it_says_so)
)
