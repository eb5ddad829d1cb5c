/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations of io_uring as events: a program writes down what it submits and
 * what came of it, in rings of each kind, and the events must say the same in
 * the same order.
 *
 *   diary[mode][i] = {event, result, path}  ─── compared with ───  events marked as operations
 */
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include <linux/openat2.h>

#include "tests/live/evasion/ring.h"
#include "tests/live/live.h"
#include "vm/notes.h"

/* Since 6.11. */
enum { OP_BIND = 56, OP_LISTEN = 57 };

enum { MODES = 4, STEPS = 32 };

struct step {
	uint16_t type;
	int result;
	int8_t path;    /* parameter that is `text`; 0: none */
	int8_t unknown; /* 1: the kernel may not know the operation */
	char text[64];
};

static struct diary {
	int refused; /* errno of the ring */
	int count;
	struct step steps[STEPS];
} * diaries;

static const struct mode {
	const char *name;
	unsigned setup;
	uint8_t flags; /* of each request */
} modes[MODES] = {
	{"plain", 0, 0},
	{"async", 0, IOSQE_ASYNC},
	{"polled", IORING_SETUP_SQPOLL, 0},
	{"deferred", IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, 0},
};

/* --- what is done ------------------------------------------------------------- */

static const struct mode *mode;
static struct diary *diary;
static struct ring ring;

static int run(struct io_uring_sqe *entry, uint16_t type, int8_t path, const char *text)
{
	struct step *step = &diary->steps[diary->count++];

	entry->flags |= mode->flags;
	*step = (struct step){.type = type, .path = path, .result = ring_run(&ring)};
	snprintf(step->text, sizeof(step->text), "%s", text);
	return step->result;
}

static int run_path(uint8_t opcode, const char *path, const char *second, uint16_t type, int8_t index)
{
	struct io_uring_sqe *entry = ring_next(&ring, opcode);

	ring_path(entry, AT_FDCWD, path);
	entry->addr2 = (uint64_t)(uintptr_t)second;
	if (opcode == IORING_OP_MKDIRAT)
		entry->len = 0700;
	else if (second && opcode != IORING_OP_SYMLINKAT)
		entry->len = (uint32_t)AT_FDCWD;
	if (opcode == IORING_OP_UNLINKAT && strchr(path, '!'))
		entry->unlink_flags = AT_REMOVEDIR;
	return run(entry, type, index, path);
}

static int run_fd(uint8_t opcode, int fd, const void *memory, uint64_t offset, uint32_t length, uint16_t type)
{
	struct io_uring_sqe *entry = ring_next(&ring, opcode);

	entry->fd = fd;
	entry->addr = (uint64_t)(uintptr_t)memory;
	entry->off = offset;
	entry->len = length;
	return run(entry, type, 0, "");
}

static void use_files(void)
{
	static struct open_how how = {.flags = O_RDONLY};
	struct io_uring_sqe *entry;
	char bytes[16];
	int fd;

	entry = ring_next(&ring, IORING_OP_OPENAT);
	ring_path(entry, AT_FDCWD, "/etc/hostname");
	fd = run(entry, SK_EVENT_SYSCALL_OPENAT_2_X, 2, "/etc/hostname");
	run_fd(IORING_OP_READ, fd, bytes, 0, 2, SK_EVENT_SYSCALL_READ_X);
	run_fd(IORING_OP_CLOSE, fd, NULL, 0, 0, SK_EVENT_SYSCALL_CLOSE_X);
	entry = ring_next(&ring, IORING_OP_OPENAT2);
	ring_path(entry, AT_FDCWD, "/etc/none");
	entry->len = sizeof(how);
	entry->off = (uint64_t)(uintptr_t)&how;
	run(entry, SK_EVENT_SYSCALL_OPENAT2_X, 2, "/etc/none");
	fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	run_fd(IORING_OP_WRITE, fd, "written", 0, 7, SK_EVENT_SYSCALL_WRITE_X);
	close(fd);
	run_path(IORING_OP_MKDIRAT, "/tmp/sk-uring!", NULL, SK_EVENT_SYSCALL_MKDIRAT_X, 2);
	run_path(IORING_OP_SYMLINKAT, "/etc/x", "/tmp/sk-uring!/s", SK_EVENT_SYSCALL_SYMLINKAT_X, 1);
	run_path(IORING_OP_LINKAT, "/tmp/sk-uring!/s", "/tmp/sk-uring!/t", SK_EVENT_SYSCALL_LINKAT_2_X, 2);
	run_path(IORING_OP_RENAMEAT, "/tmp/sk-uring!/s", "/tmp/sk-uring!/u", SK_EVENT_SYSCALL_RENAMEAT2_X, 2);
	unlink("/tmp/sk-uring!/t");
	unlink("/tmp/sk-uring!/u");
	run_path(IORING_OP_UNLINKAT, "/tmp/sk-uring!", NULL, SK_EVENT_SYSCALL_UNLINKAT_2_X, 2);
}

