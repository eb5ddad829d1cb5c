/* SPDX-License-Identifier: Apache-2.0 */
#include "compiler/check.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "compiler/constant.h"
#include "compiler/eventset.h"
#include "compiler/field.h"
#include "compiler/warn.h"
#include "vm/regex.h"
#include "vm/support/alloc.h"

void sk_check_init(struct sk_check *check, struct sk_arena *arena, struct sk_ir *ir)
{
	*check = (struct sk_check){.arena = arena, .ir = ir};
	check->last = &check->issues;
	sk_intern_init(&check->fields, arena);
	sk_intern_init(&check->outputs, arena);
	sk_intern_init(&check->patterns, arena);
}

struct sk_issue *sk_check_take_issues(struct sk_check *check)
{
	struct sk_issue *issues = check->issues;

	check->issues = NULL;
	check->last = &check->issues;
	check->failed = false;
	return issues;
}

/* Nobody reads a hundred of them, and each is a search among all names. */
enum { HINT_LIMIT = 100 };

bool sk_check_may_hint(struct sk_check *check)
{
	return check->hints < HINT_LIMIT && ++check->hints;
}

static void add(struct sk_check *check, enum sk_diagnostic_id id, struct sk_span span, bool unknown,
		const char *hint, const char *format, va_list arguments)
{
	struct sk_issue *issue = sk_arena_alloc_zeroed(check->arena, 1, sizeof(*issue));
	char message[1024];

	if (sk_diagnostic_infos[id].severity == SK_SEVERITY_ERROR)
		check->failed = true;
	vsnprintf(message, sizeof(message), format, arguments);
	if (issue)
		issue->message = sk_arena_copy(check->arena, message, strlen(message));
	if (!issue || !issue->message) {
		check->ir->out_of_memory = true;
		return;
	}
	issue->id = id;
	issue->span = span;
	issue->hint = hint;
	issue->unknown = unknown;
	*check->last = issue;
	check->last = &issue->next;
}

void sk_check_add(struct sk_check *check, enum sk_diagnostic_id id, struct sk_span span, bool unknown,
		  const char *hint, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(check, id, span, unknown, hint, format, arguments);
	va_end(arguments);
}

/* Where operands stand, and whether a condition or an output is at work. */
struct place {
	struct sk_check *check;
	const struct sk_text *text;
	bool output;
};

static enum sk_diagnostic_id error_id(const struct place *place)
{
	return place->output ? SK_DIAGNOSTIC_COMPILE_OUTPUT : SK_DIAGNOSTIC_COMPILE_CONDITION;
}

static struct sk_span span_of(const struct place *place, const struct sk_operand *operand)
{
	return sk_text_span(place->text, operand->begin, operand->end);
}

/* An error about an operand that has nothing to do with unknown names; returns SK_NONE. */
static __attribute__((format(printf, 4, 5))) uint32_t
refuse(const struct place *place, const struct sk_operand *operand, const char *hint, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(place->check, error_id(place), span_of(place, operand), false, hint, format, arguments);
	va_end(arguments);
	return SK_NONE;
}

static uint32_t print_operand(struct sk_check *check, const struct sk_operand *operand)
{
	struct sk_buffer buffer = {0};
	uint32_t text = SK_NONE;

	sk_operand_print(operand, &buffer);
	if (buffer.failed)
		check->ir->out_of_memory = true;
	else
		text = sk_ir_string(check->ir, buffer.length ? buffer.bytes : "", buffer.length);
	sk_buffer_release(&buffer);
	return text;
}

/* --- expressions ------------------------------------------------------- */

static uint32_t check_operand(const struct place *place, const struct sk_operand *operand, int depth);

/* Macros that use macros twice would have them without end. */
enum { READER_LIMIT = 1024 };

