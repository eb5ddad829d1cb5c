/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundles from anyone: the bytes are read three times over,
 *
 *   as they are              header and checksum refuse nearly everything
 *   with a header that fits  version, schema, size and checksum are made right
 *   as a compact bundle      counts of records, then the records: the section
 *                            table, the padding, and the long sections that
 *                            say little are made from them, so that what is
 *                            mutated is what the verifier has to judge
 *
 *        compact   +-------------+---------+---------+-----
 *                  | u16 counts  | records | records | ...
 *                  +-------------+---------+---------+-----
 *
 * The indexes of a compact bundle are written by the compiler's planner, where
 * its records are sound; then bytes of them are changed, one at a time.
 *
 * What the verifier takes must run: every type is evaluated for a host that
 * gives pseudo-random values of the declared types, every predicate and
 * expression is asked for, and every output is printed.  And what the indexes
 * find for such values must be what comparing one by one finds.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/index.h"
#include "vm/bundle.h"
#include "vm/engine.h"
#include "vm/index.h"
#include "vm/plan.h"
#include "vm/support/buffer.h"
#include "vm/vm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- the host ---------------------------------------------------------- */

struct host {
	uint64_t state;
};

static uint32_t draw(struct host *host, uint32_t below)
{
	host->state = host->state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(host->state >> 33) % below;
}

static const struct {
	const char *bytes;
	uint32_t length;
} texts[] = {
#define TEXT(literal)                                                                                              \
	{                                                                                                          \
		literal, sizeof(literal) - 1                                                                       \
	}
	TEXT(""),
	TEXT("bash"),
	TEXT("-lpe"),
	TEXT("/bin/sh"),
	TEXT("/tmp/../etc/x"),
	TEXT("a\0b"),
	TEXT("\xff\xfe"),
	TEXT("YWFhYg=="),
	TEXT("[[[[["),
	TEXT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
	TEXT("\xf0\x9f\x98\x80"),
	TEXT("<NA>"),
	TEXT("*?[a-z]\\"),
	TEXT("-"),
	TEXT("--exec"),
#undef TEXT
};

static struct sk_value scalar(struct host *host, enum sk_type type, struct sk_arena *scratch)
{
	struct sk_value value = {.presence = SK_PRESENT, .type = (uint8_t)type, .format = (uint8_t)draw(host, 7)};
	uint32_t which = draw(host, sizeof(texts) / sizeof(texts[0]));
	struct sk_address *address;

	switch (sk_types[type].class) {
	case SK_CLASS_STRING:
	case SK_CLASS_BYTES:
		/* A copy of the exact length, so that reading past its end is seen. */
		value.length = texts[which].length;
		value.text = sk_arena_copy(scratch, texts[which].bytes, value.length);
		break;
	case SK_CLASS_ADDRESS:
		address = sk_arena_alloc_zeroed(scratch, 1, sizeof(*address));
		address->length = draw(host, 2) ? 4 : 16;
		for (unsigned i = 0; i < address->length; i++)
			address->bytes[i] = draw(host, 3) ? 0 : (uint8_t)draw(host, 256);
		value.address = address;
		break;
	case SK_CLASS_NUMBER:
		if (type == SK_TYPE_DOUBLE)
			value.real = (double)draw(host, 100) / 8;
		else
			value.number = draw(host, 2) ? draw(host, 100) : (uint64_t)-1;
		break;
	case SK_CLASS_BOOL:
		value.number = draw(host, 2);
		break;
	case SK_CLASS_LIST:
	case SK_CLASS_OPAQUE:
	case SK_CLASS_ALL:
		value = sk_value_missing();
		break;
	}
	return value;
}

static void extract(void *event, const struct sk_field_ref *ref, struct sk_arena *scratch,
		    struct sk_value *ret_value)
{
	struct host *host = event;
	bool list = ref->list ||
		    (ref->kind == SK_ARGUMENT_KIND_NONE && sk_fields[ref->field].quantifier != SK_QUANTIFIER_ONE);
	struct sk_value *items;

