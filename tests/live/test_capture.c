/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Live capture of calls: a child does known things with files, fds and
 * sockets, and what arrives is held against what it did.
 */
#include <arpa/inet.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "tests/live/look.h"

/* What the child found out, in memory that it shares with the test. */
static struct {
	char directory[64];
	uint64_t created_ino, opened_ino, pipe_ino;
	uint32_t created_dev;
	int created_fd, server, client, accepted, udp, pipes[2];
	uint16_t server_port, client_port, closed_port, udp_port;
} * facts;

/* --- what the child does ----------------------------------------------- */

static void touch_files(void)
{
	struct stat status;
	int fd;

	fd = open("made", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	facts->created_fd = fd;
	fstat(fd, &status);
	facts->created_ino = status.st_ino;
	facts->created_dev = (uint32_t)((status.st_dev >> 8 & 0xfff) << 8 | (status.st_dev & 0xff));
	fchmod(fd, 0600);
	close(fd);
	fd = open("made", O_RDWR | O_APPEND);
	fstat(fd, &status);
	facts->opened_ino = status.st_ino;
	close(fd);
	fd = open("absent/file", O_RDONLY);
	fd = (int)syscall(SYS_openat2, AT_FDCWD, "made", (uint64_t[3]){O_RDONLY | O_DIRECTORY, 0, 8}, 24);
	rename("made", "renamed");
	rename("absent", "x");
	syscall(SYS_renameat2, AT_FDCWD, "renamed", AT_FDCWD, "renamed2", 1);
	link("renamed2", "hard");
	symlink("/etc/shadow", "soft");
	chmod("renamed2", 04755);
	mkdir("sub", 0751);
	rmdir("sub");
	unlink("hard");
	unlinkat(AT_FDCWD, "soft", 0);
	unlink("renamed2");
	chdir("/proc");
	chdir(facts->directory);
}

static void use_fds(void)
{
	struct stat status;
	int fd;

	if (pipe2(facts->pipes, O_NONBLOCK) == 0 && fstat(facts->pipes[0], &status) == 0)
		facts->pipe_ino = status.st_ino;
	dup3(facts->pipes[0], 70, O_CLOEXEC);
	fd = fcntl(facts->pipes[0], F_DUPFD_CLOEXEC, 80);
	close(fd);
	close_range(70, 90, 0);
	fd = memfd_create("lab", MFD_CLOEXEC);
	close(fd);
	prctl(PR_SET_NAME, "disguise");
	mount("none", "/nonexistent-target", "tmpfs", MS_NOSUID, NULL);
	syscall(SYS_setns, 9999, CLONE_NEWNS);
	syscall(SYS_sched_yield);
	ptrace(PTRACE_ATTACH, -1, 0, 0);
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in address;
	socklen_t size = sizeof(address);

	getsockname(fd, (struct sockaddr *)&address, &size);
	return ntohs(address.sin_port);
}

static void use_network(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0sk-test-capture"};
	socklen_t name_size = sizeof(sa_family_t) + 16;
	char buffer[32];
	int closed, stream, peer;

	facts->server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bind(facts->server, (struct sockaddr *)&address, sizeof(address));
	listen(facts->server, 9);
	facts->server_port = port_of(facts->server);
	facts->client = socket(AF_INET, SOCK_STREAM, 0);
	address.sin_port = htons(facts->server_port);
	connect(facts->client, (struct sockaddr *)&address, sizeof(address));
	facts->client_port = port_of(facts->client);
	facts->accepted = accept4(facts->server, NULL, NULL, SOCK_NONBLOCK);
	send(facts->client, "over tcp", 8, 0);
	recv(facts->accepted, buffer, sizeof(buffer), 0);

	/* A port that was just free again. */
	closed = socket(AF_INET, SOCK_STREAM, 0);
	address.sin_port = 0;
	bind(closed, (struct sockaddr *)&address, sizeof(address));
	facts->closed_port = port_of(closed);
	close(closed);
	closed = socket(AF_INET, SOCK_STREAM, 0);
	address.sin_port = htons(facts->closed_port);
	connect(closed, (struct sockaddr *)&address, sizeof(address));

	/* Not connected: where to is only in the call. */
	facts->udp = socket(AF_INET, SOCK_DGRAM, 0);
	address.sin_port = 0;
	bind(facts->udp, (struct sockaddr *)&address, sizeof(address));
	facts->udp_port = port_of(facts->udp);
	address.sin_port = htons(9);
	sendto(facts->udp, "over udp", 8, 0, (struct sockaddr *)&address, sizeof(address));

	stream = socket(AF_UNIX, SOCK_STREAM, 0);
	bind(stream, (struct sockaddr *)&name, name_size);
	listen(stream, 1);
	peer = socket(AF_UNIX, SOCK_STREAM, 0);
	connect(peer, (struct sockaddr *)&name, name_size);
}

static void do_everything(void)
{
	if (chdir(facts->directory) < 0)
		_exit(1);
	touch_files();
	use_fds();
	use_network();
}

static bool captured(void)
{
	static const char *const calls[] = {"rename",   "renameat2", "link",      "symlink",     "unlink",
					    "unlinkat", "chmod",     "fchmod",    "mkdir",       "rmdir",
					    "renameat", "linkat",    "symlinkat", "fchmodat",    "mkdirat",
					    "setns",    "listen",    "ptrace",    "sched_yield", NULL};
	bool possible;

	if (facts)
		return capture_once(do_everything, calls);
	facts = mmap(NULL, sizeof(*facts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (facts == MAP_FAILED)
		abort();
	strcpy(facts->directory, "/tmp/sk-capture-XXXXXX");
	CHECK(mkdtemp(facts->directory));
	possible = capture_once(do_everything, calls);
	rmdir(facts->directory);
	return possible;
}

/* --- what is seen of it ------------------------------------------------------------- */

/* An IPv4 tuple of loopback addresses with these ports. */
static bool tuple_is(const struct sk_event *event, unsigned index, uint16_t source, uint16_t destination)
{
	const uint8_t *bytes = event->param[index].bytes;

	return event->param[index].length == 13 && bytes[0] == 2 && memcmp(bytes + 1, "\x7f\0\0\1", 4) == 0 &&
	       sk_read_u16(bytes + 5) == source && memcmp(bytes + 7, "\x7f\0\0\1", 4) == 0 &&
	       sk_read_u16(bytes + 11) == destination;
}

static bool address_is(const struct sk_event *event, unsigned index, uint16_t port)
{
	const uint8_t *bytes = event->param[index].bytes;

	return event->param[index].length == 7 && bytes[0] == 2 && memcmp(bytes + 1, "\x7f\0\0\1", 4) == 0 &&
	       sk_read_u16(bytes + 5) == port;
}

TEST(every_parameter_has_the_size_that_its_type_needs)
{
	if (captured())
		CHECK_EQUAL(count_wrong_sizes(), 0);
}

TEST(opened_files_are_told_with_their_inode)
{
	const struct sk_event *event;

	if (!captured())
		return;
	event = find_text(SK_EVENT_SYSCALL_OPENAT_2_X, 2, "made");
	CHECK(event);
	if (!event)
		return;
	CHECK_NUMBER(event, 0, facts->created_fd);
	CHECK_NUMBER(event, 1, AT_FDCWD);
	/* write only, create, truncate, close on exec, and that it was created */
	CHECK_NUMBER(event, 3, 2 | 0x4 | 0x100 | 0x1000 | 0x4000);
	CHECK_NUMBER(event, 4, 0640);
	CHECK_NUMBER(event, 5, facts->created_dev);
	CHECK_EQUAL(sk_event_unsigned(event, 6, 0), facts->created_ino);

	event = find_next(event, SK_EVENT_SYSCALL_OPENAT_2_X, 0);
	CHECK(event && text_is(event, 2, "made"));
	CHECK_NUMBER(event, 3, 3 | 0x8);
	CHECK_NUMBER(event, 4, 0);
	CHECK_EQUAL(sk_event_unsigned(event, 6, 0), facts->opened_ino);

	event = find_text(SK_EVENT_SYSCALL_OPENAT_2_X, 2, "absent/file");
	CHECK(event);
	CHECK_NUMBER(event, 0, -ENOENT);
	CHECK_NUMBER(event, 6, 0);

	event = find_text(SK_EVENT_SYSCALL_OPENAT2_X, 2, "made");
	CHECK(event);
	CHECK_NUMBER(event, 0, -ENOTDIR);
	CHECK_NUMBER(event, 3, 1 | 0x400 | 0x2000);
	CHECK_NUMBER(event, 5, 1); /* RESOLVE_BENEATH */
}

TEST(changes_of_names_are_told_with_both_paths)
{
	const struct sk_event *event;

	if (!captured())
		return;
#ifdef SYS_rename
	event = find_text(SK_EVENT_SYSCALL_RENAME_X, 1, "made");
	CHECK(event && text_is(event, 2, "renamed"));
	CHECK_NUMBER(event, 0, 0);
	event = find_text(SK_EVENT_SYSCALL_RENAME_X, 1, "absent");
	CHECK_NUMBER(event, 0, -ENOENT);
	event = find(SK_EVENT_SYSCALL_LINK_2_X);
	CHECK(event && text_is(event, 1, "renamed2") && text_is(event, 2, "hard"));
	event = find(SK_EVENT_SYSCALL_SYMLINK_X);
	CHECK(event && text_is(event, 1, "/etc/shadow") && text_is(event, 2, "soft"));
	event = find(SK_EVENT_SYSCALL_CHMOD_X);
	CHECK(event && text_is(event, 1, "renamed2"));
	CHECK_NUMBER(event, 2, 04755);
	event = find(SK_EVENT_SYSCALL_MKDIR_2_X);
	CHECK(event && text_is(event, 1, "sub"));
	CHECK_NUMBER(event, 2, 0751);
	CHECK(find_text(SK_EVENT_SYSCALL_RMDIR_2_X, 1, "sub"));
	CHECK(find_text(SK_EVENT_SYSCALL_UNLINK_2_X, 1, "hard"));
#else
	/* Newer architectures have only the calls that start at a directory. */
	event = find_text(SK_EVENT_SYSCALL_RENAMEAT_X, 2, "made");
	CHECK(event && text_is(event, 4, "renamed"));
	CHECK_NUMBER(event, 0, 0);
	event = find_text(SK_EVENT_SYSCALL_RENAMEAT_X, 2, "absent");
	CHECK_NUMBER(event, 0, -ENOENT);
	event = find(SK_EVENT_SYSCALL_LINKAT_2_X);
	CHECK(event && text_is(event, 2, "renamed2") && text_is(event, 4, "hard"));
	event = find(SK_EVENT_SYSCALL_SYMLINKAT_X);
	CHECK(event && text_is(event, 1, "/etc/shadow") && text_is(event, 3, "soft"));
	event = find(SK_EVENT_SYSCALL_FCHMODAT_X);
	CHECK(event && text_is(event, 2, "renamed2"));
	CHECK_NUMBER(event, 3, 04755);
	event = find(SK_EVENT_SYSCALL_MKDIRAT_X);
	CHECK(event && text_is(event, 2, "sub"));
	CHECK_NUMBER(event, 3, 0751);
	event = find_text(SK_EVENT_SYSCALL_UNLINKAT_2_X, 2, "sub");
	CHECK_NUMBER(event, 3, AT_REMOVEDIR);
	CHECK(find_text(SK_EVENT_SYSCALL_UNLINKAT_2_X, 2, "hard"));
#endif
	event = find_text(SK_EVENT_SYSCALL_RENAMEAT2_X, 2, "renamed");
	CHECK(event && text_is(event, 4, "renamed2"));
	CHECK_NUMBER(event, 3, AT_FDCWD);
	CHECK_NUMBER(event, 5, 1);
	event = find(SK_EVENT_SYSCALL_FCHMOD_X);
	CHECK(event);
	CHECK_NUMBER(event, 1, facts->created_fd);
	CHECK_NUMBER(event, 2, 0600);
	event = find_text(SK_EVENT_SYSCALL_UNLINKAT_2_X, 2, "soft");
	CHECK_NUMBER(event, 1, AT_FDCWD);
	CHECK(find_text(SK_EVENT_SYSCALL_CHDIR_X, 1, "/proc"));
}

TEST(fds_and_attempts_are_told)
{
	const struct sk_event *event;

	if (!captured())
		return;
	event = find_number(SK_EVENT_SYSCALL_PIPE2_X, 1, facts->pipes[0]);
	CHECK(event);
	CHECK_NUMBER(event, 2, facts->pipes[1]);
	CHECK_EQUAL(sk_event_unsigned(event, 3, 0), facts->pipe_ino);
	CHECK_NUMBER(event, 4, 0x40);
	event = find(SK_EVENT_SYSCALL_DUP3_X);
	CHECK(event);
	CHECK_NUMBER(event, 0, 70);
	CHECK_NUMBER(event, 1, facts->pipes[0]);
	CHECK_NUMBER(event, 2, 70);
	CHECK_NUMBER(event, 3, 0x1000);
	event = find_number(SK_EVENT_SYSCALL_FCNTL_X, 0, 80);
	CHECK(event);
	CHECK_NUMBER(event, 2, 26); /* F_DUPFD_CLOEXEC */
	CHECK(find_number(SK_EVENT_SYSCALL_CLOSE_X, 1, 80));
	event = find(SK_EVENT_SYSCALL_CLOSE_RANGE_X);
	CHECK(event);
	CHECK_NUMBER(event, 1, 70);
	CHECK_NUMBER(event, 2, 90);
	event = find_text(SK_EVENT_SYSCALL_MEMFD_CREATE_X, 1, "lab");
	CHECK_NUMBER(event, 2, 1);
	event = find_number(SK_EVENT_SYSCALL_PRCTL_X, 1, PR_SET_NAME);
	CHECK(event && text_is(event, 2, "disguise"));
	event = find_text(SK_EVENT_SYSCALL_MOUNT_X, 2, "/nonexistent-target");
	CHECK(event && text_is(event, 1, "none") && text_is(event, 3, "tmpfs"));
	CHECK_NUMBER(event, 0, -ENOENT);
	CHECK_NUMBER(event, 4, MS_NOSUID);
	event = find(SK_EVENT_SYSCALL_SETNS_X);
	CHECK(event);
	CHECK_NUMBER(event, 0, -EBADF);
	CHECK_NUMBER(event, 1, 9999);
	CHECK_NUMBER(event, 2, 0x20);
	event = find_number(SK_EVENT_SYSCALL_PTRACE_X, 3, 11); /* PTRACE_ATTACH */
	CHECK(event);
	CHECK_NUMBER(event, 0, -ESRCH);
	CHECK_NUMBER(event, 4, -1);
	event = find(SK_EVENT_GENERIC_X);
	CHECK(event);
	CHECK_NUMBER(event, 0, sk_syscall_find("sched_yield", 11));
	CHECK_NUMBER(event, 1, SYS_sched_yield);
}

TEST(connections_are_told_with_both_ends)
{
	const struct sk_event *event;

	if (!captured())
		return;
	event = find_number(SK_EVENT_SOCKET_SOCKET_X, 0, facts->server);
	CHECK(event);
	CHECK_NUMBER(event, 1, AF_INET);
	CHECK_NUMBER(event, 2, SOCK_STREAM);
	CHECK_NUMBER(event, 4, 0x1000);
	event = find_number(SK_EVENT_SOCKET_BIND_X, 2, facts->server);
	CHECK(event && address_is(event, 1, 0));
	event = find_number(SK_EVENT_SOCKET_LISTEN_X, 1, facts->server);
	CHECK_NUMBER(event, 2, 9);
	event = find_number(SK_EVENT_SOCKET_CONNECT_X, 2, facts->client);
	CHECK(event);
	CHECK_NUMBER(event, 0, 0);
	CHECK(tuple_is(event, 1, facts->client_port, facts->server_port));
	CHECK(address_is(event, 3, facts->server_port));
	event = find_number(SK_EVENT_SOCKET_ACCEPT4_6_X, 0, facts->accepted);
	CHECK(event && tuple_is(event, 1, facts->client_port, facts->server_port));
	CHECK_NUMBER(event, 4, 9);
	CHECK_NUMBER(event, 5, 0x40);
	event = find_number(SK_EVENT_SOCKET_SENDTO_X, 2, facts->client);
	CHECK(event && tuple_is(event, 4, facts->client_port, facts->server_port));
	CHECK(event && event->param[1].length == 8 && memcmp(event->param[1].bytes, "over tcp", 8) == 0);
	event = find_number(SK_EVENT_SOCKET_RECVFROM_X, 3, facts->accepted);
	CHECK(event && tuple_is(event, 2, facts->client_port, facts->server_port));
	CHECK_NUMBER(event, 0, 8);
	CHECK_NUMBER(event, 4, 32);

	event = find_number(SK_EVENT_SOCKET_CONNECT_X, 0, -ECONNREFUSED);
	CHECK(event && event->param[1].length == 0 && address_is(event, 3, facts->closed_port));
	event = find_number(SK_EVENT_SOCKET_SENDTO_X, 2, facts->udp);
	CHECK(event && tuple_is(event, 4, facts->udp_port, 9));

	/* The last connect is that of the unix sockets: two pointers, then the name without its NUL. */
	event = NULL;
	for (const struct sk_event *next = NULL; (next = find_next(next, SK_EVENT_SOCKET_CONNECT_X, 0));)
		event = next;
	CHECK(event && event->param[1].length == 17 + 16 && event->param[1].bytes[0] == 1);
	CHECK(event && memcmp(event->param[1].bytes + 17, "sk-test-capture", 16) == 0);
	CHECK(event && sk_read_u64(event->param[1].bytes + 1) != 0);
}

static void write_long(void)
{
	static char buffer[3000];

	memset(buffer, 'x', sizeof(buffer));
	if (write(open("/dev/null", O_WRONLY), buffer, sizeof(buffer)) < 0)
		_exit(1);
}

TEST(data_is_cut_at_the_snap_length)
{
	struct child child = start_child(write_long);
	uint64_t set[8] = {0};
	struct sk_capture *capture;
	const struct sk_event *event;

	select_call(set, "write");
	capture = open_capture(&(struct sk_capture_options){
		.syscalls = set, .syscall_words = 8, .only_tree_of = child.pid, .snap_length = 2000});
	if (capture) {
		let_go(&child);
		collect(capture, child.pid);
		event = find_number(SK_EVENT_SYSCALL_WRITE_X, 0, 3000);
		CHECK(event && event->param[1].length == 2000);
		CHECK_NUMBER(event, 3, 3000);
		sk_capture_close(capture);
	}
	end_child(&child);
}

#if defined(__x86_64__)
/* System calls as a 32-bit program makes them: 5 is open there, 102 socketcall. */
static long compat_call(long number, uint32_t first, uint32_t second, uint32_t third)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(first), "c"(second), "d"(third)
			 : "memory", "r8", "r9", "r10", "r11");
	return result;
}

static void call_as_32_bits(void)
{
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	uint32_t arguments[3] = {AF_INET, SOCK_DGRAM, 0};

	strcpy(low, "/as/32/bits");
	compat_call(5, (uint32_t)(uintptr_t)low, O_WRONLY, 0);
	memcpy(low + 64, arguments, sizeof(arguments));
	compat_call(102, 1, (uint32_t)(uintptr_t)low + 64, 0);
	/* From memory already touched: a kernel without x32 never reads the path, and capture cannot fault the page in. */
	strcpy(low + 128, "/as/x32");
	syscall(0x40000000 | SYS_openat, AT_FDCWD, low + 128, O_RDONLY);
}

TEST(other_system_call_tables_do_not_hide_a_program)
{
	struct child child = start_child(call_as_32_bits);
	struct sk_capture *capture = open_capture(&(struct sk_capture_options){.only_tree_of = child.pid});
	const struct sk_event *event;

	if (capture) {
		let_go(&child);
		collect(capture, child.pid);
		event = find_text(SK_EVENT_SYSCALL_OPEN_X, 1, "/as/32/bits");
		if (event) {
			CHECK_NUMBER(event, 0, -ENOENT);
			CHECK_NUMBER(event, 2, 2);
			event = find(SK_EVENT_SOCKET_SOCKET_X);
			CHECK(event);
			CHECK_NUMBER(event, 1, AF_INET);
			CHECK_NUMBER(event, 2, SOCK_DGRAM);
			CHECK(find_text(SK_EVENT_SYSCALL_OPENAT_2_X, 2, "/as/x32"));
		} else {
			/* A kernel without 32-bit programs kills the child. */
			event = find_next(NULL, SK_EVENT_PROCEXIT_1_E, child.pid);
			CHECK(event && sk_event_signed(event, 2, 0) != 0);
		}
		sk_capture_close(capture);
	}
	end_child(&child);
}
#else
TEST(other_system_call_tables_do_not_hide_a_program)
{
	SKIP("only x86-64 has them");
}
#endif

TEST_MAIN(RUN(every_parameter_has_the_size_that_its_type_needs) RUN(opened_files_are_told_with_their_inode)
		  RUN(changes_of_names_are_told_with_both_paths) RUN(fds_and_attempts_are_told)
			  RUN(connections_are_told_with_both_ends) RUN(data_is_cut_at_the_snap_length)
				  RUN(other_system_call_tables_do_not_hide_a_program))
