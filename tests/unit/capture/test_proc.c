/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of the host from /proc: this test's own process, with fds of every
 * kind, and files that are damaged.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/capture/capture.h"
#include "runtime/capture/proc_file.h"
#include "runtime/capture/proc_host.h"
#include "runtime/capture/proc_tree.h"
#include "tests/test.h"

/* --- keeping what the sink was given ----------------------------------- */

enum { KEPT = 512 };

struct kept_fd {
	struct sk_fd_entry entry;
	char name[256];
};

static struct {
	int machines, interfaces, users, groups, completes, processes, fds;
	bool loopback, root_user, root_group, own_parent_first;
	struct sk_machine_entry machine;
	struct sk_process_entry own; /* strings below */
	char comm[64], exe[256], exepath[1024], args[4096], cwd[1024], root[1024], env[4096], cgroups[4096];
	struct sk_process_entry thread;
	char thread_comm[64];
	int64_t thread_tid;
	int64_t pids[4 * KEPT];
	struct kept_fd fd[KEPT];
	int refuse; /* the sink's answer to processes */
} kept;

static int keep_machine(void *context, const struct sk_machine_entry *entry)
{
	(void)context;
	kept.machines++;
	kept.machine = *entry;
	return 0;
}

static int keep_interface(void *context, const struct sk_interface_entry *entry)
{
	(void)context;
	kept.interfaces++;
	if (entry->family_length == 4 && entry->address[0] == 127 && entry->name.length == 2 &&
	    memcmp(entry->name.bytes, "lo", 2) == 0)
		kept.loopback = true;
	return 0;
}

static bool is(struct sk_bytes bytes, const char *text)
{
	return bytes.length == strlen(text) && memcmp(bytes.bytes, text, bytes.length) == 0;
}

static int keep_user(void *context, const struct sk_user_entry *entry)
{
	(void)context;
	kept.users++;
	if (entry->uid == 0 && is(entry->name, "root") && is(entry->home, "/root"))
		kept.root_user = true;
	return 0;
}

static int keep_group(void *context, const struct sk_group_entry *entry)
{
	(void)context;
	kept.groups++;
	if (entry->gid == 0 && is(entry->name, "root"))
		kept.root_group = true;
	return 0;
}

static void copy(char *to, size_t size, struct sk_bytes bytes)
{
	size_t length = bytes.length < size ? bytes.length : size - 1;

	memcpy(to, bytes.bytes, length);
	to[length] = '\0';
}

#define COPY(field) copy(kept.field, sizeof(kept.field), entry->field)

static int keep_process(void *context, const struct sk_process_entry *entry)
{
	(void)context;
	if (kept.processes < 4 * KEPT)
		kept.pids[kept.processes] = entry->tid;
	kept.processes++;
	if (entry->tid == getpid()) {
		kept.own = *entry;
		COPY(comm);
		COPY(exe);
		COPY(exepath);
		COPY(args);
		COPY(cwd);
		COPY(root);
		COPY(env);
		COPY(cgroups);
	}
	if (entry->tid == kept.thread_tid) {
		kept.thread = *entry;
		copy(kept.thread_comm, sizeof(kept.thread_comm), entry->comm);
	}
	return kept.refuse;
}

static int keep_fd(void *context, int64_t tid, const struct sk_fd_entry *entry)
{
	(void)context;
	if (tid != getpid())
		return 0;
	kept.fds++;
	if (entry->fd >= 0 && entry->fd < KEPT) {
		kept.fd[entry->fd].entry = *entry;
		copy(kept.fd[entry->fd].name, sizeof(kept.fd[entry->fd].name), entry->name);
	}
	return 0;
}

static int keep_complete(void *context)
{
	(void)context;
	kept.completes++;
	return 0;
}

static const struct sk_entry_sink sink = {
	.machine = keep_machine,
	.interface = keep_interface,
	.user = keep_user,
	.group = keep_group,
	.process = keep_process,
	.fd = keep_fd,
	.complete = keep_complete,
};

