/* SPDX-License-Identifier: Apache-2.0 */
#include "grammar/parse.h"
#include "grammar/parser.h"

#include <assert.h>
#include <string.h>

#include "vm/support/alloc.h"

static void *without_memory(struct sk_parser *parser)
{
	parser->lexer->out_of_memory = parser->lexer->fatal = true;
	return NULL;
}

uint32_t sk_parser_push(struct sk_parser *parser, void *child, uint32_t count)
{
	if (parser->waiting_count == parser->waiting_capacity) {
		size_t capacity = parser->waiting_capacity ? parser->waiting_capacity * 2 : 64;
		void **waiting = sk_realloc_array(parser->waiting, capacity, sizeof(*waiting));

		if (!waiting) {
			without_memory(parser);
			return count;
		}
		parser->waiting = waiting;
		parser->waiting_capacity = capacity;
	}
	parser->waiting[parser->waiting_count++] = child;
	return count + 1;
}

/* Moves the last `count` children into the arena. */
static void *take_children(struct sk_parser *parser, uint32_t count)
{
	void **children;

	assert(count <= parser->waiting_count);
	parser->waiting_count -= count;
	children = sk_arena_alloc(parser->arena, count * sizeof(*children));
	if (!children)
		return without_memory(parser);
	if (count)
		memcpy(children, parser->waiting + parser->waiting_count, count * sizeof(*children));
	return children;
}

/* --- nodes ------------------------------------------------------------- */

static struct sk_node *new_node(struct sk_parser *parser, enum sk_node_kind kind, uint32_t begin, uint32_t end)
{
	struct sk_node *node = sk_arena_alloc_zeroed(parser->arena, 1, sizeof(*node));

	if (!node)
		return without_memory(parser);
	node->kind = kind;
	node->begin = begin;
	node->end = end;
	node->text = parser->text;
	return node;
}

struct sk_node *sk_parser_chain(struct sk_parser *parser, enum sk_node_kind kind, uint32_t count)
{
	struct sk_node **children, *node;

	/* Without memory a chain may have lost its children. */
	if (parser->lexer->fatal)
		return NULL;
	if (count == 1)
		return parser->waiting[--parser->waiting_count];
	children = take_children(parser, count);
	if (!children)
		return NULL;
	node = new_node(parser, kind, children[0]->begin, children[count - 1]->end);
	if (!node)
		return NULL;
	node->children = children;
	node->count = count;
	return node;
}

struct sk_negations sk_negations_add(struct sk_negations negations, struct sk_token token)
{
	if (!negations.any)
		negations.begin = token.begin;
	negations.any = true;
	negations.odd = !negations.odd;
	return negations;
}

struct sk_node *sk_parser_negate(struct sk_parser *parser, struct sk_negations negations, struct sk_node *child)
{
	struct sk_node *node;

	if (!child || !negations.odd)
		return child;
	node = new_node(parser, SK_NODE_NOT, negations.begin, child->end);
	if (!node)
		return NULL;
	node->children = sk_arena_alloc(parser->arena, sizeof(struct sk_node *));
	if (!node->children)
		return without_memory(parser);
	node->children[0] = child;
	node->count = 1;
	return node;
}

/* Counts one more comparison or macro; false if that is too many. */
static bool count_check(struct sk_parser *parser, uint32_t begin, uint32_t end)
{
	if (++parser->checks <= SK_PARSE_CHECK_LIMIT)
		return true;
	sk_lexer_report(parser->lexer, begin, end, "`in` takes a list of any length",
			"the condition has more than %d comparisons", SK_PARSE_CHECK_LIMIT);
	parser->lexer->fatal = true;
	return false;
}

struct sk_node *sk_parser_macro(struct sk_parser *parser, const struct sk_token *name)
{
	struct sk_node *node = new_node(parser, SK_NODE_MACRO, name->begin, name->end);

	if (!node || !count_check(parser, name->begin, name->end))
		return NULL;
	node->name = name->text;
	node->name_length = name->length;
	return node;
}