	if (ref->argument)
		assert(ref->argument[ref->argument_length] == '\0');
	if (draw(host, 8) == 0) {
		ret_value->presence = (uint8_t)(SK_MISSING + draw(host, 3));
		return;
	}
	if (!list) {
		*ret_value = scalar(host, ref->type, scratch);
		return;
	}
	*ret_value =
		(struct sk_value){.presence = SK_PRESENT, .type = ref->type, .list = 1, .length = draw(host, 4)};
	items = sk_arena_alloc_zeroed(scratch, ret_value->length, sizeof(*items));
	for (uint32_t i = 0; i < ret_value->length; i++)
		items[i] = scalar(host, ref->type, scratch);
	ret_value->items = items;
}

/* --- running ----------------------------------------------------------- */

static void print_output(struct sk_vm *vm, const struct sk_bundle *bundle, uint32_t rule, struct sk_buffer *buffer)
{
	const struct sk_instruction *instruction = &bundle->code[bundle->rules[rule].output];
	const char *text;
	uint32_t length;

	sk_buffer_clear(buffer);
	for (;; instruction++) {
		switch ((enum sk_op)instruction->op) {
		case SK_OP_LITERAL:
			text = sk_bundle_text(bundle, instruction->operand, &length);
			sk_buffer_append(buffer, text, length);
			break;
		case SK_OP_FIELD:
			sk_value_print(sk_vm_value(vm, instruction->operand), buffer);
			break;
		case SK_OP_SUGGESTED:
			break;
		case SK_OP_END:
			return;
		case SK_OP_JUMP_TRUE:
		case SK_OP_JUMP_FALSE:
		case SK_OP_JUMP:
		case SK_OP_MATCH:
		case SK_OP_FAIL:
		case SK_OP_COUNT:
			abort();
		}
	}
}

/* --- indexes ----------------------------------------------------------- */

static bool holds(void *context, uint32_t number, const struct sk_value *value)
{
	return sk_vm_holds_for(context, number, value);
}

static struct sk_value any_value(struct host *host, const struct sk_bundle *bundle, uint32_t expression,
				 struct sk_arena *scratch)
{
	const struct sk_bundle_expression *record = &bundle->expressions[expression];
	struct sk_value value = {.presence = SK_PRESENT, .type = record->type, .list = 1, .length = draw(host, 4)};
	bool list =
		record->list || (record->kind == SK_EXPRESSION_FIELD &&
				 sk_bundle_field_quantifier(&bundle->fields[record->operand]) != SK_QUANTIFIER_ONE);
	struct sk_value *items;

	if (!list)
		return scalar(host, record->type, scratch);
	items = sk_arena_alloc_zeroed(scratch, value.length, sizeof(*items));
	for (uint32_t i = 0; i < value.length; i++)
		items[i] = scalar(host, record->type, scratch);
	value.items = items;
	return value;
}

/* Half of the texts are constants of the bundle, or begin or end with one. */
static struct sk_value near_constant(struct host *host, const struct sk_bundle *bundle, struct sk_value value,
				     struct sk_arena *scratch)
{
	uint32_t length, extra = draw(host, 3);
	const char *text;
	char *copy;

	if (value.list || value.presence != SK_PRESENT ||
	    (value.type != SK_TYPE_STRING && value.type != SK_TYPE_BYTES) || sk_bundle_string_count(bundle) == 0 ||
	    draw(host, 2))
		return value;
	text = sk_bundle_text(bundle, draw(host, sk_bundle_string_count(bundle)), &length);
	copy = sk_arena_alloc(scratch, length + 2 * extra);
	memset(copy, '/', length + 2 * extra);
	memcpy(copy + extra, text, length);
	value.text = draw(host, 2) ? copy : copy + extra;
	value.length = (uint32_t)(copy + length + (draw(host, 2) ? extra : 2 * extra) - value.text);
	return value;
}

static void compare_hits(struct sk_vm *vm, const struct sk_bundle *bundle, struct host *host)
{
	struct sk_index *index;
	struct sk_arena scratch;

	if (sk_index_create(bundle, &index) < 0)
		abort();
	sk_arena_init(&scratch, 0);
	for (uint32_t number = 0; number < bundle->questions_count; number++) {
		const struct sk_bundle_question *question = &bundle->questions[number];

		for (unsigned round = 0; question->expression != SK_NONE && round < 8; round++) {
			struct sk_value value = near_constant(
				host, bundle, any_value(host, bundle, question->expression, &scratch), &scratch);
			const uint32_t *hits;
			uint32_t count, next = 0;

			if (value.presence != SK_PRESENT)
				continue;
			count = sk_index_find(index, number, &value, holds, vm, &hits);
			for (uint32_t i = question->first; i < question->first + question->count; i++) {
				const struct sk_bundle_predicate *predicate = &bundle->predicates[i];
				bool negated = sk_plan_is_negated(predicate, sk_plan_group(bundle, predicate));
				bool hit = next < count && hits[next] == i;

				next += hit;
				if ((hit != negated) != sk_vm_holds_for(vm, i, &value))
					abort();
			}
			if (next != count)
				abort();
		}
	}
	sk_arena_release(&scratch);
	sk_index_destroy(index);
}

