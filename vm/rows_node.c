/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows, and the nodes that remember what ANDing them comes to.
 *
 *   row (signature, type): one bit a rule of the type, in order; 0: false
 *   already, whatever the other questions are answered
 *
 *   node: the rules left to its parent, ANDed with the row of what was
 *   answered, then each survivor evaluated with everything that is known on
 *   the way.  If rules stay open, it asks the question that leaves the fewest.
 *
 * Classes that differ only in what a type's rules never ask for share its root.
 * Bare events (vm/event.h) have roots of their own, where is known already what
 * all of them answer alike; the first that comes is asked.
 */
#define XXH_INLINE_ALL
#include <assert.h>
#include <string.h>

#include <xxhash.h>

#include "vm/given.h"
#include "vm/profiler.h"
#include "vm/recheck.h"
#include "vm/residual.h"
#include "vm/rows_private.h"

enum {
	/* More questions than this on one way: what is left is run. */
	DEPTH_LIMIT = 24,
	/* More survivors than this are not swept one by one at a root: the next rows will thin them out. */
	SWEEP_LIMIT = 256,
	DESCRIPTOR_COST = 15,
};

/* --- three-valued evaluation ------------------------------------------- */

static inline enum sk_truth truth_by_answers(const void *context, uint32_t predicate)
{
	const struct sk_rows *rows = context;
	uint32_t signature = rows->answered[rows->questions.of[predicate]];

	if (signature == SK_NONE)
		return SK_TRUTH_UNKNOWN;
	return sk_answer_holds(&rows->questions, &rows->signatures, signature, predicate) ? SK_TRUTH_TRUE
											  : SK_TRUTH_FALSE;
}

/* An instruction of a survivor that has to be asked. */
static inline void note_open(void *context, uint32_t at, uint32_t predicate, uint32_t next, uint32_t jump)
{
	struct sk_rows *rows = context;
	uint32_t question = rows->questions.of[predicate];

	if (rows->left_count <= LEFT_SIZE - 3) {
		rows->left[rows->left_count++] = at;
		rows->left[rows->left_count++] = next;
		rows->left[rows->left_count++] = jump;
	} else {
		rows->left_count = LEFT_SIZE + 1;
	}
	if (rows->open_stamp[question] == rows->stamp)
		return;
	rows->open_stamp[question] = rows->stamp;
	rows->open[rows->open_count++] = question;
	rows->descriptor_open |= sk_question_of_descriptor(&rows->questions.items[question]);
}

/* True if the rule may still match. */
static bool may_match(struct sk_rows *rows, uint32_t rule)
{
	const struct sk_bundle_rule *record = &rows->vm->bundle->rules[rule];

	return sk_reach_inline(&rows->vm->bundle->code[record->condition], record->condition_size, truth_by_answers,
			       rows, NULL, NULL, rows->reached) &
	       SK_REACH_MATCH;
}

/* Where the rule ends up; what has to be asked is noted. */
static uint32_t sweep(struct sk_rows *rows, uint32_t rule)
{
	const struct sk_bundle_rule *record = &rows->vm->bundle->rules[rule];

	return sk_residual(&rows->vm->bundle->code[record->condition], record->condition_size, truth_by_answers,
			   rows, note_open, rows, rows->reached, rows->ends);
}

/* --- rows -------------------------------------------------------------- */

static uint64_t *take_words(struct sk_rows *rows, uint32_t count, uint32_t *ret_at)
{
	if (count > rows->words_size - rows->words_used) {
		rows->full = true;
		return NULL;
	}
	*ret_at = rows->words_used;
	rows->words_used += count;
	return rows->words + *ret_at;
}

/* Sets or clears the bits of the rules that `predicate` stands in, but those that were looked at since `rows->stamp`. */
static void sweep_rules_of(struct sk_rows *rows, const struct plan *plan, uint32_t predicate, uint64_t *bits)
{
	uint32_t low = 0, high = plan->predicate_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (plan->predicates[middle] < predicate)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == plan->predicate_count || plan->predicates[low] != predicate)
		return;
	for (uint32_t i = plan->first_rule[low]; i < plan->first_rule[low + 1]; i++) {
		uint32_t local = plan->predicate_rules[i];
		uint64_t bit = UINT64_C(1) << (local % 64);

		if (rows->rule_stamp[local] == rows->stamp)
			continue;
		rows->rule_stamp[local] = rows->stamp;
		if (may_match(rows, plan->rules[local]))
			bits[local / 64] |= bit;
		else
			bits[local / 64] &= ~bit;
	}
}

