/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/compare.h"

#include <assert.h>
#include <string.h>

#include "vm/glob.h"

struct text {
	const char *bytes;
	uint32_t length;
};

/* --- texts ------------------------------------------------------------- */

/* Text operators see a STRING up to its first NUL and all of BYTES. */
static struct text text_of(const struct sk_value *value)
{
	return (struct text){value->text,
			     value->type == SK_TYPE_STRING ? sk_value_text_length(value) : value->length};
}

/* As `in` sees a value: a STRING without the NULs at its end. */
static struct text trimmed_text_of(const struct sk_value *value)
{
	struct text text = {value->text, value->length};

	while (value->type == SK_TYPE_STRING && text.length > 0 && text.bytes[text.length - 1] == '\0')
		text.length--;
	return text;
}

static bool same_bytes(const char *a, const char *b, uint32_t length)
{
	return length == 0 || memcmp(a, b, length) == 0;
}

static bool text_equal(struct text a, struct text b)
{
	return a.length == b.length && same_bytes(a.bytes, b.bytes, a.length);
}

/* As strcmp() orders: bytes unsigned, a prefix before what it begins. */
static int text_order(struct text a, struct text b)
{
	uint32_t shorter = a.length < b.length ? a.length : b.length;
	int order = shorter ? memcmp(a.bytes, b.bytes, shorter) : 0;

	return order ? order : (a.length > b.length) - (a.length < b.length);
}

static bool text_contains(struct text text, struct text part)
{
	return part.length == 0 ||
	       (part.length <= text.length && memmem(text.bytes, text.length, part.bytes, part.length) != NULL);
}

static const char *fold(struct text text, struct sk_arena *temporary)
{
	char *folded = sk_arena_alloc(temporary, text.length);

	for (uint32_t i = 0; folded && i < text.length; i++) {
		char byte = text.bytes[i];

		folded[i] = byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : byte;
	}
	return folded;
}

/* On folded copies, so that it takes no longer than the search itself. */
static bool text_contains_folded(struct text text, struct text part, struct sk_arena *temporary)
{
	bool contains = false;

	if (part.length == 0)
		return true;
	if (part.length > text.length)
		return false;
	text.bytes = fold(text, temporary);
	part.bytes = fold(part, temporary);
	if (text.bytes && part.bytes)
		contains = text_contains(text, part);
	sk_arena_reset(temporary);
	return contains;
}

static bool text_begins(struct text text, struct text part)
{
	return part.length <= text.length && same_bytes(text.bytes, part.bytes, part.length);
}

static bool text_ends(struct text text, struct text part)
{
	return part.length <= text.length &&
	       (part.length == 0 || memcmp(text.bytes + text.length - part.length, part.bytes, part.length) == 0);
}

/* --- paths ------------------------------------------------------------- */

/* Takes the first component that is not empty off `path`; false if there is none. */
static bool next_component(struct text *path, struct text *ret_component)
{
	const char *slash;

	while (path->length > 0 && path->bytes[0] == '/') {
		path->bytes++;
		path->length--;
	}
	if (path->length == 0)
		return false;
	slash = memchr(path->bytes, '/', path->length);
	ret_component->bytes = path->bytes;
	ret_component->length = slash ? (uint32_t)(slash - path->bytes) : path->length;
	path->bytes += ret_component->length;
	path->length -= ret_component->length;
	return true;
}

static bool is_glob(struct text text)
{
	for (uint32_t i = 0; i < text.length; i++) {
		if (text.bytes[i] == '*' || text.bytes[i] == '?' || text.bytes[i] == '[')
			return true;
	}
	return false;
}

static bool glob_matches(struct text pattern, struct text text, bool fold_case)
{
	return sk_glob_match(pattern.bytes, pattern.length, text.bytes, text.length, fold_case);
}

/* Section 2.8: every component of the pattern matches the path's own. */
static bool path_begins(struct text path, struct text pattern)
{
	struct text wanted, component;

	while (next_component(&pattern, &wanted)) {
		if (!next_component(&path, &component))
			return false;
		if (is_glob(wanted) ? !glob_matches(wanted, component, false) : !text_equal(wanted, component))
			return false;
	}
	return true;
}

/* --- numbers and addresses --------------------------------------------- */

static bool ordered(enum sk_operator operator, int order)
{
	switch (operator) {
	case SK_OPERATOR_LT:
		return order < 0;
	case SK_OPERATOR_LE:
		return order <= 0;
	case SK_OPERATOR_GT:
		return order > 0;
	case SK_OPERATOR_GE:
		return order >= 0;
	case SK_OPERATOR_NE:
		return order != 0;
	case SK_OPERATOR_EQ:
	case SK_OPERATOR_IN:
	case SK_OPERATOR_INTERSECTS:
		return order == 0;
	case SK_OPERATOR_EXISTS:
	case SK_OPERATOR_CONTAINS:
	case SK_OPERATOR_ICONTAINS:
	case SK_OPERATOR_BCONTAINS:
	case SK_OPERATOR_STARTSWITH:
	case SK_OPERATOR_BSTARTSWITH:
	case SK_OPERATOR_ENDSWITH:
	case SK_OPERATOR_GLOB:
	case SK_OPERATOR_IGLOB:
	case SK_OPERATOR_REGEX:
	case SK_OPERATOR_PMATCH:
	case SK_OPERATOR_COUNT:
		break;
	}
	return false;
}

