/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes bundles for tests, without the compiler: records are appended to one
 * array a section, a test may change any of them, and build_finish() lays them
 * out and seals the file.
 *
 * Records are wide open on purpose: a test breaks one member of one record and
 * looks at what the verifier says.
 */
#ifndef SK_TESTS_BUNDLE_BUILDER_H
#define SK_TESTS_BUNDLE_BUILDER_H

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/index.h"
#include "vm/bundle.h"

enum { BUILD_RULES = 32, BUILD_PROGRAM = 64 };

struct build_program {
	struct sk_instruction code[BUILD_PROGRAM];
	uint32_t size;
};

struct builder {
	char string_bytes[16384];
	uint32_t string_bytes_count;
	uint32_t strings[1024];
	uint32_t strings_count; /* one more than there are strings */
	struct sk_bundle_field fields[64];
	uint32_t fields_count;
	uint64_t numbers[256];
	uint32_t numbers_count;
	struct sk_bundle_address addresses[256];
	uint32_t addresses_count;
	uint32_t constants[2048];
	uint32_t constants_count;
	struct sk_bundle_expression expressions[256];
	uint32_t expressions_count;
	uint32_t arguments[1024];
	uint32_t arguments_count;
	struct sk_bundle_predicate predicates[512];
	uint32_t predicates_count;
	struct sk_instruction code[2 * BUILD_RULES * BUILD_PROGRAM];
	uint32_t code_count;
	struct sk_bundle_rule rules[BUILD_RULES];
	uint32_t rules_count;
	uint32_t tags[64];
	uint32_t tags_count;
	struct sk_bundle_type types[SK_EVENT_COUNT + 1];
	uint32_t types_count;
	uint32_t type_rules[1024];
	uint32_t type_rules_count;
	uint64_t syscalls[SK_BUNDLE_SYSCALL_WORDS + 1];
	uint32_t syscalls_count;
	uint32_t files[8];
	uint32_t files_count;
	struct sk_bundle_location locations[600];
	uint32_t locations_count;
	struct sk_bundle_question questions[512];
	uint32_t questions_count;
	struct sk_bundle_index indexes[512];
	uint32_t indexes_count;
	struct sk_bundle_entry entries[2048];
	uint32_t entries_count;
	uint32_t links[2048];
	uint32_t links_count;
	uint32_t slots[4096];
	uint32_t slots_count;
	struct sk_bundle_state states[8192];
	uint32_t states_count;
	char labels[8192];
	uint32_t labels_count;
	uint32_t postings[4096];
	uint32_t postings_count;

	struct build_program conditions[BUILD_RULES], outputs[BUILD_RULES];
	uint32_t places[512]; /* where build_complete() put each predicate */
};

static uint32_t build_bytes(struct builder *builder, const char *bytes, uint32_t length)
{
	for (uint32_t i = 0; i + 1 < builder->strings_count; i++) {
		const char *text = builder->string_bytes + builder->strings[i];

		if (builder->strings[i + 1] - builder->strings[i] == length + 1 && memcmp(text, bytes, length) == 0)
			return i;
	}
	memcpy(builder->string_bytes + builder->string_bytes_count, bytes, length);
	builder->string_bytes_count += length + 1;
	builder->strings[builder->strings_count] = builder->string_bytes_count;
	return builder->strings_count++ - 1;
}

static uint32_t build_string(struct builder *builder, const char *text)
{
	return build_bytes(builder, text, (uint32_t)strlen(text));
}

static void build_init(struct builder *builder)
{
	memset(builder, 0, sizeof(*builder));
	builder->strings_count = 1;
	builder->types_count = SK_EVENT_COUNT;
	builder->syscalls_count = SK_BUNDLE_SYSCALL_WORDS;
	build_string(builder, "");
}

