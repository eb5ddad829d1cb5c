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
 * gets there: the rules left to its parent, ANDed with the row of the signature
 * that was answered, then each survivor evaluated with everything that is known
 * on the way.  If rules stay open, it asks the question that leaves the fewest.
 *
 *   row (signature, type): one bit a rule of the type, in order; 0: false
 *   already, whatever the other questions are answered
 *
 * Invariant: everything remembered follows from the numbers in its key and
 * from the bundle alone, so it never has to be corrected; only the class kept
 * on a thread does, and its stamp tells when.  All tables are bounded: when
 * one is full, the event is evaluated linearly and everything is forgotten.
 */
#define XXH_INLINE_ALL
#include "vm/rows.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "vm/answer.h"
#include "vm/index.h"
#include "vm/memo.h"
#include "vm/question.h"
#include "vm/reach.h"
#include "vm/recheck.h"
#include "vm/signature.h"
#include "vm/support/alloc.h"

enum {
	/* More questions than this on one way: what is left is run. */
	DEPTH_LIMIT = 24,
	/* More survivors than this are not swept one by one at a root: the next rows will thin them out. */
	SWEEP_LIMIT = 256,
	KEY_BUFFER = 4096,
	/*
	 * A node costs about what a few linear evaluations cost.  Events that lead
	 * to new ones without end would be dearer than without rows: once so many
	 * were made, there is a new one for every few events.
	 */
	NODE_BURST = 16384,
	EVENTS_A_NODE = 8,
	/* Predicates of all signatures together, besides room for some that name nearly all. */
	HOLDING_SIZE = 1 << 18,
	FILE_COST = 25,
	RESIDUAL = 1, /* in a decided node's list: the program must be run */
	/* Answers to "which file": a class of files, or that there is none. */
	NO_FILE = UINT32_MAX - 1,
};

struct node {
	uint32_t question; /* SK_NONE: decided; questions.count: which file */
	uint32_t last_signature, last_child;
	uint32_t first, count;      /* decided: of `lists`; else `first` is of `words` */
	uint32_t parent, signature; /* how it was reached; SK_NONE at a root */
	uint32_t class;
	uint16_t type;
	uint8_t depth;
};

/* A question that the type itself answers: evt.type, a parameter it lacks. */
struct given {
	uint32_t question;
	bool names_type; /* the value is the event's name; otherwise it is missing */
};

/* What is worked out once for an event type that has rules. */
struct plan {
	const uint32_t *rules;
	uint32_t count, words;
	uint32_t *questions; /* that its rules depend on, but those of the class */
	uint32_t question_count;
	uint32_t *class_questions;
	uint32_t class_question_count;
	struct given *given;
	uint32_t given_count;
	uint32_t *predicates; /* ascending; of each the rules that it stands in */
	uint32_t *first_rule; /* one more than predicates */
	uint32_t *predicate_rules;
	uint32_t predicate_count;
	uint16_t index; /* among the types that have rules */
	bool built;
};

/* The number that a question was answered with last: flags and booleans repeat. */
struct last {
	uint64_t number;
	uint32_t signature; /* SK_NONE: none yet */
};

struct row_slot {
	uint64_t key; /* signature << 16 | type, plus 1; 0: free */
	uint32_t words;
};

struct child_slot {
	uint64_t key; /* node << 32 | signature, plus 1; 0: free */
	uint32_t child;
};

struct sk_rows {
	struct sk_vm *vm;
	struct sk_questions questions;
	struct sk_index *index;
	struct sk_memo memo;
	struct sk_signatures signatures;
	uint32_t generation; /* of what threads keep; counts flushes */
	bool full;           /* forget everything after this event */
	uint32_t credit;     /* EVENTS_A_NODE buy a node */

	struct plan *plans;  /* one an event type */
	uint16_t type_count; /* types with rules */

	uint32_t *classes; /* signatures, questions.class_count of them a class */
	uint32_t *roots;   /* type_count nodes a class; SK_NONE: not made yet */
	uint32_t *class_slots;
	uint32_t class_mask, class_count, class_limit;

	uint32_t *files; /* signatures, questions.name_count of them a class of files */
	uint32_t *file_slots;
	uint32_t file_mask, file_count, file_limit;

	struct node *nodes;
	uint32_t node_count, node_limit;
	struct child_slot *children;
	uint32_t child_mask;
	struct row_slot *rows;
	uint32_t row_mask, row_count;
	uint64_t *words;
	uint32_t words_used, words_size;
	uint32_t *lists;
	uint32_t lists_used, lists_size;

	struct last *last; /* one a question */

	/* Scratch of one node or class. */
	bool no_file;         /* "which file" was answered: none */
	uint32_t *answered;   /* signature of each question; SK_NONE: open */
	uint32_t *combined;   /* signatures of one class */
	uint32_t *open;       /* questions of open predicates */
	uint32_t *open_stamp; /* one a question */
	uint32_t stamp;
	uint32_t open_count;
	uint64_t *bits;
	uint8_t *reached;
	char key_buffer[KEY_BUFFER];