/* --- running ----------------------------------------------------------- */

static void run(const struct sk_bundle *bundle, uint64_t seed)
{
	const struct sk_vm_options options = {.extract = extract, .match_all = seed & 1, .priority = 7};
	struct host host = {.state = seed};
	struct sk_buffer buffer = {0};
	struct sk_vm *vm;

	if (sk_vm_create(bundle, &options, &vm, NULL) < 0)
		return;
	for (uint16_t type = 0; type < SK_EVENT_COUNT; type++) {
		const uint32_t *rules;
		uint32_t count = sk_vm_evaluate(vm, type, &host, &rules);

		for (uint32_t i = 0; i < count; i++)
			print_output(vm, bundle, rules[i], &buffer);
		if (type > 3)
			continue;
		for (uint32_t i = 0; i < bundle->predicates_count; i++) {
			bool truth = sk_vm_predicate(vm, i);

			assert(!truth || sk_vm_predicate_presence(vm, i) == SK_PRESENT);
		}
		for (uint32_t i = 0; i < bundle->expressions_count; i++)
			sk_value_print(sk_vm_value(vm, i), &buffer);
		for (uint32_t i = 0; i < bundle->rules_count; i++)
			print_output(vm, bundle, i, &buffer);
	}
	compare_hits(vm, bundle, &host);
	sk_buffer_release(&buffer);
	sk_vm_destroy(vm);
}

/* What the verifier says; "" if it takes the bundle, which then has run. */
static struct sk_error try_bundle(const uint8_t *bytes, size_t size, uint64_t seed)
{
	struct sk_bundle bundle;
	struct sk_error error = {.message = ""};

	if (sk_bundle_from_memory(bytes, size, &bundle, &error) == 0) {
		run(&bundle, seed);
		sk_bundle_close(&bundle);
	} else {
		assert(error.message[0] != '\0');
	}
	return error;
}

/* --- making headers ---------------------------------------------------- */

static void make_header(uint8_t *bytes, size_t size)
{
	struct sk_bundle_header *header = (struct sk_bundle_header *)bytes;

	memcpy(header->magic, SK_BUNDLE_MAGIC, sizeof(header->magic));
	header->version = SK_BUNDLE_VERSION;
	header->section_count = SK_SECTION_COUNT;
	header->file_size = size;
	header->schema_hash = sk_schema_hash();
	sk_bundle_seal(bytes, size);
}

static const uint32_t record_sizes[SK_SECTION_COUNT] = {
#define SK_SECTION(id, member, record, what) [SK_SECTION_##id] = sizeof(record),
	SK_SECTIONS(SK_SECTION)
#undef SK_SECTION
};

static bool is_index(enum sk_section section)
{
	return section >= SK_SECTION_QUESTIONS && section <= SK_SECTION_POSTINGS;
}

/* Sizes that follow from other sections, and are not in a compact bundle. */
static uint64_t section_size(enum sk_section section, const uint16_t counts[SK_SECTION_COUNT])
{
	uint64_t count = is_index(section) ? 0 : counts[section];

	if (section == SK_SECTION_TYPES)
		count = SK_EVENT_COUNT;
	else if (section == SK_SECTION_SYSCALLS)
		count = SK_BUNDLE_SYSCALL_WORDS;
	else if (section == SK_SECTION_LOCATIONS)
		count = counts[SK_SECTION_PREDICATES] + counts[SK_SECTION_RULES];
	return count * record_sizes[section];
}

static bool is_made(enum sk_section section)
{
	return section == SK_SECTION_TYPES || section == SK_SECTION_SYSCALLS || section == SK_SECTION_LOCATIONS ||
	       is_index(section);
}

