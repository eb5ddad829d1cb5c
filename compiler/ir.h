/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The intermediate representation of a pack: what its conditions and outputs
 * say, each thing once.
 *
 *   node        AND, OR, NOT over nodes, down to predicates
 *   predicate   left, operator, right expression or run of constants
 *   expression  field, constant, transformer or list over expressions
 *   field       with its argument
 *   run         constants of one predicate, or expressions: their numbers
 *   string, value (a number of 64 bits), address
 *
 * Everything is hash-consed: equal things have equal numbers over the whole
 * pack, whichever macro or rule they stand in.  A condition is a DAG of nodes,
 * and a macro that is used a thousand times is one node.
 *
 * Records are those of the bundle, their references numbers of the IR.
 */
#ifndef SK_COMPILER_IR_H
#define SK_COMPILER_IR_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/intern.h"
#include "grammar/source.h"
#include "vm/bundle.h"

enum sk_ir_node_kind { SK_IR_PREDICATE, SK_IR_NOT, SK_IR_AND, SK_IR_OR };

struct sk_ir_expression {
	uint8_t kind; /* enum sk_expression_kind */
	uint8_t transformer;
	uint8_t type;
	uint8_t list;
	uint32_t operand;   /* FIELD: field; CONSTANT: string; else SK_NONE */
	uint32_t arguments; /* TRANSFORMER, LIST: run of numbers; SK_NONE otherwise */
	uint32_t selector;  /* string, SK_NONE without one */
	uint32_t text;      /* string */
};

struct sk_ir_predicate {
	uint8_t comparison; /* enum sk_operator */
	uint8_t modifier;
	uint8_t scope;
	uint8_t quantifier;
	uint32_t left;      /* expression */
	uint32_t right;     /* expression, SK_NONE without one */
	uint32_t constants; /* run of strings, values or addresses, as the left type wants; SK_NONE without any */
};

struct sk_ir_node {
	uint32_t kind;        /* enum sk_ir_node_kind */
	uint32_t operands[1]; /* PREDICATE: predicate; NOT: node; AND, OR: two or more nodes */
};

struct sk_ir {
	struct sk_arena *arena;
	struct sk_intern strings, values, addresses, fields, runs, expressions, predicates, nodes;
	sk_position *origins; /* of each predicate, where it was met first */
	uint32_t origin_capacity;
	uint32_t *leaves; /* of each node: predicates when written out, saturating */
	uint32_t leaf_capacity;
	bool out_of_memory; /* sticky: numbers are SK_NONE from then on */
};

void sk_ir_init(struct sk_ir *ir, struct sk_arena *arena);

/*
 * Each gives the number of the thing, which is added if it is new; SK_NONE
 * without memory, and also if a part is SK_NONE that must not be.
 */
uint32_t sk_ir_string(struct sk_ir *ir, const void *bytes, size_t length);
uint32_t sk_ir_field(struct sk_ir *ir, const struct sk_bundle_field *field);
uint32_t sk_ir_value(struct sk_ir *ir, uint64_t value);
uint32_t sk_ir_address(struct sk_ir *ir, const struct sk_bundle_address *address);
uint32_t sk_ir_run(struct sk_ir *ir, const uint32_t *numbers, uint32_t count);
uint32_t sk_ir_expression(struct sk_ir *ir, const struct sk_ir_expression *expression);
uint32_t sk_ir_predicate(struct sk_ir *ir, const struct sk_ir_predicate *predicate, sk_position origin);
uint32_t sk_ir_node_predicate(struct sk_ir *ir, uint32_t predicate);
uint32_t sk_ir_node_not(struct sk_ir *ir, uint32_t node);
/* AND or OR; of one child it is that child. */
uint32_t sk_ir_node_branch(struct sk_ir *ir, enum sk_ir_node_kind kind, const uint32_t *children, uint32_t count);

/* What has a number. */
const char *sk_ir_text(const struct sk_ir *ir, uint32_t string, uint32_t *ret_length);
const struct sk_bundle_field *sk_ir_get_field(const struct sk_ir *ir, uint32_t number);
uint64_t sk_ir_get_value(const struct sk_ir *ir, uint32_t number);
const struct sk_bundle_address *sk_ir_get_address(const struct sk_ir *ir, uint32_t number);
const uint32_t *sk_ir_get_run(const struct sk_ir *ir, uint32_t run, uint32_t *ret_count);
const struct sk_ir_expression *sk_ir_get_expression(const struct sk_ir *ir, uint32_t number);
const struct sk_ir_predicate *sk_ir_get_predicate(const struct sk_ir *ir, uint32_t number);
const struct sk_ir_node *sk_ir_get_node(const struct sk_ir *ir, uint32_t number, uint32_t *ret_count);

/* The fastest-changing scope of the fields in an expression; THREAD without fields. */
enum sk_scope sk_ir_expression_scope(const struct sk_ir *ir, uint32_t number);

#endif
