/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The value of every field for an event: one extractor for each READY row of
 * fields.def, found by its id.
 */
#ifndef SK_FIELDS_FIELDS_H
#define SK_FIELDS_FIELDS_H

#include "runtime/state/state.h"
#include "vm/vm.h"

/*
 * What is derived once from a bundle's fields: where each event type has the
 * parameter that evt.arg.NAME names; and what fields like evt.deltatime
 * remember of their readings (readings.h).
 */
struct sk_fields;

int sk_fields_create(const struct sk_bundle *bundle, struct sk_fields **ret_fields);
void sk_fields_destroy(struct sk_fields *fields);

/*
 * The sk_extract_fn of the sensor; `event` is a struct sk_event_view.  Its
 * member `fields` belongs to the same bundle as `ref`, or is NULL: then the
 * names of parameters are searched.
 *
 * Lists of fields with quantifier ANY begin with the nearest ancestor.  Behind
 * the last element lies one more value, what outputs print: for proc.apid and
 * proc.aenv the process's own, for the others the list of what the processes
 * above it have, where the elements are of the very threads it descends from.
 */
void sk_fields_extract(void *event, const struct sk_field_ref *ref, struct sk_arena *scratch,
		       struct sk_value *ret_value);

/*
 * True for fields of the leader of a session or process group, who is found by
 * its id wherever it stands: they change whenever any thread comes, goes or changes.
 */
bool sk_field_asks_for_leader(uint16_t field);

/*
 * All parameters of an event as evt.args shows them: `name=raw(resolved)`
 * joined by blanks.
 */
void sk_fields_print_args(const struct sk_event_view *view, struct sk_buffer *buffer);

#endif