	uint64_t events, class_hits, class_misses, nodes_made, rows_made, flushes, linear, asked, residuals;
};

/* --- signatures -------------------------------------------------------- */

/* A set of predicates that hold; SK_NONE: there is no room for it. */
static uint32_t intern(struct sk_rows *rows, uint32_t question, const uint32_t *holding, uint32_t count)
{
	uint32_t signature = sk_signatures_intern(&rows->signatures, question, holding, count);

	rows->full |= signature == UINT32_MAX;
	return signature;
}

static bool decide_one(void *context, uint32_t predicate, const struct sk_value *value)
{
	return sk_vm_holds_for(context, predicate, value);
}

static uint32_t work_out(struct sk_rows *rows, uint32_t number, const struct sk_value *value)
{
	const uint32_t *hits;
	uint32_t count = sk_index_find(rows->index, number, value, decide_one, rows->vm, &hits);

	return intern(rows, number, hits, count);
}

/* Values come and go, what they stand for stays: only they are forgotten. */
static void remember(struct sk_rows *rows, const struct sk_memo_key *key, uint32_t stands_for)
{
	if (!sk_memo_fits(&rows->memo, key) || sk_memo_add(&rows->memo, key, stands_for))
		return;
	sk_memo_clear(&rows->memo);
	sk_memo_add(&rows->memo, key, stands_for);
}

static bool is_number(enum sk_type type)
{
	return sk_types[type].class == SK_CLASS_NUMBER || sk_types[type].class == SK_CLASS_BOOL;
}

static uint32_t signature_of_value(struct sk_rows *rows, uint32_t number, const struct sk_value *value)
{
	struct sk_memo_key key;
	uint32_t signature;
	bool memorable, numeric;

	if (value->presence == SK_MISSING_MEMORY)
		return SK_NONE;
	if (value->presence != SK_PRESENT)
		return sk_signature_missing(number);
	numeric = !value->list && is_number(value->type);
	if (numeric && rows->last[number].signature != SK_NONE && rows->last[number].number == value->number)
		return rows->last[number].signature;
	memorable = sk_memo_key(number, value, rows->key_buffer, sizeof(rows->key_buffer), &key);
	if (memorable) {
		signature = sk_memo_find(&rows->memo, &key);
		if (signature != UINT32_MAX) {
			if (numeric)
				rows->last[number] = (struct last){value->number, signature};
			return signature;
		}
	}
	signature = work_out(rows, number, value);
	if (signature != SK_NONE && memorable)
		remember(rows, &key, signature);
	return signature;
}

/* SK_NONE: there is no room, for the value or for what it stands for. */
static uint32_t signature_of(struct sk_rows *rows, uint32_t number)
{
	const struct sk_question *question = &rows->questions.items[number];
	uint32_t signature;

	if (question->expression == SK_NONE) {
		uint32_t predicate = question->first;
		bool holds = sk_vm_predicate(rows->vm, predicate);

		if (rows->vm->short_of_memory)
			return SK_NONE;
		return holds ? intern(rows, number, &predicate, 1) : sk_signature_missing(number);
	}
	signature = signature_of_value(rows, number, sk_vm_value(rows->vm, question->expression));
	if (SK_RECHECK && signature != SK_NONE)
		sk_recheck_answer(rows->vm, &rows->questions, &rows->signatures, number, signature,
				  "a value's signature");
	return signature;
}

static void recheck_all(struct sk_rows *rows, const uint32_t *questions, const uint32_t *signatures, uint32_t count,
			const char *source)
{
	for (uint32_t i = 0; i < count; i++)
		sk_recheck_answer(rows->vm, &rows->questions, &rows->signatures, questions[i], signatures[i],
				  source);
}

/* --- files --------------------------------------------------------------- */

static uint32_t intern_file(struct sk_rows *rows, const uint32_t *signatures)
{
	const uint32_t width = rows->questions.name_count;
	const size_t size = width * sizeof(*signatures);
	uint32_t at = (uint32_t)XXH3_64bits(signatures, size) & rows->file_mask, class;

	for (; rows->file_slots[at]; at = (at + 1) & rows->file_mask) {
		class = rows->file_slots[at] - 1;
		if (memcmp(rows->files + (size_t) class * width, signatures, size) == 0)
			return class;
	}
	if (rows->file_count == rows->file_limit) {
		rows->full = true;
		return SK_NONE;
	}
	class = rows->file_count++;
	memcpy(rows->files + (size_t) class * width, signatures, size);
	rows->file_slots[at] = class + 1;
	return class;
}

/*
 * The class of the event's file: what all questions that its kind and name
 * answer are answered.  NO_FILE: it has none; SK_NONE: there is no room.
 */
