/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dispatch, and what is derived once for each of a bundle's fields:
 *
 *   field number ─► row ─► [event type] ─► parameter, -1 without it
 *
 * Only evt.arg and its like have a row.
 */
#include "runtime/fields/fields.h"

#include <errno.h>

#include "runtime/fields/extract.h"
#include "runtime/fields/readings.h"
#include "vm/support/alloc.h"

struct sk_fields {
	uint32_t count;
	const int8_t **rows; /* NULL for a field without one */
	int8_t *params;      /* all rows, SK_EVENT_COUNT each */
	struct sk_capability_texts *capabilities;
	struct sk_readings *readings; /* NULL: no field of the bundle needs them */
};

_Static_assert(SK_EVENT_MAX_PARAMS <= INT8_MAX, "the number of a parameter fits");

static bool names_param(const struct sk_bundle_field *field)
{
	return (field->field == SK_FIELD_EVT_ARG || field->field == SK_FIELD_EVT_RAWARG) &&
	       field->kind == SK_ARGUMENT_KIND_TEXT;
}

int sk_fields_create(const struct sk_bundle *bundle, struct sk_fields **ret_fields)
{
	struct sk_fields *fields = sk_alloc_zeroed(1, sizeof(*fields));
	size_t row_count = 0;
	int8_t *row;

	if (!fields)
		return -ENOMEM;
	for (uint32_t i = 0; i < bundle->fields_count; i++)
		row_count += names_param(&bundle->fields[i]);
	fields->count = bundle->fields_count;
	/* One element more, so that none at all is no special case. */
	fields->rows = sk_alloc_zeroed((size_t)fields->count + 1, sizeof(*fields->rows));
	fields->params = sk_alloc_zeroed(row_count + 1, SK_EVENT_COUNT);
	fields->capabilities = sk_alloc_zeroed(1, sizeof(*fields->capabilities));
	if (!fields->rows || !fields->params || !fields->capabilities) {
		sk_fields_destroy(fields);
		return -ENOMEM;
	}
	row = fields->params;
	if (sk_readings_create(bundle, &fields->readings) < 0) {
		sk_fields_destroy(fields);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < fields->count; i++) {
		const struct sk_bundle_field *field = &bundle->fields[i];
		const char *name;
		uint32_t length;

		if (!names_param(field))
			continue;
		name = sk_bundle_text(bundle, field->argument, &length);
		for (uint16_t type = 0; type < SK_EVENT_COUNT; type++)
			row[type] = (int8_t)sk_param_index(type, name, length);
		fields->rows[i] = row;
		row += SK_EVENT_COUNT;
	}
	*ret_fields = fields;
	return 0;
}

void sk_fields_destroy(struct sk_fields *fields)
{
	if (!fields)
		return;
	sk_free(fields->rows);
	sk_free(fields->params);
	sk_free(fields->capabilities);
	sk_readings_destroy(fields->readings);
	sk_free(fields);
}

struct sk_capability_texts *sk_fields_capabilities(const struct sk_fields *fields)
{
	return fields->capabilities;
}

struct sk_readings *sk_fields_readings(const struct sk_fields *fields)
{
	return fields ? fields->readings : NULL;
}

int sk_param_index(uint16_t type, const char *name, size_t length)
{
	const struct sk_event_info *info = &sk_events[type];

	for (unsigned i = 0; i < info->nparams; i++) {
		const char *known = info->params[i].name;

		if (strncmp(known, name, length) == 0 && known[length] == '\0')
			return (int)i;
	}
	return -1;
}

int sk_param_find(const struct sk_extraction *asked)
{
	const struct sk_event *event = &asked->view->event;
	const struct sk_fields *fields = asked->view->fields;
	const struct sk_field_ref *ref = asked->ref;
	int index;

	if (ref->kind == SK_ARGUMENT_KIND_INDEX)
		return ref->index < event->nparams ? (int)ref->index : -1;
	if (!ref->argument)
		return -1;
	if (fields && ref->number < fields->count && fields->rows[ref->number])
		index = fields->rows[ref->number][event->type];
	else
		index = sk_param_index(event->type, ref->argument, ref->argument_length);
	return index < event->nparams ? index : -1;
}

typedef struct sk_value (*extractor)(const struct sk_extraction *asked);

static const extractor extractors[SK_FIELD_COUNT] = {
#define SK_EXTRACTOR_TABLE_READY(id) [SK_FIELD_##id] = extract_##id,
#define SK_EXTRACTOR_TABLE_NEVER(id)
#define SK_FIELD(id, name, type, list, argument, scope, quantifier, flags, format, availability, meaning)          \
	SK_EXTRACTOR_TABLE_##availability(id)
#include "vm/schema/fields.def"
};

void sk_fields_extract(void *event, const struct sk_field_ref *ref, struct sk_arena *scratch,
		       struct sk_value *ret_value)
{
	const struct sk_extraction asked = {.view = event, .ref = ref, .scratch = scratch};
	const extractor extract = ref->field < SK_FIELD_COUNT ? extractors[ref->field] : NULL;

	/* A field that no engine ever has a value for has no extractor either. */
	*ret_value = extract ? extract(&asked) : sk_value_missing();
}

void sk_fields_print_args(const struct sk_event_view *view, struct sk_buffer *buffer)
{
	struct sk_arena scratch;
	struct sk_text text;

	sk_arena_init(&scratch, 0);
	text = sk_text_begin(&scratch);
	sk_params_append(&text, view);
	sk_buffer_append(buffer, text.bytes ? text.bytes : "", text.length);
	buffer->failed |= text.failed;
	sk_arena_release(&scratch);
}

bool sk_field_asks_for_leader(uint16_t field)
{
	switch ((int)field) {
	case SK_FIELD_PROC_SNAME:
	case SK_FIELD_PROC_SID_EXE:
	case SK_FIELD_PROC_SID_EXEPATH:
	case SK_FIELD_PROC_VPGID_NAME:
	case SK_FIELD_PROC_VPGID_EXE:
	case SK_FIELD_PROC_VPGID_EXEPATH:
	case SK_FIELD_PROC_PGID_NAME:
	case SK_FIELD_PROC_PGID_EXE:
	case SK_FIELD_PROC_PGID_EXEPATH:
		return true;
	default:
		return false;
	}
}
