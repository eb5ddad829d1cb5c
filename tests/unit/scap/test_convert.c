/* SPDX-License-Identifier: Apache-2.0 */
/* Old events become current ones: spec/scap-format.md section 8. */
#include "runtime/scap/convert.h"

#include <errno.h>

#include "tests/unit/scap/build.h"
#include "vm/support/alloc.h"

static struct sk_scap_converter converter;
static struct sk_event result; /* of the last conversion */
static const uint8_t *result_bytes;
static struct sk_error error;

static int run(uint16_t type, uint64_t tid, unsigned nparams, const struct value *values)
{
	struct build build = {0};
	static uint8_t event[1 << 18]; /* stays while `result` points to it */
	size_t size;
	int r;

	put_bare_event(&build, 2, type, tid, nparams, values);
	memcpy(event, build.out.bytes, build.out.length);
	size = build.out.length;
	sk_buffer_release(&build.out);
	error.message[0] = 0;
	r = sk_scap_converter_run(&converter, event, size, &result_bytes, &size, &error);
	if (r == 1) {
		CHECK_EQUAL(sk_event_decode(result_bytes, size, &result, &error), 0);
		CHECK_EQUAL(result.header->len, size);
	}
	if (r == 1 && result_bytes == event)
		CHECK(sk_scap_event_is_current(type, nparams));
	return r;
}

#define CONVERT(type, tid, ...) run(type, tid, COUNT(__VA_ARGS__), (struct value[]){__VA_ARGS__})

static bool is(unsigned index, struct value value)
{
	return index < result.nparams && result.param[index].length == value.length &&
	       memcmp(result.param[index].bytes, value.bytes, value.length) == 0;
}

TEST(a_current_event_passes_as_it_is)
{
	CHECK(sk_scap_converter_passes(&converter, SK_EVENT_SYSCALL_CLOSE_X, 2));
	CHECK_EQUAL(CONVERT(SK_EVENT_SYSCALL_CLOSE_X, 1, I64(0), I64(3)), 1);
	CHECK_EQUAL(result.type, SK_EVENT_SYSCALL_CLOSE_X);
	CHECK(is(1, I64(3)));
	/* More than the schema knows are a newer writer's. */
	CHECK(sk_scap_converter_passes(&converter, SK_EVENT_SYSCALL_CLOSE_X, 9));
	CHECK_EQUAL(CONVERT(SK_EVENT_SYSCALL_CLOSE_X, 1, I64(0), I64(3), U8(1)), 1);
	CHECK_EQUAL(result.nparams, 2);
	CHECK(is(1, I64(3)));
	/* Not managed by the converter: fewer pass too. */
	CHECK(sk_scap_converter_passes(&converter, SK_EVENT_PROCINFO_E, 0));
	/* Enter events that the schema still has. */
	CHECK(sk_scap_converter_passes(&converter, SK_EVENT_SYSCALL_OPEN_E, 3));
	CHECK(!sk_scap_converter_passes(&converter, SK_EVENT_SYSCALL_OPEN_E, 2));
}

TEST(the_short_way_and_the_long_way_agree_on_every_type)
{
	for (uint16_t type = 0; type < SK_EVENT_COUNT; type++)
		for (unsigned nparams = 0; nparams <= sk_events[type].nparams + 1u; nparams++) {
			bool current = sk_scap_event_is_current(type, nparams);
			bool kept = type == SK_EVENT_SOCKET_CONNECT_E || type == SK_EVENT_SYSCALL_EXECVE_19_E;

			if (sk_scap_converter_passes(&converter, type, nparams))
				CHECK(current);
			else if (current)
				/* These two are stored as well as passed on. */
				CHECK(kept);
		}
}

TEST(unused_and_old_enter_events_are_dropped)
{
	CHECK_EQUAL(run(SK_EVENT_PROCEXIT_X, 1, 0, NULL), 0);
	CHECK_EQUAL(run(SK_EVENT_SYSCALL_CLONE_11_E, 1, 0, NULL), 0);
	CHECK(!sk_scap_event_is_current(SK_EVENT_PROCEXIT_X, 0));
	CHECK(!sk_scap_event_is_current(SK_EVENT_SYSCALL_CLONE_11_E, 0));
}

