/* SPDX-License-Identifier: Apache-2.0 */
/* Which event types and system calls a condition can be true for. */
#include "compiler/eventset.h"
#include "tests/test.h"
#include "tests/unit/compiler/fixture.h"

static struct sk_event_set set_of(const char *condition)
{
	struct sk_event_set set = {0};
	struct sk_event_sets sets;
	struct fixture pack;
	struct sk_text text;
	struct sk_node *tree;

	fixture_begin(&pack);
	sk_event_sets_init(&sets, &pack.arena);
	text = fixture_text(&pack, "x", "condition", condition, strlen(condition));
	tree = fixture_parse(&pack, &text, SK_PARSE_DEPTH_PACK);
	CHECK(tree && sk_event_sets_find(&sets, tree, 1000, &set) == 0);
	fixture_end(&pack);
	return set;
}

static uint32_t syscall_count(const struct sk_event_set *set)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < SK_SYSCALL_NAME_COUNT; i++)
		count += sk_event_set_has_syscall(set, i);
	return count;
}

static bool has_syscall(const struct sk_event_set *set, const char *name)
{
	return sk_event_set_has_syscall(set, (uint32_t)sk_syscall_find(name, strlen(name)));
}

TEST(a_name_stands_for_all_versions_enter_and_exit)
{
	struct sk_event_set set = set_of("evt.type = execve");

	CHECK(sk_event_set_has_type(&set, SK_EVENT_SYSCALL_EXECVE_8_E));
	CHECK(sk_event_set_has_type(&set, SK_EVENT_SYSCALL_EXECVE_8_X));
	CHECK(sk_event_set_has_type(&set, SK_EVENT_SYSCALL_EXECVE_19_X));
	CHECK(!sk_event_set_has_type(&set, SK_EVENT_SYSCALL_EXECVEAT_X));
	CHECK_EQUAL(syscall_count(&set), 1);
	CHECK(has_syscall(&set, "execve"));
}

TEST(system_calls_without_an_event_share_the_generic_pair)
{
	struct sk_event_set set = set_of("evt.type in (kexec_load, reboot)");

	CHECK_EQUAL(sk_event_set_type_count(&set), 2);
	CHECK(sk_event_set_has_type(&set, SK_EVENT_GENERIC_E));
	CHECK(sk_event_set_has_type(&set, SK_EVENT_GENERIC_X));
	CHECK_EQUAL(syscall_count(&set), 2);
	CHECK(has_syscall(&set, "kexec_load"));
	CHECK(has_syscall(&set, "reboot"));
}

TEST(an_event_names_the_system_calls_that_become_it)
{
	struct sk_event_set set = set_of("evt.type = pread");

	CHECK_EQUAL(sk_event_set_type_count(&set), 2);
	CHECK_EQUAL(syscall_count(&set), 1);
	CHECK(has_syscall(&set, "pread64"));
	set = set_of("evt.type = procexit");
	CHECK(sk_event_set_has_type(&set, SK_EVENT_PROCEXIT_1_E));
	CHECK_EQUAL(syscall_count(&set), 1);
	CHECK(has_syscall(&set, "sched_process_exit"));
}

TEST(names_of_async_events_lead_to_the_async_event)
{
	struct sk_event_set set = set_of("evt.type = container_removed");

	CHECK_EQUAL(sk_event_set_type_count(&set), 1);
	CHECK(sk_event_set_has_type(&set, SK_EVENT_ASYNCEVENT_E));
	set = set_of("evt.type = container");
	CHECK(sk_event_set_has_type(&set, SK_EVENT_ASYNCEVENT_E));
	CHECK(sk_event_set_has_type(&set, SK_EVENT_CONTAINER_JSON_2_E));
	CHECK_EQUAL(syscall_count(&set), 0);
}

TEST(unknown_names_are_no_events)
{
	struct sk_event_set set = set_of("syscall.type in (nosuch, '')");

	CHECK_EQUAL(sk_event_set_type_count(&set), 0);
	CHECK_EQUAL(syscall_count(&set), 0);
}

