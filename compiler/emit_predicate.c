/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rules are made of, from the IR into the sections.
 *
 * Predicates come in three steps: those that the conditions use are collected
 * in the order in which they stand there; their constants are written, the
 * longest lists first; then the predicates, in the order that the indexes want
 * (index.h).
 */
#include "compiler/emit_private.h"

#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "compiler/index.h"

/* --- strings ----------------------------------------------------------- */

void sk_emit_begin_strings(struct sk_emitter *emitter)
{
	uint32_t size = 1024;

	while (size / 2 < emitter->ir->strings.count)
		size *= 2;
	emitter->string_slots = sk_arena_alloc_zeroed(&emitter->arena, size, sizeof(*emitter->string_slots));
	emitter->string_mask = size - 1;
	if (!emitter->string_slots)
		emitter->out_of_memory = true;
}

static bool grow_strings(struct sk_emitter *emitter)
{
	const uint32_t size = (emitter->string_mask + 1) * 2;
	const struct sk_bundle view = sk_emit_view(emitter);
	uint32_t *slots = sk_arena_alloc_zeroed(&emitter->arena, size, sizeof(*slots));

	if (!slots)
		return false;
	for (uint32_t i = 0; i < emitter->string_count; i++) {
		uint32_t begin = view.strings[i];
		uint32_t end = i + 1 < emitter->string_count ? view.strings[i + 1] : view.string_bytes_count;
		uint32_t at = (uint32_t)XXH3_64bits(view.string_bytes + begin, end - begin - 1) & (size - 1);

		while (slots[at])
			at = (at + 1) & (size - 1);
		slots[at] = i + 1;
	}
	emitter->string_slots = slots;
	emitter->string_mask = size - 1;
	return true;
}

static uint32_t emit_hashed(struct sk_emitter *emitter, const char *bytes, size_t length, uint32_t hash)
{
	const struct sk_buffer *texts = &emitter->sections[SK_SECTION_STRING_BYTES];
	const struct sk_buffer *strings = &emitter->sections[SK_SECTION_STRINGS];
	uint32_t at, begin;

	if (emitter->out_of_memory || texts->failed || strings->failed)
		return 0;
	if (emitter->string_count >= emitter->string_mask / 2 && !grow_strings(emitter)) {
		emitter->out_of_memory = true;
		return 0;
	}
	for (at = hash & emitter->string_mask; emitter->string_slots[at]; at = (at + 1) & emitter->string_mask) {
		uint32_t number = emitter->string_slots[at] - 1;

		/* What differs within the length, NUL included, is another string. */
		begin = ((const uint32_t *)strings->bytes)[number];
		if (length < texts->length - begin && memcmp(texts->bytes + begin, bytes, length) == 0 &&
		    texts->bytes[begin + length] == '\0' &&
		    (number + 1 == emitter->string_count
			     ? texts->length
			     : ((const uint32_t *)strings->bytes)[number + 1]) == begin + length + 1)
			return number;
	}
	emitter->string_slots[at] = ++emitter->string_count;
	begin = sk_emit_records(emitter, SK_SECTION_STRING_BYTES, bytes, length);
	sk_emit_records(emitter, SK_SECTION_STRING_BYTES, "", 1);
	return sk_emit_records(emitter, SK_SECTION_STRINGS, &begin, 1);
}

void sk_emit_end_strings(struct sk_emitter *emitter)
{
	uint32_t end = (uint32_t)emitter->sections[SK_SECTION_STRING_BYTES].length;

	sk_emit_records(emitter, SK_SECTION_STRINGS, &end, 1);
}

uint32_t sk_emit_bytes(struct sk_emitter *emitter, const char *bytes, size_t length)
{
	return emit_hashed(emitter, bytes, length, (uint32_t)XXH3_64bits(bytes, length));
}

uint32_t sk_emit_string(struct sk_emitter *emitter, uint32_t string)
{
	const struct sk_interned *item;

	if (string == SK_NONE)
		return SK_NONE;
	if (emitter->strings[string] == SK_NONE) {
		item = sk_intern_get(&emitter->ir->strings, string);
		emitter->strings[string] = emit_hashed(emitter, item->bytes, item->length, item->hash);
	}
	return emitter->strings[string];
}

