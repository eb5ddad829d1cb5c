/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A parameter as it is on the wire: its type, with a DYN one's selector
 * followed, and its bytes.
 *
 * Invariant: a parameter of a size that its type does not have is not
 * readable, so whoever asks first may read it without looking at its length.
 */
#ifndef SK_FIELDS_WIRE_H
#define SK_FIELDS_WIRE_H

#include "runtime/fields/extract.h"

/* A value on the wire and how its parameter wants it printed. */
struct sk_wire_value {
	enum sk_param_type type;
	enum sk_format format;
	enum sk_flags flags;
	const uint8_t *bytes;
	uint32_t length;
};

/* `index` is below the event's nparams. */
struct sk_wire_value sk_wire_value(const struct sk_event *event, unsigned index);

/* Whether there is anything to read, and of the size that its type has. */
bool sk_wire_is_readable(const struct sk_wire_value *value);

/* A number of 1, 2, 4 or 8 bytes; 0 for any other length. */
uint64_t sk_wire_unsigned(const struct sk_wire_value *value);
int64_t sk_wire_signed(const struct sk_wire_value *value);

#endif
