/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier's checks of expressions and predicates: the type system of
 * conditions (spec/rule-language.md sections 2.4 and 2.9), asked of the records
 * that a compiler wrote.
 *
 * Types and notes go upwards: an expression's arguments have smaller numbers,
 * so what is known of them is known when it is reached.
 */
#include "vm/verify.h"

/* --- expressions ------------------------------------------------------- */

static const struct sk_bundle_expression *
argument_of(const struct sk_verifier *verifier, const struct sk_bundle_expression *expression, uint32_t number)
{
	return &verifier->bundle->expressions[verifier->bundle->arguments[expression->operand + number]];
}

/*
 * True if the transformer takes its arguments' types; gives the type of its
 * result.  The number of arguments has been checked, and is not 0.
 */
static bool type_transformer(const struct sk_verifier *verifier, const struct sk_bundle_expression *expression,
			     uint8_t *ret_type, uint8_t *ret_list)
{
	const enum sk_transformer transformer = (enum sk_transformer)expression->transformer;
	const struct sk_bundle_expression *first = argument_of(verifier, expression, 0);
	bool list;

	for (uint32_t i = 0; i < expression->count; i++) {
		const struct sk_bundle_expression *argument = argument_of(verifier, expression, i);

		if (sk_transformer_refuses(transformer, i, (enum sk_type)argument->type, argument->list))
			return false;
	}
	*ret_type = (uint8_t)sk_transformer_result(transformer, (enum sk_type)first->type, first->list,
						   expression->selector != SK_NONE, &list);
	*ret_list = list;
	return true;
}

/*
 * The arguments of expression `i` begin at `next`, have smaller numbers, and
 * may be arguments at all.  Adds up what is to be known of them.
 */
static int check_arguments(struct sk_verifier *verifier, uint32_t i, uint32_t next)
{
	const struct sk_bundle *bundle = verifier->bundle;
	const struct sk_bundle_expression *expression = &bundle->expressions[i];
	struct sk_expression_note *note = &verifier->notes[i];

	if (expression->operand != next)
		return sk_verify_refuse(verifier, SK_SECTION_EXPRESSIONS, i,
					"its arguments do not begin where the last ones ended");
	if (expression->count > bundle->arguments_count - next)
		return sk_verify_refuse(verifier, SK_SECTION_EXPRESSIONS, i,
					"its arguments pass the end of ARGUMENTS");
	for (uint32_t k = 0; k < expression->count; k++) {
		uint32_t argument = bundle->arguments[next + k];
		const struct sk_expression_note *inner;

		if (argument >= i)
			return sk_verify_refuse(verifier, SK_SECTION_ARGUMENTS, next + k,
						"expression %u is not before %u", argument, i);
		inner = &verifier->notes[argument];
		if (inner->quantifier != SK_QUANTIFIER_ONE || (expression->kind == SK_EXPRESSION_TRANSFORMER &&
							       (inner->flags & SK_FIELD_FLAG_NO_TRANSFORMER)))
			return sk_verify_refuse(verifier, SK_SECTION_ARGUMENTS, next + k,
						"expression %u is a field that no transformer takes", argument);
		if (inner->depth >= note->depth)
			note->depth = (uint8_t)(inner->depth + 1);
		if (inner->scope > note->scope)
			note->scope = inner->scope;
		note->flags |= inner->flags & (SK_FIELD_FLAG_FILTER_ONLY | SK_FIELD_FLAG_PRINT_ONLY);
	}
	if (note->depth > SK_EXPRESSION_DEPTH_LIMIT)
		return sk_verify_refuse(verifier, SK_SECTION_EXPRESSIONS, i,
					"more than %u transformers inside one another", SK_EXPRESSION_DEPTH_LIMIT);
	return 0;
}

