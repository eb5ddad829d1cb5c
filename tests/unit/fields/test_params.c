/* SPDX-License-Identifier: Apache-2.0 */
/* evt.arg and evt.args: each type of parameter, of its own size and of every other. */
#include "tests/unit/fields/asking.h"

#include "vm/support/alloc.h"

/* --- numbers ------------------------------------------------------------ */

TEST(numbers_print_after_the_format_of_their_parameter)
{
	start();
	event(&world, SK_EVENT_SYSCALL_MKDIR_2_X, 100);
	number(&world, 0, -17);
	text(&world, 1, "/a");
	number(&world, 2, 0x1ff);
	feed(&world);
	CHECK_TEXT(arg("mode"), "1FF");
	CHECK_TEXT(arg("res"), "EEXIST");
	CHECK_ASK(EVT_ARGS, "res=-17(EEXIST) path=/a mode=1FF");
	event(&world, SK_EVENT_SYSCALL_OPEN_X, 100);
	number(&world, 3, 0644);
	number(&world, 4, 0xfe00);
	number(&world, 5, -1);
	feed(&world);
	CHECK_TEXT(arg("mode"), "0644");
	CHECK_TEXT(arg("dev"), "FE00");
	CHECK_TEXT(arg("ino"), "18446744073709551615");
	number(&world, 3, 0);
	feed(&world);
	CHECK_TEXT(arg("mode"), "0");
}

TEST(a_32_bit_number_is_shown_signed_as_the_reference_does)
{
	start();
	event(&world, SK_EVENT_SYSCALL_CLOSE_RANGE_X, 100);
	number(&world, 1, 8);
	number(&world, 2, UINT32_MAX);
	feed(&world);
	CHECK_TEXT(arg("first"), "8");
	CHECK_TEXT(arg("last"), "-1");
}

TEST(an_errno_is_named_if_it_has_a_name)
{
	static const struct {
		int64_t number;
		const char *shown;
	} cases[] = {{0, "0"},
		     {-1, "EPERM"},
		     {-133, "EHWPOISON"},
		     {-134, "-134"},
		     {-514, "ERESTARTNOHAND"},
		     {-520, "-520"},
		     {-531, "-531"},
		     {2, "2"},
		     {INT64_MIN, "-9223372036854775808"},
		     {INT64_MAX, "9223372036854775807"}};

	start();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		event(&world, SK_EVENT_SYSCALL_ACCESS_X, 100);
		number(&world, 0, cases[i].number);
		feed(&world);
		CHECK_TEXT(arg("res"), cases[i].shown);
	}
}

TEST(times_are_dates_and_durations)
{
	start();
	setenv("TZ", "UTC", 1);
	exec_event(&world, 100, "/bin/x", "x");
	number(&world, 24, 1663687649147483648);
	number(&world, 25, (int64_t)UINT64_C(10896573309854775808));
	feed(&world);
	CHECK_TEXT(arg("exe_ino_ctime"), "2022-09-20 15:27:29.147483648");
	CHECK_TEXT(arg("exe_ino_mtime"), "2315-04-20 17:55:09.854775808");
	event(&world, SK_EVENT_SYSCALL_NANOSLEEP_X, 100);
	number(&world, 1, 1500000000);
	feed(&world);
	CHECK_TEXT(arg("interval"), "1.5s");
	CHECK_ASK(EVT_ARGS, "res=<NA> interval=1500000000(1.5s)");
}

/* --- flags -------------------------------------------------------------- */

TEST(flags_are_walked_in_the_order_of_their_table)
{
	static const struct {
		uint32_t flags;
		const char *shown;
	} cases[] = {{0, "O_NONE"},
		     {1, "O_RDONLY"},
		     {3, "O_RDWR"},
		     {4097, "O_RDONLY|O_CLOEXEC"},
		     {67, "O_NONBLOCK|O_RDWR"},
		     {0x80000000, "2147483648"},
		     {0x80000001, "O_RDONLY"}};

	start();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		event(&world, SK_EVENT_SYSCALL_OPEN_X, 100);
		number(&world, 2, cases[i].flags);
		feed(&world);
		CHECK_TEXT(arg("flags"), cases[i].shown);
	}
}

