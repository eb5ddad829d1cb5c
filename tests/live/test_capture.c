/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Live capture: a child does known things, and what arrives is held against
 * what it did.  Needs root and a kernel that takes the programs; otherwise
 * every case is skipped with the reason that sk_capture_open() gives.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "tests/live/live.h"
#include "vm/support/alloc.h"

/* What the child found out, in memory that it shares with the test. */
static struct {
	char directory[64];
	uint64_t created_ino, opened_ino, pipe_ino, memfd_ino;
	uint32_t created_dev;
	int created_fd, server, client, accepted, udp, pipes[2];
	uint16_t server_port, client_port, closed_port, udp_port;
	int64_t grandchild, killed, thread, failed_exec;
} * facts;

/* --- looking at events ------------------------------------------------- */

static const struct sk_event *find_next(const struct sk_event *after, uint16_t type, int64_t tid)
{
	for (int i = after ? (int)(after - got.events) + 1 : 0; i < got.count; i++)
		if (got.events[i].type == type && (tid == 0 || got.events[i].tid == tid))
			return &got.events[i];
	return NULL;
}

static const struct sk_event *find(uint16_t type)
{
	return find_next(NULL, type, 0);
}

static bool text_is(const struct sk_event *event, unsigned index, const char *text)
{
	uint32_t length;
	const char *actual = sk_event_text(event, index, &length);

	return length == strlen(text) && memcmp(actual, text, length) == 0;
}

/* The event of a type with this text as a parameter. */
static const struct sk_event *find_text(uint16_t type, unsigned index, const char *text)
{
	const struct sk_event *event = NULL;

	while ((event = find_next(event, type, 0)))
		if (text_is(event, index, text))
			return event;
	printf("# no %s event with \"%s\"\n", sk_events[type].id, text);
	return NULL;
}

static const struct sk_event *find_number(uint16_t type, unsigned index, int64_t number)
{
	const struct sk_event *event = NULL;

	while ((event = find_next(event, type, 0)))
		if (sk_event_signed(event, index, -999) == number)
			return event;
	printf("# no %s event with %lld\n", sk_events[type].id, (long long)number);
	return NULL;
}

#define CHECK_NUMBER(event, index, expected)                                                                       \
	CHECK_EQUAL((event) ? sk_event_signed(event, index, -999) : -999, expected)

#define CHECK_PARAM_TEXT(event, index, expected)                                                                   \
	do {                                                                                                       \
		uint32_t length_;                                                                                  \
		char text_[5000] = "";                                                                             \
		const char *param_ = sk_event_text(event, index, &length_);                                        \
		memcpy(text_, param_, length_ < sizeof(text_) ? length_ : sizeof(text_) - 1);                      \
		CHECK_TEXT(text_, expected);                                                                       \
	} while (0)

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

static void *idle_thread(void *argument)
{
	facts->thread = (int64_t)syscall(SYS_gettid);
	return argument;
}

static void run_programs(void)
{
	/* On the stack: a failed exec shows what is in memory without faulting it in. */
	char name[] = "odd name", one[] = "one", two[] = "two words", first[] = "FIRST=1", second[] = "SECOND=2";
	char *arguments[] = {name, one, two, NULL}, *environment[] = {first, second, NULL};
	pthread_t thread;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		execve("/nonexistent/program", arguments, environment);
		execve("/bin/true", arguments, environment);
		_exit(1);
	}
	facts->grandchild = pid;
	waitpid(pid, NULL, 0);
	pid = fork();
	if (pid == 0) {
		raise(SIGKILL);
		_exit(1);
	}
	facts->killed = pid;
	waitpid(pid, NULL, 0);
	pthread_create(&thread, NULL, idle_thread, NULL);
	pthread_join(thread, NULL);
}

