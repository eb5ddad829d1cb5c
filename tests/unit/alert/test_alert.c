/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines and objects of one rule.  The bundle is made by hand, and the engine
 * is a table of values here, so that every value can be had.
 */
#include "runtime/alert/alert.h"

#include <stdlib.h>
#include <time.h>

#include "tests/test.h"
#include "vm/support/alloc.h"

/* 2026-11-21 21:18:04.464110820 UTC */
#define TS 1795295884464110820ULL

struct sk_vm {
	struct sk_value values[16];
};

const struct sk_value *sk_vm_value(struct sk_vm *vm, uint32_t expression)
{
	return &vm->values[expression];
}

const struct sk_value *sk_vm_value_again(struct sk_vm *vm, uint32_t expression)
{
	return sk_vm_value(vm, expression);
}

static struct sk_vm engine;

/* --- a bundle ----------------------------------------------------------- */

static char string_bytes[4096];
static uint32_t strings[65];
static struct sk_bundle_field fields[16];
static struct sk_bundle_expression expressions[16];
static uint32_t arguments[16], tags[4];
static struct sk_instruction code[32];
static struct sk_bundle_rule rules[1];
static struct sk_bundle bundle;
static uint32_t string_end;

static uint32_t add_string(const char *text)
{
	const uint32_t length = (uint32_t)strlen(text);

	memcpy(string_bytes + string_end, text, length + 1);
	string_end += length + 1;
	strings[++bundle.strings_count] = string_end;
	return bundle.strings_count - 1;
}

static uint32_t add_expression(enum sk_expression_kind kind, const char *text)
{
	expressions[bundle.expressions_count] =
		(struct sk_bundle_expression){.kind = (uint8_t)kind, .selector = SK_NONE, .text = add_string(text)};
	return bundle.expressions_count++;
}

static uint32_t add_field(enum sk_field field, enum sk_argument_kind kind, const char *text)
{
	const uint32_t expression = add_expression(SK_EXPRESSION_FIELD, text);

	fields[bundle.fields_count] = (struct sk_bundle_field){.field = (uint16_t)field, .kind = (uint8_t)kind};
	expressions[expression].operand = bundle.fields_count++;
	engine.values[expression] = sk_value_missing();
	return expression;
}

static void emit(enum sk_op op, uint32_t operand, uint16_t width)
{
	code[bundle.code_count++] = (struct sk_instruction){.op = (uint8_t)op, .jump = width, .operand = operand};
}

static void emit_literal(const char *text)
{
	emit(SK_OP_LITERAL, add_string(text), 0);
}

static void begin_rule(const char *name, uint8_t priority)
{
	bundle = (struct sk_bundle){
		.string_bytes = string_bytes,
		.strings = strings,
		.fields = fields,
		.expressions = expressions,
		.arguments = arguments,
		.tags = tags,
		.code = code,
		.rules = rules,
		.rules_count = 1,
	};
	string_end = 0;
	rules[0] = (struct sk_bundle_rule){
		.name = add_string(name), .source = add_string("syscall"), .priority = priority};
}

static void end_rule(void)
{
	emit(SK_OP_END, 0, 0);
	rules[0].output_size = bundle.code_count;
}

static void set_text(uint32_t expression, const char *text)
{
	engine.values[expression] = sk_value_text(text, (uint32_t)strlen(text));
}

static struct sk_buffer buffer;

static const char *format(bool json, bool iso_8601, bool suggested)
{
	const struct sk_alert_options options = {
		.json = json, .iso_8601 = iso_8601, .suggested = suggested, .hostname = "the \"host\""};
	struct sk_alerts *alerts;

	if (sk_alerts_create(&bundle, &options, &alerts) < 0)
		return NULL;
	sk_buffer_clear(&buffer);
	sk_alerts_format(alerts, &engine, 0, TS, NULL, &buffer);
	sk_alerts_destroy(alerts);
	return buffer.bytes;
}

/* The same with what the alert rests on. */
static const char *format_resting_on(const char *evidence, bool shown, bool json)
{
	const struct sk_alert_options options = {.json = json, .evidence = shown, .hostname = "h"};
	struct sk_alerts *alerts;

	if (sk_alerts_create(&bundle, &options, &alerts) < 0)
		return NULL;
	CHECK(!shown || sk_alerts_show_evidence(alerts, 0));
	sk_buffer_clear(&buffer);
	sk_alerts_format(alerts, &engine, 0, TS, evidence, &buffer);
	sk_alerts_destroy(alerts);
	return buffer.bytes;
}

