/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Users and groups of containers: from processes of ours in mount namespaces
 * of their own, and by readers that do what they are told.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/capture/proc_task.h"
#include "runtime/containers/account_files.h"
#include "runtime/containers/accounts.h"
#include "runtime/state/container.h"
#include "tests/test.h"
#include "vm/event.h"
#include "vm/support/alloc.h"

#define ID "0123456789ab"

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* "u 7 clerk, g 7 clerks, ..." of events. */
static void tell(const uint8_t *bytes, size_t size, char *text, size_t text_size)
{
	size_t length = strlen(text);
	struct sk_event event;
	uint32_t name_length;
	bool user;

	CHECK_EQUAL(sk_event_decode(bytes, size, &event, NULL), 0);
	user = event.type == SK_EVENT_USER_ADDED_E;
	CHECK(user || event.type == SK_EVENT_GROUP_ADDED_E);
	CHECK_TEXT(sk_event_text(&event, user ? 5 : 2, &name_length), ID);
	snprintf(text + length, text_size - length, "%s %u %.20s, ", user ? "u" : "g",
		 sk_read_u32(event.param[0].bytes), sk_event_text(&event, user ? 2 : 1, &name_length));
}

static const char *tell_all(const struct sk_buffer *events)
{
	static char text[512];
	struct sk_event_header header;

	text[0] = '\0';
	for (size_t at = 0; at < events->length; at += header.len) {
		memcpy(&header, events->bytes + at, sizeof(header));
		tell((const uint8_t *)events->bytes + at, header.len, text, sizeof(text));
	}
	return text;
}

static const char *parse(const char *users, const char *groups)
{
	static char told[512];
	struct sk_buffer user_text = {0}, group_text = {0}, events = {0};

	sk_buffer_append_text(&user_text, users);
	sk_buffer_append_text(&group_text, groups);
	CHECK(sk_account_files_parse(&user_text, &group_text, ID, &events));
	snprintf(told, sizeof(told), "%s", tell_all(&events));
	sk_buffer_release(&user_text);
	sk_buffer_release(&group_text);
	sk_buffer_release(&events);
	return told;
}

TEST(lines_become_events_and_damaged_ones_nothing)
{
	CHECK_TEXT(parse("root:x:0:0::/:/bin/sh\nclerk:x:7:8::/till:/bin/sh", "tills:x:8:\n\nroot:x:0:clerk"),
		   "u 0 root, u 7 clerk, g 8 tills, g 0 root, ");
	CHECK_TEXT(parse("", ""), "");
	CHECK_TEXT(parse("\n\n:\n::::::\n+nis::::::\na:x:-1:0:::\na:x:4294967295:0:::\na:x:9999999999:0:::\n",
			 "a:x:\n"),
		   "");
}

TEST(there_is_an_end_to_users)
{
	struct sk_buffer users = {0}, groups = {0}, events = {0};

	for (int i = 0; i < 5000; i++)
		sk_buffer_append_text(&users, "a:x:1:1:::\n");
	CHECK(sk_account_files_parse(&users, &groups, ID, &events));
	/* Event, lengths, two numbers, four texts, 1024 times. */
	CHECK_EQUAL(events.length, 1024 * (26 + 12 + 8 + 2 + 1 + 1 + 13));
	sk_buffer_release(&users);
	sk_buffer_release(&groups);
	sk_buffer_release(&events);
}

/* --- real files -------------------------------------------------------------------- */

struct guest {
	pid_t pid;
	char id[64];    /* of its cgroups */
	char dir[64];   /* its root */
	char group[96]; /* the cgroup that was made for it */
};

static void write_in(const struct guest *guest, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", guest->dir, name);
	file = fopen(path, "we");
	if (file) {
		fputs(text, file);
		fclose(file);
	}
}

static bool join(const char *group, pid_t pid)
{
	char path[128];
	FILE *file;
	bool joined;

	snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	file = fopen(path, "we");
	if (!file)
		return false;
	joined = fprintf(file, "%d", (int)pid) > 0;
	return fclose(file) == 0 && joined;
}

