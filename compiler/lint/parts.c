/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings about parts of conditions.  A chain is what one `and` or `or` joins,
 * written with or without parentheses:
 *
 *   a and (b and c) and (d or e)     chains: a, b, c, (d or e);  d, e
 *
 * Each text is looked at where it stands, a macro once and for itself, because
 * what a rule adds to it is no fault of the macro.
 */
#include <stdlib.h>
#include <string.h>

#include "compiler/lint/lint_private.h"

enum { MEMBER_LIMIT = 1024, NAMES_SHOWN = 4, ODD_LIMIT = 64, CHAIN_LIMIT = 256 };

/* A part of a chain, and the one predicate that it is, perhaps negated. */
struct member {
	const struct sk_node *node;
	uint32_t lowered;
	uint32_t predicate; /* SK_NONE: more than one */
};

struct chain {
	const struct sk_node *node;
	struct member members[MEMBER_LIMIT];
	uint32_t count;
	bool all;   /* joined by `and` */
	bool found; /* something was said that explains why it folds */
};

struct walk {
	struct sk_linter *linter;
	struct chain *chain;
	const struct sk_node *odd[ODD_LIMIT]; /* comparisons whose field the events do not have */
	uint32_t odd_count;
	const struct sk_node *root; /* of a rule: the rule's findings speak for it; NULL in a macro */
};

static const struct sk_lint_predicate *predicate_of(const struct sk_linter *linter, const struct member *member)
{
	return member->predicate == SK_NONE ? NULL : &linter->predicates[member->predicate];
}

static uint32_t only_predicate(const struct sk_linter *linter, uint32_t lowered)
{
	uint32_t count;

	while (lowered != SK_NONE) {
		const struct sk_ir_node *node = sk_ir_get_node(&linter->ir, lowered, &count);

		if (node->kind == SK_IR_PREDICATE)
			return node->operands[0];
		if (node->kind != SK_IR_NOT)
			break;
		lowered = node->operands[0];
	}
	return SK_NONE;
}

static void collect(struct sk_linter *linter, const struct sk_node *node, struct chain *chain)
{
	for (uint32_t i = 0; i < node->count && chain->count < MEMBER_LIMIT; i++) {
		const struct sk_node *child = node->children[i];
		struct member *member = &chain->members[chain->count];

		if (child->kind == node->kind) {
			collect(linter, child, chain);
			continue;
		}
		*member = (struct member){.node = child, .lowered = sk_lint_node(linter, child)};
		member->predicate = only_predicate(linter, member->lowered);
		chain->count++;
	}
}

/* --- two of a chain ------------------------------------------------------ */

static bool is_impossible(struct sk_linter *linter, const struct member *one, bool one_truth,
			  const struct member *other, bool other_truth, uint32_t present)
{
	const struct sk_lint_claim_of claims[] = {{one->lowered, one_truth}, {other->lowered, other_truth}};
	const struct sk_lint_question question = {
		.claims = claims, .count = 2, .present = present, .missing = SK_NONE, .open_placeholders = true};

	return sk_solve(linter, &question) == SK_LINT_IMPOSSIBLE;
}

static void say_redundant(struct sk_linter *linter, const struct member *redundant, const struct member *because,
			  bool all)
{
	const char *what = sk_lint_show(linter, redundant->node), *other = sk_lint_show(linter, because->node);

	if (all)
		sk_diagnostics_add(linter->diagnostics, SK_DIAGNOSTIC_REDUNDANT_COMPARISON,
				   sk_lint_span(redundant->node), NULL,
				   "`%s` decides nothing: wherever `%s` is true, it is true too", what, other);
	else
		sk_diagnostics_add(linter->diagnostics, SK_DIAGNOSTIC_REDUNDANT_COMPARISON,
				   sk_lint_span(redundant->node), NULL,
				   "`%s` decides nothing: wherever it is true, `%s` is true too", what, other);
}

