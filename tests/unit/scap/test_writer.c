/* SPDX-License-Identifier: Apache-2.0 */
/* What the writer writes reads the same, and what it cannot write is told. */
#include "runtime/scap/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/scap/build.h"
#include "vm/support/alloc.h"

static char path[] = "/tmp/saker-test-writer-XXXXXX";
static struct seen seen;

#define STRING(text) ((struct sk_bytes){text, sizeof(text) - 1})

static const struct sk_machine_entry machine = {
	.num_cpus = 4, .memory_size = 1 << 30, .max_pid = 32768, .hostname = "lab", .boot_ts = 1690000000000000000};

static const struct sk_process_entry process = {
	.tid = 10,
	.pid = 11,
	.ptid = 12,
	.sid = 13,
	.vpgid = 14,
	.pgid = 15,
	.vtid = 16,
	.vpid = 17,
	.comm = STRING("comm"),
	.exe = STRING("exe"),
	.exepath = STRING("/bin/exe"),
	.cwd = STRING("/cwd"),
	.root = STRING("/root"),
	.args = STRING("-a\0-b\0"),
	.env = STRING("A=b\0"),
	.cgroups = STRING("cpu=/\0"),
	.fdlimit = 1024,
	.flags = 0x2000,
	.uid = 1,
	.gid = 2,
	.loginuid = 3,
	.vmsize_kb = 4,
	.vmrss_kb = 5,
	.vmswap_kb = 6,
	.pfmajor = 7,
	.pfminor = 8,
	.pidns_init_start_ts = 1690000000000000001,
	.tty = 34816,
	.cap_inheritable = 9,
	.cap_permitted = 10,
	.cap_effective = 11,
	.exe_ino = 12,
	.exe_ino_ctime = 13,
	.exe_ino_mtime = 14,
	.exe_writable = true,
	.exe_lower_layer = true,
	.exe_from_memfd = true,
};

static struct sk_scap_writer *open_writer(bool compress)
{
	struct sk_scap_writer *writer = NULL;
	struct sk_error error = {0};

	CHECK_EQUAL(sk_scap_writer_open(path, compress, &writer, &error), 0);
	return writer;
}

static int write_event(struct sk_scap_writer *writer, uint16_t type, uint64_t tid, unsigned nparams,
		       const struct value *values, struct sk_error *error)
{
	struct build build = {0};
	int r;

	put_bare_event(&build, 2, type, tid, nparams, values);
	r = sk_scap_writer_event(writer, build.out.bytes, build.out.length, 3, error);
	sk_buffer_release(&build.out);
	return r;
}

#define WRITE(writer, type, tid, error, ...)                                                                       \
	write_event(writer, type, tid, COUNT(__VA_ARGS__), (struct value[]){__VA_ARGS__}, error)

static int write_close(struct sk_scap_writer *writer, uint64_t tid, struct sk_error *error)
{
	return WRITE(writer, SK_EVENT_SYSCALL_CLOSE_X, tid, error, I64(0), I64(3));
}

/* The bytes of the file; free() them. */
static uint8_t *file_bytes(size_t *ret_size)
{
	struct stat status;
	FILE *file = fopen(path, "r");
	uint8_t *bytes;

	CHECK(file && fstat(fileno(file), &status) == 0);
	*ret_size = (size_t)status.st_size;
	bytes = malloc(*ret_size + 1);
	CHECK_EQUAL(fread(bytes, 1, *ret_size, file), *ret_size);
	fclose(file);
	return bytes;
}

static unsigned read_file(void)
{
	struct sk_error error;
	unsigned events;
	size_t size;
	uint8_t *bytes = file_bytes(&size);
	int r;

	seen = (struct seen){0};
	r = read_all(bytes, size, &seen, &events, &error);
	if (r < 0)
		printf("# %s\n", error.message);
	CHECK_EQUAL(r, 0);
	free(bytes);
	return events;
}

