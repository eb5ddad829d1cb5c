/* SPDX-License-Identifier: Apache-2.0 */
/* Binding, unknown threads, users, containers, restart: spec/state.md sections 1, 2, 6 to 8. */
#include "tests/unit/state/event_builder.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct world world;

static void start(void)
{
	world_open(&world, NULL);
	populate(&world);
}

TEST(an_unknown_thread_gets_an_entry_that_says_so)
{
	const struct sk_thread *unknown;

	start();
	open_event(&world, 555, 3, -100, "x", 1);
	feed(&world);
	unknown = thread(&world, 555);
	CHECK(world.view.thread == unknown);
	CHECK_TEXT(unknown->comm->bytes, "<NA>");
	CHECK_TEXT(unknown->exe->bytes, "<NA>");
	CHECK_EQUAL(unknown->pid, -1);
	CHECK_EQUAL(unknown->uid, UINT32_MAX);
	CHECK(sk_thread_main(unknown) == NULL);
	CHECK_EQUAL(sk_thread_count(unknown), 0);
	CHECK_TEXT(fd(&world, 555, 3)->name->bytes, "./x"); /* its own table, its cwd unknown */
	world_close(&world);
}

TEST(some_events_make_no_entry)
{
	static const uint16_t types[] = {SK_EVENT_SCHEDSWITCH_6_E, SK_EVENT_PROCEXIT_1_E, SK_EVENT_PROCINFO_E,
					 SK_EVENT_DROP_E,          SK_EVENT_ASYNCEVENT_E, SK_EVENT_USER_ADDED_E,
					 SK_EVENT_PLUGINEVENT_E};

	start();
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		event(&world, types[i], 555);
		feed(&world);
		CHECK(world.view.thread == NULL);
	}
	CHECK(thread(&world, 555) == NULL);
	event(&world, SK_EVENT_PROCINFO_E, 100);
	feed(&world);
	CHECK(world.view.thread == thread(&world, 100));
	world_close(&world);
}

TEST(an_event_shows_the_fd_that_its_parameter_names)
{
	start();
	event(&world, SK_EVENT_SYSCALL_FSTAT_X, 100);
	number(&world, 0, 0);
	number(&world, 1, 2);
	feed(&world);
	CHECK(world.view.fd == fd(&world, 100, 2));
	CHECK_EQUAL(world.view.fd_number, 2);
	event(&world, SK_EVENT_SYSCALL_FSTAT_X, 100);
	number(&world, 0, -9);
	number(&world, 1, 77);
	feed(&world);
	CHECK(world.view.fd == NULL);
	CHECK_EQUAL(world.view.fd_number, 77);
	event(&world, SK_EVENT_SYSCALL_CHDIR_X, 100); /* has nothing to do with fds */
	feed(&world);
	CHECK(world.view.fd == NULL);
	CHECK_EQUAL(world.view.fd_number, INT64_MIN);
	world_close(&world);
}

TEST(the_fd_of_an_enter_event_serves_its_exit)
{
	start();
	event(&world, SK_EVENT_SOCKET_CONNECT_E, 100);
	number(&world, 0, 2);
	feed(&world);
	CHECK(world.view.fd == fd(&world, 100, 2));
	event(&world, SK_EVENT_SOCKET_CONNECT_X, 100);
	number(&world, 0, -9);
	number(&world, 2, 1); /* not asked: the enter event told */
	feed(&world);
	CHECK_EQUAL(world.view.fd_number, 2);
	event(&world, SK_EVENT_SYSCALL_FSTAT_X, 100);
	number(&world, 1, 1);
	feed(&world);
	CHECK_EQUAL(world.view.fd_number, 1);
	world_close(&world);
}

/* --- users ------------------------------------------------------------------- */

static void user_event(uint16_t type, uint32_t uid, const char *name, const char *container)
{
	event(&world, type, -1);
	number(&world, 0, uid);
	number(&world, 1, 100);
	text(&world, 2, name);
	text(&world, 3, "/home/x");
	text(&world, 4, "/bin/x");
	if (container)
		text(&world, 5, container);
	feed(&world);
}

