/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One unary gRPC call, as bytes that go to a server and bytes that come back:
 * HTTP/2 without a socket.
 *
 *   request ─► give() ─► the server ─► take() ─► finish(): status, message
 *
 * What comes is not trusted: the message has a limit of bytes, and so has
 * everything around it.
 */
#ifndef SK_CONTAINERS_EXCHANGE_H
#define SK_CONTAINERS_EXCHANGE_H

#include "vm/support/buffer.h"

struct sk_exchange;

/* Of what answers mean to say: the rest of gRPC's codes is of no use here. */
enum { SK_GRPC_OK = 0, SK_GRPC_NOT_FOUND = 5, SK_GRPC_UNIMPLEMENTED = 12 };

/* Texts and message are the caller's until the exchange is destroyed. */
struct sk_grpc_call {
	const char *path;                /* "/package.Service/Method" */
	const char *header[2];           /* one more name and value; NULL: none */
	const struct sk_buffer *message; /* protobuf */
};

/* `limit` are bytes of the answer's message.  -ENOMEM. */
int sk_exchange_create(const struct sk_grpc_call *call, size_t limit, struct sk_exchange **ret_exchange);
void sk_exchange_destroy(struct sk_exchange *exchange);

/*
 * Bytes to send now, which hold until the next call of any function; their
 * number, 0 if there are none, -EBADMSG, -ENOMEM.
 */
int sk_exchange_give(struct sk_exchange *exchange, const uint8_t **ret_bytes);

/* Takes bytes that came.  -EBADMSG (no HTTP/2), -E2BIG (more than any answer needs), -ENOMEM. */
int sk_exchange_take(struct sk_exchange *exchange, const uint8_t *bytes, size_t size);

/* True once nothing more is to come. */
bool sk_exchange_is_over(const struct sk_exchange *exchange);

/*
 * The code that the server answered with, 0 to 16; the message replaces what
 * `message` holds if that is 0.  -EBADMSG: no answer of gRPC, or none yet;
 * -E2BIG, -ENOMEM.
 */
int sk_exchange_finish(struct sk_exchange *exchange, struct sk_buffer *message);

#endif
