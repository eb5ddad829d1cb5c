/* SPDX-License-Identifier: Apache-2.0 */
/* evt.rawarg: parameters as values of the type that conditions know. */
#include "tests/unit/fields/asking.h"

static const char *rawarg(const char *name)
{
	struct sk_field_ref ref = ref_of(SK_FIELD_EVT_RAWARG);

	ref.kind = SK_ARGUMENT_KIND_TEXT;
	ref.argument = name;
	ref.argument_length = (uint32_t)strlen(name);
	ref.type = (uint8_t)sk_param_condition_type(name, strlen(name));
	return ask_ref(&ref);
}

TEST(a_number_is_a_number_whatever_it_stands_for)
{
	start();
	event(&world, SK_EVENT_SYSCALL_OPEN_X, 100);
	number(&world, 0, -2);
	text(&world, 1, "/a");
	number(&world, 2, 4097);
	number(&world, 3, 0644);
	feed(&world);
	CHECK_TEXT(rawarg("fd"), "-2");
	CHECK_EQUAL(answer.type, SK_TYPE_INT64);
	CHECK_EQUAL((int64_t)answer.number, -2);
	rawarg("flags");
	CHECK_EQUAL(answer.type, SK_TYPE_UINT32);
	CHECK_EQUAL(answer.number, 4097);
	rawarg("mode");
	CHECK_EQUAL(answer.number, 0644);
	/* Not sent, and not of this event. */
	CHECK_TEXT(rawarg("dev"), "-");
	CHECK_TEXT(rawarg("res"), "-");
	number(&world, 5, 17);
	feed(&world);
	CHECK_TEXT(rawarg("ino"), "17");
}

TEST(a_number_of_another_event_is_converted_to_the_type_of_the_first)
{
	const uint8_t two[2] = {0xff, 0xff};

	start();
	CHECK_EQUAL(sk_param_condition_type("uid", 3), SK_TYPE_UINT32);
	event(&world, SK_EVENT_SYSCALL_SETUID_X, 100);
	number(&world, 1, 1000);
	feed(&world);
	CHECK_TEXT(rawarg("uid"), "1000");
	CHECK_EQUAL(answer.type, SK_TYPE_UINT32);
	/* A number of a size that its type does not have is not looked at. */
	bytes(&world, 1, two, 2);
	feed(&world);
	CHECK_TEXT(rawarg("uid"), "-");
}

TEST(a_text_ends_at_its_nul_and_is_present_even_without_bytes)
{
	start();
	event(&world, SK_EVENT_SYSCALL_OPEN_X, 100);
	bytes(&world, 1, "/a\0b", 5);
	feed(&world);
	CHECK_TEXT(rawarg("name"), "/a");
	CHECK_EQUAL(answer.type, SK_TYPE_STRING);
	bytes(&world, 1, "", 1);
	feed(&world);
	CHECK_TEXT(rawarg("name"), "");
	bytes(&world, 1, "", 0);
	feed(&world);
	CHECK_TEXT(rawarg("name"), "<NA>");
}

TEST(bytes_keep_their_nuls_and_are_missing_when_there_are_none)
{
	start();
	event(&world, SK_EVENT_SYSCALL_READ_X, 100);
	bytes(&world, 1, "a\0b", 3);
	feed(&world);
	CHECK_TEXT(rawarg("data"), "a.b");
	CHECK_EQUAL(answer.type, SK_TYPE_BYTES);
	CHECK_EQUAL(answer.length, 3);
	bytes(&world, 1, "", 0);
	feed(&world);
	CHECK_TEXT(rawarg("data"), "-");
}

TEST(what_cannot_be_compared_prints_as_it_is_on_the_wire)
{
	static const uint8_t tuple[] = {2, 10, 0, 0, 1, 0x39, 0x30, 10, 0, 0, 2, 0x50, 0};

	start();
	event(&world, SK_EVENT_SOCKET_CONNECT_X, 100);
	bytes(&world, 1, tuple, sizeof(tuple));
	feed(&world);
	CHECK_TEXT(rawarg("tuple"), "10.0.0.1:12345->10.0.0.2:80");
	CHECK_EQUAL(answer.type, SK_TYPE_OPAQUE);
}

TEST(a_text_where_a_number_is_wanted_is_no_value)
{
	start();
	CHECK_EQUAL(sk_param_condition_type("key", 3), SK_TYPE_INT32);
	for (uint16_t type = 0; type < SK_EVENT_COUNT; type++) {
		for (unsigned i = 0; i < sk_events[type].nparams; i++) {
			if (strcmp(sk_events[type].params[i].name, "key") != 0 ||
			    sk_events[type].params[i].type != SK_PARAM_CHARBUF)
				continue;
			event(&world, type, 100);
			text(&world, i, "word");
			feed(&world);
			CHECK_TEXT(rawarg("key"), "-");
			return;
		}
	}
	CHECK(false);
}

/* Every parameter of every event, of every small size: nothing is read that is not there. */
TEST(parameters_of_any_size_are_read_safely)
{
	static const uint8_t junk[20] = {1, 0, 2, 0, 10, 3, 255, 255, 255, 255, 7};
	uint32_t present = 0;

	start();
	for (uint16_t type = 0; type < SK_EVENT_COUNT; type++) {
		for (uint32_t size = 0; size <= sizeof(junk); size++) {
			event(&world, type, 100);
			for (unsigned i = 0; i < sk_events[type].nparams; i++)
				bytes(&world, i, junk, size);
			build(&world);
			if (sk_event_decode(world.wire, world.wire_size, &world.view.event, NULL) != 0)
				continue;
			for (unsigned i = 0; i < sk_events[type].nparams; i++) {
				rawarg(sk_events[type].params[i].name);
				present += answer.presence == SK_PRESENT;
			}
			sk_arena_reset(&scratch);
		}
	}
	CHECK(present > 1000);
}

TEST(done)
{
	world_close(&world);
	sk_arena_release(&scratch);
	sk_buffer_release(&printed);
}

TEST_MAIN(RUN(a_number_is_a_number_whatever_it_stands_for)
		  RUN(a_number_of_another_event_is_converted_to_the_type_of_the_first)
			  RUN(a_text_ends_at_its_nul_and_is_present_even_without_bytes)
				  RUN(bytes_keep_their_nuls_and_are_missing_when_there_are_none)
					  RUN(what_cannot_be_compared_prints_as_it_is_on_the_wire)
						  RUN(a_text_where_a_number_is_wanted_is_no_value)
							  RUN(parameters_of_any_size_are_read_safely) RUN(done))
