/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints, for each event of a capture, what the state engine knows of its
 * thread and fd: one JSON object a line, under the names of the fields that
 * show the same thing.  tests/tools/state_compare.py compares that with the
 * reference's values; with -t only the time is measured.
 *
 * usage: state_dump [-t] [-n EVENTS] CAPTURE
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runtime/scap/reader.h"
#include "runtime/state/state.h"

static void print_bytes(const char *bytes, size_t length)
{
	putchar('"');
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		if (byte == '"' || byte == '\\')
			printf("\\%c", byte);
		else if (byte < 0x20 || byte == 0x7f)
			printf("\\u%04x", byte);
		else
			putchar(byte);
	}
	putchar('"');
}

static void text(const char *name, const struct sk_string *string)
{
	printf(",\"%s\":", name);
	print_bytes(string->bytes, string->length);
}

/* Strings with their NULs, joined by one blank. */
static void strings(const char *name, const struct sk_string *string)
{
	size_t length = string->length ? string->length - 1 : 0;
	char *joined = malloc(length + 1);

	memcpy(joined, string->bytes, length);
	for (size_t i = 0; i < length; i++)
		if (joined[i] == '\0')
			joined[i] = ' ';
	printf(",\"%s\":", name);
	print_bytes(joined, length);
	free(joined);
}

static void number(const char *name, int64_t value)
{
	printf(",\"%s\":%" PRId64, name, value);
}

static void truth(const char *name, bool value)
{
	printf(",\"%s\":%s", name, value ? "true" : "false");
}

/* 0 reads as missing. */
static void time_stamp(const char *name, uint64_t value)
{
	if (value)
		printf(",\"%s\":%" PRIu64, name, value);
	else
		printf(",\"%s\":null", name);
}

static void print_thread(const struct sk_event_view *view)
{
	const struct sk_thread_table *threads = sk_state_threads(view->state);
	const struct sk_thread *thread = view->thread, *parent, *leader = sk_thread_main(thread);
	const struct sk_fd_table *fds = sk_thread_fds(thread);
	static const char *const streams[] = {"proc.stdin", "proc.stdout", "proc.stderr"};
	char name[64];

	text("proc.name", thread->comm);
	text("proc.exe", thread->exe);
	text("proc.exepath", thread->exepath);
	strings("proc.args", thread->args);
	text("proc.cmdline", thread->cmdline);
	text("proc.cwd", sk_thread_cwd(thread));
	strings("proc.env", sk_thread_env(thread));
	number("proc.pid", thread->pid);
	if (thread->vpid != -1)
		number("proc.vpid", thread->vpid);
	if (thread->vtid != -1)
		number("thread.vtid", thread->vtid);
	number("proc.sid", thread->sid);
	number("proc.vpgid", thread->vpgid);
	number("proc.pgid", thread->pgid);
	number("proc.tty", thread->tty);
	number("user.uid", thread->uid);
	number("group.gid", thread->gid);
	number("user.loginuid", (int32_t)thread->loginuid);
	number("caps.permitted", (int64_t)thread->cap_permitted);
	number("caps.inheritable", (int64_t)thread->cap_inheritable);
	number("caps.effective", (int64_t)thread->cap_effective);
	time_stamp("proc.pid.ts", thread->clone_ts);
	truth("proc.is_exe_writable", thread->exe_writable);
	truth("proc.is_exe_upper_layer", thread->exe_upper_layer);
	truth("proc.is_exe_lower_layer", thread->exe_lower_layer);
	truth("proc.is_exe_from_memfd", thread->exe_from_memfd);
	time_stamp("proc.exe_ino", thread->exe_ino);
	time_stamp("proc.exe_ino.ctime", thread->exe_ino_ctime);
	time_stamp("proc.exe_ino.mtime", thread->exe_ino_mtime);
	time_stamp("proc.exe_ino.ctime_duration_proc_start", thread->exe_ino_ctime_duration_clone_ts);
	time_stamp("proc.exe_ino.ctime_duration_pidns_start", thread->exe_ino_ctime_duration_pidns_start);
	time_stamp("proc.pidns_init_start_ts", thread->pidns_init_start_ts);
	number("thread.pfmajor", (int64_t)thread->pfmajor);
	number("thread.pfminor", (int64_t)thread->pfminor);
	truth("thread.ismain", sk_thread_is_main(thread));
	if (thread->cgroups->length > 0)
		strings("thread.cgroups", thread->cgroups);
	number("proc.nthreads", sk_thread_count(thread));
	number("proc.nchilds", sk_thread_child_count(thread));
	number("proc.vmsize", thread->vmsize_kb);
	number("proc.vmrss", thread->vmrss_kb);
	number("proc.vmswap", thread->vmswap_kb);
	number("proc.fdopencount", leader ? sk_fd_table_count(sk_thread_fds(leader)) : 0);
	number("proc.fdlimit", leader ? leader->fdlimit : 0);
	for (int i = 0; i < 3; i++) {
		const struct sk_fd *fd = sk_fd_find(fds, i);

		if (!fd)
			continue;
		snprintf(name, sizeof(name), "%s.name", streams[i]);
		text(name, fd->name);
		printf(",\"%s.type\":\"%s\"", streams[i], sk_fd_type_name(fd->type));
	}
	for (uint32_t i = 1; i <= 3; i++) {
		parent = sk_thread_ancestor(threads, thread, i);
		if (!parent)
			break;
		if (i == 1) {
			number("proc.ppid", parent->pid);
			text("proc.pname", parent->comm);
			text("proc.pexepath", parent->exepath);
			text("proc.pcmdline", parent->cmdline);
		}
		snprintf(name, sizeof(name), "proc.aname[%u]", i);
		text(name, parent->comm);
	}
	parent = sk_thread_find(threads, thread->ptid);
	if (parent && parent->vpid != -1)
		number("proc.pvpid", parent->vpid);
	printf(",\"container.id\":");
	if (view->container)
		print_bytes(view->container->id->bytes, view->container->id->length);
	else if (thread->container_id->length > 0)
		print_bytes(thread->container_id->bytes, thread->container_id->length);
	else
		printf("\"host\"");
}

