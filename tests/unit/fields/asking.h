/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks extractors for fields of the current event of a world, as text: what an
 * output would print, "-" for a missing value.
 */
#ifndef SK_TESTS_FIELDS_ASKING_H
#define SK_TESTS_FIELDS_ASKING_H

#include "runtime/alert/shown.h"
#include "runtime/fields/fields.h"
#include "tests/unit/state/event_builder.h"

static struct world world;
static struct sk_arena scratch;
static struct sk_value answer;
static struct sk_buffer printed;

static void start(void)
{
	if (world.state)
		world_close(&world);
	world_open(&world, NULL);
	populate(&world);
}

static const char *ask_ref(const struct sk_field_ref *ref)
{
	sk_fields_extract(&world.view, ref, &scratch, &answer);
	sk_buffer_clear(&printed);
	if (answer.presence != SK_PRESENT)
		return "-";
	sk_buffer_append_text(&printed, "");
	sk_shown_print(&answer, sk_shown_field(ref->field, ref->kind), &printed);
	return printed.bytes;
}

static struct sk_field_ref ref_of(enum sk_field field)
{
	return (struct sk_field_ref){.field = (uint16_t)field,
				     .type = sk_fields[field].type,
				     .list = sk_fields[field].list,
				     .number = UINT32_MAX};
}

static const char *ask(enum sk_field field)
{
	const struct sk_field_ref ref = ref_of(field);

	return ask_ref(&ref);
}

static const char *ask_at(enum sk_field field, uint32_t index)
{
	struct sk_field_ref ref = ref_of(field);

	ref.kind = SK_ARGUMENT_KIND_INDEX;
	ref.index = index;
	return ask_ref(&ref);
}

static const char *ask_key(enum sk_field field, const char *key)
{
	struct sk_field_ref ref = ref_of(field);

	ref.kind = SK_ARGUMENT_KIND_TEXT;
	ref.argument = key;
	ref.argument_length = (uint32_t)strlen(key);
	return ask_ref(&ref);
}

static const char *arg(const char *name)
{
	return ask_key(SK_FIELD_EVT_ARG, name);
}

#define CHECK_ASK(field, expected) CHECK_TEXT(ask(SK_FIELD_##field), expected)

#endif