static const uint64_t *row_of(struct sk_rows *rows, uint16_t type, uint32_t signature);

/*
 * Only rules that a predicate of the question stands in can be ruled out.
 * What holds for one value differs from "nothing holds" in few predicates, so
 * only their rules are looked at again.
 */
static bool fill_row(struct sk_rows *rows, uint16_t type, uint32_t signature, uint64_t *bits)
{
	const struct plan *plan = &rows->plans[type];
	const struct sk_signature *record = &rows->signatures.items[signature];
	const struct sk_question *question = &rows->questions.items[record->question];
	const uint32_t *changed = NULL;
	uint32_t count = question->count;

	if (signature >= rows->signatures.reserved && question->expression != SK_NONE) {
		const uint64_t *none = row_of(rows, type, sk_signature_none(record->question));

		if (!none)
			return false;
		memcpy(bits, none, plan->words * sizeof(*bits));
		changed = rows->signatures.holding + record->first;
		count = record->count;
	} else {
		memset(bits, 0xff, plan->words * sizeof(*bits));
	}
	/* Nothing but this question is known, whatever the caller knows. */
	uint32_t *answers = rows->answered, *alone = rows->alone;

	alone[record->question] = signature;
	rows->answered = alone;
	rows->stamp++;
	for (uint32_t i = 0; i < count; i++)
		sweep_rules_of(rows, plan, changed ? changed[i] : question->first + i, bits);
	rows->answered = answers;
	alone[record->question] = SK_NONE;
	rows->rows_made++;
	return true;
}

