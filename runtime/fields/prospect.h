/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether any rule can match an event of which only little is known: what the
 * kernel knows before it builds the event.
 *
 *   type, result, flags, path ─► fields that follow from them ─► predicates,
 *   true, false or unknown ─► three-valued run of every rule (vm/reach.h)
 *
 * Values come from the extractors themselves, which are given an event with
 * nothing in it but what is known: so a field cannot mean one thing here and
 * another when the event is there.  What is not certain is unknown, and what
 * is unknown rules nothing out.
 */
#ifndef SK_FIELDS_PROSPECT_H
#define SK_FIELDS_PROSPECT_H

#include <stdbool.h>
#include <stdint.h>

#include "vm/bundle.h"
#include "vm/reach.h"

enum sk_prospect_result {
	SK_PROSPECT_ANY,
	SK_PROSPECT_SUCCESS, /* 0 or above */
	SK_PROSPECT_FAILED,  /* -1 to -SK_PROSPECT_ERRORS */
	SK_PROSPECT_ERROR,   /* exactly -error */
};

enum { SK_PROSPECT_ERRORS = 255 };

struct sk_prospect {
	uint16_t type;  /* enum sk_event_type, of the end of a system call */
	uint16_t error; /* of SK_PROSPECT_ERROR, above 0 */
	uint8_t result; /* enum sk_prospect_result */
	/*
	 * Of open and its like: parameter `flags` has the bits of `flags`, maybe
	 * some of `maybe`, and no other.
	 */
	bool has_flags;
	uint32_t flags, maybe;
	/* Of those that have a mode: 1: a bit of 0111 is set; 0: none; -1: not known. */
	int8_t executable;
	/*
	 * Of open and its like: the path as it was given, absolute and as
	 * sk_prospect_is_plain() wants it; NULL: not known.
	 */
	const char *path;
	uint32_t path_length;
	/* Where it led, as saker.path.resolved says it; NULL: not known. */
	const char *resolved;
	uint32_t resolved_length;
};

struct sk_prospector;

/* The bundle must outlive it.  0 or -ENOMEM. */
int sk_prospector_create(const struct sk_bundle *bundle, struct sk_prospector **ret_prospector);
void sk_prospector_destroy(struct sk_prospector *prospector);

/*
 * The number of the first rule that may match such an event; SK_NONE: none can.
 * Out of memory it is a rule that may not.  `rules`: a bit for each rule of the
 * bundle that is to be looked at; NULL: all.
 */
uint32_t sk_prospector_find(struct sk_prospector *prospector, const struct sk_prospect *prospect,
			    const uint64_t *rules);

/*
 * Sets in `ret_rules` the bit of each rule that may match when nothing is known
 * but the truth of some predicates.
 */
void sk_prospector_survivors(struct sk_prospector *prospector, sk_truth_fn known, const void *context,
			     uint64_t *ret_rules);

/*
 * True if conditions count events, or measure the time since the first one or
 * the last one: they see every event that is there, and must see all of them.
 * Outputs may show an event's number and the time since the first, but not what
 * counts on from one evaluation to the next.
 */
bool sk_prospector_counts(struct sk_prospector *prospector);

/* True if a condition asks where paths led (saker.path.resolved). */
bool sk_prospector_asks_for_places(struct sk_prospector *prospector);

/*
 * True if a condition or an output looks at other fds of a process than those
 * that its event is about: at all of them, or at those that it polls.
 */
bool sk_prospector_asks_for_tables(struct sk_prospector *prospector);

/* True for an absolute path without "..", ".", "//" and a slash at the end, below 1024 bytes: it names itself. */
bool sk_prospect_is_plain(const char *path, uint32_t length);

#endif
