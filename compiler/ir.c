/* SPDX-License-Identifier: Apache-2.0 */
#include "compiler/ir.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

/* Records are compared as bytes, so they must not have padding of their own. */
_Static_assert(sizeof(struct sk_ir_expression) == 20, "no padding");
_Static_assert(sizeof(struct sk_ir_predicate) == 16, "no padding");
_Static_assert(sizeof(struct sk_ir_node) == 8, "a run of u32");

void sk_ir_init(struct sk_ir *ir, struct sk_arena *arena)
{
	*ir = (struct sk_ir){.arena = arena};
	sk_intern_init(&ir->strings, arena);
	sk_intern_init(&ir->fields, arena);
	sk_intern_init(&ir->values, arena);
	sk_intern_init(&ir->addresses, arena);
	sk_intern_init(&ir->runs, arena);
	sk_intern_init(&ir->expressions, arena);
	sk_intern_init(&ir->predicates, arena);
	sk_intern_init(&ir->nodes, arena);
}

static uint32_t add(struct sk_ir *ir, struct sk_intern *intern, const void *bytes, size_t length)
{
	uint32_t number = ir->out_of_memory ? SK_NONE : sk_intern_add(intern, bytes, length);

	if (number == SK_NONE)
		ir->out_of_memory = true;
	return number;
}

/* Makes room for element `number` of an array that goes along with an intern table. */
static void *reserve(struct sk_ir *ir, void *array, size_t size, uint32_t *capacity, uint32_t number)
{
	uint32_t wanted = *capacity ? *capacity : 64;
	void *grown;

	if (number < *capacity)
		return array;
	while (wanted <= number)
		wanted *= 2;
	grown = sk_arena_alloc_zeroed(ir->arena, wanted, size);
	if (!grown) {
		ir->out_of_memory = true;
		return NULL;
	}
	if (*capacity)
		memcpy(grown, array, *capacity * size);
	*capacity = wanted;
	return grown;
}

uint32_t sk_ir_string(struct sk_ir *ir, const void *bytes, size_t length)
{
	return add(ir, &ir->strings, bytes, length);
}

uint32_t sk_ir_field(struct sk_ir *ir, const struct sk_bundle_field *field)
{
	return add(ir, &ir->fields, field, sizeof(*field));
}

uint32_t sk_ir_value(struct sk_ir *ir, uint64_t value)
{
	return add(ir, &ir->values, &value, sizeof(value));
}

uint32_t sk_ir_address(struct sk_ir *ir, const struct sk_bundle_address *address)
{
	return add(ir, &ir->addresses, address, sizeof(*address));
}

uint32_t sk_ir_run(struct sk_ir *ir, const uint32_t *numbers, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (numbers[i] == SK_NONE)
			return SK_NONE;
	}
	return add(ir, &ir->runs, numbers, count * sizeof(*numbers));
}

uint32_t sk_ir_expression(struct sk_ir *ir, const struct sk_ir_expression *expression)
{
	return add(ir, &ir->expressions, expression, sizeof(*expression));
}

uint32_t sk_ir_predicate(struct sk_ir *ir, const struct sk_ir_predicate *predicate, sk_position origin)
{
	uint32_t known = ir->predicates.count;
	sk_position *origins;
	uint32_t number;

	if (predicate->left == SK_NONE)
		return SK_NONE;
	number = add(ir, &ir->predicates, predicate, sizeof(*predicate));
	if (number != known)
		return number;
	origins = reserve(ir, ir->origins, sizeof(*origins), &ir->origin_capacity, number);
	if (!origins)
		return SK_NONE;
	ir->origins = origins;
	ir->origins[number] = origin;
	return number;
}

static uint32_t add_node(struct sk_ir *ir, const uint32_t *record, uint32_t size, uint64_t leaves)
{
	uint32_t number = add(ir, &ir->nodes, record, size * sizeof(*record));
	uint32_t *array;

	if (number == SK_NONE)
		return SK_NONE;
	array = reserve(ir, ir->leaves, sizeof(*array), &ir->leaf_capacity, number);
	if (!array)
		return SK_NONE;
	ir->leaves = array;
	ir->leaves[number] = leaves > UINT32_MAX ? UINT32_MAX : (uint32_t)leaves;
	return number;
}

uint32_t sk_ir_node_predicate(struct sk_ir *ir, uint32_t predicate)
{
	uint32_t record[] = {SK_IR_PREDICATE, predicate};

	return predicate == SK_NONE ? SK_NONE : add_node(ir, record, 2, 1);
}

