/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real captures, read by saker and by the independent reader
 * ../shared/tools/scapdump.py: the same entries and, after conversion, the same
 * events to the byte; rendered, the lines of captures/listings/.
 */
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/scap/reader.h"
#include "runtime/scap/writer.h"
#include "tests/test.h"
#include "vm/event.h"

static const char *shared(void)
{
	const char *path = getenv("SK_SHARED");

	return path ? path : "../shared";
}

static bool captures_are_absent(void)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/data/captures/curl_google.scap", shared());
	if (access(path, R_OK) == 0)
		return false;
	SKIP("there are no captures in ../shared (or $SK_SHARED)");
	return true;
}

/* --- writing down what was read ---------------------------------------- */

static void print_hex(FILE *file, const void *bytes, size_t length)
{
	const uint8_t *at = bytes;

	putc(' ', file);
	if (length == 0)
		putc('-', file);
	for (size_t i = 0; i < length; i++)
		fprintf(file, "%02x", at[i]);
}

static void print_bytes(FILE *file, struct sk_bytes bytes)
{
	print_hex(file, bytes.bytes, bytes.length);
}

static int print_machine(void *context, const struct sk_machine_entry *entry)
{
	fprintf(context, "M %u %" PRIu64 " %" PRIu64 " %" PRIu64, entry->num_cpus, entry->memory_size,
		entry->max_pid, entry->boot_ts);
	print_hex(context, entry->hostname, strlen(entry->hostname));
	fprintf(context, "\n");
	return 0;
}

static int print_interface(void *context, const struct sk_interface_entry *entry)
{
	fprintf(context, "I %" PRIu64, entry->link_speed);
	print_hex(context, entry->address, entry->family_length);
	print_hex(context, entry->netmask, entry->family_length);
	print_hex(context, entry->broadcast, entry->family_length);
	print_bytes(context, entry->name);
	fprintf(context, "\n");
	return 0;
}

static int print_user(void *context, const struct sk_user_entry *entry)
{
	fprintf(context, "U %u %u", entry->uid, entry->gid);
	print_bytes(context, entry->name);
	print_bytes(context, entry->home);
	print_bytes(context, entry->shell);
	fprintf(context, "\n");
	return 0;
}

static int print_group(void *context, const struct sk_group_entry *entry)
{
	fprintf(context, "G %u", entry->gid);
	print_bytes(context, entry->name);
	fprintf(context, "\n");
	return 0;
}

static int print_process(void *context, const struct sk_process_entry *entry)
{
	fprintf(context,
		"P %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64,
		entry->tid, entry->pid, entry->ptid, entry->sid, entry->vpgid, entry->pgid, entry->vtid,
		entry->vpid);
	fprintf(context, " %" PRId64 " %u %u %u %u %u %u %u %" PRIu64 " %" PRIu64, entry->fdlimit, entry->flags,
		entry->uid, entry->gid, entry->loginuid, entry->vmsize_kb, entry->vmrss_kb, entry->vmswap_kb,
		entry->pfmajor, entry->pfminor);
	fprintf(context, " %" PRIu64 " %u %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64,
		entry->pidns_init_start_ts, entry->tty, entry->cap_inheritable, entry->cap_permitted,
		entry->cap_effective, entry->exe_ino, entry->exe_ino_ctime, entry->exe_ino_mtime);
	fprintf(context, " %d %d %d %d", entry->exe_writable, entry->exe_upper_layer, entry->exe_lower_layer,
		entry->exe_from_memfd);
	print_bytes(context, entry->comm);
	print_bytes(context, entry->exe);
	print_bytes(context, entry->exepath);
	print_bytes(context, entry->cwd);
	print_bytes(context, entry->root);
	print_bytes(context, entry->args);
	print_bytes(context, entry->env);
	print_bytes(context, entry->cgroups);
	fprintf(context, "\n");
	return 0;
}

static int print_fd(void *context, int64_t tid, const struct sk_fd_entry *entry)
{
	fprintf(context, "F %" PRId64 " %" PRId64 " %" PRIu64 " %u %u %u %u %u %u %" PRIu64 " %" PRIu64, tid,
		entry->fd, entry->ino, entry->dev, entry->open_flags, entry->type, entry->l4, entry->source_port,
		entry->destination_port, entry->unix_source, entry->unix_destination);
	print_hex(context, entry->source, sizeof(entry->source));
	print_hex(context, entry->destination, sizeof(entry->destination));
	print_bytes(context, entry->name);
	fprintf(context, "\n");
	return 0;
}

static struct sk_entry_sink printing_sink(FILE *file)
{
	return (struct sk_entry_sink){
		.context = file,
		.machine = print_machine,
		.interface = print_interface,
		.user = print_user,
		.group = print_group,
		.process = print_process,
		.fd = print_fd,
	};
}

