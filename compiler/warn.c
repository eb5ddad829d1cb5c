/* SPDX-License-Identifier: Apache-2.0 */
#include "compiler/warn.h"

#include <string.h>

#include "grammar/parse.h"

static struct sk_span span_of(const struct sk_node *node, const struct sk_operand *operand)
{
	return sk_text_span(node->text, operand->begin, operand->end);
}

/* What a constant would be if it were not one, after taking out its blanks. */
static void warn_misused(struct sk_check *check, const struct sk_node *node, const struct sk_operand *constant)
{
	const struct sk_operand *meant;
	struct sk_text text = {0};
	uint32_t length = 0;
	char *stripped;

	/* A field has a dot, a transformer a parenthesis: most constants have neither. */
	if (!memchr(constant->text, '.', constant->length) && !memchr(constant->text, '(', constant->length))
		return;
	stripped = sk_arena_alloc(check->arena, constant->length + 1);
	if (!stripped)
		return;
	for (uint32_t i = 0; i < constant->length; i++) {
		if (!memchr(" \t\n\v\f\r", constant->text[i], 6))
			stripped[length++] = constant->text[i];
	}
	stripped[length] = '\0';
	text.bytes = stripped;
	text.length = length;
	if (length > 5 && strncmp(stripped, "val(", 4) == 0 && stripped[length - 1] == ')') {
		stripped[--length] = '\0';
		text.bytes += 4;
		text.length = length - 4;
		meant = sk_parse_left_side(&text, check->arena);
		if (!meant || meant->kind != SK_OPERAND_FIELD)
			return;
	} else {
		meant = sk_parse_left_side(&text, check->arena);
		if (!meant)
			return;
		if (meant->kind == SK_OPERAND_FIELD) {
			if (sk_check_fields_exist(check->arena, meant))
				sk_check_add(check, SK_DIAGNOSTIC_CONDITION_WARNING, span_of(node, constant), false,
					     sk_arena_printf(check->arena,
							     "to compare with the field write val(%s)", stripped),
					     "'%s' may be a valid field misused as a const string value",
					     constant->text);
			return;
		}
	}
	if (sk_check_fields_exist(check->arena, meant))
		sk_check_add(check, SK_DIAGNOSTIC_CONDITION_WARNING, span_of(node, constant), false,
			     "to compare with its result write it without quotes and blanks",
			     "'%s' may be a valid field transformer misused as a const string value",
			     constant->text);
}

static bool is_wildcard(const char *pattern, uint32_t length)
{
	return length >= 2 && pattern[0] == '.' && memchr("*+?", pattern[1], 3);
}

/* A pattern that a cheaper and clearer operator would do for. */
static void warn_plain_regex(struct sk_check *check, const struct sk_node *node, const struct sk_operand *constant)
{
	const char *pattern = constant->text, *instead;
	uint32_t length = constant->length;
	bool front, back;

	if (length && pattern[0] == '^') {
		pattern++;
		length--;
	}
	if (length && pattern[length - 1] == '$')
		length--;
	front = is_wildcard(pattern, length);
	if (front) {
		pattern += 2;
		length -= 2;
	}
	back = length >= 2 && is_wildcard(pattern + length - 2, 2);
	if (back)
		length -= 2;
	if (!length || strcspn(pattern, "\\^$.|?*+()[]{}") < length)
		return;
	instead = front ? back ? "contains" : "endswith" : back ? "startswith" : "=";
	sk_check_add(check, SK_DIAGNOSTIC_CONDITION_WARNING, span_of(node, constant), false,
		     sk_arena_printf(check->arena, "consider the operator '%s'", instead),
		     "'%s' needs no regular expression, another operator is faster and clearer", constant->text);
}

void sk_warn_constant(struct sk_check *check, const struct sk_node *node, const struct sk_operand *constant)
{
	const enum sk_operator comparison = node->operator;

	warn_misused(check, node, constant);
	if (comparison == SK_OPERATOR_REGEX)
		warn_plain_regex(check, node, constant);
}

static bool is_na(const struct sk_operand *constant)
{
	return constant->kind == SK_OPERAND_CONSTANT && strcmp(constant->text, "<NA>") == 0;
}

void sk_warn_unsafe_na(struct sk_check *check, const struct sk_node *node)
{
	const struct sk_operand *left = node->left, *right = node->right;
	bool compares = false;

	if (left->kind != SK_OPERAND_FIELD || !right ||
	    (strncmp(left->text, "ka.", 3) != 0 && strncmp(left->text, "jevt.", 5) != 0))
		return;
	compares = is_na(right);
	for (uint32_t i = 0; right->kind == SK_OPERAND_LIST && i < right->count; i++)
		compares |= is_na(right->children[i]);
	if (compares)
		sk_check_add(check, SK_DIAGNOSTIC_UNSAFE_NA_CHECK, span_of(node, left), false,
			     "a missing field makes the comparison false, use `exists`",
			     "comparing a field value with <NA> is unsafe and can lead to unpredictable behavior");
}

void sk_warn_deprecated(struct sk_check *check, const struct sk_field_info *info, struct sk_span span)
{
	if (info->flags & SK_FIELD_FLAG_DEPRECATED)
		sk_check_add(check, SK_DIAGNOSTIC_DEPRECATED_ITEM, span, false, NULL,
			     "usage of deprecated field '%s' has been detected in the rule condition", info->name);
	else if (info->availability == SK_AVAILABILITY_NEVER)
		sk_check_add(check, SK_DIAGNOSTIC_DEPRECATED_ITEM, span, false, NULL,
			     "the deprecated field '%s' never has a value: every comparison with it is false",
			     info->name);
}