static int check_transformer(struct sk_verifier *verifier, uint32_t i, uint8_t *ret_type, uint8_t *ret_list)
{
	const struct sk_bundle_expression *expression = &verifier->bundle->expressions[i];
	const struct sk_transformer_info *info;

	if (expression->transformer >= SK_TRANSFORMER_COUNT)
		return sk_verify_refuse(verifier, SK_SECTION_EXPRESSIONS, i, "there is no transformer %u",
					expression->transformer);
	info = &sk_transformers[expression->transformer];
	if (expression->count < info->least || expression->count > info->most)
		return sk_verify_refuse(verifier, SK_SECTION_EXPRESSIONS, i, "%s with %u arguments", info->text,
					expression->count);
	if (expression->selector != SK_NONE) {
		uint32_t length;

		if (expression->transformer != SK_TRANSFORMER_GETOPT)
			return sk_verify_refuse(verifier, SK_SECTION_EXPRESSIONS, i, "%s takes no selector",
						info->text);
		if (!sk_verify_is_string(verifier, expression->selector))
			return sk_verify_refuse(verifier, SK_SECTION_EXPRESSIONS, i, "its selector is no string");
		sk_bundle_text(verifier->bundle, expression->selector, &length);
		if (length == 0)
			return sk_verify_refuse(verifier, SK_SECTION_EXPRESSIONS, i, "its selector is empty");
	}
	if (!type_transformer(verifier, expression, ret_type, ret_list))
		return sk_verify_refuse(verifier, SK_SECTION_EXPRESSIONS, i,
					"%s does not take arguments of these types", info->text);
	return 0;
}

static int check_list(struct sk_verifier *verifier, uint32_t i)
{
	const struct sk_bundle_expression *expression = &verifier->bundle->expressions[i];

	for (uint32_t k = 0; k < expression->count; k++) {
		const struct sk_bundle_expression *element = argument_of(verifier, expression, k);

		if (element->list || sk_types[element->type].class == SK_CLASS_OPAQUE)
			return sk_verify_refuse(verifier, SK_SECTION_EXPRESSIONS, i,
						"element %u of the list is no single value", k);
	}
	return 0;
}

/* A FIELD or a CONSTANT, which have no arguments. */
static int check_leaf(struct sk_verifier *verifier, uint32_t i, uint8_t *ret_type, uint8_t *ret_list)
{
	const struct sk_bundle *bundle = verifier->bundle;
	const struct sk_bundle_expression *expression = &bundle->expressions[i];
	struct sk_expression_note *note = &verifier->notes[i];
	const struct sk_bundle_field *field;

	if (expression->count != 0)
		return sk_verify_refuse(verifier, SK_SECTION_EXPRESSIONS, i,
					"it has arguments, which it cannot have");
	if (expression->kind == SK_EXPRESSION_CONSTANT) {
		if (!sk_verify_is_string(verifier, expression->operand))
			return sk_verify_refuse(verifier, SK_SECTION_EXPRESSIONS, i, "there is no string %u",
						expression->operand);
		if (sk_verify_has_nul(verifier, expression->operand))
			return sk_verify_refuse(verifier, SK_SECTION_EXPRESSIONS, i, "its text has a NUL inside");
		*ret_type = SK_TYPE_STRING;
		*ret_list = 0;
		return 0;
	}
	if (expression->operand >= bundle->fields_count)
		return sk_verify_refuse(verifier, SK_SECTION_EXPRESSIONS, i, "there is no field record %u",
					expression->operand);
	field = &bundle->fields[expression->operand];
	note->scope = field->scope;
	note->flags = sk_fields[field->field].flags;
	note->quantifier = sk_bundle_field_quantifier(field);
	*ret_type = field->type;
	*ret_list = field->list;
	return 0;
}

