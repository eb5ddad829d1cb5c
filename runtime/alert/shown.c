/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/alert/shown.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/alert/alert.h"
#include "vm/bundle.h"

static const char not_available[] = "<NA>";

enum sk_shown sk_shown_field(uint16_t field, uint8_t argument_kind)
{
	if (argument_kind != SK_ARGUMENT_KIND_NONE)
		return SK_SHOWN_VALUE;
	switch ((enum sk_quantifier)sk_fields[field].quantifier) {
	case SK_QUANTIFIER_ONE:
		return SK_SHOWN_VALUE;
	case SK_QUANTIFIER_ANY:
		return SK_SHOWN_BEHIND;
	case SK_QUANTIFIER_BOTH:
		return SK_SHOWN_NOTHING;
	}
	return SK_SHOWN_VALUE;
}

bool sk_shown_is_time(uint16_t field)
{
	switch (field) {
	case SK_FIELD_EVT_TIME:
	case SK_FIELD_EVT_TIME_S:
	case SK_FIELD_EVT_TIME_ISO8601:
	case SK_FIELD_EVT_DATETIME:
	case SK_FIELD_EVT_DATETIME_S:
	case SK_FIELD_EVT_OUTPUTTIME:
		return true;
	default:
		return false;
	}
}

static bool is_all_empty(const struct sk_value *list)
{
	for (uint32_t i = 0; i < list->length; i++) {
		if (list->items[i].type != SK_TYPE_STRING || list->items[i].length > 0)
			return false;
	}
	return true;
}

/* The value that is shown, NULL if there is none. */
static const struct sk_value *choose(const struct sk_value *value, enum sk_shown how)
{
	if (value->presence != SK_PRESENT || how == SK_SHOWN_NOTHING)
		return NULL;
	if (how == SK_SHOWN_VALUE)
		return value;
	/* SK_SHOWN_BEHIND */
	value = &value->items[value->length];
	if (value->presence != SK_PRESENT || (value->list && is_all_empty(value)))
		return NULL;
	return value;
}

bool sk_shown_is_present(const struct sk_value *value, enum sk_shown how)
{
	return choose(value, how) != NULL;
}

/* --- text --------------------------------------------------------------- */

/* Bytes as text: a dot for what is no printable ASCII character. */
static void append_dotted(const struct sk_value *value, struct sk_buffer *buffer)
{
	if (!sk_buffer_reserve(buffer, value->length))
		return;
	for (uint32_t i = 0; i < value->length; i++) {
		const uint8_t byte = (uint8_t)value->text[i];

		buffer->bytes[buffer->length++] = byte >= 0x20 && byte < 0x7f ? (char)byte : '.';
	}
	buffer->bytes[buffer->length] = '\0';
}

/* With blanks between, but none before the first that is not empty. */
static void append_joined(const struct sk_value *list, struct sk_buffer *buffer)
{
	const size_t start = buffer->length;

	for (uint32_t i = 0; i < list->length; i++) {
		if (buffer->length != start)
			sk_buffer_append_char(buffer, ' ');
		sk_value_print(&list->items[i], buffer);
	}
}

void sk_shown_print(const struct sk_value *value, enum sk_shown how, struct sk_buffer *buffer)
{
	value = choose(value, how);
	if (!value)
		sk_buffer_append_text(buffer, not_available);
	else if (how == SK_SHOWN_BEHIND && value->list)
		append_joined(value, buffer);
	else if (value->type == SK_TYPE_BYTES && !value->list)
		append_dotted(value, buffer);
	else if (value->type == SK_TYPE_IPNET && !value->list)
		sk_buffer_append_text(buffer, "<IPNET>");
	else
		sk_value_print(value, buffer);
}

/* --- JSON --------------------------------------------------------------- */

void sk_json_quote(const char *text, size_t length, struct sk_buffer *buffer)
{
	sk_buffer_append_char(buffer, '"');
	sk_json_escape(text, length, buffer);
	sk_buffer_append_char(buffer, '"');
}

void sk_json_escape_from(struct sk_buffer *buffer, size_t start)
{
	enum { LONGEST_ESCAPE = 6 };
	const size_t raw = buffer->length - start;

	/* With room for the longest result the raw bytes stay where they are. */
	if (!sk_buffer_reserve(buffer, raw * LONGEST_ESCAPE))
		return;
	sk_json_escape(buffer->bytes + start, raw, buffer);
	buffer->length -= raw;
	memmove(buffer->bytes + start, buffer->bytes + start + raw, buffer->length - start);
	buffer->bytes[buffer->length] = '\0';
}

/* The shortest digits that read back as the same number. */
static void append_real(double real, struct sk_buffer *buffer)
{
	char digits[32];

	if (!isfinite(real)) {
		sk_buffer_append_text(buffer, "null");
		return;
	}
	for (int precision = 15; precision <= 17; precision++) {
		snprintf(digits, sizeof(digits), "%.*g", precision, real);
		if (strtod(digits, NULL) == real)
			break;
	}
	sk_buffer_append_text(buffer, digits);
	/* A whole one still reads as a real number. */
	if (!strpbrk(digits, ".e"))
		sk_buffer_append_text(buffer, ".0");
}

/* Numbers, but not those that are printed in another way than plain digits; times always are. */
static bool is_json_number(const struct sk_value *value)
{
	if (sk_types[value->type].class != SK_CLASS_NUMBER || value->type == SK_TYPE_DOUBLE)
		return false;
	return value->type == SK_TYPE_RELTIME || value->type == SK_TYPE_ABSTIME ||
	       (value->format != SK_FORMAT_HEX && value->format != SK_FORMAT_OCT &&
		value->format != SK_FORMAT_10_PADDED_DEC);
}

static void append_scalar(const struct sk_value *value, struct sk_buffer *buffer)
{
	size_t start;

	if (is_json_number(value)) {
		if (sk_type_is_signed(value->type))
			sk_buffer_printf(buffer, "%" PRId64, (int64_t)value->number);
		else
			sk_buffer_printf(buffer, "%" PRIu64, value->number);
	} else if (value->type == SK_TYPE_BOOL) {
		sk_buffer_append_text(buffer, value->number ? "true" : "false");
	} else if (value->type == SK_TYPE_DOUBLE) {
		append_real(value->real, buffer);
	} else if (value->type == SK_TYPE_STRING) {
		sk_json_quote(value->text, sk_value_text_length(value), buffer);
	} else {
		sk_buffer_append_char(buffer, '"');
		start = buffer->length;
		sk_shown_print(value, SK_SHOWN_VALUE, buffer);
		if (!buffer->failed)
			sk_json_escape_from(buffer, start);
		sk_buffer_append_char(buffer, '"');
	}
}

void sk_shown_print_json(const struct sk_value *value, enum sk_shown how, struct sk_buffer *buffer)
{
	size_t start;

	value = choose(value, how);
	if (!value) {
		sk_buffer_append_text(buffer, "null");
	} else if (how == SK_SHOWN_BEHIND && value->list) {
		sk_buffer_append_char(buffer, '"');
		start = buffer->length;
		append_joined(value, buffer);
		if (!buffer->failed)
			sk_json_escape_from(buffer, start);
		sk_buffer_append_char(buffer, '"');
	} else if (!value->list) {
		append_scalar(value, buffer);
	} else {
		sk_buffer_append_char(buffer, '[');
		for (uint32_t i = 0; i < value->length; i++) {
			if (i)
				sk_buffer_append_char(buffer, ',');
			append_scalar(&value->items[i], buffer);
		}
		sk_buffer_append_char(buffer, ']');
	}
}
