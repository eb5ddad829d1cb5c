/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions on lines.
 *
 *   words    open_write and ( proc.name in ( a , b ) or m )
 *   tree       AND ─┬─ check
 *                   └─ group ─ OR ─┬─ check
 *                                  └─ macro
 *
 * What fits into its line stays on it.  What does not is broken at its weakest
 * connective, each line beginning with it; operands of the other one and what
 * is in a group begin further right:
 *
 *   open_write
 *   and (proc.name in (a, b)
 *        or m)
 *
 * Lists of values are filled.  Only white space is changed, and only where a
 * word ends anyhow: list names are found between delimiters, so a blank that
 * is put in or left out anywhere else could make one appear or vanish.
 *
 * Invariant: a node is the words first..last; `columns` says where each
 * begins if all are on one line, so the width of any node is a subtraction.
 */
#include "compiler/format/condition.h"

#include <errno.h>
#include <string.h>

#include "grammar/words.h"
#include "grammar/parse.h"

/* Put before what is appended to a condition, so that both together are one. */
static const char stand_in[] = "a.b exists ";
enum { STAND_IN_WORDS = 2 };

/* A list is not begun on a line that has less room for it. */
enum { LIST_ROOM = 24, STEP = 4, BINDING_STEP = 3 };

enum node_kind { NODE_CHECK, NODE_GROUP, NODE_AND, NODE_OR };

struct node {
	enum node_kind kind;
	uint32_t first, last;  /* words, last not included; of a GROUP with its `not`s and brackets */
	struct node *children; /* linked; of a GROUP one */
	struct node *next;
};

struct condition {
	const char *text;
	struct sk_word *words;
	uint32_t count, from; /* `from`: behind the stand-in */
	uint32_t *columns;    /* one more than there are words: where the next one would begin */
	struct sk_arena *arena;
	struct sk_buffer *out;
	uint32_t room;
	uint32_t column; /* where the next byte goes */
	bool failed;     /* without memory */
	bool free;       /* blanks may be put in around operators */
};

uint32_t sk_format_width(const char *text, size_t length)
{
	uint32_t width = 0;

	for (size_t i = 0; i < length; i++)
		width += (text[i] & 0xc0) != 0x80;
	return width;
}

/* --- words ----------------------------------------------------------- */

static bool begins_with_connective(const char *text, uint32_t length)
{
	static const char *const words[] = {"and", "or"};
	uint32_t at = 0;

	while (at < length && strchr(" \t\n\r", text[at]))
		at++;
	for (size_t i = 0; i < 2; i++) {
		size_t word = strlen(words[i]);

		if (length - at > word && memcmp(text + at, words[i], word) == 0 &&
		    strchr(" \t\n\r(", text[at + word]))
			return true;
	}
	return false;
}

/* Reads the words; what is appended to a condition gets one before it. */
static int read_words(struct condition *condition, const char *text, uint32_t length, struct sk_text *ret_parsed)
{
	bool appended = begins_with_connective(text, length);
	char *whole;

	if (memchr(text, '\0', length) || length > SK_PARSE_TEXT_LIMIT / 2)
		return -EINVAL;
	whole = sk_arena_printf(condition->arena, "%s%.*s", appended ? stand_in : "", (int)length, text);
	if (!whole)
		return -ENOMEM;
	condition->text = whole;
	condition->from = appended ? STAND_IN_WORDS : 0;
	*ret_parsed = (struct sk_text){.bytes = whole, .length = (uint32_t)strlen(whole)};
	return sk_words_read(ret_parsed, condition->arena, &condition->words, &condition->count);
}

static const char *bytes_of(const struct condition *condition, uint32_t number, uint32_t *ret_length)
{
	const struct sk_word *word = &condition->words[number];

	*ret_length = word->end - word->begin;
	return condition->text + word->begin;
}

static bool is_delimiter(char byte)
{
	return byte && strchr(" \t\r\n(),=", byte);
}