static uint32_t check_new_field(const struct place *place, const struct sk_operand *operand)
{
	struct sk_check *check = place->check;
	struct sk_resolved_field field;
	const char *fault;
	struct sk_ir_expression expression;

	if (!sk_field_resolve(operand, check->arena, &field, &fault)) {
		sk_check_add(check, error_id(place), span_of(place, operand), true,
			     sk_check_may_hint(check) ? sk_field_hint(operand, check->arena) : NULL, "%s", fault);
		return SK_NONE;
	}
	if (!place->output)
		sk_warn_deprecated(check, field.info, span_of(place, operand));
	if (!place->output && (field.info->flags & SK_FIELD_FLAG_PRINT_ONLY))
		return refuse(place, operand,
			      field.info == &sk_fields[SK_FIELD_SAKER_EVIDENCE]
				      ? "it tells what the evaluation of this condition rests on"
				      : NULL,
			      "the field %s can only stand in an output", field.info->name);
	if (field.info->flags & SK_FIELD_FLAG_READING) {
		if (check->readers == READER_LIMIT)
			return refuse(
				place, operand, NULL,
				"more than %d comparisons and tokens of fields like %s, which each remember when "
				"they were read last",
				READER_LIMIT, field.info->name);
		field.record.index = check->readers++;
	}
	if (field.argument) {
		field.record.argument = sk_ir_string(check->ir, field.argument, field.argument_length);
		if (field.record.argument == SK_NONE)
			return SK_NONE;
	}
	expression = (struct sk_ir_expression){
		.kind = SK_EXPRESSION_FIELD,
		.type = field.record.type,
		.list = field.record.list,
		.operand = sk_ir_field(check->ir, &field.record),
		.arguments = SK_NONE,
		.selector = SK_NONE,
		.text = print_operand(check, operand),
	};
	return sk_ir_expression(check->ir, &expression);
}

/* Longer names are no field's, and longer arguments are rare. */
enum { FIELD_KEY_SIZE = 256 };

/* Where the field's expression is kept; NULL if it cannot be. */
static uint32_t *known_field(struct sk_check *check, bool output, const struct sk_operand *operand)
{
	char key[FIELD_KEY_SIZE];
	uint32_t length = 0, number, capacity = check->field_capacity ? check->field_capacity * 2 : 256;
	uint32_t *grown;

	if ((size_t)operand->length + operand->argument_length + 3 > sizeof(key))
		return NULL;
	key[length++] = (char)(output ? 'o' : 'c');
	memcpy(key + length, operand->text, operand->length);
	length += operand->length;
	if (operand->argument) {
		key[length++] = '[';
		memcpy(key + length, operand->argument, operand->argument_length);
		length += operand->argument_length;
	}
	number = sk_intern_add(&check->fields, key, length);
	if (number == SK_NONE)
		return NULL;
	if (number >= check->field_capacity) {
		grown = sk_arena_alloc(check->arena, capacity * sizeof(*grown));
		if (!grown)
			return NULL;
		if (check->field_capacity)
			memcpy(grown, check->field_expressions, check->field_capacity * sizeof(*grown));
		for (uint32_t i = check->field_capacity; i < capacity; i++)
			grown[i] = SK_NONE;
		check->field_expressions = grown;
		check->field_capacity = capacity;
	}
	return &check->field_expressions[number];
}

/* Packs ask for the same few fields again and again: what there was nothing to say of is remembered. */
static uint32_t check_field(const struct place *place, const struct sk_operand *operand)
{
	struct sk_check *check = place->check;
	uint32_t *known = known_field(check, place->output, operand);
	struct sk_issue **last = check->last;
	const uint32_t readers = check->readers;
	uint32_t number;

	if (known && *known != SK_NONE)
		return *known;
	number = check_new_field(place, operand);
	if (known && check->last == last && check->readers == readers)
		*known = number;
	return number;
}

/* A text or a number inside a transformer: there it is a text either way. */
static uint32_t check_constant_expression(const struct place *place, const struct sk_operand *operand)
{
	struct sk_ir *ir = place->check->ir;
	struct sk_ir_expression expression;

	if (memchr(operand->text, '\0', operand->length))
		return refuse(place, operand, NULL, "filter value cannot contain a NUL byte");
	expression = (struct sk_ir_expression){
		.kind = SK_EXPRESSION_CONSTANT,
		.type = SK_TYPE_STRING,
		.operand = sk_ir_string(ir, operand->text, operand->length),
		.arguments = SK_NONE,
		.selector = SK_NONE,
		.text = print_operand(place->check, operand),
	};
	return sk_ir_expression(ir, &expression);
}