struct sk_node *sk_parser_check(struct sk_parser *parser, struct sk_operand *left, const struct sk_token *operator,
				const struct sk_token * modifier, struct sk_operand *right)
{
	struct sk_node *node;

	if (parser->lexer->fatal)
		return NULL;
	node = new_node(parser, SK_NODE_CHECK, left->begin, right ? right->end : operator->end);
	if (!node || !count_check(parser, node->begin, node->end))
		return NULL;
	node->left = left;
	node->operator=(enum sk_operator) operator->number;
	node->doubled = operator->doubled;
	node->modifier = modifier ? (enum sk_modifier)modifier->number : SK_MODIFIER_NONE;
	node->operator_begin = operator->begin;
	node->operator_end = modifier ? modifier->end : operator->end;
	node->right = right;
	return node;
}

/* --- operands ---------------------------------------------------------- */

static struct sk_operand *new_operand(struct sk_parser *parser, enum sk_operand_kind kind, uint32_t begin,
				      uint32_t end)
{
	struct sk_operand *operand = sk_arena_alloc_zeroed(parser->arena, 1, sizeof(*operand));

	if (!operand)
		return without_memory(parser);
	operand->kind = kind;
	operand->begin = begin;
	operand->end = end;
	operand->transformer = -1;
	return operand;
}

static void set_argument(struct sk_operand *operand, const struct sk_token *subscript)
{
	if (!subscript->text)
		return;
	operand->argument = subscript->text;
	operand->argument_length = subscript->length;
	operand->end = subscript->end;
}

struct sk_operand *sk_parser_text(struct sk_parser *parser, enum sk_operand_kind kind, const struct sk_token *token)
{
	struct sk_operand *operand = new_operand(parser, kind, token->begin, token->end);

	if (!operand)
		return NULL;
	operand->text = token->text;
	operand->length = token->length;
	return operand;
}

static struct sk_operand *with_children(struct sk_parser *parser, enum sk_operand_kind kind, uint32_t count,
					const struct sk_token *open, const struct sk_token *close)
{
	struct sk_operand *operand;

	if (parser->lexer->fatal)
		return NULL;
	operand = new_operand(parser, kind, open->begin, close->end);
	if (!operand)
		return NULL;
	operand->children = take_children(parser, count);
	operand->count = count;
	return operand->children ? operand : NULL;
}

struct sk_operand *sk_parser_list(struct sk_parser *parser, const struct sk_token *open, uint32_t count,
				  const struct sk_token *close)
{
	return with_children(parser, SK_OPERAND_LIST, count, open, close);
}

struct sk_operand *sk_parser_field(struct sk_parser *parser, const struct sk_token *name,
				   const struct sk_token *subscript)
{
	struct sk_operand *operand = sk_parser_text(parser, SK_OPERAND_FIELD, name);

	if (operand)
		set_argument(operand, subscript);
	return operand;
}

struct sk_operand *sk_parser_value(struct sk_parser *parser, const struct sk_token *open, struct sk_operand *field,
				   const struct sk_token *close, const struct sk_token *subscript)
{
	struct sk_operand *operand;

	sk_parser_push(parser, field, 0);
	operand = with_children(parser, SK_OPERAND_VALUE, 1, open, close);
	if (!operand)
		return NULL;
	operand->text = "val";
	operand->length = 3;
	set_argument(operand, subscript);
	return operand;
}

struct sk_operand *sk_parser_transformer(struct sk_parser *parser, const struct sk_token *open, uint32_t count,
					 const struct sk_token *close, const struct sk_token *subscript)
{
	struct sk_operand *operand = with_children(parser, SK_OPERAND_TRANSFORMER, count, open, close);

	if (!operand)
		return NULL;
	operand->transformer = open->number;
	operand->text = sk_transformers[open->number].text;
	operand->length = (uint32_t)strlen(operand->text);
	set_argument(operand, subscript);
	return operand;
}
