/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields that depend on when they were read last: each comparison has its own
 * readings, what is not reached does not count, and an alert's output_fields
 * are read more often than its text.
 */
#include "tests/unit/sensor/sensor_pair.h"

static struct pair pair;

#define OPEN(...)                                                                                                  \
	do {                                                                                                       \
		pair_open(&pair, (const char *const[]){__VA_ARGS__, NULL});                                        \
		populate(&pair.world);                                                                             \
	} while (0)
#define SEE(tid) pair_see(&pair, tid)

TEST(each_comparison_counts_how_often_it_was_made)
{
	OPEN("evt.type = close and util.cnt = 2", "evt.type = close and util.cnt in (1, 3)");
	CHECK_EQUAL(SEE(100), 2);
	CHECK_EQUAL(SEE(1), 1);
	CHECK_EQUAL(SEE(100), 2);
	CHECK_EQUAL(SEE(100), 0);
	pair_close(&pair);
}

TEST(what_is_not_reached_does_not_count)
{
	OPEN("evt.type = close and proc.name = init and util.cnt = 2",
	     "evt.type = close and (util.cnt = 3 or util.cnt = 1)");
	/* The second rule: 1 and 1; 2 and 2; 3, which is enough; 4 and 3. */
	CHECK_EQUAL(SEE(100), 2);
	CHECK_EQUAL(SEE(100), 0);
	CHECK_EQUAL(SEE(1), 2);
	CHECK_EQUAL(SEE(1), 1);
	pair_close(&pair);
}

TEST(a_rule_is_tried_for_all_types_that_it_names_even_where_it_cannot_match)
{
	OPEN("evt.type in (close, chdir) and util.cnt = 3 and evt.arg.path = nosuch or evt.type = close and "
	     "util.cnt = 1");
	/* What an event that cannot match counts for. */
	event(&pair.world, SK_EVENT_SYSCALL_CHDIR_X, 100);
	number(&pair.world, 0, -2);
	text(&pair.world, 1, "elsewhere");
	CHECK(pair_feed(&pair));
	CHECK_EQUAL(pair.count, 0);
	CHECK_EQUAL(SEE(100), 1);
	CHECK_EQUAL(SEE(100), 0);
	pair_close(&pair);
}

TEST(others_of_the_same_types_match_as_ever)
{
	OPEN("evt.type = close and util.cnt > 1", "evt.type = close and proc.name = shell",
	     "evt.type = close and proc.name = init");
	CHECK_EQUAL(SEE(100), 2);
	CHECK_EQUAL(SEE(100), 3);
	CHECK_EQUAL(SEE(1), 5);
	pair_close(&pair);
}

TEST(time_passes_since_the_same_comparison_was_made)
{
	OPEN("evt.type = close and evt.deltatime = 0", "evt.type = close and evt.deltatime = 1000000",
	     "evt.type = close and proc.name = init and evt.deltatime = 3000000",
	     "evt.type = close and evt.deltatime.s = 2", "evt.type = close and evt.deltatime.ns = 1000000");
	CHECK_EQUAL(SEE(1), 1);
	CHECK_EQUAL(SEE(100), 2 | 16);
	CHECK_EQUAL(SEE(100), 2 | 16);
	CHECK_EQUAL(SEE(1), 2 | 4 | 16);
	pair.world.now += UINT64_C(2) * SECOND;
	CHECK_EQUAL(SEE(100), 8 | 16);
	pair_close(&pair);
}

static uint64_t switch_from(int64_t tid)
{
	uint64_t holding = 0;

	event(&pair.world, SK_EVENT_SCHEDSWITCH_6_E, tid);
	number(&pair.world, 0, 0);
	pair_feed(&pair);
	for (uint32_t i = 0; i < pair.count; i++)
		holding |= UINT64_C(1) << pair.matched[i];
	return holding;
}

TEST(a_switch_tells_how_long_the_thread_had_the_cpu)
{
	OPEN("evt.type = switch and thread.exectime = 0", "evt.type = switch and thread.exectime = 1000000",
	     "evt.type = switch and thread.totexectime = 2000000",
	     "evt.type = switch and thread.totexectime exists");
	CHECK_EQUAL(switch_from(100), 1 | 8);
	CHECK_EQUAL(switch_from(100), 2 | 8);
	CHECK_EQUAL(switch_from(1), 2 | 8);
	CHECK_EQUAL(switch_from(100), 2 | 4 | 8);
	/* No thread, no total; the time is there. */
	CHECK_EQUAL(switch_from(0), 2);
	pair_close(&pair);
}

/* A procinfo event of a thread that used so much in all. */
static uint64_t used(int64_t tid, int64_t user, int64_t system)
{
	uint64_t holding = 0;

	event(&pair.world, SK_EVENT_PROCINFO_E, tid);
	number(&pair.world, 0, user);
	number(&pair.world, 1, system);
	pair_feed(&pair);
	for (uint32_t i = 0; i < pair.count; i++)
		holding |= UINT64_C(1) << pair.matched[i];
	return holding;
}

