/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which system calls are captured and how: the table that the BPF programs
 * look into, and the recipes that they follow.
 */
#include "runtime/capture/bpf/recipes.h"
#include "runtime/capture/plan.h"
#include "tests/test.h"
#include "vm/schema/schema.h"

static struct sk_dispatch table[SK_NUMBERS_END];

static const struct sk_dispatch *native(const char *name)
{
	static const struct sk_dispatch none;
	int sc = sk_syscall_find(name, strlen(name));

	for (size_t i = 0; i < sk_syscall_count; i++) {
#if defined(__x86_64__)
		int number = sk_syscalls[i].x86_64;
#else
		int number = sk_syscalls[i].aarch64;
#endif
		if (sk_syscalls[i].sc == sc && number >= 0)
			return &table[number];
	}
	return &none;
}

static void plan_with(const char *name)
{
	uint64_t set[8] = {0};
	int sc = name ? sk_syscall_find(name, strlen(name)) : -1;

	if (sc >= 0)
		set[sc / 64] |= 1ull << sc % 64;
	sk_capture_plan(set, 8, table);
}

TEST(what_the_state_needs_is_always_captured)
{
	int missing = 0;

	sk_capture_plan(NULL, 0, table);
	for (size_t i = 0; i < sk_syscall_count; i++) {
		const struct sk_syscall_info *call = &sk_syscalls[i];
#if defined(__x86_64__)
		int number = call->x86_64;
#else
		int number = call->aarch64;
#endif
		if (!call->state || number < 0)
			continue;
		if (table[number].program == SK_PROGRAM_NONE || table[number].event != call->exit_event ||
		    table[number].syscall != call->sc) {
			printf("# %s\n", call->name);
			missing++;
		}
	}
	CHECK_EQUAL(missing, 0);
	CHECK_EQUAL(native("mkdirat")->program, SK_PROGRAM_NONE);
	CHECK_EQUAL(native("read")->program, SK_PROGRAM_NONE);
}

TEST(a_selected_call_is_captured_and_no_other)
{
	plan_with("mkdirat");
	CHECK_EQUAL(native("mkdirat")->event, SK_EVENT_SYSCALL_MKDIRAT_X);
	CHECK_EQUAL(native("mkdirat")->program, SK_PROGRAM_RECIPE);
	CHECK_EQUAL(native("mkdirat")->recipe, SK_RECIPE_SYSCALL_MKDIRAT_X);
	CHECK_EQUAL(native("mkdirat")->nparams, 4);
	CHECK_EQUAL(native("symlinkat")->program, SK_PROGRAM_NONE);
}

TEST(a_call_without_an_event_of_its_own_is_generic)
{
	plan_with("fchmodat2");
	CHECK_EQUAL(native("fchmodat2")->event, SK_EVENT_GENERIC_X);
	CHECK_EQUAL(native("fchmodat2")->recipe, SK_RECIPE_GENERIC_X);
	CHECK_EQUAL(native("fchmodat2")->syscall, sk_syscall_find("fchmodat2", 9));
	CHECK_EQUAL(native("fchmodat2")->native, 452);
}

TEST(every_call_with_an_event_of_its_own_gets_it)
{
	uint64_t all[8];
	int missing = 0;

	memset(all, 0xff, sizeof(all));
	sk_capture_plan(all, 8, table);
	for (size_t i = 0; i < sk_syscall_count; i++) {
		const struct sk_dispatch *dispatch = native(sk_syscalls[i].name);

		if (dispatch->program != SK_PROGRAM_NONE && dispatch->event != sk_syscalls[i].exit_event) {
			printf("# %s\n", sk_syscalls[i].name);
			missing++;
		}
	}
	CHECK_EQUAL(missing, 0);
}

TEST(operations_of_io_uring_are_selected_by_the_calls_that_they_stand_for)
{
	static struct sk_dispatch operations[SK_URING_OPCODES];
	uint64_t set[8] = {0};
	int sc = sk_syscall_find("mkdirat", 7), wanted = 0;

	/* The state needs openat, close and connect. */
	CHECK(sk_capture_plan_uring(NULL, 0, operations));
	CHECK(operations[18].program != SK_PROGRAM_NONE);
	CHECK_EQUAL(operations[18].event, SK_EVENT_SYSCALL_OPENAT_2_X);
	CHECK_EQUAL(operations[18].nparams, sk_events[SK_EVENT_SYSCALL_OPENAT_2_X].nparams);
	CHECK_EQUAL(operations[37].program, SK_PROGRAM_NONE);
	set[sc / 64] |= 1ull << sc % 64;
	CHECK(sk_capture_plan_uring(set, 8, operations));
	CHECK_EQUAL(operations[37].event, SK_EVENT_SYSCALL_MKDIRAT_X);
	memset(set, 0xff, sizeof(set));
	sk_capture_plan_uring(set, 8, operations);
	for (int i = 0; i < SK_URING_OPCODES; i++)
		wanted += operations[i].program != SK_PROGRAM_NONE;
	CHECK_EQUAL(wanted, 18);
}

