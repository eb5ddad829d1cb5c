/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Warnings about comparisons that compile but probably do not say what their
 * author meant (spec/rule-language.md sections 2.4 and 3.5).
 */
#ifndef SK_COMPILER_WARN_H
#define SK_COMPILER_WARN_H

#include "compiler/check.h"

/* About one constant of a comparison. */
void sk_warn_constant(struct sk_check *check, const struct sk_node *node, const struct sk_operand *constant);

/* About a comparison of a `ka.` or `jevt.` field with <NA>; before its field is looked up. */
void sk_warn_unsafe_na(struct sk_check *check, const struct sk_node *node);

/* About a field in a condition that is deprecated or never has a value. */
void sk_warn_deprecated(struct sk_check *check, const struct sk_field_info *info, struct sk_span span);

#endif
