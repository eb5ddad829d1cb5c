/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata blocks of every version, byte by byte as old writers made them. */
#include "tests/unit/scap/build.h"

#include <errno.h>

static struct seen seen;

/* Reads the capture and frees it. */
static int read_built(struct build *build, struct sk_error *error)
{
	unsigned events;
	int r;

	put_close(build, 1, 3);
	seen = (struct seen){0};
	r = read_all(build->out.bytes, build->out.length, &seen, &events, error);
	if (r == 0)
		CHECK_EQUAL(events, 1);
	sk_buffer_release(&build->out);
	return r;
}

static void put_machine(struct build *build, uint32_t type)
{
	char hostname[128];

	memset(hostname, 'h', sizeof(hostname));
	begin_block(build, type);
	put(build, 8, 4);
	put(build, 1ull << 34, 8);
	put(build, 4194304, 8);
	put_bytes(build, hostname, sizeof(hostname));
	put(build, 1690000000000000000, 8);
	put(build, 0, 8);
	put(build, 0, 8);
	put(build, 0, 8);
	end_block(build);
}

TEST(machine_info_is_read_and_its_hostname_always_ends)
{
	static const uint32_t types[] = {SK_SCAP_MACHINE, 0x8002abcd};

	for (unsigned i = 0; i < 2; i++) {
		struct build build = {0};
		struct sk_error error;

		put_section(&build);
		put_machine(&build, types[i]);
		CHECK_EQUAL(read_built(&build, &error), 0);
		CHECK_EQUAL(seen.machines, 1);
		CHECK_EQUAL(seen.machine.num_cpus, 8);
		CHECK_EQUAL(seen.machine.memory_size, 1ll << 34);
		CHECK_EQUAL(seen.machine.max_pid, 4194304);
		CHECK_EQUAL(seen.machine.boot_ts, 1690000000000000000);
		CHECK_EQUAL(strlen(seen.machine.hostname), 127);
	}
}

static void put_interface(struct build *build, unsigned version, uint16_t type, const char *name)
{
	size_t length = type == 1 || type == 3 ? 4 : 16, start = 0;

	if (version == 2)
		start = begin_length(build);
	put(build, type, 2);
	put(build, strlen(name), 2);
	put_bytes(build, "\x0a\x01\x02\x03...0123456789", length);
	put_bytes(build, "\xff\xff\xff\x00...0123456789", length);
	put_bytes(build, "\x0a\x01\x02\xff...0123456789", length);
	if (type <= 2)
		put(build, 1000, 8);
	put_bytes(build, name, strlen(name));
	if (version == 2) {
		put(build, 0x77, 1); /* of a newer writer */
		end_length(build, start, 4);
	}
}

TEST(interfaces_of_both_versions_and_all_four_kinds_are_read)
{
	static const uint32_t types[] = {SK_SCAP_INTERFACES_V1, SK_SCAP_INTERFACES_V2, 0x8011abcd};

	for (unsigned i = 0; i < 3; i++)
		for (uint16_t kind = 1; kind <= 4; kind++) {
			struct build build = {0};
			struct sk_error error;
			unsigned version = types[i] == SK_SCAP_INTERFACES_V2 ? 2 : 1;

			put_section(&build);
			begin_block(&build, types[i]);
			put_interface(&build, version, 1, "lo");
			put_interface(&build, version, kind, "eth0");
			end_block(&build);
			CHECK_EQUAL(read_built(&build, &error), 0);
			CHECK_EQUAL(seen.interfaces, 2);
			CHECK_TEXT(seen.text[0], "eth0");
			CHECK_EQUAL(seen.interface.family_length, kind % 2 ? 4 : 16);
			CHECK_EQUAL(seen.interface.link_speed, kind <= 2 ? 1000 : 0);
			CHECK(memcmp(seen.interface.address, "\x0a\x01\x02\x03", 4) == 0);
			CHECK(memcmp(seen.interface.netmask, "\xff\xff\xff\x00", 4) == 0);
			CHECK(memcmp(seen.interface.broadcast, "\x0a\x01\x02\xff", 4) == 0);
		}
}

