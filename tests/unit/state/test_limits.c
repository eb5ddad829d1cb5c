/* SPDX-License-Identifier: Apache-2.0 */
/* Full tables, no memory, hostile parameters, and no heap in a steady state. */
#include "tests/unit/state/event_builder.h"
#include "vm/event_build.h"
#include "vm/support/alloc.h"

static struct world world;

/* A process's life: fork on both sides, exec, files, sockets, exit. */
static void life(int64_t tid)
{
	clone_event(&world, 100, tid, 100, 1, 0);
	feed(&world);
	clone_event(&world, tid, 0, tid, 100, 0);
	feed(&world);
	exec_event(&world, tid, "/usr/bin/cat", "cat");
	strings(&world, 2, "-x|/some/longer/argument|");
	feed(&world);
	event(&world, SK_EVENT_SYSCALL_OPENAT_2_E, tid);
	number(&world, 0, -100);
	text(&world, 1, "dir/../file");
	number(&world, 2, 1);
	feed(&world);
	for (int64_t i = 3; i < 30; i++) {
		open_event(&world, tid, i, -100, "dir/../file", 1);
		feed(&world);
	}
	event(&world, SK_EVENT_SOCKET_SOCKET_X, tid);
	number(&world, 0, 40);
	number(&world, 1, 2);
	number(&world, 2, 2);
	feed(&world);
	event(&world, SK_EVENT_SOCKET_SENDTO_X, tid);
	number(&world, 0, 1);
	number(&world, 2, 40);
	bytes(&world, 4, "\x02\x0a\x00\x00\x01\x01\x00\x0a\x00\x00\x02\x35\x00", 13);
	feed(&world);
	for (int64_t i = 3; i < 30; i++) {
		close_event(&world, tid, i);
		feed(&world);
	}
	event(&world, SK_EVENT_SYSCALL_CHDIR_X, tid);
	number(&world, 0, 0);
	text(&world, 1, "elsewhere");
	feed(&world);
	exit_event(&world, tid);
	feed(&world);
}

TEST(a_steady_host_asks_the_heap_for_nothing)
{
	uint64_t before = 0;

	world_open(&world, NULL);
	populate(&world);
	for (int round = 0; round < 50; round++) {
		if (round == 10)
			before = sk_alloc_count();
		for (int64_t tid = 1000; tid < 1020; tid++)
			life(tid);
		world.now += (uint64_t)3 * SECOND;
	}
	CHECK_EQUAL(sk_alloc_count(), before);
	CHECK_EQUAL(sk_thread_table_size(sk_state_threads(world.state)), 4); /* the last one is still to go */
	world_close(&world);
}

TEST(a_full_thread_table_takes_nobody_but_ourselves)
{
	const struct sk_state_options options = {.thread_limit = 3, .own_pid = 777};

	world_open(&world, &options);
	populate(&world);
	clone_event(&world, 100, 200, 100, 1, 0);
	feed(&world);
	CHECK(thread(&world, 200) == NULL);
	clone_event(&world, 201, 0, 201, 100, 0);
	feed(&world);
	CHECK(world.view.thread == NULL);
	open_event(&world, 300, 3, -100, "x", 1);
	feed(&world);
	CHECK(world.view.thread == NULL && world.view.fd == NULL);
	CHECK_EQUAL(sk_state_stats(world.state).threads_dropped, 3);
	clone_event(&world, 777, 0, 777, 100, 0);
	feed(&world);
	CHECK(thread(&world, 777) != NULL);
	/* Room again. */
	exit_event(&world, 777);
	feed(&world);
	exit_event(&world, 101);
	feed(&world);
	clone_event(&world, 202, 0, 202, 100, 0);
	feed(&world);
	CHECK(thread(&world, 202) != NULL);
	world_close(&world);
}

