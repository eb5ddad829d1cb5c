/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/explain/flip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What no number of changes brings about. */
enum { NEVER = UINT32_MAX / 2 };

/* Nodes that may be looked at in all. */
static const uint64_t work_limit = 50 * 1000 * 1000;

struct search {
	const struct sk_tree *tree;
	struct sk_arena *arena;
	bool *atoms;       /* as they are, those of the choice changed */
	bool *nodes;       /* the same of the nodes */
	uint32_t *costs;   /* least number of changes that turn a node around */
	uint32_t *first;   /* of each atom the first one with its predicate */
	bool *shared;      /* of each atom: it stands in several places */
	uint32_t *choices; /* first atoms of the predicates that do */
	uint32_t choice_count;
	uint32_t *chosen; /* numbers in `choices` */
	bool verdict;     /* of the event */
	uint32_t best;
	uint64_t work;
	bool exhausted; /* of the work */
	bool out_of_memory;
	struct sk_flips flips;
};

/* Sets of atoms, all of one size. */
struct sets {
	uint32_t count;
	uint32_t **sets;
};

/* --- from the bottom up ------------------------------------------------ */

/* True if one child is enough to turn a node around. */
static bool takes_one(const struct search *search, uint32_t number)
{
	return search->tree->nodes[number].kind == SK_TREE_AND ? search->nodes[number] : !search->nodes[number];
}

static uint32_t branch_cost(const struct search *search, uint32_t number)
{
	const struct sk_tree_node *node = &search->tree->nodes[number];
	bool one = takes_one(search, number);
	uint64_t sum = 0;
	uint32_t least = NEVER;

	for (uint32_t i = number + 1; i < node->next; i = search->tree->nodes[i].next) {
		if (search->costs[i] < least)
			least = search->costs[i];
		/* All those that hold it where it is. */
		if (search->nodes[i] == search->nodes[number])
			sum += search->costs[i];
	}
	return one ? least : sum < NEVER ? (uint32_t)sum : NEVER;
}

static void work_out_costs(struct search *search)
{
	const struct sk_tree *tree = search->tree;

	sk_tree_evaluate(tree, search->atoms, search->nodes);
	search->work += tree->count;
	for (uint32_t i = tree->count; i-- > 0;) {
		switch (tree->nodes[i].kind) {
		case SK_TREE_AND:
		case SK_TREE_OR:
			/*
			 * Turned by one child: an `and` that is true.  Held by several: an `and` that is
			 * false, by its false children; those of an `or` that is true by the true ones.
			 */
			search->costs[i] = branch_cost(search, i);
			break;
		case SK_TREE_NOT:
		case SK_TREE_MACRO:
			search->costs[i] = search->costs[i + 1];
			break;
		case SK_TREE_ATOM:
			search->costs[i] = search->shared[tree->nodes[i].atom] ? NEVER : 1;
			break;
		}
	}
}

/* --- the sets ---------------------------------------------------------- */

static void *allocate(struct search *search, size_t count, size_t size)
{
	void *memory = sk_arena_alloc_zeroed(search->arena, count ? count : 1, size);

	if (!memory)
		search->out_of_memory = true;
	return memory;
}

static void add_set(struct search *search, struct sets *sets, uint32_t *set)
{
	if (sets->count == SK_FLIP_SET_LIMIT) {
		search->flips.all = false;
		return;
	}
	if (!sets->sets)
		sets->sets = allocate(search, SK_FLIP_SET_LIMIT, sizeof(*sets->sets));
	if (sets->sets)
		sets->sets[sets->count++] = set;
}

/* Every set of the one with every set of the other. */
static struct sets combine(struct search *search, struct sets a, uint32_t a_size, struct sets b, uint32_t b_size)
{
	struct sets both = {0};

	for (uint32_t i = 0; i < a.count; i++) {
		for (uint32_t k = 0; k < b.count; k++) {
			uint32_t *set = both.count < SK_FLIP_SET_LIMIT
						? allocate(search, a_size + b_size, sizeof(*set))
						: NULL;

			if (search->out_of_memory)
				return both;
			if (set) {
				memcpy(set, a.sets[i], a_size * sizeof(*set));
				memcpy(set + a_size, b.sets[k], b_size * sizeof(*set));
			}
			add_set(search, &both, set);
		}
	}
	return both;
}

/* The cheapest sets that turn a node around. */
static struct sets sets_of(struct search *search, uint32_t number)
{
	const struct sk_tree_node *node = &search->tree->nodes[number];
	struct sets result = {0}, part;
	uint32_t size = 0;

	if (search->costs[number] >= NEVER || search->out_of_memory)
		return result;
	if (node->kind == SK_TREE_ATOM) {
		uint32_t *set = allocate(search, 1, sizeof(*set));

		if (set) {
			set[0] = node->atom;
			add_set(search, &result, set);
		}
		return result;
	}
	if (node->kind == SK_TREE_NOT || node->kind == SK_TREE_MACRO)
		return sets_of(search, number + 1);
	if (takes_one(search, number)) {
		for (uint32_t i = number + 1; i < node->next; i = search->tree->nodes[i].next) {
			if (search->costs[i] != search->costs[number])
				continue;
			part = sets_of(search, i);
			for (uint32_t k = 0; k < part.count; k++)
				add_set(search, &result, part.sets[k]);
		}
		return result;
	}
	add_set(search, &result, allocate(search, 0, sizeof(**result.sets)));
	for (uint32_t i = number + 1; i < node->next; i = search->tree->nodes[i].next) {
		if (search->nodes[i] != search->nodes[number])
			continue;
		part = sets_of(search, i);
		result = combine(search, result, size, part, search->costs[i]);
		size += search->costs[i];
	}
	return result;
}

