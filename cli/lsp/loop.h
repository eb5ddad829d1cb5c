/* SPDX-License-Identifier: Apache-2.0 */
/* The server on two streams. */
#ifndef SK_LSP_LOOP_H
#define SK_LSP_LOOP_H

#include "cli/lsp/server.h"

/*
 * Serves a client until `exit`, the end of the input, or the end of the
 * process that the client named as its parent.  Returns 0 with the server's
 * exit_status; -EPROTO with why, if the input is no such stream; or another
 * negative errno.
 */
int sk_lsp_serve(struct sk_lsp_server *server, int input, int output, const char **ret_fault);

#endif
