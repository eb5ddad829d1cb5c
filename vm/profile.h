/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What evaluating cost, and for whom: what became of rules, counted for every
 * event; and of the events that were timed what was asked and answered, with
 * ticks of the processor's counter.  One that was drawn by lot counts for as many
 * as it stands for; if all are timed, all of it is exact.
 *
 *   event type ─┬─► uses: each of its rules
 *               └─► paths: the questions in the order in which they were asked
 *                     question ─► question ─► ... ─► end
 *                        └─ stops: the rules that wait, or survived ─┘
 *
 * What becomes of a rule, for every event of its types:
 *
 *   events = behind + considered     behind: an earlier rule had matched
 *   considered = ruled out + survived
 *   survived = sure matches + run    run: its program, for what was still open
 *   survived >= matched
 *
 * These hold exactly, and behind, considered and matched are those of the
 * linear engine.  Ticks add up too: those of an event type are the sum over
 * its parts, and those of a part the sum over what it is divided into, but for
 * rounding and for what stood in the way of the measuring.
 */
#ifndef SK_PROFILE_H
#define SK_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "vm/bundle.h"

/*
 * SK_PART(id, name, meaning): where the time of an event goes.
 */
#define SK_PROFILE_PARTS(SK_PART)                                                                                  \
	SK_PART(CLASS, "classes", "finding the class of the thread, or working it out")                            \
	SK_PART(QUESTION, "questions", "values of fields, and what they stand for")                                \
	SK_PART(PROGRAM, "programs", "what was still open of the rules that survived")                             \
	SK_PART(LINEAR, "linear", "rule after rule, for events that nothing could be remembered for")              \
	SK_PART(NODE, "new nodes", "what was met for the first time, remembered from then on")                     \
	SK_PART(REST, "the way", "from node to node, and everything else")

enum sk_profile_part {
#define SK_PART(id, name, meaning) SK_PROFILE_PART_##id,
	SK_PROFILE_PARTS(SK_PART)
#undef SK_PART
		SK_PROFILE_PART_COUNT
};

struct sk_profile_part_info {
	const char *name;
	const char *meaning;
};

extern const struct sk_profile_part_info sk_profile_parts[SK_PROFILE_PART_COUNT];

/* A rule, for the events of one type. */
struct sk_profile_use {
	uint64_t considered;
	uint64_t survived;
	uint64_t run;    /* programs */
	uint64_t linear; /* of those, because nothing could be remembered */
	uint64_t matched;
	double ticks;        /* of its programs */
	double linear_ticks; /* of those, the linear ones */
	double shared;       /* its part of classes and questions: see sk_profile_rule */
};

struct sk_profile_type {
	uint64_t events;
	uint64_t linear; /* of those, evaluated linearly */
	uint64_t timed;
	double ticks[SK_PROFILE_PART_COUNT];
	struct sk_profile_use *uses; /* one a rule of the type, in order; NULL: there was no event */
};

/* A question of the bundle; behind the last one, "which file", which answers several at once. */
struct sk_profile_question {
	uint64_t answered;   /* events for which the answer was known on the way */
	uint64_t missing;    /* of those, without a value */
	uint64_t asked;      /* times that the value was needed: by an event, or for a class */
	uint64_t worked_out; /* of those, not remembered */
	uint64_t ruled_out;  /* rules that the answer ruled out, added up over events */
	double ticks;        /* of asking events; what a class took is in its part */
	uint32_t signatures; /* different answers, held at once */
	uint32_t rows;
};

struct sk_profile_predicate {
	uint64_t held;      /* of the events that its question was answered for */
	uint64_t ruled_out; /* rules that it stands in and that its question's answer ruled out */
	/* Of `contains` with one text: different values that it held for, and those that begin with the text. */
	uint32_t values, beginning;
};

/* Events that were asked `question` behind the questions of `parent`. */
struct sk_profile_path {
	uint32_t parent;   /* a smaller number; SK_NONE: the first one */
	uint32_t question; /* SK_NONE: the end */
	uint16_t type;
	uint64_t events;
	uint64_t left; /* rules that were left when it was asked, added up over events */
	double ticks;  /* of asking */
};

/*
 * A rule on a path: at its end one that survived; elsewhere one that waited for
 * the answer, unless too many did to tell them all.
 */
struct sk_profile_stop {
	uint32_t path, rule;
	uint64_t survived, run, matched;
	double ticks;  /* of its programs */
	double shared; /* its part of asking */
};

struct sk_profile {
	const struct sk_bundle *bundle;
	bool match_all;
	uint8_t priority;
	uint64_t events; /* of types that have rules */
	uint64_t timed;
	uint64_t class_hits, class_misses;
	uint64_t disturbed; /* looks at the clock that something else came between, left out */
	double ns_per_tick;
	struct sk_profile_type types[SK_EVENT_COUNT];
	struct sk_profile_question *questions;
	struct sk_profile_predicate *predicates;
	struct sk_profile_path *paths;
	uint32_t path_count;
	struct sk_profile_stop *stops;
	uint32_t stop_count;
};

/*
 * A rule, over all event types.  `shared` is its part of what classes and
 * questions took: the time of a question is divided evenly among the rules
 * that were left and name it when it was asked, that of classes among the rules
 * of the event's type that ask anything of a thread.
 */
struct sk_profile_rule {
	uint64_t events, considered, survived, run, linear, matched;
	double ticks, shared;
};

/* Adds up; `ret_rules` has one record a rule of the bundle. */
void sk_profile_sum_rules(const struct sk_profile *profile, struct sk_profile_rule *ret_rules);

/* The place of a rule among those of the type; SK_NONE if it is none of them. */
uint32_t sk_profile_position(const struct sk_bundle *bundle, uint16_t type, uint32_t rule);

/* Nanoseconds. */
double sk_profile_ns(const struct sk_profile *profile, double ticks);

#endif
