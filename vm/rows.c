/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows, classes and nodes.
 *
 *   event type, class of the thread ─► root node
 *        node: "ask question q" ── signature of its value ──► node ── ... ──► decided
 *                                                                       the rules that match, and
 *                                                                       those to run to the end
 *
 * A node remembers what is left of an event type's rules once the class is
 * known and some questions are answered.  It is made the first time an event
 * gets there.
 *
 * Invariant: everything remembered follows from the numbers in its key and
 * from the bundle alone, so it never has to be corrected; only what is kept on
 * a thread or an fd does, and its stamp tells when.  All tables are bounded:
 * when one is full, the event is evaluated linearly and everything is
 * forgotten.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "vm/profiler.h"
#include "vm/recheck.h"
#include "vm/rows_private.h"
#include "vm/support/alloc.h"

enum {
	/* Predicates of all signatures together, besides room for some that name nearly all. */
	HOLDING_SIZE = 1 << 18,
};

/* --- evaluating -------------------------------------------------------- */

/* Compiled for each way of being profiled: for NOT nothing of it is left. */
enum profiling { NOT, COUNTED, TIMED };
#define FOR_EACH_PROFILING static inline __attribute__((always_inline))

FOR_EACH_PROFILING uint32_t report(struct sk_rows *rows, const struct node *node, enum profiling profiling)
{
	struct sk_vm *vm = rows->vm;
	uint32_t matched = 0;

	for (uint32_t i = 0; i < node->count; i++) {
		uint32_t entry = rows->lists[node->first + i], rule = entry >> 1;

		if (entry & RESIDUAL) {
			const struct sk_instruction *program = &vm->bundle->code[vm->bundle->rules[rule].condition];
			bool holds = sk_vm_condition_holds(vm, program);

			rows->residuals++;
			if (profiling == TIMED)
				sk_profiler_ran(vm->profiler, node->first + i, rule);
			if (!holds)
				continue;
		}
		vm->matches[matched++] = rule;
		if (!vm->options.match_all)
			break;
	}
	return matched;
}

FOR_EACH_PROFILING uint32_t walk(struct sk_rows *rows, uint16_t type, enum profiling profiling)
{
	const struct plan *plan = &rows->plans[type];
	struct sk_profiler *profiler = rows->vm->profiler;
	uint32_t class = sk_rows_class(rows), number, *root;
	bool bare;
	size_t at;

	if (profiling != NOT)
		profiler->end = SK_NONE;
	if (profiling == TIMED)
		sk_profiler_lap(profiler, SK_PROFILE_PART_CLASS);
	if (class == SK_NONE)
		return UINT32_MAX;
	bare = plan->bare_count && rows->vm->options.bare && rows->vm->options.bare(rows->vm->event);
	at = sk_rows_root_place(rows, plan, class, bare);
	root = &rows->roots[at];
	if (*root == SK_NONE) {
		*root = sk_rows_root(rows, type, class, bare);
		if (profiling == TIMED)
			sk_profiler_lap(profiler, SK_PROFILE_PART_NODE);
	}
	if (SK_RECHECK && bare && *root != SK_NONE)
		sk_rows_recheck_bare(rows, type);
	if (profiling == TIMED && *root != SK_NONE)
		profiler->roots[at] += profiler->weight;
	for (number = *root; number != SK_NONE;) {
		struct node *node = &rows->nodes[number];
		uint32_t answer;

		if (profiling != NOT)
			profiler->end = number;
		if (profiling == TIMED)
			sk_profiler_lap(profiler, SK_PROFILE_PART_REST);
		if (node->question == SK_NONE) {
			if (profiling == TIMED)
				sk_profiler_ends(profiler, type);
			return report(rows, node, profiling);
		}
		rows->asked++;
		answer = sk_rows_answer(rows, node->question);
		if (profiling == TIMED)
			sk_profiler_answered(profiler, type, number, node->question);
		if (answer == SK_NONE)
			break;
		if (answer != node->last_answer) {
			uint64_t known = rows->nodes_made;
			uint32_t edge = sk_rows_child(rows, number, answer);

			if (profiling == TIMED && rows->nodes_made != known)
				sk_profiler_lap(profiler, SK_PROFILE_PART_NODE);
			if (edge == SK_NONE)
				break;
			node->last_answer = answer;
			node->last_child = rows->children[edge].child;
			if (profiling != NOT)
				profiler->last_edge[number] = edge;
		}
		if (profiling == TIMED)
			profiler->edges[profiler->last_edge[number]] += profiler->weight;
		number = node->last_child;
	}
	return UINT32_MAX;
}

