/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events of captures from before version 1.2, whose header lacks the number of
 * parameters (spec/scap-format.md section 7.4):
 *
 *    0        8        16      20     22
 *   +--------+--------+-------+------+---------------+------------+
 *   | ts     | tid    | len   | type | u16 lengths   | parameters |
 *   +--------+--------+-------+------+---------------+------------+
 */
#ifndef SK_SCAP_EVENT_V1_H
#define SK_SCAP_EVENT_V1_H

#include <stddef.h>
#include <stdint.h>

#include "vm/event.h"
#include "vm/support/error.h"

enum {
	SK_SCAP_EVENT_V1_HEADER = 22,
	/* An event of `size` bytes becomes at most this much longer. */
	SK_SCAP_EVENT_V1_GROWTH =
		sizeof(struct sk_event_header) - SK_SCAP_EVENT_V1_HEADER + 2 * SK_EVENT_MAX_PARAMS,
};

/*
 * Writes the event in `bytes`, of which `size` are readable, with a header of
 * today to `ret_bytes`, which has room for SK_SCAP_EVENT_V1_GROWTH more.
 * -EBADMSG with a sentence for a damaged event, -ENOTSUP for a type that the
 * schema doesn't know.
 */
int sk_scap_event_v1_lift(const uint8_t *bytes, size_t size, uint8_t *ret_bytes, size_t *ret_size,
			  struct sk_error *error);

#endif
