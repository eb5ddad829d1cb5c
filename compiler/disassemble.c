/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every line of the text is made of one record, and every number in it is that
 * of the record: `p7` is predicate 7 wherever it stands.  A verified bundle is
 * trusted; only texts, which may hold any byte, are made fit to be printed.
 */
#include "compiler/disassemble.h"

#include <string.h>

#include "vm/print.h"

/* Long lists are cut to this; texts inside programs to that: they are for people, who have the source too. */
enum { PREDICATE_TEXT_LIMIT = 64, PROGRAM_TEXT_LIMIT = 100 };

struct printer {
	const struct sk_bundle *bundle;
	struct sk_buffer *buffer;
	uint16_t first_of_name[SK_EVENT_COUNT]; /* the first type of the same name */
	uint16_t versions[SK_EVENT_COUNT];      /* of a first one: types of its name */
};

static void print_bytes(struct sk_buffer *buffer, const char *bytes, uint32_t length, uint32_t limit)
{
	for (uint32_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		if (i == limit) {
			sk_buffer_append_text(buffer, "...");
			return;
		}
		if (byte == '\n')
			sk_buffer_append_text(buffer, "\\n");
		else if (byte == '\t')
			sk_buffer_append_text(buffer, "\\t");
		else if (byte < 0x20 || byte == 0x7f)
			sk_buffer_printf(buffer, "\\x%02x", byte);
		else
			sk_buffer_append_char(buffer, bytes[i]);
	}
}

static void print_string(const struct printer *printer, uint32_t number, uint32_t limit)
{
	uint32_t length;
	const char *text = sk_bundle_text(printer->bundle, number, &length);

	print_bytes(printer->buffer, text, length, limit);
}

/* Blanks up to a column of the line that began at `start`, at least one. */
static void pad_to(struct sk_buffer *buffer, size_t start, size_t column)
{
	do
		sk_buffer_append_char(buffer, ' ');
	while (!buffer->failed && buffer->length - start < column);
}

static void print_location(const struct printer *printer, uint32_t number)
{
	const struct sk_bundle_location *location = &printer->bundle->locations[number];

	if (location->file == SK_BUNDLE_NO_FILE) {
		sk_buffer_append_text(printer->buffer, "nowhere");
		return;
	}
	print_string(printer, printer->bundle->files[location->file], UINT32_MAX);
	sk_buffer_printf(printer->buffer, ":%u:%u", location->line, location->column);
}

/* --- sections ---------------------------------------------------------- */

static void print_section(const struct printer *printer, const char *name, uint32_t count, size_t size,
			  const char *what)
{
	sk_buffer_printf(printer->buffer, "  %-13s %7u records %8zu bytes  %s\n", name, count, count * size, what);
}