static void group_event(uint16_t type, uint32_t gid, const char *name, const char *container)
{
	event(&world, type, -1);
	number(&world, 0, gid);
	if (name)
		text(&world, 1, name);
	if (container)
		text(&world, 2, container);
	feed(&world);
}

TEST(user_and_group_events_fill_the_tables)
{
	const struct sk_users *users;
	struct sk_string *host;
	uint32_t revision;

	start();
	users = sk_state_users(world.state);
	host = thread(&world, 100)->container_id;
	revision = thread(&world, 100)->revision;
	user_event(SK_EVENT_USER_ADDED_E, 1000, "alice", NULL);
	CHECK_TEXT(sk_users_find(users, host, 1000)->name->bytes, "alice");
	CHECK_EQUAL(sk_users_find(users, host, 1000)->gid, 100);
	CHECK(thread(&world, 100)->revision != revision); /* its name shows */
	revision = thread(&world, 100)->revision;
	user_event(SK_EVENT_USER_ADDED_E, 1000, "alice", NULL);
	CHECK_EQUAL(thread(&world, 100)->revision, revision);
	user_event(SK_EVENT_USER_ADDED_E, 1000, "other", "0123456789ab");
	CHECK_TEXT(sk_users_find(users, host, 1000)->name->bytes, "alice");
	CHECK_EQUAL(thread(&world, 100)->revision, revision);
	user_event(SK_EVENT_USER_DELETED_E, 1000, "alice", NULL);
	CHECK(sk_users_find(users, host, 1000) == NULL);
	group_event(SK_EVENT_GROUP_ADDED_E, 50, "staff", NULL);
	CHECK_TEXT(sk_users_find_group(users, host, 50)->name->bytes, "staff");
	group_event(SK_EVENT_GROUP_DELETED_E, 50, NULL, NULL);
	CHECK(sk_users_find_group(users, host, 50) == NULL);
	event(&world, SK_EVENT_USER_ADDED_E, -1); /* says nothing */
	feed(&world);
	world_close(&world);
}

/* --- containers ------------------------------------------------------------------ */

static void in_container(int64_t tid)
{
	clone_event(&world, tid, 0, tid, 100, SK_CLONE_CHILD_IN_PIDNS);
	strings(&world, 14, "cpuset=/docker/" HEX64 "|cpu=/docker/" HEX64 "|");
	number(&world, 18, 1);
	number(&world, 19, 1);
	feed(&world);
}

static void metadata(const char *name, const char *json)
{
	event(&world, SK_EVENT_ASYNCEVENT_E, -1);
	number(&world, 0, 0);
	text(&world, 1, name);
	bytes(&world, 2, json, strlen(json));
	feed(&world);
}

TEST(a_thread_has_the_id_of_its_own_cgroups)
{
	start();
	in_container(200);
	CHECK_TEXT(thread(&world, 200)->container_id->bytes, "0123456789ab");
	CHECK_EQUAL(thread(&world, 100)->container_id->length, 0);
	exec_event(&world, 200, "/bin/x", "x"); /* moved out of it */
	feed(&world);
	CHECK_EQUAL(thread(&world, 200)->container_id->length, 0);
	world_close(&world);
}

TEST(metadata_arrives_later_and_changes_what_the_threads_show)
{
	uint32_t revision, other;

	start();
	in_container(200);
	CHECK(sk_containers_find(sk_state_containers(world.state), "0123456789ab", 12) == NULL);
	revision = thread(&world, 200)->revision;
	other = thread(&world, 100)->revision;
	metadata("container", "{\"container\":{\"id\":\"0123456789ab\",\"name\":\"web\"}}");
	CHECK(world.view.container != NULL);
	CHECK_TEXT(world.view.container->name->bytes, "web");
	CHECK(thread(&world, 200)->revision != revision);
	CHECK_EQUAL(thread(&world, 100)->revision, other);
	settle(&world);
	CHECK(world.view.container == NULL);
	metadata("container_removed", "{\"container\":{\"id\":\"0123456789ab\"}}");
	CHECK(world.view.container != NULL); /* rules see it once more */
	settle(&world);
	CHECK(sk_containers_find(sk_state_containers(world.state), "0123456789ab", 12) == NULL);
	metadata("container", "nonsense");
	CHECK(world.view.container == NULL);
	metadata("something else", "{}");
	CHECK(world.view.container == NULL);
	world_close(&world);
}

