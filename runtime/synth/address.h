/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses to the wire (spec/event-schema.md section 3). */
#ifndef SK_SYNTH_ADDRESS_H
#define SK_SYNTH_ADDRESS_H

#include "runtime/synth/value.h"

/* Append what a SOCKADDR and a SOCKTUPLE parameter hold.  Both ends of a tuple are of one family. */
void sk_synth_put_address(const struct sk_synth_end *end, struct sk_buffer *bytes);
void sk_synth_put_tuple(const struct sk_synth_end *source, const struct sk_synth_end *destination,
			struct sk_buffer *bytes);

#endif
