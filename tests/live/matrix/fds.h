/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that make fds, use them, and move data through them.
 */
#ifndef SK_TESTS_MATRIX_FDS_H
#define SK_TESTS_MATRIX_FDS_H

#include <linux/io_uring.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "tests/live/matrix/matrix.h"

static void move_data(void)
{
	char data[32] = "0123456789abcdef", other[32] = "";
	struct iovec pieces[2] = {{data, 4}, {other, 6}};
	uint64_t offset = 2, offset2 = 100;
	int pipes[2];
	long r, fd = CALL(openat, AT_FDCWD, "data", O_RDWR | O_CREAT, 0600);

	r = CALL(write, (int)fd, data, 16);
	WANT(SYSCALL_WRITE_X, N(16), D(data, 16), N(fd), N(16));
	r = CALL(write, -1, data, 5);
	WANT(SYSCALL_WRITE_X, N(-EBADF), D(data, 5), N(-1), N(5));
	r = CALL(pwrite64, (int)fd, "PQ", 2, 3);
	WANT(SYSCALL_PWRITE_X, N(r), D("PQ", 2), N(fd), N(2), N(3));
	r = CALL(lseek, (int)fd, 1, SEEK_SET);
	WANT(SYSCALL_LSEEK_X, N(r), N(fd), N(1), N(0));
	r = CALL(lseek, (int)fd, -2L, SEEK_END);
	WANT(SYSCALL_LSEEK_X, N(14), N(fd), N(-2), N(2));
	r = CALL(read, (int)fd, other, 20);
	WANT(SYSCALL_READ_X, N(2), D("ef", 2), N(fd), N(20));
	r = CALL(pread64, (int)fd, other, 3, 2);
	WANT(SYSCALL_PREAD_X, N(3), D("2PQ", 3), N(fd), N(3), N(2));
	memset(other, 'z', 6);
	r = CALL(pwritev, (int)fd, pieces, 2, 0L, 0L);
	WANT(SYSCALL_PWRITEV_X, N(10), D("0123zzzzzz", 10), N(fd), N(10), N(0));
	r = CALL(preadv, (int)fd, pieces, 2, 4L, 0L);
	WANT(SYSCALL_PREADV_X, N(10), N(10), D("zzzzzzabcd", 10), N(fd), N(4));
	r = CALL(lseek, (int)fd, 0, SEEK_SET);
	r = CALL(readv, (int)fd, pieces, 2);
	WANT(SYSCALL_READV_X, N(10), N(10), D("0123zzzzzz", 10), N(fd));
	r = CALL(writev, (int)fd, pieces, 2);
	WANT(SYSCALL_WRITEV_X, N(10), D("0123zzzzzz", 10), N(fd), N(10));

	r = CALL(copy_file_range, (int)fd, &offset, (int)fd, &offset2, 5, 0);
	/* The kernel moves both offsets, and they are read when it is done. */
	WANT(SYSCALL_COPY_FILE_RANGE_X, N(r), N(fd), N((int64_t)offset2), N(fd), N((int64_t)offset), N(5));
	if (pipe2(pipes, O_CLOEXEC) < 0)
		abort();
	offset = 1;
	r = CALL(sendfile, pipes[1], (int)fd, &offset, 6);
	WANT(SYSCALL_SENDFILE_X, N(6), N(7), N(pipes[1]), N(fd), N(6));
	r = CALL(lseek, (int)fd, 0, SEEK_SET);
	r = CALL(splice, pipes[0], NULL, (int)fd, NULL, 3, 1 /* SPLICE_F_MOVE */ | 2 /* SPLICE_F_NONBLOCK */);
	WANT(SYSCALL_SPLICE_X, N(3), N(pipes[0]), N(fd), N(3), N(3));
	close(pipes[0]);
	close(pipes[1]);
	close((int)fd);
}