/* --- expressions ------------------------------------------------------- */

static uint32_t emit_field(struct sk_emitter *emitter, uint32_t number)
{
	struct sk_bundle_field record = *sk_ir_get_field(emitter->ir, number);

	if (emitter->fields[number] == SK_NONE) {
		record.argument = sk_emit_string(emitter, record.argument);
		emitter->fields[number] = sk_emit_records(emitter, SK_SECTION_FIELDS, &record, 1);
	}
	return emitter->fields[number];
}

/* Arguments first: they have smaller numbers.  As deep as SK_EXPRESSION_DEPTH_LIMIT. */
uint32_t sk_emit_expression(struct sk_emitter *emitter, uint32_t number)
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
		record.operand = sk_emit_string(emitter, expression->operand);
	} else {
		arguments = sk_ir_get_run(emitter->ir, expression->arguments, &record.count);
		for (uint32_t i = 0; i < record.count; i++)
			sk_emit_expression(emitter, arguments[i]);
		record.operand = sk_emit_records(emitter, SK_SECTION_ARGUMENTS, NULL, 0);
		for (uint32_t i = 0; i < record.count; i++)
			sk_emit_records(emitter, SK_SECTION_ARGUMENTS, &emitter->expressions[arguments[i]], 1);
	}
	record.selector = sk_emit_string(emitter, expression->selector);
	record.text = sk_emit_string(emitter, expression->text);
	emitter->expressions[number] = sk_emit_records(emitter, SK_SECTION_EXPRESSIONS, &record, 1);
	return emitter->expressions[number];
}

/* --- constants --------------------------------------------------------- */

/* The same numbers may be strings for one predicate and addresses for another. */
enum kind { KIND_TEXT, KIND_NUMBER, KIND_ADDRESS, KIND_COUNT };

static enum kind kind_of(const struct sk_ir *ir, const struct sk_ir_predicate *predicate)
{
	enum sk_class class = sk_types[sk_ir_get_expression(ir, predicate->left)->type].class;

	return class == SK_CLASS_STRING || class == SK_CLASS_BYTES ? KIND_TEXT
	       : class == SK_CLASS_ADDRESS                         ? KIND_ADDRESS
								   : KIND_NUMBER;
}

/* The first constant of a run that was written. */
static uint32_t *place_of_run(struct sk_emitter *emitter, uint32_t run, enum kind kind)
{
	return &emitter->runs[(size_t)run * KIND_COUNT + kind];
}

static uint32_t emit_constant(struct sk_emitter *emitter, enum kind kind, uint32_t number)
{
	uint64_t value;

	if (kind == KIND_TEXT)
		return sk_emit_string(emitter, number);
	if (kind == KIND_ADDRESS) {
		if (emitter->addresses[number] == SK_NONE)
			emitter->addresses[number] = sk_emit_records(emitter, SK_SECTION_ADDRESSES,
								     sk_ir_get_address(emitter->ir, number), 1);
		return emitter->addresses[number];
	}
	if (emitter->values[number] == SK_NONE) {
		value = sk_ir_get_value(emitter->ir, number);
		emitter->values[number] = sk_emit_records(emitter, SK_SECTION_NUMBERS, &value, 1);
	}
	return emitter->values[number];
}

/* Longer chains of equal constants are not followed: sharing is worth little time. */
enum { CHAIN_LIMIT = 32 };

/* Where a run stands in CONSTANTS already, whole or inside a longer one; SK_NONE if it does not. */
static uint32_t find_run(const struct sk_emitter *emitter, const uint32_t *constants, uint32_t count)
{
	const struct sk_buffer *buffer = &emitter->sections[SK_SECTION_CONSTANTS];
	const uint32_t *all = (const uint32_t *)buffer->bytes;
	uint32_t total = (uint32_t)(buffer->length / sizeof(*all));
	uint32_t place;

	if (constants[0] >= emitter->run_heads.length / sizeof(uint32_t))
		return SK_NONE;
	place = ((const uint32_t *)emitter->run_heads.bytes)[constants[0]];
	for (int i = 0; i < CHAIN_LIMIT && place != SK_NONE; i++) {
		if (count <= total - place && memcmp(all + place, constants, count * sizeof(*all)) == 0)
			return place;
		place = ((const uint32_t *)emitter->run_chain.bytes)[place];
	}
	return SK_NONE;
}

