/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a field of an event of which only little is known: of one
 * that a prospect (prospect.h) describes.  Private to prospect.c.
 *
 *   prospect ─► a sketch: an event of that type, ─► extractor ─► value
 *               with nothing in it but what is known
 *
 * The extractor of a field is asked only where all that it looks at is known.
 * A field that is not in the list of those is not known, unless its value
 * follows from the event's type (vm/given.h).
 */
#ifndef SK_FIELDS_KNOWN_H
#define SK_FIELDS_KNOWN_H

#include <stdint.h>

#include "runtime/fields/prospect.h"
#include "vm/support/alloc.h"
#include "vm/value.h"
#include "vm/vm.h"

/* How a field stands to what is known. */
enum sk_knowledge {
	SK_KNOWN_NOT,
	SK_KNOWN_VALUE,    /* it has this value, which may be missing */
	SK_KNOWN_RANGE,    /* a number from `low` to `high` */
	SK_KNOWN_BY_ERROR, /* known of each prospect with a single error */
	SK_KNOWN_BY_FLAGS, /* known of each prospect without flags that may or may not be set */
};

struct sk_known {
	enum sk_knowledge knowledge;
	struct sk_value value;
	int64_t low, high;
};

/*
 * What is known of the field of any event that the prospect describes.  The
 * value's bytes are the prospect's or in `values`, where it may need memory.
 */
struct sk_known sk_known_field(const struct sk_prospect *prospect, const struct sk_field_ref *ref,
			       struct sk_arena *values);

#endif