static void copy_fds(void)
{
	int fd = open("data", O_RDONLY);
	long r;

	r = CALL(dup, fd);
	WANT(SYSCALL_DUP_1_X, N(r), N(fd));
	r = CALL(dup3, fd, 71, O_CLOEXEC);
	WANT(SYSCALL_DUP3_X, N(71), N(fd), N(71), N(0x1000));
#ifdef SYS_dup2
	r = CALL(dup2, fd, 70);
	WANT(SYSCALL_DUP2_X, N(70), N(fd), N(70));
#endif
	r = CALL(fcntl, fd, F_DUPFD_CLOEXEC, 80);
	WANT(SYSCALL_FCNTL_X, N(80), N(fd), N(0x1a /* F_DUPFD_CLOEXEC */), N(80));
	r = CALL(ioctl, fd, FIONREAD, (char[4]){0});
	r = CALL(ioctl, fd, 0x1234, 0x5678L);
	WANT(SYSCALL_IOCTL_3_X, N(r), N(fd), N(0x1234), N(0x5678));
	r = CALL(flock, fd, LOCK_EX | LOCK_NB);
	WANT(SYSCALL_FLOCK_X, N(r), N(fd), N(2 | 4));
	r = CALL(close, 80);
	WANT(SYSCALL_CLOSE_X, N(0), N(80));
	r = CALL(close, 80);
	WANT(SYSCALL_CLOSE_X, N(-EBADF), N(80));
	r = CALL(close_range, 70, 90, 4 /* CLOSE_RANGE_CLOEXEC */);
	WANT(SYSCALL_CLOSE_RANGE_X, N(r), N(70), N(90), N(4));
	r = CALL(close_range, 70, 90, 0);
	WANT(SYSCALL_CLOSE_RANGE_X, N(r), N(70), N(90), N(0));
	close(fd);
}

static uint64_t inode_of(int fd)
{
	struct stat status = {0};

	fstat(fd, &status);
	return status.st_ino;
}

static void make_fds(void)
{
	uint64_t signals = 1 << (SIGUSR1 - 1) | 1 << (SIGHUP - 1);
	int pipes[2];
	long r, other;

	r = CALL(pipe2, pipes, O_NONBLOCK | O_CLOEXEC);
	WANT(SYSCALL_PIPE2_X, N(r), N(pipes[0]), N(pipes[1]), N((int64_t)inode_of(pipes[0])), N(0x40 | 0x1000));
	close(pipes[0]);
	close(pipes[1]);
	r = CALL(eventfd2, 7, O_CLOEXEC);
	WANT(SYSCALL_EVENTFD2_X, N(r), N(0x1000), N(7));
	r = CALL(signalfd4, -1, &signals, 8, O_NONBLOCK);
	WANT(SYSCALL_SIGNALFD4_X, N(r), N(0x40), N(-1), N((int64_t)signals));
	r = CALL(timerfd_create, CLOCK_MONOTONIC, O_NONBLOCK);
	WANT(SYSCALL_TIMERFD_CREATE_X, N(r), N(CLOCK_MONOTONIC), N(0x40));
	r = CALL(inotify_init1, O_CLOEXEC);
	WANT(SYSCALL_INOTIFY_INIT1_X, N(r), N(0x1000));
	r = CALL(epoll_create1, O_CLOEXEC);
	WANT(SYSCALL_EPOLL_CREATE1_X, N(r), N(1));
	r = CALL(memfd_create, "ghost", 1 /* MFD_CLOEXEC */ | 2 /* MFD_ALLOW_SEALING */);
	WANT(SYSCALL_MEMFD_CREATE_X, N(r), T("ghost"), N(3));
	r = CALL(pidfd_open, getpid(), O_NONBLOCK);
	WANT(SYSCALL_PIDFD_OPEN_X, N(r), N(getpid()), N(1));
	other = CALL(pidfd_getfd, (int)r, 0, 0);
	WANT(SYSCALL_PIDFD_GETFD_X, N(other), N(r), N(0), N(0));
	r = CALL(userfaultfd, O_CLOEXEC | O_NONBLOCK);
	WANT(SYSCALL_USERFAULTFD_X, N(r), N(1 | 0x1000 | 0x40));
#ifdef SYS_pipe
	r = CALL(pipe, pipes);
	WANT(SYSCALL_PIPE_X, N(r), N(pipes[0]), N(pipes[1]), N((int64_t)inode_of(pipes[0])));
	r = CALL(eventfd, 9);
	WANT(SYSCALL_EVENTFD_X, N(r), N(9), N(0));
	r = CALL(signalfd, -1, &signals, 8);
	WANT(SYSCALL_SIGNALFD_X, N(r), N(-1), N((int64_t)signals), N(0));
	r = CALL(inotify_init);
	WANT(SYSCALL_INOTIFY_INIT_X, N(r), N(0));
	r = CALL(epoll_create, 5);
	WANT(SYSCALL_EPOLL_CREATE_X, N(r), N(5));
#endif
}

