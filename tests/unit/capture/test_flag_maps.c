/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "runtime/capture/bpf/flag_maps.h"
#include "tests/test.h"

static long long wire(enum sk_map map, unsigned long long native)
{
	return (long long)sk_map_choose((uint32_t)map, native);
}

TEST(access_mode_is_counted_from_one)
{
	CHECK_EQUAL(wire(SK_MAP_OPEN, O_RDONLY), 1);
	CHECK_EQUAL(wire(SK_MAP_OPEN, O_WRONLY), 2);
	CHECK_EQUAL(wire(SK_MAP_OPEN, O_RDWR), 3);
}

TEST(every_open_flag_has_its_bit)
{
	CHECK_EQUAL(wire(SK_MAP_OPEN, O_WRONLY | O_CREAT | O_TRUNC), 2 | 4 | 0x100);
	CHECK_EQUAL(wire(SK_MAP_OPEN, O_CLOEXEC | O_NONBLOCK), 1 | 0x1000 | 0x40);
	CHECK_EQUAL(wire(SK_MAP_OPEN, O_RDWR | O_APPEND | O_EXCL), 3 | 8 | 0x20);
	/* Two bits in Linux, of which either counts. */
	CHECK_EQUAL(wire(SK_MAP_OPEN, O_DIRECTORY), 1 | 0x400 | 0x2000);
	CHECK_EQUAL(wire(SK_MAP_OPEN, O_DSYNC), 1 | 0x10 | 0x80);
}

TEST(clone_flags_are_renumbered)
{
	CHECK_EQUAL(wire(SK_MAP_CLONE, CLONE_THREAD | CLONE_VM | CLONE_FILES), 0x2000 | 0x8000 | 1);
	CHECK_EQUAL(wire(SK_MAP_CLONE, CLONE_NEWPID | CLONE_NEWUSER), 0x40 | 0x100000);
	/* The signal in the low byte is no flag. */
	CHECK_EQUAL(wire(SK_MAP_CLONE, 17), 0);
}

TEST(lists_give_their_own_value_for_the_unknown)
{
	CHECK_EQUAL(wire(SK_MAP_FCNTL, 12345), 0);
	CHECK_EQUAL(wire(SK_MAP_RESOURCE, 99), 0xff);
	CHECK_EQUAL(wire(SK_MAP_SHUTDOWN, 3), 0xffff);
	CHECK_EQUAL(wire(SK_MAP_QUOTA_FORMAT, 77), 1);
}

TEST(type_and_flags_of_a_socket_are_told_apart)
{
	CHECK_EQUAL(wire(SK_MAP_SOCKET_TYPE, SOCK_STREAM | SOCK_CLOEXEC), SOCK_STREAM);
	CHECK_EQUAL(wire(SK_MAP_NONBLOCK_CLOEXEC, SOCK_DGRAM | SOCK_NONBLOCK), 0x40);
}

TEST(mount_flags_lose_the_old_magic_number)
{
	CHECK_EQUAL(wire(SK_MAP_MOUNT, 0xc0ed0000 | MS_RDONLY), MS_RDONLY);
	CHECK_EQUAL(wire(SK_MAP_MOUNT, MS_REC | MS_PRIVATE), MS_REC | MS_PRIVATE);
}

TEST(a_mode_without_a_type_is_a_regular_file)
{
	CHECK_EQUAL(wire(SK_MAP_FILE_TYPE, 0644), S_IFREG | 0644);
	CHECK_EQUAL(wire(SK_MAP_FILE_TYPE, S_IFBLK | 0600), S_IFBLK | 0600);
}

TEST_MAIN(RUN(access_mode_is_counted_from_one) RUN(every_open_flag_has_its_bit) RUN(clone_flags_are_renumbered)
		  RUN(lists_give_their_own_value_for_the_unknown) RUN(type_and_flags_of_a_socket_are_told_apart)
			  RUN(mount_flags_lose_the_old_magic_number) RUN(a_mode_without_a_type_is_a_regular_file))
