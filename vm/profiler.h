/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collects a profile (profile.h) while an engine evaluates.  Private to vm/.
 *
 *   event ─► its type, the rules where it ended ─────────────── fold ──► profile
 *   timed event ─► root, edges between nodes ──────────────────┤
 *               └► path ─► visits (path, node), with ticks ────┘
 *                (since the last flush)                       (since it began)
 *
 * An event that is timed counts on each edge of the graph that it takes, for
 * as many as it stands for.  What that means for rules, questions and predicates follows from the
 * nodes at both ends, and is worked out when somebody asks, or when the nodes
 * are about to be forgotten (profile_fold.c).
 *
 * An engine without a profiler has `profiler` NULL and looks at that once an
 * event.  The functions below are called by evaluation that was compiled for
 * having one.
 */
#ifndef SK_PROFILER_H
#define SK_PROFILER_H

#include "vm/engine.h"
#include "vm/profile.h"
#include "vm/support/ticks.h"

enum { SK_PROFILER_FIRST_EVENTS = 16 };

/* One an entry of the lists of decided nodes. */
struct sk_profiler_entry {
	uint64_t survived, ticks;
};

/* Events on a path that asked at a node. */
struct sk_profiler_visit {
	uint32_t path, node;
	uint64_t events, ticks;
};

/* Numbers by keys. */
struct sk_profiler_slot {
	uint64_t key;
	uint32_t number; /* plus 1; 0: free */
};

struct sk_profiler_map {
	struct sk_profiler_slot *slots;
	uint32_t mask, count;
};

struct sk_profiler {
	struct sk_profile profile;
	struct sk_vm *vm;
	bool failed; /* no memory: the profile is not complete */

	/* Which events are timed: by lot, one in `every`, which stands for so many. */
	uint32_t every, countdown, weight;
	uint64_t random;
	uint64_t look;  /* what one look at the counter costs */
	uint64_t limit; /* more than this between two looks: something else ran */
	uint64_t ticks_begun;
	int64_t clock_begun;

	/* The current event. */
	bool timed;
	uint64_t last;
	uint64_t parts[SK_PROFILE_PART_COUNT];
	uint32_t end;  /* the last node; SK_NONE: not even a root */
	uint32_t path; /* if it is timed */

	/* Since the last flush. */
	uint64_t *roots;     /* as rows->roots */
	uint64_t *edges;     /* as rows->children */
	uint32_t *last_edge; /* one a node: to last_child */
	uint64_t *stopped;   /* one a node: went no further, there was no room */
	struct sk_profiler_entry *entries;
	struct sk_profiler_visit *visits;
	uint32_t visit_count, visit_capacity;
	struct sk_profiler_map visit_map;

	/* Of folding. */
	uint64_t *hits;                    /* one a predicate: events whose answer has it among what holds */
	uint64_t *answers;                 /* one a signature */
	uint32_t *path_of;                 /* one a node */
	uint32_t *held;                    /* two a question: signatures and rows */
	uint64_t *before, *after, *naming; /* rules of one type */
	struct sk_profiler_map path_map, stop_map;
	uint32_t path_capacity, stop_capacity;
};

/* `every`: one event in so many is timed; at least 1.  0 or -ENOMEM. */
int sk_profiler_create(struct sk_vm *vm, uint32_t every, struct sk_profiler **ret_profiler);
void sk_profiler_destroy(struct sk_profiler *profiler);

/* An event that is timed begins, and ends. */
void sk_profiler_begin(struct sk_profiler *profiler);
void sk_profiler_end(struct sk_profiler *profiler, uint16_t type);

/* Makes room for what is counted of the type; without memory for it the profile fails, no evaluation does. */
void sk_profiler_prepare_type(struct sk_profiler *profiler, uint16_t type);

/*
 * One more event of the type; true if it is to be timed.  The first ones cost
 * what no other does, and are timed for themselves: one of them that stood for
 * many would say too much.
 */
static inline bool sk_profiler_draw(struct sk_profiler *profiler, struct sk_profile_type *type)
{
	if (__builtin_expect(type->events++ < SK_PROFILER_FIRST_EVENTS || profiler->every == 1, 0)) {
		profiler->weight = 1;
		return true;
	}
	return --profiler->countdown == 0;
}

