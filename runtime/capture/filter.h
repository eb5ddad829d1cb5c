/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filtering in the kernel, derived from the rules: calls of which is proved
 * that no rule can match them and that the state does not change with them
 * take no room in a ring.  With and without it the same alerts come out.
 *
 *   bundle ─► for every type: failed? which errors? which kinds of opens?
 *             (filter_plan.h) ─► table ─► kernel
 *   threads of events that came through ─► the same for the rules that their
 *             class leaves (process_class.h) ─► further tables, classes ─► kernel
 *   opens that came through ─► the same with the path ─► map of paths ─► kernel
 *
 * Invariant: what cannot be proved comes through.
 */
#ifndef SK_CAPTURE_FILTER_H
#define SK_CAPTURE_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/capture/bpf/process_class.h"
#include "runtime/state/state.h"
#include "vm/bundle.h"
#include "vm/support/buffer.h"
#include "vm/vm.h"

struct sk_kernel_filter;

/*
 * Reads the rules of a bundle, which outlives the filter.  A bundle whose
 * conditions count events gives a filter that lets everything pass.  0 or
 * -ENOMEM.
 */
int sk_kernel_filter_create(const struct sk_bundle *bundle, struct sk_kernel_filter **ret_filter);
void sk_kernel_filter_destroy(struct sk_kernel_filter *filter);

/*
 * From now on the tables are those that the kernel looks into, which must stay
 * there as long as the filter observes.  `boot_time`: when the clock of events was 0, in
 * ns since the epoch.
 */
void sk_kernel_filter_share(struct sk_kernel_filter *filter, struct sk_process_classes *classes,
			    uint64_t boot_time);

/* Classes of processes that were told apart, without class 0. */
uint32_t sk_kernel_filter_classes(const struct sk_kernel_filter *filter);

/* What the kernel does with events of a type of processes of a class; class 0: of any. */
const struct sk_filter_entry *sk_kernel_filter_entry(const struct sk_kernel_filter *filter, uint32_t class,
						     uint16_t type);

/* Where the paths go that were found out to be of no interest; negative if it could not be kept. */
typedef int (*sk_kernel_filter_keep_fn)(void *context, const struct sk_filter_path *path);

/*
 * Looks at an event that came through, which the state has taken and the engine
 * has evaluated last: further ones of its thread of which no rule can match such a
 * thread's are held back, and if it is an open of a path that no rule can match,
 * further ones like it.
 */
void sk_kernel_filter_observe(struct sk_kernel_filter *filter, struct sk_vm *vm, const struct sk_event_view *view,
			      sk_kernel_filter_keep_fn keep, void *context);

/* The second half of that: the event is of a process of this class. */
void sk_kernel_filter_learn_path(struct sk_kernel_filter *filter, const struct sk_event *event, uint32_t class,
				 sk_kernel_filter_keep_fn keep, void *context);

/*
 * The key that the kernel would look up for this event of a process of this class;
 * false if it would look up none.
 */
bool sk_kernel_filter_path_of(const struct sk_event *event, uint32_t class, struct sk_filter_path *ret_path);

/* What the kernel would do with the call that this event is of, but for its path. */
enum sk_filter_reason sk_kernel_filter_judge(const struct sk_kernel_filter *filter, uint32_t class,
					     const struct sk_event *event);

/* A table for people: what is held back of each type that is captured, and which rule keeps the rest. */
void sk_kernel_filter_explain(struct sk_kernel_filter *filter, struct sk_buffer *buffer);

extern const char *const sk_filter_reason_names[SK_FILTER_REASON_COUNT];
extern const char *const sk_filter_reason_meanings[SK_FILTER_REASON_COUNT];

#endif