/* --- cases -------------------------------------------------------------- */

TEST(a_line_has_time_priority_and_message)
{
	uint32_t name;

	setenv("TZ", "UTC", 1);
	begin_rule("r", 5);
	name = add_field(SK_FIELD_PROC_NAME, SK_ARGUMENT_KIND_NONE, "proc.name");
	emit_literal("saw ");
	emit(SK_OP_FIELD, name, 0);
	end_rule();
	set_text(name, "cat");
	CHECK_TEXT(format(false, false, true), "21:18:04.464110820: Notice saw cat\n");
	CHECK_TEXT(format(false, true, true), "2026-11-21T21:18:04.464110820+0000: Notice saw cat\n");
	engine.values[name] = sk_value_missing();
	CHECK_TEXT(format(false, false, true), "21:18:04.464110820: Notice saw <NA>\n");
}

TEST(the_time_of_a_line_is_local_and_that_of_an_object_is_not)
{
	begin_rule("r", 0);
	emit_literal("x");
	end_rule();
	setenv("TZ", "UTC-03:30", 1);
	tzset();
	CHECK_TEXT(format(false, false, true), "00:48:04.464110820: Emergency x\n");
	CHECK(strstr(format(true, false, true), "\"time\":\"2026-11-21T21:18:04.464110820Z\"}\n"));
	setenv("TZ", "UTC", 1);
	tzset();
}

TEST(an_object_has_its_keys_in_order_and_typed_values)
{
	uint32_t name, tty, uid, flag, missing;

	begin_rule("Rule \"one\"", 6);
	tags[0] = add_string("T1");
	tags[1] = add_string("container");
	rules[0].tag_count = 2;
	tty = add_field(SK_FIELD_PROC_TTY, SK_ARGUMENT_KIND_NONE, "proc.tty");
	name = add_field(SK_FIELD_PROC_NAME, SK_ARGUMENT_KIND_NONE, "proc.name");
	uid = add_field(SK_FIELD_USER_LOGINUID, SK_ARGUMENT_KIND_NONE, "user.loginuid");
	flag = add_field(SK_FIELD_PROC_IS_EXE_FROM_MEMFD, SK_ARGUMENT_KIND_NONE, "proc.is_exe_from_memfd");
	missing = add_field(SK_FIELD_PROC_ANAME, SK_ARGUMENT_KIND_INDEX, "proc.aname[2]");
	for (uint32_t i = 0; i < bundle.expressions_count; i++) {
		emit_literal(i ? " " : "m ");
		emit(SK_OP_FIELD, i, 0);
	}
	emit(SK_OP_FIELD, name, 0);
	end_rule();
	engine.values[tty] = sk_value_number(SK_TYPE_UINT32, 34816);
	engine.values[uid] = sk_value_number(SK_TYPE_INT64, UINT64_MAX);
	engine.values[flag] = sk_value_bool(true);
	engine.values[missing] = sk_value_missing();
	set_text(name, "a\"b");
	CHECK_TEXT(
		format(true, false, true),
		"{\"hostname\":\"the \\\"host\\\"\","
		"\"output\":\"21:18:04.464110820: Informational m 34816 a\\\"b -1 true <NA>a\\\"b\","
		"\"output_fields\":{\"evt.time\":1795295884464110820,\"proc.aname[2]\":null,"
		"\"proc.is_exe_from_memfd\":true,\"proc.name\":\"a\\\"b\",\"proc.tty\":34816,\"user.loginuid\":-1},"
		"\"priority\":\"Informational\",\"rule\":\"Rule \\\"one\\\"\",\"source\":\"syscall\","
		"\"tags\":[\"T1\",\"container\"],\"time\":\"2026-11-21T21:18:04.464110820Z\"}\n");
	CHECK(strstr(format(true, true, true), "{\"evt.time.iso8601\":1795295884464110820,\"proc"));
}

