/* SPDX-License-Identifier: Apache-2.0 */
/* Acts that hide who acts, or what runs. */
#ifndef SK_TESTS_EVASION_PROGRAMS_H
#define SK_TESTS_EVASION_PROGRAMS_H

#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <linux/sched.h>

#include "tests/live/evasion/acts.h"

extern char **environ;

static void act_comm(void)
{
	prctl(PR_SET_NAME, "ssh-agent");
	open_secret();
}

static void act_argv0(void)
{
	execl(in_directory("$/behave"), "sshd", NULL);
}

/* Where /proc shows them: from the first argument on, as long as they are. */
static void act_argv_memory(void)
{
	char line[512] = "";
	long address = 0;
	FILE *file = fopen("/proc/self/stat", "re");

	if (file && fgets(line, sizeof(line), file)) {
		char *at = strrchr(line, ')');

		for (int i = 0; at && i < 46; i++)
			at = strchr(at + 1, ' ');
		address = at ? strtol(at, NULL, 10) : 0;
	}
	if (address)
		*(char *)address = 'z';
	open_secret();
}

static void act_padding(void)
{
	char *blanks = malloc(8192);

	memset(blanks, ' ', 8191);
	blanks[8191] = '\0';
	execl(in_directory("$/behave"), "behave", blanks, "--steal", NULL);
}

static void act_execveat_fd(void)
{
	char *arguments[] = {(char *)"behave", NULL};

	syscall(SYS_execveat, open(in_directory("$/behave"), O_PATH), "", arguments, environ, AT_EMPTY_PATH);
	refuse(errno);
}

static void act_memfd(void)
{
	int from = open("/bin/true", O_RDONLY | O_CLOEXEC), to = memfd_create("payload", 0);
	char *arguments[] = {(char *)"payload", NULL};

	while (sendfile(to, from, NULL, 1 << 20) > 0)
		;
	fexecve(to, arguments, environ);
	refuse(errno);
}

static void act_unlinked(void)
{
	char path[32];
	int fd;

	copy_file("/bin/true", "$/gone", 0700);
	fd = open(in_directory("$/gone"), O_PATH);
	unlink(in_directory("$/gone"));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	execl(path, path, NULL);
	refuse(errno);
}

static void act_loader(void)
{
#if defined(__x86_64__)
	const char *loader = "/lib64/ld-linux-x86-64.so.2";
#else
	const char *loader = "/lib/ld-linux-aarch64.so.1";
#endif

	execl(loader, loader, in_directory("$/behave"), NULL);
	refuse(errno);
}

/* A program that ends, then another process with its number that never was that program. */
static void act_tid_reuse(void)
{
	struct clone_args arguments = {.exit_signal = SIGCHLD};
	pid_t dead = fork(), again;
	uint64_t number;

	if (dead == 0) {
		execl(in_directory("$/behave"), "behave", "--first", NULL);
		_exit(1);
	}
	waitpid(dead, NULL, 0);
	number = (uint64_t)dead;
	arguments.set_tid = (uint64_t)(uintptr_t)&dead;
	arguments.set_tid_size = 1;
	again = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
	if (again < 0)
		refuse(errno);
	if (again == 0) {
		open_secret();
		_exit(0);
	}
	facts->pids[0] = (int)number;
	waitpid(again, NULL, 0);
}

enum { BOMB = 500, BOMB_WIDTH = 25 };

static void act_fork_bomb(void)
{
	for (int i = 0; i < BOMB / BOMB_WIDTH; i++) {
		pid_t pids[BOMB_WIDTH];

		for (int j = 0; j < BOMB_WIDTH; j++) {
			pids[j] = fork();
			if (pids[j] == 0) {
				if (i == BOMB / BOMB_WIDTH / 2 && j == 7)
					open_secret();
				_exit(0);
			}
		}
		for (int j = 0; j < BOMB_WIDTH; j++)
			waitpid(pids[j], NULL, 0);
	}
}

/* --- other ways into the kernel ------------------------------------------------- */

#if defined(__x86_64__)

static void act_compat(void)
{
	enum { NR32_OPEN = 5 };
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long result;

	if (low == MAP_FAILED)
		refuse(errno);
	strcpy(low, in_directory("$/.ssh/id_x"));
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(NR32_OPEN), "b"((uint32_t)(uintptr_t)low), "c"(O_RDONLY), "d"(0)
			 : "memory", "r8", "r9", "r10", "r11");
	if ((int32_t)result < 0)
		refuse((int32_t)-result);
}

static void act_x32(void)
{
	syscall(0x40000000 + SYS_openat, AT_FDCWD, in_directory("$/.ssh/id_x"), O_RDONLY, 0);
}

#else

static void act_compat(void)
{
	refuse(ENOSYS);
}

static void act_x32(void)
{
	refuse(ENOSYS);
}

#endif

#endif