TEST(an_enum_has_all_its_names_and_a_mode_its_letters)
{
	start();
	event(&world, SK_EVENT_SOCKET_SOCKET_X, 100);
	number(&world, 1, 1);
	feed(&world);
	CHECK_TEXT(arg("domain"), "AF_LOCAL|AF_UNIX");
	number(&world, 1, 4711);
	feed(&world);
	CHECK_TEXT(arg("domain"), "4711");
	event(&world, SK_EVENT_SYSCALL_CHMOD_X, 100);
	text(&world, 1, "/x");
	number(&world, 2, 0640);
	feed(&world);
	CHECK_ASK(EVT_ARGS, "res=<NA> filename=/x mode=0640(S_IRGRP|S_IWUSR|S_IRUSR)");
}

TEST(signals_alone_and_in_sets)
{
	start();
	event(&world, SK_EVENT_SYSCALL_KILL_X, 100);
	number(&world, 1, 100);
	number(&world, 2, 9);
	feed(&world);
	CHECK_TEXT(arg("sig"), "SIGKILL");
	CHECK_TEXT(arg("pid"), "shell");
	number(&world, 2, 0);
	feed(&world);
	CHECK_TEXT(arg("sig"), "0");
	number(&world, 2, 200);
	feed(&world);
	CHECK_TEXT(arg("sig"), "200");
	event(&world, SK_EVENT_SYSCALL_PPOLL_X, 100);
	number(&world, 3, 1 << 1 | 1 << 14);
	feed(&world);
	CHECK_TEXT(arg("sigmask"), "SIGINT SIGTERM");
	number(&world, 3, 0);
	feed(&world);
	CHECK_TEXT(arg("sigmask"), "0x00000000");
}

/* --- what numbers stand for --------------------------------------------- */

TEST(an_fd_shows_its_kind_and_name)
{
	start();
	event(&world, SK_EVENT_SYSCALL_CLOSE_X, 100);
	number(&world, 1, 0);
	feed(&world);
	CHECK_TEXT(arg("fd"), "<f>/dev/pts/0");
	CHECK_ASK(EVT_ARGS, "res=<NA> fd=0(<f>/dev/pts/0)");
	number(&world, 1, 77);
	feed(&world);
	CHECK_TEXT(arg("fd"), "77");
	number(&world, 1, -9);
	feed(&world);
	CHECK_TEXT(arg("fd"), "EBADF");
	number(&world, 1, INT64_MIN);
	feed(&world);
	CHECK_TEXT(arg("fd"), "-9223372036854775808");
	open_event(&world, 100, -2, -100, "/nowhere", 1);
	feed(&world);
	CHECK_TEXT(arg("dirfd"), "AT_FDCWD");
	CHECK_TEXT(arg("fd"), "ENOENT");
}

TEST(ids_of_users_and_groups_are_named)
{
	static const struct sk_user_entry user = {.uid = 1000, .name = BYTES("mara")};
	static const struct sk_group_entry group = {.gid = 7, .name = BYTES("seven")};

	start();
	world.sink.user(world.sink.context, &user);
	world.sink.group(world.sink.context, &group);
	event(&world, SK_EVENT_SYSCALL_SETRESUID_X, 100);
	number(&world, 1, 1000);
	number(&world, 2, UINT32_MAX);
	number(&world, 3, 4);
	feed(&world);
	CHECK_ASK(EVT_ARGS, "res=<NA> ruid=1000(mara) euid=-1(<NONE>) suid=4(<NA>)");
	number(&world, 1, 0);
	feed(&world);
	CHECK_TEXT(arg("ruid"), "root");
	event(&world, SK_EVENT_SYSCALL_SETRESGID_X, 100);
	number(&world, 1, 7);
	number(&world, 2, 0);
	number(&world, 3, 8);
	feed(&world);
	CHECK_ASK(EVT_ARGS, "res=<NA> rgid=7(seven) egid=0(root) sgid=8(<NA>)");
}

TEST(a_relative_path_is_seen_from_the_cwd_or_a_directory)
{
	start();
	event(&world, SK_EVENT_SYSCALL_MKDIR_2_X, 100);
	text(&world, 1, "a/../b");
	feed(&world);
	CHECK_TEXT(arg("path"), "/home/b");
	text(&world, 1, "/x/../y");
	feed(&world);
	CHECK_TEXT(arg("path"), "/x/../y");
	open_event(&world, 100, 5, -100, "/srv", 1 << 10);
	feed(&world);
	event(&world, SK_EVENT_SYSCALL_UNLINKAT_2_X, 100);
	number(&world, 1, 5);
	text(&world, 2, "f");
	feed(&world);
	CHECK_TEXT(arg("name"), "/srv/f");
	number(&world, 1, 6);
	feed(&world);
	CHECK_TEXT(arg("name"), "<UNKNOWN>f");
}

