/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers: what the questions of an event come to.
 *
 *   value ─► memo ─► signature                        one question
 *   fd ─► kept on it, or by kind and name ─► descriptor   all questions on fds
 *   thread ─► kept on it ─► class                      all THREAD and LINEAGE questions
 *               └ else put together: its own | its ancestors', kept on the
 *                 thread that created it | its container's, by id
 *
 * What is kept on a thread or an fd holds as long as the host's stamp and the
 * engine's generation are the same.
 */
#include <string.h>

#include "vm/profiler.h"
#include "vm/recheck.h"
#include "vm/rows_private.h"

/* A set of predicates that hold; SK_NONE: there is no room for it. */
static uint32_t intern(struct sk_rows *rows, uint32_t question, const uint32_t *holding, uint32_t count)
{
	uint32_t signature = sk_signatures_intern(&rows->signatures, question, holding, count);

	rows->full |= signature == UINT32_MAX;
	return signature;
}

static uint32_t intern_tuple(struct sk_rows *rows, struct sk_tuples *tuples, const uint32_t *signatures)
{
	uint32_t number = sk_tuples_intern(tuples, signatures);

	rows->full |= number == UINT32_MAX;
	return number;
}

static bool decide_one(void *context, uint32_t predicate, const struct sk_value *value)
{
	return sk_vm_holds_for(context, predicate, value);
}

static uint32_t work_out(struct sk_rows *rows, uint32_t number, const struct sk_value *value)
{
	const uint32_t *hits;
	uint32_t count = sk_index_find(rows->index, number, value, decide_one, rows->vm, &hits);

	if (rows->vm->profiler)
		sk_profiler_worked_out(rows->vm->profiler, number, value, hits, count);
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

uint32_t sk_rows_signature_of_value(struct sk_rows *rows, uint32_t number, const struct sk_value *value)
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

uint32_t sk_rows_signature(struct sk_rows *rows, uint32_t number)
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
	signature = sk_rows_signature_of_value(rows, number, sk_vm_value(rows->vm, question->expression));
	if (SK_RECHECK && signature != SK_NONE)
		sk_recheck_answer(rows->vm, &rows->questions, &rows->signatures, number, signature,
				  "a value's signature");
	return signature;
}

/* Asks for the questions of a slice of `list`, into their places of `signatures`. */
static bool ask(struct sk_rows *rows, const uint32_t *list, struct sk_slice slice, uint32_t *signatures)
{
	struct sk_profiler *profiler = rows->vm->profiler;

	for (uint32_t i = slice.first; i < slice.first + slice.count; i++) {
		uint64_t begun = profiler ? sk_profiler_begin_asking(profiler) : 0;

		signatures[i] = sk_rows_signature(rows, list[i]);
		if (profiler)
			sk_profiler_end_asking(profiler, list[i], begun);
		if (signatures[i] == SK_NONE)
			return false;
	}
	return true;
}

static void recheck_all(struct sk_rows *rows, const uint32_t *questions, const uint32_t *signatures, uint32_t count,
			const char *source)
{
	for (uint32_t i = 0; i < count; i++) {
		if (signatures[i] != SK_NONE)
			sk_recheck_answer(rows->vm, &rows->questions, &rows->signatures, questions[i],
					  signatures[i], source);
	}
}

static inline bool holds_still(const struct sk_rows *rows, const struct sk_vm_anchor *anchor)
{
	return anchor->cache && anchor->cache->generation == rows->generation &&
	       anchor->cache->stamp == anchor->stamp;
}

static inline void keep(const struct sk_rows *rows, const struct sk_vm_anchor *anchor, uint32_t class)
{
	if (anchor->cache && class != SK_NONE)
		*anchor->cache = (struct sk_vm_cache){
			.stamp = anchor->stamp, .generation = rows->generation, .class = class};
}

/* --- fds ----------------------------------------------------------------- */

/*
 * A descriptor answers all questions of its facets for a file, and those of
 * KIND for anything else; the others' signatures are SK_NONE.
 */

/* What the kind of a file decides is asked once. */
static bool ask_kind(struct sk_rows *rows, uint32_t kind, uint32_t *signatures)
{
	const struct sk_slice slice = rows->questions.slices[SK_FACET_KIND];
	uint32_t *known = rows->kinds + (size_t)kind * slice.count;
	const uint64_t bit = UINT64_C(1) << kind;

	if (rows->known_kinds & bit) {
		memcpy(signatures + slice.first, known, slice.count * sizeof(*known));
		return true;
	}
	if (!ask(rows, rows->questions.descriptor, slice, signatures))
		return false;
	memcpy(known, signatures + slice.first, slice.count * sizeof(*known));
	rows->known_kinds |= bit;
	return true;
}

