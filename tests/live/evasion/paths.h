/* SPDX-License-Identifier: Apache-2.0 */
/* Acts that hide a path. */
#ifndef SK_TESTS_EVASION_PATHS_H
#define SK_TESTS_EVASION_PATHS_H

#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <linux/openat2.h>

#include "tests/live/evasion/acts.h"

static void act_plain(void)
{
	open_secret();
}

/* --- paths that change ------------------------------------------------------ */

static struct {
	char *path;
	size_t at; /* where the two differ */
	bool over;
} flip;

static void begin_flip(void)
{
	flip.path = in_directory("$/.ssh/id_x");
	flip.at = strlen(directory) + 5;
}

static void *keep_flipping(void *nothing)
{
	while (!__atomic_load_n(&flip.over, __ATOMIC_RELAXED)) {
		__atomic_store_n(&flip.path[flip.at], '_', __ATOMIC_RELAXED);
		__atomic_store_n(&flip.path[flip.at], '/', __ATOMIC_RELAXED);
	}
	return nothing;
}

static void act_race(void)
{
	struct stat secret, opened;
	pthread_t thread;

	begin_flip();
	if (stat(flip.path, &secret) < 0 || pthread_create(&thread, NULL, keep_flipping, NULL))
		abort();
	for (int i = 0; i < RACES; i++) {
		int fd = (int)syscall(SYS_openat, AT_FDCWD, flip.path, O_RDONLY, 0);

		if (fd < 0 || fstat(fd, &opened) < 0)
			continue;
		facts->secret[facts->opens++] = opened.st_ino == secret.st_ino;
		facts->secrets += opened.st_ino == secret.st_ino;
		close(fd);
	}
	flip.over = true;
	pthread_join(thread, NULL);
}

/* Once the open waits for somebody who writes: another path, then the writer. */
static void *rewrite(void *path)
{
	char *fifo = in_directory("$/.ssh/id_fifo");

	usleep(100000);
	strcpy(path, in_directory("$/.ssh_id_x"));
	close(open(fifo, O_WRONLY | O_CLOEXEC));
	return NULL;
}

static void act_blocked(void)
{
	char *path = in_directory("$/.ssh/id_fifo");
	pthread_t thread;

	if (mkfifo(path, 0600) < 0 || pthread_create(&thread, NULL, rewrite, path))
		abort();
	syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0);
	pthread_join(thread, NULL);
}

static void act_blocked_unlink(void)
{
	write_file("$/.ssh/id_new", "");
	unlinkat(AT_FDCWD, in_directory("$/.ssh/id_new"), 0);
}

/* --- other paths to it -------------------------------------------------------- */

static void act_relative(void)
{
	if (chdir(in_directory("$/.ssh")) < 0 || open("id_x", O_RDONLY | O_CLOEXEC) < 0)
		refuse(errno);
}

static void act_dots(void)
{
	open_path("$/plain/../.ssh/./id_x");
}

static void act_symlink(void)
{
	open_path("$/link");
}

static void act_symlink_directory(void)
{
	open_path("$/d/id_x");
}

static void act_proc_root(void)
{
	open_path("/proc/self/root$/.ssh/id_x");
}

static void act_proc_cwd(void)
{
	if (chdir(in_directory("$/.ssh")) < 0)
		abort();
	open_path("/proc/self/cwd/id_x");
}

static void act_proc_fd(void)
{
	dup2(open(in_directory("$/.ssh"), O_PATH | O_CLOEXEC), 100);
	open_path("/proc/self/fd/100/id_x");
}

static void act_chrooted(void)
{
	if (chroot(directory) < 0)
		refuse(errno);
	open("/.ssh/id_x", O_RDONLY | O_CLOEXEC);
}

static void act_bind_mount(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(in_directory("$/.ssh"), in_directory("$/plain"), NULL, MS_BIND, NULL) < 0)
		refuse(errno);
	open_path("$/plain/id_x");
}

static void act_bind_open(void)
{
	act_bind_mount();
}

static void act_renamed(void)
{
	if (syscall(SYS_renameat2, AT_FDCWD, in_directory("$/.ssh/id_x"), AT_FDCWD, in_directory("$/taken"), 0) < 0)
		refuse(errno);
	open_path("$/taken");
}

static void act_renamed_open(void)
{
	act_renamed();
}

static void act_linked(void)
{
	if (linkat(AT_FDCWD, in_directory("$/.ssh/id_x"), AT_FDCWD, in_directory("$/second"), 0) < 0)
		refuse(errno);
	open_path("$/second");
}

static void act_linked_open(void)
{
	act_linked();
}

static void act_openat2_root(void)
{
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};

	if (syscall(SYS_openat2, open(directory, O_PATH | O_CLOEXEC), "/.ssh/id_x", &how, sizeof(how)) < 0)
		refuse(errno);
}

static void act_handle(void)
{
	struct {
		struct file_handle handle;
		unsigned char bytes[128];
	} place = {.handle.handle_bytes = sizeof(place.bytes)};
	int mount_id;

	if (name_to_handle_at(AT_FDCWD, in_directory("$/.ssh/id_x"), &place.handle, &mount_id, 0) < 0 ||
	    open_by_handle_at(open(directory, O_RDONLY | O_CLOEXEC), &place.handle, O_RDONLY) < 0)
		refuse(errno);
}

static void act_deep(void)
{
	if (chdir(directory) < 0)
		abort();
	for (int i = 0; i < 130; i++)
		if (mkdir("a", 0700) < 0 || chdir("a") < 0)
			abort();
	mkdir(".ssh", 0700);
	close(open(".ssh/id_x", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
}

static void act_passed(void)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {
		.head = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
	char byte = 'x';
	struct iovec piece = {&byte, 1};
	struct msghdr message = {
		.msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	int ends[2], fd;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		abort();
	pid = fork();
	if (pid == 0) {
		recvmsg(ends[1], &message, 0);
		memcpy(&fd, CMSG_DATA(&control.head), sizeof(fd));
		_exit(read(fd, &byte, 1) == 1 ? 0 : 1);
	}
	fd = open_path("$/.ssh/id_x");
	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	sendmsg(ends[0], &message, 0);
	waitpid(pid, NULL, 0);
}

#endif
