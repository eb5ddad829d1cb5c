/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel holds back of one type of events: proved of all rules, or of
 * those that a class of processes leaves.
 *
 *   rules, type ─► can it fail and match? with which errors? be an open of
 *                  which kind? succeed? ─► struct sk_filter_entry
 *   type ────────► what it does to fds and threads, which the state must see ─┘
 */
#ifndef SK_CAPTURE_FILTER_PLAN_H
#define SK_CAPTURE_FILTER_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/capture/bpf/filter.h"
#include "runtime/fields/prospect.h"

/* True for ends of calls, which alone are held back. */
bool sk_filter_plan_judges(uint16_t type);

/* True for opens whose flags the kernel looks at before it builds the event. */
bool sk_filter_plan_has_class(uint16_t type);

/* True for types whose failing calls change the state. */
bool sk_filter_plan_needs_failed(uint16_t type);

/*
 * Traits that the entries of opens have if opens that succeeded can be held
 * back: nobody looks at all fds of a process at once, and their closes can be
 * held back too.  0: they cannot.
 */
uint16_t sk_filter_plan_opens(struct sk_prospector *prospector);

/*
 * The entry of a type that is judged.  `rules`: those that are left, as for
 * sk_prospector_find(); `opens`: from sk_filter_plan_opens().
 */
void sk_filter_plan(struct sk_prospector *prospector, uint16_t type, const uint64_t *rules, uint16_t opens,
		    struct sk_filter_entry *ret_entry);

#endif
