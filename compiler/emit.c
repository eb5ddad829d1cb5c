/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that a rule uses is copied from the IR into its section when it
 * is first met, and its number there remembered:
 *
 *   rules ─► conditions ─► predicates ─► expressions ─► fields, constants, strings
 *                              │
 *                              └─► questions and their indexes (index.c)
 *
 * So a bundle holds nothing that its rules do not use, and its numbers depend
 * on the rules alone.
 */
#include "compiler/emit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/emit_private.h"
#include "compiler/index.h"
#include "compiler/program.h"

static const size_t record_sizes[SK_SECTION_COUNT] = {
#define SK_SECTION(id, member, record, what) [SK_SECTION_##id] = sizeof(record),
	SK_SECTIONS(SK_SECTION)
#undef SK_SECTION
};

uint32_t sk_emit_records(struct sk_emitter *emitter, enum sk_section section, const void *records, size_t count)
{
	struct sk_buffer *buffer = &emitter->sections[section];
	size_t first = buffer->length / record_sizes[section];

	/* Far beyond any bundle that may be written: sizes stay below 32 bits. */
	if (buffer->length > SK_BUNDLE_SIZE_LIMIT || count > SK_BUNDLE_SIZE_LIMIT)
		return (uint32_t)first;
	sk_buffer_append(buffer, records, count * record_sizes[section]);
	return (uint32_t)first;
}

uint32_t *sk_emit_map(struct sk_emitter *emitter, uint32_t count)
{
	uint32_t *map = sk_arena_alloc(&emitter->arena, ((size_t)count + 1) * sizeof(*map));

	if (map)
		memset(map, 0xff, ((size_t)count + 1) * sizeof(*map));
	else
		emitter->out_of_memory = true;
	return map;
}