TEST(an_exit_event_takes_what_its_enter_event_had)
{
	CHECK_EQUAL(CONVERT(SK_EVENT_SYSCALL_READ_E, 7, I64(4), U32(100)), 0);
	CHECK_EQUAL(CONVERT(SK_EVENT_SYSCALL_READ_X, 7, I64(5), BYTES("hello")), 1);
	CHECK_EQUAL(result.type, SK_EVENT_SYSCALL_READ_X);
	CHECK_EQUAL(result.tid, 7);
	CHECK_EQUAL(result.nparams, 4);
	CHECK(is(0, I64(5)));
	CHECK(is(1, BYTES("hello")));
	CHECK(is(2, I64(4)));
	CHECK(is(3, U32(100)));

	/* It was used up. */
	CHECK_EQUAL(CONVERT(SK_EVENT_SYSCALL_READ_X, 7, I64(5), BYTES("hello")), 1);
	CHECK(is(2, I64(0)));
	CHECK(is(3, U32(0)));
}

TEST(each_thread_has_its_own_enter_event)
{
	CHECK_EQUAL(CONVERT(SK_EVENT_SYSCALL_CLOSE_E, 1, I64(11)), 0);
	CHECK_EQUAL(CONVERT(SK_EVENT_SYSCALL_CLOSE_E, 2, I64(22)), 0);
	CHECK_EQUAL(CONVERT(SK_EVENT_SYSCALL_CLOSE_E, 1, I64(33)), 0);
	CHECK_EQUAL(CONVERT(SK_EVENT_SYSCALL_CLOSE_X, 2, I64(0)), 1);
	CHECK(is(1, I64(22)));
	CHECK_EQUAL(CONVERT(SK_EVENT_SYSCALL_CLOSE_X, 1, I64(0)), 1);
	CHECK(is(1, I64(33)));
	CHECK_EQUAL(CONVERT(SK_EVENT_SYSCALL_CLOSE_E, 3, I64(44)), 0);
	sk_scap_converter_reset(&converter);
	CHECK_EQUAL(CONVERT(SK_EVENT_SYSCALL_CLOSE_X, 3, I64(0)), 1);
	CHECK(is(1, I64(0)));
}

TEST(an_enter_event_of_another_call_is_an_error)
{
	CHECK_EQUAL(CONVERT(SK_EVENT_SYSCALL_CLOSE_E, 5, I64(1)), 0);
	CHECK_EQUAL(CONVERT(SK_EVENT_SYSCALL_READ_X, 5, I64(5), BYTES("x")), -EBADMSG);
	CHECK(strstr(error.message, "the read exit event of thread 5 follows a close enter event"));
	sk_scap_converter_reset(&converter);
}

TEST(an_enter_event_can_be_kept_and_passed_on)
{
	/* One parameter: the address is added first, of length 0. */
	CHECK_EQUAL(CONVERT(SK_EVENT_SOCKET_CONNECT_E, 6, I64(3)), 1);
	CHECK_EQUAL(result.nparams, 2);
	CHECK(is(1, NOTHING));
	CHECK_EQUAL(CONVERT(SK_EVENT_SOCKET_CONNECT_E, 6, I64(3), BYTES("\x02\x7f\0\0\1\x50\0")), 1);
	CHECK_EQUAL(CONVERT(SK_EVENT_SOCKET_CONNECT_X, 6, I64(0), NOTHING), 1);
	CHECK_EQUAL(result.nparams, 4);
	CHECK(is(2, I64(3)));
	/* The fd took the stored event away: the address is its default. */
	CHECK(is(3, NOTHING));
	CHECK_EQUAL(CONVERT(SK_EVENT_SOCKET_CONNECT_E, 6, I64(3), BYTES("\x02\x7f\0\0\1\x50\0")), 1);
	CHECK_EQUAL(CONVERT(SK_EVENT_SOCKET_CONNECT_X, 6, I64(0), NOTHING, I64(3)), 1);
	CHECK(is(3, BYTES("\x02\x7f\0\0\1\x50\0")));
}

