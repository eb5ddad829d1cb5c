/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reference's recorded outputs (../shared/data/cases.jsonl, kind
 * `format`): compiled as the output of a rule and printed, as text and as the
 * output_fields of a JSON alert.
 */
#include "tests/conformance/excuses.h"
#include "tests/conformance/recorded_host.h"

#include "runtime/alert/alert.h"

struct tally {
	int cases, printed, excused, wrong;
};

/* The alert of the event; false if it cannot be made. */
static bool print(struct fixture *pack, struct host *host, bool json, struct sk_buffer *ret_line)
{
	struct sk_vm_options options = {
		.extract = extract, .engine = SK_VM_ENGINE_LINEAR, .match_all = true, .priority = 7};
	const struct sk_alert_options alert_options = {.json = json, .hostname = "host"};
	struct sk_alerts *alerts = NULL;
	struct sk_vm *vm = NULL;
	const uint32_t *rules;

	if (sk_vm_create(&pack->bundle, &options, &vm, &pack->error) == 0 &&
	    sk_alerts_create(&pack->bundle, &alert_options, &alerts) == 0) {
		sk_vm_evaluate(vm, SK_EVENT_SYSCALL_OPEN_X, host, &rules);
		sk_alerts_format(alerts, vm, 0, 0, NULL, ret_line);
	}
	sk_alerts_destroy(alerts);
	sk_vm_destroy(vm);
	return ret_line->length > 0;
}

/* "00:00:00.000000000: Warning MESSAGE\n" */
static bool text_agrees(struct sk_buffer *line, const char *expected)
{
	const char *message = strstr(line->bytes, ": Warning ");

	line->bytes[--line->length] = '\0';
	return message && strcmp(message + strlen(": Warning "), expected) == 0;
}

/* What was recorded has not the time that begins each alert. */
static bool fields_agree(const struct sk_buffer *line, const char *expected)
{
	json_t *alert = json_loadb(line->bytes, line->length, 0, NULL), *fields, *wanted;
	bool agree;

	fields = json_object_get(alert, "output_fields");
	wanted = json_loads(expected, JSON_DECODE_ANY, NULL);
	json_object_del(fields, "evt.time");
	agree = json_is_null(wanted) ? json_object_size(fields) == 0 : json_equal(fields, wanted);
	json_decref(alert);
	json_decref(wanted);
	return agree;
}

/* The recorded value of each token, as text: that it stands in the JSON of an alert. */
static bool values_agree(const struct sk_buffer *line, json_t *values)
{
	json_t *alert = json_loadb(line->bytes, line->length, 0, NULL), *value;
	json_t *fields = json_object_get(alert, "output_fields");
	bool agree = alert != NULL;
	const char *key;

	json_object_foreach(values, key, value)
	{
		json_t *have = json_object_get(fields, key);
		char number[32] = "<NA>";

		if (json_is_integer(have))
			snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(have));
		agree &= have && strcmp(json_is_string(have) ? json_string_value(have) : number,
					json_string_value(value)) == 0;
	}
	json_decref(alert);
	return agree;
}

/* What the reference's tests set up without saying so in the case. */
static void set_up(struct host *host, json_t **ret_more)
{
	const char *tree = text_of(host->fields, "_tree");

	*ret_more = host->fields ? json_deep_copy(host->fields) : json_object();
	host->fields = *ret_more;
	if (tree) {
		json_object_set_new(*ret_more, "proc.name", json_string("child"));
		json_object_set_new(*ret_more, "proc.apid", json_integer(2));
		host->ancestors[0] = "bash";
		host->ancestors[1] = "init";
	} else {
		json_object_set_new(*ret_more, "proc.aname[0]", json_string("init"));
		json_object_set_new(*ret_more, "proc.apid[0]", json_integer(1));
	}
}

static bool agrees(struct fixture *pack, json_t *item)
{
	struct host host = {.fields = json_object_get(item, "fields")};
	json_t *expect = json_object_get(item, "expect"), *more;
	const char *expected = text_of(expect, "output"), *form = text_of(item, "output_format");
	bool json = form && strcmp(form, "json") == 0, ok = json_is_true(json_object_get(expect, "ok"));
	struct sk_buffer line = {0}, fields = {0};
	bool right;

	fixture_rule(pack, "case", "evt.type = open", text_of(item, "input"));
	pack->options.accept_any_type = true;
	if ((fixture_open(pack) == 0) != ok)
		return false;
	if (!ok || !expected)
		return true;
	set_up(&host, &more);
	right = print(pack, &host, json, &line) &&
		(json ? fields_agree(&line, expected) : text_agrees(&line, expected));
	if (!right && !is_excused(text_of(item, "id")))
		printf("# %s: %.*s\n", text_of(item, "id"), (int)line.length, line.bytes);
	/* Transformed values are left out where the case asks for that, which is another case's matter. */
	right &= print(pack, &host, true, &fields) && values_agree(&fields, json_object_get(expect, "values"));
	sk_buffer_release(&line);
	sk_buffer_release(&fields);
	json_decref(more);
	return right;
}

static void check_format(json_t *item, void *state)
{
	struct tally *tally = state;
	struct fixture pack;
	bool right, excused;

	if (strcmp(text_of(item, "kind"), "format") != 0)
		return;
	tally->cases++;
	fixture_begin(&pack);
	right = agrees(&pack, item);
	tally->printed += text_of(json_object_get(item, "expect"), "output") != NULL;
	excused = is_excused(text_of(item, "id"));
	tally->excused += excused;
	if (right == excused) {
		tally->wrong++;
		printf("# %s: %s: %s\n", text_of(item, "id"), excused ? "agrees, but is excused" : "differs",
		       text_of(item, "input"));
		fixture_print(&pack);
	}
	fixture_end(&pack);
}

TEST(outputs_print_as_in_the_reference)
{
	struct tally tally = {0};

	if (!each_case(check_format, &tally)) {
		SKIP("no ../shared/data/cases.jsonl");
		return;
	}
	printf("# %d cases, %d printed, %d excused, %d differences\n", tally.cases, tally.printed, tally.excused,
	       tally.wrong);
	CHECK(tally.cases > 40);
	CHECK(tally.printed > 20);
	CHECK_EQUAL(tally.wrong, 0);
}

TEST_MAIN(RUN(outputs_print_as_in_the_reference))