/* An expression that is the field; an argument of digits only is an index. */
static uint32_t build_field(struct builder *builder, enum sk_field field, const char *argument)
{
	const struct sk_field_info *info = &sk_fields[field];
	bool index = argument && *argument && strspn(argument, "0123456789") == strlen(argument);
	char text[256];

	builder->fields[builder->fields_count] = (struct sk_bundle_field){
		.field = (uint16_t)field,
		.kind = !argument ? SK_ARGUMENT_KIND_NONE
			: index   ? SK_ARGUMENT_KIND_INDEX
				  : SK_ARGUMENT_KIND_TEXT,
		.type = info->type,
		.list = info->list,
		.scope = info->scope,
		.index = index ? (uint32_t)atoi(argument) : 0,
		.argument = argument ? build_string(builder, argument) : SK_NONE,
	};
	snprintf(text, sizeof(text), argument ? "%s[%s]" : "%s", info->name, argument);
	builder->expressions[builder->expressions_count] = (struct sk_bundle_expression){
		.kind = SK_EXPRESSION_FIELD,
		.type = info->type,
		.list = info->list,
		.operand = builder->fields_count++,
		.selector = SK_NONE,
		.text = build_string(builder, text),
	};
	return builder->expressions_count++;
}

/* --- constants --------------------------------------------------------- */

static uint32_t build_reference(struct builder *builder, uint32_t number)
{
	builder->constants[builder->constants_count] = number;
	return builder->constants_count++;
}

static uint32_t build_bytes_constant(struct builder *builder, const char *bytes, uint32_t length)
{
	return build_reference(builder, build_bytes(builder, bytes, length));
}

static uint32_t build_number_constant(struct builder *builder, int64_t number)
{
	uint32_t i = 0;

	while (i < builder->numbers_count && builder->numbers[i] != (uint64_t)number)
		i++;
	if (i == builder->numbers_count)
		builder->numbers[builder->numbers_count++] = (uint64_t)number;
	return build_reference(builder, i);
}

/* "10.0.0.0/8" or an address. */
static uint32_t build_address_constant(struct builder *builder, const char *text)
{
	struct sk_bundle_address record = {.length = 0};
	const char *slash = strchr(text, '/');
	char address[64];
	uint32_t i = 0;

	snprintf(address, sizeof(address), "%.*s", slash ? (int)(slash - text) : (int)strlen(text), text);
	if (inet_pton(AF_INET, address, record.bytes) == 1)
		record.length = 4;
	else if (inet_pton(AF_INET6, address, record.bytes) == 1)
		record.length = 16;
	if (slash)
		record.prefix = (uint8_t)atoi(slash + 1);
	while (i < builder->addresses_count && memcmp(&builder->addresses[i], &record, sizeof(record)) != 0)
		i++;
	if (i == builder->addresses_count)
		builder->addresses[builder->addresses_count++] = record;
	return build_reference(builder, i);
}

/* A constant of the type, from its text: numbers in decimal, true, addresses. */
static uint32_t build_constant(struct builder *builder, enum sk_type type, const char *text)
{
	switch (sk_types[type].class) {
	case SK_CLASS_STRING:
	case SK_CLASS_BYTES:
		return build_bytes_constant(builder, text, (uint32_t)strlen(text));
	case SK_CLASS_ADDRESS:
		return build_address_constant(builder, text);
	case SK_CLASS_BOOL:
		return build_number_constant(builder, strcmp(text, "true") == 0);
	case SK_CLASS_NUMBER:
		return build_number_constant(builder, (int64_t)strtoull(text, NULL, 10));
	default:
		abort();
	}
}

/* --- expressions ------------------------------------------------------- */

static uint32_t build_text_expression(struct builder *builder, const char *text)
{
	builder->expressions[builder->expressions_count] = (struct sk_bundle_expression){
		.kind = SK_EXPRESSION_CONSTANT,
		.type = SK_TYPE_STRING,
		.operand = build_string(builder, text),
		.selector = SK_NONE,
		.text = build_string(builder, text),
	};
	return builder->expressions_count++;
}

static uint32_t build_combination(struct builder *builder, enum sk_expression_kind kind, uint32_t count,
				  const uint32_t *arguments)
{
	uint32_t first = builder->arguments_count;

	for (uint32_t i = 0; i < count; i++)
		builder->arguments[builder->arguments_count++] = arguments[i];
	builder->expressions[builder->expressions_count] = (struct sk_bundle_expression){
		.kind = (uint8_t)kind,
		.type = SK_TYPE_STRING,
		.list = kind == SK_EXPRESSION_LIST,
		.operand = first,
		.count = count,
		.selector = SK_NONE,
		.text = build_string(builder, kind == SK_EXPRESSION_LIST ? "(list)" : "transformer(...)"),
	};
	return builder->expressions_count++;
}

