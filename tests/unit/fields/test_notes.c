/* SPDX-License-Identifier: Apache-2.0 */
/* saker.path.*, saker.target.*, saker.origin: with notes, and without. */
#include "tests/unit/fields/asking.h"
#include "vm/notes.h"

static void note(enum sk_note_kind kind, uint8_t param, const void *bytes, size_t size)
{
	CHECK(sk_notes_append(world.notes, sizeof(world.notes), &world.notes_length, kind, param, bytes, size));
}

static void note_text(enum sk_note_kind kind, uint8_t param, const char *value)
{
	note(kind, param, value, strlen(value) + 1);
}

TEST(without_notes_paths_are_what_the_parameters_say)
{
	start();
	open_event(&world, 100, 5, -100, "../etc/./shadow", 1);
	feed(&world);
	CHECK_ASK(SAKER_PATH_GIVEN, "../etc/./shadow");
	CHECK_ASK(SAKER_PATH_RESOLVED, "/etc/shadow");
	CHECK_ASK(SAKER_PATH_ALIASED, "false");
	CHECK_ASK(SAKER_PATH_REWRITTEN, "false");
	CHECK_ASK(SAKER_TARGET_GIVEN, "-");
	CHECK_ASK(SAKER_ORIGIN, "syscall");
}

TEST(notes_say_where_a_path_led_and_what_it_was)
{
	const uint8_t origin = SK_ORIGIN_IO_URING;

	start();
	open_event(&world, 100, 5, -100, "/tmp/decoy", 1);
	note_text(SK_NOTE_RESOLVED, 2, "/etc/shadow");
	note_text(SK_NOTE_BEGUN, 2, "/tmp/link");
	note(SK_NOTE_ORIGIN, 0, &origin, 1);
	feed(&world);
	CHECK_ASK(FD_NAME, "/tmp/decoy");
	CHECK_ASK(SAKER_PATH_GIVEN, "/tmp/link");
	CHECK_ASK(SAKER_PATH_RESOLVED, "/etc/shadow");
	CHECK_ASK(SAKER_PATH_ALIASED, "true");
	CHECK_ASK(SAKER_PATH_REWRITTEN, "true");
	CHECK_ASK(SAKER_ORIGIN, "io_uring");
}

TEST(a_path_that_leads_where_it_says_is_no_alias)
{
	start();
	open_event(&world, 100, 5, -100, "shadow", 1);
	note_text(SK_NOTE_RESOLVED, 2, "/home/shadow");
	feed(&world);
	CHECK_ASK(FD_NAME, "/home/shadow");
	CHECK_ASK(SAKER_PATH_ALIASED, "false");
}

TEST(a_name_that_was_put_there_later_is_an_alias)
{
	start();
	open_event(&world, 100, 5, -100, "/etc/decoy", 1);
	note_text(SK_NOTE_BEGUN, 2, "/etc/shadow");
	feed(&world);
	CHECK_ASK(FD_NAME, "/etc/decoy");
	CHECK_ASK(SAKER_PATH_RESOLVED, "/etc/shadow");
	CHECK_ASK(SAKER_PATH_ALIASED, "true");
}

TEST(what_a_path_was_is_made_absolute_where_nothing_is_known_of_where_it_led)
{
	start();
	event(&world, SK_EVENT_SYSCALL_UNLINK_2_X, 100);
	number(&world, 0, 0);
	text(&world, 1, "decoy");
	note_text(SK_NOTE_BEGUN, 1, "true/../name");
	feed(&world);
	CHECK_ASK(SAKER_PATH_GIVEN, "true/../name");
	CHECK_ASK(SAKER_PATH_RESOLVED, "/home/name");
	CHECK_ASK(SAKER_PATH_ALIASED, "true");
	CHECK_ASK(SAKER_PATH_REWRITTEN, "true");
}

TEST(of_two_paths_each_has_its_own)
{
	start();
	event(&world, SK_EVENT_SYSCALL_RENAMEAT_X, 100);
	number(&world, 0, 0);
	number(&world, 1, -100);
	text(&world, 2, "a");
	number(&world, 3, -100);
	text(&world, 4, "/b");
	note_text(SK_NOTE_BEGUN, 4, "/c");
	feed(&world);
	CHECK_ASK(SAKER_PATH_GIVEN, "a");
	CHECK_ASK(SAKER_PATH_RESOLVED, "/home/a");
	CHECK_ASK(SAKER_TARGET_GIVEN, "/c");
	CHECK_ASK(SAKER_TARGET_RESOLVED, "/c");
	CHECK_ASK(SAKER_PATH_REWRITTEN, "true");
}

TEST(an_exec_led_to_the_program_that_the_kernel_runs)
{
	start();
	exec_event(&world, 100, "/usr/bin/tool", "tool");
	text(&world, 30, "/tmp/link");
	feed(&world);
	CHECK_ASK(SAKER_PATH_GIVEN, "/tmp/link");
	CHECK_ASK(SAKER_PATH_RESOLVED, "/usr/bin/tool");
}

