/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule's condition as it was written, and its truth for one event.
 *
 *   nodes, each before what it holds:     and ── macro ── and ── atom 0
 *                                          │               └─── atom 1
 *                                          └─── not ── atom 2
 *
 * The atoms of a tree, in order, are the predicates of the rule's condition
 * program (compiler/program.h): so each comparison of the source is one of
 * the bundle's predicates, through any number of macros.
 *
 * Invariant: nodes[i].next is behind the last node inside i.
 */
#ifndef SK_CLI_EXPLAIN_TREE_H
#define SK_CLI_EXPLAIN_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/pack.h"
#include "vm/bundle.h"

enum sk_tree_kind { SK_TREE_AND, SK_TREE_OR, SK_TREE_NOT, SK_TREE_MACRO, SK_TREE_ATOM };

struct sk_tree_node {
	enum sk_tree_kind kind;
	uint32_t parent; /* SK_NONE: the root */
	uint32_t next;
	const struct sk_node *source;
	uint32_t atom;      /* ATOM: its number in the tree */
	uint32_t predicate; /* ATOM: its number in the bundle */
};

struct sk_tree {
	const struct sk_bundle *bundle;
	const struct sk_pack_rule *source;
	uint32_t rule; /* of the bundle */
	struct sk_tree_node *nodes;
	uint32_t count;
	uint32_t *atoms; /* node of each */
	uint32_t atom_count;
};

/*
 * The tree of a rule of the bundle, which `source` was compiled to; in `arena`.
 * -ENOMEM; -EINVAL if the two are not the same.
 */
int sk_tree_build(const struct sk_bundle *bundle, uint32_t rule, const struct sk_pack_rule *source,
		  struct sk_arena *arena, struct sk_tree *ret_tree);

/* True if the engine tries the rule for events of this type. */
bool sk_tree_is_tried(const struct sk_tree *tree, uint16_t type);

/* The truth of every node from that of the atoms. */
void sk_tree_evaluate(const struct sk_tree *tree, const bool *atoms, bool *ret_nodes);

/*
 * Which nodes decide: the verdict would be another if this one alone were.
 * `nodes` is what sk_tree_evaluate() gave.
 */
void sk_tree_find_deciding(const struct sk_tree *tree, const bool *nodes, bool *ret_deciding);

/*
 * What the verdict rests on: nodes whose truth alone makes it what it is, read
 * as the engine does: of an `and` that is false the first child that is, of one
 * that is true all.
 */
void sk_tree_find_reasons(const struct sk_tree *tree, const bool *nodes, bool *ret_reasons);

/* The truth that an atom would have to have to be as if it were not there. */
bool sk_tree_neutral(const struct sk_tree *tree, uint32_t atom);

/* Where an atom is written, and the macro uses that led there, from the inside out. */
sk_position sk_tree_position(const struct sk_tree_node *node);
/* The innermost macro use around a node; SK_NONE if it stands in the rule itself. */
uint32_t sk_tree_macro(const struct sk_tree *tree, uint32_t node);

#endif
