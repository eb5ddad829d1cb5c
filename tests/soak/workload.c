/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A varied workload at fixed rates, for the soak:
 *
 *   workload SECONDS STARTS TINY FOLDER
 *
 *   STARTS  programs started a second, TINY each time, by vfork and posix_spawn
 *   FOLDER  where it makes its files; the markers, which a rule waits for, are
 *           FOLDER/marker-0, -1, ..., one a second; and /etc/shadow is read as often
 *
 *   one process an activity ─► ticks of 10 ms ─► as many actions as its rate says
 *
 * Says at the end what it did, one line `NAME DONE FAILED` an activity, on standard output.
 * Invariant: everything it starts has ended when it does.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TICK_NS = 10000000, NOBODY = 65534, STARTS = 2 };

extern char **environ;

static const char *tiny, *folder;

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void path_of(char ret_path[256], const char *name, uint64_t number)
{
	snprintf(ret_path, 256, "%s/%s-%llu", folder, name, (unsigned long long)number);
}

static bool wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* --- activities: true if it did what it was to do ------------------------- */

static bool start_program(uint64_t number)
{
	char *const arguments[] = {(char *)(uintptr_t) "tiny", (char *)(uintptr_t) "argument", NULL};
	pid_t pid;

	if (number % 2) {
		if (posix_spawn(&pid, tiny, NULL, NULL, arguments, environ) != 0)
			return false;
	} else {
		pid = vfork();
		if (pid == 0) {
			execve(tiny, arguments, environ);
			_exit(127);
		}
	}
	return pid > 0 && wait_for(pid);
}

static void *thread_main(void *context)
{
	return (void *)(uintptr_t)(syscall(SYS_gettid) && !context);
}

static bool make_threads(uint64_t number)
{
	pthread_t threads[4];
	unsigned count = 0;

	(void)number;
	while (count < 4 && pthread_create(&threads[count], NULL, thread_main, NULL) == 0)
		count++;
	for (unsigned i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	return count == 4;
}

static bool use_files(uint64_t number)
{
	char path[256], other[256], directory[256];
	char text[] = "text of a file";
	int fd, copy;
	bool done;

	path_of(path, "file", number % 64);
	path_of(other, "renamed", number % 64);
	path_of(directory, "folder", number % 64);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	copy = dup(fd);
	done = write(fd, text, sizeof(text)) > 0 && pread(copy, text, sizeof(text), 0) > 0;
	done &= fcntl(copy, F_SETFD, FD_CLOEXEC) == 0 && dup2(fd, copy) == copy;
	close(fd);
	close(copy);
	done &= mkdir(directory, 0700) == 0 && rename(path, other) == 0 && chmod(other, 0640) == 0;
	done &= symlink(other, path) == 0 && unlink(path) == 0 && unlink(other) == 0 && rmdir(directory) == 0;
	return done;
}

static bool use_kinds_of_fds(uint64_t number)
{
	int fds[4] = {eventfd(0, EFD_CLOEXEC), memfd_create("soak", MFD_CLOEXEC), -1, -1};
	bool done = fds[0] >= 0 && fds[1] >= 0 && pipe2(&fds[2], O_CLOEXEC) == 0;

	(void)number;
	done &= write(fds[3], "x", 1) == 1;
	return syscall(SYS_close_range, fds[2], fds[3], 0) == 0 && close(fds[0]) == 0 && close(fds[1]) == 0 && done;
}

static bool talk_tcp(uint64_t number)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), client, accepted = -1;
	char byte;
	bool done;

	(void)number;
	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	done = bind(server, (struct sockaddr *)&address, length) == 0 && listen(server, 1) == 0 &&
	       getsockname(server, (struct sockaddr *)&address, &length) == 0 &&
	       connect(client, (struct sockaddr *)&address, length) == 0;
	if (done)
		accepted = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	done = done && accepted >= 0 && send(client, "x", 1, 0) == 1 && recv(accepted, &byte, 1, 0) == 1;
	close(server);
	close(client);
	close(accepted);
	return done;
}

static bool talk_udp(uint64_t number)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, peer;
	socklen_t length = sizeof(address), peer_length = sizeof(peer);
	int server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int client = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char byte;
	bool done;

	(void)number;
	done = bind(server, (struct sockaddr *)&address, length) == 0 &&
	       getsockname(server, (struct sockaddr *)&address, &length) == 0 &&
	       sendto(client, "x", 1, 0, (struct sockaddr *)&address, length) == 1 &&
	       recvfrom(server, &byte, 1, 0, (struct sockaddr *)&peer, &peer_length) == 1;
	close(server);
	close(client);
	return done;
}

/* An fd goes through a socket. */
static bool pass_fd(uint64_t number)
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
	int pair[2], fd = open(tiny, O_RDONLY | O_CLOEXEC), passed = -1;
	bool done;

	(void)number;
	if (fd < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return false;
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	done = sendmsg(pair[0], &message, 0) == 1 && recvmsg(pair[1], &message, MSG_CMSG_CLOEXEC) == 1;
	if (done)
		memcpy(&passed, CMSG_DATA(&control.header), sizeof(passed));
	close(fd);
	close(passed);
	close(pair[0]);
	close(pair[1]);
	return done;
}