TEST(without_fields_there_is_still_the_time)
{
	begin_rule("r", 7);
	emit_literal("hello");
	end_rule();
	CHECK(strstr(format(true, false, true), "\"output_fields\":{\"evt.time\":1795295884464110820},"));
	CHECK(strstr(format(true, false, true), "\"tags\":[],"));
}

TEST(objects_always_tell_what_they_rest_on_and_lines_where_it_is_not_complete)
{
	uint32_t name, tty;

	begin_rule("r", 7);
	tty = add_field(SK_FIELD_USER_NAME, SK_ARGUMENT_KIND_NONE, "user.name");
	name = add_field(SK_FIELD_PROC_NAME, SK_ARGUMENT_KIND_NONE, "proc.name");
	emit(SK_OP_FIELD, name, 0);
	emit(SK_OP_FIELD, tty, 0);
	end_rule();
	set_text(name, "cat");
	set_text(tty, "root");
	CHECK_TEXT(format_resting_on("complete", true, false), "21:18:04.464110820: Debug catroot\n");
	CHECK_TEXT(format_resting_on("lost: \"1\"\n", true, false),
		   "21:18:04.464110820: Debug catroot saker_evidence=(lost: \\\"1\\\"\\n)\n");
	CHECK(strstr(format_resting_on("complete", true, true),
		     "\"proc.name\":\"cat\",\"saker.evidence\":\"complete\",\"user.name\":\"root\"}"));
	CHECK(strstr(format_resting_on("lost: \"1\"\n", true, true),
		     "\"output\":\"21:18:04.464110820: Debug catroot\","));
	CHECK(strstr(buffer.bytes, "\"saker.evidence\":\"lost: \\\"1\\\"\\n\","));
	CHECK(!strstr(format_resting_on(NULL, false, true), "evidence"));
	CHECK_TEXT(format_resting_on(NULL, false, false), "21:18:04.464110820: Debug catroot\n");
}

TEST(an_output_that_names_what_it_rests_on_says_it_once)
{
	uint32_t evidence;

	begin_rule("r", 7);
	evidence = add_field(SK_FIELD_SAKER_EVIDENCE, SK_ARGUMENT_KIND_NONE, "saker.evidence");
	emit(SK_OP_FIELD, evidence, 0);
	emit_literal("|");
	emit(SK_OP_FIELD, evidence, 3);
	end_rule();
	engine.values[evidence] = sk_value_missing();
	for (int shown = 0; shown < 2; shown++) {
		CHECK_TEXT(format_resting_on("lost", shown, false), "21:18:04.464110820: Debug lost|los\n");
		CHECK(strstr(format_resting_on("lost", shown, true),
			     "\"output_fields\":{\"evt.time\":1795295884464110820,\"saker.evidence\":\"lost\"}"));
	}
	CHECK(strstr(format_resting_on(NULL, false, true), "\"saker.evidence\":null"));
}

TEST(suggested_fields_may_be_left_out_of_both)
{
	uint32_t name, id;

	begin_rule("r", 7);
	name = add_field(SK_FIELD_PROC_NAME, SK_ARGUMENT_KIND_NONE, "proc.name");
	id = add_field(SK_FIELD_CONTAINER_ID, SK_ARGUMENT_KIND_NONE, "container.id");
	emit(SK_OP_FIELD, name, 0);
	emit(SK_OP_SUGGESTED, 0, 0);
	emit_literal(" container_id=");
	emit(SK_OP_FIELD, id, 0);
	end_rule();
	set_text(name, "cat");
	set_text(id, "host");
	CHECK_TEXT(format(false, false, true), "21:18:04.464110820: Debug cat container_id=host\n");
	CHECK_TEXT(format(false, false, false), "21:18:04.464110820: Debug cat\n");
	CHECK(strstr(format(true, false, true), "\"container.id\":\"host\""));
	CHECK(!strstr(format(true, false, false), "container"));
}

