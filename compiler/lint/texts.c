/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comparisons of texts say of each other.
 *
 *   = text                 decides every other comparison
 *   startswith text   ─►   startswith, contains, icontains, pmatch of less
 *   endswith text     ─►   endswith, contains, icontains of less
 *   contains text     ─►   contains, icontains of less
 *   glob              ─►   how it begins and ends, where that has no wildcard
 *   pmatch path       ─►   pmatch of a path above it
 *
 * Operators that ask for the same bytes in other words are brought into one
 * form first: the plain shell patterns, and the hexadecimal ones of BYTES.
 */
#include <string.h>

#include "compiler/lint/lint_private.h"
#include "vm/compare.h"
#include "vm/plan.h"

struct relation {
	enum sk_operator operator;
	const char *text;
	uint32_t length;
	uint32_t constant; /* SK_NONE: not the whole of one */
};

static bool is_wild(char byte)
{
	return byte == '*' || byte == '?' || byte == '[' || byte == '\\';
}

static bool is_plain(const char *text, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++) {
		if (is_wild(text[i]))
			return false;
	}
	return true;
}

/* A pattern whose only wildcards are a star at its ends. */
static void simplify_glob(struct relation *relation)
{
	bool front = relation->length && relation->text[0] == '*';
	bool back = relation->length > front && relation->text[relation->length - 1] == '*';
	const char *text = relation->text + front;
	uint32_t length = relation->length - front - back;

	if (!is_plain(text, length))
		return;
	*relation =
		(struct relation){.operator= front ? back || !length ? SK_OPERATOR_CONTAINS : SK_OPERATOR_ENDSWITH
				  : back           ? SK_OPERATOR_STARTSWITH
						   : SK_OPERATOR_EQ,
				  .text = text,
				  .length = length,
				  .constant = SK_NONE};
}

static struct relation relation_of(const struct sk_linter *linter, const struct sk_lint_element *element)
{
	struct relation relation = {.operator=(enum sk_operator) element->operator, .constant = element->constant };

	relation.text = sk_ir_text(&linter->ir, element->constant, &relation.length);
	if (relation.operator== SK_OPERATOR_GLOB)
		simplify_glob(&relation);
	else if (relation.operator== SK_OPERATOR_BCONTAINS)
		relation.operator= SK_OPERATOR_CONTAINS;
	else if (relation.operator== SK_OPERATOR_BSTARTSWITH)
		relation.operator= SK_OPERATOR_STARTSWITH;
	return relation;
}

static bool holds(struct sk_linter *linter, const struct relation *relation, const char *text, uint32_t length)
{
	const struct sk_regex *regex = NULL;

	if (relation->operator== SK_OPERATOR_REGEX) {
		regex = sk_lint_regex(linter, relation->constant);
		if (!regex)
			return false;
	}
	return sk_compare_text(relation->operator, text, length, relation->text, relation->length, regex,
			       &linter->temporary);
}

bool sk_text_holds(struct sk_linter *linter, const struct sk_lint_element *element, const char *text,
		   uint32_t length)
{
	struct relation relation = {.operator=(enum sk_operator) element->operator, .constant = element->constant };

	relation.text = sk_ir_text(&linter->ir, element->constant, &relation.length);
	return holds(linter, &relation, text, length);
}

/* True for every text. */
static bool is_everything(const struct relation *relation)
{
	switch (relation->operator) {
	case SK_OPERATOR_CONTAINS:
	case SK_OPERATOR_ICONTAINS:
	case SK_OPERATOR_STARTSWITH:
	case SK_OPERATOR_ENDSWITH:
		return relation->length == 0;
	case SK_OPERATOR_PMATCH:
		for (uint32_t i = 0; i < relation->length; i++) {
			if (relation->text[i] != '/')
				return false;
		}
		return true;
	default:
		return false;
	}
}

/* The part of a text that begins with `relation`, up to the last slash: whole components of a path. */
static uint32_t whole_components(const struct relation *relation)
{
	uint32_t length = relation->length;

	while (length && relation->text[length - 1] != '/')
		length--;
	return length;
}

/* Texts that begin, end or go on with this: what must be inside. */
static bool holds_inside(struct sk_linter *linter, const struct relation *premise,
			 const struct relation *conclusion)
{
	struct relation inside = *conclusion;

	if (conclusion->operator!= SK_OPERATOR_CONTAINS && conclusion->operator!= SK_OPERATOR_ICONTAINS)
		return false;
	return holds(linter, &inside, premise->text, premise->length);
}

static bool imply(struct sk_linter *linter, const struct relation *premise, const struct relation *conclusion);

/* How a pattern begins and ends. */
static struct relation glob_front(const struct relation *glob)
{
	uint32_t length = 0;

	while (length < glob->length && !is_wild(glob->text[length]))
		length++;
	return (struct relation){SK_OPERATOR_STARTSWITH, glob->text, length, SK_NONE};
}

static struct relation glob_back(const struct relation *glob)
{
	uint32_t begin = glob->length;

