/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML files as trees whose every byte knows its place in the file.
 *
 *   file ─► libyaml events ─► documents ─► SEQUENCE ─► MAPPING ─► SCALAR
 *                                                                  sk_text
 *
 * An alias is a second pointer to the anchored node, so the tree is a graph
 * without cycles; `expanded` says how large it would be as a tree, and is
 * limited.  Tags are dropped, and merge keys (`<<`) are ordinary keys, as in
 * the reference.
 */
#ifndef SK_COMPILER_YAML_H
#define SK_COMPILER_YAML_H

#include <stdbool.h>
#include <stdint.h>

#include "grammar/diagnostic.h"
#include "grammar/source.h"

enum {
	SK_YAML_SIZE_LIMIT = 16 * 1024 * 1024, /* bytes of a file */
	SK_YAML_DEPTH_LIMIT = 100,             /* sequences and mappings in each other */
	SK_YAML_NODE_LIMIT = 400 * 1000,       /* of a file, aliases expanded */
	SK_YAML_ITEM_LIMIT = 250 * 1000,       /* of one sequence or mapping */
	SK_YAML_ALIAS_LIMIT = 4 * 1024 * 1024, /* bytes that aliases add to a file */
};

enum sk_yaml_kind { SK_YAML_SCALAR, SK_YAML_SEQUENCE, SK_YAML_MAPPING };

struct sk_yaml_node {
	enum sk_yaml_kind kind;
	bool null;                   /* SCALAR: empty, ~ or null, plain and without a tag */
	struct sk_span span;         /* of a SCALAR as written; of a collection its first item */
	struct sk_text text;         /* SCALAR: decoded */
	struct sk_yaml_node **items; /* SEQUENCE; MAPPING: the values */
	struct sk_yaml_node **keys;  /* MAPPING */
	uint32_t count;
	uint32_t expanded; /* nodes of this tree, aliases expanded */
	uint64_t bytes;    /* of its texts, aliases expanded */
};

struct sk_yaml_stream {
	struct sk_yaml_node **documents;
	uint32_t count;
};

/*
 * Parses all documents of a file, which belongs to the diagnostics' sources.
 * Everything lives in `arena`.  Returns 0; -EINVAL after reporting
 * SK_DIAGNOSTIC_YAML_PARSE; -ENOMEM.
 */
int sk_yaml_parse(const struct sk_source_file *file, struct sk_arena *arena, struct sk_diagnostics *diagnostics,
		  struct sk_yaml_stream *ret_stream);

/* The first value under `key`; NULL if there is none. */
struct sk_yaml_node *sk_yaml_get(const struct sk_yaml_node *mapping, const char *key);

/* True if a node is a scalar with exactly this text. */
bool sk_yaml_equals(const struct sk_yaml_node *node, const char *text);

/* How a scalar was written: what its decoded text differs by from the file. */
enum sk_yaml_style { SK_YAML_PLAIN, SK_YAML_SINGLE_QUOTED, SK_YAML_DOUBLE_QUOTED, SK_YAML_BLOCK };

/* libyaml's `style` (yaml_scalar_style_t) of a scalar event or token; literal and folded ones are both BLOCK. */
enum sk_yaml_style sk_yaml_style_of(int style);

/*
 * Finds every byte of a decoded scalar in the file again.  `begin` and `end`
 * bound what was written, properties (tag, anchor) included.  Returns 0 or
 * -ENOMEM.  For yaml.c and its tests.
 */
int sk_yaml_align(const struct sk_source_file *file, size_t begin, size_t end, enum sk_yaml_style style,
		  const char *decoded, size_t length, struct sk_arena *arena, struct sk_text *ret_text);

#endif
