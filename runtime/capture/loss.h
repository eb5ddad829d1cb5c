/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was lost since it was last told: by class, and from when to when.
 *
 *   struct sk_cpu of each CPU ── gather ──► pending ── due(time) ──► note of an event
 *
 * Invariant: every loss that the CPUs count is told exactly once.
 */
#ifndef SK_CAPTURE_LOSS_H
#define SK_CAPTURE_LOSS_H

#include <stddef.h>
#include <stdint.h>

#include "vm/notes.h"

struct sk_loss_watch;

/* That of CPU n begins with a struct sk_cpu at `areas` + n * `area_size`; borrowed.  -ENOMEM. */
int sk_loss_open(uint8_t *areas, size_t area_size, size_t cpu_count, struct sk_loss_watch **ret_watch);

void sk_loss_close(struct sk_loss_watch *watch);

/*
 * Takes note of what has been lost.  Called between sk_merge_look() and
 * sk_merge_deliver(): all losses before the horizon are seen then.
 */
void sk_loss_gather(struct sk_loss_watch *watch);

/* What was lost, if some of it at this time or before; NULL if not, or if it has been told. */
const struct sk_lost *sk_loss_due(const struct sk_loss_watch *watch, uint64_t ts);

/* What sk_loss_due() returned has been told. */
void sk_loss_told(struct sk_loss_watch *watch);

#endif
