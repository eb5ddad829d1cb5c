/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Automata (struct sk_bundle_state) as tables, as far as texts walk them:
 *
 *   state ─► row [ 256 steps ]   one load a byte
 *
 * A state gets its row when a text first gets there, until the room is used
 * up; the few states near the root, where nearly all bytes of nearly all texts
 * are, get theirs at once.  States without a row step as the bundle says.
 */
#ifndef SK_DENSE_H
#define SK_DENSE_H

#include <stdbool.h>
#include <stdint.h>

#include "vm/bundle.h"

/* A step: the state that it leads to, and in the lowest bit whether constants end there. */
typedef uint32_t sk_step;

struct sk_dense {
	const struct sk_bundle *bundle;
	sk_step *steps;   /* rows of 256 */
	uint32_t *row_of; /* row + 1 of each state of the bundle; 0: none */
	uint32_t used, limit;
};

/* Bytes with ASCII capitals made small, as texts of ICONTAINS are walked. */
extern const uint8_t sk_dense_fold[256];

/* Tables for all automata of a verified bundle.  0 or -ENOMEM. */
int sk_dense_init(struct sk_dense *dense, const struct sk_bundle *bundle);
void sk_dense_release(struct sk_dense *dense);

/* A step without a table; `first` is the automaton's first state in the bundle. */
sk_step sk_dense_step_slowly(const struct sk_dense *dense, uint32_t first, uint32_t state, uint8_t byte);

/* The row of a state, made if there is room; NULL without one. */
const sk_step *sk_dense_make_row(struct sk_dense *dense, uint32_t first, uint32_t state);

static inline sk_step sk_dense_step(struct sk_dense *dense, uint32_t first, uint32_t state, uint8_t byte)
{
	uint32_t row = dense->row_of[first + state];
	const sk_step *steps;

	if (__builtin_expect(row != 0, 1))
		return dense->steps[256 * (size_t)(row - 1) + byte];
	steps = sk_dense_make_row(dense, first, state);
	return steps ? steps[byte] : sk_dense_step_slowly(dense, first, state, byte);
}

#endif
