/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns events of old captures into those of the current schema
 * (spec/scap-format.md section 8): newer event types, parameters that were
 * added later, and parameters of an enter event moved to the exit event.
 *
 * An event of a current type with all its parameters needs none of this; one
 * look into `current_from` tells.
 */
#ifndef SK_SCAP_CONVERT_H
#define SK_SCAP_CONVERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/scap/enters.h"
#include "vm/event.h"
#include "vm/support/error.h"

/* In `current_from`: no event of this type passes without a closer look. */
enum { SK_SCAP_NEVER_CURRENT = 255 };

struct sk_scap_converter {
	/*
	 * By type: from how many parameters on an event is handed out as it
	 * is.  More than the schema knows are a newer writer's, and ignored.
	 */
	uint8_t current_from[SK_EVENT_COUNT];
	uint16_t first_row[SK_EVENT_COUNT + 1]; /* rows of convert.def, by type */
	struct sk_scap_enters enters;
	uint8_t *output[2]; /* a step reads the one and writes the other */
};

void sk_scap_converter_init(struct sk_scap_converter *converter);
void sk_scap_converter_release(struct sk_scap_converter *converter);

/* Another capture begins: forgets the stored enter events. */
void sk_scap_converter_reset(struct sk_scap_converter *converter);

/* True if an event is to be handed out as it is, which is what most are. */
static inline bool sk_scap_converter_passes(const struct sk_scap_converter *converter, uint16_t type,
					    uint32_t nparams)
{
	return nparams >= converter->current_from[type] && converter->current_from[type] != SK_SCAP_NEVER_CURRENT;
}

/*
 * Converts a complete, valid event.  1: `*ret_bytes`, valid until the next
 * call, or `bytes` itself where it needs no conversion; 0: nothing comes of it
 * (yet); -EBADMSG with a sentence: no such event can be, -ENOMEM.
 */
int sk_scap_converter_run(struct sk_scap_converter *converter, const uint8_t *bytes, size_t size,
			  const uint8_t **ret_bytes, size_t *ret_size, struct sk_error *error);

/*
 * True if a reader hands out an event of this type with this many parameters
 * unchanged: what a writer may write.
 */
bool sk_scap_event_is_current(uint16_t type, uint32_t nparams);

#endif
