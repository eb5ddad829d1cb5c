/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the type of an event alone tells of a field, whatever the event:
 * fields.def says so, every host keeps to it, and both compiler (rules that
 * cannot match a type) and engine (questions that need not be asked) rest on
 * it.
 *
 *   evt.type, syscall.type      the event's name; events of other calls and
 *                               async events carry their own
 *   evt.arg.X, evt.rawarg.X     missing where the type has no parameter X
 *   evt.arg[N]                  missing where it has no N + 1 parameters
 *   evt.is_*, evt.dir ...       what flags and direction of its row say
 */
#ifndef SK_GIVEN_H
#define SK_GIVEN_H

#include "vm/reach.h"
#include "vm/vm.h"

/* True if the value of `ref` is the same for all events of `type`; it may be missing. */
bool sk_given(const struct sk_field_ref *ref, uint16_t type, struct sk_value *ret_value);

/*
 * The truth of a predicate for all events of `type`, as far as the type decides
 * it; of `regex` it is unknown.  `temporary` is reset when it was used.
 */
enum sk_truth sk_given_truth(const struct sk_bundle *bundle, uint32_t predicate, uint16_t type,
			     struct sk_arena *temporary);

/* True if there is a type that may decide the predicate. */
bool sk_given_asks(const struct sk_bundle *bundle, uint32_t predicate);

#endif
