/* SPDX-License-Identifier: Apache-2.0 */
/* The table of stored enter events, held to a simple model. */
#include "runtime/scap/enters.h"

#include <errno.h>

#include "tests/test.h"
#include "vm/support/alloc.h"

static bool holds(const struct sk_scap_enters *enters, uint64_t tid, const char *text)
{
	const struct sk_scap_enter *entry = sk_scap_enters_find(enters, tid);

	return entry && entry->size == strlen(text) && memcmp(entry->bytes, text, entry->size) == 0;
}

static int store(struct sk_scap_enters *enters, uint64_t tid, const char *text)
{
	return sk_scap_enters_store(enters, tid, (const uint8_t *)text, (uint32_t)strlen(text));
}

TEST(the_newest_event_of_a_thread_replaces_the_one_before)
{
	struct sk_scap_enters enters;

	sk_scap_enters_init(&enters);
	CHECK(sk_scap_enters_find(&enters, 1) == NULL);
	sk_scap_enters_drop(&enters, 1);
	CHECK_EQUAL(store(&enters, 1, "open"), 0);
	CHECK_EQUAL(store(&enters, UINT64_MAX, "read"), 0);
	CHECK_EQUAL(store(&enters, 1, "a longer one than before"), 0);
	CHECK(holds(&enters, 1, "a longer one than before"));
	CHECK(holds(&enters, UINT64_MAX, "read"));
	sk_scap_enters_drop(&enters, 1);
	CHECK(sk_scap_enters_find(&enters, 1) == NULL);
	CHECK(holds(&enters, UINT64_MAX, "read"));
	sk_scap_enters_clear(&enters);
	CHECK(sk_scap_enters_find(&enters, UINT64_MAX) == NULL);
	sk_scap_enters_release(&enters);
}

TEST(the_oldest_event_gives_way_when_the_table_is_full)
{
	struct sk_scap_enters enters;
	char text[16];

	sk_scap_enters_init(&enters);
	enters.entry_limit = 300;
	for (unsigned tid = 0; tid < 301; tid++) {
		snprintf(text, sizeof(text), "%u", tid);
		CHECK_EQUAL(store(&enters, tid, text), 0);
		/* 0 is stored again before the table is full, so 1 is the oldest. */
		if (tid == 200)
			CHECK_EQUAL(store(&enters, 0, "0"), 0);
	}
	CHECK_EQUAL(enters.evicted, 1);
	CHECK(holds(&enters, 0, "0"));
	CHECK(sk_scap_enters_find(&enters, 1) == NULL);
	for (unsigned tid = 2; tid < 301; tid++) {
		snprintf(text, sizeof(text), "%u", tid);
		CHECK(holds(&enters, tid, text));
	}
	sk_scap_enters_release(&enters);
}

TEST(memory_stays_within_its_limit)
{
	struct sk_scap_enters enters;
	static uint8_t bytes[65536];
	uint64_t evicted;

	sk_scap_enters_init(&enters);
	enters.memory_limit = 1 << 20;
	for (unsigned tid = 0; tid < 100; tid++) {
		CHECK_EQUAL(sk_scap_enters_store(&enters, tid, bytes, sizeof(bytes)), 0);
		CHECK(enters.memory <= enters.memory_limit);
	}
	CHECK_EQUAL(enters.evicted, 84);
	CHECK(sk_scap_enters_find(&enters, 83) == NULL);
	CHECK(sk_scap_enters_find(&enters, 84) != NULL);
	CHECK(sk_scap_enters_find(&enters, 99) != NULL);

	/* The first 16 take over all the memory; one of them makes room for all the others. */
	evicted = enters.evicted;
	sk_scap_enters_clear(&enters);
	for (unsigned tid = 0; tid < 200; tid++)
		CHECK_EQUAL(sk_scap_enters_store(&enters, tid, bytes, 10), 0);
	CHECK(enters.memory <= enters.memory_limit);
	CHECK_EQUAL(enters.evicted, evicted + 1);

	/* What free entries hold gives way before any that is in use. */
	sk_scap_enters_clear(&enters);
	evicted = enters.evicted;
	CHECK_EQUAL(sk_scap_enters_store(&enters, 1000, bytes, 10), 0);
	for (unsigned tid = 0; tid < 15; tid++)
		CHECK_EQUAL(sk_scap_enters_store(&enters, tid, bytes, sizeof(bytes)), 0);
	CHECK(enters.memory <= enters.memory_limit);
	CHECK_EQUAL(enters.evicted, evicted);
	sk_scap_enters_release(&enters);
}

TEST(it_agrees_with_a_model_over_many_random_steps)
{
	enum { TIDS = 700 };
	static uint32_t model[TIDS]; /* 0: nothing stored */
	struct sk_scap_enters enters;
	uint64_t state = 1;

	sk_scap_enters_init(&enters);
	for (uint32_t round = 1; round < 200000; round++) {
		uint32_t tid;

		state = state * 6364136223846793005u + 1442695040888963407u;
		tid = (uint32_t)(state >> 40) % TIDS;
		if (state >> 63) {
			CHECK_EQUAL(sk_scap_enters_store(&enters, tid * 64, (uint8_t *)&round, 4), 0);
			model[tid] = round;
		} else {
			sk_scap_enters_drop(&enters, tid * 64);
			model[tid] = 0;
		}
		if (round % 1000)
			continue;
		for (tid = 0; tid < TIDS; tid++) {
			const struct sk_scap_enter *entry = sk_scap_enters_find(&enters, tid * 64);
			uint32_t value = 0;

			if (entry)
				memcpy(&value, entry->bytes, 4);
			CHECK_EQUAL(value, model[tid]);
		}
	}
	sk_scap_enters_release(&enters);
}

TEST(nothing_is_allocated_once_every_thread_was_seen)
{
	struct sk_scap_enters enters;
	uint64_t before = 0;

	sk_scap_enters_init(&enters);
	for (unsigned round = 0; round < 3; round++) {
		if (round == 1)
			before = sk_alloc_count();
		for (unsigned tid = 0; tid < 1000; tid++)
			CHECK_EQUAL(store(&enters, tid, "some event"), 0);
		for (unsigned tid = 0; tid < 1000; tid++)
			sk_scap_enters_drop(&enters, tid);
	}
	CHECK_EQUAL(sk_alloc_count(), before);
	sk_scap_enters_release(&enters);
}

TEST(running_out_of_memory_is_reported_and_leaves_it_usable)
{
	for (unsigned countdown = 0; countdown < 6; countdown++) {
		struct sk_scap_enters enters;
		int r;

		sk_scap_enters_init(&enters);
		sk_alloc_fail_after(countdown);
		r = store(&enters, 1, "open");
		if (r == 0)
			r = store(&enters, 2, "close");
		sk_alloc_fail_after(SIZE_MAX);
		CHECK(countdown >= 4 ? r == 0 : r == -ENOMEM);
		CHECK_EQUAL(store(&enters, 2, "read"), 0);
		CHECK(holds(&enters, 2, "read"));
		sk_scap_enters_release(&enters);
	}
}

/* clang-format off */
TEST_MAIN(
	RUN(the_newest_event_of_a_thread_replaces_the_one_before)
	RUN(the_oldest_event_gives_way_when_the_table_is_full)
	RUN(memory_stays_within_its_limit)
	RUN(it_agrees_with_a_model_over_many_random_steps)
	RUN(nothing_is_allocated_once_every_thread_was_seen)
	RUN(running_out_of_memory_is_reported_and_leaves_it_usable)
)
