/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reference's recorded conditions: which of them compile, what they give
 * for given field values, and for which events they can be true
 * (../shared/data/cases.jsonl, kinds `eval` and `condition-parse`).
 *
 * A condition is compiled as the only rule of a pack, with the two options
 * that make the compiler take what the reference's bare filters take: fields
 * that have no extractor yet, and any use of evt.type.
 *
 * The reference's own tests have fields that exist nowhere else.  They are
 * renamed to evt.arg.NAME, a text of any name, before a condition is parsed;
 * see mocks[].
 */
#include <stdlib.h>

#include <arpa/inet.h>
#include <jansson.h>

#include "compiler/eventset.h"
#include "tests/test.h"
#include "tests/unit/compiler/fixture.h"
#include "vm/vm.h"

static const struct {
	const char *mock, *field, *value; /* value NULL: the case gives it under the mock's name */
} mocks[] = {
	/* Always true and always false, whatever is asked: the cases ask `= 1` where they evaluate. */
	{"c.true", "evt.arg.mock_true", "1"},
	{"c.false", "evt.arg.mock_false", "0"},
	{"c.singlequote", "evt.arg.mock_singlequote", NULL},
	{"c.doublequote", "evt.arg.mock_doublequote", NULL},
	{"c.buffer", "evt.buffer", NULL},
};
enum { MOCK_COUNT = sizeof(mocks) / sizeof(mocks[0]) };

static const char *shared_folder(void)
{
	const char *folder = getenv("SK_SHARED");

	return folder ? folder : "../shared";
}

/* Calls `visit` for each case; false if the file is not there. */
static bool each_case(void (*visit)(json_t *item, void *state), void *state)
{
	char path[1024];
	char *line = NULL;
	size_t capacity = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/data/cases.jsonl", shared_folder());
	file = fopen(path, "re");
	if (!file)
		return false;
	while (getline(&line, &capacity, file) > 0) {
		json_t *item = json_loads(line, JSON_ALLOW_NUL, NULL);

		if (item)
			visit(item, state);
		json_decref(item);
	}
	free(line);
	fclose(file);
	return true;
}

static const char *text_of(json_t *item, const char *key)
{
	return json_string_value(json_object_get(item, key));
}

/* --- the host: values of a case ---------------------------------------- */

struct host {
	json_t *fields;
	bool latin1;           /* characters of the values stand for bytes */
	bool zero_length_args; /* an execve whose last parameters are there and empty */
	const char *ancestors[4];
};

static struct sk_value text_value(const struct host *host, json_t *json, struct sk_arena *scratch)
{
	const char *utf8 = json_string_value(json);
	size_t length = json_string_length(json);
	char *bytes = sk_arena_alloc(scratch, length + 1);
	uint32_t count = 0;

	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)utf8[i];

		if (host->latin1 && (byte & 0xe0) == 0xc0 && i + 1 < length)
			byte = (unsigned char)((byte << 6) | (utf8[++i] & 0x3f));
		bytes[count++] = (char)byte;
	}
	return sk_value_text(bytes, count);
}

static bool address_value(const char *text, enum sk_type type, struct sk_arena *scratch, struct sk_value *ret_value)
{
	struct sk_address *address = sk_arena_alloc_zeroed(scratch, 1, sizeof(*address));

	address->length = strchr(text, ':') ? 16 : 4;
	if (inet_pton(address->length == 4 ? AF_INET : AF_INET6, text, address->bytes) != 1)
		return false;
	*ret_value = (struct sk_value){.presence = SK_PRESENT, .type = (uint8_t)type, .address = address};
	return true;
}

static void to_value(const struct host *host, json_t *json, enum sk_type type, struct sk_arena *scratch,
		     struct sk_value *ret_value)
{
	*ret_value = sk_value_missing();
	if (!json || json_is_null(json))
		return;
	switch (sk_types[type].class) {
	case SK_CLASS_STRING:
	case SK_CLASS_BYTES:
		if (!json_is_string(json))
			return;
		*ret_value = text_value(host, json, scratch);
		ret_value->type = (uint8_t)type;
		return;
	case SK_CLASS_BOOL:
		*ret_value = sk_value_bool(json_is_true(json));
		return;
	case SK_CLASS_NUMBER:
		*ret_value = sk_value_number(type, (uint64_t)json_integer_value(json));
		return;
	case SK_CLASS_ADDRESS:
		if (json_is_string(json))
			address_value(json_string_value(json), type, scratch, ret_value);
		return;
	case SK_CLASS_LIST:
	case SK_CLASS_OPAQUE:
	case SK_CLASS_ALL:
		return;
	}
}

static void to_list(const struct host *host, json_t *const *items, uint32_t count, enum sk_type type,
		    struct sk_arena *scratch, struct sk_value *ret_value)
{
	struct sk_value *values = sk_arena_alloc_zeroed(scratch, count + 1, sizeof(*values));
	uint32_t present = 0;

	for (uint32_t i = 0; i < count; i++) {
		to_value(host, items[i], type, scratch, &values[present]);
		present += values[present].presence == SK_PRESENT;
	}
	*ret_value = (struct sk_value){
		.presence = SK_PRESENT, .type = (uint8_t)type, .list = 1, .length = present, .items = values};
}

static void ancestors_value(const struct host *host, struct sk_arena *scratch, struct sk_value *ret_value)
{
	struct sk_value *values = sk_arena_alloc_zeroed(scratch, 4, sizeof(*values));
	uint32_t count = 0;

	for (; count < 4 && host->ancestors[count]; count++)
		values[count] = sk_value_text(host->ancestors[count], (uint32_t)strlen(host->ancestors[count]));
	*ret_value = (struct sk_value){
		.presence = SK_PRESENT, .type = SK_TYPE_STRING, .list = 1, .length = count, .items = values};
}

