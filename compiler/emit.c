/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that a rule uses is copied from the IR into its section when it
 * is first met, and its number there remembered:
 *
 *   rule ─► predicate ─► expression ─► field, constants ─► string
 *             maps: number in the IR ─► number in the bundle, SK_NONE: not yet
 *
 * So a bundle holds nothing that its rules do not use, and its numbers depend
 * on the rules alone.
 */
#include "compiler/emit.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/program.h"

struct emitter {
	const struct sk_ir *ir;
	const struct sk_sources *sources;
	struct sk_arena arena; /* maps and interned runs, for the time of writing */
	struct sk_buffer sections[SK_SECTION_COUNT];
	struct sk_intern strings, files, runs;
	uint32_t *run_starts;      /* of each interned run of rules */
	struct sk_intern elements; /* each constant once; */
	struct sk_buffer heads;    /* of each, u32: where it stands last in CONSTANTS; */
	struct sk_buffer chain;    /* of each place there, u32: where the same stands before, SK_NONE */
	uint32_t *fields, *constants, *expressions, *predicates;
	struct sk_buffer program; /* the condition that is being written */
	uint64_t constant_total, pattern_total;
	bool out_of_memory;
};

static const size_t record_sizes[SK_SECTION_COUNT] = {
#define SK_SECTION(id, record, what) [SK_SECTION_##id] = sizeof(record),
	SK_SECTIONS(SK_SECTION)
#undef SK_SECTION
};

/* Appends records to a section; the number of the first. */
static uint32_t append(struct emitter *emitter, enum sk_section section, const void *records, size_t count)
{
	struct sk_buffer *buffer = &emitter->sections[section];
	size_t first = buffer->length / record_sizes[section];

	/* Far beyond any bundle that may be written: sizes stay below 32 bits. */
	if (buffer->length > SK_BUNDLE_SIZE_LIMIT || count > SK_BUNDLE_SIZE_LIMIT)
		return (uint32_t)first;
	sk_buffer_append(buffer, records, count * record_sizes[section]);
	return (uint32_t)first;
}

static uint32_t *make_map(struct emitter *emitter, uint32_t count)
{
	uint32_t *map = sk_arena_alloc(&emitter->arena, ((size_t)count + 1) * sizeof(*map));

	if (map)
		memset(map, 0xff, ((size_t)count + 1) * sizeof(*map));
	else
		emitter->out_of_memory = true;
	return map;
}

/* --- what predicates are made of --------------------------------------- */

static uint32_t emit_bytes(struct emitter *emitter, const char *bytes, size_t length)
{
	uint32_t known = emitter->strings.count;
	uint32_t number = sk_intern_add(&emitter->strings, bytes, length);
	struct sk_bundle_string record;

	if (number == SK_NONE)
		emitter->out_of_memory = true;
	if (number != known)
		return number;
	record.offset = append(emitter, SK_SECTION_STRING_BYTES, bytes, length);
	record.length = (uint32_t)length;
	append(emitter, SK_SECTION_STRING_BYTES, "", 1);
	append(emitter, SK_SECTION_STRINGS, &record, 1);
	return number;
}

static uint32_t emit_string(struct emitter *emitter, uint32_t string)
{
	uint32_t length;
	const char *text;

	if (string == SK_NONE)
		return SK_NONE;
	text = sk_ir_text(emitter->ir, string, &length);
	return emit_bytes(emitter, text, length);
}

static uint32_t emit_field(struct emitter *emitter, uint32_t number)
{
	struct sk_bundle_field record = *sk_ir_get_field(emitter->ir, number);

	if (emitter->fields[number] == SK_NONE) {
		record.argument = emit_string(emitter, record.argument);
		emitter->fields[number] = append(emitter, SK_SECTION_FIELDS, &record, 1);
	}
	return emitter->fields[number];
}

/* Longer chains of equal constants are not followed: sharing is worth little time. */
enum { CHAIN_LIMIT = 32 };

