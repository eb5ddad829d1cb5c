/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From events on edges to what they mean.
 *
 *   node ── answer, n events ──► node
 *
 *     the answer of the first node's question has ruled out, n times, the rules
 *     that are left there and not at the second
 *     its signature was the answer n times
 *   path, node, ticks: those of the rules that waited there
 *
 * A root is reached by the class and the type; a descriptor answers several
 * questions, and what one of them has ruled out none of the next ones does.
 */
#include <errno.h>
#include <string.h>

#include "vm/profiler.h"
#include "vm/rows_private.h"
#include "vm/support/alloc.h"

enum {
	/* Longer ways to the same end are told as one. */
	PATH_NUMBER_LIMIT = 1 << 16,
	/* More rules than this that wait for an answer are told by their number. */
	WAITING_LIMIT = 64,
	/* Roots have no parent: their key has their type in its place. */
	ROOT_KEY = 0xffff0000,
};

/* --- numbers by keys ------------------------------------------------------ */

static uint32_t slot_of(const struct sk_profiler_map *map, uint64_t key)
{
	uint32_t at = (uint32_t)((key + 1) * UINT64_C(0x9e3779b97f4a7c15) >> 32) & map->mask;

	while (map->slots[at].number && map->slots[at].key != key)
		at = (at + 1) & map->mask;
	return at;
}

static bool grow(struct sk_profiler_map *map)
{
	struct sk_profiler_map larger = {.mask = map->slots ? map->mask * 2 + 1 : 255, .count = map->count};

	larger.slots = sk_alloc_zeroed((size_t)larger.mask + 1, sizeof(*larger.slots));
	if (!larger.slots)
		return false;
	for (uint32_t i = 0; map->slots && i <= map->mask; i++) {
		if (map->slots[i].number)
			larger.slots[slot_of(&larger, map->slots[i].key)] = map->slots[i];
	}
	sk_free(map->slots);
	*map = larger;
	return true;
}

/* The key's number, the next one if it is new; SK_NONE without memory. */
static uint32_t number_of(struct sk_profiler_map *map, uint64_t key)
{
	uint32_t at;

	if ((!map->slots || map->count > map->mask / 2) && !grow(map))
		return SK_NONE;
	at = slot_of(map, key);
	if (!map->slots[at].number) {
		map->slots[at].key = key;
		map->slots[at].number = ++map->count;
	}
	return map->slots[at].number - 1;
}

/* --- sets of rules -------------------------------------------------------- */

static bool has(const uint64_t *bits, uint32_t number)
{
	return bits[number / 64] >> (number % 64) & 1;
}

