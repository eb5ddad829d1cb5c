/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters of events from text: what a person writes for a value to the
 * bytes that the wire carries (spec/event-schema.md sections 2 to 4).
 *
 *   numbers     12, -1, 0x1f, 0o755; modes are octal anyway
 *   results     a number, or the name of an errno: ENOENT is -2
 *   flags       O_WRONLY|O_CREAT, names of the parameter's table and numbers
 *   addresses   10.0.0.1:80, [::1]:80, /run/socket, @abstract
 *   tuples      SOURCE->DESTINATION, or the other end alone
 *   fd lists    3=POLLIN, 4
 *   times       nanoseconds, or with a unit: 5s, 10ms
 *   signals, system calls, families, protocols: names or numbers
 */
#ifndef SK_SYNTH_VALUE_H
#define SK_SYNTH_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "vm/schema/schema.h"
#include "vm/support/buffer.h"

/* Which words could have been meant. */
enum sk_synth_words {
	SK_SYNTH_NO_WORDS,
	SK_SYNTH_FLAGS,
	SK_SYNTH_ERRNOS,
	SK_SYNTH_SIGNALS,
	SK_SYNTH_SYSCALLS,
};

struct sk_synth_mistake {
	char message[256];                 /* a sentence without a full stop */
	uint32_t begin, end;               /* bytes of the text that it is about */
	enum sk_synth_words words;         /* what a suggestion may come from */
	const struct sk_flag_table *flags; /* of SK_SYNTH_FLAGS */
};

/* Word `number` of those that could have been meant; NULL behind the last. */
const char *sk_synth_word(const struct sk_synth_mistake *mistake, uint32_t number);

/*
 * Appends the bytes of parameter `index` of an event type, as `text` says.
 * -EINVAL with what is wrong; -ENOMEM.
 */
int sk_synth_value(uint16_t type, unsigned index, const char *text, uint32_t length, struct sk_buffer *ret_bytes,
		   struct sk_synth_mistake *ret_mistake);

/* A number as people write it; `octal`: without a prefix it is octal.  False if it is none, or does not fit. */
bool sk_synth_number(const char *text, uint32_t length, bool octal, int64_t *ret_number);

/* The negated number of an errno's name; 0 if there is none. */
int64_t sk_synth_errno(const char *text, uint32_t length);

/* One end of a socket. */
struct sk_synth_end {
	uint8_t family; /* SK_FAMILY_UNIX, _INET or _INET6 */
	uint8_t address[16];
	uint16_t port;
	const char *path; /* UNIX; a part of the text */
	uint32_t path_length;
};

/* False if the text is no address. */
bool sk_synth_end(const char *text, uint32_t length, struct sk_synth_end *ret_end);

/*
 * Both ends of "A->B".  Of one address alone the other end is this machine's:
 * `inbound` says that what is written is the source.  False if it is none, or
 * the ends are of different families.
 */
bool sk_synth_ends(const char *text, uint32_t length, bool inbound, struct sk_synth_end *ret_source,
		   struct sk_synth_end *ret_destination);

#endif