/* True if a blank belongs between two words. */
static bool wants_blank(const struct condition *condition, uint32_t number)
{
	const struct sk_word *left = &condition->words[number - 1], *right = &condition->words[number];

	switch (left->kind) {
	case SK_WORD_OPEN:
	case SK_WORD_LIST_OPEN:
	case SK_WORD_CALL:
		return false;
	case SK_WORD_AND:
	case SK_WORD_OR:
	case SK_WORD_NOT:
	case SK_WORD_CLOSE:
	case SK_WORD_FIELD:
	case SK_WORD_MACRO:
	case SK_WORD_CALL_CLOSE:
	case SK_WORD_OPERATOR:
	case SK_WORD_MODIFIER:
	case SK_WORD_LIST_CLOSE:
	case SK_WORD_COMMA:
	case SK_WORD_VALUE:
		break;
	}
	return right->kind != SK_WORD_CLOSE && right->kind != SK_WORD_LIST_CLOSE &&
	       right->kind != SK_WORD_CALL_CLOSE && right->kind != SK_WORD_COMMA;
}

/*
 * True if there is one.  A blank between words that touch would end both
 * there, and perhaps make one of them the name of a list; a field that an
 * operator touches is no such name, nor is a number.
 */
static bool has_blank(const struct condition *condition, uint32_t number)
{
	const struct sk_word *left = &condition->words[number - 1], *right = &condition->words[number];
	const char *text = condition->text;

	if (!wants_blank(condition, number))
		return false;
	if (left->end < right->begin || is_delimiter(text[left->end - 1]) || is_delimiter(text[right->begin]))
		return true;
	if (!condition->free)
		return false;
	if (left->kind == SK_WORD_FIELD && right->kind == SK_WORD_OPERATOR)
		return true;
	return left->kind == SK_WORD_OPERATOR && text[right->begin] >= '0' && text[right->begin] <= '9';
}

static int measure(struct condition *condition)
{
	uint32_t column = 0, length;

	condition->columns = sk_arena_alloc(condition->arena, (condition->count + 1) * sizeof(*condition->columns));
	if (!condition->columns)
		return -ENOMEM;
	for (uint32_t i = condition->from; i < condition->count; i++) {
		const char *bytes = bytes_of(condition, i, &length);

		for (uint32_t k = 0; k < length; k++) {
			/* White space that a folded text would not keep, or YAML not take. */
			if ((unsigned char)bytes[k] < ' ' || bytes[k] == 0x7f)
				return -EINVAL;
		}
		if (i > condition->from)
			column += has_blank(condition, i);
		condition->columns[i] = column;
		column += sk_format_width(bytes, length);
	}
	condition->columns[condition->count] = column;
	return 0;
}

/* The end of a node on one line; its begin is that of its first word. */
static uint32_t width_of(const struct condition *condition, uint32_t first, uint32_t last)
{
	uint32_t length, end = condition->columns[last - 1];
	const char *bytes = bytes_of(condition, last - 1, &length);

	return end + sk_format_width(bytes, length) - condition->columns[first];
}

/* --- the tree ---------------------------------------------------------- */

static struct node *new_node(struct condition *condition, enum node_kind kind, uint32_t first, uint32_t last)
{
	struct node *node = sk_arena_alloc_zeroed(condition->arena, 1, sizeof(*node));

	if (!node) {
		condition->failed = true;
		return NULL;
	}
	*node = (struct node){.kind = kind, .first = first, .last = last};
	return node;
}

static struct node *read_chain(struct condition *condition, uint32_t *at, enum node_kind kind);

/* A check, or a group, with every `not` before it. */
static struct node *read_operand(struct condition *condition, uint32_t *at)
{
	uint32_t first = *at, depth = 0;
	struct node *node;

