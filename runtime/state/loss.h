/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was lost, and what that leaves in doubt (docs/evidence.md).
 *
 *   losses are numbered     1 ── 2 ──── 3 ─── 4 ──► time
 *   touched[NAME]                ▲                    2 was the last that lost a process event
 *   a thread's known[NAME]   ▲                        0 or 1: in doubt;  2 and more: not
 *
 * What is learned is stamped with the number of the last loss that was over by
 * then.  Invariant: `stamp` <= `count`; it is the lower one while an event
 * may still come from before the end of the latest loss.
 */
#ifndef SK_STATE_LOSS_H
#define SK_STATE_LOSS_H

#include <stdbool.h>
#include <stdint.h>

#include "vm/notes.h"

/* What is known of a thread, each part for itself; behind them what is known of an fd. */
enum sk_stake {
#define SK_STAKE(id, classes, meaning) SK_STAKE_##id,
#include "runtime/state/stakes.def"
	SK_STAKE_OF_THREAD, /* how many there are */
	SK_STAKE_BEFORE_FDS = SK_STAKE_OF_THREAD - 1,
#define SK_FD_STAKE(id, classes, meaning) SK_STAKE_FD_##id,
#include "runtime/state/stakes.def"
	SK_STAKE_COUNT
};

/* Alerts name what was lost up to this long before them. */
#define SK_LOSS_WINDOW (UINT64_C(5) * 1000000000)

/* Older ones are added up with the next. */
enum { SK_RECENT_LOSSES = 32 };

struct sk_losses {
	uint32_t count; /* losses that were told of: numbers 1 to count */
	uint32_t stamp; /* number of the last one that is over */
	uint64_t over;  /* when all of them are; matters while stamp < count */
	uint32_t touched[SK_STAKE_COUNT];
	struct {
		uint32_t number; /* 0: none */
		struct sk_lost lost;
	} recent[SK_RECENT_LOSSES]; /* oldest first */
	unsigned recent_count;
};

/* Bits of enum sk_event_class whose loss puts a stake in doubt. */
uint32_t sk_stake_classes(enum sk_stake stake);

/*
 * Takes what the event of time `ts` tells of a loss.  Never fails; times
 * beyond reason are brought near `ts`.
 */
void sk_losses_add(struct sk_losses *losses, const struct sk_lost *lost, uint64_t ts);

/* An event of time `ts` begins: true if `stamp` is another one now. */
static inline bool sk_losses_pass(struct sk_losses *losses, uint64_t ts)
{
	if (losses->stamp == losses->count || ts <= losses->over || losses->count == UINT32_MAX)
		return false;
	losses->stamp = losses->count;
	return true;
}

/* Adds up what was lost of `classes` in losses behind number `known`; what is added up with an older one is too much. */
void sk_losses_since(const struct sk_losses *losses, uint32_t known, uint32_t classes, struct sk_lost *ret_lost);

/*
 * Brings what is asked of sk_losses_since() to its simplest form with the same
 * answer: classes that something was lost of, and the number before the first
 * such loss; 0 and 0 if nothing was.
 */
void sk_losses_simplify(const struct sk_losses *losses, uint32_t *known, uint32_t *classes);

/* What was lost within SK_LOSS_WINDOW before `ts`; false if nothing. */
bool sk_losses_around(const struct sk_losses *losses, uint64_t ts, struct sk_lost *ret_lost);

#endif
