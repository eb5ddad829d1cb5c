/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must hold of a layout, for tests:
 *
 *   check_layout(name, bytes, length) ─┬─ layout(layout(x)) == layout(x)
 *                                      ├─ comments(layout(x)) == comments(x)
 *                                      └─ bundle(layout(x)) == bundle(x), but for LOCATIONS
 *
 * LOCATIONS holds the lines and columns of predicates and rules, which a
 * layout changes; every other section must be the same bytes.
 */
#ifndef SK_TESTS_FORMAT_FORMATTING_H
#define SK_TESTS_FORMAT_FORMATTING_H

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "compiler/compile.h"
#include "compiler/format/document.h"
#include "compiler/format/format.h"
#include "tests/test.h"
#include "vm/bundle.h"

/* The layout, which the caller releases, or what was wrong; `*ret_result` tells which. */
static struct sk_buffer format_text(const char *bytes, size_t length, int *ret_result)
{
	struct sk_diagnostics diagnostics;
	struct sk_sources sources;
	struct sk_arena arena = {0};
	struct sk_buffer text = {0};

	sk_sources_init(&sources, &arena);
	sk_diagnostics_init(&diagnostics, &sources, &arena);
	*ret_result = sk_format_pack("x.yaml", bytes, length, &diagnostics, &text);
	if (*ret_result < 0) {
		CHECK_EQUAL(text.length, 0);
		sk_diagnostics_print(&diagnostics, false, &text);
	}
	sk_arena_release(&arena);
	return text;
}

/* A bundle of the bytes as "x.yaml"; NULL if they have errors.  The caller releases `buffer`. */
static const struct sk_bundle *compile_text(const char *bytes, size_t length, struct sk_buffer *buffer,
					    struct sk_bundle *bundle)
{
	struct sk_compile_source source = {.name = "x.yaml", .bytes = bytes, .size = length};
	struct sk_compile_options options = {.priority = 7};
	struct sk_diagnostics diagnostics;
	struct sk_sources sources;
	struct sk_arena arena = {0};
	struct sk_error error = {0};
	int result;

	sk_sources_init(&sources, &arena);
	sk_diagnostics_init(&diagnostics, &sources, &arena);
	result = sk_compile_sources(&source, 1, &options, &diagnostics, buffer, NULL);
	sk_arena_release(&arena);
	if (result < 0)
		return NULL;
	CHECK_EQUAL(sk_bundle_from_memory(buffer->bytes, buffer->length, bundle, &error), 0);
	return bundle;
}

