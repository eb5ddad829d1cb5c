/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question at a time to a server on a Unix socket, over HTTP/1.1.  Who
 * answers is not trusted: an answer has a limit of bytes and of time.
 */
#ifndef SK_CONTAINERS_HTTP_H
#define SK_CONTAINERS_HTTP_H

#include "vm/support/buffer.h"

struct sk_http;

struct sk_http_options {
	const char *socket;  /* its path; copied */
	unsigned timeout_ms; /* for a whole answer */
	size_t limit;        /* bytes of a body */
};

/* Connects to nothing yet.  -ENOMEM. */
int sk_http_create(const struct sk_http_options *options, struct sk_http **ret_http);
void sk_http_destroy(struct sk_http *http);

/*
 * Asks for `path`, which begins with a slash.  The body replaces what `body`
 * holds, also that of an answer which is an error.  Returns the status (100 to
 * 599), or -ENOTCONN (nobody there), -ETIMEDOUT, -E2BIG, -ECANCELED
 * (interrupted), -EBADMSG (no HTTP, or ended too early), -ENOMEM.
 */
int sk_http_get(struct sk_http *http, const char *path, struct sk_buffer *body);

/* Ends a question that is under way, and all later ones, at once.  From any thread. */
void sk_http_interrupt(struct sk_http *http);

#endif
