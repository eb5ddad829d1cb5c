/* SPDX-License-Identifier: Apache-2.0 */
/* Making one event in the wire format, for events that no kernel made. */
#ifndef SK_EVENT_BUILD_H
#define SK_EVENT_BUILD_H

#include "vm/event.h"
#include "vm/support/buffer.h"

/*
 * Replaces what is in `buffer` with an event of all the type's parameters,
 * given in the schema's order (NULL bytes: empty).  False if one is too long
 * for the type or there is no memory; then `buffer` holds nothing of use.
 */
bool sk_event_build(uint64_t ts, int64_t tid, uint16_t type, const struct sk_param *params,
		    struct sk_buffer *buffer);

#endif