/* What a child does, and ends with. */
static bool in_child(bool (*act)(void))
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(act() ? 0 : 1);
	return pid > 0 && wait_for(pid);
}

static bool become_somebody(void)
{
	if (getuid() != 0)
		return setsid() >= 0;
	return setresgid(NOBODY, NOBODY, NOBODY) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0 && setsid() >= 0 &&
	       prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0;
}

static bool change_user(uint64_t number)
{
	(void)number;
	return in_child(become_somebody);
}

static bool leave_orphan(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		usleep(2000);
		_exit(0);
	}
	return pid > 0;
}

static bool make_daemon(uint64_t number)
{
	(void)number;
	return in_child(leave_orphan);
}

/* A pid namespace has its first process, which has a child. */
static bool live_in_namespaces(void)
{
	pid_t pid;

	if (unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_FILES) < 0)
		return errno == EPERM || errno == ENOSPC;
	pid = fork();
	if (pid == 0)
		_exit(chdir("/") == 0 && chroot(folder) == 0 && getpid() == 1 && in_child(leave_orphan) ? 0 : 1);
	return pid > 0 && wait_for(pid);
}

static bool use_namespaces(uint64_t number)
{
	(void)number;
	return geteuid() != 0 || in_child(live_in_namespaces);
}

static void *execs(void *context)
{
	char *const arguments[] = {(char *)(uintptr_t) "tiny", NULL};

	execve(tiny, arguments, environ);
	return context;
}

/* A thread that is not the main one runs exec. */
static bool exec_in_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, execs, NULL) == 0)
		pause();
	return false;
}

static bool thread_exec(uint64_t number)
{
	(void)number;
	return in_child(exec_in_thread);
}

static bool set_marker(uint64_t number)
{
	char path[256];
	int fd;

	path_of(path, "marker", number);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	close(fd);
	return unlink(path) == 0;
}

/* What a rule of the default pack waits for. */
static bool read_hashes(uint64_t number)
{
	int fd = open("/etc/shadow", O_RDONLY | O_CLOEXEC);

	(void)number;
	return fd >= 0 && close(fd) == 0;
}

/* --- rates ------------------------------------------------------------------ */

struct activity {
	const char *name;
	bool (*act)(uint64_t number);
	unsigned rate; /* a second */
};

/* Does `rate` actions a second for so long; what there was no time for is made up for within a second, or not at all. */
static void keep_going(const struct activity *activity, unsigned seconds)
{
	const int64_t begin = now_ns(), end = begin + (int64_t)seconds * 1000000000;
	uint64_t done = 0, failed = 0, skipped = 0;

	for (int64_t now = begin; now < end; now = now_ns()) {
		const uint64_t due = (uint64_t)(now - begin) * activity->rate / 1000000000 + 1;

		if (done + failed + skipped + activity->rate < due)
			skipped = due - done - failed - activity->rate; /* too slow: no avalanche afterwards */
		for (unsigned i = 0; i < 64 && done + failed + skipped < due; i++) {
			if (activity->act(done + failed))
				done++;
			else
				failed++;
		}
		if (done + failed + skipped >= due) {
			const struct timespec tick = {.tv_nsec = TICK_NS};

			nanosleep(&tick, NULL);
		}
	}
	printf("%s %llu %llu\n", activity->name, (unsigned long long)done, (unsigned long long)failed);
	fflush(stdout);
}

static unsigned number_of(const char *text, unsigned most)
{
	unsigned number;
	char rest;

	return sscanf(text, "%u%c", &number, &rest) == 1 && number <= most ? number : 0;
}

int main(int argc, char **argv)
{
	struct activity activities[] = {
		{"marker", set_marker, 1},
		{"hashes", read_hashes, 1},
		{"starts", start_program, 0},
		{"starts", start_program, 0},
		{"threads", make_threads, 25},
		{"files", use_files, 200},
		{"fds", use_kinds_of_fds, 200},
		{"tcp", talk_tcp, 50},
		{"udp", talk_udp, 100},
		{"passed", pass_fd, 20},
		{"users", change_user, 20},
		{"daemons", make_daemon, 20},
		{"namespaces", use_namespaces, 5},
		{"thread-exec", thread_exec, 10},
	};
	const unsigned count = sizeof(activities) / sizeof(activities[0]);
	unsigned seconds = argc == 5 ? number_of(argv[1], 86400) : 0;
	bool failed = false;

	if (!seconds) {
		fprintf(stderr, "usage: workload SECONDS STARTS TINY FOLDER\n");
		return 2;
	}
	activities[STARTS].rate = number_of(argv[2], 100000) / 2;
	activities[STARTS + 1].rate = activities[STARTS].rate;
	tiny = argv[3];
	folder = argv[4];
	for (unsigned i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return 1;
		if (pid == 0) {
			/* Nothing outlives whoever is to wait for it. */
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (activities[i].rate)
				keep_going(&activities[i], seconds);
			_exit(0);
		}
	}
	for (;;) {
		int status;

		if (wait(&status) < 0) {
			if (errno == ECHILD)
				break;
		} else {
			failed |= !WIFEXITED(status) || WEXITSTATUS(status) != 0;
		}
	}
	return failed;
}