#define BUILD_LIST(builder, ...)                                                                                   \
	build_combination(builder, SK_EXPRESSION_LIST, sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t),       \
			  (uint32_t[]){__VA_ARGS__})

/* The result's type follows from the transformer and its first argument. */
static uint32_t build_transformer(struct builder *builder, enum sk_transformer transformer, const char *selector,
				  uint32_t count, const uint32_t *arguments)
{
	uint32_t number = build_combination(builder, SK_EXPRESSION_TRANSFORMER, count, arguments);
	struct sk_bundle_expression *expression = &builder->expressions[number];

	expression->transformer = (uint8_t)transformer;
	if (selector)
		expression->selector = build_string(builder, selector);
	if (transformer == SK_TRANSFORMER_LEN)
		expression->type = SK_TYPE_UINT64;
	else if (transformer == SK_TRANSFORMER_GETOPT)
		expression->list = !selector;
	else if (transformer != SK_TRANSFORMER_JOIN && transformer != SK_TRANSFORMER_CONCAT) {
		expression->type = builder->expressions[arguments[0]].type;
		expression->list = builder->expressions[arguments[0]].list;
	}
	return number;
}

#define BUILD_TRANSFORMER(builder, transformer, ...)                                                               \
	build_transformer(builder, SK_TRANSFORMER_##transformer, NULL,                                             \
			  sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t), (uint32_t[]){__VA_ARGS__})

static uint8_t build_scope(const struct builder *builder, uint32_t number)
{
	const struct sk_bundle_expression *expression = &builder->expressions[number];
	uint8_t scope = SK_SCOPE_THREAD;

	if (expression->kind == SK_EXPRESSION_FIELD)
		return builder->fields[expression->operand].scope;
	for (uint32_t i = 0; expression->kind != SK_EXPRESSION_CONSTANT && i < expression->count; i++) {
		uint8_t inner = build_scope(builder, builder->arguments[expression->operand + i]);

		if (inner > scope)
			scope = inner;
	}
	return scope;
}

/* --- predicates -------------------------------------------------------- */

static uint32_t build_predicate(struct builder *builder, uint32_t left, enum sk_operator operator,
				enum sk_modifier modifier, uint32_t first, uint32_t count)
{
	const struct sk_bundle_expression *expression = &builder->expressions[left];

	builder->predicates[builder->predicates_count] = (struct sk_bundle_predicate){
		.operator=(uint8_t) operator,
		.modifier =(uint8_t) modifier,
		.scope = build_scope(builder, left),
		.quantifier = expression->kind == SK_EXPRESSION_FIELD
				      ? (uint8_t)sk_bundle_field_quantifier(&builder->fields[expression->operand])
				      : SK_QUANTIFIER_ONE,
		.left = left,
		.right = SK_NONE,
		.first = count ? first : 0,
		.count = count,
	};
	return builder->predicates_count++;
}

/* With constants of the left side's type, texts up to a NULL. */
static uint32_t build_comparison(struct builder *builder, uint32_t left, enum sk_operator operator,
				 enum sk_modifier modifier, const char *const *texts)
{
	uint32_t first = builder->constants_count, count = 0;

	for (; texts[count]; count++)
		build_constant(builder, builder->expressions[left].type, texts[count]);
	return build_predicate(builder, left, operator, modifier, first, count);
}

#define BUILD_COMPARISON(builder, left, operator, modifier, ...)                                                   \
	build_comparison(builder, left, SK_OPERATOR_##operator, SK_MODIFIER_##modifier,                            \
			 (const char *const[]){__VA_ARGS__, NULL})

static uint32_t build_field_comparison(struct builder *builder, uint32_t left, enum sk_operator operator,
				       uint32_t right)
{
	uint32_t number = build_predicate(builder, left, operator, SK_MODIFIER_NONE, 0, 0);
	uint8_t scope = build_scope(builder, right);

	builder->predicates[number].right = right;
	if (scope > builder->predicates[number].scope)
		builder->predicates[number].scope = scope;
	return number;
}