TEST(old_events_carry_the_same_metadata)
{
	start();
	event(&world, SK_EVENT_CONTAINER_JSON_2_E, -1);
	text(&world, 0, "{\"container\":{\"id\":\"abc\",\"name\":\"old\"}}");
	feed(&world);
	CHECK(world.view.container && strcmp(world.view.container->name->bytes, "old") == 0);
	world_close(&world);
}

TEST(some_engines_have_no_metadata_to_wait_for)
{
	const struct sk_container *container;

	start();
	clone_event(&world, 200, 0, 200, 100, 0);
	strings(&world, 14, "cpuset=/lxc/web|");
	feed(&world);
	container = sk_containers_find(sk_state_containers(world.state), "web", 3);
	CHECK(container && container->known && container->type == SK_CONTAINER_LXC);
	world_close(&world);
}

/* --- a source ---------------------------------------------------------------------- */

static unsigned lookups, imports;

static int lookup(void *context, int64_t tid, const struct sk_entry_sink *sink)
{
	const struct sk_process_entry entry = {.tid = tid,
					       .pid = tid,
					       .ptid = 100,
					       .vtid = tid,
					       .vpid = tid,
					       .comm = BYTES("found"),
					       .exe = BYTES("found"),
					       .cwd = BYTES("/srv"),
					       .uid = 33,
					       .gid = 0,
					       .cgroups = BYTES("cpu=/\0")};
	const struct sk_fd_entry file = {.fd = 9, .type = SK_FD_FILE_V2, .name = BYTES("/srv/data")};

	(void)context;
	lookups++;
	if (tid != 555)
		return -3;
	sink->process(sink->context, &entry);
	return sink->fd(sink->context, tid, &file);
}

static int host_users(void *context, const struct sk_entry_sink *sink)
{
	const struct sk_user_entry entry = {.uid = 33, .gid = 33, .name = BYTES("www")};

	(void)context;
	imports++;
	return sink->user(sink->context, &entry);
}

static int needed, users_needed, forgotten;
static char asked_id[64];

static void need_container(void *context, const char *id, size_t length)
{
	(void)context;
	needed++;
	snprintf(asked_id, sizeof(asked_id), "%.*s", (int)length, id);
}

static void need_users(void *context, const char *id, size_t length, int64_t tid)
{
	(void)context;
	users_needed += length == 12 && strncmp(id, "0123456789ab", length) == 0 && tid == 200;
}

static void forget_container(void *context, const char *id, size_t length)
{
	(void)context;
	forgotten += strncmp(asked_id, id, length) == 0;
}

static const struct sk_state_source source = {
	.lookup = lookup,
	.host_users = host_users,
	.need_users = need_users,
	.need_container = need_container,
	.forget_container = forget_container,
};
static const struct sk_state_options live = {.own_pid = -1, .source = &source};

TEST(a_live_source_is_asked_for_unknown_threads_once)
{
	world_open(&world, &live);
	populate(&world);
	lookups = imports = 0;
	event(&world, SK_EVENT_SYSCALL_FSTAT_X, 555);
	number(&world, 1, 9);
	feed(&world);
	CHECK_TEXT(world.view.thread->comm->bytes, "found");
	CHECK_TEXT(world.view.fd->name->bytes, "/srv/data");
	CHECK_TEXT(sk_thread_cwd(world.view.thread)->bytes, "/srv/");
	CHECK_EQUAL(thread(&world, 555)->ptid, 100);
	CHECK_EQUAL(imports, 1); /* uid 33 was not known */
	CHECK_TEXT(sk_users_find(sk_state_users(world.state), thread(&world, 555)->container_id, 33)->name->bytes,
		   "www");
	for (int i = 0; i < 3; i++) {
		event(&world, SK_EVENT_SYSCALL_FSTAT_X, 556);
		feed(&world);
	}
	CHECK_TEXT(thread(&world, 556)->comm->bytes, "<NA>");
	CHECK_EQUAL(lookups, 2);
	CHECK_EQUAL(sk_state_stats(world.state).lookups, 2);
	CHECK_EQUAL(sk_state_stats(world.state).lookups_failed, 1);
	world_close(&world);
}