static bool number_compares(enum sk_operator operator, const struct sk_value * left, const struct sk_value *right)
{
	uint64_t a = left->number, b = right->number;

	if (left->type == SK_TYPE_DOUBLE) {
		/* What is not a number is different from everything, and nothing else. */
		if (left->real != left->real || right->real != right->real)
			return operator== SK_OPERATOR_NE;
		return ordered(operator,(left->real > right->real) - (left->real < right->real));
	}
	if (sk_type_is_signed(left->type))
		return ordered(operator,((int64_t)a > (int64_t)b) - ((int64_t)a < (int64_t)b));
	return ordered(operator,(a > b) - (a < b));
}

static bool address_equal(const struct sk_address *a, const uint8_t *bytes, uint8_t length)
{
	return a->length == length && memcmp(a->bytes, bytes, length) == 0;
}

/* The network's bits behind its prefix are zero. */
static bool address_in(const struct sk_address *address, const struct sk_bundle_address *network)
{
	unsigned whole = network->prefix / 8, rest = network->prefix % 8;

	if (address->length != network->length || memcmp(address->bytes, network->bytes, whole) != 0)
		return false;
	return rest == 0 || (uint8_t)(address->bytes[whole] & (0xff << (8 - rest))) == network->bytes[whole];
}

/* --- one value and one constant ---------------------------------------- */

/* What a text is compared with.  Of a constant both texts are the same. */
struct right_text {
	struct text text;  /* up to its first NUL */
	struct text whole; /* without the NULs at its end */
	const struct sk_regex *regex;
};

static bool text_compares(enum sk_operator operator, const struct sk_value * left, const struct right_text *right,
			  struct sk_arena *temporary)
{
	struct text text = text_of(left), constant = right->text;
	bool matches;

	switch (operator) {
	case SK_OPERATOR_EQ:
		return text_equal(text, constant);
	case SK_OPERATOR_NE:
		return !text_equal(text, constant);
	case SK_OPERATOR_LT:
	case SK_OPERATOR_LE:
	case SK_OPERATOR_GT:
	case SK_OPERATOR_GE:
		return ordered(operator, text_order(text, constant));
	case SK_OPERATOR_CONTAINS:
	case SK_OPERATOR_BCONTAINS:
		return text_contains(text, constant);
	case SK_OPERATOR_ICONTAINS:
		return text_contains_folded(text, constant, temporary);
	case SK_OPERATOR_STARTSWITH:
	case SK_OPERATOR_BSTARTSWITH:
		return text_begins(text, constant);
	case SK_OPERATOR_ENDSWITH:
		return text_ends(text, constant);
	case SK_OPERATOR_GLOB:
	case SK_OPERATOR_IGLOB:
		return glob_matches(constant, text, operator== SK_OPERATOR_IGLOB);
	case SK_OPERATOR_REGEX:
		assert(right->regex);
		matches = sk_regex_match(right->regex, text.bytes, text.length, temporary);
		sk_arena_reset(temporary);
		return matches;
	case SK_OPERATOR_IN:
	case SK_OPERATOR_INTERSECTS:
		return text_equal(trimmed_text_of(left), right->whole);
	case SK_OPERATOR_PMATCH:
		return path_begins(text, constant);
	case SK_OPERATOR_EXISTS:
	case SK_OPERATOR_COUNT:
		break;
	}
	return false;
}

bool sk_compare_text(enum sk_operator operator, const char * text, uint32_t length, const char *constant,
		     uint32_t constant_length, const struct sk_regex *regex, struct sk_arena *temporary)
{
	const struct sk_value left = {
		.presence = SK_PRESENT, .type = SK_TYPE_BYTES, .length = length, .text = text};
	const struct right_text right = {{constant, constant_length}, {constant, constant_length}, regex};

	return text_compares(operator, & left, &right, temporary);
}

bool sk_compare_number(enum sk_operator operator, enum sk_type type, uint64_t left, uint64_t right)
{
	const struct sk_value a = {.type = (uint8_t)type, .number = left};
	const struct sk_value b = {.type = (uint8_t)type, .number = right};

	assert(type != SK_TYPE_DOUBLE);
	return number_compares(operator, & a, &b);
}

bool sk_compare_address(enum sk_operator operator, enum sk_type type, const struct sk_address *left,
			const struct sk_bundle_address *right)
{
	return ordered(operator, type == SK_TYPE_IPNET ? !address_in(left, right)
						       : !address_equal(left, right->bytes, right->length));
}

static bool constant_compares(const struct sk_comparison *comparison, uint32_t number, const struct sk_value *left,
			      struct sk_arena *temporary)
{
	const uint32_t constant = comparison->constants[number];
	const struct sk_bundle *bundle = comparison->bundle;
	struct sk_value value = {.type = comparison->type};
	struct right_text right = {.regex = NULL};

