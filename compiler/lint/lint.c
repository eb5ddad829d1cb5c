/* SPDX-License-Identifier: Apache-2.0 */
#include "compiler/lint/lint.h"

#include <errno.h>
#include <string.h>

#include "compiler/lint/lint_private.h"
#include "vm/support/alloc.h"

enum {
	WORK_BASE = 20 * 1000 * 1000, /* steps of reasoning for the rules of a pack, and for its parts */
	WORK_PER_RULE = 5 * 1000,     /* and more for every rule */
	SHOWN_LENGTH = 72,            /* bytes of a condition in a message */
	PARTS_LIMIT = 256,            /* that a condition is taken apart into */
	EXPLAINED_LIMIT = 96,         /* of which some are looked for that contradict each other */
};

/* --- saying -------------------------------------------------------------- */

struct sk_span sk_lint_span(const struct sk_node *node)
{
	return sk_text_span(node->text, node->begin, node->end);
}

const char *sk_lint_show(struct sk_linter *linter, const struct sk_node *node)
{
	struct sk_buffer buffer = {0};
	const char *shown;

	if (node->kind == SK_NODE_MACRO)
		return node->name;
	if (node->kind == SK_NODE_NOT && node->children[0]->kind == SK_NODE_MACRO)
		return sk_arena_printf(linter->arena, "not %s", node->children[0]->name);
	sk_node_print(node, &buffer);
	if (buffer.length > SHOWN_LENGTH)
		shown = sk_arena_printf(linter->arena, "%.*s...", SHOWN_LENGTH - 3, buffer.bytes);
	else
		shown = sk_arena_copy(linter->arena, buffer.bytes ? buffer.bytes : "", buffer.length);
	sk_buffer_release(&buffer);
	return shown ? shown : "";
}

void sk_lint_enter(struct sk_linter *linter, const char *kind, const char *name, struct sk_span span)
{
	linter->diagnostics->context_text = sk_arena_printf(linter->arena, "in %s '%s'", kind, name);
	linter->diagnostics->context = span;
}

void sk_lint_leave(struct sk_linter *linter)
{
	linter->diagnostics->context_text = NULL;
	linter->diagnostics->context = (struct sk_span){0};
}

/* --- asking -------------------------------------------------------------- */

enum sk_lint_answer sk_lint_ask(struct sk_linter *linter, uint32_t node, bool truth, bool open_placeholders)
{
	const struct sk_lint_claim_of claim = {node, truth};
	const struct sk_lint_question question = {.claims = &claim,
						  .count = 1,
						  .present = SK_NONE,
						  .missing = SK_NONE,
						  .open_placeholders = open_placeholders};

	return sk_solve(linter, &question);
}

static void take_apart(const struct sk_node *node, struct sk_lint_parts *parts)
{
	while (node->kind == SK_NODE_MACRO && node->body && node->body->kind != SK_NODE_OR)
		node = node->body;
	if (node->kind == SK_NODE_AND && parts->count + node->count <= PARTS_LIMIT) {
		for (uint32_t i = 0; i < node->count; i++)
			take_apart(node->children[i], parts);
	} else if (parts->count < PARTS_LIMIT) {
		parts->nodes[parts->count++] = node;
	}
}

void sk_lint_take_apart(struct sk_linter *linter, const struct sk_node *node, struct sk_lint_parts *ret_parts)
{
	*ret_parts = (struct sk_lint_parts){
		.nodes = sk_arena_alloc_zeroed(linter->arena, PARTS_LIMIT, sizeof(*ret_parts->nodes))};
	if (ret_parts->nodes)
		take_apart(node, ret_parts);
	else
		linter->out_of_memory = true;
}

static bool contradict(struct sk_linter *linter, const struct sk_lint_parts *parts, const bool *left_out,
		       bool open_placeholders)
{
	struct sk_lint_claim_of claims[EXPLAINED_LIMIT];
	struct sk_lint_question question = {
		.claims = claims, .present = SK_NONE, .missing = SK_NONE, .open_placeholders = open_placeholders};

	for (uint32_t i = 0; i < parts->count; i++) {
		if (!left_out[i])
			claims[question.count++] =
				(struct sk_lint_claim_of){sk_lint_node(linter, parts->nodes[i]), true};
	}
	return sk_solve(linter, &question) == SK_LINT_IMPOSSIBLE;
}

