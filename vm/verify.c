/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier: one pass over each section, in an order in which a record only
 * refers to what has been checked before.
 *
 *   STRINGS ─► FIELDS ───┐
 *      └─────► CONSTANTS ┴► EXPRESSIONS ─► PREDICATES ─► CODE, RULES, TAGS ─►
 *              TYPES, TYPE_RULES, SYSCALLS, FILES, LOCATIONS
 *
 * It goes by the tables that the compiler goes by (fields.def, operators.def,
 * transformers.def, ops.def) and does not rest on the checksum: bytes that
 * somebody made and sealed are no better than any other.
 *
 * Every pass is linear in the size of the bundle, but for the constants of
 * predicates and the rules of types, which may be shared: the first have a
 * limit, the second can be at most every rule for every type.
 */
#include "vm/verify.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vm/support/alloc.h"

int sk_verify_refuse(struct sk_verifier *verifier, enum sk_section section, uint32_t record, const char *format,
		     ...)
{
	char reason[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	return sk_error_set(verifier->error, -EBADMSG, "section %s, record %u: %s", sk_section_names[section],
			    record, reason);
}

/* --- strings ----------------------------------------------------------- */

static int check_strings(struct sk_verifier *verifier)
{
	const struct sk_bundle *bundle = verifier->bundle;
	uint32_t next = 0;

	for (uint32_t i = 0; i < bundle->strings_count; i++) {
		const struct sk_bundle_string *string = &bundle->strings[i];

		if (string->offset != next)
			return sk_verify_refuse(verifier, SK_SECTION_STRINGS, i,
						"the text does not begin where the last one ended");
		if (next >= bundle->string_bytes_count || string->length >= bundle->string_bytes_count - next)
			return sk_verify_refuse(verifier, SK_SECTION_STRINGS, i,
						"the text passes the end of STRING_BYTES");
		next += string->length;
		if (bundle->string_bytes[next] != '\0')
			return sk_verify_refuse(verifier, SK_SECTION_STRINGS, i, "no NUL stands behind the text");
		next++;
	}
	if (next != bundle->string_bytes_count)
		return sk_verify_refuse(verifier, SK_SECTION_STRING_BYTES, next, "the byte belongs to no string");
	return 0;
}

static bool has_nul(const struct sk_verifier *verifier, uint32_t string)
{
	uint32_t length;
	const char *text = sk_bundle_text(verifier->bundle, string, &length);

	return memchr(text, '\0', length) != NULL;
}

/* --- fields ------------------------------------------------------------ */

static bool argument_allowed(enum sk_field_argument shape, enum sk_argument_kind kind)
{
	switch (shape) {
	case SK_ARGUMENT_NONE:
		return kind == SK_ARGUMENT_KIND_NONE;
	case SK_ARGUMENT_INDEX:
		return kind == SK_ARGUMENT_KIND_INDEX;
	case SK_ARGUMENT_KEY:
	case SK_ARGUMENT_SUFFIX:
		return kind == SK_ARGUMENT_KIND_TEXT;
	case SK_ARGUMENT_EITHER:
	case SK_ARGUMENT_SUFFIX_OR_INDEX:
		return kind != SK_ARGUMENT_KIND_NONE;
	case SK_ARGUMENT_OPTIONAL_INDEX:
		return kind != SK_ARGUMENT_KIND_TEXT;
	case SK_ARGUMENT_OPTIONAL_KEY:
	case SK_ARGUMENT_OPTIONAL_SUFFIX:
		return kind != SK_ARGUMENT_KIND_INDEX;
	case SK_ARGUMENT_OPTIONAL_EITHER:
		return true;
	}
	return false;
}

/* True if the text is decimal digits that say `index`. */
static bool is_index(const char *text, uint32_t length, uint32_t index)
{
	uint64_t number = 0;

	if (length == 0)
		return false;
	for (uint32_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		number = number * 10 + (uint64_t)(text[i] - '0');
		if (number > UINT32_MAX)
			return false;
	}
	return number == index;
}

static int check_field_argument(struct sk_verifier *verifier, uint32_t i)
{
	const struct sk_bundle_field *field = &verifier->bundle->fields[i];
	const char *text;
	uint32_t length;

	if (field->kind == SK_ARGUMENT_KIND_NONE) {
		if (field->argument != SK_NONE)
			return sk_verify_refuse(verifier, SK_SECTION_FIELDS, i,
						"it has the text of an argument but none");
		if (field->index != 0)
			return sk_verify_refuse(verifier, SK_SECTION_FIELDS, i, "it has an index but no argument");
		return 0;
	}
	if (!sk_verify_is_string(verifier, field->argument))
		return sk_verify_refuse(verifier, SK_SECTION_FIELDS, i, "its argument is no string");
	text = sk_bundle_text(verifier->bundle, field->argument, &length);
	if (field->kind == SK_ARGUMENT_KIND_INDEX) {
		if (!is_index(text, length, field->index))
			return sk_verify_refuse(verifier, SK_SECTION_FIELDS, i,
						"its index %u is not what its argument says", field->index);
		return 0;
	}
	if (field->index != 0)
		return sk_verify_refuse(verifier, SK_SECTION_FIELDS, i, "it has an index and its argument is text");
	if (memchr(text, '\0', length))
		return sk_verify_refuse(verifier, SK_SECTION_FIELDS, i, "its argument has a NUL inside");
	return 0;
}

static int check_fields(struct sk_verifier *verifier)
{
	for (uint32_t i = 0; i < verifier->bundle->fields_count; i++) {
		const struct sk_bundle_field *field = &verifier->bundle->fields[i];
		const struct sk_field_info *info;
		int status;

		if (field->field >= SK_FIELD_COUNT)
			return sk_verify_refuse(verifier, SK_SECTION_FIELDS, i, "there is no field %u",
						field->field);
		info = &sk_fields[field->field];
		if (info->availability == SK_AVAILABILITY_LATER)
			return sk_verify_refuse(verifier, SK_SECTION_FIELDS, i,
						"%s is not available in this version", info->name);
		if (field->kind > SK_ARGUMENT_KIND_TEXT || !argument_allowed(info->argument, field->kind))
			return sk_verify_refuse(verifier, SK_SECTION_FIELDS, i, "%s does not take such an argument",
						info->name);
		if (field->type != info->type)
			return sk_verify_refuse(verifier, SK_SECTION_FIELDS, i, "%s is not of that type",
						info->name);
		if (field->list != info->list)
			return sk_verify_refuse(verifier, SK_SECTION_FIELDS, i, "%s is %s", info->name,
						info->list ? "a list" : "no list");
		if (field->scope != info->scope)
			return sk_verify_refuse(verifier, SK_SECTION_FIELDS, i, "%s is not of that scope",
						info->name);
		if (field->zero != 0)
			return sk_verify_refuse(verifier, SK_SECTION_FIELDS, i, "an unused member is not zero");
		status = check_field_argument(verifier, i);
		if (status < 0)
			return status;
	}
	return 0;
}

/* --- constants --------------------------------------------------------- */

/* True if `number` is a value of the type, extended to 64 bits as it must be. */
static bool number_in_range(enum sk_type type, uint64_t number)
{
	switch (type) {
	case SK_TYPE_BOOL:
		return number <= 1;
	case SK_TYPE_INT8:
		return number == (uint64_t)(int8_t)number;
	case SK_TYPE_INT16:
		return number == (uint64_t)(int16_t)number;
	case SK_TYPE_INT32:
	case SK_TYPE_DOUBLE:
		return number == (uint64_t)(int32_t)number;
	case SK_TYPE_UINT8:
		return number <= UINT8_MAX;
	case SK_TYPE_UINT16:
	case SK_TYPE_PORT:
		return number <= UINT16_MAX;
	case SK_TYPE_UINT32:
		return number <= UINT32_MAX;
	case SK_TYPE_INT64:
	case SK_TYPE_UINT64:
	case SK_TYPE_RELTIME:
	case SK_TYPE_ABSTIME:
		return true;
	case SK_TYPE_NONE:
	case SK_TYPE_STRING:
	case SK_TYPE_BYTES:
	case SK_TYPE_IPADDR:
	case SK_TYPE_IPNET:
	case SK_TYPE_DYNAMIC:
	case SK_TYPE_OPAQUE:
	case SK_TYPE_COUNT:
		return false;
	}
	return false;
}

/* True if all bits of the address from bit `first` on are zero. */
static bool address_zero_from(const uint8_t address[16], unsigned first)
{
	for (unsigned bit = first; bit < 128; bit++) {
		if (address[bit / 8] & (0x80 >> bit % 8))
			return false;
	}
	return true;
}

static int check_address(struct sk_verifier *verifier, uint32_t i)
{
	const struct sk_bundle_constant *constant = &verifier->bundle->constants[i];
	unsigned bits = constant->address_length * 8;

	if (constant->address_length != 4 && constant->address_length != 16)
		return sk_verify_refuse(verifier, SK_SECTION_CONSTANTS, i, "an address of %u bytes",
					constant->address_length);
	if (constant->type == SK_TYPE_IPNET) {
		if (constant->prefix > bits || (constant->prefix == 0 && bits == 128))
			return sk_verify_refuse(verifier, SK_SECTION_CONSTANTS, i, "a network of %u bits",
						constant->prefix);
		bits = constant->prefix;
	} else if (constant->prefix != 0) {
		return sk_verify_refuse(verifier, SK_SECTION_CONSTANTS, i, "an address with a prefix");
	}
	if (!address_zero_from(constant->address, bits))
		return sk_verify_refuse(verifier, SK_SECTION_CONSTANTS, i,
					"the address has bits set behind its end");
	return 0;
}

static int check_constants(struct sk_verifier *verifier)
{
	for (uint32_t i = 0; i < verifier->bundle->constants_count; i++) {
		const struct sk_bundle_constant *constant = &verifier->bundle->constants[i];
		bool address = constant->type == SK_TYPE_IPADDR || constant->type == SK_TYPE_IPNET;
		int status;

		if (constant->type >= SK_TYPE_COUNT ||
		    !(sk_types[constant->type].class & ~(SK_CLASS_OPAQUE | SK_CLASS_LIST)))
			return sk_verify_refuse(verifier, SK_SECTION_CONSTANTS, i,
						"there are no constants of type %u", constant->type);
		if (!sk_verify_is_string(verifier, constant->text))
			return sk_verify_refuse(verifier, SK_SECTION_CONSTANTS, i, "its text is no string");
		if (constant->type != SK_TYPE_BYTES && has_nul(verifier, constant->text))
			return sk_verify_refuse(verifier, SK_SECTION_CONSTANTS, i, "its text has a NUL inside");
		if (constant->zero != 0)
			return sk_verify_refuse(verifier, SK_SECTION_CONSTANTS, i, "an unused member is not zero");
		if (address) {
			status = check_address(verifier, i);
			if (status < 0)
				return status;
			continue;
		}
		if (constant->address_length != 0 || constant->prefix != 0)
			return sk_verify_refuse(verifier, SK_SECTION_CONSTANTS, i,
						"the length of an address, which it is not");
		if (constant->type == SK_TYPE_STRING || constant->type == SK_TYPE_BYTES) {
			if (!address_zero_from(constant->address, 0))
				return sk_verify_refuse(verifier, SK_SECTION_CONSTANTS, i,
							"a number, which it is not");
			continue;
		}
		if (!address_zero_from(constant->address, 64))
			return sk_verify_refuse(verifier, SK_SECTION_CONSTANTS, i,
						"bits are set behind the number");
		if (!number_in_range(constant->type, constant->number))
			return sk_verify_refuse(verifier, SK_SECTION_CONSTANTS, i,
						"the number is out of the range of %s",
						sk_types[constant->type].name);
	}
	return 0;
}

/* --- what hangs on rules ----------------------------------------------- */

static int check_types(struct sk_verifier *verifier)
{
	const struct sk_bundle *bundle = verifier->bundle;

	if (bundle->types_count != SK_EVENT_COUNT)
		return sk_verify_refuse(verifier, SK_SECTION_TYPES, bundle->types_count,
					"%u event types instead of %u", bundle->types_count, SK_EVENT_COUNT);
	for (uint32_t i = 0; i < bundle->type_rules_count; i++) {
		if (bundle->type_rules[i] >= bundle->rules_count)
			return sk_verify_refuse(verifier, SK_SECTION_TYPE_RULES, i, "there is no rule %u",
						bundle->type_rules[i]);
	}
	for (uint32_t i = 0; i < bundle->types_count; i++) {
		const struct sk_bundle_type *type = &bundle->types[i];

		if (type->count == 0 && type->first != 0)
			return sk_verify_refuse(verifier, SK_SECTION_TYPES, i,
						"it has no rules, and says where they begin");
		if (type->first > bundle->type_rules_count || type->count > bundle->type_rules_count - type->first)
			return sk_verify_refuse(verifier, SK_SECTION_TYPES, i,
						"its rules pass the end of TYPE_RULES");
		for (uint32_t k = 1; k < type->count; k++) {
			if (bundle->type_rules[type->first + k - 1] >= bundle->type_rules[type->first + k])
				return sk_verify_refuse(verifier, SK_SECTION_TYPES, i, "its rules do not ascend");
		}
	}
	return 0;
}

static int check_syscalls(struct sk_verifier *verifier)
{
	const struct sk_bundle *bundle = verifier->bundle;
	unsigned used = SK_SYSCALL_NAME_COUNT % 64;

	if (bundle->syscalls_count != SK_BUNDLE_SYSCALL_WORDS)
		return sk_verify_refuse(verifier, SK_SECTION_SYSCALLS, bundle->syscalls_count,
					"%u words instead of %u", bundle->syscalls_count, SK_BUNDLE_SYSCALL_WORDS);
	if (used != 0 && bundle->syscalls[SK_BUNDLE_SYSCALL_WORDS - 1] >> used != 0)
		return sk_verify_refuse(verifier, SK_SECTION_SYSCALLS, SK_BUNDLE_SYSCALL_WORDS - 1,
					"a bit of no system call is set");
	return 0;
}

static int check_locations(struct sk_verifier *verifier)
{
	const struct sk_bundle *bundle = verifier->bundle;

	for (uint32_t i = 0; i < bundle->files_count; i++) {
		if (!sk_verify_is_string(verifier, bundle->files[i]))
			return sk_verify_refuse(verifier, SK_SECTION_FILES, i, "its name is no string");
	}
	if (bundle->locations_count != bundle->predicates_count + bundle->rules_count)
		return sk_verify_refuse(verifier, SK_SECTION_LOCATIONS, bundle->locations_count,
					"%u locations for %u predicates and %u rules", bundle->locations_count,
					bundle->predicates_count, bundle->rules_count);
	for (uint32_t i = 0; i < bundle->locations_count; i++) {
		const struct sk_bundle_location *location = &bundle->locations[i];

		if (location->file == SK_NONE) {
			if (location->line != 0 || location->column != 0)
				return sk_verify_refuse(verifier, SK_SECTION_LOCATIONS, i, "a place in no file");
			continue;
		}
		if (location->file >= bundle->files_count)
			return sk_verify_refuse(verifier, SK_SECTION_LOCATIONS, i, "there is no file %u",
						location->file);
		if (location->line == 0 || location->column == 0)
			return sk_verify_refuse(verifier, SK_SECTION_LOCATIONS, i, "line or column is 0");
	}
	return 0;
}

int sk_bundle_verify(const struct sk_bundle *bundle, struct sk_error *error)
{
	static int (*const checks[])(struct sk_verifier *) = {
		check_strings,   check_fields, check_constants, sk_verify_expressions, sk_verify_predicates,
		sk_verify_rules, check_types,  check_syscalls,  check_locations,
	};
	SK_CLEANUP_FREE struct sk_expression_note *notes =
		sk_alloc_zeroed(bundle->expressions_count, sizeof(struct sk_expression_note));
	struct sk_verifier verifier = {.bundle = bundle, .error = error, .notes = notes};

	if (!notes)
		return sk_error_set(error, -ENOMEM, "no memory to verify the bundle");
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		int status = checks[i](&verifier);

		if (status < 0)
			return status;
	}
	return 0;
}