/* Checks every child; the run of their expressions, SK_NONE if one has faults. */
static uint32_t check_children(const struct place *place, const struct sk_operand *operand, int depth)
{
	uint32_t *numbers =
		sk_arena_alloc_zeroed(place->check->arena, (size_t)operand->count + 1, sizeof(*numbers));
	bool faulty = false;

	if (!numbers) {
		place->check->ir->out_of_memory = true;
		return SK_NONE;
	}
	for (uint32_t i = 0; i < operand->count; i++) {
		numbers[i] = check_operand(place, operand->children[i], depth - 1);
		faulty |= numbers[i] == SK_NONE;
	}
	return faulty ? SK_NONE : sk_ir_run(place->check->ir, numbers, operand->count);
}

static const struct sk_ir_expression *child(const struct sk_ir *ir, uint32_t run, uint32_t index)
{
	uint32_t count;

	return sk_ir_get_expression(ir, sk_ir_get_run(ir, run, &count)[index]);
}

static uint32_t check_list(const struct place *place, const struct sk_operand *operand, int depth)
{
	struct sk_check *check = place->check;
	uint32_t run = check_children(place, operand, depth);
	struct sk_ir_expression expression;

	if (run == SK_NONE)
		return SK_NONE;
	for (uint32_t i = 0; i < operand->count; i++) {
		const struct sk_ir_expression *element = child(check->ir, run, i);

		if (element->list || sk_types[element->type].class == SK_CLASS_OPAQUE)
			return refuse(place, operand->children[i], NULL, "%s is not a single value",
				      sk_ir_text(check->ir, element->text, NULL));
		if (element->kind == SK_EXPRESSION_FIELD &&
		    sk_bundle_field_quantifier(sk_ir_get_field(check->ir, element->operand)) != SK_QUANTIFIER_ONE)
			return refuse(place, operand->children[i], NULL,
				      "the field %s has several values and can only be compared",
				      sk_ir_text(check->ir, element->text, NULL));
	}
	expression = (struct sk_ir_expression){
		.kind = SK_EXPRESSION_LIST,
		.type = SK_TYPE_STRING,
		.list = 1,
		.operand = SK_NONE,
		.arguments = run,
		.selector = SK_NONE,
		.text = print_operand(check, operand),
	};
	return sk_ir_expression(check->ir, &expression);
}

static uint32_t check_transformer(const struct place *place, const struct sk_operand *operand, int depth)
{
	const struct sk_transformer_info *info = &sk_transformers[operand->transformer];
	struct sk_check *check = place->check;
	struct sk_ir_expression expression = {
		.kind = SK_EXPRESSION_TRANSFORMER,
		.transformer = (uint8_t)operand->transformer,
		.operand = SK_NONE,
		.selector = SK_NONE,
	};
	const struct sk_ir_expression *first;
	bool list;

	if (operand->argument && operand->transformer != SK_TRANSFORMER_GETOPT)
		return refuse(place, operand, NULL, "transformer '%s' does not support field arguments",
			      info->text);
	if (operand->argument && operand->argument_length == 0)
		return refuse(place, operand, "write the letter of an option, as in [x]",
			      "transformer '%s' does not take an empty argument", info->text);
	if (operand->count < info->least || operand->count > info->most) {
		if (info->least == info->most)
			return refuse(place, operand, NULL, "transformer '%s' takes %u argument%s, not %u",
				      info->text, info->least, info->least == 1 ? "" : "s", operand->count);
		return refuse(place, operand, NULL, "transformer '%s' takes %u to %u arguments, not %u", info->text,
			      info->least, info->most, operand->count);
	}
	if (operand->argument) {
		expression.selector = sk_ir_string(check->ir, operand->argument, operand->argument_length);
		if (expression.selector == SK_NONE)
			return SK_NONE;
	}
	expression.arguments = check_children(place, operand, depth);
	if (expression.arguments == SK_NONE)
		return SK_NONE;
	for (uint32_t i = 0; i < operand->count; i++) {
		const struct sk_ir_expression *argument = child(check->ir, expression.arguments, i);
		const char *fault;

		if (argument->kind == SK_EXPRESSION_FIELD) {
			const struct sk_bundle_field *field = sk_ir_get_field(check->ir, argument->operand);

			if ((sk_fields[field->field].flags & SK_FIELD_FLAG_NO_TRANSFORMER) ||
			    sk_bundle_field_quantifier(field) != SK_QUANTIFIER_ONE)
				return refuse(place, operand->children[i], NULL,
					      "the field %s does not support transformers",
					      sk_fields[field->field].name);
		}
		fault = sk_transformer_refuses(operand->transformer, i, (enum sk_type)argument->type,
					       argument->list);
		if (fault)
			return refuse(place, operand->children[i], NULL,
				      "transformer '%s' %s, not a value of type %s%s", info->text, fault,
				      argument->list ? "list of " : "", sk_types[argument->type].name);
	}
	first = child(check->ir, expression.arguments, 0);
	expression.type = (uint8_t)sk_transformer_result(operand->transformer, (enum sk_type)first->type,
							 first->list, expression.selector != SK_NONE, &list);
	expression.list = list;
	expression.text = print_operand(check, operand);
	return sk_ir_expression(check->ir, &expression);
}

