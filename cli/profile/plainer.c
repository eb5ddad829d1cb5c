/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns and foldings that say no more than a plain comparison does.
 *
 *   glob  "*word*"        contains word          glob  "word"    = word
 *   glob  "word*"         startswith word        iglob "*word*"  icontains word
 *   glob  "*word"         endswith word
 *   regex "word"          = word                 regex "a|b"     = anyof (a, b)
 *   regex "word.*"        startswith word, but for line breaks, and so on
 *   tolower(f) contains word   f icontains word
 */
#include <string.h>

#include "cli/profile/suggest.h"
#include "vm/plan.h"
#include "vm/print.h"

enum { ALTERNATIVE_LIMIT = 32 };

struct word {
	const char *bytes;
	uint32_t length;
};

static struct word constant_of(const struct sk_bundle *bundle, const struct sk_bundle_predicate *predicate)
{
	struct word word;

	word.bytes = sk_bundle_text(bundle, bundle->constants[predicate->first], &word.length);
	return word;
}

static void print_left(const struct sk_bundle *bundle, uint32_t expression, struct sk_buffer *to)
{
	sk_buffer_append_text(to, sk_bundle_text(bundle, bundle->expressions[expression].text, NULL));
}

static void print_comparison(const struct sk_bundle *bundle, uint32_t expression, const char *operator,
			     struct word word, struct sk_buffer *to)
{
	print_left(bundle, expression, to);
	sk_buffer_printf(to, " %s ", operator);
	if (word.length)
		sk_print_word(to, word.bytes, word.length);
	else
		sk_buffer_append_text(to, "\"\"");
}

/* Takes stars off both ends; false if what is left is no plain word. */
static bool plain_glob(struct word *word, bool *ret_open_front, bool *ret_open_back)
{
	*ret_open_front = *ret_open_back = false;
	for (; word->length && word->bytes[0] == '*'; *ret_open_front = true) {
		word->bytes++;
		word->length--;
	}
	for (; word->length && word->bytes[word->length - 1] == '*'; *ret_open_back = true)
		word->length--;
	for (uint32_t i = 0; i < word->length; i++) {
		if (strchr("*?[\\", word->bytes[i]))
			return false;
	}
	return word->length > 0;
}

static bool plainer_glob(const struct sk_bundle *bundle, const struct sk_bundle_predicate *predicate,
			 struct sk_buffer *to)
{
	const bool fold = predicate->operator== SK_OPERATOR_IGLOB;
	struct word word = constant_of(bundle, predicate);
	bool front, back;

	if (!plain_glob(&word, &front, &back) || (fold && !(front && back)))
		return false;
	/* With capitals icontains has no index. */
	if (fold && !sk_plan_is_lower_case(word.bytes, word.length))
		return false;
	print_comparison(bundle, predicate->left,
			 fold            ? "icontains"
			 : front && back ? "contains"
			 : front         ? "endswith"
			 : back          ? "startswith"
					 : "=",
			 word, to);
	return true;
}

/* A regular expression for one text: ASCII, no operator but escaped ones. */
static bool plain_regex(struct word word, struct sk_buffer *ret_text)
{
	for (uint32_t i = 0; i < word.length; i++) {
		char byte = word.bytes[i];

		if ((unsigned char)byte >= 0x80 || (unsigned char)byte < 0x20)
			return false;
		if (byte == '\\') {
			if (++i == word.length || !strchr(".[]()*+?{}|\\^$/-", word.bytes[i]))
				return false;
			byte = word.bytes[i];
		} else if (strchr(".[]()*+?{}|^$", byte)) {
			return false;
		}
		sk_buffer_append_char(ret_text, byte);
	}
	return word.length > 0;
}

static bool begins(struct word word, const char *with)
{
	return word.length >= strlen(with) && memcmp(word.bytes, with, strlen(with)) == 0;
}

/* Not behind a backslash: it would be the letter itself. */
static bool ends(struct word word, const char *with)
{
	const uint32_t length = (uint32_t)strlen(with);
	uint32_t slashes = 0;

	if (word.length < length || memcmp(word.bytes + word.length - length, with, length) != 0)
		return false;
	while (slashes < word.length - length && word.bytes[word.length - length - 1 - slashes] == '\\')
		slashes++;
	return slashes % 2 == 0;
}

/* One alternative at a time, between bars; none of them may have brackets. */
static bool plainer_alternatives(const struct sk_bundle *bundle, const struct sk_bundle_predicate *predicate,
				 struct word word, struct sk_buffer *to)
{
	const size_t start = to->length;
	uint32_t count = 0;

