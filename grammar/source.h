/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where text came from.
 *
 * All files of a compile share one line of positions: file 0 takes positions
 * 1 .. size+1, the next one follows.  A position is a u32, 0 is "nowhere".
 * Text that was put together from several places (a folded YAML scalar, a list
 * written into a condition, an exception) carries one position a byte, so that
 * whatever is found in it can be shown where its author wrote it.
 */
#ifndef SK_GRAMMAR_SOURCE_H
#define SK_GRAMMAR_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/support/arena.h"

typedef uint32_t sk_position;

struct sk_source_file {
	const char *name;
	const char *bytes; /* NUL-terminated */
	size_t size;
	sk_position first;     /* position of byte 0 */
	const uint32_t *lines; /* offset of the first byte of each line, ascending */
	uint32_t line_count;   /* at least 1 */
};

struct sk_sources {
	struct sk_arena *arena; /* owns names and copies of the bytes */
	struct sk_source_file *files;
	uint32_t count, capacity;
};

/* A run of positions in one file; begin == 0: nowhere. */
struct sk_span {
	sk_position begin, end;
};

/*
 * Text with one position a byte.  `positions` may be NULL: then byte i stands
 * at `first` + i, or nowhere if `first` is 0.
 */
struct sk_text {
	const char *bytes; /* NUL-terminated; may hold NULs */
	uint32_t length;
	sk_position first;
	const sk_position *positions;
};

struct sk_place {
	const struct sk_source_file *file; /* NULL: nowhere */
	uint32_t number;                   /* of the file, in order of sk_sources_add() */
	uint32_t line, column;             /* from 1; column in bytes */
	const char *line_text;             /* the whole line, not NUL-terminated */
	uint32_t line_length;
};

/* Files live as long as `arena`. */
void sk_sources_init(struct sk_sources *sources, struct sk_arena *arena);

/*
 * Adds a copy of `bytes` under `name`.  Returns the file, or NULL without
 * memory or when all positions (4 GiB) are taken.
 */
const struct sk_source_file *sk_sources_add(struct sk_sources *sources, const char *name, const char *bytes,
					    size_t size);

/* File, line and column of a position. */
struct sk_place sk_sources_place(const struct sk_sources *sources, sk_position position);

/* Position of byte `offset` of a text; of its end for offset == length. */
sk_position sk_text_position(const struct sk_text *text, uint32_t offset);

/*
 * The other way round: the byte of a text that stands at a position, or the
 * one before it if none does exactly; false if all of the text stands behind
 * the position.  For text that is from one place, in its order: a scalar.
 */
bool sk_text_find(const struct sk_text *text, sk_position position, uint32_t *ret_offset);

/*
 * The span in the source of bytes begin..end of a text.  Where the bytes come
 * from several places, the span is that of the run that byte `begin` is in.
 */
struct sk_span sk_text_span(const struct sk_text *text, uint32_t begin, uint32_t end);

#endif
