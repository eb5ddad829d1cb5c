/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/test/coverage.h"

#include <errno.h>
#include <string.h>

#include "cli/explain/explain.h"
#include "runtime/alert/shown.h"
#include "vm/print.h"

enum { ATOM_TEXT = 72 };

/* What a case expects of a rule, and how often the rule would match without each of its comparisons. */
struct sk_test_slot {
	uint32_t rule;
	uint32_t event; /* 0: any */
	int64_t count;  /* of matches; -1: at least one */
	bool fires;
	uint32_t *matches;
};

/* --- preparing --------------------------------------------------------- */

/* The trees of the rules, once. */
static int prepare_rules(struct sk_test_rules *rules)
{
	const uint32_t count = rules->bundle.rules_count;

	if (rules->covered)
		return 0;
	rules->covered = sk_arena_alloc_zeroed(&rules->arena, count + 1, sizeof(*rules->covered));
	if (!rules->covered)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		struct sk_test_covered *covered = &rules->covered[i];
		int result = sk_tree_build(&rules->bundle, i, sk_test_pack_rule(rules, i), &rules->arena,
					   &covered->tree);

		if (result == -ENOMEM)
			return result;
		covered->atoms = sk_arena_alloc_zeroed(&rules->arena, covered->tree.atom_count + 1, 1);
		if (!covered->atoms)
			return -ENOMEM;
	}
	return 0;
}

static void add_slot(struct sk_test_watch *watch, uint32_t rule, const struct sk_test_expectation *fires)
{
	struct sk_test_slot *slot = &watch->slots[watch->slot_count++];

	*slot = (struct sk_test_slot){.rule = rule, .count = fires ? fires->count : 0, .fires = fires != NULL};
	if (fires)
		slot->event = fires->event;
	slot->matches = sk_arena_alloc_zeroed(&watch->arena, watch->rules->covered[rule].tree.atom_count + 1,
					      sizeof(*slot->matches));
	if (!slot->matches)
		watch->out_of_memory = true;
}

static bool is_named(const struct sk_test_expectation *list, uint32_t count, const char *name)
{
	for (uint32_t i = 0; i < count; i++) {
		if (strcmp(list[i].rule, name) == 0)
			return true;
	}
	return false;
}

static void add_slots(struct sk_test_watch *watch)
{
	const struct sk_test_case *test = watch->test;
	const struct sk_test_rules *rules = watch->rules;

	for (uint32_t i = 0; i < test->fires_count; i++) {
		uint32_t rule = sk_test_rules_find(rules, test->fires[i].rule);

		if (rule != SK_NONE)
			add_slot(watch, rule, &test->fires[i]);
	}
	for (uint32_t i = 0; i < rules->bundle.rules_count; i++) {
		const struct sk_pack_rule *rule = sk_test_pack_rule(rules, i);

		if (is_named(test->silent, test->silent_count, rule->name) ||
		    (test->all_others_silent && rule->enabled &&
		     !is_named(test->fires, test->fires_count, rule->name)))
			add_slot(watch, i, NULL);
	}
}

/* --- watching ---------------------------------------------------------- */

static void count_mutants(struct sk_test_watch *watch, uint32_t rule, uint64_t where)
{
	const struct sk_tree *tree = &watch->rules->covered[rule].tree;

	for (uint32_t i = 0; i < watch->slot_count; i++) {
		struct sk_test_slot *slot = &watch->slots[i];

		if (slot->rule != rule || (slot->event && slot->event != where))
			continue;
		for (uint32_t atom = 0; atom < tree->atom_count; atom++) {
			bool differs = watch->deciding[tree->atoms[atom]] &&
				       watch->atoms[atom] != sk_tree_neutral(tree, atom);

			slot->matches[atom] += differs != watch->nodes[0];
		}
	}
}

static bool look(void *context, struct sk_sensor *sensor, uint64_t number, uint32_t owner)
{
	struct sk_test_watch *watch = context;
	const bool recorded = watch->test->capture_path;
	const uint16_t type = sk_sensor_view(sensor)->event.type;

	for (uint32_t rule = 0; rule < watch->rules->bundle.rules_count; rule++) {
		struct sk_test_covered *covered = &watch->rules->covered[rule];
		const struct sk_tree *tree = &covered->tree;

		/* Recordings are long: there only rules that the engine tries are looked at. */
		if (!tree->nodes || (recorded && !sk_tree_is_tried(tree, type)) ||
		    !sk_explain_truth(sensor, tree, watch->atoms))
			continue;
		sk_tree_evaluate(tree, watch->atoms, watch->nodes);
		sk_tree_find_deciding(tree, watch->nodes, watch->deciding);
		for (uint32_t atom = 0; atom < tree->atom_count; atom++) {
			if (watch->deciding[tree->atoms[atom]])
				covered->atoms[atom] |= watch->atoms[atom] ? SK_COVERED_TRUE : SK_COVERED_FALSE;
		}
		count_mutants(watch, rule, recorded ? number : owner);
	}
	return true;
}