static uint32_t check_operand(const struct place *place, const struct sk_operand *operand, int depth)
{
	if (depth == 0)
		return refuse(place, operand, NULL, "more than %d transformers inside one another",
			      SK_EXPRESSION_DEPTH_LIMIT);
	switch (operand->kind) {
	case SK_OPERAND_FIELD:
		return check_field(place, operand);
	case SK_OPERAND_TRANSFORMER:
		return check_transformer(place, operand, depth);
	case SK_OPERAND_CONSTANT:
		return check_constant_expression(place, operand);
	case SK_OPERAND_LIST:
		return check_list(place, operand, depth);
	case SK_OPERAND_VALUE:
		return refuse(place, operand, NULL, "val() can only stand on the right of an operator");
	case SK_OPERAND_WORD:
		return refuse(place, operand, NULL, "unexpected identifier '%s'", operand->text);
	}
	return SK_NONE;
}

uint32_t sk_check_output(struct sk_check *check, const struct sk_text *text, const struct sk_operand *operand)
{
	struct place place = {.check = check, .text = text, .output = true};

	return check_operand(&place, operand, SK_EXPRESSION_DEPTH_LIMIT);
}

static bool fields_exist(struct sk_arena *arena, const struct sk_operand *operand, int depth)
{
	struct sk_resolved_field field;

	if (depth == 0)
		return false;
	if (operand->kind == SK_OPERAND_FIELD)
		return sk_field_resolve(operand, arena, &field, NULL);
	for (uint32_t i = 0; i < operand->count; i++) {
		if (!fields_exist(arena, operand->children[i], depth - 1))
			return false;
	}
	return true;
}

bool sk_check_fields_exist(struct sk_arena *arena, const struct sk_operand *operand)
{
	return fields_exist(arena, operand, SK_EXPRESSION_DEPTH_LIMIT);
}

/* --- operators --------------------------------------------------------- */

static bool is_allowed(enum sk_operator comparison, const struct sk_ir_expression *left)
{
	return sk_operator_takes(comparison, (enum sk_type)left->type, left->list);
}

static bool check_operator(const struct place *place, const struct sk_node *node,
			   const struct sk_ir_expression *left)
{
	struct sk_check *check = place->check;
	struct sk_buffer allowed = {0};

	if (is_allowed(node->operator, left))
		return true;
	for (int i = 0; i < SK_OPERATOR_COUNT; i++) {
		if (is_allowed((enum sk_operator)i, left))
			sk_buffer_printf(&allowed, "%s%s",
					 allowed.length ? ", " : "it takes: ", sk_operators[i].text);
	}
	sk_check_add(check, SK_DIAGNOSTIC_COMPILE_CONDITION,
		     sk_text_span(node->text, node->operator_begin, node->operator_end), false,
		     allowed.failed ? NULL : sk_arena_copy(check->arena, allowed.bytes, allowed.length),
		     "operator '%s' does not apply to %s, which is of type %s%s", sk_operators[node->operator].text,
		     sk_ir_text(check->ir, left->text, NULL), left->list ? "list of " : "",
		     sk_types[left->type].name);
	sk_buffer_release(&allowed);
	return false;
}

