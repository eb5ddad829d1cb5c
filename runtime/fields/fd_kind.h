/* SPDX-License-Identifier: Apache-2.0 */
/* What kind of thing an fd is, as the extractors tell them apart. */
#ifndef SK_FIELDS_FD_KIND_H
#define SK_FIELDS_FD_KIND_H

#include "runtime/fields/extract.h"

/* Whether an event creates, uses or destroys an fd: on all others fd.* is missing. */
static inline bool sk_has_fd(const struct sk_event_view *view)
{
	return view->thread && view->fd_number != INT64_MIN;
}

/* No value: the event has no fd, or one of which nothing is known. */
static inline struct sk_value sk_fd_missing(const struct sk_event_view *view)
{
	return (struct sk_value){.presence =
					 sk_has_fd(view) && view->fd_number >= 0 ? SK_MISSING_LOST : SK_MISSING};
}

/* Begins an extractor: `fd`, or no value. */
#define FD_OR_MISSING(asked)                                                                                       \
	const struct sk_fd *fd = sk_has_fd((asked)->view) ? (asked)->view->fd : NULL;                              \
	if (!fd)                                                                                                   \
		return sk_fd_missing((asked)->view);

static inline bool sk_fd_has_role(const struct sk_fd *fd)
{
	return fd->flags & (SK_FD_FLAG_ROLE_CLIENT | SK_FD_FLAG_ROLE_SERVER);
}

/* A socket that waits for connections: it has only its own end, the destination. */
static inline bool sk_fd_is_server_socket(const struct sk_fd *fd)
{
	return fd->type == SK_FD_IPV4_SERVSOCK || fd->type == SK_FD_IPV6_SERVSOCK;
}

static inline bool sk_fd_is_connection(const struct sk_fd *fd)
{
	return fd->type == SK_FD_IPV4_SOCK || fd->type == SK_FD_IPV6_SOCK;
}

static inline bool sk_fd_is_file(const struct sk_fd *fd)
{
	return fd->type == SK_FD_FILE || fd->type == SK_FD_FILE_V2;
}

static inline unsigned sk_fd_address_length(const struct sk_fd *fd)
{
	return fd->type == SK_FD_IPV4_SOCK || fd->type == SK_FD_IPV4_SERVSOCK ? 4 : 16;
}

#endif
