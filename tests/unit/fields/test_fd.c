/* SPDX-License-Identifier: Apache-2.0 */
/* fd.* and fs.path.*: of files, of sockets, of what failed. */
#include "tests/unit/fields/asking.h"

enum { INET = 2, INET6 = 10, UNIX = 1, STREAM = 1, TCP = 6 };

TEST(a_file_has_a_name_a_directory_and_a_place)
{
	start();
	open_event(&world, 100, 3, -100, "b/../c.txt", 1);
	number(&world, 5, 0x00300ff2);
	number(&world, 6, 99);
	feed(&world);
	CHECK_ASK(FD_NUM, "3");
	CHECK_ASK(FD_TYPE, "file");
	CHECK_ASK(FD_TYPECHAR, "f");
	CHECK_ASK(FD_NAME, "/home/c.txt");
	CHECK_ASK(FD_NAMERAW, "b/../c.txt");
	CHECK_ASK(FD_DIRECTORY, "/home");
	CHECK_ASK(FD_FILENAME, "c.txt");
	CHECK_ASK(FD_CONTAINERNAME, ":/home/c.txt");
	CHECK_ASK(FD_CONTAINERDIRECTORY, ":/home");
	CHECK_ASK(FD_UID, "1003");
	CHECK_ASK(FD_DEV, "300FF2");
	CHECK_ASK(FD_DEV_MAJOR, "15");
	CHECK_ASK(FD_DEV_MINOR, "1010");
	CHECK_ASK(FD_INO, "99");
	CHECK_ASK(FD_L4PROTO, "<NA>");
	CHECK_ASK(FD_SOCKFAMILY, "-");
	CHECK_ASK(FD_CONNECTED, "false");
	CHECK_ASK(FD_CIP, "-");
	CHECK_ASK(FD_IP, "-");
	CHECK_ASK(EVT_ABSPATH, "/home/c.txt");
	CHECK_ASK(FS_PATH_NAME, "/home/c.txt");
	CHECK_ASK(FS_PATH_NAMERAW, "b/../c.txt");
	CHECK_ASK(EVT_CATEGORY, "file");
	open_event(&world, 100, 4, -100, "/", 1 << 10);
	feed(&world);
	CHECK_ASK(FD_TYPE, "directory");
	CHECK_ASK(FD_DIRECTORY, "/");
	CHECK_ASK(FD_FILENAME, "-");
}

TEST(a_failed_open_has_its_names_from_the_event)
{
	start();
	open_event(&world, 100, -2, -100, "no/such", 1);
	feed(&world);
	CHECK_ASK(FD_NUM, "-1");
	CHECK_ASK(FD_TYPE, "-");
	CHECK_ASK(FD_TYPECHAR, "f");
	CHECK_ASK(FD_NAME, "/home/no/such");
	CHECK_ASK(FD_NAMERAW, "no/such");
	CHECK_ASK(FD_DIRECTORY, "/home/no");
	CHECK_ASK(FD_FILENAME, "-");
	CHECK_ASK(FS_PATH_NAME, "<UNKNOWN>");
	CHECK_ASK(EVT_RES, "ENOENT");
	CHECK_ASK(EVT_RAWRES, "-2");
	CHECK_ASK(EVT_FAILED, "true");
	CHECK_ASK(EVT_COUNT_ERROR_FILE, "1");
	CHECK_ASK(EVT_COUNT_ERROR_OTHER, "-");
	open_event(&world, 100, -1, -100, "/x//y/", 1);
	feed(&world);
	CHECK_ASK(FD_NAME, "/x/y");
	CHECK_ASK(FS_PATH_NAME, "-");
}

TEST(an_unknown_fd_has_an_empty_name)
{
	start();
	close_event(&world, 100, 50);
	feed(&world);
	CHECK_ASK(FD_NUM, "50");
	CHECK_ASK(FD_NAME, "");
	CHECK_ASK(FD_NAMERAW, "");
	CHECK_ASK(FD_DIRECTORY, "/");
	CHECK_ASK(FD_TYPECHAR, "o");
	CHECK_ASK(FD_TYPE, "-");
	CHECK_ASK(FD_NAME_CHANGED, "-");
	CHECK_ASK(EVT_CATEGORY, "unknown");
	event(&world, SK_EVENT_SYSCALL_MKDIR_2_X, 100);
	text(&world, 1, "x");
	feed(&world);
	CHECK_ASK(FD_NUM, "-");
	CHECK_ASK(FD_NAME, "-");
	CHECK_ASK(FD_TYPECHAR, "-");
}

