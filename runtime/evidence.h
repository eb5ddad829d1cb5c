/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an alert rests on, in words (docs/evidence.md): "complete", or what was
 * lost around it and which values of its rule are not known or in doubt.
 *
 *   condition and output ─► fields, each once ─► doubt of each ─► clauses
 */
#ifndef SK_EVIDENCE_H
#define SK_EVIDENCE_H

#include "runtime/state/state.h"
#include "vm/bundle.h"
#include "vm/support/buffer.h"
#include "vm/vm.h"

/* Bytes that a text has at most. */
enum { SK_EVIDENCE_LIMIT = 1024 };

struct sk_evidence;

/* For alerts of a bundle, which must outlive it; `suggested`: they end with the suggested fields.  0 or -ENOMEM. */
int sk_evidence_create(const struct sk_bundle *bundle, bool suggested, struct sk_evidence **ret_evidence);
void sk_evidence_destroy(struct sk_evidence *evidence);

/*
 * The evidence for an alert of `rule` on the event that is current in `vm` and
 * shown by `view`.  The text is valid until the next call.
 */
const char *sk_evidence_of(struct sk_evidence *evidence, struct sk_vm *vm, const struct sk_event_view *view,
			   uint32_t rule);

/*
 * Why the value of an expression cannot be relied on: appends the reasons of
 * the fields in it, nothing if it can.
 * True if one of them is unknown.
 */
bool sk_evidence_print_reason(const struct sk_bundle *bundle, struct sk_vm *vm, const struct sk_event_view *view,
			      uint32_t expression, struct sk_buffer *buffer);

#endif