TEST(every_field_of_every_entry_comes_back)
{
	for (unsigned compress = 0; compress < 2; compress++) {
		struct sk_scap_writer *writer = open_writer(compress);
		struct sk_entry_sink sink = sk_scap_writer_sink(writer);
		struct sk_interface_entry interface = {
			.family_length = 16, .link_speed = 1000, .name = STRING("eth0")};
		struct sk_user_entry user = {1000, 100, STRING("ann"), STRING("/home/ann"), STRING("/bin/sh")};
		struct sk_group_entry group = {100, STRING("users")};
		struct sk_fd_entry fd = {.fd = 3,
					 .ino = 4,
					 .dev = 0x801,
					 .open_flags = 0x1001,
					 .type = SK_FD_FILE_V2,
					 .name = STRING("/etc/passwd")};
		struct sk_error error = {0};

		memcpy(interface.address, "0123456789abcdef", 16);
		memcpy(interface.netmask, "fedcba9876543210", 16);
		CHECK_EQUAL(sink.machine(sink.context, &machine), 0);
		CHECK_EQUAL(sink.interface(sink.context, &interface), 0);
		CHECK_EQUAL(sink.user(sink.context, &user), 0);
		CHECK_EQUAL(sink.group(sink.context, &group), 0);
		CHECK_EQUAL(sink.process(sink.context, &process), 0);
		CHECK_EQUAL(sink.fd(sink.context, 10, &fd), 0);
		CHECK_EQUAL(sink.complete(sink.context), 0);
		CHECK_EQUAL(write_close(writer, 10, &error), 0);
		CHECK_EQUAL(sk_scap_writer_close(writer, &error), 0);

		CHECK_EQUAL(read_file(), 1);
		CHECK_EQUAL(seen.machines, 1);
		CHECK(memcmp(&seen.machine, &machine, sizeof(machine)) == 0);
		CHECK_EQUAL(seen.interface.family_length, 16);
		CHECK(memcmp(seen.interface.address, "0123456789abcdef", 16) == 0);
		CHECK(memcmp(seen.interface.netmask, "fedcba9876543210", 16) == 0);
		CHECK_EQUAL(seen.interface.link_speed, 1000);
		CHECK_TEXT(seen.text[0], "eth0");
		CHECK_EQUAL(seen.user.uid, 1000);
		CHECK_EQUAL(seen.user.gid, 100);
		CHECK_TEXT(seen.text[1], "ann");
		CHECK_TEXT(seen.text[2], "/home/ann");
		CHECK_TEXT(seen.text[3], "/bin/sh");
		CHECK_EQUAL(seen.group.gid, 100);
		CHECK_TEXT(seen.text[4], "users");
		CHECK_EQUAL(seen.fd_tid, 10);
		CHECK_EQUAL(seen.fd.fd, 3);
		CHECK_EQUAL(seen.fd.dev, 0x801);
		CHECK_EQUAL(seen.fd.open_flags, 0x1001);
		CHECK_TEXT(seen.text[13], "/etc/passwd");

		CHECK_EQUAL(seen.process.tid, 10);
		CHECK_EQUAL(seen.process.pid, 11);
		CHECK_EQUAL(seen.process.ptid, 12);
		CHECK_EQUAL(seen.process.sid, 13);
		CHECK_EQUAL(seen.process.vpgid, 14);
		CHECK_EQUAL(seen.process.pgid, 15);
		CHECK_EQUAL(seen.process.vtid, 16);
		CHECK_EQUAL(seen.process.vpid, 17);
		CHECK_EQUAL(seen.process.args.length, 6);
		CHECK(memcmp(seen.text[8], "-a\0-b\0", 6) == 0);
		CHECK_TEXT(seen.text[5], "comm");
		CHECK_TEXT(seen.text[6], "exe");
		CHECK_TEXT(seen.text[7], "/bin/exe");
		CHECK_TEXT(seen.text[9], "/cwd");
		CHECK_TEXT(seen.text[10], "A=b");
		CHECK_TEXT(seen.text[11], "cpu=/");
		CHECK_TEXT(seen.text[12], "/root");
		CHECK_EQUAL(seen.process.fdlimit, 1024);
		CHECK_EQUAL(seen.process.flags, 0x2000);
		CHECK_EQUAL(seen.process.uid, 1);
		CHECK_EQUAL(seen.process.gid, 2);
		CHECK_EQUAL(seen.process.loginuid, 3);
		CHECK_EQUAL(seen.process.vmsize_kb, 4);
		CHECK_EQUAL(seen.process.vmrss_kb, 5);
		CHECK_EQUAL(seen.process.vmswap_kb, 6);
		CHECK_EQUAL(seen.process.pfmajor, 7);
		CHECK_EQUAL(seen.process.pfminor, 8);
		CHECK_EQUAL(seen.process.pidns_init_start_ts, 1690000000000000001);
		CHECK_EQUAL(seen.process.tty, 34816);
		CHECK_EQUAL(seen.process.cap_inheritable, 9);
		CHECK_EQUAL(seen.process.cap_permitted, 10);
		CHECK_EQUAL(seen.process.cap_effective, 11);
		CHECK_EQUAL(seen.process.exe_ino, 12);
		CHECK_EQUAL(seen.process.exe_ino_ctime, 13);
		CHECK_EQUAL(seen.process.exe_ino_mtime, 14);
		CHECK(seen.process.exe_writable && !seen.process.exe_upper_layer && seen.process.exe_lower_layer &&
		      seen.process.exe_from_memfd);
	}
}