static void scan(int64_t only_tree_of)
{
	int64_t thread = kept.thread_tid;
	struct sk_error error = {0};

	memset(&kept, 0, sizeof(kept));
	kept.thread_tid = thread;
	CHECK_EQUAL(sk_proc_scan(only_tree_of, &sink, &error), 0);
	CHECK_TEXT(error.message, "");
}

static int type_of(int fd)
{
	return fd >= 0 && fd < KEPT ? kept.fd[fd].entry.type : -1;
}

/* --- the host ---------------------------------------------------------- */

TEST(the_machine_is_described)
{
	struct timespec now;

	scan(getpid());
	clock_gettime(CLOCK_REALTIME, &now);
	CHECK_EQUAL(kept.machines, 1);
	CHECK_EQUAL(kept.completes, 1);
	CHECK_EQUAL(kept.machine.num_cpus, sysconf(_SC_NPROCESSORS_ONLN));
	CHECK(kept.machine.memory_size > 1 << 20);
	CHECK(kept.machine.max_pid >= 1024);
	CHECK(kept.machine.hostname[0] != '\0');
	CHECK(kept.machine.boot_ts > 0 && kept.machine.boot_ts < (uint64_t)now.tv_sec * 1000000000);
	CHECK(kept.loopback);
	CHECK(kept.root_user);
	CHECK(kept.root_group);
}

static char written[64];

static const char *write_file(const char *text)
{
	int file;

	strcpy(written, "/tmp/sk-test-proc-XXXXXX");
	file = mkstemp(written);
	CHECK(file >= 0);
	CHECK_EQUAL(write(file, text, strlen(text)), (long long)strlen(text));
	close(file);
	return written;
}

TEST(damaged_lines_of_passwd_are_skipped)
{
	char text[20000];

	memset(&kept, 0, sizeof(kept));
	CHECK_EQUAL(sk_proc_send_users(write_file("root:x:0:0:root:/root:/bin/sh\n"
						  "no fields\n"
						  "short:x:1:1\n"
						  "+nis::::::\n"
						  "letters:x:abc:1:a:/:/bin/sh\n"
						  "negative:x:-5:1:a:/:/bin/sh\n"
						  "large:x:99999999999999999999:1:a:/:/bin/sh\n"
						  ":x:2:2:nameless:/:/bin/sh\n"
						  "last:x:4:4:no newline:/:"),
				       &sink),
		    0);
	unlink(written);
	CHECK_EQUAL(kept.users, 2);
	CHECK(kept.root_user);

	/* A line longer than any buffer must not swallow the next one. */
	memset(text, 'a', sizeof(text));
	strcpy(text + sizeof(text) - 40, "\nroot:x:0:root\n");
	memset(&kept, 0, sizeof(kept));
	CHECK_EQUAL(sk_proc_send_groups(write_file(text), &sink), 0);
	unlink(written);
	CHECK_EQUAL(kept.groups, 1);
	CHECK(kept.root_group);
	CHECK_EQUAL(sk_proc_send_users("/nonexistent/passwd", &sink), 0);
}

/* --- processes --------------------------------------------------------- */