/* --- sockets ------------------------------------------------------------ */

static void tuple4(unsigned index, uint8_t from, uint16_t from_port, uint8_t to, uint16_t to_port)
{
	uint8_t wire[13] = {INET, 10, 0, 0, from, 0, 0, 10, 0, 0, to};

	memcpy(wire + 5, &from_port, 2);
	memcpy(wire + 11, &to_port, 2);
	bytes(&world, index, wire, sizeof(wire));
}

static void opens_socket(int64_t number_of_fd, int family)
{
	event(&world, SK_EVENT_SOCKET_SOCKET_X, 100);
	number(&world, 0, number_of_fd);
	number(&world, 1, family);
	number(&world, 2, STREAM);
	number(&world, 3, TCP);
	number(&world, 4, 0);
	feed(&world);
}

static void connects(int64_t number_of_fd)
{
	event(&world, SK_EVENT_SOCKET_CONNECT_X, 100);
	number(&world, 0, 0);
	tuple4(1, 1, 40000, 2, 443);
	number(&world, 2, number_of_fd);
	feed(&world);
}

TEST(a_connection_has_two_ends_once_it_has_a_role)
{
	const struct sk_interface_entry interface = {.family_length = 4, .address = {10, 0, 0, 1}};

	start();
	world.sink.interface(world.sink.context, &interface);
	opens_socket(3, INET);
	CHECK_ASK(FD_TYPE, "ipv4");
	CHECK_ASK(FD_SOCKFAMILY, "ip");
	CHECK_ASK(FD_L4PROTO, "<NA>");
	CHECK_ASK(FD_CIP, "-");
	CHECK_ASK(FD_SPORT, "-");
	CHECK_ASK(FD_CPROTO, "-");
	CHECK_ASK(FD_IS_SERVER, "false");
	CHECK_ASK(EVT_CATEGORY, "net");
	connects(3);
	CHECK_ASK(FD_NAME, "10.0.0.1:40000->10.0.0.2:443");
	CHECK_ASK(FD_NAME_CHANGED, "true");
	CHECK_ASK(FD_L4PROTO, "tcp");
	CHECK_ASK(FD_CIP, "10.0.0.1");
	CHECK_ASK(FD_SIP, "10.0.0.2");
	CHECK_ASK(FD_LIP, "10.0.0.1");
	CHECK_ASK(FD_RIP, "10.0.0.2");
	CHECK_ASK(FD_CPORT, "40000");
	CHECK_ASK(FD_SPORT, "443");
	CHECK_ASK(FD_LPORT, "40000");
	CHECK_ASK(FD_RPORT, "443");
	CHECK_ASK(FD_CPROTO, "40000");
	CHECK_ASK(FD_SPROTO, "443");
	CHECK_ASK(FD_CNET, "<IPNET>");
	CHECK_EQUAL(answer.type, SK_TYPE_IPNET);
	CHECK_ASK(FD_CONNECTED, "true");
	CHECK_ASK(FD_CIP_NAME, "-");
	CHECK_ASK(FD_IP, "<NA>");
	CHECK_EQUAL(answer.length, 2);
	CHECK_EQUAL(answer.items[0].address->bytes[3], 1);
	CHECK_EQUAL(answer.items[1].address->bytes[3], 2);
	ask(SK_FIELD_FD_PORT);
	CHECK_EQUAL(answer.items[0].number, 40000);
	CHECK_EQUAL(answer.items[1].number, 443);
	ask(SK_FIELD_EVT_ARG);
	CHECK_TEXT(arg("fd"), "<4t>10.0.0.1:40000->10.0.0.2:443");
	CHECK_ASK(FD_DIRECTORY, "-");
	CHECK_ASK(FD_FILENAME, "-");
}

