/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pack as formulas.  Trees become nodes of an IR of their own, so that
 * equal comparisons are one predicate wherever they stand; then everything
 * that reasoning asks of a predicate or an expression is worked out once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/lint/lint_private.h"
#include "vm/compare.h"
#include "vm/support/alloc.h"

/* --- trees to nodes ------------------------------------------------------ */

static uint32_t *slot_of(struct sk_linter *linter, const struct sk_node *node)
{
	uintptr_t key = (uintptr_t)node;
	uint32_t before = linter->nodes.count, number = sk_intern_add(&linter->nodes, &key, sizeof(key));

	if (number == SK_NONE) {
		linter->out_of_memory = true;
		return NULL;
	}
	if (number >= linter->lowered_capacity) {
		uint32_t capacity = linter->lowered_capacity ? linter->lowered_capacity * 2 : 1024;
		uint32_t *grown = sk_arena_alloc_zeroed(linter->arena, capacity, sizeof(*grown));

		if (!grown) {
			linter->out_of_memory = true;
			return NULL;
		}
		if (linter->lowered_capacity)
			memcpy(grown, linter->lowered, linter->lowered_capacity * sizeof(*grown));
		linter->lowered = grown;
		linter->lowered_capacity = capacity;
	}
	/* Plus one: zero is what was not lowered yet. */
	if (number >= before)
		linter->lowered[number] = 0;
	return &linter->lowered[number];
}

static uint32_t lower(struct sk_linter *linter, const struct sk_node *node);

static uint32_t lower_branch(struct sk_linter *linter, const struct sk_node *node)
{
	uint32_t *children = sk_arena_alloc_zeroed(linter->arena, (size_t)node->count + 1, sizeof(*children));

	if (!children) {
		linter->out_of_memory = true;
		return SK_NONE;
	}
	for (uint32_t i = 0; i < node->count; i++)
		children[i] = lower(linter, node->children[i]);
	return sk_ir_node_branch(&linter->ir, node->kind == SK_NODE_AND ? SK_IR_AND : SK_IR_OR, children,
				 node->count);
}

static uint32_t lower_new(struct sk_linter *linter, const struct sk_node *node)
{
	uint32_t predicate;

	switch (node->kind) {
	case SK_NODE_AND:
	case SK_NODE_OR:
		return lower_branch(linter, node);
	case SK_NODE_NOT:
		return sk_ir_node_not(&linter->ir, lower(linter, node->children[0]));
	case SK_NODE_CHECK:
		predicate = sk_check_predicate(&linter->check, node);
		sk_check_take_issues(&linter->check);
		return predicate == SK_NONE ? SK_NONE : sk_ir_node_predicate(&linter->ir, predicate);
	case SK_NODE_MACRO:
		return node->body ? lower(linter, node->body) : SK_NONE;
	}
	return SK_NONE;
}

/* Trees are as high as the compiler's limits let them be, which its own walks recurse into too. */
static uint32_t lower(struct sk_linter *linter, const struct sk_node *node)
{
	uint32_t *slot = slot_of(linter, node), lowered, readers;

	if (!slot)
		return SK_NONE;
	if (*slot)
		return *slot - 1;
	readers = linter->check.readers;
	lowered = lower_new(linter, node);
	/* Equal comparisons may differ then: nothing is said of what has one (vm/reading.h). */
	if (linter->check.readers != readers)
		lowered = SK_NONE;
	slot = slot_of(linter, node);
	if (slot)
		*slot = lowered + 1;
	return lowered;
}

uint32_t sk_lint_node(const struct sk_linter *linter, const struct sk_node *node)
{
	/* Found, not added: the table's type has no way to ask only. */
	struct sk_linter *mutable = (struct sk_linter *)linter;
	uint32_t *slot = slot_of(mutable, node);

	return slot && *slot ? *slot - 1 : SK_NONE;
}

/* --- terms --------------------------------------------------------------- */

/* Values of the types of their events, a comparison of its own, several names of one address. */
static bool is_compared_otherwise(enum sk_field field)
{
	switch (field) {
	case SK_FIELD_EVT_RAWARG:
	case SK_FIELD_EVT_AROUND:
	case SK_FIELD_FD_CIP_NAME:
	case SK_FIELD_FD_SIP_NAME:
	case SK_FIELD_FD_LIP_NAME:
	case SK_FIELD_FD_RIP_NAME:
		return true;
	default:
		return false;
	}
}

static void describe_field(struct sk_linter *linter, const struct sk_ir_expression *expression,
			   struct sk_lint_term *term)
{
	const struct sk_bundle_field *field = sk_ir_get_field(&linter->ir, expression->operand);
	const char *argument = NULL;
	uint32_t length = 0;

