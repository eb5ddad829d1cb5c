/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a rule did or did not match an event: its condition with the truth of
 * every part and the values that it rests on, what decided it, and the least
 * that would have to be otherwise.
 */
#ifndef SK_CLI_EXPLAIN_EXPLAIN_H
#define SK_CLI_EXPLAIN_EXPLAIN_H

#include "cli/explain/flip.h"
#include "runtime/sensor.h"
#include "vm/support/buffer.h"

/* What a comparison saw. */
struct sk_explain_atom {
	const char *text; /* the comparison, cut where it is long */
	const char *value,
		*right; /* of the left side, and of a right side that is a field; NULL: missing, or none */
	enum sk_presence presence;
	const char *left_doubt,
		*right_doubt; /* why the values cannot be relied on (runtime/evidence.h); NULL: they can */
	bool truth;
	bool decided; /* the verdict rests on it */
	/* Of several constants one for which it holds, and where that was written; NULL without. */
	const char *item;
	sk_position item_position;
	uint32_t first; /* the first atom with the same predicate; itself if there is no other */
};

struct sk_explanation {
	const struct sk_tree *tree;
	const struct sk_pack *pack;
	const struct sk_sources *sources;
	bool tried;   /* the rule is tried for events of this type */
	bool verdict; /* what the condition says; of a rule that is not tried `false` counts */
	bool *nodes;  /* truth of each node of the tree */
	bool *reasons;
	struct sk_explain_atom *atoms;
	struct sk_flips flips;
	uint64_t event_number;
	const char *event; /* "openat by less (pid 1002)" */
};

/*
 * Explains the event that `sensor` evaluated last.  Everything lives in `arena`; the tree must outlive it.
 * 0 or -ENOMEM.
 */
int sk_explain(struct sk_sensor *sensor, const struct sk_tree *tree, const struct sk_pack *pack,
	       const struct sk_sources *sources, struct sk_arena *arena, struct sk_explanation *ret_explanation);

/* The truth of the atoms for that event; false if a value found no room. */
bool sk_explain_truth(struct sk_sensor *sensor, const struct sk_tree *tree, bool *ret_atoms);

/* Appends it as text for a person, or as one JSON object with its newline. */
void sk_explanation_print(const struct sk_explanation *explanation, struct sk_buffer *buffer);
void sk_explanation_print_json(const struct sk_explanation *explanation, struct sk_buffer *buffer);

/* One line: what decided it; for reports of tests.  Without a newline. */
void sk_explanation_print_short(const struct sk_explanation *explanation, struct sk_buffer *buffer);

/*
 * What a position in a rule's condition belongs to that is not its own text:
 * "list x", "exception y"; NULL if it is.  In `arena`.
 */
const char *sk_explain_owner(const struct sk_pack *pack, const struct sk_pack_rule *rule, sk_position position,
			     struct sk_arena *arena);

#endif
