/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine: linear evaluation.
 *
 *   event type ─► its rules, in order ─► condition program ─► predicates
 *                                                                 │
 *                        host ◄── field ◄── expression ◄──────────┘
 *
 * Everything that is found out for an event is kept with the number of the
 * event (its epoch) and so forgotten by counting one up: a field's value, a
 * transformer's result, a predicate's verdict.  So each is worked out at most
 * once an event, and only if a program asks.
 *
 *   verdict   63            4 3        1     0
 *            +---------------+----------+-------+
 *            | epoch         | presence | truth |
 *            +---------------+----------+-------+
 *
 * Programs ask for predicates by number and never for fields: what knows the
 * truth of many predicates at once, a row for a field's value or a class of a
 * thread, can write verdicts before the programs run, and narrow down which
 * rules are tried at all.  This file is the plain way, which those must agree
 * with.
 *
 * Dispatch hides behind a few macros: computed goto, or with SK_VM_SWITCH a
 * switch.
 */
#include "vm/vm.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "vm/engine.h"
#include "vm/regex.h"
#include "vm/profiler.h"
#include "vm/reading.h"
#include "vm/rows.h"
#include "vm/support/alloc.h"
#include "vm/transform.h"

enum {
	/* What values of one event may take; past it they are missing. */
	SCRATCH_LIMIT = 64 << 20,
	/* What one comparison may take besides. */
	TEMPORARY_LIMIT = 256 << 20,
	/* Instructions of all regular expressions, 16 bytes each. */
	PATTERN_SIZE_LIMIT = 8 << 20,
};

enum { VERDICT_TRUTH = 1, VERDICT_PRESENCE_SHIFT = 1, VERDICT_PRESENCE_MASK = 7, VERDICT_EPOCH_SHIFT = 4 };

/* --- values ------------------------------------------------------------ */

static void extract(struct sk_vm *vm, uint32_t number, enum sk_reading reading)
{
	struct sk_vm_slot *slot = &vm->fields[number];
	const struct sk_field_ref *ref = &vm->refs[number];
	struct sk_field_ref other;

	if (reading != SK_READING_ONCE) {
		other = *ref;
		other.reading = (uint8_t)reading;
		ref = &other;
	}
	slot->value = sk_value_missing();
	vm->options.extract(vm->event, ref, &vm->scratch, &slot->value);
	assert(slot->value.presence != SK_PRESENT || slot->value.type == ref->type);
	vm->short_of_memory |= slot->value.presence == SK_MISSING_MEMORY;
	slot->epoch = vm->epoch;
}

static const struct sk_value *field_value(struct sk_vm *vm, uint32_t number)
{
	struct sk_vm_slot *slot = &vm->fields[number];

	if (slot->epoch != vm->epoch) {
		extract(vm, number, vm->looking ? SK_READING_NONE : SK_READING_ONCE);
	}
	return &slot->value;
}

/* Recursion is as deep as expressions are, which the verifier limits. */
static struct sk_value combine(struct sk_vm *vm, uint32_t number)
{
	const struct sk_bundle_expression *expression = &vm->bundle->expressions[number];
	const struct sk_value **arguments =
		sk_arena_alloc_zeroed(&vm->scratch, expression->count, sizeof(const struct sk_value *));
	const struct sk_value *selector = expression->selector == SK_NONE ? NULL : &vm->selectors[number];

	if (!arguments)
		return (struct sk_value){.presence = SK_MISSING_MEMORY};
	for (uint32_t i = 0; i < expression->count; i++)
		arguments[i] = sk_vm_value(vm, vm->bundle->arguments[expression->operand + i]);
	if (expression->kind == SK_EXPRESSION_LIST)
		return sk_transform_list(arguments, expression->count, &vm->scratch);
	return sk_transform(expression->transformer, arguments, expression->count, selector, &vm->scratch);
}

const struct sk_value *sk_vm_value(struct sk_vm *vm, uint32_t number)
{
	const struct sk_bundle_expression *expression = &vm->bundle->expressions[number];
	struct sk_vm_slot *slot = &vm->results[number];

	assert(vm->epoch > 0);
	switch ((enum sk_expression_kind)expression->kind) {
	case SK_EXPRESSION_FIELD:
		return field_value(vm, expression->operand);
	case SK_EXPRESSION_CONSTANT:
		return &slot->value;
	case SK_EXPRESSION_TRANSFORMER:
	case SK_EXPRESSION_LIST:
		break;
	}
	if (slot->epoch != vm->epoch) {
		slot->value = combine(vm, number);
		vm->short_of_memory |= slot->value.presence == SK_MISSING_MEMORY;
		slot->epoch = vm->epoch;
	}
	return &slot->value;
}