static struct value polled(int fd, uint16_t happened)
{
	uint8_t bytes[12] = {1, 0};
	int64_t wide = fd;

	memcpy(bytes + 2, &wide, 8);
	memcpy(bytes + 10, &happened, 2);
	return D(bytes, 12);
}

static void wait_for_fds(void)
{
	struct timespec time = {.tv_sec = 2, .tv_nsec = 5};
	uint64_t signals = 1 << (SIGUSR1 - 1);
	struct pollfd entries[2];
	int pipes[2];
	long r;

	if (pipe2(pipes, 0) < 0 || write(pipes[1], "x", 1) != 1)
		abort();
	entries[0] = (struct pollfd){.fd = 500, .events = 0};
	entries[1] = (struct pollfd){.fd = pipes[0], .events = POLLIN};
	entries[0].fd = -1;
	r = CALL(ppoll, entries, 2, &time, &signals, 8);
	/* The kernel writes the time that is left. */
	WANT(SYSCALL_PPOLL_X, N(1), polled(pipes[0], 1 /* POLLIN */), N(time.tv_sec * 1000000000 + time.tv_nsec),
	     N((int64_t)signals));
#ifdef SYS_poll
	r = CALL(poll, entries, 2, -1);
	WANT(SYSCALL_POLL_X, N(1), polled(pipes[0], 1), N(-1));
	r = CALL(select, 0, NULL, NULL, NULL, (struct timeval[1]){{0, 1000}});
	WANT(SYSCALL_SELECT_X, N(r));
	r = CALL(epoll_wait, -1, (char[64]){0}, 9, 0);
	WANT(SYSCALL_EPOLLWAIT_X, N(-EBADF), N(9));
#endif
	(void)r;
	close(pipes[0]);
	close(pipes[1]);
}

static void use_rings(void)
{
	struct io_uring_params params = {.flags = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP, .cq_entries = 16};
	uint64_t signals = 1 << (SIGHUP - 1);
	long r, ring = CALL(io_uring_setup, 4, &params);

	/* flags: clamp and the size of the completion queue */
	WANT(SYSCALL_IO_URING_SETUP_X, N(ring), N(4), N(params.sq_entries), N(params.cq_entries), N(0x10 | 0x20),
	     N(0), N(0), N((int64_t)(ring < 0 ? 0 : params.features & 0x6ff)));
	r = CALL(io_uring_enter, (int)ring, 0, 0, IORING_ENTER_GETEVENTS, &signals, 8);
	WANT(SYSCALL_IO_URING_ENTER_X, N(r), N(ring), N(0), N(0), N(1), N((int64_t)signals));
	r = CALL(io_uring_register, (int)ring, 12 /* IORING_REGISTER_RESTRICTIONS */, (char[16]){0}, 0);
	r = CALL(io_uring_register, (int)ring, 1 /* IORING_UNREGISTER_BUFFERS */, NULL, 0);
	WANT(SYSCALL_IO_URING_REGISTER_X, N(r), N(ring), N(1), N(0), N(0));
	close((int)ring);
}

static void use_descriptors(void)
{
	move_data();
	copy_fds();
	make_fds();
	wait_for_fds();
	use_rings();
}

#endif