TEST(operators_that_are_not_analysed_leave_everything_possible)
{
	static const char *const conditions[] = {
		"evt.type startswith open",
		"evt.type intersects (open)",
		"evt.type = oneof (open)",
		"not evt.type = anyof (open)",
		"evt.num = 5",
		"not evt.num = 5",
		"evt.num = oneof (0)",
		"evt.num in (0, 1)",
		"not proc.name = cat",
		"tolower(evt.type) contains x",
	};

	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
		struct sk_event_set set = set_of(conditions[i]);

		CHECK_EQUAL(sk_event_set_type_count(&set), SK_EVENT_COUNT);
		CHECK_EQUAL(syscall_count(&set), SK_SYSCALL_NAME_COUNT);
	}
}

TEST(negation_follows_de_morgan)
{
	struct sk_event_set set = set_of("not (evt.type = open or evt.type = close)");
	struct sk_event_set other = set_of("evt.type != open and not evt.type = close");

	CHECK(memcmp(&set, &other, sizeof(set)) == 0);
	CHECK(!sk_event_set_has_type(&set, SK_EVENT_SYSCALL_OPEN_X));
	CHECK(sk_event_set_has_type(&set, SK_EVENT_SYSCALL_READ_X));
	set = set_of("not (evt.type != open and proc.name = cat)");
	CHECK_EQUAL(sk_event_set_type_count(&set), SK_EVENT_COUNT);
	set = set_of("not (evt.type != open or proc.name = cat)");
	CHECK(sk_event_set_has_type(&set, SK_EVENT_SYSCALL_OPEN_X));
	CHECK_EQUAL(sk_event_set_type_count(&set), 2);
}

TEST(macros_are_looked_into_in_both_polarities)
{
	struct sk_event_sets sets;
	struct sk_event_set set;
	struct fixture pack;
	struct sk_text text;
	struct sk_node *tree;
	const char *condition = "evt.type in (open, close) and (opens or not opens) and not opens";

	fixture_begin(&pack);
	fixture_macro(&pack, "opens", "evt.type = open and proc.name = cat");
	fixture_macro(&pack, "only_opens", "evt.type = open");
	text = fixture_text(&pack, "x", "condition", condition, strlen(condition));
	tree = fixture_parse(&pack, &text, SK_PARSE_DEPTH_PACK);
	sk_event_sets_init(&sets, &pack.arena);
	CHECK_EQUAL(sk_event_sets_find(&sets, tree, 1000, &set), 0);
	CHECK_EQUAL(sets.macros.keys.count, 2);
	CHECK(sk_event_set_has_type(&set, SK_EVENT_SYSCALL_OPEN_X));
	condition = "evt.type in (open, close) and not only_opens";
	text = fixture_text(&pack, "y", "condition", condition, strlen(condition));
	tree = fixture_parse(&pack, &text, SK_PARSE_DEPTH_PACK);
	CHECK_EQUAL(sk_event_sets_find(&sets, tree, 1000, &set), 0);
	CHECK(!sk_event_set_has_type(&set, SK_EVENT_SYSCALL_OPEN_X));
	CHECK(sk_event_set_has_type(&set, SK_EVENT_SYSCALL_CLOSE_X));
	CHECK_EQUAL(sk_event_sets_find(&sets, tree, 2, &set), -ELOOP);
	fixture_end(&pack);
}

TEST(every_name_that_is_suggested_is_known)
{
	struct sk_event_type_walk walk = {0};
	const char *name;
	int count = 0;

	while ((name = sk_event_type_next(&walk))) {
		CHECK(sk_event_type_known(name, strlen(name)));
		count++;
	}
	CHECK(count > SK_SYSCALL_NAME_COUNT);
	CHECK(!sk_event_type_known("", 0));
	CHECK(!sk_event_type_known("syscall", 7));
	CHECK(!sk_event_type_known("NA", 2));
	CHECK(!sk_event_type_known("ope", 3));
}

TEST_MAIN(RUN(a_name_stands_for_all_versions_enter_and_exit) RUN(
	system_calls_without_an_event_share_the_generic_pair) RUN(an_event_names_the_system_calls_that_become_it)
		  RUN(names_of_async_events_lead_to_the_async_event) RUN(unknown_names_are_no_events)
			  RUN(operators_that_are_not_analysed_leave_everything_possible)
				  RUN(negation_follows_de_morgan) RUN(macros_are_looked_into_in_both_polarities)
					  RUN(every_name_that_is_suggested_is_known))
