/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checking build (make CHECK=1): whatever the rows engine remembers is
 * worked out again when it is used.  A difference is printed and ends the
 * program: something that a rule can see changed, and nobody said so.
 *
 * In other builds these are nothing.  Private to vm/.
 */
#ifndef SK_RECHECK_H
#define SK_RECHECK_H

#include "vm/engine.h"
#include "vm/question.h"
#include "vm/signature.h"

#ifdef SK_VM_CHECK

/* `question` was answered with `signature`, says `source`. */
void sk_recheck_answer(struct sk_vm *vm, const struct sk_questions *questions,
		       const struct sk_signatures *signatures, uint32_t question, uint32_t signature,
		       const char *source);

/*
 * The values of the questions that make up a class are those that they were
 * when the class was put into `cache`; of whatever use they are to rules.
 */
void sk_recheck_note_values(struct sk_vm *vm, const struct sk_questions *questions, struct sk_vm_cache *cache);
void sk_recheck_values(struct sk_vm *vm, const struct sk_questions *questions, const struct sk_vm_cache *cache);

/* These rules match the current event. */
void sk_recheck_matches(struct sk_vm *vm, uint16_t type, const uint32_t *rules, uint32_t count);

#else

static inline void sk_recheck_answer(struct sk_vm *vm, const struct sk_questions *questions,
				     const struct sk_signatures *signatures, uint32_t question, uint32_t signature,
				     const char *source)
{
	(void)vm;
	(void)questions;
	(void)signatures;
	(void)question;
	(void)signature;
	(void)source;
}

static inline void sk_recheck_note_values(struct sk_vm *vm, const struct sk_questions *questions,
					  struct sk_vm_cache *cache)
{
	(void)vm;
	(void)questions;
	(void)cache;
}

static inline void sk_recheck_values(struct sk_vm *vm, const struct sk_questions *questions,
				     const struct sk_vm_cache *cache)
{
	(void)vm;
	(void)questions;
	(void)cache;
}

static inline void sk_recheck_matches(struct sk_vm *vm, uint16_t type, const uint32_t *rules, uint32_t count)
{
	(void)vm;
	(void)type;
	(void)rules;
	(void)count;
}

#endif

/* What loops over the above is compiled away with it. */
#ifdef SK_VM_CHECK
enum { SK_RECHECK = 1 };
#else
enum { SK_RECHECK = 0 };
#endif

#endif