/* The slot of the row, or the free one where it would be. */
static uint32_t row_slot(const struct sk_rows *rows, uint64_t key)
{
	uint32_t at = (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & rows->row_mask;

	while (rows->rows[at].key && rows->rows[at].key != key)
		at = (at + 1) & rows->row_mask;
	return at;
}

static uint64_t row_key(uint16_t type, uint32_t signature)
{
	return ((uint64_t)signature << 16 | type) + 1;
}

const uint64_t *sk_rows_find_row(const struct sk_rows *rows, uint16_t type, uint32_t signature)
{
	const struct row_slot *slot = &rows->rows[row_slot(rows, row_key(type, signature))];

	return slot->key ? rows->words + slot->words : NULL;
}

static const uint64_t *row_of(struct sk_rows *rows, uint16_t type, uint32_t signature)
{
	const uint64_t key = row_key(type, signature), *known = sk_rows_find_row(rows, type, signature);
	uint64_t *bits;
	uint32_t words;

	if (known)
		return known;
	if (rows->row_count > rows->row_mask / 2) {
		rows->full = true;
		return NULL;
	}
	bits = take_words(rows, rows->plans[type].words, &words);
	if (!bits || !fill_row(rows, type, signature, bits))
		return NULL;
	/* Filling it may have added the row that it is made from. */
	rows->rows[row_slot(rows, key)] = (struct row_slot){key, words};
	rows->row_count++;
	return bits;
}

/* False if there is no room. */
static bool and_row(struct sk_rows *rows, uint16_t type, uint32_t signature, uint64_t *bits, bool *ret_any)
{
	const uint64_t *row = row_of(rows, type, signature);

	if (row)
		*ret_any = rows->ops->and (bits, row, rows->plans[type].words);
	return row;
}

/* --- nodes ------------------------------------------------------------- */

static bool decide(struct sk_rows *rows, struct node *node, const uint64_t *bits, const uint64_t *open)
{
	const struct plan *plan = &rows->plans[node->type];

	node->question = SK_NONE;
	node->first = rows->lists_used;
	node->count = 0;
	for (uint32_t word = 0; word < plan->words; word++) {
		for (uint64_t left = bits[word]; left; left &= left - 1) {
			uint32_t local = word * 64 + (uint32_t)__builtin_ctzll(left);
			bool residual = open[word] >> (local % 64) & 1;

			if (rows->lists_used == rows->lists_size) {
				rows->full = true;
				return false;
			}
			rows->lists[rows->lists_used++] = plan->rules[local] << 1 | (residual ? RESIDUAL : 0);
			node->count++;
			/* What comes behind a sure match is never reported. */
			if (!residual && !rows->vm->options.match_all)
				return true;
		}
	}
	return true;
}

static uint32_t count_killed_by_descriptor(struct sk_rows *rows, const struct plan *plan, uint16_t type,
					   const uint64_t *bits)
{
	const struct sk_questions *questions = &rows->questions;
	const uint32_t descriptor = sk_rows_descriptor(rows);
	uint32_t killed = 0;

	for (uint32_t word = 0; word < plan->words && descriptor != SK_NONE; word++) {
		uint64_t left = bits[word];

		for (uint32_t i = 0; i < questions->descriptor_count && left; i++) {
			uint32_t signature = descriptor == NO_DESCRIPTOR
						     ? sk_signature_none(questions->descriptor[i])
						     : sk_tuples_at(&rows->descriptors, descriptor)[i];
			const uint64_t *row = signature == SK_NONE ? NULL : row_of(rows, type, signature);

			if (row)
				left &= row[word];
			else if (signature != SK_NONE)
				return 0;
		}
		killed += (uint32_t)__builtin_popcountll(bits[word] & ~left);
	}
	return killed;
}

/*
 * The question that is likely to leave the fewest rules, for its cost.  What
 * this very event answers is the best guess for those that follow; that no
 * constant is met is the second best, and makes sure that an event which
 * matches does not leave its node without a question.
 */
static uint32_t choose(struct sk_rows *rows, const struct plan *plan, uint16_t type, const uint64_t *bits,
		       const uint32_t *candidates, uint32_t count)
{
	uint32_t best = SK_NONE, alive = sk_words_count(bits, plan->words);
	double best_score = 0;
	bool ask_descriptor = false;

	/* One answer about the fd is worth all of its questions. */
	for (uint32_t i = 0; i < count && !rows->descriptor_asked; i++)
		ask_descriptor |= sk_question_of_descriptor(&rows->questions.items[candidates[i]]) &&
				  rows->answered[candidates[i]] == SK_NONE;
	ask_descriptor = ask_descriptor && rows->vm->options.descriptor;
	for (uint32_t i = 0; i < count; i++) {
		const struct sk_question *question = &rows->questions.items[candidates[i]];
		const uint64_t *row, *none;
		uint32_t signature, killed;
		double score;

		if (ask_descriptor && sk_question_of_descriptor(question))
			continue;
		if (question->expression == SK_NONE || rows->answered[candidates[i]] != SK_NONE)
			continue;
		signature = sk_rows_signature(rows, candidates[i]);
		if (rows->vm->profiler)
			sk_profiler_asked(rows->vm->profiler, candidates[i]);
		row = signature == SK_NONE ? NULL : row_of(rows, type, signature);
		none = row ? row_of(rows, type, sk_signature_none(candidates[i])) : NULL;
		if (!none)
			return SK_NONE;
		killed = rows->ops->count_without(bits, row, plan->words);
		/* All of them at once is worth more than the sum. */
		score = killed + (killed == alive ? alive : 0) +
			rows->ops->count_without(bits, none, plan->words) * 0.25 + 0.01;
		score /= question->cost + 10;
		if (score > best_score) {
			best_score = score;
			best = candidates[i];
		}
	}
	if (ask_descriptor) {
		uint32_t killed = count_killed_by_descriptor(rows, plan, type, bits);

		if (rows->full)
			return SK_NONE;
		if ((killed + 0.02) / (DESCRIPTOR_COST + 10) > best_score)
			best = rows->questions.count;
	}
	return best;
}

static uint32_t add_node(struct sk_rows *rows, const struct node *node)
{
	if (rows->node_count == rows->node_limit) {
		rows->full = true;
		return SK_NONE;
	}
	rows->nodes[rows->node_count] = *node;
	rows->nodes_made++;
	return rows->node_count++;
}

/* Thins out `bits` by all that is known; `open` are those of which not all is. */
static bool sweep_all(struct sk_rows *rows, const struct plan *plan, uint64_t *bits, uint64_t *open, bool *ret_sure)
{
	bool any_open = false, decided = false;

	rows->stamp++;
	rows->open_count = 0;
	rows->left_count = 0;
	rows->descriptor_open = false;
	for (uint32_t word = 0; word < plan->words; word++) {
		for (uint64_t left = bits[word]; left; left &= left - 1) {
			uint32_t local = word * 64 + (uint32_t)__builtin_ctzll(left), end;

			/* What comes behind a sure match is never reported. */
			end = decided ? (uint32_t)SK_END_FAIL : sweep(rows, plan->rules[local]);
			if (end == SK_END_FAIL) {
				bits[word] &= ~(UINT64_C(1) << (local % 64));
				continue;
			}
			if (rows->left_count <= LEFT_SIZE - 2) {
				rows->left[rows->left_count++] = end;
				rows->left[rows->left_count++] = ~local;
			} else {
				rows->left_count = LEFT_SIZE + 1;
			}
			if (end == SK_END_MATCH)
				decided = !rows->vm->options.match_all;
			else
				open[word] |= UINT64_C(1) << (local % 64);
		}
		any_open |= open[word] != 0;
	}
	*ret_sure = decided;
	return any_open;
}

/*
 * The place of a node in `merged`, by what is left of its rules: found, or
 * free.  The hash has 128 bits, of which no two were ever seen to be the same
 * for different texts.
 */
static struct merged *find_merged(struct sk_rows *rows, uint16_t type)
{
	const XXH128_hash_t hash =
		XXH3_128bits_withSeed(rows->left, rows->left_count * sizeof(*rows->left),
				      (uint64_t)type << 1 | (rows->descriptor_asked && rows->descriptor_open));
	uint32_t at = (uint32_t)hash.low64 & rows->merged_mask;

	for (; rows->merged[at].node; at = (at + 1) & rows->merged_mask) {
		if (rows->merged[at].low == hash.low64 && rows->merged[at].high == hash.high64)
			break;
	}
	rows->merged[at].low = hash.low64;
	rows->merged[at].high = hash.high64;
	return &rows->merged[at];
}

/* True if it can be told what becomes of the rules left, or what to ask next. */
static bool conclude(struct sk_rows *rows, struct node *node, const uint64_t *bits, const uint64_t *open,
		     const uint32_t *candidates, uint32_t candidate_count)
{
	const struct plan *plan = &rows->plans[node->type];
	uint32_t at;

	if (node->depth >= DEPTH_LIMIT)
		return decide(rows, node, bits, open);
	node->question = choose(rows, plan, node->type, open, candidates, candidate_count);
	if (rows->full || rows->vm->short_of_memory)
		return false;
	if (node->question == SK_NONE)
		return decide(rows, node, bits, open);
	if (!take_words(rows, plan->words, &at))
		return false;
	memcpy(rows->words + at, bits, plan->words * sizeof(*bits));
	node->first = at;
	node->count = 0;
	return true;
}

/*
 * The node whose rules left are `bits`, with `answered` filled in: a new one,
 * or one that another way led to before.  SK_NONE: there is no room.
 */
static uint32_t complete(struct sk_rows *rows, struct node *node, uint64_t *bits)
{
	const struct plan *plan = &rows->plans[node->type];
	uint64_t *open = rows->bits + plan->words;
	struct merged *merged = NULL;
	uint32_t number;
	bool any_open;

	memset(open, 0, plan->words * sizeof(*open));
	if (node->depth == 0 && sk_words_count(bits, plan->words) > SWEEP_LIMIT) {
		memcpy(open, bits, plan->words * sizeof(*open));
		return conclude(rows, node, bits, open, plan->questions, plan->question_count)
			       ? add_node(rows, node)
			       : SK_NONE;
	}
	any_open = sweep_all(rows, plan, bits, open, &node->sure);
	if (rows->left_count <= LEFT_SIZE) {
		merged = find_merged(rows, node->type);
		if (merged->node)
			return merged->node - 1;
	}
	if (!(any_open ? conclude(rows, node, bits, open, rows->open, rows->open_count)
		       : decide(rows, node, bits, open)))
		return SK_NONE;
	number = add_node(rows, node);
	if (merged && number != SK_NONE)
		merged->node = number + 1;
	return number;
}

uint32_t sk_rows_given(struct sk_rows *rows, uint32_t question, uint16_t type)
{
	const uint32_t expression = rows->questions.items[question].expression;
	struct sk_value value;
	bool given = sk_given(&rows->vm->refs[rows->vm->bundle->expressions[expression].operand], type, &value);

	assert(given);
	(void)given;
	if (rows->vm->profiler && value.presence == SK_PRESENT)
		sk_profiler_asked(rows->vm->profiler, question);
	return sk_rows_signature_of_value(rows, question, &value);
}

static void answer_class(struct sk_rows *rows, uint32_t class, const struct plan *plan, uint16_t type)
{
	const uint32_t *signatures = sk_tuples_at(&rows->classes, class);

	for (uint32_t i = 0; i < plan->class_question_count; i++) {
		uint32_t question = plan->class_questions[i];

		rows->answered[question] = signatures[rows->questions.items[question].place];
	}
	for (uint32_t i = 0; i < plan->given_count; i++)
		rows->answered[plan->given[i]] = sk_rows_given(rows, plan->given[i], type);
}

static void answer_bare(struct sk_rows *rows, const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->bare_count; i++)
		rows->answered[plan->bare[i]] = plan->bare_answers[i];
}

