/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rules are evaluated, and in which order (spec/rule-language.md
 * section 1.9).
 */
#ifndef SK_COMPILER_SELECT_H
#define SK_COMPILER_SELECT_H

#include "compiler/compile.h"

/*
 * The enabled rules of a resolved pack in the order of evaluation, as an array
 * in `arena`.  Rules without a tree, of an unknown source, or less severe than
 * `options->priority` are never in it: who drops a rule while checking it sets
 * its tree to NULL first.  `options` may be NULL: no selection, all priorities.
 * Returns 0 or -ENOMEM.
 */
int sk_select_rules(const struct sk_pack *pack, const struct sk_compile_options *options, struct sk_arena *arena,
		    struct sk_pack_rule ***ret_rules, uint32_t *ret_count);

#endif
