/* SPDX-License-Identifier: Apache-2.0 */
/* Losses: what they put in doubt, and what is said of them. */
#include "runtime/state/loss.h"

#include "tests/test.h"

enum { SECOND_NS = 1000000000 };

static const uint64_t start = UINT64_C(1700000000) * SECOND_NS;
static struct sk_losses losses;

static void begin(void)
{
	losses = (struct sk_losses){0};
}

static void lose(enum sk_event_class class, uint64_t count, uint64_t last, uint64_t ts)
{
	struct sk_lost lost = {.first = last, .last = last};

	lost.counts[class] = count;
	sk_losses_add(&losses, &lost, ts);
}

TEST(a_loss_touches_what_hangs_on_its_class)
{
	begin();
	CHECK_EQUAL(losses.touched[SK_STAKE_NAME], 0);
	lose(SK_EVENT_CLASS_PROCESS, 1, start, start);
	lose(SK_EVENT_CLASS_CLOSE, 1, start, start);
	CHECK_EQUAL(losses.touched[SK_STAKE_NAME], 1);
	CHECK_EQUAL(losses.touched[SK_STAKE_IDS], 1);
	CHECK_EQUAL(losses.touched[SK_STAKE_FD_FILE], 2);
	CHECK_EQUAL(losses.touched[SK_STAKE_FDS], 2);
	lose(SK_EVENT_CLASS_OTHER, 0, start, start);
	for (unsigned i = 0; i < SK_STAKE_COUNT; i++)
		CHECK_EQUAL(losses.touched[i], 3);
}

TEST(every_class_touches_something)
{
	uint32_t all = 0;

	for (unsigned i = 0; i < SK_STAKE_COUNT; i++) {
		CHECK(sk_stake_classes((enum sk_stake)i) != 0);
		all |= sk_stake_classes((enum sk_stake)i);
	}
	CHECK_EQUAL(all & ((1U << SK_EVENT_CLASS_COUNT) - 1), (1U << SK_EVENT_CLASS_COUNT) - 1);
}

TEST(a_stamp_moves_once_a_loss_is_over)
{
	begin();
	CHECK(!sk_losses_pass(&losses, start));
	lose(SK_EVENT_CLASS_PROCESS, 1, start + 10, start);
	CHECK(!sk_losses_pass(&losses, start + 10));
	CHECK_EQUAL(losses.stamp, 0);
	CHECK(sk_losses_pass(&losses, start + 11));
	CHECK_EQUAL(losses.stamp, 1);
	CHECK(!sk_losses_pass(&losses, start + 12));
	lose(SK_EVENT_CLASS_PROCESS, 1, start + 100, start + 12);
	lose(SK_EVENT_CLASS_PROCESS, 1, start + 50, start + 13);
	CHECK(!sk_losses_pass(&losses, start + 60));
	CHECK(sk_losses_pass(&losses, start + 101));
	CHECK_EQUAL(losses.stamp, 3);
}

TEST(times_beyond_reason_are_brought_near)
{
	begin();
	lose(SK_EVENT_CLASS_PROCESS, 1, UINT64_MAX, start);
	CHECK(sk_losses_pass(&losses, start + 1));
	lose(SK_EVENT_CLASS_PROCESS, 1, 0, start + 5);
	CHECK(sk_losses_pass(&losses, start + 6));
	losses.count = UINT32_MAX;
	losses.stamp = 7;
	lose(SK_EVENT_CLASS_PROCESS, 1, start, start);
	CHECK_EQUAL(losses.count, UINT32_MAX);
	CHECK(!sk_losses_pass(&losses, UINT64_MAX));
}

TEST(losses_are_added_up_from_a_number_on)
{
	struct sk_lost lost;
	uint32_t known = 1, classes = 1U << SK_EVENT_CLASS_OPEN | 1U << SK_EVENT_CLASS_DATA;

	begin();
	lose(SK_EVENT_CLASS_OPEN, 5, start, start);
	lose(SK_EVENT_CLASS_CLOSE, 9, start + 1, start + 1);
	lose(SK_EVENT_CLASS_OPEN, 7, start + 2, start + 2);
	sk_losses_since(&losses, 0, 1U << SK_EVENT_CLASS_OPEN, &lost);
	CHECK_EQUAL(lost.counts[SK_EVENT_CLASS_OPEN], 12);
	CHECK_EQUAL(lost.counts[SK_EVENT_CLASS_CLOSE], 0);
	CHECK_EQUAL(lost.first, start);
	CHECK_EQUAL(lost.last, start + 2);
	sk_losses_since(&losses, 1, UINT32_MAX, &lost);
	CHECK_EQUAL(lost.counts[SK_EVENT_CLASS_OPEN], 7);
	CHECK_EQUAL(lost.counts[SK_EVENT_CLASS_CLOSE], 9);
	sk_losses_since(&losses, 3, UINT32_MAX, &lost);
	CHECK_EQUAL(lost.last, 0);
	sk_losses_simplify(&losses, &known, &classes);
	CHECK_EQUAL(known, 2);
	CHECK_EQUAL(classes, 1U << SK_EVENT_CLASS_OPEN);
	sk_losses_simplify(&losses, &(uint32_t){3}, &classes);
	CHECK_EQUAL(classes, 0);
}

TEST(old_losses_are_added_up_and_none_is_forgotten)
{
	struct sk_lost lost;

	begin();
	for (uint64_t i = 1; i <= 1000; i++)
		lose(i % 2 ? SK_EVENT_CLASS_OPEN : SK_EVENT_CLASS_CLOSE, i, start + i, start + i);
	sk_losses_since(&losses, 0, UINT32_MAX, &lost);
	CHECK_EQUAL(lost.counts[SK_EVENT_CLASS_OPEN] + lost.counts[SK_EVENT_CLASS_CLOSE], 500500);
	CHECK_EQUAL(lost.first, start + 1);
	sk_losses_since(&losses, 990, UINT32_MAX, &lost);
	CHECK_EQUAL(lost.counts[SK_EVENT_CLASS_OPEN] + lost.counts[SK_EVENT_CLASS_CLOSE], 9955);
	/* Too many counts stay at the most there can be. */
	lose(SK_EVENT_CLASS_OPEN, UINT64_MAX, start, start);
	sk_losses_since(&losses, 0, UINT32_MAX, &lost);
	CHECK_EQUAL(lost.counts[SK_EVENT_CLASS_OPEN], UINT64_MAX);
}

TEST(a_window_is_open_for_a_while)
{
	struct sk_lost lost;

	begin();
	CHECK(!sk_losses_around(&losses, start, &lost));
	lose(SK_EVENT_CLASS_OPEN, 5, start, start);
	CHECK(sk_losses_around(&losses, start - 1, &lost));
	CHECK(sk_losses_around(&losses, start + SK_LOSS_WINDOW, &lost));
	CHECK(!sk_losses_around(&losses, start + SK_LOSS_WINDOW + 1, &lost));
}

TEST_MAIN(RUN(a_loss_touches_what_hangs_on_its_class) RUN(every_class_touches_something)
		  RUN(a_stamp_moves_once_a_loss_is_over) RUN(times_beyond_reason_are_brought_near)
			  RUN(losses_are_added_up_from_a_number_on)
				  RUN(old_losses_are_added_up_and_none_is_forgotten)
					  RUN(a_window_is_open_for_a_while))
