/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pack loaded from YAML in memory, for tests of the compiler's first half.
 *
 *   struct pack_fixture fixture;
 *   pack_begin(&fixture);
 *   CHECK_EQUAL(pack_load(&fixture, "- list: a\n  items: [b]\n"), 0);
 *   CHECK(pack_said(&fixture, "LOAD_UNKNOWN_KEY", "Unknown key"));
 *   pack_end(&fixture);
 */
#ifndef SK_TESTS_COMPILER_PACK_FIXTURE_H
#define SK_TESTS_COMPILER_PACK_FIXTURE_H

#include <stdio.h>
#include <string.h>

#include "compiler/pack_private.h"
#include "tests/test.h"

/* The keys that every rule needs besides its condition. */
#define REST "  desc: d\n  output: o\n  priority: DEBUG\n"

struct pack_fixture {
	struct sk_arena arena;
	struct sk_sources sources;
	struct sk_diagnostics diagnostics;
	struct sk_pack pack;
	char text[4096]; /* of the last pack_condition() */
};

static void pack_begin(struct pack_fixture *fixture)
{
	memset(fixture, 0, sizeof(*fixture));
	sk_sources_init(&fixture->sources, &fixture->arena);
	sk_diagnostics_init(&fixture->diagnostics, &fixture->sources, &fixture->arena);
	CHECK_EQUAL(sk_pack_init(&fixture->pack, &fixture->arena, &fixture->diagnostics), 0);
}

static void pack_end(struct pack_fixture *fixture)
{
	sk_arena_release(&fixture->arena);
}

/* Loads and resolves one file. */
static int pack_load_bytes(struct pack_fixture *fixture, const char *yaml, size_t size)
{
	char name[32];
	const struct sk_source_file *file;
	int result, resolved;

	snprintf(name, sizeof(name), "file%u.yaml", fixture->sources.count);
	file = sk_sources_add(&fixture->sources, name, yaml, size);
	if (!file)
		return -1;
	result = sk_pack_load(&fixture->pack, file);
	resolved = sk_pack_resolve(&fixture->pack);
	return result < 0 ? result : resolved;
}

static int pack_load(struct pack_fixture *fixture, const char *yaml)
{
	return pack_load_bytes(fixture, yaml, strlen(yaml));
}

static const struct sk_diagnostic *pack_said(const struct pack_fixture *fixture, const char *code,
					     const char *message)
{
	for (uint32_t i = 0; i < fixture->diagnostics.count; i++) {
		const struct sk_diagnostic *item = &fixture->diagnostics.items[i];

		if (strcmp(sk_diagnostic_infos[item->id].code, code) == 0 && strstr(item->message, message))
			return item;
	}
	return NULL;
}

static bool pack_hinted(const struct pack_fixture *fixture, const char *hint)
{
	for (uint32_t i = 0; i < fixture->diagnostics.count; i++) {
		if (fixture->diagnostics.items[i].hint && strstr(fixture->diagnostics.items[i].hint, hint))
			return true;
	}
	return false;
}

static const struct sk_pack_rule *pack_rule(struct pack_fixture *fixture, const char *name)
{
	return sk_pack_find_rule(&fixture->pack, name);
}

/* The canonical condition of a rule, macros written out; "" if it has none. */
static const char *pack_condition(struct pack_fixture *fixture, const char *name)
{
	const struct sk_pack_rule *rule = pack_rule(fixture, name);
	struct sk_buffer buffer = {0};

	if (rule && rule->tree)
		sk_node_print(rule->tree, &buffer);
	snprintf(fixture->text, sizeof(fixture->text), "%s", buffer.bytes ? buffer.bytes : "");
	sk_buffer_release(&buffer);
	return fixture->text;
}

/* "line:column" of a span. */
static const char *pack_place(struct pack_fixture *fixture, struct sk_span span)
{
	struct sk_place place = sk_sources_place(&fixture->sources, span.begin);

	snprintf(fixture->text, sizeof(fixture->text), "%u:%u", place.line, place.column);
	return fixture->text;
}

static void pack_show(const struct pack_fixture *fixture)
{
	struct sk_buffer text = {0};

	sk_diagnostics_print(&fixture->diagnostics, false, &text);
	for (char *line = text.bytes ? strtok(text.bytes, "\n") : NULL; line; line = strtok(NULL, "\n"))
		printf("# %s\n", line);
	sk_buffer_release(&text);
}

#endif