/* A process with a root and mounts of its own, in a cgroup that is called like a container. */
static bool start_guest(struct guest *guest)
{
	static const char full[] = ID "0123456789abcdef0123456789abcdef0123456789abcdef0123";
	int ends[2];
	char byte = 0;

	*guest = (struct guest){.dir = "/tmp/sk-accounts-XXXXXX"};
	if (!mkdtemp(guest->dir) || pipe2(ends, O_CLOEXEC) < 0)
		return false;
	guest->pid = fork();
	if (guest->pid == 0) {
		if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
		    chroot(guest->dir) == 0 && write(ends[1], "", 1) == 1)
			pause();
		_exit(0);
	}
	close(ends[1]);
	if (read(ends[0], &byte, 1) != 1) {
		close(ends[0]);
		return false;
	}
	close(ends[0]);
	snprintf(guest->group, sizeof(guest->group), "/sys/fs/cgroup/cpuset/%s", full);
	if (access("/sys/fs/cgroup/cpuset", F_OK) < 0)
		snprintf(guest->group, sizeof(guest->group), "/sys/fs/cgroup/%s", full);
	if (mkdir(guest->group, 0755) < 0 && errno != EEXIST)
		return false;
	/* A cpuset has no processor at first. */
	for (int i = 0; i < 2; i++) {
		char from[128], to[128], value[256];
		FILE *file;

		snprintf(from, sizeof(from), "/sys/fs/cgroup/cpuset/cpuset.%s", i ? "mems" : "cpus");
		snprintf(to, sizeof(to), "%s/cpuset.%s", guest->group, i ? "mems" : "cpus");
		file = fopen(from, "re");
		if (file && fgets(value, sizeof(value), file)) {
			FILE *out = fopen(to, "we");

			if (out) {
				fputs(value, out);
				fclose(out);
			}
		}
		if (file)
			fclose(file);
	}
	return join(guest->group, guest->pid);
}

static void stop_guest(struct guest *guest)
{
	char command[160];

	if (guest->pid > 0) {
		kill(guest->pid, SIGKILL);
		waitpid(guest->pid, NULL, 0);
	}
	if (guest->group[0])
		rmdir(guest->group);
	snprintf(command, sizeof(command), "rm -rf %s", guest->dir);
	if (system(command) != 0)
		CHECK(false);
}

static const char *read_guest(const struct guest *guest)
{
	static char told[512];
	struct sk_buffer events = {0};

	CHECK_EQUAL(sk_account_files_read(guest->pid, ID, &events), 0);
	snprintf(told, sizeof(told), "%s", tell_all(&events));
	sk_buffer_release(&events);
	return told;
}

TEST(a_containers_own_files_are_read_whatever_they_are)
{
	struct sk_buffer events = {0};
	struct guest guest;
	char path[128], *much;

	if (!start_guest(&guest)) {
		stop_guest(&guest);
		SKIP("cannot make a mount namespace and a cgroup here");
		return;
	}
	CHECK_TEXT(read_guest(&guest), ""); /* nothing is there */
	snprintf(path, sizeof(path), "%s/etc", guest.dir);
	mkdir(path, 0755);
	write_in(&guest, "etc/passwd", "clerk:x:7:8::/till:/bin/sh\n");
	write_in(&guest, "etc/group", "tills:x:8:\n");
	CHECK_TEXT(read_guest(&guest), "u 7 clerk, g 8 tills, ");
	/* Links stay inside, however they are written. */
	write_in(&guest, "users", "inner:x:9:9:::\n");
	snprintf(path, sizeof(path), "%s/etc/passwd", guest.dir);
	unlink(path);
	CHECK_EQUAL(symlink("/users", path), 0);
	CHECK_TEXT(read_guest(&guest), "u 9 inner, g 8 tills, ");
	unlink(path);
	CHECK_EQUAL(symlink("../../../../../../../users", path), 0);
	CHECK_TEXT(read_guest(&guest), "u 9 inner, g 8 tills, ");
	unlink(path);
	CHECK_EQUAL(symlink("/etc/passwd", path), 0); /* itself */
	CHECK_TEXT(read_guest(&guest), "g 8 tills, ");
	unlink(path);
	/* A pipe that nobody writes to, a device, a directory: not opened, so nothing waits. */
	CHECK_EQUAL(mkfifo(path, 0644), 0);
	CHECK_TEXT(read_guest(&guest), "g 8 tills, ");
	unlink(path);
	CHECK_EQUAL(mknod(path, S_IFCHR | 0644, makedev(1, 5)), 0); /* /dev/zero */
	CHECK_TEXT(read_guest(&guest), "g 8 tills, ");
	unlink(path);
	CHECK_EQUAL(mkdir(path, 0755), 0);
	CHECK_TEXT(read_guest(&guest), "g 8 tills, ");
	rmdir(path);
	/* A file without end is read up to a limit, and without a line that was cut. */
	much = sk_alloc(300001);
	memset(much, 'x', 300000);
	memcpy(much, "early:x:5:5:::\n", 15);
	much[300000] = '\0';
	write_in(&guest, "etc/passwd", much);
	sk_free(much);
	CHECK_EQUAL(truncate(path, INT64_C(1) << 40), 0);
	CHECK_TEXT(read_guest(&guest), "u 5 early, g 8 tills, ");
	/* Another process has the number by now. */
	CHECK_EQUAL(sk_account_files_read(guest.pid, "ffffffffffff", &events), -ESRCH);
	CHECK_EQUAL(sk_account_files_read(getpid(), ID, &events), -ESRCH);
	CHECK_EQUAL(sk_account_files_read(INT32_MAX, ID, &events), -ESRCH);
	CHECK_EQUAL(events.length, 0);
	stop_guest(&guest);
	sk_buffer_release(&events);
}

