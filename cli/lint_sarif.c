/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SARIF 2.1.0, as sites that show findings beside code take it.
 *
 *   runs[0]
 *     tool.driver.rules[]   every code that lint can report
 *     results[]             what it reports: code, text, region, fingerprint
 *       suppressions[]      what a comment allows, and why
 *
 * Columns count code points.  A fingerprint follows from the code, the item and
 * the text that is underlined, so that it stays the same when lines move; what
 * would have the same one gets a number.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "cli/lint_format.h"
#include "cli/version.h"
#include "vm/support/alloc.h"

/* What is not UTF-8 is shown as U+FFFD. */
static json_t *text_of(const char *bytes, size_t length)
{
	json_t *string = json_stringn(bytes, length);
	struct sk_buffer buffer = {0};

	if (string)
		return string;
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)bytes[i] < 0x80)
			sk_buffer_append_char(&buffer, bytes[i]);
		else
			sk_buffer_append_text(&buffer, "\xef\xbf\xbd");
	}
	string = buffer.failed ? NULL : json_stringn(buffer.bytes ? buffer.bytes : "", buffer.length);
	sk_buffer_release(&buffer);
	return string;
}

/* --- codes --------------------------------------------------------------- */

static const char *level_of(const struct sk_lint_result *result, const struct sk_diagnostic_info *info)
{
	return info->severity == SK_SEVERITY_ERROR || result->strict ? "error" : "warning";
}

/* "never-matches", "LOAD_UNUSED_MACRO" as one word of capitals: NeverMatches, LoadUnusedMacro. */
static json_t *name_of(const char *code)
{
	struct sk_buffer buffer = {0};
	bool first = true;
	json_t *name;

	for (; *code; code++) {
		if (*code == '-' || *code == '_') {
			first = true;
			continue;
		}
		sk_buffer_append_char(
			&buffer, (char)(first ? toupper((unsigned char)*code) : tolower((unsigned char)*code)));
		first = false;
	}
	name = buffer.failed ? NULL : json_stringn(buffer.bytes ? buffer.bytes : "", buffer.length);
	sk_buffer_release(&buffer);
	return name;
}

static json_t *rules(void)
{
	json_t *rules = json_array();

	for (uint32_t id = 0; id < SK_DIAGNOSTIC_COUNT; id++) {
		const struct sk_diagnostic_info *info = &sk_diagnostic_infos[id];

		json_array_append_new(
			rules,
			json_pack("{s:s, s:o, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:[s]}}", "id", info->code,
				  "name", name_of(info->code), "shortDescription", "text", info->text,
				  "fullDescription", "text", info->help ? info->help : info->text, "help", "text",
				  info->help ? info->help : info->text, "defaultConfiguration", "level",
				  info->severity == SK_SEVERITY_ERROR ? "error" : "warning", "properties", "tags",
				  info->help ? "maintainability" : "correctness"));
	}
	return rules;
}

/* --- places -------------------------------------------------------------- */

/* A path as a URI reference: what is absolute is a file's, everything else as it is. */
static json_t *uri_of(const char *path)
{
	struct sk_buffer buffer = {0};
	json_t *uri;

	if (path[0] == '/')
		sk_buffer_append_text(&buffer, "file://");
	while (path[0] == '.' && path[1] == '/')
		path += 2;
	for (; *path; path++) {
		const unsigned char byte = (unsigned char)*path;

		if (isalnum(byte) || strchr("/-._~", byte))
			sk_buffer_append_char(&buffer, *path);
		else
			sk_buffer_printf(&buffer, "%%%02X", byte);
	}
	uri = buffer.failed ? NULL : json_stringn(buffer.bytes ? buffer.bytes : "", buffer.length);
	sk_buffer_release(&buffer);
	return uri;
}

static int column_of(const struct sk_place *place)
{
	int column = 1;

	for (uint32_t i = 0; i + 1 < place->column && i < place->line_length; i++)
		column += ((unsigned char)place->line_text[i] & 0xc0) != 0x80;
	return column;
}