/* Where a run stands in CONSTANTS already, whole or inside a longer one; SK_NONE if it does not. */
static uint32_t find_run(const struct emitter *emitter, const struct sk_bundle_constant *records,
			 const uint32_t *elements, uint32_t known, uint32_t count)
{
	const struct sk_buffer *buffer = &emitter->sections[SK_SECTION_CONSTANTS];
	const struct sk_bundle_constant *all = (const struct sk_bundle_constant *)buffer->bytes;
	uint32_t total = (uint32_t)(buffer->length / sizeof(*all));
	uint32_t place;

	if (elements[0] >= known || buffer->failed || emitter->chain.failed || emitter->heads.failed)
		return SK_NONE;
	place = ((const uint32_t *)emitter->heads.bytes)[elements[0]];
	for (int i = 0; i < CHAIN_LIMIT && place != SK_NONE; i++) {
		if (count <= total - place && memcmp(all + place, records, count * sizeof(*all)) == 0)
			return place;
		place = ((const uint32_t *)emitter->chain.bytes)[place];
	}
	return SK_NONE;
}

/* Appends a run and enters its constants into the chains. */
static uint32_t append_run(struct emitter *emitter, const struct sk_bundle_constant *records,
			   const uint32_t *elements, uint32_t count)
{
	uint32_t first = append(emitter, SK_SECTION_CONSTANTS, records, count);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t none = SK_NONE, place = first + i, *heads;

		if (elements[i] * sizeof(none) >= emitter->heads.length)
			sk_buffer_append(&emitter->heads, &none, sizeof(none));
		if (emitter->heads.failed)
			break;
		heads = (uint32_t *)emitter->heads.bytes;
		sk_buffer_append(&emitter->chain, &heads[elements[i]], sizeof(none));
		heads[elements[i]] = place;
	}
	return first;
}

/*
 * The first constant of a run.  Packs repeat their lists, and single values of
 * them: a run that stands inside one that was written before is not written.
 */
static uint32_t emit_constants(struct emitter *emitter, uint32_t run)
{
	uint32_t count, known = emitter->elements.count, first;
	const struct sk_bundle_constant *constants = sk_ir_get_constants(emitter->ir, run, &count);
	struct sk_bundle_constant *records;
	uint32_t *elements;

	if (emitter->constants[run] != SK_NONE)
		return emitter->constants[run];
	records = sk_arena_alloc_zeroed(&emitter->arena, count, sizeof(*records));
	elements = sk_arena_alloc_zeroed(&emitter->arena, count, sizeof(*elements));
	if (!records || !elements) {
		emitter->out_of_memory = true;
		return 0;
	}
	for (uint32_t i = 0; i < count; i++) {
		records[i] = constants[i];
		records[i].text = emit_string(emitter, constants[i].text);
		elements[i] = sk_intern_add(&emitter->elements, &records[i], sizeof(records[i]));
		if (elements[i] == SK_NONE) {
			emitter->out_of_memory = true;
			return 0;
		}
	}
	first = find_run(emitter, records, elements, known, count);
	if (first == SK_NONE)
		first = append_run(emitter, records, elements, count);
	if (emitter->heads.failed || emitter->chain.failed)
		emitter->out_of_memory = true;
	emitter->constants[run] = first;
	return first;
}

/* Arguments first: they have smaller numbers.  As deep as SK_EXPRESSION_DEPTH_LIMIT. */
static uint32_t emit_expression(struct emitter *emitter, uint32_t number)
{
	const struct sk_ir_expression *expression = sk_ir_get_expression(emitter->ir, number);
	struct sk_bundle_expression record = {
		.kind = expression->kind,
		.transformer = expression->transformer,
		.type = expression->type,
		.list = expression->list,
	};
	const uint32_t *arguments = NULL;

	if (emitter->expressions[number] != SK_NONE)
		return emitter->expressions[number];
	if (expression->kind == SK_EXPRESSION_FIELD) {
		record.operand = emit_field(emitter, expression->operand);
	} else if (expression->kind == SK_EXPRESSION_CONSTANT) {
		record.operand = emit_constants(emitter, expression->operand);
	} else {
		arguments = sk_ir_get_numbers(emitter->ir, expression->arguments, &record.count);
		for (uint32_t i = 0; i < record.count; i++)
			emit_expression(emitter, arguments[i]);
		record.operand = append(emitter, SK_SECTION_ARGUMENTS, NULL, 0);
		for (uint32_t i = 0; i < record.count; i++)
			append(emitter, SK_SECTION_ARGUMENTS, &emitter->expressions[arguments[i]], 1);
	}
	record.selector = emit_string(emitter, expression->selector);
	record.text = emit_string(emitter, expression->text);
	emitter->expressions[number] = append(emitter, SK_SECTION_EXPRESSIONS, &record, 1);
	return emitter->expressions[number];
}