TEST(users_of_a_container_are_asked_for_until_they_are_there)
{
	world_open(&world, &live);
	populate(&world);
	imports = users_needed = 0;
	in_container(200);
	CHECK_EQUAL(users_needed, 1);
	in_container(200);
	CHECK_EQUAL(users_needed, 2);
	user_event(SK_EVENT_USER_ADDED_E, 1000, "inside", "0123456789ab");
	group_event(SK_EVENT_GROUP_ADDED_E, 1000, "insiders", "0123456789ab");
	CHECK_TEXT(sk_users_find(sk_state_users(world.state), thread(&world, 200)->container_id, 1000)->name->bytes,
		   "inside");
	CHECK(sk_users_find(sk_state_users(world.state), thread(&world, 100)->container_id, 1000) == NULL);
	in_container(200);
	CHECK_EQUAL(users_needed, 2);
	CHECK_EQUAL(imports, 0); /* the host was not asked */
	world_close(&world);
}

TEST(users_of_a_container_go_with_it)
{
	const struct sk_string *id;
	uint32_t epoch;

	world_open(&world, &live);
	populate(&world);
	in_container(200);
	in_container(201);
	id = thread(&world, 201)->container_id;
	user_event(SK_EVENT_USER_ADDED_E, 1000, "inside", "0123456789ab");
	user_event(SK_EVENT_USER_ADDED_E, 1000, "outside", NULL);
	exit_event(&world, 200);
	feed(&world);
	CHECK(sk_users_find(sk_state_users(world.state), id, 1000) != NULL);
	epoch = sk_state_lineage_epoch(world.state);
	settle(&world);
	CHECK(sk_users_find(sk_state_users(world.state), id, 1000) == NULL);
	/* Who remembers names of 201, of whose container nothing else was known, notices. */
	CHECK(sk_state_lineage_epoch(world.state) != epoch);
	CHECK_TEXT(sk_users_find(sk_state_users(world.state), thread(&world, 100)->container_id, 1000)->name->bytes,
		   "outside");
	world_close(&world);
}

TEST(metadata_is_asked_for_until_it_is_there)
{
	world_open(&world, &live);
	populate(&world);
	needed = forgotten = 0;
	in_container(200);
	CHECK_EQUAL(needed, 1);
	CHECK_TEXT(asked_id, "0123456789ab");
	in_container(200);
	CHECK_EQUAL(needed, 2);
	metadata("container", "{\"container\":{\"id\":\"0123456789ab\",\"name\":\"web\"}}");
	in_container(200);
	CHECK_EQUAL(needed, 2);
	metadata("container_removed", "{\"container\":{\"id\":\"0123456789ab\"}}");
	settle(&world);
	CHECK_EQUAL(forgotten, 1);
	world_close(&world);
}

TEST(the_end_of_a_containers_init_is_its_own_end)
{
	world_open(&world, &live);
	populate(&world);
	in_container(200);
	metadata("container", "{\"container\":{\"id\":\"0123456789ab\",\"name\":\"web\"}}");
	exit_event(&world, 200);
	feed(&world);
	CHECK(sk_containers_find(sk_state_containers(world.state), "0123456789ab", 12) != NULL);
	settle(&world);
	CHECK(sk_containers_find(sk_state_containers(world.state), "0123456789ab", 12) == NULL);
	world_close(&world);
}

static struct sk_event_header told;
static char told_text[256];