static uint32_t file_of(struct sk_rows *rows)
{
	const struct sk_questions *questions = &rows->questions;
	uint32_t *signatures = rows->combined;
	struct sk_vm_file file;
	struct sk_memo_key key;
	struct sk_value name;
	uint32_t class;

	if (!rows->vm->options.file || !rows->vm->options.file(rows->vm->event, &file))
		return NO_FILE;
	name = sk_value_text(file.name, file.length);
	sk_memo_key(questions->count + file.kind, &name, NULL, 0, &key);
	class = sk_memo_find(&rows->memo, &key);
	if (class != UINT32_MAX) {
		if (SK_RECHECK)
			recheck_all(rows, questions->by_name, rows->files + (size_t) class * questions->name_count,
				    questions->name_count, "a file's class");
		return class;
	}
	for (uint32_t i = 0; i < questions->name_count; i++) {
		signatures[i] = signature_of(rows, questions->by_name[i]);
		if (signatures[i] == SK_NONE)
			return SK_NONE;
	}
	/* The value may lie where its key was made: make it again. */
	sk_memo_key(questions->count + file.kind, &name, NULL, 0, &key);
	class = intern_file(rows, signatures);
	if (class != SK_NONE)
		remember(rows, &key, class);
	return class;
}

static bool answers_file(const struct sk_rows *rows, uint32_t question)
{
	return question == rows->questions.count;
}

static uint32_t answer_of(struct sk_rows *rows, uint32_t question)
{
	return answers_file(rows, question) ? file_of(rows) : signature_of(rows, question);
}

/* --- three-valued evaluation ------------------------------------------- */

static enum sk_truth truth_by_answers(const void *context, uint32_t predicate)
{
	const struct sk_rows *rows = context;
	uint32_t signature = rows->answered[rows->questions.of[predicate]];

	if (signature == SK_NONE)
		return SK_TRUTH_UNKNOWN;
	return sk_answer_holds(&rows->questions, &rows->signatures, signature, predicate) ? SK_TRUTH_TRUE
											  : SK_TRUTH_FALSE;
}

static void note_open(void *context, uint32_t predicate)
{
	struct sk_rows *rows = context;
	uint32_t question = rows->questions.of[predicate];

	if (rows->open_stamp[question] == rows->stamp)
		return;
	rows->open_stamp[question] = rows->stamp;
	rows->open[rows->open_count++] = question;
}

static enum sk_reach sweep(struct sk_rows *rows, uint32_t rule, bool note)
{
	const struct sk_bundle_rule *record = &rows->vm->bundle->rules[rule];

	return sk_reach(&rows->vm->bundle->code[record->condition], record->condition_size, truth_by_answers, rows,
			note ? note_open : NULL, rows, rows->reached);
}

/* --- plans ------------------------------------------------------------- */

static int compare_numbers(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return a < b ? -1 : a > b;
}

/* What follows from the type alone, whatever the event (fields.def). */
static bool is_given(const struct sk_bundle *bundle, uint16_t type, uint32_t expression, bool *ret_names_type)
{
	const struct sk_event_info *info = &sk_events[type];
	const struct sk_bundle_field *field;

	if (expression == SK_NONE || bundle->expressions[expression].kind != SK_EXPRESSION_FIELD)
		return false;
	field = &bundle->fields[bundle->expressions[expression].operand];
	*ret_names_type = field->field == SK_FIELD_EVT_TYPE;
	if (field->field == SK_FIELD_EVT_TYPE)
		return type != SK_EVENT_GENERIC_E && type != SK_EVENT_GENERIC_X && type != SK_EVENT_ASYNCEVENT_E;
	if (field->field == SK_FIELD_EVT_ARG && field->kind == SK_ARGUMENT_KIND_TEXT) {
		const char *name = sk_bundle_text(bundle, field->argument, NULL);

		for (unsigned i = 0; i < info->nparams; i++) {
			if (strcmp(info->params[i].name, name) == 0)
				return false;
		}
		return true;
	}
	return false;
}

struct pair {
	uint32_t predicate, rule;
};

static int compare_pairs(const void *left, const void *right)
{
	const struct pair *a = left, *b = right;

	if (a->predicate != b->predicate)
		return a->predicate < b->predicate ? -1 : 1;
	return a->rule < b->rule ? -1 : a->rule > b->rule;
}

/* Every (predicate, rule) of the type, once, in order. */
static struct pair *collect_pairs(const struct sk_bundle *bundle, const struct plan *plan, size_t *ret_count)
{
	size_t size = 0, count = 0, unique = 0;
	struct pair *pairs;

	for (uint32_t i = 0; i < plan->count; i++)
		size += bundle->rules[plan->rules[i]].condition_size;
	pairs = sk_alloc_zeroed(size, sizeof(*pairs));
	if (!pairs)
		return NULL;
	for (uint32_t i = 0; i < plan->count; i++) {
		const struct sk_bundle_rule *rule = &bundle->rules[plan->rules[i]];

		for (uint32_t at = rule->condition; at < rule->condition + rule->condition_size; at++) {
			if (sk_ops[bundle->code[at].op].operand == SK_OP_OPERAND_PREDICATE)
				pairs[count++] = (struct pair){bundle->code[at].operand, i};
		}
	}
	qsort(pairs, count, sizeof(*pairs), compare_pairs);
	for (size_t i = 0; i < count; i++) {
		if (!unique || compare_pairs(&pairs[unique - 1], &pairs[i]) != 0)
			pairs[unique++] = pairs[i];
	}
	*ret_count = unique;
	return pairs;
}