	while (*at < condition->count && condition->words[*at].kind == SK_WORD_NOT)
		++*at;
	if (*at < condition->count && condition->words[*at].kind == SK_WORD_OPEN) {
		++*at;
		node = new_node(condition, NODE_GROUP, first, 0);
		if (!node)
			return NULL;
		node->children = read_chain(condition, at, NODE_OR);
		node->last = ++*at;
		return node;
	}
	for (; *at < condition->count; ++*at) {
		enum sk_word_kind kind = condition->words[*at].kind;

		if (depth == 0 && (kind == SK_WORD_AND || kind == SK_WORD_OR || kind == SK_WORD_CLOSE))
			break;
	}
	return new_node(condition, NODE_CHECK, first, *at);
}

/*
 * Operands between connectives of a kind; one alone is itself.  What is
 * appended begins with a connective: its first operand is empty.
 */
static struct node *read_chain(struct condition *condition, uint32_t *at, enum node_kind kind)
{
	enum sk_word_kind connective = kind == NODE_OR ? SK_WORD_OR : SK_WORD_AND;
	struct node *chain, **last;
	uint32_t first = *at;
	struct node *child = kind == NODE_OR ? read_chain(condition, at, NODE_AND) : read_operand(condition, at);

	if (!child || *at >= condition->count || condition->words[*at].kind != connective)
		return child;
	chain = new_node(condition, kind, first, 0);
	if (!chain)
		return NULL;
	chain->children = child;
	last = &child->next;
	while (*at < condition->count && condition->words[*at].kind == connective) {
		++*at;
		child = kind == NODE_OR ? read_chain(condition, at, NODE_AND) : read_operand(condition, at);
		if (!child)
			return NULL;
		*last = child;
		last = &child->next;
	}
	chain->last = *at;
	return chain;
}

/* --- lines ------------------------------------------------------------- */

static void put(struct condition *condition, const char *bytes, size_t length)
{
	sk_buffer_append(condition->out, bytes, length);
	condition->column += sk_format_width(bytes, length);
}

static void break_line(struct condition *condition, uint32_t indent)
{
	sk_buffer_printf(condition->out, "\n%*s", (int)indent, "");
	condition->column = indent;
}

static void put_word(struct condition *condition, uint32_t number)
{
	uint32_t length;
	const char *bytes = bytes_of(condition, number, &length);

	put(condition, bytes, length);
}

/* Lexemes on one line. */
static void put_flat(struct condition *condition, uint32_t first, uint32_t last)
{
	for (uint32_t i = first; i < last; i++) {
		if (i > first && has_blank(condition, i))
			put(condition, " ", 1);
		put_word(condition, i);
	}
}

/* Where a piece of a list ends that stays together: a value with its comma, a call. */
static uint32_t piece_end(const struct condition *condition, uint32_t first, uint32_t last)
{
	uint32_t depth = 0, at = first;

	for (; at < last; at++) {
		enum sk_word_kind kind = condition->words[at].kind;

		if (kind == SK_WORD_CALL || kind == SK_WORD_LIST_OPEN)
			depth++;
		else if (depth && (kind == SK_WORD_CALL_CLOSE || kind == SK_WORD_LIST_CLOSE))
			depth--;
		else if (!depth && kind == SK_WORD_LIST_CLOSE)
			break;
		else if (!depth && kind == SK_WORD_COMMA)
			return at + 1;
	}
	return at;
}

/* The '(' of the list that a check ends with; its end without one. */
static uint32_t list_begin(const struct condition *condition, const struct node *node)
{
	uint32_t depth = 0;

	for (uint32_t at = node->last; at-- > node->first;) {
		enum sk_word_kind kind = condition->words[at].kind;

		if (kind == SK_WORD_LIST_CLOSE)
			depth++;
		if (kind == SK_WORD_LIST_OPEN && --depth == 0)
			return at;
		if (depth == 0)
			break;
	}
	return node->last;
}

