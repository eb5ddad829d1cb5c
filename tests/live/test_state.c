/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known from events is what /proc says: processes live through what the
 * state engine has to follow and then stand still; the state that saw it happen
 * is held against one that only reads /proc afterwards.
 *
 *   scan ─► events of the family ─► state "seen" ─┐
 *                                                 ├─► equal, thread by thread, fd by fd
 *   the family stands still ─► /proc ─► "told" ───┘
 *
 * Where the reference does not follow the kernel (docs/state.md) the family does not
 * go: setpgid without exec, PR_SET_NAME, capabilities after setuid, servers on a port
 * that the kernel chose; a process with a root of its own calls its directory as it sees it.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "runtime/state/state.h"
#include "tests/live/live.h"

enum { MEMBERS = 11, PATIENCE_MS = 15000, NOBODY = 65534 };

extern char **environ;

static char folder[64];
static int ready; /* a byte for each member that stands still */

/* --- members of the family -------------------------------------------------- */

/* Whoever gets here changes no more. */
static _Noreturn void stand_still(void)
{
	if (write(ready, "x", 1) != 1)
		_exit(1);
	close(ready);
	for (;;)
		pause();
}

/* The same, in another program: its end of the pipe is how it is known to have begun. */
static char *const sleeper[] = {(char *)(uintptr_t) "sleep", (char *)(uintptr_t) "1000", NULL};

static void tell(void)
{
	if (write(ready, "x", 1) != 1)
		_exit(1);
	fcntl(ready, F_SETFD, FD_CLOEXEC);
}

static int open_in(const char *name, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return open(path, flags, 0600);
}

static void plain(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct rlimit limit = {100, 200};
	socklen_t length = sizeof(address);
	int pipes[2], server, client, fd;

	if (chdir(folder) < 0 || mkdir("below", 0700) < 0 || chdir("below") < 0)
		_exit(1);
	fd = open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	dup2(fd, 77);
	fcntl(fd, F_DUPFD, 55);
	close(fd);
	open("..", O_RDONLY | O_DIRECTORY);
	fd = open_in("other", O_RDWR | O_CREAT);
	openat(AT_FDCWD, "../other", O_RDONLY);
	for (int i = 0; i < 5; i++)
		dup(fd);
	syscall(SYS_close_range, 6, 7, 0);
	if (pipe2(pipes, O_CLOEXEC) < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pipes) < 0)
		_exit(1);
	eventfd(0, 0);
	epoll_create1(EPOLL_CLOEXEC);
	memfd_create("soul", 0);
	server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(server, (struct sockaddr *)&address, length) < 0 ||
	    getsockname(server, (struct sockaddr *)&address, &length) < 0 || close(server) < 0)
		_exit(1);
	server = socket(AF_INET, SOCK_STREAM, 0);
	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(server, (struct sockaddr *)&address, length) < 0 || listen(server, 1) < 0 ||
	    connect(client, (struct sockaddr *)&address, length) < 0 || accept(server, NULL, NULL) < 0)
		_exit(1);
	setrlimit(RLIMIT_NOFILE, &limit);
	stand_still();
}

static void other_program(void)
{
	open_in("kept", O_RDONLY | O_CREAT);
	open_in("closed", O_RDONLY | O_CREAT | O_CLOEXEC);
	eventfd(0, EFD_CLOEXEC);
	fcntl(open_in("late", O_RDONLY | O_CREAT), F_SETFD, FD_CLOEXEC);
	if (chdir("/usr") < 0)
		_exit(1);
	tell();
	execve("/bin/sleep", sleeper,
	       (char *[]){(char *)(uintptr_t) "SOUL=1", (char *)(uintptr_t) "OTHER=two words", NULL});
	_exit(1);
}

static void somebody_else(void)
{
	if (setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0 || setsid() < 0)
		_exit(1);
	stand_still();
}

static void elsewhere(void)
{
	if (chroot(folder) < 0 || chdir("/") < 0)
		_exit(1);
	stand_still();
}