/* Recursion as in combine(). */
const struct sk_value *sk_vm_value_again(struct sk_vm *vm, uint32_t number)
{
	const struct sk_bundle_expression *expression = &vm->bundle->expressions[number];

	if (!sk_reading_expression(vm->bundle, number))
		return sk_vm_value(vm, number);
	if (expression->kind == SK_EXPRESSION_FIELD) {
		extract(vm, expression->operand, SK_READING_AGAIN);
		return sk_vm_value(vm, number);
	}
	for (uint32_t i = 0; i < expression->count; i++)
		sk_vm_value_again(vm, vm->bundle->arguments[expression->operand + i]);
	vm->results[number].epoch = 0;
	return sk_vm_value(vm, number);
}

const struct sk_field_ref *sk_vm_field(struct sk_vm *vm, uint32_t field, const struct sk_value **ret_value)
{
	*ret_value = field_value(vm, field);
	return &vm->refs[field];
}

/* --- predicates -------------------------------------------------------- */

static uint64_t judge(struct sk_vm *vm, uint32_t number)
{
	const struct sk_vm_predicate *predicate = &vm->predicates[number];
	const struct sk_value *left = sk_vm_value(vm, predicate->left), *right = NULL;
	uint8_t presence = left->presence;
	bool truth = false;

	if (presence == SK_PRESENT && predicate->right != SK_NONE) {
		right = sk_vm_value(vm, predicate->right);
		presence = right->presence;
	}
	if (presence == SK_PRESENT && !(vm->by_atoms && !right && sk_rows_atom(vm->rows, number, &truth)))
		truth = right ? sk_compare_values(predicate->comparison.operator, left, right, &vm->temporary)
			      : sk_compare_constants(&predicate->comparison, left, &vm->temporary);
	return vm->epoch << VERDICT_EPOCH_SHIFT | (uint64_t)presence << VERDICT_PRESENCE_SHIFT | truth;
}

static inline uint64_t verdict(struct sk_vm *vm, uint32_t number)
{
	if (vm->verdicts[number] >> VERDICT_EPOCH_SHIFT != vm->epoch)
		vm->verdicts[number] = judge(vm, number);
	return vm->verdicts[number];
}

/* What was not asked of the event before is not asked by its rules. */
static uint64_t look(struct sk_vm *vm, uint32_t number)
{
	uint64_t found;

	vm->looking = true;
	found = verdict(vm, number);
	vm->looking = false;
	return found;
}

bool sk_vm_predicate(struct sk_vm *vm, uint32_t number)
{
	return look(vm, number) & VERDICT_TRUTH;
}

enum sk_presence sk_vm_predicate_presence(struct sk_vm *vm, uint32_t number)
{
	return look(vm, number) >> VERDICT_PRESENCE_SHIFT & VERDICT_PRESENCE_MASK;
}

bool sk_vm_constant_holds(struct sk_vm *vm, uint32_t number, uint32_t constant)
{
	const struct sk_vm_predicate *predicate = &vm->predicates[number];
	const struct sk_value *left = sk_vm_value(vm, predicate->left);
	struct sk_comparison comparison = predicate->comparison;

	if (predicate->right != SK_NONE || constant >= comparison.count || left->presence != SK_PRESENT)
		return false;
	comparison.constants += constant;
	comparison.count = 1;
	return sk_compare_constants(&comparison, left, &vm->temporary);
}

/* --- programs ---------------------------------------------------------- */

#ifdef SK_VM_SWITCH
#define DISPATCH() switch ((enum sk_op)instruction->op)
#define OP(id) case SK_OP_##id:
#define OP_COUNT() case SK_OP_COUNT:
#define NEXT() break
#else
#define DISPATCH() goto *labels[instruction->op];
#define OP(id) label_##id:
#define OP_COUNT()
#define NEXT()                                                                                                     \
	do {                                                                                                       \
		instruction++;                                                                                     \
		DISPATCH()                                                                                         \
	} while (0)
#endif

