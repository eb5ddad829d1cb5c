/* SPDX-License-Identifier: Apache-2.0 */
/* Items of a completion, each with what it means. */
#ifndef SK_LSP_OFFER_H
#define SK_LSP_OFFER_H

#include "cli/lsp/index.h"
#include "cli/lsp/server.h"
#include "compiler/keys.h"
#include "vm/schema/schema.h"

struct sk_lsp_offer {
	struct sk_lsp_request *request;
	json_t *items;
	size_t begin;     /* byte of the document from which to the cursor is replaced */
	json_t *range;    /* the same, once it was needed */
	json_t *known;    /* labels that were offered, where they could come twice */
	bool parentheses; /* names of lists are offered in them */
};

/* LSP's CompletionItemKind. */
enum sk_lsp_offer_kind {
	SK_LSP_OFFER_FUNCTION = 3,
	SK_LSP_OFFER_FIELD = 5,
	SK_LSP_OFFER_VARIABLE = 6,
	SK_LSP_OFFER_CLASS = 7,
	SK_LSP_OFFER_PROPERTY = 10,
	SK_LSP_OFFER_VALUE = 12,
	SK_LSP_OFFER_KEYWORD = 14,
	SK_LSP_OFFER_SNIPPET = 15,
	SK_LSP_OFFER_OPERATOR = 24,
};

/*
 * The word before the cursor that items take the place of, as decoded from
 * YAML; if it is written differently in the document, nothing is replaced.
 */
void sk_lsp_offer_replace(struct sk_lsp_offer *offer, const char *word, size_t length);

void sk_lsp_offer_word(struct sk_lsp_offer *offer, const char *word, enum sk_lsp_offer_kind kind,
		       const char *meaning);

/* `typed` is the begin of the name: of fields with a name behind a dot, those names are offered then. */
void sk_lsp_offer_fields(struct sk_lsp_offer *offer, const char *typed, bool output);
void sk_lsp_offer_operator(struct sk_lsp_offer *offer, enum sk_operator comparison);
void sk_lsp_offer_transformers(struct sk_lsp_offer *offer);
void sk_lsp_offer_symbols(struct sk_lsp_offer *offer, enum sk_lsp_kind kind);
void sk_lsp_offer_tags(struct sk_lsp_offer *offer);
void sk_lsp_offer_key(struct sk_lsp_offer *offer, const struct sk_key_info *key);

/* Whole items; `dash`: their "- " is there. */
void sk_lsp_offer_items(struct sk_lsp_offer *offer, bool dash);

/* The values that a field can have, where they are few: `argument` is what follows its dot. */
void sk_lsp_offer_values(struct sk_lsp_offer *offer, enum sk_field field, const char *argument);

#endif