static json_t *location(const struct sk_lint_result *result, const struct sk_diagnostic *item)
{
	const struct sk_sources *sources = result->diagnostics->sources;
	const struct sk_place begin = sk_sources_place(sources, item->span.begin);
	const struct sk_place end =
		sk_sources_place(sources, item->span.end > item->span.begin ? item->span.end : item->span.begin);
	json_t *region = json_pack("{s:i, s:i}", "startLine", (int)begin.line, "startColumn", column_of(&begin));
	json_t *location;

	if (end.file == begin.file && item->span.end > item->span.begin) {
		json_object_set_new(region, "endLine", json_integer(end.line));
		json_object_set_new(region, "endColumn", json_integer(column_of(&end)));
	}
	location = json_pack("{s:{s:{s:o}, s:o}}", "physicalLocation", "artifactLocation", "uri",
			     uri_of(begin.file->name), "region", region);
	if (item->context_text)
		json_object_set_new(location, "logicalLocations",
				    json_pack("[{s:o}]", "fullyQualifiedName",
					      text_of(item->context_text, strlen(item->context_text))));
	return location;
}

/* --- results ------------------------------------------------------------- */

static uint64_t hash_of(const struct sk_lint_result *result, const struct sk_diagnostic *item)
{
	const char *code = sk_diagnostic_infos[item->id].code;
	uint64_t hash = XXH3_64bits(code, strlen(code));
	struct sk_place place;
	uint32_t length;

	if (item->context_text)
		hash = XXH3_64bits_withSeed(item->context_text, strlen(item->context_text), hash);
	if (!item->span.begin)
		return XXH3_64bits_withSeed(item->message, strlen(item->message), hash);
	place = sk_sources_place(result->diagnostics->sources, item->span.begin);
	if (!place.file)
		return hash;
	hash = XXH3_64bits_withSeed(place.file->name, strlen(place.file->name), hash);
	length = item->span.end > item->span.begin ? item->span.end - item->span.begin : 0;
	if (length > place.line_length - (place.column - 1))
		length = place.line_length - (place.column - 1);
	return XXH3_64bits_withSeed(place.line_text + place.column - 1, length, hash);
}

struct results {
	const struct sk_lint_result *result;
	json_t *array;
	uint64_t *hashes;
	uint32_t count;
};

static void add_result(struct results *results, const struct sk_diagnostic *item, const char *reason)
{
	const struct sk_diagnostic_info *info = &sk_diagnostic_infos[item->id];
	const uint64_t hash = hash_of(results->result, item);
	struct sk_buffer message = {0};
	char fingerprint[40];
	unsigned same = 1;
	json_t *object;

	for (uint32_t i = 0; i < results->count; i++)
		same += results->hashes[i] == hash;
	results->hashes[results->count++] = hash;
	snprintf(fingerprint, sizeof(fingerprint), "%016llx:%u", (unsigned long long)hash, same);
	sk_buffer_append_text(&message, item->message);
	if (item->hint)
		sk_buffer_printf(&message, " (%s)", item->hint);
	object = json_pack("{s:s, s:i, s:s, s:{s:o}, s:{s:s}}", "ruleId", info->code, "ruleIndex", (int)item->id,
			   "level", level_of(results->result, info), "message", "text",
			   text_of(message.bytes ? message.bytes : "", message.length), "partialFingerprints",
			   "primaryLocationLineHash", fingerprint);
	sk_buffer_release(&message);
	if (item->span.begin)
		json_object_set_new(object, "locations", json_pack("[o]", location(results->result, item)));
	if (reason)
		json_object_set_new(object, "suppressions",
				    json_pack("[{s:s, s:o}]", "kind", "inSource", "justification",
					      text_of(reason, strlen(reason))));
	json_array_append_new(results->array, object);
}

void sk_lint_print_sarif(const struct sk_lint_result *result, struct sk_buffer *buffer)
{
	const struct sk_lint_report *report = result->report;
	const size_t most = (size_t)result->diagnostics->count + report->allowed_count + 1;
	SK_CLEANUP_FREE uint64_t *hashes = sk_alloc_zeroed(most, sizeof(*hashes));
	struct results results = {.result = result, .array = json_array(), .hashes = hashes};
	json_t *root;

	for (uint32_t i = 0; hashes && i < result->diagnostics->count; i++)
		add_result(&results, &result->diagnostics->items[i], NULL);
	for (uint32_t i = 0; hashes && i < report->allowed_count; i++)
		add_result(&results, &report->allowed[i].diagnostic, report->allowed[i].reason);
	root = json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:s, s:o}}, s:s, s:o}]}", "$schema",
			 "https://json.schemastore.org/sarif-2.1.0.json", "version", "2.1.0", "runs", "tool",
			 "driver", "name", "saker lint", "version", SK_VERSION, "semanticVersion", SK_VERSION,
			 "rules", rules(), "columnKind", "unicodeCodePoints", "results", results.array);
	buffer->failed |= !hashes;
	sk_lint_append_json(root, buffer);
}