/* Appends a run and enters its constants into the chains. */
static uint32_t append_run(struct sk_emitter *emitter, const uint32_t *constants, uint32_t count)
{
	uint32_t first = sk_emit_records(emitter, SK_SECTION_CONSTANTS, constants, count);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t none = SK_NONE, *heads;

		while (constants[i] * sizeof(none) >= emitter->run_heads.length && !emitter->run_heads.failed)
			sk_buffer_append(&emitter->run_heads, &none, sizeof(none));
		if (emitter->run_heads.failed)
			break;
		heads = (uint32_t *)emitter->run_heads.bytes;
		sk_buffer_append(&emitter->run_chain, &heads[constants[i]], sizeof(none));
		heads[constants[i]] = first + i;
	}
	return first;
}

/*
 * The first constant of a run.  Packs repeat their lists, and single values of
 * them: a run that stands inside one that was written before is not written.
 */
static void emit_run(struct sk_emitter *emitter, uint32_t run, enum kind kind)
{
	uint32_t count, first;
	const uint32_t *numbers = sk_ir_get_run(emitter->ir, run, &count);
	uint32_t *constants = sk_arena_alloc(&emitter->arena, (size_t)count * sizeof(*constants) + 1);

	if (!constants || emitter->sections[SK_SECTION_CONSTANTS].failed) {
		emitter->out_of_memory = true;
		return;
	}
	for (uint32_t i = 0; i < count; i++)
		constants[i] = emit_constant(emitter, kind, numbers[i]);
	first = find_run(emitter, constants, count);
	if (first == SK_NONE)
		first = append_run(emitter, constants, count);
	if (emitter->run_heads.failed || emitter->run_chain.failed)
		emitter->out_of_memory = true;
	*place_of_run(emitter, run, kind) = first;
}

struct used_run {
	uint32_t run, count, order;
	enum kind kind;
};

static int compare_runs(const void *left, const void *right)
{
	const struct used_run *a = left, *b = right;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return (a->order > b->order) - (a->order < b->order);
}

/* The runs of the used predicates, the longest first: so each finds those that it may be a part of. */
static void emit_runs(struct sk_emitter *emitter, const uint32_t *used, uint32_t count)
{
	const struct sk_ir *ir = emitter->ir;
	struct used_run *runs = sk_arena_alloc_zeroed(&emitter->arena, (size_t)count + 1, sizeof(*runs));
	uint32_t run_count = 0;

	emitter->runs = sk_emit_map(emitter, ir->runs.count * KIND_COUNT);
	if (!runs || !emitter->runs) {
		emitter->out_of_memory = true;
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		const struct sk_ir_predicate *predicate = sk_ir_get_predicate(ir, used[i]);
		struct used_run *run = &runs[run_count];
		uint32_t *place;

		if (predicate->constants == SK_NONE)
			continue;
		*run = (struct used_run){
			.run = predicate->constants, .order = run_count, .kind = kind_of(ir, predicate)};
		place = place_of_run(emitter, run->run, run->kind);
		if (*place != SK_NONE)
			continue;
		*place = run_count++;
		sk_ir_get_run(ir, run->run, &run->count);
	}
	qsort(runs, run_count, sizeof(*runs), compare_runs);
	for (uint32_t i = 0; i < run_count && !emitter->out_of_memory; i++)
		emit_run(emitter, runs[i].run, runs[i].kind);
}

/* --- predicates -------------------------------------------------------- */

void sk_emit_location(struct sk_emitter *emitter, sk_position position)
{
	struct sk_place place = sk_sources_place(emitter->sources, position);
	struct sk_bundle_location record = {.file = SK_BUNDLE_NO_FILE};

	if (place.file) {
		uint32_t known = emitter->files.count;
		uint32_t file = sk_intern_add(&emitter->files, &place.number, sizeof(place.number));

		if (file == SK_NONE) {
			emitter->out_of_memory = true;
			return;
		}
		if (file == known) {
			uint32_t name = sk_emit_bytes(emitter, place.file->name, strlen(place.file->name));

			sk_emit_records(emitter, SK_SECTION_FILES, &name, 1);
		}
		if (file < SK_BUNDLE_NO_FILE) {
			record.file = (uint16_t)file;
			record.line = place.line;
			record.column = place.column < UINT16_MAX ? (uint16_t)place.column : UINT16_MAX;
		}
	}
	sk_emit_records(emitter, SK_SECTION_LOCATIONS, &record, 1);
}