	/* Fields that look at many values ignore anyof. */
	if (predicate->quantifier != SK_QUANTIFIER_ONE || bundle->expressions[predicate->left].list)
		return false;
	if (begins(word, "(") && ends(word, ")"))
		word = (struct word){word.bytes + 1, word.length - 2};
	print_left(bundle, predicate->left, to);
	sk_buffer_append_text(to, " = anyof (");
	for (const char *at = word.bytes, *stop = word.bytes + word.length;
	     at <= stop && count <= ALTERNATIVE_LIMIT; count++) {
		const char *bar = memchr(at, '|', (size_t)(stop - at));
		struct word one = {at, (uint32_t)((bar ? bar : stop) - at)};
		struct sk_buffer text = {0};
		bool plain = plain_regex(one, &text) && !text.failed;

		sk_buffer_append_text(to, count ? ", " : "");
		if (plain)
			sk_print_word(to, text.bytes, (uint32_t)text.length);
		plain = plain && !memchr(text.bytes, ',', text.length) && !memchr(text.bytes, ')', text.length) &&
			!memchr(text.bytes, '(', text.length);
		sk_buffer_release(&text);
		if (!plain) {
			to->length = start;
			return false;
		}
		at = one.bytes + one.length + 1;
	}
	sk_buffer_append_char(to, ')');
	if (count > 1 && count <= ALTERNATIVE_LIMIT)
		return true;
	to->length = start;
	return false;
}

static bool plainer_regex(const struct sk_bundle *bundle, const struct sk_bundle_predicate *predicate,
			  struct sk_buffer *to, bool *ret_same)
{
	struct word word = constant_of(bundle, predicate);
	struct sk_buffer text = {0};
	bool front = false, back = false, found;

	/* The whole text must match, so that these say nothing. */
	if (begins(word, "^"))
		word = (struct word){word.bytes + 1, word.length - 1};
	if (ends(word, "$"))
		word.length--;
	if (plainer_alternatives(bundle, predicate, word, to)) {
		*ret_same = true;
		return true;
	}
	for (; begins(word, ".*"); front = true)
		word = (struct word){word.bytes + 2, word.length - 2};
	for (; ends(word, ".*"); back = true)
		word.length -= 2;
	found = plain_regex(word, &text) && !text.failed;
	if (found) {
		print_comparison(bundle, predicate->left,
				 front && back ? "contains"
				 : front       ? "endswith"
				 : back        ? "startswith"
					       : "=",
				 (struct word){text.bytes, (uint32_t)text.length}, to);
		/* A dot is no line break. */
		*ret_same = !front && !back;
	}
	sk_buffer_release(&text);
	return found;
}

/* contains under tolower(): icontains folds both sides itself. */
static bool plainer_fold(const struct sk_bundle *bundle, const struct sk_bundle_predicate *predicate,
			 struct sk_buffer *to)
{
	const struct sk_bundle_expression *left = &bundle->expressions[predicate->left];
	struct word word;
	uint32_t inner;

	if (left->kind != SK_EXPRESSION_TRANSFORMER || left->transformer != SK_TRANSFORMER_TOLOWER || left->list)
		return false;
	inner = bundle->arguments[left->operand];
	word = constant_of(bundle, predicate);
	if (bundle->expressions[inner].kind != SK_EXPRESSION_FIELD || !word.length ||
	    !sk_plan_is_lower_case(word.bytes, word.length))
		return false;
	print_comparison(bundle, inner, "icontains", word, to);
	return true;
}

bool sk_suggest_plainer(const struct sk_bundle *bundle, uint32_t number, struct sk_buffer *instead, bool *ret_same)
{
	const struct sk_bundle_predicate *predicate = &bundle->predicates[number];

	*ret_same = true;
	if (predicate->right != SK_NONE || predicate->modifier != SK_MODIFIER_NONE || predicate->count != 1)
		return false;
	switch ((enum sk_operator)predicate->operator) {
	case SK_OPERATOR_GLOB:
	case SK_OPERATOR_IGLOB:
		return plainer_glob(bundle, predicate, instead);
	case SK_OPERATOR_REGEX:
		return plainer_regex(bundle, predicate, instead, ret_same);
	case SK_OPERATOR_CONTAINS:
	case SK_OPERATOR_ICONTAINS:
		return plainer_fold(bundle, predicate, instead);
	case SK_OPERATOR_EQ:
	case SK_OPERATOR_NE:
	case SK_OPERATOR_LT:
	case SK_OPERATOR_LE:
	case SK_OPERATOR_GT:
	case SK_OPERATOR_GE:
	case SK_OPERATOR_EXISTS:
	case SK_OPERATOR_BCONTAINS:
	case SK_OPERATOR_STARTSWITH:
	case SK_OPERATOR_BSTARTSWITH:
	case SK_OPERATOR_ENDSWITH:
	case SK_OPERATOR_IN:
	case SK_OPERATOR_INTERSECTS:
	case SK_OPERATOR_PMATCH:
	case SK_OPERATOR_COUNT:
		break;
	}
	return false;
}
