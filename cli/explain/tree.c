/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/explain/tree.h"

#include <errno.h>

#include "compiler/program.h"

struct building {
	struct sk_tree *tree;
	uint32_t node_limit;
	bool failed; /* more nodes than were counted: what was compiled is something else */
};

/* --- building ---------------------------------------------------------- */

/* Nodes of a tree written out, up to a little more than a condition may have. */
static uint32_t count_nodes(const struct sk_node *node, uint32_t depth)
{
	const uint32_t limit = 4 * SK_PROGRAM_LIMIT;
	uint32_t count = 1;

	if (depth == 0)
		return limit;
	switch (node->kind) {
	case SK_NODE_AND:
	case SK_NODE_OR:
	case SK_NODE_NOT:
		for (uint32_t i = 0; i < node->count && count < limit; i++)
			count += count_nodes(node->children[i], depth - 1);
		break;
	case SK_NODE_MACRO:
		count += node->body ? count_nodes(node->body, depth - 1) : 0;
		break;
	case SK_NODE_CHECK:
		break;
	}
	return count < limit ? count : limit;
}

static void add(struct building *building, const struct sk_node *source, uint32_t parent)
{
	static const enum sk_tree_kind kinds[] = {
		[SK_NODE_AND] = SK_TREE_AND,    [SK_NODE_OR] = SK_TREE_OR,       [SK_NODE_NOT] = SK_TREE_NOT,
		[SK_NODE_CHECK] = SK_TREE_ATOM, [SK_NODE_MACRO] = SK_TREE_MACRO,
	};
	struct sk_tree *tree = building->tree;
	uint32_t number = tree->count;
	struct sk_tree_node *node = &tree->nodes[number];

	if (building->failed || number == building->node_limit) {
		building->failed = true;
		return;
	}
	tree->count++;
	*node = (struct sk_tree_node){.kind = kinds[source->kind], .parent = parent, .source = source};
	if (node->kind == SK_TREE_ATOM) {
		node->atom = tree->atom_count;
		tree->atoms[tree->atom_count++] = number;
	} else if (node->kind == SK_TREE_MACRO) {
		if (source->body)
			add(building, source->body, number);
		else
			building->failed = true;
	} else {
		for (uint32_t i = 0; i < source->count; i++)
			add(building, source->children[i], number);
	}
	tree->nodes[number].next = tree->count;
}

/* Atom n is tested by instruction n. */
static bool bind_predicates(struct sk_tree *tree)
{
	const struct sk_bundle_rule *rule = &tree->bundle->rules[tree->rule];

	if (rule->condition_size != tree->atom_count + 2)
		return false;
	for (uint32_t i = 0; i < tree->atom_count; i++) {
		const struct sk_instruction *instruction = &tree->bundle->code[rule->condition + i];

		if (instruction->op != SK_OP_JUMP_TRUE && instruction->op != SK_OP_JUMP_FALSE)
			return false;
		tree->nodes[tree->atoms[i]].predicate = instruction->operand;
	}
	return true;
}

int sk_tree_build(const struct sk_bundle *bundle, uint32_t rule, const struct sk_pack_rule *source,
		  struct sk_arena *arena, struct sk_tree *ret_tree)
{
	struct sk_tree tree = {.bundle = bundle, .source = source, .rule = rule};
	struct building building = {.tree = &tree};

	if (!source->tree)
		return -EINVAL;
	building.node_limit = count_nodes(source->tree, 2 * SK_PACK_HEIGHT_LIMIT);
	tree.nodes = sk_arena_alloc_zeroed(arena, building.node_limit, sizeof(*tree.nodes));
	tree.atoms = sk_arena_alloc_zeroed(arena, building.node_limit, sizeof(*tree.atoms));
	if (!tree.nodes || !tree.atoms)
		return -ENOMEM;
	add(&building, source->tree, SK_NONE);
	if (building.failed || !bind_predicates(&tree))
		return -EINVAL;
	*ret_tree = tree;
	return 0;
}

bool sk_tree_is_tried(const struct sk_tree *tree, uint16_t type)
{
	const struct sk_bundle_type *rules = &tree->bundle->types[type];

	for (uint32_t i = 0; i < rules->count; i++) {
		if (tree->bundle->type_rules[rules->first + i] == tree->rule)
			return true;
	}
	return false;
}

