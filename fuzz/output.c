/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as an output format.  The parts of one that parses lie one behind
 * the other and together are all of the text.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "grammar/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Fields of the tables, or short ones: so that the longest prefix is sometimes refused. */
static bool is_known(void *context, const struct sk_operand *operand)
{
	size_t suffix;

	(void)context;
	if (operand->kind != SK_OPERAND_FIELD)
		return !operand->argument || operand->argument_length < 3;
	return operand->length < 5 || sk_field_find(operand->text, operand->length, &suffix) >= 0;
}

static void check_parts(const struct sk_output *output)
{
	uint32_t at = output->optional ? 1 : 0;

	for (uint32_t i = 0; i < output->count; i++) {
		const struct sk_output_part *part = &output->parts[i];

		assert(part->begin == at && part->end > at);
		at = part->end;
		switch (part->kind) {
		case SK_OUTPUT_LITERAL:
			assert(part->literal_length == part->end - part->begin);
			assert(!memchr(part->literal, '%', part->literal_length));
			break;
		case SK_OUTPUT_FIELD:
			assert(output->text->bytes[part->begin] == '%');
			assert(part->operand->begin > part->begin && part->operand->end == part->end);
			assert(is_known(NULL, part->operand));
			break;
		}
	}
	assert(at == output->text->length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_arena arena;
	struct sk_sources sources;
	struct sk_diagnostics diagnostics;
	struct sk_buffer report = {0};
	const struct sk_source_file *file;
	struct sk_text text;
	struct sk_output *output;

	sk_arena_init(&arena, 0);
	sk_sources_init(&sources, &arena);
	sk_diagnostics_init(&diagnostics, &sources, &arena);
	file = sk_sources_add(&sources, "fuzz", (const char *)data, size);
	text = (struct sk_text){.bytes = file->bytes, .length = (uint32_t)size, .first = file->first};
	output = sk_parse_output(&text, &arena, is_known, NULL, &diagnostics);
	assert((output != NULL) == (diagnostics.errors == 0));
	if (output)
		check_parts(output);
	sk_diagnostics_print(&diagnostics, true, &report);
	sk_buffer_release(&report);
	sk_arena_release(&arena);
	return 0;
}