TEST(a_transformer_contributes_what_is_inside)
{
	uint32_t name, path, inner, outer;

	begin_rule("r", 7);
	name = add_field(SK_FIELD_PROC_NAME, SK_ARGUMENT_KIND_NONE, "proc.name");
	path = add_field(SK_FIELD_PROC_EXEPATH, SK_ARGUMENT_KIND_NONE, "proc.exepath");
	inner = add_expression(SK_EXPRESSION_TRANSFORMER, "tolower(proc.exepath)");
	expressions[inner].transformer = SK_TRANSFORMER_TOLOWER;
	expressions[inner].operand = 0;
	expressions[inner].count = 1;
	arguments[0] = path;
	outer = add_expression(SK_EXPRESSION_TRANSFORMER, "concat(proc.name, tolower(proc.exepath))");
	expressions[outer].transformer = SK_TRANSFORMER_CONCAT;
	expressions[outer].operand = 1;
	expressions[outer].count = 2;
	arguments[1] = name;
	arguments[2] = inner;
	emit(SK_OP_FIELD, outer, 0);
	end_rule();
	set_text(name, "N");
	set_text(path, "/P");
	set_text(inner, "/p");
	set_text(outer, "N/p");
	CHECK(strstr(format(true, false, true), "{\"concat(proc.name, tolower(proc.exepath))\":\"N/p\","
						"\"evt.time\":1795295884464110820,\"proc.exepath\":\"/P\","
						"\"proc.name\":\"N\",\"tolower(proc.exepath)\":\"/p\"}"));
}

TEST(a_width_cuts_or_pads_the_text_and_not_the_json_value)
{
	uint32_t name;

	begin_rule("r", 7);
	name = add_field(SK_FIELD_PROC_NAME, SK_ARGUMENT_KIND_NONE, "proc.name");
	emit(SK_OP_FIELD, name, 5);
	emit_literal("|");
	emit(SK_OP_FIELD, name, 2);
	emit_literal("|");
	end_rule();
	set_text(name, "cat");
	CHECK_TEXT(format(false, false, true), "21:18:04.464110820: Debug cat  |ca|\n");
	CHECK(strstr(format(true, false, true), "\"proc.name\":\"cat\""));
	/* Half a character is none. */
	set_text(name, "a\xc3\xbc");
	CHECK_TEXT(format(false, false, true), "21:18:04.464110820: Debug a\xc3\xbc  |a\xef\xbf\xbd|\n");
}

TEST(ancestors_are_joined_by_blanks)
{
	struct sk_value items[5] = {sk_value_text("", 0), sk_value_text("a", 1), sk_value_text("", 0),
				    sk_value_text("b", 1)};
	uint32_t names;

	/* What is shown lies behind the last one. */
	items[4] = (struct sk_value){
		.presence = SK_PRESENT, .type = SK_TYPE_STRING, .list = 1, .length = 4, .items = items};

	begin_rule("r", 7);
	names = add_field(SK_FIELD_PROC_ANAME, SK_ARGUMENT_KIND_NONE, "proc.aname");
	emit(SK_OP_FIELD, names, 0);
	end_rule();
	engine.values[names] = (struct sk_value){
		.presence = SK_PRESENT, .type = SK_TYPE_STRING, .list = 1, .length = 4, .items = items};
	CHECK_TEXT(format(false, false, true), "21:18:04.464110820: Debug a  b\n");
	CHECK(strstr(format(true, false, true), "\"proc.aname\":\"a  b\""));
	/* Nothing but empty ones is nothing. */
	items[1] = items[3] = sk_value_text("", 0);
	CHECK_TEXT(format(false, false, true), "21:18:04.464110820: Debug <NA>\n");
	CHECK(strstr(format(true, false, true), "\"proc.aname\":null"));
}

TEST(a_filter_of_both_ends_shows_nothing_and_a_network_only_its_kind)
{
	const struct sk_address address = {.bytes = {127, 0, 0, 1}, .length = 4};
	const struct sk_value item = {
		.presence = SK_PRESENT, .type = SK_TYPE_IPADDR, .length = 1, .address = &address};
	uint32_t both, net, ip;

	begin_rule("r", 7);
	both = add_field(SK_FIELD_FD_IP, SK_ARGUMENT_KIND_NONE, "fd.ip");
	net = add_field(SK_FIELD_FD_CNET, SK_ARGUMENT_KIND_NONE, "fd.cnet");
	ip = add_field(SK_FIELD_FD_CIP, SK_ARGUMENT_KIND_NONE, "fd.cip");
	for (uint32_t i = 0; i < 3; i++)
		emit(SK_OP_FIELD, i, 0);
	end_rule();
	engine.values[both] = (struct sk_value){
		.presence = SK_PRESENT, .type = SK_TYPE_IPADDR, .list = 1, .length = 1, .items = &item};
	engine.values[ip] = engine.values[net] = item;
	engine.values[net].type = SK_TYPE_IPNET;
	CHECK_TEXT(format(false, false, true), "21:18:04.464110820: Debug <NA><IPNET>127.0.0.1\n");
	CHECK(strstr(format(true, false, true),
		     "\"fd.cip\":\"127.0.0.1\",\"fd.cnet\":\"<IPNET>\",\"fd.ip\":null}"));
}