const char *sk_lint_explain(struct sk_linter *linter, const struct sk_lint_parts *parts, bool open_placeholders)
{
	bool left_out[EXPLAINED_LIMIT] = {0};
	const char *text = NULL;

	if (parts->count > EXPLAINED_LIMIT || !contradict(linter, parts, left_out, open_placeholders))
		return NULL;
	for (uint32_t i = 0; i < parts->count; i++) {
		left_out[i] = true;
		left_out[i] = contradict(linter, parts, left_out, open_placeholders);
	}
	for (uint32_t i = 0; i < parts->count; i++) {
		if (left_out[i])
			continue;
		text = text ? sk_arena_printf(linter->arena, "%s and `%s`", text,
					      sk_lint_show(linter, parts->nodes[i]))
			    : sk_arena_printf(linter->arena, "`%s`", sk_lint_show(linter, parts->nodes[i]));
		if (!text)
			linter->out_of_memory = true;
	}
	return text;
}

/* --- event types --------------------------------------------------------- */

static const struct sk_types *types_of(struct sk_linter *linter, uint32_t number, bool truth)
{
	const uint8_t bit = (uint8_t)(1 << truth);
	struct sk_types *types = &linter->node_types[number * 2 + truth];
	uint32_t count;
	const struct sk_ir_node *node = sk_ir_get_node(&linter->ir, number, &count);

	if (linter->node_types_known[number] & bit)
		return types;
	/* Operands have smaller numbers: there are no cycles. */
	switch ((enum sk_ir_node_kind)node->kind) {
	case SK_IR_PREDICATE:
		*types = linter->predicates[node->operands[0]].types[truth];
		if (linter->predicates[node->operands[0]].placeholder)
			*types = linter->seen;
		break;
	case SK_IR_NOT:
		*types = *types_of(linter, node->operands[0], !truth);
		break;
	case SK_IR_AND:
	case SK_IR_OR:
		for (uint32_t i = 0; i < count; i++) {
			const struct sk_types *child = types_of(linter, node->operands[i], truth);

			if (i == 0)
				*types = *child;
			else if ((node->kind == SK_IR_AND) == truth)
				sk_types_intersect(types, child);
			else
				sk_types_unite(types, child);
		}
		break;
	}
	linter->node_types_known[number] |= bit;
	return types;
}

void sk_lint_types(struct sk_linter *linter, uint32_t node, bool truth, struct sk_types *ret_types)
{
	*ret_types = node == SK_NONE ? linter->seen : *types_of(linter, node, truth);
}

/* --- the whole ----------------------------------------------------------- */

static int lint(struct sk_linter *linter)
{
	const struct sk_lint_report *report = linter->report;
	const uint64_t work = report->work_limit ? report->work_limit
						 : WORK_BASE + (uint64_t)WORK_PER_RULE * linter->pack->rule_count;
	int error = sk_lint_model(linter);

	if (error < 0)
		return error;
	linter->node_types = sk_arena_alloc_zeroed(linter->arena, (size_t)linter->ir.nodes.count * 2 + 1,
						   sizeof(*linter->node_types));
	linter->node_types_known = sk_arena_alloc_zeroed(linter->arena, (size_t)linter->ir.nodes.count + 1,
							 sizeof(*linter->node_types_known));
	if (!linter->node_types || !linter->node_types_known)
		return -ENOMEM;
	error = sk_solver_create(linter);
	if (error < 0)
		return error;
	linter->work = work;
	sk_lint_rules(linter);
	linter->work = work;
	sk_lint_parts(linter);
	sk_lint_items(linter);
	sk_lint_leave(linter);
	return linter->out_of_memory ? -ENOMEM : sk_lint_costs(linter);
}

int sk_lint_pack(struct sk_pack *pack, struct sk_lint_report *report)
{
	struct sk_linter linter = {
		.pack = pack, .arena = pack->arena, .diagnostics = pack->diagnostics, .report = report};
	int error;

	error = lint(&linter);
	sk_solver_destroy(&linter);
	sk_lint_release_model(&linter);
	if (error == 0)
		error = sk_lint_allow(pack->diagnostics, report);
	if (error == 0 && pack->diagnostics->out_of_memory)
		error = -ENOMEM;
	return error;
}

int sk_lint_files(const char *const *paths, size_t path_count, const struct sk_compile_options *options,
		  struct sk_diagnostics *diagnostics, struct sk_compile_summary *ret_summary,
		  struct sk_lint_report *report)
{
	struct sk_compile_options checking = options ? *options : (struct sk_compile_options){.priority = 7};
	struct sk_buffer none = {0};
	struct sk_pack pack;
	int error;

	checking.check_only = true;
	checking.ret_pack = &pack;
	error = sk_compile_files(paths, path_count, &checking, diagnostics, &none, ret_summary);
	sk_buffer_release(&none);
	return error < 0 ? error : sk_lint_pack(&pack, report);
}
