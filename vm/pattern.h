/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All patterns of a question, `glob`, `iglob` and `regex`, matched in one pass
 * over the text.  Private to vm/.
 *
 *   regex         ─► set in UTF-8 ──┐
 *   glob, iglob   ─► set of bytes ──┴─► predicates
 */
#ifndef SK_PATTERN_H
#define SK_PATTERN_H

#include "vm/bundle.h"
#include "vm/support/arena.h"
#include "vm/support/buffer.h"

struct sk_pattern_set;

/*
 * Of predicates [first, first + count), which are of group PATTERN.  -ENOMEM;
 * -ENOTSUP if they are to be compared one by one: they are few, or need too much
 * memory together.
 */
int sk_pattern_set_create(const struct sk_bundle *bundle, uint32_t first, uint32_t count,
			  struct sk_pattern_set **ret_set);
void sk_pattern_set_destroy(struct sk_pattern_set *set);

/*
 * The predicates that hold for a text without NULs: how many, in no order, some
 * perhaps twice.  UINT32_MAX if the set gave up.
 */
uint32_t sk_pattern_set_find(struct sk_pattern_set *set, const char *text, size_t length, struct sk_arena *scratch,
			     const uint32_t **ret_predicates);

/* The predicates that the set cannot tell anything of: ascending. */
uint32_t sk_pattern_set_rest(const struct sk_pattern_set *set, const uint32_t **ret_predicates);

/*
 * Appends a regular expression over bytes that matches as a whole what the
 * shell pattern matches.  False if there is none that this can write.
 */
bool sk_pattern_from_glob(const char *pattern, uint32_t length, bool fold_case, struct sk_buffer *buffer);

#endif