/* --- right sides ------------------------------------------------------- */

/* True if the left side alone forbids a field or a transformer on the right. */
static const char *refuses_right_field(const struct sk_ir *ir, const struct sk_ir_expression *side)
{
	const struct sk_bundle_field *field;

	if (side->kind != SK_EXPRESSION_FIELD)
		return NULL;
	field = sk_ir_get_field(ir, side->operand);
	if ((sk_fields[field->field].flags & SK_FIELD_FLAG_NO_RHS) ||
	    sk_bundle_field_quantifier(field) != SK_QUANTIFIER_ONE)
		return sk_fields[field->field].name;
	return NULL;
}

/* val(field) or a transformer on the right: its expression. */
static uint32_t check_right_expression(const struct place *place, const struct sk_node *node,
				       const struct sk_ir_expression *left)
{
	const struct sk_operand *operand = node->right, *inner = operand;
	const enum sk_operator comparison = node->operator;
	struct sk_check *check = place->check;
	const struct sk_ir_expression *right;
	const char *refusing;
	uint32_t number;

	if (operand->kind == SK_OPERAND_VALUE) {
		if (operand->argument)
			return refuse(place, operand, "the argument belongs inside, as in val(proc.aname[2])",
				      "transformer 'val' does not support field arguments");
		inner = operand->children[0];
	}
	number = check_operand(place, inner, SK_EXPRESSION_DEPTH_LIMIT);
	if (number == SK_NONE)
		return SK_NONE;
	right = sk_ir_get_expression(check->ir, number);
	if (comparison == SK_OPERATOR_REGEX || comparison == SK_OPERATOR_PMATCH)
		return refuse(place, operand, NULL, "operator '%s' takes no field or transformer on its right",
			      sk_operators[comparison].text);
	if (left->type == SK_TYPE_IPNET)
		return refuse(place, operand, NULL, "%s is compared with constants only",
			      sk_ir_text(check->ir, left->text, NULL));
	refusing = refuses_right_field(check->ir, left);
	if (!refusing)
		refusing = refuses_right_field(check->ir, right);
	if (refusing)
		return refuse(place, operand, NULL, "the field %s is compared with constants only", refusing);
	if (right->type != left->type || right->list != left->list)
		return refuse(place, operand, NULL, "%s is of type %s%s, but %s is of type %s%s",
			      sk_ir_text(check->ir, left->text, NULL), left->list ? "list of " : "",
			      sk_types[left->type].name, sk_ir_text(check->ir, right->text, NULL),
			      right->list ? "list of " : "", sk_types[right->type].name);
	return number;
}

static bool check_pattern(const struct place *place, const struct sk_operand *operand)
{
	struct sk_intern *patterns = &place->check->patterns;
	const uint32_t known = patterns->count;
	struct sk_error error = {0};
	struct sk_regex *regex = NULL;

	/* A bundle cannot have more: looking at the others would only take time. */
	if (known > SK_PATTERN_LIMIT)
		return false;
	if (sk_intern_add(patterns, operand->text, operand->length) < known)
		return true;
	if (patterns->count > SK_PATTERN_LIMIT) {
		refuse(place, operand, NULL,
		       "the conditions have more than the %d regular expressions that are allowed",
		       SK_PATTERN_LIMIT);
		return false;
	}
	if (sk_regex_create(operand->text, operand->length, &regex, &error) == 0) {
		sk_regex_destroy(regex);
		return true;
	}
	refuse(place, operand, NULL, "'%s' is not a valid regular expression: %s", operand->text, error.message);
	return false;
}

static bool check_event_type(const struct place *place, const struct sk_operand *operand)
{
	struct sk_check *check = place->check;
	struct sk_event_type_walk walk = {0};
	const char *close, *hint = NULL;

	if (sk_event_type_known(operand->text, operand->length))
		return true;
	close = sk_check_may_hint(check) ? sk_suggest(operand->text, operand->length, sk_event_type_next, &walk)
					 : NULL;
	if (close)
		hint = sk_arena_printf(check->arena, "did you mean '%s'?", close);
	sk_check_add(check, SK_DIAGNOSTIC_COMPILE_CONDITION, span_of(place, operand), true, hint,
		     "unknown event type %s", operand->text);
	return false;
}