	assert(left->type == comparison->type);
	switch (sk_types[comparison->type].class) {
	case SK_CLASS_STRING:
	case SK_CLASS_BYTES:
		right.text.bytes = sk_bundle_text(bundle, constant, &right.text.length);
		right.whole = right.text;
		if (comparison->operator== SK_OPERATOR_REGEX)
			right.regex = comparison->regexes[constant];
		return text_compares(comparison->operator, left, &right, temporary);
	case SK_CLASS_ADDRESS:
		return sk_compare_address(comparison->operator, comparison->type, left->address,
					  &bundle->addresses[constant]);
	case SK_CLASS_NUMBER:
	case SK_CLASS_BOOL:
		if (comparison->type == SK_TYPE_DOUBLE)
			value.real = (double)(int64_t)bundle->numbers[constant];
		else
			value.number = bundle->numbers[constant];
		return number_compares(comparison->operator, left, &value);
	case SK_CLASS_LIST:
	case SK_CLASS_OPAQUE:
	case SK_CLASS_ALL:
		break;
	}
	return false;
}

static bool value_compares(enum sk_operator operator, const struct sk_value * left, const struct sk_value *right,
			   struct sk_arena *temporary)
{
	struct right_text text;

	assert(left->type == right->type);
	switch (sk_types[left->type].class) {
	case SK_CLASS_STRING:
	case SK_CLASS_BYTES:
		text = (struct right_text){.text = text_of(right), .whole = trimmed_text_of(right)};
		return text_compares(operator, left, &text, temporary);
	case SK_CLASS_ADDRESS:
		/* Networks have no fields on their right. */
		return left->type == SK_TYPE_IPADDR &&
		       ordered(operator, !address_equal(left->address, right->address->bytes,
							right->address->length));
	case SK_CLASS_NUMBER:
	case SK_CLASS_BOOL:
		return number_compares(operator, left, right);
	case SK_CLASS_LIST:
	case SK_CLASS_OPAQUE:
	case SK_CLASS_ALL:
		break;
	}
	return false;
}

/* --- one value and all constants --------------------------------------- */

static bool constants_compare(const struct sk_comparison *comparison, const struct sk_value *left,
			      struct sk_arena *temporary)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < comparison->count; i++) {
		bool holds = constant_compares(comparison, i, left, temporary);

		count += holds;
		switch ((enum sk_modifier)comparison->modifier) {
		case SK_MODIFIER_NONE:
		case SK_MODIFIER_ANYOF:
			if (holds)
				return true;
			break;
		case SK_MODIFIER_ALLOF:
			if (!holds)
				return false;
			break;
		case SK_MODIFIER_ONEOF:
			if (count > 1)
				return false;
			break;
		case SK_MODIFIER_COUNT:
			break;
		}
	}
	/* Without constants nothing holds, not even allof. */
	return count > 0;
}

/* True if one element compares, or with `all` each of them. */
static bool elements_compare(const struct sk_comparison *comparison, const struct sk_value *left, bool all,
			     struct sk_arena *temporary)
{
	for (uint32_t i = 0; i < left->length; i++) {
		if (constants_compare(comparison, &left->items[i], temporary) != all)
			return !all;
	}
	return all;
}

bool sk_compare_constants(const struct sk_comparison *comparison, const struct sk_value *left,
			  struct sk_arena *temporary)
{
	assert(left->presence == SK_PRESENT);
	if (comparison->operator== SK_OPERATOR_EXISTS)
		return true;
	if (!left->list)
		return constants_compare(comparison, left, temporary);
	switch ((enum sk_quantifier)comparison->quantifier) {
	case SK_QUANTIFIER_ONE:
		return elements_compare(comparison, left, comparison->operator== SK_OPERATOR_IN, temporary);
	case SK_QUANTIFIER_ANY:
		return elements_compare(comparison, left, false, temporary);
	case SK_QUANTIFIER_BOTH:
		return left->length > 0 &&
		       elements_compare(comparison, left, comparison->operator== SK_OPERATOR_NE, temporary);
	}
	return false;
}

bool sk_compare_values(enum sk_operator operator, const struct sk_value * left, const struct sk_value *right,
		       struct sk_arena *temporary)
{
	bool all = operator== SK_OPERATOR_IN;

	assert(left->presence == SK_PRESENT && right->presence == SK_PRESENT && left->list == right->list);
	if (!left->list)
		return value_compares(operator, left, right, temporary);
	for (uint32_t i = 0; i < left->length; i++) {
		bool found = false;

		for (uint32_t k = 0; k < right->length && !found; k++)
			found = value_compares(operator, & left->items[i], &right->items[k], temporary);
		if (found != all)
			return !all;
	}
	return all;
}

struct sk_comparison sk_comparison_of(const struct sk_bundle *bundle, uint32_t predicate)
{
	const struct sk_bundle_predicate *record = &bundle->predicates[predicate];

	return (struct sk_comparison){.operator= record->operator,
				      .modifier = record->modifier,
				      .quantifier = record->quantifier,
				      .type = bundle->expressions[record->left].type,
				      .count = record->count,
				      .constants = bundle->constants + record->first,
				      .bundle = bundle};
}
