/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/capture/process_class.h"

#include <errno.h>
#include <string.h>

#include "runtime/capture/filter_plan.h"
#include "runtime/fields/fields.h"
#include "vm/asks.h"
#include "vm/support/alloc.h"
#include "vm/words.h"

_Static_assert((int)SK_EVENT_COUNT <= (int)SK_FILTER_EVENTS, "the kernel's table has an entry for every type");

enum {
	KNOWN = 4096,   /* classes of the engine whose class is remembered */
	ANCESTORS = 64, /* more are not followed */
};

/* What became of a class of the engine. */
struct known {
	uint32_t generation, number;
	uint32_t class;
};

struct sk_class_filter {
	const struct sk_bundle *bundle;
	struct sk_prospector *prospector;
	struct sk_process_classes *own, *classes; /* the latter is shared with the kernel, or `own` */
	uint64_t boot_time;
	uint64_t lineage, containers; /* epochs of the state when it was looked at last */
	uint64_t latest;              /* of the times of events, which may come late */
	uint16_t opens;
	bool nothing;
	uint32_t entry_count, class_count;
	uint32_t words;      /* of a set of rules */
	uint64_t *survivors; /* `words` a class; all others than the useful are among them */
	uint64_t *useful;    /* rules without which something could be held back */
	uint64_t *set;       /* scratch */
	bool *unstable;      /* of each predicate: its truth changes without a trace */
	struct known known[KNOWN];
};

static uint64_t *survivors_of(const struct sk_class_filter *filter, uint32_t class)
{
	return filter->survivors + (size_t) class * filter->words;
}

static bool has_rule(const uint64_t *rules, uint32_t rule)
{
	return rules[rule / 64] >> rule % 64 & 1;
}

/* --- the table of a class ------------------------------------------------------ */

/* Whether two classes leave the same rules to a type. */
static bool leave_the_same(const struct sk_class_filter *filter, uint16_t type, uint32_t left, uint32_t right)
{
	const struct sk_bundle_type *rules = &filter->bundle->types[type];
	const uint64_t *of_left = survivors_of(filter, left), *of_right = survivors_of(filter, right);

	for (uint32_t i = 0; i < rules->count; i++) {
		const uint32_t rule = filter->bundle->type_rules[rules->first + i];

		if (has_rule(of_left, rule) != has_rule(of_right, rule))
			return false;
	}
	return true;
}

/* The number of an entry like this one; `otherwise` if there is no room for it. */
static uint16_t intern_entry(struct sk_class_filter *filter, const struct sk_filter_entry *entry,
			     uint16_t otherwise)
{
	for (uint32_t i = 0; i < filter->entry_count; i++) {
		if (memcmp(&filter->classes->entries[i], entry, sizeof(*entry)) == 0)
			return (uint16_t)i;
	}
	if (filter->entry_count == SK_PROCESS_ENTRIES)
		return otherwise;
	filter->classes->entries[filter->entry_count] = *entry;
	return (uint16_t)filter->entry_count++;
}

static void plan_type(struct sk_class_filter *filter, uint32_t class, uint16_t type)
{
	struct sk_process_classes *classes = filter->classes;
	struct sk_filter_entry entry;
	uint32_t first = 0;

	while (!leave_the_same(filter, type, class, first))
		first++;
	classes->paths[class][type] = (uint8_t)first;
	if (first < class) {
		classes->index[class][type] = classes->index[first][type];
		return;
	}
	sk_filter_plan(filter->prospector, type, survivors_of(filter, class), filter->opens, &entry);
	/* That of class 0, which has one, is right for all, and says what the call changes. */
	classes->index[class][type] = intern_entry(filter, &entry, classes->index[0][type]);
}

/* Fills the table of a class whose survivors are known, before any word names it. */
static void plan_class(struct sk_class_filter *filter, uint32_t class)
{
	for (uint32_t type = 0; type < SK_EVENT_COUNT; type++) {
		if (sk_filter_plan_judges((uint16_t)type))
			plan_type(filter, class, (uint16_t)type);
	}
}

/* --- classes ---------------------------------------------------------------------- */

static bool is_subset(const uint64_t *inner, const uint64_t *outer, uint32_t words)
{
	for (uint32_t i = 0; i < words; i++) {
		if (inner[i] & ~outer[i])
			return false;
	}
	return true;
}