/* Both are about the same value; neither is one alone that folds. */
static void compare_members(struct sk_linter *linter, struct chain *chain, const struct member *one,
			    const struct member *other)
{
	const uint32_t term = linter->predicates[one->predicate].term;

	if (chain->all) {
		if (is_impossible(linter, one, true, other, true, SK_NONE)) {
			chain->found = true;
			sk_diagnostics_add(linter->diagnostics, SK_DIAGNOSTIC_CONTRADICTION,
					   sk_lint_span(other->node), "`or` joins what need not both hold",
					   "`%s` is never true together with `%s`",
					   sk_lint_show(linter, other->node), sk_lint_show(linter, one->node));
		} else if (is_impossible(linter, one, true, other, false, SK_NONE)) {
			say_redundant(linter, other, one, true);
		} else if (is_impossible(linter, other, true, one, false, SK_NONE)) {
			say_redundant(linter, one, other, true);
		}
	} else if (is_impossible(linter, one, false, other, false, term)) {
		chain->found = true;
		sk_diagnostics_add(linter->diagnostics, SK_DIAGNOSTIC_PART_ALWAYS_TRUE, sk_lint_span(other->node),
				   "`and` joins what must both hold", "`%s` or `%s` is true whatever the value is",
				   sk_lint_show(linter, one->node), sk_lint_show(linter, other->node));
	} else if (is_impossible(linter, one, true, other, false, SK_NONE)) {
		say_redundant(linter, one, other, false);
	} else if (is_impossible(linter, other, true, one, false, SK_NONE)) {
		say_redundant(linter, other, one, false);
	}
}

static const struct sk_node *without_not(const struct sk_node *node)
{
	while (node->kind == SK_NODE_NOT)
		node = node->children[0];
	return node;
}

/* A macro is a place where packs are adapted: what it says today is not compared with what stands beside it. */
static bool is_of_interest(const struct sk_linter *linter, const struct member *member)
{
	const struct sk_lint_predicate *predicate = predicate_of(linter, member);

	return predicate && !predicate->placeholder && without_not(member->node)->kind == SK_NODE_CHECK;
}

/* Two nodes that say the same: two macros do so by their names. */
static bool same_words(const struct sk_node *one, const struct sk_node *other)
{
	one = without_not(one);
	other = without_not(other);
	if (one->kind != SK_NODE_MACRO && other->kind != SK_NODE_MACRO)
		return true;
	return one->kind == other->kind && strcmp(one->name, other->name) == 0;
}

static void compare_all(struct sk_linter *linter, struct chain *chain)
{
	for (uint32_t i = 1; i < chain->count && linter->work > 0; i++) {
		struct member *other = &chain->members[i];

		for (uint32_t k = 0; k < i; k++) {
			struct member *one = &chain->members[k];

			if (other->lowered == SK_NONE)
				break;
			if (one->lowered == other->lowered && same_words(one->node, other->node)) {
				sk_diagnostics_add(linter->diagnostics, SK_DIAGNOSTIC_DUPLICATE_COMPARISON,
						   sk_lint_span(other->node), NULL, "`%s` stands here twice",
						   sk_lint_show(linter, other->node));
				/* Neither this nor what it is beside needs to be said once more. */
				other->lowered = SK_NONE;
				other->predicate = SK_NONE;
				break;
			}
			if (one->lowered != other->lowered && is_of_interest(linter, one) &&
			    is_of_interest(linter, other) &&
			    predicate_of(linter, one)->term == predicate_of(linter, other)->term)
				compare_members(linter, chain, one, other);
		}
	}
}

/* --- what folds ---------------------------------------------------------- */

