/* SPDX-License-Identifier: Apache-2.0 */
/* Acts that let io_uring do it. */
#ifndef SK_TESTS_EVASION_RINGS_H
#define SK_TESTS_EVASION_RINGS_H

#include <netinet/in.h>
#include <sys/socket.h>

#include <linux/openat2.h>

#include "tests/live/evasion/acts.h"
#include "tests/live/evasion/ring.h"

static struct ring *open_ring(unsigned flags)
{
	static struct ring ring;

	if (!ring_open(&ring, flags))
		refuse(errno);
	return &ring;
}

static void check_result(int result)
{
	if (result < 0)
		refuse(-result);
}

static struct io_uring_sqe *next_open(struct ring *ring, const char *path)
{
	struct io_uring_sqe *entry = ring_next(ring, IORING_OP_OPENAT);

	ring_path(entry, AT_FDCWD, in_directory(path));
	return entry;
}

static void act_ring(void)
{
	struct ring *ring = open_ring(0);

	next_open(ring, "$/.ssh/id_x");
	check_result(ring_run(ring));
}

static void act_ring_async(void)
{
	struct ring *ring = open_ring(0);

	next_open(ring, "$/link")->flags = IOSQE_ASYNC;
	check_result(ring_run(ring));
}

static void act_ring_polled(void)
{
	static struct open_how how = {.flags = O_RDONLY};
	struct ring *ring = open_ring(IORING_SETUP_SQPOLL);
	struct io_uring_sqe *entry = ring_next(ring, IORING_OP_OPENAT2);

	ring_path(entry, AT_FDCWD, in_directory("$/.ssh/id_x"));
	entry->len = sizeof(how);
	entry->off = (uint64_t)(uintptr_t)&how;
	check_result(ring_run(ring));
}

static void act_ring_slot(void)
{
	struct ring *ring = open_ring(0);
	int slots[2] = {-1, -1};

	if (syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_FILES, slots, 2) < 0)
		refuse(errno);
	next_open(ring, "$/link")->file_index = 2;
	check_result(ring_run(ring));
}

static void act_ring_silent(void)
{
	struct ring *ring = open_ring(0);

	if (!(ring->params.features & IORING_FEAT_CQE_SKIP))
		refuse(ENOSYS);
	next_open(ring, "$/.ssh/id_x")->flags = IOSQE_CQE_SKIP_SUCCESS;
	ring_submit(ring, 0);
	usleep(50000);
}

static void act_ring_connect(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
	    client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct ring *ring = open_ring(0);
	socklen_t size = sizeof(address);
	struct io_uring_sqe *entry;

	if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 1) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &size) < 0)
		refuse(errno);
	entry = ring_next(ring, IORING_OP_CONNECT);
	entry->fd = client;
	entry->addr = (uint64_t)(uintptr_t)&address;
	entry->off = size;
	check_result(ring_run(ring));
}

static void act_ring_unlink(void)
{
	struct ring *ring = open_ring(0);

	write_file("$/.ssh/id_new", "");
	ring_path(ring_next(ring, IORING_OP_UNLINKAT), AT_FDCWD, in_directory("$/.ssh/id_new"));
	check_result(ring_run(ring));
}

#endif