TEST(paths_are_kept_from_the_beginning_of_calls_that_do_something_with_them)
{
	uint64_t set[8];

	memset(set, 0xff, sizeof(set));
	sk_capture_plan(set, 8, table);
	sk_capture_plan_begun(table);
	CHECK_EQUAL(native("openat")->begun, 2);
	CHECK_EQUAL(native("unlinkat")->begun, 2);
	CHECK_EQUAL(native("renameat2")->begun, 2 | 4 << 4);
	CHECK_EQUAL(native("symlinkat")->begun, 1 | 3 << 4);
	CHECK_EQUAL(native("mount")->begun, 1 | 2 << 4);
	CHECK_EQUAL(native("chdir")->begun, 1);
	CHECK_EQUAL(native("newfstatat")->begun, 0);
	CHECK_EQUAL(native("close")->begun, 0);
	CHECK_EQUAL(native("getcwd")->begun, 0);
}

TEST(numbers_outside_the_set_do_not_matter)
{
	uint64_t all[1] = {~0ull};

	/* One word: system calls 64 and up are not selected, and not read beyond it. */
	sk_capture_plan(all, 1, table);
	CHECK(native("read")->program != SK_PROGRAM_NONE);
	CHECK_EQUAL(native("userfaultfd")->program, SK_PROGRAM_RECIPE);
	CHECK_EQUAL(native("renameat2")->program, SK_PROGRAM_NONE);
}

#if defined(__x86_64__)
TEST(thirty_two_bit_programs_have_their_own_numbers)
{
	plan_with("rename");
	CHECK_EQUAL(table[SK_NUMBERS_COMPAT + 5].event, SK_EVENT_SYSCALL_OPEN_X);
	CHECK_EQUAL(table[SK_NUMBERS_COMPAT + 11].event, SK_EVENT_SYSCALL_EXECVE_19_X);
	CHECK_EQUAL(table[SK_NUMBERS_COMPAT + 38].event, SK_EVENT_SYSCALL_RENAME_X);
	CHECK_EQUAL(table[SK_NUMBERS_COMPAT + 38].native, 38);
	CHECK_EQUAL(table[SK_NUMBERS_COMPAT + 10].program, SK_PROGRAM_NONE); /* unlink */
	CHECK_EQUAL(table[SK_NUMBERS_COMPAT + 213].event, SK_EVENT_SYSCALL_SETUID_X);
	CHECK_EQUAL(table[SK_NUMBERS_COMPAT + 102].program, SK_PROGRAM_SOCKETCALL);
	CHECK_EQUAL(table[SK_NUMBERS_SOCKETCALL + 3].event, SK_EVENT_SOCKET_CONNECT_X);
	/* Its arguments are a structure, not what the event has. */
	plan_with("mmap");
	CHECK_EQUAL(table[SK_NUMBERS_COMPAT + 90].event, SK_EVENT_GENERIC_X);
}
#else
TEST(thirty_two_bit_programs_have_their_own_numbers)
{
	SKIP("only x86-64 has them");
}
#endif

static const uint16_t recipe_events[] = {
#define SK_RECIPE(event, ...) [SK_RECIPE_##event] = SK_EVENT_##event,
#include "runtime/capture/bpf/recipes.def"
};

/* Bytes that a step stores; 0: as many as there are. */
static unsigned step_width(const struct sk_step *step)
{
	return step->kind == SK_STEP_USER_FLAGS ? 4 : step->width;
}

TEST(recipes_make_what_the_schema_says)
{
	int wrong = 0;

	for (int i = 0; i < SK_RECIPE_COUNT; i++) {
		const struct sk_event_info *info = &sk_events[recipe_events[i]];
		unsigned count = 0;

		while (sk_recipes[i].steps[count].kind != SK_STEP_END)
			count++;
		if (count != info->nparams) {
			printf("# %s: %u steps for %u parameters\n", info->id, count, info->nparams);
			wrong++;
			continue;
		}
		for (unsigned p = 0; p < count; p++) {
			size_t size = sk_param_fixed_size(info->params[p].type);

			if (step_width(&sk_recipes[i].steps[p]) != size) {
				printf("# %s: parameter %s has %zu bytes\n", info->id, info->params[p].name, size);
				wrong++;
			}
		}
	}
	CHECK_EQUAL(wrong, 0);
}

TEST(recipes_use_arguments_that_calls_have)
{
	int wrong = 0;

	for (int i = 0; i < SK_RECIPE_COUNT; i++)
		for (const struct sk_step *step = sk_recipes[i].steps; step->kind != SK_STEP_END; step++) {
			if (step->argument >= SK_ARGUMENT_COUNT)
				wrong++;
			if ((step->kind == SK_STEP_DATA || step->kind == SK_STEP_BYTES ||
			     step->kind == SK_STEP_ADDRESS) &&
			    step->extra >= SK_ARGUMENT_COUNT)
				wrong++;
			if ((step->kind == SK_STEP_FLAGS || step->kind == SK_STEP_USER_FLAGS) &&
			    step->extra >= SK_MAP_COUNT)
				wrong++;
		}
	CHECK_EQUAL(wrong, 0);
}

TEST_MAIN(RUN(what_the_state_needs_is_always_captured) RUN(a_selected_call_is_captured_and_no_other) RUN(
	a_call_without_an_event_of_its_own_is_generic) RUN(every_call_with_an_event_of_its_own_gets_it)
		  RUN(operations_of_io_uring_are_selected_by_the_calls_that_they_stand_for)
			  RUN(paths_are_kept_from_the_beginning_of_calls_that_do_something_with_them)
				  RUN(numbers_outside_the_set_do_not_matter)
					  RUN(thirty_two_bit_programs_have_their_own_numbers)
						  RUN(recipes_make_what_the_schema_says)
							  RUN(recipes_use_arguments_that_calls_have))