TEST(fds_of_every_kind_come_back)
{
	for (uint8_t kind = 0; kind <= SK_FD_TYPE_COUNT; kind++) {
		struct sk_scap_writer *writer = open_writer(false);
		struct sk_entry_sink sink = sk_scap_writer_sink(writer);
		struct sk_error error = {0};
		struct sk_fd_entry fd = {.fd = 3,
					 .ino = 4,
					 .type = kind,
					 .l4 = SK_L4_TCP,
					 .source_port = 1111,
					 .destination_port = 2222,
					 .unix_source = 5,
					 .unix_destination = 6,
					 .name = STRING("name")};
		bool ip = kind >= SK_FD_IPV4_SOCK && kind <= SK_FD_IPV6_SERVSOCK;
		bool server = kind == SK_FD_IPV4_SERVSOCK || kind == SK_FD_IPV6_SERVSOCK;

		memcpy(fd.source, "\1\2\3\4source......", 16);
		memcpy(fd.destination, "\5\6\7\10destination.", 16);
		CHECK_EQUAL(sink.process(sink.context, &process), 0);
		CHECK_EQUAL(sink.fd(sink.context, 10, &fd), kind < SK_FD_TYPE_COUNT ? 0 : -EINVAL);
		/* Another thread's, which has no process entry here: a block of its own. */
		fd.type = SK_FD_FIFO;
		fd.name = STRING("fifo");
		CHECK_EQUAL(sink.fd(sink.context, 20, &fd), 0);
		fd.type = kind;
		fd.name = STRING("name");
		CHECK_EQUAL(sink.fd(sink.context, 30, &fd), kind < SK_FD_TYPE_COUNT ? 0 : -EINVAL);
		CHECK_EQUAL(write_close(writer, 10, &error), 0);
		CHECK_EQUAL(sk_scap_writer_close(writer, &error), 0);

		CHECK_EQUAL(read_file(), 1);
		if (kind == SK_FD_UNKNOWN || kind == SK_FD_TYPE_COUNT) {
			CHECK_EQUAL(seen.fds, 1);
			CHECK_EQUAL(seen.fd_tid, 20);
			continue;
		}
		CHECK_EQUAL(seen.fds, 3);
		CHECK_EQUAL(seen.fd_tid, 30);
		CHECK_EQUAL(seen.fd.type, kind);
		CHECK_EQUAL(seen.fd.ino, 4);
		CHECK_TEXT(seen.text[13], ip ? "" : "name");
		CHECK_EQUAL(seen.fd.source_port, ip && !server ? 1111 : 0);
		CHECK_EQUAL(seen.fd.destination_port, ip ? 2222 : 0);
		CHECK_EQUAL(memcmp(seen.fd.source, fd.source, 4) == 0, ip && !server);
		CHECK_EQUAL(memcmp(seen.fd.destination, fd.destination, 4) == 0, ip);
		CHECK_EQUAL(memcmp(seen.fd.destination, fd.destination, 16) == 0,
			    kind == SK_FD_IPV6_SOCK || kind == SK_FD_IPV6_SERVSOCK);
		CHECK_EQUAL(seen.fd.unix_source, kind == SK_FD_UNIX_SOCK ? 5 : 0);
		CHECK_EQUAL(seen.fd.unix_destination, kind == SK_FD_UNIX_SOCK ? 6 : 0);
	}
}