static void address(const char *name, const struct sk_fd *fd, const uint8_t *bytes)
{
	char printed[64];

	inet_ntop(fd->type == SK_FD_IPV4_SOCK || fd->type == SK_FD_IPV4_SERVSOCK ? AF_INET : AF_INET6, bytes,
		  printed, sizeof(printed));
	printf(",\"%s\":\"%s\"", name, printed);
}

static void print_fd(const struct sk_event_view *view)
{
	static const char *const l4[] = {"<NA>", "<NA>", "tcp", "udp", "icmp", "raw"};
	const uint16_t roles = SK_FD_FLAG_ROLE_CLIENT | SK_FD_FLAG_ROLE_SERVER;
	const struct sk_fd *fd = view->fd;

	if (view->fd_number == INT64_MIN)
		return;
	number("fd.num", view->fd_number);
	if (!fd)
		return;
	printf(",\"fd.type\":\"%s\"", sk_fd_type_name(fd->type));
	printf(",\"fd.typechar\":\"%c\"", sk_fd_type_char(fd->type));
	text("fd.name", fd->name);
	text("fd.nameraw", fd->name_raw);
	truth("fd.name_changed", view->fd_name_changed);
	printf(",\"fd.l4proto\":\"%s\"", !sk_fd_is_inet(fd)                           ? "<NA>"
					 : (fd->flags & roles) || fd->l4 == SK_L4_RAW ? l4[fd->l4]
										      : "<NA>");
	truth("fd.connected", sk_fd_is_inet(fd) && (fd->flags & SK_FD_FLAG_CONNECTED));
	number("fd.dev", fd->dev);
	number("fd.ino", (int64_t)fd->ino);
	truth("fd.is_upper_layer", fd->flags & SK_FD_FLAG_UPPER_LAYER);
	truth("fd.is_lower_layer", fd->flags & SK_FD_FLAG_LOWER_LAYER);
	if (sk_fd_is_inet(fd) && (fd->flags & roles)) {
		bool listening = fd->type == SK_FD_IPV4_SERVSOCK || fd->type == SK_FD_IPV6_SERVSOCK;

		if (!listening) {
			address("fd.cip", fd, fd->source);
			number("fd.cport", fd->source_port);
		}
		address("fd.sip", fd, fd->destination);
		number("fd.sport", fd->destination_port);
	}
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now); /* others share the machine */
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int run(struct sk_scap_reader *reader, struct sk_state *state, bool quiet, uint64_t most)
{
	static struct sk_event_view view;
	struct sk_scap_event raw;
	struct sk_error error;
	uint64_t count = 0;
	int result = 0;

	while (count < most && (result = sk_scap_reader_next(reader, &raw, &error)) > 0) {
		if (sk_event_decode(raw.bytes, raw.size, &view.event, &error) < 0) {
			fprintf(stderr, "%s\n", error.message);
			continue;
		}
		view.event.number = ++count;
		view.event.cpu = raw.cpu;
		view.event.state_only = raw.state_only;
		sk_state_process(state, &view);
		if (quiet)
			continue;
		printf("{\"evt.num\":%" PRIu64 ",\"evt.type\":\"%s\"", count, view.event.info->name);
		if (view.thread)
			print_thread(&view);
		print_fd(&view);
		printf("}\n");
	}
	if (result < 0)
		fprintf(stderr, "%s\n", error.message);
	return result < 0;
}

