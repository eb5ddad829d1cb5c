/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a ring buffer whose kernel side is played by the test.
 */
#include <errno.h>
#include <stdlib.h>

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

static void put(const char *text, uint32_t flags)
{
	uint32_t length = (uint32_t)strlen(text), header[2] = {length | flags, 0};
	uint8_t record[SIZE] = {0};
	size_t rounded = (8 + length + 7) & ~7u;

	memcpy(record, header, 8);
	memcpy(record + 8, text, length);
	for (size_t i = 0; i < rounded; i++) {
		size_t at = (memory.producer + i) % SIZE;

		memory.data[at] = memory.data[SIZE + at] = record[i];
	}
	memory.producer += rounded;
}

static char seen[512];
static int refuse_after = -1;

static int handle(void *context, const uint8_t *bytes, size_t size)
{
	(void)context;
	strncat(seen, (const char *)bytes, size);
	strcat(seen, "|");
	return refuse_after >= 0 && refuse_after-- == 0 ? -ECANCELED : 0;
}

static int consume(int limit)
{
	seen[0] = '\0';
	return sk_ring_consume(&ring, limit, handle, NULL);
}

TEST(records_come_in_order_and_once)
{
	start();
	CHECK(!sk_ring_pending(&ring));
	put("one", 0);
	put("second", 0);
	CHECK(sk_ring_pending(&ring));
	CHECK_EQUAL(consume(100), 2);
	CHECK_TEXT(seen, "one|second|");
	CHECK(!sk_ring_pending(&ring));
	CHECK_EQUAL(consume(100), 0);
	CHECK_EQUAL(memory.consumer, memory.producer);
}

TEST(a_record_that_is_being_written_stops_the_reading)
{
	start();
	put("done", 0);
	put("busy", BPF_RINGBUF_BUSY_BIT);
	put("later", 0);
	CHECK_EQUAL(consume(100), 1);
	CHECK_TEXT(seen, "done|");
	/* The kernel finishes it. */
	memory.data[16 + 3] = 0;
	CHECK_EQUAL(consume(100), 2);
	CHECK_TEXT(seen, "busy|later|");
}

TEST(discarded_records_are_skipped)
{
	start();
	put("gone", BPF_RINGBUF_DISCARD_BIT);
	put("here", 0);
	CHECK_EQUAL(consume(100), 1);
	CHECK_TEXT(seen, "here|");
}

TEST(records_may_lie_across_the_end)
{
	start();
	for (int i = 0; i < 40; i++) {
		put("twenty bytes of text", 0);
		CHECK_EQUAL(consume(100), 1);
		CHECK_TEXT(seen, "twenty bytes of text|");
	}
	CHECK(memory.producer > 4 * SIZE);
}

TEST(a_batch_ends_at_its_limit)
{
	start();
	for (int i = 0; i < 5; i++)
		put("x", 0);
	CHECK_EQUAL(consume(3), 3);
	CHECK_EQUAL(memory.consumer, 3 * 16);
	CHECK_EQUAL(consume(3), 2);
}

TEST(a_refusal_ends_the_batch_after_its_record)
{
	start();
	put("a", 0);
	put("b", 0);
	put("c", 0);
	refuse_after = 1;
	CHECK_EQUAL(consume(100), -ECANCELED);
	refuse_after = -1;
	CHECK_TEXT(seen, "a|b|");
	CHECK_EQUAL(consume(100), 1);
	CHECK_TEXT(seen, "c|");
}

TEST_MAIN(RUN(records_come_in_order_and_once) RUN(a_record_that_is_being_written_stops_the_reading)
		  RUN(discarded_records_are_skipped) RUN(records_may_lie_across_the_end)
			  RUN(a_batch_ends_at_its_limit) RUN(a_refusal_ends_the_batch_after_its_record))