/* The rules that rows leave are run; no node remembers what came of it. */
static uint32_t run_what_is_left(struct sk_rows *rows, uint16_t type, bool scopes)
{
	const struct plan *plan = &rows->plans[type];
	struct sk_vm *vm = rows->vm;
	int left = sk_rows_and_all(rows, type, scopes);
	uint32_t matched = 0;

	if (left <= 0)
		return left < 0 ? UINT32_MAX : 0;
	for (uint32_t word = 0; word < plan->words; word++) {
		for (uint64_t bits = rows->bits[word]; bits; bits &= bits - 1) {
			uint32_t rule = plan->rules[word * 64 + (uint32_t)__builtin_ctzll(bits)];

			rows->residuals++;
			if (!sk_vm_condition_holds(vm, &vm->bundle->code[vm->bundle->rules[rule].condition]))
				continue;
			vm->matches[matched++] = rule;
			if (!vm->options.match_all)
				return matched;
		}
	}
	return matched;
}

FOR_EACH_PROFILING uint32_t evaluate(struct sk_rows *rows, uint16_t type, enum profiling profiling)
{
	if (!rows->plans[type].built && !sk_rows_build_plan(rows, type))
		return UINT32_MAX;
	switch (rows->vm->options.engine) {
	case SK_VM_ENGINE_ROWS:
		return walk(rows, type, profiling);
	case SK_VM_ENGINE_AND:
	case SK_VM_ENGINE_SCOPES:
		return run_what_is_left(rows, type, rows->vm->options.engine == SK_VM_ENGINE_SCOPES);
	case SK_VM_ENGINE_ATOMS:
	case SK_VM_ENGINE_LINEAR:
		break;
	}
	return UINT32_MAX;
}

/* Leaves the event's mark where it ended. */
static inline void mark(const struct sk_rows *rows, uint32_t matched)
{
	struct sk_profiler *profiler = rows->vm->profiler;

	if (profiler->end == SK_NONE)
		return;
	if (rows->nodes[profiler->end].question != SK_NONE)
		profiler->stopped[profiler->end] += profiler->timed ? profiler->weight : 0;
	else if (rows->nodes[profiler->end].count && !rows->vm->short_of_memory)
		sk_profiler_survived(profiler, rows, matched);
}

FOR_EACH_PROFILING uint32_t evaluate_event(struct sk_rows *rows, uint16_t type, enum profiling profiling)
{
	uint32_t matched;

	rows->events++;
	rows->credit += rows->credit < NODE_BURST * EVENTS_A_NODE;
	matched = evaluate(rows, type, profiling);
	if (profiling != NOT)
		mark(rows, matched);
	if (matched == UINT32_MAX)
		rows->linear++;
	else if (SK_RECHECK)
		sk_recheck_matches(rows->vm, type, rows->vm->matches, matched);
	if (rows->full && matched != UINT32_MAX)
		sk_rows_flush(rows);
	return matched;
}

uint32_t sk_rows_evaluate(struct sk_rows *rows, uint16_t type)
{
	return evaluate_event(rows, type, NOT);
}

uint32_t sk_rows_evaluate_profiled(struct sk_rows *rows, uint16_t type)
{
	return rows->vm->profiler->timed ? evaluate_event(rows, type, TIMED) : evaluate_event(rows, type, COUNTED);
}