static void learned(void *context, const uint8_t *bytes, size_t size)
{
	struct sk_event event;

	(void)context;
	memcpy(&told, bytes, sizeof(told));
	CHECK_EQUAL(sk_event_decode(bytes, size, &event, NULL), 0);
	snprintf(told_text, sizeof(told_text), "%.*s %.*s", (int)event.param[1].length, event.param[1].bytes,
		 (int)event.param[2].length, event.param[2].bytes);
}

TEST(the_end_of_a_container_is_told_to_who_records)
{
	struct sk_state_options recorded = live;

	recorded.learned = learned;
	world_open(&world, &recorded);
	populate(&world);
	in_container(200);
	exit_event(&world, 200);
	told_text[0] = '\0';
	feed(&world);
	CHECK_TEXT(told_text, ""); /* whoever replays sees it at the exit, too */
	settle(&world);
	CHECK_EQUAL(told.type, SK_EVENT_ASYNCEVENT_E);
	CHECK_TEXT(told_text, "container_removed {\"container\":{\"id\":\"0123456789ab\"}}");
	/* An event that says it is recorded itself. */
	told_text[0] = '\0';
	metadata("container_removed", "{\"container\":{\"id\":\"0123456789ab\"}}");
	settle(&world);
	CHECK_TEXT(told_text, "");
	world_close(&world);
}

TEST(a_second_section_starts_from_nothing)
{
	const struct sk_machine_entry machine = {.num_cpus = 4, .hostname = "lab"};

	start();
	world.sink.machine(world.sink.context, &machine);
	CHECK_TEXT(sk_state_machine(world.state)->hostname, "lab");
	user_event(SK_EVENT_USER_ADDED_E, 1000, "alice", NULL);
	in_container(200);
	metadata("container", "{\"container\":{\"id\":\"0123456789ab\"}}");
	close_event(&world, 100, 1);
	feed(&world);
	world.sink.restart(world.sink.context);
	CHECK_EQUAL(sk_thread_table_size(sk_state_threads(world.state)), 0);
	CHECK(sk_containers_find(sk_state_containers(world.state), "0123456789ab", 12) == NULL);
	CHECK_EQUAL(sk_state_machine(world.state)->num_cpus, 0);
	populate(&world);
	settle(&world);
	CHECK(fd(&world, 100, 1) != NULL);
	world_close(&world);
}

TEST(entries_are_linked_when_all_are_in)
{
	world_open(&world, NULL);
	existing(&world, 300, 300, 200, "child"); /* before its parent */
	existing(&world, 200, 200, 1, "parent");
	existing(&world, 400, 400, 999, "orphan");
	world.sink.complete(world.sink.context);
	CHECK(sk_thread_parent(sk_state_threads(world.state), thread(&world, 300)) == thread(&world, 200));
	CHECK_EQUAL(thread(&world, 400)->ptid, 0);
	CHECK_EQUAL(sk_thread_count(thread(&world, 300)), 1);
	CHECK_TEXT(thread(&world, 300)->cmdline->bytes, "child -x two words");
	world_close(&world);
}

/* clang-format off */
TEST_MAIN(
	RUN(an_unknown_thread_gets_an_entry_that_says_so)
	RUN(some_events_make_no_entry)
	RUN(an_event_shows_the_fd_that_its_parameter_names)
	RUN(the_fd_of_an_enter_event_serves_its_exit)
	RUN(user_and_group_events_fill_the_tables)
	RUN(a_thread_has_the_id_of_its_own_cgroups)
	RUN(metadata_arrives_later_and_changes_what_the_threads_show)
	RUN(old_events_carry_the_same_metadata)
	RUN(some_engines_have_no_metadata_to_wait_for)
	RUN(a_live_source_is_asked_for_unknown_threads_once)
	RUN(users_of_a_container_are_asked_for_until_they_are_there)
	RUN(users_of_a_container_go_with_it)
	RUN(metadata_is_asked_for_until_it_is_there)
	RUN(the_end_of_a_containers_init_is_its_own_end)
	RUN(the_end_of_a_container_is_told_to_who_records)
	RUN(a_second_section_starts_from_nothing)
	RUN(entries_are_linked_when_all_are_in)
)