TEST(a_directory_that_was_changed_into_is_where_the_thread_is)
{
	start();
	event(&world, SK_EVENT_SYSCALL_CHDIR_X, 100);
	number(&world, 0, 0);
	text(&world, 1, "sub");
	feed(&world);
	CHECK_ASK(SAKER_PATH_GIVEN, "sub");
	CHECK_TEXT(ask(SK_FIELD_SAKER_PATH_RESOLVED), "/home/sub");
}

TEST(events_that_are_no_calls_have_none_of_it)
{
	start();
	event(&world, SK_EVENT_PROCEXIT_1_E, 100);
	feed(&world);
	CHECK_ASK(SAKER_ORIGIN, "-");
	CHECK_ASK(SAKER_PATH_GIVEN, "-");
	CHECK_ASK(SAKER_PATH_RESOLVED, "-");
	CHECK_ASK(SAKER_PATH_REWRITTEN, "-");
}

TEST(odd_notes_are_passed_over)
{
	const uint8_t unknown = 99;

	start();
	open_event(&world, 100, 5, -100, "/tmp/x", 1);
	note(SK_NOTE_ORIGIN, 0, &unknown, 1);
	note(SK_NOTE_RESOLVED, 2, "", 0);
	note(SK_NOTE_BEGUN, 7, "/nobody", 8);
	feed(&world);
	CHECK_ASK(SAKER_ORIGIN, "-");
	CHECK_ASK(SAKER_PATH_GIVEN, "/tmp/x");
	CHECK_ASK(SAKER_PATH_RESOLVED, "/tmp/x");
	CHECK_ASK(SAKER_PATH_REWRITTEN, "false");
	/* Without its NUL, as a hostile writer leaves it. */
	open_event(&world, 100, 6, -100, "/tmp/x", 1);
	note(SK_NOTE_RESOLVED, 2, "/etc", 4);
	feed(&world);
	CHECK_ASK(SAKER_PATH_RESOLVED, "/etc");
}

/* Parameters of a seed: numbers, texts, or nothing. */
static void parameters(uint16_t type, unsigned seed)
{
	event(&world, type, seed % 3 ? 100 : 101);
	for (unsigned i = 0; i < sk_events[type].nparams; i++) {
		if (sk_param_fixed_size(sk_events[type].params[i].type))
			number(&world, i, (int64_t)(seed * (i + 1)) - 3);
		else if (seed % 2)
			text(&world, i, i % 2 ? "/etc/../tmp/x" : "x");
	}
}

/* What rows hold certain of events without notes (SK_FIELD_FLAG_BARE). */
TEST(without_notes_the_type_decides_what_is_said_to_hang_on_notes)
{
	unsigned values = 0, marked = 0;

	start();
	for (uint16_t field = 0; field < SK_FIELD_COUNT; field++) {
		if (!(sk_fields[field].flags & SK_FIELD_FLAG_BARE))
			continue;
		marked++;
		CHECK_EQUAL(sk_fields[field].scope, SK_SCOPE_EVENT);
		for (uint16_t type = 0; type < SK_EVENT_COUNT; type++) {
			char first[64] = "";

			for (unsigned seed = 0; seed < 8; seed++) {
				parameters(type, seed);
				feed(&world);
				CHECK(sk_event_is_bare(&world.view.event));
				if (seed == 0)
					snprintf(first, sizeof(first), "%s", ask((enum sk_field)field));
				else
					CHECK_TEXT(ask((enum sk_field)field), first);
			}
			values += strcmp(first, "-") != 0;
		}
	}
	CHECK(marked >= 3);
	CHECK(values > 400);
}

TEST(what_lacks_parameters_or_has_notes_is_not_bare)
{
	start();
	open_event(&world, 100, 5, -100, "/tmp/x", 1);
	world.nparams = 2;
	feed(&world);
	CHECK(!sk_event_is_bare(&world.view.event));
	/* Its path would have been parameter 2. */
	CHECK_ASK(SAKER_PATH_ALIASED, "-");
	open_event(&world, 100, 5, -100, "/tmp/x", 1);
	lost_before(&world, SK_EVENT_CLASS_OPEN, 1, 0);
	feed(&world);
	CHECK(!sk_event_is_bare(&world.view.event));
	CHECK_ASK(SAKER_PATH_ALIASED, "false");
	open_event(&world, 100, 5, -100, "/tmp/x", 1);
	feed(&world);
	CHECK(sk_event_is_bare(&world.view.event));
}

TEST(done)
{
	world_close(&world);
	sk_arena_release(&scratch);
	sk_buffer_release(&printed);
}

TEST_MAIN(RUN(without_notes_paths_are_what_the_parameters_say) RUN(notes_say_where_a_path_led_and_what_it_was) RUN(
	a_path_that_leads_where_it_says_is_no_alias) RUN(a_name_that_was_put_there_later_is_an_alias)
		  RUN(what_a_path_was_is_made_absolute_where_nothing_is_known_of_where_it_led)
			  RUN(of_two_paths_each_has_its_own) RUN(an_exec_led_to_the_program_that_the_kernel_runs)
				  RUN(a_directory_that_was_changed_into_is_where_the_thread_is) RUN(
					  events_that_are_no_calls_have_none_of_it) RUN(odd_notes_are_passed_over)
					  RUN(without_notes_the_type_decides_what_is_said_to_hang_on_notes)
						  RUN(what_lacks_parameters_or_has_notes_is_not_bare) RUN(done))