static void print_sections(const struct printer *printer)
{
	const struct sk_bundle *bundle = printer->bundle;

	sk_buffer_printf(printer->buffer, "bundle of format %d, %zu bytes\n\nsections\n", SK_BUNDLE_VERSION,
			 bundle->size);
#define SK_SECTION(id, member, record, what)                                                                       \
	print_section(printer, #id, bundle->member##_count, sizeof(record), what);
	SK_SECTIONS(SK_SECTION)
#undef SK_SECTION
}

/* --- questions --------------------------------------------------------- */

static void print_index(const struct printer *printer, const struct sk_bundle_index *record)
{
	sk_buffer_printf(printer->buffer, "    %-14s %u constants", sk_index_groups[record->group].name,
			 record->entry_count);
	switch ((enum sk_group_parts)sk_index_groups[record->group].parts) {
	case SK_GROUP_PARTS_SLOTS:
		sk_buffer_printf(printer->buffer, " in %u slots", record->part_count);
		break;
	case SK_GROUP_PARTS_STATES:
		sk_buffer_printf(printer->buffer, " in %u states", record->part_count);
		break;
	case SK_GROUP_PARTS_NONE:
	case SK_GROUP_PARTS_SORTED:
	case SK_GROUP_PARTS_LINKS:
		break;
	}
	sk_buffer_append_char(printer->buffer, '\n');
}

static void print_rest(const struct printer *printer, enum sk_index_group group, uint32_t count)
{
	if (count)
		sk_buffer_printf(printer->buffer, "    %-14s %u predicates\n", sk_index_groups[group].name, count);
}

static void print_questions(const struct printer *printer)
{
	const struct sk_bundle *bundle = printer->bundle;

	sk_buffer_append_text(printer->buffer, "\nquestions\n");
	for (uint32_t i = 0; i < bundle->questions_count; i++) {
		const struct sk_bundle_question *question = &bundle->questions[i];
		const uint32_t last = question->first + question->count - 1;

		if (question->expression == SK_NONE) {
			sk_buffer_printf(printer->buffer, "  q%u  p%u alone\n", i, question->first);
			continue;
		}
		sk_buffer_printf(printer->buffer, "  q%u  ", i);
		print_string(printer, bundle->expressions[question->expression].text, UINT32_MAX);
		sk_buffer_printf(printer->buffer, last > question->first ? ": p%u to p%u\n" : ": p%u\n",
				 question->first, last);
		for (uint32_t k = 0; k < question->index_count; k++)
			print_index(printer, &bundle->indexes[question->first_index + k]);
		print_rest(printer, SK_GROUP_ALWAYS, question->pattern - question->always);
		print_rest(printer, SK_GROUP_PATTERN, question->generic - question->pattern);
		print_rest(printer, SK_GROUP_GENERIC, last + 1 - question->generic);
	}
}

static void print_predicate(const struct printer *printer, uint32_t number, size_t limit, uint32_t cut)
{
	struct sk_buffer text = {0};

	sk_print_predicate(printer->bundle, number, limit, &text);
	print_bytes(printer->buffer, text.length ? text.bytes : "", (uint32_t)text.length, cut);
	if (text.failed)
		printer->buffer->failed = true;
	sk_buffer_release(&text);
}

static void print_predicates(const struct printer *printer)
{
	struct sk_buffer *buffer = printer->buffer;

	sk_buffer_append_text(buffer, "\npredicates\n");
	for (uint32_t i = 0; i < printer->bundle->predicates_count; i++) {
		const struct sk_bundle_predicate *predicate = &printer->bundle->predicates[i];
		size_t start = buffer->length;

		sk_buffer_printf(buffer, "  p%u", i);
		pad_to(buffer, start, 9);
		sk_buffer_append_text(buffer, sk_scope_names[predicate->scope]);
		pad_to(buffer, start, 18);
		print_predicate(printer, i, PREDICATE_TEXT_LIMIT, UINT32_MAX);
		sk_buffer_append_text(buffer, "  ; ");
		print_location(printer, i);
		sk_buffer_append_char(buffer, '\n');
	}
}

/* --- which events a rule is filed under -------------------------------- */

static bool is_filed(const struct sk_bundle *bundle, uint32_t type, uint32_t rule)
{
	const uint32_t *rules = bundle->type_rules + bundle->types[type].first;
	uint32_t low = 0, high = bundle->types[type].count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (rules[middle] == rule)
			return true;
		if (rules[middle] < rule)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static bool is_used(uint32_t type)
{
	return !(sk_events[type].flags & SK_EVENT_FLAG_UNUSED);
}

/* A name stands for all its versions, enter and exit. */
static void find_versions(struct printer *printer)
{
	for (uint32_t type = 0; type < SK_EVENT_COUNT; type++) {
		uint32_t first = 0;

		while (!is_used(first) || strcmp(sk_events[first].name, sk_events[type].name) != 0) {
			if (first == type)
				break;
			first++;
		}
		printer->first_of_name[type] = (uint16_t)first;
		if (is_used(type))
			printer->versions[first]++;
	}
}

static void print_event_name(const struct printer *printer, uint32_t type)
{
	/* The generic pair's name is no event's, and says nothing to a reader. */
	sk_buffer_append_text(printer->buffer, type == SK_EVENT_GENERIC_E
						       ? "system calls without an event of their own"
						       : sk_events[type].name);
}

/* The names that a rule is filed under, or those that it is not, whichever are fewer. */
static void print_events(const struct printer *printer, uint32_t rule)
{
	struct sk_buffer *buffer = printer->buffer;
	uint16_t filed[SK_EVENT_COUNT] = {0};
	uint32_t names = 0, filed_names = 0;
	bool inverse, first = true;

	for (uint32_t type = 0; type < SK_EVENT_COUNT; type++) {
		if (is_used(type) && is_filed(printer->bundle, type, rule))
			filed[printer->first_of_name[type]]++;
	}
	for (uint32_t type = 0; type < SK_EVENT_COUNT; type++) {
		names += printer->versions[type] > 0;
		filed_names += filed[type] > 0;
	}
	inverse = filed_names > names / 2;
	if (inverse)
		sk_buffer_append_text(buffer, "all");
	for (uint32_t type = 0; type < SK_EVENT_COUNT; type++) {
		uint16_t all = printer->versions[type], listed = inverse ? all - filed[type] : filed[type];

		if (!listed)
			continue;
		sk_buffer_append_text(buffer, !first ? ", " : inverse ? " but " : "");
		print_event_name(printer, type);
		if (listed < all)
			sk_buffer_printf(buffer, " (%u of %u)", listed, all);
		first = false;
	}
}

/* --- programs ---------------------------------------------------------- */

static void print_operand(const struct printer *printer, const struct sk_instruction *instruction)
{
	struct sk_buffer *buffer = printer->buffer;

	switch ((enum sk_op_operand)sk_ops[instruction->op].operand) {
	case SK_OP_OPERAND_NONE:
		break;
	case SK_OP_OPERAND_PREDICATE:
		sk_buffer_printf(buffer, "p%u", instruction->operand);
		break;
	case SK_OP_OPERAND_STRING:
		sk_buffer_append_char(buffer, '"');
		print_string(printer, instruction->operand, UINT32_MAX);
		sk_buffer_append_char(buffer, '"');
		break;
	case SK_OP_OPERAND_EXPRESSION:
		print_string(printer, printer->bundle->expressions[instruction->operand].text, UINT32_MAX);
		break;
	}
}

static void print_program(const struct printer *printer, const char *name, uint32_t first, uint32_t size)
{
	struct sk_buffer *buffer = printer->buffer;

	sk_buffer_printf(buffer, "    %s, %u instructions\n", name, size);
	for (uint32_t i = 0; i < size; i++) {
		const struct sk_instruction *instruction = &printer->bundle->code[first + i];
		const struct sk_op_info *info = &sk_ops[instruction->op];
		size_t start = buffer->length;

		sk_buffer_printf(buffer, "    %5u  %s", i, info->name);
		if (info->operand != SK_OP_OPERAND_NONE || info->jumps != SK_OP_JUMPS_NONE) {
			pad_to(buffer, start, 24);
			print_operand(printer, instruction);
		}
		switch ((enum sk_op_jumps)info->jumps) {
		case SK_OP_JUMPS_NONE:
			break;
		case SK_OP_JUMPS_TARGET:
			sk_buffer_printf(buffer, " -> %u", i + 1 + instruction->jump);
			break;
		case SK_OP_JUMPS_WIDTH:
			if (instruction->jump)
				sk_buffer_printf(buffer, " in %u bytes", instruction->jump);
			break;
		}
		if (info->operand == SK_OP_OPERAND_PREDICATE) {
			pad_to(buffer, start, 42);
			sk_buffer_append_text(buffer, "; ");
			print_predicate(printer, instruction->operand, PREDICATE_TEXT_LIMIT, PROGRAM_TEXT_LIMIT);
			sk_buffer_append_text(buffer, "  ; ");
			print_location(printer, instruction->operand);
		}
		sk_buffer_append_char(buffer, '\n');
	}
}

static void print_rule(const struct printer *printer, uint32_t number)
{
	const struct sk_bundle *bundle = printer->bundle;
	const struct sk_bundle_rule *rule = &bundle->rules[number];
	struct sk_buffer *buffer = printer->buffer;

	sk_buffer_printf(buffer, "\nrule %u: ", number);
	print_string(printer, rule->name, UINT32_MAX);
	sk_buffer_append_text(buffer, "\n    defined    ");
	print_location(printer, bundle->predicates_count + number);
	sk_buffer_printf(buffer, "\n    priority   %s\n    source     ", sk_priority_names[rule->priority]);
	print_string(printer, rule->source, UINT32_MAX);
	sk_buffer_append_text(buffer, "\n    tags       ");
	for (uint32_t i = 0; i < rule->tag_count; i++) {
		sk_buffer_append_text(buffer, i ? ", " : "");
		print_string(printer, bundle->tags[rule->first_tag + i], UINT32_MAX);
	}
	sk_buffer_append_text(buffer, rule->tag_count ? "" : "none");
	if (rule->capture) {
		sk_buffer_append_text(buffer, "\n    capture    ");
		if (rule->capture_duration)
			sk_buffer_printf(buffer, "for %u ms", rule->capture_duration);
		else
			sk_buffer_append_text(buffer, "as configured");
	}
	sk_buffer_append_text(buffer, "\n    events     ");
	print_events(printer, number);
	sk_buffer_append_char(buffer, '\n');
	print_program(printer, "condition", rule->condition, rule->condition_size);
	print_program(printer, "output", rule->output, rule->output_size);
}

void sk_disassemble(const struct sk_bundle *bundle, struct sk_buffer *buffer)
{
	struct printer printer = {.bundle = bundle, .buffer = buffer};

	find_versions(&printer);
	print_sections(&printer);
	print_questions(&printer);
	print_predicates(&printer);
	for (uint32_t i = 0; i < bundle->rules_count; i++)
		print_rule(&printer, i);
}
