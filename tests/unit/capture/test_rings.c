/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which CPUs are there, and what they lost.
 */
#include <stdlib.h>

#include "runtime/capture/bpf/shared.h"
#include "runtime/capture/loss.h"
#include "runtime/capture/rings.h"
#include "tests/test.h"

enum { CPUS = 8 };

/* "1.1....." */
static const char *parse(const char *list)
{
	static char text[CPUS + 1];
	bool there[CPUS];
	int count = sk_rings_parse_cpus(list, there, CPUS), seen = 0;

	if (count < 0)
		return "refused";
	for (int i = 0; i < CPUS; i++) {
		text[i] = there[i] ? '1' : '.';
		seen += there[i];
	}
	CHECK_EQUAL(count, seen);
	return text;
}

TEST(lists_of_cpus_are_the_kernels)
{
	CHECK_TEXT(parse("0\n"), "1.......");
	CHECK_TEXT(parse("0-1\n"), "11......");
	CHECK_TEXT(parse("0,2-4,7\n"), "1.111..1");
	CHECK_TEXT(parse("\n"), "........");
	CHECK_TEXT(parse("3-3,3"), "...1....");
	CHECK_TEXT(parse("6-1000000,99999999999999999999"), "......11");
	CHECK_TEXT(parse("2-1"), "refused");
	CHECK_TEXT(parse("0-"), "refused");
	CHECK_TEXT(parse("x"), "refused");
	CHECK_TEXT(parse("1;2"), "refused");
	CHECK_TEXT(parse("-1"), "refused");
}

TEST(each_group_of_cpus_has_two_rings)
{
	CHECK_EQUAL(sk_rings_count(1000000, 4), 2);
	CHECK_EQUAL(sk_rings_count(1, 1), 2);
	CHECK_EQUAL(sk_rings_count(3, 1), 2);
}

/* --- loss ------------------------------------------------------------------ */

static struct sk_cpu cpus[CPUS];
static struct sk_loss_watch *watch;

static void start(void)
{
	sk_loss_close(watch);
	watch = NULL;
	memset(cpus, 0, sizeof(cpus));
	CHECK_EQUAL(sk_loss_open((uint8_t *)cpus, sizeof(cpus[0]), CPUS, &watch), 0);
}

static void lose(unsigned cpu, enum sk_event_class class, enum sk_loss cause, uint64_t time)
{
	if (cpus[cpu].lost_first == 0)
		cpus[cpu].lost_first = time;
	cpus[cpu].lost_last = time;
	cpus[cpu].lost[cause][class]++;
	cpus[cpu].losses++;
}

TEST(what_was_lost_is_told_once_from_its_first_time_on)
{
	const struct sk_lost *lost;

	start();
	sk_loss_gather(watch);
	CHECK(!sk_loss_due(watch, UINT64_MAX));
	lose(1, SK_EVENT_CLASS_OPEN, SK_LOSS_RING, 100);
	lose(5, SK_EVENT_CLASS_CLOSE, SK_LOSS_SCRATCH, 90);
	lose(1, SK_EVENT_CLASS_OPEN, SK_LOSS_SIZE, 120);
	CHECK(!sk_loss_due(watch, UINT64_MAX));
	sk_loss_gather(watch);
	sk_loss_gather(watch);
	CHECK(!sk_loss_due(watch, 89));
	lost = sk_loss_due(watch, 90);
	CHECK(lost);
	if (!lost)
		return;
	CHECK_EQUAL(lost->first, 90);
	CHECK_EQUAL(lost->last, 120);
	CHECK_EQUAL(lost->counts[SK_EVENT_CLASS_OPEN], 2);
	CHECK_EQUAL(lost->counts[SK_EVENT_CLASS_CLOSE], 1);
	CHECK_EQUAL(lost->counts[SK_EVENT_CLASS_PROCESS], 0);
	sk_loss_told(watch);
	sk_loss_gather(watch);
	CHECK(!sk_loss_due(watch, UINT64_MAX));
	lose(1, SK_EVENT_CLASS_OPEN, SK_LOSS_RING, 150);
	sk_loss_gather(watch);
	lost = sk_loss_due(watch, 150);
	CHECK(lost && lost->first == 150 && lost->last == 150 && lost->counts[SK_EVENT_CLASS_OPEN] == 1);
}

TEST(a_loss_that_is_counted_after_its_time_was_taken_still_has_one)
{
	const struct sk_lost *lost;

	start();
	lose(0, SK_EVENT_CLASS_OPEN, SK_LOSS_RING, 100);
	/* A second one has left its times, and was interrupted before it could be counted. */
	cpus[0].lost_last = 110;
	sk_loss_gather(watch);
	lost = sk_loss_due(watch, 100);
	CHECK(lost && lost->counts[SK_EVENT_CLASS_OPEN] == 1);
	sk_loss_told(watch);
	cpus[0].lost[SK_LOSS_RING][SK_EVENT_CLASS_OPEN]++;
	cpus[0].losses++;
	sk_loss_gather(watch);
	lost = sk_loss_due(watch, 110);
	CHECK(lost && lost->first == 110 && lost->last == 110 && lost->counts[SK_EVENT_CLASS_OPEN] == 1);
	sk_loss_close(watch);
	watch = NULL;
}

TEST_MAIN(RUN(lists_of_cpus_are_the_kernels) RUN(each_group_of_cpus_has_two_rings)
		  RUN(what_was_lost_is_told_once_from_its_first_time_on)
			  RUN(a_loss_that_is_counted_after_its_time_was_taken_still_has_one))