TEST(users_and_groups_of_both_versions_are_read)
{
	static const uint32_t types[] = {SK_SCAP_USERS_V1, SK_SCAP_USERS_V2, 0x8012abcd};

	for (unsigned i = 0; i < 3; i++) {
		struct build build = {0};
		struct sk_error error;
		bool has_length = types[i] == SK_SCAP_USERS_V2;
		size_t start = 0;

		put_section(&build);
		begin_block(&build, types[i]);
		if (has_length)
			start = begin_length(&build);
		put(&build, 0, 1);
		put(&build, 1000, 4);
		put(&build, 100, 4);
		put_string(&build, "ann");
		put_string(&build, "/home/ann");
		put_string(&build, "/bin/sh");
		if (has_length) {
			put_bytes(&build, "newer", 5);
			end_length(&build, start, 0);
			start = begin_length(&build);
		}
		put(&build, 7, 1);
		put(&build, 100, 4);
		put_string(&build, "users");
		if (has_length)
			end_length(&build, start, 0);
		end_block(&build);
		CHECK_EQUAL(read_built(&build, &error), 0);
		CHECK_EQUAL(seen.users, 1);
		CHECK_EQUAL(seen.groups, 1);
		CHECK_EQUAL(seen.user.uid, 1000);
		CHECK_EQUAL(seen.user.gid, 100);
		CHECK_EQUAL(seen.group.gid, 100);
		CHECK_TEXT(seen.text[1], "ann");
		CHECK_TEXT(seen.text[2], "/home/ann");
		CHECK_TEXT(seen.text[3], "/bin/sh");
		CHECK_TEXT(seen.text[4], "users");
	}
}

/* The fields of a process entry up to the version's last one before the tail of 9. */
static void put_process(struct build *build, unsigned version, int64_t tid)
{
	put(build, (uint64_t)tid, 8);
	put(build, (uint64_t)tid + 1, 8);
	put(build, (uint64_t)tid + 2, 8);
	if (version >= 6)
		put(build, 60, 8);
	if (version >= 8)
		put(build, 80, 8);
	put_string(build, "comm");
	put_string(build, "exe");
	if (version >= 7)
		put_string(build, "/bin/exe");
	put(build, 6, 2);
	put_bytes(build, "-a\0-b", 6);
	put_string(build, "/cwd");
	put(build, 1024, 8);
	put(build, 0x2000, 4);
	put(build, 1000, 4);
	put(build, 100, 4);
	if (version >= 2) {
		put(build, 21, 4);
		put(build, 22, 4);
		put(build, 23, 4);
		put(build, 24, 8);
		put(build, 25, 8);
	}
	if (version >= 3)
		put_string(build, "A=b");
	if (version >= 4) {
		put(build, 41, 8);
		put(build, 42, 8);
		put_string(build, "cpu=/");
	}
	if (version >= 5)
		put_string(build, "/root");
}

TEST(processes_of_every_version_are_read_and_absent_fields_have_their_defaults)
{
	static const struct {
		uint32_t type;
		unsigned version;
	} blocks[] = {
		{SK_SCAP_PROCESSES_V1, 1}, {SK_SCAP_PROCESSES_V2, 2}, {SK_SCAP_PROCESSES_V3, 3},
		{SK_SCAP_PROCESSES_V4, 4}, {SK_SCAP_PROCESSES_V5, 5}, {SK_SCAP_PROCESSES_V6, 6},
		{SK_SCAP_PROCESSES_V7, 7}, {SK_SCAP_PROCESSES_V8, 8}, {SK_SCAP_PROCESSES_V9, 9},
		{0x8000abcd, 1},           {0x8013abcd, 2},           {0x8014abcd, 3},
	};

	for (unsigned i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		const struct sk_process_entry *process = &seen.process;
		unsigned version = blocks[i].version;
		struct build build = {0};
		struct sk_error error;

		put_section(&build);
		begin_block(&build, blocks[i].type);
		for (int64_t tid = 10; tid <= 20; tid += 10) {
			size_t start = version == 9 ? begin_length(&build) : 0;

			put_process(&build, version, tid);
			if (version == 9)
				end_length(&build, start, 0);
		}
		end_block(&build);
		CHECK_EQUAL(read_built(&build, &error), 0);
		CHECK_EQUAL(seen.processes, 2);
		CHECK_EQUAL(process->tid, 20);
		CHECK_EQUAL(process->pid, 21);
		CHECK_EQUAL(process->ptid, 22);
		CHECK_EQUAL(process->sid, version >= 6 ? 60 : -1);
		CHECK_EQUAL(process->vpgid, version >= 8 ? 80 : -1);
		CHECK_TEXT(seen.text[5], "comm");
		CHECK_TEXT(seen.text[6], "exe");
		CHECK_TEXT(seen.text[7], version >= 7 ? "/bin/exe" : "");
		CHECK_EQUAL(process->args.length, 6);
		CHECK(memcmp(seen.text[8], "-a\0-b", 6) == 0);
		CHECK_TEXT(seen.text[9], "/cwd");
		CHECK_EQUAL(process->fdlimit, 1024);
		CHECK_EQUAL(process->flags, 0x2000);
		CHECK_EQUAL(process->uid, 1000);
		CHECK_EQUAL(process->gid, 100);
		CHECK_EQUAL(process->vmsize_kb, version >= 2 ? 21 : 0);
		CHECK_EQUAL(process->vmrss_kb, version >= 2 ? 22 : 0);
		CHECK_EQUAL(process->vmswap_kb, version >= 2 ? 23 : 0);
		CHECK_EQUAL(process->pfmajor, version >= 2 ? 24 : 0);
		CHECK_EQUAL(process->pfminor, version >= 2 ? 25 : 0);
		CHECK_TEXT(seen.text[10], version >= 3 ? "A=b" : "");
		CHECK_EQUAL(process->vtid, version >= 4 ? 41 : -1);
		CHECK_EQUAL(process->vpid, version >= 4 ? 42 : -1);
		CHECK_TEXT(seen.text[11], version >= 4 ? "cpu=/" : "");
		CHECK_TEXT(seen.text[12], version >= 5 ? "/root" : "");
		CHECK_EQUAL(process->pgid, -1);
		CHECK_EQUAL(process->loginuid, UINT32_MAX);
		CHECK_EQUAL(process->tty, 0);
		CHECK_EQUAL(process->exe_ino, 0);
	}
}