int sk_test_watch_begin(struct sk_test_watch *watch, const struct sk_test_case *test, struct sk_test_rules *rules)
{
	uint32_t most_atoms = 0, most_nodes = 0;

	*watch = (struct sk_test_watch){.test = test, .rules = rules, .observer = {watch, look}};
	if (prepare_rules(rules) < 0)
		return -ENOMEM;
	sk_arena_init(&watch->arena, 0);
	for (uint32_t i = 0; i < rules->bundle.rules_count; i++) {
		const struct sk_tree *tree = &rules->covered[i].tree;

		most_atoms = tree->atom_count > most_atoms ? tree->atom_count : most_atoms;
		most_nodes = tree->count > most_nodes ? tree->count : most_nodes;
	}
	watch->atoms = sk_arena_alloc_zeroed(&watch->arena, most_atoms + 1, sizeof(bool));
	watch->nodes = sk_arena_alloc_zeroed(&watch->arena, most_nodes + 1, sizeof(bool));
	watch->deciding = sk_arena_alloc_zeroed(&watch->arena, most_nodes + 1, sizeof(bool));
	watch->slots = sk_arena_alloc_zeroed(&watch->arena, test->fires_count + rules->bundle.rules_count + 1,
					     sizeof(*watch->slots));
	if (watch->atoms && watch->nodes && watch->deciding && watch->slots)
		add_slots(watch);
	else
		watch->out_of_memory = true;
	if (!watch->out_of_memory)
		return 0;
	sk_arena_release(&watch->arena);
	return -ENOMEM;
}

/* Whether a case would fail with a rule that matched so often. */
static bool notices(const struct sk_test_slot *slot, uint32_t matches)
{
	if (!slot->fires)
		return matches > 0;
	return slot->count < 0 ? matches == 0 : matches != slot->count;
}

int sk_test_watch_end(struct sk_test_watch *watch, bool passed)
{
	for (uint32_t i = 0; passed && i < watch->slot_count; i++) {
		const struct sk_test_slot *slot = &watch->slots[i];
		struct sk_test_covered *covered = &watch->rules->covered[slot->rule];

		for (uint32_t atom = 0; atom < covered->tree.atom_count; atom++) {
			if (notices(slot, slot->matches[atom]))
				covered->atoms[atom] |= SK_COVERED_MUTANT;
		}
	}
	sk_arena_release(&watch->arena);
	return 0;
}

/* --- telling ----------------------------------------------------------- */

struct sk_test_coverage sk_test_coverage_sum(const struct sk_test_rules *rules)
{
	struct sk_test_coverage sum = {0};

	for (; rules; rules = rules->next) {
		for (uint32_t i = 0; rules->covered && i < rules->bundle.rules_count; i++) {
			const struct sk_test_covered *covered = &rules->covered[i];

			sum.rules++;
			for (uint32_t atom = 0; atom < covered->tree.atom_count; atom++) {
				const uint8_t seen = covered->atoms[atom];

				sum.atoms++;
				sum.covered += (seen & SK_COVERED_TRUE) && (seen & SK_COVERED_FALSE);
				sum.mutants++;
				sum.killed += (seen & SK_COVERED_MUTANT) != 0;
			}
		}
	}
	return sum;
}

static struct sk_place place_of(const struct sk_test_rules *rules, const struct sk_tree *tree, uint32_t atom)
{
	return sk_sources_place(&rules->sources, sk_tree_position(&tree->nodes[tree->atoms[atom]]));
}

static void print_atom(const struct sk_test_rules *rules, const struct sk_tree *tree, uint32_t atom,
		       struct sk_buffer *buffer)
{
	const struct sk_place place = place_of(rules, tree, atom);

	if (place.file)
		sk_buffer_printf(buffer, "  %s:%u:%u: ", place.file->name, place.line, place.column);
	sk_buffer_append_char(buffer, '`');
	sk_print_predicate(&rules->bundle, tree->nodes[tree->atoms[atom]].predicate, ATOM_TEXT, buffer);
	sk_buffer_append_char(buffer, '`');
}

static double percent(uint32_t part, uint32_t whole)
{
	return whole ? 100.0 * part / whole : 100.0;
}

void sk_test_coverage_print(const struct sk_test_rules *rules, struct sk_buffer *buffer)
{
	const struct sk_test_coverage sum = sk_test_coverage_sum(rules);

	sk_buffer_printf(buffer,
			 "coverage: %u of %u comparisons of %u rules were seen true and false while they "
			 "decided (%.1f %%)\n",
			 sum.covered, sum.atoms, sum.rules, percent(sum.covered, sum.atoms));
	for (; rules; rules = rules->next) {
		for (uint32_t i = 0; rules->covered && i < rules->bundle.rules_count; i++) {
			const struct sk_test_covered *covered = &rules->covered[i];
			bool said = false;

			for (uint32_t atom = 0; atom < covered->tree.atom_count; atom++) {
				const uint8_t seen = covered->atoms[atom] & (SK_COVERED_TRUE | SK_COVERED_FALSE);

				if (seen == (SK_COVERED_TRUE | SK_COVERED_FALSE))
					continue;
				if (!said)
					sk_buffer_printf(buffer, "%s:\n", covered->tree.source->name);
				said = true;
				print_atom(rules, &covered->tree, atom, buffer);
				sk_buffer_printf(buffer, " was never %s while it decided\n",
						 !seen                     ? "true or false"
						 : seen == SK_COVERED_TRUE ? "false"
									   : "true");
			}
		}
	}
}