int sk_verify_expressions(struct sk_verifier *verifier)
{
	const struct sk_bundle *bundle = verifier->bundle;
	uint32_t next = 0;

	for (uint32_t i = 0; i < bundle->expressions_count; i++) {
		const struct sk_bundle_expression *expression = &bundle->expressions[i];
		uint8_t type = SK_TYPE_STRING, list = 1;
		int status;

		if (expression->kind > SK_EXPRESSION_LIST)
			return sk_verify_refuse(verifier, SK_SECTION_EXPRESSIONS, i, "there is no kind %u",
						expression->kind);
		if (expression->kind != SK_EXPRESSION_TRANSFORMER &&
		    (expression->transformer != 0 || expression->selector != SK_NONE))
			return sk_verify_refuse(verifier, SK_SECTION_EXPRESSIONS, i,
						"it names a transformer or a selector, which it is not");
		if (!sk_verify_is_string(verifier, expression->text))
			return sk_verify_refuse(verifier, SK_SECTION_EXPRESSIONS, i, "its text is no string");
		if (expression->kind == SK_EXPRESSION_TRANSFORMER || expression->kind == SK_EXPRESSION_LIST) {
			verifier->notes[i].depth = 1;
			status = check_arguments(verifier, i, next);
			if (status < 0)
				return status;
			next += expression->count;
		}
		switch ((enum sk_expression_kind)expression->kind) {
		case SK_EXPRESSION_FIELD:
		case SK_EXPRESSION_CONSTANT:
			status = check_leaf(verifier, i, &type, &list);
			break;
		case SK_EXPRESSION_TRANSFORMER:
			status = check_transformer(verifier, i, &type, &list);
			break;
		case SK_EXPRESSION_LIST:
			status = check_list(verifier, i);
			break;
		}
		if (status < 0)
			return status;
		if (expression->type != type || expression->list != list)
			return sk_verify_refuse(verifier, SK_SECTION_EXPRESSIONS, i,
						"it does not give a value of that type");
	}
	if (next != bundle->arguments_count)
		return sk_verify_refuse(verifier, SK_SECTION_ARGUMENTS, next, "it belongs to no expression");
	return 0;
}

/* --- predicates -------------------------------------------------------- */

/* The right side is an expression. */
static int check_right_expression(struct sk_verifier *verifier, uint32_t i)
{
	const struct sk_bundle *bundle = verifier->bundle;
	const struct sk_bundle_predicate *predicate = &bundle->predicates[i];
	const struct sk_bundle_expression *left = &bundle->expressions[predicate->left];
	const struct sk_bundle_expression *right;

	if (predicate->right >= bundle->expressions_count)
		return sk_verify_refuse(verifier, SK_SECTION_PREDICATES, i,
					"there is no expression %u on its right", predicate->right);
	right = &bundle->expressions[predicate->right];
	if (predicate->count != 0 || predicate->first != 0)
		return sk_verify_refuse(verifier, SK_SECTION_PREDICATES, i,
					"it has an expression and constants on its right");
	if (predicate->modifier != SK_MODIFIER_NONE ||
	    predicate->operator== SK_OPERATOR_REGEX || predicate->operator== SK_OPERATOR_PMATCH || predicate->
	    operator== SK_OPERATOR_EXISTS)
		return sk_verify_refuse(verifier, SK_SECTION_PREDICATES, i, "%s %s takes no expression on its right",
			      sk_operators[predicate->operator].text, sk_modifier_names[predicate->modifier]);
	if (left->type == SK_TYPE_IPNET ||
	    (left->kind == SK_EXPRESSION_FIELD &&
	     (verifier->notes[predicate->left].flags & SK_FIELD_FLAG_NO_RHS)) ||
	    (right->kind == SK_EXPRESSION_FIELD &&
	     (verifier->notes[predicate->right].flags & SK_FIELD_FLAG_NO_RHS)) ||
	    verifier->notes[predicate->left].quantifier != SK_QUANTIFIER_ONE ||
	    verifier->notes[predicate->right].quantifier != SK_QUANTIFIER_ONE)
		return sk_verify_refuse(verifier, SK_SECTION_PREDICATES, i,
					"its field compares with constants only");
	if (right->type != left->type || right->list != left->list)
		return sk_verify_refuse(verifier, SK_SECTION_PREDICATES, i, "its sides are of different types");
	return 0;
}

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

static int refuse_text_constant(struct sk_verifier *verifier, uint32_t i, uint32_t k)
{
	uint32_t string = verifier->bundle->constants[k];

	if (!sk_verify_is_string(verifier, string))
		return sk_verify_refuse(verifier, SK_SECTION_PREDICATES, i, "its constant %u is no string", k);
	if (sk_bundle_text_length(verifier->bundle, string) > SK_CONSTANT_LENGTH_LIMIT)
		return sk_verify_refuse(verifier, SK_SECTION_PREDICATES, i,
					"its constant %u is longer than %u bytes", k, SK_CONSTANT_LENGTH_LIMIT);
	return sk_verify_refuse(verifier, SK_SECTION_PREDICATES, i, "its constant %u has a NUL inside", k);
}

