/* SPDX-License-Identifier: Apache-2.0 */
/* A container runtime that can be asked what a container is, of whatever kind it is. */
#ifndef SK_CONTAINERS_ASKER_H
#define SK_CONTAINERS_ASKER_H

#include "runtime/containers/metadata.h"

struct sk_asker;

/* Connects to nothing yet.  `timeout_ms` is for each answer.  -ENOMEM, or what eventfd() says. */
int sk_asker_create(enum sk_runtime_kind kind, const char *socket, unsigned timeout_ms,
		    struct sk_asker **ret_asker);
void sk_asker_destroy(struct sk_asker *asker);

/* Whether a runtime of this kind can know a container by such an id, as the state gives it. */
bool sk_asker_may_know(enum sk_runtime_kind kind, const char *id, size_t length);

/*
 * The JSON of a "container" event replaces what `json` holds.  Takes as long
 * as the answers.  -ENOENT: not known there; any other error: no answer.
 */
int sk_asker_ask(struct sk_asker *asker, const char *id, struct sk_buffer *json);

/* Ends a question that is under way, and all later ones, at once.  From any thread. */
void sk_asker_interrupt(struct sk_asker *asker);

#endif