static bool check_right_constant(const struct place *place, const struct sk_node *node,
				 const struct sk_ir_expression *left, const struct sk_operand *operand,
				 uint32_t *ret_constant)
{
	struct sk_check *check = place->check;
	struct sk_converted_constant constant;
	struct sk_constant_fault fault;
	const enum sk_operator comparison = node->operator;
	bool is_type = left->kind == SK_EXPRESSION_FIELD &&
		       sk_ir_get_field(check->ir, left->operand)->field == SK_FIELD_EVT_TYPE;

	sk_warn_constant(check, node, operand);
	if (!sk_constant_convert(operand->text, operand->length, left->type, comparison, check->arena, &constant,
				 &fault)) {
		refuse(place, operand, fault.hint, "%s", fault.message);
		return false;
	}
	if (is_type && !check_event_type(place, operand))
		return false;
	if (comparison == SK_OPERATOR_REGEX && !check_pattern(place, operand))
		return false;
	if (left->type == SK_TYPE_STRING || left->type == SK_TYPE_BYTES)
		*ret_constant = sk_ir_string(check->ir, constant.text, constant.length);
	else if (sk_types[left->type].class == SK_CLASS_ADDRESS)
		*ret_constant = sk_ir_address(check->ir, &constant.address);
	else
		*ret_constant = sk_ir_value(check->ir, constant.number);
	return *ret_constant != SK_NONE;
}

/* Room for the stamp of constant `number`. */
static bool reserve_stamps(struct sk_check *check, uint32_t number)
{
	uint32_t capacity = check->stamp_capacity ? check->stamp_capacity : 1024;
	uint32_t *grown;

	if (number < check->stamp_capacity)
		return true;
	while (capacity <= number)
		capacity *= 2;
	grown = sk_arena_alloc_zeroed(check->arena, capacity, sizeof(*grown));
	if (!grown) {
		check->ir->out_of_memory = true;
		return false;
	}
	if (check->stamp_capacity)
		memcpy(grown, check->stamps, check->stamp_capacity * sizeof(*grown));
	check->stamps = grown;
	check->stamp_capacity = capacity;
	return true;
}

/*
 * Leaves each constant once, where it stands first; how many are left.  Only
 * `oneof` counts how often one is there.
 */
static uint32_t drop_repeated(struct sk_check *check, const struct sk_node *node, uint32_t *constants,
			      uint32_t count)
{
	uint32_t left = 0;

	if (count < 2 || node->modifier == SK_MODIFIER_ONEOF)
		return count;
	check->stamp++;
	for (uint32_t i = 0; i < count; i++) {
		if (!reserve_stamps(check, constants[i]))
			return count;
		if (check->stamps[constants[i]] == check->stamp)
			continue;
		check->stamps[constants[i]] = check->stamp;
		constants[left++] = constants[i];
	}
	return left;
}

/* So many wrong constants in one list are enough to be told of. */
enum { FAULT_LIMIT = 1000 };

/* The run of constants on the right, SK_NONE if it is empty or faulty. */
static uint32_t check_right_constants(const struct place *place, const struct sk_node *node,
				      const struct sk_ir_expression *left, bool *ret_faulty)
{
	const struct sk_operand *right = node->right;
	struct sk_operand *const one = node->right;
	struct sk_operand *const *operands = right->kind == SK_OPERAND_LIST ? right->children : &one;
	uint32_t count = right->kind == SK_OPERAND_LIST ? right->count : 1;
	uint32_t few[64], *constants = few, faults = 0;

	if (!count)
		return SK_NONE;
	if (node->operator== SK_OPERATOR_REGEX && count> SK_PATTERN_LIMIT) {
		refuse(place, right, NULL, "a list of %u regular expressions, where %d are allowed", count,
		       SK_PATTERN_LIMIT);
		*ret_faulty = true;
		return SK_NONE;
	}
	if (count > sizeof(few) / sizeof(few[0]))
		constants = sk_arena_alloc_zeroed(place->check->arena, count, sizeof(*constants));
	if (!constants) {
		place->check->ir->out_of_memory = true;
		*ret_faulty = true;
		return SK_NONE;
	}
	for (uint32_t i = 0; i < count && faults < FAULT_LIMIT; i++)
		faults += !check_right_constant(place, node, left, operands[i], &constants[i]);
	*ret_faulty = faults > 0;
	if (faults)
		return SK_NONE;
	return sk_ir_run(place->check->ir, constants, drop_repeated(place->check, node, constants, count));
}