TEST(a_server_socket_has_only_its_own_end)
{
	const uint8_t any[] = {INET, 0, 0, 0, 0, 80, 0};

	start();
	opens_socket(3, INET);
	event(&world, SK_EVENT_SOCKET_BIND_X, 100);
	number(&world, 0, 0);
	bytes(&world, 1, any, sizeof(any));
	number(&world, 2, 3);
	feed(&world);
	CHECK_ASK(FD_NAME, "0.0.0.0:80");
	CHECK_ASK(FD_SIP, "0.0.0.0");
	CHECK_ASK(FD_SPORT, "80");
	CHECK_ASK(FD_CIP, "-");
	CHECK_ASK(FD_LIP, "-");
	CHECK_ASK(FD_RPORT, "-");
	CHECK_ASK(FD_CPROTO, "");
	CHECK_ASK(FD_SPROTO, "");
	CHECK_ASK(FD_IS_SERVER, "true");
	ask(SK_FIELD_FD_IP);
	CHECK_EQUAL(answer.length, 1);
	CHECK_TEXT(arg("addr"), "0.0.0.0:80");
}

TEST(a_unix_socket_has_no_ends)
{
	uint8_t wire[40] = {UNIX, 1, 0, 0, 0, 0, 0, 0, 0, 2};

	start();
	opens_socket(3, UNIX);
	event(&world, SK_EVENT_SOCKET_CONNECT_X, 100);
	number(&world, 0, 0);
	memcpy(wire + 17, "/run/log", 9);
	bytes(&world, 1, wire, 26);
	number(&world, 2, 3);
	feed(&world);
	CHECK_ASK(FD_SOCKFAMILY, "unix");
	CHECK_ASK(FD_TYPECHAR, "u");
	CHECK_ASK(FD_L4PROTO, "<NA>");
	CHECK_ASK(FD_SIP, "-");
	CHECK_ASK(FD_SPROTO, "-");
	CHECK_ASK(FD_IP, "-");
	CHECK_ASK(FD_CONNECTED, "false");
}

TEST(a_failed_accept_is_named_after_its_tuple)
{
	start();
	event(&world, SK_EVENT_SOCKET_ACCEPT4_6_X, 100);
	number(&world, 0, -11);
	feed(&world);
	CHECK_ASK(FD_NAME, "NULL");
	CHECK_ASK(FD_TYPECHAR, "4");
	CHECK_ASK(FD_DIRECTORY, "/");
}

/* --- paths -------------------------------------------------------------- */

TEST(calls_that_change_the_file_tree_say_where)
{
	start();
	event(&world, SK_EVENT_SYSCALL_RENAMEAT2_X, 100);
	number(&world, 0, 0);
	number(&world, 1, -100);
	text(&world, 2, "a");
	number(&world, 3, -100);
	text(&world, 4, "/b");
	feed(&world);
	CHECK_ASK(FS_PATH_NAME, "-");
	CHECK_ASK(FS_PATH_SOURCE, "/home/a");
	CHECK_ASK(FS_PATH_SOURCERAW, "a");
	CHECK_ASK(FS_PATH_TARGET, "/b");
	CHECK_ASK(FS_PATH_TARGETRAW, "/b");
	CHECK_TEXT(ask_key(SK_FIELD_EVT_ABSPATH, "dst"), "/b");
	CHECK_ASK(EVT_ABSPATH, "/home/a");
	event(&world, SK_EVENT_SYSCALL_LINK_2_X, 100);
	number(&world, 0, 0);
	text(&world, 1, "old");
	text(&world, 2, "new");
	feed(&world);
	CHECK_ASK(FS_PATH_SOURCE, "/home/new");
	CHECK_ASK(FS_PATH_TARGET, "/home/old");
	CHECK_ASK(EVT_ABSPATH, "-");
	number(&world, 0, -17);
	feed(&world);
	CHECK_ASK(FS_PATH_SOURCE, "-");
	event(&world, SK_EVENT_SYSCALL_UNLINK_2_X, 100);
	number(&world, 0, 0);
	text(&world, 1, "/x/../y/");
	feed(&world);
	CHECK_ASK(FS_PATH_NAME, "/y");
	CHECK_ASK(FS_PATH_NAMERAW, "/x/../y/");
	event(&world, SK_EVENT_SYSCALL_FCHMOD_X, 100);
	number(&world, 0, 0);
	number(&world, 1, 0);
	feed(&world);
	CHECK_ASK(FS_PATH_NAME, "/dev/pts/0");
}

