/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why the value of a field cannot be relied on: it should be there and is not
 * known, or something that could have changed it was lost since it was.  Asked
 * when an alert is made or explained, never while rules are evaluated.
 */
#ifndef SK_FIELDS_DOUBT_H
#define SK_FIELDS_DOUBT_H

#include "runtime/state/loss.h"
#include "runtime/state/state.h"
#include "vm/support/buffer.h"
#include "vm/vm.h"

enum sk_doubt_kind {
	SK_DOUBT_NONE,
	SK_DOUBT_LOSS,    /* there is a value, and it may be another by now */
	SK_DOUBT_UNKNOWN, /* there is none, or one that only stands for it */
};

struct sk_doubt {
	enum sk_doubt_kind kind;
	const char *why;  /* "pending"; NULL: losses say it */
	uint32_t classes; /* of events whose loss matters; 0: none does */
	uint32_t known;   /* behind which loss */
};

/* Of the field's value for the event, as sk_fields_extract() gave it. */
struct sk_doubt sk_fields_doubt(const struct sk_event_view *view, const struct sk_field_ref *ref,
				const struct sk_value *value);

/* The same reason in words and figures: "3 process events lost since". */
bool sk_doubt_equal(const struct sk_doubt *left, const struct sk_doubt *right);
void sk_doubt_print(const struct sk_doubt *doubt, const struct sk_losses *losses, struct sk_buffer *buffer);

/* "312 open, 40 close events"; "events" if nobody knows of which class. */
void sk_lost_print(const struct sk_lost *lost, struct sk_buffer *buffer);

#endif