/* Longer than the builder's events are. */
static void container_event(const char *id, size_t padding)
{
	static char json[900000];
	static struct sk_buffer wire;
	const uint32_t plugin = 0;
	size_t length = (size_t)snprintf(json, sizeof(json), "{\"container\":{\"id\":\"%s\",\"name\":\"n\"", id);
	const struct sk_param params[] = {
		{(const uint8_t *)&plugin, sizeof(plugin)},
		{(const uint8_t *)"container", sizeof("container")},
		{(const uint8_t *)json, (uint32_t)(length + padding + 3)},
	};

	memset(json + length, ' ', padding);
	memcpy(json + length + padding, "}}", 3);
	CHECK(sk_event_build(world.now, -1, SK_EVENT_ASYNCEVENT_E, params, &wire));
	CHECK_EQUAL(sk_event_decode((const uint8_t *)wire.bytes, wire.length, &world.view.event, NULL), 0);
	sk_state_process(world.state, &world.view);
	CHECK(world.view.container && strcmp(world.view.container->id->bytes, id) == 0);
	sk_buffer_release(&wire);
}

static bool is_known(const char *id)
{
	return sk_containers_find(sk_state_containers(world.state), id, strlen(id)) != NULL;
}

TEST(a_full_container_table_lets_the_oldest_go)
{
	char id[16];

	world_open(&world, NULL);
	populate(&world);
	/* Of the first two, one has a thread that is heard of. */
	container_event("0123456789ab", 0);
	container_event("aaaaaaaaaaaa", 0);
	for (int i = 2; i < 8192; i++) {
		snprintf(id, sizeof(id), "%012d", i);
		container_event(id, 0);
	}
	CHECK_EQUAL(sk_state_stats(world.state).containers_evicted, 0);
	clone_event(&world, 200, 0, 200, 100, 0);
	strings(&world, 14, "cpu=/docker/0123456789ab0123456789abcdef0123456789abcdef0123456789abcdef0123|");
	feed(&world);
	container_event("bbbbbbbbbbbb", 0);
	CHECK_EQUAL(sk_state_stats(world.state).containers_evicted, 1);
	CHECK(is_known("0123456789ab") && is_known("bbbbbbbbbbbb") && !is_known("aaaaaaaaaaaa"));
	/* An update is no newcomer. */
	container_event("000000000002", 0);
	CHECK_EQUAL(sk_state_stats(world.state).containers_evicted, 1);
	container_event("cccccccccccc", 0);
	CHECK(is_known("000000000002") && !is_known("000000000003"));
	world_close(&world);
}

TEST(there_is_an_end_to_all_metadata_together)
{
	char id[16];

	world_open(&world, NULL);
	populate(&world);
	for (int i = 0; i < 100; i++) {
		snprintf(id, sizeof(id), "%012d", i);
		container_event(id, 800000);
	}
	/* 64 MiB. */
	CHECK_EQUAL(sk_state_stats(world.state).containers_evicted, 100 - (64 << 20) / 800048);
	CHECK(is_known("000000000099") && !is_known("000000000000"));
	world_close(&world);
}

TEST(a_full_fd_table_takes_no_more_but_counts_them)
{
	world_open(&world, NULL);
	populate(&world);
	for (int64_t i = 0; i < SK_FD_TABLE_LIMIT + 10; i++) {
		open_event(&world, 100, i, -100, "/f", 1);
		feed(&world);
	}
	CHECK_EQUAL(sk_fd_table_count(sk_thread_fds(thread(&world, 100))), SK_FD_TABLE_LIMIT);
	CHECK_EQUAL(sk_state_stats(world.state).fds_dropped, 10);
	CHECK(world.view.fd == NULL);
	CHECK_EQUAL(world.view.fd_number, SK_FD_TABLE_LIMIT + 9);
	world_close(&world);
}

TEST(whatever_allocation_fails_nothing_breaks)
{
	const struct sk_state_options options = {.own_pid = -1};
	struct sk_state *state;
	bool created = false;

	for (size_t countdown = 0; !created && countdown < 100; countdown++) {
		sk_alloc_fail_after(countdown);
		created = sk_state_create(&options, &state) == 0;
		sk_alloc_fail_after(SIZE_MAX);
		if (created)
			sk_state_destroy(state);
	}
	CHECK(created);
	for (size_t countdown = 0; countdown < 60; countdown++) {
		world_open(&world, NULL);
		sk_alloc_fail_after(countdown);
		populate(&world);
		for (int64_t tid = 1000; tid < 1005; tid++)
			life(tid);
		event(&world, SK_EVENT_ASYNCEVENT_E, -1);
		text(&world, 1, "container");
		text(&world, 2, "{\"id\":\"abc\",\"labels\":{\"a\":\"b\"}}");
		feed(&world);
		sk_alloc_fail_after(SIZE_MAX);
		/* And goes on where it can. */
		if (!thread(&world, 100))
			populate(&world);
		life(2000);
		CHECK(thread(&world, 2000) != NULL);
		world_close(&world);
	}
}