/* Entries of version 9 grew over the years; each must be read for what it has. */
TEST(a_process_entry_is_read_as_far_as_its_length_goes)
{
	/* loginuid, writable, 3 capabilities, upper layer, 3 of the inode, memfd, lower layer, pgid */
	static const uint8_t sizes[] = {4, 1, 8, 8, 8, 1, 8, 8, 8, 1, 1, 8};

	for (unsigned fields = 0; fields <= 12; fields++)
		for (unsigned newer = 0; newer < 2; newer++) {
			struct build build = {0};
			struct sk_error error;
			size_t start, tail = 0;

			for (unsigned i = 0; i < fields; i++)
				tail += sizes[i];
			/* Writers with more than the old ones had always wrote these two before. */
			if ((tail > 29) != (newer == 1))
				continue;
			put_section(&build);
			begin_block(&build, SK_SCAP_PROCESSES_V9);
			start = begin_length(&build);
			put_process(&build, 9, 10);
			if (newer) {
				put(&build, 777, 8);
				put(&build, 34816, 4);
			}
			for (unsigned i = 0; i < fields; i++)
				put(&build, sizes[i] == 1 ? 1 : 100 + i, sizes[i]);
			end_length(&build, start, 0);
			end_block(&build);
			CHECK_EQUAL(read_built(&build, &error), 0);
			CHECK_EQUAL(seen.processes, 1);
			CHECK_EQUAL(seen.process.pidns_init_start_ts, newer ? 777 : 0);
			CHECK_EQUAL(seen.process.tty, newer ? 34816 : 0);
			CHECK_EQUAL(seen.process.loginuid, fields > 0 ? 100 : UINT32_MAX);
			CHECK_EQUAL(seen.process.exe_writable, fields > 1);
			CHECK_EQUAL(seen.process.cap_inheritable, fields > 2 ? 102 : 0);
			CHECK_EQUAL(seen.process.cap_permitted, fields > 3 ? 103 : 0);
			CHECK_EQUAL(seen.process.cap_effective, fields > 4 ? 104 : 0);
			CHECK_EQUAL(seen.process.exe_upper_layer, fields > 5);
			CHECK_EQUAL(seen.process.exe_ino, fields > 6 ? 106 : 0);
			CHECK_EQUAL(seen.process.exe_ino_ctime, fields > 7 ? 107 : 0);
			CHECK_EQUAL(seen.process.exe_ino_mtime, fields > 8 ? 108 : 0);
			CHECK_EQUAL(seen.process.exe_from_memfd, fields > 9);
			CHECK_EQUAL(seen.process.exe_lower_layer, fields > 10);
			CHECK_EQUAL(seen.process.pgid, fields > 11 ? 111 : -1);
		}
}

