/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A state as the beginning of a capture: another state that takes it knows the
 * same, and gives the same.  What recorded captures show of it is in
 * tests/unit/sensor/test_dump.c; here is what they do not have.
 */
#include "runtime/scap/reader.h"
#include "runtime/scap/writer.h"
#include "tests/unit/state/event_builder.h"
#include "vm/notes.h"

static const char metadata[] =
	"{\"container\":{\"id\":\"0123456789ab\",\"full_id\":\"0123456789abcdef\",\"name\":\"web \\\"one\\\"\","
	"\"image\":\"r.example/web:2\",\"imagerepo\":\"r.example/web\",\"imagetag\":\"2\","
	"\"imagedigest\":\"sha256:77\",\"imageid\":\"77\",\"ip\":\"10.0.0.9\",\"cni_json\":\"{}\","
	"\"pod_sandbox_id\":\"ba9876543210ff\",\"type\":7,\"privileged\":true,\"host_pid\":true,"
	"\"host_network\":false,\"host_ipc\":true,\"labels\":{\"a\":\"1\",\"b\":\"\"},"
	"\"pod_sandbox_labels\":{\"io.kubernetes.pod.name\":\"p\"},"
	"\"Mounts\":[{\"Source\":\"/s\",\"Destination\":\"/d\",\"Mode\":\"ro\",\"RW\":false,"
	"\"Propagation\":\"rprivate\"}]}}";

/* --- a state with something of everything ---------------------------------- */

static struct sk_bytes bytes_of(const char *text)
{
	return (struct sk_bytes){text, (uint32_t)strlen(text)};
}

static void add_process(struct world *world, int64_t tid, int64_t ptid, const char *comm)
{
	const struct sk_process_entry entry = {
		.tid = tid,
		.pid = tid,
		.ptid = ptid,
		.sid = 1,
		.vpgid = tid,
		.pgid = tid,
		.vtid = tid,
		.vpid = tid,
		.comm = bytes_of(comm),
		.exe = bytes_of(comm),
		.exepath = bytes_of("/bin/sh"),
		.cwd = bytes_of("/home"),
		.root = bytes_of("/"),
		.args = {"-c\0x", 5},
		.env = {"A=1", 4},
		.cgroups = {"cpu=/a\0", 7},
		.fdlimit = 1024,
		.loginuid = 5,
		.clone_ts = 77,
	};

	world->sink.process(world->sink.context, &entry);
}

static void add_host(struct world *world)
{
	const struct sk_machine_entry machine = {.num_cpus = 2, .hostname = "here", .boot_ts = 99};
	const struct sk_interface_entry interface = {
		.family_length = 4, .address = {10, 0, 0, 1}, .netmask = {255}, .name = {"eth0", 4}};
	const struct sk_user_entry user = {7, 8, bytes_of("u"), bytes_of("/home/u"), bytes_of("/bin/sh")};
	const struct sk_group_entry group = {8, bytes_of("g")};

	world->sink.machine(world->sink.context, &machine);
	world->sink.interface(world->sink.context, &interface);
	world->sink.user(world->sink.context, &user);
	world->sink.group(world->sink.context, &group);
}

static void add_server(struct world *world)
{
	struct sk_fd_entry listening = {
		.fd = 3, .type = SK_FD_IPV4_SERVSOCK, .l4 = SK_L4_TCP, .destination_port = 80};
	struct sk_fd_entry accepted = {.fd = 4,
				       .type = SK_FD_IPV4_SOCK,
				       .l4 = SK_L4_TCP,
				       .source = {10, 0, 0, 1},
				       .destination = {10, 0, 0, 2},
				       .source_port = 80,
				       .destination_port = 5555};

	world->sink.fd(world->sink.context, 100, &listening);
	world->sink.fd(world->sink.context, 100, &accepted);
}