TEST(an_old_execve_goes_through_every_version)
{
	struct value old[] = {
		I64(0),    TEXT("/bin/sh"),     BYTES("-c\0ls\0"),   I64(10), I64(10), I64(1), TEXT("/"),
		I64(1024), NUMBER(uint64_t, 1), NUMBER(uint64_t, 2), U32(3),  U32(4),  U32(5), TEXT("sh"),
		NOTHING,   BYTES("A=b\0")};

	CHECK_EQUAL(run(SK_EVENT_SYSCALL_EXECVE_16_X, 10, 16, old), 1);
	CHECK_EQUAL(result.type, SK_EVENT_SYSCALL_EXECVE_19_X);
	CHECK_EQUAL(result.nparams, 31);
	for (unsigned i = 0; i < 16; i++)
		CHECK(is(i, old[i]));
	for (unsigned i = 16; i < 31; i++)
		CHECK_EQUAL(result.param[i].length, 0);
}

/* The oldest enter event ends as the one of today, which is kept and passed on. */
TEST(an_old_execve_enter_event_arrives_today)
{
	CHECK_EQUAL(run(SK_EVENT_SYSCALL_EXECVE_8_E, 10, 0, NULL), 1);
	CHECK_EQUAL(result.type, SK_EVENT_SYSCALL_EXECVE_19_E);
	CHECK_EQUAL(result.nparams, 1);
	CHECK(sk_scap_enters_find(&converter.enters, 10) != NULL);
	sk_scap_converter_reset(&converter);
}

TEST(users_and_groups_default_to_none)
{
	CHECK_EQUAL(run(SK_EVENT_PROCEXIT_E, 1, 0, NULL), 1);
	CHECK_EQUAL(result.type, SK_EVENT_PROCEXIT_1_E);
	CHECK_EQUAL(result.nparams, 5);
	for (unsigned i = 0; i < 5; i++)
		CHECK(is(i, NOTHING));
}

TEST(a_taken_value_is_cut_to_its_new_size)
{
	/* The size of a read is 4 bytes; the damaged enter event has 6. */
	CHECK_EQUAL(CONVERT(SK_EVENT_SYSCALL_READ_E, 7, I64(4), BYTES("\x64\0\0\0\1\1")), 0);
	CHECK_EQUAL(CONVERT(SK_EVENT_SYSCALL_READ_X, 7, I64(5), BYTES("hello")), 1);
	CHECK(is(3, U32(100)));
}

TEST(the_first_container_events_become_json)
{
	CHECK_EQUAL(
		CONVERT(SK_EVENT_CONTAINER_E, 0, TEXT("0123456789ab"), U32(0), TEXT("we\"b\n"), TEXT("nginx:1")),
		1);
	CHECK_EQUAL(result.type, SK_EVENT_CONTAINER_JSON_2_E);
	CHECK(is(0,
		 TEXT("{\"id\":\"0123456789ab\",\"type\":0,\"name\":\"we\\\"b\\u000a\",\"image\":\"nginx:1\"}")));
	CHECK_EQUAL(CONVERT(SK_EVENT_CONTAINER_E, 0, NOTHING, NOTHING, NOTHING, NOTHING), 1);
	CHECK(is(0, TEXT("{\"id\":\"\",\"type\":0,\"name\":\"\",\"image\":\"\"}")));
}

TEST(text_that_grows_too_long_is_an_error_and_never_passes_its_buffer)
{
	static char text[20000];

	memset(text, 1, sizeof(text) - 1);
	CHECK_EQUAL(CONVERT(SK_EVENT_CONTAINER_E, 0, TEXT(text), U32(0), TEXT(text), TEXT(text)), -EBADMSG);
	CHECK(strstr(error.message, "would have"));
}

TEST(a_count_of_parameters_that_never_was_is_an_error)
{
	CHECK_EQUAL(CONVERT(SK_EVENT_SYSCALL_READ_X, 1, I64(0)), -EBADMSG);
	CHECK(strstr(error.message, "no read exit event (7) ever had 1 parameters"));
	CHECK_EQUAL(run(SK_EVENT_SYSCALL_EXECVE_19_X, 1, 0, NULL), -EBADMSG);
}

