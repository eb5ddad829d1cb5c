/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three-valued evaluation of a condition program: what can still become of it
 * when some predicates are known and the others may be either.
 *
 * A program only jumps forward, so one sweep over its instructions tells which
 * of them can be reached: a jump on a known predicate reaches one successor,
 * on an unknown one both.  The same predicate met twice counts as two unknowns;
 * so MATCH may seem reachable where it is not, never the other way round.
 */
#ifndef SK_REACH_H
#define SK_REACH_H

#include <stdint.h>

#include "vm/bundle.h"

enum sk_truth { SK_TRUTH_FALSE, SK_TRUTH_TRUE, SK_TRUTH_UNKNOWN };

/* What a program may end in; both bits: it is open. */
enum sk_reach { SK_REACH_FAIL = 1, SK_REACH_MATCH = 2, SK_REACH_OPEN = 3 };

/* The truth of a predicate as far as it is known. */
typedef enum sk_truth (*sk_truth_fn)(const void *context, uint32_t predicate);

/*
 * `scratch` has room for one byte an instruction.  Predicates that are reached
 * and unknown are given to `open`, which may be NULL.
 */
enum sk_reach sk_reach(const struct sk_instruction *program, uint32_t size, sk_truth_fn truth, const void *context,
		       void (*open)(void *context, uint32_t predicate), void *open_context, uint8_t *scratch);

#endif
