/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reference's recorded conditions: which of them compile, what they give
 * for given field values, and for which events they can be true
 * (../shared/data/cases.jsonl, kinds `eval` and `condition-parse`).
 *
 * A condition is compiled as the only rule of a pack, with the two options
 * that make the compiler take what the reference's bare filters take: fields
 * that have no extractor yet, and any use of evt.type.
 */
#include "tests/conformance/recorded_host.h"

/* --- conditions -------------------------------------------------------- */

/* The condition with mock fields renamed. */
static char *rename_mocks(struct sk_arena *arena, const char *condition, size_t length, size_t *ret_length)
{
	struct sk_buffer buffer = {0};
	char *copy;

	for (size_t i = 0; i < length;) {
		int found = -1;

		for (int k = 0; k < MOCK_COUNT; k++) {
			if (strncmp(condition + i, mocks[k].mock, strlen(mocks[k].mock)) == 0)
				found = k;
		}
		if (found < 0) {
			sk_buffer_append_char(&buffer, condition[i++]);
			continue;
		}
		sk_buffer_append_text(&buffer, mocks[found].field);
		i += strlen(mocks[found].mock);
	}
	copy = sk_arena_copy(arena, buffer.bytes ? buffer.bytes : "", buffer.length);
	*ret_length = buffer.length;
	sk_buffer_release(&buffer);
	return copy;
}

/* Compiles one condition as the reference's filters do; true if it is accepted. */
static bool accepts(struct fixture *pack, const char *condition, size_t length)
{
	struct sk_pack_rule *rule = fixture_rule(pack, "case", "evt.num = 1", "x");
	size_t renamed;
	char *text = rename_mocks(&pack->arena, condition, length, &renamed);

	pack->options.accept_any_type = true;
	rule->condition = fixture_text(pack, "case", "condition", text, renamed);
	rule->tree = fixture_parse(pack, &rule->condition, SK_PARSE_DEPTH_DEFAULT);
	return rule->tree && fixture_compile(pack) == 0;
}

struct tally {
	int cases, evaluated, wrong;
};

static void report(struct tally *tally, json_t *item, const char *what)
{
	tally->wrong++;
	printf("# %s: %s: %s\n", text_of(item, "id"), what, text_of(item, "input"));
}

static void evaluate(struct tally *tally, struct fixture *pack, json_t *item, bool expected)
{
	struct host host = {.fields = json_object_get(item, "fields")};
	const char *encoding = text_of(host.fields, "_encoding");
	/* The cases give events fields that their type does not have: only the linear engine asks for those. */
	struct sk_vm_options options = {
		.extract = extract, .engine = SK_VM_ENGINE_LINEAR, .match_all = true, .priority = 7};
	struct sk_error error = {0};
	struct sk_vm *vm = NULL;
	const uint32_t *rules;
	bool matched;

	host.latin1 = encoding && strcmp(encoding, "latin1") == 0;
	host.zero_length_args = json_object_get(host.fields, "_note") != NULL;
	/* Without values in the case: what the reference's test sets up. */
	if (strstr(text_of(item, "id"), "PROC_FILTER_aname"))
		host = (struct host){.ancestors = {"bash", "init"}};
	if (sk_bundle_from_memory(pack->bytes.bytes, pack->bytes.length, &pack->bundle, &error) != 0) {
		report(tally, item, error.message);
		return;
	}
	if (sk_vm_create(&pack->bundle, &options, &vm, &error) != 0) {
		report(tally, item, error.message);
		return;
	}
	matched = sk_vm_evaluate(vm, SK_EVENT_SYSCALL_OPEN_X, &host, &rules) == 1;
	if (matched != expected)
		report(tally, item, expected ? "does not match" : "matches");
	tally->evaluated++;
	sk_vm_destroy(vm);
}