static void create_fds(struct world *world)
{
	event(world, SK_EVENT_SYSCALL_MEMFD_CREATE_X, 100);
	number(world, 0, 10);
	text(world, 1, "secret");
	number(world, 2, 1);
	feed(world);
	event(world, SK_EVENT_SYSCALL_PIDFD_OPEN_X, 100);
	number(world, 0, 11);
	number(world, 1, 200);
	number(world, 2, 0);
	feed(world);
	event(world, SK_EVENT_SYSCALL_BPF_2_X, 100);
	number(world, 0, 12);
	feed(world);
	event(world, SK_EVENT_SOCKET_SOCKET_X, 100);
	number(world, 0, 13);
	number(world, 1, 99);
	number(world, 2, 1);
	number(world, 3, 0);
	feed(world);
	event(world, SK_EVENT_SYSCALL_EPOLL_CREATE1_X, 100);
	number(world, 0, 14);
	number(world, 1, 1);
	feed(world);
}

static void tell_of_container(struct world *world)
{
	event(world, SK_EVENT_ASYNCEVENT_E, -1);
	number(world, 0, 0);
	text(world, 1, "container");
	text(world, 2, metadata);
	feed(world);
	event(world, SK_EVENT_USER_ADDED_E, -1);
	number(world, 0, 1000);
	number(world, 1, 1001);
	text(world, 2, "inside");
	text(world, 3, "");
	text(world, 4, "/bin/ash");
	text(world, 5, "0123456789ab");
	feed(world);
	event(world, SK_EVENT_GROUP_ADDED_E, -1);
	number(world, 0, 1001);
	text(world, 1, "insiders");
	text(world, 2, "0123456789ab");
	feed(world);
}

/* A close, before which something was lost. */
static void lose(struct world *world)
{
	struct sk_lost lost = {.first = world->now, .last = world->now + 1};
	uint8_t notes[256], noted[1024];
	size_t length = 0;
	int64_t size;

	lost.counts[SK_EVENT_CLASS_PROCESS] = 3;
	event(world, SK_EVENT_SYSCALL_CLOSE_X, 100);
	number(world, 0, -9);
	number(world, 1, 77);
	build(world);
	CHECK_EQUAL(sk_event_decode(world->wire, world->wire_size, &world->view.event, NULL), 0);
	CHECK(sk_notes_append(notes, sizeof(notes), &length, SK_NOTE_LOST, 0, &lost, sizeof(lost)));
	size = sk_event_add_notes(&world->view.event, notes, length, noted, sizeof(noted));
	CHECK(size > 0);
	memcpy(world->wire, noted, (size_t)size);
	world->wire_size = (uint32_t)size;
	process_wire(world);
}

static void world_fill(struct world *world)
{
	world_open(world, NULL);
	add_host(world);
	add_process(world, 1, 0, "init");
	add_process(world, 100, 1, "server");
	add_process(world, 200, 100, "child");
	add_server(world);
	world->sink.complete(world->sink.context);
	tell_of_container(world);
	lose(world);
	create_fds(world);
	/* A call that has begun, and a process whose exit was the last event. */
	event(world, SK_EVENT_SYSCALL_OPENAT_2_E, 100);
	number(world, 0, -100);
	text(world, 1, "/etc/begun");
	number(world, 2, 1);
	feed(world);
	event(world, SK_EVENT_PROCEXIT_1_E, 200);
	feed(world);
}

/* --- dumps -------------------------------------------------------------------- */

static void dump(struct world *world, struct sk_buffer *capture)
{
	struct sk_scap_writer *writer;
	struct sk_entry_sink sink;

	CHECK_EQUAL(sk_scap_writer_open_memory(capture, &writer, NULL), 0);
	sink = sk_scap_writer_sink(writer);
	CHECK_EQUAL(sk_state_dump(world->state, &sink), 0);
	CHECK_EQUAL(sk_scap_writer_close(writer, NULL), 0);
}

