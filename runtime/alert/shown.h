/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What outputs show of a value, as text and as JSON
 * (spec/rule-language.md sections 4.1 and 4.3).
 */
#ifndef SK_ALERT_SHOWN_H
#define SK_ALERT_SHOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/support/buffer.h"
#include "vm/value.h"

enum sk_shown {
	SK_SHOWN_VALUE,
	/* A field with quantifier ANY: the value behind the last (runtime/fields/fields.h), lists joined by blanks. */
	SK_SHOWN_BEHIND,
	SK_SHOWN_NOTHING, /* a field that is only a filter */
};

/* Of a field whose argument is of this enum sk_argument_kind. */
enum sk_shown sk_shown_field(uint16_t field, uint8_t argument_kind);

/* A field that outputs show as a time of day, and JSON as the time of the event. */
bool sk_shown_is_time(uint16_t field);

bool sk_shown_is_present(const struct sk_value *value, enum sk_shown how);

/* Appends the text; "<NA>" if there is nothing to show. */
void sk_shown_print(const struct sk_value *value, enum sk_shown how, struct sk_buffer *buffer);

/* Appends a JSON value; null if there is nothing to show. */
void sk_shown_print_json(const struct sk_value *value, enum sk_shown how, struct sk_buffer *buffer);

/* Appends a JSON string. */
void sk_json_quote(const char *text, size_t length, struct sk_buffer *buffer);

/* Escapes what `buffer` holds from `start` on, as sk_json_escape() does. */
void sk_json_escape_from(struct sk_buffer *buffer, size_t start);

#endif
