/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls about the process itself, its memory, and other processes.
 */
#ifndef SK_TESTS_MATRIX_PROCESSES_H
#define SK_TESTS_MATRIX_PROCESSES_H

#include <linux/capability.h>
#include <linux/sched.h>
#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/uio.h>

#include "tests/live/matrix/matrix.h"

/* Runs what cannot be undone in a child. */
static void apart(void (*action)(void))
{
	pid_t pid = fork();

	if (pid == 0) {
		touch_everything();
		action();
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void take_ids(void)
{
	uint32_t real, effective, saved;
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct sets[2];
	uint64_t inheritable, permitted, effective_set;
	long r;

	CALL(getuid);
	WANT(SYSCALL_GETUID_X, N(0));
	CALL(geteuid);
	WANT(SYSCALL_GETEUID_X, N(0));
	CALL(getgid);
	WANT(SYSCALL_GETGID_X, N(getgid()));
	CALL(getegid);
	WANT(SYSCALL_GETEGID_X, N(getegid()));
	CALL(capget, &header, sets);
	/* Without the right to restart the machine. */
	sets[0].effective &= ~(1U << 22);
	r = CALL(capset, &header, sets);
	inheritable = sets[0].inheritable | (uint64_t)sets[1].inheritable << 32;
	permitted = sets[0].permitted | (uint64_t)sets[1].permitted << 32;
	effective_set = sets[0].effective | (uint64_t)sets[1].effective << 32;
	WANT(SYSCALL_CAPSET_X, N(r), N((int64_t)inheritable), N((int64_t)permitted), N((int64_t)effective_set));

	r = CALL(setpgid, 0, 0);
	WANT(SYSCALL_SETPGID_X, N(r), N(0), N(0));
	r = CALL(setregid, 11, 12);
	WANT(SYSCALL_SETREGID_X, N(r), N(11), N(12));
	r = CALL(setresgid, 13, 14, 15);
	WANT(SYSCALL_SETRESGID_X, N(r), N(13), N(14), N(15));
	r = CALL(getresgid, &real, &effective, &saved);
	WANT(SYSCALL_GETRESGID_X, N(r), N(real), N(effective), N(saved));
	r = CALL(setgid, 16);
	WANT(SYSCALL_SETGID_X, N(r), N(16));
	r = CALL(setreuid, -1, 0);
	WANT(SYSCALL_SETREUID_X, N(r), N(-1), N(0));
	r = CALL(setresuid, 21, 22, 23);
	WANT(SYSCALL_SETRESUID_X, N(r), N(21), N(22), N(23));
	r = CALL(getresuid, &real, &effective, &saved);
	WANT(SYSCALL_GETRESUID_X, N(r), N(real), N(effective), N(saved));
	r = CALL(setuid, 0);
	WANT(SYSCALL_SETUID_X, N(-EPERM), N(0));
}

static void take_session(void)
{
	long r = CALL(setsid);

	WANT(SYSCALL_SETSID_X, N(getpid()));
	(void)r;
}

static void limit_itself(void)
{
	struct rlimit old, limit;
	long r;

	getrlimit(RLIMIT_NOFILE, &old);
	limit = (struct rlimit){old.rlim_cur - 1, old.rlim_max};
	r = CALL(prlimit64, 0, RLIMIT_NOFILE, &limit, &old);
	WANT(SYSCALL_PRLIMIT_X, N(r), N((int64_t)limit.rlim_cur), N((int64_t)limit.rlim_max),
	     N((int64_t)old.rlim_cur), N((int64_t)old.rlim_max), N(0), N(7));
#ifdef SYS_getrlimit
	r = CALL(getrlimit, RLIMIT_NOFILE, &limit);
	WANT(SYSCALL_GETRLIMIT_X, N(r), N((int64_t)limit.rlim_cur), N((int64_t)limit.rlim_max), N(7));
	r = CALL(setrlimit, RLIMIT_CORE, (struct rlimit[1]){{0, 4096}});
	WANT(SYSCALL_SETRLIMIT_X, N(r), N(0), N(4096), N(4));
#endif
}

static void unshare_namespaces(void)
{
	long r = CALL(unshare, CLONE_NEWUTS | CLONE_NEWNS);
	int fd;

	WANT(SYSCALL_UNSHARE_X, N(r), N(0x20 | 0x80));
	fd = open("/proc/self/ns/uts", O_RDONLY);
	r = CALL(setns, fd, CLONE_NEWUTS);
	WANT(SYSCALL_SETNS_X, N(r), N(fd), N(0x80));
	r = CALL(prctl, PR_SET_NAME, "disguise", 0, 0, 0);
	WANT(SYSCALL_PRCTL_X, N(r), N(PR_SET_NAME), T("disguise"), N(0));
	r = CALL(prctl, PR_SET_DUMPABLE, 1L, 0, 0, 0);
	WANT(SYSCALL_PRCTL_X, N(r), N(PR_SET_DUMPABLE), nothing_there(), N(1));
	r = CALL(seccomp, 2 /* SECCOMP_GET_ACTION_AVAIL */, 0, &(uint32_t){0x7fff0000});
	WANT(SYSCALL_SECCOMP_X, N(r), N(2), N(0));
}

static void signal_processes(void)
{
	long r;

	signal(SIGUSR1, SIG_IGN);
	r = CALL(kill, getpid(), SIGUSR1);
	WANT(SYSCALL_KILL_X, N(r), N(getpid()), N(SIGUSR1));
	r = CALL(kill, -77777, SIGTERM);
	WANT(SYSCALL_KILL_X, N(-ESRCH), N(-77777), N(SIGTERM));
	r = CALL(tkill, getpid(), SIGUSR1);
	WANT(SYSCALL_TKILL_X, N(r), N(getpid()), N(SIGUSR1));
	r = CALL(tgkill, getpid(), getpid(), 0);
	WANT(SYSCALL_TGKILL_X, N(r), N(getpid()), N(getpid()), N(0));
	r = CALL(nanosleep, (struct timespec[1]){{0, 12345}}, NULL);
	WANT(SYSCALL_NANOSLEEP_X, N(r), N(12345));
	r = CALL(sched_yield);
	WANT(GENERIC_X, N(sk_syscall_find("sched_yield", 11)), N(SYS_sched_yield));
}

/* KiB of this process as the kernel's own summary says; `field` 0: size, 1: resident. */
static int64_t memory_now(int field)
{
	long pages[2] = {0};
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file || fscanf(file, "%ld %ld", &pages[0], &pages[1]) != 2)
		abort();
	fclose(file);
	return pages[field] * sysconf(_SC_PAGESIZE) / 1024;
}

/* The counters are per CPU, and read while we did something else: near is what can be said. */
static struct value size_now(void)
{
	/* 32 bits on the wire: a sanitizer's terabytes do not fit. */
	int64_t size = (uint32_t)memory_now(0);

	return between(size - 8192, size + 8192);
}

static struct value resident_now(void)
{
	return between(1, memory_now(1) + 8192);
}

/* --- what happens to a process ------------------------------------------- */

static void take_signal(int number)
{
	(void)number;
}

static void receive_signals(void)
{
	pid_t pid;

	signal(SIGTERM, take_signal);
	signal(SIGUSR1, take_signal);
	signal(SIGRTMIN, take_signal);
	signal(SIGCHLD, take_signal);
	CALL(kill, getpid(), SIGTERM);
	WANT(SIGNALDELIVER_E, N(getpid()), N(getpid()), N(SIGTERM));
	/* For this one the sender is not told. */
	CALL(kill, getpid(), SIGUSR1);
	WANT(SIGNALDELIVER_E, N(0), N(getpid()), N(SIGUSR1));
	CALL(kill, getpid(), SIGRTMIN);
	WANT(SIGNALDELIVER_E, N(getpid()), N(getpid()), N(SIGRTMIN));
	pid = fork();
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	WANT(SIGNALDELIVER_E, N(pid), N(getpid()), N(SIGCHLD));
}

static void give_way(void)
{
	struct rusage before;
	long r;

	getrusage(RUSAGE_THREAD, &before);
	r = CALL(nanosleep, (struct timespec[1]){{0, 3000000}}, NULL);
	/* Who runs next is the scheduler's choice. */
	WANT(SCHEDSWITCH_6_E, between(0, 1 << 22), between(before.ru_majflt, before.ru_majflt + 1000),
	     between(before.ru_minflt, before.ru_minflt + 1000), size_now(), between(0, memory_now(1) + 8192),
	     N(0));
	WANT(SYSCALL_NANOSLEEP_X, N(r), N(3000000));
}

#if defined(__x86_64__)
__attribute__((noinline, no_sanitize("address", "undefined"))) static void write_byte(volatile char *place)
{
	*place = 1;
}

static void touch_pages(void)
{
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int64_t code = (int64_t)(uintptr_t)write_byte;
	int fd = open("/proc/self/exe", O_RDONLY);

	write_byte(pages + 5);
	/* not present, a write, by the program itself */
	WANT(PAGE_FAULT_E, N((int64_t)(uintptr_t)pages + 5), between(code, code + 64), N(2 | 4 | 0x10));
	CALL(read, fd, pages + 4096, 10);
	/* the same by the kernel, whose addresses are negative */
	WANT(PAGE_FAULT_E, N((int64_t)(uintptr_t)pages + 4096), between(INT64_MIN, -1), N(2 | 4 | 0x20));
}
#else
static void touch_pages(void)
{
	REFUSED(PAGE_FAULT_E, "only x86-64 has this tracepoint");
}
#endif

static void use_memory(void)
{
	static uint32_t word = 5;
	char *page, *other;
	const long size = sysconf(_SC_PAGESIZE);
	long r;
	int fd = open("/proc/self/exe", O_RDONLY);

	r = CALL(mmap, NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1L, 0L);
	page = (char *)r;
	WANT(SYSCALL_MMAP_X, N(r), size_now(), resident_now(), N(0), N(0), N(2 * size), N(1 | 2), N(2 | 8), N(-1),
	     N(0));
	r = CALL(mmap, page + size, size, PROT_READ, MAP_PRIVATE | MAP_FIXED, (long)fd, size);
	other = (char *)r;
	WANT(SYSCALL_MMAP_X, N(r), size_now(), resident_now(), N(0), N((int64_t)other), N(size), N(1), N(2 | 4),
	     N(fd), N(size));
	r = CALL(mprotect, page, 4096L, PROT_READ | PROT_EXEC);
	WANT(SYSCALL_MPROTECT_X, N(r), N((int64_t)page), N(4096), N(1 | 4));
	r = CALL(mlock, page, 100L);
	WANT(SYSCALL_MLOCK_X, N(r), N((int64_t)page), N(100));
	r = CALL(munlock, page, 100L);
	WANT(SYSCALL_MUNLOCK_X, N(r), N((int64_t)page), N(100));
	r = CALL(mlock2, page, 200L, 1 /* MLOCK_ONFAULT */);
	WANT(SYSCALL_MLOCK2_X, N(r), N((int64_t)page), N(200), N(1));
	r = CALL(mlockall, 2 /* MCL_FUTURE */);
	WANT(SYSCALL_MLOCKALL_X, N(r), N(2));
	r = CALL(munlockall);
	WANT(SYSCALL_MUNLOCKALL_X, N(r));
	r = CALL(munmap, page, 2 * size);
	WANT(SYSCALL_MUNMAP_X, N(r), size_now(), resident_now(), N(0), N((int64_t)page), N(2 * size));
	r = syscall(SYS_brk, 0L);
	WANT(SYSCALL_BRK_4_X, N(r), size_now(), resident_now(), N(0), N(0));
	r = CALL(futex, &word, 1 /* FUTEX_WAKE */ | 128 /* FUTEX_PRIVATE_FLAG */, 3L, NULL, NULL, 0);
	WANT(SYSCALL_FUTEX_X, N(r), N((int64_t)&word), N(1 | 128), N(3));
	close(fd);
}

static void use_semaphores(void)
{
	struct sembuf operations[3] = {{1, 4, IPC_NOWAIT}, {0, 2, SEM_UNDO}, {0, 1, 0}};
	long r, set;

	set = CALL(semget, IPC_PRIVATE, 2, IPC_CREAT | 0600);
	WANT(SYSCALL_SEMGET_X, N(set), N(IPC_PRIVATE), N(2), N(0x2000));
	r = CALL(semctl, (int)set, 1, SETVAL, 3);
	WANT(SYSCALL_SEMCTL_X, N(r), N(set), N(1), N(0x1000 /* SETVAL */), N(3));
	r = CALL(semop, (int)set, operations, 3);
	WANT(SYSCALL_SEMOP_X, N(r), N(3), N(1), N(4), N(1 /* IPC_NOWAIT */), N(0), N(2), N(2 /* SEM_UNDO */),
	     N(set));
	r = CALL(semop, (int)set, operations, 1);
	WANT(SYSCALL_SEMOP_X, N(r), N(1), N(1), N(4), N(1), N(0), N(0), N(0), N(set));
	operations[0].sem_op = -100;
	r = CALL(semop, (int)set, operations, 1);
	WANT(SYSCALL_SEMOP_X, N(-EAGAIN), N(1), N(0), N(0), N(0), N(0), N(0), N(0), N(set));
	CALL(semctl, (int)set, 0, IPC_RMID, 0);
}

static void use_keys(void)
{
	long r;

	r = CALL(keyctl, 1 /* JOIN_SESSION_KEYRING */, "lab", 7L, 8L, 9L);
	WANT(SYSCALL_KEYCTL_X, N(r), N(1), chosen_text(1, "lab"), chosen(0, 0, 8), chosen(0, 0, 8),
	     chosen(0, 0, 8));
	r = CALL(keyctl, 10 /* SEARCH */, -3L, "user", "secret", 0L);
	WANT(SYSCALL_KEYCTL_X, N(r), N(10), chosen(0, (uint64_t)-3, 8), chosen_text(1, "user"),
	     chosen_text(1, "secret"), chosen(0, 0, 8));
	r = CALL(keyctl, 11 /* READ */, 1234L, 0L, 5L, 6L);
	WANT(SYSCALL_KEYCTL_X, N(r), N(11), chosen(0, 1234, 8), chosen(0, 0, 8), chosen(0, 5, 8), chosen(0, 0, 8));
	r = CALL(keyctl, 999, 1L, 2L, 3L, 4L);
	WANT(SYSCALL_KEYCTL_X, N(r), N(999), chosen(0, 0, 8), chosen(0, 0, 8), chosen(0, 0, 8), chosen(0, 0, 8));
}

static void use_modules(void)
{
	long r, fd = CALL(openat, AT_FDCWD, "/dev/null", O_RDONLY, 0);

	r = CALL(init_module, "no module at all", 16L, "option=1");
	WANT(SYSCALL_INIT_MODULE_X, N(r), D("no module at all", 16), N(16), T("option=1"));
	r = CALL(finit_module, (int)fd, "option=2", 2 /* MODULE_INIT_IGNORE_VERMAGIC */);
	WANT(SYSCALL_FINIT_MODULE_X, N(r), N(fd), T("option=2"), N(2));
	r = CALL(delete_module, "no_such_module", O_NONBLOCK);
	WANT(SYSCALL_DELETE_MODULE_X, N(r), T("no_such_module"), N(2));
	r = CALL(bpf, 12 /* BPF_PROG_GET_NEXT_ID */ - 1, (char[120]){0}, 120);
	WANT(SYSCALL_BPF_2_X, N(r), N(11));
	close((int)fd);
}

static void watch_a_process(void)
{
	static char text[16] = "here it is";
	char copy[16] = "", first[4] = "", rest[16] = "";
	struct iovec there = {text, 11}, here[2] = {{first, 3}, {rest, 8}}, all = {copy, 5};
	pid_t pid = fork();
	int64_t word;
	long r;

	if (pid == 0) {
		for (;;)
			pause();
	}
	r = CALL(process_vm_readv, pid, here, 2L, &there, 1L, 0L);
	WANT(SYSCALL_PROCESS_VM_READV_X, N(11), N(pid), D("here it is", 11));
	memcpy(copy, "there", 5);
	r = CALL(process_vm_writev, pid, &all, 1L, &there, 1L, 0L);
	WANT(SYSCALL_PROCESS_VM_WRITEV_X, N(5), N(pid), D("there", 5));
	r = CALL(process_vm_readv, 0x7ffffff0, here, 2L, &there, 1L, 0L);
	WANT(SYSCALL_PROCESS_VM_READV_X, N(-ESRCH), N(0x7ffffff0), nothing_there());

	r = CALL(ptrace, PTRACE_ATTACH, (long)pid, 0L, 0L);
	WANT(SYSCALL_PTRACE_X, N(r), chosen(0, 0, 8), chosen(0, 0, 8), N(0xb /* PTRACE_ATTACH */), N(pid));
	waitpid(pid, NULL, 0);
	r = CALL(ptrace, PTRACE_PEEKDATA, (long)pid, text, &word);
	WANT(SYSCALL_PTRACE_X, N(r), chosen(0, (uint64_t)text, 8), chosen(0, (uint64_t)word, 8), N(3), N(pid));
	r = CALL(ptrace, PTRACE_DETACH, (long)pid, 0L, (long)SIGKILL);
	WANT(SYSCALL_PTRACE_X, N(r), chosen(0, 0, 8), chosen(1, SIGKILL, 1), N(0xc /* PTRACE_DETACH */), N(pid));
	waitpid(pid, NULL, 0);
	/* How it ended: killed, nothing returned, no children to be taken over. */
	WANT_OF(pid, PROCEXIT_1_E, N(SIGKILL), N(0), N(SIGKILL), N(0), N(0));
}

/* --- new processes and programs ------------------------------------------ */

static struct value own_arguments(void)
{
	char bytes[4096];
	int fd = open("/proc/self/cmdline", O_RDONLY);
	ssize_t size = read(fd, bytes, sizeof(bytes)), first;

	close(fd);
	if (size <= 0)
		abort();
	first = (ssize_t)strlen(bytes) + 1;
	return D(bytes + first, (size_t)(size - first));
}

static struct value own_name(void)
{
	char name[17] = "";

	prctl(PR_GET_NAME, name);
	return T(name);
}

static struct value own_path(void)
{
	char bytes[4096] = "";
	int fd = open("/proc/self/cmdline", O_RDONLY);

	if (read(fd, bytes, sizeof(bytes) - 1) <= 0)
		abort();
	close(fd);
	return T(bytes);
}

static int64_t limit_of_fds(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	return (int64_t)limit.rlim_cur;
}

/* When the first process of this pid namespace started: 0 or the host's first second. */
static struct value start_of_namespace(void)
{
	return between(0, INT64_C(1000000000) * 60 * 60 * 24 * 365);
}

#define WANT_CLONE(of, type, result, thread, process, parent, flags)                                               \
	WANT_OF(of, type, N(result), own_path(), own_arguments(), N(thread), N(process), N(parent),                \
		nothing_there(), N(limit_of_fds()), between(0, 1 << 20), between(0, 1 << 24), size_now(),          \
		resident_now(), N(0), own_name(), begins_with("cpuset=/"), N(flags), N(0), N(0), N(thread),        \
		N(process), start_of_namespace())

/* The new process as it tells of itself, and its maker as it returns. */
#define BOTH_SIDES(type, pid, flags)                                                                               \
	do {                                                                                                       \
		WANT_CLONE(pid, type, 0, pid, pid, getpid(), flags);                                               \
		WANT_CLONE(0, type, pid, getpid(), getpid(), getppid(), flags);                                    \
	} while (0)

static void make_processes(void)
{
	struct clone_args arguments = {.flags = CLONE_PTRACE, .exit_signal = SIGCHLD};
	long pid;

#ifdef SYS_fork
	pid = CALL(fork);
	if (pid == 0)
		CALL(exit_group, 3);
	BOTH_SIDES(SYSCALL_FORK_20_X, pid, 0);
	wait(NULL);
	WANT_OF(pid, PROCEXIT_1_E, N(3 << 8), N(3), N(0), N(0), N(0));
#endif
	pid = CALL(clone, (long)(CLONE_NEWUTS | SIGCHLD), 0L, 0L, 0L, 0L);
	if (pid == 0)
		CALL(exit_group, 0);
	BOTH_SIDES(SYSCALL_CLONE_20_X, pid, 0x80 /* CLONE_NEWUTS */);
	wait(NULL);
	pid = CALL(clone3, &arguments, sizeof(arguments));
	if (pid == 0)
		CALL(exit_group, 0);
	BOTH_SIDES(SYSCALL_CLONE3_X, pid, 0x400 /* CLONE_PTRACE */);
	wait(NULL);
#ifdef SYS_vfork
	pid = vfork();
	if (pid == 0)
		_exit(4);
	BOTH_SIDES(SYSCALL_VFORK_20_X, pid, 0x8000 | 0x8000000 /* CLONE_VM, CLONE_VFORK */);
	wait(NULL);
#endif
}

static uint64_t nanoseconds_of(struct timespec time)
{
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static int64_t login_id(void)
{
	long id = -1;
	FILE *file = fopen("/proc/self/loginuid", "re");

	if (file && fscanf(file, "%ld", &id) != 1)
		id = -1;
	if (file)
		fclose(file);
	return id;
}

/* Parameters 16 to 29 of an exec: the program at `path`, run by root without a terminal. */
#define PROGRAM(path, status, effective)                                                                           \
	N(0), N(getpgrp()), N(login_id()), between(1, 15), N(0), N(effective), N(effective),                       \
		N((int64_t)(status).st_ino), N((int64_t)nanoseconds_of((status).st_ctim)),                         \
		N((int64_t)nanoseconds_of((status).st_mtim)), N(0), T(path), N(getpgrp()), N(0)

static void run_programs(void)
{
	static char *const arguments[] = {"odd name", "one", "two words", NULL}, *const environment[] = {
											 "A=1", "B=", NULL};
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct sets[2];
	char path[300] = "", program[300] = "";
	struct stat own, other;
	int64_t permitted;
	long r, pid;

	CALL(setsid);
	CALL(capget, &header, sets);
	permitted = sets[0].permitted | (int64_t)sets[1].permitted << 32;
	if (readlink("/proc/self/exe", path, sizeof(path) - 1) < 0 || stat(path, &own) < 0 ||
	    !realpath("/bin/true", program) || stat(program, &other) < 0)
		abort();
	r = CALL(execve, "/nonexistent/program", arguments, environment);
	WANT(SYSCALL_EXECVE_19_X, N(-ENOENT), T("odd name"), D("one\0two words", 14), N(getpid()), N(getpid()),
	     N(getppid()), nothing_there(), N(limit_of_fds()), between(0, 1 << 20), between(0, 1 << 24), size_now(),
	     resident_now(), N(0), own_name(), begins_with("cpuset=/"), D("A=1\0B=", 7),
	     PROGRAM(path, own, permitted), T("/nonexistent/program"));
	r = CALL(execveat, AT_FDCWD, "/nonexistent/other", arguments, environment, 0);
	WANT(SYSCALL_EXECVEAT_X, N(-ENOENT), T("odd name"), D("one\0two words", 14), N(getpid()), N(getpid()),
	     N(getppid()), nothing_there(), N(limit_of_fds()), between(0, 1 << 20), between(0, 1 << 24), size_now(),
	     resident_now(), N(0), own_name(), begins_with("cpuset=/"), D("A=1\0B=", 7),
	     PROGRAM(path, own, permitted));
	pid = fork();
	if (pid == 0) {
		CALL(execve, "/bin/true", arguments, environment);
		_exit(1);
	}
	waitpid((pid_t)pid, NULL, 0);
	WANT_OF(pid, SYSCALL_EXECVE_19_X, N(0), T("odd name"), D("one\0two words", 14), N(pid), N(pid), N(getpid()),
		nothing_there(), N(limit_of_fds()), between(0, 1 << 20), between(0, 1 << 24), between(16, 1 << 20),
		between(0, 1 << 20), N(0), T("true"), begins_with("cpuset=/"), D("A=1\0B=", 7),
		PROGRAM(program, other, permitted), T("/bin/true"));
	(void)r;
}

static void be_a_process(void)
{
	apart(take_ids);
	apart(take_session);
	apart(limit_itself);
	apart(unshare_namespaces);
	apart(signal_processes);
	apart(receive_signals);
	apart(give_way);
	apart(touch_pages);
	apart(use_memory);
	use_semaphores();
	apart(use_keys);
	use_modules();
	watch_a_process();
	apart(make_processes);
	apart(run_programs);
}

#endif