TEST(texts_longer_than_readers_take_are_cut)
{
	static char text[9000];
	struct sk_scap_writer *writer = open_writer(false);
	struct sk_entry_sink sink = sk_scap_writer_sink(writer);
	struct sk_bytes bytes = {text, sizeof(text)};
	struct sk_process_entry long_process = process;
	struct sk_user_entry user = {1, 2, bytes, bytes, bytes};
	struct sk_interface_entry interface = {.family_length = 4, .name = bytes};
	struct sk_fd_entry fd = {.fd = 1, .type = SK_FD_FIFO, .name = bytes};
	struct sk_error error = {0};

	memset(text, 'x', sizeof(text));
	long_process.comm = long_process.args = bytes;
	CHECK_EQUAL(sink.process(sink.context, &long_process), 0);
	CHECK_EQUAL(sink.fd(sink.context, 10, &fd), 0);
	CHECK_EQUAL(sink.user(sink.context, &user), 0);
	CHECK_EQUAL(sink.interface(sink.context, &interface), 0);
	CHECK_EQUAL(write_close(writer, 10, &error), 0);
	CHECK_EQUAL(sk_scap_writer_close(writer, &error), 0);
	CHECK_EQUAL(read_file(), 1);
	CHECK_EQUAL(strlen(seen.text[0]), 1023);
	CHECK_EQUAL(strlen(seen.text[2]), 255);
	CHECK_EQUAL(strlen(seen.text[5]), 1024);
	CHECK_EQUAL(strlen(seen.text[8]), 4096);
	CHECK_EQUAL(strlen(seen.text[13]), 1023);
}