/* The comparison alone: true or false for every value. */
static bool judge_comparison(struct sk_linter *linter, const struct sk_node *node)
{
	const uint32_t lowered = sk_lint_node(linter, node);
	const struct sk_lint_claim_of claim = {lowered, false};
	struct sk_lint_question question = {
		.claims = &claim, .count = 1, .missing = SK_NONE, .open_placeholders = true};
	const struct sk_lint_predicate *predicate;

	if (lowered == SK_NONE)
		return false;
	predicate = &linter->predicates[only_predicate(linter, lowered)];
	/* A field that never has a value is deprecated, which the compiler says. */
	if (predicate->placeholder || !sk_types_any(&linter->terms[predicate->term].types))
		return false;
	if (sk_lint_ask(linter, lowered, true, true) == SK_LINT_IMPOSSIBLE) {
		sk_diagnostics_add(linter->diagnostics, SK_DIAGNOSTIC_PART_NEVER_TRUE, sk_lint_span(node), NULL,
				   "`%s` is never true", sk_lint_show(linter, node));
		return true;
	}
	question.present = predicate->term;
	if (node->operator!= SK_OPERATOR_EXISTS && sk_solve(linter, &question) == SK_LINT_IMPOSSIBLE) {
		sk_diagnostics_add(linter->diagnostics, SK_DIAGNOSTIC_PART_ALWAYS_TRUE, sk_lint_span(node),
				   "`exists` says so more clearly",
				   "`%s` is true whatever the value is, as long as there is one",
				   sk_lint_show(linter, node));
		return true;
	}
	return false;
}

/* A chain that folds although no two of its comparisons explain it. */
static void judge_chain(struct sk_linter *linter, const struct chain *chain)
{
	const uint32_t lowered = sk_lint_node(linter, chain->node);
	struct sk_lint_parts parts;
	const char *which = NULL;

	if (lowered == SK_NONE || sk_lint_ask(linter, lowered, chain->all, true) != SK_LINT_IMPOSSIBLE)
		return;
	if (!chain->all) {
		sk_diagnostics_add(linter->diagnostics, SK_DIAGNOSTIC_PART_ALWAYS_TRUE, sk_lint_span(chain->node),
				   NULL, "this part is true for every event");
		return;
	}
	sk_lint_take_apart(linter, chain->node, &parts);
	which = sk_lint_explain(linter, &parts, true);
	sk_diagnostics_add(linter->diagnostics, SK_DIAGNOSTIC_PART_NEVER_TRUE, sk_lint_span(chain->node),
			   which ? sk_arena_printf(linter->arena, "no event makes this true: %s", which) : NULL,
			   "this part is never true");
}

static bool is_odd(const struct walk *walk, const struct sk_node *node)
{
	for (uint32_t i = 0; i < walk->odd_count; i++) {
		if (walk->odd[i] == node)
			return true;
	}
	return false;
}

static void judge_chains(struct walk *walk, const struct sk_node *node, bool inside)
{
	struct sk_linter *linter = walk->linter;
	struct chain *chain = walk->chain;
	bool folds = false;

	if (node->kind == SK_NODE_MACRO)
		return;
	if (node->kind == SK_NODE_CHECK) {
		judge_comparison(linter, node);
		return;
	}
	if (node->kind == SK_NODE_NOT) {
		judge_chains(walk, node->children[0], false);
		return;
	}
	if (!inside) {
		chain->node = node;
		chain->all = node->kind == SK_NODE_AND;
		chain->count = 0;
		chain->found = false;
		collect(linter, node, chain);
		for (uint32_t i = 0; i < chain->count; i++) {
			folds |= is_odd(walk, without_not(chain->members[i].node));
			if (chain->members[i].node->kind == SK_NODE_CHECK &&
			    judge_comparison(linter, chain->members[i].node)) {
				chain->members[i].predicate = SK_NONE;
				folds = true;
			}
		}
		compare_all(linter, chain);
		if (!folds && !chain->found && node != walk->root)
			judge_chain(linter, chain);
	}
	for (uint32_t i = 0; i < node->count; i++) {
		if (node->children[i]->kind != SK_NODE_CHECK)
			judge_chains(walk, node->children[i], node->children[i]->kind == node->kind);
	}
}

/* --- fields that events do not have -------------------------------------- */

static const char *name_types(struct sk_linter *linter, const struct sk_types *types)
{
	const char *text = NULL, *last = "";
	uint32_t named = 0;

	for (uint32_t type = 0; type < SK_EVENT_COUNT; type++) {
		const struct sk_event_info *info = &sk_events[type];

		if (!sk_types_has(types, type) ||
		    (info->flags & (SK_EVENT_FLAG_UNUSED | SK_EVENT_FLAG_OLD_VERSION)) ||
		    type == SK_EVENT_ASYNCEVENT_E || type == SK_EVENT_GENERIC_X || strcmp(info->name, last) == 0)
			continue;
		last = info->name;
		if (named++ == NAMES_SHOWN)
			return sk_arena_printf(linter->arena, "%s, ...", text ? text : "");
		text = text ? sk_arena_printf(linter->arena, "%s, %s", text, info->name) : info->name;
	}
	return text;
}

