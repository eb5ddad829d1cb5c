/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli/lint_format.h"
#include "vm/support/alloc.h"

/* Text of packs is bytes: what is not UTF-8 is told as Latin-1, so that something is told. */
static json_t *text(const char *bytes)
{
	json_t *string = bytes ? json_string(bytes) : json_null();
	struct sk_buffer buffer = {0};

	if (string)
		return string;
	for (; *bytes; bytes++) {
		const unsigned char byte = (unsigned char)*bytes;

		if (byte < 0x80)
			sk_buffer_append_char(&buffer, *bytes);
		else
			sk_buffer_printf(&buffer, "%c%c", 0xc0 | byte >> 6, 0x80 | (byte & 0x3f));
	}
	string = buffer.bytes && !buffer.failed ? json_string(buffer.bytes) : NULL;
	sk_buffer_release(&buffer);
	return string;
}

static json_t *finding(const struct sk_lint_result *result, const struct sk_diagnostic *item, const char *reason)
{
	const struct sk_diagnostic_info *info = &sk_diagnostic_infos[item->id];
	struct sk_place begin = {0}, end = {0};
	json_t *object;

	if (item->span.begin) {
		begin = sk_sources_place(result->diagnostics->sources, item->span.begin);
		end = sk_sources_place(result->diagnostics->sources,
				       item->span.end > item->span.begin ? item->span.end : item->span.begin);
	}
	object = json_pack("{s:s, s:s, s:o, s:o, s:o}", "code", info->code, "severity",
			   info->severity == SK_SEVERITY_ERROR ? "error" : "warning", "message",
			   text(item->message), "hint", text(item->hint), "context", text(item->context_text));
	if (begin.file)
		json_object_set_new(object, "place",
				    json_pack("{s:o, s:i, s:i, s:i, s:i}", "file", text(begin.file->name), "line",
					      (int)begin.line, "column", (int)begin.column, "end_line",
					      (int)end.line, "end_column", (int)end.column));
	if (reason)
		json_object_set_new(object, "reason", text(reason));
	return object;
}

static json_t *cost(const struct sk_lint_cost *cost)
{
	return json_pack("{s:o, s:b, s:i, s:i, s:{s:i, s:i, s:i, s:i}, s:i, s:i, s:i}", "rule",
			 text(cost->rule->name), "enabled", cost->rule->enabled, "event_types",
			 (int)cost->event_types, "comparisons", (int)cost->comparisons, "by_scope", "thread",
			 (int)cost->by_thread, "lineage", (int)cost->by_lineage, "fd", (int)cost->by_file, "event",
			 (int)cost->by_event, "patterns", (int)cost->patterns, "nanoseconds",
			 (int)cost->nanoseconds, "nanoseconds_repeated", (int)cost->repeated);
}

void sk_lint_append_json(json_t *root, struct sk_buffer *buffer)
{
	char *printed = root ? json_dumps(root, JSON_INDENT(2)) : NULL;

	json_decref(root);
	if (!printed) {
		buffer->failed = true;
		return;
	}
	sk_buffer_append_text(buffer, printed);
	sk_buffer_append_char(buffer, '\n');
	free(printed);
}

void sk_lint_print_json(const struct sk_lint_result *result, struct sk_buffer *buffer)
{
	const struct sk_lint_report *report = result->report;
	json_t *findings = json_array(), *allowed = json_array(), *costs = json_array(), *root;

	for (uint32_t i = 0; i < result->diagnostics->count; i++)
		json_array_append_new(findings, finding(result, &result->diagnostics->items[i], NULL));
	for (uint32_t i = 0; i < report->allowed_count; i++)
		json_array_append_new(allowed,
				      finding(result, &report->allowed[i].diagnostic, report->allowed[i].reason));
	for (uint32_t i = 0; i < report->cost_count; i++)
		json_array_append_new(costs, cost(&report->costs[i]));
	root = json_pack("{s:{s:i, s:i, s:i, s:i, s:i, s:i}, s:o, s:o, s:o}", "summary", "rules",
			 (int)result->summary->rules, "macros", (int)result->summary->macros, "lists",
			 (int)result->summary->lists, "errors", (int)result->diagnostics->errors, "warnings",
			 (int)result->diagnostics->warnings, "allowed", (int)report->allowed_count, "findings",
			 findings, "allowed", allowed, "costs", costs);
	sk_lint_append_json(root, buffer);
}

/* --- tables -------------------------------------------------------------- */

static int compare_costs(const void *left, const void *right)
{
	const struct sk_lint_cost *a = *(const struct sk_lint_cost *const *)left;
	const struct sk_lint_cost *b = *(const struct sk_lint_cost *const *)right;

	if (a->repeated != b->repeated)
		return a->repeated < b->repeated ? 1 : -1;
	if (a->nanoseconds != b->nanoseconds)
		return a->nanoseconds < b->nanoseconds ? 1 : -1;
	return strcmp(a->rule->name, b->rule->name);
}

void sk_lint_print_costs(const struct sk_lint_result *result, struct sk_buffer *buffer)
{
	const uint32_t count = result->report->cost_count;
	SK_CLEANUP_FREE const struct sk_lint_cost **costs = sk_alloc_zeroed((size_t)count + 1, sizeof(*costs));

	if (!costs) {
		buffer->failed = true;
		return;
	}
	for (uint32_t i = 0; i < count; i++)
		costs[i] = &result->report->costs[i];
	qsort(costs, count, sizeof(*costs), compare_costs);
	sk_buffer_append_text(buffer,
			      "   each event  at first  events  comparisons: process  ancestors  fd  event  "
			      "patterns  rule\n");
	for (uint32_t i = 0; i < count; i++)
		sk_buffer_printf(buffer, "%10u ns %6u ns %7u  %20u %10u %3u %6u %9u  %s%s\n", costs[i]->repeated,
				 costs[i]->nanoseconds, costs[i]->event_types, costs[i]->by_thread,
				 costs[i]->by_lineage, costs[i]->by_file, costs[i]->by_event, costs[i]->patterns,
				 costs[i]->rule->name, costs[i]->rule->enabled ? "" : " (disabled)");
}

void sk_lint_print_findings(struct sk_buffer *buffer)
{
	sk_buffer_append_text(buffer, "| code | what it is |\n|---|---|\n");
	for (uint32_t id = 0; id < SK_DIAGNOSTIC_COUNT; id++) {
		const struct sk_diagnostic_info *info = &sk_diagnostic_infos[id];

		if (info->help)
			sk_buffer_printf(buffer, "| `%s` | **%s.** %s |\n", info->code, info->text, info->help);
	}
	for (uint32_t id = 0; id < SK_DIAGNOSTIC_COUNT; id++) {
		const struct sk_diagnostic_info *info = &sk_diagnostic_infos[id];

		if (!info->help && info->severity == SK_SEVERITY_WARNING)
			sk_buffer_printf(buffer, "| `%s` | %s. Said by every command that reads packs. |\n",
					 info->code, info->text);
	}
}