void sk_test_mutants_print(const struct sk_test_rules *rules, struct sk_buffer *buffer)
{
	const struct sk_test_coverage sum = sk_test_coverage_sum(rules);

	sk_buffer_printf(buffer,
			 "mutation: of %u comparisons %u are missed by some test when they are taken out "
			 "(%.1f %%)\n",
			 sum.mutants, sum.killed, percent(sum.killed, sum.mutants));
	for (; rules; rules = rules->next) {
		for (uint32_t i = 0; rules->covered && i < rules->bundle.rules_count; i++) {
			const struct sk_test_covered *covered = &rules->covered[i];
			bool said = false;

			for (uint32_t atom = 0; atom < covered->tree.atom_count; atom++) {
				if (covered->atoms[atom] & SK_COVERED_MUTANT)
					continue;
				if (!said)
					sk_buffer_printf(buffer, "%s:\n", covered->tree.source->name);
				said = true;
				print_atom(rules, &covered->tree, atom, buffer);
				sk_buffer_append_text(buffer, " can be taken out\n");
			}
		}
	}
}

/* --- JSON -------------------------------------------------------------- */

static void print_json_place(struct sk_place place, struct sk_buffer *buffer)
{
	sk_buffer_append_text(buffer, "\"file\":");
	sk_json_quote(place.file ? place.file->name : "", place.file ? strlen(place.file->name) : 0, buffer);
	sk_buffer_printf(buffer, ",\"line\":%u,\"column\":%u", place.line, place.column);
}

static void print_json_atom(const struct sk_test_rules *rules, const struct sk_test_covered *covered, uint32_t atom,
			    struct sk_buffer *buffer)
{
	const struct sk_tree *tree = &covered->tree;
	const uint8_t seen = covered->atoms[atom];
	uint32_t macro = tree->atoms[atom];
	struct sk_buffer text = {0};

	sk_print_predicate(&rules->bundle, tree->nodes[macro].predicate, ATOM_TEXT, &text);
	sk_buffer_append_text(buffer, atom ? ",{\"text\":" : "{\"text\":");
	sk_json_quote(text.bytes, text.length, buffer);
	buffer->failed |= text.failed;
	sk_buffer_release(&text);
	sk_buffer_append_char(buffer, ',');
	print_json_place(place_of(rules, tree, atom), buffer);
	sk_buffer_append_text(buffer, ",\"macros\":[");
	for (bool first = true; (macro = sk_tree_macro(tree, macro)) != SK_NONE; first = false) {
		const char *name = tree->nodes[macro].source->name;

		sk_buffer_append_text(buffer, first ? "" : ",");
		sk_json_quote(name, strlen(name), buffer);
	}
	sk_buffer_printf(buffer, "],\"true\":%s,\"false\":%s,\"missed\":%s}",
			 seen & SK_COVERED_TRUE ? "true" : "false", seen & SK_COVERED_FALSE ? "true" : "false",
			 seen & SK_COVERED_MUTANT ? "true" : "false");
}

void sk_test_coverage_print_json(const struct sk_test_rules *rules, struct sk_buffer *buffer)
{
	const struct sk_test_coverage sum = sk_test_coverage_sum(rules);
	bool first = true;

	sk_buffer_printf(buffer, "{\"comparisons\":%u,\"covered\":%u,\"missed\":%u,\"rules\":[", sum.atoms,
			 sum.covered, sum.killed);
	for (; rules; rules = rules->next) {
		for (uint32_t i = 0; rules->covered && i < rules->bundle.rules_count; i++) {
			const struct sk_test_covered *covered = &rules->covered[i];
			const char *name = sk_bundle_text(&rules->bundle, rules->bundle.rules[i].name, NULL);

			sk_buffer_append_text(buffer, first ? "\n{\"rule\":" : ",\n{\"rule\":");
			first = false;
			sk_json_quote(name, strlen(name), buffer);
			sk_buffer_append_char(buffer, ',');
			print_json_place(sk_sources_place(&rules->sources, sk_test_pack_rule(rules, i)->span.begin),
					 buffer);
			sk_buffer_printf(buffer, ",\"tested\":%s,\"comparisons\":[",
					 rules->tested[i] ? "true" : "false");
			for (uint32_t atom = 0; atom < covered->tree.atom_count; atom++)
				print_json_atom(rules, covered, atom, buffer);
			sk_buffer_append_text(buffer, "]}");
		}
	}
	sk_buffer_append_text(buffer, "\n]}\n");
}
