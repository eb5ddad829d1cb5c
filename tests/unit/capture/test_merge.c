/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Merging rings whose kernel side is played by the test: by hand, to see each
 * rule at work, and by threads that write at the same time, take their times
 * and places in any order, interrupt themselves and lose what does not fit.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <linux/bpf.h>

#include "runtime/capture/bpf/shared.h"
#include "runtime/capture/clock.h"
#include "runtime/capture/merge.h"
#include "tests/test.h"

enum { SIZE = 16384, RINGS = 4, CPUS = 4 };

/* --- a kernel ----------------------------------------------------------- */

static struct {
	uint64_t consumer, producer;
	int lock;
	uint8_t *data;
} memory[RINGS];

static struct sk_ring rings[RINGS];
static struct sk_cpu cpus[CPUS];
static struct sk_merge *merge;

static uint8_t *map_twice(void)
{
	int fd = memfd_create("ring", MFD_CLOEXEC);
	uint8_t *data = mmap(NULL, 2 * SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (fd < 0 || data == MAP_FAILED || ftruncate(fd, SIZE) < 0 ||
	    mmap(data, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED ||
	    mmap(data + SIZE, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
		abort();
	close(fd);
	return data;
}

static void start(void)
{
	struct sk_merge_options options = {rings, RINGS, (const uint8_t *)cpus, sizeof(cpus[0]), CPUS, 0};

	memset(cpus, 0, sizeof(cpus));
	for (int i = 0; i < RINGS; i++) {
		if (!memory[i].data)
			memory[i].data = map_twice();
		memset(memory[i].data, 0, SIZE);
		memory[i].consumer = memory[i].producer = 0;
		rings[i] = (struct sk_ring){&memory[i].consumer, &memory[i].producer, memory[i].data, SIZE, 4096};
	}
	sk_merge_close(merge);
	merge = NULL;
	CHECK_EQUAL(sk_merge_open(&options, &merge), 0);
}

/* What an event of the test says. */
struct event {
	struct sk_ring_record record;
	uint64_t ts;
	uint64_t number; /* of its builder, from 1 */
	uint32_t check;  /* of the filling */
	uint32_t filling;
};

static uint32_t *header_at(int ring, uint64_t position)
{
	return (uint32_t *)(void *)(memory[ring].data + position % SIZE);
}

/* Room for `length` bytes, busy; UINT64_MAX if there is none. */
static uint64_t reserve(int ring, uint32_t length)
{
	uint64_t position, needed = (8 + length + 7) & ~7u;

	while (__atomic_exchange_n(&memory[ring].lock, 1, __ATOMIC_ACQUIRE))
		sched_yield();
	position = memory[ring].producer;
	if (position + needed - __atomic_load_n(&memory[ring].consumer, __ATOMIC_ACQUIRE) > SIZE) {
		position = UINT64_MAX;
	} else {
		__atomic_store_n(header_at(ring, position), length | BPF_RINGBUF_BUSY_BIT, __ATOMIC_RELAXED);
		__atomic_store_n(&memory[ring].producer, position + needed, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&memory[ring].lock, 0, __ATOMIC_RELEASE);
	return position;
}

static void commit(int ring, uint64_t position, uint32_t length)
{
	__atomic_exchange_n(header_at(ring, position), length, __ATOMIC_SEQ_CST);
}

/* --- what arrives --------------------------------------------------------- */

static struct {
	uint64_t times[64];
	int count, refuse_at;
} seen;

static int see(void *context, const uint8_t *bytes, size_t size)
{
	struct event event;

	(void)context;
	CHECK_EQUAL(size, sizeof(event));
	memcpy(&event, bytes, sizeof(event));
	seen.times[seen.count++ % 64] = event.ts;
	return seen.count == seen.refuse_at ? -ECANCELED : 0;
}

/* The times that a look finds, relative to `base`, as text. */
static const char *find(uint64_t base, int limit)
{
	static char text[512];
	int result;

	seen.count = 0;
	sk_merge_look(merge);
	result = sk_merge_deliver(merge, limit, see, NULL);
	CHECK(result == seen.count || result == -ECANCELED);
	text[0] = '\0';
	for (int i = 0; i < seen.count && i < 64; i++)
		sprintf(text + strlen(text), "%s%d", i ? " " : "", (int)(int64_t)(seen.times[i] - base));
	return text;
}

static uint64_t put_busy(int ring, uint64_t ts)
{
	uint64_t position = reserve(ring, sizeof(struct event));
	struct event event = {.ts = ts};

	memcpy(memory[ring].data + position % SIZE + 8, &event, sizeof(event));
	return position;
}

static void put(int ring, uint64_t ts)
{
	commit(ring, put_busy(ring, ts), sizeof(struct event));
}

/* A time so long ago that no margin matters. */
static uint64_t past(void)
{
	return sk_clock_boot() - 1000000000;
}

/* --- by hand ------------------------------------------------------------------ */

TEST(rings_are_merged_by_time)
{
	uint64_t base = past();

	start();
	put(0, base + 1);
	put(0, base + 5);
	put(1, base + 2);
	put(1, base + 3);
	put(3, base + 4);
	put(2, base);
	CHECK_TEXT(find(base, 100), "0 1 2 3 4 5");
	CHECK(!sk_merge_pending(merge));
	CHECK_TEXT(find(base, 100), "");
	put(1, base + 6);
	CHECK_TEXT(find(base, 100), "6");
}

TEST(an_overtaken_event_comes_at_its_time_and_keeps_its_room)
{
	uint64_t base = past();

	start();
	put(0, base + 5);
	put(0, base + 9);
	put(0, base + 3);
	put(0, base + 7);
	put(1, base + 6);
	CHECK_TEXT(find(base, 2), "3 5");
	/* The first record is done, the third too, the second is not. */
	CHECK_EQUAL(memory[0].consumer, (8 + sizeof(struct event)));
	put(0, base + 8);
	put(0, base + 4);
	CHECK_TEXT(find(base, 3), "4 6 7");
	CHECK_EQUAL(memory[0].consumer, (8 + sizeof(struct event)));
	CHECK_TEXT(find(base, 100), "8 9");
	CHECK_EQUAL(memory[0].consumer, memory[0].producer);
	CHECK_EQUAL(sk_merge_disordered(merge), 1);
}

TEST(what_is_later_than_an_event_being_built_waits_for_it)
{
	uint64_t before, after;

	start();
	before = sk_clock_boot();
	usleep(20);
	CHECK_TEXT(find(0, 100), "");
	usleep(20);
	cpus[2].builders[SK_BUILDER_SIGNAL] = 1;
	after = sk_clock_boot();
	put(0, before);
	put(1, after);
	usleep(20);
	CHECK_TEXT(find(before, 100), "0");
	CHECK(sk_merge_pending(merge));
	usleep(20);
	CHECK_TEXT(find(before, 100), "");
	put(2, after - 5);
	cpus[2].builders[SK_BUILDER_SIGNAL] = 2;
	usleep(20);
	CHECK_TEXT(find(after, 100), "-5 0");
	CHECK(!sk_merge_awaits(merge));
}

TEST(builders_that_are_always_at_work_delay_by_one_look)
{
	uint64_t time = past();

	start();
	for (unsigned i = 0; i < 10; i++) {
		time = sk_clock_boot();
		put(0, time);
		usleep(20);
		/* Another event each time: those before it were complete at the last look. */
		cpus[1].builders[SK_BUILDER_SCRATCH] = 2 * i + 1;
		find(time, 100);
		CHECK_EQUAL(seen.count, i == 0 ? 0 : 1);
	}
	cpus[1].builders[SK_BUILDER_SCRATCH]++;
	CHECK_TEXT(find(time, 100), "0");
}

TEST(a_builder_that_never_ends_is_given_up)
{
	start();
	cpus[0].builders[SK_BUILDER_SCRATCH] = 1;
	put(0, sk_clock_boot());
	usleep(20);
	CHECK_TEXT(find(0, 100), "");
	sleep(2);
	find(0, 100);
	CHECK_EQUAL(seen.count, 1);
}

TEST(what_stands_behind_a_busy_record_is_not_overtaken)
{
	uint64_t base = past(), busy;

	start();
	put(0, base + 1);
	busy = put_busy(0, base + 9);
	put(0, base + 4);
	put(1, base + 2);
	put(1, base + 5);
	CHECK_TEXT(find(base, 100), "1 2");
	CHECK(sk_merge_awaits(merge));
	commit(0, busy, sizeof(struct event) | BPF_RINGBUF_DISCARD_BIT);
	CHECK_TEXT(find(base, 100), "4 5");
	CHECK(!sk_merge_pending(merge));
}

TEST(the_newest_events_wait_for_the_margin)
{
	uint64_t time;

	start();
	time = sk_clock_boot() + 3000000;
	put(0, time);
	CHECK_TEXT(find(time, 100), "");
	usleep(5000);
	CHECK_TEXT(find(time, 100), "0");
}

TEST(a_limit_and_a_refusal_end_a_batch)
{
	uint64_t base = past();

	start();
	for (int i = 0; i < 6; i++)
		put(i % 2, base + (uint64_t)i);
	CHECK_TEXT(find(base, 2), "0 1");
	seen.refuse_at = 2;
	CHECK_TEXT(find(base, 100), "2 3");
	seen.refuse_at = 0;
	CHECK_TEXT(find(base, 100), "4 5");
}

/* --- by threads ----------------------------------------------------------------- */

enum { EVENTS = 40000, LONGEST = 400 };

static struct writer {
	pthread_t thread;
	unsigned cpu;
	uint64_t random;
	uint64_t produced, lost; /* by the thread */
	uint64_t numbers;
	int64_t sum; /* of the numbers of events that are in a ring */
} writers[CPUS];

static int running;

static uint64_t draw(struct writer *writer, uint64_t limit)
{
	writer->random = writer->random * 6364136223846793005u + 1442695040888963407u;
	return (writer->random >> 33) % limit;
}

/* Something comes between, sometimes. */
static void dawdle(struct writer *writer)
{
	uint64_t what = draw(writer, 400);

	if (what < 8)
		sched_yield();
	else if (what == 8)
		usleep(30);
}

static uint32_t check_of(uint64_t number, uint32_t filling)
{
	return (uint32_t)(number * 2654435761u) ^ filling;
}

/* As a program does it: bpf/event.h, and in the ring itself as bpf/tracepoint.bpf.c does. */
static void build(struct writer *writer, unsigned builder)
{
	uint64_t *word = (uint64_t *)&cpus[writer->cpu].builders[builder], position = UINT64_MAX;
	uint32_t filling = (uint32_t)draw(writer, LONGEST);
	uint32_t length = (uint32_t)sizeof(struct event) + filling;
	int ring = (int)(writer->cpu / 2 * 2 + (draw(writer, 8) == 0));
	bool early = builder != SK_BUILDER_SCRATCH;
	struct event event = {.record = {.cpu = (uint16_t)writer->cpu}, .number = ++writer->numbers};
	uint8_t *bytes;

	__atomic_fetch_add(word, 1, __ATOMIC_SEQ_CST);
	writer->produced++;
	event.filling = filling;
	event.check = check_of(event.number, filling);
	dawdle(writer);
	if (early)
		position = reserve(ring, length);
	dawdle(writer);
	event.ts = sk_clock_boot();
	if (!early && draw(writer, 16) == 0)
		build(writer, SK_BUILDER_FAULT_KERNEL);
	dawdle(writer);
	if (!early)
		position = reserve(ring, length);
	if (position == UINT64_MAX) {
		writer->lost++;
	} else {
		bytes = memory[ring].data + position % SIZE + 8;
		dawdle(writer);
		memcpy(bytes, &event, sizeof(event));
		memset(bytes + sizeof(event), (int)(event.number & 255), filling);
		commit(ring, position, length);
		writer->sum += (int64_t)event.number;
	}
	__atomic_store_n(word, *word + 1, __ATOMIC_RELEASE);
}

static void *write_events(void *context)
{
	struct writer *writer = context;

	while (writer->produced < EVENTS) {
		build(writer, SK_BUILDER_SCRATCH);
		if (draw(writer, 40) == 0)
			usleep(50);
	}
	__atomic_fetch_sub(&running, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static struct {
	uint64_t count, last, backwards, damaged;
	int64_t sums[CPUS];
} read_back;

static int read_event(void *context, const uint8_t *bytes, size_t size)
{
	struct event event;

	(void)context;
	memcpy(&event, bytes, sizeof(event));
	if (event.record.cpu >= CPUS || size != sizeof(event) + event.filling ||
	    event.check != check_of(event.number, event.filling) ||
	    (event.filling > 0 && bytes[size - 1] != (event.number & 255))) {
		read_back.damaged++;
		return 0;
	}
	read_back.backwards += event.ts < read_back.last;
	read_back.last = event.ts;
	read_back.sums[event.record.cpu] += (int64_t)event.number;
	read_back.count++;
	return 0;
}

TEST(times_never_go_back_and_nothing_is_lost_or_doubled)
{
	uint64_t produced = 0, lost = 0, looks = 0;
	bool last;

	start();
	memset(&read_back, 0, sizeof(read_back));
	running = CPUS;
	for (unsigned i = 0; i < CPUS; i++) {
		writers[i] = (struct writer){.cpu = i, .random = 17 + i};
		pthread_create(&writers[i].thread, NULL, write_events, &writers[i]);
	}
	do {
		last = __atomic_load_n(&running, __ATOMIC_SEQ_CST) == 0;
		sk_merge_look(merge);
		CHECK(sk_merge_deliver(merge, 1 + (int)(looks++ % 50), read_event, NULL) >= 0);
		if (looks % 100 == 0)
			usleep(100);
	} while (!last || sk_merge_pending(merge));
	for (unsigned i = 0; i < CPUS; i++) {
		pthread_join(writers[i].thread, NULL);
		produced += writers[i].produced;
		lost += writers[i].lost;
		CHECK_EQUAL(read_back.sums[i], writers[i].sum);
	}
	CHECK_EQUAL(read_back.damaged, 0);
	CHECK_EQUAL(read_back.backwards, 0);
	CHECK_EQUAL(sk_merge_disordered(merge), 0);
	CHECK_EQUAL(read_back.count + lost, produced);
	CHECK(read_back.count > CPUS * EVENTS / 100);
	CHECK(lost > 0);
	printf("# %llu events, %llu lost, %llu looks\n", (unsigned long long)produced, (unsigned long long)lost,
	       (unsigned long long)looks);
	sk_merge_close(merge);
	merge = NULL;
}

TEST_MAIN(RUN(rings_are_merged_by_time) RUN(an_overtaken_event_comes_at_its_time_and_keeps_its_room) RUN(
	what_is_later_than_an_event_being_built_waits_for_it)
		  RUN(builders_that_are_always_at_work_delay_by_one_look) RUN(a_builder_that_never_ends_is_given_up)
			  RUN(what_stands_behind_a_busy_record_is_not_overtaken)
				  RUN(the_newest_events_wait_for_the_margin) RUN(a_limit_and_a_refusal_end_a_batch)
					  RUN(times_never_go_back_and_nothing_is_lost_or_doubled))