static void put_fd(struct build *build, unsigned version, uint8_t type)
{
	size_t start = version == 2 ? begin_length(build) : 0;

	put(build, 5, 8);
	put(build, 99, 8);
	put(build, type, 1);
	switch (type) {
	case SK_FD_UNKNOWN:
		break;
	case SK_FD_IPV4_SOCK:
		put_bytes(build, "\x01\x02\x03\x04\x05\x06\x07\x08", 8);
		put(build, 1111, 2);
		put(build, 2222, 2);
		put(build, SK_L4_TCP, 1);
		break;
	case SK_FD_IPV6_SOCK:
		put_bytes(build, "\x01\x02\x03\x04sourcesource\x05\x06\x07\x08hosthosthost", 32);
		put(build, 1111, 2);
		put(build, 2222, 2);
		put(build, SK_L4_TCP, 1);
		break;
	case SK_FD_IPV4_SERVSOCK:
		put_bytes(build, "\x05\x06\x07\x08", 4);
		put(build, 2222, 2);
		put(build, SK_L4_UDP, 1);
		break;
	case SK_FD_IPV6_SERVSOCK:
		put_bytes(build, "\x05\x06\x07\x08hosthosthost", 16);
		put(build, 2222, 2);
		put(build, SK_L4_UDP, 1);
		break;
	case SK_FD_UNIX_SOCK:
		put(build, 0xffff888800001000, 8);
		put(build, 0xffff888800002000, 8);
		put_string(build, "name");
		break;
	case SK_FD_FILE_V2:
		put(build, 0x1001, 4);
		put_string(build, "name");
		if (version == 2)
			put(build, 0x801, 4);
		break;
	default:
		put_string(build, "name");
		break;
	}
	if (version == 2)
		end_length(build, start, 0);
}

TEST(fds_of_both_versions_and_every_kind_are_read)
{
	static const uint32_t types[] = {SK_SCAP_FDS_V1, SK_SCAP_FDS_V2, 0x8001abcd};

	for (unsigned i = 0; i < 3; i++)
		for (uint8_t kind = 0; kind < SK_FD_TYPE_COUNT; kind++) {
			struct build build = {0};
			struct sk_error error;
			unsigned version = types[i] == SK_SCAP_FDS_V2 ? 2 : 1;
			bool ip = kind >= SK_FD_IPV4_SOCK && kind <= SK_FD_IPV6_SERVSOCK;
			bool both = kind == SK_FD_IPV4_SOCK || kind == SK_FD_IPV6_SOCK;

			put_section(&build);
			begin_block(&build, types[i]);
			put(&build, 77, 8);
			put_fd(&build, version, SK_FD_FILE);
			put_fd(&build, version, kind);
			end_block(&build);
			CHECK_EQUAL(read_built(&build, &error), 0);
			CHECK_EQUAL(seen.fds, 2);
			CHECK_EQUAL(seen.fd_tid, 77);
			CHECK_EQUAL(seen.fd.fd, 5);
			CHECK_EQUAL(seen.fd.ino, 99);
			CHECK_EQUAL(seen.fd.type, kind);
			CHECK_TEXT(seen.text[13], ip || kind == SK_FD_UNKNOWN ? "" : "name");
			CHECK_EQUAL(seen.fd.source_port, both ? 1111 : 0);
			CHECK_EQUAL(seen.fd.destination_port, ip ? 2222 : 0);
			CHECK(memcmp(seen.fd.source, both ? "\1\2\3\4" : "\0\0\0", 4) == 0);
			CHECK(memcmp(seen.fd.destination, ip ? "\5\6\7\10" : "\0\0\0", 4) == 0);
			CHECK_EQUAL(seen.fd.l4, both ? SK_L4_TCP : ip ? SK_L4_UDP : SK_L4_UNKNOWN);
			CHECK_EQUAL(seen.fd.unix_destination, kind == SK_FD_UNIX_SOCK ? 0xffff888800002000 : 0);
			CHECK_EQUAL(seen.fd.open_flags, kind == SK_FD_FILE_V2 ? 0x1001 : 0);
			CHECK_EQUAL(seen.fd.dev, kind == SK_FD_FILE_V2 && version == 2 ? 0x801 : 0);
		}
}