static void check_eval(json_t *item, void *state)
{
	struct tally *tally = state;
	json_t *expect = json_object_get(item, "expect");
	json_t *match = json_object_get(expect, "match");
	bool ok = json_is_true(json_object_get(expect, "ok"));
	json_t *input = json_object_get(item, "input");
	const char *message = text_of(expect, "message");
	struct fixture pack;
	json_t *code;
	size_t i;

	if (strcmp(text_of(item, "kind"), "eval") != 0)
		return;
	tally->cases++;
	fixture_begin(&pack);
	if (accepts(&pack, json_string_value(input), json_string_length(input)) != ok) {
		report(tally, item, ok ? "refused" : "accepted");
		fixture_print(&pack);
	} else if (ok && json_is_boolean(match)) {
		evaluate(tally, &pack, item, json_is_true(match));
	}
	json_array_foreach(json_object_get(expect, "warnings"), i, code)
	{
		bool found = false;

		for (uint32_t k = 0; k < pack.diagnostics.count; k++)
			found |= strcmp(sk_diagnostic_infos[pack.diagnostics.items[k].id].code,
					json_string_value(code)) == 0;
		if (!found)
			report(tally, item, json_string_value(code));
	}
	/* The reference's prefix is not ours; what it says of the field is. */
	if (message && strncmp(message, "filter error: ", 14) == 0 &&
	    !fixture_find(&pack, SK_DIAGNOSTIC_COMPILE_CONDITION, message + 14))
		report(tally, item, message);
	if (strstr(text_of(item, "id"), "compilation_warnings") &&
	    json_array_size(json_object_get(expect, "warnings")) == 0 && pack.diagnostics.warnings != 0)
		report(tally, item, "a warning too many");
	fixture_end(&pack);
}

TEST(conditions_compile_and_evaluate_as_in_the_reference)
{
	struct tally tally = {0};

	if (!each_case(check_eval, &tally)) {
		SKIP("no ../shared/data/cases.jsonl");
		return;
	}
	printf("# %d cases, %d evaluated, %d differences\n", tally.cases, tally.evaluated, tally.wrong);
	CHECK(tally.cases > 600);
	CHECK(tally.evaluated > 360);
	CHECK_EQUAL(tally.wrong, 0);
}

/* --- event types ------------------------------------------------------- */

static bool find_set(struct fixture *pack, const char *condition, struct sk_event_set *ret_set)
{
	struct sk_text text = fixture_text(pack, "case", "condition", condition, strlen(condition));
	struct sk_node *tree = fixture_parse(pack, &text, SK_PARSE_DEPTH_DEFAULT);
	struct sk_event_sets sets;

	sk_event_sets_init(&sets, &pack->arena);
	return tree && sk_event_sets_find(&sets, tree, 1000, ret_set) == 0;
}

/* The set that a case names: names, "ALL" or "ALL-{names}". */
static bool is_named_set(const struct sk_event_set *set, json_t *names)
{
	const char *all = json_string_value(names);
	const char *without = all ? strchr(all, '{') : NULL;

	for (uint32_t type = 0; type < SK_EVENT_COUNT; type++) {
		bool expected = all && !without;

		if (without) {
			size_t length = strcspn(without + 1, "}");

			expected = strlen(sk_events[type].name) != length ||
				   strncmp(sk_events[type].name, without + 1, length) != 0;
		}
		for (size_t i = 0; i < json_array_size(names); i++)
			expected |= strcmp(json_string_value(json_array_get(names, i)), sk_events[type].name) == 0;
		if (sk_event_set_has_type(set, type) != expected)
			return false;
	}
	return true;
}

static void check_event_types(json_t *item, void *state)
{
	struct tally *tally = state;
	json_t *expect = json_object_get(item, "expect");
	json_t *names = json_object_get(expect, "evttypes");
	json_t *ok = json_object_get(expect, "evttypes_ok");
	const char *same = text_of(expect, "evttypes_same_as");
	struct sk_event_set set, other;
	struct fixture pack;

	if (!names && !same && !ok)
		return;
	tally->cases++;
	fixture_begin(&pack);
	if (ok) {
		fixture_rule(&pack, "case", text_of(item, "input"), "x");
		if ((fixture_compile(&pack) == 0) != json_is_true(ok))
			report(tally, item, json_is_true(ok) ? "refused" : "accepted");
	} else if (!find_set(&pack, text_of(item, "input"), &set)) {
		report(tally, item, "no set");
	} else if (names && !is_named_set(&set, names)) {
		report(tally, item, "other event types");
	} else if (same && (!find_set(&pack, same, &other) || memcmp(&set, &other, sizeof(set)) != 0)) {
		report(tally, item, "not the same event types");
	}
	fixture_end(&pack);
}

TEST(event_types_of_conditions_are_those_of_the_reference)
{
	struct tally tally = {0};

	if (!each_case(check_event_types, &tally)) {
		SKIP("no ../shared/data/cases.jsonl");
		return;
	}
	printf("# %d cases, %d differences\n", tally.cases, tally.wrong);
	CHECK(tally.cases > 100);
	CHECK_EQUAL(tally.wrong, 0);
}

TEST_MAIN(RUN(conditions_compile_and_evaluate_as_in_the_reference)
		  RUN(event_types_of_conditions_are_those_of_the_reference))
