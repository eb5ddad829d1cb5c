/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree of a condition (spec/rule-language.md section 2.2).
 *
 *   AND/OR ── children            CHECK ── left ── operator ── right
 *   NOT ── one child              MACRO ── name, later its tree
 *
 * Nodes live in the arena of the compile.  Offsets count bytes of the text
 * that was parsed; sk_text_span() turns them into a place in the source.
 */
#ifndef SK_GRAMMAR_AST_H
#define SK_GRAMMAR_AST_H

#include <stdbool.h>
#include <stdint.h>

#include "grammar/source.h"
#include "vm/schema/schema.h"
#include "vm/support/buffer.h"

/* An operand: what stands left or right of an operator, or in a transformer. */
enum sk_operand_kind {
	SK_OPERAND_FIELD,       /* name[argument] */
	SK_OPERAND_TRANSFORMER, /* name(operands)[argument] */
	SK_OPERAND_VALUE,       /* val(field)[argument], right side only: one child */
	SK_OPERAND_CONSTANT,    /* quoted or bare text, number */
	SK_OPERAND_LIST,        /* (a, b): children are CONSTANTs, or any in a transformer */
	SK_OPERAND_WORD,        /* an identifier where a list is expected: a list of one */
};

struct sk_operand {
	enum sk_operand_kind kind : 8;
	int transformer : 24; /* TRANSFORMER: enum sk_transformer */
	uint32_t begin, end;  /* bytes of the parsed text */
	uint32_t length;      /* of `text`, which may hold NULs */
	const char *text;     /* FIELD, TRANSFORMER: name; CONSTANT, WORD: value, unescaped, NUL-terminated */
	const char *argument; /* of [argument], unescaped; NULL without one */
	struct sk_operand **children;
	uint32_t count;
	uint32_t argument_length;
};

enum sk_node_kind { SK_NODE_AND, SK_NODE_OR, SK_NODE_NOT, SK_NODE_CHECK, SK_NODE_MACRO };

struct sk_node {
	enum sk_node_kind kind;
	uint32_t begin, end;        /* bytes of `text` */
	const struct sk_text *text; /* what was parsed */
	union {
		struct { /* AND, OR: two or more; NOT: one */
			struct sk_node **children;
			uint32_t count;
		};
		struct { /* CHECK */
			struct sk_operand *left;
			enum sk_operator operator;
			enum sk_modifier modifier;
			bool doubled; /* EQ was written `==`, and is printed so */
			uint32_t operator_begin, operator_end;
			struct sk_operand *right; /* NULL for `exists` */
		};
		struct { /* MACRO */
			const char *name;
			uint32_t name_length;
			struct sk_node *body; /* set when macros are resolved; shared */
		};
	};
};

/*
 * The canonical text of a tree (section 2.10).  Macros whose body is set are
 * printed as that body.
 */
void sk_node_print(const struct sk_node *node, struct sk_buffer *buffer);
void sk_operand_print(const struct sk_operand *operand, struct sk_buffer *buffer);

#endif
