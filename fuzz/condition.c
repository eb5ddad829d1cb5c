/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a condition.  What is held: an error or a tree, never both;
 * every part lies inside of what it is part of; and canonical text, unless a
 * value lost its quotes there (section 2.10 of the specification lets it),
 * parses to a tree that prints as the same text.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "grammar/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_operand(const struct sk_operand *operand, uint32_t begin, uint32_t end)
{
	assert(operand->begin >= begin && operand->end <= end && operand->begin < operand->end);
	for (uint32_t i = 0; i < operand->count; i++)
		check_operand(operand->children[i], operand->begin, operand->end);
}

/* Every part lies inside of what it is part of. */
static void check_node(const struct sk_node *node, uint32_t begin, uint32_t end)
{
	assert(node->begin >= begin && node->end <= end && node->begin < node->end);
	switch (node->kind) {
	case SK_NODE_AND:
	case SK_NODE_OR:
	case SK_NODE_NOT:
		assert(node->count >= (node->kind == SK_NODE_NOT ? 1 : 2));
		for (uint32_t i = 0; i < node->count; i++)
			check_node(node->children[i], node->begin, node->end);
		break;
	case SK_NODE_CHECK:
		check_operand(node->left, node->begin, node->end);
		assert(node->operator_begin >= node->left->end && node->operator_end <= node->end);
		assert((node->right == NULL) == (node->operator== SK_OPERATOR_EXISTS));
		if (node->right)
			check_operand(node->right, node->operator_end, node->end);
		break;
	case SK_NODE_MACRO:
		assert(node->name_length == strlen(node->name));
		break;
	}
}

static bool is_free_of(const char *bytes, uint32_t length, const char *set)
{
	for (uint32_t i = 0; i < length; i++)
		if (bytes[i] == '\0' || strchr(set, bytes[i]))
			return false;
	return true;
}

/* Whether canonical text says the same again. */
static bool operand_survives(const struct sk_operand *operand, bool nested)
{
	if (operand->argument &&
	    (!operand->argument_length || !is_free_of(operand->argument, operand->argument_length, "[]\\\"'\v")))
		return false;
	if (operand->kind == SK_OPERAND_CONSTANT &&
	    (nested || operand->length == 0 || !is_free_of(operand->text, operand->length, "(),\\\"'\v")))
		return false;
	for (uint32_t i = 0; i < operand->count; i++)
		if (!operand_survives(operand->children[i], operand->kind != SK_OPERAND_LIST || nested))
			return false;
	return true;
}

static bool node_survives(const struct sk_node *node)
{
	switch (node->kind) {
	case SK_NODE_AND:
	case SK_NODE_OR:
	case SK_NODE_NOT:
		for (uint32_t i = 0; i < node->count; i++)
			if (!node_survives(node->children[i]))
				return false;
		return true;
	case SK_NODE_CHECK:
		return operand_survives(node->left, false) &&
		       (!node->right || operand_survives(node->right, false));
	case SK_NODE_MACRO:
		return strcmp(node->name, "not") != 0;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_arena arena;
	struct sk_sources sources;
	struct sk_diagnostics diagnostics;
	struct sk_buffer canonical = {0}, again = {0}, report = {0};
	const struct sk_source_file *file;
	struct sk_text text;
	struct sk_node *tree;

	sk_arena_init(&arena, 0);
	sk_sources_init(&sources, &arena);
	sk_diagnostics_init(&diagnostics, &sources, &arena);
	file = sk_sources_add(&sources, "fuzz", (const char *)data, size);
	text = (struct sk_text){.bytes = file->bytes, .length = (uint32_t)size, .first = file->first};

	tree = sk_parse_condition(&text, SK_PARSE_DEPTH_PACK, &arena, &diagnostics);
	assert((tree != NULL) == (diagnostics.errors == 0));
	sk_parse_left_side(&text, &arena);
	sk_diagnostics_print(&diagnostics, false, &report);
	if (tree) {
		struct sk_text printed;
		bool survives = node_survives(tree);

		check_node(tree, 0, text.length);
		sk_node_print(tree, &canonical);
		printed = (struct sk_text){.bytes = canonical.bytes, .length = (uint32_t)canonical.length};
		/* Its parentheses are not those of the text: allow for more depth. */
		tree = sk_parse_condition(&printed, 4 * SK_PARSE_DEPTH_PACK, &arena, &diagnostics);
		assert(tree || !survives);
		if (survives) {
			sk_node_print(tree, &again);
			assert(strcmp(again.bytes, canonical.bytes) == 0);
		}
	}
	sk_buffer_release(&canonical);
	sk_buffer_release(&again);
	sk_buffer_release(&report);
	sk_arena_release(&arena);
	return 0;
}