static void *pauses(void *context)
{
	for (;;)
		pause();
	return context;
}

static void many(void)
{
	pthread_t thread;

	for (int i = 0; i < 3; i++)
		pthread_create(&thread, NULL, pauses, NULL);
	usleep(50000);
	stand_still();
}

static void *runs_sleep(void *context)
{
	tell();
	execve("/bin/sleep", sleeper, environ);
	return context;
}

static void thread_that_execs(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, pauses, NULL);
	pthread_create(&thread, NULL, runs_sleep, NULL);
	pauses(NULL);
}

/* The child stays, its parent does not: a subreaper, the head of the family, gets it. */
static void orphan(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (setsid() < 0)
			_exit(1);
		usleep(50000);
		stand_still();
	}
	_exit(0);
}

static void spawns(void)
{
	pid_t pid;

	tell();
	if (posix_spawn(&pid, "/bin/sleep", NULL, NULL, sleeper, environ) != 0)
		_exit(1);
	pauses(NULL);
}

static void deep(void)
{
	if (unshare(CLONE_NEWPID) < 0)
		_exit(1);
	if (fork() == 0)
		stand_still();
	pauses(NULL);
}

static void forks_by_vfork(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execve("/bin/sleep", sleeper, environ);
		_exit(1);
	}
	stand_still();
}

static int passes[2];

/* Was there before the file was opened that it gets. */
static void receiver(void)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec piece = {&byte, 1};
	struct msghdr message = {
		.msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};

	if (recvmsg(passes[0], &message, 0) != 1)
		_exit(1);
	stand_still();
}

static void pass_a_file(void)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {
		.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
	char byte = 'x';
	struct iovec piece = {&byte, 1};
	struct msghdr message = {
		.msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	int fd = open_in("passed", O_RDONLY | O_CREAT);

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	if (sendmsg(passes[1], &message, 0) != 1)
		_exit(1);
	close(fd);
}

/* The head starts the others and stands still last. */
static void family(void)
{
	static void (*const members[MEMBERS])(void) = {plain, other_program,     somebody_else, elsewhere,
						       many,  thread_that_execs, orphan,        spawns,
						       deep,  forks_by_vfork,    receiver};

	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, passes) < 0)
		_exit(1);
	for (int i = 0; i < MEMBERS; i++)
		if (fork() == 0)
			members[i]();
	pass_a_file();
	stand_still();
}

/* --- two states --------------------------------------------------------------- */

static int lookup(void *context, int64_t tid, const struct sk_entry_sink *sink)
{
	(void)context;
	return sk_proc_read_thread(tid, sink);
}

static int lookup_fd(void *context, int64_t pid, int64_t fd, const struct sk_entry_sink *sink)
{
	(void)context;
	return sk_proc_read_fd(pid, fd, sink);
}

static const struct sk_state_source source = {.lookup = lookup, .lookup_fd = lookup_fd};

static struct sk_state *new_state(int64_t only_tree_of)
{
	const struct sk_state_options options = {.source = &source, .own_pid = getpid()};
	struct sk_state *state = NULL;
	struct sk_entry_sink sink;
	struct sk_error error = {0};

	CHECK_EQUAL(sk_state_create(&options, &state), 0);
	sink = sk_state_sink(state);
	CHECK_EQUAL(sk_proc_scan(only_tree_of, &sink, &error), 0);
	return state;
}

static struct sk_event_view view;

