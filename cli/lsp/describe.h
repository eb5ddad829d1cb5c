/* SPDX-License-Identifier: Apache-2.0 */
/* What things mean, as text for hovers and completion: Markdown, or plain. */
#ifndef SK_LSP_DESCRIBE_H
#define SK_LSP_DESCRIBE_H

#include "cli/lsp/symbol.h"
#include "compiler/keys.h"
#include "vm/schema/schema.h"
#include "vm/support/buffer.h"

struct sk_lsp_page {
	struct sk_buffer text;
	bool markdown;
};

/* "string, thread scope", and what else there is to know, on one line. */
void sk_lsp_field_type(struct sk_buffer *buffer, const struct sk_field_info *field);

void sk_lsp_describe_field(struct sk_lsp_page *page, const struct sk_field_info *field);
void sk_lsp_describe_operator(struct sk_lsp_page *page, enum sk_operator comparison);
void sk_lsp_describe_modifier(struct sk_lsp_page *page, enum sk_modifier modifier);
void sk_lsp_describe_transformer(struct sk_lsp_page *page, enum sk_transformer transformer);
void sk_lsp_describe_key(struct sk_lsp_page *page, const struct sk_key_info *key);

/* False if no event has this name. */
bool sk_lsp_describe_event(struct sk_lsp_page *page, const char *name, size_t length);

/* One definition or change of a rule, macro or list; several go below each other. */
void sk_lsp_describe_item(struct sk_lsp_page *page, const struct sk_lsp_file *file, const struct sk_lsp_item *item);

/* All definitions of a symbol in the project and what changes them; false if there are none. */
bool sk_lsp_describe_symbol(struct sk_lsp_page *page, const struct sk_lsp_project *project,
			    struct sk_lsp_symbol symbol);

#endif
