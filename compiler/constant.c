/* SPDX-License-Identifier: Apache-2.0 */
#include "compiler/constant.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <string.h>

#include "vm/plan.h"
#include "vm/support/hex.h"

static bool fault(struct sk_constant_fault *ret_fault, const char *message, const char *hint)
{
	ret_fault->message = message ? message : "out of memory";
	ret_fault->hint = hint;
	return false;
}

static bool is_space(char byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/*
 * Numbers are read as scanf reads %d, %u, %lld and %llu with nothing behind
 * them: blanks and a sign first, decimal digits, and values beyond 64 bits
 * stick to the largest.  What is narrower is cut off by the caller.
 */
struct decimal {
	uint64_t magnitude;
	bool negative, overflow;
};

static bool read_decimal(const char *text, uint32_t length, struct decimal *ret_decimal)
{
	struct decimal decimal = {0};
	uint32_t i = 0;

	while (i < length && is_space(text[i]))
		i++;
	if (i < length && (text[i] == '-' || text[i] == '+'))
		decimal.negative = text[i++] == '-';
	if (i == length)
		return false;
	for (; i < length; i++) {
		if (!is_digit(text[i]))
			return false;
		if (__builtin_mul_overflow(decimal.magnitude, (uint64_t)10, &decimal.magnitude) ||
		    __builtin_add_overflow(decimal.magnitude, (uint64_t)(text[i] - '0'), &decimal.magnitude))
			decimal.overflow = true;
	}
	*ret_decimal = decimal;
	return true;
}

static int64_t as_signed(struct decimal decimal)
{
	if (decimal.negative)
		return decimal.overflow || decimal.magnitude > (uint64_t)INT64_MAX ? INT64_MIN
										   : -(int64_t)decimal.magnitude;
	return decimal.overflow || decimal.magnitude > (uint64_t)INT64_MAX ? INT64_MAX : (int64_t)decimal.magnitude;
}

static uint64_t as_unsigned(struct decimal decimal)
{
	if (decimal.overflow)
		return UINT64_MAX;
	return decimal.negative ? -decimal.magnitude : decimal.magnitude;
}

static bool convert_number(const char *text, uint32_t length, enum sk_type type, struct sk_arena *arena,
			   uint64_t *ret_number, struct sk_constant_fault *ret_fault)
{
	struct decimal decimal;
	const char *hint = NULL;

	if (!read_decimal(text, length, &decimal)) {
		if (length > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
			hint = "numbers are written in decimal";
		else if (memchr(text, '.', length) && type == SK_TYPE_DOUBLE)
			hint = "constants are whole numbers, also for this type";
		return fault(ret_fault, sk_arena_printf(arena, "'%s' is not a valid number", text), hint);
	}
	switch (type) {
	case SK_TYPE_INT8:
		*ret_number = (uint64_t)(int64_t)(int8_t)as_signed(decimal);
		break;
	case SK_TYPE_INT16:
		*ret_number = (uint64_t)(int64_t)(int16_t)as_signed(decimal);
		break;
	case SK_TYPE_INT32:
	case SK_TYPE_DOUBLE:
		*ret_number = (uint64_t)(int64_t)(int32_t)as_signed(decimal);
		break;
	case SK_TYPE_INT64:
		*ret_number = (uint64_t)as_signed(decimal);
		break;
	case SK_TYPE_UINT8:
		*ret_number = (uint8_t)as_unsigned(decimal);
		break;
	case SK_TYPE_UINT16:
		*ret_number = (uint16_t)as_unsigned(decimal);
		break;
	case SK_TYPE_UINT32:
		*ret_number = (uint32_t)as_unsigned(decimal);
		break;
	case SK_TYPE_UINT64:
	case SK_TYPE_RELTIME:
	case SK_TYPE_ABSTIME:
		*ret_number = as_unsigned(decimal);
		break;
	case SK_TYPE_NONE:
	case SK_TYPE_BOOL:
	case SK_TYPE_PORT:
	case SK_TYPE_STRING:
	case SK_TYPE_BYTES:
	case SK_TYPE_IPADDR:
	case SK_TYPE_IPNET:
	case SK_TYPE_DYNAMIC:
	case SK_TYPE_OPAQUE:
	case SK_TYPE_COUNT:
		return fault(ret_fault, "this type has no number", NULL);
	}
	return true;
}

static const struct {
	const char *name;
	uint16_t port;
} services[] = {
#define SK_SERVICE(name, port) {name, port},
#include "compiler/services.def"
};

/* Longer than any registered name: what is longer is not looked up. */
enum { SERVICE_NAME_LIMIT = 64 };

static int find_service(const char *name, uint32_t length)
{
	struct servent entry, *found = NULL;
	char buffer[2048];

	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		if (strcmp(services[i].name, name) == 0)
			return services[i].port;
	}
	if (length == 0 || length > SERVICE_NAME_LIMIT)
		return -1;
	if (getservbyname_r(name, NULL, &entry, buffer, sizeof(buffer), &found) != 0 || !found)
		return -1;
	return ntohs((uint16_t)found->s_port);
}

static bool convert_port(const char *text, uint32_t length, struct sk_arena *arena, uint64_t *ret_number,
			 struct sk_constant_fault *ret_fault)
{
	uint32_t digits = 0;
	int port;

	while (digits < length && is_digit(text[digits]))
		digits++;
	if (length > 0 && digits == length) {
		struct decimal decimal;

		read_decimal(text, length, &decimal);
		if (decimal.overflow || decimal.magnitude > INT32_MAX)
			return fault(ret_fault, sk_arena_printf(arena, "'%s' is not a valid port", text), NULL);
		*ret_number = (uint16_t)decimal.magnitude;
		return true;
	}
	port = find_service(text, length);
	if (port < 0)
		return fault(ret_fault, sk_arena_printf(arena, "unknown service '%s'", text),
			     "a port is a number or the name of a service");
	*ret_number = (uint16_t)port;
	return true;
}

/* The dot decides the family, as in the reference: ::ffff:1.2.3.4 is no IPv6 address here. */
static bool read_address(const char *text, uint32_t length, struct sk_bundle_address *address)
{
	if (memchr(text, '.', length)) {
		address->length = 4;
		return inet_pton(AF_INET, text, address->bytes) == 1;
	}
	address->length = 16;
	return inet_pton(AF_INET6, text, address->bytes) == 1;
}

static bool convert_address(const char *text, uint32_t length, struct sk_arena *arena,
			    struct sk_bundle_address *address, struct sk_constant_fault *ret_fault)
{
	const char *hint = NULL;

	if (read_address(text, length, address))
		return true;
	if (memchr(text, '/', length))
		hint = "networks are compared with fd.net, fd.cnet, fd.snet, fd.lnet and fd.rnet";
	else if (length > 0 && !memchr(text, ':', length) && !is_digit(text[length - 1]))
		hint = "names are compared with fd.cip.name, fd.sip.name, fd.lip.name and fd.rip.name";
	return fault(ret_fault, sk_arena_printf(arena, "'%s' is not an IP address", text), hint);
}

static bool convert_network(const char *text, uint32_t length, struct sk_arena *arena,
			    struct sk_bundle_address *address, struct sk_constant_fault *ret_fault)
{
	const char *slash = memchr(text, '/', length);
	uint32_t prefix = 0, digits = 0, least, most;
	char *host;

	if (!slash)
		return fault(ret_fault, sk_arena_printf(arena, "'%s' is not an IP network", text),
			     "a network is written address/bits");
	host = sk_arena_copy(arena, text, (size_t)(slash - text));
	if (!host)
		return fault(ret_fault, NULL, NULL);
	for (const char *digit = slash + 1; is_digit(*digit) && digits < 3; digit++, digits++)
		prefix = prefix * 10 + (uint32_t)(*digit - '0');
	if (!digits || slash[1 + digits] || !read_address(host, (uint32_t)(slash - text), address))
		return fault(ret_fault, sk_arena_printf(arena, "'%s' is not an IP network", text),
			     "a network is written address/bits");
	least = address->length == 4 ? 0 : 1;
	most = address->length * 8u;
	if (prefix < least || prefix > most)
		return fault(ret_fault,
			     sk_arena_printf(arena, "'%s' has %u prefix bits, which must be %u to %u", text, prefix,
					     least, most),
			     NULL);
	address->prefix = (uint8_t)prefix;
	for (uint32_t bit = prefix; bit < most; bit++)
		address->bytes[bit / 8] &= (uint8_t) ~(0x80u >> (bit % 8));
	return true;
}

static bool convert_hexadecimal(const char *text, uint32_t length, struct sk_arena *arena,
				struct sk_converted_constant *constant, struct sk_constant_fault *ret_fault)
{
	char *bytes = sk_arena_alloc(arena, length / 2 + 1);
	bool valid = length > 0 && length % 2 == 0;

	if (!bytes)
		return fault(ret_fault, NULL, NULL);
	for (uint32_t i = 0; valid && i < length; i += 2) {
		int high = sk_hex_digit(text[i]), low = sk_hex_digit(text[i + 1]);

		valid = high >= 0 && low >= 0;
		bytes[i / 2] = (char)(valid ? high * 16 + low : 0);
	}
	if (!valid)
		return fault(ret_fault,
			     sk_arena_printf(arena, "'%s' is not an even number of hexadecimal digits", text),
			     NULL);
	bytes[length / 2] = '\0';
	constant->text = bytes;
	constant->length = length / 2;
	return true;
}

static bool lower_case(struct sk_converted_constant *constant, struct sk_arena *arena)
{
	char *text = sk_arena_copy(arena, constant->text, constant->length);

	if (!text)
		return false;
	for (uint32_t i = 0; i < constant->length; i++) {
		if (text[i] >= 'A' && text[i] <= 'Z')
			text[i] = (char)(text[i] + ('a' - 'A'));
	}
	constant->text = text;
	return true;
}

/* One slash before each component; a path that would become too long stays as it is. */
static bool plain_path(struct sk_converted_constant *constant, struct sk_arena *arena)
{
	char *text = sk_arena_alloc(arena, (size_t)constant->length * 2 + 2);
	uint32_t length = 0;

	if (!text)
		return false;
	for (uint32_t i = 0; i < constant->length; i++) {
		if (constant->text[i] == '/')
			continue;
		if (i == 0 || constant->text[i - 1] == '/')
			text[length++] = '/';
		text[length++] = constant->text[i];
	}
	if (length == 0)
		text[length++] = '/';
	text[length] = '\0';
	if (length <= SK_CONSTANT_LENGTH_LIMIT) {
		constant->text = text;
		constant->length = length;
	}
	return true;
}

/* Brings a text into the form that indexes take. */
static bool normalise(struct sk_converted_constant *constant, enum sk_operator comparison, struct sk_arena *arena)
{
	if (comparison == SK_OPERATOR_ICONTAINS && !sk_plan_is_lower_case(constant->text, constant->length))
		return lower_case(constant, arena);
	if (comparison == SK_OPERATOR_PMATCH && !sk_plan_has_wildcard(constant->text, constant->length) &&
	    !sk_plan_is_plain_path(constant->text, constant->length))
		return plain_path(constant, arena);
	return true;
}

bool sk_constant_convert(const char *text, uint32_t length, enum sk_type type, enum sk_operator comparison,
			 struct sk_arena *arena, struct sk_converted_constant *ret_constant,
			 struct sk_constant_fault *ret_fault)
{
	struct sk_converted_constant constant = {.text = text, .length = length};
	bool hexadecimal = comparison == SK_OPERATOR_BCONTAINS || comparison == SK_OPERATOR_BSTARTSWITH;

	if (hexadecimal && !convert_hexadecimal(text, length, arena, &constant, ret_fault))
		return false;
	if (type != SK_TYPE_BYTES && memchr(text, '\0', length))
		return fault(ret_fault, "filter value cannot contain a NUL byte", NULL);
	if (constant.length > SK_CONSTANT_LENGTH_LIMIT)
		return fault(ret_fault,
			     sk_arena_printf(arena, "the constant has %u bytes, more than the %d that are allowed",
					     constant.length, SK_CONSTANT_LENGTH_LIMIT),
			     NULL);
	switch (type) {
	case SK_TYPE_STRING:
		if (!normalise(&constant, comparison, arena))
			return fault(ret_fault, NULL, NULL);
		break;
	case SK_TYPE_BYTES:
		break;
	case SK_TYPE_BOOL:
		if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
			return fault(ret_fault, sk_arena_printf(arena, "'%s' is not true or false", text), NULL);
		constant.number = text[0] == 't';
		break;
	case SK_TYPE_PORT:
		if (!convert_port(text, length, arena, &constant.number, ret_fault))
			return false;
		break;
	case SK_TYPE_IPADDR:
		if (!convert_address(text, length, arena, &constant.address, ret_fault))
			return false;
		break;
	case SK_TYPE_IPNET:
		if (!convert_network(text, length, arena, &constant.address, ret_fault))
			return false;
		break;
	case SK_TYPE_INT8:
	case SK_TYPE_INT16:
	case SK_TYPE_INT32:
	case SK_TYPE_INT64:
	case SK_TYPE_UINT8:
	case SK_TYPE_UINT16:
	case SK_TYPE_UINT32:
	case SK_TYPE_UINT64:
	case SK_TYPE_DOUBLE:
	case SK_TYPE_RELTIME:
	case SK_TYPE_ABSTIME:
		if (!convert_number(text, length, type, arena, &constant.number, ret_fault))
			return false;
		break;
	case SK_TYPE_NONE:
	case SK_TYPE_DYNAMIC:
	case SK_TYPE_OPAQUE:
	case SK_TYPE_COUNT:
		return fault(ret_fault, "values of this type cannot be compared", NULL);
	}
	*ret_constant = constant;
	return true;
}