static bool index_predicates(struct plan *plan, const struct pair *pairs, size_t count)
{
	plan->predicates = sk_alloc_zeroed(count, sizeof(*plan->predicates));
	plan->first_rule = sk_alloc_zeroed(count + 1, sizeof(*plan->first_rule));
	plan->predicate_rules = sk_alloc_zeroed(count, sizeof(*plan->predicate_rules));
	if (!plan->predicates || !plan->first_rule || !plan->predicate_rules)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || pairs[i].predicate != pairs[i - 1].predicate) {
			plan->predicates[plan->predicate_count] = pairs[i].predicate;
			plan->first_rule[plan->predicate_count++] = (uint32_t)i;
		}
		plan->predicate_rules[i] = pairs[i].rule;
	}
	plan->first_rule[plan->predicate_count] = (uint32_t)count;
	return true;
}

static void sort_questions(struct sk_rows *rows, struct plan *plan, uint16_t type)
{
	rows->stamp++;
	rows->open_count = 0;
	for (uint32_t i = 0; i < plan->predicate_count; i++)
		note_open(rows, plan->predicates[i]);
	qsort(rows->open, rows->open_count, sizeof(*rows->open), compare_numbers);
	for (uint32_t i = 0; i < rows->open_count; i++) {
		uint32_t number = rows->open[i];
		const struct sk_question *question = &rows->questions.items[number];
		bool names_type;

		if (question->by_thread)
			plan->class_questions[plan->class_question_count++] = number;
		else if (is_given(rows->vm->bundle, type, question->expression, &names_type))
			plan->given[plan->given_count++] = (struct given){number, names_type};
		else
			plan->questions[plan->question_count++] = number;
	}
}

static bool build_plan(struct sk_rows *rows, uint16_t type)
{
	const uint32_t questions = rows->questions.count;
	struct plan *plan = &rows->plans[type];
	struct pair *pairs;
	size_t count;
	bool built;

	pairs = collect_pairs(rows->vm->bundle, plan, &count);
	plan->questions = sk_alloc_zeroed(questions, sizeof(*plan->questions));
	plan->class_questions = sk_alloc_zeroed(questions, sizeof(*plan->class_questions));
	plan->given = sk_alloc_zeroed(questions, sizeof(*plan->given));
	built = pairs && plan->questions && plan->class_questions && plan->given &&
		index_predicates(plan, pairs, count);
	sk_free(pairs);
	if (!built)
		return false;
	sort_questions(rows, plan, type);
	plan->built = true;
	return true;
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

/* Sets or clears the bits of the rules that `predicate` stands in. */
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

		if (sweep(rows, plan->rules[local], false) & SK_REACH_MATCH)
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
	uint32_t *answers = rows->answered, *alone = rows->answered + rows->questions.count;

	alone[record->question] = signature;
	rows->answered = alone;
	for (uint32_t i = 0; i < count; i++)
		sweep_rules_of(rows, plan, changed ? changed[i] : question->first + i, bits);
	rows->answered = answers;
	alone[record->question] = SK_NONE;
	rows->rows_made++;
	return true;
}