static void use_sockets(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	struct io_uring_sqe *entry;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), client, server, extra;
	char bytes[16];

	if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 1) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &size) < 0)
		return;
	entry = ring_next(&ring, IORING_OP_SOCKET);
	entry->fd = AF_INET;
	entry->off = SOCK_STREAM;
	client = run(entry, SK_EVENT_SOCKET_SOCKET_X, 0, "");
	if (client < 0)
		client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	run_fd(IORING_OP_CONNECT, client, &address, size, 0, SK_EVENT_SOCKET_CONNECT_X);
	server = run_fd(IORING_OP_ACCEPT, listener, NULL, 0, 0, SK_EVENT_SOCKET_ACCEPT4_6_X);
	run_fd(IORING_OP_SEND, client, "sent", 0, 4, SK_EVENT_SOCKET_SENDTO_X);
	run_fd(IORING_OP_RECV, server, bytes, 0, sizeof(bytes), SK_EVENT_SOCKET_RECV_X);
	run_fd(IORING_OP_SHUTDOWN, server, NULL, 0, SHUT_RDWR, SK_EVENT_SOCKET_SHUTDOWN_X);
	address.sin_port = 0;
	extra = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	entry = ring_next(&ring, OP_BIND);
	entry->fd = extra;
	entry->addr = (uint64_t)(uintptr_t)&address;
	entry->addr2 = size;
	run(entry, SK_EVENT_SOCKET_BIND_X, 0, "");
	diary->steps[diary->count - 1].unknown = 1;
	run_fd(OP_LISTEN, extra, NULL, 0, 5, SK_EVENT_SOCKET_LISTEN_X);
	diary->steps[diary->count - 1].unknown = 1;
	close(extra);
	close(listener);
	close(client);
	close(server);
}

static void use_rings(void)
{
	for (int i = 0; i < MODES; i++) {
		mode = &modes[i];
		diary = &diaries[i];
		if (!ring_open(&ring, mode->setup)) {
			diary->refused = errno ? errno : ENOSYS;
			continue;
		}
		/* Rings follow one another: this one's events end here. */
		unlinkat(AT_FDCWD, "/sk-uring-mark", 0);
		use_files();
		use_sockets();
		close(ring.fd);
	}
	_exit(0);
}

/* --- what is seen --------------------------------------------------------------- */

static bool is_operation(const struct sk_event *event)
{
	struct sk_param origin;

	return sk_event_note(event, SK_NOTE_ORIGIN, 0, &origin) && origin.length == 1 &&
	       origin.bytes[0] == SK_ORIGIN_IO_URING;
}

/* The first event behind number `from` that is an operation of this type. */
static int find_operation(int from, uint16_t type)
{
	for (int i = from + 1; i < got.count; i++)
		if (got.events[i].type == type && is_operation(&got.events[i]))
			return i;
	return 0;
}

static int find_mark(int from)
{
	uint32_t length;

	for (int i = from + 1; i < got.count; i++)
		if (got.events[i].type == SK_EVENT_SYSCALL_UNLINKAT_2_X &&
		    strcmp(sk_event_text(&got.events[i], 2, &length), "/sk-uring-mark") == 0)
			return i;
	return 0;
}

static int begin_of[MODES], child_pid, mode_of_case;
static bool sees_rings;

static const struct sk_event *last_of(int mode_number, uint16_t type)
{
	return &got.events[find_operation(begin_of[mode_number], type)];
}