/* A file of a compact bundle; NULL if its bytes are not as many as its counts say. */
static uint8_t *expand(const uint8_t *data, size_t size, size_t *ret_size)
{
	size_t total = sizeof(struct sk_bundle_header) + SK_SECTION_COUNT * sizeof(struct sk_bundle_section);
	uint16_t counts[SK_SECTION_COUNT];
	struct sk_bundle_section *table;
	size_t at = sizeof(counts);
	uint8_t *bytes;

	if (size < sizeof(counts))
		return NULL;
	memcpy(counts, data, sizeof(counts));
	for (unsigned i = 0; i < SK_SECTION_COUNT; i++)
		total += (section_size(i, counts) + 7) & ~(uint64_t)7;
	bytes = calloc(1, total);
	table = (struct sk_bundle_section *)(bytes + sizeof(struct sk_bundle_header));
	*ret_size = total;
	total = sizeof(struct sk_bundle_header) + SK_SECTION_COUNT * sizeof(struct sk_bundle_section);
	for (unsigned i = 0; i < SK_SECTION_COUNT; i++) {
		uint64_t length = section_size(i, counts);

		table[i] = (struct sk_bundle_section){total, length};
		if (!is_made(i)) {
			if (length > size - at) {
				free(bytes);
				return NULL;
			}
			memcpy(bytes + total, data + at, length);
			at += length;
		} else if (i == SK_SECTION_TYPES && counts[SK_SECTION_TYPE_RULES] > 0) {
			struct sk_bundle_type *types = (struct sk_bundle_type *)(bytes + total);

			types[1] = types[3] = (struct sk_bundle_type){0, counts[SK_SECTION_TYPE_RULES]};
		} else if (i == SK_SECTION_LOCATIONS) {
			for (uint64_t k = 0; k < length; k += sizeof(struct sk_bundle_location))
				((struct sk_bundle_location *)(bytes + total + k))->file = SK_BUNDLE_NO_FILE;
		}
		total += (length + 7) & ~(uint64_t)7;
	}
	make_header(bytes, *ret_size);
	return bytes;
}

