/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Formatting: the layout of `saker fmt`, as an edit of the lines that differ:
 * what is before and behind them keeps its marks and folds in the editor.
 */
#include <errno.h>
#include <string.h>

#include "cli/lsp/capabilities.h"
#include "compiler/format/format.h"

/* The bytes that two texts have in common at their begins, whole lines only. */
static size_t common_begin(const char *left, const char *right, size_t length)
{
	size_t at = 0, line = 0;

	for (; at < length && left[at] == right[at]; at++) {
		if (left[at] == '\n')
			line = at + 1;
	}
	return line;
}

/* The same at their ends, in the last `length` bytes of both. */
static size_t common_end(const char *left_end, const char *right_end, size_t length)
{
	size_t at = 0, line = 0;

	for (; at < length && left_end[-1 - (ptrdiff_t)at] == right_end[-1 - (ptrdiff_t)at]; at++) {
		if (left_end[-1 - (ptrdiff_t)at] == '\n')
			line = at;
	}
	return line;
}

static json_t *edits_of(const struct sk_lsp_request *request, const struct sk_buffer *laid_out)
{
	const struct sk_lsp_text *text = &request->file->text;
	size_t shorter = text->length < laid_out->length ? text->length : laid_out->length, begin, end;

	if (text->length == laid_out->length && memcmp(text->bytes, laid_out->bytes, text->length) == 0)
		return json_array();
	begin = common_begin(text->bytes, laid_out->bytes, shorter);
	end = common_end(text->bytes + text->length, laid_out->bytes + laid_out->length, shorter - begin);
	return json_pack("[{s:o, s:o}]", "range", sk_lsp_range(request, request->file, begin, text->length - end),
			 "newText", sk_lsp_string(laid_out->bytes + begin, laid_out->length - end - begin));
}

json_t *sk_lsp_formatting(struct sk_lsp_request *request)
{
	const struct sk_lsp_file *file = request->file;
	struct sk_diagnostics diagnostics;
	struct sk_sources sources;
	struct sk_buffer laid_out = {0};
	json_t *result = NULL;
	int status;

	sk_sources_init(&sources, request->arena);
	sk_diagnostics_init(&diagnostics, &sources, request->arena);
	status = sk_format_pack(file->path ? file->path : file->uri, file->text.bytes, file->text.length,
				&diagnostics, &laid_out);
	if (status == 0 && !laid_out.failed)
		result = laid_out.bytes ? edits_of(request, &laid_out) : json_array();
	else if (status == -EINVAL)
		sk_lsp_refuse(request, SK_LSP_REQUEST_FAILED,
			      diagnostics.count ? diagnostics.items[0].message : "the file cannot be laid out");
	sk_buffer_release(&laid_out);
	return result;
}
