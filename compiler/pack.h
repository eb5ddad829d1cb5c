/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packs: what the YAML files define, after appends, overrides, exceptions,
 * list substitution and macro resolution (spec/rule-language.md section 1).
 *
 *   files ─► sk_pack_load() ─► lists, macros, rules as collected
 *                              │ sk_pack_resolve()
 *                              ▼
 *            rules with parsed conditions, macros resolved
 */
#ifndef SK_COMPILER_PACK_H
#define SK_COMPILER_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "grammar/ast.h"
#include "grammar/diagnostic.h"

/* What this engine says it is: spec/rule-language.md section 1.3. */
#define SK_ENGINE_VERSION "0.63.0"
/* The plugin whose fields are built in, as required_plugin_versions sees it. */
#define SK_CONTAINER_PLUGIN_VERSION "0.7.2"

struct sk_pack_list {
	const char *name;
	struct sk_span span;
	struct sk_text *items; /* as collected */
	uint32_t item_count;
	uint32_t index, visibility;
	bool used;
};

struct sk_pack_macro {
	const char *name;
	struct sk_span span;
	struct sk_text condition; /* as collected */
	uint32_t index, visibility;
	struct sk_node *tree; /* after resolution */
	bool used;
};

struct sk_pack_exception {
	const char *name;
	struct sk_span span;
	bool scalar; /* `fields` is one field, not a list */
	struct sk_text *fields;
	struct sk_text *comps;
	uint32_t field_count;
	struct sk_pack_exception_value *values; /* defined in pack.c */
	uint32_t value_count;
};

struct sk_pack_rule {
	const char *name;
	struct sk_span span;      /* of the name */
	struct sk_text condition; /* as collected */
	struct sk_text output;    /* as collected */
	struct sk_text description;
	const char *source;
	const char **tags; /* sorted bytewise, unique */
	uint32_t tag_count;
	struct sk_pack_exception *exceptions;
	uint32_t exception_count;
	uint32_t index, visibility;
	uint32_t capture_duration;
	uint8_t priority; /* 0 Emergency ... 7 Debug */
	bool enabled, capture, warn_evttypes, skip_if_unknown_filter;
	bool unknown_source; /* collected but never compiled */

	/* After resolution. */
	struct sk_text *expanded; /* condition with exceptions and lists written in */
	struct sk_node *tree;     /* NULL: it has errors, which were reported */
};

struct sk_pack {
	struct sk_arena *arena;
	struct sk_diagnostics *diagnostics;
	struct sk_pack_list *lists;
	struct sk_pack_macro *macros;
	struct sk_pack_rule *rules; /* in order of first definition */
	uint32_t list_count, macro_count, rule_count;
	uint32_t next_index;
	void *names; /* lookup by name; owned by pack.c */
};

int sk_pack_init(struct sk_pack *pack, struct sk_arena *arena, struct sk_diagnostics *diagnostics);

/*
 * Collects the items of one file, which was added to the diagnostics' sources.
 * Everything wrong is reported; returns 0, or -EINVAL after an error.
 */
int sk_pack_load(struct sk_pack *pack, const struct sk_source_file *file);

/*
 * Expands exceptions and lists, parses conditions, resolves macros, of
 * everything collected so far.  Rules with errors keep tree == NULL.  Returns
 * 0, or -EINVAL after an error.
 */
int sk_pack_resolve(struct sk_pack *pack);

/* Reports LOAD_UNUSED_*; only after a compile without errors. */
void sk_pack_report_unused(struct sk_pack *pack);

#endif
