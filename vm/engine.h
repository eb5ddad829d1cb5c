/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the two ways of evaluating share.  Private to vm/.
 */
#ifndef SK_ENGINE_H
#define SK_ENGINE_H

#include "vm/compare.h"
#include "vm/vm.h"

struct sk_rows;
struct sk_profiler;

struct sk_vm_slot {
	uint64_t epoch;
	struct sk_value value;
};

struct sk_vm_predicate {
	struct sk_comparison comparison;
	uint32_t left, right; /* expressions; right SK_NONE: the comparison's constants */
};

struct sk_vm {
	const struct sk_bundle *bundle;
	struct sk_vm_options options;
	uint64_t epoch; /* from 1; slots and verdicts of 0 are of no event */
	void *event;
	bool short_of_memory; /* a value of the event did not fit: what was made of it may be wrong */
	bool by_atoms;        /* predicates with constants are told by what their question is answered */
	uint64_t *verdicts;   /* one a predicate */
	struct sk_vm_predicate *predicates;
	struct sk_vm_slot *fields;  /* one a record of FIELDS */
	struct sk_vm_slot *results; /* one an expression; used by TRANSFORMER and LIST */
	struct sk_field_ref *refs;
	struct sk_value *selectors; /* one an expression: of getopt(...)[c] */
	struct sk_regex **regexes;  /* of each string that is a pattern; NULL without any */
	uint32_t *matches;
	bool *in_order; /* of each event type: its rules depend on what was evaluated before; NULL: no type's do */
	bool looking;   /* what is read now does not count */
	struct sk_arena scratch;      /* values of the event */
	struct sk_arena temporary;    /* of one comparison */
	struct sk_rows *rows;         /* NULL: linear */
	struct sk_profiler *profiler; /* NULL: nothing is counted */
};

/* True if the condition program that begins here ends in MATCH. */
bool sk_vm_condition_holds(struct sk_vm *vm, const struct sk_instruction *instruction);

/*
 * True if predicate `number`, which has constants on its right, holds for
 * `left`.
 */
static inline bool sk_vm_holds_for(struct sk_vm *vm, uint32_t number, const struct sk_value *left)
{
	return left->presence == SK_PRESENT &&
	       sk_compare_constants(&vm->predicates[number].comparison, left, &vm->temporary);
}

#endif
