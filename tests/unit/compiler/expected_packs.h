/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packs that say in comments what is to be said about them, beside the line
 * that it is about.
 *
 *   # expect-ok                                      the pack compiles
 *   condition: foo     # expect: error LOAD_ERR_VALIDATE Undefined macro
 *   # expect-next: warning LOAD_UNUSED_LIST          about the line below
 *   # expect-hint: did you mean                      some hint says so
 *
 * After the code follows a part of the message.  Nothing else may be said: a
 * diagnostic that no comment expects fails too.
 */
#ifndef SK_TESTS_COMPILER_EXPECTED_PACKS_H
#define SK_TESTS_COMPILER_EXPECTED_PACKS_H

#include <dirent.h>
#include <stdlib.h>

#include "compiler/compile.h"
#include "tests/test.h"

enum { MOST_EXPECTED = 64, MOST_FILES = 256 };

struct expectation {
	uint32_t line;
	enum sk_severity severity;
	char code[64], message[256];
	bool met;
};

struct pack {
	char path[512];
	struct expectation expected[MOST_EXPECTED];
	uint32_t count;
	char hints[MOST_EXPECTED][128];
	uint32_t hint_count;
	bool ok;
};

static void copy_trimmed(char *out, size_t size, const char *text)
{
	size_t length = strcspn(text, "\n");

	while (length && text[length - 1] == ' ')
		length--;
	snprintf(out, size, "%.*s", (int)length, text);
}

/* "error CODE part of the message" */
static bool read_expectation(struct pack *pack, const char *text, uint32_t line)
{
	struct expectation *expected = &pack->expected[pack->count];
	char severity[16];
	int length = 0;

	if (pack->count == MOST_EXPECTED || sscanf(text, "%15s %63s %n", severity, expected->code, &length) != 2)
		return false;
	expected->line = line;
	expected->severity = strcmp(severity, "error") == 0 ? SK_SEVERITY_ERROR : SK_SEVERITY_WARNING;
	copy_trimmed(expected->message, sizeof(expected->message), text + length);
	pack->count++;
	return true;
}

static bool read_comments(struct pack *pack)
{
	FILE *file = fopen(pack->path, "re");
	char *line = NULL;
	size_t capacity = 0;
	uint32_t number = 0;
	bool readable = file != NULL;

	while (readable && getline(&line, &capacity, file) > 0) {
		const char *mark;

		number++;
		if ((mark = strstr(line, "# expect: ")))
			readable = read_expectation(pack, mark + 10, number);
		else if ((mark = strstr(line, "# expect-next: ")))
			readable = read_expectation(pack, mark + 15, number + 1);
		else if ((mark = strstr(line, "# expect-hint: ")) && pack->hint_count < MOST_EXPECTED)
			copy_trimmed(pack->hints[pack->hint_count++], sizeof(pack->hints[0]), mark + 15);
		else if (strstr(line, "# expect-ok"))
			pack->ok = true;
	}
	free(line);
	if (file)
		fclose(file);
	return readable;
}

static bool meets(const struct expectation *expected, const struct sk_diagnostic *said, uint32_t line)
{
	const struct sk_diagnostic_info *info = &sk_diagnostic_infos[said->id];

	return !expected->met && expected->line == line && expected->severity == info->severity &&
	       strcmp(expected->code, info->code) == 0 && strstr(said->message, expected->message);
}

static void check_said(struct pack *pack, const struct sk_diagnostics *diagnostics)
{
	for (uint32_t i = 0; i < diagnostics->count; i++) {
		const struct sk_diagnostic *said = &diagnostics->items[i];
		struct sk_place place = sk_sources_place(diagnostics->sources, said->span.begin);
		bool met = false;

		for (uint32_t k = 0; k < pack->count && !met; k++) {
			met = meets(&pack->expected[k], said, place.line);
			pack->expected[k].met |= met;
		}
		if (met)
			continue;
		test_failures++;
		printf("# %s:%u: not expected: %s %s\n", pack->path, place.line, sk_diagnostic_infos[said->id].code,
		       said->message);
	}
	for (uint32_t k = 0; k < pack->count; k++) {
		if (pack->expected[k].met)
			continue;
		test_failures++;
		printf("# %s:%u: not said: %s %s\n", pack->path, pack->expected[k].line, pack->expected[k].code,
		       pack->expected[k].message);
	}
}

static void check_hints(const struct pack *pack, const struct sk_diagnostics *diagnostics)
{
	for (uint32_t k = 0; k < pack->hint_count; k++) {
		bool found = false;

		for (uint32_t i = 0; i < diagnostics->count; i++)
			found |= diagnostics->items[i].hint && strstr(diagnostics->items[i].hint, pack->hints[k]);
		if (found)
			continue;
		test_failures++;
		printf("# %s: no hint says: %s\n", pack->path, pack->hints[k]);
	}
}

/* Says everything there is to say about a file: 0, or an error that was reported. */
typedef int (*say_fn)(const char *path, struct sk_diagnostics *diagnostics);

static void check_pack(struct pack *pack, say_fn say)
{
	struct sk_diagnostics diagnostics;
	struct sk_sources sources;
	struct sk_arena arena = {0};
	bool errors = false;
	int result;

	if (!read_comments(pack)) {
		test_failures++;
		printf("# %s: cannot read what it expects\n", pack->path);
		return;
	}
	sk_sources_init(&sources, &arena);
	sk_diagnostics_init(&diagnostics, &sources, &arena);
	result = say(pack->path, &diagnostics);
	for (uint32_t k = 0; k < pack->count; k++)
		errors |= pack->expected[k].severity == SK_SEVERITY_ERROR;
	if ((result == 0) == errors || (pack->ok && result != 0) || !(errors || pack->ok)) {
		test_failures++;
		printf("# %s: result %d\n", pack->path, result);
	}
	check_said(pack, &diagnostics);
	check_hints(pack, &diagnostics);
	sk_arena_release(&arena);
}

static int compare_names(const void *left, const void *right)
{
	return strcmp(left, right);
}

/* All packs of a folder, which has at least so many. */
static void check_packs(const char *folder_path, size_t least, say_fn say)
{
	static char names[MOST_FILES][256];
	static struct pack pack;
	DIR *folder = opendir(folder_path);
	struct dirent *entry;
	size_t count = 0;

	CHECK(folder != NULL);
	while (folder && count < MOST_FILES && (entry = readdir(folder))) {
		if (strstr(entry->d_name, ".yaml"))
			snprintf(names[count++], sizeof(names[0]), "%s", entry->d_name);
	}
	if (folder)
		closedir(folder);
	qsort(names, count, sizeof(names[0]), compare_names);
	for (size_t i = 0; i < count; i++) {
		memset(&pack, 0, sizeof(pack));
		snprintf(pack.path, sizeof(pack.path), "%s/%.255s", folder_path, names[i]);
		check_pack(&pack, say);
	}
	printf("# %zu packs\n", count);
	CHECK(count >= least);
}

#endif
