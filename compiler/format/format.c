/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One file laid out.
 *
 *   bytes ─┬─► sk_yaml_parse() ─────────────────► values ──┐
 *          └─► sk_format_read() ─► documents with comments ─┼─► sk_format_verify()
 *                                        │ sk_format_write() │
 *                                        ▼                   │
 *                                       text ────────────────┘
 */
#include "compiler/format/format.h"

#include <errno.h>

#include "compiler/format/document.h"
#include "compiler/format/layout.h"
#include "compiler/format/verify.h"
#include "compiler/yaml.h"

static int format(const struct sk_source_file *source, struct sk_diagnostics *diagnostics, struct sk_buffer *text)
{
	struct sk_arena *arena = diagnostics->arena;
	struct sk_yaml_stream values = {0};
	struct sk_sources laid_out;
	const struct sk_source_file *result_file;
	struct sk_format_file file;
	int result = sk_yaml_parse(source, arena, diagnostics, &values);

	if (result == 0)
		result = sk_format_read(source, arena, diagnostics, &file);
	if (result == 0)
		result = sk_format_write(&file, arena, text);
	if (result < 0)
		return result;
	sk_sources_init(&laid_out, arena);
	result_file = sk_sources_add(&laid_out, source->name, text->bytes ? text->bytes : "", text->length);
	if (!result_file)
		return -ENOMEM;
	result = sk_format_verify(&file, &values, result_file, arena);
	if (result != 0)
		return result < 0 ? result : 0;
	sk_diagnostics_add(diagnostics, SK_DIAGNOSTIC_YAML_PARSE,
			   (struct sk_span){.begin = source->first, .end = source->first + 1},
			   "please report the file: this is a gap in the formatter, not in the file",
			   "the file cannot be laid out without a change of what it says, and stays as it is");
	return -EINVAL;
}

int sk_format_pack(const char *name, const char *bytes, size_t length, struct sk_diagnostics *diagnostics,
		   struct sk_buffer *ret_text)
{
	const struct sk_source_file *source = sk_sources_add(diagnostics->sources, name, bytes, length);
	struct sk_buffer text = {0};
	int result = source ? format(source, diagnostics, &text) : -ENOMEM;

	if (result == 0)
		sk_buffer_append(ret_text, text.bytes, text.length);
	if (result == 0 && ret_text->failed)
		result = -ENOMEM;
	if (result == -ENOMEM)
		diagnostics->out_of_memory = true;
	sk_buffer_release(&text);
	return result;
}