/* The state of a capture. */
static void load(const struct sk_buffer *capture, struct world *world)
{
	struct sk_scap_reader *reader;
	struct sk_scap_event scap;
	struct sk_error error = {0};

	world_open(world, NULL);
	if (sk_scap_reader_open_memory(capture->bytes, capture->length, &world->sink, &reader, &error) < 0) {
		printf("# %s\n", error.message);
		CHECK(false);
		return;
	}
	while (sk_scap_reader_next(reader, &scap, &error) == 1) {
		CHECK_EQUAL(sk_event_decode(scap.bytes, scap.size, &world->view.event, NULL), 0);
		world->view.event.state_only = scap.state_only;
		world->now = world->view.event.ts;
		sk_state_process(world->state, &world->view);
	}
	sk_scap_reader_close(reader);
}

static void pass_on(struct world *to)
{
	static struct world from;
	struct sk_buffer capture = {0};

	world_fill(&from);
	dump(&from, &capture);
	load(&capture, to);
	sk_buffer_release(&capture);
	world_close(&from);
}

static const struct sk_fd *fd_of(const struct world *world, int64_t tid, int64_t fd)
{
	const struct sk_thread *thread = sk_thread_find(sk_state_threads(world->state), tid);

	return thread ? sk_fd_find(sk_thread_fds(thread), fd) : NULL;
}

static struct world world;

TEST(a_dump_of_what_a_dump_made_is_the_same)
{
	static struct world first, second;
	struct sk_buffer one = {0}, other = {0};

	world_fill(&first);
	dump(&first, &one);
	load(&one, &second);
	dump(&second, &other);
	CHECK_EQUAL(one.length, other.length);
	CHECK(one.length == other.length && memcmp(one.bytes, other.bytes, one.length) == 0);
	sk_buffer_release(&one);
	sk_buffer_release(&other);
	world_close(&first);
	world_close(&second);
}

TEST(fds_that_other_readers_refuse_stay_what_they_are)
{
	const struct sk_fd *fd;

	pass_on(&world);
	fd = fd_of(&world, 100, 10);
	CHECK(fd && fd->type == SK_FD_MEMFD && fd->open_flags == 1);
	CHECK_TEXT(fd ? fd->name->bytes : NULL, "secret");
	fd = fd_of(&world, 100, 11);
	CHECK(fd && fd->type == SK_FD_PIDFD && fd->pid == 200);
	fd = fd_of(&world, 100, 12);
	CHECK(fd && fd->type == SK_FD_BPF);
	fd = fd_of(&world, 100, 13);
	CHECK(fd && fd->type == SK_FD_UNKNOWN);
	fd = fd_of(&world, 100, 14);
	CHECK(fd && fd->type == SK_FD_EVENTPOLL && fd->open_flags != 0);
	world_close(&world);
}

TEST(a_connection_keeps_its_server)
{
	const struct sk_fd *fd;

	pass_on(&world);
	fd = fd_of(&world, 100, 4);
	CHECK(fd && (fd->flags & SK_FD_FLAG_ROLE_SERVER));
	CHECK_EQUAL(fd ? fd->destination_port : 0, 80);
	CHECK_TEXT(fd ? fd->name->bytes : NULL, "10.0.0.2:5555->10.0.0.1:80");
	world_close(&world);
}

/* What a reader without our block makes of it: the entries as they stand there. */
struct seen {
	uint16_t source_port;
	unsigned highest_type, threads;
	char interface[16];
};

static int see_fd(void *context, int64_t tid, const struct sk_fd_entry *entry)
{
	struct seen *seen = context;

	if (tid == 100 && entry->fd == 4)
		seen->source_port = entry->source_port;
	if (entry->type > seen->highest_type)
		seen->highest_type = entry->type;
	return 0;
}

static int see_process(void *context, const struct sk_process_entry *entry)
{
	struct seen *seen = context;

	CHECK(entry->tid != 200);
	seen->threads++;
	return 0;
}

static int see_interface(void *context, const struct sk_interface_entry *entry)
{
	struct seen *seen = context;

	snprintf(seen->interface, sizeof(seen->interface), "%.*s", (int)entry->name.length, entry->name.bytes);
	return 0;
}