static uint32_t make_descriptor(struct sk_rows *rows, const struct sk_vm_descriptor *fd)
{
	const struct sk_questions *questions = &rows->questions;
	uint32_t *signatures = rows->combined;
	const struct sk_slice names = questions->slices[SK_FACET_NAME];
	bool asked = fd->name ? ask_kind(rows, fd->kind, signatures) &&
					ask(rows, questions->descriptor, names, signatures)
			      : ask(rows, questions->descriptor, questions->slices[SK_FACET_KIND], signatures);

	if (rows->vm->profiler)
		rows->vm->profiler->profile.questions[questions->count].worked_out++;
	if (!asked)
		return SK_NONE;
	/* Names of sockets are long, seldom seen again, and seldom asked for. */
	if (!fd->name)
		memset(signatures + names.first, 0xff, names.count * sizeof(*signatures));
	return intern_tuple(rows, &rows->descriptors, signatures);
}

static uint32_t file_descriptor(struct sk_rows *rows, const struct sk_vm_descriptor *fd)
{
	const uint32_t number = rows->questions.count + fd->kind;
	const struct sk_value name = sk_value_text(fd->name, fd->length);
	struct sk_memo_key key;
	uint32_t descriptor;

	sk_memo_key(number, &name, NULL, 0, &key);
	descriptor = sk_memo_find(&rows->memo, &key);
	if (descriptor != UINT32_MAX)
		return descriptor;
	descriptor = make_descriptor(rows, fd);
	if (descriptor != SK_NONE)
		remember(rows, &key, descriptor);
	return descriptor;
}

uint32_t sk_rows_descriptor(struct sk_rows *rows)
{
	struct sk_vm_descriptor fd = {.name = NULL};
	uint32_t descriptor;

	if (!rows->vm->options.descriptor || !rows->vm->options.descriptor(rows->vm->event, &fd))
		return NO_DESCRIPTOR;
	if (holds_still(rows, &fd.anchor)) {
		descriptor = fd.anchor.cache->class;
	} else {
		descriptor = fd.name ? file_descriptor(rows, &fd) : make_descriptor(rows, &fd);
		keep(rows, &fd.anchor, descriptor);
	}
	if (SK_RECHECK && descriptor != SK_NONE)
		recheck_all(rows, rows->questions.descriptor, sk_tuples_at(&rows->descriptors, descriptor),
			    rows->questions.descriptor_count, "what is known of an fd");
	return descriptor;
}

/* --- threads ------------------------------------------------------------- */

/* Copies what is known as tuple `number` into its place in a class. */
static void put_slice(const struct sk_tuples *tuples, uint32_t number, struct sk_slice slice, uint32_t *signatures)
{
	memcpy(signatures + slice.first, sk_tuples_at(tuples, number), slice.count * sizeof(*signatures));
}

static bool ask_ancestors(struct sk_rows *rows, uint32_t *signatures)
{
	const struct sk_slice slice = rows->questions.slices[SK_FACET_ANCESTORS];
	struct sk_vm_anchor anchor = {.cache = NULL};
	uint32_t number;

	if (slice.count && rows->vm->options.ancestors)
		rows->vm->options.ancestors(rows->vm->event, &anchor);
	if (holds_still(rows, &anchor)) {
		put_slice(&rows->ancestors, anchor.cache->class, slice, signatures);
		return true;
	}
	if (!ask(rows, rows->questions.class, slice, signatures))
		return false;
	if (!anchor.cache)
		return true;
	number = intern_tuple(rows, &rows->ancestors, signatures + slice.first);
	keep(rows, &anchor, number);
	return number != SK_NONE;
}

/* Its stamp and the host's era are part of the key of a container, as another kind of name. */
static bool container_key(struct sk_rows *rows, const struct sk_vm_container *container,
			  struct sk_memo_key *ret_key)
{
	const uint64_t head[] = {rows->era, container->stamp};
	const size_t size = container->length + sizeof(head);
	struct sk_value name = sk_value_text(rows->key_buffer, (uint32_t)size);

