/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aho-Corasick (struct sk_bundle_state), breadth first without a queue: the
 * texts are sorted, and a state is the run of texts that begin with the way to
 * it.  The state's children split the run by the next byte.
 *
 *   texts   ab  abc  ad      root [0,3)
 *                            a    [0,3)
 *                            ab   [0,2)  ad [2,3)
 *                            abc  [1,2)
 */
#include "compiler/index_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vm/automaton.h"

struct state {
	uint32_t begin, end; /* run of texts */
	uint32_t parent;
	uint32_t depth;
};

struct automaton {
	struct sk_index_writer *writer;
	struct state *runs;
	struct sk_bundle_state *states;
	char *labels;
	uint32_t *links;
	uint32_t count;
};

static int compare_texts(const void *left, const void *right)
{
	const struct sk_index_item *a = left, *b = right;
	uint32_t common;

	return sk_order_texts(SK_GROUP_ORDER_TEXT, a->text, b->text, &common);
}

/* One state more than bytes for the root, and one behind the last. */
static bool allocate(struct automaton *automaton)
{
	struct sk_arena *arena = automaton->writer->arena;
	const struct sk_index_item *items = automaton->writer->items;
	size_t most = 2;

	for (uint32_t i = 0; i < automaton->writer->count; i++)
		most += items[i].text.length;
	automaton->runs = sk_arena_alloc(arena, most * sizeof(*automaton->runs));
	automaton->states = sk_arena_alloc(arena, most * sizeof(*automaton->states));
	automaton->labels = sk_arena_alloc(arena, most);
	automaton->links =
		sk_arena_alloc(arena, ((size_t)automaton->writer->count + 1) * sizeof(*automaton->links));
	return automaton->runs && automaton->states && automaton->labels && automaton->links;
}

static void add_children(struct automaton *automaton, uint32_t number)
{
	const struct sk_index_item *items = automaton->writer->items;
	const struct state run = automaton->runs[number];
	uint32_t begin = run.begin;

	automaton->states[number].first_child = automaton->count;
	/* A text that ends here is the first of the run. */
	while (begin < run.end && items[begin].text.length == run.depth)
		begin++;
	while (begin < run.end) {
		char label = items[begin].text.bytes[run.depth];
		uint32_t end = begin + 1;

		while (end < run.end && items[end].text.bytes[run.depth] == label)
			end++;
		automaton->runs[automaton->count] =
			(struct state){.begin = begin, .end = end, .parent = number, .depth = run.depth + 1};
		automaton->labels[automaton->count++] = label;
		begin = end;
	}
}

static void build_tree(struct automaton *automaton)
{
	automaton->runs[0] = (struct state){.end = automaton->writer->count};
	automaton->labels[0] = '\0';
	automaton->count = 1;
	for (uint32_t i = 0; i < automaton->count; i++)
		add_children(automaton, i);
	automaton->states[automaton->count] =
		(struct sk_bundle_state){.first_child = automaton->count, .output = SK_NONE};
	automaton->labels[automaton->count] = '\0';
}

/*
 * Fails and outputs, and the items in the order of the states where they end.
 * The same text a second time, which no compile gives, ends nowhere: it comes
 * last, and the verifier will not have it.
 */
static bool finish(struct automaton *automaton)
{
	struct sk_index_writer *writer = automaton->writer;
	struct sk_index_item *items = sk_arena_alloc(writer->arena, ((size_t)writer->count + 1) * sizeof(*items));
	uint32_t next = 0, last = writer->count;

	if (!items)
		return false;
	for (uint32_t i = 0; i < automaton->count; i++) {
		const struct state *run = &automaton->runs[i];
		const struct sk_index_item *item = &writer->items[run->begin];
		struct sk_bundle_state *state = &automaton->states[i];

		state->fail = 0;
		if (run->depth > 1)
			state->fail = sk_automaton_step(automaton->states, automaton->labels,
							automaton->states[run->parent].fail, automaton->labels[i]);
		state->output = i == 0 ? SK_NONE : automaton->states[state->fail].output;
		if (item->text.length == run->depth) {
			automaton->links[next] = state->output;
			state->output = next;
			items[next++] = *item;
			while (++item < writer->items + run->end && item->text.length == run->depth) {
				automaton->links[--last] = SK_NONE;
				items[last] = *item;
			}
		}
	}
	writer->items = items;
	return true;
}

int sk_index_write_automaton(struct sk_index_writer *writer)
{
	struct automaton automaton = {.writer = writer};

	qsort(writer->items, writer->count, sizeof(*writer->items), compare_texts);
	if (!allocate(&automaton))
		return -ENOMEM;
	build_tree(&automaton);
	if (!finish(&automaton))
		return -ENOMEM;
	if (automaton.count + 1 > SK_INDEX_STATE_LIMIT)
		return sk_error_set(writer->error, -E2BIG, "the texts that are looked for in a field are too many");
	writer->record.first_link = sk_index_records(writer, SK_SECTION_LINKS, sizeof(*automaton.links));
	writer->record.first_part = sk_index_records(writer, SK_SECTION_STATES, sizeof(*automaton.states));
	writer->record.part_count = automaton.count + 1;
	sk_buffer_append(&writer->sections[SK_SECTION_LINKS], automaton.links,
			 writer->count * sizeof(*automaton.links));
	sk_buffer_append(&writer->sections[SK_SECTION_STATES], automaton.states,
			 (automaton.count + 1) * sizeof(*automaton.states));
	sk_buffer_append(&writer->sections[SK_SECTION_LABELS], automaton.labels, automaton.count + 1);
	return 0;
}
