/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check of a bundle's records; bundle.c has found its sections before.
 * Private to vm/.
 */
#ifndef SK_VERIFY_H
#define SK_VERIFY_H

#include <string.h>

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
	/* All strings with a smaller number may be constants: none is too long or has a NUL inside. */
	uint32_t plain_strings;
};

/* Says what is wrong with a record; returns -EBADMSG. */
int sk_verify_refuse(struct sk_verifier *verifier, enum sk_section section, uint32_t record, const char *format,
		     ...) __attribute__((format(printf, 4, 5)));

static inline bool sk_verify_is_string(const struct sk_verifier *verifier, uint32_t number)
{
	return number < sk_bundle_string_count(verifier->bundle);
}

static inline bool sk_verify_has_nul(const struct sk_verifier *verifier, uint32_t string)
{
	uint32_t length;
	const char *text = sk_bundle_text(verifier->bundle, string, &length);

	return memchr(text, '\0', length) != NULL;
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

/* What is needed to check indexes.  Before and after each index all cursors are 0. */
struct sk_index_check {
	struct sk_verifier *verifier;
	const struct sk_bundle *bundle;
	const struct sk_bundle_question *question;
	const struct sk_bundle_index *record;
	uint32_t number;   /* of the record */
	uint32_t *cursors; /* of each string, number or address: its next posting, plus one; 0: it has no entry */
	uint32_t *hashes;  /* of each entry of an EXACT index */
	uint32_t *parents; /* of each state of an automaton */
};

/* The automaton of an index whose entries and postings have been checked. */
int sk_verify_automaton(struct sk_index_check *check);

#endif
