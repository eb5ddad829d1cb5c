/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a verdict rests on: the way through a condition's program, once more
 * and without hurry, with every predicate that is asked on it.
 */
#include "vm/engine.h"

/* Arguments have smaller numbers than who takes them, and the verifier limits the depth. */
void sk_bundle_find_fields(const struct sk_bundle *bundle, uint32_t expression, sk_vm_found_fn found, void *context)
{
	const struct sk_bundle_expression *record = &bundle->expressions[expression];

	switch ((enum sk_expression_kind)record->kind) {
	case SK_EXPRESSION_FIELD:
		found(context, record->operand);
		break;
	case SK_EXPRESSION_CONSTANT:
		break;
	case SK_EXPRESSION_TRANSFORMER:
	case SK_EXPRESSION_LIST:
		for (uint32_t i = 0; i < record->count; i++)
			sk_bundle_find_fields(bundle, bundle->arguments[record->operand + i], found, context);
		break;
	}
}

static bool pass(struct sk_vm *vm, uint32_t number, sk_vm_found_fn found, void *context)
{
	const struct sk_vm_predicate *predicate = &vm->predicates[number];

	sk_bundle_find_fields(vm->bundle, predicate->left, found, context);
	if (predicate->right != SK_NONE)
		sk_bundle_find_fields(vm->bundle, predicate->right, found, context);
	return sk_vm_predicate(vm, number);
}

void sk_vm_grounds(struct sk_vm *vm, uint32_t rule, sk_vm_found_fn found, void *context)
{
	const struct sk_instruction *instruction = &vm->bundle->code[vm->bundle->rules[rule].condition];

	for (;; instruction++) {
		switch ((enum sk_op)instruction->op) {
		case SK_OP_JUMP_TRUE:
			if (pass(vm, instruction->operand, found, context))
				instruction += instruction->jump;
			break;
		case SK_OP_JUMP_FALSE:
			if (!pass(vm, instruction->operand, found, context))
				instruction += instruction->jump;
			break;
		case SK_OP_JUMP:
			instruction += instruction->jump;
			break;
		case SK_OP_MATCH:
		case SK_OP_FAIL:
		/* The verifier lets none of these into a condition. */
		case SK_OP_LITERAL:
		case SK_OP_FIELD:
		case SK_OP_SUGGESTED:
		case SK_OP_END:
		case SK_OP_COUNT:
			return;
		}
	}
}
