/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check of a bundle's records; bundle.c has found its sections before.
 * Private to vm/.
 */
#ifndef SK_VERIFY_H
#define SK_VERIFY_H

#include "vm/bundle.h"

extern const char *const sk_section_names[SK_SECTION_COUNT];

/*
 * 0 if every record of every section is sound; -EBADMSG with a sentence that
 * names section and record if one is not; -ENOMEM.
 */
int sk_bundle_verify(const struct sk_bundle *bundle, struct sk_error *error);

/* --- between the files of the verifier --------------------------------- */

/* What is known of an expression, from its arguments upwards. */
struct sk_expression_note {
	uint8_t depth;
	uint8_t scope;      /* largest of its fields */
	uint8_t flags;      /* SK_FIELD_FLAG_* of a FIELD; from arguments those that say where it may stand */
	uint8_t quantifier; /* of a FIELD */
};

struct sk_verifier {
	const struct sk_bundle *bundle;
	struct sk_error *error;
	struct sk_expression_note *notes;
	/* Bits, one a string: it has a NUL inside (NULL: none has); it is too long for a constant. */
	uint64_t *with_nul, *too_long;
};

static inline bool sk_verify_bit(const uint64_t *bits, uint32_t number)
{
	return bits[number / 64] >> (number % 64) & 1;
}

/* Says what is wrong with a record; returns -EBADMSG. */
int sk_verify_refuse(struct sk_verifier *verifier, enum sk_section section, uint32_t record, const char *format,
		     ...) __attribute__((format(printf, 4, 5)));

static inline bool sk_verify_is_string(const struct sk_verifier *verifier, uint32_t number)
{
	return number < sk_bundle_string_count(verifier->bundle);
}

static inline bool sk_verify_has_nul(const struct sk_verifier *verifier, uint32_t string)
{
	return verifier->with_nul && sk_verify_bit(verifier->with_nul, string);
}

/* True if all bits of the address from bit `first` on are zero. */
static inline bool sk_verify_zero_from(const uint8_t address[16], unsigned first)
{
	for (unsigned bit = first; bit < 128; bit++) {
		if (address[bit / 8] & (0x80 >> bit % 8))
			return false;
	}
	return true;
}

/* Strings and fields have been checked. */
int sk_verify_expressions(struct sk_verifier *verifier);

/* Expressions have been checked, and their notes are there. */
int sk_verify_predicates(struct sk_verifier *verifier);

/* RULES, CODE and TAGS; predicates have been checked. */
int sk_verify_rules(struct sk_verifier *verifier);

/* QUESTIONS and all that they are found with; everything else has been checked. */
int sk_verify_questions(struct sk_verifier *verifier);

/* What is needed to check indexes; all arrays are zeroed at the beginning. */
struct sk_index_check {
	struct sk_verifier *verifier;
	const struct sk_bundle *bundle;
	const struct sk_bundle_question *question;
	const struct sk_bundle_index *record;
	uint32_t number;   /* of the record */
	uint32_t *places;  /* of each string, number or address: its entry, if it has one */
	uint32_t *taken;   /* of each entry: where those of its postings end that have been met */
	uint32_t *parents; /* of each state of an automaton */
};

/* The automaton of an index whose entries and postings have been checked. */
int sk_verify_automaton(struct sk_index_check *check);

#endif
