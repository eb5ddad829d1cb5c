/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/alert/token.h"

#include "runtime/alert/shown.h"

static enum sk_shown shown_as(const struct sk_bundle *bundle, uint32_t expression)
{
	const struct sk_bundle_expression *known = &bundle->expressions[expression];
	const struct sk_bundle_field *field = &bundle->fields[known->operand];

	return known->kind == SK_EXPRESSION_FIELD ? sk_shown_field(field->field, field->kind) : SK_SHOWN_VALUE;
}

int sk_token_field(const struct sk_bundle *bundle, uint32_t expression)
{
	const struct sk_bundle_expression *known = &bundle->expressions[expression];

	return known->kind == SK_EXPRESSION_FIELD ? bundle->fields[known->operand].field : -1;
}

bool sk_token_is_time(const struct sk_bundle *bundle, uint32_t expression)
{
	const int field = sk_token_field(bundle, expression);

	return field >= 0 && sk_shown_is_time((uint16_t)field);
}

bool sk_token_is_present(const struct sk_bundle *bundle, struct sk_vm *vm, uint32_t expression)
{
	return sk_shown_is_present(sk_vm_value(vm, expression), shown_as(bundle, expression));
}

void sk_token_fit(const struct sk_instruction *instruction, size_t start, struct sk_buffer *buffer)
{
	const size_t width = instruction->jump;

	if (!width || buffer->failed)
		return;
	if (buffer->length - start > width)
		buffer->length = start + width;
	while (buffer->length - start < width && !buffer->failed)
		sk_buffer_append_char(buffer, ' ');
}

void sk_token_print(const struct sk_bundle *bundle, struct sk_vm *vm, const struct sk_instruction *instruction,
		    struct sk_buffer *buffer)
{
	const size_t start = buffer->length;

	sk_shown_print(sk_vm_value(vm, instruction->operand), shown_as(bundle, instruction->operand), buffer);
	sk_token_fit(instruction, start, buffer);
}

void sk_token_print_json(const struct sk_bundle *bundle, const struct sk_value *value, uint32_t expression,
			 struct sk_buffer *buffer)
{
	sk_shown_print_json(value, shown_as(bundle, expression), buffer);
}