/* The class of the rules in `set`, or, if there is no room for it, the one that leaves the fewest more. */
static uint32_t intern_class(struct sk_class_filter *filter)
{
	const size_t size = filter->words * sizeof(*filter->set);
	uint32_t best = 0;

	for (uint32_t i = 0; i < filter->words; i++)
		filter->set[i] |= ~filter->useful[i];
	for (uint32_t class = 0; class < filter->class_count; class ++) {
		const uint64_t *survivors = survivors_of(filter, class);

		if (memcmp(survivors, filter->set, size) == 0)
			return class;
		if (is_subset(filter->set, survivors, filter->words) &&
		    sk_words_count(survivors, filter->words) <
			    sk_words_count(survivors_of(filter, best), filter->words))
			best = class;
	}
	if (filter->class_count == SK_PROCESS_CLASSES)
		return best;
	memcpy(survivors_of(filter, filter->class_count), filter->set, size);
	plan_class(filter, filter->class_count);
	return filter->class_count++;
}

struct looked_at {
	const struct sk_vm *vm;
	const bool *unstable;
	uint32_t class;
};

static enum sk_truth truth_of_class(const void *context, uint32_t predicate)
{
	const struct looked_at *looked_at = context;

	return looked_at->unstable[predicate] ? SK_TRUTH_UNKNOWN
					      : sk_vm_class_truth(looked_at->vm, looked_at->class, predicate);
}

static uint32_t class_of(struct sk_class_filter *filter, struct sk_vm *vm)
{
	uint32_t generation = 0;
	const uint32_t number = sk_vm_class(vm, &generation);
	const struct looked_at looked_at = {vm, filter->unstable, number};
	struct known *known = &filter->known[number % KNOWN];

	if (number == SK_NONE)
		return 0;
	if (known->generation != generation || known->number != number) {
		sk_prospector_survivors(filter->prospector, truth_of_class, &looked_at, filter->set);
		*known = (struct known){generation, number, intern_class(filter)};
	}
	return known->class;
}

/* --- threads ------------------------------------------------------------------------- */

/* Events that are no thread's doing, and may change what threads are. */
static bool is_metadata(uint16_t type)
{
	switch (type) {
	case SK_EVENT_USER_ADDED_E:
	case SK_EVENT_USER_DELETED_E:
	case SK_EVENT_GROUP_ADDED_E:
	case SK_EVENT_GROUP_DELETED_E:
	case SK_EVENT_ASYNCEVENT_E:
	case SK_EVENT_CONTAINER_JSON_E:
	case SK_EVENT_CONTAINER_JSON_2_E:
		return true;
	default:
		return false;
	}
}

/*
 * What the kernel does not see, and what it saw itself: for the latter it is too
 * late, but no harm.
 */
static void notice_changes(struct sk_class_filter *filter, const struct sk_event_view *view)
{
	const uint64_t lineage = sk_state_lineage_epoch(view->state);
	const uint64_t containers = sk_containers_epoch(sk_state_containers(view->state));

	if (lineage == filter->lineage && containers == filter->containers && !is_metadata(view->event.type))
		return;
	filter->lineage = lineage;
	filter->containers = containers;
	if (filter->classes->floor < filter->latest)
		__atomic_store_n(&filter->classes->floor, filter->latest, __ATOMIC_RELEASE);
}

/*
 * Whether each ancestor that is named has its descendant as a child: then nobody
 * can become an ancestor by taking a tid.
 */
static bool has_all_ancestors(const struct sk_thread *thread)
{
	const struct sk_thread *at = sk_thread_main(thread);

	for (int i = 0; i < ANCESTORS && at; i++) {
		if (at->pid == 1 || at->ptid == 0)
			return true;
		if (!at->parent || at->parent->tid != at->ptid)
			return false;
		at = sk_thread_main(at->parent);
	}
	return false;
}

static bool is_of(uint64_t word, uint32_t tid)
{
	return (word & ((1u << SK_PROCESS_TAG_BITS) - 1)) == sk_process_tag(tid);
}

uint32_t sk_class_filter_observe(struct sk_class_filter *filter, struct sk_vm *vm, const struct sk_event_view *view)
{
	const struct sk_event *event = &view->event;
	const uint64_t time = event->ts < filter->boot_time ? 0 : sk_process_time(event->ts - filter->boot_time);
	const uint32_t tid = (uint32_t)event->tid;
	__u64 *place = &filter->classes->words[sk_process_slot(tid)];
	uint32_t class;

	if (filter->nothing)
		return 0;
	if (filter->latest < time)
		filter->latest = time;
	notice_changes(filter, view);
	if (!view->thread || view->container || is_metadata(event->type) || event->type == SK_EVENT_PROCEXIT_1_E ||
	    event->tid <= 0 || event->tid > UINT32_MAX || event->ts < filter->boot_time)
		return 0;
	class = class_of(filter, vm);
	/* If it is said already, its ancestors were looked at, and are the same. */
	if (class && sk_process_class_of(filter->classes, tid) != class && !has_all_ancestors(view->thread))
		class = 0;
	/* A slot that another thread uses is taken only by who has something to say. */
	if (class || is_of(*place, tid))
		__atomic_store_n(place, class ? sk_process_word(tid, class, time) : 0, __ATOMIC_RELEASE);
	return class;
}

