/* SPDX-License-Identifier: Apache-2.0 */
#include "compiler/output.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "compiler/field.h"
#include "grammar/parse.h"

/*
 * What the container plugin of the reference suggests for every output; the
 * label is the field's name with its dots as underscores.
 */
static const char *const suggested_fields[] = {
	"container.id",        "container.name", "container.image.repository",
	"container.image.tag", "k8s.pod.name",   "k8s.ns.name",
};
enum { SUGGESTED_COUNT = sizeof(suggested_fields) / sizeof(suggested_fields[0]) };

/* A token that outputs once had, and that is now written in by suggested fields. */
static const char container_info[] = "%container.info";

/* --- what is wrong with a token ---------------------------------------- */

/*
 * The grammar asks about every candidate of a token, longest first.  The first
 * that is refused is what the author meant, if none is accepted behind it; it
 * is copied, for the grammar makes the next candidate of it.
 */
struct tokens {
	struct sk_check *check;
	struct sk_arena *temporary; /* of this output */
	bool is_refused;
	struct sk_operand refused;
};

static bool accept_token(void *context, const struct sk_operand *operand)
{
	struct tokens *tokens = context;

	if (sk_check_fields_exist(tokens->temporary, operand)) {
		tokens->is_refused = false;
		return true;
	}
	if (!tokens->is_refused) {
		const char *text = sk_arena_copy(tokens->temporary, operand->text, operand->length);

		tokens->is_refused = text != NULL;
		tokens->refused = *operand;
		tokens->refused.text = text;
	}
	return false;
}

/* The field inside an operand that is not there. */
static const struct sk_operand *find_culprit(struct sk_arena *arena, const struct sk_operand *operand, int depth)
{
	if (depth == 0 || operand->kind == SK_OPERAND_FIELD)
		return operand;
	for (uint32_t i = 0; i < operand->count; i++) {
		if (!sk_check_fields_exist(arena, operand->children[i]))
			return find_culprit(arena, operand->children[i], depth - 1);
	}
	return operand;
}

static void explain_refusal(struct tokens *tokens, const struct sk_text *format)
{
	struct sk_check *check = tokens->check;
	const struct sk_operand *culprit = find_culprit(check->arena, &tokens->refused, SK_EXPRESSION_DEPTH_LIMIT);
	struct sk_span span = sk_text_span(format, culprit->begin, culprit->end);
	struct sk_resolved_field field;
	const char *fault;

	if (culprit->kind == SK_OPERAND_FIELD && !sk_field_resolve(culprit, check->arena, &field, &fault))
		sk_check_add(check, SK_DIAGNOSTIC_COMPILE_OUTPUT, span, true,
			     sk_check_may_hint(check) ? sk_field_hint(culprit, check->arena) : NULL,
			     "unknown filter: %s", fault);
	else
		sk_check_add(check, SK_DIAGNOSTIC_COMPILE_OUTPUT, span, true, NULL, "unknown filter: %s",
			     culprit->text);
}

/* What the grammar said, in its own words but for tokens that were refused here. */
static void explain_failure(struct tokens *tokens, const struct sk_text *format,
			    const struct sk_diagnostics *diagnostics)
{
	if (tokens->is_refused) {
		explain_refusal(tokens, format);
		return;
	}
	for (uint32_t i = 0; i < diagnostics->count; i++) {
		const struct sk_diagnostic *item = &diagnostics->items[i];

		sk_check_add(tokens->check, item->id, item->span, true, item->hint, "%s", item->message);
	}
}

/* --- deprecated contents ----------------------------------------------- */

/* The format without %container.info; NULL without memory. */
static const struct sk_text *drop_container_info(struct sk_check *check, const struct sk_text *format)
{
	const uint32_t length = sizeof(container_info) - 1;
	struct sk_text *text;
	sk_position *positions;
	char *bytes;
	uint32_t kept = 0;

	if (!memmem(format->bytes, format->length, container_info, length))
		return format;
	text = sk_arena_alloc_zeroed(check->arena, 1, sizeof(*text));
	bytes = sk_arena_alloc(check->arena, (size_t)format->length + 1);
	positions = sk_arena_alloc_zeroed(check->arena, (size_t)format->length + 1, sizeof(*positions));
	if (!text || !bytes || !positions)
		return NULL;
	for (uint32_t i = 0; i < format->length;) {
		if (format->length - i >= length && memcmp(format->bytes + i, container_info, length) == 0) {
			sk_check_add(check, SK_DIAGNOSTIC_DEPRECATED_ITEM, sk_text_span(format, i, i + length),
				     false, "remove it: the container's fields are added to every output",
				     "usage of deprecated '%s' has been detected in the rule output",
				     container_info);
			i += length;
			continue;
		}
		positions[kept] = sk_text_position(format, i);
		bytes[kept++] = format->bytes[i++];
	}
	bytes[kept] = '\0';
	*text = (struct sk_text){.bytes = bytes, .length = kept, .first = format->first, .positions = positions};
	return text;
}