static int apply(void *context, const uint8_t *bytes, size_t size, uint16_t cpu)
{
	view.event.cpu = cpu;
	if (sk_event_decode(bytes, size, &view.event, NULL) == 0)
		sk_state_process(context, &view);
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Events until every member stands still, and half a second on for those that were on their way. */
static void watch(struct sk_capture *capture, struct sk_state *state, int still)
{
	const int64_t end = now_ms() + PATIENCE_MS;
	int64_t quiet = end;
	int count = 0;
	char bytes[MEMBERS + 1];

	while (now_ms() < end && now_ms() < quiet) {
		struct pollfd pipe = {.fd = still, .events = POLLIN};

		CHECK(sk_capture_poll(capture, 20, apply, state) >= 0);
		if (count <= MEMBERS && poll(&pipe, 1, 0) == 1)
			count += (int)read(still, bytes, sizeof(bytes));
		if (count == MEMBERS + 1 && quiet == end)
			quiet = now_ms() + 500;
	}
	CHECK_EQUAL(count, MEMBERS + 1);
	/* What is closed goes with the next event, and on a quiet host the last one is a member's close. */
	close(dup(still));
	while (now_ms() < end && sk_capture_poll(capture, 100, apply, state) > 0)
		;
}

/* --- equal ----------------------------------------------------------------------- */

static int64_t compared;

static void differs(const struct sk_thread *told, const char *what, const char *seen, const char *expected)
{
	printf("# %s of %lld (%s): seen \"%s\", /proc says \"%s\"\n", what, (long long)told->tid, told->comm->bytes,
	       seen, expected);
	test_failures++;
}

static void same_number(const struct sk_thread *told, const char *what, int64_t seen, int64_t expected)
{
	char texts[2][32];

	compared++;
	if (seen == expected)
		return;
	snprintf(texts[0], sizeof(texts[0]), "%lld", (long long)seen);
	snprintf(texts[1], sizeof(texts[1]), "%lld", (long long)expected);
	differs(told, what, texts[0], texts[1]);
}

static void same_text(const struct sk_thread *told, const char *what, const struct sk_string *seen,
		      const struct sk_string *expected)
{
	compared++;
	if (seen->length != expected->length || memcmp(seen->bytes, expected->bytes, seen->length) != 0)
		differs(told, what, seen->bytes, expected->bytes);
}

/* The calls say what kind of fd they make; /proc has a word of its own for some. */
static bool same_kind(uint8_t seen, uint8_t told)
{
	return seen == told || told == SK_FD_UNSUPPORTED;
}

static void same_fds(const struct sk_thread *seen, const struct sk_thread *told)
{
	const struct sk_fd *expected, *extra;
	uint32_t cursor = 0;
	char what[32];

	while ((expected = sk_fd_table_next(sk_thread_fds(told), &cursor))) {
		const struct sk_fd *fd = sk_fd_find(sk_thread_fds(seen), expected->fd);

		snprintf(what, sizeof(what), "fd %lld", (long long)expected->fd);
		if (!fd) {
			differs(told, what, "nothing", expected->name->bytes);
			continue;
		}
		if (!same_kind(fd->type, expected->type)) {
			differs(told, what, sk_fd_type_name(fd->type), sk_fd_type_name(expected->type));
			continue;
		}
		if (expected->type == SK_FD_FILE_V2 || expected->type == SK_FD_DIRECTORY)
			same_text(told, what, fd->name, expected->name);
		if (expected->type == SK_FD_FILE_V2)
			same_number(told, "inode", (int64_t)fd->ino, (int64_t)expected->ino);
		if (expected->type == SK_FD_IPV4_SOCK || expected->type == SK_FD_IPV4_SERVSOCK) {
			same_text(told, what, fd->name, expected->name);
			same_number(told, "role", fd->flags & 3, expected->flags & 3);
		}
	}
	cursor = 0;
	while ((extra = sk_fd_table_next(sk_thread_fds(seen), &cursor))) {
		snprintf(what, sizeof(what), "fd %lld", (long long)extra->fd);
		if (!sk_fd_find(sk_thread_fds(told), extra->fd))
			differs(told, what, extra->name->bytes, "nothing");
	}
}

static void same_thread(const struct sk_thread *seen, const struct sk_thread *told)
{
	same_number(told, "pid", seen->pid, told->pid);
	/* That of the head, who is not in its own tree. */
	if (sk_thread_is_main(told) && told->ptid != 0)
		same_number(told, "ptid", seen->ptid, told->ptid);
	same_number(told, "vtid", seen->vtid, told->vtid);
	same_number(told, "vpid", seen->vpid, told->vpid);
	same_number(told, "uid", seen->uid, told->uid);
	same_number(told, "gid", seen->gid, told->gid);
	same_number(told, "loginuid", seen->loginuid, told->loginuid);
	/* setsid gives another group, too, which the reference does not follow; and its own namespace's number. */
	if (!sk_thread_in_pid_namespace(told))
		same_number(told, "sid", seen->sid, told->sid);
	if (told->sid != told->pid)
		same_number(told, "pgid", seen->pgid, told->pgid);
	same_number(told, "tty", seen->tty, told->tty);
	same_text(told, "comm", seen->comm, told->comm);
	same_text(told, "exe", seen->exe, told->exe);
	same_text(told, "exepath", seen->exepath, told->exepath);
	same_text(told, "arguments", seen->args, told->args);
	same_text(told, "command line", seen->cmdline, told->cmdline);
	same_text(told, "root", seen->root, told->root);
	if (told->root->length == 1)
		same_text(told, "directory", sk_thread_cwd(seen), sk_thread_cwd(told));
	same_text(told, "environment", sk_thread_env(seen), sk_thread_env(told));
	same_number(told, "inode of the program", (int64_t)seen->exe_ino, (int64_t)told->exe_ino);
	if (told->uid != NOBODY) {
		same_number(told, "permitted capabilities", (int64_t)seen->cap_permitted,
			    (int64_t)told->cap_permitted);
		same_number(told, "effective capabilities", (int64_t)seen->cap_effective,
			    (int64_t)told->cap_effective);
	}
	same_number(told, "threads", sk_thread_count(seen), sk_thread_count(told));
	if (sk_thread_is_main(told)) {
		same_number(told, "limit of fds", seen->fdlimit, told->fdlimit);
		same_fds(seen, told);
	}
}

TEST(what_was_seen_to_happen_is_what_proc_says_afterwards)
{
	const struct sk_capture_options options = {.ring_size = 16 << 20};
	struct sk_capture *capture;
	struct sk_state *seen, *told;
	const struct sk_thread *thread;
	struct child head;
	uint32_t cursor = 0;
	int still[2], members = 0;

	strcpy(folder, "/tmp/sk-state-XXXXXX");
	if (geteuid() == 0 && (!mkdtemp(folder) || pipe(still) < 0))
		abort();
	capture = open_capture(&options);
	if (!capture)
		return;
	chmod(folder, 0755);
	ready = still[1];
	seen = new_state(0);
	head = start_child(family);
	close(still[1]);
	let_go(&head);
	watch(capture, seen, still[0]);
	told = new_state(head.pid);
	while ((thread = sk_thread_table_next(sk_state_threads(told), &cursor))) {
		const struct sk_thread *same = sk_thread_find(sk_state_threads(seen), thread->tid);

		members++;
		if (same)
			same_thread(same, thread);
		else
			differs(thread, "thread", "nothing", "it is there");
	}
	/* The head, what it started, what those did, and threads. */
	CHECK(members >= 1 + MEMBERS + 2 + 3);
	CHECK(compared > 250);
	/* And nobody is known who is not there. */
	cursor = 0;
	while ((thread = sk_thread_table_next(sk_state_threads(seen), &cursor)))
		if (thread->ptid == head.pid)
			CHECK(sk_thread_find(sk_state_threads(told), thread->tid));
	/* Orphans come to the head, so that its end does not end them: one by one. */
	cursor = 0;
	while ((thread = sk_thread_table_next(sk_state_threads(told), &cursor)))
		if (thread->tid != head.pid)
			kill((pid_t)thread->tid, SIGKILL);
	end_child(&head);
	close(still[0]);
	sk_state_destroy(seen);
	sk_state_destroy(told);
	sk_capture_close(capture);
	{
		char command[96];

		snprintf(command, sizeof(command), "rm -rf %s", folder);
		CHECK_EQUAL(system(command), 0);
	}
}

TEST_MAIN(RUN(what_was_seen_to_happen_is_what_proc_says_afterwards))