/* --- rules ------------------------------------------------------------- */

/* A rule without instructions, tried for no type. */
static uint32_t build_rule(struct builder *builder, const char *name, uint8_t priority)
{
	builder->rules[builder->rules_count] = (struct sk_bundle_rule){
		.name = build_string(builder, name),
		.description = build_string(builder, "what it is about"),
		.source = build_string(builder, "syscall"),
		.first_tag = builder->tags_count,
		.priority = priority,
	};
	return builder->rules_count++;
}

/* To the newest rule; in sorted order. */
static void build_tag(struct builder *builder, const char *tag)
{
	builder->tags[builder->tags_count++] = build_string(builder, tag);
	builder->rules[builder->rules_count - 1].tag_count++;
}

static void build_op(struct builder *builder, uint32_t rule, enum sk_op op, uint16_t jump, uint32_t operand)
{
	struct build_program *program = sk_ops[op].program == SK_OP_PROGRAM_CONDITION ? &builder->conditions[rule]
										      : &builder->outputs[rule];

	program->code[program->size++] =
		(struct sk_instruction){.op = (uint8_t)op, .jump = jump, .operand = operand};
}

/* The rule matches if the predicate holds; its output is its name. */
static uint32_t build_simple_rule(struct builder *builder, const char *name, uint8_t priority, uint32_t predicate)
{
	uint32_t rule = build_rule(builder, name, priority);

	build_op(builder, rule, SK_OP_JUMP_FALSE, 1, predicate);
	build_op(builder, rule, SK_OP_MATCH, 0, 0);
	build_op(builder, rule, SK_OP_FAIL, 0, 0);
	build_op(builder, rule, SK_OP_LITERAL, 0, build_string(builder, name));
	build_op(builder, rule, SK_OP_END, 0, 0);
	return rule;
}

static void build_type(struct builder *builder, uint16_t type, uint32_t count, const uint32_t *rules)
{
	builder->types[type] = (struct sk_bundle_type){count ? builder->type_rules_count : 0, count};
	for (uint32_t i = 0; i < count; i++)
		builder->type_rules[builder->type_rules_count++] = rules[i];
}

static void build_code(struct builder *builder)
{
	builder->code_count = 0;
	for (uint32_t i = 0; i < builder->rules_count; i++) {
		builder->rules[i].condition = builder->code_count;
		builder->rules[i].condition_size = builder->conditions[i].size;
		memcpy(builder->code + builder->code_count, builder->conditions[i].code,
		       builder->conditions[i].size * sizeof(builder->code[0]));
		builder->code_count += builder->conditions[i].size;
	}
	for (uint32_t i = 0; i < builder->rules_count; i++) {
		builder->rules[i].output = builder->code_count;
		builder->rules[i].output_size = builder->outputs[i].size;
		memcpy(builder->code + builder->code_count, builder->outputs[i].code,
		       builder->outputs[i].size * sizeof(builder->code[0]));
		builder->code_count += builder->outputs[i].size;
	}
}

static void build_locations(struct builder *builder)
{
	uint32_t file = build_string(builder, "rules.yaml");

	builder->files_count = 0;
	builder->files[builder->files_count++] = file;
	builder->locations_count = builder->predicates_count + builder->rules_count;
	for (uint32_t i = 0; i < builder->locations_count; i++)
		builder->locations[i] = (struct sk_bundle_location){.line = i + 1, .column = 5};
}

/* --- questions --------------------------------------------------------- */

static struct sk_bundle build_view(const struct builder *builder)
{
	struct sk_bundle view = {.bytes = NULL};

#define SK_SECTION(id, member, record, what)                                                                       \
	view.member = builder->member;                                                                             \
	view.member##_count = builder->member##_count;
	SK_SECTIONS(SK_SECTION)
#undef SK_SECTION
	return view;
}