/* --- beside the sensor ---------------------------------------------------------------- */

static atomic_int reads, hanging;
static atomic_bool let_go;

/* Process 1 has a user, 2 is gone, 3 hangs until it is let go. */
static int read_as_told(int64_t pid, const char *container_id, struct sk_buffer *events)
{
	struct sk_buffer users = {0}, groups = {0};

	atomic_fetch_add(&reads, 1);
	if (pid == 2)
		return -ESRCH;
	if (pid == 3) {
		atomic_fetch_add(&hanging, 1);
		while (!atomic_load(&let_go))
			usleep(1000);
		atomic_fetch_sub(&hanging, 1);
	}
	sk_buffer_append_text(&users, "clerk:x:7:8::/till:/bin/sh\n");
	sk_account_files_parse(&users, &groups, container_id, events);
	sk_buffer_release(&users);
	sk_buffer_release(&groups);
	return 0;
}

static char delivered[512];

static int take(void *context, const uint8_t *bytes, size_t size, uint16_t cpu)
{
	struct sk_event_header header;

	(void)context;
	CHECK_EQUAL(cpu, 0);
	memcpy(&header, bytes, sizeof(header));
	CHECK_EQUAL(header.ts, 42);
	tell(bytes, size, delivered, sizeof(delivered));
	return 0;
}

static struct sk_accounts *start(void)
{
	const struct sk_accounts_options options = {.timeout_ms = 50, .silence_ms = 200, .read = read_as_told};
	struct sk_accounts *accounts = NULL;

	atomic_store(&reads, 0);
	atomic_store(&let_go, false);
	delivered[0] = '\0';
	CHECK_EQUAL(sk_accounts_start(&options, &accounts), 0);
	return accounts;
}

static const char *delivered_within(struct sk_accounts *accounts, int ms)
{
	int64_t end = now_ms() + ms;

	do {
		sk_accounts_deliver(accounts, 42, take, NULL);
		usleep(1000);
	} while (!delivered[0] && now_ms() < end);
	return delivered;
}

TEST(a_container_is_read_once_and_again_after_a_while)
{
	struct sk_accounts *accounts = start();

	for (int i = 0; i < 10; i++)
		sk_accounts_need(accounts, ID, 12, 1);
	CHECK_TEXT(delivered_within(accounts, 2000), "u 7 clerk, ");
	for (int i = 0; i < 10; i++)
		sk_accounts_need(accounts, ID, 12, 1);
	delivered[0] = '\0';
	CHECK_TEXT(delivered_within(accounts, 50), "");
	CHECK_EQUAL(atomic_load(&reads), 1);
	usleep(200000);
	sk_accounts_need(accounts, ID, 12, 1);
	CHECK_TEXT(delivered_within(accounts, 2000), "u 7 clerk, ");
	CHECK_EQUAL(sk_accounts_stats(accounts).read, 2);
	sk_accounts_stop(accounts);
}