static void print_event(FILE *file, const struct sk_scap_event *scap, const struct sk_event *event)
{
	fprintf(file, "E %u %" PRIu64 " %" PRIu64 " %u %d %u", event->type, (uint64_t)event->tid, event->ts,
		scap->cpu, scap->state_only, event->header->nparams);
	for (unsigned i = 0; i < event->nparams; i++)
		print_hex(file, event->param[i].bytes, event->param[i].length);
	fprintf(file, "\n");
}

/* Reads all, prints up to `limit` events; their number, or a negative errno. */
static long print_capture(const char *path, FILE *file, long limit)
{
	struct sk_entry_sink sink = printing_sink(file);
	struct sk_scap_reader *reader;
	struct sk_scap_event scap;
	struct sk_event event;
	struct sk_error error = {0};
	long count = 0;
	int r = sk_scap_reader_open(path, &sink, &reader, &error);

	if (r < 0) {
		printf("# %s: %s\n", path, error.message);
		return r;
	}
	while ((r = sk_scap_reader_next(reader, &scap, &error)) == 1) {
		r = sk_event_decode(scap.bytes, scap.size, &event, &error);
		if (r < 0)
			break;
		if (count++ < limit)
			print_event(file, &scap, &event);
	}
	sk_scap_reader_close(reader);
	if (r < 0)
		printf("# %s: %s\n", path, error.message);
	return r < 0 ? r : count;
}

/* --- comparing --------------------------------------------------------- */

static const struct {
	const char *name;
	long events; /* after conversion: spec/scap-format.md section 11 */
} captures[] = {
	{"curl_google", 991},
	{"falco_cat_write", 307},
	{"falco_connect_localhost", 371},
	{"falco_empty", 143},
	{"falco_open-multiple-files", 1243},
	{"falco_psp_privileged", 2059},
	{"falco_psp_run_as_user_0_container", 2795},
	{"libs_sample_old", 485},
	{"single_ipv6_conn", 1717},
	{"attacks-a", 31813},
	{"container-a", 27392},
	{"busy", 1679314},
};

enum { CAPTURE_COUNT = sizeof(captures) / sizeof(captures[0]), COMPARED_EVENTS = 40000 };

static bool have_python(void)
{
	return system("python3 -c '' >/dev/null 2>&1") == 0;
}

/* A file that is gone when it is closed, and its name. */
static FILE *temporary_file(char path[64])
{
	int fd;

	strcpy(path, "/tmp/saker-test-XXXXXX");
	fd = mkstemp(path);
	return fd < 0 ? NULL : fdopen(fd, "w+");
}

static void compare(const char *name, const char *capture, long expected)
{
	char dump[64], command[8192];
	FILE *file = temporary_file(dump);
	long count;

	CHECK(file != NULL);
	if (!file)
		return;
	count = print_capture(capture, file, COMPARED_EVENTS);
	CHECK_EQUAL(count, expected);
	fclose(file);
	snprintf(command, sizeof(command), "python3 tests/conformance/compare_capture.py '%s' '%s' '%s' %d",
		 shared(), name, dump, COMPARED_EVENTS);
	fflush(stdout);
	if (system(command) != 0) {
		printf("# %s differs from what the independent reader says\n", name);
		CHECK(false);
	}
	unlink(dump);
}

TEST(entries_and_events_are_those_that_the_independent_reader_sees)
{
	char path[4096];

	if (captures_are_absent())
		return;
	if (!have_python()) {
		SKIP("there is no python3");
		return;
	}
	for (unsigned i = 0; i < CAPTURE_COUNT; i++) {
		snprintf(path, sizeof(path), "%s/data/captures/%s.scap", shared(), captures[i].name);
		compare(captures[i].name, path, captures[i].events);
	}
}

/* --- round trip -------------------------------------------------------- */

/* Writes what `path` holds to `copy`; the number of events, or a negative errno. */
static long copy_capture(const char *path, const char *copy, bool compress)
{
	struct sk_scap_writer *writer;
	struct sk_scap_reader *reader;
	struct sk_entry_sink sink;
	struct sk_scap_event event;
	struct sk_error error = {0};
	long count = 0;
	int r = sk_scap_writer_open(copy, compress, &writer, &error), closed;

	if (r < 0)
		return r;
	sink = sk_scap_writer_sink(writer);
	r = sk_scap_reader_open(path, &sink, &reader, &error);
	if (r == 0) {
		while ((r = sk_scap_reader_next(reader, &event, &error)) == 1) {
			r = event.state_only
				    ? sk_scap_writer_state_event(writer, event.bytes, event.size, event.cpu, &error)
				    : sk_scap_writer_event(writer, event.bytes, event.size, event.cpu, &error);
			if (r < 0)
				break;
			count++;
		}
		sk_scap_reader_close(reader);
	}
	closed = sk_scap_writer_close(writer, &error);
	if (r < 0 || closed < 0)
		printf("# copying %s: %s\n", path, error.message);
	return r < 0 ? r : closed < 0 ? closed : count;
}