/* --- the filter ------------------------------------------------------------------------ */

const uint64_t *sk_class_filter_rules(const struct sk_class_filter *filter, uint32_t class)
{
	return class ? survivors_of(filter, class) : NULL;
}

const struct sk_filter_entry *sk_class_filter_entry(const struct sk_class_filter *filter, uint32_t class,
						    uint16_t type)
{
	return (const struct sk_filter_entry *)sk_process_entry(filter->classes, class, type);
}

uint32_t sk_class_filter_paths(const struct sk_class_filter *filter, uint32_t class, uint16_t type)
{
	return sk_process_paths(filter->classes, class, type);
}

uint32_t sk_class_filter_count(const struct sk_class_filter *filter)
{
	return filter->class_count - 1;
}

void sk_class_filter_share(struct sk_class_filter *filter, struct sk_process_classes *classes, uint64_t boot_time)
{
	memcpy(classes->entries, filter->classes->entries, sizeof(classes->entries));
	memcpy(classes->index, filter->classes->index, sizeof(classes->index));
	memcpy(classes->paths, filter->classes->paths, sizeof(classes->paths));
	filter->classes = classes;
	filter->boot_time = boot_time;
	sk_free(filter->own);
	filter->own = NULL;
}

/* Rules of which something could be held back if they were not: of types of which events are. */
static void find_useful(struct sk_class_filter *filter)
{
	const struct sk_bundle *bundle = filter->bundle;

	for (uint32_t type = 0; type < bundle->types_count; type++) {
		const struct sk_bundle_type *rules = &bundle->types[type];

		if (!sk_filter_plan_judges((uint16_t)type) || sk_state_changes_threads((uint16_t)type))
			continue;
		for (uint32_t i = 0; i < rules->count; i++) {
			const uint32_t rule = bundle->type_rules[rules->first + i];

			filter->useful[rule / 64] |= UINT64_C(1) << rule % 64;
		}
	}
}

int sk_class_filter_create(const struct sk_bundle *bundle, struct sk_prospector *prospector, bool nothing,
			   struct sk_class_filter **ret_filter)
{
	struct sk_class_filter *filter = sk_alloc_zeroed(1, sizeof(*filter));

	if (!filter)
		return -ENOMEM;
	filter->bundle = bundle;
	filter->prospector = prospector;
	filter->nothing = nothing;
	filter->words = bundle->rules_count / 64 + 1;
	filter->own = filter->classes = sk_alloc_zeroed(1, sizeof(*filter->own));
	filter->survivors = sk_alloc_zeroed((size_t)filter->words * SK_PROCESS_CLASSES, sizeof(uint64_t));
	filter->useful = sk_alloc_zeroed(filter->words, sizeof(uint64_t));
	filter->set = sk_alloc_zeroed(filter->words, sizeof(uint64_t));
	filter->unstable = sk_alloc_zeroed((size_t)bundle->predicates_count + 1, sizeof(bool));
	if (!filter->own || !filter->survivors || !filter->useful || !filter->set || !filter->unstable) {
		sk_class_filter_destroy(filter);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < bundle->predicates_count; i++)
		filter->unstable[i] = sk_asks_in_predicate(bundle, i, sk_field_asks_for_leader);
	find_useful(filter);
	/* Entry 0 lets everything pass, class 0 has all the rules. */
	filter->entry_count = filter->class_count = 1;
	if (!nothing) {
		memset(filter->survivors, 0xff, filter->words * sizeof(uint64_t));
		filter->opens = sk_filter_plan_opens(prospector);
		plan_class(filter, 0);
	}
	*ret_filter = filter;
	return 0;
}

void sk_class_filter_destroy(struct sk_class_filter *filter)
{
	if (!filter)
		return;
	sk_free(filter->own);
	sk_free(filter->survivors);
	sk_free(filter->useful);
	sk_free(filter->set);
	sk_free(filter->unstable);
	sk_free(filter);
}
