/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A YAML file with its comments.  Private to compiler/format/.
 *
 *   document ─ root ─┬─ entry ─┬─ leading comments      # above it
 *                    │         ├─ key: value
 *                    │         └─ trailing comment      # behind it
 *                    ├─ entry ...
 *                    └─ closing comments                # below the last entry
 *
 * libyaml knows no comments: they are whatever its tokens leave out between
 * them, which is nothing but white space otherwise.  Each goes to the entry
 * that it stands above or behind; below the last entry of nested collections
 * its column says which one it closes.
 *
 * Invariant: each comment of the file is in exactly one place.
 */
#ifndef SK_FORMAT_DOCUMENT_H
#define SK_FORMAT_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler/yaml.h"
#include "grammar/diagnostic.h"

struct sk_format_comment {
	struct sk_format_comment *next;
	const char *text; /* from '#' on, without white space at its end */
	uint32_t length;
	size_t begin; /* in the file */
	uint32_t column;
	bool alone;        /* nothing stands before it on its line */
	bool blank_before; /* an empty line does */
};

struct sk_format_comments {
	struct sk_format_comment *first, *last;
};

enum sk_format_kind { SK_FORMAT_SCALAR, SK_FORMAT_ALIAS, SK_FORMAT_SEQUENCE, SK_FORMAT_MAPPING };

struct sk_format_node {
	enum sk_format_kind kind;
	enum sk_yaml_style style; /* SCALAR */
	bool literal;             /* BLOCK: `|` and not `>` */
	bool flow;                /* SEQUENCE, MAPPING: in brackets */
	bool anchored;            /* it, or something in it, has an anchor or is an alias */
	bool commented;           /* there are comments in it */
	size_t begin, end;        /* bytes as written, without properties */
	const char *properties;   /* tag and anchor, separated by a blank; "" without */
	const char *text;         /* SCALAR: decoded; ALIAS: its name */
	uint32_t length;
	struct sk_format_entry *entries;
	uint32_t count, capacity;
	uint32_t column;                   /* where its entries stand */
	struct sk_format_comments closing; /* SEQUENCE, MAPPING */
};

struct sk_format_entry {
	struct sk_format_comments leading;
	struct sk_format_comment *trailing; /* NULL without */
	struct sk_format_node *key;         /* NULL in a SEQUENCE */
	struct sk_format_node *value;
	bool blank_before; /* an empty line stands above it, below its comments */
};

struct sk_format_document {
	const char *directives;           /* lines; "" without */
	struct sk_format_comments before; /* `---` or what is below its root */
	struct sk_format_comment *beside; /* `---`; NULL without */
	struct sk_format_node *root;
	bool opened, closed; /* by `---`, by `...` */
};

struct sk_format_file {
	const struct sk_source_file *source;
	struct sk_format_document *documents;
	uint32_t count, capacity;
	struct sk_format_comments closing; /* below everything */
	/* Every comment, in order, for checking that none is lost. */
	const struct sk_format_comment *comments;
	uint32_t comment_count;
};

/*
 * Reads a file that sk_yaml_parse() has accepted.  Everything lives in
 * `arena`.  Returns 0; -EINVAL after reporting SK_DIAGNOSTIC_YAML_PARSE for
 * what cannot be laid out; -ENOMEM.
 */
int sk_format_read(const struct sk_source_file *source, struct sk_arena *arena, struct sk_diagnostics *diagnostics,
		   struct sk_format_file *ret_file);

/*
 * The comments of a file, in order.  Returns 0; -EINVAL if it is not YAML;
 * -ENOMEM.
 */
int sk_format_find_comments(const struct sk_source_file *source, struct sk_arena *arena,
			    struct sk_format_comment **ret_comments, uint32_t *ret_count);

/* Positions of libyaml count characters: where in the file the last one that was looked up is. */
struct sk_format_cursor {
	const struct sk_source_file *source;
	size_t character, byte, first; /* `first`: behind a byte order mark */
};

void sk_format_cursor_init(struct sk_format_cursor *cursor, const struct sk_source_file *source);
size_t sk_format_cursor_byte(struct sk_format_cursor *cursor, size_t character);

/* The length of the line break at a byte of the file; 0 if there is none. */
size_t sk_format_break(const struct sk_source_file *source, size_t at);

/* Bytes between the beginning of its line and a byte. */
uint32_t sk_format_column(const struct sk_source_file *source, size_t at);

void sk_format_comments_add(struct sk_format_comments *comments, struct sk_format_comment *comment);

#endif