TEST(a_thread_s_share_of_the_cpu_is_what_it_used_since_the_last_event)
{
	OPEN("evt.type = procinfo and thread.cpu = 30", "evt.type = procinfo and thread.cpu.user = 10",
	     "evt.type = procinfo and thread.cpu.system = 20", "evt.type = procinfo and thread.cpu = 100",
	     "evt.type = procinfo and thread.cpu = 0");
	CHECK_EQUAL(used(100, 500, 300), 16);
	CHECK_EQUAL(used(1, 10, 20), 16);
	CHECK_EQUAL(used(100, 510, 320), 1 | 2 | 4);
	CHECK_EQUAL(used(1, 1000, 2000), 8);
	pair_close(&pair);
}

TEST(a_macro_has_its_own_comparison_wherever_it_is_used)
{
	struct fixture pack;
	uint32_t readers = 0;

	fixture_begin(&pack);
	fixture_macro(&pack, "counted", "util.cnt < 3 and proc.name = shell");
	fixture_rule(&pack, "one", "evt.type = close and (counted or not counted)", "%util.cnt");
	fixture_rule(&pack, "two", "evt.type = close and counted", "%util.cnt %evt.deltatime");
	CHECK_EQUAL(fixture_open(&pack), 0);
	for (uint32_t i = 0; i < pack.bundle.fields_count; i++)
		readers += (sk_fields[pack.bundle.fields[i].field].flags & SK_FIELD_FLAG_READING) != 0;
	CHECK_EQUAL(readers, 3 + 3);
	sk_bundle_close(&pack.bundle);
	fixture_end(&pack);
}

TEST(there_are_only_so_many)
{
	struct fixture pack;
	char name[16], condition[64];

	fixture_begin(&pack);
	fixture_macro(&pack, "m0", "util.cnt < 3");
	for (int i = 1; i <= 30; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		snprintf(condition, sizeof(condition), "m%d or m%d", i - 1, i - 1);
		fixture_macro(&pack, name, condition);
	}
	fixture_rule(&pack, "r", "evt.type = close and m30", "x");
	CHECK(fixture_compile(&pack) < 0);
	CHECK(fixture_find(&pack, SK_DIAGNOSTIC_COMPILE_CONDITION, "more than 1024 comparisons and tokens"));
	fixture_end(&pack);
}

/* The text and the fields of the alert for one more event. */
static void alert(struct sk_sensor *sensor, struct world *world, struct sk_buffer *line)
{
	const uint32_t *rules;

	event(world, SK_EVENT_SYSCALL_CLOSE_X, 100);
	number(world, 0, -9);
	number(world, 1, 77);
	build(world);
	CHECK(sk_sensor_apply(sensor, world->wire, world->wire_size, 0, false));
	CHECK_EQUAL(sk_sensor_evaluate(sensor, &rules), 1);
	sk_buffer_clear(line);
	sk_sensor_format(sensor, 0, line);
	sk_buffer_append_char(line, '\0');
}

TEST(the_fields_of_an_alert_show_the_second_of_three_readings)
{
	struct sk_sensor_options options = {
		.state = {.own_pid = -1}, .match_all = true, .priority = 7, .alert = {.json = true}};
	static struct world world;
	struct sk_error error = {.message = ""};
	struct sk_outputs outputs;
	struct sk_buffer line = {0};
	struct sk_sensor *sensor = NULL;
	struct fixture pack;

	fixture_begin(&pack);
	fixture_rule(&pack, "r", "evt.type = close",
		     "count %util.cnt after %evt.deltatime in %join(\"/\",(evt.deltatime))");
	CHECK_EQUAL(fixture_open(&pack), 0);
	sk_outputs_init(&outputs, true);
	options.bundle = &pack.bundle;
	options.outputs = &outputs;
	CHECK_EQUAL(sk_sensor_create(&options, &sensor, &error), 0);
	world.now = UINT64_C(1700000000) * SECOND;
	alert(sensor, &world, &line);
	CHECK(strstr(line.bytes, "count 1 after 0 in 0"));
	CHECK(strstr(line.bytes, "\"util.cnt\":2"));
	CHECK(strstr(line.bytes, "\"evt.deltatime\":0"));
	alert(sensor, &world, &line);
	CHECK(strstr(line.bytes, "count 2 after 1000000 in 1000000"));
	CHECK(strstr(line.bytes, "\"util.cnt\":5"));
	CHECK(strstr(line.bytes, "\"evt.deltatime\":0"));
	sk_sensor_destroy(sensor);
	sk_outputs_release(&outputs);
	sk_buffer_release(&line);
	sk_bundle_close(&pack.bundle);
	fixture_end(&pack);
}

TEST_MAIN(RUN(each_comparison_counts_how_often_it_was_made) RUN(what_is_not_reached_does_not_count) RUN(
	a_rule_is_tried_for_all_types_that_it_names_even_where_it_cannot_match)
		  RUN(others_of_the_same_types_match_as_ever) RUN(time_passes_since_the_same_comparison_was_made)
			  RUN(a_switch_tells_how_long_the_thread_had_the_cpu)
				  RUN(a_thread_s_share_of_the_cpu_is_what_it_used_since_the_last_event)
					  RUN(a_macro_has_its_own_comparison_wherever_it_is_used)
						  RUN(there_are_only_so_many) RUN(
							  the_fields_of_an_alert_show_the_second_of_three_readings))
