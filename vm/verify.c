/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier: one pass over each section, in an order in which a record only
 * refers to what has been checked before.
 *
 *   STRINGS ─► FIELDS ───┐
 *      └─────► CONSTANTS ┴► EXPRESSIONS ─► PREDICATES ─► CODE, RULES, TAGS ─►
 *              TYPES, TYPE_RULES, SYSCALLS, FILES, LOCATIONS ─► QUESTIONS, INDEXES
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

/* Sixteen bytes at a time, counted bytewise until a count might overflow. */
static size_t count_nuls(const char *bytes, size_t count)
{
	typedef uint8_t block __attribute__((vector_size(16)));
	size_t nuls = 0, i = 0;

	while (i + sizeof(block) <= count) {
		block counts = {0};

		for (unsigned k = 0; k < UINT8_MAX && i + sizeof(block) <= count; k++, i += sizeof(block)) {
			block next;

			memcpy(&next, bytes + i, sizeof(next));
			/* True is all ones, which is minus one. */
			counts -= (block)(next == 0);
		}
		for (unsigned k = 0; k < sizeof(block); k++)
			nuls += counts[k];
	}
	for (; i < count; i++)
		nuls += bytes[i] == '\0';
	return nuls;
}

static int refuse_string(struct sk_verifier *verifier, uint32_t i)
{
	const struct sk_bundle *bundle = verifier->bundle;

	if (bundle->strings[i] <= bundle->strings[i - 1])
		return sk_verify_refuse(verifier, SK_SECTION_STRINGS, i,
					"the text does not begin behind the one before");
	if (bundle->strings[i] > bundle->string_bytes_count)
		return sk_verify_refuse(verifier, SK_SECTION_STRINGS, i,
					"the text before it passes the end of STRING_BYTES");
	return sk_verify_refuse(verifier, SK_SECTION_STRINGS, i, "no NUL stands behind the text before it");
}

/*
 * Only constants of BYTES may have NULs inside, and only what is no constant
 * may be long: usually all constants come before the first such text.
 */
static int check_strings(struct sk_verifier *verifier)
{
	const struct sk_bundle *bundle = verifier->bundle;
	const uint32_t *strings = bundle->strings;
	const char *bytes = bundle->string_bytes;
	const uint32_t size = bundle->string_bytes_count;
	uint32_t begin = 0;

	if (bundle->strings_count == 0)
		return sk_verify_refuse(verifier, SK_SECTION_STRINGS, 0,
					"it does not say where the last text ends");
	if (strings[0] != 0)
		return sk_verify_refuse(verifier, SK_SECTION_STRINGS, 0, "the first text does not begin at 0");
	verifier->plain_strings = sk_bundle_string_count(bundle);
	for (uint32_t i = 1; i < bundle->strings_count; i++) {
		const uint32_t end = strings[i];

		if (end <= begin || end > size || bytes[end - 1] != '\0')
			return refuse_string(verifier, i);
		/* With the NUL behind it. */
		if (end - begin > SK_CONSTANT_LENGTH_LIMIT + 1 && i <= verifier->plain_strings)
			verifier->plain_strings = i - 1;
		begin = end;
	}
	if (begin != size)
		return sk_verify_refuse(verifier, SK_SECTION_STRING_BYTES, begin, "the byte belongs to no string");
	if (count_nuls(bytes, size) == sk_bundle_string_count(bundle))
		return 0;
	for (uint32_t i = 0; i < verifier->plain_strings; i++) {
		if (sk_verify_has_nul(verifier, i))
			verifier->plain_strings = i;
	}
	return 0;
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
		if (field->index != 0 && !(sk_fields[field->field].flags & SK_FIELD_FLAG_READING))
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

/* The type of the parameter that a field of type DYNAMIC names; -1 if no event has it. */
static int param_type(const struct sk_bundle *bundle, const struct sk_bundle_field *field)
{
	uint32_t length;
	const char *name = sk_bundle_text(bundle, field->argument, &length);

	return sk_param_condition_type(name, length);
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
		if (field->kind > SK_ARGUMENT_KIND_TEXT || !argument_allowed(info->argument, field->kind))
			return sk_verify_refuse(verifier, SK_SECTION_FIELDS, i, "%s does not take such an argument",
						info->name);
		if (info->type != SK_TYPE_DYNAMIC && field->type != info->type)
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
		if (info->type == SK_TYPE_DYNAMIC && field->type != param_type(verifier->bundle, field))
			return sk_verify_refuse(verifier, SK_SECTION_FIELDS, i, "%s is not of its parameter's type",
						info->name);
	}
	return 0;
}

/* --- addresses --------------------------------------------------------- */

static int check_addresses(struct sk_verifier *verifier)
{
	for (uint32_t i = 0; i < verifier->bundle->addresses_count; i++) {
		const struct sk_bundle_address *address = &verifier->bundle->addresses[i];
		unsigned bits = address->length * 8;

		if (address->length != 4 && address->length != 16)
			return sk_verify_refuse(verifier, SK_SECTION_ADDRESSES, i, "an address of %u bytes",
						address->length);
		if (address->prefix > bits)
			return sk_verify_refuse(verifier, SK_SECTION_ADDRESSES, i, "a network of %u bits",
						address->prefix);
		if (!sk_verify_zero_from(address->bytes, address->prefix ? address->prefix : bits))
			return sk_verify_refuse(verifier, SK_SECTION_ADDRESSES, i,
						"the address has bits set behind its end");
		if (address->zero != 0)
			return sk_verify_refuse(verifier, SK_SECTION_ADDRESSES, i, "an unused member is not zero");
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

		if (location->file == SK_BUNDLE_NO_FILE) {
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
		check_strings,   check_fields, check_addresses, sk_verify_expressions, sk_verify_predicates,
		sk_verify_rules, check_types,  check_syscalls,  check_locations,       sk_verify_questions,
	};
	struct sk_verifier verifier = {.bundle = bundle, .error = error};
	int status = 0;

	verifier.notes = sk_alloc_zeroed(bundle->expressions_count, sizeof(*verifier.notes));
	if (!verifier.notes)
		status = sk_error_set(error, -ENOMEM, "no memory to verify the bundle");
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]) && status == 0; i++)
		status = checks[i](&verifier);
	sk_free(verifier.notes);
	return status;
}
