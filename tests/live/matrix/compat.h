/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls as a 32-bit program on x86-64 makes them: its own numbers, 32-bit
 * structures, and calls that only it has.
 */
#ifndef SK_TESTS_MATRIX_COMPAT_H
#define SK_TESTS_MATRIX_COMPAT_H

#include <sys/socket.h>
#include <sys/uio.h>

#include "tests/live/matrix/matrix.h"
#include "tests/live/matrix/processes.h"
#include "tests/live/matrix/sockets.h"

#if defined(__x86_64__)

/* Numbers as 32-bit programs know them. */
enum {
	NR32_OPEN = 5,
	NR32_UNLINK = 10,
	NR32_UMOUNT = 22,
	NR32_SOCKETCALL = 102,
	NR32_LLSEEK = 140,
	NR32_NANOSLEEP = 162,
	NR32_WRITEV = 146,
	NR32_MMAP2 = 192,
	NR32_GETUID = 199,
};

/* The last argument goes into the frame pointer, which the compiler does not give away. */
static long call32(long number, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f)
{
	register long sixth __asm__("r12") = f;
	long result;

	__asm__ volatile("sub $256, %%rsp\n"
			 "push %%rbp\n"
			 "mov %%r12, %%rbp\n"
			 "int $0x80\n"
			 "pop %%rbp\n"
			 "add $256, %%rsp\n"
			 : "=a"(result)
			 : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e), "r"(sixth)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int32_t)result;
}

static uint32_t low_address(const void *pointer)
{
	return (uint32_t)(uintptr_t)pointer;
}

static long socketcall(char *low, uint32_t call, const uint32_t *arguments, size_t count)
{
	memcpy(low + 3000, arguments, count * 4);
	return call32(NR32_SOCKETCALL, call, low_address(low + 3000), 0, 0, 0, 0);
}

static void act_as_32_bits(void)
{
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	uint32_t *words = (uint32_t *)(low + 2000);
	int pair[2], fd = open("data32", O_RDWR | O_CREAT, 0600);
	int64_t position;
	struct value tuple = D("\x01", 1);
	long r;

	tuple.kind = BYTES_BEGIN;
	strcpy(low, "as/32/bits");
	r = call32(NR32_OPEN, low_address(low), O_WRONLY, 0, 0, 0, 0);
	WANT(SYSCALL_OPEN_X, N(-ENOENT), T("as/32/bits"), N(2), N(0), N(0), N(0));
	r = call32(NR32_UNLINK, low_address(low), 0, 0, 0, 0, 0);
	WANT(SYSCALL_UNLINK_2_X, N(r), T("as/32/bits"));
	r = call32(NR32_UMOUNT, low_address(low), 0, 0, 0, 0, 0);
	WANT(SYSCALL_UMOUNT_1_X, N(r), T("as/32/bits"));
	r = call32(NR32_GETUID, 0, 0, 0, 0, 0, 0);
	WANT(SYSCALL_GETUID_X, N(r));

	/* Pieces have pointers and lengths of 32 bits. */
	words[0] = low_address(low);
	words[1] = 3;
	words[2] = low_address(low + 5);
	words[3] = 5;
	r = call32(NR32_WRITEV, (uint32_t)fd, low_address(words), 2, 0, 0, 0);
	WANT(SYSCALL_WRITEV_X, N(8), D("as//bits", 8), N(fd), N(8));
	words[4] = words[5] = 0;
	r = call32(NR32_LLSEEK, (uint32_t)fd, 1, 2, low_address(words + 4), SEEK_SET, 0);
	memcpy(&position, words + 4, 8);
	WANT(SYSCALL_LLSEEK_X, N(r), N(fd), N(INT64_C(0x100000002)), N(0));
	if (position != INT64_C(0x100000002))
		abort();
	words[6] = 0;
	words[7] = 777;
	r = call32(NR32_NANOSLEEP, low_address(words + 6), 0, 0, 0, 0, 0);
	WANT(SYSCALL_NANOSLEEP_X, N(r), N(777));
	r = call32(NR32_MMAP2, 0, 8192, PROT_READ, MAP_PRIVATE, (uint32_t)fd, 3);
	WANT(SYSCALL_MMAP2_X, N((int64_t)(uint32_t)r), size_now(), resident_now(), N(0), N(0), N(8192), N(1), N(2),
	     N(fd), N(3));

	/* 1 socket, 8 socketpair, 9 send, 10 recv */
	r = socketcall(low, 1, (uint32_t[]){AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 17}, 3);
	WANT(SOCKET_SOCKET_X, N(r), N(AF_INET), N(SOCK_DGRAM), N(17), N(0x1000));
	r = socketcall(low, 8, (uint32_t[]){AF_UNIX, SOCK_STREAM, 0, low_address(words + 10)}, 4);
	memcpy(pair, words + 10, 8);
	WANT(SOCKET_SOCKETPAIR_X, N(r), N(pair[0]), N(pair[1]), between(INT64_MIN, -1), between(INT64_MIN, -1),
	     N(AF_UNIX), N(SOCK_STREAM), N(0));
	r = socketcall(low, 9, (uint32_t[]){(uint32_t)pair[0], low_address(low), 6, 0}, 4);
	WANT(SOCKET_SEND_X, N(6), D("as/32/", 6), N(pair[0]), N(6), tuple);
	r = socketcall(low, 10, (uint32_t[]){(uint32_t)pair[1], low_address(low + 100), 40, 0}, 4);
	WANT(SOCKET_RECV_X, N(6), D("as/32/", 6), N(pair[1]), N(40), tuple);
}

static void use_32_bits(void)
{
	pid_t pid = fork();
	int status = 0;

	/* A kernel without 32-bit programs kills it. */
	if (pid == 0) {
		_exit(call32(NR32_GETUID, 0, 0, 0, 0, 0, 0) == 0 ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	if (status == 0) {
		apart(act_as_32_bits);
		return;
	}
	REFUSED(SYSCALL_UMOUNT_1_X, "this kernel runs no 32-bit programs");
	REFUSED(SYSCALL_LLSEEK_X, "this kernel runs no 32-bit programs");
	REFUSED(SYSCALL_MMAP2_X, "this kernel runs no 32-bit programs");
	REFUSED(SOCKET_SEND_X, "this kernel runs no 32-bit programs");
	REFUSED(SOCKET_RECV_X, "this kernel runs no 32-bit programs");
}

#else

static void use_32_bits(void)
{
	REFUSED(SYSCALL_UMOUNT_1_X, "only 32-bit programs on x86-64 have it");
	REFUSED(SYSCALL_LLSEEK_X, "only 32-bit programs on x86-64 have it");
	REFUSED(SYSCALL_MMAP2_X, "only 32-bit programs on x86-64 have it");
	REFUSED(SOCKET_SEND_X, "only 32-bit programs on x86-64 have it");
	REFUSED(SOCKET_RECV_X, "only 32-bit programs on x86-64 have it");
}

#endif

#endif