TEST(entries_are_such_as_other_readers_want_them)
{
	struct seen seen = {.threads = 0};
	const struct sk_entry_sink sink = {
		.context = &seen, .interface = see_interface, .process = see_process, .fd = see_fd};

	world_fill(&world);
	CHECK_EQUAL(sk_state_dump(world.state, &sink), 0);
	/* As the kernel has it: they turn it around, because somebody listens on 80. */
	CHECK_EQUAL(seen.source_port, 80);
	CHECK(seen.highest_type <= SK_FD_FILE_V2);
	CHECK_EQUAL(seen.threads, 2);
	CHECK_TEXT(seen.interface, "eth0");
	world_close(&world);
}

TEST(containers_and_their_users_are_known_again)
{
	const struct sk_container *container;
	static struct world expected;
	struct sk_buffer one = {0}, other = {0};
	struct sk_string *id;

	world_fill(&expected);
	pass_on(&world);
	container = sk_containers_find(sk_state_containers(world.state), "0123456789ab", 12);
	CHECK(container && container->known && container->privileged && container->host_ipc);
	CHECK_TEXT(container ? container->name->bytes : NULL, "web \"one\"");
	if (container) {
		const struct sk_user *user;
		const struct sk_group *group;

		id = container->id;
		user = sk_users_find(sk_state_users(world.state), id, 1000);
		group = sk_users_find_group(sk_state_users(world.state), id, 1001);
		CHECK_TEXT(user ? user->name->bytes : NULL, "inside");
		CHECK_TEXT(user ? user->home->bytes : NULL, "");
		CHECK_TEXT(group ? group->name->bytes : NULL, "insiders");
		CHECK_EQUAL(sk_container_print(container, &one), 0);
		container = sk_containers_find(sk_state_containers(expected.state), "0123456789ab", 12);
		CHECK_EQUAL(sk_container_print(container, &other), 0);
		CHECK_TEXT(one.bytes, other.bytes);
		/* All of what was told, but for the order of keys. */
		CHECK_EQUAL(one.length, strlen(metadata));
	}
	sk_buffer_release(&one);
	sk_buffer_release(&other);
	world_close(&expected);
	world_close(&world);
}

TEST(a_call_that_has_begun_ends_with_what_was_seen_then)
{
	pass_on(&world);
	event(&world, SK_EVENT_SYSCALL_OPENAT_2_X, 100);
	number(&world, 0, 20);
	number(&world, 1, -100);
	text(&world, 2, "/etc/other");
	number(&world, 3, 1);
	feed(&world);
	CHECK(world.view.enter != NULL);
	CHECK_TEXT(world.view.fd ? world.view.fd->name->bytes : NULL, "/etc/begun");
	world_close(&world);
}

TEST(who_has_just_exited_does_not_come_back)
{
	pass_on(&world);
	event(&world, SK_EVENT_SYSCALL_CLONE_20_X, 100);
	number(&world, 0, 200);
	number(&world, 3, 100);
	number(&world, 4, 100);
	number(&world, 5, 1);
	number(&world, 15, 0);
	feed(&world);
	CHECK(sk_thread_find(sk_state_threads(world.state), 200) == NULL);
	world_close(&world);
}

TEST(what_was_lost_leaves_the_same_in_doubt)
{
	static struct world expected;
	const struct sk_thread *one, *other;
	struct sk_lost lost;

	world_fill(&expected);
	pass_on(&world);
	CHECK_EQUAL(sk_state_losses(expected.state)->count, 1);
	CHECK(memcmp(sk_state_losses(expected.state), sk_state_losses(world.state), sizeof(struct sk_losses)) == 0);
	CHECK(sk_losses_around(sk_state_losses(world.state), world.now, &lost));
	CHECK_EQUAL(lost.counts[SK_EVENT_CLASS_PROCESS], 3);
	one = sk_thread_find(sk_state_threads(expected.state), 100);
	other = sk_thread_find(sk_state_threads(world.state), 100);
	CHECK(one && other && memcmp(one->known, other->known, sizeof(one->known)) == 0 &&
	      one->unknown == other->unknown);
	/* The fds that came later are known since then, those from before are in doubt. */
	CHECK(fd_of(&world, 100, 10) && fd_of(&world, 100, 10)->known == 1);
	CHECK(fd_of(&world, 100, 3) && fd_of(&world, 100, 3)->known == 0);
	world_close(&expected);
	world_close(&world);
}