/* Evaluates rule after rule; returns how many match. */
uint32_t sk_profiler_linear(struct sk_profiler *profiler, uint16_t type);

/* Everything up to now, as a profile.  0 or -ENOMEM. */
int sk_profiler_read(struct sk_profiler *profiler, const struct sk_profile **ret_profile);

/*
 * profile_fold.c: the event ended at a node with rules, `matched` of which
 * matched; what a profiler of the rows engine has besides; what was counted since the
 * last time becomes part of the profile.
 */
void sk_profiler_survived(struct sk_profiler *profiler, const struct sk_rows *rows, uint32_t matched);
int sk_profiler_prepare_rows(struct sk_profiler *profiler, const struct sk_rows *rows);
void sk_profiler_fold(struct sk_profiler *profiler, struct sk_rows *rows);

/* A value was not remembered; these predicates hit (index.h). */
void sk_profiler_worked_out(struct sk_profiler *profiler, uint32_t question, const struct sk_value *value,
			    const uint32_t *hits, uint32_t count);

/* A timed event on `profiler->path` is asked `question` at a node, or ends there (SK_NONE); it took `ticks`. */
void sk_profiler_step(struct sk_profiler *profiler, uint16_t type, uint32_t node, uint32_t question,
		      uint64_t ticks);

/* The program of a rule was run at the end of `profiler->path`. */
void sk_profiler_note_run(struct sk_profiler *profiler, uint32_t rule, uint64_t ticks);

/*
 * Ticks since the last look, times what the event stands for.  What took longer than
 * anything but `part` NODE may take is left out.
 */
static inline uint64_t sk_profiler_lap(struct sk_profiler *profiler, enum sk_profile_part part)
{
	uint64_t now, took;

	if (!profiler->timed)
		return 0;
	now = sk_ticks();
	took = now - profiler->last;
	profiler->last = now;
	took = took > profiler->look ? took - profiler->look : 0;
	if (took > profiler->limit && part != SK_PROFILE_PART_NODE) {
		profiler->profile.disturbed++;
		return 0;
	}
	took *= profiler->weight;
	profiler->parts[part] += took;
	return took;
}

/*
 * Asking one of several questions that are answered together: its ticks are
 * told with it, and are part of what all of them took.
 */
static inline uint64_t sk_profiler_begin_asking(const struct sk_profiler *profiler)
{
	return profiler->timed ? sk_ticks() : 0;
}

static inline void sk_profiler_end_asking(struct sk_profiler *profiler, uint32_t question, uint64_t begun)
{
	struct sk_profile_question *record = &profiler->profile.questions[question];
	uint64_t took;

	record->asked++;
	if (!profiler->timed)
		return;
	took = sk_ticks() - begun;
	took = took > profiler->look ? took - profiler->look : 0;
	record->ticks += took > profiler->limit ? 0 : (double)(took * profiler->weight);
	profiler->last += 2 * profiler->look;
}

/* The value of a question was needed. */
static inline void sk_profiler_asked(struct sk_profiler *profiler, uint32_t question)
{
	profiler->profile.questions[question].asked++;
}

/* It was asked what the node asks.  What noting that takes is nobody's time. */
static inline void sk_profiler_answered(struct sk_profiler *profiler, uint16_t type, uint32_t node,
					uint32_t question)
{
	const uint64_t took = sk_profiler_lap(profiler, SK_PROFILE_PART_QUESTION);

	profiler->profile.questions[question].ticks += (double)took;
	sk_profiler_step(profiler, type, node, question, took);
	profiler->last = sk_ticks();
}

static inline void sk_profiler_ends(struct sk_profiler *profiler, uint16_t type)
{
	sk_profiler_step(profiler, type, SK_NONE, SK_NONE, 0);
	profiler->last = sk_ticks();
}

/* What an entry of the list of a decided node had open was run. */
static inline void sk_profiler_ran(struct sk_profiler *profiler, uint32_t entry, uint32_t rule)
{
	const uint64_t took = sk_profiler_lap(profiler, SK_PROFILE_PART_PROGRAM);

	profiler->entries[entry].ticks += took;
	sk_profiler_note_run(profiler, rule, took);
	profiler->last = sk_ticks();
}

#endif