bool sk_rows_atom(struct sk_rows *rows, uint32_t predicate, bool *ret_truth)
{
	struct atom *atom = &rows->atoms[rows->questions.of[predicate]];

	if (rows->questions.items[rows->questions.of[predicate]].expression == SK_NONE)
		return false;
	if (atom->epoch != rows->vm->epoch) {
		/* Whoever checks the answer must not be given it. */
		rows->vm->by_atoms = false;
		atom->signature = sk_rows_signature(rows, rows->questions.of[predicate]);
		if (rows->vm->profiler)
			sk_profiler_asked(rows->vm->profiler, rows->questions.of[predicate]);
		rows->vm->by_atoms = true;
		atom->epoch = rows->vm->epoch;
	}
	if (atom->signature == SK_NONE)
		return false;
	*ret_truth = sk_answer_holds(&rows->questions, &rows->signatures, atom->signature, predicate);
	return true;
}

void sk_rows_pass_over(struct sk_rows *rows)
{
	rows->events++;
	rows->linear++;
}

void sk_rows_rest(struct sk_rows *rows)
{
	if (rows->full)
		sk_rows_flush(rows);
}

void sk_rows_flush(struct sk_rows *rows)
{
	if (rows->vm->profiler)
		sk_profiler_fold(rows->vm->profiler, rows);
	sk_memo_clear(&rows->memo);
	sk_signatures_clear(&rows->signatures);
	sk_tuples_clear(&rows->classes);
	sk_tuples_clear(&rows->descriptors);
	sk_tuples_clear(&rows->ancestors);
	sk_tuples_clear(&rows->containers);
	memset(rows->last, 0xff, rows->questions.count * sizeof(*rows->last));
	memset(rows->shapes, 0, ((size_t)rows->shape_mask + 1) * sizeof(*rows->shapes));
	memset(rows->children, 0, ((size_t)rows->child_mask + 1) * sizeof(*rows->children));
	memset(rows->merged, 0, ((size_t)rows->merged_mask + 1) * sizeof(*rows->merged));
	memset(rows->rows, 0, ((size_t)rows->row_mask + 1) * sizeof(*rows->rows));
	rows->known_kinds = 0;
	rows->host_container = SK_NONE;
	rows->shape_count = 0;
	rows->child_count = 0;
	rows->node_count = 0;
	rows->row_count = 0;
	rows->words_used = 0;
	rows->lists_used = 0;
	rows->generation++;
	rows->flushes++;
	rows->full = false;
}

void sk_rows_begin_anew(struct sk_rows *rows)
{
	rows->host_container = SK_NONE;
	rows->era++;
}

/* --- creating ---------------------------------------------------------- */

static uint32_t power_of_two(uint32_t least)
{
	uint32_t size = 4;

	while (size < least)
		size *= 2;
	return size;
}

static uint32_t prepare_types(struct sk_rows *rows, uint32_t *ret_program)
{
	const struct sk_bundle *bundle = rows->vm->bundle;
	uint32_t words = 1;

	for (uint16_t type = 0; type < SK_EVENT_COUNT; type++) {
		struct plan *plan = &rows->plans[type];

		plan->rules = bundle->type_rules + bundle->types[type].first;
		plan->count = bundle->types[type].count;
		plan->words = (plan->count + 63) / 64;
		if (plan->count)
			plan->index = rows->type_count++;
		if (plan->words > words)
			words = plan->words;
	}
	rows->root_count = ROOTS_A_TYPE * (uint32_t)rows->type_count;
	*ret_program = 1;
	for (uint32_t i = 0; i < bundle->rules_count; i++) {
		if (bundle->rules[i].condition_size > *ret_program)
			*ret_program = bundle->rules[i].condition_size;
	}
	return words;
}