TEST(an_fd_of_a_newer_kind_becomes_unsupported_where_its_length_is_known)
{
	struct build build = {0};
	struct sk_error error;

	put_section(&build);
	begin_block(&build, SK_SCAP_FDS_V2);
	put(&build, 77, 8);
	put_fd(&build, 2, 200);
	put_fd(&build, 2, SK_FD_FIFO);
	put_fd(&build, 2, 200);
	end_block(&build);
	CHECK_EQUAL(read_built(&build, &error), 0);
	CHECK_EQUAL(seen.fds, 3);
	CHECK_EQUAL(seen.fd.type, SK_FD_UNSUPPORTED);
	CHECK_TEXT(seen.text[13], "unknown-type:[200]");

	build = (struct build){0};
	put_section(&build);
	begin_block(&build, SK_SCAP_FDS_V1);
	put(&build, 77, 8);
	put_fd(&build, 1, 200);
	end_block(&build);
	CHECK_EQUAL(read_built(&build, &error), -EBADMSG);
	CHECK_EQUAL(seen.fds, 0);
	CHECK(strstr(error.message, "fd entry 1 at byte 44"));
}

TEST(texts_longer_than_any_writer_makes_them_are_damage)
{
	static char long_text[4098];

	memset(long_text, 'x', sizeof(long_text) - 1);
	for (unsigned limit = 0; limit < 2; limit++) {
		struct build build = {0};
		struct sk_error error;

		put_section(&build);
		begin_block(&build, SK_SCAP_PROCESSES_V1);
		put(&build, 1, 8);
		put(&build, 1, 8);
		put(&build, 0, 8);
		long_text[1024 + limit] = 0;
		put_string(&build, long_text);
		long_text[1024 + limit] = 'x';
		put_string(&build, "exe");
		long_text[4096] = 0;
		put_string(&build, long_text);
		long_text[4096] = 'x';
		put_string(&build, "/");
		put(&build, 0, 8);
		put(&build, 0, 8);
		put(&build, 0, 4);
		end_block(&build);
		CHECK_EQUAL(read_built(&build, &error), limit ? -EBADMSG : 0);
		CHECK_EQUAL(seen.processes, limit ? 0 : 1);
		if (limit)
			CHECK(strstr(error.message, "longer than any writer"));
	}
}

TEST(an_entry_length_that_is_wrong_is_damage)
{
	static const uint32_t lengths[] = {0, 3, 4, 20, 60, 0x7fffffff, UINT32_MAX};

	for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct build build = {0};
		struct sk_error error;

		put_section(&build);
		begin_block(&build, SK_SCAP_FDS_V2);
		put(&build, 77, 8);
		put_fd(&build, 2, SK_FD_FIFO);
		memcpy(build.out.bytes + build.block + 16, &lengths[i], 4);
		end_block(&build);
		CHECK_EQUAL(read_built(&build, &error), -EBADMSG);
		CHECK_EQUAL(seen.fds, 0);
		CHECK(strstr(error.message, "is damaged"));
	}
}

TEST(entries_before_a_damaged_one_are_given)
{
	struct build build = {0};
	struct sk_error error;

	put_section(&build);
	begin_block(&build, SK_SCAP_INTERFACES_V1);
	put_interface(&build, 1, 1, "lo");
	put_interface(&build, 1, 9, "eth0");
	end_block(&build);
	CHECK_EQUAL(read_built(&build, &error), -EBADMSG);
	CHECK_EQUAL(seen.interfaces, 1);
	CHECK(strstr(error.message, "interface entry 2 at byte 62"));
}

TEST(what_the_sink_refuses_ends_the_reading)
{
	struct build build = {0};
	struct sk_error error;
	unsigned events;

	put_section(&build);
	begin_block(&build, SK_SCAP_PROCESSES_V1);
	put_process(&build, 1, 10);
	put_process(&build, 1, 20);
	end_block(&build);
	put_close(&build, 1, 3);
	seen = (struct seen){.refusal = -ENOSPC};
	CHECK_EQUAL(read_all(build.out.bytes, build.out.length, &seen, &events, &error), -ENOSPC);
	CHECK_EQUAL(seen.processes, 1);
	sk_buffer_release(&build.out);
}

/* clang-format off */
TEST_MAIN(
	RUN(machine_info_is_read_and_its_hostname_always_ends)
	RUN(interfaces_of_both_versions_and_all_four_kinds_are_read)
	RUN(users_and_groups_of_both_versions_are_read)
	RUN(processes_of_every_version_are_read_and_absent_fields_have_their_defaults)
	RUN(a_process_entry_is_read_as_far_as_its_length_goes)
	RUN(fds_of_both_versions_and_every_kind_are_read)
	RUN(an_fd_of_a_newer_kind_becomes_unsupported_where_its_length_is_known)
	RUN(texts_longer_than_any_writer_makes_them_are_damage)
	RUN(an_entry_length_that_is_wrong_is_damage)
	RUN(entries_before_a_damaged_one_are_given)
	RUN(what_the_sink_refuses_ends_the_reading)
)