/* So many fds that what is said of them takes several blocks, which have padding between. */
TEST(large_tables_of_fds_are_known_to_the_last)
{
	static struct world first;
	struct sk_buffer capture = {0};

	world_open(&first, NULL);
	for (int64_t tid = 1; tid <= 12; tid++) {
		add_process(&first, tid, tid > 1 ? 1 : 0, "many");
		for (int64_t number = 0; number < 4000; number++) {
			char name[64];
			struct sk_fd_entry entry = {.fd = number, .type = SK_FD_UNIX_SOCK};

			snprintf(name, sizeof(name), "/run/%lld", (long long)(tid * 10000 + number) * 7 % 99999);
			entry.name = bytes_of(name);
			first.sink.fd(first.sink.context, tid, &entry);
		}
	}
	first.sink.complete(first.sink.context);
	tell_of_container(&first); /* a capture wants an event */
	/* Closed on exec, which no entry of a socket says. */
	for (int64_t tid = 1; tid <= 12; tid++) {
		event(&first, SK_EVENT_SYSCALL_FCNTL_X, tid);
		number(&first, 0, 0);
		number(&first, 1, 3999);
		number(&first, 2, 3);
		feed(&first);
		event(&first, SK_EVENT_SYSCALL_CLOSE_RANGE_X, tid);
		number(&first, 0, 0);
		number(&first, 1, 3990);
		number(&first, 2, 3999);
		number(&first, 3, 4);
		feed(&first);
	}
	dump(&first, &capture);
	load(&capture, &world);
	for (int64_t tid = 1; tid <= 12; tid++) {
		const struct sk_fd *one = fd_of(&first, tid, 3999), *other = fd_of(&world, tid, 3999);

		CHECK(one && other && one->open_flags != 0 && one->open_flags == other->open_flags);
		CHECK_TEXT(other ? other->name->bytes : NULL, one ? one->name->bytes : "");
		CHECK_EQUAL(sk_thread_find(sk_state_threads(world.state), tid)->clone_ts, 77);
	}
	sk_buffer_release(&capture);
	world_close(&first);
	world_close(&world);
}

TEST(times_never_go_back)
{
	struct sk_buffer capture = {0};
	struct sk_scap_reader *reader;
	struct sk_scap_event scap;
	struct sk_entry_sink nobody = {0};
	uint64_t last = 0;
	unsigned events = 0;

	world_fill(&world);
	dump(&world, &capture);
	CHECK_EQUAL(sk_scap_reader_open_memory(capture.bytes, capture.length, &nobody, &reader, NULL), 0);
	for (; sk_scap_reader_next(reader, &scap, NULL) == 1; events++) {
		CHECK(sk_read_u64(scap.bytes) >= last);
		last = sk_read_u64(scap.bytes);
	}
	CHECK_EQUAL(events, 4);
	sk_scap_reader_close(reader);
	sk_buffer_release(&capture);
	world_close(&world);
}

TEST_MAIN(RUN(a_dump_of_what_a_dump_made_is_the_same) RUN(fds_that_other_readers_refuse_stay_what_they_are)
		  RUN(a_connection_keeps_its_server) RUN(entries_are_such_as_other_readers_want_them)
			  RUN(containers_and_their_users_are_known_again)
				  RUN(a_call_that_has_begun_ends_with_what_was_seen_then)
					  RUN(who_has_just_exited_does_not_come_back)
						  RUN(what_was_lost_leaves_the_same_in_doubt)
							  RUN(large_tables_of_fds_are_known_to_the_last)
								  RUN(times_never_go_back))