static int allocate_tuples(struct sk_rows *rows, uint32_t limit)
{
	const struct sk_questions *questions = &rows->questions;
	int status = sk_tuples_init(&rows->classes, questions->class_count, limit);

	if (status == 0)
		status = sk_tuples_init(&rows->descriptors, questions->descriptor_count, limit);
	if (status == 0)
		status = sk_tuples_init(&rows->ancestors, questions->slices[SK_FACET_ANCESTORS].count, limit);
	if (status == 0)
		status = sk_tuples_init(&rows->containers, questions->slices[SK_FACET_CONTAINER].count, limit);
	return status;
}

static int allocate(struct sk_rows *rows)
{
	const struct sk_vm_limits *limits = &rows->vm->options.limits;
	const uint32_t classes = limits->classes ? limits->classes : 2048;
	/* One element more, so that a bundle without questions is no special case. */
	const size_t questions = (size_t)rows->questions.count + 1;
	uint32_t program, words;

	rows->plans = sk_alloc_zeroed(SK_EVENT_COUNT, sizeof(*rows->plans));
	if (!rows->plans || allocate_tuples(rows, classes) < 0)
		return -ENOMEM;
	words = prepare_types(rows, &program);
	rows->node_limit = limits->nodes ? limits->nodes : 16384;
	rows->shape_mask = power_of_two(rows->node_limit * 2) - 1;
	rows->child_mask = rows->shape_mask;
	rows->row_mask = rows->shape_mask;
	rows->merged_mask = rows->shape_mask;
	/* Rows and undecided nodes: a few thousand wide ones, or many narrow ones. */
	rows->words_size = words * 4096 > 65536 ? words * 4096 : 65536;
	rows->lists_size = rows->node_limit * 4;
	rows->roots = sk_alloc_zeroed((size_t)classes * rows->root_count + 1, sizeof(*rows->roots));
	rows->kinds =
		sk_alloc_zeroed((size_t)rows->questions.slices[SK_FACET_KIND].count * SK_VM_DESCRIPTOR_KINDS + 1,
				sizeof(*rows->kinds));
	rows->shapes = sk_alloc_zeroed((size_t)rows->shape_mask + 1, sizeof(*rows->shapes));
	rows->nodes = sk_alloc_zeroed(rows->node_limit, sizeof(*rows->nodes));
	rows->children = sk_alloc_zeroed((size_t)rows->child_mask + 1, sizeof(*rows->children));
	rows->merged = sk_alloc_zeroed((size_t)rows->merged_mask + 1, sizeof(*rows->merged));
	rows->rows = sk_alloc_zeroed((size_t)rows->row_mask + 1, sizeof(*rows->rows));
	rows->words = sk_alloc_zeroed(rows->words_size, sizeof(*rows->words));
	rows->lists = sk_alloc_zeroed(rows->lists_size, sizeof(*rows->lists));
	rows->answered = sk_alloc_zeroed(questions, sizeof(*rows->answered));
	rows->alone = sk_alloc_zeroed(questions, sizeof(*rows->alone));
	rows->combined = sk_alloc_zeroed(questions, sizeof(*rows->combined));
	rows->open = sk_alloc_zeroed(questions, sizeof(*rows->open));
	rows->open_stamp = sk_alloc_zeroed(questions, sizeof(*rows->open_stamp));
	rows->rule_stamp = sk_alloc_zeroed((size_t)words * 64, sizeof(*rows->rule_stamp));
	rows->last = sk_alloc_zeroed(questions, sizeof(*rows->last));
	rows->atoms = sk_alloc_zeroed(questions, sizeof(*rows->atoms));
	rows->bits = sk_alloc_zeroed((size_t)words * 2, sizeof(*rows->bits));
	rows->reached = sk_alloc_zeroed((size_t)program + 1, 1);
	rows->ends = sk_alloc_zeroed((size_t)program + 1, sizeof(*rows->ends));
	rows->left = sk_alloc_zeroed(LEFT_SIZE, sizeof(*rows->left));
	if (!rows->roots || !rows->kinds || !rows->shapes || !rows->nodes || !rows->children || !rows->rows ||
	    !rows->words || !rows->lists || !rows->answered || !rows->alone || !rows->combined || !rows->open ||
	    !rows->open_stamp || !rows->rule_stamp || !rows->last || !rows->atoms || !rows->bits ||
	    !rows->reached || !rows->ends || !rows->left || !rows->merged)
		return -ENOMEM;
	memset(rows->answered, 0xff, questions * sizeof(*rows->answered));
	memset(rows->alone, 0xff, questions * sizeof(*rows->alone));
	memset(rows->last, 0xff, questions * sizeof(*rows->last));
	rows->host_container = SK_NONE;
	rows->ops = sk_words_best();
	return 0;
}