bool sk_vm_condition_holds(struct sk_vm *vm, const struct sk_instruction *instruction)
{
#ifndef SK_VM_SWITCH
	static const void *const labels[SK_OP_COUNT] = {
#define SK_OP(id, name, operand, jumps, program, ends, meaning) [SK_OP_##id] = &&label_##id,
#include "vm/ops.def"
	};
#endif

	for (;; instruction++) {
		DISPATCH()
		{
			OP(JUMP_TRUE)
			{
				if (verdict(vm, instruction->operand) & VERDICT_TRUTH)
					instruction += instruction->jump;
				NEXT();
			}
			OP(JUMP_FALSE)
			{
				if (!(verdict(vm, instruction->operand) & VERDICT_TRUTH))
					instruction += instruction->jump;
				NEXT();
			}
			OP(JUMP)
			{
				instruction += instruction->jump;
				NEXT();
			}
			OP(MATCH)
			{
				return true;
			}
			/* The verifier lets none of these into a condition. */
			OP(LITERAL)
			OP(FIELD)
			OP(SUGGESTED)
			OP(END)
			OP_COUNT()
			OP(FAIL)
			{
				return false;
			}
		}
	}
}

static uint32_t evaluate_linearly(struct sk_vm *vm, uint16_t type)
{
	const struct sk_bundle *bundle = vm->bundle;
	const uint32_t *rules = bundle->type_rules + bundle->types[type].first;
	uint32_t count = bundle->types[type].count, matched = 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct sk_bundle_rule *rule = &bundle->rules[rules[i]];

		if (rule->priority > vm->options.priority ||
		    !sk_vm_condition_holds(vm, &bundle->code[rule->condition]))
			continue;
		vm->matches[matched++] = rules[i];
		if (!vm->options.match_all)
			break;
	}
	return matched;
}

static inline bool is_in_order(const struct sk_vm *vm, uint16_t type)
{
	return vm->in_order && vm->in_order[type];
}

/* Rule after rule, but with what is remembered of values. */
static uint32_t evaluate_by_atoms(struct sk_vm *vm, uint16_t type)
{
	uint32_t matched;

	vm->by_atoms = true;
	matched = evaluate_linearly(vm, type);
	vm->by_atoms = false;
	sk_rows_rest(vm->rows);
	return matched;
}

/* Nothing is known of the event yet. */
static void begin(struct sk_vm *vm, void *event)
{
	vm->epoch++;
	vm->event = event;
	vm->short_of_memory = false;
	sk_arena_reset(&vm->scratch);
}

static uint32_t evaluate_profiled(struct sk_vm *vm, uint16_t type)
{
	struct sk_profile_type *record = &vm->profiler->profile.types[type];
	const bool by_rows = vm->rows && !is_in_order(vm, type);
	uint32_t matched = UINT32_MAX;

	if (!record->uses)
		sk_profiler_prepare_type(vm->profiler, type);
	if (sk_profiler_draw(vm->profiler, record))
		sk_profiler_begin(vm->profiler);
	if (by_rows)
		matched = sk_rows_evaluate_profiled(vm->rows, type);
	else if (vm->rows)
		sk_rows_pass_over(vm->rows);
	if (by_rows && matched == UINT32_MAX && !vm->short_of_memory) {
		vm->by_atoms = true;
		matched = sk_profiler_linear(vm->profiler, type);
		vm->by_atoms = false;
		sk_rows_rest(vm->rows);
	}
	if (vm->short_of_memory || matched == UINT32_MAX) {
		begin(vm, vm->event);
		matched = sk_profiler_linear(vm->profiler, type);
	}
	for (uint32_t i = 0; i < matched && record->uses; i++)
		record->uses[sk_profile_position(vm->bundle, type, vm->matches[i])].matched++;
	if (vm->profiler->timed)
		sk_profiler_end(vm->profiler, type);
	return matched;
}

uint32_t sk_vm_evaluate(struct sk_vm *vm, uint16_t type, void *event, const uint32_t **ret_rules)
{
	begin(vm, event);
	*ret_rules = vm->matches;
	if (type >= vm->bundle->types_count || vm->bundle->types[type].count == 0)
		return 0;
	if (vm->profiler)
		return evaluate_profiled(vm, type);
	if (vm->rows && !is_in_order(vm, type)) {
		uint32_t matched = sk_rows_evaluate(vm->rows, type);

		if (matched == UINT32_MAX && !vm->short_of_memory)
			matched = evaluate_by_atoms(vm, type);
		if (!vm->short_of_memory)
			return matched;
		/* Which values find room depends on which are asked for: ask for those that the linear engine does. */
		begin(vm, event);
	} else if (vm->rows) {
		sk_rows_pass_over(vm->rows);
	}
	return evaluate_linearly(vm, type);
}

/* --- creating ---------------------------------------------------------- */

static uint32_t most_rules_of_a_type(const struct sk_bundle *bundle)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < bundle->types_count; i++) {
		if (bundle->types[i].count > most)
			most = bundle->types[i].count;
	}
	return most;
}