/* What the current event, which is bare, answers, all that come to the same root answer. */
static bool ask_bare(struct sk_rows *rows, const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->bare_count; i++) {
		uint32_t signature = sk_rows_signature(rows, plan->bare[i]);

		if (rows->vm->profiler)
			sk_profiler_asked(rows->vm->profiler, plan->bare[i]);
		if (signature == SK_NONE)
			return false;
		plan->bare_answers[i] = signature;
	}
	return true;
}

void sk_rows_recheck_bare(struct sk_rows *rows, uint16_t type)
{
	const struct plan *plan = &rows->plans[type];

	for (uint32_t i = 0; i < plan->bare_count; i++)
		sk_recheck_answer(rows->vm, &rows->questions, &rows->signatures, plan->bare[i],
				  plan->bare_answers[i], "what an event without notes says");
}

static void forget_answers(struct sk_rows *rows, const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->class_question_count; i++)
		rows->answered[plan->class_questions[i]] = SK_NONE;
	for (uint32_t i = 0; i < plan->given_count; i++)
		rows->answered[plan->given[i]] = SK_NONE;
	for (uint32_t i = 0; i < plan->question_count; i++)
		rows->answered[plan->questions[i]] = SK_NONE;
	for (uint32_t i = 0; i < rows->questions.descriptor_count; i++)
		rows->answered[rows->questions.descriptor[i]] = SK_NONE;
	rows->descriptor_asked = false;
}

