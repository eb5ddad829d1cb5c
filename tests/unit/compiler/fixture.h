/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pack made by hand for tests of the compiler's second half: rules and
 * macros with parsed conditions, without YAML.
 *
 *   struct fixture pack;
 *   fixture_begin(&pack);
 *   fixture_macro(&pack, "m", "proc.name = cat");
 *   fixture_rule(&pack, "r", "m and evt.type = open", "%proc.name");
 *   CHECK_EQUAL(fixture_compile(&pack), 0);
 *   ...
 *   fixture_end(&pack);
 *
 * Every condition and output is a source file of its own, named after its
 * rule or macro: `r.condition`, `r.output`, `m.condition`.
 */
#ifndef SK_TESTS_COMPILER_FIXTURE_H
#define SK_TESTS_COMPILER_FIXTURE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/compile.h"
#include "grammar/parse.h"
#include "vm/bundle.h"

enum { FIXTURE_LIMIT = 4096 };

struct fixture {
	struct sk_arena arena;
	struct sk_sources sources;
	struct sk_diagnostics diagnostics;
	struct sk_pack pack;
	struct sk_pack_rule *rules;
	struct sk_pack_macro *macros;
	struct sk_compile_options options;
	struct sk_compile_summary summary;
	struct sk_buffer bytes;
	struct sk_bundle bundle; /* after fixture_open() */
	struct sk_error error;
};

static void fixture_begin(struct fixture *fixture)
{
	memset(fixture, 0, sizeof(*fixture));
	sk_sources_init(&fixture->sources, &fixture->arena);
	sk_diagnostics_init(&fixture->diagnostics, &fixture->sources, &fixture->arena);
	fixture->macros = sk_arena_alloc_zeroed(&fixture->arena, FIXTURE_LIMIT, sizeof(*fixture->macros));
	fixture->rules = sk_arena_alloc_zeroed(&fixture->arena, FIXTURE_LIMIT, sizeof(*fixture->rules));
	fixture->pack = (struct sk_pack){.arena = &fixture->arena,
					 .diagnostics = &fixture->diagnostics,
					 .rules = fixture->rules,
					 .macros = fixture->macros};
	fixture->options.priority = 7;
}

static void fixture_end(struct fixture *fixture)
{
	sk_buffer_release(&fixture->bytes);
	sk_arena_release(&fixture->arena);
}

static struct sk_text fixture_text(struct fixture *fixture, const char *name, const char *part, const char *bytes,
				   size_t length)
{
	const struct sk_source_file *file = sk_sources_add(
		&fixture->sources, sk_arena_printf(&fixture->arena, "%s.%s", name, part), bytes, length);

	return (struct sk_text){.bytes = file->bytes, .length = (uint32_t)length, .first = file->first};
}

/* Sets the bodies of the macros that a tree names; unknown ones stay NULL. */
static void fixture_resolve(struct fixture *fixture, struct sk_node *node)
{
	switch (node->kind) {
	case SK_NODE_AND:
	case SK_NODE_OR:
	case SK_NODE_NOT:
		for (uint32_t i = 0; i < node->count; i++)
			fixture_resolve(fixture, node->children[i]);
		break;
	case SK_NODE_CHECK:
		break;
	case SK_NODE_MACRO:
		for (uint32_t i = 0; i < fixture->pack.macro_count; i++) {
			if (strcmp(fixture->macros[i].name, node->name) == 0)
				node->body = fixture->macros[i].tree;
		}
		break;
	}
}

/* A condition's tree, NULL after a syntax error. */
static struct sk_node *fixture_parse(struct fixture *fixture, const struct sk_text *text, uint32_t depth)
{
	struct sk_node *tree = sk_parse_condition(text, depth, &fixture->arena, &fixture->diagnostics);

	if (tree)
		fixture_resolve(fixture, tree);
	return tree;
}

static void fixture_macro(struct fixture *fixture, const char *name, const char *condition)
{
	struct sk_pack_macro *macro = &fixture->macros[fixture->pack.macro_count];

	macro->name = sk_arena_copy(&fixture->arena, name, strlen(name));
	macro->condition = fixture_text(fixture, name, "condition", condition, strlen(condition));
	macro->tree = fixture_parse(fixture, &macro->condition, SK_PARSE_DEPTH_PACK);
	fixture->pack.macro_count++;
}

/* The new rule, which a test may change further before it compiles. */
static struct sk_pack_rule *fixture_rule(struct fixture *fixture, const char *name, const char *condition,
					 const char *output)
{
	struct sk_pack_rule *rule = &fixture->rules[fixture->pack.rule_count++];
	const struct sk_source_file *file;

	*rule = (struct sk_pack_rule){.name = sk_arena_copy(&fixture->arena, name, strlen(name)),
				      .source = "syscall",
				      .priority = 4,
				      .enabled = true,
				      .warn_evttypes = true};
	file = sk_sources_add(&fixture->sources, sk_arena_printf(&fixture->arena, "%s.rule", name), name,
			      strlen(name));
	rule->span = (struct sk_span){file->first, file->first + (sk_position)strlen(name)};
	rule->condition = fixture_text(fixture, name, "condition", condition, strlen(condition));
	rule->output = fixture_text(fixture, name, "output", output, strlen(output));
	rule->description = (struct sk_text){.bytes = "", .length = 0};
	rule->tree = fixture_parse(fixture, &rule->condition, SK_PARSE_DEPTH_PACK);
	return rule;
}

static int fixture_compile(struct fixture *fixture)
{
	return sk_compile_pack(&fixture->pack, &fixture->options, &fixture->bytes, &fixture->summary);
}

/* Compiles and opens the bundle; 0, or the error of either. */
static int fixture_open(struct fixture *fixture)
{
	int error = fixture_compile(fixture);

	return error ? error
		     : sk_bundle_from_memory(fixture->bytes.bytes, fixture->bytes.length, &fixture->bundle,
					     &fixture->error);
}

/* The diagnostic with this code whose message contains `text`; NULL without. */
static const struct sk_diagnostic *fixture_find(const struct fixture *fixture, enum sk_diagnostic_id id,
						const char *text)
{
	for (uint32_t i = 0; i < fixture->diagnostics.count; i++) {
		const struct sk_diagnostic *item = &fixture->diagnostics.items[i];

		if (item->id == id && strstr(item->message, text))
			return item;
	}
	return NULL;
}

/* The text that a diagnostic underlines. */
static const char *fixture_marked(struct fixture *fixture, const struct sk_diagnostic *item)
{
	struct sk_place place;

	if (!item)
		return "(no such diagnostic)";
	place = sk_sources_place(&fixture->sources, item->span.begin);
	if (!place.file)
		return "(nowhere)";
	return sk_arena_printf(&fixture->arena, "%s: %.*s", place.file->name,
			       (int)(item->span.end - item->span.begin), place.line_text + place.column - 1);
}

/* Everything that was said, for a failing test's log. */
static void fixture_print(const struct fixture *fixture)
{
	for (uint32_t i = 0; i < fixture->diagnostics.count; i++) {
		const struct sk_diagnostic *item = &fixture->diagnostics.items[i];

		printf("# %s: %s%s%s\n", sk_diagnostic_infos[item->id].code, item->message, item->hint ? "; " : "",
		       item->hint ? item->hint : "");
	}
}

#endif