TEST(a_directory_fd_and_a_path_are_joined_by_a_slash)
{
	start();
	open_event(&world, 100, 5, -100, "/", 1 << 10);
	feed(&world);
	event(&world, SK_EVENT_SYSCALL_UNLINKAT_2_X, 100);
	number(&world, 0, 0);
	number(&world, 1, 5);
	text(&world, 2, "etc");
	feed(&world);
	CHECK_ASK(EVT_ABSPATH, "//etc");
	CHECK_TEXT(arg("name"), "/etc");
	CHECK_ASK(FS_PATH_NAME, "/etc");
}

TEST(hostile_paths_do_no_harm)
{
	static const char *const paths[] = {"",    "/",        "//", "..",        "../../../../..",
					    "/..", "a//../..", ".",  "\x01\n\xff"};
	char longest[4096];

	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	start();
	for (size_t i = 0; i <= sizeof(paths) / sizeof(paths[0]); i++) {
		const char *path = i < sizeof(paths) / sizeof(paths[0]) ? paths[i] : longest;

		for (int64_t result = -2; result <= 6; result += 8) {
			open_event(&world, 100, result, -100, path, 1);
			feed(&world);
			for (int field = 0; field < SK_FIELD_COUNT; field++) {
				if (sk_fields[field].availability == SK_AVAILABILITY_READY &&
				    (strncmp(sk_fields[field].name, "f", 1) == 0 ||
				     strncmp(sk_fields[field].name, "evt", 3) == 0))
					ask_key((enum sk_field)field, "name");
			}
			CHECK_TEXT(ask_key(SK_FIELD_EVT_ARG, "fd")[0] ? "text" : "", "text");
			sk_arena_reset(&scratch);
		}
	}
	open_event(&world, 100, -2, -100, longest, 1);
	feed(&world);
	CHECK_ASK(FD_NAME, "/DIR_TOO_LONG/FILENAME_TOO_LONG");
}

TEST(a_process_has_kinds_of_fds)
{
	start();
	event(&world, SK_EVENT_SYSCALL_CHDIR_X, 100);
	feed(&world);
	CHECK_ASK(FD_TYPES, "-");
	open_event(&world, 100, 3, -100, "/a", 1);
	feed(&world);
	CHECK_ASK(FD_TYPES, "(file)");
	open_event(&world, 100, 4, -100, "/b", 1 << 10);
	feed(&world);
	CHECK_ASK(FD_TYPES, "(directory,file)");
	open_event(&world, 100, 5, -100, "/c", 1);
	feed(&world);
	CHECK_ASK(FD_TYPES, "(directory,file)");
	CHECK_TEXT(ask_at(SK_FIELD_FD_TYPES, 4), "(directory)");
	CHECK_TEXT(ask_at(SK_FIELD_FD_TYPES, 6), "-");
	close_event(&world, 100, 4);
	feed(&world);
	settle(&world);
	open_event(&world, 100, 5, -100, "/c", 1);
	feed(&world);
	CHECK_ASK(FD_TYPES, "(file)");
}

TEST(done)
{
	world_close(&world);
	sk_arena_release(&scratch);
	sk_buffer_release(&printed);
}

TEST_MAIN(RUN(a_file_has_a_name_a_directory_and_a_place) RUN(a_failed_open_has_its_names_from_the_event)
		  RUN(an_unknown_fd_has_an_empty_name) RUN(a_connection_has_two_ends_once_it_has_a_role)
			  RUN(a_server_socket_has_only_its_own_end) RUN(a_unix_socket_has_no_ends)
				  RUN(a_failed_accept_is_named_after_its_tuple)
					  RUN(calls_that_change_the_file_tree_say_where)
						  RUN(a_directory_fd_and_a_path_are_joined_by_a_slash)
							  RUN(hostile_paths_do_no_harm)
								  RUN(a_process_has_kinds_of_fds) RUN(done))
