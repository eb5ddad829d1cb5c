/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of cri.proto, out of bytes that nobody vouches for and into bytes. */
#ifndef SK_CONTAINERS_MESSAGE_H
#define SK_CONTAINERS_MESSAGE_H

#include "runtime/containers/cri.pb-c.h"
#include "runtime/containers/metadata.h"

/*
 * Unpacks a message of the type that `descriptor` describes; NULL: it is none,
 * or would take more memory than any answer should.  sk_message_free().
 */
void *sk_message_read(const ProtobufCMessageDescriptor *descriptor, const struct sk_answer *answer);

/* Frees what sk_message_read() gave; NULL is fine. */
void sk_message_free(void *message);

/* The message's bytes replace what `ret_bytes` holds. */
void sk_message_write(const ProtobufCMessage *message, struct sk_buffer *ret_bytes);

#endif