static void answer(struct sk_rows *rows, uint32_t question, uint32_t with)
{
	const struct sk_questions *questions = &rows->questions;

	if (!sk_rows_asks_descriptor(rows, question)) {
		rows->answered[question] = with;
		return;
	}
	rows->descriptor_asked = true;
	for (uint32_t i = 0; with != NO_DESCRIPTOR && i < questions->descriptor_count; i++) {
		uint32_t signature = sk_tuples_at(&rows->descriptors, with)[i];

		/* What it leaves open may have been asked by itself. */
		if (signature != SK_NONE)
			rows->answered[questions->descriptor[i]] = signature;
	}
}

/* ANDs the rows of some signatures, SK_NONE left out; 1, 0 or -1 as sk_rows_and_all(). */
static int and_list(struct sk_rows *rows, uint16_t type, const uint32_t *signatures, uint32_t count, uint64_t *bits)
{
	bool any = true;

	for (uint32_t i = 0; any && i < count; i++) {
		if (signatures[i] != SK_NONE && !and_row(rows, type, signatures[i], bits, &any))
			return -1;
	}
	return any;
}

static bool and_answer(struct sk_rows *rows, uint16_t type, uint32_t question, uint32_t with, uint64_t *bits)
{
	if (!sk_rows_asks_descriptor(rows, question))
		return and_list(rows, type, &with, 1, bits) >= 0;
	if (with == NO_DESCRIPTOR)
		return true;
	return and_list(rows, type, sk_tuples_at(&rows->descriptors, with), rows->questions.descriptor_count,
			bits) >= 0;
}

/* True if a new node may be made. */
static bool afford_node(struct sk_rows *rows)
{
	if (rows->credit < EVENTS_A_NODE)
		return false;
	rows->credit -= EVENTS_A_NODE;
	return true;
}

