/* SPDX-License-Identifier: Apache-2.0 */
/* What only the state engine does with containers. */
#ifndef SK_STATE_CONTAINER_TABLE_H
#define SK_STATE_CONTAINER_TABLE_H

#include "runtime/state/container.h"

/* As sk_container_id_from_cgroups(), with the kind of engine that knows such paths. */
unsigned sk_container_match(const char *cgroups, size_t length, char ret_id[64], uint16_t *ret_type,
			    bool *ret_synthesise);

/* Adds a container of which nothing but id and type will ever be known. */
const struct sk_container *sk_containers_synthesise(struct sk_containers *containers, const char *id, size_t length,
						    uint16_t type);

/* A thread in this container was heard of: it is the last to go when there is no room. */
void sk_containers_touch(struct sk_containers *containers, const char *id, size_t length);

/*
 * Who is to be removed now that one more came: the one that was not heard of
 * for the longest time.  NULL: there is room for all.
 */
const struct sk_container *sk_containers_surplus(const struct sk_containers *containers);

/*
 * The id in metadata (of a removal), without taking the rest: written with
 * its NUL; 0 characters if there is none.
 */
unsigned sk_container_id_from_metadata(const char *json, size_t length, char ret_id[64]);

/* Forgets all containers but the host. */
void sk_containers_clear(struct sk_containers *containers);

#endif