TEST(this_process_is_described)
{
	char path[1024] = "", directory[1024] = "";
	struct rlimit limit;
	struct stat file;
	struct timespec now;
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	CHECK(length > 0);
	CHECK(getcwd(directory, sizeof(directory)));
	scan(getpid());
	clock_gettime(CLOCK_REALTIME, &now);
	CHECK_EQUAL(kept.own.tid, getpid());
	CHECK_EQUAL(kept.own.pid, getpid());
	CHECK_EQUAL(kept.own.ptid, getppid());
	CHECK_EQUAL(kept.own.sid, getsid(0));
	CHECK_EQUAL(kept.own.pgid, getpgid(0));
	CHECK_EQUAL(kept.own.uid, geteuid());
	CHECK_EQUAL(kept.own.gid, getegid());
	CHECK_EQUAL(kept.own.flags, 0);
	CHECK_TEXT(kept.exepath, path);
	CHECK_TEXT(kept.cwd, directory);
	CHECK_TEXT(kept.root, "/");
	CHECK_TEXT(kept.comm, "test_proc");
	CHECK(strstr(kept.exe, "test_proc"));
	CHECK_EQUAL(kept.own.args.length, 0);
	CHECK(kept.own.env.length > 0 && kept.own.env.length <= 4096);
	CHECK(strncmp(kept.cgroups, "cpuset=/", 8) == 0);
	getrlimit(RLIMIT_NOFILE, &limit);
	CHECK_EQUAL(kept.own.fdlimit, (long long)limit.rlim_cur);
	CHECK(kept.own.vmsize_kb > 0);
	CHECK(kept.own.vmrss_kb > 0);
	CHECK(kept.own.clone_ts > kept.machine.boot_ts);
	CHECK(kept.own.clone_ts <= (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec);
	CHECK_EQUAL(stat("/proc/self/exe", &file), 0);
	CHECK_EQUAL(kept.own.exe_ino, file.st_ino);
	CHECK_EQUAL(kept.own.exe_ino_mtime, (long long)file.st_mtim.tv_sec * 1000000000 + file.st_mtim.tv_nsec);
	CHECK_EQUAL(kept.own.exe_writable, file.st_uid == geteuid() || access("/proc/self/exe", W_OK) == 0);
	CHECK(!kept.own.exe_from_memfd);
}

TEST(fds_have_their_kinds)
{
	int pipes[2], pair[2], tcp[3], udp, file, directory, event, signals, poll, notify, timer, memory, pid,
		netlink, unix_server;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0sk-test-proc"};
	socklen_t size = sizeof(address);
	sigset_t set;
	struct stat status;

	sigemptyset(&set);
	file = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	directory = open("/tmp", O_RDONLY | O_DIRECTORY);
	CHECK_EQUAL(pipe(pipes), 0);
	CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	event = eventfd(0, 0);
	signals = signalfd(-1, &set, 0);
	poll = epoll_create1(0);
	notify = inotify_init1(0);
	timer = timerfd_create(CLOCK_MONOTONIC, 0);
	memory = memfd_create("sk-test", 0);
	pid = (int)syscall(SYS_pidfd_open, getpid(), 0);
	netlink = socket(AF_NETLINK, SOCK_RAW, 0);
	/* The kernel's table has only those that have an address. */
	CHECK_EQUAL(bind(netlink, (struct sockaddr *)&kernel, sizeof(kernel)), 0);
	tcp[0] = socket(AF_INET, SOCK_STREAM, 0);
	tcp[1] = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_EQUAL(bind(tcp[0], (struct sockaddr *)&address, sizeof(address)), 0);
	CHECK_EQUAL(listen(tcp[0], 1), 0);
	CHECK_EQUAL(getsockname(tcp[0], (struct sockaddr *)&address, &size), 0);
	CHECK_EQUAL(connect(tcp[1], (struct sockaddr *)&address, sizeof(address)), 0);
	tcp[2] = accept(tcp[0], NULL, NULL);
	udp = socket(AF_INET, SOCK_DGRAM, 0);
	CHECK_EQUAL(connect(udp, (struct sockaddr *)&address, sizeof(address)), 0);
	unix_server = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK_EQUAL(bind(unix_server, (struct sockaddr *)&name, sizeof(sa_family_t) + 13), 0);

	scan(getpid());

	CHECK_EQUAL(type_of(file), SK_FD_FILE_V2);
	CHECK_TEXT(kept.fd[file].name, "/etc/passwd");
	CHECK_EQUAL(kept.fd[file].entry.open_flags, 1 | 0x1000);
	CHECK_EQUAL(fstat(file, &status), 0);
	CHECK_EQUAL(kept.fd[file].entry.ino, status.st_ino);
	CHECK(kept.fd[file].entry.dev != 0);
	CHECK_EQUAL(type_of(directory), SK_FD_DIRECTORY);
	CHECK_TEXT(kept.fd[directory].name, "/tmp");
	CHECK_EQUAL(type_of(pipes[0]), SK_FD_FIFO);
	CHECK_EQUAL(type_of(pipes[1]), SK_FD_FIFO);
	CHECK_EQUAL(kept.fd[pipes[0]].entry.ino, kept.fd[pipes[1]].entry.ino);
	CHECK_EQUAL(type_of(pair[0]), SK_FD_UNIX_SOCK);
	CHECK(kept.fd[pair[0]].entry.unix_source != 0);
	CHECK_EQUAL(type_of(event), SK_FD_EVENT);
	CHECK_EQUAL(type_of(signals), SK_FD_SIGNALFD);
	CHECK_EQUAL(type_of(poll), SK_FD_EVENTPOLL);
	CHECK_EQUAL(type_of(notify), SK_FD_INOTIFY);
	CHECK_EQUAL(type_of(timer), SK_FD_TIMERFD);
	CHECK_EQUAL(type_of(memory), SK_FD_MEMFD);
	if (pid >= 0)
		CHECK_EQUAL(type_of(pid), SK_FD_PIDFD);
	CHECK_EQUAL(type_of(netlink), SK_FD_NETLINK);
	CHECK_EQUAL(type_of(unix_server), SK_FD_UNIX_SOCK);
	CHECK_TEXT(kept.fd[unix_server].name, "@sk-test-proc");

	CHECK_EQUAL(type_of(tcp[0]), SK_FD_IPV4_SERVSOCK);
	CHECK_EQUAL(kept.fd[tcp[0]].entry.destination_port, ntohs(address.sin_port));
	CHECK_EQUAL(memcmp(kept.fd[tcp[0]].entry.destination, "\x7f\0\0\1", 4), 0);
	CHECK_EQUAL(kept.fd[tcp[0]].entry.l4, SK_L4_TCP);
	CHECK_EQUAL(type_of(tcp[1]), SK_FD_IPV4_SOCK);
	CHECK_EQUAL(kept.fd[tcp[1]].entry.destination_port, ntohs(address.sin_port));
	CHECK_EQUAL(type_of(tcp[2]), SK_FD_IPV4_SOCK);
	CHECK_EQUAL(kept.fd[tcp[2]].entry.source_port, ntohs(address.sin_port));
	CHECK_EQUAL(kept.fd[tcp[2]].entry.destination_port, kept.fd[tcp[1]].entry.source_port);
	CHECK_EQUAL(type_of(udp), SK_FD_IPV4_SOCK);
	CHECK_EQUAL(kept.fd[udp].entry.l4, SK_L4_UDP);

	for (int i = 3; i < 64; i++)
		close(i);
}

TEST(one_fd_can_be_read_alone)
{
	int file = open("/etc/passwd", O_RDONLY | O_CLOEXEC), pair[2];

	CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	memset(&kept, 0, sizeof(kept));
	CHECK_EQUAL(sk_proc_read_fd(getpid(), file, &sink), 0);
	CHECK_EQUAL(kept.fds, 1);
	CHECK_EQUAL(type_of(file), SK_FD_FILE_V2);
	CHECK_TEXT(kept.fd[file].name, "/etc/passwd");
	CHECK_EQUAL(sk_proc_read_fd(getpid(), pair[0], &sink), 0);
	CHECK_EQUAL(type_of(pair[0]), SK_FD_UNIX_SOCK);
	close(file);
	CHECK_EQUAL(sk_proc_read_fd(getpid(), file, &sink), -ENOENT);
	CHECK_EQUAL(kept.fds, 2);
	close(pair[0]);
	close(pair[1]);
}

TEST(a_forged_line_in_the_table_of_unix_sockets_names_nothing)
{
	struct sockaddr_un honest = {.sun_family = AF_UNIX, .sun_path = "\0sk-test-honest"};
	struct sockaddr_un forger = {.sun_family = AF_UNIX};
	int victim = socket(AF_UNIX, SOCK_STREAM, 0), other = socket(AF_UNIX, SOCK_STREAM, 0), length;
	struct stat status;

	CHECK_EQUAL(bind(victim, (struct sockaddr *)&honest, sizeof(sa_family_t) + 15), 0);
	CHECK_EQUAL(fstat(victim, &status), 0);
	length = snprintf(forger.sun_path + 1, sizeof(forger.sun_path) - 1,
			  "a\n0000000000000001: 00000002 00000000 00010000 0001 01 %llu /forged\nb",
			  (unsigned long long)status.st_ino);
	CHECK_EQUAL(
		bind(other, (struct sockaddr *)&forger, (socklen_t)(sizeof(sa_family_t) + 1) + (socklen_t)length),
		0);
	scan(getpid());
	CHECK_EQUAL(type_of(victim), SK_FD_UNIX_SOCK);
	CHECK(strstr(kept.fd[victim].name, "forged") == NULL);
	CHECK_EQUAL(type_of(other), SK_FD_UNIX_SOCK);
	close(victim);
	close(other);
}

static int64_t thread_tid;
static pthread_barrier_t barrier;

static void *run_thread(void *argument)
{
	prctl(PR_SET_NAME, "odd) S 1 (name");
	thread_tid = (int64_t)syscall(SYS_gettid);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return argument;
}

TEST(a_thread_whose_name_looks_like_numbers_is_read)
{
	pthread_t thread;

	pthread_barrier_init(&barrier, NULL, 2);
	CHECK_EQUAL(pthread_create(&thread, NULL, run_thread, NULL), 0);
	pthread_barrier_wait(&barrier);
	kept.thread_tid = thread_tid;
	scan(getpid());
	CHECK_EQUAL(kept.thread.tid, thread_tid);
	CHECK_EQUAL(kept.thread.pid, getpid());
	CHECK_EQUAL(kept.thread.flags, 0x2000 | 0x1);
	CHECK_EQUAL(kept.thread.sid, getsid(0));
	CHECK_TEXT(kept.thread_comm, "odd) S 1 (name");

	/* Alone: without fds, which belong to the process. */
	memset(&kept, 0, sizeof(kept));
	kept.thread_tid = thread_tid;
	CHECK_EQUAL(sk_proc_read_thread(thread_tid, &sink), 0);
	CHECK_EQUAL(kept.processes, 1);
	CHECK_EQUAL(kept.fds, 0);
	CHECK_EQUAL(kept.thread.pid, getpid());
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	kept.thread_tid = 0;
}

TEST(one_process_can_be_read_alone)
{
	memset(&kept, 0, sizeof(kept));
	CHECK_EQUAL(sk_proc_read_thread(getpid(), &sink), 0);
	CHECK_EQUAL(kept.processes, 1);
	CHECK_EQUAL(kept.own.pid, getpid());
	CHECK(kept.fds >= 3);
	CHECK_EQUAL(kept.machines + kept.users + kept.completes, 0);
	CHECK(sk_proc_read_thread(INT64_C(1) << 40, &sink) < 0);
	CHECK(sk_proc_read_thread(-1, &sink) < 0);
}

TEST(only_a_tree_leaves_the_others_out)
{
	int gate[2];
	pid_t child;
	bool others = false, found = false;

	CHECK_EQUAL(pipe(gate), 0);
	child = fork();
	if (child == 0) {
		char byte;

		close(gate[1]);
		_exit(read(gate[0], &byte, 1) == 0 ? 0 : 1);
	}
	scan(getpid());
	for (int i = 0; i < kept.processes; i++) {
		others = others || (kept.pids[i] != getpid() && kept.pids[i] != child);
		found = found || kept.pids[i] == child;
	}
	CHECK(found);
	CHECK(!others);
	scan(child);
	CHECK_EQUAL(kept.processes, 1);
	CHECK_EQUAL(kept.pids[0], child);
	close(gate[0]);
	close(gate[1]);
	waitpid(child, NULL, 0);
}

TEST(parents_come_before_their_children)
{
	struct sk_proc_tree tree;
	int wrong = 0;

	CHECK_EQUAL(sk_proc_tree_read(0, &tree), 0);
	CHECK(tree.count > 2);
	for (size_t i = 0; i < tree.count; i++)
		for (size_t j = i + 1; j < tree.count; j++)
			if (tree.nodes[i].parent == tree.nodes[j].pid)
				wrong++;
	CHECK_EQUAL(wrong, 0);
	sk_proc_tree_release(&tree);
	scan(0);
	CHECK(kept.processes > 2);
}

TEST(a_long_command_line_is_cut)
{
	char *arguments[] = {(char *)"sh", (char *)"-c", NULL, NULL};
	static char script[8000];
	int gate[2];
	pid_t child;

	memset(script, ' ', sizeof(script) - 1);
	memcpy(script, "read x", 6);
	arguments[2] = script;
	CHECK_EQUAL(pipe(gate), 0);
	child = fork();
	if (child == 0) {
		dup2(gate[0], 0);
		close(gate[0]);
		close(gate[1]);
		execv("/bin/sh", arguments);
		_exit(1);
	}
	/* Until it has become the shell, which gets its name before its arguments. */
	for (int i = 0; i < 1000; i++) {
		char comm[32], line[4];
		size_t length, line_length;

		if (sk_proc_read_file(comm, sizeof(comm), &length, "/proc/%d/comm", child) == 0 &&
		    strcmp(comm, "sh\n") == 0 &&
		    sk_proc_read_file(line, sizeof(line), &line_length, "/proc/%d/cmdline", child) == 0 &&
		    line_length > 0)
			break;
		usleep(1000);
	}
	memset(&kept, 0, sizeof(kept));
	kept.thread_tid = child;
	CHECK_EQUAL(sk_proc_read_thread(child, &sink), 0);
	CHECK_EQUAL(kept.thread.args.length, 4096 - 3);
	close(gate[0]);
	close(gate[1]);
	waitpid(child, NULL, 0);
	kept.thread_tid = 0;
}

static int refuse_process(void *context, const struct sk_process_entry *entry)
{
	(void)context, (void)entry;
	return -ENOSPC;
}

TEST(a_sink_that_refuses_ends_the_scan)
{
	struct sk_entry_sink refusing = {.process = refuse_process};
	struct sk_error error = {0};

	CHECK_EQUAL(sk_proc_scan(getpid(), &refusing, &error), -ENOSPC);
	CHECK(error.message[0] != '\0');
}

TEST(a_thread_exists_under_its_own_name_alone)
{
	char comm[32] = "";
	FILE *file = fopen("/proc/self/comm", "re");

	CHECK(file && fgets(comm, sizeof(comm), file));
	if (file)
		fclose(file);
	comm[strcspn(comm, "\n")] = '\0';
	CHECK(sk_proc_thread_exists(getpid(), getpid(), comm));
	CHECK(!sk_proc_thread_exists(getpid(), getpid(), "another name"));
	CHECK(!sk_proc_thread_exists(getpid(), 0, comm));
	CHECK(!sk_proc_thread_exists(-1, -1, comm));
}

TEST_MAIN(RUN(a_thread_exists_under_its_own_name_alone) RUN(the_machine_is_described) RUN(
	damaged_lines_of_passwd_are_skipped) RUN(this_process_is_described) RUN(fds_have_their_kinds)
		  RUN(one_fd_can_be_read_alone) RUN(a_forged_line_in_the_table_of_unix_sockets_names_nothing)
			  RUN(a_thread_whose_name_looks_like_numbers_is_read) RUN(one_process_can_be_read_alone)
				  RUN(only_a_tree_leaves_the_others_out) RUN(parents_come_before_their_children)
					  RUN(a_long_command_line_is_cut) RUN(a_sink_that_refuses_ends_the_scan))
