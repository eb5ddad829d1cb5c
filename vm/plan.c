/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/plan.h"

const struct sk_index_group_info sk_index_groups[SK_GROUP_COUNT] = {
#define SK_GROUP(id, text, kind, sorting, what)                                                                    \
	[SK_GROUP_##id] = {                                                                                        \
		.name = text, .meaning = what, .parts = SK_GROUP_PARTS_##kind, .order = SK_GROUP_ORDER_##sorting},
#include "vm/groups.def"
};

bool sk_plan_is_lower_case(const char *text, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++) {
		if (text[i] >= 'A' && text[i] <= 'Z')
			return false;
	}
	return true;
}

bool sk_plan_has_wildcard(const char *text, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++) {
		if (text[i] == '*' || text[i] == '?' || text[i] == '[')
			return true;
	}
	return false;
}

bool sk_plan_is_plain_path(const char *text, uint32_t length)
{
	if (length == 0 || text[0] != '/' || sk_plan_has_wildcard(text, length))
		return false;
	for (uint32_t i = 1; i < length; i++) {
		if (text[i] == '/' && text[i - 1] == '/')
			return false;
	}
	return length == 1 || text[length - 1] != '/';
}

static bool all_texts(const struct sk_bundle *bundle, const struct sk_bundle_predicate *predicate,
		      bool (*is)(const char *, uint32_t))
{
	for (uint32_t i = 0; i < predicate->count; i++) {
		uint32_t length;
		const char *text = sk_bundle_text(bundle, bundle->constants[predicate->first + i], &length);

		if (!is(text, length))
			return false;
	}
	return true;
}

static enum sk_index_group text_group(const struct sk_bundle *bundle, const struct sk_bundle_predicate *predicate)
{
	switch ((enum sk_operator)predicate->operator) {
	case SK_OPERATOR_EQ:
	case SK_OPERATOR_NE:
	case SK_OPERATOR_IN:
	case SK_OPERATOR_INTERSECTS:
		return SK_GROUP_EXACT;
	case SK_OPERATOR_CONTAINS:
	case SK_OPERATOR_BCONTAINS:
		return SK_GROUP_CONTAINS;
	case SK_OPERATOR_ICONTAINS:
		return all_texts(bundle, predicate, sk_plan_is_lower_case) ? SK_GROUP_ICONTAINS : SK_GROUP_GENERIC;
	case SK_OPERATOR_STARTSWITH:
	case SK_OPERATOR_BSTARTSWITH:
		return SK_GROUP_PREFIX;
	case SK_OPERATOR_ENDSWITH:
		return SK_GROUP_SUFFIX;
	case SK_OPERATOR_GLOB:
	case SK_OPERATOR_IGLOB:
	case SK_OPERATOR_REGEX:
		return SK_GROUP_PATTERN;
	case SK_OPERATOR_PMATCH:
		return all_texts(bundle, predicate, sk_plan_is_plain_path) ? SK_GROUP_PATH : SK_GROUP_GENERIC;
	case SK_OPERATOR_LT:
	case SK_OPERATOR_LE:
	case SK_OPERATOR_GT:
	case SK_OPERATOR_GE:
	case SK_OPERATOR_EXISTS:
	case SK_OPERATOR_COUNT:
		break;
	}
	return SK_GROUP_GENERIC;
}

static enum sk_index_group number_group(const struct sk_bundle_predicate *predicate)
{
	switch ((enum sk_operator)predicate->operator) {
	case SK_OPERATOR_EQ:
	case SK_OPERATOR_NE:
	case SK_OPERATOR_IN:
	case SK_OPERATOR_INTERSECTS:
		return SK_GROUP_NUMBER;
	case SK_OPERATOR_LT:
		return SK_GROUP_LESS;
	case SK_OPERATOR_LE:
		return SK_GROUP_LESS_EQUAL;
	case SK_OPERATOR_GT:
		return SK_GROUP_GREATER;
	case SK_OPERATOR_GE:
		return SK_GROUP_GREATER_EQUAL;
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
	return SK_GROUP_GENERIC;
}

/*
 * True if the predicate holds where one of its constants compares.  That is
 * what indexes answer; `oneof`, `allof` count.  `!=` of all constants is that
 * none is equal.
 */
static bool is_any_of_constants(const struct sk_bundle_predicate *predicate)
{
	switch ((enum sk_modifier)predicate->modifier) {
	case SK_MODIFIER_NONE:
	case SK_MODIFIER_ANYOF:
		return predicate->count == 1 || predicate->operator!= SK_OPERATOR_NE;
	case SK_MODIFIER_ONEOF:
		return predicate->count == 1;
	case SK_MODIFIER_ALLOF:
		return predicate->count == 1 || predicate->operator== SK_OPERATOR_NE;
	case SK_MODIFIER_COUNT:
		break;
	}
	return false;
}

enum sk_index_group sk_plan_group(const struct sk_bundle *bundle, const struct sk_bundle_predicate *predicate)
{
	enum sk_type type = bundle->expressions[predicate->left].type;

	if (predicate->right != SK_NONE)
		return SK_GROUP_GENERIC;
	if (predicate->operator== SK_OPERATOR_EXISTS)
		return SK_GROUP_ALWAYS;
	/* Without constants nothing holds, `!=` neither. */
	if (predicate->count == 0 || !is_any_of_constants(predicate))
		return SK_GROUP_GENERIC;
	switch (sk_types[type].class) {
	case SK_CLASS_STRING:
	case SK_CLASS_BYTES:
		return text_group(bundle, predicate);
	case SK_CLASS_NUMBER:
	case SK_CLASS_BOOL:
		return type == SK_TYPE_DOUBLE ? SK_GROUP_GENERIC : number_group(predicate);
	case SK_CLASS_ADDRESS:
		return type == SK_TYPE_IPADDR ? SK_GROUP_ADDRESS : SK_GROUP_NETWORK;
	case SK_CLASS_LIST:
	case SK_CLASS_OPAQUE:
	case SK_CLASS_ALL:
		break;
	}
	return SK_GROUP_GENERIC;
}

enum sk_combination sk_plan_combination(const struct sk_bundle_predicate *predicate)
{
	bool different = predicate->operator== SK_OPERATOR_NE;

	switch ((enum sk_quantifier)predicate->quantifier) {
	case SK_QUANTIFIER_ONE:
		return predicate->operator== SK_OPERATOR_IN ? SK_COMBINATION_ALL : SK_COMBINATION_ANY;
	case SK_QUANTIFIER_ANY:
		/* One element is different: not all are equal. */
		return different ? SK_COMBINATION_ALL : SK_COMBINATION_ANY;
	case SK_QUANTIFIER_BOTH:
		/* All ends are different, and there is one: not that any is equal or there is none. */
		return different ? SK_COMBINATION_ANY_OR_EMPTY : SK_COMBINATION_ANY;
	}
	return SK_COMBINATION_ANY;
}
