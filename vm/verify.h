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
};

/* Says what is wrong with a record; returns -EBADMSG. */
int sk_verify_refuse(struct sk_verifier *verifier, enum sk_section section, uint32_t record, const char *format,
		     ...) __attribute__((format(printf, 4, 5)));

static inline bool sk_verify_is_string(const struct sk_verifier *verifier, uint32_t number)
{
	return number < verifier->bundle->strings_count;
}

/* Strings, fields and constants have been checked. */
int sk_verify_expressions(struct sk_verifier *verifier);

/* Expressions have been checked, and their notes are there. */
int sk_verify_predicates(struct sk_verifier *verifier);

/* RULES, CODE and TAGS; predicates have been checked. */
int sk_verify_rules(struct sk_verifier *verifier);

#endif
