/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person must read about a pack: an error or a warning, its place, and
 * what would be right.  Everything that finds fault with text reports here and
 * goes on where it can, so that one run shows every mistake.
 */
#ifndef SK_GRAMMAR_DIAGNOSTIC_H
#define SK_GRAMMAR_DIAGNOSTIC_H

#include <stdbool.h>
#include <stdint.h>

#include "grammar/source.h"
#include "vm/support/buffer.h"

enum sk_diagnostic_id {
#define SK_DIAGNOSTIC(id, severity, code, text) SK_DIAGNOSTIC_##id,
#include "grammar/diagnostics.def"
#define SK_FINDING(id, code, title, help) SK_DIAGNOSTIC_##id,
#include "grammar/findings.def"
	SK_DIAGNOSTIC_COUNT
};

enum sk_severity { SK_SEVERITY_ERROR, SK_SEVERITY_WARNING };

struct sk_diagnostic_info {
	const char *code;
	const char *text;
	enum sk_severity severity;
	const char *help; /* of a finding; NULL for what the loader says */
};

extern const struct sk_diagnostic_info sk_diagnostic_infos[SK_DIAGNOSTIC_COUNT];

struct sk_diagnostic {
	enum sk_diagnostic_id id;
	struct sk_span span;      /* what to underline */
	struct sk_span context;   /* the rule, macro or list it was met in; may be nowhere */
	const char *context_text; /* "in rule 'x'", "in macro 'y'"; NULL without */
	const char *message;      /* what is wrong, one sentence without a full stop */
	const char *hint;         /* what would be right; NULL without */
};

struct sk_diagnostics {
	struct sk_sources *sources;
	struct sk_arena *arena;
	struct sk_diagnostic *items;
	uint32_t count, capacity;
	uint32_t errors, warnings;
	const char *context_text; /* set while an item is being worked on */
	struct sk_span context;
	bool out_of_memory;
};

void sk_diagnostics_init(struct sk_diagnostics *diagnostics, struct sk_sources *sources, struct sk_arena *arena);

/* Adds one.  At most 1,000 of each severity are kept; all are counted.  `hint` may be NULL. */
void sk_diagnostics_add(struct sk_diagnostics *diagnostics, enum sk_diagnostic_id id, struct sk_span span,
			const char *hint, const char *format, ...) __attribute__((format(printf, 5, 6)));

/*
 * Prints them as a compiler does:
 *
 *   FILE:LINE:COL: error: MESSAGE [CODE]
 *      12 | condition: proc.nmae = cat
 *         |            ^~~~~~~~~
 *         = in rule 'x'
 *         = did you mean 'proc.name'?
 */
void sk_diagnostics_print(const struct sk_diagnostics *diagnostics, bool color, struct sk_buffer *buffer);

/*
 * The candidate closest to `word` by edit distance, if it is close enough to
 * be what was meant; NULL otherwise.  `next` gives candidates until NULL.
 */
const char *sk_suggest(const char *word, size_t length, const char *(*next)(void *state), void *state);

#endif