TEST(an_empty_or_unavailable_text_is_not_resolved)
{
	start();
	event(&world, SK_EVENT_SYSCALL_MKDIR_2_X, 100);
	feed(&world);
	CHECK_TEXT(arg("path"), "<NA>");
	text(&world, 1, "<NA>");
	feed(&world);
	CHECK_ASK(EVT_ARGS, "res=<NA> path=<NA> mode=<NA>");
}

/* --- addresses ---------------------------------------------------------- */

static void connects(const uint8_t *tuple, size_t tuple_length, const uint8_t *address, size_t length)
{
	event(&world, SK_EVENT_SOCKET_CONNECT_X, 100);
	if (tuple_length)
		bytes(&world, 1, tuple, tuple_length);
	if (length)
		bytes(&world, 3, address, length);
	feed(&world);
}

TEST(addresses_of_each_family)
{
	const uint8_t tuple4[13] = {2, 10, 0, 0, 1, 0x39, 0x30, 10, 0, 0, 2, 80, 0};
	uint8_t tuple6[37] = {10}, address6[19] = {10};
	uint8_t tuple_unix[] = {1, 0xef, 0xbe, 0, 0, 0, 0, 0, 0, 0x0d, 0, 0, 0, 0, 0, 0, 0, '/', 's', 0};

	start();
	connects(tuple4, sizeof(tuple4), tuple4, 7);
	CHECK_TEXT(arg("tuple"), "10.0.0.1:12345->10.0.0.2:80");
	CHECK_TEXT(arg("addr"), "10.0.0.1:12345");
	tuple6[16] = address6[16] = 1;
	tuple6[35] = 22;
	address6[17] = 53;
	connects(tuple6, sizeof(tuple6), address6, sizeof(address6));
	CHECK_TEXT(arg("tuple"), "::1:0->:::22");
	CHECK_TEXT(arg("addr"), "::1:53");
	connects(tuple_unix, sizeof(tuple_unix), (const uint8_t *)"\x01/run/x", 8);
	CHECK_TEXT(arg("tuple"), "beef->d /s");
	CHECK_TEXT(arg("addr"), "/run/x");
	connects(NULL, 0, NULL, 0);
	CHECK_TEXT(arg("tuple"), "NULL");
	CHECK_TEXT(arg("addr"), "<NA>");
}

TEST(addresses_that_are_cut_short_have_no_text)
{
	uint8_t wire[64];

	start();
	memset(wire, 0x41, sizeof(wire));
	for (unsigned family = 0; family < 256; family++) {
		for (size_t length = 1; length <= 40; length++) {
			wire[0] = (uint8_t)family;
			connects(wire, length, wire, length);
			if (family == 2)
				CHECK_EQUAL(arg("tuple")[0] != '\0', length >= 13);
			if (family == 10)
				CHECK_EQUAL(arg("addr")[0] != '\0', length >= 19);
			if (family != 1 && family != 2 && family != 10)
				CHECK_TEXT(arg("tuple"), "");
			ask(SK_FIELD_EVT_ARGS);
		}
	}
}

/* --- buffers and lists --------------------------------------------------- */

TEST(a_buffer_shows_what_is_printable)
{
	start();
	event(&world, SK_EVENT_SYSCALL_WRITE_X, 100);
	bytes(&world, 1, "a\n\x7f\xff\0b", 6);
	number(&world, 2, 1);
	feed(&world);
	CHECK_TEXT(arg("data"), "a....b");
	ask(SK_FIELD_EVT_BUFFER);
	CHECK_EQUAL(answer.type, SK_TYPE_BYTES);
	CHECK(answer.length == 6 && memcmp(answer.text, "a\n\x7f\xff\0b", 6) == 0);
	event(&world, SK_EVENT_SYSCALL_WRITE_X, 100);
	feed(&world);
	CHECK_TEXT(arg("data"), "NULL");
	ask(SK_FIELD_EVT_BUFFER);
	CHECK(answer.presence == SK_PRESENT && answer.length == 0);
	event(&world, SK_EVENT_SYSCALL_ACCESS_X, 100);
	feed(&world);
	CHECK_ASK(EVT_BUFFER, "-");
}