/* Brings the predicates into their order; conditions go along, and `places` says where each is now. */
static void build_order(struct builder *builder)
{
	static struct sk_bundle_predicate predicates[512];
	struct sk_bundle view = build_view(builder);
	struct sk_arena arena;
	uint32_t *order;

	sk_arena_init(&arena, 0);
	order = sk_index_order(&view, &arena);
	for (uint32_t i = 0; i < builder->predicates_count; i++) {
		predicates[i] = builder->predicates[order[i]];
		builder->places[order[i]] = i;
	}
	sk_arena_release(&arena);
	memcpy(builder->predicates, predicates, builder->predicates_count * sizeof(predicates[0]));
	for (uint32_t i = 0; i < builder->rules_count; i++) {
		struct build_program *program = &builder->conditions[i];

		for (uint32_t k = 0; k < program->size; k++) {
			if (sk_ops[program->code[k].op].operand == SK_OP_OPERAND_PREDICATE)
				program->code[k].operand = builder->places[program->code[k].operand];
		}
	}
}

/* Writes the indexes of predicates that are in order, over those that were there. */
static void build_index(struct builder *builder)
{
	struct sk_bundle view = build_view(builder);
	struct sk_buffer sections[SK_SECTION_COUNT] = {{0}};
	struct sk_arena arena;

	sk_arena_init(&arena, 0);
	if (sk_index_write(&view, &arena, sections, NULL) < 0)
		abort();
	sk_arena_release(&arena);
#define SK_SECTION(id, member, record, what)                                                                       \
	if (SK_SECTION_##id >= SK_SECTION_QUESTIONS && SK_SECTION_##id <= SK_SECTION_POSTINGS) {                   \
		if (sections[SK_SECTION_##id].length > sizeof(builder->member))                                    \
			abort();                                                                                   \
		if (sections[SK_SECTION_##id].length)                                                              \
			memcpy(builder->member, sections[SK_SECTION_##id].bytes,                                   \
			       sections[SK_SECTION_##id].length);                                                  \
		builder->member##_count = (uint32_t)(sections[SK_SECTION_##id].length / sizeof(record));           \
		sk_buffer_release(&sections[SK_SECTION_##id]);                                                     \
	}
	SK_SECTIONS(SK_SECTION)
#undef SK_SECTION
}

/*
 * Sorts the predicates, places the programs, fills in a source for everything
 * and writes the indexes; then all records can be changed.
 */
static void build_complete(struct builder *builder)
{
	build_order(builder);
	build_code(builder);
	build_locations(builder);
	build_index(builder);
}

/* Where a predicate is after build_complete(). */
#define BUILD_MOVE(builder, variable) ((variable) = (builder)->places[variable])

/* --- the file ---------------------------------------------------------- */

/*
 * The file, sealed; free() it.  Nothing is checked.
 */
static uint8_t *build_finish(const struct builder *builder, size_t *ret_size)
{
	const struct {
		const void *records;
		size_t size;
	} sections[SK_SECTION_COUNT] = {
#define SK_SECTION(id, member, record, what)                                                                       \
	[SK_SECTION_##id] = {builder->member, builder->member##_count * sizeof(builder->member[0])},
		SK_SECTIONS(SK_SECTION)
#undef SK_SECTION
	};
	size_t size = sizeof(struct sk_bundle_header) + SK_SECTION_COUNT * sizeof(struct sk_bundle_section);
	struct sk_bundle_header *header;
	struct sk_bundle_section *table;
	uint8_t *bytes;

	for (unsigned i = 0; i < SK_SECTION_COUNT; i++)
		size += (sections[i].size + 7) & ~(size_t)7;
	bytes = calloc(1, size);
	header = (struct sk_bundle_header *)bytes;
	table = (struct sk_bundle_section *)(header + 1);
	*header = (struct sk_bundle_header){
		.version = SK_BUNDLE_VERSION,
		.section_count = SK_SECTION_COUNT,
		.file_size = size,
		.schema_hash = sk_schema_hash(),
	};
	memcpy(header->magic, SK_BUNDLE_MAGIC, sizeof(header->magic));
	size = sizeof(*header) + SK_SECTION_COUNT * sizeof(*table);
	for (unsigned i = 0; i < SK_SECTION_COUNT; i++) {
		table[i] = (struct sk_bundle_section){size, sections[i].size};
		memcpy(bytes + size, sections[i].records, sections[i].size);
		size += (sections[i].size + 7) & ~(size_t)7;
	}
	sk_bundle_seal(bytes, size);
	*ret_size = size;
	return bytes;
}

#endif