TEST(the_file_is_laid_out_as_other_readers_want_it)
{
	static const uint32_t expected[] = {SK_SCAP_SECTION,         SK_SCAP_MACHINE,      SK_SCAP_INTERFACES_V2,
					    SK_SCAP_USERS_V2,        SK_SCAP_PROCESSES_V9, SK_SCAP_FDS_V2,
					    SK_SCAP_FDS_V2,          SK_SCAP_EVENT_V2,     SK_SCAP_LARGE_EVENT,
					    SK_SCAP_FLAGGED_EVENT_V2};
	struct sk_scap_writer *writer = open_writer(false);
	struct sk_entry_sink sink = sk_scap_writer_sink(writer);
	struct sk_interface_entry interface = {.family_length = 4, .name = STRING("lo")};
	struct sk_group_entry group = {100, STRING("users")};
	struct build build = {0};
	struct sk_error error = {0};
	uint64_t written;
	unsigned blocks = 0;
	struct stat status;
	uint8_t *bytes;
	size_t size;

	/* Whatever the order they come in. */
	CHECK_EQUAL(sink.process(sink.context, &process), 0);
	CHECK_EQUAL(sink.group(sink.context, &group), 0);
	CHECK_EQUAL(sink.process(sink.context, &process), 0);
	CHECK_EQUAL(sink.interface(sink.context, &interface), 0);
	CHECK_EQUAL(sink.group(sink.context, &group), 0);
	CHECK_EQUAL(sink.machine(sink.context, &machine), 0);
	CHECK_EQUAL(write_close(writer, 10, &error), 0);
	CHECK_EQUAL(
		WRITE(writer, SK_EVENT_ASYNCEVENT_E, UINT64_MAX, &error, U32(0), TEXT("container"), BYTES("{}")),
		0);
	put_bare_event(&build, 2, SK_EVENT_SYSCALL_CLOSE_X, 1, 2, (struct value[]){I64(0), I64(1)});
	CHECK_EQUAL(sk_scap_writer_state_event(writer, build.out.bytes, build.out.length, 1, &error), 0);
	sk_buffer_release(&build.out);
	written = sk_scap_writer_size(writer);
	CHECK_EQUAL(sk_scap_writer_close(writer, &error), 0);

	bytes = file_bytes(&size);
	CHECK_EQUAL(size, written);
	for (size_t at = 0; at < size; blocks++) {
		uint32_t total = sk_read_u32(bytes + at + 4);

		CHECK(blocks < sizeof(expected) / sizeof(expected[0]));
		CHECK_EQUAL(sk_read_u32(bytes + at), expected[blocks]);
		CHECK_EQUAL(total % 4, 0);
		CHECK_EQUAL(sk_read_u32(bytes + at + total - 4), total);
		at += total;
	}
	CHECK_EQUAL(blocks, sizeof(expected) / sizeof(expected[0]));
	free(bytes);
	CHECK_EQUAL(stat(path, &status), 0);
	CHECK_EQUAL(status.st_mode & 077, 0);
	CHECK_EQUAL(read_file(), 3);
	CHECK_EQUAL(seen.groups, 2);
	CHECK_EQUAL(seen.processes, 2);
}

TEST(entries_after_the_first_event_are_refused)
{
	struct sk_scap_writer *writer = open_writer(false);
	struct sk_entry_sink sink = sk_scap_writer_sink(writer);
	struct sk_interface_entry interface = {.family_length = 4, .name = STRING("lo")};
	struct sk_user_entry user = {1, 2, STRING(""), STRING(""), STRING("")};
	struct sk_group_entry group = {100, STRING("users")};
	struct sk_fd_entry fd = {.fd = 1, .type = SK_FD_FIFO, .name = STRING("")};
	struct sk_error error = {0};

	CHECK_EQUAL(write_close(writer, 10, &error), 0);
	CHECK_EQUAL(sink.machine(sink.context, &machine), -EINVAL);
	CHECK_EQUAL(sink.interface(sink.context, &interface), -EINVAL);
	CHECK_EQUAL(sink.user(sink.context, &user), -EINVAL);
	CHECK_EQUAL(sink.group(sink.context, &group), -EINVAL);
	CHECK_EQUAL(sink.process(sink.context, &process), -EINVAL);
	CHECK_EQUAL(sink.fd(sink.context, 10, &fd), -EINVAL);
	CHECK_EQUAL(write_close(writer, 10, &error), 0);
	/* Another capture behind the first takes entries again. */
	CHECK_EQUAL(sink.restart(sink.context), 0);
	CHECK_EQUAL(sink.process(sink.context, &process), 0);
	CHECK_EQUAL(write_close(writer, 10, &error), 0);
	CHECK_EQUAL(sk_scap_writer_close(writer, &error), 0);
	CHECK_EQUAL(read_file(), 3);
	CHECK_EQUAL(seen.restarts, 1);
	CHECK_EQUAL(seen.completes, 2);
	CHECK_EQUAL(seen.processes, 1);
}

