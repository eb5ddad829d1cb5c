/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the files that write a bundle.
 */
#ifndef SK_COMPILER_EMIT_PRIVATE_H
#define SK_COMPILER_EMIT_PRIVATE_H

#include "compiler/emit.h"

struct sk_emitter {
	const struct sk_ir *ir;
	const struct sk_sources *sources;
	struct sk_arena arena; /* maps and tables, for the time of writing */
	struct sk_buffer sections[SK_SECTION_COUNT];
	struct sk_error *error;
	bool any_type; /* nothing follows from an event's type */
	bool out_of_memory;
	bool too_large;

	/* Strings by their bytes, which lie in STRING_BYTES: number + 1 by hash, 0: free. */
	uint32_t *string_slots;
	uint32_t string_mask, string_count;

	/* Number in the IR ─► number in the bundle, SK_NONE: not yet. */
	uint32_t *strings, *values, *addresses, *fields, *expressions, *predicates;
	uint32_t *runs; /* three for each: emit_predicate.c */

	struct sk_intern files;
	struct sk_intern type_runs;
	uint32_t *type_run_starts; /* of each interned run of rules */

	struct sk_intern outputs; /* programs, with the bundle's numbers */
	uint32_t *output_starts;
	struct sk_buffer output_code; /* of the one that is written */

	/* The first place in CONSTANTS of a number, then the next one of the same; SK_NONE. */
	struct sk_buffer run_heads, run_chain;

	struct sk_instruction *conditions; /* of all rules, with the IR's predicates */
	uint32_t *condition_starts;        /* of each rule, and the end */
	uint64_t constant_total, pattern_total;
};

/* Appends records to a section; the number of the first. */
uint32_t sk_emit_records(struct sk_emitter *emitter, enum sk_section section, const void *records, size_t count);

/* A map of `count` numbers, SK_NONE each. */
uint32_t *sk_emit_map(struct sk_emitter *emitter, uint32_t count);

/* The sections so far, as a bundle; the next record may move them. */
struct sk_bundle sk_emit_view(const struct sk_emitter *emitter);

/* --- emit_types.c: which rules each event type tries ---------------------- */

/* TYPES and TYPE_RULES; what rules are made of and RULES are complete. */
void sk_emit_types(struct sk_emitter *emitter, const struct sk_emit_rule *rules, uint32_t count);

/* --- emit_predicate.c: what rules are made of ----------------------------- */

/* The table of strings; STRINGS begins. */
void sk_emit_begin_strings(struct sk_emitter *emitter);
/* STRINGS ends. */
void sk_emit_end_strings(struct sk_emitter *emitter);

uint32_t sk_emit_bytes(struct sk_emitter *emitter, const char *bytes, size_t length);
uint32_t sk_emit_string(struct sk_emitter *emitter, uint32_t string);
uint32_t sk_emit_expression(struct sk_emitter *emitter, uint32_t number);

/*
 * Writes the predicates of `conditions`, `size` instructions, and all that they
 * are made of: from then on `predicates` maps each.
 */
void sk_emit_predicates(struct sk_emitter *emitter, uint32_t size);

void sk_emit_location(struct sk_emitter *emitter, sk_position position);

#endif
