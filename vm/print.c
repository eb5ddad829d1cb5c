/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/print.h"

#include <string.h>

#include "vm/value.h"

void sk_print_word(struct sk_buffer *buffer, const char *bytes, uint32_t length)
{
	bool quoted = false;

	for (uint32_t i = 0; i < length && !quoted; i++)
		quoted = bytes[i] == '\0' || strchr("\b\f\n\r\t =\\\"'", bytes[i]) != NULL;
	if (!quoted) {
		sk_buffer_append(buffer, bytes, length);
		return;
	}
	sk_buffer_append_char(buffer, '"');
	for (uint32_t i = 0; i < length; i++) {
		static const char plain[] = "\b\f\n\r\t\\\"", letters[] = "bfnrt\\\"";
		const char *found = bytes[i] ? strchr(plain, bytes[i]) : NULL;

		if (found)
			sk_buffer_append_char(buffer, '\\');
		sk_buffer_append_char(buffer, found ? letters[found - plain] : bytes[i]);
	}
	sk_buffer_append_char(buffer, '"');
}

static void print_text(const struct sk_bundle *bundle, uint32_t string, struct sk_buffer *buffer)
{
	uint32_t length;
	const char *text = sk_bundle_text(bundle, string, &length);

	sk_buffer_append(buffer, text, length);
}

/* Of bcontains and bstartswith the hexadecimal text that the bytes were given as. */
static void print_bytes(const char *bytes, uint32_t length, struct sk_buffer *buffer)
{
	for (uint32_t i = 0; i < length; i++)
		sk_buffer_printf(buffer, "%02x", (unsigned char)bytes[i]);
}

static void print_constant(const struct sk_bundle *bundle, const struct sk_bundle_predicate *predicate,
			   uint32_t constant, struct sk_buffer *buffer)
{
	const bool hexadecimal =
		predicate->operator== SK_OPERATOR_BCONTAINS || predicate->operator== SK_OPERATOR_BSTARTSWITH;
	struct sk_value value = {
		.presence = SK_PRESENT, .type = bundle->expressions[predicate->left].type, .format = SK_FORMAT_DEC};
	struct sk_address address;
	const char *text;
	uint32_t length;

	switch (sk_types[value.type].class) {
	case SK_CLASS_STRING:
	case SK_CLASS_BYTES:
		text = sk_bundle_text(bundle, constant, &length);
		if (hexadecimal)
			print_bytes(text, length, buffer);
		else if (length == 0)
			sk_buffer_append_text(buffer, "\"\"");
		else
			sk_print_word(buffer, text, length);
		break;
	case SK_CLASS_NUMBER:
	case SK_CLASS_BOOL:
		if (value.type == SK_TYPE_DOUBLE)
			value.type = SK_TYPE_INT64;
		value.number = bundle->numbers[constant];
		sk_value_print(&value, buffer);
		break;
	case SK_CLASS_ADDRESS:
		memcpy(address.bytes, bundle->addresses[constant].bytes, sizeof(address.bytes));
		address.length = bundle->addresses[constant].length;
		value.address = &address;
		sk_value_print(&value, buffer);
		if (value.type == SK_TYPE_IPNET)
			sk_buffer_printf(buffer, "/%u", bundle->addresses[constant].prefix);
		break;
	case SK_CLASS_LIST:
	case SK_CLASS_OPAQUE:
	case SK_CLASS_ALL:
		break;
	}
}

/* What a cut list ends with, for the most constants there are. */
enum { ROOM_FOR_MORE = sizeof(", ... 16777216 more)") - 1 };

static void print_list(const struct sk_bundle *bundle, const struct sk_bundle_predicate *predicate, size_t limit,
		       struct sk_buffer *buffer)
{
	size_t start = buffer->length, cut = 0;
	uint32_t kept = 0;

	sk_buffer_append_char(buffer, '(');
	for (uint32_t i = 0; i < predicate->count; i++) {
		sk_buffer_append_text(buffer, i ? ", " : "");
		print_constant(bundle, predicate, bundle->constants[predicate->first + i], buffer);
		/* The longest beginning that leaves room to say what is missing. */
		if (i == 0 || buffer->length - start + ROOM_FOR_MORE <= limit) {
			kept = i + 1;
			cut = buffer->length;
		}
		if (i > 0 && buffer->length - start >= limit) {
			buffer->length = cut;
			sk_buffer_printf(buffer, ", ... %u more)", predicate->count - kept);
			return;
		}
	}
	sk_buffer_append_char(buffer, ')');
}

static void print_right_expression(const struct sk_bundle *bundle, uint32_t number, struct sk_buffer *buffer)
{
	const struct sk_bundle_expression *expression = &bundle->expressions[number];
	const bool field = expression->kind == SK_EXPRESSION_FIELD;

	sk_buffer_append_text(buffer, field ? "val(" : "");
	print_text(bundle, expression->text, buffer);
	sk_buffer_append_text(buffer, field ? ")" : "");
}

void sk_print_predicate(const struct sk_bundle *bundle, uint32_t number, size_t limit, struct sk_buffer *buffer)
{
	const struct sk_bundle_predicate *predicate = &bundle->predicates[number];
	const struct sk_operator_info *info = &sk_operators[predicate->operator];
	const size_t start = buffer->length;

	print_text(bundle, bundle->expressions[predicate->left].text, buffer);
	sk_buffer_printf(buffer, " %s", info->text);
	if (predicate->modifier != SK_MODIFIER_NONE)
		sk_buffer_printf(buffer, " %s", sk_modifier_names[predicate->modifier]);
	if (predicate->operator== SK_OPERATOR_EXISTS)
		return;
	sk_buffer_append_char(buffer, ' ');
	if (predicate->right != SK_NONE)
		print_right_expression(bundle, predicate->right, buffer);
	else if (info->operands == SK_OPERANDS_LIST || predicate->modifier != SK_MODIFIER_NONE)
		print_list(bundle, predicate, buffer->length - start < limit ? limit - (buffer->length - start) : 0,
			   buffer);
	else
		print_constant(bundle, predicate, bundle->constants[predicate->first], buffer);
}