static void emit_location(struct emitter *emitter, sk_position position)
{
	struct sk_place place = sk_sources_place(emitter->sources, position);
	struct sk_bundle_location record = {.file = SK_NONE};

	if (place.file) {
		uint32_t known = emitter->files.count;

		record.file = sk_intern_add(&emitter->files, &place.number, sizeof(place.number));
		if (record.file == SK_NONE) {
			emitter->out_of_memory = true;
			return;
		}
		if (record.file == known) {
			uint32_t name = emit_bytes(emitter, place.file->name, strlen(place.file->name));

			append(emitter, SK_SECTION_FILES, &name, 1);
		}
		record.line = place.line;
		record.column = place.column;
	}
	append(emitter, SK_SECTION_LOCATIONS, &record, 1);
}

static uint32_t emit_predicate(struct emitter *emitter, uint32_t number)
{
	const struct sk_ir_predicate *predicate = sk_ir_get_predicate(emitter->ir, number);
	struct sk_bundle_predicate record = {
		.modifier = predicate->modifier,
		.scope = predicate->scope,
		.quantifier = predicate->quantifier,
		.right = SK_NONE,
	};

	if (emitter->predicates[number] != SK_NONE)
		return emitter->predicates[number];
	record.operator= predicate->comparison;
	record.left = emit_expression(emitter, predicate->left);
	if (predicate->right != SK_NONE)
		record.right = emit_expression(emitter, predicate->right);
	if (predicate->constants != SK_NONE) {
		sk_ir_get_constants(emitter->ir, predicate->constants, &record.count);
		record.first = emit_constants(emitter, predicate->constants);
		emitter->constant_total += record.count;
		if (predicate->comparison == SK_OPERATOR_REGEX)
			emitter->pattern_total += record.count;
	}
	record.text = emit_string(emitter, emitter->ir->origins[number].text);
	emit_location(emitter, emitter->ir->origins[number].position);
	emitter->predicates[number] = append(emitter, SK_SECTION_PREDICATES, &record, 1);
	return emitter->predicates[number];
}

/* --- runs of constants, longest first ---------------------------------- */

/* Writes the condition of a rule with the IR's numbers; the next call takes the memory again. */
static struct sk_instruction *write_condition(struct emitter *emitter, const struct sk_emit_rule *rule,
					      uint32_t *ret_size)
{
	uint32_t size = (uint32_t)sk_program_size(emitter->ir, rule->condition);

	sk_buffer_clear(&emitter->program);
	if (!sk_buffer_reserve(&emitter->program, size * sizeof(struct sk_instruction))) {
		emitter->out_of_memory = true;
		return NULL;
	}
	sk_program_write(emitter->ir, rule->condition, (struct sk_instruction *)emitter->program.bytes);
	*ret_size = size;
	return (struct sk_instruction *)emitter->program.bytes;
}

struct used_run {
	uint32_t run, count, order;
};

static int compare_runs(const void *left, const void *right)
{
	const struct used_run *a = left, *b = right;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return (a->order > b->order) - (a->order < b->order);
}

/* So that a run finds every longer one that it may be a part of. */
static void emit_all_constants(struct emitter *emitter, const struct sk_emit_rule *rules, uint32_t count)
{
	const struct sk_ir *ir = emitter->ir;
	struct used_run *used =
		sk_arena_alloc_zeroed(&emitter->arena, (size_t)ir->constants.count + 1, sizeof(*used));
	uint32_t *seen = make_map(emitter, ir->constants.count);
	uint32_t used_count = 0, size;

	if (!used || !seen) {
		emitter->out_of_memory = true;
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		const struct sk_instruction *code = write_condition(emitter, &rules[i], &size);

		for (uint32_t k = 0; code && k < size; k++) {
			uint32_t run;

			if (sk_ops[code[k].op].operand != SK_OP_OPERAND_PREDICATE)
				continue;
			run = sk_ir_get_predicate(ir, code[k].operand)->constants;
			if (run == SK_NONE || seen[run] != SK_NONE)
				continue;
			seen[run] = used_count;
			used[used_count] = (struct used_run){.run = run, .order = used_count};
			sk_ir_get_constants(ir, run, &used[used_count++].count);
		}
	}
	qsort(used, used_count, sizeof(*used), compare_runs);
	for (uint32_t i = 0; i < used_count && !emitter->out_of_memory; i++)
		emit_constants(emitter, used[i].run);
}

/* --- rules ------------------------------------------------------------- */