TEST(a_process_that_is_gone_is_followed_by_another)
{
	struct sk_accounts *accounts = start();
	int64_t end = now_ms() + 2000;

	sk_accounts_need(accounts, ID, 12, 2);
	while (sk_accounts_stats(accounts).failed == 0 && now_ms() < end)
		usleep(1000);
	CHECK_EQUAL(sk_accounts_stats(accounts).failed, 1);
	usleep(60000);
	sk_accounts_need(accounts, ID, 12, 1);
	CHECK_TEXT(delivered_within(accounts, 2000), "u 7 clerk, ");
	sk_accounts_stop(accounts);
}

TEST(what_is_read_of_a_container_that_is_gone_is_dropped)
{
	struct sk_accounts *accounts = start();
	int64_t end = now_ms() + 2000;

	sk_accounts_need(accounts, ID, 12, 3);
	while (atomic_load(&hanging) == 0 && now_ms() < end)
		usleep(1000);
	sk_accounts_forget(accounts, ID, 12);
	atomic_store(&let_go, true);
	CHECK_TEXT(delivered_within(accounts, 50), "");
	sk_accounts_stop(accounts);
}

TEST(a_reader_that_hangs_is_replaced_and_stopping_does_not_wait_for_it)
{
	struct sk_accounts *accounts = start();
	int64_t before, end = now_ms() + 2000;

	sk_accounts_need(accounts, "aaaaaaaaaaaa", 12, 3);
	while (atomic_load(&hanging) == 0 && now_ms() < end)
		usleep(1000);
	before = now_ms();
	sk_accounts_need(accounts, ID, 12, 1);
	CHECK(now_ms() - before < 40);
	CHECK_TEXT(delivered_within(accounts, 20), "");
	usleep(60000);
	sk_accounts_need(accounts, ID, 12, 1);
	CHECK_TEXT(delivered_within(accounts, 2000), "u 7 clerk, ");
	CHECK_EQUAL(sk_accounts_stats(accounts).left, 1);
	before = now_ms();
	sk_accounts_stop(accounts);
	CHECK(now_ms() - before < 1500);
	/* It comes back when all else is gone. */
	atomic_store(&let_go, true);
	while (atomic_load(&hanging) > 0 && now_ms() < before + 3000)
		usleep(1000);
	CHECK_EQUAL(atomic_load(&hanging), 0);
	usleep(50000);
}

TEST(there_is_an_end_to_readers_and_containers)
{
	struct sk_accounts *accounts = start();
	char id[16];

	for (int i = 0; i < 20; i++) {
		snprintf(id, sizeof(id), "%012d", i);
		sk_accounts_need(accounts, id, 12, 3);
		usleep(60000);
	}
	CHECK_EQUAL(atomic_load(&hanging), 5);
	CHECK_EQUAL(sk_accounts_stats(accounts).left, 4);
	for (int i = 20; i < 1100; i++) {
		snprintf(id, sizeof(id), "%012d", i);
		sk_accounts_need(accounts, id, 12, 1);
	}
	CHECK_EQUAL(sk_accounts_stats(accounts).refused, 76);
	atomic_store(&let_go, true);
	sk_accounts_stop(accounts);
	CHECK_EQUAL(atomic_load(&hanging), 0);
}

TEST_MAIN(RUN(lines_become_events_and_damaged_ones_nothing) RUN(there_is_an_end_to_users) RUN(
	a_containers_own_files_are_read_whatever_they_are) RUN(a_container_is_read_once_and_again_after_a_while)
		  RUN(a_process_that_is_gone_is_followed_by_another)
			  RUN(what_is_read_of_a_container_that_is_gone_is_dropped)
				  RUN(a_reader_that_hangs_is_replaced_and_stopping_does_not_wait_for_it)
					  RUN(there_is_an_end_to_readers_and_containers))