/* A check that is too long for its line: its list of values is filled. */
static void put_check(struct condition *condition, const struct node *node, uint32_t indent, uint32_t behind)
{
	uint32_t open = list_begin(condition, node), inner;

	if (open == node->last) {
		put_flat(condition, node->first, node->last);
		return;
	}
	put_flat(condition, node->first, open);
	if (has_blank(condition, open))
		put(condition, " ", 1);
	put_word(condition, open);
	inner = condition->column;
	if (inner + LIST_ROOM > condition->room) {
		inner = indent + STEP;
		break_line(condition, inner);
	}
	for (uint32_t at = open + 1, end; at < node->last - 1; at = end) {
		uint32_t width;

		end = piece_end(condition, at, node->last - 1);
		width = width_of(condition, at, end) + (end == node->last - 1 ? 1 + behind : 0);
		if (at > open + 1) {
			if (condition->column + 1 + width > condition->room)
				break_line(condition, inner);
			else
				put(condition, " ", 1);
		}
		put_flat(condition, at, end);
	}
	put_word(condition, node->last - 1);
}

static void put_node(struct condition *condition, const struct node *node, uint32_t indent, uint32_t behind);

/* Operands on lines of their own; `indent` is where their connectives stand. */
static void put_chain(struct condition *condition, const struct node *node, uint32_t indent, uint32_t behind)
{
	const char *word = node->kind == NODE_OR ? "or " : "and ";
	bool begun = false;

	for (const struct node *child = node->children; child; child = child->next) {
		uint32_t column;

		if (begun)
			break_line(condition, indent);
		if (child != node->children)
			put(condition, word, strlen(word));
		column = condition->column;
		/* Operands of `and` without brackets stand further right than the `or` around them. */
		if (child->last > child->first) {
			if (child->kind == NODE_AND && column == indent)
				column += BINDING_STEP;
			put_node(condition, child, column, child->next ? 0 : behind);
			begun = true;
		} else {
			begun = child != node->children;
		}
	}
}

/* `behind` columns must stay free behind the last line for the brackets that close there. */
static void put_node(struct condition *condition, const struct node *node, uint32_t indent, uint32_t behind)
{
	if (condition->column + width_of(condition, node->first, node->last) + behind <= condition->room) {
		put_flat(condition, node->first, node->last);
		return;
	}
	switch (node->kind) {
	case NODE_CHECK:
		put_check(condition, node, indent, behind);
		break;
	case NODE_GROUP: {
		uint32_t inner = node->children->first;

		put_flat(condition, node->first, inner);
		put_node(condition, node->children, condition->column, behind + 1);
		put_word(condition, node->last - 1);
		break;
	}
	case NODE_AND:
	case NODE_OR:
		put_chain(condition, node, indent, behind);
		break;
	}
}

/* A line cannot end where two words touch: `existsand`. */
static bool has_glued_connective(const struct condition *condition)
{
	for (uint32_t i = condition->from + 1; i < condition->count; i++) {
		enum sk_word_kind kind = condition->words[i].kind;

		if ((kind == SK_WORD_AND || kind == SK_WORD_OR) && !has_blank(condition, i))
			return true;
	}
	return false;
}

enum sk_format_freedom sk_format_name_freedom(const char *name, uint32_t length)
{
	enum sk_format_freedom freedom = length && *name >= '0' && *name <= '9' ? SK_FORMAT_WORDS : SK_FORMAT_FREE;

	for (uint32_t i = 0; i < length; i++) {
		if (is_delimiter(name[i]))
			return SK_FORMAT_NONE;
		if (name[i] && strchr(".<>!]", name[i]))
			freedom = SK_FORMAT_WORDS;
	}
	return freedom;
}

/* An item in quotes as a whole stays what it is wherever it is written. */
enum sk_format_freedom sk_format_item_freedom(const char *item, uint32_t length)
{
	char quote = length > 1 && (*item == '"' || *item == '\'') && item[length - 1] == *item ? *item : '\0';