/* --- predicates -------------------------------------------------------- */

/*
 * evt.around[T] = D: the field is the distance to T, so the comparison is <=.
 * False after an issue.
 */
static bool check_around(const struct place *place, const struct sk_node *node, const struct sk_ir_expression *left,
			 enum sk_operator *comparison)
{
	const struct sk_ir *ir = place->check->ir;
	const struct sk_bundle_field *field;
	const char *time;
	uint32_t length;

	if (left->kind != SK_EXPRESSION_FIELD)
		return true;
	field = sk_ir_get_field(ir, left->operand);
	if (field->field != SK_FIELD_EVT_AROUND)
		return true;
	time = sk_ir_text(ir, field->argument, &length);
	if (!length || length > 19 || strspn(time, "0123456789") != length) {
		refuse(place, node->left, "as in evt.around[1700000000000000000] = 500",
		       "the argument of evt.around is a time in nanoseconds since the epoch");
		return false;
	}
	if (*comparison != SK_OPERATOR_EQ || node->modifier != SK_MODIFIER_NONE) {
		refuse(place, node->left, "evt.around[T] = D is true at most D milliseconds before or after T",
		       "the field evt.around is compared with = only");
		return false;
	}
	*comparison = SK_OPERATOR_LE;
	return true;
}

uint32_t sk_check_predicate(struct sk_check *check, const struct sk_node *node)
{
	enum sk_operator comparison = node->operator;
	struct place place = {.check = check, .text = node->text};
	const struct sk_ir_expression *left;
	struct sk_ir_predicate predicate = {
		.modifier = (uint8_t)node->modifier,
		.quantifier = SK_QUANTIFIER_ONE,
		.right = SK_NONE,
		.constants = SK_NONE,
	};
	enum sk_scope scope;
	bool faulty = false;

	assert(node->kind == SK_NODE_CHECK);
	sk_warn_unsafe_na(check, node);
	predicate.left = check_operand(&place, node->left, SK_EXPRESSION_DEPTH_LIMIT);
	if (predicate.left == SK_NONE)
		return SK_NONE;
	left = sk_ir_get_expression(check->ir, predicate.left);
	if (!check_operator(&place, node, left) || !check_around(&place, node, left, &comparison))
		return SK_NONE;
	predicate.comparison = (uint8_t)comparison;
	if (!check->accept_any_type && !sk_event_set_is_clear(node)) {
		sk_check_add(check, SK_DIAGNOSTIC_COMPILE_CONDITION,
			     sk_text_span(node->text, node->begin, node->end), false,
			     "only constants tell for which events a rule must be tried",
			     "event types can only be compared as they are, and with constants");
		return SK_NONE;
	}
	if (left->kind == SK_EXPRESSION_FIELD)
		predicate.quantifier =
			(uint8_t)sk_bundle_field_quantifier(sk_ir_get_field(check->ir, left->operand));
	if (!node->right) {
		assert(comparison == SK_OPERATOR_EXISTS);
	} else if (node->right->kind == SK_OPERAND_TRANSFORMER || node->right->kind == SK_OPERAND_VALUE) {
		predicate.right = check_right_expression(&place, node, left);
		faulty = predicate.right == SK_NONE;
	} else {
		predicate.constants = check_right_constants(&place, node, left, &faulty);
	}
	if (faulty || check->ir->out_of_memory)
		return SK_NONE;
	scope = sk_ir_expression_scope(check->ir, predicate.left);
	if (predicate.right != SK_NONE) {
		enum sk_scope right = sk_ir_expression_scope(check->ir, predicate.right);

		scope = right > scope ? right : scope;
	}
	predicate.scope = (uint8_t)scope;
	return sk_ir_predicate(check->ir, &predicate, sk_text_position(node->text, node->begin));
}