/* The sections of a file whose records are sound, but for its indexes. */
static struct sk_bundle view_of(const uint8_t *bytes)
{
	const struct sk_bundle_section *table =
		(const struct sk_bundle_section *)(bytes + sizeof(struct sk_bundle_header));
	struct sk_bundle view = {.bytes = bytes};

#define SK_SECTION(id, member, record, what)                                                                       \
	view.member = (const void *)(bytes + table[SK_SECTION_##id].offset);                                       \
	view.member##_count = (uint32_t)(table[SK_SECTION_##id].size / sizeof(record));
	SK_SECTIONS(SK_SECTION)
#undef SK_SECTION
	return view;
}

/* Brings the predicates into the order that indexes want, and conditions along. */
static void sort_predicates(uint8_t *bytes, struct sk_arena *arena)
{
	const struct sk_bundle view = view_of(bytes);
	const uint32_t count = view.predicates_count;
	const uint32_t *order = sk_index_order(&view, arena);
	uint32_t *places = sk_arena_alloc_zeroed(arena, count, sizeof(*places));
	struct sk_bundle_predicate *sorted = sk_arena_alloc_zeroed(arena, count, sizeof(*sorted));
	struct sk_instruction *code = (struct sk_instruction *)view.code;

	for (uint32_t i = 0; i < count; i++) {
		places[order[i]] = i;
		sorted[i] = view.predicates[order[i]];
	}
	memcpy((void *)view.predicates, sorted, count * sizeof(*sorted));
	for (uint32_t i = 0; i < view.code_count; i++) {
		if (sk_ops[code[i].op].operand == SK_OP_OPERAND_PREDICATE)
			code[i].operand = places[code[i].operand];
	}
}

/* The file with indexes; NULL if a limit is passed. */
static uint8_t *add_indexes(uint8_t *bytes, size_t size, size_t *ret_size)
{
	const size_t head = sizeof(struct sk_bundle_header) + SK_SECTION_COUNT * sizeof(struct sk_bundle_section);
	const struct sk_bundle_section *table =
		(const struct sk_bundle_section *)(bytes + sizeof(struct sk_bundle_header));
	struct sk_buffer sections[SK_SECTION_COUNT] = {{0}};
	struct sk_bundle_section *written;
	struct sk_bundle view;
	struct sk_arena arena, scratch;
	uint8_t *complete = NULL;
	size_t total = size, at = head;

	sk_arena_init(&arena, 0);
	sk_arena_init(&scratch, 0);
	sort_predicates(bytes, &arena);
	view = view_of(bytes);
	if (sk_index_write(&view, &scratch, sections, NULL) == 0) {
		for (int i = SK_SECTION_QUESTIONS; i <= SK_SECTION_POSTINGS; i++)
			total += (sections[i].length + 7) & ~(size_t)7;
		complete = calloc(1, total);
		memcpy(complete, bytes, head);
		written = (struct sk_bundle_section *)(complete + sizeof(struct sk_bundle_header));
		for (int i = 0; i < SK_SECTION_COUNT; i++) {
			size_t length = is_index(i) ? sections[i].length : table[i].size;
			const void *records =
				is_index(i) ? (const void *)sections[i].bytes : bytes + table[i].offset;

			written[i] = (struct sk_bundle_section){at, length};
			if (length)
				memcpy(complete + at, records, length);
			at += (length + 7) & ~(size_t)7;
		}
		make_header(complete, total);
		*ret_size = total;
	}
	for (int i = 0; i < SK_SECTION_COUNT; i++)
		sk_buffer_release(&sections[i]);
	sk_arena_release(&arena);
	sk_arena_release(&scratch);
	return complete;
}

/* True if a predicate has a constant twice. */
static bool repeats_constants(const struct sk_bundle *bundle)
{
	uint32_t most =
		bundle->strings_count > bundle->numbers_count ? bundle->strings_count : bundle->numbers_count;
	uint32_t *seen;
	bool found = false;

	most = most > bundle->addresses_count ? most : bundle->addresses_count;
	seen = calloc((size_t)most + 1, sizeof(*seen));
	for (uint32_t i = 0; i < bundle->predicates_count; i++) {
		const struct sk_bundle_predicate *predicate = &bundle->predicates[i];

		for (uint32_t k = predicate->first; k < predicate->first + predicate->count; k++) {
			found |= seen[bundle->constants[k]] == i + 1;
			seen[bundle->constants[k]] = i + 1;
		}
	}
	free(seen);
	return found;
}

enum { CHANGES = 24 };

/* What the planner wrote runs; what is changed in it is refused, or finds the same. */
static void try_indexes(uint8_t *bytes, size_t size, uint64_t seed)
{
	struct host random = {.state = seed};
	size_t complete_size = 0, begin, end;
	uint8_t *complete = add_indexes(bytes, size, &complete_size);
	struct sk_bundle view;
	struct sk_error error;

	if (!complete)
		return;
	error = try_bundle(complete, complete_size, seed);
	view = view_of(complete);
	/* The same text in two strings, or a constant twice in one predicate, is what it cannot index. */
	if (error.message[0] && !strstr(error.message, "SLOTS") && !strstr(error.message, "ENTRIES") &&
	    !repeats_constants(&view))
		abort();
	begin = (size_t)((const uint8_t *)view.questions - complete);
	end = (size_t)((const uint8_t *)(view.postings + view.postings_count) - complete);
	for (int i = 0; i < CHANGES && end > begin; i++) {
		size_t place = begin + draw(&random, (uint32_t)(end - begin));
		uint8_t was = complete[place];

		complete[place] = draw(&random, 2) ? (uint8_t)(was + draw(&random, 3) - 1)
						   : (uint8_t)(was ^ 1 << draw(&random, 8));
		make_header(complete, complete_size);
		try_bundle(complete, complete_size, seed + (uint64_t)i);
		complete[place] = was;
	}
	free(complete);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t seed = 0;
	size_t expanded_size;
	uint8_t *copy = malloc(size ? size : 1), *expanded;

	for (size_t i = 0; i < size; i++)
		seed = seed * 31 + data[i];
	if (size)
		memcpy(copy, data, size);
	try_bundle(copy, size, seed);
	if (size >= sizeof(struct sk_bundle_header)) {
		make_header(copy, size);
		try_bundle(copy, size, seed);
	}
	free(copy);
	expanded = expand(data, size, &expanded_size);
	if (expanded) {
		struct sk_error error = try_bundle(expanded, expanded_size, seed);

		/* It lacks nothing but its indexes, or they do not matter. */
		if (!error.message[0] || strstr(error.message, "it belongs to no question"))
			try_indexes(expanded, expanded_size, seed);
		free(expanded);
	}
	return 0;
}