static void run_from_memory(void)
{
	char *arguments[] = {(char *)"ghost", NULL}, *environment[] = {NULL};
	int program = open("/bin/true", O_RDONLY), memory = memfd_create("ghost", 0);
	char buffer[4096];
	ssize_t length;
	struct stat status;
	pid_t pid;

	while ((length = read(program, buffer, sizeof(buffer))) > 0)
		if (write(memory, buffer, (size_t)length) != length)
			return;
	fstat(memory, &status);
	facts->memfd_ino = status.st_ino;
	pid = fork();
	if (pid == 0) {
		fexecve(memory, arguments, environment);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

static void do_everything(void)
{
	if (chdir(facts->directory) < 0)
		_exit(1);
	touch_files();
	use_fds();
	use_network();
	run_programs();
	run_from_memory();
}

/* Captures do_everything() once, for the cases that follow; false and a skipped case if that is not possible. */
static bool captured(void)
{
	static bool done, possible;
	struct sk_capture_stats stats;
	struct sk_capture *capture;
	struct child child;
	uint64_t set[8] = {0};

	if (done) {
		if (!possible)
			SKIP(reason[0] ? reason : "not root");
		return possible;
	}
	done = true;
	facts = mmap(NULL, sizeof(*facts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (facts == MAP_FAILED)
		abort();
	strcpy(facts->directory, "/tmp/sk-capture-XXXXXX");
	for (const char *const *name =
		     (const char *const[]){"rename",   "renameat2", "link",      "symlink",     "unlink",
					   "unlinkat", "chmod",     "fchmod",    "mkdir",       "rmdir",
					   "renameat", "linkat",    "symlinkat", "fchmodat",    "mkdirat",
					   "setns",    "listen",    "ptrace",    "sched_yield", NULL};
	     *name; name++)
		select_call(set, *name);
	child = start_child(do_everything);
	capture = open_capture(
		&(struct sk_capture_options){.syscalls = set, .syscall_words = 8, .only_tree_of = child.pid});
	if (!capture) {
		end_child(&child);
		return false;
	}
	CHECK(mkdtemp(facts->directory));
	let_go(&child);
	collect(capture, child.pid);
	stats = sk_capture_stats(capture);
	CHECK_EQUAL(sk_capture_sum(stats.consumed), got.count);
	CHECK_EQUAL(sk_capture_lost(&stats), 0);
	CHECK_EQUAL(stats.disordered, 0);
	CHECK_EQUAL(got.damaged, 0);
	CHECK_EQUAL(got.too_many, 0);
	CHECK(got.ordered);
	sk_capture_close(capture);
	end_child(&child);
	rmdir(facts->directory);
	possible = true;
	return true;
}

/* --- cases ------------------------------------------------------------- */

TEST(every_parameter_has_the_size_that_its_type_needs)
{
	int wrong = 0;

	if (!captured())
		return;
	for (int i = 0; i < got.count; i++) {
		const struct sk_event *event = &got.events[i];

		if (event->nparams != event->info->nparams)
			wrong++;
		for (unsigned p = 0; p < event->nparams; p++) {
			size_t size = sk_param_fixed_size(event->info->params[p].type);
			uint8_t type = event->info->params[p].type;
			uint32_t length = event->param[p].length;
			bool text =
				type == SK_PARAM_CHARBUF || type == SK_PARAM_FSPATH || type == SK_PARAM_FSRELPATH;

			if ((size && length != size) ||
			    (text && length &&
			     strnlen((const char *)event->param[p].bytes, length) + 1 != length)) {
				printf("# %s: %s has %u bytes\n", event->info->id, event->info->params[p].name,
				       length);
				wrong++;
			}
		}
	}
	CHECK_EQUAL(wrong, 0);
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

TEST(a_new_process_is_told_before_what_it_does)
{
	const struct sk_event *made, *making, *first = NULL;

	if (!captured())
		return;
	made = find_next(NULL, SK_EVENT_SYSCALL_CLONE_20_X, facts->grandchild);
	CHECK(made);
	if (!made)
		return;
	for (int i = 0; i < got.count && !first; i++)
		if (got.events[i].tid == facts->grandchild)
			first = &got.events[i];
	CHECK(first == made);
	CHECK_NUMBER(made, 0, 0);
	CHECK_NUMBER(made, 3, facts->grandchild);
	CHECK_NUMBER(made, 4, facts->grandchild);
	CHECK_NUMBER(made, 5, got.ends);
	CHECK_NUMBER(made, 18, facts->grandchild);
	CHECK_PARAM_TEXT(made, 13, "disguise");
	making = find_number(SK_EVENT_SYSCALL_CLONE_20_X, 0, facts->grandchild);
	CHECK(making && making->tid == got.ends && making > made);
	CHECK_NUMBER(making, 5, getpid());
}

TEST(a_thread_is_told_with_its_process)
{
	const struct sk_event *event;

	if (!captured())
		return;
	event = find_next(NULL, SK_EVENT_SYSCALL_CLONE3_X, facts->thread);
	if (!event)
		event = find_next(NULL, SK_EVENT_SYSCALL_CLONE_20_X, facts->thread);
	CHECK(event);
	CHECK_NUMBER(event, 3, facts->thread);
	CHECK_NUMBER(event, 4, got.ends);
	CHECK((sk_event_unsigned(event, 15, 0) & (0x2000 | 0x8000 | 0x1)) == (0x2000 | 0x8000 | 0x1));
	CHECK(find_next(NULL, SK_EVENT_PROCEXIT_1_E, facts->thread));
}

TEST(a_program_that_runs_is_told_as_the_kernel_knows_it)
{
	static const char arguments[] = "one\0two words", environment[] = "FIRST=1\0SECOND=2";
	char path[256] = "";
	const struct sk_event *event;
	struct stat status;

	if (!captured())
		return;
	event = find_text(SK_EVENT_SYSCALL_EXECVE_19_X, 30, "/bin/true");
	CHECK(event);
	if (!event)
		return;
	CHECK_NUMBER(event, 0, 0);
	CHECK_EQUAL(event->tid, facts->grandchild);
	CHECK_PARAM_TEXT(event, 1, "odd name");
	CHECK_EQUAL(event->param[2].length, sizeof(arguments));
	CHECK(memcmp(event->param[2].bytes, arguments, sizeof(arguments)) == 0);
	CHECK_NUMBER(event, 3, facts->grandchild);
	CHECK_NUMBER(event, 5, got.ends);
	CHECK_PARAM_TEXT(event, 13, "true");
	CHECK(event->param[14].length > 8 && memcmp(event->param[14].bytes, "cpuset=/", 8) == 0);
	CHECK_EQUAL(event->param[15].length, sizeof(environment));
	CHECK(memcmp(event->param[15].bytes, environment, sizeof(environment)) == 0);
	CHECK_NUMBER(event, 17, getpgid(0));
	CHECK_NUMBER(event, 28, getpgid(0));
	CHECK_NUMBER(event, 26, 0);
	CHECK_EQUAL(stat("/bin/true", &status), 0);
	CHECK_EQUAL(sk_event_unsigned(event, 23, 0), status.st_ino);
	CHECK_EQUAL(sk_event_unsigned(event, 25, 0),
		    (uint64_t)status.st_mtim.tv_sec * 1000000000 + (uint64_t)status.st_mtim.tv_nsec);
	/* root owns it and could write it */
	CHECK_EQUAL(sk_event_unsigned(event, 19, 0) & 1, 1);
	CHECK(realpath("/bin/true", path));
	CHECK_PARAM_TEXT(event, 27, path);
}

TEST(a_program_that_does_not_run_is_told_too)
{
	const struct sk_event *event;

	if (!captured())
		return;
	event = find_text(SK_EVENT_SYSCALL_EXECVE_19_X, 30, "/nonexistent/program");
	CHECK(event);
	CHECK_NUMBER(event, 0, -ENOENT);
	CHECK_PARAM_TEXT(event, 1, "odd name");
	CHECK_EQUAL(event->param[2].length, 14);
	CHECK_EQUAL(event->param[15].length, 17);
	CHECK_PARAM_TEXT(event, 13, "disguise");
}

TEST(a_program_in_memory_is_marked)
{
	const struct sk_event *event;

	if (!captured())
		return;
	event = find_text(SK_EVENT_SYSCALL_EXECVE_19_X, 27, "memfd:ghost");
	CHECK(event);
	if (!event)
		return;
	CHECK_EQUAL(sk_event_unsigned(event, 19, 0) & 4, 4);
	CHECK_EQUAL(sk_event_unsigned(event, 23, 0), facts->memfd_ino);
}

TEST(ends_are_told_with_their_cause)
{
	const struct sk_event *event;

	if (!captured())
		return;
	event = find_next(NULL, SK_EVENT_PROCEXIT_1_E, got.ends);
	CHECK(event);
	CHECK_NUMBER(event, 0, 7 << 8);
	CHECK_NUMBER(event, 1, 7);
	CHECK_NUMBER(event, 2, 0);
	event = find_next(NULL, SK_EVENT_PROCEXIT_1_E, facts->killed);
	CHECK(event);
	CHECK_NUMBER(event, 0, SIGKILL);
	CHECK_NUMBER(event, 1, 0);
	CHECK_NUMBER(event, 2, SIGKILL);
	CHECK_NUMBER(event, 4, 0);
}

static void leave_an_orphan(void)
{
	/* Its child outlives it for a moment. */
	if (fork() == 0) {
		usleep(50000);
		_exit(0);
	}
}

TEST(children_that_are_left_get_the_reaper_that_the_kernel_chooses)
{
	struct child child = start_child(leave_an_orphan);
	struct sk_capture *capture;
	const struct sk_event *event;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	capture = open_capture(&(struct sk_capture_options){.only_tree_of = child.pid});
	if (capture) {
		let_go(&child);
		collect(capture, child.pid);
		event = find_next(NULL, SK_EVENT_PROCEXIT_1_E, child.pid);
		CHECK(event);
		if (event)
			CHECK_NUMBER(event, 4, getpid());
		sk_capture_close(capture);
	}
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	end_child(&child);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static void open_in_children(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pid = fork();
		if (pid == 0) {
			open("/deep/below", O_RDONLY);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void open_elsewhere(void)
{
	open("/somewhere/else", O_RDONLY);
}

TEST(only_a_tree_keeps_the_others_out)
{
	struct child child = start_child(open_in_children), other = start_child(open_elsewhere);
	struct sk_capture *capture = open_capture(&(struct sk_capture_options){.only_tree_of = child.pid});

	if (capture) {
		let_go(&other);
		waitpid(other.pid, NULL, 0);
		let_go(&child);
		collect(capture, child.pid);
		CHECK(find_text(SK_EVENT_SYSCALL_OPENAT_2_X, 2, "/deep/below"));
		for (const struct sk_event *event = NULL;
		     (event = find_next(event, SK_EVENT_SYSCALL_OPENAT_2_X, 0));)
			CHECK(!text_is(event, 2, "/somewhere/else"));
		for (int i = 0; i < got.count; i++)
			CHECK(got.events[i].tid != getpid() && got.events[i].tid != other.pid);
		sk_capture_close(capture);
	} else {
		end_child(&other);
	}
	end_child(&child);
}

TEST(children_that_were_there_before_belong_to_the_tree)
{
	struct child child = start_child(open_elsewhere);
	struct sk_capture *capture = open_capture(&(struct sk_capture_options){.only_tree_of = getpid()});

	if (capture) {
		let_go(&child);
		collect(capture, child.pid);
		CHECK(find_text(SK_EVENT_SYSCALL_OPENAT_2_X, 2, "/somewhere/else"));
		sk_capture_close(capture);
	}
	end_child(&child);
}

TEST(without_a_tree_the_whole_host_is_captured)
{
	struct child child = start_child(open_elsewhere);
	struct sk_capture *capture = open_capture(&(struct sk_capture_options){0});

	if (capture) {
		let_go(&child);
		collect(capture, child.pid);
		CHECK(find_text(SK_EVENT_SYSCALL_OPENAT_2_X, 2, "/somewhere/else"));
		sk_capture_close(capture);
	}
	end_child(&child);
}

enum { MANY = 3000 };

static void close_often(void)
{
	for (int i = 0; i < MANY; i++)
		close(-1);
}

TEST(what_does_not_fit_into_the_ring_is_counted)
{
	struct child child = start_child(close_often);
	struct sk_capture *capture = open_capture(&(struct sk_capture_options){
		.only_tree_of = child.pid, .ring_size = (size_t)sysconf(_SC_PAGESIZE)});
	struct sk_capture_stats stats;

	if (capture) {
		let_go(&child);
		/* Nobody reads while it runs. */
		waitpid(child.pid, NULL, 0);
		while (sk_capture_poll(capture, 0, keep, NULL) > 0)
			;
		stats = sk_capture_stats(capture);
		CHECK(sk_capture_sum(stats.lost[SK_LOSS_RING]) > 0);
		CHECK_EQUAL(sk_capture_sum(stats.consumed), got.count);
		CHECK(stats.consumed[SK_EVENT_CLASS_CLOSE] + stats.lost[SK_LOSS_RING][SK_EVENT_CLASS_CLOSE] >=
		      MANY);
		CHECK_EQUAL(stats.lost[SK_LOSS_RING][SK_EVENT_CLASS_PROCESS], 0);
		CHECK_EQUAL(sk_capture_sum(stats.produced),
			    sk_capture_sum(stats.consumed) + sk_capture_lost(&stats));
		CHECK_EQUAL(sk_capture_sum(stats.lost[SK_LOSS_SIZE]), 0);
		CHECK_EQUAL(sk_capture_sum(stats.lost[SK_LOSS_SCRATCH]), 0);
		sk_capture_close(capture);
		close(child.gate);
	} else {
		end_child(&child);
	}
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

static int refuse(void *context, const uint8_t *bytes, size_t size, uint16_t cpu)
{
	(void)bytes, (void)size, (void)cpu;
	++*(int *)context;
	return -ECANCELED;
}

TEST(a_handler_that_refuses_ends_the_call)
{
	struct child child = start_child(close_often);
	struct sk_capture *capture = open_capture(&(struct sk_capture_options){.only_tree_of = child.pid});
	int calls = 0;

	if (capture) {
		let_go(&child);
		waitpid(child.pid, NULL, 0);
		CHECK_EQUAL(sk_capture_poll(capture, 100, refuse, &calls), -ECANCELED);
		CHECK_EQUAL(calls, 1);
		sk_capture_close(capture);
		close(child.gate);
	} else {
		end_child(&child);
	}
}

static void nothing(int number)
{
	(void)number;
}

TEST(waiting_ends_with_the_timeout_or_a_signal)
{
	struct child child = start_child(close_often);
	struct sk_capture *capture = open_capture(&(struct sk_capture_options){.only_tree_of = child.pid});
	struct sigaction action = {.sa_handler = nothing};
	struct timespec before, after;
	int result;

	if (capture) {
		clock_gettime(CLOCK_MONOTONIC, &before);
		CHECK_EQUAL(sk_capture_poll(capture, 50, keep, NULL), 0);
		clock_gettime(CLOCK_MONOTONIC, &after);
		CHECK((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 >= 45);
		sigaction(SIGALRM, &action, NULL);
		ualarm(50000, 0);
		result = sk_capture_poll(capture, 5000, keep, NULL);
		CHECK_EQUAL(result, -EINTR);
		sk_capture_close(capture);
	}
	end_child(&child);
}

static void open_once(void)
{
	open("/only/one", O_RDONLY);
	sleep(4);
}

TEST(an_event_does_not_wait_for_another)
{
	struct child child = start_child(open_once);
	struct sk_capture *capture = open_capture(&(struct sk_capture_options){.only_tree_of = child.pid});
	const struct sk_event *event = NULL;
	struct timespec now;
	uint64_t arrived;

	if (capture) {
		let_go(&child);
		for (int i = 0; i < 10 && !event; i++) {
			CHECK(sk_capture_poll(capture, 10000, keep, NULL) >= 0);
			event = find_text(SK_EVENT_SYSCALL_OPENAT_2_X, 2, "/only/one");
		}
		clock_gettime(CLOCK_REALTIME, &now);
		arrived = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
		CHECK(event && arrived - event->ts < 2000000000);
		sk_capture_close(capture);
	}
	end_child(&child);
}

/* BPF programs of this process, by its own fds. */
static int count_bpf_fds(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++) {
		char path[64], link[64] = "";

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		if (readlink(path, link, sizeof(link) - 1) > 0 && strstr(link, "bpf"))
			count++;
	}
	return count;
}

TEST(closing_leaves_nothing_behind)
{
	struct sk_capture *capture = open_capture(&(struct sk_capture_options){.only_tree_of = getpid()});

	if (!capture)
		return;
	CHECK(count_bpf_fds() > 10);
	sk_capture_close(capture);
	CHECK_EQUAL(count_bpf_fds(), 0);
	sk_capture_close(NULL);
}

TEST(without_memory_opening_fails_and_leaves_nothing_behind)
{
	struct sk_capture *capture = open_capture(&(struct sk_capture_options){.only_tree_of = getpid()});
	struct sk_error error = {0};
	int result = -ENOMEM;
	size_t allocations;

	if (!capture)
		return;
	sk_capture_close(capture);
	/* Every other one: each time programs are loaded. */
	for (allocations = 1; allocations < 100 && result == -ENOMEM; allocations += 2) {
		capture = NULL;
		sk_alloc_fail_after(allocations);
		result = sk_capture_open(&(struct sk_capture_options){.only_tree_of = getpid(), .cpus_per_ring = 1},
					 &capture, &error);
		sk_alloc_fail_after(SIZE_MAX);
		sk_capture_close(capture);
		CHECK(result == 0 || result == -ENOMEM);
		CHECK_EQUAL(count_bpf_fds(), 0);
	}
	CHECK_EQUAL(result, 0);
	CHECK(allocations > 5 && allocations < 100);
}

TEST(options_that_cannot_be_are_refused_with_a_sentence)
{
	struct sk_capture *capture = NULL;
	struct sk_error error = {0};

	CHECK_EQUAL(sk_capture_open(&(struct sk_capture_options){.ring_size = 5000}, &capture, &error), -EINVAL);
	CHECK(strstr(error.message, "power of two"));
	CHECK_EQUAL(sk_capture_open(&(struct sk_capture_options){.snap_length = 1 << 20}, &capture, &error),
		    -EINVAL);
	CHECK(strstr(error.message, "1048576"));
	CHECK(!capture);
}

static void open_unprivileged(void)
{
	struct sk_capture *capture;
	struct sk_error error = {0};
	int result;

	if (setgid(65534) < 0 || setuid(65534) < 0)
		_exit(1);
	result = sk_capture_open(&(struct sk_capture_options){0}, &capture, &error);
	_exit(result == -EPERM && strstr(error.message, "root") ? 0 : 2);
}

TEST(without_privileges_the_sentence_says_so)
{
	struct child child;
	int status = 0;

	if (geteuid() != 0) {
		SKIP("not root");
		return;
	}
	child = start_child(open_unprivileged);
	let_go(&child);
	waitpid(child.pid, &status, 0);
	CHECK_EQUAL(status, 0);
}

TEST_MAIN(
	RUN(every_parameter_has_the_size_that_its_type_needs) RUN(opened_files_are_told_with_their_inode) RUN(
		changes_of_names_are_told_with_both_paths) RUN(fds_and_attempts_are_told)
		RUN(connections_are_told_with_both_ends) RUN(a_new_process_is_told_before_what_it_does) RUN(
			a_thread_is_told_with_its_process) RUN(a_program_that_runs_is_told_as_the_kernel_knows_it)
			RUN(a_program_that_does_not_run_is_told_too) RUN(a_program_in_memory_is_marked) RUN(
				ends_are_told_with_their_cause)
				RUN(children_that_are_left_get_the_reaper_that_the_kernel_chooses) RUN(
					only_a_tree_keeps_the_others_out) RUN(children_that_were_there_before_belong_to_the_tree)
					RUN(without_a_tree_the_whole_host_is_captured) RUN(
						what_does_not_fit_into_the_ring_is_counted) RUN(data_is_cut_at_the_snap_length)
						RUN(other_system_call_tables_do_not_hide_a_program) RUN(
							a_handler_that_refuses_ends_the_call)
							RUN(waiting_ends_with_the_timeout_or_a_signal) RUN(
								an_event_does_not_wait_for_another)
								RUN(closing_leaves_nothing_behind) RUN(
									without_memory_opening_fails_and_leaves_nothing_behind)
									RUN(options_that_cannot_be_are_refused_with_a_sentence)
										RUN(without_privileges_the_sentence_says_so))