TEST(numbers_that_are_printed_otherwise_are_strings_in_json)
{
	const struct sk_value items[2] = {sk_value_text("file", 4), sk_value_text("ip\"v4", 5)};
	uint32_t hex, duration, real, list, bytes;

	begin_rule("r", 7);
	hex = add_field(SK_FIELD_FD_DEV, SK_ARGUMENT_KIND_NONE, "fd.dev");
	duration = add_field(SK_FIELD_PROC_DURATION, SK_ARGUMENT_KIND_NONE, "proc.duration");
	real = add_field(SK_FIELD_PROC_FDUSAGE, SK_ARGUMENT_KIND_NONE, "proc.fdusage");
	list = add_field(SK_FIELD_FD_TYPES, SK_ARGUMENT_KIND_NONE, "fd.types");
	bytes = add_field(SK_FIELD_EVT_BUFFER, SK_ARGUMENT_KIND_NONE, "evt.buffer");
	for (uint32_t i = 0; i < 5; i++)
		emit(SK_OP_FIELD, i, 0);
	end_rule();
	engine.values[hex] = sk_value_number(SK_TYPE_INT32, 0xfe00);
	engine.values[hex].format = SK_FORMAT_HEX;
	engine.values[duration] = sk_value_number(SK_TYPE_RELTIME, 7);
	engine.values[duration].format = SK_FORMAT_10_PADDED_DEC;
	engine.values[real] = (struct sk_value){.presence = SK_PRESENT, .type = SK_TYPE_DOUBLE, .real = 0.015};
	engine.values[list] = (struct sk_value){
		.presence = SK_PRESENT, .type = SK_TYPE_STRING, .list = 1, .length = 2, .items = items};
	engine.values[bytes] = sk_value_text("a\0\xff\"", 4);
	engine.values[bytes].type = SK_TYPE_BYTES;
	CHECK_TEXT(format(false, false, true),
		   "21:18:04.464110820: Debug FE000000000070.0(file,ip\\\"v4)a..\\\"\n");
	CHECK(strstr(format(true, false, true),
		     "{\"evt.buffer\":\"a..\\\"\",\"evt.time\":1795295884464110820,\"fd.dev\":\"FE00\","
		     "\"fd.types\":[\"file\",\"ip\\\"v4\"],\"proc.duration\":7,\"proc.fdusage\":0.015}"));
	engine.values[real].real = 100;
	CHECK(strstr(format(true, false, true), "\"proc.fdusage\":100.0}"));
	engine.values[real].real = 0.0 / 0.0;
	CHECK(strstr(format(true, false, true), "\"proc.fdusage\":null}"));
}

TEST(no_value_can_end_the_line_or_break_the_object)
{
	static const char hostile[] = "x\n{\"rule\":\"forged\"}\r\x1b[2J\xff\xe2\x82";
	const char *line;
	uint32_t name;

	begin_rule("r", 7);
	name = add_field(SK_FIELD_PROC_NAME, SK_ARGUMENT_KIND_NONE, "proc.name");
	emit(SK_OP_FIELD, name, 0);
	end_rule();
	set_text(name, hostile);
	line = format(false, false, true);
	CHECK_TEXT(line, "21:18:04.464110820: Debug x\\n{\\\"rule\\\":\\\"forged\\\"}\\r\\u001b[2J"
			 "\xef\xbf\xbd\xef\xbf\xbd\n");
	CHECK(strchr(line, '\n') == line + buffer.length - 1);
	line = format(true, false, true);
	CHECK(strchr(line, '\n') == line + buffer.length - 1);
	CHECK(!strstr(line, "\"rule\":\"forged\""));
}