static struct sk_bundle_predicate make_predicate(struct sk_emitter *emitter, uint32_t number)
{
	const struct sk_ir_predicate *predicate = sk_ir_get_predicate(emitter->ir, number);
	struct sk_bundle_predicate record = {
		.modifier = predicate->modifier,
		.scope = predicate->scope,
		.quantifier = predicate->quantifier,
		.right = SK_NONE,
	};

	record.operator= predicate->comparison;
	record.left = sk_emit_expression(emitter, predicate->left);
	if (predicate->right != SK_NONE)
		record.right = sk_emit_expression(emitter, predicate->right);
	if (predicate->constants != SK_NONE) {
		sk_ir_get_run(emitter->ir, predicate->constants, &record.count);
		record.first = *place_of_run(emitter, predicate->constants, kind_of(emitter->ir, predicate));
		emitter->constant_total += record.count;
		if (predicate->comparison == SK_OPERATOR_REGEX)
			emitter->pattern_total += record.count;
	}
	return record;
}

/* The predicates of the conditions in the order in which they stand there, each once. */
static uint32_t *collect(struct sk_emitter *emitter, uint32_t size, uint32_t *ret_count)
{
	uint32_t *used =
		sk_arena_alloc(&emitter->arena, ((size_t)emitter->ir->predicates.count + 1) * sizeof(*used));
	uint32_t count = 0;

	if (!used)
		return NULL;
	for (uint32_t i = 0; i < size; i++) {
		const struct sk_instruction *instruction = &emitter->conditions[i];

		if (sk_ops[instruction->op].operand != SK_OP_OPERAND_PREDICATE ||
		    emitter->predicates[instruction->operand] != SK_NONE)
			continue;
		emitter->predicates[instruction->operand] = count;
		used[count++] = instruction->operand;
	}
	*ret_count = count;
	return used;
}

/* Brings records and locations into the order that the indexes want. */
static void emit_sorted(struct sk_emitter *emitter, const struct sk_bundle_predicate *records, const uint32_t *used,
			uint32_t count)
{
	struct sk_bundle view;
	const uint32_t *order;

	/* Whoever looks at the last text must see its end. */
	sk_emit_end_strings(emitter);
	for (int i = 0; i < SK_SECTION_COUNT; i++)
		emitter->out_of_memory |= emitter->sections[i].failed;
	if (emitter->out_of_memory)
		return;
	view = sk_emit_view(emitter);
	view.predicates = records;
	view.predicates_count = count;
	order = sk_index_order(&view, &emitter->arena);
	if (!order) {
		emitter->out_of_memory = true;
		return;
	}
	emitter->sections[SK_SECTION_STRINGS].length -= sizeof(uint32_t);
	for (uint32_t i = 0; i < count; i++) {
		emitter->predicates[used[order[i]]] = i;
		sk_emit_records(emitter, SK_SECTION_PREDICATES, &records[order[i]], 1);
		sk_emit_location(emitter, emitter->ir->origins[used[order[i]]]);
	}
}

void sk_emit_predicates(struct sk_emitter *emitter, uint32_t size)
{
	struct sk_bundle_predicate *records;
	uint32_t count = 0;
	const uint32_t *used = collect(emitter, size, &count);

	records = sk_arena_alloc(&emitter->arena, ((size_t)count + 1) * sizeof(*records));
	if (!used || !records) {
		emitter->out_of_memory = true;
		return;
	}
	emit_runs(emitter, used, count);
	for (uint32_t i = 0; i < count && !emitter->out_of_memory; i++)
		records[i] = make_predicate(emitter, used[i]);
	if (!emitter->out_of_memory)
		emit_sorted(emitter, records, used, count);
}
