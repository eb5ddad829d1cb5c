/* SPDX-License-Identifier: Apache-2.0 */
/* What a question's answer, a signature, says of a predicate.  Private to vm/. */
#ifndef SK_ANSWER_H
#define SK_ANSWER_H

#include "vm/question.h"
#include "vm/signature.h"

/* The truth of `predicate`, whose question was answered with `signature`. */
static inline bool sk_answer_holds(const struct sk_questions *questions, const struct sk_signatures *signatures,
				   uint32_t signature, uint32_t predicate)
{
	if (signature == sk_signature_missing(questions->of[predicate]))
		return false;
	return sk_signature_holds(signatures, signature, predicate) != questions->negated[predicate];
}

#endif