TEST(a_very_long_value_is_printed_whole)
{
	const uint32_t length = 1 << 18;
	char *text = malloc(length);
	uint32_t name;

	if (!text)
		return;
	memset(text, '\n', length);
	begin_rule("r", 7);
	name = add_field(SK_FIELD_PROC_CMDLINE, SK_ARGUMENT_KIND_NONE, "proc.cmdline");
	emit(SK_OP_FIELD, name, 0);
	end_rule();
	engine.values[name] = sk_value_text(text, length);
	format(false, false, true);
	CHECK_EQUAL(buffer.length, sizeof("21:18:04.464110820: Debug \n") - 1 + 2 * (size_t)length);
	free(text);
}

TEST(formatting_allocates_nothing_and_appends)
{
	const struct sk_alert_options options = {.json = true, .suggested = true};
	struct sk_alerts *alerts;
	size_t length;
	uint64_t count;
	uint32_t name;

	begin_rule("r", 7);
	name = add_field(SK_FIELD_PROC_NAME, SK_ARGUMENT_KIND_NONE, "proc.name");
	emit(SK_OP_FIELD, name, 0);
	end_rule();
	set_text(name, "cat");
	CHECK_EQUAL(sk_alerts_create(&bundle, &options, &alerts), 0);
	sk_buffer_clear(&buffer);
	sk_alerts_format(alerts, &engine, 0, TS, NULL, &buffer);
	length = buffer.length;
	sk_buffer_reserve(&buffer, 4096);
	count = sk_alloc_count();
	sk_alerts_format(alerts, &engine, 0, TS, NULL, &buffer);
	CHECK_EQUAL(sk_alloc_count(), count);
	CHECK_EQUAL(buffer.length, 2 * length);
	CHECK(memcmp(buffer.bytes, buffer.bytes + length, length) == 0);
	sk_alerts_destroy(alerts);
}

TEST(without_memory_there_is_no_half_alert)
{
	const struct sk_alert_options options = {.json = true, .suggested = true, .hostname = "h"};
	struct sk_alerts *alerts = NULL;
	char longer[1024];
	uint32_t name;

	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	begin_rule("r", 7);
	name = add_field(SK_FIELD_PROC_NAME, SK_ARGUMENT_KIND_NONE, "proc.name");
	emit(SK_OP_FIELD, name, 0);
	end_rule();
	set_text(name, longer);
	for (size_t i = 0;; i++) {
		int result;

		sk_alloc_fail_after(i);
		result = sk_alerts_create(&bundle, &options, &alerts);
		sk_alloc_fail_after(SIZE_MAX);
		if (result == 0)
			break;
		CHECK_EQUAL(result, -12);
		CHECK(i < 100);
	}
	sk_buffer_release(&buffer);
	sk_buffer_append_text(&buffer, "before\n");
	sk_alloc_fail_after(0);
	sk_alerts_format(alerts, &engine, 0, TS, NULL, &buffer);
	sk_alloc_fail_after(SIZE_MAX);
	CHECK(buffer.failed);
	CHECK_EQUAL(buffer.length, 7);
	sk_alerts_destroy(alerts);
	sk_buffer_release(&buffer);
}

TEST_MAIN(
	RUN(a_line_has_time_priority_and_message) RUN(the_time_of_a_line_is_local_and_that_of_an_object_is_not) RUN(
		an_object_has_its_keys_in_order_and_typed_values) RUN(without_fields_there_is_still_the_time)
		RUN(objects_always_tell_what_they_rest_on_and_lines_where_it_is_not_complete) RUN(
			an_output_that_names_what_it_rests_on_says_it_once)
			RUN(suggested_fields_may_be_left_out_of_both) RUN(a_transformer_contributes_what_is_inside)
				RUN(a_width_cuts_or_pads_the_text_and_not_the_json_value)
					RUN(ancestors_are_joined_by_blanks) RUN(
						a_filter_of_both_ends_shows_nothing_and_a_network_only_its_kind)
						RUN(numbers_that_are_printed_otherwise_are_strings_in_json)
							RUN(no_value_can_end_the_line_or_break_the_object)
								RUN(a_very_long_value_is_printed_whole) RUN(
									formatting_allocates_nothing_and_appends)
									RUN(without_memory_there_is_no_half_alert))
