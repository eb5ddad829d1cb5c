/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evt.rawarg.NAME: a parameter as a typed value.
 *
 *   the event's parameter ─► what its bytes are ─► the type that conditions know
 *
 * Events differ in what they call by the same name (`uid` is a plain number of
 * clone and a user of setuid), but a condition is compiled once: its type is
 * that of the first event with such a parameter.  Numbers are converted to
 * it; a text where a number is wanted, or the reverse, is no value.
 */
#include "runtime/fields/wire.h"

#include "vm/event.h"

static struct sk_value address_of(const struct sk_wire_value *wire, enum sk_type type, struct sk_arena *scratch)
{
	struct sk_address *address = sk_arena_alloc_zeroed(scratch, 1, sizeof(*address));

	if (!address)
		return (struct sk_value){.presence = SK_MISSING_MEMORY};
	address->length = wire->type == SK_PARAM_IPV6ADDR ? 16 : 4;
	memcpy(address->bytes, wire->bytes, address->length);
	return (struct sk_value){.presence = SK_PRESENT, .type = (uint8_t)type, .address = address};
}

static struct sk_value number_of(const struct sk_wire_value *wire, enum sk_type type)
{
	const bool is_signed = sk_type_is_signed(sk_param_value_type(wire->type));
	struct sk_value value =
		sk_value_number(type, is_signed ? (uint64_t)sk_wire_signed(wire) : sk_wire_unsigned(wire));

	value.format = (uint8_t)wire->format;
	return value;
}

/* Users, groups and signal sets are numbers that have no comparison of their own. */
static bool is_number(enum sk_param_type type)
{
	return sk_types[sk_param_value_type(type)].class == SK_CLASS_NUMBER || type == SK_PARAM_UID ||
	       type == SK_PARAM_GID || type == SK_PARAM_SIGSET || type == SK_PARAM_BOOL;
}

static bool is_text(enum sk_param_type type)
{
	return sk_param_value_type(type) == SK_TYPE_STRING;
}

static bool is_address(enum sk_param_type type)
{
	return type == SK_PARAM_IPV4ADDR || type == SK_PARAM_IPV6ADDR;
}

/* What no operator but `exists` takes: the text that outputs print. */
static struct sk_value opaque_of(const struct sk_extraction *asked, unsigned index)
{
	struct sk_text text = sk_text_begin(asked->scratch);
	struct sk_value value;

	sk_param_append_raw(&text, asked->view, index);
	value = sk_text_value(&text);
	value.type = SK_TYPE_OPAQUE;
	return value;
}

static struct sk_value text_of(const struct sk_wire_value *wire, enum sk_type type)
{
	const char *bytes = (const char *)wire->bytes;
	uint32_t length = wire->length;
	struct sk_value value;

	if (is_text(wire->type))
		length = (uint32_t)strnlen(bytes, length);
	value = sk_value_text(bytes, length);
	value.type = (uint8_t)type;
	return value;
}

/* Bytes of any layout, which a condition may search. */
static bool is_bytes(enum sk_param_type type)
{
	return type == SK_PARAM_BYTEBUF || type == SK_PARAM_CHARBUFARRAY || type == SK_PARAM_CHARBUF_PAIR_ARRAY;
}

struct sk_value extract_EVT_RAWARG(const struct sk_extraction *asked)
{
	const enum sk_type type = asked->ref->type;
	const int index = sk_param_find(asked);
	struct sk_wire_value wire;

	if (index < 0)
		return sk_value_missing();
	wire = sk_wire_value(&asked->view->event, (unsigned)index);
	/* A text of no length, not even a NUL, is the reference's word for that; all else is missing. */
	if (wire.length == 0 && is_text(wire.type) && type == SK_TYPE_STRING)
		return sk_field_constant("<NA>");
	if (!sk_wire_is_readable(&wire))
		return sk_value_missing();
	switch (sk_types[type].class) {
	case SK_CLASS_OPAQUE:
		return opaque_of(asked, (unsigned)index);
	case SK_CLASS_STRING:
		return is_text(wire.type) ? text_of(&wire, type) : sk_value_missing();
	case SK_CLASS_BYTES:
		return is_text(wire.type) || is_bytes(wire.type) ? text_of(&wire, type) : sk_value_missing();
	case SK_CLASS_NUMBER:
		return is_number(wire.type) ? number_of(&wire, type) : sk_value_missing();
	case SK_CLASS_BOOL:
		return is_number(wire.type) ? sk_value_bool(sk_wire_unsigned(&wire) != 0) : sk_value_missing();
	case SK_CLASS_ADDRESS:
		return is_address(wire.type) ? address_of(&wire, type, asked->scratch) : sk_value_missing();
	case SK_CLASS_LIST:
	case SK_CLASS_ALL:
		break;
	}
	return sk_value_missing();
}
