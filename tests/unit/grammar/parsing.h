/* SPDX-License-Identifier: Apache-2.0 */
/* A text, parsed, with everything that hangs on it. */
#ifndef SK_TESTS_GRAMMAR_PARSING_H
#define SK_TESTS_GRAMMAR_PARSING_H

#include <string.h>

#include "grammar/parse.h"

struct parsing {
	struct sk_arena arena;
	struct sk_sources sources;
	struct sk_diagnostics diagnostics;
	struct sk_text text;
	struct sk_node *tree;
	struct sk_output *output;
	struct sk_buffer buffer;
};

static inline void parsing_init(struct parsing *parsing, const char *bytes, size_t length)
{
	const struct sk_source_file *file;

	memset(parsing, 0, sizeof(*parsing));
	sk_arena_init(&parsing->arena, 0);
	sk_sources_init(&parsing->sources, &parsing->arena);
	sk_diagnostics_init(&parsing->diagnostics, &parsing->sources, &parsing->arena);
	file = sk_sources_add(&parsing->sources, "test.yaml", bytes, length);
	parsing->text = (struct sk_text){.bytes = file->bytes, .length = (uint32_t)length, .first = file->first};
}

static inline void parsing_release(struct parsing *parsing)
{
	sk_buffer_release(&parsing->buffer);
	sk_arena_release(&parsing->arena);
}

static inline void parsing_condition(struct parsing *parsing, const char *bytes, size_t length,
				     uint32_t depth_limit)
{
	parsing_init(parsing, bytes, length);
	parsing->tree = sk_parse_condition(&parsing->text, depth_limit, &parsing->arena, &parsing->diagnostics);
	if (parsing->tree)
		sk_node_print(parsing->tree, &parsing->buffer);
}

/* The canonical text; "error: MESSAGE" of the first diagnostic if there is no tree. */
static inline const char *parsing_canonical(struct parsing *parsing, const char *bytes)
{
	parsing_condition(parsing, bytes, strlen(bytes), SK_PARSE_DEPTH_DEFAULT);
	if (!parsing->tree)
		sk_buffer_printf(&parsing->buffer, "error: %s",
				 parsing->diagnostics.count ? parsing->diagnostics.items[0].message : "none");
	return parsing->buffer.bytes;
}

#define CHECK_CANONICAL(text, expected)                                                                            \
	do {                                                                                                       \
		struct parsing parsing_;                                                                           \
		CHECK_TEXT(parsing_canonical(&parsing_, text), expected);                                          \
		parsing_release(&parsing_);                                                                        \
	} while (0)

#endif