/* --- truth ------------------------------------------------------------- */

/* How many children of a node are true, and how many there are. */
static uint32_t count_true(const struct sk_tree *tree, uint32_t number, const bool *nodes, uint32_t *ret_children)
{
	uint32_t count = 0;

	*ret_children = 0;
	for (uint32_t i = number + 1; i < tree->nodes[number].next; i = tree->nodes[i].next) {
		count += nodes[i];
		++*ret_children;
	}
	return count;
}

void sk_tree_evaluate(const struct sk_tree *tree, const bool *atoms, bool *ret_nodes)
{
	for (uint32_t i = tree->count; i-- > 0;) {
		uint32_t children, count;

		switch (tree->nodes[i].kind) {
		case SK_TREE_AND:
			count = count_true(tree, i, ret_nodes, &children);
			ret_nodes[i] = count == children;
			break;
		case SK_TREE_OR:
			ret_nodes[i] = count_true(tree, i, ret_nodes, &children) > 0;
			break;
		case SK_TREE_NOT:
			ret_nodes[i] = !ret_nodes[i + 1];
			break;
		case SK_TREE_MACRO:
			ret_nodes[i] = ret_nodes[i + 1];
			break;
		case SK_TREE_ATOM:
			ret_nodes[i] = atoms[tree->nodes[i].atom];
			break;
		}
	}
}

void sk_tree_find_deciding(const struct sk_tree *tree, const bool *nodes, bool *ret_deciding)
{
	for (uint32_t i = 0; i < tree->count; i++) {
		const struct sk_tree_node *node = &tree->nodes[i];
		uint32_t parent = node->parent, children, count;

		ret_deciding[i] = parent == SK_NONE || ret_deciding[parent];
		if (!ret_deciding[i] || parent == SK_NONE)
			continue;
		/* The others must leave it to this one. */
		if (tree->nodes[parent].kind == SK_TREE_AND) {
			count = count_true(tree, parent, nodes, &children);
			ret_deciding[i] = count - nodes[i] == children - 1;
		} else if (tree->nodes[parent].kind == SK_TREE_OR) {
			ret_deciding[i] = count_true(tree, parent, nodes, &children) - nodes[i] == 0;
		}
	}
}

void sk_tree_find_reasons(const struct sk_tree *tree, const bool *nodes, bool *ret_reasons)
{
	for (uint32_t i = 0; i < tree->count; i++)
		ret_reasons[i] = i == 0;
	for (uint32_t i = 0; i < tree->count; i++) {
		const struct sk_tree_node *node = &tree->nodes[i];
		/* One child is enough for an `and` that is false and an `or` that is true. */
		bool one = (node->kind == SK_TREE_AND && !nodes[i]) || (node->kind == SK_TREE_OR && nodes[i]);

		for (uint32_t k = i + 1; ret_reasons[i] && k < node->next; k = tree->nodes[k].next) {
			ret_reasons[k] = !one || nodes[k] == nodes[i];
			if (one && ret_reasons[k])
				break;
		}
	}
}

bool sk_tree_neutral(const struct sk_tree *tree, uint32_t atom)
{
	bool negated = false;

	for (uint32_t i = tree->nodes[tree->atoms[atom]].parent; i != SK_NONE; i = tree->nodes[i].parent) {
		if (tree->nodes[i].kind == SK_TREE_NOT)
			negated = !negated;
		else if (tree->nodes[i].kind == SK_TREE_AND)
			return !negated;
		else if (tree->nodes[i].kind == SK_TREE_OR)
			return negated;
	}
	/* Of a condition that is this atom alone nothing is left: it is always true. */
	return !negated;
}

sk_position sk_tree_position(const struct sk_tree_node *node)
{
	return sk_text_span(node->source->text, node->source->begin, node->source->end).begin;
}

uint32_t sk_tree_macro(const struct sk_tree *tree, uint32_t node)
{
	do {
		node = tree->nodes[node].parent;
	} while (node != SK_NONE && tree->nodes[node].kind != SK_TREE_MACRO);
	return node;
}