static uint32_t emit_condition(struct emitter *emitter, const struct sk_emit_rule *rule, uint32_t *ret_size)
{
	struct sk_instruction *code = write_condition(emitter, rule, ret_size);
	uint32_t size = *ret_size, first;

	if (!code)
		return 0;
	for (uint32_t i = 0; i < size; i++) {
		if (sk_ops[code[i].op].operand == SK_OP_OPERAND_PREDICATE)
			code[i].operand = emit_predicate(emitter, code[i].operand);
	}
	first = append(emitter, SK_SECTION_CODE, code, size);
	return first;
}

static uint32_t emit_output(struct emitter *emitter, const struct sk_emit_rule *rule)
{
	uint32_t first = append(emitter, SK_SECTION_CODE, NULL, 0);

	for (uint32_t i = 0; i < rule->output.count; i++) {
		struct sk_instruction instruction = rule->output.instructions[i];

		if (sk_ops[instruction.op].operand == SK_OP_OPERAND_STRING)
			instruction.operand = emit_string(emitter, instruction.operand);
		else if (sk_ops[instruction.op].operand == SK_OP_OPERAND_EXPRESSION)
			instruction.operand = emit_expression(emitter, instruction.operand);
		append(emitter, SK_SECTION_CODE, &instruction, 1);
	}
	return first;
}

/* All conditions come before all outputs: an event that matches nothing touches only the former. */
static void emit_rules(struct emitter *emitter, const struct sk_emit_rule *rules, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct sk_pack_rule *rule = rules[i].rule;
		struct sk_bundle_rule record = {
			.name = emit_bytes(emitter, rule->name, strlen(rule->name)),
			.description = emit_bytes(emitter, rule->description.bytes ? rule->description.bytes : "",
						  rule->description.length),
			.source = emit_bytes(emitter, rule->source, strlen(rule->source)),
			.first_tag = append(emitter, SK_SECTION_TAGS, NULL, 0),
			.tag_count = rule->tag_count,
			.priority = rule->priority,
			.capture = rule->capture,
			.capture_duration = rule->capture_duration,
		};

		for (uint32_t k = 0; k < rule->tag_count; k++) {
			uint32_t tag = emit_bytes(emitter, rule->tags[k], strlen(rule->tags[k]));

			append(emitter, SK_SECTION_TAGS, &tag, 1);
		}
		record.condition = emit_condition(emitter, &rules[i], &record.condition_size);
		append(emitter, SK_SECTION_RULES, &record, 1);
	}
	for (uint32_t i = 0; i < count && !emitter->out_of_memory; i++) {
		struct sk_buffer *buffer = &emitter->sections[SK_SECTION_RULES];
		uint32_t output = emit_output(emitter, &rules[i]);
		struct sk_bundle_rule *record = (struct sk_bundle_rule *)buffer->bytes + i;

		if (buffer->failed)
			return;
		record->output = output;
		record->output_size = rules[i].output.count;
	}
	for (uint32_t i = 0; i < count; i++)
		emit_location(emitter, rules[i].rule->span.begin);
}

/* --- what each event type tries ---------------------------------------- */

static void emit_types(struct emitter *emitter, const struct sk_emit_rule *rules, uint32_t count)
{
	uint32_t *run = sk_arena_alloc(&emitter->arena, ((size_t)count + 1) * sizeof(*run));

	emitter->run_starts = make_map(emitter, SK_EVENT_COUNT);
	if (!run || !emitter->run_starts) {
		emitter->out_of_memory = true;
		return;
	}
	for (uint32_t type = 0; type < SK_EVENT_COUNT; type++) {
		struct sk_bundle_type record = {0};
		uint32_t known = emitter->runs.count, number;

		for (uint32_t i = 0; i < count; i++) {
			if (type == SK_EVENT_ASYNCEVENT_E || sk_event_set_has_type(&rules[i].events, type))
				run[record.count++] = i;
		}
		if (record.count) {
			number = sk_intern_add(&emitter->runs, run, record.count * sizeof(*run));
			if (number == SK_NONE) {
				emitter->out_of_memory = true;
				return;
			}
			if (number == known)
				emitter->run_starts[number] =
					append(emitter, SK_SECTION_TYPE_RULES, run, record.count);
			record.first = emitter->run_starts[number];
		}
		append(emitter, SK_SECTION_TYPES, &record, 1);
	}
}

