/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smallest sets of comparisons that change a verdict, held against trying
 * every set, on random trees whose comparisons stand in one place or several.
 */
#include <stdlib.h>

#include "cli/explain/flip.h"
#include "tests/test.h"

enum { NODES = 64, PREDICATES = 10 };

static struct {
	struct sk_tree tree;
	struct sk_tree_node nodes[NODES];
	uint32_t atom_nodes[NODES];
	struct sk_bundle bundle;
} grown;

static uint64_t seed = 1;

static uint32_t draw(uint32_t limit)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % limit;
}

static uint32_t begin_node(enum sk_tree_kind kind, uint32_t parent)
{
	uint32_t number = grown.tree.count++;

	grown.nodes[number] = (struct sk_tree_node){.kind = kind, .parent = parent, .next = number + 1};
	return number;
}

static void end_node(uint32_t number)
{
	grown.nodes[number].next = grown.tree.count;
}

static void atom(uint32_t parent, uint32_t predicate)
{
	uint32_t number = begin_node(SK_TREE_ATOM, parent);

	grown.nodes[number].predicate = predicate;
	grown.nodes[number].atom = grown.tree.atom_count;
	grown.atom_nodes[grown.tree.atom_count++] = number;
}

static void plant(void)
{
	memset(&grown, 0, sizeof(grown));
	grown.bundle.predicates_count = PREDICATES;
	grown.tree.nodes = grown.nodes;
	grown.tree.atoms = grown.atom_nodes;
	grown.tree.bundle = &grown.bundle;
}

/* A random tree of at most `depth`; leaves draw from `pool` predicates, or with 0 each has its own. */
static void grow(uint32_t parent, unsigned depth, uint32_t pool)
{
	uint32_t kind = depth ? draw(8) : 7, number, children;

	if (kind >= 6 || grown.tree.count > NODES - 12 || (!pool && grown.tree.atom_count >= PREDICATES - 1)) {
		atom(parent, pool ? draw(pool) : grown.tree.atom_count % PREDICATES);
		return;
	}
	number = begin_node(kind < 3   ? SK_TREE_AND
			    : kind < 5 ? SK_TREE_OR
			    : draw(2)  ? SK_TREE_NOT
				       : SK_TREE_MACRO,
			    parent);
	children = kind < 5 ? 1 + draw(3) : 1;
	for (uint32_t i = 0; i < children; i++)
		grow(number, depth - 1, pool);
	end_node(number);
}

static bool verdict_of(uint32_t truths)
{
	bool atoms[NODES], nodes[NODES];

	for (uint32_t i = 0; i < grown.tree.atom_count; i++)
		atoms[i] = truths >> grown.nodes[grown.atom_nodes[i]].predicate & 1;
	sk_tree_evaluate(&grown.tree, atoms, nodes);
	return nodes[0];
}

/* The predicates that the tree has. */
static uint32_t all_predicates(void)
{
	uint32_t all = 0;

	for (uint32_t i = 0; i < grown.tree.atom_count; i++)
		all |= 1u << grown.nodes[grown.atom_nodes[i]].predicate;
	return all;
}

static void compare(uint32_t truths)
{
	bool atoms[NODES], is = verdict_of(truths);
	uint32_t least = 0, sets[1 << PREDICATES], count = 0;
	struct sk_arena arena;
	struct sk_flips flips;

	for (uint32_t change = 1; change < 1u << PREDICATES; change++) {
		uint32_t size = (uint32_t)__builtin_popcount(change);

		if ((change & ~all_predicates()) || verdict_of(truths ^ change) == is || (least && size > least))
			continue;
		count = size == least ? count : 0;
		least = size;
		sets[count++] = change;
	}
	for (uint32_t i = 0; i < grown.tree.atom_count; i++)
		atoms[i] = truths >> grown.nodes[grown.atom_nodes[i]].predicate & 1;
	sk_arena_init(&arena, 0);
	CHECK_EQUAL(sk_flips_find(&grown.tree, atoms, &arena, &flips), 0);
	CHECK_EQUAL(flips.size, least);
	CHECK(flips.exact);
	CHECK_EQUAL(flips.all, count <= SK_FLIP_SET_LIMIT);
	CHECK_EQUAL(flips.count, count < SK_FLIP_SET_LIMIT ? count : SK_FLIP_SET_LIMIT);
	/* Each is one of those that were found by trying, and no two are the same. */
	for (uint32_t i = 0; i < flips.count; i++) {
		uint32_t change = 0, at = 0;

		for (uint32_t k = 0; k < flips.size; k++)
			change |= 1u << grown.nodes[grown.atom_nodes[flips.sets[i][k]]].predicate;
		while (at < count && sets[at] != change)
			at++;
		CHECK(at < count);
		if (at < count)
			sets[at] = 0;
	}
	sk_arena_release(&arena);
}