/* Returns whether both compile; fails the test if they differ. */
static bool check_same_bundle(const char *before, size_t before_length, const char *after, size_t after_length)
{
	struct sk_buffer one_bytes = {0}, other_bytes = {0};
	struct sk_bundle one_bundle, other_bundle;
	const struct sk_bundle *one = compile_text(before, before_length, &one_bytes, &one_bundle);
	const struct sk_bundle *other = compile_text(after, after_length, &other_bytes, &other_bundle);

	CHECK_EQUAL(one != NULL, other != NULL);
	if (one && other) {
		CHECK_EQUAL(one->size, other->size);
#define SK_SECTION(id, member, record, what)                                                                       \
	CHECK_EQUAL(one->member##_count, other->member##_count);                                                   \
	if (SK_SECTION_##id != SK_SECTION_LOCATIONS && one->member##_count == other->member##_count)               \
		CHECK(memcmp(one->member, other->member, one->member##_count * sizeof(record)) == 0);
		SK_SECTIONS(SK_SECTION)
#undef SK_SECTION
	}
	sk_buffer_release(&one_bytes);
	sk_buffer_release(&other_bytes);
	return one && other;
}

static int compare_texts(const void *left, const void *right)
{
	const struct sk_format_comment *one = left, *other = right;
	int order = strncmp(one->text, other->text, one->length < other->length ? one->length : other->length);

	return order ? order : (int)one->length - (int)other->length;
}

static uint32_t find_comments(struct sk_arena *arena, struct sk_sources *sources, const char *bytes, size_t length,
			      struct sk_format_comment **ret_comments)
{
	const struct sk_source_file *file = sk_sources_add(sources, "x.yaml", bytes, length);
	uint32_t count = 0;

	CHECK_EQUAL(sk_format_find_comments(file, arena, ret_comments, &count), 0);
	if (count)
		qsort(*ret_comments, count, sizeof(**ret_comments), compare_texts);
	return count;
}

static uint32_t check_same_comments(const char *before, size_t before_length, const char *after,
				    size_t after_length)
{
	struct sk_format_comment *one = NULL, *other = NULL;
	struct sk_arena arena = {0};
	struct sk_sources sources;
	uint32_t count, other_count;

	sk_sources_init(&sources, &arena);
	count = find_comments(&arena, &sources, before, before_length, &one);
	other_count = find_comments(&arena, &sources, after, after_length, &other);
	CHECK_EQUAL(other_count, count);
	for (uint32_t i = 0; i < count && i < other_count; i++)
		CHECK(compare_texts(&one[i], &other[i]) == 0);
	sk_arena_release(&arena);
	return count;
}

/* All that must hold.  Returns the number of comments; `*ret_compiled` (may be NULL): it compiles. */
static uint32_t check_layout(const char *name, const char *bytes, size_t length, bool *ret_compiled)
{
	int result, again, failures = test_failures;
	struct sk_buffer once = format_text(bytes, length, &result), twice = {0};
	uint32_t comments = 0;
	bool compiled = false;

	CHECK_EQUAL(result, 0);
	if (result == 0) {
		twice = format_text(once.bytes ? once.bytes : "", once.length, &again);
		CHECK_EQUAL(again, 0);
		CHECK_TEXT(twice.bytes ? twice.bytes : "", once.bytes ? once.bytes : "");
		comments = check_same_comments(bytes, length, once.bytes ? once.bytes : "", once.length);
		compiled = check_same_bundle(bytes, length, once.bytes ? once.bytes : "", once.length);
	}
	if (test_failures > failures) {
		printf("# in %s:\n", name);
		for (const char *line = bytes; *line; line += strcspn(line, "\n"), line += *line == '\n')
			printf("# | %.*s\n", (int)strcspn(line, "\n"), line);
		if (result < 0)
			printf("# it said: %.200s\n", once.bytes ? once.bytes : "");
	}
	sk_buffer_release(&once);
	sk_buffer_release(&twice);
	if (ret_compiled)
		*ret_compiled = compiled;
	return comments;
}

static char *read_whole(const char *path, size_t *ret_length)
{
	FILE *file = fopen(path, "re");
	char *bytes = NULL;
	long size;

	if (!file)
		return NULL;
	if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0 && fseek(file, 0, SEEK_SET) == 0 &&
	    (bytes = calloc(1, (size_t)size + 1)))
		*ret_length = fread(bytes, 1, (size_t)size, file);
	fclose(file);
	return bytes;
}

/* Every *.yaml of a folder.  Returns how many were laid out; those that YAML or the loader's form refuses are not. */
static unsigned check_folder(const char *folder, unsigned *ret_refused, unsigned *ret_compiled)
{
	DIR *directory = opendir(folder);
	struct dirent *entry;
	unsigned count = 0;

	while (directory && (entry = readdir(directory))) {
		char path[512];
		struct sk_buffer text;
		size_t length = 0;
		bool compiled;
		char *bytes;
		int result;

		if (!strstr(entry->d_name, ".yaml"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		bytes = read_whole(path, &length);
		CHECK(bytes != NULL);
		text = format_text(bytes ? bytes : "", length, &result);
		sk_buffer_release(&text);
		if (result == -EINVAL) {
			++*ret_refused;
		} else if (bytes) {
			check_layout(path, bytes, length, &compiled);
			*ret_compiled += compiled;
			count++;
		}
		free(bytes);
	}
	if (directory)
		closedir(directory);
	return count;
}

#endif
