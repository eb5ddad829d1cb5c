/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a pack's rules, macros and lists are made of, for people and tools.
 *
 *   sk_compile_*(options with .ret_pack) ─► pack ─► sk_describe_pack() ─► items
 *
 * What an item uses is what the compiler found in its resolved condition:
 * lists written in, macros named in it, fields and operators through all
 * macros.  Appends, overrides and exceptions are in it.
 */
#ifndef SK_DESCRIBE_DESCRIBE_H
#define SK_DESCRIBE_DESCRIBE_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/pack.h"

/* Words, sorted bytewise, each once. */
struct sk_described_words {
	const char **items;
	uint32_t count, capacity;
};

enum sk_described_kind { SK_DESCRIBED_RULE, SK_DESCRIBED_MACRO, SK_DESCRIBED_LIST };

struct sk_described {
	enum sk_described_kind kind;
	const char *name;
	const char *file; /* NULL: nowhere */
	uint32_t line;
	bool kept; /* for sk_describe_only() */
	/* What it uses: */
	struct sk_described_words lists, macros;                   /* itself */
	struct sk_described_words fields, operators, transformers; /* RULE, MACRO: also through macros */
	/* Who uses it: */
	struct sk_described_words by_rules, by_macros, by_lists;
	/* RULE, MACRO: as collected, with what was appended; white space runs are one blank. */
	const char *condition;
	/* RULE, MACRO: the events for which it can be true; `except`: all but these. */
	struct sk_described_words events;
	bool except;
	/* LIST: as collected, in order. */
	struct sk_described_words items;
	/* RULE */
	const struct sk_pack_rule *rule;
	const char *description, *output;        /* white space runs are one blank */
	struct sk_described_words output_fields; /* without those of all alerts */
	struct sk_described_words exceptions;    /* names */
	struct sk_described_words techniques;    /* "T1059", "T1003.008": from its tags */
	struct sk_described_words tactics;       /* "credential-access": from its tags mitre_* */
};

struct sk_description {
	struct sk_described *rules, *macros, *lists; /* in order of definition */
	uint32_t rule_count, macro_count, list_count;
};

/*
 * Describes what a compile without errors left in sk_compile_options.ret_pack.
 * Everything lives in the pack's arena.  0 or -ENOMEM.
 */
int sk_describe_pack(const struct sk_pack *pack, struct sk_description *ret_description);

/*
 * Leaves the rule of this name, and the macros and lists that it uses, also
 * through others.  Returns 0; -ENOENT if there is no such rule; -ENOMEM.
 */
int sk_describe_only(struct sk_description *description, const char *rule);

/* The number of a word, or UINT32_MAX. */
uint32_t sk_described_find(const struct sk_described_words *words, const char *word);

/*
 * The technique that a tag names ("T1059", "t1003.008") in upper case, or NULL.
 * `buffer` takes it.
 */
const char *sk_describe_technique(const char *tag, char buffer[10]);

#endif