TEST(they_are_what_trying_every_set_finds)
{
	for (unsigned i = 0; i < 1000 && !test_failures; i++) {
		plant();
		grow(SK_NONE, 4, 0);
		for (unsigned k = 0; k < 4 && !test_failures; k++)
			compare(draw(1 << PREDICATES));
	}
}

TEST(the_same_with_comparisons_that_stand_in_several_places)
{
	for (unsigned i = 0; i < 2000 && !test_failures; i++) {
		plant();
		grow(SK_NONE, 5, 2 + draw(PREDICATES - 2));
		for (unsigned k = 0; k < 3 && !test_failures; k++)
			compare(draw(1 << PREDICATES));
	}
}

/* x and not x: nothing changes it. */
TEST(a_verdict_that_cannot_change_has_no_sets)
{
	uint32_t root;

	plant();
	root = begin_node(SK_TREE_AND, SK_NONE);
	atom(root, 0);
	{
		uint32_t not = begin_node(SK_TREE_NOT, root);

		atom(not, 0);
		end_node(not );
	}
	end_node(root);
	compare(0);
	compare(1);
}

TEST(what_decides_is_what_alone_changes_the_verdict)
{
	for (unsigned i = 0; i < 500 && !test_failures; i++) {
		bool atoms[NODES], nodes[NODES], deciding[NODES], changed[NODES];
		uint32_t truths = draw(1 << PREDICATES);

		plant();
		grow(SK_NONE, 4, 0);
		for (uint32_t k = 0; k < grown.tree.atom_count; k++)
			atoms[k] = truths >> k & 1;
		sk_tree_evaluate(&grown.tree, atoms, nodes);
		sk_tree_find_deciding(&grown.tree, nodes, deciding);
		for (uint32_t k = 0; k < grown.tree.atom_count; k++) {
			atoms[k] = !atoms[k];
			sk_tree_evaluate(&grown.tree, atoms, changed);
			CHECK_EQUAL(deciding[grown.atom_nodes[k]], changed[0] != nodes[0]);
			atoms[k] = !atoms[k];
		}
	}
}

/* With only the reasons as they are, and all else turned around, the verdict stays. */
TEST(what_the_verdict_rests_on_is_enough_for_it)
{
	for (unsigned i = 0; i < 500 && !test_failures; i++) {
		bool atoms[NODES], nodes[NODES], reasons[NODES], changed[NODES];

		plant();
		grow(SK_NONE, 4, 0);
		for (uint32_t k = 0; k < grown.tree.atom_count; k++)
			atoms[k] = draw(2);
		sk_tree_evaluate(&grown.tree, atoms, nodes);
		sk_tree_find_reasons(&grown.tree, nodes, reasons);
		for (unsigned turn = 0; turn < 8; turn++) {
			bool other[NODES];

			for (uint32_t k = 0; k < grown.tree.atom_count; k++)
				other[k] = reasons[grown.atom_nodes[k]] ? atoms[k] : draw(2);
			sk_tree_evaluate(&grown.tree, other, changed);
			CHECK_EQUAL(changed[0], nodes[0]);
		}
	}
}

/* An atom that is neutral is as if it were not there. */
TEST(a_neutral_comparison_changes_nothing_for_its_neighbours)
{
	uint32_t root, not, inner;

	plant();
	root = begin_node(SK_TREE_AND, SK_NONE);
	atom(root, 0);
	not = begin_node(SK_TREE_NOT, root);
	atom(not, 1);
	end_node(not );
	inner = begin_node(SK_TREE_OR, root);
	atom(inner, 2);
	not = begin_node(SK_TREE_NOT, inner);
	atom(not, 3);
	end_node(not );
	end_node(inner);
	end_node(root);
	CHECK(sk_tree_neutral(&grown.tree, 0));
	CHECK(!sk_tree_neutral(&grown.tree, 1));
	CHECK(!sk_tree_neutral(&grown.tree, 2));
	CHECK(sk_tree_neutral(&grown.tree, 3));
}

TEST_MAIN(RUN(they_are_what_trying_every_set_finds) RUN(the_same_with_comparisons_that_stand_in_several_places)
		  RUN(a_verdict_that_cannot_change_has_no_sets) RUN(what_decides_is_what_alone_changes_the_verdict)
			  RUN(what_the_verdict_rests_on_is_enough_for_it)
				  RUN(a_neutral_comparison_changes_nothing_for_its_neighbours))