	for (uint32_t i = 0; i < length; i++) {
		bool inside = quote && i > 0 && i + 1 < length;

		if ((item[i] == '"' || item[i] == '\'') && (!quote || (inside && item[i] == quote)))
			return SK_FORMAT_NONE;
		if (item[i] == '\\' && quote)
			return SK_FORMAT_NONE;
	}
	return SK_FORMAT_FREE;
}

int sk_format_condition(const char *text, uint32_t length, enum sk_format_freedom freedom, uint32_t line_room,
			uint32_t room, struct sk_arena *arena, struct sk_buffer *ret_text)
{
	struct condition condition = {
		.arena = arena, .out = ret_text, .room = room, .free = freedom == SK_FORMAT_FREE};
	size_t before = ret_text->length;
	struct sk_text parsed;
	struct node *tree;
	uint32_t at;
	int result = freedom == SK_FORMAT_NONE ? -EINVAL : read_words(&condition, text, length, &parsed);

	if (result == 0)
		result = measure(&condition);
	if (result < 0)
		return result;
	if (condition.columns[condition.count] <= line_room || has_glued_connective(&condition)) {
		put_flat(&condition, condition.from, condition.count);
	} else {
		at = condition.from;
		tree = read_chain(&condition, &at, NODE_OR);
		if (condition.failed)
			return -ENOMEM;
		if (!tree || at != condition.count)
			return -EINVAL;
		put_node(&condition, tree, 0, 0);
	}
	if (ret_text->failed) {
		ret_text->length = before;
		return -ENOMEM;
	}
	return 0;
}

/* --- comparing --------------------------------------------------------- */

static int print_tree(const struct sk_text *text, struct sk_arena *arena, struct sk_buffer *ret_print)
{
	struct sk_diagnostics unheard;
	struct sk_sources nowhere;
	struct sk_node *tree;

	sk_sources_init(&nowhere, arena);
	sk_diagnostics_init(&unheard, &nowhere, arena);
	tree = sk_parse_condition(text, SK_PARSE_DEPTH_PACK, arena, &unheard);
	if (tree)
		sk_node_print(tree, ret_print);
	if (unheard.out_of_memory || ret_print->failed)
		return -ENOMEM;
	return tree ? 0 : -EINVAL;
}

static bool same_words(const struct condition *left, const struct condition *right)
{
	if (left->count != right->count || left->from != right->from)
		return false;
	for (uint32_t i = 0; i < left->count; i++) {
		uint32_t left_length, right_length;
		const char *left_bytes = bytes_of(left, i, &left_length);
		const char *right_bytes = bytes_of(right, i, &right_length);

		if (left->words[i].kind != right->words[i].kind || left_length != right_length ||
		    memcmp(left_bytes, right_bytes, left_length) != 0)
			return false;
	}
	return true;
}

int sk_format_same_condition(const char *left, uint32_t left_length, const char *right, uint32_t right_length,
			     struct sk_arena *arena)
{
	struct condition one = {.arena = arena}, other = {.arena = arena};
	struct sk_buffer one_print = {0}, other_print = {0};
	struct sk_text one_text, other_text;
	int result = read_words(&one, left, left_length, &one_text);

	if (result == 0)
		result = read_words(&other, right, right_length, &other_text);
	if (result < 0)
		return result == -EINVAL ? 0 : result;
	if (!same_words(&one, &other))
		return 0;
	result = print_tree(&one_text, arena, &one_print);
	if (result == 0)
		result = print_tree(&other_text, arena, &other_print);
	if (result == 0)
		result = one_print.length == other_print.length &&
			 memcmp(one_print.bytes, other_print.bytes, one_print.length) == 0;
	sk_buffer_release(&one_print);
	sk_buffer_release(&other_print);
	return result == -EINVAL ? 0 : result;
}