	if (field->kind == SK_ARGUMENT_KIND_TEXT)
		argument = sk_ir_text(&linter->ir, field->argument, &length);
	term->field = (enum sk_field)field->field;
	term->company = sk_field_company(field);
	term->by_event = field->field == SK_FIELD_EVT_ARG || field->field == SK_FIELD_EVT_RES ||
			 field->field == SK_FIELD_EVT_RAWRES;
	term->always = sk_field_is_always_there(field);
	term->nuls = field->field == SK_FIELD_EVT_ARG || field->field == SK_FIELD_EVT_ARGS ||
		     field->field == SK_FIELD_EVT_INFO;
	switch (sk_bundle_field_quantifier(field)) {
	case SK_QUANTIFIER_ONE:
		break;
	case SK_QUANTIFIER_ANY:
		term->shape = SK_LINT_SHAPE_SOME;
		break;
	case SK_QUANTIFIER_BOTH:
		term->shape = SK_LINT_SHAPE_ENDS;
		break;
	}
	if (is_compared_otherwise((enum sk_field)field->field))
		term->shape = SK_LINT_SHAPE_OPAQUE;
	sk_types_of_field(field, argument, length, &term->types);
	if (sk_fields[field->field].availability == SK_AVAILABILITY_NEVER)
		memset(&term->types, 0, sizeof(term->types));
}

static void describe_term(struct sk_linter *linter, uint32_t number)
{
	const struct sk_ir_expression *expression = sk_ir_get_expression(&linter->ir, number);
	struct sk_lint_term *term = &linter->terms[number];
	uint32_t count = 0;
	const uint32_t *arguments;

	*term = (struct sk_lint_term){.type = expression->type, .field = SK_FIELD_COUNT, .types = linter->seen};
	if (expression->kind == SK_EXPRESSION_FIELD) {
		describe_field(linter, expression, term);
	} else if (expression->arguments != SK_NONE) {
		/* A missing argument makes the result missing. */
		arguments = sk_ir_get_run(&linter->ir, expression->arguments, &count);
		for (uint32_t i = 0; i < count; i++)
			sk_types_intersect(&term->types, &linter->terms[arguments[i]].types);
		term->nuls = true;
	}
	if (expression->list && term->shape == SK_LINT_SHAPE_ONE)
		term->shape = SK_LINT_SHAPE_OPAQUE;
	switch (sk_types[expression->type].class) {
	case SK_CLASS_STRING:
	case SK_CLASS_ADDRESS:
	case SK_CLASS_BOOL:
		break;
	case SK_CLASS_BYTES:
		/* NULs are bytes like others here. */
		term->nuls = false;
		break;
	case SK_CLASS_NUMBER:
		/* Some of which are no numbers, and most lie between two others. */
		if (expression->type == SK_TYPE_DOUBLE)
			term->shape = SK_LINT_SHAPE_OPAQUE;
		break;
	case SK_CLASS_LIST:
	case SK_CLASS_OPAQUE:
	case SK_CLASS_ALL:
		term->shape = SK_LINT_SHAPE_OPAQUE;
		break;
	}
}

/* --- predicates ---------------------------------------------------------- */

