/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/reading.h"

/* Recursion is as deep as expressions are, which the verifier limits. */
bool sk_reading_expression(const struct sk_bundle *bundle, uint32_t number)
{
	const struct sk_bundle_expression *expression = &bundle->expressions[number];

	switch ((enum sk_expression_kind)expression->kind) {
	case SK_EXPRESSION_FIELD:
		return sk_fields[bundle->fields[expression->operand].field].flags & SK_FIELD_FLAG_READING;
	case SK_EXPRESSION_CONSTANT:
		return false;
	case SK_EXPRESSION_TRANSFORMER:
	case SK_EXPRESSION_LIST:
		break;
	}
	for (uint32_t i = 0; i < expression->count; i++) {
		if (sk_reading_expression(bundle, bundle->arguments[expression->operand + i]))
			return true;
	}
	return false;
}

static bool reading_predicate(const struct sk_bundle *bundle, uint32_t number)
{
	const struct sk_bundle_predicate *predicate = &bundle->predicates[number];

	return sk_reading_expression(bundle, predicate->left) ||
	       (predicate->right != SK_NONE && sk_reading_expression(bundle, predicate->right));
}

bool sk_reading_rule(const struct sk_bundle *bundle, uint32_t rule)
{
	const struct sk_bundle_rule *record = &bundle->rules[rule];

	for (uint32_t i = record->condition; i < record->condition + record->condition_size; i++) {
		if (sk_ops[bundle->code[i].op].operand == SK_OP_OPERAND_PREDICATE &&
		    reading_predicate(bundle, bundle->code[i].operand))
			return true;
	}
	return false;
}
