/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rules cost, judged by their text: the values that they ask for and the
 * comparisons that they make of them, each once, as both engines do it.  What
 * follows from the process alone is remembered with it (docs/architecture.md),
 * and so is asked again only when the process changes.
 */
#include <errno.h>
#include <string.h>

#include "compiler/lint/lint_private.h"
#include "vm/question.h"

/* About, in ns: the value of a transformer, and comparisons of a text of some length. */
enum { TRANSFORMER = 40, PATTERN = 150, SEARCH = 20, COMPARISON = 4 };

struct costs {
	struct sk_linter *linter;
	uint32_t *predicate_walk, *expression_walk; /* the rule that has it, counted from 1 */
	uint32_t *node_walk;
	uint32_t walk;
	struct sk_lint_cost *cost;
};

static uint32_t cost_of_value(struct costs *costs, uint32_t number, int depth)
{
	const struct sk_ir_expression *expression = sk_ir_get_expression(&costs->linter->ir, number);
	const uint32_t *arguments;
	uint32_t cost = TRANSFORMER, count;

	if (costs->expression_walk[number] == costs->walk || expression->kind == SK_EXPRESSION_CONSTANT)
		return 0;
	costs->expression_walk[number] = costs->walk;
	if (expression->kind == SK_EXPRESSION_FIELD)
		return sk_question_field_cost(sk_ir_get_field(&costs->linter->ir, expression->operand));
	if (expression->arguments == SK_NONE || depth == 0)
		return cost;
	arguments = sk_ir_get_run(&costs->linter->ir, expression->arguments, &count);
	for (uint32_t i = 0; i < count; i++)
		cost += cost_of_value(costs, arguments[i], depth - 1);
	return cost;
}

static uint32_t cost_of_comparison(const struct sk_linter *linter, const struct sk_ir_predicate *predicate)
{
	uint32_t count = 1;

	if (predicate->constants != SK_NONE)
		sk_ir_get_run(&linter->ir, predicate->constants, &count);
	switch ((enum sk_operator)predicate->comparison) {
	case SK_OPERATOR_REGEX:
	case SK_OPERATOR_GLOB:
	case SK_OPERATOR_IGLOB:
		return count * PATTERN;
	case SK_OPERATOR_CONTAINS:
	case SK_OPERATOR_ICONTAINS:
	case SK_OPERATOR_BCONTAINS:
	case SK_OPERATOR_PMATCH:
		return count * SEARCH;
	case SK_OPERATOR_EQ:
	case SK_OPERATOR_NE:
	case SK_OPERATOR_LT:
	case SK_OPERATOR_LE:
	case SK_OPERATOR_GT:
	case SK_OPERATOR_GE:
	case SK_OPERATOR_EXISTS:
	case SK_OPERATOR_STARTSWITH:
	case SK_OPERATOR_BSTARTSWITH:
	case SK_OPERATOR_ENDSWITH:
	case SK_OPERATOR_IN:
	case SK_OPERATOR_INTERSECTS:
	case SK_OPERATOR_COUNT:
		break;
	}
	return count * COMPARISON;
}

static void add_predicate(struct costs *costs, uint32_t number)
{
	const struct sk_ir_predicate *predicate = sk_ir_get_predicate(&costs->linter->ir, number);
	struct sk_lint_cost *cost = costs->cost;
	uint32_t nanoseconds;

	if (costs->predicate_walk[number] == costs->walk)
		return;
	costs->predicate_walk[number] = costs->walk;
	nanoseconds = cost_of_value(costs, predicate->left, SK_EXPRESSION_DEPTH_LIMIT) +
		      cost_of_comparison(costs->linter, predicate);
	if (predicate->right != SK_NONE)
		nanoseconds += cost_of_value(costs, predicate->right, SK_EXPRESSION_DEPTH_LIMIT);
	cost->comparisons++;
	cost->patterns += predicate->comparison == SK_OPERATOR_REGEX || predicate->comparison == SK_OPERATOR_GLOB ||
			  predicate->comparison == SK_OPERATOR_IGLOB;
	cost->nanoseconds += nanoseconds;
	switch ((enum sk_scope)predicate->scope) {
	case SK_SCOPE_THREAD:
		cost->by_thread++;
		return;
	case SK_SCOPE_LINEAGE:
		cost->by_lineage++;
		return;
	case SK_SCOPE_FD:
		cost->by_file++;
		break;
	case SK_SCOPE_EVENT:
		cost->by_event++;
		break;
	}
	cost->repeated += nanoseconds;
}

static void add_node(struct costs *costs, uint32_t number)
{
	uint32_t count;
	const struct sk_ir_node *node = sk_ir_get_node(&costs->linter->ir, number, &count);

	if (costs->node_walk[number] == costs->walk)
		return;
	costs->node_walk[number] = costs->walk;
	if (node->kind == SK_IR_PREDICATE) {
		add_predicate(costs, node->operands[0]);
		return;
	}
	for (uint32_t i = 0; i < (node->kind == SK_IR_NOT ? 1 : count); i++)
		add_node(costs, node->operands[i]);
}

/* Events as people count them: one for all versions of a call. */
static uint32_t count_events(const struct sk_types *types)
{
	uint32_t count = 0;

	for (uint32_t type = 0; type < SK_EVENT_COUNT; type++)
		count += sk_types_has(types, type) && type != SK_EVENT_ASYNCEVENT_E &&
			 !(sk_events[type].flags & (SK_EVENT_FLAG_UNUSED | SK_EVENT_FLAG_OLD_VERSION));
	return count;
}

int sk_lint_costs(struct sk_linter *linter)
{
	struct sk_lint_report *report = linter->report;
	const struct sk_pack *pack = linter->pack;
	struct costs costs = {.linter = linter};

	costs.predicate_walk = sk_arena_alloc_zeroed(linter->arena, (size_t)linter->ir.predicates.count + 1,
						     sizeof(*costs.predicate_walk));
	costs.expression_walk = sk_arena_alloc_zeroed(linter->arena, (size_t)linter->ir.expressions.count + 1,
						      sizeof(*costs.expression_walk));
	costs.node_walk =
		sk_arena_alloc_zeroed(linter->arena, (size_t)linter->ir.nodes.count + 1, sizeof(*costs.node_walk));
	report->costs = sk_arena_alloc_zeroed(linter->arena, (size_t)pack->rule_count + 1, sizeof(*report->costs));
	if (!costs.predicate_walk || !costs.expression_walk || !costs.node_walk || !report->costs)
		return -ENOMEM;
	report->cost_count = 0;
	for (uint32_t i = 0; i < pack->rule_count; i++) {
		const struct sk_pack_rule *rule = &pack->rules[i];
		const uint32_t node = rule->tree ? sk_lint_node(linter, rule->tree) : SK_NONE;
		struct sk_types types;

		if (node == SK_NONE || rule->unknown_source)
			continue;
		costs.walk++;
		costs.cost = &report->costs[report->cost_count++];
		costs.cost->rule = rule;
		sk_lint_types(linter, node, true, &types);
		costs.cost->event_types = count_events(&types);
		add_node(&costs, node);
	}
	return 0;
}
