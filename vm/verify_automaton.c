/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier's check of an automaton: that it is the one that the entries of
 * its index make.
 *
 * First the tree: the children of the states, one after another, are all
 * states but the root.  So each has one parent, with a smaller number, and the
 * states are in breadth-first order.  Then, in that order, what follows from
 * smaller states: the fail, by the steps that building it takes; the output;
 * and for a state where an entry ends, that the way from the root spells it.
 */
#include "vm/automaton.h"
#include "vm/verify.h"

struct automaton {
	struct sk_index_check *check;
	const struct sk_bundle_state *states;
	const char *labels;
	const uint32_t *links;
	uint32_t count;          /* of states, without the one behind the last */
	uint32_t next;           /* entry that must end next */
	uint32_t from_root[256]; /* the root's child of each byte: most fails end there */
};

static int refuse(const struct automaton *automaton, uint32_t state, const char *reason)
{
	return sk_verify_refuse(automaton->check->verifier, SK_SECTION_STATES,
				automaton->check->record->first_part + state, "%s", reason);
}

static int check_tree(const struct automaton *automaton)
{
	const struct sk_bundle_state *states = automaton->states;
	const struct sk_bundle_state *behind = &states[automaton->count];

	if (behind->first_child != automaton->count || behind->fail != 0 || behind->output != SK_NONE ||
	    automaton->labels[automaton->count] != '\0')
		return refuse(automaton, automaton->count, "it stands behind the last state, and is not empty");
	if (states[0].first_child != 1 || states[0].fail != 0 || automaton->labels[0] != '\0')
		return refuse(automaton, 0, "it is no root");
	for (uint32_t i = 0; i < automaton->count; i++) {
		const uint32_t first = states[i].first_child, end = states[i + 1].first_child;

		if (first <= i || end < first || end > automaton->count)
			return refuse(automaton, i, "its children are not behind it and those of the last one");
		for (uint32_t child = first; child < end; child++) {
			if (child > first &&
			    (unsigned char)automaton->labels[child] <= (unsigned char)automaton->labels[child - 1])
				return refuse(automaton, child, "its label is not behind the one before");
			automaton->check->parents[child] = i;
		}
	}
	return 0;
}

/* The way from the root to `state` is the text of the entry. */
static bool spells(const struct automaton *automaton, uint32_t state, uint32_t entry)
{
	const struct sk_bundle *bundle = automaton->check->bundle;
	uint32_t constant = bundle->entries[automaton->check->record->first_entry + entry].constant, length;
	const char *text = sk_bundle_text(bundle, constant, &length);

	for (; length > 0 && state != 0 && automaton->labels[state] == text[length - 1]; length--)
		state = automaton->check->parents[state];
	return length == 0 && state == 0;
}

/* The fail of a state behind the root's children: by the steps that building it takes. */
static uint32_t fail_of(const struct automaton *automaton, uint32_t state)
{
	const char label = automaton->labels[state];
	uint32_t child = 0;

	for (uint32_t fail = automaton->states[automaton->check->parents[state]].fail; fail != 0 && child == 0;
	     fail = automaton->states[fail].fail)
		child = sk_automaton_child(automaton->states, automaton->labels, fail, label);
	return child ? child : automaton->from_root[(unsigned char)label];
}

/* True if the fail is the one.  The first step of the search is shown by its result: no search for that. */
static bool fails_right(const struct automaton *automaton, uint32_t state)
{
	const uint32_t fail = automaton->states[state].fail, parent = automaton->check->parents[state];
	uint32_t next;

	if (state == 0 || parent == 0)
		return fail == 0;
	next = automaton->states[parent].fail;
	if (next == 0)
		return fail == automaton->from_root[(unsigned char)automaton->labels[state]];
	/* What is no smaller than the state has not been checked, nor has it such a parent. */
	if (fail != 0 && fail < state && automaton->check->parents[fail] == next &&
	    automaton->labels[fail] == automaton->labels[state])
		return true;
	return fail == fail_of(automaton, state);
}

static int check_state(struct automaton *automaton, uint32_t number)
{
	const struct sk_bundle_state *state = &automaton->states[number];
	uint32_t inherited;

	if (!fails_right(automaton, number))
		return refuse(automaton, number, "it does not fail to the longest suffix");
	inherited = number == 0 ? SK_NONE : automaton->states[state->fail].output;
	if (automaton->next < automaton->check->record->entry_count && state->output == automaton->next) {
		if (!spells(automaton, number, automaton->next))
			return refuse(automaton, number, "the way to it does not spell its entry");
		if (automaton->links[automaton->next] != inherited)
			return sk_verify_refuse(automaton->check->verifier, SK_SECTION_LINKS,
						automaton->check->record->first_link + automaton->next,
						"it does not lead to the longest entry that ends its own");
		automaton->next++;
		return 0;
	}
	if (state->output != inherited)
		return refuse(automaton, number, "its output is not that of the longest suffix");
	if (state->first_child == automaton->states[number + 1].first_child)
		return refuse(automaton, number, "no entry ends at it or behind it");
	return 0;
}

int sk_verify_automaton(struct sk_index_check *check)
{
	const struct sk_bundle_index *record = check->record;
	struct automaton automaton = {
		.check = check,
		.states = check->bundle->states + record->first_part,
		.labels = check->bundle->labels + record->first_part,
		.links = check->bundle->links + record->first_link,
		.count = record->part_count - 1,
	};
	int status = check_tree(&automaton);

	for (uint32_t i = 1; status == 0 && i < automaton.states[1].first_child; i++)
		automaton.from_root[(unsigned char)automaton.labels[i]] = i;
	for (uint32_t i = 0; i < automaton.count && status == 0; i++)
		status = check_state(&automaton, i);
	if (status == 0 && automaton.next != record->entry_count)
		return sk_verify_refuse(check->verifier, SK_SECTION_ENTRIES, record->first_entry + automaton.next,
					"no state ends with it");
	return status;
}