static int compare_numbers(const void *left, const void *right)
{
	const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

static bool equates(enum sk_operator operator)
{
	return operator== SK_OPERATOR_EQ || operator== SK_OPERATOR_IN || operator== SK_OPERATOR_INTERSECTS;
}

static void sort_values(struct sk_linter *linter, struct sk_lint_predicate *predicate, const uint32_t *constants,
			uint32_t count)
{
	uint32_t *values = sk_arena_alloc(linter->arena, (size_t)count * sizeof(*values) + 1), kept = 0;

	if (!values) {
		linter->out_of_memory = true;
		return;
	}
	if (count)
		memcpy(values, constants, count * sizeof(*values));
	qsort(values, count, sizeof(*values), compare_numbers);
	for (uint32_t i = 0; i < count; i++) {
		if (!kept || values[kept - 1] != values[i])
			values[kept++] = values[i];
	}
	predicate->values = values;
	predicate->value_count = kept;
}

/* What it says of a text when it is true, and of one that is there when it is false. */
static void state_claims(struct sk_linter *linter, struct sk_lint_predicate *predicate,
			 const struct sk_ir_predicate *record, const uint32_t *constants, uint32_t count)
{
	const enum sk_operator operator=(enum sk_operator) record->comparison;
	const bool strict = linter->terms[predicate->term].nuls;

	for (int truth = 0; truth < 2; truth++) {
		struct sk_lint_claim *claim = &predicate->claims[truth];

		/* How often it holds elements cannot say; that it does once, they can. */
		if (operator== SK_OPERATOR_EXISTS ||(record->modifier == SK_MODIFIER_ONEOF && !truth))
			continue;
		claim->elements = sk_arena_alloc_zeroed(linter->arena, (size_t)count + 1, sizeof(*claim->elements));
		if (!claim->elements) {
			linter->out_of_memory = true;
			return;
		}
		claim->known = true;
		/* Without constants nothing holds, not even allof. */
		claim->all = (record->modifier == SK_MODIFIER_ALLOF && count > 0) == (truth == 1);
		claim->count = count;
		for (uint32_t i = 0; i < count; i++) {
			struct sk_lint_element *element = &claim->elements[i];

			element->constant = constants[i];
			element->operator=(uint8_t) operator;
			if (operator==
			    SK_OPERATOR_NE ||(equates(operator) && (!strict || operator== SK_OPERATOR_EQ)))
				element->operator= SK_OPERATOR_EQ;
			element->negated = (operator== SK_OPERATOR_NE) == (truth == 1);
		}
	}
}

static void describe_predicate(struct sk_linter *linter, uint32_t number)
{
	const struct sk_ir_predicate *record = sk_ir_get_predicate(&linter->ir, number);
	struct sk_lint_predicate *predicate = &linter->predicates[number];
	const struct sk_lint_term *term = &linter->terms[record->left];
	const enum sk_operator operator=(enum sk_operator) record->comparison;
	const enum sk_class class = sk_types[term->type].class;
	uint32_t count = 0;
	const uint32_t *constants = NULL;

	*predicate = (struct sk_lint_predicate){.term = record->left, .right = record->right};
	predicate->types[0] = linter->seen;
	predicate->types[1] = term->types;
	if (record->right != SK_NONE)
		sk_types_intersect(&predicate->types[1], &linter->terms[record->right].types);
	predicate->opaque = record->right != SK_NONE || term->shape == SK_LINT_SHAPE_OPAQUE;
	if (record->constants != SK_NONE)
		constants = sk_ir_get_run(&linter->ir, record->constants, &count);
	predicate->placeholder = (!count && operator!= SK_OPERATOR_EXISTS && record->right == SK_NONE) ||
				 term->field == SK_FIELD_EVT_NUM;
	if (predicate->opaque || (class != SK_CLASS_STRING && class != SK_CLASS_BYTES))
		return;
	predicate->finite = equates(operator);
	if (predicate->finite || operator== SK_OPERATOR_NE)
		sort_values(linter, predicate, constants, count);
	state_claims(linter, predicate, record, constants, count);
}

/* --- events -------------------------------------------------------------- */

static bool fits_text(struct sk_linter *linter, struct sk_lint_literal literal, const char *text, uint32_t string)
{
	return sk_value_fits(
		linter, literal,
		(struct sk_lint_candidate){.text = text, .length = (uint32_t)strlen(text), .string = string});
}

static bool fits_number(struct sk_linter *linter, struct sk_lint_literal literal, uint64_t value)
{
	const struct sk_ir_predicate *record = sk_ir_get_predicate(&linter->ir, literal.predicate);
	uint32_t count = 0, holds = 0;
	const uint32_t *constants =
		record->constants == SK_NONE ? NULL : sk_ir_get_run(&linter->ir, record->constants, &count);
	bool truth;

	if (record->comparison == SK_OPERATOR_EXISTS)
		return literal.truth;
	for (uint32_t i = 0; i < count; i++)
		holds += sk_compare_number((enum sk_operator)record->comparison,
					   (enum sk_type)linter->terms[record->left].type, value,
					   sk_ir_get_value(&linter->ir, constants[i]));
	truth = record->modifier == SK_MODIFIER_ALLOF   ? count && holds == count
		: record->modifier == SK_MODIFIER_ONEOF ? holds == 1
							: holds > 0;
	return truth == literal.truth;
}

/* Generic events are called by any system call, or not at all. */
static bool fits_generic(struct sk_linter *linter, struct sk_lint_literal literal)
{
	if (fits_text(linter, literal, sk_events[SK_EVENT_GENERIC_X].name, linter->type_names[SK_EVENT_GENERIC_X]))
		return true;
	for (uint32_t i = 0; i < SK_SYSCALL_NAME_COUNT; i++) {
		if (linter->syscall_names[i] != SK_NONE &&
		    fits_text(linter, literal, sk_syscall_name(i), linter->syscall_names[i]))
			return true;
	}
	return false;
}

static bool can_be(struct sk_linter *linter, struct sk_lint_literal literal, uint32_t type, int *generic)
{
	const enum sk_field field = linter->terms[linter->predicates[literal.predicate].term].field;
	const char *text;
	uint64_t number;

	if (sk_types_tell_text(field, type, &text))
		return fits_text(linter, literal, text,
				 field == SK_FIELD_EVT_TYPE || field == SK_FIELD_SYSCALL_TYPE
					 ? linter->type_names[type]
					 : SK_NONE);
	if (sk_types_tell_number(field, type, &number))
		return fits_number(linter, literal, number);
	if ((field == SK_FIELD_EVT_TYPE || field == SK_FIELD_SYSCALL_TYPE) &&
	    (type == SK_EVENT_GENERIC_X || type == SK_EVENT_GENERIC_E)) {
		if (*generic < 0)
			*generic = fits_generic(linter, literal);
		return *generic;
	}
	return true;
}

/* The types of events where it can be true; and false, of a field that is always there. */
static void restrict_types(struct sk_linter *linter, uint32_t number)
{
	struct sk_lint_predicate *predicate = &linter->predicates[number];
	const struct sk_lint_term *term = &linter->terms[predicate->term];

	if (predicate->opaque || term->field == SK_FIELD_COUNT)
		return;
	for (int truth = 0; truth < 2; truth++) {
		struct sk_lint_literal literal = {number, truth};
		int generic = -1;

		for (uint32_t type = 0; type < SK_EVENT_COUNT; type++) {
			if (!sk_types_has(&predicate->types[truth], type) ||
			    (!truth && !term->always &&
			     !(term->field == SK_FIELD_SYSCALL_TYPE && sk_types_has(&term->types, type))))
				continue;
			if (!can_be(linter, literal, type, &generic))
				predicate->types[truth].words[type / 64] &= ~((uint64_t)1 << (type % 64));
		}
	}
}

/* --- the whole ----------------------------------------------------------- */

const struct sk_regex *sk_lint_regex(struct sk_linter *linter, uint32_t string)
{
	uint32_t length;
	const char *text;

	if (!linter->regexes[string]) {
		text = sk_ir_text(&linter->ir, string, &length);
		if (sk_regex_create(text, length, &linter->regexes[string], NULL) < 0)
			return NULL;
	}
	return linter->regexes[string];
}

static void lower_all(struct sk_linter *linter)
{
	struct sk_pack *pack = linter->pack;

	for (uint32_t i = 0; i < SK_EVENT_COUNT; i++)
		linter->type_names[i] = sk_ir_string(&linter->ir, sk_events[i].name, strlen(sk_events[i].name));
	for (uint32_t i = 0; i < SK_SYSCALL_NAME_COUNT; i++)
		linter->syscall_names[i] = sk_syscall_name(i) ? sk_ir_string(&linter->ir, sk_syscall_name(i),
									     strlen(sk_syscall_name(i)))
							      : SK_NONE;
	for (uint32_t i = 0; i < pack->macro_count; i++) {
		if (pack->macros[i].tree)
			lower(linter, pack->macros[i].tree);
	}
	for (uint32_t i = 0; i < pack->rule_count; i++) {
		if (pack->rules[i].tree)
			lower(linter, pack->rules[i].tree);
	}
}

int sk_lint_model(struct sk_linter *linter)
{
	sk_ir_init(&linter->ir, linter->arena);
	sk_check_init(&linter->check, linter->arena, &linter->ir);
	/* What the compile let pass is no business of the linter. */
	linter->check.accept_any_type = true;
	sk_intern_init(&linter->nodes, linter->arena);
	sk_types_seen(&linter->seen);
	lower_all(linter);
	if (linter->out_of_memory || linter->ir.out_of_memory)
		return -ENOMEM;
	linter->terms = sk_arena_alloc_zeroed(linter->arena, (size_t)linter->ir.expressions.count + 1,
					      sizeof(*linter->terms));
	linter->predicates = sk_arena_alloc_zeroed(linter->arena, (size_t)linter->ir.predicates.count + 1,
						   sizeof(*linter->predicates));
	linter->regexes = sk_arena_alloc_zeroed(linter->arena, (size_t)linter->ir.strings.count + 1,
						sizeof(*linter->regexes));
	if (!linter->terms || !linter->predicates || !linter->regexes)
		return -ENOMEM;
	for (uint32_t i = 0; i < linter->ir.expressions.count; i++)
		describe_term(linter, i);
	for (uint32_t i = 0; i < linter->ir.predicates.count; i++)
		describe_predicate(linter, i);
	for (uint32_t i = 0; i < linter->ir.predicates.count; i++)
		restrict_types(linter, i);
	return linter->out_of_memory ? -ENOMEM : 0;
}

void sk_lint_release_model(struct sk_linter *linter)
{
	for (uint32_t i = 0; linter->regexes && i < linter->ir.strings.count; i++)
		sk_regex_destroy(linter->regexes[i]);
	linter->regexes = NULL;
	sk_arena_release(&linter->temporary);
}
