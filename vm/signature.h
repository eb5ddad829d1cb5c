/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures: the sets of predicates that hold for values of a question, each
 * set once.
 *
 *   number 2q      question q has no value: nothing holds
 *   number 2q + 1  it has one, and nothing holds
 *   further ones   as they are met
 *
 * Many values share a signature: paths are many, the sets of rules' constants
 * that they meet are few.
 */
#ifndef SK_SIGNATURE_H
#define SK_SIGNATURE_H

#include <stdbool.h>
#include <stdint.h>

struct sk_signature {
	uint32_t question;
	uint32_t first, count; /* of `holding`: predicates, ascending */
};

struct sk_signatures {
	struct sk_signature *items;
	uint32_t count, limit;
	uint32_t reserved; /* two a question */
	uint32_t *holding;
	uint32_t holding_used, holding_size;
	uint32_t *slots; /* signature + 1 by hash; 0: free */
	uint32_t mask;
};

/* `limit` signatures besides the reserved ones.  0 or -ENOMEM. */
int sk_signatures_init(struct sk_signatures *signatures, uint32_t questions, uint32_t limit, uint32_t holding_size);
void sk_signatures_release(struct sk_signatures *signatures);
void sk_signatures_clear(struct sk_signatures *signatures);

/* The number of the set; UINT32_MAX when there is no room. */
uint32_t sk_signatures_intern(struct sk_signatures *signatures, uint32_t question, const uint32_t *holding,
			      uint32_t count);

static inline uint32_t sk_signature_missing(uint32_t question)
{
	return question * 2;
}

static inline uint32_t sk_signature_none(uint32_t question)
{
	return question * 2 + 1;
}

/* True if `predicate` is in the set. */
bool sk_signature_holds(const struct sk_signatures *signatures, uint32_t number, uint32_t predicate);

#endif