/* Events of the whole capture, copied so that reading it costs nothing while the clock runs. */
static int measure(struct sk_scap_reader *reader, struct sk_state *state, uint64_t most)
{
	static struct sk_event_view view;
	struct sk_scap_event raw;
	struct sk_error error;
	struct sk_state_stats stats;
	size_t size = 0, capacity = 1 << 20, at = 0;
	uint8_t *bytes = malloc(capacity);
	uint64_t count = 0, processed = 0, *by_type = calloc(SK_EVENT_COUNT * 2, sizeof(*by_type));
	double start, passed;

	while (count < most && sk_scap_reader_next(reader, &raw, &error) > 0) {
		while (size + raw.size > capacity)
			bytes = realloc(bytes, capacity *= 2);
		memcpy(bytes + size, raw.bytes, raw.size);
		size += raw.size;
		count++;
	}
	start = seconds();
	while (at < size) {
		if (sk_event_decode(bytes + at, size - at, &view.event, &error) == 0) {
			view.event.number = ++processed;
			sk_state_process(state, &view);
		}
		at += ((const struct sk_event_header *)(const void *)(bytes + at))->len;
	}
	passed = seconds() - start;
	stats = sk_state_stats(state);
	printf("%" PRIu64 " events, %.1f ns each for decode and state; %" PRIu64 " threads, %.1f MB\n", processed,
	       passed * 1e9 / (double)processed, stats.threads, (double)stats.memory / 1e6);
	free(by_type);
	free(bytes);
	return 0;
}

int main(int argc, char **argv)
{
	const struct sk_state_options options = {.own_pid = -1};
	struct sk_scap_reader *reader;
	struct sk_entry_sink sink;
	struct sk_error error;
	struct sk_state *state;
	uint64_t most = UINT64_MAX;
	bool timing = false;
	int option, result;

	while ((option = getopt(argc, argv, "tn:")) != -1) {
		if (option == 't')
			timing = true;
		else if (option == 'n')
			most = strtoull(optarg, NULL, 10);
		else
			return 2;
	}
	if (optind + 1 != argc || sk_state_create(&options, &state) < 0)
		return 2;
	sink = sk_state_sink(state);
	if (sk_scap_reader_open(argv[optind], &sink, &reader, &error) < 0) {
		fprintf(stderr, "%s\n", error.message);
		return 1;
	}
	result = timing ? measure(reader, state, most) : run(reader, state, false, most);
	sk_scap_reader_close(reader);
	sk_state_destroy(state);
	return result;
}