static void check_details(int number)
{
	const struct sk_event *event = last_of(number, SK_EVENT_SYSCALL_WRITE_X);
	uint32_t length;

	CHECK_EQUAL(event->param[1].length, 7);
	CHECK(memcmp(event->param[1].bytes, "written", 7) == 0);
	event = last_of(number, SK_EVENT_SOCKET_RECV_X);
	CHECK_EQUAL(event->param[1].length, 4);
	event = last_of(number, SK_EVENT_SYSCALL_MKDIRAT_X);
	CHECK_EQUAL(sk_event_unsigned(event, 3, 0), 0700);
	event = last_of(number, SK_EVENT_SYSCALL_UNLINKAT_2_X);
	CHECK_EQUAL(sk_event_unsigned(event, 3, 0), 0x200);
	event = last_of(number, SK_EVENT_SYSCALL_SYMLINKAT_X);
	CHECK_TEXT(sk_event_text(event, 3, &length), "/tmp/sk-uring!/s");
	event = last_of(number, SK_EVENT_SYSCALL_RENAMEAT2_X);
	CHECK_TEXT(sk_event_text(event, 4, &length), "/tmp/sk-uring!/u");
	event = last_of(number, SK_EVENT_SYSCALL_OPENAT_2_X);
	CHECK_EQUAL(sk_event_signed(event, 1, 0), -100);
	CHECK_EQUAL(sk_event_unsigned(event, 3, 0), 1);
	CHECK(sk_event_unsigned(event, 6, 0) > 0);
	event = last_of(number, SK_EVENT_SOCKET_CONNECT_X);
	CHECK_EQUAL(event->param[1].length, 13); /* the tuple, and the address */
	CHECK_EQUAL(event->param[3].length, 7);
	event = last_of(number, SK_EVENT_SOCKET_ACCEPT4_6_X);
	CHECK_EQUAL(event->param[1].length, 13);
}

TEST(ring)
{
	const struct diary *done = &diaries[mode_of_case];
	int at = begin_of[mode_of_case];

	if (done->refused) {
		snprintf(reason, sizeof(reason), "no such ring: %s", strerror(done->refused));
		SKIP(reason);
		return;
	}
	CHECK(done->count > 15);
	for (int i = 0; i < done->count; i++) {
		const struct step *step = &done->steps[i];
		int found = find_operation(at, step->type);
		const struct sk_event *event = &got.events[found];
		uint32_t length;

		/* Refused before it was submitted: no operation took place. */
		if (step->unknown && step->result == -EINVAL && !found)
			continue;
		if (!found || sk_event_signed(event, 0, -1) != step->result)
			printf("# %s: result %d, event %d with %d\n", sk_events[step->type].id, step->result, found,
			       found ? (int)sk_event_signed(event, 0, -1) : 0);
		CHECK(found);
		if (!found)
			continue;
		at = found;
		CHECK_EQUAL(sk_event_signed(event, 0, -1), step->result);
		CHECK_EQUAL(event->tid, child_pid);
		if (step->path)
			CHECK_TEXT(sk_event_text(event, (unsigned)step->path, &length), step->text);
	}
	check_details(mode_of_case);
}

TEST(everything_is_captured)
{
	struct sk_capture_options options = {.syscall_words = 8};
	struct sk_capture *capture;
	struct child child;
	uint64_t set[8] = {0};

	diaries = mmap(NULL, MODES * sizeof(*diaries), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (diaries == MAP_FAILED)
		abort();
	for (size_t i = 0; i < sk_syscall_count; i++)
		set[sk_syscalls[i].sc / 64] |= UINT64_C(1) << sk_syscalls[i].sc % 64;
	options.syscalls = set;
	child = start_child(use_rings);
	child_pid = child.pid;
	options.only_tree_of = child.pid;
	capture = open_capture(&options);
	if (!capture) {
		end_child(&child);
		return;
	}
	sees_rings = sk_capture_sees_uring(capture);
	let_go(&child);
	collect(capture, child.pid);
	sk_capture_close(capture);
	end_child(&child);
	if (!sees_rings)
		SKIP("this kernel does not tell of operations");
	for (int i = 0, at = 0; i < MODES; i++) {
		if (!diaries[i].refused)
			at = begin_of[i] = find_mark(at);
	}
}

static void run_modes(void)
{
	for (int i = 0; i < MODES && sees_rings; i++) {
		char name[64];

		mode_of_case = i;
		snprintf(name, sizeof(name), "operations_of_a_ring_that_is_%s", modes[i].name);
		test_run(name, test_ring);
	}
}

TEST_MAIN(RUN(everything_is_captured) run_modes();)