struct sk_bundle sk_emit_view(const struct sk_emitter *emitter)
{
	struct sk_bundle view = {.bytes = NULL};

#define SK_SECTION(id, member, record, what)                                                                       \
	view.member = (const void *)emitter->sections[SK_SECTION_##id].bytes;                                      \
	view.member##_count = (uint32_t)(emitter->sections[SK_SECTION_##id].length / sizeof(record));
	SK_SECTIONS(SK_SECTION)
#undef SK_SECTION
	return view;
}

/* --- conditions -------------------------------------------------------- */

/* Writes the conditions of all rules one after another; how many instructions. */
static uint32_t write_conditions(struct sk_emitter *emitter, const struct sk_emit_rule *rules, uint32_t count)
{
	uint64_t total = 0;

	emitter->condition_starts = sk_arena_alloc(&emitter->arena, ((size_t)count + 1) * sizeof(uint32_t));
	if (!emitter->condition_starts) {
		emitter->out_of_memory = true;
		return 0;
	}
	for (uint32_t i = 0; i < count; i++) {
		emitter->condition_starts[i] = (uint32_t)total;
		total += sk_program_size(emitter->ir, rules[i].condition);
	}
	emitter->condition_starts[count] = (uint32_t)total;
	if (total * sizeof(struct sk_instruction) > SK_BUNDLE_SIZE_LIMIT) {
		emitter->too_large = true;
		return 0;
	}
	emitter->conditions = sk_arena_alloc(&emitter->arena, (total + 1) * sizeof(*emitter->conditions));
	if (!emitter->conditions) {
		emitter->out_of_memory = true;
		return 0;
	}
	for (uint32_t i = 0; i < count; i++)
		sk_program_write(emitter->ir, rules[i].condition,
				 emitter->conditions + emitter->condition_starts[i]);
	return (uint32_t)total;
}

static uint32_t emit_condition(struct sk_emitter *emitter, uint32_t rule, uint32_t *ret_size)
{
	struct sk_instruction *code = emitter->conditions + emitter->condition_starts[rule];
	uint32_t size = emitter->condition_starts[rule + 1] - emitter->condition_starts[rule];

	for (uint32_t i = 0; i < size; i++) {
		if (sk_ops[code[i].op].operand == SK_OP_OPERAND_PREDICATE)
			code[i].operand = emitter->predicates[code[i].operand];
	}
	*ret_size = size;
	return sk_emit_records(emitter, SK_SECTION_CODE, code, size);
}

/* --- rules ------------------------------------------------------------- */

/* The output of a rule; the same as another's is there once. */
static uint32_t emit_output(struct sk_emitter *emitter, const struct sk_emit_rule *rule)
{
	const uint32_t known = emitter->outputs.count;
	struct sk_buffer *copy = &emitter->output_code;
	struct sk_instruction *code;
	uint32_t number;

	copy->length = 0;
	sk_buffer_append(copy, rule->output.instructions, rule->output.count * sizeof(*code));
	if (copy->failed) {
		emitter->out_of_memory = true;
		return 0;
	}
	code = (struct sk_instruction *)copy->bytes;

	for (uint32_t i = 0; i < rule->output.count; i++) {
		if (sk_ops[code[i].op].operand == SK_OP_OPERAND_STRING)
			code[i].operand = sk_emit_string(emitter, code[i].operand);
		else if (sk_ops[code[i].op].operand == SK_OP_OPERAND_EXPRESSION)
			code[i].operand = sk_emit_expression(emitter, code[i].operand);
	}
	number = sk_intern_add(&emitter->outputs, code, rule->output.count * sizeof(*code));
	if (number == SK_NONE) {
		emitter->out_of_memory = true;
		return 0;
	}
	if (number == known)
		emitter->output_starts[number] =
			sk_emit_records(emitter, SK_SECTION_CODE, code, rule->output.count);
	return emitter->output_starts[number];
}

/* All conditions come before all outputs: an event that matches nothing touches only the former. */
static void emit_rules(struct sk_emitter *emitter, const struct sk_emit_rule *rules, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct sk_pack_rule *rule = rules[i].rule;
		struct sk_bundle_rule record = {
			.name = sk_emit_bytes(emitter, rule->name, strlen(rule->name)),
			.description =
				sk_emit_bytes(emitter, rule->description.bytes ? rule->description.bytes : "",
					      rule->description.length),
			.source = sk_emit_bytes(emitter, rule->source, strlen(rule->source)),
			.first_tag = sk_emit_records(emitter, SK_SECTION_TAGS, NULL, 0),
			.tag_count = rule->tag_count,
			.priority = rule->priority,
			.capture = rule->capture,
			.capture_duration = rule->capture_duration,
		};

		for (uint32_t k = 0; k < rule->tag_count; k++) {
			uint32_t tag = sk_emit_bytes(emitter, rule->tags[k], strlen(rule->tags[k]));

			sk_emit_records(emitter, SK_SECTION_TAGS, &tag, 1);
		}
		record.condition = emit_condition(emitter, i, &record.condition_size);
		sk_emit_records(emitter, SK_SECTION_RULES, &record, 1);
	}
	emitter->output_starts = sk_emit_map(emitter, count);
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
		sk_emit_location(emitter, rules[i].rule->span.begin);
}

/* --- what must be captured ---------------------------------------------- */

static void emit_syscalls(struct sk_emitter *emitter, const struct sk_emit_rule *rules, uint32_t count)
{
	uint64_t words[SK_BUNDLE_SYSCALL_WORDS] = {0};

	for (uint32_t i = 0; i < count; i++) {
		for (uint32_t word = 0; word < SK_BUNDLE_SYSCALL_WORDS; word++)
			words[word] |= rules[i].events.syscalls[word];
	}
	sk_emit_records(emitter, SK_SECTION_SYSCALLS, words, SK_BUNDLE_SYSCALL_WORDS);
}

/* --- the file ---------------------------------------------------------- */

static uint64_t align(uint64_t offset)
{
	return (offset + 7) & ~(uint64_t)7;
}

static int refuse_size(struct sk_emitter *emitter)
{
	return sk_error_set(emitter->error, -E2BIG, "the bundle would have more than the %d MiB that are allowed",
			    SK_BUNDLE_SIZE_LIMIT >> 20);
}