/* `types`: of the events that the rest of the condition leaves. */
static void judge_fields(struct walk *walk, const struct sk_node *node, bool truth, const struct sk_types *types)
{
	struct sk_linter *linter = walk->linter;
	const struct sk_lint_term *term;
	struct sk_types left, other;
	const char *names;
	uint32_t lowered, others;

	switch (node->kind) {
	case SK_NODE_MACRO:
		return;
	case SK_NODE_NOT:
		judge_fields(walk, node->children[0], !truth, types);
		return;
	case SK_NODE_AND:
	case SK_NODE_OR:
		/* In a chain that no person wrote, what stands beside is not looked at. */
		others = (node->kind == SK_NODE_AND) == truth && node->count <= CHAIN_LIMIT ? node->count : 0;
		for (uint32_t i = 0; i < node->count; i++) {
			left = *types;
			for (uint32_t k = 0; k < others; k++) {
				if (k == i)
					continue;
				sk_lint_types(linter, sk_lint_node(linter, node->children[k]), truth, &other);
				sk_types_intersect(&left, &other);
			}
			judge_fields(walk, node->children[i], truth, &left);
		}
		return;
	case SK_NODE_CHECK:
		break;
	}
	lowered = sk_lint_node(linter, node);
	if (lowered == SK_NONE)
		return;
	term = &linter->terms[linter->predicates[only_predicate(linter, lowered)].term];
	left = term->types;
	sk_types_intersect(&left, types);
	if (!sk_types_any(types) || sk_types_any(&left) || !sk_types_any(&term->types))
		return;
	names = name_types(linter, types);
	/* Of those that no name stands for it is said elsewhere that they do not match. */
	if (!names)
		return;
	if (walk->odd_count < ODD_LIMIT)
		walk->odd[walk->odd_count++] = node;
	sk_diagnostics_add(linter->diagnostics, SK_DIAGNOSTIC_FIELD_NOT_OF_EVENT,
			   sk_text_span(node->text, node->left->begin, node->left->end), NULL,
			   "the events that get here (%s) never have this field", names);
}

/* --- != where a field may be missing ------------------------------------- */

struct missing_walk {
	struct sk_linter *linter;
	struct sk_intern known;                       /* macros that were walked in this rule */
	struct sk_intern *said;                       /* comparisons that were reported */
	struct sk_lint_claim_of claims[MEMBER_LIMIT]; /* what must be true beside */
	uint32_t count;
};

static void judge_not_equal(struct missing_walk *walk, const struct sk_node *node)
{
	struct sk_linter *linter = walk->linter;
	const uint32_t lowered = sk_lint_node(linter, node);
	struct sk_lint_question question = {
		.claims = walk->claims, .count = walk->count, .present = SK_NONE, .open_placeholders = true};
	const struct sk_lint_predicate *predicate;
	uintptr_t key = (uintptr_t)node;
	uint32_t before = walk->said->count;

	if (lowered == SK_NONE || node->operator!= SK_OPERATOR_NE)
		return;
	predicate = &linter->predicates[only_predicate(linter, lowered)];
	if (!linter->terms[predicate->term].company)
		return;
	question.missing = predicate->term;
	if (sk_solve(linter, &question) == SK_LINT_IMPOSSIBLE ||
	    sk_intern_add(walk->said, &key, sizeof(key)) < before)
		return;
	sk_diagnostics_add(linter->diagnostics, SK_DIAGNOSTIC_NOT_EQUAL_MISSING, sk_lint_span(node),
			   "write `not ... =` if a missing field should match, or put `... exists and` before it",
			   "where the field is missing, `%s` is false", sk_lint_show(linter, node));
}

