/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the server can do, one file of this folder each.  A handler returns the
 * result of its request, a new reference, or NULL as struct sk_lsp_request says.
 */
#ifndef SK_LSP_CAPABILITIES_H
#define SK_LSP_CAPABILITIES_H

#include "cli/lsp/server.h"

json_t *sk_lsp_completion(struct sk_lsp_request *request);
json_t *sk_lsp_hover(struct sk_lsp_request *request);
json_t *sk_lsp_definition(struct sk_lsp_request *request);
json_t *sk_lsp_references(struct sk_lsp_request *request);
json_t *sk_lsp_highlights(struct sk_lsp_request *request);
json_t *sk_lsp_prepare_rename(struct sk_lsp_request *request);
json_t *sk_lsp_rename(struct sk_lsp_request *request);
json_t *sk_lsp_document_symbols(struct sk_lsp_request *request);
json_t *sk_lsp_workspace_symbols(struct sk_lsp_request *request);
json_t *sk_lsp_formatting(struct sk_lsp_request *request);
json_t *sk_lsp_code_actions(struct sk_lsp_request *request);

#endif
