/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unary gRPC calls to a server on a Unix socket, one at a time.  Who answers
 * is not trusted: an answer has a limit of bytes and of time.
 */
#ifndef SK_CONTAINERS_GRPC_H
#define SK_CONTAINERS_GRPC_H

#include "runtime/containers/exchange.h"

struct sk_grpc;

struct sk_grpc_options {
	const char *socket;  /* its path; copied */
	unsigned timeout_ms; /* for a whole call */
	size_t limit;        /* bytes of an answer's message */
};

/* Connects to nothing yet.  -ENOMEM, -ENAMETOOLONG (the socket's), or what eventfd() says. */
int sk_grpc_create(const struct sk_grpc_options *options, struct sk_grpc **ret_grpc);
void sk_grpc_destroy(struct sk_grpc *grpc);

/*
 * Asks, over a connection of its own.  The answer's message replaces what
 * `answer` holds if the server says that all is well.  Returns what it says (0
 * to 16, see SK_GRPC_OK), or -ENOTCONN (nobody there), -ETIMEDOUT, -E2BIG,
 * -ECANCELED (interrupted), -EBADMSG (no gRPC, or ended too early), -ENOMEM.
 */
int sk_grpc_ask(struct sk_grpc *grpc, const struct sk_grpc_call *call, struct sk_buffer *answer);

/* Ends a call that is under way, and all later ones, at once.  From any thread. */
void sk_grpc_interrupt(struct sk_grpc *grpc);

#endif
