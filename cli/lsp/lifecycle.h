/* SPDX-License-Identifier: Apache-2.0 */
/* What the client tells about itself and its documents. */
#ifndef SK_LSP_LIFECYCLE_H
#define SK_LSP_LIFECYCLE_H

#include "cli/lsp/server.h"

/* Takes the parameters of `initialize`; its result, or NULL without memory. */
json_t *sk_lsp_initialize(struct sk_lsp_server *server, const json_t *params);

/* Handles a notification; those that are not known are ignored. */
void sk_lsp_handle_notification(struct sk_lsp_server *server, const char *method, const json_t *params,
				uint64_t now);

#endif
