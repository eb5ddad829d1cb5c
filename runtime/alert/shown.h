/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What outputs show of a value, as text and as JSON
 * (spec/rule-language.md sections 4.1 and 4.3).
 */
#ifndef SK_ALERT_SHOWN_H
#define SK_ALERT_SHOWN_H

#include <stddef.h>
#include <stdint.h>

#include "vm/support/buffer.h"
#include "vm/value.h"

/* A field with several values shows something else than their list. */
enum sk_shown {
	SK_SHOWN_VALUE,
	SK_SHOWN_JOINED,  /* all of them, joined by blanks; nothing if all are empty */
	SK_SHOWN_BEHIND,  /* the one behind the last: runtime/fields/fields.h */
	SK_SHOWN_NOTHING, /* a field that is only a filter */
};

/* Of a field whose argument is of this enum sk_argument_kind. */
enum sk_shown sk_shown_field(uint16_t field, uint8_t argument_kind);

/* Appends the text; "<NA>" if there is nothing to show. */
void sk_shown_print(const struct sk_value *value, enum sk_shown how, struct sk_buffer *buffer);

/* Appends a JSON value; null if there is nothing to show. */
void sk_shown_print_json(const struct sk_value *value, enum sk_shown how, struct sk_buffer *buffer);

/* Appends a JSON string. */
void sk_json_quote(const char *text, size_t length, struct sk_buffer *buffer);

/* Escapes what `buffer` holds from `start` on, as sk_json_escape() does. */
void sk_json_escape_from(struct sk_buffer *buffer, size_t start);

#endif