	if (size > sizeof(rows->key_buffer))
		return false;
	memcpy(rows->key_buffer, head, sizeof(head));
	memcpy(rows->key_buffer + sizeof(head), container->id, container->length);
	return sk_memo_key(rows->questions.count + SK_VM_DESCRIPTOR_KINDS, &name, NULL, 0, ret_key);
}

/* SK_NONE: not known. */
static uint32_t find_container(struct sk_rows *rows, const struct sk_vm_container *container)
{
	struct sk_memo_key key;

	if (container->length == 0)
		return rows->host_stamp == container->stamp ? rows->host_container : SK_NONE;
	return container_key(rows, container, &key) ? sk_memo_find(&rows->memo, &key) : SK_NONE;
}

static void remember_container(struct sk_rows *rows, const struct sk_vm_container *container, uint32_t number)
{
	struct sk_memo_key key;

	if (container->length == 0) {
		rows->host_stamp = container->stamp;
		rows->host_container = number;
	} else if (container_key(rows, container, &key)) {
		remember(rows, &key, number);
	}
}

static bool ask_container(struct sk_rows *rows, uint32_t *signatures)
{
	const struct sk_slice slice = rows->questions.slices[SK_FACET_CONTAINER];
	struct sk_vm_container container;
	uint32_t number;
	bool known = slice.count && rows->vm->options.container &&
		     rows->vm->options.container(rows->vm->event, &container);

	if (!known)
		return ask(rows, rows->questions.class, slice, signatures);
	number = find_container(rows, &container);
	if (number != SK_NONE) {
		put_slice(&rows->containers, number, slice, signatures);
		return true;
	}
	if (!ask(rows, rows->questions.class, slice, signatures))
		return false;
	number = intern_tuple(rows, &rows->containers, signatures + slice.first);
	if (number != SK_NONE)
		remember_container(rows, &container, number);
	return number != SK_NONE;
}

static uint32_t make_class(struct sk_rows *rows)
{
	const struct sk_questions *questions = &rows->questions;
	uint32_t *signatures = rows->combined, known, class;

	if (!ask_ancestors(rows, signatures) || !ask_container(rows, signatures) ||
	    !ask(rows, questions->class, questions->slices[SK_FACET_THREAD], signatures))
		return SK_NONE;
	if (SK_RECHECK)
		recheck_all(rows, questions->class, signatures, questions->class_count, "what a class is made of");
	known = rows->classes.count;
	class = intern_tuple(rows, &rows->classes, signatures);
	if (class == known)
		memset(rows->roots + (size_t) class * rows->root_count, 0xff,
		       rows->root_count * sizeof(*rows->roots));
	return class;
}

uint32_t sk_rows_class(struct sk_rows *rows)
{
	struct sk_vm_anchor anchor = {.cache = NULL};
	uint32_t class;

	if (rows->vm->options.anchor)
		rows->vm->options.anchor(rows->vm->event, &anchor);
	if (holds_still(rows, &anchor)) {
		rows->class_hits++;
		sk_recheck_values(rows->vm, &rows->questions, anchor.cache);
		if (SK_RECHECK)
			recheck_all(rows, rows->questions.class, sk_tuples_at(&rows->classes, anchor.cache->class),
				    rows->questions.class_count, "the class kept on a thread");
		return anchor.cache->class;
	}
	rows->class_misses++;
	class = make_class(rows);
	if (anchor.cache && class != SK_NONE) {
		keep(rows, &anchor, class);
		sk_recheck_note_values(rows->vm, &rows->questions, anchor.cache);
	}
	return class;
}

uint32_t sk_rows_thread_class(struct sk_rows *rows, uint32_t *ret_generation)
{
	const uint32_t class = sk_rows_class(rows);

	*ret_generation = rows->generation;
	/* It is forgotten with the next event; so is this number. */
	return rows->full ? SK_NONE : class;
}

enum sk_truth sk_rows_class_truth(const struct sk_rows *rows, uint32_t class, uint32_t predicate)
{
	const struct sk_questions *questions = &rows->questions;
	const struct sk_question *question = &questions->items[questions->of[predicate]];
	const uint32_t *signatures = sk_tuples_at(&rows->classes, class);

	if (!sk_question_of_class(question))
		return SK_TRUTH_UNKNOWN;
	return sk_answer_holds(questions, &rows->signatures, signatures[question->place], predicate)
		       ? SK_TRUTH_TRUE
		       : SK_TRUTH_FALSE;
}
