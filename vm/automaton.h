/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps of an automaton (struct sk_bundle_state), for lookup and verifier.
 */
#ifndef SK_AUTOMATON_H
#define SK_AUTOMATON_H

#include <string.h>

#include "vm/bundle.h"

/* The child of `state` that `label` leads to; 0, which is nobody's child, without one. */
static inline uint32_t sk_automaton_child(const struct sk_bundle_state *states, const char *labels, uint32_t state,
					  char label)
{
	uint32_t low = states[state].first_child, high = states[state + 1].first_child;
	const unsigned char wanted = (unsigned char)label;

	while (high - low > 4) {
		uint32_t middle = low + (high - low) / 2;

		if ((unsigned char)labels[middle] <= wanted)
			low = middle;
		else
			high = middle;
	}
	for (; low < high; low++) {
		if (labels[low] == label)
			return low;
	}
	return 0;
}

/* The state behind `state` and `label`. */
static inline uint32_t sk_automaton_step(const struct sk_bundle_state *states, const char *labels, uint32_t state,
					 char label)
{
	for (;;) {
		uint32_t child = sk_automaton_child(states, labels, state, label);

		if (child || state == 0)
			return child;
		state = states[state].fail;
	}
}

#endif