static int allocate(struct sk_vm *vm)
{
	const struct sk_bundle *bundle = vm->bundle;

	vm->verdicts = sk_alloc_zeroed(bundle->predicates_count, sizeof(*vm->verdicts));
	vm->predicates = sk_alloc_zeroed(bundle->predicates_count, sizeof(*vm->predicates));
	vm->fields = sk_alloc_zeroed(bundle->fields_count, sizeof(*vm->fields));
	vm->results = sk_alloc_zeroed(bundle->expressions_count, sizeof(*vm->results));
	vm->refs = sk_alloc_zeroed(bundle->fields_count, sizeof(*vm->refs));
	vm->selectors = sk_alloc_zeroed(bundle->expressions_count, sizeof(*vm->selectors));
	vm->matches = sk_alloc_zeroed(most_rules_of_a_type(bundle), sizeof(*vm->matches));
	if (!vm->verdicts || !vm->predicates || !vm->fields || !vm->results || !vm->refs || !vm->selectors ||
	    !vm->matches)
		return -ENOMEM;
	return 0;
}

struct sk_field_ref sk_field_ref_of(const struct sk_bundle *bundle, uint32_t number)
{
	const struct sk_bundle_field *field = &bundle->fields[number];
	struct sk_field_ref ref = {
		.field = field->field,
		.kind = field->kind,
		.type = field->type,
		.list = field->list,
		.number = number,
		.index = field->index,
	};

	if (field->argument != SK_NONE)
		ref.argument = sk_bundle_text(bundle, field->argument, &ref.argument_length);
	return ref;
}

static void prepare_refs(struct sk_vm *vm)
{
	for (uint32_t i = 0; i < vm->bundle->fields_count; i++)
		vm->refs[i] = sk_field_ref_of(vm->bundle, i);
}

/* Texts that never change: constants, and the selectors of getopt. */
static void prepare_expressions(struct sk_vm *vm)
{
	for (uint32_t i = 0; i < vm->bundle->expressions_count; i++) {
		const struct sk_bundle_expression *expression = &vm->bundle->expressions[i];
		uint32_t length;
		const char *text;

		if (expression->kind == SK_EXPRESSION_CONSTANT) {
			text = sk_bundle_text(vm->bundle, expression->operand, &length);
			vm->results[i].value = sk_value_text(text, length);
		}
		if (expression->selector != SK_NONE) {
			text = sk_bundle_text(vm->bundle, expression->selector, &length);
			vm->selectors[i] = sk_value_text(text, length);
		}
	}
}

/*
 * Compiles the patterns of one predicate, but for those that another one has
 * had compiled.  `*size` adds up what they cost.
 */
static int compile_patterns(struct sk_vm *vm, uint32_t number, size_t *size, struct sk_error *error)
{
	const struct sk_bundle_predicate *record = &vm->bundle->predicates[number];

	if (!vm->regexes) {
		vm->regexes = sk_alloc_zeroed(sk_bundle_string_count(vm->bundle), sizeof(struct sk_regex *));
		if (!vm->regexes)
			return sk_error_set(error, -ENOMEM, "no memory for the engine");
	}
	for (uint32_t i = record->first; i < record->first + record->count; i++) {
		struct sk_regex **regex = &vm->regexes[vm->bundle->constants[i]];
		struct sk_error reason = {.message = ""};
		uint32_t length;
		const char *text = sk_bundle_text(vm->bundle, vm->bundle->constants[i], &length);
		int status;

		if (*regex)
			continue;
		status = sk_regex_create(text, length, regex, &reason);
		if (status < 0)
			return sk_error_set(error, status, "section PREDICATES, record %u: %s", number,
					    reason.message);
		*size += sk_regex_size(*regex);
		if (*size > PATTERN_SIZE_LIMIT)
			return sk_error_set(
				error, -EINVAL,
				"section PREDICATES, record %u: the regular expressions are too large together",
				number);
	}
	return 0;
}

/* The event types that have a rule whose comparisons depend on when they were made last. */
static int prepare_order(struct sk_vm *vm)
{
	const struct sk_bundle *bundle = vm->bundle;

	for (uint32_t rule = 0; rule < bundle->rules_count; rule++) {
		if (!sk_reading_rule(bundle, rule))
			continue;
		if (!vm->in_order)
			vm->in_order = sk_alloc_zeroed(SK_EVENT_COUNT, sizeof(*vm->in_order));
		if (!vm->in_order)
			return -ENOMEM;
		for (uint32_t type = 0; type < bundle->types_count; type++) {
			const struct sk_bundle_type *record = &bundle->types[type];

			for (uint32_t i = record->first; i < record->first + record->count; i++)
				vm->in_order[type] |= bundle->type_rules[i] == rule;
		}
	}
	return 0;
}