int sk_rows_create(struct sk_vm *vm, struct sk_rows **ret_rows)
{
	const struct sk_vm_limits *limits = &vm->options.limits;
	struct sk_rows *rows = sk_alloc_zeroed(1, sizeof(*rows));
	int status = -ENOMEM;

	if (!rows)
		return -ENOMEM;
	rows->vm = vm;
	rows->generation = 1;
	rows->credit = NODE_BURST * EVENTS_A_NODE;
	status = sk_questions_init(&rows->questions, vm->bundle);
	if (status == 0)
		status = sk_index_create(vm->bundle, &rows->index);
	if (status == 0)
		status = sk_memo_init(&rows->memo, limits->values ? limits->values : 32768,
				      limits->value_bytes ? limits->value_bytes : 4 << 20);
	if (status == 0)
		status = sk_signatures_init(&rows->signatures, rows->questions.count,
					    limits->signatures ? limits->signatures : 4096,
					    HOLDING_SIZE + 4 * vm->bundle->predicates_count);
	if (status == 0)
		status = allocate(rows);
	if (status < 0) {
		sk_rows_destroy(rows);
		return status;
	}
	*ret_rows = rows;
	return 0;
}

void sk_rows_destroy(struct sk_rows *rows)
{
	if (!rows)
		return;
	for (uint32_t type = 0; rows->plans && type < SK_EVENT_COUNT; type++)
		sk_rows_release_plan(&rows->plans[type]);
	sk_questions_release(&rows->questions);
	sk_memo_release(&rows->memo);
	sk_signatures_release(&rows->signatures);
	sk_tuples_release(&rows->classes);
	sk_tuples_release(&rows->descriptors);
	sk_tuples_release(&rows->ancestors);
	sk_tuples_release(&rows->containers);
	sk_index_destroy(rows->index);
	sk_free(rows->plans);
	sk_free(rows->roots);
	sk_free(rows->kinds);
	sk_free(rows->shapes);
	sk_free(rows->nodes);
	sk_free(rows->children);
	sk_free(rows->rows);
	sk_free(rows->words);
	sk_free(rows->lists);
	sk_free(rows->answered);
	sk_free(rows->alone);
	sk_free(rows->combined);
	sk_free(rows->open);
	sk_free(rows->open_stamp);
	sk_free(rows->rule_stamp);
	sk_free(rows->last);
	sk_free(rows->atoms);
	sk_free(rows->bits);
	sk_free(rows->reached);
	sk_free(rows->ends);
	sk_free(rows->left);
	sk_free(rows->merged);
	sk_free(rows);
}

void sk_rows_stats(const struct sk_rows *rows, struct sk_vm_stats *ret_stats)
{
	*ret_stats = (struct sk_vm_stats){
		.events = rows->events,
		.linear = rows->linear,
		.value_hits = rows->memo.hits,
		.value_misses = rows->memo.misses,
		.class_hits = rows->class_hits,
		.class_misses = rows->class_misses,
		.asked = rows->asked,
		.residuals = rows->residuals,
		.signatures = rows->signatures.count - rows->signatures.reserved,
		.classes = rows->classes.count,
		.descriptors = rows->descriptors.count,
		.nodes = rows->node_count,
		.nodes_made = rows->nodes_made,
		.rows = rows->row_count,
		.flushes = rows->flushes,
	};
}