	/* A bracket that is open may end in anything. */
	if (memchr(glob->text, '[', glob->length) || memchr(glob->text, '\\', glob->length))
		return (struct relation){SK_OPERATOR_ENDSWITH, "", 0, SK_NONE};
	while (begin && !is_wild(glob->text[begin - 1]))
		begin--;
	return (struct relation){SK_OPERATOR_ENDSWITH, glob->text + begin, glob->length - begin, SK_NONE};
}

static bool imply(struct sk_linter *linter, const struct relation *premise, const struct relation *conclusion)
{
	struct relation front, back;

	if (is_everything(conclusion))
		return true;
	if (premise->operator== conclusion->operator&& premise->constant != SK_NONE &&
	    premise->constant == conclusion->constant)
		return true;
	switch (premise->operator) {
	case SK_OPERATOR_EQ:
		/* A text with a NUL inside equals what is before it, but is not in any list. */
		return conclusion->operator!= SK_OPERATOR_IN && conclusion->operator!= SK_OPERATOR_INTERSECTS &&
			holds(linter, conclusion, premise->text, premise->length);
	case SK_OPERATOR_IN:
	case SK_OPERATOR_INTERSECTS:
		return holds(linter, conclusion, premise->text, premise->length);
	case SK_OPERATOR_STARTSWITH:
		if (conclusion->operator== SK_OPERATOR_STARTSWITH)
			return holds(linter, conclusion, premise->text, premise->length);
		if (conclusion->operator== SK_OPERATOR_PMATCH)
			return holds(linter, conclusion, premise->text, whole_components(premise));
		return holds_inside(linter, premise, conclusion);
	case SK_OPERATOR_ENDSWITH:
		if (conclusion->operator== SK_OPERATOR_ENDSWITH)
			return holds(linter, conclusion, premise->text, premise->length);
		return holds_inside(linter, premise, conclusion);
	case SK_OPERATOR_CONTAINS:
		return holds_inside(linter, premise, conclusion);
	case SK_OPERATOR_ICONTAINS:
		return conclusion->operator== SK_OPERATOR_ICONTAINS && holds_inside(linter, premise, conclusion);
	case SK_OPERATOR_PMATCH:
		return conclusion->operator==
		       SK_OPERATOR_PMATCH && !sk_plan_has_wildcard(premise->text, premise->length) &&
		       holds(linter, conclusion, premise->text, premise->length);
	case SK_OPERATOR_GLOB:
		front = glob_front(premise);
		back = glob_back(premise);
		return imply(linter, &front, conclusion) || imply(linter, &back, conclusion);
	default:
		return false;
	}
}

bool sk_texts_imply(struct sk_linter *linter, const struct sk_lint_element *premise,
		    const struct sk_lint_element *conclusion)
{
	const struct relation a = relation_of(linter, premise), b = relation_of(linter, conclusion);

	return imply(linter, &a, &b);
}

static bool is_exact(const struct relation *relation)
{
	return relation->operator== SK_OPERATOR_EQ || relation->operator== SK_OPERATOR_IN || relation->operator==
		SK_OPERATOR_INTERSECTS;
}

/* Paths whose first components are these, and those that begin with a pattern's. */
static bool paths_part(struct sk_linter *linter, const char *path, uint32_t length, const struct relation *pattern)
{
	const struct relation above = {SK_OPERATOR_PMATCH, path, length, SK_NONE};

	return !sk_plan_has_wildcard(path, length) && !sk_plan_has_wildcard(pattern->text, pattern->length) &&
	       !holds(linter, pattern, path, length) && !holds(linter, &above, pattern->text, pattern->length);
}

static bool exclude(struct sk_linter *linter, const struct relation *one, const struct relation *other)
{
	const struct relation *path = one->operator== SK_OPERATOR_PMATCH ? one : other;
	const struct relation *text = path == one ? other : one;
	struct relation front, back;

	if (is_exact(one))
		return !holds(linter, other, one->text, one->length);
	if (is_exact(other))
		return !holds(linter, one, other->text, other->length);
	if (one->operator== SK_OPERATOR_GLOB) {
		front = glob_front(one);
		back = glob_back(one);
		return exclude(linter, &front, other) || exclude(linter, &back, other);
	}
	if (other->operator== SK_OPERATOR_GLOB)
		return exclude(linter, other, one);
	if (path->operator== SK_OPERATOR_PMATCH) {
		if (text->operator== SK_OPERATOR_PMATCH)
			return paths_part(linter, text->text, text->length, path);
		return text->operator== SK_OPERATOR_STARTSWITH &&
			paths_part(linter, text->text, whole_components(text), path);
	}
	if (one->operator!= other->operator)
		return false;
	if (one->operator== SK_OPERATOR_STARTSWITH || one->operator== SK_OPERATOR_ENDSWITH)
		return !holds(linter, one, other->text, other->length) &&
		       !holds(linter, other, one->text, one->length);
	return false;
}

bool sk_texts_exclude(struct sk_linter *linter, const struct sk_lint_element *one,
		      const struct sk_lint_element *other)
{
	const struct relation a = relation_of(linter, one), b = relation_of(linter, other);

	return exclude(linter, &a, &b);
}

bool sk_text_is_impossible(struct sk_linter *linter, const struct sk_lint_element *element)
{
	const struct relation relation = relation_of(linter, element);

	return element->negated && is_everything(&relation);
}