static int check_text_constants(struct sk_verifier *verifier, uint32_t i, enum sk_type type)
{
	const struct sk_bundle *bundle = verifier->bundle;
	const struct sk_bundle_predicate *predicate = &bundle->predicates[i];
	const uint32_t *constants = bundle->constants + predicate->first;
	const uint32_t plain = verifier->plain_strings;

	for (uint32_t k = 0; k < predicate->count; k++) {
		if (constants[k] < plain)
			continue;
		if (!sk_verify_is_string(verifier, constants[k]) ||
		    sk_bundle_text_length(bundle, constants[k]) > SK_CONSTANT_LENGTH_LIMIT ||
		    (type == SK_TYPE_STRING && sk_verify_has_nul(verifier, constants[k])))
			return refuse_text_constant(verifier, i, predicate->first + k);
	}
	return 0;
}

static int check_number_constant(struct sk_verifier *verifier, uint32_t i, uint32_t k, enum sk_type type)
{
	const struct sk_bundle *bundle = verifier->bundle;
	uint32_t number = bundle->constants[k];

	if (number >= bundle->numbers_count)
		return sk_verify_refuse(verifier, SK_SECTION_PREDICATES, i, "its constant %u is no number", k);
	if (!number_in_range(type, bundle->numbers[number]))
		return sk_verify_refuse(verifier, SK_SECTION_PREDICATES, i,
					"its constant %u is out of the range of %s", k, sk_types[type].name);
	return 0;
}

static int check_address_constant(struct sk_verifier *verifier, uint32_t i, uint32_t k, enum sk_type type)
{
	const struct sk_bundle *bundle = verifier->bundle;
	const struct sk_bundle_address *address;

	if (bundle->constants[k] >= bundle->addresses_count)
		return sk_verify_refuse(verifier, SK_SECTION_PREDICATES, i, "its constant %u is no address", k);
	address = &bundle->addresses[bundle->constants[k]];
	if (type == SK_TYPE_IPADDR && address->prefix != 0)
		return sk_verify_refuse(verifier, SK_SECTION_PREDICATES, i, "its constant %u is a network", k);
	if (type == SK_TYPE_IPNET && address->prefix == 0 &&
	    (address->length != 4 || !sk_verify_zero_from(address->bytes, 0)))
		return sk_verify_refuse(verifier, SK_SECTION_PREDICATES, i, "its constant %u is no network", k);
	return 0;
}

/* Each constant is one of the left side's type. */
static int check_constants(struct sk_verifier *verifier, uint32_t i)
{
	const struct sk_bundle *bundle = verifier->bundle;
	const struct sk_bundle_predicate *predicate = &bundle->predicates[i];
	enum sk_type type = bundle->expressions[predicate->left].type;
	bool address = sk_types[type].class == SK_CLASS_ADDRESS;
	int status = 0;

	if (type == SK_TYPE_STRING || type == SK_TYPE_BYTES)
		return check_text_constants(verifier, i, type);
	for (uint32_t k = predicate->first; k < predicate->first + predicate->count && status == 0; k++)
		status = address ? check_address_constant(verifier, i, k, type)
				 : check_number_constant(verifier, i, k, type);
	return status;
}

/* The right side is constants; `*patterns` counts regular expressions. */
static int check_right_constants(struct sk_verifier *verifier, uint32_t i, uint64_t *total, uint64_t *patterns)
{
	const struct sk_bundle *bundle = verifier->bundle;
	const struct sk_bundle_predicate *predicate = &bundle->predicates[i];
	const struct sk_operator_info *info = &sk_operators[predicate->operator];
	bool many = info->operands == SK_OPERANDS_LIST || predicate->modifier != SK_MODIFIER_NONE;

	if (predicate->count == 0 && predicate->first != 0)
		return sk_verify_refuse(verifier, SK_SECTION_PREDICATES, i,
					"it has no constants, and says where they begin");
	if (predicate->first > bundle->constants_count ||
	    predicate->count > bundle->constants_count - predicate->first)
		return sk_verify_refuse(verifier, SK_SECTION_PREDICATES, i,
					"its constants pass the end of CONSTANTS");
	if (!many && predicate->count != (info->operands == SK_OPERANDS_NONE ? 0 : 1))
		return sk_verify_refuse(verifier, SK_SECTION_PREDICATES, i, "%s with %u constants", info->text,
					predicate->count);
	*total += predicate->count;
	if (*total > SK_PREDICATE_CONSTANT_LIMIT)
		return sk_verify_refuse(verifier, SK_SECTION_PREDICATES, i,
					"the predicates have more than %u constants", SK_PREDICATE_CONSTANT_LIMIT);
	if (predicate->operator== SK_OPERATOR_REGEX)
		*patterns += predicate->count;
	if (*patterns > SK_PATTERN_LIMIT)
		return sk_verify_refuse(verifier, SK_SECTION_PREDICATES, i,
					"the predicates have more than %u regular expressions", SK_PATTERN_LIMIT);
	return check_constants(verifier, i);
}

