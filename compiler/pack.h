/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packs: what the YAML files define, after appends, overrides, exceptions,
 * list substitution and macro resolution (spec/rule-language.md section 1).
 *
 *   files ─► sk_pack_load() ─► lists, macros, rules as collected
 *                              │ sk_pack_resolve()
 *                              ▼
 *            rules with parsed conditions, macros resolved
 *
 * A macro's tree is parsed once and shared: every SK_NODE_MACRO that names it
 * has it as its `body`.  So the trees are a graph without cycles, whose size
 * is that of the text, while the condition that it stands for may be
 * exponentially larger: who walks it remembers what was walked.
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

/* Nodes of a resolved tree in each other, through macros: it can be walked recursively. */
enum { SK_PACK_HEIGHT_LIMIT = 2000 };

struct sk_pack_list {
	const char *name;
	struct sk_span span;
	struct sk_text *items; /* as collected */
	uint32_t item_count;
	uint32_t index, visibility;
	bool used; /* after sk_pack_report_unused() */

	/* For pack.c and expand.c. */
	uint32_t item_capacity;
	uint32_t name_length;
	uint32_t next_same_word;       /* the next list whose name has the same first word */
	const struct sk_text *written; /* what replaces the name; NULL: not put together since a list changed */
	uint32_t asked;                /* the text that it was last queued for */
	bool referred;                 /* another list has its items */
};

struct sk_pack_macro {
	const char *name;
	struct sk_span span;
	struct sk_text condition; /* as collected */
	uint32_t index, visibility;
	struct sk_node *tree; /* after resolution; NULL: it has errors, which were reported */
	bool used;            /* after sk_pack_report_unused() */

	/* For pack.c, expand.c and resolve.c. */
	uint32_t condition_capacity;
	bool redefined; /* since the last resolution */
	struct sk_pack_resolution *resolution;
};

struct sk_pack_exception {
	const char *name;
	struct sk_span span;
	bool scalar; /* `fields` is one field, not a list */
	struct sk_text *fields;
	struct sk_text *comps;
	uint32_t field_count, comp_count;
	bool comps_scalar;
	struct sk_pack_exception_value *values;
	uint32_t value_count, value_capacity;
};

/* A value of an exception: text, or a list of such (a tuple, or in a tuple a list of text). */
struct sk_pack_exception_value {
	struct sk_span span;
	bool list;
	struct sk_text text;                   /* not a list */
	struct sk_pack_exception_value *items; /* a list */
	uint32_t count;
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
	const struct sk_text *expanded; /* condition with exceptions and lists written in */
	struct sk_node *tree;           /* NULL: it has errors, which were reported */
	bool changed; /* it, or a macro it refers to, since someone cleared this; set by sk_pack_resolve() */

	/* For pack.c, expand.c and resolve.c. */
	uint32_t condition_capacity, output_capacity, description_capacity, tag_capacity, exception_capacity;
	bool redefined; /* something was collected since the last resolution */
	struct sk_pack_resolution *resolution;
};

/* A plugin that counts as loaded when packs require it. */
struct sk_pack_plugin {
	const char *name;
	const char *version; /* X.Y.Z */
};

struct sk_pack {
	struct sk_arena *arena;
	struct sk_diagnostics *diagnostics;
	struct sk_pack_list *lists;
	struct sk_pack_macro *macros;
	struct sk_pack_rule *rules; /* in order of first definition */
	uint32_t list_count, macro_count, rule_count;
	uint32_t next_index;
	const struct sk_pack_plugin *plugins; /* what is loaded; set by sk_pack_init(), may be replaced */
	uint32_t plugin_count;
	const char *required_engine_version; /* the highest that was asked for; NULL: none */
	struct sk_pack_state *state;         /* defined in pack_private.h */
};

/* An empty pack.  What it holds lives in `arena`.  Returns 0 or -ENOMEM. */
int sk_pack_init(struct sk_pack *pack, struct sk_arena *arena, struct sk_diagnostics *diagnostics);

/*
 * Collects the items of one file, which was added to the diagnostics' sources,
 * and checks the plugins that it requires.  Everything wrong is reported, what
 * is wrong is left out.  Returns 0; -EINVAL after an error; -ENOMEM.
 */
int sk_pack_load(struct sk_pack *pack, const struct sk_source_file *file);

/*
 * Expands exceptions and lists, parses conditions, resolves macros, of
 * everything collected so far; what has not changed since the last call is
 * kept.  Rules with errors keep tree == NULL; an error is reported once.
 * Returns 0; -EINVAL after an error; -ENOMEM.
 */
int sk_pack_resolve(struct sk_pack *pack);

bool sk_pack_rule_has_tag(const struct sk_pack_rule *rule, const char *tag);

/* True of names that conditions can refer to; others get a warning. */
bool sk_pack_is_macro_name(const char *name);
bool sk_pack_is_list_name(const char *name);

/*
 * The lists that were written into the condition of a rule or macro, exceptions
 * included: numbers in `lists`, each once.  `resolution` is the rule's or
 * macro's; NULL: none.
 */
const uint32_t *sk_pack_lists_used(const struct sk_pack_resolution *resolution, uint32_t *ret_count);

/* Reports LOAD_UNUSED_*; only after a compile without errors. */
void sk_pack_report_unused(struct sk_pack *pack);

#endif