static bool same_files(const char *left, const char *right)
{
	char command[8192];

	snprintf(command, sizeof(command), "cmp '%s' '%s'", left, right);
	return system(command) == 0;
}

static void round_trip(const char *name, bool compress)
{
	char path[4096], copy[64], first[64], second[64];
	FILE *copy_file = temporary_file(copy), *first_file = temporary_file(first),
	     *second_file = temporary_file(second);

	snprintf(path, sizeof(path), "%s/data/captures/%s.scap", shared(), name);
	CHECK(copy_file && first_file && second_file);
	CHECK_EQUAL(copy_capture(path, copy, compress), print_capture(path, first_file, LONG_MAX));
	CHECK(print_capture(copy, second_file, LONG_MAX) > 0);
	fclose(copy_file);
	fclose(first_file);
	fclose(second_file);
	fflush(stdout);
	CHECK(same_files(first, second));
	unlink(copy);
	unlink(first);
	unlink(second);
}

TEST(a_capture_that_is_written_again_reads_the_same)
{
	if (captures_are_absent())
		return;
	for (unsigned i = 0; i < CAPTURE_COUNT; i++) {
		if (strcmp(captures[i].name, "busy") == 0)
			continue;
		round_trip(captures[i].name, false);
		round_trip(captures[i].name, true);
	}
}

/* --- sysdig ------------------------------------------------------------ */

/* What sysdig prints about a capture, into a temporary file; its complaints too. */
static bool run_sysdig(const char *capture, char ret_output[64])
{
	char command[8192];
	FILE *file = temporary_file(ret_output);

	if (!file)
		return false;
	fclose(file);
	snprintf(command, sizeof(command),
		 "sysdig -r '%s' -p '*%%evt.num %%evt.rawtime %%evt.cpu %%evt.type %%proc.name %%proc.pname "
		 "%%user.name "
		 "%%fd.name %%evt.args' >'%s' 2>&1",
		 capture, ret_output);
	return system(command) == 0;
}

static long count_lines(const char *path)
{
	FILE *file = fopen(path, "r");
	long lines = 0;
	int byte;

	while (file && (byte = getc(file)) != EOF)
		lines += byte == '\n';
	if (file)
		fclose(file);
	return lines;
}

static bool have_sysdig(void)
{
	if (system("command -v sysdig >/dev/null 2>&1") == 0)
		return true;
	SKIP("there is no sysdig");
	return false;
}

TEST(sysdig_says_the_same_of_a_copy_as_of_the_original)
{
	static const char *const names[] = {"attacks-a", "container-a", "falco_psp_privileged", "falco_empty"};
	char path[4096], copy[64], before[64], after[64];

	if (captures_are_absent() || !have_sysdig())
		return;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		fclose(temporary_file(copy));
		snprintf(path, sizeof(path), "%s/data/captures/%s.scap", shared(), names[i]);
		CHECK(copy_capture(path, copy, i % 2 == 0) > 0);
		CHECK(run_sysdig(path, before));
		CHECK(run_sysdig(copy, after));
		CHECK(same_files(before, after));
		printf("# sysdig prints %ld lines about %s\n", count_lines(after), names[i]);
		unlink(copy);
		unlink(before);
		unlink(after);
	}
}

/* Its own events are gone: enter events and old versions, which the reader converted. */
TEST(sysdig_opens_a_copy_of_an_old_capture)
{
	static const char *const names[] = {"curl_google", "falco_cat_write", "falco_open-multiple-files"};
	char path[4096], copy[64], output[64];

	if (captures_are_absent() || !have_sysdig())
		return;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		fclose(temporary_file(copy));
		snprintf(path, sizeof(path), "%s/data/captures/%s.scap", shared(), names[i]);
		CHECK(copy_capture(path, copy, i % 2 == 0) > 0);
		CHECK(run_sysdig(copy, output));
		CHECK(count_lines(output) > 20);
		printf("# sysdig prints %ld lines about %s\n", count_lines(output), names[i]);
		unlink(copy);
		unlink(output);
	}
}

/* clang-format off */
TEST_MAIN(
	RUN(entries_and_events_are_those_that_the_independent_reader_sees)
	RUN(a_capture_that_is_written_again_reads_the_same)
	RUN(sysdig_says_the_same_of_a_copy_as_of_the_original)
	RUN(sysdig_opens_a_copy_of_an_old_capture)
)