TEST(an_old_event_of_more_than_64_kib_is_an_error)
{
	static char text[65000];

	CHECK_EQUAL(CONVERT(SK_EVENT_SYSCALL_READ_E, 1, TEXT(text), TEXT(text)), -EBADMSG);
	CHECK(strstr(error.message, "too long to be converted"));
}

/* Whatever the table says must end, at a current event or with nothing. */
TEST(every_row_of_the_table_leads_to_a_current_event)
{
	static const struct {
		uint16_t type;
		uint8_t nparams;
	} rows[] = {
#define SK_CONVERSION(from, count, ...) {SK_EVENT_##from, count},
#include "runtime/scap/convert.def"
	};
	unsigned passed = 0, kept = 0;

	CHECK_EQUAL(sizeof(rows) / sizeof(rows[0]), 253);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct value values[SK_EVENT_MAX_PARAMS];
		uint8_t zeroes[16] = {0};
		int r;

		CHECK(i == 0 || rows[i - 1].type < rows[i].type ||
		      (rows[i - 1].type == rows[i].type && rows[i - 1].nparams < rows[i].nparams));
		for (unsigned p = 0; p < rows[i].nparams; p++)
			values[p] = (struct value){
				zeroes, (uint32_t)sk_param_fixed_size(sk_events[rows[i].type].params[p].type)};
		sk_scap_converter_reset(&converter);
		r = run(rows[i].type, 1, rows[i].nparams, values);
		CHECK(r >= 0);
		if (r == 1)
			CHECK(sk_scap_event_is_current(result.type, result.header->nparams));
		*(r ? &passed : &kept) += 1;
	}
	printf("# %u rows end in an event, %u keep it or drop it\n", passed, kept);
	CHECK(kept >= 88);
	CHECK_EQUAL(passed + kept, 253);
}

TEST(a_steady_stream_of_old_events_allocates_nothing)
{
	uint64_t before = 0;

	for (unsigned round = 0; round < 3; round++) {
		struct build build = {0};
		size_t split, size = 0;

		put_bare_event(&build, 2, SK_EVENT_SYSCALL_READ_E, 1, 2, (struct value[]){I64(4), U32(100)});
		split = build.out.length;
		put_bare_event(&build, 2, SK_EVENT_SYSCALL_READ_X, 1, 2, (struct value[]){I64(5), BYTES("hello")});
		if (round == 1)
			before = sk_alloc_count();
		for (unsigned i = 0; i < 100; i++) {
			const uint8_t *bytes = (const uint8_t *)build.out.bytes;
			size_t sizes[2] = {split, build.out.length - split};

			CHECK_EQUAL(
				sk_scap_converter_run(&converter, bytes, sizes[0], &result_bytes, &size, &error),
				0);
			CHECK_EQUAL(sk_scap_converter_run(&converter, bytes + split, sizes[1], &result_bytes, &size,
							  &error),
				    1);
		}
		if (round == 1)
			CHECK_EQUAL(sk_alloc_count(), before);
		sk_buffer_release(&build.out);
	}
}

int main(void)
{
	sk_scap_converter_init(&converter);
	RUN(a_current_event_passes_as_it_is)
	RUN(the_short_way_and_the_long_way_agree_on_every_type)
	RUN(unused_and_old_enter_events_are_dropped)
	RUN(an_exit_event_takes_what_its_enter_event_had)
	RUN(each_thread_has_its_own_enter_event)
	RUN(an_enter_event_of_another_call_is_an_error)
	RUN(an_enter_event_can_be_kept_and_passed_on)
	RUN(an_old_execve_goes_through_every_version)
	RUN(an_old_execve_enter_event_arrives_today)
	RUN(users_and_groups_default_to_none)
	RUN(a_taken_value_is_cut_to_its_new_size)
	RUN(the_first_container_events_become_json)
	RUN(text_that_grows_too_long_is_an_error_and_never_passes_its_buffer)
	RUN(a_count_of_parameters_that_never_was_is_an_error)
	RUN(an_old_event_of_more_than_64_kib_is_an_error)
	RUN(every_row_of_the_table_leads_to_a_current_event)
	RUN(a_steady_stream_of_old_events_allocates_nothing)
	sk_scap_converter_release(&converter);
	printf("1..%d\n", test_number);
	return test_failed_cases ? 1 : 0;
}