TEST(a_poll_lists_its_fds_with_their_flags)
{
	const uint8_t list[] = {2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0x81, 0x06};

	start();
	event(&world, SK_EVENT_SYSCALL_POLL_X, 100);
	bytes(&world, 1, list, sizeof(list));
	feed(&world);
	CHECK_TEXT(arg("fds"), "0:f1 9:?681");
	CHECK_ASK(FDLIST_NUMS, "0,9");
	CHECK_ASK(FDLIST_NAMES, "/dev/pts/0,<NA>");
	CHECK_ASK(FDLIST_CIPS, "-");
	/* Cut anywhere, it lists what is whole. */
	for (size_t length = 1; length < sizeof(list); length++) {
		bytes(&world, 1, list, length);
		feed(&world);
		CHECK_TEXT(arg("fds"), length < 12 ? "" : "0:f1");
		CHECK_ASK(FDLIST_NUMS, length < 12 ? "-" : "0");
	}
}

TEST(a_selector_chooses_the_type_of_a_dynamic_parameter)
{
	start();
	event(&world, SK_EVENT_SOCKET_GETSOCKOPT_X, 100);
	bytes(&world, 4, "\x01\x91\xff\xff\xff\xff\xff\xff\xff", 9);
	feed(&world);
	CHECK_TEXT(arg("val"), "ECONNREFUSED");
	bytes(&world, 4, "\x02\x01\x02\x00\x00", 5);
	feed(&world);
	CHECK_TEXT(arg("val"), "513");
	bytes(&world, 4, "\x04\x00\xca\x9a\x3b\x00\x00\x00\x00", 9);
	feed(&world);
	CHECK_TEXT(arg("val"), "1s");
	bytes(&world, 4,
	      "\x00"
	      "ab\n",
	      4);
	feed(&world);
	CHECK_TEXT(arg("val"), "ab.");
	/* No such selector, and a value of another size than its type. */
	bytes(&world, 4,
	      "\x09"
	      "abc",
	      4);
	feed(&world);
	CHECK_TEXT(arg("val"), "<NA>");
	bytes(&world, 4,
	      "\x01"
	      "abc",
	      4);
	feed(&world);
	CHECK_TEXT(arg("val"), "<NA>");
	bytes(&world, 4, "\x01", 1);
	feed(&world);
	CHECK_TEXT(arg("val"), "<NA>");
}

/* --- all of them --------------------------------------------------------- */

TEST(a_parameter_of_another_size_than_its_type_reads_as_not_available)
{
	start();
	for (uint16_t type = 0; type < SK_EVENT_COUNT; type++) {
		for (unsigned index = 0; index < sk_events[type].nparams; index++) {
			const size_t size = sk_param_fixed_size(sk_events[type].params[index].type);

			for (size_t length = 1; size && length <= 17; length++) {
				world.view.thread = NULL;
				event(&world, type, 100);
				bytes(&world, index,
				      "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
				      length);
				build(&world);
				CHECK_EQUAL(sk_event_decode(world.wire, world.wire_size, &world.view.event, NULL),
					    0);
				world.view.state = world.state;
				world.view.fd = NULL;
				ask_at(SK_FIELD_EVT_ARG, index);
				if (length != size && strcmp(printed.bytes, "<NA>") != 0)
					CHECK_TEXT(sk_events[type].id, "<NA>");
				sk_arena_reset(&scratch);
			}
		}
	}
}

TEST(an_event_has_only_the_parameters_that_its_writer_knew)
{
	start();
	event(&world, SK_EVENT_SOCKET_CONNECT_X, 100);
	world.nparams = 2;
	feed(&world);
	CHECK_TEXT(arg("addr"), "-");
	CHECK_TEXT(arg("nothing"), "-");
	CHECK_TEXT(ask_at(SK_FIELD_EVT_ARG, 1), "NULL");
	CHECK_TEXT(ask_at(SK_FIELD_EVT_ARG, 2), "-");
	CHECK_TEXT(ask_at(SK_FIELD_EVT_ARG, UINT32_MAX), "-");
	CHECK_ASK(EVT_ARGS, "res=<NA> tuple=NULL");
}