/* The place among the type's predicates of the first that is not below `predicate`. */
static uint32_t place_of(const struct plan *plan, uint32_t predicate)
{
	uint32_t low = 0, high = plan->predicate_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (plan->predicates[middle] < predicate)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Sets the bits of the rules that a predicate of the question stands in. */
static void add_naming(const struct plan *plan, const struct sk_question *question, uint64_t *bits)
{
	for (uint32_t i = place_of(plan, question->first);
	     i < plan->predicate_count && plan->predicates[i] < question->first + question->count; i++) {
		for (uint32_t at = plan->first_rule[i]; at < plan->first_rule[i + 1]; at++)
			bits[plan->predicate_rules[at] / 64] |= UINT64_C(1) << (plan->predicate_rules[at] % 64);
	}
}

/* The rules that are left at a node; of `before`, those behind a sure match count as left. */
static void left_at(const struct sk_rows *rows, const struct node *node, const uint64_t *before, uint64_t *bits)
{
	const struct plan *plan = &rows->plans[node->type];
	uint32_t last = 0;

	if (node->question != SK_NONE)
		memcpy(bits, rows->words + node->first, plan->words * sizeof(*bits));
	else
		memset(bits, 0, plan->words * sizeof(*bits));
	for (uint32_t i = 0; node->question == SK_NONE && i < node->count; i++) {
		uint32_t local =
			sk_profile_position(rows->vm->bundle, node->type, rows->lists[node->first + i] >> 1);

		bits[local / 64] |= UINT64_C(1) << (local % 64);
	}
	if (!node->sure)
		return;
	for (uint32_t i = 0; i < plan->count; i++)
		last = has(bits, i) ? i : last;
	for (uint32_t i = last + 1; i < plan->count; i++) {
		if (has(before, i))
			bits[i / 64] |= UINT64_C(1) << (i % 64);
	}
}

/* --- who ruled out whom --------------------------------------------------- */

/* `dead`: rules that the answer of `number` has ruled out, `times`. */
static void credit(struct sk_profiler *profiler, const struct sk_rows *rows, const struct plan *plan,
		   uint32_t number, const uint64_t *dead, uint64_t times)
{
	const struct sk_question *question = &rows->questions.items[number];

	profiler->profile.questions[number].ruled_out += times * sk_words_count(dead, plan->words);
	for (uint32_t i = place_of(plan, question->first);
	     i < plan->predicate_count && plan->predicates[i] < question->first + question->count; i++) {
		uint64_t count = 0;

		for (uint32_t at = plan->first_rule[i]; at < plan->first_rule[i + 1]; at++)
			count += has(dead, plan->predicate_rules[at]);
		profiler->profile.predicates[plan->predicates[i]].ruled_out += times * count;
	}
}

/* The answer of one of several questions that were answered together: what it rules out of `left`. */
static void credit_row(struct sk_profiler *profiler, struct sk_rows *rows, uint16_t type, uint32_t number,
		       uint32_t signature, uint64_t *left, uint64_t times)
{
	const struct plan *plan = &rows->plans[type];
	const uint64_t *row = sk_rows_find_row(rows, type, signature);
	uint64_t *dead = profiler->naming, any = 0;

	profiler->answers[signature] += times;
	if (!row)
		return;
	for (uint32_t i = 0; i < plan->words; i++) {
		dead[i] = left[i] & ~row[i];
		left[i] &= row[i];
		any |= dead[i];
	}
	if (any)
		credit(profiler, rows, plan, number, dead, times);
}

static void fold_root(struct sk_profiler *profiler, struct sk_rows *rows, uint16_t type, uint32_t number, bool bare,
		      uint64_t times)
{
	const struct plan *plan = &rows->plans[type];
	const uint32_t *class = sk_tuples_at(&rows->classes, number);
	uint64_t *left = profiler->before;

	memset(left, 0, plan->words * sizeof(*left));
	for (uint32_t i = 0; i < plan->count; i++) {
		if (rows->vm->bundle->rules[plan->rules[i]].priority <= rows->vm->options.priority)
			left[i / 64] |= UINT64_C(1) << (i % 64);
	}
	for (uint32_t i = 0; i < plan->given_count; i++) {
		struct sk_profile_question *question = &profiler->profile.questions[plan->given[i]];
		const struct sk_profile_question known = *question;
		const uint32_t signature = sk_rows_given(rows, plan->given[i], type);

		/* To ask on behalf of the profile is no asking. */
		*question = known;
		if (signature != SK_NONE)
			credit_row(profiler, rows, type, plan->given[i], signature, left, times);
	}
	for (uint32_t i = 0; bare && i < plan->bare_count; i++)
		credit_row(profiler, rows, type, plan->bare[i], plan->bare_answers[i], left, times);
	for (uint32_t i = 0; i < plan->class_question_count; i++) {
		const uint32_t question = plan->class_questions[i];

		credit_row(profiler, rows, type, question, class[rows->questions.items[question].place], left,
			   times);
	}
}

static void fold_descriptor(struct sk_profiler *profiler, struct sk_rows *rows, uint16_t type, uint32_t answer,
			    uint64_t times)
{
	const struct sk_questions *questions = &rows->questions;
	struct sk_profile_question *all = &profiler->profile.questions[questions->count];
	uint64_t dead = 0;

	for (uint32_t i = 0; i < rows->plans[type].words; i++)
		dead += (uint64_t)__builtin_popcountll(profiler->before[i] & ~profiler->after[i]);
	all->answered += times;
	all->ruled_out += times * dead;
	if (answer == NO_DESCRIPTOR) {
		all->missing += times;
		return;
	}
	for (uint32_t i = 0; i < questions->descriptor_count; i++) {
		const uint32_t signature = sk_tuples_at(&rows->descriptors, answer)[i];

		if (signature != SK_NONE)
			credit_row(profiler, rows, type, questions->descriptor[i], signature, profiler->before,
				   times);
	}
}

static void fold_edge(struct sk_profiler *profiler, struct sk_rows *rows, const struct child_slot *edge,
		      uint64_t times)
{
	const struct node *node = &rows->nodes[(edge->key - 1) >> 32];
	const struct plan *plan = &rows->plans[node->type];
	const uint32_t answer = (uint32_t)(edge->key - 1);

	profiler->profile.questions[node->question].asked += times;
	memcpy(profiler->before, rows->words + node->first, plan->words * sizeof(*profiler->before));
	left_at(rows, &rows->nodes[edge->child], profiler->before, profiler->after);
	if (sk_rows_asks_descriptor(rows, node->question)) {
		fold_descriptor(profiler, rows, node->type, answer, times);
		return;
	}
	profiler->answers[answer] += times;
	for (uint32_t i = 0; i < plan->words; i++)
		profiler->naming[i] = profiler->before[i] & ~profiler->after[i];
	credit(profiler, rows, plan, node->question, profiler->naming, times);
}

/* --- paths ---------------------------------------------------------------- */

static bool make_room(void **items, uint32_t *capacity, uint32_t count, size_t size)
{
	uint32_t larger = *capacity ? *capacity * 2 : 256;
	void *grown;

	if (count < *capacity)
		return true;
	grown = sk_realloc_array(*items, larger, size);
	if (!grown)
		return false;
	*items = grown;
	*capacity = larger;
	return true;
}

/* The path that `question` continues; SK_NONE without memory. */
static uint32_t path_to(struct sk_profiler *profiler, uint32_t parent, uint16_t type, uint32_t question)
{
	struct sk_profile *profile = &profiler->profile;
	const bool root = parent == SK_NONE;
	const uint64_t key = (uint64_t)(root ? ROOT_KEY | type : parent) << 32 | question;
	uint32_t number;

	if (!root && profile->path_count >= PATH_NUMBER_LIMIT)
		return parent;
	if (!make_room((void **)&profile->paths, &profiler->path_capacity, profile->path_count,
		       sizeof(*profile->paths)))
		return SK_NONE;
	number = number_of(&profiler->path_map, key);
	if (number != SK_NONE && number == profile->path_count)
		profile->paths[profile->path_count++] =
			(struct sk_profile_path){.parent = parent, .question = question, .type = type};
	return number;
}

/* NULL without memory. */
static struct sk_profile_stop *stop_at(struct sk_profiler *profiler, uint32_t path, uint32_t rule)
{
	struct sk_profile *profile = &profiler->profile;
	uint32_t number;

	if (path == SK_NONE || !make_room((void **)&profile->stops, &profiler->stop_capacity, profile->stop_count,
					  sizeof(*profile->stops)))
		return NULL;
	number = number_of(&profiler->stop_map, (uint64_t)path << 32 | rule);
	if (number == SK_NONE)
		return NULL;
	if (number == profile->stop_count)
		profile->stops[profile->stop_count++] = (struct sk_profile_stop){.path = path, .rule = rule};
	return &profile->stops[number];
}

/* NULL without memory. */
static struct sk_profiler_visit *visit_to(struct sk_profiler *profiler, uint32_t path, uint32_t node)
{
	uint32_t number;

	if (!make_room((void **)&profiler->visits, &profiler->visit_capacity, profiler->visit_count,
		       sizeof(*profiler->visits)))
		return NULL;
	number = number_of(&profiler->visit_map, (uint64_t)path << 32 | node);
	if (number == SK_NONE)
		return NULL;
	if (number == profiler->visit_count)
		profiler->visits[profiler->visit_count++] = (struct sk_profiler_visit){.path = path, .node = node};
	return &profiler->visits[number];
}

void sk_profiler_step(struct sk_profiler *profiler, uint16_t type, uint32_t node, uint32_t question, uint64_t ticks)
{
	struct sk_profiler_visit *visit = NULL;
	struct sk_profile_path *path;

	if (profiler->failed)
		return;
	profiler->path = path_to(profiler, profiler->path, type, question);
	if (profiler->path != SK_NONE && question != SK_NONE)
		visit = visit_to(profiler, profiler->path, node);
	if (profiler->path == SK_NONE || (question != SK_NONE && !visit)) {
		profiler->failed = true;
		return;
	}
	path = &profiler->profile.paths[profiler->path];
	path->events += profiler->weight;
	path->ticks += (double)ticks;
	if (!visit)
		return;
	visit->events += profiler->weight;
	visit->ticks += ticks;
}

void sk_profiler_note_run(struct sk_profiler *profiler, uint32_t rule, uint64_t ticks)
{
	struct sk_profile_stop *stop = profiler->failed ? NULL : stop_at(profiler, profiler->path, rule);

	profiler->failed |= !stop;
	if (!stop)
		return;
	stop->run += profiler->weight;
	stop->ticks += (double)ticks;
}

/* Of a list only what is before the first match was looked at, unless all matches are asked for. */
void sk_profiler_survived(struct sk_profiler *profiler, const struct sk_rows *rows, uint32_t matched)
{
	const struct node *last = &rows->nodes[profiler->end];
	uint32_t next = 0;

	for (uint32_t i = 0; i < last->count; i++) {
		const uint32_t rule = rows->lists[last->first + i] >> 1;
		const bool matches = next < matched && rows->vm->matches[next] == rule;
		struct sk_profile_stop *stop;

		profiler->entries[last->first + i].survived++;
		next += matches;
		if (profiler->timed && !profiler->failed) {
			stop = stop_at(profiler, profiler->path, rule);
			profiler->failed |= !stop;
			if (stop) {
				stop->survived += profiler->weight;
				stop->matched += matches ? profiler->weight : 0;
			}
		}
		if (matches && !rows->vm->options.match_all)
			break;
	}
}

/* --- whose time it was ---------------------------------------------------- */

/* Those that wait for the answer, or all that are left if none of them names it any more. */
static void fold_visit(struct sk_profiler *profiler, const struct sk_rows *rows,
		       const struct sk_profiler_visit *visit)
{
	const struct node *node = &rows->nodes[visit->node];
	const double ticks = (double)visit->ticks;
	const struct plan *plan = &rows->plans[node->type];
	const struct sk_questions *questions = &rows->questions;
	const uint64_t *left = rows->words + node->first;
	struct sk_profile_use *uses = profiler->profile.types[node->type].uses;
	uint64_t *waiting = profiler->naming;
	uint32_t count;

	profiler->profile.paths[visit->path].left += visit->events * sk_words_count(left, plan->words);
	if (!visit->ticks)
		return;
	memset(waiting, 0, plan->words * sizeof(*waiting));
	if (!sk_rows_asks_descriptor(rows, node->question))
		add_naming(plan, &questions->items[node->question], waiting);
	for (uint32_t i = 0; sk_rows_asks_descriptor(rows, node->question) && i < questions->descriptor_count; i++)
		add_naming(plan, &questions->items[questions->descriptor[i]], waiting);
	for (uint32_t i = 0; i < plan->words; i++)
		waiting[i] &= left[i];
	count = sk_words_count(waiting, plan->words);
	if (!count) {
		waiting = memcpy(waiting, left, plan->words * sizeof(*waiting));
		count = sk_words_count(waiting, plan->words);
	}
	for (uint32_t word = 0; word < plan->words && uses; word++) {
		for (uint64_t bits = waiting[word]; bits; bits &= bits - 1) {
			const uint32_t local = word * 64 + (uint32_t)__builtin_ctzll(bits);
			struct sk_profile_stop *stop;

			uses[local].shared += ticks / count;
			if (count > WAITING_LIMIT)
				continue;
			stop = stop_at(profiler, visit->path, plan->rules[local]);
			if (stop)
				stop->shared += ticks / count;
			profiler->failed |= !stop;
		}
	}
}

/* --- all of it ------------------------------------------------------------ */

/* The rules that came so far. */
static void fold_list(struct sk_profiler *profiler, const struct sk_rows *rows, const struct node *node)
{
	struct sk_profile_use *uses = profiler->profile.types[node->type].uses;

	for (uint32_t i = 0; i < node->count && uses; i++) {
		const uint32_t entry = rows->lists[node->first + i];
		struct sk_profiler_entry *seen = &profiler->entries[node->first + i];
		struct sk_profile_use *use = &uses[sk_profile_position(rows->vm->bundle, node->type, entry >> 1)];

		use->survived += seen->survived;
		use->run += entry & RESIDUAL ? seen->survived : 0;
		use->ticks += (double)seen->ticks;
		*seen = (struct sk_profiler_entry){0};
	}
}

static void fold_roots(struct sk_profiler *profiler, struct sk_rows *rows)
{
	for (uint16_t type = 0; type < SK_EVENT_COUNT; type++) {
		for (uint32_t class = 0; rows->plans[type].built && class < rows->classes.count; class ++) {
			for (int bare = 0; bare < ROOTS_A_TYPE; bare++) {
				uint64_t *times =
					&profiler->roots[sk_rows_root_place(rows, &rows->plans[type], class, bare)];

				if (*times)
					fold_root(profiler, rows, type, class, bare, *times);
				*times = 0;
			}
		}
	}
}

static void fold_answers(struct sk_profiler *profiler, const struct sk_rows *rows)
{
	for (uint32_t i = 0; i < rows->signatures.count; i++) {
		const struct sk_signature *signature = &rows->signatures.items[i];
		struct sk_profile_question *question = &profiler->profile.questions[signature->question];
		const uint64_t times = profiler->answers[i];

		if (!times)
			continue;
		profiler->answers[i] = 0;
		question->answered += times;
		if (i == sk_signature_missing(signature->question) &&
		    rows->questions.items[signature->question].expression != SK_NONE)
			question->missing += times;
		for (uint32_t at = 0; i >= rows->signatures.reserved && at < signature->count; at++)
			profiler->hits[rows->signatures.holding[signature->first + at]] += times;
	}
	for (uint32_t i = 0; i < rows->vm->bundle->predicates_count; i++) {
		const struct sk_profile_question *question = &profiler->profile.questions[rows->questions.of[i]];

		profiler->profile.predicates[i].held =
			rows->questions.negated[i] ? question->answered - question->missing - profiler->hits[i]
						   : profiler->hits[i];
	}
}

/* Held at once: the most there were. */
static void count_held(struct sk_profiler *profiler, const struct sk_rows *rows)
{
	struct sk_profile_question *questions = profiler->profile.questions;
	uint32_t *counts = profiler->held;

	memset(counts, 0, ((size_t)rows->questions.count + 1) * 2 * sizeof(*counts));
	for (uint32_t i = rows->signatures.reserved; i < rows->signatures.count; i++)
		counts[2 * rows->signatures.items[i].question]++;
	for (uint32_t i = 0; i <= rows->row_mask; i++) {
		if (rows->rows[i].key)
			counts[2 * rows->signatures.items[(rows->rows[i].key - 1) >> 16].question + 1]++;
	}
	counts[2 * rows->questions.count] = rows->descriptors.count;
	for (uint32_t i = 0; i <= rows->questions.count; i++) {
		if (counts[2 * i] > questions[i].signatures)
			questions[i].signatures = counts[2 * i];
		if (counts[2 * i + 1] > questions[i].rows)
			questions[i].rows = counts[2 * i + 1];
	}
}

void sk_profiler_fold(struct sk_profiler *profiler, struct sk_rows *rows)
{
	fold_roots(profiler, rows);
	for (uint32_t i = 0; i <= rows->child_mask; i++) {
		if (profiler->edges[i])
			fold_edge(profiler, rows, &rows->children[i], profiler->edges[i]);
		profiler->edges[i] = 0;
	}
	for (uint32_t i = 0; i < rows->node_count; i++) {
		const struct node *node = &rows->nodes[i];

		if (profiler->stopped[i])
			profiler->profile.questions[node->question].asked += profiler->stopped[i];
		profiler->stopped[i] = 0;
		if (node->question == SK_NONE)
			fold_list(profiler, rows, node);
	}
	for (uint32_t i = 0; i < profiler->visit_count; i++)
		fold_visit(profiler, rows, &profiler->visits[i]);
	profiler->visit_count = profiler->visit_map.count = 0;
	if (profiler->visit_map.slots)
		memset(profiler->visit_map.slots, 0,
		       ((size_t)profiler->visit_map.mask + 1) * sizeof(*profiler->visit_map.slots));
	fold_answers(profiler, rows);
	count_held(profiler, rows);
}

int sk_profiler_prepare_rows(struct sk_profiler *profiler, const struct sk_rows *rows)
{
	uint32_t words = 1;

	for (uint32_t type = 0; type < SK_EVENT_COUNT; type++) {
		if (rows->plans[type].words > words)
			words = rows->plans[type].words;
	}
	profiler->roots =
		sk_alloc_zeroed((size_t)rows->classes.limit * rows->root_count + 1, sizeof(*profiler->roots));
	profiler->edges = sk_alloc_zeroed((size_t)rows->child_mask + 1, sizeof(*profiler->edges));
	profiler->last_edge = sk_alloc_zeroed(rows->node_limit, sizeof(*profiler->last_edge));
	profiler->stopped = sk_alloc_zeroed(rows->node_limit, sizeof(*profiler->stopped));
	profiler->entries = sk_alloc_zeroed(rows->lists_size, sizeof(*profiler->entries));
	profiler->answers = sk_alloc_zeroed(rows->signatures.limit, sizeof(*profiler->answers));
	profiler->held = sk_alloc_zeroed(((size_t)rows->questions.count + 1) * 2, sizeof(*profiler->held));
	profiler->before = sk_alloc_zeroed((size_t)words * 3, sizeof(*profiler->before));
	if (!profiler->roots || !profiler->edges || !profiler->last_edge || !profiler->stopped ||
	    !profiler->entries || !profiler->answers || !profiler->held || !profiler->before)
		return -ENOMEM;
	profiler->after = profiler->before + words;
	profiler->naming = profiler->after + words;
	return 0;
}