/*
 * True if all but the constants of the predicate is as in the one before it,
 * which has been checked: predicates of a question lie together.
 */
static bool is_like_the_last(const struct sk_bundle_predicate *predicate)
{
	const struct sk_bundle_predicate *last = predicate - 1;

	return predicate->operator== last->operator&& predicate->modifier == last->modifier &&
		predicate->scope == last->scope && predicate->quantifier == last->quantifier &&
		predicate->left == last->left && predicate->right == SK_NONE && last->right == SK_NONE;
}

int sk_verify_predicates(struct sk_verifier *verifier)
{
	const struct sk_bundle *bundle = verifier->bundle;
	uint64_t constants = 0, patterns = 0;

	for (uint32_t i = 0; i < bundle->predicates_count; i++) {
		const struct sk_bundle_predicate *predicate = &bundle->predicates[i];
		const struct sk_bundle_expression *left;
		uint8_t scope;
		int status;

		if (i > 0 && is_like_the_last(predicate)) {
			status = check_right_constants(verifier, i, &constants, &patterns);
			if (status < 0)
				return status;
			continue;
		}
		if (predicate->operator>= SK_OPERATOR_COUNT)
			return sk_verify_refuse(verifier, SK_SECTION_PREDICATES, i, "there is no operator %u",
						predicate->operator);
		if (predicate->modifier >= SK_MODIFIER_COUNT)
			return sk_verify_refuse(verifier, SK_SECTION_PREDICATES, i, "there is no modifier %u",
						predicate->modifier);
		if (predicate->modifier != SK_MODIFIER_NONE &&
		    sk_operators[predicate->operator].operands != SK_OPERANDS_TEXT)
			return sk_verify_refuse(verifier, SK_SECTION_PREDICATES, i, "%s takes no modifier",
				      sk_operators[predicate->operator].text);
		if (predicate->left >= bundle->expressions_count)
			return sk_verify_refuse(verifier, SK_SECTION_PREDICATES, i,
						"there is no expression %u on its left", predicate->left);
		left = &bundle->expressions[predicate->left];
		if (verifier->notes[predicate->left].flags & SK_FIELD_FLAG_PRINT_ONLY)
			return sk_verify_refuse(verifier, SK_SECTION_PREDICATES, i,
						"its field can only be printed");
		if (!sk_operator_takes((enum sk_operator)predicate->operator,(enum sk_type) left->type, left->list))
			return sk_verify_refuse(verifier, SK_SECTION_PREDICATES, i, "%s does not compare %s%s",
				      sk_operators[predicate->operator].text, left->list ? "lists of " : "",
				      sk_types[left->type].name);
		status = predicate->right == SK_NONE ? check_right_constants(verifier, i, &constants, &patterns)
						     : check_right_expression(verifier, i);
		if (status < 0)
			return status;
		scope = verifier->notes[predicate->left].scope;
		if (predicate->right != SK_NONE && verifier->notes[predicate->right].scope > scope)
			scope = verifier->notes[predicate->right].scope;
		if (predicate->scope != scope)
			return sk_verify_refuse(verifier, SK_SECTION_PREDICATES, i, "its fields are of scope %s",
						sk_scope_names[scope]);
		if (predicate->quantifier != verifier->notes[predicate->left].quantifier)
			return sk_verify_refuse(verifier, SK_SECTION_PREDICATES, i,
						"its quantifier is not its field's");
	}
	return 0;
}
