/* SPDX-License-Identifier: Apache-2.0 */
/* Findings about constants and the items of lists. */
#include <string.h>

#include "compiler/lint/lint_private.h"

/* The kernel's TASK_COMM_LEN, without its NUL. */
enum { NAME_LENGTH = 15 };

struct items {
	struct sk_linter *linter;
	struct sk_intern said; /* places that were reported: a list is written into many conditions */
};

static bool is_name(enum sk_field field)
{
	switch (field) {
	case SK_FIELD_PROC_NAME:
	case SK_FIELD_PROC_PNAME:
	case SK_FIELD_PROC_ANAME:
	case SK_FIELD_PROC_SNAME:
	case SK_FIELD_PROC_VPGID_NAME:
	case SK_FIELD_PROC_PGID_NAME:
		return true;
	default:
		return false;
	}
}

/* Operators that a longer text on the right makes false, or `!=` true. */
static bool needs_the_whole(enum sk_operator operator)
{
	switch (operator) {
	case SK_OPERATOR_EQ:
	case SK_OPERATOR_NE:
	case SK_OPERATOR_IN:
	case SK_OPERATOR_INTERSECTS:
	case SK_OPERATOR_CONTAINS:
	case SK_OPERATOR_ICONTAINS:
	case SK_OPERATOR_STARTSWITH:
	case SK_OPERATOR_ENDSWITH:
		return true;
	default:
		return false;
	}
}

static void judge_name(struct items *items, const struct sk_node *node, const struct sk_operand *constant)
{
	struct sk_linter *linter = items->linter;
	const struct sk_span span = sk_text_span(node->text, constant->begin, constant->end);
	uint32_t before = items->said.count;

	if (constant->length <= NAME_LENGTH || sk_intern_add(&items->said, &span, sizeof(span)) < before)
		return;
	sk_diagnostics_add(
		linter->diagnostics, SK_DIAGNOSTIC_NAME_TOO_LONG, span,
		sk_arena_printf(linter->arena, "the kernel keeps '%.*s' of it", NAME_LENGTH, constant->text),
		"%s is never '%s': it has %u bytes, process names have at most %d", node->left->text,
		constant->text, constant->length, NAME_LENGTH);
}

static void judge_check(struct items *items, const struct sk_node *node)
{
	struct sk_linter *linter = items->linter;
	const struct sk_operand *right = node->right;
	const uint32_t lowered = sk_lint_node(linter, node);
	uint32_t count;

	if (lowered == SK_NONE || !right || !needs_the_whole(node->operator))
		return;
	if (!is_name(linter->terms[linter->predicates[sk_ir_get_node(&linter->ir, lowered, &count)->operands[0]]
					   .term]
			     .field))
		return;
	if (right->kind == SK_OPERAND_CONSTANT || right->kind == SK_OPERAND_WORD)
		judge_name(items, node, right);
	for (uint32_t i = 0; right->kind == SK_OPERAND_LIST && i < right->count; i++)
		judge_name(items, node, right->children[i]);
}

static void walk(struct items *items, const struct sk_node *node)
{
	if (node->kind == SK_NODE_CHECK) {
		judge_check(items, node);
	} else if (node->kind != SK_NODE_MACRO) {
		for (uint32_t i = 0; i < node->count; i++)
			walk(items, node->children[i]);
	}
}

static void judge_list(struct sk_linter *linter, const struct sk_pack_list *list)
{
	struct sk_intern seen;

	sk_intern_init(&seen, linter->arena);
	for (uint32_t i = 0; i < list->item_count; i++) {
		const struct sk_text *item = &list->items[i];
		const uint32_t before = seen.count;

		if (sk_intern_add(&seen, item->bytes, item->length) < before)
			sk_diagnostics_add(linter->diagnostics, SK_DIAGNOSTIC_DUPLICATE_ITEM,
					   sk_text_span(item, 0, item->length), NULL, "'%s' is in the list already",
					   item->bytes);
	}
}

void sk_lint_items(struct sk_linter *linter)
{
	const struct sk_pack *pack = linter->pack;
	struct items items = {.linter = linter};

	sk_intern_init(&items.said, linter->arena);
	for (uint32_t i = 0; i < pack->list_count; i++) {
		sk_lint_enter(linter, "list", pack->lists[i].name, pack->lists[i].span);
		judge_list(linter, &pack->lists[i]);
	}
	for (uint32_t i = 0; i < pack->macro_count; i++) {
		sk_lint_enter(linter, "macro", pack->macros[i].name, pack->macros[i].span);
		if (pack->macros[i].tree)
			walk(&items, pack->macros[i].tree);
	}
	for (uint32_t i = 0; i < pack->rule_count; i++) {
		sk_lint_enter(linter, "rule", pack->rules[i].name, pack->rules[i].span);
		if (pack->rules[i].tree && !pack->rules[i].unknown_source)
			walk(&items, pack->rules[i].tree);
	}
}
