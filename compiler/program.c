/* SPDX-License-Identifier: Apache-2.0 */
#include "compiler/program.h"

#include <assert.h>

/*
 * Jumps only go forward, so a program is written from its end: then every
 * target is known before the jump to it, and what is written last is what the
 * next instruction falls through to.
 */
struct writer {
	const struct sk_ir *ir;
	struct sk_instruction *next; /* the instruction behind the free space */
};

/*
 * Where a jump after a predicate ends up: a predicate that is tested again has
 * the same truth, so what tests it there is passed over.
 */
static const struct sk_instruction *pass_over(const struct sk_instruction *target, enum sk_op op,
					      uint32_t predicate)
{
	while ((target->op == SK_OP_JUMP_TRUE || target->op == SK_OP_JUMP_FALSE) && target->operand == predicate)
		target += 1 + (target->op == op ? target->jump : 0);
	return target;
}

static void write_instruction(struct writer *writer, enum sk_op op, uint32_t operand,
			      const struct sk_instruction *target)
{
	struct sk_instruction *instruction = writer->next - 1;

	*instruction = (struct sk_instruction){.op = (uint8_t)op, .operand = operand};
	if (target) {
		target = pass_over(target, op, operand);
		assert(target >= writer->next && target - writer->next <= UINT16_MAX);
		instruction->jump = (uint16_t)(target - writer->next);
	}
	writer->next = instruction;
}

/* Invariant: what is written next falls through to one of the two targets. */
static void write_node(struct writer *writer, uint32_t number, const struct sk_instruction *if_true,
		       const struct sk_instruction *if_false)
{
	uint32_t count;
	const struct sk_ir_node *node = sk_ir_get_node(writer->ir, number, &count);

	assert(if_true == writer->next || if_false == writer->next);
	switch ((enum sk_ir_node_kind)node->kind) {
	case SK_IR_PREDICATE:
		if (if_true == writer->next)
			write_instruction(writer, SK_OP_JUMP_FALSE, node->operands[0], if_false);
		else
			write_instruction(writer, SK_OP_JUMP_TRUE, node->operands[0], if_true);
		break;
	case SK_IR_NOT:
		write_node(writer, node->operands[0], if_false, if_true);
		break;
	case SK_IR_AND:
	case SK_IR_OR:
		write_node(writer, node->operands[count - 1], if_true, if_false);
		for (uint32_t i = count - 1; i-- > 0;) {
			if (node->kind == SK_IR_AND)
				write_node(writer, node->operands[i], writer->next, if_false);
			else
				write_node(writer, node->operands[i], if_true, writer->next);
		}
		break;
	}
}

uint64_t sk_program_size(const struct sk_ir *ir, uint32_t node)
{
	return (uint64_t)ir->leaves[node] + 2;
}

void sk_program_write(const struct sk_ir *ir, uint32_t node, struct sk_instruction *instructions)
{
	uint64_t size = sk_program_size(ir, node);
	struct writer writer = {.ir = ir, .next = instructions + size};
	const struct sk_instruction *match, *fail;

	assert(size <= SK_PROGRAM_LIMIT);
	write_instruction(&writer, SK_OP_FAIL, 0, NULL);
	fail = writer.next;
	write_instruction(&writer, SK_OP_MATCH, 0, NULL);
	match = writer.next;
	write_node(&writer, node, match, fail);
	assert(writer.next == instructions);
}
