/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which fields the rules of a bundle ask for: one walk, for whoever wants to
 * know whether a rule has a field of some kind.
 *
 *   bundle ─► rule ─► condition ─► predicate ─► left, right ┐
 *                  └► output ─────► token ──────────────────┴► expression ─► fields
 *
 * A transformer and a list ask for what their arguments ask for.
 */
#ifndef SK_ASKS_H
#define SK_ASKS_H

#include <stdbool.h>
#include <stdint.h>

#include "vm/bundle.h"

/* True if this (enum sk_field) is one of the fields that are looked for. */
typedef bool (*sk_asks_fn)(uint16_t field);

/* True if an expression of the bundle, that is its number, has a field that is looked for. */
bool sk_asks_in_expression(const struct sk_bundle *bundle, uint32_t expression, sk_asks_fn wanted);

/* The same of a predicate: of what it compares with constants, or of one of both sides. */
bool sk_asks_in_predicate(const struct sk_bundle *bundle, uint32_t predicate, sk_asks_fn wanted);

/* The same of the predicates of a rule's condition. */
bool sk_asks_in_condition(const struct sk_bundle *bundle, uint32_t rule, sk_asks_fn wanted);

/* The same of a rule's condition and of the tokens of its output. */
bool sk_asks_in_rule(const struct sk_bundle *bundle, uint32_t rule, sk_asks_fn wanted);

/* The same of the conditions of all rules: what decides whether one matches. */
bool sk_asks_in_conditions(const struct sk_bundle *bundle, sk_asks_fn wanted);

/* The same of the conditions and outputs of all rules. */
bool sk_asks_in_bundle(const struct sk_bundle *bundle, sk_asks_fn wanted);

#endif
