/* SPDX-License-Identifier: Apache-2.0 */
/* What the compiles of the projects said: diagnostics.c. */
#ifndef SK_LSP_VERDICT_H
#define SK_LSP_VERDICT_H

#include "cli/lsp/server.h"

void sk_lsp_verdicts_release(struct sk_lsp_server *server);

#endif