uint32_t sk_ir_node_not(struct sk_ir *ir, uint32_t node)
{
	uint32_t record[] = {SK_IR_NOT, node}, count;
	const struct sk_ir_node *inner;

	if (node == SK_NONE)
		return SK_NONE;
	inner = sk_ir_get_node(ir, node, &count);
	if (inner->kind == SK_IR_NOT)
		return inner->operands[0];
	return add_node(ir, record, 2, ir->leaves[node]);
}

uint32_t sk_ir_node_branch(struct sk_ir *ir, enum sk_ir_node_kind kind, const uint32_t *children, uint32_t count)
{
	uint64_t leaves = 0;
	uint32_t *record;

	assert(count > 0 && (kind == SK_IR_AND || kind == SK_IR_OR));
	for (uint32_t i = 0; i < count; i++) {
		if (children[i] == SK_NONE)
			return SK_NONE;
		leaves += ir->leaves[children[i]];
	}
	if (count == 1)
		return children[0];
	record = sk_arena_alloc(ir->arena, ((size_t)count + 1) * sizeof(*record));
	if (!record) {
		ir->out_of_memory = true;
		return SK_NONE;
	}
	record[0] = kind;
	memcpy(record + 1, children, count * sizeof(*children));
	return add_node(ir, record, count + 1, leaves);
}

const char *sk_ir_text(const struct sk_ir *ir, uint32_t string, uint32_t *ret_length)
{
	assert(string < ir->strings.count);
	if (ret_length)
		*ret_length = sk_intern_get(&ir->strings, string)->length;
	return sk_intern_get(&ir->strings, string)->bytes;
}

const struct sk_bundle_field *sk_ir_get_field(const struct sk_ir *ir, uint32_t number)
{
	assert(number < ir->fields.count);
	return sk_intern_get(&ir->fields, number)->bytes;
}

uint64_t sk_ir_get_value(const struct sk_ir *ir, uint32_t number)
{
	assert(number < ir->values.count);
	return *(const uint64_t *)sk_intern_get(&ir->values, number)->bytes;
}

const struct sk_bundle_address *sk_ir_get_address(const struct sk_ir *ir, uint32_t number)
{
	assert(number < ir->addresses.count);
	return sk_intern_get(&ir->addresses, number)->bytes;
}

const uint32_t *sk_ir_get_run(const struct sk_ir *ir, uint32_t run, uint32_t *ret_count)
{
	assert(run < ir->runs.count);
	*ret_count = (uint32_t)(sk_intern_get(&ir->runs, run)->length / sizeof(uint32_t));
	return sk_intern_get(&ir->runs, run)->bytes;
}

const struct sk_ir_expression *sk_ir_get_expression(const struct sk_ir *ir, uint32_t number)
{
	assert(number < ir->expressions.count);
	return sk_intern_get(&ir->expressions, number)->bytes;
}

const struct sk_ir_predicate *sk_ir_get_predicate(const struct sk_ir *ir, uint32_t number)
{
	assert(number < ir->predicates.count);
	return sk_intern_get(&ir->predicates, number)->bytes;
}

const struct sk_ir_node *sk_ir_get_node(const struct sk_ir *ir, uint32_t number, uint32_t *ret_count)
{
	assert(number < ir->nodes.count);
	*ret_count = (uint32_t)(sk_intern_get(&ir->nodes, number)->length / sizeof(uint32_t)) - 1;
	return sk_intern_get(&ir->nodes, number)->bytes;
}

enum sk_scope sk_ir_expression_scope(const struct sk_ir *ir, uint32_t number)
{
	const struct sk_ir_expression *expression = sk_ir_get_expression(ir, number);
	enum sk_scope scope = SK_SCOPE_THREAD;
	const uint32_t *arguments;
	uint32_t count = 0;

	if (expression->kind == SK_EXPRESSION_FIELD)
		return sk_ir_get_field(ir, expression->operand)->scope;
	if (expression->arguments == SK_NONE)
		return scope;
	/* As deep as expressions may be nested: SK_EXPRESSION_DEPTH_LIMIT. */
	arguments = sk_ir_get_run(ir, expression->arguments, &count);
	for (uint32_t i = 0; i < count; i++) {
		enum sk_scope inner = sk_ir_expression_scope(ir, arguments[i]);

		scope = inner > scope ? inner : scope;
	}
	return scope;
}
