/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds events in the wire format (vm/event.h) one parameter after another and
 * hands them to a capture writer:
 *
 *   wire_begin ─► wire_number | wire_text | wire_bytes, one a parameter ─► wire_end
 *
 * The schema knows how wide a number is.
 */
#ifndef SK_BENCH_WIRE_H
#define SK_BENCH_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/scap/writer.h"
#include "vm/schema/schema.h"

enum { WIRE_MOST = 1 << 16 };

struct wire {
	struct sk_scap_writer *writer;
	struct sk_error error;
	int result; /* the first failure; later events do nothing */
	uint64_t events;
	uint64_t ts; /* of the next event */

	uint16_t type;
	int64_t tid;
	uint32_t count, length;
	uint16_t lengths[SK_EVENT_MAX_PARAMS];
	uint8_t bytes[WIRE_MOST];
};

void wire_begin(struct wire *wire, uint16_t type, int64_t tid);
void wire_number(struct wire *wire, int64_t number);
void wire_text(struct wire *wire, const char *text); /* with its NUL */
void wire_bytes(struct wire *wire, const void *bytes, size_t length);
void wire_end(struct wire *wire, uint16_t cpu);

#endif
