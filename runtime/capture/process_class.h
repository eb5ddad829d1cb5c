/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Classes of processes: what the rules leave of a thread's events, because of
 * what is known of the thread, its ancestors and its container.
 *
 *   thread ─► class of the engine (sk_vm_class()) ─► rules that may still match
 *                                                    │ each set of them once
 *                                                    ▼
 *                                         class: an entry for each event type ─► kernel
 *   event that came through ─► word of its thread: class, time ─────────────────► kernel
 *
 * Invariants: class 0 holds for every thread.  A word rests on what the state
 * knows after the thread's last event, and says that event's time; whatever the
 * kernel cannot see that changes (metadata of containers, users, entries of
 * /proc) raises the floor.
 */
#ifndef SK_CAPTURE_PROCESS_CLASS_H
#define SK_CAPTURE_PROCESS_CLASS_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/capture/bpf/process_class.h"
#include "runtime/fields/prospect.h"
#include "runtime/state/state.h"
#include "vm/vm.h"

struct sk_class_filter;

/*
 * Bundle and prospector outlive it.  `nothing`: everything passes, always.  0 or
 * -ENOMEM.
 */
int sk_class_filter_create(const struct sk_bundle *bundle, struct sk_prospector *prospector, bool nothing,
			   struct sk_class_filter **ret_filter);
void sk_class_filter_destroy(struct sk_class_filter *filter);

/*
 * From now on the tables are those that the kernel looks into, which must stay
 * there until the filter is destroyed.  `boot_time`: when the clock of events was 0,
 * in ns since the epoch.
 */
void sk_class_filter_share(struct sk_class_filter *filter, struct sk_process_classes *classes, uint64_t boot_time);

/*
 * An event came through, the state has taken it, and the engine, whose current
 * event it is, has evaluated it.  The class that its thread has now.
 */
uint32_t sk_class_filter_observe(struct sk_class_filter *filter, struct sk_vm *vm,
				 const struct sk_event_view *view);

/* The rules that are left to processes of a class, for sk_prospector_find(); NULL: all. */
const uint64_t *sk_class_filter_rules(const struct sk_class_filter *filter, uint32_t class);

/* What the kernel does with a type of events. */
const struct sk_filter_entry *sk_class_filter_entry(const struct sk_class_filter *filter, uint32_t class,
						    uint16_t type);

/* The class that stands in the keys of paths of such events. */
uint32_t sk_class_filter_paths(const struct sk_class_filter *filter, uint32_t class, uint16_t type);

/* How many there are, without class 0. */
uint32_t sk_class_filter_count(const struct sk_class_filter *filter);

#endif
