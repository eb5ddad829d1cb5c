/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields that depend on when they were read last (SK_FIELD_FLAG_READING): the
 * time since then, how often it was.  Each comparison and each token of an
 * output that has one has a record of FIELDS of its own, numbered in `index`,
 * which a host keeps what it remembers by.
 *
 * Whether such a comparison is reached at all decides what it says next, so
 * the rules of an event type that has one are evaluated one after another,
 * each in the order in which it was written, and the type's other rules with
 * them: nothing may be known beforehand (docs/fields.md).
 */
#ifndef SK_READING_H
#define SK_READING_H

#include "vm/bundle.h"

/* True if a field's (enum sk_field) value depends on when it was read last. */
bool sk_reading_field(uint16_t field);

/* True if the value of an expression of the bundle depends on when it was read last. */
bool sk_reading_expression(const struct sk_bundle *bundle, uint32_t expression);

/*
 * True if a comparison of the rule does.  Events of its types must all be
 * evaluated: to leave out one that cannot match changes what the next one says.
 */
bool sk_reading_rule(const struct sk_bundle *bundle, uint32_t rule);

#endif