static int compare_atoms(const void *left, const void *right)
{
	const uint32_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/* The sets of a choice: what was chosen, and what turns the rest around. */
static void keep_sets(struct search *search, uint32_t chosen)
{
	struct sets rest = {0}, own = {0};
	uint32_t *set = allocate(search, chosen, sizeof(*set)), rest_size = search->best - chosen;

	for (uint32_t i = 0; set && i < chosen; i++)
		set[i] = search->choices[search->chosen[i]];
	if (rest_size)
		rest = sets_of(search, 0);
	else
		add_set(search, &rest, allocate(search, 0, sizeof(*set)));
	if (search->out_of_memory)
		return;
	add_set(search, &own, set);
	own = combine(search, own, chosen, rest, rest_size);
	for (uint32_t i = 0; i < own.count && !search->out_of_memory; i++) {
		struct sets all = {search->flips.count, search->flips.sets};

		qsort(own.sets[i], search->best, sizeof(uint32_t), compare_atoms);
		add_set(search, &all, own.sets[i]);
		search->flips.count = all.count;
		search->flips.sets = all.sets;
	}
}

/* --- choices ----------------------------------------------------------- */

static void change(struct search *search, uint32_t choice)
{
	for (uint32_t i = 0; i < search->tree->atom_count; i++) {
		if (search->first[i] == search->choices[choice])
			search->atoms[i] = !search->atoms[i];
	}
}

/* Looks at what is chosen now. */
static void look(struct search *search, uint32_t chosen)
{
	uint32_t cost;

	work_out_costs(search);
	cost = search->nodes[0] != search->verdict ? 0 : search->costs[0];
	if (cost >= NEVER || chosen + cost > search->best)
		return;
	if (chosen + cost < search->best) {
		search->best = chosen + cost;
		search->flips.count = 0;
		search->flips.all = true;
	}
	keep_sets(search, chosen);
}

/* All choices of `size` predicates of those from number `from` on. */
static void choose(struct search *search, uint32_t size, uint32_t chosen, uint32_t from)
{
	if (search->work > work_limit) {
		search->exhausted = true;
		return;
	}
	if (chosen == size) {
		look(search, chosen);
		return;
	}
	for (uint32_t i = from; i < search->choice_count && !search->exhausted && !search->out_of_memory; i++) {
		search->chosen[chosen] = i;
		change(search, i);
		choose(search, size, chosen + 1, i + 1);
		change(search, i);
	}
}

/* Which predicates stand in several places. */
static int find_shared(struct search *search)
{
	const struct sk_tree *tree = search->tree;
	uint32_t *seen = allocate(search, tree->bundle->predicates_count, sizeof(*seen));

	if (!seen)
		return -ENOMEM;
	for (uint32_t i = 0; i < tree->atom_count; i++) {
		uint32_t predicate = tree->nodes[tree->atoms[i]].predicate;

		if (!seen[predicate])
			seen[predicate] = i + 1;
		search->first[i] = seen[predicate] - 1;
		if (search->first[i] != i) {
			if (!search->shared[search->first[i]])
				search->choices[search->choice_count++] = search->first[i];
			search->shared[i] = search->shared[search->first[i]] = true;
		}
	}
	return 0;
}

int sk_flips_find(const struct sk_tree *tree, const bool *atoms, struct sk_arena *arena, struct sk_flips *ret_flips)
{
	struct search search = {.tree = tree, .arena = arena, .best = NEVER};

	search.atoms = allocate(&search, tree->atom_count, sizeof(*search.atoms));
	search.nodes = allocate(&search, tree->count, sizeof(*search.nodes));
	search.costs = allocate(&search, tree->count, sizeof(*search.costs));
	search.first = allocate(&search, tree->atom_count, sizeof(*search.first));
	search.shared = allocate(&search, tree->atom_count, sizeof(*search.shared));
	search.choices = allocate(&search, tree->atom_count, sizeof(*search.choices));
	search.chosen = allocate(&search, tree->atom_count, sizeof(*search.chosen));
	if (search.out_of_memory || find_shared(&search) < 0)
		return -ENOMEM;
	memcpy(search.atoms, atoms, tree->atom_count * sizeof(*atoms));
	sk_tree_evaluate(tree, atoms, search.nodes);
	search.verdict = search.nodes[0];
	search.flips.all = true;
	/* A choice of more than the best so far cannot be better; one of as many can be as good. */
	for (uint32_t size = 0; size <= search.choice_count && size <= search.best && !search.exhausted; size++)
		choose(&search, size, 0, 0);
	if (search.out_of_memory)
		return -ENOMEM;
	search.flips.size = search.best < NEVER ? search.best : 0;
	search.flips.exact = !search.exhausted;
	search.flips.all &= !search.exhausted;
	*ret_flips = search.flips;
	return 0;
}
