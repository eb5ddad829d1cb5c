/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/value.h"

#include <arpa/inet.h>
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

static const char not_available[] = "<NA>";

_Static_assert(SK_VALUE_TEXT_SIZE > 308 + 4, "the largest double has 309 digits, a sign and a decimal");

bool sk_type_is_signed(enum sk_type type)
{
	return type == SK_TYPE_INT8 || type == SK_TYPE_INT16 || type == SK_TYPE_INT32 || type == SK_TYPE_INT64;
}

/* The bits of a number that its type has: a negative one prints in its own width. */
static uint64_t number_bits(enum sk_type type, uint64_t number)
{
	if (type == SK_TYPE_INT8)
		return (uint8_t)number;
	if (type == SK_TYPE_INT16)
		return (uint16_t)number;
	return type == SK_TYPE_INT32 ? (uint32_t)number : number;
}

static int render_number(const struct sk_value *value, char *room)
{
	switch ((enum sk_format)value->format) {
	case SK_FORMAT_HEX:
		return snprintf(room, SK_VALUE_TEXT_SIZE, "%" PRIX64, number_bits(value->type, value->number));
	case SK_FORMAT_OCT:
		return snprintf(room, SK_VALUE_TEXT_SIZE, "%" PRIo64, number_bits(value->type, value->number));
	case SK_FORMAT_10_PADDED_DEC:
		return snprintf(room, SK_VALUE_TEXT_SIZE, "%09" PRIu64, value->number);
	case SK_FORMAT_NA:
	case SK_FORMAT_DEC:
	case SK_FORMAT_ID:
	case SK_FORMAT_DIR:
		break;
	}
	if (sk_type_is_signed(value->type))
		return snprintf(room, SK_VALUE_TEXT_SIZE, "%" PRId64, (int64_t)value->number);
	return snprintf(room, SK_VALUE_TEXT_SIZE, "%" PRIu64, value->number);
}

const char *sk_value_render(const struct sk_value *value, char room[SK_VALUE_TEXT_SIZE], uint32_t *ret_length)
{
	int length = 0;

	assert(value->presence == SK_PRESENT && !value->list);
	switch ((enum sk_type)value->type) {
	case SK_TYPE_STRING:
		*ret_length = sk_value_text_length(value);
		return value->text;
	case SK_TYPE_OPAQUE:
	case SK_TYPE_BYTES:
		*ret_length = value->length;
		return value->text;
	case SK_TYPE_BOOL:
		length = snprintf(room, SK_VALUE_TEXT_SIZE, "%s", value->number ? "true" : "false");
		break;
	case SK_TYPE_DOUBLE:
		length = snprintf(room, SK_VALUE_TEXT_SIZE, "%.1f", value->real);
		break;
	case SK_TYPE_IPADDR:
	case SK_TYPE_IPNET:
		inet_ntop(value->address->length == 4 ? AF_INET : AF_INET6, value->address->bytes, room,
			  SK_VALUE_TEXT_SIZE);
		length = (int)strlen(room);
		break;
	case SK_TYPE_INT8:
	case SK_TYPE_INT16:
	case SK_TYPE_INT32:
	case SK_TYPE_INT64:
	case SK_TYPE_UINT8:
	case SK_TYPE_UINT16:
	case SK_TYPE_UINT32:
	case SK_TYPE_UINT64:
	case SK_TYPE_PORT:
	case SK_TYPE_RELTIME:
	case SK_TYPE_ABSTIME:
		length = render_number(value, room);
		break;
	case SK_TYPE_NONE:
	case SK_TYPE_DYNAMIC:
	case SK_TYPE_COUNT:
		length = snprintf(room, SK_VALUE_TEXT_SIZE, "%s", not_available);
		break;
	}
	*ret_length = (uint32_t)length;
	return room;
}

static void print_scalar(const struct sk_value *value, struct sk_buffer *buffer)
{
	char room[SK_VALUE_TEXT_SIZE];
	uint32_t length;
	const char *text = sk_value_render(value, room, &length);

	sk_buffer_append(buffer, text, length);
}

void sk_value_print(const struct sk_value *value, struct sk_buffer *buffer)
{
	if (value->presence != SK_PRESENT) {
		sk_buffer_append_text(buffer, not_available);
		return;
	}
	if (!value->list) {
		print_scalar(value, buffer);
		return;
	}
	sk_buffer_append_char(buffer, '(');
	for (uint32_t i = 0; i < value->length; i++) {
		if (i > 0)
			sk_buffer_append_char(buffer, ',');
		print_scalar(&value->items[i], buffer);
	}
	sk_buffer_append_char(buffer, ')');
}