static void emit_syscalls(struct emitter *emitter, const struct sk_emit_rule *rules, uint32_t count)
{
	uint64_t words[SK_BUNDLE_SYSCALL_WORDS] = {0};

	for (uint32_t i = 0; i < count; i++) {
		for (uint32_t word = 0; word < SK_BUNDLE_SYSCALL_WORDS; word++)
			words[word] |= rules[i].events.syscalls[word];
	}
	append(emitter, SK_SECTION_SYSCALLS, words, SK_BUNDLE_SYSCALL_WORDS);
}

/* --- the file ---------------------------------------------------------- */

static uint64_t align(uint64_t offset)
{
	return (offset + 7) & ~(uint64_t)7;
}

static int write_file(struct emitter *emitter, struct sk_buffer *bundle, struct sk_error *error)
{
	static const char padding[8];
	struct sk_bundle_section sections[SK_SECTION_COUNT];
	struct sk_bundle_header header = {
		.version = SK_BUNDLE_VERSION,
		.section_count = SK_SECTION_COUNT,
		.schema_hash = sk_schema_hash(),
	};
	uint64_t offset = sizeof(header) + sizeof(sections);
	size_t start = bundle->length;

	for (int i = 0; i < SK_SECTION_COUNT; i++) {
		if (emitter->sections[i].failed)
			return -ENOMEM;
		sections[i] = (struct sk_bundle_section){.offset = offset, .size = emitter->sections[i].length};
		offset += align(emitter->sections[i].length);
	}
	if (offset > SK_BUNDLE_SIZE_LIMIT)
		return sk_error_set(error, -E2BIG, "the bundle would have more than the %d MiB that are allowed",
				    SK_BUNDLE_SIZE_LIMIT >> 20);
	memcpy(header.magic, SK_BUNDLE_MAGIC, sizeof(header.magic));
	header.file_size = offset;
	sk_buffer_append(bundle, &header, sizeof(header));
	sk_buffer_append(bundle, sections, sizeof(sections));
	for (int i = 0; i < SK_SECTION_COUNT; i++) {
		const struct sk_buffer *section = &emitter->sections[i];

		sk_buffer_append(bundle, section->bytes, section->length);
		sk_buffer_append(bundle, padding, align(section->length) - section->length);
	}
	if (bundle->failed)
		return -ENOMEM;
	sk_bundle_seal(bundle->bytes + start, bundle->length - start);
	return 0;
}

int sk_emit_bundle(const struct sk_ir *ir, const struct sk_sources *sources, const struct sk_emit_rule *rules,
		   uint32_t count, struct sk_buffer *ret_bundle, uint32_t *ret_predicates, struct sk_error *error)
{
	struct emitter emitter = {.ir = ir, .sources = sources};
	int status;

	sk_arena_init(&emitter.arena, 0);
	sk_intern_init(&emitter.strings, &emitter.arena);
	sk_intern_init(&emitter.files, &emitter.arena);
	sk_intern_init(&emitter.runs, &emitter.arena);
	sk_intern_init(&emitter.elements, &emitter.arena);
	emitter.fields = make_map(&emitter, ir->fields.count);
	emitter.constants = make_map(&emitter, ir->constants.count);
	emitter.expressions = make_map(&emitter, ir->expressions.count);
	emitter.predicates = make_map(&emitter, ir->predicates.count);
	if (!emitter.out_of_memory) {
		emit_all_constants(&emitter, rules, count);
		emit_rules(&emitter, rules, count);
		emit_types(&emitter, rules, count);
		emit_syscalls(&emitter, rules, count);
	}
	if (emitter.out_of_memory)
		status = -ENOMEM;
	else if (emitter.constant_total > SK_PREDICATE_CONSTANT_LIMIT)
		status = sk_error_set(error, -E2BIG,
				      "the conditions have more than the %d constants that are allowed",
				      SK_PREDICATE_CONSTANT_LIMIT);
	else if (emitter.pattern_total > SK_PATTERN_LIMIT)
		status = sk_error_set(error, -E2BIG,
				      "the conditions have more than the %d regular expressions that are allowed",
				      SK_PATTERN_LIMIT);
	else
		status = write_file(&emitter, ret_bundle, error);
	if (status == 0)
		*ret_predicates = (uint32_t)(emitter.sections[SK_SECTION_PREDICATES].length /
					     sizeof(struct sk_bundle_predicate));
	for (int i = 0; i < SK_SECTION_COUNT; i++)
		sk_buffer_release(&emitter.sections[i]);
	sk_buffer_release(&emitter.program);
	sk_buffer_release(&emitter.heads);
	sk_buffer_release(&emitter.chain);
	sk_arena_release(&emitter.arena);
	return status;
}
