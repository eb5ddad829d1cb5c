/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The value of a field for one event.  Strings and bytes point into the
 * event, the state or a scratch arena and live until the event is done.
 */
#ifndef SK_VALUE_H
#define SK_VALUE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "vm/schema/schema.h"
#include "vm/support/buffer.h"

/*
 * Why a field has no value.  Every comparison with a missing value is false
 * whatever the reason; the reason travels along for `explain` and for alerts
 * whose verdict rests on what is not known.
 */
enum sk_presence {
	SK_PRESENT,
	SK_MISSING,         /* it does not apply to this event or process */
	SK_MISSING_LOST,    /* what would have told was lost, or never seen */
	SK_MISSING_PENDING, /* metadata has not arrived yet */
	SK_MISSING_MEMORY,  /* it did not fit into the scratch memory of one event */
};

/*
 * An address: 4 or 16 bytes in network order.  The family is length * 8 bits.
 */
struct sk_address {
	uint8_t bytes[16];
	uint8_t length; /* 4 or 16 */
};

/*
 * A STRING may hold NULs (a data buffer as text, decoded base64): comparing,
 * printing and transforming it stop at the first, as spec section 2.5 says.
 * A value of type IPNET is an address, to be compared with networks.  Of an
 * OPAQUE one `text` is how it prints.
 */
struct sk_value {
	uint8_t presence; /* enum sk_presence */
	uint8_t type;     /* enum sk_type, of the elements for a list */
	uint8_t list;     /* 1: `items` holds `length` elements of that type */
	uint8_t format;   /* enum sk_format: how to print a number */
	uint32_t length;  /* bytes of a STRING, BYTES or OPAQUE; elements */
	union {
		uint64_t number; /* unsigned and BOOL; signed ones as two's complement */
		double real;
		const char *text;                 /* not NUL-terminated */
		const struct sk_address *address; /* IPADDR, IPNET */
		const struct sk_value *items;
	};
};

static inline struct sk_value sk_value_missing(void)
{
	return (struct sk_value){.presence = SK_MISSING};
}

static inline struct sk_value sk_value_text(const char *text, uint32_t length)
{
	return (struct sk_value){.presence = SK_PRESENT, .type = SK_TYPE_STRING, .length = length, .text = text};
}

static inline struct sk_value sk_value_number(enum sk_type type, uint64_t number)
{
	return (struct sk_value){
		.presence = SK_PRESENT, .type = (uint8_t)type, .format = SK_FORMAT_DEC, .number = number};
}

static inline struct sk_value sk_value_bool(bool truth)
{
	return (struct sk_value){.presence = SK_PRESENT, .type = SK_TYPE_BOOL, .number = truth};
}

/* True for the types whose `number` is two's complement. */
bool sk_type_is_signed(enum sk_type type);

/* Bytes of a STRING up to its first NUL. */
static inline uint32_t sk_value_text_length(const struct sk_value *value)
{
	return value->length ? (uint32_t)strnlen(value->text, value->length) : 0;
}

/* Room for any scalar that is no text, as sk_value_render() writes it. */
enum { SK_VALUE_TEXT_SIZE = 352 };

/*
 * The text of a present scalar as sk_value_print() would append it.  STRING
 * and BYTES are where they are; anything else is written into `room`.
 */
const char *sk_value_render(const struct sk_value *value, char room[SK_VALUE_TEXT_SIZE], uint32_t *ret_length);

/*
 * Appends the value as outputs print it (spec/rule-language.md section 4.1):
 * strings as they are, lists as (a,b), booleans as words, numbers after
 * `format`, addresses in their usual notation, "<NA>" when missing.
 */
void sk_value_print(const struct sk_value *value, struct sk_buffer *buffer);

#endif
