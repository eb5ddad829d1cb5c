/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks containerd or CRI-O, over its socket, what a container is: as CRI, and
 * where that knows nothing, by containerd's own API.
 */
#ifndef SK_CONTAINERS_CRI_H
#define SK_CONTAINERS_CRI_H

#include "runtime/containers/grpc.h"

struct sk_cri;

/* Connects to nothing yet.  Errors of sk_grpc_create(). */
int sk_cri_create(const struct sk_grpc_options *options, struct sk_cri **ret_cri);
void sk_cri_destroy(struct sk_cri *cri);

/*
 * The JSON of the event about the container whose id begins with `id` (up to
 * 12 characters) replaces what `json` holds.  -ENOENT: it is not known there;
 * -EBADMSG, and errors of sk_grpc_ask().
 */
int sk_cri_ask(struct sk_cri *cri, const char *id, struct sk_buffer *json);

/* Ends a question that is under way, and all later ones, at once.  From any thread. */
void sk_cri_interrupt(struct sk_cri *cri);

#endif