static int write_file(struct sk_emitter *emitter, struct sk_buffer *bundle)
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
		return refuse_size(emitter);
	memcpy(header.magic, SK_BUNDLE_MAGIC, sizeof(header.magic));
	header.file_size = offset;
	sk_buffer_reserve(bundle, offset);
	sk_buffer_append(bundle, &header, sizeof(header));
	sk_buffer_append(bundle, sections, sizeof(sections));
	for (int i = 0; i < SK_SECTION_COUNT; i++) {
		struct sk_buffer *section = &emitter->sections[i];

		sk_buffer_append(bundle, section->bytes, section->length);
		sk_buffer_append(bundle, padding, align(section->length) - section->length);
		sk_buffer_release(section);
	}
	if (bundle->failed)
		return -ENOMEM;
	sk_bundle_seal(bundle->bytes + start, bundle->length - start);
	return 0;
}

/* --- all together ------------------------------------------------------ */

static void begin(struct sk_emitter *emitter)
{
	const struct sk_ir *ir = emitter->ir;

	sk_arena_init(&emitter->arena, 0);
	sk_intern_init(&emitter->files, &emitter->arena);
	sk_intern_init(&emitter->type_runs, &emitter->arena);
	sk_intern_init(&emitter->outputs, &emitter->arena);
	emitter->strings = sk_emit_map(emitter, ir->strings.count);
	emitter->values = sk_emit_map(emitter, ir->values.count);
	emitter->addresses = sk_emit_map(emitter, ir->addresses.count);
	emitter->fields = sk_emit_map(emitter, ir->fields.count);
	emitter->expressions = sk_emit_map(emitter, ir->expressions.count);
	emitter->predicates = sk_emit_map(emitter, ir->predicates.count);
	sk_emit_begin_strings(emitter);
}

static void end(struct sk_emitter *emitter)
{
	for (int i = 0; i < SK_SECTION_COUNT; i++)
		sk_buffer_release(&emitter->sections[i]);
	sk_buffer_release(&emitter->run_heads);
	sk_buffer_release(&emitter->run_chain);
	sk_buffer_release(&emitter->output_code);
	sk_arena_release(&emitter->arena);
}

static void emit_all(struct sk_emitter *emitter, const struct sk_emit_rule *rules, uint32_t count)
{
	uint32_t size = write_conditions(emitter, rules, count);

	if (emitter->out_of_memory || emitter->too_large)
		return;
	sk_emit_predicates(emitter, size);
	if (emitter->out_of_memory)
		return;
	emit_rules(emitter, rules, count);
	sk_emit_end_strings(emitter);
	sk_emit_types(emitter, rules, count);
	emit_syscalls(emitter, rules, count);
}

/* What the format allows, and then the indexes, which look at the sections. */
static int finish(struct sk_emitter *emitter)
{
	struct sk_arena arena;
	struct sk_bundle view;
	int status;

	if (emitter->too_large)
		return refuse_size(emitter);
	for (int i = 0; i < SK_SECTION_COUNT; i++)
		emitter->out_of_memory |= emitter->sections[i].failed;
	if (emitter->out_of_memory)
		return -ENOMEM;
	if (emitter->constant_total > SK_PREDICATE_CONSTANT_LIMIT)
		return sk_error_set(emitter->error, -E2BIG,
				    "the conditions have more than the %d constants that are allowed",
				    SK_PREDICATE_CONSTANT_LIMIT);
	if (emitter->pattern_total > SK_PATTERN_LIMIT)
		return sk_error_set(emitter->error, -E2BIG,
				    "the conditions have more than the %d regular expressions that are allowed",
				    SK_PATTERN_LIMIT);
	sk_arena_init(&arena, 0);
	view = sk_emit_view(emitter);
	status = sk_index_write(&view, &arena, emitter->sections, emitter->error);
	sk_arena_release(&arena);
	return status;
}

int sk_emit_bundle(const struct sk_emit_input *input, struct sk_buffer *ret_bundle, uint32_t *ret_predicates,
		   struct sk_error *error)
{
	struct sk_emitter emitter = {
		.ir = input->ir, .sources = input->sources, .error = error, .any_type = input->any_type};
	uint32_t predicates;
	int status;

	begin(&emitter);
	if (!emitter.out_of_memory)
		emit_all(&emitter, input->rules, input->count);
	status = finish(&emitter);
	predicates =
		(uint32_t)(emitter.sections[SK_SECTION_PREDICATES].length / sizeof(struct sk_bundle_predicate));
	if (status == 0)
		status = write_file(&emitter, ret_bundle);
	if (status == 0)
		*ret_predicates = predicates;
	end(&emitter);
	return status;
}
