/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One event in the wire format, which is scap's (spec/scap-format.md section
 * 7.1): what the BPF ring delivers, what a capture holds, and what every layer
 * reads without copying.
 *
 *    0        8        16      20     22      26
 *   +--------+--------+-------+------+-------+------------------+------------+
 *   | ts     | tid    | len   | type | nparams| lengths         | parameters |
 *   +--------+--------+-------+------+-------+------------------+------------+
 *                                             u16 each, u32 where the type is
 *                                             flagged LARGE_PAYLOAD
 *
 * All integers are little-endian, nothing is aligned.
 */
#ifndef SK_EVENT_H
#define SK_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "vm/schema/schema.h"
#include "vm/support/error.h"

struct sk_event_header {
	uint64_t ts;  /* ns since the epoch */
	uint64_t tid; /* host pid namespace; UINT64_MAX: no thread */
	uint32_t len; /* header + lengths + parameters + notes */
	uint16_t type;
	uint32_t nparams;
} __attribute__((packed));

_Static_assert(sizeof(struct sk_event_header) == 26, "scap event header");

struct sk_param {
	const uint8_t *bytes;
	uint32_t length;
};

/*
 * A decoded event: pointers into the wire bytes, which must outlive it.
 * Invariant: param[i] for i < nparams lies inside the event; nparams is at
 * most the schema's count for the type, so extra parameters of a newer writer
 * are ignored; notes (vm/notes.h) stand behind all of them.
 */
struct sk_event {
	const struct sk_event_header *header; /* unaligned */
	const struct sk_event_info *info;
	uint64_t number; /* 1 for the first event of the run; set by the caller */
	uint64_t ts;
	int64_t tid;
	uint16_t type;
	uint16_t cpu;
	uint16_t nparams;
	bool state_only;       /* the capture marks it: state sees it, rules do not */
	struct sk_param notes; /* with their magic; of length 0 without any */
	struct sk_param param[SK_EVENT_MAX_PARAMS];
};

/*
 * Decodes the event in `bytes`, of which `size` are readable.  Checks every
 * length; -EINVAL with a sentence in `error` for a damaged event, -ENOTSUP for
 * a type newer than the schema.  `number`, `cpu` and `state_only` stay the
 * caller's.
 */
int sk_event_decode(const uint8_t *bytes, size_t size, struct sk_event *ret_event, struct sk_error *error);

/*
 * Reading parameters.  Numbers are widened; a parameter that is absent or has
 * another size than its type reads as `otherwise`, so a damaged event can
 * never make a reader fail.
 */
int64_t sk_event_signed(const struct sk_event *event, unsigned index, int64_t otherwise);
uint64_t sk_event_unsigned(const struct sk_event *event, unsigned index, uint64_t otherwise);

/* True if the event has the parameter and it is not empty. */
static inline bool sk_event_has(const struct sk_event *event, unsigned index)
{
	return index < event->nparams && event->param[index].length > 0;
}

/*
 * The string of a CHARBUF, FSPATH or FSRELPATH parameter without its NUL, up
 * to the first NUL if there are more.  Empty and absent ones, and the text
 * "(NULL)" of old captures, read as "<NA>" (spec/state.md section 10).
 */
const char *sk_event_text(const struct sk_event *event, unsigned index, uint32_t *ret_length);

/*
 * True if the event says what its type's parameters say, all of them, and no
 * more: without notes.  Events of old captures may lack parameters.
 */
static inline bool sk_event_is_bare(const struct sk_event *event)
{
	return event->notes.length == 0 && event->nparams == event->info->nparams;
}

/* The event's return value, parameter 0 of a typed exit event; false if none. */
bool sk_event_result(const struct sk_event *event, int64_t *ret_value);

static inline uint16_t sk_read_u16(const void *bytes)
{
	uint16_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

static inline uint32_t sk_read_u32(const void *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

static inline uint64_t sk_read_u64(const void *bytes)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

#endif
