/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/asks.h"

/* Recursion is as deep as expressions are, which the verifier limits. */
bool sk_asks_in_expression(const struct sk_bundle *bundle, uint32_t number, sk_asks_fn wanted)
{
	const struct sk_bundle_expression *expression = &bundle->expressions[number];

	switch ((enum sk_expression_kind)expression->kind) {
	case SK_EXPRESSION_FIELD:
		return wanted(bundle->fields[expression->operand].field);
	case SK_EXPRESSION_CONSTANT:
		return false;
	case SK_EXPRESSION_TRANSFORMER:
	case SK_EXPRESSION_LIST:
		break;
	}
	for (uint32_t i = 0; i < expression->count; i++) {
		if (sk_asks_in_expression(bundle, bundle->arguments[expression->operand + i], wanted))
			return true;
	}
	return false;
}

bool sk_asks_in_predicate(const struct sk_bundle *bundle, uint32_t number, sk_asks_fn wanted)
{
	const struct sk_bundle_predicate *predicate = &bundle->predicates[number];

	return sk_asks_in_expression(bundle, predicate->left, wanted) ||
	       (predicate->right != SK_NONE && sk_asks_in_expression(bundle, predicate->right, wanted));
}

bool sk_asks_in_condition(const struct sk_bundle *bundle, uint32_t rule, sk_asks_fn wanted)
{
	const struct sk_bundle_rule *record = &bundle->rules[rule];
	const struct sk_instruction *program = &bundle->code[record->condition];

	for (uint32_t i = 0; i < record->condition_size; i++) {
		if (sk_ops[program[i].op].operand == SK_OP_OPERAND_PREDICATE &&
		    sk_asks_in_predicate(bundle, program[i].operand, wanted))
			return true;
	}
	return false;
}

static bool in_output(const struct sk_bundle *bundle, uint32_t rule, sk_asks_fn wanted)
{
	const struct sk_bundle_rule *record = &bundle->rules[rule];
	const struct sk_instruction *program = &bundle->code[record->output];

	for (uint32_t i = 0; i < record->output_size; i++) {
		if (sk_ops[program[i].op].operand == SK_OP_OPERAND_EXPRESSION &&
		    sk_asks_in_expression(bundle, program[i].operand, wanted))
			return true;
	}
	return false;
}

bool sk_asks_in_rule(const struct sk_bundle *bundle, uint32_t rule, sk_asks_fn wanted)
{
	return sk_asks_in_condition(bundle, rule, wanted) || in_output(bundle, rule, wanted);
}

bool sk_asks_in_conditions(const struct sk_bundle *bundle, sk_asks_fn wanted)
{
	for (uint32_t i = 0; i < bundle->predicates_count; i++) {
		if (sk_asks_in_predicate(bundle, i, wanted))
			return true;
	}
	return false;
}

bool sk_asks_in_bundle(const struct sk_bundle *bundle, sk_asks_fn wanted)
{
	for (uint32_t i = 0; i < bundle->fields_count; i++) {
		if (wanted(bundle->fields[i].field))
			return true;
	}
	return false;
}
