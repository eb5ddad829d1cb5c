/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From packs to a bundle.
 */
#ifndef SK_COMPILER_COMPILE_H
#define SK_COMPILER_COMPILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler/pack.h"
#include "grammar/diagnostic.h"
#include "vm/support/buffer.h"

/* One element of rule selection, applied in order; later ones win. */
struct sk_selection {
	bool enable;
	bool by_tag;         /* `pattern` is a tag, otherwise a pattern of names */
	const char *pattern; /* `*` is the only wildcard: spec/rule-language.md section 1.9 */
};

/*
 * Text to append to the outputs of some rules (spec/rule-language.md section
 * 4.4).  All conditions that are given must hold.
 */
struct sk_output_addition {
	const char *source;      /* of the rule; NULL: any */
	const char *rule;        /* exact name; NULL: any */
	const char *const *tags; /* the rule has all of them */
	size_t tag_count;
	const char *output;
};

struct sk_compile_options {
	const struct sk_selection *selections;
	size_t selection_count;
	const struct sk_output_addition *additions; /* in this order */
	size_t addition_count;
	const struct sk_pack_plugin *plugins; /* what counts as loaded; NULL: what is built in */
	uint32_t plugin_count;
	uint8_t priority; /* least severe to compile; 7: all */
	bool check_only;  /* no bundle: lint */
	/*
	 * Takes what the files defined, resolved, for those who show a person where a condition comes from; it lives
	 * in the diagnostics' arena.  Untouched after an error.  NULL: nobody wants it.
	 */
	struct sk_pack *ret_pack;
	/* For a filter (compiler/expression.h): nothing is asked of evt.type; rules are tried for every event. */
	bool accept_any_type;
};

struct sk_compile_summary {
	uint32_t rules, macros, lists; /* collected */
	uint32_t rules_enabled;        /* in the bundle */
	uint32_t predicates;
};

/*
 * Compiles the named files (a directory stands for its *.yml and *.yaml, by
 * name) in order into one bundle, appended to `ret_bundle`.  As in the
 * reference, what the files up to any one of them define must be right by
 * itself: a later file cannot heal it.  Everything to say goes to
 * `diagnostics`, whose arena also holds all that the compile needs.
 * `ret_summary` may be NULL.  Returns 0; -EINVAL if there was an error;
 * -ENOMEM.
 */
int sk_compile_files(const char *const *paths, size_t path_count, const struct sk_compile_options *options,
		     struct sk_diagnostics *diagnostics, struct sk_buffer *ret_bundle,
		     struct sk_compile_summary *ret_summary);

/* A rules file that is in memory already: what an editor has not saved. */
struct sk_compile_source {
	const char *name;
	const char *bytes;
	size_t size;
};

/*
 * The same with files from memory, in this order.  Bytes and names are copied.
 */
int sk_compile_sources(const struct sk_compile_source *sources, size_t count,
		       const struct sk_compile_options *options, struct sk_diagnostics *diagnostics,
		       struct sk_buffer *ret_bundle, struct sk_compile_summary *ret_summary);

/*
 * The second half: types, fields and operators of a resolved pack are checked,
 * and the bundle is written.  `pack` holds only resolved rules; those with
 * tree == NULL are passed over.
 */
int sk_compile_pack(struct sk_pack *pack, const struct sk_compile_options *options, struct sk_buffer *ret_bundle,
		    struct sk_compile_summary *ret_summary);

/*
 * Appends text to the outputs of rules, for sk_compile_files().  Returns 0;
 * -EINVAL after reporting that one grew too large; -ENOMEM.
 */
int sk_pack_add_to_outputs(struct sk_pack *pack, const struct sk_output_addition *additions, size_t count);

/* True if a rule's name matches a selection pattern. */
bool sk_selection_matches(const char *pattern, const char *name);

#endif
