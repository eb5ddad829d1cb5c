/* SPDX-License-Identifier: Apache-2.0 */
/* The pages of docs/ that are written from the tables of the code. */
#ifndef SK_CLI_MARKDOWN_H
#define SK_CLI_MARKDOWN_H

#include "vm/support/buffer.h"

/* docs/fields.md: every field. */
void sk_markdown_fields(struct sk_buffer *page);

/* docs/language.md: items, conditions, outputs, limits, what is said of mistakes. */
void sk_markdown_language(struct sk_buffer *page);

#endif