static void all_rules(const struct sk_rows *rows, const struct plan *plan, uint64_t *bits)
{
	memset(bits, 0, plan->words * sizeof(*bits));
	for (uint32_t i = 0; i < plan->count; i++) {
		if (rows->vm->bundle->rules[plan->rules[i]].priority <= rows->vm->options.priority)
			bits[i / 64] |= UINT64_C(1) << (i % 64);
	}
}

/* What the type alone says. */
static int and_given(struct sk_rows *rows, const struct plan *plan, uint16_t type, uint64_t *bits)
{
	int left = 1;

	for (uint32_t i = 0; left > 0 && i < plan->given_count; i++) {
		uint32_t signature = rows->answered[plan->given[i]];

		if (signature == SK_NONE)
			signature = sk_rows_given(rows, plan->given[i], type);
		left = signature == SK_NONE ? -1 : and_list(rows, type, &signature, 1, bits);
	}
	return left;
}

static int and_class(struct sk_rows *rows, const struct plan *plan, uint16_t type, uint32_t class, uint64_t *bits)
{
	const uint32_t *signatures = sk_tuples_at(&rows->classes, class);
	int left = 1;

	for (uint32_t i = 0; left > 0 && i < plan->class_question_count; i++)
		left = and_list(rows, type, &signatures[rows->questions.items[plan->class_questions[i]].place], 1,
				bits);
	return left;
}

/* What is certain before anything is asked. */
static int and_certain(struct sk_rows *rows, const struct plan *plan, const struct node *root, uint64_t *bits)
{
	int left = and_given(rows, plan, root->type, bits);

	if (left > 0 && root->bare)
		left = and_list(rows, root->type, plan->bare_answers, plan->bare_count, bits);
	return left > 0 ? and_class(rows, plan, root->type, root->class, bits) : left;
}

static uint32_t make_root(struct sk_rows *rows, uint16_t type, uint32_t class, bool bare)
{
	const struct plan *plan = &rows->plans[type];
	struct node node = {
		.last_answer = SK_NONE,
		.parent = SK_NONE,
		.answer = SK_NONE,
		.class = class,
		.type = type,
		.bare = bare,
	};
	uint32_t made;

	if (bare && !ask_bare(rows, plan))
		return SK_NONE;
	all_rules(rows, plan, rows->bits);
	answer_class(rows, class, plan, type);
	if (bare)
		answer_bare(rows, plan);
	made = and_certain(rows, plan, &node, rows->bits) < 0 ? SK_NONE : complete(rows, &node, rows->bits);
	forget_answers(rows, plan);
	return made;
}

/* True if the two classes are the same to what the type's rules ask. */
static bool same_shape(const struct sk_rows *rows, const struct plan *plan, uint32_t left, uint32_t right)
{
	const uint32_t *a = sk_tuples_at(&rows->classes, left), *b = sk_tuples_at(&rows->classes, right);

	for (uint32_t i = 0; i < plan->class_question_count; i++) {
		uint32_t place = rows->questions.items[plan->class_questions[i]].place;

		if (a[place] != b[place])
			return false;
	}
	return true;
}

static uint32_t hash_shape(const struct sk_rows *rows, const struct plan *plan, uint32_t class, bool bare)
{
	const uint32_t *signatures = sk_tuples_at(&rows->classes, class);
	uint64_t hash = (uint64_t)plan->index << 1 | bare;

	for (uint32_t i = 0; i < plan->class_question_count; i++) {
		hash ^= signatures[rows->questions.items[plan->class_questions[i]].place];
		hash *= UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
	}
	return (uint32_t)(hash >> 7);
}

uint32_t sk_rows_root(struct sk_rows *rows, uint16_t type, uint32_t class, bool bare)
{
	const struct plan *plan = &rows->plans[type];
	uint32_t at = hash_shape(rows, plan, class, bare) & rows->shape_mask, root;

	for (; rows->shapes[at].class; at = (at + 1) & rows->shape_mask) {
		const struct shape *shape = &rows->shapes[at];

		if (shape->type == type && shape->bare == bare && same_shape(rows, plan, shape->class - 1, class))
			return shape->root;
	}
	if (rows->shape_count > rows->shape_mask / 2) {
		rows->full = true;
		return SK_NONE;
	}
	root = afford_node(rows) ? make_root(rows, type, class, bare) : SK_NONE;
	if (root != SK_NONE) {
		rows->shapes[at] = (struct shape){.class = class + 1, .root = root, .type = type, .bare = bare};
		rows->shape_count++;
	}
	return root;
}