static const uint64_t *row_of(struct sk_rows *rows, uint16_t type, uint32_t signature)
{
	const uint64_t key = ((uint64_t)signature << 16 | type) + 1;
	uint32_t at = (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & rows->row_mask, words;
	uint64_t *bits;

	for (; rows->rows[at].key; at = (at + 1) & rows->row_mask) {
		if (rows->rows[at].key == key)
			return rows->words + rows->rows[at].words;
	}
	if (rows->row_count > rows->row_mask / 2) {
		rows->full = true;
		return NULL;
	}
	bits = take_words(rows, rows->plans[type].words, &words);
	if (!bits || !fill_row(rows, type, signature, bits))
		return NULL;
	/* Filling it may have added the row that it is made from. */
	at = (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & rows->row_mask;
	while (rows->rows[at].key)
		at = (at + 1) & rows->row_mask;
	rows->rows[at] = (struct row_slot){key, words};
	rows->row_count++;
	return bits;
}

static bool and_row(struct sk_rows *rows, uint16_t type, uint32_t signature, uint64_t *bits)
{
	const uint64_t *row = row_of(rows, type, signature);

	if (!row)
		return false;
	for (uint32_t i = 0; i < rows->plans[type].words; i++)
		bits[i] &= row[i];
	return true;
}

static uint32_t count_bits(const uint64_t *bits, uint32_t words)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < words; i++)
		count += (uint32_t)__builtin_popcountll(bits[i]);
	return count;
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

static uint32_t count_killed(const uint64_t *bits, const uint64_t *row, uint32_t words)
{
	uint32_t killed = 0;

	for (uint32_t i = 0; i < words; i++)
		killed += (uint32_t)__builtin_popcountll(bits[i] & ~row[i]);
	return killed;
}

static uint32_t count_killed_by_file(struct sk_rows *rows, const struct plan *plan, uint16_t type,
				     const uint64_t *bits)
{
	const uint32_t width = rows->questions.name_count, class = file_of(rows);
	uint32_t killed = 0;

	for (uint32_t word = 0; word < plan->words && class != SK_NONE; word++) {
		uint64_t left = bits[word];

		for (uint32_t i = 0; i < width && left; i++) {
			uint32_t signature = class == NO_FILE ? sk_signature_none(rows->questions.by_name[i])
							      : rows->files[(size_t) class * width + i];
			const uint64_t *row = row_of(rows, type, signature);

			if (!row)
				return 0;
			left &= row[word];
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
	uint32_t best = SK_NONE, alive = count_bits(bits, plan->words);
	double best_score = 0;
	bool ask_file = false;

	/* One answer about the file is worth all of its questions. */
	for (uint32_t i = 0; i < count && !rows->no_file; i++)
		ask_file |=
			rows->questions.items[candidates[i]].by_file && rows->answered[candidates[i]] == SK_NONE;
	ask_file = ask_file && rows->vm->options.file;
	for (uint32_t i = 0; i < count; i++) {
		const struct sk_question *question = &rows->questions.items[candidates[i]];
		const uint64_t *row, *none;
		uint32_t signature, killed;
		double score;

		if (question->by_file && ask_file)
			continue;
		if (question->expression == SK_NONE || rows->answered[candidates[i]] != SK_NONE)
			continue;
		signature = signature_of(rows, candidates[i]);
		row = signature == SK_NONE ? NULL : row_of(rows, type, signature);
		none = row ? row_of(rows, type, sk_signature_none(candidates[i])) : NULL;
		if (!none)
			return SK_NONE;
		killed = count_killed(bits, row, plan->words);
		/* All of them at once is worth more than the sum. */
		score = killed + (killed == alive ? alive : 0) + count_killed(bits, none, plan->words) * 0.25 +
			0.01;
		score /= question->cost + 10;
		if (score > best_score) {
			best_score = score;
			best = candidates[i];
		}
	}
	if (ask_file) {
		uint32_t killed = count_killed_by_file(rows, plan, type, bits);

		if (rows->full)
			return SK_NONE;
		if ((killed + 0.02) / (FILE_COST + 10) > best_score)
			best = rows->questions.count;
	}
	return best;
}

/* Completes a node whose rules left are `bits`, with `answered` filled in. */
static bool finish(struct sk_rows *rows, struct node *node, uint64_t *bits)
{
	const struct plan *plan = &rows->plans[node->type];
	uint64_t *open = rows->bits + plan->words;
	const uint32_t *candidates = plan->questions;
	uint32_t candidate_count = plan->question_count, at;
	bool any_open = false;

	memset(open, 0, plan->words * sizeof(*open));
	if (node->depth > 0 || count_bits(bits, plan->words) <= SWEEP_LIMIT) {
		rows->stamp++;
		rows->open_count = 0;
		for (uint32_t word = 0; word < plan->words; word++) {
			for (uint64_t left = bits[word]; left; left &= left - 1) {
				uint32_t local = word * 64 + (uint32_t)__builtin_ctzll(left);
				enum sk_reach reach = sweep(rows, plan->rules[local], true);

				if (!(reach & SK_REACH_MATCH))
					bits[word] &= ~(UINT64_C(1) << (local % 64));
				else if (reach == SK_REACH_OPEN)
					open[word] |= UINT64_C(1) << (local % 64);
			}
			any_open |= open[word] != 0;
		}
		candidates = rows->open;
		candidate_count = rows->open_count;
	} else {
		memcpy(open, bits, plan->words * sizeof(*open));
		any_open = true;
	}
	if (!any_open || node->depth >= DEPTH_LIMIT)
		return decide(rows, node, bits, open);
	/* The list is scratch, and answering may need it again. */
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

static void answer_class(struct sk_rows *rows, uint32_t class, const struct plan *plan, uint16_t type)
{
	const uint32_t *signatures = rows->classes + (size_t) class * rows->questions.class_count;

	for (uint32_t i = 0; i < plan->class_question_count; i++) {
		uint32_t question = plan->class_questions[i];

		rows->answered[question] = signatures[rows->questions.items[question].class_index];
	}
	for (uint32_t i = 0; i < plan->given_count; i++) {
		const struct given *given = &plan->given[i];
		struct sk_value name = sk_value_text(sk_events[type].name, (uint32_t)strlen(sk_events[type].name));

		rows->answered[given->question] = given->names_type
							  ? signature_of_value(rows, given->question, &name)
							  : sk_signature_missing(given->question);
	}
}

static void forget_answers(struct sk_rows *rows, const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->class_question_count; i++)
		rows->answered[plan->class_questions[i]] = SK_NONE;
	for (uint32_t i = 0; i < plan->given_count; i++)
		rows->answered[plan->given[i].question] = SK_NONE;
	for (uint32_t i = 0; i < plan->question_count; i++)
		rows->answered[plan->questions[i]] = SK_NONE;
	for (uint32_t i = 0; i < rows->questions.name_count; i++)
		rows->answered[rows->questions.by_name[i]] = SK_NONE;
	rows->no_file = false;
}

static void answer(struct sk_rows *rows, uint32_t question, uint32_t with)
{
	const uint32_t width = rows->questions.name_count;

	if (!answers_file(rows, question))
		rows->answered[question] = with;
	else if (with == NO_FILE)
		rows->no_file = true;
	else
		for (uint32_t i = 0; i < width; i++)
			rows->answered[rows->questions.by_name[i]] = rows->files[(size_t)with * width + i];
}

static bool and_answer(struct sk_rows *rows, uint16_t type, uint32_t question, uint32_t with, uint64_t *bits)
{
	const uint32_t width = rows->questions.name_count;

	if (!answers_file(rows, question))
		return and_row(rows, type, with, bits);
	for (uint32_t i = 0; i < width && with != NO_FILE; i++) {
		if (!and_row(rows, type, rows->files[(size_t)with * width + i], bits))
			return false;
	}
	return true;
}

/* True if a new node may be made. */
static bool afford_node(struct sk_rows *rows)
{
	if (rows->credit < EVENTS_A_NODE)
		return false;
	rows->credit -= EVENTS_A_NODE;
	return true;
}

static uint32_t make_root(struct sk_rows *rows, uint16_t type, uint32_t class)
{
	const struct plan *plan = &rows->plans[type];
	struct node node = {
		.last_signature = SK_NONE,
		.parent = SK_NONE,
		.signature = SK_NONE,
		.class = class,
		.type = type,
	};
	uint64_t *bits = rows->bits;
	bool made = true;

	memset(bits, 0, plan->words * sizeof(*bits));
	for (uint32_t i = 0; i < plan->count; i++) {
		if (rows->vm->bundle->rules[plan->rules[i]].priority <= rows->vm->options.priority)
			bits[i / 64] |= UINT64_C(1) << (i % 64);
	}
	answer_class(rows, class, plan, type);
	for (uint32_t i = 0; made && i < plan->class_question_count; i++)
		made = and_row(rows, type, rows->answered[plan->class_questions[i]], bits);
	for (uint32_t i = 0; made && i < plan->given_count; i++) {
		uint32_t signature = rows->answered[plan->given[i].question];

		made = signature != SK_NONE && and_row(rows, type, signature, bits);
	}
	made = made && finish(rows, &node, bits);
	forget_answers(rows, plan);
	return made ? add_node(rows, &node) : SK_NONE;
}

static uint32_t make_child(struct sk_rows *rows, uint32_t parent, uint32_t signature)
{
	const struct node above = rows->nodes[parent];
	const struct plan *plan = &rows->plans[above.type];
	struct node node = {
		.last_signature = SK_NONE,
		.parent = parent,
		.signature = signature,
		.class = above.class,
		.type = above.type,
		.depth = (uint8_t)(above.depth + 1),
	};
	uint64_t *bits = rows->bits;
	bool made;

	memcpy(bits, rows->words + above.first, plan->words * sizeof(*bits));
	answer_class(rows, above.class, plan, above.type);
	answer(rows, above.question, signature);
	for (const struct node *at = &above; at->parent != SK_NONE;) {
		uint32_t with = at->signature;

		at = &rows->nodes[at->parent];
		answer(rows, at->question, with);
	}
	made = and_answer(rows, above.type, above.question, signature, bits) && finish(rows, &node, bits);
	forget_answers(rows, plan);
	return made ? add_node(rows, &node) : SK_NONE;
}

static uint32_t child_of(struct sk_rows *rows, uint32_t parent, uint32_t signature)
{
	struct node *node = &rows->nodes[parent];
	const uint64_t key = ((uint64_t)parent << 32 | signature) + 1;
	uint32_t at, child;

	if (node->last_signature == signature)
		return node->last_child;
	at = (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & rows->child_mask;
	for (; rows->children[at].key; at = (at + 1) & rows->child_mask) {
		if (rows->children[at].key == key) {
			node->last_signature = signature;
			return node->last_child = rows->children[at].child;
		}
	}
	child = afford_node(rows) ? make_child(rows, parent, signature) : SK_NONE;
	if (child == SK_NONE)
		return SK_NONE;
	rows->children[at] = (struct child_slot){key, child};
	node->last_signature = signature;
	return node->last_child = child;
}

/* --- classes ----------------------------------------------------------- */

static uint32_t intern_class(struct sk_rows *rows, const uint32_t *signatures)
{
	const uint32_t width = rows->questions.class_count;
	const size_t size = width * sizeof(*signatures);
	uint32_t at = (uint32_t)XXH3_64bits(signatures, size) & rows->class_mask, class;

	for (; rows->class_slots[at]; at = (at + 1) & rows->class_mask) {
		class = rows->class_slots[at] - 1;
		if (memcmp(rows->classes + (size_t) class * width, signatures, size) == 0)
			return class;
	}
	if (rows->class_count == rows->class_limit) {
		rows->full = true;
		return SK_NONE;
	}
	class = rows->class_count++;
	if (size)
		memcpy(rows->classes + (size_t) class * width, signatures, size);
	memset(rows->roots + (size_t) class * rows->type_count, 0xff, rows->type_count * sizeof(*rows->roots));
	rows->class_slots[at] = class + 1;
	return class;
}

static uint32_t class_of_event(struct sk_rows *rows)
{
	const struct sk_questions *questions = &rows->questions;
	/* Behind the room that working out one value needs. */
	uint32_t *signatures = rows->combined;

	for (uint32_t i = 0; i < questions->class_count; i++) {
		signatures[i] = signature_of(rows, questions->by_class[i]);
		if (signatures[i] == SK_NONE)
			return SK_NONE;
	}
	return intern_class(rows, signatures);
}

static uint32_t class_of_thread(struct sk_rows *rows)
{
	struct sk_vm_anchor anchor = {.cache = NULL};
	uint32_t class;

	if (rows->vm->options.anchor)
		rows->vm->options.anchor(rows->vm->event, &anchor);
	if (anchor.cache && anchor.cache->generation == rows->generation && anchor.cache->stamp == anchor.stamp) {
		rows->class_hits++;
		sk_recheck_values(rows->vm, &rows->questions, anchor.cache);
		if (SK_RECHECK)
			recheck_all(rows, rows->questions.by_class,
				    rows->classes + (size_t)anchor.cache->class * rows->questions.class_count,
				    rows->questions.class_count, "the class kept on a thread");
		return anchor.cache->class;
	}
	rows->class_misses++;
	class = class_of_event(rows);
	if (anchor.cache && class != SK_NONE) {
		*anchor.cache =
			(struct sk_vm_cache){.stamp = anchor.stamp, .generation = rows->generation, .class = class};
		sk_recheck_note_values(rows->vm, &rows->questions, anchor.cache);
	}
	return class;
}

/* --- evaluating -------------------------------------------------------- */

static uint32_t report(struct sk_rows *rows, const struct node *node)
{
	struct sk_vm *vm = rows->vm;
	uint32_t matched = 0;

	for (uint32_t i = 0; i < node->count; i++) {
		uint32_t entry = rows->lists[node->first + i], rule = entry >> 1;

		if (entry & RESIDUAL) {
			rows->residuals++;
			if (!sk_vm_condition_holds(vm, &vm->bundle->code[vm->bundle->rules[rule].condition]))
				continue;
		}
		vm->matches[matched++] = rule;
		if (!vm->options.match_all)
			break;
	}
	return matched;
}

static uint32_t walk(struct sk_rows *rows, uint16_t type)
{
	struct plan *plan = &rows->plans[type];
	uint32_t class, number, *root;

	if (!plan->built && !build_plan(rows, type))
		return UINT32_MAX;
	class = class_of_thread(rows);
	if (class == SK_NONE)
		return UINT32_MAX;
	root = &rows->roots[(size_t) class * rows->type_count + plan->index];
	if (*root == SK_NONE && afford_node(rows))
		*root = make_root(rows, type, class);
	for (number = *root; number != SK_NONE;) {
		const struct node *node = &rows->nodes[number];
		uint32_t signature;

		if (node->question == SK_NONE)
			return report(rows, node);
		rows->asked++;
		signature = answer_of(rows, node->question);
		number = signature == SK_NONE ? SK_NONE : child_of(rows, number, signature);
	}
	return UINT32_MAX;
}

uint32_t sk_rows_evaluate(struct sk_rows *rows, uint16_t type)
{
	uint32_t matched;

	if (rows->plans[type].count == 0)
		return 0;
	rows->events++;
	rows->credit += rows->credit < NODE_BURST * EVENTS_A_NODE;
	matched = walk(rows, type);
	if (matched == UINT32_MAX)
		rows->linear++;
	else if (SK_RECHECK)
		sk_recheck_matches(rows->vm, type, rows->vm->matches, matched);
	if (rows->full)
		sk_rows_flush(rows);
	return matched;
}

void sk_rows_flush(struct sk_rows *rows)
{
	sk_memo_clear(&rows->memo);
	sk_signatures_clear(&rows->signatures);
	memset(rows->last, 0xff, rows->questions.count * sizeof(*rows->last));
	memset(rows->class_slots, 0, ((size_t)rows->class_mask + 1) * sizeof(*rows->class_slots));
	memset(rows->children, 0, ((size_t)rows->child_mask + 1) * sizeof(*rows->children));
	memset(rows->rows, 0, ((size_t)rows->row_mask + 1) * sizeof(*rows->rows));
	memset(rows->file_slots, 0, ((size_t)rows->file_mask + 1) * sizeof(*rows->file_slots));
	rows->class_count = 0;
	rows->file_count = 0;
	rows->node_count = 0;
	rows->row_count = 0;
	rows->words_used = 0;
	rows->lists_used = 0;
	rows->generation++;
	rows->flushes++;
	rows->full = false;
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
	*ret_program = 1;
	for (uint32_t i = 0; i < bundle->rules_count; i++) {
		if (bundle->rules[i].condition_size > *ret_program)
			*ret_program = bundle->rules[i].condition_size;
	}
	return words;
}

static int allocate(struct sk_rows *rows)
{
	const struct sk_vm_limits *limits = &rows->vm->options.limits;
	const uint32_t questions = rows->questions.count, width = rows->questions.class_count;
	uint32_t program, words;

	rows->plans = sk_alloc_zeroed(SK_EVENT_COUNT, sizeof(*rows->plans));
	if (!rows->plans)
		return -ENOMEM;
	words = prepare_types(rows, &program);
	rows->class_limit = limits->classes ? limits->classes : 2048;
	rows->node_limit = limits->nodes ? limits->nodes : 16384;
	rows->class_mask = power_of_two(rows->class_limit * 2) - 1;
	rows->file_limit = rows->class_limit;
	rows->file_mask = rows->class_mask;
	rows->child_mask = power_of_two(rows->node_limit * 2) - 1;
	rows->row_mask = power_of_two(rows->node_limit * 2) - 1;
	/* Rows and undecided nodes: a few thousand wide ones, or many narrow ones. */
	rows->words_size = words * 4096 > 65536 ? words * 4096 : 65536;
	rows->lists_size = rows->node_limit * 4;
	rows->classes = sk_alloc_zeroed((size_t)rows->class_limit * width, sizeof(*rows->classes));
	rows->roots = sk_alloc_zeroed((size_t)rows->class_limit * rows->type_count, sizeof(*rows->roots));
	rows->class_slots = sk_alloc_zeroed((size_t)rows->class_mask + 1, sizeof(*rows->class_slots));
	rows->files = sk_alloc_zeroed((size_t)rows->file_limit * rows->questions.name_count, sizeof(*rows->files));
	rows->file_slots = sk_alloc_zeroed((size_t)rows->file_mask + 1, sizeof(*rows->file_slots));
	rows->nodes = sk_alloc_zeroed(rows->node_limit, sizeof(*rows->nodes));
	rows->children = sk_alloc_zeroed((size_t)rows->child_mask + 1, sizeof(*rows->children));
	rows->rows = sk_alloc_zeroed((size_t)rows->row_mask + 1, sizeof(*rows->rows));
	rows->words = sk_alloc_zeroed(rows->words_size, sizeof(*rows->words));
	rows->lists = sk_alloc_zeroed(rows->lists_size, sizeof(*rows->lists));
	rows->answered = sk_alloc_zeroed((size_t)questions * 2, sizeof(*rows->answered));
	rows->combined = sk_alloc_zeroed(questions, sizeof(*rows->combined));
	rows->open = sk_alloc_zeroed(questions, sizeof(*rows->open));
	rows->open_stamp = sk_alloc_zeroed(questions, sizeof(*rows->open_stamp));
	rows->last = sk_alloc_zeroed(questions, sizeof(*rows->last));
	rows->bits = sk_alloc_zeroed((size_t)words * 2, sizeof(*rows->bits));
	rows->reached = sk_alloc_zeroed((size_t)program + 1, 1);
	if (!rows->files || !rows->file_slots || !rows->classes || !rows->roots || !rows->class_slots ||
	    !rows->nodes || !rows->children || !rows->rows || !rows->words || !rows->lists || !rows->answered ||
	    !rows->combined || !rows->open || !rows->open_stamp || !rows->bits || !rows->reached)
		return -ENOMEM;
	memset(rows->answered, 0xff, (size_t)questions * 2 * sizeof(*rows->answered));
	memset(rows->last, 0xff, questions * sizeof(*rows->last));
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
	for (uint32_t type = 0; rows->plans && type < SK_EVENT_COUNT; type++) {
		struct plan *plan = &rows->plans[type];

		sk_free(plan->questions);
		sk_free(plan->class_questions);
		sk_free(plan->given);
		sk_free(plan->predicates);
		sk_free(plan->first_rule);
		sk_free(plan->predicate_rules);
	}
	sk_questions_release(&rows->questions);
	sk_memo_release(&rows->memo);
	sk_signatures_release(&rows->signatures);
	sk_free(rows->plans);
	sk_free(rows->classes);
	sk_free(rows->roots);
	sk_free(rows->class_slots);
	sk_free(rows->files);
	sk_free(rows->file_slots);
	sk_free(rows->nodes);
	sk_free(rows->children);
	sk_free(rows->rows);
	sk_free(rows->words);
	sk_free(rows->lists);
	sk_free(rows->answered);
	sk_free(rows->combined);
	sk_index_destroy(rows->index);
	sk_free(rows->open);
	sk_free(rows->open_stamp);
	sk_free(rows->last);
	sk_free(rows->bits);
	sk_free(rows->reached);
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
		.classes = rows->class_count,
		.files = rows->file_count,
		.nodes = rows->node_count,
		.nodes_made = rows->nodes_made,
		.rows = rows->row_count,
		.flushes = rows->flushes,
	};
}
