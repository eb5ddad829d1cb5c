/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/support/wire.h"

#include <assert.h>
#include <string.h>

#include "vm/event.h"

void wire_begin(struct wire *wire, uint16_t type, int64_t tid)
{
	wire->type = type;
	wire->tid = tid;
	wire->count = wire->length = 0;
}

void wire_bytes(struct wire *wire, const void *bytes, size_t length)
{
	assert(wire->count < sk_events[wire->type].nparams && length <= WIRE_MOST - wire->length);
	memcpy(wire->bytes + wire->length, bytes, length);
	wire->lengths[wire->count++] = (uint16_t)length;
	wire->length += (uint32_t)length;
}

void wire_number(struct wire *wire, int64_t number)
{
	size_t size = sk_param_types[sk_events[wire->type].params[wire->count].type].size;

	assert(size > 0 && size <= sizeof(number));
	wire_bytes(wire, &number, size);
}

void wire_text(struct wire *wire, const char *text)
{
	wire_bytes(wire, text, strlen(text) + 1);
}

void wire_end(struct wire *wire, uint16_t cpu)
{
	uint8_t event[sizeof(struct sk_event_header) + sizeof(wire->lengths) + WIRE_MOST];
	struct sk_event_header header = {
		.ts = wire->ts,
		.tid = (uint64_t)wire->tid,
		.type = wire->type,
		.nparams = wire->count,
	};
	size_t lengths = wire->count * sizeof(wire->lengths[0]);

	assert(wire->count == sk_events[wire->type].nparams);
	header.len = (uint32_t)(sizeof(header) + lengths + wire->length);
	memcpy(event, &header, sizeof(header));
	memcpy(event + sizeof(header), wire->lengths, lengths);
	memcpy(event + sizeof(header) + lengths, wire->bytes, wire->length);
	if (wire->result == 0)
		wire->result = sk_scap_writer_event(wire->writer, event, header.len, cpu, &wire->error);
	wire->events++;
}