static void extract(void *event, const struct sk_field_ref *ref, struct sk_arena *scratch,
		    struct sk_value *ret_value)
{
	const struct host *host = event;
	const struct sk_field_info *info = &sk_fields[ref->field];
	json_t *ends[2];
	char name[512];

	*ret_value = sk_value_missing();
	if (ref->field == SK_FIELD_PROC_ANAME && ref->kind == SK_ARGUMENT_KIND_NONE && host->ancestors[0]) {
		ancestors_value(host, scratch, ret_value);
		return;
	}
	if (host->zero_length_args && ref->kind == SK_ARGUMENT_KIND_TEXT &&
	    (ref->field == SK_FIELD_EVT_ARG ||
	     (ref->field == SK_FIELD_EVT_RAWARG && strcmp(ref->argument, "trusted_exepath") == 0))) {
		*ret_value = sk_value_text("<NA>", 4);
		return;
	}
	if (info->quantifier == SK_QUANTIFIER_BOTH) {
		bool ports = ref->field == SK_FIELD_FD_PORT;

		ends[0] = json_object_get(host->fields, ports ? "fd.cport" : "fd.cip");
		ends[1] = json_object_get(host->fields, ports ? "fd.sport" : "fd.sip");
		to_list(host, ends, 2, ref->type, scratch, ret_value);
		return;
	}
	if (ref->kind == SK_ARGUMENT_KIND_NONE)
		snprintf(name, sizeof(name), "%s", info->name);
	else if (ref->kind == SK_ARGUMENT_KIND_TEXT &&
		 (info->argument == SK_ARGUMENT_SUFFIX || info->argument == SK_ARGUMENT_SUFFIX_OR_INDEX))
		snprintf(name, sizeof(name), "%s.%s", info->name, ref->argument);
	else
		snprintf(name, sizeof(name), "%s[%s]", info->name, ref->argument);
	for (int i = 0; i < MOCK_COUNT; i++) {
		if (strcmp(name, mocks[i].field) != 0)
			continue;
		if (mocks[i].value) {
			*ret_value = sk_value_text(mocks[i].value, (uint32_t)strlen(mocks[i].value));
			return;
		}
		if (json_object_get(host->fields, mocks[i].mock) && strcmp(mocks[i].mock, "c.buffer") != 0)
			snprintf(name, sizeof(name), "%s", mocks[i].mock);
	}
	if (ref->list) {
		json_t *list = json_object_get(host->fields, name);
		json_t *items[8];
		uint32_t count = (uint32_t)json_array_size(list);

		if (!json_is_array(list) || count > 8)
			return;
		for (uint32_t i = 0; i < count; i++)
			items[i] = json_array_get(list, i);
		to_list(host, items, count, ref->type, scratch, ret_value);
		return;
	}
	to_value(host, json_object_get(host->fields, name), ref->type, scratch, ret_value);
}

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

/*
 * Finds the sections of a bundle without verifying it: the verifier refuses
 * fields without an extractor, which is what these conditions are about.
 */
static void open_unverified(const struct sk_buffer *bytes, struct sk_bundle *ret_bundle)
{
	const struct sk_bundle_section *sections =
		(const struct sk_bundle_section *)(bytes->bytes + sizeof(struct sk_bundle_header));
	struct sk_bundle bundle = {.bytes = (const uint8_t *)bytes->bytes, .size = bytes->length};

#define SK_SECTION(id, member, record, what)                                                                       \
	bundle.member = (const void *)(bytes->bytes + sections[SK_SECTION_##id].offset);                           \
	bundle.member##_count = (uint32_t)(sections[SK_SECTION_##id].size / sizeof(record));
	SK_SECTIONS(SK_SECTION)
#undef SK_SECTION
	*ret_bundle = bundle;
}

static bool uses_later_fields(const struct sk_bundle *bundle)
{
	for (uint32_t i = 0; i < bundle->fields_count; i++) {
		if (sk_fields[bundle->fields[i].field].availability == SK_AVAILABILITY_LATER)
			return true;
	}
	return false;
}

/* Compiles one condition as the reference's filters do; true if it is accepted. */
static bool accepts(struct fixture *pack, const char *condition, size_t length)
{
	struct sk_pack_rule *rule = fixture_rule(pack, "case", "evt.num = 1", "x");
	size_t renamed;
	char *text = rename_mocks(&pack->arena, condition, length, &renamed);

	pack->options.accept_later = true;
	pack->options.accept_any_type = true;
	rule->condition = fixture_text(pack, "case", "condition", text, renamed);
	rule->tree = fixture_parse(pack, &rule->condition, SK_PARSE_DEPTH_DEFAULT);
	return rule->tree && fixture_compile(pack) == 0;
}

struct tally {
	int cases, evaluated, verified, wrong;
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
	open_unverified(&pack->bytes, &pack->bundle);
	if (!uses_later_fields(&pack->bundle)) {
		tally->verified++;
		if (sk_bundle_from_memory(pack->bytes.bytes, pack->bytes.length, &pack->bundle, &error) != 0) {
			report(tally, item, error.message);
			return;
		}
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
	printf("# %d cases, %d evaluated (%d through the verifier), %d differences\n", tally.cases, tally.evaluated,
	       tally.verified, tally.wrong);
	CHECK(tally.cases > 600);
	CHECK(tally.evaluated > 300);
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