/* As the reference does, anywhere in the text: the longest name at each place. */
static void warn_deprecated_fields(struct sk_check *check, const struct sk_text *format)
{
	const char *names[SK_FIELD_COUNT] = {NULL};
	uint32_t lengths[SK_FIELD_COUNT];
	bool begins_name[UINT8_MAX + 1] = {false};
	int count = 0;

	for (int field = 0; field < SK_FIELD_COUNT; field++) {
		if (!(sk_fields[field].flags & SK_FIELD_FLAG_DEPRECATED))
			continue;
		lengths[count] = (uint32_t)strlen(sk_fields[field].name);
		begins_name[(uint8_t)sk_fields[field].name[0]] = true;
		names[count++] = sk_fields[field].name;
	}
	for (uint32_t i = 0; i < format->length; i++) {
		const char *found = NULL;
		uint32_t longest = 0;

		if (!begins_name[(uint8_t)format->bytes[i]])
			continue;
		for (int k = 0; k < count; k++) {
			if (lengths[k] > longest && lengths[k] <= format->length - i &&
			    memcmp(format->bytes + i, names[k], lengths[k]) == 0) {
				found = names[k];
				longest = lengths[k];
			}
		}
		if (!found)
			continue;
		sk_check_add(check, SK_DIAGNOSTIC_DEPRECATED_ITEM, sk_text_span(format, i, i + longest), false,
			     NULL, "usage of deprecated field '%s' has been detected in the rule output", found);
		i += longest - 1;
	}
}

/* --- the program ------------------------------------------------------- */

/* A program that is being written. */
struct writer {
	struct sk_instruction *instructions;
	uint32_t count;
};

static void append(struct writer *program, enum sk_op op, uint32_t width, uint32_t operand)
{
	program->instructions[program->count++] =
		(struct sk_instruction){.op = (uint8_t)op, .jump = (uint16_t)width, .operand = operand};
}

static void append_parts(struct sk_check *check, const struct sk_output *output, struct writer *program)
{
	for (uint32_t i = 0; i < output->count; i++) {
		const struct sk_output_part *part = &output->parts[i];

		switch (part->kind) {
		case SK_OUTPUT_LITERAL:
			append(program, SK_OP_LITERAL, 0,
			       sk_ir_string(check->ir, part->literal, part->literal_length));
			break;
		case SK_OUTPUT_FIELD:
			assert(part->width <= UINT16_MAX);
			append(program, SK_OP_FIELD, part->width,
			       sk_check_output(check, output->text, part->operand));
			break;
		}
	}
}

static void append_suggested(struct sk_check *check, struct writer *program)
{
	append(program, SK_OP_SUGGESTED, 0, 0);
	for (int i = 0; i < SUGGESTED_COUNT; i++) {
		struct sk_text name = {.bytes = suggested_fields[i],
				       .length = (uint32_t)strlen(suggested_fields[i])};
		struct sk_operand operand = {
			.kind = SK_OPERAND_FIELD, .end = name.length, .text = name.bytes, .length = name.length};
		char *label = sk_arena_printf(check->arena, " %s=", suggested_fields[i]);

		if (!label) {
			check->ir->out_of_memory = true;
			return;
		}
		for (char *dot = strchr(label, '.'); dot; dot = strchr(dot, '.'))
			*dot = '_';
		append(program, SK_OP_LITERAL, 0, sk_ir_string(check->ir, label, strlen(label)));
		append(program, SK_OP_FIELD, 0, sk_check_output(check, &name, &operand));
	}
}

/* The tree of an output is only needed until its program is there. */
static int build(struct sk_check *check, struct sk_sources *sources, const struct sk_text *format,
		 struct sk_arena *temporary, struct sk_output_program *ret_program)
{
	struct tokens tokens = {.check = check, .temporary = temporary};
	struct writer program = {0};
	struct sk_diagnostics diagnostics;
	const struct sk_output *output;

	format = drop_container_info(check, format);
	if (!format)
		return -ENOMEM;
	warn_deprecated_fields(check, format);
	sk_diagnostics_init(&diagnostics, sources, check->arena);
	output = sk_parse_output(format, temporary, accept_token, &tokens, &diagnostics);
	if (!output) {
		if (diagnostics.out_of_memory)
			return -ENOMEM;
		explain_failure(&tokens, format, &diagnostics);
		return check->ir->out_of_memory ? -ENOMEM : 0;
	}
	program.instructions = sk_arena_alloc_zeroed(check->arena, output->count + 2 + 2 * (size_t)SUGGESTED_COUNT,
						     sizeof(*program.instructions));
	if (!program.instructions)
		return -ENOMEM;
	append_parts(check, output, &program);
	append_suggested(check, &program);
	append(&program, SK_OP_END, 0, 0);
	if (check->ir->out_of_memory)
		return -ENOMEM;
	*ret_program = (struct sk_output_program){0};
	if (!check->failed)
		*ret_program = (struct sk_output_program){program.instructions, program.count};
	return 0;
}

/* Where the program of a format is kept; NULL without memory. */
static struct sk_output_program *known_program(struct sk_check *check, const struct sk_text *format)
{
	const uint32_t number = sk_intern_add(&check->outputs, format->bytes, format->length);
	const uint32_t capacity = check->output_capacity ? check->output_capacity * 2 : 256;
	struct sk_output_program *grown;

	if (number == SK_NONE)
		return NULL;
	if (number >= check->output_capacity) {
		grown = sk_arena_alloc_zeroed(check->arena, capacity, sizeof(*grown));
		if (!grown)
			return NULL;
		if (check->output_capacity)
			memcpy(grown, check->output_programs, check->output_capacity * sizeof(*grown));
		check->output_programs = grown;
		check->output_capacity = capacity;
	}
	return &check->output_programs[number];
}

/* Rules that are made from one another have the same output: one without issues is remembered. */
int sk_output_build(struct sk_check *check, struct sk_sources *sources, const struct sk_text *format,
		    struct sk_output_program *ret_program)
{
	struct sk_output_program *known = known_program(check, format);
	struct sk_issue **last = check->last;
	struct sk_arena temporary;
	int result;

	if (known && known->count) {
		*ret_program = *known;
		return 0;
	}
	sk_arena_init(&temporary, 0);
	result = build(check, sources, format, &temporary, ret_program);
	sk_arena_release(&temporary);
	if (known && result == 0 && check->last == last)
		*known = *ret_program;
	return result;
}