TEST(events_that_no_reader_would_hand_out_are_refused_and_harmless)
{
	static char large[70000];
	struct sk_scap_writer *writer = open_writer(false);
	struct sk_error error = {0};
	struct build build = {0};

	CHECK_EQUAL(WRITE(writer, SK_EVENT_SYSCALL_CLOSE_E, 1, &error, I64(3)), -EINVAL);
	CHECK(strstr(error.message, "isn't one of the current schema"));
	CHECK_EQUAL(WRITE(writer, SK_EVENT_SYSCALL_CLOSE_X, 1, &error, I64(3)), -EINVAL);
	CHECK_EQUAL(WRITE(writer, SK_EVENT_SYSCALL_EXECVE_8_X, 1, &error, I64(3)), -EINVAL);
	CHECK_EQUAL(WRITE(writer, SK_EVENT_COUNT, 1, &error, I64(3)), -EINVAL);
	large[65535] = 0;
	CHECK_EQUAL(WRITE(writer, SK_EVENT_SYSCALL_READ_X, 1, &error, I64(3), ((struct value){large, 65535}),
			  I64(3), U32(3)),
		    -EINVAL);
	CHECK(strstr(error.message, "too long"));
	put_bare_event(&build, 2, SK_EVENT_SYSCALL_CLOSE_X, 1, 2, (struct value[]){I64(0), I64(1)});
	for (size_t size = 0; size < build.out.length; size++)
		CHECK_EQUAL(sk_scap_writer_event(writer, build.out.bytes, size, 1, &error), -EINVAL);
	sk_buffer_release(&build.out);
	/* The large kind has no such limit. */
	CHECK_EQUAL(WRITE(writer, SK_EVENT_ASYNCEVENT_E, 1, &error, U32(0), TEXT("x"), TEXT(large)), 0);
	/* The longest of the others. */
	CHECK_EQUAL(WRITE(writer, SK_EVENT_SYSCALL_READ_X, 1, &error, I64(3), ((struct value){large, 65400}),
			  I64(3), U32(3)),
		    0);
	CHECK_EQUAL(sk_scap_writer_close(writer, &error), 0);
	CHECK_EQUAL(read_file(), 2);
}

TEST(parameters_that_the_schema_does_not_know_are_left_out)
{
	struct sk_scap_writer *writer = open_writer(false);
	struct sk_entry_sink sink;
	struct sk_scap_reader *reader;
	struct sk_scap_event event;
	struct sk_error error = {0};
	struct sk_event decoded;

	CHECK_EQUAL(WRITE(writer, SK_EVENT_SYSCALL_CLOSE_X, 1, &error, I64(0), I64(3), TEXT("new")), 0);
	CHECK_EQUAL(sk_scap_writer_close(writer, &error), 0);
	sink = seeing_sink(&seen);
	CHECK_EQUAL(sk_scap_reader_open(path, &sink, &reader, &error), 0);
	CHECK_EQUAL(sk_scap_reader_next(reader, &event, &error), 1);
	CHECK_EQUAL(event.size, 26 + 2 * 2 + 16);
	CHECK_EQUAL(sk_event_decode(event.bytes, event.size, &decoded, &error), 0);
	CHECK_EQUAL(decoded.header->nparams, 2);
	CHECK_EQUAL(sk_event_signed(&decoded, 1, 0), 3);
	sk_scap_reader_close(reader);
}

