/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The value of every field for an event: one extractor for each READY row of
 * fields.def, found by its id.
 */
#ifndef SK_FIELDS_FIELDS_H
#define SK_FIELDS_FIELDS_H

#include "runtime/state/state.h"
#include "vm/vm.h"

/* The sk_extract_fn of the sensor; `event` is a struct sk_event_view. */
void sk_fields_extract(void *event, const struct sk_field_ref *ref, struct sk_arena *scratch,
		       struct sk_value *ret_value);

/*
 * All parameters of an event as evt.args shows them: `name=raw(resolved)`
 * joined by blanks.
 */
void sk_fields_print_args(const struct sk_event_view *view, struct sk_buffer *buffer);

#endif
