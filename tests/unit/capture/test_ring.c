/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a ring buffer whose kernel side is played by the test.
 */
#include <linux/bpf.h>

#include "runtime/capture/ring.h"
#include "tests/test.h"

enum { SIZE = 256 };

/* The kernel maps the data twice in a row; here the second half is kept equal by hand. */
static struct {
	uint64_t consumer, producer;
	uint8_t data[2 * SIZE];
} memory;

static struct sk_ring ring = {&memory.consumer, &memory.producer, memory.data, SIZE, 4096};

static void start(void)
{
	memset(&memory, 0, sizeof(memory));
}

/* Where it was put. */
static uint64_t put(const char *text, uint32_t flags)
{
	uint32_t length = (uint32_t)strlen(text), header[2] = {length | flags, 0};
	uint8_t record[SIZE] = {0};
	size_t rounded = (8 + length + 7) & ~7u;
	uint64_t position = memory.producer;

	memcpy(record, header, 8);
	memcpy(record + 8, text, length);
	for (size_t i = 0; i < rounded; i++) {
		size_t at = (position + i) % SIZE;

		memory.data[at] = memory.data[SIZE + at] = record[i];
	}
	memory.producer += rounded;
	return position;
}

static bool is(const struct sk_ring_place *place, const char *text)
{
	return place->length == strlen(text) && memcmp(place->bytes, text, place->length) == 0;
}

TEST(records_stand_one_behind_another)
{
	struct sk_ring_place place;

	start();
	CHECK(!sk_ring_pending(&ring));
	CHECK_EQUAL(sk_ring_end(&ring), 0);
	put("one", 0);
	put("a second", 0);
	CHECK(sk_ring_pending(&ring));
	place = sk_ring_look(&ring, 0);
	CHECK(is(&place, "one") && !place.busy && !place.discarded);
	CHECK_EQUAL(place.next, 16);
	place = sk_ring_look(&ring, place.next);
	CHECK(is(&place, "a second"));
	CHECK_EQUAL(place.next, sk_ring_end(&ring));
	sk_ring_release(&ring, place.next);
	CHECK_EQUAL(memory.consumer, 32);
	CHECK(!sk_ring_pending(&ring));
}

TEST(a_record_that_is_being_written_has_its_length)
{
	struct sk_ring_place place;

	start();
	put("busy", BPF_RINGBUF_BUSY_BIT);
	put("later", 0);
	place = sk_ring_look(&ring, 0);
	CHECK(place.busy && !place.discarded);
	CHECK_EQUAL(place.length, 4);
	place = sk_ring_look(&ring, place.next);
	CHECK(is(&place, "later") && !place.busy);
}

TEST(discarded_records_say_so)
{
	struct sk_ring_place place;

	start();
	put("gone", BPF_RINGBUF_DISCARD_BIT);
	place = sk_ring_look(&ring, 0);
	CHECK(place.discarded && !place.busy);
	CHECK_EQUAL(place.next, 16);
}

TEST(records_may_lie_across_the_end)
{
	start();
	for (int i = 0; i < 40; i++) {
		struct sk_ring_place place = sk_ring_look(&ring, put("twenty bytes of text", 0));

		CHECK(is(&place, "twenty bytes of text"));
		sk_ring_release(&ring, place.next);
	}
	CHECK(memory.producer > 4 * SIZE);
}

TEST_MAIN(RUN(records_stand_one_behind_another) RUN(a_record_that_is_being_written_has_its_length)
		  RUN(discarded_records_say_so) RUN(records_may_lie_across_the_end))