TEST(a_disk_that_is_full_is_told)
{
	for (unsigned compress = 0; compress < 2; compress++) {
		struct sk_scap_writer *writer;
		struct sk_error error = {0};
		int r;

		if (access("/dev/full", W_OK) != 0) {
			SKIP("there is no /dev/full");
			return;
		}
		/* Little enough to stay in the buffer until the end. */
		CHECK_EQUAL(sk_scap_writer_open("/dev/full", compress, &writer, &error), 0);
		CHECK_EQUAL(write_close(writer, 1, &error), 0);
		CHECK_EQUAL(sk_scap_writer_close(writer, &error), -ENOSPC);
		CHECK(strstr(error.message, "No space left"));

		/* Enough to be written before: every later call says it too. */
		CHECK_EQUAL(sk_scap_writer_open("/dev/full", compress, &writer, &error), 0);
		r = 0;
		for (unsigned i = 0; r == 0 && i < 1000000; i++)
			r = write_close(writer, i * 2654435761u, &error);
		CHECK_EQUAL(r, -ENOSPC);
		error.message[0] = 0;
		CHECK_EQUAL(write_close(writer, 1, &error), -ENOSPC);
		CHECK(strstr(error.message, "No space left"));
		CHECK_EQUAL(sk_scap_writer_close(writer, &error), -ENOSPC);
	}
}

TEST(a_file_that_cannot_be_made_is_told)
{
	struct sk_scap_writer *writer;
	struct sk_error error = {0};

	CHECK_EQUAL(sk_scap_writer_open("/nonexistent/capture", true, &writer, &error), -ENOENT);
	CHECK(strstr(error.message, "/nonexistent/capture"));
	CHECK_EQUAL(sk_scap_writer_close(NULL, &error), 0);
}

TEST(running_out_of_memory_is_an_error_like_any_other)
{
	bool finished = false;

	for (unsigned countdown = 0; countdown < 50 && !finished; countdown++) {
		struct sk_scap_writer *writer;
		struct sk_error error = {0};
		int r, taken, closed;

		sk_alloc_fail_after(countdown);
		r = sk_scap_writer_open(path, true, &writer, &error);
		if (r == 0) {
			struct sk_entry_sink sink = sk_scap_writer_sink(writer);

			taken = sink.process(sink.context, &process);
			CHECK(taken == 0 || taken == -ENOMEM);
			closed = sk_scap_writer_close(writer, &error);
			CHECK_EQUAL(closed, taken);
			r = closed;
		}
		sk_alloc_fail_after(SIZE_MAX);
		CHECK(r == 0 || (r == -ENOMEM && strstr(error.message, "memory")));
		finished = r == 0;
	}
	CHECK(finished);
}

TEST(writing_allocates_nothing_per_event)
{
	struct sk_scap_writer *writer = open_writer(true);
	struct sk_error error = {0};
	struct build build = {0};
	uint64_t before;

	put_bare_event(&build, 2, SK_EVENT_SYSCALL_CLOSE_X, 1, 2, (struct value[]){I64(0), I64(1)});
	CHECK_EQUAL(sk_scap_writer_event(writer, build.out.bytes, build.out.length, 3, &error), 0);
	before = sk_alloc_count();
	for (unsigned i = 0; i < 10000; i++)
		CHECK_EQUAL(sk_scap_writer_event(writer, build.out.bytes, build.out.length, 3, &error), 0);
	CHECK_EQUAL(sk_alloc_count(), before);
	CHECK_EQUAL(sk_scap_writer_close(writer, &error), 0);
	sk_buffer_release(&build.out);
	CHECK_EQUAL(read_file(), 10001);
}

int main(void)
{
	close(mkstemp(path));
	RUN(every_field_of_every_entry_comes_back)
	RUN(fds_of_every_kind_come_back)
	RUN(texts_longer_than_readers_take_are_cut)
	RUN(the_file_is_laid_out_as_other_readers_want_it)
	RUN(entries_after_the_first_event_are_refused)
	RUN(events_that_no_reader_would_hand_out_are_refused_and_harmless)
	RUN(parameters_that_the_schema_does_not_know_are_left_out)
	RUN(a_disk_that_is_full_is_told)
	RUN(a_file_that_cannot_be_made_is_told)
	RUN(running_out_of_memory_is_an_error_like_any_other)
	RUN(writing_allocates_nothing_per_event)
	unlink(path);
	printf("1..%d\n", test_number);
	return test_failed_cases ? 1 : 0;
}