TEST(every_type_takes_parameters_of_every_size)
{
	static const uint32_t sizes[] = {0, 1, 2, 4, 7, 8, 16, 19, 37, 300};

	for (unsigned fill = 0; fill < 256; fill += 51) {
		world_open(&world, NULL);
		populate(&world);
		for (unsigned s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
			for (uint16_t type = 0; type < SK_EVENT_COUNT; type++) {
				event(&world, type, 100 + (type & 1));
				for (unsigned i = 0; i < world.nparams; i++) {
					memset(world.param[i].bytes, (int)fill, sizes[s]);
					world.param[i].length = sizes[s];
				}
				feed(&world);
				/* Fewer parameters than the type has. */
				event(&world, type, 100);
				world.nparams = world.nparams / 2;
				feed(&world);
			}
		world_close(&world);
	}
	CHECK(true);
}

TEST(memory_is_accounted_for)
{
	size_t before;

	world_open(&world, NULL);
	before = sk_state_stats(world.state).memory;
	CHECK(before > sizeof(void *));
	for (int64_t i = 0; i < 1000; i++)
		existing(&world, 1000 + i, 1000 + i, 1, "x");
	CHECK(sk_state_stats(world.state).memory > before + 1000 * sizeof(struct sk_thread));
	CHECK_EQUAL(sk_state_stats(world.state).threads, 1000);
	world_close(&world);
}

/* clang-format off */
/* How often the fork of one of 200 childless processes changes what descendants see. */
static unsigned forks_that_are_noticed(void)
{
	unsigned noticed = 0;

	for (int64_t tid = 40000; tid < 40200; tid++) {
		uint32_t before = sk_state_lineage_epoch(world.state);

		clone_event(&world, tid, 0, tid, 1, 0);
		feed(&world);
		noticed += sk_state_lineage_epoch(world.state) != before;
	}
	return noticed;
}

TEST(parents_that_were_named_once_are_forgotten_when_they_are_many)
{
	uint32_t before;

	world_open(&world, NULL);
	populate(&world);
	CHECK(forks_that_are_noticed() < 5);
	for (int64_t i = 0; i < 3000; i++) {
		existing(&world, 10000 + i, 10000 + i, 1, "parent");
		existing(&world, 20000 + i, 20000 + i, 10000 + i, "child");
	}
	world.sink.complete(world.sink.context);
	for (int64_t i = 0; i < 3000; i++) {
		/* The parent is replaced under its tid, and then both are gone. */
		clone_event(&world, 10000 + i, 0, 10000 + i, 1, 0);
		feed(&world);
		/* The first and the last ones stay. */
		if (i < 10 || i >= 2990)
			continue;
		exit_event(&world, 10000 + i);
		feed(&world);
		exit_event(&world, 20000 + i);
		feed(&world);
	}
	settle(&world);
	for (int64_t tid = 40000; tid < 40200; tid++) {
		exit_event(&world, tid);
		feed(&world);
	}
	settle(&world);
	CHECK(forks_that_are_noticed() < 40);
	/* Who is named still is noticed. */
	for (int64_t i = 0; i < 3000; i = i == 9 ? 2990 : i + 1) {
		before = sk_state_lineage_epoch(world.state);
		exec_event(&world, 10000 + i, "/usr/bin/third", "third");
		feed(&world);
		CHECK(sk_state_lineage_epoch(world.state) != before);
	}
	world_close(&world);
}

TEST_MAIN(
	RUN(a_steady_host_asks_the_heap_for_nothing)
	RUN(a_full_thread_table_takes_nobody_but_ourselves)
	RUN(a_full_container_table_lets_the_oldest_go)
	RUN(there_is_an_end_to_all_metadata_together)
	RUN(a_full_fd_table_takes_no_more_but_counts_them)
	RUN(whatever_allocation_fails_nothing_breaks)
	RUN(every_type_takes_parameters_of_every_size)
	RUN(memory_is_accounted_for)
	RUN(parents_that_were_named_once_are_forgotten_when_they_are_many)
)
