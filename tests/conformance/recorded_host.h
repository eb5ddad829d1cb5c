/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values that a recorded case gives for fields, as a host of the engine
 * (../shared/data/cases.jsonl, kinds `eval` and `format`).
 *
 * The reference's own tests have fields that exist nowhere else.  They are
 * renamed to evt.arg.NAME, a text of any name, before a condition is parsed;
 * see mocks[].
 */
#ifndef SK_TESTS_CONFORMANCE_RECORDED_HOST_H
#define SK_TESTS_CONFORMANCE_RECORDED_HOST_H

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
	struct sk_value *values = sk_arena_alloc_zeroed(scratch, 5, sizeof(*values));
	uint32_t count = 0;

	for (; count < 4 && host->ancestors[count]; count++)
		values[count] = sk_value_text(host->ancestors[count], (uint32_t)strlen(host->ancestors[count]));
	*ret_value = (struct sk_value){
		.presence = SK_PRESENT, .type = SK_TYPE_STRING, .list = 1, .length = count, .items = values};
	/* What outputs print lies behind the last element. */
	values[count] = *ret_value;
}

/* Of proc.apid outputs print the process's own. */
static void own_pid_value(const struct host *host, struct sk_arena *scratch, struct sk_value *ret_value)
{
	struct sk_value *values = sk_arena_alloc_zeroed(scratch, 1, sizeof(*values));

	values[0] = sk_value_number(SK_TYPE_INT64,
				    (uint64_t)json_integer_value(json_object_get(host->fields, "proc.apid")));
	*ret_value = (struct sk_value){.presence = SK_PRESENT, .type = SK_TYPE_INT64, .list = 1, .items = values};
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
	if (ref->field == SK_FIELD_PROC_APID && ref->kind == SK_ARGUMENT_KIND_NONE && host->ancestors[0]) {
		own_pid_value(host, scratch, ret_value);
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

#endif