static int prepare_predicates(struct sk_vm *vm, struct sk_error *error)
{
	size_t pattern_size = 0;

	for (uint32_t i = 0; i < vm->bundle->predicates_count; i++) {
		const struct sk_bundle_predicate *record = &vm->bundle->predicates[i];

		vm->predicates[i] = (struct sk_vm_predicate){.comparison = sk_comparison_of(vm->bundle, i),
							     .left = record->left,
							     .right = record->right};
		if (record->operator== SK_OPERATOR_REGEX) {
			int status = compile_patterns(vm, i, &pattern_size, error);

			if (status < 0)
				return status;
			vm->predicates[i].comparison.regexes = vm->regexes;
		}
	}
	return 0;
}

int sk_vm_create(const struct sk_bundle *bundle, const struct sk_vm_options *options, struct sk_vm **ret_vm,
		 struct sk_error *error)
{
	struct sk_vm *vm = sk_alloc_zeroed(1, sizeof(*vm));
	int status;

	assert(options->extract);
	if (!vm)
		return sk_error_set(error, -ENOMEM, "no memory for the engine");
	vm->bundle = bundle;
	vm->options = *options;
	sk_arena_init(&vm->scratch, SCRATCH_LIMIT);
	sk_arena_init(&vm->temporary, TEMPORARY_LIMIT);
	status = allocate(vm);
	if (status < 0) {
		sk_vm_destroy(vm);
		return sk_error_set(error, status, "no memory for the engine");
	}
	prepare_refs(vm);
	prepare_expressions(vm);
	status = prepare_order(vm);
	if (status < 0) {
		sk_vm_destroy(vm);
		return sk_error_set(error, status, "no memory for the engine");
	}
	status = prepare_predicates(vm, error);
	if (status < 0) {
		sk_vm_destroy(vm);
		return status;
	}
	if (options->engine != SK_VM_ENGINE_LINEAR) {
		status = sk_rows_create(vm, &vm->rows);
		if (status < 0) {
			sk_vm_destroy(vm);
			return sk_error_set(error, status, "no memory for the engine");
		}
	}
	*ret_vm = vm;
	return 0;
}

void sk_vm_destroy(struct sk_vm *vm)
{
	if (!vm)
		return;
	sk_profiler_destroy(vm->profiler);
	sk_rows_destroy(vm->rows);
	for (uint32_t i = 0; vm->regexes && i < sk_bundle_string_count(vm->bundle); i++)
		sk_regex_destroy(vm->regexes[i]);
	sk_arena_release(&vm->scratch);
	sk_arena_release(&vm->temporary);
	sk_free(vm->verdicts);
	sk_free(vm->predicates);
	sk_free(vm->fields);
	sk_free(vm->results);
	sk_free(vm->refs);
	sk_free(vm->selectors);
	sk_free(vm->regexes);
	sk_free(vm->matches);
	sk_free(vm->in_order);
	sk_free(vm);
}

void sk_vm_begin_anew(struct sk_vm *vm)
{
	if (vm->rows)
		sk_rows_begin_anew(vm->rows);
}

void sk_vm_flush(struct sk_vm *vm)
{
	if (vm->rows)
		sk_rows_flush(vm->rows);
}

uint32_t sk_vm_class(struct sk_vm *vm, uint32_t *ret_generation)
{
	return vm->rows ? sk_rows_thread_class(vm->rows, ret_generation) : SK_NONE;
}

enum sk_truth sk_vm_class_truth(const struct sk_vm *vm, uint32_t class, uint32_t number)
{
	return vm->rows ? sk_rows_class_truth(vm->rows, class, number) : SK_TRUTH_UNKNOWN;
}

void sk_vm_stats(const struct sk_vm *vm, struct sk_vm_stats *ret_stats)
{
	*ret_stats = (struct sk_vm_stats){0};
	if (vm->rows)
		sk_rows_stats(vm->rows, ret_stats);
}

int sk_vm_profile_start(struct sk_vm *vm, uint32_t every)
{
	assert(!vm->profiler && every);
	if (vm->options.engine != SK_VM_ENGINE_ROWS && vm->options.engine != SK_VM_ENGINE_LINEAR)
		return -ENOTSUP;
	/* What was remembered before carries no marks. */
	sk_vm_flush(vm);
	return sk_profiler_create(vm, every, &vm->profiler);
}

int sk_vm_profile_read(struct sk_vm *vm, const struct sk_profile **ret_profile)
{
	assert(vm->profiler);
	return sk_profiler_read(vm->profiler, ret_profile);
}