static void walk_missing(struct missing_walk *walk, const struct sk_node *node, int depth)
{
	const uint32_t count = walk->count;
	uintptr_t key = (uintptr_t)node->body;
	uint32_t before;

	if (depth == 0)
		return;
	switch (node->kind) {
	case SK_NODE_MACRO:
		before = walk->known.count;
		if (node->body && sk_intern_add(&walk->known, &key, sizeof(key)) >= before)
			walk_missing(walk, node->body, depth - 1);
		return;
	case SK_NODE_NOT:
		/* Negated, `!=` is true where the field is missing: no surprise. */
		return;
	case SK_NODE_OR:
		for (uint32_t i = 0; i < node->count; i++)
			walk_missing(walk, node->children[i], depth - 1);
		return;
	case SK_NODE_CHECK:
		judge_not_equal(walk, node);
		return;
	case SK_NODE_AND:
		break;
	}
	for (uint32_t i = 0; i < node->count && node->count <= CHAIN_LIMIT; i++) {
		if (node->children[i]->kind == SK_NODE_NOT ||
		    (node->children[i]->kind == SK_NODE_CHECK && node->children[i]->operator!= SK_OPERATOR_NE))
			continue;
		walk->count = count;
		for (uint32_t k = 0; k < node->count && walk->count < MEMBER_LIMIT; k++) {
			const uint32_t lowered = sk_lint_node(walk->linter, node->children[k]);

			/* Of two `!=` on a field the first one is told of. */
			if (lowered != SK_NONE &&
			    (k < i || (k > i && only_predicate(walk->linter, lowered) == SK_NONE) ||
			     (k > i && node->children[k]->kind == SK_NODE_CHECK &&
			      node->children[k]->operator!= SK_OPERATOR_NE)))
				walk->claims[walk->count++] = (struct sk_lint_claim_of){lowered, true};
		}
		walk_missing(walk, node->children[i], depth - 1);
	}
	walk->count = count;
}

static void judge_missing(struct sk_linter *linter, const struct sk_pack_rule *rule, struct missing_walk *walk)
{
	sk_intern_init(&walk->known, linter->arena);
	walk->count = 0;
	walk_missing(walk, rule->tree, SK_PACK_HEIGHT_LIMIT);
}

/* --- the whole ----------------------------------------------------------- */

static void judge_tree(struct sk_linter *linter, struct chain *chain, const struct sk_node *tree,
		       const struct sk_node *root)
{
	struct walk walk = {.linter = linter, .chain = chain, .root = root};

	judge_fields(&walk, tree, true, &linter->seen);
	judge_chains(&walk, tree, false);
}

void sk_lint_parts(struct sk_linter *linter)
{
	const struct sk_pack *pack = linter->pack;
	struct missing_walk *missing = sk_arena_alloc_zeroed(linter->arena, 1, sizeof(*missing));
	struct chain *chain = sk_arena_alloc_zeroed(linter->arena, 1, sizeof(*chain));
	struct sk_intern said;

	if (!missing || !chain) {
		linter->out_of_memory = true;
		return;
	}
	sk_intern_init(&said, linter->arena);
	missing->linter = linter;
	missing->said = &said;
	for (uint32_t i = 0; i < pack->macro_count; i++) {
		const struct sk_pack_macro *macro = &pack->macros[i];

		if (!macro->tree)
			continue;
		sk_lint_enter(linter, "macro", macro->name, macro->span);
		judge_tree(linter, chain, macro->tree, NULL);
	}
	for (uint32_t i = 0; i < pack->rule_count; i++) {
		const struct sk_pack_rule *rule = &pack->rules[i];

		if (rule->unknown_source || !rule->tree)
			continue;
		sk_lint_enter(linter, "rule", rule->name, rule->span);
		if (!sk_lint_count_exceptions(rule)) {
			judge_tree(linter, chain, rule->tree, rule->tree);
		} else {
			/* Its condition and each exception have been written by different people. */
			for (uint32_t k = 0; k < rule->tree->count; k++)
				judge_tree(linter, chain, rule->tree->children[k], rule->tree->children[0]);
		}
		judge_missing(linter, rule, missing);
	}
}