TEST(names_of_parameters_are_found_once_for_a_bundle)
{
	static const char names[] = "\0flags\0nothing";
	static const uint32_t strings_of[] = {0, 1, 7, 15};
	static const struct sk_bundle_field fields[] = {
		{.field = SK_FIELD_PROC_NAME},
		{.field = SK_FIELD_EVT_ARG, .kind = SK_ARGUMENT_KIND_TEXT, .argument = 1},
		{.field = SK_FIELD_EVT_ARG, .kind = SK_ARGUMENT_KIND_TEXT, .argument = 2}};
	const struct sk_bundle bundle = {.string_bytes = names,
					 .strings = strings_of,
					 .strings_count = 4,
					 .fields = fields,
					 .fields_count = 3};
	struct sk_field_ref ref = ref_of(SK_FIELD_EVT_ARG);
	struct sk_fields *known = NULL;

	start();
	for (size_t i = 0; !known; i++) {
		sk_alloc_fail_after(i);
		CHECK(sk_fields_create(&bundle, &known) == (known ? 0 : -12));
		sk_alloc_fail_after(SIZE_MAX);
		CHECK(i < 10);
	}
	world.view.fields = known;
	event(&world, SK_EVENT_SYSCALL_OPEN_X, 100);
	number(&world, 2, 1);
	feed(&world);
	ref.kind = SK_ARGUMENT_KIND_TEXT;
	ref.number = 1;
	/* Only the row counts now, not the text. */
	ref.argument = "mode";
	ref.argument_length = 4;
	CHECK_TEXT(ask_ref(&ref), "O_RDONLY");
	ref.number = 2;
	CHECK_TEXT(ask_ref(&ref), "-");
	ref.number = 1;
	event(&world, SK_EVENT_SYSCALL_ACCESS_X, 100);
	feed(&world);
	CHECK_TEXT(ask_ref(&ref), "-");
	world.view.fields = NULL;
	sk_fields_destroy(known);
}

TEST(a_value_that_does_not_fit_into_the_scratch_memory_is_missing)
{
	char longest[8000];
	struct sk_arena small;

	start();
	memset(longest, 'x', sizeof(longest));
	event(&world, SK_EVENT_SYSCALL_WRITE_X, 100);
	bytes(&world, 1, longest, sizeof(longest));
	feed(&world);
	sk_arena_init(&small, 4096);
	sk_fields_extract(&world.view, &(struct sk_field_ref){.field = SK_FIELD_EVT_ARGS}, &small, &answer);
	CHECK_EQUAL(answer.presence, SK_MISSING_MEMORY);
	sk_arena_release(&small);
	ask(SK_FIELD_EVT_ARGS);
	CHECK(answer.presence == SK_PRESENT && answer.length > sizeof(longest));
	sk_buffer_clear(&printed);
	sk_fields_print_args(&world.view, &printed);
	CHECK(printed.length == answer.length && memcmp(printed.bytes, answer.text, answer.length) == 0);
}

TEST(done)
{
	world_close(&world);
	sk_arena_release(&scratch);
	sk_buffer_release(&printed);
}

TEST_MAIN(
	RUN(numbers_print_after_the_format_of_their_parameter) RUN(
		a_32_bit_number_is_shown_signed_as_the_reference_does) RUN(an_errno_is_named_if_it_has_a_name)
		RUN(times_are_dates_and_durations) RUN(flags_are_walked_in_the_order_of_their_table) RUN(
			an_enum_has_all_its_names_and_a_mode_its_letters) RUN(signals_alone_and_in_sets)
			RUN(an_fd_shows_its_kind_and_name) RUN(ids_of_users_and_groups_are_named) RUN(
				a_relative_path_is_seen_from_the_cwd_or_a_directory)
				RUN(an_empty_or_unavailable_text_is_not_resolved) RUN(addresses_of_each_family) RUN(
					addresses_that_are_cut_short_have_no_text) RUN(a_buffer_shows_what_is_printable)
					RUN(a_poll_lists_its_fds_with_their_flags) RUN(
						a_selector_chooses_the_type_of_a_dynamic_parameter)
						RUN(a_parameter_of_another_size_than_its_type_reads_as_not_available) RUN(
							an_event_has_only_the_parameters_that_its_writer_knew)
							RUN(names_of_parameters_are_found_once_for_a_bundle) RUN(
								a_value_that_does_not_fit_into_the_scratch_memory_is_missing)
								RUN(done))
