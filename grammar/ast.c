/* SPDX-License-Identifier: Apache-2.0 */
#include "grammar/ast.h"

#include <string.h>

#include "vm/print.h"
#include "vm/support/alloc.h"

/*
 * Macros share their trees, so a few lines of them can stand for gigabytes of
 * text: a longer one than this fails the buffer.
 */
enum { LONGEST_TEXT = 64 * 1024 * 1024 };

/* Transformers nest no deeper than the parser's depth limit lets them. */
static void print_operand(const struct sk_operand *operand, struct sk_buffer *buffer, bool nested);

static void print_children(const struct sk_operand *operand, const char *separator, struct sk_buffer *buffer)
{
	sk_buffer_append_char(buffer, '(');
	for (uint32_t i = 0; i < operand->count; i++) {
		if (i)
			sk_buffer_append_text(buffer, separator);
		print_operand(operand->children[i], buffer, true);
	}
	sk_buffer_append_char(buffer, ')');
}

static void print_argument(const struct sk_operand *operand, struct sk_buffer *buffer)
{
	if (!operand->argument)
		return;
	sk_buffer_append_char(buffer, '[');
	if (operand->argument_length)
		sk_print_word(buffer, operand->argument, operand->argument_length);
	else
		sk_buffer_append_text(buffer, "\"\"");
	sk_buffer_append_char(buffer, ']');
}

static void print_operand(const struct sk_operand *operand, struct sk_buffer *buffer, bool nested)
{
	switch (operand->kind) {
	case SK_OPERAND_FIELD:
		sk_buffer_append(buffer, operand->text, operand->length);
		print_argument(operand, buffer);
		break;
	case SK_OPERAND_TRANSFORMER:
	case SK_OPERAND_VALUE:
		sk_buffer_append(buffer, operand->text, operand->length);
		print_children(operand, ",", buffer);
		print_argument(operand, buffer);
		break;
	case SK_OPERAND_CONSTANT:
	case SK_OPERAND_WORD:
		sk_print_word(buffer, operand->text, operand->length);
		break;
	case SK_OPERAND_LIST:
		/* A list inside a transformer is written without blanks. */
		print_children(operand, nested ? "," : ", ", buffer);
		break;
	}
}

void sk_operand_print(const struct sk_operand *operand, struct sk_buffer *buffer)
{
	print_operand(operand, buffer, false);
}

static void print_check(const struct sk_node *node, struct sk_buffer *buffer)
{
	sk_operand_print(node->left, buffer);
	sk_buffer_append_char(buffer, ' ');
	sk_buffer_append_text(buffer, node->doubled ? "==" : sk_operators[node->operator].text);
	if (node->modifier != SK_MODIFIER_NONE) {
		sk_buffer_append_char(buffer, ' ');
		sk_buffer_append_text(buffer, sk_modifier_names[node->modifier]);
	}
	if (node->right) {
		sk_buffer_append_char(buffer, ' ');
		sk_operand_print(node->right, buffer);
	}
}

/* A node whose children are being printed, and the next of them. */
struct visit {
	const struct sk_node *node;
	uint32_t next;
};

struct visits {
	struct visit *items;
	size_t count, capacity;
};

static void visit_push(struct visits *visits, const struct sk_node *node, struct sk_buffer *buffer)
{
	if (visits->count == visits->capacity) {
		size_t capacity = visits->capacity ? visits->capacity * 2 : 64;
		struct visit *items = sk_realloc_array(visits->items, capacity, sizeof(*items));

		if (!items) {
			buffer->failed = true;
			return;
		}
		visits->items = items;
		visits->capacity = capacity;
	}
	visits->items[visits->count++] = (struct visit){.node = node};
}

/* Prints a leaf, or opens a node with children and puts it on the stack. */
static void print_begin(const struct sk_node *node, struct visits *visits, struct sk_buffer *buffer)
{
	while (node->kind == SK_NODE_MACRO && node->body)
		node = node->body;
	switch (node->kind) {
	case SK_NODE_AND:
	case SK_NODE_OR:
		sk_buffer_append_char(buffer, '(');
		visit_push(visits, node, buffer);
		break;
	case SK_NODE_NOT:
		sk_buffer_append_text(buffer, "not ");
		visit_push(visits, node, buffer);
		break;
	case SK_NODE_CHECK:
		print_check(node, buffer);
		break;
	case SK_NODE_MACRO:
		sk_buffer_append(buffer, node->name, node->name_length);
		break;
	}
}

/* Macros nest as deep as a pack likes: this walks without recursion. */
void sk_node_print(const struct sk_node *node, struct sk_buffer *buffer)
{
	struct visits visits = {0};

	print_begin(node, &visits, buffer);
	while (visits.count && !buffer->failed) {
		struct visit *visit = &visits.items[visits.count - 1];

		if (buffer->length > LONGEST_TEXT) {
			buffer->failed = true;
		} else if (visit->next == visit->node->count) {
			if (visit->node->kind != SK_NODE_NOT)
				sk_buffer_append_char(buffer, ')');
			visits.count--;
		} else {
			if (visit->next)
				sk_buffer_append_text(buffer, visit->node->kind == SK_NODE_AND ? " and " : " or ");
			print_begin(visit->node->children[visit->next++], &visits, buffer);
		}
	}
	sk_free(visits.items);
}