static uint32_t make_child(struct sk_rows *rows, uint32_t parent, uint32_t with)
{
	const struct node above = rows->nodes[parent];
	const struct plan *plan = &rows->plans[above.type];
	struct node node = {
		.last_answer = SK_NONE,
		.parent = parent,
		.answer = with,
		.class = above.class,
		.type = above.type,
		.depth = (uint8_t)((above.depth + 1) & 0x7f),
		.bare = above.bare,
	};
	uint64_t *bits = rows->bits;
	uint32_t made;

	memcpy(bits, rows->words + above.first, plan->words * sizeof(*bits));
	answer_class(rows, above.class, plan, above.type);
	if (above.bare)
		answer_bare(rows, plan);
	answer(rows, above.question, with);
	for (const struct node *at = &above; at->parent != SK_NONE;) {
		uint32_t known = at->answer;

		at = &rows->nodes[at->parent];
		answer(rows, at->question, known);
	}
	made = and_answer(rows, above.type, above.question, with, bits) ? complete(rows, &node, bits) : SK_NONE;
	forget_answers(rows, plan);
	return made;
}

uint32_t sk_rows_child(struct sk_rows *rows, uint32_t parent, uint32_t with)
{
	const uint64_t key = ((uint64_t)parent << 32 | with) + 1;
	uint32_t at = (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & rows->child_mask, child;

	for (; rows->children[at].key; at = (at + 1) & rows->child_mask) {
		if (rows->children[at].key == key)
			return at;
	}
	if (rows->child_count > rows->child_mask / 2) {
		rows->full = true;
		return SK_NONE;
	}
	child = afford_node(rows) ? make_child(rows, parent, with) : SK_NONE;
	if (child == SK_NONE)
		return SK_NONE;
	rows->children[at] = (struct child_slot){key, child};
	rows->child_count++;
	return at;
}

/* --- without nodes ------------------------------------------------------- */

static bool any_in_both(const uint64_t *left, const uint64_t *right, uint32_t words)
{
	for (uint32_t i = 0; i < words; i++) {
		if (left[i] & right[i])
			return true;
	}
	return false;
}

/* What only the event itself answers, as long as rules that are left ask for it. */
static int and_asked(struct sk_rows *rows, const struct plan *plan, uint16_t type, bool scopes, uint64_t *bits)
{
	const struct sk_questions *questions = &rows->questions;
	uint32_t descriptor = scopes && plan->asks_descriptor ? sk_rows_descriptor(rows) : NO_DESCRIPTOR;
	int left = descriptor == SK_NONE ? -1 : 1;

	if (left > 0 && descriptor != NO_DESCRIPTOR)
		left = and_list(rows, type, sk_tuples_at(&rows->descriptors, descriptor),
				questions->descriptor_count, bits);
	for (uint32_t i = 0; left > 0 && i < plan->asked_count; i++) {
		const struct sk_question *question = &questions->items[plan->asked[i]];
		uint32_t signature;

		if ((scopes && sk_question_of_class(question)) ||
		    !any_in_both(bits, plan->asking + (size_t)i * plan->words, plan->words))
			continue;
		if (descriptor != NO_DESCRIPTOR && sk_question_of_descriptor(question) &&
		    sk_tuples_at(&rows->descriptors, descriptor)[question->place] != SK_NONE)
			continue;
		signature = sk_rows_signature(rows, plan->asked[i]);
		left = signature == SK_NONE ? -1 : and_list(rows, type, &signature, 1, bits);
	}
	return left;
}

int sk_rows_and_all(struct sk_rows *rows, uint16_t type, bool scopes)
{
	const struct plan *plan = &rows->plans[type];
	int left;

	all_rules(rows, plan, rows->bits);
	left = and_given(rows, plan, type, rows->bits);
	if (left > 0 && scopes) {
		uint32_t class = sk_rows_class(rows);

		left = class == SK_NONE ? -1 : and_class(rows, plan, type, class, rows->bits);
	}
	return left > 0 ? and_asked(rows, plan, type, scopes, rows->bits) : left;
}
